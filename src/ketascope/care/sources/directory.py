"""SAMHSA's National Directory, any year: the workbook, or its list of facilities as CSV."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ketascope.care.facility import Rejected
from ketascope.care.places.states import states
from ketascope.care.sources.code_sheet import CodeSheet, one_each, packaged_sheet
from ketascope.care.sources.row_rules import checked_facility
from ketascope.care.sources.source_file import Row, SourceCounts, SourceFile, catalogue, counted
from ketascope.care.sources.tables import Columns, Table, cells_by_column, match_columns
from ketascope.errors import InputError
from ketascope.files import sha256_of

KEY = "samhsa-directory"
_YEAR = re.compile(r"(?<!\d)20[0-4]\d(?!\d)")
# Column of a source -> text of a facility.
FACILITY_TEXTS = {
    "name1": "name",
    "name2": "unit",
    "street1": "street",
    "street2": "street2",
    "city": "city",
    "state": "state",
    "zip": "zip",
    "phone": "phone",
    "website": "website",
    "latitude": "latitude",
    "longitude": "longitude",
}


def open_directory(path: Path, table: Table, other_sheets: Sequence[Table] = ()) -> SourceFile:
    """The directory in this table; a code sheet among the other sheets adds to the packaged one and wins over it.

    Raises InputError where a column is missing, no row follows the heading, or the edition's year is nowhere.
    """
    about = catalogue()[KEY]
    where = path.name if table.name == path.name else f"{path.name}, sheet '{table.name}'"
    columns = match_columns(table, about["columns"], where)
    if not table.rows:
        raise InputError(f"{where}: there is no row under the headings")
    packaged = about["packaged"]
    counts = SourceCounts(notes=columns.notes())
    if sha256_of(path) == packaged["sha256"]:
        edition, edition_date = packaged["edition"], packaged["edition_date"]
        complete: tuple[str, ...] | None = tuple(packaged["complete_states"])
        services = tuple(packaged["complete_services"])
    else:
        edition = _edition(path, [table, *other_sheets])
        edition_date = about["edition_dates"].get(edition, edition)
        complete, services = _whole(table, columns, about["whole_from_states"]), ()
    rows = _rows(table, columns, _codes(other_sheets, about["code_columns"], path, counts), counts)
    return SourceFile(KEY, edition, edition_date, path, counted(rows, counts), counts, complete, services)


def tokens(text: str) -> list[str]:
    """The codes of a cell: separated by blanks, with asterisks between categories."""
    return [token.upper() for token in text.replace("*", " ").split()]


def _rows(table: Table, columns: Columns, sheet: CodeSheet, counts: SourceCounts) -> Iterator[Row]:
    veterans = frozenset(catalogue()[KEY]["veterans_only_codes"])
    for item in cells_by_column(table, columns, counts):
        if isinstance(item, Rejected):
            yield item
            continue
        number, cells, _ = item
        services = one_each(sheet.service(code, counts) for code in tokens(cells["service_code_info"]))
        yield checked_facility(
            KEY,
            number,
            {FACILITY_TEXTS[column]: text for column, text in cells.items() if column in FACILITY_TEXTS},
            counts,
            services=services,
            veterans_only=any(service.code in veterans for service in services),
        )


def _codes(sheets: Sequence[Table], spec: Any, path: Path, counts: SourceCounts) -> CodeSheet:
    for sheet in sheets:
        try:
            columns = match_columns(sheet, spec, path.name)
        except InputError:
            continue
        width = len(sheet.heading)
        rows = [
            {column: cells[place] for column, place in columns.index.items()}
            for _, cells in sheet.rows
            if cells is not None and len(cells) == width
        ]
        counts.notes.append(f"codes named by its sheet '{sheet.name}' ({len(rows)} entries)")
        return packaged_sheet().extended(rows)
    return packaged_sheet()


def _edition(path: Path, tables: Sequence[Table]) -> str:
    for text in (path.stem, " ".join(table.name for table in tables), " ".join(table.above for table in tables)):
        years = sorted(set(_YEAR.findall(text)))
        if len(years) == 1:
            return years[0]
        if years:
            raise InputError(
                f"{path.name}: which edition is it? {' and '.join(years)} both stand there; "
                "leave only the edition's year in the file's name"
            )
    raise InputError(f"{path.name}: the year of the edition is nowhere; put it in the file's name, as directory_2024")


def _whole(table: Table, columns: Columns, least: int) -> tuple[str, ...] | None:
    """The states of a file that lists enough of them to be the whole directory."""
    place = columns.index["state"]
    named = {cells[place].strip().upper() for _, cells in table.rows if cells is not None and len(cells) > place}
    listed = named & states().keys()
    return tuple(sorted(listed)) if len(listed) >= least else None
