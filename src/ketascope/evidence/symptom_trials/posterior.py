"""What the fit leaves behind: parameter rows, joint draws for the simulator, and the record behind the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ketascope.evidence import fit_files
from ketascope.evidence.priors import INFORMED_BELOW, load_prior_rows
from ketascope.evidence.symptom_trials.estimation import PRIOR_FILE, Fit
from ketascope.model.symptoms import REFERENCE_INDICATION

PARAMETER_FILE = "trials"
RECORD = "trial_estimation.json"
STORED_DRAWS = 1000
DIGITS = 5
MULTIPLIER_UNIT = f"ratio of the fast and slow parts to those in {REFERENCE_INDICATION}"


def files_of(package: Path) -> dict[str, Path]:
    """Where the three files of a fit stand in a source tree, or in a folder laid out like it."""
    return fit_files.files_of_fit(package, PARAMETER_FILE, RECORD)


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
        parts += [*fit_files.between_patient_line(row), ""]
    return "\n".join(parts)


def _spread(own: Mapping[str, Any], share: float, row: Mapping[str, Any]) -> str:
    """The posterior's SD on the scale of the prior; draws are taken from the table, which keeps them together."""
    kind = row["prior"]["kind"]
    if kind in ("log-normal", "logit-normal"):
        return f'kind = "{kind}", sd = {_short(share * row["prior"]["sd"])}'
    return f'kind = "normal", sd = {_short(own["sd"])}'


def draw_table(fit: Fit) -> str:
    """`trials.csv`: draws of all parameters, evenly spaced over all chains, (STORED_DRAWS, parameters)."""
    return fit_files.draw_table(fit.values(), STORED_DRAWS, DIGITS)


def write(fit: Fit, rows: Sequence[Mapping[str, Any]], document: Mapping[str, Any], package: Path) -> dict[str, Path]:
    """Write the three files below `package`, each whole or not at all."""
    files = files_of(package)
    texts = {
        "parameters": parameter_table(rows),
        "draws": draw_table(fit),
        "record": fit_files.record_text(document),
    }
    fit_files.write_fit(files, texts)
    return files


def load_record() -> dict[str, Any]:
    """The record of the packaged fit."""
    return fit_files.load_record(RECORD)


@lru_cache(maxsize=1)
def left_out_scores() -> dict[str, Any]:
    """How well the packaged model predicts ketamine trials left out, beside models that know no dose or route."""
    scores: dict[str, Any] = load_record()["leave_one_out"]["ketamine"]
    return scores


def _short(value: float) -> str:
    return fit_files.short(value, DIGITS)
