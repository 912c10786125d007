"""Documents of trial, fit, nca and import: what they hold, by models and by the JSON Schemas of the manual.

Every other test that makes one of them has it checked as well (`conftest.documents_keep_their_contracts`).
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from pydantic import ValidationError

from fit_data import IV_PERSON, dose, seen, write
from ketascope import contract
from ketascope.cli import main
from ketascope.exchange.exporting import export
from ketascope.exchange.importing import import_events
from ketascope.fitting.data_fit import fit
from ketascope.noncompartmental.analysing import nca
from ketascope.noncompartmental.options import NcaOptions
from ketascope.virtual_trials import participants
from ketascope.virtual_trials.design import Adaptation, Observed, Rescue
from ketascope.virtual_trials.running import trial
from trial_stand_ins import made_up_trials, small_design

ROOT = Path(__file__).resolve().parent.parent
Document = dict[str, Any]


def full_trial(folder: Path) -> Document:
    """Looks, rescue, other sizes, another dose, a real trial and a plan: no part of the document is left out."""
    design = small_design(
        replicates=24,
        adaptation=Adaptation(information=(0.5, 1.0), futility_below=0.1),
        rescue=Rescue(from_visit_h=168.0, percent_fall=20.0, smd=0.3),
        people_curve=(10, 20),
        dose_curve=("ketamine 1 mg/kg IV over 40 min",),
        observed=Observed(arm="ketamine", label="Trial 2020", source="its paper", estimate=-7.0, standard_error=2.0),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(participants, "simulate_trials", made_up_trials)
        return trial(design, engine="serial", plan=0.7, people_most=40, output=folder / "out").document()


def full_fit(folder: Path) -> Document:
    """Two people, one of them with a rating alone, and a next dose."""
    rated = (dose("b"), seen("b", "2", "20", analyte="dissociation", unit="."))
    return fit(write(folder, *IV_PERSON, *rated), next_dose="ketamine 35 mg IM").document()


def full_nca(folder: Path) -> Document:
    """Two people in two groups with an area of their own; one has nothing measurable."""
    rows = [f"1,{time},{level},a" for time, level in ((0, 0), (1, 10), (2, 8), (4, 4), (8, 1))]
    rows += [f"2,{time},0,b" for time in (0, 1, 2)]
    path = folder / "data.csv"
    path.write_text("\n".join(["ID,TIME,DV,GROUP", *rows]) + "\n", encoding="utf-8")
    return nca(path, dose_mg=100.0, by=("group",), options=NcaOptions(intervals_h=((0.0, 6.0),))).document()


def full_import(folder: Path) -> Document:
    """A table that the package wrote itself."""
    path = folder / "events.csv"
    path.write_text(export("ketamine 0.5 mg/kg IV over 40 min q 3.5 d x 2", "nonmem"), encoding="utf-8")
    return import_events(path).document()


MAKERS: dict[str, Callable[[Path], Document]] = {
    "trial": full_trial,
    "fit": full_fit,
    "nca": full_nca,
    "import": full_import,
}


@cache
def made(name: str, folder: Path) -> Document:
    return MAKERS[name](folder)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Document]:
    """A copy of a document by its name, as JSON gives it back; each is made once."""
    folders = {name: tmp_path_factory.mktemp(name) for name in MAKERS}
    return lambda name: json.loads(json.dumps(made(name, folders[name]), allow_nan=False))


def schema_of(name: str) -> Document:
    """The schema of the manual, which tests/test_repository.py holds to the models."""
    schema: Document = json.loads((ROOT / "docs" / "schema" / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


@pytest.mark.parametrize("name", MAKERS)
def test_a_document_keeps_its_contract_and_its_schema(name, documents):
    document = documents(name)
    contract.check_document(name, document)
    jsonschema.Draft202012Validator(schema_of(name)).validate(document)


def test_no_part_of_the_trial_document_was_left_out(documents):
    document = documents("trial")
    assert all(document[part] for part in ("observed", "null", "dose_curve", "plan", "predicted_effect"))
    assert document["plan"]["curve"]
    assert document["design"]["rescue"]
    methods = {method["method"]: method for method in document["result"]["methods"]}
    assert methods["ancova"]["curve"]
    assert methods["ancova"]["contrasts"][0]["standardised_effect"]
    assert "number_needed_to_treat" in methods["responders"]["contrasts"][0]


def test_no_part_of_the_fit_document_was_left_out_but_draws_that_nobody_asked_for(documents):
    fitted, rated = documents("fit")["subjects"]
    assert all(fitted[part] for part in ("fit", "estimates", "effects", "observations", "courses", "next_dose"))
    assert rated["fit"] is None
    assert rated["scores"][0]["median"] is not None


def test_every_figure_of_an_analysis_has_its_label_and_its_unit(documents):
    document = documents("nca")
    measured, empty = document["profiles"]
    assert measured["GROUP"] == "a"
    assert "nothing_measurable" in empty["flags"]
    figures = {key for key, value in measured.items() if isinstance(value, float)}
    by_interval = {"auc_0_to_6_h_ng_h_per_ml"}
    about_the_occasion = {"dose_time_h", "infusion_h"}
    assert figures >= by_interval
    assert figures - by_interval - about_the_occasion <= set(document["names"]) | {"dose_mg"}


BREAKS: dict[str, tuple[str, Callable[[Document], object]]] = {
    "an unknown key at the top": ("trial", lambda d: d.update(extra=1)),
    "a figure without its ends": ("trial", lambda d: d["result"]["methods"][0]["any_arm"].pop("low")),
    "a missing part": ("trial", lambda d: d.pop("solver")),
    "another word for power": ("trial", lambda d: d["plan"].update(quantity="strength")),
    "another label": ("fit", lambda d: d.update(label="for dosing")),
    "an estimate without its interval": ("fit", lambda d: d["subjects"][0]["estimates"][0].pop("high")),
    "a text for a number": ("fit", lambda d: d["subjects"][0]["estimates"][0].update(value="about 3")),
    "a list for a figure": ("nca", lambda d: d["profiles"][0].update(cmax_ng_per_ml=[1.0])),
    "a flag without a message": ("nca", lambda d: d["flags"][0].pop("message")),
    "a dose without its route": ("import", lambda d: d["subjects"][0]["events"][0].pop("route")),
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_schema_and_the_models_both_refuse(name, documents):
    which, change = BREAKS[name]
    document = copy.deepcopy(documents(which))
    change(document)
    with pytest.raises(ValidationError):
        contract.check_document(which, document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema_of(which)).validate(document)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_not_finite_is_refused(value, documents):
    document = documents("nca")
    document["profiles"][0]["cmax_ng_per_ml"] = value
    with pytest.raises(ValidationError):
        contract.check_document("nca", document)


def test_every_command_that_prints_json_is_on_the_page_and_every_schema_is_linked_there():
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    context = click.Context(main)
    commands = {name: main.get_command(context, name) for name in main.list_commands(context)}
    printing = [
        name for name, command in commands.items() if any("--json" in parameter.opts for parameter in command.params)
    ]
    assert len(printing) >= 10
    assert [name for name in printing if f"`{name} --json`" not in page] == []
    # Export writes a model or a table, so there is nothing of it to hold to a schema.
    assert "export" not in printing
    for name in contract.DOCUMENTS:
        assert f"<schema/{name}.schema.json>" in page
