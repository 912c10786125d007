"""A file of places that has been opened: what it is, how old it is, and its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ketascope.care.facility import Deactivated, Facility, Rejected
from ketascope.files import packaged_toml, sha256_of

Row = Facility | Rejected | Deactivated


@dataclass
class SourceCounts:
    """What became of the rows so far; at the end read = facilities + rejected + deactivated + all skipped."""

    read: int = 0
    facilities: int = 0
    rejected: int = 0
    deactivated: int = 0
    # reason -> rows that are right and not wanted
    skipped: dict[str, int] = field(default_factory=dict)
    # what was mended -> rows; such rows are used
    repaired: dict[str, int] = field(default_factory=dict)
    # code or name that no code sheet knows -> times seen; kept with the facility
    unknown_codes: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    # Share of the file's bytes (or rows) read, 0 to 1; None while unknown.
    share_read: float | None = None

    def skip(self, reason: str, rows: int = 1) -> None:
        """Count rows that are right and not wanted."""
        if rows:
            self.skipped[reason] = self.skipped.get(reason, 0) + rows

    def repair(self, what: str) -> None:
        """Count a row that was mended."""
        self.repaired[what] = self.repaired.get(what, 0) + 1

    def unknown_code(self, code: str) -> None:
        """Count a code or name that no code sheet knows."""
        self.unknown_codes[code] = self.unknown_codes.get(code, 0) + 1


@dataclass
class SourceFile:
    """One opened file. `rows` can be run through once; `counts` fill meanwhile; InputError where the file breaks off.

    `edition_date` is an ISO date as far as it is known ("2024", "2022-05" or "2025-04-13"). `complete_states` are the
    states of which every facility of the source is in the file, None where that cannot be told; `complete_services`
    are codes of which every facility of every state is in it.
    """

    key: str
    edition: str
    edition_date: str
    path: Path
    rows: Iterator[Row]
    counts: SourceCounts
    complete_states: tuple[str, ...] | None = None
    complete_services: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The source's name as it is shown."""
        return str(catalogue()[self.key]["label"])

    @property
    def credit(self) -> str:
        """The line that names the publisher."""
        return str(catalogue()[self.key]["credit"])

    @property
    def names_services(self) -> bool:
        """Whether the source says what a facility offers, and not only that it exists."""
        return bool(catalogue()[self.key]["names_services"])

    @cached_property
    def sha256(self) -> str:
        """Checksum of the file, worked out when first asked for."""
        return sha256_of(self.path)


@cache
def catalogue() -> Mapping[str, Any]:
    """The sources by key, as data/sources.toml describes them, and the table "united_states"."""
    return packaged_toml("care/data/sources.toml")


def counted(rows: Iterable[Row], counts: SourceCounts) -> Iterator[Row]:
    """The same rows, each counted by what it is; unknown codes become one note at the end."""
    for row in rows:
        if isinstance(row, Facility):
            counts.facilities += 1
        elif isinstance(row, Rejected):
            counts.rejected += 1
        else:
            counts.deactivated += 1
        yield row
    if counts.unknown_codes:
        shown = sorted(counts.unknown_codes, key=lambda code: -counts.unknown_codes[code])[:10]
        more = f" and {len(counts.unknown_codes) - len(shown)} more" if len(counts.unknown_codes) > len(shown) else ""
        counts.notes.append(f"kept as printed, for no code sheet names them: {', '.join(shown)}{more}")
