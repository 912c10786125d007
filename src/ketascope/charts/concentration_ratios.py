"""Every published concentration as predicted over observed, by route: where the model is too high or too low."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.charts.chart import Chart, Row
from ketascope.charts.style import QUIET_INK, REFERENCE, load_style, top_level
from ketascope.report.format import counted, number

_WIDTH, _ROW_PX = 620, 58
# What the ledger counts against, drawn as dashed lines beside the line of agreement.
_FOLD = 2.0
_SITES = {"venous": "circle", "arterial": "diamond"}

Document = Mapping[str, Any]


def concentration_ratios(document: Document) -> Chart:
    """The used rows of a ledger document, one point each; filled: studies that did not inform the pooled model."""
    rows = [row for row in document["rows"] if row["used"] and row["predicted"] is not None]
    routes = [
        route
        for route in dict.fromkeys(group["route"] for group in document["summary"]["groups"])
        if any(row["route"] == route for row in rows)
    ]
    analytes = list(dict.fromkeys(row["analyte"] for row in rows))
    title = "Concentrations: predicted over observed"
    subtitle = [
        "One point a published concentration, peak or area. On the solid line the model agrees; dashed: twofold off.",
        "Filled: studies set aside as a test. Hollow: studies that informed the model.",
    ]
    summary = _summary(document, rows, routes)
    spec = top_level(title, subtitle, summary, _body(rows, routes, analytes))
    return Chart("concentrations", title, spec, summary, [_table_row(row) for row in rows])


def _body(rows: Sequence[Document], routes: Sequence[str], analytes: Sequence[str]) -> dict[str, Any]:
    # An analyte looks as its curve in the cascade.
    drawn = {entry["name"]: entry["colour"] for panel in load_style()["panels"] for entry in panel["series"]}
    known = {analyte: drawn.get(f"{analyte}_ng_per_ml") for analyte in analytes}
    spare = iter(load_style()["fallback"]["colours"][2:])
    palette = [known[analyte] or next(spare) for analyte in analytes]
    records = [
        {
            "route": row["route"],
            "analyte": row["analyte"],
            "sampling": row["sampling"],
            "part": row["part"],
            "ratio": row["fold_error"],
            "study": row["study"],
            "what": row["statistic"],
            "observed": f"{number(row['observed'])} {row['unit']}",
            "predicted": f"{number(row['predicted'])} {row['unit']}",
        }
        for row in rows
    ]
    ratios = [row["fold_error"] for row in rows]
    x = {
        "field": "ratio",
        "type": "quantitative",
        # Both dashed lines have room, whatever the rows.
        "scale": {"type": "log", "nice": False, "domain": [min(0.4, *ratios) / 1.05, max(2.5, *ratios) * 1.05]},
        "axis": {"title": "Predicted over observed", "values": [0.1, 0.2, 0.5, 0.7, 1, 1.5, 2, 5, 10], "format": "~r"},
    }
    y = {
        "field": "route",
        "type": "nominal",
        "sort": list(routes),
        "axis": {"title": None, "grid": True, "tickBand": "extent"},
    }
    tooltip = [
        {"field": name, "type": "nominal", "title": name.capitalize()}
        for name in ("study", "what", "analyte", "sampling", "observed", "predicted", "part")
    ]
    tooltip.append({"field": "ratio", "type": "quantitative", "format": ".2f", "title": "Predicted over observed"})
    colour = {
        "scale": {"domain": list(analytes), "range": palette},
        "legend": {"title": "Analyte", "orient": "top", "symbolOpacity": 1},
    }
    points = {
        "data": {"values": records},
        "mark": {"type": "point", "size": 46, "opacity": 0.7, "strokeWidth": 1.6},
        "encoding": {
            "x": x,
            "y": y,
            "yOffset": {"field": "analyte", "type": "nominal", "sort": list(analytes)},
            "stroke": {"field": "analyte", "type": "nominal", **colour},
            "fillOpacity": {
                "condition": {"test": "datum.part === 'test'", "value": 0.85},
                "value": 0,
            },
            "fill": {"field": "analyte", "type": "nominal", **colour},
            "shape": {
                "field": "sampling",
                "type": "nominal",
                "scale": {"domain": list(_SITES), "range": list(_SITES.values())},
                "legend": {"title": "Sampled", "orient": "top"},
            },
            "tooltip": tooltip,
        },
    }
    lines = [_line(1.0, REFERENCE, [1, 0]), _line(_FOLD, QUIET_INK, [4, 3]), _line(1.0 / _FOLD, QUIET_INK, [4, 3])]
    return {"width": _WIDTH, "height": _ROW_PX * len(routes), "layer": [*lines, points]}


def _line(ratio: float, colour: str, dash: Sequence[int]) -> dict[str, Any]:
    return {
        "data": {"values": [{"ratio": ratio}]},
        "mark": {"type": "rule", "color": colour, "strokeDash": list(dash), "strokeWidth": 1.2},
        "encoding": {"x": {"field": "ratio", "type": "quantitative"}},
    }


def _summary(document: Document, rows: Sequence[Document], routes: Sequence[str]) -> str:
    studies = counted(len({row["study"] for row in rows}), "study", "studies")
    sentences = [f"Points by route: {counted(len(rows), 'published figure')} of {studies}."]
    for group in document["summary"]["totals"]:
        figures = next(iter(group["models"].values()))
        if figures["gmfe"] is not None:
            sentences.append(
                f"{group['analyte'].capitalize()}, {group['part']}: {counted(figures['rows'], 'figure')}, off by a "
                f"factor of {number(figures['gmfe'])} on average, bias {number(figures['bias'])}."
            )
    for route in routes:
        ratios = [row["fold_error"] for row in rows if row["route"] == route]
        sentences.append(f"{route}: {len(ratios)}, from {number(min(ratios))} to {number(max(ratios))} times observed.")
    return " ".join(sentences)


def _table_row(row: Document) -> Row:
    return {
        "study": str(row["study"]),
        "route": str(row["route"]),
        "analyte": str(row["analyte"]),
        "sampled": str(row["sampling"]),
        "part": str(row["part"]),
        "what": str(row["statistic"]),
        "unit": str(row["unit"]),
        "observed": row["observed"],
        "predicted": row["predicted"],
        "predicted over observed": row["fold_error"],
    }
