"""The collocation step: order 5, L-stable, exact where it must be, and the same numbers as SciPy's Radau."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import Radau, solve_ivp

from ketascope.solver.collocation import NODES, WEIGHTS, Stages, linear_step

A = np.array(WEIGHTS)
C = np.array(NODES)
Function = Callable[[float], float]


def at_nodes(start_h: float, step_h: float, of: Function) -> Stages:
    first, second, third = (of(start_h + c * step_h) for c in NODES)
    return first, second, third


def solve(source: Function, loss: Function, start: float, until_h: float, steps: int) -> float:
    """y(until) of y' = source(t) - loss(t) y in equal steps."""
    y, step_h = start, until_h / steps
    for index in range(steps):
        t = index * step_h
        y = linear_step(step_h, y, at_nodes(t, step_h, source), at_nodes(t, step_h, loss))[2]
    return y


# The tableau --------------------------------------------------------------------------------------------------


def test_rows_sum_to_the_nodes() -> None:
    np.testing.assert_allclose(A.sum(axis=1), C, rtol=1e-15)


@pytest.mark.parametrize("power", [1, 2, 3])
def test_stage_order_is_three(power: int) -> None:
    np.testing.assert_allclose(A @ C ** (power - 1), C**power / power, rtol=1e-14)


@pytest.mark.parametrize("power", [1, 2, 3, 4, 5])
def test_the_last_row_integrates_powers_up_to_the_fourth_exactly(power: int) -> None:
    assert A[2] @ C ** (power - 1) == pytest.approx(1.0 / power, rel=1e-14)


def test_the_fifth_power_is_not_integrated_exactly() -> None:
    assert A[2] @ C**5 != pytest.approx(1.0 / 6.0, rel=1e-6)


def test_nodes_are_the_zeros_of_the_radau_polynomial() -> None:
    radau = np.polynomial.Polynomial([-1.0, 9.0, -18.0, 10.0])
    np.testing.assert_allclose(sorted(C), sorted(radau.roots().real), rtol=1e-12)
    assert C[2] == 1.0


# Order --------------------------------------------------------------------------------------------------------

# y' = a(t) - b(t) y with solutions in closed form.
PROBLEMS: dict[str, tuple[Function, Function, float, Function]] = {
    "loss that swings": (lambda t: 0.0, lambda t: 1.0 + math.cos(t), 1.0, lambda t: math.exp(-t - math.sin(t))),
    "loss that fades": (
        lambda t: math.exp(t) / (1.0 + t),
        lambda t: 1.0 / (1.0 + t),
        1.0,
        lambda t: math.exp(t) / (1.0 + t),
    ),
    "source that swings": (
        lambda t: math.cos(t) + (1.0 + t) * math.sin(t),
        lambda t: 1.0 + t,
        0.0,
        lambda t: math.sin(t),
    ),
    "growth": (lambda t: 2.0 * t * math.exp(t * t), lambda t: 0.0, 1.0, lambda t: math.exp(t * t)),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_error_falls_with_the_fifth_power_of_the_step(name: str) -> None:
    source, loss, start, exact = PROBLEMS[name]
    until = 1.5
    errors = [abs(solve(source, loss, start, until, steps) - exact(until)) for steps in (2, 4, 8, 16)]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert orders[-1] > 4.7
    assert errors[-1] < 1e-6


def test_a_source_of_degree_two_is_integrated_exactly_at_every_node() -> None:
    step_h = 1.7
    stages = linear_step(step_h, 0.3, at_nodes(0.0, step_h, lambda t: 3.0 * t * t - t + 2.0), (0.0, 0.0, 0.0))
    expected = [0.3 + t**3 - t * t / 2.0 + 2.0 * t for t in C * step_h]
    np.testing.assert_allclose(stages, expected, rtol=1e-14)


@given(st.floats(-1e3, 1e3), st.floats(0.0, 1e3), st.floats(0.0, 50.0), st.floats(1e-3, 1e3))
def test_the_stages_solve_the_collocation_equations(start: float, b1: float, step_h: float, a: float) -> None:
    loss = (b1, 0.5 * b1 + 0.1, 2.0 * b1)
    source = (a, -a, 0.5 * a)
    y = np.array(linear_step(step_h, start, source, loss))
    slope = np.array(source) - np.array(loss) * y
    size = abs(start) + step_h * (np.abs(np.array(loss) * y).max() + a)
    np.testing.assert_allclose(y, start + step_h * (A @ slope), rtol=1e-9, atol=1e-10 * size)


# Stability ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stiffness", [1e3, 1e6, 1e9, 1e12])
def test_a_huge_loss_forgets_the_start_l_stability(stiffness: float) -> None:
    end = linear_step(1.0, 1.0, (0.0, 0.0, 0.0), (stiffness,) * 3)[2]
    assert 0.0 <= end < 4.0 / stiffness


@pytest.mark.parametrize("stiffness", [1e3, 1e6, 1e9])
def test_a_huge_loss_lands_on_the_quasi_steady_state(stiffness: float) -> None:
    target = at_nodes(0.0, 24.0, lambda t: 2.0 + math.sin(t))
    end = linear_step(24.0, 50.0, tuple(stiffness * x for x in target), (stiffness,) * 3)[2]  # type: ignore[arg-type]
    assert end == pytest.approx(target[2], rel=1e3 / stiffness)


@given(st.floats(0.0, 1e6))
def test_decay_never_oscillates_or_grows(z: float) -> None:
    end = linear_step(1.0, 1.0, (0.0, 0.0, 0.0), (z, z, z))[2]
    # The stability function of the method, Hairer and Wanner (1996), IV.5.
    expected = (1 - 2 * z / 5 + z * z / 20) if z == 0.0 else None
    assert 0.0 < end <= 1.0
    if expected is None:
        stability = (1.0 - 2.0 * z / 5.0 + z * z / 20.0) / (1.0 + 3.0 * z / 5.0 + 3.0 * z * z / 20.0 + z**3 / 60.0)
        assert end == pytest.approx(stability, rel=1e-9)
    else:
        assert end == expected


@given(st.floats(0.0, 1.0), st.floats(0.0, 30.0), st.floats(0.0, 1.0), st.floats(0.0, 24.0))
def test_a_fraction_stays_a_fraction_under_constant_rates(start: float, on: float, off: float, step_h: float) -> None:
    end = linear_step(step_h, start, (on, on, on), (on + off,) * 3)[2]
    assert -1e-12 <= end <= 1.0 + 1e-12


# Identities ---------------------------------------------------------------------------------------------------


@given(st.floats(-1e6, 1e6), st.floats(0.0, 1e6), st.floats(-1e6, 1e6))
def test_a_step_of_length_zero_returns_the_start(start: float, loss: float, source: float) -> None:
    assert linear_step(0.0, start, (source,) * 3, (loss,) * 3) == (start, start, start)


def test_rest_is_kept_exactly_enough_for_years_of_steps() -> None:
    y = 1.0
    for _ in range(10_000):
        y = linear_step(24.0, y, (8.0, 8.0, 8.0), (8.0, 8.0, 8.0))[2]
    assert y == pytest.approx(1.0, abs=1e-11)


def test_patients_are_columns_that_do_not_mix() -> None:
    rng = np.random.default_rng(5)
    start, source, loss = rng.random(6), rng.random((3, 6)), rng.random((3, 6)) * 10.0
    together = linear_step(0.7, start, tuple(source), tuple(loss))  # type: ignore[arg-type]
    for k in range(6):
        alone = linear_step(0.7, start[k], tuple(source[:, k]), tuple(loss[:, k]))  # type: ignore[arg-type]
        np.testing.assert_array_equal([stage[k] for stage in together], alone)


# Against SciPy ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stiffness", [0.5, 40.0, 3000.0])
def test_agrees_with_scipys_radau_on_a_driven_scalar(stiffness: float) -> None:
    def source(t: float) -> float:
        return stiffness * (1.0 + 0.5 * math.sin(3.0 * t))

    def loss(t: float) -> float:
        return stiffness * (1.0 + 0.2 * math.cos(t))

    radau = solve_ivp(
        lambda t, y: [source(t) - loss(t) * y[0]], (0.0, 4.0), [0.2], method="Radau", rtol=1e-11, atol=1e-13
    )
    assert radau.success
    assert solve(source, loss, 0.2, 4.0, 400) == pytest.approx(radau.y[0, -1], rel=1e-8)


def test_one_coarse_step_is_scipys_radau_step_to_the_last_digits() -> None:
    # With a constant loss SciPy's Newton iteration is exact at once, so both take the very same step.
    step_h, loss = 1.5, 2.0
    solver = Radau(
        lambda t, y: 5.0 * np.cos(3.0 * t) - loss * y,
        0.0,
        np.array([0.4]),
        10.0,
        first_step=step_h,
        rtol=1.0,
        atol=10.0,
        jac=np.array([[-loss]]),
    )
    solver.step()
    assert solver.t == step_h
    source = at_nodes(0.0, step_h, lambda t: 5.0 * math.cos(3.0 * t))
    own = linear_step(step_h, 0.4, source, (loss, loss, loss))[2]
    assert own == pytest.approx(solver.y[0], rel=1e-12)
