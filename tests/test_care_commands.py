"""`ketascope find` and `ketascope providers` through the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from care_files import BAYONNE, HOBOKEN, directory_file, locator_file, whole_directory
from ketascope.care import maintenance
from ketascope.care.download.addresses import sources
from ketascope.cli import main
from public_server import Answer, PublicServer, as_json, failing, public_server, quick


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder of the user's own, empty at first."""
    folder = tmp_path / "data"
    monkeypatch.setenv("KETASCOPE_DATA", str(folder))
    return folder


def run(*arguments: str, code: int = 0):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.output
    return result


class TestFind:
    def test_a_fresh_machine_answers_at_once_from_the_packaged_rows(self, data):
        printed = run("find", "07030", "--offers", "ketamine-infusion", "--limit", "2").stdout
        assert printed.index("VA NY Harbor") < printed.index("Mount Sinai")
        for words in ("3.9 km (2.4 mi)", "veterans only", "other state", "edition 2022", "Call first", "988"):
            assert words in printed
        assert not data.exists()

    def test_json_has_the_fields_that_tools_read(self, data):
        document = json.loads(run("find", "Princeton, NJ", "--limit", "1", "--json").stdout)
        assert set(document["place"]) >= {"label", "latitude", "longitude"}
        fields = {"name", "street", "city", "state", "zip", "phone", "distance_km", "offers", "veterans_only"}
        assert set(document["results"][0]) >= fields | {"source", "edition"}

    def test_csv_and_page_are_written_beside_the_table(self, data, tmp_path):
        table, page = tmp_path / "places.csv", tmp_path / "places.html"
        run("find", "40.7,-74.0", "--offers", "cbt", "--csv", str(table), "--html", str(page))
        with table.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert len(rows) == 10
        text = page.read_text(encoding="utf-8")
        assert all(row["city"] in text for row in rows)
        assert text.index("Places, nearest first") < text.index("<svg")

    def test_the_guide_can_be_printed_alone_and_with_an_answer(self, data):
        alone = run("find", "--guide").stdout
        assert "off-label" in alone
        with_answer = run("find", "07030", "--limit", "1", "--guide").stdout
        assert with_answer.endswith(alone)

    def test_an_empty_answer_still_helps(self, data):
        printed = run("find", "99723", "--offers", "ketamine-infusion", "--within", "20mi").stdout
        assert "That is not proof that there is none" in printed
        assert "988" in printed

    def test_coordinates_south_of_the_equator_are_no_option(self, data):
        document = json.loads(run("find", "-14.28,-170.70", "--limit", "1", "--json").stdout)
        assert (document["place"]["state"], document["counts"]["shown"]) == ("AS", 1)
        assert json.loads(run("find", "--limit", "1", "--json", "--", "-14.28,-170.70").stdout) == document
        swapped = run("find", "-74.0,40.7", code=2)
        assert "latitude comes first" in swapped.stderr

    def test_filters_are_printed_as_understood(self, data):
        printed = run("find", "07102", "--offers", "tms", "--payment", "medicaid", "--within", "30mi").stdout
        assert "within 48.3 km (30 mi)" in " ".join(printed.split())


class TestProviders:
    def test_status_of_a_fresh_machine_names_edition_age_and_coverage(self, data):
        printed = run("providers", "status").stdout
        words_shown = ("No store of your own", "1,490", "NJ, NY, PA, CT, DE", "CA 23, CO 1", "for: Ketamine infusion.")
        for words in words_shown:
            assert words in " ".join(printed.split())
        assert run("providers").stdout == printed

    def test_build_prints_totals_and_find_then_asks_the_new_store(self, data, tmp_path):
        files = [directory_file(tmp_path, BAYONNE, HOBOKEN | {"zip": "0703"}), locator_file(tmp_path)]
        run("providers", "build", str(files[0]), code=0)
        document = json.loads(run("providers", "status", "--json").stdout)
        by_file = {entry["file"]: entry["rows"] for entry in document["files"]}
        assert by_file["directory_2024.csv"]["read"] == 2
        assert not document["packaged_only"]
        assert Path(document["store"]).parent == data
        places = json.loads(run("find", "07002", "--limit", "500", "--json").stdout)["store"]["sources"]
        assert {source["edition"] for source in places} == {"2022", "2024"}
        printed = run("providers", "status").stdout
        assert "A newer file replaces all of it." not in printed
        assert f"unusable rows of the last build: {data / 'quarantine.csv'}\n" in printed
        again = run("providers", "build", str(whole_directory(tmp_path)), code=0).stdout
        assert "no longer in the store: directory_2024.csv" in again
        printed = run("providers", "status").stdout
        assert "A newer file replaces all of it." in printed
        assert "unusable rows" not in printed

    def test_totals_of_every_file_add_up(self, data, tmp_path, root):
        sample = str(root / "tests" / "fixtures" / "nppes_sample.csv")
        document = json.loads(run("providers", "build", sample, "--every-organisation", "--json").stdout)
        for entry in document["files"]:
            rows = entry["rows"]
            assert rows["read"] == sum(rows[name] for name in ("places", "superseded", "rejected", "skipped"))
        counted = {entry["source"]: entry["rows"] for entry in document["files"]}
        assert counted["samhsa-directory"]["places"] == 1490
        assert counted["nppes"]["places"] == 188
        assert sum(document["places_by_state"].values()) == document["places"] == 1678

    def test_only_files_leaves_the_packaged_rows_out(self, data, tmp_path):
        file = directory_file(tmp_path, BAYONNE)
        document = json.loads(run("providers", "build", str(file), "--only-files", "--json").stdout)
        assert document["places"] == 1

    def test_unusable_rows_are_named_in_the_quarantine_file(self, data, tmp_path):
        file = directory_file(tmp_path, BAYONNE, HOBOKEN | {"state": "ZZ"})
        printed = run("providers", "build", str(file)).stdout
        assert "1 unusable row, each with its reason" in printed
        text = (data / "quarantine.csv").read_text(encoding="utf-8")
        assert text.splitlines()[0] == "file,row,field,value,reason"
        assert "directory_2024.csv,3,state,ZZ," in text

    def test_a_download_changed_since_then_is_refused_and_the_store_stands(self, data, tmp_path):
        file = directory_file(tmp_path, BAYONNE)
        run("providers", "build", str(file))
        before = (data / "places.duckdb").read_bytes()
        record = {"url": "https://example.org", "sha256": "0" * 64, "bytes": 1, "etag": "", "last_modified": ""}
        record["downloaded_at"] = "2026-11-01T00:00:00+00:00"
        (tmp_path / f"{file.name}.download.json").write_text(json.dumps(record), encoding="utf-8")
        error = run("providers", "build", str(file), code=2).stderr
        assert "is not the file that was downloaded on 2026-11-01" in error
        assert (data / "places.duckdb").read_bytes() == before


class TestUpdate:
    """Against a server on this computer that answers like the locator, and misbehaves."""

    @pytest.fixture
    def server(self, monkeypatch):
        from ketascope.care.download import locator_pages

        with public_server() as running:
            # Several attempts as ever, without the waits between them.
            monkeypatch.setattr(locator_pages, "default_patience", quick)
            yield running

    def locator(self, server: PublicServer, *rows: dict[str, str], total: int | None = None) -> None:
        page = {"page": 1, "totalPages": 1, "recordCount": len(rows) if total is None else total, "rows": list(rows)}
        server.replies[self.path()] = lambda asked: as_json(page)

    def path(self) -> str:
        from urllib.parse import urlsplit

        return urlsplit(sources()["findtreatment"]["url"]).path

    def row(self, name: str) -> dict[str, object]:
        services = [
            {
                "f1": "Treatment Approaches",
                "f2": "TAP",
                "f3": "Telemedicine/telehealth therapy; Ketamine Infusion Therapy",
            }
        ]
        address = {
            "street1": "9 Fixture Way",
            "city": "Hoboken",
            "state": "NJ",
            "zip": "07030",
            "phone": "201-555-0101",
        }
        return {"name1": name, **address, "latitude": "40.7440", "longitude": "-74.0324", "services": services}

    def update(self, server: PublicServer, code: int = 0):
        return run("providers", "update", "findtreatment", "--mirror", server.base, "--json", code=code)

    def test_new_places_are_found_and_the_country_is_covered(self, data, server):
        self.locator(server, self.row("River Clinic"))
        document = json.loads(self.update(server).stdout)
        assert [record["file"] for record in document["downloads"]] == ["findtreatment.jsonl"]
        answer = json.loads(run("find", "07030", "--offers", "ketamine-infusion", "--limit", "1", "--json").stdout)
        assert answer["results"][0]["name"] == "River Clinic"
        assert answer["results"][0]["located_by"] == "source"
        assert answer["results"][0]["edition"] == document["downloads"][0]["downloaded_at"][:10]
        elsewhere = json.loads(run("find", "90210", "--offers", "tms", "--limit", "1", "--json").stdout)
        assert elsewhere["coverage"]["answer"] == "complete"

    @pytest.mark.parametrize(
        ("reply", "says"),
        [
            (failing(500), "500"),
            (lambda asked: Answer(b"<html>moved</html>", headers={"Content-Type": "text/html"}), "web page"),
            (lambda asked: Answer(b'{"rows": 3', headers={"Content-Type": "application/json"}), "JSON"),
            (lambda asked: as_json({"page": 1, "totalPages": 1}), "is not the answer that was expected"),
        ],
        ids=["errors", "a web page", "broken JSON", "other JSON"],
    )
    def test_a_server_that_fails_leaves_the_store_as_it_was(self, data, server, reply, says):
        self.locator(server, self.row("River Clinic"))
        self.update(server)
        before = (data / "places.duckdb").read_bytes()
        server.replies[self.path()] = reply
        result = self.update(server, code=2)
        assert says in result.stderr
        assert result.stderr.count("\n") == 1
        assert (data / "places.duckdb").read_bytes() == before
        assert run("find", "07030", "--offers", "ketamine-infusion", "--limit", "1").stdout.count("River Clinic") == 1

    def test_one_source_that_cannot_be_fetched_does_not_keep_the_other_away(self, data, server):
        self.locator(server, self.row("River Clinic"))
        result = run("providers", "update", "--mirror", server.base, "--json", code=1)
        document = json.loads(result.stdout)
        assert [record["file"] for record in document["downloads"]] == ["findtreatment.jsonl"]
        assert [entry["source"] for entry in document["not_fetched"]] == ["samhsa-directory"]
        assert document["places"] == 1491

    def test_without_a_connection_it_says_what_still_works(self, data, server, monkeypatch):
        address = server.base
        server.shutdown()
        server.server_close()
        result = run("providers", "update", "findtreatment", "--mirror", address, code=2)
        assert "ketascope find" in result.stderr
        assert "providers build" in result.stderr

    def test_two_updates_at_once_do_not_write_the_same_file(self, data):
        with maintenance._only_one(data / "downloads"):
            result = run("providers", "update", "findtreatment", code=2)
        assert "another update is writing" in result.stderr
