"""About: what this is not, what it rests on, who pays, what it keeps of a visitor, and how to cite it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from ketascope.web.queries.reading import check_names
from ketascope.web.rendering import answer

router = APIRouter()


@router.get("/about", summary="What this is not, its editions, privacy and how to cite it")
@router.get("/about.json", summary="The same as JSON")
async def about_page(request: Request) -> Response:
    """Version, parameters by grade, editions, funding, privacy, citation."""
    from ketascope.report.about import about, citation_words
    from ketascope.report.care_words import edition_words

    check_names(request.query_params.keys(), ())
    # Not from the cache of results: the places can be brought up to date while the app runs.
    document = await run_in_threadpool(about)
    return answer(
        request,
        "about.html",
        document,
        citation=citation_words(document),
        editions=[edition_words(source) for source in document["places"]],
    )
