"""What the data taught of each parameter: its posterior interval over its prior interval, one line a parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.charts.chart import Chart, Row
from ketascope.charts.style import REFERENCE, top_level

_WIDTH, _STEP = 470, 17
_PRIOR = "#d4d4d4"
_INFORMED, _NOT_INFORMED = "informed by trials", "not informed by trials"
# Okabe and Ito; the shape says the same as the colour.
_LOOKS = {_INFORMED: ("#0072B2", "circle"), _NOT_INFORMED: ("#D55E00", "diamond")}
_TITLE = "Parameters before and after the trials"


def parameter_contraction(parameters: Sequence[Mapping[str, Any]]) -> Chart:
    """Prior and posterior 95% intervals of every parameter on one scale.

    parameters: plain data with name, informed, sd_ratio (posterior over prior SD), prior_low, prior_high, low, median
    and high, all but the ratio in prior SDs from the prior median; in the order of the lines.
    """
    informed = sum(bool(row["informed"]) for row in parameters)
    summary = f"{informed} of {len(parameters)} parameters are informed by trials; the trials do not narrow the others."
    table: list[Row] = [
        {
            "parameter": row["name"],
            "reads": _INFORMED if row["informed"] else _NOT_INFORMED,
            "sd_ratio": row["sd_ratio"],
            **{name: row[name] for name in ("prior_low", "prior_high", "low", "median", "high")},
        }
        for row in parameters
    ]
    names = [row["name"] for row in parameters]
    y = {"field": "parameter", "type": "nominal", "sort": names, "title": None, "axis": {"labelLimit": 300}}
    x = {"type": "quantitative", "title": "prior SDs from the prior median", "scale": {"nice": False, "padding": 9}}
    colour = {"field": "reads", "type": "nominal", "scale": _scale(0), "legend": {"title": None, "orient": "top"}}
    shape = {"field": "reads", "type": "nominal", "scale": _scale(1), "legend": {"title": None, "orient": "top"}}
    body = {
        "data": {"values": table},
        "width": _WIDTH,
        "height": {"step": _STEP},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 9, "color": _PRIOR},
                "encoding": {"y": y, "x": {"field": "prior_low", **x}, "x2": {"field": "prior_high"}},
            },
            {
                "mark": {"type": "rule", "color": REFERENCE, "strokeDash": [3, 3]},
                "encoding": {"x": {"datum": 0}},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 3},
                "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}, "color": colour},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 55, "opacity": 1},
                "encoding": {"y": y, "x": {"field": "median", **x}, "color": colour, "shape": shape},
            },
        ],
    }
    subtitle = ["Grey: prior, 95%. Line and point: posterior, 95% and median. Most informed first.", summary]
    return Chart("parameter-contraction", _TITLE, top_level(_TITLE, subtitle, summary, body), summary, table)


def _scale(of: int) -> dict[str, Any]:
    return {"domain": list(_LOOKS), "range": [look[of] for look in _LOOKS.values()]}
