"""Checks of one course by itself: names, numbers, and which of them go together."""

from __future__ import annotations

import math
from operator import index
from typing import TYPE_CHECKING, Any, SupportsIndex

from ketascope.regimen import catalogue
from ketascope.regimen.problems import CourseError, shown
from ketascope.regimen.spans import number_text, span_text

if TYPE_CHECKING:
    from ketascope.regimen.course import Course

__all__ = ["checked_fields"]

_MINUTES_PER_HOUR = 60.0


def checked_fields(course: Course) -> dict[str, Any]:
    """The fields of a course in canonical form; raises CourseError, naming the field, where one is wrong."""
    drug = _drug(course.drug)
    amount = _amount(course.amount)
    unit = _unit(course.unit)
    route = _route(course.route, drug)
    _check_devices(drug, route, amount, unit)
    duration_h = None if course.duration_h is None else _span("duration", course.duration_h)
    if duration_h is not None and not catalogue.routes()[route].over_allowed:
        allowed = " and ".join(name for name, row in catalogue.routes().items() if row.over_allowed)
        raise CourseError("duration", f"only {allowed} doses can run over a time, not {route}")
    interval_h = None if course.interval_h is None else _span("interval", course.interval_h)
    if duration_h is not None and interval_h is not None and duration_h > interval_h:
        raise CourseError(
            "duration",
            f"the infusion of {span_text(duration_h)} is longer than its interval of {span_text(interval_h)}",
        )
    return {
        "drug": drug,
        "amount": amount,
        "unit": unit,
        "route": route,
        "duration_h": duration_h,
        "interval_h": interval_h,
        "count": _count(course.count, interval_h),
        "delay_h": _delay(course.delay_h),
    }


def _drug(written: str) -> str:
    name = catalogue.name_drug(written)
    if name is None:
        raise CourseError("drug", f"{shown(written)} is an {catalogue.unknown_name('drug', written)}")
    return name


def _route(written: str, drug: str) -> str:
    name = catalogue.name_route(written)
    if name is None:
        raise CourseError("route", f"{shown(written)} is an {catalogue.unknown_name('route', written)}")
    offered = catalogue.drugs()[drug].routes
    if name not in offered:
        raise CourseError("route", f"{drug} by {name} is not covered; routes of {drug}: {', '.join(offered)}")
    return name


def _unit(unit: str) -> str:
    if unit not in ("mg", "mg/kg"):
        raise CourseError("unit", f"{shown(unit)} must be mg or mg/kg")
    return unit


def _amount(amount: float) -> float:
    _check_number("amount", amount)
    if amount <= 0.0:
        raise CourseError("amount", "must be more than zero")
    least = catalogue.input_limit("smallest_amount_mg")
    if amount < least:
        raise CourseError("amount", f"too small; the least amount is {number_text(least)} mg or mg/kg")
    return float(amount)


def _check_devices(drug: str, route: str, amount: float, unit: str) -> None:
    device = catalogue.device_of(drug, route)
    if device is None:
        return
    sizes = [number_text(device.strength_mg * count) for count in range(1, device.most_per_session + 1)]
    choice = f"{', '.join(sizes[:-1])} or {sizes[-1]} mg"
    rule = f"{drug} {route} comes in whole devices of {number_text(device.strength_mg)} mg"
    if unit != "mg":
        raise CourseError("unit", f"{rule}; write {choice}, not {unit}")
    if number_text(amount) not in sizes:
        raise CourseError("amount", f"{rule}; write {choice}")


def _span(field: str, hours: float) -> float:
    _check_number(field, hours)
    if hours <= 0.0:
        raise CourseError(field, "must be more than zero")
    least_min = catalogue.input_limit("shortest_span_min")
    if hours < least_min / _MINUTES_PER_HOUR:
        raise CourseError(field, f"too short; the shortest is {number_text(least_min)} min")
    return float(hours)


def _count(count: int, interval_h: float | None) -> int:
    if not isinstance(count, SupportsIndex) or index(count) < 1:
        raise CourseError("count", "must be a whole number of doses, 1 or more")
    if interval_h is None and count > 1:
        raise CourseError("count", "several doses need an interval")
    return index(count)


def _delay(delay_h: float) -> float:
    _check_number("delay", delay_h)
    if delay_h < 0.0:
        raise CourseError("delay", "must not be negative")
    # Adding zero turns -0.0 into 0.0, so that equal delays also print alike.
    return float(delay_h) + 0.0


def _check_number(field: str, value: float) -> None:
    if not math.isfinite(value):
        raise CourseError(field, "must be a finite number")
