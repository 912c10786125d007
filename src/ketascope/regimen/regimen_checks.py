"""Checks of a whole regimen: its size, phases that overlap, and limits a dose and a day."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from ketascope.errors import InputError
from ketascope.regimen import catalogue
from ketascope.regimen.course import Course
from ketascope.regimen.problems import CourseError
from ketascope.regimen.schedule import TIME_TOLERANCE_H, Groups, Session, group_starts_h
from ketascope.regimen.spans import number_text, span_text

__all__ = ["check_limits", "check_overlaps", "check_size", "check_weight"]

_DAY_H = 24.0
# Room for the rounding of amount times weight, no more.
_RELATIVE_TOLERANCE = 1e-9


def check_size(groups: Groups) -> None:
    """Refuse a regimen that is empty, has too many courses or doses, or lasts too long."""
    if not groups or not all(groups):
        raise InputError("a regimen needs at least one course in each group")
    most_courses = int(catalogue.input_limit("courses"))
    most_doses = int(catalogue.input_limit("doses"))
    horizon_h = catalogue.input_limit("horizon_h")
    starts_h = [start for start, group in zip(group_starts_h(groups), groups, strict=True) for _ in group]
    courses = [course for group in groups for course in group]
    doses = 0
    for index, (start_h, course) in enumerate(zip(starts_h, courses, strict=True)):
        if index >= most_courses:
            raise _error("drug", f"too many phases; the limit is {most_courses}", index, courses)
        doses += course.count
        if doses > most_doses:
            problem = f"the regimen now has {_long_count(doses)} doses; the limit is {most_doses}"
            raise _error("count", problem, index, courses)
        ends_h = start_h + course.last_dose_ends_h
        if not ends_h <= horizon_h:
            problem = f"the schedule would last {_days(ends_h)}; the limit is {_days(horizon_h)}"
            raise _error(_longest_part(course, start_h), problem, index, courses)


def _longest_part(course: Course, start_h: float) -> str:
    """The field that adds most to the end of a course: the one to point at when it ends too late."""
    parts = {
        "drug": start_h,
        "delay": course.delay_h,
        "interval": (course.count - 1) * (course.interval_h or 0.0),
        "duration": course.duration_h or 0.0,
    }
    return max(parts, key=lambda name: parts[name])


def check_overlaps(courses: Sequence[Course], sessions: Sequence[Session]) -> None:
    """Refuse two infusions of a drug by one route that run at once, and two such doses at the same moment.

    A dose given at once during an infusion is a loading dose and stays allowed; so are different routes, and
    devices, whose sessions have rules of their own.
    """
    running: dict[tuple[str, str], tuple[float, int]] = {}
    latest: dict[tuple[str, str], tuple[float, int]] = {}
    for session in sessions:
        given = session.given[0]
        if given.device:
            continue
        product = (session.drug, session.route)
        duration_h = courses[given.course].duration_h
        last = latest if duration_h is None else running
        until_h, other = last.get(product, (-math.inf, given.course))
        if duration_h is None and given.time_h - until_h <= TIME_TOLERANCE_H:
            problem = (
                f"overlapping phases: phase {other + 1} gives the same drug by the same route at the same "
                f"moment ({_moment(given.time_h)}); separate them with 'after' or give the sum as one dose"
            )
            raise _error("drug", problem, given.course, courses)
        if given.time_h < until_h - TIME_TOLERANCE_H:
            problem = (
                f"overlapping phases: this infusion would start at {_moment(given.time_h)} while that of "
                f"phase {other + 1} runs until {_moment(until_h)}; separate them with 'then' or 'after'"
            )
            raise _error("drug", problem, given.course, courses)
        last[product] = (given.time_h + (duration_h or 0.0), given.course)


def check_weight(weight_kg: float) -> None:
    """Refuse a body weight outside the range that input may hold."""
    lightest = catalogue.input_limit("lightest_kg")
    heaviest = catalogue.input_limit("heaviest_kg")
    if not lightest <= weight_kg <= heaviest:
        allowed = f"{number_text(lightest)} to {number_text(heaviest)} kg"
        raise InputError(f"weight {number_text(weight_kg)} kg: must be {allowed}")


def check_limits(courses: Sequence[Course], sessions: Sequence[Session], weight_kg: float | None) -> None:
    """Refuse amounts over the limit a dose, a session of devices, or any 24 hours.

    Without a weight an amount and a limit in different units are compared for the person who would be nearest
    to keeping it, so that only what is too much for everybody is refused.
    """
    for index, course in enumerate(courses):
        limit = catalogue.limit_of(course.drug, course.route)
        amount = _in_unit(course, limit.per_dose_unit, weight_kg)
        if _over(amount, limit.per_dose):
            problem = _over_limit(course, amount, limit.per_dose, limit.per_dose_unit, "a dose", weight_kg)
            raise _error("amount", problem, index, courses)
    windows: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for session in sessions:
        latest = session.given[-1].course
        course = courses[latest]
        limit = catalogue.limit_of(session.drug, session.route)
        if limit.device is not None and len(session.given) > limit.device.most_per_session:
            window_text = span_text(limit.device.session_window_h)
            problem = (
                f"{len(session.given)} devices in one session (doses within {window_text} of each other); "
                f"the limit is {limit.device.most_per_session}"
            )
            raise _error("amount", problem, latest, courses)
        total = sum(
            _in_unit(courses[given.course], limit.per_day_unit, weight_kg) / given.parts for given in session.given
        )
        window = windows[(session.drug, session.route)]
        window.append((session.start_h, total))
        while window[0][0] <= session.start_h - _DAY_H + TIME_TOLERANCE_H:
            window.pop(0)
        in_a_day = math.fsum(amount for _, amount in window)
        if _over(in_a_day, limit.per_day):
            limit_text = (limit.per_day, limit.per_day_unit, "within 24 h")
            problem = _over_limit(course, in_a_day, *limit_text, weight_kg)
            raise _error("amount", problem, latest, courses)


def _in_unit(course: Course, unit: str, weight_kg: float | None) -> float:
    if course.unit == unit:
        return course.amount
    if unit == "mg/kg":
        return course.amount / (catalogue.input_limit("heaviest_kg") if weight_kg is None else weight_kg)
    return course.amount * (catalogue.input_limit("lightest_kg") if weight_kg is None else weight_kg)


def _over(amount: float, limit: float) -> bool:
    return amount > limit * (1.0 + _RELATIVE_TOLERANCE)


def _over_limit(course: Course, amount: float, limit: float, unit: str, per: str, weight_kg: float | None) -> str:
    at = ""
    if course.unit != unit:
        extreme = "heaviest_kg" if unit == "mg/kg" else "lightest_kg"
        weight = catalogue.input_limit(extreme) if weight_kg is None else weight_kg
        at = f" {'even ' if weight_kg is None else ''}at {number_text(weight)} kg"
    return (
        f"{_short(amount)} {unit} {per}{at} is over the limit of {number_text(limit)} {unit} "
        f"for {course.drug} {course.route}"
    )


def _error(field: str, problem: str, index: int, courses: Sequence[Course]) -> CourseError:
    return CourseError(field, problem, course=index, subject=courses[index].subject)


def _short(value: float) -> str:
    return f"{value:.6g}"


def _moment(hours: float) -> str:
    return f"{hours:.4g} h"


def _days(hours: float) -> str:
    return f"{hours / _DAY_H:.6g} d"


def _long_count(count: int) -> str:
    """A count as text; Python refuses to print integers of thousands of digits."""
    return str(count) if count < 10**9 else "over a thousand million"
