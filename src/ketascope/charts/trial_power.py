"""Virtual trials: power or assurance over the number of people or over doses, and what a trial would print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from ketascope.charts.chart import Chart, Row
from ketascope.charts.style import REFERENCE, top_level
from ketascope.report.format import plain

_WIDTH, _HEIGHT, _STEP = 470, 260, 34
_BAR, _OBSERVED = "#9db9d3", "#D55E00"
# Okabe and Ito; the shape says the same as the colour.
_COLOURS = ("#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_SHAPES = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross")
_EIGHTY_PERCENT = 80.0
# Where an observed result stands, in heights of the tallest bar.
_ABOVE = 1.1


def power_over_people(rows: Sequence[Mapping[str, Any]], measure: str) -> Chart:
    """Share of trials that succeed by number of people, one line for each analysis and arm.

    rows: plain data with line (analysis and arm), people, and percent, low, high (95% Monte-Carlo interval), ascending
    in people within a line. measure: "power" or "assurance".
    """
    lines = list(dict.fromkeys(str(row["line"]) for row in rows))
    title = f"{measure.capitalize()} by number of people"
    summary = " ".join(_course_words(line, [row for row in rows if row["line"] == line]) for line in lines)
    colour, shape = (_look(lines, looks) for looks in (_COLOURS, _SHAPES))
    x = {"field": "people", "type": "quantitative", "title": "people, all arms together", "scale": {"zero": False}}
    body = {
        "data": {"values": [dict(row) for row in rows]},
        "width": _WIDTH,
        "height": _HEIGHT,
        "layer": [
            {
                "mark": {"type": "rule", "color": REFERENCE, "strokeDash": [3, 3]},
                "encoding": {"y": {"datum": _EIGHTY_PERCENT}},
            },
            {"mark": {"type": "line"}, "encoding": {"x": x, "y": _percent("percent", measure), "color": colour}},
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {"x": x, "y": _percent("low", measure), "y2": {"field": "high"}, "color": colour},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
                "encoding": {"x": x, "y": _percent("percent", measure), "color": colour, "shape": shape},
            },
        ],
    }
    subtitle = ["Share of simulated trials with a significant benefit; bars: 95% Monte-Carlo interval. Dashed: 80%."]
    return Chart("trial-power", title, top_level(title, subtitle, summary, body), summary, _table(rows))


def power_over_doses(rows: Sequence[Mapping[str, Any]], measure: str) -> Chart:
    """Share of trials that succeed for each dose sentence.

    rows: plain data with line (analysis and arm), sentence, and percent, low, high; the design's own dose among them.
    """
    lines = list(dict.fromkeys(str(row["line"]) for row in rows))
    sentences = list(dict.fromkeys(str(row["sentence"]) for row in rows))
    title = f"{measure.capitalize()} by dose"
    summary = " ".join(f"{row['sentence']} ({row['line']}): {_with_interval(row)}." for row in rows)
    colour, shape = (_look(lines, looks) for looks in (_COLOURS, _SHAPES))
    y = {"field": "sentence", "type": "nominal", "sort": sentences, "title": None, "axis": {"labelLimit": 360}}
    offset = {"field": "line", "type": "nominal", "sort": lines}
    body = {
        "data": {"values": [dict(row) for row in rows]},
        "width": _WIDTH,
        "height": {"step": _STEP},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {
                    "y": y,
                    "yOffset": offset,
                    "x": _percent("low", measure),
                    "x2": {"field": "high"},
                    "color": colour,
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
                "encoding": {
                    "y": y,
                    "yOffset": offset,
                    "x": _percent("percent", measure),
                    "color": colour,
                    "shape": shape,
                },
            },
        ],
    }
    subtitle = ["The first active arm given each dose in turn; bars: 95% Monte-Carlo interval."]
    return Chart("trial-doses", title, top_level(title, subtitle, summary, body), summary, _table(rows))


def effect_distribution(
    predicted: Mapping[str, Any], observed: Mapping[str, Any] | None, unit: str, parameters: str, number: int = 1
) -> Chart:
    """How often a trial of the design would print each difference from the control; a real trial's result is marked.

    predicted: plain data with arm, bin_edges (bins + 1), bin_counts, low_95, low_50, median, high_50, high_95.
    observed: label, estimate, low, high (None without a standard error) and percentile, or None. unit: of the
    difference. parameters: "posterior" or "fixed". number: of the arm, from 1.
    """
    edges, counts = predicted["bin_edges"], predicted["bin_counts"]
    total = sum(counts)
    bins: list[Row] = [
        {"from": low, "to": high, "percent_of_trials": 100.0 * count / total}
        for (low, high), count in zip(pairwise(edges), counts, strict=True)
    ]
    title = f"Difference that a trial would print: {predicted['arm']}"
    said = {name: plain(predicted[name], 1) for name in ("low_95", "low_50", "median", "high_50", "high_95")}
    summary = (
        f"Half of the simulated trials print between {said['low_50']} and {said['high_50']} {unit}, 95% between "
        f"{said['low_95']} and {said['high_95']}; the median is {said['median']}."
    )
    x = {"type": "quantitative", "title": f"difference from the control ({unit}); left is better"}
    y = {"field": "percent_of_trials", "type": "quantitative", "title": "% of simulated trials"}
    marked = ""
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": bins},
            "mark": {"type": "bar", "color": _BAR},
            "encoding": {"x": {"field": "from", "bin": {"binned": True}, **x}, "x2": {"field": "to"}, "y": y},
        },
        {
            "data": {"values": [{"zero": 0.0}]},
            "mark": {"type": "rule", "color": REFERENCE, "strokeDash": [3, 3]},
            "encoding": {"x": {"field": "zero", **x}},
        },
    ]
    if observed is not None and observed["estimate"] is not None:
        marked = f"Orange: observed{'' if observed['low'] is None else ', with its 95% interval'}."
        layers += _observed_layers(observed, x, max(float(str(row["percent_of_trials"])) for row in bins))
        printed, percentile = plain(observed["estimate"], 1), plain(observed["percentile"], 0)
        summary += f" {observed['label']} printed {printed}: percentile {percentile}."
    drawn = "parameters drawn from the posterior" if parameters == "posterior" else "parameters fixed"
    subtitle = [f"{total:,} simulated trials, {drawn}. {marked}".rstrip()]
    body = {"width": _WIDTH, "height": _HEIGHT, "layer": layers}
    return Chart(f"trial-effect-{number}", title, top_level(title, subtitle, summary, body), summary, bins)


def _observed_layers(observed: Mapping[str, Any], x: Mapping[str, Any], top: float) -> list[dict[str, Any]]:
    has_ends = observed["low"] is not None
    point = {
        "value": observed["estimate"],
        "low": observed["low"] if has_ends else observed["estimate"],
        "high": observed["high"] if has_ends else observed["estimate"],
        "height": _ABOVE * top,
        "label": observed["label"],
    }
    height = {"field": "height", "type": "quantitative"}
    return [
        {
            "data": {"values": [point]},
            "mark": {"type": "rule", "strokeWidth": 3, "color": _OBSERVED},
            "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}, "y": height},
        },
        {
            "data": {"values": [point]},
            "mark": {
                "type": "point",
                "shape": "diamond",
                "filled": True,
                "size": 120,
                "color": _OBSERVED,
                "opacity": 1,
            },
            "encoding": {"x": {"field": "value", **x}, "y": height},
        },
        {
            "data": {"values": [point]},
            "mark": {"type": "text", "dy": -14, "color": _OBSERVED, "fontWeight": "bold"},
            "encoding": {"x": {"field": "value", **x}, "y": height, "text": {"field": "label"}},
        },
    ]


def _percent(field: str, measure: str) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "title": f"{measure}, %", "scale": {"domain": [0, 100]}}


def _look(lines: Sequence[str], looks: Sequence[str]) -> dict[str, Any]:
    scale = {"domain": list(lines), "range": [looks[index % len(looks)] for index in range(len(lines))]}
    return {"field": "line", "type": "nominal", "scale": scale, "legend": {"title": None, "orient": "top"}}


def _course_words(line: str, rows: Sequence[Mapping[str, Any]]) -> str:
    ends = [f"{row['people']} people {_with_interval(row)}" for row in (rows[0], rows[-1])]
    return f"{line}: {' to '.join(dict.fromkeys(ends))}."


def _with_interval(row: Mapping[str, Any]) -> str:
    return f"{plain(row['percent'], 1)}% ({plain(row['low'], 1)} to {plain(row['high'], 1)})"


def _table(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    return [dict(row) for row in rows]
