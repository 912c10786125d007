"""What is written down beside a finished file, so that a build can tell that it is whole and how old it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ketascope.errors import InputError
from ketascope.files import sha256_of, write_aside

SUFFIX = ".download.json"
_TEXTS = ("url", "sha256", "etag", "last_modified", "downloaded_at")


@dataclass(frozen=True)
class Download:
    """One finished file. `downloaded_at` is an ISO time in UTC, `bytes` its size, `etag` "" where none was sent.

    `resumed_from` is the byte (for the locator: the page) after which the last request went on, 0 for a file that
    came in one go. `details` holds what only one source has, `notes` what a reader of the file should know.
    """

    path: Path
    url: str
    bytes: int
    sha256: str
    etag: str
    last_modified: str
    downloaded_at: str
    resumed_from: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def sidecar(path: Path) -> Path:
    """The record that belongs to a file: its name with `.download.json` after it."""
    return path.with_name(path.name + SUFFIX)


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()


def put_in_place(part: Path, target: Path, record: Download) -> Download:
    """Give a finished part its name and write its record; the old record goes first, so they never disagree."""
    try:
        sidecar(target).unlink(missing_ok=True)
        part.replace(target)
    except OSError as error:
        raise InputError(f"cannot put {target.name} in place: {error.strerror}; it is whole in {part}") from None
    document = {name: getattr(record, name) for name in _TEXTS} | {"bytes": record.bytes}
    document |= {"details": dict(record.details), "notes": list(record.notes)}
    write_aside(sidecar(target), json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return record


def recorded(path: Path) -> Download | None:
    """The record of a file without looking into the file; None where there is none. Raises InputError if broken."""
    try:
        document = json.loads(sidecar(path).read_text(encoding="utf-8"))
        texts = {name: document[name] for name in _TEXTS}
        size, details, notes = document["bytes"], document.get("details", {}), document.get("notes", [])
        if not (isinstance(size, int) and isinstance(details, dict) and isinstance(notes, list)):
            raise TypeError
        if not all(isinstance(text, str) for text in (*texts.values(), *notes)):
            raise TypeError
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"{sidecar(path).name} cannot be read, so {path.name} cannot be checked; remove both and download again"
        ) from None
    return Download(path=path, bytes=size, details=details, notes=tuple(notes), **texts)


def verified(path: Path) -> Download | None:
    """The record of a downloaded file after its size and checksum were compared; None for a file without a record.

    Raises InputError where the file is not what was downloaded.
    """
    record = recorded(path)
    if record is None:
        return None
    try:
        same = path.stat().st_size == record.bytes and sha256_of(path) == record.sha256
    except OSError as error:
        raise InputError(f"cannot read {path.name}: {error.strerror}") from None
    if not same:
        raise InputError(
            f"{path.name} is not the file that was downloaded on {record.downloaded_at[:10]} (its checksum differs); "
            f"download it again, or remove {sidecar(path).name} if the change was meant"
        )
    return record


def downloads_in(folder: Path) -> list[Download]:
    """Finished downloads of a folder, oldest first; parts are left out. Raises InputError for a broken record."""
    found = [recorded(file.with_name(file.name.removesuffix(SUFFIX))) for file in sorted(folder.glob(f"*{SUFFIX}"))]
    finished = [record for record in found if record is not None and record.path.is_file()]
    return sorted(finished, key=lambda record: record.downloaded_at)
