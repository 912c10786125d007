"""Effect sizes by hand, from everything that papers print, and what is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ketascope.errors import InputError
from ketascope.evidence.pooling.effect_sizes import (
    LOG_OR,
    LOG_RR,
    SMD,
    Counts,
    Effect,
    Excluded,
    Group,
    bound,
    hedges_g,
    hedges_g_from_difference,
    log_odds_ratio,
    log_risk_ratio,
    mean_difference,
    reported,
    small_sample_factor,
)
from ketascope.evidence.pooling.standard_errors import from_interval, from_p_value

TREATED, CONTROL = Group(n=20, mean=14.0, sd=6.0), Group(n=25, mean=20.0, sd=5.0)
groups = st.builds(Group, n=st.integers(2, 500), mean=st.floats(-50, 50), sd=st.floats(0.1, 30))
arms = st.integers(1, 200).flatmap(lambda n: st.builds(Counts, events=st.integers(0, n), n=st.just(n)))


# --- continuous outcomes


def test_difference_of_means_by_hand():
    effect = mean_difference("x", TREATED, CONTROL, scale="MD CAPS-5")
    assert effect.estimate == -6.0
    assert effect.variance == pytest.approx(36.0 / 20 + 25.0 / 25)
    assert effect.standard_error == pytest.approx(math.sqrt(2.8))
    assert (effect.scale, effect.name, effect.is_bound) == ("MD CAPS-5", "x", False)


def test_hedges_g_by_hand():
    pooled_sd = math.sqrt((19 * 36.0 + 24 * 25.0) / 43)
    j = math.gamma(21.5) / (math.sqrt(21.5) * math.gamma(21.0))
    effect = hedges_g("x", TREATED, CONTROL)
    assert effect.estimate == pytest.approx(-6.0 / pooled_sd * j, rel=1e-12)
    assert effect.variance == pytest.approx(1 / 20 + 1 / 25 + effect.estimate**2 / 90, rel=1e-12)
    assert effect.scale == SMD
    assert "exact" in effect.note


@pytest.mark.parametrize(
    ("df", "exact"),
    [(2, 1 / math.sqrt(math.pi)), (3, math.sqrt(math.pi / 6)), (4, math.sqrt(2 / math.pi))],
)
def test_exact_correction_has_its_closed_form(df, exact):
    assert small_sample_factor(df) == pytest.approx(exact, rel=1e-12)


def test_approximate_correction_comes_near_the_exact_one_from_ten_people_on():
    assert small_sample_factor(10, "approximate") == 1 - 3 / 39
    assert small_sample_factor(10) == pytest.approx(0.922746, abs=1e-6)
    for df in range(8, 300):
        assert small_sample_factor(df, "approximate") == pytest.approx(small_sample_factor(df), abs=6e-4)
    assert small_sample_factor(10, "none") == 1.0
    assert small_sample_factor(5000.0) == pytest.approx(1.0, abs=2e-4)


def test_an_unknown_correction_offers_the_nearest():
    with pytest.raises(InputError, match="did you mean 'approximate'"):
        small_sample_factor(10, "aproximate")


@given(groups, groups)
def test_turning_a_comparison_round_changes_the_sign_and_nothing_else(one, other):
    for effect in (mean_difference, hedges_g):
        there, back = effect("x", one, other), effect("x", other, one)
        assert there.estimate == pytest.approx(-back.estimate, rel=1e-9, abs=1e-12)
        assert there.variance == pytest.approx(back.variance, rel=1e-9)


@given(groups, groups, st.floats(0.01, 100), st.floats(-100, 100))
def test_g_does_not_depend_on_the_unit_of_the_scale(one, other, factor, shift):
    moved = [Group(arm.n, factor * arm.mean + shift, factor * arm.sd) for arm in (one, other)]
    assert hedges_g("x", *moved).estimate == pytest.approx(hedges_g("x", one, other).estimate, rel=1e-6, abs=1e-7)


@given(groups, groups)
def test_g_from_a_difference_with_its_error_is_g_from_the_arms_where_spreads_are_equal(one, other):
    other = Group(other.n, other.mean, one.sd)
    error = one.sd * math.sqrt(1 / one.n + 1 / other.n)
    direct = hedges_g("x", one, other)
    through = hedges_g_from_difference("x", one.mean - other.mean, error, one.n, other.n)
    assert through.estimate == pytest.approx(direct.estimate, rel=1e-9, abs=1e-12)
    assert through.variance == pytest.approx(direct.variance, rel=1e-9)


@pytest.mark.parametrize(
    ("group", "words"),
    [
        (Group(1, 3.0, 2.0), "at least two"),
        (Group(10, 3.0, 0.0), "SD above zero"),
        (Group(10, math.nan, 2.0), "finite"),
        (Group(math.inf, 1.0, 2.0), "at least two"),
    ],
)
def test_impossible_arms_are_refused_by_name(group, words):
    with pytest.raises(InputError, match=words) as refusal:
        mean_difference("taylor", group, CONTROL)
    assert "'taylor'" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_difference_without_an_error_is_refused():
    with pytest.raises(InputError, match="'x'.*standard error above zero"):
        hedges_g_from_difference("x", 3.0, 0.0, 10, 10)
    with pytest.raises(InputError, match="'x'.*standard error above zero"):
        reported("x", 3.0, math.nan, "MD")


# --- errors from intervals and p values


def test_an_interval_gives_back_the_error_that_made_it():
    normal, t = stats.norm.ppf(0.975), stats.t.ppf(0.975, 28)
    assert from_interval(-3.0 - normal * 2.5, -3.0 + normal * 2.5) == pytest.approx(2.5)
    assert from_interval(-3.0 - t * 2.5, -3.0 + t * 2.5, degrees_of_freedom=28) == pytest.approx(2.5)
    wide = stats.norm.ppf(0.95)
    assert from_interval(-wide, wide, level=0.9) == pytest.approx(1.0)


def test_the_t_quantile_gives_a_smaller_error_than_the_normal_one():
    assert from_interval(0.0, 4.0, degrees_of_freedom=10) < from_interval(0.0, 4.0)


@given(st.floats(0.1, 50), st.floats(0.1, 20), st.integers(3, 200))
def test_a_p_value_gives_back_the_error_that_made_it(estimate, error, df):
    p = float(2 * stats.t.sf(estimate / error, df))
    if 1e-12 < p < 0.999:
        assert from_p_value(-estimate, p, degrees_of_freedom=df) == pytest.approx(error, rel=1e-6)


def test_a_p_value_without_degrees_of_freedom_is_taken_as_normal():
    assert from_p_value(1.959963985, 0.05) == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: from_interval(2.0, 1.0), "lower end comes first"),
        (lambda: from_interval(0.0, math.inf), "finite"),
        (lambda: from_interval(0.0, 1.0, level=95), "between 0 and 1"),
        (lambda: from_interval(0.0, 1.0, degrees_of_freedom=0), "degrees of freedom"),
        (lambda: from_p_value(1.0, 0.0), "p < 0.05 cannot be used"),
        (lambda: from_p_value(1.0, 1.0), "between 0 and 1"),
        (lambda: from_p_value(0.0, 0.5), "other than zero"),
    ],
)
def test_figures_that_hold_no_error_are_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()


# --- counts


def test_odds_and_risk_ratio_by_hand():
    odds, risk = log_odds_ratio("x", Counts(10, 15), Counts(3, 15)), log_risk_ratio("x", Counts(10, 15), Counts(3, 15))
    assert odds.estimate == pytest.approx(math.log(10 * 12 / (5 * 3)))
    assert odds.variance == pytest.approx(1 / 10 + 1 / 5 + 1 / 3 + 1 / 12)
    assert risk.estimate == pytest.approx(math.log(10 / 3))
    assert risk.variance == pytest.approx(1 / 10 - 1 / 15 + 1 / 3 - 1 / 15)
    assert (odds.scale, risk.scale) == (LOG_OR, LOG_RR)


def test_each_rule_for_empty_cells_does_what_its_name_says():
    treated, control = Counts(6, 18), Counts(0, 17)
    half = log_odds_ratio("x", treated, control)
    assert half.estimate == pytest.approx(math.log(6.5 * 17.5 / (12.5 * 0.5)))
    assert half.variance == pytest.approx(1 / 6.5 + 1 / 12.5 + 1 / 0.5 + 1 / 17.5)
    assert "one was empty" in half.note
    share = 18 / 35
    opposite = log_odds_ratio("x", treated, control, zero_cells="opposite arm")
    wanted = math.log((6 + share) * (18 - share) / ((12 + share) * (1 - share)))
    assert opposite.estimate == pytest.approx(wanted)
    with pytest.raises(InputError, match="'x'.*empty; name a rule"):
        log_odds_ratio("x", treated, control, zero_cells="none")
    with pytest.raises(InputError, match="did you mean 'half if any'"):
        log_odds_ratio("x", treated, control, zero_cells="half if some")


def test_a_full_table_changes_only_under_the_rule_for_all():
    treated, control = Counts(10, 15), Counts(3, 15)
    plain = log_odds_ratio("x", treated, control, zero_cells="none")
    assert log_odds_ratio("x", treated, control).estimate == plain.estimate
    assert log_odds_ratio("x", treated, control, zero_cells="opposite arm").estimate == plain.estimate
    every = log_odds_ratio("x", treated, control, zero_cells="half to all")
    assert every.estimate == pytest.approx(math.log(10.5 * 12.5 / (5.5 * 3.5)))
    risk = log_risk_ratio("x", treated, control, zero_cells="half to all")
    assert risk.estimate == pytest.approx(math.log((10.5 / 16) / (3.5 / 16)))


@pytest.mark.parametrize("ratio", [log_odds_ratio, log_risk_ratio])
def test_a_table_that_says_nothing_about_a_ratio_is_excluded_and_says_so(ratio):
    none, everyone = ratio("x", Counts(0, 10), Counts(0, 12)), ratio("y", Counts(10, 10), Counts(12, 12))
    assert isinstance(none, Excluded)
    assert isinstance(everyone, Excluded)
    assert none.name == "x"
    assert "no event in either arm" in none.why
    assert "both arms" in everyone.why


@pytest.mark.parametrize("arm", [Counts(11, 10), Counts(-1, 10), Counts(0, 0), Counts(math.nan, 10)])
def test_events_above_n_and_other_impossible_counts_are_refused(arm):
    with pytest.raises(InputError, match="'x': control has .* events"):
        log_odds_ratio("x", Counts(1, 10), arm)


@given(arms, arms, st.sampled_from(["half if any", "half to all", "opposite arm"]))
def test_swapping_arms_turns_a_ratio_round(one, other, rule):
    for ratio in (log_odds_ratio, log_risk_ratio):
        there, back = ratio("x", one, other, zero_cells=rule), ratio("x", other, one, zero_cells=rule)
        if isinstance(there, Excluded):
            assert back == there
            continue
        assert there.estimate == pytest.approx(-back.estimate, abs=1e-9)
        assert there.variance == pytest.approx(back.variance, rel=1e-9)
        assert there.variance > 0.0


@given(arms, arms)
def test_counting_those_without_the_event_turns_the_odds_ratio_round(one, other):
    there = log_odds_ratio("x", one, other)
    back = log_odds_ratio("x", Counts(one.n - one.events, one.n), Counts(other.n - other.events, other.n))
    if isinstance(there, Effect):
        assert there.estimate == pytest.approx(-back.estimate, abs=1e-9)
    else:
        assert isinstance(back, Excluded)


# --- bounds and reported effects


def test_a_bound_enters_as_no_difference_and_is_marked():
    effect = bound("null trial", 0.195)
    assert (effect.estimate, effect.standard_error, effect.scale) == (0.0, pytest.approx(0.195), SMD)
    assert effect.is_bound
    assert "no estimate was published" in effect.note
    low, high = effect.interval()
    assert (low, high) == pytest.approx((-0.3822, 0.3822), abs=1e-4)


def test_a_reported_effect_keeps_its_figures():
    effect = reported("x", -5.82, 3.8, "MD MADRS")
    assert (effect.estimate, effect.standard_error) == (-5.82, pytest.approx(3.8))
    assert not effect.is_bound
    assert effect.interval(0.9)[0] > effect.interval(0.95)[0]
