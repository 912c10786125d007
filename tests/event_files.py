"""Event tables on disk for tests: the rows of a regimen as CSV."""

from __future__ import annotations

from pathlib import Path

from ketascope.files import csv_text
from ketascope.regimen import Regimen, event_rows
from ketascope.regimen.events import COLUMNS


def write_events(regimen: Regimen, weight_kg: float, path: Path) -> None:
    """The dose records of a regimen, one row a course, in the columns that `read_events` knows."""
    path.write_text(csv_text(COLUMNS, event_rows(regimen, weight_kg)), encoding="utf-8")
