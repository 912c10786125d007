"""What the documents of several commands share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Every part holds the fields that are named and no others; a number is finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Flag(Part):
    """Something a reader must know about this row."""

    code: str
    message: str


class PersonRow(Part):
    """The person whose exposure is shown."""

    weight_kg: float
    age_years: float
    sex: str | None
    hepatic: str
    interactions: list[str]


class DoseEvent(Part):
    """One dose as it is given; device: its number in a session of several, 0 where there are none."""

    time_h: float
    drug: str
    route: str
    amount_mg: float
    duration_h: float
    session: int
    device: int
