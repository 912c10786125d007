"""What every parameter row must say, how rows are found, and that each one is read by the model."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ketascope.data import load
from ketascope.errors import InputError
from ketascope.evidence.priors import priors_of
from ketascope.model.disposition import DISPOSITION_ROWS, disposition_rows, steps_of
from ketascope.model.parameter_store import (
    GRADES,
    OPTIONAL_FIELDS,
    REQUIRED_FIELDS,
    load_parameters,
    parameter_from_row,
    parameters,
)
from ketascope.model.plasma import plasma, plasmas
from ketascope.model.symptoms import PARTS
from ketascope.people import RANDOM_EFFECTS

GOOD = {"value": 1.0, "unit": "1/h", "population": "adults", "source": "somewhere 2020", "grade": "assumed"}


@pytest.mark.parametrize("field", REQUIRED_FIELDS)
def test_a_row_without_a_required_field_is_refused_by_name(field: str) -> None:
    row = {name: value for name, value in GOOD.items() if name != field}
    with pytest.raises(InputError, match=rf"^parameter 'a\.b' has no {field}; every row needs value, unit, "):
        parameter_from_row("a.b", row)


@pytest.mark.parametrize("field", ["unit", "population", "source", "grade"])
def test_a_row_with_an_empty_text_is_refused(field: str) -> None:
    with pytest.raises(InputError, match=rf"^parameter 'a\.b' has no {field}"):
        parameter_from_row("a.b", GOOD | {field: ""})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"grade": "certain"}, "parameter 'a.b': grade 'certain' is none of established, plausible, assumed"),
        ({"value": "1"}, "parameter 'a.b': value must be a number"),
        ({"value": True}, "parameter 'a.b': value must be a number"),
        ({"colour": "red"}, "parameter 'a.b' has an unknown field 'colour'"),
        ({"between_patient": {"kind": "log-normal", "sd": 0.1}}, "needs the name of its random effect"),
        ({"between_patient": {"kind": "gamma", "sd": 0.1, "effect": "clearance"}}, "between_patient needs kind"),
        ({"uncertainty": {"kind": "log-normal", "sd": -0.1}}, "uncertainty needs kind"),
        ({"uncertainty": {"kind": "log-normal"}}, "uncertainty needs kind"),
        ({"uncertainty": {"kind": "normal", "sd": 0.1, "value_is": "mean"}}, "value_is must be median, or mean for"),
        ({"uncertainty": {"kind": "log-normal", "sd": 0.1, "value_is": "mode"}}, "value_is must be median, or mean"),
        ({"uncertainty": {"kind": "normal", "sd": 0.1, "mean": 3}}, "uncertainty needs kind"),
    ],
)
def test_a_wrong_row_is_refused_with_what_would_be_right(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        parameter_from_row("a.b", GOOD | change)


def test_a_value_that_is_not_finite_is_refused() -> None:
    for bad in (float("nan"), float("inf")):
        with pytest.raises(InputError, match="value must be"):
            parameter_from_row("a.b", GOOD | {"value": bad})


def test_an_unknown_parameter_offers_the_nearest() -> None:
    with pytest.raises(InputError, match=r"did you mean 'plasticity\.signal_half_life_h'\?"):
        load_parameters().value("plasticity.signal_halflife_h")
    with pytest.raises(InputError, match=r"^parameter 'plasticity\.nonsense_zzz' is unknown"):
        load_parameters().replaced({"plasticity.nonsense_zzz": 1.0})


def test_rows_are_found_by_grade_and_an_unknown_grade_lists_all() -> None:
    by_grade = [parameters(grade=grade) for grade in GRADES]
    assert sum(len(rows) for rows in by_grade) == len(load_parameters())
    assert {row.grade for row in parameters("receptor", grade="plausible")} == {"plausible"}
    with pytest.raises(InputError, match=r"^grade 'sure' is unknown; grades: established, plausible, "):
        parameters(grade="sure")


def test_rows_are_found_by_name_and_by_file() -> None:
    assert [row.name for row in parameters("glutamate.surge_gain")] == ["glutamate.surge_gain"]
    assert {row.name.split(".")[0] for row in parameters("fanta_otto")} == {"fanta_otto"}
    assert len(parameters()) == len(load_parameters())


ALL_ROWS = tuple(load_parameters().values())


@pytest.mark.parametrize("row", ALL_ROWS, ids=lambda row: row.name)
def test_every_row_has_a_number_a_unit_a_population_a_source_and_a_grade(row: Any) -> None:
    assert np.isfinite(row.value)
    assert row.grade in GRADES
    for text in (row.unit, row.population, row.source):
        assert text.strip() == text != ""
    if row.range is not None:
        assert row.range[0] <= row.value <= row.range[1]
    if row.between_patient is not None:
        assert row.between_patient.effect in RANDOM_EFFECTS
    for spread in (row.between_patient, row.uncertainty):
        if spread is not None and spread.kind == "logit-normal":
            assert 0.0 < row.value < 1.0
        if spread is not None and spread.kind == "log-normal":
            assert row.value > 0.0


def test_each_parameter_set_has_the_rows_of_the_body_and_those_of_its_own_steps() -> None:
    rows = load_parameters()
    venous, arterial, pooled = (set(rows.values_of(name)) for name in ("fanta_otto", "simons", "pooled"))
    assert arterial - venous == {"transit_rate_per_h"}
    assert venous < arterial
    assert venous < pooled
    assert {name for name in DISPOSITION_ROWS if name.startswith("arm_")} == set(DISPOSITION_ROWS) - arterial
    # Whether norketamine comes late in the pooled set is a matter of fit; all else it must have.
    transit = {"transit_rate_per_h"} & pooled
    assert set(DISPOSITION_ROWS) - pooled == {"transit_rate_per_h"} - transit
    late = {"transit"} if transit else set()
    for name, place in plasmas().items():
        assert {row.split(".")[0] for row in disposition_rows(rows, place)} == {place.parameters}
        assert (
            steps_of(rows, place)
            == {
                "venous": {"arm", "hydroxynorketamine"} | late,
                "arterial": {"hydroxynorketamine"} | late,
                "venous-published": set(),
                "arterial-published": {"transit"},
            }[name]
        )


def test_an_unknown_plasma_is_refused_in_one_line_that_lists_them() -> None:
    with pytest.raises(InputError, match=r"^sampling 'capillary': must be one of venous, arterial, venous-published"):
        plasma("capillary")


def test_the_fields_that_a_row_may_have_are_described() -> None:
    assert set(REQUIRED_FIELDS) | set(OPTIONAL_FIELDS) | {"name"} == {f.name for f in fields(ALL_ROWS[0])}


INDICATIONS = tuple(load("indications"))


def read_by_code() -> str:
    """All code, and the data files of the model that name rows, without the rows themselves."""
    package = Path(str(resources.files("ketascope")))
    # An estimation reads everything it estimates, which is no use of a row.
    estimations = {"pharmacokinetics", "symptom_trials"}
    files = [path for path in sorted(package.rglob("*.py")) if not estimations & set(path.parts)]
    parts = [path.read_text(encoding="utf-8") for path in files]
    parts.append((package / "model" / "absorption_rules.toml").read_text(encoding="utf-8"))
    references = tomllib.loads((package / "model" / "acute_references.toml").read_text(encoding="utf-8"))
    parts.append(str(references))
    return "\n".join(re.sub(r"(?m)^\s*#.*$", "", part) for part in parts)


CODE = read_by_code()


def is_read(name: str) -> bool:
    """Whether code holds the row's full name, its short name in quotes or behind a parameter set, or builds it."""
    file, short = name.split(".", 1)
    built = rf"{file}\.{short}"
    if file == "symptoms" and short.startswith(tuple(f"{each}_" for each in INDICATIONS)):
        rest = short.split("_", 1)[1]
        built = rf"symptoms\.\{{(indication\.)?name\}}_{rest}"
    if file == "trials" and short.endswith(tuple(f"_{each}" for each in INDICATIONS)):
        built = rf"trials\.{short.rsplit('_', 1)[0]}_\{{(indication\.)?name\}}"
    if file == "trials" and short in {f"{part}_log_fall" for part in PARTS}:
        built = r"trials\.\{part\}_log_fall"
    start = r"\{(start|plasma\.parameters|place\.parameters)\}"
    return re.search(rf"{built}(?![a-z_0-9])|['\"]{short}['\"]|{start}\.{short}(?![a-z_0-9])", CODE) is not None


# What was estimated of the trials themselves and of mixed samples: it shapes the other rows and is shown with them, and
# no patient of an indication has it.
OF_THE_TRIALS = {
    "trials.multiplier_sd",
    "trials.multiplier_anxiety_mixed",
    "trials.trial_sd",
    "trials.ssri_trial_sd",
    "trials.placebo_trial_sd",
}


@pytest.mark.parametrize("name", [row.name for row in ALL_ROWS])
def test_every_row_is_read_somewhere(name: str) -> None:
    assert is_read(name) or name in OF_THE_TRIALS


def test_rows_about_trials_are_estimated_and_no_indication_s() -> None:
    assert set(load_parameters()) >= OF_THE_TRIALS
    assert set(priors_of("trial_priors")) == set(load_parameters().values_of("trials"))
    assert not any(name.endswith(tuple(f"_{each}" for each in INDICATIONS)) for name in OF_THE_TRIALS)


def test_a_row_that_nothing_reads_would_be_found() -> None:
    for name in (
        "plasticity.unheard_of",
        "symptoms.gad_unheard_of",
        "pooled.unheard_of",
        "placebo.unheard_of_h",
        "trials.unheard_of",
        "trials.unheard_of_gad",
        "trials.unheard_log_fall",
    ):
        assert not is_read(name)
