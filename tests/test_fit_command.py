"""`ketascope fit`, its report, its page and its charts."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from fit_data import HEADER, IV_PERSON, dose, seen, write
from ketascope.charts.fit_profiles import individual_profiles, residuals
from ketascope.cli import main
from ketascope.cli.fit_command import command
from ketascope.fitting.data_fit import fit
from ketascope.report.fit_page import fit_html
from ketascope.report.fit_report import fit_csv, fit_report, print_fit
from printed import printed

EXAMPLE = Path(__file__).resolve().parent.parent / "docs" / "examples" / "fit_example.csv"
SECOND = (dose("b"), seen("b", "1", "90"), seen("b", "4", "25"), seen("b", "20", ".", below="1"))


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    path = write(tmp_path_factory.mktemp("fit"), *IV_PERSON, *SECOND)
    return fit(path, next_dose="ketamine 35 mg IM").document()


def run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments], **main.context_settings)


def test_the_command_prints_what_the_library_gives(tmp_path):
    path = write(tmp_path, *IV_PERSON)
    result = run(path, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == fit(path).document()


def test_the_command_writes_a_page_and_a_table(tmp_path):
    path = write(tmp_path, *IV_PERSON)
    page, table = tmp_path / "fit.html", tmp_path / "fit.csv"
    result = run(path, "--html", page, "--csv", table)
    assert result.exit_code == 0, result.output
    assert "for research use; not for dosing" in result.stdout
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    assert rows[1]["parameter"] == "clearance_s_ketamine_l_per_h"
    assert float(rows[1]["low"]) < float(rows[1]["value"]) < float(rows[1]["high"])


def test_bad_input_writes_nothing(tmp_path):
    page = tmp_path / "fit.html"
    result = run(write(tmp_path, dose(), seen(value="-3")), "--html", page)
    assert result.exit_code != 0
    assert "row 3, column DV: -3 is below 0" in str(result.exception)
    assert not page.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--values", "p.json"), "--values: holds the population's values, so it must come with --population"),
        (("--html", "none/fit.html"), "the folder none does not exist"),
        (("--method", "nut"), "method 'nut' is unknown; did you mean 'nuts'?"),
        (("--workers", "0"), "workers 0: must be 1 to"),
    ],
)
def test_choices_that_cannot_be_are_told(arguments, message, tmp_path):
    result = run(write(tmp_path, *IV_PERSON), *arguments)
    assert result.exit_code != 0
    assert message in str(result.exception)


def test_the_report_names_people_values_and_flags(document):
    text = printed(print_fit, document, 160)
    assert text.startswith("Individual fits, 2 people: for research use; not for dosing")
    assert "person 1: clearance S-ketamine" in text
    assert "person b: norketamine Cmax" in text
    assert "'ketamine 35 mg IM' given on its own, from 0 min to 24 h" in text
    assert "not advice on a dose" in text


def test_tables_without_rows_are_left_out(document):
    ids = [table.id for table in fit_report(document).tables]
    assert ids == ["people", "uninformed", "estimates", "next", "shrinkage"]  # no population, sampling or scores


def test_the_table_holds_every_person_and_parameter(document):
    rows = list(csv.DictReader(io.StringIO(fit_csv(document))))
    assert len(rows) == sum(len(subject["estimates"]) for subject in document["subjects"]) == 10
    assert {row["id"] for row in rows} == {"1", "b"}


def test_the_page_needs_nothing_from_elsewhere(document):
    page = fit_html(document)
    assert "Samples and individual curves" in page
    assert "Residuals of individual fits" in page
    for host in ('src="http', "@import", "<link"):
        assert host not in page


def test_a_chart_says_in_words_and_numbers_what_it_draws(document):
    chart = individual_profiles(document["subjects"])
    assert chart.summary.startswith("3 courses of 2 people with 10 samples, 2 of them below the limit; ")
    assert len(chart.table) == 10
    below = next(row for row in chart.table if row["iwres"] is None)
    assert below["observed_ng_per_ml"] == "below 1"
    assert len(chart.spec["concat"]) == 3
    points = chart.spec["concat"][0]["layer"][-1]["data"]["values"]
    assert [point["value"] for point in points] == [150.0, 30.0, 6.0, 1.0]
    assert [point["kind"] for point in points] == ["measured", "measured", "measured", "below"]


def test_the_residual_chart_counts_large_residuals(document):
    chart = residuals(document["subjects"])
    assert "8 residuals of 2 people" in chart.summary
    assert "0 beyond 4" in chart.summary
    assert len(chart.table) == 8


def test_charts_are_drawn(document):
    from ketascope.charts import render_svg

    for chart in (individual_profiles(document["subjects"]), residuals(document["subjects"])):
        assert render_svg(chart.spec).startswith("<svg")


def test_the_example_of_the_manual_is_read_and_fits():
    from ketascope.exchange.nonmem_data import read_data

    people = read_data(EXAMPLE)
    assert len(people) == 6
    found = fit(people[:1]).document()["subjects"][0]
    assert found["fit"]["converged"]
    assert "residual_large" not in [flag["code"] for flag in found["flags"]]


def test_someone_with_ratings_alone_is_told_and_not_fitted(tmp_path):
    rating = seen(time_h="1", analyte="dissociation", value="5", unit=".", limit=".")
    found = fit(write(tmp_path, dose(), rating, header=HEADER)).document()
    assert found["subjects"][0]["fit"] is None
    assert "no_concentrations" in [flag["code"] for flag in found["subjects"][0]["flags"]]
    assert "Scores and dissociation" in printed(print_fit, found)
    assert "Scores and dissociation" in fit_html(found)
