"""Imported event tables for the terminal: each person's sentence and doses, and what was not taken over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ketascope.report.format import counted
from ketascope.report.screen import screen

if TYPE_CHECKING:
    from rich.console import Console

MOST_EVENTS = 12


def print_import(document: Mapping[str, Any], console: Console | None = None) -> None:
    """Print an import document."""
    from rich.markup import escape

    from ketascope.regimen import event_text

    console = screen(console, soft_wrap=True)
    people = document["subjects"]
    console.print(f"{counted(len(people), 'person', 'people')} in {escape(document['source'])}")
    for person in people:
        weight = "" if person["weight_kg"] is None else f" ({person['weight_kg']:g} kg)"
        console.print(f"\n[bold]{escape(person['id'])}[/bold]{weight}: {escape(person['sentence'])}")
        console.print(escape(event_text(person["events"], most_rows=MOST_EVENTS)))
        left_out = ", ".join(f"{count} {kind}" for kind, count in person["rows_left_out"].items())
        if left_out:
            console.print(f"not taken over: {left_out}")
    if document["columns_left_out"]:
        console.print(f"\ncolumns not taken over: {escape(', '.join(document['columns_left_out']))}")
