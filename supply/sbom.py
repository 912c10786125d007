"""The bill of materials: every locked package with its hashes, as CycloneDX 1.6 JSON (ECMA-424).

The same locks give the same bytes: no time stamp, and a serial number that follows from the content. Hashes are those
of the release's files, one per wheel or source archive, as the lock holds them; where to download is left to the
reader's package index.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from supply.licences import Record, identifiers, read_record
from supply.locks import LOCKS, REQUIREMENTS, ROOT, Locked, declared, locked, project_name

# What CycloneDX calls a component that is used for tests and the like, and so is in nothing that is passed on.
SCOPES = {"run": "required", "extra": "optional", "build": "excluded", "dev": "excluded", "bench": "excluded"}


def version() -> str:
    """The version of ketascope, read without importing it."""
    text = (ROOT / declared()["tool"]["hatch"]["version"]["path"]).read_text(encoding="utf-8")
    found = re.search(r"""__version__\s*=\s*["']([^"']+)""", text)
    if found is None:
        raise ValueError("the version file holds no __version__")
    return found[1]


def purl(name: str, number: str) -> str:
    """The package URL of a Python package."""
    return f"pkg:pypi/{name}@{number}"


def licence_choice(expression: str) -> list[dict[str, Any]]:
    """A licence as CycloneDX wants it: an identifier alone, or an expression."""
    names = identifiers(expression)
    if names == [expression] and " " not in expression and not expression.startswith("LicenseRef-"):
        return [{"license": {"id": expression}}]
    return [{"expression": expression}]


def component(package: Locked, record: Record) -> dict[str, Any]:
    """One locked package."""
    reference = purl(package.name, package.version)
    properties = [("lock", lock) for lock in package.locks] + [("extra", extra) for extra in package.extras]
    if package.marker:
        properties.append(("only-where", package.marker))
    properties += [("carries", f"{part.what}: {part.licence}") for part in record.packages[package.name].parts]
    return {
        "type": "library",
        "bom-ref": reference,
        "name": package.name,
        "version": package.version,
        "scope": SCOPES[package.purpose],
        "purl": reference,
        "licenses": licence_choice(record.packages[package.name].licence),
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in sorted(package.hashes)],
        "properties": [{"name": f"ketascope:{name}", "value": value} for name, value in properties],
    }


def relations(packages: Mapping[str, Locked], top: str) -> list[dict[str, Any]]:
    """Who needs whom: ketascope its declared dependencies, each package those that name it in a lock."""
    needs: dict[str, set[str]] = {purl(package.name, package.version): set() for package in packages.values()}
    for package in packages.values():
        for parent in package.needed_by & packages.keys():
            needs[purl(parent, packages[parent].version)].add(purl(package.name, package.version))
    wanted = {project_name(requirement) for requirement in declared()["project"]["dependencies"]}
    direct = {purl(name, packages[name].version) for name in wanted}
    return [
        {"ref": reference, "dependsOn": sorted(names)} for reference, names in sorted({**needs, top: direct}.items())
    ]


def bill_of_materials() -> dict[str, Any]:
    """The whole document, ready to be written as JSON."""
    packages, record = locked(), read_record()
    top = purl("ketascope", version())
    project = declared()["project"]
    digests = {lock: hashlib.sha256((REQUIREMENTS / f"{lock}.txt").read_bytes()).hexdigest() for lock in LOCKS}
    document: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "pre-build"}],
            "component": {
                "type": "application",
                "bom-ref": top,
                "name": "ketascope",
                "version": version(),
                "description": project["description"],
                "purl": top,
                "licenses": licence_choice(project["license"]),
            },
            "properties": [
                {"name": f"ketascope:sha256:requirements/{lock}.txt", "value": digest}
                for lock, digest in digests.items()
            ],
        },
        "components": [component(package, record) for package in packages.values()],
        "dependencies": relations(packages, top),
    }
    content = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    return {**document, "serialNumber": uuid.uuid5(uuid.NAMESPACE_OID, content).urn}


def as_text() -> str:
    """The document as it is written to a file."""
    return json.dumps(bill_of_materials(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
