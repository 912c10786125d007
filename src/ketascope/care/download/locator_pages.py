"""The facility locator's answers, page by page, into one file with a page to a line.

Nothing is filtered by service at the server, which refuses some codes; names are matched after loading.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketascope.care.download.addresses import sources
from ketascope.care.download.connection import (
    AddressFault,
    Patience,
    Progress,
    Setback,
    default_patience,
    open_client,
    read_whole,
)
from ketascope.care.download.locator_answers import ORDERS, SOURCE, Page, Question, misplaced, read_page
from ketascope.care.download.records import Download, now, put_in_place
from ketascope.errors import InputError
from ketascope.files import sha256_of, write_aside

if TYPE_CHECKING:
    import httpx


class _CountChanged(Exception):
    """The list was edited between two pages, so rows may be missing or doubled."""


def fetch_pages(
    asked: Question,
    target: Path,
    *,
    client: httpx.Client | None = None,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> Download:
    """Every page of the answer in `target`, one JSON answer a line as received; earlier whole pages are kept.

    Raises InputError; nothing is left under `target` then but what stood there before.
    """
    patience = patience or default_patience()
    with nullcontext(client) if client is not None else open_client(asked.url, patience) as open_one:
        assert open_one is not None
        collection = _Collection(asked, target, open_one, patience, progress)
        try:
            collection.collect()
        except _CountChanged as change:
            collection.start_again(f"{change} while the pages were fetched, so all were fetched again")
            try:
                collection.collect()
            except _CountChanged as again:
                collection.start_again("")
                raise InputError(
                    f"the list at {asked.url} is being edited ({again}, twice); try again in an hour; the store is "
                    "untouched"
                ) from None
        return collection.finish()


class _Collection:
    """Pages as they come in, and the part that they are written to."""

    def __init__(
        self, asked: Question, target: Path, client: httpx.Client, patience: Patience, progress: Progress | None
    ) -> None:
        self.asked = asked
        self.target = target
        self.part = target.with_name(target.name + ".part")
        self.state_file = target.with_name(target.name + ".part.json")
        self.client = client
        self.patience = patience
        self.progress = progress
        self.figures = sources()[SOURCE]
        self.notes: list[str] = []
        self._forget()
        self._take_over()
        self.resumed_from = self.pages

    def _forget(self) -> None:
        self.order = ORDERS[0]
        self.started_at = now()
        self.pages = self.rows = self.record_count = self.total_pages = 0
        self.seen: dict[str, int] = {}

    def start_again(self, note: str) -> None:
        """Drop every page; the note stays with the finished file."""
        self._forget()
        self.resumed_from = 0
        for file in (self.part, self.state_file):
            file.unlink(missing_ok=True)
        if note:
            self.notes.append(note)

    def collect(self) -> None:
        """Fetch the pages that are missing."""
        if self.pages == 0:
            self._add(self._first_page())
        while self.pages < self.total_pages:
            self.patience.sleep(self.figures["pause_s"])
            page = self._get(self.pages + 1, self.order)
            if (page.record_count, page.total_pages) != (self.record_count, self.total_pages):
                raise _CountChanged(f"the number of facilities went from {self.record_count} to {page.record_count}")
            self._check_new(page)
            self._add(page)

    def _first_page(self) -> Page:
        page = self._get(1, ORDERS[0])
        problem = misplaced(page.rows, self.asked)
        if problem:
            self.order = ORDERS[1]
            try:
                swapped: Page | None = self._get(1, ORDERS[1])
            except AddressFault:
                swapped = None
            if swapped is None or misplaced(swapped.rows, self.asked):
                self.order = ORDERS[0]
                raise AddressFault(self._nowhere(problem))
            page = swapped
        most = self.figures["most_pages"]
        if page.total_pages > most:
            raise AddressFault(f"{self.asked.url} announces {page.total_pages} pages; at most {most} are expected")
        self.record_count, self.total_pages = page.record_count, page.total_pages
        # In this order: pages of another question must never lie beside the record of this one.
        self.part.unlink(missing_ok=True)
        self._write_state()
        return page

    def _nowhere(self, problem: str) -> str:
        if self.asked.whole_country:
            return f"{self.asked.url} {problem} for the whole country; its answers have changed"
        place = f"{self.asked.latitude:g},{self.asked.longitude:g}"
        return (
            f"{self.asked.url} {problem} around {place}, with latitude first and with longitude first; ask for a wider "
            "distance or for the whole country"
        )

    def _get(self, number: int, order: str) -> Page:
        url = self.asked.page_url(number, order)

        def attempt() -> Page:
            largest = self.figures["largest_page_bytes"]
            accept = {"Accept": "application/json"}
            body, headers = read_whole(self.client, url, self.patience, largest, accept)
            return read_page(body, headers, number, self.asked.url)

        return self.patience.retried(attempt, url, self.progress)

    def _check_new(self, page: Page) -> None:
        if not page.rows:
            raise AddressFault(
                f"page {page.number} of {self.asked.url} is empty although {page.total_pages} were announced"
            )
        same = self.seen.get(page.fingerprint())
        if same is not None:
            raise AddressFault(
                f"page {page.number} of {self.asked.url} repeats page {same}: the server no longer turns pages"
            )

    def _add(self, page: Page) -> None:
        try:
            with self.part.open("ab") as stream:
                stream.write(page.line)
        except OSError as error:
            raise InputError(
                f"cannot write {self.part}: {error.strerror}; once that is mended run the same again, it goes on after "
                f"page {self.pages}; the store is untouched"
            ) from None
        self._count(page)
        if self.progress is not None:
            self.progress(self.rows, self.record_count, f"{self.figures['label']} (facilities)")

    def _count(self, page: Page) -> None:
        self.pages = page.number
        self.rows += len(page.rows)
        self.seen[page.fingerprint()] = page.number

    def _about(self) -> dict[str, Any]:
        asked = self.asked
        return {
            "url": asked.url,
            "latitude": asked.latitude,
            "longitude": asked.longitude,
            "within_km": asked.within_km,
            "whole_country": asked.whole_country,
            "service_type": asked.service_type,
            "page_size": asked.page_size,
        }

    def _write_state(self) -> None:
        names = ("order", "started_at", "record_count", "total_pages", "notes")
        state = {"asked": self._about()} | {name: getattr(self, name) for name in names}
        write_aside(self.state_file, json.dumps(state) + "\n")

    def _take_over(self) -> None:
        """Go on after the last whole page of an earlier call that asked the same, not long ago."""
        try:
            state = json.loads(self.state_file.read_text(encoding="utf-8"))
            age_h = (datetime.now(UTC) - datetime.fromisoformat(state["started_at"])).total_seconds() / 3600.0
            if state["asked"] != self._about() or not 0.0 <= age_h <= self.figures["resume_within_h"]:
                return
            self.order, self.started_at = state["order"], state["started_at"]
            self.record_count, self.total_pages = int(state["record_count"]), int(state["total_pages"])
            self.notes = [str(note) for note in state["notes"]]
            self._keep_whole_pages()
        except (OSError, ValueError, KeyError, TypeError):
            self._forget()

    def _keep_whole_pages(self) -> None:
        kept = 0
        with self.part.open("r+b") as stream:
            for line in stream:
                try:
                    page = read_page(line, {}, self.pages + 1, self.asked.url)
                except (Setback, AddressFault):
                    break
                if not line.endswith(b"\n") or page.record_count != self.record_count:
                    break
                self._count(page)
                kept += len(line)
            stream.truncate(kept)

    def finish(self) -> Download:
        """Give the part its name, with what is worth knowing about it."""
        if self.rows != self.record_count:
            self.notes.append(f"{self.rows} facilities came although {self.record_count} were announced")
        details = {
            "asked": self._about(),
            "order": self.order,
            "pages": self.pages,
            "rows": self.rows,
            "record_count": self.record_count,
        }
        record = Download(
            path=self.target,
            url=self.asked.url,
            bytes=self.part.stat().st_size,
            sha256=sha256_of(self.part),
            etag="",
            last_modified="",
            downloaded_at=now(),
            resumed_from=self.resumed_from,
            details=details,
            notes=tuple(self.notes),
        )
        put_in_place(self.part, self.target, record)
        self.state_file.unlink(missing_ok=True)
        return record
