"""Data files of the package: every number about drugs, people and trials lives here, not in code."""

from __future__ import annotations

import difflib
import functools
import tomllib
from pathlib import Path
from typing import Any

from ketascope.errors import INSTALL_AGAIN, InputError

__all__ = ["load", "names"]

_FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Names that `load` knows, in alphabetical order."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@functools.cache
def load(name: str) -> dict[str, Any]:
    """Read the data file NAME.toml once; every caller shares the result, so treat it as read-only."""
    known = names()
    # Only listed names are opened, so a name can never lead out of the folder.
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise InputError(f"unknown data file {name!r}{hint} Data files: {', '.join(known)}")
    with (_FOLDER / f"{name}.toml").open("rb") as file:
        try:
            return tomllib.load(file)
        except (ValueError, RecursionError) as error:
            raise InputError(f"the data file {name}.toml is damaged: {error}; {INSTALL_AGAIN}") from None
