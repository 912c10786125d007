"""Studies of an indication that give no figure to the pool, each with the reason; none is left out in silence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ketascope.evidence.studies import Study, studies
from ketascope.evidence.summaries.choices import Choices, members, rules
from ketascope.evidence.summaries.entries import Entry

_MIXED = "anxiety_mixed"


def without_numbers(choices: Choices, rows: Sequence[Entry], shown: Collection[str]) -> list[dict[str, Any]]:
    """Study, other names of it, label, kind and reason: each trial of the request that the plot does not draw, once."""
    found: dict[str, dict[str, Any]] = {}
    for study in studies().values():
        if not _belongs(study, choices) or study.trial_key in shown:
            continue
        if study.trial_key in found:
            found[study.trial_key]["also"].append(study.study)
            continue
        facts = {"study": study.study, "also": [], "label": study.label, "kind": study.kind}
        found[study.trial_key] = {**facts, "why": _why(study, rows, choices)}
    return list(found.values())


def _belongs(study: Study, choices: Choices) -> bool:
    if choices.treatment not in study.drug_class:
        return False
    wanted = members(choices.indication)
    # Samples of several diagnoses stand under each one that their entry criteria name.
    named = study.condition.upper().replace(",", " ").replace("/", " ").split()
    return study.indication in wanted or (study.indication == _MIXED and any(each.upper() in named for each in wanted))


def _why(study: Study, rows: Sequence[Entry], choices: Choices) -> str:
    same = [row for row in rows if row.trial_key == study.trial_key]
    own = [row for row in same if row.study == study.study] or same
    reasons = [row.why_not or _missing(row) for row in own]
    if reasons:
        return "; ".join(dict.fromkeys(reasons))
    if study.no_comparison:
        return study.no_comparison
    if study.within:
        parts = ", ".join(studies()[part].label if part in studies() else part for part in study.within)
        return f"holds or repeats people of {parts}"
    return str(rules()["kind"].get(study.kind, f"no figures for {choices.outcome} were read"))


def _missing(row: Entry) -> str:
    return "no usable figures at the time asked for" if row.figures["measure"] != "none" else "no figures were printed"


def also_published(entry: Entry) -> list[str]:
    """Other names of the same trial in the tables; a row of the user has none."""
    return [name for name, row in studies().items() if row.trial_key == entry.trial_key and name != entry.study]
