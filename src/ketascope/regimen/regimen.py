"""The regimen: what is given and when, as one immutable value that knows its own schedule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ketascope.regimen import regimen_checks, schedule
from ketascope.regimen.course import Course, Dose

__all__ = ["Regimen"]


@dataclass(frozen=True)
class Regimen:
    """Courses in groups: the courses of a group start together (`&`), groups follow each other (`then`).

    A Regimen that exists is a valid one: names are known, doses and schedules are within the limits that hold
    for everybody. Limits that depend on body weight are checked by `doses`.
    """

    groups: tuple[tuple[Course, ...], ...]

    def __post_init__(self) -> None:
        """Refuse a regimen that could not be given to anybody."""
        object.__setattr__(self, "groups", tuple(tuple(group) for group in self.groups))
        regimen_checks.check_size(self.groups)
        regimen_checks.check_overlaps(self.courses, self._sessions)
        regimen_checks.check_limits(self.courses, self._sessions, None)

    def __str__(self) -> str:
        """The canonical sentence; parsing it gives an equal regimen."""
        return " then ".join(" & ".join(str(course) for course in group) for group in self.groups)

    @cached_property
    def courses(self) -> tuple[Course, ...]:
        """All courses in the order of the sentence."""
        return tuple(course for group in self.groups for course in group)

    @cached_property
    def _sessions(self) -> tuple[schedule.Session, ...]:
        return schedule.sessions_of(self.groups)

    @property
    def depends_on_weight(self) -> bool:
        """Whether any dose is written per kg of body weight."""
        return any(course.unit == "mg/kg" for course in self.courses)

    @property
    def duration_h(self) -> float:
        """Hours from the start to the end of the last dose (the end of its infusion, the last device)."""
        last_devices = max(session.given[-1].time_h for session in self._sessions)
        starts_h = schedule.group_starts_h(self.groups)
        last_courses = max(
            start + course.last_dose_ends_h
            for start, group in zip(starts_h, self.groups, strict=True)
            for course in group
        )
        return max(last_devices, last_courses)

    @property
    def ends_h(self) -> float:
        """Hours from the start to where a further `then` would begin: a day after the last of daily doses."""
        return schedule.group_starts_h(self.groups)[-1] + max(course.ends_h for course in self.groups[-1])

    def doses(self, weight_kg: float) -> tuple[Dose, ...]:
        """Every dose for a person of this weight, in order of time; devices are doses of their own."""
        regimen_checks.check_weight(weight_kg)
        regimen_checks.check_limits(self.courses, self._sessions, weight_kg)
        doses = (
            self._dose(given, number, weight_kg)
            for number, session in enumerate(self._sessions, start=1)
            for given in session.given
        )
        return tuple(sorted(doses, key=lambda dose: (dose.time_h, dose.session, dose.device)))

    def _dose(self, given: schedule.Given, session: int, weight_kg: float) -> Dose:
        course = self.courses[given.course]
        amount_mg = course.amount * weight_kg if course.unit == "mg/kg" else course.amount
        return Dose(
            time_h=given.time_h,
            drug=course.drug,
            route=course.route,
            amount_mg=amount_mg / given.parts,
            duration_h=course.duration_h or 0.0,
            session=session,
            course=given.course,
            device=given.device,
        )

    def event_table(self, weight_kg: float) -> list[dict[str, float | int | str]]:
        """One row a dose, ready for display or JSON."""
        return [
            {
                "time_h": dose.time_h,
                "drug": dose.drug,
                "route": dose.route,
                "amount_mg": dose.amount_mg,
                "duration_h": dose.duration_h,
                "session": dose.session,
                "device": dose.device,
            }
            for dose in self.doses(weight_kg)
        ]
