"""How certain the evidence is and how that is said: the graded rows of our sources, else a rating by named rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ketascope.data import load
from ketascope.evidence.summaries.choices import Choices, indications, members, rules

# Highest grade in words for a pool whose own interval includes no difference.
_CAP = "low"
_UNGRADED = ("not graded", "no evidence")


def certainty(
    choices: Choices,
    routes: Iterable[str],
    studies: Sequence[Mapping[str, Any]],
    pooled: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Grade, who graded it, and the reasons.

    routes: those of the pooled studies; the evidence rows of these count (all routes where none pooled). Where several
    rows are graded the lowest grade stands. Only where none is graded, a rating by rule: see `rated`.
    """
    rows = _evidence_rows(choices, set(routes))
    graded = [row for _, row in rows if row["certainty"] not in _UNGRADED]
    reasons = [f"{name}: {reason}" for name, row in rows for reason in row["reasons"]]
    reasons += [f"{name}: {row['note']}" for name, row in rows if "note" in row]
    if graded:
        steps = rules()["rating"]["steps"]
        grade = min((str(row["certainty"]) for row in graded), key=steps.index)
        if pooled is not None and _crosses(pooled) and steps.index(grade) > steps.index(_CAP):
            grade = _CAP
            reasons.append(f"no higher than {_CAP} here: the interval of our own pool includes no difference")
        return {"grade": grade, "graded_by": "as graded in our sources, lowest of the rows", "reasons": reasons}
    if pooled is None:
        grade = "not graded" if rows else "no evidence"
        why = "trials exist, but nothing is pooled here and our sources hold no grade" if rows else "no trial was found"
        return {"grade": grade, "graded_by": "nothing to grade", "reasons": [*reasons, why]}
    found = rated(studies, pooled, _missing_trials(rows, studies))
    found["reasons"] = [*found["reasons"], *reasons]
    return found


def _crosses(pooled: Mapping[str, Any]) -> bool:
    """Whether the interval of the pool, or the normal one where that is wider, includes no difference."""
    both = (pooled, pooled["normal_interval"])
    return bool(min(each["low"] for each in both) <= 0.0 <= max(each["high"] for each in both))


def rated(studies: Sequence[Mapping[str, Any]], pooled: Mapping[str, Any], missing: str) -> dict[str, Any]:
    """A rating in GRADE style by rule: randomised trials start at high and each of four concerns takes one step.

    Domains and thresholds stand in `pooling_rules.toml`; this is arithmetic on the table, not a panel's judgement.
    """
    rule = rules()["rating"]
    counted = [study for study in studies if study["in_pooling"]]
    not_low = sum(study["risk_of_bias"] != "low" for study in counted)
    people = sum((study["n_treatment"] or 0) + (study["n_control"] or 0) for study in counted)
    few, i2_limit = int(rule["few_people"]), float(rule["inconsistent_i2_percent"])
    concerns = []
    if not_low:
        concerns.append(f"risk of bias: {not_low} of {len(counted)} pooled studies are not known to be at low risk")
    if pooled["i2"] >= i2_limit:
        concerns.append(f"inconsistency: I2 is {pooled['i2']:.0f}%, {i2_limit:.0f}% or more")
    if _crosses(pooled):
        concerns.append("imprecision: the pooled interval includes no difference")
    elif people < few:
        concerns.append(f"imprecision: {people:.0f} people, fewer than {few}")
    if missing:
        concerns.append(f"missing results: {missing}")
    steps = rule["steps"]
    grade = steps[max(0, len(steps) - 1 - len(concerns))]
    starts = "randomised trials start at high, one step down for each concern"
    return {"grade": grade, "graded_by": "by rule, not by a panel", "reasons": [starts, *concerns]}


def _evidence_rows(choices: Choices, routes: set[str]) -> list[tuple[str, dict[str, Any]]]:
    """Rows of the evidence summary for this treatment, with the words that a reason starts with."""
    found = []
    table = load("evidence_summary")["evidence"]
    for indication in members(choices.indication):
        for name, row in table.get(indication, {}).items():
            drug, _, route = name.partition(":")
            if drug == choices.treatment and row["trials"] and (not routes or route in routes):
                found.append((_of(choices, indication, route), row))
    return found


def _of(choices: Choices, indication: str, route: str) -> str:
    """What a row of the evidence summary is of: its route, and its diagnosis where several are asked for at once."""
    given = str(load("routes")[route]["label"])
    return given if indication == choices.indication else f"{given}, {indications()[indication]}"


def _missing_trials(rows: Sequence[tuple[str, Mapping[str, Any]]], studies: Sequence[Mapping[str, Any]]) -> str:
    """Which trials the pool is known to lack, as the evidence rows say; a null trial that is in as a bound is not."""
    codes = {code for _, row in rows for code in row["flags"]}
    if any(study["is_bound"] and study["in_pooling"] for study in studies):
        codes -= {"null_trial"}
    texts = rules()["rating"]["missing"]
    return "; ".join(str(texts[code]) for code in texts if code in codes)


def is_part(choices: Choices) -> bool:
    """Whether more trials of this treatment are known to exist than our tables hold."""
    return any("subset" in row["flags"] for _, row in _evidence_rows(choices, set()))


def in_sentence(label: str) -> str:
    """A treatment's name inside a sentence: abbreviations keep their capitals."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def words(choices: Choices, grade: str, pooled: Mapping[str, Any] | None, shown: int) -> str:
    """One plain sentence: reduces, probably, may, or very uncertain, by the grade; never stronger than the interval."""
    treatment = rules()["treatment"][choices.treatment]
    outcome = rules()["outcome"][choices.outcome]
    where = indications()[choices.indication]
    label = str(treatment["label"])
    if pooled is None:
        have = "no study has usable numbers" if not shown else "one study has usable numbers and is shown as it is"
        what = f"{in_sentence(label)} and {outcome['label']} in {where}"
        return f"No pooled estimate for {what}: {have}. Certainty: {grade}."
    is_better = (pooled["estimate"] < 0) == outcome["lower_is_better"]
    side = "better" if is_better else "worse"
    plain, base = str(outcome[side]), str(outcome[f"may_{side}"])
    verb = str(rules()["words"].get(grade, {"verb": "very uncertain"})["verb"])
    part = " (a part of those that exist)" if is_part(choices) else ""
    where = f"{where}, on the {pooled['k']} trials{part} whose figures were read"
    crosses = _crosses(pooled)
    doubt = ", but the pooled interval includes no difference" if crosses else ""
    certain = f"({grade} certainty)"
    if verb == "very uncertain":
        verb_phrase = base if treatment["plural"] else plain
        hint = "; the pooled interval includes no difference" if crosses else ""
        return f"It is very uncertain whether {in_sentence(label)} {verb_phrase} in {where}{hint} {certain}."
    if verb == "may":
        return f"{label} may {base} in {where}{doubt} {certain}."
    phrase = base if treatment["plural"] else plain
    return f"{label} {verb + ' ' if verb else ''}{phrase} in {where}{doubt} {certain}."
