"""A server on this computer that answers like the public ones, and misbehaves on request."""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from ketascope.care.download.connection import USER_AGENT, Patience


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What is sent back. `cut_at`: bytes after which the connection is closed; `length`: a Content-Length that lies."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    length: int | None = None
    piece_bytes: int | None = None
    pause_s: float = 0.0


# Trusts nobody.
BARE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Reply = Callable[[Asked], Answer]


class PublicServer(ThreadingHTTPServer):
    """Answers by path; `asked` holds every request in order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[Asked] = []
        self.replies: dict[str, Reply] = {}

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def client(self, timeout_s: float = 5.0, **_: Any) -> httpx.Client:
        """A client for this server alone; without certificates, whose reading takes longer than all else."""
        return httpx.Client(headers={"User-Agent": USER_AGENT}, timeout=timeout_s, trust_env=False, verify=BARE)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no fault of the test."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: PublicServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = Asked(parts.path, dict(parse_qsl(parts.query)), dict(self.headers.items()))
        self.server.asked.append(asked)
        reply = self.server.replies.get(parts.path)
        answer = reply(asked) if reply else Answer(b"nothing here", 404)
        self.send_response(answer.status)
        for name, text in answer.headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
        self.send_header("Connection", "close")
        self.end_headers()
        body = answer.body if answer.cut_at is None else answer.body[: answer.cut_at]
        step = answer.piece_bytes or max(len(body), 1)
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            self.wfile.flush()
            time.sleep(answer.pause_s)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are kept in `asked`, not printed."""


@contextmanager
def public_server() -> Iterator[PublicServer]:
    with PublicServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def quick(waits: list[float] | None = None, **changes: Any) -> Patience:
    """Patience that notes its waits instead of waiting."""
    figures: dict[str, Any] = {
        "attempts": 4,
        "connect_attempts": 2,
        "first_wait_s": 1.0,
        "longest_wait_s": 30.0,
        "longest_asked_wait_s": 120.0,
        "timeout_s": 5.0,
        "connect_timeout_s": 5.0,
        "least_progress_bytes": 1_000_000,
        "redirects": 3,
        "sleep": (waits if waits is not None else []).append,
    }
    return Patience(**(figures | changes))


class PublishedFile:
    """A file with a validator, sent in whole or in part; `faults` are used up one a request, None meaning none."""

    def __init__(
        self,
        body: bytes,
        *,
        etag: str = '"first"',
        last_modified: str = "Mon, 05 May 2025 10:00:00 GMT",
        content_type: str = "application/octet-stream",
    ) -> None:
        self.body = body
        self.etag = etag
        self.last_modified = last_modified
        self.content_type = content_type
        self.honours_range = True
        self.faults: list[Reply | int | None] = []

    def __call__(self, asked: Asked) -> Answer:
        fault = self.faults.pop(0) if self.faults else None
        if callable(fault):
            return fault(asked)
        headers = {"Content-Type": self.content_type}
        if self.etag:
            headers["ETag"] = self.etag
        if self.last_modified:
            headers["Last-Modified"] = self.last_modified
        if self.etag and asked.headers.get("If-None-Match") == self.etag:
            return Answer(b"", 304, headers, length=0)
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("Range", ""))
        same = asked.headers.get("If-Range") in (self.etag, self.last_modified)
        if wanted and same and self.honours_range:
            start = int(wanted[1])
            if start >= len(self.body):
                return Answer(b"", 416, headers | {"Content-Range": f"bytes */{len(self.body)}"})
            headers["Content-Range"] = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
            return Answer(self.body[start:], 206, headers, cut_at=fault)
        return Answer(self.body, 200, headers, cut_at=fault)


class Locator:
    """Answers like the facility locator over made-up facilities of (name, latitude, longitude)."""

    def __init__(self, facilities: Sequence[tuple[str, float, float]], page_size: int) -> None:
        self.facilities = list(facilities)
        self.page_size = page_size
        self.faults: list[Reply | None] = []

    def document(self, number: int) -> dict[str, Any]:
        start = (number - 1) * self.page_size
        rows = [
            {"name1": name, "latitude": str(latitude), "longitude": str(longitude), "services": []}
            for name, latitude, longitude in self.facilities[start : start + self.page_size]
        ]
        count = len(self.facilities)
        return {"page": number, "totalPages": -(-count // self.page_size), "recordCount": count, "rows": rows}

    def page(self, number: int) -> Answer:
        return as_json(self.document(number))

    def __call__(self, asked: Asked) -> Answer:
        fault = self.faults.pop(0) if self.faults else None
        return fault(asked) if fault is not None else self.page(int(asked.query["page"]))


def as_json(document: Any, **changes: Any) -> Answer:
    text = document if isinstance(document, str) else json.dumps(document, indent=1)
    return Answer(text.encode(), headers={"Content-Type": "application/json"}, **changes)


def failing(status: int, **headers: str) -> Reply:
    """A status with headers; underscores of their names stand for hyphens."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return lambda asked: Answer(b"busy", status, named)
