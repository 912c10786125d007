"""Whether the app is alive, and how busy."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from ketascope._version import __version__
from ketascope.web.computing import computing_of
from ketascope.web.rendering import json_page

router = APIRouter()


@router.get("/health", summary="Whether the app answers, and how busy it is")
async def health(request: Request) -> Response:
    """Answers at once, also while all computations are taken."""
    return json_page({"status": "ok", "version": __version__, "computing": asdict(computing_of(request).counts())})
