"""The forest plot: everything that field conventions ask of it is in the specification, the words and the table."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest

from evidence_today import PTSD_TRIALS
from ketascope.charts import Chart, render_png, render_svg
from ketascope.charts.forest import bias_marks, forest
from ketascope.charts.forest_rows import domain
from ketascope.charts.forest_text import interval_text, method_line, people_text, value_text
from ketascope.evidence.studies.tables import RISKS_OF_BIAS
from ketascope.evidence.summary import pooled_evidence

OKABE_ITO = {"#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"}
GREY = {"#767676"}


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Any]]:
    return {
        "ptsd": pooled_evidence("ptsd"),
        "all": pooled_evidence("all", outcome="response"),
        "ocd": pooled_evidence("ocd", outcome="response"),
        "mdd": pooled_evidence("mdd", treatment="esketamine"),
        "none": pooled_evidence("panic"),
    }


@pytest.fixture(scope="module")
def charts(documents: dict[str, dict[str, Any]]) -> dict[str, Chart]:
    return {name: forest(document) for name, document in documents.items()}


def layers(chart: Chart) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = chart.spec["vconcat"][0]["layer"]
    return found


def texts(chart: Chart) -> set[str]:
    """Every text that a mark of the figure shows."""
    found = set()
    for view in chart.spec["vconcat"]:
        for layer in view.get("layer", [view]):
            if layer["mark"]["type"] == "text":
                found |= {str(record["text"]) for record in layer["data"]["values"]}
    return found


def marks(chart: Chart, kind: str, **look: Any) -> list[dict[str, Any]]:
    return [
        layer
        for layer in layers(chart)
        if layer["mark"]["type"] == kind and all(layer["mark"].get(key) == value for key, value in look.items())
    ]


def squares(chart: Chart, filled: bool) -> list[dict[str, Any]]:
    found = marks(chart, "point", shape="square", filled=filled)
    return [record for layer in found if "size" in layer["encoding"] for record in layer["data"]["values"]]


# What is drawn


def test_squares_follow_the_weight(charts):
    drawn = squares(charts["all"], filled=True)
    assert len(drawn) == 3
    by_weight = sorted(drawn, key=lambda record: record["weight"])
    assert [record["area"] for record in by_weight] == sorted(record["area"] for record in drawn)
    assert by_weight[0]["area"] < by_weight[-1]["area"]


def test_the_diamond_spans_the_interval_of_the_pool(charts, documents):
    pooled = documents["mdd"]["pooled"]
    (diamond,) = marks(charts["mdd"], "area")
    places = [point["at"] for point in diamond["data"]["values"]]
    assert places == [pooled["low"], pooled["estimate"], pooled["high"]]


def test_the_bound_is_hollow_and_dashed_and_the_pool_stands_with_and_without_it(charts, documents):
    (bound,) = squares(charts["ptsd"], filled=False)
    assert bound["study"] == "Abdallah 2022"
    rules = [layer for layer in marks(charts["ptsd"], "rule") if bound["line"] in lines(layer)]
    assert [layer["mark"]["strokeDash"] for layer in rules] == [[3, 3]]
    assert len(marks(charts["ptsd"], "area")) == 2
    assert "within −0.39 to 0.39 (bound)" in texts(charts["ptsd"])
    assert "Without the bound of the null trial" in texts(charts["ptsd"])
    assert documents["ptsd"]["without_bound"]["words"] in charts["ptsd"].summary


def lines(layer: dict[str, Any]) -> set[float]:
    return {record["line"] for record in layer["data"]["values"]}


def test_no_effect_is_a_dashed_line_at_zero_or_one(charts):
    for name, place in (("ptsd", 0.0), ("all", 1.0)):
        first = layers(charts[name])[0]
        assert first["data"]["values"][0]["null"] == place
        assert first["mark"]["strokeDash"] == [4, 3]


def test_ratios_have_a_log_axis_and_differences_have_not(charts):
    assert layers(charts["all"])[0]["encoding"]["x"]["scale"]["type"] == "log"
    assert "type" not in layers(charts["ptsd"])[0]["encoding"]["x"]["scale"]
    assert "log axis" in layers(charts["all"])[0]["encoding"]["x"]["axis"]["title"]


def test_both_sides_say_whom_they_favour(charts):
    assert {"← favours ketamine", "favours control →"} <= texts(charts["ptsd"])
    assert {"← favours control", "favours ketamine →"} <= texts(charts["all"])


def test_the_prediction_interval_is_drawn_with_its_rule(charts, documents):
    assert "Prediction for a new study, rule KH t(k-1)" in texts(charts["ptsd"])
    assert marks(charts["ptsd"], "rule", strokeDash=[7, 3])
    for rule in ("z", "KH t(k-1)", "t(k-2)"):
        assert f"{rule}" in charts["ptsd"].summary


def test_model_heterogeneity_and_k_stand_above_the_plot(charts):
    above = " ".join(charts["ptsd"].spec["title"]["subtitle"])
    for said in ("Random effects", "REML", "Knapp-Hartung", "converged", f"k = {PTSD_TRIALS}", "tau²", "I²", "Q "):
        assert said in above, said


def test_risk_of_bias_has_a_shape_and_a_word(charts):
    assert {"some", "low"} <= texts(charts["ptsd"])
    assert set(bias_marks()) == set(RISKS_OF_BIAS)
    shapes = [(look["shape"], look["filled"]) for look in bias_marks().values()]
    assert len(set(shapes)) == len(shapes), "told apart without colour"
    assert {look["colour"] for look in bias_marks().values()} <= OKABE_ITO | GREY


def test_every_study_is_in_the_figure_or_in_its_list(charts, documents):
    for name, document in documents.items():
        shown = " ".join(texts(charts[name]))
        for study in document["studies"]:
            assert study["label"] in shown
        for study in document["without_numbers"]:
            assert study["label"] in shown
            assert study["label"] in charts[name].summary


def test_a_study_outside_the_pool_is_grey_and_says_so(charts, documents):
    outside = [study for study in documents["mdd"]["studies"] if not study["in_pooling"]]
    crosses = [
        r for layer in marks(charts["mdd"], "point", shape="cross", color="#8a8a8a") for r in layer["data"]["values"]
    ]
    assert len(crosses) == len(outside) > 0
    assert all(record["study"].endswith("(not pooled)") or "…" in record["study"] for record in crosses)


def test_a_refused_pool_has_studies_and_no_diamond(charts):
    assert marks(charts["ocd"], "area") == []
    assert "Rodriguez 2013" in texts(charts["ocd"])
    assert "pooling needs at least two studies" in charts["ocd"].summary


def test_a_figure_without_any_study_says_so_and_lists_the_absent(charts):
    assert "No study with usable numbers." in texts(charts["none"])
    assert any("Ray" in text for text in texts(charts["none"]))
    assert render_svg(charts["none"].spec).startswith("<svg")


# The axis


def test_a_long_interval_ends_in_an_arrow_inside_the_axis(charts):
    low, high = layers(charts["all"])[0]["encoding"]["x"]["scale"]["domain"]
    arrows = marks(charts["all"], "point", shape="triangle-right")
    assert arrows
    for record in squares(charts["all"], filled=True):
        assert low <= record["drawn_low"] <= record["estimate"] <= record["drawn_high"] <= high


def test_the_axis_holds_every_estimate_and_no_effect(documents):
    document = documents["mdd"]
    rows = [
        {"estimate": study["estimate"], "low": study["low"], "high": study["high"]} for study in document["studies"]
    ]
    low, high = domain(document, rows)
    assert low < min(row["estimate"] for row in rows)
    assert high > 0.0


def test_one_absurd_interval_does_not_flatten_the_others(documents):
    document = copy.deepcopy(documents["all"])
    document["studies"][0] |= {"low": -20.0, "high": 25.0}
    (low, high) = layers(forest(document))[0]["encoding"]["x"]["scale"]["domain"]
    assert low > 1e-4
    assert high < 1e5


# Words, table, picture


def test_the_table_has_what_the_plot_has(charts, documents):
    table = {str(row["study"]): row for row in charts["ptsd"].table}
    pooled = documents["ptsd"]["pooled"]
    assert table["Pooled estimate"]["estimate (SD units)"] == pooled["estimate"]
    assert table["Without the bound"]["95% low (SD units)"] == documents["ptsd"]["without_bound"]["low"]
    assert table["Prediction interval, t(k-2)"]["95% low (SD units)"] == pooled["predictions"][2]["low"]
    assert table["Abdallah 2022"]["note"] == "a bound, not an estimate"
    assert table["Pradhan 2018"]["note"].startswith("reports days of response")
    assert len({tuple(row) for row in charts["ptsd"].table}) == 1, "every row has the same columns"


def test_ratios_stand_as_ratios_in_the_table(charts, documents):
    row = next(row for row in charts["all"].table if row["study"] == "Feder 2021")
    study = next(study for study in documents["all"]["studies"] if study["study"] == "feder2021")
    assert row["estimate (ratio)"] == pytest.approx(math.exp(study["estimate"]))
    assert row["people"] == "10/15 vs 3/15"


def test_the_words_come_before_the_numbers(charts, documents):
    assert charts["ptsd"].summary.startswith(documents["ptsd"]["words"])
    assert charts["ptsd"].spec["description"] == charts["ptsd"].summary


def test_the_specification_is_plain_json_and_renders(charts):
    for chart in charts.values():
        json.dumps(chart.spec, allow_nan=False)
    assert render_png(charts["ptsd"].spec, 1).startswith(b"\x89PNG")
    drawing = render_svg(charts["mdd"].spec)
    assert "ESK_Sex2022" in drawing or "Turkoz" in drawing


def test_people_of_a_crossover_without_sequences_are_counted_once():
    study = {"n_treatment": 20.5, "n_control": 20.5, "n_total": 41, "events_treatment": None, "events_control": None}
    assert people_text(study) == "41 crossed over"
    assert people_text(study | {"n_treatment": 20, "n_control": 21}) == "20 vs 21"
    unread = study | {"n_treatment": None, "n_control": None}
    assert people_text(unread) == "41 in all"
    assert people_text(unread | {"n_total": None}) == "–"


def test_ratios_beyond_reason_are_not_printed_to_the_digit(documents):
    document = documents["all"]
    assert value_text(document, math.log(5e5)) == ">1,000"
    assert value_text(document, math.log(1e-5)) == "<0.01"
    assert interval_text(document, 0.0, math.log(0.5), math.log(20.0)) == "1.00 (0.50 to 20.0)"


def test_a_search_that_did_not_end_is_said_in_the_figure(documents):
    document = copy.deepcopy(documents["ptsd"])
    document["pooled"] |= {"converged": False, "message": "200 steps were not enough"}
    assert "did NOT converge: 200 steps were not enough" in method_line(document)


def test_a_common_effect_is_called_by_its_name():
    document = pooled_evidence("ptsd", estimator="FE")
    assert method_line(document).startswith("Common effect")
    assert f"not defined for k = {PTSD_TRIALS}" in forest(document).summary
