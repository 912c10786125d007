"""Extreme people, doses, schedules and parameters: every number that comes out is finite, or its patient is named."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import cases, numbers, result_or_line
from ketascope import compare, population, simulate
from ketascope.comparing import setting as settings
from ketascope.model import cascade
from ketascope.model.exposure import ketamine_doses, prepare, typical_concentrations
from ketascope.model.parameter_store import ParameterSet, load_parameters
from ketascope.model.plasma import plasma, plasmas
from ketascope.model.uncertainty import JOINT_FILES, load_joint_draws
from ketascope.people import (
    RANDOM_EFFECTS,
    Person,
    individual_values,
    load_interactions,
    random_normals,
    typical_normals,
)
from ketascope.regimen import parse
from ketascope.regimen.catalogue import limit_of, routes
from ketascope.simulation import ERROR_TOLERANCE, REFINEMENTS, check_grid, run_patients

IV = "ketamine 0.5 mg/kg IV over 40 min"
ROUTES = ("IV", "IM", "SC", "nasal", "SL", "buccal", "oral", "oral-ER", "rectal")
SITES = ("venous", "arterial")
LEAST, SHORT_H = "0.000001 mg", 48.0
WHOLE_YEAR_H = 8760.0
EVERY_ROUTE = " then ".join(
    [
        "ketamine 0.5 mg/kg IV over 40 min q 1 d x 2",
        "esketamine 84 mg nasal q 3.5 d x 2",
        "ketamine 50 mg SL q 1 d x 3",
        "ketamine 0.5 mg/kg SC q 1 d x 2",
        "ketamine 50 mg oral q 1 d x 3",
        "ketamine 120 mg oral-ER q 1 d x 3",
        "ketamine 30 mg rectal q 1 d x 2",
        "ketamine 50 mg buccal q 1 d x 2",
        "ketamine 0.5 mg/kg IM q 1 d x 2",
        "escitalopram 10 mg oral q 1 d x 20",
    ]
)
AT_ONCE = " & ".join(f"ketamine 20 mg {route}" for route in ROUTES) + " & sertraline 50 mg oral q 1 d x 10"
SCHEDULES = {
    "a year, once a week": "ketamine 0.5 mg/kg IV over 40 min q 7 d x 52",
    "200 doses": "ketamine 20 mg IM q 4 h x 200",
    "ten phases by every route": EVERY_ROUTE,
    "every route at once": AT_ONCE,
    "the shortest infusion": "ketamine 0.5 mg/kg IV over 1 min",
    "an infusion of a month": "ketamine 100 mg IV over 30 d",
    "a loading dose within an infusion": "ketamine 20 mg IV & ketamine 40 mg IV over 4 d",
    "doses a minute apart": "ketamine 5 mg IV q 1 min x 20",
}


def assert_finite(document: Mapping[str, Any]) -> None:
    wrong = [(where, value) for where, value in numbers(document) if not math.isfinite(value)]
    assert not wrong, wrong[:5]


def codes(document: Mapping[str, Any]) -> set[str]:
    return {flag["code"] for flag in document["flags"]}


def assert_error_is_told(document: Mapping[str, Any]) -> None:
    error = document["error_estimate"]
    assert 0.0 <= error < 0.01
    assert (error > ERROR_TOLERANCE) == ("numerical_error" in codes(document))


def largest_dose(route: str) -> str:
    limit = limit_of("ketamine", route)
    return f"{limit.per_dose:g} {limit.per_dose_unit}"


# Doses, routes and sites -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("amount", ["least", "largest"])
@pytest.mark.parametrize("route", ROUTES)
def test_the_least_and_the_largest_dose_by_every_route_and_site(route, amount, site):
    sentence = f"ketamine {LEAST if amount == 'least' else largest_dose(route)} {route}"
    document = simulate(sentence, patients=2, sampling=site, until_h=SHORT_H).document()
    assert_finite(document)
    assert_error_is_told(document)
    if amount == "least":
        assert document["error_estimate"] <= ERROR_TOLERANCE, "rounding of next to nothing was taken for an error"


def test_every_route_of_the_data_is_among_those_tried():
    assert tuple(routes()) == ROUTES


@pytest.mark.parametrize("name", SCHEDULES)
def test_long_dense_and_mixed_schedules(name):
    until_h = WHOLE_YEAR_H if name == "a year, once a week" else 40 * 24.0
    document = simulate(SCHEDULES[name], patients=2, until_h=until_h).document()
    assert_finite(document)
    assert_error_is_told(document)


# People ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interacting", [False, True])
@pytest.mark.parametrize("age_years", [18.0, 120.0])
@pytest.mark.parametrize("weight_kg", [20.0, 300.0])
def test_the_lightest_and_heaviest_youngest_and_oldest(weight_kg, age_years, interacting):
    extreme = {"interactions": tuple(load_interactions()), "hepatic": "moderate"} if interacting else {}
    document = compare(
        [IV, "esketamine 84 mg nasal"],
        weight_kg=weight_kg,
        age_years=age_years,
        patients=5,
        until_h=SHORT_H,
        sampling=SITES[interacting],
        **extreme,
    ).document()
    assert_finite(document)


def six_sds() -> np.ndarray:
    """People whose random effects are 0 but for one at six SDs, and two with all of them there."""
    count = len(RANDOM_EFFECTS)
    each = np.concatenate([6.0 * np.eye(count), -6.0 * np.eye(count)])
    return np.concatenate([each, np.full((1, count), 6.0), np.full((1, count), -6.0), typical_normals()])


@pytest.mark.parametrize("site", tuple(plasmas()))
@pytest.mark.parametrize("sentence", [IV, "ketamine 1 mg/kg IM", "ketamine 100 mg SL", "ketamine 100 mg oral"])
def test_people_six_standard_deviations_from_what_is_usual(sentence, site):
    normals = six_sds()
    run = run_patients(parse(sentence).doses(70.0), Person(), site, load_parameters(), normals, SHORT_H)
    assert np.isfinite(run.outputs).all()
    assert (run.outputs >= 0.0).all()
    assert not run.failed.any()
    for state in ("fast", "signal", "plasticity", "unblinding", "block"):
        assert (run.channel(state) <= 1.0 + 1e-9).all(), state
    checked = np.isfinite(run.patient_error)
    assert (run.doubtful[checked] == (run.patient_error[checked] > ERROR_TOLERANCE)).all()
    assert not run.doubtful[-1]


# Parameters ------------------------------------------------------------------------------------------------------


def assert_runs(rows: ParameterSet, sentence: str, site: str, draws: Mapping[str, np.ndarray] | None = None) -> None:
    count = 1 if draws is None else len(next(iter(draws.values())))
    doses = ketamine_doses(parse(sentence).doses(70.0))
    run = run_patients(doses, Person(), site, rows, typical_normals(count), SHORT_H, draws=draws)
    assert np.isfinite(run.outputs).all(), np.flatnonzero(run.failed)
    assert math.isfinite(run.error_estimate)


@pytest.mark.parametrize("end", ["lowest", "highest"])
@pytest.mark.parametrize("file", JOINT_FILES)
def test_every_column_of_the_posterior_at_its_ends(file, end):
    """One column after the other at its extreme draw, the others central, and then all of them at once."""
    rows = load_parameters()
    names, table = load_joint_draws(file)
    extreme = table.min(axis=0) if end == "lowest" else table.max(axis=0)
    central = np.array([rows.value(f"{file}.{name}") for name in names])
    people = np.concatenate([np.where(np.eye(len(names), dtype=bool), extreme, central), extreme[None]])
    draws = {f"{file}.{name}": people[:, column] for column, name in enumerate(names)}
    for site in SITES:
        assert_runs(rows, "ketamine 0.2 mg/kg IV & ketamine 30 mg oral", site, draws)


@pytest.mark.parametrize("sds", [-6.0, 6.0])
def test_every_row_with_an_uncertainty_at_six_of_its_standard_deviations(sds):
    from ketascope.people import spread_values

    rows = load_parameters()
    uncertain = [name for name, row in rows.items() if row.uncertainty is not None and name in cascade.INDIVIDUAL_ROWS]
    assert uncertain
    count = len(uncertain)
    draws = {name: np.full(count, rows.value(name)) for name in uncertain}
    for index, name in enumerate(uncertain):
        own = rows[name].uncertainty
        assert own is not None
        draws[name][index] = spread_values(rows.value(name), own.kind, own.sd * sds)
    assert_runs(rows, IV, "venous", draws)


@cache
def disposition_rates(site: str) -> tuple[float, ...]:
    """Rates of the modes of S-ketamine in the typical patient, 1/h: those that a depot's rate may coincide with."""
    rows = load_parameters()
    values = individual_values(rows, Person(), typical_normals(), plasma(site))
    _, modes, _ = prepare(parse("ketamine 35 mg IV").doses(70.0), values, rows, plasma(site), None)
    return tuple(float(rate) for rate in modes.rate_per_h[0, :, 0] if rate > 0.01)


def depot_rows() -> list[str]:
    return sorted(name for name in load_parameters() if name.startswith("absorption.") and name.endswith("rate_per_h"))


def assert_no_jump(at: Callable[[float], ParameterSet], site: str) -> None:
    """Concentrations where two rates are equal, where a closed form would divide by zero, and a little beside it."""
    doses = parse("ketamine 35 mg IM & ketamine 50 mg SL & ketamine 50 mg oral").doses(70.0)
    times = np.array([0.1, 0.5, 1.0, 4.0, 24.0])
    equal, nearly, beside = (typical_concentrations(doses, Person(), site, times, at(by)) for by in (0.0, 1e-6, 1e-3))
    for name, values in equal.items():
        assert np.isfinite(values).all(), name
        np.testing.assert_allclose(values, nearly[name], rtol=2e-5, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(values, beside[name], rtol=1e-2, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("mode", range(6))
@pytest.mark.parametrize("site", SITES)
def test_a_depot_that_empties_as_fast_as_a_mode_of_the_body_decays(mode, site):
    rows, target = load_parameters(), disposition_rates(site)[mode]
    assert len(depot_rows()) >= 3
    assert_no_jump(lambda by: rows.replaced(dict.fromkeys(depot_rows(), target * (1.0 + by))), site)


@pytest.mark.parametrize("site", SITES)
def test_two_peripheries_that_are_the_same(site):
    rows = load_parameters()
    volume, flow = "peripheral_volume_l", "intercompartmental_clearance_l_per_h"

    def at(by: float) -> ParameterSet:
        same = {f"pooled.slow_{name}": rows.value(f"pooled.fast_{name}") for name in (volume, flow)}
        return rows.replaced(same | {f"pooled.slow_{volume}": same[f"pooled.slow_{volume}"] * (1.0 + by)})

    assert_no_jump(at, site)


@pytest.mark.parametrize("flow_l_per_h", [0.0, 1e-12, 1e-3])
@pytest.mark.parametrize("site", SITES)
def test_a_periphery_that_hardly_exchanges(flow_l_per_h, site):
    rows = load_parameters()
    name = "pooled.slow_intercompartmental_clearance_l_per_h"
    assert_no_jump(lambda by: rows.replaced({name: flow_l_per_h * (1.0 + by)}), site)


@cases(8)
@given(
    st.dictionaries(
        st.sampled_from(sorted(cascade.INDIVIDUAL_ROWS)), st.sampled_from([1e-3, 0.1, 10.0, 1e3]), max_size=4
    ),
    st.sampled_from(ROUTES),
)
def test_parameters_of_another_magnitude_give_numbers_or_named_patients(factors, route):
    rows = load_parameters()
    changed = rows.replaced({name: rows.value(name) * factor for name, factor in factors.items()})
    doses = parse(f"ketamine 20 mg {route}").doses(70.0)
    run = run_patients(doses, Person(), "venous", changed, random_normals(1, 3), SHORT_H)
    finite = np.isfinite(run.outputs).all(axis=(0, 1))
    np.testing.assert_array_equal(run.failed, ~finite)
    told = math.isnan(run.error_estimate) or run.error_estimate <= ERROR_TOLERANCE or bool(run.doubtful.any())
    assert told


# What a reader sees ----------------------------------------------------------------------------------------------


def test_a_grid_that_is_too_coarse_is_refined(monkeypatch):
    """With a rougher first step than the packaged one the check finds it and takes a finer rule."""
    from ketascope.solver.grid import GridRule

    doses, place = parse(IV).doses(70.0), plasma("venous")
    coarse = GridRule(1.0, 3.0, 24.0, 1.0, 1.0)
    found = check_grid(doses, Person(), place, load_parameters(), SHORT_H, coarsest=coarse)
    assert found.rule.first_step_h < coarse.first_step_h
    assert found.rule.first_step_h >= coarse.first_step_h / 2**REFINEMENTS
    assert math.isfinite(found.error)


@pytest.mark.parametrize("patients", [0, 1, 2])
def test_hardly_anybody(patients):
    for document in (
        simulate(IV, patients=patients, until_h=SHORT_H).document(),
        compare([IV], patients=patients, until_h=SHORT_H).document(),
    ):
        assert_finite(document)


def test_a_population_of_extremes_is_finite():
    document = population(AT_ONCE, patients=40, times_h=[0.0, 1e-6, 0.5, 24.0, 300.0], weight_kg=300.0, age_years=120.0)
    assert_finite(document.document())


@pytest.mark.parametrize("hours", [24.0, 17520.0])
def test_the_shortest_and_the_longest_horizon(hours):
    assert_finite(simulate(IV, patients=1, until_h=hours).document())


@pytest.mark.parametrize("name", sorted(settings.DEFAULTS))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0, 1e300])
def test_a_number_that_cannot_be_is_refused(name, value):
    if name in ("indication", "sampling"):
        value = repr(value)
    if name in ("patients", "seed") and math.isfinite(value):
        value = int(value)
    assert isinstance(result_or_line(lambda: compare([IV], **{"patients": 1, name: value})), str)
