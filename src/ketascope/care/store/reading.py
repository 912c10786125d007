"""A store opened for reading, and what is said where that fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ketascope.care.store.schema import SCHEMA_VERSION
from ketascope.errors import InputError

_AGAIN = "build it again with `ketascope providers build FILE...`, or remove it and the packaged directory answers"


@contextmanager
def opened(store: Path) -> Iterator[Any]:
    """A read-only connection for one question; InputError where the file is not a store of this version."""
    import duckdb

    unreadable = f"the store {store} cannot be read; {_AGAIN}"
    try:
        connection = duckdb.connect(str(store), read_only=True)
    except duckdb.Error:
        raise InputError(unreadable) from None
    try:
        _check_version(connection, store)
        yield connection
    except duckdb.ProgrammingError:
        raise  # a wrong question, not a damaged file
    except duckdb.Error:
        # A damaged block is met only when a question comes to it.
        raise InputError(unreadable) from None
    finally:
        connection.close()


def _check_version(connection: Any, store: Path) -> None:
    import duckdb

    try:
        found = connection.execute("SELECT value FROM about WHERE name = 'schema_version'").fetchone()
    except duckdb.Error:
        raise InputError(f"{store} is not a store of places; {_AGAIN}") from None
    if found is None or found[0] != str(SCHEMA_VERSION):
        version = "of no version" if found is None else f"of version {found[0]}"
        raise InputError(f"the store {store} is {version} and this ketascope reads {SCHEMA_VERSION}; {_AGAIN}")


def rows(connection: Any, query: str, values: object = None) -> list[dict[str, Any]]:
    """The rows of a query as dicts by column name."""
    result = connection.execute(query, values)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
