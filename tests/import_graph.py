"""Which module of the package imports which when it is itself imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components


def modules(source: Path) -> dict[str, Path]:
    """Every module of the package by its full name; source: the folder that holds the package."""
    found = {}
    for path in sorted((source / "ketascope").rglob("*.py")):
        found[".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")] = path
    return found


def imported_by(name: str, path: Path, known: Mapping[str, Path]) -> set[str]:
    """Modules of the package that `name` imports at its top, with all the packages around them and around itself.

    Imports inside functions and for type checkers alone do not count.
    """
    found: set[str] = set()
    for line in _at_import(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(line, ast.Import):
            found |= {alias.name for alias in line.names}
        else:
            assert line.level == 0, f"{name}: imports are written in full"
            found |= {f"{line.module}.{alias.name}" for alias in line.names} | {str(line.module)}
    around = {part for each in (*found, name) for part in _with_packages(each)}
    return (around & set(known)) - {name}


def groups_that_import_each_other(known: Mapping[str, Path]) -> list[list[str]]:
    """Modules each of which leads back to itself through the others of its group."""
    names = list(known)
    place = {name: index for index, name in enumerate(names)}
    pairs = [(place[name], place[other]) for name in names for other in imported_by(name, known[name], known)]
    rows, columns = np.array(pairs).T
    graph = csr_array((np.ones(len(pairs)), (rows, columns)), shape=(len(names), len(names)))
    count, group = connected_components(graph, directed=True, connection="strong")
    members = [[names[index] for index in np.flatnonzero(group == number)] for number in range(count)]
    return [found for found in members if len(found) > 1]


def _at_import(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    for line in body:
        if isinstance(line, ast.Import | ast.ImportFrom):
            yield line
        elif isinstance(line, ast.If) and "TYPE_CHECKING" in ast.dump(line.test):
            yield from _at_import(line.orelse)
        elif not isinstance(line, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in ("body", "orelse", "finalbody"):
                yield from _at_import(getattr(line, part, []))


def _with_packages(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
