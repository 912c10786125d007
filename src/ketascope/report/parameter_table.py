"""Parameter rows as a terminal table, or one row in full."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ketascope.report.format import as_given, significant
from ketascope.report.screen import screen

if TYPE_CHECKING:
    from ketascope.model.parameter_store import Parameter

WIDTH_OF_TABLE = 140
DIGITS = 4
"""Of a value on a page; the rows themselves and their JSON keep them all."""
_UNIT_IN_NAME = re.compile("_(?:l_per_h|ng_per_ml|per_h|mmhg|min|um|[hdl])(?=$|_(?:gad|mdd|ocd|ptsd|sad)$)")
_SHORT = frozenset(("cyp", "gad", "hnk", "iv", "mdd", "nmda", "ocd", "ptsd", "sad", "sc", "sd", "smd", "ssri"))


def label(name: str) -> str:
    """The name of a row in words, without its table and unit: `plasticity.hnk_weight` -> HNK weight."""
    parts = _UNIT_IN_NAME.sub("", name.rpartition(".")[2]).split("_")
    words = " ".join(part.upper() if part in _SHORT else part for part in parts)
    return re.sub(r"\b[rs] (?=ketamine|norketamine)", lambda form: f"{form[0][0].upper()}-", words)


def few_digits(value: float) -> str:
    """A value for a page, to `DIGITS` digits: 86.9832 -> 86.98."""
    return significant(value, DIGITS)


def spread_text(row: Parameter) -> str:
    """How the row varies between patients and how uncertain it is, in words; empty where it does neither."""
    parts = []
    if row.between_patient:
        parts.append(f"patients: {row.between_patient.kind} SD {as_given(row.between_patient.sd)}")
    if row.uncertainty:
        parts.append(f"uncertainty: {row.uncertainty.kind} SD {as_given(row.uncertainty.sd)}")
    if row.range:
        parts.append(f"reported {as_given(row.range[0])} to {as_given(row.range[1])}")
    return "; ".join(parts)


def print_parameters(rows: Sequence[Parameter]) -> None:
    """Print rows: a table for several, every field for one."""
    from rich.markup import escape
    from rich.table import Table

    console = screen(width=max(WIDTH_OF_TABLE, screen().width))
    if len(rows) == 1:
        row = rows[0]
        fields = {
            "name": row.name,
            "value": f"{as_given(row.value)} {row.unit}",
            "population": row.population,
            "varies": spread_text(row),
            "grade": row.grade,
            "source": row.source,
            "note": row.note,
        }
        for name, text in fields.items():
            if text:
                console.print(f"{name:11} {escape(text)}")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("name", overflow="fold", ratio=5)
    table.add_column("value", justify="right", no_wrap=True)
    for name, ratio in (("unit", 4), ("grade", 2), ("varies", 5), ("source", 8)):
        table.add_column(name, overflow="fold", ratio=ratio)
    for row in rows:
        cells = (row.name, as_given(row.value), row.unit, row.grade, spread_text(row), row.source)
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)
    console.print(f"{len(rows)} rows. Grades: established, plausible, assumed, estimated, not informed by trials.")
