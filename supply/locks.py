"""What the locks pin: each package with its version, its hashes and who asked for it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
LOCKS = ("run", "dev", "bench", "lsoda")
# What a package is needed for, the most far-reaching first: a package counts for the first that leads to it.
PURPOSES = {
    "run": "Every installation",
    "extra": "Extras",
    "build": "Building",
    "dev": "Tests, checks and documentation",
    "bench": "Benchmarks",
}
PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;]+)(?:\s*;\s*(?P<marker>[^\\]+?))?\s*\\?$")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})\b")
ASKED_BY = re.compile(r"^ +# (?:via |  )(?P<who>\S.*)$")
# `editables` is what an editable installation of the checkout needs of hatchling.
BUILDING_TOO = ("editables",)


@dataclass
class Locked:
    """One pinned package; `needed_by` holds packages, `locks` the files that pin it."""

    name: str
    version: str
    marker: str = ""
    hashes: set[str] = field(default_factory=set)
    needed_by: set[str] = field(default_factory=set)
    locks: list[str] = field(default_factory=list)
    purpose: str = ""
    extras: list[str] = field(default_factory=list)


def project_name(requirement: str) -> str:
    """The normalised name at the start of a requirement; ValueError where there is none."""
    match = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", requirement)
    if match is None:
        raise ValueError(f"'{requirement}' does not begin with the name of a package")
    return re.sub(r"[-_.]+", "-", match[1]).lower()


def read_lock(text: str, lock: str) -> list[Locked]:
    """The packages that the text of one lock pins; ValueError naming the line that is neither pin, hash nor comment."""
    found: list[Locked] = []
    for number, line in enumerate(text.splitlines(), 1):
        if pin := PIN.match(line):
            name = project_name(pin["name"])
            found.append(Locked(name, pin["version"], marker=pin["marker"] or "", locks=[lock]))
        elif found and HASH.search(line):
            found[-1].hashes.update(HASH.findall(line))
        elif found and (asked := ASKED_BY.match(line)):
            if not asked["who"].startswith("-"):
                found[-1].needed_by.add(project_name(asked["who"]))
        elif line.strip() and line.strip() != "# via":
            raise ValueError(f"{lock}.txt, line {number}: '{line.strip()[:60]}' is neither pin, hash nor comment")
    return found


def merged(locks: Iterable[Iterable[Locked]]) -> dict[str, Locked]:
    """All packages by name; ValueError where two locks pin different versions of one."""
    packages: dict[str, Locked] = {}
    for entry in (entry for lock in locks for entry in lock):
        known = packages.setdefault(entry.name, entry)
        if known is entry:
            continue
        if known.version != entry.version:
            raise ValueError(
                f"{entry.name} is {known.version} in {known.locks[0]}.txt and {entry.version} in {entry.locks[0]}.txt"
            )
        known.hashes |= entry.hashes
        known.needed_by |= entry.needed_by
        known.locks += entry.locks
    return dict(sorted(packages.items()))


def reached(start: Iterable[str], packages: Mapping[str, Locked]) -> set[str]:
    """`start` and all that it needs, directly or not."""
    needs: dict[str, set[str]] = {}
    for package in packages.values():
        for parent in package.needed_by:
            needs.setdefault(parent, set()).add(package.name)
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += needs.get(name, ())
    return found


def declared() -> dict[str, Any]:
    """The `project` and `build-system` tables of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def needed_to_run(packages: Mapping[str, Locked]) -> set[str]:
    """What the wheel needs, without extras: its declared dependencies and theirs."""
    return reached(map(project_name, declared()["project"]["dependencies"]), packages)


def needed_to_build(packages: Mapping[str, Locked]) -> set[str]:
    """What building and an editable installation need."""
    return reached([*map(project_name, declared()["build-system"]["requires"]), *BUILDING_TOO], packages)


def locked() -> dict[str, Locked]:
    """Every package of every lock, by name, with what it is needed for."""
    packages = merged(read_lock((REQUIREMENTS / f"{lock}.txt").read_text(encoding="utf-8"), lock) for lock in LOCKS)
    run, build = needed_to_run(packages), needed_to_build(packages)
    extras = {
        extra: reached(map(project_name, names), packages)
        for extra, names in declared()["project"]["optional-dependencies"].items()
    }
    for name, package in packages.items():
        package.extras = [] if name in run else sorted(extra for extra, names in extras.items() if name in names)
        if name in run:
            package.purpose = "run"
        elif package.extras:
            package.purpose = "extra"
        elif name in build:
            package.purpose = "build"
        else:
            package.purpose = "dev" if "dev" in package.locks else "bench"
    return packages
