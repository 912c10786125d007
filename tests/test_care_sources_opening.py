"""Whatever else a file turns out to be is said in one line, and the words of a question are known."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest

from ketascope.care.sources.code_sheet import normal_name, packaged_sheet
from ketascope.care.sources.opening import open_source
from ketascope.care.sources.services import GROUPS, query_word, query_words
from ketascope.care.sources.source_file import catalogue
from ketascope.errors import InputError

OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def damaged_workbook() -> bytes:
    """A zip with the workbook's table of contents and no sheet that can be read."""
    import io

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook><sheets>")
    return stream.getvalue()


def truncated_workbook(folder: Path) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.active.append(["name1"])
    workbook.save(folder / "whole.xlsx")
    content = (folder / "whole.xlsx").read_bytes()
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("blank.csv", b" \n\n", "the file is empty"),
        ("page.xlsx", b"\n<!DOCTYPE html><html>", "a web page, not the file behind its link"),
        ("page.csv", b"\xef\xbb\xbf<html>", "a web page"),
        ("old.xls", OLD_OFFICE, r"old kind \(.xls\); save it as .xlsx"),
        ("locked.xlsx", OLD_OFFICE + "EncryptedPackage".encode("utf-16-le"), "locked by a password"),
        ("data.csv.gz", gzip.compress(b"name1", mtime=0), "packed with gzip; unpack it"),
        ("list.pdf", b"%PDF-1.7", "a PDF; take the workbook"),
        ("wide.csv", "name1,zip\n".encode("utf-16"), "text in UTF-16; save it as CSV UTF-8"),
        ("photo.csv", b"\x89PNG\r\n\x1a\n" + bytes(50), "a file of an unknown kind"),
        ("people.csv", b"id,age\n1,2\n", "not a list of places that is known here; headings found: id, age"),
        ("damaged.xlsx", damaged_workbook(), "the workbook is damaged or cut off"),
        ("cut.zip", b"PK\x03\x04" + bytes(100), "the archive is cut off or damaged"),
    ],
)
def test_a_file_of_another_kind_is_one_line_that_names_it(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(InputError, match=words) as caught:
        open_source(path)

    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_workbook_that_was_cut_off_says_so(tmp_path):
    path = tmp_path / "directory_2024.xlsx"
    path.write_bytes(truncated_workbook(tmp_path))

    with pytest.raises(InputError, match="cut off or damaged"):
        open_source(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(InputError, match="nowhere.csv: no such file"):
        open_source(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match="a folder; give the file in it"):
        open_source(tmp_path)


def test_text_that_is_neither_utf8_nor_windows_names_the_line(tmp_path):
    path = tmp_path / "directory_2024.csv"
    path.write_bytes(b"name1,street1,city,state,zip,service_code_info\na,b,c\x81,NJ,07030,KIT\n")

    with pytest.raises(InputError, match="line 2 is neither UTF-8 nor Windows-1252"):
        open_source(path)


def test_semicolons_and_tabs_separate_as_well(tmp_path):
    for separator in ";\t":
        path = tmp_path / "directory_2024.csv"
        heading, row = "name1,street1,city,state,zip,service_code_info", "A,1 Main St,Hoboken,NJ,07030,KIT"
        path.write_text(f"{heading}\n{row}\n".replace(",", separator), encoding="utf-8")

        (facility,) = open_source(path).rows

        assert facility.zip == "07030"


def test_every_source_is_described():
    described = {key: table for key, table in catalogue().items() if "label" in table}
    assert tuple(described) == ("samhsa-directory", "findtreatment", "nppes")
    for about in described.values():
        texts = [about[name] for name in ("label", "publisher", "credit", "rights", "page", "covers", "leaves_out")]
        assert all(texts)
        assert isinstance(about["names_services"], bool)


def test_opening_module_loads_none_of_the_heavy_libraries():
    heavy = ["polars", "duckdb", "httpx", "openpyxl", "python_calamine", "jax", "zipcodes"]
    code = (
        "import json, sys; import ketascope.care.sources.opening; "
        f"print(json.dumps([name for name in {heavy} if name in sys.modules]))"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert json.loads(result.stdout) == []


# --- the words of a question


def test_every_word_stands_in_the_code_sheet_under_its_own_name_and_kind():
    sheet = packaged_sheet()
    for group in GROUPS:
        for word in query_words(group).values():
            if word.listed_by:
                service = sheet.by_code[word.code]
                assert normal_name(service.name) == normal_name(word.name)
                assert service.kind == word.kind
                assert word.reason == ""
            else:
                assert (word.code, word.name) == ("", "")
                assert word.reason


def test_the_words_that_people_need_are_there():
    assert {"ketamine-infusion", "esketamine", "tms", "ect", "emdr", "cbt", "dbt", "ptsd-programme"} <= set(
        query_words("offers")
    )
    assert {"medicare", "medicaid", "private-insurance", "self-pay", "sliding-scale"} <= set(query_words("payment"))
    assert list(query_words("age-group")) == ["adults", "seniors", "young-adults", "children"]
    assert list(query_words("telehealth")) == ["telehealth"]


def test_a_word_is_found_in_any_case_and_with_blanks_for_hyphens():
    assert query_word("Ketamine  Infusion", "offers").code == "KIT"
    assert query_word("self_pay", "payment").code == "SF"


def test_esketamine_is_a_word_that_no_list_answers():
    word = query_word("esketamine", "offers")

    assert word.listed_by == ()
    assert "where to ask" in word.reason


def test_an_unknown_word_offers_the_nearest_and_the_list_or_its_own_group():
    with pytest.raises(
        InputError, match="unknown word 'ketamin-infusion' for offers; did you mean 'ketamine-infusion'"
    ):
        query_word("ketamin-infusion", "offers")
    with pytest.raises(InputError, match="unknown word 'medicare' for offers; it belongs to payment. Known: ketamine-"):
        query_word("medicare", "offers")
    with pytest.raises(InputError, match="unknown word 'zzz' for age-group. Known: adults, seniors"):
        query_word("zzz", "age-group")
