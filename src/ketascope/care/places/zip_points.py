"""A point for a ZIP: from the Census table first, then from the post's list, and only if it is near its state."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ketascope.care.places.outlines import near_state, outlines, plausible_margin_km
from ketascope.care.places.packaged import table_rows
from ketascope.care.places.postal import PostalZip, postal_zip, postal_zips

_FIVE_DIGITS = re.compile(r"[0-9]{5}")


@dataclass(frozen=True)
class ZipPoint:
    """A point in degrees that stands for a ZIP, and the table it comes from; good to 1-3 km, not better."""

    latitude: float
    longitude: float
    located_by: Literal["census", "zipcodes"]


@functools.cache
def census_points() -> Mapping[str, tuple[float, float]]:
    """ZIP -> (latitude, longitude) in degrees of the inner point of its area, for the 33,791 ZIPs with an area."""
    return {row[0]: (float(row[1]), float(row[2])) for row in table_rows("zcta_points_2023.csv")}


def _plausible(latitude: float, longitude: float, state: str) -> bool:
    # Where no outline is packaged (military, associated states) nothing vouches for a point.
    return state in outlines() and near_state(latitude, longitude, state, plausible_margin_km())


@functools.cache
def zip_point(zip5: str, state: str | None = None) -> ZipPoint | None:
    """The point of a five-digit ZIP; None where neither table has one that is plausible.

    A point must lie near `state` (a two-letter code) where one is given, and a point of the post's list near the
    state that the list names. The Census table is right about its own ZIPs and is not checked when no state is given.
    """
    if not _FIVE_DIGITS.fullmatch(zip5):
        return None
    at = census_points().get(zip5)
    if at is not None:
        return ZipPoint(*at, "census") if state is None or _plausible(*at, state) else None
    entry = postal_zip(zip5)
    if entry is None or not _plausible(entry.latitude, entry.longitude, entry.state):
        return None
    if state not in (None, entry.state) and not _plausible(entry.latitude, entry.longitude, str(state)):
        return None
    return ZipPoint(entry.latitude, entry.longitude, "zipcodes")


def can_be_placed(entry: PostalZip) -> bool:
    """Whether a ZIP of the post's list has coordinates in either table; quicker than asking for its point."""
    return entry.zip5 in census_points() or entry.has_coordinates


def nearest_known_zips(zip5: str, count: int = 3) -> list[str]:
    """The ZIPs with a point whose numbers are closest to `zip5`, closest first."""
    listed = (entry.zip5 for entry in postal_zips() if entry.state in outlines() and can_be_placed(entry))
    known = sorted({*census_points(), *listed}, key=lambda other: (abs(int(other) - int(zip5)), other))
    return list(itertools.islice((other for other in known if zip_point(other) is not None), count))
