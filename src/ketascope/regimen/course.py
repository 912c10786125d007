"""One phase of a regimen (a drug, an amount, a route, a rhythm) and one dose of the schedule it makes."""

from __future__ import annotations

from dataclasses import dataclass

from ketascope.regimen import field_checks
from ketascope.regimen.spans import number_text, span_text

__all__ = ["Course", "Dose"]


@dataclass(frozen=True)
class Course:
    """The same dose of one drug by one route, once or at a fixed interval.

    `amount` is mg of base, or mg of base per kg of body weight. `duration_h` is the infusion time, None for a
    dose given at once. `interval_h` is None for a dose without a rhythm, which then is given once. `count`
    holds all doses. `delay_h` is added to the start of the group that the course belongs to.
    """

    drug: str
    amount: float
    unit: str
    route: str
    duration_h: float | None = None
    interval_h: float | None = None
    count: int = 1
    delay_h: float = 0.0

    def __post_init__(self) -> None:
        """Bring names and numbers to one form and refuse what no schedule could hold."""
        for name, value in field_checks.checked_fields(self).items():
            object.__setattr__(self, name, value)

    def __str__(self) -> str:
        """The canonical phase of a sentence."""
        parts = [self.subject]
        if self.duration_h is not None:
            parts.append(f"over {span_text(self.duration_h)}")
        if self.interval_h is not None:
            parts.append(f"q {span_text(self.interval_h)} x {self.count}")
        if self.delay_h:
            parts.append(f"after {span_text(self.delay_h)}")
        return " ".join(parts)

    @property
    def subject(self) -> str:
        """What is given, without when: drug, amount, unit and route."""
        return f"{self.drug} {number_text(self.amount)} {self.unit} {self.route}"

    @property
    def last_dose_starts_h(self) -> float:
        """Hours from the start of the course's group to its last dose."""
        return self.delay_h + (self.count - 1) * (self.interval_h or 0.0)

    @property
    def last_dose_ends_h(self) -> float:
        """Hours from the start of the group to the end of the last dose (the end of its infusion)."""
        return self.last_dose_starts_h + (self.duration_h or 0.0)

    @property
    def ends_h(self) -> float:
        """Hours from the start of the group to where a following `then` begins.

        That is one interval after the last dose, or the end of its infusion where the course has no interval.
        """
        if self.interval_h is None:
            return self.last_dose_ends_h
        return self.last_dose_starts_h + self.interval_h


@dataclass(frozen=True)
class Dose:
    """One dose as the body receives it.

    `duration_h` is 0 for a dose given at once. `session` counts the dosing sessions of the whole regimen from
    1; the devices of one nasal session share it. `course` is the index (from 0) into `Regimen.courses`.
    `device` counts the devices of a session from 1 and is 0 for a drug that does not come in devices.
    """

    time_h: float
    drug: str
    route: str
    amount_mg: float
    duration_h: float
    session: int
    course: int
    device: int = 0
