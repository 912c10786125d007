"""The three charts: valid specifications that say in words and in a table what they draw."""

from __future__ import annotations

import copy
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from ketascope.charts import Chart, acute_effects, cascade, render_png, render_svg, symptom_course, vega_bundle
from ketascope.charts.axes import nice_domain, place, spread, time_ticks
from ketascope.charts.style import config, load_style, looks, scale
from ketascope.report.format import number
from stored_documents import stored


@pytest.fixture
def gad() -> dict[str, Any]:
    return stored("comparison_gad.json")


@pytest.fixture
def ptsd() -> dict[str, Any]:
    return stored("comparison_ptsd.json")


@pytest.fixture
def simulation() -> dict[str, Any]:
    return stored("simulation_iv_series.json")


def course_of(case: dict[str, Any]) -> Chart:
    return symptom_course(case["document"], case["curves"])


def acute_of(case: dict[str, Any]) -> Chart:
    return acute_effects(case["document"], case["curves"])


def every_chart() -> list[Chart]:
    gad, ptsd, simulation = (
        stored(n) for n in ("comparison_gad.json", "comparison_ptsd.json", "simulation_iv_series.json")
    )
    return [course_of(gad), course_of(ptsd), acute_of(gad), acute_of(ptsd), cascade(simulation)]


@pytest.fixture(scope="module")
def charts() -> list[Chart]:
    return every_chart()


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    import altair

    # altair ships the schema as a file.
    path = Path(altair.__file__).parent / "vegalite" / "v6" / "schema" / "vega-lite-schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def course_svg(charts: list[Chart]) -> str:
    return render_svg(charts[0].spec)


def walk(node: Any) -> list[dict[str, Any]]:
    """Every dict inside a specification."""
    if isinstance(node, dict):
        return [node, *(found for value in node.values() for found in walk(value))]
    if isinstance(node, list):
        return [found for value in node for found in walk(value)]
    return []


def texts_of(chart: Chart) -> str:
    return json.dumps(chart.spec, ensure_ascii=False)


# What every chart must have


def test_every_specification_is_valid_against_the_vega_lite_schema(charts: list[Chart], schema: dict[str, Any]) -> None:
    from jsonschema import Draft7Validator

    validator = Draft7Validator(schema)
    for chart in charts:
        problems = [error.message[:200] for error in validator.iter_errors(chart.spec)]
        assert problems == [], chart.id


def test_every_specification_is_plain_json_without_nan(charts: list[Chart]) -> None:
    for chart in charts:
        assert json.loads(json.dumps(chart.spec, allow_nan=False)) == chart.spec


def test_every_chart_has_a_title_a_summary_and_a_table_with_the_same_columns_in_all_rows(charts: list[Chart]) -> None:
    for chart in charts:
        assert chart.title
        assert len(chart.summary) > 100
        assert len(chart.table) > 5
        assert len({tuple(row) for row in chart.table}) == 1


def test_the_summary_is_the_description_a_screen_reader_gets(charts: list[Chart]) -> None:
    for chart in charts:
        assert chart.spec["description"] == chart.summary


def test_column_names_carry_units_or_name_the_column_that_does(charts: list[Chart]) -> None:
    for chart in charts:
        assert any("(points)" in name or "(unit)" in name for name in chart.table[0])


def test_no_chart_asks_another_host_for_anything(charts: list[Chart]) -> None:
    for chart in charts:
        assert [found["url"] for found in walk(chart.spec) if "url" in found] == []
        without_schema = {key: value for key, value in chart.spec.items() if key != "$schema"}
        assert "http" not in json.dumps(without_schema)


def test_charts_are_frozen(charts: list[Chart]) -> None:
    with pytest.raises(AttributeError):
        charts[0].title = "another"  # type: ignore[misc]


def test_drawing_a_chart_changes_none_of_its_inputs(gad: dict[str, Any], simulation: dict[str, Any]) -> None:
    before = copy.deepcopy((gad, simulation))
    course_of(gad), acute_of(gad), cascade(simulation)
    assert (gad, simulation) == before


def test_the_same_data_give_the_same_chart(gad: dict[str, Any]) -> None:
    assert course_of(gad) == course_of(copy.deepcopy(gad))


@pytest.mark.parametrize("index", range(5))
def test_every_chart_renders_without_a_warning_to_svg_with_its_title(
    charts: list[Chart], index: int, capfd: pytest.CaptureFixture[str]
) -> None:
    svg = render_svg(charts[index].spec)
    assert svg.startswith("<svg")
    assert charts[index].title in svg
    assert "WARN" not in capfd.readouterr().err


def test_png_size_follows_the_scale(simulation: dict[str, Any]) -> None:
    for name in ("block", "glutamate_fold", "plasticity", "score"):
        del simulation["series"][name]
    spec = cascade(simulation).spec
    sizes = []
    for factor in (1, 2):
        picture = render_png(spec, factor)
        assert picture.startswith(b"\x89PNG\r\n")
        sizes.append(struct.unpack(">II", picture[16:24]))
    assert sizes[1][0] == pytest.approx(2 * sizes[0][0], abs=2)
    assert sizes[1][1] == pytest.approx(2 * sizes[0][1], abs=2)


def test_the_bundle_holds_the_scripts_and_cannot_end_its_own_element() -> None:
    bundle = vega_bundle()
    assert "window.vegaEmbed" in bundle
    assert len(bundle) > 500_000
    assert "</script" not in bundle.lower()
    assert vega_bundle() is bundle


# Symptom course


def test_the_summary_names_numbers_of_the_data_at_a_day_a_week_and_the_end(gad: dict[str, Any]) -> None:
    summary = course_of(gad).summary
    for curve in gad["curves"]:
        if "change" in curve:
            assert f"{curve['label']} {number(curve['change']['mean'][-1], 'points')}" in summary
    assert "At 24 h:" in summary
    assert "At 7 d:" in summary
    assert "At 8 wk:" in summary


def test_the_table_repeats_curve_values_exactly_at_labelled_times(gad: dict[str, Any]) -> None:
    curve = gad["curves"][0]
    at_day = curve["time_h"].index(24.0)
    row = next(r for r in course_of(gad).table if r["option"] == curve["label"] and r["time"] == "24 h")
    assert row["mean change (points)"] == curve["change"]["mean"][at_day]
    assert row["mean, 95% low (points)"] == curve["change"]["mean_low"][at_day]
    assert row["95% of patients, high (points)"] == curve["change"]["patients_high"][at_day]


def test_options_without_a_course_are_named_not_drawn(gad: dict[str, Any]) -> None:
    chart = course_of(gad)
    drawn = {record["option"] for record in chart.spec["datasets"]["course"]}
    for label in ("Ketamine IV 2 mg/kg, one dose", "No treatment"):
        assert label not in drawn
        assert label in chart.summary
        assert label in " ".join(chart.spec["title"]["subtitle"])


def test_each_drawn_option_has_its_own_panel_with_both_bands(gad: dict[str, Any]) -> None:
    panels = course_of(gad).spec["vconcat"][2]["concat"]
    drawn = [curve for curve in gad["curves"] if "change" in curve]
    assert len(panels) == len(drawn) == 10
    for panel, curve in zip(panels, drawn, strict=True):
        assert " ".join(panel["title"]["text"]) == curve["label"]
        areas = [
            (layer["encoding"]["y"]["field"], layer["encoding"]["y2"]["field"])
            for layer in panel["layer"]
            if layer["mark"]["type"] == "area"
        ]
        assert areas == [("patients_low", "patients_high"), ("mean_low", "mean_high")]


def test_the_key_says_which_band_is_uncertainty_and_which_is_people(gad: dict[str, Any]) -> None:
    key = json.dumps(course_of(gad).spec["vconcat"][1])
    assert "95% uncertainty of the population mean" in key
    assert "95% of patients" in key
    assert "mean with placebo" in key


def test_panels_show_the_placebo_mean_in_grey_except_placebos_own(gad: dict[str, Any]) -> None:
    panels = course_of(gad).spec["vconcat"][2]["concat"]
    with_grey = [p for p in panels if any(layer["mark"].get("strokeWidth") == 1.5 for layer in p["layer"])]
    assert len(with_grey) == len(panels) - 1


def test_the_grey_line_is_the_options_own_placebo_not_the_pill(gad: dict[str, Any]) -> None:
    gad["curves"] = [curve for curve in gad["curves"] if curve["kind"] != "placebo"]
    own = [curve["change"]["placebo_mean"][-1] for curve in gad["curves"] if "change" in curve]
    records = course_of(gad).spec["datasets"]["course"]
    last_h = max(record["time_h"] for record in records)
    assert [record["placebo_mean"] for record in records if record["time_h"] == last_h] == own


def test_without_placebo_there_is_no_grey_line_and_no_word_of_it(gad: dict[str, Any]) -> None:
    for curve in gad["curves"]:
        curve.get("change", {}).pop("placebo_mean", None)
    assert "mean with placebo" not in texts_of(course_of(gad))


def test_all_panels_share_one_vertical_scale(gad: dict[str, Any]) -> None:
    panels = course_of(gad).spec["vconcat"][2]["concat"]
    domains = {
        tuple(found["scale"]["domain"])
        for panel in panels
        for layer in panel["layer"]
        if (found := layer["encoding"].get("y")) and "scale" in found
    }
    assert len(domains) == 1


def test_direct_labels_do_not_lie_on_each_other(gad: dict[str, Any]) -> None:
    overview = course_of(gad).spec["vconcat"][0]
    labels = overview["layer"][-1]["data"]["values"]
    low, high = overview["layer"][-1]["encoding"]["y"]["scale"]["domain"]
    pixels = sorted((high - label["label_at"]) / (high - low) * overview["height"] for label in labels)
    assert min(b - a for a, b in zip(pixels, pixels[1:], strict=False)) >= 12.5


def test_a_scale_that_asks_about_a_week_shows_a_gap_and_says_why(ptsd: dict[str, Any]) -> None:
    chart = course_of(ptsd)
    assert min(record["time_h"] for record in chart.spec["datasets"]["course"]) == 168
    gap = chart.spec["vconcat"][0]["layer"][0]
    assert gap["mark"]["type"] == "rect"
    assert gap["data"]["values"] == [{"start": 0, "end": 168.0}]
    assert "CAPS-5 asks about the past week" in chart.summary
    assert "CAPS-5 asks about the" in texts_of(chart)
    assert all(row["time"] not in ("2 h", "24 h") for row in chart.table)


def test_a_zero_at_the_first_dose_does_not_hide_the_gap(ptsd: dict[str, Any]) -> None:
    for curve in ptsd["curves"]:
        if "change" in curve:
            for values in curve["change"].values():
                values[0] = 0.0
    chart = course_of(ptsd)
    assert min(record["time_h"] for record in chart.spec["datasets"]["course"]) == 168


def test_a_gap_without_a_flag_still_has_a_note(ptsd: dict[str, Any]) -> None:
    for option in ptsd["document"]["options"]:
        option["flags"] = [flag for flag in option["flags"] if flag["code"] != "scale_recall_longer"]
    assert "No value exists before 7 d." in course_of(ptsd).summary


def test_a_daily_scale_has_no_gap(gad: dict[str, Any]) -> None:
    kinds = [layer["mark"]["type"] for layer in course_of(gad).spec["vconcat"][0]["layer"]]
    assert "rect" not in kinds


def test_nulls_break_lines_and_never_become_zero(gad: dict[str, Any]) -> None:
    curve = gad["curves"][0]
    for values in curve["change"].values():
        values[30] = None
    records = [r for r in course_of(gad).spec["datasets"]["course"] if r["id"] == curve["id"]]
    assert records[30]["mean"] is None
    lines = [found for found in walk(course_of(gad).spec) if found.get("type") == "line"]
    assert all(line["invalid"] == "break-paths-filter-domains" for line in lines)


def test_no_course_at_all_gives_a_chart_that_says_so(gad: dict[str, Any]) -> None:
    bare = [{key: value for key, value in curve.items() if key != "change"} for curve in gad["curves"]]
    chart = symptom_course(gad["document"], bare)
    assert chart.summary.startswith("No option has a course on HAM-A to show")
    assert chart.table == []
    assert "No option has a symptom course" in render_svg(chart.spec)


def test_a_curve_with_only_a_mean_is_drawn_without_bands(gad: dict[str, Any]) -> None:
    curve = gad["curves"][0]
    curve["change"] = {"mean": curve["change"]["mean"]}
    gad["curves"] = [curve]
    chart = course_of(gad)
    assert chart.table[0]["mean, 95% low (points)"] is None
    assert render_svg(chart.spec).startswith("<svg")


# The time axis


def test_the_axis_labels_minutes_days_and_weeks_of_eight_weeks() -> None:
    assert time_ticks(1344) == pytest.approx([1 / 6, 2 / 3, 2, 12, 24, 72, 168, 336, 672, 1344])


@pytest.mark.parametrize("last_h", [1, 8, 24, 100, 168, 672, 1344, 8736])
@pytest.mark.parametrize("few", [False, True])
def test_labels_keep_their_distance_and_stay_inside(last_h: float, few: bool) -> None:
    ticks = time_ticks(last_h, few=few)
    places = [place(tick, last_h, 0.0) for tick in ticks]
    assert ticks
    assert max(ticks) <= last_h * 1.001
    assert all(b - a >= 0.06 for a, b in zip(places, places[1:], strict=False))


def test_a_late_start_gives_the_weeks_more_room() -> None:
    assert place(168, 1344, 168) < 0.55 < place(168, 1344, 0)
    assert 168 in time_ticks(1344, 168)


@pytest.mark.parametrize(
    ("hours", "text"), [(1 / 6, "10 min"), (2 / 3, "40 min"), (12, "12 h"), (24, "1 d"), (168, "1 wk"), (1344, "8 wk")]
)
def test_the_axis_writes_times_as_people_say_them(course_svg: str, hours: float, text: str) -> None:
    assert hours in time_ticks(1344)
    assert f">{text}<" in course_svg


@pytest.mark.parametrize(
    ("values", "domain"),
    [([-14.2, -3.0], [-15.0, 0.0]), ([0.0, 29.9], [0.0, 30.0]), ([-1.3, 54.6], [-10.0, 60.0]), ([0.0], [0.0, 1.0])],
)
def test_limits_are_round_and_hold_all_values(values: list[float], domain: list[float]) -> None:
    low, high = nice_domain(values)
    assert low <= min(values)
    assert high >= max(values)
    assert [low, high] == pytest.approx(domain, abs=1.0)


def test_rounding_error_adds_no_step_to_the_axis() -> None:
    assert nice_domain([-20.0, 1e-12]) == pytest.approx([-20.0, 0.0])


def test_labels_are_spread_in_order_without_overlap_and_near_where_they_belong() -> None:
    wanted = [100.0, 101.0, 102.0, 300.0]
    placed = spread(wanted, [20.0] * 4, 0.0, 400.0)
    assert placed == sorted(placed)
    assert all(b - a >= 20.0 - 1e-9 for a, b in zip(placed, placed[1:], strict=False))
    assert placed[3] == 300.0
    assert sum(placed[:3]) / 3 == pytest.approx(101.0)


def test_labels_at_the_edge_stay_inside() -> None:
    placed = spread([0.0, 0.0, 400.0, 400.0], [30.0] * 4, 0.0, 400.0)
    assert min(placed) == 15.0
    assert max(placed) == 385.0


# Looks


def option(id_: str, drug: str | None, route: str | None) -> dict[str, Any]:
    return {"id": id_, "label": id_.title(), "drug": drug, "route": route}


def test_one_colour_a_drug_and_one_dash_a_route() -> None:
    found = looks([option("a", "ketamine", "IV"), option("b", "ketamine", "IM"), option("c", "esketamine", "IV")])
    assert found["a"].colour == found["b"].colour != found["c"].colour
    assert found["a"].dash == found["c"].dash != found["b"].dash


def test_options_of_one_drug_and_route_differ_in_shape() -> None:
    found = looks([option(name, "ketamine", "IV") for name in "abcd"])
    assert len({look.shape for look in found.values()}) == 4


def test_a_drug_that_no_file_names_gets_a_colour_of_its_own() -> None:
    names = ["ketamine", "esketamine", "novel one", "novel two"]
    found = looks([option(name, name, "IV") for name in names])
    assert len({look.colour for look in found.values()}) == 4


def test_options_without_a_drug_are_grey_and_not_alike() -> None:
    found = looks([option("placebo", None, None), option("untreated", None, None)])
    greys = [look.colour for look in found.values()]
    assert len(set(greys)) == 2
    assert all(colour[1:3] == colour[3:5] == colour[5:7] for colour in greys)


def test_a_drug_keeps_its_colour_whatever_stands_beside_it() -> None:
    alone = looks([option("a", "ketamine", "IV")])["a"]
    beside = looks([option("z", "novel", "oral"), option("a", "ketamine", "IV")])["a"]
    assert alone.colour == beside.colour


def test_named_colours_are_okabe_and_itos() -> None:
    okabe_ito = {"#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"}
    style = load_style()
    assert {*style["drugs"].values(), *style["fallback"]["colours"]} <= okabe_ito
    assert {entry["colour"] for panel in style["panels"] for entry in panel["series"]} <= okabe_ito


def test_every_route_of_the_grammar_has_a_dash_of_its_own() -> None:
    routes = ["IV", "IM", "SC", "nasal", "SL", "buccal", "oral", "oral-ER", "rectal"]
    dashes = [tuple(load_style()["routes"][route]) for route in routes]
    assert len(set(dashes)) == len(routes)


def test_scales_pair_each_name_with_its_look() -> None:
    found = looks([option("a", "ketamine", "IV"), option("b", "esketamine", "nasal")])
    colours = scale(found, "colour")
    assert dict(zip(colours["domain"], colours["range"], strict=True)) == {
        "ketamine": found["a"].colour,
        "esketamine": found["b"].colour,
    }
    assert scale(found, "dash")["domain"] == ["IV", "nasal"]


def test_the_font_stack_ends_in_a_generic_family() -> None:
    assert config()["font"].endswith("sans-serif")


# Cascade


def panel_titles(chart: Chart) -> list[str]:
    return [view["title"]["text"] for view in chart.spec["vconcat"]]


def test_the_cascade_stacks_the_steps_in_the_order_of_the_biology(simulation: dict[str, Any]) -> None:
    assert panel_titles(cascade(simulation)) == [
        "Doses (6)",
        "Ketamine and norketamine in plasma",
        "Receptor block",
        "Glutamate release",
        "Plasticity",
        "Symptom score",
    ]


def test_all_steps_share_one_time_axis_and_only_the_last_labels_it(simulation: dict[str, Any]) -> None:
    views = cascade(simulation).spec["vconcat"]
    axes = [view["layer"][-1]["encoding"]["x"] for view in views]
    assert len({json.dumps(x["scale"]) for x in axes}) == 1
    assert [x["axis"]["labels"] for x in axes] == [False] * 5 + [True]


def test_the_cascade_marks_assumed_steps(simulation: dict[str, Any]) -> None:
    chart = cascade(simulation)
    assert "Assumed steps" in chart.summary
    notes = {view["title"]["text"]: view["title"].get("subtitle", "") for view in chart.spec["vconcat"]}
    assert notes["Glutamate release"] == notes["Plasticity"] == "basis of the numbers: assumed step"
    assert "assumed" not in notes["Ketamine and norketamine in plasma"]


def test_the_cascade_summary_gives_the_peak_of_each_step(simulation: dict[str, Any]) -> None:
    summary = cascade(simulation).summary
    peak = max(simulation["series"]["ketamine_ng_per_ml"]["median"])
    assert f"Ketamine, total: highest median {number(peak, 'concentration')}" in summary
    assert "Symptom score: 25.0 at the start" in summary


def test_every_dose_is_marked_with_its_time_and_length(simulation: dict[str, Any]) -> None:
    strip = cascade(simulation).spec["vconcat"][0]["data"]["values"]
    assert [dose["start_h"] for dose in strip] == [84 * n for n in range(6)]
    assert strip[0]["end_h"] == pytest.approx(0.6667)
    assert strip[0]["dose"] == "35 mg ketamine IV"


def test_one_enantiomer_alone_is_not_drawn_twice(simulation: dict[str, Any]) -> None:
    zeros = [0.0] * len(simulation["times_h"])
    simulation["series"]["r_ketamine_ng_per_ml"] = {"median": zeros, "low": zeros, "high": zeros}
    names = {record["name"] for record in cascade(simulation).spec["datasets"]["cascade"]}
    assert "s_ketamine_ng_per_ml" not in names
    assert "ketamine_ng_per_ml" in names


def test_an_effect_site_is_dashed(simulation: dict[str, Any]) -> None:
    simulation["series"]["effect_site_ng_per_ml"] = simulation["series"]["s_ketamine_ng_per_ml"]
    plasma = cascade(simulation).spec["vconcat"][1]
    condition = plasma["layer"][-1]["encoding"]["strokeDash"]["condition"]
    assert condition["test"]["oneOf"] == ["Effect site (dashed)"]
    assert condition["value"] == [5, 3]


def test_a_step_without_series_has_no_panel(simulation: dict[str, Any]) -> None:
    del simulation["series"]["score"]
    chart = cascade(simulation)
    assert "Symptom score" not in panel_titles(chart)
    assert chart.spec["vconcat"][-1]["layer"][-1]["encoding"]["x"]["axis"]["labels"] is True


def test_the_typical_patient_has_a_line_and_no_band(simulation: dict[str, Any]) -> None:
    for series in simulation["series"].values():
        series["low"] = series["high"] = series["median"]
    chart = cascade(simulation)
    assert "typical patient" in chart.summary
    assert [found for found in walk(chart.spec["vconcat"]) if found.get("type") == "area"] == []


def test_a_score_that_starts_late_keeps_its_gap(simulation: dict[str, Any]) -> None:
    early = [0 < time < 168 for time in simulation["times_h"]]
    for values in simulation["series"]["score"].values():
        values[:] = [None if hidden else value for value, hidden in zip(values, early, strict=True)]
    chart = cascade(simulation)
    rows = [r for r in chart.table if r["quantity (unit)"] == "Symptom score (points)" and r["time"] == "24 h"]
    assert [row["median"] for row in rows] == [None]
    assert render_svg(chart.spec).startswith("<svg")


# Acute effects


def test_acute_effects_show_course_and_highest_value_of_both_effects(gad: dict[str, Any]) -> None:
    titles = [view["title"]["text"] for view in acute_of(gad).spec["concat"]]
    assert titles == [
        "Dissociation",
        "Rise of systolic blood pressure",
        "Highest: dissociation",
        "Highest: rise of systolic blood pressure",
    ]


def test_the_course_stops_after_the_first_hours(gad: dict[str, Any]) -> None:
    times = [record["time_h"] for record in acute_of(gad).spec["datasets"]["acute_course"]]
    assert max(times) <= 8


def test_the_acute_summary_gives_peaks_with_ranges_and_when_it_is_over(gad: dict[str, Any]) -> None:
    summary = acute_of(gad).summary
    assert "Ketamine IV 0.5 mg/kg over 40 min, one dose 8.2 (0.8 to 27.9)" in summary
    assert "12.6 (" in summary
    assert "Dissociation is over after: Ketamine IV 0.5 mg/kg over 40 min, one dose 1.9 h" in summary


def test_an_effect_that_is_unknown_reads_not_shown(gad: dict[str, Any]) -> None:
    chart = acute_of(gad)
    layers = chart.spec["concat"][2]["layer"]
    missing = [
        layer for layer in layers if {"not shown"} == {v["text"] for v in layer.get("data", {}).get("values", [])}
    ]
    assert missing[0]["data"]["values"] == [{"option": "Ketamine IV 2 mg/kg, one dose", "text": "not shown"}]
    row = next(r for r in chart.table if r["option"] == "Ketamine IV 2 mg/kg, one dose")
    assert row["highest, median"] is None


def test_options_without_acute_effects_are_named(gad: dict[str, Any]) -> None:
    assert "Nothing is shown for: Escitalopram 10 mg daily for 8 weeks, Placebo, No treatment." in acute_of(gad).summary


def test_no_acute_effect_at_all_gives_a_chart_that_says_so(gad: dict[str, Any]) -> None:
    for row in gad["document"]["options"]:
        row["acute"] = dict.fromkeys(row["acute"])
    chart = acute_of(gad)
    assert chart.summary.startswith("No option has an acute effect to show")
    assert chart.table == []


def test_a_missing_curve_leaves_the_peak(gad: dict[str, Any]) -> None:
    chart = acute_effects(gad["document"], [])
    assert chart.spec["datasets"]["acute_course"] == []
    assert len(chart.spec["datasets"]["acute_peaks"]) == 17
    assert chart.table[0]["median at 1 h"] is None
