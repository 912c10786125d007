"""What the fit says of a trial is what the simulator says of it, and each trial counts as it should and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from ketascope.evidence.priors import priors_of
from ketascope.evidence.symptom_trials import likelihood
from ketascope.evidence.symptom_trials.calibration import FULL_WEIGHT, calibration_parameters, packaged_design
from ketascope.evidence.symptom_trials.design import SAMPLING, Design
from ketascope.evidence.symptom_trials.estimation import PRIOR_FILE, families
from ketascope.evidence.symptom_trials.states import FAST_OFF, SATURATION, STRUCTURE_OFF, weights_at
from ketascope.evidence.symptom_trials.trial_file import PLACEBO_OF, assumptions
from ketascope.model import placebo, ssri
from ketascope.model.parameter_store import ParameterSet
from ketascope.model.symptoms import (
    CONTRAST_ROWS,
    Effects,
    Indication,
    PopulationMeans,
    StateCourse,
    effects_from_draws,
    load_indication,
    population_means,
)
from ketascope.people import Person, typical_normals
from ketascope.regimen import parse
from ketascope.simulation import run_patients
from trial_fixtures import design_of, make, middle_values, no_effects, some_values, trial

SEEDS = (1, 2, 3)
FOREVER = [(0.0, 1e4)]  # the SSRI's course
NEVER: list[tuple[float, float]] = []


@pytest.fixture(scope="module", autouse=True)
def double_precision() -> None:
    from ketascope.solver.engine import configure_jax

    configure_jax()


@pytest.fixture(scope="module")
def whole() -> Design:
    return packaged_design(FULL_WEIGHT)


@lru_cache(maxsize=16)
def parts_of(seed: int) -> Any:
    """Parts of the log fall of the whole design for a draw of the priors, without effects of trials."""
    design = packaged_design(FULL_WEIGHT)
    return likelihood.falls(design, some_values(seed), families(), no_effects(design))


def number(design: Design, key: str) -> int:
    return [item.key for item in design.trials].index(key)


def readouts_of(design: Design, key: str) -> dict[tuple[str, float], int]:
    """Places of a trial's readouts by arm and time."""
    return {(arm, time): at for (k, arm, time), at in design.key_index.items() if design.trials[k].key == key}


# --- the same numbers as the simulator -----------------------------------------------------------------


def trial_indication(design: Design, at: int) -> tuple[Indication, ParameterSet]:
    """The simulator's indication with the scale, baseline and response of a readout's trial."""
    item = design.trials[design.readouts.trial[at]]
    name = PLACEBO_OF.get(item.indication, item.indication)
    own, r = load_indication(name), design.readouts
    changed = replace(
        own,
        minimum=float(r.minimum[at]),
        maximum=float(r.maximum[at]),
        baseline=float(r.baseline[at]),
        response_fall=item.response_fall or own.response_fall,
    )
    rows = calibration_parameters()
    wider = (changed.maximum - changed.minimum) / (own.maximum - own.minimum)
    row = f"symptoms.{name}_residual_sd"
    return changed, rows.replaced({row: rows.value(row) * wider})


def states(design: Design, at: int, values: Mapping[str, float]) -> dict[str, float]:
    """Fast and slow state of a readout at the drawn constants, and those of the reference regimen."""
    w = {name: weights_at(np, values[f"z_{name}"]) for name in (SATURATION, FAST_OFF, STRUCTURE_OFF)}
    r = design.readouts
    return {
        "fast": float(w[SATURATION] @ r.fast[at] @ w[FAST_OFF]),
        "slow": float(w[SATURATION] @ r.slow[at] @ w[STRUCTURE_OFF]),
        "unblinding": float(r.unblinding[at]),
        "reference fast": float(w[SATURATION] @ design.reference_fast @ w[FAST_OFF]),
        "reference slow": float(w[SATURATION] @ design.reference_slow @ w[STRUCTURE_OFF]),
        "reference unblinding": design.reference_unblinding,
    }


def simulator_effects(
    item: Any, indication: Indication, values: Mapping[str, float], found: Mapping[str, float], scale_ratio: float
) -> Effects:
    """The simulator's effects for these values, through the function that `compare` uses."""
    rows = calibration_parameters()
    names = [name for name in rows if name.startswith(("symptoms.", "unblinding."))]
    draws = {name: np.array([rows.value(name)]) for name in names}
    draws |= {f"trials.{name}": np.array([value]) for name, value in values.items() if not name.startswith("z_")}
    multiplier = likelihood.multipliers(values, families())[item.indication]
    draws[f"trials.multiplier_{indication.name}"] = np.array([multiplier])
    reference = {part: np.array([found[f"reference {part}"]]) for part in ("fast", "slow", "unblinding")}
    control = item.control if item.control in CONTRAST_ROWS else "inert"
    effects = effects_from_draws(indication, draws, reference, rows, control)
    if item.control == "pill":
        effects = replace(effects, contrast=np.zeros(1))
    if item.control == "mixed":
        effects = replace(effects, contrast=0.5 * (1.0 + draws["trials.contrast_active"]))
    return replace(effects, ssri_points=effects.ssri_points * scale_ratio)


def simulator_means(
    design: Design, at: int, values: Mapping[str, float], found: Mapping[str, float] | None = None
) -> PopulationMeans:
    """Mean change and response rate of one readout by the simulator's own functions."""
    key = next(key for key, position in design.key_index.items() if position == at)
    item, r = design.trials[key[0]], design.readouts
    arm = item.arms[key[1]]
    indication, rows = trial_indication(design, at)
    found = states(design, at, values) if found is None else found
    own = load_indication(indication.name)
    ratio = (indication.maximum - indication.minimum) / (own.maximum - own.minimum)
    effects = simulator_effects(item, indication, values, found, ratio)
    treated = float(bool(arm.sentences))
    time = np.array([key[2]])
    course = StateCourse(
        times_h=time,
        fast=np.array([[treated * found["fast"]]]),
        slow=np.array([[treated * found["slow"]]]),
        unblinding=np.array([[treated * found["unblinding"]]]),
        ssri=ssri.ssri_state(FOREVER if arm.antidepressant else NEVER, effects.ssri_half_life_d, time),
        visits=r.visits[at : at + 1],
    )
    active = bool(arm.sentences) or arm.antidepressant
    return population_means(indication, rows, effects, course, active, rated=np.array([0]))


@pytest.mark.parametrize("seed", SEEDS)
def test_mean_changes_are_the_simulators_for_every_arm_time_and_scale(whole: Design, seed: int) -> None:
    values = some_values(seed)
    ours = np.asarray(likelihood.mean_changes(whole, parts_of(seed)))
    theirs = np.array([simulator_means(whole, at, values).change[0, 0] for at in range(len(ours))])
    assert np.abs(ours - theirs).max() < 1e-6
    assert np.ptp(ours) > 10.0, "arms differ"


@pytest.mark.parametrize("seed", SEEDS)
def test_response_rates_are_the_simulators(whole: Design, seed: int) -> None:
    values = some_values(seed)
    rates = np.asarray(likelihood.response_rates(whole, parts_of(seed)))
    assert len(rates) == len(whole.responses) > 10
    compared = 0
    for row, (own, (_, figure)) in enumerate(zip(whole.response_at, whole.responses, strict=True)):
        if len(set(own)) == 1:
            theirs = simulator_means(whole, int(own[0]), values).response[0, 0]
            # The simulator integrates the step at the threshold more finely; a count of people knows no such digits.
            assert rates[row] == pytest.approx(theirs, abs=2e-3), figure
            compared += 1
    assert compared == len(rates) - 2, "only Taylor's two arms count a response at any of several times"


def test_a_fitted_mean_is_what_a_simulation_of_the_regimen_gives(whole: Design) -> None:
    """No surfaces between: the constants themselves are given to the simulator."""
    values = some_values(1)
    ours = np.asarray(likelihood.mean_changes(whole, parts_of(1)))
    reference = simulate("ketamine 0.5 mg/kg IV over 40 min", (2.0, 24.0), values)
    for key in ("feder2021", "daly2018"):
        arms = whole.trials[number(whole, key)].arms
        for (arm, time), at in readouts_of(whole, key).items():
            found = {"fast": 0.0, "slow": 0.0, "unblinding": 0.0}
            if arms[arm].sentences:
                found = {name: state[0] for name, state in simulate(arms[arm].sentences[0], (time,), values).items()}
            found |= {"reference fast": reference["fast"][1], "reference slow": reference["slow"][1]}
            found["reference unblinding"] = reference["unblinding"][0]
            theirs = simulator_means(whole, at, values, found).change[0, 0]
            assert ours[at] == pytest.approx(theirs, abs=2e-3), (arm, time)


def simulate(sentence: str, times_h: tuple[float, ...], values: Mapping[str, float]) -> dict[str, np.ndarray]:
    doses = [dose for dose in parse(sentence).doses(Person().weight_kg) if dose.time_h < max(24.0, times_h[-1])]
    run = run_patients(
        doses,
        Person(),
        SAMPLING,
        calibration_parameters(),
        typical_normals(1),
        max(24.0, times_h[-1]),
        times_h,
        {f"trials.{name}": np.array([values[name]]) for name in (SATURATION, FAST_OFF, STRUCTURE_OFF)},
        check=False,
    )
    channels = {"fast": "fast", "slow": "plasticity", "unblinding": "unblinding"}
    return {name: run.at(channel, np.asarray(times_h))[:, 0] for name, channel in channels.items()}


def test_visits_of_a_control_arm_are_those_of_the_arm_it_controls(whole: Design) -> None:
    parameters = calibration_parameters()
    half_lives = [parameters.value(f"placebo.{name}") for name in ("visit_half_life_h", "visit_rise_half_life_h")]
    for key, visits_h in (("feder2021", [56.0 * i for i in range(6)]), ("daly2018", [0.0, 72.0]), ("durgam2016", [])):
        for (_, time), at in readouts_of(whole, key).items():
            earlier = [visit for visit in visits_h if visit < time]
            expected = placebo.visit_lift(earlier, np.array([time]), *half_lives)
            assert whole.readouts.visits[at] == pytest.approx(expected[0]), (key, time)


# --- spread of change ----------------------------------------------------------------------------------


def test_spread_of_change_is_that_of_simulated_patients(whole: Design) -> None:
    """Patients drawn at random from the same distributions: placebo response, drug response and rating error."""
    parts = parts_of(2)
    ours = np.exp(np.asarray(likelihood.log_change_sd(whole, parts)))
    background, drug, spread = (np.asarray(part) for part in parts)
    rng = np.random.default_rng(0)
    z, response, error = rng.standard_normal((3, 200_000))
    sd = calibration_parameters().value("symptoms.drug_response_sd")
    assert len(ours) == len(whole.spread_at) > 8
    r = whole.readouts
    for row, at in enumerate(whole.spread_at):
        fall = background[at] + spread[at] * z + drug[at] * np.exp(sd * response - 0.5 * sd**2)
        score = np.minimum(r.maximum[at], r.minimum[at] + (r.baseline[at] - r.minimum[at]) * np.exp(-fall))
        assert ours[row] == pytest.approx((score + r.residual_sd[at] * error).std(), rel=0.01)


def test_printed_sds_have_the_sampling_error_of_a_log_sd() -> None:
    design = design_of("singh2016", "transform12")
    rows = [row for _, row in design.figures if row.kind == "change" and row.sd]
    assert np.exp(design.log_spread) == pytest.approx([row.sd for row in rows])
    assert design.log_spread_error == pytest.approx([(2.0 * (row.n - 1)) ** -0.5 for row in rows])


# --- what a control and a trial's own effects do -------------------------------------------------------


def background_of(design: Design, values: Mapping[str, float], effects: Mapping[str, Any] | None = None) -> np.ndarray:
    return np.asarray(likelihood.falls(design, values, families(), effects or no_effects(design))[0])


@pytest.mark.parametrize(
    ("key", "share"),
    [("lii2023", 0.0), ("murrough2013", 0.3), ("lapidus2014", 1.0), ("hartland2023", 0.65), ("durgam2016", 0.0)],
    ids=["masked", "active", "inert", "mixed", "pill"],
)
def test_unblinding_counts_by_the_control_and_in_the_treated_arm_alone(whole: Design, key: str, share: float) -> None:
    values = {**some_values(1), "contrast_active": 0.3}
    none = background_of(whole, {**values, "unblinding_log_fall": 0.0})
    felt = background_of(whole, {**values, "unblinding_log_fall": 0.4}) - none
    r, own = whole.readouts, list(readouts_of(whole, key).values())
    expected = r.active * share * 0.4 * r.unblinding / whole.reference_unblinding
    assert felt[own] == pytest.approx(expected[own], abs=1e-12)
    assert (expected[own].max() > 0.001) == (share > 0.0)
    assert np.all(felt[r.active == 0.0] == 0.0)


def test_the_drugs_parts_are_the_log_falls_after_the_reference_regimen(whole: Design) -> None:
    """A day after one infusion of 0.5 mg/kg in depression the drug's part is the sum of both, whatever D50."""
    at = readouts_of(whole, "murrough2013")
    for seed in SEEDS:
        values = some_values(seed)
        _, drug, _ = parts_of(seed)
        assert float(drug[at["ket", 24.0]]) == pytest.approx(
            values["fast_log_fall"] + values["slow_log_fall"], rel=1e-5
        )
        assert float(drug[at["mdz", 24.0]]) == 0.0


def test_an_indication_multiplies_the_drugs_parts_and_depression_does_not(whole: Design) -> None:
    values = {**some_values(5), "multiplier_sd": 0.5, "multiplier_ocd": -0.8, "multiplier_anxiety_mixed": 0.2}
    values |= {"multiplier_gad": 0.4, "multiplier_sad": -0.6, "multiplier_ptsd": 1.0}
    found = likelihood.multipliers(values, families())
    assert found["mdd"] == 1.0
    assert found["ocd"] == pytest.approx(0.6)
    assert found["ptsd"] == pytest.approx(1.5)
    assert found["anxiety_mixed"] == pytest.approx(1.1)
    assert found["gad"] == pytest.approx(1.1 + 0.2), "varies around the mixed samples"
    assert found["sad"] == pytest.approx(1.1 - 0.3)
    plain = {**values, "multiplier_sd": 0.0}
    one, other = (np.asarray(likelihood.falls(whole, v, families(), no_effects(whole))[1]) for v in (plain, values))
    for key, factor in (("rodriguez2013", 0.6), ("feder2021", 1.5), ("daly2018", 1.0), ("taylor2018", 0.8)):
        own = list(readouts_of(whole, key).values())
        assert other[own] == pytest.approx(factor * one[own])


def test_a_trials_own_benefit_shifts_what_is_tested_and_nothing_else(whole: Design) -> None:
    values = some_values(3)
    benefit = np.random.default_rng(0).standard_normal(len(whole.trials))
    effects = {"benefit": benefit, "placebo": np.zeros(len(whole.trials))}
    shift = background_of(whole, values, effects) - background_of(whole, values)
    r, tested = whole.readouts, {}
    for (k, arm, _), at in whole.key_index.items():
        own = whole.trials[k].arms[arm]
        tested[whole.trials[k].key, arm] = bool(own.sentences) if whole.trials[k].is_ketamine else own.antidepressant
        points = benefit[k] * r.endpoint_sd[at] if tested[whole.trials[k].key, arm] else 0.0
        assert shift[at] == pytest.approx(points / (r.baseline[at] - r.minimum[at]), abs=1e-12), (k, arm)
    assert tested["transform12", "esk"]
    assert not tested["transform12", "pbo"], "the SSRI beside both is not what is tested"
    assert tested["martenyi2007", "drug40"]
    assert not tested["martenyi2007", "pbo"]


def test_both_arms_of_an_add_on_trial_keep_the_antidepressant(whole: Design) -> None:
    values = some_values(3)
    with_it = background_of(whole, {**values, "ssri_difference_points_mdd": 3.0})
    kept = with_it - background_of(whole, {**values, "ssri_difference_points_mdd": 0.0})
    at = readouts_of(whole, "transform12")
    for time in (24.0, 672.0):
        assert kept[at["esk", time]] == pytest.approx(kept[at["pbo", time]], rel=1e-12)
        assert kept[at["esk", time]] > 0.0
    assert np.all(kept[list(readouts_of(whole, "daly2018").values())] == 0.0)


def test_a_trials_own_placebo_response_stands_in_every_arm(whole: Design) -> None:
    values = {**some_values(3), "ssri_difference_points_gad": 0.0}
    effects = {"benefit": np.zeros(len(whole.trials)), "placebo": np.linspace(-0.2, 0.3, len(whole.trials))}
    shift = background_of(whole, values, effects) - background_of(whole, values)
    for key in ("daly2018", "durgam2016"):
        for (_, time), at in readouts_of(whole, key).items():
            reached = 1.0 - 2.0 ** (-time / 24.0 / values["placebo_half_life_d"])
            assert shift[at] == pytest.approx(effects["placebo"][number(whole, key)] * reached)


def test_trials_effects_have_the_size_of_their_kind_and_pools_have_none() -> None:
    design = design_of("hartland2023", "daly2018", "durgam2016", "abdallah2022", "friedman2007")
    values = {"trial_sd": 0.3, "ssri_trial_sd": 0.1, "placebo_trial_sd": 0.2}
    own = {"benefit": np.ones(5), "placebo": np.ones(5)}
    effects = likelihood.trial_effects(design, values, own)
    assert np.asarray(effects["benefit"]) == pytest.approx([0.0, 0.3, 0.1, 0.0, 0.0]), "bounds integrate theirs out"
    assert np.asarray(effects["placebo"]) == pytest.approx([0.0, 0.2, 0.2, 0.2, 0.2])


# --- a response at any of several times ----------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_a_response_at_any_of_several_ratings_is_at_least_as_frequent_as_at_each(whole: Design, seed: int) -> None:
    rates = np.asarray(likelihood.response_rates(whole, parts_of(seed)))
    several = [row for row, own in enumerate(whole.response_at) if len(set(own)) > 1]
    assert {whole.trials[whole.response_trial[row]].key for row in several} == {"taylor2018"}
    for column in range(whole.response_at.shape[1]):
        single = replace(whole, response_at=whole.response_at[:, [column]])
        alone = np.asarray(likelihood.response_rates(single, parts_of(seed)))
        assert np.all(rates[several] >= alone[several] - 1e-12)
    assert np.all((rates > 0.0) & (rates < 1.0))


def test_a_response_that_passes_is_counted_at_its_best_rating(whole: Design) -> None:
    """An effect that fades with hardly any placebo response is largest at the first of the ratings."""
    values = {**some_values(1), "slow_log_fall": 0.6, "multiplier_sd": 0.0, "placebo_log_fall_sad": 0.02}
    parts = likelihood.falls(whole, values, families(), no_effects(whole))
    row = next(
        i for i, (k, own) in enumerate(whole.responses) if (whole.trials[k].key, own.arm) == ("taylor2018", "ket")
    )
    rate = np.asarray(likelihood.response_rates(whole, parts))[row]
    alone = [
        np.asarray(likelihood.response_rates(replace(whole, response_at=whole.response_at[:, [column]]), parts))[row]
        for column in range(3)
    ]
    assert alone[0] > alone[1] + 0.01 > alone[2] + 0.02
    assert rate == pytest.approx(alone[0], abs=0.01)
    assert rate >= alone[0] - 1e-12


def test_a_row_with_fewer_times_than_the_widest_repeats_its_last() -> None:
    design = design_of("taylor2018", "rodriguez2013")
    assert design.response_at.shape == (4, 3)
    for row, (k, figure) in enumerate(design.responses):
        expected = [design.key_index[k, figure.arm, time] for time in figure.window_h]
        assert list(design.response_at[row]) == expected + [expected[-1]] * (3 - len(expected))


# --- covariance of reading errors ----------------------------------------------------------------------


def test_daly_differences_from_the_shared_placebo_arm_have_the_covariance_of_theory() -> None:
    design = design_of("daly2018")
    rows = {(row.arm, row.time_h): (index, row) for index, (_, row) in enumerate(design.figures)}
    contrasts = [(arm, time) for arm in ("esk28", "esk56", "esk84") for time in (2.0, 24.0, 168.0)]
    to_contrasts = np.zeros((9, 12))
    for line, (arm, time) in zip(to_contrasts, contrasts, strict=True):
        line[rows[arm, time][0]], line[rows["pbo", time][0]] = 1.0, -1.0
    ours = to_contrasts @ design.covariance @ to_contrasts.T
    r = assumptions()["correlation_between_times"]

    def error(arm: str, time: float) -> float:
        return rows[arm, time][1].error

    for i, (arm, time) in enumerate(contrasts):
        for j, (other, later) in enumerate(contrasts):
            along = 1.0 if time == later else r
            shared = error("pbo", time) * error("pbo", later)
            own = error(arm, time) * error(other, later) if arm == other else 0.0
            assert ours[i, j] == pytest.approx(along * (shared + own)), (arm, time, other, later)
    assert np.linalg.eigvalsh(ours).min() > 0.0


def test_covariance_is_symmetric_positive_definite_and_within_trials(whole: Design) -> None:
    covariance = whole.covariance
    assert covariance == pytest.approx(covariance.T, rel=1e-14)
    assert np.linalg.eigvalsh(covariance).min() > 0.0
    assert np.sqrt(np.diag(covariance)) == pytest.approx([row.error for _, row in whole.figures])
    apart = whole.figure_trial[:, None] != whole.figure_trial[None, :]
    assert np.all(covariance[apart] == 0.0)
    assert np.all(whole.whiten[apart] == 0.0)
    assert whole.whiten @ covariance @ whole.whiten.T == pytest.approx(np.eye(len(covariance)), abs=1e-9)


def correlation(design: Design) -> np.ndarray:
    sd = np.sqrt(np.diag(design.covariance))
    return design.covariance / np.outer(sd, sd)


def test_ratings_at_several_times_are_correlated_and_groups_of_people_are_not() -> None:
    r = assumptions()["correlation_between_times"]
    pool = correlation(design_of("hartland2023"))
    assert pool == pytest.approx(np.where(np.eye(3) == 1.0, 1.0, r))
    assert correlation(design_of("lii2023"))[0] == pytest.approx([1.0, r, r, r])
    assert correlation(design_of("transform12")) == pytest.approx(np.eye(4)), "women and men, treated and not"
    assert correlation(design_of("singh2016")) == pytest.approx(np.eye(4))


def test_printed_differences_from_one_control_share_half_of_their_variance() -> None:
    for key in ("asakura2016", "janik2025"):
        assert correlation(design_of(key)) == pytest.approx(np.array([[1.0, 0.5], [0.5, 1.0]])), key


def test_a_pools_power_widens_its_errors_and_no_others() -> None:
    pool_and_trial = (trial("hartland2023"), trial("feder2021"))
    full, tempered = make(pool_and_trial, pooled_weight=1.0), make(pool_and_trial)
    assert assumptions()["pooled_estimate_weight"] == 0.5
    ratio = tempered.covariance[full.covariance != 0.0] / full.covariance[full.covariance != 0.0]
    assert sorted(set(np.round(ratio, 12))) == [1.0, 2.0]
    assert tempered.covariance[3, 3] == full.covariance[3, 3]


def test_figures_are_read_off_the_mean_changes_as_they_were_printed() -> None:
    design = design_of("feder2021", "hartland2023", "singh2016", "abdallah2022", "lii2023")
    change = np.random.default_rng(0).standard_normal(len(design.key_index))
    read = design.mean_map @ change
    sd = design.readouts.endpoint_sd
    for (k, row), figure in zip(design.figures, read, strict=True):
        at = {arm: [design.key_index[k, arm, time] for time in row.window_h] for arm in (row.arm, row.against) if arm}
        scale = sd[at[row.arm][0]] if row.kind == "smd" else 1.0
        expected = change[at[row.arm]].mean() / scale
        if row.against:
            expected -= change[at[row.against]].mean() / scale
        assert figure == pytest.approx(expected), row
    (bound,) = design.bound_map @ change
    treated, control = (design.key_index[3, arm, 672.0] for arm in ("ket05", "sal"))
    assert bound == pytest.approx((change[treated] - change[control]) / sd[treated])


# --- the density ---------------------------------------------------------------------------------------

SMALL = ("hartland2023", "taylor2018", "abdallah2022", "singh2016", "lapidus2014", "durgam2016")


def normals(design: Design, seed: int | None) -> dict[str, Any]:
    """Values of all sites: the middle of the priors, or a draw from them."""
    rng, trials = np.random.default_rng(seed), len(design.trials)
    sites: dict[str, Any] = {}
    for name, prior in priors_of(PRIOR_FILE).items():
        z = 0.0 if seed is None else float(np.clip(rng.standard_normal(), -3.0, 3.0))
        sites[f"z_{name}"] = np.asarray(max(abs(z), 0.1) if prior.kind == "half-normal" else z)
    for name in likelihood.TRIAL_EFFECTS:
        sites[f"trial_{name}"] = np.zeros(trials) if seed is None else rng.standard_normal(len(design.trials))
    return sites


def log_density(design: Design, weights: Any, sites: Mapping[str, Any]) -> Any:
    from numpyro.infer.util import log_density as numpyro_density

    arguments = (design, priors_of(PRIOR_FILE), families(), weights)
    return numpyro_density(likelihood.model, arguments, {}, dict(sites))[0]


def density(design: Design, weights: Any, sites: Mapping[str, Any]) -> float:
    return float(log_density(design, weights, sites))


@pytest.fixture(scope="module")
def small() -> Design:
    return design_of(*SMALL)


def test_the_density_is_the_sum_of_the_prior_and_each_trials_own_part(small: Design) -> None:
    sites = normals(small, 1)
    ones = np.ones(len(SMALL))
    prior = density(small, 0.0 * ones, sites)
    alone = [density(small, np.eye(len(SMALL))[k], sites) - prior for k in range(len(SMALL))]
    assert density(small, ones, sites) == pytest.approx(prior + sum(alone), rel=1e-12)
    assert all(part != 0.0 for part in alone)


def test_the_prior_alone_is_left_where_every_trial_is_left_out(small: Design) -> None:
    from scipy.stats import halfnorm, norm, truncnorm

    from ketascope.evidence.symptom_trials.states import LIMIT

    sites = normals(small, 2)
    expected = sum(norm.logpdf(sites[f"trial_{name}"]).sum() for name in likelihood.TRIAL_EFFECTS)
    for name, prior in priors_of(PRIOR_FILE).items():
        law = truncnorm(-LIMIT, LIMIT) if name in likelihood.TRUNCATED else norm
        expected += (halfnorm if prior.kind == "half-normal" else law).logpdf(sites[f"z_{name}"])
    assert density(small, np.zeros(len(SMALL)), sites) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("key", SMALL)
def test_a_trial_left_out_has_no_part_in_the_density_whatever_it_found(small: Design, key: str) -> None:
    k = SMALL.index(key)
    weights = np.where(np.arange(len(SMALL)) == k, 0.0, 1.0)
    sites = normals(small, 3)
    other = replace(
        small,
        observed=small.observed - 7.0 * (small.figure_trial == k),
        events=np.where(small.response_trial == k, small.people - small.events, small.events),
        log_spread=small.log_spread + 0.4 * (small.spread_trial == k),
        bound_limit=small.bound_limit + 0.3 * (small.bound_trial == k),
    )
    assert density(other, weights, sites) == density(small, weights, sites)
    assert density(other, np.ones(len(SMALL)), sites) != density(small, np.ones(len(SMALL)), sites)


def test_each_kind_of_row_has_the_density_of_theory(small: Design) -> None:
    from scipy.stats import binom, multivariate_normal, norm

    sites = normals(small, 4)
    values = {name: float(prior.at(np, sites[f"z_{name}"])) for name, prior in priors_of(PRIOR_FILE).items()}
    values |= {f"z_{name}": float(sites[f"z_{name}"]) for name in likelihood.TRUNCATED}
    own = {name: sites[f"trial_{name}"] for name in likelihood.TRIAL_EFFECTS}
    parts = likelihood.falls(small, values, families(), likelihood.trial_effects(small, values, own))
    change = np.asarray(likelihood.mean_changes(small, parts))
    prior = density(small, np.zeros(len(SMALL)), sites)

    def part(key: str) -> float:
        return density(small, np.eye(len(SMALL))[SMALL.index(key)], sites) - prior

    def of(key: str, where: np.ndarray) -> np.ndarray:
        return np.flatnonzero(where == SMALL.index(key))

    # Constants that no parameter changes are left out of the density.
    at = of("hartland2023", small.figure_trial)
    covariance = small.covariance[np.ix_(at, at)]
    normal = multivariate_normal((small.mean_map @ change)[at], covariance)
    constant = multivariate_normal(np.zeros(3), covariance).logpdf(np.zeros(3))
    assert part("hartland2023") == pytest.approx(normal.logpdf(small.observed[at]) - constant)

    rates = np.asarray(likelihood.response_rates(small, parts))
    counts = binom(small.people.astype(int), rates).logpmf(small.events)
    choices = binom(small.people.astype(int), 0.5).logpmf(small.events) + small.people * np.log(2.0)
    assert part("taylor2018") == pytest.approx((counts - choices).sum())

    error = np.hypot(small.bound_error[0], values["trial_sd"])
    middle = float((small.bound_map @ change)[0])
    inside = norm.cdf(small.bound_limit[0], middle, error) - norm.cdf(-small.bound_limit[0], middle, error)
    assert part("abdallah2022") == pytest.approx(np.log(inside))

    at, spread = of("singh2016", small.figure_trial), of("singh2016", small.spread_trial)
    errors = np.sqrt(np.diag(small.covariance))[at]
    means = norm.logpdf(small.observed[at], (small.mean_map @ change)[at], errors) - norm.logpdf(0.0, 0.0, errors)
    wide = np.hypot(small.log_spread_error[spread], assumptions()["spread_misfit"])
    sds = norm.logpdf(small.log_spread[spread], np.asarray(likelihood.log_change_sd(small, parts))[spread], wide)
    assert part("singh2016") == pytest.approx(means.sum() + (sds - norm.logpdf(0.0, 0.0, wide)).sum())


def test_gradient_is_finite_at_the_middle_of_the_priors_and_wherever_they_reach(whole: Design) -> None:
    import jax

    def slope(sites: Any) -> Any:
        return jax.grad(lambda own: log_density(whole, np.ones(len(whole.trials)), own))(sites)

    points = [normals(whole, None), *(normals(whole, seed) for seed in range(20))]
    stacked = {name: np.stack([np.asarray(point[name]) for point in points]) for name in points[0]}
    slopes = jax.jit(jax.vmap(slope))(stacked)
    for name, table in slopes.items():
        assert np.all(np.isfinite(table)), name
    assert any(np.abs(table).max() > 1.0 for table in slopes.values())


def test_middle_of_the_priors_has_no_spread_between_trials_or_indications() -> None:
    values = middle_values()
    assert values["trial_sd"] == values["ssri_trial_sd"] == values["multiplier_sd"] == 0.0
    assert likelihood.multipliers(values, families()) == dict.fromkeys(["mdd", *families()], 1.0)
