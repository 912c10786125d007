"""Acute effects of every option in the first hours: dissociation and the rise of blood pressure."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.charts.axes import nice_domain
from ketascope.charts.chart import Chart, Row
from ketascope.charts.style import QUIET_INK, Look, looks, scale, top_level
from ketascope.report.format import counted, duration, with_interval

_WIDTH, _HEIGHT, _ROW_PX, _LINE_PX, _SHOWN_H = 330, 200, 30, 13, 8.0
_TABLE_HOURS = (0.5, 1.0, 2.0, 4.0, 8.0)

# Name of the curve, name of the peak in the document, heading, unit.
_EFFECTS = (
    ("dissociation", "dissociation_peak", "Dissociation", "CADSS points"),
    ("systolic_rise_mmhg", "systolic_rise_mmhg", "Rise of systolic blood pressure", "mmHg"),
)
_KINDS = {"CADSS points": "points", "mmHg": "pressure"}

_POINT = {"type": "point", "size": 70, "stroke": "#ffffff", "strokeWidth": 0.8}

Option = Mapping[str, Any]


def acute_effects(document: Mapping[str, Any], curves: Sequence[Mapping[str, Any]]) -> Chart:
    """Course over the first hours on top, highest value with its range over patients below, by option."""
    by_option = looks(document["options"])
    shown = [option for option in document["options"] if any(_peak(option, effect) for effect in _EFFECTS)]
    with_curve = {str(curve["id"]): curve for curve in curves}
    title = "Acute effects in the first hours"
    absent = [str(option["label"]) for option in document["options"] if option not in shown]
    summary = _summary(shown, absent)
    body: dict[str, Any]
    if not shown:
        body = {
            "data": {"values": [{"text": "No option has an acute effect to show."}]},
            "mark": {"type": "text", "fontSize": 13},
            "encoding": {"text": {"field": "text", "type": "nominal"}},
        }
        return Chart("acute-effects", title, top_level(title, [], summary, body), summary, [])
    used = {str(option["id"]): by_option[str(option["id"])] for option in shown}
    subtitle = ["Above: the median patient. Below: the highest value, median and 95% of patients."]
    if absent:
        subtitle += textwrap.wrap(f"Nothing is shown for: {', '.join(absent)} (see notes).", 120)
    body = {
        "datasets": {
            "acute_course": _course_records([with_curve[i] for i in used if i in with_curve], used),
            "acute_peaks": _peak_records(shown, used),
        },
        "concat": [
            *(_course(effect, used) for effect in _EFFECTS),
            *(_peaks(effect, shown, used, index) for index, effect in enumerate(_EFFECTS)),
        ],
        "columns": 2,
        "spacing": {"row": 26, "column": 34},
        "resolve": {"scale": {"color": "shared", "strokeDash": "shared"}},
    }
    return Chart("acute-effects", title, top_level(title, subtitle, summary, body), summary, _table(shown, with_curve))


def _peak(option: Option, effect: Sequence[str]) -> Mapping[str, float] | None:
    found: Mapping[str, float] | None = option["acute"].get(effect[1])
    return found


def _course_records(curves: Sequence[Mapping[str, Any]], used: Mapping[str, Look]) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    for curve in curves:
        look = used[str(curve["id"])]
        for name, _, _, unit in _EFFECTS:
            if name not in curve:
                continue
            course = zip(curve["time_h"], curve[name]["median"], strict=True)
            early = [(time_h, median) for time_h, median in course if time_h <= _SHOWN_H and median is not None]
            top_h = max(early, key=lambda pair: pair[1], default=(0.0, 0.0))[0]
            records += [
                {
                    "id": curve["id"],
                    "effect": name,
                    "option": curve["label"],
                    "drug": look.drug,
                    "route": look.route,
                    "time_h": time_h,
                    "time": duration(time_h) if time_h else "first dose",
                    "median": median,
                    "unit": unit,
                    # One mark a line, where lines lie furthest apart, tells like-drawn options apart.
                    "marked": time_h == top_h,
                    "shape": look.shape,
                }
                for time_h, median in early
            ]
    return records


def _peak_records(shown: Sequence[Option], used: Mapping[str, Look]) -> list[dict[str, Any]]:
    records = []
    for option in shown:
        look = used[str(option["id"])]
        for effect in _EFFECTS:
            name, _, _, unit = effect
            peak = _peak(option, effect)
            if peak is None:
                continue
            over = option["acute"].get("dissociation_over_h") if name == "dissociation" else None
            records.append(
                {
                    "id": option["id"],
                    "effect": name,
                    "option": option["label"],
                    "drug": look.drug,
                    "route": look.route,
                    "shape": look.shape,
                    "median": peak["median"],
                    "low": peak["low"],
                    "high": peak["high"],
                    "text": f"{with_interval(peak, _KINDS[unit])} {unit}",
                    "over": with_interval(over, "time"),
                }
            )
    return records


def _colours(used: Mapping[str, Look]) -> dict[str, Any]:
    """Colour and dash of the lines; the same in every view, as the views share one legend."""
    bottom = {"orient": "bottom", "direction": "horizontal", "symbolType": "stroke"}
    return {
        "color": {
            "field": "drug",
            "type": "nominal",
            "scale": scale(used, "colour"),
            "legend": {"title": "Colour: drug", "symbolSize": 500, **bottom},
        },
        "strokeDash": {
            "field": "route",
            "type": "nominal",
            "scale": scale(used, "dash"),
            "legend": {"title": "Line: route", "symbolSize": 500, **bottom},
        },
    }


def _course(effect: Sequence[str], used: Mapping[str, Look]) -> dict[str, Any]:
    name, _, heading, unit = effect
    x = {
        "field": "time_h",
        "type": "quantitative",
        "scale": {"domain": [0, _SHOWN_H], "nice": False},
        "axis": {"values": list(range(int(_SHOWN_H) + 1)), "title": "Hours since first dose", "grid": True},
    }
    y = {"field": "median", "type": "quantitative", "axis": {"title": unit, "tickCount": 5}}
    colours = _colours(used)
    tooltip = [
        {"field": "option", "type": "nominal", "title": "Option"},
        {"field": "time", "type": "nominal", "title": "Time"},
        {"field": "median", "type": "quantitative", "format": ".1f", "title": f"Median ({unit})"},
    ]
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "title": {"text": heading, "subtitle": "median patient after the first dose", "offset": 6},
        "data": {"name": "acute_course"},
        "transform": [{"filter": {"field": "effect", "equal": name}}],
        "layer": [
            {
                "mark": {"type": "line", "interpolate": "monotone"},
                "encoding": {
                    "x": x,
                    "y": y,
                    **colours,
                    "detail": {"field": "id", "type": "nominal"},
                    "tooltip": tooltip,
                },
            },
            {
                "transform": [{"filter": {"field": "marked", "equal": True}}],
                "mark": _POINT,
                "encoding": {"x": x, "y": y, **_point_look(used), "tooltip": tooltip},
            },
        ],
    }


def _point_look(used: Mapping[str, Look]) -> dict[str, Any]:
    return {
        "color": _colours(used)["color"],
        "shape": {"field": "shape", "type": "nominal", "scale": None},
    }


def _label_layers(shown: Sequence[Option], y: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Names of the rows on one or two lines, centred on the row, which an axis cannot do."""
    by_shift: dict[float, list[dict[str, str]]] = {}
    for option in shown:
        lines = textwrap.wrap(str(option["label"]), 36)[:2]
        for index, line in enumerate(lines):
            shift = (index - (len(lines) - 1) / 2) * _LINE_PX
            by_shift.setdefault(shift, []).append({"option": str(option["label"]), "text": line})
    mark = {"type": "text", "align": "right", "baseline": "middle", "x": -10, "fontSize": 11, "tooltip": None}
    return [
        {
            "data": {"values": records},
            "mark": {**mark, "dy": shift},
            "encoding": {"y": y, "text": {"field": "text", "type": "nominal"}},
        }
        for shift, records in by_shift.items()
    ]


def _peaks(effect: Sequence[str], shown: Sequence[Option], used: Mapping[str, Look], index: int) -> dict[str, Any]:
    name, _, heading, unit = effect
    values = [value for option in shown if (peak := _peak(option, effect)) for value in (peak["low"], peak["high"])]
    labels = [str(option["label"]) for option in shown]
    y = {
        "field": "option",
        "type": "nominal",
        "sort": None,
        "scale": {"domain": labels, "paddingOuter": 0.2},
        "axis": {"title": None, "labels": False, "ticks": False, "grid": True, "domain": False},
    }
    x = {
        "type": "quantitative",
        "scale": {"domain": nice_domain(values), "nice": False},
        "axis": {"title": f"Highest {unit}", "tickCount": 6},
    }
    tooltip = [
        {"field": "option", "type": "nominal", "title": "Option"},
        {"field": "text", "type": "nominal", "title": "Highest (95% of patients)"},
    ]
    if name == "dissociation":
        tooltip.append({"field": "over", "type": "nominal", "title": "Over after (95% of patients)"})
    missing = [{"option": str(o["label"]), "text": "not shown"} for o in shown if _peak(o, effect) is None]
    return {
        "width": _WIDTH,
        "height": _ROW_PX * len(shown),
        "title": {"text": f"Highest: {heading[0].lower()}{heading[1:]}", "fontSize": 12, "offset": 6},
        "data": {"name": "acute_peaks"},
        "transform": [{"filter": {"field": "effect", "equal": name}}],
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2.2},
                "encoding": {
                    "y": y,
                    "x": {"field": "low", **x},
                    "x2": {"field": "high"},
                    **_colours(used),
                    "tooltip": tooltip,
                },
            },
            {
                "mark": _POINT,
                "encoding": {
                    "y": y,
                    "x": {"field": "median", **x},
                    **_point_look(used),
                    "tooltip": tooltip,
                },
            },
            {
                "data": {"values": missing},
                "mark": {"type": "text", "align": "left", "x": 6, "fontSize": 11, "fontStyle": "italic"}
                | {"color": QUIET_INK, "baseline": "middle"},
                "encoding": {"y": y, "text": {"field": "text", "type": "nominal"}},
            },
            *(_label_layers(shown, y) if index == 0 else []),
        ],
    }


def _table(shown: Sequence[Option], curves: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    rows: list[Row] = []
    for option in shown:
        for effect in _EFFECTS:
            name, _, heading, unit = effect
            peak = _peak(option, effect)
            row: Row = {"option": str(option["label"]), "effect (unit)": f"{heading} ({unit})"}
            row["highest, median"] = peak["median"] if peak else None
            row["highest, 95% of patients, low"] = peak["low"] if peak else None
            row["highest, 95% of patients, high"] = peak["high"] if peak else None
            curve = curves.get(str(option["id"]), {})
            for hours in _TABLE_HOURS:
                row[f"median at {duration(hours)}"] = _median_at(curve, name, hours)
            rows.append(row)
    return rows


def _median_at(curve: Mapping[str, Any], name: str, time_h: float) -> float | None:
    """The curve's value at a time that its grid holds; nothing is interpolated."""
    if name not in curve:
        return None
    for grid_h, value in zip(curve["time_h"], curve[name]["median"], strict=True):
        if abs(grid_h - time_h) <= 0.02 * time_h:
            return float(value)
    return None


def _summary(shown: Sequence[Option], absent: Sequence[str]) -> str:
    if not shown:
        return f"No option has an acute effect to show: {', '.join(absent) or 'no options given'}."
    sentences = [f"Acute effects of {counted(len(shown), 'option')}; intervals hold 95% of patients."]
    for effect in _EFFECTS:
        _, _, heading, unit = effect
        phrases = []
        for option in shown:
            peak = _peak(option, effect)
            if peak is not None:
                phrases.append(f"{option['label']} {with_interval(peak, _KINDS[unit])}")
        if phrases:
            sentences.append(f"{heading}, highest, in {unit}: {'; '.join(phrases)}.")
    over = [
        f"{option['label']} {with_interval(option['acute']['dissociation_over_h'], 'time')}"
        for option in shown
        if option["acute"].get("dissociation_over_h")
    ]
    if over:
        sentences.append(f"Dissociation is over after: {'; '.join(over)}.")
    if absent:
        sentences.append(f"Nothing is shown for: {', '.join(absent)}.")
    return " ".join(sentences)
