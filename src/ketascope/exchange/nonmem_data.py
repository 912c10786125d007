"""NONMEM-style data sets: doses and observations of several people in one CSV file.

Columns: ID TIME AMT RATE EVID CMT MDV DV ADDL II SS with DRUG and ROUTE for doses (as in an event file, see
`regimen/events.py`), ANALYTE or DVID (a name) and UNIT for observations, BLQ or CENS with LLOQ for values below the
limit of quantification, OCC for occasions, and the covariates WT (kg), AGE (years), SEX and HEPATIC. TIME is hours,
AMT mg of base. A covariate is written in any row of a person, or in all; `.` is missing.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ketascope.errors import InputError, did_you_mean
from ketascope.model.occasions import occasion_starts
from ketascope.model.parameter_store import load_parameters
from ketascope.people import Person
from ketascope.regimen.course import Course, Dose
from ketascope.regimen.problems import shown
from ketascope.regimen.records import (
    NG_PER_ML,
    UNITS,
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
from ketascope.regimen.regimen import Regimen
from ketascope.regimen.spans import number_text

__all__ = ["ANALYTES", "CONCENTRATIONS", "Observation", "Subject", "read_data"]

COLUMNS = (
    *("ID", "TIME", "AMT", "RATE", "EVID", "CMT", "MDV", "DV", "ADDL", "II", "SS", "DRUG", "ROUTE"),
    *("ANALYTE", "DVID", "UNIT", "BLQ", "CENS", "LLOQ", "OCC", "WT", "AGE", "SEX", "HEPATIC"),
)
_REQUIRED = ("ID", "TIME", "AMT", "DV", "DRUG", "ROUTE")
_OTHER = ("TAD", "DATE", "LNDV", "STUDY")
CONCENTRATIONS = ("ketamine", "norketamine", "s_ketamine", "r_ketamine", "s_norketamine", "r_norketamine")
"""Analytes with a concentration: the sum of both enantiomers, or one."""
ANALYTES = (*CONCENTRATIONS, "score", "dissociation")
_OTHER_NAMES = {
    "esketamine": "s_ketamine",
    "arketamine": "r_ketamine",
    "noresketamine": "s_norketamine",
    "cadss": "dissociation",
}
_SEXES = {"female": "female", "f": "female", "male": "male", "m": "male"}
_COVARIATES = {"WT": "weight_kg", "AGE": "age_years", "SEX": "sex", "HEPATIC": "hepatic"}


@dataclass(frozen=True)
class Observation:
    """One observed value.

    value: ng/mL for a concentration, points for score and dissociation; None where is_below. lloq: limit of
    quantification in ng/mL, None where the file has none. occasion: index from 0. dose_rows_before: dose records above
    it. row: of the file.
    """

    analyte: str
    time_h: float
    value: float | None
    is_below: bool
    lloq: float | None
    occasion: int
    dose_rows_before: int
    row: int


@dataclass(frozen=True)
class Subject:
    """One person of a data set, checked.

    doses: for this person's weight, in order of time; dose_occasions: occasion of each, an index from 0. defaulted:
    covariates that the file leaves out.
    """

    id: str
    person: Person
    regimen: Regimen
    doses: tuple[Dose, ...]
    dose_occasions: tuple[int, ...]
    observations: tuple[Observation, ...]
    defaulted: tuple[str, ...]

    def concentrations(self) -> tuple[Observation, ...]:
        """The observations that are concentrations, in the order of the file."""
        return tuple(item for item in self.observations if item.analyte in CONCENTRATIONS)


@dataclass
class _Person:
    """What has been read of one person so far."""

    id: str
    first: Record
    courses: list[Course] = field(default_factory=list)
    course_rows: list[int] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    covariates: dict[str, tuple[str, Record]] = field(default_factory=dict)
    occasions: list[tuple[float, str]] = field(default_factory=list)
    seen: dict[tuple[str, ...], int] = field(default_factory=dict)
    latest_h: float = 0.0


def read_data(path: str | os.PathLike[str]) -> tuple[Subject, ...]:
    """Every person of a data set, in the order of the file.

    Raises InputError with the row and the column for anything that cannot be: rows out of order, units that change,
    a dose without amount, a row that stands twice, a person whose every concentration is below the limit, ...
    """
    file = Path(path)
    units: dict[str, str] = {}
    people: dict[str, _Person] = {}
    analyte_column = "ANALYTE"

    def header(cells: list[str]) -> list[str]:
        nonlocal analyte_column
        names = check_names(cells, (*COLUMNS, *_OTHER), _REQUIRED, file, COLUMNS)
        chosen = [name for name in ("ANALYTE", "DVID") if name in names]
        if len(chosen) != 1:
            both = "both ANALYTE and DVID; write one of them" if chosen else "no column ANALYTE (or DVID)"
            raise InputError(f"row 1: {file_name(path)} has {both}; it says what was measured: {', '.join(ANALYTES)}")
        if "BLQ" in names and "CENS" in names:
            raise InputError(f"row 1: {file_name(path)} has both BLQ and CENS; write one of them")
        analyte_column = chosen[0]
        return names

    for identity, row in with_person(read_records(file, header)):
        if identity not in people:
            people[identity] = _Person(identity, row)
        _add(people[identity], row, analyte_column, units)
    if not people:
        raise InputError(f"{file_name(path)} has no rows below its header")
    return tuple(_subject(person) for person in people.values())


def _add(person: _Person, row: Record, analyte_column: str, units: dict[str, str]) -> None:
    """Take over one row."""
    time_h = time_of(row, person.latest_h)
    person.latest_h = time_h
    key = tuple(row.text(name) or "." for name in row.cells)
    if key in person.seen:
        raise InputError(f"row {row.number}: says the same as row {person.seen[key]}; remove one of them")
    person.seen[key] = row.number
    for column in _COVARIATES:
        _note_covariate(person, row, column)
    occasion = row.text("OCC")
    if occasion is not None and occasion != (person.occasions[-1][1] if person.occasions else None):
        if occasion in (name for _, name in person.occasions):
            raise row.error("OCC", f"{shown(occasion)} comes back; an occasion is one stretch of time")
        person.occasions.append((time_h, occasion))
    missing = row.whole_number_in("MDV", 0)
    if missing not in (0, 1):
        raise row.error("MDV", f"{missing} is unknown; 1 says that DV is no value, 0 that it is one")
    if is_dose(row, bool(person.courses)):
        _check_dose_record(row)
        person.courses.append(course_of(row, time_h))
        person.course_rows.append(row.number)
    elif row.whole_number_in("EVID", 0) == 0 and not missing:
        person.observations.append(_observation(person, row, time_h, analyte_column, units))


def _check_dose_record(row: Record) -> None:
    if row.number_in("DV", 0.0):
        raise row.error("DV", f"{shown(row.text('DV') or '')} stands in a dose row (EVID 1); give it a row with EVID 0")
    if row.text("MDV") == "0":
        raise row.error("MDV", "0 says that DV is a value, but EVID 1 makes the row a dose; write 1")


def _note_covariate(person: _Person, row: Record, column: str) -> None:
    text = row.text(column)
    if text is None:
        return
    known = person.covariates.get(column)
    if known is None:
        person.covariates[column] = (text, row)
    elif known[0] != text:
        problem = f"{shown(text)} after {shown(known[0])} in row {known[1].number}; a person has one value for all rows"
        raise row.error(column, problem)


def _observation(
    person: _Person, row: Record, time_h: float, analyte_column: str, units: dict[str, str]
) -> Observation:
    analyte = _analyte(row, analyte_column)
    is_below = _is_below(row)
    factor = _unit_factor(row, analyte, units)
    lloq = row.number_in("LLOQ", math.nan) * factor
    if lloq <= 0.0:
        raise row.error("LLOQ", f"{number_text(lloq)} must be above 0")
    value = row.number_in("DV", math.nan) * factor
    is_concentration = analyte in CONCENTRATIONS
    if is_below and not is_concentration:
        raise row.error("BLQ" if "BLQ" in row.cells else "CENS", f"{analyte} has no limit of quantification")
    if value < 0.0:
        raise row.error("DV", f"{number_text(value)} is below 0; no {analyte} is")
    if is_below:
        # Without a limit of its own DV holds it, as where values are marked by CENS.
        lloq = value if math.isnan(lloq) else lloq
        if not lloq > 0.0:
            raise row.error("LLOQ", "is missing; a value below the limit of quantification needs the limit")
        value = math.nan
    elif math.isnan(value):
        raise row.error("DV", "is missing; an observation needs a value, or MDV 1, or BLQ 1 with LLOQ")
    elif is_concentration:
        _check_quantified(row, value, lloq)
    if is_concentration and not person.courses and not is_below:
        problem = f"a {analyte} of {number_text(value)} ng/mL before the first dose; only score may come before it"
        raise row.error("TIME", problem)
    return Observation(
        analyte=analyte,
        time_h=time_h,
        value=None if math.isnan(value) else value,
        is_below=is_below,
        lloq=None if math.isnan(lloq) or not is_concentration else lloq,
        occasion=0,  # occasions are known when all rows are read
        dose_rows_before=len(person.courses),
        row=row.number,
    )


def _check_quantified(row: Record, value: float, lloq: float) -> None:
    if value == 0.0:
        raise row.error("DV", "0 is no measured concentration; write BLQ 1 with the limit in LLOQ")
    if value < lloq:
        problem = f"{number_text(value)} is below the limit of {number_text(lloq)} ng/mL (LLOQ); write BLQ 1"
        raise row.error("DV", problem)


def _analyte(row: Record, column: str) -> str:
    text = row.text(column)
    if text is None:
        raise row.error(column, f"is missing; write one of {', '.join(ANALYTES)}")
    name = text.casefold().replace("-", "_")
    name = _OTHER_NAMES.get(name, name)
    if name not in ANALYTES:
        known = ", ".join(ANALYTES)
        raise row.error(column, f"{shown(text)} is unknown{did_you_mean(name, ANALYTES)} Known: {known}")
    return name


def _is_below(row: Record) -> bool:
    column = "CENS" if "CENS" in row.cells else "BLQ"
    number = row.whole_number_in(column, 0)
    if number not in (0, 1):
        raise row.error(column, f"{number} is unknown; 1 is below the limit of quantification, 0 is a value")
    return number == 1


def _unit_factor(row: Record, analyte: str, units: dict[str, str]) -> float:
    """What a value is multiplied by to be in ng/mL; 1 for points. units: of each analyte, so far."""
    text = row.text("UNIT")
    if analyte not in CONCENTRATIONS:
        return 1.0
    unit = (text or "ng/mL").casefold()
    if unit not in NG_PER_ML:
        raise row.error("UNIT", f"{shown(text or '')} is unknown; write {UNITS}")
    before = units.setdefault(analyte, unit)
    if before != unit:
        problem = f"{shown(text or 'ng/mL')} for {analyte} after '{before}'; one unit for all of an analyte"
        raise row.error("UNIT", problem)
    return NG_PER_ML[unit]


def _subject(person: _Person) -> Subject:
    """The person with all rows read."""
    who = f"of {shown(person.id)}"
    if not person.courses:
        raise person.first.error("EVID", f"no dose {who}; a dose is a row with EVID 1 and an AMT above 0")
    if not person.observations:
        raise person.first.error("DV", f"no observation {who}; a fit needs at least one concentration")
    measured = [item for item in person.observations if item.analyte in CONCENTRATIONS]
    if measured and all(item.is_below for item in measured):
        raise person.first.error("BLQ", f"every concentration {who} is below the limit; there is nothing to fit")
    covariates = _person_of(person)
    regimen = regimen_of(person.courses, person.course_rows, covariates.weight_kg)
    doses = regimen.doses(covariates.weight_kg)
    _check_ketamine(person, doses)
    occasions = person.occasions or [(start_h, "") for start_h in occasion_starts(doses, load_parameters())]
    return Subject(
        id=person.id,
        person=covariates,
        regimen=regimen,
        doses=doses,
        dose_occasions=tuple(_occasion_at(dose.time_h, occasions) for dose in doses),
        observations=tuple(
            replace(item, occasion=_occasion_at(item.time_h, occasions)) for item in person.observations
        ),
        defaulted=tuple(name for column, name in _COVARIATES.items() if column not in person.covariates),
    )


def _person_of(person: _Person) -> Person:
    values: dict[str, float | str] = {}
    for column, (text, row) in person.covariates.items():
        if column in ("WT", "AGE"):
            values[_COVARIATES[column]] = row.number_in(column, math.nan)
        elif column == "SEX":
            if text.casefold() not in _SEXES:
                raise row.error(column, f"{shown(text)} is unknown; write female or male, or . where it is not known")
            values["sex"] = _SEXES[text.casefold()]
        else:
            values["hepatic"] = text.casefold()
        try:
            Person(**{_COVARIATES[column]: values[_COVARIATES[column]]})  # type: ignore[arg-type]
        except InputError as error:
            raise row.error(column, str(error)) from None
    return Person(**values)  # type: ignore[arg-type]


def _check_ketamine(person: _Person, doses: Sequence[Dose]) -> None:
    from ketascope.model.exposure import ketamine_doses

    if not ketamine_doses(doses):
        raise person.first.error("DRUG", f"no ketamine or esketamine among the doses of {shown(person.id)}")


def _occasion_at(time_h: float, occasions: Sequence[tuple[float, str]]) -> int:
    """Index of the occasion that a time belongs to: the last that began at it or before, else the first."""
    begun = [index for index, (start_h, _) in enumerate(occasions) if start_h <= time_h]
    return begun[-1] if begun else 0
