"""The registry's file block by block: persons are dropped and broken lines named before anything is parsed.

The file has 330 columns and millions of rows, most of them persons. The first two cells tell a person's line from the
others, so only the others (organisations and switched-off numbers) are counted cell by cell and handed on.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np

from ketascope.care.facility import Rejected
from ketascope.care.sources.records import LONGEST_RECORD_LINES, cells_of, joined_cells

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK_BYTES = 16 * 2**20
_NEWLINE, _RETURN, _QUOTE, _COMMA, _POINT, _PERSON, _ZERO, _NINE = (ord(sign) for sign in '\n\r",.109')
_NPI_DIGITS = 10
_LONGEST_LINE_BYTES = 2**20
# A line shorter than a number and its type cannot be told apart by its first bytes.
_PADDING = bytes(32)


@dataclass(frozen=True)
class Layout:
    """How the lines of a file are written: number of columns, whether all cells are quoted, where the type stands."""

    width: int
    quoted: bool
    # Whether the first two columns are the number and the type, so that a person's line shows at its start.
    type_is_second: bool
    type_index: int
    person: str


@dataclass
class Block:
    """What a block of lines holds: `text` are whole records to parse, their line numbers beside them."""

    text: bytes = b""
    lines: list[NDArray[np.int64]] = field(default_factory=list)
    bytes_read: int = 0
    read: int = 0
    persons: int = 0
    rejected: list[Rejected] = field(default_factory=list)

    def line_numbers(self) -> NDArray[np.int64]:
        """Line numbers in the file, counted from 1, of the records in `text`."""
        return np.concatenate(self.lines) if self.lines else np.zeros(0, dtype=np.int64)


class _Lines(NamedTuple):
    """Where each line of a block begins and ends, and which are blank or a person's."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    blank: NDArray[np.bool_]
    person: NDArray[np.bool_]


def blocks(
    stream: IO[bytes], layout: Layout, first_line: int, block_bytes: int = BLOCK_BYTES
) -> Generator[Block, None, None]:
    """The rest of the stream in blocks of whole records; `first_line` is the number of its next line."""
    rest = b""
    # Unpacking goes on in a thread of its own while the block before it is looked through.
    with ThreadPoolExecutor(max_workers=1) as reader:
        coming = reader.submit(stream.read, block_bytes)
        while True:
            piece = coming.result()
            text = rest + piece
            if not text:
                return
            if piece:
                coming = reader.submit(stream.read, block_bytes)
                end = text.rfind(b"\n") + 1
                # No line of the registry is this long: without an end it goes on as one broken line.
                if not end and len(text) >= _LONGEST_LINE_BYTES:
                    end = len(text)
                text, rest = text[:end], text[end:]
                if not text:
                    continue
            block, unread, lines = _sorted_out(text, layout, first_line, final=not piece)
            block.bytes_read = len(text) - len(unread)
            first_line += lines
            yield block
            if not piece:
                return
            rest = unread + rest


def _sorted_out(text: bytes, layout: Layout, first_line: int, final: bool) -> tuple[Block, bytes, int]:
    """The block, the bytes of a last record that goes on in the next block, and the number of lines dealt with."""
    signs = np.frombuffer(text + _PADDING, dtype=np.uint8)
    ends = np.flatnonzero(signs == _NEWLINE)
    if not len(ends) or ends[-1] != len(text) - 1:
        ends = np.append(ends, len(text))
    starts = np.concatenate([[0], ends[:-1] + 1])
    blank = (ends - starts <= 1) & ((ends == starts) | (signs[starts] == _RETURN))
    person = _persons(signs, starts, layout) & ~blank
    last = len(starts) - 1 - int(np.argmin(blank[::-1]))
    if not final and person[last] and _odd(text, starts, ends, last):
        # A person's record that goes on in the next block.
        start = int(starts[last])
        if not start:
            return Block(), text, 0
        block, unread, lines = _sorted_out(text[:start], layout, first_line, final)
        return block, unread + text[start:], lines
    others = np.flatnonzero(~person & ~blank)
    kept = b"".join(
        [text[start : end + 1] for start, end in zip(starts[others].tolist(), ends[others].tolist(), strict=True)]
    )
    if kept and not kept.endswith(b"\n"):
        kept += b"\n"
    whole = _whole_lines(kept, layout)
    block = Block(read=int(len(starts) - blank.sum()), persons=int(person.sum()))
    if whole.all():
        block.text = kept
        block.lines.append(others + first_line)
        return block, b"", len(starts)
    return _mended(block, text, layout, _Lines(starts, ends, blank, person), others, whole, first_line, final)


def _persons(signs: NDArray[np.uint8], starts: NDArray[np.int64], layout: Layout) -> NDArray[np.bool_]:
    if not layout.type_is_second:
        return np.zeros(len(starts), dtype=np.bool_)
    digit = starts + layout.quoted
    comma = digit + _NPI_DIGITS + layout.quoted
    kind = comma + 1 + layout.quoted
    found = (signs[comma] == _COMMA) & (signs[kind] == _PERSON)
    for place in range(_NPI_DIGITS):
        found &= (signs[digit + place] >= _ZERO) & (signs[digit + place] <= _NINE)
    after = signs[kind + 1]
    if layout.quoted:
        found &= (signs[starts] == _QUOTE) & (signs[comma - 1] == _QUOTE) & (signs[comma + 1] == _QUOTE)
        return found & ((after == _QUOTE) | (after == _POINT))
    return found & ((after == _COMMA) | (after == _POINT))


def _whole_lines(text: bytes, layout: Layout) -> NDArray[np.bool_]:
    """For each line, whether it is a record of the right number of cells beyond doubt; doubtful ones are parsed."""
    signs = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(signs == _NEWLINE)
    if not len(ends):
        return np.zeros(0, dtype=np.bool_)
    starts = np.concatenate([[0], ends[:-1] + 1])
    quote = signs == _QUOTE
    comma = signs == _COMMA
    if layout.quoted:
        comma[1:-1] &= quote[:-2] & quote[2:]
    quotes, commas = _counts(quote, starts), _counts(comma, starts)
    if not layout.quoted:
        return (quotes == 0) & (commas == layout.width - 1)
    last = ends - 1 - (signs[np.maximum(ends - 1, 0)] == _RETURN)
    closed = (signs[starts] == _QUOTE) & (signs[np.maximum(last, 0)] == _QUOTE)
    return closed & (quotes == 2 * layout.width) & (commas == layout.width - 1)


def _counts(found: NDArray[np.bool_], starts: NDArray[np.int64]) -> NDArray[np.uint32]:
    """How many there are in each line. One type throughout: changing it on the way takes ten times as long."""
    return np.add.reduceat(found.astype(np.uint32), starts, dtype=np.uint32)


def _mended(
    block: Block,
    text: bytes,
    layout: Layout,
    split: _Lines,
    others: NDArray[np.int64],
    whole: NDArray[np.bool_],
    first_line: int,
    final: bool,
) -> tuple[Block, bytes, int]:
    """The block with its doubtful lines parsed one by one: joined, written anew, counted as persons or rejected."""
    starts, ends, blank, person = split
    good = others[whole]
    doubtful = others[~whole]
    mended, mended_lines = io.StringIO(), []
    writer = csv.writer(mended, quoting=csv.QUOTE_ALL, lineterminator="\n")
    following, stop = 0, len(starts)
    for number in doubtful.tolist():
        if number < following:
            continue
        before = _before(number, blank)
        if before >= 0 and person[before] and _odd(text, starts, ends, before):
            around = _lines_from(text, starts, ends, before)
            if _goes_on(around, len(starts) - before, final):
                stop = before
                break
            joined, after = joined_cells(around, 0, layout.width)
            if joined is not None:
                # The rest of a person's record: its first line has been counted, these lines are no rows.
                following = before + after
                block.read -= int((~blank[before + 1 : following]).sum())
                continue
        if _odd(text, starts, ends, number):
            lines = _lines_from(text, starts, ends, number)
            if _goes_on(lines, len(starts) - number, final):
                stop = number
                break
            cells, after = joined_cells(lines, 0, layout.width)
        else:
            cells, after = cells_of(_lines_from(text, starts, ends, number, 1)[0]), 1
        following = number + after
        block.read -= int((~blank[number + 1 : following]).sum())
        if cells is None or len(cells) != layout.width:
            block.rejected.append(_broken(number + first_line, cells, layout.width))
        elif cells[layout.type_index].strip().removesuffix(".0") == layout.person:
            block.persons += 1
        else:
            writer.writerow(cells)
            mended_lines.append(number + first_line)
    if stop < len(starts):
        # What follows an unfinished record is read again with the next block.
        block.read -= int((~blank[stop:]).sum())
        block.persons -= int(person[stop:].sum())
        good = good[good < stop]
    block.text = b"".join([text[starts[at] : ends[at]] + b"\n" for at in good.tolist()])
    block.text += mended.getvalue().encode("utf-8")
    block.lines = [good + first_line, np.array(mended_lines, dtype=np.int64)]
    unread = text[starts[stop] :] if stop < len(starts) else b""
    return block, unread, stop


def _lines_from(
    text: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64], first: int, count: int = LONGEST_RECORD_LINES
) -> list[str]:
    last = min(len(starts), first + count)
    return [text[starts[at] : ends[at]].decode("utf-8", "replace").rstrip("\r") for at in range(first, last)]


def _odd(text: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64], line: int) -> bool:
    return text.count(b'"', int(starts[line]), int(ends[line])) % 2 == 1


def _before(line: int, blank: NDArray[np.bool_]) -> int:
    """The line before this one that is not blank; -1 where there is none."""
    line -= 1
    while line >= 0 and blank[line]:
        line -= 1
    return line


def _goes_on(lines: list[str], lines_left: int, final: bool) -> bool:
    """Whether the record that begins in the first line may end in the next block."""
    closed = any(line.count('"') % 2 for line in lines[1:])
    return not final and lines_left < LONGEST_RECORD_LINES and not closed


def _broken(line: int, cells: list[str] | None, width: int) -> Rejected:
    if cells is None:
        return Rejected(line, "row", "", "a quotation mark is opened and never closed, or closed too early")
    return Rejected(line, "row", f"{len(cells)} cells", f"the heading has {width} columns")
