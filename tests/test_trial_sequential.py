"""Looks: boundaries against published values, and the error that trials with looks and changed sizes really make."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from ketascope.errors import InputError
from ketascope.virtual_trials.analysing import analyse
from ketascope.virtual_trials.design import Adaptation
from ketascope.virtual_trials.following import schedule
from ketascope.virtual_trials.sequential import (
    boundaries,
    conditional_power,
    reestimated_people,
    spent,
)
from virtual_trials_by_hand import ACTIVE, PLACEBO, SECOND, make_design, make_trials, quick_trials

ALPHA = 0.05
REPLICATES = 20_000


def _first_crossings(information: tuple[float, ...], bounds: tuple[float, ...]) -> np.ndarray:
    """Probability that |Z| first crosses its bound at each look, by Simpson's rule over the paths still inside."""
    nodes = 601
    weights = np.ones(nodes)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    at, places, masses, found = 0.0, np.zeros(1), np.ones(1), []
    for share, bound in zip(information, bounds, strict=True):
        limit, step = bound * math.sqrt(share), math.sqrt(share - at)
        found.append(masses @ (norm.sf(limit, places, step) + norm.cdf(-limit, places, step)))
        inside = np.linspace(-limit, limit, nodes)
        density = norm.pdf(inside[:, None], places, step) @ masses
        at, places, masses = share, inside, density * weights * (inside[1] - inside[0]) / 3.0
    return np.array(found)


def _equal_looks(count: int) -> tuple[float, ...]:
    return tuple((index + 1) / count for index in range(count))


# Two-sided 0.05 at equally spaced looks, as printed by the Lan-DeMets program of Reboussin, DeMets, Kim & Lan 2000
# (Control Clin Trials 21:190) and by gsDesign for 0.025 in each tail.
@pytest.mark.parametrize(
    ("spending", "expected"),
    [
        ("obrien-fleming", (2.9626, 1.9686)),
        ("obrien-fleming", (3.7103, 2.5114, 1.9930)),
        ("obrien-fleming", (4.3326, 2.9631, 2.3590, 2.0141)),
        ("obrien-fleming", (4.8769, 3.3569, 2.6803, 2.2898, 2.0310)),
        ("pocock", (2.1570, 2.2010)),
        ("pocock", (2.4380, 2.4268, 2.4101, 2.3966, 2.3859)),
    ],
)
def test_boundaries_are_the_published_ones(spending: str, expected: tuple[float, ...]) -> None:
    assert boundaries(_equal_looks(len(expected)), ALPHA, spending) == pytest.approx(expected, abs=2e-4)


def test_a_single_look_has_the_normal_quantile() -> None:
    for spending in ("obrien-fleming", "pocock"):
        assert boundaries((1.0,), ALPHA, spending)[0] == pytest.approx(norm.isf(0.025), abs=1e-10)


def test_the_whole_error_is_spent_at_the_end_and_none_at_the_start() -> None:
    for spending in ("obrien-fleming", "pocock"):
        assert spent(spending, ALPHA, 0.0) == 0.0
        assert spent(spending, ALPHA, 1.0) == pytest.approx(ALPHA, rel=1e-12)
        steps = [spent(spending, ALPHA, share) for share in np.linspace(0.0, 1.0, 21)]
        assert steps == sorted(steps)
    with pytest.raises(InputError, match="must be one of obrien-fleming, pocock"):
        spent("fleming", ALPHA, 0.5)


@pytest.mark.parametrize("information", [(0.3, 0.7, 1.0), (0.05, 0.1, 0.9, 0.95, 1.0), _equal_looks(30)])
def test_each_look_crosses_as_often_as_it_may_spend(information: tuple[float, ...]) -> None:
    bounds = boundaries(information, ALPHA, "pocock")
    expected = np.diff([0.0, *(spent("pocock", ALPHA, share) for share in information)])
    np.testing.assert_allclose(_first_crossings(information, bounds), expected, atol=1e-6)


def test_a_look_too_early_to_spend_anything_has_no_boundary() -> None:
    bounds = boundaries((0.001, 1.0), ALPHA, "obrien-fleming")
    assert math.isinf(bounds[0])
    assert bounds[1] == pytest.approx(norm.isf(0.025), abs=1e-6)


def test_simulated_paths_cross_the_boundaries_as_often_as_they_may() -> None:
    information = (0.3, 0.6, 1.0)
    bounds = boundaries(information, ALPHA, "pocock")
    steps = np.diff([0.0, *information])
    z = (np.random.default_rng(9).standard_normal((100_000, 3)) * np.sqrt(steps)).cumsum(axis=1) / np.sqrt(information)
    crosses = np.abs(z) >= bounds
    first = np.where(crosses.any(axis=1), crosses.argmax(axis=1), -1)
    for look, expected in enumerate(np.diff([0.0, *(spent("pocock", ALPHA, share) for share in information)])):
        error = math.sqrt(expected * (1.0 - expected) / len(z))
        assert abs((first == look).mean() - expected) < 3.0 * error


def test_conditional_power_agrees_with_simulated_ends() -> None:
    z, share, bound, factor = 1.4, 0.5, 1.97, 1.8
    moves = np.random.default_rng(2).standard_normal(200_000)
    trend = z / math.sqrt(share)
    # The planned weights stay while the second part has 1.8 times its people.
    second = moves + trend * math.sqrt((1.0 - share) * factor)
    final = math.sqrt(share) * z + math.sqrt(1.0 - share) * second
    expected = (final >= bound).mean()
    found = conditional_power(np.array([z]), share, bound, factor)[0]
    assert found == pytest.approx(expected, abs=3.0 * math.sqrt(0.25 / len(moves)))
    assert conditional_power(np.array([z]), share, bound)[0] < found


def test_a_trial_grows_only_in_the_promising_zone_and_to_the_power_wanted() -> None:
    z = np.array([-1.0, 0.2, 1.2, 1.5, 1.9, 3.0, np.nan, np.inf, -np.inf])
    first, people, most, bound, wanted = 50, 100, 200, 1.96, 0.9
    found = reestimated_people(z, first, people, most, bound, wanted)
    assert found[[0, 1, 5, 6, 7, 8]].tolist() == [100] * 6
    assert 100 < found[4] < found[3] <= 200
    power = conditional_power(z[4:5], 0.5, bound, (found[4] - first) / (people - first))
    assert power[0] == pytest.approx(wanted, abs=0.01)
    assert conditional_power(z[4:5], 0.5, bound)[0] < wanted


def test_the_promising_zone_begins_where_mehta_and_pocock_say() -> None:
    # Mehta & Pocock 2011, table I: one interim look halfway, growth to twice the size at most, 80% wanted: from 0.36.
    z = np.linspace(0.5, 2.5, 4001)
    power = conditional_power(z, 0.5, norm.isf(0.025))
    found = reestimated_people(z, 50_000, 100_000, 200_000, norm.isf(0.025), 0.8)
    assert power[found > 100_000].min() == pytest.approx(0.36, abs=0.01)
    assert power[found > 100_000].max() == pytest.approx(0.8, abs=0.001)


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
def test_twenty_thousand_trials_with_looks_err_as_often_as_alpha_says(spending: str) -> None:
    adaptation = Adaptation(information=(0.5, 0.75, 1.0), spending=spending)
    design = make_design(people=80, visits_h=(24.0,), primary_visit_h=24.0, is_null=True, adaptation=adaptation)
    rows = analyse(design, quick_trials(design, REPLICATES, seed=21))
    error = math.sqrt(ALPHA * (1.0 - ALPHA) / REPLICATES)
    assert abs(rows["is_significant"].mean() - ALPHA) < 2.5 * error
    bounds = schedule(design)
    crossing = _first_crossings(bounds.information, tuple(bounds.bounds[0]))
    for look in (1, 2):
        expected = crossing[look - 1]
        share = ((rows["look"] == look) & np.isin(rows["reason"], ("benefit", "harm"))).mean()
        assert abs(share - expected) < 3.0 * math.sqrt(expected / REPLICATES) + 1e-4


def test_changing_the_size_costs_no_error_and_gains_power() -> None:
    plain = Adaptation(information=(0.5, 1.0), spending="obrien-fleming")
    grows = Adaptation(information=(0.5, 1.0), spending="obrien-fleming", people_most=120, wanted_power=0.9)
    design = make_design(people=60, visits_h=(24.0,), primary_visit_h=24.0, adaptation=grows)
    null = analyse(design, quick_trials(design, REPLICATES, seed=31))
    assert (null["reason"] == "end after more people").mean() > 0.05
    error = math.sqrt(ALPHA * (1.0 - ALPHA) / REPLICATES)
    assert abs(null["is_significant"].mean() - ALPHA) < 2.5 * error
    with_effect = quick_trials(design, 4000, effect=-4.0, seed=32)
    grown = analyse(design, with_effect)
    fixed = analyse(make_design(people=60, visits_h=(24.0,), primary_visit_h=24.0, adaptation=plain), with_effect)
    assert grown["is_significant"].mean() > fixed["is_significant"].mean() + 0.03
    assert grown["people"].max() <= 120
    assert grown["people"].mean() > fixed["people"].mean()


def test_futility_stops_trials_and_only_lowers_the_error() -> None:
    futile = Adaptation(information=(0.5, 1.0), futility_below=0.1)
    design = make_design(people=60, visits_h=(24.0,), primary_visit_h=24.0, adaptation=futile)
    trials = quick_trials(design, 5000, seed=41)
    rows = analyse(design, trials)
    without = analyse(make_design(people=60, visits_h=(24.0,), primary_visit_h=24.0), trials)
    stopped = rows["reason"] == "futility"
    # Halfway, conditional power below 10% is Z < 0.751 for the last boundary of 1.9686: Phi(0.751) of trials.
    assert abs(stopped.mean() - norm.cdf(0.751)) < 3.0 * math.sqrt(0.25 / 5000)
    assert not rows["is_significant"][stopped].any()
    assert (rows["people"][stopped] == 30).all()
    assert rows["is_significant"].mean() < without["is_significant"].mean()


def test_several_arms_in_one_look_follow_holm() -> None:
    design = make_design(arms=(PLACEBO, ACTIVE, SECOND), people=90)
    rows = analyse(design, make_trials(design, 300, effects=(-5.0, -4.0), seed=51))
    p_values = rows["p_value"].reshape(-1, 2)
    adjusted = rows["is_significant_adjusted"].reshape(-1, 2)
    lesser, greater = p_values.min(axis=1), p_values.max(axis=1)
    first = lesser <= ALPHA / 2
    second = first & (greater <= ALPHA)
    expected = np.where(p_values == lesser[:, None], first[:, None], second[:, None])
    for row in (0, 1, 2):
        np.testing.assert_array_equal(expected[row], multipletests(p_values[row], ALPHA, method="holm")[0])
    np.testing.assert_array_equal(adjusted, expected)
    np.testing.assert_array_equal(rows["is_significant"].reshape(-1, 2), p_values <= ALPHA)
    assert (adjusted != (p_values <= ALPHA)).any(axis=1).mean() > 0.02


def test_once_an_arm_has_been_rejected_the_other_is_held_to_the_whole_alpha_at_later_looks() -> None:
    information = (0.5, 1.0)
    design = make_design(
        arms=(PLACEBO, ACTIVE, SECOND),
        people=60,
        visits_h=(24.0,),
        primary_visit_h=24.0,
        adaptation=Adaptation(information=information, spending="pocock"),
    )
    rows = analyse(design, quick_trials(design, 4000, effect=-5.0, seed=62))
    look, adjusted, p_value = (rows[name].reshape(-1, 2) for name in ("look", "is_significant_adjusted", "p_value"))
    z = norm.isf(0.5 * p_value)
    whole, half = (boundaries(information, alpha, "pocock")[1] for alpha in (ALPHA, ALPHA / 2))
    for this, other in ((0, 1), (1, 0)):
        # Without a rule on futility only a rejection ends a comparison at the first look.
        went_on = (look[:, other] == 1) & (look[:, this] == 2)
        np.testing.assert_array_equal(adjusted[went_on, this], z[went_on, this] >= whole)
        assert ((z[went_on, this] >= whole) & (z[went_on, this] < half)).any()


def test_several_arms_with_looks_keep_the_error_of_any_arm() -> None:
    adaptation = Adaptation(information=(0.5, 1.0), spending="pocock")
    design = make_design(
        arms=(PLACEBO, ACTIVE, SECOND), people=60, visits_h=(24.0,), primary_visit_h=24.0, adaptation=adaptation
    )
    replicates = 10_000
    rows = analyse(design, quick_trials(design, replicates, seed=61))
    any_arm = rows["is_significant_adjusted"].reshape(-1, 2).any(axis=1).mean()
    assert any_arm < ALPHA + 2.0 * math.sqrt(ALPHA * (1.0 - ALPHA) / replicates)
    assert any_arm > 0.7 * ALPHA  # Holm is cautious, but not that cautious
    assert rows["is_significant"].reshape(-1, 2).any(axis=1).mean() > ALPHA + 0.02


@pytest.mark.parametrize(
    ("adaptation", "message"),
    [
        (Adaptation(information=(0.5, 0.505, 1.0)), "each must have more people"),
        (Adaptation(people_most=100, wanted_power=0.9), "needs a look before the last"),
        (Adaptation(information=(0.5, 1.0), people_most=100), "needs wanted_power"),
        (Adaptation(information=(0.5, 1.0), people_most=50, wanted_power=0.9), "at least the 60 people planned"),
    ],
)
def test_looks_that_cannot_be_are_refused_in_one_line(adaptation: Adaptation, message: str) -> None:
    with pytest.raises(InputError, match=message):
        schedule(make_design(adaptation=adaptation))
