"""Pictures of the fit to the trials: nothing left out, marks by what the record says, words and table beside them."""

from __future__ import annotations

import re

import pytest

from ketascope.charts import parameter_contraction, render_svg, trial_predictions
from ketascope.charts.contraction import _LOOKS as CONTRACTION_LOOKS
from ketascope.charts.trial_predictions import _LOOKS as PREDICTION_LOOKS
from ketascope.evidence.symptom_trials.posterior import load_record
from ketascope.evidence.trial_ledger import trial_ledger
from ketascope.report.trial_estimation import contraction
from trial_records import in_sds, record, rows


@pytest.fixture(scope="module")
def trials():
    return trial_ledger(record())


@pytest.fixture(scope="module")
def chart(trials):
    return trial_predictions(trials["rows"])


@pytest.fixture(scope="module")
def parameters():
    return contraction(record())


def panels(chart):
    return chart.spec["vconcat"]


def layer(panel, kind, field=None):
    """The layer of a panel with this mark, and this field on the horizontal axis."""
    found = [
        item
        for item in panel["layer"]
        if item["mark"]["type"] == kind and field in (None, item["encoding"]["x"].get("field"))
    ]
    assert len(found) == 1
    return found[0]


def points(chart):
    return [point for panel in panels(chart) for point in layer(panel, "point")["data"]["values"]]


class TestTrialPredictions:
    def test_every_row_is_a_line_of_the_picture_and_of_the_table(self, chart, trials):
        assert len(chart.table) == len(trials["rows"])
        lines = [line for panel in panels(chart) for line in layer(panel, "rule", "low_95")["data"]["values"]]
        assert len(lines) == len(trials["rows"])

    def test_panels_go_by_unit_and_indication_with_differences_in_sds_first(self, chart):
        titles = [panel["title"]["text"] for panel in panels(chart)]
        assert titles == [
            "mixed anxiety samples (SD)",
            "post-traumatic stress disorder (SD)",
            "major depressive disorder (SD)",
            "post-traumatic stress disorder (points)",
            "major depressive disorder (points)",
            "social anxiety disorder (% responding)",
            "post-traumatic stress disorder (% responding)",
            "major depressive disorder (share)",
        ]

    def test_panels_of_one_unit_share_their_scale_and_its_last_one_has_the_title(self, chart):
        by_unit = {}
        for panel in panels(chart):
            x = layer(panel, "rule", "low_95")["encoding"]["x"]
            by_unit.setdefault(re.search(r"\((.+)\)$", panel["title"]["text"])[1], []).append(x)
        for axes in by_unit.values():
            assert len({tuple(x["scale"]["domain"]) for x in axes}) == 1
            assert [x["title"] is None for x in axes] == [True] * (len(axes) - 1) + [False]

    def test_no_figure_falls_off_its_scale(self, chart):
        for panel in panels(chart):
            low, high = layer(panel, "rule", "low_95")["encoding"]["x"]["scale"]["domain"]
            assert low <= 0.0 <= high
            for line in layer(panel, "rule", "low_95")["data"]["values"]:
                ends = [line[name] for name in ("low_95", "low_50", "median", "high_50", "high_95")]
                assert ends == sorted(ends)
                assert low <= ends[0]
                assert ends[-1] <= high
            for point in layer(panel, "point")["data"]["values"]:
                assert low <= point["value"] <= high

    def test_both_intervals_are_drawn_from_their_own_ends(self, chart):
        for panel in panels(chart):
            for level in ("95", "50"):
                bar = layer(panel, "rule", f"low_{level}")
                assert bar["encoding"]["x2"]["field"] == f"high_{level}"

    def test_marks_say_inside_or_outside_as_the_record_does(self, chart, trials):
        for shown, row in zip(chart.table, trials["rows"], strict=True):
            expected = {True: "inside 95%", False: "outside 95%", None: "bound of a null"}[row["inside_95"]]
            assert shown["reads"] == expected

    def test_a_changed_mark_changes_the_picture(self, trials):
        changed = [dict(row) for row in trials["rows"]]
        changed[0] |= in_sds(-2.0, -0.4, 0.3)
        assert trial_predictions(changed).table[0]["reads"] == "outside 95%"

    def test_an_observation_is_one_point_and_a_bound_two(self, chart, trials):
        of_bounds = [point for point in points(chart) if point["reads"] == "bound of a null"]
        assert sorted(point["value"] for point in of_bounds) == [-0.38725, 0.38725]
        assert all(point["observed"] is None for point in of_bounds)
        assert len(points(chart)) == len(trials["rows"]) + 1

    def test_looks_differ_in_shape_and_not_only_in_colour(self):
        for table in (PREDICTION_LOOKS, CONTRACTION_LOOKS):
            colours, shapes = zip(*table.values(), strict=True)
            assert len(set(colours)) == len(set(shapes)) == len(table)

    def test_the_legend_names_only_what_is_drawn(self, chart, trials):
        shown = layer(panels(chart)[0], "point")["encoding"]["color"]["scale"]["domain"]
        assert shown == ["inside 95%", "outside 95%", "bound of a null"]
        inside = trial_predictions([row for row in trials["rows"] if row["inside_95"]])
        assert layer(panels(inside)[0], "point")["encoding"]["shape"]["scale"]["domain"] == ["inside 95%"]

    def test_the_summary_counts_what_was_estimated(self, chart):
        seen = [row for row in rows() if row["observed"] is not None]
        inside = [sum(row[f"inside_{level}"] for row in seen) for level in ("50", "95")]
        assert chart.summary == (
            f"{inside[0]} of {len(seen)} figures lie inside the 50% predictive interval, {inside[1]} inside the 95%."
        )
        assert chart.spec["description"] == chart.summary

    def test_checks_are_marked_as_such(self, chart, trials):
        for shown, row in zip(chart.table, trials["rows"], strict=True):
            assert shown["figure"].endswith("(check)") == (row["use"] != "fit")

    def test_lines_with_the_same_words_stay_apart(self, trials):
        twice = [trials["rows"][0], dict(trials["rows"][0])]
        (panel,) = panels(trial_predictions(twice))
        assert [line["line"] for line in layer(panel, "rule", "low_95")["data"]["values"]] == ["0", "1"]

    def test_a_quote_in_a_name_is_text(self, trials):
        row = dict(trials["rows"][0], label="O'Brien \\ 2020")
        drawing = render_svg(trial_predictions([row]).spec)
        assert "O'Brien \\ 2020" in drawing or "O&#39;Brien" in drawing or "O&apos;Brien" in drawing

    def test_it_can_be_drawn_with_the_names_of_its_lines(self, chart):
        drawing = render_svg(chart.spec)
        assert drawing.startswith("<svg")
        assert "Daly 2018: esketamine 84, 24 h" in drawing
        assert "Taylor 2006: SSRIs vs placebo, 7 d (check)" in drawing

    def test_trials_left_out_have_a_title_of_their_own(self, trials):
        chart = trial_predictions(trials["leave_one_out"]["rows"], left_out=True)
        assert chart.id == "trials-left-out"
        assert "left out" in chart.title
        assert "that the fit had not seen" in chart.summary
        assert {row["unit"] for row in chart.table} == {"SD"}
        assert not any(str(row["figure"]).endswith("(check)") for row in chart.table)
        assert render_svg(chart.spec).startswith("<svg")


class TestContraction:
    def test_figures_stand_in_prior_sds_from_the_prior_median(self, parameters):
        by_name = {row["name"]: row for row in parameters}
        fast = by_name["fast_log_fall"]
        assert fast["median"] == pytest.approx((0.093 - 0.119) / 0.149)
        assert fast["high"] == pytest.approx((0.186 - 0.119) / 0.149)

    def test_a_normal_prior_reaches_to_two_sds_and_a_half_normal_one_starts_at_its_own_edge(self, parameters):
        by_name = {row["name"]: row for row in parameters}
        fast, spread = by_name["fast_log_fall"], by_name["trial_sd"]
        assert (fast["prior_low"], fast["prior_high"]) == pytest.approx((-1.96, 1.96), abs=0.06)
        assert spread["prior_low"] > -0.202 / 0.181
        assert spread["prior_high"] > 2.2

    def test_the_most_informed_parameter_comes_first(self, parameters):
        ratios = [row["sd_ratio"] for row in parameters]
        assert ratios == sorted(ratios)
        chart = parameter_contraction(parameters)
        assert [row["parameter"] for row in chart.table] == [row["name"] for row in parameters]
        assert chart.spec["layer"][0]["encoding"]["y"]["sort"] == [row["name"] for row in parameters]

    def test_words_and_marks_follow_from_the_record(self, parameters):
        chart = parameter_contraction(parameters)
        assert chart.summary == "3 of 4 parameters are informed by trials; the trials do not narrow the others."
        reads = {row["parameter"]: row["reads"] for row in chart.table}
        assert reads["contrast_active"] == "not informed by trials"
        assert reads["trial_sd"] == "informed by trials"

    def test_a_parameter_that_loses_its_information_changes_its_mark(self, parameters):
        changed = [row | {"informed": False} for row in parameters]
        chart = parameter_contraction(changed)
        assert chart.summary.startswith("0 of 4")
        assert {row["reads"] for row in chart.table} == {"not informed by trials"}

    def test_prior_and_posterior_are_drawn_over_the_same_scale(self, parameters):
        chart = parameter_contraction(parameters)
        prior, zero, posterior, middle = chart.spec["layer"]
        assert (prior["encoding"]["x"]["field"], prior["encoding"]["x2"]["field"]) == ("prior_low", "prior_high")
        assert (posterior["encoding"]["x"]["field"], posterior["encoding"]["x2"]["field"]) == ("low", "high")
        assert middle["encoding"]["x"]["field"] == "median"
        assert zero["encoding"]["x"]["datum"] == 0
        assert prior["encoding"]["x"]["scale"] == posterior["encoding"]["x"]["scale"]

    def test_it_can_be_drawn(self, parameters):
        drawing = render_svg(parameter_contraction(parameters).spec)
        assert "multiplier_gad" in drawing
        assert "not informed by trials" in drawing


class TestThePackagedFit:
    """Pictures of the fit that ships."""

    @pytest.fixture
    def shipped(self):
        return trial_ledger(load_record())

    def test_every_figure_is_drawn_once(self, shipped):
        chart = trial_predictions(shipped["rows"])
        drawn = [line["figure"] for panel in panels(chart) for line in layer(panel, "rule", "low_95")["data"]["values"]]
        assert sorted(drawn) == sorted(str(row["figure"]) for row in chart.table)
        assert len(drawn) == len(shipped["rows"])

    def test_lines_of_a_panel_can_be_told_apart_by_their_words(self, shipped):
        for panel in panels(trial_predictions(shipped["rows"])):
            names = [line["figure"] for line in layer(panel, "rule", "low_95")["data"]["values"]]
            assert sorted({name for name in names if names.count(name) > 1}) == []

    def test_every_comparison_left_out_is_drawn_in_sds(self, shipped):
        chart = trial_predictions(shipped["leave_one_out"]["rows"], left_out=True)
        assert len(points(chart)) == len(shipped["leave_one_out"]["rows"])
        assert all(panel["title"]["text"].endswith("(SD)") for panel in panels(chart))

    def test_marks_count_as_the_summary_says(self, shipped):
        chart = trial_predictions(shipped["rows"])
        inside = sum(row["reads"] == "inside 95%" for row in chart.table)
        assert chart.summary.endswith(f"{inside} inside the 95%.")
