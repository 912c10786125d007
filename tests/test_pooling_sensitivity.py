"""The sensitivity set and trials with several arms: each trial counts once, and every row is named."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketascope.errors import InputError
from ketascope.evidence.pooling.effect_sizes import Effect, bound
from ketascope.evidence.pooling.models import pool, pool_effects
from ketascope.evidence.pooling.multi_arm import average_contrasts
from ketascope.evidence.pooling.sensitivity import Candidate, sensitivity_set

SMD = [
    Effect("feder2014", -0.6, 0.08, "SMD"),
    Effect("feder2021", -1.07, 0.15, "SMD"),
    Effect("beaglehole", -0.8, 0.12, "SMD"),
    Effect("dadabayev", -0.05, 0.1, "SMD"),
]
PLAIN = [Candidate(effect, effect.name, risk) for effect, risk in zip(SMD, ["low", "some", "low", "high"], strict=True)]
WITH_BOUND = [*PLAIN, Candidate(bound("abdallah2022", 0.195), "abdallah2022", "low")]


def by_name(rows):
    found = {row.name: row for row in rows}
    assert len(found) == len(rows), "a name stands for one row"
    return found


# --- the set


def test_the_set_has_its_named_rows_and_the_main_analysis_first():
    rows = sensitivity_set(PLAIN)
    assert [row.name for row in rows] == [
        "main",
        "outliers removed",
        "influential studies removed",
        "low risk of bias only",
        "estimator DL",
        "estimator PM",
        "estimator ML",
        "estimator FE",
        "test KH ad hoc",
        "test z",
        "leave one out: lowest",
        "leave one out: highest",
    ]
    main = pool_effects(SMD)
    assert (rows[0].estimate, rows[0].low, rows[0].high) == (main.estimate, main.low, main.high)
    assert (rows[0].tau2, rows[0].i2, rows[0].k, rows[0].converged) == (main.tau2, main.i2, 4, True)
    assert all(row.note for row in rows)


def test_rows_are_plain_enough_for_json():
    document = [asdict(row) for row in sensitivity_set(WITH_BOUND)]
    keys = {"name", "k", "estimate", "low", "high", "tau2", "i2", "converged", "note"}
    assert all(set(row) == keys for row in document)
    assert json.loads(json.dumps(document)) == document


def test_other_estimators_and_tests_are_those_of_pooling():
    rows = by_name(sensitivity_set(PLAIN))
    for estimator in ("DL", "PM", "ML"):
        assert rows[f"estimator {estimator}"].estimate == pool_effects(SMD, estimator=estimator).estimate
    common = pool_effects(SMD, estimator="FE", test="z")
    assert (rows["estimator FE"].low, rows["estimator FE"].high) == (common.low, common.high)
    assert rows["test z"].low == pool_effects(SMD, test="z").low
    assert rows["test z"].estimate == rows["main"].estimate


def test_the_main_analysis_can_be_another_and_is_not_repeated():
    rows = by_name(sensitivity_set(PLAIN, estimator="DL", test="z", level=0.9))
    assert "estimator DL" not in rows
    assert "test z" not in rows
    assert "estimator REML" in rows
    assert rows["main"].low == pool_effects(SMD, estimator="DL", test="z", level=0.9).low


def test_only_low_risk_of_bias():
    rows = by_name(sensitivity_set(PLAIN))
    low = pool([-0.6, -0.8], [0.08, 0.12])
    assert rows["low risk of bias only"].estimate == low.estimate
    assert rows["low risk of bias only"].note.startswith("2 of 4 trials")
    none = by_name(sensitivity_set([Candidate(effect, effect.name) for effect in SMD]))["low risk of bias only"]
    assert (none.k, none.estimate, none.converged) == (0, None, None)
    assert "0 of 4 trials: pooling needs at least two studies" in none.note


def test_outlying_and_influential_studies_leave_and_are_named():
    odd = Candidate(Effect("odd", 2.5, 0.01, "SMD"), "odd")
    close = [Candidate(Effect(f"s{i}", -0.5 + 0.02 * i, 0.05, "SMD"), f"s{i}") for i in range(6)]
    rows = by_name(sensitivity_set([*close, odd]))
    without = pool_effects([row.effect for row in close])
    for name in ("outliers removed", "influential studies removed"):
        assert rows[name].k == 6
        assert rows[name].estimate == pytest.approx(without.estimate)
        assert rows[name].note.startswith("without odd;")
    calm = by_name(sensitivity_set(close))
    assert calm["outliers removed"].note.startswith("none found")
    assert calm["outliers removed"].estimate == calm["main"].estimate


def test_the_range_of_leave_one_out_names_the_study():
    rows = by_name(sensitivity_set(PLAIN))
    assert rows["leave one out: lowest"].note == "without dadabayev"
    without = pool_effects(SMD[:3])
    assert rows["leave one out: lowest"].estimate == pytest.approx(without.estimate)
    assert rows["leave one out: highest"].estimate > rows["main"].estimate > rows["leave one out: lowest"].estimate


def test_a_null_trial_without_an_estimate_is_shown_in_and_out():
    rows = by_name(sensitivity_set(WITH_BOUND))
    assert rows["main"].k == 5
    assert rows["without the bound"].k == 4
    assert "without abdallah2022" in rows["without the bound"].note
    assert rows["without the bound"].estimate == pytest.approx(pool_effects(SMD).estimate)
    assert abs(rows["main"].estimate) < abs(rows["without the bound"].estimate), "a null pulls towards zero"
    assert "without the bound" not in by_name(sensitivity_set(PLAIN))


def test_several_rows_of_one_trial_count_once():
    again = Candidate(Effect("feder2014 week 2", -0.2, 0.09, "SMD"), "feder2014", "low")
    rows = by_name(sensitivity_set([*PLAIN, again]))
    mean = average_contrasts([SMD[0], again.effect], "feder2014")
    assert rows["main"].k == 4
    assert rows["main"].estimate == pytest.approx(pool_effects([mean, *SMD[1:]]).estimate)
    assert rows["one row a trial: smallest effect"].estimate == pool_effects([again.effect, *SMD[1:]]).estimate
    assert rows["one row a trial: largest effect"].estimate == pool_effects(SMD).estimate
    assert "one row a trial: smallest effect" not in by_name(sensitivity_set(PLAIN))


def test_two_trials_still_give_every_row():
    rows = by_name(sensitivity_set(PLAIN[:2]))
    assert rows["main"].k == 2
    assert rows["leave one out: lowest"].estimate is None
    assert rows["leave one out: lowest"].note == "needs at least three trials"
    assert rows["influential studies removed"].note.startswith("none found")


@pytest.mark.parametrize(
    ("candidates", "words"),
    [
        ([], "at least two studies"),
        (PLAIN[:1], "at least two studies"),
        ([PLAIN[0], Candidate(Effect("again", -0.1, 0.1, "SMD"), "feder2014")], "at least two studies"),
        ([PLAIN[0], Candidate(Effect("b", -3.0, 1.0, "MD"), "b")], "pooled on one scale"),
    ],
)
def test_what_cannot_be_pooled_is_refused(candidates, words):
    with pytest.raises(InputError, match=words):
        sensitivity_set(candidates)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=2, max_size=7))
def test_every_row_is_pooled_or_says_why_not(rows):
    candidates = [Candidate(Effect(f"s{i}", y, v, "SMD"), f"s{i}") for i, (y, v) in enumerate(rows)]
    for row in sensitivity_set(candidates):
        if row.estimate is None:
            assert "needs at least" in row.note
        else:
            assert row.converged
            assert row.low <= row.estimate <= row.high


# --- several arms


def test_contrasts_that_share_a_control_average_with_its_correlation():
    """Equal arms of equal spread: the mean of two contrasts is the contrast of the combined arms."""
    n, sd = 20, 2.0
    contrasts = [Effect("low dose", -2.0, 2 * sd**2 / n, "MD"), Effect("high dose", -3.0, 2 * sd**2 / n, "MD")]
    mean = average_contrasts(contrasts, "trial")
    assert mean.estimate == -2.5
    assert mean.variance == pytest.approx(sd**2 / (2 * n) + sd**2 / n)
    assert (mean.name, mean.scale) == ("trial", "MD")
    assert "2 effects of one trial, correlation 0.5" in mean.note
    assert average_contrasts(contrasts[:1], "trial") is contrasts[0]


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=2, max_size=5), st.floats(0, 1))
def test_a_higher_correlation_is_more_cautious(rows, correlation):
    effects = [Effect(f"{i}", y, v, "SMD") for i, (y, v) in enumerate(rows)]
    independent, mine, same = (average_contrasts(effects, "t", rho).variance for rho in (0.0, correlation, 1.0))
    assert independent - 1e-12 <= mine <= same + 1e-12
    assert same == pytest.approx(float(np.mean([math.sqrt(v) for _, v in rows])) ** 2)


def test_an_impossible_correlation_and_mixed_scales_are_refused():
    with pytest.raises(InputError, match="correlation 1.5"):
        average_contrasts(SMD[:2], "x", 1.5)
    with pytest.raises(InputError, match="one scale"):
        average_contrasts([SMD[0], Effect("b", 1.0, 1.0, "MD")], "x")
