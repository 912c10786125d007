"""A row's point on the map: the source's own coordinates where they can be right, else the point of its ZIP code."""

from __future__ import annotations

from typing import NamedTuple

from ketascope.care.facility import Facility, Rejected
from ketascope.care.places.outlines import near_state, plausible_margin_km
from ketascope.care.places.zip_points import zip_point


class Located(NamedTuple):
    """Degrees, and which table or source they come from."""

    latitude: float
    longitude: float
    located_by: str


def located(facility: Facility) -> Located | Rejected:
    """Where the facility is, or why that cannot be told from its row."""
    latitude, longitude = facility.latitude, facility.longitude
    if latitude is not None and longitude is not None:
        if not near_state(latitude, longitude, facility.state, plausible_margin_km()):
            value = f"{latitude:.5f},{longitude:.5f}"
            return Rejected(facility.row_number, "coordinates", value, f"not in or near the state {facility.state}")
        return Located(latitude, longitude, "source")
    point = zip_point(facility.zip, facility.state)
    if point is None:
        return Rejected(
            facility.row_number,
            "zip",
            facility.zip,
            f"no point for this ZIP in or near the state {facility.state}, which the row names",
        )
    return Located(point.latitude, point.longitude, point.located_by)
