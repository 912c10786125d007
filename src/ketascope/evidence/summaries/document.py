"""The evidence document of one indication, outcome and treatment: plain values only, as `evidence --json` prints it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ketascope import __version__
from ketascope.evidence.pooling.inputs import TOO_FEW
from ketascope.evidence.pooling.models import PREDICTION_RULES, Pooled, pool_effects
from ketascope.evidence.summaries.certainty import certainty, in_sentence, words
from ketascope.evidence.summaries.checks import published_checks
from ketascope.evidence.summaries.choices import TESTS, Choices, indications, members, rules
from ketascope.evidence.summaries.entries import Entry, entries
from ketascope.evidence.summaries.flags import flags
from ketascope.evidence.summaries.further import cumulative_rows, dose_response, sensitivity_rows, small_study
from ketascope.evidence.summaries.listing import also_published, without_numbers
from ketascope.evidence.summaries.selection import Shown, instrument, measure_for, not_counted, one_per_trial
from ketascope.report.format import effect_size

# Drawn in the plot; all rules are printed.
_DRAWN_RULE = {"KH": "KH t(k-1)", "z": "z"}


def evidence_document(choices: Choices, own: Sequence[Entry] = ()) -> dict[str, Any]:
    """Everything about one request; see `docs/evidence-command.md` for the fields.

    own: the user's rows, pooled beside the packaged ones. `pooled` is None with `refusal` where fewer than two trials
    have figures. Raises InputError for raw points over several scales.
    """
    outcome = rules()["outcome"][choices.outcome]
    rows = [*entries(members(choices.indication), choices.treatment, choices.outcome), *own]
    measure = measure_for(rows, choices.window, str(outcome["measure"]), choices.measure)
    counted = instrument(one_per_trial(rows, choices.window, measure.name), measure.name)
    absent = not_counted(rows, counted, choices.window, measure.name)
    pooled = _pool(counted, choices)
    refusal = None if pooled else TOO_FEW if counted else "no trial has figures that can be pooled"
    plain = None if pooled is None else pooled_values(pooled, measure.name, counted, choices.test)
    studies = [_study(row, pooled, index) for index, row in enumerate(counted)]
    studies += [_study(row, None, None) for row in absent]
    without = _without_bound(counted, choices, measure.name)
    named = rules()["measure"][measure.name]
    treatment = rules()["treatment"][choices.treatment]
    graded = certainty(choices, {row.entry.route for row in counted}, studies, plain)
    document = {
        "version": __version__,
        "indication": choices.indication,
        "label": indications()[choices.indication],
        "outcome": choices.outcome,
        "outcome_label": str(outcome["label"]),
        "treatment": choices.treatment,
        "treatment_label": str(treatment["label"]),
        "window": choices.window,
        "window_label": str(rules()["window"][choices.window]["label"]),
        "window_rule": str(rules()["window"][choices.window]["rule"]),
        "measure": measure.name,
        "measure_label": str(named["label"]),
        "measure_reason": measure.reason,
        "unit": str(named["unit"]),
        "test_label": TESTS[choices.test],
        "favours": _favours(str(treatment["label"]), bool(outcome["lower_is_better"])),
        "pooled": plain,
        "refusal": refusal,
        "without_bound": without,
        "sensitivity": sensitivity_rows(rows, counted, choices, measure.name),
        "cumulative": cumulative_rows(counted, choices),
        "small_study": small_study(counted, choices),
        "dose_response": dose_response(counted, choices),
        "studies": studies,
        "without_numbers": without_numbers(choices, rows, {row.entry.trial_key for row in (*counted, *absent)}),
        "certainty": graded,
        "words": words(choices, graded["grade"], plain, len(counted)),
    }
    document["checks"] = published_checks(choices, document)
    document["flags"] = flags(choices, document)
    return document


def _pool(counted: Sequence[Shown], choices: Choices) -> Pooled | None:
    if len(counted) < rules()["fewest"]["studies"]:
        return None
    return pool_effects([row.effect for row in counted], estimator=choices.estimator, test=choices.test)


def pooled_values(pooled: Pooled, measure: str, counted: Sequence[Shown], test: str) -> dict[str, Any]:
    """A pooled effect as plain values, with the ratio where the scale is logarithmic; what is not finite is None."""
    values = {name: _finite(value) for name, value in asdict(pooled).items()}
    del values["weights"], values["predictions"]
    rule = _DRAWN_RULE[test]
    ends = {name: found or (None, None) for name, found in pooled.predictions.items()}
    values["people"] = _finite(sum(row.entry.people or 0.0 for row in counted))
    values["prediction_rule"] = rule
    values["predictions"] = [
        {"rule": name, "label": PREDICTION_RULES[name], "low": _finite(low), "high": _finite(high)}
        for name, (low, high) in ends.items()
    ]
    values["ratio"] = ratio(measure, pooled.estimate, pooled.low, pooled.high)
    # Knapp-Hartung narrows the interval of trials that agree by chance; the normal one is there to tell.
    plain = pool_effects([row.effect for row in counted], estimator=pooled.estimator, test="z")
    values["normal_interval"] = {"low": plain.low, "high": plain.high}
    return values


def ratio(measure: str, estimate: float, low: float, high: float) -> dict[str, float] | None:
    """The effect as a ratio, None where the scale is not logarithmic."""
    if not measure.startswith("log"):
        return None
    return {"estimate": math.exp(estimate), "low": math.exp(low), "high": math.exp(high)}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _favours(label: str, lower_is_better: bool) -> dict[str, str]:
    better, worse = f"favours {in_sentence(label)}", "favours control"
    return {"low": better, "high": worse} if lower_is_better else {"low": worse, "high": better}


def _study(row: Shown, pooled: Pooled | None, index: int | None) -> dict[str, Any]:
    entry, effect = row.entry, row.effect
    low, high = effect.interval()
    if effect.is_bound:
        limit = float(entry.figures["bound"])
        low, high = -limit, limit
    return {
        "study": entry.study,
        "trial_key": entry.trial_key,
        "also": also_published(entry),
        "label": entry.label,
        "year": entry.year,
        "indication": entry.indication,
        "treatment": entry.treatment,
        "control": entry.control,
        "control_kind": entry.control_kind,
        "n_treatment": entry.figures["n_treatment"],
        "n_control": entry.figures["n_control"],
        "n_total": entry.figures["n_total"],
        "events_treatment": entry.figures["events_treatment"],
        "events_control": entry.figures["events_control"],
        "estimate": effect.estimate,
        "low": low,
        "high": high,
        "standard_error": effect.standard_error,
        "ratio": ratio(effect.scale, effect.estimate, low, high),
        "weight_percent": None if pooled is None or index is None else pooled.weights[index],
        "time_h": entry.time_h,
        "scale": entry.scale,
        "risk_of_bias": entry.risk_of_bias,
        "verified": entry.verified,
        "in_pooling": row.in_pooling,
        "why_not": row.why_not or None,
        "is_bound": effect.is_bound,
        "is_user": entry.is_user,
        "how": effect.note,
        "assumed": entry.figures["assumed"] or None,
        "outcome_ids": list(entry.figures["outcome_ids"] or ()),
    }


def _without_bound(counted: Sequence[Shown], choices: Choices, measure: str) -> dict[str, Any] | None:
    """The pool without the bounds of null trials; None where there is no bound."""
    bounds = [row.entry.label for row in counted if row.effect.is_bound]
    rest = [row for row in counted if not row.effect.is_bound]
    if not bounds:
        return None
    names = " and ".join(bounds)
    pooled = _pool(rest, choices)
    if pooled is None:
        return {"k": len(rest), "estimate": None, "words": f"Without the bound of {names}: {TOO_FEW}."}
    values = {"k": pooled.k, "estimate": pooled.estimate, "low": pooled.low, "high": pooled.high, "tau2": pooled.tau2}
    unit = str(rules()["measure"][measure]["unit"])
    estimate, low, high = (effect_size(value, measure) for value in (pooled.estimate, pooled.low, pooled.high))
    said = f"{estimate} ({low} to {high}) {unit}".rstrip()
    text = f"Without the bound of {names}, a null trial that printed no estimate: {said}, k = {pooled.k}."
    return values | {"words": text}
