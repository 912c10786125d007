"""SciPy's LSODA through odeint, the faster of its doors, right-hand side in plain Python or compiled by Numba."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from scipy.integrate import odeint

from peers.equations import CONSTANTS, fill_constants, fill_derivatives
from peers.segments import RELATIVE, STATES, segments, start_state, varied

ABSOLUTE = 1e-8


def _plain(y: np.ndarray, t: float, p: list[float]) -> list[float]:
    # Python's own floats are several times as fast as NumPy's scalars.
    found = [0.0] * STATES
    fill_derivatives(y.tolist(), p, found)
    return found


@cache
def _compiled() -> Any:
    import numba

    derivatives, states = numba.njit(error_model="numpy")(fill_derivatives), STATES

    @numba.njit("float64[::1](float64[::1], float64, float64[::1])", error_model="numpy")
    def right_hand_side(y, t, p):  # type: ignore[no-untyped-def]
        found = np.empty(states)
        derivatives(y, p, found)
        return found

    return right_hand_side


def _everyone(
    right_hand_side: Callable[..., Any], kept: Callable[[list[float]], Any], count: int, absolute: float
) -> np.ndarray:
    cut, people = segments(), varied(count)
    found = np.empty((int(cut.rows.sum()), 2, count))
    constants = [0.0] * CONSTANTS
    for person in range(count):
        fill_constants(people[person].tolist(), constants)
        p, y, row = kept(constants), start_state(), 0
        for piece, rate in enumerate(cut.rate_mg_per_h.tolist()):
            p[0] = rate
            own = cut.times_h[cut.first[piece] : cut.first[piece + 1]]
            course = odeint(right_hand_side, y, own, args=(p,), rtol=RELATIVE, atol=absolute, mxstep=100_000)
            rows = cut.rows[piece]
            found[row : row + rows, 0, person] = course[1 : 1 + rows, 0] / people[person, 1]
            found[row : row + rows, 1, person] = course[1 : 1 + rows, 8]
            row, y = row + rows, course[-1]
    return found


def prepare_plain() -> None:
    """Nothing to compile."""


def solve_plain(count: int, absolute: float = ABSOLUTE) -> np.ndarray:
    """Ketamine and score at the 200 times, right-hand side in plain Python: (200, 2, count)."""
    return _everyone(_plain, list, count, absolute)


def prepare_compiled() -> None:
    """Compile the right-hand side."""
    _compiled()


def solve_compiled(count: int, absolute: float = ABSOLUTE) -> np.ndarray:
    """Ketamine and score at the 200 times, right-hand side compiled: (200, 2, count)."""
    return _everyone(_compiled(), np.array, count, absolute)
