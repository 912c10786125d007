"""Published pooled estimates beside ours. They are checks and never data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ketascope.evidence.studies import Outcome, outcomes, published, studies
from ketascope.evidence.studies.arm_words import arm_words
from ketascope.evidence.summaries.choices import Choices, members, rules
from ketascope.evidence.summaries.entries import RECALL, scale_label
from ketascope.report.format import duration

# Measures of the tables, as they are called here.
_MEASURES = {"smd": "SMD", "difference": "MD", "odds_ratio": "log OR", "risk_ratio": "log RR"}
_LABELS = {"smd": "SMD", "difference": "mean difference", "odds_ratio": "odds ratio", "risk_ratio": "risk ratio"}
_WITHIN = {"change": "change, before to after", "change_percent": "percent change, before to after"}


def published_checks(choices: Choices, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Published pools for the indication, treatment and outcome, ours beside them where the measure is the same.

    Published numbers stand as printed but for their sign: better is negative for symptoms, as everywhere here.
    """
    found = [*_published(choices), *_reviews(choices)]
    return [row | _ours(row, document) for row in found]


def _published(choices: Choices) -> Iterator[dict[str, Any]]:
    about = rules()["published"]
    counted = rules()["outcome"][choices.outcome]["measure"] != "SMD"
    for row in published():
        fits = row.indication in members(choices.indication) and choices.treatment == about["treatment"]
        is_count = row.measure in ("odds_ratio", "risk_ratio")
        if not fits or row.verified == RECALL or row.measure not in {**_LABELS, **_WITHIN} or is_count != counted:
            continue
        if not any(word in row.outcome.lower() for word in about[choices.outcome]["words"]):
            continue
        sign = -1.0 if row.favours.startswith("positive") else 1.0
        ends = sorted(sign * end for end in (row.ci_low, row.ci_high) if end is not None)
        yield {
            "id": row.meta_id,
            "published": f"{row.label}: {row.outcome}",
            "measure": _LABELS.get(row.measure) or _WITHIN[row.measure],
            "kind": row.measure,
            "outcome": row.outcome,
            "time": row.time or "time not stated",
            "k": row.k,
            "published_estimate": None if row.estimate is None else sign * row.estimate,
            "published_low": ends[0] if ends else None,
            "published_high": ends[-1] if ends else None,
            "source": row.doi or row.citation,
            "verified": row.verified,
        }


def _reviews(choices: Choices) -> Iterator[dict[str, Any]]:
    """Pooled figures that stand among the outcomes of reviews in the study tables."""
    wanted = rules()["published"][choices.outcome]["measures"]
    for study in studies().values():
        fits = study.kind in ("review", "pooled") and study.indication in members(choices.indication)
        if not fits or choices.treatment not in study.drug_class:
            continue
        for row in outcomes(study.study):
            if row.measure in wanted and row.value is not None and row.verified != RECALL and _is_outcome(row, choices):
                yield {
                    "id": row.outcome_id,
                    "published": f"{study.label}: {arm_words(study.study, row.arm)}",
                    "measure": f"{_LABELS[row.measure]}, {scale_label(row.scale_key or row.scale)}",
                    "kind": row.measure,
                    "outcome": row.definition,
                    "time": "time not stated" if row.time_h is None else duration(row.time_h),
                    "k": None,
                    "published_estimate": row.value,
                    "published_low": row.spread_low,
                    "published_high": row.spread_high,
                    "source": study.doi or study.source,
                    "verified": row.verified,
                }


def _is_outcome(row: Outcome, choices: Choices) -> bool:
    """Odds and risk ratios of reviews say in their definition what was counted."""
    if row.measure not in ("odds_ratio", "risk_ratio"):
        return True
    return any(word in row.definition.lower() for word in rules()["published"][choices.outcome]["words"])


def _ours(row: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    empty = dict.fromkeys(("ours_estimate", "ours_low", "ours_high"))
    if row["kind"] in _WITHIN:
        return {**empty, "note": "change before to after, without a control: never to be read as drug against placebo"}
    pooled = document["pooled"]
    if pooled is None:
        return {**empty, "note": "no pool of ours to set beside it"}
    if _MEASURES[row["kind"]] != document["measure"]:
        return {**empty, "note": f"another measure than ours ({document['measure_label']}): compare direction only"}
    if row["published_estimate"] is None:
        return {**empty, "note": "no point estimate was printed"}
    keys = ("estimate", "low", "high")
    values = [math.exp(pooled[key]) if document["measure"].startswith("log") else pooled[key] for key in keys]
    ours = dict(zip(("ours_estimate", "ours_low", "ours_high"), values, strict=True))
    low, high = row["published_low"], row["published_high"]
    if low is None or high is None:
        return {**ours, "note": "printed without an interval"}
    inside = low <= values[0] <= high
    meets = values[1] <= high and low <= values[2]
    apart = "intervals meet" if meets else "intervals do NOT meet"
    said = "ours lies within the published interval" if inside else apart
    return {**ours, "note": f"{said}; its trials and times differ from ours"}
