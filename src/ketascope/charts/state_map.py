"""Places on a map of state outlines: numbered as in the list, nothing fetched from anywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.charts.chart import Chart, Row
from ketascope.charts.map_geometry import (
    HEIGHT_PX,
    MARKER_PX,
    WIDTH_PX,
    Point,
    Ring,
    Window,
    apart,
    area_and_middle,
    bearing,
    clockwise,
    cut,
    fitted_window,
    overlaps,
)
from ketascope.charts.style import INK, QUIET_INK, load_style, top_level

# The three tones of the map besides ink and accent; a page in dark colours exchanges them by name.
LAND, BORDER, PAPER = "#eceae4", "#a5a39b", "#ffffff"
ACCENT = str(load_style()["drugs"]["ketamine"])

_KM_PER_MILE = 1.609344  # by definition
_SCALE_BAR_MILES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_LONGEST_BAR_PX = 130


Document = Mapping[str, Any]
Outlines = Mapping[str, Sequence[Ring]]
"""Closed rings of (longitude, latitude) in degrees by state code, as `care.places.outlines` gives them."""


def state_map(document: Document, outlines: Outlines) -> Chart:
    """The map of an answer of `find`: the place as a cross, results as the numbers of the list.

    Places for veterans only are hollow squares. Numbers that would cover one another stand beside their point, with a
    line to it. Only states that reach into the window are drawn.
    """
    place, results = document["place"], document["results"]
    window = fitted_window(place, results)
    shapes = _states_in(window, outlines)
    markers = _markers(window, place, results)
    names = _state_names(window, shapes)
    title = f"Where they are: {len(results)} nearest to {place['label']}" if results else f"Around {place['label']}"
    layers = [
        _land(shapes),
        names,
        *_leaders(markers),
        _cross(place),
        *_numbers(markers),
        *_scale_bar(window, [*markers, *names["data"]["values"], place]),
    ]
    summary = _summary(document, sorted(shapes))
    body = {
        "width": WIDTH_PX,
        "height": HEIGHT_PX,
        "projection": {
            "type": "mercator",
            # Turned rather than centred: a drawing that is turned may cross the 180th meridian.
            "center": [0, round(window.latitude, 6)],
            "rotate": [round(-window.longitude, 6), 0, 0],
            "scale": round(window.scale, 3),
            "translate": [WIDTH_PX / 2, HEIGHT_PX / 2],
        },
        "layer": layers,
    }
    spec = top_level(title, _subtitle(results), summary, body)
    spec["config"]["view"] = {"stroke": BORDER, "fill": PAPER}
    return Chart("state-map", title, spec, summary, _table(document))


def map_colours() -> dict[str, str]:
    """The colours of the drawing by what they stand for, so that a page in dark colours can exchange them."""
    tones = {"land": LAND, "border": BORDER, "paper": PAPER}
    return {**tones, "accent": ACCENT, "ink": INK, "quiet": QUIET_INK}


def _states_in(window: Window, outlines: Outlines) -> dict[str, list[Ring]]:
    """Rings that reach into the window, by state; each turned so that a globe takes its inside for land."""
    west, north = window.point(0, 0)
    east, south = window.point(WIDTH_PX, HEIGHT_PX)
    found: dict[str, list[Ring]] = {}
    for state, rings in outlines.items():
        near = [ring for ring in rings if overlaps(ring, (west, south, east, north))]
        if near:
            found[state] = [clockwise(ring) for ring in near]
    return found


def _land(shapes: Mapping[str, Sequence[Ring]]) -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "properties": {"state": state},
            "geometry": {
                "type": "MultiPolygon",
                "coordinates": [[[[round(x, 4), round(y, 4)] for x, y in ring]] for ring in rings],
            },
        }
        for state, rings in sorted(shapes.items())
    ]
    return {
        "data": {"values": features},
        "mark": {"type": "geoshape", "fill": LAND, "stroke": BORDER, "strokeWidth": 1, "clip": True, "tooltip": None},
    }


def _state_names(window: Window, shapes: Mapping[str, Sequence[Ring]]) -> dict[str, Any]:
    """Each state's letters in the middle of the part that is seen."""
    records = []
    for state, rings in sorted(shapes.items()):
        seen = [cut([window.pixel(x, y) for x, y in ring]) for ring in rings]
        widest = max(seen, key=lambda ring: abs(area_and_middle(ring)[0]))
        area, middle = area_and_middle(widest)
        if abs(area) > 40 * 40:
            longitude, latitude = window.point(*middle)
            records.append({"longitude": round(longitude, 5), "latitude": round(latitude, 5), "state": state})
    return {
        "data": {"values": records},
        "mark": {"type": "text", "fontSize": 15, "fontWeight": "bold", "color": QUIET_INK, "tooltip": None},
        "encoding": _at() | {"text": {"field": "state", "type": "nominal"}},
    }


def _markers(window: Window, place: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Numbers of the list, pushed apart where they would cover one another, each with its true point."""
    true = [window.pixel(row["longitude"], row["latitude"]) for row in results]
    shown = apart(true, window.pixel(place["longitude"], place["latitude"]))
    records = []
    for number, (row, start, end) in enumerate(zip(results, true, shown, strict=True), 1):
        longitude, latitude = window.point(*end)
        records.append(
            {
                "number": str(number),
                "name": str(row["name"]),
                "veterans_only": bool(row["veterans_only"]),
                "longitude": round(longitude, 5),
                "latitude": round(latitude, 5),
                "true_longitude": round(row["longitude"], 5),
                "true_latitude": round(row["latitude"], 5),
                "moved": math.dist(start, end) > MARKER_PX / 2,
            }
        )
    return records


def _at(prefix: str = "") -> dict[str, Any]:
    return {
        "longitude": {"field": f"{prefix}longitude", "type": "quantitative"},
        "latitude": {"field": f"{prefix}latitude", "type": "quantitative"},
    }


def _leaders(markers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    moved = [marker for marker in markers if marker["moved"]]
    if not moved:
        return []
    ends = {"longitude2": {"field": "longitude"}, "latitude2": {"field": "latitude"}}
    line = {"type": "rule", "color": ACCENT, "strokeWidth": 1.2, "tooltip": None}
    dot = {"type": "point", "shape": "circle", "filled": True, "size": 14, "color": ACCENT, "tooltip": None}
    return [
        {"data": {"values": moved}, "mark": line, "encoding": _at("true_") | ends},
        {"data": {"values": moved}, "mark": dot, "encoding": _at("true_")},
    ]


def _cross(place: Mapping[str, Any]) -> dict[str, Any]:
    record = {"longitude": place["longitude"], "latitude": place["latitude"]}
    mark = {"type": "point", "shape": "cross", "filled": True, "size": 240, "color": INK, "stroke": PAPER}
    return {
        "data": {"values": [record]},
        "mark": {**mark, "strokeWidth": 1, "opacity": 1, "tooltip": None},
        "encoding": _at(),
    }


def _numbers(markers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Filled circles, and hollow squares for places that treat veterans only: shape and filling both tell."""
    layers: list[dict[str, Any]] = []
    size = math.pi * MARKER_PX**2
    looks = ((False, "circle", ACCENT, PAPER), (True, "square", PAPER, ACCENT))
    for veterans_only, shape, fill, ink in looks:
        records = [marker for marker in markers if marker["veterans_only"] is veterans_only]
        if not records:
            continue
        mark = {"type": "point", "shape": shape, "filled": True, "fill": fill, "stroke": ACCENT, "strokeWidth": 1.8}
        text = {"type": "text", "fontSize": 13.5, "fontWeight": "bold", "baseline": "middle", "dy": 0.5, "color": ink}
        tooltip = {"tooltip": {"field": "name", "type": "nominal"}}
        layers += [
            {
                "data": {"values": records},
                "mark": {**mark, "opacity": 1, "size": size},
                "encoding": _at() | tooltip,
            },
            {
                "data": {"values": records},
                "mark": {**text, "tooltip": None},
                "encoding": _at() | {"text": {"field": "number", "type": "nominal"}},
            },
        ]
    return layers


def _scale_bar(window: Window, drawn: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A bar of a round number of miles in a corner where nothing that is drawn stands in its way."""
    px_per_mile = window.pixels_per_km() * _KM_PER_MILE
    fitting = [miles for miles in _SCALE_BAR_MILES if miles * px_per_mile <= _LONGEST_BAR_PX]
    miles = fitting[-1] if fitting else _SCALE_BAR_MILES[0]
    length = miles * px_per_mile
    taken = [window.pixel(one["longitude"], one["latitude"]) for one in drawn]
    left, y = max(_corners(length), key=lambda corner: _room(corner, length, taken))
    (west, south), (east, _) = window.point(left, y), window.point(left + length, y)
    record = {"longitude": west, "latitude": south, "end": east, "text": f"{miles} mi ({miles * _KM_PER_MILE:.0f} km)"}
    bar = {"type": "rule", "color": INK, "strokeWidth": 2, "tooltip": None}
    text = {"type": "text", "align": "left", "dy": -10, "fontSize": 13.5, "color": INK, "tooltip": None}
    ends = {"longitude2": {"field": "end"}, "latitude2": {"field": "latitude"}}
    return [
        {"data": {"values": [record]}, "mark": bar, "encoding": _at() | ends},
        {
            "data": {"values": [record]},
            "mark": text,
            "encoding": _at() | {"text": {"field": "text", "type": "nominal"}},
        },
    ]


def _corners(length: float) -> list[Point]:
    """Left ends of a bar in each corner, the preferred one first."""
    right, low, high = WIDTH_PX - 14 - length, HEIGHT_PX - 14, 30
    return [(14, low), (right, low), (14, high), (right, high)]


def _room(corner: Point, length: float, taken: Sequence[Point]) -> float:
    """Distance in pixels from a bar to the nearest thing drawn; more than enough counts as enough."""
    left, y = corner
    gaps = [math.hypot(x - min(max(x, left), left + length), at - (y - 7)) for x, at in taken]
    return min([*gaps, 2.5 * MARKER_PX])


def _subtitle(results: Sequence[Mapping[str, Any]]) -> list[str]:
    if not results:
        return ["Cross: where you asked for."]
    said = "Cross: where you asked for. Numbers: as in the list."
    return [said, *(["Hollow square: veterans only."] if any(row["veterans_only"] for row in results) else [])]


def _summary(document: Document, states: Sequence[str]) -> str:
    results = document["results"]
    drawn = f"Outlines of {', '.join(states)}." if states else "No state outline reaches into this window."
    if not results:
        return f"Map around {document['place']['label']} without any place on it. {drawn}"
    listed = "; ".join(
        f"{number} {row['name']}, {row['city']}, {row['state']}, {row['distance_km']:.1f} km "
        f"{bearing(document['place'], row)}{', veterans only' if row['veterans_only'] else ''}"
        for number, row in enumerate(results, 1)
    )
    return f"Map with {document['place']['label']} as a cross and the places of the list: {listed}. {drawn}"


def _table(document: Document) -> list[Row]:
    return [
        {
            "number": str(number),
            "name": str(row["name"]),
            "city": str(row["city"]),
            "state": str(row["state"]),
            "latitude": row["latitude"],
            "longitude": row["longitude"],
            "distance_km": row["distance_km"],
            "veterans_only": "yes" if row["veterans_only"] else "no",
        }
        for number, row in enumerate(document["results"], 1)
    ]
