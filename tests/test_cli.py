"""The command line: help, tables, files that appear whole, and a standard output that holds the result alone."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import click
import pytest
from click.testing import CliRunner

from fresh_process import environment, python
from ketascope import __version__, parameters
from ketascope.cli import main
from ketascope.cli.group import COMMANDS
from ketascope.cli.output import progress_bar
from ketascope.model.parameter_store import GRADES, load_parameters
from ketascope.report.parameter_table import print_parameters, spread_text

IV = "ketamine 0.5 mg/kg IV over 40 min"
FEW = ["--patients", "8"]
PNG_START = b"\x89PNG\r\n\x1a\n"


def run(*arguments, code=0):
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == code, result.stderr or result.exception
    return result


@pytest.fixture(scope="module")
def ledger_text():
    return run("validate").stdout


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One comparison that writes all its files."""
    folder = tmp_path_factory.mktemp("files")
    names = {kind: folder / f"out.{kind}" for kind in ("csv", "html", "png")}
    options = [part for kind, path in names.items() for part in (f"--{kind}", str(path))]
    result = run("compare", IV, "escitalopram 10 mg oral q 1 d x 56", *FEW, *options)
    return folder, names, result


class TestHelp:
    def test_every_command_is_listed_with_a_line_about_it(self):
        text = run("--help").stdout
        for name in COMMANDS:
            assert re.search(rf"^  {name} +[A-Z]\w+", text, flags=re.MULTILINE), name
        assert "Not medical advice" in text

    @pytest.mark.parametrize("name", sorted(COMMANDS))
    def test_every_option_of_a_command_has_a_help_text(self, name):
        text = run(name, "--help").stdout
        command = main.get_command(click.Context(main), name)
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, parameter.name
                assert parameter.opts[0] in text
        assert run(name, "-h").stdout == text

    def test_without_a_command_the_help_is_shown(self):
        result = CliRunner().invoke(main, [])
        assert "Commands:" in result.output

    def test_the_version_is_that_of_the_package(self):
        assert run("--version").stdout.split()[-1] == __version__

    def test_defaults_are_told_where_a_number_can_be_left_out(self):
        text = run("compare", "--help").stdout
        for default in ("gad", "70", "40", "8wk", "1000", "0", "venous"):
            assert f"[default: {default}]" in text


class TestParameters:
    def test_the_table_has_every_row(self):
        text = run("parameters").stdout
        assert f"{len(load_parameters())} rows" in text
        for file in {name.split(".")[0] for name in load_parameters()}:
            assert f"{file}." in text

    def test_the_start_of_a_name_shows_that_file(self):
        rows = json.loads(run("parameters", "pooled", "--json").stdout)["parameters"]
        assert rows
        assert all(row["name"].startswith("pooled.") for row in rows)

    def test_one_row_is_shown_in_full(self):
        name = "pooled.clearance_s_ketamine_l_per_h"
        row = load_parameters()[name]
        text = " ".join(run("parameters", name).stdout.split())
        for part in (name, f"{row.value:g} {row.unit}", row.population, row.source, row.grade, "patients: log-normal"):
            assert part in text

    def test_json_holds_value_unit_population_source_and_grade_of_every_row(self):
        rows = json.loads(run("parameters", "--json").stdout)["parameters"]
        assert len(rows) == len(load_parameters())
        for row in rows:
            assert row["grade"] in GRADES
            assert isinstance(row["value"], float)
            assert row["unit"]
            assert row["source"]
            assert row["population"]

    @pytest.mark.parametrize("grade", ["assumed", "established"])
    def test_rows_of_one_grade(self, grade):
        rows = json.loads(run("parameters", "--grade", grade, "--json").stdout)["parameters"]
        assert [row["name"] for row in rows] == [row.name for row in load_parameters().values() if row.grade == grade]

    def test_spread_in_words(self):
        texts = {spread_text(row) for row in load_parameters().values()}
        assert "" in texts
        assert any(text.startswith("patients: ") for text in texts)
        assert any("uncertainty: normal SD 0.15" in text for text in texts)
        assert any(text == "reported 48 to 61" for text in texts)

    def test_brackets_in_a_source_are_text(self, capsys):
        from dataclasses import replace

        row = replace(parameters("pooled")[0], source="[/bold] Smith [1999]", note="[x]")
        print_parameters([row])
        one = capsys.readouterr().out
        assert "[/bold] Smith [1999]" in one
        assert "[x]" in one
        print_parameters([row, row])
        assert capsys.readouterr().out.count("[/bold] Smith [1999]") == 2

    def test_no_row_of_a_grade_is_no_failure(self):
        text = run("parameters", "glutamate", "--grade", "not informed by trials").stdout
        assert "0 rows" in text


TRIAL_KEYS = {
    "rows",
    "summary",
    "leave_one_out",
    "known_misfits",
    "dose_support",
    "not_compared",
    "reasons",
}


class TestValidate:
    @pytest.mark.parametrize(
        ("site", "part", "limit"),
        [("venous", "training", 1.20), ("arterial", "training", 1.20), ("venous", "test", 1.25)],
    )
    def test_it_prints_the_fold_error_of_infusions_at_either_site(self, ledger_text, site, part, limit):
        line = re.search(rf"^IV +ketamine +{site} +{part} +(\d+) +\d+ +([\d.]+) ", ledger_text, flags=re.MULTILINE)
        assert line is not None
        assert int(line[1]) >= 10
        assert 1.0 <= float(line[2]) <= limit

    @pytest.mark.parametrize("route", ["IM", "SC", "nasal", "SL", "buccal", "oral", "oral-ER", "rectal"])
    def test_every_route_and_both_substances_stand_in_the_summary(self, ledger_text, route):
        for analyte in ("ketamine", "norketamine"):
            assert re.search(rf"^{route} +{analyte} ", ledger_text, flags=re.MULTILINE), (route, analyte)

    def test_it_says_how_many_rows_are_used_and_why_others_are_not(self, ledger_text):
        assert re.search(r"\d+ of 435 published rows are used, \d+ are not", ledger_text)
        assert "Rows that are not used, by reason" in ledger_text
        assert "Verification, not validation" in ledger_text

    def test_trials_stand_below_with_what_the_model_gets_wrong(self, ledger_text):
        parts = ("Verification, not", "Trials: figures inside", "Trials left out one by one", "Known misfits")
        places = [ledger_text.index(part) for part in parts]
        assert places == sorted(places)
        assert re.search(r"oute and dose are (not|weakly)? ?supported by the data", " ".join(ledger_text.split()))

    def test_json_has_rows_summary_verification_and_trials(self):
        document = json.loads(run("validate", "--json").stdout)
        assert document.keys() == {"rows", "summary", "verification", "trials"}
        assert document["trials"].keys() == TRIAL_KEYS
        keys = {"study", "route", "analyte", "sampling", "observed", "predicted", "fold_error", "used", "why_not"}
        assert all(keys <= row.keys() for row in document["rows"])

    def test_one_site_alone(self):
        document = json.loads(run("validate", "--sampling", "arterial", "--json").stdout)
        assert {row["sampling"] for row in document["rows"] if row["used"]} == {"arterial"}
        assert list(document["trials"]) == ["left_out"]
        assert "without --sampling" in document["trials"]["left_out"]

    def test_the_page_on_the_fit_to_the_trials_is_written_with_its_pictures(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        result = run("validate", "--trial-estimation", "trials.md", "--json")
        page = (tmp_path / "trials.md").read_text(encoding="utf-8")
        assert json.loads(result.stdout)["trials"]["dose_support"] in page
        assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [
            "trial-left-out.png",
            "trial-parameters.png",
            "trial-predictions.png",
        ]

    def test_markdown_is_written_beside_the_table(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        result = run("validate", "--markdown", "ledger.md")
        page = (tmp_path / "ledger.md").read_text(encoding="utf-8")
        assert page.startswith("# Validation ledger")
        assert "| IV | ketamine | venous |" in page
        assert "predicted over observed" in result.stdout
        assert [path.name for path in tmp_path.iterdir()] == ["ledger.md"]


class TestCompare:
    def test_each_file_is_what_its_name_says_and_nothing_else_is_left(self, files):
        folder, names, _ = files
        assert sorted(path.name for path in folder.iterdir()) == ["out.csv", "out.html", "out.png"]
        assert names["png"].read_bytes().startswith(PNG_START)
        assert len(names["png"].read_bytes()) > 10_000

    def test_the_table_holds_every_option(self, files):
        rows = list(csv.DictReader(io.StringIO(files[1]["csv"].read_text(encoding="utf-8"))))
        assert {row["option_id"] for row in rows} == {IV, "escitalopram 10 mg oral q 1 d x 56"}
        cmax = [row for row in rows if row["quantity"].endswith("ketamine_cmax_ng_per_ml") and row["option_id"] == IV]
        assert all(float(row["low"]) <= float(row["median"]) <= float(row["high"]) for row in cmax)
        assert cmax

    def test_the_page_is_one_file_that_asks_no_other_host(self, files):
        class Links(HTMLParser):
            found: list[str] = []

            def handle_starttag(self, tag, attributes):
                names = ("src", "srcset") if tag != "link" else ("href",)
                self.found += [value for name, value in attributes if name in names and value]

        page = files[1]["html"].read_text(encoding="utf-8")
        Links().feed(page)
        assert [link for link in Links.found if not link.startswith("data:")] == []
        assert "<html" in page
        assert "Ketamine" in page or "ketamine" in page

    def test_files_are_named_on_the_error_stream(self, files):
        _, names, result = files
        for path in names.values():
            assert f"written: {path}" in result.stderr
            assert str(path) not in result.stdout

    def test_the_files_may_be_read_by_whoever_may_read_new_files(self, files, tmp_path):
        (tmp_path / "new").write_text("", encoding="utf-8")
        usual = (tmp_path / "new").stat().st_mode
        assert {path.stat().st_mode for path in files[1].values()} == {usual}

    def test_the_table_of_the_terminal_names_options_scale_and_helpline(self, files):
        text = files[2].stdout
        assert "HAM-A" in text
        assert "escitalopram" in text
        assert "988" in text or "helpline" in text.lower()

    def test_show_prints_only_the_tables_asked_for(self):
        short = run("compare", IV, *FEW, "--show", "change").stdout
        assert len(short) < 0.7 * len(run("compare", IV, *FEW).stdout)
        assert "HAM-A" in short

    def test_json_is_the_only_thing_on_standard_output(self, tmp_path):
        result = run("compare", IV, *FEW, "--json", "--csv", str(tmp_path / "a.csv"))
        document = json.loads(result.stdout)
        assert [option["id"] for option in document["options"]] == [IV]

    def test_an_interrupted_file_leaves_the_old_one(self, tmp_path, monkeypatch):
        path = tmp_path / "a.csv"
        path.write_text("old", encoding="utf-8")

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("ketascope.files.os.replace", full)
        result = run("compare", IV, *FEW, "--csv", str(path), code=2)
        assert result.stderr.endswith("No space left on device\n")
        assert result.stderr.count("\n") == 1
        assert path.read_text(encoding="utf-8") == "old"
        assert [item.name for item in tmp_path.iterdir()] == ["a.csv"]

    def test_an_event_file_is_one_more_option(self, tmp_path):
        path = tmp_path / "doses.csv"
        path.write_text("TIME,AMT,DRUG,ROUTE\n0,35,ketamine,IM\n", encoding="utf-8")
        document = json.loads(run("compare", IV, "--events", str(path), *FEW, "--json").stdout)
        assert [option["id"] for option in document["options"]] == [IV, "ketamine 35 mg IM"]

    def test_options_reach_the_library(self):
        arguments = ["--indication", "ptsd", "--weight", "80", "--age", "50", "--sex", "female", "--hepatic", "mild"]
        arguments += ["--interaction", "rifampicin", "--interaction", "grapefruit", "--until", "2wk", "--seed", "7"]
        arguments += ["--sampling", "arterial", "--scenario", "hnk", "--scenario", "masked"]
        document = json.loads(run("compare", IV, *FEW, *arguments, "--json").stdout)
        assert document["person"] == {
            "weight_kg": 80.0,
            "age_years": 50.0,
            "sex": "female",
            "hepatic": "mild",
            "interactions": ["rifampicin", "grapefruit"],
        }
        assert document["indication"] == "ptsd"
        assert document["horizon_h"] == 336.0
        assert document["seed"] == 7
        assert document["sampling"] == "arterial"
        assert document["scenarios"] == ["hnk", "masked"]
        assert document["patients"] == 8
        assert document["defaulted"] == []


class TestSimulate:
    def test_the_table_echoes_events_and_analysis(self):
        text = run("simulate", "ketamine 35 mg IV over 40 min q 3.5 d x 2", *FEW).stdout
        assert "35" in text
        assert "3.5 d" in text
        assert "cmax" in text.lower()
        assert "linear-up/log-down" in text

    def test_the_cascade_is_written_as_a_picture(self, tmp_path):
        path = tmp_path / "cascade.png"
        run("simulate", IV, *FEW, "--png", str(path), "--json")
        assert path.read_bytes().startswith(PNG_START)
        assert [item.name for item in tmp_path.iterdir()] == ["cascade.png"]

    def test_a_regimen_without_ketamine_is_printed_too(self):
        text = run("simulate", "escitalopram 10 mg oral q 1 d x 56", *FEW).stdout
        assert "no ketamine is given" in " ".join(text.split())


class TestProcess:
    def test_the_module_runs_as_the_command_does(self):
        result = python("-m", "ketascope", "--version")
        assert result.returncode == 0
        assert result.stdout.split()[-1] == __version__
        assert result.stderr == ""

    def test_an_error_of_the_module_is_one_line_and_code_2(self):
        result = python("-m", "ketascope", "compare", "ketamin 35 mg IV")
        assert result.returncode == 2
        assert result.stdout == ""
        assert result.stderr.startswith("ketascope: word 1 'ketamin': unknown drug")
        assert result.stderr.count("\n") == 1

    @pytest.mark.parametrize(
        "arguments", [["parameters"], ["parameters", "--json"], ["validate", "--json"]], ids=" ".join
    )
    def test_a_reader_that_goes_away_is_no_error(self, arguments):
        """`ketascope parameters | head -1`: no traceback and no message, whatever is left unsaid."""
        with subprocess.Popen(
            [sys.executable, "-m", "ketascope", *arguments],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as child:
            child.stdout.read(1)
            child.stdout.close()
            errors = child.stderr.read()
            child.wait(timeout=60)
        assert errors == b""
        assert child.returncode in (0, 1)

    def test_progress_goes_to_a_terminal_and_never_to_standard_output(self):
        result = python("-m", "ketascope", "compare", IV, "ketamine 35 mg IM", *FEW, "--json")
        assert result.returncode == 0
        assert result.stderr == ""
        assert len(json.loads(result.stdout)["options"]) == 2


class TestProgress:
    def test_without_a_terminal_there_is_no_bar(self, monkeypatch):
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        with progress_bar() as progress:
            assert progress is None

    def test_with_one_it_counts_the_options_on_the_error_stream(self, monkeypatch, capsys):
        class Terminal(io.StringIO):
            def isatty(self):
                return True

        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        with progress_bar() as progress:
            assert progress is not None
            progress(0, 2, "first")
            progress(1, 2, "second")
            progress(2, 2, "done")
        assert "2/2" in terminal.getvalue()
        assert capsys.readouterr().out == ""
