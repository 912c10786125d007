"""What many replicates of a trial say: power or assurance, effect, bias, size and curve, every figure with an interval.

Three kinds of spread are kept apart. Monte-Carlo error comes from the finite number of replicates and stands as "low"
and "high" beside every figure. Because people differ, trials of one design differ; because the model's parameters are
known only so well, they differ further. Both together are the predictive interval, and `spread` tells them apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketascope.data import load
from ketascope.virtual_trials import monte_carlo
from ketascope.virtual_trials.analyses.ratings import FAILURES
from ketascope.virtual_trials.analyses.responders import INTERVAL, TEST, number_needed_to_treat
from ketascope.virtual_trials.analysing import ON_CURVE, benefit_sign
from ketascope.virtual_trials.design import Design
from ketascope.virtual_trials.following import REASONS
from ketascope.virtual_trials.sequential import REESTIMATION_METHOD, SEQUENTIAL_METHOD
from ketascope.virtual_trials.wording import sentences

Values = NDArray[np.float64]
Table = Mapping[str, NDArray[Any]]

PREDICTIVE_LEVEL = 0.95
KEPT = (
    "estimate",
    "standard_error",
    "p_value",
    "low",
    "high",
    "active_mean",
    "control_mean",
    "standard_deviation",
    "complete_estimate",
    "people",
    "analysed",
    "look",
    "reason",
    "failure",
    "is_significant",
    "is_significant_adjusted",
)
METHODS: Mapping[str, tuple[str, str, str]] = {
    "ancova": ("ANCOVA", "t test of the adjusted difference, complete cases at the primary visit", "points"),
    "mixed_model": (
        "mixed model",
        "t test of the contrast at the primary visit; random intercept, REML; degrees of freedom of the ANCOVA",
        "points",
    ),
    "responders": ("responders", f"{TEST}; interval: {INTERVAL}; a missing rating is no response", "share of people"),
}
COMPOSITE = "composite: who was rescued or left counts as no response"
QUANTITIES = {
    "assurance": "share of trials, over what the model's parameters may be, that find the arm significantly better",
    "power": "share of trials, at the model's central parameters, that find the arm significantly better",
    "type I error": "share of trials without any difference between arms that find one, in either direction",
}


@dataclass
class _Gathered:
    """Columns of one method: the trial as designed, (replicates, active arms), and counts along the curve."""

    columns: dict[str, list[NDArray[Any]]] = field(default_factory=dict)
    curve: dict[int, NDArray[np.int64]] = field(default_factory=dict)


def quantity(design: Design) -> str:
    """What the share of significant trials is called: power, assurance, or type I error."""
    if design.is_null:
        return "type I error"
    return "assurance" if design.parameters == "posterior" else "power"


def summarise(design: Design, tables: Iterable[Table]) -> dict[str, Any]:
    """All figures of a run as plain data; a missing one is None, and says why.

    tables: parts of the long table of `analysing.analyse`, each with whole replicates, in any number and read once;
    only the rows of the trial as designed are kept, not those of curves.
    """
    gathered = {method: _Gathered() for method in design.analyses}
    for table in tables:
        for method, found in gathered.items():
            _gather(design, method, table, found)
    methods = [_method(design, method, found) for method, found in gathered.items()]
    document = {
        "title": design.title,
        "quantity": quantity(design),
        "meaning": QUANTITIES[quantity(design)],
        "parameters": design.parameters,
        "is_null": design.is_null,
        "alpha": design.alpha,
        "people": design.people,
        "replicates": max((method["replicates"] for method in methods), default=0),
        "primary_visit_h": design.primary_visit_h,
        "scale_label": load("scales")[design.scale]["label"],
        "estimand": design.estimand,
        "intervals": {
            "monte_carlo_level": monte_carlo.LEVEL,
            "shares": monte_carlo.SHARE_INTERVAL,
            "means": monte_carlo.MEAN_INTERVAL,
            "quantiles": monte_carlo.QUANTILE_INTERVAL,
            "predictive_level": PREDICTIVE_LEVEL,
        },
        "rules": _rules(design),
        "methods": methods,
    }
    return document | {"sentences": sentences(document)}


def estimand_of(design: Design, method: str) -> str:
    """What a method estimates where people are rescued; a responder cannot be what a hypothetical estimand asks for,
    as a rating that is left out is no response."""
    is_composite = method == "responders" and design.rescue is not None and design.estimand == "hypothetical"
    return COMPOSITE if is_composite else design.estimand


def _rescue_note(design: Design, method: str) -> str | None:
    """Why complete data, which have no rescue, have another estimand than the method; None where they have the same."""
    if design.rescue is None:
        return None
    notes = {
        "treatment policy": "the difference includes the effect of rescue, which complete data do not have",
        COMPOSITE: "the difference includes that who is rescued counts as no response; complete data have no rescue",
    }
    return notes.get(estimand_of(design, method))


def _rules(design: Design) -> dict[str, str | None]:
    looks = len(design.adaptation.information) > 1
    return {
        "looks": SEQUENTIAL_METHOD if looks else None,
        "futility": "not binding, by conditional power" if design.adaptation.futility_below is not None else None,
        "reestimation": REESTIMATION_METHOD if design.adaptation.people_most is not None else None,
        "several_arms": "Holm" if len(design.active) > 1 else None,
    }


def _gather(design: Design, method: str, table: Table, found: _Gathered) -> None:
    mine = table["method"] == method
    size, arms = table["curve_people"], len(design.active)
    main = mine & (size == 0)
    for name in KEPT:
        found.columns.setdefault(name, []).append(table[name][main].reshape(-1, arms))
    for people in sorted(set(design.people_curve)) if method in ON_CURVE else ():
        rows = mine & (size == people)
        own = {
            name: table[name][rows].reshape(-1, arms)
            for name in ("estimate", "is_significant", "is_significant_adjusted")
        }
        success, adjusted = _successes(design, method, own)
        counts = np.array([len(success), adjusted.any(axis=1).sum(), *success.sum(axis=0)])
        found.curve[people] = found.curve.get(people, np.zeros_like(counts)) + counts


def _successes(design: Design, method: str, columns: Mapping[str, NDArray[Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Successes without and with Holm's steps: significance in favour of the arm, or either way under the null."""
    counts = np.ones(columns["estimate"].shape, bool)
    if not design.is_null:
        counts = benefit_sign(design, method) * columns["estimate"] > 0.0
    return columns["is_significant"] & counts, columns["is_significant_adjusted"] & counts


def _method(design: Design, method: str, found: _Gathered) -> dict[str, Any]:
    columns = {name: np.concatenate(parts) for name, parts in found.columns.items()}
    replicates = len(columns["estimate"]) if columns else 0
    label, test, unit = METHODS[method]
    named = {"method": method, "label": label, "test": test, "unit": unit, "estimand": estimand_of(design, method)}
    if not replicates:
        return named | {"replicates": 0, "contrasts": []}
    _, adjusted = _successes(design, method, columns)
    # The trial goes on until its last comparison has ended.
    people = columns["people"].max(axis=1).astype(float)
    return named | {
        "replicates": replicates,
        "any_arm": monte_carlo.share(int(adjusted.any(axis=1).sum()), replicates),
        "people_used": {
            "mean": monte_carlo.mean(people),
            "quantiles": {str(at): monte_carlo.quantile(people, at) for at in (0.05, 0.5, 0.95)},
        },
        "contrasts": [
            _contrast(design, method, index, {name: values[:, index] for name, values in columns.items()})
            for index in range(len(design.active))
        ],
        "curve": [_curve_point(design, people, counts) for people, counts in sorted(found.curve.items())],
        "curve_note": None if method in ON_CURVE else "the mixed model is not refitted for other sizes",
    }


def _curve_point(design: Design, people: int, counts: NDArray[np.int64]) -> dict[str, Any]:
    replicates, any_arm, *by_arm = counts.tolist()
    return {
        "people": people,
        "any_arm": monte_carlo.share(any_arm, replicates),
        "arms": {
            arm.name: monte_carlo.share(count, replicates) for arm, count in zip(design.active, by_arm, strict=True)
        },
    }


def _contrast(design: Design, method: str, index: int, columns: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    estimate = columns["estimate"]
    replicates, sign = len(estimate), benefit_sign(design, method)
    success, adjusted = _successes(design, method, columns)
    wrong = columns["is_significant"] & (sign * estimate < 0.0)
    tail = 0.5 * (1.0 - PREDICTIVE_LEVEL)
    effect = monte_carlo.mean(estimate)
    row: dict[str, Any] = {
        "arm": design.active[index].name,
        "control": design.control.name,
        "success": monte_carlo.share(int(success.sum()), replicates),
        "success_adjusted": monte_carlo.share(int(adjusted.sum()), replicates),
        "wrong_direction": monte_carlo.share(int(wrong.sum()), replicates),
        "expected_effect": effect,
        "predictive_interval": {
            "low": monte_carlo.quantile(estimate, tail),
            "median": monte_carlo.quantile(estimate, 0.5),
            "high": monte_carlo.quantile(estimate, 1.0 - tail),
        },
        "spread": _spread(design, columns),
        "active_mean": monte_carlo.mean(columns["active_mean"]),
        "control_mean": monte_carlo.mean(columns["control_mean"]),
        "bias": _bias(estimate - columns["complete_estimate"]) | {"note": _rescue_note(design, method)},
        "coverage": _coverage(design, method, columns),
        "people": monte_carlo.mean(columns["people"].astype(float)),
        "analysed": monte_carlo.mean(columns["analysed"].astype(float)),
        "stopping": _stopping(columns),
        "failures": {
            name: monte_carlo.share(int((columns["failure"] == name).sum()), replicates)
            | {"count": int((columns["failure"] == name).sum())}
            for name in FAILURES[1:]
        },
    }
    if method == "responders":
        row["number_needed_to_treat"] = _needed_to_treat(effect)
    else:
        row["standardised_effect"] = monte_carlo.mean(estimate / columns["standard_deviation"])
        row["important_difference"] = _important(design, sign, columns)
    return row


def _bias(difference: Values) -> dict[str, float | None]:
    """Mean difference from the same analysis of complete data, with its Monte-Carlo standard error."""
    known = difference[np.isfinite(difference)]
    error = float(known.std(ddof=1)) / math.sqrt(len(known)) if len(known) > 1 else None
    return monte_carlo.mean(known) | {"monte_carlo_se": error}


def _spread(design: Design, columns: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Standard deviations of the estimate over trials: in all, from who takes part, and from unknown parameters.

    From people: the root of the mean squared standard error. From parameters: what is left of the variance over trials;
    none where parameters are fixed.
    """
    estimate = columns["estimate"]
    squared = columns["standard_error"] ** 2
    count = int(np.isfinite(estimate).sum())
    centre = np.nanmean(estimate) if count else math.nan
    deviation = (estimate - centre) ** 2 * count / max(count - 1, 1)
    return {
        "between_trials": monte_carlo.root_mean(deviation),
        "from_people": monte_carlo.root_mean(squared),
        "from_parameters": (
            monte_carlo.root_mean(deviation - squared)
            if design.parameters == "posterior" and not design.is_null
            else None
        ),
    }


def _coverage(design: Design, method: str, columns: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Share of intervals that hold the true effect, where every replicate has the same one and it is known."""
    rescue = _rescue_note(design, method)
    has = np.isfinite(columns["low"])
    if design.is_null:
        # Without a drug effect rescue comes to all arms alike, so the true difference is 0 whatever is counted.
        truth, note = 0.0, "of no difference"
    elif rescue is not None:
        return dict(monte_carlo.NOTHING) | {"note": f"not known: {rescue}"}
    elif design.parameters == "fixed":
        complete = columns["complete_estimate"]
        truth = float(np.nanmean(complete)) if np.isfinite(complete).any() else math.nan
        note = "of the mean estimate from complete data"
    else:
        return dict(monte_carlo.NOTHING) | {"note": "not defined: every replicate has a true effect of its own"}
    inside = has & (columns["low"] <= truth) & (truth <= columns["high"])
    return monte_carlo.share(int(inside.sum()), int(has.sum())) | {"note": note}


def _stopping(columns: Mapping[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """Share of replicates that ended at each look, by reason; only what happened."""
    rows = []
    replicates = len(columns["look"])
    for look in range(1, int(columns["look"].max()) + 1):
        for reason in REASONS:
            count = int(((columns["look"] == look) & (columns["reason"] == reason)).sum())
            if count:
                rows.append({"look": look, "reason": reason} | monte_carlo.share(count, replicates))
    return rows


def _needed_to_treat(effect: Mapping[str, float | None]) -> dict[str, Any] | None:
    value, low, high = effect["value"], effect["low"], effect["high"]
    if value is None or low is None or high is None:
        return None
    return number_needed_to_treat(value, low, high) | {"of": "expected difference; interval: Monte-Carlo error alone"}


def _important(design: Design, sign: float, columns: Mapping[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """Share of trials whose estimate is at least as large as a minimal important difference, one row a source.

    Sources give differences that matter within people; between arms they are a yardstick only.
    """
    scale = load("scales")[design.scale]
    benefit = sign * columns["estimate"]
    rows = []
    for source in scale.get("minimal_important_difference", ()):
        in_sd = source["unit"].startswith("SD")
        size = benefit / columns["standard_deviation"] if in_sd else benefit
        for end in ("low", "value", "high"):
            if end in source:
                reached = int((size >= source[end]).sum())
                rows.append(
                    {"least": source[end], "end": end, "unit": source["unit"], "source": source["source"]}
                    | monte_carlo.share(reached, len(benefit))
                )
    return rows
