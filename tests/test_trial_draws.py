"""The packaged joint draws of what was estimated from the trials: rows, table, and what the simulator draws of them."""

from __future__ import annotations

import re
import zlib

import numpy as np
import pytest

from ketascope.comparing.setting import DEFAULTS, Setting, make_setting
from ketascope.evidence.priors import load_prior_rows, priors_of
from ketascope.evidence.symptom_trials.states import LIMIT
from ketascope.model.parameter_store import load_parameters
from ketascope.model.scenario import choose_model, load_scenarios
from ketascope.model.symptoms import effects_from_draws, load_indication
from ketascope.model.uncertainty import load_joint_draws, population_draws

NAMES, TABLE = load_joint_draws("trials")
PRIORS = priors_of("trial_priors")
COLUMN = dict(zip(NAMES, TABLE.T, strict=True))
TRUNCATED = ("drive_half_saturation", "fast_off_half_life_h", "structure_off_half_life_d")
SIGNED = ("normal", "multiplier")
"""What may be below zero: harm is possible."""


def kind_of(name: str) -> str:
    """The prior's kind; a multiplier is a sum of normals with an uncertain SD, which is none of them."""
    return "multiplier" if "family" in load_prior_rows("trial_priors")[name] else PRIORS[name].kind


def setting_with(*scenarios: str) -> Setting:
    return make_setting(dict.fromkeys(DEFAULTS) | {"patients": 0}, None, "normal", (), scenarios)


# --- the table and its rows ------------------------------------------------------------------------


def test_the_draws_are_of_every_row_of_the_file_and_of_nothing_else() -> None:
    assert list(NAMES) == list(PRIORS)
    assert list(load_parameters().values_of("trials")) == list(NAMES)
    assert len(TABLE) >= 100
    assert np.isfinite(TABLE).all()


@pytest.mark.parametrize("name", NAMES)
def test_every_draw_is_a_possible_value(name: str) -> None:
    draws, prior = COLUMN[name], PRIORS[name]
    assert len(np.unique(draws)) > 0.5 * len(draws)
    if kind_of(name) not in SIGNED:
        assert (draws > 0.0).all()
    if kind_of(name) == "logit-normal":
        assert (draws < 1.0).all()
    if name in TRUNCATED:
        low, high = (float(prior.at(np, z)) for z in (-LIMIT, LIMIT))
        assert ((draws >= low * (1.0 - 1e-4)) & (draws <= high * (1.0 + 1e-4))).all()
        assert load_parameters()[f"trials.{name}"].range is not None


@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_the_middle_of_its_draws(name: str) -> None:
    """The table is thinned: its median has an error of about 1.25 SD over the root of what its draws are worth."""
    draws, row = COLUMN[name], load_parameters()[f"trials.{name}"]
    scale = np.log if kind_of(name) in ("log-normal", "half-normal") else np.asarray
    worth = 0.4 * len(draws)  # draws of a chain are not independent
    off = abs(float(scale(row.value) - np.median(scale(draws))))
    assert off < 4.0 * 1.25 * float(scale(draws).std()) / worth**0.5


@pytest.mark.parametrize("name", NAMES)
def test_a_row_says_its_prior_its_interval_and_whether_trials_moved_it(name: str) -> None:
    row, prior = load_parameters()[f"trials.{name}"], load_prior_rows("trial_priors")[name]
    assert row.source.startswith("estimated from the trials; prior ")
    assert prior["source"] in row.source
    said = re.search(r"posterior SD is ([\d.]+) of the prior's; 95% (-?[\d.e+-]+) to (-?[\d.e+-]+)$", row.note)
    assert said is not None, row.note
    share, low, high = (float(text) for text in said.groups())
    assert row.grade == ("estimated" if share < 0.8 else "not informed by trials") or share == 0.8
    assert low < row.value < high
    inside = np.mean((COLUMN[name] >= low) & (COLUMN[name] <= high))
    assert inside == pytest.approx(0.95, abs=4.0 * (0.95 * 0.05 / (0.4 * len(TABLE))) ** 0.5)


def test_the_tables_draws_are_not_independent_where_the_trials_tie_parameters_together() -> None:
    """Fast and slow part make up one effect at a day, so that more of one is less of the other."""
    assert np.corrcoef(COLUMN["fast_log_fall"], COLUMN["slow_log_fall"])[0, 1] < -0.2


# --- what the simulator draws ----------------------------------------------------------------------


def test_draws_of_the_trials_and_of_pharmacokinetics_are_chosen_independently() -> None:
    """Two estimations, two tables: the row of one says nothing of the row of the other."""
    assert zlib.crc32(b"trials") != zlib.crc32(b"pooled")
    drawn = population_draws(load_parameters(), 20_001, 5)
    one, other = drawn["trials.slow_log_fall"][1:], drawn["pooled.clearance_s_ketamine_l_per_h"][1:]
    assert abs(np.corrcoef(one, other)[0, 1]) < 4.0 / 20_000**0.5


def test_a_scenario_that_replaces_a_row_wins_over_its_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"no-placebo-in-gad": {"label": "x", "source": "y", "replaces": {"trials.placebo_log_fall_gad": 1e-3}}}
    monkeypatch.setattr("ketascope.model.scenario.load_scenarios", lambda: {**load_scenarios(), **table})
    chosen, usual = setting_with("no-placebo-in-gad"), setting_with()
    assert set(chosen.effects.placebo) == {1e-3}
    assert len(set(usual.effects.placebo)) > 20
    assert np.array_equal(chosen.effects.visit, usual.effects.visit)


@pytest.mark.parametrize("indication", ["gad", "mdd"])
def test_a_control_of_a_scenario_uses_the_draws_of_its_own_row(indication: str) -> None:
    model = choose_model(["active-control"])
    drawn = population_draws(model.parameters, 64, 0)
    state = dict.fromkeys(("unblinding", "fast", "slow"), np.ones(64))
    effects = effects_from_draws(load_indication(indication), drawn, state, model.parameters, model.control)
    assert np.array_equal(effects.contrast, drawn["trials.contrast_active"])
    assert len(set(effects.contrast)) > 10


# --- what a population is made of ------------------------------------------------------------------


def test_draws_reach_every_part_of_the_effects_together() -> None:
    """The effects of one draw are those of one row of the table: no part is taken from another."""
    setting = setting_with()
    points = COLUMN["ssri_difference_points_gad"]
    for draw in range(1, 40):
        (row,) = np.flatnonzero(COLUMN["placebo_log_fall_gad"] == setting.effects.placebo[draw])[:1]
        for field, name in (
            ("placebo_half_life_d", "placebo_half_life_d"),
            ("placebo_sd", "placebo_between_patient_sd_gad"),
            ("visit", "visit_log_fall"),
            ("ssri_half_life_d", "ssri_half_life_d_gad"),
        ):
            assert getattr(setting.effects, field)[draw] == COLUMN[name][row], field
        reached = 1.0 - 2.0 ** (-7.0 * 8.0 / COLUMN["ssri_half_life_d_gad"][row])
        assert setting.effects.ssri_points[draw] == pytest.approx(points[row] / reached, rel=1e-12)


def test_constants_of_the_states_are_drawn_for_reference_and_options_alike() -> None:
    """The reference state of a draw is that of its own constants, so that a log fall is reached at the reference."""
    from ketascope.comparing.reference import reference_states

    setting = setting_with()
    states = reference_states(setting.model, setting.sampling, setting.draws)
    for part in ("fast", "slow"):
        assert len(set(states[part])) > 0.3 * len(setting.effects.fast)
        multiplier = setting.draws["trials.multiplier_gad"]
        fall = getattr(setting.effects, part) * states[part]
        assert fall == pytest.approx(setting.draws[f"trials.{part}_log_fall"] * multiplier, rel=1e-9)
