"""The states that a fit reads: interpolated between simulations, and equal to the simulator's own between its nodes."""

from __future__ import annotations

import numpy as np
import pytest

from ketascope.evidence.priors import priors_of
from ketascope.evidence.symptom_trials.calibration import calibration_parameters
from ketascope.evidence.symptom_trials.design import SAMPLING
from ketascope.evidence.symptom_trials.estimation import PRIOR_FILE
from ketascope.evidence.symptom_trials.states import (
    FAST_OFF,
    LIMIT,
    NODES,
    SATURATION,
    STRUCTURE_OFF,
    Surfaces,
    nodes,
    surfaces,
    weights_at,
)
from ketascope.model import placebo
from ketascope.people import Person, typical_normals
from ketascope.regimen import parse
from ketascope.simulation import run_patients
from trial_fixtures import some_values

SINGLE = "ketamine 0.5 mg/kg IV over 40 min"
SIX = "ketamine 0.5 mg/kg IV over 40 min q 56 h x 6"
NASAL = "esketamine 84 mg nasal q 3.5 d x 8"
TIMES_H = {SINGLE: (2.0, 24.0, 168.0, 336.0), SIX: (24.0, 168.0, 336.0), NASAL: (2.0, 24.0, 672.0)}
CONSTANTS = (SATURATION, FAST_OFF, STRUCTURE_OFF)
TRIES = 6


@pytest.fixture(scope="module", params=list(TIMES_H), ids=["single", "six infusions", "nasal"])
def regimen(request: pytest.FixtureRequest) -> tuple[str, Surfaces]:
    sentence = request.param
    return sentence, made(sentence, TIMES_H[sentence])


def made(sentence: str, times_h: tuple[float, ...], on_site: bool = False) -> Surfaces:
    return surfaces(sentence, times_h, calibration_parameters(), priors_of(PRIOR_FILE), SAMPLING, on_site)


def simulated(sentence: str, times_h: tuple[float, ...], values: list[dict[str, float]]) -> dict[str, np.ndarray]:
    """States of the simulator at these constants, (times, tries), and their peaks over the whole run, (tries,)."""
    doses = parse(sentence).doses(Person().weight_kg)
    drawn = {f"trials.{name}": np.array([value[name] for value in values]) for name in CONSTANTS}
    run = run_patients(
        doses,
        Person(),
        SAMPLING,
        calibration_parameters(),
        typical_normals(len(values)),
        times_h[-1],
        times_h,
        drawn,
        check=False,
    )
    found = {name: run.at(name, np.asarray(times_h)) for name in ("fast", "plasticity", "unblinding")}
    return found | {f"peak of {name}": run.channel(name).max(axis=0) for name in found}


def test_interpolated_states_are_the_simulators_at_any_constants(regimen: tuple[str, Surfaces]) -> None:
    sentence, own = regimen
    values = [some_values(seed) for seed in range(TRIES - 2)] + [some_values(9, width=3.0), some_values(0, width=0.0)]
    expected = simulated(sentence, own.times_h, values)
    for column, value in enumerate(values):
        saturation, fast_off, structure_off = (weights_at(np, value[f"z_{name}"]) for name in CONSTANTS)
        fast = np.einsum("tij,i,j->t", own.fast, saturation, fast_off)
        slow = np.einsum("tij,i,j->t", own.slow, saturation, structure_off)
        for name, state in (("fast", fast), ("plasticity", slow), ("unblinding", own.unblinding)):
            peak = expected[f"peak of {name}"][column]
            assert peak > 0.0
            assert np.abs(state - expected[name][:, column]).max() < 1e-4 * peak, (sentence, name, value)


def test_states_are_simulated_at_the_nodes_in_the_order_of_the_weights(regimen: tuple[str, Surfaces]) -> None:
    sentence, own = regimen
    assert own.fast.shape == own.slow.shape == (len(own.times_h), NODES, NODES)
    assert own.unblinding.shape == own.visits.shape == (len(own.times_h),)
    prior = priors_of(PRIOR_FILE)
    at = [(0, 3), (7, 10)]
    values = [
        {name: float(prior[name].at(np, nodes()[i if name == SATURATION else j])) for name in CONSTANTS} for i, j in at
    ]
    expected = simulated(sentence, own.times_h, values)
    for column, (i, j) in enumerate(at):
        assert own.fast[:, i, j] == pytest.approx(expected["fast"][:, column], rel=1e-9, abs=1e-12)
        assert own.slow[:, i, j] == pytest.approx(expected["plasticity"][:, column], rel=1e-9, abs=1e-12)


def test_states_follow_their_constants(regimen: tuple[str, Surfaces]) -> None:
    _, own = regimen
    ascending = np.argsort(nodes())
    fast, slow = own.fast[1:][:, ascending][:, :, ascending], own.slow[1:][:, ascending][:, :, ascending]
    assert np.all(np.diff(fast, axis=1) < 0.0), "a higher half-saturation leaves less of each state"
    assert np.all(np.diff(slow, axis=1) < 0.0)
    assert np.all(np.diff(fast, axis=2) > 0.0), "what goes more slowly is higher later"
    assert np.all(np.diff(slow, axis=2) > 0.0)


@pytest.mark.parametrize("sentence", [SINGLE, SIX, NASAL])
def test_visits_are_the_simulators_own_lift_of_procedures(sentence: str) -> None:
    own = made(sentence, (2.0, 24.0))
    parameters = calibration_parameters()
    assert own.visits == pytest.approx(
        placebo.visit_lift(
            [0.0],  # several sprays of one session are one visit, and the next session is later
            np.array([2.0, 24.0]),
            parameters.value("placebo.visit_half_life_h"),
            parameters.value("placebo.visit_rise_half_life_h"),
        )
    )
    assert 0.0 < own.visits[1] < own.visits[0] < 1.0


def test_a_route_taken_at_home_is_no_visit_unless_the_trial_made_it_one() -> None:
    at_home = made("ketamine 50 mg nasal", (2.0, 24.0))
    on_site = made("ketamine 50 mg nasal", (2.0, 24.0), on_site=True)
    assert np.all(at_home.visits == 0.0)
    assert on_site.visits == pytest.approx(made(SINGLE, (2.0, 24.0)).visits)
    assert np.array_equal(on_site.fast, at_home.fast)
    assert np.array_equal(on_site.unblinding, at_home.unblinding)


def test_a_dose_at_the_last_rating_comes_after_it() -> None:
    twice, once = made("ketamine 0.5 mg/kg IV over 40 min q 48 h x 2", (24.0, 48.0)), made(SINGLE, (24.0, 48.0))
    for field in ("fast", "slow", "unblinding", "visits"):
        assert getattr(twice, field) == pytest.approx(getattr(once, field), rel=1e-9), field


# --- interpolation -------------------------------------------------------------------------------------


def test_nodes_lie_within_the_truncated_priors() -> None:
    assert nodes().shape == (NODES,)
    assert np.all(np.abs(nodes()) < LIMIT)
    assert nodes() == pytest.approx(-nodes()[::-1])


@pytest.mark.parametrize("z", [-LIMIT, -2.2, -0.3, 0.0, 1.7, LIMIT])
def test_weights_sum_to_one(z: float) -> None:
    assert weights_at(np, z).sum() == pytest.approx(1.0, abs=1e-12)


def test_weights_at_a_node_are_that_node_alone() -> None:
    for index, z in enumerate(nodes()):
        assert weights_at(np, z) == pytest.approx(np.eye(NODES)[index], abs=1e-12)


def test_a_polynomial_of_the_nodes_degree_is_met_exactly() -> None:
    rng = np.random.default_rng(3)
    polynomial = np.polynomial.Polynomial(rng.standard_normal(NODES), domain=[-LIMIT, LIMIT])
    for z in rng.uniform(-LIMIT, LIMIT, 20):
        assert weights_at(np, z) @ polynomial(nodes()) == pytest.approx(polynomial(z), abs=1e-11)


def test_weights_are_the_same_in_the_compiled_program() -> None:
    import jax.numpy as jnp

    from ketascope.solver.engine import configure_jax

    configure_jax()
    for z in (-3.4, -1.0, 0.0, 0.5, 3.2):
        assert np.asarray(weights_at(jnp, z)) == pytest.approx(weights_at(np, z), abs=1e-13)
