"""Distances on the sphere, outlines of the states, and what makes a point implausible."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketascope.care.places import (
    EARTH_RADIUS_KM,
    STATES,
    distance_km,
    distance_to_state_km,
    near_state,
    outlines,
    plausible_margin_km,
    state_code,
    states,
    states_within,
    zip_point,
    zip_state,
)
from ketascope.care.places.packaged import settings, table_text
from ketascope.care.places.postal import postal_zips
from ketascope.care.places.states import near_states, split_state
from ketascope.care.places.zip_points import census_points
from ketascope.errors import InputError

HALF_ROUND_KM = math.pi * EARTH_RADIUS_KM
LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)
POINTS = st.tuples(LATITUDES, LONGITUDES)


# --- distance


@pytest.mark.parametrize(
    ("home", "site", "km"),
    [
        ("07030", "10010", 3.9),
        ("07030", "10029", 8.6),
        ("08540", "07002", 56.8),
        ("08540", "19104", 64.5),
        ("07102", "07002", 9.7),
        ("07102", "10010", 16.1),
        ("08002", "19104", 15.0),
        ("08002", "07002", 112.1),
        ("07750", "07002", 37.8),
        ("07750", "10010", 44.8),
    ],
)
def test_golden_distances_between_zips(home, site, km):
    from_, to = census_points()[home], census_points()[site]

    assert distance_km(*from_, *to) == pytest.approx(km, abs=0.05)


@given(POINTS, POINTS)
def test_distance_is_symmetric_and_at_most_half_round_the_earth(one, two):
    there = distance_km(*one, *two)

    assert 0 <= there <= HALF_ROUND_KM * (1 + 1e-12)
    assert there == pytest.approx(distance_km(*two, *one), rel=1e-9, abs=1e-9)


@given(POINTS, POINTS, POINTS)
def test_no_detour_is_shorter_than_the_way(one, two, three):
    # Rounding of nearly opposite points costs about a metre.
    assert distance_km(*one, *three) <= distance_km(*one, *two) + distance_km(*two, *three) + 1e-3


@given(POINTS)
def test_distance_to_itself_is_zero_and_to_the_opposite_point_half_round(point):
    latitude, longitude = point

    assert distance_km(*point, *point) == 0
    assert distance_km(*point, -latitude, longitude + 180) == pytest.approx(HALF_ROUND_KM, rel=1e-6)


def test_a_degree_along_the_equator_is_a_360th_of_the_way_round():
    assert distance_km(0.0, 179.5, 0.0, -179.5) == pytest.approx(2 * HALF_ROUND_KM / 360)
    assert distance_km(89.0, 0.0, 90.0, 123.0) == pytest.approx(2 * HALF_ROUND_KM / 360)


@given(POINTS, st.lists(POINTS, min_size=1, max_size=5))
def test_arrays_and_numbers_agree(one, others):
    latitudes, longitudes = np.array(others).T

    many = distance_km(*one, latitudes, longitudes)

    assert isinstance(many, np.ndarray)
    assert isinstance(distance_km(*one, *others[0]), float)
    np.testing.assert_allclose(many, [distance_km(*one, *other) for other in others], rtol=1e-7, atol=1e-6)


# --- states


def test_states_are_the_fifty_the_district_the_territories_and_the_codes_of_the_post():
    kinds = [state.kind for state in states().values()]

    assert {kind: kinds.count(kind) for kind in kinds} == {
        "state": 50,
        "district": 1,
        "territory": 5,
        "associated": 3,
        "military": 3,
    }
    assert len({state.fips for state in states().values() if state.fips}) == 59
    assert STATES["NJ"] == "New Jersey"


@pytest.mark.parametrize("written", ["NJ", "nj", "N.J.", " n j ", "New Jersey", "NEW  JERSEY", "newjersey"])
def test_a_state_is_known_however_it_is_written(written):
    assert state_code(written) == "NJ"


def test_other_words_are_no_state_and_a_misspelt_one_has_near_ones():
    assert state_code("NX") == state_code("") == state_code("Jersey") == ""
    assert near_states("New Jersy") == ["NJ"]
    assert state_code("Virgin Islands") == state_code("U.S. Virgin Islands") == "VI"


def test_the_longest_state_at_the_end_of_words_is_split_off():
    assert split_state("Charleston West Virginia") == ("Charleston", "WV")
    assert split_state("Washington, D.C.") == ("Washington", "DC")
    assert split_state("Princeton") == ("Princeton", "")


def test_zip_runs_give_every_zip_of_the_post_its_state():
    assert [entry.zip5 for entry in postal_zips() if zip_state(entry.zip5) != entry.state] == []
    assert zip_state("00000") == zip_state("99999") == ""


# --- outlines


def test_every_state_district_and_territory_has_closed_rings():
    with_outline = {code for code, state in states().items() if state.kind in ("state", "district", "territory")}

    assert set(outlines()) == with_outline
    for code, rings in outlines().items():
        for ring in rings:
            assert ring[0] == ring[-1], code
            assert len(ring) >= 4, code
            longitudes = [longitude for longitude, _ in ring]
            # No edge of a ring jumps across the map, which is how a ring over the 180th meridian would show.
            assert max(abs(b - a) for a, b in zip(longitudes, longitudes[1:], strict=False)) < 15, code


def test_the_file_of_outlines_is_small_sourced_and_one_line_a_state():
    text = table_text("state_outlines.json")

    assert len(text) < 200_000
    assert "Census" in text.splitlines()[1]
    assert sum(line.startswith('"') and "[[[" in line for line in text.splitlines()) == 56


# Published total areas in square kilometres, of states without a coast; an outline that lost or swapped a ring is off.
@pytest.mark.parametrize(("code", "area_km2"), [("CO", 269_601), ("KS", 213_100), ("WY", 253_335), ("TN", 109_153)])
def test_areas_of_outlines_are_those_of_the_states(code, area_km2):
    rings = outlines()[code]
    area = 0.0
    for ring in rings:
        for (x1, y1), (x2, y2) in zip(ring, ring[1:], strict=False):
            area += math.radians(x2 - x1) * (2 + math.sin(math.radians(y1)) + math.sin(math.radians(y2)))
    area = abs(area) * EARTH_RADIUS_KM**2 / 2

    assert area == pytest.approx(area_km2, rel=0.03)


def test_neighbours_share_their_border():
    new_jersey = {point for ring in outlines()["NJ"] for point in ring}
    pennsylvania = {point for ring in outlines()["PA"] for point in ring}

    assert len(new_jersey & pennsylvania) > 10


@pytest.mark.parametrize(
    ("latitude", "longitude", "state"),
    [
        (40.36, -74.66, "NJ"),
        (61.2, -149.9, "AK"),
        (52.88, 173.2, "AK"),
        (21.3, -157.8, "HI"),
        (18.4, -66.1, "PR"),
        (13.45, 144.75, "GU"),
        (38.9, -77.03, "DC"),
        (48.99, -104.5, "MT"),
    ],
)
def test_points_inside_are_at_no_distance(latitude, longitude, state):
    assert distance_to_state_km(latitude, longitude, state) == 0
    assert states_within(latitude, longitude, 0) == [state]
    assert near_state(latitude, longitude, state, 0)


def test_a_point_on_the_longitude_of_a_corner_stays_inside():
    # Corners have three decimals; so do many points of towns.
    for longitude, _ in outlines()["TX"][0]:
        if -99.5 < longitude < -97.5:
            assert distance_to_state_km(31.5, longitude, "TX") == 0


def test_distance_to_a_state_is_that_to_its_nearest_border():
    # Wyoming's southern border is the 41st parallel, Colorado lies below it.
    assert distance_to_state_km(40.5, -107.0, "WY") == pytest.approx(distance_km(40.5, -107.0, 41.0, -107.0), abs=1.0)
    # Across the 180th meridian the way to the western Aleutians is short.
    assert distance_to_state_km(52.0, -179.9, "AK") < 60


@given(st.floats(30, 45), st.floats(-110, -75), st.sampled_from(["NJ", "CO", "TX", "MI"]))
def test_no_corner_of_a_state_is_nearer_than_its_distance(latitude, longitude, state):
    corners = np.array([corner for ring in outlines()[state] for corner in ring])
    nearest_corner = float(distance_km(latitude, longitude, corners[:, 1], corners[:, 0]).min())

    assert distance_to_state_km(latitude, longitude, state) <= nearest_corner + 1e-6


def test_a_circle_round_hoboken_touches_the_neighbours_nearest_first():
    assert states_within(40.745251, -74.027926, 50) == ["NJ", "NY", "CT"]
    assert states_within(40.745251, -74.027926, 120)[:4] == ["NJ", "NY", "CT", "PA"]
    assert states_within(0.0, 0.0, 1000) == []


def test_a_state_without_outline_is_named():
    with pytest.raises(InputError, match=r"^state 'ZZ': no outline is packaged for it; outlines: AK, AL, AR"):
        distance_to_state_km(40.0, -74.0, "ZZ")


# --- plausibility


def test_the_margin_has_a_reason():
    assert plausible_margin_km() == 30
    assert "25.6 km" in settings()["plausible"]["reason"]


def test_every_census_point_is_near_the_state_of_its_post_office():
    away = {
        zip5: distance
        for zip5, point in census_points().items()
        if (distance := distance_to_state_km(*point, zip_state(zip5))) > 0
    }

    assert len(away) < 150
    assert {zip5 for zip5, distance in away.items() if distance > 10} == {"82063", "79837", "03905", "04852"}
    assert max(away.values()) == pytest.approx(25.6, abs=0.1)
    assert max(away.values()) < plausible_margin_km()


def test_the_rule_rejects_what_the_list_of_the_post_has_at_zero_degrees_and_nothing_else():
    listed = [entry for entry in postal_zips() if entry.state in outlines()]
    rejected = [
        entry for entry in listed if not near_state(entry.latitude, entry.longitude, entry.state, plausible_margin_km())
    ]

    assert len(listed) == 41_958
    assert len(rejected) == 46
    assert not any(entry.has_coordinates for entry in rejected)
    # The gross error of the list among ZIPs that the Census knows as well: Inarajan, Guam.
    (gross,) = (entry for entry in rejected if entry.zip5 in census_points())
    assert (gross.zip5, gross.state) == ("96917", "GU")
    assert distance_km(gross.latitude, gross.longitude, *census_points()["96917"]) == pytest.approx(15_860, abs=1)
    assert {zip_point(entry.zip5) for entry in rejected if entry is not gross} == {None}
    assert zip_point("96917") is not None
