"""Shared looks: fonts, colour-blind-safe colours by drug, dashes by route, shapes within a drug and route."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ketascope.files import packaged_toml

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
INK = "#1b1b1b"
QUIET_INK = "#595959"
GRID = "#e4e4e4"
REFERENCE = "#767676"


@cache
def load_style() -> dict[str, Any]:
    """The style file."""
    return packaged_toml("charts/style.toml")


@dataclass(frozen=True)
class Look:
    """How one option is drawn."""

    drug: str
    route: str
    colour: str
    dash: tuple[int, ...]
    shape: str


def looks(options: Sequence[Mapping[str, Any]]) -> dict[str, Look]:
    """The look of each option, by its id; the same drug has the same colour in every chart."""
    style = load_style()
    drugs = [drug_name(option) for option in options]
    colours = _assign(
        (name for name, option in zip(drugs, options, strict=True) if option.get("drug")),
        style["drugs"],
        style["fallback"]["colours"],
    )
    colours |= _assign(
        (name for name, option in zip(drugs, options, strict=True) if not option.get("drug")),
        {},
        style["fallback"]["neutral_colours"],
    )
    routes = [route_name(option) for option in options]
    dashes = _assign(routes, style["routes"], style["fallback"]["dashes"])
    shapes = style["fallback"]["shapes"]
    seen: dict[tuple[str, str], int] = {}
    result = {}
    for option, drug, route in zip(options, drugs, routes, strict=True):
        order = seen.get((drug, route), 0)
        seen[(drug, route)] = order + 1
        result[str(option["id"])] = Look(drug, route, colours[drug], tuple(dashes[route]), shapes[order % len(shapes)])
    return result


def drug_name(option: Mapping[str, Any]) -> str:
    """The drug, or the option's own label where no drug is given."""
    return str(option.get("drug") or option["label"])


def route_name(option: Mapping[str, Any]) -> str:
    """The route, or `none`."""
    return str(option.get("route") or "none")


def _assign(names: Iterable[str], known: Mapping[str, Any], spare: Sequence[Any]) -> dict[str, Any]:
    """Each name's own entry, else the next spare one that no name in the chart uses."""
    wanted = list(dict.fromkeys(names))
    taken = [known[name] for name in wanted if name in known]
    free = [entry for entry in spare if entry not in taken] or list(spare)
    result: dict[str, Any] = {}
    for name in wanted:
        if name in known:
            result[name] = known[name]
        else:
            strangers = sum(1 for other in result if other not in known)
            result[name] = free[strangers % len(free)]
    return result


def scale(by_option: Mapping[str, Look], channel: str) -> dict[str, list[Any]]:
    """Domain and range of the colour scale (`colour`, over drugs) or the dash scale (`dash`, over routes)."""
    key = {"colour": "drug", "dash": "route"}[channel]
    pairs = {getattr(look, key): getattr(look, channel) for look in by_option.values()}
    return {"domain": list(pairs), "range": [list(v) if isinstance(v, tuple) else v for v in pairs.values()]}


def config() -> dict[str, Any]:
    """The Vega-Lite configuration of every chart."""
    font = load_style()["fonts"]
    return {
        "font": font,
        "background": "#ffffff",
        "view": {"stroke": None},
        "axis": {
            "labelFontSize": 11,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "labelColor": INK,
            "titleColor": INK,
            "gridColor": GRID,
            "domainColor": "#8a8a8a",
            "tickColor": "#8a8a8a",
            "labelPadding": 4,
            "titlePadding": 8,
        },
        "legend": {
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titleFontWeight": "bold",
            "labelColor": INK,
            "titleColor": INK,
            "symbolStrokeWidth": 2.5,
            "labelLimit": 320,
        },
        "title": {
            "anchor": "start",
            "fontSize": 13,
            "fontWeight": "bold",
            "color": INK,
            "subtitleColor": QUIET_INK,
            "subtitleFontSize": 11.5,
            "subtitlePadding": 4,
            "frame": "group",
        },
        "concat": {"spacing": 26},
        "line": {"strokeWidth": 2, "strokeCap": "butt"},
        "point": {"filled": True, "size": 45, "opacity": 1},
    }


def panel_title(text: str, subtitle: str) -> dict[str, Any]:
    """The heading of one of many small panels."""
    return {
        "text": text,
        "subtitle": subtitle,
        "fontSize": 11.5,
        "subtitleFontSize": 10.5,
        "color": INK,
        "subtitleColor": QUIET_INK,
    }


def top_level(title: str, subtitle: Sequence[str], summary: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A whole specification: schema, description for screen readers, title, content, configuration."""
    heading = {
        "text": title,
        "fontSize": 17,
        "subtitle": list(subtitle),
        "subtitleFontSize": 12,
        "offset": 14,
    }
    return {
        "$schema": SCHEMA,
        "description": summary,
        "title": heading,
        "padding": {"left": 8, "right": 16, "top": 8, "bottom": 8},
        **body,
        "config": config(),
    }
