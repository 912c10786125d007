"""`ketascope import`: event tables of any number of people, and what of them cannot be taken over."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from ketascope import InputError, __version__
from ketascope.cli import main
from ketascope.cli.import_command import command
from ketascope.exchange.importing import import_events
from ketascope.regimen import parse

HEADER = "ID,TIME,AMT,RATE,EVID,ADDL,II,SS,DRUG,ROUTE,DV,STUDY"
ROWS = (
    "7,0,35,52.5,1,.,.,.,ketamine,IV,.,A",
    "7,1,.,.,0,.,.,.,.,.,120,A",
    "7,2,.,.,0,.,.,.,.,.,60,A",
    "7,84,35,52.5,1,.,.,.,ketamine,IV,.,A",
    "B,0,56,.,1,7,84,.,Spravato,nasal,.,A",
    "B,5,.,.,2,.,.,.,.,.,.,A",
)


def write(tmp_path, *rows, header=HEADER):
    path = tmp_path / "doses.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_every_person_gets_a_regimen_in_the_order_of_the_file(tmp_path):
    subjects = import_events(write(tmp_path, *ROWS)).subjects
    assert [(subject.id, subject.regimen) for subject in subjects] == [
        ("7", parse("ketamine 35 mg IV over 40 min & ketamine 35 mg IV over 40 min after 3.5 d")),
        ("B", parse("esketamine 56 mg nasal q 3.5 d x 8")),
    ]


def test_what_is_not_taken_over_is_counted_and_named(tmp_path):
    document = import_events(write(tmp_path, *ROWS)).document()
    assert document["columns_left_out"] == ["DV", "STUDY"]
    assert [person["rows_left_out"] for person in document["subjects"]] == [{"observations": 2}, {"other events": 1}]


def test_a_column_without_any_value_is_not_worth_a_word(tmp_path):
    rows = [row.replace(",120,", ",.,").replace(",60,", ",.,") for row in ROWS]
    assert import_events(write(tmp_path, *rows)).document()["columns_left_out"] == ["STUDY"]


def test_the_compartment_is_named_where_it_says_something(tmp_path):
    path = write(tmp_path, "0,35,ketamine,IM,2", header="TIME,AMT,DRUG,ROUTE,CMT")
    assert import_events(path).document()["columns_left_out"] == ["CMT"]


def test_a_table_without_id_is_one_person(tmp_path):
    path = write(tmp_path, "0,35,ketamine,IM", "84,35,ketamine,IM", header="time,amt,drug,route")
    assert [subject.id for subject in import_events(path).subjects] == ["1"]


def test_the_document_is_plain_data_with_the_doses_of_each_person(tmp_path):
    result = CliRunner().invoke(command, [str(write(tmp_path, *ROWS)), "--json"], **main.context_settings)
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["version"] == __version__
    assert document["source"] == "doses.csv"
    first, second = document["subjects"]
    assert first["sentence"] == "ketamine 35 mg IV over 40 min & ketamine 35 mg IV over 40 min after 3.5 d"
    assert [event["time_h"] for event in first["events"]] == [0.0, 84.0]
    assert len(second["events"]) == 16
    assert first["weight_kg"] is None


def test_the_terminal_shows_sentence_doses_and_what_was_left_out(tmp_path):
    result = CliRunner().invoke(command, [str(write(tmp_path, *ROWS))], **main.context_settings)
    assert result.exit_code == 0
    assert "2 people in doses.csv" in result.stdout
    assert "B: esketamine 56 mg nasal q 3.5 d x 8" in result.stdout
    assert "... 4 more rows ..." in result.stdout
    assert "not taken over: 2 observations" in result.stdout
    assert "columns not taken over: DV, STUDY" in result.stdout


def test_the_weight_of_a_person_is_theirs(tmp_path):
    path = write(tmp_path, "1,0,35,ketamine,IM,62.5", header="ID,TIME,AMT,DRUG,ROUTE,WT")
    (subject,) = import_events(path).subjects
    assert subject.weight_kg == 62.5


BAD = {
    "1,0,35,.,1,.,.,1,ketamine,IM,.,A": "row 2, column SS: steady state is not supported; write the doses before it",
    "1,0,.,.,3,.,.,.,ketamine,IM,.,A": "row 2, column EVID: 3 (reset) cannot be given to a person; remove the row",
    "1,0,35,.,1,.,.,.,ketamin,IM,.,A": "row 2, column DRUG: 'ketamin' is an unknown drug; did you mean 'ketamine'",
    "1,0,35,.,1,3,.,.,ketamine,IM,.,A": "row 2, column II: is missing; 3 additional doses (ADDL) need",
    "1,-1,35,.,1,.,.,.,ketamine,IM,.,A": "row 2, column TIME: -1 is before the start (0); sort the rows by time",
    "1,0,5000,.,1,.,.,.,ketamine,IM,.,A": "row 2, column AMT: ",
    "1,0,.,.,0,.,.,.,.,.,5,A": "row 2, column EVID: no dose of '1'; a dose is a row with EVID 1 and an AMT above 0",
}


@pytest.mark.parametrize("row", BAD)
def test_what_a_regimen_cannot_express_is_told_by_row_and_column(row, tmp_path):
    path = write(tmp_path, row)
    with pytest.raises(InputError) as caught:
        import_events(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(BAD[row])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((*ROWS, "7,100,35,.,1,.,.,.,ketamine,IM,.,A"), "row 8, column ID: '7' comes back after 'B'"),
        ((ROWS[0], ROWS[3], ROWS[1]), "row 4, column TIME: 1 is before the row above (84); sort the rows by time"),
        ((), "has no dose; a dose is a row with EVID 1 and an AMT above 0"),
    ],
)
def test_rows_must_stand_in_their_order(rows, message, tmp_path):
    with pytest.raises(InputError) as caught:
        import_events(write(tmp_path, *rows))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ("1,0,35,ketamine,IM,62", "1,84,35,ketamine,IM,63"),
            "row 3, column WT: 63 after 62 in row 2; a person has one",
        ),
        (("1,0,35,ketamine,IM,0.5",), "row 2, column WT: "),
        (("1,0,35,ketamine,IM,heavy",), "row 2, column WT: 'heavy' is not a number"),
    ],
)
def test_a_weight_must_be_one_that_can_be(rows, message, tmp_path):
    with pytest.raises(InputError) as caught:
        import_events(write(tmp_path, *rows, header="ID,TIME,AMT,DRUG,ROUTE,WT"))
    assert str(caught.value).startswith(message)


def test_a_misspelt_column_offers_the_right_one(tmp_path):
    with pytest.raises(InputError, match="row 1, column 'ROUT': unknown column; did you mean 'ROUTE'"):
        import_events(write(tmp_path, "0,35,ketamine,IM", header="TIME,AMT,DRUG,ROUT"))


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    result = CliRunner().invoke(command, [str(tmp_path / "none.csv")], **main.context_settings)
    assert isinstance(result.exception, InputError)
    assert "cannot read" in str(result.exception)
