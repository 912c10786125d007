"""Addresses, limits and patience as `care/data/downloads.toml` gives them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ketascope.files import packaged_toml


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return packaged_toml("care/data/downloads.toml")


def sources() -> dict[str, dict[str, Any]]:
    """Every source by name, in the order of the file."""
    return dict(_table()["source"])


def patience_figures() -> dict[str, Any]:
    """Attempts, waits and time limits; seconds and bytes as their names say."""
    return dict(_table()["patience"])


def rebased(url: str, base: str | None) -> str:
    """`url` at another server: the scheme and host (and leading path) of `base`, the path and query of `url`."""
    if base is None:
        return url
    here, there = urlsplit(url), urlsplit(base)
    path = there.path.rstrip("/") + here.path
    return urlunsplit((there.scheme, there.netloc, path, here.query, ""))
