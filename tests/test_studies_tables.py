"""The study tables: nothing is lost, one trial has one key, memory never counts, and names lead somewhere."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

import pytest

from evidence_today import COMPARATORS, OUTCOMES, PTSD_TRIALS, STUDIES, TRIALS
from ketascope.errors import InputError
from ketascope.evidence.studies import (
    Contrast,
    arms,
    contrasts,
    outcomes,
    published,
    studies,
    study,
)
from ketascope.evidence.studies.arm_words import arm_words
from ketascope.evidence.studies.rows import Study, read_table
from ketascope.evidence.studies.tables import outcome, table_text

COUNTED = [row for row in contrasts() if row.in_pooling]
SAME_TRIAL = {
    "lii2023": {"lii2023", "KET_Lii2023"},
    "singh2016": {"singh2016", "KET_Singh2016b"},
    "fava2020": {"fava2020", "KET_Fava2020"},
    "takahashi2021": {"takahashi2021", "ESK_Takahashi2021"},
    "glue2024bedroc": {"glue2024bedroc", "KET_Glue2024"},
    "loo2023": {"loo2023", "KET_Loo2023", "KET_Loo2023_news"},
}


class TestNothingIsLost:
    def test_every_row_that_was_found_is_in_the_tables(self) -> None:
        assert len(studies()) == STUDIES
        assert len(outcomes()) == OUTCOMES
        assert len(published()) == 30
        assert Counter(row.table for row in studies().values()) == {"trials": TRIALS, "comparators": COMPARATORS}

    def test_rows_from_memory_are_kept_and_visible(self) -> None:
        recalled = [row for row in outcomes() if row.verified == "recall"]
        assert len(recalled) > 30
        assert {"KET_Zarate2006", "loo2023", "feder2014"} <= {row.study for row in recalled}

    def test_studies_without_any_figure_have_a_row(self) -> None:
        silent = {row.study for row in studies().values() if not outcomes(row.study)}
        assert {"OCD_Kronig1999", "KET_Shiroma2020"} <= silent

    @pytest.mark.parametrize(
        ("outcome_id", "value", "events", "n", "count_from"),
        [
            ("taylor2018:1", 33.33, 6, 18, "percent"),
            ("SAD_Stein1998:1", 55.0, 50, 91, "printed"),
            ("GAD_Davidson2004:2", 58.0, 92, 158, "percent"),
            ("ESK_Daly2019:3", 26.7, 24, 90, "printed"),
            ("irwin2013:5", 57.14, 8, 14, "printed"),
            ("KET_Jelovac2025:3", 46.9, 15, 32, "percent"),
        ],
    )
    def test_counts_and_percentages_have_one_form(
        self, outcome_id: str, value: float, events: int, n: int, count_from: str
    ) -> None:
        row = outcome(outcome_id)
        assert (row.value, row.events, row.n, row.count_from) == (value, events, n, count_from)

    def test_a_count_without_people_stays_a_count(self) -> None:
        row = outcome("feder2014:5")
        assert (row.value, row.events, row.n) == (None, 4, None)

    def test_a_null_result_is_no_missing_row(self) -> None:
        row = outcome("abdallah2022:1")
        assert row.measure == "difference"
        assert row.value is None
        assert "not significant" in row.note

    def test_nothing_reported_has_the_measure_none(self) -> None:
        silent = {row.study for row in outcomes() if row.measure == "none"}
        assert {"otago_mech_rct", "yale_kpe", "nct02624596"} <= silent
        assert all(row.value is None for row in outcomes() if row.measure == "none")

    def test_ever_within_a_window_is_told_from_a_visit(self) -> None:
        assert outcome("taylor2018:1").window_start_h == 0.0
        assert outcome("bloch2012:1").window_start_h == 24.0
        assert outcome("feder2021:3").window_start_h is None

    @pytest.mark.parametrize(("outcome_id", "p_value"), [("feder2014:1", 0.02), ("SAD_Asakura2016:1", 0.089)])
    def test_printed_p_values_are_numbers(self, outcome_id: str, p_value: float) -> None:
        assert outcome(outcome_id).p_value == p_value


class TestOneTrialOneKey:
    @pytest.mark.parametrize("key", SAME_TRIAL)
    def test_names_of_one_trial_share_its_key(self, key: str) -> None:
        assert {row.study for row in studies().values() if row.trial_key == key} == SAME_TRIAL[key]

    def test_no_other_two_studies_share_a_key(self) -> None:
        shared = {key for key, n in Counter(row.trial_key for row in studies().values()).items() if n > 1}
        assert shared == set(SAME_TRIAL)

    def test_names_of_one_trial_never_disagree_on_what_it_was(self) -> None:
        for names in SAME_TRIAL.values():
            rows = [study(name) for name in names]
            assert len({row.indication for row in rows}) == 1
            assert len({row.risk_of_bias for row in rows}) == 1

    @pytest.mark.parametrize(
        ("name", "within"),
        [
            ("daly2021", ("ESK_Popova2019",)),
            ("ESK_Turkoz2021", ("ESK_Fedgchin2019", "ESK_Popova2019")),
            ("ESK_Sex2022", ("ESK_Fedgchin2019", "ESK_Popova2019", "ESK_OchsRoss2020")),
            ("salloum2019", ("fava2020",)),
            ("truppmanlattie2021", ("glue2017", "glue2018", "glue2020")),
        ],
    )
    def test_a_part_of_a_trial_names_the_trial(self, name: str, within: tuple[str, ...]) -> None:
        assert study(name).within == within


class TestLookingUp:
    @pytest.mark.parametrize(
        ("word", "hint"),
        [
            ("feder2012", "did you mean 'feder2021'?"),
            ("FEDER2021", "did you mean 'feder2021'?"),
            ("ket_lii2023", "did you mean 'KET_Lii2023'?"),
            ("xyz", "'ketascope evidence list' shows all of them"),
        ],
    )
    def test_an_unknown_study_is_one_line_that_offers_the_nearest(self, word: str, hint: str) -> None:
        with pytest.raises(InputError) as caught:
            study(word)
        assert str(caught.value) == f"unknown study '{word}'; {hint}"
        with pytest.raises(InputError):
            arms(word)
        with pytest.raises(InputError):
            outcomes(word)

    def test_an_unknown_outcome_is_an_error(self) -> None:
        with pytest.raises(InputError, match="unknown outcome 'feder2021:99'"):
            outcome("feder2021:99")

    def test_the_caller_cannot_spoil_the_table(self) -> None:
        studies().clear()
        assert len(studies()) == STUDIES

    @pytest.mark.parametrize(
        ("name", "label"),
        [
            ("feder2021", "Feder 2021"),
            ("nct02624596", "NCT02624596"),
            ("otago_mech_rct", "Glue (year not read)"),
            ("GAD_FirstLineNMA", "First-line drug network (year not read)"),
            ("ESK_Sex2022", "Jones 2022"),
        ],
    )
    def test_a_study_can_be_called_something(self, name: str, label: str) -> None:
        assert study(name).label == label

    def test_every_label_is_filled(self) -> None:
        assert all(row.label.strip() for row in studies().values())


class TestReadingText:
    HEAD = ",".join(Study.__dataclass_fields__)

    def test_a_table_round_trips(self) -> None:
        rows = read_table(Study, table_text("studies.csv"), "studies.csv")
        assert rows == tuple(studies().values())

    @pytest.mark.parametrize(
        ("column", "text", "message"),
        [
            ("year", "2O21", "x.csv row 2 (a), year: '2O21' must be empty or a whole number"),
            ("n_randomised", "1.5", "x.csv row 2 (a), n_randomised: '1.5' must be empty or a whole number"),
            ("primary_time_h", "one day", "x.csv row 2 (a), primary_time_h: 'one day' must be empty or a number"),
        ],
    )
    def test_a_cell_that_is_no_number_is_named(self, column: str, text: str, message: str) -> None:
        cells = dict.fromkeys(Study.__dataclass_fields__, "") | {"study": "a", column: text}
        stream = io.StringIO()
        csv.DictWriter(stream, cells).writerow(cells)
        with pytest.raises(InputError) as caught:
            read_table(Study, f"{self.HEAD}\n{stream.getvalue()}", "x.csv")
        assert str(caught.value) == message

    def test_other_columns_are_refused(self) -> None:
        with pytest.raises(InputError, match=r"^x.csv: the columns must be study, trial_key"):
            read_table(Study, "study,year\na,2000\n", "x.csv")

    def test_a_flag_is_yes_or_no(self) -> None:
        cells = dict.fromkeys(Contrast.__dataclass_fields__, "") | {"contrast_id": "a", "bound": "true"}
        stream = io.StringIO()
        csv.DictWriter(stream, cells).writerow(cells)
        head = ",".join(Contrast.__dataclass_fields__)
        with pytest.raises(InputError, match=r"x.csv row 2 \(a\), bound: 'true' must be yes or no"):
            read_table(Contrast, f"{head}\n{stream.getvalue()}", "x.csv")


class TestComparisons:
    def test_a_trial_counts_once_for_each_outcome_and_time(self) -> None:
        keys = Counter((row.trial_key, row.indication, row.drug, row.outcome, row.time_h) for row in COUNTED)
        assert max(keys.values()) == 1

    def test_a_part_never_counts_beside_its_trial(self) -> None:
        counted = {(row.study, row.outcome, row.time_h) for row in COUNTED}
        assert any(row.holds for row in COUNTED)
        for row in COUNTED:
            for part in row.holds:
                assert (part, row.outcome, row.time_h) not in counted, f"{row.contrast_id} repeats {part}"

    def test_memory_never_counts(self) -> None:
        assert {row.data()["verified"] for row in COUNTED} == {"text", "secondary"}

    def test_every_comparison_that_counts_has_figures(self) -> None:
        for row in COUNTED:
            assert row.data()["measure"] != "none", row.contrast_id

    def test_a_comparison_that_does_not_count_says_why(self) -> None:
        assert all(bool(row.why_not) != row.in_pooling for row in contrasts())

    def test_withdrawal_and_other_treatments_are_never_pooled(self) -> None:
        assert not any(study(row.study).kind == "withdrawal" for row in COUNTED)
        assert not {"KET_Anand2023", "KET_Ekstrand2022", "ESK_Reif2023"} & {row.study for row in COUNTED}

    def test_null_ptsd_trials_without_an_estimate_are_in_the_pool_as_bounds(self) -> None:
        rows = [row for row in COUNTED if row.bound]
        assert [(row.study, row.drug, row.indication, row.outcome) for row in rows] == [
            ("abdallah2022", "ketamine", "ptsd", "symptoms"),
            ("PTSD_Friedman2007", "ssri", "ptsd", "symptoms"),
        ]

    def test_what_counts_by_indication_and_drug(self) -> None:
        trials = {(row.indication, row.drug, row.outcome, row.trial_key) for row in COUNTED}
        counts = Counter(key[:3] for key in trials)
        assert counts[("ptsd", "ketamine", "symptoms")] == PTSD_TRIALS
        assert counts[("ptsd", "ketamine", "response")] == 1
        assert counts[("sad", "ketamine", "response")] == 1
        assert counts[("ocd", "ketamine", "response")] == 1
        assert counts[("mdd", "ketamine", "symptoms")] == 4
        assert counts[("mdd", "esketamine", "symptoms")] == 4
        assert counts[("gad", "ssri", "response")] == 2
        assert counts[("sad", "ssri", "response")] == 4

    def test_doses_of_iv_racemic_ketamine_are_numbers_and_others_unknown(self) -> None:
        doses = {row.study: row.dose_mg_per_kg_racemic_iv for row in contrasts()}
        assert doses["feder2021"] == 0.5
        assert doses["fava2020"] == 0.1
        assert doses["ESK_Daly2018"] is None
        assert doses["KET_Domany2019"] is None

    def test_a_masked_control_is_told_from_an_inert_one(self) -> None:
        kinds = {row.study: row.control for row in contrasts()}
        assert kinds["lii2023"] == kinds["KET_Lii2023"] == "masked"
        assert kinds["taylor2018"] == "inert"
        assert kinds["feder2021"] == "active"
        assert kinds["SAD_Stein1998"] == "pill"


class TestWhatMayStandInThePackage:
    @pytest.mark.parametrize("name", ["studies.csv", "study_arms.csv", "study_outcomes.csv", "study_contrasts.csv"])
    def test_no_comparison_holds_a_figure_and_no_table_names_a_machine(self, name: str) -> None:
        text = table_text(name)
        assert "/tmp" not in text
        assert "/home" not in text
        assert "\r" not in text

    def test_comparisons_hold_no_outcome_figure(self) -> None:
        columns = set(Contrast.__dataclass_fields__)
        assert not columns & {"value", "difference", "standard_error", "events", "n", "mean", "sd"}


class TestWordsForReaders:
    def test_no_text_of_the_tables_names_a_study_by_its_key(self) -> None:
        keys = {row.study for row in studies().values()} | {row.trial_key for row in studies().values()}
        known = re.compile(rf"(?<![\w./])(?:{'|'.join(map(re.escape, sorted(keys, key=len, reverse=True)))})(?!\w)")
        told = [getattr(row, name) for row in studies().values() for name in ("note", "no_comparison", "design")]
        told += [getattr(row, name) for row in studies().values() for name in ("risk_of_bias_note", "population")]
        told += [text for row in contrasts() for text in (row.note, row.why_not)]
        told += [row.label for row in (*studies().values(), *published())]
        assert [text for text in told if text and known.search(text)] == []

    @pytest.mark.parametrize(
        ("meta_id", "label"),
        [
            ("hartland2023_acute", "Hartland 2023"),
            ("tully2022", "Tully 2022"),
            ("ptsd_rct_ma_2023_caps", "The impact of ketamine for treatment of PTSD"),
        ],
    )
    def test_a_published_pool_has_author_and_year_or_its_title(self, meta_id: str, label: str) -> None:
        assert next(row.label for row in published() if row.meta_id == meta_id) == label

    @pytest.mark.parametrize(
        ("name", "arm", "words"),
        [
            ("feder2014", "ket-vs-mdz", "ketamine 0.5 mg/kg IV against midazolam"),
            ("daly2021", "esk_anx", "esketamine 56-84 mg nasal, anxious stratum"),
            ("singh2016", "sal2", "saline, twice weekly up to 4 weeks"),
            ("liu2019", "anx", "ketamine 0.5 mg/kg IV, anx"),
            ("ESK_Sex2022", "T3 men: placebo + AD", "TRANSFORM-3 men: placebo + antidepressant"),
            ("GAD_Davidson2004", "escitalopram", "escitalopram"),
        ],
    )
    def test_an_arm_is_what_was_given(self, name: str, arm: str, words: str) -> None:
        assert arm_words(name, arm) == words

    def test_arms_of_a_study_never_read_alike(self) -> None:
        for name in studies():
            read = [arm_words(name, arm.arm) for arm in arms(name)]
            assert len(read) == len(set(read)), name
