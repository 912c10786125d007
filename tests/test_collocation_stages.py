"""Collocation with any number of stages: orders, no zero pivot, and the polynomial between the nodes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import Chebyshev, Polynomial
from scipy.integrate import solve_ivp

from ketascope.solver.collocation import (
    NODES,
    WEIGHTS,
    _eliminated,
    dense_weights,
    highest_mode_weights,
    linear_step,
    tableau,
)

STAGES = range(2, 8)
# Nodes are zeros of a polynomial in powers of the place, which loses digits with its degree (6e-14 at seven stages).
ROUNDING = 3e-13
each_number_of_stages = pytest.mark.parametrize("stages", STAGES)


def arrays(stages: int) -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = tableau(stages)
    return np.array(nodes), np.array(weights)


def places(stages: int) -> np.ndarray:
    return np.array([0.0, *tableau(stages)[0]])


# The tableau --------------------------------------------------------------------------------------------------


@each_number_of_stages
def test_nodes_are_ascending_inside_the_step_and_the_last_is_its_end(stages: int) -> None:
    nodes, weights = arrays(stages)
    assert len(nodes) == stages
    assert weights.shape == (stages, stages)
    assert nodes[0] > 0.0
    assert (np.diff(nodes) > 0.0).all()
    assert nodes[-1] == 1.0


@each_number_of_stages
def test_stage_order_is_the_number_of_stages(stages: int) -> None:
    nodes, weights = arrays(stages)
    for power in range(1, stages + 1):
        np.testing.assert_allclose(weights @ nodes ** (power - 1), nodes**power / power, rtol=0.0, atol=ROUNDING)
    beyond = weights @ nodes**stages - nodes ** (stages + 1) / (stages + 1)
    assert np.abs(beyond[:-1]).max() > 1e-7


@each_number_of_stages
def test_the_end_is_exact_for_powers_below_twice_the_stages_less_one(stages: int) -> None:
    nodes, weights = arrays(stages)
    order = 2 * stages - 1
    for power in range(1, order + 1):
        assert weights[-1] @ nodes ** (power - 1) == pytest.approx(1.0 / power, abs=ROUNDING)
    assert abs(weights[-1] @ nodes**order - 1.0 / (order + 1)) > 1e-8


def test_three_computed_stages_are_the_closed_form() -> None:
    assert tableau(3) == (NODES, WEIGHTS)
    radau = (Polynomial([0.0, 1.0]) ** 2 * Polynomial([-1.0, 1.0]) ** 3).deriv(2)
    np.testing.assert_allclose(NODES, np.sort(radau.roots().real), rtol=1e-12)
    # The integrals of the node polynomials, as for every other number of stages.
    powers = np.array([[c**k for k in range(3)] for c in NODES])
    moments = np.array([[c ** (k + 1) / (k + 1) for k in range(3)] for c in NODES])
    np.testing.assert_allclose(WEIGHTS, moments @ np.linalg.inv(powers), rtol=1e-12)


# The step -----------------------------------------------------------------------------------------------------


def integrate(stages: int, steps: int, until: float = 1.5) -> float:
    """The end of y' = cos t + (1 + t) sin t - (1 + t) y from 0, which is sin t."""
    nodes = tableau(stages)[0]
    y, step = 0.0, until / steps
    for index in range(steps):
        times = [(index + c) * step for c in nodes]
        source = tuple(math.cos(t) + (1.0 + t) * math.sin(t) for t in times)
        y = linear_step(step, y, source, tuple(1.0 + t for t in times))[-1]
    return y


@pytest.mark.parametrize(("stages", "steps"), [(2, 32), (3, 8), (4, 3), (5, 2)])
def test_the_error_of_the_end_falls_with_the_order(stages: int, steps: int) -> None:
    errors = [abs(integrate(stages, n) - math.sin(1.5)) for n in (steps, 2 * steps)]
    assert errors[1] > 1e-14
    assert math.log2(errors[0] / errors[1]) == pytest.approx(2 * stages - 1, abs=0.6)


@pytest.mark.parametrize("stages", [6, 7])
def test_many_stages_need_one_step_where_few_need_many(stages: int) -> None:
    # Measured: 1e-8 with six stages, 2e-10 with seven.
    assert integrate(stages, 1) == pytest.approx(math.sin(1.5), abs={6: 3e-8, 7: 6e-10}[stages])
    assert integrate(stages, 4) == pytest.approx(math.sin(1.5), abs=1e-13)


numbers = st.floats(-1e3, 1e3)
losses = st.one_of(st.just(0.0), st.floats(1e-9, 1e6))


@given(st.sampled_from(list(STAGES)), st.data())
def test_no_pivot_vanishes_and_the_equations_hold(stages: int, data: st.DataObject) -> None:
    loss = data.draw(st.lists(losses, min_size=stages, max_size=stages))
    source = data.draw(st.lists(numbers, min_size=stages, max_size=stages))
    start = data.draw(numbers)
    _, weights = arrays(stages)
    matrix = np.eye(stages) + weights * np.array(loss)
    # With a loss that jumps by many orders from node to node, the elimination must still divide by nothing small.
    for size in range(1, stages + 1):
        sign, logarithm = np.linalg.slogdet(matrix[:size, :size])
        assert sign == 1.0
        assert logarithm > -0.5
    found = np.array(_eliminated(1.0, start, tuple(source), tuple(loss)))
    right = start + weights @ np.array(source)
    size = np.abs(matrix) @ np.abs(found) + np.abs(right)
    np.testing.assert_array_less(np.abs(matrix @ found - right), 1e-9 * size + 1e-12)


@given(st.sampled_from(list(STAGES)), st.floats(0.0, 1e6))
def test_a_constant_loss_decays_without_growing(stages: int, loss: float) -> None:
    end = linear_step(1.0, 1.0, (0.0,) * stages, (loss,) * stages)[-1]
    assert abs(end) <= 1.0
    if loss <= 1.0:
        assert end == pytest.approx(math.exp(-loss), rel={2: 2e-2, 3: 2e-4}.get(stages, 1e-6))


@each_number_of_stages
@pytest.mark.parametrize("loss", [1e3, 1e6, 1e9])
def test_a_huge_loss_forgets_the_start(stages: int, loss: float) -> None:
    end = linear_step(1.0, 1.0, (0.0,) * stages, (loss,) * stages)[-1]
    assert abs(end) < 2.0 * stages**2 / loss


def test_elimination_and_closed_form_agree() -> None:
    rng = np.random.default_rng(4)
    start, source, loss = rng.random(500), rng.random((3, 500)), 10.0 ** rng.uniform(-6.0, 6.0, (3, 500))
    closed = linear_step(0.8, start, tuple(source), tuple(loss))
    np.testing.assert_allclose(_eliminated(0.8, start, tuple(source), tuple(loss)), closed, rtol=1e-8, atol=1e-9)


@each_number_of_stages
def test_a_step_of_length_zero_returns_the_start(stages: int) -> None:
    assert linear_step(0.0, 0.3, (7.0,) * stages, (5.0,) * stages) == (0.3,) * stages


@pytest.mark.parametrize("stages", [4, 6])
def test_agrees_with_scipy_on_a_stiff_state(stages: int) -> None:
    def slope(t: float, y: np.ndarray) -> list[float]:
        return [50.0 * (1.0 + 0.5 * math.sin(3.0 * t)) - 50.0 * (1.0 + 0.2 * math.cos(t)) * y[0]]

    exact = solve_ivp(slope, (0.0, 2.0), [0.2], method="Radau", rtol=1e-11, atol=1e-13).y[0, -1]
    y, step, nodes = 0.2, 0.05, tableau(stages)[0]
    for index in range(40):
        times = [(index + c) * step for c in nodes]
        source = tuple(50.0 * (1.0 + 0.5 * math.sin(3.0 * t)) for t in times)
        y = linear_step(step, y, source, tuple(50.0 * (1.0 + 0.2 * math.cos(t)) for t in times))[-1]
    assert y == pytest.approx(exact, rel=1e-9)


# Between the nodes --------------------------------------------------------------------------------------------


@given(st.sampled_from(list(STAGES)), st.lists(st.floats(0.0, 1.0), min_size=1, max_size=9))
def test_dense_weights_sum_to_one(stages: int, fractions: list[float]) -> None:
    weights = dense_weights(stages, np.array(fractions))
    assert weights.shape == (len(fractions), stages + 1)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-12)


@given(st.sampled_from(list(STAGES)), st.integers(0, 2**32 - 1), st.floats(0.0, 1.0))
def test_dense_weights_reproduce_polynomials_of_the_number_of_stages(stages: int, seed: int, fraction: float) -> None:
    curve = Polynomial(np.random.default_rng(seed).uniform(-1.0, 1.0, stages + 1))
    found = dense_weights(stages, np.array([fraction]))[0] @ curve(places(stages))
    assert found == pytest.approx(curve(fraction), abs=1e-12)


@each_number_of_stages
def test_dense_weights_at_a_node_are_that_node_alone(stages: int) -> None:
    np.testing.assert_allclose(dense_weights(stages, places(stages)), np.eye(stages + 1), atol=1e-13)


def test_no_outputs_have_no_weights() -> None:
    assert dense_weights(3, np.zeros(0)).shape == (0, 4)


# The highest mode ---------------------------------------------------------------------------------------------


@each_number_of_stages
def test_highest_mode_weights_give_the_amplitude_of_the_highest_chebyshev_mode(stages: int) -> None:
    weights = np.array(highest_mode_weights(stages))
    rng = np.random.default_rng(stages)
    for _ in range(5):
        modes = rng.uniform(-1.0, 1.0, stages + 1)
        curve = Chebyshev(modes, domain=[0.0, 1.0])
        assert weights @ curve(places(stages)) == pytest.approx(modes[-1], abs=1e-11)


@each_number_of_stages
def test_highest_mode_weights_do_not_see_lower_polynomials(stages: int) -> None:
    weights = np.array(highest_mode_weights(stages))
    for degree in range(stages):
        assert weights @ places(stages) ** degree == pytest.approx(0.0, abs=1e-12)
