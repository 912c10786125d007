"""Lines of a forest plot: what stands in each, where the axis ends, and what is cut there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.charts.forest_text import interval_text, is_ratio, people_text, weight_text
from ketascope.report.format import duration

# A confidence interval that runs further than this beyond the estimates is cut and ends in an arrow.
_ROOM = {"linear": 1.0, "log": math.log(8.0)}

Document = Mapping[str, Any]
Record = dict[str, Any]


def shown_value(document: Document, value: float) -> float:
    """A value as the axis has it: a ratio where the pool is on the log scale."""
    return math.exp(value) if is_ratio(document) else value


def drawn_studies(document: Document) -> list[Mapping[str, Any]]:
    """Studies with an estimate, in the order of the document."""
    return [study for study in document["studies"] if study["estimate"] is not None]


def forest_rows(document: Document) -> list[Record]:
    """One record a line of the plot, from the top: studies, then the pooled estimates, then the prediction."""
    rows = [_study_row(document, study) for study in drawn_studies(document)]
    if not rows:
        return []
    pooled = document["pooled"]
    if pooled is not None:
        rows.append({"kind": "gap"})
        rows.append(_pooled_row(document, "Pooled estimate", pooled, "diamond"))
        without = document["without_bound"]
        if without is not None:
            name = "Without the bound of the null trial"
            if without.get("estimate") is not None:
                rows.append(_pooled_row(document, name, without, "hollow"))
            else:
                rows.append({"kind": "note", "study": name, "estimate_text": "one study: see its own line"})
        rule = str(pooled["prediction_rule"])
        span = next((p for p in pooled["predictions"] if p["rule"] == rule and p["low"] is not None), None)
        if span is not None:
            name = f"Prediction for a new study, rule {rule}"
            row = _pooled_row(document, name, {**span, "estimate": None}, "prediction")
            rows.append(row | {"estimate_text": interval_text(document, None, span["low"], span["high"])})
    return [row | {"line": index + 0.5} for index, row in enumerate(rows)]


def _study_row(document: Document, study: Mapping[str, Any]) -> Record:
    kind = "bound" if study["is_bound"] else "study" if study["in_pooling"] else "left_out"
    return {
        "kind": kind,
        "study": _cut(f"{study['label']}{'' if kind != 'left_out' else ' (not pooled)'}", 30),
        "comparison": _cut(f"{study['treatment']} vs {study['control']}", 43),
        "time": "" if study["time_h"] is None else duration(study["time_h"]),
        "people": people_text(study),
        "estimate": shown_value(document, study["estimate"]),
        "low": shown_value(document, study["low"]),
        "high": shown_value(document, study["high"]),
        "estimate_text": interval_text(document, study["estimate"], study["low"], study["high"], study["is_bound"]),
        "weight": study["weight_percent"],
        "weight_text": weight_text(study),
        "bias": study["risk_of_bias"],
        "full": f"{study['label']}: {study['treatment']} vs {study['control']}, {study['scale']}",
    }


def _pooled_row(document: Document, name: str, values: Mapping[str, Any], kind: str) -> Record:
    estimate = values["estimate"]
    return {
        "kind": kind,
        "study": name,
        "estimate": None if estimate is None else shown_value(document, estimate),
        "low": shown_value(document, values["low"]),
        "high": shown_value(document, values["high"]),
        "estimate_text": interval_text(document, estimate, values["low"], values["high"]),
        "people": f"k = {values['k']}" if kind != "prediction" else "",
        "full": name,
    }


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip(" ,;") + "\N{HORIZONTAL ELLIPSIS}"


def domain(document: Document, rows: Sequence[Record]) -> tuple[float, float]:
    """Limits of the axis: all estimates and the no-effect line with room around them, not every far end."""
    is_log = is_ratio(document)
    ends = [(row["low"], row["high"]) for row in rows if "low" in row]
    middles = [row["estimate"] for row in rows if row.get("estimate") is not None]
    if is_log:
        ends = [(math.log(low), math.log(high)) for low, high in ends]
        middles = [math.log(value) for value in middles]
    middles.append(0.0)
    room = max(_ROOM["log" if is_log else "linear"] * _unit_room(document), 0.35 * (max(middles) - min(middles)))
    low = max(min([*(low for low, _ in ends), 0.0]), min(middles) - room)
    high = min(max([*(high for _, high in ends), 0.0]), max(middles) + room)
    margin = 0.04 * (high - low)
    return shown_value(document, low - margin), shown_value(document, high + margin)


def _unit_room(document: Document) -> float:
    """Points need more room than standard deviations: as much as the widest of the studies' standard errors asks."""
    if document["measure"] != "MD":
        return 1.0
    return max((2.0 * study["standard_error"] for study in drawn_studies(document)), default=1.0)


def clipped(rows: Sequence[Record], low: float, high: float) -> list[Record]:
    """The same lines with the ends that are drawn, and whether they run off the axis."""
    result = []
    for row in rows:
        if "low" in row:
            ends = {"drawn_low": max(row["low"], low), "drawn_high": min(row["high"], high)}
            row = row | ends | {"runs_low": row["low"] < low, "runs_high": row["high"] > high}
        result.append(row)
    return result
