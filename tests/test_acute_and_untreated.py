"""Scenarios, acute effects over sessions, and what waiting lists say of no treatment."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ketascope.errors import InputError
from ketascope.model import acute, placebo, symptoms
from ketascope.model.parameter_store import load_parameters
from ketascope.model.scenario import choose_model, load_scenarios
from ketascope.model.symptoms import (
    Effects,
    load_indication,
    population_means,
    untreated_means,
)
from symptom_courses import INDICATIONS, TIMES, course, effects_of


@pytest.fixture(scope="module")
def parameters():
    return load_parameters()


class TestScenarios:
    def test_none_is_on_by_default(self):
        model = choose_model()
        assert model.scenarios == ()
        assert model.control == "inert"
        assert all(model.parameters[name] == row for name, row in load_parameters().items())

    def test_each_replaces_only_the_rows_it_names(self):
        for name, scenario in load_scenarios().items():
            model = choose_model([name])
            changed = {row for row in model.parameters if model.parameters[row] != load_parameters()[row]}
            assert changed == set(scenario["replaces"]), name
            assert model.scenarios == (name,)
            assert scenario["label"]
            assert scenario["source"]

    def test_two_scenarios_for_the_control_contradict_each_other(self):
        with pytest.raises(InputError, match="active-control and masked both choose the control"):
            choose_model(["active-control", "masked"])

    def test_they_add_up(self):
        model = choose_model(["expectancy", "masked"])
        assert model.parameters.value("symptoms.expectancy_share_of_fast") == 1.0
        assert model.control == "masked"

    def test_an_unknown_one_offers_the_nearest(self):
        with pytest.raises(InputError, match="^scenario 'masqed' is unknown; did you mean 'masked'\\?"):
            choose_model(["masqed"])

    @pytest.mark.parametrize("name", INDICATIONS)
    def test_what_they_do_to_the_effects(self, name):
        indication = load_indication(name)

        def effects(*scenarios) -> Effects:
            model = choose_model(scenarios)
            return effects_of(indication, model.parameters, control=model.control)

        usual = effects()
        expectancy = effects("expectancy")
        assert expectancy.fast == expectancy.unblinding == 0.0
        assert expectancy.slow == usual.slow
        second = symptoms.as_expectancy(usual)
        for field in dataclasses.fields(Effects):
            assert getattr(second, field.name) == getattr(expectancy, field.name), field.name
        blocked = effects("opioid-blocked")
        assert blocked.slow == pytest.approx(0.3 * usual.slow)
        assert blocked.fast == pytest.approx(0.3 * usual.fast)
        assert blocked.unblinding == usual.unblinding
        assert effects("masked").contrast == 0.0
        assert 0.0 < effects("active-control").contrast < usual.contrast == 1.0
        assert effects("masked").fast == usual.fast


class TestAcute:
    def test_tolerance_is_none_in_the_first_session_and_that_of_glue_2018_in_the_fourteenth(self, parameters):
        """CADSS 20 in week 1 and 8.8 in week 14: 8.8/20 = 0.44."""
        size = acute.tolerance(np.array([1.0, 14.0, 1000.0]), parameters)
        assert size[0] == 1.0
        assert size[1] == pytest.approx(8.8 / 20.0, abs=0.01)
        assert size[2] == parameters.value("acute.dissociation_tolerance_floor")

    def test_tolerance_grows_from_session_to_session(self, parameters):
        size = acute.tolerance(np.arange(1.0, 30.0), parameters)
        assert (np.diff(size) < 0.0).all()

    def test_sessions_are_numbered_from_their_start(self):
        numbers = acute.session_numbers([0.0, 84.0, 168.0], np.array([0.0, 83.9, 84.0, 90.0, 168.0, 1e4]))
        assert numbers.tolist() == [1, 1, 2, 2, 3, 3]
        assert acute.session_numbers([24.0], np.array([0.0, 24.0])).tolist() == [1, 1]

    def test_over_is_the_first_time_after_which_it_stays_below(self):
        times = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
        effect = np.array([[0.0, 10.0, 6.0, 1.9, 0.5, 0.0], [0.0, 10.0, 1.0, 5.0, 1.0, 0.0]]).T
        # The crossing of the threshold of 2 is interpolated; the second one comes back once.
        assert acute.over_h(times, effect, 0.0, 0.2, 0.0) == pytest.approx([2.0 + 4.0 / 4.1, 3.75])

    def test_over_counts_from_the_start_of_the_session(self):
        times = np.array([48.0, 49.0, 50.0, 51.0])
        assert acute.over_h(times, np.array([[0.0, 10.0, 1.0, 0.0]]).T, 48.0, 0.2, 0.0) == pytest.approx(
            [1.0 + 8.0 / 9.0]
        )

    def test_without_effect_it_is_over_at_once(self):
        assert acute.over_h(np.array([0.0, 1.0, 2.0]), np.zeros((3, 2)), 0.0, 0.2, 1.0).tolist() == [0.0, 0.0]

    def test_what_has_not_ended_by_the_last_time_has_no_end(self):
        assert np.isnan(acute.over_h(np.array([0.0, 1.0, 2.0]), np.ones((3, 1)), 0.0, 0.2, 0.5)).all()

    def test_an_effect_below_the_floor_counts_as_over(self):
        assert acute.over_h(np.array([0.0, 1.0, 2.0]), np.full((3, 1), 0.3), 0.0, 0.2, 1.0).tolist() == [0.0]

    @pytest.mark.parametrize(
        ("effect", "route", "row", "lender"),
        [
            ("dissociation", "IV", "acute.dissociation_iv_points", None),
            ("dissociation", "SC", "acute.dissociation_sc_points", None),
            ("dissociation", "nasal", "acute.dissociation_iv_points", "IV"),
            ("systolic", "nasal", "acute.systolic_nasal_mmhg", None),
            ("systolic", "IM", "acute.systolic_iv_mmhg", "IV"),
        ],
    )
    def test_a_route_without_trials_borrows_and_says_from_whom(self, effect, route, row, lender, parameters):
        size = acute.amplitude(effect, route, "venous")
        assert (size.row, size.borrowed_from) == (row, lender)
        assert size.reference_peak_ng_per_ml > 10.0

    def test_sedation_is_borrowed_by_nobody(self, parameters):
        assert set(acute.load_references()["sedation"]) == {"nasal"}
        assert acute.load_references()["sedation"]["nasal"]["row"] in parameters

    def test_the_reference_regimen_gives_the_measured_size(self, parameters):
        size = acute.amplitude("dissociation", "IV", "venous")
        typical = {name: np.array([row.value]) for name, row in parameters.items() if name.startswith("acute.")}
        at_peak = np.array([[size.reference_peak_ng_per_ml]])
        points = acute.dissociation_points(at_peak, size, typical, np.array([1]), parameters)
        assert points[0, 0] == pytest.approx(parameters.value("acute.dissociation_iv_points"))
        systolic = acute.amplitude("systolic", "IV", "venous")
        rise = acute.systolic_rise_mmhg(at_peak, systolic, typical)
        assert rise[0, 0] == pytest.approx(parameters.value("acute.systolic_iv_mmhg"))

    def test_no_concentration_no_effect_and_twice_as_much_pressure_for_twice_the_concentration(self, parameters):
        size = acute.amplitude("systolic", "IV", "arterial")
        typical = {size.row: np.array([10.0])}
        rise = acute.systolic_rise_mmhg(np.array([[0.0], [50.0], [100.0]]), size, typical)[:, 0]
        assert rise[0] == 0.0
        assert rise[2] == pytest.approx(2.0 * rise[1])


class TestUntreated:
    @pytest.mark.parametrize("name", ["gad", "sad", "mdd"])
    def test_the_plateau_is_the_change_of_waiting_lists(self, name, parameters):
        indication = load_indication(name)
        approach = np.array([0.0, 0.5, 1.0])
        found = untreated_means(indication, parameters, approach, np.zeros(3), np.array([0, 2]))
        assert found.change.shape == (3, 3)
        assert found.change[0, 0] == 0.0
        assert found.change[0, 2] == pytest.approx(indication.untreated_smd * indication.endpoint_sd)
        assert (found.change[0] == found.change[1]).all()
        shifted = untreated_means(indication, parameters, approach, np.array([0.1]), np.array([0, 2]))
        expected = (indication.untreated_smd + 0.1) * indication.endpoint_sd
        assert shifted.change[0, 2] == pytest.approx(expected)
        assert (np.diff(found.change[0]) < 0.0).all()
        assert found.response.shape == (3, 2)
        assert (found.response >= 0.0).all()
        assert (found.response <= 1.0).all()

    @pytest.mark.parametrize("name", ["gad", "sad", "mdd"])
    def test_it_is_less_than_placebo(self, name, parameters):
        indication = load_indication(name)
        rated = np.array([5])
        arm = population_means(indication, parameters, effects_of(indication, parameters), course(), False, rated)
        approach = placebo.plateau_approach(TIMES, np.array([parameters.value("placebo.untreated_half_life_d")]))[0]
        nothing = untreated_means(indication, parameters, approach, np.zeros(1), rated)
        assert arm.change[0, 5] < nothing.change[0, 5] < 0.0
        assert nothing.response[0, 0] < arm.response[0, 0]

    @pytest.mark.parametrize("name", ["ptsd", "ocd"])
    def test_without_evidence_there_is_no_number(self, name, parameters):
        indication = load_indication(name)
        assert indication.untreated_smd is None
        with pytest.raises(AssertionError):
            untreated_means(indication, parameters, np.array([0.0]), np.zeros(1), np.array([0]))
