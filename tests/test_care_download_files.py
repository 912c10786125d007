"""One file over a bad connection: gone on with, checked, renamed when whole; otherwise one clear line and no file."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import shutil
import socket
import zipfile
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ketascope.care.download import records
from ketascope.care.download.connection import USER_AGENT, check_address
from ketascope.care.download.fetching import fetch
from ketascope.care.download.records import Download, downloads_in, verified
from ketascope.errors import InputError
from public_server import Answer, PublicServer, PublishedFile, failing, public_server, quick

BODY = bytes(range(256)) * 400
HALF = len(BODY) // 2


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
def published(server: PublicServer) -> PublishedFile:
    file = PublishedFile(BODY)
    server.replies["/file.bin"] = file
    return file


def bring(server: PublicServer, folder: Path, waits: list[float] | None = None, **choices: Any) -> Download:
    changes = {name: choices.pop(name) for name in ("attempts", "timeout_s", "least_progress_bytes") if name in choices}
    url = choices.pop("url", f"{server.base}/file.bin")
    with server.client(**changes) as client:
        return fetch(url, folder / "file.bin", client=client, patience=quick(waits, **changes), **choices)


def refusal(server: PublicServer, folder: Path, waits: list[float] | None = None, **choices: Any) -> str:
    with pytest.raises(InputError) as caught:
        bring(server, folder, waits, **choices)
    assert "\n" not in str(caught.value)
    assert not (folder / "file.bin").exists()
    assert not (folder / "file.bin.download.json").exists()
    return str(caught.value)


def ranges(server: PublicServer) -> list[str]:
    return [asked.headers.get("Range", "") for asked in server.asked]


def zipped(size: int = 50_000) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("rows.csv", b"x" * size)
    return memory.getvalue()


class TestWholeFile:
    def test_it_comes_with_its_record(self, server: PublicServer, published: PublishedFile, tmp_path: Path) -> None:
        found = bring(server, tmp_path)
        assert found.path.read_bytes() == BODY
        assert (found.bytes, found.sha256) == (len(BODY), hashlib.sha256(BODY).hexdigest())
        assert (found.etag, found.last_modified, found.resumed_from) == ('"first"', published.last_modified, 0)
        written = json.loads((tmp_path / "file.bin.download.json").read_text())
        assert {
            name: written[name] for name in ("url", "sha256", "bytes", "etag", "last_modified", "downloaded_at")
        } == {
            "url": f"{server.base}/file.bin",
            "sha256": found.sha256,
            "bytes": len(BODY),
            "etag": '"first"',
            "last_modified": published.last_modified,
            "downloaded_at": found.downloaded_at,
        }
        assert sorted(file.name for file in tmp_path.iterdir()) == ["file.bin", "file.bin.download.json"]
        assert server.asked[0].headers["User-Agent"] == USER_AGENT
        assert USER_AGENT.startswith("ketascope/")

    def test_a_slow_server_is_waited_for_and_progress_is_told(self, server: PublicServer, tmp_path: Path) -> None:
        server.replies["/file.bin"] = lambda asked: Answer(BODY, piece_bytes=HALF // 2, pause_s=0.05)
        told: list[tuple[int, int, str]] = []
        bring(server, tmp_path, progress=lambda *now: told.append(now))
        done = [now[0] for now in told]
        assert len(told) >= 4
        assert done == sorted(done)
        assert told[-1] == (len(BODY), len(BODY), "file.bin (bytes)")

    def test_one_that_is_there_already_is_not_sent_again(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        first = bring(server, tmp_path)
        second = bring(server, tmp_path)
        assert server.asked[1].headers["If-None-Match"] == '"first"'
        assert second.sha256 == first.sha256
        assert second.notes == ("unchanged on the server, so it was not sent again",)

    def test_a_newer_edition_takes_the_place_of_the_old_one(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        bring(server, tmp_path)
        published.body, published.etag = BODY[::-1], '"second"'
        assert bring(server, tmp_path).path.read_bytes() == BODY[::-1]
        assert verified(tmp_path / "file.bin") is not None

    def test_the_expected_checksum_is_compared(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        wrong = "0" * 64
        assert "not the file that was expected" in refusal(server, tmp_path, expected_sha256=wrong)
        assert list(tmp_path.iterdir()) == []
        assert bring(server, tmp_path, expected_sha256=hashlib.sha256(BODY).hexdigest().upper()).bytes == len(BODY)


class TestRetries:
    def test_errors_of_the_server_are_waited_out_longer_each_time(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        published.faults = [failing(500), failing(503), failing(502)]
        waits: list[float] = []
        assert bring(server, tmp_path, waits).bytes == len(BODY)
        assert len(server.asked) == 4
        assert 1.0 <= waits[0] <= 2.0 <= waits[1] <= 3.0
        assert 4.0 <= waits[2] <= 5.0

    def test_retry_after_is_honoured(self, server: PublicServer, published: PublishedFile, tmp_path: Path) -> None:
        published.faults = [failing(429, Retry_After="7"), failing(503, Retry_After="Mon, 05 May 2025 10:00:00 GMT")]
        waits: list[float] = []
        bring(server, tmp_path, waits)
        assert waits == [7.0, 0.0]

    def test_an_unreadable_retry_after_is_passed_over(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        published.faults = [failing(429, Retry_After="soon")]
        waits: list[float] = []
        bring(server, tmp_path, waits)
        assert 1.0 <= waits[0] <= 2.0

    def test_a_wait_of_an_hour_is_told_not_waited(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        published.faults = [failing(429, Retry_After="3600")]
        waits: list[float] = []
        assert "asks to wait 60 minutes" in refusal(server, tmp_path, waits)
        assert waits == []

    def test_a_server_that_stays_broken_is_given_up(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        published.faults = [failing(500)] * 9
        message = refusal(server, tmp_path)
        assert "127.0.0.1 did not send the whole answer (answer 500); the store is untouched" in message
        assert "ketascope providers build FILE" in message
        assert len(server.asked) == 4

    @pytest.mark.parametrize(
        ("status", "words"), [(404, "has probably moved"), (403, "refuse programs"), (410, "taken away")]
    )
    def test_a_refusal_is_final(
        self, status: int, words: str, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        published.faults = [failing(status)] * 9
        message = refusal(server, tmp_path)
        assert f"answers {status} for {server.base}/file.bin" in message
        assert words in message
        assert len(server.asked) == 1

    def test_one_that_falls_silent_is_asked_again(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        published.faults = [lambda asked: Answer(BODY, headers={"ETag": '"first"'}, piece_bytes=HALF, pause_s=0.6)]
        assert bring(server, tmp_path, timeout_s=0.2).resumed_from == HALF


class TestResuming:
    def test_a_cut_off_file_goes_on_at_the_byte(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        published.faults = [HALF, HALF // 2]
        found = bring(server, tmp_path)
        assert found.path.read_bytes() == BODY
        assert ranges(server) == ["", f"bytes={HALF}-", f"bytes={HALF + HALF // 2}-"]
        assert server.asked[1].headers["If-Range"] == '"first"'
        assert found.resumed_from == HALF + HALF // 2

    def test_progress_starts_the_count_of_attempts_again(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        published.faults = [10_000] * 8
        assert bring(server, tmp_path, attempts=2, least_progress_bytes=1000).path.read_bytes() == BODY
        assert len(server.asked) == 9

    def test_no_progress_ends_it_and_the_next_call_goes_on(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        published.faults = [HALF, 0, 0, 0]
        assert "the connection broke off" in refusal(server, tmp_path)
        assert (tmp_path / "file.bin.part").stat().st_size == HALF
        server.asked.clear()
        assert bring(server, tmp_path).path.read_bytes() == BODY
        assert ranges(server) == [f"bytes={HALF}-"]

    def test_a_server_that_cannot_go_on_starts_again(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        published.honours_range = False
        published.faults = [HALF]
        found = bring(server, tmp_path)
        assert found.path.read_bytes() == BODY
        assert found.resumed_from == 0

    def test_a_server_that_cannot_go_on_and_always_breaks_off_is_given_up(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        published.honours_range = False
        published.faults = [HALF] * 20
        refusal(server, tmp_path, least_progress_bytes=1000)
        assert len(server.asked) == 5

    def test_a_new_edition_between_two_parts_is_never_glued_on(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        def edited(asked: Any) -> Answer:
            published.body, published.etag = BODY[::-1], '"second"'
            return published(asked)

        published.faults = [HALF, edited]
        found = bring(server, tmp_path)
        assert found.path.read_bytes() == BODY[::-1]
        assert (found.etag, found.resumed_from) == ('"second"', 0)

    def test_a_server_that_overlooks_if_range_is_caught_by_its_etag(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        other = {"ETag": '"second"', "Content-Range": f"bytes {HALF}-{len(BODY) - 1}/{len(BODY)}"}
        published.faults = [HALF, lambda asked: Answer(b"z" * HALF, 206, other)]
        assert bring(server, tmp_path).path.read_bytes() == BODY
        assert ranges(server) == ["", f"bytes={HALF}-", ""]

    def test_a_part_that_starts_elsewhere_is_not_glued_on(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        wrong = {"ETag": '"first"', "Content-Range": f"bytes 5-{len(BODY) - 1}/{len(BODY)}"}
        published.faults = [HALF, lambda asked: Answer(BODY[5 : 5 + HALF], 206, wrong)]
        assert bring(server, tmp_path).path.read_bytes() == BODY

    def test_a_weak_etag_does_not_vouch_for_bytes_but_a_date_does(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        published.etag = 'W/"weak"'
        published.faults = [HALF]
        assert bring(server, tmp_path).path.read_bytes() == BODY
        assert server.asked[1].headers["If-Range"] == published.last_modified

    def test_without_etag_and_date_it_starts_again(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        published.etag = published.last_modified = ""
        published.faults = [HALF]
        assert bring(server, tmp_path).path.read_bytes() == BODY
        assert ranges(server) == ["", ""]

    def test_a_whole_part_that_was_never_renamed_is_recognised(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        leave_part(server, tmp_path, BODY)
        found = bring(server, tmp_path)
        assert found.path.read_bytes() == BODY
        assert found.resumed_from == len(BODY)
        assert len(server.asked) == 1

    def test_a_part_longer_than_the_file_is_dropped(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        leave_part(server, tmp_path, BODY + b"more")
        assert bring(server, tmp_path).path.read_bytes() == BODY
        assert ranges(server) == [f"bytes={len(BODY) + 4}-", ""]

    @pytest.mark.parametrize("record", ["", "[]", '{"url": "https://elsewhere.gov/file"}'])
    def test_a_part_of_which_nothing_is_known_is_dropped(
        self, record: str, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        (tmp_path / "file.bin.part").write_bytes(b"other")
        (tmp_path / "file.bin.part.json").write_text(record)
        assert bring(server, tmp_path).path.read_bytes() == BODY
        assert ranges(server) == [""]

    def test_an_interrupt_leaves_what_arrived(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        published.faults = [
            lambda asked: Answer(BODY, headers={"ETag": '"first"'}, piece_bytes=HALF // 2, pause_s=0.05)
        ]

        def interrupt(done: int, total: int, label: str) -> None:
            if done >= HALF:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            bring(server, tmp_path, progress=interrupt)
        assert not (tmp_path / "file.bin").exists()
        kept = (tmp_path / "file.bin.part").stat().st_size
        assert kept >= HALF
        assert bring(server, tmp_path).path.read_bytes() == BODY
        assert ranges(server)[1] == f"bytes={kept}-"


def leave_part(server: PublicServer, folder: Path, body: bytes) -> None:
    (folder / "file.bin.part").write_bytes(body)
    state = {"url": f"{server.base}/file.bin", "etag": '"first"', "last_modified": "", "total_bytes": None}
    (folder / "file.bin.part.json").write_text(json.dumps(state))


class TestWrongFiles:
    @pytest.mark.parametrize(
        "answer",
        [
            Answer(b"<p>Please log in", headers={"Content-Type": "text/html; charset=utf-8"}),
            Answer(b"\n<!DOCTYPE html><p>Moved"),
        ],
        ids=["by its type", "by its text"],
    )
    def test_a_web_page_is_no_file(self, answer: Answer, server: PublicServer, tmp_path: Path) -> None:
        server.replies["/file.bin"] = lambda asked: answer
        assert "sends a web page, not a file" in refusal(server, tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_a_length_that_is_too_short_is_caught_by_the_missing_end(
        self, server: PublicServer, tmp_path: Path
    ) -> None:
        whole = zipped()
        server.replies["/file.bin"] = lambda asked: Answer(whole, length=len(whole) - 30)
        assert "no whole zip archive" in refusal(server, tmp_path, form="zip")
        assert list(tmp_path.iterdir()) == []

    def test_a_length_that_is_too_long_never_becomes_a_file(self, server: PublicServer, tmp_path: Path) -> None:
        server.replies["/file.bin"] = lambda asked: Answer(BODY, length=len(BODY) + 30)
        assert "the connection broke off" in refusal(server, tmp_path)

    def test_a_whole_archive_is_taken(self, server: PublicServer, tmp_path: Path) -> None:
        server.replies["/file.bin"] = lambda asked: Answer(zipped())
        assert bring(server, tmp_path, form="zip").path.read_bytes() == zipped()

    def test_an_empty_file_is_refused(self, server: PublicServer, tmp_path: Path) -> None:
        server.replies["/file.bin"] = lambda asked: Answer(b"")
        assert "is empty" in refusal(server, tmp_path)

    def test_one_that_is_too_large_is_not_fetched(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        assert "at most 0 MB were expected" in refusal(server, tmp_path, largest_bytes=HALF)
        assert list(tmp_path.iterdir()) == []

    def test_a_packed_answer_that_was_not_asked_for_is_refused(self, server: PublicServer, tmp_path: Path) -> None:
        server.replies["/file.bin"] = lambda asked: Answer(BODY, headers={"Content-Encoding": "gzip"})
        assert "was not asked for" in refusal(server, tmp_path)


class TestThisComputer:
    def test_no_connection_is_one_line_that_says_what_still_works(self, tmp_path: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{taken.getsockname()[1]}/file.bin"
            waits: list[float] = []
            with pytest.raises(InputError) as caught:
                fetch(url, tmp_path / "file.bin", patience=quick(waits))
        message = str(caught.value)
        assert message.startswith("no connection to 127.0.0.1 (it cannot be reached); the store is untouched")
        assert "`ketascope find` works with what is there" in message
        assert "`ketascope providers build FILE`" in message
        assert len(waits) == 1
        assert list(tmp_path.iterdir()) == []

    def test_an_unknown_name_reads_as_offline(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_names(*args: Any, **choices: Any) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", no_names)
        with pytest.raises(InputError, match=r"no connection to agency\.invalid .*seems to be offline"):
            fetch("https://agency.invalid/file.bin", tmp_path / "file.bin", patience=quick())

    def test_too_little_room_is_said_before_the_download(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**9, 10**9, 10))
        assert "make room and run the same again" in refusal(server, tmp_path)

    def test_a_disk_that_fills_up_keeps_what_arrived(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(done: int, total: int, label: str) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        message = refusal(server, tmp_path, progress=full)
        assert "the disk of" in message
        assert "is full" in message
        kept = (tmp_path / "file.bin.part").stat().st_size
        assert kept > 0
        assert bring(server, tmp_path).resumed_from == kept

    @pytest.mark.parametrize(
        "url",
        [
            "http://agency.gov/x",
            "ftp://agency.gov/x",
            "file:///etc/hosts",
            "agency.gov/x",
            "https://",
            "https://[/x",
            "",
        ],
    )
    def test_only_safe_addresses_are_called(self, url: str, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="https://"):
            fetch(url, tmp_path / "file.bin", patience=quick())

    def test_an_address_with_a_password_is_refused_without_repeating_it(self) -> None:
        with pytest.raises(InputError, match="carries a password") as caught:
            check_address("https://me:secret@agency.gov/x")
        assert "secret" not in str(caught.value)

    def test_a_public_address_may_not_lead_into_this_computer(self) -> None:
        with pytest.raises(InputError, match="which is not followed"):
            check_address("http://localhost/x", came_from="https://agency.gov/x")


class TestRedirects:
    def test_one_is_followed(self, server: PublicServer, published: PublishedFile, tmp_path: Path) -> None:
        server.replies["/old"] = lambda asked: Answer(b"", 302, {"Location": "/file.bin"})
        found = bring(server, tmp_path, url=f"{server.base}/old")
        assert found.path.read_bytes() == BODY
        assert found.url == f"{server.base}/old"

    @pytest.mark.parametrize("there", ["file:///etc/hosts", "ftp://agency.gov/x", "http://agency.gov/x", "http://[/"])
    def test_another_scheme_is_not_followed(self, there: str, server: PublicServer, tmp_path: Path) -> None:
        server.replies["/file.bin"] = lambda asked: Answer(b"", 302, {"Location": there})
        refusal(server, tmp_path)

    def test_a_ring_ends(self, server: PublicServer, tmp_path: Path) -> None:
        server.replies["/file.bin"] = lambda asked: Answer(b"", 302, {"Location": "/file.bin"})
        assert "without end" in refusal(server, tmp_path)
        assert len(server.asked) == 4


def crash(*args: Any) -> None:
    raise KeyboardInterrupt


class TestRecords:
    def test_a_changed_file_is_named(self, server: PublicServer, published: PublishedFile, tmp_path: Path) -> None:
        found = bring(server, tmp_path)
        assert verified(found.path) == found
        found.path.write_bytes(BODY[:-1] + b"!")
        with pytest.raises(InputError, match=r"file\.bin is not the file that was downloaded on .*checksum differs"):
            verified(found.path)

    def test_a_file_brought_by_hand_has_no_record(self, tmp_path: Path) -> None:
        file = tmp_path / "mine.xlsx"
        file.write_bytes(b"mine")
        assert verified(file) is None

    def test_a_crash_before_the_new_record_never_leaves_the_old_one_beside_the_new_file(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = bring(server, tmp_path)
        published.body, published.etag = BODY[::-1], '"second"'
        monkeypatch.setattr(records, "write_aside", crash)
        with pytest.raises(KeyboardInterrupt):
            bring(server, tmp_path)
        assert found.path.read_bytes() == BODY[::-1]
        assert verified(found.path) is None

    @pytest.mark.parametrize("text", ["", "{}", "[1]", '{"url": 3}'])
    def test_a_broken_record_is_named(self, text: str, tmp_path: Path) -> None:
        file = tmp_path / "file.bin"
        file.write_bytes(b"x")
        (tmp_path / "file.bin.download.json").write_text(text)
        with pytest.raises(InputError, match=r"file\.bin\.download\.json cannot be read"):
            verified(file)

    def test_only_finished_files_are_listed(
        self, server: PublicServer, published: PublishedFile, tmp_path: Path
    ) -> None:
        found = bring(server, tmp_path)
        (tmp_path / "other.zip.part").write_bytes(b"half")
        (tmp_path / "gone.zip.download.json").write_text((tmp_path / "file.bin.download.json").read_text())
        assert downloads_in(tmp_path) == [found]
