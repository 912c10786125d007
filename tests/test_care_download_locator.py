"""The locator's pages: collected and resumed; what is not the expected answer is named and nothing is kept of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ketascope.care.download.addresses import sources
from ketascope.care.download.connection import AddressFault
from ketascope.care.download.locator_answers import Question, misplaced, question, read_page
from ketascope.care.download.locator_pages import fetch_pages
from ketascope.care.download.records import Download, verified
from ketascope.errors import InputError
from public_server import Answer, Asked, Locator, PublicServer, Reply, as_json, failing, public_server, quick

HOBOKEN = (40.745251, -74.027926)
AROUND = [(f"Clinic {number}", 40.7 + number / 100, -74.0) for number in range(5)]
FAR = [(f"Far {number}", 34.0 + number / 100, -118.2) for number in range(5)]
PATH = "/locator/exportsAsJson/v2"


@pytest.fixture(scope="module")
def running() -> Iterator[PublicServer]:
    with public_server() as server:
        yield server


@pytest.fixture
def server(running: PublicServer) -> PublicServer:
    running.asked.clear()
    running.replies.clear()
    return running


@pytest.fixture
def locator(server: PublicServer) -> Locator:
    """Five facilities, two on a page."""
    found = Locator(AROUND, 2)
    server.replies[PATH] = found
    return found


def bring(server: PublicServer, folder: Path, waits: list[float] | None = None, **choices: Any) -> Download:
    near = choices.pop("near", None)
    asked = question(f"{server.base}{PATH}", near, choices.pop("within_km", 80.0 if near else None))
    with server.client() as client:
        return fetch_pages(asked, folder / "pages.jsonl", client=client, patience=quick(waits), **choices)


def refusal(server: PublicServer, folder: Path, **choices: Any) -> str:
    with pytest.raises(InputError) as caught:
        bring(server, folder, **choices)
    assert "\n" not in str(caught.value)
    assert not (folder / "pages.jsonl").exists()
    return str(caught.value)


def pages_asked(server: PublicServer) -> list[int]:
    return [int(asked.query["page"]) for asked in server.asked]


def names(found: Download) -> list[str]:
    lines = found.path.read_text(encoding="utf-8").splitlines()
    return [row["name1"] for line in lines for row in json.loads(line)["rows"]]


class TestWholeCountry:
    def test_every_page_is_a_line_as_it_was_received(
        self, server: PublicServer, locator: Locator, tmp_path: Path
    ) -> None:
        found = bring(server, tmp_path)
        lines = found.path.read_text(encoding="utf-8").splitlines()
        assert [json.loads(line) for line in lines] == [locator.document(page) for page in (1, 2, 3)]
        assert names(found) == [name for name, _, _ in AROUND]
        assert (found.details["rows"], found.details["record_count"], found.details["pages"]) == (5, 5, 3)
        assert (found.details["order"], found.notes, found.resumed_from) == ("latitude first", (), 0)
        assert verified(found.path) is not None
        assert sorted(file.name for file in tmp_path.iterdir()) == ["pages.jsonl", "pages.jsonl.download.json"]

    def test_the_question_is_the_one_that_programs_send(
        self, server: PublicServer, locator: Locator, tmp_path: Path
    ) -> None:
        bring(server, tmp_path)
        assert server.asked[1].query == {
            "sType": "mh",
            "sAddr": "39.8283,-98.5795",
            "limitType": "2",
            "limitValue": "13000000",
            "pageSize": "2000",
            "page": "2",
            "sort": "0",
        }

    def test_pages_are_not_asked_for_in_haste(self, server: PublicServer, locator: Locator, tmp_path: Path) -> None:
        waits: list[float] = []
        bring(server, tmp_path, waits)
        assert waits == [0.5, 0.5]

    def test_progress_counts_facilities(self, server: PublicServer, locator: Locator, tmp_path: Path) -> None:
        told: list[tuple[int, int, str]] = []
        bring(server, tmp_path, progress=lambda *now: told.append(now))
        label = "FindTreatment.gov locator (facilities)"
        assert told == [(2, 5, label), (4, 5, label), (5, 5, label)]

    def test_numbers_that_come_as_text_are_read(self, server: PublicServer, tmp_path: Path) -> None:
        locator = Locator(AROUND, 5)
        texts = {name: str(locator.document(1)[name]) for name in ("page", "totalPages", "recordCount")}
        server.replies[PATH] = lambda asked: as_json(locator.document(1) | texts)
        assert bring(server, tmp_path).details["rows"] == 5

    def test_fewer_rows_than_announced_is_noted(self, server: PublicServer, tmp_path: Path) -> None:
        locator = Locator(AROUND, 5)
        server.replies[PATH] = lambda asked: as_json(locator.document(1) | {"recordCount": 7})
        assert bring(server, tmp_path).notes == ("5 facilities came although 7 were announced",)

    def test_the_radius_reaches_every_state_and_territory(self) -> None:
        rows = [
            {"latitude": str(latitude), "longitude": str(longitude)}
            for latitude, longitude in ((13.44, 144.79), (-14.27, -170.7), (18.47, -66.1), (71.29, -156.79))
        ]
        assert misplaced(rows, question()) == ""


class TestBadConnection:
    def test_errors_are_waited_out(self, server: PublicServer, locator: Locator, tmp_path: Path) -> None:
        locator.faults = [failing(500), None, failing(429, Retry_After="9")]
        waits: list[float] = []
        assert bring(server, tmp_path, waits).details["rows"] == 5
        assert pages_asked(server) == [1, 1, 2, 2, 3]
        assert 9.0 in waits

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda answer: Answer(answer.body, cut_at=40),
            lambda answer: Answer(answer.body[:40]),
            lambda answer: Answer(b""),
            lambda answer: Answer(b"\xff\xfe{}"),
        ],
        ids=["cut off", "truncated JSON", "empty", "no text"],
    )
    def test_a_spoilt_page_is_asked_for_again(
        self, spoil: Any, server: PublicServer, locator: Locator, tmp_path: Path
    ) -> None:
        locator.faults = [None, lambda asked: spoil(locator.page(2))]
        assert names(bring(server, tmp_path)) == [name for name, _, _ in AROUND]
        assert pages_asked(server) == [1, 2, 2, 3]

    def test_one_that_stays_spoilt_is_given_up_and_the_next_call_goes_on(
        self, server: PublicServer, locator: Locator, tmp_path: Path
    ) -> None:
        locator.faults = [None, None, *[lambda asked: Answer(b'{"rows": [')] * 4]
        assert "page 3 is no whole JSON text" in refusal(server, tmp_path)
        server.asked.clear()
        found = bring(server, tmp_path)
        assert pages_asked(server) == [3]
        assert names(found) == [name for name, _, _ in AROUND]
        assert found.resumed_from == 2

    def test_an_old_file_survives_a_failed_update(self, server: PublicServer, locator: Locator, tmp_path: Path) -> None:
        first = bring(server, tmp_path)
        locator.faults = [failing(404)]
        with pytest.raises(AddressFault, match="404"):
            bring(server, tmp_path)
        assert verified(first.path) is not None


class TestResuming:
    def leave(self, server: PublicServer, locator: Locator, folder: Path, after: int) -> None:
        locator.faults = [None] * after + [failing(404)]
        with pytest.raises(AddressFault):
            bring(server, folder)
        server.asked.clear()

    def test_half_a_line_is_fetched_again(self, server: PublicServer, locator: Locator, tmp_path: Path) -> None:
        self.leave(server, locator, tmp_path, after=2)
        part = tmp_path / "pages.jsonl.part"
        part.write_bytes(part.read_bytes()[:-20])
        assert names(bring(server, tmp_path)) == [name for name, _, _ in AROUND]
        assert pages_asked(server) == [2, 3]

    def test_another_question_starts_again(self, server: PublicServer, locator: Locator, tmp_path: Path) -> None:
        self.leave(server, locator, tmp_path, after=2)
        bring(server, tmp_path, near=HOBOKEN)
        assert pages_asked(server) == [1, 2, 3]

    def test_pages_of_two_days_are_not_mixed(self, server: PublicServer, locator: Locator, tmp_path: Path) -> None:
        self.leave(server, locator, tmp_path, after=2)
        state_file = tmp_path / "pages.jsonl.part.json"
        state = json.loads(state_file.read_text())
        state_file.write_text(json.dumps(state | {"started_at": "2025-01-01T00:00:00+00:00"}))
        bring(server, tmp_path)
        assert pages_asked(server) == [1, 2, 3]

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"started_at": "2025-01-01T00:00:00"}'])
    def test_a_broken_record_of_the_part_starts_again(
        self, text: str, server: PublicServer, locator: Locator, tmp_path: Path
    ) -> None:
        self.leave(server, locator, tmp_path, after=2)
        (tmp_path / "pages.jsonl.part.json").write_text(text)
        assert bring(server, tmp_path).details["rows"] == 5
        assert pages_asked(server) == [1, 2, 3]

    def test_an_interrupt_keeps_whole_pages(self, server: PublicServer, locator: Locator, tmp_path: Path) -> None:
        def interrupt(done: int, total: int, label: str) -> None:
            if done == 4:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            bring(server, tmp_path, progress=interrupt)
        server.asked.clear()
        assert bring(server, tmp_path).details["rows"] == 5
        assert pages_asked(server) == [3]


class TestAnswersThatAreSomethingElse:
    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ("[]", "an object with rows is needed, not a list"),
            ("{}", "'rows' must be a list of facilities"),
            ('{"error": "down"}', "'rows' must be a list of facilities; it has error"),
            ('{"rows": {}}', "'rows' must be a list"),
            ('{"rows": [1]}', "'rows' must be a list of facilities"),
            ('{"rows": [], "page": null}', "'page' must be a whole number, not null"),
            ('{"rows": [], "page": 1, "totalPages": 1.5}', "'totalPages' must be a whole number, not 1.5"),
            ('{"rows": [], "page": 1, "totalPages": 1, "recordCount": true}', "'recordCount' must be a whole number"),
            ('{"rows": [], "page": 1, "totalPages": 1, "recordCount": -3}', "'recordCount' must be a whole number"),
            ('{"rows": [], "page": 4, "totalPages": 9, "recordCount": 1}', "it says that it is page 4"),
            ("<!doctype html><p>Maintenance", "sends a web page instead of JSON"),
        ],
    )
    def test_each_is_named_at_once(self, body: str, words: str, server: PublicServer, tmp_path: Path) -> None:
        server.replies[PATH] = lambda asked: as_json(body)
        assert words in refusal(server, tmp_path)
        assert len(server.asked) == 1
        assert list(tmp_path.iterdir()) == []

    def test_a_web_page_by_its_type(self, server: PublicServer, tmp_path: Path) -> None:
        server.replies[PATH] = lambda asked: Answer(b"Sorry", headers={"Content-Type": "text/html"})
        assert "sends a web page instead of JSON" in refusal(server, tmp_path)

    def test_a_server_that_overlooks_the_page_is_caught_by_its_number(
        self, server: PublicServer, locator: Locator, tmp_path: Path
    ) -> None:
        server.replies[PATH] = lambda asked: locator.page(1)
        assert "it says that it is page 1" in refusal(server, tmp_path)

    def test_and_by_its_rows(self, server: PublicServer, locator: Locator, tmp_path: Path) -> None:
        server.replies[PATH] = lambda asked: as_json(locator.document(1) | {"page": int(asked.query["page"])})
        assert "page 2 of" in (message := refusal(server, tmp_path))
        assert "repeats page 1" in message

    def test_an_empty_page_in_the_middle_is_caught(
        self, server: PublicServer, locator: Locator, tmp_path: Path
    ) -> None:
        locator.faults = [None, lambda asked: as_json(locator.document(2) | {"rows": []})]
        assert "is empty although 3 were announced" in refusal(server, tmp_path)

    def test_a_country_without_a_facility_is_no_answer(self, server: PublicServer, tmp_path: Path) -> None:
        server.replies[PATH] = Locator([], 2)
        assert "lists no facility for the whole country" in refusal(server, tmp_path)

    def test_an_absurd_number_of_pages_is_refused(self, server: PublicServer, locator: Locator, tmp_path: Path) -> None:
        server.replies[PATH] = lambda asked: as_json(locator.document(1) | {"totalPages": 10**6})
        assert "announces 1000000 pages; at most 200 are expected" in refusal(server, tmp_path)

    def test_a_page_is_kept_on_one_line_with_every_character(self) -> None:
        text = '{"page": 1,\r\n "totalPages": 1, "recordCount": 1, "rows": [{"name1": "A\u2028 \\n \u00e9"}]}'
        page = read_page(text.encode("utf-8-sig"), {}, 1, "https://agency.gov")
        assert page.line.count(b"\n") == 1
        assert json.loads(page.line) == json.loads(text)


class TestListThatIsEdited:
    def edited(self, locator: Locator) -> Reply:
        def answer(asked: Asked) -> Answer:
            locator.facilities.append((f"New {len(locator.facilities)}", 40.9, -74.1))
            return locator.page(int(asked.query["page"]))

        return answer

    def test_once_it_is_fetched_again_from_the_first_page(
        self, server: PublicServer, locator: Locator, tmp_path: Path
    ) -> None:
        locator.faults = [None, self.edited(locator)]
        found = bring(server, tmp_path)
        assert pages_asked(server) == [1, 2, 1, 2, 3]
        assert found.details["rows"] == found.details["record_count"] == 6
        assert "went from 5 to 6" in found.notes[0]
        assert "so all were fetched again" in found.notes[0]

    def test_twice_it_is_given_up(self, server: PublicServer, locator: Locator, tmp_path: Path) -> None:
        locator.faults = [None, self.edited(locator), None, self.edited(locator)]
        assert "is being edited (the number of facilities went from 6 to 7, twice)" in refusal(server, tmp_path)
        assert list(tmp_path.iterdir()) == []


class TestAroundAPlace:
    def test_the_point_and_the_distance_are_sent(self, server: PublicServer, locator: Locator, tmp_path: Path) -> None:
        found = bring(server, tmp_path, near=HOBOKEN, within_km=40.5)
        assert {server.asked[0].query[name] for name in ("sAddr", "limitValue")} == {"40.745251,-74.027926", "40500"}
        assert found.details["asked"]["within_km"] == 40.5
        assert found.details["asked"]["whole_country"] is False

    def test_a_server_that_takes_longitude_first_is_understood(self, server: PublicServer, tmp_path: Path) -> None:
        near, far = Locator(AROUND, 2), Locator(FAR, 2)

        def answer(asked: Asked) -> Answer:
            swapped = asked.query["sAddr"].startswith("-74")
            return (near if swapped else far).page(int(asked.query["page"]))

        server.replies[PATH] = answer
        found = bring(server, tmp_path, near=HOBOKEN)
        assert found.details["order"] == "longitude first"
        assert names(found) == [name for name, _, _ in AROUND]
        assert [asked.query["sAddr"] for asked in server.asked] == ["40.745251,-74.027926"] + [
            "-74.027926,40.745251"
        ] * 3

    def test_a_server_that_overlooks_the_place_is_refused(self, server: PublicServer, tmp_path: Path) -> None:
        server.replies[PATH] = Locator(FAR, 2)
        message = refusal(server, tmp_path, near=HOBOKEN)
        assert "lists 2 of 2 facilities outside 80 km around 40.7453,-74.0279, with latitude first and with" in message
        assert len(server.asked) == 2
        assert list(tmp_path.iterdir()) == []

    def test_a_refusal_of_the_swapped_order_keeps_the_first_reason(self, server: PublicServer, tmp_path: Path) -> None:
        locator = Locator([], 2)
        locator.faults = [None, failing(400)]
        server.replies[PATH] = locator
        assert "lists no facility around" in (message := refusal(server, tmp_path, near=HOBOKEN))
        assert "ask for a wider distance" in message

    def test_a_few_stray_points_are_no_reason(self) -> None:
        asked = question(None, HOBOKEN, 80.0)
        rows: list[dict[str, Any]] = [{"latitude": "40.7", "longitude": "-74.0"}] * 19
        assert misplaced([*rows, {"latitude": "34", "longitude": "-118"}], asked) == ""
        assert misplaced(rows[:1] + [{"latitude": "34", "longitude": "-118"}], asked) != ""

    def test_rows_without_a_point_say_nothing_about_the_order(self) -> None:
        rows: list[dict[str, Any]] = [{"latitude": "", "longitude": None}, {"latitude": "0", "longitude": "0"}, {}]
        assert misplaced(rows, question(None, HOBOKEN, 80.0)) == ""

    @pytest.mark.parametrize(
        ("near", "within_km", "words"),
        [
            (None, 50.0, "needs a place to count from"),
            ((-74.0, 240.0), 50.0, "write latitude, then longitude"),
            ((float("nan"), -74.0), 50.0, "is no point"),
            (HOBOKEN, 0.0, "a distance of 0 km cannot be used"),
            (HOBOKEN, float("inf"), "a distance of inf km cannot be used"),
            (HOBOKEN, 6000.0, "1 to 5000 km can"),
        ],
    )
    def test_what_cannot_be_asked_is_refused(
        self, near: tuple[float, float] | None, within_km: float, words: str
    ) -> None:
        with pytest.raises(InputError, match=words):
            question(None, near, within_km)

    def test_without_a_distance_the_usual_one_is_taken(self) -> None:
        assert question(None, HOBOKEN).within_km == sources()["findtreatment"]["near_km"]
        assert isinstance(question(), Question)


def test_neither_the_client_nor_numpy_is_imported_before_it_is_needed() -> None:
    code = "import sys, ketascope.care.download; print([m for m in ('httpx', 'tenacity', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
