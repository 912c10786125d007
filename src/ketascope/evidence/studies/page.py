"""The data of a study page: one study with its arms, outcomes, bias remarks, source, and what of it counts where."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import Any

from ketascope.errors import InputError
from ketascope.evidence.studies import rules
from ketascope.evidence.studies.arm_words import arm_words
from ketascope.evidence.studies.tables import (
    INDICATIONS,
    Arm,
    Contrast,
    Outcome,
    Study,
    arms,
    contrasts,
    outcomes,
    studies,
    study,
)

CHECKED: dict[str, str] = {
    "text": "read in the source",
    "secondary": "read in another work",
    "recall": "from memory: shown, never counted",
}
"""Check grades in words."""


def study_page(name: str) -> dict[str, Any]:
    """Everything the tables hold on one study; an unknown name is an InputError that offers the nearest.

    Keys: "study" (the columns of studies.csv, `label`, `checked` in words), "arms", "outcomes" (the columns, with
    `scale_label`, `arm_words`, `counts_in`: comparisons that count and use the row, `use` in words, and `in_fit`: "fit"
    where the row informs the symptom model, "check" where it is only held against it, else None), "comparisons" (with
    `figures`, and what both sides were given in words), "scales" (limits, direction, important difference of each scale
    used), "same_trial" (other names of the trial), "within" (studies whose people this one repeats) and "repeated_by"
    (studies that repeat its people).
    """
    row = study(name)
    own = [item for item in contrasts() if item.study == row.study]
    found = outcomes(row.study)
    every = studies().values()
    return {
        "study": {**asdict(row), "label": row.label, "checked": CHECKED[row.verified]},
        "arms": [_arm(arm) for arm in arms(row.study)],
        "outcomes": [_outcome(item, own) for item in found],
        "comparisons": [_comparison(item) for item in own],
        "scales": [_scale(key) for key in dict.fromkeys(item.scale_key for item in found if item.scale_key)],
        "same_trial": [_name(item) for item in every if item.trial_key == row.trial_key and item.study != row.study],
        "within": [_name(studies()[part]) for part in row.within],
        "repeated_by": [_name(item) for item in every if row.study in item.within],
    }


def study_list(indication: str = "") -> list[dict[str, Any]]:
    """One entry a study, of all or of one indication: who, what, how many people, and how many comparisons count."""
    if indication and indication not in INDICATIONS:
        raise InputError(f"unknown indication '{indication}'; it is one of {', '.join(INDICATIONS)}")
    counted: dict[str, int] = {}
    for item in contrasts():
        counted[item.study] = counted.get(item.study, 0) + item.in_pooling
    return [
        {
            **_name(row),
            "kind": row.kind,
            "indication": row.indication,
            "condition": row.condition,
            "comparator": row.comparator,
            "people": row.n_randomised or row.n_analysed,
            "risk_of_bias": row.risk_of_bias,
            "verified": row.verified,
            "comparisons_that_count": counted.get(row.study, 0),
        }
        for row in studies().values()
        if not indication or row.indication == indication
    ]


def _name(row: Study) -> dict[str, Any]:
    return {"study": row.study, "trial_key": row.trial_key, "label": row.label}


def _arm(row: Arm) -> dict[str, Any]:
    return {**asdict(row), "arm_words": arm_words(row.study, row.arm), "checked": CHECKED[row.verified]}


def _outcome(row: Outcome, own: list[Contrast]) -> dict[str, Any]:
    used = [item for item in own if row.outcome_id in _ids(item)]
    counts_in = [item.contrast_id for item in used if item.in_pooling]
    label = rules.scales()[row.scale_key]["label"] if row.scale_key else row.scale
    use = _use(row, used, bool(counts_in))
    in_fit = _in_fit().get(row.outcome_id)
    words = {"scale_label": label, "arm_words": arm_words(row.study, row.arm)}
    return {**asdict(row), **words, "counts_in": counts_in, "use": use, "in_fit": in_fit}


@lru_cache(maxsize=1)
def _in_fit() -> dict[str, str]:
    """Outcome rows that the symptom model is fitted to ("fit") or only held against ("check"), by their ids."""
    from ketascope.evidence.symptom_trials.trial_file import load_trials

    fitted, held = load_trials(), load_trials(check=True)
    checks = [*(figure for trial in (*fitted, *held) for figure in trial.checks)]
    checks += [figure for trial in held for figure in trial.rows]
    found = {name: "check" for figure in checks for name in figure.outcomes}
    return found | {name: "fit" for trial in fitted for figure in trial.rows for name in figure.outcomes}


def _use(row: Outcome, used: list[Contrast], counts: bool) -> str:
    if counts:
        return "pooled"
    if row.verified == "recall":
        return "from memory: never counted"
    if used:
        return "; ".join(dict.fromkeys(item.why_not for item in used))
    return "not a comparison with a control"


def _ids(row: Contrast) -> list[str]:
    return " ".join((row.treatment_outcome_id, row.control_outcome_id, row.difference_outcome_id)).split()


def _comparison(row: Contrast) -> dict[str, Any]:
    label = rules.scales()[row.scale]["label"] if row.scale in rules.scales() else row.scale
    sides = {f"{side}_words": arm_words(row.study, getattr(row, f"{side}_arm")) for side in ("treatment", "control")}
    return {**asdict(row), **sides, "scale_label": label, "figures": row.data()}


def _scale(key: str) -> dict[str, Any]:
    row = rules.scales()[key]
    wanted = ("label", "full_name", "minimum", "maximum", "direction", "rated_by", "minimal_important_difference_text")
    return {"key": key, **{name: row.get(name) for name in wanted}}
