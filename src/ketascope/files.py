"""Result files: a half-written one never stands under its name. Their text as CSV, and the checksum of any file."""

from __future__ import annotations

import csv
import errno
import io
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketascope.errors import INSTALL_AGAIN, InputError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

# The temporary name is longer than the one it stands for, and a name of 255 bytes is the longest there is.
_NAME_KEPT = 40


def write_aside(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write `content` to a temporary file beside `path`, then put it in place in one step.

    What is no character (a byte in the name of a file) is written as an escape. A link stays a link, and the file
    behind it is replaced. What is no file (a device, a pipe) is written to as it is. Raises InputError where it
    cannot be written; what stood under the name then still stands there.
    """
    target = Path(path)
    place = place_of(target)
    payload = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    try:
        if target.is_dir():
            raise InputError(f"cannot write to {target}: it is a folder; give the name of a file in it")
        if not target.parent.is_dir():
            raise InputError(f"cannot write {target.name}: the folder {target.parent} does not exist; create it first")
        if target.exists() and not target.is_file():
            target.write_bytes(payload)
        else:
            _replace(place, payload)
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror or error}") from None
    return target


def packaged_toml(path: str) -> dict[str, Any]:
    """A TOML file that comes with the package, such as "model/scenarios.toml". Raises InputError as `toml_of`."""
    from importlib import resources

    return toml_of(resources.files("ketascope").joinpath(path), path)


def toml_of(file: Path | Traversable, told: str) -> dict[str, Any]:
    """A TOML file of the package. Raises InputError for one that is missing or damaged. told: its name in messages."""
    import tomllib

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        problem = error.strerror or str(error)
    except (ValueError, RecursionError) as error:
        problem = str(error)
    raise InputError(f"the data file {told} is damaged: {problem}; {INSTALL_AGAIN}")


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A heading and rows as CSV; what a row has no value for stays empty, and a value without a column is a defect."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hexadecimal, read in pieces. Raises OSError."""
    import hashlib

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def place_of(path: str | os.PathLike[str]) -> Path:
    """The file behind a name, its links followed. Raises InputError for links that lead in a circle."""
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise InputError(f"cannot use {path}: its symbolic links lead in a circle; give another name") from None
    except ValueError:
        raise InputError(f"cannot use {path}: that is not the name of a file") from None
    try:
        return Path(path).resolve()
    except OSError as error:
        raise InputError(f"cannot use {path}: {error.strerror or error}") from None


def _replace(target: Path, payload: bytes) -> None:
    try:
        handle, aside = tempfile.mkstemp(prefix=f".{target.name[:_NAME_KEPT]}.", dir=target.parent)
    except OSError as error:
        raise InputError(
            f"cannot write {target.name}: the folder {target.parent} refuses it ({error.strerror})"
        ) from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(payload)
        # mkstemp makes the file private; a result should have the rights any new file gets.
        os.chmod(aside, 0o666 & ~_umask())
        os.replace(aside, target)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
