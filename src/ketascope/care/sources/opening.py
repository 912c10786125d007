"""Any file of places, opened by what is in it; whatever else it turns out to be is said in one line."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from ketascope.care.sources import directory, locator, npi_registry, plain_list
from ketascope.care.sources.records import cells_of
from ketascope.care.sources.source_file import SourceFile, catalogue
from ketascope.care.sources.tables import Table, matches, read_csv_table, read_workbook_tables
from ketascope.errors import InputError

__all__ = ["open_source"]

_RIGHT_KINDS = (
    "the SAMHSA directory (.xlsx or .csv), a FindTreatment.gov export (.csv, .xlsx) or answer (.json, .jsonl), "
    "or NPPES (.zip or .csv)"
)
_HEAD_BYTES = 2**16
# Fewer of a source's columns than this, and the file is something else.
_LEAST_COLUMNS = 3
# First bytes -> what such a file is and what to do with it.
_OTHER_FILES = {
    b"\x1f\x8b": "packed with gzip; unpack it and give the file in it",
    b"BZh": "packed with bzip2; unpack it and give the file in it",
    b"\xfd7zXZ": "packed with xz; unpack it and give the file in it",
    b"7z\xbc\xaf": "a 7-Zip archive; unpack it and give the file in it",
    b"Rar!": "a RAR archive; unpack it and give the file in it",
    b"%PDF": "a PDF; take the workbook (.xlsx) of the same page",
    b"\xff\xfe": "text in UTF-16; save it as CSV UTF-8",
    b"\xfe\xff": "text in UTF-16; save it as CSV UTF-8",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "an SQLite database",
}
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_ARCHIVE = b"PK\x03\x04"


def open_source(path: str | os.PathLike[str], *, every_organisation: bool = False) -> SourceFile:
    """The file, recognised by its content: a SAMHSA directory, a FindTreatment.gov export or answer, or NPPES.

    `every_organisation` keeps all organisations of NPPES, not only those of the kinds of care and names looked for.
    Raises InputError for a file that is missing, empty, broken, of another kind or short of a column. The rows of the
    result may raise it too, where the file breaks off later.
    """
    file = Path(path)
    head = _head(file)
    for start, what in _OTHER_FILES.items():
        if head.startswith(start):
            raise InputError(f"{file.name}: {what}. It should be {_RIGHT_KINDS}")
    if head.startswith(_OLD_OFFICE):
        raise _old_office(file)
    if head.startswith(_ARCHIVE):
        return _open_archive(file, every_organisation)
    text = head.decode("utf-8", "replace").lstrip("\ufeff").lstrip()
    if text.startswith("<"):
        raise InputError(f"{file.name}: a web page, not the file behind its link; download the file itself")
    if text.startswith(("{", "[")):
        return locator.open_answers(file)
    if "\0" in text:
        raise InputError(f"{file.name}: a file of an unknown kind, not text. It should be {_RIGHT_KINDS}")
    if _is_registry(text):
        return npi_registry.open_registry_csv(file, every_organisation=every_organisation)
    return _open_tables(file, [read_csv_table(file)])


def _head(file: Path) -> bytes:
    try:
        if file.is_dir():
            raise InputError(f"{file}: a folder; give the file in it")
        with file.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except FileNotFoundError:
        raise InputError(f"{file}: no such file") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from None
    except InputError:
        raise
    except ValueError:
        raise InputError(f"{file}: that is not the name of a file") from None
    if not head.strip():
        raise InputError(f"{file.name}: the file is empty; it should be {_RIGHT_KINDS}")
    return head


def _old_office(file: Path) -> InputError:
    if "EncryptedPackage".encode("utf-16-le") in file.read_bytes():
        return InputError(f"{file.name}: the workbook is locked by a password; save it without one")
    return InputError(f"{file.name}: a workbook of the old kind (.xls); save it as .xlsx or CSV UTF-8")


def _open_archive(file: Path, every_organisation: bool) -> SourceFile:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, EOFError):
        raise InputError(
            f"{file.name}: the archive is cut off or damaged, its table of contents cannot be read; download it again"
        ) from None
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
        specs = [catalogue()[key]["columns"] for key in (directory.KEY, locator.KEY, *plain_list.list_keys())]
        sheet = catalogue()[directory.KEY]["code_columns"]
        return _open_tables(file, read_workbook_tables(file, [*specs, sheet]))
    if npi_registry.main_member(file) is not None:
        return npi_registry.open_registry_archive(file, every_organisation=every_organisation)
    held = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "") if names else "nothing"
    raise InputError(
        f"{file.name}: an archive without a workbook or a main file of NPPES (npidata_pfile_...csv); it holds {held}. "
        "If one of these is the right file, unpack it and give that"
    )


def _open_tables(file: Path, tables: Sequence[Table]) -> SourceFile:
    """The sheet that fits best, read as the source whose columns it has."""
    about = catalogue()
    fits = [
        (matches(table.heading, about[key]["columns"]), key, table)
        for table in tables
        if (key := _list_kind(table)) is not None
    ]
    if not fits:
        found = next((", ".join(table.heading[:8]) for table in tables if any(table.heading)), "") or "no headings"
        raise InputError(
            f"{file.name}: not a list of places that is known here; headings found: {found[:200]}. "
            f"It should be {_RIGHT_KINDS}"
        )
    _, key, table = max(fits, key=lambda fit: fit[0])
    others = [other for other in tables if other is not table]
    if key in plain_list.list_keys():
        return plain_list.open_list(file, key, table)
    if key == locator.KEY:
        return locator.open_export(file, table)
    return directory.open_directory(file, table, others)


def _list_kind(table: Table) -> str | None:
    """Which list has these headings: all but SAMHSA's directory are told by the columns that only they have."""
    about = catalogue()
    own = plain_list.told_list(table)
    if own is not None:
        return own
    if matches(table.heading, about[directory.KEY]["columns"]) < _LEAST_COLUMNS:
        return None
    only = {column: about[locator.KEY]["columns"][column] for column in about[locator.KEY]["told_by"]}
    return locator.KEY if matches(table.heading, only) else directory.KEY


def _is_registry(text: str) -> bool:
    """Whether the first line has headings of NPPES, which no other list has."""
    first = cells_of(re.split("[\r\n]", text, maxsplit=1)[0]) or []
    wanted = set(catalogue()[npi_registry.KEY]["columns"].values())
    return len(wanted & {cell.strip() for cell in first}) >= _LEAST_COLUMNS
