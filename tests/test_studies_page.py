"""The page of one study and the list of them: data and terminal, wide and narrow."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from evidence_today import STUDIES, TRIALS_OR_REVIEWS
from ketascope.errors import InputError
from ketascope.evidence.studies import arms, outcomes, studies
from ketascope.evidence.studies.page import CHECKED, study_list, study_page
from ketascope.evidence.symptom_trials.trial_file import load_trials
from ketascope.report.study_page import (
    ARM_HEAD,
    OUTCOME_HEAD,
    arm_row,
    figure,
    list_row,
    outcome_row,
    print_studies,
    print_study,
)


def printed(name: str, width: int = 140) -> str:
    stream = io.StringIO()
    print_study(study_page(name), Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


def listed(indication: str = "", width: int = 140) -> str:
    stream = io.StringIO()
    print_studies(study_list(indication), Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


def one_line(text: str) -> str:
    return " ".join(text.split())


class TestPageData:
    @pytest.mark.parametrize("name", list(studies()))
    def test_every_study_has_a_page_that_is_plain_data(self, name: str) -> None:
        page = study_page(name)
        assert page["study"]["study"] == name
        assert len(page["arms"]) == len(arms(name))
        assert len(page["outcomes"]) == len(outcomes(name))
        json.dumps(page, allow_nan=False)

    def test_it_says_which_outcomes_count_where(self) -> None:
        rows = {row["outcome_id"]: row for row in study_page("feder2021")["outcomes"]}
        assert rows["feder2021:1"]["counts_in"] == ["feder2021/1"]
        assert rows["feder2021:1"]["use"] == "pooled"
        assert rows["feder2021:2"]["use"] == "the printed difference with its standard error counts"
        assert rows["feder2021:6"]["use"] == "not a comparison with a control"

    def test_memory_is_said_and_never_counts(self) -> None:
        rows = study_page("KET_Zarate2006")["outcomes"]
        assert {row["use"] for row in rows} == {"from memory: never counted"}
        assert study_page("KET_Zarate2006")["study"]["checked"] == CHECKED["recall"]

    def test_it_says_which_outcomes_inform_the_symptom_model(self) -> None:
        rows = {row["outcome_id"]: row["in_fit"] for row in study_page("feder2021")["outcomes"]}
        assert (rows["feder2021:1"], rows["feder2021:3"], rows["feder2021:4"]) == ("fit", "check", "fit")
        assert {rows[f"feder2021:{number}"] for number in (2, 5, 6)} == {None}
        # A published pool that is only held against the model.
        assert {row["in_fit"] for row in study_page("KET_Fava2020")["outcomes"]} >= {"check"}
        assert "fit" not in {row["in_fit"] for row in study_page("KET_Fava2020")["outcomes"]}

    def test_rows_of_the_fit_are_those_of_the_trial_file_and_none_is_from_memory(self) -> None:
        rows = {row["outcome_id"]: row for name in studies() for row in study_page(name)["outcomes"]}
        fitted = {name for trial in load_trials() for figure in trial.rows for name in figure.outcomes}
        checks = {name for trial in load_trials() for figure in trial.checks for name in figure.outcomes}
        checks |= {name for trial in load_trials(check=True) for figure in trial.rows for name in figure.outcomes}
        # Published pools are rows of another table.
        assert {name for name, row in rows.items() if row["in_fit"] == "fit"} == fitted & set(rows)
        assert {name for name, row in rows.items() if row["in_fit"] == "check"} == (checks - fitted) & set(rows)
        assert len(fitted & set(rows)) > 70
        assert all(row["verified"] != "recall" for row in rows.values() if row["in_fit"])

    def test_the_same_trial_elsewhere(self) -> None:
        assert [row["study"] for row in study_page("lii2023")["same_trial"]] == ["KET_Lii2023"]
        assert [row["study"] for row in study_page("KET_Lii2023")["same_trial"]] == ["lii2023"]
        assert [row["study"] for row in study_page("daly2021")["within"]] == ["ESK_Popova2019"]
        repeated = [row["study"] for row in study_page("ESK_Popova2019")["repeated_by"]]
        assert repeated == ["daly2021", "ESK_Turkoz2021", "ESK_Sex2022"]

    def test_comparisons_carry_their_figures(self) -> None:
        (row,) = [row for row in study_page("abdallah2022")["comparisons"] if row["in_pooling"]]
        assert row["figures"]["measure"] == "bound"
        assert row["scale_label"] == "PCL-5"

    def test_scales_say_direction_range_and_important_difference(self) -> None:
        (scale,) = study_page("OCD_Stein2007")["scales"]
        assert (scale["label"], scale["minimum"], scale["maximum"]) == ("Y-BOCS", 0, 40)
        assert scale["direction"] == "higher is worse"
        assert scale["minimal_important_difference_text"] == "4.9 points (Cohen 2024)"

    def test_an_unknown_study_offers_the_nearest(self) -> None:
        with pytest.raises(InputError, match="did you mean 'taylor2018'"):
            study_page("taylor2019")


class TestList:
    def test_all_and_by_indication(self) -> None:
        assert len(study_list()) == STUDIES
        assert {row["indication"] for row in study_list("ocd")} == {"ocd"}
        assert sum(len(study_list(name)) for name in {row["indication"] for row in study_list()}) == STUDIES

    def test_it_counts_comparisons_that_count(self) -> None:
        found = {row["study"]: row["comparisons_that_count"] for row in study_list()}
        assert found["feder2021"] == 2
        assert found["glue2017"] == 0

    def test_people_are_those_randomised_else_analysed_else_unknown(self) -> None:
        found = {row["study"]: row["people"] for row in study_list()}
        assert (found["feder2021"], found["glue2017"], found["yale_kpe"]) == (30, 12, None)

    def test_an_unknown_indication_is_an_error(self) -> None:
        with pytest.raises(InputError, match="unknown indication 'pain'; it is one of gad, sad"):
            study_list("pain")


class TestFigures:
    @pytest.mark.parametrize(
        ("outcome_id", "text"),
        [
            ("feder2021:1", "−11.88 (SE 3.96)"),
            ("singh2016:1", "−18.4 (SD 12)"),
            ("lii2023:1", "−5.82 (95% CI −13.3 to 1.64)"),
            ("GAD_Slee2019:1", "−3.13 (95% CrI −4.13 to −2.13)"),
            ("OCD_RefractoryPanel:1", "50% (range 40 to 60)"),
            ("feder2021:3", "66.67% (about 10 of 15)"),
            ("SAD_Stein1998:1", "50 of 91 (55%)"),
            ("feder2014:5", "4"),
            ("GAD_Davidson2004:3", "68%"),
            ("feder2021:5", "27.5 d"),
            ("glue2018:5", "10 mmHg"),
            ("abdallah2022:1", "no figure"),
        ],
    )
    def test_a_figure_reads_as_printed(self, outcome_id: str, text: str) -> None:
        study, _, _ = outcome_id.rpartition(":")
        (row,) = [row for row in study_page(study)["outcomes"] if row["outcome_id"] == outcome_id]
        assert figure(row) == text

    def test_a_window_is_told_from_a_visit(self) -> None:
        rows = study_page("taylor2018")["outcomes"]
        assert outcome_row(rows[0])[2] == "0 h to 2 wk"
        assert outcome_row(study_page("feder2021")["outcomes"][0])[2] == "2 wk"
        assert outcome_row(study_page("bloch2012")["outcomes"][0])[2] == "24 h to 3 d"
        assert outcome_row(study_page("KET_Lii2023")["outcomes"][0])[2] == "start"

    def test_pool_and_fit_stand_side_by_side(self) -> None:
        used = {row["outcome_id"]: outcome_row(row)[-1] for row in study_page("feder2021")["outcomes"]}
        assert (used["feder2021:1"], used["feder2021:2"], used["feder2021:3"]) == ("P, F", "", "P, C")
        assert outcome_row(study_page("KET_Fava2020")["outcomes"][0])[-1] == "C"
        assert "F" in {outcome_row(row)[-1] for row in study_page("PTSD_Martenyi2007")["outcomes"]}

    def test_use_is_one_letter(self) -> None:
        used = {row["outcome_id"]: outcome_row(row)[-1] for row in study_page("feder2014")["outcomes"]}
        assert (used["feder2014:1"], used["feder2014:2"], used["feder2014:4"]) == ("P", "M", "")

    def test_an_arm_says_dose_infusion_and_people(self) -> None:
        (ket, _) = study_page("taylor2018")["arms"]
        row = ("ketamine 0.5 mg/kg IV", "ketamine (racemic) IV", "0.5 mg/kg over 40 min", "single infusion", "18")
        assert arm_row(ket) == row
        (ket, _) = study_page("feder2014")["arms"]
        assert arm_row(ket)[-1] == "22 (memory)"
        assert len(arm_row(ket)) == len(ARM_HEAD)
        assert len(outcome_row(study_page("feder2014")["outcomes"][0])) == len(OUTCOME_HEAD)

    def test_unknown_is_never_shown_as_none(self) -> None:
        row = list_row(next(row for row in study_list() if row["study"] == "yale_kpe"))
        assert row[-2] == "\N{EN DASH}"


class TestPrinting:
    @pytest.mark.parametrize("width", [40, 80, 140])
    @pytest.mark.parametrize("name", ["feder2014", "KET_Lii2023", "ESK_Sex2022", "PTSD_Friedman2007", "ANX_Motta2023"])
    def test_no_line_is_wider_than_the_terminal(self, name: str, width: int) -> None:
        assert max(len(line.rstrip()) for line in printed(name, width).splitlines()) <= width

    @pytest.mark.parametrize("width", [80, 140])
    def test_the_list_fits_too(self, width: int) -> None:
        text = listed("", width)
        assert max(len(line.rstrip()) for line in text.splitlines()) <= width
        assert all(name in text for name in studies())

    def test_a_page_holds_arms_outcomes_bias_source_and_check(self) -> None:
        text = one_line(printed("feder2021"))
        for words in (
            "Feder 2021 feder2021",
            "masking: double-blind (participant, investigator, assessor), midazolam control",
            "doi: 10.1176/appi.ajp.2020.20050596",
            "checked: read in the source",
            "risk of bias: some: Small, single site",
            "ketamine 0.5 mg/kg IV against midazolam CAPS-5: difference 2 wk −11.88 (SE 3.96)",
            "Symptoms, CAPS-5 at 2 wk: ketamine 0.5 mg/kg IV against midazolam. It counts.",
            "CAPS-5: 0 to 80, higher is worse. Smallest important difference: not in our sources.",
            "used: P pooled; F in the fit of the symptom model, C only held against it; M from memory and never",
            "This is not medical advice",
        ):
            assert words in text

    def test_a_bound_is_said_to_be_one(self) -> None:
        text = one_line(printed("abdallah2022"))
        assert (
            "ketamine 0.5 mg/kg IV against saline. It counts as a bound on the effect; reported as not significant"
            in text
        )
        assert "no figure" in text

    def test_what_was_assumed_stands_where_it_counts(self) -> None:
        text = one_line(printed("singh2016"))
        assert text.count("shared equally between four arms") == 1

    def test_a_study_without_figures_says_so(self) -> None:
        text = one_line(printed("PTSD_Marshall2001"))
        assert "Arms: none reported." in text
        assert "Outcomes: no figure was found." in text
        assert "Comparisons to pool: none (no means in the abstract)." in text
        assert "risk of bias: not stated: no remark found" in text

    def test_brackets_in_names_are_printed_as_they_are(self) -> None:
        page = study_page("feder2021")
        page["study"]["label"] = "Feder [bold] 2021"
        stream = io.StringIO()
        print_study(page, Console(file=stream, width=100, highlight=False))
        assert "Feder [bold] 2021" in stream.getvalue()

    def test_an_empty_list_is_words(self) -> None:
        stream = io.StringIO()
        print_studies([], Console(file=stream, width=80))
        assert stream.getvalue() == "No study.\n"

    def test_the_list_says_how_many_trials_stand_behind_it(self) -> None:
        text = one_line(listed())
        assert f"{STUDIES} studies" in text
        assert f"{TRIALS_OR_REVIEWS} trials or reviews: a trial under several names counts once." in text
