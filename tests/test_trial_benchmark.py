"""The pages on the speed and the costs of virtual trials say what the figures say."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    return {name: importlib.import_module(name) for name in ("trials", "trial_costs")}


def figures(**changes: Any) -> dict[str, Any]:
    engines = {
        "one process": {"seconds": 150.0, "hash": "a", "peak_mib": 200.0, "largest_process_mib": 200.0},
        "two processes": {"seconds": 100.0, "hash": "a", "peak_mib": 500.0, "largest_process_mib": 220.0},
        "Dask, local cluster of two": {"seconds": 120.0, "hash": "b", "peak_mib": 650.0, "largest_process_mib": 280.0},
    }
    killed = {
        "a worker": {"hash": "a", "chunks": 150, "found": 0, "computed": 150, "finished_before": 90}
        | {"finished_chunks_done_again": 0},
        "the whole run": {"hash": "a", "chunks": 150, "found": 91, "computed": 59, "finished_before": 91}
        | {"workers_left_behind": 0},
    }
    parts = {
        "people_of_chunk": 10_000,
        "chunk_s": 1.0,
        "solver_s": 0.5,
        "write_s": 0.01,
        "setup_s": 2.0,
        "core_operations_per_s": 34e9,
        "card": "H100",
        "card_operations_per_s": 34e12,
    }
    whole = {
        "replicates": 10_000,
        "people": 150,
        "visits": 7,
        "cores": 2,
        "chunks": 150,
        "replicates_in_chunk": 67,
        "output_mib": 102.4,
        "engines": engines,
        "killed": killed,
        "parts": parts,
    }
    return whole | changes


def test_the_page_tells_ratios_the_memory_and_whether_the_content_is_the_same(benchmark: dict[str, ModuleType]) -> None:
    page = benchmark["trials"].page(figures())
    assert "| two processes | 1.50 | 500 MiB | 220 MiB | yes |" in page
    assert "| Dask, local cluster of two | 1.25 | 650 MiB | 280 MiB | NO |" in page, "a difference is not hidden"
    assert "| a worker | 150 | 90 | 0 | 60 | yes |" in page
    assert "| the whole run | 150 | 91 | 0 | 59 | yes |" in page
    assert "1,500,000 people, 10,500,000 ratings" in page
    assert "150.0" not in page, "no seconds"


def test_costs_follow_from_the_figures_by_plain_arithmetic(benchmark: dict[str, ModuleType]) -> None:
    found = benchmark["trial_costs"].costs(figures(), 10_000)
    core_s = 1000 * 10_000 * 150.0 / 1_500_000 + 1000 * 2.0  # people, and each design's first chunk
    assert found["people"] == 10_000_000
    assert found["core_hours"] == pytest.approx(core_s / 3600.0)
    assert found["efficiency"] == pytest.approx(0.75)
    assert found["one_machine_h"] == pytest.approx(core_s / 3600.0 / 1.5)
    assert found["workers_h"] == pytest.approx(core_s / 3600.0 / 48.0)
    assert found["card_h"] == pytest.approx(0.5 * 1000.0 / 3600.0 / 1000.0)
    assert found["rest_core_hours"] == pytest.approx((core_s - 500.0) / 3600.0)
    assert found["output_gib"] == pytest.approx(0.1 * 10_000_000 / 1_500_000)
    larger = benchmark["trial_costs"].costs(figures(), 10_000_000)
    assert larger["workers_core_hours"] == pytest.approx((1e10 * 1e-4 + 1000 * 64 * 2.0) / 3600.0)
    slow_disk = figures(parts=figures()["parts"] | {"write_s": 5.0})
    assert benchmark["trial_costs"].costs(slow_disk, 10_000)["workers_bound_by"] == "one process that writes"


def test_the_page_of_costs_marks_what_was_not_measured(benchmark: dict[str, ModuleType]) -> None:
    page = benchmark["trial_costs"].page(figures())
    assert "| people simulated | 10,000,000 | 10,000,000,000 |" in page
    assert "not run on a card" in page
    assert "one H100, hours (estimate)" in page
