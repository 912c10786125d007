"""What happens without an active drug: the placebo response, and the passing lift of a visit with a procedure.

    X_placebo(t) = (p + eta) (1 - exp(-t/tau))
                   + (v + eta') sum over visits before t of [exp(-(t - t_i)/tau_v) - exp(-(t - t_i)/tau_r)]

tau_r is the short time the lift takes to come: without it every score would fall within the first second of a visit.
`eta` and `eta'` are independent and normal between patients, with one coefficient of variation, and may make one
worse. The same term stands in every arm. A rating at a visit is taken before the procedure, so only earlier visits
count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def plateau_approach(times_h: np.ndarray, half_life_d: np.ndarray) -> np.ndarray:
    """1 - exp(-t/tau) for each half-life (draws,), shape (draws, times)."""
    import numpy as np

    return 1.0 - np.exp(-math.log(2.0) * np.asarray(times_h) / (24.0 * np.atleast_1d(half_life_d)[:, None]))


def visit_lift(
    visits_h: Sequence[float], times_h: np.ndarray, half_life_h: float, rise_half_life_h: float
) -> np.ndarray:
    """Sum of the lifts of all earlier visits in units of one visit's log fall, shape (times,)."""
    import numpy as np

    since = np.asarray(times_h)[:, None] - np.asarray(visits_h, dtype=float)[None, :]
    after = np.maximum(since, 0.0)
    return (np.exp2(-after / half_life_h) - np.exp2(-after / rise_half_life_h)).sum(axis=1)
