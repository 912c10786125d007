"""NONMEM-style event files: dose records in CSV, read into a Regimen, and its rows.

Columns: ID TIME AMT RATE EVID CMT MDV DV ADDL II SS, as NONMEM knows them, with DRUG and ROUTE beside them,
since a compartment number does not say what was given how. TIME and II are hours, AMT is mg of base, `.` is a
missing value. One row makes one course: ADDL doses more, II hours apart. Rows are numbered as in a
spreadsheet, the header being row 1.
"""

from __future__ import annotations

import os
from pathlib import Path

from ketascope.errors import InputError
from ketascope.regimen.course import Course
from ketascope.regimen.problems import shown
from ketascope.regimen.records import check_names, course_of, file_name, is_dose, read_records, regimen_of, time_of
from ketascope.regimen.regimen import Regimen
from ketascope.regimen.schedule import group_starts_h
from ketascope.regimen.spans import number_text

__all__ = ["COLUMNS", "OTHER_COLUMNS", "REQUIRED_COLUMNS", "event_rows", "read_events"]

COLUMNS = ("ID", "TIME", "AMT", "RATE", "EVID", "CMT", "MDV", "ADDL", "II", "SS", "DRUG", "ROUTE")
REQUIRED_COLUMNS = ("TIME", "AMT", "DRUG", "ROUTE")
# Common columns that say nothing about doses. Others are read over too, unless they look like a slip.
OTHER_COLUMNS = (
    "DV",
    "DVID",
    "ANALYTE",
    "UNIT",
    "LLOQ",
    "BLQ",
    "CENS",
    "LNDV",
    "TAD",
    "OCC",
    "DATE",
    "WT",
    "AGE",
    "SEX",
    "HEPATIC",
)


def read_events(path: str | os.PathLike[str]) -> Regimen:
    """Read the dose records of an event file; an InputError names the row and the column that is wrong."""
    file = Path(path)
    courses: list[Course] = []
    numbers: list[int] = []
    subject: str | None = None
    latest_h = 0.0
    for row in read_records(
        file, lambda cells: check_names(cells, (*COLUMNS, *OTHER_COLUMNS), REQUIRED_COLUMNS, file, COLUMNS)
    ):
        identity = row.text("ID")
        if identity is not None:
            if subject is not None and identity != subject:
                problem = f"{shown(identity)} is a second person after {shown(subject)}; write one file a person"
                raise row.error("ID", problem)
            subject = identity
        latest_h = time_of(row, latest_h)
        if is_dose(row, bool(courses)):
            courses.append(course_of(row, latest_h))
            numbers.append(row.number)
    if not courses:
        raise InputError(f"{file_name(path)} has no dose; a dose is a row with EVID 1 and an AMT above 0")
    return regimen_of(courses, numbers)


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
