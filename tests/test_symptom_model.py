"""From states to scores: the link, the integral over patients, draws, placebo, SSRI, scenarios and acute effects."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from ketascope.errors import InputError
from ketascope.model import acute, placebo, ssri, symptoms
from ketascope.model.parameter_store import ParameterSet, load_parameters
from ketascope.model.scenario import choose_model, load_scenarios
from ketascope.model.symptoms import (
    Effects,
    StateCourse,
    effects_from_draws,
    load_indication,
    patient_scores,
    population_means,
    theta_from_smd,
    untreated_means,
)
from ketascope.model.uncertainty import JOINT_FILES, UNCERTAIN_FILES, population_draws

INDICATIONS = ("gad", "sad", "ptsd", "ocd", "mdd")
TIMES = np.array([0.0, 2.0, 24.0, 168.0, 672.0, 1344.0])
RATED = np.arange(len(TIMES))
REFERENCE = {"unblinding": np.array([0.8]), "fast": np.array([0.5]), "slow": np.array([0.3])}


SAMPLED, PATIENTS = 400_000, 20_000
OWN_EFFECTS = ("placebo_response", "visit_response", "drug_response", "baseline", "residual")


@pytest.fixture(scope="module")
def parameters():
    return load_parameters()


@pytest.fixture(scope="module")
def sample():
    """Placebo, drug and visit response of many people, from a generator that has nothing to do with the quadrature."""
    return np.random.default_rng(20260101).standard_normal((3, SAMPLED))


@pytest.fixture(scope="module")
def normals():
    drawn = np.random.default_rng(11).standard_normal((len(OWN_EFFECTS), PATIENTS))
    return dict(zip(OWN_EFFECTS, drawn, strict=True))


def effects_of(indication, parameters, draws=1, seed=0, control="inert"):
    drawn = population_draws(parameters, draws, seed)
    reference = {name: np.full(draws, value[0]) for name, value in REFERENCE.items()}
    return effects_from_draws(indication, drawn, reference, parameters, control)


def course(parameters, draws=1, **states):
    """States of an option; what is not named is zero, as it is without the drug."""
    zero = np.zeros((draws, len(TIMES)))
    given = {name: zero + np.asarray(value) for name, value in states.items() if name != "visits"}
    return StateCourse(
        times_h=TIMES,
        **{name: given.get(name, zero) for name in ("fast", "slow", "unblinding", "ssri")},
        visits=np.asarray(states.get("visits", np.zeros(len(TIMES)))),
        approach=placebo.plateau_approach(TIMES, parameters.value("placebo.half_life_d")),
    )


def treated(parameters, draws=1):
    """A course with every state at work."""
    return course(
        parameters,
        draws,
        fast=[0.0, 0.8, 0.5, 0.05, 0.0, 0.0],
        slow=[0.0, 0.05, 0.3, 0.25, 0.1, 0.02],
        unblinding=[0.0, 0.8, 0.02, 0.0, 0.0, 0.0],
        ssri=[0.0, 0.003, 0.03, 0.2, 0.6, 0.85],
        visits=[0.0, 0.9, 0.35, 0.0, 0.0, 0.0],
    )


class TestTheLink:
    @pytest.mark.parametrize("name", INDICATIONS)
    def test_theta_moves_the_baseline_by_that_many_standard_deviations(self, name):
        indication = load_indication(name)
        for smd in (0.1, 0.5, 1.0):
            theta = theta_from_smd(np.array(smd), indication)
            left = indication.minimum + (indication.baseline - indication.minimum) * np.exp(-theta)
            assert indication.baseline - left == pytest.approx(smd * indication.endpoint_sd, rel=1e-12)

    def test_theta_by_hand(self):
        """S0 25, SD 8, minimum 0: a difference of half an SD is 4 points, theta = -ln(1 - 4/25)."""
        indication = dataclasses.replace(load_indication("gad"), baseline=25.0, endpoint_sd=8.0, minimum=0.0)
        assert theta_from_smd(np.array(0.5), indication) == pytest.approx(0.17435338714477774, rel=1e-12)

    def test_no_difference_is_no_effect_and_harm_is_negative(self):
        indication = load_indication("ptsd")
        assert theta_from_smd(np.array(0.0), indication) == 0.0
        assert theta_from_smd(np.array(-0.3), indication) < 0.0

    def test_an_impossible_difference_stays_finite(self):
        theta = theta_from_smd(np.array([3.0, 30.0]), load_indication("gad"))
        assert np.isfinite(theta).all()
        assert theta[1] == pytest.approx(-math.log(0.05))  # no more than 95% of the way to the scale's minimum

    @pytest.mark.parametrize("name", INDICATIONS)
    def test_effects_are_divided_by_the_state_they_were_measured_at(self, name, parameters):
        indication = load_indication(name)
        effects = effects_of(indication, parameters)
        for part in symptoms.PARTS:
            smd = parameters.value(f"symptoms.{name}_{part}_smd")
            expected = theta_from_smd(np.array(smd), indication) / REFERENCE[part]
            assert getattr(effects, part) == pytest.approx(expected, rel=1e-12)
        assert effects.placebo == parameters.value(f"symptoms.{name}_placebo_log_fall")
        assert effects.contrast == parameters.value("unblinding.contrast_inert")

    @pytest.mark.parametrize("name", INDICATIONS)
    def test_the_ssri_reaches_its_trials_difference_at_their_week(self, name, parameters):
        """Mean difference between the arms at the week of the trials equals the points they found."""
        indication = load_indication(name)
        effects = effects_of(indication, parameters)
        week_h = 168.0 * parameters.value(f"symptoms.{name}_ssri_difference_week")
        times = np.array([0.0, week_h])
        state = ssri.ssri_state([(0.0, week_h + 1.0)], effects.ssri_half_life_d, times)
        zero = np.zeros_like(state)
        approach = placebo.plateau_approach(times, parameters.value("placebo.half_life_d"))
        taken = StateCourse(times, zero, zero, zero, state, np.zeros(2), approach)
        with_drug = population_means(indication, parameters, effects, taken, True).change
        without = population_means(indication, parameters, effects, taken, False).change
        points = parameters.value(f"symptoms.{name}_ssri_difference_points")
        assert (without - with_drug)[0, 1] == pytest.approx(points, rel=0.02)
        assert (without - with_drug)[0, 0] == pytest.approx(0.0, abs=1e-12)

    def test_an_unknown_indication_offers_the_nearest(self):
        with pytest.raises(InputError, match="^indication 'GAD' is unknown; did you mean 'gad'\\? Known: gad, sad"):
            load_indication("GAD")


class TestTheIntegralOverPatients:
    @pytest.mark.parametrize("name", INDICATIONS)
    @pytest.mark.parametrize("active", [True, False])
    def test_means_and_responses_agree_with_sampling(self, name, active, parameters, sample):
        """Within 3 standard errors at each time, against the formula of the module written out once more."""
        indication = load_indication(name)
        effects = effects_of(indication, parameters)
        states = treated(parameters)
        found = population_means(indication, parameters, effects, states, active, RATED)
        link = symptoms.ssri_link(indication, parameters, effects, states)[0]
        spread = parameters.value(f"symptoms.{name}_placebo_between_patient_sd")
        sd = parameters.value("symptoms.drug_response_sd")
        residual = parameters.value(f"symptoms.{name}_residual_sd")
        noise = np.random.default_rng(7).standard_normal(SAMPLED) * residual
        threshold = indication.baseline * (1.0 - indication.response_fall)
        for column in range(1, len(TIMES)):
            fall = (effects.placebo[0] + spread * sample[0]) * states.approach[column]
            fall = fall + (effects.visit[0] + spread * sample[2]) * states.visits[column]
            if active:
                drug = effects.fast[0] * states.fast[0, column] + effects.slow[0] * states.slow[0, column]
                fall = fall + drug * np.exp(sd * sample[1] - 0.5 * sd**2) + link[column]
                fall = fall + effects.contrast[0] * effects.unblinding[0] * states.unblinding[0, column]
            score = np.minimum(
                indication.minimum + (indication.baseline - indication.minimum) * np.exp(-fall), indication.maximum
            )
            error = score.std() / math.sqrt(SAMPLED)
            assert found.change[0, column] == pytest.approx(score.mean() - indication.baseline, abs=3.0 * error + 1e-9)
            responds = score + noise <= threshold
            share_error = max(responds.std(), 1e-3) / math.sqrt(SAMPLED)
            assert found.response[0, column] == pytest.approx(responds.mean(), abs=3.0 * share_error + 1e-9)

    @pytest.mark.parametrize("name", INDICATIONS)
    def test_more_nodes_change_no_mean_by_a_thousandth_of_a_point(self, name, parameters, monkeypatch):
        indication = load_indication(name)
        effects = effects_of(indication, parameters, draws=16)
        states = treated(parameters, 16)
        few = population_means(indication, parameters, effects, states, True, RATED)
        monkeypatch.setattr(symptoms, "PLACEBO_NODES", 121)
        monkeypatch.setattr(symptoms, "RESPONSE_NODES", 31)
        many = population_means(indication, parameters, effects, states, True, RATED)
        assert np.abs(few.change - many.change).max() < 1e-3
        assert np.abs(few.response - many.response).max() < 5e-4

    def test_nothing_has_changed_at_the_start(self, parameters):
        indication = load_indication("gad")
        found = population_means(indication, parameters, effects_of(indication, parameters), treated(parameters), True)
        assert found.change[0, 0] == pytest.approx(0.0, abs=1e-9)

    def test_the_placebo_arm_has_the_visits_and_nothing_of_the_drug(self, parameters):
        indication = load_indication("mdd")
        effects = effects_of(indication, parameters)
        whole = population_means(indication, parameters, effects, treated(parameters), False)
        visits_only = course(parameters, visits=[0.0, 0.9, 0.35, 0.0, 0.0, 0.0])
        assert whole.change == pytest.approx(
            population_means(indication, parameters, effects, visits_only, False).change
        )
        no_visits = population_means(indication, parameters, effects, course(parameters), False)
        assert whole.change[0, 1] < no_visits.change[0, 1]
        assert whole.change[0, 5] == pytest.approx(no_visits.change[0, 5])

    @pytest.mark.parametrize("name", INDICATIONS)
    def test_placebo_alone_gives_the_response_of_its_arms(self, name, parameters):
        """GAD: 37-48% respond by week 8; and nowhere none."""
        indication = load_indication(name)
        found = population_means(
            indication, parameters, effects_of(indication, parameters), course(parameters), False, RATED
        )
        assert found.response[0, 5] > 0.05
        if name == "gad":
            assert 0.37 <= found.response[0, 5] <= 0.48

    @pytest.mark.parametrize("name", INDICATIONS)
    def test_means_stay_within_the_scale_however_large_the_effect(self, name, parameters):
        indication = load_indication(name)
        effects = effects_of(indication, parameters)
        for size in (50.0, -50.0):  # a cure, and a disaster
            wild = dataclasses.replace(effects, slow=effects.slow * size)
            scores = (
                indication.baseline + population_means(indication, parameters, wild, treated(parameters), True).change
            )
            assert (scores >= indication.minimum - 1e-9).all()
            assert (scores <= indication.maximum + 1e-9).all()

    def test_effects_together_give_less_than_their_sum(self, parameters):
        indication = load_indication("gad")
        effects = effects_of(indication, parameters)

        def fall(**states):
            arm = population_means(indication, parameters, effects, course(parameters, **states), True).change
            return population_means(indication, parameters, effects, course(parameters), False).change - arm

        slow, fast = [0.3] * len(TIMES), [0.5] * len(TIMES)
        together = fall(slow=slow, fast=fast)
        assert (together < fall(slow=slow) + fall(fast=fast)).all()
        assert (together > fall(slow=slow)).all()


class TestVirtualPatients:
    @pytest.mark.parametrize("name", INDICATIONS)
    def test_scores_stay_within_the_scale(self, name, parameters, normals):
        indication = load_indication(name)
        effects = effects_of(indication, parameters)
        wild = {key: 6.0 * value for key, value in normals.items()}
        scores = patient_scores(indication, parameters, effects, treated(parameters), wild)
        assert scores.shape == (PATIENTS, len(TIMES))
        assert scores.min() == indication.minimum
        assert scores.max() == indication.maximum

    def test_the_baseline_has_its_mean_and_spread_and_no_rating_error(self, parameters, normals):
        indication = load_indication("gad")
        scores = patient_scores(
            indication, parameters, effects_of(indication, parameters), treated(parameters), normals
        )
        assert scores[:, 0].mean() == pytest.approx(indication.baseline, abs=0.2)
        assert scores[:, 0].std() == pytest.approx(indication.baseline_sd, rel=0.05)
        quiet = normals | {"residual": np.zeros(PATIENTS)}
        without = patient_scores(indication, parameters, effects_of(indication, parameters), treated(parameters), quiet)
        assert (without[:, 0] == scores[:, 0]).all()
        assert not np.allclose(without[:, 1], scores[:, 1])

    def test_some_people_worsen_on_placebo(self, parameters, normals):
        indication = load_indication("gad")
        scores = patient_scores(indication, parameters, effects_of(indication, parameters), course(parameters), normals)
        worse = (scores[:, 5] > scores[:, 0]).mean()
        assert 0.05 < worse < 0.4

    def test_a_typical_patient_follows_the_typical_course(self, parameters):
        indication = load_indication("gad")
        effects = effects_of(indication, parameters)
        typical = {key: np.zeros(1) for key in OWN_EFFECTS}
        scores = patient_scores(indication, parameters, effects, course(parameters), typical)
        approach = placebo.plateau_approach(TIMES, parameters.value("placebo.half_life_d"))
        expected = indication.minimum + (indication.baseline - indication.minimum) * np.exp(-effects.placebo * approach)
        assert scores[0] == pytest.approx(expected, rel=1e-12)


def is_joint(name: str) -> bool:
    """Rows that are drawn together from a table (tests/test_pk_posterior.py)."""
    return name.partition(".")[0] in JOINT_FILES


class TestDraws:
    def test_draw_zero_is_the_central_value_of_every_row(self, parameters):
        for name, values in population_draws(parameters, 8, 3).items():
            assert values[0] == parameters.value(name), name
            assert values.shape == (8,)

    def test_only_rows_that_state_an_uncertainty_vary(self, parameters):
        for name, values in population_draws(parameters, 8, 3).items():
            assert (len(set(values)) > 1) == (parameters[name].uncertainty is not None), name

    def test_exposure_of_the_published_sets_is_not_among_them(self, parameters):
        names = [name for name in population_draws(parameters, 2, 0) if not is_joint(name)]
        assert all(name.startswith(UNCERTAIN_FILES) for name in names)
        assert not any(name.startswith(("fanta_otto.", "simons.", "absorption.", "acute.")) for name in names)

    def test_a_new_row_leaves_the_draws_of_the_others_alone(self, parameters):
        rows = dict(parameters.items())
        new = dataclasses.replace(rows["symptoms.gad_fast_smd"], name="symptoms.aaa_new")
        more = ParameterSet({"symptoms.aaa_new": new, **rows})
        before, after = population_draws(parameters, 32, 5), population_draws(more, 32, 5)
        assert set(after) - set(before) == {"symptoms.aaa_new"}
        assert all((after[name] == before[name]).all() for name in before)
        assert not (after["symptoms.aaa_new"] == after["symptoms.gad_fast_smd"]).all()

    def test_more_draws_keep_the_first_ones(self, parameters):
        few, many = population_draws(parameters, 16, 5), population_draws(parameters, 64, 5)
        assert all((many[name][:16] == few[name]).all() for name in few)

    def test_another_seed_gives_other_draws_and_the_same_centre(self, parameters):
        one, other = population_draws(parameters, 16, 5), population_draws(parameters, 16, 6)
        varying = [name for name in one if parameters[name].uncertainty is not None and not is_joint(name)]
        assert len(varying) >= 20
        for name in varying:
            assert one[name][0] == other[name][0]
            assert not (one[name][1:] == other[name][1:]).any(), name

    def test_rows_are_drawn_independently(self, parameters):
        drawn = population_draws(parameters, 4001, 1)
        varying = [name for name in drawn if parameters[name].uncertainty is not None and not is_joint(name)]
        ranks = np.array([drawn[name][1:].argsort().argsort() for name in varying])
        correlation = np.corrcoef(ranks) - np.eye(len(varying))
        assert np.abs(correlation).max() < 5.0 / math.sqrt(4000)

    @pytest.mark.parametrize("kind", ["normal", "log-normal", "logit-normal"])
    def test_spreads_are_as_stated(self, parameters, kind):
        """On its own scale each row has the SD of its file, within 4 standard errors (SD/sqrt(2n))."""
        drawn = population_draws(parameters, 20_001, 9)
        scale = {
            "normal": lambda values: values,
            "log-normal": np.log,
            "logit-normal": lambda values: np.log(values / (1.0 - values)),
        }[kind]
        names = [
            name
            for name in drawn
            if not is_joint(name) and parameters[name].uncertainty and parameters[name].uncertainty.kind == kind
        ]
        assert names
        for name in names:
            sd = parameters[name].uncertainty.sd
            values = scale(drawn[name][1:])
            assert values.std() == pytest.approx(sd, rel=4.0 / math.sqrt(2.0 * 20_000)), name
            assert values.mean() == pytest.approx(scale(parameters.value(name)), abs=4.0 * sd / math.sqrt(20_000)), name


class TestPlacebo:
    def test_the_plateau_is_approached_with_its_half_life(self):
        approach = placebo.plateau_approach(np.array([0.0, 240.0, 480.0, 1e6]), 10.0)
        assert approach == pytest.approx([0.0, 0.5, 0.75, 1.0])

    def test_a_visit_lifts_after_it_and_never_at_it(self):
        times = np.array([0.0, 24.0, 24.5, 40.0, 1000.0])
        lift = placebo.visit_lift([24.0], times, 16.0, 0.2)
        assert lift[0] == lift[1] == 0.0
        assert lift[2] == pytest.approx(2.0 ** (-0.5 / 16.0) - 2.0**-2.5)
        assert lift[3] == pytest.approx(0.5, abs=1e-12)
        assert lift[4] < 1e-15

    def test_lifts_of_visits_add(self):
        times = np.linspace(0.0, 200.0, 41)
        both = placebo.visit_lift([0.0, 84.0], times, 16.0, 0.2)
        each = placebo.visit_lift([0.0], times, 16.0, 0.2) + placebo.visit_lift([84.0], times, 16.0, 0.2)
        assert both == pytest.approx(each)
        assert (both >= 0.0).all()

    def test_no_visits_no_lift(self):
        assert (placebo.visit_lift([], np.array([0.0, 1.0]), 16.0, 0.2) == 0.0).all()

    def test_daily_ssri_doses_beside_ketamine_do_not_hide_its_sessions(self):
        """The visits of a combination are those of the ketamine in it."""
        from ketascope.comparing.setting import make_setting, state_course
        from ketascope.regimen import parse

        defaults = dict.fromkeys(
            ("indication", "weight_kg", "age_years", "until_h", "patients", "seed", "sampling"), None
        )
        setting = make_setting(defaults | {"patients": 0}, None, "normal", (), ())
        ketamine = "ketamine 35 mg IM q 7 d x 4"
        alone, both = (
            parse(text).doses(70.0) for text in (ketamine, f"{ketamine} & escitalopram 10 mg oral q 1 d x 56")
        )
        assert len(both) > len(alone)
        lifts = [state_course(setting, None, slice(None), doses, TIMES).visits for doses in (alone, both)]
        assert lifts[1] == pytest.approx(lifts[0])
        assert lifts[0].max() > 0.5
        ssri_alone = parse("escitalopram 10 mg oral q 1 d x 56").doses(70.0)
        assert (state_course(setting, None, slice(None), ssri_alone, TIMES).visits == 0.0).all()


class TestSsri:
    HALF_LIFE = np.array([10.0, 20.0])

    def test_doses_that_follow_each_other_are_one_course(self):
        daily = [24.0 * day for day in range(7)]
        assert ssri.courses_of(daily, 24.0) == [(0.0, 168.0)]
        assert ssri.courses_of(daily[::-1], 24.0) == [(0.0, 168.0)]
        assert ssri.courses_of([], 24.0) == []
        assert ssri.courses_of([0.0, 48.0], 24.0) == [(0.0, 24.0), (48.0, 72.0)]

    def test_it_rises_while_taken_with_its_half_life(self):
        state = ssri.ssri_state([(0.0, 1e4)], self.HALF_LIFE, np.array([0.0, 240.0, 480.0]))
        assert state[0] == pytest.approx([0.0, 0.5, 0.75])
        assert state[1] == pytest.approx([0.0, 1.0 - 2.0**-0.5, 0.5])

    def test_it_decays_after_stopping_with_the_same_half_life(self):
        state = ssri.ssri_state([(0.0, 480.0)], self.HALF_LIFE, np.array([480.0, 720.0, 960.0]))
        assert state[0] == pytest.approx([0.75, 0.375, 0.1875])

    def test_it_is_nothing_before_the_first_dose(self):
        state = ssri.ssri_state([(100.0, 200.0)], self.HALF_LIFE, np.array([0.0, 50.0, 100.0, 150.0]))
        assert (state[:, :3] == 0.0).all()
        assert (state[:, 3] > 0.0).all()

    def test_a_second_course_starts_where_the_first_has_fallen_to(self):
        """10-day half-life: up to 0.5 by day 10, down to 0.25 by day 20, up again to 1 - 0.75/2 by day 30."""
        state = ssri.ssri_state(
            [(0.0, 240.0), (480.0, 720.0)], self.HALF_LIFE[:1], np.array([240.0, 480.0, 720.0, 960.0])
        )
        assert state[0] == pytest.approx([0.5, 0.25, 0.625, 0.3125])

    def test_it_is_continuous_and_between_zero_and_one(self):
        times = np.linspace(0.0, 3000.0, 6001)
        state = ssri.ssri_state([(100.0, 900.0), (1500.0, 1600.0)], self.HALF_LIFE, times)
        assert (state >= 0.0).all()
        assert (state <= 1.0).all()
        assert np.abs(np.diff(state)).max() < 0.5 * math.log(2.0) / 240.0 * 1.01

    def test_no_course_no_state(self):
        assert (ssri.ssri_state([], self.HALF_LIFE, np.array([0.0, 10.0])) == 0.0).all()


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
        assert (np.diff(found.change[0]) < 0.0).all()
        assert found.response.shape == (3, 2)
        assert (found.response >= 0.0).all()
        assert (found.response <= 1.0).all()

    @pytest.mark.parametrize("name", ["gad", "sad", "mdd"])
    def test_it_is_less_than_placebo(self, name, parameters):
        indication = load_indication(name)
        rated = np.array([5])
        arm = population_means(
            indication, parameters, effects_of(indication, parameters), course(parameters), False, rated
        )
        approach = placebo.plateau_approach(TIMES, parameters.value("placebo.untreated_half_life_d"))
        nothing = untreated_means(indication, parameters, approach, np.zeros(1), rated)
        assert arm.change[0, 5] < nothing.change[0, 5] < 0.0
        assert nothing.response[0, 0] < arm.response[0, 0]

    @pytest.mark.parametrize("name", ["ptsd", "ocd"])
    def test_without_evidence_there_is_no_number(self, name, parameters):
        indication = load_indication(name)
        assert indication.untreated_smd is None
        with pytest.raises(AssertionError):
            untreated_means(indication, parameters, np.array([0.0]), np.zeros(1), np.array([0]))
