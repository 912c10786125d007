"""How likely a measured concentration is around a person's own curve.

    log y = log f + s e,  e ~ N(0, 1),  s^2 = p^2 + c^2 / (1 + (f/L)^2)

p: SD of the log far above the limit of quantification L; c: an assay's error at its limit, as a share of the limit.
Far above the limit the second part is an additive error of c L. Where no limit is stated it is left out. A value below
the limit counts by the chance of being below, Phi((log L - log f)/s): method M3 of Beal (2001),
doi:10.1023/A:1012299115260.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ketascope.exchange.nonmem_data import Observation
    from ketascope.fitting.variability import Residual

HALF_LOG_TWO_PI = 0.9189385332046727
SMALLEST = 1e-9
"""ng/mL; a predicted concentration of nothing has no logarithm."""
_STEP = 1e-4


@dataclass(frozen=True)
class Measured:
    """Observations as arrays, (points,) each.

    log_value: log of the value, or of the limit where is_below. log_limit: log of the limit of quantification.
    residual: p; limit_error: c, 0 where no limit is stated. counts: 0 for a point that only fills up a fixed shape.
    """

    log_value: np.ndarray
    is_below: np.ndarray
    log_limit: np.ndarray
    residual: np.ndarray
    limit_error: np.ndarray
    counts: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """The fields by name."""
        return dict(vars(self))


def measured(observations: Sequence[Observation], residual: Residual) -> Measured:
    """Arrays of concentrations."""
    values = [item.lloq if item.is_below else item.value for item in observations]
    return Measured(
        log_value=np.log(np.asarray(values, dtype=float)),
        is_below=np.asarray([item.is_below for item in observations]),
        log_limit=np.log([1.0 if item.lloq is None else item.lloq for item in observations]),
        residual=np.asarray([residual.of(item.analyte) for item in observations]),
        limit_error=np.asarray([0.0 if item.lloq is None else residual.limit_error_share for item in observations]),
        counts=np.ones(len(observations)),
    )


def error_sd(xp: Any, data: dict[str, Any], log_predicted: Any) -> Any:
    """SD of the log of a measured value, (points, draws). data: `Measured.arrays()`."""
    over_limit = xp.exp(2.0 * xp.minimum(log_predicted - data["log_limit"][:, None], 50.0))
    return xp.sqrt(data["residual"][:, None] ** 2 + data["limit_error"][:, None] ** 2 / (1.0 + over_limit))


def minus_log_density(xp: Any, log_normal_cdf: Any, data: dict[str, Any], log_predicted: Any) -> Any:
    """Minus the log density of every point (of its log value), or minus the log chance of being below; (points, draws).

    log_normal_cdf: log of the normal distribution function of SciPy or JAX.
    """
    sd = error_sd(xp, data, log_predicted)
    standard = (data["log_value"][:, None] - log_predicted) / sd
    value = 0.5 * standard**2 + xp.log(sd) + HALF_LOG_TWO_PI
    return data["counts"][:, None] * xp.where(data["is_below"][:, None], -log_normal_cdf(standard), value)


def slopes(data: dict[str, Any], log_predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and second derivative of `minus_log_density` with respect to the log prediction, by central differences."""
    from scipy.special import log_ndtr

    low, middle, high = (minus_log_density(np, log_ndtr, data, log_predicted + h) for h in (-_STEP, 0.0, _STEP))
    return (high - low) / (2.0 * _STEP), (high - 2.0 * middle + low) / _STEP**2
