"""The packaged fit: it converged, it is large enough and small enough, and it is of the trials as they are."""

from __future__ import annotations

from importlib import resources
from typing import Any

import numpy as np
import pytest

from ketascope.estimation.convergence import R_HAT_LIMIT, SAMPLE_SIZE_LIMIT
from ketascope.evidence import fit_files
from ketascope.evidence.priors import INFORMED_BELOW, priors_of
from ketascope.evidence.symptom_trials import posterior
from ketascope.evidence.symptom_trials.estimation import PRIOR_FILE
from ketascope.evidence.symptom_trials.trial_file import load_trials
from ketascope.model.parameter_store import load_parameters
from ketascope.model.uncertainty import load_joint_draws


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    return posterior.load_record()


def test_packaged_draws_are_enough_and_small_enough() -> None:
    names, table = load_joint_draws("trials")
    assert names == tuple(priors_of(PRIOR_FILE))
    assert len(table) >= 1000
    assert np.isfinite(table).all()
    assert len(np.unique(table, axis=0)) == len(table)
    file = resources.files("ketascope.model") / "posterior" / "trials.csv"
    assert len(file.read_bytes()) < 2_000_000


def test_packaged_fit_converged(record: dict[str, Any]) -> None:
    assert record["divergences"] == 0
    assert record["largest_r_hat"] <= R_HAT_LIMIT == 1.01
    assert record["smallest_bulk_sample_size"] >= SAMPLE_SIZE_LIMIT == 400.0
    assert record["smallest_tail_sample_size"] >= SAMPLE_SIZE_LIMIT
    assert record["unconverged"] == []
    assert record["chains"] * record["draws"] >= 1000


def test_the_packaged_record_is_written_as_a_run_would_write_it(record: dict[str, Any]) -> None:
    file = resources.files("ketascope.evidence") / "data" / posterior.RECORD
    assert fit_files.record_text(fit_files.rounded(record, posterior.DIGITS)) == file.read_text(encoding="utf-8")


def test_packaged_fit_is_the_same_from_another_seed(record: dict[str, Any]) -> None:
    """The largest of some 38 differences in standard errors: above 4.5 once in four thousand runs."""
    assert record["second_seed"]["largest_in_monte_carlo_errors"] < 4.5
    assert record["second_seed"]["largest_in_posterior_sd"] < 0.2


def test_packaged_rows_are_those_of_the_record(record: dict[str, Any]) -> None:
    rows = {row["name"]: row for row in record["parameters"]}
    assert list(rows) == list(priors_of(PRIOR_FILE))
    for name, row in rows.items():
        own = load_parameters()[f"trials.{name}"]
        assert own.value == pytest.approx(row["median"], rel=1e-4), name
        assert row["informed"] == (own.grade == "estimated"), name
        assert (row["sd_over_prior_sd"] < INFORMED_BELOW) == row["informed"], name


def test_packaged_record_is_of_the_trials_and_figures_as_they_are(record: dict[str, Any]) -> None:
    assert [row["trial"] for row in record["trial_effects"]] == [item.key for item in load_trials()]
    fitted = [row for row in record["posterior_predictive"] if row["use"] == "fit"]
    found = {(row["trial"], tuple(row["outcomes"])): row for row in fitted}
    figures = [(item.key, figure) for item in load_trials() for figure in item.rows]
    assert len(found) == len(fitted) == len(figures)
    for name, figure in figures:
        row = found[name, figure.outcomes]
        if figure.kind == "bound":
            assert row["bound"] == pytest.approx(figure.value, rel=1e-4)
        else:
            observed = 100.0 * figure.value / figure.n if figure.kind == "responders" else figure.value
            assert row["observed"] == pytest.approx(observed, rel=1e-4, abs=1e-9), (name, figure)
    checks = {row["trial"] for row in record["posterior_predictive"] if row["use"] != "fit"}
    assert checks == {item.key for item in load_trials() if item.checks} | {
        item.key for item in load_trials(check=True)
    }


def test_packaged_record_leaves_out_every_trial_that_can_be_compared(record: dict[str, Any]) -> None:
    bounds = {item.key for item in load_trials() if all(row.kind == "bound" for row in item.rows)}
    expected = [item.key for item in load_trials() if not item.pooled and item.key not in bounds]
    rows = record["leave_one_out"]["rows"]
    assert list(dict.fromkeys(row["trial"] for row in rows)) == expected
    assert [row["trial"] for row in rows if row["primary"]] == expected
    for part in ("all", "ketamine"):
        for level in ("50%", "95%"):
            assert record["leave_one_out"][part]["coverage"][level]["p_value"] >= 0.05, (part, level)
