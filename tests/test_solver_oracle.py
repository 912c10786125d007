"""The solver against an independent oracle: physical compartments, integrated by SciPy's LSODA between inputs.

The oracle shares two things with the program: the individual parameter values and the list of doses. Compartments,
absorption rules and the equations of the chain are written again below, from the model's description and not from its
code; no modes, no grid rule, no collocation. The score is then computed from both sets of states by the same score
equations, which have tests of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ketascope.comparing.setting import Setting, make_setting, state_course
from ketascope.model import cascade
from ketascope.model.occasions import occasion_starts
from ketascope.model.parameter_store import load_parameters
from ketascope.model.symptoms import StateCourse, patient_scores
from ketascope.people import RANDOM_EFFECTS, Person, random_normals
from ketascope.regimen import Dose, load_presets, parse
from ketascope.simulation import PatientRun, run_patients

UNTIL_H = 1344.0
PATIENTS = 50
SEED = 2026
RELATIVE_TOLERANCE = 1e-10
ABSOLUTE_TOLERANCE = 1e-10  # mg in a compartment, or units of a state that is at most about 1
SHOWN_FROM_NG_PER_ML = 0.1
ALLOWED = 1e-5

Values = Mapping[str, np.ndarray]
Derivative = Callable[[np.ndarray, np.ndarray], np.ndarray]
CONCENTRATIONS = ("s_ketamine_mg_per_l", "r_ketamine_mg_per_l", "s_norketamine_mg_per_l", "r_norketamine_mg_per_l")
SHARE_OF_S = {"ketamine": 0.5, "esketamine": 1.0}


# The oracle's own absorption ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Depot:
    """rate (1/h); mg entering per mg of dose; duration of entry (h, 0: at once); lag (h); split to plasma."""

    rate: np.ndarray
    enters: np.ndarray
    duration_h: float
    lag_h: float
    to_ketamine: np.ndarray
    to_norketamine: np.ndarray


def depots_of(dose: Dose, sampling: str, v: Values) -> tuple[Depot, ...]:
    """Where a dose waits before it reaches plasma; none for IV."""
    a = {name.removeprefix("absorption."): value for name, value in v.items() if name.startswith("absorption.")}
    one = np.ones_like(a["oral_rate_per_h"])
    swallowed = a["swallowed_ketamine_fraction"]
    first_pass = np.maximum(a["swallowed_total_yield"] - swallowed, 0.0)

    def hours(name: str) -> float:
        return float(a[name][0])

    if dose.route == "IV":
        return ()
    if dose.route in ("IM", "SC"):
        name = {"IM": "intramuscular", "SC": "subcutaneous"}[dose.route]
        return (Depot(a[f"{name}_rate_per_h"], a[f"{name}_fraction"], dose.duration_h, 0.0, one, 0.0 * one),)
    if dose.route == "nasal":
        through_nose = a[f"nasal_{dose.drug}_fraction"]
        if dose.drug == "esketamine" and dose.device > 1:
            through_nose = through_nose * a["nasal_later_device_factor"]
        gulp = hours("nasal_swallowed_duration_h")
        return (
            Depot(a["nasal_rate_per_h"], through_nose, 0.0, 0.0, one, 0.0 * one),
            Depot(a["nasal_swallowed_rate_per_h"], 1.0 - through_nose, gulp, 0.0, swallowed, first_pass),
        )
    if dose.route == "SL" and sampling == "venous":
        mouth = a["transmucosal_fraction"]
        gulp = hours("nasal_swallowed_duration_h")
        metabolite = a["transmucosal_swallowed_norketamine_yield"]
        return (
            Depot(a["transmucosal_rate_per_h"], mouth, hours("transmucosal_duration_h"), 0.0, one, 0.0 * one),
            Depot(a["nasal_swallowed_rate_per_h"], 1.0 - mouth, gulp, 0.0, 0.0 * one, metabolite),
        )
    if dose.route == "SL":
        mouth, gulp = a["transmucosal_fraction_arterial"], hours("transmucosal_swallowed_duration_h")
        metabolite, lag = a["transmucosal_swallowed_yield_arterial"], hours("transmucosal_swallowed_lag_h")
        return (
            Depot(a["transmucosal_rate_per_h"], mouth, hours("transmucosal_duration_h"), 0.0, one, 0.0 * one),
            Depot(a["transmucosal_swallowed_rate_per_h"], one, gulp, lag, 0.0 * one, metabolite),
        )
    assert dose.route in ("oral", "oral-ER")
    release = "oral_duration_h" if dose.route == "oral" else "extended_release_duration_h"
    return (Depot(a["oral_rate_per_h"], one, hours(release), 0.0, swallowed, first_pass),)


# The oracle's own equations -----------------------------------------------------------------------------------

PER_ENANTIOMER = ("depot1", "depot2", "central", "fast", "slow", "transit1", "transit2", "nor", "nor_peripheral")
NAMES = (*(f"{e}_{part}" for e in "sr" for part in PER_ENANTIOMER), "site", "G", "A", "M", "P", "U")
AT = {name: index for index, name in enumerate(NAMES)}


def linear_part(v: Values, sampling: str, depots: Sequence[Depot]) -> np.ndarray:
    """Flows between the physical compartments (amounts in mg) as matrices, shape (patients, states, states)."""
    patients = len(v[f"{sampling}.central_volume_l"])
    flow = np.zeros((patients, len(NAMES), len(NAMES)))

    def move(source: str, target: str | None, rate: np.ndarray, arriving: np.ndarray | float = 1.0) -> None:
        flow[:, AT[source], AT[source]] -= rate
        if target is not None:
            flow[:, AT[target], AT[source]] += rate * arriving

    def p(name: str) -> np.ndarray:
        return v[f"{sampling}.{name}"]

    volume, nor_volume = p("central_volume_l"), p("norketamine_central_volume_l")
    for e in "sr":
        clearance = p("clearance_s_ketamine_l_per_h") * (p("clearance_ratio_r_to_s") if e == "r" else 1.0)
        nor_clearance = p("clearance_s_norketamine_l_per_h")
        nor_clearance = nor_clearance * (p("norketamine_clearance_ratio_r_to_s") if e == "r" else 1.0)
        born = f"{e}_transit1" if sampling == "arterial" else f"{e}_nor"
        move(f"{e}_central", born, clearance / volume, p("norketamine_fraction_formed"))
        for side in ("fast", "slow"):
            exchange = p(f"{side}_intercompartmental_clearance_l_per_h")
            move(f"{e}_central", f"{e}_{side}", exchange / volume)
            move(f"{e}_{side}", f"{e}_central", exchange / p(f"{side}_peripheral_volume_l"))
        if sampling == "arterial":
            move(f"{e}_transit1", f"{e}_transit2", p("transit_rate_per_h"))
            move(f"{e}_transit2", f"{e}_nor", p("transit_rate_per_h"))
        exchange = p("norketamine_intercompartmental_clearance_l_per_h")
        move(f"{e}_nor", None, nor_clearance / nor_volume)
        move(f"{e}_nor", f"{e}_nor_peripheral", exchange / nor_volume)
        move(f"{e}_nor_peripheral", f"{e}_nor", exchange / p("norketamine_peripheral_volume_l"))
        for number, depot in enumerate(depots, start=1):
            name = f"{e}_depot{number}"
            move(name, f"{e}_central", depot.rate, depot.to_ketamine)
            flow[:, AT[born], AT[name]] += depot.rate * depot.to_norketamine
    follow = math.log(2.0) / (p("effect_site_half_life_min") / 60.0)
    flow[:, AT["site"], AT["s_central"]] = follow / volume
    flow[:, AT["site"], AT["site"]] = -follow
    k_signal = math.log(2.0) / v["plasticity.signal_half_life_h"]
    flow[:, AT["M"], AT["M"]] = -k_signal
    return flow


def occupancy_weights(v: Values) -> tuple[np.ndarray, ...]:
    """1/(mg/L) for S, R, S-nor and R-nor: unbound fraction, molar mass and half-occupancy concentration."""
    result = []
    for analyte in ("ketamine", "norketamine"):
        umol_per_mg = 1000.0 / v[f"receptor.{analyte}_molar_mass_g_per_mol"]
        for e in "sr":
            half = v[f"receptor.half_occupancy_{e}_{analyte}_um"]
            result.append(v[f"receptor.unbound_fraction_{analyte}"] * umol_per_mg / half)
    return tuple(result)


def right_hand_side(v: Values, sampling: str, depots: Sequence[Depot]) -> Derivative:
    """dy/dt for states (patients, states) and inputs (patients, states)."""
    flow = linear_part(v, sampling, depots)
    volume = v[f"{sampling}.central_volume_l"]
    nor_per_mg = v[f"{sampling}.norketamine_mass_per_ketamine_mass"] / v[f"{sampling}.norketamine_central_volume_l"]
    ws, wr, wns, wnr = occupancy_weights(v)
    per_state = np.zeros((len(volume), len(NAMES)))
    per_state[:, AT["s_central"]], per_state[:, AT["r_central"]] = ws / volume, wr / volume
    per_state[:, AT["s_nor"]], per_state[:, AT["r_nor"]] = wns * nor_per_mg, wnr * nor_per_mg
    reversal, scale = v["glutamate.block_at_reversal"], v["glutamate.drive_scale"]
    gain, soft = v["glutamate.surge_gain"], v["glutamate.floor_smoothing"]
    depth = v["glutamate.drive_floor_over_gain"] / gain
    k_glutamate = math.log(2.0) / (v["glutamate.half_life_min"] / 60.0)
    half_drive = v["plasticity.drive_half_saturation"]
    k_on = math.log(2.0) / v["plasticity.fast_on_half_life_h"]
    k_off = math.log(2.0) / v["plasticity.fast_off_half_life_h"]
    k_signal = math.log(2.0) / v["plasticity.signal_half_life_h"]
    k_in = v["plasticity.structure_rate_per_h"]
    k_out = math.log(2.0) / (24.0 * v["plasticity.structure_off_half_life_d"])
    k_reveal, k_forget = v["unblinding.on_rate_per_h"], math.log(2.0) / v["unblinding.half_life_h"]
    half_felt, hill = v["acute.dissociation_half_effect_ng_per_ml"], v["acute.dissociation_hill"]
    assert not v["plasticity.hnk_weight"].any()
    assert (v["receptor.r_ketamine_benefit_weight"] == 1.0).all()
    site, g, a, m, p, u = (AT[name] for name in ("site", "G", "A", "M", "P", "U"))

    def lifted(drive: np.ndarray) -> np.ndarray:
        return 0.5 * (drive - depth + np.sqrt((drive + depth) ** 2 + soft**2))

    at_rest = lifted(np.zeros_like(depth))

    def change(y: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        dy: np.ndarray = np.matmul(flow, y[:, :, None])[:, :, 0] + inputs
        occupied = np.einsum("ij,ij->i", per_state, y)
        block = occupied / (1.0 + occupied)
        relative = block / reversal
        drive = lifted(scale * relative**2 * (1.0 - relative)) - at_rest
        surge = np.maximum(y[:, g] - 1.0, 0.0) / gain
        d = surge / (surge + half_drive)
        felt_ratio = (1000.0 * np.maximum(y[:, site], 0.0) / half_felt) ** hill
        felt = felt_ratio / (1.0 + felt_ratio)
        dy[:, g] = k_glutamate * (1.0 + gain * drive - y[:, g])
        dy[:, a] = k_on * d * (1.0 - y[:, a]) - k_off * y[:, a]
        dy[:, m] += k_signal * d
        dy[:, p] = k_in * y[:, m] * (1.0 - y[:, p]) - k_out * y[:, p]
        dy[:, u] = k_reveal * felt * (1.0 - y[:, u]) - k_forget * y[:, u]
        return dy

    return change


def oracle(doses: Sequence[Dose], v: Values, sampling: str, times_h: np.ndarray) -> np.ndarray:
    """Every channel at `times_h`, shape (times, channels, patients); before the dose where one is due."""
    depots = depots_of(doses[0], sampling, v)
    patients = len(v[f"{sampling}.central_volume_l"])
    jumps: list[tuple[float, np.ndarray]] = []
    flows: list[tuple[float, float, np.ndarray]] = []
    for dose in doses:
        s_share = SHARE_OF_S[dose.drug]
        entries = [("central", np.ones(patients), dose.duration_h, 0.0)]
        if own := depots_of(dose, sampling, v):
            entries = [(f"depot{n}", d.enters, d.duration_h, d.lag_h) for n, d in enumerate(own, start=1)]
        for place, enters, duration, lag in entries:
            amount = np.zeros((patients, len(NAMES)))
            amount[:, AT[f"s_{place}"]] = dose.amount_mg * s_share * enters
            amount[:, AT[f"r_{place}"]] = dose.amount_mg * (1.0 - s_share) * enters
            start = dose.time_h + lag
            if duration == 0.0:
                jumps.append((start, amount))
            else:
                flows.append((start, start + duration, amount / duration))
    starts = {start for start, _ in jumps} | {t for start, end, _ in flows for t in (start, end)}
    breaks = sorted({0.0, UNTIL_H, *(t for t in starts if t < UNTIL_H)})
    change = right_hand_side(v, sampling, depots)
    y = np.zeros((patients, len(NAMES)))
    y[:, AT["G"]] = 1.0
    states = np.empty((len(times_h), patients, len(NAMES)))
    states[0] = y
    for start, end in zip(breaks, breaks[1:], strict=False):
        y = y + sum((amount for at, amount in jumps if at == start), np.zeros_like(y))
        middle = 0.5 * (start + end)
        inputs = sum((rate for low, high, rate in flows if low < middle < high), np.zeros_like(y))
        inside = np.flatnonzero((times_h > start + 1e-9) & (times_h <= end + 1e-9))
        width = len(NAMES) - 1
        solution = solve_ivp(
            lambda t, flat, given=inputs: change(flat.reshape(patients, -1), given).ravel(),
            (start, end),
            y.ravel(),
            method="LSODA",
            t_eval=np.append(np.minimum(times_h[inside], end), [] if times_h[inside][-1] > end - 1e-9 else [end]),
            rtol=RELATIVE_TOLERANCE,
            atol=ABSOLUTE_TOLERANCE,
            lband=width,
            uband=width,
        )
        assert solution.success, solution.message
        course = solution.y.T.reshape(-1, patients, len(NAMES))
        states[inside] = course[: len(inside)]
        y = course[-1]
    return channels_from(states, v, sampling)


def channels_from(states: np.ndarray, v: Values, sampling: str) -> np.ndarray:
    volume, nor_volume = v[f"{sampling}.central_volume_l"], v[f"{sampling}.norketamine_central_volume_l"]
    mass = v[f"{sampling}.norketamine_mass_per_ketamine_mass"]
    plasma = [states[:, :, AT[f"{e}_central"]] / volume for e in "sr"]
    plasma += [states[:, :, AT[f"{e}_nor"]] * mass / nor_volume for e in "sr"]
    occupied = sum(w * c for w, c in zip(occupancy_weights(v), plasma, strict=True))
    rest = [states[:, :, AT[name]] for name in ("G", "A", "M", "P", "U")]
    return np.stack([*plasma, states[:, :, AT["site"]], occupied / (1.0 + occupied), *rest], axis=1)


# The cases ----------------------------------------------------------------------------------------------------

PRESETS = tuple(option for option in load_presets() if option.sentence and "ketamine" in option.sentence)
PEOPLE = (
    Person(),
    Person(weight_kg=52.0),
    Person(weight_kg=118.0, age_years=77.0),
    Person(hepatic="moderate"),
    Person(weight_kg=64.0, interactions=("rifampicin",)),
    Person(age_years=66.0),
    Person(weight_kg=95.0, interactions=("ticlopidine",)),
    Person(weight_kg=45.0, interactions=("grapefruit",)),
    Person(interactions=("st-johns-wort",)),
)
ARTERIAL = ("iv-single", "nasal-84", "sl", "oral-er")


@dataclass(frozen=True)
class Case:
    preset: str
    sampling: str
    run: PatientRun
    truth: np.ndarray
    concentration_error: float
    score_error: float
    estimate_error: float


def scores(
    normals: np.ndarray, doses: Sequence[Dose], states: Mapping[str, np.ndarray], times_h: np.ndarray
) -> np.ndarray:
    """GAD scores of the patients at the central effects, without the rating error (it would hide differences)."""
    setting = gad_setting()
    background = state_course(setting, None, slice(None), doses, times_h)
    course = StateCourse(
        times_h=times_h,
        fast=states["fast"].T,
        slow=states["plasticity"].T,
        unblinding=states["unblinding"].T,
        ssri=background.ssri,
        visits=background.visits,
        approach=background.approach,
    )
    own = dict(zip(RANDOM_EFFECTS, normals.T, strict=True)) | {"residual": np.zeros(len(normals))}
    return patient_scores(setting.indication, setting.model.parameters, setting.effects, course, own)


@cache
def gad_setting() -> Setting:
    return make_setting({"indication": "gad", "patients": 0, "until_h": UNTIL_H}, None, "normal", (), ())


@cache
def solved(preset_id: str, sampling: str) -> Case:
    number = [option.id for option in PRESETS].index(preset_id)
    person, option = PEOPLE[number], PRESETS[number]
    normals = random_normals(SEED, PATIENTS)[number :: len(PRESETS)]
    if sampling == "arterial":
        normals = normals[:2]
    assert option.sentence is not None
    doses = parse(option.sentence).doses(person.weight_kg)
    run = run_patients(doses, person, sampling, load_parameters(), normals, UNTIL_H, (2.0, 24.0, 168.0, 672.0))
    truth = oracle(doses, run.values, sampling, run.grid_h)
    shown = truth[:, :4] > SHOWN_FROM_NG_PER_ML / 1000.0
    concentration = (np.abs(run.outputs[:, :4] - truth[:, :4]) / np.where(shown, truth[:, :4], np.inf)).max()
    names = cascade.CHANNELS
    by_solver = {name: run.channel(name) for name in cascade.STATES}
    by_oracle = {name: truth[:, names.index(name)] for name in cascade.STATES}
    expected = scores(normals, doses, by_oracle, run.grid_h)
    score = (np.abs(scores(normals, doses, by_solver, run.grid_h) - expected) / expected).max()
    largest = np.abs(truth).max(axis=0)
    relative = np.abs(run.outputs - truth).max(axis=0) / np.where(largest > 0.0, largest, 1.0)
    return Case(preset_id, sampling, run, truth, float(concentration), float(score), float(relative.max()))


CASES = [(option.id, "venous") for option in PRESETS] + [(preset, "arterial") for preset in ARTERIAL]
HONESTY = 3.0  # how far the true error may exceed the estimate


def test_the_cases_are_fifty_patients_over_every_preset_with_ketamine() -> None:
    ketamine = [option.id for option in load_presets() if option.kind == "active" and option.id != "ssri"]
    assert [option.id for option in PRESETS] == ketamine
    assert len(PEOPLE) == len(PRESETS)
    venous = [solved(preset, "venous") for preset in ketamine]
    assert sum(case.run.outputs.shape[-1] for case in venous) == PATIENTS


@pytest.mark.parametrize(("preset", "sampling"), CASES)
def test_concentrations_agree_with_lsoda_to_1e_5(preset: str, sampling: str) -> None:
    case = solved(preset, sampling)
    print(f"{preset} {sampling}: largest relative error of concentrations {case.concentration_error:.1e}")
    assert case.concentration_error <= ALLOWED
    highest = case.truth[:, :4].max(axis=(0, 2)) * 1000.0
    racemic = not preset.startswith("nasal")
    assert (highest > SHOWN_FROM_NG_PER_ML).tolist() == [True, racemic, True, racemic]


@pytest.mark.parametrize(("preset", "sampling"), CASES)
def test_scores_agree_with_lsoda_to_1e_5(preset: str, sampling: str) -> None:
    case = solved(preset, sampling)
    print(f"{preset} {sampling}: largest relative error of the GAD score {case.score_error:.1e}")
    assert case.score_error <= ALLOWED


@pytest.mark.parametrize(("preset", "sampling"), CASES)
def test_the_error_estimate_bounds_the_true_error_of_every_channel(preset: str, sampling: str) -> None:
    case = solved(preset, sampling)
    print(f"{preset} {sampling}: true {case.estimate_error:.1e}, estimated {case.run.error_estimate:.1e}")
    assert case.estimate_error <= HONESTY * max(case.run.error_estimate, 1e-9)


@pytest.mark.parametrize(
    ("sentence", "sampling"),
    [
        ("ketamine 2 mg/kg IV", "arterial"),
        ("ketamine 2 mg/kg IV", "venous"),
        ("esketamine 0.4 mg/kg IV over 2 min q 1 d x 3", "arterial"),
        ("ketamine 0.6 mg/kg SC over 6 h", "venous"),
        ("ketamine 150 mg nasal", "venous"),
    ],
)
def test_the_error_estimate_is_honest_for_regimens_that_are_no_preset(sentence: str, sampling: str) -> None:
    person, normals = Person(), random_normals(SEED, 4)
    doses = parse(sentence).doses(person.weight_kg)
    run = run_patients(doses, person, sampling, load_parameters(), normals, UNTIL_H)
    truth = oracle(doses, run.values, sampling, run.grid_h)
    largest = np.abs(truth).max(axis=0)
    error = (np.abs(run.outputs - truth).max(axis=0) / np.where(largest > 0.0, largest, 1.0)).max()
    shown = truth[:, :4] > SHOWN_FROM_NG_PER_ML / 1000.0
    concentration = np.abs(run.outputs[:, :4] / np.where(shown, truth[:, :4], np.inf) - shown).max()
    print(f"{sentence} {sampling}: true {error:.1e}, estimated {run.error_estimate:.1e}; {concentration:.1e} in plasma")
    assert error <= HONESTY * max(run.error_estimate, 1e-9)
    assert concentration <= ALLOWED


def test_the_scores_that_are_compared_do_move() -> None:
    case = solved("iv-six", "venous")
    states = {name: case.run.channel(name) for name in cascade.STATES}
    none = {name: np.zeros_like(state) for name, state in states.items()}
    doses = parse(PRESETS[1].sentence or "").doses(PEOPLE[1].weight_kg)
    assert len(occasion_starts(doses, load_parameters())) == 6
    normals = random_normals(SEED, PATIENTS)[1 :: len(PRESETS)]
    grid = case.run.grid_h
    gap = scores(normals, doses, none, grid) - scores(normals, doses, states, grid)
    assert gap.max() > 2.0
    assert (gap >= 0.0).all()


def test_the_worst_of_all_cases_is_reported() -> None:
    cases = [solved(preset, sampling) for preset, sampling in CASES]
    concentration = max(cases, key=lambda case: case.concentration_error)
    score = max(cases, key=lambda case: case.score_error)
    print(
        f"\n{len(cases)} cases, {sum(case.run.outputs.shape[-1] for case in cases)} patients: largest relative error "
        f"{concentration.concentration_error:.1e} in concentration ({concentration.preset}, {concentration.sampling}), "
        f"{score.score_error:.1e} in the GAD score ({score.preset}, {score.sampling})"
    )
    assert concentration.concentration_error <= ALLOWED
    assert score.score_error <= ALLOWED


def test_lsoda_is_converged_far_below_the_differences_that_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    case = solved("sc", "venous")
    person = PEOPLE[[option.id for option in PRESETS].index("sc")]
    doses = parse("ketamine 0.5 mg/kg SC").doses(person.weight_kg)
    monkeypatch.setattr(f"{__name__}.RELATIVE_TOLERANCE", 1e-12)
    monkeypatch.setattr(f"{__name__}.ABSOLUTE_TOLERANCE", 1e-12)
    tighter = oracle(doses, case.run.values, "venous", case.run.grid_h)
    largest = np.abs(tighter).max(axis=0)
    assert (np.abs(tighter - case.truth).max(axis=0) / largest).max() < 1e-7
