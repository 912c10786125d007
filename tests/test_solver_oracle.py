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
from ketascope.model.exposure import typical_concentrations
from ketascope.model.occasions import occasion_starts
from ketascope.model.parameter_store import load_parameters
from ketascope.model.pharmacokinetics import RATE_SEPARATION
from ketascope.model.plasma import plasma
from ketascope.model.symptoms import StateCourse, patient_scores
from ketascope.people import RANDOM_EFFECTS, Person, individual_values, random_normals, typical_normals
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
SHARE_OF_S = {"ketamine": 0.5, "esketamine": 1.0}
POOLED = ("venous", "arterial")
ROWS_OF = {"venous": "pooled", "arterial": "pooled", "venous-published": "fanta_otto", "arterial-published": "simons"}


# The oracle's own absorption ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Depot:
    """rate (1/h); mg entering per mg of dose; duration of entry (h, 0: at once); lag (h); split to plasma (S, R)."""

    rate: np.ndarray
    enters: np.ndarray
    duration_h: float
    lag_h: float
    to_ketamine: tuple[np.ndarray, np.ndarray]
    to_norketamine: tuple[np.ndarray, np.ndarray]


def alike(share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return share, share


def depots_of(dose: Dose, sampling: str, v: Values) -> tuple[Depot, ...]:
    """Where a dose waits before it reaches plasma; none for IV."""
    if sampling in POOLED:
        return pooled_depots_of(dose, v)
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
        return (
            Depot(a[f"{name}_rate_per_h"], a[f"{name}_fraction"], dose.duration_h, 0.0, alike(one), alike(0.0 * one)),
        )
    if dose.route == "nasal":
        through_nose = a[f"nasal_{dose.drug}_fraction"]
        if dose.drug == "esketamine" and dose.device > 1:
            through_nose = through_nose * a["nasal_later_device_factor"]
        gulp = hours("nasal_swallowed_duration_h")
        return (
            Depot(a["nasal_rate_per_h"], through_nose, 0.0, 0.0, alike(one), alike(0.0 * one)),
            Depot(a["nasal_swallowed_rate_per_h"], 1.0 - through_nose, gulp, 0.0, alike(swallowed), alike(first_pass)),
        )
    if dose.route == "SL" and sampling == "venous-published":
        mouth = a["transmucosal_fraction"]
        gulp = hours("nasal_swallowed_duration_h")
        metabolite = a["transmucosal_swallowed_norketamine_yield"]
        return (
            Depot(
                a["transmucosal_rate_per_h"], mouth, hours("transmucosal_duration_h"), 0.0, alike(one), alike(0.0 * one)
            ),
            Depot(a["nasal_swallowed_rate_per_h"], 1.0 - mouth, gulp, 0.0, alike(0.0 * one), alike(metabolite)),
        )
    if dose.route == "SL":
        mouth, gulp = a["transmucosal_fraction_simons"], hours("transmucosal_swallowed_duration_h")
        metabolite, lag = a["transmucosal_swallowed_yield_simons"], hours("transmucosal_swallowed_lag_h")
        return (
            Depot(
                a["transmucosal_rate_per_h"], mouth, hours("transmucosal_duration_h"), 0.0, alike(one), alike(0.0 * one)
            ),
            Depot(a["transmucosal_swallowed_rate_per_h"], one, gulp, lag, alike(0.0 * one), alike(metabolite)),
        )
    assert dose.route in ("oral", "oral-ER")
    release = "oral_duration_h" if dose.route == "oral" else "extended_release_duration_h"
    return (Depot(a["oral_rate_per_h"], one, hours(release), 0.0, alike(swallowed), alike(first_pass)),)


def pooled_depots_of(dose: Dose, v: Values) -> tuple[Depot, ...]:
    """The pooled set: whatever is swallowed meets the gut wall, then a liver that clears CL of the Q that flows."""
    p = {name.removeprefix("pooled."): value for name, value in v.items() if name.startswith("pooled.")}
    one = np.ones_like(p["central_volume_l"])
    arrives, as_norketamine = [], []
    for ratio in (one, p["clearance_ratio_r_to_s"]):
        extraction = ratio * p["clearance_s_ketamine_l_per_h"] / p["liver_plasma_flow_l_per_h"]
        survives = p["gut_survival_fraction"] * np.maximum(1.0 - extraction, 0.0)
        arrives.append(p["swallowed_fraction_taken_up"] * survives)
        as_norketamine.append(
            p["swallowed_fraction_taken_up"] * (1.0 - survives) * p["first_pass_norketamine_fraction"]
        )
    first_pass = (arrives[0], arrives[1]), (as_norketamine[0], as_norketamine[1])
    straight = alike(one), alike(0.0 * one)
    slow, gulp = p["swallowed_rate_per_h"], float(p["swallowed_duration_h"][0])
    if dose.route == "IV":
        return ()
    if dose.route in ("IM", "SC"):
        name = {"IM": "intramuscular", "SC": "subcutaneous"}[dose.route]
        return (Depot(p[f"{name}_rate_per_h"], p[f"{name}_fraction"], dose.duration_h, 0.0, *straight),)
    if dose.route in ("nasal", "SL"):
        through = p[{"nasal": f"nasal_{dose.drug}_fraction", "SL": "transmucosal_fraction"}[dose.route]]
        if dose.drug == "esketamine" and dose.device > 1:
            through = through * p["nasal_later_device_factor"]
        name = {"nasal": "nasal", "SL": "transmucosal"}[dose.route]
        held = 0.0 if dose.route == "nasal" else float(p["transmucosal_duration_h"][0])
        return (
            Depot(p[f"{name}_rate_per_h"], through, held, 0.0, *straight),
            Depot(slow, 1.0 - through, gulp, 0.0, *first_pass),
        )
    assert dose.route in ("oral", "oral-ER")
    release = gulp if dose.route == "oral" else float(p["extended_release_duration_h"][0])
    return (Depot(slow, one, release, 0.0, *first_pass),)


# The oracle's own equations -----------------------------------------------------------------------------------

PER_ENANTIOMER = ("depot1", "depot2", "central", "fast", "slow", "transit1", "transit2", "nor", "nor_peripheral")
IN_THE_ARM = ("arm_central", "arm_nor")  # tissue of the arm, mg/L
CHAIN = ("site", "G", "A", "M", "P", "U")


@cache
def states_of(sampling: str) -> dict[str, int]:
    """Position of every state by its name."""
    parts = PER_ENANTIOMER + (IN_THE_ARM if sampling == "venous" else ())
    return {name: i for i, name in enumerate((*(f"{e}_{part}" for e in "sr" for part in parts), *CHAIN))}


def linear_part(v: Values, sampling: str, depots: Sequence[Depot]) -> np.ndarray:
    """Flows between the physical compartments (amounts in mg) as matrices, shape (patients, states, states)."""
    at, rows = states_of(sampling), ROWS_OF[sampling]
    has_transit = f"{rows}.transit_rate_per_h" in v
    patients = len(v[f"{rows}.central_volume_l"])
    flow = np.zeros((patients, len(at), len(at)))

    def move(source: str, target: str | None, rate: np.ndarray, arriving: np.ndarray | float = 1.0) -> None:
        flow[:, at[source], at[source]] -= rate
        if target is not None:
            flow[:, at[target], at[source]] += rate * arriving

    def p(name: str) -> np.ndarray:
        return v[f"{rows}.{name}"]

    volume, nor_volume = p("central_volume_l"), p("norketamine_central_volume_l")
    for e in "sr":
        clearance = p("clearance_s_ketamine_l_per_h") * (p("clearance_ratio_r_to_s") if e == "r" else 1.0)
        nor_clearance = p("clearance_s_norketamine_l_per_h")
        nor_clearance = nor_clearance * (p("norketamine_clearance_ratio_r_to_s") if e == "r" else 1.0)
        born = f"{e}_transit1" if has_transit else f"{e}_nor"
        move(f"{e}_central", born, clearance / volume, p("norketamine_fraction_formed"))
        for side in ("fast", "slow"):
            exchange = p(f"{side}_intercompartmental_clearance_l_per_h")
            move(f"{e}_central", f"{e}_{side}", exchange / volume)
            move(f"{e}_{side}", f"{e}_central", exchange / p(f"{side}_peripheral_volume_l"))
        if has_transit:
            move(f"{e}_transit1", f"{e}_transit2", p("transit_rate_per_h"))
            move(f"{e}_transit2", f"{e}_nor", p("transit_rate_per_h"))
        exchange = p("norketamine_intercompartmental_clearance_l_per_h")
        move(f"{e}_nor", None, nor_clearance / nor_volume)
        move(f"{e}_nor", f"{e}_nor_peripheral", exchange / nor_volume)
        move(f"{e}_nor_peripheral", f"{e}_nor", exchange / p("norketamine_peripheral_volume_l"))
        for number, depot in enumerate(depots, start=1):
            name = f"{e}_depot{number}"
            move(name, f"{e}_central", depot.rate, depot.to_ketamine["sr".index(e)])
            flow[:, at[born], at[name]] += depot.rate * depot.to_norketamine["sr".index(e)]
        if sampling == "venous":
            empties = 60.0 / p("arm_transit_min")
            for part, per_mg in (
                ("central", 1.0 / volume),
                ("nor", p("norketamine_mass_per_ketamine_mass") / nor_volume),
            ):
                tissue = at[f"{e}_arm_{part}"]
                flow[:, tissue, at[f"{e}_{part}"]] = empties * per_mg
                flow[:, tissue, tissue] = -empties
    follow = math.log(2.0) / (p("effect_site_half_life_min") / 60.0)
    flow[:, at["site"], at["s_central"]] = follow / volume
    flow[:, at["site"], at["site"]] = -follow
    k_signal = math.log(2.0) / v["plasticity.signal_half_life_h"]
    flow[:, at["M"], at["M"]] = -k_signal
    return flow


def plasma_weights(v: Values, sampling: str) -> dict[str, np.ndarray]:
    """Each sampled concentration (mg/L) as weights of the states, (patients, states).

    An arm vein holds the artery's plasma in the share that exchanged nothing, and the tissue's in the rest.
    """
    at, rows = states_of(sampling), ROWS_OF[sampling]
    volume, nor_volume = v[f"{rows}.central_volume_l"], v[f"{rows}.norketamine_central_volume_l"]
    per_mg = {"central": 1.0 / volume, "nor": v[f"{rows}.norketamine_mass_per_ketamine_mass"] / nor_volume}
    shunt = v[f"{rows}.arm_shunt_fraction"] if sampling == "venous" else np.ones_like(volume)
    result = {}
    for part in ("central", "nor"):
        for e in "sr":
            weights = np.zeros((len(volume), len(at)))
            weights[:, at[f"{e}_{part}"]] = shunt * per_mg[part]
            if sampling == "venous":
                weights[:, at[f"{e}_arm_{part}"]] = 1.0 - shunt
            result[f"{e}_{part}"] = weights
    return result


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
    at = states_of(sampling)
    seen = plasma_weights(v, sampling).values()
    per_state = sum(w[:, None] * weights for w, weights in zip(occupancy_weights(v), seen, strict=True))
    reversal, scale = v["glutamate.block_at_reversal"], v["glutamate.drive_scale"]
    gain, soft = v["glutamate.surge_gain"], v["glutamate.floor_smoothing"]
    depth = v["glutamate.drive_floor_over_gain"] / gain
    k_glutamate = math.log(2.0) / (v["glutamate.half_life_min"] / 60.0)
    half_drive = v["trials.drive_half_saturation"]
    k_on = math.log(2.0) / v["plasticity.fast_on_half_life_h"]
    k_off = math.log(2.0) / v["trials.fast_off_half_life_h"]
    k_signal = math.log(2.0) / v["plasticity.signal_half_life_h"]
    k_in = v["plasticity.structure_rate_per_h"]
    k_out = math.log(2.0) / (24.0 * v["trials.structure_off_half_life_d"])
    k_reveal, k_forget = v["unblinding.on_rate_per_h"], math.log(2.0) / v["unblinding.half_life_h"]
    half_felt, hill = v["acute.dissociation_half_effect_ng_per_ml"], v["acute.dissociation_hill"]
    assert not v["plasticity.hnk_weight"].any()
    assert (v["receptor.r_ketamine_benefit_weight"] == 1.0).all()
    site, g, a, m, p, u = (at[name] for name in CHAIN)

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


Jumps = list[tuple[float, np.ndarray]]
Flows = list[tuple[float, float, np.ndarray]]


def inputs_of(doses: Sequence[Dose], sampling: str, v: Values) -> tuple[Jumps, Flows]:
    """Amounts that enter at once (time, mg), and those that flow in (start, end, mg/h); (patients, states) each."""
    at = states_of(sampling)
    patients = len(v[f"{ROWS_OF[sampling]}.central_volume_l"])
    jumps: Jumps = []
    flows: Flows = []
    for dose in doses:
        s_share = SHARE_OF_S[dose.drug]
        entries = [("central", np.ones(patients), dose.duration_h, 0.0)]
        if own := depots_of(dose, sampling, v):
            entries = [(f"depot{n}", d.enters, d.duration_h, d.lag_h) for n, d in enumerate(own, start=1)]
        for place, enters, duration, lag in entries:
            amount = np.zeros((patients, len(at)))
            amount[:, at[f"s_{place}"]] = dose.amount_mg * s_share * enters
            amount[:, at[f"r_{place}"]] = dose.amount_mg * (1.0 - s_share) * enters
            start = dose.time_h + lag
            if duration == 0.0:
                jumps.append((start, amount))
            else:
                flows.append((start, start + duration, amount / duration))
    return jumps, flows


def oracle(doses: Sequence[Dose], v: Values, sampling: str, times_h: np.ndarray) -> np.ndarray:
    """Every channel at `times_h`, shape (times, channels, patients); before the dose where one is due."""
    depots = depots_of(doses[0], sampling, v)
    at = states_of(sampling)
    patients = len(v[f"{ROWS_OF[sampling]}.central_volume_l"])
    jumps, flows = inputs_of(doses, sampling, v)
    starts = {start for start, _ in jumps} | {t for start, end, _ in flows for t in (start, end)}
    breaks = sorted({0.0, UNTIL_H, *(t for t in starts if t < UNTIL_H)})
    change = right_hand_side(v, sampling, depots)
    y = np.zeros((patients, len(at)))
    y[:, at["G"]] = 1.0
    states = np.empty((len(times_h), patients, len(at)))
    states[0] = y
    for start, end in zip(breaks, breaks[1:], strict=False):
        y = y + sum((amount for moment, amount in jumps if moment == start), np.zeros_like(y))
        middle = 0.5 * (start + end)
        inputs = sum((rate for low, high, rate in flows if low < middle < high), np.zeros_like(y))
        inside = np.flatnonzero((times_h > start + 1e-9) & (times_h <= end + 1e-9))
        width = len(at) - 1
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
        course = solution.y.T.reshape(-1, patients, len(at))
        states[inside] = course[: len(inside)]
        y = course[-1]
    return channels_from(states, v, sampling)


def channels_from(states: np.ndarray, v: Values, sampling: str) -> np.ndarray:
    at = states_of(sampling)
    sampled = [np.einsum("tps,ps->tp", states, weights) for weights in plasma_weights(v, sampling).values()]
    occupied = sum(w * c for w, c in zip(occupancy_weights(v), sampled, strict=True))
    rest = [states[:, :, at[name]] for name in CHAIN[1:]]
    return np.stack([*sampled, states[:, :, at["site"]], occupied / (1.0 + occupied), *rest], axis=1)


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
    if sampling != "venous-published":
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


CASES = [
    *((option.id, sampling) for sampling in ("venous-published", "venous") for option in PRESETS),
    *((preset, sampling) for sampling in ("arterial-published", "arterial") for preset in ARTERIAL),
]
HONESTY, OUTSIDE_THE_ESTIMATE = 3.0, 3.0 * RATE_SEPARATION  # times the estimate; coinciding rates moved apart


def test_the_cases_are_fifty_patients_over_every_preset_with_ketamine() -> None:
    ketamine = [option.id for option in load_presets() if option.kind == "active" and option.id != "ssri"]
    assert [option.id for option in PRESETS] == ketamine
    assert len(PEOPLE) == len(PRESETS)
    venous = [solved(preset, "venous-published") for preset in ketamine]
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
    assert case.estimate_error <= HONESTY * case.run.error_estimate + OUTSIDE_THE_ESTIMATE


@pytest.mark.parametrize(
    ("sentence", "sampling"),
    [
        ("ketamine 2 mg/kg IV", "arterial-published"),
        ("ketamine 2 mg/kg IV", "venous-published"),
        ("esketamine 0.4 mg/kg IV over 2 min q 1 d x 3", "arterial-published"),
        ("ketamine 0.6 mg/kg SC over 6 h", "venous-published"),
        ("ketamine 150 mg nasal", "venous-published"),
        ("ketamine 2 mg/kg IV", "arterial"),
        ("ketamine 2 mg/kg IV", "venous"),
        ("esketamine 0.4 mg/kg IV over 2 min q 1 d x 3", "venous"),
        ("ketamine 0.6 mg/kg SC over 6 h", "venous"),
        ("ketamine 150 mg nasal", "arterial"),
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
    assert error <= HONESTY * run.error_estimate + OUTSIDE_THE_ESTIMATE
    assert concentration <= ALLOWED


@pytest.mark.parametrize("sampling", ["venous-published", "venous"])
def test_the_scores_that_are_compared_do_move(sampling: str) -> None:
    case = solved("iv-six", sampling)
    states = {name: case.run.channel(name) for name in cascade.STATES}
    none = {name: np.zeros_like(state) for name, state in states.items()}
    doses = parse(PRESETS[1].sentence or "").doses(PEOPLE[1].weight_kg)
    assert len(occasion_starts(doses, load_parameters())) == 6
    normals = random_normals(SEED, PATIENTS)[1 :: len(PRESETS)][: case.run.outputs.shape[-1]]
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


@pytest.mark.parametrize("sampling", ["venous-published", "venous"])
def test_lsoda_is_converged_far_below_the_differences_that_are_judged(
    sampling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = solved("sc", sampling)
    person = PEOPLE[[option.id for option in PRESETS].index("sc")]
    doses = parse("ketamine 0.5 mg/kg SC").doses(person.weight_kg)
    monkeypatch.setattr(f"{__name__}.RELATIVE_TOLERANCE", 1e-12)
    monkeypatch.setattr(f"{__name__}.ABSOLUTE_TOLERANCE", 1e-12)
    tighter = oracle(doses, case.run.values, sampling, case.run.grid_h)
    largest = np.abs(tighter).max(axis=0)
    assert (np.abs(tighter - case.truth).max(axis=0) / largest).max() < 1e-7


# Hydroxynorketamine, which drives nothing and has no place in the chain ------------------------------------------


@pytest.mark.parametrize("sampling", POOLED)
@pytest.mark.parametrize(
    "sentence",
    ["ketamine 0.5 mg/kg IV over 40 min", "ketamine 100 mg oral", "esketamine 56 mg nasal", "ketamine 50 mg SL"],
)
def test_hydroxynorketamine_agrees_with_lsoda_to_1e_5(sentence: str, sampling: str) -> None:
    person = Person(weight_kg=82.0, age_years=68.0)
    v = individual_values(load_parameters(), person, typical_normals(), plasma(sampling))
    doses = parse(sentence).doses(person.weight_kg)
    flow = linear_part(v, "arterial", depots_of(doses[0], "arterial", v))[0]
    at = states_of("arterial")
    p = {name.removeprefix("pooled."): float(value[0]) for name, value in v.items() if name.startswith("pooled.")}
    # Per h: from norketamine into the compartment, and out of it; of S and R.
    made = np.array([1.0, p["norketamine_clearance_ratio_r_to_s"]]) * p["clearance_s_norketamine_l_per_h"]
    made *= p["hydroxynorketamine_fraction_formed"] / p["norketamine_central_volume_l"]
    gone = np.array([1.0, p["hydroxynorketamine_clearance_ratio_r_to_s"]])
    gone *= p["clearance_s_hydroxynorketamine_l_per_h"] / p["hydroxynorketamine_volume_l"]

    def change(time_h: float, y: np.ndarray, given: np.ndarray) -> np.ndarray:
        dy = given.copy()
        dy[:-2] += flow @ y[:-2]
        dy[-2:] += made * y[[at["s_nor"], at["r_nor"]]] - gone * y[-2:]
        return dy

    times = np.concatenate([np.linspace(0.0, 4.0, 81), np.geomspace(4.5, 48.0, 30)])
    truth = np.zeros((len(times), 2))
    jumps, flows = inputs_of(doses, "arterial", v)
    breaks = sorted({0.0, 48.0, *(t for low, high, _ in flows for t in (low, high))})
    y = np.zeros(len(at) + 2)
    for start, end in zip(breaks, breaks[1:], strict=False):
        y[:-2] += sum(amount[0] for moment, amount in jumps if moment == start)
        middle = 0.5 * (start + end)
        given = np.zeros_like(y)
        given[:-2] += sum(rate[0] for low, high, rate in flows if low < middle < high)
        inside = np.flatnonzero((times > start) & (times <= end))
        steps = np.append(times[inside], [] if times[inside][-1:] == end else [end])
        solution = solve_ivp(change, (start, end), y, "LSODA", steps, rtol=1e-11, atol=1e-11, args=(given,))
        assert solution.success, solution.message
        truth[inside], y = solution.y[-2:, : len(inside)].T, solution.y[:, -1]
    truth *= 1000.0 * p["hydroxynorketamine_mass_per_ketamine_mass"] / p["hydroxynorketamine_volume_l"]
    found = typical_concentrations(doses, person, sampling, times)
    for i, name in enumerate(("s_hydroxynorketamine", "r_hydroxynorketamine")):
        assert (truth[:, i].max() > 1.0) == (i == 0 or doses[0].drug == "ketamine")
        np.testing.assert_allclose(found[name], truth[:, i], rtol=ALLOWED, atol=ALLOWED * truth[:, i].max())
