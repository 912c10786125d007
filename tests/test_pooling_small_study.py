"""Small-study tests beyond the printed references: refusals, a made-up gap that is found, symmetry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ketascope.errors import InputError
from ketascope.evidence.pooling import small_study
from ketascope.evidence.pooling.models import pool
from ketascope.evidence.pooling.small_study import begg, egger, small_study_tests, trim_and_fill
from pooling_references import arrays, fixture

BCG = arrays(fixture()["data"]["bcg"], "log RR")
# A funnel that is a mirror image of itself about 0.5.
ERRORS = np.array([0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5, 0.6, 0.6])
EVEN = 0.5 + np.array([0.08, -0.08, 0.15, -0.15, 0.3, -0.3, 0.35, -0.35, 0.5, -0.5, 0.7, -0.7])

funnels = st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1)), min_size=10, max_size=16, unique_by=lambda r: r[1])


# --- refusals


@pytest.mark.parametrize("method", [egger, begg, trim_and_fill])
def test_below_ten_studies_every_test_is_refused_with_the_reason(method):
    with pytest.raises(InputError, match="9 studies: .* need at least 10.*cannot tell chance from bias"):
        method(BCG[0][:9], BCG[1][:9])


def test_together_the_tests_refuse_without_raising():
    few = small_study_tests(BCG[0][:9], BCG[1][:9])
    assert (few.egger, few.begg, few.trim_and_fill) == (None, None, None)
    assert "need at least 10" in few.refusal
    enough = small_study_tests(*BCG)
    assert enough.refusal == ""
    assert enough.egger == egger(*BCG)
    assert enough.begg == begg(*BCG)
    assert enough.trim_and_fill == trim_and_fill(*BCG)


def test_a_row_that_cannot_be_is_an_error_and_no_refusal():
    with pytest.raises(InputError, match="row 3"):
        small_study_tests([*BCG[0]], [*BCG[1][:2], -1.0, *BCG[1][3:]])


def test_studies_of_one_size_cannot_be_compared_by_size():
    with pytest.raises(InputError, match="all studies have the same standard error"):
        egger(BCG[0], [0.1] * 13)


def test_an_unknown_side_is_refused():
    with pytest.raises(InputError, match="side 'up' is unknown; use left or right"):
        trim_and_fill(*BCG, side="up")


# --- Egger and Begg


def test_egger_is_the_textbook_regression_of_the_standard_normal_deviate_on_precision():
    """Egger's own form: y / se against 1 / se; its intercept is the slope here and its slope the limit."""
    errors = np.sqrt(BCG[1])
    line = stats.linregress(1 / errors, np.array(BCG[0]) / errors)
    found = egger(*BCG)
    assert found.slope == pytest.approx(line.intercept)
    assert found.t == pytest.approx(line.intercept / line.intercept_stderr)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(found.t), 11))
    assert found.limit == pytest.approx(line.slope)
    assert found.limit_high - found.limit == pytest.approx(stats.t.ppf(0.975, 11) * line.stderr)


def test_an_even_funnel_shows_nothing():
    found = egger(EVEN, ERRORS**2)
    assert found.slope == pytest.approx(0.0, abs=1e-10)
    assert found.limit == pytest.approx(0.5)
    assert found.p_value == pytest.approx(1.0)


def test_effects_that_grow_with_the_error_are_found():
    found = egger(0.1 + 2.0 * ERRORS + 0.05 * (EVEN - 0.5), ERRORS**2)
    assert found.slope == pytest.approx(2.0, abs=0.05)
    assert found.p_value < 1e-4
    assert found.limit == pytest.approx(0.1, abs=0.02)
    assert begg(0.1 + 2.0 * ERRORS + 0.05 * (EVEN - 0.5), ERRORS**2).kendall_tau > 0.7


@given(funnels, st.floats(-5, 5))
def test_the_tests_do_not_depend_on_where_the_effect_lies(rows, shift):
    estimates, variances = np.array([y for y, _ in rows]), [v for _, v in rows]
    one, moved = egger(estimates, variances), egger(estimates + shift, variances)
    assert moved.slope == pytest.approx(one.slope, rel=1e-5, abs=1e-6)
    assert moved.limit - shift == pytest.approx(one.limit, rel=1e-5, abs=1e-6)
    turned = egger(-estimates, variances)
    assert turned.slope == pytest.approx(-one.slope, rel=1e-7, abs=1e-9)
    assert turned.p_value == pytest.approx(one.p_value, rel=1e-6, abs=1e-9)


# --- trim and fill


def test_an_even_funnel_needs_no_filling():
    found = trim_and_fill(EVEN, ERRORS**2, estimator="FE", test="z")
    assert found.missing == 0
    assert found.filled == ()
    assert found.pooled == pool(EVEN, ERRORS**2, estimator="FE", test="z")


def test_studies_cut_from_one_side_come_back_as_mirror_images():
    kept = np.ones(24, dtype=bool)
    estimates = np.concatenate([EVEN, EVEN + 0.01])
    errors = np.concatenate([ERRORS, ERRORS])
    lowest = np.argsort(estimates)[:5]
    kept[lowest] = False
    whole = pool(estimates, errors**2, estimator="FE").estimate
    cut = pool(estimates[kept], errors[kept] ** 2, estimator="FE").estimate
    found = trim_and_fill(estimates[kept], errors[kept] ** 2, estimator="FE")
    assert found.side == "left"
    assert found.missing >= 3
    assert len(found.filled) == found.missing
    assert max(found.filled) < whole
    assert found.pooled.k == int(kept.sum()) + found.missing
    assert abs(found.pooled.estimate - whole) < abs(cut - whole)


def test_the_side_can_be_named_and_the_other_side_mirrors_it():
    left = trim_and_fill(*BCG, side="left", estimator="FE")
    turned = trim_and_fill([-y for y in BCG[0]], BCG[1], side="right", estimator="FE")
    assert (left.side, turned.side) == ("left", "right")
    assert left.missing == turned.missing
    assert left.pooled.estimate == pytest.approx(-turned.pooled.estimate)


def test_rounds_without_end_are_cut_off_with_a_reason(monkeypatch):
    monkeypatch.setattr(small_study, "_MOST_ROUNDS", 1)
    with pytest.raises(InputError, match="trim and fill did not settle in 1 rounds"):
        trim_and_fill(*BCG, estimator="FE")
    refused = small_study_tests(*BCG, estimator="FE")
    assert refused.trim_and_fill is None
    assert "did not settle" in refused.refusal


@settings(max_examples=40)
@given(funnels)
def test_trim_and_fill_moves_the_effect_towards_the_side_that_it_fills(rows):
    estimates, variances = [y for y, _ in rows], [v for _, v in rows]
    found = trim_and_fill(estimates, variances, estimator="FE")
    before = pool(estimates, variances, estimator="FE").estimate
    assert 0 <= found.missing <= len(rows) - 2
    assert found.missing_standard_error >= 0.0
    if found.missing and found.side == "left":
        assert found.pooled.estimate <= before + 1e-9
    if found.missing and found.side == "right":
        assert found.pooled.estimate >= before - 1e-9
