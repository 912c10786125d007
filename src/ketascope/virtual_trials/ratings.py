"""What raters write down: a new error at every visit, at the baseline too, and who is let in by the rated baseline.

    R ~ N(mean, s^2) within the limits of inclusion,   s^2 = baseline SD^2 + rating error SD^2
    T = mean + k (R - mean) + baseline SD sqrt(1 - k) z,   k = baseline SD^2 / s^2

R is the rated baseline and T the true score behind it. People enter by R, so that T lies nearer the mean than R does,
and the next rating falls back without any treatment: regression to the mean. Drawing R first and T given R needs no
rejection, so each person owns a fixed place in the random streams. The truncated normal is inverted (Devroye 1986,
Non-Uniform Random Variate Generation, section II.2).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from ketascope.model.symptoms import patient_baselines
from ketascope.virtual_trials.streams import person_uniforms

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.symptoms import Indication

STREAM = "trial.rating_error"


def rated_baseline_sd(indication: Indication, residual_sd: float) -> float:
    """SD of rated baselines in points: of true scores and of the rating error together."""
    return math.hypot(indication.baseline_sd, residual_sd)


def included_share(indication: Indication, residual_sd: float, least: float | None, most: float | None) -> float:
    """Share of people whose rated baseline lies within the limits (None: no limit)."""
    rated = NormalDist(indication.baseline, rated_baseline_sd(indication, residual_sd))
    low = 0.0 if least is None else rated.cdf(least)
    high = 1.0 if most is None else rated.cdf(most)
    return high - low


def rating_errors(visit: int, residual_sd: float, seed: int, first: int, count: int, people: int) -> np.ndarray:
    """Rating errors of the people of replicates first, first+1, ... at one visit in points, (count, people).

    visit: 0 is the baseline.
    """
    from scipy.special import ndtri

    errors: np.ndarray = residual_sd * ndtri(person_uniforms(f"{STREAM}.{visit}", seed, first, count, people))
    return errors


def baselines(
    indication: Indication,
    residual_sd: float,
    least: float | None,
    most: float | None,
    normals: np.ndarray,
    unexplained: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """True and rated scores before treatment in points.

    normals: standard normals that place R. unexplained: z above. All of one shape, which the results have too.
    """
    import numpy as np
    from scipy.special import ndtr, ndtri

    rated_sd = rated_baseline_sd(indication, residual_sd)
    if least is not None or most is not None:
        low = 0.0 if least is None else ndtr((least - indication.baseline) / rated_sd)
        high = 1.0 if most is None else ndtr((most - indication.baseline) / rated_sd)
        normals = ndtri(low + ndtr(normals) * (high - low))
    explained = indication.baseline_sd**2 / rated_sd**2
    deviation = rated_sd * normals
    true = patient_baselines(
        indication,
        explained * deviation + indication.baseline_sd * math.sqrt(1.0 - explained) * unexplained,
    )
    return true, np.clip(indication.baseline + deviation, indication.minimum, indication.maximum)
