"""From the samples and doses of a person to occasions, and the analysis of one occasion.

An occasion begins with a dose and ends with the next one. Doses without a sample between them are one occasion; a
column OCC, where there is one, decides instead. A sample at the time of a dose closes the occasion before and opens
the one that begins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ketascope.noncompartmental.areas import area_between
from ketascope.noncompartmental.options import NcaOptions
from ketascope.noncompartmental.profile import analyse
from ketascope.noncompartmental.samples import GivenDose, Sample, Series

SAME_TIME_H = 1e-9
L_PER_H_PER_MG_PER_NG_H_PER_ML = 1000.0  # mg over ng h/mL is 1000 L/h
MOST_BACK_EXTRAPOLATED_PERCENT = 20.0
STEEPEST_BACK = math.log(1e12)
"""A concentration at the bolus so many times (log) the first sample is not believed: the first sample stands in."""


@dataclass(frozen=True)
class Occasion:
    """One occasion: its doses (none where the person has none) and samples.

    next_h: when the next begins, if any. opens_after_dose: a sample at the time of its first dose was drawn after it.
    """

    number: int
    start_h: float
    doses: tuple[GivenDose, ...]
    samples: tuple[Sample, ...]
    next_h: float | None
    is_combined: bool
    opens_after_dose: bool = False

    def is_in_a_vein(self) -> bool:
        """Whether there are doses and all of them went into a vein."""
        return bool(self.doses) and all(dose.intravenous for dose in self.doses)

    def is_bolus(self) -> bool:
        """Whether one dose was given into a vein at once. Of a metabolite nothing is there then: it has to form."""
        return self.is_in_a_vein() and len(self.doses) == 1 and self.doses[0].duration_h == 0.0

    def end_of_input_h(self) -> float:
        """When the last dose is in, hours from the start; -inf for none or one given at once."""
        if len(self.doses) < 2 and not any(dose.duration_h for dose in self.doses):
            return -math.inf
        return max(dose.time_h - self.start_h + dose.duration_h for dose in self.doses)

    def mean_input_h(self) -> float:
        """How long after the start a molecule enters on average, by the amounts of the doses."""
        if len(self.doses) < 2:  # an amount over itself would cost the last digit
            return 0.5 * sum(dose.duration_h for dose in self.doses)
        entered = sum(d.amount_mg * (d.time_h - self.start_h + 0.5 * d.duration_h) for d in self.doses)
        return entered / sum(dose.amount_mg for dose in self.doses)


@dataclass(frozen=True)
class End:
    """How an occasion ended, for the one that follows: its last measurable value and terminal rate, if any."""

    time_h: float
    value: float | None
    rate_per_h: float | None


def occasions_of(series: Series) -> list[Occasion]:
    """Occasions in order of time; samples before the first dose belong to none, but for the one right at it."""
    if not series.doses:
        return [Occasion(1, 0.0, (), tuple(series.samples), None, False)]
    groups = _grouped(series)
    record_times: dict[int, float] = {}
    for dose in series.doses:
        record_times.setdefault(dose.number, dose.time_h)
    occasions = []
    for index, doses in enumerate(groups):
        start_h = doses[0].time_h
        next_h = groups[index + 1][0].time_h if index + 1 < len(groups) else None
        inside = [s for s in series.samples if s.time_h >= start_h - SAME_TIME_H and _is_before(s, next_h)]
        at_start = [s for s in inside if abs(s.time_h - start_h) <= SAME_TIME_H]
        at_end = [s for s in inside if next_h is not None and abs(s.time_h - next_h) <= SAME_TIME_H]
        # Of two samples at the time of a dose the one above its row was drawn before it.
        opening, closing = at_start[-1:], at_end[:1]
        middle = [s for s in inside if s not in at_start and s not in at_end]
        samples = (*opening, *middle, *closing)
        first = doses[0]
        # Rows tell nothing about a dose by ADDL: no record stands at its time, and a sample there is its trough.
        has_record = record_times[first.number] == first.time_h
        is_after = has_record and any(sample.dose_rows_before >= first.number for sample in opening)
        occasions.append(Occasion(index + 1, start_h, tuple(doses), samples, next_h, len(doses) > 1, is_after))
    return occasions


def _is_before(sample: Sample, next_h: float | None) -> bool:
    return next_h is None or sample.time_h <= next_h + SAME_TIME_H


def _grouped(series: Series) -> list[list[GivenDose]]:
    groups: list[list[GivenDose]] = []
    for dose in series.doses:
        if groups and _is_together(series.samples, groups[-1], dose):
            groups[-1].append(dose)
        else:
            groups.append([dose])
    return groups


def _is_together(samples: Sequence[Sample], group: Sequence[GivenDose], dose: GivenDose) -> bool:
    if dose.occasion or group[-1].occasion:
        return dose.occasion == group[-1].occasion
    first, last = group[0].time_h, dose.time_h
    return not any(first + SAME_TIME_H < sample.time_h <= last + SAME_TIME_H for sample in samples)


def analyse_occasion(
    occasion: Occasion, options: NcaOptions, before: End | None, is_metabolite: bool
) -> tuple[dict[str, Any], End]:
    """All figures of one occasion, times counted from its dose, with the flags raised; and how it ended.

    before: the occasion before, None for the first. is_metabolite: formed in the body, in an amount that nobody knows.
    """
    flags: list[str] = ["doses_combined"] if occasion.is_combined else []
    vein, bolus = occasion.is_in_a_vein(), occasion.is_bolus() and not is_metabolite
    times, values = _measured(occasion, options, flags)
    before_dose = 0.0
    if bolus:
        before_dose, times, values = _apart_from_before_bolus(occasion, times, values)
    dose_mg = sum(dose.amount_mg for dose in occasion.doses) if occasion.doses and not is_metabolite else None
    result: dict[str, Any] = {
        "occasion": occasion.number,
        "dose_time_h": occasion.start_h,
        "dose_mg": dose_mg,
        "intravenous": vein,
        "infusion_h": max((dose.duration_h for dose in occasion.doses), default=0.0),
        "samples": len(times),
    }
    if dose_mg is None:
        flags.append("metabolite" if is_metabolite else "dose_unknown")
    if not any(values):
        flags.append("nothing_measurable")
        return result | {"flags": flags}, End(occasion.start_h, 0.0 if len(times) else None, None)
    _flag_peak(times, values, vein, flags)
    residual = before_dose if bolus else values[0] if abs(times[0]) <= SAME_TIME_H else 0.0
    if residual > options.largest_residual_share * max(values):
        flags.append("residual_before_dose")
    measured, back = len(times), None
    if bolus:
        times, values, back = _with_back_extrapolation(times, values, flags)
        result["c0_ng_per_ml"] = values[0]
    else:
        times, values = _with_start(times, values, occasion, before, flags)
    if len(times) < 2:
        flags.append("too_few_samples")
        result |= {"cmax_ng_per_ml": values[0], "tmax_h": times[0]}
        return result | {"flags": flags}, End(occasion.start_h + times[-1], values[-1] or None, None)
    result |= _figures(times, values, len(times) - measured, back, occasion, options, dose_mg, flags)
    end = End(occasion.start_h + result["tlast_h"], result["clast_ng_per_ml"], result["terminal_rate_per_h"])
    return result | {"flags": flags}, end


def _figures(
    times: list[float],
    values: list[float],
    inserted: int,
    back: float | None,
    occasion: Occasion,
    options: NcaOptions,
    dose_mg: float | None,
    flags: list[str],
) -> dict[str, Any]:
    """What follows from a whole profile and its dose. inserted: points that were not measured; back: area by them."""
    import numpy as np

    times_h, conc = np.asarray(times), np.asarray(values)
    result = analyse(times_h, conc, options, inserted, occasion.end_of_input_h())
    flags += result.pop("flags")
    result["terminal_start_h"], result["terminal_end_h"] = result.pop("terminal_window_h") or (None, None)
    if result["terminal_adjusted_r2"] is not None and result["terminal_adjusted_r2"] < options.lowest_adjusted_r2:
        flags.append("poor_terminal_fit")
    if back is not None and result["auc_inf_ng_h_per_ml"]:
        share = 100.0 * back / result["auc_inf_ng_h_per_ml"]
        result["auc_back_extrapolated_percent"] = share
        if share > MOST_BACK_EXTRAPOLATED_PERCENT:
            flags.append("back_extrapolated_over_20_percent")
    vein = occasion.is_in_a_vein()
    if vein:
        result["tlag_h"] = None
        for name in ("mrt_last_h", "mrt_inf_h", "mrt_inf_predicted_h"):
            # Molecules wait before they enter: half the length of an infusion on average.
            result[name] = None if result[name] is None else result[name] - occasion.mean_input_h()
    result |= _by_dose(result, dose_mg, vein)
    return result | _intervals(times_h, conc, occasion, result["terminal_rate_per_h"], options, flags)


def _apart_from_before_bolus(
    occasion: Occasion, times: list[float], values: list[float]
) -> tuple[float, list[float], list[float]]:
    """The value at a bolus that is no concentration of its profile (0 where there is none), and the profile without it.

    Such is what was drawn before it, or shows nothing of it.
    """
    if not times or abs(times[0]) > SAME_TIME_H or (occasion.opens_after_dose and values[0] > 0.0):
        return 0.0, times, values
    return values[0], times[1:], values[1:]


def _flag_peak(times: list[float], values: list[float], vein: bool, flags: list[str]) -> None:
    """Flags of a peak at either end of what was measured, where the true one may lie beyond."""
    peak = values.index(max(values))
    first_after = 0 if times[0] > SAME_TIME_H or len(times) == 1 else 1
    if peak == first_after and not vein:
        flags.append("peak_at_first_sample")
    if peak == len(times) - 1:
        flags.append("peak_at_last_sample")


def _measured(occasion: Occasion, options: NcaOptions, flags: list[str]) -> tuple[list[float], list[float]]:
    """Times from the dose and values in ng/mL, with those below the limit handled by the rule."""
    times, values, seen = [], [], False
    for sample in occasion.samples:
        value = sample.value_ng_per_ml
        if value is None:
            if "below_limit" not in flags:
                flags.append("below_limit")
            rule = options.below_limit_rule
            if rule == "missing" or (rule == "zero-then-missing" and seen):
                continue
            value = 0.0
        seen = seen or value > 0.0
        times.append(sample.time_h - occasion.start_h)
        values.append(value)
    return times, values


def _with_back_extrapolation(
    times: list[float], values: list[float], flags: list[str]
) -> tuple[list[float], list[float], float | None]:
    """The profile of a bolus from its own time on, and the area before the first sample (None where one is at 0 h).

    C0 lies on the line through the logarithms of the first two samples; where they do not fall, or fall so steeply that
    C0 would be beyond belief, it is the first value.
    A sample at 0 h is one drawn after the dose.
    """
    import numpy as np

    from ketascope.noncompartmental.areas import trapezoids

    if abs(times[0]) <= SAME_TIME_H:
        return times, values, None
    start = values[0]
    if len(values) > 1 and 0.0 < values[1] < values[0]:
        rate = float(np.log(values[0] / values[1])) / (times[1] - times[0])
        # So steep a fall so late says nothing of the time of the dose.
        start = values[0] * math.exp(rate * times[0]) if rate * times[0] < STEEPEST_BACK else values[0]
    flags.append("start_back_extrapolated")
    area = float(trapezoids(np.array([0.0, times[0]]), np.array([start, values[0]])).sum())
    return [0.0, *times], [start, *values], area


def _with_start(
    times: list[float], values: list[float], occasion: Occasion, before: End | None, flags: list[str]
) -> tuple[list[float], list[float]]:
    """The profile from the time of its dose on, as far as the concentration there is known."""
    if abs(times[0]) <= SAME_TIME_H or not occasion.doses:
        return times, values
    if before is None or before.value == 0.0:
        flags.append("start_assumed_zero")
        return [0.0, *times], [0.0, *values]
    if before.value is not None and before.rate_per_h is not None:
        flags.append("start_extrapolated")
        start = before.value * math.exp(-before.rate_per_h * (occasion.start_h - before.time_h))
        return [0.0, *times], [start, *values]
    flags.append("start_unknown")
    return times, values


def _by_dose(result: dict[str, Any], dose_mg: float | None, vein: bool) -> dict[str, Any]:
    """Clearance and volumes; apparent ones (over the unknown bioavailability) unless the dose went into a vein."""
    area, rate = result["auc_inf_ng_h_per_ml"], result["terminal_rate_per_h"]
    names = ("clearance_l_per_h", "terminal_volume_l") if vein else ("apparent_clearance_l_per_h", "apparent_volume_l")
    if dose_mg is None or area is None:
        return dict.fromkeys(names)
    clearance = L_PER_H_PER_MG_PER_NG_H_PER_ML * dose_mg / area
    figures = dict(zip(names, (clearance, clearance / rate), strict=True))
    if vein:
        figures["steady_state_volume_l"] = clearance * result["mrt_inf_h"]
    return figures


def _intervals(
    times: Any, values: Any, occasion: Occasion, rate: float | None, options: NcaOptions, flags: list[str]
) -> dict[str, Any]:
    """Areas over the intervals asked for, and over the time to the next dose with what follows from it."""
    last = int(values.nonzero()[0][-1])
    times, values = times[: last + 1], values[: last + 1]

    def area(start_h: float, end_h: float) -> float | None:
        found = area_between(times, values, start_h, end_h, rate, options.area_rule)
        beyond = end_h > times[-1] + SAME_TIME_H
        code = "interval_not_covered" if found is None else "interval_extrapolated" if beyond else ""
        if code and code not in flags:
            flags.append(code)
        return found

    figures: dict[str, Any] = {
        f"auc_{start:g}_to_{end:g}_h_ng_h_per_ml": area(start, end) for start, end in options.intervals_h
    }
    if occasion.next_h is None:
        return figures
    interval_h = occasion.next_h - occasion.start_h
    to_next = area(0.0, interval_h)
    at_end = occasion.samples[-1]
    is_trough = bool(occasion.samples) and abs(at_end.time_h - occasion.next_h) <= SAME_TIME_H
    figures |= {
        "interval_h": interval_h,
        "auc_to_next_dose_ng_h_per_ml": to_next,
        "average_ng_per_ml": None if to_next is None else to_next / interval_h,
        "trough_ng_per_ml": at_end.value_ng_per_ml if is_trough else None,
    }
    return figures
