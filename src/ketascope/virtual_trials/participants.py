"""The people of virtual trials: what every one of them is rated at every visit, replicate by replicate.

A replicate's numbers depend on the design, its seed and the replicate's number alone, never on the chunk in which it is
made or on threads (see `streams`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ketascope.errors import InputError
from ketascope.model import ssri
from ketascope.model.scenario import choose_model
from ketascope.model.symptoms import Effects, StateCourse, load_indication, patient_falls, rated_scores
from ketascope.people import RANDOM_EFFECTS
from ketascope.virtual_trials.arm_courses import ArmPlan, arm_plans, arm_states
from ketascope.virtual_trials.design import SimulatedTrials
from ketascope.virtual_trials.leaving import remaining_ratings
from ketascope.virtual_trials.randomisation import allocation
from ketascope.virtual_trials.ratings import baselines, rating_errors
from ketascope.virtual_trials.streams import PEOPLE_MOST, person_normals
from ketascope.virtual_trials.trial_draws import trial_draws

if TYPE_CHECKING:
    import numpy as np

    from ketascope.virtual_trials.design import Design


def simulate_trials(design: Design, first: int, count: int, threads: int | None = 1) -> SimulatedTrials:
    """Replicates first, first+1, ..., first+count-1 of a design, every rating in points of its scale.

    threads: of the solver, None for all cores; the numbers do not depend on it. Raises InputError for more people than
    a replicate has places in the random streams, and where the design's sentences cannot be given (those of a design
    from `read_design` can).
    """
    import numpy as np

    if design.people_simulated > PEOPLE_MOST:
        raise InputError(f"people {design.people_simulated}: a trial has at most {PEOPLE_MOST}")
    indication, model = load_indication(design.indication), choose_model(design.scenarios)
    residual_sd = model.parameters.value(f"symptoms.{indication.name}_residual_sd")
    arm, plans = allocation(design), arm_plans(design)
    people, visits_h = design.people_simulated, np.asarray(design.visits_h)
    normals = person_normals(design.seed, first, count, people)
    has_ketamine = any(plan.ketamine for plan in plans)
    draws = trial_draws(design, indication, model, has_ketamine, first, count, threads)

    def errors(visit: int) -> np.ndarray:
        return rating_errors(visit, residual_sd, design.seed, first, count, people)

    limits = (design.baseline_least, design.baseline_most)
    placing = normals[..., RANDOM_EFFECTS.index("baseline")]
    true, rated = baselines(indication, residual_sd, *limits, placing, errors(0) / residual_sd)
    error = np.stack([errors(visit) for visit in range(1, len(visits_h) + 1)], axis=-1)
    complete = np.empty((count, people, len(visits_h)))
    redone = doubtful = 0
    for index, plan in enumerate(plans):
        members = np.flatnonzero(arm == index)
        of_replicate = np.repeat(np.arange(count), len(members))
        own = normals[:, members].reshape(-1, len(RANDOM_EFFECTS))
        states = arm_states(design, plan, own, draws.values, of_replicate, threads)
        redone, doubtful = redone + states.redone, doubtful + states.doubtful
        effects = _effects_in(plan, plans, draws.effects)
        fall = patient_falls(
            indication,
            model.parameters,
            effects,
            _course(plan, states.values, effects, visits_h),
            dict(zip(RANDOM_EFFECTS, own.T, strict=True)),
            np.zeros_like(of_replicate) if draws.values is None else of_replicate,
        )
        ratings = rated_scores(indication, true[:, members].ravel(), fall, error[:, members].reshape(-1, len(visits_h)))
        complete[:, members] = ratings.reshape(count, len(members), len(visits_h))
    failed = ~np.isfinite(complete).all(axis=-1)
    complete[failed] = np.nan
    observed, rescued_h = remaining_ratings(design, indication, arm, rated, complete, first)
    return SimulatedTrials(first, arm, rated, complete, observed, rescued_h, redone, doubtful, int(failed.sum()))


def _course(plan: ArmPlan, states: Mapping[str, np.ndarray], effects: Effects, visits_h: np.ndarray) -> StateCourse:
    return StateCourse(
        times_h=visits_h,
        fast=states["fast"],
        slow=states["plasticity"],
        unblinding=states["unblinding"],
        ssri=ssri.ssri_state(plan.ssri_spans, effects.ssri_half_life_d, visits_h),
        visits=plan.lifts,
    )


def _effects_in(plan: ArmPlan, plans: tuple[ArmPlan, ...], effects: Effects) -> Effects:
    """Effects in one arm: a trial's own benefit belongs to what is tested, ketamine wherever any arm has it.

    Beside ketamine an antidepressant is a comparator or stands in both arms, as in the calibration.
    """
    import numpy as np

    is_tested = bool(plan.ketamine or (plan.ssri_spans and not any(other.ketamine for other in plans)))
    return effects if is_tested else replace(effects, trial_benefit=np.zeros_like(effects.trial_benefit))
