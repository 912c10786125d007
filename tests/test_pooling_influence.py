"""Influence, outliers, cumulative and leave-one-out analyses beyond the printed references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ketascope.errors import InputError
from ketascope.evidence.pooling.cumulative import cumulative, leave_one_out
from ketascope.evidence.pooling.influence import influence, outliers
from ketascope.evidence.pooling.models import pool
from ketascope.evidence.pooling.regression import meta_regression

ESTIMATES = [-0.5, -0.4, -0.6, -0.45, -0.55, 1.5]
VARIANCES = [0.04, 0.05, 0.03, 0.06, 0.04, 0.02]
NAMES = ["a", "b", "c", "d", "e", "odd one"]

studies = st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=3, max_size=8)


def test_the_odd_study_stands_out_by_every_measure():
    rows = influence(ESTIMATES, VARIANCES, names=NAMES)
    residuals = [abs(row.studentised_residual) for row in rows]
    assert int(np.argmax(residuals)) == 5
    assert residuals[5] > 5 > 2 > max(residuals[:5])
    assert rows[5].name == "odd one"
    assert set(rows[5].influential) == {"DFFITS", "Cook's distance", "DFBETAS"}
    assert rows[5].tau2_without == 0.0
    assert rows[5].covariance_ratio < 1.0
    assert [row.influential for row in rows[:5]] == [()] * 5


@given(studies)
def test_the_deleted_residual_is_the_mean_shift_of_a_regression_with_a_dummy(rows):
    """A study with a coefficient of its own says how far it lies from the rest, with the same error."""
    estimates, variances = [y for y, _ in rows], [v for _, v in rows]
    found = influence(estimates, variances, estimator="DL")[0]
    shift = meta_regression(
        estimates, variances, {"first": [1.0] + [0.0] * (len(rows) - 1)}, estimator="DL", test="z"
    ).coefficients[1]
    assert found.studentised_residual == pytest.approx(shift.estimate / shift.standard_error, rel=1e-5, abs=1e-6)


@given(studies)
def test_hat_values_add_up_to_the_number_of_coefficients(rows):
    found = influence([y for y, _ in rows], [v for _, v in rows])
    assert sum(row.hat for row in found) == pytest.approx(1.0)
    assert all(row.cooks_distance >= 0.0 for row in found)
    assert all(row.covariance_ratio > 0.0 for row in found)


def test_leaving_out_is_what_pooling_the_rest_gives():
    row = influence(ESTIMATES, VARIANCES)[2]
    rest = pool(ESTIMATES[:2] + ESTIMATES[3:], VARIANCES[:2] + VARIANCES[3:], test="z")
    whole = pool(ESTIMATES, VARIANCES, test="z")
    assert row.tau2_without == pytest.approx(rest.tau2)
    assert row.q_without == pytest.approx(rest.q)
    change = (whole.estimate - rest.estimate) / whole.standard_error
    assert row.cooks_distance == pytest.approx(change**2)
    assert row.covariance_ratio == pytest.approx((rest.standard_error / whole.standard_error) ** 2)


def test_a_study_is_influential_by_each_measure_from_its_own_cut_off_on():
    """The cut-offs of Viechtbauer & Cheung 2010 with one coefficient and six studies: 3 sqrt(1/5), 3 times 1/6, 1, and
    the middle of chi-squared."""
    seen: dict[str, set[bool]] = {}
    for variance in (0.002, 0.02, 0.2):
        for value in np.linspace(-0.6, 2.0, 27):
            row = influence([*ESTIMATES[:5], value], [*VARIANCES[:5], variance], estimator="DL")[5]
            beyond = {
                "DFFITS": abs(row.dffits) > 3.0 * 0.2**0.5,
                "Cook's distance": row.cooks_distance > 0.45494,
                "hat": row.hat > 0.5,
                "DFBETAS": abs(row.dfbetas[0]) > 1.0,
            }
            assert set(row.influential) == {name for name, is_beyond in beyond.items() if is_beyond}, (variance, value)
            for name, is_beyond in beyond.items():
                seen.setdefault(name, set()).add(is_beyond)
    assert all(ways == {True, False} for ways in seen.values()), seen


def test_too_few_studies_for_diagnostics_are_refused():
    with pytest.raises(InputError, match="2 studies are too few to leave one out"):
        influence([0.0, 1.0], [1.0, 1.0])
    with pytest.raises(InputError, match="without 'c' a moderator is the same in every study"):
        influence([0.0, 1.0, 2.0, 3.0], [1.0] * 4, {"dose": [1, 1, 2, 1]}, names=["a", "b", "c", "d"])
    with pytest.raises(InputError, match="without 'c' a moderator is the same in every study"):
        influence([0.0, 1.0, 2.0, 3.0], [1.0] * 4, {"dose": [0, 0, 2, 0]}, names=["a", "b", "c", "d"])
    with pytest.raises(InputError, match="^estimator .* is unknown"):
        influence(ESTIMATES, VARIANCES, estimator="OLS")


# --- outliers


def test_an_outlier_is_a_study_whose_interval_misses_the_pooled_one():
    pooled = pool(ESTIMATES, VARIANCES, estimator="FE", test="z")
    margin = stats.norm.ppf(0.975) * np.sqrt(VARIANCES)
    wanted = [
        i for i, (y, m) in enumerate(zip(ESTIMATES, margin, strict=True)) if y + m < pooled.low or y - m > pooled.high
    ]
    assert list(outliers(ESTIMATES, VARIANCES, pooled)) == wanted
    assert 5 in wanted


def test_a_wide_pooled_interval_leaves_no_outlier():
    assert outliers(ESTIMATES[:5], VARIANCES[:5], pool(ESTIMATES[:5], VARIANCES[:5])) == ()


def test_touching_intervals_overlap():
    pooled = pool([0.0, 0.0], [1.0, 1.0], test="z")
    edge = pooled.high + stats.norm.ppf(0.975)
    assert outliers([0.0, edge - 1e-9], [1.0, 1.0], pooled) == ()
    assert outliers([0.0, edge + 1e-9], [1.0, 1.0], pooled) == (1,)


# --- cumulative and leave one out


def test_the_last_row_of_a_cumulative_analysis_is_the_whole():
    rows = cumulative(ESTIMATES, VARIANCES, [2020, 2018, 2019, 2021, 2022, 2017], names=NAMES)
    whole = pool(ESTIMATES, VARIANCES)
    assert [row.name for row in rows] == ["odd one", "b", "c", "a", "d", "e"]
    assert [row.k for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[-1].estimate == pytest.approx(whole.estimate)
    assert (rows[-1].low, rows[-1].high) == pytest.approx((whole.low, whole.high))
    assert rows[-1].tau2 == pytest.approx(whole.tau2)


def test_the_first_row_is_one_study_as_it_is():
    first = cumulative(ESTIMATES, VARIANCES, range(6))[0]
    margin = stats.norm.ppf(0.975) * VARIANCES[0] ** 0.5
    assert (first.estimate, first.low, first.high) == pytest.approx((-0.5, -0.5 - margin, -0.5 + margin))
    assert (first.tau2, first.i2, first.converged) == (None, None, None)
    assert "one study" in first.note


def test_ties_keep_the_order_of_the_table():
    rows = cumulative(ESTIMATES, VARIANCES, [2020] * 6, names=NAMES)
    assert [row.name for row in rows] == NAMES


@pytest.mark.parametrize("order", [[1, 2], [1, 2, 3, 4, 5, float("nan")]])
def test_an_order_that_does_not_fit_is_refused(order):
    with pytest.raises(InputError, match="order needs one finite number for each of 6 studies"):
        cumulative(ESTIMATES, VARIANCES, order)


@given(studies, st.sampled_from(["REML", "DL", "FE"]))
def test_leaving_each_out_gives_the_pool_of_the_others(rows, estimator):
    estimates, variances = [y for y, _ in rows], [v for _, v in rows]
    found = leave_one_out(estimates, variances, estimator=estimator)
    assert len(found) == len(rows)
    last = pool(estimates[:-1], variances[:-1], estimator=estimator)
    assert found[-1].estimate == last.estimate
    assert (found[-1].low, found[-1].high) == (last.low, last.high)
    assert all(row.k == len(rows) - 1 and row.converged for row in found)


def test_one_of_two_cannot_be_left_out():
    with pytest.raises(InputError, match="leaving one out of 2 studies"):
        leave_one_out([0.0, 1.0], [1.0, 1.0])
