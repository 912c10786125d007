"""The pooled effect: one number for several studies, its interval, and the spread between the studies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ketascope.errors import InputError
from ketascope.evidence.pooling.effect_sizes import Effect
from ketascope.evidence.pooling.heterogeneity import ESTIMATORS, estimate_tau2, q_profile, relative_spread
from ketascope.evidence.pooling.inputs import TOO_FEW, Data, check, check_level, choose
from ketascope.evidence.pooling.weighting import Fit, fit

TESTS: Mapping[str, str] = {
    "KH": "Knapp-Hartung: the squared standard error is multiplied by Q(tau2)/(k - p), t with k - p degrees of freedom",
    "KH ad hoc": "as KH, but the multiplier is max(1, ...), so the interval is never narrower for agreeing studies",
    "z": "Wald: standard normal",
}
PREDICTION_RULES: Mapping[str, str] = {
    "z": "normal quantile, Wald standard error",
    "KH t(k-1)": "t with k-1 degrees of freedom, Knapp-Hartung standard error",
    "t(k-2)": "t with k-2 degrees of freedom, Wald standard error (Higgins, Thompson & Spiegelhalter 2009)",
}
DEFAULT_ESTIMATOR, DEFAULT_TEST = "REML", "KH"


@dataclass(frozen=True)
class Pooled:
    """A pooled effect. All numbers are on the scale of the estimates (log for ratios); `i2` is in percent.

    `predictions` has an interval for the effect in a new study by each of PREDICTION_RULES, or None where a rule is
    not defined (a common-effect model; two studies and k-2 degrees of freedom). `weights` are in percent.
    """

    estimate: float
    standard_error: float
    low: float
    high: float
    p_value: float
    k: int
    tau2: float
    tau2_low: float
    tau2_high: float
    i2: float
    h2: float
    q: float
    q_df: int
    q_p: float
    weights: tuple[float, ...]
    predictions: Mapping[str, tuple[float, float] | None]
    estimator: str
    test: str
    level: float
    converged: bool
    iterations: int
    message: str


def pool(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    estimator: str = DEFAULT_ESTIMATOR,
    test: str = DEFAULT_TEST,
    level: float = 0.95,
    names: Sequence[str] | None = None,
) -> Pooled:
    """Pool estimates (k,) with sampling variances (k,): inverse-variance weights 1/(variance + tau2).

    The estimator of tau2 is one of ESTIMATORS, the test one of TESTS. Raises InputError for fewer than two studies,
    for a row that cannot be (named by `names`), and for unknown options. Sources: `heterogeneity`; Knapp & Hartung
    2003, Stat Med 22:2693; Rover, Knapp & Friede 2015, BMC Med Res Methodol 15:99 (ad hoc); Higgins, Thompson &
    Spiegelhalter 2009, J R Stat Soc A 172:137 (prediction).
    """
    return pool_data(check(estimates, variances, names), estimator=estimator, test=test, level=level)


def pool_effects(
    effects: Sequence[Effect],
    *,
    estimator: str = DEFAULT_ESTIMATOR,
    test: str = DEFAULT_TEST,
    level: float = 0.95,
) -> Pooled:
    """As `pool`, for effects that must all be on one scale."""
    check_one_scale(effects)
    names = [effect.name for effect in effects]
    values, variances = [effect.estimate for effect in effects], [effect.variance for effect in effects]
    return pool(values, variances, estimator=estimator, test=test, level=level, names=names)


def check_one_scale(effects: Sequence[Effect]) -> str:
    """The scale that all effects share; InputError for none, and for mixed scales with the first that differs."""
    if not effects:
        raise InputError(TOO_FEW)
    for effect in effects[1:]:
        if effect.scale != effects[0].scale:
            raise InputError(
                f"'{effect.name}' is a {effect.scale} but '{effects[0].name}' is a {effects[0].scale}; "
                "effects are pooled on one scale"
            )
    return effects[0].scale


def pool_data(data: Data, *, estimator: str, test: str, level: float) -> Pooled:
    """As `pool`, for data that are checked already."""
    choose(test, TESTS, "test")
    found = estimate_tau2(data, choose(estimator, ESTIMATORS, "estimator"))
    fitted, plain = fit(data, found.tau2), fit(data, 0.0)
    df = data.degrees_of_freedom
    estimate, wald = float(fitted.coefficients[0]), math.sqrt(float(fitted.covariance[0, 0]))
    factor = scale_factor(fitted, df, test)
    error = wald * math.sqrt(factor)
    margin = critical_value(test, df, level) * error
    tau2_low, tau2_high = q_profile(data, level)
    i2, h2 = relative_spread(data, found.tau2, estimator)
    return Pooled(
        estimate=estimate,
        standard_error=error,
        low=estimate - margin,
        high=estimate + margin,
        p_value=p_value(estimate, error, test, df),
        k=data.k,
        tau2=found.tau2,
        tau2_low=tau2_low,
        tau2_high=tau2_high,
        i2=i2,
        h2=h2,
        q=plain.q,
        q_df=df,
        q_p=float(stats.chi2.sf(plain.q, df)),
        weights=tuple(float(100.0 * w / fitted.weights.sum()) for w in fitted.weights),
        predictions=_predictions(estimate, wald, fitted, found.tau2, df, estimator, test, level),
        estimator=estimator,
        test=test,
        level=level,
        converged=found.converged,
        iterations=found.iterations,
        message=found.message + _remark(factor, test),
    )


def scale_factor(fitted: Fit, df: int, test: str) -> float:
    """What a test multiplies the squared standard error by: 1 for the Wald test (Knapp & Hartung 2003)."""
    if test == "z":
        return 1.0
    factor = fitted.q / df
    return max(1.0, factor) if test == "KH ad hoc" else factor


def critical_value(test: str, df: int, level: float) -> float:
    """Quantile that a standard error is multiplied by for a two-sided interval."""
    tail = 0.5 * (1.0 - check_level(level))
    return float(stats.norm.isf(tail) if test == "z" else stats.t.isf(tail, df))


def p_value(estimate: float, error: float, test: str, df: int) -> float:
    """Two-sided p value of no effect; a standard error of zero (identical studies under KH) decides by itself."""
    if error == 0.0:
        return 1.0 if estimate == 0.0 else 0.0
    size = abs(estimate / error)
    return float(2.0 * (stats.norm.sf(size) if test == "z" else stats.t.sf(size, df)))


def _remark(factor: float, test: str) -> str:
    if test == "KH" and factor < 1.0:
        return f"; studies agree better than their errors imply: KH narrows the interval by {math.sqrt(factor):.2f}"
    return ""


def _predictions(
    estimate: float, wald: float, fitted: Fit, tau2: float, df: int, estimator: str, test: str, level: float
) -> Mapping[str, tuple[float, float] | None]:
    """Intervals for the true effect in a new study, one by each of PREDICTION_RULES."""
    if estimator == "FE":
        return dict.fromkeys(PREDICTION_RULES)
    adjusted = wald * math.sqrt(scale_factor(fitted, df, test if test != "z" else "KH"))
    rules = {"z": ("z", df, wald), "KH t(k-1)": ("t", df, adjusted), "t(k-2)": ("t", df - 1, wald)}
    found: dict[str, tuple[float, float] | None] = {}
    for rule, (quantile, freedom, error) in rules.items():
        if freedom < 1:
            found[rule] = None
            continue
        margin = critical_value(quantile, freedom, level) * float(np.hypot(math.sqrt(tau2), error))
        found[rule] = (estimate - margin, estimate + margin)
    return found
