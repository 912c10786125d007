"""The page of dependencies: each with version, licence, use and locks, and what the allow list says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from supply.licences import Record, identifiers, read_record
from supply.locks import PURPOSES, Locked, locked

OPENING = """# Dependencies

Written by `docs/generate.py` from the locks and from `requirements/licences.toml`. A test holds the licences against
what the installed packages state, and fails for a package without a licence on record or with one that is not allowed.
[Supply chain](supply-chain.md) says how the locks, the bill of materials and the check for known weaknesses are used.

ketascope's wheel holds its own code and data only; none of these packages is in it. Who passes on a whole environment
(an image, an installer) passes them on too, with their notices.
"""


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A Markdown table."""
    names = list(columns)
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    return lines + [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]


def use(package: Locked, packages: Mapping[str, Locked], record: Record) -> str:
    """What a package is for: in words where ketascope asks for it, else who of the same purpose needs it."""
    own = record.packages[package.name].use
    parents = sorted(name for name in package.needed_by if packages[name].purpose == package.purpose)
    by = f"for {', '.join(parents)}"
    extras = ", ".join(f"extra `{extra}`" for extra in package.extras)
    return "; ".join(part for part in (own or by, extras) if part)


def package_rows(purpose: str, packages: Mapping[str, Locked], record: Record) -> list[tuple[str, ...]]:
    """One row for each package of a purpose: name, version, licence with what it carries inside, use, locks."""
    rows: list[tuple[str, ...]] = []
    for package in (package for package in packages.values() if package.purpose == purpose):
        entry = record.packages[package.name]
        licence = "; ".join([entry.licence, *(f"carries {part.what} ({part.licence})" for part in entry.parts)])
        locks = ", ".join(package.locks) + (f" ({package.marker})" if package.marker else "")
        rows.append((package.name, package.version, licence, use(package, packages, record), locks))
    return rows


def is_conditional(expression: str, record: Record) -> bool:
    """Whether an expression names a licence that asks for more than keeping its notice."""
    return any(record.allowed[name].kind != "permissive" for name in identifiers(expression))


def conditional_rows(packages: Mapping[str, Locked], record: Record) -> list[tuple[str, ...]]:
    """One row for each package, or part of one, under such a licence, and for each whose statement needs a word."""
    rows: list[tuple[str, ...]] = []
    for package in packages.values():
        entry = record.packages[package.name]
        holders = [(package.name, entry.licence)] + [
            (f"{part.what} in {package.name}", part.licence) for part in entry.parts
        ]
        asking = [(what, licence) for what, licence in holders if is_conditional(licence, record)]
        if entry.note and not asking:
            asking = [(package.name, f"{entry.licence}; it states: {entry.stated}")]
        rows += [(what, licence, PURPOSES[package.purpose].lower(), entry.note) for what, licence in asking]
    return rows


def allowed_rows(packages: Mapping[str, Locked], record: Record) -> list[tuple[str, ...]]:
    """One row for each allowed licence: kind, where, how many packages name it, why."""
    named = [name for package in packages.values() for name in set(identifiers(record.packages[package.name].licence))]
    return [
        (
            licence,
            row.kind,
            ", ".join(PURPOSES[purpose].lower() for purpose in row.only_for) or "everything",
            str(named.count(licence)),
            row.reason,
        )
        for licence, row in sorted(record.allowed.items())
    ]


def dependencies_page() -> str:
    """The whole page as Markdown."""
    packages, record = locked(), read_record()
    counts = ", ".join(
        f"{sum(package.purpose == purpose for package in packages.values())} for {words.lower()}"
        for purpose, words in PURPOSES.items()
    )
    lines = [OPENING, f"{len(packages)} packages are locked: {counts}.", ""]
    lines += ["## Licences that ask for more than a notice", ""]
    columns = ("what", "licence", "needed for", "what follows")
    lines += [*table(columns, conditional_rows(packages, record)), ""]
    for purpose, words in PURPOSES.items():
        rows = package_rows(purpose, packages, record)
        lines += [f"## {words}", "", *table(("package", "version", "licence", "what for", "locks"), rows), ""]
    lines += ["## Allowed licences", ""]
    lines += table(("licence", "kind", "allowed for", "packages", "why"), allowed_rows(packages, record))
    return "\n".join(lines) + "\n"
