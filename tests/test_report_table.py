"""CSV and files: tidy rows, nothing rounded, gaps empty; a file appears whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ketascope.charts import cascade
from ketascope.errors import InputError
from ketascope.files import csv_text, sha256_of, write_aside
from ketascope.report import comparison_csv, write_csv, write_html, write_png
from ketascope.report.catalogue import EVIDENCE, PRACTICAL, sections
from ketascope.report.table import COLUMNS, comparison_rows
from stored_documents import stored


@pytest.fixture
def gad() -> dict[str, Any]:
    return stored("comparison_gad.json")["document"]


def parsed(document: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(comparison_csv(document))))


def row_of(rows: list[dict[str, str]], option_id: str, quantity: str) -> dict[str, str]:
    found = [row for row in rows if row["option_id"] == option_id and row["quantity"] == quantity]
    assert len(found) == 1
    return found[0]


def test_the_header_is_the_documented_one(gad: dict[str, Any]) -> None:
    first = comparison_csv(gad).splitlines()[0]
    assert first == "option_id,label,section,quantity,unit,median,low,high,interval_of,flags,text"


def test_every_option_has_every_quantity_once(gad: dict[str, Any]) -> None:
    quantities = [column.name for section in sections("HAM-A") for column in section.columns]
    quantities += [column.name for column in (*PRACTICAL, *EVIDENCE)]
    rows = parsed(gad)
    for option in gad["options"]:
        own = [row["quantity"] for row in rows if row["option_id"] == option["id"]]
        assert own[: len(quantities)] == quantities
        assert len(own) == len(set(own))


def test_numbers_come_back_exactly(gad: dict[str, Any]) -> None:
    rows = parsed(gad)
    for option in gad["options"]:
        quantity = option["pk"]["ketamine_cmax_ng_per_ml"]
        row = row_of(rows, option["id"], "pk.ketamine_cmax_ng_per_ml")
        if quantity is None:
            assert (row["median"], row["low"], row["high"], row["interval_of"]) == ("", "", "", "")
        else:
            assert [float(row[key]) for key in ("median", "low", "high")] == [
                quantity[key] for key in ("median", "low", "high")
            ]
            assert row["interval_of"] == "patients"


def test_stored_units_are_named(gad: dict[str, Any]) -> None:
    rows = parsed(gad)
    for quantity, unit in (
        ("pk.bioavailability", "fraction"),
        ("pk.ketamine_tmax_h", "h"),
        ("pk.ketamine_auc_ng_h_per_ml", "ng·h/mL"),
        ("symptoms.change.24h", "HAM-A points"),
        ("symptoms.response_rate.7d", "%"),
        ("acute.systolic_rise_mmhg", "mmHg"),
    ):
        assert row_of(rows, "ketamine-iv-once", quantity)["unit"] == unit


def test_a_gap_is_empty_and_names_its_flag(gad: dict[str, Any]) -> None:
    row = row_of(parsed(gad), "ketamine-iv-anaesthetic", "symptoms.change.24h")
    assert (row["median"], row["low"], row["high"]) == ("", "", "")
    assert row["flags"] == "above_studied_dose"


def test_every_empty_quantity_names_a_flag(gad: dict[str, Any]) -> None:
    names = {column.name for section in sections("HAM-A") for column in section.columns}
    empty = [row for row in parsed(gad) if row["quantity"] in names and not row["median"]]
    assert len(empty) > 40
    assert all(row["flags"] for row in empty)


def test_words_of_caution_travel_with_values(gad: dict[str, Any]) -> None:
    row = row_of(parsed(gad), "ketamine-iv-once", "symptoms.change.24h")
    assert row["median"]
    assert row["flags"] == "extrapolated"


def test_harms_travel_with_the_numbers(gad: dict[str, Any]) -> None:
    rows = parsed(gad)
    harm = row_of(rows, "ketamine-iv-once", "harm: Bladder damage with long use")
    assert harm["section"] == "harms"
    assert harm["text"] == "unknown (Example review 2021)"
    assert row_of(rows, "placebo", "harms")["text"] == "unknown"


def test_facts_are_numbers_ranges_or_words(gad: dict[str, Any]) -> None:
    rows = parsed(gad)
    cost = row_of(rows, "ketamine-iv-once", "practical.cost_usd")
    assert (cost["median"], cost["low"], cost["high"], cost["interval_of"]) == ("", "300", "700", "prices found")
    assert cost["text"] == "a session; Example survey; undated"
    assert row_of(rows, "ketamine-iv-once", "evidence.trials")["median"] == "3"
    assert row_of(rows, "ketamine-iv-once", "practical.setting")["text"] == "clinic"
    assert row_of(rows, "ketamine-iv-once", "evidence.reasons")["text"] == "few people, no blinding"


def test_an_unknown_price_end_stays_empty(gad: dict[str, Any]) -> None:
    gad["options"][0]["practical"]["cost_usd"] = {"low": 300, "high": None, "per": "session", "source": "Example"}
    assert row_of(parsed(gad), "ketamine-iv-once", "practical.cost_usd")["high"] == ""


def test_awkward_labels_come_back_unchanged(gad: dict[str, Any]) -> None:
    label = 'a "quoted", label\nwith a line; and µ, <b>, =1+1'
    gad["options"][0]["label"] = label
    assert parsed(gad)[0]["label"] == label


def test_rows_have_exactly_the_columns(gad: dict[str, Any]) -> None:
    assert {tuple(row) for row in comparison_rows(gad)} == {COLUMNS}


# Files


def test_the_file_holds_the_text_in_utf8(gad: dict[str, Any], tmp_path: Path) -> None:
    path = write_csv(tmp_path / "out.csv", gad)
    assert path.read_text(encoding="utf-8") == comparison_csv(gad)
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv"]


def test_a_png_file_is_a_picture(tmp_path: Path) -> None:
    simulation = stored("simulation_iv_series.json")
    path = write_png(tmp_path / "cascade.png", cascade(simulation), scale=1)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_missing_folder_is_one_clear_line(gad: dict[str, Any], tmp_path: Path) -> None:
    for write in (write_csv, write_html):
        with pytest.raises(InputError) as caught:
            write(tmp_path / "no such" / "out.file", gad)
        message = str(caught.value)
        assert "\n" not in message
        assert "out.file" in message
        assert "does not exist" in message
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_place_of_a_file_is_one_clear_line(gad: dict[str, Any], tmp_path: Path) -> None:
    for write in (write_csv, write_html):
        with pytest.raises(InputError, match="it is a folder"):
            write(tmp_path, gad)


def test_rows_become_text_with_a_heading_and_empty_cells_for_what_is_missing() -> None:
    assert csv_text(("name", "mg"), [{"name": "a, b", "mg": 35.5}, {"name": "c"}]) == 'name,mg\n"a, b",35.5\nc,\n'
    assert csv_text(("name", "mg"), []) == "name,mg\n"
    with pytest.raises(ValueError, match="not in fieldnames"):
        csv_text(("name",), [{"name": "a", "unit": "mg"}])


def test_the_checksum_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "bytes"
    file.write_bytes(b"abc")
    assert sha256_of(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_failure_keeps_the_old_file_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "kept.txt"
    target.write_text("old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(InputError, match="No space left on device"):
        write_aside(target, "new")
    assert target.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept.txt"]


def test_an_interruption_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_aside(tmp_path / "out.txt", "text")
    assert list(tmp_path.iterdir()) == []


def test_a_second_write_replaces_the_first(tmp_path: Path) -> None:
    write_aside(tmp_path / "out.txt", "first and longer")
    write_aside(tmp_path / "out.txt", b"second")
    assert (tmp_path / "out.txt").read_bytes() == b"second"


def test_a_result_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    plain = tmp_path / "plain.txt"
    plain.write_text("x")
    path = write_aside(tmp_path / "out.txt", "x")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
