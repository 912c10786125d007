"""What commands print besides tables: JSON, progress, and early checks of the files they will write."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ketascope.errors import InputError
from ketascope.files import place_of

Progress = Callable[[int, int | None, str], None]


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON object on standard output; NaN and infinity are refused, so a reader never meets them."""
    # A stream of few characters gets escapes, which any reader of JSON understands.
    is_wide = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    click.echo(json.dumps(document, indent=2, ensure_ascii=not is_wide, allow_nan=False))


def check_writable(reads: str | None = None, /, **files: str | None) -> None:
    """Fail before the work, not after it, where a file cannot be written, or is the one that is read.

    files: option names with what they name.
    """
    read = None if reads is None else place_of(reads)
    taken: dict[Path, str] = {}
    for option, file in files.items():
        if file is None:
            continue
        path = Path(file)
        if path.is_dir():
            raise InputError(f"--{option}: cannot write to {file}: it is a folder; give the name of a file in it")
        folder = path.parent
        if not folder.is_dir():
            raise InputError(
                f"--{option}: cannot write {path.name}: the folder {folder} does not exist; create it first"
            )
        if not os.access(folder, os.W_OK):
            raise InputError(f"--{option}: cannot write {path.name}: the folder {folder} is read-only; choose another")
        place = place_of(path)
        if place == read:
            raise InputError(f"--{option}: {file} is the file that is read; give another name, or it would be lost")
        if place in taken:
            raise InputError(f"--{option}: {file} is what --{taken[place]} writes already; give it a file of its own")
        taken[place] = option


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """A bar on standard error while options are computed; nothing where that is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda done, total, label: bar.update(task, completed=done, total=total, description=label)
