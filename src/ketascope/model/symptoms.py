"""From states to the score of an indication's scale, and to population means with their uncertainty.

    score = S_min + (S0 - S_min) exp(-X), clipped to the scale
    X     = X_placebo + r m [theta_A A + theta_P P] + X_SSRI(R) + c theta_U U + b
    theta = (log fall after the reference regimen) / (state after the reference regimen)

r is a patient's own (log-normal) response to the drug; m the multiplier of the indication; c the contrast of the
control (1 inert, 0 masked); b the own benefit of a trial, as trials differ. The exponential link keeps scores bounded
and makes combinations less than additive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ketascope.model import placebo, scoring

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.parameter_store import ParameterSet

PARTS = ("unblinding", "fast", "slow")
REFERENCE_INDICATION = "mdd"  # most trials are in depression: the drug's sizes are those there, its multiplier is 1
CONTRAST_ROWS = {
    "inert": "unblinding.contrast_inert",
    "active": "trials.contrast_active",
    "masked": "unblinding.contrast_masked",
}
# Gauss-Hermite points; more change no mean by 5e-3 of a point and no response by 5e-4 of patients, in any draw.
PLACEBO_NODES, RESPONSE_NODES = 31, 7
CENTRAL = slice(0, 1)  # the first draw
# Log falls and their SD where every score has long been at an end of its scale; beyond, exponentials leave the numbers.
LOWEST_LOG_FALL, WIDEST_SPREAD = -300.0, 28.0


@dataclass(frozen=True)
class Indication:
    """What the score needs to know of an indication and its scale (points)."""

    name: str
    label: str
    scale: str
    scale_label: str
    minimum: float
    maximum: float
    recall_window_h: float
    baseline: float
    baseline_sd: float
    endpoint_sd: float
    response_fall: float
    untreated_smd: float | None


def load_indication(name: str) -> Indication:
    """An indication by name. Raises InputError that offers the nearest name."""
    from ketascope.data import load
    from ketascope.errors import InputError, unknown

    table = load("indications")
    if name not in table:
        raise InputError(unknown("indication", name, table, cutoff=0.3))
    row: Mapping[str, Any] = table[name]
    scale = load("scales")[row["scale"]]
    return Indication(
        name=name,
        label=row["label"],
        scale=row["scale"],
        scale_label=scale["label"],
        minimum=float(scale["minimum"]),
        maximum=float(scale["maximum"]),
        recall_window_h=0.0 if scale["short_times_shown"] else float(scale["recall_window_h"]),
        baseline=float(row["baseline_score"]["value"]),
        baseline_sd=float(row["baseline_sd"]["value"]),
        endpoint_sd=float(row["endpoint_sd"]["value"]),
        response_fall=float(row["response"]["value"]),
        untreated_smd=float(row["untreated"]["value"]) if "untreated" in row else None,
    )


@dataclass(frozen=True)
class Effects:
    """Effects for each posterior draw, every field (draws,): on the exponential link, the SSRI's final difference in
    points.

    trial_placebo, trial_benefit: what one trial adds to the placebo plateau and to the log fall of what it tests; zero
    for the mean over trials.
    """

    unblinding: np.ndarray
    fast: np.ndarray
    slow: np.ndarray
    ssri_points: np.ndarray
    ssri_half_life_d: np.ndarray
    placebo: np.ndarray
    placebo_half_life_d: np.ndarray
    placebo_sd: np.ndarray  # between patients
    visit: np.ndarray
    contrast: np.ndarray
    trial_placebo: np.ndarray
    trial_benefit: np.ndarray


@dataclass(frozen=True)
class StateCourse:
    """States of one option over time. fast, slow, unblinding: (draws or patients, times) or zeros; ssri: (draws,
    times).
    """

    times_h: np.ndarray
    fast: np.ndarray
    slow: np.ndarray
    unblinding: np.ndarray
    ssri: np.ndarray
    visits: np.ndarray  # lift in units of one visit, (times,)


def effects_from_draws(
    indication: Indication,
    draws: Mapping[str, np.ndarray],
    reference: Mapping[str, np.ndarray],
    parameters: ParameterSet,
    control: str,
) -> Effects:
    """Link effects per draw.

    draws: trials, symptoms and unblinding rows by full name, each (draws,). reference: states after the reference
    regimen, (draws,): unblinding at its rating time, fast and slow at 24 h. control: inert, active or masked.
    """
    import numpy as np

    name = indication.name
    theta = {part: draws[f"trials.{part}_log_fall"] / reference[part] for part in PARTS}
    multiplier = 1.0 if name == REFERENCE_INDICATION else draws[f"trials.multiplier_{name}"]
    half_life = draws[f"trials.ssri_half_life_d_{name}"]
    reached = 1.0 - np.exp2(-7.0 * parameters.value(f"symptoms.{name}_ssri_difference_week") / half_life)
    points = draws[f"trials.ssri_difference_points_{name}"] / reached
    kept = draws["symptoms.opioid_gate"]
    expectancy = draws["symptoms.expectancy_share_of_fast"]
    return Effects(
        unblinding=theta["unblinding"] * (1.0 - expectancy),
        fast=theta["fast"] * multiplier * kept * (1.0 - expectancy),
        slow=theta["slow"] * multiplier * kept,
        ssri_points=points,
        ssri_half_life_d=half_life,
        placebo=draws[f"trials.placebo_log_fall_{name}"],
        placebo_half_life_d=draws["trials.placebo_half_life_d"],
        placebo_sd=draws[f"trials.placebo_between_patient_sd_{name}"],
        visit=draws["trials.visit_log_fall"],
        contrast=draws[CONTRAST_ROWS[control]],
        trial_placebo=np.zeros_like(half_life),
        trial_benefit=np.zeros_like(half_life),
    )


def as_expectancy(effects: Effects) -> Effects:
    """The second reading: the fast part and unblinding are expectancy, and only the slow part is the drug's."""
    from dataclasses import replace

    import numpy as np

    return replace(effects, fast=np.zeros_like(effects.fast), unblinding=np.zeros_like(effects.unblinding))


def score_from_share(indication: Indication, baseline: Any, share: Any) -> Any:
    """The score for the share exp(-X) of the baseline that is left, clipped to the scale (it cannot fall below its
    minimum).
    """
    import numpy as np

    return scoring.score_from_share(np, indication.minimum, indication.maximum, baseline, share)


def capped_mean(indication: Indication, fall: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Mean score over a normal spread of the log fall (see `scoring.capped_mean`). fall, spread: (draws, times)."""
    import numpy as np
    from scipy.special import ndtr

    # Draws far beyond any trial would make an infinity times zero of the formula.
    fall, spread = np.maximum(fall, LOWEST_LOG_FALL), np.minimum(spread, WIDEST_SPREAD)
    mean: np.ndarray = scoring.capped_mean(
        np, ndtr, indication.minimum, indication.maximum, indication.baseline, fall, spread
    )
    return mean


def placebo_fall(effects: Effects, course: StateCourse) -> tuple[np.ndarray, np.ndarray]:
    """Mean log fall without any drug and its SD between patients, both (draws, times).

    Plateau and visits are two independent effects of a patient, each with a spread in proportion to its size.
    """
    import numpy as np

    approach = placebo.plateau_approach(course.times_h, effects.placebo_half_life_d)
    share = (effects.visit / effects.placebo)[:, None]
    plateau = (effects.placebo + effects.trial_placebo)[:, None]
    fall = plateau * approach + effects.visit[:, None] * course.visits
    return fall, effects.placebo_sd[:, None] * np.hypot(approach, share * course.visits)


def ssri_link(indication: Indication, effects: Effects, course: StateCourse) -> np.ndarray:
    """The SSRI's part of X, (draws, times): what makes the mean differ from placebo by its points times R(t)."""
    import numpy as np

    fall, spread = placebo_fall(effects, course)
    placebo_mean = capped_mean(indication, fall, spread) - indication.minimum
    link: np.ndarray = scoring.ssri_link(np, effects.ssri_points[:, None] * course.ssri, placebo_mean)
    return link


@dataclass(frozen=True)
class PopulationMeans:
    """Means over patients for each draw: change from baseline in points (draws, times), share of responders (draws,
    rated times).
    """

    change: np.ndarray
    response: np.ndarray


def population_means(
    indication: Indication,
    parameters: ParameterSet,
    effects: Effects,
    course: StateCourse,
    active: bool,
    rated: np.ndarray | None = None,
) -> PopulationMeans:
    """Integrate over patients by Gauss-Hermite quadrature (placebo response x drug response), draw by draw.

    active False gives the placebo arm of the same trial: same patients, visits and control, no drug and nothing felt.
    rated: columns of the course at which the response rate is wanted (none by default; it costs most of the work).
    """
    import numpy as np

    sd_response = parameters.value("symptoms.drug_response_sd")
    residual = parameters.value(f"symptoms.{indication.name}_residual_sd")

    background, spread = placebo_fall(effects, course)
    drug = np.zeros_like(background)
    if active:
        background = background + ssri_link(indication, effects, course)
        background = background + (effects.contrast * effects.unblinding)[:, None] * course.unblinding
        background = background + _own_benefit(effects, course)
        drug = effects.fast[:, None] * course.fast + effects.slow[:, None] * course.slow
    # Where no drug acts, patients do not differ in their response to it: one node is exact.
    z_drug, w_drug = normal_nodes(RESPONSE_NODES) if drug.any() else (np.zeros(1), np.ones(1))
    at = np.zeros(0, dtype=int) if rated is None else rated
    mean = np.zeros_like(background)
    response = np.zeros((len(background), len(at)))
    for zd, wd in zip(z_drug, w_drug, strict=True):
        # Mean response 1: the trials' effects are means over patients, so the log-normal's own mean is divided out.
        fall = background + drug * np.exp(sd_response * zd - 0.5 * sd_response**2)
        mean += wd * capped_mean(indication, fall, spread)
        response += wd * responders(indication, fall[:, at], spread[:, at], residual)
    return PopulationMeans(mean - indication.baseline, response)


def _own_benefit(effects: Effects, course: StateCourse) -> np.ndarray:
    """What a trial's own benefit adds to the log fall after the start, (draws, times)."""
    benefit: np.ndarray = effects.trial_benefit[:, None] * (course.times_h > 0.0)
    return benefit


@lru_cache(maxsize=4)
def normal_nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Hermite nodes and weights of a standard normal, (count,) each."""
    import numpy as np

    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / weights.sum()


def responders(indication: Indication, fall: np.ndarray, spread: np.ndarray, residual: float) -> np.ndarray:
    """Share of patients rated as responders: log falls normal with SD `spread`, ratings with SD `residual` points.

    fall, spread: same shape, that of the result. Of the two errors the one that moves the score less at the threshold
    is integrated by Gauss-Hermite and the other by its distribution function, so that nodes never meet a step.
    """
    import numpy as np
    from scipy.special import ndtr

    nodes, weights = normal_nodes(PLACEBO_NODES)
    start, top = indication.baseline - indication.minimum, indication.maximum - indication.minimum
    needed = indication.baseline * (1.0 - indication.response_fall) - indication.minimum
    by_rating = spread * needed > residual
    fall_narrow, spread_narrow = fall[~by_rating], spread[~by_rating]
    fall_wide, spread_wide = fall[by_rating], np.maximum(spread[by_rating], 1e-9)
    over_placebo, over_rating = np.zeros_like(fall_narrow), np.zeros_like(fall_wide)
    for z, weight in zip(nodes, weights, strict=True):
        left = np.minimum(start * np.exp(-fall_narrow - z * spread_narrow), top)
        over_placebo += weight * ndtr((needed - left) / residual)
        allowed = needed - z * residual
        if allowed >= top:
            over_rating += weight
        elif allowed > 0.0:
            over_rating += weight * ndtr((fall_wide - np.log(start / allowed)) / spread_wide)
    share = np.empty_like(fall)
    share[by_rating], share[~by_rating] = over_rating, over_placebo
    return share


def untreated_means(
    indication: Indication, parameters: ParameterSet, approach: np.ndarray, shift_smd: np.ndarray, rated: np.ndarray
) -> PopulationMeans:
    """Means without any treatment, from waiting lists; shift_smd: their uncertainty, (draws,).

    Raises AssertionError where the indication has no such evidence; callers flag that first.
    """
    import numpy as np
    from scipy.special import ndtr

    assert indication.untreated_smd is not None
    points = -(indication.untreated_smd + shift_smd)[:, None] * indication.endpoint_sd
    fall = -np.log(1.0 - points / (indication.baseline - indication.minimum)) * approach
    spread = parameters.value(f"trials.placebo_between_patient_sd_{indication.name}") * approach
    score = score_from_share(indication, indication.baseline, np.exp(-fall))
    residual = parameters.value(f"symptoms.{indication.name}_residual_sd") / np.maximum(score, 1.0)
    needed = -np.log(1.0 - indication.response_fall)
    response = ndtr((fall - needed) / np.hypot(spread, residual))
    return PopulationMeans(score - indication.baseline, response[:, rated])


def patient_scores(
    indication: Indication,
    parameters: ParameterSet,
    effects: Effects,
    course: StateCourse,
    normals: Mapping[str, np.ndarray],
) -> np.ndarray:
    """Observed score of each virtual patient, (patients, times), at the central effects (the first draw of `effects`).

    normals: standard normals of placebo_response, visit_response, drug_response, baseline and residual, each
    (patients,). The
    residual is one rating error per patient, so that a course is smooth and each single time has the right spread.
    """
    import numpy as np

    residual = parameters.value(f"symptoms.{indication.name}_residual_sd")
    fall = patient_falls(indication, parameters, effects, course, normals)
    baseline = patient_baselines(indication, indication.baseline_sd * normals["baseline"])
    noise = residual * normals["residual"][:, None] * np.where(course.times_h > 0.0, 1.0, 0.0)
    return rated_scores(indication, baseline, fall, noise)


def patient_falls(
    indication: Indication,
    parameters: ParameterSet,
    effects: Effects,
    course: StateCourse,
    normals: Mapping[str, np.ndarray],
    of_draw: slice | np.ndarray = CENTRAL,
) -> np.ndarray:
    """Log fall X of each virtual patient, (patients, times).

    normals: standard normals of placebo_response, visit_response and drug_response, each (patients,). of_draw: the draw
    of `effects` that holds for each patient, (patients,); the first one for all by default.
    """
    import numpy as np

    sd_response = parameters.value("symptoms.drug_response_sd")
    spread, share = effects.placebo_sd, effects.visit / effects.placebo
    approach = placebo.plateau_approach(course.times_h, effects.placebo_half_life_d)
    plateau = effects.placebo + effects.trial_placebo
    own_placebo = plateau[of_draw] + spread[of_draw] * normals["placebo_response"]
    own_response = np.exp(sd_response * normals["drug_response"] - 0.5 * sd_response**2)
    own_visit = effects.visit[of_draw] + (spread * share)[of_draw] * normals["visit_response"]
    fall = own_placebo[:, None] * approach[of_draw] + own_visit[:, None] * course.visits
    fast, slow = effects.fast[of_draw][:, None], effects.slow[of_draw][:, None]
    fall = fall + own_response[:, None] * (fast * course.fast + slow * course.slow)
    fall = (
        fall
        + ssri_link(indication, effects, course)[of_draw]
        + (effects.contrast * effects.unblinding)[of_draw][:, None] * course.unblinding
    )
    total: np.ndarray = fall + _own_benefit(effects, course)[of_draw]
    return total


def patient_baselines(indication: Indication, deviation: np.ndarray) -> np.ndarray:
    """True scores before treatment of people who deviate so many points from the mean, same shape; never so low that
    nothing is left to fall.
    """
    import numpy as np

    return np.clip(indication.baseline + deviation, indication.minimum + 1.0, indication.maximum)


def rated_scores(indication: Indication, baseline: np.ndarray, fall: np.ndarray, error: np.ndarray) -> np.ndarray:
    """What a rater writes down, (patients, times). baseline: true scores, (patients,); error: points, as `fall`."""
    import numpy as np

    score = score_from_share(indication, baseline[:, None], np.exp(-fall))
    observed: np.ndarray = np.clip(score + error, indication.minimum, indication.maximum)
    return observed
