"""The courses of a simulation as tables: a handful of times that a reader asks for, medians with 95% of patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.one_regimen import STANDARD_TIMES_H
from ketascope.report import format as fmt

MOST_TIMES = 14
NOTHING_LEFT = 1e-3  # of its peak: rows where every value is below it are left out
# Table title -> (series, heading, kind of number)
TABLES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "Plasma and receptor": (
        ("ketamine_ng_per_ml", "ketamine, ng/mL", "concentration"),
        ("norketamine_ng_per_ml", "norketamine, ng/mL", "concentration"),
        ("effect_site_ng_per_ml", "S-ketamine at the effect site, ng/mL", "concentration"),
        ("block", "NMDA block, %", "percent_of_one"),
    ),
    "Brain and score": (
        ("glutamate_fold", "glutamate, fold", "fold"),
        ("plasticity", "plasticity, 0 to 1", "fraction"),
        ("score", "score, points", "points"),
    ),
    "Acute effects": (
        ("dissociation", "dissociation, CADSS points", "points"),
        ("systolic_rise_mmhg", "systolic rise, mmHg", "pressure"),
    ),
}

Rows = list[tuple[str, ...]]


def shown_times(times_h: Sequence[float]) -> list[int]:
    """Positions of the times to show: all where they are few, else those nearest to the times readers ask for."""
    if len(times_h) <= MOST_TIMES:
        return list(range(len(times_h)))
    near = (min(range(len(times_h)), key=lambda i: abs(times_h[i] - asked)) for asked in STANDARD_TIMES_H)
    return sorted({i for i in near if times_h[i] > 0.0})


def course_tables(simulation: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...], Rows]]:
    """Title, headings and rows of each table that has anything to show."""
    tables = []
    at = shown_times(simulation["times_h"])
    for title, columns in TABLES.items():
        present = [column for column in columns if column[0] in simulation["series"]]
        if not present:
            continue
        peaks = {name: _peak(simulation["series"][name]) for name, _, _ in present}
        kept = [i for i in at if any(_left(simulation["series"][name], i, peaks[name]) for name, _, _ in present)]
        rows: Rows = [
            (
                _time(simulation["times_h"][i]),
                *(_value(simulation["series"][name], i, kind) for name, _, kind in present),
            )
            for i in kept
        ]
        tables.append((title, ("time", *(heading for _, heading, _ in present)), rows))
    return tables


def _peak(series: Mapping[str, Sequence[float | None]]) -> float:
    return max((abs(value) for value in series["median"] if value is not None), default=0.0)


def _left(series: Mapping[str, Sequence[float | None]], index: int, peak: float) -> bool:
    value = series["median"][index]
    return value is None or abs(value) > NOTHING_LEFT * peak or peak == 0.0


def _time(time_h: float) -> str:
    return fmt.duration(time_h) if time_h else "first dose"


def _value(series: Mapping[str, Sequence[float | None]], index: int, kind: str) -> str:
    quantity = {name: series[name][index] for name in ("median", "low", "high")}
    return fmt.with_interval(None if quantity["median"] is None else quantity, kind)
