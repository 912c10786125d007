"""Tables out of CSV files and workbooks, and the match between their headings and the columns a source has."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ketascope.care.facility import Rejected
from ketascope.care.sources.records import records
from ketascope.care.sources.source_file import SourceCounts
from ketascope.errors import InputError, nearest

EMPTY_ROW = "empty row"
_SEPARATORS = ",;\t"
_CELL = re.compile(rb"""\sr=["']([A-Z]{1,3})([0-9]{1,7})["']""")
# The largest lists have 20,000 rows and 250 columns.
_MOST_CELLS = 20_000_000
_MOST_SHEET_BYTES = 2_000_000_000
_PIECE_BYTES, _LONGEST_CELL_BYTES = 2**20, 20
# A workbook may have a title above its headings.
_ROWS_ABOVE_HEADING = 10


@dataclass(frozen=True)
class Table:
    """One sheet, or one CSV file: rows are (row number counted from 1, cells), None for cells that cannot be told."""

    name: str
    heading: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...] | None], ...]
    above: str = ""


@dataclass(frozen=True)
class Columns:
    """Where each column of a source stands in a table."""

    index: Mapping[str, int]
    # column -> heading under which it was found, where that is not its own name
    renamed: Mapping[str, str]
    extra: tuple[str, ...]

    def notes(self) -> list[str]:
        """What a reader of the totals should know of the headings."""
        found = [f"column '{heading}' read as {column}" for column, heading in self.renamed.items()]
        if self.extra:
            found.append(f"columns not used: {', '.join(self.extra)}")
        return found


def plain(heading: str) -> str:
    """A heading without case, blanks and punctuation."""
    return "".join(re.findall(r"[a-z0-9]", heading.lower()))


def read_csv_table(path: Path) -> Table:
    """The table of a CSV file in UTF-8 or Windows-1252, separated by comma, semicolon or tab."""
    text = _decoded(path)
    first_line = text.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        heading = tuple(cell.strip() for cell in next(reader))
    except (csv.Error, StopIteration):
        raise InputError(f"{path.name}: the first line is not a line of headings") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = records(lines, reader.line_num, len(heading), separator)
    rows = tuple((record.line + 1, None if record.cells is None else tuple(record.cells)) for record in found)
    return Table(path.name, heading, rows)


def read_workbook_tables(path: Path, known: Sequence[Mapping[str, Any]]) -> list[Table]:
    """Every sheet that has rows; its heading is the one of its first rows that fits best to any of `known` columns."""
    import python_calamine

    _check_extent(path)
    try:
        with python_calamine.CalamineWorkbook.from_path(str(path)) as workbook:
            sheets = [
                (name, workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))
                for name in workbook.sheet_names
            ]
    except python_calamine.PasswordError:
        raise InputError(f"{path.name}: the workbook is locked by a password; save it without one") from None
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        reason = tidy_reason(str(error))
        raise InputError(f"{path.name}: the workbook is damaged or cut off ({reason}); download it again") from None
    return [_sheet_table(name, cells, known) for name, cells in sheets if cells]


def _check_extent(path: Path) -> None:
    """Refuse a workbook whose last cell lies so far out that the empty ones before it would fill the memory.

    The reader of workbooks makes room for every cell up to the last; where there is none the whole process ends.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.filename.startswith("xl/worksheets/") and member.filename.endswith(".xml"):
                    with archive.open(member) as stream:
                        _check_sheet(path, stream)
    except InputError:
        raise
    except Exception:  # whatever is wrong with the archive, the reader says it in its own words
        return


def _check_sheet(path: Path, stream: IO[bytes]) -> None:
    row, column, rest, read = 1, 1, b"", 0
    while piece := stream.read(_PIECE_BYTES):
        read += len(piece)
        for letters, digits in set(_CELL.findall(rest + piece)):
            row = max(row, int(digits))
            column = max(column, _column(letters))
        if row * column > _MOST_CELLS or read > _MOST_SHEET_BYTES:
            raise InputError(
                f"{path.name}: a sheet of {row:,} rows and {column:,} columns is no list of places; remove what stands "
                "far below or beside the table, or save it as CSV UTF-8"
            )
        rest = piece[-_LONGEST_CELL_BYTES:]


def _column(letters: bytes) -> int:
    """Number of a column from its letters: A is 1, AA is 27."""
    number = 0
    for sign in letters:
        number = 26 * number + sign - ord("A") + 1
    return number


def tidy_reason(text: str) -> str:
    """A library's message as one short phrase."""
    return " ".join(text.split())[:120].rstrip(".") or "no reason given"


def match_columns(table: Table, spec: Mapping[str, Mapping[str, Any]], where: str) -> Columns:
    """Where the columns of `spec` stand; InputError names the first required one that is missing or doubled."""
    places: dict[str, list[int]] = {}
    for number, heading in enumerate(table.heading):
        places.setdefault(plain(heading), []).append(number)
    index: dict[str, int] = {}
    renamed: dict[str, str] = {}
    for column, rules in spec.items():
        for heading in (column, *rules.get("variants", ())):
            found = places.get(plain(heading), [])
            if len(found) > 1:
                raise InputError(f"{where}: two columns are headed '{table.heading[found[0]]}'; keep one of them")
            if found and found[0] not in index.values():
                index[column] = found[0]
                if plain(heading) != plain(column):
                    renamed[column] = table.heading[found[0]]
                break
        else:
            if rules.get("required"):
                raise InputError(f"{where}: {_missing(column, table.heading, index)}")
    extra = (heading for number, heading in enumerate(table.heading) if number not in index.values() and heading)
    return Columns(index, renamed, tuple(extra))


def matches(heading: Sequence[str], spec: Mapping[str, Mapping[str, Any]]) -> int:
    """How many columns of `spec` these headings have."""
    there = {plain(text) for text in heading}
    return sum(
        any(plain(text) in there for text in (column, *rules.get("variants", ()))) for column, rules in spec.items()
    )


def nearest_heading(column: str, heading: Sequence[str]) -> str:
    """The end of a sentence that offers the heading most like a column that is missing; "" where none is."""
    by_plain = {plain(text): text for text in heading}
    near = nearest(plain(column), by_plain, cutoff=0.5)
    return f"; the nearest heading is '{by_plain[near[0]]}'" if near else ""


def cells_by_column(
    table: Table, columns: Columns, counts: SourceCounts
) -> Iterator[tuple[int, dict[str, str], tuple[str, ...]] | Rejected]:
    """Each row as (row number, cells by column name, all cells), or why its cells cannot be told apart."""
    width = len(table.heading)
    for done, (number, cells) in enumerate(table.rows, 1):
        counts.read += 1
        counts.share_read = done / len(table.rows)
        if cells is None:
            yield Rejected(number, "row", "", "a quotation mark is opened and never closed, or closed too early")
        elif len(cells) != width:
            yield Rejected(number, "row", f"{len(cells)} cells", f"the heading has {width} columns")
        elif not any(cell.strip() for cell in cells):
            counts.skip(EMPTY_ROW)
        else:
            yield number, {column: cells[place] for column, place in columns.index.items()}, cells


def _missing(column: str, heading: Sequence[str], taken: Mapping[str, int]) -> str:
    free = [text for number, text in enumerate(heading) if text and number not in taken.values()]
    shown = ", ".join(text for text in heading[:20] if text) or "none"
    more = f" and {len(heading) - 20} more" if len(heading) > 20 else ""
    return f"column '{column}' is missing{nearest_heading(column, free)}; headings found: {shown}{more}"


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path.name}: line {line} is neither UTF-8 nor Windows-1252 text; save the file as CSV UTF-8"
        ) from None


def _sheet_table(name: str, cells: list[list[Any]], known: Sequence[Mapping[str, Any]]) -> Table:
    texts = [tuple(_text(cell) for cell in row) for row in cells]
    first = texts[:_ROWS_ABOVE_HEADING]
    fits = [max((matches(row, spec) for spec in known), default=0) for row in first]
    start = fits.index(max(fits))
    heading = tuple(cell.strip() for cell in texts[start])
    # Cells to the right of the last heading are remarks or formatting.
    width = max((number + 1 for number, cell in enumerate(heading) if cell), default=0)
    rows = [(number, row[:width]) for number, row in enumerate(texts[start + 1 :], start + 2)]
    while rows and not any(cell.strip() for cell in rows[-1][1]):
        rows.pop()
    above = " ".join(cell for row in texts[:start] for cell in row if cell)
    return Table(name, heading[:width], tuple(rows), above)


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
