"""The trials' part of the ledger: every row with its marks, misfits that follow from the record, nothing left out."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest

from ketascope.evidence import trial_ledger as ledger
from ketascope.evidence.studies.tables import Outcome, outcome, outcomes, studies
from ketascope.evidence.symptom_trials.leave_one_out import RIVALS, summary
from ketascope.evidence.symptom_trials.posterior import load_record
from ketascope.evidence.uncompared_rows import reasons, uncompared
from trial_records import comparisons, in_sds, left_out, predicted, record, rows


@pytest.fixture(scope="module")
def document():
    return ledger.trial_ledger(record())


@pytest.fixture(scope="module")
def packaged():
    return load_record()


@pytest.fixture(scope="module")
def shipped(packaged):
    return ledger.trial_ledger(packaged)


def misfits_of(**changes):
    return ledger.known_misfits(record(**changes))


class TestTheDocument:
    def test_it_is_json_without_nan(self, document):
        assert json.loads(json.dumps(document, allow_nan=False)) == document

    def test_every_row_of_the_record_is_there_with_its_figures_untouched(self, document):
        assert len(document["rows"]) == len(rows())
        for shown, given in zip(document["rows"], rows(), strict=True):
            assert given.items() <= shown.items()

    def test_a_row_is_named_by_its_source_and_in_the_words_of_its_source(self, document):
        named = {(row["trial"], row["arm"], row["time_h"]): (row["label"], row["what"]) for row in document["rows"]}
        assert named["daly2018", "esk84", 24.0] == ("Daly 2018", outcome("ESK_Daly2018:12").arm)
        assert named["taylor2018", "ket", 336.0] == ("Taylor 2018", "ketamine 0.5 mg/kg IV")
        assert named["hartland2023", "ketamine against control", 252.0][0] == "Hartland 2023"

    def test_a_published_pool_says_which_kind_of_control_it_had(self, document):
        pool = next(row for row in document["rows"] if row["trial"] == "hartland2023")
        assert pool["what"] == "ketamine against control (mixed)"

    def test_two_arms_of_one_outcome_are_joined(self):
        row = predicted("lii2023", "mdd", "ket against pbo", ["KET_Lii2023:3", "KET_Lii2023:4", "KET_Lii2023:1"])
        (shown,) = ledger.ledger_rows({"posterior_predictive": [row]})
        assert shown["what"] == "ketamine against placebo"

    def test_indications_have_names_also_those_of_mixed_samples(self, document):
        named = {row["indication"]: row["indication_label"] for row in document["rows"]}
        assert named["mdd"] == "major depressive disorder"
        assert named["anxiety_mixed"] == "mixed anxiety samples"

    def test_a_bound_is_neither_inside_nor_outside(self, document):
        (bound,) = (row for row in document["rows"] if row["kind"] == "bound")
        assert (bound["observed"], bound["inside_50"], bound["inside_95"]) == (None, None, None)
        assert bound["bound"] == pytest.approx(0.387, abs=1e-3)

    def test_uses_are_counted_apart_and_a_bound_is_not_counted_as_a_miss(self, document):
        fit, people, pools = document["summary"]
        assert fit == {"use": "fit", "rows": 9, "compared": 8, "inside_50": 2, "inside_95": 7}
        assert people["use"] == "check: same people as a fitted row"
        assert (pools["rows"], pools["compared"], pools["inside_95"]) == (2, 2, 1)

    def test_comparisons_of_trials_left_out_have_the_words_of_their_own_arms(self, document):
        shown = [(row["label"], row["what"], row["unit"]) for row in document["leave_one_out"]["rows"]]
        arms = [f"TRANSFORM-1 and -2 {who}: esketamine + antidepressant" for who in ("women", "men")]
        assert [what for _, what, _ in shown[-2:]] == arms
        assert {unit for *_, unit in shown} == {"SD"}
        assert document["leave_one_out"]["ketamine"] == record()["leave_one_out"]["ketamine"]

    def test_without_a_record_given_the_packaged_one_is_read(self, monkeypatch):
        monkeypatch.setattr(ledger, "load_record", lambda: record(seed=7))
        assert ledger.trial_ledger() == ledger.trial_ledger(record(seed=7))

    def test_it_needs_neither_the_simulation_nor_the_charts(self, root):
        code = (
            "import sys; sys.path[:0] = ['src', 'tests']\n"
            "from trial_records import record\n"
            "from ketascope.evidence.trial_ledger import trial_ledger\n"
            "trial_ledger(record())\n"
            "print(sorted({'jax', 'numpyro', 'altair', 'polars', 'xarray'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


class TestKnownMisfits:
    def test_an_observation_outside_its_95_interval_is_told_with_all_its_figures(self):
        sentence = next(text for text in misfits_of() if "10.5 d" in text)
        assert sentence == (
            "Hartland 2023, ketamine against control (mixed) at 10.5 d: observed −0.40 SD, below the 95% interval of "
            "the prediction, −0.10 (−0.30 to 0.10); in the fit."
        )

    def test_a_published_pool_outside_says_that_it_is_a_check(self):
        (sentence,) = (text for text in misfits_of() if text.startswith("Wilkinson 2019"))
        assert sentence.endswith("check: published pool.")

    def test_an_observation_inside_is_no_misfit(self):
        assert not any("Daly 2018, " in text for text in misfits_of())

    def test_changing_a_row_changes_the_misfits(self):
        changed = rows()
        changed[1] |= in_sds(-0.15, -0.1, 0.2)
        changed[5] |= {"observed": -1.0, "inside_50": False, "inside_95": False}
        before, after = misfits_of(), misfits_of(posterior_predictive=changed)
        assert any("10.5 d" in text for text in before)
        assert not any("10.5 d" in text for text in after)
        (new,) = set(after) - set(before)
        assert new.startswith("Daly 2018, placebo at 24 h: observed −1.0 points, above the 95% interval")

    def test_a_bound_that_few_predictions_keep_is_a_misfit_and_no_estimate_is_made_up(self):
        changed = rows()
        changed[4]["probability_within_bound"] = 0.021
        (sentence,) = set(misfits_of(posterior_predictive=changed)) - set(misfits_of())
        assert sentence.startswith("Abdallah 2022")
        assert sentence.endswith("no difference was found, so it is below 0.39 SD either way; 2.1% of predictions are.")

    def test_a_trial_that_the_others_do_not_predict_is_a_misfit(self):
        before = misfits_of()
        after = misfits_of(comparisons=[left_out("daly2018", "esk84", 24.0, -1.7, -0.6), *comparisons()[:2]])
        (new,) = set(after) - set(before)
        assert new.startswith("Daly 2018, esketamine 84 at 24 h: observed −1.70 SD, below")
        assert new.endswith("predicted from the other trials.")

    def test_a_trial_stands_out_only_if_its_effect_is_both_large_and_away_from_none(self):
        found = [text for text in misfits_of() if "own effect" in text]
        assert found == [
            "Taylor 2018: more benefit than its drug, dose, route, time and control explain; its own effect is 1.05 "
            "(0.20 to 2.10) SDs between trials."
        ]

    def test_a_trial_that_does_worse_than_the_model_says_is_named_as_such(self):
        effects = [{"trial": "daly2018", "benefit": [-2.4, -1.3, -0.1], "placebo": [-1.0, 0.0, 1.0]}]
        (found,) = (text for text in misfits_of(trial_effects=effects) if "own effect" in text)
        assert found.startswith("Daly 2018: less benefit than")
        assert "−1.30 (−2.40 to −0.10)" in found

    def test_no_misfit_is_an_empty_list(self):
        quiet = [row for row in rows() if row["inside_95"]]
        none = [{"trial": "daly2018", "benefit": [-1.0, 0.0, 1.0], "placebo": [-1.0, 0.0, 1.0]}]
        good = [left_out("daly2018", "esk84", 24.0, -0.6, -0.6)]
        assert misfits_of(posterior_predictive=quiet, trial_effects=none, comparisons=good) == []

    def test_a_small_negative_figure_is_no_minus_zero(self):
        changed = rows()
        changed[5] |= {"observed": -0.04, "inside_50": False, "inside_95": False}
        (new,) = set(misfits_of(posterior_predictive=changed)) - set(misfits_of())
        assert "observed 0.0 points" in new


class TestDoseSupport:
    def test_a_clear_margin_over_both_rivals_reads_supported(self):
        text = ledger.dose_support(record())
        assert text.startswith("Route and dose are supported by the data")
        assert "mean CRPS 0.190 for the mechanism" in text
        assert f"({RIVALS[0]})" in text
        assert "over 4 ketamine and esketamine trials" in text

    @pytest.mark.parametrize("better", RIVALS)
    def test_one_rival_that_is_as_close_is_enough_to_say_not_supported(self, better):
        items = comparisons()
        for row in items:
            row["rival_crps"][better] = 0.15
        text = ledger.dose_support(record(comparisons=items))
        assert "route and dose are not supported by the data" in text

    def test_a_margin_within_two_standard_errors_reads_weakly_supported(self):
        items = comparisons()
        items[0]["crps"] = 0.38
        scores = summary(items)
        assert scores["beats_rivals"]
        text = ledger.dose_support(record(comparisons=items))
        assert text.startswith("Route and dose are weakly supported by the data, by a margin that chance may explain")

    def test_the_margin_is_over_trials_and_not_over_rows(self):
        mean, error = ledger._margin(record(), RIVALS[0])
        by_trial = [0.20 - 0.25, 0.20 - 0.25, 0.15 - 0.25, 0.21 - 0.25]
        assert mean == pytest.approx(sum(by_trial) / 4)
        spread = math.sqrt(sum((value - mean) ** 2 for value in by_trial) / 3)
        assert error == pytest.approx(spread / math.sqrt(4))

    def test_signs_are_true_minus_signs(self):
        text = ledger.dose_support(record())
        assert "difference (standard error) −" in text
        assert "-0" not in text

    def test_one_trial_alone_supports_nothing_clearly(self):
        text = ledger.dose_support(record(comparisons=comparisons()[:1]))
        assert "weakly supported" in text

    def test_without_a_trial_left_out_it_is_unknown_and_not_no(self):
        scores = {"trials_scored": 0, "crps": None, "rivals": {}, "beats_rivals": False}
        text = ledger.dose_support({"leave_one_out": {"rows": [], "ketamine": scores}})
        assert "is unknown" in text
        assert "not supported" not in text


class TestRowsThatAreNotCompared:
    def test_compared_and_uncompared_rows_are_all_rows_of_the_tables(self, document):
        used = {name for row in document["rows"] for name in row["outcomes"] if ":" in name}
        others = [row["outcome_id"] for row in document["not_compared"]]
        assert len(set(others)) == len(others)
        assert not used & set(others)
        assert used | set(others) == {row.outcome_id for row in outcomes()}

    def test_every_one_has_a_reason_and_the_reasons_count_them_all(self, document):
        assert all(row["reason"] and row["why"] for row in document["not_compared"])
        assert sum(row["rows"] for row in document["reasons"]) == len(document["not_compared"])
        counts = [row["rows"] for row in document["reasons"]]
        assert counts == sorted(counts, reverse=True)
        assert len(counts) < 12

    def test_rows_from_recall_are_named_before_any_other_reason(self, document):
        by_id = {row["outcome_id"]: row for row in document["not_compared"]}
        recalled = [row.outcome_id for row in outcomes() if row.verified == "recall"]
        assert len(recalled) > 10
        assert {by_id[name]["reason"] for name in recalled} == {"from recall"}

    def test_a_figure_of_a_trial_in_the_fit_says_under_what_it_is_counted(self, document):
        by_study = {row["study"]: row for row in document["not_compared"] if row["reason"].startswith("same trial")}
        assert by_study["ESK_Daly2018"]["why"] == "same trial counted under other rows of its own"
        # The pool of the two trials holds this one.
        assert "ESK_Popova2019" in studies()["ESK_Sex2022"].within
        assert by_study["ESK_Popova2019"]["why"] == "same trial counted under Jones 2022"

    def test_a_figure_of_a_published_check_is_not_called_counted(self, document):
        why = {row["why"] for row in document["not_compared"] if row["study"] == "MDD_Taylor2006"}
        assert why == {"same source checked under other rows of its own"}

    def test_a_check_that_becomes_part_of_the_fit_changes_the_reason(self):
        pool = predicted("taylor2006", "mdd", "drug against pbo", "MDD_Taylor2006:2", use="fit")
        why = {row["why"] for row in uncompared([pool]) if row["study"] == "MDD_Taylor2006"}
        assert why == {"same trial counted under other rows of its own"}

    def test_a_trial_outside_the_file_says_what_its_comparison_lacks(self, document):
        found = {row["outcome_id"]: row["why"] for row in document["not_compared"]}
        assert found["GAD_Rickels2003:6"] == "left out of the calibration: arm sizes not read"
        assert found["KET_Hu2016:2"] == "left out of the calibration: remitters, which the model does not predict"

    def test_a_figure_that_could_have_been_used_gives_the_reason_of_the_trial_file(self, document):
        found = {row["outcome_id"]: row["why"] for row in document["not_compared"]}
        assert found["KET_Hu2016:1"].endswith("whose sizes are only inferred"), "a reason of its own"

    def test_sources_without_a_comparison_give_their_own_words(self, document):
        found = {row["outcome_id"]: row for row in document["not_compared"]}
        opened = found["glue2017:1"]
        assert opened["reason"] == "no comparison with a control"
        assert opened["why"].endswith("everyone was treated, so there is nothing to compare with")
        named = next(row for row in document["not_compared"] if row["study"] == "KET_Chilukuri2014")
        assert studies()["KET_Chilukuri2014"].no_comparison in named["why"]

    def test_conditions_that_the_model_does_not_have_are_named(self, document):
        other = [row for row in document["not_compared"] if row["reason"] == "another condition"]
        assert {row["indication"] for row in other} <= {"cancer", "panic", "other"}
        assert all(row["why"] != "another condition: " for row in other)

    @pytest.mark.parametrize(
        ("changes", "reason", "words"),
        [
            ({"value": None, "events": None}, "no figures", "no figures were printed"),
            ({"measure": "events", "scale": "vomiting"}, "no rating of symptoms after a dose", "vomiting"),
            ({"measure": "baseline"}, "no rating of symptoms after a dose", "where the model starts"),
            ({"measure": "median"}, "left out of the calibration", "median, which the model does not predict"),
            ({"scale": "SF-36", "scale_key": ""}, "left out of the calibration", "SF-36 is no scale of a trial"),
            ({}, "left out of the calibration", "whose sizes are only inferred"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_each_reason_follows_from_the_row(self, changes, reason, words, monkeypatch):
        blank = dict.fromkeys(Outcome.__dataclass_fields__, "")
        empty = dict.fromkeys(("window_start_h", "spread_low", "spread_high", "events", "p_value"))
        row = blank | empty | {"outcome_id": "KET_Hu2016:99", "study": "KET_Hu2016", "arm": "a", "verified": "text"}
        row |= {"scale": "MADRS", "scale_key": "madrs", "time_h": 24.0, "measure": "change", "value": -3.0, "n": 10}
        made = Outcome(**(row | changes))
        monkeypatch.setattr("ketascope.evidence.uncompared_rows.outcomes", lambda: (made,))
        (found,) = uncompared(rows())
        assert found["reason"] == reason
        assert words in found["why"]

    def test_reasons_of_nothing_are_none(self):
        assert reasons([]) == []


class TestThePackagedRecord:
    """The ledger of the fit that ships; its figures change with the fit, so only what must hold of any fit is asked."""

    def test_the_record_by_hand_has_its_structure(self, packaged):
        assert record().keys() == packaged.keys()
        for name in ("posterior_predictive", "prior_predictive", "parameters", "trial_effects", "sensitivity"):
            own = {frozenset(row) for row in record()[name]}
            assert own == {frozenset(row) for row in packaged[name]}, name
        assert record()["second_seed"].keys() == packaged["second_seed"].keys()
        for name in ("all", "ketamine"):
            mine, theirs = (table["leave_one_out"][name] for table in (record(), packaged))
            assert mine.keys() == theirs.keys()
            assert mine["coverage"].keys() == theirs["coverage"].keys()
        assert {frozenset(row) for row in comparisons()} <= {
            frozenset(row) for row in packaged["leave_one_out"]["rows"]
        }

    def test_marks_agree_with_the_intervals(self, shipped):
        for row in [*shipped["rows"], *shipped["leave_one_out"]["rows"]]:
            assert row["low_95"] <= row["low_50"] <= row["median"] <= row["high_50"] <= row["high_95"]
            if row["observed"] is None:
                assert row["inside_95"] is None
                continue
            for level in ("50", "95"):
                low, high = row[f"low_{level}"], row[f"high_{level}"]
                # The record has five digits, so an observation on an end may fall on either side of it.
                near = min(abs(row["observed"] - end) for end in (low, high)) <= 1e-4 * max(abs(low), abs(high), 1e-9)
                assert near or row[f"inside_{level}"] == (low <= row["observed"] <= high)

    def test_every_row_outside_has_its_sentence(self, shipped):
        outside = [row for row in shipped["rows"] if row["inside_95"] is False]
        outside += [row for row in shipped["leave_one_out"]["rows"] if not row["inside_95"]]
        told = [text for text in shipped["known_misfits"] if "95% interval of the prediction" in text]
        assert len(told) == len(outside)
        for row in outside:
            assert any(text.startswith(f"{row['label']}, {row['what']}") for text in told)

    def test_the_figures_that_must_be_shown_are_there(self, shipped):
        trials = {(row["trial"], row["time_h"]) for row in shipped["rows"]}
        for wanted in (("hartland2023", 2.0), ("hartland2023", 24.0), ("hartland2023", 252.0), ("abdallah2022", 672.0)):
            assert wanted in trials
        keys = {trial for trial, _ in trials}
        assert {"feder2021", "taylor2018", "rodriguez2013", "lii2023", "singh2016", "issari2016", "taylor2006"} <= keys
        daly = [row for row in shipped["rows"] if row["trial"] == "daly2018"]
        assert len(daly) == 4 * 3

    def test_every_figure_of_the_tables_is_compared_or_has_a_reason(self, shipped):
        compared = {name for row in shipped["rows"] for name in row["outcomes"] if ":" in name}
        others = {row["outcome_id"] for row in shipped["not_compared"]}
        assert not compared & others
        assert compared | others == {row.outcome_id for row in outcomes()}
        for name in compared:
            assert outcome(name).verified != "recall"

    def test_it_is_json(self, shipped):
        assert json.loads(json.dumps(shipped, allow_nan=False)) == shipped

    def test_the_verdict_on_dose_and_route_agrees_with_the_scores(self, shipped):
        scores = shipped["leave_one_out"]["ketamine"]
        beaten = all(scores["crps"] < value for value in scores["rivals"].values())
        assert scores["beats_rivals"] == beaten
        assert ("not supported by the data" in shipped["dose_support"]) == (not beaten)
