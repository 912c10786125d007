"""The wheel and the source archive: what is in them, and the wheel at work where nothing else is installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
from supply import clean_install, wheel
from supply.locks import declared, locked, needed_to_run, project_name

import ketascope
from test_repository import FILES, MACHINE_PATH, REGISTRIES, TEXT, short

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "ketascope"
INFORMATION = f"ketascope-{ketascope.__version__}.dist-info"
LARGEST_MIB = 10
# What a checkout has at its top, apart from what tools make; and what a source archive adds.
TOP = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "benchmarks",
    "docs",
    "pyproject.toml",
    "requirements",
    "src",
    "supply",
    "tests",
}
ADDED = {"PKG-INFO"}


def files_below(folder):
    """Files of a folder as paths from the top of the checkout, without what tools leave there."""
    return {short(path) for path in FILES if path.is_relative_to(folder)}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Paths of the wheel and the source archive."""
    return wheel.build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def packed(built):
    """Content of the wheel by name."""
    with zipfile.ZipFile(built[0]) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def archived(built):
    """Content of the source archive by name, without its own top folder."""
    with tarfile.open(built[1]) as archive:
        members = [member for member in archive if member.isfile()]
        return {member.name.partition("/")[2]: archive.extractfile(member).read() for member in members}


# --- what is in them


def test_the_wheel_holds_the_package_and_its_description_and_nothing_else(packed):
    package = {name.removeprefix("src/") for name in files_below(PACKAGE)}
    description = {f"{INFORMATION}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}

    assert any(name.endswith(".toml") for name in package)
    assert any(name.endswith(".csv") for name in package)
    assert set(packed) == package | description | {f"{INFORMATION}/licenses/LICENSE"}


def test_the_wheel_fits_any_platform_and_is_small(built):
    assert built[0].name == f"ketascope-{ketascope.__version__}-py3-none-any.whl"
    assert built[0].stat().st_size < LARGEST_MIB * 2**20
    assert built[1].stat().st_size < LARGEST_MIB * 2**20


def test_the_wheel_holds_no_test(packed):
    assert [name for name in packed if re.search(r"(^|/)(tests?|conftest)(/|_|\.py$)", name)] == []


def test_the_wheel_says_what_the_project_file_says(packed):
    said = message_from_string(packed[f"{INFORMATION}/METADATA"].decode())
    project = declared()["project"]
    needs = said.get_all("Requires-Dist")

    assert (said["Name"], said["Version"]) == ("ketascope", ketascope.__version__)
    assert said["License-Expression"] == project["license"]
    assert said["Requires-Python"] == project["requires-python"]
    assert sorted(line for line in needs if "extra ==" not in line) == sorted(project["dependencies"])
    assert set(said.get_all("Provides-Extra")) == set(project["optional-dependencies"])
    assert packed[f"{INFORMATION}/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert packed[f"{INFORMATION}/entry_points.txt"].decode().split() == [
        "[console_scripts]",
        "ketascope",
        "=",
        "ketascope.cli:main",
    ]


def test_neither_names_a_path_of_one_machine_or_a_registry(packed, archived):
    found = [
        name
        for name, content in [*packed.items(), *archived.items()]
        if Path(name).suffix in TEXT
        for line in content.decode("utf-8").splitlines()
        if MACHINE_PATH.search(line) or any(host in line for host in REGISTRIES)
    ]

    assert found == []


def test_the_source_archive_holds_the_whole_checkout(archived):
    """So that its tests, its benchmarks and its documentation can be run from it."""
    tops = {name.partition("/")[0] for name in archived}
    expected = {name for top in TOP if (ROOT / top).is_dir() for name in files_below(ROOT / top)}

    assert tops == TOP | ADDED
    assert set(archived) == expected | {top for top in TOP if (ROOT / top).is_file()} | ADDED


def test_the_source_archive_builds_the_same_wheel(built, archived, tmp_path):
    for name, content in archived.items():
        file = tmp_path / "source" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    again, _ = wheel.build(tmp_path / "dist", source=tmp_path / "source")

    assert again.read_bytes() == built[0].read_bytes()


# --- at work


@pytest.fixture(scope="module")
def program(built, tmp_path_factory):
    """Runs ketascope from the wheel, in an environment with only what the wheel asks for, as a newcomer."""
    folder = tmp_path_factory.mktemp("clean")
    home = folder / "home"
    home.mkdir()
    (home / "article.txt").write_text(clean_install.ARTICLE, encoding="utf-8")
    python = wheel.wheel_environment(folder / "environment", built[0])

    def run(*words, by=None):
        return subprocess.run(
            [str(python), *words] if by == "python" else [str(python.parent / "ketascope"), *words],
            cwd=home,
            env=wheel.clean_variables(home),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


def test_the_clean_environment_holds_what_the_wheel_asks_for_and_no_more(program):
    code = (
        "import json, sys, ketascope; from importlib.metadata import distributions; "
        "print(json.dumps([sorted(each.metadata['Name'] for each in distributions()), ketascope.__file__, sys.path]))"
    )
    names, file, path = json.loads(program("-c", code, by="python").stdout)
    conditional = {name for name, package in locked().items() if package.marker}

    assert {project_name(name) for name in names} | conditional == needed_to_run(locked()) | conditional | {"ketascope"}
    assert "environment" in file
    assert [place for place in path if place.startswith(str(ROOT))] == []


def test_every_module_of_the_wheel_that_needs_no_extra_can_be_imported(program):
    code = (
        "import importlib, pkgutil, ketascope\n"
        "for module in pkgutil.walk_packages(ketascope.__path__, 'ketascope.'):\n"
        "    if not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
    )
    done = program("-c", code, by="python")

    assert done.returncode == 0, done.stderr


def test_the_wheel_tells_how_it_is_used(program):
    done = program("--help")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: ketascope")


def test_the_wheel_compares_all_presets(program):
    done = program("compare", "--json", "--patients", "20")

    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert len(document["options"]) == 12
    assert document["patients"] == 20


def test_the_wheel_finds_places(program):
    done = program("find", "07030", "--json")

    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["results"]) == 10


def test_the_wheel_audits_an_article(program):
    done = program("audit", "article.txt", "--json", "--no-live")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["claims"]


def test_what_needs_an_extra_says_which(program):
    done = program("calibrate", "--output", "fit")

    assert done.returncode == 2
    assert done.stderr == "ketascope: calibrate needs NumPyro: install ketascope with its extra 'bayes'\n"


def test_the_lock_for_the_wheel_pins_all_that_it_needs_with_hashes(built):
    lines = clean_install.requirements_of(built[0]).splitlines()
    pinned = {project_name(line) for line in lines[1:] if line and not line.startswith(" ")}

    assert lines[0].startswith(f"{built[0]} --hash=sha256:")
    assert pinned == needed_to_run(locked())
    assert not {"hatchling", "editables", "pytest"} & pinned


# --- measuring a clean installation


def test_a_measured_job_has_a_time_and_a_memory(tmp_path):
    run = clean_install.measured(
        [sys.executable, "-c", "x = bytearray(100 * 2**20); import time; time.sleep(0.2)"], tmp_path
    )

    assert run.seconds > 0.2
    assert run.peak_mib > 100


def test_a_job_that_fails_ends_the_check_with_its_last_words(tmp_path):
    with pytest.raises(RuntimeError, match="ended with 3: out of cheese"):
        clean_install.measured(
            [sys.executable, "-c", "import sys; print('out of cheese'); sys.exit(3)"],
            tmp_path,
        )


def test_a_job_is_run_as_a_newcomer_would(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    variables = wheel.clean_variables(tmp_path)

    assert "PYTHONPATH" not in variables
    assert variables["HOME"] == str(tmp_path)
    assert Path(variables["XDG_CACHE_HOME"]).parent == tmp_path


def test_times_are_medians_against_importing_jax():
    def runs(*seconds):
        return [clean_install.Run(each, 10.0 * each) for each in seconds]

    found = clean_install.Installation(
        "3.11", 1, 1.0, 1.0, {clean_install.UNIT: runs(1.0, 2.0, 9.0), clean_install.LATER: runs(3.0, 8.0, 5.0)}
    )
    assert found.ratio(clean_install.LATER) == 2.5
    assert found.peak_mib(clean_install.LATER) == 80.0
