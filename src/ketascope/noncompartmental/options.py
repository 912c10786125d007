"""How a non-compartmental analysis is done: every rule and every threshold in one object, and what each flag means."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ketascope.errors import InputError, unknown

LINEAR_UP_LOG_DOWN, LINEAR = "linear-up/log-down", "linear"
AREA_RULES = {
    LINEAR_UP_LOG_DOWN: "trapezoids: linear where the concentration rises or touches zero, logarithmic where it falls",
    LINEAR: "linear trapezoids throughout",
}
BELOW_LIMIT_RULES = {
    "zero-then-missing": "below the limit counts as zero before the first measurable value of an occasion, and as "
    "missing after it",
    "zero": "below the limit counts as zero",
    "missing": "below the limit counts as missing",
}

FLAG_MEANINGS = {
    "extrapolated_over_20_percent": "more than 20% of the area to infinity is extrapolated",
    "span_below_2": "the terminal window spans fewer than 2 half-lives",
    "no_terminal_slope": "fewer than three falling points after the peak: no half-life, no area to infinity",
}
"""Flags of one profile, whatever it was measured for."""

OCCASION_FLAG_MEANINGS = {
    "poor_terminal_fit": "adjusted R2 of the terminal fit is below the limit (0.9): the half-life is doubtful",
    "nothing_measurable": "no value of the occasion is measurable: nothing can be computed",
    "too_few_samples": "fewer than two samples in the occasion: nothing but the peak is given",
    "below_limit": "values below the limit of quantification were handled by the rule stated",
    "start_assumed_zero": "no sample at the dose: zero was put there, as nothing was given before",
    "start_back_extrapolated": "no sample at the bolus: the concentration there follows from the first two samples",
    "back_extrapolated_over_20_percent": "more than 20% of the area to infinity lies before the first sample",
    "start_extrapolated": "no sample at the dose: the occasion before was extended to it along its terminal slope",
    "start_unknown": "no sample at the dose and earlier doses not washed out: areas count from the first sample",
    "residual_before_dose": "the concentration at the dose is over 5% of the peak: earlier doses are in every area",
    "doses_combined": "several doses without a sample between them were taken as one",
    "peak_at_first_sample": "the highest value is the first after the dose: the true peak may have been earlier",
    "peak_at_last_sample": "the highest value is the last: the true peak may come later",
    "dose_unknown": "no dose is given: no clearance and no volume",
    "metabolite": "formed in the body in an amount that nobody knows: no clearance and no volume",
    "interval_extrapolated": "an interval ends after the last measurable value; the rest follows the terminal slope",
    "interval_not_covered": "an interval ends after the last measurable value and there is no terminal slope",
}
"""Further flags of an occasion: what was done to it before it was analysed, and what its dose allows."""


@dataclass(frozen=True)
class NcaOptions:
    """How the analysis is done; every rule and threshold is here.

    area_rule: a name of `AREA_RULES`; below_limit_rule: a name of `BELOW_LIMIT_RULES`. lowest_share_of_peak: lower
    values stay out of the terminal fit. peak_in_terminal_fit: whether the fit may start at the peak (for a bolus).
    intervals_h: further areas, from and to in hours after the dose. Raises InputError for what cannot be.
    """

    fewest_terminal_points: int = 3
    adjusted_r2_tolerance: float = 1e-4
    largest_extrapolated_percent: float = 20.0
    shortest_span_half_lives: float = 2.0
    lowest_share_of_peak: float = 1e-4  # simulated profiles have no assay limit; lower values are left out of the slope
    area_rule: str = LINEAR_UP_LOG_DOWN
    below_limit_rule: str = "zero-then-missing"
    peak_in_terminal_fit: bool = False
    lowest_adjusted_r2: float = 0.9
    largest_residual_share: float = 0.05
    intervals_h: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        for field, rules in (("area_rule", AREA_RULES), ("below_limit_rule", BELOW_LIMIT_RULES)):
            chosen = getattr(self, field)
            if chosen not in rules:
                raise InputError(unknown(field.replace("_", "-"), chosen, rules))
        if self.fewest_terminal_points < 3:
            raise InputError(
                f"fewest-terminal-points {self.fewest_terminal_points}: a slope with an R2 needs 3 or more"
            )
        for start_h, end_h in self.intervals_h:
            if not (0.0 <= start_h < end_h and math.isfinite(end_h)):
                raise InputError(
                    f"interval {start_h:g} to {end_h:g} h: must start at 0 or later and end after its start"
                )


DEFAULT_OPTIONS = NcaOptions()
MEASURED = replace(DEFAULT_OPTIONS, lowest_share_of_peak=0.0)
"""For measured data: every measurable value may be in the terminal fit."""
