"""Slopes through the solve: against differences, forward against reverse, and how much memory they take."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from ketascope.solver import engine
from ketascope.solver.chain import Chain
from ketascope.solver.collocation import linear_step
from ketascope.solver.gradients import CHECKPOINTS, STEPS_KEPT, jax_step, segmented, solve_at, tree_shape
from ketascope.solver.linear import Modes, StepInputs

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import gradients as benchmark  # noqa: E402
import reference_problem as reference  # noqa: E402

DOSES_H, TIMES_H, UNTIL_H = (0.0, 72.0), (0.5, 2.0, 24.0, 74.0, 120.0), 120.0
# Of the modes, what stays a body when it moves as a whole: the speed of everything, the amount given, the volumes.
FIELDS = ("rate_per_h", "inputs", "outputs")
NAMES = {
    "reference": reference.VARIED,
    "real": (
        *FIELDS,
        "fraction",
        "glutamate.block_at_reversal",
        "trials.drive_half_saturation",
        "trials.fast_off_half_life_h",
        "trials.structure_off_half_life_d",
        "plasticity.signal_half_life_h",
        "acute.dissociation_hill",
    ),
}
# The numbers are the same to the last digits and XLA is done in half the time.
QUICK = {"xla_backend_optimization_level": 0, "xla_disable_hlo_passes": "fusion"}
STEP = 1e-3
MOVES = STEP * np.array([0.0, 1.0, -1.0, 2.0, -2.0])

Values = dict[str, Any]


@cache
def problem(case: str) -> benchmark.Problem:
    if case == "reference":
        return benchmark.reference_problem(1, DOSES_H, TIMES_H, UNTIL_H)
    return benchmark.real_problem(1, "sl", TIMES_H)


def person_and_solve(case: str) -> tuple[Values, Callable[[Values, Any], Any]]:
    """One person's values by name, and what solves them: the reference problem from volumes and clearances on."""
    own = problem(case)

    def solve_reference(values: Values, inputs: Any) -> Any:
        import jax.numpy as jnp

        nothing_absorbed = np.zeros((0, values["surge"].shape[-1]))
        return solve_at(own.chain, reference.modes(values, jnp), nothing_absorbed, values, inputs)

    def solve_real(values: Values, inputs: Any) -> Any:
        modes = Modes(*(values[name] for name in FIELDS))
        return solve_at(own.chain, modes, values["fraction"], values, inputs)

    if case == "reference":
        return dict(own.individual), solve_reference
    fields = {name: getattr(own.modes, name) for name in FIELDS}
    return {**fields, "fraction": own.fraction, **own.own[4]}, solve_real


class Slopes(NamedTuple):
    """Slopes in relative changes of the named values, (wanted, channels, names); of one weighted sum, (names,)."""

    forward: np.ndarray
    measured: np.ndarray
    forward_of_sum: np.ndarray
    reverse_of_sum: np.ndarray


@cache
def slopes(case: str) -> Slopes:
    """One program for all: each name has the person itself and four neighbours, who differ in that value alone."""
    jax = engine.configure_jax()
    names = NAMES[case]
    person, solve = person_and_solve(case)
    factor = {name: np.ones((len(names), len(MOVES))) for name in person}
    moves = {name: np.zeros((len(names), len(MOVES))) for name in person}
    for row, name in enumerate(names):
        factor[name][row] += MOVES
        moves[name][row] = 1.0
    people = {name: value * factor[name].ravel() for name, value in person.items()}
    tangents = {name: value * moves[name].ravel() for name, value in person.items()}
    weights = np.random.default_rng(3).uniform(0.5, 1.5, (len(TIMES_H), problem(case).chain.channels, 1))

    @partial(jax.jit, compiler_options=QUICK)
    def run(people: Values, inputs: Any) -> Any:
        forward = jax.jvp(lambda people: solve(people, inputs), (people,), (tangents,))
        return forward, jax.grad(lambda people: jax.numpy.sum(weights * solve(people, inputs)))(people)

    (values, tangent), back = run(people, problem(case).segments())
    values, tangent = (
        np.asarray(array).reshape(*array.shape[:2], *factor[names[0]].shape) for array in (values, tangent)
    )
    near, far = values[..., 1] - values[..., 2], values[..., 3] - values[..., 4]
    forward = tangent[..., 0]
    products = {name: (np.asarray(back[name]) * tangents[name]).reshape(-1, *factor[name].shape) for name in names}
    return Slopes(
        forward,
        (8.0 * near - far) / (12.0 * STEP),
        (weights * forward).sum(axis=(0, 1)),
        np.array([products[name].sum(axis=0)[row, 0] for row, name in enumerate(names)]),
    )


@pytest.mark.parametrize(("case", "name"), [(case, name) for case, names in NAMES.items() for name in names])
def test_forward_slopes_are_those_of_differences(case: str, name: str) -> None:
    found = slopes(case)
    column = NAMES[case].index(name)
    forward, measured = found.forward[..., column], found.measured[..., column]
    assert np.abs(forward).max() > 0.0
    # Against the channel's largest slope: what is left days after a dose is below the rounding of a difference.
    assert (np.abs(measured - forward) <= 1e-6 * np.abs(forward).max(axis=0)).all()


@pytest.mark.parametrize("case", NAMES)
def test_reverse_and_forward_mode_agree(case: str) -> None:
    found = slopes(case)
    assert found.reverse_of_sum == pytest.approx(found.forward_of_sum, rel=1e-10)


@pytest.mark.parametrize("case", NAMES)
def test_values_are_those_of_the_engine_on_the_same_grid(case: str) -> None:
    jax = engine.configure_jax()
    own = problem(case)
    everything = engine.solve(
        jax_step(own.chain),
        own.chain.start,
        own.chain.channels,
        own.modes,
        own.fraction,
        own.own[4],
        own.inputs,
        1,
    )
    # Backwards and one of them twice: rows come in the order that was asked for.
    wanted = [*own.wanted[::-1], own.wanted[0]]
    found = np.asarray(jax.jit(own.values, compiler_options=QUICK)(own.own, segmented(own.inputs, wanted)))
    assert found == pytest.approx(everything[wanted], rel=1e-12, abs=1e-12)


def advance_small(xp: Any, step_h: Any, concentration: Any, states: Any, values: Any) -> Any:
    drive = concentration[0][0] * xp.sqrt(concentration[0][0])
    loss = values["structure_loss"]
    return (linear_step(step_h, states[0], tuple(drive[node] for node in range(3)), (loss,) * 3),)


# A chain of one state, which XLA compiles soon.
SMALL = Chain(
    advance_small,
    lambda xp, concentration, states, values: list(states),
    lambda people: (np.zeros(people),),
    1,
    1,
    ("structure_loss",),
    enantiomers=1,
    series=2,
)


def test_a_square_root_at_zero_does_not_spoil_a_slope() -> None:
    jax = engine.configure_jax()
    # Without a dose the concentration stays at 0.
    own = replace(benchmark.reference_problem(1, (), (24.0, 48.0), 48.0), chain=SMALL)
    run = jax.jit(jax.grad(lambda values, inputs: own.values(values, inputs).sum()), compiler_options=QUICK)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(run(own.own, own.segments())))


def test_memory_does_not_grow_with_the_number_of_doses() -> None:
    problems = [replace(benchmark.daily_doses(doses), chain=SMALL) for doses in (8, 32, 128)]
    steps = [len(own.inputs.step_h) for own in problems]
    sizes = [benchmark.temporary_bytes(own, QUICK) for own in problems]
    assert steps[2] > 15 * steps[0]
    assert sizes[2] < 1.1 * max(sizes[:2])


@pytest.mark.parametrize("steps", [1, 5, 128, 129, 251, 1024, 1025, 4000, 50_000])
def test_a_tree_holds_all_steps_and_keeps_few_states(steps: int) -> None:
    *levels, kept = tree_shape(steps)
    assert kept == STEPS_KEPT
    assert sum(levels) <= CHECKPOINTS
    assert steps <= np.prod(levels) * kept <= max(1.3 * steps, 8 * kept)


@pytest.mark.parametrize("wanted", [[-1], [0, 3]])
def test_a_step_that_does_not_exist_is_named(wanted: list[int]) -> None:
    inputs = StepInputs(np.ones(3), np.zeros((3, 1, 1, 2)), np.zeros((3, 1, 1, 2)))
    with pytest.raises(ValueError, match="there are steps 0 to 2"):
        segmented(inputs, wanted)
