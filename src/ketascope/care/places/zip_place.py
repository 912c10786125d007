"""A ZIP as typed."""

from __future__ import annotations

from ketascope.care.places.packaged import settings
from ketascope.care.places.placed import Place
from ketascope.care.places.postal import postal_zip
from ketascope.care.places.states import split_state, states, zip_state
from ketascope.care.places.zip_points import census_points, nearest_known_zips, zip_point
from ketascope.errors import InputError


def zip_place(text: str, digits: str) -> Place:
    """The place of the ZIP whose digits stand in `text`: five, or nine of which the first five count.

    Raises InputError where the number of digits is wrong, the ZIP is not known, or it has no point.
    """
    zip5 = digits[:5]
    if len(digits) not in (5, 9):
        meant = _lost_zero(digits)
        hint = f"; did you mean {meant}, with the zero in front?" if meant else ", as in '07030'"
        raise InputError(f"place '{text}': a ZIP has 5 digits{hint}", candidates=[meant] if meant else [])
    point = zip_point(zip5)
    if point is None:
        near = [] if postal_zip(zip5) else nearest_known_zips(zip5)
        raise InputError(f"place '{text}': {_why_without_point(zip5)}", candidates=near)
    note = "middle of the ZIP area (Census 2023)"
    if point.located_by == "zipcodes":
        entry = postal_zip(zip5)
        unused = "" if entry is None or entry.active else "this ZIP is no longer in use; "
        accuracy = settings()["accuracy"]["zip_km"]
        note = f"{unused}the Census has no area for this ZIP; point of the post's list, good to {accuracy}"
    state = zip_state(zip5)
    return Place(f"{zip5}, {state}" if state else zip5, point.latitude, point.longitude, state, "ZIP", note)


def address_place(text: str, before: str, zip5: str) -> Place:
    """The place of an address that ends in a ZIP: the ZIP decides, and must agree with the state before it."""
    place = zip_place(text, zip5)
    # A word in front, so that an address of a state and a ZIP alone is read as well.
    _, written = split_state(f"- {before}")
    if written and written != place.state:
        raise InputError(f"place '{text}': ZIP {zip5} is in {place.state}, not in {written}; write one of the two")
    return Place(place.label, place.latitude, place.longitude, place.state, "ZIP", f"placed by its ZIP: {place.note}")


def _lost_zero(digits: str) -> str:
    """The ZIP that is meant where a spreadsheet took its leading zeros, "" where there is none."""
    full = digits.zfill(5 if len(digits) < 5 else 9)
    zip5 = full[:5]
    return zip5 if len(full) in (5, 9) and (zip5 in census_points() or postal_zip(zip5) is not None) else ""


def _why_without_point(zip5: str) -> str:
    entry = postal_zip(zip5)
    if entry is None:
        near = ", ".join(nearest_known_zips(zip5))
        return f"no such ZIP is known; the nearest numbers are {near}; or write the town, as in 'Princeton, NJ'"
    if states()[entry.state].kind == "military" or entry.kind == "MILITARY":
        return f"a post office of the armed forces ({entry.state}), which has no place on the map; write a ZIP or town"
    return f"no usable point is known for this ZIP ({entry.city}, {entry.state}); write a ZIP or town near it"
