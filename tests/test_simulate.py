"""One regimen in full: the contract of `simulate --json`, its series, its events and its non-compartmental analysis."""

from __future__ import annotations

import functools
import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from event_files import write_events
from ketascope import InputError, simulate
from ketascope.cli import main
from ketascope.model.parameter_store import load_parameters
from ketascope.noncompartmental.options import FLAG_MEANINGS
from ketascope.regimen import parse
from ketascope.simulation import ERROR_TOLERANCE

IV = "ketamine 0.5 mg/kg IV over 40 min"
KEYS = {"sentence", "events", "times_h", "series", "nca", "flags"}
ALSO = {"version", "seed", "indication", "sampling", "patients", "scenarios", "defaulted", "error_estimate"} | {
    "person",
    "horizon_h",
    "control",
}
CONTRACT_SERIES = {
    "ketamine_ng_per_ml",
    "s_ketamine_ng_per_ml",
    "r_ketamine_ng_per_ml",
    "norketamine_ng_per_ml",
    "s_norketamine_ng_per_ml",
    "r_norketamine_ng_per_ml",
    "block",
    "glutamate_fold",
    "plasticity",
    "score",
    "dissociation",
    "systolic_rise_mmhg",
}


@functools.cache
def result(sentence=IV, **choices):
    return simulate(sentence, **{"patients": 40, **choices})


def document(sentence=IV, **choices):
    return result(sentence, **choices).document()


def codes(found):
    return [flag["code"] for flag in found["flags"]]


def at(found, name, time_h, key="median"):
    return found["series"][name][key][found["times_h"].index(time_h)]


class TestTheContract:
    def test_all_keys_are_there_and_no_others(self):
        assert document().keys() == KEYS | ALSO

    def test_all_series_are_there_each_with_three_lists_of_one_length(self):
        found = document()
        assert found["series"].keys() >= CONTRACT_SERIES
        hydroxynorketamine = {f"{of}hydroxynorketamine_ng_per_ml" for of in ("", "s_", "r_")}
        assert found["series"].keys() - CONTRACT_SERIES == {"effect_site_ng_per_ml"} | hydroxynorketamine
        for name, series in found["series"].items():
            assert series.keys() == {"median", "low", "high"}, name
            assert all(len(values) == len(found["times_h"]) for values in series.values()), name

    @pytest.mark.parametrize(
        "sentence",
        [
            IV,
            "ketamine 35 mg IV",
            "esketamine 84 mg nasal q 3.5 d x 8",
            "ketamine 100 mg oral",
            "ketamine 100 mg rectal",
        ],
    )
    def test_every_value_is_finite_and_ordered_and_no_concentration_negative(self, sentence):
        found = document(sentence)
        for name, series in found["series"].items():
            low, median, high = (np.array(series[key], dtype=float) for key in ("low", "median", "high"))
            assert np.isfinite(median).all(), name
            assert (low <= median).all(), name
            assert (median <= high).all(), name
            assert (low >= -1e-9 * max(high.max(), 1e-9)).all() or name == "score", name
        assert json.loads(json.dumps(found, allow_nan=False)) == found

    def test_states_stay_in_their_ranges(self):
        found = document("ketamine 5 mg/kg IV")
        assert max(found["series"]["block"]["high"]) < 1.0
        assert max(found["series"]["plasticity"]["high"]) < 1.0
        assert min(found["series"]["glutamate_fold"]["low"]) > 0.7
        score = document()["series"]["score"]
        assert min(score["low"]) >= 0.0
        assert max(score["high"]) <= 56.0

    def test_the_command_prints_what_the_library_returns(self):
        result = CliRunner().invoke(main, ["simulate", IV, "--patients", "40", "--json"])
        assert result.exit_code == 0, result.stderr
        assert json.loads(result.stdout) == document()

    def test_times_ascend_from_the_first_dose_to_the_end(self):
        times = document()["times_h"]
        assert times[0] == 0.0
        assert times[-1] == 1344.0
        assert len(times) <= 200
        assert (np.diff(times) > 0.0).all()

    def test_inputs_and_what_was_defaulted_are_listed(self):
        found = document(weight_kg=80.0, seed=4)
        assert found["seed"] == 4
        assert found["defaulted"] == ["indication", "age_years", "until_h", "sampling"]
        assert found["sentence"] == IV
        assert found["indication"] == "gad"


class TestSeries:
    def test_ketamine_is_the_sum_of_its_enantiomers(self):
        series = document()["series"]
        typical = document(patients=0)["series"]
        for whole, parts in (
            ("ketamine_ng_per_ml", ("s_ketamine_ng_per_ml", "r_ketamine_ng_per_ml")),
            ("norketamine_ng_per_ml", ("s_norketamine_ng_per_ml", "r_norketamine_ng_per_ml")),
        ):
            total = np.sum([typical[name]["median"] for name in parts], axis=0)
            assert np.array(typical[whole]["median"]) == pytest.approx(total)
            assert max(series[whole]["median"]) > 0.0

    def test_esketamine_holds_no_r_ketamine(self):
        series = document("esketamine 84 mg nasal")["series"]
        assert max(series["r_ketamine_ng_per_ml"]["high"]) == 0.0
        assert max(series["r_norketamine_ng_per_ml"]["high"]) == 0.0
        assert series["s_ketamine_ng_per_ml"] == series["ketamine_ng_per_ml"]

    def test_no_patients_means_the_typical_one_without_a_band(self):
        found = document(patients=0)
        assert found["patients"] == 0
        for name, series in found["series"].items():
            assert series["low"] == series["median"] == series["high"], name

    def test_the_typical_patient_lies_within_the_band(self):
        times = (1.0, 4.0, 24.0)
        typical, band = document(patients=0, times_h=times), document(patients=300, times_h=times)
        for name in CONTRACT_SERIES:
            for time in times:
                assert at(band, name, time, "low") <= at(typical, name, time) <= at(band, name, time, "high"), name

    def test_before_the_first_dose_everything_is_at_rest(self):
        found = document("ketamine 35 mg IM after 2 d", times_h=(0.0, 24.0, 47.0, 48.5))
        for name in CONTRACT_SERIES - {"score"}:
            rest = 1.0 if name == "glutamate_fold" else 0.0
            assert found["series"][name]["median"][:3] == pytest.approx([rest] * 3, abs=1e-12), name
        assert at(found, "ketamine_ng_per_ml", 48.5) > 50.0

    def test_output_times_are_those_asked_for_in_order_and_once(self):
        found = document(times_h=(24.0, 0.5, 24.0, 0.0))
        assert found["times_h"] == [0.0, 0.5, 24.0]
        assert all(len(series["median"]) == 3 for series in found["series"].values())

    def test_values_do_not_depend_on_which_times_are_shown(self):
        few, many = document(times_h=(2.0, 24.0)), document(times_h=(0.5, 2.0, 24.0, 100.0))
        for name in few["series"]:
            for time in (2.0, 24.0):
                assert at(few, name, time) == pytest.approx(
                    at(many, name, time), rel=2.0 * ERROR_TOLERANCE, abs=1e-9
                ), name

    def test_the_command_reads_times_with_units(self):
        result = CliRunner().invoke(main, ["simulate", IV, "--patients", "0", "--times", "30min,2h,7d", "--json"])
        assert json.loads(result.stdout)["times_h"] == [0.5, 2.0, 168.0]

    def test_arterial_plasma_is_higher_at_the_end_of_an_infusion_and_drives_the_effects(self):
        times = (40.0 / 60.0,)
        venous, arterial = (document(patients=0, times_h=times, sampling=site) for site in ("venous", "arterial"))
        assert (venous["sampling"], arterial["sampling"]) == ("venous", "arterial")
        ratio = at(arterial, "ketamine_ng_per_ml", *times) / at(venous, "ketamine_ng_per_ml", *times)
        assert 1.3 < ratio < 2.5
        assert at(arterial, "block", *times) > at(venous, "block", *times)

    def test_the_same_seed_gives_the_same_numbers(self):
        assert simulate(IV, patients=10, seed=2).document() == simulate(IV, patients=10, seed=2).document()
        assert simulate(IV, patients=10, seed=2).document() != simulate(IV, patients=10, seed=3).document()


class TestScores:
    def test_they_start_at_the_baseline_and_fall(self):
        score = document(patients=0)["series"]["score"]["median"]
        assert score[0] > 15.0
        assert score[-1] < score[0]

    @pytest.mark.parametrize(
        ("indication", "is_shown"), [("gad", True), ("mdd", True), ("ptsd", False), ("ocd", False)]
    )
    def test_a_scale_that_asks_about_a_week_has_no_score_in_between(self, indication, is_shown):
        found = document(indication=indication, times_h=(0.0, 2.0, 24.0, 168.0, 672.0))
        score = found["series"]["score"]
        for key in ("low", "median", "high"):
            assert [value is not None for value in score[key]] == [True, is_shown, is_shown, True, True]
        assert ("scale_recall_longer" in codes(found)) == (not is_shown)

    @pytest.mark.parametrize(
        ("sentence", "why"),
        [("ketamine 5 mg/kg IV", "above_studied_dose"), ("ketamine 100 mg rectal", "no_studied_dose")],
    )
    def test_without_symptoms_there_is_no_score_and_a_flag_says_why(self, sentence, why):
        found = document(sentence)
        assert "score" not in found["series"]
        assert why in codes(found)
        assert max(found["series"]["ketamine_ng_per_ml"]["median"]) > 0.0


class TestEvents:
    def test_every_dose_is_echoed(self):
        events = document("esketamine 56 mg nasal q 3.5 d x 2", weight_kg=90.0)["events"]
        assert [event["time_h"] for event in events if event["device"] == 1] == [0.0, 84.0]
        assert sum(event["amount_mg"] for event in events) == pytest.approx(112.0)
        assert {event["drug"] for event in events} == {"esketamine"}
        assert {event["session"] for event in events} == {1, 2}

    def test_a_dose_per_kg_follows_the_weight(self):
        (event,) = document(weight_kg=90.0)["events"]
        assert event["amount_mg"] == 45.0
        assert event["duration_h"] == pytest.approx(40.0 / 60.0)

    def test_an_event_file_gives_the_same_as_the_sentence(self, tmp_path):
        sentence = "ketamine 35 mg IV over 40 min q 3.5 d x 2"
        path = tmp_path / "events.csv"
        write_events(parse(sentence), 70.0, path)
        arguments = ["--patients", "5", "--json"]
        from_file = CliRunner().invoke(main, ["simulate", "--events", str(path), *arguments])
        from_words = CliRunner().invoke(main, ["simulate", sentence, *arguments])
        assert from_file.exit_code == from_words.exit_code == 0
        assert from_file.stdout == from_words.stdout

    def test_an_antidepressant_alone_has_a_score_and_no_concentration(self):
        found = document("escitalopram 10 mg oral q 1 d x 56")
        assert found["series"].keys() == {"score"}
        assert found["nca"] is None
        assert found["error_estimate"] is None
        assert "not_ketamine" in codes(found)
        assert len(found["events"]) == 56

    def test_ketamine_beside_an_antidepressant_is_as_it_is_alone(self):
        alone = document("ketamine 35 mg IM", times_h=(0.5, 2.0))
        both = document("ketamine 35 mg IM & escitalopram 10 mg oral q 1 d x 56", times_h=(0.5, 2.0))
        assert both["nca"] == alone["nca"]
        for name in CONTRACT_SERIES - {"score"}:
            assert both["series"][name] == alone["series"][name]


class TestTheSolver:
    @pytest.mark.parametrize(
        "sentence", [IV, "ketamine 35 mg IM", "ketamine 100 mg oral q 1 d x 14", "esketamine 84 mg nasal q 3.5 d x 8"]
    )
    def test_the_error_estimate_is_there_and_below_the_tolerance(self, sentence):
        found = document(sentence)
        assert 0.0 < found["error_estimate"] <= ERROR_TOLERANCE
        assert "numerical_error" not in codes(found)

    def test_trajectories_hold_every_patient_with_units(self):
        dataset = result().trajectories()
        assert dict(dataset.sizes) == {"patient": 40, "time": dataset.sizes["time"]}
        assert dataset["time"].attrs["units"] == "h"
        assert all(variable.attrs["units"] for variable in dataset.data_vars.values())
        assert dataset.attrs["sentence"] == IV
        found = document()
        column = np.searchsorted(dataset["time"].values, found["times_h"])
        medians = np.median(dataset["block"].values[:, column], axis=0)
        assert medians == pytest.approx(found["series"]["block"]["median"])

    def test_without_ketamine_there_are_no_trajectories(self):
        with pytest.raises(InputError, match="gives no ketamine, so there are no trajectories$"):
            simulate("escitalopram 10 mg oral q 1 d x 3", patients=0).trajectories()


class TestNonCompartmentalAnalysis:
    def test_the_typical_area_is_dose_over_clearance(self):
        """35 mg of two enantiomers, each 17.5 mg over its own clearance: the model's own closed form."""
        rows = load_parameters().values_of("pooled")
        s_clearance = rows["clearance_s_ketamine_l_per_h"]
        area = document(patients=0)["nca"]["ketamine"]["auc_inf_ng_h_per_ml"]["geometric_mean"]
        assert 0.8 * 35_000.0 / s_clearance < area < 1.3 * 35_000.0 / s_clearance

    def test_it_agrees_with_the_comparison(self):
        from ketascope import compare

        found = document(patients=0)["nca"]
        (option,) = compare([IV], patients=0).document()["options"]
        for analyte in ("ketamine", "norketamine"):
            area = option["pk"][f"{analyte}_auc_ng_h_per_ml"]["median"]
            assert found[analyte]["auc_inf_ng_h_per_ml"]["geometric_mean"] == pytest.approx(area, rel=0.01)
            peak = option["pk"][f"{analyte}_cmax_ng_per_ml"]["median"]
            assert found[analyte]["cmax_ng_per_ml"]["geometric_mean"] == pytest.approx(peak, rel=0.01)

    def test_it_covers_the_first_session(self):
        found = document("ketamine 35 mg IV over 40 min q 3.5 d x 6")["nca"]
        assert found["window_h"] == [0.0, 84.0]
        assert found["method"] == "linear-up/log-down"

    def test_people_differ_and_the_typical_one_does_not(self):
        for name in ("cmax_ng_per_ml", "auc_inf_ng_h_per_ml", "half_life_h"):
            assert document()["nca"]["ketamine"][name]["geometric_cv_percent"] > 1.0
            assert document(patients=0)["nca"]["ketamine"][name]["geometric_cv_percent"] == 0.0

    def test_flags_say_in_how_many_patients(self):
        found = document("ketamine 0.5 mg/kg IV over 40 min q 3 h x 3", until_h=48.0)["nca"]["ketamine"]
        assert found["flags"]
        for flag in found["flags"]:
            assert flag["message"] == FLAG_MEANINGS[flag["code"]]
            assert 0.0 < flag["patients_percent"] <= 100.0

    def test_a_dose_that_begins_later_has_its_time_of_peak_from_that_dose(self):
        late = document("ketamine 35 mg IM after 2 d", patients=0)["nca"]["ketamine"]
        now = document("ketamine 35 mg IM", patients=0)["nca"]["ketamine"]
        assert late["tmax_h"]["geometric_mean"] == pytest.approx(now["tmax_h"]["geometric_mean"], rel=0.1)
        assert late["auc_inf_ng_h_per_ml"]["geometric_mean"] == pytest.approx(
            now["auc_inf_ng_h_per_ml"]["geometric_mean"], rel=0.01
        )

    def test_half_lives_are_positive_and_finite(self):
        for analyte in ("ketamine", "norketamine"):
            value = document()["nca"][analyte]["half_life_h"]["geometric_mean"]
            assert math.isfinite(value)
            assert 1.0 < value < 48.0


class TestInput:
    @pytest.mark.parametrize(
        ("choices", "message"),
        [
            ({"times_h": (2000.0,)}, "^times: 2000 h is not within the simulated time, 0 to 1344 h$"),
            ({"times_h": (-1.0,)}, "^times: -1 h is not within"),
            ({"times_h": (math.nan,)}, "^times: nan h is not within"),
            ({"until_h": 0.5}, "^until 0.5 h: must be 24 h to 730 d$"),
            ({"patients": -1}, "^patients -1: must be 0"),
            ({"sampling": "capillary"}, "^sampling 'capillary': must be one of venous, arterial, venous-published, "),
            ({"weight_kg": 10.0}, "^weight 10 kg: must be 20 to 300 kg$"),
        ],
    )
    def test_what_cannot_be_used_is_refused(self, choices, message):
        with pytest.raises(InputError, match=message):
            simulate(IV, **choices)

    def test_a_regimen_is_as_good_as_its_sentence(self):
        assert simulate(parse(IV), patients=3).document() == simulate(IV, patients=3).document()
