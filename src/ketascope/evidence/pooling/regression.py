"""Meta-regression: does the effect change with dose, or with anything else that differs between the studies?

Sources: Viechtbauer 2005 (see `heterogeneity`); Knapp & Hartung 2003, Stat Med 22:2693; Raudenbush 2009, Handbook of
Research Synthesis, chapter 16 (R2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ketascope.errors import InputError
from ketascope.evidence.pooling.heterogeneity import ESTIMATORS, estimate_tau2, q_profile, relative_spread
from ketascope.evidence.pooling.inputs import Array, check, choose
from ketascope.evidence.pooling.models import (
    DEFAULT_ESTIMATOR,
    DEFAULT_TEST,
    TESTS,
    critical_value,
    p_value,
    scale_factor,
)
from ketascope.evidence.pooling.weighting import fit

STUDIES_PER_MODERATOR = 10
"""Fewer studies for each moderator is flagged (Cochrane Handbook 6.5, section 10.11)."""


@dataclass(frozen=True)
class Coefficient:
    """One coefficient: change of the effect for one unit of the moderator."""

    name: str
    estimate: float
    standard_error: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Regression:
    """A meta-regression. `tau2`, `i2` (percent), `h2` and `q` are what the moderators leave over.

    `r2` is the share of tau2 that they explain, in percent, or None where there was nothing to explain. The test of all
    moderators is chi-squared for test z and F for the Knapp-Hartung tests (`moderators_df` has one or two numbers).
    """

    coefficients: tuple[Coefficient, ...]
    covariance: tuple[tuple[float, ...], ...]
    k: int
    tau2: float
    tau2_low: float
    tau2_high: float
    i2: float
    h2: float
    r2: float | None
    q: float
    q_df: int
    q_p: float
    moderators_statistic: float
    moderators_df: tuple[int, ...]
    moderators_p: float
    estimator: str
    test: str
    level: float
    converged: bool
    iterations: int
    message: str

    def predict(self, moderators: Mapping[str, float]) -> tuple[float, float, float]:
        """Average effect at these moderator values: estimate, low, high. Every moderator of the model is needed."""
        row = np.array([1.0, *(self._value(moderators, each.name) for each in self.coefficients[1:])])
        estimate = float(row @ [each.estimate for each in self.coefficients])
        error = math.sqrt(float(row @ np.array(self.covariance) @ row))
        margin = critical_value(self.test, self.q_df, self.level) * error
        return estimate, estimate - margin, estimate + margin

    @staticmethod
    def _value(moderators: Mapping[str, float], name: str) -> float:
        if name not in moderators:
            raise InputError(f"moderator '{name}' is missing; a prediction needs every moderator of the model")
        return float(moderators[name])


def meta_regression(
    estimates: ArrayLike,
    variances: ArrayLike,
    moderators: Mapping[str, ArrayLike],
    *,
    estimator: str = DEFAULT_ESTIMATOR,
    test: str = DEFAULT_TEST,
    level: float = 0.95,
    names: Sequence[str] | None = None,
) -> Regression:
    """Regress estimates (k,) on moderators (name -> (k,)), with an intercept and residual heterogeneity.

    Estimators and tests are those of `models.pool`. Raises InputError for no moderator, moderators that cannot be
    told apart, and too few studies.
    """
    if not moderators:
        raise InputError("a meta-regression needs at least one moderator")
    data = check(estimates, variances, names, moderators)
    choose(test, TESTS, "test")
    found = estimate_tau2(data, choose(estimator, ESTIMATORS, "estimator"))
    fitted, plain, df = fit(data, found.tau2), fit(data, 0.0), data.degrees_of_freedom
    covariance = fitted.covariance * scale_factor(fitted, df, test)
    quantile = critical_value(test, df, level)
    coefficients = []
    for i, name in enumerate(("intercept", *moderators)):
        value, error = float(fitted.coefficients[i]), math.sqrt(float(covariance[i, i]))
        p = p_value(value, error, test, df)
        coefficients.append(Coefficient(name, value, error, value - quantile * error, value + quantile * error, p))
    i2, h2 = relative_spread(data, found.tau2, estimator)
    low, high = q_profile(data, level)
    total = estimate_tau2(check(estimates, variances, names), estimator).tau2
    statistic, freedom, p = _test_of_moderators(fitted.coefficients[1:], covariance[1:, 1:], df, test)
    few = data.k < STUDIES_PER_MODERATOR * len(moderators)
    return Regression(
        coefficients=tuple(coefficients),
        covariance=tuple(tuple(float(value) for value in row) for row in covariance),
        k=data.k,
        tau2=found.tau2,
        tau2_low=low,
        tau2_high=high,
        i2=i2,
        h2=h2,
        r2=max(0.0, 100.0 * (1.0 - found.tau2 / total)) if total > 0.0 else None,
        q=plain.q,
        q_df=df,
        q_p=float(stats.chi2.sf(plain.q, df)),
        moderators_statistic=statistic,
        moderators_df=freedom,
        moderators_p=p,
        estimator=estimator,
        test=test,
        level=level,
        converged=found.converged,
        iterations=found.iterations,
        message=found.message + (f"; fewer than {STUDIES_PER_MODERATOR} studies per moderator" if few else ""),
    )


def _test_of_moderators(values: Array, covariance: Array, df: int, test: str) -> tuple[float, tuple[int, ...], float]:
    """Wald chi-squared of all moderators, or its mean as F under the Knapp-Hartung tests."""
    count = len(values)
    wald = float(values @ np.linalg.solve(covariance, values))
    if test == "z":
        return wald, (count,), float(stats.chi2.sf(wald, count))
    return wald / count, (count, df), float(stats.f.sf(wald / count, count, df))
