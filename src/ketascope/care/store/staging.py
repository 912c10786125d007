"""Rows on their way into the store, written in batches so that memory does not grow with the file."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from ketascope.care.facility import Facility, Rejected
from ketascope.care.store.joining import site_key
from ketascope.care.store.placing import Located
from ketascope.errors import InputError

ROWS_IN_A_BATCH = 20_000
_PREFIX = ".building-"
_ABANDONED_AFTER_S = 24 * 3600.0

_PLACE = {
    "place_id": "Int32",
    "file_rank": "Int32",
    "replace_key": "String",
    "join_key": "String",
    "row_number": "Int64",
    "name": "String",
    "unit": "String",
    "street": "String",
    "street2": "String",
    "city": "String",
    "state": "String",
    "zip": "String",
    "phone": "String",
    "website": "String",
    "latitude": "Float64",
    "longitude": "Float64",
    "located_by": "String",
    "veterans_only": "Boolean",
    "npi": "String",
    "last_updated": "String",
}
_SERVICE = {"place_id": "Int32", "kind": "String", "code": "String", "name": "String"}
_REJECTED = {"file_rank": "Int32", "row_number": "Int64", "field": "String", "value": "String", "reason": "String"}
_DEACTIVATED = {"file_rank": "Int32", "npi": "String"}
TABLES = {"place": _PLACE, "service": _SERVICE, "rejected": _REJECTED, "deactivated": _DEACTIVATED}


class Stage:
    """A folder beside the store that holds the rows of one build as Parquet; gone after it, whatever happens."""

    def __init__(self, beside: Path) -> None:
        remove_abandoned(beside)
        try:
            self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=beside))
        except OSError as error:
            raise InputError(f"cannot build in {beside}: the folder refuses it ({error.strerror})") from None
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
        self._parts = dict.fromkeys(TABLES, 0)
        self._places = 0

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def add_place(self, file_rank: int, facility: Facility, point: Located) -> None:
        """One facility; a newer file of its source that has the same number, or the same site, stands in its place."""
        key = site_key(facility)
        self._places += 1
        row_key = facility.npi or key or f"{file_rank}:{facility.row_number}"
        self._add(
            "place",
            (
                self._places,
                file_rank,
                row_key,
                key,
                facility.row_number,
                facility.name,
                facility.unit,
                facility.street,
                facility.street2,
                facility.city,
                facility.state,
                facility.zip,
                facility.phone,
                facility.website,
                point.latitude,
                point.longitude,
                point.located_by,
                facility.veterans_only,
                facility.npi,
                facility.last_updated,
            ),
        )
        for service in facility.services:
            self._add("service", (self._places, service.kind, service.code, service.name))

    def add_rejected(self, file_rank: int, row: Rejected) -> None:
        """One row that cannot be used."""
        self._add("rejected", (file_rank, row.row_number, row.field, row.value, row.reason))

    def add_deactivated(self, file_rank: int, npi: str) -> None:
        """One number that the registry has switched off."""
        self._add("deactivated", (file_rank, npi))

    def finish(self) -> dict[str, str]:
        """Write what is left; table name -> a pattern of Parquet files, at least one for each table."""
        for name in TABLES:
            if self._rows[name] or not self._parts[name]:
                self._write(name)
        # The folder is the user's choice, so brackets and stars in its name are letters and no pattern.
        folder = Path(glob.escape(str(self.folder)))
        return {name: str(folder / f"{name}-*.parquet") for name in TABLES}

    def _add(self, name: str, row: tuple[Any, ...]) -> None:
        self._rows[name].append(row)
        if len(self._rows[name]) >= ROWS_IN_A_BATCH:
            self._write(name)

    def _write(self, name: str) -> None:
        import polars as pl

        schema = {column: getattr(pl, kind) for column, kind in TABLES[name].items()}
        frame = pl.DataFrame(self._rows[name], schema=schema, orient="row")
        frame.write_parquet(self.folder / f"{name}-{self._parts[name]:06d}.parquet")
        self._parts[name] += 1
        self._rows[name] = []


def remove_abandoned(folder: Path) -> None:
    """Remove what builds left that were killed: those whose process is gone, or that are a day old."""
    for path in folder.glob(f"{_PREFIX}*"):
        if _abandoned(path):
            shutil.rmtree(path, ignore_errors=True)


def _abandoned(path: Path) -> bool:
    process = path.name.removeprefix(_PREFIX).split("-")[0]
    # Signal 0 only asks on POSIX; elsewhere it would end the process, so age must do.
    if os.name == "posix" and process.isdigit():
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
    try:
        return time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S
    except OSError:
        return False
