"""The store kept up: built from files, brought up to date from public addresses, looked into."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ketascope.care.radius import read_radius
from ketascope.care.store.building import BuildReport, FileReport, Progress, build_store
from ketascope.care.store.location import downloads_folder, quarantine_file, store_file
from ketascope.errors import InputError

Downloaded = Callable[[int, int, str], None]


def build_providers(
    files: Sequence[str | os.PathLike[str]],
    *,
    with_packaged: bool = True,
    every_organisation: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Build the user's store from local files and, unless told otherwise, the packaged directory.

    Returns the totals: for each file rows read and what became of them, places by state, sites that two sources
    share, and where the unusable rows are written. Raises InputError naming a file that cannot be read or is not
    what was downloaded; the old store then still answers.
    """
    from ketascope.care.download import verified

    if not files:
        raise InputError("providers build needs at least one FILE; `ketascope providers update` fetches some")
    for name in files:
        verified(Path(name))
    before = _files_in_store()
    report = build_store(files, with_packaged=with_packaged, every_organisation=every_organisation, progress=progress)
    document = _document(report)
    # A build holds what it was given and nothing else; what that leaves out should not go unnoticed.
    document["no_longer_in_store"] = sorted(before - {entry.file for entry in report.files})
    return document


def update_providers(
    names: Sequence[str] = (),
    *,
    near: str | None = None,
    within: str | None = None,
    year: int | None = None,
    mirror: str | None = None,
    downloaded: Downloaded | None = None,
    built: Progress | None = None,
) -> dict[str, Any]:
    """Download newer public files and build the store from them and from those fetched before.

    names: findtreatment, samhsa-directory, nppes, nppes-weekly; the first two by default. near and within narrow
    the question to FindTreatment.gov; mirror is another server that offers the same paths. Returns the totals of
    the build with the downloads, and with the sources that could not be fetched and why. Raises InputError where none
    could; the store is then untouched.
    """
    from ketascope.care.download import DEFAULT_NAMES, download, downloads_in
    from ketascope.care.store.downloaded import newest_of_each

    point = None
    if near is not None:
        from ketascope.care.places.place import find_place

        place = find_place(near)
        point = (place.latitude, place.longitude)
    elif within is not None:
        raise InputError("--within: a distance needs a place; write --near PLACE with it")
    try:
        within_km = None if within is None else read_radius(within)
    except InputError as error:
        raise InputError(f"--within: {error}") from None
    folder = downloads_folder()
    wanted = tuple(names) or DEFAULT_NAMES
    if point is not None and not names:
        wanted = ("findtreatment",)
    failed: dict[str, str] = {}
    with _only_one(folder):
        fetched = download(
            wanted,
            folder,
            near=point,
            within_km=within_km,
            year=year,
            base=mirror,
            progress=downloaded,
            failed=failed,
        )
        document = build_providers(newest_of_each(downloads_in(folder)), progress=built)
    document["downloads"] = [
        {
            "file": record.path.name,
            "url": record.url,
            "bytes": record.bytes,
            "sha256": record.sha256,
            "downloaded_at": record.downloaded_at,
            "resumed_from": record.resumed_from,
            "notes": list(record.notes),
        }
        for record in fetched
    ]
    document["not_fetched"] = [{"source": name, "why": why} for name, why in failed.items()]
    return document


def _files_in_store() -> set[str]:
    """Names of the files that the user's store was built from; none where there is no store that can be read."""
    from ketascope.care.store import search
    from ketascope.care.store.reading import opened

    try:
        with opened(store_file()) as connection:
            return {row["file_name"] for row in search.sources(connection)}
    except InputError:
        return set()


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Two updates at once would write the same part of a file; the system frees the lock when a process ends."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / ".lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise InputError(f"another update is writing to {folder}; wait until it ends") from None
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror}; set KETASCOPE_DATA to another folder") from None
    try:
        yield
    finally:
        lock.release()


def providers_status() -> dict[str, Any]:
    """What the answering store holds: files with edition and age, rows and what became of them, places by state."""
    from ketascope.care.finding import INFUSION, age_years
    from ketascope.care.sources.services import query_words
    from ketascope.care.store import search
    from ketascope.care.store.current import answering_store
    from ketascope.care.store.reading import opened, rows

    own = store_file()
    path = answering_store()
    with opened(path) as connection:
        files = search.sources(connection)
        states = rows(connection, "SELECT state, count(*) AS places FROM place GROUP BY ALL ORDER BY ALL")
        infusion = rows(
            connection,
            """SELECT state, count(DISTINCT site_id) AS sites FROM place
               WHERE site_id IN (SELECT site_id FROM service WHERE code = ?) GROUP BY ALL""",
            [query_words("offers")[INFUSION].code],
        )
        document = {
            "store": str(path) if own.exists() else None,
            "packaged_only": all(row["packaged"] for row in files),
            "built_at": search.built_at(connection),
            "files": [
                {
                    **{
                        name: row[name] for name in ("source", "label", "edition", "edition_date", "credit", "packaged")
                    },
                    "file": row["file_name"],
                    "sha256": row["sha256"],
                    "age_years": round(age_years(row["edition_date"]), 1),
                    "complete_states": row["complete_states"],
                    "complete_services": row["complete_services"],
                    "rows": {
                        "read": row["rows_read"],
                        "places": row["places"],
                        "superseded": row["rows_superseded"],
                        "rejected": row["rows_rejected"],
                        "skipped": row["rows_skipped"],
                    },
                }
                for row in files
            ],
            "places_by_state": {row["state"]: row["places"] for row in states},
            "infusion_sites_by_state": {row["state"]: row["sites"] for row in infusion},
        }
    has_rejected = any(row["rows_rejected"] for row in files)
    written = has_rejected and own.exists() and quarantine_file().exists()
    document["quarantine"] = str(quarantine_file()) if written else None
    return document


def _document(report: BuildReport) -> dict[str, Any]:
    return {
        "store": str(report.store),
        "quarantine": None if report.quarantine is None else str(report.quarantine),
        "files": [_file(entry) for entry in report.files],
        "places": report.places,
        "sites": report.sites,
        "joined_sites": report.joined_sites,
        "ambiguous_joins": report.ambiguous_joins,
        "places_by_state": dict(report.by_state),
    }


def _file(entry: FileReport) -> Mapping[str, Any]:
    return {
        "file": entry.file,
        "source": entry.source,
        "label": entry.label,
        "edition": entry.edition,
        "rows": {
            "read": entry.read,
            "places": entry.places,
            "superseded": entry.superseded,
            "rejected": entry.rejected,
            "skipped": sum(entry.skipped.values()),
        },
        "skipped": dict(entry.skipped),
        "repaired": dict(entry.repaired),
        "notes": list(entry.notes),
    }
