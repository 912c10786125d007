"""`ketascope nca`: a shell over the library call."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from ketascope import InputError
from ketascope.cli import main
from ketascope.cli.nca_command import command
from ketascope.noncompartmental.analysing import nca
from ketascope.noncompartmental.crosswalk import names

ROWS = [f"{i},{t},{level * i}" for i in (1, 2) for t, level in ((0, 0), (1, 10), (2, 8), (4, 4), (8, 1))]


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("\n".join(["ID,TIME,DV", *ROWS]) + "\n", encoding="utf-8")
    return path


def run(*arguments):
    return CliRunner().invoke(command, [str(each) for each in arguments], **main.context_settings)


def test_json_is_the_document_of_the_library(data):
    result = run(data, "--unit", "mg/L", "--dose", "100", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == nca(data, unit="mg/L", dose_mg=100.0).document()


def test_the_table_shows_every_person_a_summary_and_what_flags_mean(data):
    result = run(data, "--dose", "100")
    assert result.exit_code == 0
    text = result.stdout
    for words in (
        "Exposure",
        "Disposition",
        "AUCinf",
        "Half-life",
        "CL/F",
        "geometric mean",
        "concentrations in ng/mL",
    ):
        assert words in text
    assert "the highest value is the first after the dose" in text
    assert "2 of 2 occasions" in text
    assert "…" not in text


def test_rules_and_intervals_are_options(data):
    result = run(data, "--area", "linear", "--blq", "missing", "--interval", "0h,6h", "--json")
    document = json.loads(result.stdout)
    assert document["options"]["area_rule"] == "linear"
    assert document["options"]["below_limit_rule"] == "missing"
    assert document["profiles"][0]["auc_0_to_6_h_ng_h_per_ml"] == pytest.approx(5.0 + 9.0 + 12.0 + (4.0 + 2.5) / 2 * 2)
    assert "AUC 0 to 6 h" in run(data, "--interval", "0h,6h").stdout


def test_csv_writes_the_whole_table(data, tmp_path):
    target = tmp_path / "nca.csv"
    assert run(data, "--csv", target).exit_code == 0
    assert target.read_text(encoding="utf-8") == nca(data).csv()


def test_names_need_no_data():
    result = run("--names")
    assert result.exit_code == 0
    for row in names().values():
        assert row["winnonlin"] in result.stdout
        assert row["cdisc"] in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nca needs a data file"),
        (("none.csv",), "cannot read 'none.csv'"),
        (("DATA", "--interval", "6h"), "--interval: 1 times; write two, such as 0h,24h"),
        (("DATA", "--interval", "6h,2h"), "interval 6 to 2 h: must start at 0 or later and end after its start"),
        (("DATA", "--area", "linea"), "area-rule 'linea' is unknown; did you mean 'linear'"),
        (("DATA", "--dose", "much"), "--dose: 'much' is not a number"),
        (("DATA", "--csv", "no/such/folder.csv"), "--csv: cannot write folder.csv: the folder no/such does not exist"),
    ],
)
def test_bad_input_is_one_line(data, arguments, message):
    result = run(*(str(data) if each == "DATA" else each for each in arguments))
    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(message)
