"""A table that fits the terminal: what has no room in the line of a row stands in words below it."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest

from ketascope.report.format import NOT_SHOWN

_GAP = "  "
_INDENT = "    "
_RULE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"


def fitted_lines(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    *,
    right: Collection[int] = (),
    smallest: Mapping[int, int] | None = None,
    below: Sequence[int] = (),
    untitled: Collection[int] = (),
    drawing: int | None = None,
) -> list[str]:
    """Lines of the table, none longer than `width`, headings and a rule first.

    right: columns set flush right. smallest: columns whose texts may run over several lines, with the width that they
    keep at least. below: columns in the order in which they leave the line where there is no room (then the others
    from the right; the first column never does). untitled: columns that need no heading there. drawing: a column
    without words, which is left out instead.
    """
    order = [*below, *(index for index in reversed(range(1, len(head))) if index not in below)]
    shown = list(range(len(head)))
    moved: list[int] = []
    while len(shown) > 1 and _total(_widths(head, rows, shown, width, smallest or {})) > width:
        moved.append(order.pop(0))
        shown.remove(moved[-1])
    for index in moved[:-1]:
        # A wide column that went last may leave room for one that went before it.
        if _total(_widths(head, rows, [*shown, index], width, smallest or {})) <= width:
            shown = sorted([*shown, index])
    moved = [index for index in moved if index not in shown and index != drawing]
    widths = _widths(head, rows, shown, width, smallest or {})
    lines = [*_row_lines(head, widths, right), _RULE * _total(widths)]
    for row in rows:
        lines += _row_lines(row, widths, right)
        lines += _lines_below(head, row, moved, untitled, width)
    return lines


def _widths(
    head: Sequence[str], rows: Sequence[Sequence[str]], shown: Sequence[int], width: int, smallest: Mapping[int, int]
) -> dict[int, int]:
    """Width of each column in the line: as wide as its texts, less what those that may be broken can spare."""
    widths = {index: max(len(row[index]) for row in (head, *rows)) for index in shown}
    for index in smallest:
        excess = _total(widths) - width
        if index in widths and excess > 0:
            widths[index] -= min(excess, max(0, widths[index] - smallest[index]))
    if len(shown) == 1:
        widths[shown[0]] = min(widths[shown[0]], width)
    return widths


def _total(widths: Mapping[int, int]) -> int:
    return sum(widths.values()) + len(_GAP) * (len(widths) - 1)


def _row_lines(cells: Sequence[str], widths: Mapping[int, int], right: Collection[int]) -> list[str]:
    columns = [_broken(cells[index], width) for index, width in widths.items()]
    lines = []
    for parts in zip_longest(*columns, fillvalue=""):
        padded = [
            part.rjust(width) if index in right else part.ljust(width)
            for part, (index, width) in zip(parts, widths.items(), strict=True)
        ]
        lines.append(_GAP.join(padded).rstrip())
    return lines


def _lines_below(
    head: Sequence[str], row: Sequence[str], moved: Sequence[int], untitled: Collection[int], width: int
) -> list[str]:
    text = ""
    for index in moved:
        if row[index] not in ("", NOT_SHOWN):
            between = "" if not text else " " if text.endswith(".") else "; "
            text += between + (row[index] if index in untitled else f"{head[index]}: {row[index]}")
    return [_INDENT + line for line in _broken(text, width - len(_INDENT))] if text else []


def _broken(text: str, width: int) -> list[str]:
    # A text that fits is kept as it is: a drawing begins with spaces.
    return [text] if len(text) <= width else textwrap.wrap(text, width, break_on_hyphens=False)
