"""Symptom course: change from baseline of every option, minutes to weeks, with both bands."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.charts.axes import nearest_index, nice_domain, place, spread, time_encoding, time_ticks
from ketascope.charts.chart import Chart
from ketascope.charts.course_text import course_summary, course_table, course_times, has_values
from ketascope.charts.style import QUIET_INK, REFERENCE, Look, looks, scale, top_level
from ketascope.report.format import duration

MEAN_BAND = "95% uncertainty of the population mean"
PATIENT_BAND = "95% of patients"
_BAND_OPACITY = {MEAN_BAND: 0.5, PATIENT_BAND: 0.16}
_WIDTH, _PANEL_WIDTH, _PANEL_HEIGHT, _LINE_PX = 620, 252, 140, 13

Curve = Mapping[str, Any]


def symptom_course(document: Mapping[str, Any], curves: Sequence[Curve]) -> Chart:
    """Mean change of all options together, then each option with its two bands beside placebo."""
    by_option = looks(curves)
    drawn = [curve for curve in curves if has_values(curve)]
    absent = [str(curve["label"]) for curve in curves if not has_values(curve)]
    scale_name = _scale_name(document)
    title = f"Change from baseline on {scale_name}"
    first_h = min((course_times(curve)[0] for curve in drawn), default=0.0)
    gap_note = _gap_note(document, first_h) if first_h > 0 else ""
    summary = course_summary(drawn, absent, scale_name, gap_note)
    if not drawn:
        body: dict[str, Any] = {
            "data": {"values": [{"text": "No option has a symptom course to show."}]},
            "mark": {"type": "text", "fontSize": 13},
            "encoding": {"text": {"field": "text", "type": "nominal"}},
        }
        return Chart("symptom-course", title, top_level(title, [], summary, body), summary, [])
    last_h = max(course_times(curve)[-1] for curve in drawn)
    subtitle = ["Lower is better. Time runs on a stretched scale, so that minutes and weeks are both readable."]
    with_placebo = any(curve["change"].get("placebo_mean") for curve in drawn)
    if with_placebo:
        subtitle.append("A session lowers the score for days whatever is given: the drug's part is the distance to the")
        subtitle.append("grey line of each small chart below, which is placebo with the same sessions.")
    if absent:
        subtitle += textwrap.wrap(f"No course is shown for: {', '.join(absent)} (see notes).", 120)
    body = {
        "datasets": {"course": _records(drawn, by_option)},
        "vconcat": [
            _overview(drawn, by_option, last_h, first_h, gap_note, scale_name),
            _band_key(with_placebo),
            {
                "concat": [_panel(c, drawn, by_option, last_h, first_h, scale_name) for c in drawn],
                "columns": 3,
                "spacing": {"row": 22, "column": 28},
            },
        ],
    }
    return Chart("symptom-course", title, top_level(title, subtitle, summary, body), summary, course_table(drawn))


def _scale_name(document: Mapping[str, Any]) -> str:
    names = (option["symptoms"]["scale"] for option in document["options"] if option.get("symptoms"))
    return str(next((name for name in names if name), "the symptom scale"))


def _gap_note(document: Mapping[str, Any], first_h: float) -> str:
    for option in document["options"]:
        for flag in option["flags"]:
            if flag["code"] == "scale_recall_longer":
                return str(flag["message"])
    return f"No value exists before {duration(first_h)}."


def _records(drawn: Sequence[Curve], by_option: Mapping[str, Look]) -> list[dict[str, Any]]:
    keys = ("mean", "mean_low", "mean_high", "patients_low", "patients_high", "placebo_mean")
    records = []
    for curve in drawn:
        look, change = by_option[curve["id"]], curve["change"]
        columns = [change.get(key) or [None] * len(curve["time_h"]) for key in keys]
        first_h = course_times(curve)[0]
        for time_h, *values in zip(curve["time_h"], *columns, strict=True):
            if time_h < first_h:
                continue
            record = {"id": curve["id"], "option": curve["label"], "drug": look.drug, "route": look.route}
            record |= {"time_h": time_h, "time": duration(time_h) if time_h else "first dose"}
            records.append(record | dict(zip(keys, values, strict=True)))
    return records


def _y(drawn: Sequence[Curve], keys: Sequence[str], scale_name: str, labels: bool = True) -> dict[str, Any]:
    values = [v for c in drawn for key in keys for v in c["change"].get(key) or () if v is not None]
    axis: dict[str, Any] = {"title": f"Change, {scale_name} points" if labels else None, "tickCount": 6}
    return {
        "type": "quantitative",
        "scale": {"domain": nice_domain(values), "nice": False, "zero": False},
        "axis": axis,
    }


def _tooltip() -> list[dict[str, Any]]:
    points = {"type": "quantitative", "format": ".1f"}
    return [
        {"field": "option", "type": "nominal", "title": "Option"},
        {"field": "time", "type": "nominal", "title": "Time"},
        {"field": "mean", "title": "Mean change (points)", **points},
        {"field": "mean_low", "title": "Mean, 95% low", **points},
        {"field": "mean_high", "title": "Mean, 95% high", **points},
        {"field": "patients_low", "title": "Patients, 95% low", **points},
        {"field": "patients_high", "title": "Patients, 95% high", **points},
    ]


def _zero_line(y: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "data": {"values": [{"zero": 0}]},
        "mark": {"type": "rule", "color": "#8a8a8a", "tooltip": None},
        "encoding": {"y": {"field": "zero", **y}},
    }


def _gap_layers(first_h: float, note: str, height: int, wrap: int) -> list[dict[str, Any]]:
    """A grey field over the times without values, so that a gap is not read as no change."""
    if not first_h:
        return []
    lines = textwrap.wrap(note, wrap)
    return [
        {
            "data": {"values": [{"start": 0, "end": first_h}]},
            "mark": {"type": "rect", "color": "#d9d9d9", "opacity": 0.45},
            "encoding": {"x": {"field": "start", "type": "quantitative"}, "x2": {"field": "end"}},
        },
        {
            "data": {"values": [{"text": "\n".join(lines)}]},
            "mark": {
                "type": "text",
                "align": "left",
                "baseline": "top",
                "lineBreak": "\n",
                "color": QUIET_INK,
                "x": 10,
                "y": height - 12 - 14 * len(lines),
                "fontSize": 11,
            },
            "encoding": {"text": {"field": "text", "type": "nominal"}},
        },
    ]


def _gap_columns(last_h: float, first_h: float) -> int:
    """How many characters of the note fit across the gap."""
    return max(20, int(place(first_h, last_h, first_h) * _WIDTH / 6.2))


def _label_points(
    drawn: Sequence[Curve], by_option: Mapping[str, Look], height: int, domain: Sequence[float]
) -> list[dict[str, Any]]:
    """Where each line's own name stands, right of the plot, moved apart where lines end close together."""
    texts = [_wrapped_label(curve) for curve in drawn]
    ends = [next(v for v in reversed(curve["change"]["mean"]) if v is not None) for curve in drawn]
    points_per_px = (domain[1] - domain[0]) / height
    pixels = [(domain[1] - end) / points_per_px for end in ends]
    sizes = [_label_px(text) for text in texts]
    places = spread(pixels, sizes, -10.0, max(height + 10.0, sum(sizes) - 10.0))
    return [
        {
            "option": curve["label"],
            "drug": by_option[curve["id"]].drug,
            "route": by_option[curve["id"]].route,
            "shape": by_option[curve["id"]].shape,
            "text": text,
            "line_end": end,
            # In points of the scale, so that the names share the y scale of the lines.
            "label_at": round(domain[1] - place * points_per_px, 4),
        }
        for curve, text, end, place in zip(drawn, texts, ends, places, strict=True)
    ]


def _text_lines(labels: Sequence[Mapping[str, Any]], points_per_px: float) -> list[dict[str, Any]]:
    """One record a line of text, centred as a block on its place."""
    records = []
    for label in labels:
        lines = label["text"].split("\n")
        for index, line in enumerate(lines):
            down_px = (index - (len(lines) - 1) / 2) * _LINE_PX
            records.append({"text": line, "label_at": round(label["label_at"] - down_px * points_per_px, 4)})
    return records


def _wrapped_label(curve: Curve) -> str:
    return "\n".join(textwrap.wrap(str(curve["label"]), 42)[:3])


def _label_px(text: str) -> float:
    return (text.count("\n") + 1) * _LINE_PX + 5.0


def _overview(
    drawn: Sequence[Curve],
    by_option: Mapping[str, Look],
    last_h: float,
    first_h: float,
    gap_note: str,
    scale_name: str,
) -> dict[str, Any]:
    height = max(340, math.ceil(sum(_label_px(_wrapped_label(curve)) for curve in drawn)) - 20)
    y = _y(drawn, ["mean"], scale_name)
    labels = _label_points(drawn, by_option, height, y["scale"]["domain"])
    colour = {"field": "drug", "type": "nominal", "scale": scale(by_option, "colour"), "legend": None}
    dash = {"field": "route", "type": "nominal", "scale": scale(by_option, "dash"), "legend": None}
    shape = {"field": "shape", "type": "nominal", "scale": None}
    x = time_encoding("time_h", last_h, first_h)
    at_label = {"field": "label_at", **y}
    point = {"type": "point", "stroke": "#ffffff", "strokeWidth": 0.8, "size": 55}
    return {
        "width": _WIDTH,
        "height": height,
        "title": {"text": "Mean of the population, all options", "offset": 8},
        "layer": [
            *_gap_layers(first_h, gap_note, height, _gap_columns(last_h, first_h)),
            _zero_line(y),
            {
                "data": {"name": "course"},
                "mark": {"type": "line", "invalid": "break-paths-filter-domains", "interpolate": "monotone"},
                "encoding": {
                    "x": x,
                    "y": {"field": "mean", **y},
                    "color": colour,
                    "strokeDash": dash,
                    "detail": {"field": "id", "type": "nominal"},
                    "tooltip": _tooltip(),
                },
            },
            {
                "data": {"values": _marker_records(drawn, by_option, last_h)},
                "mark": point,
                "encoding": {
                    "x": x,
                    "y": {"field": "mean", **y},
                    "fill": colour,
                    "shape": shape,
                    "tooltip": _tooltip()[:3],
                },
            },
            {
                "data": {"values": labels},
                "mark": {"type": "rule", "strokeWidth": 0.8, "color": "#9a9a9a"},
                "encoding": {
                    "x": {"value": _WIDTH + 4},
                    "x2": {"value": _WIDTH + 19},
                    "y": {"field": "line_end", **y},
                    "y2": {"field": "label_at"},
                },
            },
            {
                "data": {"values": labels},
                "mark": {"type": "rule", "strokeWidth": 2, "x": _WIDTH + 22, "x2": _WIDTH + 60},
                "encoding": {"y": at_label, "color": colour, "strokeDash": dash},
            },
            {
                "data": {"values": labels},
                "mark": {**point, "x": _WIDTH + 41},
                "encoding": {"y": at_label, "fill": colour, "shape": shape},
            },
            {
                "data": {"values": _text_lines(labels, (y["scale"]["domain"][1] - y["scale"]["domain"][0]) / height)},
                "mark": {
                    "type": "text",
                    "align": "left",
                    "baseline": "middle",
                    "x": _WIDTH + 67,
                    "fontSize": 11,
                    "tooltip": None,
                },
                "encoding": {"y": at_label, "text": {"field": "text", "type": "nominal"}},
            },
        ],
    }


def _marker_records(drawn: Sequence[Curve], by_option: Mapping[str, Look], last_h: float) -> list[dict[str, Any]]:
    """A few points on each line, at the labelled times, whose shape tells like-drawn options apart."""
    records = []
    for curve in drawn:
        look, times = by_option[curve["id"]], course_times(curve)
        for tick in time_ticks(last_h):
            index = nearest_index(curve["time_h"], tick)
            if times[0] <= curve["time_h"][index] and math.isclose(curve["time_h"][index], tick, rel_tol=0.05):
                records.append(
                    {
                        "option": curve["label"],
                        "drug": look.drug,
                        "shape": look.shape,
                        "time_h": curve["time_h"][index],
                        "time": duration(curve["time_h"][index]),
                        "mean": curve["change"]["mean"][index],
                    }
                )
    return records


def _band_key(with_placebo: bool) -> dict[str, Any]:
    """The legend of the small panels, drawn by hand: it must say which band is which before they are seen."""
    entries = [
        {"at": 0, "text": MEAN_BAND, "opacity": _BAND_OPACITY[MEAN_BAND] + _BAND_OPACITY[PATIENT_BAND]},
        {"at": 285, "text": PATIENT_BAND, "opacity": _BAND_OPACITY[PATIENT_BAND]},
    ]
    grey = [{"at": 425, "text": "mean with placebo and the same sessions"}] if with_placebo else []
    placed = {"field": "at", "type": "quantitative", "scale": None, "axis": None}
    ended = {"type": "rect", "height": 12, "width": 22, "xOffset": 11, "y": 8, "color": "#0072B2"}
    return {
        "width": _WIDTH,
        "height": 16,
        "title": {
            "text": "Each option with its uncertainty",
            "subtitle": "The two bands differ in kind: how sure the average is, and how far people differ.",
            "offset": 8,
        },
        "layer": [
            {
                "data": {"values": entries},
                "mark": ended,
                "encoding": {
                    "x": placed,
                    "opacity": {"field": "opacity", "type": "quantitative", "scale": None, "legend": None},
                },
            },
            {
                "data": {"values": grey},
                "mark": {
                    "type": "tick",
                    "orient": "horizontal",
                    "size": 22,
                    "thickness": 2,
                    "xOffset": 11,
                    "y": 8,
                }
                | {"color": REFERENCE},
                "encoding": {"x": placed},
            },
            {
                "data": {"values": [*entries, *grey]},
                "mark": {
                    "type": "text",
                    "align": "left",
                    "baseline": "middle",
                    "xOffset": 29,
                    "y": 8,
                    "fontSize": 11.5,
                },
                "encoding": {"x": placed, "text": {"field": "text", "type": "nominal"}},
            },
        ],
    }


def _panel(
    curve: Curve,
    drawn: Sequence[Curve],
    by_option: Mapping[str, Look],
    last_h: float,
    first_h: float,
    scale_name: str,
) -> dict[str, Any]:
    look = by_option[curve["id"]]
    keys = ("mean", "mean_low", "mean_high", "patients_low", "patients_high")
    y = _y(drawn, keys, scale_name)
    y["axis"] |= {"tickCount": 4, "title": f"{scale_name} points"}
    x = time_encoding("time_h", last_h, first_h, few=True, title=None)
    own = {"data": {"name": "course"}, "transform": [{"filter": {"field": "id", "equal": curve["id"]}}]}
    layers: list[dict[str, Any]] = [*_gap_layers(first_h, "", _PANEL_HEIGHT, 30)[:1], _zero_line(y)]
    for name, low, high in ((PATIENT_BAND, *keys[3:]), (MEAN_BAND, *keys[1:3])):
        layers.append(
            {
                **own,
                "mark": {
                    "type": "area",
                    "color": look.colour,
                    "opacity": _BAND_OPACITY[name],
                    "invalid": "break-paths-filter-domains",
                },
                "encoding": {
                    "x": x,
                    "y": {"field": low, **y},
                    "y2": {"field": high},
                },
            }
        )
    line = {"type": "line", "invalid": "break-paths-filter-domains", "interpolate": "monotone"}
    if curve["change"].get("placebo_mean"):
        layers.append(
            {
                **own,
                "mark": {**line, "color": REFERENCE, "strokeWidth": 1.5},
                "encoding": {"x": x, "y": {"field": "placebo_mean", **y}},
            }
        )
    layers.append(
        {
            **own,
            "mark": {**line, "color": look.colour, "strokeDash": list(look.dash)},
            "encoding": {"x": x, "y": {"field": "mean", **y}, "tooltip": _tooltip()},
        }
    )
    heading = {"text": textwrap.wrap(str(curve["label"]), 42), "fontSize": 11.5, "offset": 6}
    return {"width": _PANEL_WIDTH, "height": _PANEL_HEIGHT, "title": heading, "layer": layers}
