"""What the fit left behind: draws, rows, record, pictures and page agree with one another and with the simulator."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ketascope.charts import exposure_intervals, study_profiles
from ketascope.charts.render import render_svg
from ketascope.estimation.convergence import R_HAT_LIMIT, SAMPLE_SIZE_LIMIT
from ketascope.evidence import fit_files, pk_interactions
from ketascope.evidence.pharmacokinetics import posterior
from ketascope.evidence.pharmacokinetics.estimation import Estimate
from ketascope.evidence.pharmacokinetics.likelihood import RESIDUALS, STUDY_EFFECTS
from ketascope.evidence.pharmacokinetics.observations import load_studies, observations
from ketascope.evidence.pharmacokinetics.posterior import load_record, load_spread_draws
from ketascope.evidence.pharmacokinetics.priors import Prior, load_rows, priors
from ketascope.evidence.pharmacokinetics.profiles import FEWEST_POINTS, Profile, profiles
from ketascope.evidence.pharmacokinetics.structures import CANDIDATES, FULL, Structure
from ketascope.evidence.pk_ledger import validate
from ketascope.evidence.priors import INFORMED_BELOW
from ketascope.model.disposition import steps_of
from ketascope.model.parameter_store import GRADES, load_parameters, parameter_from_row
from ketascope.model.plasma import plasma
from ketascope.model.uncertainty import load_joint_draws
from ketascope.report import estimation as page


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    return load_record()


@pytest.fixture(scope="module")
def ledger() -> dict[str, Any]:
    return validate()


@pytest.fixture(scope="module")
def courses() -> list[Profile]:
    return profiles()


def fitted_structure(record: dict[str, Any]) -> Structure:
    return next(structure for structure in CANDIDATES if structure.name == record["structure"])


def fitted_priors(record: dict[str, Any]) -> dict[str, Prior]:
    return fitted_structure(record).priors(priors())


def normals_of(prior: Prior, value: Any) -> Any:
    """The standard normals that a prior turns into these values."""
    if prior.kind == "log-normal":
        return np.log(value / prior.median) / prior.sd
    return np.log(value * (1.0 - prior.median) / ((1.0 - value) * prior.median)) / prior.sd


# --- draws and rows of the packaged model ----------------------------------------------------------


def test_the_draws_are_of_what_was_estimated(record: dict[str, Any]) -> None:
    names, table = load_joint_draws("pooled")
    assert list(names) == list(fitted_priors(record))
    assert table.shape == (posterior.STORED_DRAWS, len(names))
    assert {row["name"] for row in record["parameters"]} == set(names)


def test_every_draw_is_a_possible_value(record: dict[str, Any]) -> None:
    names, table = load_joint_draws("pooled")
    assert np.all(np.isfinite(table))
    assert np.all(table > 0.0)
    for column, name in zip(table.T, names, strict=True):
        if fitted_priors(record)[name].kind == "logit-normal":
            assert np.all(column < 1.0), name
        assert len(np.unique(column)) > 400, name


def test_the_row_of_an_estimate_is_the_middle_of_its_draws_and_states_their_spread(record: dict[str, Any]) -> None:
    names, table = load_joint_draws("pooled")
    parameters, recorded = load_parameters(), {row["name"]: row for row in record["parameters"]}
    for column, name in zip(table.T, names, strict=True):
        row, prior = parameters[f"pooled.{name}"], fitted_priors(record)[name]
        assert row.value == pytest.approx(recorded[name]["median"], rel=1e-5)
        normals = normals_of(prior, column)
        # The table is thinned: its median has an error of about 1.25 SD over the root of what the draws are worth.
        worth = min(recorded[name]["bulk_sample_size"], len(column))
        assert abs(np.median(normals) - float(normals_of(prior, row.value))) < 4 * 1.25 * normals.std() / worth**0.5
        assert normals.std() == pytest.approx(recorded[name]["sd_over_prior_sd"], rel=0.15)
        assert row.uncertainty is not None
        assert row.uncertainty.kind == prior.kind
        assert row.uncertainty.sd == pytest.approx(recorded[name]["sd_over_prior_sd"] * prior.sd, rel=1e-5)


def test_rows_without_a_prior_have_the_value_that_was_given(record: dict[str, Any]) -> None:
    values, fixed = load_parameters().values_of("pooled"), fitted_structure(record).fixed_values()
    for name in set(values) - set(fitted_priors(record)):
        assert values[name] == fixed[name]
        assert load_parameters()[f"pooled.{name}"].uncertainty is None


def test_the_simulator_runs_the_structure_that_was_fitted(record: dict[str, Any]) -> None:
    everything = frozenset({"arm", "transit", "hydroxynorketamine"})
    fitted = fitted_structure(record).steps(everything)
    assert steps_of(load_parameters(), plasma("venous")) == fitted
    assert steps_of(load_parameters(), plasma("arterial")) == fitted - {"arm"}


def test_grades_say_what_the_data_informed(record: dict[str, Any]) -> None:
    for row in record["parameters"]:
        parameter = load_parameters()[f"pooled.{row['name']}"]
        expected = "estimated" if row["informed"] else load_rows()[row["name"]]["grade"]
        assert parameter.grade == expected, row["name"]
        assert ("informed by the data" in parameter.note) == row["informed"]
        assert load_rows()[row["name"]]["source"] in parameter.source


def test_spreads_are_draws_of_every_effect_and_every_residual(record: dict[str, Any]) -> None:
    spread = load_spread_draws()
    assert set(spread) == {f"sd_{name}" for name in STUDY_EFFECTS} | {f"residual_{name}" for name in RESIDUALS}
    assert set(record["spreads"]) == set(spread)
    for name, draws in spread.items():
        assert len(draws) == len(load_joint_draws("pooled")[1]), "the same draws as those of the parameters"
        assert np.all(draws > 0.0)
        low, middle, high = record["spreads"][name]
        assert 0.0 < low < middle < high
        assert np.mean((draws > low) & (draws < high)) == pytest.approx(0.9, abs=0.05)


# --- the record ------------------------------------------------------------------------------------


def test_the_chains_agree_and_none_of_their_steps_diverged(record: dict[str, Any]) -> None:
    assert record["largest_r_hat"] <= R_HAT_LIMIT == 1.01
    assert record["unconverged"] == []
    assert record["divergences"] == 0
    assert record["chains"] >= 4
    assert record["largest_r_hat"] >= max(row["r_hat"] for row in record["parameters"])
    for part in ("bulk", "tail"):
        smallest = record[f"smallest_{part}_sample_size"]
        assert SAMPLE_SIZE_LIMIT == 400.0 <= smallest
        assert smallest <= min(row[f"{part}_sample_size"] for row in record["parameters"])


def test_the_packaged_record_is_written_as_a_run_would_write_it(record: dict[str, Any]) -> None:
    file = resources.files("ketascope.evidence") / "data" / posterior.RECORD
    assert fit_files.record_text(fit_files.rounded(record, posterior.DIGITS)) == file.read_text(encoding="utf-8")


def test_informed_follows_from_the_ratio_of_spreads(record: dict[str, Any]) -> None:
    for row in record["parameters"]:
        assert row["informed"] == (row["sd_over_prior_sd"] < INFORMED_BELOW == 0.8), row["name"]
        assert row["low"] < row["median"] < row["high"]
        prior = fitted_priors(record)[row["name"]]
        assert row["prior_median"] == prior.median
    assert 10 <= sum(row["informed"] for row in record["parameters"]) < len(record["parameters"])


def test_what_no_row_tells_of_is_not_called_informed(record: dict[str, Any]) -> None:
    informed = {row["name"] for row in record["parameters"] if row["informed"]}
    assert not informed & {"subcutaneous_fraction", "subcutaneous_rate_per_h"}, "no subcutaneous row was found"
    assert {"central_volume_l", "clearance_s_ketamine_l_per_h", "clearance_s_norketamine_l_per_h"} <= informed


def test_the_fit_saw_the_training_groups_and_no_other(record: dict[str, Any]) -> None:
    training = {key for key, group in load_studies().items() if group["part"] == "training"}
    assert set(record["groups"]) == training
    for row in record["structures"]:
        assert set(row["by_group"]) == training
        assert row["log_density"] == pytest.approx(sum(row["by_group"].values()), abs=1e-3)


def test_every_structure_was_scored_and_the_simplest_able_one_that_is_not_beaten_was_kept(
    record: dict[str, Any],
) -> None:
    rows = {row["structure"]: row for row in record["structures"]}
    by_name = {structure.name: structure for structure in CANDIDATES}
    assert set(rows) == set(by_name)
    able = {name: row for name, row in rows.items() if not by_name[name].lacks}
    best = max(row["log_density"] for row in able.values())
    unbeaten = {name: row for name, row in able.items() if row["log_density"] > best - 2.0}
    fewest = min(row["estimated"] for row in unbeaten.values())
    assert record["structure"] in unbeaten
    assert rows[record["structure"]]["estimated"] == fewest
    for name, row in rows.items():
        assert row["estimated"] == len(by_name[name].priors(priors()))
        assert 1.0 < row["fitted_fold_error"] < row["left_out_fold_error"] < 2.0


def test_every_observation_has_a_predictive_interval(record: dict[str, Any]) -> None:
    intervals = record["predictive_90_percent"]
    assert set(intervals) == {item.row.row_id for item in observations()}
    for row_id, (low, middle, high) in intervals.items():
        assert 0.0 < low < middle < high < math.inf, row_id


def test_the_middle_of_an_interval_is_near_the_ledgers_prediction(
    record: dict[str, Any], ledger: dict[str, Any]
) -> None:
    """Both are of the same model, one with everything uncertain and one at the middle of every parameter."""
    middles = {row_id: values[1] for row_id, values in record["predictive_90_percent"].items()}
    scale = {item.row.row_id: item.row.value_norm / item.value for item in observations()}
    for row in ledger["rows"]:
        if row["used"]:
            ratio = middles[row["row_id"]] / (row["predicted"] * scale[row["row_id"]])
            assert 0.8 < ratio < 1.25, row["row_id"]


# --- what is written -------------------------------------------------------------------------------


def estimate_of(seed: int = 3) -> Estimate:
    rng = np.random.default_rng(seed)
    own = FULL.priors(priors())
    sites = {f"z_{name}": (0.5 if i % 2 else 1.0) * rng.standard_normal((4, 200)) for i, name in enumerate(own)}
    sites |= {f"sd_{effect}": np.abs(rng.standard_normal((4, 200))) for effect in STUDY_EFFECTS}
    sites |= {f"residual_{name}": np.abs(rng.standard_normal((4, 200))) for name in RESIDUALS}
    return Estimate(FULL, own, ("a", "b"), sites, np.asarray([0, 1, 0, 2]))


def test_written_rows_are_rows_that_the_store_accepts() -> None:
    fit = estimate_of()
    written = tomllib.loads(posterior.parameter_table(fit))
    assert list(written) == list(load_rows())
    for name, raw in written.items():
        row = parameter_from_row(f"pooled.{name}", raw)
        assert row.grade in GRADES
        if name in fit.priors:
            assert row.value == pytest.approx(float(np.median(fit.values(name))), rel=1e-5)
            assert (row.grade == "estimated") == (fit.flat(f"z_{name}").std() < INFORMED_BELOW)
        else:
            assert row.value == load_rows()[name]["value"]


def test_written_draws_are_every_so_many_of_all_chains() -> None:
    fit = estimate_of()
    for text, expected in (
        (posterior.draw_table(fit), {name: fit.values(name).reshape(-1) for name in fit.priors}),
        (posterior.spread_table(fit), {name: fit.flat(name) for name in fit.sites if not name.startswith("z_")}),
    ):
        rows = list(csv.DictReader(io.StringIO(text)))
        assert len(rows) == posterior.STORED_DRAWS
        chosen = np.linspace(0, 799, posterior.STORED_DRAWS).round().astype(int)
        for name, values in expected.items():
            assert [float(row[name]) for row in rows] == pytest.approx(values[chosen], rel=1e-5)


def test_a_record_counts_divergences_and_keeps_the_worst_diagnostics(tmp_path: Path) -> None:
    fit = estimate_of()
    document = posterior.record(fit, [], {"x": (1.0, 2.0, 3.0)}, seed=9)
    assert (document["chains"], document["draws"], document["divergences"], document["seed"]) == (4, 200, 3, 9)
    assert document["structures"] == []
    assert document["predictive_90_percent"] == {"x": [1.0, 2.0, 3.0]}
    written = posterior.write(fit, document, tmp_path)
    assert {str(path.relative_to(tmp_path)) for path in written.values()} == {
        "model/parameters/pooled.toml",
        "model/posterior/pooled.csv",
        "evidence/data/pk_spread_draws.csv",
        "evidence/data/pk_estimation.json",
    }


# --- courses and pictures --------------------------------------------------------------------------


def test_every_course_with_three_points_is_there_with_its_points(courses: list[Profile]) -> None:
    expected: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for item in observations():
        if item.row.statistic_kind == "concentration":
            key = (item.row.study, item.row.sentence, item.row.analyte_key)
            expected.setdefault(key, []).append((item.row.sample_time_h, item.row.value_norm))
    expected = {key: sorted(points) for key, points in expected.items() if len(points) >= FEWEST_POINTS}
    assert {(course.study, course.sentence, course.analyte): list(course.observed) for course in courses} == expected
    assert {course.part for course in courses} == {"training", "test"}
    assert {course.site for course in courses} == {"venous", "arterial"}


def test_a_band_is_ordered_and_holds_every_observed_time(courses: list[Profile]) -> None:
    for course in courses:
        assert np.all(np.diff(course.time_h) > 0.0)
        assert {time for time, _ in course.observed} <= set(course.time_h.tolist())
        later = course.time_h > 0.0
        assert np.all(course.low[later] < course.median[later])
        assert np.all(course.median[later] < course.high[later])


def test_bands_are_the_same_every_time_and_follow_the_seed(courses: list[Profile]) -> None:
    again = profiles(seed=0)
    assert all(np.array_equal(a.low, b.low) for a, b in zip(courses, again, strict=True))
    other = profiles(seed=1)
    assert not np.array_equal(courses[0].low[1:], other[0].low[1:])


def test_the_band_at_a_point_is_the_predictive_interval_of_its_row(
    courses: list[Profile], record: dict[str, Any]
) -> None:
    """Two draws of one distribution: their quantiles agree within what a few hundred draws allow."""
    rows = {
        (item.row.study, item.row.sentence, item.row.analyte_key, item.row.sample_time_h): item
        for item in observations()
    }
    for course in courses:
        for time_h, _ in course.observed:
            item = rows[course.study, course.sentence, course.analyte, time_h]
            low, middle, high = record["predictive_90_percent"][item.row.row_id]
            at = int(np.flatnonzero(course.time_h == time_h)[0])
            assert course.median[at] == pytest.approx(middle, rel=0.15), item.row.row_id
            if item.error_sd < 0.1:
                assert course.low[at] == pytest.approx(low, rel=0.3), item.row.row_id
                assert course.high[at] == pytest.approx(high, rel=0.3), item.row.row_id


def plain(course: Profile) -> dict[str, Any]:
    return {
        name: value.tolist() if hasattr(value, "tolist") else value
        for name, value in dataclasses.asdict(course).items()
    }


def test_the_picture_of_courses_shows_every_point_and_counts_those_inside(courses: list[Profile]) -> None:
    chart = study_profiles([plain(course) for course in courses])
    points = [(course, time, value) for course in courses for time, value in course.observed]
    shown = [(row["study"], row["time_h"], row["observed_ng_per_ml"]) for row in chart.table]
    assert shown == [(course.study, time, value) for course, time, value in points]
    inside = 0
    for row, (course, time, value) in zip(chart.table, points, strict=True):
        at = int(np.flatnonzero(course.time_h == time)[0])
        assert (row["low_ng_per_ml"], row["high_ng_per_ml"]) == (course.low[at], course.high[at])
        inside += bool(course.low[at] <= value <= course.high[at])
    studies = len({course.study for course in courses})
    assert chart.summary.startswith(f"{len(courses)} courses of {studies} studies; {inside} of {len(points)} observed")
    drawn = [panel["layer"][2]["data"]["values"] for panel in chart.spec["concat"]]
    assert [[(point["time"], point["value"]) for point in panel] for panel in drawn] == [
        list(course.observed) for course in courses
    ]


def test_a_point_on_the_edge_of_its_band_is_inside_and_one_beyond_is_not() -> None:
    course = {
        "study": "X",
        "part": "test",
        "sentence": "ketamine 10 mg IV",
        "analyte": "s_ketamine",
        "site": "venous",
        "time_h": [0.0, 1.0, 2.0, 3.0],
        "low": [1.0, 1.0, 1.0, 1.0],
        "median": [2.0, 2.0, 2.0, 2.0],
        "high": [4.0, 4.0, 4.0, 4.0],
        "observed": [(1.0, 1.0), (2.0, 4.1), (3.0, 4.0)],
    }
    chart = study_profiles([course])
    assert chart.summary.startswith("1 course of 1 study; 2 of 3 observed points")
    assert [row["analyte"] for row in chart.table] == ["S-ketamine"] * 3
    assert "<svg" in render_svg(chart.spec)


def test_both_pictures_can_be_drawn(courses: list[Profile], record: dict[str, Any], ledger: dict[str, Any]) -> None:
    few = study_profiles([plain(course) for course in courses[:4]])
    drawing = render_svg(few.spec)
    assert drawing.startswith("<svg")
    assert courses[0].study in drawing
    figures = page.figures(record, ledger)
    drawing = render_svg(exposure_intervals(figures).spec)
    assert drawing.startswith("<svg")
    assert figures[0]["study"] in drawing


def test_the_picture_of_figures_has_every_row_that_is_no_point_of_a_course(
    record: dict[str, Any], ledger: dict[str, Any], courses: list[Profile]
) -> None:
    figures = page.figures(record, ledger)
    chart = exposure_intervals(figures)
    points = sum(len(course.observed) for course in courses)
    assert len(figures) + points == len(observations())
    assert [(row["study"], row["observed"]) for row in chart.table] == [
        (figure["study"], figure["observed"]) for figure in figures
    ]
    inside = sum(figure["low"] <= figure["observed"] <= figure["high"] for figure in figures)
    assert chart.summary == f"{inside} of {len(figures)} figures lie inside the 90% predictive interval of a new study."
    for shown, figure in zip(chart.spec["data"]["values"], figures, strict=True):
        assert shown["observed"] == pytest.approx(figure["observed"] / figure["median"])


def test_no_two_figures_share_a_line_of_the_picture(record: dict[str, Any], ledger: dict[str, Any]) -> None:
    labels = [f"{figure['study']}: {figure['what']}" for figure in page.figures(record, ledger)]
    assert sorted({label for label in labels if labels.count(label) > 1}) == []


# --- the page --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def predicted() -> list[dict[str, Any]]:
    return pk_interactions.predicted_ratios()


def test_the_page_says_what_the_record_says(
    record: dict[str, Any], ledger: dict[str, Any], predicted: list[dict[str, Any]]
) -> None:
    text = page.estimation_markdown(record, ledger, predicted)
    assert f"{record['chains']} chains of {record['draws']} draws" in text
    assert f"largest R-hat {record['largest_r_hat']:.4f}" in text
    assert f"{record['divergences']} divergent" in text
    assert f"The fit used {len(record['groups'])} groups" in text
    for row in record["parameters"]:
        informed = "yes" if row["informed"] else "no"
        line = next(line for line in text.splitlines() if line.startswith(f"| {row['name']} |"))
        assert line.split("|")[3].strip() == f"{row['median']:.3g}"
        assert line.split("|")[-2].strip() == informed
    for row in record["structures"]:
        remark = " (kept)" if row["structure"] == record["structure"] else ""
        remark = f" (not eligible: {row['lacks']})" if row["lacks"] else remark
        assert f"| {row['structure']}{remark} | {row['question']} | {row['estimated']} |" in text
    counted = [row for row in predicted if row["counts"]]
    within = sum(1 / 1.5 <= row["predicted_over_observed"] <= 1.5 for row in counted)
    assert f"{within} of {len(counted)} counted ratios are within 1.5-fold" in text


def test_structures_come_best_first_and_parameters_best_informed_first(record: dict[str, Any]) -> None:
    densities = [float(row[3].replace("\N{MINUS SIGN}", "-")) for row in page.structure_rows(record)]
    assert densities == sorted(densities, reverse=True)
    ratios = [float(row[5]) for row in page.parameter_rows(record)]
    assert ratios == sorted(ratios)
    assert len(ratios) == len(record["parameters"])
    assert len(page.spread_rows(record)) == len(record["spreads"])


def test_coverage_counts_every_used_row_once(record: dict[str, Any], ledger: dict[str, Any]) -> None:
    rows = page.coverage_rows(record, ledger)
    assert sum(int(row[3]) for row in rows) == ledger["summary"]["used"]
    expected = 0
    for row in ledger["rows"]:
        if row["used"]:
            low, _, high = record["predictive_90_percent"][row["row_id"]]
            expected += low <= row["observed"] <= high
    assert sum(int(row[4].split()[0]) for row in rows) == expected


def test_the_expected_fold_error_is_what_a_right_model_misses_a_new_study_by() -> None:
    """For a normal error of SD s on the log scale the mean size is s sqrt(2/pi), and 90% lie within 1.645 s."""
    rng = np.random.default_rng(8)
    errors = 0.3 * rng.standard_normal(20_000)
    rows = [
        {"row_id": str(i), "used": True, "route": "IV", "analyte": "ketamine", "part": "test"}
        | {"observed": float(np.exp(error)), "fold_error": float(np.exp(-error))}
        for i, error in enumerate(errors)
    ]
    interval = [math.exp(-1.6449 * 0.3), 1.0, math.exp(1.6449 * 0.3)]
    record = {"predictive_90_percent": {row["row_id"]: interval for row in rows}}
    ((*_, count, inside, error, expected),) = page.coverage_rows(record, {"rows": rows})
    assert (count, expected) == ("20000", f"{math.exp(0.3 * math.sqrt(2.0 / math.pi)):.2f}")
    assert int(inside.split()[0]) == pytest.approx(18_000, abs=150)
    assert float(error) == pytest.approx(float(expected), abs=0.015)


def test_every_table_of_the_page_is_rectangular(
    record: dict[str, Any], ledger: dict[str, Any], predicted: list[dict[str, Any]]
) -> None:
    tables = re.split(r"\n\n", page.estimation_markdown(record, ledger, predicted))
    found = [table.splitlines() for table in tables if table.startswith("|")]
    assert len(found) == 7
    for lines in found:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1, lines[0]


# --- interactions ----------------------------------------------------------------------------------


def test_every_observed_ratio_is_predicted_and_only_read_ones_count(predicted: list[dict[str, Any]]) -> None:
    rows = pk_interactions.load()
    assert len(predicted) == len(rows) == 13
    for row, found in zip(rows, predicted, strict=True):
        assert found["observed"] == float(row["auc_ratio"])
        assert found["predicted_over_observed"] == pytest.approx(found["predicted"] / found["observed"])
        if row["verified"] == "recall":
            assert not found["counts"]
    fitted = [row for row in predicted if row["set_by_this_figure"]]
    assert [(row["interaction"], row["analyte"]) for row in fitted] == [("rifampicin", "s_norketamine")]
    assert sum(row["counts"] for row in predicted) == 13 - 2 - 1


def test_predicted_ratios_do_not_depend_on_the_measured_ones(
    predicted: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ketascope import people

    table = people.load_interactions()
    other = {name: {**row, "clearance_ratio": 9.0, "swallowed_ratio": 0.01} for name, row in table.items()}
    monkeypatch.setattr(people, "load_interactions", lambda: other)
    monkeypatch.setattr(pk_interactions, "load_interactions", lambda: other)
    changed = pk_interactions.predicted_ratios()
    assert [row["predicted"] for row in changed] == [row["predicted"] for row in predicted]


def test_predicted_ratios_go_where_the_enzymes_say(predicted: list[dict[str, Any]]) -> None:
    of = {(row["interaction"], row["sentence"], row["analyte"]): row["predicted"] for row in predicted}
    assert of["clarithromycin", "esketamine 0.2 mg/kg oral", "s_ketamine"] > 1.3
    assert of["rifampicin", "esketamine 0.3 mg/kg oral", "s_ketamine"] < 0.5
    oral, iv = (
        of["rifampicin", sentence, "s_ketamine"]
        for sentence in ("esketamine 0.3 mg/kg oral", "esketamine 0.1 mg/kg IV")
    )
    assert oral < iv < 1.0, "an inducer acts on the first pass and once more on clearance"
    assert of["st-johns-wort", "esketamine 0.3 mg/kg oral", "s_ketamine"] < 1.0


def test_a_ratio_is_that_of_two_numerical_areas(predicted: list[dict[str, Any]]) -> None:
    from ketascope.model.exposure import typical_concentrations
    from ketascope.people import Person
    from ketascope.regimen import parse

    found = next(row for row in predicted if row["interaction"] == "rifampicin" and "oral" in row["sentence"])
    times = np.linspace(0.0, 24.0, 24_001)
    areas = [
        np.trapezoid(
            typical_concentrations(
                parse(found["sentence"]).doses(70.0), Person(interactions=medicines), "venous", times
            )["s_ketamine"],
            times,
        )
        for medicines in (("rifampicin",), ())
    ]
    assert found["predicted"] == pytest.approx(areas[0] / areas[1], rel=1e-3)


@pytest.mark.parametrize(
    ("column", "word"), [("interaction", "aspirin"), ("analyte_key", "caffeine"), ("verified", "rumour")]
)
def test_a_table_of_ratios_that_names_the_unknown_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str, word: str
) -> None:
    rows = [dict(row) for row in pk_interactions.load()]
    rows[3][column] = word
    (tmp_path / "data").mkdir()
    with (tmp_path / "data" / "pk_interactions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    monkeypatch.setattr(pk_interactions.resources, "files", lambda _: tmp_path)
    pk_interactions.load.cache_clear()
    try:
        with pytest.raises(ValueError, match=r"pk_interactions.csv row 5"):
            pk_interactions.load()
    finally:
        monkeypatch.undo()
        pk_interactions.load.cache_clear()
