"""The registry of organisations: streamed in blocks, persons left out, repairs and faults counted row by row."""

from __future__ import annotations

import csv
import io
import re
import sys
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketascope.care.facility import Deactivated, Facility, Rejected
from ketascope.care.places.states import zip_state
from ketascope.care.sources import npi_lines
from ketascope.care.sources.npi_lines import Layout, blocks
from ketascope.care.sources.npi_registry import is_valid_npi, taxonomies
from ketascope.care.sources.opening import open_source
from ketascope.care.sources.row_rules import read_zip
from ketascope.care.sources.source_file import SourceFile
from ketascope.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import nppes_shaped  # noqa: E402  (benchmarks/nppes_shaped.py)

SAMPLE = ROOT / "tests" / "fixtures" / "nppes_sample.csv"
MEMBER = nppes_shaped.NAME
ADDRESS = "Provider Business Practice Location Address"
ORGANISATION = {
    "Entity Type Code": "2",
    "Provider Organization Name (Legal Business Name)": "HARBOR CLINIC LLC",
    "Provider First Line Business Practice Location Address": "1 MAIN ST",
    f"{ADDRESS} City Name": "HOBOKEN",
    f"{ADDRESS} State Name": "NJ",
    f"{ADDRESS} Postal Code": "070301234",
    f"{ADDRESS} Country Code (If outside U.S.)": "US",
    f"{ADDRESS} Telephone Number": "2015550100",
    "Last Update Date": "02/03/2024",
    "Healthcare Provider Taxonomy Code_1": "2084P0800X",
}
NAME = "Provider Organization Name (Legal Business Name)"
OTHER_NAME = "Provider Other Organization Name"
KIND = "Healthcare Provider Taxonomy Code_1"
PERSON = {"Entity Type Code": "1", "Provider Last Name (Legal Name)": "EXAMPLE", KIND: "2084P0800X"}
NUMBERS = [str(number) for number in nppes_shaped.npis(500, 9)]


def written(*rows: dict[str, str], quoted: bool = True, heading: list[str] | None = None) -> bytes:
    text = io.StringIO()
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.DictWriter(
        text, heading or nppes_shaped.heading(), restval="", lineterminator="\n", quoting=quoting, extrasaction="ignore"
    )
    writer.writeheader()
    writer.writerows({"NPI": number} | row for number, row in zip(NUMBERS, rows, strict=False))
    return text.getvalue().encode()


def csv_file(folder: Path, content: bytes, name: str = MEMBER) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def zip_file(folder: Path, content: bytes, name: str = "NPPES_Data.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.pdf", b"%PDF")
        archive.writestr(MEMBER.replace(".csv", "_fileheader.csv"), content.split(b"\n")[0])
        archive.writestr(f"folder/{MEMBER}", content)
    return path


def read(path: Path, **options: bool) -> tuple[SourceFile, list[Facility | Rejected | Deactivated]]:
    source = open_source(path, **options)
    rows = list(source.rows)
    counts = source.counts
    assert counts.read == counts.facilities + counts.rejected + counts.deactivated + sum(counts.skipped.values())
    kinds = Counter(type(row) for row in rows)
    assert (kinds[Facility], kinds[Rejected], kinds[Deactivated]) == (
        counts.facilities,
        counts.rejected,
        counts.deactivated,
    )
    return source, rows


def in_blocks_of(block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    original = npi_lines.blocks
    monkeypatch.setattr(
        npi_lines, "blocks", lambda stream, layout, first_line: original(stream, layout, first_line, block_bytes)
    )


# --- the sample


def test_the_organisations_of_the_sample_load_and_persons_are_passed_over():
    source, rows = read(SAMPLE, every_organisation=True)
    facilities = [row for row in rows if isinstance(row, Facility)]

    assert source.key == "nppes"
    assert (source.counts.read, len(facilities), source.counts.deactivated) == (1000, 188, 79)
    assert source.counts.skipped == {"a person, not an organisation": 733}
    assert source.counts.rejected == 0
    assert source.counts.repaired == {"ZIP code that had lost its leading zeros": 17}
    assert all(facility.name and len(facility.zip) == 5 and is_valid_npi(facility.npi) for facility in facilities)
    assert not any("UNAVAIL" in facility.unit or facility.phone.endswith(".0") for facility in facilities)
    assert all(zip_state(facility.zip) == facility.state for facility in facilities)


def test_by_default_only_organisations_of_the_kinds_looked_for_are_kept():
    source, rows = read(SAMPLE)
    names = {row.name for row in rows if isinstance(row, Facility)}

    assert "PARK VIEW PSYCHIATRIC SERVICES, PSC" in names
    assert "NBN INFUSIONS INC" not in names
    assert source.counts.skipped["organisation of another kind of care"] == 188 - len(names)


def test_zip_codes_of_the_sample_agree_with_their_states_after_the_repair():
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row[f"{ADDRESS} Postal Code"]]
    printed = [(row[f"{ADDRESS} Postal Code"], row[f"{ADDRESS} State Name"]) for row in rows]
    repaired = sum(zip_state(read_zip(text).five) == state for text, state in printed)
    naive = sum(zip_state(text[:5]) == state for text, state in printed)

    assert len(printed) == 921
    assert repaired >= 919
    assert naive < 870


def test_every_number_of_the_sample_has_its_check_digit_and_no_person_is_real():
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    persons = [row for row in rows if row["Entity Type Code"] == "1.0"]

    assert all(is_valid_npi(row["NPI"]) for row in rows)
    assert len(rows[0]) == 330
    assert {row["Provider First Name"] for row in persons} == {"SYNTHETIC"}
    assert not any(row[name] for row in rows for name in row if name.startswith("Authorized Official"))
    assert {row["Provider First Line Business Practice Location Address"][-10:] for row in persons} == {"EXAMPLE ST"}


def test_a_file_is_dated_by_its_name_or_else_by_its_first_rows(tmp_path):
    content = written(ORGANISATION)

    assert open_source(csv_file(tmp_path, content)).edition_date == "2025-04-13"
    assert open_source(zip_file(tmp_path, content, "anything.zip")).edition_date == "2025-04-13"
    assert open_source(csv_file(tmp_path, content, "nppes_2025-04_cut.csv")).edition_date == "2025-04"
    undated = open_source(csv_file(tmp_path, content, "mine.csv"))
    assert undated.edition_date == "2024-02-03"
    assert undated.counts.notes == ["no date in the file's name; dated by the newest day in its first rows"]
    with pytest.raises(InputError, match="no date in its name"):
        open_source(csv_file(tmp_path, written({**ORGANISATION, "Last Update Date": ""}), "mine.csv"))


# --- what is kept


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, True),
        ({KIND: "261QI0500X"}, True),
        ({KIND: "283Q00000X"}, True),
        ({KIND: "332B00000X"}, False),
        ({KIND: "332B00000X", NAME: "NBN INFUSIONS INC"}, False),
        ({KIND: "332B00000X", NAME: "HUDSON KETAMINE LLC"}, True),
        ({KIND: "332B00000X", NAME: "KETAWELL CLINICS"}, True),
        ({KIND: "332B00000X", NAME: "KETAN EXAMPLE MD PC"}, False),
        ({KIND: "332B00000X", NAME: "BASKETANE LLC"}, False),
        ({KIND: "332B00000X", NAME: "X INC", OTHER_NAME: "Spravato Center"}, True),
        ({KIND: "207L00000X"}, False),
        ({KIND: "207L00000X", NAME: "HUDSON INFUSION PC"}, True),
        ({KIND: "1041C0700X"}, False),
        ({KIND: "332B00000X", "Healthcare Provider Taxonomy Code_15": "261QM0801X"}, True),
        ({"Entity Type Code": "2.0", KIND: "363LP0808X"}, True),
    ],
)
@pytest.mark.parametrize("quoted", [True, False])
def test_an_organisation_is_kept_for_its_kind_of_care_or_for_a_word_of_its_name(tmp_path, change, kept, quoted):
    source, rows = read(csv_file(tmp_path, written(ORGANISATION | change, quoted=quoted)))

    assert len(rows) == kept
    assert source.counts.skipped == ({} if kept else {"organisation of another kind of care": 1})


def test_a_kept_organisation_has_its_place_kinds_and_date(tmp_path):
    row = ORGANISATION | {"Healthcare Provider Taxonomy Code_2": "261QV0200X", OTHER_NAME: "THE HARBOR"}
    _, (facility,) = read(csv_file(tmp_path, written(row)))

    assert isinstance(facility, Facility)
    assert (facility.name, facility.unit, facility.street) == ("HARBOR CLINIC LLC", "THE HARBOR", "1 MAIN ST")
    assert (facility.city, facility.state, facility.zip, facility.phone) == ("HOBOKEN", "NJ", "07030", "2015550100")
    assert (facility.npi, facility.last_updated, facility.row_number) == (NUMBERS[0], "2024-02-03", 2)
    assert [(service.kind, service.code) for service in facility.services] == [
        ("taxonomy", "2084P0800X"),
        ("taxonomy", "261QV0200X"),
    ]
    assert facility.services[0].name == "Psychiatry"
    assert facility.veterans_only


def test_numbers_switched_off_persons_and_places_abroad_are_told_apart(tmp_path):
    off = {"NPI Deactivation Date": "03/21/2006"}
    rows = [
        PERSON,
        off,
        ORGANISATION | off,
        ORGANISATION | off | {"NPI Reactivation Date": "03/29/2006"},
        ORGANISATION | {f"{ADDRESS} Country Code (If outside U.S.)": "CA"},
        {},
        ORGANISATION | {"Entity Type Code": "7"},
        ORGANISATION | {"NPI": "1234567890"},
        ORGANISATION | {"NPI": "12345"},
        ORGANISATION | {f"{ADDRESS} State Name": "XX"},
        ORGANISATION | {f"{ADDRESS} Postal Code": "12"},
    ]

    source, found = read(csv_file(tmp_path, written(*rows)))

    assert [row for row in found if isinstance(row, Deactivated)] == [
        Deactivated(3, NUMBERS[1], "2006-03-21"),
        Deactivated(4, NUMBERS[2], "2006-03-21"),
    ]
    assert [row.row_number for row in found if isinstance(row, Facility)] == [5]
    assert [(row.row_number, row.field) for row in found if isinstance(row, Rejected)] == [
        (7, "entity_type"),
        (8, "entity_type"),
        (9, "npi"),
        (10, "npi"),
        (11, "state"),
        (12, "zip"),
    ]
    assert source.counts.skipped == {
        "a person, not an organisation": 1,
        "organisation outside the United States": 1,
    }


@pytest.mark.parametrize(
    ("off", "on", "is_off"),
    [
        ("03/21/2006", "03/29/2006", False),
        ("03/29/2010", "03/21/2006", True),
        ("03/29/2006", "03/29/2006", False),
        ("03/29/2010", "soon", False),
    ],
)
def test_the_later_of_two_days_says_whether_a_number_is_switched_off(tmp_path, off, on, is_off):
    days = {"NPI Deactivation Date": off, "NPI Reactivation Date": on}
    _, (row,) = read(csv_file(tmp_path, written(ORGANISATION | days)))
    assert isinstance(row, Deactivated) is is_off


# --- broken lines


@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("block_bytes", [700, 4_000, 2**24])
def test_a_broken_line_costs_one_row_wherever_the_blocks_end(tmp_path, monkeypatch, quoted, block_bytes):
    rows = [ORGANISATION | {NAME: f"CLINIC {number}, INC"} if number % 3 else PERSON for number in range(1, 61)]
    rows[9] |= {NAME: 'THE "BIG" CLINIC'}
    rows[15] |= {NAME: "EAST\nWING"}
    lines = written(*rows, quoted=quoted).decode().split("\n")
    at = {line.split(",")[0].strip('"'): place for place, line in enumerate(lines)}
    cut, stray = at[NUMBERS[21]], at[NUMBERS[33]]
    lines[cut] = lines[cut].rsplit(",", 3)[0]
    lines[stray] = lines[stray].replace("CLINIC", '"CLINIC', 1)
    in_blocks_of(block_bytes, monkeypatch)

    source, found = read(csv_file(tmp_path, "\n".join(lines).encode()))

    rejected = [row for row in found if isinstance(row, Rejected)]
    assert [(row.row_number, row.field) for row in rejected] == [(cut + 1, "row"), (stray + 1, "row")]
    assert source.counts.read == 60
    assert source.counts.skipped == {"a person, not an organisation": 20}
    names = {row.npi: row.name for row in found if isinstance(row, Facility)}
    assert len(names) == 38
    assert (names[NUMBERS[9]], names[NUMBERS[15]]) == ('THE "BIG" CLINIC', "EAST WING")


def test_a_persons_line_break_is_no_row_of_its_own(tmp_path):
    person = PERSON | {"Provider First Line Business Mailing Address": "1 MAIN ST\nFLOOR 2"}
    source, found = read(csv_file(tmp_path, written(person, ORGANISATION, person)))

    assert (source.counts.read, len(found)) == (3, 1)
    assert source.counts.skipped == {"a person, not an organisation": 2}


def test_columns_in_another_order_give_the_same_rows(tmp_path):
    rows = [ORGANISATION, PERSON, {"NPI Deactivation Date": "03/21/2006"}]
    plain = read(csv_file(tmp_path, written(*rows)))[1]
    turned = read(csv_file(tmp_path, written(*rows, heading=nppes_shaped.heading()[::-1]), "b_20250413.csv"))[1]

    assert turned == plain


def test_the_older_layout_and_windows_line_ends_are_read(tmp_path):
    heading = [name.replace("Provider Sex Code", "Provider Gender Code") for name in nppes_shaped.heading()]
    content = written(ORGANISATION, PERSON, heading=heading).replace(b"\n", b"\r\n")
    source, found = read(csv_file(tmp_path, b"\xef\xbb\xbf" + content))

    assert (source.counts.read, len(found)) == (2, 1)


def test_a_missing_column_is_named_with_the_nearest(tmp_path):
    heading = [name.replace("Entity Type Code", "Entity Type") for name in nppes_shaped.heading()]

    with pytest.raises(InputError, match="column 'Entity Type Code' is missing; the nearest heading is 'Entity Type'"):
        open_source(csv_file(tmp_path, written(ORGANISATION, heading=heading)))


def test_a_file_of_headings_alone_has_no_rows(tmp_path):
    with pytest.raises(InputError, match="no row under the headings"):
        open_source(csv_file(tmp_path, written()))


# --- archives


def test_an_archive_gives_the_rows_of_its_main_file(tmp_path):
    content = written(ORGANISATION, PERSON)

    source, found = read(zip_file(tmp_path, content))

    assert [row.name for row in found if isinstance(row, Facility)] == ["HARBOR CLINIC LLC"]
    assert source.counts.share_read == pytest.approx(1.0)


def test_an_archive_that_is_cut_off_or_damaged_says_so_and_how_far_it_was_read(tmp_path, monkeypatch):
    in_blocks_of(2**16, monkeypatch)
    content = b"".join(nppes_shaped.blocks(4_000, seed=1))
    path = zip_file(tmp_path, content)
    whole = path.read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole[: len(whole) // 2])
    damaged = tmp_path / "damaged.zip"
    at = len(whole) * 4 // 5
    damaged.write_bytes(whole[:at] + bytes(64) + whole[at + 64 :])

    with pytest.raises(InputError, match=r"cut\.zip: the archive is cut off or damaged"):
        open_source(cut)
    source = open_source(damaged)
    with pytest.raises(InputError, match=r"damaged\.zip: .*cut off after [\d,]+ rows.*download it again") as caught:
        list(source.rows)
    match = re.search(r"after ([\d,]+) rows", str(caught.value))
    assert match is not None
    assert int(match[1].replace(",", "")) == source.counts.read
    assert 1_000 < source.counts.read < 4_000


def test_archives_that_hold_something_else_or_too_much_are_named(tmp_path):
    other, two = tmp_path / "other.zip", tmp_path / "two.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("directory_2024.csv", "name1,city\n")
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr(MEMBER, "x")
        archive.writestr(f"weekly/{MEMBER}", "x")

    with pytest.raises(InputError, match="it holds directory_2024.csv.*unpack it"):
        open_source(other)
    with pytest.raises(InputError, match="2 main files in one archive"):
        open_source(two)


# --- parts


@pytest.mark.parametrize(
    ("text", "five", "padded"),
    [
        ("80511606.0", "08051", True),
        ("7410.0", "07410", True),
        ("7030", "07030", True),
        ("7030-1234", "07030", True),
        ("501", "00501", True),
        ("07030", "07030", False),
        ("070301234", "07030", False),
        ("07030-1234", "07030", False),
        ("283044552.0", "28304", False),
        ("0703O", "", False),
        ("12", "", False),
        ("00000", "", False),
        ("123456", "", False),
        ("K1A 0B1", "", False),
    ],
)
def test_zip_codes_are_repaired_where_only_zeros_are_missing(text, five, padded):
    assert read_zip(text) == (five, padded)


def test_the_check_digit_finds_every_single_wrong_digit():
    number = NUMBERS[0]
    wrong = [
        number[:at] + digit + number[at + 1 :] for at in range(10) for digit in "0123456789" if digit != number[at]
    ]

    assert is_valid_npi(number)
    assert not any(is_valid_npi(other) for other in wrong)
    assert not is_valid_npi(number.replace(number[-1], chr(0x0660 + int(number[-1]))))


def test_the_table_of_kinds_of_care_is_whole():
    assert all(re.fullmatch(r"[0-9A-Z]{9}X", code) for code in taxonomies())
    assert {item.keeps_organisation for item in taxonomies().values()} == {"yes", "with_name", "no"}
    assert taxonomies()["2084P0800X"].use == "core"


def test_the_generator_is_reproducible_and_has_the_columns_of_the_registry():
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        assert next(csv.reader(stream)) == nppes_shaped.heading()
    first = b"".join(nppes_shaped.blocks(300, seed=4))
    rows = list(csv.DictReader(io.StringIO(first.decode())))

    assert first == b"".join(nppes_shaped.blocks(300, seed=4))
    assert first != b"".join(nppes_shaped.blocks(300, seed=5))
    assert len(rows) == 300
    assert len({row["NPI"] for row in rows}) == 300
    assert all(is_valid_npi(row["NPI"]) for row in rows)


CELL = st.text(alphabet='ab,"\n 1', max_size=6)
SMALL = Layout(width=5, quoted=True, type_is_second=True, type_index=1, person="1")


@given(
    rows=st.lists(st.tuples(st.sampled_from(["1", "2", ""]), CELL, CELL, CELL), min_size=1, max_size=12),
    quoted=st.booleans(),
    block_bytes=st.integers(20, 400),
)
def test_whole_records_survive_whatever_their_cells_hold_and_wherever_the_blocks_end(rows, quoted, block_bytes):
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, lineterminator="\n")
    records = [[number, *cells] for number, cells in zip(NUMBERS, rows, strict=False)]
    writer.writerows(records)
    layout = replace(SMALL, quoted=quoted)

    found = list(blocks(io.BytesIO(text.getvalue().encode()), layout, first_line=2, block_bytes=block_bytes))

    others = [row for block in found for row in csv.reader(io.StringIO(block.text.decode(), newline=""))]
    assert sorted(others) == sorted(record for record in records if record[1] != "1")
    assert sum(block.persons for block in found) == sum(record[1] == "1" for record in records)
    assert sum(block.read for block in found) == len(records)
    assert sum(len(block.line_numbers()) for block in found) == len(others)
    assert not any(block.rejected for block in found)


def test_blocks_of_an_empty_stream_are_none():
    assert list(blocks(io.BytesIO(b""), SMALL, first_line=2)) == []
