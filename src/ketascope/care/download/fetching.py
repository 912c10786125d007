"""One file from one address: written to `NAME.part`, resumed where it broke off, renamed when it is whole.

Beside the part lies `NAME.part.json` with what the server said about the file, so that a later call can ask for the
rest of the same file (RFC 9110: Range with If-Range) and never glue two editions together.
"""

from __future__ import annotations

import errno
import json
import re
import shutil
import zipfile
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from ketascope.care.download.connection import (
    AddressFault,
    Patience,
    Progress,
    Setback,
    check_address,
    default_patience,
    exchange,
    header_text,
    open_client,
)
from ketascope.care.download.records import Download, now, put_in_place, recorded
from ketascope.errors import InputError
from ketascope.files import sha256_of, write_aside

if TYPE_CHECKING:
    import httpx

_FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


def fetch(
    url: str,
    target: Path,
    *,
    client: httpx.Client | None = None,
    patience: Patience | None = None,
    progress: Progress | None = None,
    expected_sha256: str | None = None,
    largest_bytes: int | None = None,
    form: Literal["any", "zip"] = "any",
) -> Download:
    """The file at `url`, whole and under the name `target`; a part of an earlier call is gone on with.

    A file that is there already and unchanged on the server is not sent again. `form` "zip" also covers workbooks:
    the end of the archive must be there. Raises InputError (see `connection`); nothing is left under `target` then
    but what stood there before.
    """
    check_address(url)
    patience = patience or default_patience()
    transfer = _Transfer(url, target, patience, progress, largest_bytes)
    with nullcontext(client) if client is not None else open_client(url, patience) as open_one:
        assert open_one is not None
        while not patience.retried(lambda: transfer.stretch(open_one), url, progress):
            patience.sleep(patience.first_wait_s)
    if transfer.unchanged is not None:
        return transfer.unchanged
    return transfer.finish(expected_sha256, form)


class _Transfer:
    """What is known about one file while it is on its way."""

    def __init__(
        self, url: str, target: Path, patience: Patience, progress: Progress | None, largest_bytes: int | None
    ) -> None:
        self.url = url
        self.target = target
        self.part = target.with_name(target.name + ".part")
        self.state_file = target.with_name(target.name + ".part.json")
        self.patience = patience
        self.progress = progress
        self.largest_bytes = largest_bytes
        self.unchanged: Download | None = None
        self.resumed_from = 0
        self.etag = ""
        self.last_modified = ""
        self.total_bytes: int | None = None
        self._remember_part()
        self.furthest = self._size()
        self.changed_before = False

    def stretch(self, client: httpx.Client) -> bool:
        """Ask for what is missing. True: all is there; False: cut off, but with something new; Setback: nothing new."""
        offset = self._size() if self._validator() else 0
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers |= {"Range": f"bytes={offset}-", "If-Range": self._validator()}
        else:
            headers |= self._unless_changed()
        try:
            with exchange(client, self.url, self.patience, headers) as response:
                if response.status_code == HTTPStatus.NOT_MODIFIED:
                    self._keep_old()
                elif response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                    self._check_complete(response, offset)
                else:
                    self._receive(response, offset)
        except Setback:
            if self._size() - self.furthest < self.patience.least_progress_bytes:
                raise
            self.furthest = self._size()
            return False
        return True

    def _receive(self, response: httpx.Response, offset: int) -> None:
        if header_text(response.headers, "Content-Type").lower().startswith("text/html"):
            raise AddressFault(
                f"{self.url} sends a web page, not a file: it has moved, or a login or notice stands before it"
            )
        if header_text(response.headers, "Content-Encoding").lower() not in ("", "identity"):
            raise AddressFault(f"{self.url} is sent packed in a way that was not asked for; its size cannot be checked")
        goes_on = response.status_code == HTTPStatus.PARTIAL_CONTENT
        if goes_on:
            self._check_same_file(response, offset)
        else:
            # The whole file comes, asked for or not: what was there belongs to another edition or another server.
            offset = 0
            before = self._validator()
            self.etag = header_text(response.headers, "ETag")
            self.last_modified = header_text(response.headers, "Last-Modified")
            if before and before != self._validator():
                self._start_over()
            length = header_text(response.headers, "Content-Length")
            self.total_bytes = int(length) if length.isdecimal() else None
        self.resumed_from = offset
        self._check_room(offset)
        self._write(response.iter_raw(), offset)
        if self.total_bytes is not None and self._size() != self.total_bytes:
            raise Setback(f"{self._size()} bytes came instead of {self.total_bytes}")

    def _check_same_file(self, response: httpx.Response, offset: int) -> None:
        found = _CONTENT_RANGE.fullmatch(header_text(response.headers, "Content-Range"))
        etag = header_text(response.headers, "ETag")
        start, total = (found[1], found[2]) if found else (None, "*")
        changed = (etag and self.etag and etag != self.etag) or (
            total != "*" and self.total_bytes is not None and int(total) != self.total_bytes
        )
        if offset == 0 or start is None or int(start) != offset or changed:
            self._discard()
            self._start_over()
            raise Setback("the file changed on the server, it is fetched from its beginning")
        if total != "*":
            self.total_bytes = int(total)

    def _start_over(self) -> None:
        """Another edition: what was reached of the old one says nothing. Once, or a fickle server is never given up."""
        if not self.changed_before:
            self.furthest = 0
        self.changed_before = True

    def _check_complete(self, response: httpx.Response, offset: int) -> None:
        """416: nothing lies after the part. Either the part is the whole file, or it is of another edition."""
        found = _CONTENT_RANGE.fullmatch(header_text(response.headers, "Content-Range"))
        etag = header_text(response.headers, "ETag")
        whole = found is not None and found[2] == str(offset) and self.total_bytes in (None, offset)
        if not offset or not whole or (etag and etag != self.etag):
            self._discard()
            raise Setback("the part that was kept fits no file of the server, it is fetched from its beginning")
        self.resumed_from = offset

    def _check_room(self, offset: int) -> None:
        total = self.total_bytes
        if total is None:
            return
        if total == 0:
            raise AddressFault(f"{self.url} is empty")
        if self.largest_bytes is not None and total > self.largest_bytes:
            raise AddressFault(self._too_large(total))
        # A part that will be written over gives its room back.
        kept = self._size() - offset
        free = shutil.disk_usage(self.target.parent).free + kept
        if total - offset > free:
            raise InputError(
                f"{self.target.name} needs {(total - offset) / 1e6:.0f} MB and {self.target.parent} has "
                f"{free / 1e6:.0f} MB left; make room and run the same again"
            )

    def _too_large(self, size: int) -> str:
        most = (self.largest_bytes or 0) / 1e6
        return f"{self.url} has {size / 1e6:.0f} MB or more; at most {most:.0f} MB were expected, so it is not fetched"

    def _write(self, pieces: Iterable[bytes], offset: int) -> None:
        done = offset
        total = self.total_bytes or 0
        try:
            self._write_state()
            with self.part.open("ab" if offset else "wb") as stream:
                for piece in pieces:
                    if done == 0 and piece.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
                        raise AddressFault(f"{self.url} sends a web page, not a file: it has moved, or wants a login")
                    done += len(piece)
                    if self.largest_bytes is not None and done > self.largest_bytes:
                        raise AddressFault(self._too_large(done))
                    stream.write(piece)
                    if self.progress is not None:
                        self.progress(done, total, f"{self.target.name} (bytes)")
        except AddressFault:
            self._discard()
            raise
        except OSError as error:
            if error.errno in _FULL_DISK:
                raise InputError(
                    f"the disk of {self.target.parent} is full after {done / 1e6:.0f} MB of {self.target.name}; make "
                    "room and run the same again, it goes on with what arrived; the store is untouched"
                ) from None
            raise InputError(f"cannot write {self.part}: {error.strerror}") from None

    def finish(self, expected_sha256: str | None, form: str) -> Download:
        """Check the whole part and give it its name."""
        size = self._size()
        if size == 0:
            self._discard()
            raise AddressFault(f"{self.url} is empty")
        if form == "zip" and not zipfile.is_zipfile(self.part):
            self._discard()
            raise AddressFault(
                f"{self.url} is no whole zip archive or workbook ({size} bytes came, its end is missing)"
            )
        checksum = sha256_of(self.part)
        if expected_sha256 is not None and checksum != expected_sha256.lower():
            self._discard()
            raise InputError(
                f"{self.url} has the checksum {checksum[:16]}..., not {expected_sha256[:16].lower()}...; it is not the "
                "file that was expected, and it was removed"
            )
        record = Download(
            path=self.target,
            url=self.url,
            bytes=size,
            sha256=checksum,
            etag=self.etag,
            last_modified=self.last_modified,
            downloaded_at=now(),
            resumed_from=self.resumed_from,
        )
        put_in_place(self.part, self.target, record)
        self.state_file.unlink(missing_ok=True)
        return record

    def _validator(self) -> str:
        """What If-Range may carry: a strong ETag, else the date. Without either a part cannot be gone on with."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified

    def _unless_changed(self) -> dict[str, str]:
        old = self._old()
        if old is None:
            return {}
        pairs = {"If-None-Match": old.etag, "If-Modified-Since": old.last_modified}
        return {name: text for name, text in pairs.items() if text}

    def _old(self) -> Download | None:
        try:
            old = recorded(self.target)
            fits = old is not None and old.url == self.url and self.target.stat().st_size == old.bytes
            return old if old is not None and fits and sha256_of(self.target) == old.sha256 else None
        except (InputError, OSError):
            return None

    def _keep_old(self) -> None:
        old = self._old()
        if old is None:
            raise AddressFault(
                f"{urlsplit(self.url).hostname} says that {self.target.name} is unchanged; it is not here"
            )
        self._discard()
        self.unchanged = replace(old, notes=(*old.notes, "unchanged on the server, so it was not sent again"))

    def _size(self) -> int:
        try:
            return self.part.stat().st_size
        except OSError:
            return 0

    def _write_state(self) -> None:
        names = ("url", "etag", "last_modified", "total_bytes")
        write_aside(self.state_file, json.dumps({name: getattr(self, name) for name in names}) + "\n")

    def _remember_part(self) -> None:
        """Take over what an earlier call left; a part of which nothing is known is dropped."""
        try:
            state = json.loads(self.state_file.read_text(encoding="utf-8"))
            if state["url"] == self.url:
                self.etag, self.last_modified = str(state["etag"]), str(state["last_modified"])
                self.total_bytes = None if state["total_bytes"] is None else int(state["total_bytes"])
                return
        except (OSError, ValueError, KeyError, TypeError):
            pass
        self._discard()

    def _discard(self) -> None:
        self.etag = self.last_modified = ""
        self.total_bytes = None
        for file in (self.part, self.state_file):
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise InputError(f"cannot remove {file}: {error.strerror}") from None
