"""Properties that linear pharmacokinetics and the chain behind it must have, for any regimen and any person.

Nasal esketamine is the exception that proves the rule: its later devices absorb less, so it has tests of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fuzzing
from ketascope.comparing.setting import Setting, make_setting, state_course
from ketascope.model import cascade
from ketascope.model.exposure import typical_concentrations
from ketascope.model.parameter_store import load_parameters
from ketascope.model.plasma import plasma, plasmas
from ketascope.model.symptoms import patient_scores
from ketascope.people import RANDOM_EFFECTS, Person, individual_values, random_normals, typical_normals
from ketascope.regimen import Dose, parse
from ketascope.simulation import PatientRun, run_patients

CHEAP = settings(max_examples=80 * fuzzing.factor())
CHEAP_OVER_SETS = settings(max_examples=160 * fuzzing.factor())
DEAR = settings(max_examples=16 * fuzzing.factor())
ANALYTES = ("s_ketamine", "r_ketamine", "s_norketamine", "r_norketamine")
ROUTES = ("IV", "IM", "SC", "nasal", "SL", "buccal", "oral", "oral-ER", "rectal")
PRODUCTS = (
    *(("ketamine", route) for route in ROUTES),
    *(("esketamine", route) for route in ROUTES if route not in ("nasal", "oral-ER", "rectal")),
)
TIMES_H = np.concatenate([[0.0], np.geomspace(0.01, 400.0, 160)])
# Rates that coincide are moved apart by two parts in a million; nothing linear is exact beyond that.
LINEAR = 1e-5
INTERACTIONS = ("rifampicin", "ticlopidine", "grapefruit", "st-johns-wort", "clarithromycin", "itraconazole")

people = st.builds(
    Person,
    weight_kg=st.floats(20.0, 300.0),
    age_years=st.floats(18.0, 120.0),
    hepatic=st.sampled_from(("normal", "mild", "moderate")),
    interactions=st.lists(st.sampled_from(INTERACTIONS), max_size=2, unique=True).map(tuple),
)
SAMPLINGS = tuple(plasmas())
POOLED = tuple(name for name, place in plasmas().items() if place.parameters == "pooled")
samplings = st.sampled_from(SAMPLINGS)


@st.composite
def one_dose(draw: st.DrawFn) -> Dose:
    drug, route = draw(st.sampled_from(PRODUCTS))
    lasts = draw(st.sampled_from((0.0, 1 / 60, 2 / 3, 6.0))) if route in ("IV", "SC") else 0.0
    time_h = draw(st.one_of(st.just(0.0), st.integers(0, 200).map(float), st.floats(0.0, 200.0)))
    return Dose(time_h, drug, route, draw(st.floats(0.5, 400.0)), lasts, 1, 0)


dose_lists = st.lists(one_dose(), min_size=1, max_size=4)


def at_times(
    doses: Sequence[Dose], person: Person, sampling: str, times_h: np.ndarray = TIMES_H
) -> dict[str, np.ndarray]:
    ordered = tuple(sorted(doses, key=lambda dose: dose.time_h))
    return typical_concentrations(ordered, person, sampling, times_h)


def assert_alike(left: Mapping[str, np.ndarray], right: Mapping[str, np.ndarray]) -> None:
    for name in left:
        scale = max(np.abs(left[name]).max(), np.abs(right[name]).max())
        np.testing.assert_allclose(left[name], right[name], rtol=LINEAR, atol=LINEAR * scale, err_msg=name)


# Linearity ----------------------------------------------------------------------------------------------------


@CHEAP_OVER_SETS
@given(dose_lists, dose_lists, people, samplings)
def test_two_regimens_together_are_the_sum_of_each(
    first: list[Dose], second: list[Dose], person: Person, sampling: str
) -> None:
    together = at_times([*first, *second], person, sampling)
    one, other = at_times(first, person, sampling), at_times(second, person, sampling)
    assert_alike(together, {name: one[name] + other[name] for name in one})


@CHEAP_OVER_SETS
@given(dose_lists, st.floats(1e-3, 1e3), people, samplings)
def test_concentrations_are_proportional_to_the_dose(
    doses: list[Dose], factor: float, person: Person, sampling: str
) -> None:
    larger = [replace(dose, amount_mg=factor * dose.amount_mg) for dose in doses]
    plain = at_times(doses, person, sampling)
    assert_alike(at_times(larger, person, sampling), {name: factor * plain[name] for name in plain})


@CHEAP_OVER_SETS
@given(one_dose(), st.integers(2, 5), people, samplings)
def test_a_dose_split_into_equal_parts_at_once_is_the_whole_dose(
    dose: Dose, parts: int, person: Person, sampling: str
) -> None:
    split = [replace(dose, amount_mg=dose.amount_mg / parts) for _ in range(parts)]
    assert_alike(at_times(split, person, sampling), at_times([dose], person, sampling))


@CHEAP_OVER_SETS
@given(one_dose(), st.floats(0.0, 100.0), people, samplings)
def test_a_dose_given_later_gives_the_same_course_later(
    dose: Dose, delay_h: float, person: Person, sampling: str
) -> None:
    now, later = replace(dose, time_h=0.0), replace(dose, time_h=delay_h)
    delayed = at_times([later], person, sampling, TIMES_H + delay_h)
    prompt = at_times([now], person, sampling)
    # A jump at the very start may fall on either side of it.
    assert_alike({n: delayed[n][1:] for n in delayed}, {n: prompt[n][1:] for n in prompt})


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(("drug", "route"), PRODUCTS)
def test_every_route_is_linear_in_the_typical_person(drug: str, route: str, sampling: str) -> None:
    def course(*amounts: tuple[float, float]) -> dict[str, np.ndarray]:
        return at_times([Dose(t, drug, route, mg, 0.0, 1, 0) for t, mg in amounts], Person(), sampling)

    one, two = course((0.0, 10.0)), course((0.0, 20.0))
    assert one["s_ketamine"].max() > 0.0
    assert one["s_norketamine"].max() > 0.0
    assert one["r_ketamine"].any() == (drug == "ketamine")
    assert_alike(two, {name: 2.0 * one[name] for name in one})
    assert_alike(course((0.0, 10.0), (5.0, 30.0)), {n: one[n] + course((5.0, 30.0))[n] for n in one})


# Nasal esketamine, the exception ------------------------------------------------------------------------------

DEVICE_MG = 28.0
SOON = 5.0 / 60.0


def devices(*numbers: int, spacing_h: float = SOON) -> list[Dose]:
    return [
        Dose(index * spacing_h, "esketamine", "nasal", DEVICE_MG, 0.0, 1, 0, number)
        for index, number in enumerate(numbers)
    ]


def exposure(doses: Sequence[Dose], person: Person, name: str = "s_ketamine", sampling: str = "venous") -> float:
    return float(integral(doses, person, sampling)[name])


def test_a_first_device_absorbs_the_nasal_fraction_and_later_ones_the_factor_of_it() -> None:
    numbers = load_parameters().values_of("absorption")
    clearance = load_parameters().value("fanta_otto.clearance_s_ketamine_l_per_h")
    for number, factor in ((1, 1.0), (2, numbers["nasal_later_device_factor"])):
        nose = numbers["nasal_esketamine_fraction"] * factor
        reaches_plasma = nose + (1.0 - nose) * numbers["swallowed_ketamine_fraction"]
        expected = 1000.0 * DEVICE_MG * reaches_plasma / clearance
        found = exposure(devices(number), Person(), sampling="venous-published")
        assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("sampling", POOLED)
def test_a_pooled_device_absorbs_the_nasal_fraction_and_the_rest_passes_gut_and_liver(sampling: str) -> None:
    v = load_parameters().values_of("pooled")
    clearance, escapes = v["clearance_s_ketamine_l_per_h"], v["gut_survival_fraction"]
    escapes *= 1.0 - clearance / v["liver_plasma_flow_l_per_h"]
    as_norketamine = (1.0 - escapes) * v["first_pass_norketamine_fraction"]
    for number, factor in ((1, 1.0), (2, v["nasal_later_device_factor"])):
        nose = v["nasal_esketamine_fraction"] * factor
        swallowed = (1.0 - nose) * v["swallowed_fraction_taken_up"]
        ketamine = 1000.0 * DEVICE_MG * (nose + swallowed * escapes)
        found = exposure(devices(number), Person(), sampling=sampling)
        assert found == pytest.approx(ketamine / clearance, rel=LINEAR)
        formed = v["norketamine_fraction_formed"] * ketamine + 1000.0 * DEVICE_MG * swallowed * as_norketamine
        expected = formed * v["norketamine_mass_per_ketamine_mass"] / v["clearance_s_norketamine_l_per_h"]
        found = exposure(devices(number), Person(), "s_norketamine", sampling)
        assert found == pytest.approx(expected, rel=LINEAR)


venous_plasmas = st.sampled_from(("venous", "venous-published"))


@CHEAP_OVER_SETS
@given(people, venous_plasmas)
def test_two_devices_are_more_than_one_and_less_than_twice_one(person: Person, sampling: str) -> None:
    one, two, three = (exposure(devices(*range(1, n + 1)), person, sampling=sampling) for n in (1, 2, 3))
    assert one < two < 2.0 * one
    assert two < three < 3.0 * one
    assert three - two == pytest.approx(two - one, rel=1e-6)


@CHEAP_OVER_SETS
@given(people, st.floats(0.6, 48.0), venous_plasmas)
def test_first_devices_of_two_sessions_add_up(person: Person, gap_h: float, sampling: str) -> None:
    one, two = at_times(devices(1), person, sampling), at_times(devices(1, 1, spacing_h=gap_h), person, sampling)
    second = [replace(devices(1)[0], time_h=gap_h)]
    later = at_times(second, person, sampling)
    assert_alike(two, {name: one[name] + later[name] for name in one})


def test_what_the_nose_leaves_is_swallowed_so_the_total_of_drug_and_metabolite_depends_on_both() -> None:
    numbers = load_parameters().values_of("absorption")
    rows = load_parameters()
    for number, factor in ((1, 1.0), (3, numbers["nasal_later_device_factor"])):
        nose = numbers["nasal_esketamine_fraction"] * factor
        swallowed = (1.0 - nose) * numbers["swallowed_total_yield"]
        expected = 1000.0 * DEVICE_MG * (nose + swallowed) / rows.value("fanta_otto.clearance_s_norketamine_l_per_h")
        found = exposure(devices(number), Person(), "s_norketamine", "venous-published")
        assert found == pytest.approx(expected, rel=1e-6)


def test_a_sentence_counts_its_devices() -> None:
    numbers = [dose.device for dose in parse("esketamine 84 mg nasal q 3.5 d x 2").doses(70.0)]
    assert numbers == [1, 2, 3, 1, 2, 3]


# Mass balance -------------------------------------------------------------------------------------------------


def integral(doses: Sequence[Dose], person: Person, sampling: str, until_h: float = 6000.0) -> dict[str, float]:
    """AUC in ng h/mL by Gauss-Legendre panels that start at every change of input and grow geometrically."""
    file = "pooled" if sampling in POOLED else "absorption"
    numbers = load_parameters().values_of(file)
    lasts = [value for name, value in numbers.items() if name.endswith("_duration_h")]
    lags = [0.0, *(value for name, value in numbers.items() if name.endswith("_lag_h"))]
    kinks = {t.time_h + lag + h for t in doses for lag in lags for h in (0.0, t.duration_h, *lasts)}
    edges = [0.0]
    for kink in sorted(kinks | {until_h}):
        start = edges[-1]
        if kink - start < 1e-9:
            continue
        steps = np.geomspace(1e-4, kink - start, 40) if kink - start > 1e-4 else np.array([kink - start])
        edges += list(start + steps)
    lower, upper = np.array(edges[:-1]), np.array(edges[1:])
    nodes, weights = np.polynomial.legendre.leggauss(8)
    times = (0.5 * (lower + upper)[:, None] + 0.5 * (upper - lower)[:, None] * nodes).ravel()
    each = (0.5 * (upper - lower)[:, None] * weights).ravel()
    return {name: float((c * each).sum()) for name, c in at_times(doses, person, sampling, times).items()}


def reaching_plasma(dose: Dose, sampling: str, v: Mapping[str, float], e: str) -> tuple[float, float]:
    """Fractions of one enantiomer that reach plasma as ketamine and, before passing through it, as norketamine."""
    if dose.route == "IV":
        return 1.0, 0.0
    if sampling in POOLED:
        return reaching_plasma_pooled(dose, {n.removeprefix("pooled."): x for n, x in v.items() if "pooled." in n}, e)
    swallowed = v["absorption.swallowed_ketamine_fraction"]
    first_pass = max(v["absorption.swallowed_total_yield"] - swallowed, 0.0)
    if dose.route in ("IM", "SC"):
        return v[{"IM": "absorption.intramuscular_fraction", "SC": "absorption.subcutaneous_fraction"}[dose.route]], 0.0
    if dose.route in ("oral", "oral-ER"):
        return swallowed, first_pass
    if dose.route == "rectal":
        enters = v["absorption.rectal_ketamine_fraction"]
        return enters, max(v["absorption.rectal_total_yield"] - enters, 0.0)
    if dose.route == "nasal":
        nose = v["absorption.nasal_ketamine_fraction"]
        return nose + (1.0 - nose) * swallowed, (1.0 - nose) * first_pass
    assert dose.route in ("SL", "buccal")
    if sampling == "arterial-published":
        return v["absorption.transmucosal_fraction_simons"], v["absorption.transmucosal_swallowed_yield_simons"]
    mouth = v["absorption.transmucosal_fraction"]
    return mouth, (1.0 - mouth) * v["absorption.transmucosal_swallowed_norketamine_yield"]


def reaching_plasma_pooled(dose: Dose, v: Mapping[str, float], e: str) -> tuple[float, float]:
    """Gut wall and well-stirred liver: F = taken up * F_gut (1 - CL/Q), and of the rest a share is norketamine."""
    clearance = v["clearance_s_ketamine_l_per_h"] * (v["clearance_ratio_r_to_s"] if e == "r" else 1.0)
    escapes = v["gut_survival_fraction"] * max(1.0 - clearance / v["liver_plasma_flow_l_per_h"], 0.0)
    swallowed = v["swallowed_fraction_taken_up"] * escapes
    metabolite = v["swallowed_fraction_taken_up"] * (1.0 - escapes) * v["first_pass_norketamine_fraction"]
    direct = {
        "IM": "intramuscular_fraction",
        "SC": "subcutaneous_fraction",
        "nasal": "nasal_ketamine_fraction",
        "SL": "transmucosal_fraction",
        "buccal": "transmucosal_fraction",
        "rectal": "rectal_fraction",
        "oral": "",
        "oral-ER": "",
    }[dose.route]
    directly = v[direct] if direct else 0.0
    if dose.route in ("IM", "SC"):
        return directly, 0.0  # what muscle and skin do not take up is lost
    return directly + (1.0 - directly) * swallowed, (1.0 - directly) * metabolite


def typical_values(person: Person, sampling: str) -> dict[str, float]:
    values = individual_values(load_parameters(), person, typical_normals(), plasma(sampling))
    return {name: float(value[0]) for name, value in values.items()}


@CHEAP_OVER_SETS
@given(dose_lists, people, samplings)
def test_all_drug_that_is_absorbed_is_eliminated_in_the_end(doses: list[Dose], person: Person, sampling: str) -> None:
    v, rows = typical_values(person, sampling), plasma(sampling).parameters
    auc = integral(doses, person, sampling)
    for e, ratio, nor_ratio in (
        ("s", 1.0, 1.0),
        ("r", v[f"{rows}.clearance_ratio_r_to_s"], v[f"{rows}.norketamine_clearance_ratio_r_to_s"]),
    ):
        absorbed = first_pass = 0.0
        for dose in doses:
            share = {"ketamine": 0.5, "esketamine": 1.0 if e == "s" else 0.0}[dose.drug]
            as_ketamine, as_norketamine = reaching_plasma(dose, sampling, v, e)
            absorbed += 1000.0 * share * dose.amount_mg * as_ketamine
            first_pass += 1000.0 * share * dose.amount_mg * as_norketamine
        eliminated = v[f"{rows}.clearance_s_ketamine_l_per_h"] * ratio * auc[f"{e}_ketamine"]
        assert eliminated == pytest.approx(absorbed, rel=LINEAR)
        formed = first_pass + v[f"{rows}.norketamine_fraction_formed"] * absorbed
        nor_clearance = v[f"{rows}.clearance_s_norketamine_l_per_h"] * nor_ratio
        gone = nor_clearance * auc[f"{e}_norketamine"] / v[f"{rows}.norketamine_mass_per_ketamine_mass"]
        assert gone == pytest.approx(formed, rel=LINEAR)
        assert auc[f"{e}_effect_site"] == pytest.approx(auc[f"{e}_ketamine"], rel=LINEAR)
        assert (f"{e}_hydroxynorketamine" in auc) == (sampling in POOLED)
        if sampling in POOLED:
            onward = v["pooled.hydroxynorketamine_fraction_formed"] * formed
            cleared = v["pooled.clearance_s_hydroxynorketamine_l_per_h"] * auc[f"{e}_hydroxynorketamine"]
            cleared *= v["pooled.hydroxynorketamine_clearance_ratio_r_to_s"] if e == "r" else 1.0
            cleared /= v["pooled.hydroxynorketamine_mass_per_ketamine_mass"]
            assert cleared == pytest.approx(onward, rel=LINEAR)


def fed_by(times_h: np.ndarray, source: np.ndarray, rate_per_h: float) -> np.ndarray:
    """Amount in a compartment that `source` (per h) fills and that empties at a rate: Simpson's rule on a fine grid."""
    from scipy.integrate import cumulative_simpson

    grown = cumulative_simpson(source * np.exp(rate_per_h * times_h), x=times_h, initial=0.0)
    amount: np.ndarray = grown * np.exp(-rate_per_h * times_h)
    return amount


def absorbed_at_once(route: str, v: Mapping[str, float], absorption: str) -> tuple[str, float, float]:
    """Row of the depot's rate, and what reaches plasma as ketamine and, on the way in, as norketamine."""
    if route == "IM":
        return "intramuscular_rate_per_h", v[f"{absorption}.intramuscular_fraction"], 0.0
    assert route == "rectal"
    if absorption == "pooled":
        own = {name.removeprefix("pooled."): value for name, value in v.items()}
        return "rectal_rate_per_h", *reaching_plasma_pooled(Dose(0.0, "esketamine", route, 1.0, 0.0, 1, 0), own, "s")
    as_ketamine = v["absorption.rectal_ketamine_fraction"]
    return "rectal_rate_per_h", as_ketamine, max(v["absorption.rectal_total_yield"] - as_ketamine, 0.0)


@settings(max_examples=200)
@given(
    st.sampled_from(("IV", "IM", "rectal")),
    st.floats(1.0, 200.0),
    st.floats(20.0, 300.0),
    st.sampled_from(("venous-published", "arterial-published", "arterial")),
)
def test_at_any_time_what_is_in_the_body_and_what_has_left_it_make_what_has_been_absorbed(
    route: str, amount_mg: float, weight_kg: float, sampling: str
) -> None:
    person, rows = Person(weight_kg=weight_kg), plasma(sampling).parameters
    full = typical_values(person, sampling)
    v = {name.removeprefix(f"{rows}."): value for name, value in full.items()}
    absorption = "absorption" if sampling.endswith("-published") else rows
    lasts = 0.5 if route == "IV" else 0.0
    # Steps of 4 s over ten hours; starting at the end of the infusion keeps Simpson's rule away from its corner.
    times = np.concatenate([np.linspace(0.0, 0.5, 451), np.linspace(0.5, 10.0, 8551)[1:]])
    c = at_times([Dose(0.0, "esketamine", route, amount_mg, lasts, 1, 0)], person, sampling, times)
    ketamine = c["s_ketamine"] / 1000.0
    norketamine = c["s_norketamine"] / 1000.0 / v["norketamine_mass_per_ketamine_mass"]

    def body(conc: np.ndarray, volume_l: float, sides: Sequence[tuple[str, str]]) -> np.ndarray:
        total = volume_l * conc
        for exchange, side in sides:
            total = total + fed_by(times, v[exchange] * conc, v[exchange] / v[side])
        return total

    if route == "IV":
        arrived = amount_mg * np.minimum(times / lasts, 1.0)
        born, birth_per_h = 0.0 * times, 0.0 * times
    else:
        rate, as_ketamine, as_norketamine = absorbed_at_once(route, full, absorption)
        per_h = full[f"{absorption}.{rate}"]
        left_depot = amount_mg * (1.0 - np.exp(-per_h * times))
        arrived, born = as_ketamine * left_depot, as_norketamine * left_depot
        birth_per_h = as_norketamine * amount_mg * per_h * np.exp(-per_h * times)
    cleared = fed_by(times, v["clearance_s_ketamine_l_per_h"] * ketamine, 0.0)
    sides = (
        ("fast_intercompartmental_clearance_l_per_h", "fast_peripheral_volume_l"),
        ("slow_intercompartmental_clearance_l_per_h", "slow_peripheral_volume_l"),
    )
    in_body = body(ketamine, v["central_volume_l"], sides)
    checked = times > 0.01
    np.testing.assert_allclose((in_body + cleared)[checked], arrived[checked], rtol=2e-4)
    nor_cleared = fed_by(times, v["clearance_s_norketamine_l_per_h"] * norketamine, 0.0)
    nor_sides = (("norketamine_intercompartmental_clearance_l_per_h", "norketamine_peripheral_volume_l"),)
    nor_body = body(norketamine, v["norketamine_central_volume_l"], nor_sides)
    made = born + v["norketamine_fraction_formed"] * cleared
    on_the_way = 0.0 * times
    if "transit_rate_per_h" in v:
        birth_per_h = birth_per_h + v["norketamine_fraction_formed"] * v["clearance_s_ketamine_l_per_h"] * ketamine
        first_step = fed_by(times, birth_per_h, v["transit_rate_per_h"])
        on_the_way = first_step + fed_by(times, v["transit_rate_per_h"] * first_step, v["transit_rate_per_h"])
    later = times > 0.1
    np.testing.assert_allclose((on_the_way + nor_body + nor_cleared)[later], made[later], rtol=2e-4)


# Arm veins ----------------------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(st.sampled_from(("IV", "IM", "rectal")), st.floats(1.0, 200.0), people)
def test_an_arm_vein_holds_a_share_of_the_arterys_plasma_at_once_and_the_rest_late(
    route: str, amount_mg: float, person: Person
) -> None:
    v = load_parameters().values_of("pooled")
    times = np.concatenate([np.linspace(0.0, 0.5, 451), np.linspace(0.5, 10.0, 8551)[1:]])
    doses = [Dose(0.0, "ketamine", route, amount_mg, 0.5 if route == "IV" else 0.0, 1, 0)]
    artery, vein = (at_times(doses, person, sampling, times) for sampling in ("arterial", "venous"))
    shunt, follow = v["arm_shunt_fraction"], 60.0 / v["arm_transit_min"]
    for name in ANALYTES:
        mixed = shunt * artery[name] + (1.0 - shunt) * fed_by(times, follow * artery[name], follow)
        np.testing.assert_allclose(vein[name], mixed, rtol=2e-4, atol=LINEAR * mixed.max(), err_msg=name)


@CHEAP
@given(dose_lists, people)
def test_effect_site_and_hydroxynorketamine_know_no_arm(doses: list[Dose], person: Person) -> None:
    artery, vein = (at_times(doses, person, sampling) for sampling in ("arterial", "venous"))
    names = [f"{e}_{series}" for e in "sr" for series in ("effect_site", "hydroxynorketamine")]
    assert_alike({name: artery[name] for name in names}, {name: vein[name] for name in names})
    assert any((artery[name] != vein[name]).any() for name in ANALYTES)


@CHEAP
@given(dose_lists, people)
def test_the_arm_changes_the_course_but_no_exposure(doses: list[Dose], person: Person) -> None:
    artery, vein = (integral(doses, person, sampling) for sampling in ("arterial", "venous"))
    for name in ANALYTES:
        assert vein[name] == pytest.approx(artery[name], rel=LINEAR)


# Bounds -------------------------------------------------------------------------------------------------------


@CHEAP_OVER_SETS
@given(dose_lists, people, samplings)
def test_typical_concentrations_are_finite_and_never_negative(doses: list[Dose], person: Person, sampling: str) -> None:
    for name, course in at_times(doses, person, sampling).items():
        assert np.isfinite(course).all(), name
        assert (course >= 0.0).all(), name


EXTREMES = (
    "ketamine 10 mg/kg IV",
    "ketamine 10 mg/kg IV over 1 min q 12 h x 3",
    "ketamine 0.000001 mg IV",
    "esketamine 5 mg/kg IM",
    "ketamine 10 mg/kg SC over 3 d",
    "ketamine 20 mg/kg oral q 12 h x 6",
    "ketamine 20 mg/kg SL",
    "ketamine 10 mg/kg nasal q 12 h x 4",
    "esketamine 84 mg nasal q 1 d x 7",
    "ketamine 1 mg/kg oral-ER q 8 h x 9",
    "ketamine 1 mg/kg rectal q 6 h x 4",
    "ketamine 10 mg/kg IV & ketamine 1 mg/kg IV over 1 h",
)
HORIZON_H = 240.0
INDICATIONS = ("gad", "sad", "ptsd", "ocd", "mdd")


@cache
def setting_of(indication: str) -> Setting:
    return make_setting({"indication": indication, "patients": 0, "until_h": HORIZON_H}, None, "normal", (), ())


@pytest.mark.parametrize("sampling", SAMPLINGS)
@DEAR
@given(st.sampled_from(EXTREMES), people, st.integers(0, 2**31))
def test_states_and_scores_stay_within_their_bounds_in_extreme_people_and_regimens(
    sampling: str, sentence: str, person: Person, seed: int
) -> None:
    doses = parse(sentence).doses(person.weight_kg)
    normals = random_normals(seed, 16)
    # On the grid that such doses get: the first one, unrefined, is too coarse for 10 mg/kg at once.
    run = run_patients(doses, person, sampling, load_parameters(), normals, HORIZON_H)
    assert np.isfinite(run.outputs).all()
    assert (run.outputs >= 0.0).all()
    for name in ("block", "fast", "signal", "plasticity", "unblinding"):
        assert (run.channel(name) < 1.0).all(), name
    assert (run.channel("glutamate_fold") > 0.69).all()
    assert (run.channel("glutamate_fold") < 1.5 + 1e-6).all()
    effects = dict(zip(RANDOM_EFFECTS, normals.T, strict=True))
    for indication in INDICATIONS:
        setting = setting_of(indication)
        course = state_course(setting, run, slice(None), doses, run.grid_h)
        scores = patient_scores(setting.indication, setting.model.parameters, setting.effects, course, effects)
        assert (scores >= setting.indication.minimum).all()
        assert (scores <= setting.indication.maximum).all()


# The same patient in any batch --------------------------------------------------------------------------------

BATCH = 200


INJECTION = "ketamine 0.5 mg/kg IM"


def batch(
    patients: int,
    first: int = 0,
    threads: int | None = 1,
    sentence: str = INJECTION,
    sampling: str = "venous-published",
) -> PatientRun:
    doses = parse(sentence).doses(70.0)
    normals = random_normals(0, patients, first)
    return run_patients(doses, Person(), sampling, load_parameters(), normals, 48.0, threads=threads)


@pytest.mark.parametrize("sampling", ["venous-published", "venous"])
def test_threads_change_nothing(sampling: str) -> None:
    one, two = batch(BATCH, threads=1, sampling=sampling), batch(BATCH, threads=2, sampling=sampling)
    assert np.array_equal(one.outputs, two.outputs)
    assert one.error_estimate == two.error_estimate


@pytest.mark.parametrize("patients", [1, 7, 16, 17, 160, 161])
def test_a_smaller_batch_gives_the_same_patients(patients: int) -> None:
    few, many = batch(patients), batch(BATCH)
    assert np.array_equal(few.grid_h, many.grid_h)
    # The two compiled widths may round differently in the last digits, and nowhere else.
    np.testing.assert_allclose(few.outputs, many.outputs[:, :, :patients], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("sampling", ["venous-published", "venous", "arterial"])
def test_batches_of_one_compiled_width_agree_to_the_last_bit(sampling: str) -> None:
    many, fewer, one, some = (batch(n, sampling=sampling).outputs for n in (BATCH, 161, 1, 16))
    assert np.array_equal(fewer, many[:, :, :161])
    assert np.array_equal(one, some[:, :, :1])


@pytest.mark.parametrize(
    ("sentence", "sampling", "patient"),
    [
        (INJECTION, "venous-published", 3),
        ("ketamine 120 mg oral-ER", "venous-published", 50),  # alone this patient would ask for a finer grid
        ("ketamine 0.5 mg/kg IV over 40 min", "arterial-published", 20),  # the first seven patients ask for one
        ("ketamine 0.5 mg/kg IV over 40 min", "arterial-published", 81),
        (INJECTION, "arterial-published", 40),
        ("esketamine 56 mg nasal", "arterial-published", 5),
        (INJECTION, "venous", 3),
        ("ketamine 120 mg oral-ER", "venous", 50),
        ("ketamine 0.5 mg/kg IV over 40 min", "venous", 20),
        ("ketamine 0.5 mg/kg IV over 40 min", "arterial", 81),
        ("esketamine 56 mg nasal", "arterial", 5),
    ],
)
def test_a_patient_alone_is_the_same_as_in_the_batch(sentence: str, sampling: str, patient: int) -> None:
    many = batch(100, sentence=sentence, sampling=sampling)
    alone = batch(1, first=patient, sentence=sentence, sampling=sampling)
    assert len(alone.grid_h) == len(many.grid_h)
    for name in cascade.CHANNELS:
        own, among_others = alone.channel(name)[:, 0], many.channel(name)[:, patient]
        # The two compiled widths round differently; equal transit rates make ten digits of that rounding.
        np.testing.assert_allclose(own, among_others, rtol=0.0, atol=1e-8 * among_others.max(), err_msg=name)


@CHEAP
@given(st.integers(0, 2**63 - 1), st.integers(0, 10**6), st.integers(1, 40))
def test_a_patients_random_numbers_depend_on_seed_and_index_alone(seed: int, first: int, patients: int) -> None:
    many = random_normals(seed, patients, first)
    assert np.array_equal(many[-1:], random_normals(seed, 1, first + patients - 1))
    assert np.array_equal(many, random_normals(seed, patients, first))
    assert np.isfinite(many).all()


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_the_same_seed_gives_the_same_run_and_another_seed_another(sampling: str) -> None:
    doses = parse("ketamine 0.5 mg/kg IV over 40 min").doses(70.0)

    def run(seed: int) -> np.ndarray:
        rows = random_normals(seed, 5)
        return run_patients(doses, Person(), sampling, load_parameters(), rows, 24.0, check=False).outputs

    assert np.array_equal(run(3), run(3))
    assert not np.array_equal(run(3), run(4))
