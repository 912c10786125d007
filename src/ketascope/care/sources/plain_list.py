"""Lists of places that need no code: columns, what tells the list and what its places offer stand in sources.toml."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ketascope.care.facility import Rejected
from ketascope.care.sources.code_sheet import one_each, packaged_sheet
from ketascope.care.sources.directory import FACILITY_TEXTS, tokens
from ketascope.care.sources.locator import edition_of_file
from ketascope.care.sources.row_rules import checked_facility
from ketascope.care.sources.source_file import Row, SourceCounts, SourceFile, catalogue, counted
from ketascope.care.sources.tables import Columns, Table, cells_by_column, match_columns, matches
from ketascope.errors import InputError

CODES_COLUMN = "service_code_info"


def list_keys() -> tuple[str, ...]:
    """Sources that say what every one of their places offers, and need nothing else to be read."""
    return tuple(key for key, about in catalogue().items() if "offers" in about)


def told_list(table: Table) -> str | None:
    """The list whose own columns all stand among these headings; None where none's do."""
    about = catalogue()
    for key in list_keys():
        only = {column: about[key]["columns"][column] for column in about[key]["told_by"]}
        if matches(table.heading, only) == len(only):
            return key
    return None


def open_list(path: Path, key: str, table: Table) -> SourceFile:
    """The list in this table; InputError where a column is missing or no row follows the heading."""
    where = path.name if table.name == path.name else f"{path.name}, sheet '{table.name}'"
    columns = match_columns(table, catalogue()[key]["columns"], where)
    if not table.rows:
        raise InputError(f"{where}: there is no row under the headings")
    counts = SourceCounts(notes=columns.notes())
    edition = edition_of_file(path, counts)
    return SourceFile(key, edition, edition, path, counted(_rows(key, table, columns, counts), counts), counts)


def _rows(key: str, table: Table, columns: Columns, counts: SourceCounts) -> Iterator[Row]:
    sheet, offered = packaged_sheet(), catalogue()[key]["offers"]
    for item in cells_by_column(table, columns, counts):
        if isinstance(item, Rejected):
            yield item
            continue
        number, cells, _ = item
        codes = [*offered, *tokens(cells.get(CODES_COLUMN, ""))]
        yield checked_facility(
            key,
            number,
            {FACILITY_TEXTS[column]: text for column, text in cells.items() if column in FACILITY_TEXTS},
            counts,
            services=one_each(sheet.service(code, counts) for code in codes),
        )
