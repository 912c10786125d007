"""Rules over the cells of one row of a study table; each returns "field: what is wrong and what would be right"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ketascope.evidence.studies import rules

UNITS_OF_MEASURE: Mapping[str, tuple[str, ...]] = {
    "baseline": ("points",),
    "mean": ("points", "days"),
    "change": ("points", "mmHg", ""),
    "difference": ("points",),
    "smd": ("sd units",),
    **dict.fromkeys(("responders", "remitters", "events", "relapse", "share", "change_percent"), ("percent",)),
    **dict.fromkeys(("hazard_ratio", "odds_ratio", "risk_ratio"), ("ratio",)),
    "median": ("days",),
    "none": ("",),
}
"""Measures of an outcome, and the units that each may have."""
SPREADS: tuple[str, ...] = ("", "sd", "se", "ci95", "cri95", "range")
COUNT_MEASURES: tuple[str, ...] = ("responders", "remitters", "events", "relapse")
COUNT_SOURCES: tuple[str, ...] = ("", "printed", "percent")

Row = Mapping[str, Any]
Rule = Callable[[Row], str]


def _unit(row: Row) -> str:
    allowed = UNITS_OF_MEASURE.get(row["measure"], ())
    if row["unit"] in allowed:
        return ""
    named = " or ".join(item or "none" for item in allowed)
    return f"unit: '{row['unit']}' is wrong for {row['measure']}; it is {named}"


def _known_scale(row: Row) -> str:
    key = row["scale_key"]
    return "" if not key or key in rules.scales() else f"scale_key: {rules.unknown_scale(key)}"


def _on_scale(row: Row) -> bool:
    return bool(row["scale_key"]) and row["scale_key"] in rules.scales() and row["unit"] == "points"


def _score(row: Row) -> str:
    if not _on_scale(row) or row["measure"] not in ("baseline", "mean", "change", "difference"):
        return ""
    judge = rules.score_outside if row["measure"] in ("baseline", "mean") else rules.change_too_large
    return _named("value", judge(row["value"], row["scale_key"]))


def _sign(row: Row) -> str:
    """Falls and benefits have a minus sign; a rise or harm that an interval supports has to say what plus means."""
    if row["value"] is None or row["value"] <= 0.0 or row["measure"] not in ("change", "difference", "smd"):
        return ""
    if row["unit"] not in ("points", "sd units") or not (row["scale_key"] or row["measure"] == "smd"):
        return ""
    spans_zero = row["spread"] in ("ci95", "cri95") and row["spread_low"] is not None and row["spread_low"] <= 0.0
    if spans_zero or "positive" in row["definition"]:
        return ""
    return f"value: {row['value']:g} is worse; if so, definition says what positive means, else it needs a minus sign"


def _spread(row: Row) -> str:
    kind, low, high = row["spread"], row["spread_low"], row["spread_high"]
    if kind == "":
        return (
            ""
            if low is None and high is None
            else "spread: is empty beside a figure; name sd, se, ci95, cri95 or range"
        )
    if kind in ("sd", "se"):
        if high is None or low is not None:
            return f"spread_high: the {kind} stands here, and spread_low is empty"
        # A median's spread may be printed as 0.
        return (
            ""
            if high > 0.0 or row["measure"] == "median"
            else f"spread_high: a {kind} of {high:g} is impossible; it must be above 0"
        )
    if low is None or high is None:
        return f"spread_low: a {kind} has two ends"
    return _named("value", rules.interval_misses(row["value"], low, high))


def _possible_spread(row: Row) -> str:
    if not _on_scale(row) or row["spread"] not in ("sd", "se") or row["measure"] == "median":
        return ""
    of_change, key, n = row["measure"] in ("change", "difference"), row["scale_key"], row["n"]
    if row["spread"] == "sd":
        return _named("spread_high", rules.sd_impossible(row["spread_high"], key, n, of_change))
    top = rules.largest_sd(key, n, of_change)
    return _named("spread_high", rules.standard_error_impossible(row["spread_high"], top, n))


def _counts(row: Row) -> str:
    if row["measure"] not in COUNT_MEASURES:
        return "" if row["events"] is None else f"events: belongs to {', '.join(COUNT_MEASURES)}"
    if (row["events"] is None) != (row["count_from"] == ""):
        return "count_from: says where events come from (printed or percent) and is empty without them"
    problem = _named("events", rules.counts_impossible(row["events"], row["n"]))
    problem = problem or _named("value", rules.percent_outside(row["value"]))
    return problem or _named("value", rules.percent_disagrees(row["value"], row["events"], row["n"]))


def _window(row: Row) -> str:
    start, end = row["window_start_h"], row["time_h"]
    if start is None or (end is not None and start < end):
        return ""
    return "window_start_h: a window starts before time_h"


def _p_value(row: Row) -> str:
    value = row["p_value"]
    return "" if value is None or 0.0 < value < 1.0 else f"p_value: {value:g} is no p value; it lies between 0 and 1"


def _ratio(row: Row) -> str:
    if row["unit"] != "ratio" or row["value"] is None or row["value"] > 0.0:
        return ""
    return f"value: a ratio of {row['value']:g} is impossible; it is above 0"


def _why_not(row: Row) -> str:
    if (row["in_pooling"] == "yes") == (row["why_not"] == ""):
        return ""
    return "why_not: says why figures are not pooled, and is empty where they are"


def _some_rows(row: Row) -> str:
    pair = bool(row["treatment_outcome_id"]), bool(row["control_outcome_id"])
    if pair[0] != pair[1]:
        return "control_outcome_id: treatment and control come in pairs"
    return "" if pair[0] or row["difference_outcome_id"] else "difference_outcome_id: names no outcome row at all"


def _published_interval(row: Row) -> str:
    return _named("estimate", rules.interval_misses(row["estimate"], row["ci_low"], row["ci_high"]))


def _named(field: str, problem: str) -> str:
    return f"{field}: {problem}" if problem else ""


RULES: Mapping[str, tuple[Rule, ...]] = {
    "study_outcomes.csv": (
        _unit,
        _known_scale,
        _score,
        _sign,
        _spread,
        _possible_spread,
        _counts,
        _window,
        _p_value,
        _ratio,
    ),
    "study_contrasts.csv": (_why_not, _some_rows),
    "published_pooled.csv": (_published_interval,),
}
