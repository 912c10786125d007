"""The contract of the study tables: the package keeps it, and each way to break it is named with row and field."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ketascope.cli import main
from ketascope.cli.evidence_command import command
from ketascope.errors import InputError
from ketascope.evidence.studies import arms, contrasts, outcomes, rules, studies
from ketascope.evidence.studies.contract import TABLES, frame, package_problems, problems, schema
from ketascope.evidence.studies.links import cross_table_problems
from ketascope.evidence.studies.row_rules import RULES, UNITS_OF_MEASURE
from ketascope.evidence.studies.tables import table_text

OUTCOMES = "study_outcomes.csv"


def rows_of(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table_text(name))))


def as_text(rows: list[dict[str, str]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def broken(name: str, key: str, **cells: str) -> tuple[str, ...]:
    """What the contract says after changing cells of the row whose first column is `key`."""
    rows = rows_of(name)
    column = next(iter(rows[0]))
    assert sum(row[column] == key for row in rows) == 1
    return problems(name, as_text([row | cells if row[column] == key else row for row in rows]))


def where(name: str, key: str) -> str:
    column = next(iter(rows_of(name)[0]))
    number = next(number for number, row in enumerate(rows_of(name), 2) if row[column] == key)
    return f"{name} row {number} ({key})"


class TestThePackageKeepsIt:
    def test_all_tables_agree_with_each_other(self) -> None:
        assert package_problems() == ()

    @pytest.mark.parametrize("name", TABLES)
    def test_each_table_by_itself_has_no_problem(self, name: str) -> None:
        assert problems(name, table_text(name)) == ()

    def test_it_is_checked_on_frames_with_data_not_on_plans(self) -> None:
        import polars as pl

        read = frame(OUTCOMES, table_text(OUTCOMES))
        assert isinstance(read, pl.DataFrame)
        assert read.height == len(outcomes())
        assert read.schema["value"] == pl.Float64
        assert read.schema["n"] == pl.Int64

    @pytest.mark.parametrize("name", TABLES)
    def test_the_schema_has_every_column_and_no_other(self, name: str) -> None:
        assert list(schema(name).columns) == list(TABLES[name].__dataclass_fields__)
        assert schema(name).strict is True

    def test_each_rule_over_cells_is_a_check_of_the_schema(self) -> None:
        named = {check.name for check in schema(OUTCOMES).checks}
        assert named == {rule.__name__.strip("_") for rule in RULES[OUTCOMES]}

    def test_a_broken_table_is_told_row_by_row_by_the_command(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from ketascope.evidence.studies import tables

        rows = rows_of(OUTCOMES)
        for row in rows[:3]:
            row["verified"] = "hearsay"
        text = as_text(rows)
        whole = tables.table_text
        monkeypatch.setattr(tables, "table_text", lambda name: text if name == OUTCOMES else whole(name))
        result = CliRunner().invoke(command, ["check"], **main.context_settings)
        said = "verified: 'hearsay' is none of text, secondary, recall"
        assert result.output.splitlines()[0] == f"study_outcomes.csv row 2 (glue2017:1), {said}"
        assert isinstance(result.exception, InputError)
        assert str(result.exception) == "3 rows or fields of the tables are wrong; correct each and check again"
        monkeypatch.undo()
        assert (
            CliRunner().invoke(command, ["check"], **main.context_settings).output == "5 tables keep their contract.\n"
        )


BROKEN_OUTCOMES: list[tuple[str, dict[str, str], str]] = [
    ("feder2021:1", {"unit": "mg"}, "unit: 'mg' is wrong for difference; it is points"),
    ("feder2021:3", {"unit": "points"}, "unit: 'points' is wrong for responders; it is percent"),
    ("PTSD_Williams2022:1", {"unit": "percent"}, "unit: 'percent' is wrong for risk_ratio; it is ratio"),
    ("feder2021:1", {"scale_key": "caps5"}, "scale_key: unknown scale 'caps_9'; did you mean 'CAPS-5'?"),
    ("ross2019:1", {"value": "156.2"}, "value: 156.2 is no score on PCL-5, which runs from 0 to 80"),
    ("ross2019:2", {"value": "-31.3"}, "value: -31.3 is no score on PCL-5, which runs from 0 to 80"),
    ("singh2016:1", {"value": "-184"}, "value: -184 is no change on MADRS, which is 60 points wide"),
    (
        "singh2016:1",
        {"value": "18.4"},
        "value: 18.4 is worse; if so, definition says what positive means, else it needs a minus sign",
    ),
    (
        "feder2021:1",
        {"value": "11.88"},
        "value: 11.88 is worse; if so, definition says what positive means, else it needs a minus sign",
    ),
    ("lii2023:1", {"value": "5.82"}, "value: 5.82 lies outside its interval from -13.3 to 1.64; check its sign"),
    (
        "lii2023:1",
        {"spread_low": "1.64", "spread_high": "-13.3"},
        "value: the interval from 1.64 to -13.3 is turned round; the lower end comes first",
    ),
    ("lii2023:1", {"spread_low": ""}, "spread_low: a ci95 has two ends"),
    ("lii2023:1", {"spread": ""}, "spread: is empty beside a figure; name sd, se, ci95, cri95 or range"),
    ("singh2016:1", {"spread_low": "3"}, "spread_high: the sd stands here, and spread_low is empty"),
    ("singh2016:1", {"spread_high": "0"}, "spread_high: a sd of 0 is impossible; it must be above 0"),
    ("singh2016:1", {"spread_high": "-12"}, "spread_high: a sd of -12 is impossible; it must be above 0"),
    (
        "singh2016:1",
        {"spread_high": "120"},
        "spread_high: an SD of 120 is impossible; changes on MADRS have at most 84.9",
    ),
    (
        "KET_Lii2023:1",
        {"spread_high": "83"},
        "spread_high: an SD of 83 is impossible; scores on MADRS have at most 30.8",
    ),
    (
        "OCD_Hollander2003:1",
        {"spread_high": "7.0"},
        "spread_high: a standard error of 7 is impossible with so many people; at most 3.56 (an SD given?)",
    ),
    ("feder2021:3", {"events": "16"}, "events: 16 events are more than the 15 people; at most 15"),
    ("feder2021:3", {"events": "-1"}, "events: -1 events are impossible; a count is 0 or more"),
    (
        "feder2021:3",
        {"value": "666.7", "events": "", "count_from": ""},
        "value: 666.7 is no percentage; it runs from 0 to 100",
    ),
    ("feder2021:3", {"value": "76"}, "value: 76% disagrees with 10 of 15, which is 66.7%"),
    ("feder2021:1", {"events": "3"}, "events: belongs to responders, remitters, events, relapse"),
    (
        "feder2021:3",
        {"count_from": ""},
        "count_from: says where events come from (printed or percent) and is empty without them",
    ),
    ("taylor2018:1", {"window_start_h": "400"}, "window_start_h: a window starts before time_h"),
    ("feder2014:1", {"p_value": "1.2"}, "p_value: 1.2 is no p value; it lies between 0 and 1"),
    (
        "PTSD_Williams2022:1",
        {"value": "0", "spread": "", "spread_low": "", "spread_high": ""},
        "value: a ratio of 0 is impossible; it is above 0",
    ),
    ("feder2021:1", {"time_h": "-24"}, "time_h: -24 is below 0"),
    ("feder2021:1", {"verified": "seen"}, "verified: 'seen' is none of text, secondary, recall"),
    ("feder2021:1", {"measure": "slope"}, "unit: 'points' is wrong for slope; it is "),
    ("feder2021:1", {"source": ""}, "source: is empty; every row needs it"),
    ("feder2021:2", {"outcome_id": "feder2021:1"}, "outcome_id: the same outcome_id stands in row 26"),
]


class TestBrokenOutcomeRows:
    @pytest.mark.parametrize(("key", "cells", "message"), BROKEN_OUTCOMES)
    def test_row_and_field_are_named_with_what_would_be_right(
        self, key: str, cells: dict[str, str], message: str
    ) -> None:
        if "scale_key" in cells:
            cells = {"scale_key": "caps_9"}
        found = broken(OUTCOMES, key, **cells)
        shown = cells.get("outcome_id", key)
        number = where(OUTCOMES, key).replace(f"({key})", f"({shown})")
        assert f"{number}, {message}" in found

    @pytest.mark.parametrize(
        ("column", "text", "message"),
        [
            ("value", "twelve", "value: 'twelve' must be empty or a number"),
            ("n", "15.5", "n: '15.5' must be empty or a whole number"),
        ],
    )
    def test_a_cell_that_is_no_number(self, column: str, text: str, message: str) -> None:
        with pytest.raises(InputError) as caught:
            broken(OUTCOMES, "feder2021:1", **{column: text})
        assert str(caught.value) == f"study_outcomes.csv row 26, {message}"

    def test_a_missing_column_is_refused_with_the_columns_that_must_be(self) -> None:
        rows = [{k: v for k, v in row.items() if k != "unit"} for row in rows_of(OUTCOMES)]
        with pytest.raises(InputError, match=r"^study_outcomes.csv: the columns must be outcome_id, study, arm"):
            problems(OUTCOMES, as_text(rows))

    def test_a_rise_that_the_interval_supports_needs_a_word(self) -> None:
        assert broken(OUTCOMES, "PTSD_AHRQ92:5", spread_low="1.0")
        assert not broken(OUTCOMES, "PTSD_AHRQ92:5", spread_low="1.0", definition="positive: the drug did worse")


class TestOtherTables:
    @pytest.mark.parametrize(
        ("name", "key", "cells", "message"),
        [
            ("studies.csv", "feder2021", {"kind": "trial"}, "kind: 'trial' is none of controlled, crossover, open,"),
            ("studies.csv", "feder2021", {"risk_of_bias": "medium"}, "risk_of_bias: 'medium' is none of low, some,"),
            ("studies.csv", "feder2021", {"indication": "PTSD"}, "indication: 'PTSD' is none of gad, sad, ptsd,"),
            ("studies.csv", "feder2021", {"n_randomised": "-30"}, "n_randomised: -30 is below 0"),
            ("study_contrasts.csv", "feder2021/1", {"why_not": "x"}, "why_not: says why figures are not pooled"),
            ("study_contrasts.csv", "feder2021/1", {"in_pooling": "no"}, "why_not: says why figures are not pooled"),
            ("study_contrasts.csv", "feder2021/1", {"control": "none"}, "control: 'none' is none of inert, active,"),
            (
                "study_contrasts.csv",
                "feder2021/1",
                {"difference_outcome_id": ""},
                "difference_outcome_id: names no outcome row at all",
            ),
            (
                "study_contrasts.csv",
                "feder2021/3",
                {"control_outcome_id": ""},
                "control_outcome_id: treatment and control come in pairs",
            ),
            ("published_pooled.csv", "hartland2023_acute", {"ci_high": "-1.5"}, "estimate: -1.17 lies outside its"),
        ],
    )
    def test_row_and_field_are_named(self, name: str, key: str, cells: dict[str, str], message: str) -> None:
        found = broken(name, key, **cells)
        assert any(line.startswith(f"{where(name, key)}, {message}") for line in found), found

    def test_two_arms_of_one_name(self) -> None:
        rows = rows_of("study_arms.csv")
        rows[1]["arm"] = rows[0]["arm"]
        found = problems("study_arms.csv", as_text(rows))
        assert found == ("study_arms.csv row 3 (ket025), arm: the same study and arm stands in row 2",)


def links(**changed: Any) -> tuple[str, ...]:
    every: dict[str, Any] = {
        "studies": studies(),
        "arms": {name: arms(name) for name in studies()},
        "outcomes": outcomes(),
        "contrasts": contrasts(),
    }
    return cross_table_problems(**(every | changed))


def changed_contrast(contrast_id: str, **values: Any) -> list[Any]:
    return [dataclasses.replace(row, **values) if row.contrast_id == contrast_id else row for row in contrasts()]


class TestLinks:
    def test_the_package_has_none_that_lead_nowhere(self) -> None:
        assert links() == ()

    @pytest.mark.parametrize(
        ("contrast_id", "values", "message"),
        [
            ("feder2021/1", {"difference_outcome_id": "feder2014:1"}, "'feder2014:1' is no outcome of feder2021"),
            ("feder2021/1", {"treatment_arm": "keta"}, "treatment_arm: 'keta' is no arm of feder2021"),
            ("feder2021/1", {"trial_key": "feder2014"}, "'feder2021' with trial_key 'feder2014' is not in studies.csv"),
            ("feder2014/2", {"in_pooling": True}, "'feder2014:2' is from recall, which never counts"),
            ("abdallah2022/2", {"in_pooling": True}, "abdallah2022 counts already as abdallah2022/1"),
            ("ESK_Popova2019/1", {"in_pooling": True}, "ESK_Popova2019 counts already as ESK_Popova2019/1"),
            ("ESK_Turkoz2021/1", {"holds": ("feder2021",)}, "holds: 'feder2021' is not among the trials"),
        ],
    )
    def test_a_comparison_that_is_wrong_is_named(self, contrast_id: str, values: dict[str, Any], message: str) -> None:
        found = links(contrasts=changed_contrast(contrast_id, **values))
        assert any(message in line for line in found), found

    def test_an_outcome_that_stands_twice(self) -> None:
        rows = list(outcomes())
        place = next(number for number, row in enumerate(rows, 1) if row.outcome_id == "KET_CorreiaMelo2020:2")
        twice = dataclasses.replace(rows[place - 1], outcome_id="KET_CorreiaMelo2020:3")
        (line,) = links(outcomes=[*rows[:place], twice, *rows[place:]])
        assert line == (
            "study_outcomes.csv (KET_CorreiaMelo2020:3), definition: the outcome stands twice, see "
            "KET_CorreiaMelo2020:2; keep one or say how they differ"
        )

    def test_ids_run_on(self) -> None:
        rows = [row for row in outcomes() if row.outcome_id != "feder2021:5"]
        assert (
            "study_outcomes.csv (feder2021:6), outcome_id: must be 'feder2021:5', the study and a running number"
            in (links(outcomes=rows))
        )

    def test_keys_lead_to_studies(self) -> None:
        table = studies()
        table["feder2021"] = dataclasses.replace(table["feder2021"], trial_key="feder2022", within=("nobody",))
        found = links(studies=table)
        assert "studies.csv (feder2021), trial_key: 'feder2022' is no study of the table" in found
        assert "studies.csv (feder2021), within: 'nobody' is no study of the table" in found

    def test_rows_of_an_unknown_study(self) -> None:
        table = studies()
        del table["hull2022"]
        found = links(studies=table)
        assert "study_arms.csv, study: 'hull2022' is not in studies.csv" in found
        assert "study_outcomes.csv (hull2022:1), study: 'hull2022' is not in studies.csv" in found


class TestRules:
    @pytest.mark.parametrize("word", ["CAPS-5", "caps_5", "caps 5", "Caps5"])
    def test_a_scale_is_known_by_key_and_label(self, word: str) -> None:
        assert rules.scale_key(word) == "caps_5"
        assert rules.unknown_scale(word) == ""

    def test_every_scale_of_the_tables_is_known(self) -> None:
        assert {row.scale_key for row in outcomes()} - {""} <= set(rules.scales())

    @given(st.lists(st.floats(0, 80), min_size=2, max_size=30))
    def test_no_real_scores_break_the_limit_of_an_sd(self, scores: list[float]) -> None:
        mean = sum(scores) / len(scores)
        sd = math.sqrt(sum((score - mean) * (score - mean) for score in scores) / (len(scores) - 1))
        assert sd <= rules.largest_sd("caps_5", len(scores), of_change=False) * (1 + 1e-9)

    def test_the_limit_is_reached_by_scores_at_both_ends(self) -> None:
        sd = math.sqrt(2 * 40**2 / (2 - 1))
        assert sd == pytest.approx(rules.largest_sd("caps_5", 2, of_change=False))

    def test_an_open_scale_has_no_limit(self) -> None:
        assert rules.score_outside(500.0, "cadss") == ""
        assert rules.sd_impossible(500.0, "cadss", 10, of_change=True) == ""
        assert "not rated so finely" in rules.sd_impossible(1e-300, "cadss", 10, of_change=True)
        assert rules.score_outside(-1.0, "cadss") == "-1 is no score on CADSS, which runs from 0 to no upper end"

    def test_what_is_not_given_passes(self) -> None:
        assert rules.score_outside(None, "madrs") == ""
        assert rules.counts_impossible(None, 3) == ""
        assert rules.percent_disagrees(50.0, None, 3) == ""
        assert rules.interval_misses(1.0, None, 3.0) == ""
        assert rules.interval_disagrees(None, 1.0, 3.0) == ""
        assert rules.standard_error_impossible(None, 3.0, 2.0) == ""

    def test_every_measure_has_units(self) -> None:
        assert {row.measure for row in outcomes()} <= set(UNITS_OF_MEASURE)
