"""Charts on a page: a drawing at an address of its own, its words, its numbers as a table, and downloads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from starlette.responses import Response

from ketascope.report.format import value_rows
from ketascope.web.computing import computing_of
from ketascope.web.rendering import json_page, templates

if TYPE_CHECKING:
    from starlette.requests import Request

    from ketascope.charts import Chart

# What a chart's address may end in. The specification is what charts.js draws live.
KINDS = {"svg": "image/svg+xml", "png": "image/png", "vl.json": "application/json"}


def figure(chart: Chart, address: str, query: str = "", drawing: str = "") -> Markup:
    """The `<figure>` of a chart whose pictures are served at `address` + `.svg`, `.png` and `.vl.json` + `?query`.

    drawing: the SVG to stand in the page itself, for a page whose own script moves something in it.
    """
    after = f"?{query}" if query else ""
    text = (
        templates()
        .get_template("figure.html")
        .render(
            chart=chart,
            svg=f"{address}.svg{after}",
            png=f"{address}.png{after}",
            spec=f"{address}.vl.json{after}" if chart.draws_values and not drawing else "",
            drawing=Markup(drawing),
            headings=list(chart.table[0]) if chart.table else [],
            rows=value_rows(chart.table),
        )
    )
    return Markup(text)


async def picture(request: Request, key: str, make: Callable[[], Chart], kind: str) -> Response:
    """A chart as the bytes of one of the `KINDS`, drawn in the pool. key: the canonical query with the chart's name."""
    drawn = await computing_of(request).run(f"{key} {kind}", lambda: _drawn(make(), kind))
    if isinstance(drawn, dict):
        return json_page(drawn)
    return Response(drawn, media_type=KINDS[kind])


def _drawn(chart: Chart, kind: str) -> bytes | dict[str, Any]:
    from ketascope.charts import render_png, render_svg

    if kind == "png":
        return render_png(chart.spec)
    if kind == "svg":
        return render_svg(chart.spec).encode()
    return chart.spec
