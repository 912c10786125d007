"""Occasions: how samples and doses of a person become profiles, and what is flagged on the way."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ketascope import InputError, simulate
from ketascope.noncompartmental.analysing import nca
from ketascope.noncompartmental.areas import area_between, moments
from ketascope.noncompartmental.occasion import analyse_occasion, occasions_of
from ketascope.noncompartmental.options import MEASURED, OCCASION_FLAG_MEANINGS, NcaOptions
from ketascope.noncompartmental.samples import GivenDose, Sample, Series

RATE = math.log(2.0) / 6.0
VOLUME_L, DOSE_MG = 50.0, 100.0
C0 = 1000.0 * DOSE_MG / VOLUME_L  # ng/mL


def bolus(times):
    """100 mg at once into 50 L, half-life 6 h, in ng/mL: CL is 50 ln 2 / 6 = 5.776 L/h."""
    return C0 * np.exp(-RATE * np.asarray(times, dtype=float))


def oral(times, absorbed_per_h=1.0):
    """The same drug through a gut, all of it absorbed."""
    t = np.asarray(times, dtype=float)
    ratio = absorbed_per_h / (absorbed_per_h - RATE)
    return C0 * ratio * (np.exp(-RATE * t) - np.exp(-absorbed_per_h * t))


def repeated(times, interval_h, doses, curve):
    t = np.asarray(times, dtype=float)
    parts = [np.where(t >= k * interval_h, curve(np.maximum(t - k * interval_h, 0.0)), 0.0) for k in range(doses)]
    return np.sum(parts, axis=0)


def dose(time_h=0.0, amount_mg=DOSE_MG, duration_h=0.0, intravenous=False, number=1, occasion=""):
    return GivenDose(time_h, amount_mg, duration_h, intravenous, number, occasion)


def samples(times, values, before=1):
    pairs = zip(times, values, strict=True)
    return [Sample(float(t), None if c is None else float(c), before) for t, c in pairs]


def figures(series, options=MEASURED):
    found, end = [], None
    for occasion in occasions_of(series):
        row, end = analyse_occasion(occasion, options, end, is_metabolite=False)
        found.append(row)
    return found


def one(times, values, *doses, options=MEASURED):
    (found,) = figures(Series("1", "drug", samples(times, values), list(doses)), options)
    return found


class TestABolus:
    TIMES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 24.0)

    def test_has_the_closed_form_of_everything(self):
        """One compartment: C0 by the line through two points, CL = k V, Vz = Vss = V, MRT = 1/k; all exact."""
        found = one(self.TIMES, bolus(self.TIMES), dose(intravenous=True))
        assert found["c0_ng_per_ml"] == pytest.approx(C0, rel=1e-12)
        assert found["clearance_l_per_h"] == pytest.approx(RATE * VOLUME_L, rel=1e-12)
        assert found["terminal_volume_l"] == pytest.approx(VOLUME_L, rel=1e-12)
        assert found["steady_state_volume_l"] == pytest.approx(VOLUME_L, rel=1e-12)
        assert found["mrt_inf_h"] == pytest.approx(1.0 / RATE, rel=1e-12)
        assert found["aumc_inf_ng_h2_per_ml"] == pytest.approx(C0 / RATE**2, rel=1e-12)
        assert found["auc_back_extrapolated_percent"] == pytest.approx(100.0 * (1.0 - math.exp(-0.5 * RATE)), rel=1e-9)
        assert found["flags"] == ["start_back_extrapolated"]

    def test_its_peak_is_a_measured_one(self):
        found = one(self.TIMES, bolus(self.TIMES), dose(intravenous=True))
        assert (found["cmax_ng_per_ml"], found["tmax_h"]) == (pytest.approx(bolus(0.5)), 0.5)
        assert found["terminal_start_h"] == 1.0

    def test_has_no_lag_and_no_apparent_figures(self):
        found = one(self.TIMES, bolus(self.TIMES), dose(intravenous=True))
        assert found["tlag_h"] is None
        assert "apparent_clearance_l_per_h" not in found

    def test_much_area_before_the_first_sample_is_flagged(self):
        times = (3.0, 6.0, 12.0, 24.0)
        assert "back_extrapolated_over_20_percent" in one(times, bolus(times), dose(intravenous=True))["flags"]

    def test_where_the_first_two_samples_rise_the_first_is_taken(self):
        values = [100.0, 120.0, 80.0, 40.0, 20.0]
        found = one((0.5, 1.0, 2.0, 4.0, 6.0), values, dose(intravenous=True))
        assert found["c0_ng_per_ml"] == 100.0

    @pytest.mark.parametrize(("value", "before"), [(0.0, 0), (None, 0), (3.0, 0), (0.0, 1), (None, 1)])
    def test_a_sample_before_it_or_without_a_value_is_not_c0(self, value, before):
        """Nothing, below the limit or a trace at 0 h: C0 comes from the samples after the dose, as without that one."""
        later = samples(self.TIMES, bolus(self.TIMES))
        without = one(self.TIMES, bolus(self.TIMES), dose(intravenous=True))
        (found,) = figures(Series("1", "drug", [Sample(0.0, value, before), *later], [dose(intravenous=True)]))
        assert found["c0_ng_per_ml"] == pytest.approx(C0, rel=1e-12)
        assert "start_back_extrapolated" in found["flags"]
        for name in ("c0_ng_per_ml", "auc_inf_ng_h_per_ml", "clearance_l_per_h", "mrt_inf_h", "samples"):
            assert found[name] == without[name]

    def test_a_sample_drawn_after_it_at_the_same_time_is_c0(self):
        found = one((0.0, *self.TIMES), [1900.0, *bolus(self.TIMES)], dose(intravenous=True))
        assert found["c0_ng_per_ml"] == 1900.0
        assert "start_back_extrapolated" not in found["flags"]

    @pytest.mark.parametrize("number", [1, 2], ids=["by ADDL", "by a row"])
    def test_the_trough_before_a_later_one_is_not_its_c0(self, number):
        """A dose by ADDL has no row, so the order of rows cannot tell; the sample at its time is its trough."""
        given = [dose(intravenous=True), dose(12.0, intravenous=True, number=number)]
        early = (1.0, 2.0, 4.0, 8.0)
        late = (12.5, 13.0, 16.0, 24.0, 36.0)
        before = samples((*early, 12.0), [*bolus(early), bolus(12.0)], before=1)
        after = samples(late, repeated(late, 12.0, 2, bolus), before=number)
        first, second = figures(Series("1", "drug", [*before, *after], given))
        assert first["trough_ng_per_ml"] == pytest.approx(C0 / 4.0)
        assert second["c0_ng_per_ml"] == pytest.approx(1.25 * C0, rel=1e-12)
        assert "residual_before_dose" in second["flags"]
        assert "residual_before_dose" not in first["flags"]

    def test_a_trough_alone_leaves_nothing_to_analyse(self):
        (found,) = figures(Series("1", "drug", [Sample(0.0, 5.0, 0)], [dose(intravenous=True)]))
        assert found["flags"] == ["nothing_measurable"]
        assert found["samples"] == 0

    def test_a_metabolite_starts_at_nothing(self):
        values = [0.0, 30.0, 60.0, 50.0, 30.0, 10.0, 3.0, 1.0]
        series = Series("1", "norketamine", samples((0.0, *self.TIMES), values, before=0), [dose(intravenous=True)])
        found, _ = analyse_occasion(occasions_of(series)[0], MEASURED, None, is_metabolite=True)
        assert "c0_ng_per_ml" not in found
        assert "start_back_extrapolated" not in found["flags"]
        assert found["samples"] == len(values)


def infused(times, start_h, duration_h, amount_mg):
    """An infusion of the same drug; CL and V as of the bolus."""
    t = np.maximum(np.asarray(times, dtype=float) - start_h, 0.0)
    level = 1000.0 * amount_mg / duration_h / (RATE * VOLUME_L)
    return level * (1 - np.exp(-RATE * np.minimum(t, duration_h))) * np.exp(-RATE * np.maximum(t - duration_h, 0.0))


def test_of_several_infusions_the_last_end_and_the_mean_wait_by_dose_count():
    """30 mg over 2 h from 0 h and 90 mg over 1 h from 4 h: input ends at 5 h, mean wait (30*1 + 90*4.5)/120 h."""
    times = np.concatenate([np.linspace(0.0, 5.0, 501), np.linspace(5.0, 80.0, 151)[1:]])
    conc = infused(times, 0.0, 2.0, 30.0) + infused(times, 4.0, 1.0, 90.0)
    given = [
        dose(0.0, 30.0, 2.0, intravenous=True, occasion="1"),
        dose(4.0, 90.0, 1.0, intravenous=True, number=2, occasion="1"),
    ]
    found = one(times, conc, *given)
    assert found["aumc_inf_ng_h2_per_ml"] / found["auc_inf_ng_h_per_ml"] - found["mrt_inf_h"] == pytest.approx(3.625)
    assert found["mrt_inf_h"] == pytest.approx(1.0 / RATE, rel=1e-4)
    assert found["steady_state_volume_l"] == pytest.approx(VOLUME_L, rel=1e-4)


def test_the_terminal_fit_of_several_infusions_begins_after_the_last_of_them():
    """A high first infusion has its peak at 1 h; what falls before the small second one ends at 8 h is no slope."""
    times = np.array([0.0, 1.0, 2.0, 4.0, 6.0, 7.0, 8.0, 12.0, 20.0, 32.0])
    conc = infused(times, 0.0, 1.0, 100.0) + infused(times, 6.0, 2.0, 2.0)
    given = [
        dose(0.0, 100.0, 1.0, intravenous=True, occasion="1"),
        dose(6.0, 2.0, 2.0, intravenous=True, number=2, occasion="1"),
    ]
    found = one(times, conc, *given)
    assert found["tmax_h"] == 1.0
    assert found["terminal_start_h"] == 12.0
    assert found["terminal_rate_per_h"] == pytest.approx(RATE, rel=1e-12)


@pytest.mark.parametrize("start_h", [0.0, 0.1, 7.3])
def test_of_one_infusion_the_wait_is_half_its_length_to_the_bit(start_h):
    given = dose(start_h, 33.3, 0.7, intravenous=True)
    (occasion,) = occasions_of(Series("1", "drug", samples((8.0,), (1.0,)), [given]))
    assert occasion.mean_input_h() == 0.5 * 0.7
    assert occasion.end_of_input_h() == 0.7


def test_an_infusion_waits_half_its_length():
    times = np.concatenate([np.linspace(0.0, 2.0, 401), np.linspace(2.0, 60.0, 117)[1:]])
    level = 1000.0 * DOSE_MG / 2.0 / (RATE * VOLUME_L)
    conc = level * (1 - np.exp(-RATE * np.minimum(times, 2.0))) * np.exp(-RATE * np.maximum(times - 2.0, 0.0))
    found = one(times, conc, dose(intravenous=True, duration_h=2.0))
    assert found["mrt_inf_h"] == pytest.approx(1.0 / RATE, rel=1e-4)
    assert found["steady_state_volume_l"] == pytest.approx(VOLUME_L, rel=1e-4)
    assert found["terminal_start_h"] > 2.0


class TestAnExtravascularDose:
    TIMES = (0.0, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0, 24.0, 36.0)

    def test_gives_apparent_clearance_and_volume(self):
        found = one(self.TIMES, oral(self.TIMES), dose())
        assert found["apparent_clearance_l_per_h"] == pytest.approx(RATE * VOLUME_L, rel=0.01)
        assert found["apparent_volume_l"] == pytest.approx(VOLUME_L, rel=0.015)
        assert found["flags"] == []

    def test_lag_is_the_last_time_before_the_first_rise(self):
        values = [0.0, 0.0, 0.0, *oral(np.array(self.TIMES[3:]) - 1.0)]
        assert one(self.TIMES, values, dose())["tlag_h"] == 1.0

    def test_without_a_sample_at_the_dose_zero_is_put_there(self):
        with_zero = one(self.TIMES, oral(self.TIMES), dose())
        without = one(self.TIMES[1:], oral(self.TIMES[1:]), dose())
        assert without["flags"] == ["start_assumed_zero"]
        assert without["auc_last_ng_h_per_ml"] == with_zero["auc_last_ng_h_per_ml"]

    def test_a_peak_at_either_end_is_flagged(self):
        falling = one((0.0, 1.0, 2.0, 4.0, 8.0), [0.0, 50.0, 40.0, 20.0, 5.0], dose())
        assert "peak_at_first_sample" in falling["flags"]
        rising = one((0.0, 1.0, 2.0), [0.0, 10.0, 20.0], dose())
        assert "peak_at_last_sample" in rising["flags"]

    def test_a_poor_fit_is_flagged(self):
        values = [0.0, 50.0, 40.0, 6.0, 30.0, 4.0]
        assert "poor_terminal_fit" in one((0.0, 1.0, 2.0, 4.0, 8.0, 12.0), values, dose())["flags"]

    def test_without_a_dose_there_is_no_clearance(self):
        found = one(self.TIMES, oral(self.TIMES))
        assert found["flags"] == ["dose_unknown"]
        assert found["apparent_clearance_l_per_h"] is None
        assert found["half_life_h"] is not None


class TestSeveralOccasions:
    TIMES = (0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 13.0, 14.0, 16.0, 20.0, 24.0, 25.0, 26.0, 28.0, 32.0, 36.0, 48.0)

    def series(self, drop=()):
        kept = [t for t in self.TIMES if t not in drop]
        given = [dose(12.0 * k, number=k + 1) for k in range(3)]
        return Series("1", "drug", samples(kept, repeated(kept, 12.0, 3, oral)), given)

    def test_each_runs_from_its_dose_to_the_next(self):
        found = figures(self.series())
        assert [row["dose_time_h"] for row in found] == [0.0, 12.0, 24.0]
        assert [row["samples"] for row in found] == [7, 6, 7]
        assert [row.get("interval_h") for row in found] == [12.0, 12.0, None]
        assert all(row["tmax_h"] == 2.0 for row in found)

    def test_a_sample_at_a_dose_ends_one_and_begins_the_next(self):
        first, second, _ = figures(self.series())
        assert first["trough_ng_per_ml"] == pytest.approx(float(oral(12.0)))
        assert second["tlag_h"] == 0.0
        assert "residual_before_dose" in second["flags"]
        assert "residual_before_dose" not in first["flags"]

    def test_the_area_to_the_next_dose_is_the_sum_of_its_intervals(self):
        first = figures(self.series())[0]
        assert first["auc_to_next_dose_ng_h_per_ml"] == pytest.approx(first["auc_last_ng_h_per_ml"], rel=1e-12)
        assert first["average_ng_per_ml"] == pytest.approx(first["auc_last_ng_h_per_ml"] / 12.0, rel=1e-12)

    def test_a_missing_trough_is_continued_along_the_slope_before_it(self):
        complete, cut = figures(self.series())[1], figures(self.series(drop=(12.0,)))
        assert cut[0]["trough_ng_per_ml"] is None
        assert "interval_extrapolated" in cut[0]["flags"]
        assert "start_extrapolated" in cut[1]["flags"]
        assert cut[1]["auc_last_ng_h_per_ml"] == pytest.approx(complete["auc_last_ng_h_per_ml"], rel=0.02)

    def test_where_nothing_says_how_it_began_areas_start_at_the_first_sample(self):
        """One sample after the dose in the first occasion: no slope to continue along."""
        found = figures(self.series(drop=(2.0, 4.0, 6.0, 8.0, 12.0)))
        assert "start_unknown" in found[1]["flags"]
        assert "interval_not_covered" in found[0]["flags"]
        assert found[0]["auc_to_next_dose_ng_h_per_ml"] is None

    def test_of_two_samples_at_a_dose_the_order_of_rows_decides(self):
        given = [dose(0.0), dose(12.0, number=2)]
        series = self.series()
        early = [s for s in series.samples if s.time_h < 12.0]
        both = [Sample(12.0, 7.0, 1), Sample(12.0, 9.0, 2)]
        late = samples((13.0, 14.0, 16.0), (100.0, 80.0, 40.0), before=2)
        first, second = figures(Series("1", "drug", [*early, *both, *late], given))
        assert first["trough_ng_per_ml"] == 7.0
        assert occasions_of(Series("1", "drug", [*early, *both, *late], given))[1].samples[0].value_ng_per_ml == 9.0
        assert second["cmax_ng_per_ml"] == 100.0

    def test_doses_without_a_sample_between_them_are_one(self):
        given = [dose(0.0, 28.0), dose(5 / 60, 28.0), dose(10 / 60, 28.0)]
        found = one((0.0, 0.5, 1.0, 2.0, 4.0), [0.0, 10.0, 40.0, 20.0, 5.0], *given)
        assert found["dose_mg"] == 84.0
        assert found["tmax_h"] == 1.0
        assert "doses_combined" in found["flags"]

    def test_a_column_of_occasions_decides_instead(self):
        given = [dose(0.0, occasion="a"), dose(1.0, occasion="a"), dose(2.0, occasion="b")]
        series = Series("1", "drug", samples((0.5, 1.5, 2.5), (5.0, 6.0, 7.0)), given)
        assert [len(occasion.doses) for occasion in occasions_of(series)] == [2, 1]


class TestValuesBelowTheLimit:
    TIMES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0)
    VALUES = (None, None, 8.0, 6.0, None, 2.0, None)

    def area(self, rule):
        return one(self.TIMES, self.VALUES, dose(), options=NcaOptions(below_limit_rule=rule, area_rule="linear"))

    def test_count_as_zero_before_the_first_measurable_and_as_missing_after_it(self):
        found = self.area("zero-then-missing")
        # 0 to 0.5 nothing; then 0.5*8/2, 1*(8+6)/2 and 6 h from 6 to 2.
        assert found["auc_last_ng_h_per_ml"] == pytest.approx(2.0 + 7.0 + 24.0)
        assert found["tlast_h"] == 8.0
        assert found["tlag_h"] == 0.5
        assert "below_limit" in found["flags"]

    def test_or_all_as_zero(self):
        assert self.area("zero")["auc_last_ng_h_per_ml"] == pytest.approx(2.0 + 7.0 + 6.0 + 4.0)
        assert self.area("zero")["auc_all_ng_h_per_ml"] == pytest.approx(2.0 + 7.0 + 6.0 + 4.0 + 4.0)

    def test_or_all_as_missing(self):
        found = self.area("missing")
        assert found["auc_last_ng_h_per_ml"] == pytest.approx(0.5 * 8.0 * 1.0 + 7.0 + 24.0)
        assert "start_assumed_zero" in found["flags"]

    def test_an_occasion_of_them_alone_says_so(self):
        found = one((0.0, 1.0, 2.0), (None, None, None), dose())
        assert "nothing_measurable" in found["flags"]
        assert "cmax_ng_per_ml" not in found

    def test_an_unknown_rule_offers_the_nearest(self):
        with pytest.raises(InputError, match="below-limit-rule 'zeros' is unknown; did you mean 'zero'"):
            NcaOptions(below_limit_rule="zeros")
        with pytest.raises(InputError, match="area-rule 'log' is unknown"):
            NcaOptions(area_rule="log")


class TestAreasOverAnInterval:
    T, C = np.array([0.0, 1.0, 3.0, 7.0]), np.array([0.0, 8.0, 4.0, 1.0])

    def test_between_samples_follow_the_rule_of_their_interval(self):
        """From 4 to 2 along the exponential in 2 h: k is ln 4 / 4 on the last interval, 4 - 4 exp(-2k) over k."""
        k = math.log(4.0) / 4.0
        assert area_between(self.T, self.C, 3.0, 5.0, None, MEASURED.area_rule) == pytest.approx(4.0 * (1 - 0.5) / k)
        assert area_between(self.T, self.C, 3.0, 5.0, None, "linear") == pytest.approx((4.0 + 2.5) / 2 * 2)
        assert area_between(self.T, self.C, 0.0, 0.5, None, "linear") == pytest.approx(0.5 * 0.5 * 4.0)

    def test_after_the_last_sample_follow_the_slope(self):
        found = area_between(self.T, self.C, 7.0, 9.0, 0.5, MEASURED.area_rule)
        assert found == pytest.approx((1.0 - math.exp(-1.0)) / 0.5)
        assert area_between(self.T, self.C, 0.0, 9.0, None, "linear") is None

    def test_parts_add_up_to_the_whole(self):
        parts = [area_between(self.T, self.C, a, b, 0.3, MEASURED.area_rule) for a, b in ((0, 2), (2, 6.5), (6.5, 11))]
        assert sum(parts) == pytest.approx(area_between(self.T, self.C, 0, 11, 0.3, MEASURED.area_rule), rel=1e-12)

    def test_intervals_are_options_and_must_run_forwards(self):
        times = TestAnExtravascularDose.TIMES
        found = one(times, oral(times), dose(), options=NcaOptions(intervals_h=((0.0, 8.0), (24.0, 48.0))))
        assert found["auc_0_to_8_h_ng_h_per_ml"] < found["auc_last_ng_h_per_ml"]
        assert "interval_extrapolated" in found["flags"]
        with pytest.raises(InputError, match="interval 4 to 2 h: must start at 0 or later and end after its start"):
            NcaOptions(intervals_h=((4.0, 2.0),))


def test_the_moment_of_an_exponential_is_exact():
    times = np.array([0.0, 1.0, 5.0, 30.0, 200.0])
    assert moments(times, bolus(times)).sum() == pytest.approx(C0 / RATE**2, rel=1e-6)


class TestASimulation:
    def test_is_analysed_session_by_session(self):
        result = simulate("esketamine 56 mg nasal q 3.5 d x 2", patients=3, until_h=336.0)
        profiles = nca(result).document()["profiles"]
        assert {(row["id"], row["analyte"], row["occasion"]) for row in profiles} == {
            (str(i), analyte, k) for i in (1, 2, 3) for analyte in ("ketamine", "norketamine") for k in (1, 2)
        }
        assert all(row["dose_mg"] == 56.0 for row in profiles if row["analyte"] == "ketamine")

    def test_its_first_session_has_the_figures_that_simulate_prints(self):
        result = simulate("ketamine 0.5 mg/kg IV over 40 min", patients=0)
        document = result.document()
        found = nca(result).document()["profiles"][0]
        for name in ("cmax_ng_per_ml", "auc_last_ng_h_per_ml", "auc_inf_ng_h_per_ml"):
            assert found[name] == pytest.approx(document["nca"]["ketamine"][name]["geometric_mean"], rel=1e-6)

    def test_clearance_is_the_one_that_went_in(self):
        """Racemate: twice the dose of each enantiomer over the sum of their areas, between the two clearances."""
        found = nca(simulate("ketamine 35 mg IV over 40 min", patients=0, sampling="arterial")).document()["profiles"][
            0
        ]
        from ketascope.model.parameter_store import load_parameters

        rows = load_parameters()
        s = rows.value("pooled.clearance_s_ketamine_l_per_h")
        r = s * rows.value("pooled.clearance_ratio_r_to_s")
        assert found["clearance_l_per_h"] == pytest.approx(2.0 / (1.0 / s + 1.0 / r), rel=2e-3)

    def test_no_dose_of_a_metabolite_is_known(self):
        found = nca(simulate("ketamine 35 mg IM", patients=0)).document()["profiles"][1]
        assert found["analyte"] == "norketamine"
        assert found["dose_mg"] is None
        assert "metabolite" in found["flags"]

    def test_has_its_own_unit_and_doses(self):
        with pytest.raises(InputError, match="a simulation has its unit, doses and routes"):
            nca(simulate("ketamine 35 mg IM", patients=0), dose_mg=35.0)


def test_every_flag_has_a_meaning_in_one_line():
    assert all(
        meaning and "\n" not in meaning and not meaning.endswith(".") for meaning in OCCASION_FLAG_MEANINGS.values()
    )
