"""A fresh interpreter on the sources of this checkout, for what only a new process can show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).resolve().parent.parent / "src"
PATIENCE_S = 120.0


def environment(**more: str) -> dict[str, str]:
    """The environment of the test with the sources on the path of modules."""
    return os.environ | {"PYTHONPATH": str(SOURCES)} | more


def python(
    *arguments: str, variables: dict[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run Python to its end and keep what it says. options: as `subprocess.run` takes them."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment(**(variables or {})),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        **{"check": False, **options},
    )
