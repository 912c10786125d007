"""Non-compartmental analysis of one concentration profile.

Rules: the area rule of the options; the terminal slope is the log-linear fit over the last points after the peak, at
least three, with the best adjusted R2 (the longer fit wins within 1e-4). Source: Gabrielsson and Weiner,
Pharmacokinetic and Pharmacodynamic Data Analysis (2016), chapter 2.8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ketascope.errors import InputError
from ketascope.noncompartmental.areas import moments, trapezoids
from ketascope.noncompartmental.options import DEFAULT_OPTIONS, NcaOptions

if TYPE_CHECKING:
    import numpy as np

WITHOUT_SLOPE = (
    "auc_inf_ng_h_per_ml",
    "auc_extrapolated_percent",
    "half_life_h",
    "terminal_window_h",
    "terminal_points",
    "terminal_adjusted_r2",
    "terminal_r2",
    "terminal_span_half_lives",
    "terminal_rate_per_h",
    "clast_predicted_ng_per_ml",
    "auc_inf_predicted_ng_h_per_ml",
    "auc_extrapolated_predicted_percent",
    "aumc_inf_ng_h2_per_ml",
    "aumc_inf_predicted_ng_h2_per_ml",
    "mrt_inf_h",
    "mrt_inf_predicted_h",
)
"""Figures that need a terminal slope; None where there is none."""


@dataclass(frozen=True)
class TerminalFit:
    """The terminal slope. first, last: indices of the points used; log_at_zero: log of the fitted line at 0 h."""

    rate_per_h: float
    first: int
    last: int
    adjusted_r2: float
    r2: float
    log_at_zero: float

    def at(self, time_h: float) -> float:
        """The fitted concentration at a time."""
        return math.exp(self.log_at_zero - self.rate_per_h * time_h)


def analyse(
    times_h: np.ndarray,
    conc_ng_per_ml: np.ndarray,
    options: NcaOptions = DEFAULT_OPTIONS,
    inserted: int = 0,
    input_ends_h: float = -math.inf,
) -> dict[str, Any]:
    """Peak, areas, moments, half-life, residence times and how they were reached, for one profile (times,).

    inserted: leading points that nobody measured; they are part of areas alone. input_ends_h: the terminal fit uses
    later samples only (the end of an infusion).
    Returns keys with units in their names and `flags`, codes of `options.FLAG_MEANINGS`; figures that need a terminal
    slope are None without one. "predicted" figures continue from the fitted instead of the observed last value. Raises
    InputError for times that do not ascend or concentrations that are negative or not finite.
    """
    import numpy as np

    t, c = np.asarray(times_h, dtype=float), np.asarray(conc_ng_per_ml, dtype=float)
    if t.shape != c.shape or t.ndim != 1 or len(t) < 2:
        raise InputError("a profile needs times and concentrations of the same length, at least two points")
    if not (np.diff(t) > 0.0).all():
        raise InputError("times of a profile must ascend")
    if not (np.isfinite(c).all() and (c >= 0.0).all()):
        raise InputError("concentrations of a profile must be finite and not negative")
    peak = inserted + int(c[inserted:].argmax())
    measurable = np.flatnonzero(c > 0.0)
    last = int(measurable[-1]) if measurable.size else None
    areas, first_moments = trapezoids(t, c, options.area_rule), moments(t, c, options.area_rule)
    area_last = float(areas[: last or 0].sum())
    moment_last = float(first_moments[: last or 0].sum())
    flags: list[str] = []
    result: dict[str, Any] = {
        "cmax_ng_per_ml": float(c[peak]),
        "tmax_h": float(t[peak]),
        "auc_last_ng_h_per_ml": area_last,
        **dict.fromkeys(WITHOUT_SLOPE),
        "auc_method": options.area_rule,
        "auc_all_ng_h_per_ml": float(areas.sum()),
        "clast_ng_per_ml": None if last is None else float(c[last]),
        "tlast_h": None if last is None else float(t[last]),
        "tlag_h": _lag(t, c, peak),
        "aumc_last_ng_h2_per_ml": moment_last,
        "mrt_last_h": moment_last / area_last if area_last > 0.0 else None,
        "flags": flags,
    }
    slope = terminal_fit(t, c, peak, options, input_ends_h)
    if slope is None or last is None:
        flags.append("no_terminal_slope")
        return result
    half_life = math.log(2.0) / slope.rate_per_h
    end = float(t[last])
    span = float(t[slope.last] - t[slope.first]) / half_life
    result |= {
        "half_life_h": half_life,
        "terminal_rate_per_h": slope.rate_per_h,
        "terminal_window_h": [float(t[slope.first]), float(t[slope.last])],
        "terminal_points": slope.last - slope.first + 1,
        "terminal_adjusted_r2": slope.adjusted_r2,
        "terminal_r2": slope.r2,
        "terminal_span_half_lives": span,
        "clast_predicted_ng_per_ml": slope.at(end),
    }
    for kind, level in (("", float(c[last])), ("_predicted", slope.at(end))):
        area = area_last + level / slope.rate_per_h
        moment = moment_last + level * (end / slope.rate_per_h + 1.0 / slope.rate_per_h**2)
        result |= {
            f"auc_inf{kind}_ng_h_per_ml": area,
            f"auc_extrapolated{kind}_percent": 100.0 * (level / slope.rate_per_h) / area,
            f"aumc_inf{kind}_ng_h2_per_ml": moment,
            f"mrt_inf{kind}_h": moment / area,
        }
    if result["auc_extrapolated_percent"] > options.largest_extrapolated_percent:
        flags.append("extrapolated_over_20_percent")
    if span < options.shortest_span_half_lives:
        flags.append("span_below_2")
    return result


def _lag(t: np.ndarray, c: np.ndarray, peak: int) -> float | None:
    """Last time before the first rise: the time of the sample after which the concentration first goes up."""
    import numpy as np

    rises = np.flatnonzero(np.diff(c[: peak + 1]) > 0.0)
    return float(t[rises[0]]) if rises.size else None


def terminal_fit(
    t: np.ndarray, c: np.ndarray, peak: int, options: NcaOptions, input_ends_h: float
) -> TerminalFit | None:
    """The best log-linear fit of the last points after the peak (an index); None where no three of them fall."""
    import numpy as np

    from_peak = np.arange(len(c)) >= peak if options.peak_in_terminal_fit else np.arange(len(c)) > peak
    usable = np.flatnonzero((c > options.lowest_share_of_peak * c[peak]) & from_peak & (t > input_ends_h))
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
    rate = float(-vxy[chosen] / vxx[chosen])
    middle_h, middle = x[0] + sx[chosen] / n[chosen], y[0] + sy[chosen] / n[chosen]
    log_at_zero = float(middle + rate * middle_h)
    return TerminalFit(rate, first, int(usable[-1]), float(adjusted[chosen]), float(r2[chosen]), log_at_zero)
