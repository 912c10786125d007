"""Words to a point: ZIPs, towns and coordinates, and the line that each wrong one gives."""

from __future__ import annotations

import csv
import dataclasses
import json
import statistics
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketascope.care.places import Place, ZipPoint, distance_km, find_place, town_candidates, zip_point, zip_state
from ketascope.care.places.packaged import table_text
from ketascope.care.places.postal import postal_zips
from ketascope.care.places.states import split_state
from ketascope.care.places.towns import towns, towns_named
from ketascope.care.places.zip_points import census_points, nearest_known_zips
from ketascope.errors import InputError

WAYS = "write a ZIP ('07030'), a town ('Princeton, NJ') or coordinates ('40.7,-74.0')"
DECIMAL = "write coordinates as two numbers in decimal degrees, latitude first and west negative, as in '40.7,-74.0'"
HERE_ONLY = "only places in the United States can be searched from"
SPELLING = "check the spelling, write the state as in 'Princeton, NJ', or the ZIP"
PRINCETONS = "Princeton, NJ; Princeton, FL; Princeton, WV; Princeton, AL; Princeton, CA"
WITHOUT_AREA = {
    "06030": ("CT", "UNIQUE"),
    "06504": ("CT", "PO BOX"),
    "07938": ("NJ", "PO BOX"),
    "08855": ("NJ", "PO BOX"),
    "16544": ("PA", "UNIQUE"),
    "18711": ("PA", "STANDARD"),
    "19110": ("PA", "STANDARD"),
    "19718": ("DE", "UNIQUE"),
    "68198": ("NE", "UNIQUE"),
}


# --- points of ZIPs


@pytest.mark.parametrize(
    ("zip5", "latitude", "longitude"),
    [
        ("07030", 40.745251, -74.027926),
        ("08540", 40.364728, -74.656314),
        ("07102", 40.735659, -74.173605),
        ("08002", 39.934605, -75.025389),
        ("07750", 40.335895, -73.985608),
    ],
)
def test_golden_points_come_from_the_census(zip5, latitude, longitude):
    assert zip_point(zip5) == zip_point(zip5, "NJ") == ZipPoint(latitude, longitude, "census")


def test_the_census_table_is_whole_and_keeps_leading_zeros():
    assert len(census_points()) == 33_791
    assert all(len(zip5) == 5 and zip5.isdigit() for zip5 in census_points())
    assert table_text("zcta_points_2023.csv").splitlines()[:2] == [
        "zip,latitude,longitude",
        "00601,18.180555,-66.749961",
    ]


def test_every_zip_of_the_directory_has_a_point_in_its_state():
    rows = list(csv.DictReader(table_text("samhsa_directory_2022.csv").splitlines()))
    points = {row["zip"]: zip_point(row["zip"], row["state"]) for row in rows}
    tables = [point.located_by for point in points.values() if point is not None]

    assert (tables.count("census"), tables.count("zipcodes"), len(points)) == (852, 9, 861)
    assert {zip5 for zip5, point in points.items() if point and point.located_by == "zipcodes"} == set(WITHOUT_AREA)


@pytest.mark.parametrize("zip5", WITHOUT_AREA)
def test_zips_without_an_area_are_placed_by_the_list_of_the_post(zip5):
    state, _ = WITHOUT_AREA[zip5]
    place = find_place(zip5)

    assert place.label == f"{zip5}, {state}"
    assert place.note == "the Census has no area for this ZIP; point of the post's list, good to 1-3 km"


def test_a_point_far_from_the_state_given_is_no_point():
    assert zip_point("10010", "NJ") is not None, "Manhattan lies within the margin of New Jersey"
    assert zip_point("07030", "CA") is None
    assert zip_point("16544", "CA") is None
    assert zip_point("07030", "AE") is None


@pytest.mark.parametrize(
    "zip5", ["", "7030", "070300", "0703O", "\u0660\u0667\u0660\u0663\u0660", "07000", "88888", "09012"]
)
def test_what_is_no_zip_or_has_no_place_has_no_point(zip5):
    assert zip_point(zip5) is None


def test_the_two_tables_agree_in_new_jersey_to_about_half_a_kilometre():
    apart = [
        distance_km(entry.latitude, entry.longitude, *census_points()[entry.zip5])
        for entry in postal_zips("NJ")
        if entry.zip5 in census_points()
    ]

    assert len(apart) == 598
    assert statistics.median(apart) == pytest.approx(0.60, abs=0.01)
    assert statistics.quantiles(apart, n=20)[-1] == pytest.approx(3.4, abs=0.1)
    assert max(apart) == pytest.approx(11.0, abs=0.05)


def test_a_zip_of_the_census_is_found_without_opening_the_list_of_the_post():
    code = (
        "import sys; from ketascope.care.places import find_place; find_place('07030'); find_place('40.7,-74.0');"
        "print(sorted({'zipcodes', 'polars', 'duckdb', 'httpx', 'jax'} & set(sys.modules)))"
    )

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert shown.strip() == "[]"


def test_the_nearest_known_zips_are_by_number_and_have_points():
    assert nearest_known_zips("07000") == ["07001", "07002", "07003"]
    assert nearest_known_zips("00000") == ["00501", "00544", "00601"]
    # Between the posts of the armed forces, the nearest that stand on the map are hundreds away.
    assert all(zip_point(zip5) is not None for zip5 in nearest_known_zips("09500"))


# --- places that are found


@pytest.mark.parametrize("text", ["07030", " 07030 ", "07030-1234", "070301234", "Hoboken, NJ 07030", "NJ 07030"])
def test_a_zip_is_found_however_it_is_written(text):
    place = find_place(text)

    assert (place.label, place.state, place.found_by) == ("07030, NJ", "NJ", "ZIP")
    assert (place.latitude, place.longitude) == (40.745251, -74.027926)
    assert place.note.endswith("middle of the ZIP area (Census 2023)")


def test_an_address_is_placed_by_its_zip_and_says_so():
    assert find_place("12 Main St, Hoboken, NJ 07030").note.startswith("placed by its ZIP: ")


def test_a_zip_no_longer_in_use_is_placed_with_a_note():
    retired = next(
        entry
        for entry in postal_zips()
        if not entry.active and entry.zip5 not in census_points() and zip_point(entry.zip5)
    )

    assert find_place(retired.zip5).note.startswith("this ZIP is no longer in use; ")


@pytest.mark.parametrize(
    "text",
    [
        "Princeton, NJ",
        "Princeton NJ",
        "princeton,nj",
        "PRINCETON, New Jersey",
        "Princeton New Jersey",
        "Princeton, N.J.",
        "Princeton, NJ, USA",
        "Princeton NJ USA",
    ],
)
def test_princeton_is_halfway_between_its_two_standard_zips(text):
    place = find_place(text)

    assert (place.label, place.state, place.found_by) == ("Princeton, NJ", "NJ", "town")
    one, two = census_points()["08540"], census_points()["08542"]
    assert place.latitude == pytest.approx((one[0] + two[0]) / 2, abs=1e-6)
    assert place.longitude == pytest.approx((one[1] + two[1]) / 2, abs=1e-6)
    assert place.note == (
        "halfway between its two standard ZIPs, 08540 and 08542; each is 1 km away; a ZIP of your own is more exact"
    )


def test_a_large_town_is_at_its_middle_zip_whatever_far_ones_it_has():
    anchorage = find_place("Anchorage, AK")

    assert distance_km(anchorage.latitude, anchorage.longitude, 61.2, -149.9) < 10
    assert anchorage.note.startswith("point of 99599, the middle one of its 14 standard ZIPs; the furthest is 4")


def test_a_town_with_boxes_only_is_placed_by_them():
    place = find_place("Liberty Corner, NJ")

    assert place.note == "point of its box or single-firm ZIP, 07938; a ZIP of your own is more exact"
    assert distance_km(place.latitude, place.longitude, 40.66, -74.58) < 3


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("St. Paul, MN", "Saint Paul, MN"),
        ("Mt Laurel NJ", "Mount Laurel, NJ"),
        ("Ft. Lee, NJ", "Fort Lee, NJ"),
        ("N. Bergen, NJ", "North Bergen, NJ"),
        ("Monmouth Bch NJ", "Monmouth Beach, NJ"),
        ("O'Fallon, MO", "O Fallon, MO"),
        ("Winston-Salem, NC", "Winston Salem, NC"),
        ("Mayag\u00fcez PR", "Mayaguez, PR"),
        ("Douglaston, NY", "Douglaston, NY"),
        ("Washington, D.C.", "Washington, DC"),
        ("New York", "New York, NY"),
        ("Charleston West Virginia", "Charleston, WV"),
        ("Weehawken", "Weehawken, NJ"),
        ("Hagatna, GU", "Hagatna, GU"),
    ],
)
def test_towns_are_found_however_they_are_written(text, label):
    assert find_place(text).label == label


def test_names_that_the_post_accepts_count_as_towns():
    (douglaston,) = towns_named("douglaston", "NY")

    assert {entry.city for entry in douglaston.zips} == {"Little Neck"}


def test_no_town_is_named_like_another_followed_by_its_state():
    """So that "Princeton New Jersey" can be split without asking what was meant."""
    doubtful = [
        town.label
        for by_state in towns().values()
        for town in by_state.values()
        for name, state in [split_state(town.name)]
        if state and towns_named(name, state)
    ]

    assert doubtful == []


@pytest.mark.parametrize(
    "text", ["40.7,-74.0", "40.7, -74.0", "40.7 -74.0", "(40.7, -74)", "40.7;-74.0", "40.7,\u221274.0"]
)
def test_coordinates_are_read_however_they_are_separated(text):
    assert find_place(text) == Place("40.7, -74.0", 40.7, -74.0, "NY", "coordinates", "the point as written")


@pytest.mark.parametrize(("text", "state"), [("52.88,173.2", "AK"), ("13.45,144.75", "GU"), ("-14.3,-170.7", "AS")])
def test_coordinates_beyond_the_180th_meridian_and_the_equator_count(text, state):
    assert find_place(text).state == state


@pytest.mark.parametrize("text", ["07030", "Princeton, NJ", "40.7,-74.0"])
def test_a_place_goes_through_json_unchanged(text):
    place = find_place(text)

    assert Place(**json.loads(json.dumps(dataclasses.asdict(place)))) == place


# --- places that are not

BAD = {
    "": f"the place is empty; {WAYS}",
    " , ": f"the place is empty; {WAYS}",
    "!!!": f"place '!!!': neither a ZIP nor a town; {WAYS}",
    "07O30": f"place '07O30': neither a ZIP nor a town; {WAYS}",
    "12 Main St, Hoboken, NJ": f"place '12 Main St, Hoboken, NJ': neither a ZIP nor a town; {WAYS}",
    "x" * 200: f"place 'xxxxxxxxxxxxxxxxxxxx...': 200 characters are too many; {WAYS}",
    # ZIPs.
    "7030": "place '7030': a ZIP has 5 digits; did you mean 07030, with the zero in front?",
    "501": "place '501': a ZIP has 5 digits; did you mean 00501, with the zero in front?",
    "70301234": "place '70301234': a ZIP has 5 digits; did you mean 07030, with the zero in front?",
    "0000": "place '0000': a ZIP has 5 digits, as in '07030'",
    "123456": "place '123456': a ZIP has 5 digits, as in '07030'",
    "07000": (
        "place '07000': no such ZIP is known; the nearest numbers are 07001, 07002, 07003; or write the town, "
        "as in 'Princeton, NJ'"
    ),
    "09012": (
        "place '09012': a post office of the armed forces (AE), which has no place on the map; write a ZIP or town"
    ),
    "09981": "place '09981': no usable point is known for this ZIP (Dpo, NJ); write a ZIP or town near it",
    "88888": "place '88888': no usable point is known for this ZIP (North Pole, DC); write a ZIP or town near it",
    "96940": "place '96940': no usable point is known for this ZIP (Koror, PW); write a ZIP or town near it",
    "Princeton, NJ 10010": "place 'Princeton, NJ 10010': ZIP 10010 is in NY, not in NJ; write one of the two",
    # Towns.
    "Princton, NJ": (
        "place 'Princton, NJ': no such town is known in New Jersey; did you mean Princeton, NJ? A ZIP works too"
    ),
    "Princton NJ": (
        "place 'Princton NJ': no such town is known in New Jersey; did you mean Princeton, NJ? A ZIP works too"
    ),
    "Princton": f"place 'Princton': no such town is known; did you mean {PRINCETONS}? A ZIP works too",
    "Hobken": (
        "place 'Hobken': no such town is known; did you mean Hoboken, GA; Hoboken, NJ; Hobucken, NC? A ZIP works too"
    ),
    "Hoboken, NY": (
        "place 'Hoboken, NY': no such town is known in New York; did you mean Hoboken, GA; Hoboken, NJ? A ZIP works too"
    ),
    "Hoboken": (
        "place 'Hoboken': 2 states have a town of that name; write the state, as one of Hoboken, GA; Hoboken, NJ"
    ),
    "Kansas City": (
        "place 'Kansas City': 2 states have a town of that name; write the state, "
        "as one of Kansas City, MO; Kansas City, KS"
    ),
    "Princeton": (
        f"place 'Princeton': 21 states have a town of that name; write the state, as one of {PRINCETONS}; "
        "Princeton, IA; and 15 more"
    ),
    "Cherry Hill Township, NJ": (
        "place 'Cherry Hill Township, NJ': no such town is known in New Jersey; did you mean Cherry Hill, NJ? "
        "A ZIP works too"
    ),
    "Zzyzxq": f"place 'Zzyzxq': no such town is known; {SPELLING}",
    "\u6771\u4eac": f"place '\u6771\u4eac': no such town is known; {SPELLING}",
    "Manhattan, New York, NY": (
        "place 'Manhattan, New York, NY': write only the town and the state, as in 'Princeton, NJ', or the ZIP"
    ),
    # States.
    "Princeton, New Jersy": "place 'Princeton, New Jersy': 'New Jersy' is not a state; did you mean Princeton, NJ?",
    "Hoboken, NX": "place 'Hoboken, NX': 'NX' is not a state; did you mean Hoboken, GA; Hoboken, NJ?",
    "Zzyzxq, QQ": ("place 'Zzyzxq, QQ': 'QQ' is not a state; write its two letters or its name, as in 'Princeton, NJ'"),
    "NJ": "place 'NJ': New Jersey is too wide to search from; write a ZIP, or a town, as in 'Princeton, NJ'",
    "Nevada": (
        "place 'Nevada': Nevada is too wide to search from; write a ZIP, or a town, as one of Nevada, IA; Nevada, MO; "
        "Nevada, OH; Nevada, TX"
    ),
    "USA": "place 'USA': a country is too wide to search from; write a ZIP, or a town as in 'Princeton, NJ'",
    "Apo, AE": (
        "place 'Apo, AE': AE stands for post offices of the armed forces, which have no place on the map; "
        "write a ZIP or town"
    ),
    "Koror, PW": "place 'Koror, PW': no places in Palau are known; write a ZIP or town elsewhere",
    # Abroad.
    "K1A 0B6": "place 'K1A 0B6': a Canadian postcode; only places in the United States can be searched from",
    "SW1A 1AA": "place 'SW1A 1AA': a British postcode; only places in the United States can be searched from",
    "France": f"place 'France': {HERE_ONLY}",
    "Paris, France": f"place 'Paris, France': 'France' is outside the United States; {HERE_ONLY}",
    "London, U.K.": f"place 'London, U.K.': 'U.K.' is outside the United States; {HERE_ONLY}",
    "Toronto, ON": f"place 'Toronto, ON': 'ON' is outside the United States; {HERE_ONLY}",
    "Toronto Canada": f"place 'Toronto Canada': {HERE_ONLY}",
    # Coordinates.
    "-74,40.7": "place '-74,40.7': not in the United States; latitude comes first: did you mean 40.7,-74.0?",
    "-122.42,37.77": (
        "place '-122.42,37.77': not in the United States; latitude comes first: did you mean 37.77,-122.42?"
    ),
    "40.7,74": (
        "place '40.7,74': not in the United States; a longitude west of Greenwich is negative: did you mean 40.7,-74.0?"
    ),
    "74,40.7": (
        "place '74,40.7': not in the United States; latitude comes first and a longitude west of Greenwich is "
        "negative: did you mean 40.7,-74.0?"
    ),
    "51.5,-0.1": f"place '51.5,-0.1': not in the United States; {HERE_ONLY}",
    "0,0": f"place '0,0': not in the United States; {HERE_ONLY}",
    "99,200": "place '99,200': latitude 99 is not between -90 and 90 degrees; write as in '40.7,-74.0'",
    "40,500": "place '40,500': longitude 500 is not between -180 and 180 degrees; write as in '40.7,-74.0'",
    "nan,-74": "place 'nan,-74': coordinates must be finite numbers, as in '40.7,-74.0'",
    "40.7,inf": "place '40.7,inf': coordinates must be finite numbers, as in '40.7,-74.0'",
    "40.7": f"place '40.7': {DECIMAL}",
    "40,7,-74,0": f"place '40,7,-74,0': {DECIMAL}",
    "40.7N, 74.0W": f"place '40.7N, 74.0W': {DECIMAL}",
    "40\u00b042'N 74\u00b0W": f"place '40\u00b042'N 74\u00b0W': {DECIMAL}",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:30] or "empty")
def test_a_wrong_place_gives_its_one_line(text):
    with pytest.raises(InputError) as caught:
        find_place(text)

    assert str(caught.value) == BAD[text]
    assert "\n" not in str(caught.value)


@settings(max_examples=30)
@given(st.text(max_size=30) | st.from_regex(r"[A-Z][a-z]{1,8}[ ,]{1,2}([A-Z]{2}|[0-9.-]{3,8})", fullmatch=True))
def test_any_text_is_a_place_or_one_line(text):
    line, place = "", None
    try:
        place = find_place(text)
    except InputError as error:
        line = str(error)

    assert len(line.splitlines()) == (place is None)
    assert place is None or (-90 <= place.latitude <= 90 and -180 <= place.longitude <= 180 and place.note)


def test_candidates_stay_in_the_state_that_is_given():
    assert town_candidates("Princton", "NJ") == ["Princeton, NJ"]
    assert town_candidates("Princton")[0] == "Princeton, NJ"
    assert town_candidates("Prt Washington")[0] == "Port Washington, NY"
    assert all(label.endswith(", PA") for label in town_candidates("Washingtn", "PA"))
    assert len(town_candidates("Princton", count=2)) == 2


def test_a_town_is_listed_with_the_state_of_its_zips():
    for by_state in towns("DE").values():
        for state, town in by_state.items():
            assert state == "DE"
            assert {zip_state(entry.zip5) for entry in town.zips} == {"DE"}


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Hobken", "Hoboken, GA"),
        ("Hoboken", "Hoboken, GA"),
        ("Hoboken, NW", "Hoboken, GA"),
        ("Princton NJ", "Princeton, NJ"),
        ("7030", "07030"),
    ],
)
def test_an_error_carries_what_could_be_meant_as_values(text, first):
    with pytest.raises(InputError) as caught:
        find_place(text)
    assert caught.value.candidates[0] == first
    assert all(candidate in str(caught.value) for candidate in caught.value.candidates)
    assert find_place(caught.value.candidates[0])
