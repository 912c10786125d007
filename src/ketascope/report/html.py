"""One HTML page that needs nothing but itself: charts, tables, notes, scripts and style in a single file."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketascope.files import write_aside
from ketascope.report.format import value_rows
from ketascope.report.layout import (
    HELPLINE,
    INTERVALS,
    WHAT_IT_IS_NOT,
    Report,
    comparison_report,
)
from ketascope.report.pages import environment

if TYPE_CHECKING:
    from ketascope.charts import Chart

_ASSUMED = (
    "Not every step is measured. Exposure rests on measured concentrations; receptor block is calculated from them; "
    "glutamate and plasticity rest on assumed numbers and are drawn to show how the model reasons, not what was seen."
)


def comparison_html(
    document: Mapping[str, Any],
    curves: Sequence[Mapping[str, Any]] = (),
    simulation: Mapping[str, Any] | None = None,
) -> str:
    """The page of a comparison; with curves its charts too, with a simulation the cascade of that option."""
    from ketascope.charts import acute_effects, cascade, symptom_course

    charts = [symptom_course(document, curves), acute_effects(document, curves)] if curves else []
    if simulation is not None:
        charts.append(cascade(simulation))
    return page(document, charts)


def page(document: Mapping[str, Any], charts: Sequence[Chart]) -> str:
    """The page with these charts; each keeps a drawing that shows without scripts."""
    places = {"symptom-course": "change", "acute-effects": "acute", "cascade": "exposure"}
    return report_page(
        comparison_report(document),
        [(places.get(chart.id, "options"), chart) for chart in charts],
        "What was compared, and how to read it",
        (INTERVALS, _ASSUMED),
    )


def report_page(report: Report, charts: Sequence[tuple[str, Chart]], how: str, reading: Sequence[str]) -> str:
    """The page of any report. charts: each with the id of the table before which it stands; how: heading of the first
    section, which holds the facts and the paragraphs of `reading`."""
    from ketascope.charts import vega_bundle

    drawn = [_chart_parts(chart) for _, chart in charts]
    before: dict[str, list[dict[str, Any]]] = {}
    for (place, _), part in zip(charts, drawn, strict=True):
        before.setdefault(place, []).append(part)
    return str(
        environment()
        .get_template("comparison.html")
        .render(
            report=report,
            charts_before=before,
            specs={part["id"]: part["spec_json"] for part in drawn},
            bundle=_script(vega_bundle()) if drawn else "",
            not_advice=report.limits,
            what_it_is_not=WHAT_IT_IS_NOT,
            helpline=HELPLINE,
            how=how,
            reading=reading,
        )
    )


def write_html(
    path: str | os.PathLike[str],
    document: Mapping[str, Any],
    curves: Sequence[Mapping[str, Any]] = (),
    simulation: Mapping[str, Any] | None = None,
) -> Path:
    """Write the page; the file appears whole or not at all."""
    # The folder is looked at before the slow part, so that a wrong name is told at once.
    target = Path(path)
    if not target.parent.is_dir() or target.is_dir():
        return write_aside(target, "")
    return write_aside(target, comparison_html(document, curves, simulation))


def _script(text: str) -> str:
    """A script that may stand inside a script element: nothing in it can end the element.

    Only the closing word itself is broken up; `</` alone also occurs in regular expressions, which must stay.
    """
    return re.sub(r"</(?=script)", r"<\\/", text, flags=re.IGNORECASE)


def _json_for_script(value: Any) -> str:
    """JSON in which no character can end the script element or open a comment."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _chart_parts(chart: Chart) -> dict[str, Any]:
    from ketascope.charts import render_svg

    # The summary stands beside the chart as text; as the drawing's description it would be read twice.
    return {
        "id": chart.id,
        "title": chart.title,
        "summary": chart.summary,
        "svg": render_svg(chart.spec),
        "spec_json": _json_for_script(chart.spec),
        "headings": list(chart.table[0]) if chart.table else [],
        "rows": value_rows(chart.table),
    }
