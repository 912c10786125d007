"""Certainty and words: a sentence is never stronger than its grade or its interval; checks stay checks."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ketascope.data import load
from ketascope.evidence.studies import published
from ketascope.evidence.summaries import certainty as grading
from ketascope.evidence.summaries.certainty import certainty, in_sentence, rated, words
from ketascope.evidence.summaries.choices import check_choices, rules
from ketascope.evidence.summaries.flags import flags
from ketascope.evidence.summary import pooled_evidence

CLEAR = {"estimate": -0.6, "low": -0.9, "high": -0.3, "i2": 10.0, "k": 6, "converged": True, "message": ""}
CLEAR["normal_interval"] = {"low": -0.85, "high": -0.35}
OPEN = CLEAR | {"high": 0.1}
PTSD = check_choices("ptsd")
GAD_SSRI = check_choices("gad", treatment="ssri", outcome="response")


def study(**changes: Any) -> dict[str, Any]:
    facts = {"label": "A 2020", "risk_of_bias": "low", "n_treatment": 300, "n_control": 300, "in_pooling": True}
    facts |= {"is_bound": False, "is_user": False, "estimate": -0.5, "time_h": 24.0, "control_kind": "active"}
    return facts | {"indication": "ptsd"} | changes


# Words by certainty


@pytest.mark.parametrize(
    ("grade", "said"),
    [
        (
            "high",
            "Ketamine reduces symptoms in post-traumatic stress disorder, on the 6 trials whose figures were read",
        ),
        ("moderate", "Ketamine probably reduces symptoms in"),
        ("low", "Ketamine may reduce symptoms in"),
        ("very low", "It is very uncertain whether ketamine reduces symptoms in"),
        ("not graded", "It is very uncertain whether ketamine reduces symptoms in"),
    ],
)
def test_the_grade_chooses_the_verb(grade, said):
    sentence = words(PTSD, grade, CLEAR, 6)
    assert sentence.startswith(said)
    assert sentence.endswith(f"({grade} certainty).")


def test_a_plural_takes_a_plural_verb():
    better = CLEAR | {"estimate": 0.8, "low": 0.3, "high": 1.2, "normal_interval": {"low": 0.4, "high": 1.1}}
    assert words(GAD_SSRI, "high", better, 6).startswith("SSRIs increase the chance of response in")
    assert words(GAD_SSRI, "moderate", better, 6).startswith("SSRIs probably increase the chance")
    assert "whether SSRIs increase the chance" in words(GAD_SSRI, "very low", better, 6)


def test_an_interval_that_includes_no_difference_is_said_in_every_grade():
    for grade in ("high", "moderate", "low", "very low"):
        assert "the pooled interval includes no difference" in words(PTSD, grade, OPEN, 6)
        assert "includes no difference" not in words(PTSD, grade, CLEAR, 6)


def test_the_wrong_side_is_called_worse():
    worse = CLEAR | {"estimate": 0.5, "low": 0.2, "high": 0.8, "normal_interval": {"low": 0.3, "high": 0.7}}
    assert words(PTSD, "low", worse, 6).startswith("Ketamine may increase symptoms")
    fewer = CLEAR | {"estimate": -0.5}
    assert words(GAD_SSRI, "low", fewer, 6).startswith("SSRIs may lower the chance of response")


def test_no_pool_no_effect_in_words():
    assert "no study has usable numbers" in words(PTSD, "low", None, 0)
    assert "one study has usable numbers and is shown as it is" in words(PTSD, "low", None, 1)
    for sentence in (words(PTSD, "low", None, 0), words(PTSD, "low", None, 1)):
        assert "reduce" not in sentence


def test_names_keep_their_capitals_inside_a_sentence():
    assert [in_sentence(name) for name in ("Ketamine", "SSRIs", "SNRIs")] == ["ketamine", "SSRIs", "SNRIs"]


# Certainty


def test_a_grade_of_the_sources_stands_with_its_reasons():
    found = certainty(PTSD, {"IV"}, [study()], CLEAR)
    row = load("evidence_summary")["evidence"]["ptsd"]["ketamine:IV"]
    assert found["grade"] == row["certainty"] == "low"
    assert all(any(reason in said for said in found["reasons"]) for reason in row["reasons"])
    assert "graded in our sources" in found["graded_by"]


def test_a_pool_that_includes_no_difference_is_capped():
    """Cochrane grades SSRI response in PTSD as moderate; two trials of ours cannot carry that."""
    choices = check_choices("ptsd", treatment="ssri", outcome="response")
    assert certainty(choices, {"oral"}, [study()], CLEAR)["grade"] == "moderate"
    capped = certainty(choices, {"oral"}, [study()], OPEN)
    assert capped["grade"] == "low"
    assert any("our own pool" in reason for reason in capped["reasons"])


def test_the_lowest_grade_of_a_group_stands():
    choices = check_choices("all", outcome="response")
    assert certainty(choices, {"IV"}, [study()], CLEAR)["grade"] == "very low"


def test_a_treatment_without_any_trial_has_no_evidence():
    assert certainty(check_choices("sad", treatment="snri"), set(), [], None)["grade"] == "no evidence"


def test_trials_that_nobody_graded_and_nobody_pooled_are_not_graded():
    found = certainty(check_choices("gad", treatment="snri"), set(), [], None)
    assert found["grade"] == "not graded"
    assert any("trials exist" in reason for reason in found["reasons"])


@pytest.mark.parametrize(
    ("changes", "pooled", "missing", "grade", "reason"),
    [
        ({}, CLEAR, "", "high", "start at high"),
        ({"risk_of_bias": "not stated"}, CLEAR, "", "moderate", "risk of bias: 1 of 1"),
        ({}, CLEAR | {"i2": 75.0}, "", "moderate", "inconsistency: I2 is 75%"),
        ({}, OPEN, "", "moderate", "imprecision: the pooled interval includes no difference"),
        ({"n_control": 50}, CLEAR, "", "moderate", "imprecision: 350 people, fewer than 400"),
        ({}, CLEAR, "a part", "moderate", "missing results: a part"),
        ({"risk_of_bias": "high"}, OPEN | {"i2": 75.0}, "a part", "very low", "risk of bias"),
    ],
)
def test_the_rule_takes_one_step_for_each_concern(changes, pooled, missing, grade, reason):
    found = rated([study(**changes)], pooled, missing)
    assert found["grade"] == grade
    assert any(reason in said for said in found["reasons"])
    assert found["graded_by"] == "by rule, not by a panel"


def test_a_study_outside_the_pool_does_not_count_in_the_rating():
    inside, outside = study(), study(in_pooling=False, risk_of_bias="very high", n_treatment=5)
    assert rated([inside, outside], CLEAR, "")["grade"] == "high"


def test_a_null_trial_that_is_in_as_a_bound_is_not_missing():
    rows = [("x", {"flags": ["null_trial", "subset"]})]
    assert "found no benefit" in grading._missing_trials(rows, [study()])
    with_bound = grading._missing_trials(rows, [study(is_bound=True)])
    assert "found no benefit" not in with_bound
    assert "a part of those that exist" in with_bound


def test_the_thresholds_name_where_they_come_from():
    assert "GRADE" in rules()["rating"]["source"]
    assert rules()["rating"]["grade"] == "assumed"


# Flags


def coded(choices, **document):
    facts = {"studies": [study()], "pooled": CLEAR, "without_numbers": [], "measure": "SMD", **document}
    return {flag["code"]: flag["message"] for flag in flags(choices, facts)}


def test_few_studies_and_a_search_that_did_not_end_are_said():
    found = coded(PTSD, pooled=CLEAR | {"k": 3, "converged": False, "message": "too many steps"})
    assert found["few_studies"].startswith("3 trials")
    assert "too many steps" in found["not_converged"]
    assert set(coded(PTSD)) == set()


def test_times_far_apart_are_said():
    both = [study(time_h=24.0), study(time_h=672.0)]
    assert "24 h to 4 wk" in coded(PTSD, studies=both)["times_differ"]
    assert "times_differ" not in coded(PTSD, studies=[study(time_h=24.0), study(time_h=48.0)])


def test_an_interval_narrowed_by_agreement_is_said_and_not_believed():
    """Two trials that agree by chance have a Knapp-Hartung interval narrower than either error allows."""
    document = pooled_evidence("ptsd", treatment="ssri", outcome="response")
    normal = document["pooled"]["normal_interval"]
    assert normal["low"] < document["pooled"]["low"] < document["pooled"]["high"] < normal["high"]
    message = next(flag["message"] for flag in document["flags"] if flag["code"] == "narrowed")
    assert f"{math.exp(normal['low']):.2f} to {math.exp(normal['high']):.2f}" in message
    narrow = CLEAR | {"normal_interval": {"low": -1.0, "high": 0.2}}
    assert "includes no difference" in words(PTSD, "low", narrow, 6)
    assert "−1.00 to 0.20" in coded(PTSD, pooled=narrow)["narrowed"]


def test_an_inert_control_and_own_rows_are_named():
    assert "A 2020" in coded(PTSD, studies=[study(control_kind="inert")])["inert_control"]
    assert "A 2020" in coded(PTSD, studies=[study(is_user=True, indication="mdd")])["own_rows"]


def test_small_positive_trials_warn_only_where_all_are_small_and_positive():
    small = {"n_treatment": 15, "n_control": 15}
    assert "none found" in coded(PTSD, studies=[study(**small)])["small_positive"]
    assert "small_positive" not in coded(PTSD, studies=[study(**small), study(**small, estimate=0.1)])
    assert "small_positive" not in coded(PTSD, studies=[study(**small), study()])


# Published estimates beside ours


@pytest.fixture(scope="module")
def ptsd_checks():
    return {row["id"]: row for row in pooled_evidence("ptsd")["checks"]}


def test_published_pools_stand_beside_ours_with_the_sign_turned(ptsd_checks):
    ours = pooled_evidence("ptsd")["pooled"]
    row = ptsd_checks["borgogna2024_all"]
    printed = next(each for each in published() if each.meta_id == "borgogna2024_all")
    assert row["published_estimate"] == -printed.estimate
    assert (row["published_low"], row["published_high"]) == (-printed.ci_high, -printed.ci_low)
    assert row["ours_estimate"] == ours["estimate"]
    assert "intervals meet" in row["note"] or "lies within" in row["note"]


def test_change_before_to_after_is_never_set_beside_ours(ptsd_checks):
    row = ptsd_checks["kwan2024_pcl5"]
    assert row["ours_estimate"] is None
    assert "never to be read as drug against placebo" in row["note"]


def test_another_measure_is_not_set_beside_ours(ptsd_checks):
    row = ptsd_checks["ptsd_rct_ma_2023_caps"]
    assert row["ours_estimate"] is None
    assert "another measure" in row["note"]


def test_harms_and_prevalence_are_no_checks_of_symptoms(ptsd_checks):
    assert not {"ptsd_rct_ma_2023_drymouth", "du2021_incidence", "ptsd_rct_ma_2023_relapse"} & set(ptsd_checks)


def test_reviews_in_the_tables_are_checks_too():
    rows = pooled_evidence("sad", treatment="ssri", outcome="response")["checks"]
    assert [row["published_estimate"] for row in rows] == [1.65]
    found = pooled_evidence("sad", treatment="ssri", outcome="response", measure="rr")["checks"][0]
    assert found["ours_estimate"] > 1.0
    assert found["note"] == "printed without an interval"


def test_a_check_never_enters_the_pool():
    document = pooled_evidence("ocd", treatment="ssri")
    assert document["checks"]
    assert document["pooled"] is None
