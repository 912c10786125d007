"""Priors: their scales and their inverses, and what a file of them must say before anything is fitted with it."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ketascope.errors import InputError
from ketascope.evidence import priors as priors_module
from ketascope.evidence.pharmacokinetics import priors as pharmacokinetic
from ketascope.evidence.priors import PRIOR_KINDS, Prior, load_prior_rows, priors_of
from ketascope.evidence.symptom_trials.estimation import PRIOR_FILE
from ketascope.evidence.symptom_trials.likelihood import MULTIPLIER, TRUNCATED
from ketascope.evidence.symptom_trials.states import LIMIT
from ketascope.model.parameter_store import GRADES, load_parameters

FILES = (PRIOR_FILE, pharmacokinetic.PRIOR_FILE)
MEDIANS = {"log-normal": 9.7, "logit-normal": 0.3, "normal": -1.2, "half-normal": 0.0}


def of_kind(kind: str, sd: float = 0.4) -> Prior:
    return Prior("x", kind, MEDIANS[kind], sd)


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that stands in for the packaged data."""
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(priors_module.resources, "files", lambda _: tmp_path)
    load_prior_rows.cache_clear()
    yield tmp_path / "data"
    load_prior_rows.cache_clear()


# --- scales --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PRIOR_KINDS)
def test_the_middle_of_a_prior_is_its_median(kind: str) -> None:
    assert of_kind(kind).at(np, 0.0) == pytest.approx(MEDIANS[kind])


def test_each_kind_has_its_scale() -> None:
    assert of_kind("log-normal").at(np, 2.0) == pytest.approx(9.7 * math.exp(0.8))
    assert of_kind("normal").at(np, 2.0) == pytest.approx(-1.2 + 0.8)
    assert of_kind("half-normal").at(np, 2.0) == pytest.approx(0.8)
    odds = 0.3 / 0.7 * math.exp(0.8)
    assert of_kind("logit-normal").at(np, 2.0) == pytest.approx(odds / (1.0 + odds))


@given(kind=st.sampled_from(PRIOR_KINDS), normal=st.floats(-5.0, 5.0), sd=st.floats(0.05, 2.0))
def test_a_value_leads_back_to_its_normal(kind: str, normal: float, sd: float) -> None:
    prior = of_kind(kind, sd)
    assert prior.normal_of(np, prior.at(np, normal)) == pytest.approx(normal, abs=1e-6)


@given(kind=st.sampled_from(PRIOR_KINDS), low=st.floats(-4.0, 3.9), step=st.floats(0.01, 1.0))
def test_a_larger_normal_is_a_larger_value(kind: str, low: float, step: float) -> None:
    prior = of_kind(kind)
    assert prior.at(np, low + step) > prior.at(np, low)


def test_draws_have_the_spread_that_the_prior_states() -> None:
    z = stats.norm.ppf((np.arange(4000) + 0.5) / 4000)
    assert np.log(of_kind("log-normal").at(np, z)).std() == pytest.approx(0.4, rel=1e-3)
    share = of_kind("logit-normal").at(np, z)
    assert np.log(share / (1.0 - share)).std() == pytest.approx(0.4, rel=1e-3)
    assert of_kind("normal").at(np, z).std() == pytest.approx(0.4, rel=1e-3)
    assert np.sqrt((of_kind("half-normal").at(np, np.abs(z)) ** 2).mean()) == pytest.approx(0.4, rel=1e-3)


def test_values_are_the_same_in_the_compiled_program() -> None:
    import jax.numpy as jnp

    from ketascope.solver.engine import configure_jax

    configure_jax()
    for kind in PRIOR_KINDS:
        prior = of_kind(kind)
        for z in (0.0, 0.7, 3.0):
            assert float(prior.at(jnp, jnp.asarray(z))) == pytest.approx(float(prior.at(np, z)), rel=1e-12)
            value = prior.at(np, z)
            assert float(prior.normal_of(jnp, jnp.asarray(value))) == pytest.approx(z, abs=1e-9)


# --- files ---------------------------------------------------------------------------------------------


def rows_of(file: str) -> dict[str, dict[str, Any]]:
    text = (resources.files("ketascope.evidence") / "data" / f"{file}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@pytest.mark.parametrize("file", FILES)
def test_priors_are_the_rows_that_state_one_in_the_order_of_the_file(file: str) -> None:
    rows, priors = rows_of(file), priors_of(file)
    assert list(priors) == [name for name, row in rows.items() if "prior" in row]
    assert load_prior_rows(file) == rows
    for name, prior in priors.items():
        assert (prior.name, prior.kind) == (name, rows[name]["prior"]["kind"])
        assert (prior.median, prior.sd) == (rows[name]["value"], rows[name]["prior"]["sd"])
        assert set(rows[name]["prior"]) == {"kind", "sd"}, name


@pytest.mark.parametrize("file", FILES)
def test_every_row_says_unit_people_source_and_grade(file: str) -> None:
    for name, row in load_prior_rows(file).items():
        for field in ("unit", "population", "source"):
            assert row[field], (name, field)
        assert row["grade"] in GRADES, name
        assert row["grade"] not in ("estimated", "not informed by trials"), f"{name}: a prior is not an estimate"


def test_each_file_keeps_to_the_kinds_that_its_model_knows() -> None:
    assert {prior.kind for prior in priors_of(pharmacokinetic.PRIOR_FILE).values()} == {"log-normal", "logit-normal"}
    assert {prior.kind for prior in priors_of(PRIOR_FILE).values()} == set(PRIOR_KINDS)


def test_names_of_the_pharmacokinetic_priors_lead_to_the_same_rows() -> None:
    assert pharmacokinetic.load_rows() is load_prior_rows(pharmacokinetic.PRIOR_FILE)
    assert pharmacokinetic.priors() == priors_of(pharmacokinetic.PRIOR_FILE)
    assert not set(pharmacokinetic.fixed_values()) & set(pharmacokinetic.priors())


def test_priors_of_the_trials_are_rows_of_the_model_and_all_of_them_estimated() -> None:
    rows = load_prior_rows(PRIOR_FILE)
    assert set(rows) == set(load_parameters().values_of("trials"))
    assert all("prior" in row for row in rows.values())
    assert all(
        rows[name]["value"] == 0.0 for name, prior in priors_of(PRIOR_FILE).items() if prior.kind == "half-normal"
    )


def test_a_truncated_prior_stays_within_the_range_that_its_row_allows() -> None:
    for name in TRUNCATED:
        prior, row = priors_of(PRIOR_FILE)[name], load_prior_rows(PRIOR_FILE)[name]
        low, high = row["range"]
        assert low <= float(prior.at(np, -LIMIT)) < float(prior.at(np, LIMIT)) <= high, name


def test_multipliers_are_exchangeable_around_another_one() -> None:
    rows = load_prior_rows(PRIOR_FILE)
    names = {name for name in rows if name.startswith(MULTIPLIER) and name != "multiplier_sd"}
    assert {name for name, row in rows.items() if "family" in row} == names
    for name in names:
        prior = priors_of(PRIOR_FILE)[name]
        assert (prior.kind, prior.median, prior.sd) == ("normal", 0.0, 1.0), name


def test_every_indication_has_its_placebo_and_its_ssri() -> None:
    from ketascope.data import load

    for name in load("indications"):
        for row in ("placebo_log_fall", "placebo_between_patient_sd", "ssri_difference_points", "ssri_half_life_d"):
            assert f"{row}_{name}" in priors_of(PRIOR_FILE)


# --- what is refused -----------------------------------------------------------------------------------

KINDS_AND_SD = "needs a kind of log-normal, logit-normal, normal, half-normal and sd > 0"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ('value = 1.0\nprior = { kind = "uniform", sd = 0.3 }', KINDS_AND_SD),
        ("value = 1.0\nprior = { sd = 0.3 }", KINDS_AND_SD),
        ('value = 1.0\nprior = { kind = "normal" }', KINDS_AND_SD),
        ('value = 1.0\nprior = { kind = "normal", sd = 0.0 }', KINDS_AND_SD),
        ('value = 1.0\nprior = { kind = "half-normal", sd = -0.1 }', KINDS_AND_SD),
        ('value = 1.0\nprior = { kind = "log-normal", sd = nan }', KINDS_AND_SD),
        ('value = 0.0\nprior = { kind = "log-normal", sd = 0.3 }', "needs a value between 0 and inf, not 0"),
        ('value = -2.0\nprior = { kind = "log-normal", sd = 0.3 }', "needs a value between 0 and inf, not -2"),
        ('value = 1.0\nprior = { kind = "logit-normal", sd = 0.3 }', "needs a value between 0 and 1, not 1"),
        ('value = nan\nprior = { kind = "logit-normal", sd = 0.3 }', "needs a value between 0 and 1, not nan"),
    ],
)
def test_a_prior_that_cannot_be_is_refused_in_one_line(data_folder: Path, row: str, complaint: str) -> None:
    (data_folder / "own.toml").write_text(f"[good]\nvalue = 2.0\n\n[x]\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        priors_of("own")
    assert str(refused.value) == f"own.toml: prior of 'x' {complaint}"


@pytest.mark.parametrize(("kind", "value"), [("normal", -3.0), ("half-normal", 0.0), ("log-normal", 1e-9)])
def test_a_prior_at_the_edge_of_its_scale_is_taken(data_folder: Path, kind: str, value: float) -> None:
    text = f'[x]\nvalue = {value}\nprior = {{ kind = "{kind}", sd = 2 }}\n[fixed]\nvalue = 7\n'
    (data_folder / "own.toml").write_text(text, encoding="utf-8")
    assert priors_of("own") == {"x": Prior("x", kind, value, 2.0)}
    assert list(load_prior_rows("own")) == ["x", "fixed"]
