"""Observed concentrations over the predictive band, one panel a course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.charts.chart import Chart, Row
from ketascope.charts.style import panel_title, top_level
from ketascope.report.format import counted

_WIDTH, _HEIGHT, _COLUMNS = 236, 150, 3
_BAND, _TRAINING, _TEST = "#9db8d2", "#1b1b1b", "#b3401f"
_TITLE = "Concentrations predicted and observed, study by study"

Course = Mapping[str, Any]


def study_profiles(courses: Sequence[Course]) -> Chart:
    """Predictive band, its median and the observed points of every course, on a log scale.

    courses: plain data with study, part, sentence, analyte, site, time_h, low, median, high (ng/mL) and observed
    (pairs of time in h and ng/mL).
    """
    inside = sum(_inside(course) for course in courses)
    points = sum(len(course["observed"]) for course in courses)
    studies = counted(len({course["study"] for course in courses}), "study", "studies")
    summary = (
        f"{counted(len(courses), 'course')} of {studies}; {inside} of {points} observed points lie inside the 90% "
        "predictive band of a new study."
    )
    subtitle = [
        "Band: 5% to 95% for the mean of a new group of people; line: median. Dots: observed; "
        "red where the study was set aside as a test.",
        summary,
    ]
    body = {
        "concat": [_panel(course) for course in courses],
        "columns": _COLUMNS,
        "spacing": {"row": 26, "column": 30},
    }
    return Chart("study-profiles", _TITLE, top_level(_TITLE, subtitle, summary, body), summary, _table(courses))


def _inside(course: Course) -> int:
    bands = dict(zip(course["time_h"], zip(course["low"], course["high"], strict=True), strict=True))
    return sum(bands[time][0] <= value <= bands[time][1] for time, value in course["observed"])


def _name(course: Course) -> str:
    return str(course["analyte"]).replace("s_", "S-").replace("r_", "R-")


def _panel(course: Course) -> dict[str, Any]:
    lowest = 0.3 * min(value for _, value in course["observed"])
    band = [
        {"time": time, "low": max(low, lowest), "median": max(median, lowest), "high": max(high, lowest)}
        for time, low, median, high in zip(
            course["time_h"], course["low"], course["median"], course["high"], strict=True
        )
        if high > lowest
    ]
    seen = [{"time": time, "value": value} for time, value in course["observed"]]
    x = {"field": "time", "type": "quantitative", "title": "h since first dose", "axis": {"tickCount": 5}}
    y_scale = {"type": "log", "nice": False}
    y_axis = {"tickCount": 4, "format": "~g"}
    colour = _TEST if course["part"] == "test" else _TRAINING
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "title": panel_title(
            f"{course['study']}: {_name(course)}, {course['site']}", _shortened(str(course["sentence"]))
        ),
        "layer": [
            {
                "data": {"values": band},
                "mark": {"type": "area", "color": _BAND, "opacity": 0.55},
                "encoding": {
                    "x": x,
                    "y": {
                        "field": "low",
                        "type": "quantitative",
                        "scale": y_scale,
                        "axis": y_axis,
                        "title": "ng/mL",
                    },
                    "y2": {"field": "high"},
                },
            },
            {
                "data": {"values": band},
                "mark": {"type": "line", "color": "#2f5f8f", "strokeWidth": 1.6},
                "encoding": {"x": x, "y": {"field": "median", "type": "quantitative", "scale": y_scale}},
            },
            {
                "data": {"values": seen},
                "mark": {"type": "point", "filled": True, "color": colour, "size": 38},
                "encoding": {"x": x, "y": {"field": "value", "type": "quantitative", "scale": y_scale}},
            },
        ],
    }


def _shortened(sentence: str) -> str:
    steps = sentence.split(" then ")
    return sentence if len(steps) == 1 else f"{steps[0]}, then {len(steps) - 1} higher steps"


def _table(courses: Sequence[Course]) -> list[Row]:
    rows: list[Row] = []
    for course in courses:
        bands = dict(
            zip(course["time_h"], zip(course["low"], course["median"], course["high"], strict=True), strict=True)
        )
        for time, value in course["observed"]:
            low, median, high = bands[time]
            rows.append(
                {
                    "study": course["study"],
                    "part": course["part"],
                    "analyte": _name(course),
                    "site": course["site"],
                    "time_h": time,
                    "observed_ng_per_ml": value,
                    "median_ng_per_ml": median,
                    "low_ng_per_ml": low,
                    "high_ng_per_ml": high,
                }
            )
    return rows
