"""Beside the main pool: the sensitivity set, tests for small-study effects, and the dose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ketascope.errors import InputError
from ketascope.evidence.pooling.cumulative import Row, cumulative
from ketascope.evidence.pooling.inputs import TOO_FEW
from ketascope.evidence.pooling.models import pool_effects
from ketascope.evidence.pooling.regression import meta_regression
from ketascope.evidence.pooling.sensitivity import Candidate, sensitivity_set
from ketascope.evidence.pooling.small_study import small_study_tests
from ketascope.evidence.summaries.choices import Choices, rules
from ketascope.evidence.summaries.entries import Entry
from ketascope.evidence.summaries.selection import Shown, instrument, one_per_trial

_NO_YEAR = 9999


def sensitivity_rows(
    rows: Sequence[Entry], counted: Sequence[Shown], choices: Choices, measure: str
) -> list[dict[str, Any]]:
    """The named set of `pooling.sensitivity`, then the same pool in every other span of time that has trials."""
    found: list[dict[str, Any]] = []
    if len(counted) >= rules()["fewest"]["studies"]:
        candidates = [Candidate(row.effect, row.entry.trial_key, row.entry.risk_of_bias) for row in counted]
        set_rows = sensitivity_set(candidates, estimator=choices.estimator, test=choices.test)
        found = [_plain(row, counted) for row in set_rows]
    return found + _other_windows(rows, choices, measure)


def _plain(row: Row, counted: Sequence[Shown]) -> dict[str, Any]:
    values = {key: getattr(row, key) for key in ("name", "k", "estimate", "low", "high", "tau2", "i2", "converged")}
    note = str(row.note)
    # The message of the main estimate stands above the set already.
    if row.name == "main":
        note = f"{len(counted)} trials, one comparison each"
    return {**{key: _finite(value) for key, value in values.items()}, "note": note}


def _other_windows(rows: Sequence[Entry], choices: Choices, measure: str) -> list[dict[str, Any]]:
    found = []
    for window, row in rules()["window"].items():
        if window == choices.window:
            continue
        shown = instrument(one_per_trial(rows, window, measure), measure)
        if not shown:
            continue
        name = f"time: {row['label']}"
        names = ", ".join(each.entry.label for each in shown)
        empty = dict.fromkeys(("estimate", "low", "high", "tau2", "i2", "converged"))
        if len(shown) < rules()["fewest"]["studies"]:
            found.append({"name": name, "k": len(shown), **empty, "note": f"{names}: {TOO_FEW}"})
            continue
        pooled = pool_effects([each.effect for each in shown], estimator=choices.estimator, test=choices.test)
        values = {key: _finite(getattr(pooled, key)) for key in empty}
        found.append({"name": name, "k": pooled.k, **values, "note": names})
    return found


def cumulative_rows(counted: Sequence[Shown], choices: Choices) -> list[dict[str, Any]]:
    """The pool as trials came in year by year; empty below two trials."""
    if len(counted) < rules()["fewest"]["studies"]:
        return []
    # A trial whose year was not read comes last.
    years = [float(row.entry.year or _NO_YEAR) for row in counted]
    names = [row.effect.name for row in counted]
    rows = cumulative(*_arrays(counted), years, estimator=choices.estimator, test=choices.test, names=names)
    keys = ("name", "k", "estimate", "low", "high", "tau2", "i2", "converged")
    return [{key: _finite(getattr(row, key)) for key in keys} for row in rows]


def small_study(counted: Sequence[Shown], choices: Choices) -> dict[str, Any]:
    """Egger, Begg, trim and fill; None three times with the refusal below ten studies."""
    names = ("egger", "begg", "trim_and_fill")
    if len(counted) < rules()["fewest"]["studies"]:
        return {**dict.fromkeys(names), "refusal": TOO_FEW}
    found = small_study_tests(*_arrays(counted), estimator=choices.estimator, test=choices.test)
    if found.egger is None or found.begg is None or found.trim_and_fill is None:
        return {**dict.fromkeys(names), "refusal": found.refusal}
    filled = found.trim_and_fill
    return {
        "egger": {"slope": found.egger.slope, "p_value": found.egger.p_value, "limit": found.egger.limit},
        "begg": {"kendall_tau": found.begg.kendall_tau, "p_value": found.begg.p_value},
        "trim_and_fill": {"missing": filled.missing, "side": filled.side, "estimate": filled.pooled.estimate}
        | {"low": filled.pooled.low, "high": filled.pooled.high},
        "refusal": None,
    }


def dose_response(counted: Sequence[Shown], choices: Choices) -> dict[str, Any]:
    """Meta-regression on the dose (mg/kg as racemic IV), with the reason where it cannot be made."""
    known = [row for row in counted if row.entry.dose_mg_per_kg_racemic_iv is not None]
    doses = [float(row.entry.dose_mg_per_kg_racemic_iv or 0.0) for row in known]
    values: dict[str, Any] = {"k": len(known), "slope": None, "low": None, "high": None, "p_value": None}
    unit = "per mg/kg racemic IV"
    try:
        found = meta_regression(*_arrays(known), {"dose": doses}, estimator=choices.estimator, test=choices.test)
    except InputError as refusal:
        return values | {"unit": unit, "refusal": str(refusal)}
    slope = found.coefficients[-1]
    ends = {"slope": slope.estimate, "low": slope.low, "high": slope.high, "p_value": slope.p_value}
    return {"k": len(known), **ends, "unit": unit, "refusal": None}


def _arrays(rows: Sequence[Shown]) -> tuple[list[float], list[float]]:
    return [row.effect.estimate for row in rows], [row.effect.variance for row in rows]


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
