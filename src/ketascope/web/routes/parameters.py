"""Parameters: every number of the model with its unit, population, source and grade."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from ketascope.errors import InputError
from ketascope.web.queries.fields import problem_of
from ketascope.web.queries.parameters import ParametersQuery, read_parameters
from ketascope.web.queries.reading import parameters
from ketascope.web.rendering import answer, page, wants_json

if TYPE_CHECKING:
    from ketascope.model.parameter_store import Parameter

router = APIRouter()


@router.get("/parameters", summary="Every number of the model", openapi_extra=parameters(ParametersQuery))
@router.get("/parameters.json", summary="The same as JSON", openapi_extra=parameters(ParametersQuery))
async def parameters_page(request: Request) -> Response:
    """The rows of `ketascope parameters`, all or of one grade or table."""
    form = {name: request.query_params.get(name, "") for name in ParametersQuery.model_fields}
    try:
        query = read_parameters(request.query_params)
        rows = query.rows()
    except InputError as error:
        if wants_json(request):
            raise
        problem = problem_of(error, tuple(ParametersQuery.model_fields))
        return page(request, "parameters.html", status=400, problem=problem, tables=[], **_form(form))
    document = {"parameters": [asdict(row) for row in rows]}
    return answer(
        request,
        "parameters.html",
        document,
        problem=None,
        tables=_tables(rows),
        count=len(rows),
        after=query.canonical,
        **_form(form),
    )


def _form(given: dict[str, str]) -> dict[str, Any]:
    from ketascope.model.parameter_store import GRADES, load_parameters
    from ketascope.report.about import grade_meanings

    tables = dict.fromkeys(name.partition(".")[0] for name in load_parameters())
    return {
        "form": given,
        "grades": [(grade, grade) for grade in GRADES],
        "names": [(name, _words(name)) for name in tables],
        "grade_words": grade_meanings(),
    }


def _words(table: str) -> str:
    return table.replace("_", " and ").capitalize()


def _tables(rows: list[Parameter]) -> list[tuple[str, list[Any]]]:
    """The rows as texts, by table."""
    from ketascope.report.mechanism_page import plain_row

    by_table = groupby(rows, key=lambda row: row.name.partition(".")[0])
    return [(_words(table), [plain_row(row) for row in found]) for table, found in by_table]
