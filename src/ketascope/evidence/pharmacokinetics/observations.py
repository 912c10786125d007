"""The rows that inform a fit or test it: their values, what is known of their error, and their study."""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from ketascope.errors import InputError
from ketascope.evidence.pk_observed import ObservedRow, load
from ketascope.regimen import parse

UNKNOWN_PEOPLE = 8
MOST_VARIABLE = 3.0
"""An SD of more than this many times its mean is not one: such a cell holds another unit."""
STEP_H = 0.1
"""A digitised curve is smeared this long after the infusion rate changes."""
STEP_WORDS = ("straddle a step", "rate change")
"""How the table says that readings of a curve at a change of rate are in doubt."""
PARTS: tuple[str, ...] = ("training", "test")
FULL_CURVE_ROWS = 6
"""Points of one digitised curve count as at most this many: neighbours share the error of the reading."""


@dataclass(frozen=True)
class Observation:
    """One row with its group of volunteers and the error that belongs to the figure itself (log scale)."""

    row: ObservedRow
    study: str
    value: float
    error_sd: float
    weight: float


@lru_cache(maxsize=1)
def load_studies() -> dict[str, dict[str, Any]]:
    """Groups of volunteers by key. Raises InputError for an unknown part or a study in two groups."""
    file = resources.files("ketascope.evidence") / "data" / "pk_studies.toml"
    groups: dict[str, dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))
    seen: dict[str, str] = {}
    for key, group in groups.items():
        if group["part"] not in PARTS:
            raise InputError(f"pk_studies.toml: part '{group['part']}' of '{key}' is none of {', '.join(PARTS)}")
        for study in group["studies"]:
            if study in seen:
                raise InputError(f"pk_studies.toml: '{study}' stands in '{seen[study]}' and in '{key}'")
            seen[study] = key
    return groups


@lru_cache(maxsize=1)
def group_of_study() -> dict[str, str]:
    """Group of volunteers by the study's name in the observed table."""
    return {study: key for key, group in load_studies().items() for study in group["studies"]}


def part_of(row: ObservedRow) -> str | None:
    """`training`, `test`, or None for a study that is on neither side."""
    key = group_of_study().get(row.study)
    return None if key is None else str(load_studies()[key]["part"])


def observations(part: str | None = None) -> list[Observation]:
    """Rows that a fit can use, of one part or of both, in the order of the table."""
    if part is not None and part not in PARTS:
        raise InputError(f"part '{part}' is unknown; parts: {', '.join(PARTS)}")
    rows = [row for row in load() if row.compared and part_of(row) is not None and part in (None, part_of(row))]
    return [_observation(row, rows) for row in rows]


def _observation(row: ObservedRow, rows: Sequence[ObservedRow]) -> Observation:
    assert row.value_norm is not None
    spread = _log_sd(row)
    value = row.value_norm
    if spread is not None and "median" not in row.statistic and "geometric" not in row.statistic:
        # The model predicts the middle of the people; for a log-normal spread that is below their mean.
        value = value * math.exp(-0.5 * spread**2)
    own = 0.0 if spread is None else spread / math.sqrt(_people(row))
    errors = _errors()
    reading = errors["digitised"] if _digitised(row) else errors[row.verified]
    if "weak" in row.note:
        reading = errors["digitised_weak"]
    kind = errors.get(row.statistic_kind, 0.0)
    if _at_a_step(row):
        kind = errors["digitised_step"]
    curve = Counter((r.study, r.sentence, r.analyte_key) for r in rows if r.statistic_kind == "concentration")
    points = curve[row.study, row.sentence, row.analyte_key] if row.statistic_kind == "concentration" else 1
    weight = min(1.0, FULL_CURVE_ROWS / points) if _digitised(row) else 1.0
    return Observation(row, group_of_study()[row.study], value, math.sqrt(own**2 + reading**2 + kind**2), weight)


@lru_cache(maxsize=1)
def _errors() -> dict[str, float]:
    file = resources.files("ketascope.evidence") / "data" / "pk_errors.toml"
    rows: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: float(row["sd"]) for name, row in rows.items()}


def _digitised(row: ObservedRow) -> bool:
    return "digitis" in row.source or "digitis" in row.note


def _at_a_step(row: ObservedRow) -> bool:
    """Whether a curve that was read off a figure was read where the infusion rate changes, or within minutes of it."""
    if not any(words in row.note for words in STEP_WORDS) or row.sample_time_h is None or row.weight_kg is None:
        return False
    doses = parse(row.sentence).doses(row.weight_kg)
    changes = [dose.time_h for dose in doses] + [dose.time_h + (dose.duration_h or 0.0) for dose in doses]
    return any(0.0 < change <= row.sample_time_h + 1e-9 < change + STEP_H for change in changes)


def _people(row: ObservedRow) -> int:
    """People behind a figure: the smaller number of a range, half of two groups, 8 where none is given."""
    words = row.n.replace("-", " ").split()
    count = int(words[0]) if words and words[0].isdigit() else UNKNOWN_PEOPLE
    return max(count // 2 if "two groups" in row.n else count, 1)


def _log_sd(row: ObservedRow) -> float | None:
    """SD between people on the log scale, from a printed SD or geometric SD; None where the table gives neither."""
    try:
        spread, shown = float(row.spread), float(row.value)
    except ValueError:
        return None
    if row.spread_type == "geometric SD" and spread > 1.0:
        return math.log(spread)
    if row.spread_type == "SD" and 0.0 < spread / shown < MOST_VARIABLE:
        return math.sqrt(math.log1p((spread / shown) ** 2))
    return None
