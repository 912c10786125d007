"""Writing a result file so that a half-written one never stands under its name."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ketascope.errors import InputError


def write_aside(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write `content` to a temporary file beside `path`, then put it in place in one step."""
    target = Path(path)
    if target.is_dir():
        raise InputError(f"cannot write to {target}: it is a folder; give the name of a file in it")
    if not target.parent.is_dir():
        raise InputError(f"cannot write {target.name}: the folder {target.parent} does not exist; create it first")
    payload = content.encode("utf-8") if isinstance(content, str) else content
    try:
        handle, aside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
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
    except OSError as error:
        Path(aside).unlink(missing_ok=True)
        raise InputError(f"cannot write {target}: {error.strerror}") from None
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    return target


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
