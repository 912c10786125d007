"""What a row must say to be used, and the repairs that lose nothing: anything else is rejected with its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ketascope.care.facility import Facility, Rejected, Service
from ketascope.care.places.states import state_code, states
from ketascope.care.sources.source_file import SourceCounts, catalogue

LOST_ZEROS = "ZIP code that had lost its leading zeros"
_ZIP = re.compile(r"([0-9]{3,5})(?:-[0-9]{4})?|([0-9]{7,9})")
_LONGEST_VALUE = 80


class Zip(NamedTuple):
    """Five digits, "" where none can be read; `padded` where leading zeros had to be put back."""

    five: str
    padded: bool


def read_zip(text: str) -> Zip:
    """The five-digit ZIP of a cell that may be a ZIP+4, a number ("80511606.0") or short of its leading zeros."""
    match = _ZIP.fullmatch(text.strip().removesuffix(".0"))
    if match is None:
        return Zip("", False)
    short, long = match.groups()
    five = long.zfill(9)[:5] if long else short.zfill(5)
    if int(five) < catalogue()["united_states"]["lowest_zip"]:
        return Zip("", False)
    return Zip(five, len(long) < 9 if long else len(short) < 5)


def tidy(text: str) -> str:
    """The text without blanks at its ends and with single ones inside."""
    return " ".join(text.split())


def checked_facility(
    source: str,
    row_number: int,
    cells: Mapping[str, str],
    counts: SourceCounts,
    *,
    services: tuple[Service, ...] = (),
    veterans_only: bool = False,
    npi: str = "",
    last_updated: str = "",
) -> Facility | Rejected:
    """The facility of a row, or the first thing in the row that makes it unusable.

    `cells` are texts by name: name, unit, street, street2, city, state, zip, phone, website, latitude, longitude; a
    missing one counts as empty.
    """
    cell = {name: tidy(text) for name, text in cells.items()}
    for field in ("name", "street", "city", "state", "zip"):
        if not cell.get(field):
            return Rejected(row_number, field, "", f"empty; a facility needs a {field}")
    for field, text in cell.items():
        if not text.isprintable() or "\ufffd" in text:
            return Rejected(row_number, field, ascii(text)[1:-1][:_LONGEST_VALUE], "holds characters that are no text")
    state = cell["state"].upper()
    if state not in states():
        meant = state_code(state)
        reason = "no two-letter state code of the US Postal Service" + (f"; is it {meant}?" if meant else "")
        return Rejected(row_number, "state", cell["state"][:_LONGEST_VALUE], reason)
    code = read_zip(cell["zip"])
    if not code.five:
        return Rejected(row_number, "zip", cell["zip"][:_LONGEST_VALUE], "no US ZIP code of five digits")
    point = _coordinates(row_number, cell.get("latitude", ""), cell.get("longitude", ""))
    if isinstance(point, Rejected):
        return point
    if code.padded:
        counts.repair(LOST_ZEROS)
    return Facility(
        source=source,
        row_number=row_number,
        name=cell["name"],
        unit=cell.get("unit", ""),
        street=cell["street"],
        street2=cell.get("street2", ""),
        city=cell["city"],
        state=state,
        zip=code.five,
        phone=cell.get("phone", ""),
        website=cell.get("website", ""),
        latitude=point[0],
        longitude=point[1],
        services=services,
        veterans_only=veterans_only,
        npi=npi,
        last_updated=last_updated,
    )


def _coordinates(row_number: int, north: str, east: str) -> tuple[float | None, float | None] | Rejected:
    if not north and not east:
        return None, None
    degrees = []
    for field, text in (("latitude", north), ("longitude", east)):
        try:
            degrees.append(float(text))
        except ValueError:
            reason = "not a number of degrees" if text else "empty, although the other coordinate is given"
            return Rejected(row_number, field, text[:_LONGEST_VALUE], reason)
    latitude, longitude = degrees
    if _in_the_states(latitude, longitude):
        return latitude, longitude
    if _in_the_states(longitude, latitude):
        reason = "latitude and longitude are swapped"
    elif not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        reason = "no place on Earth: latitude goes from -90 to 90, longitude from -180 to 180"
    else:
        reason = "outside the United States"
    return Rejected(row_number, "coordinates", f"{north},{east}"[:_LONGEST_VALUE], reason)


def _in_the_states(latitude: float, longitude: float) -> bool:
    box = catalogue()["united_states"]
    south, north = box["latitude"]
    return south <= latitude <= north and any(west <= longitude <= east for west, east in box["longitude"])
