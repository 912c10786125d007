"""Simulated trials to one long table: a row for every replicate, method and comparison with the control.

Every method is taken as if it were the trial's primary analysis: it takes its own looks, stops by its own result, and
has the whole alpha. What is printed for a comparison that stopped early is the ordinary estimate with its ordinary
interval and p-value, not adjusted for looks; `summary` measures what that does to bias and coverage.
"""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketascope.data import load
from ketascope.model.symptoms import load_indication
from ketascope.virtual_trials.analyses.ancova import ancova_contrasts
from ketascope.virtual_trials.analyses.mixed_model import mixed_model_contrasts
from ketascope.virtual_trials.analyses.ratings import FAILURES, Contrasts, Numbers, Ratings
from ketascope.virtual_trials.analyses.responders import responder_contrasts
from ketascope.virtual_trials.design import ANALYSES, Design, SimulatedTrials
from ketascope.virtual_trials.following import REASONS, Estimator, Schedule, fixed_schedule, follow, schedule

COLUMNS: dict[str, tuple[str, str]] = {
    "replicate": ("int64", "number of the replicate, from 0"),
    "curve_people": ("int32", "0: the trial as designed; n: a trial of fixed size with the first n people, no looks"),
    "method": ("str", "analysis"),
    "contrast": ("str", "active arm that is compared with the control"),
    "people": ("int32", "people who had entered when the comparison ended"),
    "analysed": ("int32", "people behind the estimate"),
    "look": ("int8", "look at which the comparison ended, from 1"),
    "reason": ("str", "why it ended there"),
    "failure": ("str", "why there is no estimate, or none"),
    "estimate": ("float64", "active minus control: points at the primary visit, or share of responders"),
    "standard_error": ("float64", "of the estimate"),
    "degrees_of_freedom": ("float64", "of the t distribution, inf for a normal one"),
    "p_value": ("float64", "two-sided, not adjusted for looks or arms"),
    "low": ("float64", "lower limit at 1 - alpha, not adjusted"),
    "high": ("float64", "upper limit at 1 - alpha, not adjusted"),
    "active_mean": ("float64", "mean change from baseline of those rated, or share of responders, in the active arm"),
    "control_mean": ("float64", "the same in the control"),
    "standard_deviation": ("float64", "of scores within arms at the primary visit; none for shares"),
    "is_significant": (
        "bool",
        "crossed the boundary of the whole alpha, in either direction, as if without other arms",
    ),
    "is_significant_adjusted": ("bool", "the same with Holm's steps over the arms"),
    "complete_estimate": (
        "float64",
        "the estimate from complete data of all planned: no drop-out, rescue or stop; none on a curve",
    ),
}
"""Columns of the long table, in order: dtype and meaning. str: fixed-width unicode. Rows are ordered by replicate,
curve_people, method (as in the design) and contrast (in the order of the arms)."""
ON_CURVE = ("ancova", "responders")
"""Methods that are fast enough to be repeated for every size of a curve."""


def analyse(design: Design, trials: SimulatedTrials) -> dict[str, np.ndarray]:
    """All analyses of a chunk of replicates: the columns of `COLUMNS`, each (rows,).

    A replicate's rows depend on its own ratings alone, not on the chunk it comes in. Raises InputError where the mixed
    model is asked for and statsmodels is missing, and for looks that cannot be.
    """
    observed, complete = observed_ratings(design, trials), complete_ratings(design, trials)
    assert observed.baseline.shape[1] >= design.people_simulated, "fewer people than the design asks for"
    replicates, arms = observed.replicates, len(design.active)
    blocks = []
    for people in (0, *sorted(set(design.people_curve))):
        plan = fixed_schedule(design, people) if people else schedule(design)
        for method in design.analyses:
            if people and method not in ON_CURVE:
                continue
            count = replicates if method != "mixed_model" else _fitted(design, trials)
            found = _numbers(design, method, plan, observed, None if people else complete, count)
            found["curve_people"] = np.full((replicates, arms), people)
            found["method"] = np.full((replicates, arms), ANALYSES.index(method))
            found["kept"] = np.broadcast_to(np.arange(replicates)[:, None] < count, (replicates, arms))
            blocks.append(found)
    shape = (replicates, len(blocks), arms)
    index = trials.first_replicate + np.arange(replicates, dtype=np.int64)
    table = {name: np.stack([block[name] for block in blocks], axis=1) for name in blocks[0]}
    table["replicate"] = np.broadcast_to(index[:, None, None], shape)
    table["contrast"] = np.broadcast_to(np.arange(arms), shape)
    words: dict[str, tuple[str, ...]] = {
        "method": ANALYSES,
        "contrast": tuple(arm.name for arm in design.active),
        "reason": REASONS,
        "failure": FAILURES,
    }
    kept = table["kept"].ravel()
    rows = {}
    for name, (dtype, _) in COLUMNS.items():
        values = table[name].ravel()[kept]
        rows[name] = np.array(words[name])[values] if name in words else values.astype(dtype)
    return rows


def observed_ratings(design: Design, trials: SimulatedTrials) -> Ratings:
    """Ratings that the trial would have had; which those are under its estimand is settled in `leaving`."""
    return _ratings(design, trials, trials.observed)


def complete_ratings(design: Design, trials: SimulatedTrials) -> Ratings:
    """Ratings without drop-out and rescue."""
    return _ratings(design, trials, trials.complete)


def rated_h(design: Design) -> tuple[float, ...]:
    """Times of the visits after the baseline, in the order of the last axis of `SimulatedTrials.complete`."""
    return tuple(time for time in design.visits_h if time > 0.0)


def benefit_sign(design: Design, method: str) -> float:
    """The sign of an estimate that favours the active arm."""
    if method == "responders":
        return 1.0
    return -1.0 if load("scales")[design.scale]["direction"] == "higher is worse" else 1.0


def _ratings(design: Design, trials: SimulatedTrials, scores: Numbers) -> Ratings:
    return Ratings(
        arm=np.asarray(trials.arm, np.int64),
        arms=len(design.arms),
        control=next(index for index, arm in enumerate(design.arms) if arm.is_control),
        baseline=trials.baseline,
        scores=scores,
        primary=rated_h(design).index(design.primary_visit_h),
        is_in=np.ones(trials.baseline.shape, bool),
    )


def _fitted(design: Design, trials: SimulatedTrials) -> int:
    """Replicates of this chunk that the mixed model is fitted to: the first of the trial, because it is slow."""
    replicates = len(trials.baseline)
    if design.mixed_model_replicates is None:
        return replicates
    return min(max(design.mixed_model_replicates - trials.first_replicate, 0), replicates)


def _estimator(design: Design, method: str) -> Estimator:
    if method == "responders":
        fall = load_indication(design.indication).response_fall
        return partial(responder_contrasts, alpha=design.alpha, response_fall=fall)
    return partial({"ancova": ancova_contrasts, "mixed_model": mixed_model_contrasts}[method], alpha=design.alpha)


def _numbers(
    design: Design, method: str, plan: Schedule, observed: Ratings, complete: Ratings | None, count: int
) -> dict[str, NDArray[Any]]:
    """Columns of one method and one plan, each (replicates, active arms); those from `count` on are left empty."""
    replicates, arms = observed.replicates, len(design.active)
    rows = np.arange(count)
    followed = follow(plan, observed.rows(rows), _estimator(design, method), benefit_sign(design, method))
    complete_estimate = np.full((count, arms), np.nan)
    if complete is not None:
        # On complete data the mixed model's estimate is the ANCOVA's: the same covariates at every visit leave each
        # visit its own regression, whatever the correlation (Zellner 1962, J Am Stat Assoc 57:348).
        reference = _estimator(design, "ancova" if method == "mixed_model" else method)
        complete_estimate = reference(complete.rows(rows).entered(0, plan.people[-1])).estimate
    columns: dict[str, NDArray[Any]] = {
        "people": followed.people,
        "look": followed.look,
        "reason": followed.reason,
        "is_significant": followed.is_significant,
        "is_significant_adjusted": followed.is_significant_adjusted,
        "complete_estimate": complete_estimate,
    }
    columns |= {field.name: getattr(followed.contrasts, field.name) for field in fields(Contrasts)}
    return {
        name: np.concatenate([values, np.zeros((replicates - count, arms), values.dtype)])
        for name, values in columns.items()
    }
