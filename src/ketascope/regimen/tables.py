"""A regimen's event table as fixed-width text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["event_text"]

_COLUMNS = (
    ("time_h", "time h", 9, ".2f"),
    ("drug", "drug", -13, "s"),
    ("route", "route", -7, "s"),
    ("amount_mg", "mg", 8, ".6g"),
    ("duration_h", "over min", 8, ".6g"),
    ("session", "session", 7, "d"),
    ("device", "device", 6, "d"),
)
_MINUTES_PER_HOUR = 60.0


def event_text(rows: Sequence[Mapping[str, float | int | str]], *, most_rows: int | None = None) -> str:
    """`Regimen.event_table` as aligned text; beyond `most_rows` the middle is left out, and says so."""
    lines = [" ".join(_pad(title, width) for _, title, width, _ in _COLUMNS).rstrip()]
    body = [" ".join(_cell(row, *column) for column in _COLUMNS).rstrip() for row in rows]
    if most_rows is not None and len(body) > most_rows:
        tail = most_rows // 2
        left_out = f"... {len(body) - most_rows} more rows ..."
        body = [*body[: most_rows - tail], left_out, *body[len(body) - tail :]]
    return "\n".join([*lines, *body])


def _cell(row: Mapping[str, float | int | str], name: str, _title: str, width: int, form: str) -> str:
    value = row[name]
    if name == "duration_h":
        # A dose given at once has no duration, and a zero would look like a measured one.
        value = float(value) * _MINUTES_PER_HOUR
        return _pad(format(value, form) if value else "-", width)
    if name == "device" and not value:
        return _pad("-", width)
    return _pad(format(value, form), width)


def _pad(text: str, width: int) -> str:
    return text.rjust(width) if width > 0 else text.ljust(-width)
