"""An audit in the terminal: claim by claim in the order of the text, then what is missing and how well it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ketascope.report.audit_words import (
    EXPIRED,
    LEFT_OUT_LIMITS,
    NOT_QUALITY_SCORE,
    NOTHING_LEFT_OUT,
    Row,
    about_words,
    certainty_words,
    computed_label,
    computed_words,
    covered_items,
    evidence_words,
    first_mentions,
    heading,
    in_order,
    missing_items,
    quote_parts,
    sources_words,
    verdict_groups,
    words,
)
from ketascope.report.cleaning import clean
from ketascope.report.fitted_table import fitted_lines
from ketascope.report.format import NOT_SHOWN
from ketascope.report.layout import HELPLINE, NOT_ADVICE
from ketascope.report.screen import screen

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Document = Mapping[str, Any]

_INDENT = 4


def print_audit(document: Document, console: Console | None = None) -> None:
    """Print an audit; it fits the width of the terminal and says in words what it shows in colour."""
    console = screen(console)
    rows = in_order(document)
    _line(console, heading(document), "bold")
    _line(console, about_words(document), "dim")
    _line(console, clean(document["summary"]["words"]))
    for flag in document["flags"]:
        _line(console, f"[{clean(flag['code'])}] {clean(flag['message'])}")
    repeated = first_mentions(rows)
    for number, row in enumerate(rows, 1):
        console.print()
        _print_claim(console, row, number, repeated[number - 1])
    if rows:
        console.print()
        for verdict, _ in verdict_groups(rows):
            _line(console, f"{verdict}: {words()['verdict'][verdict]['meaning']}", "dim")
    _print_not_assessed(document, console)
    _print_left_out(document, console)
    _print_quality(document, console)
    console.print()
    _line(console, NOT_ADVICE, "bold")
    _line(console, HELPLINE)


def _print_claim(console: Console, row: Row, number: int, earlier: int | None) -> None:
    console.print(_claim_line(row, number))
    _indented(console, _quote(row))
    if earlier is not None:
        _indented(console, f"The same as claim {earlier}: {clean(row['statement'])}")
        return
    _indented(console, f"The claim: {clean(row['statement'])}")
    _labelled(console, "What is right", clean(row["corrected"]))
    live = row["live"]
    if live is not None:
        _labelled(console, computed_label(live), computed_words(live))
        if live["computed"]:
            _indented(console, f"By: {clean(live['source'])}", "dim")
    if row["leaves_out"]:
        _indented(console, f"It leaves out: {' '.join(clean(item) for item in row['leaves_out'])}")
    if row["form"] != "asserted":
        _indented(console, f"In the article: {words()['form'][row['form']]}.", "dim")
    _indented(console, sources_words(row), "dim")
    if row["expired"]:
        _indented(console, f"[expired] {EXPIRED}", "bold")


def _claim_line(row: Row, number: int) -> Text:
    from rich.text import Text

    from ketascope.charts.style import load_style

    verdict = clean(row["verdict"])
    look = load_style()["verdicts"][row["verdict"]]
    marked = (f" {verdict.upper()} ", f"bold {look['ink']} on {look['colour']}")
    return Text.assemble(f"{number:>2}  ", marked, f"  {certainty_words(row)}")


def _quote(row: Row) -> Text:
    """The sentence in quotation marks, the claim's part between angles and, where the terminal can, underlined."""
    from rich.text import Text

    before, part, after = quote_parts(row)
    if not (before.strip() or after.strip()):
        return Text(f"“{part.strip()}”")
    return Text.assemble(f"“{before.lstrip()}", (f"«{part}»", "bold underline"), f"{after.rstrip()}”")


def _print_not_assessed(document: Document, console: Console) -> None:
    rows = document["not_assessed"]
    if not rows:
        return
    look = words()["not_assessed"]
    _section(console, "Not assessed", look["meaning"])
    for row in rows:
        _item(console, f"“{clean(row['sentence'])}”")


def _print_left_out(document: Document, console: Console) -> None:
    missing, covered = missing_items(document), covered_items(document)
    _section(console, "What the article leaves out", LEFT_OUT_LIMITS)
    if missing:
        head = ("not found in the text", "why it matters")
        cells = [(clean(item["label"]), clean(item["why"])) for item in missing]
        _table(console, head, cells, {0: 24, 1: 30})
    elif covered:
        _line(console, NOTHING_LEFT_OUT)
    if covered:
        console.print()
        _line(console, "What it mentions", "bold")
    for item in covered:
        found = evidence_words(item)
        _item(console, f"{clean(item['label'])}: “{found}”" if found else clean(item["label"]))


def _print_quality(document: Document, console: Console) -> None:
    items = document["discern"]["items"]
    _section(console, "Quality, apart from truth", f"{NOT_QUALITY_SCORE} {clean(document['discern']['words'])}")
    if not items:
        return
    head = ("question", "met", "sign found", "not seen by this")
    cells = [
        (clean(item["label"]), clean(item["met"]), evidence_words(item) or NOT_SHOWN, clean(item["limits"]))
        for item in items
    ]
    _table(console, head, cells, {0: 30, 2: 30}, below=(3, 2))


def _table(
    console: Console,
    head: Sequence[str],
    cells: Sequence[Sequence[str]],
    smallest: Mapping[int, int],
    below: Sequence[int] = (),
) -> None:
    from rich.text import Text

    lines = fitted_lines(head, cells, console.width, smallest=smallest, below=below)
    console.print(Text("\n".join(lines)), no_wrap=True, crop=False)


def _section(console: Console, title: str, about: str) -> None:
    console.print()
    _line(console, title, "bold")
    _line(console, about, "dim")


def _labelled(console: Console, label: str, text: str) -> None:
    from rich.text import Text

    _indented(console, Text.assemble((f"{label}: ", "bold"), text))


def _indented(console: Console, text: str | Text, style: str = "") -> None:
    from rich.text import Text

    shown = Text(text, style=style) if isinstance(text, str) else text
    for line in shown.wrap(console, console.width - _INDENT, overflow="fold"):
        line.rstrip()
        console.print(Text.assemble(" " * _INDENT, line))


def _item(console: Console, text: str) -> None:
    """A point of a list, its later lines under its first word."""
    from rich.text import Text

    for number, line in enumerate(Text(text).wrap(console, console.width - _INDENT, overflow="fold")):
        line.rstrip()
        console.print(Text.assemble("    " if number else "  - ", line))


def _line(console: Console, text: str, style: str = "") -> None:
    from rich.text import Text

    console.print(Text(text, style=style))
