"""All indications at a glance: what is pooled for each treatment, and how sure it is."""

from __future__ import annotations

from typing import Any

from ketascope import __version__
from ketascope.data import load
from ketascope.evidence.summaries.choices import check_choices, rules
from ketascope.evidence.summaries.document import evidence_document
from ketascope.report.format import counted

_KEPT = ("indication", "label", "treatment", "treatment_label", "measure", "measure_label", "unit", "refusal")


def overview_document(treatments: tuple[str, ...], **given: str) -> dict[str, Any]:
    """One row an indication of the model and treatment; the keys of a single document are there and empty."""
    rows = []
    for indication, facts in load("indications").items():
        if "label" not in facts:
            continue
        for treatment in treatments:
            document = evidence_document(check_choices(indication, treatment=treatment, **given))
            if not document["studies"] and not document["without_numbers"]:
                continue
            rows.append(_row(document))
    chosen = check_choices("gad", **given)
    outcome = str(rules()["outcome"][chosen.outcome]["label"])
    return {
        "version": __version__,
        "indication": None,
        "outcome": chosen.outcome,
        "outcome_label": outcome,
        "pooled": None,
        "sensitivity": [],
        "studies": [],
        "words": f"What is pooled for {outcome}, by indication and treatment; a dash where there is no pool.",
        "overview": rows,
    }


def _row(document: dict[str, Any]) -> dict[str, Any]:
    pooled = document["pooled"]
    counted = [study for study in document["studies"] if study["in_pooling"]]
    sizes = [(s["n_treatment"] or 0) + (s["n_control"] or 0) or s["n_total"] or 0 for s in counted]
    values = {key: None if pooled is None else pooled[key] for key in ("estimate", "low", "high", "ratio")}
    return {
        **{key: document[key] for key in _KEPT},
        "k": len(counted),
        "people": sum(sizes),
        "studies_without_numbers": len(document["without_numbers"]),
        **values,
        "certainty": document["certainty"]["grade"],
        "words": document["words"] if pooled is not None else _not_pooled(document),
    }


def _not_pooled(document: dict[str, Any]) -> str:
    with_figures = sum(study["in_pooling"] for study in document["studies"])
    without = counted(len(document["without_numbers"]), "study", "studies")
    return f"Not pooled: {with_figures} with usable figures, {without} without."
