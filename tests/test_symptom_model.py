"""From states to scores: the link, the integral over patients, draws, placebo and SSRI."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy.special import ndtr

from ketascope.errors import InputError
from ketascope.model import placebo, ssri, symptoms
from ketascope.model.parameter_store import ParameterSet, Spread, load_parameters
from ketascope.model.symptoms import (
    Effects,
    StateCourse,
    effects_from_draws,
    load_indication,
    patient_scores,
    placebo_fall,
    population_means,
)
from ketascope.model.uncertainty import JOINT_FILES, UNCERTAIN_FILES, population_draws
from symptom_courses import INDICATIONS, REFERENCE, TIMES, course, effects_of

RATED = np.arange(len(TIMES))


SAMPLED, PATIENTS = 400_000, 20_000
# Share of the row that the mean shows where people stand at the top of the scale; see the known issues.
REACHED_WHEN_CAPPED = {"gad": 0.98, "sad": 1.0, "ptsd": 0.95, "ocd": 0.97, "mdd": 0.86}
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


def treated(draws=1):
    """A course with every state at work."""
    return course(
        draws,
        fast=[0.0, 0.8, 0.5, 0.05, 0.0, 0.0],
        slow=[0.0, 0.05, 0.3, 0.25, 0.1, 0.02],
        unblinding=[0.0, 0.8, 0.02, 0.0, 0.0, 0.0],
        ssri=[0.0, 0.003, 0.03, 0.2, 0.6, 0.85],
        visits=[0.0, 0.9, 0.35, 0.0, 0.0, 0.0],
    )


def left_of(indication, effects, states, parameters):
    """Share of the way to the scale's minimum that is left, with the states over without them: one person whose own
    response to the drug is the mean of all."""
    mean_response = 0.5 * parameters.value("symptoms.drug_response_sd")
    person = {key: np.zeros(1) for key in OWN_EFFECTS} | {"drug_response": np.array([mean_response])}
    with_drug = patient_scores(indication, parameters, effects, states, person)[0]
    without = patient_scores(indication, parameters, effects, course(), person)[0]
    return (with_drug - indication.minimum) / (without - indication.minimum)


class TestTheLink:
    @pytest.mark.parametrize("name", INDICATIONS)
    @pytest.mark.parametrize("part", symptoms.PARTS)
    def test_at_the_reference_state_each_part_is_the_log_fall_of_its_row(self, name, part, parameters):
        """In depression as it stands, elsewhere times the multiplier; what is felt knows no multiplier."""
        indication = load_indication(name)
        effects = effects_of(indication, parameters)
        assert effects.contrast == 1.0
        multiplier = 1.0 if name == "mdd" or part == "unblinding" else parameters.value(f"trials.multiplier_{name}")
        fall = parameters.value(f"trials.{part}_log_fall") * multiplier
        at_reference = course(**{part: np.where(TIMES == 24.0, REFERENCE[part], 0.0)})
        left = left_of(indication, effects, at_reference, parameters)
        assert left[TIMES == 24.0] == pytest.approx(math.exp(-fall), rel=1e-12)
        assert left[TIMES != 24.0] == pytest.approx(1.0, rel=1e-12)

    def test_a_log_fall_by_hand(self, parameters):
        """S0 25, minimum 0: a log fall of 0.15 takes exp(-0.15) = 0.8607, so the score falls by 3.48 points."""
        indication = dataclasses.replace(load_indication("mdd"), baseline=25.0, minimum=0.0)
        rows = parameters.replaced({"trials.slow_log_fall": 0.15})
        effects = effects_of(indication, rows)
        left = left_of(indication, effects, course(slow=np.full(len(TIMES), REFERENCE["slow"])), rows)
        assert 25.0 * (1.0 - left) == pytest.approx(np.full(len(TIMES), 3.48230), abs=1e-5)

    def test_a_log_fall_below_zero_is_harm_and_zero_is_none(self, parameters):
        indication, states = load_indication("ptsd"), course(fast=np.full(len(TIMES), REFERENCE["fast"]))
        for fall in (-0.3, 0.0):
            rows = parameters.replaced({"trials.fast_log_fall": fall, "trials.multiplier_ptsd": 1.0})
            left = left_of(indication, effects_of(indication, rows), states, rows)
            assert left[3:] == pytest.approx(math.exp(-fall), rel=1e-12)

    @pytest.mark.parametrize("name", INDICATIONS)
    def test_draw_by_draw_the_parts_share_the_multiplier_of_their_indication(self, name, parameters):
        drawn = population_draws(parameters, 64, 0)
        effects = effects_of(load_indication(name), parameters, draws=64)
        multiplier = np.ones(64) if name == symptoms.REFERENCE_INDICATION else drawn[f"trials.multiplier_{name}"]
        for part, own in (("fast", multiplier), ("slow", multiplier), ("unblinding", 1.0)):
            expected = drawn[f"trials.{part}_log_fall"] / REFERENCE[part] * own
            assert getattr(effects, part) == pytest.approx(expected, rel=1e-12), part

    def test_effects_are_divided_by_the_state_of_their_own_draw(self, parameters):
        """The reference state is as uncertain as the rest: a draw with half of it has twice the effect a unit."""
        indication, drawn = load_indication("gad"), population_draws(parameters, 2, 0)
        halved = {part: np.array([1.0, 0.5]) * value[0] for part, value in REFERENCE.items()}
        whole = {part: np.full(2, value[0]) for part, value in REFERENCE.items()}
        one, two = (effects_from_draws(indication, drawn, at, parameters, "inert") for at in (whole, halved))
        for part in symptoms.PARTS:
            assert getattr(two, part) == pytest.approx(getattr(one, part) * np.array([1.0, 2.0]), rel=1e-12)

    def test_every_indication_but_the_reference_has_a_multiplier(self, parameters):
        with_row = {name for name in INDICATIONS if f"trials.multiplier_{name}" in parameters}
        assert with_row == set(INDICATIONS) - {symptoms.REFERENCE_INDICATION}

    @pytest.mark.parametrize(
        ("control", "row"),
        [
            ("inert", "unblinding.contrast_inert"),
            ("active", "trials.contrast_active"),
            ("masked", "unblinding.contrast_masked"),
        ],
    )
    def test_the_control_sets_how_much_of_the_unblinding_counts(self, control, row, parameters):
        effects = effects_of(load_indication("gad"), parameters, draws=16, control=control)
        assert effects.contrast.tolist() == population_draws(parameters, 16, 0)[row].tolist()
        assert ((effects.contrast >= 0.0) & (effects.contrast <= 1.0)).all()

    @pytest.mark.parametrize("name", INDICATIONS)
    @pytest.mark.parametrize("capped", [False, True])
    def test_the_ssri_reaches_its_trials_difference_at_their_week(self, name, capped, parameters):
        """Mean difference between the arms at the week of the trials equals the points they found.

        The link spreads the difference over all patients; those whom placebo leaves at the top of the scale cannot show
        theirs, so that on the capped scale the mean falls short (known issues), most in depression.
        """
        indication = load_indication(name)
        if not capped:
            indication = dataclasses.replace(indication, maximum=1e6)
        effects = effects_of(indication, parameters)
        week_h = 168.0 * parameters.value(f"symptoms.{name}_ssri_difference_week")
        times = np.array([0.0, week_h])
        state = ssri.ssri_state([(0.0, week_h + 1.0)], effects.ssri_half_life_d, times)
        zero = np.zeros_like(state)
        taken = StateCourse(times, zero, zero, zero, state, np.zeros(2))
        with_drug = population_means(indication, parameters, effects, taken, True).change
        without = population_means(indication, parameters, effects, taken, False).change
        points = parameters.value(f"trials.ssri_difference_points_{name}")
        reached = (without - with_drug)[0, 1] / points
        if capped:
            assert REACHED_WHEN_CAPPED[name] - 0.01 < reached <= 1.0 + 1e-9
        else:
            assert reached == pytest.approx(1.0, abs=1e-9)
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
        states = treated()
        found = population_means(indication, parameters, effects, states, active, RATED)
        link = symptoms.ssri_link(indication, effects, states)[0]
        approach = 1.0 - 2.0 ** (-TIMES / 24.0 / parameters.value("trials.placebo_half_life_d"))
        plateau, visit = parameters.value(f"trials.placebo_log_fall_{name}"), parameters.value("trials.visit_log_fall")
        spread = parameters.value(f"trials.placebo_between_patient_sd_{name}")
        sd = parameters.value("symptoms.drug_response_sd")
        residual = parameters.value(f"symptoms.{name}_residual_sd")
        noise = np.random.default_rng(7).standard_normal(SAMPLED) * residual
        threshold = indication.baseline * (1.0 - indication.response_fall)
        for column in range(1, len(TIMES)):
            fall = (plateau + spread * sample[0]) * approach[column]
            fall = fall + (visit + spread * visit / plateau * sample[2]) * states.visits[column]
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
        states = treated(16)
        few = population_means(indication, parameters, effects, states, True, RATED)
        monkeypatch.setattr(symptoms, "PLACEBO_NODES", 121)
        monkeypatch.setattr(symptoms, "RESPONSE_NODES", 31)
        many = population_means(indication, parameters, effects, states, True, RATED)
        assert np.abs(few.change - many.change).max() < 1e-3
        assert np.abs(few.response - many.response).max() < 5e-4

    @pytest.mark.parametrize("name", INDICATIONS)
    def test_rare_draws_are_integrated_as_well_as_the_usual_ones(self, name, parameters, monkeypatch):
        """Among 256 draws the spread between patients is up to ten times the rating error, or a fraction of it."""
        indication = load_indication(name)
        effects = effects_of(indication, parameters, draws=256)
        few = population_means(indication, parameters, effects, treated(256), True, RATED)
        monkeypatch.setattr(symptoms, "PLACEBO_NODES", 61)
        monkeypatch.setattr(symptoms, "RESPONSE_NODES", 31)
        many = population_means(indication, parameters, effects, treated(256), True, RATED)
        assert np.abs(few.change - many.change).max() < 5e-3
        assert np.abs(few.response - many.response).max() < 5e-4

    @pytest.mark.parametrize("name", INDICATIONS)
    @pytest.mark.parametrize("spread", [0.0, 0.02, 0.1, 0.3, 0.7, 1.2])
    def test_the_share_of_responders_is_the_integral_over_both_errors(self, name, spread, parameters):
        """Whichever error is wider: against the trapezium rule over the placebo part on a fine grid."""
        indication = load_indication(name)
        residual = parameters.value(f"symptoms.{name}_residual_sd")
        falls = np.array([[-0.5, 0.0, 0.3, 0.6, 0.9, 2.0]])
        z = np.linspace(-9.0, 9.0, 40_001)
        density = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
        threshold = indication.baseline * (1.0 - indication.response_fall)
        start = indication.baseline - indication.minimum
        scores = np.minimum(indication.minimum + start * np.exp(-falls[0][:, None] - spread * z), indication.maximum)
        expected = np.trapezoid(density * ndtr((threshold - scores) / residual), z)
        found = symptoms.responders(indication, falls, np.full_like(falls, spread), residual)
        assert found.shape == falls.shape
        assert found[0] == pytest.approx(expected, abs=1e-6)

    def test_nothing_has_changed_at_the_start(self, parameters):
        indication = load_indication("gad")
        found = population_means(indication, parameters, effects_of(indication, parameters), treated(), True)
        assert found.change[0, 0] == pytest.approx(0.0, abs=1e-9)

    def test_the_placebo_arm_has_the_visits_and_nothing_of_the_drug(self, parameters):
        indication = load_indication("mdd")
        effects = effects_of(indication, parameters)
        whole = population_means(indication, parameters, effects, treated(), False)
        visits_only = course(visits=[0.0, 0.9, 0.35, 0.0, 0.0, 0.0])
        assert whole.change == pytest.approx(
            population_means(indication, parameters, effects, visits_only, False).change
        )
        no_visits = population_means(indication, parameters, effects, course(), False)
        assert whole.change[0, 1] < no_visits.change[0, 1]
        assert whole.change[0, 5] == pytest.approx(no_visits.change[0, 5])

    @pytest.mark.parametrize("name", INDICATIONS)
    def test_placebo_alone_gives_the_response_of_its_arms(self, name, parameters):
        """GAD: 37-48% respond by week 8 (Davidson 2004, Allgulander 2004, Khan 2016); and nowhere none."""
        indication = load_indication(name)
        found = population_means(indication, parameters, effects_of(indication, parameters), course(), False, RATED)
        assert found.response[0, 5] > 0.05
        if name == "gad":
            assert 0.37 <= found.response[0, 5] <= 0.48

    @pytest.mark.parametrize("name", INDICATIONS)
    def test_means_stay_within_the_scale_however_large_the_effect(self, name, parameters):
        indication = load_indication(name)
        effects = effects_of(indication, parameters)
        for size in (50.0, -50.0):  # a cure, and a disaster
            wild = dataclasses.replace(effects, slow=effects.slow * size)
            scores = indication.baseline + population_means(indication, parameters, wild, treated(), True).change
            assert (scores >= indication.minimum - 1e-9).all()
            assert (scores <= indication.maximum + 1e-9).all()

    def test_effects_together_give_less_than_their_sum(self, parameters):
        indication = load_indication("gad")
        effects = effects_of(indication, parameters)

        def fall(**states):
            arm = population_means(indication, parameters, effects, course(**states), True).change
            return population_means(indication, parameters, effects, course(), False).change - arm

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
        scores = patient_scores(indication, parameters, effects, treated(), wild)
        assert scores.shape == (PATIENTS, len(TIMES))
        assert scores.min() == indication.minimum
        assert scores.max() == indication.maximum

    def test_the_baseline_has_its_mean_and_spread_and_no_rating_error(self, parameters, normals):
        indication = load_indication("gad")
        scores = patient_scores(indication, parameters, effects_of(indication, parameters), treated(), normals)
        assert scores[:, 0].mean() == pytest.approx(indication.baseline, abs=0.2)
        assert scores[:, 0].std() == pytest.approx(indication.baseline_sd, rel=0.05)
        quiet = normals | {"residual": np.zeros(PATIENTS)}
        without = patient_scores(indication, parameters, effects_of(indication, parameters), treated(), quiet)
        assert (without[:, 0] == scores[:, 0]).all()
        assert not np.allclose(without[:, 1], scores[:, 1])

    def test_some_people_worsen_on_placebo(self, parameters, normals):
        indication = load_indication("gad")
        scores = patient_scores(indication, parameters, effects_of(indication, parameters), course(), normals)
        worse = (scores[:, 5] > scores[:, 0]).mean()
        assert 0.05 < worse < 0.4

    def test_a_typical_patient_follows_the_typical_course(self, parameters):
        indication = load_indication("gad")
        effects = effects_of(indication, parameters)
        typical = {key: np.zeros(1) for key in OWN_EFFECTS}
        scores = patient_scores(indication, parameters, effects, course(), typical)
        approach = placebo.plateau_approach(TIMES, effects.placebo_half_life_d)[0]
        expected = indication.minimum + (indication.baseline - indication.minimum) * np.exp(-effects.placebo * approach)
        assert scores[0] == pytest.approx(expected, rel=1e-12)

    def test_each_effect_of_a_patient_and_of_a_trial_adds_its_own_part_of_the_fall(self, parameters):
        indication = load_indication("gad")
        effects = effects_of(indication, parameters)
        typical = {key: np.zeros(1) for key in OWN_EFFECTS}
        approach = placebo.plateau_approach(TIMES, effects.placebo_half_life_d)[0]
        states = course(visits=[0.0, 0.9, 0.35, 0.0, 0.0, 0.0])

        def added(normals=typical, **changes):
            changed = dataclasses.replace(effects, **{name: np.array([value]) for name, value in changes.items()})
            falls = symptoms.patient_falls(indication, parameters, changed, states, normals)
            return (falls - symptoms.patient_falls(indication, parameters, effects, states, typical))[0]

        spread, share = effects.placebo_sd[0], (effects.visit / effects.placebo)[0]
        one = np.ones(1)
        assert added(typical | {"placebo_response": one}) == pytest.approx(spread * approach)
        # The lift of a visit varies in proportion to its size.
        assert added(typical | {"visit_response": one}) == pytest.approx(spread * share * states.visits)
        assert added(trial_placebo=0.1) == pytest.approx(0.1 * approach)
        assert added(trial_benefit=0.2) == pytest.approx([0.0, *[0.2] * 5]), "nothing at the start"


def is_joint(name: str) -> bool:
    """Rows that are drawn together from a table (tests/test_pk_posterior.py, tests/test_trial_draws.py)."""
    return name.partition(".")[0] in JOINT_FILES


class TestDraws:
    def test_draw_zero_is_the_central_value_of_every_row(self, parameters):
        assert {"pooled", "trials"} == set(JOINT_FILES)
        for name, values in population_draws(parameters, 8, 3).items():
            assert values[0] == parameters.value(name), name
            assert values.shape == (8,)

    def test_only_rows_that_state_an_uncertainty_or_stand_in_a_table_of_draws_vary(self, parameters):
        for name, values in population_draws(parameters, 8, 3).items():
            uncertain = parameters[name].uncertainty is not None or name.startswith("trials.")
            assert (len(set(values)) > 1) == uncertain, name

    def test_exposure_of_the_published_sets_is_not_among_them(self, parameters):
        names = [name for name in population_draws(parameters, 2, 0) if not is_joint(name)]
        assert all(name.startswith(UNCERTAIN_FILES) for name in names)
        assert not any(name.startswith(("fanta_otto.", "simons.", "absorption.", "acute.")) for name in names)

    def test_a_new_row_leaves_the_draws_of_the_others_alone(self, parameters):
        rows = dict(parameters.items())
        new = dataclasses.replace(rows["placebo.untreated_smd_shift"], name="symptoms.aaa_new")
        more = ParameterSet({"symptoms.aaa_new": new, **rows})
        before, after = population_draws(parameters, 32, 5), population_draws(more, 32, 5)
        assert set(after) - set(before) == {"symptoms.aaa_new"}
        assert all((after[name] == before[name]).all() for name in before)
        assert not (after["symptoms.aaa_new"] == after["placebo.untreated_smd_shift"]).all()

    def test_more_draws_keep_the_first_ones(self, parameters):
        few, many = population_draws(parameters, 16, 5), population_draws(parameters, 64, 5)
        assert all((many[name][:16] == few[name]).all() for name in few)

    def test_another_seed_gives_other_draws_and_the_same_centre(self, parameters):
        one, other = population_draws(parameters, 16, 5), population_draws(parameters, 16, 6)
        varying = [name for name in one if parameters[name].uncertainty is not None and not is_joint(name)]
        assert len(varying) >= 6
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
        made_up = dataclasses.replace(
            parameters["placebo.untreated_smd_shift"], name="symptoms.made_up", value=0.4, uncertainty=Spread(kind, 0.3)
        )
        parameters = ParameterSet({**parameters, "symptoms.made_up": made_up})
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
        assert len(names) >= 2, "the row made up above and one of the model"
        for name in names:
            sd = parameters[name].uncertainty.sd
            values = scale(drawn[name][1:])
            assert values.std() == pytest.approx(sd, rel=4.0 / math.sqrt(2.0 * 20_000)), name
            assert values.mean() == pytest.approx(scale(parameters.value(name)), abs=4.0 * sd / math.sqrt(20_000)), name


class TestPlacebo:
    def test_the_plateau_is_approached_with_the_half_life_of_each_draw(self):
        approach = placebo.plateau_approach(np.array([0.0, 240.0, 480.0, 1e6]), np.array([10.0, 20.0]))
        assert approach.shape == (2, 4)
        assert approach[0] == pytest.approx([0.0, 0.5, 0.75, 1.0])
        assert approach[1] == pytest.approx([0.0, 1.0 - 0.5**0.5, 0.5, 1.0])

    @pytest.mark.parametrize("name", INDICATIONS)
    def test_effects_hold_what_was_drawn_of_half_life_spread_plateau_and_visit(self, name, parameters):
        drawn, effects = population_draws(parameters, 32, 0), effects_of(load_indication(name), parameters, draws=32)
        for field, row in (
            ("placebo_half_life_d", "placebo_half_life_d"),
            ("placebo_sd", f"placebo_between_patient_sd_{name}"),
            ("placebo", f"placebo_log_fall_{name}"),
            ("visit", "visit_log_fall"),
        ):
            assert getattr(effects, field).tolist() == drawn[f"trials.{row}"].tolist(), field
            assert len(set(getattr(effects, field))) > 10, f"{field} is uncertain"
            assert (getattr(effects, field) > 0.0).all(), field

    def uncertain(self, parameters):
        """Two draws that differ in half-life and spread alone: 10 and 20 days, 0.2 and 0.4."""
        return dataclasses.replace(
            effects_of(load_indication("gad"), parameters, draws=2),
            placebo=np.full(2, 0.5),
            placebo_half_life_d=np.array([10.0, 20.0]),
            placebo_sd=np.array([0.2, 0.4]),
            visit=np.full(2, 0.25),
        )

    def test_fall_and_spread_follow_the_half_life_and_the_spread_of_their_draw(self, parameters):
        """At 20 days the plateau is 3/4 there with a half-life of 10 days and half there with one of 20."""
        times = np.array([0.0, 480.0])
        zero = np.zeros((2, 2))
        fall, spread = placebo_fall(self.uncertain(parameters), StateCourse(times, zero, zero, zero, zero, np.zeros(2)))
        assert fall == pytest.approx(np.array([[0.0, 0.375], [0.0, 0.25]]), rel=1e-12)
        assert spread == pytest.approx(np.array([[0.0, 0.15], [0.0, 0.2]]), rel=1e-12)

    def test_plateau_and_visit_spread_in_proportion_to_their_size_and_independently(self, parameters):
        """Visit half as large as the plateau: half its SD at full lift, added as the root of the sum of squares."""
        times = np.array([0.0, 480.0])
        zero, lifts = np.zeros((2, 2)), np.array([1.0, 1.0])
        fall, spread = placebo_fall(self.uncertain(parameters), StateCourse(times, zero, zero, zero, zero, lifts))
        assert fall == pytest.approx(np.array([[0.25, 0.625], [0.25, 0.5]]), rel=1e-12)
        alone = np.array([[0.1], [0.2]])
        plateau = np.array([[0.0, 0.15], [0.0, 0.2]])
        assert spread == pytest.approx(np.sqrt(plateau**2 + alone**2), rel=1e-12)

    def test_each_draw_of_a_mean_is_that_of_its_own_half_life_and_spread(self, parameters):
        """Draws do not leak into each other: two draws together give what each gives alone."""
        indication, both = load_indication("gad"), self.uncertain(parameters)
        together = population_means(indication, parameters, both, treated(2), True, RATED)
        for draw in range(2):
            one = Effects(*(getattr(both, field.name)[draw : draw + 1] for field in dataclasses.fields(Effects)))
            alone = population_means(indication, parameters, one, treated(), True, RATED)
            assert together.change[draw] == pytest.approx(alone.change[0], rel=1e-12, abs=1e-12)
            assert together.response[draw] == pytest.approx(alone.response[0], rel=1e-12, abs=1e-12)
        assert np.abs(together.change[0] - together.change[1])[3:].min() > 0.1

    @pytest.mark.parametrize("draw", [0, 1])
    def test_virtual_patients_have_the_spread_of_the_first_draw(self, draw, parameters, normals):
        """SD of the log share left over a placebo course is the spread of the central draw, whatever the others are."""
        indication, both = load_indication("gad"), self.uncertain(parameters)
        order = [draw, 1 - draw]
        effects = Effects(*(getattr(both, field.name)[order] for field in dataclasses.fields(Effects)))
        # A deep scale, and no other effect of a patient: nothing is clipped, so logs show the spread itself.
        deep = dataclasses.replace(indication, minimum=-1e6, maximum=1e9, baseline=0.0)
        own = {key: np.zeros(PATIENTS) for key in OWN_EFFECTS} | {"placebo_response": normals["placebo_response"]}
        scores = patient_scores(deep, parameters, effects, course(), own)
        logs = np.log((scores - deep.minimum) / 1e6)
        _, spread = placebo_fall(effects, course())
        assert logs.std(axis=0) == pytest.approx(spread[0], rel=4.0 / math.sqrt(2.0 * PATIENTS), abs=1e-9)

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
