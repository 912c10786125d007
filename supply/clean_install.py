"""The wheel where nothing else is: installed from the hash-pinned lock, its main jobs run, starting measured.

Every package must come as a wheel, so that no compiler is needed, and none is taken that the wheel does not ask for.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from supply.locks import REQUIREMENTS, locked, needed_to_run, project_name
from supply.page import table
from supply.wheel import build, clean_variables, run, site_packages

RUNS = 3
MEBIBYTE = 2**20
ARTICLE = "Ketamine cures OCD in everyone. It works within hours by raising glutamate.\n"
# What a newcomer does first. ARTICLE stands in article.txt.
MAIN_JOBS = (
    ("--help",),
    ("find", "07030"),
    ("audit", "article.txt"),
    ("compare", "--json", "--patients", "20"),
)
UNIT, PLACES = "`import jax`", "`ketascope find 07030`"
FIRST, LATER = "first comparison, nothing in the cache", "a later comparison"
ALL = "all presets, 1,000 patients"
# The largest memory of a process counts that of its parent at its start, so small ones cannot be measured this way.
WORKING = (PLACES, UNIT, FIRST, LATER, ALL)


@dataclass(frozen=True)
class Run:
    """One process: how long it took and its largest memory."""

    seconds: float
    peak_mib: float


@dataclass(frozen=True)
class Installation:
    """What one interpreter gave; `runs` by what was started."""

    python: str
    packages: int
    size_mib: float
    install_seconds: float
    runs: dict[str, list[Run]]

    def ratio(self, name: str) -> float:
        """Median time of `name` against that of importing JAX."""
        unit, own = (statistics.median(run.seconds for run in self.runs[key]) for key in (UNIT, name))
        return own / unit

    def peak_mib(self, name: str) -> float:
        """Largest memory of any run of `name`."""
        return max(run.peak_mib for run in self.runs[name])


def measured(command: Sequence[str | Path], folder: Path) -> Run:
    """Run a command as a newcomer would and measure it; RuntimeError where it fails. Linux and macOS only."""
    start = time.perf_counter()
    with open(folder / "output.txt", "w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [str(word) for word in command], cwd=folder, env=clean_variables(folder), stdout=output, stderr=output
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        said = (folder / "output.txt").read_text(encoding="utf-8")[-500:]
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}: {said}")
    return Run(time.perf_counter() - start, used.ru_maxrss / 1024)


def requirements_of(wheel: Path) -> str:
    """The wheel and what it needs of the run lock, all with hashes."""
    wanted = needed_to_run(locked())
    kept: list[str] = []
    is_wanted = False
    for line in (REQUIREMENTS / "run.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            is_wanted = project_name(line) in wanted
        if is_wanted:
            kept.append(line)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return "\n".join([f"{wheel} --hash=sha256:{digest}", *kept]) + "\n"


def size_mib(folder: Path) -> float:
    """Size of all files in a folder, compiled ones included."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MEBIBYTE


def installation(python: str, wheel: Path, folder: Path) -> Installation:
    """Install the wheel for one interpreter, run the main jobs, measure starting."""
    environment, home = folder / "environment", folder / "home"
    home.mkdir(parents=True)
    (home / "article.txt").write_text(ARTICLE, encoding="utf-8")
    wanted = folder / "requirements.txt"
    wanted.write_text(requirements_of(wheel), encoding="utf-8")
    run([python, "-m", "venv", environment])
    own = environment / "bin" / "python"
    options = ("--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:")
    start = time.perf_counter()
    run([own, "-m", "pip", "install", *options, "--requirement", wanted])
    install_seconds = time.perf_counter() - start
    run([own, "-m", "pip", "check"])
    names = json.loads(run([own, "-m", "pip", "list", "--format", "json"]).stdout)
    program = environment / "bin" / "ketascope"
    runs: dict[str, list[Run]] = {FIRST: [measured([program, *MAIN_JOBS[-1]], home)]}
    for job in MAIN_JOBS:
        measured([program, *job], home)
    starts: dict[str, list[str | Path]] = {
        "Python, nothing else": [own, "-c", "pass"],
        "`import ketascope`": [own, "-c", "import ketascope"],
        "`ketascope --help`": [program, "--help"],
        PLACES: [program, "find", "07030"],
        UNIT: [own, "-c", "import jax"],
        LATER: [program, *MAIN_JOBS[-1]],
        ALL: [program, "compare", "--json"],
    }
    # In turn, so that a busy moment of the machine falls on all alike.
    for _ in range(RUNS):
        for name, command in starts.items():
            runs.setdefault(name, []).append(measured(command, home))
    version = run([own, "-c", "import platform; print(platform.python_version())"]).stdout.strip()
    return Installation(version, len(names), size_mib(site_packages(own)), install_seconds, runs)


def page(pythons: Sequence[str]) -> str:
    """The page of a clean installation, one column for each interpreter."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        wheel, archive = build(folder / "dist")
        sizes = [path.stat().st_size / MEBIBYTE for path in (wheel, archive)]
        found = [installation(python, wheel, folder / str(number)) for number, python in enumerate(pythons)]
    for each in found:
        print(f"Python {each.python}: installed in {each.install_seconds:.0f} s")
    columns = [f"Python {each.python}" for each in found]
    jobs = ", ".join(f"`ketascope {' '.join(job)}`" for job in MAIN_JOBS)
    lines = [
        "# Clean installation",
        "",
        "Written by `make validate-wheel`: the wheel is built, installed in an empty virtual environment from the",
        "hash-pinned lock (wheels only, so without a compiler; no test or documentation tools, no checkout), and does",
        "its main jobs there, each of which must end well:",
        f"{jobs}.",
        "",
        f"Wheel {sizes[0]:.1f} MiB, source archive {sizes[1]:.1f} MiB.",
        "",
        *table(
            ("installed", *columns),
            [
                ("packages, pip's own included", *(str(each.packages) for each in found)),
                ("size, MiB", *(f"{each.size_mib:.0f}" for each in found)),
            ],
        ),
        "",
        "## Starting",
        "",
        f"Wall time against {UNIT} in the same environment, median of {RUNS} runs in turn; the first comparison once,",
        "and it makes the solver's machine code and keeps it.",
        "",
        *table(
            ("started", *columns),
            [(name, *(f"{each.ratio(name):.2f}" for each in found)) for name in found[0].runs],
        ),
        "",
        "## Memory",
        "",
        "Largest memory of the process, MiB.",
        "",
        *table(
            ("started", *columns),
            [(name, *(f"{each.peak_mib(name):.0f}" for each in found)) for name in WORKING],
        ),
    ]
    return "\n".join(lines) + "\n"
