"""One request at a time: which addresses may be called, what counts as a passing fault, and how long to wait."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

from ketascope._version import __version__
from ketascope.care.download.addresses import patience_figures
from ketascope.errors import InputError

if TYPE_CHECKING:
    import httpx

Result = TypeVar("Result")
# Called with what is there, what is expected in all (0: not known) and a label.
Progress = Callable[[int, int, str], None]

USER_AGENT = f"ketascope/{__version__}"
_THIS_COMPUTER = ("localhost", "127.0.0.1", "::1")
_MOVED = (301, 302, 303, 307, 308)
_REFUSALS: dict[int, str] = {
    HTTPStatus.FORBIDDEN: "it refuses; some servers refuse programs and let a browser through",
    HTTPStatus.UNAUTHORIZED: "it asks for a login",
    HTTPStatus.NOT_FOUND: "nothing is there; the file has probably moved",
    HTTPStatus.GONE: "the file was taken away",
}
_HANDED_ON = (
    HTTPStatus.OK,
    HTTPStatus.PARTIAL_CONTENT,
    HTTPStatus.NOT_MODIFIED,
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
)


class AddressFault(InputError):
    """The server answers, but not with the file: the address has moved, wants a login, or refuses programs."""


class Unreachable(InputError):
    """There is no connection, or it broke off once too often; the same call may work later."""


class Setback(Exception):
    """A fault that may pass: the connection broke, the server is busy. Never reaches a user."""

    def __init__(self, reason: str, *, asked_wait_s: float | None = None, connected: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.asked_wait_s = asked_wait_s
        self.connected = connected


@dataclass(frozen=True)
class Patience:
    """How often and how long a passing fault is waited for. `sleep` takes seconds; tests put their own in."""

    attempts: int
    connect_attempts: int
    first_wait_s: float
    longest_wait_s: float
    longest_asked_wait_s: float
    timeout_s: float
    connect_timeout_s: float
    least_progress_bytes: int
    redirects: int
    sleep: Callable[[float], None] = time.sleep

    def retried(self, attempt: Callable[[], Result], url: str, progress: Progress | None = None) -> Result:
        """What `attempt` returns, called again after each Setback. Raises Unreachable when the patience is spent."""
        from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter

        growing = wait_exponential_jitter(self.first_wait_s, self.longest_wait_s, jitter=self.first_wait_s)
        host = urlsplit(url).hostname

        def setback(state: RetryCallState) -> Setback:
            error = state.outcome.exception() if state.outcome else None
            assert isinstance(error, Setback)
            return error

        def spent(state: RetryCallState) -> bool:
            return state.attempt_number >= (self.attempts if setback(state).connected else self.connect_attempts)

        def wait_s(state: RetryCallState) -> float:
            asked_s = setback(state).asked_wait_s
            return float(growing(state)) if asked_s is None else asked_s

        def tell(state: RetryCallState) -> None:
            if progress is not None:
                wait = state.next_action.sleep if state.next_action else 0.0
                progress(0, 0, f"{host}: {setback(state).reason}; trying again in {wait:.0f} s")

        def once() -> Result:
            try:
                return attempt()
            except Setback as error:
                if (error.asked_wait_s or 0.0) > self.longest_asked_wait_s:
                    raise InputError(
                        f"{host} is busy and asks to wait {(error.asked_wait_s or 0.0) / 60.0:.0f} minutes; "
                        "run the same again after that, it goes on with what arrived; the store is untouched"
                    ) from None
                raise

        calls = Retrying(
            retry=retry_if_exception_type(Setback),
            stop=spent,
            wait=wait_s,
            sleep=self.sleep,
            before_sleep=tell,
            reraise=True,
        )
        try:
            return calls(once)
        except Setback as error:
            raise Unreachable(_given_up(error, url)) from None


def default_patience() -> Patience:
    """The patience of `downloads.toml`."""
    return Patience(**patience_figures())


def _given_up(error: Setback, url: str) -> str:
    by_hand = "run `ketascope providers build FILE` with the file fetched elsewhere"
    host = urlsplit(url).hostname
    if not error.connected:
        return (
            f"no connection to {host} ({error.reason}); the store is untouched and `ketascope find` works with what "
            f"is there; try again later, or {by_hand}"
        )
    return (
        f"{host} did not send the whole answer ({error.reason}); the store is untouched; run the same again, it goes "
        f"on with what arrived, or {by_hand}"
    )


def is_this_computer(url: str) -> bool:
    """Whether an address names the computer that the program runs on."""
    return urlsplit(url).hostname in _THIS_COMPUTER


def check_address(url: str, came_from: str | None = None) -> str:
    """The address, if it may be called: https, or http on this computer. Raises InputError.

    A redirect may not lead from a public address into this computer.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InputError(f"'{url}' is no address; write one like https://HOST/PATH") from None
    local = is_this_computer(url) and (came_from is None or is_this_computer(came_from))
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        where = f"{came_from} leads to '{url}', which is not followed" if came_from else f"'{url}' is not called"
        raise InputError(f"{where}: an address must begin with https:// (http:// is for this computer alone)")
    if parts.username or parts.password:
        raise InputError(f"'{parts.scheme}://...@{host}' carries a password; public files need none, leave it out")
    return url


def open_client(url: str, patience: Patience) -> httpx.Client:
    """A client for one server. Raises InputError where the proxy settings of this computer cannot be used."""
    import httpx

    try:
        return httpx.Client(
            headers={"User-Agent": USER_AGENT},
            timeout=httpx.Timeout(patience.timeout_s, connect=patience.connect_timeout_s),
            follow_redirects=False,
            # A proxy has no business between this computer and itself.
            trust_env=not is_this_computer(url),
        )
    except (ImportError, ValueError) as error:
        raise InputError(f"the proxy settings of this computer cannot be used: {error}") from None


@contextmanager
def exchange(
    client: httpx.Client, url: str, patience: Patience, headers: Mapping[str, str] | None = None
) -> Iterator[httpx.Response]:
    """The answer to a GET, its body still to be read; redirects are followed as `check_address` allows.

    Answers 200, 206, 304 and 416 are handed on. Raises Setback for what may pass, AddressFault for the rest.
    """
    import httpx

    try:
        here = check_address(url)
        for _ in range(patience.redirects + 1):
            response = client.send(client.build_request("GET", here, headers=headers), stream=True)
            try:
                if response.status_code not in _MOVED or "Location" not in response.headers:
                    _check_status(response, url)
                    yield response
                    return
                here = check_address(_led_to(here, response.headers["Location"]), came_from=here)
            finally:
                response.close()
        raise AddressFault(f"{url} leads from one address to the next without end")
    except httpx.InvalidURL:
        raise InputError(f"'{url}' is no address; write one like https://HOST/PATH") from None
    except httpx.HTTPError as error:
        raise _translated(error, url) from None


def read_whole(
    client: httpx.Client, url: str, patience: Patience, largest_bytes: int, headers: Mapping[str, str] | None = None
) -> tuple[bytes, httpx.Headers]:
    """Body and headers of a small answer. Raises as `exchange`, and AddressFault above `largest_bytes`."""
    with exchange(client, url, patience, headers) as response:
        if response.status_code != HTTPStatus.OK:
            raise AddressFault(f"{urlsplit(url).hostname} sends a part of {url} although all of it was asked for")
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > largest_bytes:
                raise AddressFault(f"{url} sends more than {largest_bytes / 1e6:.0f} MB; that is not what was expected")
        return bytes(body), response.headers


def _led_to(here: str, location: str) -> str:
    try:
        return urljoin(here, location)
    except ValueError:
        return location


def _check_status(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if status in _HANDED_ON:
        return
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Setback(f"answer {status}", asked_wait_s=_asked_wait_s(response.headers.get("Retry-After", "")))
    said = _REFUSALS.get(status, "that is no file")
    raise AddressFault(f"{urlsplit(url).hostname} answers {status} for {url}: {said}")


def _asked_wait_s(text: str) -> float | None:
    """Seconds that a Retry-After asks for: a number, or a date; None where it says nothing readable."""
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _translated(error: httpx.HTTPError, url: str) -> Exception:
    import httpx

    causes = tuple(_causes(error))
    host = urlsplit(url).hostname
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return InputError(
            f"{host} does not prove who it is (certificate refused); a proxy or a login page may stand between; "
            "nothing was downloaded and the store is untouched"
        )
    if isinstance(error, httpx.UnsupportedProtocol):
        return InputError(f"'{url}' is not called: an address must begin with https://")
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError):
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return Setback("its name cannot be looked up; this computer seems to be offline", connected=False)
        if isinstance(error, httpx.ProxyError):
            return Setback("the proxy refuses", connected=False)
        slow = isinstance(error, httpx.TimeoutException)
        return Setback("no answer in time" if slow else "it cannot be reached", connected=False)
    if isinstance(error, httpx.TimeoutException):
        return Setback("it fell silent")
    return Setback("the connection broke off")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def header_text(headers: Any, name: str) -> str:
    """One header, "" where it was not sent."""
    return str(headers.get(name, "")).strip()
