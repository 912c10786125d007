"""The registry of health care organisations (NPPES): streamed, filtered, never loaded whole, never a person.

An organisation is kept for its kind of care (data/taxonomies.csv) or for a word of its name. Numbers that the registry
has switched off come out as such, so that a weekly file can take back what a monthly file said.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ketascope.care.facility import Deactivated, Rejected, Service
from ketascope.care.sources.records import cells_of
from ketascope.care.sources.row_rules import checked_facility
from ketascope.care.sources.source_file import Row, SourceCounts, SourceFile, catalogue, counted
from ketascope.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from ketascope.care.sources.npi_lines import Block, Layout

try:
    from lzma import LZMAError as _LzmaError
except ImportError:  # a Python built without it unpacks no such member either
    _LzmaError = EOFError  # type: ignore[misc, assignment]

# What unpacking raises where the bytes are not those that were packed; bzip2 has an OSError for it.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, _LzmaError)
KEY = "nppes"
A_PERSON = "a person, not an organisation"
OTHER_KIND = "organisation of another kind of care"
ABROAD = "organisation outside the United States"
_NPI = re.compile(r"[12][0-9]{9}")
_PERIOD_END = re.compile(r"(?<!\d)20\d{6}[-_](20\d\d)(\d\d)(\d\d)(?!\d)")
_DAY = re.compile(r"(?<!\d)(20\d\d)[-_]?(\d\d)(?:[-_]?(\d\d))?(?!\d)")
_PRINTED_DAY = re.compile(rb"(\d\d)/(\d\d)/(20\d\d)")
_HEAD_BYTES = 2**20
# Prefix of the card issuer under which the check digit of a number is worked out.
_ISSUER = "80840"
# Each digit -> the sum of the digits of its double.
_DOUBLED = str.maketrans("0123456789", "0246813579")


@dataclass(frozen=True)
class Taxonomy:
    """One kind of care of the provider taxonomy, and whether it alone keeps an organisation."""

    code: str
    meaning: str
    use: str
    keeps_organisation: str
    veterans_only: bool


@cache
def taxonomies() -> Mapping[str, Taxonomy]:
    """The kinds of care that matter here, by code."""
    text = resources.files("ketascope.care").joinpath("data/taxonomies.csv").read_text(encoding="utf-8")
    return {
        row["code"]: Taxonomy(**(row | {"veterans_only": row["veterans_only"] == "yes"}))
        for row in csv.DictReader(io.StringIO(text, newline=""))
    }


def is_valid_npi(npi: str) -> bool:
    """Whether a number has ten digits and the right check digit."""
    if not _NPI.fullmatch(npi):
        return False
    digits = _ISSUER + npi
    return (sum(map(int, digits[-1::-2])) + sum(map(int, digits[-2::-2].translate(_DOUBLED)))) % 10 == 0


def open_registry_csv(path: Path, *, every_organisation: bool = False) -> SourceFile:
    """The registry's main file as CSV. `every_organisation` switches the choice by kind and name off."""
    size = path.stat().st_size
    return _opened(path, path.name, lambda: path.open("rb"), size, every_organisation)


def open_registry_archive(path: Path, *, every_organisation: bool = False) -> SourceFile:
    """The main file inside a monthly or weekly archive, read without unpacking it to disk."""
    member = main_member(path)
    assert member is not None
    if member.flag_bits & 1:
        raise InputError(f"{path.name}: the archive is locked by a password; unpack it and give the CSV file in it")

    def stream() -> AbstractContextManager[IO[bytes]]:
        return _member_stream(path, member.filename)

    return _opened(path, member.filename, stream, member.file_size, every_organisation)


def main_member(path: Path) -> zipfile.ZipInfo | None:
    """The registry's main file in an archive, None where there is none; InputError for several."""
    about = catalogue()[KEY]
    with zipfile.ZipFile(path) as archive:
        found = [
            info
            for info in archive.infolist()
            if re.search(about["member"], info.filename, re.IGNORECASE)
            and not re.search(about["not_member"], info.filename, re.IGNORECASE)
        ]
    if len(found) > 1:
        raise InputError(f"{path.name}: {len(found)} main files in one archive; unpack it and give one of them")
    return found[0] if found else None


@contextmanager
def _member_stream(path: Path, member: str) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
        yield stream


def _opened(
    path: Path,
    member: str,
    stream: Callable[[], AbstractContextManager[IO[bytes]]],
    size: int,
    every_organisation: bool,
) -> SourceFile:
    counts = SourceCounts()
    try:
        with stream() as opened:
            head = opened.read(_HEAD_BYTES)
    except NotImplementedError:
        raise InputError(
            f"{path.name}: packed in a way that cannot be read here; unpack it and give the CSV file in it"
        ) from None
    except _BROKEN as error:
        raise _broken_off(path, counts, error) from None
    layout, where = _layout(path, head)
    if not head.partition(b"\n")[2].strip():
        raise InputError(f"{path.name}: there is no row under the headings")
    edition = _edition(path, member, head, counts)
    rows = _rows(path, stream, size, layout, where, counts, every_organisation)
    return SourceFile(KEY, edition, edition, path, counted(rows, counts), counts)


def _layout(path: Path, head: bytes) -> tuple[Layout, dict[str, int]]:
    """How the lines are written, and where the columns stand that are read."""
    from ketascope.care.sources.npi_lines import Layout
    from ketascope.care.sources.tables import nearest_heading

    about = catalogue()[KEY]
    first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
    heading = [cell.strip() for cell in cells_of(first) or []]
    numbered = about["numbered_columns"]["taxonomy"]
    wanted = dict(about["columns"]) | {
        f"taxonomy_{number}": f"{numbered['name']}{number}" for number in range(1, numbered["count"] + 1)
    }
    for name in wanted.values():
        if heading.count(name) != 1:
            fault = "is missing" if name not in heading else "stands there twice"
            raise InputError(f"{path.name}: column '{name}' {fault}{nearest_heading(name, heading)}")
    where = {column: heading.index(name) for column, name in wanted.items()}
    layout = Layout(
        width=len(heading),
        quoted=first.startswith('"'),
        type_is_second=where["npi"] == 0 and where["entity_type"] == 1,
        type_index=where["entity_type"],
        person=about["person_type"],
    )
    return layout, where


def _edition(path: Path, member: str, head: bytes, counts: SourceCounts) -> str:
    """ISO date up to which the file goes: from its name, else the newest date in its first rows."""
    for name in (Path(member).name, path.name):
        for pattern in (_PERIOD_END, _DAY):
            match = pattern.search(name)
            if match is not None and _is_day(*match.groups()):
                return "-".join(part for part in match.groups() if part)
    today = date.today().isoformat()
    printed = (f"{year}-{month}-{day}" for month, day, year in _decoded_days(head))
    days = [day for day in printed if _is_day(*day.split("-")) and day <= today]
    if not days:
        raise InputError(
            f"{path.name}: no date in its name; name it as the registry does, npidata_pfile_20050523-20250413.csv"
        )
    counts.notes.append("no date in the file's name; dated by the newest day in its first rows")
    return max(days)


def _decoded_days(head: bytes) -> Iterator[tuple[str, str, str]]:
    for match in _PRINTED_DAY.finditer(head):
        month, day, year = (part.decode() for part in match.groups())
        yield month, day, year


def _is_day(year: str, month: str, day: str | None) -> bool:
    try:
        date(int(year), int(month), int(day or 1))
    except ValueError:
        return False
    return True


def _rows(
    path: Path,
    stream: Callable[[], AbstractContextManager[IO[bytes]]],
    size: int,
    layout: Layout,
    where: Mapping[str, int],
    counts: SourceCounts,
    every_organisation: bool,
) -> Iterator[Row]:
    from ketascope.care.sources.npi_lines import blocks

    try:
        with stream() as opened:
            done = len(opened.readline())
            with closing(blocks(opened, layout, first_line=2)) as found:
                for block in found:
                    counts.read += block.read
                    counts.skip(A_PERSON, block.persons)
                    yield from block.rejected
                    if block.text:
                        yield from _block_rows(block, layout, where, counts, every_organisation)
                    done += block.bytes_read
                    counts.share_read = done / max(1, size)
    except _BROKEN as error:
        raise _broken_off(path, counts, error) from None


def _broken_off(path: Path, counts: SourceCounts, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:80] or type(error).__name__
    return InputError(
        f"{path.name}: the archive is damaged or cut off after {counts.read:,} rows ({reason}); download it again"
    )


def _block_rows(
    block: Block, layout: Layout, where: Mapping[str, int], counts: SourceCounts, every_organisation: bool
) -> Iterator[Row]:
    import polars as pl

    about = catalogue()[KEY]
    places = sorted(set(where.values()))
    frame = pl.read_csv(
        io.BytesIO(block.text),
        has_header=False,
        columns=places,
        infer_schema=False,
        encoding="utf8-lossy",
    )
    by_place = {place: name for name, place in where.items()}
    frame.columns = [by_place[place] for place in places]
    frame = frame.fill_null("").with_columns(pl.Series("row_number", block.line_numbers()))
    kinds = [name for name in where if name.startswith("taxonomy_")]
    frame = frame.with_columns(
        pl.col("npi", "entity_type", "phone").str.strip_chars().str.strip_suffix(".0"),
        pl.col("name", "other_name").str.replace(about["withheld"], "", literal=True).str.strip_chars(),
    )
    persons = frame["entity_type"] == about["person_type"]
    counts.skip(A_PERSON, int(persons.sum()))
    frame = frame.filter(~persons)
    switched_off, switched_on = (
        pl.col(name).str.strip_chars().str.to_date("%m/%d/%Y", strict=False) for name in ("deactivated", "reactivated")
    )
    # A number can be switched off again after it was switched on again; the later day counts.
    off = (pl.col("deactivated") != "") & (
        (pl.col("reactivated") == "") | (switched_off > switched_on).fill_null(False)
    )
    organisation = pl.col("entity_type") == about["organisation_type"]
    wanted = pl.lit(True) if every_organisation else _wanted(kinds)
    sorted_out = frame.with_columns(
        pl.when(off)
        .then(pl.lit("off"))
        .when(~organisation)
        .then(pl.lit("unknown"))
        .when(~wanted)
        .then(pl.lit(OTHER_KIND))
        .when(~pl.col("country").str.strip_chars().is_in(["", "US"]))
        .then(pl.lit(ABROAD))
        .otherwise(pl.lit("used"))
        .alias("becomes")
    )
    for reason in (OTHER_KIND, ABROAD):
        counts.skip(reason, int((sorted_out["becomes"] == reason).sum()))
    # Lines that had to be mended stand at the block's end; rows come out in the order of the file.
    rest = sorted_out.filter(~pl.col("becomes").is_in([OTHER_KIND, ABROAD])).sort("row_number")
    for row in rest.iter_rows(named=True):
        yield _row(row, kinds, counts)


def _wanted(kinds: list[str]) -> pl.Expr:
    import polars as pl

    about = catalogue()[KEY]
    by_kind = [item.code for item in taxonomies().values() if item.keeps_organisation == "yes"]
    with_name = [item.code for item in taxonomies().values() if item.keeps_organisation == "with_name"]
    names = pl.concat_str("name", "other_name", separator=" | ")
    alike = names.str.replace_all(rf"(?i)\b(?:{about['name_words_not']})\b", "")
    return (
        pl.any_horizontal(pl.col(kinds).is_in(by_kind))
        | alike.str.contains(rf"(?i)\b(?:{about['name_words']})\b")
        | (
            pl.any_horizontal(pl.col(kinds).is_in(with_name))
            & names.str.contains(rf"(?i)\b(?:{about['name_words_of_kind']})\b")
        )
    )


def _row(row: Mapping[str, Any], kinds: list[str], counts: SourceCounts) -> Row:
    number, npi = row["row_number"], row["npi"]
    if not is_valid_npi(npi):
        reason = "its check digit is wrong" if _NPI.fullmatch(npi) else "not a number of ten digits"
        return Rejected(number, "npi", npi[:40], reason)
    if row["becomes"] == "off":
        return Deactivated(number, npi, _iso(row["deactivated"]))
    if row["becomes"] == "unknown":
        reason = "neither 1 (person) nor 2 (organisation), and the number is not switched off"
        return Rejected(number, "entity_type", row["entity_type"][:40], reason)
    known = taxonomies()
    codes = dict.fromkeys(code for name in kinds if (code := row[name].strip()))
    return checked_facility(
        KEY,
        number,
        {
            "name": row["name"],
            "unit": row["other_name"],
            **{name: row[name] for name in ("street", "street2", "city", "state", "zip", "phone")},
        },
        counts,
        services=tuple(Service("taxonomy", code, known[code].meaning if code in known else "") for code in codes),
        veterans_only=any(code in known and known[code].veterans_only for code in codes),
        npi=npi,
        last_updated=_iso(row["updated"]),
    )


def _iso(printed: str) -> str:
    month, _, rest = printed.strip().partition("/")
    day, _, year = rest.partition("/")
    return f"{year}-{month}-{day}" if len(year) == 4 and _is_day(year, month, day) else ""
