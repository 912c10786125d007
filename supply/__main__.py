"""`python -m supply`: write the bill of materials, check the licences, check the wheel in a clean environment."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from supply import clean_install, sbom
from supply.licences import changed_statements, installed, problems, read_record
from supply.locks import ROOT, locked


def write(path: Path, text: str) -> None:
    """Write a file aside and put it in its place when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent)
    with open(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    os.chmod(aside, 0o644)
    os.replace(aside, path)


def check_licences(folders: list[str]) -> int:
    """Print what is wrong with the licences on record, packages installed in `folders` included."""
    packages, record = locked(), read_record()
    present = installed() | (installed(folders) if folders else {})
    found = problems(packages, record) + changed_statements(packages, record, present)
    print("\n".join(found) or f"{len(packages)} packages: every licence is known and allowed")
    return 1 if found else 0


def main() -> int:
    """Do what the first word asks for."""
    parser = argparse.ArgumentParser(prog="python -m supply", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    bill = commands.add_parser("sbom", help="write the bill of materials")
    bill.add_argument("--output", type=Path, default=ROOT / "build" / "sbom.cdx.json")
    licences = commands.add_parser("licences", help="check the licences on record")
    licences.add_argument("--folder", action="append", default=[], help="packages installed in another folder too")
    wheel = commands.add_parser("wheel", help="install the wheel in a clean environment and measure it")
    wheel.add_argument("--python", action="append", default=[], help="an interpreter; may be given several times")
    wheel.add_argument("--page", type=Path, help="write the figures to this page")
    chosen = parser.parse_args()
    if chosen.command == "sbom":
        write(chosen.output, sbom.as_text())
        print(f"wrote {chosen.output}")
        return 0
    if chosen.command == "licences":
        return check_licences(chosen.folder)
    page = clean_install.page(chosen.python or [sys.executable])
    print(page)
    if chosen.page:
        write(chosen.page, page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
