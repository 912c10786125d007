"""Who leaves, who is given rescue treatment, and which ratings are left.

Leaving has a constant rate, so that the chance from one visit to the next is p = 1 - (1 - P)^(dt/T), P being the share
gone at the last visit T. It depends on what was rated last (missing at random; Rubin 1976, Biometrika 63:581):

    p_i = p w_i / mean(w),   w_i = max(0, 1 + (more/P) z_i)

z_i is how many SDs a person stands above the mean of those of the arm who are still there, at the visit before. The
mean is over the same people, so that P holds whatever the dependence.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ketascope.virtual_trials.streams import person_uniforms

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.symptoms import Indication
    from ketascope.virtual_trials.design import Design

STREAM = "trial.leaving"
PERCENT = 100.0


def remaining_ratings(
    design: Design, indication: Indication, arm: np.ndarray, baseline: np.ndarray, complete: np.ndarray, first: int
) -> tuple[np.ndarray, np.ndarray]:
    """Ratings that a trial has, NaN where one is missing, (replicates, people, visits), and when rescue began in hours,
    inf without one, (replicates, people).

    first: number of the first replicate; the other arguments as in `SimulatedTrials`. Who has no complete ratings has
    no observed ones either, and counts for nothing in the means above.
    """
    import numpy as np

    replicates, people = baseline.shape
    present: np.ndarray = np.isfinite(complete).all(axis=2)
    rescued_h = np.full(baseline.shape, math.inf)
    observed = np.full(complete.shape, math.nan)
    before_h, previous = 0.0, baseline
    for visit, time_h in enumerate(design.visits_h):
        if leaves_anybody(design):
            uniforms = person_uniforms(f"{STREAM}.{visit + 1}", design.seed, first, replicates, people)
            present &= uniforms >= _chance_to_leave(design, arm, present, previous, time_h - before_h)
        rating, shown = complete[:, :, visit], present
        if design.rescue is not None:
            is_rescued = rescued_h < time_h
            lower = np.maximum(rating - design.rescue.smd * indication.endpoint_sd, indication.minimum)
            rating = np.where(is_rescued, lower, rating)
            if design.estimand == "hypothetical":
                shown = present & ~is_rescued
            too_high = rating > baseline * (1.0 - design.rescue.percent_fall / PERCENT)
            if time_h >= design.rescue.from_visit_h:
                rescued_h[present & ~is_rescued & too_high] = time_h
        observed[:, :, visit] = np.where(shown, rating, math.nan)
        before_h, previous = time_h, rating
    return observed, rescued_h


def percent_gone(design: Design, arm: int) -> float:
    """Percent of an arm's people who are gone at the last visit."""
    return design.drop_out.percent_by_arm.get(design.arms[arm].name, design.drop_out.percent)


def leaves_anybody(design: Design) -> bool:
    """Whether anybody leaves in any arm."""
    return any(percent_gone(design, index) > 0.0 for index in range(len(design.arms)))


def _chance_to_leave(
    design: Design, arm: np.ndarray, present: np.ndarray, previous: np.ndarray, hours: float
) -> np.ndarray:
    """Chance to leave within the hours since the visit before, (replicates, people)."""
    import numpy as np

    chance = np.zeros(present.shape)
    for index in range(len(design.arms)):
        percent = percent_gone(design, index)
        if percent == 0.0:
            continue
        members = np.flatnonzero(arm == index)
        there = np.ascontiguousarray(present[:, members])
        share = 1.0 - (1.0 - percent / PERCENT) ** (hours / design.visits_h[-1])
        steepness = design.drop_out.percent_more_if_worse / percent
        weight = np.maximum(1.0 + steepness * _standardised(previous[:, members], there), 0.0)
        mean = _mean(weight, there)
        chance[:, members] = share * weight / np.where(mean > 0.0, mean, 1.0)
    return chance


def _mean(values: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Mean over the people who are there, (replicates, 1); 0 where nobody is."""
    import numpy as np

    count = there.sum(axis=1, keepdims=True)
    mean: np.ndarray = np.where(there, values, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    return mean


def _standardised(ratings: np.ndarray, there: np.ndarray) -> np.ndarray:
    """How many SDs each rating stands above the mean of the people who are there; 0 where they do not differ."""
    import numpy as np

    deviation = ratings - _mean(ratings, there)
    spread = np.sqrt(_mean(deviation**2, there))
    standardised: np.ndarray = deviation / np.where(spread > 0.0, spread, math.inf)
    return standardised
