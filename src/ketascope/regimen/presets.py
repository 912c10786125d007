"""The options that people compare when they name none themselves."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

from ketascope.errors import InputError, unknown
from ketascope.files import packaged_toml

__all__ = ["Option", "load_presets"]

Kind = Literal["active", "placebo", "untreated"]


@dataclass(frozen=True)
class Option:
    """Something to compare: a dose sentence, or none for placebo and no treatment."""

    id: str
    label: str
    sentence: str | None
    kind: Kind
    indications: tuple[str, ...] = ()
    source: str = ""
    grade: str = ""


def load_presets(indication: str | None = None) -> tuple[Option, ...]:
    """The preset options of an indication in their order of display.

    Without an indication each id appears once, in the form that most indications use.
    """
    if indication is None:
        first: dict[str, Option] = {}
        for option in _all_presets():
            first.setdefault(option.id, option)
        return tuple(first.values())
    known = tuple(dict.fromkeys(name for option in _all_presets() for name in option.indications))
    if indication not in known:
        raise InputError(unknown("indication", indication, known))
    return tuple(option for option in _all_presets() if indication in option.indications)


@functools.cache
def _all_presets() -> tuple[Option, ...]:
    rows = packaged_toml("regimen/presets.toml")["preset"]
    return tuple(
        Option(
            id=row["id"],
            label=row["label"],
            sentence=row.get("sentence"),
            kind=row["kind"],
            indications=tuple(row["indications"]),
            source=row["source"],
            grade=row["grade"],
        )
        for row in rows
    )
