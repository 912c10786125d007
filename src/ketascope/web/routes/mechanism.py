"""How it works: one dose followed from plasma to symptoms, with a time cursor over linked panels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from starlette.exceptions import HTTPException

from ketascope.errors import InputError
from ketascope.web.computing import computing_of
from ketascope.web.figures import KINDS, figure, picture
from ketascope.web.queries.fields import problem_of
from ketascope.web.queries.mechanism import (
    PATIENTS,
    TIME,
    Followed,
    MechanismQuery,
    cursor_h,
    first_sentence,
    follow,
    read_mechanism,
)
from ketascope.web.queries.reading import parameters
from ketascope.web.rendering import answer, json_page, page, wants_json

router = APIRouter()

ADDRESS = "/how-it-works"


@router.get(ADDRESS, summary="One dose, step by step", openapi_extra=parameters(MechanismQuery))
@router.get(f"{ADDRESS}.json", summary="The same as JSON", openapi_extra=parameters(MechanismQuery))
async def mechanism(request: Request) -> Response:
    """One regimen in full: every state over time, what each number rests on, and where science disagrees."""
    try:
        query = read_mechanism(request.query_params, request.app.state.settings)
        followed = await _followed(request, query)
        at_h = cursor_h(query, followed.document["horizon_h"])
        if wants_json(request):
            return json_page(followed.document)
        context = await _parts(request, query, followed, at_h)
    except InputError as error:
        if wants_json(request):
            raise
        given = {name: request.query_params.get(name, "") for name in MechanismQuery.model_fields if name != "scenario"}
        tried = MechanismQuery(**given, scenario=tuple(request.query_params.getlist("scenario")))
        problem = problem_of(error, tuple(MechanismQuery.model_fields), tried.sentence)
        shared = _form(tried)
        return page(request, "mechanism.html", status=400, document=None, asked=tried, problem=problem, **shared)
    return answer(request, "mechanism.html", followed.document, asked=query, problem=None, **_form(query), **context)


@router.get(f"{ADDRESS}/cascade.{{kind}}", summary="Its chart", openapi_extra=parameters(MechanismQuery))
async def cascade_chart(request: Request, kind: str) -> Response:
    """The panels from plasma to symptoms as svg, png or vl.json."""
    if kind not in KINDS:
        raise HTTPException(404)
    query = read_mechanism(request.query_params, request.app.state.settings)
    followed = await _followed(request, query)
    return await _chart(request, query, followed, cursor_h(query, followed.document["horizon_h"]), kind)


async def _followed(request: Request, query: MechanismQuery) -> Followed:
    return await computing_of(request).run(f"mechanism {query.without_time}", lambda: follow(query))


async def _chart(request: Request, query: MechanismQuery, followed: Followed, at_h: float, kind: str) -> Response:
    from ketascope.charts import cascade

    key = f"cascade {query.without_time} at {at_h!r}"
    return await picture(request, key, lambda: cascade(followed.document, at_h), kind)


async def _parts(request: Request, query: MechanismQuery, followed: Followed, at_h: float) -> dict[str, Any]:
    """What the template shows beside the form."""
    from ketascope.charts import cascade
    from ketascope.report import mechanism_page as words

    document = followed.document
    index = words.cursor_index(document, at_h)
    # The line stands at an output time, as the values beside it do.
    shown_h = document["times_h"][index]
    drawing = await _chart(request, query, followed, shown_h, "svg")
    steps = words.steps(document, followed.rows)
    plain = {}
    if query.scenario:
        default = await _followed(request, query.without_scenarios)
        plain = words.courses_beside(document, default.document, words.steps(default.document, default.rows))
    drawn = bytes(drawing.body).decode()
    return {
        "steps": steps,
        "index": index,
        "last_index": len(document["times_h"]) - 1,
        "time": words.time_labels(document)[index],
        "stations": words.stations(document),
        "cursor_data": _data(words.cursor_data(document, steps, plain)),
        "plain": plain,
        "figure": figure(cascade(document, shown_h), f"{ADDRESS}/cascade", query.canonical, drawn),
        "kept": parse_qsl(query.without_time),
        "ranges": words.disagreeing_rows(followed.rows, document["scenarios"]),
        "uninformed": [row for step in steps for row in step.rows if row.grade == "not informed by trials"],
    }


def _form(query: MechanismQuery) -> dict[str, Any]:
    """What the form and the switches offer."""
    from ketascope.comparing.setting import DEFAULTS
    from ketascope.data import load
    from ketascope.model.plasma import plasmas
    from ketascope.regimen import load_presets
    from ketascope.report import mechanism_page as words
    from ketascope.report.about import grade_meanings

    return {
        "address": ADDRESS,
        "indications": {name: row["label"] for name, row in load("indications").items() if "label" in row},
        "plasmas": {name: place.label for name, place in plasmas().items()},
        "presets": [option for option in load_presets() if option.sentence],
        "first_sentence": first_sentence(),
        "switches": words.switches(query.scenario),
        "disagreement": words.disagreement_words(),
        "grade_words": grade_meanings(),
        "defaults": {**DEFAULTS, "patients": PATIENTS, "at": TIME},
    }


def _data(values: Mapping[str, Any]) -> Markup:
    """Values for a script, in which no character can end the element that holds them."""
    text = json.dumps(values, separators=(",", ":"), ensure_ascii=True)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
