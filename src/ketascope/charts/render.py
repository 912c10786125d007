"""Specification to picture, and the script bundle that draws it in a browser; nothing comes from a network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

# What the bundle leaves behind for other scripts of the page.
_ON_WINDOW = "window.vegaEmbed = vegaEmbed; window.vega = vega; window.vegaLite = vegaLite;"


def render_svg(spec: Mapping[str, Any]) -> str:
    """The chart as an SVG drawing."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(dict(spec)))


def render_png(spec: Mapping[str, Any], scale: float = 2) -> bytes:
    """The chart as a PNG picture, `scale` times its nominal size."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(dict(spec), scale=scale))


@cache
def vega_bundle() -> str:
    """Vega, Vega-Lite and vegaEmbed as one script that puts them on `window`; made once per process."""
    import vl_convert

    return str(vl_convert.javascript_bundle(_ON_WINDOW))
