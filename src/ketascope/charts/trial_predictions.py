"""Observed trial figures over their predictive intervals, one line a figure, grouped by unit and indication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.charts.chart import Chart, Row
from ketascope.charts.style import INK, REFERENCE, top_level
from ketascope.report.format import duration

_WIDTH, _STEP, _PADDING = 430, 15, 9
_WIDE, _NARROW = "#bcd0e4", "#5f8fbd"
_INSIDE, _OUTSIDE, _BOUND = "inside 95%", "outside 95%", "bound of a null"
# Okabe and Ito; the shape says the same as the colour.
_LOOKS = {_INSIDE: ("#1b1b1b", "circle"), _OUTSIDE: ("#D55E00", "diamond"), _BOUND: ("#CC79A7", "cross")}
_AXES = {
    "SD": "standardised differences",
    "points": "points of the trial's scale",
    "% responding": "% responding",
    "share": "share of the later difference",
}
_TITLE = "Trial figures: observed over predicted"
_LEFT_OUT_TITLE = "Trials left out one by one: observed over predicted"


def trial_predictions(rows: Sequence[Mapping[str, Any]], left_out: bool = False) -> Chart:
    """Every figure with its 50% and 95% predictive interval; standardised differences first.

    rows: ledger rows, plain data with label, what, indication_label, time_h, unit, observed (None for a null without an
    estimate, which has a bound), low_95, low_50, median, high_50, high_95, inside_95, and use. left_out: they are
    predictions of trials that the fit had not seen.
    """
    table = [_record(row) for row in rows]
    seen = [row for row in rows if row["observed"] is not None]
    inside = {level: sum(bool(row[f"inside_{level}"]) for row in seen) for level in ("50", "95")}
    whose = "comparisons of trials that the fit had not seen" if left_out else "figures"
    summary = (
        f"{inside['50']} of {len(seen)} {whose} lie inside the 50% predictive interval, {inside['95']} inside the 95%."
    )
    reads = [name for name in _LOOKS if any(row["reads"] == name for row in table)]
    units = [unit for unit in _AXES if any(row["unit"] == unit for row in table)]
    body = {
        "vconcat": [panel for unit in units for panel in _panels(unit, table, reads)],
        "spacing": 14,
        "resolve": {"scale": {"y": "independent"}},
    }
    subtitle = [
        "Bars: 50% and 95% predictive interval of a new trial of the same arms. Point: observed; left is better,",
        "except in % responding. Two crosses: no difference was found, and an estimate must lie between them.",
        summary,
    ]
    title = _LEFT_OUT_TITLE if left_out else _TITLE
    name = "trials-left-out" if left_out else "trial-predictions"
    return Chart(name, title, top_level(title, subtitle, summary, body), summary, table)


def _record(row: Mapping[str, Any]) -> Row:
    use = row.get("use", "fit")
    return {
        "figure": f"{row['label']}: {row['what']}, {duration(row['time_h'])}{'' if use == 'fit' else ' (check)'}",
        "indication": row["indication_label"],
        "unit": row["unit"],
        "observed": row["observed"],
        "bound": row.get("bound"),
        **{name: row[name] for name in ("low_95", "low_50", "median", "high_50", "high_95")},
        "reads": _BOUND if row["observed"] is None else _INSIDE if row["inside_95"] else _OUTSIDE,
    }


def _panels(unit: str, table: Sequence[Row], reads: Sequence[str]) -> list[dict[str, Any]]:
    """One panel an indication; those of one unit share their horizontal scale."""
    own = [row for row in table if row["unit"] == unit]
    ends = [value for row in own for value in _extent(row)]
    domain = [min(ends), max(ends)]
    names = list(dict.fromkeys(row["indication"] for row in own))
    return [
        _panel(unit, str(name), [row for row in own if row["indication"] == name], domain, reads, name == names[-1])
        for name in names
    ]


def _extent(row: Row) -> list[float]:
    bound = row["bound"]
    sides = [] if bound is None else [-float(bound), float(bound)]
    given = [row[name] for name in ("low_95", "high_95", "observed")]
    return [0.0, *sides, *(float(value) for value in given if value is not None)]


def _panel(
    unit: str, name: str, rows: Sequence[Row], domain: Sequence[float], reads: Sequence[str], last: bool
) -> dict[str, Any]:
    lines = [{**row, "line": str(position)} for position, row in enumerate(rows)]
    # Two figures of one source may have the same words, so a line is known by its place.
    text = "{" + ", ".join(f"'{row['line']}': {_quoted(str(row['figure']))}" for row in lines) + "}[datum.value]"
    y = {
        "field": "line",
        "type": "nominal",
        "sort": [row["line"] for row in lines],
        "title": None,
        "axis": {"labelLimit": 450, "labelExpr": text, "ticks": False, "domain": False},
    }
    title = f"{_AXES[unit]}" if last else None
    x = {
        "type": "quantitative",
        "title": title,
        "scale": {"domain": list(domain), "nice": False, "padding": _PADDING},
        "axis": {"labels": last, "tickCount": 7},
    }
    marks = [{**row, "value": value} for row in lines for value in _shown(row)]
    return {
        "width": _WIDTH,
        "height": {"step": _STEP},
        "title": {"text": f"{name} ({unit})", "fontSize": 12, "color": INK},
        "layer": [
            {
                "data": {"values": lines},
                "mark": {"type": "rule", "strokeWidth": 8, "color": _WIDE},
                "encoding": {"y": y, "x": {"field": "low_95", **x}, "x2": {"field": "high_95"}},
            },
            {
                "data": {"values": lines},
                "mark": {"type": "rule", "strokeWidth": 8, "color": _NARROW},
                "encoding": {"y": y, "x": {"field": "low_50", **x}, "x2": {"field": "high_50"}},
            },
            {
                "data": {"values": [{"zero": 0.0}]},
                "mark": {"type": "rule", "color": REFERENCE, "strokeDash": [3, 3]},
                "encoding": {"x": {"field": "zero", **x}},
            },
            {
                "data": {"values": marks},
                "mark": {"type": "point", "filled": True, "size": 48, "opacity": 1},
                "encoding": {"y": y, "x": {"field": "value", **x}, "color": _look(0, reads), "shape": _look(1, reads)},
            },
        ],
    }


def _shown(row: Row) -> list[float]:
    """Where the points of a line stand: the observation, or both ends of a bound."""
    if row["observed"] is not None:
        return [float(row["observed"])]
    return [] if row["bound"] is None else [-float(row["bound"]), float(row["bound"])]


def _look(of: int, reads: Sequence[str]) -> dict[str, Any]:
    scale = {"domain": list(reads), "range": [_LOOKS[name][of] for name in reads]}
    return {"field": "reads", "type": "nominal", "scale": scale, "legend": {"title": "observed", "orient": "top"}}


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
