"""Non-compartmental analysis of one concentration profile.

Rules: linear-up/log-down trapezoids; the terminal slope is the log-linear fit over the last points after the peak, at
least
three, with the best adjusted R2 (the longer fit wins within 1e-4). Source: Gabrielsson and Weiner, Pharmacokinetic and
Pharmacodynamic Data Analysis (2016), chapter 2.8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ketascope.errors import InputError

if TYPE_CHECKING:
    import numpy as np

FLAG_MEANINGS = {
    "extrapolated_over_20_percent": "more than 20% of the area to infinity is extrapolated",
    "span_below_2": "the terminal window spans fewer than 2 half-lives",
    "no_terminal_slope": "fewer than three falling points after the peak: no half-life, no area to infinity",
}


@dataclass(frozen=True)
class NcaOptions:
    """How the analysis is done; every threshold is here."""

    fewest_terminal_points: int = 3
    adjusted_r2_tolerance: float = 1e-4
    largest_extrapolated_percent: float = 20.0
    shortest_span_half_lives: float = 2.0
    lowest_share_of_peak: float = 1e-4  # simulated profiles have no assay limit; lower values are left out of the slope


DEFAULT_OPTIONS = NcaOptions()


def analyse(times_h: np.ndarray, conc_ng_per_ml: np.ndarray, options: NcaOptions = DEFAULT_OPTIONS) -> dict[str, Any]:
    """Cmax, Tmax, AUClast, AUCinf, half-life and how they were reached, for one profile (times,).

    Returns keys with units in their names and `flags`, codes of `FLAG_MEANINGS`. Raises InputError for times that do
    not ascend
    or concentrations that are negative or not finite.
    """
    import numpy as np

    t, c = np.asarray(times_h, dtype=float), np.asarray(conc_ng_per_ml, dtype=float)
    if t.shape != c.shape or t.ndim != 1 or len(t) < 2:
        raise InputError("a profile needs times and concentrations of the same length, at least two points")
    if not (np.diff(t) > 0.0).all():
        raise InputError("times of a profile must ascend")
    if not (np.isfinite(c).all() and (c >= 0.0).all()):
        raise InputError("concentrations of a profile must be finite and not negative")
    peak = int(c.argmax())
    area_last = float(trapezoids(t, c).sum())
    flags: list[str] = []
    slope = _terminal_slope(t, c, peak, options)
    result: dict[str, Any] = {
        "cmax_ng_per_ml": float(c[peak]),
        "tmax_h": float(t[peak]),
        "auc_last_ng_h_per_ml": area_last,
        "auc_inf_ng_h_per_ml": None,
        "auc_extrapolated_percent": None,
        "half_life_h": None,
        "terminal_window_h": None,
        "terminal_points": None,
        "terminal_adjusted_r2": None,
        "auc_method": "linear-up/log-down",
        "flags": flags,
    }
    if slope is None:
        flags.append("no_terminal_slope")
        return result
    rate, first, final, adjusted = slope
    last = int(np.flatnonzero(c > 0.0)[-1])  # the area runs to the last measured value, the slope may end before it
    beyond = float(c[last]) / rate
    half_life = math.log(2.0) / rate
    extrapolated = 100.0 * beyond / (area_last + beyond)
    result |= {
        "auc_inf_ng_h_per_ml": area_last + beyond,
        "auc_extrapolated_percent": extrapolated,
        "half_life_h": half_life,
        "terminal_window_h": [float(t[first]), float(t[final])],
        "terminal_points": final - first + 1,
        "terminal_adjusted_r2": adjusted,
    }
    if extrapolated > options.largest_extrapolated_percent:
        flags.append("extrapolated_over_20_percent")
    if (t[final] - t[first]) / half_life < options.shortest_span_half_lives:
        flags.append("span_below_2")
    return result


def trapezoids(times_h: np.ndarray, conc: np.ndarray) -> np.ndarray:
    """Area of each interval, (times - 1,): linear where the concentration rises or touches zero, logarithmic where it
    falls.
    """
    import numpy as np

    step, c0, c1 = np.diff(times_h), conc[:-1], conc[1:]
    falling = (c1 < c0) & (c1 > 0.0)
    ratio = np.where(falling, c0 / np.where(falling, c1, 1.0), np.e)
    return np.where(falling, step * (c0 - c1) / np.log(ratio), 0.5 * step * (c0 + c1))


def _terminal_slope(
    t: np.ndarray, c: np.ndarray, peak: int, options: NcaOptions
) -> tuple[float, int, int, float] | None:
    """Rate (1/h), index of the first and the last point used, and adjusted R2 of the best terminal fit."""
    import numpy as np

    usable = np.flatnonzero((c > options.lowest_share_of_peak * c[peak]) & (np.arange(len(c)) > peak))
    if len(usable) < options.fewest_terminal_points:
        return None
    x, y = t[usable][::-1], np.log(c[usable])[::-1]
    n = np.arange(1, len(x) + 1)
    # Running sums around the last point keep all windows in one pass.
    dx, dy = x - x[0], y - y[0]
    sx, sy = dx.cumsum(), dy.cumsum()
    sxx, sxy, syy = (dx * dx).cumsum(), (dx * dy).cumsum(), (dy * dy).cumsum()
    vxx, vxy, vyy = sxx - sx * sx / n, sxy - sx * sy / n, syy - sy * sy / n
    enough = (n >= options.fewest_terminal_points) & (vxx > 0.0) & (vxy < 0.0)
    if not enough.any():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.where(vyy > 0.0, vxy * vxy / (vxx * vyy), 1.0)
        adjusted = np.where(enough & (n > 2), 1.0 - (1.0 - r2) * (n - 1) / (n - 2), -np.inf)
    chosen = int(np.flatnonzero(adjusted >= adjusted.max() - options.adjusted_r2_tolerance)[-1])
    first = int(usable[len(usable) - 1 - chosen])
    return float(-vxy[chosen] / vxx[chosen]), first, int(usable[-1]), float(adjusted[chosen])


def geometric_summary(values: np.ndarray) -> dict[str, float]:
    """Geometric mean and geometric CV (percent) of positive values."""
    import numpy as np

    logs = np.log(values)
    return {
        "geometric_mean": float(np.exp(logs.mean())),
        "geometric_cv_percent": float(100.0 * math.sqrt(math.expm1(float(logs.var(ddof=1)))))
        if len(values) > 1
        else 0.0,
    }
