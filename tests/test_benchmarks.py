"""The benchmarks run: they are called by hand and rarely, so nothing else would notice that they broke."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch):
    """Imports a module of the benchmarks by name."""
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])

    def found(name: str) -> ModuleType:
        return importlib.import_module(name)

    return found


def test_the_reference_problem_is_the_one_of_the_design(benchmark) -> None:
    reference = benchmark("reference_problem")
    times = reference.output_times_h()
    assert len(times) == 200
    assert times[-1] == 56 * 24.0
    first = np.random.default_rng(20260101).standard_normal((100_000, 7))[0]
    assert reference.draws()["clearance"][0] == pytest.approx(79.0 * np.exp(np.sqrt(np.log(1.09)) * first[0]))
    assert reference.draws()["score_fall"][0] == pytest.approx(1 / (1 + (3 / 7) * np.exp(-0.3 * first[6])), rel=1e-12)


def test_both_sides_solve_it_and_ketascope_is_ahead(benchmark) -> None:
    peers, measuring = benchmark("peers"), benchmark("peers.measuring")
    reference = benchmark("reference_problem")
    ours, theirs = peers.load("ketascope"), peers.load("scipy")
    ours.prepare()
    rates = {}
    for tool, people in ((ours, 400), (theirs, 2)):
        seconds = measuring._seconds(lambda tool=tool, people=people: tool.solve(people))
        rates[tool.key] = people / seconds
        errors = reference.largest_relative_error(tool.solve(2))
        assert max(errors.values()) <= 2e-5, tool.name
    assert max(reference.largest_relative_error(ours.solve(2)).values()) <= 1e-5
    assert rates["ketascope"] > 30.0 * rates["scipy"]


def test_threads_and_batches_change_nothing(benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = benchmark("peers.ketascope_native")
    whole = ours.solve(40)
    monkeypatch.setattr(ours, "BATCH", 16)
    np.testing.assert_array_equal(ours.solve(40, threads=2), whole)


@pytest.mark.thorough
def test_the_ladder_measures_a_rung(benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    ladder = benchmark("ladder")
    kept = [rung for rung in ladder.RUNGS if rung.idea.startswith("products and sums")]
    monkeypatch.setattr(ladder, "RUNGS", tuple(kept))
    (found,) = ladder.measure(people=16, turns=1)
    assert found[1] > 0.0
    assert max(found[2].values()) <= 1e-5


def test_the_parts_of_the_real_model_add_up(benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    real = benchmark("real_model")
    monkeypatch.setattr(real, "PEOPLE", 16)
    monkeypatch.setattr(real, "TURNS", 1)
    parts = real.parts(real.sentences()["iv-single"])
    assert sum(parts.values()) > 0.0
    assert real.run_s(real.sentences()["iv-single"], 1) > 0.0


def test_the_page_tells_ratios_and_what_was_not_measured(benchmark) -> None:
    run = benchmark("run")

    def measured(name: str, rate: float) -> dict[str, object]:
        errors = {"ketamine_mg_per_l": 1e-5, "score": 1e-6}
        return {
            "name": name,
            "version": "1",
            "note": "a note",
            "people": 1000,
            "patients_per_second": rate,
            "compile_s": 2.0,
            "first_call_s": 1.0,
            "peak_memory_mib": 100.0,
            "errors": errors,
        }

    lines = run.peer_lines({"ketascope": measured("ours", 4e4), "numbalsoda": measured("theirs", 400.0)}, {"x": "why"})
    table = "\n".join(lines)
    assert "| ours | 1,000 | 100 | 1 |" in table
    assert "| theirs | 1,000 | 1 | 100 |" in table
    assert "Not measured: x (why)" in table
    assert "ours (1): a note." in table
