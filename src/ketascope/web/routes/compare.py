"""The comparison: the home page, its JSON, its table as CSV, its charts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from ketascope.report.format import counted
from ketascope.web.computing import computing_of
from ketascope.web.figures import KINDS, figure, picture
from ketascope.web.queries.compare import (
    AT,
    INDICATION,
    PATIENTS,
    READINGS,
    CompareQuery,
    Refused,
    check_compare,
    choices,
    comparison_of,
    presets_of,
    read_compare,
)
from ketascope.web.queries.reading import parameters
from ketascope.web.rendering import json_page, page, templates, wants_json
from ketascope.web.routes.mechanism import ADDRESS as FOLLOW
from ketascope.web.wording import for_page

if TYPE_CHECKING:
    from ketascope.charts import Chart
    from ketascope.comparison import Comparison

router = APIRouter()
CHARTS = ("symptoms", "acute", "cascade")
_BLANK_SENTENCES = 2
# Names of the document that do not explain themselves.
_IN_WORDS = {"until_h": "time followed", "seed": "seed of the random numbers", "sampling": "plasma from a vein"}
_ABOUT_QUERY = parameters(CompareQuery)


@dataclass(frozen=True)
class Charts:
    """The charts of one comparison; the cascade follows the first option that gives ketamine."""

    symptoms: Chart
    acute: Chart
    cascade: Chart | None


@router.get("/", summary="Compare treatments side by side", openapi_extra=_ABOUT_QUERY)
@router.get("/compare", summary="The same under its own name", openapi_extra=_ABOUT_QUERY)
@router.get("/compare.json", summary="The comparison as the library's document", openapi_extra=_ABOUT_QUERY)
async def compare_page(request: Request) -> Response:
    """The form with its results, or the document of `ketascope compare --json`."""
    query = read_compare(request.query_params)
    try:
        comparison = await _comparison(request, query)
    except Refused as error:
        if wants_json(request):
            return json_page({"error": str(error)}, status=400)
        return page(request, "compare.html", status=400, **_form(query, error), results=None)
    if wants_json(request):
        return json_page(comparison.document())
    charts = await _charts(request, query, comparison)
    key = f"compare {query.canonical} results"
    results = await computing_of(request).run(key, lambda: _results(query, comparison, charts))
    return page(request, "compare.html", **_form(query, None), results=results)


@router.get("/compare.csv", summary="Every quantity of the comparison as a table", openapi_extra=_ABOUT_QUERY)
async def compare_csv(request: Request) -> Response:
    """One row for each option and quantity, with the codes of its flags."""
    from ketascope.report.table import comparison_csv

    comparison = await _comparison(request, read_compare(request.query_params))
    headers = {"Content-Disposition": 'attachment; filename="comparison.csv"'}
    return Response(comparison_csv(comparison.document()), media_type="text/csv; charset=utf-8", headers=headers)


def _chart_route(name: str, kind: str) -> Callable[[Request], Any]:
    async def chart(request: Request) -> Response:
        query = read_compare(request.query_params)
        comparison = await _comparison(request, query)
        charts = await _charts(request, query, comparison)
        drawn: Chart | None = getattr(charts, name)
        if drawn is None:
            raise HTTPException(404, "None of these options gives ketamine, so there is no cascade to draw.")
        return await picture(request, f"compare {query.computed} {name}", lambda: drawn, kind)

    return chart


for _name in CHARTS:
    for _kind in KINDS:
        router.add_api_route(
            f"/compare/{_name}.{_kind}",
            _chart_route(_name, _kind),
            name=f"{_name} {_kind}",
            summary=f"The {_name} chart of the comparison",
            openapi_extra=_ABOUT_QUERY,
        )


async def _comparison(request: Request, query: CompareQuery) -> Comparison:
    check_compare(query, request.app.state.settings)
    return await computing_of(request).run(f"compare {query.computed}", lambda: comparison_of(query))


async def _charts(request: Request, query: CompareQuery, comparison: Comparison) -> Charts:
    return await computing_of(request).run(f"compare {query.computed} charts", lambda: _drawn(query, comparison))


def _drawn(query: CompareQuery, comparison: Comparison) -> Charts:
    from ketascope.charts import acute_effects, cascade, symptom_course
    from ketascope.one_regimen import simulate_first

    document = comparison.document()
    first = simulate_first(document, choices(query))
    return Charts(
        symptom_course(document, comparison.curves),
        acute_effects(document, comparison.curves),
        None if first is None else cascade(first),
    )


def _results(query: CompareQuery, comparison: Comparison, charts: Charts) -> str:
    """The part of the page that a change of the form replaces."""
    from markupsafe import Markup

    from ketascope.report.catalogue import VISITS, scale_name
    from ketascope.report.format import duration, split_unit
    from ketascope.report.layout import INTERVALS, comparison_report
    from ketascope.report.one_time import clinicians_table, frequencies_table, shares

    document, at = comparison.document(), query.at or AT
    report = comparison_report(document)
    after = query.computed
    figures = {
        name: figure(drawn, f"/compare/{name}", after)
        for name in CHARTS
        if (drawn := getattr(charts, name)) is not None
    }
    text = (
        templates()
        .get_template("compare_results.html")
        .render(
            report=report,
            tables={table.id: table for table in report.tables},
            document=document,
            figures=figures,
            frequencies=frequencies_table(report, document, at),
            shares=shares(document, at),
            clinicians=clinicians_table(report, at),
            times=[(label, query.changed(at=name), name == at) for name, label in VISITS],
            intervals=INTERVALS,
            scale=scale_name(document),
            reading=READINGS[query.reading or "trials"],
            followed=duration(document["horizon_h"]),
            defaulted=", ".join(_IN_WORDS.get(name) or split_unit(name)[0] for name in document["defaulted"]),
            certainties=[_certainty(option) for option in document["options"]],
            ranks_nothing=any(
                flag["code"] == "dose_not_supported" for option in document["options"] for flag in option["flags"]
            ),
            notes=[(number, for_page(message)) for number, message in report.notes],
            after=f"?{after}" if after else "",
            mechanism=_mechanism_links(document, query),
        )
    )
    return Markup(text)


def _certainty(option: dict[str, Any]) -> str:
    """How sure anyone is of the option's figures, beside them; empty where no drug is given."""
    evidence = option["evidence"]
    if evidence is None or option["drug"] is None or evidence["certainty"] is None:
        return ""
    count = evidence["trials"]
    if count is None:
        return f"certainty: {evidence['certainty']}"
    trials = "no randomised trial" if count == 0 else counted(count, "trial")
    carried = ", so carried over by the model" if count == 0 else ""
    return f"{trials} in this condition{carried}; certainty: {evidence['certainty']}"


def _mechanism_links(document: dict[str, Any], query: CompareQuery) -> list[tuple[str, str]]:
    """Options whose dose can be followed step by step, with the address where it is."""
    from urllib.parse import urlencode

    kept = query.model_dump(include={"indication", "weight", "age", "until", "seed"}, exclude_defaults=True)
    return [
        (option["label"], f"{FOLLOW}?{urlencode({'sentence': option['sentence'], **kept})}")
        for option in document["options"]
        if option["sentence"] is not None and option["receptor"]["peak_block"] is not None
    ]


def _form(query: CompareQuery, error: Refused | None) -> dict[str, Any]:
    """What the form shows: the choices, what was given, and what was wrong with it."""
    from ketascope.comparing.setting import DEFAULTS
    from ketascope.data import load
    from ketascope.people import HEPATIC_FUNCTIONS, load_interactions
    from ketascope.report.format import duration

    problems = error.problems if error else ()
    defaults = {
        "indication": INDICATION,
        "weight": f"{DEFAULTS['weight_kg']:g}",
        "age": f"{DEFAULTS['age_years']:g}",
        "hepatic": HEPATIC_FUNCTIONS[0],
        "until": duration(DEFAULTS["until_h"]).replace(" ", ""),
        "patients": str(PATIENTS),
        "seed": str(DEFAULTS["seed"]),
    }
    static = max(_BLANK_SENTENCES, len(query.sentence))
    given = dict(enumerate(query.sentence, start=1))
    blank = 1 if len(query.sentence) >= _BLANK_SENTENCES else 0
    return {
        "asked": query,
        "problems": {problem.field: problem for problem in reversed(problems)},
        "indications": [(name, row["label"]) for name, row in load("indications").items()],
        "presets": presets_of(query),
        "chosen": query.chosen_options,
        "sentences": [(place, given.get(place, "")) for place in range(1, static + blank + 1)],
        "fixed_sentences": _BLANK_SENTENCES,
        "sentences_are_open": bool(given) or any(problem.field.startswith("sentence") for problem in problems),
        "liver": [(name, name if name == defaults["hepatic"] else f"{name} impairment") for name in HEPATIC_FUNCTIONS],
        "interactions": [(name, row["label"]) for name, row in load_interactions().items()],
        "readings": READINGS,
        "defaults": defaults,
        # What is set to something unusual, or wrong, must be in sight.
        "more_is_open": bool(query.interaction)
        or any(getattr(query, name) not in ("", defaults[name]) for name in ("hepatic", "patients", "seed")),
    }
