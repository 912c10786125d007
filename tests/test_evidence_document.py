"""The evidence document: what is pooled, at which time, on which scale, and that nothing is left out in silence."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

import ketascope
from evidence_today import PTSD_PEOPLE, PTSD_TRIALS
from ketascope.errors import InputError
from ketascope.evidence.studies import contrasts, figures, outcomes, studies
from ketascope.evidence.studies.tables import INDICATIONS
from ketascope.evidence.summaries.choices import check_choices, indications, known, rules
from ketascope.evidence.summaries.effects import effect_of
from ketascope.evidence.summaries.entries import entries, scale_label
from ketascope.evidence.summaries.selection import in_window, measure_for, not_counted, one_per_trial
from ketascope.evidence.summary import pooled_evidence

KEYS = {
    "version",
    "indication",
    "label",
    "outcome",
    "treatment",
    "measure",
    "unit",
    "favours",
    "pooled",
    "refusal",
    "without_bound",
    "sensitivity",
    "studies",
    "without_numbers",
    "certainty",
    "words",
    "checks",
    "flags",
}
POOLED = {"estimate", "standard_error", "low", "high", "p_value", "k", "people", "tau2", "tau2_low", "tau2_high", "i2"}
POOLED |= {"h2", "q", "q_df", "q_p", "predictions", "prediction_rule", "estimator", "test", "level", "converged"}
POOLED |= {"iterations", "message", "ratio", "normal_interval"}
STUDY = {"study", "trial_key", "label", "year", "treatment", "control", "n_treatment", "n_control", "estimate", "low"}
STUDY |= {"high", "standard_error", "weight_percent", "time_h", "scale", "risk_of_bias", "verified", "in_pooling"}
STUDY |= {"why_not", "is_bound"}
TREATMENTS = ("ketamine", "esketamine", "ssri", "snri")
OUTCOMES = ("symptoms", "response", "remission")


@pytest.fixture(scope="module")
def ptsd():
    return pooled_evidence("ptsd")


@pytest.fixture(scope="module")
def every():
    """All documents of the tables, by indication, treatment and outcome."""
    wanted = [(i, t, o) for i in INDICATIONS for t in TREATMENTS for o in OUTCOMES]
    return {names: pooled_evidence(names[0], treatment=names[1], outcome=names[2]) for names in wanted}


def by_study(document):
    return {study["study"]: study for study in document["studies"]}


# Contract


def test_the_document_has_the_fields_of_the_contract(ptsd):
    assert set(ptsd) >= KEYS
    assert set(ptsd["pooled"]) == POOLED
    assert all(set(study) >= STUDY for study in ptsd["studies"])
    names = {"name", "k", "estimate", "low", "high", "tau2", "i2", "converged", "note"}
    assert all(set(row) == names for row in ptsd["sensitivity"])
    assert set(ptsd["certainty"]) == {"grade", "graded_by", "reasons"}
    assert all({"study", "label", "why"} <= set(row) for row in ptsd["without_numbers"])


def test_every_document_is_json_without_nan_or_infinity(every):
    for document in every.values():
        again = json.loads(json.dumps(document, allow_nan=False))
        assert again["indication"] == document["indication"]


def test_every_interval_holds_its_estimate(every):
    for document in every.values():
        for study in document["studies"]:
            assert study["low"] <= study["estimate"] <= study["high"]
        if document["pooled"] is not None:
            assert document["pooled"]["low"] <= document["pooled"]["estimate"] <= document["pooled"]["high"]


def test_weights_add_up_to_a_hundred_and_only_pooled_studies_have_one(every):
    for document in every.values():
        weights = [study["weight_percent"] for study in document["studies"] if study["weight_percent"] is not None]
        if document["pooled"] is None:
            assert weights == []
            continue
        assert sum(weights) == pytest.approx(100.0)
        assert len(weights) == document["pooled"]["k"]
        assert all(study["in_pooling"] for study in document["studies"] if study["weight_percent"] is not None)


def test_a_refused_pool_says_why_and_still_shows_the_studies():
    document = pooled_evidence("ocd", outcome="response")
    assert document["pooled"] is None
    assert document["refusal"] == "pooling needs at least two studies; one is shown as it is"
    assert [study["study"] for study in document["studies"]] == ["rodriguez2013"]
    assert document["studies"][0]["weight_percent"] is None


def test_no_study_at_all_is_refused_with_its_own_words():
    document = pooled_evidence("panic")
    assert document["refusal"] == "no trial has figures that can be pooled"
    assert document["studies"] == []
    assert [row["study"] for row in document["without_numbers"]] == ["ray2016"]


# Nothing is left out


def test_every_study_with_a_treatment_stands_in_some_document(every):
    """Reviews and sources of other treatments, which no document is about, stand in the list of studies."""
    seen = set()
    for document in every.values():
        for row in (*document["studies"], *document["without_numbers"]):
            seen |= {row["study"], *row["also"]}
    asked = {row.study for row in studies().values() if set(row.drug_class) & set(TREATMENTS)}
    assert asked - seen == set()


def test_no_study_stands_among_the_drawn_and_the_absent_at_once(every):
    for document in every.values():
        drawn = {study["trial_key"] for study in document["studies"]}
        absent = {studies()[row["study"]].trial_key for row in document["without_numbers"]}
        assert drawn & absent == set()


def test_every_absent_study_has_a_reason(every):
    assert all(row["why"].strip() for document in every.values() for row in document["without_numbers"])


def test_samples_of_several_diagnoses_stand_under_each_that_they_name():
    for indication in ("gad", "sad"):
        absent = {row["study"] for row in pooled_evidence(indication)["without_numbers"]}
        assert "glue2020" in absent
    assert "glue2020" not in {row["study"] for row in pooled_evidence("ptsd")["without_numbers"]}


def test_a_trial_counts_once(every):
    for document in every.values():
        keys = [study["trial_key"] for study in document["studies"]]
        assert len(keys) == len(set(keys))


def test_twin_names_of_a_trial_are_named_with_it():
    document = pooled_evidence("mdd")
    assert by_study(document)["lii2023"]["also"] == ["KET_Lii2023"]


def test_a_published_pool_gives_way_where_all_its_parts_count():
    """Turkoz 2021 holds Fedgchin 2019 and Popova 2019, which have counts of their own at four weeks."""
    document = pooled_evidence("mdd", treatment="esketamine", outcome="response")
    pooled = {study["study"] for study in document["studies"] if study["in_pooling"]}
    assert {"ESK_Fedgchin2019", "ESK_Popova2019"} <= pooled
    assert "ESK_Turkoz2021" not in pooled
    at_a_day = pooled_evidence("mdd", treatment="esketamine", outcome="response", window="day")
    assert by_study(at_a_day)["ESK_Turkoz2021"]["in_pooling"]


def test_rows_from_memory_never_count(every):
    drawn = [study for document in every.values() for study in document["studies"] if study["verified"] == "recall"]
    assert drawn, "they are shown"
    assert not any(study["in_pooling"] for study in drawn)
    assert all(study["weight_percent"] is None and study["why_not"] for study in drawn)


def test_a_row_from_memory_does_not_count_even_where_the_table_says_so(monkeypatch):
    row = next(each for each in contrasts() if each.contrast_id == "feder2021/1")
    monkeypatch.setattr(type(row), "data", lambda self: {**figures.figures(self), "verified": "recall"})
    rows = [each for each in entries(("ptsd",), "ketamine", "symptoms") if each.contrast_id == "feder2021/1"]
    assert [each.in_pooling for each in rows] == [False]
    assert rows[0].why_not == "from recall"


# The numbers


def test_feder_2021_comes_out_as_evidence_check_iii_says(ptsd):
    """11.88 / 3.96 with 15 against 15 gives d 1.10; g is that times Hedges' J."""
    d = 11.88 / 3.96 * math.sqrt(2 / 15)
    assert d == pytest.approx(1.10, abs=0.005)
    assert by_study(ptsd)["feder2021"]["estimate"] == pytest.approx(-d * (1 - 3 / (4 * 28 - 1)), abs=1e-3)


def test_all_diagnoses_together_come_out_as_evidence_check_iv_says():
    document = pooled_evidence("all", outcome="response", estimator="DL", test="z")
    assert {study["study"] for study in document["studies"]} == {"taylor2018", "feder2021", "rodriguez2013"}
    ratio = document["pooled"]["ratio"]
    assert (round(ratio["estimate"], 1), round(ratio["low"], 1), round(ratio["high"], 1)) == (10.5, 2.8, 39.1)
    assert document["pooled"]["tau2"] == 0.0


def test_the_pool_of_small_positive_trials_carries_its_warning():
    document = pooled_evidence("all", outcome="response")
    messages = {flag["code"]: flag["message"] for flag in document["flags"]}
    assert "Abdallah 2022" in messages["small_positive"]
    assert "not as a finding" in messages["small_positive"]
    named = "social anxiety disorder, post-traumatic stress disorder, obsessive-compulsive disorder"
    assert named in messages["diagnoses_mixed"]


def test_changing_one_outcome_row_changes_the_pooled_estimate(monkeypatch, ptsd):
    row = next(each for each in outcomes("feder2021") if each.measure == "difference")
    real = figures.outcome

    def halved(outcome_id):
        found = real(outcome_id)
        return replace(found, value=found.value / 2.0) if outcome_id == row.outcome_id else found

    monkeypatch.setattr(figures, "outcome", halved)
    changed = pooled_evidence("ptsd")
    before, after = by_study(ptsd)["feder2021"], by_study(changed)["feder2021"]
    assert after["estimate"] == pytest.approx(before["estimate"] / 2.0)
    assert changed["pooled"]["estimate"] > ptsd["pooled"]["estimate"] + 0.1
    assert by_study(changed)["feder2014"] == by_study(ptsd)["feder2014"] | {
        "weight_percent": by_study(changed)["feder2014"]["weight_percent"]
    }


def test_the_estimator_and_the_test_are_the_ones_asked_for():
    document = pooled_evidence("ptsd", estimator="dl", test="Z")
    assert (document["pooled"]["estimator"], document["pooled"]["test"]) == ("DL", "z")
    assert document["pooled"]["prediction_rule"] == "z"
    common = pooled_evidence("ptsd", estimator="FE")["pooled"]
    assert common["tau2"] == 0.0
    assert {prediction["low"] for prediction in common["predictions"]} == {None}


def test_all_three_prediction_rules_are_named(ptsd):
    assert [row["rule"] for row in ptsd["pooled"]["predictions"]] == ["z", "KH t(k-1)", "t(k-2)"]
    assert ptsd["pooled"]["prediction_rule"] == "KH t(k-1)"


def test_ratios_stand_beside_their_logarithms():
    document = pooled_evidence("sad", treatment="ssri", outcome="response")
    for row in (*document["studies"], document["pooled"]):
        assert row["ratio"]["estimate"] == pytest.approx(math.exp(row["estimate"]))
    assert pooled_evidence("ptsd")["pooled"]["ratio"] is None


def test_the_risk_ratio_can_be_asked_for():
    odds = pooled_evidence("sad", treatment="ssri", outcome="response")
    risk = pooled_evidence("sad", treatment="ssri", outcome="response", measure="rr")
    assert risk["measure"] == "log RR"
    assert 0.0 < risk["pooled"]["estimate"] < odds["pooled"]["estimate"]


# Scales and times


def test_a_pool_of_a_part_of_the_trials_says_so(ptsd):
    gad = pooled_evidence("gad", treatment="ssri")
    assert "(a part of those that exist)" in gad["words"]
    assert "part_of_the_trials" in [flag["code"] for flag in gad["flags"]]
    assert "a part of those" not in ptsd["words"]


def test_raw_points_are_pooled_only_on_one_instrument():
    gad = pooled_evidence("gad", treatment="ssri")
    assert (gad["measure"], gad["unit"]) == ("MD", "points")
    assert {study["scale"] for study in gad["studies"]} == {"HAM-A"}
    assert "HAM-A" in gad["measure_reason"]


def test_differing_scales_are_standardised_and_it_says_so(ptsd):
    assert (ptsd["measure"], ptsd["unit"]) == ("SMD", "SD units")
    assert ptsd["measure_reason"] == "standardised, as scales differ (IES-R, CAPS-5, PCL-5)"


def test_raw_points_over_several_scales_are_refused():
    with pytest.raises(InputError, match="measure 'md': Feder 2021 is on CAPS-5 and Feder 2014 on IES-R"):
        pooled_evidence("ptsd", measure="md")


def test_the_two_forms_of_the_caps_are_never_pooled_raw():
    rows = [row for row in entries(("ptsd",), "ketamine", "symptoms") if row.study == "feder2021"]
    older = replace(rows[0], study="older", trial_key="older", label="Older", scale_key="caps_2")
    assert (scale_label("caps_2"), scale_label("caps_5")) == ("CAPS-2", "CAPS-5")
    assert measure_for([*rows, older], "primary", "SMD", None).name == "SMD"
    with pytest.raises(InputError, match="CAPS-2"):
        measure_for([*rows, older], "primary", "SMD", "MD")


def test_standardised_can_be_asked_for_on_one_instrument():
    document = pooled_evidence("mdd", treatment="esketamine", measure="smd")
    assert document["measure"] == "SMD"
    assert document["measure_reason"] == "standardised, as asked for"


def test_the_primary_time_comes_first_and_else_the_last_time():
    rows = entries(("mdd",), "ketamine", "symptoms")
    lii = [row for row in rows if row.trial_key == "lii2023"]
    chosen = one_per_trial(lii, "primary", "SMD")[0].entry
    assert chosen.primary_time_h is not None
    assert chosen.time_h == chosen.primary_time_h
    without = [replace(row, primary_time_h=None) for row in lii]
    latest = max(row.time_h for row in without if row.in_pooling)
    assert one_per_trial(without, "primary", "SMD")[0].entry.time_h == latest


def test_a_window_takes_the_last_time_within_it():
    document = pooled_evidence("mdd", window="week")
    times = {study["study"]: study["time_h"] for study in document["studies"]}
    span = rules()["window"]["week"]
    assert all(span["low_h"] <= time <= span["high_h"] for time in times.values())
    assert times["KET_Lii2023"] == 168.0


def test_windows_follow_one_another_without_a_gap():
    spans = [row for name, row in rules()["window"].items() if name != "primary"]
    for before, after in zip(spans, spans[1:], strict=False):
        assert before["low_h"] < before["high_h"]
        assert 0.0 < after["low_h"] - before["high_h"] <= 0.11


def test_a_primary_scale_comes_before_another_at_the_same_time():
    rows = [row for row in entries(("ptsd",), "ketamine", "symptoms") if row.study == "feder2021"]
    other = replace(rows[0], scale_key="madrs", contrast_id="other")
    assert one_per_trial([other, rows[0]], "primary", "SMD")[0].entry.scale == "CAPS-5"


def test_in_window_keeps_all_rows_for_the_primary_time():
    rows = entries(("mdd",), "ketamine", "symptoms")
    assert in_window(rows, "primary") == rows
    assert in_window(rows, "longer") != rows


# The bound of the null trial


def test_the_null_trial_is_in_as_a_bound_and_the_pool_stands_without_it_too(ptsd):
    bound = by_study(ptsd)["abdallah2022"]
    assert bound["is_bound"]
    assert bound["estimate"] == 0.0
    assert bound["standard_error"] == pytest.approx(0.195, abs=5e-4)
    assert (bound["low"], bound["high"]) == (pytest.approx(-0.39, abs=0.005), pytest.approx(0.39, abs=0.005))
    without = ptsd["without_bound"]
    assert without["k"] == ptsd["pooled"]["k"] - 1
    assert without["estimate"] < ptsd["pooled"]["estimate"] < 0.0
    assert "Abdallah 2022" in without["words"]


def test_a_pool_without_bounds_has_no_such_row():
    assert pooled_evidence("mdd", treatment="esketamine")["without_bound"] is None


def test_a_bound_has_no_raw_points_and_no_counts():
    row = next(each for each in entries(("ptsd",), "ketamine", "symptoms") if each.study == "abdallah2022")
    assert effect_of("x", row.figures, "MD").why == "a bound in SD units has no raw points"
    assert effect_of("x", row.figures, "log OR").why == "no counts of people were printed"


def test_without_its_bound_one_study_is_left_and_not_pooled(monkeypatch):
    def two_trials(*asked):
        return [row for row in entries(*asked) if row.study in ("feder2021", "abdallah2022")]

    monkeypatch.setattr("ketascope.evidence.summaries.document.entries", two_trials)
    document = pooled_evidence("ptsd", window="month")
    assert document["pooled"]["k"] == 2
    assert document["without_bound"]["estimate"] is None
    assert "at least two" in document["without_bound"]["words"]


# Effects from what was printed


def figures_of(contrast_id):
    return next(row for row in contrasts() if row.contrast_id == contrast_id).data()


@pytest.mark.parametrize(
    ("changes", "measure", "why"),
    [
        ({"measure": "none"}, "SMD", "no figures were printed"),
        ({"measure": "counts"}, "SMD", "counts of people have no mean"),
        ({"n_treatment": None}, "SMD", "the numbers of people in the groups were not printed"),
        (
            {"standard_error": None, "p_value": None, "ci_low": None, "ci_high": None},
            "MD",
            "no difference with a spread",
        ),
        (
            {"standard_error": None, "p_value": None, "ci_low": None, "ci_high": None},
            "SMD",
            "the difference was printed without a spread",
        ),
        ({"measure": "groups", "sd_control": 3.0}, "SMD", "no standard deviation was printed for the treatment group"),
    ],
)
def test_what_cannot_be_used_says_why(changes, measure, why):
    found = effect_of("x", {**figures_of("feder2021/1"), **changes}, measure)
    assert found.why.startswith(why)


def test_an_interval_and_a_p_value_give_the_standard_error_that_was_not_printed():
    printed = figures_of("feder2021/1")
    error = printed["standard_error"]
    t = 2.0484071417952445  # 97.5% of t with 28 degrees of freedom
    ends = {"ci_low": -11.88 - t * error, "ci_high": -11.88 + t * error, "ci_level": 0.95}
    from_interval = effect_of("x", {**printed, "standard_error": None, **ends}, "MD")
    assert from_interval.standard_error == pytest.approx(error, rel=1e-6)
    p_value = 0.005630  # two-sided, t = 3 with 28 degrees of freedom
    from_p = effect_of("x", {**printed, "standard_error": None, "p_value": p_value}, "MD")
    assert from_p.standard_error == pytest.approx(error, rel=1e-3)


def test_a_printed_standardised_difference_is_corrected_like_our_own():
    found = effect_of("x", figures_of("feder2021/2"), "SMD")
    assert found.estimate == pytest.approx(-1.13 * (1 - 3 / (4 * 28 - 1)), abs=1e-3)


# Sensitivity, small studies, dose


def test_the_sensitivity_set_is_part_of_every_pool(ptsd):
    names = [row["name"] for row in ptsd["sensitivity"]]
    assert names[0] == "main"
    assert {"outliers removed", "low risk of bias only", "estimator DL", "estimator FE", "test z"} <= set(names)
    assert {"without the bound", "leave one out: lowest", "leave one out: highest"} <= set(names)
    main = ptsd["sensitivity"][0]
    assert main["estimate"] == ptsd["pooled"]["estimate"]


def test_other_times_stand_in_the_sensitivity_set(ptsd):
    rows = {row["name"]: row for row in ptsd["sensitivity"]}
    assert rows["time: 12 to 48 hours"]["estimate"] is None
    assert rows["time: 12 to 48 hours"]["note"].startswith("Feder 2014")
    weeks = pooled_evidence("ptsd", window="month")["pooled"]
    assert rows["time: 12 days to 6 weeks"]["estimate"] == weeks["estimate"]


def test_tests_for_small_studies_are_refused_below_ten(ptsd):
    assert ptsd["small_study"]["egger"] is None
    assert "at least 10" in ptsd["small_study"]["refusal"]
    assert pooled_evidence("ocd")["small_study"]["refusal"].startswith("pooling needs at least two")


def test_the_dose_is_regressed_on_or_the_reason_is_given(ptsd):
    """All three PTSD trials gave 0.5 mg/kg, so nothing can be learned of the dose."""
    assert ptsd["dose_response"]["slope"] is None
    assert ptsd["dose_response"]["refusal"].startswith("moderator 'dose' is 0.5 in every study")
    assert pooled_evidence("ocd")["dose_response"]["refusal"]


def test_trials_come_in_by_year(ptsd):
    rows = ptsd["cumulative"]
    assert [row["k"] for row in rows] == list(range(1, PTSD_TRIALS + 1))
    assert rows[-1]["estimate"] == pytest.approx(ptsd["pooled"]["estimate"])
    assert pooled_evidence("ocd")["cumulative"] == []


# Names


def test_indications_of_the_model_of_the_tables_and_the_groups_can_be_asked_for():
    assert set(indications()) == {*INDICATIONS, "all"}


def test_names_are_known_in_any_case_and_the_nearest_is_offered():
    assert known("estimator", "reml", ("REML", "DL")) == "REML"
    with pytest.raises(InputError, match="did you mean 'REML'"):
        known("estimator", "REMLL", ("REML", "DL"))
    with pytest.raises(InputError, match=r"is unknown\. Known: REML, DL$"):
        known("estimator", "xyz", ("REML", "DL"))


def test_a_measure_must_fit_the_outcome():
    with pytest.raises(InputError, match="measure 'or' does not fit symptoms; use one of smd, md"):
        check_choices("ptsd", measure="or")
    with pytest.raises(InputError, match="measure 'md' does not fit response; use one of or, rr"):
        check_choices("ptsd", outcome="response", measure="md")


def test_the_verb_is_a_function_of_the_package():
    assert ketascope.pooled_evidence is pooled_evidence


# Overview


@pytest.fixture(scope="module")
def overview():
    return pooled_evidence()


def test_without_an_indication_there_is_a_row_an_indication_and_treatment(overview):
    assert overview["indication"] is None
    assert (overview["pooled"], overview["sensitivity"], overview["studies"]) == (None, [], [])
    rows = {(row["indication"], row["treatment"]): row for row in overview["overview"]}
    assert {indication for indication, _ in rows} == {"gad", "sad", "ptsd", "ocd", "mdd"}
    full = pooled_evidence("ptsd")
    row = rows["ptsd", "ketamine"]
    assert (row["k"], row["people"], row["estimate"]) == (PTSD_TRIALS, PTSD_PEOPLE, full["pooled"]["estimate"])
    assert row["certainty"] == full["certainty"]["grade"]
    assert row["words"] == full["words"]


def test_the_overview_says_what_is_not_pooled(overview):
    row = next(r for r in overview["overview"] if (r["indication"], r["treatment"]) == ("ocd", "ketamine"))
    assert row["estimate"] is None
    assert row["words"].startswith("Not pooled: 0 with usable figures")


def test_the_overview_of_one_treatment_has_that_one_only():
    rows = pooled_evidence(treatment="esketamine")["overview"]
    assert {row["treatment"] for row in rows} == {"esketamine"}


def test_own_rows_need_an_indication(tmp_path):
    with pytest.raises(InputError, match="your own rows need one indication"):
        pooled_evidence(studies_file=tmp_path / "x.csv")


def test_a_trial_outside_the_pool_is_drawn_once_with_its_reason():
    rows = entries(("mdd",), "ketamine", "symptoms")
    counted = one_per_trial(rows, "primary", "MD")
    absent = not_counted(rows, counted, "primary", "MD")
    assert len({row.entry.trial_key for row in absent}) == len(absent)
    assert all(row.why_not and not row.in_pooling for row in absent)
