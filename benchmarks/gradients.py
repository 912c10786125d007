"""What a slope through the solve costs, in simulations by the same program, and how well it agrees with differences.

Run as `python benchmarks/gradients.py`. Times are of the processor, not of the wall, one after the other in turns,
and the least of all turns counts: a busy machine only ever adds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import reference_problem as reference
from peers.ketascope_native import CHAIN

from ketascope.model import cascade
from ketascope.model.absorption import step_inputs
from ketascope.model.parameter_store import load_parameters
from ketascope.model.plasma import plasma
from ketascope.people import Person, individual_values, random_normals
from ketascope.regimen import load_presets, parse
from ketascope.simulation import Case
from ketascope.solver.chain import Chain
from ketascope.solver.engine import CHUNK, configure_jax
from ketascope.solver.gradients import COMPILER_OPTIONS, SegmentedInputs, segmented, solve_at, tree_shape
from ketascope.solver.grid import DEFAULT_RULE, make_grid
from ketascope.solver.linear import Modes, StepInputs

TURNS = 25
PRESET, SAMPLING = "iv-six", "venous"
REAL_TIMES_H = tuple(float(hours) for hours in (2, 24, 7 * 24, 28 * 24, 56 * 24))
MANY_DOSES = (8, 32, 128)
# Central differences of fourth order: their own error is about this to the fourth power.
DIFFERENCE = 1e-3


@dataclass(frozen=True)
class Problem:
    """One regimen in some people, on one grid; wanted: steps whose ends are read."""

    label: str
    chain: Chain
    modes: Modes
    fraction: np.ndarray
    individual: Mapping[str, np.ndarray]
    inputs: StepInputs
    wanted: np.ndarray

    @property
    def people(self) -> int:
        """Number of people."""
        return int(self.modes.rate_per_h.shape[-1])

    @property
    def own(self) -> tuple[Any, ...]:
        """All that a slope is taken in: fields of the modes, absorbed fractions, values by name."""
        values = {name: self.individual[name] for name in self.chain.values}
        return self.modes.rate_per_h, self.modes.inputs, self.modes.outputs, self.fraction, values

    def segments(self) -> SegmentedInputs:
        """Its inputs as `solve_at` takes them."""
        return segmented(self.inputs, self.wanted)

    def values(self, own: tuple[Any, ...], inputs: SegmentedInputs) -> Any:
        """(wanted, channels, people), by the program under test."""
        return solve_at(self.chain, Modes(*own[:3]), own[3], own[4], inputs)


def infusions(doses_h: Sequence[float], grid_h: np.ndarray) -> StepInputs:
    """The reference dose as infusions at any times, on a grid."""
    rate = np.zeros((len(grid_h) - 1, 1, 1, 2))
    for dose in doses_h:
        inside = (grid_h[:-1] >= dose - 1e-9) & (grid_h[:-1] < dose + reference.INFUSION_H - 1e-9)
        rate[inside, 0, 0, 0] = reference.DOSE_MG / reference.INFUSION_H
    return StepInputs(np.diff(grid_h), np.zeros_like(rate), rate)


def reference_problem(
    people: int,
    doses_h: Sequence[float] = reference.DOSE_TIMES_H,
    times_h: Sequence[float] | None = None,
    until_h: float = reference.UNTIL_H,
) -> Problem:
    """The reference problem, or its chain after other doses, read at its 200 times or at others."""
    wanted_h = reference.output_times_h() if times_h is None else np.asarray(times_h)
    changes = [*doses_h, *(dose + reference.INFUSION_H for dose in doses_h)]
    grid = make_grid(changes, wanted_h, until_h, DEFAULT_RULE)
    varied = reference.people(people)
    wanted = np.searchsorted(grid, wanted_h - 1e-7) - 1
    nothing_absorbed = np.zeros((0, people))
    inputs = infusions(doses_h, grid)
    return Problem("reference problem", CHAIN, reference.modes(varied), nothing_absorbed, varied, inputs, wanted)


def real_problem(people: int, preset: str = PRESET, times_h: Sequence[float] = REAL_TIMES_H) -> Problem:
    """The real model after one preset, in random people."""
    sentence = next(option.sentence for option in load_presets("gad") if option.id == preset)
    assert sentence is not None
    person, place, rows = Person(), plasma(SAMPLING), load_parameters()
    values = individual_values(rows, person, random_normals(0, people), place)
    case = Case.of(parse(sentence).doses(person.weight_kg), values, place, rows)
    grid = case.grid(max(times_h), times_h, DEFAULT_RULE)
    inputs = step_inputs(case.plan, case.fraction.shape[0], grid)
    wanted = np.searchsorted(grid, np.asarray(times_h) - 1e-7) - 1
    label = f"real model, `{sentence}`"
    return Problem(label, cascade.CHAIN, case.modes, case.fraction, case.values, inputs, wanted)


@dataclass(frozen=True)
class Programs:
    """Compiled for one problem; each takes (own, ...) and gives arrays.

    values(own, inputs); slopes(own, inputs, weights): reverse mode, of the weighted sum of all values; tangents(own,
    direction, inputs): values and their change along one direction.
    """

    values: Callable[..., Any]
    slopes: Callable[..., Any]
    tangents: Callable[..., Any]


def programs(problem: Problem) -> Programs:
    """Compile the three."""
    jax = configure_jax()

    def weighted(own: Any, inputs: Any, weights: Any) -> Any:
        return jax.numpy.sum(weights[..., None] * problem.values(own, inputs))

    def tangents(own: Any, direction: Any, inputs: Any) -> Any:
        return jax.jvp(lambda own: problem.values(own, inputs), (own,), (direction,))

    own, inputs = problem.own, problem.segments()
    weights = np.zeros((len(problem.wanted), problem.chain.channels))

    def compiled(function: Callable[..., Any], *arguments: Any) -> Any:
        return jax.jit(function).lower(*arguments).compile(compiler_options=COMPILER_OPTIONS)

    return Programs(
        compiled(problem.values, own, inputs),
        compiled(jax.grad(weighted), own, inputs, weights),
        compiled(tangents, own, own, inputs),
    )


def costs(problem: Problem, run: Programs, turns: int = TURNS) -> tuple[float, float]:
    """Cost of a reverse-mode gradient, and of one directional derivative, in simulations."""
    jax = configure_jax()
    own, inputs = jax.device_put((problem.own, problem.segments()))
    weights = jax.device_put(np.ones((len(problem.wanted), problem.chain.channels)))
    calls = (
        lambda: run.values(own, inputs),
        lambda: run.slopes(own, inputs, weights),
        lambda: run.tangents(own, own, inputs),
    )
    seconds = np.empty((turns + 1, len(calls)))
    for turn in range(turns + 1):
        for column, call in enumerate(calls):
            start = time.process_time()
            jax.block_until_ready(call())
            seconds[turn, column] = time.process_time() - start
    simulation, reverse, forward = seconds[1:].min(axis=0)
    return reverse / simulation, forward / simulation


def disagreement(problem: Problem, run: Programs) -> tuple[float, float]:
    """Forward mode against central differences, and reverse mode against forward mode: largest relative differences.

    Every individual value changes in a proportion of its own; a field of the modes as a whole, since modes that move
    apart from each other are no longer those of any body. The first compares the weighted sum of all outputs of each
    person; the second the sum over people, which is all that reverse mode gives.
    """
    jax = configure_jax()
    own, inputs = problem.own, problem.segments()
    rng = np.random.default_rng(7)
    direction = jax.tree.map(lambda value: value * rng.uniform(0.5, 1.5, value.shape[-1]), own)

    def along(amount: float) -> Any:
        moved = jax.tree.map(lambda value, change: value + amount * change, own, direction)
        return np.asarray(run.values(moved, inputs))

    one, two = (along(k * DIFFERENCE) - along(-k * DIFFERENCE) for k in (1, 2))
    measured = (8.0 * one - two) / (12.0 * DIFFERENCE)
    values, tangent = (np.asarray(array) for array in run.tangents(own, direction, inputs))
    # One weight for each value, against its channel's largest, so that all channels count.
    size = np.abs(values).mean(axis=-1).max(axis=0)
    weights = rng.uniform(0.5, 1.5, values.shape[:2]) / np.where(size > 0.0, size, 1.0)
    slopes = run.slopes(own, inputs, weights)
    products = jax.tree.map(lambda slope, change: float(np.sum(np.asarray(slope) * change)), slopes, direction)
    reverse = sum(jax.tree.leaves(products))
    by_person, differences = ((weights[..., None] * array).sum(axis=(0, 1)) for array in (tangent, measured))
    forward = float(by_person.sum())
    return float((np.abs(differences - by_person) / np.abs(by_person)).max()), abs(reverse - forward) / abs(forward)


def daily_doses(doses: int, people: int = CHUNK, times: int = 16) -> Problem:
    """The reference problem's chain after so many daily infusions, read at a few times."""
    until_h = 24.0 * doses + 72.0
    return reference_problem(people, [24.0 * day for day in range(doses)], np.linspace(12.0, until_h, times), until_h)


def temporary_bytes(problem: Problem, options: Mapping[str, Any] | None = None) -> int:
    """What the gradient of one number, compiled with `options`, needs beside its arguments and results."""
    jax = configure_jax()

    def summed(own: Any, inputs: Any) -> Any:
        return jax.numpy.sum(problem.values(own, inputs)[:, -1])

    program = jax.jit(jax.grad(summed)).lower(problem.own, problem.segments()).compile(options)
    return int(program.memory_analysis().temp_size_in_bytes)


def report() -> list[str]:
    """Lines of a Markdown page: cost, agreement and memory."""
    lines = [
        f"Time of the processor in simulations by the same JAX program, {CHUNK} people, least of {TURNS} turns. "
        "Reverse: the slope of one number in everything individual. Forward: the change of all values along one "
        "direction. Differences: central, of fourth order; every individual value moves.",
        "",
        "| problem | steps | reverse | forward | forward against differences | reverse against forward |",
        "|---|---|---|---|---|---|",
    ]
    for problem in (reference_problem(CHUNK), real_problem(CHUNK)):
        run = programs(problem)
        reverse, forward = costs(problem, run)
        from_differences, from_forward = disagreement(problem, run)
        lines.append(
            f"| {problem.label} | {len(problem.inputs.step_h)} | {reverse:.1f} | {forward:.1f} "
            f"| {from_differences:.0e} | {from_forward:.0e} |"
        )
    lines += [
        "",
        f"Memory of a reverse-mode gradient beside its arguments and results, {CHUNK} people, 16 wanted times:",
        "",
        "| daily doses | steps | levels of the tree | temporary memory, KB per person |",
        "|---|---|---|---|",
    ]
    for doses in MANY_DOSES:
        problem = daily_doses(doses)
        steps, size = len(problem.inputs.step_h), temporary_bytes(problem)
        levels = " x ".join(str(count) for count in tree_shape(steps))
        lines.append(f"| {doses} | {steps} | {levels} | {size / CHUNK / 1000.0:.1f} |")
    return lines


if __name__ == "__main__":
    print("\n".join(report()))
