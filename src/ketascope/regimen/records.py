"""One record of a NONMEM-style table: its cells, its row number for messages, and the dose that it may hold.

What every reader of such tables shares. Rows are numbered as in a spreadsheet, the header being row 1; `.` and an empty
cell are missing values. Events: 0 an observation, 1 a dose, 2 another event, 3 a reset, 4 a reset and a dose.
"""

from __future__ import annotations

import csv
import difflib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ketascope.errors import InputError
from ketascope.regimen import catalogue
from ketascope.regimen.course import Course
from ketascope.regimen.problems import CourseError, shown
from ketascope.regimen.regimen import Regimen
from ketascope.regimen.spans import number_text

__all__ = [
    "NG_PER_ML",
    "UNITS",
    "Record",
    "check_names",
    "course_of",
    "file_name",
    "is_dose",
    "read_records",
    "regimen_of",
    "time_of",
]

NG_PER_ML = {
    "ng/ml": 1.0,
    "ug/l": 1.0,
    "mcg/l": 1.0,
    "\N{GREEK SMALL LETTER MU}g/l": 1.0,
    "mg/l": 1000.0,
    "ug/ml": 1000.0,
}
"""What a concentration in each unit (casefolded, which makes the micro sign a mu) is multiplied by to be in ng/mL."""
UNITS = "ng/mL, ug/L, ug/mL or mg/L"

COLUMN_OF_FIELD = {
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


class Record:
    """One record: its cells by column, and its number for messages."""

    def __init__(self, number: int, cells: dict[str, str]) -> None:
        self.number = number
        self.cells = cells

    def error(self, column: str, problem: str) -> InputError:
        """What is wrong with a cell, with its row and its column."""
        return InputError(f"row {self.number}, column {column}: {problem}")

    def text(self, column: str) -> str | None:
        """The cell without the blanks around it; None for a missing value or a missing column."""
        value = self.cells.get(column, ".").strip()
        return None if value in _MISSING else value

    def number_in(self, column: str, default: float) -> float:
        """A finite number, `default` where it is missing; anything else is an error."""
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
        """A whole number, `default` where it is missing."""
        value = self.number_in(column, default)
        if value != int(value):
            raise self.error(column, f"{shown(self.text(column) or '')} is not a whole number")
        return int(value)


def read_records(path: Path, header: Callable[[list[str]], list[str]]) -> Iterator[Record]:
    """Every record of a table; blank lines are passed over.

    header: is given the cells of row 1 and returns the names of the columns. Raises InputError that names the row, for
    a file that is no such table.
    """
    most = int(catalogue.input_limit("event_rows"))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            records = csv.reader(file, strict=True)
            names = header(next(records, []))
            for number, record in enumerate(records, start=2):
                if number - 1 > most:
                    raise InputError(f"{file_name(path)} has more than {most} rows, the limit")
                if not any(cell.strip() for cell in record):
                    continue
                if len(record) != len(names):
                    raise InputError(f"row {number}: {len(record)} cells, but the header has {len(names)}")
                yield Record(number, dict(zip(names, record, strict=True)))
    except OSError as error:
        raise InputError(f"cannot read {file_name(path)}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InputError(f"{file_name(path)} is not a text file in UTF-8") from None
    except (csv.Error, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file_name(path)} is not a CSV file: {error}") from None


def check_names(
    cells: Sequence[str], known: Sequence[str], required: Sequence[str], path: Path, likely: Sequence[str] | None = None
) -> list[str]:
    """Names of the columns in capitals. Raises InputError for one that looks like a slip, stands twice, or is missing.

    known: columns that are read, or read over; others are passed by unless they look like one of `likely` (default: any
    that is known).
    """
    names = [cell.strip().lstrip("#").upper() for cell in cells]
    for name in names:
        near = difflib.get_close_matches(name, known if likely is None else likely, n=1, cutoff=0.75)
        if name not in known and near:
            raise InputError(f"row 1, column {shown(name)}: unknown column; did you mean {near[0]}?")
        if name in known and names.count(name) > 1:
            raise InputError(f"row 1, column {name}: appears {names.count(name)} times")
    for name in required:
        if name not in names:
            raise InputError(f"row 1: {file_name(path)} has no column {name}; needed are {' '.join(required)}")
    return names


def time_of(row: Record, latest_h: float) -> float:
    """The time of a record in hours, not before `latest_h`, the time of the row above (0 at the start)."""
    time_h = row.number_in("TIME", math.nan)
    if math.isnan(time_h):
        raise row.error("TIME", "is missing; write hours from the start")
    if time_h < latest_h:
        earlier = f"the row above ({number_text(latest_h)})" if latest_h else "the start (0)"
        raise row.error("TIME", f"{number_text(time_h)} is before {earlier}; sort the rows by time")
    return time_h


def regimen_of(courses: Sequence[Course], numbers: Sequence[int], weight_kg: float | None = None) -> Regimen:
    """The regimen that courses make; a limit that it breaks is told with the row. numbers: row of each course.

    weight_kg: limits per kg are checked for this weight too.
    """
    try:
        regimen = Regimen((tuple(courses),))
        if weight_kg is not None:
            regimen.doses(weight_kg)
    except CourseError as error:
        number = numbers[error.course or 0]
        column = COLUMN_OF_FIELD[error.field]
        raise InputError(f"row {number}, column {column}: {_in_rows(error.problem, numbers)}") from None
    return regimen


def _in_rows(problem: str, numbers: Sequence[int]) -> str:
    """Name another course by its row: who reads the message sees a file, not phases."""
    for index in reversed(range(len(numbers))):
        problem = problem.replace(f" phase {index + 1} ", f" row {numbers[index]} ")
    return problem


def is_dose(row: Record, doses_before: bool) -> bool:
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


def course_of(row: Record, time_h: float) -> Course:
    """The course that a dose record holds: its dose, and ADDL more of it every II hours."""
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
        raise row.error(COLUMN_OF_FIELD[error.field], error.problem) from None


def _name(row: Record, column: str) -> str:
    text = row.text(column)
    if text is None:
        known = catalogue.drugs() if column == "DRUG" else catalogue.routes()
        raise row.error(column, f"is missing; write one of {', '.join(known)}")
    return text


def _duration(row: Record, amount_mg: float) -> float | None:
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


def file_name(path: str | os.PathLike[str]) -> str:
    """The name of a file for a message."""
    return shown(os.fspath(path))
