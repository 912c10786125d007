"""Responders: who counts, and the difference of shares against published values and other packages."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.stats import fisher_exact
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import confint_proportions_2indep

from ketascope.virtual_trials.analyses.ratings import NO_FAILURE, TOO_FEW
from ketascope.virtual_trials.analyses.responders import (
    newcombe,
    number_needed_to_treat,
    responder_contrasts,
    response_counts,
    two_by_two_p,
    wilson,
)
from virtual_trials_by_hand import make_ratings

ALPHA = 0.05


def _one(*numbers: int) -> list[np.ndarray]:
    return [np.array([number]) for number in numbers]


@pytest.mark.parametrize(
    ("table", "low", "high"),
    [((56, 70, 48, 80), 0.0524, 0.3339), ((9, 10, 3, 10), 0.1705, 0.8090), ((10, 10, 0, 10), 0.6075, 1.0)],
)
def test_the_interval_is_the_one_that_newcombe_printed(table: tuple[int, ...], low: float, high: float) -> None:
    found = newcombe(*_one(*table), ALPHA)
    assert found[0][0] == pytest.approx(low, abs=5e-5)
    assert found[1][0] == pytest.approx(high, abs=5e-5)


def test_the_interval_agrees_with_another_package_for_many_tables() -> None:
    generator = np.random.default_rng(3)
    people = generator.integers(2, 90, (40, 2))
    events = generator.integers(0, people + 1)
    low, high = newcombe(events[:, 0], people[:, 0], events[:, 1], people[:, 1], 0.1)
    for row in range(40):
        expected = confint_proportions_2indep(
            events[row, 0], people[row, 0], events[row, 1], people[row, 1], method="newcomb", alpha=0.1
        )
        assert (low[row], high[row]) == pytest.approx(expected, abs=1e-10)


def test_the_test_is_mantel_haenszel_where_counts_allow_and_fisher_where_they_do_not() -> None:
    tables = np.array([[12, 30, 5, 31], [40, 90, 22, 88], [1, 8, 0, 9], [3, 3, 0, 25], [2, 40, 0, 6]])
    found = two_by_two_p(*tables.T)
    smallest = [min(m, k) * min(a + b, m + k - a - b) / (m + k) for a, m, b, k in tables.tolist()]
    assert [size < 1.0 for size in smallest] == [False, False, True, True, True]
    for (a, m, b, k), p_value, size in zip(tables.tolist(), found, smallest, strict=True):
        table = np.array([[a, m - a], [b, k - b]])
        if size < 1.0:
            expected = fisher_exact(table).pvalue
        else:
            expected = StratifiedTable([table]).test_null_odds(correction=False).pvalue
        assert p_value == pytest.approx(expected, rel=1e-10)


def test_tables_where_all_or_none_respond_show_no_difference() -> None:
    assert two_by_two_p(*_one(0, 20, 0, 25))[0] == 1.0
    assert two_by_two_p(*_one(20, 20, 25, 25))[0] == 1.0


def test_wilson_limits_end_at_none_and_all() -> None:
    share, low, high = wilson(np.array([0, 7]), np.array([7, 7]), ALPHA)
    assert share.tolist() == [0.0, 1.0]
    assert low[0] == 0.0
    assert high[1] == 1.0
    assert 0.0 < high[0] < 0.5 < low[1] < 1.0


def test_a_fall_of_exactly_the_threshold_is_a_response_and_a_missing_rating_is_none() -> None:
    baseline = np.array([[30.0, 30.0, 30.0, 26.0, 24.0, 28.0]])
    scores = np.array([[21.0, 21.0001, np.nan, 18.2, 10.0, np.nan]])
    ratings = make_ratings(baseline, scores, np.array([0, 0, 0, 1, 1, 1]))
    counts, people = response_counts(ratings, 0.3)
    assert counts.tolist() == [[1, 2]]
    assert people.tolist() == [[3, 3]]
    found = responder_contrasts(ratings, ALPHA, 0.3)
    assert found.estimate[0, 0] == pytest.approx(2 / 3 - 1 / 3)
    assert found.active_mean[0, 0] == pytest.approx(2 / 3)
    assert found.control_mean[0, 0] == pytest.approx(1 / 3)
    assert found.analysed[0, 0] == 6
    assert math.isinf(found.degrees_of_freedom[0, 0])


def test_only_those_who_entered_count_and_an_empty_arm_is_a_failure() -> None:
    baseline, scores = np.full((2, 6), 30.0), np.full((2, 6), 10.0)
    ratings = make_ratings(baseline, scores, np.array([0, 0, 0, 1, 1, 1])).entered(0, np.array([3, 5]))
    found = responder_contrasts(ratings, ALPHA, 0.5)
    assert found.failure[:, 0].tolist() == [TOO_FEW, NO_FAILURE]
    assert np.isnan(found.estimate[0, 0])
    assert np.isnan(found.low[0, 0])
    assert found.analysed[1, 0] == 5


def test_each_arm_is_compared_with_the_control_alone() -> None:
    generator = np.random.default_rng(8)
    baseline = np.full((5, 60), 30.0)
    scores = generator.uniform(5.0, 30.0, (5, 60))
    arm = np.resize([0, 1, 2], 60)
    three = responder_contrasts(make_ratings(baseline, scores, arm, arms=3), ALPHA, 0.5)
    kept = arm != 1
    two = responder_contrasts(make_ratings(baseline[:, kept], scores[:, kept], arm[kept] // 2), ALPHA, 0.5)
    for name in ("estimate", "standard_error", "p_value", "low", "high"):
        np.testing.assert_array_equal(getattr(three, name)[:, 1], getattr(two, name)[:, 0])


def test_the_number_needed_to_treat_says_when_harm_is_possible() -> None:
    clear = number_needed_to_treat(0.25, 0.1, 0.4)
    assert (clear["value"], clear["low"], clear["high"], clear["harm"]) == pytest.approx((4.0, 2.5, 10.0, None))
    unclear = number_needed_to_treat(0.1, -0.05, 0.25)
    assert (unclear["value"], unclear["low"], unclear["high"], unclear["harm"]) == pytest.approx(
        (10.0, 4.0, None, 20.0)
    )
    harmful = number_needed_to_treat(-0.2, -0.3, -0.1)
    assert harmful["value"] is None
    assert harmful["low"] is None
    assert harmful["harm"] == pytest.approx(1 / 0.3)


@pytest.mark.parametrize("limits", [(0.0, 0.0, 0.0), (0.0, -5e-324, 5e-324), (0.1, 0.0, 0.2), (0.1, math.nan, 0.2)])
def test_a_number_needed_without_bound_is_none_and_never_infinite(limits: tuple[float, float, float]) -> None:
    found = number_needed_to_treat(*limits)
    json.dumps(found, allow_nan=False)
    assert found["harm"] is None
    assert found["high"] is None
    assert found["low"] == (5.0 if limits[2] == 0.2 else None)
