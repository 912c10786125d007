"""The native kernel: its functions, the model by it and by JAX, the reference problem by it and by SciPy, and what must
not change a bit: who else is simulated, on how many threads, with how many lanes, and whether factors are shared."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from ketascope.model import cascade
from ketascope.solver.collocation import linear_step
from ketascope.solver.grid import GridRule, halved
from ketascope.solver.linear import StepInputs
from ketascope.solver.native import engine
from ketascope.solver.native.engine import DEFAULT_LAYOUT, Outputs, Solution, at_times, ends, solve
from ketascope.solver.native.kernel import Layout
from native_runs import (
    amounts_chain,
    bare_modes,
    by_jax,
    case_of,
    grid_of,
    native,
    one_value_chain,
    reference,
    reference_grid,
    solve_reference,
)

THREE_IV = "ketamine 0.5 mg/kg IV over 40 min q 3 d x 3"


def idle_inputs(steps: int, columns: int = 1, step_h: float = 1.0) -> StepInputs:
    nothing = np.zeros((steps, 1, columns, 2))
    return StepInputs(np.full(steps, step_h), nothing, nothing.copy())


# Functions of the emitted code --------------------------------------------------------------------------------


def observe_functions(xp: Any, values: Mapping[str, Any]) -> list[Any]:
    x = values["x"]
    return [xp.exp(x), xp.log(x), x ** values["y"], xp.maximum(x, 0.0), xp.minimum(x, 1.0), xp.sqrt(x), 1.0 / x, -x]


NAMES = ("exp", "log", "power", "maximum", "minimum", "sqrt", "inverse", "minus")
FUNCTIONS = one_value_chain(observe_functions, ("x", "y"), len(NAMES))


def computed(x: Any, y: Any = 1.0) -> dict[str, np.ndarray]:
    """The functions by the emitted code, one patient a number."""
    x = np.asarray(x, dtype=float)
    modes = bare_modes(np.ones((1, len(x))))
    values = {"x": x, "y": y}
    found = solve(FUNCTIONS, modes, np.zeros((0, len(x))), values, idle_inputs(1), threads=1).values[0]
    return dict(zip(NAMES, found, strict=True))


def largest_ulp(found: np.ndarray, exact: np.ndarray) -> float:
    return float((np.abs(found - exact) / np.spacing(np.abs(exact))).max())


def test_exp_is_right_to_the_last_bit_or_two_over_its_range() -> None:
    x = np.concatenate([np.linspace(-230.0, 690.0, 400_001), np.geomspace(1e-300, 1.0, 2001), [0.0]])
    x = np.concatenate([x, -x[(x > 0.0) & (x < 230.0)]])
    found = computed(x)["exp"]
    assert largest_ulp(found, np.exp(x)) <= 2.0  # measured: 1
    assert computed([0.0])["exp"][0] == 1.0


def test_exp_stays_within_bounds_beyond_its_range() -> None:
    x = np.array([-1e308, -1e4, -230.5, -230.0, 690.0, 690.5, 1e4, 1e308, -np.inf, np.inf])
    found = computed(x)["exp"]
    np.testing.assert_allclose(found, np.exp(np.clip(x, -230.0, 690.0)), rtol=1e-15)
    assert found.min() > 1e-101
    assert found.max() < 1e300


def test_log_is_right_to_a_few_last_bits_over_all_normal_numbers() -> None:
    x = np.exp(np.linspace(-708.0, 709.7, 300_001))
    near_one = np.concatenate([np.linspace(0.5, 2.0, 200_001), 1.0 + np.geomspace(1e-15, 0.4, 2001)])
    smallest, largest = np.finfo(float).tiny, np.finfo(float).max
    # A square root of a half is where the exponent changes.
    edge = np.sqrt(0.5) * (1.0 + np.arange(-50, 51) * 2.0**-52)
    x = np.concatenate([x, near_one, 1.0 - np.geomspace(1e-15, 0.4, 2001), edge, [smallest, largest]])
    assert largest_ulp(computed(x)["log"], np.log(x)) <= 4.0  # measured: 3
    assert computed([1.0])["log"][0] == 0.0


def test_a_power_is_that_of_numpy_wherever_the_model_takes_one() -> None:
    rng = np.random.default_rng(2)
    x, y = 10.0 ** rng.uniform(-30.0, 6.0, 50_000), rng.uniform(0.3, 4.0, 50_000)
    exact = x**y
    kept = exact > 1e-99
    # One last bit of an exponent of e of up to 230 is 3e-14 of the power.
    np.testing.assert_allclose(computed(x, y)["power"][kept], exact[kept], rtol=1e-13)
    below = computed(x, y)["power"][~kept]
    assert ((below >= 0.0) & (below < 2e-99)).all()


def test_a_power_of_zero_is_next_to_nothing() -> None:
    found = computed([0.0, 0.0], [0.5, 2.0])["power"]
    assert ((found >= 0.0) & (found <= 2e-100)).all()
    assert computed([0.0], 0.0)["power"][0] == 1.0


def test_simple_operations_are_those_of_numpy() -> None:
    x = np.concatenate([np.geomspace(1e-300, 1e300, 999), -np.geomspace(1e-300, 1e300, 999)])
    found = computed(x)
    for name, exact in (("maximum", np.maximum(x, 0.0)), ("minimum", np.minimum(x, 1.0)), ("minus", -x)):
        np.testing.assert_array_equal(found[name], exact)
    np.testing.assert_array_equal(found["inverse"], 1.0 / x)
    np.testing.assert_array_equal(found["sqrt"][x > 0.0], np.sqrt(x[x > 0.0]))


# What is no number, in every form that a processor or a file may give it: sign and lower bits are free.
NO_NUMBERS = np.array([0x7FF8000000000000, 0xFFF8000000000000, 0x7FF80000000007A2, 0xFFFFFFFFFFFFFFFF], np.uint64)


@pytest.mark.parametrize("name", NAMES)
def test_no_function_makes_a_number_of_what_is_none(name: str) -> None:
    found = computed(np.concatenate([NO_NUMBERS.view(float), [1.0]]), np.full(5, 2.0))[name]
    assert np.isnan(found[:-1]).all()
    assert np.isfinite(found[-1])


def test_an_exponent_that_is_no_number_gives_none() -> None:
    assert np.isnan(computed([2.0, 2.0], [np.nan, 1.0])["power"]).tolist() == [True, False]


@pytest.mark.parametrize("name", sorted(cascade.INDIVIDUAL_ROWS))
def test_an_individual_value_that_is_no_number_shows_in_that_patient_alone(name: str) -> None:
    case = case_of("ketamine 0.5 mg/kg IM", 5)
    grid = grid_of(case, 24.0)
    sound = native(case, grid)
    case.values[name] = np.array(case.values[name])  # type: ignore[index]
    case.values[name][2] = np.nan
    found = native(case, grid)
    others = [0, 1, 3, 4]
    np.testing.assert_array_equal(found.values[..., others], sound.values[..., others])
    np.testing.assert_array_equal(found.roughness[:, others], sound.roughness[:, others])
    assert np.isnan(found.values[-1, :, 2]).any()
    # Only a value that no state needs may leave all states smooth.
    assert np.isnan(found.roughness[:, 2]).any()


@pytest.mark.parametrize("field", ["rate_per_h", "inputs", "outputs"])
def test_a_mode_that_is_no_number_shows_in_that_patient_alone(field: str) -> None:
    case = case_of(THREE_IV, 3)
    grid = grid_of(case, 24.0)
    sound = native(case, grid)
    changed = getattr(case.modes, field).copy()
    changed[..., 1] = np.nan
    object.__setattr__(case.modes, field, changed)
    found = native(case, grid)
    assert np.isnan(found.values[-1, :, 1]).all()
    assert np.isnan(found.roughness[:, 1]).all()
    np.testing.assert_array_equal(found.values[..., [0, 2]], sound.values[..., [0, 2]])


# The model by the kernel and by JAX ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "sampling", "allowed"),
    [
        (THREE_IV, "venous", 1e-11),
        ("esketamine 84 mg nasal q 3 d x 3", "venous-published", 1e-11),
        ("ketamine 120 mg oral-ER q 1 d x 3", "arterial", 1e-11),
        ("ketamine 50 mg SL & ketamine 50 mg oral after 1 h", "venous", 1e-11),
        ("ketamine 0.6 mg/kg SC over 6 h q 12 h x 4", "arterial", 1e-11),
        ("ketamine 2 mg/kg IV & ketamine 0.5 mg/kg IM after 3 h", "venous", 1e-11),
        # Two equal transit rates, moved a little apart, cancel nine digits of each other in both engines.
        ("ketamine 0.5 mg/kg IM", "arterial-published", 1e-9),
    ],
)
def test_the_kernel_and_jax_give_the_same_courses(sentence: str, sampling: str, allowed: float) -> None:
    """Measured: 3e-13 of the largest value, 4e-11 where rates cancel."""
    case = case_of(sentence, 11, sampling)
    grid = grid_of(case, 168.0)
    ours, theirs = native(case, grid).values, by_jax(case, grid)
    scale = np.abs(theirs).max(axis=0)
    difference = np.abs(ours - theirs).max(axis=0) / np.where(scale > 0.0, scale, 1.0)
    assert difference.max() <= allowed
    assert theirs[:, cascade.CHANNELS.index("plasticity")].max() > 0.0


# The reference problem by the kernel and by SciPy -------------------------------------------------------------

RULES = {step: GridRule(step, 8.0 * step, 24.0, step, step) for step in (0.1, 0.05, 0.025)}
PEOPLE = 3


@cache
def reference_errors(step: float, stages: int) -> Mapping[str, float]:
    grid = reference_grid(RULES[step])
    solution = solve_reference(PEOPLE, grid, at_times(grid, reference().output_times_h()), stages)
    errors: Mapping[str, float] = reference().largest_relative_error(solution.values)
    return errors


@pytest.mark.parametrize(("stages", "score"), [(3, 8e-4), (4, 3e-5), (5, 5e-6), (6, 8e-7), (7, 2e-7)])
def test_the_kernel_agrees_with_scipy_on_the_reference_problem(stages: int, score: float) -> None:
    """Measured on 161 steps: 4e-4, 1.2e-5, 2.3e-6, 3.4e-7, 6e-8; SciPy's own error is about 1e-9."""
    errors = reference_errors(0.1, stages)
    assert errors["ketamine_mg_per_l"] < 3e-9  # exact here, whatever the stages
    assert errors["score"] < score
    if stages > 3:
        assert reference_errors(0.1, stages - 1)["score"] > 3.0 * errors["score"]


@pytest.mark.parametrize(("stages", "gain"), [(3, 6.0), (4, 10.0), (5, 20.0)])
def test_shorter_steps_gain_with_the_order(stages: int, gain: float) -> None:
    """Steps four times shorter; corners of (g - 1)^1.5 at the first dose keep the gain below 4 to the order."""
    assert reference_errors(0.025, stages)["score"] < reference_errors(0.1, stages)["score"] / gain


def test_roughness_follows_the_error() -> None:
    times = reference().output_times_h()
    rough = []
    for step, rule in RULES.items():
        grid = reference_grid(rule)
        solution = solve_reference(PEOPLE, grid, at_times(grid, times), 3)
        assert solution.roughness.shape == (4, PEOPLE)
        rough.append(solution.roughness.max())
        assert reference_errors(step, 3)["score"] < rough[-1]
    # The highest mode of three stages falls with the third power of the step: 8 for a half, more or less.
    assert 2.0 < rough[0] / rough[1] < 12.0
    assert 4.0 < rough[1] / rough[2] < 12.0


# Outputs ------------------------------------------------------------------------------------------------------


def test_times_on_the_grid_are_ends_and_all_others_lie_between() -> None:
    grid = np.array([0.0, 1.0, 2.0, 4.0])
    outputs = at_times(grid, np.array([0.5, 1.0, 2.5, 3.0, 4.0]))
    assert outputs.rows == 5
    assert outputs.end_row.tolist() == [1, -1, 4]
    assert outputs.step.tolist() == [0, 2, 2]
    assert outputs.row.tolist() == [0, 2, 3]
    np.testing.assert_allclose(outputs.fraction, [0.5, 0.25, 0.5])


def test_kept_ends_leave_the_first_rows_to_the_caller() -> None:
    outputs = ends(np.array([True, False, True]), first_row=2)
    assert outputs.end_row.tolist() == [2, -1, 3]
    assert outputs.rows == 4
    assert ends(np.zeros(3, bool), first_row=1).rows == 1
    assert ends(np.zeros(3, bool)).rows == 0


def test_outputs_between_nodes_are_the_ends_of_a_finer_grid() -> None:
    """Concentrations are exact at any time; states follow the step's polynomial, of order three between the nodes."""
    case = case_of(THREE_IV, 5)
    coarse = grid_of(case, 120.0)
    fine = halved(halved(halved(coarse)))
    times = fine[1:]
    between = native(case, coarse, at_times(coarse, times)).values
    exact = native(case, fine).values
    scale = np.abs(exact).max(axis=0)
    error = (np.abs(between - exact) / scale).max(axis=(0, 2))
    concentrations = slice(0, 6)  # and block, which follows from them
    assert error[concentrations].max() < 1e-11
    assert 1e-9 < error[6:].max() < 1e-3
    # On a grid that is finer itself the polynomial is closer by far.
    middle = halved(halved(coarse))
    nearer = native(case, middle, at_times(middle, times)).values
    assert (np.abs(nearer - exact) / scale).max() < error[6:].max() / 20.0


def test_rows_at_grid_points_do_not_depend_on_outputs_between_them() -> None:
    case = case_of(THREE_IV, 3)
    grid = grid_of(case, 120.0)
    every = native(case, grid).values
    times = np.sort(np.concatenate([grid[1:], 0.3 * grid[1:] + 0.7 * grid[:-1]]))
    both = native(case, grid, at_times(grid, times)).values
    np.testing.assert_array_equal(both[np.isin(times, grid[1:])], every)


def test_only_kept_ends_are_written() -> None:
    case = case_of("ketamine 0.5 mg/kg IM", 3)
    grid = grid_of(case, 48.0)
    every = native(case, grid).values
    is_kept = np.zeros(len(grid) - 1, bool)
    is_kept[[2, 7, -1]] = True
    np.testing.assert_array_equal(native(case, grid, ends(is_kept)).values, every[is_kept])
    nothing = native(case, grid, ends(np.zeros_like(is_kept)))
    assert nothing.values.shape == (0, len(cascade.CHANNELS), 3)
    np.testing.assert_array_equal(nothing.roughness, native(case, grid).roughness)


def test_one_step_and_one_patient_are_enough() -> None:
    case = case_of("ketamine 0.5 mg/kg IM", 1)
    found = native(case, np.array([0.0, 0.01])).values
    assert found.shape == (1, len(cascade.CHANNELS), 1)
    assert np.isfinite(found).all()


# What must not change a bit -----------------------------------------------------------------------------------


def same(first: Solution, second: Solution) -> None:
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(first.roughness, second.roughness)


@cache
def forty() -> tuple[Any, np.ndarray, Solution]:
    case = case_of(THREE_IV, 40)
    grid = grid_of(case, 120.0)
    return case, grid, native(case, grid)


@pytest.mark.parametrize("lanes", [4, 16])
def test_lanes_do_not_change_the_numbers(lanes: int) -> None:
    case, grid, expected = forty()
    found = native(case, grid, layout=Layout(DEFAULT_LAYOUT.stages, lanes))
    # Another width is another program, in which other products may be fused with sums.
    scale = np.abs(expected.values).max(axis=0)
    assert (np.abs(found.values - expected.values) <= 1e-11 * scale).all()
    np.testing.assert_allclose(found.roughness, expected.roughness, rtol=1e-6)


@pytest.mark.parametrize("threads", [2, 3, None])
def test_threads_do_not_change_a_bit(threads: int | None) -> None:
    case, grid, expected = forty()
    same(native(case, grid, threads=threads), expected)


def test_a_second_call_gives_the_same_bits() -> None:
    case, grid, expected = forty()
    same(native(case, grid), expected)


@pytest.mark.parametrize(("first", "patients"), [(0, 1), (0, 7), (0, 8), (0, 9), (3, 1), (5, 16), (31, 9), (39, 1)])
def test_neither_the_number_of_patients_nor_the_first_changes_a_bit(first: int, patients: int) -> None:
    case, grid, expected = forty()
    chosen = np.arange(first, first + patients)
    part = native(case.take(chosen), grid)
    same(part, Solution(expected.values[..., chosen], expected.roughness[:, chosen]))
    drawn = case_of(THREE_IV, patients, first=first)
    same(native(drawn, grid), part)


def test_the_order_of_patients_does_not_change_a_bit() -> None:
    case, grid, expected = forty()
    order = np.random.default_rng(3).permutation(40)
    found = native(case.take(order), grid)
    same(found, Solution(expected.values[..., order], expected.roughness[:, order]))


def test_what_fills_the_last_lanes_stays_there() -> None:
    case, grid, expected = forty()
    lone = native(case.take(np.arange(33)), grid)
    assert lone.values.shape == (len(grid) - 1, len(cascade.CHANNELS), 33)
    assert lone.roughness.shape == (len(cascade.STATES), 33)
    same(lone, Solution(expected.values[..., :33], expected.roughness[:, :33]))


def with_and_without_sharing(
    grid_h: np.ndarray, times_h: np.ndarray, kept_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> tuple[Solution, Solution]:
    case = forty()[0]
    shared = native(case, grid_h, at_times(grid_h, times_h))
    monkeypatch.setattr(engine, "KEPT_FACTORS_BYTES", kept_bytes)
    return native(case, grid_h, at_times(grid_h, times_h)), shared


@pytest.mark.parametrize("kept_bytes", [0, 2_000, 20_000])
def test_steps_that_share_their_factors_are_steps_that_do_not(kept_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Lengths that are exact in binary: equal steps, with and without outputs in them, have the same factors.
    infusion_h = case_of(THREE_IV, 1).plan.events[0].duration_h
    lengths = np.concatenate([np.full(40, 0.125), np.full(40, 0.25), np.full(40, 0.125), np.full(20, 0.5)])
    grid = np.concatenate([[0.0, infusion_h], 1.0 + np.concatenate([[0.0], np.cumsum(lengths)])])
    times = np.sort(np.concatenate([grid[2:], grid[3::2] - 0.0625]))
    same(*with_and_without_sharing(grid, times, kept_bytes, monkeypatch))


@pytest.mark.parametrize("kept_bytes", [0, 20_000])
def test_steps_that_are_equal_but_for_rounding_may_share_too(kept_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = forty()[1]
    times = np.sort(np.concatenate([grid[1:], 0.3 * grid[1:] + 0.7 * grid[:-1]]))
    found, expected = with_and_without_sharing(grid, times, kept_bytes, monkeypatch)
    # Twelve digits of an hour, times rates of up to a few hundred per hour.
    scale = np.abs(expected.values).max(axis=0)
    assert (np.abs(found.values - expected.values).max(axis=0) <= 1e-10 * scale).all()


def test_the_places_of_shared_factors_do_not_overlap() -> None:
    lengths = np.array([1.0, 2.0, 1.0, 3.0, 2.0, 1.0, 5.0])
    outputs = Outputs(np.full(7, -1), np.array([1, 4]), np.array([0.5, 0.5]), np.array([0, 1]))
    first = np.searchsorted(outputs.step, np.arange(8))
    modes = bare_modes(np.ones((3, 8)))
    slot, is_fresh, points = engine._slots(lengths, outputs, first, Layout(3, 8), modes)
    # Steps of 1 h: 3 nodes; of 2 h: 3 nodes and an output. What comes once shares the first four places.
    assert slot == [4, 7, 4, 0, 7, 4, 0]
    assert is_fresh == [True, True, False, True, False, False, True]
    assert points == 11


def test_an_individual_value_may_be_one_number_for_all() -> None:
    case, grid, _ = forty()
    name = "acute.dissociation_hill"
    values = dict(case.values)
    one, many = (values | {name: value} for value in (2.5, np.full(40, 2.5)))
    first, second = (native(type(case)(case.plan, case.modes, case.fraction, own), grid) for own in (one, many))
    same(first, second)


# Modes in closed form -----------------------------------------------------------------------------------------


def course(rates_per_h: np.ndarray, bolus_mg: float, flow_mg_per_h: float, step_h: np.ndarray) -> np.ndarray:
    """Amounts of modes that take an infusion over all but the last step, (steps, modes, people)."""
    steps, (modes, people) = len(step_h), rates_per_h.shape
    inputs = idle_inputs(steps)
    inputs.bolus_mg[0, 0, 0, 0] = bolus_mg
    inputs.rate_mg_per_h[:-1, 0, 0, 0] = flow_mg_per_h
    inputs = StepInputs(step_h, inputs.bolus_mg, inputs.rate_mg_per_h)
    chain = amounts_chain(modes)
    weight = {"weight": np.ones(people)}
    return solve(chain, bare_modes(rates_per_h), np.zeros((0, people)), weight, inputs, threads=1).values


def exact_course(rates_per_h: np.ndarray, bolus_mg: float, flow_mg_per_h: float, step_h: np.ndarray) -> np.ndarray:
    amount, rows = np.full(rates_per_h.shape, bolus_mg), []
    for index, h in enumerate(step_h):
        flow = flow_mg_per_h if index < len(step_h) - 1 else 0.0
        safe = np.where(rates_per_h > 0.0, rates_per_h, 1.0)
        gain = np.where(rates_per_h > 0.0, -np.expm1(-safe * h) / safe, h)
        amount = amount * np.exp(-rates_per_h * h) + flow * gain
        rows.append(amount)
    return np.array(rows)


STEPS_H = np.array([0.2, 0.3, 0.5, 0.5, 2.0, 24.0])


@pytest.mark.parametrize(("bolus_mg", "flow_mg_per_h"), [(5.0, 0.0), (0.0, 7.0), (5.0, 7.0)])
def test_modes_follow_their_closed_form(bolus_mg: float, flow_mg_per_h: float) -> None:
    rng = np.random.default_rng(6)
    rates = 10.0 ** rng.uniform(-3.0, 1.5, (3, 9))
    found = course(rates, bolus_mg, flow_mg_per_h, STEPS_H)
    exact = exact_course(rates, bolus_mg, flow_mg_per_h, STEPS_H)
    # 1 - exp(-r h) of a small r h loses digits: three at r h = 1e-3.
    np.testing.assert_allclose(found, exact, rtol=1e-11, atol=1e-39)


@pytest.mark.parametrize(("bolus_mg", "flow_mg_per_h"), [(5.0, 0.0), (0.0, 7.0), (5.0, 7.0)])
def test_a_mode_that_does_not_decay_keeps_what_it_was_given(bolus_mg: float, flow_mg_per_h: float) -> None:
    rates = np.array([[0.0, 0.5, 0.0], [1.0, 0.0, 0.0]])
    found = course(rates, bolus_mg, flow_mg_per_h, STEPS_H)
    np.testing.assert_allclose(found, exact_course(rates, bolus_mg, flow_mg_per_h, STEPS_H), rtol=1e-12)
    given = bolus_mg + flow_mg_per_h * STEPS_H[:-1].sum()
    np.testing.assert_allclose(found[-1][rates == 0.0], given, rtol=1e-14)


def test_a_mode_that_does_not_decay_in_outputs_between_nodes() -> None:
    inputs = idle_inputs(2)
    inputs.rate_mg_per_h[0, 0, 0, 0] = 3.0
    outputs = at_times(np.array([0.0, 1.0, 2.0]), np.array([0.25, 0.5, 1.0, 1.7]))
    weight = {"weight": np.ones(1)}
    modes = bare_modes(np.zeros((1, 1)))
    found = solve(amounts_chain(1), modes, np.zeros((0, 1)), weight, inputs, outputs, threads=1).values[:, 0, 0]
    np.testing.assert_allclose(found, [0.75, 1.5, 3.0, 3.0], rtol=1e-14)


def test_what_is_next_to_nothing_becomes_nothing() -> None:
    rates = np.array([[1.0, 0.3, 40.0]])
    found = course(rates, 5.0, 0.0, np.full(60, 24.0))[:, 0]
    assert np.isfinite(found).all()
    assert (found[-1] == 0.0).all()
    # On the way there is no number so small that a processor slows down.
    assert not ((found > 0.0) & (found < 1e-60)).any()


def test_years_after_the_last_dose_nothing_is_left_and_nothing_is_lost() -> None:
    case = case_of(THREE_IV, 3)
    grid = np.concatenate([grid_of(case, 168.0), 168.0 + 24.0 * np.arange(1, 3651)])
    solution = native(case, grid)
    assert np.isfinite(solution.values).all()
    assert np.isfinite(solution.roughness).all()
    last = dict(zip(cascade.CHANNELS, solution.values[-1], strict=True))
    np.testing.assert_allclose(last.pop("glutamate_fold"), 1.0, rtol=1e-12)
    assert all((np.abs(value) < 1e-12).all() for value in last.values())
    assert all((last[name] == 0.0).all() for name in cascade.CHANNELS[:6])


# A chain of another shape -------------------------------------------------------------------------------------


def test_a_chain_with_one_state_and_an_output_at_its_start() -> None:
    """y' = c - y with a constant c: the kernel is made of the chain alone, whatever its sizes."""

    def advance(xp: Any, step_h: Any, concentration: Any, states: Any, values: Any) -> Any:
        nodes = range(len(concentration[0][0]))
        return (linear_step(step_h, states[0], tuple(concentration[0][0][i] for i in nodes), (1.0,) * len(nodes)),)

    chain = amounts_chain(1)._replace(advance=advance, observe=lambda xp, c, s, v: [s[0]])
    inputs = idle_inputs(4, step_h=0.5)
    inputs.bolus_mg[0, 0, 0, 0] = 2.0
    outputs = Outputs(np.arange(4) + 1, np.array([0]), np.array([0.0]), np.array([0]))
    weight = {"weight": np.ones(2)}
    modes = bare_modes(np.zeros((1, 2)))
    found = solve(chain, modes, np.zeros((0, 2)), weight, inputs, outputs, threads=1).values[:, 0]
    exact = 2.0 - np.exp(-np.array([0.0, 0.5, 1.0, 1.5, 2.0]))
    np.testing.assert_allclose(found, np.stack([exact, exact], axis=1), rtol=1e-5)
