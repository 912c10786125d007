"""Style sheets, scripts and the icon."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from ketascope.web.assets import asset

router = APIRouter(include_in_schema=False)

KEEP = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


@router.get("/static/{name}")
async def static(request: Request, name: str) -> Response:
    """A file; one that is asked for by its content's digest may be kept for a year."""
    found = await run_in_threadpool(asset, name)
    if found is None:
        raise HTTPException(404)
    tag = f'"{found.digest}"'
    headers = {
        "Cache-Control": KEEP if request.query_params.get("v") == found.digest else ASK_AGAIN,
        "ETag": tag,
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=found.media_type)
    return Response(found.content, headers=headers, media_type=found.media_type)
