"""FindTreatment.gov: its exports and the saved answers of its interface."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ketascope.care.facility import Facility, Rejected, Service
from ketascope.care.sources.opening import open_source
from ketascope.care.sources.source_file import SourceFile
from ketascope.errors import InputError

COLUMNS = ["name1", "name2", "street1", "street2", "city", "state", "zip", "phone", "website", "latitude", "longitude"]
ROW = {
    "name1": "Hudson Clinic",
    "street1": "1 River St",
    "city": "Hoboken",
    "state": "NJ",
    "zip": "07030",
    "phone": "201-555-0100",
    "website": "http://example.org",
    "latitude": "40.7453",
    "longitude": "-74.0279",
}
ENTRY = ROW | {
    "miles": 1.5,
    "typeFacility": "MH",
    "services": [
        {
            "f1": "Treatment Approaches",
            "f2": "TAP",
            "f3": "Cognitive behavioral therapy; Ketamine Infusion  Therapy; Moon therapy",
        },
        {"f1": "Payment", "f2": "PAY", "f3": "Medicare; Medicaid"},
        {"f1": "Facility Type", "f2": "FT", "f3": "Veterans Affairs Medical Center or other VA healthcare facility"},
        {"f1": "Service setting", "f2": "SET", "f3": "Partial hospitalization/day treatment"},
        {"f1": "Facility Type", "f2": "FT", "f3": "Partial hospitalization/day treatment"},
    ],
}
EXPORT = "FindTreament_Facility_listing_2026_03_01_101500.csv"


def export(folder: Path, *rows: dict[str, str], columns: list[str], name: str = EXPORT) -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def saved(folder: Path, text: str, name: str = "findtreatment_2026-03-01.json") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def page(*rows: Any, number: int = 1, pages: int = 1, count: int | None = None) -> dict[str, Any]:
    return {"page": number, "totalPages": pages, "recordCount": count or len(rows), "rows": list(rows)}


def read(path: Path) -> tuple[SourceFile, list[Any]]:
    source = open_source(path)
    rows = list(source.rows)
    counts = source.counts
    assert counts.read == counts.facilities + counts.rejected + counts.deactivated + sum(counts.skipped.values())
    return source, rows


def codes_of(facility: Facility) -> list[str]:
    return [service.code for service in facility.services]


# --- exports


def test_an_export_with_a_column_of_codes(tmp_path):
    path = export(tmp_path, ROW | {"service_code_info": "MH * KIT CBT * VAHC"}, columns=[*COLUMNS, "service_code_info"])

    source, (facility,) = read(path)

    assert (source.key, source.edition_date) == ("findtreatment", "2026-03-01")
    assert source.complete_states is None
    assert codes_of(facility) == ["MH", "KIT", "CBT", "VAHC"]
    assert (facility.latitude, facility.longitude) == (40.7453, -74.0279)
    assert (facility.website, facility.veterans_only) == ("http://example.org", True)


def test_an_older_export_has_one_column_for_each_code(tmp_path):
    row = ROW | {"kit": "1", "tms": "0", "cbt": "Yes", "mc": "", "county": "Hudson", "Extra": "x"}
    columns = [*COLUMNS, "kit", "tms", "cbt", "mc", "county", "Extra"]

    source, (facility,) = read(export(tmp_path, row, columns=columns))

    assert codes_of(facility) == ["KIT", "CBT"]
    assert facility.services[0].name == "Ketamine Infusion Therapy"
    assert source.counts.notes == ["columns not used: Extra"]


def test_an_export_saved_as_a_workbook_gives_the_same_rows(tmp_path):
    columns = [*COLUMNS, "service_code_info"]
    row = ROW | {"service_code_info": "KIT"}
    workbook = openpyxl.Workbook()
    workbook.active.append(columns)
    workbook.active.append([row.get(name, "") for name in columns[:-3]] + [40.7453, -74.0279, "KIT"])
    workbook.save(tmp_path / EXPORT.replace(".csv", ".xlsx"))

    plain = read(export(tmp_path, row, columns=columns))[1]

    assert read(tmp_path / EXPORT.replace(".csv", ".xlsx"))[1] == plain


def test_an_export_that_does_not_say_what_is_offered_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no column says what is offered"):
        open_source(export(tmp_path, ROW, columns=COLUMNS))


def test_an_export_without_latitudes_names_the_column(tmp_path):
    columns = [name for name in [*COLUMNS, "service_code_info"] if name != "latitude"]
    row = {name: text for name, text in ROW.items() if name != "latitude"}

    with pytest.raises(InputError, match="column 'latitude' is missing"):
        open_source(export(tmp_path, row, columns=columns))


@pytest.mark.parametrize(
    ("north", "east", "field", "reason"),
    [
        ("-74.0279", "40.7453", "coordinates", "latitude and longitude are swapped"),
        ("40,7", "-74.0", "latitude", "not a number of degrees"),
        ("40.7", "", "longitude", "empty, although the other coordinate is given"),
        ("91", "-74", "coordinates", "no place on Earth"),
        ("48.85", "2.35", "coordinates", "outside the United States"),
        ("0", "0", "coordinates", "outside the United States"),
        ("nan", "-74", "coordinates", "no place on Earth"),
    ],
)
def test_coordinates_that_cannot_be_right_are_named(tmp_path, north, east, field, reason):
    row = ROW | {"latitude": north, "longitude": east, "service_code_info": "KIT"}

    _, (rejected,) = read(export(tmp_path, row, columns=[*COLUMNS, "service_code_info"]))

    assert isinstance(rejected, Rejected)
    assert (rejected.row_number, rejected.field) == (2, field)
    assert reason in rejected.reason


def test_a_row_without_coordinates_is_kept_and_guam_is_in_the_united_states(tmp_path):
    columns = [*COLUMNS, "service_code_info"]
    guam = {"city": "Hagatna", "state": "GU", "zip": "96910", "latitude": "13.47", "longitude": "144.75"}
    rows = [ROW | {"latitude": "", "longitude": ""}, ROW | guam]

    _, found = read(export(tmp_path, *rows, columns=columns))

    assert [row.latitude for row in found] == [None, 13.47]


# --- answers


def test_names_of_an_answer_are_matched_to_codes_by_category_and_exact_name(tmp_path):
    source, (facility,) = read(saved(tmp_path, json.dumps(page(ENTRY))))

    assert codes_of(facility) == ["CBT", "KIT", "", "MC", "MD", "VAHC", "PHDT", "PH", ""]
    assert Service("service", "", "Moon therapy") in facility.services
    assert Service("facility", "", "MH") in facility.services
    assert (facility.latitude, facility.longitude, facility.row_number) == (40.7453, -74.0279, 1)
    assert facility.veterans_only
    assert source.counts.unknown_codes == {"Moon therapy": 1}
    assert source.counts.notes == ["kept as printed, for no code sheet names them: Moon therapy"]


def test_a_programme_for_veterans_is_not_veterans_only(tmp_path):
    entry = ENTRY | {"services": [{"f2": "SG", "f3": "Veterans"}], "type_facility": "VAHC"}
    other = {name: value for name, value in entry.items() if name not in ("type_facility", "typeFacility")}

    _, (first, second) = read(saved(tmp_path, json.dumps(page(entry, other))))

    assert first.veterans_only
    assert codes_of(second) == ["VET"]
    assert not second.veterans_only


def test_pages_one_a_line_are_one_source_and_repeats_are_counted(tmp_path):
    entries = [ENTRY | {"name1": f"Clinic {number}"} for number in range(4)]
    pages = [page(*entries[:2], number=1, pages=2, count=5), page(*entries[1:], number=2, pages=2, count=5)]
    text = "\n".join(json.dumps(item) for item in pages) + "\n"

    source, rows = read(saved(tmp_path, text, "findtreatment.jsonl"))

    assert [row.name for row in rows] == ["Clinic 0", "Clinic 1", "Clinic 2", "Clinic 3"]
    assert source.counts.skipped == {"the same facility again": 1}
    assert source.counts.share_read == pytest.approx(1.0)


@pytest.mark.parametrize("wrap", [lambda item: [item], lambda item: item["rows"]])
def test_a_list_of_pages_or_of_facilities_is_read_too(tmp_path, wrap):
    _, rows = read(saved(tmp_path, json.dumps(wrap(page(ENTRY)), indent=1)))

    assert [row.name for row in rows] == ["Hudson Clinic"]


def test_what_the_answer_promised_and_the_file_lacks_is_said(tmp_path):
    some_pages = read(saved(tmp_path, json.dumps(page(ENTRY, pages=3, count=9))))[0]
    some_rows = read(saved(tmp_path, json.dumps(page(ENTRY, pages=1, count=9))))[0]

    assert "part of the answer: 1 of its 3 pages" in some_pages.counts.notes
    assert "part of the answer: 1 of its 9 facilities" in some_rows.counts.notes


def test_entries_of_a_wrong_form_are_rejected_one_by_one(tmp_path):
    rows = [7, ENTRY | {"services": "CBT"}, ENTRY | {"zip": None}, ENTRY | {"latitude": 40.7453, "name1": "B"}]

    _, found = read(saved(tmp_path, json.dumps(page(*rows))))

    assert [row.field for row in found[:3]] == ["row", "services", "zip"]
    assert found[3].latitude == 40.7453


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"error": "bad request"}', "has a list 'rows'; found: error"),
        (json.dumps(page(ENTRY))[:-40], "not whole JSON"),
        (json.dumps(page(ENTRY)) + "\n" + json.dumps(page(ENTRY))[:50] + "\n", "line 2: not whole JSON"),
        ("[1, 2", "not whole JSON"),
    ],
)
def test_an_answer_that_is_no_answer_is_one_clear_line(tmp_path, text, words):
    source = open_source(saved(tmp_path, text))

    with pytest.raises(InputError, match=words) as caught:
        list(source.rows)

    assert "\n" not in str(caught.value)


def test_without_a_date_in_its_name_a_file_is_dated_by_the_day_it_was_saved(tmp_path):
    path = saved(tmp_path, json.dumps(page(ENTRY)), "answer.json")
    os.utime(path, (1_700_000_000, 1_700_000_000))

    source = open_source(path)

    assert source.edition_date in ("2023-11-14", "2023-11-15")
    assert source.counts.notes == ["no date in the file's name; dated by the day when the file was saved"]
