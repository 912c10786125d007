"""Rules that the repository as a whole keeps: what it contains, what it names, what it pins."""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from supply.locks import project_name, read_lock

import ketascope
from ketascope.contract import DOCUMENTS

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "ketascope"
# Folders that tools make, and version control's own.
SKIPPED = {".git", ".venv", "build", "dist", "__pycache__"}
TEXT = {
    "",
    ".py",
    ".md",
    ".toml",
    ".csv",
    ".cff",
    ".in",
    ".txt",
    ".json",
    ".html",
    ".css",
    ".js",
    ".svg",
    ".typed",
}
WRITTEN_BY_HAND = {".py", ".md", ".html", ".css", ".js", ".toml"}
GENERATED = {
    "docs/commands.md",
    "docs/dependencies.md",
    "docs/functions.md",
    "docs/parameters.md",
    "docs/validation-ledger.md",
}
LONGEST_FILE = 600
# Commands whose function in the library has another name.
OTHERWISE_NAMED = {"evidence": "pooled_evidence", "import": "import_events", "providers": "build_providers"}

# In pieces, so that this file does not contain what it forbids.
REGISTRIES = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "registry.npm" + "js",
    "conda." + "anaconda",
    "deb.deb" + "ian",
)
MACHINE_PATH = re.compile(r"(?<![\w/.:<])/(?:work|tmp|root|home|Users|opt|farm)/\w")


def files() -> list[Path]:
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(
            name
            for name in folders
            if name not in SKIPPED and not name.endswith((".egg-info", "_cache", ".hypothesis"))
        )
        found += [Path(folder) / name for name in sorted(names)]
    return found


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


FILES = files()
TEXT_FILES = [path for path in FILES if path.suffix in TEXT]
PYPROJECT = tomllib.loads(text_of("pyproject.toml"))


def wanted_in(name: str) -> set[str]:
    lines = text_of(f"requirements/{name}").splitlines()
    return {project_name(line) for line in lines if line and not line.startswith(("#", "-"))}


def pinned_in(name: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes of each requirement in a lock."""
    return {
        entry.name: (entry.version, len(entry.hashes)) for entry in read_lock(text_of(f"requirements/{name}"), name)
    }


# --- what the files contain


def test_the_walk_finds_the_project():
    names = {short(path) for path in FILES}

    assert {
        "README.md",
        "pyproject.toml",
        ".ci/run",
        "src/ketascope/errors.py",
        "tests/test_repository.py",
    } <= names


def test_every_file_is_of_a_known_kind():
    unknown = [short(path) for path in FILES if path.suffix not in TEXT | {".png"}]

    assert unknown == []


def test_no_file_written_by_hand_is_longer_than_600_lines():
    lengths = {
        short(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in FILES
        if path.suffix in WRITTEN_BY_HAND and short(path) not in GENERATED
    }

    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


@pytest.mark.parametrize("host", REGISTRIES)
def test_no_file_names_a_package_registry(host):
    assert [short(path) for path in TEXT_FILES if host in path.read_text(encoding="utf-8")] == []


def test_no_file_names_a_path_of_one_machine():
    found = [
        f"{short(path)}:{number}"
        for path in TEXT_FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]

    assert found == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("see /ho" + "me/someone/data", True),
        ('open("/tm' + 'p/x")', True),
        ("https://example.org/ho" + "me/page", False),
        ("src/ketascope/ro" + "ot/x", False),
    ],
)
def test_a_machine_path_is_told_from_a_web_address(line, found):
    assert bool(MACHINE_PATH.search(line)) is found


def test_text_ends_with_one_newline_and_uses_unix_line_ends():
    # Saved program output keeps the line end that the program gave it.
    wrong = [
        short(path)
        for path in TEXT_FILES
        if path.suffix != ".json"
        and (raw := path.read_bytes())
        and (b"\r" in raw or not raw.endswith(b"\n") or raw.endswith(b"\n\n"))
    ]

    assert wrong == []


def test_no_page_or_template_loads_anything_from_another_host():
    loads = re.compile(r"""(?:src|href)\s*=\s*["'](?:https?:)?//|@import|url\(\s*["']?https?:""")
    pages = [path for path in FILES if path.suffix in {".html", ".css", ".js"}]
    linked = re.compile(r"<a\b[^>]*>")

    assert [short(path) for path in pages if loads.search(linked.sub("", path.read_text(encoding="utf-8")))] == []


# --- the package


def test_there_is_one_version():
    citation = re.search(r"^version: (\S+)$", text_of("CITATION.cff"), re.MULTILINE)
    newest = re.search(r"^## (\S+)", text_of("CHANGELOG.md"), re.MULTILINE)

    assert citation is not None
    assert newest is not None
    assert citation[1] == newest[1] == ketascope.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", ketascope.__version__)


def test_all_lists_what_the_package_offers():
    assert len(set(ketascope.__all__)) == len(ketascope.__all__)
    for name in ketascope.__all__:
        assert getattr(ketascope, name) is not None
        assert name in dir(ketascope)
        if callable(getattr(ketascope, name)):
            assert (getattr(ketascope, name).__doc__ or "").strip(), f"{name} has no docstring"


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_verb"):
        _ = ketascope.no_such_verb


def modules() -> list[str]:
    found = pkgutil.walk_packages(ketascope.__path__, prefix="ketascope.")
    return [module.name for module in found if module.name != "ketascope.__main__"]


def test_each_verb_of_the_command_line_stays_a_function_after_every_module_is_imported():
    """`evidence` is a package as well, and `providers` a group of verbs: those have names of their own."""
    import click

    from ketascope.cli import main

    for module in modules():
        importlib.import_module(module)
    commands = main.list_commands(click.Context(main))

    assert {"compare", "evidence", "simulate", "parameters", "validate"} <= set(commands)
    for verb in (OTHERWISE_NAMED.get(command, command) for command in commands):
        assert verb in ketascope.__all__
        assert callable(getattr(ketascope, verb)), f"ketascope.{verb} is hidden by a module of that name"


def test_every_module_says_what_it_is_for():
    without = [
        short(path)
        for path in sorted(SOURCE.rglob("*.py"))
        if path.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]

    assert without == []


def imported_by(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_the_package_imports_only_what_it_declares():
    extras = [name for names in PYPROJECT["project"]["optional-dependencies"].values() for name in names]
    declared = {project_name(requirement) for requirement in [*PYPROJECT["project"]["dependencies"], *extras]}
    # The one project whose import name differs from its own.
    known = {name.removesuffix("-python").replace("-", "_") for name in declared}
    allowed = known | set(sys.stdlib_module_names) | {"ketascope"}

    undeclared = {short(path): imported_by(path) - allowed for path in sorted(SOURCE.rglob("*.py"))}

    assert {name: extra for name, extra in undeclared.items() if extra} == {}


def test_the_package_imports_all_that_it_declares():
    declared = {project_name(requirement) for requirement in PYPROJECT["project"]["dependencies"]}
    imported = set().union(*(imported_by(path) for path in SOURCE.rglob("*.py")))

    # Starlette reads uploaded files with python-multipart, and refuses them without it.
    by_another = {"python-multipart"}
    unused = {name for name in declared - by_another if name.removesuffix("-python").replace("-", "_") not in imported}
    assert unused == set()


# --- requirements


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_every_requirement_is_pinned_with_hashes(name):
    pins = pinned_in(name)

    assert len(pins) > 10
    assert [project for project, (_, hashes) in pins.items() if hashes == 0] == []


@pytest.mark.parametrize("name", ["run.txt", "dev.txt", "run.in", "dev.in"])
def test_requirement_files_hold_no_address(name):
    options = [line for line in text_of(f"requirements/{name}").splitlines() if line.startswith("--")]

    assert "://" not in text_of(f"requirements/{name}")
    assert options == []


def test_the_locks_agree_with_each_other_and_with_what_was_asked_for():
    run, dev = pinned_in("run.txt"), pinned_in("dev.txt")

    assert wanted_in("run.in") <= set(run)
    assert wanted_in("dev.in") <= set(dev)
    assert {name: version for name, (version, _) in run.items()}.items() <= {
        name: version for name, (version, _) in dev.items()
    }.items()


def test_pyproject_and_the_run_time_requirements_name_the_same_projects():
    declared = {project_name(requirement) for requirement in PYPROJECT["project"]["dependencies"]}
    built_with = {project_name(requirement) for requirement in PYPROJECT["build-system"]["requires"]} | {"editables"}

    assert wanted_in("run.in") == declared | built_with


# --- commands, targets, pages


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))


@pytest.mark.parametrize("target", ["run", "test", "check", "bench", "validate", "docs", "lint", "clean"])
def test_make_knows_each_target_and_what_it_would_do(target):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}

    plan = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert target in makefile_targets()
    assert plan.returncode == 0, plan.stderr
    assert plan.stdout.strip()


def test_make_help_names_every_target():
    shown = set(re.findall(r"make ([a-z]+)", text_of("Makefile")))

    assert makefile_targets() - {"help"} <= shown


def test_scripts_that_make_starts_exist():
    scripts = re.findall(r"\$\(BIN\)/python ([\w/]+\.py)", text_of("Makefile"))

    assert scripts
    assert [script for script in scripts if not (ROOT / script).is_file()] == []


def test_the_check_that_runs_before_a_change_lands_is_make_test():
    script = ROOT / ".ci" / "run"

    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").splitlines()[:2] == ["#!/usr/bin/env bash", "set -euo pipefail"]
    assert re.search(r"^make test$", script.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_command_and_option_is_in_the_manual():
    import click

    from ketascope.cli import main

    page = text_of("docs/commands.md")
    context = click.Context(main, info_name="ketascope")
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        assert f"ketascope {name}\n" in page
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert max(parameter.opts, key=len) in page, f"{name} {parameter.opts}"


@pytest.mark.parametrize(
    "name",
    ["docs/commands.md", "docs/dependencies.md", "docs/parameters.md"]
    + [f"docs/schema/{name}.schema.json" for name in DOCUMENTS],
)
def test_generated_pages_are_fresh(name, generate):
    assert name in generate.PAGES
    assert generate.is_fresh(name), f"{name} is out of date: run 'make generate'"


def test_places_that_the_manual_tells_people_to_edit_exist():
    named = set(re.findall(r"`((?:src|docs|tests|requirements)/[\w./-]+)`", text_of("docs/extending.md")))

    assert len(named) > 8
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_links_between_pages_lead_somewhere():
    broken = []
    for page in (path for path in FILES if path.suffix == ".md"):
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            place = target.partition("#")[0]
            if "://" not in target and place and not (page.parent / place).exists():
                broken.append(f"{short(page)}: {target}")

    assert broken == []


@pytest.mark.parametrize(
    "promise",
    [
        "not medical advice",
        "no dosing advice",
        "predicts nobody's outcome",
        "population mean",
        "make run",
        "make test",
        "Apache-2.0",
        "CITATION.cff",
    ],
)
def test_the_readme_says_what_a_reader_must_know(promise):
    # Lower case and one space, because emphasis and line breaks carry no meaning here.
    plain = re.sub(r"[*\s]+", " ", text_of("README.md")).lower()

    assert promise.lower() in plain


def test_the_licence_is_the_apache_licence_in_full():
    licence = text_of("LICENSE")

    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert PYPROJECT["project"]["license"] == "Apache-2.0"
