"""Modes against the matrix exponential, rates that coincide, and the rules for parameter rows."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from ketascope.model.absorption import CENTRAL
from ketascope.model.disposition import enantiomer_disposition, steps_of
from ketascope.model.parameter_store import (
    load_parameters,
)
from ketascope.model.pharmacokinetics import (
    SERIES,
    Arm,
    Depots,
    Disposition,
    Hydroxynorketamine,
    diagonalise,
    separate_rates,
    three_compartment_modes,
    two_compartment_modes,
)
from ketascope.model.plasma import plasma, plasmas
from ketascope.people import Person, individual_values, typical_normals
from ketascope.solver.linear import Modes, step_factors

TIMES_H = (0.05, 0.5, 3.0, 20.0, 100.0)
# Coinciding rates are moved apart by 2e-6; further rates on the same spot multiply that.
ALLOWED = 1e-5
SAMPLINGS = tuple(plasmas())


# The reference: compartments and a matrix exponential -----------------------------------------------------------


@dataclass(frozen=True)
class Compartments:
    """Amounts in mg; effect site and arm tissue in mg/L.

    States: depots, 3 ketamine, 0 or 2 transits, 2 norketamine, effect site, arm tissue of ketamine and of norketamine
    (0 to 2 each), 0 or 1 hydroxynorketamine.
    """

    matrix: np.ndarray
    central: int
    outputs: np.ndarray  # (3 or 4, states)

    @classmethod
    def of(cls, d: Disposition, depots: Depots) -> Compartments:
        """The system of the first (and only) patient."""
        x = {f.name: getattr(d, f.name) for f in fields(d) if f.name not in ("arm", "hydroxynorketamine")}
        x = {name: None if value is None else float(value[0]) for name, value in x.items()}
        n = depots.rate_per_h.shape[0]
        transits = 0 if x["transit_rate_per_h"] is None else 2
        central, fast, slow = n, n + 1, n + 2
        nor = n + 3 + transits
        site, born = nor + 2, n + 3
        tissues = 0 if d.arm is None else d.arm.compartments
        hydroxy = site + 1 + 2 * tissues
        states = hydroxy + (d.hydroxynorketamine is not None)
        a = np.zeros((states, states))

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
        artery = np.zeros((2, states))  # what ketamine and norketamine measure in the artery
        artery[0, central] = 1.0 / x["central_volume_l"]
        artery[1, nor] = x["norketamine_mass_ratio"] / x["norketamine_volume_l"]
        outputs = np.zeros((3, states))
        outputs[:2], outputs[2, site] = artery, 1.0
        if d.arm is not None:
            shunt, follow = float(d.arm.shunt_fraction[0]), float(d.arm.rate_per_h[0])
            for analyte in (0, 1):
                first = site + 1 + analyte * tissues
                a[first] += follow * artery[analyte]
                for i in range(tissues):
                    a[first + i, first + i] -= follow
                for i in range(1, tissues):
                    a[first + i, first + i - 1] += follow
                outputs[analyte] = shunt * artery[analyte]
                outputs[analyte, first + tissues - 1] = 1.0 - shunt
        if d.hydroxynorketamine is not None:
            h = d.hydroxynorketamine
            formed = float(h.fraction_of_norketamine[0]) * x["norketamine_clearance_l_per_h"]
            a[hydroxy, nor] = formed / x["norketamine_volume_l"]
            a[hydroxy, hydroxy] = -float(h.clearance_l_per_h[0]) / float(h.volume_l[0])
            outputs = np.vstack([outputs, np.zeros(states)])
            outputs[3, hydroxy] = float(h.mass_ratio_to_ketamine[0]) / float(h.volume_l[0])
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
    rows, place = load_parameters(), plasma(sampling)
    values = individual_values(rows, Person(), typical_normals(), place)
    d = enantiomer_disposition(values, place, "s", steps_of(rows, place))
    rates = np.array([[0.97], [1.45], [2.93], [4.1]])[:depots]
    shares = np.array([[0.2], [1.0], [0.0], [0.5]])[:depots]
    return d, Depots(rates, shares, 0.8 * (1.0 - shares))


def between(low: float, high: float) -> st.SearchStrategy[np.ndarray]:
    return st.floats(np.log(low), np.log(high)).map(lambda x: np.array([np.exp(x)]))


BODY = {
    "central_volume_l": between(2.0, 400.0),
    "clearance_l_per_h": between(5.0, 300.0),
    "fast_volume_l": between(5.0, 400.0),
    "fast_clearance_l_per_h": between(5.0, 500.0),
    "slow_volume_l": between(20.0, 1000.0),
    "slow_clearance_l_per_h": between(2.0, 200.0),
    "fraction_to_norketamine": between(0.1, 1.0),
    "norketamine_mass_ratio": between(0.9, 1.0),
    "norketamine_volume_l": between(5.0, 400.0),
    "norketamine_clearance_l_per_h": between(5.0, 200.0),
    "norketamine_peripheral_volume_l": between(20.0, 1000.0),
    "norketamine_distribution_l_per_h": between(5.0, 300.0),
    "transit_rate_per_h": st.one_of(st.none(), between(0.5, 30.0)),
    "effect_site_rate_per_h": between(1.0, 60.0),
}
dispositions = st.builds(Disposition, **BODY)
arms = st.builds(
    Arm,
    shunt_fraction=st.floats(0.0, 1.0).map(lambda x: np.array([x])),
    rate_per_h=between(0.5, 120.0),
    compartments=st.sampled_from((1, 2)),
)
hydroxynorketamines = st.builds(
    Hydroxynorketamine,
    fraction_of_norketamine=between(0.05, 1.0),
    mass_ratio_to_ketamine=between(0.9, 1.1),
    volume_l=between(5.0, 400.0),
    clearance_l_per_h=between(5.0, 300.0),
)
with_every_step = st.builds(
    Disposition,
    **{**BODY, "transit_rate_per_h": between(0.5, 30.0)},
    arm=arms,
    hydroxynorketamine=hydroxynorketamines,
)


@st.composite
def depot_sets(draw: st.DrawFn) -> Depots:
    number = draw(st.integers(1, 4))
    rates = np.stack([draw(between(0.05, 10.0)) for _ in range(number)])
    # Rounded: a share of 1e-310 is a number whose digits are already lost.
    shares = np.array([[round(draw(st.floats(0.0, 1.0)), 9)] for _ in range(number)])
    return Depots(rates, shares, 0.9 * (1.0 - shares))


@settings(max_examples=200)
@given(dispositions, depot_sets())
def test_modes_are_the_matrix_exponential_for_any_parameters(d: Disposition, depots: Depots) -> None:
    # Three rates on one spot have a test of their own.
    if d.transit_rate_per_h is not None:
        assume((np.abs(depots.rate_per_h / d.transit_rate_per_h - 1.0) > 1e-3).all())
    assert worst_difference(d, depots) < ALLOWED


@settings(max_examples=200)
@given(with_every_step, depot_sets())
def test_modes_with_arm_veins_and_hydroxynorketamine_are_the_matrix_exponential(d: Disposition, depots: Depots) -> None:
    h = d.hydroxynorketamine
    # Three rates on one spot have a test of their own: two equal steps and anything else.
    single = [*depots.rate_per_h, h.clearance_l_per_h / h.volume_l]
    pairs = [d.transit_rate_per_h]
    (single if d.arm.compartments == 1 else pairs).append(d.arm.rate_per_h)
    for index, pair in enumerate(pairs):
        assume(all(abs(rate / pair - 1.0) > 1e-3 for rate in [*single, *pairs[index + 1 :]]))
    # Crowds have one too.
    followers = [d.effect_site_rate_per_h, *[d.arm.rate_per_h] * (d.arm.compartments == 1)]
    every = np.concatenate([*single, *followers])
    assume(max((np.abs(every / rate - 1.0) < 1e-4).sum() for rate in every) <= 3)
    assert worst_difference(d, depots) < ALLOWED


@pytest.mark.parametrize("depots", [1, 2, 4])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_modes_are_the_matrix_exponential_in_the_typical_person(sampling: str, depots: int) -> None:
    d, given = typical_system(sampling, depots)
    assert (d.arm is None) == (sampling != "venous")
    assert (d.hydroxynorketamine is None) == sampling.endswith("-published")
    assert len(diagonalise(np, d, given).outputs) == (3 if sampling.endswith("-published") else len(SERIES))
    worst = worst_difference(d, given)
    # Two equal transit rates, or the equal rates of an arm's ketamine and norketamine, cost digits.
    exact = d.transit_rate_per_h is None and d.arm is None
    assert exact or sampling != "venous-published"
    assert worst < (1e-10 if exact else ALLOWED)


@pytest.mark.parametrize("sampling", ["venous", "arterial"])
def test_two_arm_compartments_take_the_same_time_in_two_steps(sampling: str) -> None:
    rows, place = load_parameters(), plasma(sampling)
    values = individual_values(rows, Person(), typical_normals(), place)
    steps = steps_of(rows, place)
    d = enantiomer_disposition(values, place, "s", steps | {"second arm compartment"})
    if sampling == "arterial":
        assert d.arm is None
    else:
        one = enantiomer_disposition(values, place, "s", steps).arm
        assert one is not None
        assert d.arm is not None
        assert (one.compartments, d.arm.compartments) == (1, 2)
        transit_h = rows.value("pooled.arm_transit_min") / 60.0
        assert 1.0 / one.rate_per_h[0] == pytest.approx(transit_h)
        assert 2.0 / d.arm.rate_per_h[0] == pytest.approx(transit_h)
    assert worst_difference(d, typical_system(sampling)[1]) < ALLOWED


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
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_an_absorption_rate_equal_to_an_eigenvalue_of_ketamine(sampling: str, which: int) -> None:
    d, depots = typical_system(sampling)
    rates, _ = three_compartment_modes(np, d)
    assert worst_difference(d, replace(depots, rate_per_h=rates[which : which + 1])) < ALLOWED


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_an_absorption_rate_equal_to_an_eigenvalue_of_norketamine(sampling: str, which: int) -> None:
    d, depots = typical_system(sampling)
    rates, _ = two_compartment_modes(np, d)
    assert worst_difference(d, replace(depots, rate_per_h=rates[which : which + 1])) < ALLOWED


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_two_depots_with_the_same_rate(sampling: str) -> None:
    d, depots = typical_system(sampling, 2)
    same = replace(depots, rate_per_h=np.array([[1.45], [1.45]]))
    assert worst_difference(d, same) < ALLOWED


@pytest.mark.parametrize("sampling", ["venous-published", "venous", "arterial"])
def test_four_depots_with_the_rate_of_an_eigenvalue(sampling: str) -> None:
    d, depots = typical_system(sampling, 4)
    rates, _ = three_compartment_modes(np, d)
    assert worst_difference(d, replace(depots, rate_per_h=np.repeat(rates[2:3], 4, axis=0))) < ALLOWED


@pytest.mark.parametrize("rate_per_h", [0.5, 1.0, 5.97015, 12.0])
@pytest.mark.parametrize("sampling", ["arterial-published", "arterial", "venous"])
def test_three_rates_on_one_spot_keep_three_digits(sampling: str, rate_per_h: float) -> None:
    d, depots = typical_system(sampling)
    rate = np.array([rate_per_h])
    d, depots = replace(d, transit_rate_per_h=rate), replace(depots, rate_per_h=rate[None])
    assert worst_difference(d, depots) < 1e-3


@pytest.mark.parametrize("sampling", ["venous-published", "venous", "arterial"])
def test_the_effect_site_as_fast_as_an_eigenvalue(sampling: str) -> None:
    d, depots = typical_system(sampling)
    rates, _ = three_compartment_modes(np, d)
    assert worst_difference(replace(d, effect_site_rate_per_h=rates[1]), depots) < ALLOWED


@pytest.mark.parametrize("which", [0, 1, 2])
def test_arm_tissue_as_fast_as_an_eigenvalue_of_ketamine(which: int) -> None:
    d, depots = typical_system("venous")
    assert d.arm is not None
    rates, _ = three_compartment_modes(np, d)
    assert worst_difference(replace(d, arm=replace(d.arm, rate_per_h=rates[which])), depots) < ALLOWED


def test_arm_tissue_as_fast_as_a_depot_the_effect_site_or_an_eigenvalue_of_norketamine() -> None:
    d, depots = typical_system("venous")
    assert d.arm is not None
    rates, _ = two_compartment_modes(np, d)
    for rate in (depots.rate_per_h[0], d.effect_site_rate_per_h, *rates):
        assert worst_difference(replace(d, arm=replace(d.arm, rate_per_h=rate)), depots) < ALLOWED


def test_arm_tissue_as_fast_as_the_transit_keeps_three_digits() -> None:
    d, depots = typical_system("venous")
    assert d.arm is not None
    for rate_per_h in (2.0, 6.0, 12.0):
        rate = np.array([rate_per_h])
        same = replace(d, transit_rate_per_h=rate, arm=replace(d.arm, rate_per_h=rate))
        assert worst_difference(same, depots) < 1e-3


@pytest.mark.parametrize("depots", [1, 2, 3, 4])
def test_a_crowd_of_equal_rates_costs_two_parts_in_a_million_for_each(depots: int) -> None:
    d, _ = typical_system("venous")
    h, one = d.hydroxynorketamine, np.array([1.0])
    assert d.arm is not None
    assert h is not None
    d = replace(
        d,
        effect_site_rate_per_h=one,
        arm=replace(d.arm, rate_per_h=one),
        hydroxynorketamine=replace(h, clearance_l_per_h=h.volume_l),
    )
    shares = np.linspace(0.0, 0.9, depots)[:, None]
    crowd = depots + 4  # effect site, arm tissue of ketamine and of norketamine, hydroxynorketamine
    given = Depots(np.ones((depots, 1)), shares, 0.9 * (1.0 - shares))
    assert worst_difference(d, given) < 2e-6 * (crowd + 1)


@pytest.mark.parametrize("shunt", [0.0, 1.0])
def test_an_arm_that_exchanges_all_or_nothing(shunt: float) -> None:
    d, depots = typical_system("venous")
    assert d.arm is not None
    d = replace(d, arm=replace(d.arm, shunt_fraction=np.array([shunt])))
    assert worst_difference(d, depots) < ALLOWED
    if shunt == 1.0:  # the vein is then the artery
        vein, artery = diagonalise(np, d, depots), diagonalise(np, replace(d, arm=None), depots)
        for time_h in TIMES_H:
            left, right = (by_modes(modes, CENTRAL, time_h, False) for modes in (vein, artery))
            np.testing.assert_allclose(left, right, rtol=1e-6)


def test_hydroxynorketamine_as_fast_as_an_eigenvalue_of_norketamine_or_ketamine() -> None:
    d, depots = typical_system("arterial")
    h = d.hydroxynorketamine
    assert h is not None
    for rate in (*two_compartment_modes(np, d)[0], *three_compartment_modes(np, d)[0]):
        same = replace(d, hydroxynorketamine=replace(h, clearance_l_per_h=rate * h.volume_l))
        assert worst_difference(same, depots) < ALLOWED


@pytest.mark.parametrize("sampling", ["venous-published", "venous", "arterial"])
def test_ketamine_and_norketamine_with_the_same_terminal_rate(sampling: str) -> None:
    d, depots = typical_system(sampling)
    slowest = three_compartment_modes(np, d)[0][2]
    # Norketamine in one compartment whose rate is ketamine's slowest.
    alike = replace(
        d,
        norketamine_distribution_l_per_h=np.array([1e-9]),
        norketamine_clearance_l_per_h=slowest * d.norketamine_volume_l,
    )
    assert worst_difference(alike, depots) < ALLOWED


@pytest.mark.parametrize("sampling", SAMPLINGS)
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
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_no_distribution_into_a_compartment(sampling: str, names: tuple[str, ...]) -> None:
    d, depots = typical_system(sampling)
    assert worst_difference(replace(d, **dict.fromkeys(names, ZERO)), depots) < ALLOWED


@pytest.mark.parametrize("factor", [1e-12, 1e-9, 1e-6, 1e-3])
@pytest.mark.parametrize("sampling", ["venous-published", "venous", "arterial"])
def test_almost_no_distribution_into_a_compartment(sampling: str, factor: float) -> None:
    d, depots = typical_system(sampling)
    weak = replace(d, slow_clearance_l_per_h=factor * d.slow_clearance_l_per_h)
    assert worst_difference(weak, depots) < ALLOWED


@pytest.mark.parametrize("gap", [1e-14, 1e-10, 1e-7, 0.9e-6, 1.1e-6, 1e-5, 1e-4])
@pytest.mark.parametrize("sampling", ["venous-published", "venous", "arterial"])
def test_rates_that_nearly_coincide(sampling: str, gap: float) -> None:
    d, depots = typical_system(sampling)
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
