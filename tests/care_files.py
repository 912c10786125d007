"""Small files in the shape of the public sources, for the tests of the store."""

from __future__ import annotations

import csv
from pathlib import Path

from ketascope.care.places.states import zip_state
from ketascope.care.places.zip_points import census_points

DIRECTORY_COLUMNS = [
    *("name1", "name2", "street1", "street2", "city", "state", "zip", "phone"),
    *("intake1", "intake2", "intake1a", "intake2a", "service_code_info"),
]
LOCATOR_COLUMNS = [
    *("name1", "name2", "street1", "street2", "city", "state", "zip", "phone"),
    *("website", "latitude", "longitude", "service_code_info"),
]

BAYONNE = {
    "name1": "North Star Health Systems Inc",
    "street1": "354 Avenue C",
    "city": "Bayonne",
    "state": "NJ",
    "zip": "07002",
    "phone": "201-535-5959",
    "service_code_info": "MH * OP * OMH * CBT KIT TELE * MC PI SF * ADLT",
}
HOBOKEN = {
    "name1": "Hudson Counseling Center",
    "street1": "1 River Street",
    "city": "Hoboken",
    "state": "NJ",
    "zip": "07030",
    "phone": "201-555-0100",
    "service_code_info": "MH * OP * OMH * CBT TMS * MD * ADLT",
}


def write_csv(path: Path, columns: list[str], *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def directory_file(folder: Path, *rows: dict[str, str], year: int = 2024) -> Path:
    return write_csv(folder / f"directory_{year}.csv", DIRECTORY_COLUMNS, *rows)


def whole_directory(folder: Path, *rows: dict[str, str], year: int = 2025) -> Path:
    """A directory with a row in every state, as the publisher's own has."""
    one_a_state: dict[str, str] = {}
    for zip_code in census_points():
        one_a_state.setdefault(zip_state(zip_code), zip_code)
    others = [HOBOKEN | {"state": state, "zip": code} for state, code in one_a_state.items() if state]
    return directory_file(folder, *rows, *others, year=year)


def locator_file(folder: Path, *rows: dict[str, str], day: str = "2026_03_01") -> Path:
    return write_csv(folder / f"FindTreament_Facility_listing_{day}_101500.csv", LOCATOR_COLUMNS, *rows)
