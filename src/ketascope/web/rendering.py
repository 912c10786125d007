"""Pages and their JSON twins: the same document at `/name` and `/name.json`, with the same query string."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

from ketascope._version import __version__
from ketascope.report.layout import HELPLINE, NOT_ADVICE, WHAT_IT_IS_NOT
from ketascope.report.pages import environment
from ketascope.web.assets import asset_address
from ketascope.web.wording import for_page

if TYPE_CHECKING:
    from starlette.requests import Request

Document = Mapping[str, Any]

NAVIGATION = (
    ("/", "Compare"),
    ("/how-it-works", "How it works"),
    ("/evidence", "Evidence"),
    ("/audit", "Audit"),
    ("/care", "Care"),
    ("/about", "About"),
)


@cache
def templates() -> Any:
    """The templates of the web app; those of the reports can be included and extended."""
    found = environment("ketascope.web")
    found.globals |= {
        "static": asset_address,
        "navigation": NAVIGATION,
        "helpline": HELPLINE,
        "not_advice": NOT_ADVICE,
        "what_it_is_not": WHAT_IT_IS_NOT,
        "version": __version__,
    }
    found.filters["for_page"] = for_page
    return found


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """An HTML page from a template in `web/templates`; `here` is its path, `query` its query string."""
    text = templates().get_template(template).render(here=request.url.path, query=request.url.query, **context)
    return HTMLResponse(text, status_code=status)


def json_page(document: Document, *, status: int = 200) -> Response:
    """A document as JSON, the same bytes each time; NaN and infinity are refused."""
    # Without indentation: that is what the fast encoder writes, and every browser sets it out itself.
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    return Response(text + "\n", status_code=status, media_type="application/json")


def wants_json(request: Request) -> bool:
    """Whether the JSON twin of a page is asked for."""
    return bool(request.url.path.endswith(".json"))


def answer(request: Request, template: str, document: Document, *, status: int = 200, **context: Any) -> Response:
    """The page of a document, or the document itself where the path ends in `.json`."""
    if wants_json(request):
        return json_page(document, status=status)
    return page(request, template, status=status, document=document, **context)


def problem(request: Request, status: int, title: str, line: str, **headers: str) -> Response:
    """One clear line on what went wrong, as a page or as JSON `{"error": line}`."""
    if wants_json(request):
        response: Response = json_page({"error": line}, status=status)
    else:
        response = page(request, "error.html", status=status, title=title, line=line)
    response.headers.update(headers)
    return response
