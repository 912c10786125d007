"""Places for treatment as terminal tables and as a CSV file, and the printed page of questions and warning signs."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketascope.care.guide import guide
from ketascope.care.radius import KM_PER_MILE
from ketascope.care.spreadsheet import spreadsheet_text
from ketascope.files import csv_text, write_aside
from ketascope.report.care_words import (
    NOT_LISTED,
    address_words,
    all_checks,
    contact_words,
    count_words,
    distance_words,
    edition_words,
    heading,
    infusion_words,
    marks,
    name_words,
    place_note,
    query_parts,
    section_sources,
    source_words,
    store_source,
    suggestions,
    unknown_fields,
)
from ketascope.report.cleaning import clean
from ketascope.report.fitted_table import fitted_lines
from ketascope.report.format import NOT_SHOWN
from ketascope.report.layout import HELPLINE, NOT_ADVICE
from ketascope.report.screen import print_indented, screen

if TYPE_CHECKING:
    from rich.console import Console

Document = Mapping[str, Any]

CSV_COLUMNS = (
    "name",
    "unit",
    "street",
    "street2",
    "city",
    "state",
    "zip",
    "phone",
    "website",
    "latitude",
    "longitude",
    "located_by",
    "distance_km",
    "distance_miles",
    "out_of_state",
    "veterans_only",
    "offers",
    "services",
    "ketamine_infusion",
    "esketamine_certified",
    "licensed",
    "npi",
    "npi_active",
    "unknown",
    "source",
    "source_label",
    "edition",
    "edition_date",
    "age_years",
    "row_date",
    "other_sources",
)


def print_places(document: Document, console: Console | None = None) -> None:
    """Print an answer of `find`: places nearest first, what the list covers, where to check, where help is."""
    from rich.text import Text

    console = screen(console)
    console.print(Text(heading(document), style="bold"))
    filters = query_parts(document)
    for line in (f"Filters: {'; '.join(filters)}." if filters else "", place_note(document)):
        if line:
            console.print(Text(line, style="dim"))
    console.print(Text(" ".join(count_words(document))))
    if document["results"]:
        console.print()
        head = ("place", "distance", "phone", "marks", "ketamine infusion", "address", "source")
        rows = [place_cells(document, result) for result in document["results"]]
        lines = fitted_lines(head, rows, console.width, smallest={0: 30}, below=(5, 3, 4, 6, 2), untitled={3, 5})
        console.print(Text("\n".join(lines)), no_wrap=True, crop=False)
    else:
        for line in suggestions(document):
            print_indented(console, line)
    console.print()
    _print_coverage(document, console)
    _print_checks(document, console)
    for flag in document["flags"]:
        console.print(Text(f"[{clean(flag['code'])}] {clean(flag['message'])}"))
    _print_foot(document["guide"], console)


def place_cells(document: Document, result: Mapping[str, Any]) -> tuple[str, ...]:
    """One place as texts."""
    return (
        name_words(result),
        distance_words(result["distance_km"]),
        clean(result["phone"]) or NOT_SHOWN,
        " ".join(f"[{mark}]" for mark in marks(result)),
        infusion_words(result, is_short=True),
        address_words(result),
        source_words(document, result, is_short=True),
    )


def print_guide(console: Console | None = None, today: date | None = None) -> None:
    """Print the page to take along: what to ask, warning signs, who prescribes, what words mean, what it costs."""
    from rich.text import Text

    console = screen(console)
    page = guide(today)
    console.print(Text(str(page["title"]), style="bold"))
    console.print(Text(str(page["call_first"])))
    for section in page["sections"]:
        console.print()
        console.print(Text(section["title"], style="bold"))
        for item in section["items"]:
            _print_item(console, item["text"])
        console.print(Text(section_sources(page, section), style="dim"))
    _print_foot(page, console)


def places_csv(document: Document) -> str:
    """One row a place as CSV text; a place without any match gives the heading alone.

    A cell of text that a spreadsheet would run as a formula (it begins with = + - or @) gets an apostrophe before it;
    a telephone number that begins with + stays as it is.
    """
    return csv_text(CSV_COLUMNS, (csv_row(document, result) for result in document["results"]))


def write_places_csv(path: str | os.PathLike[str], document: Document) -> Path:
    """Write the places as CSV; the file appears whole or not at all."""
    return write_aside(path, places_csv(document))


def csv_row(document: Document, result: Mapping[str, Any]) -> dict[str, Any]:
    """One place with all its fields; truth values read yes and no, lists are joined by semicolons."""
    edition = store_source(document, result) or {"edition_date": "", "age_years": ""}
    made: dict[str, Any] = {
        "distance_miles": round(result["distance_km"] / KM_PER_MILE, 2),
        "out_of_state": "yes" if result["out_of_state"] else "no",
        "veterans_only": "yes" if result["veterans_only"] else "no",
        "offers": "; ".join(result["offers"]),
        "services": "; ".join(service["name"] or service["code"] for service in result["services"]),
        "ketamine_infusion": "listed" if result["ketamine_infusion"] == "listed" else NOT_LISTED,
        "unknown": "; ".join(unknown_fields(result)),
        "edition_date": edition["edition_date"],
        "age_years": edition["age_years"],
        "other_sources": "; ".join(
            f"{other['source_label']}, edition {other['edition']}: {infusion_words(other)}"
            for other in result["other_sources"]
        ),
    }
    return {column: _cell(made.get(column, result.get(column))) for column in CSV_COLUMNS}


def _cell(value: Any) -> Any:
    return spreadsheet_text(clean(value)) if isinstance(value, str) else value


def _print_coverage(document: Document, console: Console) -> None:
    from rich.text import Text

    console.print(Text(f"What this list covers: {clean(document['coverage']['words'])}"))
    for source in document["store"]["sources"]:
        console.print(Text(edition_words(source), style="dim"))
    console.print(Text(str(document["guide"]["call_first"]), style="bold"))


def _print_checks(document: Document, console: Console) -> None:
    from rich.text import Text

    console.print()
    console.print(Text("Not known here, and where to check", style="bold"))
    for entry in all_checks(document):
        contact = contact_words(entry)
        print_indented(console, f"{entry['what']}: {contact}" if contact else entry["what"])


def _print_foot(page: Mapping[str, Any], console: Console) -> None:
    from rich.text import Text

    console.print()
    console.print(Text(NOT_ADVICE, style="bold"))
    console.print(Text(f"{HELPLINE} {page['emergency']}"))


def _print_item(console: Console, text: str) -> None:
    """A point of a list, its later lines under its first word."""
    from rich.text import Text

    lines = textwrap.wrap(text, console.width, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False)
    console.print(Text("\n".join(lines)), no_wrap=True, crop=False)
