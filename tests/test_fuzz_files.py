"""Files that are damaged, cut off or of another kind: each is read, or refused in one line that names what is wrong."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care_files import BAYONNE, DIRECTORY_COLUMNS, HOBOKEN, LOCATOR_COLUMNS
from fuzzing import cases, check_line, mutated, result_or_line
from ketascope.care.sources.opening import open_source
from ketascope.evidence.studies.importing import COLUMNS, read_study_file
from ketascope.exchange.importing import import_events
from ketascope.exchange.nonmem_data import read_data
from ketascope.noncompartmental.samples import Choices, read_series
from ketascope.regimen import read_events
from ketascope.virtual_trials.design_file import design_from, design_names, read_design
from test_studies_importing import GOOD as STUDY_ROWS

FIXTURES = Path(__file__).parent / "fixtures"
SEEDS = st.integers(0, 2**32 - 1)
CELLS = st.one_of(
    st.sampled_from(
        ["", ".", "NA", "nan", "inf", "-inf", "1e309", "-1", "0", "1e-320", "9" * 400, "\u202e", "=1+1", '"', "\x00"]
    ),
    st.sampled_from(
        ["ketamine", "IV", "nasal", "2", "1,5", "٣", "1_0", "2024-13-45", "NJ", "07030", "MH * OP", "female"]
    ),
    st.floats().map(repr),
    st.text(max_size=8),
)
WORDS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["7d", "24h", "1e9wk", "gad", "ketamine 0.5 mg/kg IV", "ancova", "\u202e"]),
)
VALUES = st.recursive(
    WORDS,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=6), part, max_size=3),
    max_leaves=6,
)

EVENTS = """ID,TIME,AMT,RATE,EVID,CMT,MDV,DV,ADDL,II,SS,DRUG,ROUTE,ANALYTE,UNIT,WT,AGE,BLQ,LLOQ
1,0,35,52.5,1,.,1,.,1,24,0,ketamine,IV,.,.,70,40,.,.
1,1,.,.,0,.,0,120,.,.,.,.,.,ketamine,ng/mL,.,.,0,1
1,2,.,.,0,.,0,45,.,.,.,.,.,norketamine,ng/mL,.,.,0,1
2,0,56,0,1,.,1,.,0,0,0,esketamine,nasal,.,.,80,50,.,.
2,1,.,.,0,.,0,60,.,.,.,.,.,ketamine,ng/mL,.,.,0,1
"""
# A file of doses alone is one person's.
OF_ONE = "".join(line for line in EVENTS.splitlines(keepends=True) if not line.startswith("2,"))
READERS: dict[str, Callable[[Path], Any]] = {
    "doses": read_events,
    "observations": read_data,
    "samples": lambda path: read_series(path, Choices()),
    "imports": import_events,
}
TABLES = {name: OF_ONE if name == "doses" else EVENTS for name in READERS}


def table(columns: list[str] | tuple[str, ...], *rows: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def with_cell(text: str, row: int, column: int, cell: str) -> bytes:
    """A CSV with one cell replaced, headings among them."""
    rows = list(csv.reader(io.StringIO(text)))
    at = rows[row % len(rows)]
    at[column % len(at)] = cell
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(rows)
    return made.getvalue().encode("utf-8", "surrogatepass")


# Each kind of row as a study of its own: two of one comparison would be refused whatever else is changed.
STUDIES = table(COLUMNS, *(row | {"study": kind} for kind, row in STUDY_ROWS.items()))
NPI_ROWS = (FIXTURES / "nppes_sample.csv").read_bytes().splitlines(keepends=True)
ANSWER = {
    "name1": "A",
    "street1": "1 Main St",
    "city": "Bayonne",
    "state": "NJ",
    "zip": "07002",
    "phone": "201-555-0100",
    "latitude": "40.66",
    "longitude": "-74.11",
    "typeFacility": "MH",
    "services": [{"f1": "Type of Care", "f2": "TC", "f3": "Mental health treatment"}],
}
ANSWERS = json.dumps({"page": 1, "totalPages": 1, "recordCount": 1, "rows": [ANSWER]})
SOURCES: dict[str, tuple[str, bytes]] = {
    "directory": ("directory_2025.csv", table(DIRECTORY_COLUMNS, BAYONNE, HOBOKEN).encode()),
    "listing": (
        "FindTreament_Facility_listing_2026_03_01_101500.csv",
        table(LOCATOR_COLUMNS, BAYONNE, HOBOKEN).encode(),
    ),
    "answers": ("answers_2026-03-01.json", ANSWERS.encode()),
    "registry": ("npidata_pfile_20260209-20260215.csv", b"".join(NPI_ROWS[:12])),
}


WORKBOOK = "directory_2024.xlsx"


def workbook() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in csv.reader(io.StringIO(table(DIRECTORY_COLUMNS, BAYONNE, HOBOKEN))):
        sheet.append(row)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def read_all(path: Path) -> Any:
    """A provider file, to its last row."""
    return list(open_source(path).rows)


def refused_or_read(folder: Path, name: str, content: bytes, read: Callable[[Path], Any]) -> None:
    path = folder / name
    path.write_bytes(content)
    result_or_line(lambda: read(path))


def test_each_file_is_whole_before_it_is_damaged(tmp_path):
    """Else every case below would be refused for the same reason, and nothing be tried."""
    whole = [("a.csv", TABLES[name].encode(), read) for name, read in READERS.items()]
    whole += [("a.csv", STUDIES.encode(), read_study_file), (WORKBOOK, workbook(), read_all)]
    whole += [(name, content, read_all) for name, content in SOURCES.values()]
    for name, content, read in whole:
        (tmp_path / name).write_bytes(content)
        assert read(tmp_path / name), name


@pytest.mark.parametrize("reader", READERS)
@cases(60)
@given(seed=SEEDS)
def test_an_event_table_with_damaged_bytes(tmp_path, reader, seed):
    refused_or_read(tmp_path, "a.csv", mutated(TABLES[reader].encode(), seed), READERS[reader])


@pytest.mark.parametrize("reader", READERS)
@cases(60)
@given(row=st.integers(0, 5), column=st.integers(0, 18), cell=CELLS)
def test_an_event_table_with_one_cell_changed(tmp_path, reader, row, column, cell):
    refused_or_read(tmp_path, "a.csv", with_cell(TABLES[reader], row, column, cell), READERS[reader])


@cases(80)
@given(seed=SEEDS)
def test_a_study_file_with_damaged_bytes(tmp_path, seed):
    refused_or_read(tmp_path, "a.csv", mutated(STUDIES.encode(), seed), read_study_file)


@cases(120)
@given(row=st.integers(0, 7), column=st.integers(0, 22), cell=CELLS)
def test_a_study_file_with_one_cell_changed(tmp_path, row, column, cell):
    refused_or_read(tmp_path, "a.csv", with_cell(STUDIES, row, column, cell), read_study_file)


@pytest.mark.parametrize("kind", SOURCES)
@cases(40)
@given(seed=SEEDS)
def test_a_provider_file_with_damaged_bytes(tmp_path, kind, seed):
    name, content = SOURCES[kind]
    refused_or_read(tmp_path, name, mutated(content, seed), read_all)


@pytest.mark.parametrize("kind", ["directory", "listing"])
@cases(40)
@given(row=st.integers(0, 2), column=st.integers(0, 12), cell=CELLS)
def test_a_provider_file_with_one_cell_changed(tmp_path, kind, row, column, cell):
    name, content = SOURCES[kind]
    refused_or_read(tmp_path, name, with_cell(content.decode(), row, column, cell), read_all)


@cases(60)
@given(
    place=st.sampled_from(["page", "totalPages", "recordCount", "rows", "name1", "zip", "latitude", "services"]),
    value=VALUES,
)
def test_an_answer_of_the_locator_with_another_value(tmp_path, place, value):
    document = json.loads(ANSWERS)
    (document if place in document else document["rows"][0])[place] = value
    refused_or_read(tmp_path, "answers_2026-03-01.json", json.dumps(document).encode(), read_all)


@pytest.mark.parametrize("count", ["\u00b2", "9" * 5000, "1e400", "\u0663"])
@pytest.mark.parametrize("place", ["totalPages", "recordCount"])
def test_an_answer_of_the_locator_with_a_count_that_is_none(tmp_path, place, count):
    document = json.loads(ANSWERS) | {place: count}
    refused_or_read(tmp_path, "answers_2026-03-01.json", json.dumps(document).encode(), read_all)


@pytest.mark.parametrize("lines", ["", ANSWERS + "\n"], ids=["one document", "lines"])
@pytest.mark.parametrize("part", ["[" * 100_000, '{"rows":' * 100_000, "9" * 5000, "[" * 20_000 + "]" * 20_000])
def test_an_answer_of_the_locator_that_no_reader_of_json_can_hold(tmp_path, lines, part):
    for text in (lines + part, lines + ANSWERS.replace('"40.66"', part), part + "\n" + ANSWERS):
        refused_or_read(tmp_path, "answers_2026-03-01.json", text.encode(), read_all)


@cases(15)
@given(seed=SEEDS)
def test_a_damaged_workbook(tmp_path, seed):
    refused_or_read(tmp_path, WORKBOOK, mutated(workbook(), seed), read_all)


@pytest.mark.parametrize("packing", [ZIP_STORED, ZIP_DEFLATED, ZIP_BZIP2, ZIP_LZMA])
@pytest.mark.parametrize("at", [200, 300, 400])
def test_an_archive_whose_packed_bytes_are_damaged(tmp_path, packing, at):
    made = io.BytesIO()
    with ZipFile(made, "w", packing) as archive:
        archive.writestr(SOURCES["registry"][0], b"".join(NPI_ROWS[:3]) * 50)
    content = bytearray(made.getvalue())
    content[at] ^= 0xFF
    refused_or_read(tmp_path, "NPPES.zip", bytes(content), read_all)


@pytest.mark.parametrize("cell", ["XFD1048576", "XFD2000", "ZZ1048576"])
def test_a_workbook_with_a_cell_far_out_is_refused_before_it_fills_the_memory(tmp_path, cell):
    """The reader of workbooks makes room for every cell before the last one, and ends the process where it cannot."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(workbook()))
    book.active[cell] = "x"
    book.save(tmp_path / "directory_2025.xlsx")
    line = result_or_line(lambda: read_all(tmp_path / "directory_2025.xlsx"))
    assert isinstance(line, str)
    assert "columns is no list of places" in line


@cases(50)
@given(st.binary(max_size=300))
def test_any_bytes_as_any_file(tmp_path, content):
    readers = {"a.csv": [*READERS.values(), read_study_file, read_all], "a.toml": [read_design], "a.xlsx": [read_all]}
    for name, ways in readers.items():
        for read in ways:
            refused_or_read(tmp_path, name, content, read)


@pytest.mark.parametrize("name", design_names())
@cases(40)
@given(seed=SEEDS)
def test_a_packaged_design_with_damaged_bytes(tmp_path, name, seed):
    packaged = resources.files("ketascope.virtual_trials") / "designs" / f"{name}.toml"
    refused_or_read(tmp_path, "a.toml", mutated(packaged.read_bytes(), seed), read_design)


@pytest.mark.parametrize("name", design_names())
@cases(40)
@given(data=st.data(), value=VALUES)
def test_a_packaged_design_with_another_value(name, data, value):
    packaged = resources.files("ketascope.virtual_trials") / "designs" / f"{name}.toml"
    document = tomllib.loads(packaged.read_text(encoding="utf-8"))
    part = document
    while True:
        key = data.draw(st.sampled_from([*part, "new"]))
        if not isinstance(part.get(key), dict) or data.draw(st.booleans()):
            break
        part = part[key]
    part[key] = value
    result_or_line(lambda: design_from(document, "a.toml"))


@pytest.mark.parametrize("ending", ["\r", "\r\n", "\n", "\x0b"])
@pytest.mark.parametrize("kind", ["directory", "listing", "registry"])
def test_a_provider_file_with_any_line_ends(tmp_path, kind, ending):
    name, content = SOURCES[kind]
    refused_or_read(tmp_path, name, content.replace(b"\n", ending.encode()), read_all)


@pytest.mark.parametrize("cell", ["9" * 200_000, '"' + "a," * 100_000 + '"', "a\n" * 5000])
def test_a_cell_without_end(tmp_path, cell):
    for text, ways in (
        (OF_ONE, READERS.values()),
        (STUDIES, [read_study_file]),
        (SOURCES["directory"][1].decode(), [read_all]),
    ):
        for read in ways:
            refused_or_read(tmp_path, "a.csv", with_cell(text, 1, 2, cell), read)
            refused_or_read(tmp_path, "a.csv", text.replace("\n", f"\n{cell},", 1).encode(), read)


@pytest.mark.parametrize("name", ["", "a" * 300, "no/such/folder.csv", "a\nb.csv", "\u202eabc.csv", "a\x00b.csv"])
def test_the_name_of_a_file_that_cannot_be(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for read in (*READERS.values(), read_study_file, read_all):
        line = result_or_line(lambda read=read: read(Path(name)))
        assert isinstance(line, str)
        check_line(line)
