"""The right-hand side as scalar code: plain Python runs it, Numba compiles it, both SciPy and numbalsoda call it.

What a user who cares about speed would write: micro-constants once per person, no arrays made, no general power.
"""

from __future__ import annotations

import math
from typing import Any

import reference_problem as reference

from peers.segments import STATES

CONSTANTS = 11
TO_FAST_PER_H = reference.FAST_CLEARANCE_L_PER_H / reference.FAST_VOLUME_L
NORKETAMINE_PER_H = reference.NORKETAMINE_CLEARANCE_L_PER_H / reference.NORKETAMINE_VOLUME_L
TO_PERIPHERAL_PER_H = reference.NORKETAMINE_DISTRIBUTION_L_PER_H / reference.NORKETAMINE_VOLUME_L
FROM_PERIPHERAL_PER_H = reference.NORKETAMINE_DISTRIBUTION_L_PER_H / reference.NORKETAMINE_PERIPHERAL_VOLUME_L
FRACTION = reference.NORKETAMINE_FRACTION
PER_NORKETAMINE_MG = 1.0 / (reference.NORKETAMINE_VOLUME_L * reference.HALF_BLOCK_NORKETAMINE_MG_PER_L)
HALF_BLOCK = reference.HALF_BLOCK_KETAMINE_MG_PER_L
FAST_L_PER_H, SLOW_L_PER_H = reference.FAST_CLEARANCE_L_PER_H, reference.SLOW_CLEARANCE_L_PER_H
GLUTAMATE, SIGNAL = reference.GLUTAMATE_PER_H, reference.SIGNAL_PER_H
SIGNAL_HALF = reference.SIGNAL_HALF**reference.SIGNAL_POWER
SCORE, START, HALF = reference.SCORE_PER_H, reference.SCORE_START, reference.SCORE_HALF
# The power is written as x * sqrt(x) below, and the states one by one.
assert reference.SIGNAL_POWER == 1.5
assert STATES == 9


def fill_constants(row: Any, found: Any) -> None:
    """One person's micro-constants from the seven varied parameters; found[0] is left for the infusion rate."""
    clearance, volume, slow_volume = row[0], row[1], row[2]
    found[1] = clearance / volume
    found[2] = FAST_L_PER_H / volume
    found[3] = SLOW_L_PER_H / volume
    found[4] = SLOW_L_PER_H / slow_volume
    found[5] = 1.0 / (volume * HALF_BLOCK)
    found[6] = row[3]
    found[7] = row[4]
    found[8] = row[5]
    found[9] = row[6]
    found[10] = found[1] + found[2] + found[3]


def fill_derivatives(y: Any, p: Any, found: Any) -> None:
    """Derivatives of the nine states, written into `found`; p as `fill_constants` makes it."""
    k, k_fast, k_slow, n, n_far, g = y[0], y[1], y[2], y[3], y[4], y[5]
    signal, plasticity = y[6], y[7]
    found[0] = p[0] - p[10] * k + TO_FAST_PER_H * k_fast + p[4] * k_slow
    found[1] = p[2] * k - TO_FAST_PER_H * k_fast
    found[2] = p[3] * k - p[4] * k_slow
    to_far = TO_PERIPHERAL_PER_H * n - FROM_PERIPHERAL_PER_H * n_far
    found[3] = FRACTION * p[1] * k - NORKETAMINE_PER_H * n - to_far
    found[4] = to_far
    x = k * p[5] + n * PER_NORKETAMINE_MG
    found[5] = GLUTAMATE * (1.0 + p[6] * x / (1.0 + x) - g)
    above = g - 1.0
    power = above * math.sqrt(above) if above > 0.0 else 0.0
    found[6] = SIGNAL * (power / (SIGNAL_HALF + power) - signal)
    found[7] = p[7] * signal * (1.0 - plasticity) - p[8] * plasticity
    found[8] = SCORE * (START * (1.0 - p[9] * plasticity / (HALF + plasticity)) - y[8])
