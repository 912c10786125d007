"""ketascope itself: the reference chain through the native kernel, on a grid tuned by its own error estimate."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache

import numpy as np
import reference_problem as reference

from ketascope.solver.chain import Chain
from ketascope.solver.grid import GridRule, halved, make_grid
from ketascope.solver.linear import Modes, StepInputs
from ketascope.solver.native.engine import Outputs, at_times
from ketascope.solver.native.engine import solve as run_kernel
from ketascope.solver.native.kernel import Layout

ABSOLUTE = 0.0  # there is no absolute tolerance: errors are relative to a channel's largest value
CHAIN = Chain(
    reference.advance,
    reference.observe,
    reference.start_states,
    len(reference.STATES),
    len(reference.CHANNELS),
    reference.VARIED,
    enantiomers=1,
    series=2,
)
LAYOUT = Layout(stages=6, lanes=8)
BATCH = 2048
# The grid is the coarsest of these whose estimate, on people that are judged by nobody else, stays below the tolerance.
TOLERANCE = 5e-6
TUNED_ON = slice(1000, 1064)
COARSENESS = tuple(round(1.0 - 0.05 * index, 2) for index in range(17))


def rule(coarseness: float) -> GridRule:
    """Steps after every change of input, and how they grow."""
    return GridRule(0.25 * coarseness, 1.5 * coarseness, 96.0 * coarseness)


def grid_h(coarseness: float) -> np.ndarray:
    """Grid points in hours; output times lie between them."""
    changes = [*reference.DOSE_TIMES_H, *(dose + reference.INFUSION_H for dose in reference.DOSE_TIMES_H)]
    return make_grid(changes, (), reference.UNTIL_H, rule(coarseness))


@lru_cache(maxsize=8)
def prepared(grid_bytes: bytes) -> tuple[StepInputs, Outputs]:
    """The infusions on a grid, and where the output times lie in it."""
    grid = np.frombuffer(grid_bytes)
    rate = np.zeros((len(grid) - 1, 1, 1, 2))
    for dose in reference.DOSE_TIMES_H:
        inside = (grid[:-1] >= dose - 1e-9) & (grid[:-1] < dose + reference.INFUSION_H - 1e-9)
        rate[inside, 0, 0, 0] = reference.DOSE_MG / reference.INFUSION_H
    return StepInputs(np.diff(grid), np.zeros_like(rate), rate), at_times(grid, reference.output_times_h())


def step_inputs(grid: np.ndarray) -> StepInputs:
    """The infusions on a grid."""
    return prepared(grid.tobytes())[0]


def on_grid(
    varied: dict[str, np.ndarray],
    grid: np.ndarray,
    layout: Layout = LAYOUT,
    threads: int = 1,
    modes: Modes | None = None,
) -> np.ndarray:
    """Channels at the 200 output times, (200, 2, people); modes: where they were made before."""
    count = len(varied["surge"])
    modes = reference.modes(varied) if modes is None else modes
    inputs, outputs = prepared(grid.tobytes())
    nothing_absorbed = np.zeros((0, count))
    return run_kernel(CHAIN, modes, nothing_absorbed, varied, inputs, outputs, threads=threads, layout=layout).values


@cache
def tuned(layout: Layout = LAYOUT) -> tuple[np.ndarray, float]:
    """The grid in hours, and its error estimate: the largest relative difference from the halved grid."""
    few = {name: value[TUNED_ON] for name, value in reference.draws().items()}
    for coarseness in COARSENESS:
        grid = grid_h(coarseness)
        coarse, fine = (on_grid(few, each, layout) for each in (grid, halved(grid)))
        estimate = float((np.abs(coarse - fine) / np.abs(fine).max(axis=0)).max())
        if estimate <= TOLERANCE:
            return grid, estimate
    raise RuntimeError(f"no grid meets {TOLERANCE:g}: the finest one has {estimate:.1e}")


def prepare() -> None:
    """Compile, and tune the grid."""
    tuned()


def solve(count: int, threads: int = 1) -> np.ndarray:
    """Ketamine and score at the 200 times: (200, 2, count)."""
    own, grid = reference.people(count), tuned()[0]
    if count <= BATCH:
        return on_grid(own, grid, threads=threads)
    found = np.empty((len(reference.output_times_h()), len(reference.CHANNELS), count))

    def one_batch(first: int) -> None:
        part = slice(first, first + BATCH)
        found[..., part] = on_grid({name: value[part] for name, value in own.items()}, grid)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one_batch, range(0, count, BATCH)))
    return found
