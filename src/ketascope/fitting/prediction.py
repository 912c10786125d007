"""Concentrations of a person at chosen times, exact and without a loop over time, in NumPy or JAX.

Doses superpose: an input into a mode of rate r over a duration d leaves, after the time t,

    A(t) = (1 - exp(-r t))/(r d) while it runs, exp(-r (t - d)) (1 - exp(-r d))/(r d) later, exp(-r t) where d = 0,

and the area under A up to t is (share given - A(t))/r, since dA/dt = input - r A.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.model.absorption import individual_depots
from ketascope.model.disposition import enantiomer_disposition
from ketascope.model.exposure import NG_PER_ML_PER_MG_PER_L
from ketascope.model.pharmacokinetics import SERIES, diagonalise
from ketascope.solver.linear import inverse_rates

if TYPE_CHECKING:
    from ketascope.exchange.nonmem_data import Observation
    from ketascope.fitting.frame import Frame

SERIES_USED = 2  # ketamine and norketamine stand first in SERIES
MOST_NUMBERS = 4_000_000
"""Numbers in the largest array; more draws are done in parts."""


@dataclass(frozen=True)
class Schedule:
    """Inputs and points as arrays.

    elapsed_h: (points, inputs), hours since the input began, 0 where `seen` is 0. duration_h, fixed, absorbed, column,
    depot: (inputs,); mass_mg: (2 enantiomers, inputs). weights: (points, 2, 2), which of (enantiomer, series) a point
    adds up.
    """

    elapsed_h: np.ndarray
    seen: np.ndarray
    duration_h: np.ndarray
    mass_mg: np.ndarray
    fixed: np.ndarray
    absorbed: np.ndarray
    column: np.ndarray
    depot: np.ndarray
    weights: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """The fields by name."""
        return dict(vars(self))


def analyte_weights(analytes: Sequence[str]) -> np.ndarray:
    """(points, 2 enantiomers, 2 series), 1 where the analyte contains it."""
    table = np.zeros((len(analytes), 2, SERIES_USED))
    for row, name in enumerate(analytes):
        enantiomers, _, series = name.rpartition("_")
        for enantiomer in enantiomers or "sr":
            table[row, "sr".index(enantiomer), SERIES.index(series)] = 1.0
    return table


def schedule_at(
    frame: Frame,
    times_h: Sequence[float] | np.ndarray,
    analytes: Sequence[str],
    rows_before: Sequence[int] | None = None,
    courses: Sequence[int] = (),
) -> Schedule:
    """The schedule of a frame at these points.

    rows_before: dose records above each point, which decide whether a dose at the point's own moment was given before
    it; courses: number of the dose record of each dose. Without them it was.
    """
    times = np.asarray(times_h, dtype=float)
    start = np.asarray([item.event.start_h for item in frame.inputs])
    elapsed = times[:, None] - start[None, :]
    seen = elapsed >= 0.0
    if rows_before is not None:
        later = np.asarray(courses)[[item.dose for item in frame.inputs]][None, :] >= np.asarray(rows_before)[:, None]
        seen &= (elapsed > 0.0) | ~later
    return Schedule(
        elapsed_h=np.where(seen, elapsed, 0.0),
        seen=seen.astype(float),
        duration_h=np.asarray([item.event.duration_h for item in frame.inputs]),
        mass_mg=np.asarray([item.event.enantiomer_mg for item in frame.inputs]).T,
        fixed=np.asarray([item.event.fixed for item in frame.inputs]),
        absorbed=np.asarray([item.event.absorbed for item in frame.inputs]),
        column=frame.input_columns,
        depot=frame.input_depots,
        weights=analyte_weights(analytes),
    )


def observed_schedule(frame: Frame, observations: Sequence[Observation], courses: Sequence[int]) -> Schedule:
    """The schedule at observations. courses: number of the dose record of each ketamine dose."""
    return schedule_at(
        frame,
        [item.time_h for item in observations],
        [item.analyte for item in observations],
        [item.dose_rows_before for item in observations],
        courses,
    )


def concentrations(
    xp: Any, frame: Frame, schedule: Mapping[str, Any], values: Mapping[str, Any], area: bool = False
) -> Any:
    """Concentrations at the points in ng/mL (area: ng h/mL up to them), (points, draws).

    schedule: `Schedule.arrays()`; values: from `individual_values`, each (2 * columns, draws).
    """
    like = values[f"{frame.place.parameters}.central_volume_l"]
    (_, depots), fraction = individual_depots(xp, frame.depots, values, max(len(frame.depots), 1), like)
    modes = diagonalise(xp, enantiomer_disposition(values, frame.place, "r", frame.steps), depots)
    depot = schedule["depot"][None, :]
    at = schedule["column"] + (like.shape[0] // 2) * np.arange(2)[:, None]  # (2 enantiomers, inputs)
    rate = modes.rate_per_h[:, at]  # (modes, 2, inputs, draws)
    share = schedule["fixed"][:, None] + schedule["absorbed"][:, None] * xp.where(
        depot[..., None] >= 0, fraction[xp.maximum(depot, 0), at], 0.0
    )
    given = modes.inputs[:, depot, at] * (schedule["mass_mg"][..., None] * share)
    elapsed, duration = schedule["elapsed_h"][:, :, None], schedule["duration_h"][:, None]
    left = _amount_left(xp, rate[:, :, None], elapsed, duration)  # (modes, 2, points, inputs, draws)
    if area:
        running = xp.where(duration > 0.0, xp.minimum(elapsed / xp.where(duration > 0.0, duration, 1.0), 1.0), 1.0)
        left = (running - left) * inverse_rates(xp, rate)[:, :, None]
    amount = left * schedule["seen"][:, :, None] * given[:, :, None]
    levels = xp.einsum("smeid,mepid->espd", modes.outputs[:SERIES_USED][:, :, at], amount)
    return xp.einsum("pes,espd->pd", schedule["weights"], levels) * NG_PER_ML_PER_MG_PER_L


def _amount_left(xp: Any, rate: Any, elapsed_h: Any, duration_h: Any) -> Any:
    """What a unit input has left in a mode (see the module's equation)."""
    lasts = duration_h > 0.0
    length = xp.where(lasts, duration_h, 1.0)
    running = xp.minimum(elapsed_h, length)
    after = xp.where(lasts, elapsed_h - running, elapsed_h)
    filled = -xp.expm1(-rate * running) * inverse_rates(xp, rate) / length
    return xp.exp(-rate * after) * xp.where(lasts, filled, 1.0)


def predicted(
    frame: Frame, schedule: Schedule, z: np.ndarray, centres: Mapping[str, Any] | None = None, area: bool = False
) -> np.ndarray:
    """Concentrations (or areas) at the points for standard normals z (effects, draws): (points, draws), in NumPy."""
    from ketascope.fitting.frame import individual_values

    modes = len(frame.depots) + 12
    numbers = 2 * modes * schedule.elapsed_h.size
    part = max(1, MOST_NUMBERS // max(numbers, 1))
    arrays = schedule.arrays()
    parts = []
    for first in range(0, z.shape[1], part):
        values = individual_values(np, frame, z[:, first : first + part], centres)
        parts.append(concentrations(np, frame, arrays, values, area))
    return np.concatenate(parts, axis=1)
