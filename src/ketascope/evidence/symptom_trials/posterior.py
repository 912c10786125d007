"""What the fit leaves behind: parameter rows, joint draws for the simulator, and the record behind the report."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from ketascope.evidence.priors import load_prior_rows
from ketascope.evidence.symptom_trials.estimation import INFORMED_BELOW, PRIOR_FILE, Fit
from ketascope.evidence.symptom_trials.likelihood import REFERENCE_INDICATION
from ketascope.files import write_aside

PARAMETER_FILE = "trials"
RECORD = "trial_estimation.json"
STORED_DRAWS = 1000
DIGITS = 5
MULTIPLIER_UNIT = f"ratio of the fast and slow parts to those in {REFERENCE_INDICATION}"


def files_of(package: Path) -> dict[str, Path]:
    """Where the three files of a fit stand in a source tree, or in a folder laid out like it."""
    return {
        "parameters": package / "model" / "parameters" / f"{PARAMETER_FILE}.toml",
        "draws": package / "model" / "posterior" / f"{PARAMETER_FILE}.csv",
        "record": package / "evidence" / "data" / RECORD,
    }


def parameter_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """`trials.toml`: posterior medians with grade `estimated`, or `not informed by trials` where the prior stands."""
    found = {row["name"]: row for row in rows}
    parts = [
        "# The parts of the symptom model that are estimated from the trials. Written by `ketascope calibrate`. Their",
        "# priors and reasons are in evidence/data/trial_priors.toml, trials in evidence/data/calibration_trials.toml.",
        "",
    ]
    for name, row in load_prior_rows(PRIOR_FILE).items():
        own = found[name]
        share = own["sd_over_prior_sd"]
        unit = MULTIPLIER_UNIT if "family" in row else row["unit"]
        grade = "estimated" if share < INFORMED_BELOW else "not informed by trials"
        prior = f"prior {own['prior_median']:.3g} (SD {own['prior_sd']:.2g})"
        said = f"posterior SD is {share:.2f} of the prior's; 95% {own['low']:.3g} to {own['high']:.3g}"
        parts += [
            f"[{name}]",
            f"value = {_short(own['median'])}",
            f'unit = "{unit}"',
            f'population = "{row["population"]}"',
            f'source = "estimated from the trials; {prior}: {row["source"]}"',
            f'grade = "{grade}"',
            f'note = "{said}"',
            f"uncertainty = {{ {_spread(own, share, row)} }}",
        ]
        if "range" in row:
            parts.append(f"range = {row['range']}")
        if "between_patient" in row:
            spread = row["between_patient"]
            inner = f'kind = "{spread["kind"]}", sd = {spread["sd"]}, effect = "{spread["effect"]}"'
            parts.append(f"between_patient = {{ {inner} }}")
        parts.append("")
    return "\n".join(parts)


def _spread(own: Mapping[str, Any], share: float, row: Mapping[str, Any]) -> str:
    """The posterior's SD on the scale of the prior; draws are taken from the table, which keeps them together."""
    kind = row["prior"]["kind"]
    if kind in ("log-normal", "logit-normal"):
        return f'kind = "{kind}", sd = {_short(share * row["prior"]["sd"])}'
    return f'kind = "normal", sd = {_short(own["sd"])}'


def draw_table(fit: Fit) -> str:
    """`trials.csv`: draws of all parameters, evenly spaced over all chains, (STORED_DRAWS, parameters)."""
    columns = {name: table.reshape(-1) for name, table in fit.values().items()}
    total = len(next(iter(columns.values())))
    rows = np.linspace(0, total - 1, min(STORED_DRAWS, total)).round().astype(int)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_short(float(column[row])) for column in columns.values()] for row in rows)
    return text.getvalue()


def write(fit: Fit, rows: Sequence[Mapping[str, Any]], document: Mapping[str, Any], package: Path) -> dict[str, Path]:
    """Write the three files below `package`, each whole or not at all."""
    files = files_of(package)
    for file in files.values():
        file.parent.mkdir(parents=True, exist_ok=True)
    write_aside(files["parameters"], parameter_table(rows))
    write_aside(files["draws"], draw_table(fit))
    write_aside(files["record"], json.dumps(rounded(document), indent=1, allow_nan=False) + "\n")
    return files


def load_record() -> dict[str, Any]:
    """The record of the packaged fit."""
    path = resources.files("ketascope.evidence") / "data" / RECORD
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


@lru_cache(maxsize=1)
def left_out_scores() -> dict[str, Any]:
    """How well the packaged model predicts ketamine trials left out, beside models that know no dose or route."""
    scores: dict[str, Any] = load_record()["leave_one_out"]["ketamine"]
    return scores


def rounded(value: Any) -> Any:
    """The same document with floats at a few digits, so that a file reads well and compares across machines."""
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(_short(float(value))) if math.isfinite(value) else None
    return value


def _short(value: float) -> str:
    return f"{value:.{DIGITS}g}"
