"""When each dose is given, and which doses share a session; all of it independent of body weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from ketascope.regimen import catalogue
from ketascope.regimen.course import Course

__all__ = ["TIME_TOLERANCE_H", "Given", "Session", "group_starts_h", "sessions_of"]

#: Times closer than this (3.6 microseconds) are one time: far below any schedule, far above float rounding.
TIME_TOLERANCE_H = 1e-9

Groups = Sequence[Sequence[Course]]


@dataclass(frozen=True)
class Given:
    """One dose, or one device of a dose: when, by which course (index), and the n-th part of its amount."""

    time_h: float
    course: int
    device: int
    parts: int


@dataclass(frozen=True)
class Session:
    """What is given on one occasion, in order of time."""

    start_h: float
    drug: str
    route: str
    given: tuple[Given, ...]


def group_starts_h(groups: Groups) -> list[float]:
    """Start of each group: where all courses of the groups before it have ended.

    A group ends with its latest course, so the slowest course of a `&` group decides when `then` begins.
    """
    ends = accumulate((max(course.ends_h for course in group) for group in groups), initial=0.0)
    return list(ends)[: len(groups)]


def sessions_of(groups: Groups) -> tuple[Session, ...]:
    """All sessions in order of time; a dose in devices soon after the device before joins its session."""
    courses = [course for group in groups for course in group]
    starts_h = [start for start, group in zip(group_starts_h(groups), groups, strict=True) for _ in group]
    # Start and delay are added first, as an event file holds them, so that both give the very same times.
    planned = sorted(
        (start + course.delay_h + number * (course.interval_h or 0.0), index)
        for index, (start, course) in enumerate(zip(starts_h, courses, strict=True))
        for number in range(course.count)
    )
    occasions: list[list[Given]] = []
    latest: dict[tuple[str, str], list[Given]] = {}
    for time_h, index in planned:
        course = courses[index]
        device = catalogue.device_of(course.drug, course.route)
        if device is None:
            occasions.append([Given(time_h, index, 0, 1)])
            continue
        product = (course.drug, course.route)
        session = latest.get(product)
        if session is None or time_h > session[-1].time_h + device.session_window_h + TIME_TOLERANCE_H:
            session = latest[product] = []
            occasions.append(session)
        _add_devices(session, time_h, index, round(course.amount / device.strength_mg), device.spacing_h)
    return tuple(
        Session(each[0].time_h, courses[each[0].course].drug, courses[each[0].course].route, tuple(each))
        for each in occasions
    )


def _add_devices(session: list[Given], time_h: float, course: int, devices: int, spacing_h: float) -> None:
    """Give the devices of one dose, the first at its time or as soon as the device before allows."""
    earliest_h = session[-1].time_h + spacing_h if session else time_h
    # The written time wins over the computed one where both mean the same moment.
    first_h = time_h if time_h > earliest_h - TIME_TOLERANCE_H else earliest_h
    for number in range(devices):
        session.append(Given(first_h + number * spacing_h, course, len(session) + 1, devices))
