"""The fit to the trials on the terminal and as a page: every figure from the record, unknown never shown as no."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from ketascope.charts.trial_predictions import _AXES as AXES
from ketascope.errors import InputError
from ketascope.evidence.symptom_trials.leave_one_out import RIVALS
from ketascope.evidence.symptom_trials.posterior import load_record
from ketascope.evidence.trial_ledger import DECIMALS, dose_support, known_misfits, trial_ledger
from ketascope.report import trial_estimation as page
from ketascope.report import trial_ledger as tables
from ketascope.report.format import MINUS, NOT_SHOWN
from trial_records import comparisons, left_out, parameter, record, rows


@pytest.fixture(scope="module")
def trials():
    return trial_ledger(record())


@pytest.fixture(scope="module")
def text():
    return page.trial_estimation_markdown(record())


def printed(write, *arguments, width=80):
    stream = io.StringIO()
    write(*arguments, Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


def unwrapped(text):
    """The words of a printed text, however its lines were broken."""
    return " ".join(text.split())


def tables_of(lines):
    """Every Markdown table of a page as lists of cells."""
    found = []
    for block in map(str.strip, re.split(r"\n\n", lines)):
        if block.startswith("|"):
            split = (re.split(r"(?<!\\)\|", line)[1:-1] for line in block.splitlines())
            found.append([[cell.strip() for cell in cells] for cells in split])
    return found


def table_below(lines, heading):
    return tables_of(lines.split(f"## {heading}\n")[1].split("\n## ")[0])[0]


class TestCells:
    @pytest.mark.parametrize(
        ("value", "unit", "shown"),
        [
            (-11.88, "points", f"{MINUS}11.9"),
            (-0.444, "SD", f"{MINUS}0.44"),
            (33.333, "% responding", "33"),
            (0.333, "share", "0.33"),
            (-0.01, "points", "0.0"),
            (None, "SD", NOT_SHOWN),
        ],
    )
    def test_a_figure_has_the_decimals_of_its_unit(self, value, unit, shown):
        assert tables.figure(value, unit) == shown

    def test_what_was_observed_has_its_unit(self, trials):
        shown = [tables.observed_text(row) for row in trials["rows"]]
        assert shown[0] == f"{MINUS}0.44 SD"
        assert shown[2] == "33%"
        assert shown[3] == f"{MINUS}10.0 points"
        assert shown[-1] == "0.33"

    def test_a_null_without_an_estimate_shows_its_bound_and_no_estimate(self, trials):
        (bound,) = (row for row in trials["rows"] if row["kind"] == "bound")
        assert tables.observed_text(bound) == "within ±0.39 SD"
        assert tables.inside_text(bound) == "kept by 42%"

    @pytest.mark.parametrize(
        ("inside_50", "inside_95", "shown"),
        [(True, True, "50%"), (False, True, "95%"), (False, False, "outside"), (None, None, NOT_SHOWN)],
    )
    def test_the_narrowest_interval_that_holds_the_observation_is_named(self, inside_50, inside_95, shown):
        assert tables.inside_text({"inside_50": inside_50, "inside_95": inside_95}) == shown

    def test_rows_fit_their_heads(self, trials):
        pairs = [
            (tables.SUMMARY_HEAD, tables.summary_rows(trials)),
            (tables.SHORT_HEAD, tables.short_rows(trials["rows"])),
            (tables.FULL_HEAD, tables.full_rows(trials["rows"])),
            (tables.LEFT_OUT_HEAD, tables.left_out_rows(trials)),
            (tables.COVERAGE_HEAD, tables.coverage_rows(trials)),
            (tables.SCORE_HEAD, tables.score_rows(trials)),
            (tables.REASON_HEAD, tables.reason_rows(trials)),
            (tables.OTHER_HEAD, tables.other_rows(trials)),
            (page.PARAMETER_HEAD, page.parameter_rows(record())),
            (page.SHORT_HEAD, page.short_rows(record(), True)),
            (page.DIAGNOSTICS_HEAD, page.diagnostics_rows(record())),
            (page.PRIOR_HEAD, page.prior_rows(record())),
            (page.EFFECT_HEAD, page.effect_rows(record())),
            (page.sensitivity_head(record()), page.sensitivity_rows(record())),
        ]
        for head, body in pairs:
            assert body
            assert {len(row) for row in body} == {len(head)}
            assert all(isinstance(cell, str) and cell for row in body for cell in row)

    def test_a_full_row_has_both_intervals_and_its_use(self, trials):
        cells = dict(zip(tables.FULL_HEAD, tables.full_rows(trials["rows"])[6], strict=True))
        assert cells["source"] == "Daly 2018"
        assert cells["50% interval"] == f"{MINUS}9.5 to {MINUS}6.5"
        assert cells["95% interval"] == f"{MINUS}12.0 to {MINUS}4.0"
        assert cells["use"] == "fit; spread borrowed"
        assert cells["people"] == "20"

    def test_people_that_are_not_known_are_a_dash(self, trials):
        cells = dict(zip(tables.FULL_HEAD, tables.full_rows(trials["rows"])[0], strict=True))
        assert cells["people"] == NOT_SHOWN

    def test_shares_are_of_the_figures_with_an_estimate(self, trials):
        fit, *_ = tables.summary_rows(trials)
        assert fit == ("fit", "9", "8", "2 (25%)", "7 (88%)")

    def test_only_bounds_give_dashes_and_not_none_inside(self):
        summary = [{"use": "fit", "rows": 1, "compared": 0, "inside_50": 0, "inside_95": 0}]
        assert tables.summary_rows({"summary": summary}) == [("fit", "1", NOT_SHOWN, NOT_SHOWN, NOT_SHOWN)]

    def test_the_comparison_that_counts_for_coverage_has_a_star(self, trials):
        marked = [row[0].endswith("*") for row in tables.left_out_rows(trials)]
        assert marked == [row["primary"] for row in comparisons()]
        assert tables.left_out_rows(trials)[0][-1] == "0.200"


class TestCoverage:
    def test_counts_come_with_the_exact_test_of_their_level(self, trials):
        half, most, *_ = tables.coverage_rows(trials)
        assert half[:3] == ("all", "50%", "2 of 4")
        assert half[4] == "1.000"
        assert most[:4] == ("all", "95%", "3 of 4", "75%")
        assert most[-1] == "4 of 5"

    @pytest.mark.parametrize(
        ("observed", "words"),
        [(-3.0, "intervals too narrow"), (-0.5, "intervals too wide"), (None, "within chance")],
    )
    def test_what_the_test_means_is_said(self, observed, words):
        # Eight trials, so that the test of the 50% interval can be significant.
        shown = [-3.0 if k % 2 else -0.5 for k in range(8)] if observed is None else [observed] * 8
        items = [left_out(f"trial {k}", "esk84", 24.0, value, -0.5) for k, value in enumerate(shown)]
        given = record(comparisons=items)["leave_one_out"]
        half = tables.coverage_rows({"leave_one_out": given})[0]
        assert half[5] == words

    def test_scores_stand_beside_those_of_both_rivals(self, trials):
        own, *others = tables.score_rows(trials)
        assert own[1:] == ("0.190", NOT_SHOWN)
        assert [row[0] for row in others] == list(RIVALS)
        assert [row[1] for row in others] == ["0.250", "0.300"]
        assert others[0][2] == "4 of 4"

    def test_a_score_that_is_not_known_is_a_dash(self):
        scores = {"crps": None, "rivals": {RIVALS[0]: None}, "trials_won": {RIVALS[0]: 0}, "trials_scored": 0}
        shown = tables.score_rows({"leave_one_out": {"ketamine": scores}})
        assert [row[1] for row in shown] == [NOT_SHOWN, NOT_SHOWN]


class TestParameters:
    def test_prior_and_posterior_stand_side_by_side_with_the_ratio_and_what_it_means(self):
        cells = {row[0]: dict(zip(page.PARAMETER_HEAD, row, strict=True)) for row in page.parameter_rows(record())}
        fast, active = cells["fast_log_fall"], cells["contrast_active"]
        assert (fast["prior median"], fast["prior SD"], fast["median"]) == ("0.119", "0.15", "0.093")
        assert fast["95% interval"] == f"{MINUS}0.0095 to 0.186"
        assert (fast["SD ratio"], fast["shift, prior SDs"], fast["reads"]) == ("0.298", f"{MINUS}0.17", "informed")
        assert (active["SD ratio"], active["reads"]) == ("1.002", "not informed by trials")

    def test_units_are_those_of_the_fitted_parameter(self):
        units = {row[0]: row[1] for row in page.parameter_rows(record())}
        assert units["trial_sd"] == "standardised differences"
        assert "standard normal" not in units["multiplier_gad"]

    def test_the_two_short_tables_share_out_all_parameters(self):
        informed, others = (page.short_rows(record(), which) for which in (True, False))
        assert [row[0] for row in others] == ["contrast_active"]
        assert len(informed) + len(others) == len(record()["parameters"])

    def test_a_parameter_at_the_limit_moves_when_the_record_does(self):
        changed = [*record()["parameters"], parameter("ssri_trial_sd", (0.1, 0.09), (0.0, 0.1, 0.3), 0.81)]
        assert "ssri_trial_sd" in {row[0] for row in page.short_rows(record(parameters=changed), False)}

    def test_a_ratio_just_below_the_limit_does_not_read_as_if_it_stood_on_it(self):
        changed = [parameter("trial_sd", (0.2, 0.18), (0.0, 0.2, 0.5), 0.797)]
        (row,) = page.parameter_rows(record(parameters=changed))
        assert row[-3] == "0.797"
        assert row[-1] == "informed"

    def test_convergence_names_what_misses_a_limit(self):
        first, second = page.diagnostics_lines(record())
        assert "4 chains of 700 draws after 700, seed 1: largest R-hat 1.0043 (limit 1.01)" in first
        assert "sample size 812 and tail sample size 746 (limit 400), 0 divergent" in first
        assert first.endswith("None misses a limit.")
        assert "0.051 posterior SDs apart, 2.2 Monte-Carlo standard errors" in second
        missed, _ = page.diagnostics_lines(record(unconverged=["trial_sd", "trial_benefit[daly2018]"]))
        assert missed.endswith("Missing a limit: trial_sd, trial_benefit[daly2018].")

    def test_the_priors_intervals_stand_beside_the_narrower_ones_of_the_fit(self):
        by_unit = {row[0]: row for row in page.prior_rows(record())}
        assert by_unit["points"] == ("points", "5", "0 of 5", "5 of 5", "24.0", "8.0")
        assert by_unit["SD"][2:4] == ("1 of 2", "2 of 2")

    def test_the_largest_move_by_weight_is_named_in_posterior_sds(self):
        line = page.sensitivity_line(record())
        sd = (0.16 - 0.02) / (2 * 1.96)
        assert line.startswith("In use: weight 0.5.")
        assert f"{(0.11 - 0.09) / sd:.2f} posterior SDs, that of fast_log_fall at weight 1." in line
        assert page.sensitivity_head(record()) == ("parameter", "weight 0", "weight 0.5", "weight 1")

    def test_the_difference_between_trials_is_said_with_its_interval(self):
        assert "differ by an SD of 0.49 (0.30 to 0.75) standardised" in page.between_trials_line(record())


class TestTheTerminal:
    def test_every_part_of_a_fit_is_printed_in_order(self):
        shown = printed(page.print_trial_estimation, record())
        parts = (
            "largest R-hat",
            "Parameters that the trials inform",
            "Parameters not informed by trials",
            "By the weight of published pooled estimates",
            "What the priors alone predict",
            "figures inside their predictive",
            "Trials, fit",
            "Trials, check: published pool",
            "Trials left out one by one",
            "Coverage",
            "Scores",
            "Known misfits",
        )
        places = [shown.index(part) for part in parts]
        assert places == sorted(places)

    def test_it_is_readable_at_80_columns_and_no_word_is_cut_off(self):
        changed = [
            *record()["parameters"],
            parameter("placebo_between_patient_sd_ptsd", (0.4, 0.1), (0.2, 0.5, 0.7), 0.5),
        ]
        shown = printed(page.print_trial_estimation, record(parameters=changed))
        assert max(len(line) for line in shown.splitlines()) <= 80
        assert "…" not in shown
        assert "placebo_between_patient_sd" in shown

    def test_the_verdict_on_dose_and_route_is_printed_whole(self):
        items = [row | {"crps": 0.4} for row in comparisons()]
        shown = unwrapped(printed(page.print_trial_estimation, record(comparisons=items)))
        assert "route and dose are not supported by the data" in shown
        assert dose_support(record(comparisons=items)) in shown

    def test_the_ledgers_part_adds_why_other_rows_are_not_compared(self, trials):
        shown = printed(tables.print_trials, trials)
        assert "not compared, by reason" in shown
        counts = [int(found) for found in re.findall(r"^ *(\d+) rows: \S", shown, flags=re.MULTILINE)]
        assert sum(counts) == len(trials["not_compared"])

    def test_every_misfit_is_printed(self, trials):
        shown = unwrapped(printed(tables.print_trials, trials))
        assert known_misfits(record())
        for sentence in known_misfits(record()):
            assert unwrapped(sentence) in shown

    def test_without_a_misfit_it_does_not_say_that_the_model_is_right(self, trials):
        shown = unwrapped(printed(tables.print_misfits, trials | {"known_misfits": []}))
        assert "no proof that the model is right" in shown

    def test_brackets_are_text_and_not_markup(self, trials):
        changed = [row | {"label": "[/bold] 2020", "what": "[x]"} for row in trials["rows"]]
        misfits = ["[/] and [red]"]
        shown = printed(tables.print_trials, trials | {"rows": changed, "known_misfits": misfits}, width=100)
        assert "[/bold] 2020" in shown
        assert "[/] and [red]" in shown

    def test_trials_that_were_left_out_of_a_ledger_are_told_in_a_line(self):
        shown = printed(tables.print_trials, {"left_out": "not shown, as one site was asked for"})
        assert shown == "Trials: not shown, as one site was asked for\n"


class TestThePage:
    def test_every_table_is_rectangular(self, text, trials):
        for lines in (text, "\n".join(tables.trials_markdown(trials))):
            found = tables_of(lines)
            assert len(found) >= 7
            for table in found:
                assert len({len(row) for row in table}) == 1, table[0]

    def test_it_has_the_rows_of_the_functions(self, text, trials):
        expected = {
            "Every compared figure": tables.full_rows(trials["rows"]),
            "What the trials taught": page.parameter_rows(record()),
            "Convergence": page.diagnostics_rows(record()),
            "Weight of published pooled estimates": page.sensitivity_rows(record()),
            "Coverage of trials left out": tables.coverage_rows(trials),
            "Left out one by one": tables.left_out_rows(trials),
            "Each trial's own effects": page.effect_rows(record()),
        }
        for heading, cells in expected.items():
            assert [tuple(row) for row in table_below(text, heading)[2:]] == cells, heading

    def test_misfits_are_those_of_the_record(self, text):
        part = text.split("## Known misfits\n")[1].split("\n## ")[0]
        assert re.findall(r"^- (.+)$", part, flags=re.MULTILINE) == known_misfits(record())

    def test_a_changed_record_changes_the_page(self, text):
        changed = rows()
        changed[5] |= {"observed": -20.0, "inside_50": False, "inside_95": False}
        other = page.trial_estimation_markdown(record(posterior_predictive=changed))
        assert f"observed {MINUS}20.0 points" in other
        assert f"{MINUS}20.0" not in text

    def test_it_says_that_route_and_dose_are_not_supported_where_they_are_not(self, text):
        items = [row | {"crps": 0.4} for row in comparisons()]
        other = page.trial_estimation_markdown(record(comparisons=items))
        assert "route and dose are not supported by the data" in other
        assert "not supported" not in text
        assert dose_support(record()) in text

    def test_it_speaks_of_groups_and_gives_no_advice(self, text):
        assert "not about a person" in text
        assert not re.search(r"\byou(r)?\b|should take|recommend", text)

    def test_no_none_nan_or_false_stands_in_a_cell(self, text, trials):
        for lines in (text, "\n".join(tables.trials_markdown(trials))):
            for table in tables_of(lines):
                for row in table:
                    assert not {"None", "nan", "inf", "True", "False", ""} & set(row), row

    def test_the_ledgers_part_lists_every_row_that_is_not_compared(self, trials):
        lines = "\n".join(tables.trials_markdown(trials))
        assert len(table_below(lines, "Trials: every row that is not compared")) == 2 + len(trials["not_compared"])
        counted = table_below(lines, "Trials: rows that are not compared")[2:]
        assert sum(int(row[1]) for row in counted) == len(trials["not_compared"])

    def test_the_ledgers_part_says_why_it_is_empty_for_one_site(self):
        assert tables.trials_markdown({"left_out": "one site"}) == ["## Trials", "", "one site", ""]

    def test_a_heading_has_a_capital_where_it_starts_with_its_own_words(self):
        assert tables.titled("## ", "known misfits") == "## Known misfits"
        assert tables.titled("## Trials: ", "known misfits") == "## Trials: known misfits"


class TestWriting:
    @pytest.fixture
    def drawn(self, monkeypatch):
        """Pictures take seconds; here each is its own description."""
        monkeypatch.setattr("ketascope.charts.render_png", lambda spec, scale: spec["description"].encode())

    def test_the_page_and_its_pictures_are_written_and_linked(self, tmp_path, drawn):
        path = page.write_trial_estimation(tmp_path / "trial-estimation.md", record())
        shown = path.read_text(encoding="utf-8")
        assert shown == page.trial_estimation_markdown(record())
        linked = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", shown)
        assert len(linked) == 3
        for name in linked:
            assert (tmp_path / name).read_bytes()
        assert {item.name for item in (tmp_path / "figures").iterdir()} == {name.split("/")[1] for name in linked}

    def test_a_picture_is_a_picture(self, tmp_path):
        page.write_trial_estimation(tmp_path / "page.md", record(posterior_predictive=rows()))
        for name in ("trial-parameters", "trial-predictions", "trial-left-out"):
            assert (tmp_path / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")

    def test_a_page_that_cannot_be_written_leaves_the_old_one(self, tmp_path, drawn, monkeypatch):
        path = page.write_trial_estimation(tmp_path / "page.md", record())
        before = path.read_text(encoding="utf-8")

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("ketascope.files.os.replace", full)
        with pytest.raises(InputError, match="No space left on device"):
            page.write_trial_estimation(path, record(seed=2))
        assert path.read_text(encoding="utf-8") == before


class TestThePackagedFit:
    """The page of the fit that ships: only what must hold of any fit is asked."""

    @pytest.fixture
    def packaged(self):
        return load_record()

    def test_every_parameter_is_on_the_page_with_its_reading(self, packaged):
        shown = table_below(page.trial_estimation_markdown(packaged), "What the trials taught")[2:]
        assert {row[0] for row in shown} == {row["name"] for row in packaged["parameters"]}
        for row in packaged["parameters"]:
            cells = next(cells for cells in shown if cells[0] == row["name"])
            assert float(cells[-3]) == pytest.approx(row["sd_over_prior_sd"], abs=6e-4)
            assert cells[-1] == ("informed" if row["sd_over_prior_sd"] < 0.8 else "not informed by trials")

    def test_every_table_is_rectangular_and_no_cell_is_empty(self, packaged):
        lines = page.trial_estimation_markdown(packaged) + "\n".join(tables.trials_markdown(trial_ledger(packaged)))
        for table in tables_of(lines):
            assert len({len(row) for row in table}) == 1, table[0]
            assert not {"", "None", "nan"} & {cell for row in table for cell in row}

    def test_every_figure_that_was_predicted_is_in_the_table_of_figures(self, packaged):
        shown = table_below(page.trial_estimation_markdown(packaged), "Every compared figure")[2:]
        assert [row[0] for row in shown] == [row["label"] for row in trial_ledger(packaged)["rows"]]
        uses = {row[-1].removesuffix("; spread borrowed") for row in shown}
        assert uses == {row["use"] for row in packaged["posterior_predictive"]}

    def test_prior_intervals_of_the_picture_belong_to_the_priors_of_the_record(self, packaged):
        """Priors that changed after the fit would put the grey bars elsewhere."""
        for row in page.contraction(packaged):
            assert -2.6 < row["prior_low"] < 0.0 < row["prior_high"] < 3.6, row["name"]
            assert row["low"] < row["median"] < row["high"]

    def test_units_of_all_figures_are_known_to_tables_and_pictures(self, packaged):
        units = {row["unit"] for row in packaged["posterior_predictive"]}
        assert units <= set(DECIMALS)
        assert set(AXES) == set(DECIMALS)

    def test_it_prints_within_80_columns(self, packaged):
        shown = printed(page.print_trial_estimation, packaged)
        assert max(len(line) for line in shown.splitlines()) <= 80
        assert "…" not in shown
        assert dose_support(packaged) in unwrapped(shown)
