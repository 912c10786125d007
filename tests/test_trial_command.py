"""`ketascope trial`: what it prints, the page, and one line for whatever cannot be used."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ketascope.charts import render_svg
from ketascope.cli import main
from ketascope.cli.trial_command import command
from ketascope.errors import InputError
from ketascope.report.trial_page import trial_html
from ketascope.report.trial_report import charts, print_trial, reading, trial_report
from ketascope.virtual_trials import design_file, participants, running
from ketascope.virtual_trials.design import Adaptation, Observed, Rescue
from ketascope.virtual_trials.running import trial
from printed import printed
from trial_stand_ins import made_up_trials, small_design


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up ratings, and the small design in place of the packaged one."""
    packaged = design_file.read_design

    def read(path: str) -> Any:
        return small_design(replicates=12) if path == "two-arm-gad" else packaged(path)

    monkeypatch.setattr(participants, "simulate_trials", made_up_trials)
    monkeypatch.setattr(design_file, "read_design", read)


def invoked(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["two-arm-gad", "--engine", "serial", *arguments], **main.context_settings)


def document_of(**changes: Any) -> dict[str, Any]:
    return dict(trial(small_design(**({"replicates": 40} | changes)), engine="serial").document())


# --- the terminal ------------------------------------------------------------------------------------------------


def test_it_prints_the_design_what_was_found_and_the_error_under_the_null(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    result = invoked()
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    for said in (
        "Virtual trial: Ketamine against saline in generalised anxiety disorder",
        "ketamine 0.5 mg/kg IV over 40 min q 3.5 d x 6",
        "no drug, inert control at the visits of ketamine",
        "15% by the last visit",
        "baseline at least 18 points",
        "drawn from the posterior",
        "12, and 12 without a drug effect",
        "Assurance",
        "Type I error",
        "Bias",
        "This is not medical advice",
    ):
        assert said in text, said
    assert re.search(r"SHA-256 [0-9a-f]{20}", text)


def test_json_is_the_document_of_the_library() -> None:
    result = invoked("--json", "--replicates", "5", "--seed", "3", "--null-replicates", "0")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert (document["replicates"], document["seed"], document["null"]) == (5, 3, None)
    expected = trial(small_design(), replicates=5, seed=3, null_replicates=0, engine="serial").document()
    assert document == json.loads(json.dumps(expected))


def test_an_output_folder_is_named_with_what_was_there(tmp_path: Path) -> None:
    assert "Chunks: 0 were there, 2 computed" in invoked("--output", str(tmp_path / "out")).stdout
    assert "Chunks: 2 were there, 0 computed" in invoked("--output", str(tmp_path / "out")).stdout


def test_a_stopped_run_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(chunk: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "compute", stops)
    result = invoked("--output", str(tmp_path / "out"))
    assert result.exit_code == 130
    assert result.stderr.startswith("ketascope: stopped with 0 of 2 chunks finished; they are kept in ")
    assert result.stderr.count("\n") == 1


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--replicates", "0"), "replicates 0: must be 1 to 1000000"),
        (("--replicates", "many"), "--replicates: 'many' is not a whole number; write one such as 1000"),
        (("--engine", "proceses"), "engine 'proceses' is unknown; did you mean 'processes'?"),
        (("--engine", "dask://here"), "engine 'dask://here': needs the host and the port of a scheduler"),
        (("--workers", "0"), "workers 0: must be 1 to 1024"),
        (("--plan", "80"), "plan 80: must be a share above alpha (0.05) and below 1, such as 0.8"),
        (("--plan", "most"), "--plan: 'most' is not a number; write one such as 0.8"),
        (("--arm", "ketamine"), "arm ketamine: belongs to a plan; write a plan too, such as 0.8"),
        (("--people-most", "200"), "people most 200: belongs to a plan; write a plan too, such as 0.8"),
        (("--plan", "0.8", "--arm", "ketamin"), "arm 'ketamin' is not an active arm; did you mean 'ketamine'?"),
        (("--plan", "0.8", "--people-most", "4"), "arms: shares that add up to 2 need 12 people to plan"),
        (("--plan", "0.8", "--people-most", "200000"), "people most 200000: a trial has at most 131072 people"),
        (("--output", ""), "--output: the name of a file is missing; write one such as trial"),
        (("--html", "no/such/page.html"), "--html: cannot write page.html: the folder no/such does not exist"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_leaves_nothing(
    arguments: Sequence[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoked("--output", "out", *arguments)
    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(said)
    assert "\n" not in str(result.exception)
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_design_that_is_not_there_is_one_line() -> None:
    result = CliRunner().invoke(command, ["feder2012"], **main.context_settings)
    assert isinstance(result.exception, InputError)
    assert "did you mean 'feder2021'?" in str(result.exception)


# --- the report ------------------------------------------------------------------------------------------------------


def tables_of(document: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    return {
        table.id: [[row.label.text, *(cell.text for cell in row.cells)] for row in table.rows]
        for table in trial_report(document).tables
    }


def test_figures_of_the_table_are_those_of_the_document() -> None:
    document = document_of()
    (ancova, responders) = tables_of(document)["result"]
    found = document["result"]["methods"][0]["contrasts"][0]
    assert ancova[0] == "ANCOVA, ketamine"
    assert ancova[1] == f"{100.0 * found['success']['value']:.1f}"
    assert ancova[2] == f"{found['expected_effect']['value']:.1f}".replace("-", "\N{MINUS SIGN}")
    assert responders[0] == "responders, ketamine"
    null = document["null"]["result"]["methods"][0]["contrasts"][0]
    assert tables_of(document)["null"][0][1] == f"{100.0 * null['success']['value']:.1f}"


def test_tables_that_have_nothing_to_say_are_left_out() -> None:
    document = document_of()
    assert {"arms", "result", "null"} <= set(tables_of(document))
    assert not {"looks", "people", "doses", "observed"} & set(tables_of(document))


def test_looks_sizes_doses_and_a_real_trial_have_tables_of_their_own() -> None:
    observed = Observed(arm="ketamine", label="Trial 2020", source="its paper", estimate=-7.0, standard_error=2.0)
    document = document_of(
        adaptation=Adaptation(information=(0.5, 1.0), futility_below=0.1),
        rescue=Rescue(from_visit_h=168.0, percent_fall=20.0, smd=0.3),
        people_curve=(10, 20),
        dose_curve=("ketamine 0.25 mg/kg IV over 40 min", "ketamine 1 mg/kg IV over 40 min"),
        observed=observed,
    )
    tables = tables_of(document)
    assert {row[1] for row in tables["looks"]} & {"benefit", "planned end", "futility"}
    assert [row[1] for row in tables["people"]] == ["10", "20"] * 2
    assert len(tables["doses"]) == 4
    ((label, value, _, percentile, source),) = tables["observed"]
    assert (label, value, source) == ("Trial 2020", "\N{MINUS SIGN}7.00 (standard error 2.00)", "its paper")
    assert 0.0 <= float(percentile) <= 100.0
    text = printed(print_trial, document)
    assert "at 50%, 100% of the people (obrien-fleming); futility below a conditional power of 0.1" in text
    assert "from 7 d for those with less than 20% fall" in text
    assert "Trial 2020 observed \N{MINUS SIGN}7.00 (standard error 2.00): percentile" in " ".join(text.split())


def test_a_bound_is_told_as_a_bound() -> None:
    observed = Observed(arm="ketamine", label="Null 2022", source="its abstract", smd_within=0.4)
    document = document_of(observed=observed)
    said = " ".join(reading(document))
    assert "Null 2022 printed no difference but found none, so its standardised difference lay within ±0.40" in said
    assert "As a bound it can say no more." in said
    assert "percentile" not in said
    assert tables_of(document)["observed"][0][1] == "within ±0.40 SD"


def test_a_plan_is_told_in_its_own_words() -> None:
    design = small_design(replicates=30)
    planned = dict(trial(design, plan=0.8, people_most=60, null_replicates=0, engine="serial").document())
    assert planned["plan"]["people_most"] == 60
    assert " ".join(planned["plan"]["sentences"]) in reading(planned)


def test_flags_of_the_design_are_notes() -> None:
    document = document_of(flags=(("extrapolated", "No trial in this condition."),))
    assert trial_report(document).notes == ((1, "No trial in this condition."),)
    assert "[1] No trial in this condition." in printed(print_trial, document)


def test_narrow_terminals_lose_no_figure() -> None:
    document = document_of(people_curve=(10, 20))
    assert document["content_hash"] in "".join(printed(print_trial, document, 60).split())
    wide, narrow = (set(re.findall(r"\d+\.\d+", printed(print_trial, document, width))) for width in (200, 60))
    assert wide == narrow


# --- charts and the page ---------------------------------------------------------------------------------------------


def test_charts_draw_what_the_tables_say_and_say_it_in_words() -> None:
    observed = Observed(arm="ketamine", label="Trial 2020", source="its paper", estimate=-7.0, standard_error=2.0)
    document = document_of(people_curve=(10, 20), dose_curve=("ketamine 1 mg/kg IV over 40 min",), observed=observed)
    drawn = dict(charts(document))
    assert list(drawn) == ["result", "people", "doses"]
    effect, people, doses = drawn.values()
    shares = [row["percent_of_trials"] for row in effect.table]
    assert sum(shares) == pytest.approx(100.0)
    assert "Trial 2020 printed \N{MINUS SIGN}7.0: percentile" in effect.summary
    assert [row["people"] for row in people.table] == [10, 20, 10, 20]
    assert "ANCOVA, ketamine: 10 people" in people.summary
    assert {row["sentence"] for row in doses.table} == {"ketamine 1 mg/kg IV over 40 min"}
    for chart in drawn.values():
        svg = render_svg(chart.spec)
        assert svg.startswith("<svg")
        assert chart.title in svg
    assert "Trial 2020" in render_svg(effect.spec)


def test_the_page_holds_every_table_every_chart_and_nothing_from_elsewhere(tmp_path: Path) -> None:
    page = tmp_path / "trial.html"
    result = invoked("--html", str(page), "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    text = page.read_text(encoding="utf-8")
    assert text == trial_html(document)
    for table in trial_report(document).tables:
        assert f'id="{table.id}"' in text
    assert 'id="chart-trial-effect-1"' in text
    assert "<h1>Virtual trial: Ketamine against saline" in text
    assert "not medical advice" in text
    assert not re.search(r'(src|href)="(https?:)?//', text)


def test_what_a_design_says_is_escaped(tmp_path: Path) -> None:
    document = document_of(title="<script>alert(1)</script>")
    assert "<script>alert(1)" not in trial_html(document)
    arms = tuple(replace(arm, name=f"<b>{arm.name}</b>") for arm in small_design().arms)
    assert "<b>" not in trial_html(document_of(arms=arms))
