"""Data files of the package: every number about drugs, people and trials lives here, not in code."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ketascope.errors import InputError, unknown
from ketascope.files import toml_of

__all__ = ["load", "names", "through_fallbacks"]

_FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Names that `load` knows, in alphabetical order."""
    files = {path.stem for path in _FOLDER.glob("*.toml")}
    return tuple(sorted(files | {path.parent.name for path in _FOLDER.glob("*/*.toml")}))


@functools.cache
def load(name: str) -> dict[str, Any]:
    """Read the data file NAME.toml, or the folder NAME of such files, once.

    The files of a folder are parts of one table: what stands under other names is put side by side, rows of the same
    name one after another. A file's `listed` is its place among them. Every caller shares the result, so treat it as
    read-only. Raises InputError for a name that is not there, and for a file that cannot be read.
    """
    known = names()
    # Only listed names are opened, so a name can never lead out of the folder.
    if name not in known:
        raise InputError(unknown("data file", name, known))
    whole = _FOLDER / f"{name}.toml"
    return toml_of(whole, whole.name) if whole.is_file() else _joined(_FOLDER / name)


def through_fallbacks(
    table: Mapping[str, Any], rows: Mapping[str, Any], key: str
) -> tuple[Mapping[str, Any] | None, str]:
    """A row, or the one that stands in for it by the table's `fallback`, with its key; None where the last has none."""
    while key not in rows:
        if key not in table["fallback"]:
            return None, key
        key = table["fallback"][key]
    return rows[key], key


def _joined(folder: Path) -> dict[str, Any]:
    files = sorted(folder.glob("*.toml"))
    parts = [(file, toml_of(file, _told(file))) for file in files]
    parts.sort(key=lambda part: part[1].pop("listed", len(files)))
    whole: dict[str, Any] = {}
    for file, part in parts:
        for key, value in part.items():
            if key not in whole:
                whole[key] = value
            elif isinstance(value, list) and isinstance(whole[key], list):
                whole[key] = [*whole[key], *value]
            else:
                raise InputError(f"the data file {_told(file)} is damaged: '{key}' stands in another one as well")
    return whole


def _told(file: Path) -> str:
    return file.relative_to(_FOLDER).as_posix()
