"""The store of places as terminal tables: what a build made of each file, and what the store holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ketascope.care.sources.services import GROUPS, query_words
from ketascope.report.care_words import age_words
from ketascope.report.cleaning import clean
from ketascope.report.fitted_table import fitted_lines
from ketascope.report.format import counted
from ketascope.report.screen import screen

if TYPE_CHECKING:
    from rich.console import Console

Document = Mapping[str, Any]

_ROWS = ("rows read", "places", "replaced", "unusable", "not wanted")


def print_build(document: Document, console: Console | None = None) -> None:
    """Print the totals of a build: rows of each file and what became of them, joins, places by state."""
    from rich.text import Text

    console = screen(console)
    for entry in document.get("downloads", []):
        resumed = f", gone on from {entry['resumed_from']:,}" if entry["resumed_from"] else ""
        text = f"fetched {entry['file']}: {entry['bytes']:,} bytes{resumed}, sha256 {entry['sha256'][:16]}"
        console.print(Text(clean(text)))
        for note in entry["notes"]:
            console.print(Text(f"  {clean(note)}"))
    for entry in document.get("not_fetched", []):
        console.print(Text(f"NOT fetched: {clean(entry['why'])}", style="bold"))
    _print_files(document["files"], console)
    for entry in document["files"]:
        for line in _remarks(entry):
            console.print(Text(f"{entry['file']}: {line}"))
    console.print()
    joined = f"{counted(document['joined_sites'], 'site')} in more than one source, each shown as one"
    unclear = document["ambiguous_joins"]
    if unclear:
        joined += f"; {unclear:,} could be several rows of a source and were left apart"
    places, sites = counted(document["places"], "place"), counted(document["sites"], "site")
    console.print(Text(f"{places} at {sites}: {joined}."))
    _print_states(document["places_by_state"], None, console)
    for name in document["no_longer_in_store"]:
        console.print(Text(f"no longer in the store: {clean(name)}; a build holds the files that it is given"))
    rejected = sum(entry["rows"]["rejected"] for entry in document["files"])
    if rejected and document["quarantine"]:
        _print_path(f"{counted(rejected, 'unusable row')}, each with its reason: {document['quarantine']}", console)
    _print_path(f"store: {document['store']}", console)


def print_status(document: Document, console: Console | None = None) -> None:
    """Print what the store holds, how old it is, which states it covers and where unusable rows are."""
    from rich.text import Text

    console = screen(console)
    if document["store"] is None:
        console.print(Text("No store of your own: the directory rows that come with the package answer."))
        console.print(Text("`ketascope providers update` fetches newer and wider data."))
    else:
        _print_path(f"store: {document['store']}", console)
        console.print(Text(f"built: {document['built_at']}"))
    _print_files(document["files"], console)
    for entry in document["files"]:
        console.print(Text(f"{entry['label']}, {age_words(entry['age_years'])}. {_covered(entry)}"))
        console.print(Text(entry["credit"], style="dim"))
    console.print()
    _print_states(document["places_by_state"], document["infusion_sites_by_state"], console)
    if document["quarantine"]:
        _print_path(f"unusable rows of the last build: {document['quarantine']}", console)


def _covered(entry: Document) -> str:
    """For which states and services a file is complete."""
    if entry["rows"]["superseded"] and not entry["rows"]["places"]:
        return "A newer file replaces all of it."
    states, services = entry["complete_states"], entry["complete_services"]
    if states is None:
        return "For which states it is complete cannot be told."
    said = f"Complete for {len(states)} states" if len(states) > 12 else f"Complete for {', '.join(states)}"
    if not states:
        said = "Complete for no state"
    labels = {word.code: word.label for group in GROUPS for word in query_words(group).values() if word.code}
    named = ", ".join(labels.get(code, code) for code in services)
    return f"{said}. Complete everywhere for: {named}." if services else f"{said}."


def _print_files(files: Sequence[Document], console: Console) -> None:
    from rich.text import Text

    head = ("file", "source", "edition", *_ROWS)
    rows = []
    for entry in files:
        counts = entry["rows"]
        numbers = [counts[name] for name in ("read", "places", "superseded", "rejected", "skipped")]
        rows.append((clean(entry["file"]), entry["source"], clean(entry["edition"]), *(f"{n:,}" for n in numbers)))
    lines = fitted_lines(head, rows, console.width, right=range(3, 8), smallest={0: 24}, below=(1, 2))
    console.print(Text("\n".join(lines)), no_wrap=True, crop=False)


def _remarks(entry: Document) -> list[str]:
    """Why rows were not wanted, what was mended, and what else a reader should know."""
    said = [
        f"{counted(count, 'row')} not wanted: {clean(reason)}" for reason, count in entry["skipped"].items() if count
    ]
    said += [f"{counted(count, 'row')} mended: {clean(reason)}" for reason, count in entry["repaired"].items() if count]
    return [*said, *(clean(note) for note in entry["notes"])]


def _print_states(places: Mapping[str, int], infusion: Mapping[str, int] | None, console: Console) -> None:
    from rich.text import Text

    if infusion is not None:
        listed = ", ".join(f"{state} {count:,}" for state, count in sorted(infusion.items()))
        total = sum(infusion.values())
        console.print(Text(f"sites that list ketamine infusion ({total:,}): {listed or 'none'}"))
    listed = ", ".join(f"{state} {count:,}" for state, count in sorted(places.items()))
    console.print(Text(f"places by state: {listed}"))


def _print_path(text: str, console: Console) -> None:
    """A line that ends in a path, not broken, so that it can be copied."""
    from rich.text import Text

    console.print(Text(text), no_wrap=True, crop=False, soft_wrap=True)
