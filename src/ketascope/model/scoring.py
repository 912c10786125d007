"""The score of a scale, from log falls to means over patients: one home for the simulator and the calibration.

`xp` is the array module (numpy or jax.numpy) and `ndtr` its normal distribution function. Scales are in points.

    score = S_min + (S0 - S_min) exp(-X), clipped to the scale
"""

from __future__ import annotations

from typing import Any


def capped_mean(xp: Any, ndtr: Any, minimum: Any, maximum: Any, baseline: Any, fall: Any, spread: Any) -> Any:
    """Mean score over a normal spread of the log fall, with scores above the scale's maximum counted as the maximum.

    E[min(L, K)] for ln L ~ N(m, s^2) is exp(m + s^2/2) Phi((ln K - m)/s - s) + K Phi((m - ln K)/s): exact, where a
    quadrature would stumble over the corner at the maximum. All arguments broadcast.
    """
    top = maximum - minimum
    log_left = xp.log(baseline - minimum) - fall
    s = xp.maximum(spread, 1e-9)  # no spread is the limit, not a division by zero
    above = (log_left - xp.log(top)) / s
    return minimum + xp.exp(log_left + 0.5 * s**2) * ndtr(-above - s) + top * ndtr(above)


def score_from_share(xp: Any, minimum: Any, maximum: Any, baseline: Any, share: Any) -> Any:
    """The score for the share exp(-X) of the baseline that is left, clipped to the scale's maximum."""
    return xp.minimum(minimum + (baseline - minimum) * share, maximum)


def ssri_link(xp: Any, difference_points: Any, placebo_mean_above_minimum: Any) -> Any:
    """The SSRI's part of X that makes the mean differ from placebo by its points.

    Trials report the difference between two falling arms, and that difference is what approaches its final size at
    first order; so it is put on the link with the placebo arm's mean score at the same time.
    """
    return -xp.log(1.0 - xp.minimum(difference_points / placebo_mean_above_minimum, 0.95))
