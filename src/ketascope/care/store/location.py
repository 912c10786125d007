"""Where the store and the downloads lie on this machine."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from importlib.resources import files
from pathlib import Path

from ketascope._version import __version__

PACKAGED_FILE = "samhsa_directory_2022.csv"
STORE_NAME = "places.duckdb"
# The variable moves everything at once, for a shared machine or a folder that is backed up.
FOLDER_VARIABLE = "KETASCOPE_DATA"


def data_folder() -> Path:
    """The folder of the user's own store and downloads; not made here."""
    from platformdirs import user_data_dir

    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen) if chosen else Path(user_data_dir("ketascope", appauthor=False))


def store_file() -> Path:
    """The store that `ketascope providers build` writes."""
    return data_folder() / STORE_NAME


def quarantine_file() -> Path:
    """Rows that the last build could not use, as CSV."""
    return data_folder() / "quarantine.csv"


def downloads_folder() -> Path:
    """Files that `ketascope providers update` brought."""
    return data_folder() / "downloads"


def packaged_directory() -> Path:
    """The directory rows that come with the package."""
    return Path(str(files("ketascope.care") / "data" / PACKAGED_FILE))


@cache
def packaged_store_file() -> Path:
    """Where the store of the packaged rows is kept, one file for each content of the package's own data."""
    from platformdirs import user_cache_dir

    digest = hashlib.sha256(__version__.encode())
    for path in sorted(packaged_directory().parent.iterdir()):
        if path.suffix in {".csv", ".toml", ".json"}:
            digest.update(path.read_bytes())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    folder = Path(user_cache_dir("ketascope", appauthor=False))
    return folder / f"packaged-{digest.hexdigest()[:16]}.duckdb"
