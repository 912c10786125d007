"""A comparison at one time after the first dose: out of 100 people, and what clinicians ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ketascope.report.catalogue import VISITS, lookup
from ketascope.report.layout import Cell, Report, TableLayout, TableRow

# Of the tables of a report: id, heading of the column (none: the time's own), new heading, its unit.
_FREQUENCIES = (
    ("response_rate", None, "Respond with the option", "of 100 people"),
    ("response_on_placebo", None, "Respond on placebo in the same trial", "of 100 people"),
    ("response_versus_placebo", None, "More than on placebo", "of 100 people"),
    ("acute", "Sedation", "Sedated in the first session", "of 100 people"),
)
_CLINICIANS = (
    ("versus_placebo", None, "Difference from placebo", "points"),
    ("response_rate", None, "Response", "%"),
    ("response_on_placebo", None, "Response on placebo", "%"),
    ("number_needed_to_treat", None, "NNT", "people"),
    ("practical", "Approval", "Label status, US", ""),
    ("evidence", "Certainty", "Certainty", ""),
)


@dataclass(frozen=True)
class Share:
    """Out of 100 people: who responds, and who does on placebo; None where there is no figure."""

    responders: float | None
    on_placebo: float | None


def visit_names() -> tuple[str, ...]:
    """The times that can be asked for, as the document names them."""
    return tuple(name for name, _ in VISITS)


def frequencies_table(report: Report, document: Mapping[str, Any], visit: str) -> TableLayout:
    """Natural frequencies on one denominator at one time. visit: one of `visit_names()`."""
    facts = document["about_indication"]
    about = (
        f"Of 100 people like those in the trials, at {dict(VISITS)[visit]} after the first dose (95% uncertainty of "
        f"the mean; single trials differ by more). Respond: {facts['response']}. Placebo: the same people, visits and "
        "control without the drug."
    )
    return _picked(report, "of-100", "Out of 100 people", about, _FREQUENCIES, visit)


def clinicians_table(report: Report, visit: str) -> TableLayout:
    """Response, number needed to treat and label status at one time. visit: one of `visit_names()`."""
    about = (
        f"At {dict(VISITS)[visit]} after the first dose, 95% uncertainty of the population mean; single trials differ "
        "by more. NNT: people treated for one more responder than with placebo; no limit: at that end fewer than one "
        "in a thousand more respond, or even fewer than on placebo."
    )
    return _picked(report, "clinicians", "Response, number needed to treat and label status", about, _CLINICIANS, visit)


def shares(document: Mapping[str, Any], visit: str) -> tuple[Share, ...]:
    """The two shares of each option as numbers, for a drawing of 100 people."""
    return tuple(
        Share(*(_median(option, part, visit) for part in ("response_rate", "response_on_placebo")))
        for option in document["options"]
    )


def _median(option: Mapping[str, Any], part: str, visit: str) -> float | None:
    quantity = lookup(option, ("symptoms", part, visit))
    return None if quantity is None else float(quantity["median"])


def _picked(
    report: Report,
    id_: str,
    title: str,
    about: str,
    columns: tuple[tuple[str, str | None, str, str], ...],
    visit: str,
) -> TableLayout:
    """Columns of several tables of a report beside each other, with their intervals and notes."""
    tables = {table.id: table for table in report.tables}
    options = tables["options"].rows
    taken = []
    for source, heading, _, _ in columns:
        wanted = dict(VISITS)[visit] if heading is None else heading
        index = [name for name, _ in tables[source].headings].index(wanted)
        # Below the options a table may have rows of its own, such as psychotherapy.
        taken.append([_with_caution(row, row.cells[index]) for row in tables[source].rows[: len(options)]])
    rows = [
        TableRow(Cell(option.label.text), cells)
        for option, cells in zip(options, zip(*taken, strict=True), strict=True)
    ]
    headings = tuple((heading, unit) for _, _, heading, unit in columns)
    return TableLayout(id_, title, about, "Option", headings, tuple(rows))


def _with_caution(row: TableRow, cell: Cell) -> Cell:
    """A cell away from its table: the notes that stood at the row's name go with it."""
    if cell.is_missing:
        return cell
    return Cell(cell.text, cell.ends, tuple(sorted({*row.label.marks, *cell.marks})))
