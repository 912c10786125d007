"""The places nearest to a point that meet some filters: one question to the store."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ketascope.care.places.great_circle import EARTH_RADIUS_KM
from ketascope.care.store.reading import rows

# Without a radius the circle grows until enough is found; most questions are answered by the first two.
_FIRST_RADIUS_KM = 40.0
_GROWTH = 4.0
_WHOLE_EARTH_KM = math.pi * EARTH_RADIUS_KM


@dataclass(frozen=True)
class Filter:
    """Codes of one group, of which a site must have at least one; filters are combined with AND."""

    table: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """Sites nearest first, and how many meet the filters within the radius (everywhere where there is none)."""

    sites: list[dict[str, Any]]
    matching: int


def nearest(
    connection: Any,
    latitude: float,
    longitude: float,
    filters: Sequence[Filter],
    *,
    within_km: float | None,
    limit: int,
) -> Found:
    """Sites by great-circle distance in km, the nearest `limit` of them; one row a site."""
    if within_km is not None:
        return _in_circle(connection, latitude, longitude, filters, within_km, limit)
    radius_km = _FIRST_RADIUS_KM
    found = _in_circle(connection, latitude, longitude, filters, radius_km, limit)
    while len(found.sites) < limit and radius_km < _WHOLE_EARTH_KM:
        radius_km = min(radius_km * _GROWTH, _WHOLE_EARTH_KM)
        found = _in_circle(connection, latitude, longitude, filters, radius_km, limit)
    return Found(found.sites, _count_all(connection, filters))


def box(latitude: float, longitude: float, radius_km: float) -> tuple[float, float, float, float] | None:
    """South, north, west, east in degrees around a circle; None where it takes in a pole or all longitudes.

    The longitudes of a circle's tangent meridians lie asin(sin(r/R) / cos(latitude)) from its middle; they may
    pass 180 degrees, which means that the box goes on at the other side.
    """
    angle = radius_km / EARTH_RADIUS_KM
    south, north = latitude - math.degrees(angle), latitude + math.degrees(angle)
    if south <= -90 or north >= 90:
        return None
    reach = math.sin(angle) / math.cos(math.radians(latitude))
    if angle >= math.pi / 2 or reach >= 1:
        return None
    width = math.degrees(math.asin(reach))
    return south, north, longitude - width, longitude + width


def _conditions(
    latitude: float, longitude: float, filters: Sequence[Filter], radius_km: float | None
) -> tuple[str, list[object]]:
    """The WHERE clause and its values: the box first, which the store can answer from the order of its rows."""
    parts = ["stands_for_site"]
    values: list[object] = []
    edges = None if radius_km is None else box(latitude, longitude, radius_km)
    if edges is not None:
        # A hair wider than the circle, so that rounding never loses a place on its edge.
        south, north, west, east = edges[0] - 1e-6, edges[1] + 1e-6, edges[2] - 1e-6, edges[3] + 1e-6
        parts.append("latitude BETWEEN ? AND ?")
        values += [south, north]
        if west >= -180 and east <= 180:
            parts.append("longitude BETWEEN ? AND ?")
            values += [west, east]
        else:
            wrapped = (west + 360, east) if west < -180 else (west, east - 360)
            parts.append("(longitude >= ? OR longitude <= ?)")
            values += list(wrapped)
    for wanted in filters:
        marks = ", ".join("?" * len(wanted.codes))
        parts.append(f"site_id IN (SELECT site_id FROM {wanted.table} WHERE code IN ({marks}))")
        values += list(wanted.codes)
    return " AND ".join(parts), values


# Haversine; least() keeps rounding from asking for the arcsine of a hair more than one.
_DISTANCE = f"""
2 * {EARTH_RADIUS_KM!r} * asin(least(1, sqrt(
    pow(sin(radians(latitude - ?) / 2), 2)
    + cos(radians(?)) * cos(radians(latitude)) * pow(sin(radians(longitude - ?) / 2), 2))))
"""


def _in_circle(
    connection: Any, latitude: float, longitude: float, filters: Sequence[Filter], radius_km: float, limit: int
) -> Found:
    """The nearest `limit` sites of the circle, and how many it holds; few columns, for many rows are looked at."""
    where, values = _conditions(latitude, longitude, filters, radius_km)
    query = f"""
        WITH near AS (SELECT site_id, place_id, name, {_DISTANCE} AS distance_km FROM place WHERE {where})
        SELECT site_id, place_id, distance_km, count(*) OVER () AS matching FROM near WHERE distance_km <= ?
        ORDER BY distance_km, name, place_id LIMIT ?
    """
    sites = rows(connection, query, [latitude, latitude, longitude, *values, radius_km, limit])
    return Found(sites, sites[0]["matching"] if sites else 0)


def _count_all(connection: Any, filters: Sequence[Filter]) -> int:
    where, values = _conditions(0.0, 0.0, filters, None)
    return int(connection.execute(f"SELECT count(*) FROM place WHERE {where}", values).fetchone()[0])


def rows_of_sites(connection: Any, site_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Every source's row of these sites, newest source first, with the source's own columns beside it."""
    marks = ", ".join("?" * len(site_ids))
    # By row: the wide columns are then read for these rows alone, and not for all to be thrown away.
    query = f"""
        SELECT place.*, source.source, source.label AS source_label, source.edition, source.edition_date
        FROM place JOIN source USING (source_id)
        WHERE place.rowid IN (SELECT rowid FROM place WHERE site_id IN ({marks})) ORDER BY source_id DESC, place_id
    """
    return rows(connection, query, list(site_ids)) if site_ids else []


def services_of_places(connection: Any, site_ids: Sequence[int]) -> list[dict[str, Any]]:
    """What the rows of these sites say they offer, accept and are: place_id, kind, code, name."""
    marks = ", ".join("?" * len(site_ids))
    query = f"""
        SELECT place_id, kind, code, name FROM service WHERE site_id IN ({marks})
        UNION ALL
        SELECT place_id, 'payment', code, name FROM payment WHERE site_id IN ({marks})
        ORDER BY ALL
    """
    return rows(connection, query, [*site_ids, *site_ids]) if site_ids else []


def sources(connection: Any) -> list[dict[str, Any]]:
    """The files that the store was built from, newest last."""
    return rows(connection, "SELECT * FROM source ORDER BY source_id")


def built_at(connection: Any) -> str:
    """When the store was built, ISO date and time."""
    return str(connection.execute("SELECT value FROM about WHERE name = 'built_at'").fetchone()[0])
