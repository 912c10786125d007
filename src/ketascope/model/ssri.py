"""The SSRI's own part: first order towards its final effect while it is taken, first order away after it stops.

    dR/dt = k_R (1 - R) during a course, -k_R R after it

The daily doses themselves are not simulated: at usual doses about 80% of the transporter is occupied (Meyer 2004)
and the dose hardly matters. Half-lives per indication: `trials.ssri_half_life_d_<indication>`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def courses_of(times_h: Sequence[float], interval_h: float) -> list[tuple[float, float]]:
    """Spans (start_h, end_h) over which doses follow each other within `interval_h`; a dose covers that long."""
    spans: list[tuple[float, float]] = []
    for time in sorted(times_h):
        if spans and time <= spans[-1][1] + 1e-9:
            spans[-1] = (spans[-1][0], time + interval_h)
        else:
            spans.append((time, time + interval_h))
    return spans


def ssri_state(spans: Sequence[tuple[float, float]], half_life_d: np.ndarray, times_h: np.ndarray) -> np.ndarray:
    """R at `times_h` (times,) for each half-life (draws,): shape (draws, times), 0 before the first dose."""
    import numpy as np

    rate = (math.log(2.0) / (24.0 * np.atleast_1d(half_life_d)))[:, None]
    times = np.asarray(times_h)[None, :]
    state = np.zeros((rate.shape[0], times.shape[1]))
    level = np.zeros((rate.shape[0], 1))
    previous_end = 0.0
    for start, end in spans:
        level = level * np.exp(-rate * (start - previous_end))
        during = 1.0 - (1.0 - level) * np.exp(-rate * (times - start))
        state = np.where((times >= start) & (times <= end), during, state)
        level = 1.0 - (1.0 - level) * np.exp(-rate * (end - start))
        state = np.where(times > end, level * np.exp(-rate * (times - end)), state)
        previous_end = end
    return state
