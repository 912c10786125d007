"""Non-compartmental analysis against closed forms and hand calculation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ketascope.errors import InputError
from ketascope.noncompartmental.areas import trapezoids
from ketascope.noncompartmental.options import FLAG_MEANINGS, NcaOptions
from ketascope.noncompartmental.profile import analyse
from ketascope.noncompartmental.summaries import geometric_summary

RATE_PER_H = math.log(2.0) / 3.0  # half-life 3 h
PEAK = 200.0

# A drug swallowed once, eleven samples over a day: a shape as in the theophylline data of many textbooks, made up here
# so that every figure can be checked with pencil and paper.
ORAL_TIMES = np.array([0.0, 0.5, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 24.0])
ORAL_CONC = np.array([0.0, 3.0, 6.0, 9.0, 8.0, 6.4, 5.12, 3.2768, 0.8589934592])


def bolus(times):
    """One compartment, given at once: C0 exp(-k t)."""
    return PEAK * np.exp(-RATE_PER_H * times)


def infusion(times, hours, steady=PEAK):
    """One compartment, constant input for `hours`: rises to steady (1 - exp(-k T)), then falls with the same k."""
    during = steady * (1.0 - np.exp(-RATE_PER_H * np.minimum(times, hours)))
    return during * np.exp(-RATE_PER_H * np.maximum(times - hours, 0.0))


def test_bolus_has_the_closed_form_at_any_spacing():
    """Log-down areas of an exponential are exact, so a coarse and uneven grid gives C0/k all the same."""
    times = np.array([0.0, 0.1, 1.0, 1.5, 4.0, 9.0, 15.0])
    found = analyse(times, bolus(times))
    assert found["cmax_ng_per_ml"] == PEAK
    assert found["tmax_h"] == 0.0
    assert found["half_life_h"] == pytest.approx(3.0, rel=1e-12)
    assert found["auc_inf_ng_h_per_ml"] == pytest.approx(PEAK / RATE_PER_H, rel=1e-12)
    assert found["auc_last_ng_h_per_ml"] == pytest.approx((PEAK - bolus(15.0)) / RATE_PER_H, rel=1e-12)
    assert found["auc_extrapolated_percent"] == pytest.approx(100.0 * 2.0**-5, rel=1e-9)
    assert found["terminal_adjusted_r2"] == pytest.approx(1.0, abs=1e-12)
    assert found["flags"] == []
    assert found["auc_method"] == "linear-up/log-down"


def test_the_longest_window_wins_where_all_fit_equally_well():
    times = np.array([0.0, 0.1, 1.0, 1.5, 4.0, 9.0, 15.0])
    found = analyse(times, bolus(times))
    assert found["terminal_points"] == 6  # all after the peak, which itself stays out
    assert found["terminal_window_h"] == [0.1, 15.0]


def test_infusion_approaches_the_closed_form():
    """Area to infinity of an infusion: steady-state level times its duration, whatever k."""
    times = np.concatenate([np.linspace(0.0, 2.0, 201), np.linspace(2.0, 30.0, 57)[1:]])
    found = analyse(times, infusion(times, 2.0))
    assert found["tmax_h"] == 2.0
    assert found["cmax_ng_per_ml"] == pytest.approx(PEAK * (1.0 - 2.0 ** (-2.0 / 3.0)), rel=1e-12)
    assert found["half_life_h"] == pytest.approx(3.0, rel=1e-9)
    # The rise is concave: the linear rule is short of it by about h^2 k / 12.
    assert found["auc_inf_ng_h_per_ml"] == pytest.approx(PEAK * 2.0, rel=1e-5)
    assert found["auc_inf_ng_h_per_ml"] < PEAK * 2.0
    assert found["flags"] == []


def test_halving_the_steps_of_the_rise_divides_the_error_by_four():
    errors = []
    for points in (51, 101):
        times = np.concatenate([np.linspace(0.0, 2.0, points), np.linspace(2.0, 30.0, 57)[1:]])
        errors.append(PEAK * 2.0 - analyse(times, infusion(times, 2.0))["auc_inf_ng_h_per_ml"])
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.01)


def test_swallowed_dose_by_hand():
    """Rises by (0+3)/2*0.5, (3+6)/2*0.5, (6+9)/2*1; falls by (C0 - C1) dt / ln(C0/C1)."""
    up = 0.75 + 2.25 + 7.5
    ln_8_9 = math.log(9.0 / 8.0)
    down = 1.0 * 2.0 / ln_8_9  # 9 to 8 in 2 h
    k = math.log(1.25) / 2.0  # from 4 h the level falls by a fifth every 2 h
    found = analyse(ORAL_TIMES, ORAL_CONC)
    assert found["auc_last_ng_h_per_ml"] == pytest.approx(up + down + (8.0 - ORAL_CONC[-1]) / k, rel=1e-9)
    assert found["auc_last_ng_h_per_ml"] == pytest.approx(91.4841, abs=1e-3)
    assert found["half_life_h"] == pytest.approx(math.log(2.0) / k, rel=1e-6)
    assert found["half_life_h"] == pytest.approx(6.2126, abs=1e-3)
    assert found["cmax_ng_per_ml"] == 9.0
    assert found["tmax_h"] == 2.0
    assert found["auc_inf_ng_h_per_ml"] == pytest.approx(up + down + 8.0 / k, rel=1e-6)
    assert found["flags"] == []


def test_each_interval_follows_its_own_rule():
    times = np.array([0.0, 1.0, 3.0, 4.0, 5.0, 6.0])
    conc = np.array([0.0, 4.0, 8.0, 8.0, 2.0, 0.0])
    areas = trapezoids(times, conc)
    assert areas[0] == 2.0  # rises: linear
    assert areas[1] == 12.0
    assert areas[2] == 8.0  # level: linear, since the logarithmic rule has no value there
    assert areas[3] == pytest.approx(6.0 / math.log(4.0))  # falls: logarithmic
    assert areas[4] == 1.0  # falls to zero: linear, since zero has no logarithm


def test_the_logarithmic_rule_gives_less_area_than_the_linear_one_when_falling():
    times = np.linspace(0.0, 10.0, 6)
    linear = 0.5 * np.diff(times) * (bolus(times)[1:] + bolus(times)[:-1])
    assert (trapezoids(times, bolus(times)) < linear).all()


def test_two_phases_leave_the_slow_one_as_terminal_slope():
    times = np.concatenate([np.linspace(0.0, 2.0, 21), np.linspace(3.0, 48.0, 46)])
    conc = 90.0 * np.exp(-2.0 * times) + 10.0 * np.exp(-0.1 * times)
    found = analyse(times, conc)
    assert found["half_life_h"] == pytest.approx(math.log(2.0) / 0.1, rel=0.02)
    assert found["terminal_window_h"][0] >= 1.5
    assert found["auc_inf_ng_h_per_ml"] == pytest.approx(90.0 / 2.0 + 10.0 / 0.1, rel=0.01)


def test_more_than_a_fifth_extrapolated_is_flagged_and_a_fifth_is_not():
    beyond = {}
    for fraction in (0.19, 0.21):
        end = -math.log(fraction) / RATE_PER_H  # what is left of a bolus then is that fraction
        times = np.linspace(0.0, end, 9)
        found = analyse(times, bolus(times))
        assert found["auc_extrapolated_percent"] == pytest.approx(100.0 * fraction)
        beyond[fraction] = found["flags"]
    assert "extrapolated_over_20_percent" not in beyond[0.19]
    assert "extrapolated_over_20_percent" in beyond[0.21]


def test_a_window_below_two_half_lives_is_flagged():
    short = analyse(np.linspace(0.0, 5.0, 11), bolus(np.linspace(0.0, 5.0, 11)))
    assert "span_below_2" in short["flags"]  # 4.5 h of window after the peak, half-life 3 h
    long = analyse(np.linspace(0.0, 7.0, 15), bolus(np.linspace(0.0, 7.0, 15)))
    assert "span_below_2" not in long["flags"]  # 6.5 h


@pytest.mark.parametrize(
    "conc",
    [[0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 5.0, 4.0, 3.0], [0.0, 5.0, 0.0, 0.0, 0.0], [3.0, 3.0, 3.0, 3.0, 3.0]],
    ids=["still rising", "two points after the peak", "zero after the peak", "never falls"],
)
def test_without_a_terminal_slope_nothing_is_extrapolated(conc):
    found = analyse(np.arange(len(conc), dtype=float), np.array(conc))
    assert found["flags"] == ["no_terminal_slope"]
    for name in ("auc_inf_ng_h_per_ml", "half_life_h", "auc_extrapolated_percent", "terminal_window_h"):
        assert found[name] is None
    assert found["auc_last_ng_h_per_ml"] > 0.0


def test_a_profile_of_zeros_has_no_area_and_no_slope():
    found = analyse(np.arange(5.0), np.zeros(5))
    assert found["cmax_ng_per_ml"] == 0.0
    assert found["auc_last_ng_h_per_ml"] == 0.0
    assert found["flags"] == ["no_terminal_slope"]


def test_what_lies_far_below_the_peak_stays_out_of_the_slope():
    """Round-off at a ten-millionth of the peak must not decide the half-life."""
    times = np.arange(0.0, 80.0, 2.0)
    conc = bolus(times)
    noisy = np.where(conc < 1e-6 * PEAK, 1e-6 * PEAK * 0.99, conc)
    found = analyse(times, noisy)
    assert found["half_life_h"] == pytest.approx(3.0, rel=1e-9)
    assert found["terminal_window_h"][1] < 40.0 + 1e-9


def test_the_end_of_the_area_and_the_end_of_the_window_are_told_apart():
    """The area runs to the last measurable point; the window ends where the slope's last point stands."""
    times = np.arange(0.0, 80.0, 2.0)
    found = analyse(times, bolus(times))
    assert found["auc_inf_ng_h_per_ml"] == pytest.approx(PEAK / RATE_PER_H, rel=1e-9)
    last_used = times[bolus(times) > 1e-4 * PEAK][-1]
    assert found["terminal_window_h"] == [2.0, last_used]
    assert found["terminal_points"] == int(last_used / 2.0)


def test_thresholds_are_options():
    times = np.linspace(0.0, 5.0, 11)
    assert (
        analyse(times, bolus(times), NcaOptions(shortest_span_half_lives=1.0, largest_extrapolated_percent=50.0))[
            "flags"
        ]
        == []
    )
    assert analyse(times, bolus(times), NcaOptions(fewest_terminal_points=20))["flags"] == ["no_terminal_slope"]


def test_every_flag_that_can_be_raised_has_a_meaning():
    assert set(FLAG_MEANINGS) == {"extrapolated_over_20_percent", "span_below_2", "no_terminal_slope"}
    assert all(meaning and not meaning.endswith(".") for meaning in FLAG_MEANINGS.values())


@pytest.mark.parametrize(
    ("times", "conc", "message"),
    [
        ([0.0, 1.0], [1.0], "times and concentrations of the same length"),
        ([0.0], [1.0], "at least two points"),
        ([], [], "at least two points"),
        ([0.0, 2.0, 1.0], [1.0, 1.0, 1.0], "times of a profile must ascend"),
        ([0.0, 1.0, 1.0], [1.0, 1.0, 1.0], "times of a profile must ascend"),
        ([0.0, math.nan, 2.0], [1.0, 1.0, 1.0], "times of a profile must ascend"),
        ([0.0, 1.0], [1.0, -0.1], "finite and not negative"),
        ([0.0, 1.0], [1.0, math.nan], "finite and not negative"),
        ([0.0, 1.0], [1.0, math.inf], "finite and not negative"),
    ],
)
def test_bad_profiles_are_refused_in_one_line(times, conc, message):
    with pytest.raises(InputError, match=message) as caught:
        analyse(np.array(times), np.array(conc))
    assert "\n" not in str(caught.value)


def test_geometric_summary_by_hand():
    """Of 1, 10, 100 the logs are 0, ln 10, 2 ln 10: mean ln 10, variance (ln 10)^2, CV sqrt(exp(variance) - 1)."""
    found = geometric_summary(np.array([1.0, 10.0, 100.0]))
    assert found["geometric_mean"] == pytest.approx(10.0)
    assert found["geometric_cv_percent"] == pytest.approx(100.0 * math.sqrt(math.exp(math.log(10.0) ** 2) - 1.0))


def test_geometric_summary_of_one_value_has_no_spread():
    assert geometric_summary(np.array([42.0])) == {"geometric_mean": pytest.approx(42.0), "geometric_cv_percent": 0.0}


def test_geometric_summary_scales_with_its_values():
    values = np.array([3.0, 5.0, 11.0, 2.0])
    one, ten = geometric_summary(values), geometric_summary(10.0 * values)
    assert ten["geometric_mean"] == pytest.approx(10.0 * one["geometric_mean"])
    assert ten["geometric_cv_percent"] == pytest.approx(one["geometric_cv_percent"])
