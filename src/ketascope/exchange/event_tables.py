"""A regimen as an event table for NONMEM, rxode2 or mrgsolve: one row a course, in the columns that each expects.

Beside its own columns every table has DRUG and ROUTE (a compartment says neither), WT (the weight behind doses per kg)
and SENTENCE, so that reading it back gives the very same regimen (`importing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from ketascope.files import csv_text
from ketascope.regimen.spans import number_text

if TYPE_CHECKING:
    from ketascope.regimen import Regimen

INTO_PLASMA, INTO_DEPOT = "central", "depot"


@dataclass(frozen=True)
class Table:
    """The columns of one program: its own name of each, in its order. has_places: CMT names where a dose goes."""

    label: str
    columns: Mapping[str, str]
    has_places: bool


_ALSO = ("DRUG", "ROUTE", "WT", "SENTENCE")


def _same(*names: str) -> Mapping[str, str]:
    return MappingProxyType({name: name for name in (*names, *_ALSO)})


def _lower(*names: str) -> Mapping[str, str]:
    return MappingProxyType({name: name.lower() for name in (*names, *_ALSO)})


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        "nonmem": Table(
            label="event table for NONMEM",
            columns=_same("ID", "TIME", "AMT", "RATE", "EVID", "CMT", "MDV", "ADDL", "II", "SS"),
            has_places=False,
        ),
        "rxode2": Table(
            label="event table for rxode2 (R)",
            columns=_lower("ID", "TIME", "EVID", "CMT", "AMT", "RATE", "II", "ADDL", "SS"),
            has_places=True,
        ),
        "mrgsolve": Table(
            label="event table for mrgsolve (R)",
            columns=MappingProxyType({"ID": "ID", **_lower("TIME", "AMT", "RATE", "CMT", "EVID", "II", "ADDL", "SS")}),
            has_places=True,
        ),
    }
)


def event_table(regimen: Regimen, weight_kg: float, program: str) -> str:
    """The regimen's dose records for a person of this weight as CSV; program: a name of `TABLES`.

    Raises InputError for a dose over a limit per kg.
    """
    from ketascope.regimen import event_rows, routes

    table = TABLES[program]
    rows = []
    for row in event_rows(regimen, weight_kg):
        cells = row | {"WT": number_text(weight_kg), "SENTENCE": str(regimen)}
        if table.has_places:
            # These programs want a compartment: names that a model with one depot has, ROUTE says which depot.
            cells["CMT"] = INTO_PLASMA if routes()[row["ROUTE"]].into_vein else INTO_DEPOT
        rows.append({theirs: cells[name] for name, theirs in table.columns.items()})
    return csv_text(list(table.columns.values()), rows)
