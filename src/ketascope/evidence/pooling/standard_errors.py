"""Standard errors back from what papers print instead: an interval, a p value.

Source: Cochrane Handbook 6.5, sections 6.3.1, 6.3.2 and 6.5.2.
"""

from __future__ import annotations

import math

from scipy import stats

from ketascope.errors import InputError
from ketascope.evidence.pooling.inputs import check_level


def from_interval(low: float, high: float, *, level: float = 0.95, degrees_of_freedom: float | None = None) -> float:
    """Standard error from a symmetric interval: normal quantile, or t where degrees of freedom are given.

    For ratios pass logarithms. Raises InputError where the ends are not in order.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(f"interval {low:g} to {high:g}: the lower end comes first and both are finite")
    return (high - low) / (2.0 * _quantile(0.5 * (1.0 - check_level(level)), degrees_of_freedom))


def from_p_value(estimate: float, p: float, *, degrees_of_freedom: float | None = None) -> float:
    """Standard error from an estimate and its exact two-sided p value: t with these degrees of freedom, or normal.

    For two arms of n1 and n2 people the degrees of freedom are n1 + n2 - 2. An estimate of zero tells nothing.
    """
    if not 0.0 < p < 1.0:
        raise InputError(f"p value {p:g} should be exact and between 0 and 1; a limit such as p < 0.05 cannot be used")
    if not math.isfinite(estimate) or estimate == 0.0:
        raise InputError(f"estimate {estimate:g}: a standard error needs a finite estimate other than zero")
    return abs(estimate) / _quantile(0.5 * p, degrees_of_freedom)


def _quantile(tail: float, degrees_of_freedom: float | None) -> float:
    if degrees_of_freedom is None:
        return float(stats.norm.isf(tail))
    if not degrees_of_freedom > 0.0:
        raise InputError(f"{degrees_of_freedom:g} degrees of freedom; more than zero are needed")
    return float(stats.t.isf(tail, degrees_of_freedom))
