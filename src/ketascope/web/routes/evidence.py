"""Evidence: pools of trials, studies one by one, and the ledger of what was predicted against what was observed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from ketascope.errors import InputError
from ketascope.web.computing import computing_of
from ketascope.web.figures import KINDS, figure, picture
from ketascope.web.queries.evidence import (
    EvidenceQuery,
    LedgerQuery,
    StudiesQuery,
    read_evidence,
    read_ledger,
    read_none,
    read_studies,
)
from ketascope.web.queries.fields import problem_of
from ketascope.web.queries.reading import parameters
from ketascope.web.rendering import answer, page, problem, wants_json

router = APIRouter()

_TRIAL_CHARTS = ("trials", "left-out")


@router.get("/evidence", summary="Trials of one indication, pooled", openapi_extra=parameters(EvidenceQuery))
@router.get("/evidence.json", summary="The same as JSON", openapi_extra=parameters(EvidenceQuery))
async def evidence(request: Request) -> Response:
    """The pool that was asked for, or an overview of all indications."""
    form = {name: request.query_params.get(name, field.default) for name, field in EvidenceQuery.model_fields.items()}
    context: dict[str, Any] = {"form": form, "choices": _choices(), "problem": None, "query_text": ""}
    try:
        query = read_evidence(request.query_params)
        document = await _document(request, query)
    except InputError as error:
        if wants_json(request):
            raise
        context["problem"] = problem_of(error, tuple(EvidenceQuery.model_fields))
        return page(request, "evidence.html", status=400, document=None, **context)
    if wants_json(request):
        return answer(request, "evidence.html", document)
    # The treatment that was pooled where none was chosen.
    form["treatment"] = document.get("treatment", query.treatment)
    context["query_text"] = query.canonical
    context |= _overview_parts(document) if "overview" in document else _pool_parts(document, query.canonical)
    return answer(request, "evidence.html", document, **context)


@router.get("/evidence.csv", summary="Its table as CSV", openapi_extra=parameters(EvidenceQuery))
async def table(request: Request) -> Response:
    """The forest plot's table, or the overview's rows."""
    from ketascope.report.evidence import evidence_csv

    document = await _document(request, read_evidence(request.query_params))
    name = f"evidence-{document['indication'] or 'overview'}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(evidence_csv(document), media_type="text/csv", headers=headers)


@router.get("/evidence/forest.{kind}", summary="The forest plot", openapi_extra=parameters(EvidenceQuery))
async def forest_plot(request: Request, kind: str) -> Response:
    """The forest plot as svg, png or vl.json."""
    from ketascope.charts.forest import forest

    _check_kind(kind)
    query = read_evidence(request.query_params)
    if not query.indication:
        raise InputError("indication: a forest plot needs one indication; give indication=ptsd, for example")
    document = await _document(request, query)
    return await picture(request, f"forest {query.canonical}", lambda: forest(document), kind)


@router.get("/evidence/studies", summary="The studies of the tables", openapi_extra=parameters(StudiesQuery))
@router.get("/evidence/studies.json", summary="The same as JSON", openapi_extra=parameters(StudiesQuery))
async def studies(request: Request) -> Response:
    """All studies, whether their figures count or not."""
    from ketascope.evidence.studies.page import study_list
    from ketascope.evidence.studies.tables import INDICATIONS
    from ketascope.report.evidence_tables import list_table

    query = read_studies(request.query_params)
    found = await computing_of(request).run(f"studies {query.indication}", lambda: study_list(query.indication))
    document = {"indication": query.indication or None, "studies": found}
    labels = _choices()["indication"]
    names = [(name, labels.get(name, name)) for name in INDICATIONS]
    trials = len({entry["trial_key"] for entry in found})
    return answer(
        request, "evidence_studies.html", document, listed=list_table(found), indications=names, trials=trials
    )


@router.get("/evidence/studies/{study}", summary="One study in full")
@router.get("/evidence/studies/{study}.json", summary="The same as JSON")  # looked at first
async def study(request: Request, study: str) -> Response:
    """Arms, outcomes, bias, source and what counts, of one study."""
    from ketascope.evidence.studies.page import study_page
    from ketascope.report import evidence_tables
    from ketascope.report import study_page as words

    read_none(request.query_params)
    try:
        document = await computing_of(request).run(f"study {study}", lambda: study_page(study))
    except InputError as error:
        return problem(request, 404, "No such study", str(error))
    return answer(
        request,
        "evidence_study.html",
        document,
        facts=words.study_facts(document, keys=False),
        links=evidence_tables.fact_links(document),
        tables=[evidence_tables.arms_table(document), evidence_tables.outcomes_table(document)],
        comparisons=words.comparison_sentences(document) or [words.no_comparison(document)],
        scales=words.scale_sentences(document["scales"]),
    )


@router.get("/evidence/ledger", summary="Predicted against observed", openapi_extra=parameters(LedgerQuery))
@router.get("/evidence/ledger.json", summary="The same as JSON", openapi_extra=parameters(LedgerQuery))
async def ledger(request: Request) -> Response:
    """Every observation beside its prediction, and what the model is known to get wrong."""
    query = read_ledger(request.query_params)
    document = await _ledger(request, query)
    if wants_json(request):
        return answer(request, "evidence_ledger.html", document)
    return answer(request, "evidence_ledger.html", document, sampling=query.sampling, **_ledger_parts(document, query))


@router.get(
    "/evidence/ledger/concentrations.{kind}", summary="Chart: concentrations", openapi_extra=parameters(LedgerQuery)
)
async def concentrations_chart(request: Request, kind: str) -> Response:
    """Every used concentration, predicted over observed, as svg, png or vl.json."""
    from ketascope.charts import concentration_ratios

    _check_kind(kind)
    query = read_ledger(request.query_params)
    document = await _ledger(request, query)
    key = f"ledger concentrations {query.sampling}"
    return await picture(request, key, lambda: concentration_ratios(document), kind)


@router.get("/evidence/ledger/trials.{kind}", summary="Chart: trials predicted and observed")
async def trials_chart(request: Request, kind: str) -> Response:
    """Every figure of a trial with its predictive intervals, as svg, png or vl.json."""
    return await _ledger_chart(request, "trials", kind)


@router.get("/evidence/ledger/left-out.{kind}", summary="Chart: trials predicted while left out of the fit")
async def left_out_chart(request: Request, kind: str) -> Response:
    """Every comparison of a trial left out with its predictive intervals, as svg, png or vl.json."""
    return await _ledger_chart(request, "left-out", kind)


async def _ledger_chart(request: Request, name: str, kind: str) -> Response:
    _check_kind(kind)
    read_none(request.query_params)
    trials = (await _ledger(request, LedgerQuery()))["trials"]
    return await picture(request, f"ledger {name}", lambda: _ledger_charts(trials)[name], kind)


async def _document(request: Request, query: EvidenceQuery) -> dict[str, Any]:
    return await computing_of(request).run(f"evidence {query.canonical}", query.work)


async def _ledger(request: Request, query: LedgerQuery) -> dict[str, Any]:
    from ketascope.evidence.pk_ledger import validate

    return await computing_of(request).run(f"ledger {query.sampling}", lambda: validate(query.sampling or None))


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise HTTPException(404)


def _choices() -> dict[str, dict[str, str]]:
    """What each field of the form may be, with its words."""
    from ketascope.evidence.summaries.choices import ESTIMATORS, MEASURES, TESTS, indications, rules

    labels = {name: {key: str(row["label"]) for key, row in rules()[name].items()} for name in ("outcome", "treatment")}
    return {
        "indication": indications(),
        **labels,
        "time": {key: str(row["label"]) for key, row in rules()["window"].items()},
        "measure": {key: str(rules()["measure"][name]["label"]) for key, name in MEASURES.items()},
        "estimator": {name: name for name in ESTIMATORS},
        "test": dict(TESTS),
    }


def _overview_parts(document: Mapping[str, Any]) -> dict[str, Any]:
    from ketascope.report.evidence_tables import overview_table

    return {"overview": overview_table(document)}


def _pool_parts(document: Mapping[str, Any], query: str) -> dict[str, Any]:
    from ketascope.charts.forest import forest
    from ketascope.charts.forest_text import method_line, prediction_text
    from ketascope.report import evidence_tables
    from ketascope.report.evidence import dose_text, heading, small_study_text

    is_pooled = document["pooled"] is not None
    without_bound = document["without_bound"]
    return {
        "overview": None,
        "heading": heading(document),
        "chart": figure(forest(document), "/evidence/forest", query),
        "method": [method_line(document)]
        + ([prediction_text(document)] if is_pooled else [])
        + ([] if without_bound is None else [without_bound["words"]]),
        "beside": [small_study_text(document), dose_text(document)] if is_pooled else [],
        "studies": evidence_tables.studies_table(document),
        "sensitivity": evidence_tables.sensitivity_table(document),
        "cumulative": evidence_tables.cumulative_table(document),
        "checks": evidence_tables.checks_table(document),
        "without": evidence_tables.without_table(document),
    }


def _ledger_charts(trials: Mapping[str, Any]) -> dict[str, Any]:
    from ketascope.charts import trial_predictions

    left_out = trials["leave_one_out"]["rows"]
    return {"trials": trial_predictions(trials["rows"]), "left-out": trial_predictions(left_out, left_out=True)}


def _ledger_parts(document: Mapping[str, Any], query: LedgerQuery) -> dict[str, Any]:
    from ketascope.charts import concentration_ratios
    from ketascope.report import evidence_tables
    from ketascope.report import ledger as words
    from ketascope.report.trial_ledger import LEFT_OUT, PREDICTION, misfit_sentences

    trials = document["trials"]
    parts: dict[str, Any] = {
        "definition": words.definition(document),
        "fold_errors": evidence_tables.FOLD_ERRORS,
        "ratios": figure(concentration_ratios(document), "/evidence/ledger/concentrations", query.canonical),
        "concentrations": evidence_tables.concentration_tables(document),
        "observations": evidence_tables.observation_table(document),
        "trials": None,
    }
    if "left_out" in trials:
        return parts | {"no_trials": trials["left_out"]}
    charts = _ledger_charts(trials)
    return parts | {
        "trials": evidence_tables.trial_tables(trials),
        "charts": [figure(charts[name], f"/evidence/ledger/{name}") for name in _TRIAL_CHARTS],
        "figures": evidence_tables.figure_table(trials),
        "uncompared": evidence_tables.uncompared_tables(trials),
        "misfits": misfit_sentences(trials),
        "dose_support": trials["dose_support"],
        "prediction": PREDICTION,
        "left_out": LEFT_OUT,
    }
