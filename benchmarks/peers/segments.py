"""The reference problem cut at every change of input, in the flat arrays that compiled tools want."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import reference_problem as reference

RELATIVE = 1e-6
STATES = 9


@dataclass(frozen=True)
class Segments:
    """Where each piece starts, ends and reports.

    rate_mg_per_h: (pieces,); times_h: start, wanted times and end of each piece, one after another; first:
    (pieces + 1,) into times_h; rows: how many of a piece's times are output times, the end being the last of them where
    it is one.
    """

    rate_mg_per_h: np.ndarray
    times_h: np.ndarray
    first: np.ndarray
    rows: np.ndarray


@cache
def segments() -> Segments:
    """The pieces of the reference problem; every output time falls in exactly one."""
    wanted, rates, times, first, rows = reference.output_times_h(), [], [], [0], []
    for start, end, rate in reference.pieces():
        inside = np.minimum(wanted[(wanted > start + 1e-9) & (wanted <= end + 1e-9)], end)
        times.append(np.unique([start, *inside, end]))
        rates.append(rate)
        rows.append(len(inside))
        first.append(first[-1] + len(times[-1]))
    assert sum(rows) == len(wanted)
    return Segments(np.array(rates), np.concatenate(times), np.array(first), np.array(rows))


def start_state() -> np.ndarray:
    """Before the first dose: the nine states in the order of `reference_problem.right_hand_side`."""
    return np.array([0.0] * 5 + [1.0, 0.0, 0.0, reference.SCORE_START])


def varied(count: int) -> np.ndarray:
    """The seven varied parameters, a row a person: (count, 7), columns as `reference_problem.VARIED`."""
    own = reference.people(count)
    return np.ascontiguousarray(np.stack([own[name] for name in reference.VARIED], axis=1))
