"""Files that both fits, pharmacokinetics and trials, leave behind, and the steps that they keep while they run.

Numbers are written with a few significant digits, so that a file reads well and compares across machines.
"""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from ketascope.files import csv_text, write_aside


def files_of_fit(package: Path, name: str, record: str) -> dict[str, Path]:
    """Where parameter rows, joint draws and record of the fit `name` stand in a source tree, or one like it."""
    return {
        "parameters": package / "model" / "parameters" / f"{name}.toml",
        "draws": package / "model" / "posterior" / f"{name}.csv",
        "record": package / "evidence" / "data" / record,
    }


def short(value: float, digits: int) -> str:
    """A number with so many significant digits."""
    return f"{value:.{digits}g}"


def rounded(value: Any, digits: int) -> Any:
    """The same document with floats of so many significant digits; null for one without a value."""
    if isinstance(value, Mapping):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item, digits) for item in value]
    if isinstance(value, float | np.floating):
        return float(short(float(value), digits)) if math.isfinite(value) else None
    return value


def draw_table(columns: Mapping[str, np.ndarray], most: int, digits: int) -> str:
    """CSV of draws evenly spaced over all chains, `most` rows at most. columns: (chains, draws) or (draws,) by name."""
    rows_of = {name: table.reshape(-1) for name, table in columns.items()}
    total = len(next(iter(rows_of.values())))
    chosen = np.linspace(0, total - 1, min(most, total)).round().astype(int)
    rows = ({name: short(float(column[row]), digits) for name, column in rows_of.items()} for row in chosen)
    return csv_text(tuple(rows_of), rows)


def between_patient_line(row: Mapping[str, Any]) -> list[str]:
    """The line of a parameter row on how patients differ, as the priors state it; none where they do not."""
    if "between_patient" not in row:
        return []
    spread = row["between_patient"]
    inner = f'kind = "{spread["kind"]}", sd = {spread["sd"]}, effect = "{spread["effect"]}"'
    return [f"between_patient = {{ {inner} }}"]


def record_text(document: Mapping[str, Any]) -> str:
    """A record as it is stored. Raises ValueError for a number without a value, which `rounded` has made null."""
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def write_fit(files: Mapping[str, Path], texts: Mapping[str, str]) -> None:
    """Write the text of each file, each whole or not at all."""
    for file in files.values():
        file.parent.mkdir(parents=True, exist_ok=True)
    for name, file in files.items():
        write_aside(file, texts[name])


def load_record(record: str) -> dict[str, Any]:
    """The record of a packaged fit by the name of its file."""
    file = resources.files("ketascope.evidence") / "data" / record
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def keep(file: Path, result: Any) -> None:
    """Keep the result of a finished step, so that a run that is stopped goes on after it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_aside(file, pickle.dumps(result))


def kept(file: Path) -> Any:
    """What `keep` left. The folder is the user's own: a pickle of somebody else is not to be put there."""
    return pickle.loads(file.read_bytes())
