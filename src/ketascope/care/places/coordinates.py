"""Latitude and longitude as typed."""

from __future__ import annotations

import re

from ketascope.care.places.outlines import plausible_margin_km, states_within
from ketascope.care.places.placed import Place
from ketascope.errors import InputError

EXAMPLE = "'40.7,-74.0'"
_NUMBER = r"([-+\u2212]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))"
_PAIR = re.compile(rf"\(?\s*{_NUMBER}(?:\s*[,;]\s*|\s+){_NUMBER}\s*\)?")
_NUMBERS_ONLY = re.compile(
    r"[-+\u2212\s0-9.,;()]*\.[-+\u2212\s0-9.,;()]*|(?:[-+\u2212]?[0-9]+\s*[,;]\s*)+[-+\u2212]?[0-9]+"
)
_NOT_FINITE = re.compile(r"\b(?:nan|inf|infinity)\b.*,|,.*\b(?:nan|inf|infinity)\b", re.IGNORECASE)
_COMPASS = re.compile(r"[0-9]\s*(?:\N{DEGREE SIGN}|deg\b|[NSEW]\b|['\"\u2032\u2033])", re.IGNORECASE)


def looks_like_coordinates(text: str) -> bool:
    """Whether `text` can only be meant as coordinates, right or wrong."""
    wrong = _NUMBERS_ONLY.fullmatch(text) or _NOT_FINITE.search(text)
    letters = re.sub(r"(?i)deg|[nsew]", "", text)
    return bool(_PAIR.fullmatch(text) or wrong or (_COMPASS.search(text) and not re.search(r"[a-zA-Z]", letters)))


def _in_the_country(latitude: float, longitude: float) -> list[str]:
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return []
    return states_within(latitude, longitude, plausible_margin_km())


def _plain(value: float) -> str:
    return repr(round(value, 6))


def coordinate_place(text: str) -> Place:
    """The place at "latitude,longitude" in decimal degrees.

    Raises InputError for anything but two finite numbers, and for a point outside the United States; where the
    numbers are right in another order or with another sign, the line says so.
    """
    if _NOT_FINITE.search(text):
        raise InputError(f"place '{text}': coordinates must be finite numbers, as in {EXAMPLE}")
    pair = _PAIR.fullmatch(text)
    if pair is None:
        raise InputError(
            f"place '{text}': write coordinates as two numbers in decimal degrees, latitude first and west negative, "
            f"as in {EXAMPLE}"
        )
    latitude, longitude = (float(number.replace("\u2212", "-")) for number in pair.groups())
    here = _in_the_country(latitude, longitude)
    if here:
        label = f"{_plain(latitude)}, {_plain(longitude)}"
        return Place(label, latitude, longitude, here[0], "coordinates", "the point as written")
    for other, reason in (
        ((longitude, latitude), "latitude comes first"),
        ((latitude, -longitude), "a longitude west of Greenwich is negative"),
        ((longitude, -latitude), "latitude comes first and a longitude west of Greenwich is negative"),
    ):
        if _in_the_country(*other):
            meant = f"{_plain(other[0])},{_plain(other[1])}"
            raise InputError(f"place '{text}': not in the United States; {reason}: did you mean {meant}?")
    if abs(latitude) > 90:
        raise InputError(f"place '{text}': latitude {pair[1]} is not between -90 and 90 degrees; write as in {EXAMPLE}")
    if abs(longitude) > 180:
        raise InputError(
            f"place '{text}': longitude {pair[2]} is not between -180 and 180 degrees; write as in {EXAMPLE}"
        )
    raise InputError(f"place '{text}': not in the United States; only places in the United States can be searched from")
