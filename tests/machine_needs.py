"""What some tests need of the machine, beyond Python's packages: a browser, and a library for another simulator.

A test says so by a fixture. Where the machine lacks it such tests are deselected and the terminal summary names what to
install; with KETASCOPE_MACHINE=whole they fail instead.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Need:
    """A part of the machine: the fixtures that stand for it, and what is said of it, "" where it is there."""

    fixtures: frozenset[str]
    missing: Callable[[], str]


def chromium() -> str | None:
    """The path of the machine's Chromium or Chrome, None where there is none."""
    return next((found for found in map(shutil.which, _CHROMIUM_NAMES) if found), None)


def _starts(*words: str) -> bool:
    return subprocess.run([sys.executable, *words], capture_output=True, check=False).returncode == 0


@functools.cache
def browser_missing() -> str:
    """Why no page can be looked at in a browser."""
    if chromium() is None:
        return "browser tests not run: no Chromium found (Debian: chromium)"
    if not _starts("-m", "playwright", "--version"):
        return "browser tests not run: the driver of the browser does not start (Debian: libatomic1)"
    return ""


@functools.cache
def other_simulator_missing() -> str:
    """Why exported models cannot be run by libRoadRunner."""
    if _starts("-c", "import roadrunner"):
        return ""
    library = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
    return f"exported models not run by libRoadRunner: it does not start (Debian: {library})"


NEEDS = (
    Need(frozenset({"browser", "open_page"}), browser_missing),
    Need(frozenset({"other_simulator"}), other_simulator_missing),
)


def must_be_whole() -> bool:
    """Whether what is missing is a failure."""
    return os.environ.get("KETASCOPE_MACHINE") == "whole"


def _needed(item: pytest.Item) -> list[Need]:
    return [need for need in NEEDS if need.fixtures & set(getattr(item, "fixturenames", ()))]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Last, so that what is quick is known first.
    items.sort(key=lambda item: bool(NEEDS[0].fixtures & set(getattr(item, "fixturenames", ()))))
    if must_be_whole():
        return
    left_out = [item for item in items if any(need.missing() for need in _needed(item))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    # Where tests run in parallel this process does not see what was deselected.
    if terminalreporter.config.pluginmanager.hasplugin("dsession") and not must_be_whole():
        for words in filter(None, (need.missing() for need in NEEDS)):
            terminalreporter.write_line(words)


@pytest.fixture(scope="session")
def other_simulator() -> None:
    """LibRoadRunner, run in a process of its own by the benchmark of exported models."""
    if other_simulator_missing():
        pytest.fail(f"KETASCOPE_MACHINE=whole, but {other_simulator_missing()}")
