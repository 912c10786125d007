"""Virtual trials that are quick: made-up ratings in place of the model's, with all the rest as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ketascope.virtual_trials.design import Design, SimulatedTrials
from ketascope.virtual_trials.design_file import read_design


def small_design(**changes: Any) -> Design:
    """Two arms of ten, two visits."""
    quick: dict[str, Any] = {
        "people": 20,
        "visits_h": (168.0, 672.0),
        "replicates": 10,
        "people_curve": (),
        "dose_curve": (),
    }
    return replace(read_design("two-arm-gad"), **(quick | changes))


def made_up_trials(design: Design, first: int, count: int, threads: int | None = 1) -> SimulatedTrials:
    """Ratings that depend on the seed, the replicate and the null alone; a fifth is missing, every seventh rescued."""
    people, visits = design.people_simulated, len(design.visits_h)
    arm = np.arange(people) % len(design.arms)
    is_active = np.asarray([not each.is_control for each in design.arms])[arm]
    baseline, complete = np.empty((count, people)), np.empty((count, people, visits))
    for index in range(count):
        rng = np.random.default_rng([design.seed, first + index])
        baseline[index] = rng.normal(25.0, 4.0, people)
        benefit = 0.0 if design.is_null else 6.0
        complete[index] = rng.normal(18.0, 6.0, (people, visits)) - benefit * is_active[:, None]
    observed = complete.copy()
    observed[:, ::5, -1] = np.nan
    rescued_h = np.full((count, people), np.inf)
    rescued_h[:, ::7] = design.visits_h[0]
    return SimulatedTrials(first, arm, baseline, complete, observed, rescued_h, redone=count, doubtful=0, failed=0)
