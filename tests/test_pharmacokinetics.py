"""Modes against the matrix exponential, rates that coincide, absorption rules, and the rules for parameter rows."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from ketascope.errors import InputError
from ketascope.model.absorption import CENTRAL, find_rule, individual_depots, load_rules, plan_inputs
from ketascope.model.disposition import enantiomer_disposition
from ketascope.model.exposure import enantiomer_composition, ketamine_doses
from ketascope.model.parameter_store import (
    GRADES,
    OPTIONAL_FIELDS,
    REQUIRED_FIELDS,
    load_parameters,
    parameter_from_row,
    parameters,
)
from ketascope.model.pharmacokinetics import (
    Depots,
    Disposition,
    Modes,
    diagonalise,
    separate_rates,
    step_factors,
    three_compartment_modes,
    two_compartment_modes,
)
from ketascope.model.symptoms import PARTS
from ketascope.people import RANDOM_EFFECTS, Person, individual_values, typical_normals
from ketascope.regimen import Dose

TIMES_H = (0.05, 0.5, 3.0, 20.0, 100.0)
# Coinciding rates are moved apart by 2e-6; further rates on the same spot multiply that.
ALLOWED = 1e-5


# The reference: compartments and a matrix exponential -----------------------------------------------------------


@dataclass(frozen=True)
class Compartments:
    """Amounts in mg, the effect site mg/L. States: depots, 3 ketamine, 0 or 2 transits, 2 norketamine, effect site."""

    matrix: np.ndarray
    central: int
    outputs: np.ndarray  # (3, states)

    @classmethod
    def of(cls, d: Disposition, depots: Depots) -> Compartments:
        """The system of the first (and only) patient."""
        x = {f.name: None if getattr(d, f.name) is None else float(getattr(d, f.name)[0]) for f in fields(d)}
        n = depots.rate_per_h.shape[0]
        transits = 0 if x["transit_rate_per_h"] is None else 2
        central, fast, slow = n, n + 1, n + 2
        nor = n + 3 + transits
        site, born = nor + 2, n + 3
        a = np.zeros((site + 1, site + 1))

        def move(source: int, target: int | None, rate: float, arriving: float = 1.0) -> None:
            a[source, source] -= rate
            if target is not None:
                a[target, source] += rate * arriving

        for i in range(n):
            rate = float(depots.rate_per_h[i, 0])
            move(i, central, rate, float(depots.to_ketamine[i, 0]))
            a[born, i] += rate * float(depots.to_norketamine[i, 0])
        move(central, born, x["clearance_l_per_h"] / x["central_volume_l"], x["fraction_to_norketamine"])
        for side, name in ((fast, "fast"), (slow, "slow")):
            move(central, side, x[f"{name}_clearance_l_per_h"] / x["central_volume_l"])
            move(side, central, x[f"{name}_clearance_l_per_h"] / x[f"{name}_volume_l"])
        for i in range(transits):
            move(born + i, born + i + 1, x["transit_rate_per_h"])
        move(nor, None, x["norketamine_clearance_l_per_h"] / x["norketamine_volume_l"])
        move(nor, nor + 1, x["norketamine_distribution_l_per_h"] / x["norketamine_volume_l"])
        move(nor + 1, nor, x["norketamine_distribution_l_per_h"] / x["norketamine_peripheral_volume_l"])
        a[site, central] = x["effect_site_rate_per_h"] / x["central_volume_l"]
        a[site, site] = -x["effect_site_rate_per_h"]
        outputs = np.zeros((3, site + 1))
        outputs[0, central] = 1.0 / x["central_volume_l"]
        outputs[1, nor] = x["norketamine_mass_ratio"] / x["norketamine_volume_l"]
        outputs[2, site] = 1.0
        return cls(a, central, outputs)

    def after(self, column: int, time_h: float, rate: bool) -> np.ndarray:
        """Outputs after 1 mg at once, or while 1 mg/h flows, into a depot or (CENTRAL) the central compartment."""
        place = self.central if column == CENTRAL else column
        n = len(self.matrix)
        if not rate:
            return self.outputs @ expm(self.matrix * time_h)[:, place]
        augmented = np.zeros((n + 1, n + 1))
        augmented[:n, :n] = self.matrix
        augmented[place, n] = 1.0
        return self.outputs @ expm(augmented * time_h)[:n, n]


def by_modes(modes: Modes, column: int, time_h: float, rate: bool) -> np.ndarray:
    decay, gain = step_factors(np, modes.rate_per_h, np.asarray(time_h))
    y = modes.inputs[:, column] * (gain if rate else decay)
    result: np.ndarray = np.einsum("kmp,mp->kp", modes.outputs, y)[:, 0]
    return result


def worst_difference(d: Disposition, depots: Depots) -> float:
    """Largest difference between modes and matrix exponential, relative to each output's largest value."""
    modes, reference = diagonalise(np, d, depots), Compartments.of(d, depots)
    assert all(np.isfinite(getattr(modes, f.name)).all() for f in fields(modes))
    worst = 0.0
    for column in [*range(depots.rate_per_h.shape[0]), CENTRAL]:
        for rate in (False, True):
            ours = np.array([by_modes(modes, column, t, rate) for t in TIMES_H])
            truth = np.array([reference.after(column, t, rate) for t in TIMES_H])
            scale = np.abs(truth).max(axis=0)
            worst = max(worst, float((np.abs(ours - truth) / np.where(scale > 0.0, scale, 1.0)).max()))
    return worst


def typical_system(sampling: str, depots: int = 1) -> tuple[Disposition, Depots]:
    values = individual_values(load_parameters(), Person(), typical_normals(), sampling)
    d = enantiomer_disposition(values, sampling, "s", sampling == "arterial")
    rates = np.array([[0.97], [1.45], [2.93], [4.1]])[:depots]
    shares = np.array([[0.2], [1.0], [0.0], [0.5]])[:depots]
    return d, Depots(rates, shares, 0.8 * (1.0 - shares))


def between(low: float, high: float) -> st.SearchStrategy[np.ndarray]:
    return st.floats(np.log(low), np.log(high)).map(lambda x: np.array([np.exp(x)]))


dispositions = st.builds(
    Disposition,
    central_volume_l=between(2.0, 400.0),
    clearance_l_per_h=between(5.0, 300.0),
    fast_volume_l=between(5.0, 400.0),
    fast_clearance_l_per_h=between(5.0, 500.0),
    slow_volume_l=between(20.0, 1000.0),
    slow_clearance_l_per_h=between(2.0, 200.0),
    fraction_to_norketamine=between(0.1, 1.0),
    norketamine_mass_ratio=between(0.9, 1.0),
    norketamine_volume_l=between(5.0, 400.0),
    norketamine_clearance_l_per_h=between(5.0, 200.0),
    norketamine_peripheral_volume_l=between(20.0, 1000.0),
    norketamine_distribution_l_per_h=between(5.0, 300.0),
    transit_rate_per_h=st.one_of(st.none(), between(0.5, 30.0)),
    effect_site_rate_per_h=between(1.0, 60.0),
)


@st.composite
def depot_sets(draw: st.DrawFn) -> Depots:
    number = draw(st.integers(1, 4))
    rates = np.stack([draw(between(0.05, 10.0)) for _ in range(number)])
    shares = np.array([[draw(st.floats(0.0, 1.0))] for _ in range(number)])
    return Depots(rates, shares, 0.9 * (1.0 - shares))


@settings(max_examples=200)
@given(dispositions, depot_sets())
def test_modes_are_the_matrix_exponential_for_any_parameters(d: Disposition, depots: Depots) -> None:
    # Three rates on one spot have a test of their own.
    if d.transit_rate_per_h is not None:
        assume((np.abs(depots.rate_per_h / d.transit_rate_per_h - 1.0) > 1e-3).all())
    assert worst_difference(d, depots) < ALLOWED


@pytest.mark.parametrize("depots", [1, 2, 4])
@pytest.mark.parametrize("sampling", ["venous", "arterial"])
def test_modes_are_the_matrix_exponential_in_the_typical_person(sampling: str, depots: int) -> None:
    worst = worst_difference(*typical_system(sampling, depots))
    assert worst < (1e-10 if sampling == "venous" else ALLOWED)  # arterial: two equal transit rates


@settings(max_examples=200)
@given(dispositions)
def test_weights_of_a_compartments_impulse_response_sum_to_one(d: Disposition) -> None:
    for rates, weights in (three_compartment_modes(np, d), two_compartment_modes(np, d)):
        assert weights.sum() == pytest.approx(1.0, abs=1e-8)
        assert (rates > 0.0).all()
        assert (weights > -1e-9).all()
        assert (rates[:-1] >= rates[1:]).all() or len(rates) == 3


@settings(max_examples=200)
@given(dispositions)
def test_the_three_rates_are_the_eigenvalues(d: Disposition) -> None:
    rates, _ = three_compartment_modes(np, d)
    system = Compartments.of(d, Depots(np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1))))
    block = system.matrix[1:4, 1:4]
    np.testing.assert_allclose(np.sort(rates[:, 0]), np.sort(-np.linalg.eigvals(block).real), rtol=1e-7)


# Rates that coincide --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("sampling", ["venous", "arterial"])
def test_an_absorption_rate_equal_to_an_eigenvalue_of_ketamine(sampling: str, which: int) -> None:
    d, depots = typical_system(sampling)
    rates, _ = three_compartment_modes(np, d)
    assert worst_difference(d, replace(depots, rate_per_h=rates[which : which + 1])) < ALLOWED


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("sampling", ["venous", "arterial"])
def test_an_absorption_rate_equal_to_an_eigenvalue_of_norketamine(sampling: str, which: int) -> None:
    d, depots = typical_system(sampling)
    rates, _ = two_compartment_modes(np, d)
    assert worst_difference(d, replace(depots, rate_per_h=rates[which : which + 1])) < ALLOWED


@pytest.mark.parametrize("sampling", ["venous", "arterial"])
def test_two_depots_with_the_same_rate(sampling: str) -> None:
    d, depots = typical_system(sampling, 2)
    same = replace(depots, rate_per_h=np.array([[1.45], [1.45]]))
    assert worst_difference(d, same) < ALLOWED


def test_four_depots_with_the_rate_of_an_eigenvalue() -> None:
    d, depots = typical_system("venous", 4)
    rates, _ = three_compartment_modes(np, d)
    assert worst_difference(d, replace(depots, rate_per_h=np.repeat(rates[2:3], 4, axis=0))) < ALLOWED


@pytest.mark.parametrize("rate_per_h", [0.5, 1.0, 5.97015, 12.0])
def test_three_rates_on_one_spot_keep_three_digits(rate_per_h: float) -> None:
    d, depots = typical_system("arterial")
    rate = np.array([rate_per_h])
    d, depots = replace(d, transit_rate_per_h=rate), replace(depots, rate_per_h=rate[None])
    assert worst_difference(d, depots) < 1e-3


def test_the_effect_site_as_fast_as_an_eigenvalue() -> None:
    d, depots = typical_system("venous")
    rates, _ = three_compartment_modes(np, d)
    assert worst_difference(replace(d, effect_site_rate_per_h=rates[1]), depots) < ALLOWED


def test_ketamine_and_norketamine_with_the_same_terminal_rate() -> None:
    d, depots = typical_system("venous")
    slowest = three_compartment_modes(np, d)[0][2]
    # Norketamine in one compartment whose rate is ketamine's slowest.
    alike = replace(
        d,
        norketamine_distribution_l_per_h=np.array([1e-9]),
        norketamine_clearance_l_per_h=slowest * d.norketamine_volume_l,
    )
    assert worst_difference(alike, depots) < ALLOWED


@pytest.mark.parametrize("sampling", ["venous", "arterial"])
def test_two_peripheral_compartments_with_the_same_return_rate(sampling: str) -> None:
    d, depots = typical_system(sampling)
    same = replace(d, slow_clearance_l_per_h=d.fast_clearance_l_per_h * d.slow_volume_l / d.fast_volume_l)
    assert worst_difference(same, depots) < ALLOWED


ZERO = np.zeros(1)


@pytest.mark.parametrize(
    "names",
    [
        ("fast_clearance_l_per_h",),
        ("slow_clearance_l_per_h",),
        ("norketamine_distribution_l_per_h",),
        ("slow_clearance_l_per_h", "norketamine_distribution_l_per_h"),
        ("fast_clearance_l_per_h", "slow_clearance_l_per_h"),
    ],
    ids=" and ".join,
)
@pytest.mark.parametrize("sampling", ["venous", "arterial"])
def test_no_distribution_into_a_compartment(sampling: str, names: tuple[str, ...]) -> None:
    d, depots = typical_system(sampling)
    assert worst_difference(replace(d, **dict.fromkeys(names, ZERO)), depots) < ALLOWED


@pytest.mark.parametrize("factor", [1e-12, 1e-9, 1e-6, 1e-3])
def test_almost_no_distribution_into_a_compartment(factor: float) -> None:
    d, depots = typical_system("venous")
    weak = replace(d, slow_clearance_l_per_h=factor * d.slow_clearance_l_per_h)
    assert worst_difference(weak, depots) < ALLOWED


@pytest.mark.parametrize("gap", [1e-14, 1e-10, 1e-7, 0.9e-6, 1.1e-6, 1e-5, 1e-4])
def test_rates_that_nearly_coincide(gap: float) -> None:
    d, depots = typical_system("venous")
    rates, _ = three_compartment_modes(np, d)
    near = rates[1:2] * (1.0 + gap)
    assert worst_difference(d, replace(depots, rate_per_h=near)) < ALLOWED


def test_rates_that_differ_are_left_alone_and_equal_ones_moved_by_two_parts_in_a_million() -> None:
    rates = [np.array([1.0, 2.0]), np.array([1.0, 3.0]), np.array([1.0, 2.0])]
    apart = separate_rates(np, rates)
    np.testing.assert_array_equal(apart[0], rates[0])
    assert apart[1][1] == 3.0
    assert apart[1][0] == pytest.approx(1.0 + 2e-6, abs=1e-11)
    assert len({float(each[0]) for each in apart}) == 3
    assert max(abs(float(each[0]) - 1.0) for each in apart) < 5e-6


def test_a_rate_of_zero_neither_decays_nor_divides_by_zero() -> None:
    decay, gain = step_factors(np, np.array([0.0, 2.0]), np.array([3.0, 3.0]))
    np.testing.assert_allclose(decay, [1.0, np.exp(-6.0)])
    np.testing.assert_allclose(gain, [3.0, (1.0 - np.exp(-6.0)) / 2.0])


@pytest.mark.parametrize("step_h", [1e-9, 1e-6, 1e-3])
def test_a_short_step_of_a_slow_rate_keeps_its_digits(step_h: float) -> None:
    _, gain = step_factors(np, np.array([1e-3]), np.array([step_h]))
    # 1 - exp(-x) loses digits for small x; what is lost is small against a whole grid.
    assert gain[0] == pytest.approx(step_h, rel=max(1e-16 / (1e-3 * step_h) * 4.0, 1e-6))


# Absorption rules -----------------------------------------------------------------------------------------------


def inputs_of(
    route: str, drug: str = "ketamine", sampling: str = "venous", device: int = 0, lasts_h: float = 0.0
) -> Any:
    dose = Dose(2.0, drug, route, 100.0, lasts_h, 1, 0, device)
    plan = plan_inputs([dose], enantiomer_composition(), sampling, load_parameters().values_of("absorption"))
    rates = [depot.rate for depot in plan.depots]
    return rates, [(e.start_h, e.duration_h, e.column, e.fixed, e.absorbed) for e in plan.events]


def number(name: str) -> float:
    return load_parameters().value(f"absorption.{name}")


def test_iv_goes_straight_into_plasma_at_once_or_over_its_infusion() -> None:
    assert inputs_of("IV") == ([], [(2.0, 0.0, CENTRAL, 1.0, 0.0)])
    assert inputs_of("IV", lasts_h=0.5) == ([], [(2.0, 0.5, CENTRAL, 1.0, 0.0)])


def test_im_and_sc_fill_one_depot_with_the_absorbed_fraction() -> None:
    assert inputs_of("IM") == (["intramuscular_rate_per_h"], [(2.0, 0.0, 0, 0.0, 1.0)])
    assert inputs_of("SC") == (["subcutaneous_rate_per_h"], [(2.0, 0.0, 0, 0.0, 1.0)])
    assert inputs_of("SC", lasts_h=24.0) == (["subcutaneous_rate_per_h"], [(2.0, 24.0, 0, 0.0, 1.0)])


@pytest.mark.parametrize(
    ("drug", "device", "factor_row"),
    [("ketamine", 0, None), ("esketamine", 1, None), ("esketamine", 2, "nasal_later_device_factor")],
)
def test_nasal_is_absorbed_through_the_nose_and_the_rest_swallowed(
    drug: str, device: int, factor_row: str | None
) -> None:
    factor = number(factor_row) if factor_row else 1.0
    rates, events = inputs_of("nasal", drug, device=device)
    assert rates == ["nasal_rate_per_h", "nasal_swallowed_rate_per_h"]
    swallowing = number("nasal_swallowed_duration_h")
    assert events == [(2.0, 0.0, 0, 0.0, factor), (2.0, swallowing, 1, 1.0, -factor)]


@pytest.mark.parametrize("route", ["SL", "buccal"])
def test_under_the_tongue_and_in_the_cheek_the_mouth_absorbs_and_the_rest_is_swallowed(route: str) -> None:
    rates, events = inputs_of(route)
    assert rates == ["transmucosal_rate_per_h", "nasal_swallowed_rate_per_h"]
    mouth, gut = number("transmucosal_duration_h"), number("nasal_swallowed_duration_h")
    assert events == [(2.0, mouth, 0, 0.0, 1.0), (2.0, gut, 1, 1.0, -1.0)]


@pytest.mark.parametrize("route", ["SL", "buccal"])
def test_the_arterial_model_swallows_the_whole_dose_with_a_lag(route: str) -> None:
    rates, events = inputs_of(route, sampling="arterial")
    assert rates == ["transmucosal_rate_per_h", "transmucosal_swallowed_rate_per_h"]
    mouth, gut = number("transmucosal_duration_h"), number("transmucosal_swallowed_duration_h")
    lag = number("transmucosal_swallowed_lag_h")
    assert events == [(2.0, mouth, 0, 0.0, 1.0), (2.0 + lag, gut, 1, 1.0, 0.0)]


def test_swallowed_tablets_release_at_their_own_pace_and_rectal_at_once() -> None:
    assert inputs_of("oral") == (["oral_rate_per_h"], [(2.0, number("oral_duration_h"), 0, 1.0, 0.0)])
    slow = number("extended_release_duration_h")
    assert inputs_of("oral-ER") == (["oral_rate_per_h"], [(2.0, slow, 0, 1.0, 0.0)])
    assert inputs_of("rectal") == (["rectal_rate_per_h"], [(2.0, 0.0, 0, 1.0, 0.0)])


def test_a_racemate_is_half_of_each_and_esketamine_all_s() -> None:
    numbers = load_parameters().values_of("absorption")
    for drug, expected in (("ketamine", (50.0, 50.0)), ("esketamine", (100.0, 0.0))):
        doses = [Dose(0.0, drug, "IV", 100.0, 0.0, 1, 0)]
        (event,) = plan_inputs(doses, enantiomer_composition(), "venous", numbers).events
        assert event.enantiomer_mg == expected


def test_doses_of_one_product_share_their_depots_and_other_drugs_are_skipped() -> None:
    numbers = load_parameters().values_of("absorption")
    doses = [
        Dose(0.0, "ketamine", "oral", 10.0, 0.0, 1, 0),
        Dose(1.0, "escitalopram", "oral", 10.0, 0.0, 2, 1),
        Dose(5.0, "ketamine", "oral", 10.0, 0.0, 3, 0),
        Dose(6.0, "esketamine", "oral", 10.0, 0.0, 4, 2),
    ]
    plan = plan_inputs(doses, enantiomer_composition(), "venous", numbers)
    assert [event.column for event in plan.events] == [0, 0, 1]
    assert len(plan.depots) == 2
    assert ketamine_doses(doses) == (doses[0], doses[2], doses[3])
    assert ketamine_doses(doses[1:2]) == ()


def test_a_route_without_a_rule_is_one_line_that_lists_the_rules() -> None:
    with pytest.raises(InputError, match=r"^no absorption rule for ketamine by route topical; rules exist for .*oral"):
        find_rule("ketamine", "topical", "venous")


def test_every_rule_names_parameter_rows_that_exist() -> None:
    known = load_parameters().values_of("absorption")
    for name, rule in load_rules().items():
        if "same_as" in rule:
            assert rule["same_as"] in load_rules(), name
            continue
        for part in rule["parts"]:
            assert part["share"] in ("all", "absorbed", "rest")
            rows = {part[key] for key in part if key not in ("share",)} - {"all", "none"}
            assert rows <= set(known), name
            assert ("fraction" in part) == (part["share"] != "all")


def test_no_more_than_the_dose_reaches_plasma() -> None:
    values = individual_values(
        load_parameters(), Person(), np.random.default_rng(1).normal(size=(2000, len(RANDOM_EFFECTS))), "venous"
    )
    for route in ("IM", "SC", "nasal", "SL", "buccal", "oral", "oral-ER", "rectal"):
        for drug in ("ketamine",) if route in ("oral-ER", "rectal") else ("ketamine", "esketamine"):
            numbers = load_parameters().values_of("absorption")
            plan = plan_inputs([Dose(0, drug, route, 1.0, 0, 1, 0)], enantiomer_composition(), "venous", numbers)
            depots, fraction = individual_depots(np, plan.depots, values, len(plan.depots))
            reached = np.zeros(2000)
            for event in plan.events:
                enters = sum(event.enantiomer_mg) * (event.fixed + event.absorbed * fraction[event.column])
                assert (enters >= 0.0).all()
                reached += enters * (depots.to_ketamine[event.column] + depots.to_norketamine[event.column])
            assert (reached <= 1.0 + 1e-12).all(), route


# Parameter rows -------------------------------------------------------------------------------------------------

GOOD = {"value": 1.0, "unit": "1/h", "population": "adults", "source": "somewhere 2020", "grade": "assumed"}


@pytest.mark.parametrize("field", REQUIRED_FIELDS)
def test_a_row_without_a_required_field_is_refused_by_name(field: str) -> None:
    row = {name: value for name, value in GOOD.items() if name != field}
    with pytest.raises(InputError, match=rf"^parameter 'a\.b' has no {field}; every row needs value, unit, "):
        parameter_from_row("a.b", row)


@pytest.mark.parametrize("field", ["unit", "population", "source", "grade"])
def test_a_row_with_an_empty_text_is_refused(field: str) -> None:
    with pytest.raises(InputError, match=rf"^parameter 'a\.b' has no {field}"):
        parameter_from_row("a.b", GOOD | {field: ""})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"grade": "certain"}, "parameter 'a.b': grade 'certain' is none of established, plausible, assumed"),
        ({"value": "1"}, "parameter 'a.b': value must be a number"),
        ({"value": True}, "parameter 'a.b': value must be a number"),
        ({"colour": "red"}, "parameter 'a.b' has an unknown field 'colour'"),
        ({"between_patient": {"kind": "log-normal", "sd": 0.1}}, "needs the name of its random effect"),
        ({"between_patient": {"kind": "gamma", "sd": 0.1, "effect": "clearance"}}, "between_patient needs kind"),
        ({"uncertainty": {"kind": "log-normal", "sd": -0.1}}, "uncertainty needs kind"),
        ({"uncertainty": {"kind": "log-normal"}}, "uncertainty needs kind"),
        ({"uncertainty": {"kind": "normal", "sd": 0.1, "value_is": "mean"}}, "value_is must be median, or mean for"),
        ({"uncertainty": {"kind": "log-normal", "sd": 0.1, "value_is": "mode"}}, "value_is must be median, or mean"),
        ({"uncertainty": {"kind": "normal", "sd": 0.1, "mean": 3}}, "uncertainty needs kind"),
    ],
)
def test_a_wrong_row_is_refused_with_what_would_be_right(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        parameter_from_row("a.b", GOOD | change)


def test_a_value_that_is_not_finite_is_refused() -> None:
    for bad in (float("nan"), float("inf")):
        with pytest.raises(InputError, match="value must be"):
            parameter_from_row("a.b", GOOD | {"value": bad})


def test_an_unknown_parameter_offers_the_nearest() -> None:
    with pytest.raises(InputError, match=r"did you mean 'plasticity\.signal_half_life_h'\?"):
        load_parameters().value("plasticity.signal_halflife_h")
    with pytest.raises(InputError, match=r"^parameter 'plasticity\.nonsense_zzz' is unknown"):
        load_parameters().replaced({"plasticity.nonsense_zzz": 1.0})


def test_rows_are_found_by_grade_and_an_unknown_grade_lists_all() -> None:
    by_grade = [parameters(grade=grade) for grade in GRADES]
    assert sum(len(rows) for rows in by_grade) == len(load_parameters())
    assert {row.grade for row in parameters("receptor", grade="plausible")} == {"plausible"}
    with pytest.raises(InputError, match=r"^grade 'sure' is unknown; grades: established, plausible, "):
        parameters(grade="sure")


def test_rows_are_found_by_name_and_by_file() -> None:
    assert [row.name for row in parameters("glutamate.surge_gain")] == ["glutamate.surge_gain"]
    assert {row.name.split(".")[0] for row in parameters("venous")} == {"venous"}
    assert len(parameters()) == len(load_parameters())


ALL_ROWS = tuple(load_parameters().values())


@pytest.mark.parametrize("row", ALL_ROWS, ids=lambda row: row.name)
def test_every_row_has_a_number_a_unit_a_population_a_source_and_a_grade(row: Any) -> None:
    assert np.isfinite(row.value)
    assert row.grade in GRADES
    for text in (row.unit, row.population, row.source):
        assert text.strip() == text != ""
    if row.range is not None:
        assert row.range[0] <= row.value <= row.range[1]
    if row.between_patient is not None:
        assert row.between_patient.effect in RANDOM_EFFECTS
    for spread in (row.between_patient, row.uncertainty):
        if spread is not None and spread.kind == "logit-normal":
            assert 0.0 < row.value < 1.0
        if spread is not None and spread.kind == "log-normal":
            assert row.value > 0.0


def test_both_sampling_sites_have_the_same_rows() -> None:
    rows = load_parameters()
    assert set(rows.values_of("venous")) == set(rows.values_of("arterial"))


def test_the_fields_that_a_row_may_have_are_described() -> None:
    assert set(REQUIRED_FIELDS) | set(OPTIONAL_FIELDS) | {"name"} == {f.name for f in fields(ALL_ROWS[0])}


INDICATIONS = ("gad", "sad", "ptsd", "ocd", "mdd")


def read_by_code() -> str:
    """All code, and the data files of the model that name rows, without the rows themselves."""
    package = Path(str(resources.files("ketascope")))
    parts = [path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py"))]
    parts.append((package / "model" / "absorption_rules.toml").read_text(encoding="utf-8"))
    references = tomllib.loads((package / "model" / "acute_references.toml").read_text(encoding="utf-8"))
    parts.append(str(references))
    return "\n".join(re.sub(r"(?m)^\s*#.*$", "", part) for part in parts)


CODE = read_by_code()


def is_read(name: str) -> bool:
    """Whether code holds the row's full name, its short name in quotes or behind a sampling site, or builds it."""
    file, short = name.split(".", 1)
    built = rf"{file}\.{short}"
    if file == "symptoms" and short.startswith(tuple(f"{each}_" for each in INDICATIONS)):
        rest = short.split("_", 1)[1]
        if rest in {f"{part}_smd" for part in PARTS}:
            rest = r"\{part\}_smd"
        built = rf"symptoms\.\{{(indication\.)?name\}}_{rest}"
    if file == "unblinding" and short.startswith("contrast_"):
        built = r"unblinding\.contrast_\{control\}"
    return re.search(rf"{built}(?![a-z_0-9])|['\"]{short}['\"]|\{{sampling\}}\.{short}(?![a-z_0-9])", CODE) is not None


@pytest.mark.parametrize("name", [row.name for row in ALL_ROWS])
def test_every_row_is_read_somewhere(name: str) -> None:
    assert is_read(name)


def test_a_row_that_nothing_reads_would_be_found() -> None:
    for name in ("plasticity.unheard_of", "symptoms.gad_unheard_of", "venous.unheard_of", "placebo.unheard_of_h"):
        assert not is_read(name)
