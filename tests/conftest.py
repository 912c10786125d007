"""What every test shares: a plain terminal, one kind of device, and examples that are the same each time."""

from __future__ import annotations

import ctypes
import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

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
pytest_plugins = ("machine_needs", "browser_fixtures")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module", autouse=True)
def memory_goes_back() -> Iterator[None]:
    """After each file: compiling a gradient takes up to a gigabyte, which the C library would keep for the process."""
    yield
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


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


@pytest.fixture(scope="session", autouse=True)
def documents_keep_their_contracts() -> Iterator[None]:
    """Every document of trial, fit, nca and import that any test makes is held to its contract."""
    from ketascope.contract import check_document
    from ketascope.exchange.importing import Import
    from ketascope.fitting.data_fit import Fit
    from ketascope.noncompartmental.analysing import Analysis
    from ketascope.virtual_trials.running import TrialResult

    def checked(name: str, document: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
        def of(result: Any) -> dict[str, Any]:
            found = document(result)
            check_document(name, found)
            return found

        return of

    kinds: dict[str, Any] = {"trial": TrialResult, "fit": Fit, "nca": Analysis, "import": Import}
    with pytest.MonkeyPatch.context() as patch:
        for name, kind in kinds.items():
            patch.setattr(kind, "document", checked(name, kind.document))
        yield
