"""The ladder: every idea for the solver, what was expected of it, and what it gives, measured side by side in one run.

    python benchmarks/ladder.py [--people 2048] [--turns 15]

Each rung runs the reference problem with one idea taken away from the solver as it is (or added to it), in turn with
the solver as it is; the figure is the ratio of the median times. Expectations were written down before the first run.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "benchmarks")]

import reference_problem as reference  # noqa: E402
from llvmlite import ir  # noqa: E402
from peers import ketascope_native as ours  # noqa: E402

from ketascope.solver.engine import configure_jax  # noqa: E402
from ketascope.solver.grid import halved, make_grid  # noqa: E402
from ketascope.solver.native import engine, expression, instructions, kernel, program  # noqa: E402
from ketascope.solver.native.kernel import Layout  # noqa: E402


@dataclass(frozen=True)
class Rung:
    """An idea: expected and measured gain are times the speed without it; `without` makes a solver lacking it."""

    idea: str
    expected: float
    is_kept: bool
    other: Callable[[], Callable[[dict[str, np.ndarray]], np.ndarray]]


def solver(layout: Layout = ours.LAYOUT, grid: np.ndarray | None = None) -> Callable[..., np.ndarray]:
    """The solver as it is, on its tuned grid or another."""
    grid = ours.tuned(layout)[0] if grid is None else grid
    return lambda varied: ours.on_grid(varied, grid, layout)


@contextmanager
def patched(*changes: tuple[Any, str, Any]) -> Iterator[None]:
    """Attributes replaced, and kernels made anew, within the block."""
    with ExitStack() as stack:
        for target, name, value in changes:
            stack.enter_context(mock.patch.object(target, name, value))
        yield


def changed(*changes: tuple[Any, str, Any]) -> Callable[[], Callable[..., np.ndarray]]:
    """A solver whose kernel is made with attributes replaced."""

    def make() -> Callable[..., np.ndarray]:
        grid = ours.tuned()[0]
        with patched(*changes):
            made = program.Program(ours.CHAIN, ours.LAYOUT)

        def run(varied: dict[str, np.ndarray]) -> np.ndarray:
            with patched((engine, "program", lambda chain, layout: made), *changes):
                return ours.on_grid(varied, grid)

        return run

    return make


def with_stages(stages: int) -> Callable[[], Callable[..., np.ndarray]]:
    """Another number of collocation nodes in a step, on a grid tuned for it."""
    return lambda: solver(Layout(stages, ours.LAYOUT.lanes))


def with_lanes(lanes: int) -> Callable[[], Callable[..., np.ndarray]]:
    """Another number of patients in one instruction."""
    return lambda: solver(Layout(ours.LAYOUT.stages, lanes), ours.tuned()[0])


def outputs_are_grid_points() -> Callable[..., np.ndarray]:
    """Every output time a grid point, as it was before outputs could lie between them."""
    changes = [*reference.DOSE_TIMES_H, *(dose + reference.INFUSION_H for dose in reference.DOSE_TIMES_H)]
    layout = Layout(3, ours.LAYOUT.lanes)
    for coarseness in np.arange(1.0, 0.05, -0.05):
        rule = ours.GridRule(0.1 * coarseness, 0.6 * coarseness, 24.0)
        grid = make_grid(changes, reference.output_times_h(), reference.UNTIL_H, rule)
        few = {name: value[ours.TUNED_ON] for name, value in reference.draws().items()}
        coarse, fine = (ours.on_grid(few, each, layout) for each in (grid, halved(grid)))
        if (np.abs(coarse - fine) / np.abs(fine).max(axis=0)).max() <= ours.TOLERANCE:
            return solver(layout, grid)
    raise RuntimeError("no grid of output times meets the tolerance")


def by_jax() -> Callable[..., np.ndarray]:
    """The same chain and order through JAX, output times being grid points, chunks of 512 patients."""
    configure_jax()
    import jax.numpy as jnp

    from ketascope.solver import engine as jax_engine

    grid = make_grid(
        [*reference.DOSE_TIMES_H, *(dose + reference.INFUSION_H for dose in reference.DOSE_TIMES_H)],
        reference.output_times_h(),
        reference.UNTIL_H,
        ours.GridRule(0.03, 0.3, 24.0),
    )
    rows = np.searchsorted(grid, reference.output_times_h() - 1e-9) - 1

    def step(step_h: Any, concentration: Any, states: Any, varied: Any) -> Any:
        new = tuple(stages[-1] for stages in reference.advance(jnp, step_h, concentration, states, varied))
        return new, jnp.stack(reference.observe(jnp, concentration[:, :, -1], new, varied))

    def run(varied: dict[str, np.ndarray]) -> np.ndarray:
        count = len(varied["surge"])
        with mock.patch.object(jax_engine, "CHUNK", 512):
            every = jax_engine.solve(
                step,
                reference.start_states,
                len(reference.CHANNELS),
                reference.modes(varied),
                np.zeros((0, count)),
                varied,
                ours.step_inputs(grid),
                threads=1,
            )
        return every[rows]

    return run


_OUTER = kernel._Kernel._outer


def not_by_step(everything: Any, depends: expression.Depends) -> list[expression.Expression]:
    """Of what depends on the step alone, only its length is handed to the kernel."""
    if depends is expression.Depends.STEP:
        return [e for e in everything if e.name == "step_h"]
    return _OUTER(everything, depends)


class Divided(expression.Record):
    """A record in which dividing by what does not change stays a division."""

    def apply(self, operation: str, *values: Any) -> Any:
        """As the record does, but for divisions."""
        if operation != "divide" or any(isinstance(value, np.ndarray) for value in values):
            return super().apply(operation, *values)
        pair = tuple(v if isinstance(v, expression.Expression) else self.constant(v) for v in values)
        if all(each.operation == "constant" for each in pair):
            return super().apply(operation, *values)
        key = (operation, *map(id, pair))
        return self._unique(key, operation, pair, expression._union(each.depends for each in pair))


def by_estimate(lanes: instructions.Lanes, a: ir.Value, b: ir.Value) -> ir.Value:
    """a / b from a guess of 1/b (the bits subtracted from a magic number) and four Newton steps."""
    builder = lanes.builder
    guess = builder.bitcast(builder.sub(lanes.bits(0x7FDE623822FC16E6), builder.bitcast(b, lanes.whole)), lanes.vector)
    for _ in range(4):
        rest = lanes.subtract(lanes.constant(1.0), lanes.multiply(b, guess))
        guess = lanes.add(guess, lanes.multiply(guess, rest))
    return lanes.multiply(a, guess)


RUNGS = (
    Rung("machine code instead of XLA, same order, outputs at grid points in both", 5.0, True, by_jax),
    Rung(
        "outputs between grid points by the collocation polynomial, and six stages", 1.8, True, outputs_are_grid_points
    ),
    Rung("six stages against four", 1.2, True, with_stages(4)),
    Rung("six stages against five", 0.95, True, with_stages(5)),
    Rung("six stages against seven", 1.0, True, with_stages(7)),
    Rung("eight patients in an instruction against four", 1.5, True, with_lanes(4)),
    Rung("eight patients in an instruction against sixteen", 0.95, True, with_lanes(16)),
    Rung(
        "decay factors of equal steps made once, not at every dose",
        1.4,
        True,
        changed((engine, "KEPT_FACTORS_BYTES", 0)),
    ),
    Rung("products and sums fused", 1.3, True, changed((instructions, "FUSED", ()))),
    Rung(
        "what depends on the step alone computed once for all patients",
        1.15,
        True,
        changed((kernel._Kernel, "_outer", staticmethod(not_by_step))),
    ),
    Rung("division by what does not change made a product", 1.1, True, changed((kernel, "Record", Divided))),
    Rung(
        "remnants below 1e-40 mg count as nothing",
        1.5,
        True,
        changed((kernel, "NOTHING_LEFT_MG", 0.0), (instructions, "EXP_LEAST", -708.0)),
    ),
    Rung(
        "constants beside the code instead of in it",
        1.1,
        True,
        changed((program, "CODE_MODEL", "jitdefault"), (program, "RELOCATION", "default")),
    ),
    Rung("the result written through a small array", 1.3, True, changed((engine, "COPIED_PATIENTS", 1 << 13))),
    Rung("divisions by a guess and Newton steps", 1.3, False, changed((instructions.Lanes, "divide", by_estimate))),
)


def measure(people: int, turns: int) -> list[tuple[Rung, float, dict[str, float]]]:
    """Each rung's gain, the solver as it is against the other, and the other's errors."""
    varied = reference.people(people)
    as_it_is = solver()
    found = []
    for rung in RUNGS:
        other = rung.other()
        errors = reference.largest_relative_error(other(reference.people(50)))
        times: dict[Any, list[float]] = {as_it_is: [], other: []}
        for run in (as_it_is, other):
            run(varied)
        for _ in range(turns):
            for run, own in times.items():
                start = time.perf_counter()
                run(varied)
                own.append(time.perf_counter() - start)
        gain = statistics.median(times[other]) / statistics.median(times[as_it_is])
        found.append((rung, gain if rung.is_kept else 1.0 / gain, errors))
    return found


def report(people: int = 2048, turns: int = 15) -> list[str]:
    """Lines of a Markdown table."""
    lines = [
        "| idea | expected gain | measured | score error without (or with, where not kept) | kept |",
        "|---|---|---|---|---|",
    ]
    for rung, gain, errors in measure(people, turns):
        kept = "yes" if rung.is_kept else "no"
        lines.append(f"| {rung.idea} | {rung.expected:g} | {gain:.2f} | {errors['score']:.0e} | {kept} |")
    return lines


def main() -> None:
    """Print the ladder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=2048)
    parser.add_argument("--turns", type=int, default=15)
    given = parser.parse_args()
    print("\n".join(report(given.people, given.turns)))


if __name__ == "__main__":
    main()
