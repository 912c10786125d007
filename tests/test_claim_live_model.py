"""Live checks that run the model: their numbers are the model's own, and move when the model moves."""

from __future__ import annotations

import copy
import math
from types import SimpleNamespace

import pytest

from ketascope import parameters
from ketascope.claims.library import KINDS, claim, claims
from ketascope.claims.live import Bench, check_names, live_check
from ketascope.claims.live.bench import data_file
from ketascope.data import load
from ketascope.model.parameter_store import load_parameters
from ketascope.regimen import load_presets, parse

FEW = 40
WITH_LIVE = [each for each in claims().values() if each.live]
MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def bench():
    return Bench(patients=FEW)


@pytest.fixture(scope="module")
def results(bench):
    """Every claim with a live check, computed on one bench as an audit does."""
    return {each.id: live_check(each.live, each, bench=bench) for each in WITH_LIVE}


def edited(bench, change):
    """A bench whose comparison is that of `bench` with a change."""
    other = Bench(patients=FEW)
    other._comparison = copy.deepcopy(bench.comparison())
    change(other._comparison["options"])
    return other


def test_every_name_of_the_library_has_a_check_and_no_other():
    assert set(check_names()) == {row.live for row in claims().values() if row.live}


def test_every_live_claim_is_computed_from_one_comparison_and_two_simulations(bench, results):
    assert all(result.computed for result in results.values())
    assert bench.runs["compare"] == 1
    assert bench.runs["simulate"] == 2
    for name, result in results.items():
        assert result.name == claims()[name].live
        assert result.kind in KINDS
        assert result.numbers, name
        assert all(isinstance(value, float) and math.isfinite(value) for value in result.numbers.values()), name
        assert any(character.isdigit() for character in result.words), name
        assert result.words.endswith("."), name
        assert "None" not in result.words, name
        assert "nan" not in result.words, name
        assert result.source, name
        assert result.took_s >= 0.0


def test_words_say_which_interval(results):
    for result in results.values():
        if result.kind == "model":
            assert "95%" in result.words, result.name
            assert "virtual patients" in result.words or "average" in result.words or "typical" in result.words


def test_numbers_are_those_of_the_comparison(bench, results):
    options = {row["key"]: bench.option(row["key"]) for row in data_file()["option"]}
    iv, ssri, nasal = (options[key] for key in ("iv", "ssri", "nasal"))
    found = results["ketamine-faster-hours"].numbers
    assert found["onset_h"] == iv["symptoms"]["onset_h"]["median"]
    assert found["ssri_catches_up_h_high"] == iv["symptoms"]["ssri_catches_up_h"]["high"]
    assert found["infusion_change_24h"] == iv["symptoms"]["change"]["24h"]["median"]
    assert found["ssri_change_56d"] == ssri["symptoms"]["change"]["56d"]["median"]
    assert found["onset_h"] < 24.0 < 7 * 24.0 < found["ssri_onset_h"]
    acute = results["blood-pressure-rises"].numbers
    assert acute["nasal_systolic_rise_mmhg"] == nasal["acute"]["systolic_rise_mmhg"]["median"]
    assert results["dissociation-common"].numbers["iv_peak_cadss"] == iv["acute"]["dissociation_peak"]["median"]
    assert results["dissociation-common"].numbers["iv_over_h"] >= iv["practical"]["observation_min"] / 60.0
    shares = results["oral-low-bioavailability"].numbers
    assert shares["oral_percent"] == pytest.approx(100.0 * options["oral"]["pk_typical"]["bioavailability"]["median"])
    assert shares["iv_percent"] == pytest.approx(100.0)
    assert "IV infusion 100%" in results["oral-low-bioavailability"].words
    areas = results["home-ketamine-as-effective"].numbers
    ratio = options["sl"]["pk"]["ketamine_auc_ng_h_per_ml"]["median"] / iv["pk"]["ketamine_auc_ng_h_per_ml"]["median"]
    assert areas["sl_auc_percent_of_iv"] == pytest.approx(100.0 * ratio)


def test_ranks_of_the_routes_are_ranks(bench, results):
    found = results["routes-most-effective"].numbers
    keys = data_file()["check"]["route-comparison"]["options"]
    for rank in ("cmax", "tmax", "benefit"):
        assert sorted(found[f"{key}_rank_{rank}"] for key in keys) == [float(i + 1) for i in range(len(keys))]
    assert found["iv_rank_cmax"] == 1.0
    # Spearman's formula without ties, by hand.
    gaps = [found[f"{key}_rank_cmax"] - found[f"{key}_rank_benefit"] for key in keys]
    n = len(keys)
    expected = 1.0 - 6.0 * sum(gap * gap for gap in gaps) / (n * (n * n - 1))
    assert found["rank_correlation_peak_and_benefit"] == pytest.approx(expected)
    assert found["pairs_that_do_not_overlap"] == 0.0
    assert "SC injection (1 trial, 12 people)" in results["routes-most-effective"].words


def test_a_faster_fall_of_the_benefit_shortens_its_half_life(bench, results):
    found = results["lasts-days-to-weeks"].numbers
    apart = 168.0 - 24.0
    falls = found["versus_placebo_24h"] / found["versus_placebo_7d"]
    assert found["half_life_h"] == pytest.approx(apart / math.log2(falls))
    assert found["trials_one_infusion_low_d"] == 10.0
    assert found["trials_one_infusion_high_d"] == 12.0
    assert "by day 10 to 12" in results["lasts-days-to-weeks"].words
    # The slow part's half-life with 1.96 standard deviations of its logarithm on either side.
    row = parameters(str(data_file()["check"]["duration"]["row"]))[0]
    spread = math.exp(1.96 * row.uncertainty.sd)
    middle, low, high = (found[f"slow_part_half_life_h{end}"] for end in ("", "_low", "_high"))
    assert middle == pytest.approx(24.0 * row.value)
    assert (middle / low, high / middle) == pytest.approx((spread, spread), rel=1e-4)

    def halve(options):
        options[0]["symptoms"]["versus_placebo"]["7d"]["median"] /= 2.0

    faster = live_check("duration", bench=edited(bench, halve))
    assert faster.numbers["half_life_h"] == pytest.approx(apart / math.log2(2.0 * falls))
    assert faster.words != results["lasts-days-to-weeks"].words


def test_a_value_that_the_model_does_not_give_is_said_and_not_raised(bench):
    def hide(options):
        for row in options:
            row["symptoms"]["change"]["24h"] = row["symptoms"]["versus_placebo"]["24h"] = None

    blind = edited(bench, hide)
    for name in ("hours-against-weeks", "route-comparison", "duration"):
        result = live_check(name, bench=blind)
        assert not result.computed
        assert result.words.startswith("cannot be computed: the model gives no ")
        assert result.numbers == {}
    assert live_check("bioavailability", bench=blind).computed


def test_a_benefit_that_does_not_fade_has_no_half_life(bench):
    def grow(options):
        options[0]["symptoms"]["versus_placebo"]["7d"]["median"] = -99.0

    assert live_check("duration", bench=edited(bench, grow)).words.startswith("cannot be computed: ")


def test_dissociation_is_not_said_to_be_needed_or_not(results):
    assert "cannot say whether benefit needs it" in results["dissociation-needed"].words
    assert "cannot say" not in results["dissociation-common"].words


def test_glutamate_stays_below_two_fold_and_is_called_assumed(results):
    result = results["glutamate-two-to-three-fold"]
    found = result.numbers
    assert found["threshold_fold"] == 2.0
    assert found["share_of_patients_at_threshold"] == 0.0
    assert found["share_of_draws_at_threshold"] < 0.1
    assert 1.0 < found["peak_fold_low"] < found["peak_fold"] < found["peak_fold_high"] < 2.1
    assert found["anaesthetic_lowest_fold"] < 1.0
    assert found["human_13c_percent"] == 13.0
    assert "assumed" in result.words
    assert "+13%" in result.words


def test_the_stated_fold_is_the_one_that_is_tested(bench):
    match = SimpleNamespace(drug="ketamine", quantity=(1.1, 1.1, "fold"))
    found = live_check("glutamate-fold", claim("glutamate-two-to-three-fold"), match, bench=bench)
    assert found.numbers["threshold_fold"] == 1.1
    assert found.numbers["share_of_patients_at_threshold"] == 1.0
    assert "1.1-fold" in found.words


def test_another_gain_of_the_surge_changes_the_printed_fold(monkeypatch, results):
    doubled = load_parameters().replaced({"glutamate.surge_gain": 2.0 * parameters("glutamate.surge_gain")[0].value})
    monkeypatch.setattr("ketascope.model.scenario.load_parameters", lambda: doubled)
    before = results["glutamate-two-to-three-fold"]
    after = live_check("glutamate-fold", claim("glutamate-two-to-three-fold"), bench=Bench(patients=FEW))
    assert after.words != before.words
    # Glutamate is linear in the gain while the drive is above its floor.
    rise = {name: result.numbers["peak_fold_patients"] - 1.0 for name, result in (("b", before), ("a", after))}
    assert rise["a"] == pytest.approx(2.0 * rise["b"], rel=0.01)
    assert after.numbers["share_of_draws_at_threshold"] > before.numbers["share_of_draws_at_threshold"]


def test_the_site_of_sampling_changes_the_printed_fold(results):
    venous = live_check("glutamate-fold", bench=Bench(patients=FEW, sampling="venous"))
    assert venous.numbers["peak_fold"] < results["glutamate-rises"].numbers["peak_fold"]
    assert "venous" in venous.source


def test_a_scenario_changes_the_printed_hours_and_weeks(results):
    other = Bench(patients=0, scenarios=("expectancy",))
    before, after = results["ketamine-faster-hours"], live_check("hours-against-weeks", bench=other)
    assert after.words != before.words
    assert abs(after.numbers["infusion_versus_placebo_24h"]) < abs(before.numbers["infusion_versus_placebo_24h"])
    assert after.numbers["ssri_change_56d"] == before.numbers["ssri_change_56d"]


def test_share_of_the_ssris_effect_is_first_order(results):
    found = results["ssri-onset-weeks"].numbers
    for indication in ("gad", "ocd"):
        half_life_d = load_parameters().value(f"trials.ssri_half_life_d_{indication}")
        for week in (1, 2, 4):
            expected = 100.0 * (1.0 - 2.0 ** (-7 * week / half_life_d)) / (1.0 - 2.0 ** (-42 / half_life_d))
            assert found[f"{indication}_percent_week_{week}"] == pytest.approx(expected, rel=0.05)
    assert found["gad_percent_week_1"] > found["ocd_percent_week_1"]


def test_a_slower_ssri_changes_the_printed_shares(monkeypatch, results):
    slower = load_parameters().replaced({"trials.ssri_half_life_d_gad": 60.0})
    monkeypatch.setattr("ketascope.model.scenario.load_parameters", lambda: slower)
    after = live_check("ssri-onset", claim("ssri-onset-weeks"))
    assert after.numbers["gad_percent_week_1"] < results["ssri-onset-weeks"].numbers["gad_percent_week_1"]
    assert after.numbers["ocd_percent_week_1"] == results["ssri-onset-weeks"].numbers["ocd_percent_week_1"]


def test_same_seed_same_numbers(results):
    again = live_check("glutamate-fold", claim("glutamate-two-to-three-fold"), bench=Bench(patients=FEW))
    assert again == results["glutamate-two-to-three-fold"]
    assert live_check("ssri-onset", seed=0) == live_check("ssri-onset", seed=0)
    assert live_check("ssri-onset", seed=1).numbers != live_check("ssri-onset", seed=0).numbers


def test_sentences_of_the_data_file_are_presets_and_its_rows_exist():
    presets = {option.id: option.sentence for option in load_presets(str(data_file()["settings"]["indication"]))}
    for row in data_file()["option"]:
        name = row["source"].removeprefix("preset ").split()[0].strip(",")
        first = presets[name].split(" q ")[0]
        assert row["sentence"] in (presets[name], first), row["key"]
        parse(row["sentence"])
    assert data_file()["settings"]["source"]
    rules = data_file()["check"]
    assert set(rules) == set(check_names())
    for rule in rules.values():
        for name in rule["rows"] if isinstance(rule.get("rows"), list) else ():
            assert parameters(name)[0].name == name
    for row in rules["glutamate-fold"]["human"]:
        assert row["source"]
        assert row["checked"] in ("text", "secondary", "recall")
    for trial in rules["duration"]["trials"]:
        assert trial["what"] in [row["what"] for row in load("indications")[trial["indication"]]["duration"]]
    ids = {each.id for each in claims().values()}
    named = {*rules["dissociation"]["on_benefit"], *rules["approval-table"]["rows"]}
    named |= {row["claim"] for row in rules["response-rates"]["meant"]} | set(rules["response-rates"]["not_responding"])
    assert named <= ids
