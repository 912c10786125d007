"""Writing a result file so that a half-written one never stands under its name."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ketascope.errors import InputError

# The temporary name is longer than the one it stands for, and a name of 255 bytes is the longest there is.
_NAME_KEPT = 40


def write_aside(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write `content` to a temporary file beside `path`, then put it in place in one step.

    A link stays a link, and the file behind it is replaced. What is no file (a device, a pipe) is written to as it is.
    Raises InputError where it cannot be written; what stood under the name then still stands there.
    """
    target = Path(path)
    payload = content.encode("utf-8") if isinstance(content, str) else content
    try:
        if target.is_dir():
            raise InputError(f"cannot write to {target}: it is a folder; give the name of a file in it")
        if not target.parent.is_dir():
            raise InputError(f"cannot write {target.name}: the folder {target.parent} does not exist; create it first")
        if target.exists() and not target.is_file():
            target.write_bytes(payload)
        else:
            _replace(target.resolve(), payload)
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror or error}") from None
    return target


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
