"""A page on the web, fetched on the user's machine: one request, nothing that the page names is loaded."""

from __future__ import annotations

import threading
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from ketascope._version import __version__
from ketascope.claims.reading.formats import check_content_type
from ketascope.claims.reading.limits import megabytes, reading_limit, shown
from ketascope.errors import InputError

if TYPE_CHECKING:
    import httpx

SCHEMES = ("http", "https")
_MOVED = (301, 302, 303, 307, 308)
_REFUSALS = {
    401: "it asks for a login",
    403: "it refuses; some servers refuse programs and let a browser through",
    404: "nothing is there; check the address",
    410: "the page was taken away",
    429: "it is asked too often; try again later",
}
_ADVICE = "save the page from a browser and give the file"


@dataclass(frozen=True)
class Fetched:
    """What a server sent. `address` is where it came from in the end, without any login in it."""

    content: bytes
    address: str
    content_type: str
    charset: str


def fetch(address: str, *, seconds: float | None = None) -> Fetched:
    """The bytes at `address`. Raises InputError when they cannot be had within the limits."""
    limit = reading_limit("fetch_seconds") if seconds is None else seconds
    answers: list[Fetched | BaseException] = []

    def work() -> None:
        try:
            answers.append(_follow(address, time.monotonic() + limit, limit))
        except BaseException as error:  # handed to the caller, who is waiting
            answers.append(error)

    # A server that sends a byte now and then never lets a read time out; only the clock outside can stop it.
    thread = threading.Thread(target=work, name="ketascope-fetch", daemon=True)
    thread.start()
    thread.join(limit + 1.0)
    if not answers:
        raise _late(address, limit)
    answer = answers[0]
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _late(address: str, limit: float) -> InputError:
    return InputError(f"{named(address)} did not answer in full within {limit:g} s: try again, or {_ADVICE}")


def named(address: str) -> str:
    """An address for people: without login, in one line."""
    try:
        parts = urlsplit(address)
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    except ValueError:
        bare = address
    return shown(bare, 200)


def _checked(address: str, before: str = "") -> str:
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise InputError(f"{named(address)} is not a web address: give one such as https://example.org/page") from None
    if parts.scheme.lower() not in SCHEMES:
        sent = f"{named(before)} sends on to {named(address)}" if before else named(address)
        raise InputError(f"{sent}: only http and https addresses are fetched; give a file by its path")
    if not host:
        raise InputError(f"{named(address)} names no server: give an address such as https://example.org/page")
    return address


def _follow(address: str, end: float, limit: float) -> Fetched:
    import httpx

    most = int(reading_limit("fetch_redirects"))
    headers = {
        "User-Agent": f"ketascope/{__version__}",
        "Accept": "text/html,application/pdf,text/markdown,text/plain;q=0.9,*/*;q=0.1",
        "Accept-Encoding": "identity",
    }
    current = _checked(address)
    try:
        with httpx.Client(follow_redirects=False, headers=headers) as client:
            for _ in range(most + 1):
                left = max(0.1, end - time.monotonic())
                with client.stream("GET", current, timeout=left) as response:
                    if response.status_code in _MOVED and "location" in response.headers:
                        current = _checked(urljoin(current, response.headers["location"]), current)
                        client.cookies.clear()
                        continue
                    return _received(response, current, end, limit)
    except httpx.TimeoutException:
        raise _late(address, limit) from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
        raise InputError(
            f"{named(current)} is not a web address, or sends on to none: only http and https addresses are fetched"
        ) from None
    except httpx.HTTPError as error:
        why = shown(error, 100) or type(error).__name__
        raise InputError(
            f"cannot reach {named(current)} ({why}): check the address and the connection, or {_ADVICE}"
        ) from None
    except InputError:
        raise
    except (ValueError, OSError) as error:
        raise InputError(f"cannot fetch {named(current)} ({shown(error, 100)}): {_ADVICE}") from None
    raise InputError(f"{named(address)} sends on more than {most} times: give the address where the page really is")


def _received(response: httpx.Response, address: str, end: float, limit: float) -> Fetched:
    if response.status_code != 200:
        why = _REFUSALS.get(response.status_code, f"it answers with status {response.status_code}")
        raise InputError(f"{named(address)}: {why}, or {_ADVICE}")
    said = response.headers.get("content-type", "")
    content_type, _, rest = said.partition(";")
    content_type = content_type.strip().lower()
    check_content_type(content_type, named(address))
    content = _body(response, address, end, limit)
    charset = rest.partition("charset=")[2].partition(";")[0].strip(" \"'").lower()
    return Fetched(content, named(address), content_type, charset)


def _body(response: httpx.Response, address: str, end: float, limit: float) -> bytes:
    """The body, unpacked piece by piece, so that a small packet cannot become a huge one before it is counted."""
    most = int(reading_limit("article_bytes"))
    packed = response.headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise InputError(f"{named(address)} is packed as '{shown(packed, 30)}', which audit does not unpack: {_ADVICE}")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed not in ("identity", "") else None
    body = bytearray()
    for piece in response.iter_raw():
        if time.monotonic() > end:
            raise _late(address, limit)
        if unpack is None:
            body += piece
        else:
            try:
                body += unpack.decompress(piece, most + 1 - len(body) if len(body) <= most else 1)
            except zlib.error:
                raise InputError(f"{named(address)} came packed and cannot be unpacked: {_ADVICE}") from None
        if len(body) > most or (unpack is not None and unpack.unconsumed_tail):
            raise InputError(
                f"{named(address)} is longer than {megabytes(most)}, the limit for an article: give the part you need"
            )
    return bytes(body)
