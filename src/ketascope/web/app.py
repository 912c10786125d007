"""The app: routes, error pages and limits put together."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response

from ketascope._version import __version__
from ketascope.errors import InputError
from ketascope.web.computing import Busy, Computing, TooSlow
from ketascope.web.middleware import Guard
from ketascope.web.rendering import problem
from ketascope.web.routes import ROUTERS
from ketascope.web.settings import Settings, load_settings

_SAID = {
    404: ("No such page", "There is no page at this address. The pages are in the list at the top."),
    405: ("Asked in another way", "This address does not take that kind of request."),
}


def create_app(settings: Settings | None = None) -> FastAPI:
    """The web app with all its pages. settings: its limits, the packaged ones where none are given."""
    settings = settings or load_settings()
    computing = Computing(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        computing.close()

    app = FastAPI(
        title="ketascope",
        version=__version__,
        description="What a ketamine, esketamine or SSRI regimen would do, compared. Not medical advice.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.computing = computing
    for name in ROUTERS:
        app.include_router(importlib.import_module(f"ketascope.web.routes.{name}").router)
    app.add_exception_handler(InputError, _input_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(Busy, _busy)
    app.add_exception_handler(TooSlow, _too_slow)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(Guard, settings=settings)
    return app


async def _input_error(request: Request, error: Exception) -> Response:
    return problem(request, 400, "That cannot be used", str(error))


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = str(first["loc"][-1]) if first["loc"] else "the request"
    return problem(request, 400, "That cannot be used", f"{name}: {first['msg']}")


async def _busy(request: Request, error: Exception) -> Response:
    assert isinstance(error, Busy)
    line = f"Too many people are computing at this moment. Please try again in {error.retry_after_s} seconds."
    return problem(request, 503, "Busy at the moment", line, **{"Retry-After": str(error.retry_after_s)})


async def _too_slow(request: Request, error: Exception) -> Response:
    line = f"{error} It may be ready when you try again; fewer options or patients take less time."
    return problem(request, 504, "That took too long", line)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    usual = (HTTPStatus(error.status_code).phrase, error.detail)
    title, line = _SAID.get(error.status_code, usual)
    return problem(request, error.status_code, title, line, **(error.headers or {}))
