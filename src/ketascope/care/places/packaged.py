"""The packaged tables that places are looked up in, each read once."""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator
from importlib import resources
from typing import Any

from ketascope.files import packaged_toml


def table_text(name: str) -> str:
    """A packaged file of the care tables as text."""
    return resources.files("ketascope.care").joinpath("data", name).read_text(encoding="utf-8")


def table_rows(name: str) -> Iterator[list[str]]:
    """The rows of a packaged CSV table, without its heading."""
    rows = csv.reader(table_text(name).splitlines())
    next(rows)
    return rows


@functools.cache
def settings() -> dict[str, Any]:
    """The packaged `places.toml`: margins with their reasons, short forms of words, names of other countries."""
    return packaged_toml("care/data/places.toml")
