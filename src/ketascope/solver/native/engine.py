"""Runs a chain of states over a grid for many patients with the native kernel, on any number of threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ketascope.solver.chain import Chain
from ketascope.solver.collocation import dense_weights
from ketascope.solver.linear import Modes, StepInputs
from ketascope.solver.native.kernel import KernelText, Layout
from ketascope.solver.native.program import program

# Six nodes cost a third more than three and bring the largest error among a thousand people from 4e-3 to 7e-5.
DEFAULT_LAYOUT = Layout(stages=6, lanes=8)
# Decay factors of steps that come again are kept while they fit here; more would no longer be near the processor.
KEPT_FACTORS_BYTES = 600_000
# Steps are the same where their lengths in hours agree to so many digits.
LENGTH_DIGITS = 12
# Less than a few milliseconds of work is done before a second thread has begun.
PATIENT_STEPS_WORTH_A_THREAD = 20_000
COPIED_PATIENTS = 64


def cores() -> int:
    """Threads that are used where nothing else is asked for."""
    return os.cpu_count() or 1


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    """Threads that wait for the next solution: starting them anew would cost as much as a small one."""
    return ThreadPoolExecutor(workers, thread_name_prefix="ketascope-solver")


@dataclass(frozen=True)
class Outputs:
    """Where a result is wanted: row of the end of each step (-1: not kept), and rows between the nodes.

    end_row: (steps,); step, fraction, row: (outputs,), sorted by step, the fraction of the step being less than 1.
    first_rows: rows at the beginning that are left to the caller.
    """

    end_row: np.ndarray
    step: np.ndarray
    fraction: np.ndarray
    row: np.ndarray
    first_rows: int = 0

    @property
    def rows(self) -> int:
        """Rows of the result."""
        return max(1 + int(self.end_row.max(initial=-1)), 1 + int(self.row.max(initial=-1)), self.first_rows)


def ends(is_kept: np.ndarray, first_row: int = 0) -> Outputs:
    """The ends of the steps that are kept, the first in `first_row`; is_kept: (steps,)."""
    row = np.where(is_kept, np.cumsum(is_kept) - 1 + first_row, -1)
    nothing = np.zeros(0, dtype=np.int64)
    return Outputs(row, nothing, np.zeros(0), nothing, first_row)


def at_times(grid_h: np.ndarray, times_h: np.ndarray) -> Outputs:
    """Times after the first grid point, within the grid; times on a grid point are ends of steps.

    Raises ValueError where times do not ascend.
    """
    if (np.diff(times_h) <= 0.0).any():
        raise ValueError("output times must ascend")
    steps = len(grid_h) - 1
    after = np.clip(np.searchsorted(grid_h, times_h - 1e-9) - 1, 0, steps - 1)
    is_end = np.abs(grid_h[after + 1] - times_h) <= 1e-9
    end_row = np.full(steps, -1)
    rows = np.arange(len(times_h))
    end_row[after[is_end]] = rows[is_end]
    inside = after[~is_end]
    fraction = (times_h[~is_end] - grid_h[inside]) / (grid_h[inside + 1] - grid_h[inside])
    return Outputs(end_row, inside, fraction, rows[~is_end])


@dataclass(frozen=True)
class Solution:
    """values: (rows, channels, patients). roughness: (states, patients), the largest amplitude of the highest mode
    of a state's polynomial in any step, against the state's largest value: small where the grid resolves the state."""

    values: np.ndarray
    roughness: np.ndarray


def solve(
    chain: Chain,
    modes: Modes,
    fraction: np.ndarray,
    individual: Mapping[str, np.ndarray],
    inputs: StepInputs,
    outputs: Outputs | None = None,
    threads: int | None = None,
    layout: Layout = DEFAULT_LAYOUT,
) -> Solution:
    """The channels after each step, or where `outputs` wants them.

    individual: values by name, each (patients,). threads: default all cores. The numbers depend neither on the number
    of patients nor on threads.
    """
    kernel = program(chain, layout)
    patients = modes.rate_per_h.shape[-1]
    padded = -(-patients // layout.lanes) * layout.lanes
    outputs = ends(np.ones(len(inputs.step_h), bool)) if outputs is None else outputs

    def whole(array: Any) -> np.ndarray:
        """C order, and as many patients as fill the lanes; the last one is repeated."""
        given = np.asarray(array, dtype=np.float64)
        if padded != patients:
            given = np.concatenate([given, np.repeat(given[..., -1:], padded - patients, axis=-1)], axis=-1)
        return np.ascontiguousarray(given)

    schedule, factors = _schedule(inputs, outputs, layout, modes, kernel.text)
    result = np.empty((outputs.rows, chain.channels, patients))
    roughness = np.empty((chain.states, padded))
    count, columns = modes.rate_per_h.shape[1], modes.inputs.shape[2]
    arrays = schedule | {
        "rate_per_h": whole(modes.rate_per_h),
        "inputs": whole(modes.inputs),
        "outputs": whole(modes.outputs[:, : chain.series]),
        # An amount that is not absorbed from a depot goes in full where it is given.
        "fraction": whole(np.concatenate([fraction, np.zeros((1, patients))])),
        "individual": whole(np.stack([np.broadcast_to(individual[n], (patients,)) for n in chain.values])),
        "start": whole(np.stack([np.broadcast_to(state, (patients,)) for state in chain.start(patients)])),
        "roughness": roughness,
    }
    counts = {
        "patients": padded,
        "steps": len(inputs.step_h),
        "modes": count,
        "columns": columns,
        "row_stride": chain.channels * COPIED_PATIENTS,
        "channel_stride": COPIED_PATIENTS,
    }
    scratch_values = chain.enantiomers * count * (4 + factors) * layout.lanes
    groups = padded // layout.lanes

    at_once = COPIED_PATIENTS // layout.lanes

    def advance(firsts: Iterator[int]) -> None:
        # Through a small array: the result's rows are far apart, and writing to each in turn costs more than solving.
        near = np.empty((outputs.rows, chain.channels, COPIED_PATIENTS))
        scratch = np.empty(scratch_values)
        # Found here, so that this function holds the arrays: a thread may still read them when an interrupt has ended
        # the call that made them.
        addresses = {name: array.ctypes.data for name, array in arrays.items()}
        own = addresses | {"scratch": scratch.ctypes.data, "result": near.ctypes.data}
        for first in firsts:
            last = min(first + at_once, groups)
            begin, end = first * layout.lanes, min(last * layout.lanes, patients)
            kernel.run(counts | {"first_group": first, "last_group": last, "first_result": begin}, own)
            result[..., begin:end] = near[..., : end - begin]

    # Each thread takes the next patients that nobody has taken; a list's iterator gives each of them once.
    firsts = iter(list(range(0, groups, at_once)))
    workers = min(threads or cores(), -(-groups // at_once))
    if workers == 1 or padded * counts["steps"] < PATIENT_STEPS_WORTH_A_THREAD:
        advance(firsts)
    else:
        try:
            list(_pool(workers).map(advance, [firsts] * workers))
        except BaseException:
            deque(firsts, maxlen=0)  # with nothing left to take, the threads end after what they have begun
            raise
    return Solution(result, roughness[:, :patients])


def _schedule(
    inputs: StepInputs, outputs: Outputs, layout: Layout, modes: Modes, text: KernelText
) -> tuple[dict[str, np.ndarray], int]:
    """Arrays of the kernel that are the same for all patients, and the number of points whose factors are kept."""
    steps = len(inputs.step_h)
    bolus_first, boluses = _events(inputs.bolus_mg, np.ones(steps, bool))
    is_changed = np.zeros(steps, bool)
    is_changed[0] = True
    is_changed[1:] = (inputs.rate_mg_per_h[1:] != inputs.rate_mg_per_h[:-1]).any(axis=(1, 2, 3))
    flow_first, flows = _events(inputs.rate_mg_per_h, is_changed)
    events = [*boluses, *flows]
    output_first = np.searchsorted(outputs.step, np.arange(steps + 1))
    slot, is_fresh, points = _slots(inputs.step_h, outputs, output_first, layout, modes)

    def whole_numbers(values: Any) -> np.ndarray:
        return np.ascontiguousarray(values, dtype=np.int64)

    def numbers(values: Any) -> np.ndarray:
        return np.ascontiguousarray(values, dtype=np.float64)

    columns = list(zip(*events, strict=True)) if events else [()] * 4
    return {
        "step_h": numbers(inputs.step_h),
        "step_numbers": numbers(text.step_numbers(inputs.step_h)),
        "slot": whole_numbers(slot),
        "is_fresh": whole_numbers(is_fresh),
        "bolus_first": whole_numbers(bolus_first),
        "flow_first": whole_numbers(flow_first + len(boluses)),
        "is_flow_changed": whole_numbers(is_changed),
        "is_flowing": whole_numbers((inputs.rate_mg_per_h != 0.0).any(axis=(1, 2, 3))),
        "event_enantiomer": whole_numbers(columns[0]),
        "event_column": whole_numbers(columns[1]),
        "event_fixed_mg": numbers(columns[2]),
        "event_absorbed_mg": numbers(columns[3]),
        "end_row": whole_numbers(outputs.end_row),
        "output_first": whole_numbers(output_first),
        "output_fraction": numbers(outputs.fraction),
        "output_weight": numbers(dense_weights(layout.stages, outputs.fraction)),
        "output_row": whole_numbers(outputs.row),
    }, points


Event = tuple[int, int, float, float]  # enantiomer, column, fixed and absorbed amount (mg) or rate (mg/h)


def _events(given: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, list[Event]]:
    """Where each step's events begin, (steps + 1,), and the non-zero inputs of the chosen steps as events."""
    chosen = (given != 0.0).any(axis=-1) & steps[:, None, None]
    at, enantiomer, column = np.nonzero(chosen)
    values = given[at, enantiomer, column]
    events = [(int(e), int(c), float(v[0]), float(v[1])) for e, c, v in zip(enantiomer, column, values, strict=True)]
    return np.searchsorted(at, np.arange(len(given) + 1)), events


def _slots(
    step_h: np.ndarray, outputs: Outputs, output_first: np.ndarray, layout: Layout, modes: Modes
) -> tuple[list[int], list[bool], int]:
    """Where each step finds its decay factors (in points), whether it must make them, and the points in all.

    Steps of the same length with the same outputs share them. What does not come again shares the first places.
    """
    fractions = outputs.fraction.round(LENGTH_DIGITS).tolist()
    lengths = step_h.round(LENGTH_DIGITS).tolist()
    keys = [
        (length, *fractions[first:last])
        for length, first, last in zip(lengths, output_first[:-1], output_first[1:], strict=True)
    ]
    times: dict[tuple[float, ...], int] = {}
    for key in keys:
        times[key] = times.get(key, 0) + 1
    shared = layout.stages + max(len(key) - 1 for key in keys)
    point_bytes = modes.rate_per_h.shape[0] * modes.rate_per_h.shape[1] * layout.lanes * 8
    end = shared
    places: dict[tuple[float, ...], int] = {}
    slot, is_fresh = [], []
    for key in keys:
        size = layout.stages + len(key) - 1
        if key in places:
            slot.append(places[key])
            is_fresh.append(False)
            continue
        is_fresh.append(True)
        if times[key] > 1 and (end + size) * point_bytes <= KEPT_FACTORS_BYTES:
            places[key] = end
            end += size
            slot.append(places[key])
        else:
            slot.append(0)
    return slot, is_fresh, end
