"""One record of a NONMEM-style table: its cells, its row number for messages, and the dose that it may hold.

What every reader of such tables shares. Rows are numbered as in a spreadsheet, the header being row 1; `.` and an empty
cell are missing values. Events: 0 an observation, 1 a dose, 2 another event, 3 a reset, 4 a reset and a dose.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from ketascope.errors import InputError, did_you_mean
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
    "with_person",
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
    """One record: its cells by column, and its number for messages. place: as a message names it."""

    def __init__(self, number: int, cells: dict[str, str], place: str = "") -> None:
        self.number = number
        self.cells = cells
        self.place = place or f"row {number}"

    def error(self, column: str, problem: str) -> InputError:
        """What is wrong with a cell, with its row and its column."""
        return InputError(f"{self.place}, column {column}: {problem}")

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
        # A sentence may begin at any time, however small, and comes back from its table as it was.
        self.check_size(column, value, 0.0 if column == "TIME" else catalogue.input_limit("table_number_least"))
        return value

    def check_size(self, column: str, value: float, least: float) -> None:
        """Raise InputError for a number that is not 0 and too small or too large to be meant."""
        most = catalogue.input_limit("table_number_most")
        if value and not least <= abs(value) <= most:
            text = shown(self.text(column) or "")
            raise self.error(column, f"{text} cannot be meant; sizes lie between {least:g} and {most:g}, or are 0")

    def whole_number_in(self, column: str, default: int) -> int:
        """A whole number, `default` where it is missing."""
        value = self.number_in(column, default)
        if value != int(value):
            raise self.error(column, f"{shown(self.text(column) or '')} is not a whole number")
        return int(value)


def read_records(path: Path, header: Callable[[list[str]], list[str]], row: str = "row") -> Iterator[Record]:
    """Every record of a table; blank lines are passed over.

    header: is given the cells of the first line, none where there is none, and returns the names of the columns. row:
    what messages put before the number of a row. Raises InputError that names the row, for a file that is no such
    table.
    """
    most = int(catalogue.input_limit("event_rows"))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names: list[str] = []
            for number, record in enumerate(csv.reader(_lines(file, path), strict=True), start=1):
                if number - 1 > most:
                    raise InputError(f"{file_name(path)} has more than {most} rows, the limit")
                if not any(cell.strip() for cell in record):
                    continue
                if not names:
                    names = header(record)
                    continue
                if len(record) != len(names):
                    problem = f"{len(record)} cells, but the header has {len(names)}; a comma in a cell needs quotes"
                    raise InputError(f"{row} {number}: {problem}")
                yield Record(number, dict(zip(names, record, strict=True)), f"{row} {number}")
            if not names:
                header([])
    except OSError as error:
        raise InputError(f"cannot read {file_name(path)}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InputError(f"{file_name(path)} is not a text file in UTF-8") from None
    except (csv.Error, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file_name(path)} is not a CSV file: {error}") from None


def _lines(file: TextIO, path: Path) -> Iterator[str]:
    """Lines of a table; one without end, such as a device gives, is refused before it fills the memory."""
    most = int(catalogue.input_limit("table_line_characters"))
    while line := file.readline(most + 1):
        if len(line) > most:
            raise InputError(f"{file_name(path)} is no table: one line has more than {most} characters")
        yield line


def check_names(
    cells: Sequence[str], known: Sequence[str], required: Sequence[str], path: Path, likely: Sequence[str] | None = None
) -> list[str]:
    """Names of the columns in capitals. Raises InputError for one that looks like a slip, stands twice, or is missing.

    known: columns that are read, or read over; others are passed by unless they look like one of `likely` (default: any
    that is known).
    """
    names = [cell.strip().lstrip("#").upper() for cell in cells]
    for name in names:
        hint = did_you_mean(name, known if likely is None else likely, cutoff=0.75, otherwise="")
        if name not in known and hint:
            raise InputError(f"row 1, column {shown(name)}: unknown column{hint}")
        if name in known and names.count(name) > 1:
            raise InputError(f"row 1, column {name}: appears {names.count(name)} times")
    for name in required:
        if name not in names:
            raise InputError(f"row 1: {file_name(path)} has no column {name}; needed are {' '.join(required)}")
    return names


def with_person(records: Iterable[Record], needs_id: bool = True) -> Iterator[tuple[str, Record]]:
    """Each record with the person that its ID names. Raises InputError where a person's records do not stand together.

    needs_id: a record without ID is refused; otherwise it belongs to the person above it, at the start to "1".
    """
    seen: set[str] = set()
    current = ""
    for record in records:
        person = record.text("ID")
        if person is None:
            if needs_id:
                raise record.error("ID", "is missing; every row names its person")
            person = current or "1"
        if person != current:
            if person in seen:
                raise record.error(
                    "ID", f"{shown(person)} comes back after {shown(current)}; keep the rows of a person together"
                )
            seen.add(person)
            current = person
        yield person, record


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
    """The name of a file for a message, without its folders: of a long path the name is what tells."""
    return shown(Path(path).name or os.fspath(path))
