"""The wheel and the source archive: building them, and an environment that holds the wheel and its needs alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution
from pathlib import Path

from supply.licences import installed
from supply.locks import ROOT, locked, needed_to_run


def run(command: Iterable[str | Path], **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command; RuntimeError with its last words where it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise RuntimeError(
            f"{' '.join(words)} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-2000:]}"
        )
    return done


def build(folder: Path, source: Path = ROOT) -> tuple[Path, Path]:
    """Build both into `folder` with the pinned builder, and return their paths: wheel, source archive."""
    targets = ("--target", "wheel", "--target", "sdist")
    run([sys.executable, "-m", "hatchling", "build", "--directory", folder, *targets], cwd=source)
    (wheel,), (archive,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, archive


def clean_variables(folder: Path) -> dict[str, str]:
    """Environment variables of a user who has only just come: nothing of ours, home and caches in `folder`."""
    keep = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG", "LC_ALL") if name in os.environ}
    return keep | {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "COLUMNS": "100"}


def empty_environment(folder: Path, python: str = sys.executable) -> Path:
    """Make a virtual environment without even pip; returns its interpreter."""
    run([python, "-m", "venv", "--without-pip", folder])
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def site_packages(python: Path) -> Path:
    """Where an environment keeps its packages."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(run([python, "-I", "-c", code]).stdout.strip())


def link_packages(names: Iterable[str], present: Mapping[str, Distribution], place: Path) -> None:
    """Put the files of installed packages into another environment, as links; KeyError for one that is not installed.

    The other environment then holds these packages and no others, without downloading them again.
    """
    for name in names:
        for file in present[name].files or ():
            if ".." in file.parts:
                continue
            target = place / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(str(present[name].locate_file(file)))


def wheel_environment(folder: Path, wheel: Path) -> Path:
    """An environment with the wheel, what its declared dependencies need, and nothing else; returns its interpreter."""
    python = empty_environment(folder)
    packages, present = locked(), installed()
    names = {name for name in needed_to_run(packages) if name in present or not packages[name].marker}
    link_packages(sorted(names), present, site_packages(python))
    run([sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel])
    return python
