"""What the pooled model is fitted to: who stands on which side, how far a figure is trusted, what was known before."""

from __future__ import annotations

import dataclasses
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

from ketascope.errors import InputError
from ketascope.evidence import priors as prior_file
from ketascope.evidence.pharmacokinetics import observations as observed
from ketascope.evidence.pharmacokinetics.observations import group_of_study, load_studies, observations, part_of
from ketascope.evidence.pharmacokinetics.priors import Prior, fixed_values, load_rows, priors
from ketascope.evidence.pk_observed import ObservedRow, load
from ketascope.model.parameter_store import GRADES, load_parameters


def data_file(name: str) -> dict[str, Any]:
    text = (resources.files("ketascope.evidence") / "data" / name).read_text(encoding="utf-8")
    return tomllib.loads(text)


def row(row_id: str) -> ObservedRow:
    return next(row for row in load() if row.row_id == row_id)


def observation(row_id: str) -> observed.Observation:
    return next(item for item in observations() if item.row.row_id == row_id)


def changed(row_id: str, **changes: Any) -> observed.Observation:
    """The observation that a row would give if some of its cells were different, alone in its table."""
    altered = dataclasses.replace(row(row_id), **changes)
    return observed._observation(altered, [altered])


@pytest.fixture
def packaged_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that stands in for `ketascope.evidence`, so that a broken data file can be put into it."""
    (tmp_path / "data").mkdir()
    for module in (observed, prior_file):
        monkeypatch.setattr(module.resources, "files", lambda _: tmp_path)
    cached = (observed.load_studies, observed.group_of_study, prior_file.load_prior_rows)
    for function in cached:
        function.cache_clear()
    yield tmp_path / "data"
    for function in cached:
        function.cache_clear()


# --- who stands on which side ----------------------------------------------------------------------


def test_every_study_of_every_group_stands_in_the_observed_table() -> None:
    in_table = {row.study for row in load()}
    for key, group in load_studies().items():
        assert group["studies"], key
        assert set(group["studies"]) <= in_table, key


def test_no_study_is_named_twice_and_every_group_has_a_side() -> None:
    named = [study for group in load_studies().values() for study in group["studies"]]
    assert len(named) == len(set(named)) == len(group_of_study())
    assert {group["part"] for group in load_studies().values()} == {"training", "test"}


def test_papers_on_the_same_volunteers_share_a_group() -> None:
    groups = group_of_study()
    assert groups["Chong 2006"] == groups["Chong 2009"]
    assert groups["Emergency IV bolus trial"] != groups["Emergency IM trial 1984"], "other patients, other year"


def test_between_a_fifth_and_a_third_of_the_groups_is_set_aside() -> None:
    groups = load_studies().values()
    share = sum(group["part"] == "test" for group in groups) / len(groups)
    assert 1 / 5 <= share <= 1 / 3
    head = (resources.files("ketascope.evidence") / "data" / "pk_studies.toml").read_text(encoding="utf-8")
    tests = sum(group["part"] == "test" for group in groups)
    assert f"Of {len(groups)} groups" in head
    assert f"{tests} are test ({100 * share:.0f}%)" in head


def test_every_group_has_a_figure_and_every_compared_row_has_a_group() -> None:
    compared = {row.study for row in load() if row.compared}
    assert compared == set(group_of_study())
    assert {item.study for item in observations()} == set(load_studies())


def test_tables_made_by_a_model_and_figures_from_recall_are_on_neither_side() -> None:
    for row in load():
        if row.statistic.startswith("model-based"):
            assert part_of(row) is None
    used = {item.row.row_id for item in observations()}
    assert not used & {row.row_id for row in load() if row.verified == "recall" or row.study == "Perez-Ruixo 2021"}


def test_observations_are_the_compared_rows_of_their_part_in_the_order_of_the_table() -> None:
    everything = [item.row.row_id for item in observations()]
    training = [item.row.row_id for item in observations("training")]
    test = [item.row.row_id for item in observations("test")]
    assert everything == [row.row_id for row in load() if row.compared]
    assert sorted(training + test) == sorted(everything)
    assert not set(training) & set(test)
    assert len(training) == 165
    assert len(test) == 71
    assert all(part_of(item.row) == "training" for item in observations("training"))


def test_weights_do_not_depend_on_which_part_is_asked_for() -> None:
    whole = {item.row.row_id: item for item in observations()}
    for part in observed.PARTS:
        for item in observations(part):
            assert item == whole[item.row.row_id]


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(InputError, match=r"^part 'validation' is unknown; parts: training, test$"):
        observations("validation")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[a]\nstudies = ["X"]\npart = "holdout"\n', ["'holdout'", "'a'", "training, test"]),
        ('[a]\nstudies = ["X"]\npart = "test"\n[b]\nstudies = ["X"]\npart = "training"\n', ["'X'", "'a'", "'b'"]),
        ('[a]\nstudies = ["X", "X"]\npart = "test"\n', ["'X'", "'a'"]),
    ],
)
def test_a_studies_file_that_cannot_be_is_refused_in_one_line(
    packaged_folder: Path, text: str, words: list[str]
) -> None:
    (packaged_folder / "pk_studies.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_studies()
    message = str(refused.value)
    assert "\n" not in message
    for word in ("pk_studies.toml", *words):
        assert word in message


# --- how far a figure is trusted -------------------------------------------------------------------


def test_every_check_grade_and_every_error_has_a_reason() -> None:
    errors = data_file("pk_errors.toml")
    assert {"text", "secondary", "recall", "digitised", "digitised_weak", "digitised_step"} <= set(errors)
    for name, entry in errors.items():
        assert 0.0 < entry["sd"] <= 0.5, name
        assert len(entry["why"]) > 10, name
    assert errors["text"]["sd"] < errors["secondary"]["sd"] < errors["recall"]["sd"]


def test_the_error_of_a_printed_mean_is_rounding_and_the_sd_of_the_mean() -> None:
    """Hasan 2021: Cmax 15.6 with SD 4.5 of 15 people; log-normal, so the SD on the log scale is sqrt(ln(1 + cv^2))."""
    item = observation("hasan2021-01")
    log_variance = math.log(1.0 + (4.5 / 15.6) ** 2)
    assert item.error_sd == pytest.approx(
        math.sqrt(log_variance / 15 + data_file("pk_errors.toml")["secondary"]["sd"] ** 2)
    )


def test_an_arithmetic_mean_is_taken_down_to_the_middle_of_the_people() -> None:
    """The mean of a log-normal is its median times exp(variance / 2) = sqrt(1 + cv^2)."""
    item = observation("hasan2021-01")
    assert item.value == pytest.approx(15.6 / math.exp(0.5 * math.log(1.0 + (4.5 / 15.6) ** 2)))
    assert item.value < item.row.value_norm


def test_the_relative_spread_survives_a_change_of_unit() -> None:
    """Wang 2019: 18.1 mL/min/kg with SD 3.2 is 76.0 L/h at 70 kg; the share of spread is that of the printed pair."""
    item = observation("wang2019-01")
    cv = 3.2 / 18.1
    assert item.value == pytest.approx(76.0 / math.sqrt(1.0 + cv**2))
    errors = data_file("pk_errors.toml")
    own = math.log(1.0 + cv**2) / 16
    assert item.error_sd == pytest.approx(math.sqrt(own + errors["text"]["sd"] ** 2 + errors["cl"]["sd"] ** 2))


@pytest.mark.parametrize("row_id", ["otto2021-01", "chong2009-01", "singh2022-07", "simons2022-10", "kamp2020-05"])
def test_medians_geometric_means_and_figures_without_an_sd_stay_as_they_are(row_id: str) -> None:
    item = observation(row_id)
    assert item.value == item.row.value_norm


@pytest.mark.parametrize("statistic", ["median Cmax", "Cmax geometric mean"])
def test_a_middle_with_an_sd_is_not_moved_but_its_spread_still_counts(statistic: str) -> None:
    as_mean, as_middle = observation("hasan2021-01"), changed("hasan2021-01", statistic=statistic)
    assert as_middle.value == as_middle.row.value_norm == 15.6
    assert as_middle.error_sd == pytest.approx(as_mean.error_sd)


@pytest.mark.parametrize(
    ("n", "people"), [("17-20", 17), ("15", 15), ("16 a group (32 in two)", 16), ("", 8), ("0", 1)]
)
def test_the_number_of_people_is_read_carefully(n: str, people: int) -> None:
    log_variance = math.log(1.0 + (4.5 / 15.6) ** 2)
    rounding = data_file("pk_errors.toml")["secondary"]["sd"]
    item = changed("hasan2021-01", n=n)
    assert item.error_sd == pytest.approx(math.sqrt(log_variance / people + rounding**2))


@pytest.mark.parametrize("spread", ["", "259-287", "0", "60"])
def test_a_spread_that_is_no_plain_sd_is_not_taken_for_one(spread: str) -> None:
    item = changed("hasan2021-01", spread=spread)
    assert item.value == 15.6
    assert item.error_sd == data_file("pk_errors.toml")["secondary"]["sd"]


@pytest.mark.parametrize(
    ("row_id", "entries"),
    [
        ("simons2022-10", ("text",)),
        ("simons2022-01", ("secondary",)),
        ("otto2021-01", ("digitised",)),
        ("kamp2020-02", ("digitised",)),
        ("kamp2020-120", ("digitised_weak",)),
        ("kamp2020-03", ("digitised", "digitised_step")),
        ("kamp2020-121", ("digitised_weak", "digitised_step")),
        ("simons2022-13", ("secondary", "tmax")),
        ("yanagihara2003-01", ("text", "f")),
        ("clements1982-01", ("secondary", "f")),
        ("spravato-04", ("text", "cl")),
    ],
)
def test_errors_of_reading_and_of_the_kind_of_figure_add_in_squares(row_id: str, entries: tuple[str, ...]) -> None:
    errors = data_file("pk_errors.toml")
    expected = math.sqrt(sum(errors[name]["sd"] ** 2 for name in entries))
    assert observation(row_id).error_sd == pytest.approx(expected)


def test_every_reading_that_the_table_says_is_at_a_change_of_rate_has_the_error_of_a_step() -> None:
    """Rates change at the start of every step and at the end of the last one; the notes were written by the readers."""
    said = ("at the time of a rate change", "after a rate change", "at the moment the infusion rate changes")
    step_sd = data_file("pk_errors.toml")["digitised_step"]["sd"]
    noted = [
        item for item in observations() if any(words in item.row.note + item.row.conversion_note for words in said)
    ]
    assert len(noted) >= 20
    assert [item.row.row_id for item in noted if item.error_sd < step_sd] == []


def test_readings_away_from_a_change_of_rate_have_no_error_of_a_step() -> None:
    step_sd = data_file("pk_errors.toml")["digitised_step"]["sd"]
    for item in observations():
        if item.study == "kamp-2020" and item.row.sample_time_h in (0.25, 0.5, 0.75, 1.333, 1.667, 2.333, 4.0, 5.0):
            assert item.error_sd in (0.07, step_sd if "weak" in item.row.note else 0.07), item.row.row_id


def test_points_of_one_digitised_curve_count_as_six_at_most() -> None:
    curves: dict[tuple[str, str, str], list[observed.Observation]] = {}
    for item in observations():
        if item.row.statistic_kind == "concentration" and "digitis" in item.row.source + item.row.note:
            curves.setdefault((item.row.study, item.row.sentence, item.row.analyte_key), []).append(item)
    assert len(curves) >= 9
    for items in curves.values():
        assert sum(item.weight for item in items) == pytest.approx(min(6, len(items)))
        assert len({item.weight for item in items}) == 1


def test_figures_that_were_printed_and_peaks_count_in_full() -> None:
    for item in observations():
        if item.row.statistic_kind != "concentration" or item.study == "emergency-iv":
            assert item.weight == 1.0, item.row.row_id


def test_every_observation_is_positive_finite_and_has_an_error() -> None:
    for item in observations():
        assert 0.0 < item.value < math.inf
        assert 0.0 < item.error_sd < 0.6
        assert 0.0 < item.weight <= 1.0
        assert item.value <= item.row.value_norm


# --- what was known before -------------------------------------------------------------------------


@given(
    kind=st.sampled_from(["log-normal", "logit-normal"]),
    median=st.floats(0.01, 0.99),
    sd=st.floats(0.05, 2.0),
    normal=st.floats(-3.0, 3.0),
)
def test_a_standard_normal_is_read_back_from_the_value_that_it_gives(
    kind: str, median: float, sd: float, normal: float
) -> None:
    prior = Prior("x", kind, median, sd)
    value = prior.at(np, normal)
    assert float(prior.at(np, 0.0)) == pytest.approx(median, rel=1e-12)
    assert value > 0.0
    if kind == "logit-normal":
        assert value < 1.0
        assert math.log(value / (1 - value)) - math.log(median / (1 - median)) == pytest.approx(sd * normal, abs=1e-9)
    else:
        assert math.log(value / median) == pytest.approx(sd * normal, abs=1e-9)


def test_a_larger_normal_is_a_larger_value() -> None:
    for prior in priors().values():
        values = prior.at(np, np.linspace(-4.0, 4.0, 41))
        assert np.all(np.diff(values) > 0.0), prior.name


def test_fractions_have_logit_priors_and_everything_else_log_priors() -> None:
    for name, prior in priors().items():
        unit = load_rows()[name]["unit"]
        assert (prior.kind == "logit-normal") == unit.startswith("fraction"), name
        assert 0.0 < prior.median < (1.0 if prior.kind == "logit-normal" else math.inf)
        assert 0.05 <= prior.sd <= 1.5


def rows_of_the_model() -> dict[str, dict[str, Any]]:
    """Rows of the priors file less those of steps that the kept structure does without."""
    from ketascope.evidence.pharmacokinetics.posterior import load_record
    from ketascope.evidence.pharmacokinetics.structures import CANDIDATES

    kept = next(structure for structure in CANDIDATES if structure.name == load_record()["structure"])
    return {name: entry for name, entry in load_rows().items() if name not in kept.absent()}


def test_every_row_is_either_estimated_or_fixed_and_is_a_row_of_the_model() -> None:
    rows = load_rows()
    assert set(priors()) | set(fixed_values()) == set(rows)
    assert not set(priors()) & set(fixed_values())
    assert list(priors()) == [name for name, row in rows.items() if "prior" in row]
    assert set(rows_of_the_model()) == set(load_parameters().values_of("pooled"))


def test_every_row_says_unit_people_source_and_grade() -> None:
    for name, entry in data_file("pk_priors.toml").items():
        for field in ("unit", "population", "source"):
            assert entry[field], (name, field)
        assert entry["grade"] in GRADES, name
        assert entry["grade"] != "estimated", f"{name}: a prior is not an estimate"


def test_spread_between_patients_is_carried_into_the_model_unchanged() -> None:
    parameters = load_parameters()
    for name, entry in rows_of_the_model().items():
        spread = parameters[f"pooled.{name}"].between_patient
        if "between_patient" not in entry:
            assert spread is None, name
        else:
            given_spread = entry["between_patient"]
            assert spread is not None, name
            assert (spread.kind, spread.sd, spread.effect) == tuple(
                given_spread[key] for key in ("kind", "sd", "effect")
            )


@pytest.mark.parametrize(
    "prior",
    [
        '{ kind = "uniform", sd = 0.3 }',
        '{ kind = "log-normal", sd = 0.0 }',
        '{ kind = "log-normal", sd = -1.0 }',
        '{ kind = "logit-normal", sd = nan }',
    ],
)
def test_a_prior_that_cannot_be_is_refused_in_one_line(packaged_folder: Path, prior: str) -> None:
    (packaged_folder / "pk_priors.toml").write_text(f"[x]\nvalue = 0.5\nprior = {prior}\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"^pk_priors.toml: prior of 'x' needs a kind of log-normal, logit-normal.*> 0$"
    ):
        load_rows()


@pytest.mark.parametrize(
    "text",
    [
        "[x]\nvalue = 0.5\nprior = { sd = 0.3 }\n",
        '[x]\nvalue = 0.5\nprior = { kind = "log-normal" }\n',
        '[x]\nvalue = 1.5\nprior = { kind = "logit-normal", sd = 0.3 }\n',
        '[x]\nvalue = -2.0\nprior = { kind = "log-normal", sd = 0.3 }\n',
    ],
)
def test_a_prior_without_a_field_or_with_a_median_outside_its_scale_is_refused(
    packaged_folder: Path, text: str
) -> None:
    (packaged_folder / "pk_priors.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"^pk_priors.toml: .* 'x' "):
        load_rows()
