"""The geometry of a small map: a Mercator window, rings cut to it, markers that do not cover one another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH_PX, HEIGHT_PX = 440, 440
MARKER_PX = 12

# Room between the outermost point and the edge, so that its number stays whole.
_MARGIN_PX = 38
# A single place right at the start still needs surroundings to be recognised.
_SMALLEST_SPAN_KM = 24.0
_KM_PER_DEGREE = 111.195
# More pairs than this take more than a second, and only markers without room need them.
_MOST_COMPARISONS = 5_000_000
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))

Point = tuple[float, float]
Ring = Sequence[Point]


@dataclass(frozen=True)
class Window:
    """A Mercator window: longitude and latitude of its middle in degrees, pixels a radian."""

    longitude: float
    latitude: float
    scale: float

    def pixel(self, longitude: float, latitude: float) -> Point:
        """Where a point stands, in pixels from the upper left corner."""
        x = WIDTH_PX / 2 + self.scale * math.radians(turned(longitude - self.longitude))
        return x, HEIGHT_PX / 2 - self.scale * (mercator(latitude) - mercator(self.latitude))

    def point(self, x: float, y: float) -> Point:
        """Longitude and latitude of a pixel; the longitude may pass 180 degrees and then goes on at the other side."""
        longitude = self.longitude + math.degrees((x - WIDTH_PX / 2) / self.scale)
        northing = mercator(self.latitude) + (HEIGHT_PX / 2 - y) / self.scale
        return longitude, math.degrees(2 * math.atan(math.exp(northing)) - math.pi / 2)

    def pixels_per_km(self) -> float:
        """Length of a kilometre at the middle of the window."""
        return self.scale / math.cos(math.radians(self.latitude)) / (math.degrees(1) * _KM_PER_DEGREE)


def fitted_window(place: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> Window:
    """The window that shows the place and every result with room to spare."""
    # Counted from the place, so that Guam and Hawaii are neighbours across the 180th meridian.
    longitudes = [place["longitude"] + turned(row["longitude"] - place["longitude"]) for row in (place, *results)]
    northings = [mercator(row["latitude"]) for row in (place, *results)]
    middle = (max(northings) + min(northings)) / 2
    latitude = math.degrees(2 * math.atan(math.exp(middle)) - math.pi / 2)
    stretch = 1 / math.cos(math.radians(latitude))
    smallest = math.radians(_SMALLEST_SPAN_KM / _KM_PER_DEGREE) * stretch
    width = max(math.radians(max(longitudes) - min(longitudes)), smallest)
    height = max(max(northings) - min(northings), smallest)
    scale = min((WIDTH_PX - 2 * _MARGIN_PX) / width, (HEIGHT_PX - 2 * _MARGIN_PX) / height)
    return Window(turned((max(longitudes) + min(longitudes)) / 2), latitude, scale)


def turned(degrees: float) -> float:
    """The same direction between -180 and 180 degrees; what lies there already keeps its last digit."""
    return degrees if -180 <= degrees <= 180 else (degrees + 180) % 360 - 180


def mercator(latitude: float) -> float:
    """Height of a latitude in degrees on a Mercator map whose equator is 2 pi long."""
    return math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))


def overlaps(ring: Ring, box: tuple[float, float, float, float]) -> bool:
    """Whether a ring may reach into a box of west, south, east and north in degrees, also across the 180th meridian."""
    west, south, east, north = box
    longitudes, latitudes = [x for x, _ in ring], [y for _, y in ring]
    beside = any(min(longitudes) + turn <= east and max(longitudes) + turn >= west for turn in (-360, 0, 360))
    return beside and min(latitudes) <= north and max(latitudes) >= south


def clockwise(ring: Ring) -> Ring:
    """The ring seen clockwise from above: the other way round, a drawing on a sphere fills everything else."""
    following = [*ring[1:], ring[0]]
    doubled = sum((x2 - x1) * (y2 + y1) for (x1, y1), (x2, y2) in zip(ring, following, strict=True))
    return ring if doubled > 0 else list(reversed(ring))


def cut(ring: Sequence[Point]) -> list[Point]:
    """The part of a ring of pixels inside the window, side by side (Sutherland and Hodgman 1974)."""
    part = list(ring)
    for axis, limit, sign in ((0, 0.0, 1), (0, float(WIDTH_PX), -1), (1, 0.0, 1), (1, float(HEIGHT_PX), -1)):
        kept: list[Point] = []
        for start, end in zip(part, [*part[1:], *part[:1]], strict=True):
            before, after = (sign * (point[axis] - limit) for point in (start, end))
            if before >= 0:
                kept.append(start)
            if before * after < 0:
                share = before / (before - after)
                kept.append((start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])))
        part = kept
    return part


def area_and_middle(ring: Sequence[Point]) -> tuple[float, Point]:
    """Signed area and centre of a ring of pixels."""
    area = x_sum = y_sum = 0.0
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], *ring[:1]], strict=True):
        cross = x1 * y2 - x2 * y1
        area += cross / 2
        x_sum += (x1 + x2) * cross / 6
        y_sum += (y1 + y2) * cross / 6
    return (area, (x_sum / area, y_sum / area)) if area else (0.0, (0.0, 0.0))


def apart(points: Sequence[Point], fixed: Point, rounds: int = 200) -> list[Point]:
    """Points moved as little as needed until no two markers overlap nor hide `fixed`; the same every time.

    Hundreds of markers have no room side by side; fewer rounds are then made.
    """
    moved = [list(point) for point in (fixed, *points)]
    rounds = min(rounds, max(1, _MOST_COMPARISONS // len(moved) ** 2))
    nearest = 2.0 * MARKER_PX + 2
    for _ in range(rounds):
        is_settled = True
        for i in range(1, len(moved)):
            for j in range(i):
                dx, dy = moved[i][0] - moved[j][0], moved[i][1] - moved[j][1]
                gap = math.hypot(dx, dy)
                if gap >= nearest - 0.01:
                    continue
                is_settled = False
                # Two places at one address have no direction between them: the golden angle gives each its own.
                angle = math.atan2(dy, dx) if gap > 1e-6 else _GOLDEN_ANGLE * i
                # The fixed point stays, so the other goes the whole way.
                shares = ((i, 1.0), (j, 0.0)) if j == 0 else ((i, 0.5), (j, -0.5))
                for index, share in shares:
                    moved[index][0] += share * (nearest - gap) * math.cos(angle)
                    moved[index][1] += share * (nearest - gap) * math.sin(angle)
        if is_settled:
            break
    return [
        (min(max(x, MARKER_PX), WIDTH_PX - MARKER_PX), min(max(y, MARKER_PX), HEIGHT_PX - MARKER_PX))
        for x, y in moved[1:]
    ]


def bearing(start: Mapping[str, Any], end: Mapping[str, Any]) -> str:
    """Compass direction from one point to another, in eight winds."""
    east = turned(end["longitude"] - start["longitude"]) * math.cos(math.radians(start["latitude"]))
    angle = math.degrees(math.atan2(east, end["latitude"] - start["latitude"])) % 360
    winds = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
    return winds[round(angle / 45) % 8]
