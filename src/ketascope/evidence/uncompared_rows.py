"""Rows of the study tables that no prediction is held against, each with the reason; none is missing in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ketascope.data import load
from ketascope.evidence.studies.arm_words import arm_words
from ketascope.evidence.studies.tables import Outcome, Study, contrasts, outcome, outcomes, studies
from ketascope.evidence.summaries.choices import indications, rules
from ketascope.evidence.symptom_trials.trial_file import MEASURES, left_out_reasons

MIXED = "anxiety_mixed"
READABLE = frozenset(name for names in MEASURES.values() for name in names) - {"none"}
"""Measures that the symptom model can be held against."""
SYMPTOMLESS = frozenset({"events", "baseline"})
LEFT_OUT = "left out of the calibration"


@dataclass(frozen=True)
class _Known:
    """What the compared rows say of the others: whose people and which scales stand in the ledger already."""

    trials: Mapping[str, str]  # trial_key -> the compared source that holds its people
    in_fit: frozenset[str]
    scales: frozenset[str]
    why_not: Mapping[str, str]  # outcome_id -> why its comparison does not count in a pool


def uncompared(compared: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every outcome row that is not among the `outcomes` of the compared ledger rows, in the order of the table.

    reason is one of a few, to count by; why says it of this row.
    """
    known = _known(compared)
    used = {name for row in compared for name in row["outcomes"]}
    table, names = studies(), indications()
    found = []
    for item in outcomes():
        if item.outcome_id in used:
            continue
        reason, why = _reason(item, table[item.study], known)
        found.append(
            {
                "outcome_id": item.outcome_id,
                "study": item.study,
                "label": table[item.study].label,
                "indication": table[item.study].indication,
                "indication_label": names.get(table[item.study].indication, table[item.study].indication),
                "arm": item.arm,
                "arm_words": arm_words(item.study, item.arm),
                "scale": item.scale,
                "measure": item.measure,
                "time_h": item.time_h,
                "reason": reason,
                "why": why,
            }
        )
    return found


def reasons(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How many rows each reason keeps out, the most frequent first."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["reason"]] = counts.get(row["reason"], 0) + 1
    return [{"reason": name, "rows": count} for name, count in sorted(counts.items(), key=lambda pair: -pair[1])]


def is_outcome(name: str) -> bool:
    """Whether a name in a ledger row is one of an outcome row; the others are published pooled estimates."""
    return ":" in name


def _known(compared: Sequence[Mapping[str, Any]]) -> _Known:
    table = studies()
    trials: dict[str, str] = {}
    in_fit: set[str] = set()
    scales: set[str] = set()
    for row in sorted(compared, key=lambda row: row["use"] != "fit"):
        for item in (outcome(name) for name in row["outcomes"] if is_outcome(name)):
            own = table[item.study]
            scales.add(item.scale_key)
            for key in (own.trial_key, *own.within):
                trials.setdefault(key, own.study)
                if row["use"] == "fit":
                    in_fit.add(key)
    why_not = {
        name: row.why_not
        for row in contrasts()
        for name in (row.treatment_outcome_id, row.control_outcome_id, row.difference_outcome_id)
        if name and row.why_not
    }
    return _Known(trials, frozenset(in_fit), frozenset(scales - {""}), why_not)


def _reason(item: Outcome, study: Study, known: _Known) -> tuple[str, str]:
    """The first reason that holds: those of the source before those of the figure."""
    for rule in (_recall, _same_people, _other_condition, _no_comparison, _no_figure, _not_read):
        found = rule(item, study, known)
        if found is not None:
            return found
    why = left_out_reasons().get(item.study, "the file of its trials does not name this row")
    return LEFT_OUT, f"{LEFT_OUT}: {why}"


def _recall(item: Outcome, study: Study, known: _Known) -> tuple[str, str] | None:
    if item.verified != "recall":
        return None
    return "from recall", "known from memory only, so shown and never counted"


def _same_people(item: Outcome, study: Study, known: _Known) -> tuple[str, str] | None:
    key = next((key for key in (study.trial_key, *study.within) if key in known.trials), None)
    if key is None:
        return None
    other = studies()[known.trials[key]]
    under = "other rows of its own" if other == study else other.label
    if other != study and other.label == study.label:
        under = "its other report"
    if key in known.in_fit:
        return "same trial counted with other rows", f"same trial counted under {under}"
    return "same source checked with other rows", f"same source checked under {under}"


def _other_condition(item: Outcome, study: Study, known: _Known) -> tuple[str, str] | None:
    if study.indication in load("indications") or study.indication == MIXED:
        return None
    return "another condition", f"another condition: {study.condition or study.indication}"


def _no_comparison(item: Outcome, study: Study, known: _Known) -> tuple[str, str] | None:
    reason = "no comparison with a control"
    if study.no_comparison:
        return reason, f"no comparison: {study.no_comparison}"
    if study.kind in rules()["kind"]:
        return reason, f"no comparison: {rules()['kind'][study.kind]}"
    return None


def _no_figure(item: Outcome, study: Study, known: _Known) -> tuple[str, str] | None:
    if item.value is not None or item.events is not None:
        return None
    return "no figures", "no figures were printed"


def _not_read(item: Outcome, study: Study, known: _Known) -> tuple[str, str] | None:
    """What of a controlled trial the fit has no use for."""
    why = known.why_not.get(item.outcome_id)
    if item.measure in SYMPTOMLESS:
        what = "a baseline, where the model starts" if item.measure == "baseline" else "no rating of symptoms"
        return "no rating of symptoms after a dose", f"{what}: {item.scale}"
    if why:
        return LEFT_OUT, f"{LEFT_OUT}: {why}"
    if item.measure not in READABLE:
        return LEFT_OUT, f"{LEFT_OUT}: {item.measure.replace('_', ' ')}, which the model does not predict"
    if item.scale_key not in known.scales:
        return LEFT_OUT, f"{LEFT_OUT}: {item.scale} is no scale of a trial in the fit"
    return None
