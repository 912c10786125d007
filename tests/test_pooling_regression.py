"""Meta-regression beyond the printed references: a dose that matters, tests of moderators, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ketascope.errors import InputError
from ketascope.evidence.pooling.models import pool
from ketascope.evidence.pooling.regression import meta_regression
from pooling_references import arrays, fixture

DOSES = [0.1, 0.2, 0.5, 0.5, 0.75, 1.0]
VARIANCES = [0.05, 0.02, 0.08, 0.03, 0.06, 0.04]


def straight(intercept, slope, noise=(0.0,) * 6):
    return [intercept + slope * dose + error for dose, error in zip(DOSES, noise, strict=True)]


@given(st.floats(-3, 3), st.floats(-3, 3), st.sampled_from(["REML", "ML", "DL", "PM", "FE"]))
def test_points_on_a_line_give_that_line_and_no_heterogeneity(intercept, slope, estimator):
    found = meta_regression(straight(intercept, slope), VARIANCES, {"dose": DOSES}, estimator=estimator, test="z")
    assert [each.estimate for each in found.coefficients] == pytest.approx([intercept, slope], abs=1e-8)
    assert found.tau2 == 0.0
    assert found.q == pytest.approx(0.0, abs=1e-10)
    assert found.converged
    assert found.predict({"dose": 2.0})[0] == pytest.approx(intercept + 2 * slope, abs=1e-7)


def test_a_moderator_that_explains_everything_has_an_r2_of_100_percent():
    found = meta_regression(straight(0.0, -2.0), VARIANCES, {"dose": DOSES}, test="z")
    assert found.r2 == 100.0
    assert found.moderators_p < 0.001
    flat = meta_regression([0.3] * 6, VARIANCES, {"dose": DOSES}, test="z")
    assert flat.r2 is None, "nothing was there to explain"
    assert flat.moderators_p == pytest.approx(1.0)


def test_one_dichotomous_moderator_with_a_common_effect_is_two_pools():
    estimates, group = straight(0.2, 1.0, (0.1, -0.2, 0.0, 0.3, -0.1, 0.05)), [0, 0, 0, 1, 1, 1]
    found = meta_regression(estimates, VARIANCES, {"group": group}, estimator="FE", test="z")
    parts = [pool(estimates[i : i + 3], VARIANCES[i : i + 3], estimator="FE", test="z") for i in (0, 3)]
    assert found.coefficients[0].estimate == pytest.approx(parts[0].estimate)
    assert found.coefficients[1].estimate == pytest.approx(parts[1].estimate - parts[0].estimate)
    assert found.q == pytest.approx(parts[0].q + parts[1].q)
    whole = pool(estimates, VARIANCES, estimator="FE", test="z")
    assert whole.q == pytest.approx(found.q + found.moderators_statistic), "Q total = Q within + Q between"


def test_the_unit_of_a_moderator_changes_its_slope_only():
    estimates = straight(0.2, 1.0, (0.1, -0.2, 0.0, 0.3, -0.1, 0.05))
    grams = meta_regression(estimates, VARIANCES, {"dose": DOSES})
    milligrams = meta_regression(estimates, VARIANCES, {"dose": [1000 * dose for dose in DOSES]})
    assert milligrams.coefficients[1].estimate == pytest.approx(grams.coefficients[1].estimate / 1000)
    assert milligrams.coefficients[1].p_value == pytest.approx(grams.coefficients[1].p_value)
    assert milligrams.tau2 == pytest.approx(grams.tau2, abs=1e-9)
    assert milligrams.predict({"dose": 500.0}) == pytest.approx(grams.predict({"dose": 0.5}))


def test_years_as_moderator_lose_no_digits():
    data = fixture()["data"]["bcg"]
    estimates, variances = arrays(data, "log RR")
    years = data["moderators"]["year"]
    plain = meta_regression(estimates, variances, {"year": years})
    centred = meta_regression(estimates, variances, {"year": [year - 1966 for year in years]})
    assert plain.coefficients[1].estimate == pytest.approx(centred.coefficients[1].estimate, rel=1e-6)
    assert plain.tau2 == pytest.approx(centred.tau2, rel=1e-6)


def test_knapp_hartung_tests_moderators_by_f_and_one_moderator_by_its_own_t():
    data = fixture()["data"]["bcg"]
    estimates, variances = arrays(data, "log RR")
    one = meta_regression(estimates, variances, {"latitude": data["moderators"]["latitude_degrees"]})
    slope = one.coefficients[1]
    assert one.moderators_df == (1, 11)
    assert one.moderators_statistic == pytest.approx((slope.estimate / slope.standard_error) ** 2)
    assert one.moderators_p == pytest.approx(slope.p_value)
    assert slope.p_value == pytest.approx(2 * stats.t.sf(abs(slope.estimate / slope.standard_error), 11))
    assert slope.high == pytest.approx(slope.estimate + stats.t.ppf(0.975, 11) * slope.standard_error)
    both = meta_regression(estimates, variances, data["moderators"])
    assert both.moderators_df == (2, 10)
    values = np.array([each.estimate for each in both.coefficients[1:]])
    wald = values @ np.linalg.solve(np.array(both.covariance)[1:, 1:], values)
    assert both.moderators_statistic == pytest.approx(wald / 2)
    assert meta_regression(estimates, variances, data["moderators"], test="z").moderators_df == (2,)


def test_the_prediction_is_narrowest_near_the_middle_of_the_data():
    found = meta_regression(straight(0.2, 1.0, (0.1, -0.2, 0.0, 0.3, -0.1, 0.05)), VARIANCES, {"dose": DOSES})
    widths = [high - low for _, low, high in (found.predict({"dose": dose}) for dose in (0.0, 0.5, 3.0))]
    assert widths[1] < widths[0] < widths[2]
    with pytest.raises(InputError, match="moderator 'dose' is missing"):
        found.predict({"dosis": 1.0})


def test_few_studies_per_moderator_are_flagged():
    small = meta_regression(straight(0.0, 1.0), VARIANCES, {"dose": DOSES})
    assert "fewer than 10 studies per moderator" in small.message
    data = fixture()["data"]["bcg"]
    large = meta_regression(*arrays(data, "log RR"), {"year": data["moderators"]["year"]})
    assert "fewer than" not in large.message


@pytest.mark.parametrize(
    ("moderators", "words"),
    [
        ({}, "at least one moderator"),
        ({"dose": [0.5] * 6}, "'dose' is 0.5 in every study"),
        ({"dose": DOSES[:-1]}, "'dose' has 5 values for 6 studies"),
        ({"dose": [*DOSES[:-1], math.nan]}, r"row 6 \('study 6'\): moderator 'dose' should be a finite number"),
        ({"dose": DOSES, "twice": [2 * dose for dose in DOSES]}, "dose, twice repeat one another"),
        ({f"m{i}": [float((i + 1) * (j + 1) ** i) for j in range(6)] for i in range(1, 6)}, "6 studies are too few"),
    ],
)
def test_moderators_that_cannot_be_estimated_are_refused(moderators, words):
    with pytest.raises(InputError, match=words):
        meta_regression(straight(0.1, 0.2), VARIANCES, moderators)


def test_unknown_options_are_refused_as_in_pooling():
    with pytest.raises(InputError, match="^test .* is unknown"):
        meta_regression(straight(0.1, 0.2), VARIANCES, {"dose": DOSES}, test="t")
    with pytest.raises(InputError, match="^estimator .* is unknown"):
        meta_regression(straight(0.1, 0.2), VARIANCES, {"dose": DOSES}, estimator="OLS")
