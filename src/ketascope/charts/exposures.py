"""Single observed figures (peaks, areas, bioavailabilities) over their predictive intervals, one line a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.charts.chart import Chart, Row
from ketascope.charts.style import REFERENCE, top_level

_WIDTH, _STEP = 520, 17
_BAND, _TRAINING, _TEST = "#9db8d2", "#1b1b1b", "#b3401f"
_TITLE = "Peaks, areas and ratios: observed over predicted"


def exposure_intervals(figures: Sequence[Mapping[str, Any]]) -> Chart:
    """Every figure divided by its predictive median, with its 90% predictive interval, grouped by study.

    figures: plain data with study, part, what (words), observed, low, median, high in one unit.
    """
    inside = sum(figure["low"] <= figure["observed"] <= figure["high"] for figure in figures)
    summary = f"{inside} of {len(figures)} figures lie inside the 90% predictive interval of a new study."
    records = [
        {
            "label": f"{figure['study']}: {figure['what']}",
            "observed": figure["observed"] / figure["median"],
            "low": figure["low"] / figure["median"],
            "high": figure["high"] / figure["median"],
            "part": figure["part"],
        }
        for figure in figures
    ]
    labels = [record["label"] for record in records]
    y = {"field": "label", "type": "nominal", "sort": labels, "title": None, "axis": {"labelLimit": 430}}

    def x(field: str) -> dict[str, Any]:
        axis = {"values": [0.2, 0.33, 0.5, 0.67, 1, 1.5, 2, 3, 5], "format": "~g"}
        scale = {"type": "log", "domain": [0.15, 6.5], "nice": False, "clamp": True}
        return {"field": field, "type": "quantitative", "scale": scale, "axis": axis, "title": "over predictive median"}

    body = {
        "data": {"values": records},
        "width": _WIDTH,
        "height": {"step": _STEP},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 7, "color": _BAND},
                "encoding": {"y": y, "x": x("low"), "x2": {"field": "high"}},
            },
            {"mark": {"type": "rule", "color": REFERENCE, "strokeDash": [3, 3]}, "encoding": {"x": {"datum": 1}}},
            {
                "mark": {"type": "point", "filled": True, "size": 50},
                "encoding": {
                    "y": y,
                    "x": x("observed"),
                    "color": {
                        "field": "part",
                        "type": "nominal",
                        "scale": {"domain": ["training", "test"], "range": [_TRAINING, _TEST]},
                        "legend": {"title": "study", "orient": "top"},
                    },
                },
            },
        ],
    }
    subtitle = ["Bar: 90% predictive interval of a new study. Dot: observed.", summary]
    spec = top_level(_TITLE, subtitle, summary, body)
    table: list[Row] = [
        {key: figure[key] for key in ("study", "part", "what", "observed", "low", "median", "high")}
        for figure in figures
    ]
    return Chart("exposure-intervals", _TITLE, spec, summary, table)
