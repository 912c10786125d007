"""Areas under a concentration and its first moment, interval by interval.

Source: Gabrielsson and Weiner, Pharmacokinetic and Pharmacodynamic Data Analysis (2016), chapter 2.8: with
c(t) = c0 exp(-k (t - t0)) over an interval of h hours, k = ln(c0/c1)/h,

    area   = (c0 - c1)/k
    moment = (t0 c0 - t1 c1)/k + (c0 - c1)/k^2
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ketascope.noncompartmental.options import LINEAR_UP_LOG_DOWN

if TYPE_CHECKING:
    import numpy as np


def trapezoids(times_h: np.ndarray, conc: np.ndarray, rule: str = LINEAR_UP_LOG_DOWN) -> np.ndarray:
    """Area of each interval, (times - 1,), by a name of `options.AREA_RULES`."""
    import numpy as np

    step, c0, c1 = np.diff(times_h), conc[:-1], conc[1:]
    falling = _logarithmic(c0, c1, rule)
    ratio = np.where(falling, c0 / np.where(falling, c1, 1.0), np.e)
    return np.where(falling, step * (c0 - c1) / np.log(ratio), 0.5 * step * (c0 + c1))


def moments(times_h: np.ndarray, conc: np.ndarray, rule: str = LINEAR_UP_LOG_DOWN) -> np.ndarray:
    """Area of time times concentration in each interval, (times - 1,)."""
    import numpy as np

    step, c0, c1 = np.diff(times_h), conc[:-1], conc[1:]
    t0, t1 = times_h[:-1], times_h[1:]
    falling = _logarithmic(c0, c1, rule)
    ratio = np.where(falling, c0 / np.where(falling, c1, 1.0), np.e)
    rate = np.log(ratio) / step
    logarithmic = (t0 * c0 - t1 * c1) / rate + (c0 - c1) / rate**2
    return np.where(falling, logarithmic, 0.5 * step * (t0 * c0 + t1 * c1))


def _logarithmic(c0: np.ndarray, c1: np.ndarray, rule: str) -> Any:
    return (c1 < c0) & (c1 > 0.0) & (rule == LINEAR_UP_LOG_DOWN)


def area_between(
    times_h: np.ndarray, conc: np.ndarray, start_h: float, end_h: float, slope_per_h: float | None, rule: str
) -> float | None:
    """Area from `start_h` to `end_h`; the curve is continued along `slope_per_h` after its last time.

    Values between two samples follow the rule of their interval. None where the curve does not reach and has no slope,
    or begins after `start_h`.
    """
    import numpy as np

    last_h = float(times_h[-1])
    beyond = end_h > last_h
    if start_h < times_h[0] or (beyond and slope_per_h is None):
        return None
    rest = 0.0
    if beyond and slope_per_h is not None:
        # The exponential itself: no trapezoid, by whatever rule, spans many half-lives.
        begin, end = max(start_h, last_h) - last_h, end_h - last_h
        rest = float(conc[-1]) * (math.exp(-slope_per_h * begin) - math.exp(-slope_per_h * end)) / slope_per_h
        if start_h >= last_h:
            return rest
        end_h = last_h
    inner = times_h[(times_h > start_h) & (times_h < end_h)]
    at = np.unique([start_h, *inner, end_h])
    values = np.array([_value_at(times_h, conc, time, slope_per_h or 0.0, rule) for time in at])
    return float(trapezoids(at, values, rule).sum()) + rest


def _value_at(times_h: np.ndarray, conc: np.ndarray, time_h: float, slope_per_h: float, rule: str) -> float:
    """The curve at any time from its first on."""
    import numpy as np

    if time_h >= times_h[-1]:
        return float(conc[-1] * np.exp(-slope_per_h * (time_h - times_h[-1])))
    left = int(np.searchsorted(times_h, time_h, side="right")) - 1
    c0, c1 = conc[left], conc[left + 1]
    part = (time_h - times_h[left]) / (times_h[left + 1] - times_h[left])
    if bool(_logarithmic(c0, c1, rule)):
        return float(c0 * (c1 / c0) ** part)
    return float(c0 + (c1 - c0) * part)
