"""What ketascope is made of: every locked package is known by licence and hash, and the pages and files say so."""

from __future__ import annotations

import email
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from supply import licences, locks, page, sbom
from supply.licences import is_satisfied, read_record
from supply.locks import Locked, merged, reached, read_lock

ROOT = Path(__file__).resolve().parent.parent
DIGEST = "0" * 64
PACKAGES = locks.locked()
RECORD = read_record()
PRESENT = licences.installed()


def accepts(*names):
    return lambda name: name in names


# --- reading locks


def test_a_lock_gives_versions_conditions_hashes_and_who_asked():
    text = (
        f"a-b==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:{DIGEST} \\\n    --hash=sha256:{'1' * 64}\n"
        f"    # via\n    #   -r run.in\n    #   c\nc==2 \\\n    --hash=sha256:{DIGEST}\n    # via -r run.in\n"
    )
    first, second = read_lock(text, "run")

    assert (first.name, first.version, first.marker) == ("a-b", "1.0", "sys_platform == 'win32'")
    assert first.hashes == {DIGEST, "1" * 64}
    assert first.needed_by == {"c"}
    assert (second.name, second.marker, second.needed_by) == ("c", "", set())


@pytest.mark.parametrize("line", ["a>=1", "--index-url somewhere", "-e ."])
def test_a_line_that_pins_nothing_is_named(line):
    with pytest.raises(ValueError, match=r"run\.txt, line 2: .* is neither pin, hash nor comment"):
        read_lock(f"a==1 \\\n{line}\n", "run")


def test_two_versions_of_one_package_are_an_error():
    with pytest.raises(ValueError, match=r"a is 1 in run\.txt and 2 in dev\.txt"):
        merged([[Locked("a", "1", locks=["run"])], [Locked("a", "2", locks=["dev"])]])


def test_what_a_package_needs_is_followed_to_the_end():
    packages = {
        "a": Locked("a", "1"),
        "b": Locked("b", "1", needed_by={"a"}),
        "c": Locked("c", "1", needed_by={"b"}),
        "d": Locked("d", "1"),
    }
    assert reached(["a"], packages) == {"a", "b", "c"}


def test_each_package_has_the_purpose_it_is_needed_for():
    assert {name: PACKAGES[name].purpose for name in ("numpy", "anyio", "hatchling", "pytest", "diffrax")} == {
        "numpy": "run",
        "anyio": "run",
        "hatchling": "build",
        "pytest": "dev",
        "diffrax": "bench",
    }
    assert PACKAGES["numpyro"].extras == ["bayes"]
    assert PACKAGES["tqdm"].purpose == "extra"


def test_what_every_installation_needs_is_in_the_run_lock():
    assert {
        name for name, package in PACKAGES.items() if package.purpose == "run" and "run" not in package.locks
    } == set()


def test_what_the_run_lock_pins_is_needed_to_run_or_to_build():
    assert {package.purpose for package in PACKAGES.values() if "run" in package.locks} == {"run", "build"}


# --- licences


@pytest.mark.parametrize(
    ("expression", "accepted", "met"),
    [
        ("MIT", ["MIT"], True),
        ("MIT", [], False),
        ("MIT AND BSD-3-Clause", ["MIT"], False),
        ("MIT AND BSD-3-Clause", ["MIT", "BSD-3-Clause"], True),
        ("GPL-3.0-only OR MIT", ["MIT"], True),
        ("MIT OR Apache-2.0 AND GPL-3.0-only", ["MIT"], True),
        ("(MIT OR Apache-2.0) AND GPL-3.0-only", ["MIT"], False),
        ("Apache-2.0 WITH LLVM-exception", ["Apache-2.0"], False),
        ("Apache-2.0 WITH LLVM-exception OR MIT", ["Apache-2.0 WITH LLVM-exception"], True),
    ],
)
def test_a_licence_expression_is_met_by_what_is_accepted(expression, accepted, met):
    assert is_satisfied(expression, accepts(*accepted)) is met


@pytest.mark.parametrize("text", ["", "AND MIT", "MIT OR", "(MIT", "MIT)", "BSD License", "MIT WITH"])
def test_text_that_is_no_licence_expression_is_refused(text):
    with pytest.raises(ValueError, match="is not a licence expression|lacks a closing bracket"):
        is_satisfied(text, accepts("MIT", "BSD"))


def test_every_locked_package_has_a_licence_that_is_allowed():
    assert licences.problems(PACKAGES, RECORD) == []


def test_a_package_without_a_licence_on_record_is_named():
    known = {name: entry for name, entry in RECORD.packages.items() if name != "click"}

    assert licences.problems(PACKAGES, replace(RECORD, packages=known)) == [
        f"click {PACKAGES['click'].version} has no licence on record: add it to requirements/licences.toml"
    ]


def test_a_package_on_record_that_no_lock_pins_is_named():
    fewer = {name: package for name, package in PACKAGES.items() if name != "click"}

    assert licences.problems(fewer, RECORD) == ["click is on record but in no lock"]


@pytest.mark.parametrize(
    ("package", "licence", "where"),
    [
        ("click", "AGPL-3.0-only", "every installation"),
        ("click", "LGPL-2.1-only", "every installation"),
        ("click", "LicenseRef-NLEQ2", "every installation"),
        ("tqdm", "GPL-3.0-or-later", "extras"),
        ("pytest", "GPL-3.0-or-later", "tests, checks and documentation"),
        ("antimony", "LicenseRef-NLEQ2", "extras"),
    ],
)
def test_a_licence_that_is_not_allowed_for_the_purpose_is_named(package, licence, where):
    changed = {**RECORD.packages, package: replace(RECORD.packages[package], licence=licence, parts=())}

    found = licences.problems(PACKAGES, replace(RECORD, packages=changed))

    assert found == [f"{package}: '{licence}' is not allowed for {where}"]


def test_a_part_under_a_licence_that_is_not_allowed_is_named():
    part = licences.Part("some library", "GPL-3.0-or-later")
    changed = {**RECORD.packages, "numpy": replace(RECORD.packages["numpy"], parts=(part,))}

    found = licences.problems(PACKAGES, replace(RECORD, packages=changed))

    assert found == ["some library in numpy: 'GPL-3.0-or-later' is not allowed for every installation"]


def test_an_unknown_field_of_the_record_is_refused():
    with pytest.raises(TypeError, match="licens"):
        read_record('[allowed]\n[package.a]\nlicens = "MIT"\n')


def test_every_allowed_licence_has_a_reason_and_known_purposes():
    for name, row in RECORD.allowed.items():
        assert row.reason, name
        assert set(row.only_for) <= set(locks.PURPOSES), name


def test_no_copyleft_without_an_exception_reaches_every_installation():
    """The strictest that a user gets without asking: file-level copyleft, and libraries that can be exchanged."""
    entries = {name: RECORD.packages[name] for name, package in PACKAGES.items() if package.purpose == "run"}
    named = {
        licence
        for entry in entries.values()
        for expression in (entry.licence, *(part.licence for part in entry.parts))
        for licence in licences.identifiers(expression)
    }
    assert {licence for licence in named if "GPL" in licence} == {
        "GPL-3.0-or-later WITH GCC-exception-3.1",
        "LGPL-2.1-or-later",
    }


def test_the_tests_run_with_the_locked_packages():
    """So that the comparison below looks at something: all that run and tests need here is here."""
    needed = [package for package in PACKAGES.values() if {"run", "dev"} & set(package.locks) and not package.marker]
    absent = [package.name for package in needed if package.name not in PRESENT]

    assert len(needed) > 100
    assert absent == []


def test_installed_packages_state_the_licence_on_record():
    """A package that changes what it says of itself has to be looked at before it is locked."""
    assert licences.changed_statements(PACKAGES, RECORD, PRESENT) == []


def test_a_changed_statement_is_named():
    changed = {**RECORD.packages, "click": replace(RECORD.packages["click"], licence="MIT")}

    (line,) = licences.changed_statements(PACKAGES, replace(RECORD, packages=changed), PRESENT)

    assert line == f"click {PACKAGES['click'].version} states 'BSD-3-Clause', on record is 'MIT'"


class Installed:
    """An installed package with the metadata and the licence file that a test gives it."""

    def __init__(self, metadata, files=None):
        self.metadata = email.message_from_string(metadata + "\n")
        self.texts = files or {}
        self.files = [f"a-1.dist-info/{name}" for name in self.texts]

    def read_text(self, name):
        return self.texts[name]


@pytest.mark.parametrize(
    ("package", "said"),
    [
        (Installed("License-Expression: MIT\nLicense: other"), "MIT"),
        (Installed("License: free\nClassifier: License :: OSI Approved :: MIT License"), "MIT License"),
        (Installed("License: BSD\n  long text"), "BSD"),
        (
            Installed("Name: a", {"METADATA": "x", "licenses/LICENCE.txt": "\n MIT License \n\ntext"}),
            "file: MIT License",
        ),
        (Installed("Name: a", {"METADATA": "x"}), ""),
    ],
)
def test_a_package_states_its_licence_by_expression_classifier_field_or_file(package, said):
    assert licences.stated_licence(package) == said


def test_what_packages_say_that_they_carry_is_allowed_too():
    """Compiled packages list what is linked into them; all of it reaches every installation."""
    carried = {
        name: licences.carried_licences(PRESENT[name])
        for name, package in PACKAGES.items()
        if package.purpose == "run" and name in PRESENT
    }
    refused = {
        f"{name}: {expression}"
        for name, expressions in carried.items()
        for expression in expressions
        if not licences.is_allowed(expression, "run", RECORD)
    }
    assert refused == set()
    assert {"polars-runtime-32", "pydantic-core"} <= {name for name, expressions in carried.items() if expressions}


def test_the_licences_can_be_checked_from_the_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "supply", "licences"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{len(PACKAGES)} packages: every licence is known and allowed\n"


# --- the page


def test_the_page_of_dependencies_is_fresh():
    written = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")

    assert written == page.dependencies_page(), "docs/dependencies.md is out of date: run 'make generate'"


def test_the_page_lists_every_package_once_with_version_licence_and_locks():
    text = page.dependencies_page()
    for name, package in PACKAGES.items():
        (row,) = re.findall(rf"^\| {re.escape(name)} \| {re.escape(package.version)} \|.*$", text, re.MULTILINE)
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        assert cells[2].startswith(RECORD.packages[name].licence)
        assert cells[3], f"nothing says what {name} is for"
        assert cells[4].startswith(", ".join(package.locks))


def test_the_page_names_every_licence_that_asks_for_more_than_a_notice():
    text = page.dependencies_page()
    section = text.partition("## Licences that ask for more")[2].partition("\n## ")[0]

    for holder in (
        "certifi",
        "libSBML in antimony",
        "NLEQ1 and NLEQ2 in libroadrunner",
        "docutils",
        "libquadmath in numpy",
        "hypothesis",
    ):
        assert f"| {holder} |" in section
    assert "| click |" not in section
    assert all(
        row.strip("| ").split(" | ")[3] for row in section.splitlines() if row.startswith("| ") and "what |" not in row
    )


# --- the bill of materials

BILL = json.loads(sbom.as_text())
COMPONENTS = {component["name"]: component for component in BILL["components"]}


def test_the_bill_lists_every_locked_package_with_its_hashes():
    assert list(COMPONENTS) == list(PACKAGES)
    for name, package in PACKAGES.items():
        component = COMPONENTS[name]
        assert component["version"] == package.version
        assert component["purl"] == component["bom-ref"] == f"pkg:pypi/{name}@{package.version}"
        assert {row["content"] for row in component["hashes"]} == package.hashes
        assert package.hashes


def test_the_bill_is_written_without_any_package_at_hand(tmp_path):
    """It follows from the locks alone, so -S, which hides all installed packages, changes nothing."""
    file = tmp_path / "new" / "sbom.cdx.json"

    subprocess.run([sys.executable, "-S", "-m", "supply", "sbom", "--output", str(file)], cwd=ROOT, check=True)

    assert file.read_text(encoding="utf-8") == sbom.as_text()
    assert [path.name for path in file.parent.iterdir()] == ["sbom.cdx.json"]


def test_the_bill_names_no_address():
    assert "://" not in sbom.as_text()


def test_the_bill_is_the_same_each_time_and_follows_the_content(monkeypatch):
    first = sbom.as_text()

    assert sbom.as_text() == first
    assert "timestamp" not in first

    renamed = {name: replace(entry, licence="MIT") for name, entry in RECORD.packages.items()}
    monkeypatch.setattr(sbom, "read_record", lambda: replace(RECORD, packages=renamed))
    assert json.loads(sbom.as_text())["serialNumber"] != BILL["serialNumber"]


def test_the_bill_has_what_cyclonedx_requires():
    """The required fields and value patterns of the CycloneDX 1.6 schema, for the parts that the bill uses."""
    assert (BILL["bomFormat"], BILL["specVersion"], BILL["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", BILL["serialNumber"])
    assert set(BILL) == {
        "bomFormat",
        "components",
        "dependencies",
        "metadata",
        "serialNumber",
        "specVersion",
        "version",
    }
    for component in [*BILL["components"], BILL["metadata"]["component"]]:
        assert component["type"] in {"application", "library"}
        assert component["name"]
        assert component.get("scope", "required") in {"required", "optional", "excluded"}
        for row in component.get("hashes", []):
            assert row["alg"] == "SHA-256"
            assert re.fullmatch(r"[0-9a-f]{64}", row["content"])
        for choice in component["licenses"]:
            assert set(choice) in ({"license"}, {"expression"})
        assert all(set(row) == {"name", "value"} for row in component.get("properties", []))


def test_a_licence_in_the_bill_is_an_identifier_or_an_expression():
    assert sbom.licence_choice("MIT") == [{"license": {"id": "MIT"}}]
    assert sbom.licence_choice("MIT OR Apache-2.0") == [{"expression": "MIT OR Apache-2.0"}]
    assert sbom.licence_choice("LicenseRef-x") == [{"expression": "LicenseRef-x"}]


def test_references_in_the_bill_are_unique_and_lead_somewhere():
    references = [component["bom-ref"] for component in [*BILL["components"], BILL["metadata"]["component"]]]
    rows = {row["ref"]: row["dependsOn"] for row in BILL["dependencies"]}

    assert len(set(references)) == len(references)
    assert set(rows) == set(references)
    assert {name for names in rows.values() for name in names} <= set(references)


def test_what_ketascope_depends_on_in_the_bill_is_what_every_installation_needs():
    rows = {row["ref"]: row["dependsOn"] for row in BILL["dependencies"]}
    found, waiting = set(), [BILL["metadata"]["component"]["bom-ref"]]
    while waiting:
        for name in rows[waiting.pop()]:
            if name not in found:
                found.add(name)
                waiting.append(name)

    assert found == {component["bom-ref"] for component in BILL["components"] if component["scope"] == "required"}
