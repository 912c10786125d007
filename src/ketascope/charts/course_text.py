"""The symptom course in words and as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.charts.axes import nearest_index, time_ticks
from ketascope.charts.chart import Row
from ketascope.report.format import counted, duration, number

Curve = Mapping[str, Any]


def has_values(curve: Curve) -> bool:
    """Whether an option has any symptom course."""
    return bool(course_times(curve)) if curve.get("change", {}).get("mean") else False


def course_times(curve: Curve) -> list[float]:
    """The times at which the option has a mean change.

    The zero at the first dose is left out where nothing follows it for a while (a scale with a long recall): it would
    be read as the start of a line.
    """
    means = curve["change"]["mean"]
    times = [time_h for time_h, mean in zip(curve["time_h"], means, strict=True) if mean is not None]
    starts_alone = len(means) > 1 and curve["time_h"][0] == 0 and means[1] is None
    return [time_h for time_h in times if time_h > 0] if starts_alone else times


def _value_at(curve: Curve, time_h: float) -> tuple[float, dict[str, float | None]] | None:
    """The grid time nearest to a time and all values there; None where the option has none."""
    index = nearest_index(curve["time_h"], time_h)
    change = curve["change"]
    if change["mean"][index] is None or not math.isclose(curve["time_h"][index], time_h, rel_tol=0.25):
        return None
    return curve["time_h"][index], {key: values[index] for key, values in change.items() if values}


def course_table(drawn: Sequence[Curve]) -> list[Row]:
    """The values at the labelled times, one row an option and time."""
    rows: list[Row] = []
    for curve in drawn:
        for tick in time_ticks(curve["time_h"][-1]):
            found = _value_at(curve, tick)
            if found is None:
                continue
            time_h, values = found
            rows.append(
                {
                    "option": str(curve["label"]),
                    "time": duration(time_h),
                    "mean change (points)": values["mean"],
                    "mean, 95% low (points)": values.get("mean_low"),
                    "mean, 95% high (points)": values.get("mean_high"),
                    "mean with placebo and the same sessions (points)": values.get("placebo_mean"),
                    "95% of patients, low (points)": values.get("patients_low"),
                    "95% of patients, high (points)": values.get("patients_high"),
                }
            )
    return rows


def course_summary(drawn: Sequence[Curve], absent: Sequence[str], scale_name: str, gap_note: str) -> str:
    """The chart in words: all options at a day, a week and the end, best first."""
    if not drawn:
        return f"No option has a course on {scale_name} to show: {', '.join(absent) or 'no options given'}."
    last_h = max(course_times(curve)[-1] for curve in drawn)
    sentences = [
        f"Line chart of the mean change from baseline on {scale_name}, in points, for {counted(len(drawn), 'option')} "
        f"from the first dose to {duration(last_h)}; a negative number is an improvement."
    ]
    if any(curve["change"].get("placebo_mean") for curve in drawn):
        sentences.append("Each change holds what placebo with the same sessions brings too.")
    for time_h in (24.0, 168.0, last_h):
        found = [(curve, _value_at(curve, time_h)) for curve in drawn]
        at = [(curve, hit[1]) for curve, hit in found if hit is not None]
        if not at or (time_h != last_h and time_h >= last_h):
            continue
        listed = "; ".join(_phrase(curve, values) for curve, values in sorted(at, key=lambda p: p[1]["mean"] or 0))
        sentences.append(f"At {duration(time_h)}: {listed}.")
    if gap_note:
        sentences.append(gap_note)
    if absent:
        sentences.append(f"No course is shown for: {', '.join(absent)}.")
    return " ".join(sentences)


def _phrase(curve: Curve, values: Mapping[str, float | None]) -> str:
    text = f"{curve['label']} {number(values['mean'], 'points')}"
    low, high, placebo = (values.get(key) for key in ("mean_low", "mean_high", "placebo_mean"))
    said = [] if low is None or high is None else [f"{number(low, 'points')} to {number(high, 'points')}"]
    said += [] if placebo is None else [f"its placebo {number(placebo, 'points')}"]
    return f"{text} ({', '.join(said)})" if said else text
