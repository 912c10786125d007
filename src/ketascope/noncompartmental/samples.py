"""What an analysis starts from: samples and doses of people, from a table in a file or from a simulation.

A table has one record a row: ID TIME DV, and beside them AMT RATE EVID MDV ADDL II (doses), ROUTE, ANALYTE or DVID,
UNIT, BLQ or CENS with LLOQ, OCC and any columns to group by. TIME is hours, AMT mg, `.` a missing value; rows are
numbered as in a spreadsheet. Drugs of any name can be analysed: nothing here asks what was given.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketascope.errors import InputError
from ketascope.regimen.catalogue import input_limit, name_route, routes
from ketascope.regimen.problems import shown
from ketascope.regimen.records import (
    NG_PER_ML,
    UNITS,
    Record,
    check_names,
    file_name,
    is_dose,
    read_records,
    time_of,
    with_person,
)
from ketascope.regimen.spans import number_text

if TYPE_CHECKING:
    from ketascope.one_regimen import Simulation

COLUMNS = (
    *("ID", "TIME", "DV", "AMT", "RATE", "EVID", "CMT", "MDV", "ADDL", "II", "SS", "DRUG", "ROUTE"),
    *("ANALYTE", "DVID", "UNIT", "BLQ", "CENS", "LLOQ", "OCC"),
)
_LIKELY = tuple(name for name in COLUMNS if name not in ("SS", "II", "DRUG"))
_REQUIRED = ("ID", "TIME", "DV")


@dataclass(frozen=True)
class Sample:
    """One concentration. value_ng_per_ml: None where it is below the limit; dose_rows_before: dose records above it."""

    time_h: float
    value_ng_per_ml: float | None
    dose_rows_before: int
    occasion: str = ""


@dataclass(frozen=True)
class GivenDose:
    """One dose in mg, `duration_h` 0 where it was given at once; number: of its dose record, from 1."""

    time_h: float
    amount_mg: float
    duration_h: float
    intravenous: bool
    number: int
    occasion: str = ""


@dataclass
class Series:
    """One analyte in one person, with the doses of that person.

    columns: the person's values of other columns. lacks_unit: some sample stands in a row without a UNIT.
    """

    id: str
    analyte: str
    samples: list[Sample] = field(default_factory=list)
    doses: list[GivenDose] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    lacks_unit: bool = False


@dataclass(frozen=True)
class Choices:
    """What is not in the table. unit: of DV without a UNIT; dose_mg: given to everybody at 0 h where no row is a
    dose; intravenous: doses without a ROUTE and a RATE; by: columns that make groups.
    """

    unit: str | None = None
    dose_mg: float | None = None
    intravenous: bool = False
    by: tuple[str, ...] = ()


@dataclass
class _Person:
    id: str
    doses: list[GivenDose] = field(default_factory=list)
    series: dict[str, Series] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    latest_h: float = 0.0
    first_row: int = 0
    seen: dict[tuple[str, float, int], int] = field(default_factory=dict)


def read_series(path: str | os.PathLike[str], choices: Choices) -> list[Series]:
    """Every person and analyte of a table, in the order of the file.

    Raises InputError with the row and the column for anything that cannot be.
    """
    file = Path(path)
    analyte_column = ""

    def header(cells: list[str]) -> list[str]:
        nonlocal analyte_column
        names = check_names(cells, COLUMNS, _REQUIRED, file, _LIKELY)
        for column in choices.by:
            if column not in names:
                raise InputError(
                    f"row 1: {file_name(file)} has no column {column} to group by; it has {' '.join(names)}"
                )
        for pair in (("ANALYTE", "DVID"), ("BLQ", "CENS")):
            if set(pair) <= set(names):
                raise InputError(f"row 1: {file_name(file)} has both {' and '.join(pair)}; write one of them")
        analyte_column = next((name for name in ("ANALYTE", "DVID") if name in names), "")
        return names

    people: dict[str, _Person] = {}
    units: dict[str, str] = {}
    for identity, row in with_person(read_records(file, header)):
        if identity not in people:
            people[identity] = _Person(identity, first_row=row.number)
        _add(people[identity], row, analyte_column, units, choices)
    if not people:
        raise InputError(f"{file_name(file)} has no rows below its header")
    return [series for person in people.values() for series in _series_of(person, choices, file)]


def _add(person: _Person, row: Record, analyte_column: str, units: dict[str, str], choices: Choices) -> None:
    time_h = time_of(row, person.latest_h)
    row.check_size("TIME", time_h, input_limit("table_number_least"))
    person.latest_h = time_h
    _note_groups(person, row, choices)
    dose = is_dose(row, bool(person.doses))
    if dose:
        _add_doses(person, row, time_h, choices)
    if row.whole_number_in("MDV", 0):
        return
    if dose and row.text("EVID") is not None:
        if row.text("DV") not in (None, "0", "0.0"):
            raise row.error(
                "DV", f"{shown(row.text('DV') or '')} stands in a dose row (EVID 1); give it a row with EVID 0"
            )
    # A mark alone is a value below the limit. Without EVID a row may hold a dose and the sample at it.
    elif row.whole_number_in("EVID", 0) == 0 and (row.text("DV") is not None or _is_marked(row)):
        analyte = (row.text(analyte_column) if analyte_column else "concentration") or "concentration"
        _add_sample(person, row, time_h, analyte, units, choices)
        if dose:
            _check_same_row(person, row, analyte)


def _note_groups(person: _Person, row: Record, choices: Choices) -> None:
    for column in choices.by:
        text = row.text(column) or "."
        known = person.columns.setdefault(column, text)
        if text != known and known == ".":
            person.columns[column] = text
        elif text not in (known, "."):
            raise row.error(
                column, f"{shown(text)} after {shown(known)}; a group is one value for all rows of a person"
            )


def _check_same_row(person: _Person, row: Record, analyte: str) -> None:
    """Refuse a concentration in the row of a bolus: drawn before it a trough, after it C0, and nothing says which.

    By any other dose concentrations rise from what they were, so that before and after are the same. (NONMEM ignores
    DV in a dose row; PKNCA takes what stands at a bolus for C0.)
    """
    given, value = person.doses[-1], person.series[analyte].samples[-1].value_ng_per_ml
    if given.intravenous and given.duration_h == 0.0 and value:
        where = "above it if drawn before the dose, below it if after"
        raise row.error(
            "DV", f"{shown(row.text('DV') or '')} stands in the row of a bolus; give it its own row, {where}"
        )


def _add_doses(person: _Person, row: Record, time_h: float, choices: Choices) -> None:
    amount = row.number_in("AMT", math.nan)
    if not amount > 0.0:
        raise row.error("AMT", "is missing; a dose needs mg above 0" if math.isnan(amount) else "must be above 0")
    if row.number_in("SS", 0.0):
        raise row.error("SS", "steady state is not supported; write the doses before it with ADDL and II")
    rate = row.number_in("RATE", 0.0)
    if rate < 0.0:
        raise row.error("RATE", f"{number_text(rate)} must be mg/h above 0, or 0 for a dose given at once")
    route = row.text("ROUTE")
    vein = choices.intravenous or rate > 0.0
    if route is not None:
        known = name_route(route)
        vein = known is not None and routes()[known].into_vein
    additional, interval_h = row.whole_number_in("ADDL", 0), row.number_in("II", 0.0)
    if additional < 0 or (additional and not interval_h > 0.0):
        raise row.error("II" if additional > 0 else "ADDL", "ADDL doses more need 0 or more of them, II hours apart")
    if len(person.doses) + additional + 1 > int(input_limit("doses")):
        raise row.error("ADDL", f"more than {int(input_limit('doses'))} doses for {shown(person.id)}, the limit")
    number = person.doses[-1].number + 1 if person.doses else 1
    occasion = row.text("OCC") or ""
    duration_h = amount / rate if rate else 0.0
    if duration_h > input_limit("horizon_h"):
        longest = number_text(input_limit("horizon_h"))
        raise row.error("RATE", f"{number_text(amount)} mg at so low a rate take longer than {longest} h, the limit")
    person.doses += [
        GivenDose(time_h + index * interval_h, amount, duration_h, vein, number, occasion)
        for index in range(additional + 1)
    ]


def _add_sample(
    person: _Person, row: Record, time_h: float, analyte: str, units: dict[str, str], choices: Choices
) -> None:
    factor = _unit_factor(row, analyte, units, choices)
    text = row.text("DV") or ""
    value: float | None = None
    if not _is_marked(row) and text.upper() not in ("BLQ", "BQL", "BLOQ") and not text.startswith("<"):
        value = row.number_in("DV", math.nan)
        if value < 0.0:
            raise row.error("DV", f"{number_text(value)} is below 0; no concentration is")
        if value < row.number_in("LLOQ", 0.0):
            raise row.error("DV", f"{number_text(value)} is below the limit in LLOQ; write BLQ 1")
        value *= factor
    before = person.doses[-1].number if person.doses else 0
    key = (analyte, time_h, before)
    if key in person.seen:
        raise row.error("TIME", f"{number_text(time_h)} h stands twice for {analyte} (row {person.seen[key]} too)")
    person.seen[key] = row.number
    series = person.series.setdefault(analyte, Series(person.id, analyte))
    series.samples.append(Sample(time_h, value, before, row.text("OCC") or ""))
    series.lacks_unit = series.lacks_unit or row.text("UNIT") is None


def _is_marked(row: Record) -> bool:
    """Whether a column says that the value is below the limit."""
    column = "CENS" if "CENS" in row.cells else "BLQ"
    marked = row.whole_number_in(column, 0)
    if marked not in (0, 1):
        raise row.error(column, f"{marked} is unknown; 1 is below the limit, 0 a value")
    return marked == 1


def _unit_factor(row: Record, analyte: str, units: dict[str, str], choices: Choices) -> float:
    text = row.text("UNIT")
    unit = (text or choices.unit or "ng/mL").casefold()
    if unit not in NG_PER_ML:
        raise row.error("UNIT", f"{shown(text or '')} is unknown; write {UNITS}")
    # Two names of one unit, such as ng/mL and ug/L, say the same.
    if choices.unit is not None and NG_PER_ML[unit] != NG_PER_ML[choices.unit.casefold()]:
        raise row.error("UNIT", f"{shown(text or '')} contradicts the unit given, {choices.unit}; leave that out")
    before = units.setdefault(analyte, unit)
    if before != unit:
        said = shown(text or choices.unit or "ng/mL")
        raise row.error("UNIT", f"{said} for {analyte} after '{before}'; one unit for all of an analyte")
    return NG_PER_ML[unit]


def _series_of(person: _Person, choices: Choices, file: Path) -> list[Series]:
    if not person.series:
        raise InputError(
            f"row {person.first_row}, column DV: no concentration of {shown(person.id)} in {file_name(file)}"
        )
    if choices.dose_mg is not None:
        if person.doses:
            problem = "has doses of its own; leave the dose out"
            raise InputError(f"dose {choices.dose_mg:g} mg: {file_name(file)} {problem}")
        person.doses = [GivenDose(0.0, choices.dose_mg, 0.0, choices.intravenous, 0)]
    for series in person.series.values():
        if all(sample.value_ng_per_ml is None for sample in series.samples):
            problem = f"every {series.analyte} of {shown(person.id)} is below the limit; there is nothing to analyse"
            raise InputError(f"row {person.first_row}, column DV: {problem}")
        series.doses = sorted(person.doses, key=lambda dose: dose.time_h)
        series.columns = {column: person.columns.get(column, ".") for column in choices.by}
    return list(person.series.values())


def simulated_series(simulation: Simulation) -> list[Series]:
    """Ketamine and norketamine of every simulated patient, at all grid points; sessions are occasions.

    Raises InputError where no ketamine is given.
    """
    import numpy as np

    courses = simulation.trajectories()
    document = simulation.document()
    events: Sequence[Mapping[str, Any]] = document["events"]
    until_h = float(courses["time"][-1])
    times = courses["time"].values
    found = []
    for analyte in ("ketamine", "norketamine"):
        both = courses[f"s_{analyte}_mg_per_l"].values + courses[f"r_{analyte}_mg_per_l"].values
        # Norketamine is formed, so no dose of it is known.
        doses = [
            GivenDose(
                event["time_h"],
                event["amount_mg"],
                event["duration_h"],
                routes()[event["route"]].into_vein,
                number,
                str(event["session"]),
            )
            for number, event in enumerate(events, start=1)
            if event["time_h"] < until_h
        ]
        for index, profile in enumerate(np.maximum(1000.0 * both, 0.0), start=1):
            samples = [Sample(float(t), float(c), 0) for t, c in zip(times, profile, strict=True)]
            found.append(Series(str(index), analyte, samples, list(doses)))
    return found
