"""One question to the facility locator and one answer, checked before it counts.

The interface is known from programs that use it, not from its owner, and those disagree: one sends the longitude
first. So the form of each answer, its page number, and where its rows lie are all looked at.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ketascope.care.download.addresses import sources
from ketascope.care.download.connection import AddressFault, Setback, check_address, header_text
from ketascope.errors import InputError

SOURCE = "findtreatment"
ORDERS = ("latitude first", "longitude first")


@dataclass(frozen=True)
class Question:
    """What is asked: facilities within `within_km` of a point in degrees."""

    url: str
    latitude: float
    longitude: float
    within_km: float
    whole_country: bool
    service_type: str
    page_size: int

    def page_url(self, page: int, order: str) -> str:
        """The address of one page, counted from 1."""
        point = (self.latitude, self.longitude) if order == ORDERS[0] else (self.longitude, self.latitude)
        pairs = {
            "sType": self.service_type,
            "sAddr": ",".join(f"{degrees:.6f}".rstrip("0").rstrip(".") for degrees in point),
            "limitType": 2,
            "limitValue": round(self.within_km * 1000.0),
            "pageSize": self.page_size,
            "page": page,
            "sort": 0,
        }
        return f"{self.url}?{urlencode(pairs, safe=',')}"


@dataclass(frozen=True)
class Page:
    """One answer: its text on a single line, and what was read from it."""

    line: bytes
    number: int
    rows: list[dict[str, Any]]
    total_pages: int
    record_count: int

    def fingerprint(self) -> str:
        """The same for two pages with the same rows."""
        return hashlib.sha256(json.dumps(self.rows, sort_keys=True).encode()).hexdigest()


def question(
    url: str | None = None, near: tuple[float, float] | None = None, within_km: float | None = None
) -> Question:
    """The whole country, or `within_km` around `near` (latitude, longitude). Raises InputError for what cannot be."""
    figures = sources()[SOURCE]
    address = check_address(url or figures["url"])
    fixed = {"service_type": figures["service_type"], "page_size": figures["page_size"]}
    if near is None:
        if within_km is not None:
            raise InputError(f"a distance of {within_km:g} km needs a place to count from; give the place too")
        middle = figures["middle_latitude"], figures["middle_longitude"]
        return Question(address, *middle, figures["radius_km"], True, **fixed)
    latitude, longitude = near
    if not (-90.0 <= latitude <= 90.0 and -180.0 <= longitude <= 180.0):
        raise InputError(f"{latitude:g}, {longitude:g} is no point; write latitude, then longitude, in degrees")
    radius_km = figures["near_km"] if within_km is None else within_km
    if not 0.0 < radius_km <= figures["largest_near_km"]:
        raise InputError(f"a distance of {radius_km:g} km cannot be used; 1 to {figures['largest_near_km']:g} km can")
    return Question(address, latitude, longitude, radius_km, False, **fixed)


def read_page(body: bytes, headers: Any, number: int, url: str) -> Page:
    """One answer, checked. Raises Setback for a text that breaks off, AddressFault for one that is something else."""
    if header_text(headers, "Content-Type").lower().startswith("text/html") or body.lstrip()[:1] == b"<":
        raise AddressFault(f"{url} sends a web page instead of JSON: it has moved, or a notice stands before it")
    try:
        text = body.decode("utf-8-sig")
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise Setback(f"page {number} is no whole JSON text") from None
    wrong = f"page {number} of {url} is not the answer that was expected"
    if not isinstance(document, dict):
        raise AddressFault(f"{wrong}: an object with rows is needed, not a {type(document).__name__}")
    rows = document.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        given = f"; it has {', '.join(sorted(document)[:6])}" if document else ""
        raise AddressFault(f"{wrong}: 'rows' must be a list of facilities{given}")
    echoed, total_pages, record_count = (
        _whole_number(document, name, wrong) for name in ("page", "totalPages", "recordCount")
    )
    if echoed != number:
        raise AddressFault(f"{wrong}: it says that it is page {echoed}")
    # JSON allows a line break only between its parts, where a space says the same.
    line = text.strip().replace("\r", " ").replace("\n", " ").encode() + b"\n"
    return Page(line, number, rows, total_pages, record_count)


def _whole_number(document: dict[str, Any], name: str, wrong: str) -> int:
    value = document.get(name)
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise AddressFault(f"{wrong}: '{name}' must be a whole number, not {json.dumps(value)[:40]}")
    return value


def misplaced(rows: list[dict[str, Any]], asked: Question) -> str:
    """What is wrong with where the rows lie, "" where nothing is or where none says where it lies."""
    from ketascope.care.places.great_circle import distance_km

    figures = sources()[SOURCE]
    if not rows:
        return "lists no facility"
    points = [point for point in (_point(row) for row in rows) if point is not None]
    reach_km = asked.within_km * (1.0 + figures["slack_share"]) + figures["slack_km"]
    outside = sum(float(distance_km(asked.latitude, asked.longitude, *point)) > reach_km for point in points)
    if outside > figures["most_outside_share"] * len(points):
        return f"lists {outside} of {len(points)} facilities outside {asked.within_km:g} km"
    return ""


def _point(row: dict[str, Any]) -> tuple[float, float] | None:
    try:
        latitude, longitude = float(row["latitude"]), float(row["longitude"])
    except (KeyError, TypeError, ValueError):
        return None
    known = math.isfinite(latitude) and math.isfinite(longitude) and (latitude, longitude) != (0.0, 0.0)
    return (latitude, longitude) if known else None
