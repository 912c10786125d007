"""The web app in the process of the test: requests without a socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import httpx

from ketascope.web.app import create_app
from ketascope.web.serving import listening
from ketascope.web.settings import load_settings

T = TypeVar("T")


class WebClient:
    """Asks one app; each method is a plain call that returns the whole response."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    def request(self, method: str, address: str, **rest: Any) -> httpx.Response:
        return self.run(self._client.request(method, address, **rest))

    def get(self, address: str, **rest: Any) -> httpx.Response:
        return self.request("GET", address, **rest)

    def post(self, address: str, **rest: Any) -> httpx.Response:
        return self.request("POST", address, **rest)

    def together(self, *addresses: str) -> list[httpx.Response]:
        """All at the same time."""

        async def ask() -> list[httpx.Response]:
            return list(await asyncio.gather(*(self._client.get(address) for address in addresses)))

        return self.run(ask())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine on the client's loop."""
        return self._runner.run(work)

    def close(self) -> None:
        self.run(self._client.aclose())
        self._runner.close()
        self.app.state.computing.close()


@contextmanager
def web_client(**limits: Any) -> Iterator[WebClient]:
    """A client of a fresh app. limits: settings that differ from the packaged ones."""
    client = WebClient(create_app(replace(load_settings(), **limits)))
    try:
        yield client
    finally:
        client.close()


@contextmanager
def web_server(**limits: Any) -> Iterator[str]:
    """The address of a fresh app behind a socket of this machine, for a browser. limits: as of `web_client`."""
    import uvicorn

    app = create_app(replace(load_settings(), **limits))
    with listening("127.0.0.1", 0) as ear:
        server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [ear]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{ear.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
            app.state.computing.close()
