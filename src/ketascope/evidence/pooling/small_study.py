"""Do small studies show larger effects? Tests that mean little below ten studies and are refused there.

Sources: Egger et al. 1997, BMJ 315:629; Begg & Mazumdar 1994, Biometrics 50:1088; Duval & Tweedie 2000, Biometrics
56:455 (trim and fill, L0); the limit of ten studies: Sterne et al. 2011, BMJ 343:d4002.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ketascope.errors import InputError
from ketascope.evidence.pooling.heterogeneity import estimate_tau2
from ketascope.evidence.pooling.inputs import Array, Data, check, check_level
from ketascope.evidence.pooling.models import DEFAULT_ESTIMATOR, DEFAULT_TEST, Pooled, pool, pool_data
from ketascope.evidence.pooling.weighting import fit

FEWEST_STUDIES = 10
_MOST_ROUNDS = 100


@dataclass(frozen=True)
class Egger:
    """Regression on the standard error: slope tested by t, and the effect of a study without error (`limit`)."""

    slope: float
    t: float
    degrees_of_freedom: int
    p_value: float
    limit: float
    limit_low: float
    limit_high: float


@dataclass(frozen=True)
class Begg:
    """Rank correlation of standardised effect and variance."""

    kendall_tau: float
    p_value: float


@dataclass(frozen=True)
class TrimAndFill:
    """Estimated number of missing studies (with standard error) and the effect with mirror images filled in.

    A sensitivity analysis for one kind of selection, not a corrected estimate. `side` is where studies are missing.
    """

    missing: int
    missing_standard_error: float
    side: str
    filled: tuple[float, ...]
    pooled: Pooled


@dataclass(frozen=True)
class SmallStudies:
    """All three tests, or None three times and the refusal."""

    egger: Egger | None
    begg: Begg | None
    trim_and_fill: TrimAndFill | None
    refusal: str


def small_study_tests(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    estimator: str = DEFAULT_ESTIMATOR,
    test: str = DEFAULT_TEST,
    names: Sequence[str] | None = None,
) -> SmallStudies:
    """The three tests together; where they are refused the reason is in `refusal` and nothing is raised for it."""
    check(estimates, variances, names)
    try:
        return SmallStudies(
            egger(estimates, variances, names=names),
            begg(estimates, variances, names=names),
            trim_and_fill(estimates, variances, estimator=estimator, test=test, names=names),
            "",
        )
    except InputError as refusal:
        return SmallStudies(None, None, None, str(refusal))


def _enough(estimates: ArrayLike, variances: ArrayLike, names: Sequence[str] | None) -> Data:
    data = check(estimates, variances, names)
    if data.k < FEWEST_STUDIES:
        raise InputError(
            f"{data.k} studies: tests for small-study effects need at least {FEWEST_STUDIES}, "
            "below that they cannot tell chance from bias"
        )
    if np.ptp(data.variances) <= 1e-12 * float(data.variances.max()):
        raise InputError("all studies have the same standard error, so small and large ones cannot be compared")
    return data


def egger(
    estimates: ArrayLike, variances: ArrayLike, *, level: float = 0.95, names: Sequence[str] | None = None
) -> Egger:
    """Egger's test: weighted regression on the standard error with a multiplicative dispersion, t with k - 2."""
    data = _enough(estimates, variances, names)
    line = _line(data)
    fitted, df = fit(line, 0.0), line.degrees_of_freedom
    errors = np.sqrt(np.diag(fitted.covariance) * fitted.q / df)
    (limit, slope), (limit_error, slope_error) = fitted.coefficients, errors
    margin = float(stats.t.isf(0.5 * (1.0 - check_level(level)), df) * limit_error)
    t = float(slope / slope_error)
    p = float(2.0 * stats.t.sf(abs(t), df))
    return Egger(float(slope), t, df, p, float(limit), float(limit) - margin, float(limit) + margin)


def _line(data: Data) -> Data:
    errors = np.sqrt(data.variances)
    return Data(data.estimates, data.variances, data.names, np.column_stack([np.ones(data.k), errors]))


def begg(estimates: ArrayLike, variances: ArrayLike, *, names: Sequence[str] | None = None) -> Begg:
    """Begg's test: Kendall's tau of variance and standardised distance from the common-effect mean."""
    data = _enough(estimates, variances, names)
    fitted = fit(data, 0.0)
    distance = fitted.residuals / np.sqrt(data.variances - float(fitted.covariance[0, 0]))
    found = stats.kendalltau(distance, data.variances)
    return Begg(float(found.statistic), float(found.pvalue))


def trim_and_fill(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    side: str | None = None,
    estimator: str = DEFAULT_ESTIMATOR,
    test: str = DEFAULT_TEST,
    level: float = 0.95,
    names: Sequence[str] | None = None,
) -> TrimAndFill:
    """Trim and fill with the L0 estimator, the same estimator of tau2 for trimming and for the filled set.

    `side` is where studies are thought missing: left (too few low effects) or right; left out, the slope against the
    standard error decides. Raises InputError below ten studies.
    """
    data = _enough(estimates, variances, names)
    if side not in (None, "left", "right"):
        raise InputError(f"side '{side}' is unknown; use left or right, or leave it out")
    line = _line(data)
    slope = float(fit(line, estimate_tau2(line, estimator).tau2).coefficients[1])
    where = side or ("right" if slope < 0.0 else "left")
    sign = -1.0 if where == "right" else 1.0
    order = np.argsort(sign * data.estimates, kind="stable")
    flipped, spread = sign * data.estimates[order], data.variances[order]
    missing, error, centre = _trim(flipped, spread, estimator)
    mirrored = sign * (2.0 * centre - flipped[data.k - missing :])
    filled = pool(
        np.concatenate([data.estimates, mirrored]),
        np.concatenate([data.variances, spread[data.k - missing :]]),
        estimator=estimator,
        test=test,
        level=level,
    )
    return TrimAndFill(missing, error, where, tuple(float(value) for value in mirrored), filled)


def _trim(ascending: Array, variances: Array, estimator: str) -> tuple[int, float, float]:
    """Number missing on the left, its standard error, and the centre of what is left after trimming the right."""
    k, missing = len(ascending), 0
    for _ in range(_MOST_ROUNDS):
        kept = check(ascending[: k - missing], variances[: k - missing])
        centre = pool_data(kept, estimator=estimator, test="z", level=0.95).estimate
        distance = ascending - centre
        ranks = stats.rankdata(np.abs(distance), method="ordinal")
        rank_sum = float(np.sum(ranks[distance > 0.0]))
        l0 = (4.0 * rank_sum - k * (k + 1)) / (2 * k - 1)
        cubic = 10.0 * l0**3 + 27.0 * l0**2 + 17.0 * l0 - 18.0 * k * l0**2 - 18.0 * k * l0 + 6.0 * k**2 * l0
        # For a negative l0 the polynomial can fall below zero, where no spread is left to report.
        variance = max(0.0, (k * (k + 1) * (2 * k + 1) + cubic) / 24.0)
        before, missing = missing, min(max(0, round(l0)), k - 2)
        if missing == before:
            return missing, 4.0 * math.sqrt(variance) / (2 * k - 1), centre
    raise InputError(f"trim and fill did not settle in {_MOST_ROUNDS} rounds; it cannot be used for these studies")
