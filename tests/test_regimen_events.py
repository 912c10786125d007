"""NONMEM-style event files: what is read, what is written, and what a malformed file is told."""

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_files import write_events
from ketascope.errors import InputError
from ketascope.regimen import Course, event_rows, load_presets, parse, read_events
from test_regimen_round_trip import QUIET, regimens

WEIGHT_KG = 70.0
HEADER = "ID,TIME,AMT,RATE,EVID,CMT,MDV,ADDL,II,SS,DRUG,ROUTE"
INFUSION = "1,0,35,52.5,1,.,1,0,0,0,ketamine,IV"


def read(tmp_path, *lines, header=HEADER):
    path = tmp_path / "events.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return read_events(path)


def what_and_when(doses):
    """Doses without what the order of the rows decides: course, and the order at the same moment."""
    return sorted((dose.time_h, dose.drug, dose.route, dose.device, dose.amount_mg) for dose in doses)


def test_a_row_is_a_course(tmp_path):
    regimen = read(tmp_path, "1,24,35,52.5,1,.,1,5,84,0,ketamine,IV")
    assert regimen.courses == (Course("ketamine", 35.0, "mg", "IV", 40 / 60, 84.0, 6, 24.0),)
    assert str(regimen) == "ketamine 35 mg IV over 40 min q 3.5 d x 6 after 1 d"


def test_only_time_amount_drug_and_route_are_needed(tmp_path):
    regimen = read(tmp_path, "0,84,Spravato,intranasal", "84,56,esketamine,nasal", header="time,amt,drug,route")
    assert str(regimen) == "esketamine 84 mg nasal & esketamine 56 mg nasal after 3.5 d"


def test_a_dot_or_nothing_is_a_missing_value(tmp_path):
    assert read(tmp_path, ".,0,35,.,.,.,.,.,.,.,ketamine,IM") == parse("ketamine 35 mg IM")
    assert read(tmp_path, ",0,35,,,,,,,,ketamine,IM") == parse("ketamine 35 mg IM")


def test_observations_other_events_and_blank_lines_are_no_doses(tmp_path):
    regimen = read(
        tmp_path,
        INFUSION,
        "1,1,.,.,0,2,0,.,.,.,.,.",
        "",
        "1,2,0,0,2,2,1,0,0,0,.,.",
        "1,3,.,.,.,.,.,.,.,.,.,.",
    )
    assert str(regimen) == "ketamine 35 mg IV over 40 min"


def test_a_reset_with_the_first_dose_is_just_a_dose(tmp_path):
    assert str(read(tmp_path, "1,0,35,0,4,.,1,0,0,0,ketamine,IV")) == "ketamine 35 mg IV"


def test_other_columns_and_marks_of_spreadsheets_are_read_over(tmp_path):
    path = tmp_path / "events.csv"
    path.write_bytes(b"\xef\xbb\xbf#ID,TIME,AMT,DRUG,ROUTE,DV,WT,AGE\r\n1,0,35,ketamine,IV,.,80,40\r\n")
    assert read_events(path) == parse("ketamine 35 mg IV")


def test_events_are_written_one_row_a_course_in_order_of_time(tmp_path):
    regimen = parse("ketamine 0.5 mg/kg IV over 40 min q 3.5 d x 6 after 2 h & esketamine 84 mg nasal")
    path = tmp_path / "out.csv"
    write_events(regimen, WEIGHT_KG, path)
    assert path.read_text(encoding="utf-8").splitlines() == [
        HEADER,
        "1,0,84,0,1,.,1,0,0,0,esketamine,nasal",
        "1,2,35,52.5,1,.,1,5,84,0,ketamine,IV",
    ]
    assert event_rows(regimen, WEIGHT_KG)[1]["AMT"] == "35"


SENTENCES = {option.id: option.sentence for option in load_presets() if option.sentence}


@pytest.mark.parametrize("preset", SENTENCES)
def test_every_preset_survives_the_event_file_exactly(preset, tmp_path):
    regimen = parse(SENTENCES[preset])
    path = tmp_path / "out.csv"
    write_events(regimen, WEIGHT_KG, path)
    assert read_events(path).doses(WEIGHT_KG) == regimen.doses(WEIGHT_KG)


@settings(max_examples=60, **QUIET)
@given(regimens())
def test_any_regimen_survives_the_event_file(tmp_path_factory, regimen):
    path = tmp_path_factory.mktemp("events") / "out.csv"
    write_events(regimen, WEIGHT_KG, path)
    again = read_events(path)
    written, read_back = regimen.doses(WEIGHT_KG), again.doses(WEIGHT_KG)
    assert what_and_when(read_back) == what_and_when(written)
    # A rate cannot always hold a duration to the last bit.
    infusions, again_infusions = (sorted(dose.duration_h for dose in each) for each in (written, read_back))
    assert again_infusions == pytest.approx(infusions, rel=1e-12)
    assert read_back[-1].session == written[-1].session


BAD_ROWS = {
    "1,-1,35,0,1,.,1,0,0,0,ketamine,IV": ("row 2, column TIME: -1 is before the start (0); sort the rows by time"),
    "1,.,35,0,1,.,1,0,0,0,ketamine,IV": "row 2, column TIME: is missing; write hours from the start",
    "1,10:30,35,0,1,.,1,0,0,0,ketamine,IV": "row 2, column TIME: '10:30' is not a number",
    "1,nan,35,0,1,.,1,0,0,0,ketamine,IV": "row 2, column TIME: 'nan' is not a number",
    "1,0,inf,0,1,.,1,0,0,0,ketamine,IV": "row 2, column AMT: 'inf' is not a number",
    "1,0,1_000,0,1,.,1,0,0,0,ketamine,IV": "row 2, column AMT: '1_000' is not a number",
    "1,0,.,0,1,.,1,0,0,0,ketamine,IV": "row 2, column AMT: is missing; a dose needs mg above 0",
    "1,0,0,0,1,.,1,0,0,0,ketamine,IV": "row 2, column AMT: must be more than zero",
    "1,0,-35,0,1,.,1,0,0,0,ketamine,IV": "row 2, column AMT: must be more than zero",
    "1,0,99999,0,1,.,1,0,0,0,ketamine,IV": (
        "row 2, column AMT: 333.33 mg/kg a dose even at 300 kg is over the limit of 10 mg/kg for ketamine IV"
    ),
    "1,0,50,0,1,.,1,0,0,0,esketamine,nasal": (
        "row 2, column AMT: esketamine nasal comes in whole devices of 28 mg; write 28, 56 or 84 mg"
    ),
    "1,0,35,-2,1,.,1,0,0,0,ketamine,IV": ("row 2, column RATE: -2 must be mg/h above 0, or 0 for a dose given at once"),
    "1,0,35,35,1,.,1,0,0,0,ketamine,oral": ("row 2, column RATE: only IV and SC doses can run over a time, not oral"),
    "1,0,35,1e-320,1,.,1,0,0,0,ketamine,IV": (
        "row 2, column RATE: '1e-320' cannot be meant; sizes lie between 1e-15 and 1e+15, or are 0"
    ),
    "1,0,35,10,1,.,1,3,2,0,ketamine,IV": (
        "row 2, column RATE: the infusion of 3.5 h is longer than its interval of 2 h"
    ),
    "1,0,35,0,7,.,1,0,0,0,ketamine,IV": (
        "row 2, column EVID: 7 is unknown; 1 is a dose, 0 an observation, 2 another event"
    ),
    "1,0,35,0,1.5,.,1,0,0,0,ketamine,IV": "row 2, column EVID: '1.5' is not a whole number",
    "1,0,35,0,0,.,1,0,0,0,ketamine,IV": ("row 2, column EVID: 0 is no dose, but AMT is 35; a dose has EVID 1"),
    "1,0,.,0,3,.,1,0,0,0,.,.": "row 2, column EVID: 3 (reset) cannot be given to a person; remove the row",
    "1,0,35,0,1,.,1,-1,24,0,ketamine,IV": "row 2, column ADDL: -1 must be 0 or more",
    "1,0,35,0,1,.,1,2.5,24,0,ketamine,IV": "row 2, column ADDL: '2.5' is not a whole number",
    "1,0,35,0,1,.,1,1e9,24,0,ketamine,IV": (
        "row 2, column ADDL: the regimen now has over a thousand million doses; the limit is 1000"
    ),
    "1,0,35,0,1,.,1,3,0,0,ketamine,IV": (
        "row 2, column II: is missing; 3 additional doses (ADDL) need hours between them"
    ),
    "1,0,35,0,1,.,1,3,-24,0,ketamine,IV": "row 2, column II: must be more than zero",
    "1,0,35,0,1,.,1,999,24,0,ketamine,IV": ("row 2, column II: the schedule would last 999 d; the limit is 730 d"),
    "1,0,35,0,1,.,1,0,0,1,ketamine,IV": (
        "row 2, column SS: steady state is not supported; write the doses before it with ADDL and II"
    ),
    "1,0,35,0,1,.,1,0,0,0,.,IV": (
        "row 2, column DRUG: is missing; write one of "
        "ketamine, esketamine, escitalopram, sertraline, paroxetine, fluoxetine, venlafaxine"
    ),
    "1,0,35,0,1,.,1,0,0,0,ketamine,": (
        "row 2, column ROUTE: is missing; write one of IV, IM, SC, nasal, SL, buccal, oral, oral-ER, rectal"
    ),
    "1,0,35,0,1,.,1,0,0,0,ketamin,IV": (
        "row 2, column DRUG: 'ketamin' is an unknown drug; did you mean 'ketamine'? Drugs: "
        "ketamine, esketamine, escitalopram, sertraline, paroxetine, fluoxetine, venlafaxine"
    ),
    "1,0,10,0,1,.,1,0,0,0,sertraline,IV": (
        "row 2, column ROUTE: sertraline by IV is not covered; routes of sertraline: oral"
    ),
    "1,0,35": "row 2: 3 cells, but the header has 12; a comma in a cell needs quotes",
    "1,0,.,.,0,.,.,.,.,.,.,.": "'{path}' has no dose; a dose is a row with EVID 1 and an AMT above 0",
}


@pytest.mark.parametrize("line", BAD_ROWS)
def test_a_bad_row_is_named_with_its_column(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.csv").write_text(f"{HEADER}\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_events("events.csv")
    assert str(caught.value) == BAD_ROWS[line].format(path="events.csv")


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (
            "2,24,35,52.5,1,.,1,0,0,0,ketamine,IV",
            "row 3, column ID: '2' is a second person after '1'; write one file a person",
        ),
        (
            "1,24,35,0,4,.,1,0,0,0,ketamine,IV",
            "row 3, column EVID: 4 (reset and dose) after an earlier dose would undo it; use 1",
        ),
        (
            "1,0.5,35,35,1,.,1,0,0,0,ketamine,IV",
            "row 3, column DRUG: overlapping phases: this infusion would start at 0.5 h while that of row 2 "
            "runs until 0.6667 h; separate them with 'then' or 'after'",
        ),
    ],
)
def test_rows_that_do_not_go_together_are_refused(second, message, tmp_path):
    with pytest.raises(InputError) as caught:
        read(tmp_path, INFUSION, second)
    assert str(caught.value) == message


def test_rows_out_of_order_are_refused(tmp_path):
    late = "1,48,35,0,1,.,1,0,0,0,ketamine,IV"
    with pytest.raises(InputError, match=r"^row 3, column TIME: 0 is before the row above \(48\)"):
        read(tmp_path, late, INFUSION)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("ID,TIME,AMT,DRUG", "row 1: 'events.csv' has no column ROUTE; needed are TIME AMT DRUG ROUTE"),
        ("TIME;AMT;DRUG;ROUTE", "row 1: 'events.csv' has no column TIME; needed are TIME AMT DRUG ROUTE"),
        ("TIME,AMT,DRUG,ROUTE,ADL", "row 1, column 'ADL': unknown column; did you mean 'ADDL'?"),
        ("TIME,AMT,AMT,DRUG,ROUTE", "row 1, column AMT: appears 2 times"),
        ("", "row 1: 'events.csv' has no column TIME; needed are TIME AMT DRUG ROUTE"),
    ],
)
def test_a_bad_header_is_named(header, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.csv").write_text(header, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_events("events.csv")
    assert str(caught.value) == message


def test_a_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^cannot read 'nowhere\.csv': No such file or directory$"):
        read_events("nowhere.csv")
    with pytest.raises(InputError, match=r"^cannot read '\.': Is a directory$"):
        read_events(".")
    with pytest.raises(InputError, match=r"^'null.byte\.csv' is not a CSV file: embedded null byte$"):
        read_events("null\0byte.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"TIME,AMT,DRUG,ROUTE\n0,35,\xff\xfe,IV\n", "'events.csv' is not a text file in UTF-8"),
        (
            b'TIME,AMT,DRUG,ROUTE\n0,35,"ketamine,IV\n',
            "'events.csv' is not a CSV file: unexpected end of data",
        ),
    ],
)
def test_a_file_of_another_kind_is_named(content, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.csv").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_events("events.csv")
    assert str(caught.value) == message


def test_a_file_without_end_is_refused(tmp_path):
    with pytest.raises(InputError, match="has more than 10000 rows, the limit"):
        read(tmp_path, *["1,1,.,.,0,.,.,.,.,.,.,."] * 10_001)


def test_rows_for_a_bad_weight_are_refused():
    with pytest.raises(InputError, match="weight 3 kg"):
        event_rows(parse("ketamine 0.5 mg/kg IV"), 3.0)


CELLS = st.sampled_from(
    [
        "",
        ".",
        "0",
        "1",
        "35",
        "-1",
        "1e400",
        "nan",
        "4",
        "24",
        "84",
        "ketamine",
        "esketamine",
        "IV",
        "nasal",
        '"',
    ]
) | st.text(max_size=6)


@settings(max_examples=200, **QUIET)
@given(st.lists(st.lists(CELLS, min_size=12, max_size=12), max_size=4), st.booleans())
def test_a_fuzzed_file_never_gives_anything_but_a_regimen_or_one_line(tmp_path_factory, rows, quoted):
    path = tmp_path_factory.mktemp("fuzz") / "events.csv"
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        file.write(HEADER + "\n")
        if quoted:
            csv.writer(file).writerows(rows)
        else:
            file.writelines(",".join(row) + "\n" for row in rows)
    try:
        outcome = str(read_events(path))
    except InputError as error:
        outcome = str(error)
    assert outcome.isprintable()
