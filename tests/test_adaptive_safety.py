"""Patients for whom the checked cohort does not speak are solved again and counted; very many patients at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketascope import many_people, simulate, simulation
from ketascope.errors import InputError
from ketascope.many_people import PATIENTS_MOST, QuantileCounts, population
from ketascope.model import cascade
from ketascope.model.plasma import plasma
from ketascope.people import RANDOM_EFFECTS, individual_values, random_normals
from ketascope.regimen import parse
from ketascope.simulation import ERROR_TOLERANCE, Case, CheckedGrid, PatientRun, check_grid, run_patients
from ketascope.solver.grid import halved
from native_runs import PERSON, ROWS

IV = "ketamine 0.5 mg/kg IV over 40 min"
IM = "ketamine 0.5 mg/kg IM"
UNTIL_H = 72.0


@cache
def checked(sentence: str, sampling: str) -> CheckedGrid:
    return check_grid(parse(sentence).doses(PERSON.weight_kg), PERSON, plasma(sampling), ROWS, UNTIL_H)


def run(
    sentence: str,
    sampling: str,
    normals: np.ndarray,
    check: bool | CheckedGrid | None = None,
    draws: Mapping[str, np.ndarray] | None = None,
    **options: Any,
) -> PatientRun:
    check = checked(sentence, sampling) if check is None else check
    doses = parse(sentence).doses(PERSON.weight_kg)
    return run_patients(doses, PERSON, sampling, ROWS, normals, UNTIL_H, draws=draws, check=check, **options)


def much_finer(sentence: str, sampling: str, normals: np.ndarray, grid_h: np.ndarray) -> np.ndarray:
    """The same times from a grid of sixteen times as many steps."""
    case = Case.of(
        parse(sentence).doses(PERSON.weight_kg),
        individual_values(ROWS, PERSON, normals, plasma(sampling)),
        plasma(sampling),
        ROWS,
    )
    for _ in range(4):
        grid_h = halved(grid_h)
    return case.solve(grid_h, 1).values[::16]


def error_of(found: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Largest relative error of each patient."""
    largest = np.abs(exact).max(axis=0)
    error: np.ndarray = (np.abs(found - exact).max(axis=0) / np.where(largest > 0.0, largest, 1.0)).max(axis=0)
    return error


def one_extreme(name: str, size: float) -> np.ndarray:
    normals = np.zeros((1, len(RANDOM_EFFECTS)))
    normals[0, RANDOM_EFFECTS.index(name)] = size
    return normals


# An injected depot that empties at once, ten standard deviations from what is usual.
EXTREME = one_extreme("depot_rate", 10.0)


# Solved again -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampling", ["venous", "venous-published"])
def test_ordinary_patients_are_not_solved_again(sampling: str) -> None:
    result = run(IV, sampling, random_normals(11, 300), only_wanted=True)
    assert result.redone.shape == result.doubtful.shape == (300,)
    assert result.redone.dtype == bool
    assert not result.redone.any()
    assert not result.doubtful.any()


def test_an_extreme_patient_is_solved_again_and_is_then_closer_to_the_truth() -> None:
    sampling = "arterial"
    result = run(IM, sampling, EXTREME)
    assert result.redone.tolist() == [True]
    assert result.doubtful.tolist() == [False]
    unchecked = run(IM, sampling, EXTREME, CheckedGrid(checked(IM, sampling).rule, math.nan, math.inf))
    assert not unchecked.redone.any()
    np.testing.assert_array_equal(unchecked.grid_h, result.grid_h)
    exact = much_finer(IM, sampling, EXTREME, result.grid_h)
    before, after = error_of(unchecked.outputs, exact)[0], error_of(result.outputs, exact)[0]
    assert before > ERROR_TOLERANCE
    assert after < ERROR_TOLERANCE
    assert after < before / 4.0  # measured: 60


@pytest.mark.parametrize("place", [0, 5, 30])
def test_the_others_have_the_same_bits_as_without_the_extreme_one(place: int) -> None:
    others = random_normals(5, 30)
    alone = run(IM, "arterial", others)
    together = run(IM, "arterial", np.insert(others, place, EXTREME[0], axis=0))
    assert together.redone[place]
    np.testing.assert_array_equal(np.delete(together.outputs, place, axis=2), alone.outputs)
    np.testing.assert_array_equal(np.delete(together.redone, place), alone.redone)
    np.testing.assert_array_equal(together.outputs[..., place], run(IM, "arterial", EXTREME).outputs[..., 0])


def test_kept_times_of_a_patient_solved_again_are_those_of_the_full_course() -> None:
    wanted = (0.25, 1.0, 24.0)
    every, few = (run(IM, "arterial", EXTREME, wanted_h=wanted, only_wanted=only) for only in (False, True))
    assert few.redone.all()
    np.testing.assert_allclose(few.grid_h, [0.0, *wanted])
    for name in cascade.CHANNELS:
        # Where fewer times are wanted, two grids may agree sooner.
        seen, all_of_it = (each.at(name, np.array(wanted)) for each in (few, every))
        assert (np.abs(seen - all_of_it) <= 2.0 * ERROR_TOLERANCE * every.channel(name).max()).all()


def test_without_a_check_nobody_is_solved_again() -> None:
    result = run(IM, "arterial", EXTREME, False)
    assert math.isnan(result.error_estimate)
    assert not result.redone.any()
    assert not result.doubtful.any()


def test_a_tighter_bound_checks_more_and_changes_nothing_where_two_grids_agree() -> None:
    normals = random_normals(5, 30)
    own = checked(IV, "venous")
    counts, outputs = [], []
    for share in (1.0, 0.008, 0.005, 0.0):
        strict = CheckedGrid(own.rule, own.error, share * own.roughest)
        result = run(IV, "venous", normals, strict, only_wanted=True, wanted_h=(2.0, 24.0))
        counts.append(int(np.isfinite(result.patient_error).sum()))
        outputs.append(result.outputs)
        assert not result.redone.any()
        assert not result.doubtful.any()
        assert not (result.patient_error > ERROR_TOLERANCE).any()
    assert counts == sorted(counts)
    assert counts[0] == 0 < counts[1] < counts[-1] == 30
    for other in outputs[1:]:
        np.testing.assert_array_equal(other, outputs[0])


def test_where_no_two_grids_agree_everyone_is_doubtful(monkeypatch: pytest.MonkeyPatch) -> None:
    own = checked(IV, "venous")
    monkeypatch.setattr(simulation, "ERROR_TOLERANCE", 0.0)
    result = run(IV, "venous", random_normals(5, 7), CheckedGrid(own.rule, own.error, -math.inf))
    assert result.redone.all()
    assert result.doubtful.all()
    assert result.error_estimate == result.patient_error.max() > 0.0


def test_a_patient_that_no_grid_resolves_is_doubtful_and_spoils_nobody_else() -> None:
    normals = random_normals(5, 9)
    name = "trials.drive_half_saturation"
    half = np.full(9, ROWS.value(name))
    sound = run(IV, "venous", normals, draws={name: half})
    broken = half.copy()
    broken[4] = math.nan
    result = run(IV, "venous", normals, draws={name: broken})
    assert np.flatnonzero(result.redone).tolist() == [4]
    assert np.flatnonzero(result.doubtful).tolist() == np.flatnonzero(result.failed).tolist() == [4]
    assert np.isnan(result.channel("plasticity")[-1, 4])
    np.testing.assert_array_equal(np.delete(result.outputs, 4, axis=2), np.delete(sound.outputs, 4, axis=2))


def test_threads_do_not_change_who_is_solved_again_nor_a_bit() -> None:
    normals = np.concatenate([random_normals(5, 20), EXTREME, random_normals(6, 20)])
    first, second = (run(IM, "arterial", normals, threads=threads) for threads in (1, 2))
    assert first.redone.any()
    np.testing.assert_array_equal(first.redone, second.redone)
    np.testing.assert_array_equal(first.outputs, second.outputs)


# A population -------------------------------------------------------------------------------------------------

# With 401 patients the 2.5%, 50% and 97.5% quantiles are values of patients, not something between two of them.
PATIENTS = 401
TIMES_H = (0.0, 0.5, 2.0, 24.0, 72.0)


@cache
def counted() -> dict[str, Any]:
    return population(IV, patients=PATIENTS, times_h=TIMES_H, seed=3).document()


def test_a_population_has_the_quantiles_of_simulate() -> None:
    simulated = simulate(IV, patients=PATIENTS, times_h=list(TIMES_H), seed=3, until_h=72.0).document()
    ours, theirs = counted()["series"], simulated["series"]
    shared = sorted(set(ours) & set(theirs))
    assert len(shared) >= 10
    assert {"ketamine_ng_per_ml", "plasticity", "score"} <= set(shared)
    for name in shared:
        for part in ("low", "median", "high"):
            np.testing.assert_allclose(ours[name][part], theirs[name][part], rtol=3e-3, atol=1e-9, err_msg=name)


def test_what_a_population_says_of_itself() -> None:
    document = counted()
    assert document["patients"] == PATIENTS
    assert document["times_h"] == list(TIMES_H)
    assert document["seed"] == 3
    assert document["redone"] == document["doubtful"] == 0
    assert 0.0 < document["error_estimate"] <= ERROR_TOLERANCE
    assert all(len(band[part]) == len(TIMES_H) for band in document["series"].values() for part in band)


@pytest.mark.parametrize(("batch", "threads"), [(37, 1), (400, 2), (PATIENTS, 1)])
def test_batches_and_threads_do_not_change_the_numbers(
    batch: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many_people, "BATCH", batch)
    done: list[int] = []
    document = population(
        IV, patients=PATIENTS, times_h=TIMES_H, seed=3, threads=threads, progress=done.append
    ).document()
    assert document == counted()
    assert done == [*range(batch, PATIENTS, batch), PATIENTS]


def test_times_may_come_in_any_order_and_more_than_once() -> None:
    shuffled = population(IV, patients=PATIENTS, times_h=[*reversed(TIMES_H), 2.0], seed=3).document()
    assert shuffled == counted()


def test_the_moment_before_the_first_dose_is_a_time_too() -> None:
    document = population(IV, patients=9, times_h=[0.0]).document()
    assert document["series"]["ketamine_ng_per_ml"] == {"median": [0.0], "low": [0.0], "high": [0.0]}
    assert document["series"]["glutamate_fold"]["median"] == pytest.approx([1.0], rel=2e-3)


def test_patients_solved_again_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    original = check_grid

    def strict(*arguments: Any) -> CheckedGrid:
        found = original(*arguments)
        return CheckedGrid(found.rule, found.error, -math.inf)

    monkeypatch.setattr(many_people, "check_grid", strict)
    monkeypatch.setattr(simulation, "ERROR_TOLERANCE", 0.0)
    monkeypatch.setattr(many_people, "BATCH", 5)
    result = population(IV, patients=11, times_h=[2.0])
    assert result.redone == result.doubtful == 11
    assert result.document()["redone"] == result.document()["doubtful"] == 11


@pytest.mark.parametrize(
    ("sentence", "arguments", "message"),
    [
        (IV, {"patients": 0}, f"patients 0: must be 1 to {PATIENTS_MOST}"),
        (IV, {"patients": -3}, f"patients -3: must be 1 to {PATIENTS_MOST}"),
        (IV, {"patients": PATIENTS_MOST + 1}, f"patients {PATIENTS_MOST + 1}: must be 1 to {PATIENTS_MOST}"),
        (IV, {"times_h": []}, "times: give at least one time, and none before the first dose"),
        (IV, {"times_h": [1.0, -0.5]}, "times: give at least one time, and none before the first dose"),
        (IV, {"times_h": [1e7]}, "until 1e+07 h: must be 24 h to 730 d"),
        (IV, {"times_h": [math.nan]}, "until nan h"),
        (IV, {"times_h": [math.inf]}, "until inf h"),
        ("escitalopram 10 mg oral q 1 d x 5", {}, "gives no ketamine, so there are no courses to follow"),
        (IV, {"sampling": "capillary"}, "sampling 'capillary': must be one of venous, arterial"),
        (IV, {"seed": -1}, "seed -1: must be a whole number"),
        (IV, {"weight_kg": 5.0}, "weight 5 kg: must be"),
        ("ketamin 35 mg IV", {}, "ketamin"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(sentence: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        population(sentence, **({"patients": 5, "times_h": [1.0]} | arguments))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


# Quantiles by counting ----------------------------------------------------------------------------------------

WIDTH = 1.0 / 512.0
SHARES = (0.0, 0.025, 0.5, 0.975, 1.0)


def nearest_quantile(values: np.ndarray, share: float) -> float:
    """The value whose rank is nearest to that of the quantile, the lower of two equally near."""
    return float(np.sort(values)[math.ceil(share * (len(values) - 1) - 0.5)])


@given(st.lists(st.floats(1e-12, 1e7), min_size=1, max_size=60))
def test_a_counted_quantile_is_a_value_to_a_five_hundredth(values: list[float]) -> None:
    row = np.array(values)
    counts = QuantileCounts(1)
    counts.add(row[None])
    found = counts.quantiles(SHARES)[:, 0]
    for share, quantile in zip(SHARES, found, strict=True):
        assert quantile == pytest.approx(nearest_quantile(row, share), rel=WIDTH)
        # Never beyond the two values that NumPy puts its quantile between.
        low, high = (np.quantile(row, share, method=side) for side in ("lower", "higher"))
        assert low * (1.0 - WIDTH) <= quantile <= high * (1.0 + WIDTH)
    assert (np.diff(found) >= 0.0).all()


@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e5), st.floats(0.05, 1.5))
def test_of_many_values_the_quantiles_are_those_of_numpy(seed: int, size: float, spread: float) -> None:
    values = size * np.exp(spread * np.random.default_rng(seed).standard_normal((2, 4001)))
    counts = QuantileCounts(2)
    counts.add(values)
    expected = np.quantile(values, [0.025, 0.5, 0.975], axis=1)
    np.testing.assert_allclose(counts.quantiles([0.025, 0.5, 0.975]), expected, rtol=WIDTH)


@given(st.integers(0, 2**32 - 1), st.integers(1, 99))
def test_order_and_portions_do_not_matter(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.exp(3.0 * rng.standard_normal((2, 100)))
    whole, parts = QuantileCounts(2), QuantileCounts(2)
    whole.add(values)
    mixed = values[:, rng.permutation(100)]
    parts.add(mixed[:, :cut])
    parts.add(mixed[:, cut:])
    np.testing.assert_array_equal(whole.counts, parts.counts)


def test_zero_and_next_to_zero_count_as_zero() -> None:
    counts = QuantileCounts(1)
    counts.add(np.array([[0.0, 1e-300, 1e-13, 5.0]]))
    assert counts.quantiles([0.0, 0.3, 0.6]).ravel().tolist() == [0.0, 0.0, 0.0]
    assert counts.quantiles([1.0])[0, 0] == pytest.approx(5.0, rel=WIDTH)


def test_memory_does_not_grow_with_the_number_of_values() -> None:
    counts = QuantileCounts(3)
    before = counts.counts.nbytes
    for _ in range(5):
        counts.add(np.random.default_rng(1).random((3, 10_000)))
    assert counts.counts.nbytes == before < 1_000_000
    assert set(vars(counts)) == set(vars(QuantileCounts(3)))
    assert counts.counts.sum(axis=1).tolist() == [50_000] * 3
