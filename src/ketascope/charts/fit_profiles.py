"""Individual fits: a person's samples with their own curve over the spread of people, and residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.charts.chart import Chart, Row
from ketascope.charts.style import INK, REFERENCE, panel_title, top_level
from ketascope.report.format import counted, number, plain

_WIDTH, _HEIGHT, _COLUMNS = 236, 150, 3
_PEOPLE, _OWN, _TYPICAL, _BELOW = "#c9c9c9", "#0072B2", "#767676", "#D55E00"
_RESIDUAL_WIDTH, _RESIDUAL_HEIGHT = 560, 230
_COLOURS, _SHAPES = (
    ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
    (*("circle", "square", "diamond", "triangle-up", "triangle-down", "cross"),),
)
_LARGE = 4.0
_LEAST_SHARE = 0.2
"""A panel begins at this share of the smallest sample or limit, so that curves near zero do not fill it."""

Subject = Mapping[str, Any]


def individual_profiles(subjects: Sequence[Subject]) -> Chart:
    """One panel a person, analyte and occasion: samples, IPRED with 90%, PRED with the 90% of people; log scale.

    subjects: those of a fit document, with `courses` and `observations`.
    """
    panels = [(subject, course) for subject in subjects for course in subject["courses"]]
    points = [(course, row) for subject, course in panels for row in _rows_of(subject, course)]
    seen = [(course, row) for course, row in points if not row["is_below"]]
    inside = sum(_inside(row) for _, row in seen)
    title = "Samples and individual curves"
    summary = (
        f"{counted(len(panels), 'course')} of {counted(len(subjects), 'person', 'people')} with "
        f"{counted(len(points), 'sample')}, {len(points) - len(seen)} of them below the limit; "
        f"{inside} of {len(seen)} measured samples lie within a factor of 1.5 of the person's own curve."
    )
    subtitle = [
        "Blue line: the person's own curve (IPRED), band 90% of what is possible for them. Dashed: a typical person of",
        "that weight (PRED), grey band 90% of such people. Dots: samples; red triangles at the limit: below it.",
    ]
    body = {
        "concat": [_panel(subject, course) for subject, course in panels],
        "columns": _COLUMNS,
        "spacing": {"row": 26, "column": 30},
    }
    spec = top_level(title, subtitle, summary, body)
    return Chart(
        "fit-profiles", title, spec, summary, [_table_row(s, row) for s in subjects for row in s["observations"]]
    )


def _inside(row: Mapping[str, Any]) -> bool:
    return bool(1.0 / 1.5 <= row["observed_ng_per_ml"] / row["ipred_ng_per_ml"] <= 1.5)


def _rows_of(subject: Subject, course: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    key = (course["analyte"], course["occasion"])
    return [row for row in subject["observations"] if (row["analyte"], row["occasion"]) == key]


def _panel(subject: Subject, course: Mapping[str, Any]) -> dict[str, Any]:
    rows = _rows_of(subject, course)
    at = [row["limit_ng_per_ml"] if row["is_below"] else row["observed_ng_per_ml"] for row in rows]
    lowest = _LEAST_SHARE * min(at)
    names = ("pred", "pred_low", "pred_high", "ipred", "ipred_low", "ipred_high")
    curve = [
        {"time": time, **{name: max(course[f"{name}_ng_per_ml"][index], lowest) for name in names}}
        for index, time in enumerate(course["time_h"])
        if course["pred_high_ng_per_ml"][index] > lowest
    ]
    seen = [
        {"time": row["time_h"] - course["start_h"], "value": value, "kind": "below" if row["is_below"] else "measured"}
        for row, value in zip(rows, at, strict=True)
    ]
    x = {"field": "time", "type": "quantitative", "title": "h since the dose", "axis": {"tickCount": 5}}
    scale = {"type": "log", "nice": False}

    def y(name: str) -> dict[str, Any]:
        axis = {"tickCount": 4, "format": "~g"}
        return {"field": name, "type": "quantitative", "scale": scale, "axis": axis, "title": "ng/mL"}

    def band(name: str, colour: str, opacity: float) -> dict[str, Any]:
        encoding = {"x": x, "y": y(f"{name}_low"), "y2": {"field": f"{name}_high"}}
        mark = {"type": "area", "color": colour, "opacity": opacity}
        return {"data": {"values": curve}, "mark": mark, "encoding": encoding}

    def line(name: str, colour: str, dash: Sequence[int]) -> dict[str, Any]:
        mark = {"type": "line", "color": colour, "strokeWidth": 1.6, "strokeDash": list(dash)}
        return {"data": {"values": curve}, "mark": mark, "encoding": {"x": x, "y": y(name)}}

    kinds = {"domain": ["measured", "below"]}
    points = {
        "data": {"values": seen},
        "mark": {"type": "point", "filled": True, "size": 42, "opacity": 1},
        "encoding": {
            "x": x,
            "y": y("value"),
            "color": {"field": "kind", "scale": {**kinds, "range": [INK, _BELOW]}, "legend": None},
            "shape": {"field": "kind", "scale": {**kinds, "range": ["circle", "triangle-down"]}, "legend": None},
        },
    }
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "title": panel_title(f"{subject['id']}: {_name(course['analyte'])}", f"occasion {course['occasion']}"),
        "layer": [
            band("pred", _PEOPLE, 0.5),
            band("ipred", _OWN, 0.25),
            line("pred", _TYPICAL, [5, 3]),
            line("ipred", _OWN, [1, 0]),
            points,
        ],
    }


def _name(analyte: str) -> str:
    return analyte.replace("s_", "S-").replace("r_", "R-")


def residuals(subjects: Sequence[Subject]) -> Chart:
    """Individual weighted residuals of all people over time since the first dose, one colour and shape an analyte."""
    rows = [
        {"person": s["id"], "time": row["time_h"], "iwres": row["iwres"], "analyte": _name(row["analyte"])}
        for s in subjects
        for row in s["observations"]
        if row["iwres"] is not None
    ]
    analytes = list(dict.fromkeys(row["analyte"] for row in rows))
    values = [row["iwres"] for row in rows]
    large = sum(abs(value) > _LARGE for value in values)
    title = "Residuals of individual fits"
    summary = (
        f"{counted(len(rows), 'residual')} of {counted(len(subjects), 'person', 'people')}, from "
        f"{plain(min(values, default=0.0), 1)} to {plain(max(values, default=0.0), 1)} SDs; {large} beyond {_LARGE:g}."
    )
    subtitle = ["(log sample - log own curve) over its SD. A right model scatters around 0, mostly within 2."]
    domain = {"domain": analytes}
    points = {
        "data": {"values": rows},
        "mark": {"type": "point", "filled": True, "size": 40, "opacity": 0.7},
        "encoding": {
            "x": {"field": "time", "type": "quantitative", "title": "h since first dose", "scale": {"type": "symlog"}},
            "y": {"field": "iwres", "type": "quantitative", "title": "IWRES (SD)"},
            "color": {
                "field": "analyte",
                "scale": {**domain, "range": list(_COLOURS[: len(analytes)])},
                "title": "Analyte",
            },
            "shape": {
                "field": "analyte",
                "scale": {**domain, "range": list(_SHAPES[: len(analytes)])},
                "title": "Analyte",
            },
            "tooltip": [{"field": name} for name in ("person", "analyte", "time", "iwres")],
        },
    }
    zero = {
        "data": {"values": [{"at": at} for at in (-2.0, 0.0, 2.0)]},
        "mark": {"type": "rule", "color": REFERENCE, "strokeDash": [4, 3]},
        "encoding": {"y": {"field": "at", "type": "quantitative"}},
    }
    body = {"width": _RESIDUAL_WIDTH, "height": _RESIDUAL_HEIGHT, "layer": [zero, points]}
    table: list[Row] = [
        {"person": row["person"], "analyte": row["analyte"], "time_h": row["time"], "iwres": row["iwres"]}
        for row in rows
    ]
    return Chart("fit-residuals", title, top_level(title, subtitle, summary, body), summary, table)


def _table_row(subject: Subject, row: Mapping[str, Any]) -> Row:
    limit = row["limit_ng_per_ml"]
    return {
        "person": str(subject["id"]),
        "analyte": _name(row["analyte"]),
        "occasion": float(row["occasion"]),
        "time_h": row["time_h"],
        "observed_ng_per_ml": f"below {number(limit)}" if row["is_below"] else row["observed_ng_per_ml"],
        "ipred_ng_per_ml": row["ipred_ng_per_ml"],
        "pred_ng_per_ml": row["pred_ng_per_ml"],
        "iwres": row["iwres"],
        "cwres": row["cwres"],
    }
