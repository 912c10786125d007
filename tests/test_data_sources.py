"""The figures in the data files are those that the sources print; each test carries its source in its name.

A figure that is changed by mistake fails here even where it still looks well formed.
"""

from __future__ import annotations

import pytest

from data_lookups import effects, evidence_row, harm_rows, practical_row, ssri
from ketascope import data


class TestFiguresAreTheOnesInTheSources:
    def test_hartland_2023_anxiety_under_12_h_24_h_and_7_to_14_d(self) -> None:
        rows = effects("gad", use="default")
        assert [(row["value"], row["low"], row["high"]) for row in rows] == [
            (-1.17, -1.89, -0.44),
            (-0.44, -0.65, -0.22),
            (-0.40, -0.63, -0.17),
        ]

    def test_borgogna_2024_ptsd_24_h_and_one_week_with_the_sign_turned(self) -> None:
        rows = effects("ptsd", use="default")
        assert [(row["time_h"], row["value"], row["low"], row["high"]) for row in rows] == [
            (24, -0.35, -0.64, -0.06),
            (168, -0.24, -0.48, 0.0),
        ]

    def test_borgogna_2024_against_active_control_includes_no_effect(self) -> None:
        (row,) = effects("ptsd", control="active")
        assert (row["value"], row["low"], row["high"]) == (-0.24, -0.78, 0.30)

    def test_abdallah_2022_enters_as_a_bound_of_0_39(self) -> None:
        (row,) = effects("ptsd", use="bound")
        assert (row["low"], row["high"], row["control"]) == (-0.39, 0.39, "saline")
        assert "value" not in row

    def test_feder_2021_caps_5_difference_with_se_3_96(self) -> None:
        (row,) = effects("ptsd", measure="mean_difference")
        assert row["value"] == -11.88
        assert row["high"] == pytest.approx(-11.88 + 1.96 * 3.96, abs=0.01)

    def test_kishimoto_2016_depression_at_day_1(self) -> None:
        (row,) = effects("mdd", use="default", drug="ketamine")
        assert (row["time_h"], row["value"], row["low"], row["high"]) == (24, -1.00, -1.28, -0.73)

    def test_nikolin_2023_esketamine_after_the_first_dose_stands_before_an_2021_at_24_h(self) -> None:
        rows = [row for row in effects("mdd", drug="esketamine", time_h=24) if row["use"] == "default"]
        assert [(row["value"], row["low"], row["high"]) for row in rows] == [(-0.48, -0.75, -0.20)]
        (other,) = effects("mdd", node="esketamine_nasal", time_h=24)
        assert (other["value"], other["use"]) == (-9.96, "alternative")

    def test_wilkinson_2019_saline_against_midazolam_control(self) -> None:
        rows = [row for row in effects("mdd", node="mdd_by_control") if row["source"].startswith("Wilkinson 2019")]
        assert {row["control"]: row["value"] for row in rows} == {"saline": -1.8, "midazolam": -0.7}

    def test_lii_2023_masked_trial_interval_includes_no_effect(self) -> None:
        (row,) = effects("mdd", node="masked")
        assert (row["value"], row["low"], row["high"]) == (-5.82, -13.3, 1.64)

    def test_rodriguez_2013_ocd_4_of_8_against_0_of_7(self) -> None:
        (row,) = effects("ocd", measure="responders", control="saline")
        assert (row["events"], row["n"], row["control_events"], row["control_n"]) == (4, 8, 0, 7)

    def test_taylor_2018_sad_6_of_18_against_0_of_17_ever_in_two_weeks(self) -> None:
        (row,) = effects("sad", measure="responders")
        assert (row["events"], row["n"], row["control_events"], row["control_n"]) == (6, 18, 0, 17)
        assert row["ever_within_window"] is True

    def test_bloch_2012_refractory_ocd_0_of_10(self) -> None:
        (row,) = effects("ocd", node="ocd_refractory")
        assert (row["events"], row["n"]) == (0, 10)

    def test_escitalopram_in_gad_minus_3_2_ham_a(self) -> None:
        row = ssri("gad")
        assert (row["value"], row["low"], row["high"], row["drug"]) == (-3.2, -4.2, -2.2, "escitalopram")

    def test_soomro_2008_ssris_in_ocd_minus_3_21_y_bocs_and_issari_2016_at_week_2(self) -> None:
        assert (ssri("ocd")["value"], ssri("ocd")["low"], ssri("ocd")["high"]) == (-3.21, -3.84, -2.57)
        early = ssri("ocd", use="check")
        assert (early["week"], early["value"]) == (2, -0.91)

    def test_slee_2019_escitalopram_is_from_memory_and_only_a_check(self) -> None:
        row = next(r for r in data.load("indications")["gad"]["ssri_minus_placebo"] if r["value"] == -2.45)
        assert (row["checked"], row["grade"], row["use"]) == ("recall", "assumed", "check")

    def test_gad_placebo_37_to_48_percent_and_minus_7_4_to_8_0_points(self) -> None:
        placebo = data.load("indications")["gad"]["placebo"]
        assert (placebo["responders"]["low"], placebo["responders"]["high"]) == (37.0, 48.2)
        assert (placebo["change"]["low"], placebo["change"]["high"]) == (-8.0, -7.4)

    def test_sad_placebo_change_baldwin_1999_and_liebowitz_2003(self) -> None:
        change = data.load("indications")["sad"]["placebo"]["change"]
        assert (change["low"], change["high"]) == (-21.7, -15.6)

    def test_ocd_placebo_change_hollander_2003_is_marked_as_memory(self) -> None:
        change = data.load("indications")["ocd"]["placebo"]["change"]
        assert (change["value"], change["checked"], change["grade"]) == (-5.6, "recall", "assumed")

    def test_transform_baselines_pool_to_37_4_madrs(self) -> None:
        strata = ((37.7, 235), (37.7, 144), (36.9, 108), (36.7, 78))
        mean = sum(score * people for score, people in strata) / sum(people for _, people in strata)
        assert data.load("indications")["mdd"]["baseline_score"]["value"] == pytest.approx(mean, abs=0.05)

    def test_response_rules_of_brawman_mintzer_taylor_feder_rodriguez_and_daly(self) -> None:
        rules = {name: row["response"]["value"] for name, row in data.load("indications").items()}
        assert rules.items() >= {"gad": 0.5, "sad": 0.35, "ptsd": 0.3, "ocd": 0.35, "mdd": 0.5}.items()

    def test_spravato_label_dissociation_61_84_sedation_48_61_consciousness_0_3_to_0_4(self) -> None:
        for harm, ends in (
            ("dissociation", (61, 84)),
            ("sedation", (48, 61)),
            ("loss_of_consciousness", (0.3, 0.4)),
            ("blood_pressure_spike", (8, 19)),
        ):
            row = harm_rows(harm, "esketamine", "nasal")[0]
            assert (row["low"], row["high"]) == ends

    def test_spravato_safety_table_dissociation_41_against_9_and_nausea_28_against_9(self) -> None:
        table = {
            harm: (row["value"], row["comparator_value"])
            for harm in ("dissociation", "nausea_vomiting", "sedation", "dizziness", "anxiety")
            for row in reversed(harm_rows(harm, "esketamine", "nasal"))
            if "comparator_value" in row
        }
        assert table == {
            "dissociation": (41, 9),
            "nausea_vomiting": (28, 9),
            "sedation": (23, 9),
            "dizziness": (29, 8),
            "anxiety": (13, 6),
        }

    def test_vankawala_2021_systolic_rise_12_61(self) -> None:
        (row,) = harm_rows("blood_pressure_spike", "ketamine", "IV")
        assert (row["value"], row["low"], row["high"], row["unit"]) == (12.61, 10.40, 14.82, "mmHg systolic")

    def test_glue_2018_cadss_20_points_after_1_mg_per_kg_sc(self) -> None:
        (row,) = harm_rows("dissociation", "ketamine", "SC")
        assert row["value"] == 20
        assert "8.8" in row["frequency"]

    def test_cost_survey_590_a_session_iv_and_1050_spray(self) -> None:
        assert practical_row("ketamine:IV")[1]["cost_usd"]["value"] == 590
        spray = practical_row("esketamine:nasal")[1]["cost_usd"]
        assert (spray["value"], spray["high"], spray["per"]) == (1050, 1757, "session")

    @pytest.mark.parametrize(
        ("indication", "key", "trials", "participants", "certainty"),
        [
            ("gad", "ketamine:IV", 0, 0, "very low"),
            ("gad", "ketamine:SC", 1, 12, "very low"),
            ("sad", "ketamine:IV", 1, 18, "very low"),
            ("ptsd", "ketamine:IV", 5, 290, "low"),
            ("ptsd", "ketamine:IM", 1, 33, "low"),
            ("ocd", "ketamine:IV", 1, 15, "very low"),
            ("ocd", "ketamine:IM", 1, 12, "very low"),
            ("mdd", "ketamine:SC", 1, 183, "not graded"),
            ("mdd", "ketamine:oral-ER", 1, 168, "not graded"),
            ("ptsd", "sertraline:oral", 9, 2730, "moderate"),
            ("sad", "escitalopram:oral", 6, 2293, "very low"),
        ],
    )
    def test_counts_from_the_trial_list(
        self, indication: str, key: str, trials: int, participants: int, certainty: str
    ) -> None:
        _, row = evidence_row(indication, key)
        assert (row["trials"], row["participants"], row["certainty"]) == (trials, participants, certainty)
