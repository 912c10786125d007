"""Event tables of other tools read into regimens: any number of people in one file.

Each person's rows become a regimen by the rules of `regimen/records.py`; what a regimen cannot express is an error with
its row and column, and what says nothing of doses is counted and named. A table that `export` wrote holds its own
sentence: it is taken over where the rows agree with it, so that mg/kg and phases survive.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ketascope._version import __version__
from ketascope.errors import InputError
from ketascope.regimen import Regimen, SentenceError, event_rows, parse
from ketascope.regimen.course import Course
from ketascope.regimen.events import COLUMNS, OTHER_COLUMNS, REQUIRED_COLUMNS
from ketascope.regimen.problems import shown
from ketascope.regimen.records import (
    Record,
    check_names,
    course_of,
    file_name,
    is_dose,
    read_records,
    regimen_of,
    time_of,
    with_person,
)

OWN_COLUMNS = ("WT", "SENTENCE")
_COMPARED = ("TIME", "AMT", "RATE", "ADDL", "II", "DRUG", "ROUTE")
# A compartment number belongs to one model; ROUTE says where a dose goes.
_READ_OVER = ("CMT",)


@dataclass(frozen=True)
class ImportedSubject:
    """One person of a table. weight_kg: from WT, None where there is none. rows_left_out: of other events, by kind."""

    id: str
    regimen: Regimen
    weight_kg: float | None
    rows_left_out: dict[str, int]


@dataclass(frozen=True)
class Import:
    """The result: `document()` is what `ketascope import --json` prints."""

    source: str
    subjects: tuple[ImportedSubject, ...]
    columns_left_out: tuple[str, ...]
    default_weight_kg: float

    def document(self) -> dict[str, Any]:
        """Each person's sentence and dose events, and what was not taken over, as plain data."""
        return {
            "version": __version__,
            "source": self.source,
            "subjects": [
                {
                    "id": subject.id,
                    "sentence": str(subject.regimen),
                    "weight_kg": subject.weight_kg,
                    "events": subject.regimen.event_table(subject.weight_kg or self.default_weight_kg),
                    "rows_left_out": subject.rows_left_out,
                }
                for subject in self.subjects
            ],
            "columns_left_out": list(self.columns_left_out),
        }


@dataclass
class _Person:
    id: str
    first: Record
    courses: list[Course] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    weight: tuple[float, Record] | None = None
    latest_h: float = 0.0


def import_events(path: str | os.PathLike[str]) -> Import:
    """Read an event table of any number of people.

    Raises InputError with the row and the column for what a regimen cannot express: steady state, resets, unknown drugs
    or routes, a person whose rows do not stand together, a SENTENCE that the rows contradict.
    """
    from ketascope.comparing.setting import DEFAULTS

    file = Path(path)
    columns: list[str] = []

    def header(cells: list[str]) -> list[str]:
        columns.extend(check_names(cells, (*COLUMNS, *OTHER_COLUMNS, *OWN_COLUMNS), REQUIRED_COLUMNS, file, COLUMNS))
        return columns

    people: dict[str, _Person] = {}
    holding: set[str] = set()
    for identity, row in with_person(read_records(file, header), needs_id=False):
        holding |= {name for name in columns if row.text(name) is not None}
        if identity not in people:
            people[identity] = _Person(identity, row)
        _add(people[identity], row)
    subjects = [_subject(person) for person in people.values()]
    if not subjects:
        raise InputError(f"{file_name(file)} has no dose; a dose is a row with EVID 1 and an AMT above 0")
    taken = {*COLUMNS, *OWN_COLUMNS} - {*_READ_OVER}
    left_out = tuple(name for name in columns if name in holding and name not in taken)
    return Import(file.name, tuple(subjects), left_out, float(DEFAULTS["weight_kg"]))


def _add(person: _Person, row: Record) -> None:
    time_h = time_of(row, person.latest_h)
    person.latest_h = time_h
    if row.text("WT") is not None:
        weight = row.number_in("WT", math.nan)
        if person.weight is not None and weight != person.weight[0]:
            problem = f"{weight:g} after {person.weight[0]:g} in row {person.weight[1].number}; a person has one weight"
            raise row.error("WT", problem)
        person.weight = (weight, row)
    if is_dose(row, bool(person.courses)):
        person.courses.append(course_of(row, time_h))
        person.numbers.append(row.number)
        person.records.append(row)
        return
    kind = "observations" if row.whole_number_in("EVID", 0) == 0 else "other events"
    person.left_out[kind] = person.left_out.get(kind, 0) + 1


def _subject(person: _Person) -> ImportedSubject:
    if not person.courses:
        raise person.first.error(
            "EVID", f"no dose of {shown(person.id)}; a dose is a row with EVID 1 and an AMT above 0"
        )
    weight_kg = None
    if person.weight is not None:
        weight_kg, row = person.weight
        _check_weight(weight_kg, row)
    regimen = regimen_of(person.courses, person.numbers, weight_kg)
    written = {record.text("SENTENCE") for record in person.records} - {None}
    if written:
        regimen = _from_sentence(person, sorted(str(each) for each in written), weight_kg)
    return ImportedSubject(person.id, regimen, weight_kg, person.left_out)


def _check_weight(weight_kg: float, row: Record) -> None:
    from ketascope.regimen.regimen_checks import check_weight

    try:
        check_weight(weight_kg)
    except InputError as error:
        raise row.error("WT", str(error)) from None


def _from_sentence(person: _Person, written: Sequence[str], weight_kg: float | None) -> Regimen:
    """The regimen of the column SENTENCE, where it says the same as the rows."""
    row = person.records[0]
    if len(written) > 1:
        raise row.error("SENTENCE", f"the rows of {shown(person.id)} have {len(written)} different ones; write one")
    try:
        regimen = parse(written[0])
    except SentenceError as error:
        raise row.error("SENTENCE", str(error)) from None
    if weight_kg is None and regimen.depends_on_weight:
        raise row.error("WT", "is missing; SENTENCE has doses per kg")
    from ketascope.comparing.setting import DEFAULTS

    said = event_rows(regimen, weight_kg if weight_kg is not None else float(DEFAULTS["weight_kg"]))
    found = [_dose_cells(record) for record in person.records]
    wanted = [_dose_cells(Record(0, cells)) for cells in said]
    for record, ours, theirs in zip(person.records, found, wanted, strict=False):
        for name in _COMPARED:
            if ours[name] != theirs[name]:
                raise record.error(name, f"is {ours[name]}, but SENTENCE makes it {theirs[name]}; correct one of them")
    if len(found) != len(wanted):
        raise row.error(
            "SENTENCE", f"makes {len(wanted)} dose rows, but the table has {len(found)}; correct one of them"
        )
    return regimen


def _dose_cells(record: Record) -> dict[str, float | str]:
    from ketascope.regimen.catalogue import name_drug, name_route

    numbers = {name: record.number_in(name, 0.0) for name in ("TIME", "AMT", "RATE", "ADDL", "II")}
    drug, route = record.text("DRUG") or "", record.text("ROUTE") or ""
    return {**numbers, "DRUG": name_drug(drug) or drug, "ROUTE": name_route(route) or route}
