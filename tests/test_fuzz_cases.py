"""The table of `docs/robustness.md` tells of every fuzz, fault and extreme test how many cases it has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fuzzing import VARIABLE, counts, factor, table


def test_the_page_has_the_cases_of_every_test(root: Path) -> None:
    page = (root / "docs" / "robustness.md").read_text(encoding="utf-8")
    assert table() in page, f"docs/robustness.md is stale; its table should be\n{table()}"
    assert VARIABLE in page


def test_every_test_counts_and_most_are_generated() -> None:
    found = counts()
    assert all(number >= 1 for number in found.values())
    assert sum(found.values()) > 3000
    assert {file for file, _ in found} >= {
        "test_fuzz_sentences.py",
        "test_faults_machine.py",
        "test_extreme_numbers.py",
    }


def test_the_variable_multiplies_the_generated_cases(root: Path) -> None:
    program = "import fuzzing; print(fuzzing.cases(7).max_examples, fuzzing.cases(7).derandomize)"
    told = [
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={name: value for name, value in os.environ.items() if name != VARIABLE} | set_to,
            cwd=root / "tests",
        ).stdout.split()
        for set_to in ({}, {VARIABLE: "5"})
    ]
    assert told == [["7", "True"], ["35", "False"]]
    assert factor() >= 1
