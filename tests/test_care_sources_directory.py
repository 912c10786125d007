"""SAMHSA's directory in every shape it arrives in: what happens to each file, and to each of its rows."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import openpyxl
import pytest

from ketascope.care.facility import Facility, Rejected
from ketascope.care.places.states import states
from ketascope.care.sources.opening import open_source
from ketascope.care.sources.source_file import SourceFile
from ketascope.errors import InputError

PACKAGED = Path(str(files("ketascope.care") / "data" / "samhsa_directory_2022.csv"))
CODES = Path(str(files("ketascope.care") / "data" / "samhsa_service_codes_2022.csv"))
with PACKAGED.open(encoding="utf-8", newline="") as stream:
    HEADING, *ROWS = list(csv.reader(stream))
with CODES.open(encoding="utf-8", newline="") as stream:
    CODE_ROWS = list(csv.reader(stream))
SOME = ROWS[:200]


def write_csv(path: Path, heading: Sequence[str], rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([heading, *rows])
    return path


def write_workbook(
    path: Path, heading: Sequence[str], rows: Sequence[Sequence[object]], codes: Sequence[Sequence[str]] = CODE_ROWS
) -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Facilities List"
    for row in [heading, *rows]:
        sheet.append(list(row))
    reference = workbook.create_sheet("Service Code Reference")
    for row in codes:
        reference.append(list(row))
    workbook.save(path)
    return path


def read(path: Path) -> tuple[SourceFile, list[Facility], list[Rejected]]:
    source = open_source(path)
    rows = list(source.rows)
    counts = source.counts
    assert counts.read == counts.facilities + counts.rejected + counts.deactivated + sum(counts.skipped.values())
    return (
        source,
        [row for row in rows if isinstance(row, Facility)],
        [row for row in rows if isinstance(row, Rejected)],
    )


def codes_of(facility: Facility) -> set[str]:
    return {service.code for service in facility.services}


# --- the packaged rows


def test_all_packaged_rows_load_and_say_what_they_are_complete_for():
    source, facilities, rejected = read(PACKAGED)

    assert len(facilities) == 1490
    assert rejected == []
    assert (source.key, source.edition, source.edition_date) == ("samhsa-directory", "2022", "2022-05")
    assert source.complete_states == ("NJ", "NY", "PA", "CT", "DE")
    assert source.complete_services == ("KIT",)
    assert source.counts.unknown_codes == {}
    assert len(source.sha256) == 64


def test_the_packaged_rows_are_known_by_their_content_under_any_name(tmp_path):
    copy = tmp_path / "mine.csv"
    copy.write_bytes(PACKAGED.read_bytes())

    source, facilities, _ = read(copy)

    assert len(facilities) == 1490
    assert source.complete_services == ("KIT",)


def test_sites_with_ketamine_infusion_by_state():
    _, facilities, _ = read(PACKAGED)
    by_state = Counter(facility.state for facility in facilities if "KIT" in codes_of(facility))

    assert by_state.total() == 104
    assert by_state.most_common(6) == [("CA", 23), ("UT", 14), ("FL", 10), ("OH", 6), ("WI", 5), ("MO", 4)]
    assert {by_state[state] for state in ("CT", "KS", "TN", "TX", "VA")} == {3}
    assert {by_state[state] for state in ("NJ", "NY", "PA")} == {2}
    assert by_state["DE"] == 0


def test_facilities_by_state_and_services_of_new_jersey():
    _, facilities, _ = read(PACKAGED)
    by_state = Counter(facility.state for facility in facilities)
    jersey = Counter(code for facility in facilities if facility.state == "NJ" for code in codes_of(facility))

    assert [by_state[state] for state in ("NJ", "NY", "PA", "CT", "DE")] == [251, 547, 402, 169, 26]
    wanted = {"KIT": 2, "TMS": 1, "ECT": 7, "EMDR": 11, "PTSD": 109, "TRMA": 104, "CBT": 219, "TELE": 188}
    wanted |= {"MD": 218, "MC": 161, "PI": 202}
    assert {code: jersey[code] for code in wanted} == wanted
    assert sum(facility.veterans_only for facility in facilities if facility.state == "NJ") == 13


def test_a_code_carries_its_name_and_never_the_sheets_description():
    _, facilities, _ = read(PACKAGED)
    services = {service.code: service for facility in facilities for service in facility.services}

    assert services["KIT"].name == "Ketamine Infusion Therapy"
    assert services["KIT"].kind == "service"
    assert services["MC"].kind == services["SS"].kind == "payment"
    assert (services["ADLT"].kind, services["SP"].kind, services["VAHC"].kind) == ("age", "language", "facility")


# --- the five files: renamed, missing, reordered, corrupt; and extra columns


@pytest.mark.parametrize("write", [write_csv, write_workbook])
def test_renamed_columns_that_are_known_are_read_and_reported(tmp_path, write):
    heading = [{"zip": "ZIP Code", "name1": "Facility Name", "street1": "Address"}.get(name, name) for name in HEADING]
    suffix = ".csv" if write is write_csv else ".xlsx"

    source, facilities, rejected = read(write(tmp_path / f"directory_2024{suffix}", heading, SOME))

    assert (len(facilities), rejected) == (200, [])
    assert "column 'ZIP Code' read as zip" in source.counts.notes
    assert "column 'Facility Name' read as name1" in source.counts.notes
    assert [facility.zip for facility in facilities] == [row[6] for row in SOME]


@pytest.mark.parametrize("write", [write_csv, write_workbook])
def test_a_missing_column_stops_the_file_and_is_named_with_what_was_found(tmp_path, write):
    rows = [row[:6] + row[7:] for row in SOME[:5]]
    suffix = ".csv" if write is write_csv else ".xlsx"
    path = write(tmp_path / f"directory_2024{suffix}", HEADING[:6] + HEADING[7:], rows)

    with pytest.raises(InputError, match="column 'zip' is missing.*headings found: name1, name2, street1") as caught:
        open_source(path)

    assert "\n" not in str(caught.value)
    assert "directory_2024" in str(caught.value)


def test_a_column_renamed_to_something_unknown_is_offered_as_the_nearest(tmp_path):
    heading = ["service_code_infos" if name == "service_code_info" else name for name in HEADING]

    with pytest.raises(InputError, match="'service_code_info' is missing; the nearest heading is 'service_code_infos'"):
        open_source(write_csv(tmp_path / "directory_2024.csv", heading, SOME[:3]))


@pytest.mark.parametrize("write", [write_csv, write_workbook])
def test_reordered_columns_give_the_same_facilities(tmp_path, write):
    order = random.Random(3).sample(range(len(HEADING)), len(HEADING))
    suffix = ".csv" if write is write_csv else ".xlsx"
    path = write(
        tmp_path / f"directory_2024{suffix}",
        [HEADING[at] for at in order],
        [[row[at] for at in order] for row in SOME],
    )

    assert read(path)[1] == read(write_csv(tmp_path / "plain_2024.csv", HEADING, SOME))[1]


def test_extra_columns_are_named_and_case_and_blanks_in_headings_do_not_matter(tmp_path):
    heading = [f" {name.upper()} " for name in HEADING] + ["Remarks"]
    rows = [[*row, "x"] for row in SOME]

    source, facilities, _ = read(write_csv(tmp_path / "directory_2024.csv", heading, rows))

    assert len(facilities) == 200
    assert source.counts.notes == ["columns not used: Remarks"]


FAULTS = {
    "state": (5, "New Jersey", "no two-letter state code of the US Postal Service; is it NJ?"),
    "zip": (6, "0703O", "no US ZIP code of five digits"),
    "name": (0, "  ", "empty; a facility needs a name"),
    "street": (2, "", "empty; a facility needs a street"),
    "city": (4, "Hobo\x07ken", "holds characters that are no text"),
}


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_one_row_in_a_hundred_is_corrupt_and_costs_only_itself(tmp_path, suffix):
    faults = {name: fault for name, fault in FAULTS.items() if suffix == ".csv" or name != "city"}
    rows = [list(row) for row in ROWS]
    expected = {}
    for number, at in enumerate(random.Random(7).sample(range(len(rows)), 15)):
        field = list(faults)[number % len(faults)]
        column, value, reason = faults[field]
        rows[at][column] = value
        expected[at + 2] = (field, reason)
    write = write_csv if suffix == ".csv" else write_workbook

    source, facilities, rejected = read(write(tmp_path / f"directory_2024{suffix}", HEADING, rows))

    assert {row.row_number: (row.field, row.reason) for row in rejected} == expected
    assert len(facilities) == 1490 - 15
    assert source.counts.read == 1490


def test_rows_with_wrong_cells_or_quotation_marks_are_named_and_the_next_rows_are_read(tmp_path):
    lines = PACKAGED.read_text(encoding="utf-8").splitlines()[:41]
    lines[4] += ",one,two"
    lines[9] = lines[9].replace(",", ",,", 1).rsplit(",", 3)[0]
    lines[19] = '"' + lines[19]
    lines[29] = lines[29].replace(",", ',"open ', 1)
    path = tmp_path / "directory_2024.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    source, facilities, rejected = read(path)

    assert [row.row_number for row in rejected] == [5, 10, 20, 30]
    assert {row.field for row in rejected} == {"row"}
    assert (rejected[0].value, rejected[0].reason) == ("15 cells", "the heading has 13 columns")
    assert "quotation mark" in rejected[2].reason
    assert len(facilities) == 36


def test_a_quoted_cell_may_hold_a_line_break_and_rows_keep_their_line_numbers(tmp_path):
    rows = [list(row) for row in SOME[:3]]
    rows[0][1] = "East\nBuilding"

    _, facilities, rejected = read(write_csv(tmp_path / "directory_2024.csv", HEADING, rows))

    assert rejected == []
    assert facilities[0].unit == "East Building"
    assert [facility.row_number for facility in facilities] == [2, 4, 5]


# --- cells, encodings, editions


def test_numbers_for_zip_codes_get_their_zeros_back_and_are_counted(tmp_path):
    rows = [[int(cell) if at == 6 else cell for at, cell in enumerate(row)] for row in ROWS if row[5] == "NJ"]

    source, facilities, rejected = read(write_workbook(tmp_path / "directory_2024.xlsx", HEADING, rows))

    assert rejected == []
    assert {facility.zip for facility in facilities} == {row[6] for row in ROWS if row[5] == "NJ"}
    assert source.counts.repaired == {"ZIP code that had lost its leading zeros": 251}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_text_is_read_in_the_encodings_that_programs_save(tmp_path, encoding):
    rows = [[*("Clínica Peña",), *SOME[0][1:]]]

    _, facilities, _ = read(write_csv(tmp_path / "directory_2024.csv", HEADING, rows, encoding))

    assert facilities[0].name == "Clínica Peña"


def test_codes_of_the_workbooks_own_sheet_win_and_unknown_codes_are_kept_and_counted(tmp_path):
    rows = [[*row[:12], row[12] + " ZZZ9 NEW1"] for row in SOME[:2]]
    codes = [CODE_ROWS[0], ["TAP", "Approaches", "NEW1", "A new therapy", ""], ["TAP", "", "KIT", "Ketamine, new", ""]]

    source, facilities, _ = read(write_workbook(tmp_path / "directory_2024.xlsx", HEADING, rows, codes))
    names = {service.code: service.name for service in facilities[0].services}

    assert (names["NEW1"], names["KIT"], names["ZZZ9"]) == ("A new therapy", "Ketamine, new", "")
    assert names["TELE"] == "Telemedicine/telehealth therapy"
    assert source.counts.unknown_codes == {"ZZZ9": 2}
    assert any("ZZZ9" in note for note in source.counts.notes)


def test_a_file_that_lists_nearly_every_state_is_the_whole_directory_and_a_cut_is_not(tmp_path):
    listed = sorted(states())[:52]
    rows = [[*SOME[0][:5], state, *SOME[0][6:]] for state in listed]

    assert read(write_csv(tmp_path / "whole_2024.csv", HEADING, rows))[0].complete_states == tuple(listed)
    assert read(write_csv(tmp_path / "cut_2024.csv", HEADING, rows[:40]))[0].complete_states is None


def test_the_edition_comes_from_the_files_name_or_a_sheet_and_is_otherwise_asked_for(tmp_path):
    unnamed = write_workbook(tmp_path / "directory.xlsx", HEADING, SOME[:2])
    workbook = openpyxl.load_workbook(unnamed)
    workbook.worksheets[0].title = "MH Facilities 2023"
    workbook.save(tmp_path / "titled.xlsx")

    assert open_source(write_csv(tmp_path / "N-2024_Final.csv", HEADING, SOME[:2])).edition == "2024"
    assert open_source(tmp_path / "titled.xlsx").edition == "2023"
    with pytest.raises(InputError, match="year of the edition is nowhere; put it in the file's name"):
        open_source(unnamed)
    with pytest.raises(InputError, match="2021 and 2022 both stand there"):
        open_source(write_csv(tmp_path / "from_2021_to_2022.csv", HEADING, SOME[:2]))


def test_a_title_above_the_headings_does_not_matter(tmp_path):
    workbook = openpyxl.Workbook()
    for row in [["National Directory 2024"], [], HEADING, *SOME[:3]]:
        workbook.active.append(row)
    workbook.save(tmp_path / "directory.xlsx")

    source, facilities, _ = read(tmp_path / "directory.xlsx")

    assert source.edition == "2024"
    assert [facility.row_number for facility in facilities] == [4, 5, 6]


def test_two_columns_of_one_name_and_a_table_without_rows_are_errors(tmp_path):
    with pytest.raises(InputError, match="two columns are headed 'zip'"):
        open_source(write_csv(tmp_path / "directory_2024.csv", [*HEADING, "ZIP"], [[*SOME[0], "1"]]))
    with pytest.raises(InputError, match="no row under the headings"):
        open_source(write_csv(tmp_path / "empty_2024.csv", HEADING, []))
