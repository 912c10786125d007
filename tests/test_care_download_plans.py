"""Which files are fetched for a source, under which name, and what is said when a publisher moved them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ketascope.care.download import DEFAULT_NAMES, Download, download, downloads_in, verified
from ketascope.care.download.addresses import patience_figures, rebased, sources
from ketascope.care.download.connection import check_address, default_patience
from ketascope.care.download.release_pages import releases
from ketascope.errors import InputError
from public_server import Answer, Locator, PublicServer, PublishedFile, failing, public_server, quick

PAGE_URL = "https://download.cms.gov/nppes/NPI_Files.html"
MONTHLY = sources()["nppes"]["release"]
WEEKLY = sources()["nppes-weekly"]["release"]
PAGE = """
<html><head><title>NPI Files</title></head><body>
<!-- <a href="./NPPES_Data_Dissemination_June_2025_V2.zip">not yet</a> -->
<ul>
<li><a href="./NPPES_Data_Dissemination_March_2025.zip">Full file, March 2025 (940 MB)</a></li>
<li><A HREF='./NPPES_Data_Dissemination_April_2025.zip'>first layout</a></li>
<li><a class="x" href="./NPPES_Data_Dissemination_April_2025_V2.zip">second layout</a></li>
<li><a href="NPPES_Data_Dissemination_Smarch_2025_V2.zip">no month</a></li>
<li><a href="NPPES_Deactivated_NPI_Report_041425.zip">deactivated</a></li>
<li><a href="/nppes/NPPES_Data_Dissemination_041425_042025_Weekly_V2.zip">week</a></li>
<li><a href="http://download.cms.gov/nppes/NPPES_Data_Dissemination_040725_041325_Weekly_V2.zip">week</a></li>
<li><a href="NPPES_Data_Dissemination_139925_139925_Weekly_V2.zip">no date</a></li>
<li><a href="http://[broken">?</a><a>no address</a><a href>empty</a></li>
</ul>
"""


@pytest.fixture(scope="module")
def running() -> Iterator[PublicServer]:
    with public_server() as server:
        yield server


def archive(name: str) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as packed:
        packed.writestr(name, "NPI\n")
    return memory.getvalue()


@pytest.fixture
def server(running: PublicServer) -> PublicServer:
    """Every public address of downloads.toml, with small files behind it."""
    running.asked.clear()
    running.replies.clear()
    table = sources()
    running.replies[path_of(table["findtreatment"]["url"])] = Locator([("A", 40.7, -74.0), ("B", 40.8, -74.1)], 2)
    for year, url in table["samhsa-directory"]["years"].items():
        running.replies[path_of(url)] = PublishedFile(archive(f"{year}.xml"))
    running.replies[path_of(PAGE_URL)] = lambda asked: Answer(PAGE.encode(), headers={"Content-Type": "text/html"})
    for name in re.findall(r"NPPES_Data_\w+\.zip", PAGE):
        running.replies[f"/nppes/{name}"] = PublishedFile(archive(name))
    return running


def path_of(url: str) -> str:
    return urlsplit(url).path


def bring(server: PublicServer, folder: Path, *wanted: str, **choices: Any) -> list[Download]:
    names = {"names": wanted} if wanted else {}
    return download(folder=folder, base=server.base, patience=quick(), **names, **choices)


def refusal(server: PublicServer, folder: Path, *wanted: str, **choices: Any) -> str:
    with pytest.raises(InputError) as caught:
        bring(server, folder, *wanted, **choices)
    assert "\n" not in str(caught.value)
    return str(caught.value)


class TestAddresses:
    def test_each_is_safe_and_says_how_far_it_was_checked(self) -> None:
        for row in sources().values():
            urls = [row["page"], *([row["url"]] if "url" in row else row["years"].values())]
            assert [check_address(url) for url in urls] == urls
            assert row["checked"] in ("code", "text")
            assert row["label"]

    def test_patience_is_complete(self) -> None:
        assert default_patience().attempts == patience_figures()["attempts"] >= 3

    def test_the_default_is_among_the_names(self) -> None:
        assert set(DEFAULT_NAMES) < set(sources())
        assert tuple(sources()) == ("findtreatment", "samhsa-directory", "nppes", "nppes-weekly")

    def test_another_server_keeps_path_and_query(self) -> None:
        assert (
            rebased("https://a.gov/x/y?z=1", "http://localhost:8000/mirror/") == "http://localhost:8000/mirror/x/y?z=1"
        )
        assert rebased("https://a.gov/x", None) == "https://a.gov/x"


class TestReleases:
    def test_the_newest_month_with_the_newest_layout(self) -> None:
        found = releases(PAGE, PAGE_URL, MONTHLY)
        assert [(release.name, release.last_day, release.version) for release in found] == [
            ("NPPES_Data_Dissemination_March_2025.zip", date(2025, 3, 1), 1),
            ("NPPES_Data_Dissemination_April_2025_V2.zip", date(2025, 4, 1), 2),
        ]
        assert found[-1].url == "https://download.cms.gov/nppes/NPPES_Data_Dissemination_April_2025_V2.zip"

    def test_weeks_stand_oldest_first_and_are_fetched_safely(self) -> None:
        found = releases(PAGE, PAGE_URL, WEEKLY)
        assert [release.last_day for release in found] == [date(2025, 4, 13), date(2025, 4, 20)]
        assert all(release.url.startswith("https://download.cms.gov/nppes/") for release in found)

    @pytest.mark.parametrize(
        "name",
        [
            "NPPES_Data_Dissemination_Apr_2025_V2.zip",
            "nppes_data_dissemination_april_2025_v2.ZIP",
            "NPPES_Data_Dissemination_April_2025_V.2.zip",
        ],
    )
    def test_small_changes_of_the_name_are_borne(self, name: str) -> None:
        (found,) = releases(f'<a href="{name}">x</a>', PAGE_URL, MONTHLY)
        assert (found.last_day, found.version) == (date(2025, 4, 1), 2)

    def test_years_count_before_months(self) -> None:
        page = "".join(
            f'<a href="NPPES_Data_Dissemination_{month}_V2.zip">x</a>'
            for month in ("January_2026", "December_2025", "September_2025")
        )
        assert releases(page, PAGE_URL, MONTHLY)[-1].name == "NPPES_Data_Dissemination_January_2026_V2.zip"

    def test_a_page_without_a_fitting_link_is_named(self, server: PublicServer, tmp_path: Path) -> None:
        server.replies[path_of(PAGE_URL)] = lambda asked: Answer(b"<p>We moved")
        message = refusal(server, tmp_path, "nppes")
        assert f"no link to a file of the expected name stands on {server.base}/nppes/NPI_Files.html" in message
        assert PAGE_URL in message
        assert list(tmp_path.iterdir()) == []


class TestPlans:
    def test_the_default_brings_locator_and_directory(self, server: PublicServer, tmp_path: Path) -> None:
        found = bring(server, tmp_path / "new" / "folder")
        assert [record.path.name for record in found] == ["findtreatment.jsonl", "samhsa_directory_2024.xlsx"]
        assert [verified(record.path) is not None for record in found] == [True, True]
        assert {record.path for record in downloads_in(tmp_path / "new" / "folder")} == {
            record.path for record in found
        }

    def test_the_full_registry_is_the_newest_of_the_page(self, server: PublicServer, tmp_path: Path) -> None:
        (found,) = bring(server, tmp_path, "nppes")
        assert found.path.name == "NPPES_Data_Dissemination_April_2025_V2.zip"
        assert zipfile.ZipFile(found.path).namelist() == [found.path.name]

    def test_weeks_come_all_and_an_absolute_link_stays_at_the_other_server(
        self, server: PublicServer, tmp_path: Path
    ) -> None:
        found = bring(server, tmp_path, "nppes-weekly")
        assert [record.path.name[25:38] for record in found] == ["040725_041325", "041425_042025"]
        assert all(record.url.startswith(server.base) for record in found)

    def test_a_place_goes_to_a_file_of_its_own(self, server: PublicServer, tmp_path: Path) -> None:
        bring(server, tmp_path, "findtreatment")
        (found,) = bring(server, tmp_path, "findtreatment", near=(40.745251, -74.027926), within_km=30.0)
        assert found.path.name == "findtreatment_near.jsonl"
        assert (tmp_path / "findtreatment.jsonl").is_file()

    def test_another_year_on_request(self, server: PublicServer, tmp_path: Path) -> None:
        (found,) = bring(server, tmp_path, "samhsa-directory", year=2025)
        assert found.path.name == "samhsa_directory_2025.xlsx"

    def test_a_name_twice_is_fetched_once(self, server: PublicServer, tmp_path: Path) -> None:
        assert len(bring(server, tmp_path, "samhsa-directory", "samhsa-directory")) == 1

    def test_what_was_finished_stays_when_a_later_source_fails(self, server: PublicServer, tmp_path: Path) -> None:
        directory = server.replies[path_of(sources()["samhsa-directory"]["years"]["2024"])]
        assert isinstance(directory, PublishedFile)
        directory.faults = [failing(404)]
        message = refusal(server, tmp_path)
        assert message.startswith("samhsa-directory: 127.0.0.1 answers 404")
        assert "could not be tried when this version was made" in message
        assert sources()["samhsa-directory"]["page"] in message
        assert "`ketascope providers build FILE`; the store is untouched" in message
        assert [record.path.name for record in downloads_in(tmp_path)] == ["findtreatment.jsonl"]

    def test_a_publisher_that_cannot_be_reached_is_named_with_its_page(
        self, server: PublicServer, tmp_path: Path
    ) -> None:
        server.replies[path_of(PAGE_URL)] = failing(503)
        message = refusal(server, tmp_path, "nppes")
        assert message.startswith("nppes: 127.0.0.1 did not send the whole answer (answer 503); the store is untouched")
        assert message.endswith(f"(from {PAGE_URL})")

    def test_the_record_says_what_was_asked(self, server: PublicServer, tmp_path: Path) -> None:
        (found,) = bring(server, tmp_path, "findtreatment")
        written = json.loads((tmp_path / "findtreatment.jsonl.download.json").read_text())
        assert written["details"] == found.details
        assert written["details"]["asked"]["whole_country"] is True


class TestWishes:
    @pytest.mark.parametrize(
        ("names", "choices", "words"),
        [
            (("findtreatmnt",), {}, "unknown source 'findtreatmnt'; did you mean 'findtreatment'?"),
            (("zzz",), {}, "unknown source 'zzz'; there are findtreatment, samhsa-directory, nppes, nppes-weekly"),
            (("nppes",), {"near": (40.0, -74.0)}, "a place narrows only findtreatment, not nppes"),
            (("nppes",), {"year": 2024}, "a year chooses among editions of samhsa-directory"),
            (("findtreatment",), {"within_km": 5.0}, "needs a place to count from"),
            (
                ("samhsa-directory",),
                {"year": 1999},
                "no address is known for the edition of 1999; there are 2024, 2025",
            ),
            (("findtreatment", "samhsa-directory"), {"year": 1999}, "no address is known for the edition of 1999"),
        ],
    )
    def test_one_that_cannot_be_met_is_refused_before_anything_is_called(
        self, names: tuple[str, ...], choices: dict[str, Any], words: str, server: PublicServer, tmp_path: Path
    ) -> None:
        assert words in refusal(server, tmp_path, *names, **choices)
        assert server.asked == []

    @pytest.mark.parametrize("base", ["http://agency.gov", "localhost:8000", "ftp://localhost"])
    def test_another_server_must_be_safe(self, base: str, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="https://"):
            download(folder=tmp_path, base=base, patience=quick())

    def test_a_folder_that_is_a_file_is_named(self, server: PublicServer, tmp_path: Path) -> None:
        (tmp_path / "taken").write_text("x")
        assert "cannot make the folder" in refusal(server, tmp_path / "taken")
