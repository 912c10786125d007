"""Scores and dissociation of a data set beside the band that the model gives for people like that; never fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ketascope.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ketascope.exchange.nonmem_data import Subject

PATIENTS = 400
LEAST_HORIZON_H = 24.0
SERIES = {"score": "score", "dissociation": "dissociation"}


def check_indication(subjects: Sequence[Subject], indication: str | None) -> None:
    """Raise InputError where scores stand in the data and nobody says on which scale, or for an unknown indication."""
    from ketascope.model.symptoms import load_indication

    if indication is not None:
        load_indication(indication)
        return
    for subject in subjects:
        for item in subject.observations:
            if item.analyte == "score":
                raise InputError(
                    f"row {item.row}, column ANALYTE: a score needs its scale; name the indication: gad, sad, "
                    "ptsd, ocd or mdd (option --indication)"
                )


def score_rows(subject: Subject, indication: str | None, sampling: str, seed: int) -> list[dict[str, Any]]:
    """Observed scores with median and central 95% of simulated people who get the same doses; [] without such rows.

    The band holds how people differ, not the error of a rating by itself.
    """
    from ketascope.one_regimen import simulate

    wanted = [item for item in subject.observations if item.analyte in SERIES]
    if not wanted:
        return []
    person = subject.person
    times = sorted({item.time_h for item in wanted})
    simulated = simulate(
        subject.regimen,
        indication=indication,
        weight_kg=person.weight_kg,
        age_years=person.age_years,
        sex=person.sex,
        hepatic=person.hepatic,
        until_h=max(LEAST_HORIZON_H, times[-1]),
        patients=PATIENTS,
        seed=seed,
        sampling=sampling,
        times_h=times,
    ).document()
    rows: list[dict[str, Any]] = []
    for item in wanted:
        series = simulated["series"].get(SERIES[item.analyte])
        index = simulated["times_h"].index(item.time_h)
        band: dict[str, Any] = {
            key: None if series is None else series[key][index] for key in ("median", "low", "high")
        }
        is_known = band["median"] is not None
        rows.append(
            {
                "row": item.row,
                "analyte": item.analyte,
                "time_h": item.time_h,
                "observed": item.value,
                **band,
                "inside": bool(band["low"] <= item.value <= band["high"]) if is_known else None,
            }
        )
    return rows
