"""Which studies move the result, and which lie apart from it.

Sources: Viechtbauer & Cheung 2010, Res Synth Methods 1:112 (diagnostics and cut-offs); the rule for outliers is that of
Harrer, Cuijpers, Furukawa & Ebert, Doing Meta-Analysis in R, chapter 5.4, which metapsyTools uses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ketascope.errors import InputError
from ketascope.evidence.pooling.heterogeneity import ESTIMATORS, estimate_tau2
from ketascope.evidence.pooling.inputs import Data, check, check_level, choose, is_full_rank
from ketascope.evidence.pooling.models import DEFAULT_ESTIMATOR, Pooled
from ketascope.evidence.pooling.weighting import Fit, fit


@dataclass(frozen=True)
class Influence:
    """What happens when one study is left out.

    `studentised_residual`: its distance from the prediction of the others over the error of that distance. `dffits`:
    change of its own prediction in standard errors. `cooks_distance`: change of all coefficients (squared
    Mahalanobis distance). `covariance_ratio` below 1: the coefficients are more precise without it. `influential`
    names the measures beyond their cut-off (empty: none).
    """

    name: str
    studentised_residual: float
    dffits: float
    cooks_distance: float
    covariance_ratio: float
    hat: float
    dfbetas: tuple[float, ...]
    tau2_without: float
    q_without: float
    influential: tuple[str, ...]


def influence(
    estimates: ArrayLike,
    variances: ArrayLike,
    moderators: Mapping[str, ArrayLike] | None = None,
    *,
    estimator: str = DEFAULT_ESTIMATOR,
    names: Sequence[str] | None = None,
) -> tuple[Influence, ...]:
    """Leave-one-out diagnostics, one a study, with the heterogeneity estimated anew each time and Wald errors.

    Knapp-Hartung errors would not do: they vanish where the remaining studies agree. Raises InputError
    where a study cannot be left out, because too few remain or a moderator becomes constant.
    """
    data = check(estimates, variances, names, moderators)
    choose(estimator, ESTIMATORS, "estimator")
    if data.degrees_of_freedom < 2:
        raise InputError(f"{data.k} studies are too few to leave one out of a model with {data.design.shape[1]} terms")
    full = fit(data, estimate_tau2(data, estimator).tau2)
    return tuple(_without(data, full, i, estimator) for i in range(data.k))


def _without(data: Data, full: Fit, i: int, estimator: str) -> Influence:
    rest = data.keep(np.arange(data.k) != i)
    if not is_full_rank(rest.design):
        raise InputError(f"without '{data.names[i]}' a moderator is the same in every study")
    tau2 = estimate_tau2(rest, estimator).tau2
    deleted = fit(rest, tau2)
    row, total = data.design[i], float(data.variances[i]) + tau2
    change = full.coefficients - deleted.coefficients
    residual = float(data.estimates[i] - row @ deleted.coefficients)
    residual_error = math.sqrt(total + float(row @ deleted.covariance @ row))
    # The full design at the tau2 of the others: one study less must not change the yardstick as well.
    yardstick = np.sqrt(np.diag(fit(data, tau2).covariance))
    dffits = float(row @ change) / math.sqrt(float(full.hat[i]) * total)
    cooks = float(change @ np.linalg.solve(full.covariance, change))
    dfbetas = tuple(float(value) for value in change / yardstick)
    return Influence(
        name=data.names[i],
        studentised_residual=residual / residual_error,
        dffits=dffits,
        cooks_distance=cooks,
        covariance_ratio=float(np.linalg.det(deleted.covariance) / np.linalg.det(full.covariance)),
        hat=float(full.hat[i]),
        dfbetas=dfbetas,
        tau2_without=tau2,
        q_without=fit(rest, 0.0).q,
        influential=_beyond(dffits, cooks, float(full.hat[i]), dfbetas, data.k),
    )


def _beyond(dffits: float, cooks: float, hat: float, dfbetas: tuple[float, ...], k: int) -> tuple[str, ...]:
    """Measures beyond the cut-offs of Viechtbauer & Cheung 2010, which they call arbitrary themselves."""
    p = len(dfbetas)
    measures = {
        "DFFITS": abs(dffits) > 3.0 * math.sqrt(p / (k - p)),
        "Cook's distance": float(stats.chi2.cdf(cooks, p)) > 0.5,
        "hat": hat > 3.0 * p / k,
        "DFBETAS": max(abs(value) for value in dfbetas) > 1.0,
    }
    return tuple(name for name, beyond in measures.items() if beyond)


def outliers(estimates: ArrayLike, variances: ArrayLike, pooled: Pooled, *, level: float = 0.95) -> tuple[int, ...]:
    """Places of the studies whose own normal interval does not meet the interval of the pooled effect."""
    data = check(estimates, variances)
    margins = float(stats.norm.isf(0.5 * (1.0 - check_level(level)))) * np.sqrt(data.variances)
    apart = (data.estimates + margins < pooled.low) | (data.estimates - margins > pooled.high)
    return tuple(int(i) for i in np.flatnonzero(apart))
