"""One comparison as it may enter a pool: who, when, on which scale, and its figures."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ketascope.data import load
from ketascope.errors import InputError
from ketascope.evidence.studies import Arm, Contrast, arms, contrasts, studies
from ketascope.evidence.studies.importing import ImportedContrast, read_study_file

RECALL = "recall"
_SEPARATOR = "; "


@dataclass(frozen=True)
class Entry:
    """A comparison with its figures (keys of `studies.figures`).

    `within` names trials whose people a published pool holds; `is_user` marks a row of the user's own file.
    """

    contrast_id: str
    study: str
    trial_key: str
    label: str
    year: int | None
    indication: str
    route: str
    treatment: str
    control: str
    control_kind: str
    outcome: str
    scale_key: str
    time_h: float | None
    primary_time_h: float | None
    primary_scale: str
    dose_mg_per_kg_racemic_iv: float | None
    risk_of_bias: str
    in_pooling: bool
    why_not: str
    note: str
    figures: Mapping[str, Any]
    within: tuple[str, ...] = ()
    is_user: bool = False

    @property
    def scale(self) -> str:
        """The scale as people write it."""
        return scale_label(self.scale_key)

    @property
    def verified(self) -> str:
        """How the figures were checked."""
        return str(self.figures["verified"] or "not checked")

    @property
    def people(self) -> float | None:
        """People in both groups, None where that was not read."""
        sizes = (self.figures["n_treatment"], self.figures["n_control"])
        if None not in sizes:
            return float(sizes[0] + sizes[1])
        return None if self.figures["n_total"] is None else float(self.figures["n_total"])


def scale_label(key: str) -> str:
    """The name of a scale by its key; a text that is no key is its own name."""
    row = load("scales").get(key)
    if isinstance(row, Mapping):
        return str(row["label"])
    return key if key != key.lower() else key.replace("_", "-").upper()


def entries(indications: tuple[str, ...], treatment: str, outcome: str) -> list[Entry]:
    """Comparisons of the packaged tables for these indications, treatment and outcome, in the order of the table."""
    found = [
        row for row in contrasts() if row.indication in indications and row.drug == treatment and row.outcome == outcome
    ]
    return [_entry(row) for row in found]


def _entry(row: Contrast) -> Entry:
    study = studies()[row.study]
    twins = [each for each in studies().values() if each.trial_key == row.trial_key]
    figures = row.data()
    is_recall = figures["verified"] == RECALL
    return Entry(
        contrast_id=row.contrast_id,
        study=row.study,
        trial_key=row.trial_key,
        label=study.label,
        year=study.year,
        indication=row.indication,
        route=row.route,
        treatment=_treatment(row),
        control=_control(row),
        control_kind=row.control,
        outcome=row.outcome,
        scale_key=row.scale,
        time_h=row.time_h,
        primary_time_h=next((each.primary_time_h for each in twins if each.primary_time_h is not None), None),
        primary_scale=study.primary_scale,
        dose_mg_per_kg_racemic_iv=row.dose_mg_per_kg_racemic_iv,
        risk_of_bias=next((each.risk_of_bias for each in twins if each.risk_of_bias != "not stated"), "not stated"),
        # A figure from memory never counts, whatever the table says of its comparison.
        in_pooling=row.in_pooling and not is_recall,
        why_not=row.why_not or ("from recall" if is_recall else ""),
        note=row.note,
        figures=figures,
        within=study.within,
    )


def own_entries(
    file: str | os.PathLike[str], indications: tuple[str, ...], treatment: str, outcome: str
) -> list[Entry]:
    """Comparisons of the user's file for the same request; InputError where something is wrong or nothing fits."""
    rows = read_study_file(file)
    found = [row for row in rows if row.indication in indications and row.drug == treatment and row.outcome == outcome]
    if not found:
        held = "; ".join(dict.fromkeys(f"{row.indication} {row.drug} {row.outcome}" for row in rows))
        wanted = f"{' or '.join(indications)} {treatment} {outcome}"
        raise InputError(f"{Path(file).name}: no row fits {wanted}; it must hold one, it has {held}")
    return [_own_entry(row) for row in found]


def _own_entry(row: ImportedContrast) -> Entry:
    return Entry(
        contrast_id=row.contrast_id,
        study=row.study,
        trial_key=row.trial_key,
        label=row.label,
        year=row.year,
        indication=row.indication,
        route=row.route,
        treatment=row.drug,
        control=f"{row.control} control",
        control_kind=row.control,
        outcome=row.outcome,
        scale_key=row.scale,
        time_h=row.time_h,
        primary_time_h=None,
        primary_scale="",
        dose_mg_per_kg_racemic_iv=row.dose_mg_per_kg_racemic_iv,
        risk_of_bias=row.risk_of_bias,
        in_pooling=row.in_pooling,
        why_not=row.why_not,
        note=row.note,
        figures=row.data(),
        is_user=True,
    )


def _named(row: Contrast, names: str) -> list[Arm]:
    wanted = names.split(_SEPARATOR)
    return [arm for arm in arms(row.study) if arm.arm in wanted]


def _treatment(row: Contrast) -> str:
    drugs = list(dict.fromkeys(arm.drug for arm in _named(row, row.treatment_arm) if arm.drug)) or [row.drug]
    return " ".join(part for part in (" or ".join(drugs), row.dose.replace(_SEPARATOR, ", "), row.route) if part)


def _control(row: Contrast) -> str:
    drugs = dict.fromkeys(arm.drug for arm in _named(row, row.control_arm) if arm.drug)
    return " or ".join(drugs) or f"{row.control} control"
