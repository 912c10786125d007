"""What every chart function returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Row = dict[str, str | float | None]


@dataclass(frozen=True)
class Chart:
    """One chart: a Vega-Lite specification with the same content as words and as a table."""

    id: str
    title: str
    spec: dict[str, Any]
    summary: str
    table: list[Row]
    draws_values: bool = True
    """False where the drawing holds no value to point at, only words."""
