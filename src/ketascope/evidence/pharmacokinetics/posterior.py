"""What a fit leaves behind: parameter rows, joint draws for the simulator, and the record behind the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.estimation.convergence import unconverged, worst
from ketascope.evidence import fit_files
from ketascope.evidence.pharmacokinetics.estimation import Estimate, diagnostics
from ketascope.evidence.pharmacokinetics.priors import PARAMETER_FILE, load_rows
from ketascope.evidence.priors import INFORMED_BELOW

if TYPE_CHECKING:
    from ketascope.evidence.pharmacokinetics.cross_validation import Score

STORED_DRAWS = 500
DIGITS = 6
RECORD = "pk_estimation.json"
SPREAD_DRAWS = "pk_spread_draws.csv"
SPREADS = ("sd_", "residual_")


def files_of(package: Path) -> dict[str, Path]:
    """Where a calibration's four files stand in a source tree or in a folder laid out like it."""
    files = fit_files.files_of_fit(package, PARAMETER_FILE, RECORD)
    return {**files, "spreads": files["record"].with_name(SPREAD_DRAWS)}


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
        parts += [*fit_files.between_patient_line(row), ""]
    return "\n".join(parts)


def draw_table(fit: Estimate) -> str:
    """`pooled.csv`: draws evenly spaced over all chains."""
    return _table({name: fit.values(name) for name in fit.priors})


def spread_table(fit: Estimate) -> str:
    """SDs between studies and residual SDs of the same draws."""
    return _table({name: draws for name, draws in fit.sites.items() if name.startswith(SPREADS)})


def _table(columns: Mapping[str, np.ndarray]) -> str:
    return fit_files.draw_table(columns, STORED_DRAWS, DIGITS)


def record(
    fit: Estimate, scores: Sequence[Score], intervals: Mapping[str, Sequence[float]], seed: int
) -> dict[str, Any]:
    """Everything that the report shows and that cannot be computed again without the fit."""
    table = diagnostics(fit)
    chains, draws = fit.divergences.shape[0], next(iter(fit.sites.values())).shape[1]
    spreads = {name: np.quantile(fit.flat(name), [0.05, 0.5, 0.95]) for name in fit.sites if name.startswith(SPREADS)}
    document = {
        "structure": fit.structure.name,
        "seed": seed,
        "chains": chains,
        "draws": draws,
        "divergences": int(fit.divergences.sum()),
        **worst(table),
        "unconverged": unconverged(table),
        "groups": list(fit.studies),
        "parameters": [row for row in table if "median" in row],
        "spreads": {name: list(values) for name, values in spreads.items()},
        "structures": [_score_row(item) for item in scores],
        "predictive_90_percent": {name: list(values) for name, values in intervals.items()},
    }
    whole: dict[str, Any] = fit_files.rounded(document, DIGITS)
    return whole


def _score_row(item: Score) -> dict[str, Any]:
    return {
        "structure": item.structure.name,
        "question": item.structure.question,
        "lacks": item.structure.lacks,
        "estimated": item.estimated,
        "log_density": item.total,
        "by_group": dict(zip(item.groups, map(float, item.log_density), strict=True)),
        "left_out_fold_error": item.left_out_fold_error,
        "fitted_fold_error": item.fitted_fold_error,
    }


def write(fit: Estimate, document: Mapping[str, Any], package: Path) -> dict[str, Path]:
    """Write the four files below `package`, each whole or not at all."""
    files = files_of(package)
    texts = {
        "parameters": parameter_table(fit),
        "draws": draw_table(fit),
        "spreads": spread_table(fit),
        "record": fit_files.record_text(document),
    }
    fit_files.write_fit(files, texts)
    return files


def load_record() -> dict[str, Any]:
    """The record of the packaged fit."""
    return fit_files.load_record(RECORD)


def load_spread_draws() -> dict[str, np.ndarray]:
    """SDs between studies (log or logit scale) and residual SDs of the packaged draws, (draws,) each."""
    text = (resources.files("ketascope.evidence") / "data" / SPREAD_DRAWS).read_text(encoding="utf-8")
    lines = text.splitlines()
    table = np.array([line.split(",") for line in lines[1:]], dtype=float)
    return dict(zip(lines[0].split(","), table.T, strict=True))


def _short(value: float) -> str:
    return fit_files.short(value, DIGITS)
