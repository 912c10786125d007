"""What the tests of the native solver share: two chains, prepared regimens, and the JAX engine beside it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ketascope.model import cascade
from ketascope.model.absorption import step_inputs
from ketascope.model.parameter_store import load_parameters
from ketascope.model.plasma import plasma
from ketascope.people import Person, individual_values, random_normals
from ketascope.regimen import parse
from ketascope.simulation import Case
from ketascope.solver import engine as jax_engine
from ketascope.solver.chain import Chain
from ketascope.solver.gradients import jax_step
from ketascope.solver.grid import DEFAULT_RULE, GridRule, make_grid
from ketascope.solver.linear import Modes, StepInputs
from ketascope.solver.native.engine import DEFAULT_LAYOUT, Outputs, Solution, solve
from ketascope.solver.native.kernel import Layout

PERSON = Person()
ROWS = load_parameters()
CHAIN_STEP = jax_step(cascade.CHAIN)


@cache
def reference() -> ModuleType:
    """The reference problem of the benchmarks, which are no package."""
    path = Path(__file__).resolve().parent.parent / "benchmarks" / "reference_problem.py"
    spec = importlib.util.spec_from_file_location("reference_problem", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def reference_chain() -> Chain:
    """The reference problem as the native kernel takes it."""
    r = reference()
    return Chain(r.advance, r.observe, r.start_states, len(r.STATES), len(r.CHANNELS), r.VARIED, 1, 2)


def reference_inputs(grid_h: np.ndarray) -> StepInputs:
    """The eight infusions on a grid that contains their starts and ends."""
    r = reference()
    rate = np.zeros((len(grid_h) - 1, 1, 1, 2))
    for dose in r.DOSE_TIMES_H:
        flows = (grid_h[:-1] >= dose - 1e-9) & (grid_h[:-1] < dose + r.INFUSION_H - 1e-9)
        rate[flows, 0, 0, 0] = r.DOSE_MG / r.INFUSION_H
    return StepInputs(np.diff(grid_h), np.zeros_like(rate), rate)


def reference_grid(rule: GridRule) -> np.ndarray:
    """A grid of the reference problem; output times are not on it unless they happen to be."""
    r = reference()
    changes = [*r.DOSE_TIMES_H, *(dose + r.INFUSION_H for dose in r.DOSE_TIMES_H)]
    return make_grid(changes, (), r.UNTIL_H, rule)


def solve_reference(
    people: int, grid_h: np.ndarray, outputs: Outputs | None, stages: int, threads: int | None = 1
) -> Solution:
    """The reference problem in its first people."""
    varied = reference().people(people)
    fraction = np.zeros((0, people))
    inputs = reference_inputs(grid_h)
    layout = Layout(stages, DEFAULT_LAYOUT.lanes)
    return solve(reference_chain(), reference().modes(varied), fraction, varied, inputs, outputs, threads, layout)


def case_of(sentence: str, patients: int, sampling: str = "venous", first: int = 0, seed: int = 5) -> Case:
    """Doses prepared for some patients of a seed."""
    place = plasma(sampling)
    values = individual_values(ROWS, PERSON, random_normals(seed, patients, first), place)
    return Case.of(parse(sentence).doses(PERSON.weight_kg), values, place, ROWS)


def grid_of(case: Case, until_h: float, wanted_h: Sequence[float] = ()) -> np.ndarray:
    """The default grid of a case."""
    return case.grid(until_h, wanted_h, DEFAULT_RULE)


def inputs_of(case: Case, grid_h: np.ndarray) -> StepInputs:
    """The doses of a case on a grid."""
    return step_inputs(case.plan, case.fraction.shape[0], grid_h)


def native(
    case: Case,
    grid_h: np.ndarray,
    outputs: Outputs | None = None,
    threads: int | None = 1,
    layout: Layout = DEFAULT_LAYOUT,
) -> Solution:
    """The model's chain by the native kernel."""
    inputs = inputs_of(case, grid_h)
    return solve(cascade.CHAIN, case.modes, case.fraction, case.values, inputs, outputs, threads, layout)


def by_jax(case: Case, grid_h: np.ndarray) -> np.ndarray:
    """The same by the JAX engine, (steps, channels, patients)."""
    channels = len(cascade.CHANNELS)
    inputs = inputs_of(case, grid_h)
    return jax_engine.solve(
        CHAIN_STEP,
        cascade.start_states,
        channels,
        case.modes,
        case.fraction,
        case.values,
        inputs,
        threads=1,
        stages=DEFAULT_LAYOUT.stages,
    )


def one_value_chain(
    observe: Callable[[Any, Mapping[str, Any]], list[Any]], names: tuple[str, ...], channels: int
) -> Chain:
    """A chain with one idle state whose channels are functions of individual values alone."""

    def advance(xp: Any, step_h: Any, concentration: Any, states: Any, values: Any) -> Any:
        return ((states[0],) * len(concentration[0][0]),)

    def at_a_time(xp: Any, concentration: Any, states: Any, values: Any) -> list[Any]:
        return observe(xp, values)

    return Chain(advance, at_a_time, lambda patients: (np.zeros(patients),), 1, channels, names, 1, 1)


def bare_modes(rates_per_h: np.ndarray) -> Modes:
    """Modes that all take the dose in full and are seen as they are, one series a mode; rates_per_h (modes, people)."""
    modes, people = rates_per_h.shape
    outputs = np.broadcast_to(np.eye(modes)[None, :, :, None], (1, modes, modes, people))
    return Modes(rates_per_h[None], np.ones((1, modes, 1, people)), outputs)


def amounts_chain(series: int) -> Chain:
    """A chain that shows its concentrations and has one idle state."""

    def advance(xp: Any, step_h: Any, concentration: Any, states: Any, values: Any) -> Any:
        return ((states[0],) * len(concentration[0][0]),)

    def observe(xp: Any, concentration: Any, states: Any, values: Any) -> list[Any]:
        return [concentration[0][index] for index in range(series)]

    return Chain(advance, observe, lambda patients: (np.ones(patients),), 1, series, ("weight",), 1, series)
