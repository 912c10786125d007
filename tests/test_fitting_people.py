"""Individual fits: the optimum, its intervals, what is predicted, what is told of doubtful data."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from fit_data import IV_PERSON, dose, seen, write
from ketascope.errors import InputError
from ketascope.exchange.nonmem_data import read_data
from ketascope.fitting.data_fit import fit
from ketascope.fitting.estimates import estimates, quantities, table_of
from ketascope.fitting.individual import Task, fit_person, make_case
from ketascope.fitting.likelihood import error_sd
from ketascope.fitting.mode import find_mode, refined_draws
from ketascope.fitting.next_dose import carried_over
from ketascope.fitting.variability import default_residual, occasion_shares

GENERATOR = 5


def case_of(folder, *lines):
    (subject,) = read_data(write(folder, *lines))
    return make_case(Task(subject, 0, "venous", "map", default_residual(), 0))[0]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Two people with a next dose, fitted once."""
    folder = tmp_path_factory.mktemp("fit")
    path = write(folder, *IV_PERSON, dose("2"), seen("2", "1", "90"), seen("2", "4", "25"))
    return path, fit(path, next_dose="esketamine 56 mg nasal q 7 d x 2").document()


def test_the_optimum_is_that_of_a_general_search(tmp_path):
    case = case_of(tmp_path, *IV_PERSON)
    mode = find_mode(case, np.random.default_rng(GENERATOR))
    general = minimize(lambda z: float(case.cost(z[:, None])[0]), np.zeros(len(mode.z)), method="BFGS")
    assert mode.converged
    assert mode.starts_agreeing == mode.starts
    assert mode.cost == pytest.approx(general.fun, abs=1e-6)
    assert mode.z == pytest.approx(general.x, abs=2e-3)


def test_without_information_the_posterior_is_the_prior(tmp_path):
    case = case_of(tmp_path, *IV_PERSON)
    silent = replace(case, data=replace(case.data, counts=np.zeros_like(case.data.counts)))
    mode = find_mode(silent, np.random.default_rng(GENERATOR))
    assert mode.z == pytest.approx(np.zeros(5), abs=1e-6)
    assert mode.covariance == pytest.approx(np.eye(5), abs=1e-6)
    rows = estimates(silent, mode, refined_draws(silent, mode, 500, np.random.default_rng(1)).z)
    assert all(row["sd_over_prior_sd"] == pytest.approx(1.0, abs=1e-5) and not row["informed"] for row in rows)


def test_many_exact_samples_bring_back_the_person_that_made_them(tmp_path):
    times = (0.3, 0.6, 0.8, 1.0, 1.5, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24)
    lines = [dose()] + [seen(time_h=str(t), analyte=a) for t in times for a in ("ketamine", "norketamine")]
    case = case_of(tmp_path, *lines)
    truth = np.array([0.8, -1.1, 0.5, 1.2, -0.7])
    exact = replace(
        case,
        data=replace(
            case.data,
            log_value=case.log_predicted(truth[:, None])[:, 0],
            residual=np.full(len(case.data.counts), 1e-3),
            limit_error=np.zeros(len(case.data.counts)),
        ),
    )
    mode = find_mode(exact, np.random.default_rng(GENERATOR))
    assert mode.z == pytest.approx(truth, abs=0.02)
    assert np.sqrt(np.diag(mode.covariance)).max() < 0.05


def test_weighted_draws_agree_with_a_random_walk(tmp_path):
    """The oracle is a plain random walk (Metropolis)."""
    case = case_of(tmp_path, *IV_PERSON)
    mode = find_mode(case, np.random.default_rng(GENERATOR))
    draws = refined_draws(case, mode, 4000, np.random.default_rng(6))
    assert draws.is_weighted
    assert draws.sample_size > 500.0
    chain = _metropolis(case, mode, 40_000)
    for row in range(len(mode.z)):
        ends = np.quantile(draws.z[row], [0.05, 0.5, 0.95]) - np.quantile(chain[row], [0.05, 0.5, 0.95])
        assert np.abs(ends).max() < 0.15


def _metropolis(case, mode, steps):
    """Many random walks at once: slow and simple, as an oracle."""
    generator = np.random.default_rng(7)
    walks = 200
    root = np.linalg.cholesky(mode.covariance) * 2.4 / np.sqrt(len(mode.z))
    z = mode.z[:, None] + root @ generator.standard_normal((len(mode.z), walks))
    cost, kept = case.cost(z), []
    for step in range(steps // walks):
        ahead = z + root @ generator.standard_normal(z.shape)
        new = case.cost(ahead)
        taken = np.log(generator.random(walks)) < cost - new
        z, cost = np.where(taken, ahead, z), np.where(taken, new, cost)
        if step >= steps // walks // 4:
            kept.append(z)
    return np.concatenate(kept, axis=1)


def test_ninety_percent_intervals_hold_ninety_percent_of_true_values(tmp_path):
    """Thirty people with sparse samples; benchmarks/fits.py does the same with many more."""
    (template,) = read_data(write(tmp_path, *IV_PERSON))
    inside: list[bool] = []
    weighted: list[float] = []
    for index in range(30):
        generator = np.random.default_rng([11, index])
        task = Task(template, index, "venous", "map", default_residual(), 0, with_courses=False)
        case, fitted, _ = make_case(task)
        z = generator.standard_normal(len(case.frame.effects))
        level = case.log_predicted(z[:, None])
        values = np.exp(level + error_sd(np, case.data.arrays(), level) * generator.standard_normal(level.shape))[:, 0]
        seen_values = tuple(
            replace(item, value=None if value < 1.0 else float(value), is_below=bool(value < 1.0))
            for item, value in zip(fitted, values, strict=True)
        )
        document = fit_person(replace(task, subject=replace(template, observations=seen_values)))
        weighted += [row["cwres"] for row in document["observations"] if row["cwres"] is not None]
        truth = table_of(case, quantities(case.frame), z[:, None])[:, 0]
        inside += [row["low"] <= true <= row["high"] for row, true in zip(document["estimates"], truth, strict=True)]
    assert len(inside) == 150
    # Of 150 values 90% are 135; a binomial stays within 126 to 144 in 99% of cases.
    assert 126 <= sum(inside) <= 144
    # Under a right model CWRES are standard normals: about 190 of them, so mean and SD are sure to 0.07 and 0.05.
    assert np.mean(weighted) == pytest.approx(0.0, abs=0.2)
    assert np.std(weighted) == pytest.approx(1.0, abs=0.15)


def test_the_document_is_plain_and_complete(fitted):
    _, document = fitted
    json.dumps(document, allow_nan=False)
    assert document["label"] == "for research use; not for dosing"
    assert document["people"] == 2
    assert document["observations"] == 9
    assert document["below_limit"] == 1
    first = document["subjects"][0]
    names = [row["name"] for row in first["estimates"]]
    assert names[:2] == ["central_volume_l", "clearance_s_ketamine_l_per_h"]
    for row in first["estimates"]:
        assert row["low"] < row["value"] < row["high"]
        assert row["laplace_low"] < row["value"] < row["laplace_high"]
    assert first["fit"]["converged"]


def test_residuals_are_those_of_the_two_curves(fitted):
    _, document = fitted
    rows = document["subjects"][0]["observations"]
    below = next(row for row in rows if row["is_below"])
    assert (below["observed_ng_per_ml"], below["iwres"], below["cwres"]) == (None, None, None)
    row = rows[0]
    wanted = np.log(row["observed_ng_per_ml"] / row["ipred_ng_per_ml"]) / 0.24
    assert row["iwres"] == pytest.approx(wanted, rel=1e-3)


def test_a_person_does_not_depend_on_who_else_is_in_the_file(fitted, tmp_path):
    _, document = fitted
    alone = fit(write(tmp_path, *IV_PERSON), next_dose="esketamine 56 mg nasal q 7 d x 2").document()
    assert alone["subjects"][0] == document["subjects"][0]


def test_workers_change_no_number(fitted):
    path, document = fitted
    assert fit(path, next_dose="esketamine 56 mg nasal q 7 d x 2", workers=2).document() == document


def test_another_seed_moves_only_the_draws(fitted, tmp_path):
    path, document = fitted
    other = fit(path, seed=3).document()["subjects"][0]
    mine = document["subjects"][0]
    for a, b in zip(mine["estimates"], other["estimates"], strict=True):
        assert a["value"] == pytest.approx(b["value"], rel=1e-5)
        assert a["low"] != b["low"]
        assert a["low"] == pytest.approx(b["low"], rel=0.1)


def test_the_next_dose_is_predicted_with_what_was_learned(fitted):
    _, document = fitted
    ahead = document["subjects"][0]["next_dose"]
    assert ahead["sentence"] == "esketamine 56 mg nasal q 7 d x 2"
    assert ahead["window_h"] == [0.0, 168.0]
    area = ahead["norketamine_auc_ng_h_per_ml"]
    assert area["low"] < area["median"] < area["high"]
    # Samples after an infusion tell of clearance, so the area is narrower than among people without samples.
    assert area["high"] / area["low"] < area["typical"]["high"] / area["typical"]["low"]


def test_a_new_occasion_keeps_the_person_and_draws_the_occasion_anew(tmp_path):
    oral = [dose(mg="50", rate="0", route="oral"), seen(), dose(time_h="168", mg="50", rate="0", route="oral")]
    case = case_of(tmp_path, *oral, seen(time_h="170"))
    ahead = case_of(tmp_path, *oral[:2]).frame
    z = np.full((len(case.frame.effects), 4000), 1.5)
    found = carried_over(case.frame, ahead, z, np.random.default_rng(8).standard_normal((len(ahead.effects), 4000)))
    names = [effect.name for effect in ahead.effects]
    assert found[names.index("clearance")] == pytest.approx(1.5)
    rate = found[names.index("swallowed_rate")]
    share = occasion_shares()["swallowed_rate"]
    assert rate.mean() == pytest.approx(1.5 * np.sqrt(1.0 - share), abs=0.05)
    assert rate.std() == pytest.approx(np.sqrt(share), rel=0.05)


def codes(document):
    return [flag["code"] for flag in document["subjects"][0]["flags"]]


def test_values_off_by_a_thousand_are_told(tmp_path):
    found = fit(write(tmp_path, dose(), seen(time_h="1", value="95000"), seen(time_h="4", value="21000"))).document()
    assert "units_doubtful" in codes(found)


def test_a_sample_far_from_the_curve_is_told(tmp_path):
    lines = [seen(time_h=str(t), value=v) for t, v in (("1", "80"), ("2", "40"), ("4", "900"), ("8", "8"))]
    found = fit(write(tmp_path, dose(), *lines)).document()
    flags = [flag["message"] for flag in found["subjects"][0]["flags"] if flag["code"] == "residual_large"]
    assert any("row 5: ketamine of 900 ng/mL" in message for message in flags)


def test_norketamine_alone_and_high_doses_and_defaults_are_told(tmp_path):
    who = ".,.,.,."
    lines = (dose(mg="300", rate="450", who=who), seen(analyte="norketamine", value="300", who=who))
    found = codes(fit(write(tmp_path, *lines)).document())
    assert {"norketamine_alone", "dose_above_studied", "defaulted"} <= set(found)


def test_values_below_the_limit_before_the_first_dose_are_left_out(tmp_path):
    lines = (seen(time_h="0", value=".", below="1"), dose(time_h="1"), seen(time_h="3"))
    found = fit(write(tmp_path, *lines)).document()
    assert found["observations"] == 1
    assert "below_before_dose" in codes(found)


def test_uninformed_effects_are_named(tmp_path):
    found = fit(write(tmp_path, dose(), seen(time_h="4", value="20"))).document()["subjects"][0]
    silent = {row["name"] for row in found["effects"] if not row["informed"]}
    assert {"norketamine_volume", "norketamine_clearance"} <= silent
    assert any(
        each["name"] in ("norketamine_volume", "norketamine_clearance")
        for direction in found["directions"]
        for each in direction["effects"]
    )


def test_dissociation_is_compared_with_the_population_and_not_fitted(tmp_path):
    score = seen(time_h="0.75", analyte="cadss", value="10", unit=".", limit=".")
    found = fit(write(tmp_path, dose(), score, seen(time_h="2"))).document()["subjects"][0]
    (row,) = found["scores"]
    assert row["low"] < row["median"] < row["high"]
    assert row["inside"] == (row["low"] <= 10.0 <= row["high"])
    assert "scores_not_fitted" in [flag["code"] for flag in found["flags"]]


BAD = {
    "method": ({"method": "mapp"}, "method 'mapp' is unknown; did you mean 'map'? Known: map, nuts"),
    "seed": ({"seed": -1}, "seed -1: must be a whole number from 0 to 2^63 - 1"),
    "sampling": ({"sampling": "capillary"}, "sampling 'capillary': must be one of venous, arterial"),
    "next": ({"next_dose": "escitalopram 10 mg oral"}, "gives no ketamine, so there is no exposure to predict"),
    "sentence": ({"next_dose": "ketamin 35 mg IV"}, "unknown drug; did you mean 'ketamine'?"),
    "few people": ({"population": True}, "a population fit needs at least 3 people with concentrations, not 1"),
    "no prior": (
        {"population": True, "sampling": "venous-published"},
        "sampling 'venous-published' has no joint posterior; a population fit needs venous or arterial",
    ),
    "indication": ({"indication": "gda"}, "did you mean 'gad'?"),
}


@pytest.mark.parametrize("case", BAD)
def test_choices_that_cannot_be_are_told(case, tmp_path):
    choices, message = BAD[case]
    with pytest.raises(InputError) as error:
        fit(write(tmp_path, *IV_PERSON), **choices)
    assert message in str(error.value)


def test_a_score_needs_its_scale(tmp_path):
    score = seen(time_h="24", analyte="score", value="20", unit=".", limit=".")
    with pytest.raises(InputError, match="row 4, column ANALYTE: a score needs its scale"):
        fit(write(tmp_path, dose(), seen(), score))
