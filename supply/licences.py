"""Licences of the locked packages: what is on record, what the installed packages state, what is allowed where.

`requirements/licences.toml` is the record. Its licences are SPDX expressions (SPDX specification 2.3, annex D).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions

from supply.locks import PURPOSES, REQUIREMENTS, Locked, project_name

RECORD = REQUIREMENTS / "licences.toml"
LICENCE_FILE = re.compile(r"(?:licen[cs]e|copying)[^/]*$", re.IGNORECASE)
TOKEN = re.compile(r"[()]|[^\s()]+")


@dataclass(frozen=True)
class Allowed:
    """A licence that may be used, why, and for which purposes (all, where `only_for` is empty)."""

    kind: str
    reason: str
    only_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Something that a package carries inside and that has a licence of its own."""

    what: str
    licence: str


@dataclass(frozen=True)
class Entry:
    """A package's licence; `stated` is what its metadata says where that is not the expression itself."""

    licence: str
    stated: str = ""
    use: str = ""
    note: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Record:
    """The whole record: allowed licences by identifier, packages by name."""

    allowed: Mapping[str, Allowed]
    packages: Mapping[str, Entry]


def read_record(text: str | None = None) -> Record:
    """The record from its TOML text (the file where none is given); TypeError for an unknown or missing field."""
    table = tomllib.loads(RECORD.read_text(encoding="utf-8") if text is None else text)
    allowed = {
        name: Allowed(**{**row, "only_for": tuple(row.get("only_for", ()))}) for name, row in table["allowed"].items()
    }
    packages = {
        name: Entry(**{**row, "parts": tuple(Part(**part) for part in row.get("parts", ()))})
        for name, row in table["package"].items()
    }
    return Record(allowed, packages)


def is_satisfied(expression: str, accepted: Callable[[str], bool]) -> bool:
    """Whether accepted licences satisfy an SPDX expression: all sides of AND, one side of OR, WITH as one licence.

    Raises ValueError for text that is no expression.
    """
    tokens = TOKEN.findall(expression)

    def next_is(word: str) -> bool:
        return bool(tokens) and tokens[0] == word

    def one() -> bool:
        if not tokens or tokens[0] in {")", "AND", "OR", "WITH"}:
            raise ValueError(f"'{expression}' is not a licence expression")
        first = tokens.pop(0)
        if first == "(":
            inside = either()
            if not next_is(")"):
                raise ValueError(f"'{expression}' lacks a closing bracket")
            tokens.pop(0)
            return inside
        if next_is("WITH") and len(tokens) > 1:
            first = f"{first} WITH {tokens[1]}"
            del tokens[:2]
        return accepted(first)

    def both() -> bool:
        met = one()
        while next_is("AND"):
            tokens.pop(0)
            met = one() and met
        return met

    def either() -> bool:
        met = both()
        while next_is("OR"):
            tokens.pop(0)
            met = both() or met
        return met

    met = either()
    if tokens:
        raise ValueError(f"'{expression}' is not a licence expression: '{tokens[0]}' is left over")
    return met


def identifiers(expression: str) -> list[str]:
    """The licences that an expression names."""
    names: list[str] = []

    def note(name: str) -> bool:
        names.append(name)
        return True

    is_satisfied(expression, note)
    return names


def is_allowed(expression: str, purpose: str, record: Record) -> bool:
    """Whether the allow list permits an expression for packages of this purpose."""

    def accepted(name: str) -> bool:
        row = record.allowed.get(name)
        return row is not None and (not row.only_for or purpose in row.only_for)

    return is_satisfied(expression, accepted)


def stated_licence(package: Distribution) -> str:
    """What an installed package says of its licence.

    Its expression, else its classifiers, else the first line of its licence field, else that of its licence file; empty
    where it says nothing.
    """
    metadata = package.metadata
    if expression := metadata.get_all("License-Expression"):
        return str(expression[0]).strip()
    classifiers = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    leaves = [line.rpartition(" :: ")[2] for line in classifiers]
    if leaves:
        return "; ".join(leaves)
    if lines := [line.strip() for line in "\n".join(metadata.get_all("License") or []).splitlines() if line.strip()]:
        return lines[0]
    files = sorted(
        str(file) for file in package.files or () if ".dist-info" in str(file) and LICENCE_FILE.search(str(file))
    )
    for file in files:
        if lines := [
            line.strip() for line in (package.read_text(file.partition("/")[2]) or "").splitlines() if line.strip()
        ]:
            return f"file: {lines[0]}"
    return ""


def carried_licences(package: Distribution) -> set[str]:
    """The licence expressions in the bills of materials that an installed package carries itself (PEP 770)."""
    bills = [file for file in package.files or () if ".dist-info/sboms/" in str(file) and file.suffix == ".json"]
    found = set()
    for bill in bills:
        for part in json.loads(bill.read_text(encoding="utf-8")).get("components", ()):
            choices = part.get("licenses", ())
            found |= {choice["expression"] for choice in choices if "expression" in choice}
            found |= {choice["license"]["id"] for choice in choices if "id" in choice.get("license", {})}
    return found


def installed(folders: Iterable[str] | None = None) -> dict[str, Distribution]:
    """The packages installed in the folders (this interpreter's own where none are given), by normalised name."""
    found = distributions() if folders is None else distributions(path=list(folders))
    return {project_name(package.metadata["Name"]): package for package in found}


def problems(packages: Mapping[str, Locked], record: Record) -> list[str]:
    """One line for each locked package without a usable licence on record, and each record without a package."""
    lines = []
    for name, package in packages.items():
        entry = record.packages.get(name)
        if entry is None:
            lines.append(f"{name} {package.version} has no licence on record: add it to requirements/licences.toml")
            continue
        for what, licence in [
            (name, entry.licence),
            *((f"{part.what} in {name}", part.licence) for part in entry.parts),
        ]:
            if not is_allowed(licence, package.purpose, record):
                lines.append(f"{what}: '{licence}' is not allowed for {PURPOSES[package.purpose].lower()}")
    lines += [f"{name} is on record but in no lock" for name in record.packages if name not in packages]
    return lines


def changed_statements(
    packages: Mapping[str, Locked], record: Record, present: Mapping[str, Distribution]
) -> list[str]:
    """One line for each package, present at its locked version, that states another licence than the one on record."""
    lines = []
    for name, package in packages.items():
        if name not in present or name not in record.packages or present[name].version != package.version:
            continue
        entry = record.packages[name]
        says, expected = stated_licence(present[name]), entry.stated or entry.licence
        if says != expected:
            lines.append(f"{name} {package.version} states '{says}', on record is '{expected}'")
    return lines
