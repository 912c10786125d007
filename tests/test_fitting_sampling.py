"""Sampling of a person's posterior and of the population, with few draws: the numbers agree with what is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fit_data import IV_PERSON, write
from ketascope.exchange.nonmem_data import read_data
from ketascope.fitting import sampling
from ketascope.fitting.individual import Task, fit_person, make_case
from ketascope.fitting.mode import find_mode, refined_draws
from ketascope.fitting.population import check_population, fit_population, population_prior, shared_arrays, shared_frame
from ketascope.fitting.sampling import Agreement, Sampler, agreement, log_likelihood
from ketascope.fitting.variability import default_residual
from ketascope.model.parameter_store import load_parameters
from ketascope.model.plasma import plasma
from ketascope.model.uncertainty import load_joint_draws
from ketascope.solver.engine import configure_jax


def task_of(subject, index=0, method="map", sampling="venous-published"):
    # The published set has the fewest steps, so its program compiles in the least time.
    return Task(subject, index, sampling, method, default_residual(), 0, with_courses=False)


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    return read_data(write(tmp_path_factory.mktemp("sampling"), *IV_PERSON))[0]


@pytest.fixture(scope="module")
def sampler():
    """One for all tests: compiling the program is what takes time."""
    return Sampler(chains=2, warm_up=150, draws=250)


def test_sampling_agrees_with_the_weighted_draws(subject, sampler, monkeypatch):
    monkeypatch.setattr(sampling, "shared_sampler", lambda: sampler)
    found = fit_person(task_of(subject, method="nuts"))
    sampled = found["sampled"]
    assert sampled["draws"] == 500
    assert sampled["largest_r_hat"] < 1.05
    assert sampled["smallest_sample_size"] > 100.0
    for row in sampled["estimates"]:
        assert row["apart_sd"] < 0.6


def test_a_persons_draws_are_their_own(subject, sampler):
    case, _, _ = make_case(task_of(subject))
    mode = find_mode(case, np.random.default_rng(0))
    first, again, other = (sampler.sample(case, mode.z, 0, index) for index in (0, 0, 1))
    assert (first.z == again.z).all()
    assert (first.z != other.z).any()


def test_chains_that_disagree_have_not_settled():
    chains = np.random.default_rng(5).standard_normal((2, 600, 3))
    assert agreement(chains, 0).settled
    assert not agreement(chains, 3).settled, "a step diverged"
    assert not agreement(chains[:, :150], 0).settled, "too few draws"
    apart = chains.copy()
    apart[1, :, 2] += 1.0
    assert not agreement(apart, 0).settled
    assert agreement(apart, 0).largest_r_hat > 1.1
    still = np.full((2, 600, 3), 0.3)
    assert agreement(still, 0) == Agreement(None, None, 0, False)
    assert not agreement(np.concatenate([chains, still], axis=2), 0).settled, "one number that stood still is enough"


def test_the_prior_of_the_population_is_the_joint_posterior_of_the_package(subject):
    case, _, _ = make_case(task_of(subject, sampling="venous"))
    prior = population_prior(shared_frame([case]))
    short, table = load_joint_draws("pooled")
    assert "pooled.nasal_esketamine_fraction" not in prior.names
    column = prior.names.index("pooled.clearance_s_ketamine_l_per_h")
    logs = np.log(table[:, short.index("clearance_s_ketamine_l_per_h")])
    assert prior.mean[column] == pytest.approx(logs.mean())
    covariance = prior.root @ prior.root.T
    assert np.sqrt(covariance[column, column]) == pytest.approx(logs.std(ddof=1))


def cohort(subject, people, scale):
    """People whose clearance is `scale` times that of the package's population, with their exact curves."""
    cases = []
    for index in range(people):
        case, _, _ = make_case(task_of(subject, index, sampling="arterial"))
        z = np.random.default_rng([21, index]).standard_normal(len(case.frame.effects))
        name = "pooled.clearance_s_ketamine_l_per_h"
        other = replace(case, centres={name: scale * load_parameters().value(name)})
        noise = 0.2 * np.random.default_rng([22, index]).standard_normal(len(case.data.counts))
        values = other.log_predicted(z[:, None])[:, 0] + noise
        cases.append(replace(case, data=replace(case.data, log_value=values, is_below=np.zeros(len(values), bool))))
    return cases


@pytest.mark.thorough
def test_the_population_moves_towards_the_data_and_no_further_than_they_say(subject):
    cases = cohort(subject, 6, 1.5)
    found = fit_population(cases, 0, chains=1, warm_up=120, draws=120)
    rows = {row["name"]: row for row in found.document["rows"]}
    clearance = rows["pooled.clearance_s_ketamine_l_per_h"]
    assert clearance["prior"]["median"] * 1.1 < clearance["posterior"]["median"] < clearance["prior"]["median"] * 1.6
    assert clearance["sd_over_prior_sd"] < 1.0
    assert found.centres["pooled.clearance_s_ketamine_l_per_h"] == clearance["posterior"]["median"]
    assert 0.1 < found.residual.ketamine < 0.35


def test_one_layout_holds_people_with_different_doses(subject, tmp_path):
    nasal = [line.replace("35,52.5,1,1,.,ketamine,IV", "56,.,1,1,.,esketamine,nasal") for line in IV_PERSON]
    (other,) = read_data(write(tmp_path, *nasal))
    cases = [make_case(task_of(each, index, sampling="venous"))[0] for index, each in enumerate((subject, other))]
    frame = shared_frame(cases)
    arrays, own = shared_arrays(cases, frame)
    configure_jax()
    for index, case in enumerate(cases):
        z = np.random.default_rng(index).standard_normal(len(case.frame.effects))
        wide = np.zeros(len(frame.effects))
        for number, effect in enumerate(case.frame.effects):
            wide[frame.effects.index(effect)] = z[number]
        one = {name: table[index] for name, table in arrays.items()}
        mine = {name: table[index] for name, table in own.items()}
        found = -float(log_likelihood(frame, one, mine, wide)) + 0.5 * float(z @ z)
        assert found == pytest.approx(float(case.cost(z[:, None])[0]), rel=1e-9)


def test_a_population_needs_people():
    with pytest.raises(ValueError, match="at least 3 people"):
        check_population(2, plasma("venous"))


def test_weights_and_draws_are_deterministic(subject):
    case, _, _ = make_case(task_of(subject))
    mode = find_mode(case, np.random.default_rng(0))
    one, two = (refined_draws(case, mode, 100, np.random.default_rng(4)) for _ in range(2))
    assert (one.z == two.z).all()
