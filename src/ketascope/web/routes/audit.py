"""Audit: a text or a file in the body of a request, its claims marked and checked, and nothing of it kept."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from ketascope.errors import InputError
from ketascope.web.computing import computing_of
from ketascope.web.queries.audit import FIELDS, NO_ADDRESSES, AuditQuery, Upload, form_schema, read_audit, read_form
from ketascope.web.queries.fields import Problem, problem_of
from ketascope.web.queries.reading import check_names
from ketascope.web.rendering import answer, page, wants_json

if TYPE_CHECKING:
    from ketascope.claims.live import Bench

router = APIRouter()

# A form that could not be used comes back with its text, unless that makes a page too heavy to be of use.
_LONGEST_ECHO = 500_000


@router.get("/audit", summary="The form for an article to audit")
async def form(request: Request) -> Response:
    """An empty form: an article is never part of an address."""
    check_names(request.query_params.keys(), ())
    return page(request, "audit.html", **_form())


@router.post("/audit", summary="The claims of an article, checked", openapi_extra=form_schema())
@router.post("/audit.json", summary="The same as JSON", openapi_extra=form_schema())
async def audited(request: Request) -> Response:
    """The marked article and the report on it."""
    check_names(request.query_params.keys(), ())
    fields: dict[str, str | Upload] = {}
    try:
        fields = await read_form(request, request.app.state.settings.body_bytes_most)
        query = read_audit(fields)
        document = await _document(request, query)
    except InputError as error:
        if wants_json(request):
            raise
        problem = problem_of(error, tuple(FIELDS))
        if not problem.field and fields:
            problem = Problem(problem.line, "text" if fields.get("text") else "file")
        return page(request, "audit.html", status=400, **_form(fields, problem))
    except HTTPException as error:
        if wants_json(request) or error.status_code != 413:
            raise
        problem = Problem(f"file: {error.detail} Give the part that matters.", "file")
        return page(request, "audit.html", status=413, **_form(fields, problem))
    if wants_json(request):
        return await run_in_threadpool(answer, request, "audit.html", document)
    return await run_in_threadpool(_page, request, document)


def _page(request: Request, document: dict[str, Any]) -> Response:
    from ketascope.report.audit_page import audit_context

    return answer(request, "audit.html", document, **_form() | audit_context(document) | {"audited": True})


def _form(fields: dict[str, str | Upload] | None = None, problem: Problem | None = None) -> dict[str, Any]:
    """The form as it was filled; a chosen file cannot be put back by a page."""
    fields = fields or {}
    text = fields.get("text", "")
    return {
        "text": text if isinstance(text, str) and len(text) <= _LONGEST_ECHO else "",
        "no_live": fields.get("no_live") == "yes",
        "problem": problem,
        "most_megabytes": f"{_article_bytes_most() / 1e6:g}",
        "no_addresses": NO_ADDRESSES,
        "audited": False,
    }


async def _document(request: Request, query: AuditQuery) -> dict[str, Any]:
    from ketascope.claims.auditing import audit

    most = request.app.state.settings.article_characters_most

    def work() -> dict[str, Any]:
        return audit(query.name, content=query.content, live=query.is_live, bench=_bench(), most_characters=most)

    digest = hashlib.sha256(query.content).hexdigest()
    return await computing_of(request).run(f"audit {digest} {query.name} {query.is_live}", work, keep=False)


@cache
def _bench() -> Bench:
    """What live checks compute is the same for every article, so it is computed once in the life of the app."""
    from ketascope.claims.live import Bench

    return Bench()


def _article_bytes_most() -> int:
    from ketascope.claims.reading.limits import reading_limit

    return int(reading_limit("article_bytes"))
