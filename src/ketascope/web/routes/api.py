"""What the app answers to, for programs: the OpenAPI description, and the same as a plain page."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ketascope.web.rendering import json_page, page

router = APIRouter(include_in_schema=False)


@router.get("/api/openapi.json")
async def openapi(request: Request) -> Response:
    """The description by the OpenAPI standard."""
    return json_page(request.app.openapi())


@router.get("/api")
async def api(request: Request) -> Response:
    """All addresses with what they take."""
    operations = [
        {
            "method": method.upper(),
            "path": path,
            "summary": operation.get("summary", ""),
            "parameters": [(part["name"], part.get("description", "")) for part in operation.get("parameters", ())],
        }
        for path, methods in sorted(request.app.openapi()["paths"].items())
        for method, operation in methods.items()
    ]
    return page(request, "api.html", operations=operations)
