"""numbalsoda: LSODA in C++, called from one Numba-compiled loop over people and pieces; no Python in the loop."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from peers.equations import CONSTANTS, fill_constants, fill_derivatives
from peers.segments import RELATIVE, STATES, segments, start_state, varied

ABSOLUTE = 1e-8


@cache
def _compiled() -> Any:
    import numba
    import numbalsoda

    constants, derivatives = (numba.njit(error_model="numpy")(f) for f in (fill_constants, fill_derivatives))
    lsoda, states, size = numbalsoda.lsoda, STATES, CONSTANTS

    @numba.cfunc(numbalsoda.lsoda_sig, error_model="numpy")
    def right_hand_side(t, y, found, p):  # type: ignore[no-untyped-def]
        derivatives(y, p, found)

    address = right_hand_side.address

    @numba.njit(error_model="numpy")
    def everyone(address, people, rates, times, first, rows, start, relative, absolute, found):  # type: ignore
        p = np.empty(size)
        y = np.empty(states)
        for person in range(len(people)):
            constants(people[person], p)
            y[:] = start
            row = 0
            for piece in range(len(rates)):
                p[0] = rates[piece]
                own = times[first[piece] : first[piece + 1]]
                course, success = lsoda(address, y, own, p, relative, absolute, 100_000)
                if not success:
                    return person
                for i in range(rows[piece]):
                    found[row, 0, person] = course[1 + i, 0] / people[person, 1]
                    found[row, 1, person] = course[1 + i, 8]
                    row += 1
                y[:] = course[len(own) - 1]
        return -1

    # The C function must live as long as its address is used.
    return right_hand_side, address, everyone


def prepare() -> None:
    """Compile."""
    solve(1)


def solve(count: int, absolute: float = ABSOLUTE) -> np.ndarray:
    """Ketamine and score at the 200 times: (200, 2, count)."""
    cut = segments()
    found = np.empty((int(cut.rows.sum()), 2, count))
    _, address, everyone = _compiled()
    failed = everyone(
        address,
        varied(count),
        cut.rate_mg_per_h,
        cut.times_h,
        cut.first,
        cut.rows,
        start_state(),
        RELATIVE,
        absolute,
        found,
    )
    if failed >= 0:
        raise RuntimeError(f"numbalsoda gave up on person {failed}")
    return found
