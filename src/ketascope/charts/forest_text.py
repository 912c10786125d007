"""What the forest plot, the terminal and screen readers say about an evidence document, in one wording."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ketascope.charts.chart import Row
from ketascope.report.format import NOT_SHOWN, duration, effect_size, plain

Document = Mapping[str, Any]
_SIDES = ("treatment", "control")


def is_ratio(document: Document) -> bool:
    """Whether the numbers of the document are logarithms of a ratio."""
    return str(document["measure"]).startswith("log")


def value_text(document: Document, value: float) -> str:
    """One effect as it is printed: the ratio itself where the pool is on the log scale."""
    return effect_size(value, str(document["measure"]))


def interval_text(document: Document, estimate: float | None, low: float, high: float, is_bound: bool = False) -> str:
    """`0.42 (0.10 to 0.74)`; a bound has no estimate and says so; values are on the scale of the pool."""
    ends = f"{value_text(document, low)} to {value_text(document, high)}"
    if is_bound:
        return f"within {ends} (bound)"
    return ends if estimate is None else f"{value_text(document, estimate)} ({ends})"


def people_text(study: Mapping[str, Any]) -> str:
    """People in both groups, with events where the numbers are counts."""
    sides = []
    if any(isinstance(study[f"n_{side}"], float) and not study[f"n_{side}"].is_integer() for side in _SIDES):
        # Half a person stands for a crossover whose sequences were not read.
        return f"{study['n_total']:g} crossed over"
    for side in _SIDES:
        count, events = study[f"n_{side}"], study[f"events_{side}"]
        if count is None:
            return NOT_SHOWN if study["n_total"] is None else f"{study['n_total']:g} in all"
        sides.append(f"{count:g}" if events is None else f"{events:g}/{count:g}")
    return f"{sides[0]} vs {sides[1]}"


def weight_text(study: Mapping[str, Any]) -> str:
    """The share of the weight, a dash for a study outside the pool."""
    return NOT_SHOWN if study["weight_percent"] is None else f"{plain(study['weight_percent'], 0)}%"


def p_text(value: float) -> str:
    """`p = 0.018`, or that it is below a thousandth."""
    return "p < 0.001" if value < 0.001 else f"p = {plain(value, 3)}"


def heterogeneity_text(pooled: Mapping[str, Any]) -> str:
    """Variance between studies with its interval, I2, Q."""
    ends = ""
    if pooled["tau2_low"] is not None and pooled["tau2_high"] is not None:
        ends = f" ({plain(pooled['tau2_low'], 3)} to {plain(pooled['tau2_high'], 3)})"
    return (
        f"tau\N{SUPERSCRIPT TWO} {plain(pooled['tau2'], 3)}{ends}, I\N{SUPERSCRIPT TWO} {plain(pooled['i2'], 0)}%, "
        f"Q {plain(pooled['q'], 2)} on {pooled['q_df']} df ({p_text(pooled['q_p'])})"
    )


def method_line(document: Document) -> str:
    """Model, estimator, test, heterogeneity and whether the iteration ended; or why there is no pool."""
    pooled = document["pooled"]
    if pooled is None:
        return f"Not pooled: {document['refusal']}."
    model = "Common effect" if pooled["estimator"] == "FE" else "Random effects"
    ended = "converged" if pooled["converged"] else f"did NOT converge: {pooled['message']}"
    return (
        f"{model}, estimator {pooled['estimator']}, test {document['test_label']}, {ended}; k = {pooled['k']}; "
        f"{heterogeneity_text(pooled)}; {document['measure_label']}: {document['measure_reason']}."
    )


def prediction_text(document: Document) -> str:
    """The three prediction intervals with their rules; the drawn one is named."""
    pooled = document["pooled"]
    texts = []
    for prediction in pooled["predictions"]:
        if prediction["low"] is None:
            texts.append(f"{prediction['rule']}: not defined for k = {pooled['k']}")
        else:
            drawn = ", drawn" if prediction["rule"] == pooled["prediction_rule"] else ""
            ends = interval_text(document, None, prediction["low"], prediction["high"])
            texts.append(f"{prediction['rule']}{drawn}: {ends}")
    return f"Prediction interval for a new study, by rule: {'; '.join(texts)}."


def study_sentence(document: Document, study: Mapping[str, Any]) -> str:
    """One study in words."""
    at = "" if study["time_h"] is None else f" at {duration(study['time_h'])}"
    text = interval_text(document, study["estimate"], study["low"], study["high"], study["is_bound"])
    weight = f", weight {weight_text(study)}" if study["in_pooling"] else ", not pooled"
    return f"{study['label']}{at} {text}{weight}"


def forest_summary(document: Document) -> str:
    """The plot in sentences: what pooled, with what result, study by study, and who is absent."""
    shown = [study for study in document["studies"] if study["estimate"] is not None]
    sentences = [str(document["words"]), method_line(document)]
    if document["pooled"] is not None:
        sentences.append(prediction_text(document))
    without = document["without_bound"]
    if without is not None:
        sentences.append(str(without["words"]))
    if shown:
        sentences.append(f"Studies: {'; '.join(study_sentence(document, study) for study in shown)}.")
    absent = [str(study["label"]) for study in document["without_numbers"]]
    if absent:
        sentences.append(f"Without usable numbers: {'; '.join(absent)}.")
    return " ".join(sentences)


def forest_table(document: Document) -> list[Row]:
    """The plot as a table: a row a study, then the pooled estimates, then those without usable numbers."""
    unit = "ratio" if is_ratio(document) else str(document["unit"])
    rows = [_study_row(document, study, unit) for study in document["studies"]]
    for name, values in (("Pooled estimate", document["pooled"]), ("Without the bound", document["without_bound"])):
        if values is not None and values.get("estimate") is not None:
            rows.append(_empty(unit) | {"study": name} | _numbers(document, values, unit))
    if document["pooled"] is not None:
        for prediction in document["pooled"]["predictions"]:
            row = _empty(unit) | {"study": f"Prediction interval, {prediction['rule']}"}
            if prediction["low"] is not None:
                row |= _numbers(document, {**prediction, "estimate": None}, unit)
            rows.append(row)
    for study in document["without_numbers"]:
        rows.append(_empty(unit) | {"study": str(study["label"]), "note": str(study["why"])})
    return rows


def _empty(unit: str) -> Row:
    names = ("study", "comparison", "time", "people", f"estimate ({unit})", f"95% low ({unit})", f"95% high ({unit})")
    return dict.fromkeys((*names, "weight (%)", "risk of bias", "note"))


def _numbers(document: Document, values: Mapping[str, Any], unit: str) -> Row:
    names = {"estimate": f"estimate ({unit})", "low": f"95% low ({unit})", "high": f"95% high ({unit})"}
    row: Row = {}
    for key, name in names.items():
        value = values[key]
        row[name] = value if value is None or not is_ratio(document) else math.exp(value)
    return row


def _study_row(document: Document, study: Mapping[str, Any], unit: str) -> Row:
    row = _empty(unit) | {
        "study": str(study["label"]),
        "comparison": f"{study['treatment']} vs {study['control']}, {study['scale']}",
        "time": None if study["time_h"] is None else duration(study["time_h"]),
        "people": people_text(study),
        "weight (%)": study["weight_percent"],
        "risk of bias": str(study["risk_of_bias"]),
        "note": study["why_not"] or ("a bound, not an estimate" if study["is_bound"] else None),
    }
    return row | (_numbers(document, study, unit) if study["estimate"] is not None else {})
