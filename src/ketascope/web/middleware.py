"""What holds for every request: limits on what comes in, headers on what goes out, no traceback in either."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request

from ketascope.web.rendering import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ketascope.web.settings import Settings

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
_FRAMES_LOGGED = 8
_LOG = logging.getLogger("ketascope.web")


class Guard:
    """Refuses what is too long, sets the security headers, and turns any failure into a page that tells nothing."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False
        is_head = scope["method"] == "HEAD"

        async def guarded_send(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                # Results depend on the query alone, but a shared machine's browser should keep none of them.
                headers.setdefault("Cache-Control", "no-store")
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        request = Request(scope)
        if len(scope["query_string"]) > self._settings.query_bytes_most:
            line = f"This address is longer than {self._settings.query_bytes_most} characters after the question mark."
            await problem(request, 414, "Address too long", line)(scope, receive, guarded_send)
            return
        # Whatever answers to GET answers to HEAD.
        inner = {**scope, "method": "GET"} if is_head else scope
        try:
            await self._app(inner, self._limited(request, receive), guarded_send)
        except Exception as error:
            # The message of an error may quote what a visitor wrote, so only where it happened is logged.
            where = "".join(traceback.format_tb(error.__traceback__)[-_FRAMES_LOGGED:])
            _LOG.error("%s at %s\n%s", type(error).__name__, scope["path"], where)
            if has_started:
                raise
            line = "Something failed here; the fault is not yours. Nothing of your request was kept."
            await problem(request, 500, "Something failed", line)(scope, receive, guarded_send)

    def _limited(self, request: Request, receive: Receive) -> Receive:
        """`receive` that ends a body once it is longer than the limit."""
        most, taken = self._settings.body_bytes_most, 0
        line = f"What was sent is larger than {most / 1e6:g} MB."
        told = request.headers.get("content-length", "")

        async def limited() -> Message:
            nonlocal taken
            if told.isdigit() and int(told) > most:
                raise HTTPException(413, line)
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise HTTPException(413, line)
            return message

        return limited
