"""Which store answers: the user's own where one was built, else the rows that come with the package."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from ketascope.care.store.location import packaged_store_file, store_file
from ketascope.errors import InputError


def answering_store() -> Path:
    """The store file to ask. The packaged rows are made into one at first use, which takes a second or two."""
    own = store_file()
    return own if own.exists() else _packaged_store()


@cache
def _packaged_store() -> Path:
    from ketascope.care.store.building import build_store

    kept = packaged_store_file()
    if kept.exists() and _can_be_opened(kept):
        return kept
    try:
        build_store([], store=kept)
    except InputError:
        # A cache folder that cannot be written must not keep anyone from an answer.
        folder = Path(tempfile.mkdtemp(prefix="ketascope-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        kept = folder / kept.name
        build_store([], store=kept)
    return kept


def _can_be_opened(store: Path) -> bool:
    """Whether a store of the cache may answer; a damaged one is built again, since nobody knows that it is there."""
    from ketascope.care.store.reading import opened

    try:
        with opened(store):
            return True
    except InputError:
        return False
