"""The web app on this machine."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from ketascope.errors import InputError

if TYPE_CHECKING:
    from fastapi import FastAPI

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000

# What the first visitor would otherwise wait for: the compiled simulation, the drawing library for browsers, and what
# live checks compute for every article alike.
_WARM = (("GET", "/"), ("GET", "/static/vega.js"), ("POST", "/audit.json"))
_WARM_ARTICLE = "Ketamine raises glutamate in minutes. It relieves anxiety within hours. It works faster than SSRIs."
_TOO_SLOW = 504
_SECONDS_TO_FINISH = 10
# Clients close idle connections after 5 to 60 seconds; were this side the first, a request on its way would be lost.
_SECONDS_KEPT_ALIVE = 75


def serve(
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    *,
    warm: bool = True,
    report: Callable[[str], None] | None = None,
) -> None:
    """Serve the web app until it is interrupted.

    Args:
        host: the address to listen at; the default is reached from this machine only.
        port: 0 to 65535; 0 takes one that is free.
        warm: prepare the first page before the address is told.
        report: called with one line on each step, the address among them.

    Nothing about a visitor is stored and no request is logged. Raises InputError where it cannot listen there.
    """
    import uvicorn

    from ketascope.web.app import create_app

    report = report or (lambda line: None)
    with listening(host, port) as ear:
        app = create_app()
        if warm:
            report("Preparing the first page ...")
            asyncio.run(warm_up(app))
        shown = f"[{host}]" if ":" in host else host
        report(f"ketascope is at http://{shown}:{ear.getsockname()[1]}/ (Ctrl-C ends it)")
        config = uvicorn.Config(
            app,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,
            timeout_keep_alive=_SECONDS_KEPT_ALIVE,
        )
        try:
            uvicorn.Server(config).run(sockets=[ear])
        except KeyboardInterrupt:
            report("Ended.")


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; InputError with one line where it cannot."""
    if not 0 <= port <= 65535:
        raise InputError(f"--port: {port} is no port; give a number from 0 to 65535, such as {DEFAULT_PORT}")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except socket.gaierror:
        raise InputError(f"--host: '{host}' is no address of this machine; give one, such as {DEFAULT_HOST}") from None
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()
        raise InputError(f"cannot listen at {host}, port {port} ({why}); give another --port or --host") from None


async def warm_up(app: FastAPI) -> None:
    """Ask the app, inside this process, for what takes long the first time."""
    import httpx

    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{DEFAULT_HOST}") as client:
        for method, address in _WARM:
            form = {"text": (None, _WARM_ARTICLE)} if method == "POST" else None
            # What is too slow for a visitor goes on behind them, so asking again waits for the same computation.
            while (answer := await client.request(method, address, files=form)).status_code == _TOO_SLOW:
                pass
            answer.raise_for_status()
