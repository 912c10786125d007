"""Pooled figures that were worked out when the facts were gathered, and published ones, from their parts."""

from __future__ import annotations

import math

import pytest

from ketascope.evidence.pooling.effect_sizes import Counts, hedges_g_from_difference, log_odds_ratio, reported
from ketascope.evidence.pooling.models import pool_effects
from ketascope.evidence.pooling.standard_errors import from_interval

TAYLOR = log_odds_ratio("taylor2018", Counts(6, 18), Counts(0, 17))
FEDER = log_odds_ratio("feder2021", Counts(10, 15), Counts(3, 15))
RODRIGUEZ = log_odds_ratio("rodriguez2013", Counts(4, 8), Counts(0, 7))


def ratio(pooled):
    return [math.exp(value) for value in (pooled.estimate, pooled.low, pooled.high)]


def test_the_published_odds_ratio_for_social_anxiety_returns_from_its_two_tables():
    """28.94 (3.45 to 242.57); the second table was solved for, so this tests code and not data."""
    second = log_odds_ratio("second", Counts(8, 12), Counts(0, 12))
    found = ratio(pool_effects([TAYLOR, second], estimator="FE", test="z"))
    assert found == pytest.approx([28.94, 3.45, 242.57], abs=0.005)


def test_two_subgroups_of_a_published_pool_recombine_to_about_the_whole():
    """0.44 (0.03 to 0.85) and 0.24 (-0.30 to 0.78) give 0.37 (0.04 to 0.69); 0.35 (0.06 to 0.64) was printed."""
    parts = [
        reported("passive control", 0.44, from_interval(0.03, 0.85), "SMD"),
        reported("active control", 0.24, from_interval(-0.30, 0.78), "SMD"),
    ]
    pooled = pool_effects(parts, estimator="FE", test="z")
    assert (pooled.estimate, pooled.low, pooled.high) == pytest.approx((0.37, 0.04, 0.69), abs=0.005)


def test_the_standardised_difference_of_feder_2021_follows_from_its_test():
    """11.88 with a standard error of 3.96 in 15 against 15: d 1.10, where the paper prints 1.13."""
    plain = hedges_g_from_difference("feder2021", 11.88, 3.96, 15, 15, correction="none")
    assert plain.estimate == pytest.approx(1.10, abs=0.005)
    corrected = hedges_g_from_difference("feder2021", 11.88, 3.96, 15, 15)
    assert corrected.estimate == pytest.approx(plain.estimate * (1 - 3 / 111), abs=2e-4)
    assert corrected.estimate < plain.estimate < 1.13


def test_three_response_tables_pool_to_an_implausibly_large_odds_ratio_without_heterogeneity():
    pooled = pool_effects([TAYLOR, FEDER, RODRIGUEZ], estimator="DL", test="z")
    assert ratio(pooled) == pytest.approx([10.5, 2.8, 39.1], abs=0.05)
    assert pooled.tau2 == 0.0
    assert "lower limit" in pooled.message


def test_knapp_hartung_takes_the_agreement_of_those_three_as_precision_and_says_so():
    tables = [TAYLOR, FEDER, RODRIGUEZ]
    plain, adjusted = pool_effects(tables, test="z"), pool_effects(tables, test="KH")
    cautious = pool_effects(tables, test="KH ad hoc")
    assert adjusted.standard_error < plain.standard_error
    assert "KH narrows the interval" in adjusted.message
    assert cautious.standard_error == pytest.approx(plain.standard_error)
    assert cautious.high - cautious.low > plain.high - plain.low
