"""Care: places where treatment is listed, nearest first, with what the list cannot tell and where to check it.

Where someone looks for care is theirs alone, so no answer of this page is kept.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from ketascope.errors import InputError
from ketascope.report.layout import HELPLINE
from ketascope.web.computing import computing_of
from ketascope.web.queries.care import CareQuery, read_care, written
from ketascope.web.queries.fields import FieldError, problem_of
from ketascope.web.queries.reading import parameters
from ketascope.web.rendering import answer, page, wants_json
from ketascope.web.wording import for_page

router = APIRouter()

_TAKES = parameters(CareQuery)


@router.get("/care", summary="Places where treatment is listed, nearest first", openapi_extra=_TAKES)
@router.get("/care.json", summary="The same as JSON", openapi_extra=_TAKES)
async def care(request: Request) -> Response:
    """List, map and guide; without a place the form and the guide."""
    form: dict[str, Any] = {"form": written(request.query_params), "choices": _choices()}
    try:
        query = await _query(request)
        if not query.place and not wants_json(request):
            return page(request, "care.html", **form, **await run_in_threadpool(_guide))
        document = await _document(request, query)
    except InputError as error:
        if wants_json(request):
            raise
        problem = problem_of(error, tuple(CareQuery.model_fields))
        links = _candidate_links(request, error)
        guide = await run_in_threadpool(_guide)
        return page(request, "care.html", status=400, **form, **guide | {"problem": problem, "candidates": links})
    if wants_json(request):
        return answer(request, "care.html", document)
    context = await run_in_threadpool(_found, document)
    return answer(request, "care.html", document, **form, **context, query_text=query.text(), wider=_wider(query))


@router.get("/care.csv", summary="The places as CSV", openapi_extra=_TAKES)
async def table(request: Request) -> Response:
    """One row a place, with everything that is listed for it."""
    from ketascope.report.care import places_csv

    document = await _document(request, await _query(request))
    headers = {"Content-Disposition": 'attachment; filename="places.csv"'}
    return Response(places_csv(document), media_type="text/csv", headers=headers)


@router.get("/care/map.svg", summary="The places on a map of state outlines", openapi_extra=_TAKES)
async def picture(request: Request) -> Response:
    """The map of the list, with its title and legend."""
    document = await _document(request, await _query(request))
    return Response(await run_in_threadpool(_map, document), media_type="image/svg+xml")


async def _query(request: Request) -> CareQuery:
    # In the bounded pool: for a name that nobody knows, all towns are compared with it.
    given = request.query_params
    return await computing_of(request).run(f"care query {given}", lambda: read_care(given), keep=False)


async def _document(request: Request, query: CareQuery) -> dict[str, Any]:
    from ketascope.care.finding import find

    if not query.place:
        raise FieldError("place", "none was given; write a ZIP ('07030'), a town ('Princeton, NJ') or coordinates")
    return await computing_of(request).run(f"care {query.text()}", lambda: find(**query.choices()), keep=False)


def _map(document: dict[str, Any]) -> str:
    from ketascope.care.places.outlines import outlines
    from ketascope.charts import render_svg
    from ketascope.charts.state_map import state_map

    return render_svg(state_map(document, outlines()).spec)


def _choices() -> dict[str, list[tuple[str, str]]]:
    """The words of each filter with their labels; one that no source can answer says so."""
    from ketascope.care.sources.services import GROUPS, query_words

    return {
        group.replace("-", "_"): [
            (word.key, word.label if word.listed_by else f"{word.label}: in no public list, but says where to ask")
            for word in query_words(group).values()
        ]
        for group in GROUPS
    }


def _guide() -> dict[str, Any]:
    """What the page says where there is no place to list: where else to look, what to ask, what to beware of."""
    from ketascope.care.finding import editions
    from ketascope.care.guide import checks, guide
    from ketascope.report.care_page import guide_context

    advice = guide()
    context = guide_context(advice, checks(""), editions())
    helpline = f"{HELPLINE} {advice['emergency']}"
    return context | {"found": False, "helpline": helpline, "problem": None, "candidates": []}


def _found(document: dict[str, Any]) -> dict[str, Any]:
    from ketascope.report.care_page import places_context

    context = places_context(document)
    coverage = for_page(context["coverage"])
    return context | {"coverage": coverage, "found": True, "problem": None, "candidates": []}


def _candidate_links(request: Request, error: InputError) -> list[tuple[str, str]]:
    """What could have been meant in place of a wrong place, each with the address of that search."""
    if getattr(error, "field", "") != "place":
        return []
    return [(text, str(request.url.include_query_params(place=text).query)) for text in error.candidates]


def _wider(query: CareQuery) -> list[tuple[str, str]]:
    """Searches that leave something out, with their query strings, for where little was found."""
    without: dict[str, dict[str, Any]] = {
        "Any distance": {"within": ""} if query.within else {},
        "Without the filters": {"offers": (), "payment": (), "age_group": (), "language": (), "telehealth": ""},
    }
    found = [(label, query.text(**changes)) for label, changes in without.items() if changes]
    return [(label, text) for label, text in found if text != query.text()]
