"""The store built anew from files: read, placed, joined, written aside and put in place in one step."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ketascope._version import __version__
from ketascope.care.facility import Deactivated, Facility, Rejected
from ketascope.care.spreadsheet import spreadsheet_text
from ketascope.care.store.location import packaged_directory, quarantine_file, store_file
from ketascope.care.store.placing import located
from ketascope.care.store.schema import SCHEMA_VERSION, TABLES
from ketascope.care.store.staging import Stage
from ketascope.errors import InputError
from ketascope.files import place_of

# (rows read, share of the file read or None where that is not known, name of the file)
Progress = Callable[[int, float | None, str], None]
_TELL_EVERY = 1_000
ROWS_IN_A_GROUP = 2048


@dataclass(frozen=True)
class FileReport:
    """What became of the rows of one file; read = places + superseded + rejected + skipped."""

    file: str
    source: str
    label: str
    edition: str
    read: int
    places: int
    superseded: int
    rejected: int
    skipped: Mapping[str, int]
    repaired: Mapping[str, int]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class BuildReport:
    """What a build made."""

    store: Path
    quarantine: Path | None
    files: tuple[FileReport, ...]
    places: int
    sites: int
    joined_sites: int
    ambiguous_joins: int
    by_state: Mapping[str, int]


@dataclass
class _Reading:
    """One file while it is read."""

    source: Any
    packaged: bool
    rejected: int = 0
    facilities: int = 0
    deactivated: int = 0
    rank: int = field(default=-1)


def build_store(
    files: Sequence[str | os.PathLike[str]],
    *,
    store: Path | None = None,
    quarantine: Path | None = None,
    with_packaged: bool = True,
    every_organisation: bool = False,
    progress: Progress | None = None,
) -> BuildReport:
    """Build the store from these files and the packaged directory; the old one answers until the new one is whole.

    A newer file of a source replaces the rows that it repeats, and all older rows of the states that it holds whole.
    every_organisation keeps all organisations of NPPES, not only those of a kind of care that may matter here.
    Rows that cannot be used go to the quarantine file with row number and reason. Raises InputError naming a file
    that cannot be read; the store is then as it was.
    """
    target = store_file() if store is None else store
    bad_rows = quarantine_file() if quarantine is None and store is None else quarantine
    readings = _opened(files, with_packaged, every_organisation)
    _make_folder(target.parent)
    with Stage(target.parent) as stage:
        for reading in readings:
            _read(reading, stage, progress)
        aside = stage.folder / "new.duckdb"
        report = _write(aside, stage, readings, target, bad_rows)
        _put_in_place(aside, target)
    if bad_rows is not None:
        write_quarantine(target, bad_rows)
    return report


def write_quarantine(store: Path, path: Path) -> None:
    """Write the rejected rows of a store as CSV: file, row number, field, value, reason."""
    from ketascope.care.store.reading import opened
    from ketascope.files import csv_text, write_aside

    with opened(store) as connection:
        rows = connection.execute("SELECT * FROM quarantine ORDER BY file_name, row_number, field").fetchall()
    columns = ("file", "row", "field", "value", "reason")
    text = csv_text(columns, (dict(zip(columns, map(spreadsheet_text, row), strict=True)) for row in rows))
    # What a killed build left of the same file; the lock of the store keeps other builds out meanwhile.
    for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
        left.unlink(missing_ok=True)
    write_aside(path, text)


def _opened(files: Sequence[str | os.PathLike[str]], with_packaged: bool, every_organisation: bool) -> list[_Reading]:
    """Every file is opened before any is read, so that a wrong name is told at once."""
    from ketascope.care.sources.opening import open_source
    from ketascope.care.store.downloaded import dated

    readings = []
    if with_packaged:
        readings.append(_Reading(open_source(packaged_directory()), packaged=True))
    seen: dict[Path, str] = {}
    for name in files:
        path = Path(name)
        place = place_of(path)
        if place in seen:
            raise InputError(f"{path.name}: given twice; name each file once")
        seen[place] = path.name
        source = dated(open_source(path, every_organisation=every_organisation))
        readings.append(_Reading(source, packaged=False))
    if not readings:
        raise InputError("there is nothing to build from; name at least one file")
    # Older editions first: a later rank replaces an earlier one, and a file of the user the packaged one.
    readings.sort(key=lambda reading: (reading.source.edition_date, not reading.packaged))
    for rank, reading in enumerate(readings):
        reading.rank = rank
    return readings


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder} for the store ({error.strerror})") from None


def _read(reading: _Reading, stage: Stage, progress: Progress | None) -> None:
    source = reading.source
    for number, row in enumerate(source.rows):
        if isinstance(row, Facility):
            point = located(row)
            if isinstance(point, Rejected):
                row = point
            else:
                stage.add_place(reading.rank, row, point)
                reading.facilities += 1
        if isinstance(row, Rejected):
            stage.add_rejected(reading.rank, row)
            reading.rejected += 1
        elif isinstance(row, Deactivated):
            stage.add_deactivated(reading.rank, row.npi)
            reading.deactivated += 1
        if progress is not None and number % _TELL_EVERY == 0:
            progress(source.counts.read, source.counts.share_read, source.path.name)


def _write(
    aside: Path, stage: Stage, readings: Sequence[_Reading], target: Path, quarantine: Path | None
) -> BuildReport:
    import duckdb

    parts = stage.finish()
    with duckdb.connect() as connection:
        # Small row groups: each knows its least and greatest latitude, so a question reads only those that can matter.
        connection.execute(f"ATTACH '{_quoted(str(aside))}' AS store (ROW_GROUP_SIZE {ROWS_IN_A_GROUP}); USE store")
        # A build must not take the machine: what does not fit is put aside in the stage's folder.
        connection.execute("SET memory_limit = '1GB'")
        connection.execute(f"SET temp_directory = '{_quoted(str(stage.folder / 'spill'))}'")
        connection.execute(TABLES)
        for name, pattern in parts.items():
            connection.execute(f"CREATE TEMP VIEW staged_{name} AS FROM read_parquet('{_quoted(pattern)}')")
        _write_sources(connection, readings)
        connection.execute(_KEPT)
        connection.execute(_PLACES)
        connection.execute(_SERVICES)
        counts = dict(connection.execute("SELECT source_id, count(*) FROM place GROUP BY ALL").fetchall())
        connection.execute(_COUNTED)
        connection.execute(_QUARANTINE)
        connection.executemany("INSERT INTO about VALUES (?, ?)", list(_about().items()))
        places, sites, joined, ambiguous = connection.execute(_TOTALS).fetchone() or (0, 0, 0, 0)
        states = connection.execute("SELECT state, count(*) FROM place GROUP BY ALL ORDER BY ALL").fetchall()
        if not places:
            raise InputError("no row of these files can be used, so the store is as it was")
    reports = [_file_report(reading, counts.get(reading.rank, 0)) for reading in readings]
    return BuildReport(target, quarantine, tuple(reports), places, sites, joined, ambiguous, dict(states))


def _file_report(reading: _Reading, places: int) -> FileReport:
    source = reading.source
    skipped = dict(source.counts.skipped)
    if reading.deactivated:
        skipped["number switched off by the registry"] = reading.deactivated
    return FileReport(
        file=source.path.name,
        source=source.key,
        label=source.label,
        edition=source.edition,
        read=source.counts.read,
        places=places,
        superseded=reading.facilities - places,
        rejected=reading.rejected,
        skipped=skipped,
        repaired=dict(source.counts.repaired),
        notes=tuple(source.counts.notes),
    )


def _about() -> dict[str, str]:
    return {
        "schema_version": str(SCHEMA_VERSION),
        "ketascope_version": __version__,
        "built_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _write_sources(connection: Any, readings: Sequence[_Reading]) -> None:
    rows = []
    for reading in readings:
        source = reading.source
        states = None if source.complete_states is None else list(source.complete_states)
        skipped = sum(source.counts.skipped.values()) + reading.deactivated
        rows.append(
            (
                reading.rank,
                source.key,
                source.label,
                source.edition,
                source.edition_date,
                date.today().isoformat() if not reading.packaged else source.edition_date,
                source.names_services,
                source.credit,
                source.path.name,
                source.sha256,
                reading.packaged,
                states,
                list(source.complete_services),
                source.counts.read,
                reading.rejected,
                skipped,
                reading.facilities,
                0,
            )
        )
    connection.executemany(f"INSERT INTO source VALUES ({', '.join('?' * 18)})", rows)


def _put_in_place(aside: Path, target: Path) -> None:
    """The new store takes the old one's name in one step, after all of it has reached the disk."""
    with open(aside, "rb+") as stream:
        os.fsync(stream.fileno())
    try:
        os.replace(aside, target)
    except OSError as error:
        raise InputError(f"cannot put the new store at {target} ({error.strerror}); the old one stands") from None


def _quoted(text: str) -> str:
    return text.replace("'", "''")


# A newer file that has every place of a state speaks for those that it leaves out as well. A number of the registry is
# one organisation, so of two rows with it in one file the later counts.
_KEPT = """
CREATE TEMP TABLE kept AS
SELECT placed.*, source.source, source.edition_date, source.names_services
FROM staged_place AS placed JOIN source ON source.source_id = placed.file_rank
WHERE NOT EXISTS (
    FROM staged_deactivated AS gone WHERE gone.npi = placed.npi AND gone.file_rank >= placed.file_rank)
AND NOT EXISTS (
    FROM source AS newer WHERE newer.source = source.source AND newer.source_id > source.source_id
    AND list_contains(newer.complete_states, placed.state))
QUALIFY placed.file_rank = max(placed.file_rank) OVER (PARTITION BY source.source, placed.replace_key)
AND (placed.npi = '' OR placed.place_id = max(placed.place_id) OVER (PARTITION BY source.source, placed.npi))
"""

# Sorted by latitude, so that a question reads only the blocks whose latitudes can be near enough. Of several rows of a
# site one stands for it: the one with coordinates of its own, then one that says what is offered, then the newest.
_PLACES = """
CREATE TEMP TABLE same_site AS
SELECT join_key, min(place_id) AS site_id, count(*) = count(DISTINCT source) AS clear
FROM kept WHERE join_key <> '' GROUP BY join_key HAVING count(DISTINCT source) > 1;
INSERT INTO place
SELECT kept.place_id, CASE WHEN same_site.clear THEN same_site.site_id ELSE kept.place_id END, file_rank, row_number,
       name, unit, street, street2, city, state, zip, phone, website, latitude, longitude, located_by, veterans_only,
       npi, CASE WHEN last_updated <> '' THEN last_updated ELSE edition_date END,
       row_number() OVER (
           PARTITION BY CASE WHEN same_site.clear THEN same_site.site_id ELSE kept.place_id END
           ORDER BY located_by = 'source' DESC, names_services DESC, file_rank DESC, kept.place_id) = 1
FROM kept LEFT JOIN same_site USING (join_key)
ORDER BY latitude, place_id
"""

_SERVICES = """
INSERT INTO service
SELECT place.site_id, staged.* FROM staged_service AS staged JOIN place USING (place_id)
WHERE kind <> 'payment' ORDER BY kind, code, place_id;
INSERT INTO payment
SELECT place.site_id, staged.place_id, code, staged.name FROM staged_service AS staged JOIN place USING (place_id)
WHERE kind = 'payment' ORDER BY code, place_id
"""

# A file of which no row is left holds nothing, so it is complete for nothing.
_COUNTED = """
CREATE TEMP TABLE counted AS
SELECT source.source_id, count(place_id) AS places FROM source LEFT JOIN place USING (source_id) GROUP BY ALL;
UPDATE source SET places = counted.places, rows_superseded = source.rows_superseded - counted.places
FROM counted WHERE counted.source_id = source.source_id;
UPDATE source SET complete_states = NULL, complete_services = [] WHERE places = 0 AND rows_superseded > 0
"""

_QUARANTINE = """
CREATE TABLE quarantine AS
SELECT source.file_name, rejected.row_number, rejected.field, rejected.value, rejected.reason
FROM staged_rejected AS rejected JOIN source ON source.source_id = rejected.file_rank
"""

_TOTALS = """
SELECT (SELECT count(*) FROM place), (SELECT count(DISTINCT site_id) FROM place),
       (SELECT count(*) FROM same_site WHERE clear), (SELECT count(*) FROM same_site WHERE NOT clear)
"""
