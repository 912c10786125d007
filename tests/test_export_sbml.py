"""The model as SBML: another simulator gives the same course, and every number says where it comes from."""

from __future__ import annotations

import functools
import importlib
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from ketascope import InputError, __version__
from ketascope.comparing.setting import make_setting
from ketascope.exchange.exporting import export
from ketascope.exchange.model_text import sbml_units, unit_name
from ketascope.exchange.sbml import model_text, sbml_model
from ketascope.model.parameter_store import load_parameters
from ketascope.regimen import parse
from ketascope.solver.grid import DEFAULT_RULE

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
CORE = "{http://www.sbml.org/sbml/level3/version2/core}"
XHTML = "{http://www.w3.org/1999/xhtml}"
LIMIT = 1e-5
FINE = DEFAULT_RULE.refined().refined()
IV = "ketamine 0.5 mg/kg IV over 40 min"
NASAL = "esketamine 84 mg nasal q 3.5 d x 8 then esketamine 84 mg nasal q 7 d x 4"
# Every other route at once, infusions that meet, and doses at the same moment.
MANY_ROUTES = (
    "ketamine 10 mg IV over 10 min & ketamine 20 mg IV over 20 min after 10 min & ketamine 5 mg IV over 20 min after "
    "30 min & ketamine 20 mg rectal after 1 h & ketamine 25 mg nasal after 2 h & ketamine 0.3 mg/kg SC over 30 min "
    "after 3 h & ketamine 50 mg buccal after 5 h & ketamine 5 mg IV after 6 h & ketamine 30 mg oral after 6 h"
)


@pytest.fixture(scope="module")
def bench():
    """The benchmark that checks every preset; the tests check a few with the same functions."""
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("exports")
    sys.path.remove(str(BENCHMARKS))


@functools.cache
def setting(indication="gad", sampling="venous"):
    return make_setting({"patients": 0, "indication": indication, "sampling": sampling}, None, "normal", (), ())


@functools.cache
def sbml(sentence=IV, indication="gad", sampling="venous"):
    return sbml_model(parse(sentence), setting(indication, sampling))


def parameters_of(text):
    return {element.get("id"): element for element in ET.fromstring(text).iter(f"{CORE}parameter")}


def facts(element):
    items = [item.text for item in element.iter(f"{XHTML}li")]
    return dict(item.split(": ", 1) for item in items)


def paragraphs(text):
    model = ET.fromstring(text).find(f"{CORE}model")
    return [line.text for line in model.find(f"{CORE}notes").iter(f"{XHTML}p")]


def differences(bench, sentence, indication, sampling):
    own_setting, regimen = setting(indication, sampling), parse(sentence)
    times_h = bench.times_of(regimen, own_setting.person.weight_kg)
    ours = bench.our_course(regimen, own_setting, times_h, FINE)
    text = sbml(sentence, indication, sampling)
    if 'id="score"' not in text:
        del ours["score"]
    return bench.differences(ours, bench.roadrunner_course(text, times_h, list(ours)))


def test_differences_are_relative_to_each_value_down_to_a_millionth_of_the_peak(bench):
    ours = {"ketamine_ng_per_ml": np.array([0.0, 100.0]), "score": np.array([20.0, 10.0])}
    theirs = {"ketamine_ng_per_ml": np.array([2e-6, 100.0]), "score": np.array([20.0, 10.1])}
    assert bench.differences(ours, theirs) == pytest.approx({"ketamine_ng_per_ml": 0.02, "score": 0.01})


@pytest.mark.usefixtures("other_simulator")
class TestAnotherSimulatorGivesTheSameCourse:
    @pytest.mark.parametrize(
        ("sentence", "indication"),
        [(NASAL, "gad"), ("sertraline 200 mg oral q 1 d x 56", "ocd")],
        ids=["nasal", "ssri"],
    )
    def test_as_ketascope_within_the_limit(self, bench, sentence, indication):
        found = differences(bench, sentence, indication, "venous")
        assert "score" in found
        assert max(found.values()) <= LIMIT

    def test_for_every_other_route_and_doses_that_meet(self, bench):
        found = differences(bench, MANY_ROUTES, "gad", "arterial-published")
        assert found.keys() == {"ketamine_ng_per_ml", "norketamine_ng_per_ml"}
        assert max(found.values()) <= LIMIT

    def test_what_is_left_in_venous_norketamine_is_the_shift_of_coinciding_rates(self, bench):
        """Without arm tissue no rates coincide after an infusion, and a tenth of the difference is left at most."""
        found = differences(bench, IV, "gad", "arterial")
        assert found["norketamine_ng_per_ml"] < 1e-7
        assert found["score"] < 1e-8

    def test_the_check_sees_a_dose_that_is_a_tenth_of_a_percent_wrong(self, bench):
        regimen = parse("ketamine 35 mg IV over 40 min")
        times_h = bench.times_of(regimen, 70.0)
        ours = bench.our_course(parse("ketamine 35.035 mg IV over 40 min"), setting(sampling="arterial"), times_h, FINE)
        text = sbml("ketamine 35 mg IV over 40 min", sampling="arterial")
        found = bench.differences(ours, bench.roadrunner_course(text, times_h, list(ours)))
        assert found["ketamine_ng_per_ml"] == pytest.approx(1e-3, rel=0.01)
        assert found["score"] > LIMIT


class TestEveryNumberSaysWhereItComesFrom:
    def test_all_elements_with_a_number_have_a_note(self):
        root = ET.fromstring(sbml())
        for tag in ("parameter", "species", "compartment"):
            elements = list(root.iter(f"{CORE}{tag}"))
            assert elements
            assert all(facts(element) for element in elements), tag

    def test_a_row_carries_value_unit_population_source_and_grade(self):
        rows = load_parameters()
        named = {name.replace(".", "_"): row for name, row in rows.items()}
        found = {name: element for name, element in parameters_of(sbml()).items() if name in named}
        assert len(found) > 50
        for name, element in found.items():
            row, said = named[name], facts(element)
            assert element.get("name") == row.name
            assert float(element.get("value")) == row.value == float(said["value"])
            assert (said["unit"], said["population"]) == (row.unit, row.population)
            assert (said["source"], said["grade"]) == (row.source, row.grade)
            assert element.get("units") == (
                "litre" if row.unit.startswith("L,") or row.unit == "L" else unit_name(row.unit)
            )

    def test_every_parameter_has_a_unit_that_the_model_defines(self):
        root = ET.fromstring(sbml())
        defined = {unit.get("id") for unit in root.iter(f"{CORE}unitDefinition")} | {"dimensionless", "litre"}
        units = {element.get("units") for element in root.iter(f"{CORE}parameter")}
        assert None not in units
        assert units <= defined

    def test_the_unit_is_the_first_word_of_what_a_row_says(self):
        assert unit_name("d, approach of the placebo response to its plateau") == "day"
        assert unit_name("umol/L unbound plasma") == "umol_per_l"
        assert unit_name("fraction of a device absorbed through the nose") == "dimensionless"
        assert set(sbml_units()["written"].values()) <= set(sbml_units()["definition"])

    def test_what_follows_from_rows_is_a_formula_and_not_a_number(self):
        root = ET.fromstring(sbml("ketamine 100 mg oral"))
        assigned = {item.get("symbol") for item in root.iter(f"{CORE}initialAssignment")}
        assert {"s_elimination_per_h", "r_swallowed_as_ketamine", "theta_fast", "ssri_points"} <= assigned

    def test_another_person_has_values_of_their_own_beside_those_of_the_row(self):
        text = export(IV, weight_kg=100.0, interactions=("rifampicin",))
        clearance = parameters_of(text)["pooled_clearance_s_ketamine_l_per_h"]
        said = facts(clearance)
        assert float(said["value"]) == load_parameters().value("pooled.clearance_s_ketamine_l_per_h")
        assert float(said["value in this person"]) == pytest.approx(float(clearance.get("value")), rel=1e-11)
        assert float(clearance.get("value")) > float(said["value"])
        assert any("100 kg" in line and "rifampicin" in line for line in paragraphs(text))


class TestTheModelAsAWhole:
    def test_it_carries_title_version_regimen_and_what_it_is_for(self):
        model = ET.fromstring(sbml()).find(f"{CORE}model")
        assert model.get("name") == f"ketascope {__version__}: {IV}"
        said = " ".join(paragraphs(sbml()))
        assert f"Regimen: {IV}. 1 dose." in said
        assert "For research use" in said
        assert "no dosing advice" in said

    def test_doses_are_events_in_their_order(self):
        events = [event.get("id") for event in ET.fromstring(sbml(NASAL)).iter(f"{CORE}event")]
        doses = [name for name in events if name.endswith("_part_1")]
        # Twelve sessions of three devices; a part through the nose, one released into the gut.
        assert len(doses) == 36
        assert sum(name.endswith("_part_2_starts") for name in events) == 36
        assert sum(name.endswith("_part_2_ends") for name in events) == 36
        assert sum(name.startswith("visit_") for name in events) == 12

    def test_events_at_one_time_add_up_in_any_order(self):
        assert set(re.findall(r'useValuesFromTriggerTime="(\w+)"', sbml(NASAL))) == {"false"}

    def test_above_what_trials_studied_the_score_is_left_out_and_that_is_said(self):
        text = sbml("ketamine 3 mg/kg IV over 40 min")
        assert 'id="plasticity"' in text
        assert 'id="score"' not in text
        said = " ".join(paragraphs(text))
        assert "the score is left out" in said
        assert "above_studied_dose" in said

    def test_a_scale_that_asks_about_a_week_says_so(self):
        assert any("past 168 h" in line for line in paragraphs(sbml(IV, "sad")))
        assert not any("asks about the past" in line for line in paragraphs(sbml()))

    def test_the_same_input_gives_the_same_text(self):
        assert sbml_model(parse(IV), setting()) == sbml()

    def test_scenarios_change_their_rows(self):
        text, _ = model_text(parse(IV), make_setting({"patients": 0}, None, "normal", (), ("hnk",)))
        assert "const plasticity_hnk_weight = 0.5" in text.antimony("m")


class TestWhatCannotBeExported:
    def test_without_antimony_the_extra_is_named(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "antimony", None)
        with pytest.raises(InputError, match=r"^sbml needs Antimony: install ketascope with its extra 'sbml'$"):
            export(IV)

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: export(IV, "smbl"), "format 'smbl' is unknown; did you mean 'sbml'\\? Known: sbml, nonmem"),
            (lambda: export("ketamin 35 mg IV"), "unknown drug; did you mean 'ketamine'"),
            (lambda: export(IV, indication="gda"), "indication 'gda' is unknown; did you mean 'gad'"),
            (lambda: export(IV, weight_kg=2.0), "weight"),
            (lambda: export(IV, "nonmem", indication="gad"), "indication changes nothing in an event table"),
            (lambda: export(IV, "rxode2", age_years=40.0), "age changes nothing in an event table"),
            (lambda: export(IV, "mrgsolve", interactions=("rifampicin",)), "interaction changes nothing"),
        ],
    )
    def test_is_told_in_one_line(self, call, message):
        with pytest.raises(InputError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)
