"""The smallest trial that reaches a target power or assurance, from simulated trials and with a Monte-Carlo interval.

A trial of n people is the first n people of a larger simulated one, so that one simulation serves many sizes and
neighbouring sizes share their luck. The share of significant trials is made non-decreasing in n by pooling adjacent
violators, and read off between sizes by a straight line in the square root of n. The interval comes from resampling
whole replicates. What is planned has a fixed size and no looks; n counts people who enter, drop-out included.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketascope.errors import InputError, did_you_mean
from ketascope.virtual_trials import monte_carlo
from ketascope.virtual_trials.analysing import ON_CURVE, benefit_sign
from ketascope.virtual_trials.analytic_power import ancova_people
from ketascope.virtual_trials.design import Adaptation, Design
from ketascope.virtual_trials.streams import PEOPLE_MOST as PEOPLE_OF_A_TRIAL
from ketascope.virtual_trials.summary import quantity

Assess = Callable[[Design], Iterable[Mapping[str, NDArray[Any]]]]

ANY_ARM = "any arm"
PEOPLE_MOST = 4000
GRID_RATIO = 1.08
GRID_SPAN = 8.0  # of the largest size over the smallest
LEAST_BLOCKS = 3
PILOT_REPLICATES = 200
RESAMPLES = 1000
METHOD = (
    "first n people of larger simulated trials of fixed size; shares made non-decreasing in n (pool adjacent "
    "violators); interval by resampling replicates"
)


@dataclass(frozen=True)
class _Assessed:
    """One simulation read at many sizes. people: (sizes,); success: (replicates, sizes); the others at the largest
    size, (replicates,): estimate (benefit above 0), its standard error, SD of scores within arms, people analysed."""

    people: NDArray[np.int64]
    success: NDArray[np.bool_]
    estimate: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    standard_deviation: NDArray[np.float64]
    analysed: NDArray[np.float64]

    def smoothed(self) -> NDArray[np.float64]:
        return monte_carlo.monotone(self.success.mean(axis=0))


def plan(
    design: Design,
    target: float,
    assess: Assess,
    *,
    people_most: int = PEOPLE_MOST,
    arm: str | None = None,
) -> dict[str, Any]:
    """Smallest number of people, all arms together, for a target power or assurance, as plain data.

    target: between 0 and 1. assess: simulates and analyses the design it is given and returns the parts of its long
    table; it is asked a few times, with growing people and the curve to read. arm: which active arm has to be found
    better; None takes the only one, or any after Holm's correction. The analysis is the first of the design that has a
    curve, else the ANCOVA. Where `people_most` does not reach the target, "answer" has no value and "ceiling" says what
    no size exceeds. "formula" is what the usual formula gives beside it (see `_by_formula`). Raises InputError for a
    target, an arm or a design that cannot be planned for.
    """
    check_plan(design, target, people_most, arm)
    chosen = next((method for method in design.analyses if method in ON_CURVE), "ancova")
    block = sum(each.share for each in design.arms)
    fewest, largest = LEAST_BLOCKS * block, _whole_blocks(people_most, block)
    top = min(max(_whole_blocks(design.people, block), 2 * fewest), largest)
    least = max(fewest, top / GRID_SPAN)
    replicates = min(design.replicates, PILOT_REPLICATES)
    while True:
        found = _assess(replace(design, replicates=replicates), chosen, _grid(least, top, block), assess, arm)
        shares = found.smoothed()
        if shares[0] >= target and least > fewest:
            least = max(fewest, least / GRID_SPAN)
        elif shares[-1] < target and top < largest:
            top = min(2 * top, largest)
        elif replicates == design.replicates:
            break
        else:
            replicates = design.replicates
    return _document(design, target, chosen, arm, block, largest, found)


def check_plan(design: Design, target: float, people_most: int = PEOPLE_MOST, arm: str | None = None) -> None:
    """Raise InputError for what `plan` cannot plan for; quick, so that it may stand before a long run."""
    if not (math.isfinite(target) and 0.0 < target < 1.0):
        raise InputError(f"target {target:g}: must be between 0 and 1, such as 0.8")
    if design.is_null:
        raise InputError("null = true in the design: a trial without an effect has no size to plan")
    block = sum(each.share for each in design.arms)
    if people_most < 2 * LEAST_BLOCKS * block:
        raise InputError(
            f"arms: shares that add up to {block} need {2 * LEAST_BLOCKS * block} people to plan, and sizes are tried "
            f"up to {people_most}; give smaller shares, or let more people be tried"
        )
    if people_most > PEOPLE_OF_A_TRIAL:
        raise InputError(f"people most {people_most}: a trial has at most {PEOPLE_OF_A_TRIAL} people")
    names = [each.name for each in design.active]
    if arm is not None and arm not in names:
        raise InputError(f"arm '{arm}' is not an active arm{did_you_mean(arm, names)} Active: {', '.join(names)}")


def _whole_blocks(people: float, block: int) -> int:
    return block * math.ceil(people / block)


def _grid(least: float, top: int, block: int) -> tuple[int, ...]:
    """Sizes in whole blocks up to `top`, each about `GRID_RATIO` times the one before."""
    count = max(2, math.ceil(math.log(max(top / least, 1.0)) / math.log(GRID_RATIO)) + 1)
    return tuple(sorted({min(_whole_blocks(size, block), top) for size in np.geomspace(least, top, count).tolist()}))


def _assess(design: Design, method: str, grid: tuple[int, ...], assess: Assess, arm: str | None) -> _Assessed:
    asked = replace(
        design, people=grid[-1], people_curve=grid, adaptation=Adaptation(), analyses=(method,), dose_curve=()
    )
    sign, arms = benefit_sign(design, method), len(design.active)
    column = None if arm is None else [each.name for each in design.active].index(arm)
    names = ("estimate", "standard_error", "standard_deviation", "analysed")
    success: list[NDArray[np.bool_]] = []
    at_largest: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
    for table in assess(asked):
        rows = table["curve_people"] > 0
        values = {
            name: table[name][rows].reshape(-1, len(grid), arms)
            for name in (*names, "is_significant", "is_significant_adjusted")
        }
        helps = sign * values["estimate"] > 0.0
        if column is None:
            success.append(np.asarray((values["is_significant_adjusted"] & helps).any(axis=2)))
        else:
            success.append((values["is_significant"] & helps)[:, :, column])
        for name, parts in at_largest.items():
            parts.append(values[name][:, -1].astype(float))
    whole = {name: np.concatenate(parts) for name, parts in at_largest.items()}
    whole["estimate"] = sign * whole["estimate"]
    if not np.isfinite(whole["estimate"]).any(axis=0).all():
        problem = f"not one of {len(whole['estimate'])} trials with {grid[-1]} people could be analysed"
        raise InputError(f"plan: {problem}; give more replicates, or let fewer people drop out")
    # The arm that does best stands for all where any may win.
    best = int(np.nanargmax(np.nanmean(whole["estimate"], axis=0))) if column is None else column
    own = {name: values[:, best] for name, values in whole.items()}
    return _Assessed(np.array(grid), np.concatenate(success), **own)


def _document(
    design: Design, target: float, method: str, arm: str | None, block: int, largest: int, found: _Assessed
) -> dict[str, Any]:
    from ketascope.virtual_trials.wording import plan_sentences

    replicates = len(found.success)
    shares = found.smoothed()
    resampled, ceilings = _resampled(found, design, target)
    tail = 0.5 * (1.0 - monte_carlo.LEVEL)
    low, high = np.quantile(resampled, [tail, 1.0 - tail], method="inverted_cdf")
    value = _smallest(found.people, shares, target)
    is_random = design.parameters == "posterior"
    ceiling = _ceiling(found.estimate, found.standard_error) if is_random else None
    document: dict[str, Any] = {
        "target": target,
        "quantity": quantity(design),
        "method": method,
        "arm": arm or (ANY_ARM if len(design.active) > 1 else design.active[0].name),
        "reached": math.isfinite(value),
        "answer": {name: _people(size, block) for name, size in (("value", value), ("low", low), ("high", high))},
        "resamples_that_reach": float(np.isfinite(resampled).mean()),
        "people_most": largest,
        "people_tried": int(found.people[-1]),
        "block": block,
        "replicates": replicates,
        "at_most": monte_carlo.share(int(found.success[:, -1].sum()), replicates) | {"people": int(found.people[-1])},
        "ceiling": None
        if ceiling is None or math.isnan(ceiling)
        else {
            "value": ceiling,
            "low": float(np.nanquantile(ceilings, tail)),
            "high": float(np.nanquantile(ceilings, 1.0 - tail)),
            "note": "share of the model's possible effects that favour the arm, were they normal: no size exceeds it",
        },
        "curve": [
            {"people": int(people), "smoothed": float(smooth)} | monte_carlo.share(int(count), replicates)
            for people, smooth, count in zip(found.people, shares, found.success.sum(axis=0), strict=True)
        ],
        "how": METHOD,
        "formula": _by_formula(design, method, target, found, block),
    }
    return document | {"sentences": plan_sentences(document)}


def _by_formula(design: Design, method: str, target: float, found: _Assessed, block: int) -> dict[str, Any] | None:
    """What a formula gives for the mean effect and spread of these trials, were the effect known: the usual plan.

    people: who enter, as many being lost as in these trials; difference (benefit above 0) and standard_deviation in
    points; correlation: of score and baseline within arms. Power by simulation with fixed parameters should agree with
    it, assurance needs more. None for another analysis or more arms, and for an effect that no million people show.
    """
    entered, analysed = int(found.people[-1]), float(found.analysed.mean())
    if method != "ancova" or len(design.arms) != 2 or analysed <= 4.0:
        return None
    shares = design.active[0].share, design.control.share
    # Of a standard error squared: the mean over chance imbalances of the baseline (see `ancova_power`).
    factor = block / analysed * (1.0 / shares[0] + 1.0 / shares[1]) * (1.0 + 1.0 / (analysed - 4.0))
    residual = float(np.nanmean(found.standard_error**2)) / factor
    variance = float(np.nanmean(found.standard_deviation**2))
    difference = float(np.nanmean(found.estimate))
    if not (difference > 0.0 and residual > 0.0 and variance > 0.0):
        return None
    spread, correlation = math.sqrt(variance), math.sqrt(max(1.0 - residual / variance, 0.0))
    try:
        people = ancova_people(target, difference, spread, correlation=correlation, alpha=design.alpha, shares=shares)
    except InputError:
        return None
    return {
        "people": _whole_blocks(people * entered / analysed, block),
        "difference": difference,
        "standard_deviation": spread,
        "correlation": correlation,
        "analysed_share": analysed / entered,
    }


def _people(size: float, block: int) -> int | None:
    """A size in whole blocks; None beyond the largest tried."""
    return _whole_blocks(size - 1e-9, block) if math.isfinite(size) else None


def _smallest(people: NDArray[np.int64], shares: NDArray[np.float64], target: float) -> float:
    """Where a non-decreasing curve reaches the target, by straight lines in the square root of n; inf if not."""
    at = int(np.searchsorted(shares, target))
    if at == len(shares):
        return math.inf
    if at == 0:
        return float(people[0])
    before, after = math.sqrt(people[at - 1]), math.sqrt(people[at])
    part = (target - shares[at - 1]) / (shares[at] - shares[at - 1])
    return float((before + part * (after - before)) ** 2)


def _resampled(found: _Assessed, design: Design, target: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The answer and the ceiling over resampled replicates, (resamples,) each."""
    generator = np.random.default_rng(design.seed)
    replicates = len(found.success)
    answers, ceilings = np.empty(RESAMPLES), np.empty(RESAMPLES)
    success = found.success.astype(float)
    for index in range(RESAMPLES):
        drawn = generator.integers(0, replicates, replicates)
        # Counts of whole numbers: exact, whatever the order of the sum.
        successes = np.bincount(drawn, minlength=replicates).astype(float) @ success
        answers[index] = _smallest(found.people, monte_carlo.monotone(successes / replicates), target)
        ceilings[index] = _ceiling(found.estimate[drawn], found.standard_error[drawn])
    return answers, ceilings


def _ceiling(estimate: NDArray[np.float64], standard_error: NDArray[np.float64]) -> float:
    """Probability that the true effect favours the arm: its mean over trials, and their spread less sampling error.

    NaN where fewer than two trials have an estimate: one tells nothing of a spread.
    """
    from scipy.special import ndtr

    if np.isfinite(estimate).sum() < 2:
        return math.nan
    mean = float(np.nanmean(estimate))
    variance = float(np.nanvar(estimate, ddof=1) - np.nanmean(standard_error**2))
    if variance <= 0.0:
        return 1.0 if mean > 0.0 else 0.0
    return float(ndtr(mean / math.sqrt(variance)))
