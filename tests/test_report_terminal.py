"""Terminal tables: several that fit rather than one that does not, every gap with its reason, limits said aloud."""

from __future__ import annotations

import copy
import io
import re
from typing import Any

import pytest
from rich.console import Console

from ketascope.report import print_comparison, print_simulation
from ketascope.report.catalogue import EVIDENCE, PRACTICAL, lookup, sections
from ketascope.report.layout import comparison_report
from ketascope.report.notes import NO_REASON, Notes, is_caveat, reasons_for_gap
from ketascope.report.terminal import nca_flags, nca_rows
from page_reading import flat
from printed import printed
from stored_documents import stored

WIDTHS = (80, 100, 120, 140, 160, 200)


@pytest.fixture
def gad() -> dict[str, Any]:
    return stored("comparison_gad.json")["document"]


@pytest.fixture
def ptsd() -> dict[str, Any]:
    return stored("comparison_ptsd.json")["document"]


@pytest.fixture
def simulation() -> dict[str, Any]:
    return stored("simulation_iv_series.json")


def option(document: dict[str, Any], id_: str) -> dict[str, Any]:
    return next(row for row in document["options"] if row["id"] == id_)


def cells(document: dict[str, Any], table: str) -> dict[str, tuple[Any, ...]]:
    """The cells of one table by option label."""
    layout = next(layout for layout in comparison_report(document).tables if layout.id == table)
    return {row.label.text: row.cells for row in layout.rows}


# Header and closing words


def test_the_header_says_for_whom_and_how(gad: dict[str, Any]) -> None:
    text = flat(printed(print_comparison, gad))
    for phrase in (
        "indication GAD",
        "Scale: HAM-A",
        "weight 70 kg, age 40 years, sex not given",
        "ketascope 0.1.0, seed 0",
        "Not given, so defaulted: weight, age, until, patients, seed",
        "Followed for: 8 wk",
        "Patients: 400",
        "Sampling: venous",
    ):
        assert phrase in text


def test_defaulted_inputs_are_named_in_words(gad: dict[str, Any]) -> None:
    gad["defaulted"] = ["weight_kg", "until_h", "options"]
    assert "Not given, so defaulted: weight, until, options" in flat(printed(print_comparison, gad))


def test_the_two_kinds_of_interval_are_told_apart(gad: dict[str, Any]) -> None:
    text = flat(printed(print_comparison, gad))
    assert "95% of patients" in text
    assert "95% uncertainty of the population mean" in text


def test_the_end_says_what_this_is_not_and_where_help_is(gad: dict[str, Any], simulation: dict[str, Any]) -> None:
    for text in (flat(printed(print_comparison, gad)), flat(printed(print_simulation, simulation))):
        assert "not medical advice" in text
        assert "not a prediction for any one person" in text
        assert "not advice on a dose" in text
        assert "988" in text


def test_a_scenario_is_named_when_one_is_on(gad: dict[str, Any]) -> None:
    assert "Scenarios" not in printed(print_comparison, gad)
    gad["scenarios"] = ["expectancy"]
    assert "Scenarios: expectancy" in flat(printed(print_comparison, gad))


# Tables


def test_every_quantity_of_the_contract_is_in_a_table() -> None:
    shown = {column.name for section in sections("X") for column in section.columns}
    shown |= {column.name for column in (*PRACTICAL, *EVIDENCE)}
    row = stored("comparison_gad.json")["document"]["options"][0]
    expected = set()
    for part in ("pk", "pk_typical", "receptor", "glutamate", "plasticity", "acute", "practical", "evidence"):
        expected |= {f"{part}.{name}" for name in row[part]}
    for name, value in row["symptoms"].items():
        expected |= (
            {f"symptoms.{name}.{visit}" for visit in value}
            if name not in ("scale",) and "2h" in (value or {})
            else {f"symptoms.{name}"}
        )
    # Of the second reading, what it changes most: the difference from placebo and when the SSRI catches up.
    second = row["symptoms_if_expectancy"]
    expected |= {f"symptoms_if_expectancy.versus_placebo.{visit}" for visit in second["versus_placebo"]}
    expected |= {"symptoms_if_expectancy.ssri_catches_up_h"}
    assert shown == expected - {"symptoms.scale"}


def test_benefits_and_harms_stand_before_mechanism(gad: dict[str, Any]) -> None:
    assert [table.id for table in comparison_report(gad).tables] == [
        "options",
        "change",
        "versus_placebo",
        "response_rate",
        "response_on_placebo",
        "response_versus_placebo",
        "number_needed_to_treat",
        "expectancy",
        "acute",
        "harms",
        "exposure",
        "typical_exposure",
        "mechanism",
        "practical",
        "evidence",
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(gad: dict[str, Any], ptsd: dict[str, Any], width: int) -> None:
    for document in (gad, ptsd):
        assert max(len(line) for line in printed(print_comparison, document, width).splitlines()) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_no_value_is_cut_whatever_the_width(gad: dict[str, Any], width: int) -> None:
    text = flat(printed(print_comparison, gad, width))
    for row in gad["options"]:
        assert row["id"] == "placebo" or row["sentence"] is None or row["sentence"].split()[0] in text
    for table in comparison_report(gad).tables:
        for row in table.rows:
            for cell in row.cells:
                if cell.ends and table.is_text:
                    # A source may go over several lines, an interval never.
                    assert all(word in text for word in f"({cell.ends})".split())
                elif cell.ends:
                    assert f"({cell.ends})" in text
    assert "…" not in text


def test_wide_terminals_have_median_and_interval_on_one_line(gad: dict[str, Any]) -> None:
    assert re.search(r"22 \(13 to 29\)", printed(print_comparison, gad, 160))


def test_narrow_terminals_stack_the_interval_below_the_median(gad: dict[str, Any]) -> None:
    text = printed(print_comparison, gad, 80)
    assert not re.search(r"185 \(102 to 324\)", text)
    assert "(102 to 324)" in text


def test_values_are_those_of_the_document(gad: dict[str, Any]) -> None:
    assert cells(gad, "exposure")["Ketamine IV 0.5 mg/kg over 40 min, one dose"][0].text == "185"
    assert cells(gad, "response_rate")["Placebo"][3].text == "37"
    assert cells(gad, "acute")["Ketamine IV 0.5 mg/kg over 40 min, one dose"][2].text == "12.6"


def test_labels_cannot_smuggle_markup(gad: dict[str, Any]) -> None:
    gad["options"][0]["label"] = "[red]odd[/red] [link=x]label"
    assert "[red]odd[/red] [link=x]label" in flat(printed(print_comparison, gad, 200))


def test_there_is_no_emoji_and_no_colour_code_in_plain_text(gad: dict[str, Any], simulation: dict[str, Any]) -> None:
    for text in (printed(print_comparison, gad), printed(print_simulation, simulation)):
        assert "\x1b" not in text
        assert all(ord(character) < 0x2600 for character in text)


def test_a_console_of_ones_own_is_used(gad: dict[str, Any]) -> None:
    stream = io.StringIO()
    print_comparison(gad, Console(file=stream, width=150))
    assert "Comparison of 12 options" in stream.getvalue()


def test_printing_changes_nothing_in_the_document(gad: dict[str, Any]) -> None:
    before = copy.deepcopy(gad)
    printed(print_comparison, gad)
    assert gad == before


def test_one_option_is_enough(gad: dict[str, Any]) -> None:
    gad["options"] = gad["options"][:1]
    assert "Comparison of 1 option, indication GAD" in printed(print_comparison, gad)


# Gaps and flags


def test_every_empty_cell_of_an_interval_table_has_a_dash_and_a_footnote(
    gad: dict[str, Any], ptsd: dict[str, Any]
) -> None:
    for document in (gad, ptsd):
        empty = 0
        for table in comparison_report(document).tables:
            for row in table.rows:
                for cell in row.cells:
                    if cell.is_missing and not table.is_text:
                        empty += 1
                        assert cell.text == "–"
                        assert cell.marks
        assert empty > 40


def test_a_null_is_never_shown_as_zero(gad: dict[str, Any]) -> None:
    report = comparison_report(gad)
    for section in sections("HAM-A"):
        rows = next(table for table in report.tables if table.id == section.id).rows
        for row, source in zip(rows, gad["options"], strict=True):
            for cell, column in zip(row.cells, section.columns, strict=True):
                if lookup(source, column.path) is None:
                    assert "0" not in cell.text
                    assert cell.is_missing


def test_the_footnote_of_a_gap_says_why(gad: dict[str, Any], ptsd: dict[str, Any]) -> None:
    for document, label, table, place, message in (
        (gad, "Ketamine IV 2 mg/kg, one dose", "change", 0, "above the highest studied"),
        (gad, "Placebo", "exposure", 0, "No drug is given"),
        (gad, "Escitalopram 10 mg daily for 8 weeks", "exposure", 2, "not modelled for this drug"),
        (gad, "Ketamine SC 0.5 mg/kg, one dose", "acute", 4, "No trial by this route reports sedation"),
        (ptsd, "Placebo", "change", 1, "CAPS-5 asks about the past week"),
    ):
        notes = dict(comparison_report(document).notes)
        marks = cells(document, table)[label][place].marks
        assert any(message in notes[mark] for mark in marks)


def test_footnotes_are_printed_below_with_their_numbers(gad: dict[str, Any]) -> None:
    text = flat(printed(print_comparison, gad))
    for mark, message in comparison_report(gad).notes:
        assert f"[{mark}] {message}" in text


def test_every_flag_of_every_option_is_printed(gad: dict[str, Any]) -> None:
    text = flat(printed(print_comparison, gad))
    assert {flag["message"] for row in gad["options"] for flag in row["flags"]} <= {
        message for _, message in comparison_report(gad).notes
    }
    assert all(flag["message"] in text for row in gad["options"] for flag in row["flags"])


def test_the_same_message_has_one_number_everywhere(gad: dict[str, Any]) -> None:
    messages = [message for _, message in comparison_report(gad).notes]
    assert len(messages) == len(set(messages))


def test_a_word_of_caution_on_a_whole_row_stands_at_the_name(gad: dict[str, Any]) -> None:
    report = comparison_report(gad)
    number_of = {message: mark for mark, message in report.notes}
    extrapolated = number_of["Effect in this indication is mostly extrapolated from depression trials."]
    row = next(table for table in report.tables if table.id == "change").rows[0]
    assert row.label.marks == (extrapolated,)
    assert all(cell.marks == () for cell in row.cells)


def test_a_caution_is_not_given_as_the_reason_for_a_gap(ptsd: dict[str, Any]) -> None:
    row = option(ptsd, "ketamine-iv-once")
    codes = [flag["code"] for flag in reasons_for_gap(row, "symptoms.change.2h")]
    assert codes == ["scale_recall_longer"]


def test_an_unknown_code_explains_gaps_that_nothing_else_does(gad: dict[str, Any]) -> None:
    row = option(gad, "ketamine-iv-anaesthetic")
    assert [flag["code"] for flag in reasons_for_gap(row, "acute.dissociation_peak")] == ["rating_impossible"]
    assert [flag["code"] for flag in reasons_for_gap(row, "symptoms.change.2h")] == ["above_studied_dose"]


def test_a_flag_may_say_itself_what_it_is_about() -> None:
    row = {"flags": [{"code": "new", "message": "m", "applies_to": ["pk.*"]}]}
    assert reasons_for_gap(row, "pk.bioavailability") == row["flags"]
    assert reasons_for_gap(row, "acute.sedation_percent") == []
    assert is_caveat(row["flags"][0], "pk.bioavailability")


def test_a_gap_without_any_reason_says_that_too(gad: dict[str, Any]) -> None:
    gad["options"][0]["flags"] = []
    gad["options"][0]["pk"]["bioavailability"] = None
    assert NO_REASON in dict(comparison_report(gad).notes).values()
    assert NO_REASON in flat(printed(print_comparison, gad))


def test_only_the_notes_of_the_tables_shown_are_printed_and_those_on_whole_options(gad: dict[str, Any]) -> None:
    gad["options"][0]["flags"].append({"code": "populations_differ", "message": "Not a fair contest."})
    stream = io.StringIO()
    print_comparison(gad, Console(file=stream, width=140), only=("acute",))
    shown = flat(stream.getvalue())
    everything = dict(comparison_report(gad).notes).values()
    of_symptoms = next(flag["message"] for flag in gad["options"][0]["flags"] if flag["code"] == "extrapolated")
    of_sedation = next(flag["message"] for flag in gad["options"][2]["flags"] if flag["code"] == "sedation_unknown")
    assert {of_symptoms, of_sedation, "Not a fair contest."} <= set(everything)
    assert of_symptoms not in shown
    assert of_sedation in shown
    assert "Not a fair contest." in shown


def test_where_nobody_is_watched_the_cell_points_at_its_note(gad: dict[str, Any]) -> None:
    row = gad["options"][0]
    row["practical"]["observation_min"] = None
    assert cells(gad, "practical")[row["label"]][1].text == "unknown"
    row["flags"].append({"code": "observation_not_in_minutes", "message": "time under observation: none"})
    cell = cells(gad, "practical")[row["label"]][1]
    assert cell.text == "see note"
    assert cell.marks


def test_every_flag_of_the_model_is_placed() -> None:
    from importlib import resources
    from tomllib import loads

    scopes = loads(resources.files("ketascope.report").joinpath("flag_scopes.toml").read_text(encoding="utf-8"))
    placed = {*scopes["gaps"], *scopes["caveats"], *scopes["general"]["codes"]}
    model = loads(resources.files("ketascope.data").joinpath("flags.toml").read_text(encoding="utf-8"))
    assert set(model) - placed == set()
    assert placed - set(model) == set()


def test_footnotes_count_from_one_in_order_of_use() -> None:
    notes = Notes()
    assert [notes.mark(text) for text in ("a", "b", "a")] == [1, 2, 1]
    assert notes.messages == ((1, "a"), (2, "b"))


# Harms and facts


def test_harms_are_listed_with_frequency_and_source(gad: dict[str, Any]) -> None:
    text = flat(printed(print_comparison, gad, 200))
    assert "8 to 19 of 100" in text
    assert "Example label 2024" in text


def test_a_harm_of_unknown_frequency_reads_unknown(gad: dict[str, Any]) -> None:
    rows = cells(gad, "harms")
    assert rows["Bladder damage with long use"][0].text == "unknown"


def test_an_option_without_listed_harms_is_not_called_harmless(gad: dict[str, Any]) -> None:
    harms = next(table for table in comparison_report(gad).tables if table.id == "harms")
    silent = {row.cells[1].text: row.cells[0].text for row in harms.rows if row.label.is_missing}
    assert silent == {"Placebo": "unknown", "No treatment": "unknown"}


def test_a_harm_shared_by_all_options_of_a_drug_is_said_once(gad: dict[str, Any]) -> None:
    rows = cells(gad, "harms")
    assert rows["Bladder damage with long use"][1].text == "all 9 options with ketamine or esketamine"


def test_unknown_facts_read_unknown_and_a_known_zero_reads_zero(gad: dict[str, Any]) -> None:
    rows = cells(gad, "practical")
    assert rows["Placebo"][3].text == "unknown"
    assert rows["Escitalopram 10 mg daily for 8 weeks"][1].text == "0"
    assert cells(gad, "evidence")["No treatment"][0].text == "0"


def test_a_price_with_one_unknown_end_says_so(gad: dict[str, Any]) -> None:
    option(gad, "ketamine-iv-once")["practical"]["cost_usd"] = {
        "low": 300,
        "high": None,
        "per": "session",
        "source": "Example",
    }
    cost = cells(gad, "practical")["Ketamine IV 0.5 mg/kg over 40 min, one dose"][3]
    assert (cost.text, cost.ends) == ("300 to unknown a session", "Example")


# One regimen


def test_a_simulation_echoes_its_sentence_and_every_dose(simulation: dict[str, Any]) -> None:
    text = printed(print_simulation, simulation)
    assert simulation["sentence"] in text
    assert "Doses (6)" in text
    for time in ("start", "3.5 d", "7 d", "10.5 d", "2 wk", "2.5 wk"):
        assert time in text
    assert "40 min" in text


def test_long_regimens_are_shortened_and_say_so(simulation: dict[str, Any]) -> None:
    first = simulation["events"][0]
    simulation["events"] = [{**first, "time_h": 24.0 * day} for day in range(56)]
    text = printed(print_simulation, simulation)
    assert "Doses (56)" in text
    assert "and 26 more, the last at 7.9 wk" in text


def test_exposure_figures_have_units_and_spread(simulation: dict[str, Any]) -> None:
    rows = nca_rows(simulation["nca"])
    assert ("ketamine", "cmax", "ng/mL", "186 (geometric CV 24%)") in rows
    assert ("norketamine", "half life", "", "– (not given)") in rows
    assert ("", "window", "", "first dose to 3.5 d") in rows


def test_exposure_figures_may_also_be_intervals_or_plain_numbers() -> None:
    nca = {"cmax_ng_per_ml": {"median": 186, "low": 112, "high": 297}, "auc_extrapolated_percent": 0.4}
    assert [row[3] for row in nca_rows(nca)] == ["186 (112 to 297)", "0.4"]
    assert nca_rows(None) == []


def test_flags_of_figures_and_of_the_run_are_printed(simulation: dict[str, Any]) -> None:
    text = flat(printed(print_simulation, simulation))
    expected = "norketamine: the terminal slope spans fewer than two half-lives (12 of 100 patients)"
    assert nca_flags(simulation["nca"]) == [expected]
    assert expected in text
    assert simulation["flags"][0]["message"] in text


def test_a_regimen_without_ketamine_has_no_figures_and_no_crash(simulation: dict[str, Any]) -> None:
    simulation["nca"] = None
    assert "Exposure figures" not in printed(print_simulation, simulation)
