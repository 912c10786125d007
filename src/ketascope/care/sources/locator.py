"""FindTreatment.gov: the export of its search (CSV or workbook) and the answers of its interface (JSON)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ketascope.care.facility import Rejected, Service, ServiceKind
from ketascope.care.sources.code_sheet import CodeSheet, normal_name, one_each, packaged_sheet
from ketascope.care.sources.directory import FACILITY_TEXTS, tokens
from ketascope.care.sources.row_rules import checked_facility
from ketascope.care.sources.source_file import Row, SourceCounts, SourceFile, catalogue, counted
from ketascope.care.sources.tables import Columns, Table, cells_by_column, match_columns, plain
from ketascope.errors import InputError

KEY = "findtreatment"
SAME_AGAIN = "the same facility again"
_MOST_DIGITS = 10  # of a count of pages or facilities
_DAY = re.compile(r"(?<!\d)(20\d\d)[-_]?(\d\d)[-_]?(\d\d)(?!\d)")


def open_export(path: Path, table: Table) -> SourceFile:
    """The locator's export in this table; InputError where a column is missing or no row follows the heading."""
    where = path.name if table.name == path.name else f"{path.name}, sheet '{table.name}'"
    columns = match_columns(table, catalogue()[KEY]["columns"], where)
    if not table.rows:
        raise InputError(f"{where}: there is no row under the headings")
    sheet = packaged_sheet()
    flags = {
        number: sheet.by_code[heading.upper()]
        for number, heading in enumerate(table.heading)
        if number not in columns.index.values() and heading.upper() in sheet.by_code
    }
    extra = tuple(heading for heading in columns.extra if heading.upper() not in sheet.by_code)
    if not flags and "service_code_info" not in columns.index:
        raise InputError(f"{where}: no column says what is offered; there should be service_code_info or one per code")
    counts = SourceCounts(notes=Columns(columns.index, columns.renamed, extra).notes())
    edition = edition_of_file(path, counts)
    return SourceFile(KEY, edition, edition, path, counted(_export_rows(table, columns, flags, counts), counts), counts)


def open_answers(path: Path) -> SourceFile:
    """Saved answers of the interface: one JSON document, or one page of the answer a line (JSON Lines)."""
    counts = SourceCounts()
    edition = edition_of_file(path, counts)
    return SourceFile(KEY, edition, edition, path, counted(_answer_rows(path, counts), counts), counts)


def edition_of_file(path: Path, counts: SourceCounts) -> str:
    """ISO date of a list, from the file's name; else the day when the file was saved, which becomes a note."""
    match = _DAY.search(path.name)
    if match is not None:
        try:
            return date.fromisoformat("-".join(match.groups())).isoformat()
        except ValueError:
            pass
    counts.notes.append("no date in the file's name; dated by the day when the file was saved")
    return date.fromtimestamp(path.stat().st_mtime).isoformat()


def _export_rows(table: Table, columns: Columns, flags: Mapping[int, Service], counts: SourceCounts) -> Iterator[Row]:
    sheet = packaged_sheet()
    means_no = frozenset(catalogue()[KEY]["means_no"])
    for item in cells_by_column(table, columns, counts):
        if isinstance(item, Rejected):
            yield item
            continue
        number, cells, all_cells = item
        services = [sheet.service(code, counts) for code in tokens(cells.get("service_code_info", ""))]
        services += [flag for place, flag in flags.items() if all_cells[place].strip().lower() not in means_no]
        yield _facility(number, cells, cells.get("type_facility", ""), services, counts)


def _facility(
    number: int, cells: Mapping[str, str], facility_type: str, services: list[Service], counts: SourceCounts
) -> Row:
    sheet, veterans = packaged_sheet(), frozenset(catalogue()[KEY]["veterans_only_codes"])
    if facility_type.strip():
        services = [*services, _typed(facility_type, sheet)]
    listed = one_each(services)
    return checked_facility(
        KEY,
        number,
        {FACILITY_TEXTS[column]: text for column, text in cells.items() if column in FACILITY_TEXTS},
        counts,
        services=listed,
        veterans_only=any(service.code in veterans for service in listed),
    )


def _typed(text: str, sheet: CodeSheet) -> Service:
    """A facility type: an entry of the code sheet by its code or name, else as the locator prints it."""
    kind: ServiceKind = "facility"
    by_code = sheet.by_code.get(text.strip().upper())
    if by_code is not None and by_code.kind == kind:
        return by_code
    by_name = (service for service in sheet.by_code.values() if service.kind == kind)
    wanted = normal_name(text)
    same = (service for service in by_name if normal_name(service.name) == wanted)
    return next(same, Service(kind, "", text.strip()))


def _answer_rows(path: Path, counts: SourceCounts) -> Iterator[Row]:
    seen: set[str] = set()
    spec = catalogue()[KEY]["columns"]
    for where, page in _pages(path, counts):
        for entry in page:
            counts.read += 1
            if not isinstance(entry, dict):
                yield Rejected(counts.read, "row", str(entry)[:80], f"{where}: not a facility but a bare value")
                continue
            same = json.dumps({key: value for key, value in entry.items() if key != "miles"}, sort_keys=True)
            if same in seen:
                counts.skip(SAME_AGAIN)
                continue
            seen.add(same)
            yield _entry(counts.read, entry, spec, counts)


def _entry(number: int, entry: Mapping[str, Any], spec: Mapping[str, Any], counts: SourceCounts) -> Row:
    by_name = {plain(key): value for key, value in entry.items()}
    cells = {}
    for column, rules in spec.items():
        for name in (column, *rules.get("variants", ())):
            value = by_name.get(plain(name))
            if isinstance(value, str | int | float):
                cells[column] = str(value)
                break
    services: list[Service] = []
    sheet = packaged_sheet()
    listed = entry.get("services", [])
    if not isinstance(listed, list) or not all(isinstance(part, dict) for part in listed):
        return Rejected(number, "services", str(listed)[:80], "not a list of categories with f1, f2 and f3")
    for part in listed:
        names = str(part.get("f3") or "").split(";")
        services += [sheet.named(str(part.get("f2") or ""), name, counts) for name in names if name.strip()]
    return _facility(number, cells, cells.get("type_facility", ""), services, counts)


def _pages(path: Path, counts: SourceCounts) -> Iterator[tuple[str, list[Any]]]:
    """(where it stands, rows) of each page of the answer; notes what the answer promised and the file lacks."""
    pages, promised, pages_promised = 0, 0, 0
    for where, document in _documents(path, counts):
        for page in document if isinstance(document, list) and _all_pages(document) else [document]:
            if isinstance(page, list):
                rows: Any = page
            elif isinstance(page, dict) and isinstance(page.get("rows"), list):
                rows = page["rows"]
                promised = max(promised, _whole_number(page.get("recordCount")))
                pages_promised = max(pages_promised, _whole_number(page.get("totalPages")))
            else:
                found = ", ".join(list(page)[:8]) if isinstance(page, dict) else type(page).__name__
                raise InputError(f"{where}: an answer of the locator has a list 'rows'; found: {found or 'nothing'}")
            pages += 1
            yield where, rows
    if pages < pages_promised:
        counts.notes.append(f"part of the answer: {pages} of its {pages_promised} pages")
    elif counts.read < promised:
        counts.notes.append(f"part of the answer: {counts.read} of its {promised} facilities")


def _documents(path: Path, counts: SourceCounts) -> Iterator[tuple[str, Any]]:
    """The JSON documents of the file: one a line where its first line is a document of its own, else one."""
    size = max(1, path.stat().st_size)
    with path.open("rb") as stream:
        first = stream.readline()
        if first.strip() and stream.readline().strip() and _is_json(first):
            stream.seek(0)
            done = 0
            for number, line in enumerate(stream, 1):
                done += len(line)
                counts.share_read = done / size
                if line.strip():
                    yield f"{path.name}, line {number}", _parsed(line, f"{path.name}, line {number}")
            return
    counts.share_read = 1.0
    yield path.name, _parsed(path.read_bytes(), path.name)


def _parsed(content: bytes, where: str) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{where}: not UTF-8 text, so no answer of the locator") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{where}: not whole JSON ({error.msg} at character {error.pos}); cut off? download it again"
        ) from None
    except (RecursionError, ValueError):
        raise InputError(f"{where}: nested too deeply, or a number without end; no answer of the locator") from None


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (RecursionError, ValueError):
        return False
    return True


def _all_pages(document: list[Any]) -> bool:
    return bool(document) and all(isinstance(item, dict) and "rows" in item for item in document)


def _whole_number(value: Any) -> int:
    text = str(value)
    return int(text) if text.isdecimal() and len(text) < _MOST_DIGITS else 0
