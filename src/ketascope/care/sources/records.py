"""Lines of a separated file as records, so that one broken quotation mark costs one row and not the rest."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# A quoted cell may hold line breaks; one that goes on longer than this was never closed.
LONGEST_RECORD_LINES = 50
_LARGEST_CELL = 2**24


class Record(NamedTuple):
    """The cells of one record, None where its quotation marks do not match; `line` counts from 0."""

    line: int
    cells: list[str] | None
    text: str


def cells_of(text: str, separator: str = ",") -> list[str] | None:
    """The cells of one record, None where its quotation marks are wrong."""
    if '"' not in text:
        return text.split(separator)
    csv.field_size_limit(_LARGEST_CELL)
    try:
        (cells,) = csv.reader([text], delimiter=separator, strict=True)
    except (csv.Error, ValueError):
        return None
    return cells


def joined_cells(lines: Sequence[str], first: int, width: int, separator: str = ",") -> tuple[list[str] | None, int]:
    """The record of `width` cells that begins in a line with an odd quotation mark, and the line after it.

    Where the lines up to the next odd mark do not make such a record, the first line stands alone as a broken one.
    """
    text = lines[first]
    for last in range(first + 1, min(len(lines), first + LONGEST_RECORD_LINES)):
        text += "\n" + lines[last]
        if lines[last].count('"') % 2:
            cells = cells_of(text, separator)
            if cells is not None and len(cells) == width:
                return cells, last + 1
            break
    return None, first + 1


def records(lines: Sequence[str], first: int, width: int, separator: str = ",") -> Iterator[Record]:
    """The records from line `first` on; blank lines are passed over."""
    number = first
    while number < len(lines):
        text = lines[number]
        following = number + 1
        if text.strip():
            if text.count('"') % 2:
                cells, following = joined_cells(lines, number, width, separator)
            else:
                cells = cells_of(text, separator)
            yield Record(number, cells, text)
        number = following
