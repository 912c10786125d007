"""Forest plot: every study of a pool with its weight, the pooled diamond, the prediction, and who is absent."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ketascope.charts.chart import Chart
from ketascope.charts.forest_rows import clipped, domain, drawn_studies, forest_rows, shown_value
from ketascope.charts.forest_text import forest_summary, forest_table, is_ratio, method_line, prediction_text
from ketascope.charts.style import INK, QUIET_INK, REFERENCE, load_style, top_level
from ketascope.files import packaged_toml

_WIDTH, _ROW_PX, _LINE_PX = 330, 24, 15
_TITLE_COLUMNS, _LIST_COLUMNS = 185, 215
# Where the columns stand, in pixels from the left edge of the plot: words end at the plot, numbers follow it.
_COLUMNS = {"study": -590, "comparison": -420, "time": -180, "people": -84, "estimate": 345, "weight": 515, "bias": 545}
_HALF_DIAMOND = 0.32
# Whether a line runs off the axis, where it is cut, and the arrow there.
_ENDS = (("runs_low", "drawn_low", "triangle-left"), ("runs_high", "drawn_high", "triangle-right"))
_LONGEST_LIST, _LIST_COLUMN_PX = 14, 600

Document = Mapping[str, Any]
Record = dict[str, Any]


def forest(document: Document) -> Chart:
    """The forest plot of an evidence document; a pool that was refused shows its studies without a diamond."""
    title = f"{document['treatment_label']}: {document['outcome_label']} in {document['label']}"
    summary = forest_summary(document)
    subtitle = [line for text in _subtitle(document) for line in textwrap.wrap(text, _TITLE_COLUMNS)]
    rows = forest_rows(document)
    views = [_plot(document, rows)] if rows else [_nothing()]
    listed = _listed_lines(document)
    if listed:
        views.append(_list_view(listed))
    body = {"vconcat": views, "spacing": 18}
    spec = top_level(title, subtitle, summary, body)
    # The words left of the plot belong to the figure, so its title starts above them.
    spec["title"]["dx"] = _COLUMNS["study"]
    return Chart("forest", title, spec, summary, forest_table(document), draws_values=bool(rows))


def _subtitle(document: Document) -> list[str]:
    lines = [str(document["words"]), method_line(document)]
    if document["pooled"] is not None:
        lines.append(prediction_text(document))
    return lines


def _plot(document: Document, rows: Sequence[Record]) -> dict[str, Any]:
    low, high = domain(document, rows)
    rows = clipped(rows, low, high)
    height = _ROW_PX * len(rows)
    x: dict[str, Any] = {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False, "zero": False},
        "axis": {"title": _axis_title(document), "tickCount": 7, "grid": True, "titlePadding": 24},
    }
    if is_ratio(document):
        x["scale"]["type"] = "log"
        x["axis"] |= {"values": _ratio_ticks(low, high), "labelExpr": "format(datum.value, '~r')", "grid": True}
    y = {
        "field": "line",
        "type": "quantitative",
        "scale": {"domain": [0, len(rows)], "reverse": True, "nice": False},
        "axis": None,
    }
    layers = [
        _null_line(document, len(rows), x, y),
        *_interval_layers(document, rows, x, y),
        *_mark_layers(document, rows, x, y),
        *_diamond_layers(document, rows, x, y),
        *_text_layers(rows, y),
        *_heading_layers(document),
        *_favours_layers(document, height),
        *_bias_layers(rows, y),
    ]
    return {"width": _WIDTH, "height": height, "layer": layers}


def _axis_title(document: Document) -> str:
    unit = f" ({document['unit']})" if document["unit"] else ""
    return f"{document['measure_label']}{unit}{', log axis' if is_ratio(document) else ''}"


def _ratio_ticks(low: float, high: float) -> list[float]:
    every = [base * 10.0**power for power in range(-4, 5) for base in (1, 2, 5)]
    inside = [tick for tick in every if low <= tick <= high]
    while len(inside) > 7:
        coarse = [tick for tick in inside if math.isclose(math.log10(tick), round(math.log10(tick)))]
        inside = coarse if len(coarse) >= 3 and coarse != inside else inside[::2]
    return inside


def _null_line(document: Document, lines: int, x: Record, y: Record) -> Record:
    return {
        "data": {"values": [{"null": shown_value(document, 0.0), "line": 0, "end": lines}]},
        "mark": {"type": "rule", "strokeDash": [4, 3], "color": REFERENCE, "strokeWidth": 1.3, "tooltip": None},
        "encoding": {"x": {"field": "null", **x}, "y": y, "y2": {"field": "end"}},
    }


def _tooltip(document: Document) -> list[Record]:
    return [
        {"field": "full", "type": "nominal", "title": "Study"},
        {"field": "estimate_text", "type": "nominal", "title": f"{document['measure_label']} (95% interval)"},
        {"field": "people", "type": "nominal", "title": "People"},
        {"field": "weight_text", "type": "nominal", "title": "Weight"},
    ]


def _colour(document: Document) -> str:
    style = load_style()
    return str(style["drugs"].get(document["treatment"], style["fallback"]["colours"][3]))


def _interval_layers(document: Document, rows: Sequence[Record], x: Record, y: Record) -> list[Record]:
    """Confidence intervals as lines, a bound and the prediction dashed, an arrow where a line runs off the axis."""
    dashes = {"study": [1, 0], "left_out": [1, 0], "bound": [3, 3], "prediction": [7, 3]}
    colours = {"study": _colour(document), "bound": _colour(document), "left_out": "#8a8a8a", "prediction": INK}
    layers: list[Record] = []
    for kind, dash in dashes.items():
        records = [row for row in rows if row["kind"] == kind]
        if not records:
            continue
        layers.append(
            {
                "data": {"values": records},
                "mark": {"type": "rule", "strokeWidth": 1.6, "strokeDash": dash, "color": colours[kind]},
                "encoding": {
                    "x": {"field": "drawn_low", **x},
                    "x2": {"field": "drawn_high"},
                    "y": y,
                    "tooltip": _tooltip(document),
                },
            }
        )
        for flag, end, shape in _ENDS:
            running = [row for row in records if row[flag]]
            if running:
                layers.append(
                    {
                        "data": {"values": running},
                        "mark": {"type": "point", "shape": shape, "size": 55, "filled": True, "color": colours[kind]},
                        "encoding": {"x": {"field": end, **x}, "y": y},
                    }
                )
    return layers


def _mark_layers(document: Document, rows: Sequence[Record], x: Record, y: Record) -> list[Record]:
    """Squares whose area follows the weight; a bound is hollow, a study outside the pool a small cross."""
    looks: dict[str, Record] = {
        "study": {"shape": "square", "filled": True, "color": _colour(document)},
        "bound": {"shape": "square", "filled": False, "strokeWidth": 2, "stroke": _colour(document)},
        "left_out": {"shape": "cross", "filled": True, "color": "#8a8a8a"},
    }
    layers = []
    for kind, look in looks.items():
        records = [row | {"area": 28.0 + 3.4 * (row["weight"] or 0.0)} for row in rows if row["kind"] == kind]
        if records:
            layers.append(
                {
                    "data": {"values": records},
                    "mark": {"type": "point", "opacity": 1, **look},
                    "encoding": {
                        "x": {"field": "estimate", **x},
                        "y": y,
                        "size": {"field": "area", "type": "quantitative", "scale": None},
                        "tooltip": _tooltip(document),
                    },
                }
            )
    return layers


def _diamond_layers(document: Document, rows: Sequence[Record], x: Record, y: Record) -> list[Record]:
    layers = []
    for row in rows:
        if row["kind"] not in ("diamond", "hollow"):
            continue
        line = row["line"]
        left, middle, right = row["drawn_low"], row["estimate"], row["drawn_high"]
        points = [
            {"at": left, "line": line, "below": line},
            {"at": middle, "line": line - _HALF_DIAMOND, "below": line + _HALF_DIAMOND},
            {"at": right, "line": line, "below": line},
        ]
        fill: Record = {"color": INK} if row["kind"] == "diamond" else {"color": "#ffffff"}
        outline: Record = {"line": False, "stroke": INK, "strokeWidth": 1.4}
        layers.append(
            {
                "data": {"values": [{**point, **_said(row)} for point in points]},
                "mark": {"type": "area", "opacity": 1, **fill, **outline},
                "encoding": {
                    "x": {"field": "at", **x},
                    "y": y,
                    "y2": {"field": "below"},
                    "tooltip": _tooltip(document)[:2],
                },
            }
        )
        for flag, end, shape in _ENDS:
            if row[flag]:
                layers.append(
                    {
                        "data": {"values": [{"at": row[end], "line": line}]},
                        "mark": {"type": "point", "shape": shape, "size": 55, "filled": True, "color": INK},
                        "encoding": {"x": {"field": "at", **x}, "y": y},
                    }
                )
    return layers


def _said(row: Record) -> Record:
    return {"full": row["full"], "estimate_text": row["estimate_text"]}


def _text_layers(rows: Sequence[Record], y: Record) -> list[Record]:
    layers = []
    for column, field, align in _TEXTS:
        with_text = [row for row in rows if row.get(field)]
        records = [{"line": r["line"], "text": r[field], "strong": r["kind"] == "diamond"} for r in with_text]
        place = _COLUMNS[column] + (_ALIGNED_RIGHT.get(column, 0) if align == "right" else 0)
        mark = {"type": "text", "align": align, "baseline": "middle", "x": place, "fontSize": 11, "tooltip": None}
        for strong in (False, True):
            chosen = [record for record in records if record["strong"] is strong]
            if chosen:
                layers.append(
                    {
                        "data": {"values": chosen},
                        "mark": {**mark, "fontWeight": "bold" if strong else "normal"},
                        "encoding": {"y": y, "text": {"field": "text", "type": "nominal"}},
                    }
                )
    return layers


# Column, field of a row, side on which its texts line up.
_TEXTS = (
    ("study", "study", "left"),
    ("comparison", "comparison", "left"),
    ("time", "time", "right"),
    ("people", "people", "right"),
    ("estimate", "estimate_text", "left"),
    ("weight", "weight_text", "right"),
)

# Numbers end at their column's right edge, so that digits stand under digits.
_ALIGNED_RIGHT = {"time": 36, "people": 72, "weight": 18}


def _heading_layers(document: Document) -> list[Record]:
    counts = _has_counts(document)
    people = "Events / people" if counts else "People"
    ratio = "Ratio" if is_ratio(document) else str(document["measure"])
    headings = {
        "study": "Study",
        "comparison": "Comparison",
        "time": "Time",
        "people": people,
        "estimate": f"{ratio} (95% interval)",
        "weight": "Weight",
        "bias": "Risk of bias",
    }
    layers = []
    for column, text in headings.items():
        right = column in _ALIGNED_RIGHT
        layers.append(
            {
                "data": {"values": [{"text": text}]},
                "mark": {
                    "type": "text",
                    "align": "right" if right else "left",
                    "x": _COLUMNS[column] + _ALIGNED_RIGHT.get(column, 0),
                    "y": -12,
                    "fontSize": 11,
                    "fontWeight": "bold",
                    "tooltip": None,
                },
                "encoding": {"text": {"field": "text", "type": "nominal"}},
            }
        )
    return layers


def _has_counts(document: Document) -> bool:
    return any(study.get("events_treatment") is not None for study in drawn_studies(document))


def _favours_layers(document: Document, height: int) -> list[Record]:
    ends = (
        (0, "left", f"\N{LEFTWARDS ARROW} {document['favours']['low']}"),
        (_WIDTH, "right", f"{document['favours']['high']} \N{RIGHTWARDS ARROW}"),
    )
    return [
        {
            "data": {"values": [{"text": text}]},
            "mark": {
                "type": "text",
                "align": align,
                "x": place,
                "y": height + 32,
                "fontSize": 11,
                "fontWeight": "bold",
                "tooltip": None,
            },
            "encoding": {"text": {"field": "text", "type": "nominal"}},
        }
        for place, align, text in ends
    ]


@cache
def bias_marks() -> dict[str, Any]:
    """Shape, filling and colour of each level of the risk of bias."""
    return packaged_toml("charts/forest.toml")


def _bias_layers(rows: Sequence[Record], y: Record) -> list[Record]:
    """A mark whose shape and word both tell the risk of bias; colour only repeats it."""
    marks = bias_marks()
    layers: list[Record] = []
    for level, look in marks.items():
        records = [{"line": row["line"], "text": level} for row in rows if row.get("bias") == level]
        if records:
            point: Record = {"type": "point", "shape": look["shape"], "filled": look["filled"], "color": look["colour"]}
            layers += [
                {
                    "data": {"values": records},
                    "mark": {**point, "x": _COLUMNS["bias"] + 6, "size": 60, "strokeWidth": 1.6, "tooltip": None},
                    "encoding": {"y": y},
                },
                {
                    "data": {"values": records},
                    "mark": {"type": "text", "align": "left", "baseline": "middle", "fontSize": 11, "tooltip": None}
                    | {"x": _COLUMNS["bias"] + 16},
                    "encoding": {"y": y, "text": {"field": "text", "type": "nominal"}},
                },
            ]
    return layers


def _listed_lines(document: Document) -> list[tuple[int, int, str]]:
    """Studies that the plot cannot draw with the reason: (column, line, text), in two columns where they are many."""
    absent = document["without_numbers"]
    columns = 1 if len(absent) <= _LONGEST_LIST else 2
    half = math.ceil(len(absent) / columns)
    placed = []
    for column in range(columns):
        line = 0
        for study in absent[column * half : (column + 1) * half]:
            for index, text in enumerate(textwrap.wrap(f"{study['label']}: {study['why']}", _LIST_COLUMNS // columns)):
                placed.append((column, line, text if index == 0 else "\N{EM SPACE}" + text))
                line += 1
    return placed


def _list_view(placed: Sequence[tuple[int, int, str]]) -> dict[str, Any]:
    lines = 1 + max(line for _, line, _ in placed)
    layers = []
    for column in sorted({column for column, _, _ in placed}):
        records = [{"text": text, "line": line} for where, line, text in placed if where == column]
        layers.append(
            {
                "data": {"values": records},
                "mark": {
                    "type": "text",
                    "align": "left",
                    "baseline": "middle",
                    "x": _COLUMNS["study"] + column * _LIST_COLUMN_PX,
                    "fontSize": 10.5,
                    "color": QUIET_INK,
                    "tooltip": None,
                },
                "encoding": {
                    "y": {
                        "field": "line",
                        "type": "quantitative",
                        "scale": {"domain": [-0.5, lines - 0.5], "reverse": True, "nice": False},
                        "axis": None,
                    },
                    "text": {"field": "text", "type": "nominal"},
                },
            }
        )
    heading = {"text": "Studies that are not in the plot, and why", "fontSize": 12, "offset": 8}
    return {
        "width": _WIDTH,
        "height": _LINE_PX * lines,
        "title": heading | {"dx": _COLUMNS["study"]},
        "layer": layers,
    }


def _nothing() -> dict[str, Any]:
    return {
        "width": _WIDTH,
        "height": 40,
        "data": {"values": [{"text": "No study with usable numbers."}]},
        "mark": {"type": "text", "fontSize": 13, "tooltip": None},
        "encoding": {"text": {"field": "text", "type": "nominal"}},
    }
