"""The glutamate surge: an inverted U of the block, with an early rise and none (or a fall) under anaesthesia.

    u = B/B0,  D = 6.75 u^2 (1 - u), floored smoothly at -floor/g,  dG/dt = k_G (1 + g D - G)

Shape: Moghaddam 1997 and Chowdhury 2012 (rats). `g` is for display: it cancels in everything downstream.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

ROWS = (
    "block_at_reversal",
    "drive_scale",
    "surge_gain",
    "drive_floor_over_gain",
    "floor_smoothing",
    "half_life_min",
)


def surge_drive(xp: Any, block: Any, values: Mapping[str, Any]) -> Any:
    """D for a fraction blocked: 0 at no block, at most 1, negative beyond the block of reversal."""
    u = block / values["glutamate.block_at_reversal"]
    drive = values["glutamate.drive_scale"] * u * u * (1.0 - u)
    floor = -values["glutamate.drive_floor_over_gain"] / values["glutamate.surge_gain"]
    smoothing = values["glutamate.floor_smoothing"]
    above = drive - floor
    return floor + 0.5 * (above + xp.sqrt(above * above + smoothing * smoothing)) - _at_rest(xp, floor, smoothing)


def _at_rest(xp: Any, floor: Any, smoothing: Any) -> Any:
    # The smooth floor lifts D by this much at no block; taken away so that G rests at exactly 1.
    return floor + 0.5 * (-floor + xp.sqrt(floor * floor + smoothing * smoothing))


def turnover_per_h(values: Mapping[str, Any]) -> Any:
    """k_G in 1/h."""
    return math.log(2.0) * 60.0 / values["glutamate.half_life_min"]
