"""Who imports whom: the rooms of docs/architecture.md against every import of the package, and no drug by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ketascope
from ketascope.data import load

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "ketascope"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(?P<room>\w+)` \| [^|]+ \|(?P<imports>[^|]*)\|$", re.MULTILINE)
EXCEPTION = re.compile(r"^- `(?P<file>[\w/]+\.py)` imports `(?P<room>\w+)`$", re.MULTILINE)

MAY_IMPORT = {row["room"]: set(re.findall(r"`(\w+)`", row["imports"])) for row in ROW.finditer(PAGE)}
KNOWN = sorted((row["file"], row["room"]) for row in EXCEPTION.finditer(PAGE))

# Rooms that are single files, by the module that they are.
OF_MODULE = {
    "comparison": "verbs",
    "one_regimen": "verbs",
    "many_people": "verbs",
    "report.format": "numbers",
    "contract": "verbs",
}
# Everyone's: the version number, and the package's own front door.
NO_ROOM = {"_version", "__init__", "__main__"}

# Code that compares with the name of a drug, a route or an indication, and why it may.
NAMED_IN_CODE = {
    "claims/live/pooled.py": "asks the study tables for the drug that the sentence names",
    "claims/live/responders.py": "asks the study tables for the drug that the sentence names",
    "claims/matching/reading.py": "tells ketamine from esketamine in a sentence",
    "claims/matching/unsaid.py": "tells what a sentence without a drug speaks of",
    "evidence/pharmacokinetics/design.py": "a figure read in a vein while an infusion runs into one",
    "exchange/event_tables.py": "numbers the compartment of a dose: into plasma, or into a depot",
    "report/estimation.py": "courses after infusions have a drawing of their own",
}


def room_of(module: str) -> str:
    """The room of a module, given without the package's name ("report.format", "data")."""
    for named, room in OF_MODULE.items():
        if module == named or module.startswith(f"{named}."):
            return room
    return module.partition(".")[0]


def imported(tree: ast.AST) -> Iterator[str]:
    """Modules of the package that a file imports, anywhere in it, without the package's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            # Of a package its parts, as in `from ketascope.report import format`.
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith("ketascope."):
                short = name.removeprefix("ketascope.")
                home = ketascope._HOMES.get(short, f"ketascope.{short}")
                yield home.removeprefix("ketascope.")


def files() -> Iterator[tuple[str, str, ast.AST]]:
    for path in sorted(SOURCE.rglob("*.py")):
        short = path.relative_to(SOURCE)
        module = ".".join(short.with_suffix("").parts)
        room = room_of(module)
        if room not in NO_ROOM:
            yield short.as_posix(), room, ast.parse(path.read_text(encoding="utf-8"))


FILES = list(files())


def test_every_room_is_in_the_table_and_every_room_of_the_table_exists():
    assert {room for _, room, _ in FILES} == set(MAY_IMPORT)
    assert set().union(*MAY_IMPORT.values()) <= set(MAY_IMPORT)
    assert len(MAY_IMPORT) > 15


def test_no_room_imports_what_the_table_does_not_allow():
    found = set()
    for file, room, tree in FILES:
        for module in imported(tree):
            other = room_of(module)
            allowed = {room, "errors", "files", "__version__", "_version"} | MAY_IMPORT[room]
            if other not in allowed:
                found.add((file, other))

    assert sorted(found) == KNOWN


@pytest.mark.parametrize(
    ("room", "never"),
    [
        ("model", {"cli", "web", "report", "charts", "evidence", "comparing", "simulation"}),
        ("solver", {"model", "regimen", "people", "data", "cli"}),
        ("charts", {"model", "solver", "simulation", "comparing", "evidence", "verbs", "cli", "web"}),
        ("care", {"model", "evidence", "claims", "report", "cli", "web"}),
        ("report", {"cli", "web"}),
        ("web", {"cli"}),
    ],
)
def test_the_walls_of_the_design_stand_in_the_table(room, never):
    assert not MAY_IMPORT[room] & never


def test_nothing_but_the_front_door_imports_the_command_line():
    importing = {file for file, room, tree in FILES if room != "cli" and "cli" in map(room_of, imported(tree))}

    assert importing == set()


def test_charts_compute_nothing():
    arrays = {"numpy", "scipy", "jax", "polars", "pandas", "statistics"}
    for file, room, tree in FILES:
        if room == "charts":
            names = {
                (alias.name if isinstance(node, ast.Import) else node.module or "").partition(".")[0]
                for node in ast.walk(tree)
                if isinstance(node, ast.Import | ast.ImportFrom)
                for alias in node.names
            }
            assert not names & arrays, file


def constants(node: ast.expr) -> set[object]:
    if isinstance(node, ast.Constant):
        return {node.value}
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return set().union(*(constants(item) for item in node.elts))
    return set()


def test_no_code_asks_whether_it_is_this_drug_route_or_indication():
    names = {name for table in ("drugs", "routes", "indications") for name in load(table)}
    found = {
        file
        for file, _, tree in FILES
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        if names & set().union(*(constants(side) for side in (node.left, *node.comparators)))
    }

    assert found == set(NAMED_IN_CODE)


def test_every_place_that_the_page_says_numbers_live_in_exists():
    places = re.findall(r"`(src/ketascope/[\w/.]*)`", PAGE)

    assert len(places) >= 10
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_every_file_with_an_equation_stands_on_the_page_of_equations():
    page = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| [^|]+ \| `([\w/.]+)` \| \S[^|]+ \|$", page, re.MULTILINE))
    derivative = re.compile(r"d[A-Z]/dt|^ {4}\S+ = |^ {4}x = ", re.MULTILINE)
    with_equations = {
        path.relative_to(ROOT).as_posix()
        for path in sorted((SOURCE / "model").glob("*.py"))
        if derivative.search(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")), clean=False) or "")
    }

    assert len(with_equations) > 5
    assert sorted(with_equations - named) == []
    assert [name for name in named if not (ROOT / name).exists()] == []
