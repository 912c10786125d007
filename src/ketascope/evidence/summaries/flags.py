"""What a reader of one evidence document must know before reading the number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ketascope.evidence.studies import studies
from ketascope.evidence.summaries.certainty import is_part
from ketascope.evidence.summaries.choices import Choices, indications, rules
from ketascope.report.format import duration, effect_size


def flags(choices: Choices, document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Codes with their messages; texts and what triggers them stand in `pooling_rules.toml` and here."""
    counted = [study for study in document["studies"] if study["in_pooling"]]
    found = [_flag("bound", study["label"]) for study in counted if study["is_bound"]]
    times = [study["time_h"] for study in counted if study["time_h"] is not None]
    if times and max(times) > rules()["flag"]["times_differ"]["factor"] * min(times):
        found.append(_flag("times_differ", f"{duration(min(times))} to {duration(max(times))}"))
    pooled = document["pooled"]
    if pooled is not None and pooled["k"] < rules()["flag"]["few_studies"]["below"]:
        found.append(_flag("few_studies", str(pooled["k"])))
    if pooled is not None and is_part(choices):
        beside = ", and published pools of more of them stand beside it" if document["checks"] else ""
        found.append(_flag("part_of_the_trials", beside))
    if pooled is not None and not pooled["converged"]:
        found.append(_flag("not_converged", str(pooled["message"])))
    if pooled is not None:
        normal = pooled["normal_interval"]
        if pooled["high"] - pooled["low"] < normal["high"] - normal["low"]:
            found.append(_flag("narrowed", _ends(document, normal)))
    inert = [study["label"] for study in counted if study["control_kind"] == "inert"]
    if inert:
        found.append(_flag("inert_control", ", ".join(inert)))
    if pooled is not None and _all_small_and_positive(choices, counted):
        found.append(_flag("small_positive", _missing_null(document)))
    if any(study["indication"] != choices.indication for study in counted if not study["is_user"]):
        mixed = dict.fromkeys(indications().get(study["indication"], study["indication"]) for study in counted)
        found.append(_flag("diagnoses_mixed", ", ".join(mixed)))
    own = [study["label"] for study in document["studies"] if study["is_user"]]
    if own:
        found.append(_flag("own_rows", ", ".join(own)))
    return found


def _ends(document: Mapping[str, Any], interval: Mapping[str, float]) -> str:
    """An interval as it is read: ratios as ratios."""
    low, high = (effect_size(interval[end], str(document["measure"])) for end in ("low", "high"))
    return f"{low} to {high}"


def _flag(code: str, detail: str) -> dict[str, str]:
    return {"code": code, "message": str(rules()["flag"][code]["message"]).format(detail)}


def _all_small_and_positive(choices: Choices, counted: list[Mapping[str, Any]]) -> bool:
    """Every trial small and on the good side: what is left when null trials print no figures."""
    lower_is_better = rules()["outcome"][choices.outcome]["lower_is_better"]
    few = rules()["flag"]["small_positive"]["people_below"]
    sizes = [(study["n_treatment"] or 0) + (study["n_control"] or 0) for study in counted]
    return all(0 < size < few for size in sizes) and all((s["estimate"] < 0) == lower_is_better for s in counted)


def _missing_null(document: Mapping[str, Any]) -> str:
    """Absent trials larger than any that counts, named."""
    largest = max((s["n_treatment"] or 0) + (s["n_control"] or 0) for s in document["studies"] if s["in_pooling"])
    absent = [
        str(row["label"])
        for row in document["without_numbers"]
        if row["kind"] in ("controlled", "crossover") and (studies()[row["study"]].n_randomised or 0) > largest
    ]
    return ", ".join(absent) or "none found"
