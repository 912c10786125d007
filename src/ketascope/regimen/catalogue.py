"""What the data files say about drugs, routes and limits, under the names that people write."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ketascope import data

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
    """A way to give a drug."""

    name: str
    label: str
    aliases: tuple[str, ...]
    over_allowed: bool


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
        name: Route(name=name, label=row["label"], aliases=tuple(row["aliases"]), over_allowed=row["over"])
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
    near = difflib.get_close_matches(text.casefold(), names, n=1)
    hint = f"; did you mean '{names[near[0]]}'?" if near else "."
    return f"unknown {kind}{hint} {kind.capitalize()}s: {', '.join(canonical)}"


@functools.cache
def highest_studied(drug: str, route: str, indication: str) -> StudiedDose | None:
    """The highest dose studied for a drug, route and indication; None where the data file has no such row."""
    table = data.load("studied_doses")
    for row in table["studied"]:
        if (row["drug"], row["route"], row["indication"]) == (drug, route, indication):
            highest = row["highest"]
            return StudiedDose(
                highest["value"], highest["unit"], None, None, row["design"], row["source"], row["grade"]
            )
    for row in table["borrowed"]:
        if (row["drug"], row["route"]) == (drug, route) and indication in row["indications"]:
            lender = highest_studied(drug, row["from_route"], row["from_indication"])
            if lender is None:
                return None
            return StudiedDose(
                lender.highest,
                lender.unit,
                row["from_indication"],
                row["from_route"],
                lender.design,
                row["source"],
                row["grade"],
            )
    for row in table["none"]:
        if (row["drug"], row["route"]) == (drug, route) and indication in row["indications"]:
            return StudiedDose(None, "", None, None, "none", row["source"], row["grade"])
    return None
