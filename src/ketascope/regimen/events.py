"""NONMEM-style event files: dose records in CSV, read into a Regimen and written from one.

Columns: ID TIME AMT RATE EVID CMT MDV DV ADDL II SS, as NONMEM knows them, with DRUG and ROUTE beside them,
since a compartment number does not say what was given how. TIME and II are hours, AMT is mg of base, `.` is a
missing value. One row makes one course: ADDL doses more, II hours apart. Rows are numbered as in a
spreadsheet, the header being row 1.
"""

from __future__ import annotations

import csv
import difflib
import math
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ketascope.errors import InputError
from ketascope.regimen import catalogue
from ketascope.regimen.course import Course
from ketascope.regimen.problems import CourseError, shown
from ketascope.regimen.regimen import Regimen
from ketascope.regimen.schedule import group_starts_h
from ketascope.regimen.spans import number_text

__all__ = ["COLUMNS", "event_rows", "read_events", "write_events"]

COLUMNS = ("ID", "TIME", "AMT", "RATE", "EVID", "CMT", "MDV", "ADDL", "II", "SS", "DRUG", "ROUTE")
_REQUIRED = ("TIME", "AMT", "DRUG", "ROUTE")
# Common columns that say nothing about doses. Others are read over too, unless they look like a slip.
_OTHER = ("DV", "TAD", "WT", "AGE", "SEX", "DATE", "OCC", "LNDV", "BLQ", "CENS")
_COLUMN_OF_FIELD = {
    "drug": "DRUG",
    "amount": "AMT",
    "unit": "AMT",
    "route": "ROUTE",
    "duration": "RATE",
    "interval": "II",
    "count": "ADDL",
    "delay": "TIME",
}
_OBSERVATION, _DOSE, _OTHER_EVENT, _RESET, _RESET_AND_DOSE = range(5)
_MISSING = (".", "")
_MINUTES_PER_HOUR = 60.0
# AMT/RATE carries a rounding error, so a duration this close to a whole minute is taken to mean that minute.
_SNAP_RELATIVE = 1e-12


class _Row:
    """One record: its cells by column, and its number for messages."""

    def __init__(self, number: int, cells: dict[str, str]) -> None:
        self.number = number
        self.cells = cells

    def error(self, column: str, problem: str) -> InputError:
        return InputError(f"row {self.number}, column {column}: {problem}")

    def text(self, column: str) -> str | None:
        value = self.cells.get(column, ".").strip()
        return None if value in _MISSING else value

    def number_in(self, column: str, default: float) -> float:
        text = self.text(column)
        if text is None:
            return default
        try:
            # float() also takes other scripts' digits and '1_000', which no event file means.
            value = float(text) if text.isascii() and "_" not in text else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(column, f"{shown(text)} is not a number")
        return value

    def whole_number_in(self, column: str, default: int) -> int:
        value = self.number_in(column, default)
        if value != int(value):
            raise self.error(column, f"{shown(self.text(column) or '')} is not a whole number")
        return int(value)


def read_events(path: str | os.PathLike[str]) -> Regimen:
    """Read the dose records of an event file; an InputError names the row and the column that is wrong."""
    courses: list[Course] = []
    numbers: list[int] = []
    subject: str | None = None
    latest_h = 0.0
    for row in _rows(Path(path)):
        identity = row.text("ID")
        if identity is not None:
            if subject is not None and identity != subject:
                problem = f"{shown(identity)} is a second person after {shown(subject)}; write one file a person"
                raise row.error("ID", problem)
            subject = identity
        time_h = row.number_in("TIME", math.nan)
        if math.isnan(time_h):
            raise row.error("TIME", "is missing; write hours from the start")
        if time_h < latest_h:
            earlier = f"the row above ({number_text(latest_h)})" if latest_h else "the start (0)"
            raise row.error("TIME", f"{number_text(time_h)} is before {earlier}; sort the rows by time")
        latest_h = time_h
        if _is_dose(row, bool(courses)):
            courses.append(_course(row, time_h))
            numbers.append(row.number)
    if not courses:
        raise InputError(f"{_file_name(path)} has no dose; a dose is a row with EVID 1 and an AMT above 0")
    try:
        return Regimen((tuple(courses),))
    except CourseError as error:
        number = numbers[error.course or 0]
        column = _COLUMN_OF_FIELD[error.field]
        raise InputError(f"row {number}, column {column}: {_in_rows(error.problem, numbers)}") from None


def _in_rows(problem: str, numbers: list[int]) -> str:
    """Name another course by its row: who reads the message sees a file, not phases."""
    for index in reversed(range(len(numbers))):
        problem = problem.replace(f" phase {index + 1} ", f" row {numbers[index]} ")
    return problem


def _rows(path: Path) -> Iterator[_Row]:
    most = int(catalogue.input_limit("event_rows"))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            records = csv.reader(file, strict=True)
            header = _header(next(records, []), path)
            for number, record in enumerate(records, start=2):
                if number - 1 > most:
                    raise InputError(f"{_file_name(path)} has more than {most} rows, the limit")
                if not any(cell.strip() for cell in record):
                    continue
                if len(record) != len(header):
                    raise InputError(f"row {number}: {len(record)} cells, but the header has {len(header)}")
                yield _Row(number, dict(zip(header, record, strict=True)))
    except OSError as error:
        raise InputError(f"cannot read {_file_name(path)}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InputError(f"{_file_name(path)} is not a text file in UTF-8") from None
    except (csv.Error, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{_file_name(path)} is not a CSV file: {error}") from None


def _header(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip().lstrip("#").upper() for cell in cells]
    known = (*COLUMNS, *_OTHER)
    for name in names:
        near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.75)
        if name not in known and near:
            raise InputError(f"row 1, column {shown(name)}: unknown column; did you mean {near[0]}?")
        if name in known and names.count(name) > 1:
            raise InputError(f"row 1, column {name}: appears {names.count(name)} times")
    for name in _REQUIRED:
        if name not in names:
            needed = " ".join(_REQUIRED)
            raise InputError(f"row 1: {_file_name(path)} has no column {name}; needed are {needed}")
    return names


def _is_dose(row: _Row, doses_before: bool) -> bool:
    """Whether a record is a dose; refuses the records that a regimen cannot express."""
    amount = row.number_in("AMT", 0.0)
    default = _DOSE if amount else _OBSERVATION
    event = row.whole_number_in("EVID", default)
    if event not in range(5):
        raise row.error("EVID", f"{event} is unknown; 1 is a dose, 0 an observation, 2 another event")
    if event in (_OBSERVATION, _OTHER_EVENT):
        if amount:
            problem = f"{event} is no dose, but AMT is {number_text(amount)}; a dose has EVID 1"
            raise row.error("EVID", problem)
        return False
    if event == _RESET:
        raise row.error("EVID", "3 (reset) cannot be given to a person; remove the row")
    if event == _RESET_AND_DOSE and doses_before:
        raise row.error("EVID", "4 (reset and dose) after an earlier dose would undo it; use 1")
    return True


def _course(row: _Row, time_h: float) -> Course:
    if row.number_in("SS", 0.0):
        raise row.error("SS", "steady state is not supported; write the doses before it with ADDL and II")
    amount_mg = row.number_in("AMT", math.nan)
    if math.isnan(amount_mg):
        raise row.error("AMT", "is missing; a dose needs mg above 0")
    interval_h = row.number_in("II", 0.0)
    additional = row.whole_number_in("ADDL", 0)
    if additional < 0:
        raise row.error("ADDL", f"{additional} must be 0 or more")
    if additional and not interval_h:
        raise row.error("II", f"is missing; {additional} additional doses (ADDL) need hours between them")
    try:
        return Course(
            drug=_name(row, "DRUG"),
            amount=amount_mg,
            unit="mg",
            route=_name(row, "ROUTE"),
            duration_h=_duration(row, amount_mg),
            interval_h=interval_h or None,
            count=additional + 1,
            delay_h=time_h,
        )
    except CourseError as error:
        raise row.error(_COLUMN_OF_FIELD[error.field], error.problem) from None


def _name(row: _Row, column: str) -> str:
    text = row.text(column)
    if text is None:
        known = catalogue.drugs() if column == "DRUG" else catalogue.routes()
        raise row.error(column, f"is missing; write one of {', '.join(known)}")
    return text


def _duration(row: _Row, amount_mg: float) -> float | None:
    rate_mg_per_h = row.number_in("RATE", 0.0)
    if rate_mg_per_h < 0.0:
        raise row.error("RATE", f"{number_text(rate_mg_per_h)} must be mg/h above 0, or 0 for a dose given at once")
    if not rate_mg_per_h:
        return None
    duration_h = amount_mg / rate_mg_per_h
    minutes = duration_h * _MINUTES_PER_HOUR
    if math.isfinite(minutes):
        snapped_h = round(minutes) / _MINUTES_PER_HOUR
        if abs(snapped_h - duration_h) <= _SNAP_RELATIVE * duration_h:
            return snapped_h
    return duration_h


def event_rows(regimen: Regimen, weight_kg: float) -> list[dict[str, str]]:
    """The dose records of a regimen for a person of this weight, one a course, in order of time."""
    # Asking for the doses checks the weight and the limits that depend on it.
    regimen.doses(weight_kg)
    starts_h = [
        start for start, group in zip(group_starts_h(regimen.groups), regimen.groups, strict=True) for _ in group
    ]
    courses = sorted(zip(starts_h, regimen.courses, strict=True), key=lambda pair: pair[0] + pair[1].delay_h)
    return [_record(start_h + course.delay_h, course, weight_kg) for start_h, course in courses]


def _record(time_h: float, course: Course, weight_kg: float) -> dict[str, str]:
    amount_mg = course.amount * weight_kg if course.unit == "mg/kg" else course.amount
    rate_mg_per_h = 0.0 if course.duration_h is None else amount_mg / course.duration_h
    return {
        "ID": "1",
        "TIME": number_text(time_h),
        "AMT": number_text(amount_mg),
        "RATE": number_text(rate_mg_per_h),
        "EVID": "1",
        # ROUTE says where the dose goes; a compartment number would belong to one particular model.
        "CMT": ".",
        "MDV": "1",
        "ADDL": str(course.count - 1),
        "II": number_text(course.interval_h or 0.0),
        "SS": "0",
        "DRUG": course.drug,
        "ROUTE": course.route,
    }


def write_events(regimen: Regimen, weight_kg: float, path: str | os.PathLike[str]) -> None:
    """Write the dose records as CSV; the file appears whole or not at all."""
    rows = event_rows(regimen, weight_kg)
    target = Path(path)
    try:
        handle, aside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    except OSError as error:
        raise InputError(f"cannot write {_file_name(path)}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        os.replace(aside, target)
    except BaseException as error:
        Path(aside).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(f"cannot write {_file_name(path)}: {error.strerror}") from None
        raise


def _file_name(path: str | os.PathLike[str]) -> str:
    return shown(os.fspath(path))
