"""The post's list of ZIPs and towns: the `zipcodes` package. It takes 0.4 s to open, so it is opened only on demand."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PostalZip:
    """A ZIP as the post lists it; `kind` is STANDARD, PO BOX, UNIQUE or MILITARY. Zero degrees mean no coordinates."""

    zip5: str
    kind: str
    active: bool
    city: str
    other_names: tuple[str, ...]
    state: str
    latitude: float
    longitude: float

    @property
    def has_coordinates(self) -> bool:
        """Whether the list prints coordinates for it; whether they are right is another matter."""
        return bool(self.latitude or self.longitude)


def _read(entry: dict[str, Any]) -> PostalZip:
    return PostalZip(
        zip5=entry["zip_code"],
        kind=entry["zip_code_type"],
        active=entry["active"],
        city=entry["city"],
        other_names=tuple(entry["acceptable_cities"]),
        state=entry["state"],
        latitude=float(entry["lat"]),
        longitude=float(entry["long"]),
    )


@functools.cache
def postal_zip(zip5: str) -> PostalZip | None:
    """What the post says about a ZIP of five digits; None if it does not list it."""
    import zipcodes

    matching: Callable[[str], list[dict[str, Any]]] = zipcodes.matching
    found = matching(zip5)
    return _read(found[0]) if found else None


def postal_zips(state: str = "") -> list[PostalZip]:
    """All ZIPs that the post lists, of one state where a code is given."""
    import zipcodes

    of_state: Callable[[str], list[dict[str, Any]]] = zipcodes.filter_by_state
    of_all: Callable[[], list[dict[str, Any]]] = zipcodes.list_all
    return [_read(entry) for entry in (of_state(state) if state else of_all())]
