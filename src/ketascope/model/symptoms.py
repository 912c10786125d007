"""From states to the score of an indication's scale, and to population means with their uncertainty.

    score = S_min + (S0 - S_min) exp(-X), clipped to the scale
    X     = X_placebo + r [theta_A A + theta_P P] + X_SSRI(R) + c theta_U U
    theta = -ln(1 - SMD SD/(S0 - S_min)) / (state after the reference regimen)

r is a patient's own (log-normal) response to the drug; c the contrast of the control (1 inert, 0 masked). The
exponential link keeps scores bounded and makes combinations less than additive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.parameter_store import ParameterSet

PARTS = ("unblinding", "fast", "slow")
# Gauss-Hermite points; more change no mean by 1e-5 of a point and no response by 5e-4 of patients.
PLACEBO_NODES, RESPONSE_NODES = 31, 7


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
    import difflib

    from ketascope.data import load
    from ketascope.errors import InputError

    table = load("indications")
    if name not in table:
        near = difflib.get_close_matches(name.lower(), table, n=1, cutoff=0.3)
        hint = f"; did you mean '{near[0]}'?" if near else "."
        raise InputError(f"indication '{name}' is unknown{hint} Known: {', '.join(table)}")
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
    """

    unblinding: np.ndarray
    fast: np.ndarray
    slow: np.ndarray
    ssri_points: np.ndarray
    ssri_half_life_d: np.ndarray
    placebo: np.ndarray
    visit: np.ndarray
    contrast: np.ndarray


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
    approach: np.ndarray  # of the placebo plateau, (times,)
    visit_share: float = (
        1.0  # size of one visit's lift over that of the plateau: both spread in proportion to their size
    )

    @property
    def placebo_spread(self) -> np.ndarray:
        """Between-patient SD of the placebo part in units of the plateau's SD: two independent effects, (times,)."""
        import numpy as np

        return np.hypot(self.approach, self.visit_share * self.visits)


def theta_from_smd(smd: np.ndarray, indication: Indication) -> np.ndarray:
    """Effect on the exponential link that changes the baseline score by `smd` endpoint SDs (improvement positive)."""
    import numpy as np

    share = smd * indication.endpoint_sd / (indication.baseline - indication.minimum)
    return -np.log(1.0 - np.minimum(share, 0.95))


def effects_from_draws(
    indication: Indication,
    draws: Mapping[str, np.ndarray],
    reference: Mapping[str, np.ndarray],
    parameters: ParameterSet,
    control: str,
) -> Effects:
    """Link effects per draw.

    draws: symptoms, placebo and unblinding rows by full name, each (draws,). reference: states after the reference
    regimen, (draws,): unblinding at its rating time, fast and slow at 24 h. control: inert, active or masked.
    """
    import numpy as np

    name = indication.name
    theta = {part: theta_from_smd(draws[f"symptoms.{name}_{part}_smd"], indication) / reference[part] for part in PARTS}
    half_life = draws[f"symptoms.{name}_ssri_half_life_d"]
    reached = 1.0 - np.exp2(-7.0 * parameters.value(f"symptoms.{name}_ssri_difference_week") / half_life)
    points = draws[f"symptoms.{name}_ssri_difference_points"] / reached
    kept = draws["symptoms.opioid_gate"]
    expectancy = draws["symptoms.expectancy_share_of_fast"]
    return Effects(
        unblinding=theta["unblinding"] * (1.0 - expectancy),
        fast=theta["fast"] * kept * (1.0 - expectancy),
        slow=theta["slow"] * kept,
        ssri_points=points,
        ssri_half_life_d=half_life,
        placebo=draws[f"symptoms.{name}_placebo_log_fall"],
        visit=draws["placebo.visit_log_fall"],
        contrast=draws[f"unblinding.contrast_{control}"],
    )


def score_from_share(indication: Indication, baseline: Any, share: Any) -> Any:
    """The score for the share exp(-X) of the baseline that is left, clipped to the scale (it cannot fall below its
    minimum).
    """
    import numpy as np

    return np.minimum(indication.minimum + (baseline - indication.minimum) * share, indication.maximum)


def capped_mean(indication: Indication, fall: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Mean score over a normal spread of the log fall, with scores above the scale's maximum counted as the maximum.

    E[min(L, K)] for ln L ~ N(m, s^2) is exp(m + s^2/2) Phi((ln K - m)/s - s) + K Phi((m - ln K)/s): exact, where a
    quadrature would stumble over the corner at the maximum. fall: (draws, times); spread: (times,).
    """
    import numpy as np
    from scipy.special import ndtr

    top = indication.maximum - indication.minimum
    log_left = np.log(indication.baseline - indication.minimum) - fall
    s = np.maximum(spread, 1e-9)  # no spread is the limit, not a division by zero
    above = (log_left - np.log(top)) / s
    mean: np.ndarray = indication.minimum + np.exp(log_left + 0.5 * s**2) * ndtr(-above - s) + top * ndtr(above)
    return mean


def ssri_link(indication: Indication, parameters: ParameterSet, effects: Effects, course: StateCourse) -> np.ndarray:
    """The SSRI's part of X, (draws, times): what makes the mean differ from placebo by its points times R(t).

    Trials report the difference between two falling arms, and that difference is what approaches its final size at
    first order; so it is put on the link with the placebo arm's mean score at the same time.
    """
    import numpy as np

    spread = parameters.value(f"symptoms.{indication.name}_placebo_between_patient_sd") * course.placebo_spread
    fall = effects.placebo[:, None] * course.approach + effects.visit[:, None] * course.visits
    placebo_mean = capped_mean(indication, fall, spread) - indication.minimum
    link: np.ndarray = -np.log(1.0 - np.minimum(effects.ssri_points[:, None] * course.ssri / placebo_mean, 0.95))
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
    from scipy.special import ndtr

    z_placebo, w_placebo = np.polynomial.hermite_e.hermegauss(PLACEBO_NODES)
    z_drug, w_drug = np.polynomial.hermite_e.hermegauss(RESPONSE_NODES) if active else (np.zeros(1), np.ones(1))
    w_placebo, w_drug = w_placebo / w_placebo.sum(), w_drug / w_drug.sum()
    spread = parameters.value(f"symptoms.{indication.name}_placebo_between_patient_sd")
    sd_response = parameters.value("symptoms.drug_response_sd")
    residual = parameters.value(f"symptoms.{indication.name}_residual_sd")

    background = effects.placebo[:, None] * course.approach + effects.visit[:, None] * course.visits
    drug = np.zeros_like(background)
    if active:
        background = background + ssri_link(indication, parameters, effects, course)
        background = background + (effects.contrast * effects.unblinding)[:, None] * course.unblinding
        drug = effects.fast[:, None] * course.fast + effects.slow[:, None] * course.slow
    at = np.zeros(0, dtype=int) if rated is None else rated
    mean = np.zeros_like(background)
    response = np.zeros((len(background), len(at)))
    threshold = indication.baseline * (1.0 - indication.response_fall)
    own_placebo = np.exp(-spread * z_placebo[:, None] * course.placebo_spread[at])
    for zd, wd in zip(z_drug, w_drug, strict=True):
        # Mean response 1: the trials' effects are means over patients, so the log-normal's own mean is divided out.
        fall = background + drug * np.exp(sd_response * zd - 0.5 * sd_response**2)
        mean += wd * capped_mean(indication, fall, spread * course.placebo_spread)
        left = np.exp(-fall[:, at])
        for factor, wp in zip(own_placebo, w_placebo, strict=True):
            score = score_from_share(indication, indication.baseline, left * factor)
            response += wd * wp * ndtr((threshold - score) / residual)
    return PopulationMeans(mean - indication.baseline, response)


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
    spread = parameters.value(f"symptoms.{indication.name}_placebo_between_patient_sd") * approach
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

    spread = parameters.value(f"symptoms.{indication.name}_placebo_between_patient_sd")
    sd_response = parameters.value("symptoms.drug_response_sd")
    residual = parameters.value(f"symptoms.{indication.name}_residual_sd")
    own_placebo = effects.placebo[0] + spread * normals["placebo_response"]
    own_response = np.exp(sd_response * normals["drug_response"] - 0.5 * sd_response**2)
    own_visit = effects.visit[0] + spread * course.visit_share * normals["visit_response"]
    fall = own_placebo[:, None] * course.approach + own_visit[:, None] * course.visits
    fall = fall + own_response[:, None] * (effects.fast[0] * course.fast + effects.slow[0] * course.slow)
    fall = (
        fall
        + ssri_link(indication, parameters, effects, course)[:1]
        + effects.contrast[0] * effects.unblinding[0] * course.unblinding
    )
    baseline = np.clip(
        indication.baseline + indication.baseline_sd * normals["baseline"],
        indication.minimum + 1.0,
        indication.maximum,
    )[:, None]
    score = score_from_share(indication, baseline, np.exp(-fall))
    noise = residual * normals["residual"][:, None] * np.where(course.times_h > 0.0, 1.0, 0.0)
    observed: np.ndarray = np.clip(score + noise, indication.minimum, indication.maximum)
    return observed
