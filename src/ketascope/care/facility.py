"""One facility as a source lists it, and what is written down about a row that cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# What a listed service says about a facility; filters work within one kind.
ServiceKind = Literal["service", "payment", "age", "language", "facility", "taxonomy"]


@dataclass(frozen=True)
class Service:
    """One thing a source says a facility offers, accepts or is."""

    kind: ServiceKind
    # Code in the source's own code sheet; "" where the source prints only a name.
    code: str
    name: str


@dataclass(frozen=True)
class Facility:
    """One row of a source: an organisation at an address, never a private person.

    Text fields are "" where the source says nothing; coordinates are degrees as the source prints them, None
    where it prints none. `row_number` counts lines of the file from 1, the heading included; in an answer of the
    locator's interface it counts facilities. `last_updated` is the ISO date the source gives for this row alone.
    """

    source: str
    row_number: int
    name: str
    unit: str
    street: str
    street2: str
    city: str
    state: str
    zip: str
    phone: str
    website: str = ""
    latitude: float | None = None
    longitude: float | None = None
    services: tuple[Service, ...] = ()
    veterans_only: bool = False
    npi: str = ""
    last_updated: str = ""


@dataclass(frozen=True)
class Rejected:
    """A row that is not used: where it stands, which field is at fault, what it says and why that cannot be right."""

    row_number: int
    field: str
    value: str
    reason: str


@dataclass(frozen=True)
class Deactivated:
    """An organisation number that its registry has switched off; earlier rows with it are dropped."""

    row_number: int
    npi: str
    date: str
