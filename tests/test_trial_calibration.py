"""The whole run: refused or done, stopped and gone on with, and the same for any number of workers."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import tomllib
import zlib
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ketascope.errors import InputError
from ketascope.evidence import fit_files
from ketascope.evidence.priors import load_prior_rows, priors_of
from ketascope.evidence.symptom_trials import calibration, posterior
from ketascope.evidence.symptom_trials.calibration import (
    POOLED,
    SHORT_CHAIN,
    Settings,
    Task,
    calibrate_on_trials,
    calibration_parameters,
)
from ketascope.evidence.symptom_trials.design import Design
from ketascope.evidence.symptom_trials.estimation import (
    PRIOR_FILE,
    Chain,
    Fit,
    diagnostics,
    together,
)
from ketascope.evidence.symptom_trials.likelihood import TRIAL_EFFECTS
from ketascope.model.parameter_store import ParameterSet, load_parameters
from trial_fixtures import change_file, change_outcomes, made_up_fit, make, trial

KEYS = ("borgogna2024", "rodriguez2013", "murrough2013", "feder2021", "durgam2016")
LEFT_OUT = ("rodriguez2013", "murrough2013", "feder2021", "durgam2016")


def settings(folder: Path, **changes: int) -> Settings:
    return Settings(folder, **({"chains": 2, "warm_up": 100, "draws": 120, "seed": 1, "workers": 1} | changes))


def task(**changes: Any) -> Task:
    return dataclasses.replace(Task(None, 0.5, 1, 0, 700, 1000), **changes)


# --- a run in which sampling is quick ------------------------------------------------------------------


class Seam:
    """In place of the seam over processes: work is done here, in the order of `order`; it keeps what it was asked."""

    made: list[Seam] = []
    order: Callable[[list[Any]], Sequence[Any]] = list

    def __init__(self, work: Callable[[Task], Chain], chunks: Sequence[Task], **given: Any) -> None:
        self.given, self.is_closed = given, False
        self.results = ((index, work(chunks[index])) for index in Seam.order(list(range(len(chunks)))))
        Seam.made.append(self)

    def __iter__(self) -> Iterator[tuple[int, Chain]]:
        return self.results

    def close(self) -> None:
        self.is_closed = True


def fake_chain(task: Task) -> Chain:
    """Draws that depend on the task alone, as a sampler's do."""
    drawn = made_up_fit(small_design().trials, 1, task.draws, seed=zlib.crc32(repr(task).encode()))
    return Chain({name: table[0] for name, table in drawn.sites.items()}, task.number, 31.0)


def small_design(weight: float = 1.0) -> Design:
    if weight not in _DESIGNS:
        _DESIGNS[weight] = make(tuple(trial(key) for key in KEYS), pooled_weight=weight)
    return _DESIGNS[weight]


_DESIGNS: dict[float, Design] = {}


@pytest.fixture
def sampled(monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    """Chains drawn at once, five trials in place of all, nothing predicted; the tasks that were sampled, in order."""
    done: list[Task] = []

    def sample(task: Task) -> Chain:
        done.append(task)
        return fake_chain(task)

    def nothing(*_: Any) -> list[Any]:
        return []

    Seam.made.clear()
    monkeypatch.setattr(Seam, "order", list)
    monkeypatch.setattr(calibration, "map_chunks", Seam)
    monkeypatch.setattr(calibration, "_sample", sample)
    monkeypatch.setattr(calibration, "packaged_design", small_design)
    for step in ("_predictive_rows", "_prior_predictive_rows", "_left_out", "_model_means"):
        monkeypatch.setattr(calibration, step, nothing)
    return done


def written(folder: Path) -> dict[str, bytes]:
    return {name: file.read_bytes() for name, file in posterior.files_of(folder).items()}


def test_a_run_samples_each_posterior_the_main_one_first_and_those_left_out_last(
    sampled: list[Task], tmp_path: Path
) -> None:
    lines: list[str] = []
    calibrate_on_trials(settings(tmp_path), lines.append)
    groups = [(item.left_out, item.pooled_weight, item.seed, item.number) for item in sampled]
    assert groups == [
        *((None, 0.5, 1, number) for number in (0, 1)),
        *((None, 0.5, 1001, number) for number in (0, 1)),
        *((POOLED, 0.5, 1, number) for number in (0, 1)),
        *((None, 1.0, 1, number) for number in (0, 1)),
        *((key, 0.5, 1, 0) for key in LEFT_OUT),
    ], "a published pool is never left out as a trial"
    assert lines[0] == "1 of 12: main, chain 1: 0 divergences, 31 steps a draw"
    assert lines[1] == "2 of 12: main, chain 2: 1 divergences, 31 steps a draw"
    assert lines[-1] == "12 of 12: without durgam2016, chain 1: 0 divergences, 31 steps a draw"
    assert len(lines) == 12


def test_a_refit_is_short_and_the_main_fit_as_long_as_asked(sampled: list[Task], tmp_path: Path) -> None:
    calibrate_on_trials(settings(tmp_path, warm_up=SHORT_CHAIN + 50, draws=SHORT_CHAIN + 10))
    lengths = {item.left_out: (item.warm_up, item.draws) for item in sampled if item.pooled_weight == 0.5}
    assert lengths[None] == (SHORT_CHAIN + 50, SHORT_CHAIN + 10)
    assert set(lengths.values()) - {lengths[None]} == {(SHORT_CHAIN, SHORT_CHAIN)}
    sampled.clear()
    calibrate_on_trials(settings(tmp_path, seed=2))
    assert {(item.warm_up, item.draws) for item in sampled} == {(100, 120)}, "never longer than asked"


def test_a_run_writes_three_files_and_returns_what_the_record_holds(sampled: list[Task], tmp_path: Path) -> None:
    document = calibrate_on_trials(settings(tmp_path))
    files = posterior.files_of(tmp_path)
    assert set(files) == {"parameters", "draws", "record"}
    record = json.loads(files["record"].read_text(encoding="utf-8"))
    assert record == json.loads(json.dumps(document))
    assert (record["seed"], record["chains"], record["warm_up"], record["draws"]) == (1, 2, 100, 120)
    assert record["divergences"] == 1
    assert list(tomllib.loads(files["parameters"].read_text(encoding="utf-8"))) == list(load_prior_rows(PRIOR_FILE))
    header, *rows = files["draws"].read_text(encoding="utf-8").splitlines()
    assert header.split(",") == list(priors_of(PRIOR_FILE))
    assert len(rows) == 240, "fewer than are stored: all of them"
    assert [row["trial"] for row in record["trial_effects"]] == list(KEYS)


def test_a_stopped_run_goes_on_with_what_is_missing(
    sampled: list[Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = calibration._sample

    def stops(task: Task) -> Chain:
        if task.left_out == "murrough2013":
            raise KeyboardInterrupt
        return whole(task)

    monkeypatch.setattr(calibration, "_sample", stops)
    with pytest.raises(KeyboardInterrupt):
        calibrate_on_trials(settings(tmp_path))
    assert not posterior.files_of(tmp_path)["record"].exists()
    assert Seam.made[0].is_closed, "what is queued is not sampled first"
    kept = sampled.copy()
    assert len(kept) == 9
    sampled.clear()
    monkeypatch.setattr(calibration, "_sample", whole)
    lines: list[str] = []
    calibrate_on_trials(settings(tmp_path), lines.append)
    assert lines[0] == "9 of 12 chains were there"
    assert lines[1].startswith("10 of 12: without murrough2013, chain 1")
    assert [item.left_out for item in sampled] == ["murrough2013", "feder2021", "durgam2016"]
    gone_on = written(tmp_path)
    sampled.clear()
    calibrate_on_trials(settings(tmp_path))
    assert sampled == [], "all was kept"
    assert written(tmp_path) == gone_on
    calibrate_on_trials(settings(tmp_path / "in one go"))
    assert written(tmp_path / "in one go") == gone_on


def test_a_chain_that_fails_stops_the_run_and_leaves_the_finished_ones(
    sampled: list[Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(task: Task) -> Chain:
        if task.number == 1:
            raise RuntimeError("no memory left")
        return fake_chain(task)

    monkeypatch.setattr(calibration, "_sample", fails)
    with pytest.raises(RuntimeError, match="no memory left"):
        calibrate_on_trials(settings(tmp_path))
    assert Seam.made[0].is_closed
    assert len(list((tmp_path / "chains").iterdir())) == 1


def test_numbers_do_not_depend_on_workers_or_on_who_finishes_first(
    sampled: list[Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibrate_on_trials(settings(tmp_path / "one"))
    monkeypatch.setattr(Seam, "order", lambda indexes: indexes[::-1])
    calibrate_on_trials(settings(tmp_path / "two", workers=2))
    assert [seam.given for seam in Seam.made] == [{"workers": 1}, {"workers": 2}], "processes, as nothing else is said"
    assert written(tmp_path / "one") == written(tmp_path / "two")


def test_a_finished_chain_serves_another_number_of_workers_and_no_other_settings(
    sampled: list[Task], tmp_path: Path
) -> None:
    calibrate_on_trials(settings(tmp_path))
    for changes, redone in (
        ({"workers": 2}, 0),
        ({"chains": 3}, 2),  # the third chain of the main fit and of the second seed
        ({"draws": 130}, 12),
        ({"warm_up": 110}, 12),
        ({"seed": 5}, 12),
    ):
        sampled.clear()
        calibrate_on_trials(settings(tmp_path, **changes))
        assert len(sampled) == redone, changes


def test_another_seed_gives_other_draws(sampled: list[Task], tmp_path: Path) -> None:
    one = calibrate_on_trials(settings(tmp_path))
    two = calibrate_on_trials(settings(tmp_path, seed=2))
    assert one["parameters"][0]["median"] != two["parameters"][0]["median"]


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [(None, ()), ("feder2021", ("feder2021",)), (POOLED, ("borgogna2024",))],
)
def test_a_worker_leaves_out_what_its_task_says(
    left_out: str | None, expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    class Recorder:
        design = small_design()

        def chain(self, seed: int, number: int, without: Sequence[str]) -> str:
            asked.append((seed, number, tuple(without)))
            return "a chain"

    def sampler(*arguments: Any) -> Recorder:
        asked.append(arguments)
        return Recorder()

    monkeypatch.setattr(calibration, "_sampler", sampler)
    assert calibration._sample(Task(left_out, 0.5, 7, 3, 110, 120)) == "a chain"
    assert asked == [(0.5, 110, 120), (7, 3, expected)]


# --- what a chain is kept under ------------------------------------------------------------------------


def key(**changes: Any) -> Path:
    return calibration._file(settings(Path("folder")), task(**changes))


def test_a_chain_is_kept_under_a_name_of_its_own() -> None:
    tasks = [{}, {"number": 1}, {"seed": 2}, {"left_out": "feder2021"}, {"left_out": POOLED}, {"pooled_weight": 1.0}]
    tasks += [{"warm_up": 701}, {"draws": 1001}]
    names = [key(**changes) for changes in tasks]
    assert len(set(names)) == len(tasks)
    assert names == [key(**changes) for changes in tasks]
    assert {name.parent for name in names} == {Path("folder/chains")}
    assert re.fullmatch(r"all-0-[0-9a-f]{20}\.pickle", names[0].name)
    assert names[4].name.startswith("published-pooled-estimates-0-")


@pytest.mark.parametrize(
    "changes",
    [
        {"feder2021:1": {"value": -11.0}},
        {"feder2021:1": {"spread_high": 4.0}},
        {"rodriguez2013:1": {"events": 5}},
        {"KET_Lii2023:1": {"value": 26.0}},
        {"ESK_Sex2022:2": {"spread_high": 14.0}},
    ],
    ids=["value", "error", "events", "baseline", "SD that another trial borrows"],
)
def test_a_changed_outcome_row_never_meets_an_old_chain(
    changes: dict[str, dict[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = key()
    change_outcomes(monkeypatch, changes)
    assert key() != before


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("rows", "first only"),
        ("arms", {"ket": {"sentences": ["ketamine 1 mg/kg IV over 40 min"]}, "mdz": {"control_of": "ket"}}),
        ("arms", {"ket": {"sentences": ["ketamine 0.5 mg/kg IV over 40 min q 56 h x 6"]}, "mdz": {}}),
        ("control", "inert"),
        ("scale", "caps_2"),
        ("response_fall", 0.5),
        ("on_site", True),
        ("indication", "ocd"),
        ("pooled", True),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_changed_trial_never_meets_an_old_chain(cell: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    own = change_file(monkeypatch, "feder2021")
    before = key()
    own[cell] = own["rows"][:1] if value == "first only" else value
    assert key() != before


def test_changed_priors_assumptions_and_model_never_meet_an_old_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [key()]
    priors = priors_of(PRIOR_FILE)
    with monkeypatch.context() as patch:
        wider = {**priors, "trial_sd": dataclasses.replace(priors["trial_sd"], sd=0.31)}
        patch.setattr(calibration, "priors_of", lambda file: wider)
        names.append(key())
    with monkeypatch.context() as patch:
        patch.setattr(calibration, "families", lambda: {"ptsd": "anxiety_mixed"})
        names.append(key())
    with monkeypatch.context() as patch:
        patch.setattr(calibration, "assumptions", lambda: {"correlation_between_times": 0.7})
        names.append(key())
    rows = load_parameters()
    for name in ("plasticity.signal_half_life_h", "symptoms.mdd_residual_sd", "pooled.central_volume_l"):
        with monkeypatch.context() as patch:
            changed = rows.replaced({name: 1.01 * rows.value(name)})
            patch.setattr(calibration, "load_parameters", lambda changed=changed: changed)
            names.append(key())
    assert len(set(names)) == len(names) == 7


def test_words_and_the_last_fit_change_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    own = change_file(monkeypatch, "feder2021")
    before = key()
    own["note"] = "said otherwise"
    own["rows"][0]["n_why"] = "said otherwise"
    rows = load_parameters()
    name = "plasticity.signal_half_life_h"
    other_words = {row: dataclasses.replace(rows[row], source="said otherwise", note="so") for row in (name,)}
    refitted = {f"trials.{row}": dataclasses.replace(rows[f"trials.{row}"], value=0.3) for row in ("trial_sd",)}
    monkeypatch.setattr(calibration, "load_parameters", lambda: ParameterSet({**rows, **other_words, **refitted}))
    assert key() == before


def test_a_fit_starts_from_the_priors_whatever_the_last_one_gave() -> None:
    parameters = calibration_parameters()
    for name, row in load_prior_rows(PRIOR_FILE).items():
        assert parameters.value(f"trials.{name}") == row["value"]
    rest = [name for name in load_parameters() if not name.startswith("trials.")]
    assert all(parameters[name] == load_parameters()[name] for name in rest)


# --- files ---------------------------------------------------------------------------------------------


def test_a_kept_chain_comes_back_as_it_was(tmp_path: Path) -> None:
    chain = fake_chain(task(draws=100))
    file = calibration._file(settings(tmp_path), task())
    fit_files.keep(file, chain)
    again = fit_files.kept(file)
    assert (again.divergences, again.steps) == (chain.divergences, chain.steps)
    assert all(np.array_equal(again.sites[name], table) for name, table in chain.sites.items())
    assert list((tmp_path / "chains").iterdir()) == [file]


def test_a_file_that_cannot_be_finished_does_not_stand_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = made_up_fit(small_design().trials, 2, 120)
    rows = diagnostics(fit)
    posterior.write(fit, rows, {"a": 1.0}, tmp_path)
    before = written(tmp_path)

    def full(*_: Any) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="no space left"):
        posterior.write(fit, rows, {"a": 2.0}, tmp_path)
    with pytest.raises(InputError, match="no space left"):
        fit_files.keep(tmp_path / "chains" / "x.pickle", fake_chain(task(draws=100)))
    assert written(tmp_path) == before
    files = {file for file in tmp_path.rglob("*") if file.is_file()}
    assert files == set(posterior.files_of(tmp_path).values())


def test_a_number_that_is_none_is_written_as_null() -> None:
    document = {"a": [float("nan"), np.float64(1.23456789)], "b": {"c": (True, 3, None, "x")}}
    assert fit_files.rounded(document, 5) == {"a": [None, 1.2346], "b": {"c": [True, 3, None, "x"]}}


# --- parameter rows and draws of a fit -----------------------------------------------------------------


@pytest.fixture(scope="module")
def fit() -> Fit:
    return made_up_fit((trial("feder2021"),), chains=4, draws=400, width=0.7)


def test_grades_follow_the_ratio_of_spreads(fit: Fit) -> None:
    rows = diagnostics(fit)
    ratios = {"fast_log_fall": 0.79, "slow_log_fall": 0.8, "visit_log_fall": 0.81}
    changed = [{**row, "sd_over_prior_sd": ratios.get(row["name"], 0.5)} for row in rows]
    table = tomllib.loads(posterior.parameter_table(changed))
    assert table["fast_log_fall"]["grade"] == "estimated"
    assert table["slow_log_fall"]["grade"] == "not informed by trials", "at the limit nothing was learned"
    assert table["visit_log_fall"]["grade"] == "not informed by trials"
    assert "posterior SD is 0.81 of the prior's" in table["visit_log_fall"]["note"]


def test_parameter_rows_carry_median_prior_range_and_spread_between_patients(fit: Fit) -> None:
    rows = {row["name"]: row for row in diagnostics(fit)}
    table = tomllib.loads(posterior.parameter_table(list(rows.values())))
    for name, prior in load_prior_rows(PRIOR_FILE).items():
        own = table[name]
        assert own["value"] == pytest.approx(rows[name]["median"], rel=1e-4), name
        assert own["population"] == prior["population"]
        assert own["source"].endswith(prior["source"])
        assert own.get("range") == prior.get("range")
        assert own.get("between_patient") == prior.get("between_patient")
        if prior["prior"]["kind"] in ("log-normal", "logit-normal"):
            spread = (prior["prior"]["kind"], rows[name]["sd_over_prior_sd"] * prior["prior"]["sd"])
        else:
            spread = ("normal", rows[name]["sd"])
        assert own["uncertainty"] == {"kind": spread[0], "sd": pytest.approx(spread[1], rel=1e-4)}, name
        if "family" in prior:
            assert own["unit"] == "ratio of the fast and slow parts to those in mdd"
        else:
            assert own["unit"] == prior["unit"]


def test_written_rows_load_in_the_parameter_store(fit: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ketascope.model import parameter_store

    posterior.write(fit, diagnostics(fit), {}, tmp_path)
    folder = resources.files("ketascope.model") / "parameters"
    for file in folder.iterdir():
        target = tmp_path / "model" / "parameters" / file.name
        if file.name.endswith(".toml") and not target.exists():
            target.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(parameter_store.resources, "files", lambda _: tmp_path / "model")
    load_parameters.cache_clear()
    try:
        loaded = load_parameters()
        middle = float(np.median(fit.values()["slow_log_fall"]))
        assert loaded.value("trials.slow_log_fall") == pytest.approx(middle, rel=1e-4)
        assert set(loaded.values_of("trials")) == set(priors_of(PRIOR_FILE))
    finally:
        load_parameters.cache_clear()


def test_stored_draws_are_evenly_spaced_over_all_chains_and_belong_together(fit: Fit) -> None:
    header, *lines = posterior.draw_table(fit).splitlines()
    assert header.split(",") == list(fit.values())
    table = np.array([line.split(",") for line in lines], dtype=float)
    assert table.shape == (posterior.STORED_DRAWS, len(priors_of(PRIOR_FILE)))
    flat = np.stack([draws.reshape(-1) for draws in fit.values().values()], axis=1)
    at = np.linspace(0, len(flat) - 1, posterior.STORED_DRAWS).round().astype(int)
    assert table == pytest.approx(flat[at], rel=1e-4)
    assert {int(row) // 400 for row in at} == {0, 1, 2, 3}


# --- what a record says --------------------------------------------------------------------------------


def test_two_seeds_are_compared_in_posterior_sds_and_in_monte_carlo_errors() -> None:
    one, other = (made_up_fit((trial("feder2021"),), chains=4, draws=400, seed=seed) for seed in (1, 2))
    other.sites["z_slow_log_fall"][:] = one.sites["z_slow_log_fall"] + 0.5
    found = calibration._second_seed(one, other)
    rows = {row["name"]: row for row in found["rows"]}
    sd = one.sites["z_slow_log_fall"].std()
    assert rows["slow_log_fall"]["in_sd"] == pytest.approx(0.5 / sd)
    assert rows["slow_log_fall"]["in_errors"] == pytest.approx(0.5 / sd / np.sqrt(2.0 / 1600.0), rel=0.2)
    assert found["largest_in_posterior_sd"] == rows["slow_log_fall"]["in_sd"]
    assert found["largest_in_monte_carlo_errors"] == max(row["in_errors"] for row in rows.values())
    same = [row["in_errors"] for name, row in rows.items() if name != "slow_log_fall"]
    assert max(same) < 4.5, "what differs by chance alone"


def test_trials_own_effects_are_medians_and_intervals_of_their_draws() -> None:
    fit = made_up_fit(tuple(trial(name) for name in ("feder2021", "durgam2016")), chains=2, draws=300)
    fit.sites["trial_benefit"][..., 1] += 5.0
    first, second = calibration._trial_effects(fit)
    assert (first["trial"], second["trial"]) == ("feder2021", "durgam2016")
    assert second["benefit"] == pytest.approx(np.quantile(fit.sites["trial_benefit"][..., 1], [0.025, 0.5, 0.975]))
    assert second["benefit"][1] - first["benefit"][1] == pytest.approx(5.0, abs=0.4)
    assert set(first) == {"trial", *TRIAL_EFFECTS}


def test_sensitivity_shows_the_drugs_parts_at_each_weight_of_the_pools() -> None:
    fits = {str(weight): made_up_fit((trial("feder2021"),), seed=weight) for weight in (0, 1)}
    rows = {row["name"]: row["by_weight"] for row in calibration._sensitivity(fits)}
    assert {"fast_log_fall", "slow_log_fall", "unblinding_log_fall", "multiplier_ptsd", "multiplier_sad"} <= set(rows)
    middle, low, high = rows["multiplier_ptsd"]["1"]
    draws = fits["1"].values()["multiplier_ptsd"]
    assert [low, middle, high] == pytest.approx(np.quantile(draws, [0.025, 0.5, 0.975]))


def test_a_run_predicts_every_figure_of_fit_and_checks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The last steps as they are, with a fit that is only made up."""
    design = small_design()
    lapidus = make((trial("lapidus2014"),), checks=True)
    held = make((trial("fava2020"), trial("wilkinson2019_saline")))
    monkeypatch.setattr(calibration, "check_designs", lambda: (lapidus, held))
    fit = together(design, [fake_chain(task(number=number, draws=100)) for number in (0, 1)])
    rows = calibration._predictive_rows(design, fit, seed=1)
    assert [row["trial"] for row in rows if row["use"] == "fit"] == [
        item.key for item in design.trials for _ in item.rows
    ]
    others = [(row["trial"], row["use"]) for row in rows if row["use"] != "fit"]
    assert others == [
        *[("lapidus2014", "check: same people as a fitted row")] * 2,
        ("fava2020", "check: trial outside the fit"),
        ("wilkinson2019_saline", "check: published pool"),
    ]
    json.dumps(fit_files.rounded(rows, posterior.DIGITS), allow_nan=False)
    before = calibration._prior_predictive_rows(design, seed=1)
    assert [row["outcomes"] for row in before] == [row["outcomes"] for row in rows if row["use"] == "fit"]
    means = calibration._model_means(design, fit)
    assert [row["trial"] for row in means] == list(LEFT_OUT)
    assert all(row["model"][0] < row["model"][1] < row["model"][2] for row in means)


# --- settings that cannot be used ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"chains": 1}, "chains 1: must be 2 to 16"),
        ({"chains": 17}, "chains 17: must be 2 to 16"),
        ({"warm_up": 99}, "warm-up 99: must be 100 to 100000"),
        ({"warm_up": 100_001}, "warm-up 100001: must be 100 to 100000"),
        ({"draws": 0}, "draws 0: must be 100 to 100000"),
        ({"draws": -5}, "draws -5: must be 100 to 100000"),
        ({"workers": 0}, "workers 0: must be 1 to the number of chains, 2"),
        ({"workers": 3}, "workers 3: must be 1 to the number of chains, 2"),
        ({"seed": -1}, "seed -1: must be a whole number from 0 to 2147482647"),
        ({"seed": 2**31 - 1000}, "seed 2147482648: must be a whole number from 0 to 2147482647"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_in_one_line_before_anything_is_done(
    sampled: list[Task], tmp_path: Path, changes: dict[str, int], message: str
) -> None:
    with pytest.raises(InputError) as refused:
        calibrate_on_trials(settings(tmp_path, **changes))
    assert str(refused.value) == message
    assert sampled == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("changes", [{"chains": 16}, {"draws": 100_000}, {"seed": 0}, {"seed": 2**31 - 1001}])
def test_a_setting_at_its_limit_is_taken(tmp_path: Path, changes: dict[str, int]) -> None:
    settings(tmp_path, **changes).check()
