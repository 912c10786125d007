"""Comparing structures, sampling, and the run that does both: exact where theory is exact, and it can be stopped."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ketascope.errors import InputError
from ketascope.estimation.convergence import unconverged
from ketascope.evidence.calibration import PARTS
from ketascope.evidence.calibration import calibrate as calibrate_part
from ketascope.evidence.pharmacokinetics import calibration, cross_validation, estimation, likelihood, posterior
from ketascope.evidence.pharmacokinetics.calibration import calibrate, prior_parameters
from ketascope.evidence.pharmacokinetics.cross_validation import Score
from ketascope.evidence.pharmacokinetics.estimation import Estimate, diagnostics
from ketascope.evidence.pharmacokinetics.likelihood import STUDY_EFFECTS
from ketascope.evidence.pharmacokinetics.observations import Observation, observations
from ketascope.evidence.pharmacokinetics.priors import load_rows, priors
from ketascope.evidence.pharmacokinetics.structures import CANDIDATES, FULL, Structure
from ketascope.evidence.pk_observed import load
from ketascope.model.parameter_store import ParameterSet

VOLUME, CLEARANCE = "central_volume_l", "clearance_s_ketamine_l_per_h"
TRUTH = {VOLUME: 24.0, CLEARANCE: 104.0}
GROUPS = ("a", "b", "c", "d")


def freeing(*names: str) -> Structure:
    """Everything at its prior median but these."""
    return Structure("simple", "?", fixed={name: prior.median for name, prior in priors().items() if name not in names})


BOTH = freeing(VOLUME, CLEARANCE)


def figure(xp: Any, volume: Any, clearance: Any, share: Any) -> Any:
    """A stand-in for the cascade that is a straight line in logarithms, so that theory has the answer."""
    return 1000.0 * (volume / 15.0) ** -(1.0 - share) * (clearance / 88.0) ** -share


def simple_data(rows: Sequence[Observation], parameters: ParameterSet, structure: Structure = FULL) -> likelihood.Data:
    """What `likelihood.make_data` gives, with `figure` in place of the cascade; a row's time is its share."""
    studies = tuple(dict.fromkeys(item.study for item in rows))
    column = np.asarray([studies.index(item.study) for item in rows])
    share = np.asarray([item.row.sample_time_h for item in rows])

    def predict(columns: Any) -> Any:
        return figure(np, columns[f"pooled.{VOLUME}"][column], columns[f"pooled.{CLEARANCE}"][column], share)

    return likelihood.Data(
        observations=rows,
        log_values=np.log([item.value for item in rows]),
        error_sd=np.asarray([item.error_sd for item in rows]),
        weight=np.asarray([item.weight for item in rows]),
        residual=np.zeros(len(rows), dtype=int),
        studies=studies,
        column_study=np.arange(len(studies)),
        predict=predict,
    )


def made_up(noise: float = 0.05, seed: int = 5) -> list[Observation]:
    """Six rows of each of four groups from the true values."""
    rng = np.random.default_rng(seed)
    rows = []
    for group in GROUPS:
        for share in (0.1, 0.25, 0.4, 0.6, 0.75, 0.9):
            value = figure(np, TRUTH[VOLUME], TRUTH[CLEARANCE], share) * np.exp(noise * rng.standard_normal())
            row = dataclasses.replace(
                load()[0], row_id=f"{group}-{share:g}", sample_time_h=share, value_norm=float(value)
            )
            rows.append(Observation(row, group, float(value), 0.05 + 0.02 * share, 1.0 if share < 0.7 else 0.5))
    return rows


def sample_of_the_simple_model(task: Any) -> Any:
    """One chain with `simple_data`; of the top level, so that a new process finds it."""
    original, likelihood.make_data = likelihood.make_data, simple_data
    try:
        return estimation_sample(task)
    finally:
        likelihood.make_data = original


estimation_sample = estimation._sample


@pytest.fixture
def simple(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likelihood, "make_data", simple_data)
    monkeypatch.setattr(estimation, "_sample", sample_of_the_simple_model)


# --- structures compared ---------------------------------------------------------------------------


def gaussian_theory(rows: Sequence[Observation], structure: Structure) -> list[tuple[float, float]]:
    """(log density, fold error) of each group given the others: a joint normal, conditioned."""
    share = np.asarray([item.row.sample_time_h for item in rows])
    group = np.asarray([GROUPS.index(item.study) for item in rows])
    same = (group[:, None] == group[None, :]).astype(float)
    mean = np.log(figure(np, 15.0, 88.0, share))
    own = structure.priors(priors())
    rough = math.sqrt(2.0 / math.pi)
    slopes = {VOLUME: share - 1.0, CLEARANCE: -share}
    covariance = sum(own[name].sd ** 2 * np.outer(slopes[name], slopes[name]) for name in own)
    for effect, name in (("distribution", VOLUME), ("clearance", CLEARANCE)):
        between = (STUDY_EFFECTS[effect][0] * rough) ** 2
        covariance = covariance + between * same * np.outer(slopes[name], slopes[name])
    residual = likelihood.RESIDUALS["ketamine"] * rough
    error = [(residual**2 + item.error_sd**2) / item.weight for item in rows]
    covariance = covariance + np.diag(error)
    observed = np.log([item.value for item in rows])
    found = []
    for number in range(len(GROUPS)):
        out, rest = group == number, group != number
        gain = covariance[np.ix_(out, rest)] @ np.linalg.inv(covariance[np.ix_(rest, rest)])
        miss = observed[out] - mean[out] - gain @ (observed[rest] - mean[rest])
        spread = covariance[np.ix_(out, out)] - gain @ covariance[np.ix_(rest, out)]
        _, log_determinant = np.linalg.slogdet(2.0 * math.pi * spread)
        density = -0.5 * (miss @ np.linalg.solve(spread, miss) + log_determinant)
        found.append((float(density), math.exp(float(np.abs(miss).mean()))))
    return found


@pytest.mark.usefixtures("simple")
@pytest.mark.parametrize("names", [(VOLUME, CLEARANCE), (VOLUME,)])
def test_a_group_left_out_is_predicted_as_theory_says_where_all_is_normal(names: tuple[str, ...]) -> None:
    rows, structure = made_up(), freeing(*names)
    score = cross_validation.score(structure, rows, prior_parameters())
    theory = gaussian_theory(rows, structure)
    assert score.groups == GROUPS
    assert score.rows.tolist() == [6] * 4
    assert score.estimated == len(names)
    assert score.log_density == pytest.approx([density for density, _ in theory], rel=1e-4)
    assert score.fold_error == pytest.approx([fold for _, fold in theory], rel=1e-4)
    assert score.total == pytest.approx(sum(density for density, _ in theory), rel=1e-4)


@pytest.mark.usefixtures("simple")
def test_a_structure_that_can_take_the_true_values_predicts_better_than_one_that_cannot() -> None:
    rows = made_up(noise=0.01)
    right, wrong = (
        cross_validation.score(freeing(*names), rows, prior_parameters()) for names in ((VOLUME, CLEARANCE), ())
    )
    assert right.total > wrong.total + calibration.NOT_BEATEN
    assert right.left_out_fold_error < wrong.left_out_fold_error
    assert right.fitted_fold_error < 1.05 < wrong.fitted_fold_error
    assert calibration.choose([right, wrong]).fixed == right.structure.fixed


def test_the_fold_error_of_all_rows_weighs_groups_by_their_rows() -> None:
    score = Score(FULL, 3, ("a", "b"), np.asarray([1, 3]), np.asarray([-2.0, -3.5]), np.asarray([2.0, 1.5]), 1.2)
    assert score.left_out_fold_error == pytest.approx(math.exp((math.log(2.0) + 3 * math.log(1.5)) / 4))
    assert score.total == -5.5


# --- sampling --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fits() -> dict[int, tuple[Estimate, list[str]]]:
    """A short run of the simple model with one and with two workers."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimation, "_sample", sample_of_the_simple_model)
        for workers in (1, 2):
            lines: list[str] = []
            fit = estimation.estimate(
                made_up(), prior_parameters(), BOTH, 3, 2, 100, 100, workers=workers, report=lines.append
            )
            found[workers] = fit, lines
    return found


@pytest.mark.thorough
def test_one_and_two_workers_give_the_same_draws(fits: dict[int, tuple[Estimate, list[str]]]) -> None:
    (one, lines_one), (two, lines_two) = fits[1], fits[2]
    assert set(one.sites) == set(two.sites)
    for site, table in one.sites.items():
        assert np.array_equal(table, two.sites[site]), site
    assert lines_one == lines_two
    assert [line.split(":")[0] for line in lines_one] == ["chain 1 of 2", "chain 2 of 2"]


@pytest.mark.thorough
def test_chains_differ_and_every_site_is_there(fits: dict[int, tuple[Estimate, list[str]]]) -> None:
    fit, _ = fits[1]
    assert set(fit.sites) == (
        {f"z_{VOLUME}", f"z_{CLEARANCE}"}
        | {f"{kind}_{effect}" for effect in STUDY_EFFECTS for kind in ("sd", "study")}
        | {f"residual_{name}" for name in likelihood.RESIDUALS}
    )
    assert fit.sites[f"z_{VOLUME}"].shape == (2, 100)
    assert fit.sites["study_clearance"].shape == (2, 100, len(GROUPS))
    assert fit.flat("study_clearance").shape == (200, len(GROUPS))
    assert not np.array_equal(fit.sites[f"z_{VOLUME}"][0], fit.sites[f"z_{VOLUME}"][1])
    assert fit.studies == GROUPS
    assert fit.divergences.tolist() == [0, 0]


@pytest.mark.thorough
def test_known_values_are_recovered_within_their_uncertainty(fits: dict[int, tuple[Estimate, list[str]]]) -> None:
    fit, _ = fits[1]
    for name, truth in TRUTH.items():
        draws = fit.flat(f"z_{name}")
        prior = priors()[name]
        miss = draws.mean() - math.log(truth / prior.median) / prior.sd
        assert abs(miss) < 2.5 * draws.std(), name
        assert np.median(fit.values(name)) == pytest.approx(truth, rel=0.25)
    assert fit.flat(f"z_{VOLUME}").std() < 0.6, "the rows inform the volume beyond its wide prior"


def by_hand(sites: dict[str, np.ndarray], structure: Structure = BOTH) -> Estimate:
    """An estimate with these draws, all else at nothing."""
    shape = next(iter(sites.values())).shape[:2]
    empty = {f"sd_{effect}": np.zeros(shape) for effect in STUDY_EFFECTS}
    empty |= {f"study_{effect}": np.zeros((*shape, len(GROUPS))) for effect in STUDY_EFFECTS}
    empty |= {f"residual_{name}": np.zeros(shape) for name in likelihood.RESIDUALS}
    return Estimate(structure, structure.priors(priors()), GROUPS, {**empty, **sites}, np.zeros(shape[0], dtype=int))


def test_diagnostics_tell_prior_from_posterior() -> None:
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((2, 4, 500))
    sites = {f"z_{VOLUME}": 0.79 * noise[0], f"z_{CLEARANCE}": 1.0 + 0.81 * noise[1]}
    rows = {row["name"]: row for row in diagnostics(by_hand({**sites, **random_spreads(rng)}))}
    volume, clearance = rows[VOLUME], rows[CLEARANCE]
    assert volume["informed"] is True
    assert clearance["informed"] is False
    assert volume["sd_over_prior_sd"] == pytest.approx(sites[f"z_{VOLUME}"].std())
    assert clearance["shift_in_prior_sd"] == pytest.approx(sites[f"z_{CLEARANCE}"].mean())
    values = priors()[CLEARANCE].at(np, sites[f"z_{CLEARANCE}"])
    assert [clearance[key] for key in ("low", "median", "high")] == pytest.approx(
        np.quantile(values, [0.05, 0.5, 0.95])
    )
    assert clearance["prior_median"] == priors()[CLEARANCE].median
    for row in (volume, clearance):
        assert row["r_hat"] < 1.01
        assert min(row["bulk_sample_size"], row["tail_sample_size"]) > 1200
    assert {f"study_clearance[{group}]" for group in GROUPS} <= set(rows)


def random_spreads(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draws for everything but parameters, so that diagnostics of them are defined."""
    sites = {f"sd_{effect}": np.abs(rng.standard_normal((4, 500))) for effect in STUDY_EFFECTS}
    sites |= {f"study_{effect}": rng.standard_normal((4, 500, len(GROUPS))) for effect in STUDY_EFFECTS}
    return sites | {f"residual_{name}": np.abs(rng.standard_normal((4, 500))) for name in likelihood.RESIDUALS}


def test_chains_that_disagree_are_seen() -> None:
    rng = np.random.default_rng(2)
    apart = rng.standard_normal((4, 500)) + np.asarray([0.0, 0.0, 0.0, 1.0])[:, None]
    sites = {f"z_{VOLUME}": apart, f"z_{CLEARANCE}": rng.standard_normal((4, 500)), **random_spreads(rng)}
    rows = {row["name"]: row for row in diagnostics(by_hand(sites))}
    assert unconverged(list(rows.values())) == [VOLUME]


@pytest.mark.usefixtures("simple")
def test_a_prediction_has_the_spread_of_parameters_new_studies_residual_and_reading() -> None:
    rows = [dataclasses.replace(item, error_sd=0.0) for item in made_up()]
    still = {f"z_{name}": np.zeros((2, 1000)) for name in (VOLUME, CLEARANCE)}
    centre = np.asarray([figure(np, 15.0, 88.0, item.row.sample_time_h) for item in rows])

    def spread(changed_rows: Sequence[Observation] = rows, **sites: np.ndarray) -> np.ndarray:
        fit = by_hand({**still, **sites})
        found = estimation.predictive(fit, changed_rows, prior_parameters(), seed=4, draws=1000)
        return np.log(found / centre)

    assert np.abs(spread()).max() < 1e-12
    share = np.asarray([item.row.sample_time_h for item in rows])
    width = spread(sd_clearance=np.full((2, 1000), 0.3)).std(axis=0)
    assert width == pytest.approx(0.3 * share, rel=0.12)
    group = spread(sd_clearance=np.full((2, 1000), 0.3))[:, -6:]
    assert np.corrcoef(group.T).min() > 0.999, "rows of one group move together"
    middle = np.quantile(spread(residual_ketamine=np.full((2, 1000), 0.1)), 0.75, axis=0)
    assert middle.mean() == pytest.approx(0.1 * 0.7407, rel=0.1), (
        "upper quartile of Student-t with 4 degrees of freedom"
    )
    read = [dataclasses.replace(item, error_sd=0.1, weight=0.4) for item in rows]
    assert np.quantile(spread(read), 0.75, axis=0).mean() == pytest.approx(0.1 * 0.7407, rel=0.1), "not less exact"


@pytest.mark.usefixtures("simple")
def test_a_study_of_the_fit_can_be_predicted_with_its_own_effect() -> None:
    rows = [dataclasses.replace(item, error_sd=0.0) for item in made_up()]
    effects = np.broadcast_to(np.asarray([0.0, 1.0, 2.0, -1.0]), (2, 50, len(GROUPS)))
    sites = {f"z_{VOLUME}": np.zeros((2, 50)), f"z_{CLEARANCE}": np.zeros((2, 50)), "study_clearance": effects}
    fit = by_hand({**sites, "sd_clearance": np.full((2, 50), 0.2)})
    found = estimation.predictive(fit, rows[6:], prior_parameters(), known_studies=True)
    for item, value in zip(rows[6:], found.T, strict=True):
        shift = 0.2 * {"b": 1.0, "c": 2.0, "d": -1.0}[item.study]
        assert value == pytest.approx(figure(np, 15.0, 88.0 * math.exp(shift), item.row.sample_time_h), rel=1e-9)


@pytest.mark.usefixtures("simple")
def test_intervals_are_for_the_figure_as_printed() -> None:
    rows = made_up()
    printed = [dataclasses.replace(item, value=item.value / 1.1) for item in rows]
    rng = np.random.default_rng(6)
    fit = by_hand({f"z_{name}": rng.standard_normal((2, 100)) for name in (VOLUME, CLEARANCE)})
    as_fitted = calibration.predictive_intervals(fit, rows, prior_parameters(), seed=2)
    as_printed = calibration.predictive_intervals(fit, printed, prior_parameters(), seed=2)
    assert set(as_fitted) == {item.row.row_id for item in rows}
    for row_id, (low, middle, high) in as_fitted.items():
        assert low < middle < high
        assert as_printed[row_id] == pytest.approx([1.1 * low, 1.1 * middle, 1.1 * high])


# --- the run ---------------------------------------------------------------------------------------


def inline(work: Callable[[Any], Any], chunks: Sequence[Any], **_: Any) -> Iterator[tuple[int, Any]]:
    """The seam without processes."""
    yield from ((index, work(chunk)) for index, chunk in enumerate(chunks))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The heavy steps replaced by quick ones; returns the list of what was done, in order."""
    done: list[str] = []

    def score(structure: Structure, rows: Any, parameters: Any) -> Score:
        assert {item.row.row_id for item in rows} == {item.row.row_id for item in observations("training")}
        done.append(structure.name)
        estimated = len(structure.priors(priors()))
        return Score(structure, estimated, ("a",), np.ones(1), np.asarray([-float(estimated)]), np.ones(1), 1.0)

    def estimate(rows: Any, parameters: Any, structure: Structure, seed: int, chains: int, *rest: Any) -> Estimate:
        done.append(f"chains of {structure.name}")
        rng = np.random.default_rng(seed)
        sites = {f"z_{name}": rng.standard_normal((chains, 100)) for name in structure.priors(priors())}
        return by_hand(sites, structure)

    def intervals(fit: Estimate, rows: Any, *_: Any) -> dict[str, list[float]]:
        done.append("intervals")
        return {item.row.row_id: [0.5, 1.0, 2.0] for item in rows}

    monkeypatch.setattr(calibration, "map_chunks", inline)
    monkeypatch.setattr(cross_validation, "score", score)
    monkeypatch.setattr(calibration, "estimate", estimate)
    monkeypatch.setattr(calibration, "predictive_intervals", intervals)
    # Draws that are all alike have no R-hat; what is written of the real ones is in test_pk_posterior.py.
    monkeypatch.setattr(posterior, "diagnostics", quick_diagnostics)
    return done


def quick_diagnostics(fit: Estimate) -> list[dict[str, Any]]:
    columns = ("prior_median", "median", "low", "high", "sd_over_prior_sd", "shift_in_prior_sd")
    return [
        {"name": name, "r_hat": 1.0, "bulk_sample_size": 500.0, "tail_sample_size": 300.0, "informed": True}
        | dict.fromkeys(columns, 0.5)
        for name in fit.priors
    ]


def test_a_run_scores_every_structure_samples_the_chosen_one_and_writes_four_files(
    quick: list[str], tmp_path: Path
) -> None:
    lines: list[str] = []
    document = calibrate(tmp_path, report=lines.append)
    able = [structure for structure in CANDIDATES if not structure.lacks]
    simplest = min(able, key=lambda structure: len(structure.priors(priors())))
    assert quick == [*(structure.name for structure in CANDIDATES), f"chains of {simplest.name}", "intervals"]
    assert document["structure"] == simplest.name
    assert document["unconverged"] == list(simplest.priors(priors())), "every tail is worth too few draws"
    assert f"structure kept: {simplest.name}" in lines
    assert sum("log density of groups left out" in line for line in lines) == len(CANDIDATES)
    files = posterior.files_of(tmp_path)
    assert all(file.is_file() for file in files.values())
    assert json.loads(files["record"].read_text(encoding="utf-8")) == json.loads(json.dumps(document))
    written = tomllib.loads(files["parameters"].read_text(encoding="utf-8"))
    assert list(written) == [name for name in load_rows() if name not in simplest.absent()]
    assert files["draws"].read_text(encoding="utf-8").splitlines()[0].split(",") == list(simplest.priors(priors()))


def test_a_stopped_run_goes_on_after_the_last_finished_step(
    quick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = cross_validation.score

    def stops(structure: Structure, *rest: Any) -> Score:
        if structure is CANDIDATES[3]:
            raise RuntimeError("power cut")
        return whole(structure, *rest)

    monkeypatch.setattr(cross_validation, "score", stops)
    with pytest.raises(RuntimeError, match="power cut"):
        calibrate(tmp_path)
    assert not posterior.files_of(tmp_path)["record"].exists()
    kept = quick.copy()
    quick.clear()
    monkeypatch.setattr(cross_validation, "score", whole)
    calibrate(tmp_path)
    assert CANDIDATES[3].name in quick
    assert not set(kept) & set(quick)
    quick.clear()
    calibrate(tmp_path)
    assert quick == ["intervals"], "everything else was kept"


def test_a_finished_step_serves_another_number_of_workers_and_no_other_settings(
    quick: list[str], tmp_path: Path
) -> None:
    calibrate(tmp_path)
    for changes, redone in (
        ({"workers": 1}, set()),
        ({"draws": 700}, {"chains"}),
        ({"chains": 3}, {"chains"}),
        ({"warm_up": 700}, {"chains"}),
    ):
        quick.clear()
        calibrate(tmp_path, **changes)
        assert {step.split(" of ")[0] for step in quick} == redone | {"intervals"}, changes
    quick.clear()
    calibrate(tmp_path, seed=2)
    assert len(quick) >= 2


def other_sentence(rows: list[Observation]) -> list[Observation]:
    first = dataclasses.replace(rows[0].row, sentence="esketamine 99 mg IV over 60 min")
    return [dataclasses.replace(rows[0], row=first), *rows[1:]]


def other_time(rows: list[Observation]) -> list[Observation]:
    first = dataclasses.replace(rows[0].row, sample_time_h=0.6)
    return [dataclasses.replace(rows[0], row=first), *rows[1:]]


def other_group(rows: list[Observation]) -> list[Observation]:
    return [dataclasses.replace(rows[0], study="otto-2021"), *rows[1:]]


def other_value(rows: list[Observation]) -> list[Observation]:
    return [dataclasses.replace(rows[0], value=rows[0].value * 1.01), *rows[1:]]


@pytest.mark.parametrize("change", [other_value, other_sentence, other_time, other_group])
def test_changed_data_never_meet_an_old_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[list[Observation]], list[Observation]]
) -> None:
    settings = calibration.Settings(tmp_path, 4, 600, 600, 1, 2)
    before = calibration._step_file(settings, "structure full")
    rows = observations()
    monkeypatch.setattr(calibration, "observations", lambda part=None: change(rows))
    assert calibration._step_file(settings, "structure full") != before


def test_a_group_that_moves_to_the_other_side_never_meets_an_old_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ketascope.evidence.pharmacokinetics import observations as sides

    settings = calibration.Settings(tmp_path, 4, 600, 600, 1, 2)
    before = calibration._step_file(settings, "structure full")
    moved = {name: {**group, "part": "test"} for name, group in sides.load_studies().items()}
    monkeypatch.setattr(sides, "load_studies", lambda: moved)
    assert calibration._step_file(settings, "structure full") != before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"chains": 1}, "chains 1: must be 2 to 16"),
        ({"chains": 17}, "chains 17: must be 2 to 16"),
        ({"warm_up": 99}, "warm-up 99: must be 100 to 100000"),
        ({"draws": 99}, "draws 99: must be 100 to 100000"),
        ({"draws": 100_001}, "draws 100001: must be 100 to 100000"),
        ({"workers": 0}, "workers 0: must be 1 to the number of chains, 4"),
        ({"workers": 5}, "workers 5: must be 1 to the number of chains, 4"),
        ({"seed": -1}, "seed -1: must be a whole number from 0 to 2^31 - 1"),
        ({"seed": 2**31}, "seed 2147483648: must be a whole number from 0 to 2^31 - 1"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_in_one_line_before_anything_is_done(
    quick: list[str], tmp_path: Path, changes: dict[str, int], message: str
) -> None:
    with pytest.raises(InputError) as refused:
        calibrate(tmp_path, **changes)
    assert str(refused.value) == message
    assert quick == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", PARTS)
def test_without_numpyro_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "numpyro" else found(name))
    with pytest.raises(InputError, match=r"^calibrate needs NumPyro: install ketascope with its extra 'bayes'$"):
        calibrate_part(tmp_path, part=part)


def test_a_fit_starts_from_the_priors_whatever_the_last_one_gave() -> None:
    parameters = prior_parameters()
    for name, row in load_rows().items():
        assert parameters.value(f"pooled.{name}") == row["value"]
    assert parameters.value("fanta_otto.central_volume_l") == 133.0


@pytest.mark.parametrize("structure", [item for item in CANDIDATES if not item.lacks], ids=lambda item: item.name)
def test_what_is_written_for_any_structure_is_enough_to_simulate_it(structure: Structure) -> None:
    from ketascope.model.exposure import typical_concentrations
    from ketascope.people import Person
    from ketascope.regimen import parse

    rows = prior_parameters()
    written = tomllib.loads(posterior.parameter_table(with_draws(structure)))
    of_others = {name: row for name, row in rows.items() if not name.startswith("pooled.")}
    own = {
        f"pooled.{name}": dataclasses.replace(rows[f"pooled.{name}"], value=row["value"])
        for name, row in written.items()
    }
    for route in ("ketamine 40 mg IV over 40 min", "ketamine 40 mg oral"):
        curves = typical_concentrations(
            parse(route).doses(70.0), Person(), "venous", np.asarray([0.0, 1.0]), ParameterSet({**of_others, **own})
        )
        assert all(np.isfinite(curve).all() and curve[1] > 0.0 for curve in curves.values())


def with_draws(structure: Structure) -> Estimate:
    rng = np.random.default_rng(1)
    sites = {f"z_{name}": 0.1 * rng.standard_normal((4, 500)) for name in structure.priors(priors())}
    return by_hand({**sites, **random_spreads(rng)}, structure)
