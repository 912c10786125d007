"""A patient whom the solver has no numbers for is counted and named, and is in no figure."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import ketascope
from ketascope import comparison, one_regimen, simulation
from ketascope.comparing import option_row as rows
from ketascope.comparing import setting as settings
from ketascope.errors import InputError
from ketascope.model import cascade

SENTENCE = "ketamine 0.5 mg/kg IV over 40 min"
PATIENTS = 30


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch):
    """Spoils chosen columns of every run: patients first, then draws, the central one at column PATIENTS."""

    def spoiled(*columns: int, doubtful: tuple[int, ...] = ()) -> None:
        def run_option(*given, **named):
            run = settings.run_option(*given, **named)
            outputs = run.outputs.copy()
            failed, unsettled = run.failed.copy(), run.doubtful.copy()
            outputs[5:, :, list(columns)] = math.nan
            failed[list(columns)] = True
            unsettled[list(doubtful)] = True
            return replace(run, outputs=outputs, failed=failed, doubtful=unsettled)

        monkeypatch.setattr(one_regimen, "run_option", run_option)
        monkeypatch.setattr(rows, "run_option", run_option)

    return spoiled


def numbers(part: object) -> list[float]:
    """Every number of a document."""
    if isinstance(part, dict):
        return [number for value in part.values() for number in numbers(value)]
    if isinstance(part, list):
        return [number for value in part for number in numbers(value)]
    return [float(part)] if isinstance(part, (int, float)) and not isinstance(part, bool) else []


def messages(flags: list[dict[str, str]]) -> dict[str, str]:
    return {flag["code"]: flag["message"] for flag in flags}


def test_a_run_says_which_patients_have_no_finite_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    solve = simulation.Case.solve

    def overflowing(self, *given, **named):
        solution = solve(self, *given, **named)
        if solution.values.shape[-1] == PATIENTS:
            solution.values[3, cascade.CHANNELS.index("fast"), 4] = math.inf
        return solution

    monkeypatch.setattr(simulation.Case, "solve", overflowing)
    doses = ketascope.parse(SENTENCE).doses(70.0)
    run = simulation.run_patients(
        doses,
        ketascope.Person(),
        "venous",
        simulation_parameters(),
        simulation.patient_normals(PATIENTS, 0),
        48.0,
    )
    assert np.flatnonzero(run.failed).tolist() == [4]
    kept = run.take(~run.failed)
    assert kept.outputs.shape[-1] == PATIENTS - 1
    assert np.array_equal(kept.outputs[..., 4], run.outputs[..., 5])


def simulation_parameters():
    from ketascope.model.parameter_store import load_parameters

    return load_parameters()


def test_compare_leaves_failed_patients_and_draws_out_and_names_them(spoil) -> None:
    whole = ketascope.compare([SENTENCE], patients=PATIENTS).document()
    spoil(0, 7, PATIENTS + 3)
    left = ketascope.compare([SENTENCE], patients=PATIENTS).document()
    said = messages(left["options"][0]["flags"])
    assert said["patients_failed"].startswith(f"2 of {PATIENTS} virtual patients")
    assert said["patients_failed"].endswith("(patient 1, 8)")
    assert said["draws_failed"].startswith(f"1 of {settings.DRAWS} draws")
    assert all(math.isfinite(number) for number in numbers(left))
    before, after = (d["options"][0]["pk"]["ketamine_cmax_ng_per_ml"] for d in (whole, left))
    assert before != after
    assert after["median"] == pytest.approx(before["median"], rel=0.1)
    change = [d["options"][0]["symptoms"]["change"]["24h"]["median"] for d in (whole, left)]
    assert change[0] == pytest.approx(change[1], rel=0.02)


def test_the_others_have_the_same_figures_as_without_the_failed_one(spoil) -> None:
    """Patient 1 of 30 failing leaves what patients 2 to 30 have; the same as dropping its column by hand."""
    spoil(0)
    left = ketascope.simulate(SENTENCE, patients=PATIENTS, times_h=[1.0, 24.0])
    spoil()
    whole = ketascope.simulate(SENTENCE, patients=PATIENTS, times_h=[1.0, 24.0])
    table = whole.trajectories()["block"].sel(time=[1.0, 24.0], method="nearest").values[1:]
    expected = np.percentile(table, 50.0, axis=0)
    assert left.document()["series"]["block"]["median"] == pytest.approx(expected.tolist(), rel=1e-12)
    assert left.document()["patients"] == PATIENTS, "the document says how many were asked for"
    assert np.isnan(left.trajectories()["block"].values[0]).any(), "in full output the failed one is missing, not gone"


def test_patients_that_do_not_settle_are_named_and_stay_in(spoil) -> None:
    spoil(doubtful=(2,))
    option = ketascope.compare([SENTENCE], patients=PATIENTS).document()["options"][0]
    message = messages(option["flags"])["patients_doubtful"]
    assert message == f"the numbers of 1 of {PATIENTS} virtual patients do not settle on finer grids (patient 3)"


def test_without_anyone_left_there_is_one_clear_line(spoil) -> None:
    spoil(*range(PATIENTS))
    with pytest.raises(InputError, match=r"^'.*': the solver finds no finite numbers for any patient$"):
        comparison.compare([SENTENCE], patients=PATIENTS)
    spoil(PATIENTS)
    with pytest.raises(InputError, match="no finite numbers for the typical patient$"):
        ketascope.simulate(SENTENCE, patients=PATIENTS)


def test_nobody_is_named_where_all_is_well() -> None:
    option = ketascope.compare([SENTENCE], patients=PATIENTS).document()["options"][0]
    assert not {"patients_failed", "patients_doubtful", "draws_failed"} & set(messages(option["flags"]))
