"""What the data files say about drugs, routes and limits, under the names that people write."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ketascope import data
from ketascope.errors import InputError, did_you_mean

__all__ = [
    "Device",
    "Drug",
    "Limit",
    "Route",
    "StudiedDose",
    "device_of",
    "drugs",
    "highest_studied",
    "input_limit",
    "limit_of",
    "name_drug",
    "name_route",
    "routes",
    "studied_doses",
    "unknown_name",
]


@dataclass(frozen=True)
class Drug:
    """A drug that a sentence can name."""

    name: str
    label: str
    drug_class: str
    aliases: tuple[str, ...]
    routes: tuple[str, ...]
    fraction_s: float
    fraction_r: float


@dataclass(frozen=True)
class Route:
    """A way to give a drug. into_vein: it is in the blood as soon as it is given."""

    name: str
    label: str
    aliases: tuple[str, ...]
    over_allowed: bool
    into_vein: bool


@dataclass(frozen=True)
class Device:
    """A product that comes in fixed devices, given one after the other within a session."""

    strength_mg: float
    most_per_session: int
    spacing_h: float
    session_window_h: float


@dataclass(frozen=True)
class Limit:
    """The largest amounts that input may hold for one drug by one route, each with its own unit."""

    per_dose: float
    per_dose_unit: str
    per_day: float
    per_day_unit: str
    device: Device | None


@dataclass(frozen=True)
class StudiedDose:
    """The highest dose studied; `highest` is None where nothing was, `borrowed_from` names a stand-in."""

    highest: float | None
    unit: str
    borrowed_from: str | None
    borrowed_route: str | None
    design: str
    source: str
    grade: str


_Studied = tuple[str, str, str]  # drug, route, indication


@functools.cache
def drugs() -> Mapping[str, Drug]:
    """All drugs by name, in the order of the data file."""
    return {
        name: Drug(
            name=name,
            label=row["label"],
            drug_class=row["class"],
            aliases=tuple(row["aliases"]),
            routes=tuple(row["routes"]),
            fraction_s=row["fraction_s"],
            fraction_r=row["fraction_r"],
        )
        for name, row in data.load("drugs").items()
    }


@functools.cache
def routes() -> Mapping[str, Route]:
    """All routes by name, in the order of the data file."""
    return {
        name: Route(name, row["label"], tuple(row["aliases"]), over_allowed=row["over"], into_vein=row["into_vein"])
        for name, row in data.load("routes").items()
    }


@functools.cache
def limit_of(drug: str, route: str) -> Limit:
    """The limits on input for one drug by one route that it is offered by."""
    row = next(row for row in data.load("routes")[route]["limits"] if row["drug"] == drug)
    device = row.get("device")
    return Limit(
        per_dose=row["per_dose"]["value"],
        per_dose_unit=row["per_dose"]["unit"],
        per_day=row["per_day"]["value"],
        per_day_unit=row["per_day"]["unit"],
        device=None if device is None else _device(device),
    )


def device_of(drug: str, route: str) -> Device | None:
    """The device that this drug comes in by this route, or None where any amount can be given."""
    return limit_of(drug, route).device


def _device(row: Mapping[str, Any]) -> Device:
    minutes_per_hour = 60.0
    return Device(
        strength_mg=row["strength_mg"]["value"],
        most_per_session=row["most_per_session"]["value"],
        spacing_h=row["spacing_min"]["value"] / minutes_per_hour,
        session_window_h=row["session_window_min"]["value"] / minutes_per_hour,
    )


@functools.cache
def input_limit(name: str) -> float:
    """One of the guards in input_limits.toml."""
    return float(data.load("input_limits")[name]["value"])


def name_drug(text: str) -> str | None:
    """The canonical drug name for a written one, whatever its case, or None."""
    return _drug_names().get(text.casefold())


def name_route(text: str) -> str | None:
    """The canonical route name for a written one, whatever its case, or None."""
    return _route_names().get(text.casefold())


@functools.cache
def _drug_names() -> Mapping[str, str]:
    return _by_written_name({drug.name: drug.aliases for drug in drugs().values()})


@functools.cache
def _route_names() -> Mapping[str, str]:
    return _by_written_name({route.name: route.aliases for route in routes().values()})


def _by_written_name(aliases: Mapping[str, tuple[str, ...]]) -> Mapping[str, str]:
    return {written.casefold(): name for name, others in aliases.items() for written in (name, *others)}


def unknown_name(kind: str, text: str) -> str:
    """Say that a drug or route is unknown, with the nearest known name and the whole list."""
    names, canonical = (_drug_names(), drugs()) if kind == "drug" else (_route_names(), routes())
    hint = did_you_mean(text, names, stands_for=names)
    return f"unknown {kind}{hint} {kind.capitalize()}s: {', '.join(canonical)}"


def highest_studied(drug: str, route: str, indication: str) -> StudiedDose | None:
    """The highest dose studied for a drug, route and indication; None where the data file has no such row."""
    return _studied_doses().get((drug, route, indication))


@functools.cache
def _studied_doses() -> Mapping[_Studied, StudiedDose]:
    return studied_doses(data.load("studied_doses"))


def studied_doses(table: Mapping[str, Any]) -> Mapping[_Studied, StudiedDose]:
    """Every row of the data `studied_doses` by drug, route and indication, with what is borrowed filled in.

    Raises InputError naming a row that borrows from where no row is or, at whatever distance, from itself.
    """
    own: dict[_Studied, StudiedDose] = {}
    for row in table["studied"]:
        highest = row["highest"]
        own[row["drug"], row["route"], row["indication"]] = StudiedDose(
            highest["value"], highest["unit"], None, None, row["design"], row["source"], row["grade"]
        )
    borrowing = {
        (row["drug"], row["route"], indication): row for row in table["borrowed"] for indication in row["indications"]
    }
    for row in table["none"]:
        for indication in row["indications"]:
            key = row["drug"], row["route"], indication
            if key not in borrowing:
                own.setdefault(key, StudiedDose(None, "", None, None, "none", row["source"], row["grade"]))
    lent = {key: _lent(key, borrowing, own) for key in borrowing if key not in own}
    return {**own, **lent}


def _lent(
    key: _Studied, borrowing: Mapping[_Studied, Mapping[str, Any]], own: Mapping[_Studied, StudiedDose]
) -> StudiedDose:
    """The dose of the row at the end of the chain of lenders, in the words of the row at its start."""
    passed = [key]
    while passed[-1] not in own:
        row = borrowing.get(passed[-1])
        if row is None:
            raise _borrowing_error(passed, "which has no row")
        lender = row["drug"], row["from_route"], row["from_indication"]
        passed.append(lender)
        if lender in passed[:-1]:
            raise _borrowing_error(passed, "which comes back to where it was")
    first, last = borrowing[key], own[passed[-1]]
    return StudiedDose(
        last.highest,
        last.unit,
        first["from_indication"],
        first["from_route"],
        last.design,
        first["source"],
        first["grade"],
    )


def _borrowing_error(passed: Sequence[_Studied], problem: str) -> InputError:
    chain = ", then ".join(" ".join(step) for step in passed[1:])
    return InputError(
        f"studied_doses, [[borrowed]] row {' '.join(passed[0])}: borrows from {chain}, {problem}; borrow from a "
        "drug, route and indication of [[studied]]"
    )
