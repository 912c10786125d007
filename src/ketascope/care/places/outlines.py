"""Outlines of the states: how far a point is from a state, and which states a circle touches.

The outlines are simplified (see the `prepared` entry of the packaged file), so a point near a border can fall on the
wrong side by 1-2 km; every question here is asked with a margin far wider than that.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketascope.care.places.great_circle import EARTH_RADIUS_KM
from ketascope.care.places.packaged import settings, table_text
from ketascope.care.places.states import states
from ketascope.errors import InputError

Ring = tuple[tuple[float, float], ...]
Numbers = NDArray[np.float64]

STATES: Mapping[str, str] = {code: state.name for code, state in states().items()}
# A border along a parallel is straight on the map and not a great circle; in pieces this long the two are 30 m apart.
_LONGEST_PIECE_DEGREES = 0.5


@functools.cache
def outlines() -> Mapping[str, tuple[Ring, ...]]:
    """State code -> closed rings of (longitude, latitude) in degrees, the largest ring first.

    States, the district and the five territories have one; a ring never crosses the 180th meridian.
    """
    packaged = json.loads(table_text("state_outlines.json"))["states"]
    return {
        code: tuple(tuple((longitude, latitude) for longitude, latitude in ring) for ring in rings)
        for code, rings in packaged.items()
    }


@dataclass(frozen=True)
class _Border:
    """The pieces of all rings of a state: their ends in degrees, and in space on a sphere of radius 1."""

    longitude1: Numbers
    latitude1: Numbers
    longitude2: Numbers
    latitude2: Numbers
    start: Numbers
    end: Numbers
    normal: Numbers


def _on_sphere(longitude: Numbers, latitude: Numbers) -> Numbers:
    phi, theta = np.radians(latitude), np.radians(longitude)
    return np.stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)], axis=-1)


@functools.cache
def _border(state: str) -> _Border:
    known = outlines()
    if state not in known:
        raise InputError(f"state '{state}': no outline is packaged for it; outlines: {', '.join(known)}")
    corners = [np.array(ring) for ring in known[state]]
    starts, ends = np.concatenate([ring[:-1] for ring in corners]), np.concatenate([ring[1:] for ring in corners])
    counts = np.maximum(1, np.ceil(np.abs(ends - starts)[:, 0] / _LONGEST_PIECE_DEGREES)).astype(int)
    # Place of each piece within its edge: 0, 1, ... and then again from 0 for the next edge.
    places = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    steps = np.repeat((ends - starts) / counts[:, None], counts, axis=0)
    cut1 = np.repeat(starts, counts, axis=0) + places[:, None] * steps
    # The end of a piece is the start of the next, to the last bit: a gap would let a point leak out of its state.
    last = np.cumsum(counts) - 1
    cut2 = np.vstack([cut1[1:], ends[-1:]])
    cut2[last] = ends
    (longitude1, latitude1), (longitude2, latitude2) = cut1.T, cut2.T
    start, end = _on_sphere(longitude1, latitude1), _on_sphere(longitude2, latitude2)
    normal = np.cross(start, end)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return _Border(longitude1, latitude1, longitude2, latitude2, start, end, normal)


@functools.cache
def _caps() -> tuple[list[str], Numbers, Numbers]:
    """For each state a point in space on the sphere and the angle (rad) from it within which the whole state lies."""
    codes, middles, reaches = list(outlines()), [], []
    for code in codes:
        corners = _border(code).start
        middle = corners.mean(axis=0)
        middle /= np.linalg.norm(middle)
        middles.append(middle)
        # A piece can bulge out between its ends, by less than its length.
        furthest = 2 * np.arcsin(min(1.0, float(np.linalg.norm(corners - middle, axis=1).max()) / 2))
        reaches.append(furthest + np.radians(_LONGEST_PIECE_DEGREES))
    return codes, np.array(middles), np.array(reaches)


def _inside(border: _Border, latitude: float, longitude: float) -> bool:
    # Even-odd rule along the meridian of the point, to the north; no ring crosses the 180th meridian.
    longitude = (longitude + 180) % 360 - 180
    crossed = (border.longitude1 > longitude) != (border.longitude2 > longitude)
    if not crossed.any():
        return False
    start, end = border.longitude1[crossed], border.longitude2[crossed]
    share = (longitude - start) / (end - start)
    at = border.latitude1[crossed] + share * (border.latitude2[crossed] - border.latitude1[crossed])
    return int(np.count_nonzero(at > latitude)) % 2 == 1


def distance_to_state_km(latitude: float, longitude: float, state: str) -> float:
    """Great-circle distance in km from a point in degrees to the nearest part of a state; 0 inside it.

    Raises InputError for a code without an outline.
    """
    border = _border(state)
    if _inside(border, latitude, longitude):
        return 0.0
    point = _on_sphere(np.array(longitude), np.array(latitude))
    # Along a piece the nearest point lies on its great circle if the foot of the perpendicular falls between its ends.
    height = border.normal @ point
    foot_after_start = np.einsum("ij,ij->i", np.cross(border.normal, border.start), point[None, :]) > 0
    foot_before_end = np.einsum("ij,ij->i", np.cross(border.end, border.normal), point[None, :]) > 0
    sines = np.abs(height[foot_after_start & foot_before_end])
    ends = float(np.min(np.linalg.norm(border.start - point, axis=1)))
    radians = 2 * np.arcsin(min(1.0, ends / 2))
    if sines.size:
        radians = min(radians, np.arcsin(min(1.0, float(sines.min()))))
    return float(EARTH_RADIUS_KM * radians)


def near_state(latitude: float, longitude: float, state: str, margin_km: float) -> bool:
    """Whether a point in degrees lies in a state or at most `margin_km` from it. Raises InputError as above."""
    return distance_to_state_km(latitude, longitude, state) <= margin_km


def plausible_margin_km() -> float:
    """How far from its state a point may lie before it is taken for an error; the reason stands beside the number."""
    return float(settings()["plausible"]["margin_km"])


def simplified_by_km() -> float:
    """How far a packaged border may run from the true one."""
    return float(settings()["outlines"]["simplified_km"])


def states_within(latitude: float, longitude: float, radius_km: float) -> list[str]:
    """Codes of the states that a circle in km around a point in degrees touches, nearest first."""
    codes, middles, reaches = _caps()
    chords = np.linalg.norm(middles - _on_sphere(np.array(longitude), np.array(latitude)), axis=1)
    angles = 2 * np.arcsin(np.minimum(1.0, chords / 2))
    # Most states are too far away as a whole; only the others are measured corner by corner.
    possible = [
        code for code, far in zip(codes, angles - reaches > radius_km / EARTH_RADIUS_KM, strict=True) if not far
    ]
    distances = {code: distance_to_state_km(latitude, longitude, code) for code in possible}
    return sorted((code for code in distances if distances[code] <= radius_km), key=lambda code: distances[code])
