"""Interactions as a check: areas with and without another medicine, predicted from what it does to enzymes.

No figure of `data/pk_interactions.csv` informed the pooled model: the activities in `model/interactions.toml` come from
other drugs that test one enzyme. The one exception, norketamine under rifampicin, is marked.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from ketascope.evidence.pk_observed import ANALYTES, CHECK_GRADES
from ketascope.people import Person, load_interactions

POINTS = 3000
FIRST_H = 1e-3


@lru_cache(maxsize=1)
def load() -> tuple[dict[str, str], ...]:
    """The observed ratios. Raises ValueError for a row that names what the model does not have."""
    text = (resources.files("ketascope.evidence") / "data" / "pk_interactions.csv").read_text(encoding="utf-8")
    rows = tuple(csv.DictReader(io.StringIO(text)))
    for number, row in enumerate(rows, start=2):
        known = (
            row["interaction"] in load_interactions()
            and row["analyte_key"] in ANALYTES
            and row["verified"] in CHECK_GRADES
        )
        if not known:
            raise ValueError(f"pk_interactions.csv row {number}: unknown interaction, analyte or check grade")
    return rows


def predicted_ratios() -> list[dict[str, Any]]:
    """Every observed ratio of areas with the one that the pooled model predicts."""
    return [_row(row) for row in load()]


def _row(row: Mapping[str, str]) -> dict[str, Any]:
    observed = float(row["auc_ratio"])
    predicted = _ratio(row)
    measured = load_interactions()[row["interaction"]]
    fitted = row["analyte_key"].endswith("norketamine") and measured["norketamine_clearance_ratio"] != 1.0
    return {
        "interaction": row["interaction"],
        "sentence": row["sentence"],
        "analyte": row["analyte_key"],
        "sampling": row["sampling"],
        "observed": observed,
        "predicted": predicted,
        "predicted_over_observed": predicted / observed,
        "set_by_this_figure": fitted,
        "counts": row["verified"] != "recall" and not fitted,
        "verified": row["verified"],
        "source": row["source"],
        "note": row["note"],
    }


def _ratio(row: Mapping[str, str]) -> float:
    import numpy as np

    from ketascope.model.exposure import typical_concentrations
    from ketascope.regimen import parse

    times = np.concatenate([[0.0], np.geomspace(FIRST_H, float(row["auc_to_h"]), POINTS)])
    areas = []
    for interactions in ((row["interaction"],), ()):
        person = Person(interactions=interactions)
        curves = typical_concentrations(parse(row["sentence"]).doses(person.weight_kg), person, row["sampling"], times)
        areas.append(float(np.trapezoid(sum(curves[name] for name in ANALYTES[row["analyte_key"]]), times)))
    return areas[0] / areas[1]
