"""Flags of a fit: what looks implausible in the data or doubtful in the result, each with a line that says why."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.data import load
from ketascope.model.exposure import ketamine_doses
from ketascope.regimen import highest_studied

if TYPE_CHECKING:
    from ketascope.exchange.nonmem_data import Subject
    from ketascope.fitting.mode import Mode

LARGE_RESIDUAL = 4.0
FAR_EFFECT = 3.0
LARGEST_FACTOR = 1e12
UNIT_FACTOR = 100.0
"""Values this many times above or below the prediction are less likely a person than a unit off by 1000."""


@lru_cache(maxsize=1)
def _messages() -> dict[str, str]:
    text = (resources.files("ketascope.fitting") / "flags.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def flag(code: str, **fields: object) -> dict[str, str]:
    """One flag with its message filled in."""
    return {"code": code, "message": _messages()[code].format(**fields)}


def data_flags(
    subject: Subject, rows: Sequence[Mapping[str, Any]], left_out: Sequence[dict[str, str]]
) -> list[dict[str, str]]:
    """What is odd about a person's data. rows: observation rows of the fit; left_out: flags of rows left out."""
    found = [*left_out, *_dose_flags(subject)]
    analytes = {item.analyte for item in subject.concentrations()}
    if analytes and all(name.endswith("norketamine") for name in analytes):
        found.append(flag("norketamine_alone"))
    for analyte in sorted(analytes):
        ratios = [
            row["observed_ng_per_ml"] / row["pred_ng_per_ml"]
            for row in rows
            if row["analyte"] == analyte and not row["is_below"]
        ]
        middle = float(np.median(ratios)) if ratios else 1.0
        if not 1.0 / UNIT_FACTOR < middle < UNIT_FACTOR:
            factor = f"{middle:.3g}" if middle < LARGEST_FACTOR else f"over {LARGEST_FACTOR:g}"
            found.append(flag("units_doubtful", analyte=analyte, factor=factor))
    if subject.defaulted:
        values = {name: getattr(subject.person, name) for name in subject.defaulted if name != "sex"}
        if values:
            shown = ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values.values())
            found.append(flag("defaulted", names=", ".join(values), values=shown))
    return found


def _dose_flags(subject: Subject) -> list[dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    given = {dose.drug for dose in ketamine_doses(subject.doses)}
    for course in subject.regimen.courses:
        studied = [highest_studied(course.drug, course.route, name) for name in load("indications")]
        known = [row for row in studied if row is not None and row.highest is not None]
        if not known or course.drug not in given:
            continue
        weight = subject.person.weight_kg
        in_mg = {row: float(row.highest or 0.0) * (weight if row.unit == "mg/kg" else 1.0) for row in known}
        most = max(known, key=lambda row: in_mg[row])
        if course.amount > in_mg[most] * (1.0 + 1e-9):
            found[course.drug, course.route] = flag(
                "dose_above_studied",
                drug=course.drug,
                route=course.route,
                dose=f"{course.amount:g} mg",
                highest=f"{most.highest:g} {most.unit}",
            )
    return list(found.values())


def fit_flags(
    mode: Mode, effects: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """What is doubtful about a person's fit."""
    found: list[dict[str, str]] = []
    if not mode.converged:
        found.append(flag("not_converged") if mode.is_exact else flag("rough_hessian"))
    if mode.other_optimum is not None:
        found.append(flag("other_optimum", difference=f"{mode.other_optimum:.2g}"))
    for row in rows:
        if row["iwres"] is not None and abs(row["iwres"]) > LARGE_RESIDUAL:
            found.append(
                flag(
                    "residual_large",
                    row=row["row"],
                    analyte=row["analyte"],
                    observed=f"{row['observed_ng_per_ml']:.3g}",
                    ipred=f"{row['ipred_ng_per_ml']:.3g}",
                    size=f"{abs(row['iwres']):.1f}",
                )
            )
    for effect in effects:
        if abs(effect["eta"]) > FAR_EFFECT:
            found.append(flag("effect_far", effect=effect["name"].replace("_", " "), size=f"{abs(effect['eta']):.1f}"))
    return found
