"""One answer of `find` as an HTML page that needs nothing but itself: list first, map second, then what to ask."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketascope.care.guide import state_name
from ketascope.files import write_aside
from ketascope.report.care_words import (
    all_checks,
    city_words,
    count_words,
    distance_words,
    edition_words,
    heading,
    infusion_words,
    place_note,
    query_parts,
    section_sources,
    source_words,
    street_words,
    suggestions,
    telephone_link,
    unknown_fields,
    web_link,
)
from ketascope.report.cleaning import clean
from ketascope.report.layout import HELPLINE, NOT_ADVICE
from ketascope.report.pages import environment

if TYPE_CHECKING:
    from ketascope.charts import Chart

Document = Mapping[str, Any]

_NOT_RECOMMENDED = (
    "A place in this list is not recommended by it, and a place that is missing is not doubted by it: the list repeats "
    "what public sources print. Unknown means unknown, never no."
)
_UNKNOWN_WORDS = {
    "ketamine_infusion": "whether it gives ketamine infusions",
    "esketamine_certified": "esketamine (Spravato) certification",
    "licensed": "licence",
}
_KINDS = {
    "service": "Services",
    "payment": "Payment",
    "age": "Ages",
    "language": "Languages",
    "facility": "Kind of place",
    "taxonomy": "Registered as",
}


def places_html(document: Document) -> str:
    """The page of an answer of `find`, for every width of screen and for paper; it holds no script."""
    template = environment().get_template("care.html")
    return str(template.render(**places_context(document), **places_looks()))


def places_looks() -> dict[str, Any]:
    """What the style sheet of the places takes: the colours of the map."""
    from ketascope.charts.state_map import map_colours

    return {"map_colours": map_colours()}


def places_context(document: Document) -> dict[str, Any]:
    """What the templates of an answer of `find` take: its words, its places and its map."""
    guide = document["guide"]
    return {
        "heading": heading(document),
        "counts": count_words(document),
        "filters": query_parts(document),
        "note": place_note(document),
        "coverage": clean(document["coverage"]["words"]),
        "flags": [clean(flag["message"]) for flag in document["flags"]],
        "results": [_result(document, result) for result in document["results"]],
        "suggestions": suggestions(document),
        "map": _map(document) if document["results"] else None,
        **guide_context(guide, all_checks(document), document["store"]["sources"]),
        "not_advice": NOT_ADVICE,
        "not_recommended": _NOT_RECOMMENDED,
        "helpline": f"{HELPLINE} {guide['emergency']}",
    }


def guide_context(
    guide: Mapping[str, Any], checks: Sequence[Mapping[str, str]], sources: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What the template of the guide takes: where to check, what to ask, and the editions behind the list."""
    return {
        "checks": checks,
        "guide": guide,
        "section_sources": section_sources,
        "telephone_link": telephone_link,
        "sources": [edition_words(source) for source in sources],
    }


def write_places_html(path: str | os.PathLike[str], document: Document) -> Path:
    """Write the page; the file appears whole or not at all."""
    return write_aside(path, places_html(document))


def _result(document: Document, result: Mapping[str, Any]) -> dict[str, Any]:
    """One place as the words of its article."""
    badges = ["Veterans only"] if result["veterans_only"] else []
    if result["out_of_state"]:
        badges.append(f"Another state: {state_name(clean(result['state']))}")
    unknown = [_UNKNOWN_WORDS[name] for name in unknown_fields(result) if name in _UNKNOWN_WORDS]
    infusion = infusion_words(result)
    return {
        "name": clean(result["name"]),
        "unit": clean(result["unit"]),
        "distance": distance_words(result["distance_km"]),
        "badges": badges,
        "street": street_words(result),
        "city": city_words(result),
        "phone": clean(result["phone"]),
        "telephone_link": telephone_link(result["phone"]),
        "web_link": web_link(result["website"]),
        "infusion": infusion[0].upper() + infusion[1:],
        "unknown": unknown,
        "source": source_words(document, result),
        "listed": _listed(result),
        "veterans_only": result["veterans_only"],
    }


def _listed(result: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Everything the sources list for a place, by kind."""
    found = []
    for kind, label in _KINDS.items():
        of_kind = (service for service in result["services"] if service["kind"] == kind)
        # A code that no code sheet names is shown as it was printed.
        names = dict.fromkeys(clean(service["name"] or service["code"]) for service in of_kind)
        if names:
            found.append((label, list(names)))
    return found


def _map(document: Document) -> dict[str, str]:
    from ketascope.care.places.outlines import outlines
    from ketascope.charts.state_map import state_map

    chart = state_map(document, outlines())
    said = list(chart.spec["title"]["subtitle"])
    if any(result["located_by"] != "source" for result in document["results"]):
        said.append("A point is the middle of the ZIP area, not the door. State lines are simplified.")
    return {"svg": _drawing(chart), "caption": " ".join(said), "summary": clean(chart.summary)}


def _drawing(chart: Chart) -> str:
    """The drawing as an image with a name and a description; the page itself prints the title and the legend."""
    from ketascope.charts.render import render_svg

    bare = {key: value for key, value in chart.spec.items() if key != "title"} | {"padding": 1}
    # An image has one name; the roles of its parts would each ask for one of their own.
    svg = re.sub(r'\s(?:role|aria-[a-z]+)="[^"]*"', "", render_svg(bare))
    # The renderer counts its clips over a process; a page should be the same each time it is made.
    clips = {name: f"map-clip-{number}" for number, name in enumerate(dict.fromkeys(re.findall(r"\bclip\d+", svg)), 1)}
    svg = re.sub(r"\bclip\d+", lambda found: clips[found[0]], svg)
    start = svg.index(">")
    opening = f'{svg[:start]} role="img" aria-labelledby="map-title map-description">'
    title, description = escape(clean(chart.title)), escape(clean(chart.summary))
    named = f'<title id="map-title">{title}</title><desc id="map-description">{description}</desc>'
    return opening + named + svg[start + 1 :]
