"""The benchmark runs: it is called by hand and rarely, so nothing else would notice that it broke."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


def test_the_speed_ratio_is_measured_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    spec = importlib.util.spec_from_file_location("benchmark_run", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    for name, few in (("OURS", 80), ("THEIRS", 1), ("REPEATS", 1)):
        monkeypatch.setattr(benchmark, name, few)
    # The benchmark loosens the oracle's tolerances; they are put back afterwards.
    for name in ("RELATIVE_TOLERANCE", "ABSOLUTE_TOLERANCE"):
        monkeypatch.setattr(benchmark.reference, name, getattr(benchmark.reference, name))
    ratio, points = benchmark.speed_ratio("ketamine 0.5 mg/kg IV over 40 min")
    assert points > 50
    assert ratio > 1.0
