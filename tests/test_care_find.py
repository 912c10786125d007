"""`find`: nearest first across state lines, filters, and what is said where the data cannot tell."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care_files import BAYONNE, HOBOKEN, directory_file, locator_file, whole_directory
from ketascope.care.coverage import coverage
from ketascope.care.finding import find
from ketascope.care.places.great_circle import distance_km
from ketascope.care.places.outlines import distance_to_state_km
from ketascope.care.radius import read_radius
from ketascope.care.store import search
from ketascope.care.store.building import build_store
from ketascope.care.store.current import answering_store
from ketascope.care.store.reading import opened
from ketascope.errors import InputError
from ketascope.report.care_words import infusion_words

# Great-circle distances between Census points, R = 6371.0088 km: the nearest two sites that list infusion.
GOLDEN = [
    ("07030", "VA NY Harbor", "NY", 3.9, "Mount Sinai", "NY", 8.6),
    ("08540", "North Star", "NJ", 56.8, "Philadelphia VAMC", "PA", 64.5),
    ("07102", "North Star", "NJ", 9.7, "VA NY Harbor", "NY", 16.1),
    ("08002", "Philadelphia VAMC", "PA", 15.0, "North Star", "NJ", 112.1),
    ("07750", "North Star", "NJ", 37.8, "VA NY Harbor", "NY", 44.8),
]


RIGHT = "write a distance with its unit, such as 50mi or 80km"


def within_tolerance(found_km: float, golden_km: float) -> bool:
    """0.2 km or 0.5%, whichever is more."""
    return abs(found_km - golden_km) <= max(0.2, 0.005 * golden_km)


@pytest.fixture(scope="module")
def two_sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("places")
    twin = BAYONNE | {"latitude": "40.6687", "longitude": "-74.1143", "phone": "", "service_code_info": "MH * TMS"}
    files = [directory_file(folder, BAYONNE, HOBOKEN), locator_file(folder, twin)]
    return build_store(files, store=folder / "places.duckdb", with_packaged=False).store


class TestGoldenDistances:
    @pytest.mark.parametrize(("zip_code", "first", "first_state", "km", "second", "second_state", "second_km"), GOLDEN)
    def test_nearest_two_infusion_sites(self, zip_code, first, first_state, km, second, second_state, second_km):
        document = find(zip_code, offers=["ketamine-infusion"], limit=2)
        one, two = document["results"]
        assert one["name"].startswith(first)
        assert two["name"].startswith(second)
        assert within_tolerance(one["distance_km"], km)
        assert within_tolerance(two["distance_km"], second_km)
        assert [row["state"] for row in (one, two)] == [first_state, second_state]
        assert [row["out_of_state"] for row in (one, two)] == [state != "NJ" for state in (first_state, second_state)]
        for row in (one, two):
            assert row["veterans_only"] == ("VA" in row["name"])
            assert row["ketamine_infusion"] == "listed"

    def test_infusion_is_complete_in_every_state_and_the_answer_says_what_directories_leave_out(self):
        coverage = find("90210", offers=["ketamine-infusion"], limit=3)["coverage"]
        assert coverage["answer"] == "complete"
        assert "private ketamine clinics" in coverage["words"]


class TestWhatCannotBeTold:
    def test_another_service_in_a_state_outside_the_packaged_five(self):
        coverage = find("90210", offers=["tms"])["coverage"]
        assert coverage["answer"] == "cannot tell"
        assert "CA" in coverage["unlisted_states"]

    def test_one_service_that_is_held_everywhere_does_not_vouch_for_another(self):
        assert find("90210", offers=["ketamine-infusion"])["coverage"]["answer"] == "complete"
        assert find("90210", offers=["ketamine-infusion", "tms"])["coverage"]["answer"] == "cannot tell"

    def test_a_circle_that_reaches_an_unlisted_state_is_partial_and_names_it(self):
        coverage = find("08002", offers=["tms"], within="60mi")["coverage"]
        assert coverage["answer"] == "partial"
        assert coverage["unlisted_states"] == ["MD"]
        assert "NJ" in coverage["words"]

    def test_a_replaced_edition_has_no_part_in_the_answer(self, tmp_path):
        store = build_store([whole_directory(tmp_path)], store=tmp_path / "places.duckdb").store
        document = find("10001", offers=["ketamine-infusion"], store=store)
        assert document["results"] == []
        assert [source["edition"] for source in document["store"]["sources"]] == ["2025"]

    def test_a_cut_of_a_newer_directory_takes_nothing_away_and_an_older_one_adds_nothing(self, tmp_path):
        files = [directory_file(tmp_path, HOBOKEN), directory_file(tmp_path, BAYONNE, year=2020)]
        store = build_store(files, store=tmp_path / "places.duckdb").store
        document = find("10001", offers=["ketamine-infusion"], limit=1, store=store)
        assert document["results"][0]["name"].startswith("VA NY Harbor")
        # The packaged one holds New Jersey whole, and is newer than the user's file of 2020.
        assert [source["edition"] for source in document["store"]["sources"]] == ["2022", "2024"]

    def test_what_is_held_of_an_unlisted_state_is_said_as_it_is(self, tmp_path):
        assert "only places that list ketamine infusion, or nothing, of" in find("90210")["coverage"]["words"]
        here = {"latitude": "40.74", "longitude": "-74.03"}
        store = build_store([locator_file(tmp_path, HOBOKEN | here)], store=tmp_path / "places.duckdb").store
        assert "only some places, or nothing, of" in find("90210", store=store)["coverage"]["words"]

    def test_a_border_that_the_circle_misses_by_less_than_the_outlines_are_off_counts(self):
        # Greenwich lies 2.6 km from the packaged border of New York.
        gap_km = distance_to_state_km(41.0, -73.6, "NY")
        asked = {"state": "CT", "latitude": 41.0, "longitude": -73.6, "offered_codes": [], "unlisted": []}
        sources = [{"complete_states": ["CT"], "complete_services": []}]
        answers = [coverage(sources, radius_km=gap_km - less, **asked)["answer"] for less in (0.5, 2.5)]
        assert gap_km > 2.5
        assert answers == ["partial", "complete"]

    def test_a_circle_inside_the_five_states_is_complete(self):
        assert find("07030", offers=["tms"], within="20mi")["coverage"]["answer"] == "complete"

    def test_no_source_lists_esketamine(self):
        document = find("07030", offers=["esketamine"])
        assert document["results"] == []
        assert document["coverage"]["answer"] == "cannot tell"
        assert any("certif" in check["what"].lower() for check in document["checks"])

    def test_certification_and_licence_are_unknown_on_every_row(self):
        for row in find("07030", limit=50)["results"]:
            assert (row["esketamine_certified"], row["licensed"]) == ("unknown", "unknown")
            assert row["npi_active"] == "unknown"

    def test_a_place_without_the_code_is_not_listed_and_never_no(self):
        words = {row["ketamine_infusion"] for row in find("07030", limit=100)["results"]}
        assert words == {"listed", "not listed"}


class TestFilters:
    def codes(self, row):
        return {service["code"] for service in row["services"]}

    def test_words_of_one_group_are_alternatives(self):
        rows = find("07102", offers=["tms", "ect"], limit=20)["results"]
        assert all(self.codes(row) & {"TMS", "ECT"} for row in rows)
        assert {"TMS", "ECT"} <= set().union(*map(self.codes, rows))

    def test_groups_must_all_be_met(self):
        rows = find("07102", offers=["emdr"], payment=["medicaid"], age_group=["seniors"], telehealth=True)["results"]
        assert len(rows) == 10
        assert all({"EMDR", "MD", "SNR", "TELE"} <= self.codes(row) for row in rows)

    def test_a_text_alone_is_one_entry(self):
        one = find("07102", offers="tms,ect", payment="medicaid", limit=20)
        assert one["results"] == find("07102", offers=["tms", "ect"], payment=["medicaid"], limit=20)["results"]

    def test_a_comma_separates_alternatives_as_a_second_option_does(self):
        two = find("07102", offers=["tms", "ect"], limit=20)["results"]
        assert find("07102", offers=["tms,ect"], limit=20)["results"] == two

    def test_within_keeps_what_is_nearer_and_counts_all_of_it(self):
        everything = find("07030", offers=["cbt"], limit=500)["results"]
        document = find("07030", offers=["cbt"], within="10km", limit=5)
        nearer = [row for row in everything if row["distance_km"] <= 10]
        assert document["results"] == nearer[:5]
        assert document["counts"]["matching"] == len(nearer)
        assert document["counts"]["shown"] == 5

    def test_nothing_near_is_an_empty_answer_with_somewhere_to_ask(self):
        document = find("99723", offers=["ketamine-infusion"], within="50mi")
        assert document["results"] == []
        assert document["checks"]
        assert document["coverage"]["answer"] == "complete"

    def test_the_nearest_is_found_however_far(self):
        rows = find("99723", offers=["ketamine-infusion"], limit=1)["results"]
        assert rows[0]["distance_km"] > 1000


class TestSources:
    def test_a_site_in_two_sources_is_one_result_with_both(self, two_sources):
        document = find("07002", store=two_sources)
        first = document["results"][0]
        assert len(document["results"]) == 2
        assert first["source"] == "findtreatment"
        assert [other["source"] for other in first["other_sources"]] == ["samhsa-directory"]
        assert first["other_sources"][0]["ketamine_infusion"] == "listed"
        assert first["phone"] == BAYONNE["phone"]
        assert {"ketamine-infusion", "tms"} <= set(first["offers"])

    def test_a_site_is_for_veterans_only_where_any_of_its_sources_says_so(self, tmp_path):
        twin = BAYONNE | {"latitude": "40.6687", "longitude": "-74.1143", "service_code_info": "MH * TMS"}
        of_veterans = BAYONNE | {"service_code_info": "MH * VAMC"}
        files = [directory_file(tmp_path, of_veterans, HOBOKEN), locator_file(tmp_path, twin)]
        store = build_store(files, store=tmp_path / "places.duckdb", with_packaged=False).store
        document = find("07002", store=store)
        assert [row["veterans_only"] for row in document["results"]] == [True, False]
        assert "veterans_only" in {flag["code"] for flag in document["flags"]}

    def test_filters_look_at_the_site_whichever_source_says_it(self, two_sources):
        document = find("07002", offers=["tms"], payment=["medicare"], store=two_sources)
        assert [row["name"] for row in document["results"]] == [BAYONNE["name1"]]

    def test_a_cut_of_a_directory_cannot_tell(self, two_sources):
        assert find("07002", offers=["ketamine-infusion"], store=two_sources)["coverage"]["answer"] == "cannot tell"

    def test_the_source_that_lists_infusion_is_named_where_a_newer_one_does_not(self, two_sources):
        first, second = find("07002", store=two_sources)["results"]
        assert first["source"] == "findtreatment"
        assert [row["source"] for row in first["ketamine_infusion_listed_by"]] == ["samhsa-directory"]
        assert infusion_words(first, is_short=True) == "listed by samhsa-directory, edition 2024"
        assert second["ketamine_infusion_listed_by"] == []
        own = find("07002", offers=["ketamine-infusion"], limit=1)["results"][0]
        assert infusion_words(own) == "listed"

    def test_the_age_of_every_source_behind_a_place_is_flagged(self, two_sources):
        first = find("07002", limit=1, store=two_sources)
        messages = [flag["message"] for flag in first["flags"] if flag["code"] == "old_edition"]
        assert len(messages) == 1
        assert "edition 2024" in messages[0]

    def test_every_result_has_source_edition_and_date(self):
        for row in find("07030", limit=20)["results"]:
            assert (row["source"], row["edition"], row["row_date"]) == ("samhsa-directory", "2022", "2022-05")

    def test_an_old_edition_is_flagged(self):
        assert "old_edition" in {flag["code"] for flag in find("07030")["flags"]}

    def test_the_document_is_plain_json(self):
        document = find("Princeton, NJ", offers=["ketamine-infusion"])
        assert json.loads(json.dumps(document, allow_nan=False)) == document


class TestRadius:
    @pytest.mark.parametrize(
        ("text", "km"), [("50mi", 80.4672), ("80 km", 80.0), ("1.5 miles", 2.414016), ("20 Kilometers", 20.0)]
    )
    def test_miles_and_kilometres_are_read_as_km(self, text, km):
        assert math.isclose(read_radius(text), km)

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("50", "'50' has no unit; write 50mi or 50km"),
            (
                "50 leagues",
                "unknown unit 'leagues' in '50 leagues'; write a distance with its unit, such as 50mi or 80km",
            ),
            ("far", "'far' is not a distance; write a distance with its unit, such as 50mi or 80km"),
            ("-5km", "'-5km' is no distance to search within; write a distance with its unit, such as 50mi or 80km"),
            ("0mi", "'0mi' is no distance to search within; write a distance with its unit, such as 50mi or 80km"),
            ("9000km", "'9000km' is wider than the country; write at most 8000km (4971mi), or leave the radius out"),
            ("nan km", f"'nan km' is not a distance; {RIGHT}"),
        ],
    )
    def test_what_cannot_be_meant(self, text, line):
        with pytest.raises(InputError) as caught:
            read_radius(text)
        assert str(caught.value) == line


class TestTheBox:
    @given(
        st.floats(-89, 89),
        st.floats(-180, 180),
        st.floats(1, 9000),
        st.floats(0, 1),
        st.floats(0, 2 * math.pi),
    )
    def test_every_point_of_the_circle_lies_in_it(self, latitude, longitude, radius_km, share, bearing):
        edges = search.box(latitude, longitude, radius_km)
        if edges is None:
            return
        angle = share * radius_km / 6371.0088
        phi = math.radians(latitude)
        sine = math.sin(phi) * math.cos(angle) + math.cos(phi) * math.sin(angle) * math.cos(bearing)
        there = math.degrees(math.asin(max(-1.0, min(1.0, sine))))
        turn = math.atan2(math.sin(bearing) * math.sin(angle) * math.cos(phi), math.cos(angle) - math.sin(phi) * sine)
        south, north, west, east = edges
        assert south - 1e-9 <= there <= north + 1e-9
        assert west - 1e-7 <= longitude + math.degrees(turn) <= east + 1e-7

    @pytest.mark.parametrize(("latitude", "longitude"), [(51.9, 179.9), (51.9, -179.9), (40.7, -74.0), (64.8, -147.7)])
    def test_an_answer_with_a_box_is_the_one_without(self, latitude, longitude):
        with opened(answering_store()) as connection:
            places = connection.execute("SELECT site_id, latitude, longitude FROM place").fetchall()
            radius_km = 5300.0
            found = search.nearest(connection, latitude, longitude, [], within_km=radius_km, limit=2000)
        all_km = {site: distance_km(latitude, longitude, lat, lon) for site, lat, lon in places}
        expected = {site for site, km in all_km.items() if km <= radius_km}
        assert {row["site_id"] for row in found.sites} == expected
        assert found.matching == len(expected) > 0
        for row in found.sites:
            assert math.isclose(row["distance_km"], all_km[row["site_id"]], rel_tol=1e-9, abs_tol=1e-6)
