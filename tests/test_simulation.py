"""A run of one regimen in many people: what it accepts, how it refines its grid, and the compiled program behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from ketascope.errors import InputError
from ketascope.model import cascade
from ketascope.model.absorption import individual_depots, step_inputs
from ketascope.model.covariates import apply_first_pass
from ketascope.model.disposition import modes_of_both, steps_of
from ketascope.model.exposure import concentrations, prepare
from ketascope.model.parameter_store import load_parameters
from ketascope.model.pharmacokinetics import SERIES
from ketascope.model.plasma import plasma, plasmas
from ketascope.people import Person, individual_values, random_normals, typical_normals
from ketascope.regimen import Dose, load_presets, parse
from ketascope.simulation import (
    CHECK_SEED,
    ERROR_TOLERANCE,
    PATIENT_LIMIT,
    CheckedGrid,
    PatientRun,
    check_grid,
    check_numbers,
    patient_normals,
    run_patients,
)
from ketascope.solver import engine
from ketascope.solver.gradients import jax_step
from ketascope.solver.grid import halved
from ketascope.solver.native.engine import DEFAULT_LAYOUT
from ketascope.solver.native.program import program

PERSON = Person()
ROWS = load_parameters()
CHAIN_STEP = jax_step(cascade.CHAIN)
PRESETS = {o.id: o.sentence for o in load_presets() if o.sentence is not None and "ketamine" in o.sentence}
ANAESTHETIC = "ketamine 2 mg/kg IV"
MIXED = "ketamine 50 mg SL & ketamine 50 mg oral after 1 h & ketamine 50 mg nasal after 2 h"
SAMPLINGS = tuple(plasmas())
VENOUS, ARTERIAL = (tuple(n for n, place in plasmas().items() if place.site == s) for s in ("venous", "arterial"))
# Hydroxynorketamine drives nothing: the chain is solved without it.
OUTSIDE_THE_CHAIN = {"hydroxynorketamine"}


def doses_of(sentence: str) -> tuple[Dose, ...]:
    return parse(sentence).doses(PERSON.weight_kg)


def run(
    sentence: str,
    patients: int = 3,
    sampling: str = "venous-published",
    until_h: float = 48.0,
    wanted: Sequence[float] = (),
    check: bool = True,
) -> PatientRun:
    normals = random_normals(5, patients)
    return run_patients(doses_of(sentence), PERSON, sampling, ROWS, normals, until_h, wanted, check=check)


# What a run accepts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 0, "venous"), f"patients -1: must be 0 (the typical patient) to {PATIENT_LIMIT}"),
        ((PATIENT_LIMIT + 1, 0, "venous"), f"patients {PATIENT_LIMIT + 1}: must be 0 (the typical patient) to"),
        ((1, -1, "venous"), "seed -1: must be a whole number from 0 to 2^63 - 1"),
        ((1, 2**63, "venous"), f"seed {2**63}: must be a whole number from 0 to 2^63 - 1"),
        ((1, 0, "capillary"), "sampling 'capillary': must be one of venous, arterial, venous-published"),
    ],
)
def test_numbers_out_of_range_are_refused_in_one_line(arguments: tuple[int, int, str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_numbers(*arguments)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


LIMITS = ((0, 0), (PATIENT_LIMIT, 2**63 - 1))


@pytest.mark.parametrize("arguments", [(n, seed, s) for n, seed in LIMITS for s in SAMPLINGS])
def test_the_limits_themselves_are_accepted(arguments: tuple[int, int, str]) -> None:
    check_numbers(*arguments)


def test_zero_patients_is_the_typical_patient() -> None:
    np.testing.assert_array_equal(patient_normals(0, 5), typical_normals())
    np.testing.assert_array_equal(patient_normals(4, 5), random_normals(5, 4))


# What a run returns -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_it_starts_at_rest(sampling: str) -> None:
    result = run("ketamine 0.5 mg/kg IM", sampling=sampling)
    assert result.grid_h[0] == 0.0
    start = dict(zip(cascade.CHANNELS, result.outputs[0], strict=True))
    assert (start.pop("glutamate_fold") == 1.0).all()
    assert not any(values.any() for values in start.values())


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_shapes_follow_grid_channels_and_patients(sampling: str) -> None:
    result = run("ketamine 0.5 mg/kg IM", patients=5, sampling=sampling)
    assert result.outputs.shape == (len(result.grid_h), len(cascade.CHANNELS), 5)
    assert result.channel("block").shape == (len(result.grid_h), 5)
    assert all(value.shape == (5,) for value in result.values.values())


def test_wanted_times_are_grid_points_and_can_be_asked_for() -> None:
    wanted = (0.123, 2.0, 24.0, 47.99)
    result = run("ketamine 0.5 mg/kg IM", wanted=wanted)
    for time_h in wanted:
        assert np.abs(result.grid_h - time_h).min() < 1e-9
    plasma = result.at("s_ketamine_mg_per_l", np.array(wanted))
    assert plasma.shape == (4, 3)
    without = run("ketamine 0.5 mg/kg IM", wanted=(2.0,))
    np.testing.assert_allclose(without.at("s_ketamine_mg_per_l", np.array([2.0]))[0], plasma[1], rtol=1e-10)


@pytest.mark.parametrize("sampling", ["arterial-published", "arterial"])
def test_the_peak_of_a_bolus_into_plasma_is_a_grid_point(sampling: str) -> None:
    result = run(ANAESTHETIC, patients=1, sampling=sampling)
    volume = result.values[f"{plasma(sampling).parameters}.central_volume_l"][0]
    peak = result.channel("s_ketamine_mg_per_l").max()
    assert peak == pytest.approx(70.0 / volume, rel=0.01)


def test_the_arm_lowers_the_peak_of_a_bolus_in_the_vein_and_leaves_the_effect_site() -> None:
    artery, vein = (run(ANAESTHETIC, 1, sampling, wanted=(0.1,), check=False) for sampling in ("arterial", "venous"))
    highest = [result.channel("s_ketamine_mg_per_l").max() for result in (artery, vein)]
    assert ROWS.value("pooled.arm_shunt_fraction") * highest[0] < 1.01 * highest[1] < highest[0]
    assert vein.channel("block").max() < artery.channel("block").max()
    np.testing.assert_array_equal(artery.grid_h, vein.grid_h)
    sites = [result.channel("effect_site_mg_per_l") for result in (artery, vein)]
    np.testing.assert_allclose(sites[1], sites[0], rtol=0.0, atol=1e-5 * sites[0].max())
    felt = [result.channel("unblinding")[-1] for result in (artery, vein)]
    np.testing.assert_allclose(felt[1], felt[0], rtol=1e-5)


@pytest.mark.parametrize("sampling", VENOUS)
def test_the_typical_patient_is_a_patient_without_random_effects(sampling: str) -> None:
    doses = doses_of("ketamine 100 mg oral")
    normals = np.concatenate([typical_normals(), random_normals(5, 2)])
    both = run_patients(doses, PERSON, sampling, ROWS, normals, 24.0, check=False)
    alone = run_patients(doses, PERSON, sampling, ROWS, typical_normals(), 24.0, check=False)
    np.testing.assert_array_equal(both.outputs[:, :, :1], alone.outputs)


def test_draws_replace_values_after_the_patients_that_keep_their_own() -> None:
    normals = typical_normals(4)
    gains = np.array([9.0, 9.0, 0.3, 0.6])
    result = run_patients(
        doses_of("ketamine 0.5 mg/kg IM"),
        PERSON,
        "venous-published",
        ROWS,
        normals,
        24.0,
        draws={"glutamate.surge_gain": gains},
        keep_individual=2,
    )
    used = result.values["glutamate.surge_gain"]
    np.testing.assert_array_equal(used, [ROWS.value("glutamate.surge_gain")] * 2 + [0.3, 0.6])
    surge = result.channel("glutamate_fold").max(axis=0) - 1.0
    assert surge[3] / surge[2] == pytest.approx(2.0, rel=0.05)
    # The gain is for display: it cancels in everything downstream.
    np.testing.assert_allclose(result.channel("plasticity")[-1], result.channel("plasticity")[-1, 0], rtol=1e-2)


@pytest.mark.parametrize("route", ["IV", "oral"])
def test_draws_of_the_pooled_set_reach_plasma_through_the_liver_too(route: str) -> None:
    normals = np.repeat(random_normals(7, 1), 3, axis=0)
    size, gut = "pooled.clearance_s_ketamine_l_per_h", "pooled.gut_survival_fraction"
    drawn = {size: ROWS.value(size) * np.array([5.0, 1.0, 0.8]), gut: np.array([0.9, 0.2, 0.2])}
    doses = doses_of(f"ketamine 50 mg {route}")
    result = run_patients(doses, PERSON, "venous", ROWS, normals, 24.0, draws=drawn, check=False, keep_individual=1)
    own = individual_values(ROWS, PERSON, normals[:1], plasma("venous"))
    clearance, flow = result.values[size], result.values["pooled.liver_plasma_flow_l_per_h"]
    # The first patient keeps the central values; spread between patients stays on top of what is drawn.
    np.testing.assert_allclose(clearance, own[size] * np.array([1.0, 1.0, 0.8]))
    centre = ROWS.value(gut)
    odds = own[gut] / (1.0 - own[gut]) * np.array([1.0, *[0.25 * (1.0 - centre) / centre] * 2])
    np.testing.assert_allclose(result.values[gut], odds / (1.0 + odds))
    escapes = result.values[gut] * np.maximum(1.0 - clearance / flow, 0.0)
    taken_up = result.values["pooled.swallowed_fraction_taken_up"]
    np.testing.assert_allclose(result.values["first_pass.ketamine_s"], taken_up * escapes)
    reached = np.trapezoid(result.channel("s_ketamine_mg_per_l"), result.grid_h, axis=0) * clearance
    expected = {"IV": np.ones(3), "oral": escapes}[route]
    np.testing.assert_allclose(reached / reached[0], expected / expected[0], rtol=0.1)


def test_daily_tablets_of_another_drug_add_no_grid_points() -> None:
    plain = run("ketamine 0.5 mg/kg IM")
    added = run("ketamine 0.5 mg/kg IM & escitalopram 10 mg oral q 1 d x 56")
    np.testing.assert_array_equal(plain.grid_h, added.grid_h)
    np.testing.assert_array_equal(plain.outputs, added.outputs)


def test_a_dose_after_the_horizon_changes_nothing_before_it() -> None:
    once = run("ketamine 0.5 mg/kg IM", until_h=24.0)
    again = run("ketamine 0.5 mg/kg IM q 2 d x 2", until_h=24.0)
    np.testing.assert_allclose(once.channel("plasticity")[-1], again.channel("plasticity")[-1], rtol=1e-12)


# The grid and its error ---------------------------------------------------------------------------------------


def on_grid(sentence: str, normals: np.ndarray, sampling: str, grid_h: np.ndarray) -> np.ndarray:
    """Outputs after each step of a given grid."""
    place = plasma(sampling)
    values = individual_values(ROWS, PERSON, normals, place)
    steps = steps_of(ROWS, place) - OUTSIDE_THE_CHAIN
    plan, modes, fraction = prepare(doses_of(sentence), values, ROWS, place, 2, steps)
    own = {name: value for name, value in values.items() if name in cascade.INDIVIDUAL_ROWS}
    inputs = step_inputs(plan, 2, grid_h)
    channels = len(cascade.CHANNELS)
    stages = DEFAULT_LAYOUT.stages
    return engine.solve(CHAIN_STEP, cascade.start_states, channels, modes, fraction, own, inputs, 1, stages)


def difference_from_halved(sentence: str, normals: np.ndarray, sampling: str, result: PatientRun) -> float:
    fine = on_grid(sentence, normals, sampling, halved(result.grid_h))[1::2]
    largest = np.abs(fine).max(axis=0)
    relative = np.abs(result.outputs[1:] - fine).max(axis=0) / np.where(largest > 0.0, largest, 1.0)
    return float(relative.max())


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_meets_the_tolerance_in_the_typical_patient(preset: str, sampling: str) -> None:
    result = run_patients(doses_of(PRESETS[preset]), PERSON, sampling, ROWS, typical_normals(), 1344.0)
    assert 0.0 < result.error_estimate <= ERROR_TOLERANCE


@pytest.mark.parametrize("sampling", ["arterial-published", "arterial"])
def test_an_anaesthetic_bolus_in_arterial_plasma_gets_a_finer_grid(sampling: str) -> None:
    plain = run(ANAESTHETIC, sampling=sampling, check=False)
    refined = run(ANAESTHETIC, sampling=sampling)
    assert np.isnan(plain.error_estimate)
    assert len(refined.grid_h) > 1.5 * len(plain.grid_h)
    normals = random_normals(5, 3)
    before = difference_from_halved(ANAESTHETIC, normals, sampling, plain)
    after = difference_from_halved(ANAESTHETIC, normals, sampling, refined)
    assert before > ERROR_TOLERANCE
    assert after < before / 4.0


@pytest.mark.parametrize(
    ("sentence", "sampling"),
    [
        ("ketamine 0.5 mg/kg IV over 40 min", "venous-published"),
        ("ketamine 120 mg oral-ER", "arterial-published"),
        ("ketamine 0.5 mg/kg IM", "arterial-published"),
        (ANAESTHETIC, "venous-published"),
        (ANAESTHETIC, "arterial-published"),
        ("ketamine 120 mg oral-ER", "venous"),
        ("ketamine 0.5 mg/kg IM", "arterial"),
        (ANAESTHETIC, "venous"),
        (ANAESTHETIC, "arterial"),
    ],
)
def test_the_estimate_is_that_of_the_grid_that_was_used(sentence: str, sampling: str) -> None:
    normals = typical_normals()
    result = run_patients(doses_of(sentence), PERSON, sampling, ROWS, normals, 48.0)
    observed = difference_from_halved(sentence, normals, sampling, result)
    assert observed <= 1.001 * result.error_estimate
    # The estimate covers the fixed cohort that is checked, on this grid and on no other; where no grid serves the
    # cohort every patient is checked, and the estimate is theirs.
    own = check_grid(doses_of(sentence), PERSON, plasma(sampling), ROWS, 48.0)
    if own.error <= ERROR_TOLERANCE:
        assert result.error_estimate == own.error
    else:
        assert result.error_estimate == result.patient_error.max() < own.error
    cohort = np.concatenate([typical_normals(), random_normals(CHECK_SEED, engine.CHUNK - 1)])
    as_checked = CheckedGrid(own.rule, own.error, math.inf)
    in_cohort = run_patients(doses_of(sentence), PERSON, sampling, ROWS, cohort, 48.0, check=as_checked)
    assert len(in_cohort.grid_h) == len(result.grid_h)
    worst = difference_from_halved(sentence, cohort, sampling, in_cohort)
    assert own.error == pytest.approx(worst, rel=1e-6, abs=1e-10)


@pytest.mark.parametrize(
    ("sentence", "sampling"),
    [
        ("ketamine 0.5 mg/kg SC", "venous-published"),
        ("ketamine 120 mg oral-ER", "venous-published"),
        ("ketamine 100 mg SL", "arterial-published"),
        ("ketamine 0.5 mg/kg SC", "venous"),
        ("ketamine 120 mg oral-ER", "arterial"),
        ("ketamine 100 mg SL", "venous"),
    ],
)
def test_the_estimate_speaks_for_patients_that_were_not_checked(sentence: str, sampling: str) -> None:
    normals = random_normals(0, 200)
    result = run_patients(doses_of(sentence), PERSON, sampling, ROWS, normals, 168.0)
    worst = difference_from_halved(sentence, normals, sampling, result)
    print(f"{sentence} {sampling}: estimate {result.error_estimate:.1e}, worst of 200 patients {worst:.1e}")
    assert worst <= 5.0 * result.error_estimate


# JAX against NumPy --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "sampling"),
    [
        *((sentence, sampling) for sampling in VENOUS for sentence in PRESETS.values()),
        *((PRESETS[preset], sampling) for sampling in ARTERIAL for preset in ("iv-six", "nasal-84", "sl")),
        *(("ketamine 0.6 mg/kg SC over 6 h q 12 h x 4", sampling) for sampling in ARTERIAL),
        *((MIXED, sampling) for sampling in VENOUS),
    ],
)
def test_the_compiled_concentrations_are_the_exact_ones_in_numpy(sentence: str, sampling: str) -> None:
    normals = random_normals(9, 6)
    doses = doses_of(sentence)
    result = run_patients(doses, PERSON, sampling, ROWS, normals, 400.0, check=False)
    plan, modes, fraction = prepare(doses, result.values, ROWS, plasma(sampling), None)
    exact = concentrations(plan, modes, fraction, result.grid_h)
    assert len(exact[0]) == len(SERIES) - sampling.endswith("-published")
    ours = result.outputs[:, :5]
    theirs = np.stack([exact[0, 0], exact[1, 0], exact[0, 1], exact[1, 1], exact[0, 2]], axis=1)
    scale = theirs.max(axis=0)
    # Two equal transit rates, moved a little apart, cost digits in both.
    allowed = 1e-11 if sampling == "venous-published" else 1e-7
    assert (np.abs(ours - theirs).max(axis=0) <= allowed * np.where(scale > 0.0, scale, 1.0)).all()


@pytest.mark.parametrize("sampling", VENOUS)
def test_everything_is_float64(sampling: str) -> None:
    jax = engine.configure_jax()
    assert jax.config.jax_enable_x64
    result = run("ketamine 0.5 mg/kg IM", sampling=sampling)
    assert result.outputs.dtype == np.float64
    program = engine._compiled(CHAIN_STEP)
    values = individual_values(ROWS, PERSON, typical_normals(16), plasma(sampling))
    plan, modes, fraction = prepare(doses_of("ketamine 0.5 mg/kg IM"), values, ROWS, plasma(sampling), 2)
    block = engine._blocks(step_inputs(plan, 2, np.linspace(0.0, 1.0, 33)))[0]
    own = {name: value for name, value in values.items() if name in cascade.INDIVIDUAL_ROWS}
    carry = (np.zeros(modes.rate_per_h.shape), cascade.start_states(16))
    leaves = jax.tree_util.tree_leaves(program(modes, np.concatenate([fraction, np.zeros((1, 16))]), own, carry, block))
    assert {str(leaf.dtype) for leaf in leaves} == {"float64"}


# Gradients ----------------------------------------------------------------------------------------------------

DOWNSTREAM = (
    "glutamate.block_at_reversal",
    "trials.drive_half_saturation",
    "trials.fast_off_half_life_h",
    "trials.structure_off_half_life_d",
)
DIFFERENTIATED = {
    "venous-published": (
        "fanta_otto.clearance_s_ketamine_l_per_h",
        "fanta_otto.central_volume_l",
        "absorption.oral_rate_per_h",
        "absorption.swallowed_ketamine_fraction",
        *DOWNSTREAM,
    ),
    "venous": (
        "pooled.clearance_s_ketamine_l_per_h",
        "pooled.central_volume_l",
        "pooled.swallowed_rate_per_h",
        "pooled.liver_plasma_flow_l_per_h",
        "pooled.gut_survival_fraction",
        "pooled.first_pass_norketamine_fraction",
        *(name for name in ("pooled.transit_rate_per_h",) if name in ROWS),
        "pooled.arm_transit_min",
        "pooled.arm_shunt_fraction",
        *DOWNSTREAM,
    ),
}


REACHED = ("s_norketamine_mg_per_l", "fast", "plasticity", "unblinding")


@cache
def slopes(sampling: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values (reached,), reverse-mode slopes and finite differences (reached, differentiated), for relative changes."""
    jax = engine.configure_jax()
    jnp = jax.numpy
    engine._compiled(CHAIN_STEP)  # registers Modes with JAX
    place, names = plasma(sampling), DIFFERENTIATED[sampling]
    values = individual_values(ROWS, PERSON, random_normals(5, 2), place)
    plan, _, _ = prepare(doses_of("ketamine 100 mg oral"), values, ROWS, place, 1)
    duration = plan.events[0].duration_h
    grid = np.concatenate([np.linspace(0.0, duration, 13), duration + np.geomspace(0.05, 24.0, 20)])
    steps = step_inputs(plan, 1, grid)
    inputs = (steps.step_h, steps.bolus_mg, steps.rate_mg_per_h)

    def summed(factors: Any) -> Any:
        own = {key: jnp.asarray(value) for key, value in values.items()}
        for index, name in enumerate(names):
            own[name] = own[name] * factors[index]
        apply_first_pass(jnp, own, place)
        like = own[f"{place.parameters}.central_volume_l"]
        depots, fraction = individual_depots(jnp, plan.depots, own, 1, like)
        modes = modes_of_both(jnp, own, place, depots, steps_of(ROWS, place) - OUTSIDE_THE_CHAIN)
        fraction = jnp.concatenate([fraction, jnp.zeros((1, 2))])
        chain_values = {key: value for key, value in own.items() if key in cascade.INDIVIDUAL_ROWS}
        carry = (jnp.zeros(modes.rate_per_h.shape), cascade.start_states(2))
        _, outputs = engine.advance_block(CHAIN_STEP, modes, fraction, chain_values, carry, inputs)
        return jnp.stack([outputs[:, cascade.CHANNELS.index(channel)].sum() for channel in REACHED])

    ones = np.ones(len(names))
    step = 1e-5
    up_down = [(summed(ones + step * e), summed(ones - step * e)) for e in np.eye(len(ones))]
    measured = np.stack([(np.asarray(up) - np.asarray(down)) / (2.0 * step) for up, down in up_down], axis=1)
    return np.asarray(summed(ones)), np.asarray(jax.jacrev(summed)(ones)), measured


@pytest.mark.parametrize(
    "sampling", [VENOUS[0], *(pytest.param(name, marks=pytest.mark.thorough) for name in VENOUS[1:])]
)
def test_gradients_through_the_whole_chain_are_finite_and_not_all_zero(sampling: str) -> None:
    _, slope, _ = slopes(sampling)
    assert np.isfinite(slope).all()
    clearance = DIFFERENTIATED[sampling].index(f"{plasma(sampling).parameters}.clearance_s_ketamine_l_per_h")
    assert (slope[:, clearance] != 0.0).all()
    assert slope[REACHED.index("unblinding"), clearance] < 0.0


@pytest.mark.parametrize("channel", REACHED)
@pytest.mark.parametrize(("name", "sampling"), [(name, s) for s in VENOUS for name in DIFFERENTIATED[s]])
def test_a_gradient_matches_finite_differences(name: str, sampling: str, channel: str) -> None:
    value, slope, measured = slopes(sampling)
    row, column = REACHED.index(channel), DIFFERENTIATED[sampling].index(name)
    assert slope[row, column] == pytest.approx(measured[row, column], rel=1e-4, abs=1e-9 * abs(value[row]))


@pytest.mark.parametrize("sampling", VENOUS)
def test_a_gradient_is_zero_where_nothing_flows(sampling: str) -> None:
    _, slope, _ = slopes(sampling)
    names = DIFFERENTIATED[sampling]
    downstream = [names.index(name) for name in DOWNSTREAM]
    for channel in ("s_norketamine_mg_per_l", "unblinding"):
        assert not slope[REACHED.index(channel), downstream].any()
    assert slope[REACHED.index("fast"), names.index("trials.structure_off_half_life_d")] == 0.0
    # What is felt follows the artery, so it knows no arm; norketamine in the vein does.
    for name in (name for name in names if name.startswith("pooled.arm_")):
        felt, seen = (slope[REACHED.index(channel), names.index(name)] for channel in ("unblinding", REACHED[0]))
        assert abs(felt) < 1e-4 * abs(slope[REACHED.index("unblinding"), 0])
        assert seen != 0.0


# One program for all ------------------------------------------------------------------------------------------


def test_all_presets_sites_and_any_number_of_patients_share_one_kernel() -> None:
    program.cache_clear()
    for sampling in SAMPLINGS:
        for patients in (1, 81):
            for sentence in PRESETS.values():
                run(sentence, patients, sampling, until_h=1344.0, check=False)
    assert program.cache_info().currsize == 1


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_regimen_of_every_product_has_all_its_depots(sampling: str) -> None:
    products = [
        (drug, route)
        for drug, routes in {
            "ketamine": ("IV", "IM", "SC", "nasal", "SL", "buccal", "oral", "oral-ER", "rectal"),
            "esketamine": ("IV", "IM", "SC", "nasal", "SL", "buccal", "oral"),
        }.items()
        for route in routes
    ]
    doses = [Dose(6.0 * i, drug, route, 28.0, 0.0, i, i, 1) for i, (drug, route) in enumerate(products)]
    values = individual_values(ROWS, PERSON, typical_normals(), plasma(sampling))
    plan, modes, _ = prepare(doses, values, ROWS, plasma(sampling), None)
    assert len(plan.depots) == modes.inputs.shape[2] - 1 > len(PRESETS)
    assert all(np.isfinite(getattr(modes, name)).all() for name in ("rate_per_h", "inputs", "outputs"))


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_padding_with_idle_depots_changes_nothing(sampling: str) -> None:
    values = individual_values(ROWS, PERSON, random_normals(5, 3), plasma(sampling))
    times = np.geomspace(0.01, 48.0, 50)
    narrow, wide = (
        concentrations(*prepare(doses_of(PRESETS["nasal-84"]), values, ROWS, plasma(sampling), width), times)
        for width in (None, 8)
    )
    # An idle depot's rate may fall on another rate and move it by two parts in a million.
    np.testing.assert_allclose(wide, narrow, rtol=1e-5)


def test_the_cache_folder_is_not_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    blocked = f"{tmp_path}/file"
    with open(blocked, "w", encoding="utf-8") as file:
        file.write("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", blocked)
    jax = engine.configure_jax.__wrapped__()
    assert jax.config.jax_enable_x64
