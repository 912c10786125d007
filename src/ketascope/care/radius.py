"""A radius as people write it, in kilometres."""

from __future__ import annotations

import re

from ketascope.errors import InputError

KM_PER_MILE = 1.609344
_UNITS = {
    "km": 1.0,
    "kilometre": 1.0,
    "kilometres": 1.0,
    "kilometer": 1.0,
    "kilometers": 1.0,
    "mi": KM_PER_MILE,
    "mile": KM_PER_MILE,
    "miles": KM_PER_MILE,
}
# From Key West to the Aleutians is about 8,000 km; more than that is no longer a search near a place.
LARGEST_KM = 8000.0
_SHAPE = re.compile(r"([-+]?[0-9]*\.?[0-9]+)\s*([a-z]*)", re.IGNORECASE)
_RIGHT = "write a distance with its unit, such as 50mi or 80km"


def read_radius(text: str) -> float:
    """Kilometres; InputError where the unit is missing or unknown, or the distance cannot be meant."""
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        raise InputError(f"'{text}' is not a distance; {_RIGHT}")
    unit = match[2].lower()
    if not unit:
        raise InputError(f"'{text}' has no unit; write {match[1]}mi or {match[1]}km")
    if unit not in _UNITS:
        raise InputError(f"unknown unit '{match[2]}' in '{text}'; {_RIGHT}")
    distance_km = float(match[1]) * _UNITS[unit]
    if distance_km <= 0:
        raise InputError(f"'{text}' is no distance to search within; {_RIGHT}")
    if distance_km > LARGEST_KM:
        largest = f"{LARGEST_KM:.0f}km ({LARGEST_KM / KM_PER_MILE:.0f}mi)"
        raise InputError(f"'{text}' is wider than the country; write at most {largest}, or leave the radius out")
    return distance_km
