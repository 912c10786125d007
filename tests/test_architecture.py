"""Who imports whom: the rooms of docs/architecture.md against every import of the package, and no drug by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import ketascope
from ketascope.data import load

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "ketascope"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(?P<room>\w+)` \| [^|]+ \|(?P<imports>[^|]*)\|$", re.MULTILINE)
EXCEPTION = re.compile(r"^- `(?P<file>[\w/]+\.py)` imports `(?P<room>\w+)`", re.MULTILINE)
MUTUAL = re.compile(r"^- (?P<rooms>`\w+`(?:, `\w+`)+): ", re.MULTILINE)
PLACES = re.compile(r"^\| [^|]+ \| (?P<files>`src/ketascope/[^|]+) \| [^|]+ \|$", re.MULTILINE)

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
    "evidence/symptom_trials/likelihood.py": "depression is what the other indications are multiples of",
    "exchange/effect_part.py": "depression is what the other indications are multiples of",
    "model/symptoms.py": "depression is what the other indications are multiples of",
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
# File, its room, and another room that it imports; errors, files and the version are everyone's.
USED = {
    (file, room, room_of(module))
    for file, room, tree in FILES
    for module in imported(tree)
    if room_of(module) not in {room, "errors", "files", "__version__", "_version"}
}


def test_every_room_is_in_the_table_and_every_room_of_the_table_exists():
    assert {room for _, room, _ in FILES} == set(MAY_IMPORT)
    assert set().union(*MAY_IMPORT.values()) <= set(MAY_IMPORT)
    assert len(MAY_IMPORT) > 15


def test_no_room_imports_what_the_table_does_not_allow():
    found = {(file, other) for file, room, other in USED if other not in MAY_IMPORT[room]}

    assert sorted(found) == KNOWN


def test_no_room_is_allowed_what_it_does_not_use():
    used = {(room, other) for _, room, other in USED}

    assert [(room, other) for room, others in MAY_IMPORT.items() for other in others if (room, other) not in used] == []


def test_rooms_that_need_each_other_are_those_of_the_page():
    reached = {room: set(others) for room, others in MAY_IMPORT.items()}
    for between in MAY_IMPORT:
        for others in reached.values():
            others |= reached[between] if between in others else set()
    groups = {
        frozenset(other for other in reached if other in reached[room] and room in reached[other])
        for room in reached
        if room in reached[room]
    }

    assert groups == {frozenset(re.findall(r"`(\w+)`", row["rooms"])) for row in MUTUAL.finditer(PAGE)}


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


def constants(node: ast.expr, named: Mapping[str, object]) -> set[object]:
    """What an expression is compared with; named: constants of the package by the name that code gives them."""
    if isinstance(node, ast.Constant):
        return {node.value}
    if isinstance(node, ast.Name | ast.Attribute):
        return {named.get(node.id if isinstance(node, ast.Name) else node.attr)}
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return set().union(*(constants(item, named) for item in node.elts))
    return set()


def named_constants() -> dict[str, object]:
    """Words that files give a name in capitals, by that name."""
    found: dict[str, object] = {}
    for _, _, tree in FILES:
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                found |= {t.id: node.value.value for t in node.targets if isinstance(t, ast.Name) and t.id.isupper()}
    return found


def test_no_code_asks_whether_it_is_this_drug_route_or_indication():
    names = {name for table in ("drugs", "routes", "indications") for name in load(table)}
    named = named_constants()
    found = {
        file
        for file, _, tree in FILES
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        if names & set().union(*(constants(side, named) for side in (node.left, *node.comparators)))
    }

    assert found == set(NAMED_IN_CODE)


def places() -> Iterator[Path]:
    """Files and folders of the page's table; a name without a folder lies where the one before it does."""
    for row in PLACES.finditer(PAGE):
        folder = ROOT
        for name in re.findall(r"`([^`]+)`", row["files"]):
            place = ROOT / name if "/" in name.rstrip("/") else folder / name
            folder = place.parent
            yield place


def test_near_names_are_looked_for_in_one_place():
    looking = {
        file
        for file, _, tree in FILES
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if "difflib" in (alias.name, getattr(node, "module", None))
    }

    assert looking == {"errors.py"}


def test_every_file_that_holds_data_stands_on_the_page_and_every_place_of_the_page_exists():
    named = list(places())
    assert len(named) > 40
    assert len(named) == len(set(named))
    assert [place for place in named if not place.exists()] == []
    # A folder stands for its files, but the room of data is listed file by file.
    assert SOURCE / "data" not in named
    data = {path for ending in ("toml", "csv", "json") for path in SOURCE.rglob(f"*.{ending}")}
    data = {path for path in data if not {"static", "templates"} & set(path.parts)}
    assert len(data) > 100
    missing = [path for path in data if not {path, *path.parents} & set(named)]
    assert sorted(path.relative_to(SOURCE).as_posix() for path in missing) == []


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
