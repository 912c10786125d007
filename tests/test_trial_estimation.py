"""The fit: it finds what made the data, follows the outcome rows, and says when its chains disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ketascope.estimation.convergence import unconverged
from ketascope.evidence.priors import INFORMED_BELOW, load_prior_rows, priors_of
from ketascope.evidence.symptom_trials import likelihood
from ketascope.evidence.symptom_trials.estimation import (
    PRIOR_DRAWS,
    PRIOR_FILE,
    Chain,
    Fit,
    Sampler,
    diagnostics,
    families,
    multiplier_names,
    prior_draws,
    prior_values,
    together,
)
from ketascope.evidence.symptom_trials.states import LIMIT
from ketascope.evidence.symptom_trials.trial_file import Trial, load_trials
from trial_fixtures import change_outcomes, made_up_fit, make, some_values, trial

LENGTH = 120
SUBSET = ("taylor2018", "rodriguez2013", "murrough2013", "singh2016", "durgam2016", "friedman2007")
CHANGED = "murrough2013, changed"
PATTERNS = ("daly2018", "singh2016", "lii2023", "murrough2013", "davidson2004", "durgam2016", "taylor2018")
MADE = tuple(f"made like {key}" for key in PATTERNS)
TRUTH_SEED = 21


# --- fits that are really run: one compiled program for all ---------------------------------------------


def truth() -> dict[str, float]:
    return {**some_values(TRUTH_SEED, width=0.7), "trial_sd": 0.1, "ssri_trial_sd": 0.05, "placebo_trial_sd": 0.05}


def made_trials() -> tuple[Trial, ...]:
    """Trials like some of the package, in which the model with `truth` is what happened."""
    design = make(tuple(trial(key) for key in PATTERNS))
    rng = np.random.default_rng(TRUTH_SEED)
    own = {name: rng.standard_normal(len(PATTERNS)) for name in likelihood.TRIAL_EFFECTS}
    values = truth()
    parts = likelihood.falls(design, values, families(), likelihood.trial_effects(design, values, own))
    means = design.mean_map @ np.asarray(likelihood.mean_changes(design, parts))
    errors = np.linalg.cholesky(design.covariance) @ rng.standard_normal(len(means))
    rates = np.asarray(likelihood.response_rates(design, parts))
    sds = np.exp(np.asarray(likelihood.log_change_sd(design, parts)))
    new: dict[Any, Any] = {}
    for pair, value in zip(design.figures, means + errors, strict=True):
        new[pair] = replace(pair[1], value=float(value))
    with_sd = [(k, row) for k, row in design.figures if row.kind == "change" and row.sd]
    for pair, sd in zip(with_sd, sds, strict=True):
        new[pair] = replace(new[pair], sd=float(sd))
    for (k, row), rate in zip(design.responses, rates, strict=True):
        new[k, row] = replace(row, value=float(rng.binomial(row.n, rate)))
    return tuple(
        replace(item, key=name, rows=tuple(new[k, row] for row in item.rows))
        for k, (name, item) in enumerate(zip(MADE, design.trials, strict=True))
    )


def changed_trial() -> Trial:
    """Murrough 2013 as the trial file reads it when the outcome row of its ketamine arm says something else."""
    name = trial("murrough2013").rows[0].outcomes[0]
    with pytest.MonkeyPatch.context() as patch:
        change_outcomes(patch, {name: {"value": 3.5}})
        found = trial("murrough2013")
    assert found.rows[0].value == 3.5
    assert found.rows[1:] == trial("murrough2013").rows[1:]
    return replace(found, key=CHANGED)


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    from ketascope.solver.engine import configure_jax

    configure_jax()
    subset = tuple(item for item in load_trials() if item.key in SUBSET)
    return Sampler(make((*subset, changed_trial(), *made_trials())), LENGTH, LENGTH)


@pytest.fixture(scope="module")
def as_published(sampler: Sampler) -> Chain:
    return sampler.chain(1, 0, (CHANGED, *MADE))


@pytest.fixture(scope="module")
def as_changed(sampler: Sampler) -> Chain:
    return sampler.chain(1, 0, ("murrough2013", *MADE))


@pytest.fixture(scope="module")
def of_the_made(sampler: Sampler) -> Fit:
    return together(sampler.design, [sampler.chain(3, 0, (*SUBSET, CHANGED))])


@pytest.mark.thorough
def test_a_fit_finds_the_values_that_made_the_data(of_the_made: Fit) -> None:
    made = truth()
    made |= {f"multiplier_{n}": v for n, v in likelihood.multipliers(made, families()).items() if n in families()}
    prior = prior_draws()
    found = of_the_made.values()
    assert set(found) == set(prior)
    for name, draws in found.items():
        scale = priors_of(PRIOR_FILE)[name]
        value = made[name]
        if scale.kind in ("log-normal", "logit-normal"):  # draws are near normal on the scale of the prior
            draws, value = scale.normal_of(np, draws), scale.normal_of(np, value)
        assert abs(draws.mean() - value) < 4.0 * draws.std(), (name, value, draws.mean(), draws.std())
    informed = {name for name, draws in found.items() if draws.std() < INFORMED_BELOW * prior[name].std()}
    assert {"slow_log_fall", "visit_log_fall", "placebo_log_fall_mdd", "placebo_log_fall_gad"} <= informed
    assert {"ssri_difference_points_gad", "placebo_between_patient_sd_mdd", "trial_sd"} <= informed
    assert not {"placebo_log_fall_ocd", "ssri_half_life_d_ptsd", "ssri_difference_points_ocd"} & informed
    assert of_the_made.divergences.sum() <= 0.05 * LENGTH


@pytest.mark.thorough
def test_the_same_seed_gives_the_same_draws_whatever_was_sampled_before(
    sampler: Sampler, as_published: Chain, as_changed: Chain
) -> None:
    assert not np.array_equal(as_changed.sites["z_trial_sd"], as_published.sites["z_trial_sd"])
    again = sampler.chain(1, 0, (CHANGED, *MADE))
    for name, draws in as_published.sites.items():
        assert np.array_equal(draws, again.sites[name]), name
    assert (again.divergences, again.steps) == (as_published.divergences, as_published.steps)


@pytest.mark.thorough
def test_changing_one_trial_row_changes_the_posterior(as_published: Chain, as_changed: Chain, sampler: Sampler) -> None:
    """A ketamine arm that got no better, in one of six trials, lowers the drug's effect in all of them."""
    before, after = (together(sampler.design, [chain]).values() for chain in (as_published, as_changed))
    effect = [values["fast_log_fall"] + values["slow_log_fall"] for values in (before, after)]
    assert effect[1].mean() < effect[0].mean() - 0.5 * effect[0].std()
    k = [item.key for item in sampler.design.trials].index
    own = before["trial_sd"][0] * as_published.sites["trial_benefit"][:, k("murrough2013")]
    changed = after["trial_sd"][0] * as_changed.sites["trial_benefit"][:, k(CHANGED)]
    assert changed.mean() < own.mean() - 0.1
    untouched = "placebo_log_fall_gad"
    assert abs(after[untouched].mean() - before[untouched].mean()) < before[untouched].std()


def test_a_chain_has_every_site_and_a_trial_left_out_has_its_prior(sampler: Sampler, as_published: Chain) -> None:
    trials = len(sampler.design.trials)
    expected = {f"z_{name}": (LENGTH,) for name in priors_of(PRIOR_FILE)}
    expected |= {f"trial_{name}": (LENGTH, trials) for name in likelihood.TRIAL_EFFECTS}
    assert {name: draws.shape for name, draws in as_published.sites.items()} == expected
    k = [item.key for item in sampler.design.trials].index(CHANGED)
    left_out = as_published.sites["trial_benefit"][:, k]
    assert abs(left_out.mean()) < 0.4
    assert 0.7 < left_out.std() < 1.3
    assert as_published.steps > 1.0


# --- chains put together --------------------------------------------------------------------------------


def two_trials() -> tuple[Trial, ...]:
    return (trial("murrough2013"), trial("durgam2016"))


def test_chains_stand_side_by_side_in_a_fit(sampler: Sampler) -> None:
    chains = [Chain({"z_x": np.full((3,), float(i)), "trial_y": np.zeros((3, 14))}, i, 7.0) for i in (1, 2)]
    fit = together(sampler.design, chains)
    assert fit.sites["z_x"].tolist() == [[1.0] * 3, [2.0] * 3]
    assert fit.sites["trial_y"].shape == (2, 3, 14)
    assert fit.divergences.tolist() == [1, 2]
    assert fit.trials == tuple(item.key for item in sampler.design.trials)


def test_values_of_a_fit_are_in_the_parameters_own_units() -> None:
    fit = made_up_fit(two_trials())
    values = fit.values()
    assert values["fast_log_fall"] == pytest.approx(0.12 + 0.15 * fit.sites["z_fast_log_fall"])
    assert values["trial_sd"] == pytest.approx(0.3 * fit.sites["z_trial_sd"])
    assert values["placebo_half_life_d"] == pytest.approx(9.7 * np.exp(0.4 * fit.sites["z_placebo_half_life_d"]))
    ptsd = 1.0 + values["multiplier_sd"] * fit.sites["z_multiplier_ptsd"]
    mixed = 1.0 + values["multiplier_sd"] * fit.sites["z_multiplier_anxiety_mixed"]
    assert values["multiplier_ptsd"] == pytest.approx(ptsd)
    assert values["multiplier_gad"] == pytest.approx(mixed + values["multiplier_sd"] * fit.sites["z_multiplier_gad"])


def test_flat_draws_keep_multipliers_as_standard_normals_for_the_likelihood() -> None:
    fit = made_up_fit(two_trials(), chains=2, draws=50)
    flat = fit.flat()
    assert flat["trial_benefit"].shape == (100, 2)
    assert flat["multiplier_ptsd"] == pytest.approx(fit.sites["z_multiplier_ptsd"].reshape(-1))
    assert flat["z_drive_half_saturation"].shape == (100,)
    found = likelihood.multipliers(flat, families())
    assert found["ptsd"] == pytest.approx(fit.values()["multiplier_ptsd"].reshape(-1))


def test_every_multiplier_varies_around_one_that_is_there() -> None:
    assert multiplier_names()[:6] == ("mdd", "anxiety_mixed", "gad", "sad", "ptsd", "ocd")
    for name, family in families().items():
        assert family in multiplier_names(), name
        assert family != name
    assert {item.indication for item in load_trials()} <= set(multiplier_names())


def test_draws_from_the_prior_have_its_shape() -> None:
    values, priors = prior_values(3), priors_of(PRIOR_FILE)
    for name, prior in priors.items():
        z = prior.normal_of(np, values[name])
        assert z.shape == (PRIOR_DRAWS,)
        if prior.kind == "half-normal":
            assert z.min() >= 0.0
            assert np.sqrt((z**2).mean()) == pytest.approx(1.0, abs=0.03)
        else:
            assert z.mean() == pytest.approx(0.0, abs=0.03)
            assert z.std() == pytest.approx(1.0, abs=0.03)
        if name in likelihood.TRUNCATED:
            assert np.abs(z).max() < LIMIT
            assert values[f"z_{name}"] == pytest.approx(z)
    names = list(priors)
    normals = np.stack([priors[name].normal_of(np, values[name]) for name in names])
    assert np.abs(np.corrcoef(normals) - np.eye(len(names))).max() < 0.04, "independent"
    assert np.array_equal(prior_values(3)["trial_sd"], values["trial_sd"])
    assert not np.array_equal(prior_values(4)["trial_sd"], values["trial_sd"])


def test_draws_of_parameters_from_the_prior_are_multipliers_as_such() -> None:
    values, draws = prior_values(0), prior_draws(0)
    assert set(draws) == set(priors_of(PRIOR_FILE))
    assert draws["multiplier_ocd"] == pytest.approx(1.0 + values["multiplier_sd"] * values["multiplier_ocd"])
    assert np.median(draws["multiplier_gad"]) == pytest.approx(1.0, abs=0.02)
    assert draws["multiplier_gad"].std() > 1.2 * draws["multiplier_ptsd"].std(), "varies around what varies itself"


# --- convergence ---------------------------------------------------------------------------------------


def rows_by_name(fit: Fit) -> dict[str, Mapping[str, Any]]:
    return {row["name"]: row for row in diagnostics(fit)}


def test_chains_that_agree_are_said_to() -> None:
    fit = made_up_fit(two_trials(), chains=4, draws=600)
    rows = diagnostics(fit)
    names = [*priors_of(PRIOR_FILE), *(f"trial_{e}[{k}]" for e in likelihood.TRIAL_EFFECTS for k in fit.trials)]
    assert [row["name"] for row in rows] == names
    assert unconverged(rows) == []
    for row in rows[: len(priors_of(PRIOR_FILE))]:
        assert row["sd_over_prior_sd"] == pytest.approx(1.0, abs=0.25), row["name"]
        assert row["low"] < row["median"] < row["high"]
    assert "median" not in rows[-1], "a trial's own effect has convergence alone"


def test_chains_that_disagree_are_named() -> None:
    fit = made_up_fit(two_trials(), chains=4, draws=600)
    fit.sites["z_slow_log_fall"][0] += 1.0
    fit.sites["trial_placebo"][1, :, 0] += 1.0
    fit.sites["z_visit_log_fall"][2] *= 3.0  # the same middle, another width: only folded draws show it
    assert unconverged(diagnostics(fit)) == ["slow_log_fall", "visit_log_fall", "trial_placebo[murrough2013]"]


def test_chains_that_creep_are_named_for_their_few_effective_draws() -> None:
    fit = made_up_fit(two_trials(), chains=4, draws=600)
    rng = np.random.default_rng(8)
    for column in range(1, 600):
        fit.sites["z_trial_sd"][:, column] = np.abs(
            0.97 * fit.sites["z_trial_sd"][:, column - 1] + 0.2 * rng.standard_normal(4)
        )
    rows = rows_by_name(fit)
    assert rows["trial_sd"]["bulk_sample_size"] < 400.0
    assert "trial_sd" in unconverged(list(rows.values()))


def test_chains_that_stood_still_are_named() -> None:
    fit = made_up_fit(two_trials(), chains=4, draws=600)
    fit.sites["z_contrast_active"][:] = 0.5
    assert unconverged(diagnostics(fit)) == ["contrast_active"]


def test_what_the_trials_taught_is_the_ratio_of_spreads() -> None:
    sharp = made_up_fit(two_trials(), chains=4, draws=600, width=0.5)
    rows = rows_by_name(sharp)
    prior = prior_draws()
    for name in ("fast_log_fall", "multiplier_sd", "multiplier_ocd", "contrast_active", "placebo_half_life_d"):
        after, before = sharp.values()[name], prior[name]
        assert rows[name]["prior_sd"] == pytest.approx(before.std())
        if name == "contrast_active":  # stated on the logit scale
            after, before = np.log(after / (1.0 - after)), np.log(before / (1.0 - before))
        if name == "placebo_half_life_d":  # stated on the log scale
            after, before = np.log(after), np.log(before)
        assert rows[name]["sd_over_prior_sd"] == pytest.approx(after.std() / before.std()), name
        assert rows[name]["informed"] is True
    wide = rows_by_name(made_up_fit(two_trials(), chains=4, draws=600))
    assert wide["fast_log_fall"]["informed"] is False


def test_the_parameters_that_trade_with_one_another_are_all_sampled() -> None:
    from ketascope.evidence.symptom_trials.estimation import CORRELATED

    assert set(CORRELATED) <= set(load_prior_rows(PRIOR_FILE))
    assert len(CORRELATED) == len(set(CORRELATED))
