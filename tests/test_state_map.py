"""The map: numbers of the list, the place as a cross, only states that are near, drawn without any network."""

from __future__ import annotations

import json
import math
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care_documents import near_hoboken, nothing_found, place_row
from ketascope.care.finding import find
from ketascope.care.places.great_circle import distance_km
from ketascope.care.places.outlines import outlines
from ketascope.care.radius import KM_PER_MILE
from ketascope.charts.chart import Chart
from ketascope.charts.map_geometry import HEIGHT_PX, WIDTH_PX, Window, apart, bearing, clockwise, cut, fitted_window
from ketascope.charts.render import render_png, render_svg
from ketascope.charts.state_map import LAND, PAPER, map_colours
from ketascope.charts.state_map import state_map as map_on_outlines


def state_map(document: dict[str, Any]) -> Chart:
    return map_on_outlines(document, outlines())


def layers(spec: dict[str, Any], kind: str, **looks: Any) -> list[dict[str, Any]]:
    return [
        layer
        for layer in spec["layer"]
        if layer["mark"]["type"] == kind and all(layer["mark"].get(name) == look for name, look in looks.items())
    ]


def at(latitude: float, longitude: float, **fields: Any) -> dict[str, Any]:
    return place_row("Clinic", 1.0, latitude=latitude, longitude=longitude, **fields)


def numbers(spec: dict[str, Any]) -> list[str]:
    texts = [layer for layer in layers(spec, "text") if "number" in layer["data"]["values"][0]]
    return sorted(record["number"] for layer in texts for record in layer["data"]["values"])


def states(spec: dict[str, Any]) -> list[str]:
    (land,) = layers(spec, "geoshape")
    return [feature["properties"]["state"] for feature in land["data"]["values"]]


# What is drawn


def test_only_states_that_reach_into_the_window_are_drawn() -> None:
    assert states(state_map(near_hoboken(3)).spec) == ["NJ", "NY"]
    assert {"CT", "NJ", "NY"} <= set(states(state_map(near_hoboken(5)).spec))
    assert "CA" not in states(state_map(near_hoboken(5)).spec)


def test_points_carry_the_numbers_of_the_list() -> None:
    assert numbers(state_map(near_hoboken(4)).spec) == ["1", "2", "3", "4"]


def test_veterans_only_sites_have_another_shape_and_no_filling() -> None:
    spec = state_map(near_hoboken(4)).spec
    (squares,), (circles,) = layers(spec, "point", shape="square"), layers(spec, "point", shape="circle")
    assert [record["number"] for record in squares["data"]["values"]] == ["1"]
    assert [record["number"] for record in circles["data"]["values"]] == ["2", "3", "4"]
    assert squares["mark"]["fill"] == PAPER != circles["mark"]["fill"]
    assert "Hollow square: veterans only." in spec["title"]["subtitle"]


def test_without_veterans_sites_the_legend_says_nothing_of_them() -> None:
    document = near_hoboken(4)
    document["results"] = document["results"][1:]
    assert "square" not in " ".join(state_map(document).spec["title"]["subtitle"])


def test_the_place_is_a_cross() -> None:
    (cross,) = layers(state_map(near_hoboken()).spec, "point", shape="cross")
    assert cross["data"]["values"] == [{"longitude": -74.027926, "latitude": 40.745251}]


def test_everything_stands_inside_the_window() -> None:
    document = near_hoboken(5)
    window = fitted_window(document["place"], document["results"])
    for row in [document["place"], *document["results"]]:
        x, y = window.pixel(row["longitude"], row["latitude"])
        assert 30 <= x <= WIDTH_PX - 30
        assert 30 <= y <= HEIGHT_PX - 30


def test_the_drawing_puts_points_where_the_window_says() -> None:
    document = near_hoboken(4)
    svg = render_svg(state_map(document).spec)
    window = fitted_window(document["place"], document["results"])
    x, y = window.pixel(document["place"]["longitude"], document["place"]["latitude"])
    drawn = [(float(a), float(b)) for a, b in re.findall(r"translate\(([-\d.]+),([-\d.]+)\)", svg)]
    assert min(math.dist((x, y), point) for point in drawn) < 0.1


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    for places in (1, 4, 5):
        spec = state_map(near_hoboken(places)).spec
        record = next(values[0] for layer in layers(spec, "rule") if "end" in (values := layer["data"]["values"])[0])
        said_km = float(record["text"].split(" mi")[0]) * KM_PER_MILE
        long_km = float(distance_km(record["latitude"], record["longitude"], record["latitude"], record["end"]))
        assert long_km == pytest.approx(said_km, rel=0.02)


def test_the_scale_bar_keeps_clear_of_the_names_of_states() -> None:
    document = find("07030", offers=["ketamine-infusion"])
    spec = state_map(document).spec
    window = fitted_window(document["place"], document["results"])
    bar = next(values[0] for layer in layers(spec, "rule") if "end" in (values := layer["data"]["values"])[0])
    (left, y), (right, _) = (window.pixel(bar[end], bar["latitude"]) for end in ("longitude", "end"))
    (names,) = [layer for layer in layers(spec, "text") if "state" in layer["data"]["values"][0]]
    for name in names["data"]["values"]:
        x, at_y = window.pixel(name["longitude"], name["latitude"])
        assert math.hypot(x - min(max(x, left), right), at_y - (y - 7)) > 20, name["state"]


def test_land_is_land_and_not_everything_else() -> None:
    svg = render_svg(state_map(near_hoboken(5)).spec)
    shapes = re.findall(rf'<path[^>]* d="([^"]+)" fill="{LAND}"', svg)
    assert len(shapes) >= 3
    # A ring taken the wrong way round begins with the border of the whole globe.
    assert all(len(re.findall(r"[MLZ]", shape)) < 2000 for shape in shapes)
    corner = Window(-74.0, 40.7, 20000.0)
    ring = ((-75.0, 40.0), (-73.0, 40.0), (-73.0, 41.0), (-75.0, 41.0), (-75.0, 40.0))
    assert clockwise(ring) == list(reversed(ring))
    assert clockwise(tuple(reversed(ring))) == tuple(reversed(ring))
    assert corner.pixel(*corner.point(10.0, 20.0)) == pytest.approx((10.0, 20.0))


@pytest.mark.parametrize(
    ("latitude", "longitude", "state"),
    [(21.3, -157.86, "HI"), (61.2, -149.9, "AK"), (18.4, -66.1, "PR"), (51.88, -176.66, "AK")],
)
def test_far_states_have_their_map_too(latitude: float, longitude: float, state: str) -> None:
    document = near_hoboken(1)
    document["place"] |= {"latitude": latitude, "longitude": longitude, "state": state, "label": state}
    document["results"] = [at(latitude + 0.1, longitude + 0.1, state=state)]
    chart = state_map(document)
    assert state in states(chart.spec)
    assert f">{state}<" in render_svg(chart.spec) or state in chart.summary


def test_an_answer_without_places_still_shows_where_one_stands() -> None:
    chart = state_map(nothing_found())
    assert numbers(chart.spec) == []
    assert "without any place on it" in chart.summary
    assert chart.table == []
    assert render_png(chart.spec, 0.5).startswith(b"\x89PNG")


# Words and numbers


def test_the_summary_says_distance_and_direction_of_each_place() -> None:
    summary = state_map(near_hoboken(4)).summary
    assert "1 VA NY Harbor Healthcare System, New York, NY, 3.9 km east, veterans only" in summary
    assert "3 North Star Health Systems Inc, Bayonne, NJ, 11.6 km south-west" in summary
    assert "4 Care Plus NJ Inc, Paramus, NJ, 21.9 km north" in summary
    assert "Outlines of NJ, NY." in summary


def test_the_table_holds_what_the_map_shows() -> None:
    document = near_hoboken(4)
    table = state_map(document).table
    assert [row["number"] for row in table] == ["1", "2", "3", "4"]
    assert [row["latitude"] for row in table] == [row["latitude"] for row in document["results"]]
    assert [row["veterans_only"] for row in table] == ["yes", "no", "no", "no"]


def test_the_specification_is_json_and_the_document_is_left_alone() -> None:
    document = near_hoboken(4)
    before = json.dumps(document, sort_keys=True)
    chart = state_map(document)
    assert json.loads(json.dumps(chart.spec)) == chart.spec
    assert json.dumps(document, sort_keys=True) == before


def test_the_colours_that_a_page_may_exchange_are_those_in_the_drawing() -> None:
    svg = render_svg(state_map(near_hoboken(4)).spec)
    for colour in map_colours().values():
        assert f'"{colour}"' in svg


# Crowded places


def test_ten_places_at_one_address_can_all_be_read() -> None:
    document = near_hoboken(1)
    document["results"] = [at(40.75, -73.98) for _ in range(10)]
    spec = state_map(document).spec
    assert numbers(spec) == sorted(str(number) for number in range(1, 11))
    (leaders,) = [layer for layer in layers(spec, "rule") if "true_longitude" in layer["data"]["values"][0]]
    assert len(leaders["data"]["values"]) >= 9


@given(
    st.lists(st.tuples(st.floats(150, 290), st.floats(150, 290)), min_size=1, max_size=12),
    st.tuples(st.floats(150, 290), st.floats(150, 290)),
)
def test_no_number_covers_another_or_the_place(points: list[tuple[float, float]], fixed: tuple[float, float]) -> None:
    shown = apart(points, fixed)
    everything = [fixed, *shown]
    gaps = [math.dist(a, b) for i, a in enumerate(everything) for b in everything[:i]]
    assert min(gaps) >= 24.0
    assert apart(points, fixed) == shown


def test_points_with_room_stay_where_they_are() -> None:
    points = [(100.0, 100.0), (200.0, 300.0), (400.0, 50.0)]
    assert apart(points, (300.0, 300.0)) == points


def test_what_is_outside_is_cut_off() -> None:
    ring = [(-100.0, -100.0), (1000.0, -100.0), (1000.0, 1000.0), (-100.0, 1000.0)]
    assert set(cut(ring)) == {(0.0, 0.0), (WIDTH_PX, 0.0), (WIDTH_PX, HEIGHT_PX), (0.0, HEIGHT_PX)}
    assert cut([(-5.0, -5.0), (-1.0, -5.0), (-1.0, -1.0)]) == []


# Across the 180th meridian


GUAM = {"label": "96910, GU", "latitude": 13.44, "longitude": 144.78, "state": "GU"}
HONOLULU = at(21.31, -157.86, state="HI", city="Honolulu")


def test_guam_and_hawaii_are_neighbours_on_the_map() -> None:
    window = fitted_window(GUAM, [HONOLULU])
    (west, _), (east, _) = (window.pixel(row["longitude"], row["latitude"]) for row in (GUAM, HONOLULU))
    assert 0 < west < WIDTH_PX / 2 < east < WIDTH_PX
    assert math.isclose((east - west) / window.scale, math.radians(360 - 157.86 - 144.78))
    assert bearing(GUAM, HONOLULU) == "east"
    assert bearing(HONOLULU, GUAM) == "west"


def test_states_on_both_sides_of_the_180th_meridian_are_drawn() -> None:
    document = near_hoboken(1) | {"place": near_hoboken(1)["place"] | GUAM, "results": [HONOLULU]}
    spec = state_map(document).spec
    assert {"GU", "HI"} <= set(states(spec))
    assert "NJ" not in states(spec)
    assert "east" in state_map(document).summary


def test_hundreds_of_places_take_no_long_time() -> None:
    spots = [(20.0 * (number % 20), 20.0 * (number // 20)) for number in range(500)]
    start = time.perf_counter()
    assert len(apart([*spots], (200.0, 200.0))) == 500
    assert time.perf_counter() - start < 4
