"""The store: what a build makes of files, what replaces what, what joins, and that the old store always answers."""

from __future__ import annotations

import csv
import os

import pytest

from care_files import BAYONNE, HOBOKEN, directory_file, locator_file, whole_directory, write_csv
from ketascope.care.facility import Facility
from ketascope.care.sources.source_file import catalogue
from ketascope.care.store import downloaded
from ketascope.care.store.building import build_store
from ketascope.care.store.current import answering_store
from ketascope.care.store.joining import site_key
from ketascope.care.store.location import packaged_store_file, store_file
from ketascope.care.store.reading import opened, rows
from ketascope.errors import InputError


def registry_file(folder, *rows, day="20250413"):
    """Organisations in the columns of the registry that are read."""
    about = catalogue()["nppes"]
    numbered = about["numbered_columns"]["taxonomy"]
    kinds = [f"{numbered['name']}{number}" for number in range(1, numbered["count"] + 1)]
    shape = {"npi": "1234567893", "entity_type": "2", "name": "HARBOR CLINIC", "street": "1 MAIN ST"}
    shape |= {"city": "HOBOKEN", "state": "NJ", "zip": "07030", "updated": "02/03/2024"}
    written = [{about["columns"][name]: text for name, text in (shape | row).items()} for row in rows]
    path = folder / f"npidata_pfile_20250401-{day}.csv"
    return write_csv(path, [*about["columns"].values(), *kinds], *({**row, kinds[0]: "2084P0800X"} for row in written))


def facility(**fields: str) -> Facility:
    shape = dict.fromkeys(("source", "name", "unit", "street", "street2", "city", "state", "zip", "phone"), "")
    return Facility(row_number=2, **{**shape, **fields})


def ask(store, query):
    with opened(store) as connection:
        return rows(connection, query)


def build(folder, *files, **options):
    options = {"with_packaged": False, **options}
    return build_store(files, store=folder / "places.duckdb", quarantine=folder / "quarantine.csv", **options)


class TestThePackagedDirectory:
    def test_all_1490_rows_become_places_and_104_sites_list_ketamine_infusion(self):
        store = answering_store()
        assert ask(store, "SELECT count(*) AS n FROM place") == [{"n": 1490}]
        found = ask(store, "SELECT count(DISTINCT site_id) AS n FROM service WHERE code = 'KIT'")
        assert found == [{"n": 104}]

    def test_the_counts_of_new_jersey_are_those_of_its_readme(self):
        counted = ask(
            answering_store(),
            """SELECT code, count(*) AS n FROM (SELECT place_id, code FROM service UNION ALL
               SELECT place_id, code FROM payment) JOIN place USING (place_id) WHERE state = 'NJ' GROUP BY code""",
        )
        by_code = {row["code"]: row["n"] for row in counted}
        expected = {"KIT": 2, "TMS": 1, "ECT": 7, "EMDR": 11, "PTSD": 109, "TRMA": 104, "CBT": 219, "TELE": 188}
        expected |= {"MD": 218, "MC": 161, "PI": 202, "VAHC": 13}
        assert {code: by_code[code] for code in expected} == expected

    def test_veterans_sites_are_marked_by_their_codes(self):
        marked = ask(answering_store(), "SELECT count(*) AS n FROM place WHERE veterans_only")
        coded = ask(
            answering_store(),
            "SELECT count(DISTINCT place_id) AS n FROM service WHERE code IN ('VAHC', 'VAMC')",
        )
        assert marked == coded
        assert marked[0]["n"] >= 59

    def test_places_lie_in_order_of_latitude_for_the_box_of_a_question(self):
        latitudes = [row["latitude"] for row in ask(answering_store(), "SELECT latitude FROM place")]
        assert latitudes == sorted(latitudes)

    def test_it_is_made_once_and_used_again(self):
        first = answering_store().stat().st_mtime_ns
        assert answering_store().stat().st_mtime_ns == first
        assert answering_store() == packaged_store_file()


class TestABuild:
    def test_counts_of_a_file_add_up_and_bad_rows_are_written_with_their_reason(self, tmp_path):
        wrong_state = HOBOKEN | {"name1": "Nowhere House", "state": "ZZ"}
        wrong_zip = HOBOKEN | {"name1": "Far Away Clinic", "zip": "90210"}
        report = build(tmp_path, directory_file(tmp_path, BAYONNE, wrong_state, HOBOKEN, wrong_zip))
        (entry,) = report.files
        assert (entry.read, entry.places, entry.rejected) == (4, 2, 2)
        assert entry.read == entry.places + entry.superseded + entry.rejected + sum(entry.skipped.values())
        with (tmp_path / "quarantine.csv").open(encoding="utf-8", newline="") as stream:
            written = list(csv.DictReader(stream))
        assert [(row["row"], row["field"], row["value"]) for row in written] == [
            ("3", "state", "ZZ"),
            ("5", "zip", "90210"),
        ]
        assert "NJ" in written[1]["reason"]

    def test_coordinates_far_from_the_state_are_refused_and_near_ones_are_used(self, tmp_path):
        good = BAYONNE | {"latitude": "40.6687", "longitude": "-74.1143"}
        swapped = HOBOKEN | {"latitude": "-74.03", "longitude": "40.74"}
        report = build(tmp_path, locator_file(tmp_path, good, swapped))
        assert (report.places, report.files[0].rejected) == (1, 1)
        (place,) = ask(report.store, "SELECT latitude, longitude, located_by FROM place")
        assert place == {"latitude": 40.6687, "longitude": -74.1143, "located_by": "source"}

    def test_a_cut_of_a_newer_directory_replaces_only_the_rows_that_it_repeats(self, tmp_path):
        old = directory_file(tmp_path, BAYONNE, HOBOKEN, year=2023)
        new = directory_file(tmp_path, HOBOKEN, year=2025)
        report = build(tmp_path, new, old)
        assert {entry.edition: (entry.places, entry.superseded) for entry in report.files} == {
            "2023": (1, 1),
            "2025": (1, 0),
        }

    def test_a_whole_newer_directory_replaces_all_older_rows_of_its_states(self, tmp_path):
        old = directory_file(tmp_path, BAYONNE, HOBOKEN, year=2023)
        report = build(tmp_path, whole_directory(tmp_path), old)
        older, newer = report.files
        assert (older.edition, older.places, older.superseded) == ("2023", 0, 2)
        assert newer.places == newer.read >= 50

    def test_the_row_with_its_own_coordinates_stands_for_a_site_of_several_sources(self, tmp_path):
        exact = BAYONNE | {"latitude": "40.6687", "longitude": "-74.1143"}
        files = [locator_file(tmp_path, exact, day="2025_01_01"), directory_file(tmp_path, BAYONNE, year=2026)]
        report = build(tmp_path, *files)
        (row,) = ask(report.store, "SELECT located_by FROM place WHERE stands_for_site")
        assert (row["located_by"], report.places, report.sites) == ("source", 2, 1)

    def test_a_newer_export_replaces_only_the_rows_that_it_repeats(self, tmp_path):
        here = {"latitude": "40.74", "longitude": "-74.03"}
        old = locator_file(tmp_path, BAYONNE | here, HOBOKEN | here, day="2025_01_01")
        new = locator_file(tmp_path, HOBOKEN | here | {"phone": "201-555-0199"}, day="2026_01_01")
        report = build(tmp_path, old, new)
        assert sorted((row["name"], row["phone"]) for row in ask(report.store, "SELECT name, phone FROM place")) == [
            (HOBOKEN["name1"], "201-555-0199"),
            (BAYONNE["name1"], BAYONNE["phone"]),
        ]

    def test_a_replaced_edition_is_complete_for_nothing(self, tmp_path):
        report = build(tmp_path, whole_directory(tmp_path), with_packaged=True)
        sources = ask(report.store, "SELECT places, complete_states, complete_services FROM source ORDER BY source_id")
        assert sources[0] == {"places": 0, "complete_states": None, "complete_services": []}
        kept = build(tmp_path, directory_file(tmp_path, HOBOKEN, year=2021), with_packaged=True)
        sources = ask(kept.store, "SELECT complete_states, complete_services FROM source WHERE packaged")
        assert sources == [{"complete_states": ["NJ", "NY", "PA", "CT", "DE"], "complete_services": ["KIT"]}]

    def test_a_newer_file_that_has_every_place_of_a_state_ends_the_older_rows_there(self, tmp_path, monkeypatch):
        here = {"latitude": "40.74", "longitude": "-74.03"}
        there = {"city": "New York", "state": "NY", "zip": "10001", "latitude": "40.75", "longitude": "-73.99"}
        old = locator_file(tmp_path, BAYONNE | here, HOBOKEN | there, day="2025_01_01")
        new = locator_file(tmp_path, HOBOKEN | here, day="2026_01_01")

        def whole_new_jersey(source):
            source.complete_states = ("NJ",) if source.path == new else None
            return source

        monkeypatch.setattr(downloaded, "dated", whole_new_jersey)
        report = build(tmp_path, old, new)
        found = ask(report.store, "SELECT name, state FROM place ORDER BY state")
        assert [(row["name"], row["state"]) for row in found] == [(HOBOKEN["name1"], "NJ"), (HOBOKEN["name1"], "NY")]
        assert [(entry.places, entry.superseded) for entry in report.files] == [(1, 1), (1, 0)]

    def test_of_two_rows_with_one_number_of_the_registry_the_later_counts(self, tmp_path):
        report = build(tmp_path, registry_file(tmp_path, {"name": "FIRST NAME"}, {"name": "SECOND NAME"}))
        assert ask(report.store, "SELECT name FROM place") == [{"name": "SECOND NAME"}]
        assert (report.files[0].places, report.files[0].superseded) == (1, 1)

    def test_another_number_at_the_same_door_does_not_take_the_place_of_the_first(self, tmp_path):
        first = registry_file(tmp_path, {}, day="20250413")
        report = build(tmp_path, first, registry_file(tmp_path, {"npi": "1245319599"}, day="20250420"))
        assert [row["npi"] for row in ask(report.store, "SELECT npi FROM place ORDER BY npi")] == [
            "1234567893",
            "1245319599",
        ]

    @pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0)])
    def test_weekly_files_switch_a_number_off_and_on_again_whatever_their_order(self, tmp_path, order):
        off, on = {"deactivated": "04/15/2025"}, {"reactivated": "04/22/2025"}
        again = {"deactivated": "05/06/2025"}
        files = [
            registry_file(tmp_path, {}, day="20250413"),
            registry_file(tmp_path, off | dict.fromkeys(("entity_type", "name", "street", "city"), ""), day="20250420"),
            registry_file(tmp_path, off | on | {"name": "HARBOR CLINIC AGAIN"}, day="20250427"),
            registry_file(tmp_path, on | again, day="20250511"),
        ]

        def names(*chosen):
            # A place elsewhere keeps a build without the number from being empty.
            others = directory_file(tmp_path, HOBOKEN)
            report = build(tmp_path, others, *(files[number] for number in order if number in chosen))
            return [row["name"] for row in ask(report.store, "SELECT name FROM place WHERE npi <> ''")]

        assert names(0) == ["HARBOR CLINIC"]
        assert names(0, 1) == []
        assert names(0, 1, 2) == ["HARBOR CLINIC AGAIN"]
        assert names(0, 1, 2, 3) == []

    def test_a_folder_may_be_called_like_a_pattern(self, tmp_path):
        folder = tmp_path / "my [old] *places'"
        folder.mkdir()
        assert build(folder, directory_file(tmp_path, HOBOKEN)).places == 1
        assert sorted(path.name for path in folder.iterdir()) == ["places.duckdb", "quarantine.csv"]

    def test_a_bad_value_is_no_formula_of_a_spreadsheet(self, tmp_path):
        build(tmp_path, directory_file(tmp_path, BAYONNE, HOBOKEN | {"state": '=HYPERLINK("http://x","y")'}))
        with (tmp_path / "quarantine.csv").open(encoding="utf-8", newline="") as stream:
            (row,) = csv.DictReader(stream)
        assert row["value"].startswith("'=HYPERLINK(")

    def test_repeated_rows_within_one_file_are_separate_programmes(self, tmp_path):
        report = build(tmp_path, directory_file(tmp_path, HOBOKEN, HOBOKEN, HOBOKEN))
        assert (report.places, report.sites) == (3, 3)

    def test_the_packaged_directory_is_part_of_a_build_unless_left_out(self, tmp_path):
        here = {"latitude": "40.74", "longitude": "-74.03"}
        report = build(tmp_path, locator_file(tmp_path, HOBOKEN | here), with_packaged=True)
        assert report.places == 1491

    def test_the_same_file_twice_is_named(self, tmp_path):
        path = directory_file(tmp_path, HOBOKEN)
        with pytest.raises(InputError, match=r"directory_2024\.csv: given twice"):
            build(tmp_path, path, path)

    def test_a_build_from_nothing_says_so(self, tmp_path):
        with pytest.raises(InputError, match="nothing to build from; name at least one file"):
            build(tmp_path)

    def test_files_without_one_usable_row_leave_the_old_store(self, tmp_path):
        good = build(tmp_path, directory_file(tmp_path, HOBOKEN))
        before = good.store.read_bytes()
        with pytest.raises(InputError, match="no row of these files can be used"):
            build(tmp_path, directory_file(tmp_path, HOBOKEN | {"state": "ZZ"}, year=2025))
        assert good.store.read_bytes() == before

    def test_nothing_of_a_build_is_left_beside_the_store(self, tmp_path):
        build(tmp_path, directory_file(tmp_path, HOBOKEN))
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "directory_2024.csv",
            "places.duckdb",
            "quarantine.csv",
        ]

    def test_a_file_that_cannot_be_read_leaves_the_old_store(self, tmp_path):
        good = build(tmp_path, directory_file(tmp_path, HOBOKEN))
        before = good.store.read_bytes()
        with pytest.raises(InputError, match=r"missing\.csv"):
            build(tmp_path, directory_file(tmp_path, BAYONNE), tmp_path / "missing.csv")
        assert good.store.read_bytes() == before

    def test_progress_is_told_with_the_name_of_the_file(self, tmp_path):
        told = []
        build(tmp_path, directory_file(tmp_path, HOBOKEN), progress=lambda *step: told.append(step))
        assert told
        assert {name for _, _, name in told} == {"directory_2024.csv"}


class TestJoining:
    def test_spellings_of_the_same_door_join_and_the_site_is_shown_once(self, tmp_path):
        twin = {
            "name1": "NORTH STAR HEALTH SYSTEMS, LLC",
            "street1": "354 Ave. C",
            "latitude": "40.66",
            "longitude": "-74.11",
        }
        report = build(tmp_path, directory_file(tmp_path, BAYONNE), locator_file(tmp_path, BAYONNE | twin))
        assert (report.places, report.sites, report.joined_sites, report.ambiguous_joins) == (2, 1, 1, 0)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("street1", "356 Avenue C"),
            ("name1", "North Star Health"),
            ("city", "Hoboken"),
            ("state", "NY"),
            ("name1", "North Star Heath Systems"),
        ],
    )
    def test_likeness_never_joins(self, tmp_path, field, value):
        other = BAYONNE | {field: value, "latitude": "40.66", "longitude": "-74.11"}
        report = build(tmp_path, directory_file(tmp_path, BAYONNE), locator_file(tmp_path, other))
        assert (report.sites, report.joined_sites) == (2, 0)

    def test_several_programmes_at_one_door_are_left_apart_and_counted(self, tmp_path):
        twin = BAYONNE | {"latitude": "40.66", "longitude": "-74.11"}
        report = build(tmp_path, directory_file(tmp_path, BAYONNE, BAYONNE), locator_file(tmp_path, twin))
        assert (report.sites, report.joined_sites, report.ambiguous_joins) == (3, 0, 1)

    def test_a_row_without_street_never_joins(self):
        assert site_key(facility(name="Clinic", city="Hoboken", state="NJ")) == ""

    @pytest.mark.parametrize(
        ("one", "two"),
        [
            ("100 North Main Street", "100 N. Main St"),
            ("1 Saint Mark's Place", "1 St Marks Pl."),
            ("5 Mount Prospect Avenue, Suite 3", "5 Mt. Prospect Ave Ste 3"),
        ],
    )
    def test_streets_are_evened_out(self, one, two):
        keys = {site_key(facility(name="Clinic", street=street, city="Newark", state="NJ")) for street in (one, two)}
        assert len(keys) == 1


class TestAStoreThatIsNone:
    def test_a_file_of_another_kind_is_named(self, tmp_path):
        path = tmp_path / "places.duckdb"
        path.write_bytes(b"not a database" * 100)
        with pytest.raises(InputError, match="cannot be read"), opened(path):
            pass

    def test_a_database_without_places_is_named(self, tmp_path):
        import duckdb

        path = tmp_path / "other.duckdb"
        duckdb.connect(str(path)).close()
        with pytest.raises(InputError, match="is not a store of places"), opened(path):
            pass

    def test_a_store_of_another_version_is_named(self, tmp_path):
        import duckdb

        report = build(tmp_path, directory_file(tmp_path, HOBOKEN))
        with duckdb.connect(str(report.store)) as connection:
            connection.execute("UPDATE about SET value = '0' WHERE name = 'schema_version'")
        with pytest.raises(InputError, match="is of version 0 and this ketascope reads 1"), opened(report.store):
            pass


def test_the_folder_of_the_store_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("KETASCOPE_DATA", str(tmp_path / "here"))
    assert store_file() == tmp_path / "here" / "places.duckdb"


def test_a_cache_folder_that_cannot_be_written_keeps_nobody_from_an_answer(tmp_path, monkeypatch):
    from ketascope.care.store import current

    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setattr(current, "packaged_store_file", lambda: blocked / "packaged.duckdb")
    current._packaged_store.cache_clear()
    try:
        store = answering_store()
        assert ask(store, "SELECT count(*) AS n FROM place") == [{"n": 1490}]
        assert os.path.commonpath([store, tmp_path]) != str(tmp_path)
    finally:
        current._packaged_store.cache_clear()
