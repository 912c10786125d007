"""What the trials of a disorder add up to: how many, how many people, the pooled effect and how certain it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ketascope.claims.library import Claim
from ketascope.claims.live.bench import Bench, of_check
from ketascope.claims.live.result import Finding, Matched
from ketascope.claims.live.wording import between, capital, joined, number, plain, trials_text

CONTROLLED = ("controlled", "crossover")


def evidence(name: str, bench: Bench, claim: Claim | None, match: Matched | None) -> Finding:
    """The pooled effect on symptoms with both intervals, or the single trial that there is, and the certainty."""
    indications = [str(each) for each in of_check(name)["indications"]]
    treatment = _treatment(claim, match)
    parts: list[str] = []
    numbers: dict[str, float] = {}
    grades: list[str] = []
    names: dict[str, int | None] = {}
    for indication in indications:
        symptoms = bench.evidence(indication, "symptoms", treatment)
        response = bench.evidence(indication, "response", treatment)
        part, found = _one(indication, symptoms, response)
        parts.append(part)
        numbers |= found
        grades.append(f"{symptoms['certainty']['grade']} in {symptoms['label']}")
        for document in (symptoms, response):
            names |= _controlled(document)
    people = sum(n for n in names.values() if n is not None)
    unknown = sum(n is None for n in names.values())
    numbers |= {"controlled_trials": float(len(names)), "controlled_people": float(people)}
    numbers["controlled_trials_of_unknown_size"] = float(unknown)
    hidden = f" ({unknown} of unknown size not counted)" if unknown else ""
    words = (
        f"{capital('; '.join(parts))}. Trials with a comparison group in our tables: {len(names)}, with {people:,} "
        f"people{hidden}; certainty: {joined(grades)}."
    )
    labels = [study["label"] for study in _pooled_studies(bench, indications, treatment)]
    read = f"; in the pool: {', '.join(labels)}" if labels else f"; trials: {', '.join(names)}" if names else ""
    return Finding(words, numbers, f"ketascope evidence, {treatment}{read}")


def _one(indication: str, symptoms: Mapping[str, Any], response: Mapping[str, Any]) -> tuple[str, dict[str, float]]:
    from ketascope.evidence.summaries.certainty import in_sentence

    label, pooled = symptoms["label"], symptoms["pooled"]
    drug = in_sentence(str(symptoms["treatment_label"]))
    if pooled is None:
        text, found = _single(response)
        return f"nothing can be pooled for {drug} and symptoms in {label}{text}", {f"{indication}_k": 0.0} | {
            f"{indication}_{key}": value for key, value in found.items()
        }
    scales = list(dict.fromkeys(study["scale"] for study in symptoms["studies"] if study["in_pooling"]))
    # Points mean something on their own scale only.
    scale = f"{scales[0]} " if symptoms["measure"] == "MD" and len(scales) == 1 else ""
    unit = f"{scale}{symptoms['unit']} ({symptoms['measure_label']})"
    drawn = next(row for row in pooled["predictions"] if row["rule"] == pooled["prediction_rule"])
    text = (
        f"{trials_text(pooled['k'])} with {number(pooled['people'], 'count')} people pool to "
        f"{plain(pooled['estimate'], 2)} {unit} for {drug} in {label} (95% confidence interval "
        f"{between(pooled['low'], pooled['high'], 2)}, minus is better than control)"
    )
    found = {key: float(pooled[key]) for key in ("k", "people", "estimate", "low", "high", "i2")}
    if drawn["low"] is not None:
        text += f", and a new trial may land from {between(drawn['low'], drawn['high'], 2)} (95% prediction interval)"
        found |= {"prediction_low": float(drawn["low"]), "prediction_high": float(drawn["high"])}
    return text, {f"{indication}_{key}": value for key, value in found.items()}


def _single(response: Mapping[str, Any]) -> tuple[str, dict[str, float]]:
    """The trial with counts of responders where there is just one, so that its figure is not left unsaid."""
    counted = [study for study in response["studies"] if study["in_pooling"]]
    if len(counted) != 1 or counted[0]["ratio"] is None or counted[0]["events_treatment"] is None:
        return "", {}
    study = counted[0]
    ratio = study["ratio"]
    events = [study[key] for key in ("events_treatment", "n_treatment", "events_control", "n_control")]
    text = (
        f", and one trial counted responders ({study['label']}: {events[0]:g} of {events[1]:g} against "
        f"{events[2]:g} of {events[3]:g}, odds ratio {number(ratio['estimate'], 'fold')}, 95% confidence interval "
        f"{number(ratio['low'], 'fold')} to {number(ratio['high'], 'fold')})"
    )
    found = {
        f"odds_ratio{end}": float(ratio[key]) for end, key in (("", "estimate"), ("_low", "low"), ("_high", "high"))
    }
    names = ("responders", "treated", "control_responders", "controls")
    return text, found | dict(zip(names, map(float, events), strict=True))


def _controlled(document: Mapping[str, Any]) -> dict[str, int | None]:
    """Trials with a comparison group that the document names, by trial, with their people."""
    from ketascope.evidence.studies import studies

    table = studies()
    names: Iterable[str] = (row["study"] for row in (*document["studies"], *document["without_numbers"]))
    rows = [table[name] for name in names if name in table and table[name].kind in CONTROLLED]
    return {row.trial_key: row.n_randomised or row.n_analysed for row in rows}


def _pooled_studies(bench: Bench, indications: list[str], treatment: str) -> list[Mapping[str, Any]]:
    found = [bench.evidence(indication, "symptoms", treatment) for indication in indications]
    return [study for document in found if document["pooled"] for study in document["studies"] if study["in_pooling"]]


def _treatment(claim: Claim | None, match: Matched | None) -> str:
    for drug in (match.drug if match else "", claim.drug if claim else ""):
        if drug in ("ketamine", "esketamine"):
            return drug
    return "ketamine"
