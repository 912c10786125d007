"""Virtual trials made by hand: a design, and ratings from a normal distribution in place of the simulator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ketascope.people import Person
from ketascope.virtual_trials.analyses.ratings import Ratings
from ketascope.virtual_trials.design import Arm, Design, SimulatedTrials

VISITS_H = (24.0, 168.0, 672.0)
PLACEBO = Arm("placebo", None, is_control=True)
ACTIVE = Arm("ketamine", "ketamine 0.5 mg/kg IV over 40 min")
SECOND = Arm("low dose", "ketamine 0.25 mg/kg IV over 40 min")
SD_POINTS = 8.0


def make_design(**changes: Any) -> Design:
    """Two arms, 60 people, three visits, judged at the last; MADRS, so that responders and scales are known."""
    design = Design(
        title="By hand",
        indication="mdd",
        scale="madrs",
        arms=(PLACEBO, ACTIVE),
        people=60,
        visits_h=VISITS_H,
        primary_visit_h=VISITS_H[-1],
        control_type="active",
        person=Person(),
        parameters="fixed",
        analyses=("ancova",),
    )
    return replace(design, **changes)


def arms_of(design: Design, people: int) -> np.ndarray:
    """Arms in turn, so that any first whole blocks are balanced."""
    block = [index for index, arm in enumerate(design.arms) for _ in range(arm.share)]
    return np.resize(np.array(block), people)


def make_trials(
    design: Design,
    replicates: int,
    *,
    effects: tuple[float, ...] | float = 0.0,
    parameter_sd: float = 0.0,
    correlation: float = 0.6,
    missing: float = 0.0,
    seed: int = 1,
    first: int = 0,
) -> SimulatedTrials:
    """Normal ratings of compound symmetry: baseline 32, visits lower by 10, active arms lower by their effect.

    effects: points by active arm at every visit. parameter_sd: of a replicate's own true effect about them. missing:
    share of ratings that are missing whatever their value. A replicate depends on the seed and its number alone.
    """
    people, visits = design.people_simulated, len(design.visits_h)
    arm = arms_of(design, people)
    shifts = np.zeros(len(design.arms))
    active = [index for index, each in enumerate(design.arms) if not each.is_control]
    shifts[active] = effects
    ratings, gone = np.empty((replicates, people, visits + 1)), np.empty((replicates, people, visits), bool)
    own = np.empty(replicates)
    for row in range(replicates):
        generator = np.random.default_rng([seed, first + row])
        own[row] = generator.standard_normal()
        person = generator.standard_normal((people, 1)) * np.sqrt(correlation)
        ratings[row] = person + generator.standard_normal((people, visits + 1)) * np.sqrt(1.0 - correlation)
        gone[row] = generator.random((people, visits)) < missing
    ratings = 32.0 + SD_POINTS * ratings
    is_active = np.isin(arm, active)
    shift = shifts[arm] + own[:, None] * parameter_sd * is_active
    complete = ratings[:, :, 1:] - 10.0 + shift[:, :, None]
    return SimulatedTrials(
        first_replicate=first,
        arm=arm,
        baseline=ratings[:, :, 0],
        complete=complete,
        observed=np.where(gone, np.nan, complete),
        rescued_h=np.full((replicates, people), np.inf),
    )


def quick_trials(
    design: Design, replicates: int, *, effect: float = 0.0, correlation: float = 0.6, seed: int = 1
) -> SimulatedTrials:
    """Very many replicates with one visit, drawn at once, baseline and score of the same spread."""
    assert len(design.visits_h) == 1
    people = design.people_simulated
    arm = arms_of(design, people)
    generator = np.random.default_rng(seed)
    baseline = generator.standard_normal((replicates, people))
    score = correlation * baseline + np.sqrt(1.0 - correlation**2) * generator.standard_normal((replicates, people))
    complete = 22.0 + SD_POINTS * score + effect * (arm > 0)
    return SimulatedTrials(
        first_replicate=0,
        arm=arm,
        baseline=32.0 + SD_POINTS * baseline,
        complete=complete[:, :, None],
        observed=complete[:, :, None],
        rescued_h=np.full((replicates, people), np.inf),
    )


def make_ratings(
    baseline: np.ndarray, scores: np.ndarray, arm: np.ndarray, *, arms: int = 2, primary: int = -1
) -> Ratings:
    """Ratings with the first arm as control. scores: (replicates, people[, visits])."""
    scores = scores if scores.ndim == 3 else scores[:, :, None]
    return Ratings(
        arm=np.asarray(arm),
        arms=arms,
        control=0,
        baseline=baseline,
        scores=scores,
        primary=primary % scores.shape[2],
        is_in=np.ones(baseline.shape, bool),
    )
