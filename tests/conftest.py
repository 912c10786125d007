"""What every test shares: a plain terminal, one kind of device, and examples that are the same each time."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

# Set before anything imports JAX. A GPU may be asked for from outside; the tests bound results on a CPU.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# Help texts and tables follow the terminal, so tests give them one terminal.
os.environ["COLUMNS"] = "80"
for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "NO_COLOR", "TTY_COMPATIBLE"):
    os.environ.pop(name, None)

# "fixed" makes a green run stay green; "explore" looks for new counterexamples.
settings.register_profile("fixed", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

# The browser for tests of pages; it brings its own rule for machines that have none.
pytest_plugins = ("browser_fixtures",)

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def generate() -> ModuleType:
    """The script that writes the generated pages, as a module."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
