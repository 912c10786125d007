"""What a fit leaves behind: parameter rows, joint draws for the simulator, and the record behind the report."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.evidence.pharmacokinetics.estimation import INFORMED_BELOW, Estimate, diagnostics
from ketascope.evidence.pharmacokinetics.priors import PARAMETER_FILE, load_rows
from ketascope.files import write_aside

if TYPE_CHECKING:
    from ketascope.evidence.pharmacokinetics.cross_validation import Score

STORED_DRAWS = 500
DIGITS = 6
RECORD = "pk_estimation.json"
SPREAD_DRAWS = "pk_spread_draws.csv"
SPREADS = ("sd_", "residual_")


def files_of(package: Path) -> dict[str, Path]:
    """Where a calibration's four files stand in a source tree or in a folder laid out like it."""
    return {
        "parameters": package / "model" / "parameters" / f"{PARAMETER_FILE}.toml",
        "draws": package / "model" / "posterior" / f"{PARAMETER_FILE}.csv",
        "spreads": package / "evidence" / "data" / SPREAD_DRAWS,
        "record": package / "evidence" / "data" / RECORD,
    }


def parameter_table(fit: Estimate) -> str:
    """`pooled.toml`: medians of the posterior for what was estimated, the given value for what was fixed."""
    found = {row["name"]: row for row in diagnostics(fit) if "median" in row}
    fixed = fit.structure.fixed_values()
    parts = [
        "# The pooled pharmacokinetic model: one structure for all routes and both sampling sites, estimated from",
        "# published figures. Written by `ketascope calibrate`; priors, their strength and their sources are in",
        "# evidence/data/pk_priors.toml.",
        "",
    ]
    absent = fit.structure.absent()
    for name, row in load_rows().items():
        if name in absent:
            continue
        estimated = found.get(name)
        parts.append(f"[{name}]")
        if estimated is None:
            parts.append(f"value = {_short(fixed[name])}")
        else:
            parts.append(f"value = {_short(estimated['median'])}")
        parts.append(f'unit = "{row["unit"]}"')
        parts.append(f'population = "{row["population"]}"')
        if estimated is None:
            parts += [f'source = "{row["source"]}"', f'grade = "{row["grade"]}"']
        else:
            share = estimated["sd_over_prior_sd"]
            parts.append(f'source = "pooled estimate; prior {row["value"]:g}: {row["source"]}"')
            grade = "estimated" if share < INFORMED_BELOW else row["grade"]
            parts.append(f'grade = "{grade}"')
            sd = share * fit.priors[name].sd
            parts.append(f'uncertainty = {{ kind = "{fit.priors[name].kind}", sd = {_short(sd)} }}')
            what = "informed by the data" if share < INFORMED_BELOW else "the data say little beyond the prior"
            moved = estimated["shift_in_prior_sd"]
            parts.append(
                f'note = "{what}: posterior SD is {share:.2f} of the prior SD, mean moved by {moved:+.2f} prior SDs"'
            )
        if "between_patient" in row:
            spread = row["between_patient"]
            inner = f'kind = "{spread["kind"]}", sd = {spread["sd"]}, effect = "{spread["effect"]}"'
            parts.append(f"between_patient = {{ {inner} }}")
        parts.append("")
    return "\n".join(parts)


def draw_table(fit: Estimate) -> str:
    """`pooled.csv`: draws evenly spaced over all chains."""
    return _table({name: fit.values(name).reshape(-1) for name in fit.priors})


def spread_table(fit: Estimate) -> str:
    """SDs between studies and residual SDs of the same draws."""
    return _table({name: fit.flat(name) for name in fit.sites if name.startswith(SPREADS)})


def _table(columns: Mapping[str, np.ndarray]) -> str:
    total = len(next(iter(columns.values())))
    rows = np.linspace(0, total - 1, min(STORED_DRAWS, total)).round().astype(int)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_short(float(column[row])) for column in columns.values()] for row in rows)
    return text.getvalue()


def record(
    fit: Estimate, scores: Sequence[Score], intervals: Mapping[str, Sequence[float]], seed: int
) -> dict[str, Any]:
    """Everything that the report shows and that cannot be computed again without the fit."""
    table = diagnostics(fit)
    chains, draws = fit.divergences.shape[0], next(iter(fit.sites.values())).shape[1]
    spreads = {name: np.quantile(fit.flat(name), [0.05, 0.5, 0.95]) for name in fit.sites if name.startswith(SPREADS)}
    return {
        "structure": fit.structure.name,
        "seed": seed,
        "chains": chains,
        "draws": draws,
        "divergences": int(fit.divergences.sum()),
        "largest_r_hat": _rounded(max(row["r_hat"] for row in table)),
        "smallest_sample_size": _rounded(min(row["sample_size"] for row in table)),
        "groups": list(fit.studies),
        "parameters": [_rounded_row(row) for row in table if "median" in row],
        "spreads": {name: [_rounded(float(value)) for value in values] for name, values in spreads.items()},
        "structures": [_score_row(item) for item in scores],
        "predictive_90_percent": {name: [_rounded(value) for value in values] for name, values in intervals.items()},
    }


def _score_row(item: Score) -> dict[str, Any]:
    return {
        "structure": item.structure.name,
        "question": item.structure.question,
        "lacks": item.structure.lacks,
        "estimated": item.estimated,
        "log_density": _rounded(item.total),
        "by_group": dict(zip(item.groups, (_rounded(float(value)) for value in item.log_density), strict=True)),
        "left_out_fold_error": _rounded(item.left_out_fold_error),
        "fitted_fold_error": _rounded(item.fitted_fold_error),
    }


def write(fit: Estimate, document: Mapping[str, Any], package: Path) -> dict[str, Path]:
    """Write the four files below `package`, each whole or not at all."""
    files = files_of(package)
    for file in files.values():
        file.parent.mkdir(parents=True, exist_ok=True)
    write_aside(files["parameters"], parameter_table(fit))
    write_aside(files["draws"], draw_table(fit))
    write_aside(files["spreads"], spread_table(fit))
    write_aside(files["record"], json.dumps(document, indent=1) + "\n")
    return files


def load_record() -> dict[str, Any]:
    """The record of the packaged fit."""
    file = resources.files("ketascope.evidence") / "data" / RECORD
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def load_spread_draws() -> dict[str, np.ndarray]:
    """SDs between studies (log or logit scale) and residual SDs of the packaged draws, (draws,) each."""
    text = (resources.files("ketascope.evidence") / "data" / SPREAD_DRAWS).read_text(encoding="utf-8")
    lines = text.splitlines()
    table = np.array([line.split(",") for line in lines[1:]], dtype=float)
    return dict(zip(lines[0].split(","), table.T, strict=True))


def _short(value: float) -> str:
    return f"{value:.{DIGITS}g}"


def _rounded(value: float) -> float:
    return float(_short(value)) if math.isfinite(value) else value


def _rounded_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _rounded(value) if isinstance(value, float) else value for name, value in row.items()}
