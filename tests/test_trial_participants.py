"""People of virtual trials: the same numbers however they are made, and the model's own means, spreads and trials."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import truncnorm

from ketascope.errors import InputError
from ketascope.model.parameter_store import load_parameters
from ketascope.model.scenario import choose_model
from ketascope.model.symptoms import StateCourse, load_indication, population_means
from ketascope.model.uncertainty import load_joint_draws, population_draws, spaced_uniforms, stream_uniforms
from ketascope.solver.grid import DEFAULT_RULE
from ketascope.virtual_trials import arm_courses
from ketascope.virtual_trials import trial_draws as draws_of_trials
from ketascope.virtual_trials.arm_courses import arm_plans, arm_states
from ketascope.virtual_trials.design import Arm, Design, DropOut, Rescue, SimulatedTrials
from ketascope.virtual_trials.design_file import design_from, read_design
from ketascope.virtual_trials.leaving import remaining_ratings
from ketascope.virtual_trials.participants import simulate_trials
from ketascope.virtual_trials.randomisation import allocation
from ketascope.virtual_trials.ratings import baselines, rated_baseline_sd, rating_errors
from ketascope.virtual_trials.streams import person_normals
from ketascope.virtual_trials.trial_draws import trial_draws

KETAMINE = "ketamine 0.5 mg/kg IV over 40 min"
SSRI = "escitalopram 10 mg oral q 1 d x 28"
PEOPLE = 6000
SIZES_OF_ERRORS = 4.0  # standard errors beyond which a Monte-Carlo mean is wrong: one in 16,000 by chance


def design(**changes: Any) -> Design:
    table = {
        "indication": "gad",
        "people": 25,
        "arms": {
            "ketamine": {"sentence": KETAMINE, "share": 2},
            "placebo": {"procedures_of": "ketamine", "control": True},
        },
        "visits": {"times": ["24h", "7d", "28d"]},
    }
    return replace(design_from(table, "design"), **changes)


def arms(*rows: Arm) -> dict[str, tuple[Arm, ...]]:
    return {"arms": rows}


PLACEBO = Arm("placebo", None, 1, True, "ketamine")
PILL = Arm("pill", None, 1, True)


def fingerprint(*parts: SimulatedTrials) -> str:
    """Of every number of replicates that stand in several parts."""
    names = ("baseline", "complete", "observed", "rescued_h")
    tables = [np.concatenate([getattr(part, name) for part in parts]) for name in names]
    return hashlib.sha256(b"".join(np.ascontiguousarray(table).tobytes() for table in tables)).hexdigest()


@pytest.fixture(scope="module")
def large() -> tuple[Design, SimulatedTrials, SimulatedTrials]:
    """One replicate of very many people at the central values, and the very same people without the drug."""
    made = design(people=PEOPLE, parameters="fixed", arms=(Arm("ketamine", KETAMINE), PLACEBO))
    return made, simulate_trials(made, 0, 1), simulate_trials(replace(made, is_null=True), 0, 1)


@pytest.fixture(scope="module")
def made() -> Design:
    """A design with everything that draws random numbers."""
    return design(
        people=23,
        drop_out=DropOut(30.0, 10.0, {"placebo": 20.0}),
        rescue=Rescue(168.0, 20.0, 0.5),
        baseline_least=20.0,
        arms=(Arm("ketamine", KETAMINE, 2), Arm("ssri", SSRI, procedures_of="ketamine"), PLACEBO),
    )


@pytest.fixture(scope="module")
def at_once(made: Design) -> SimulatedTrials:
    """Seven of its replicates in one chunk."""
    return simulate_trials(made, 0, 7)


class TestSameNumbers:
    @pytest.mark.parametrize("sizes", [(1, 1, 1, 1, 1, 1, 1), (3, 4), (5, 1, 1), (6, 1)])
    def test_in_chunks_of_any_size(self, sizes: tuple[int, ...], made: Design, at_once: SimulatedTrials) -> None:
        starts = np.cumsum([0, *sizes[:-1]]).tolist()
        parts = [simulate_trials(made, start, size) for start, size in zip(starts, sizes, strict=True)]
        assert [part.first_replicate for part in parts] == starts
        assert fingerprint(*parts) == fingerprint(at_once)

    def test_on_any_number_of_threads(self, made: Design, at_once: SimulatedTrials) -> None:
        assert fingerprint(simulate_trials(made, 0, 7, threads=2)) == fingerprint(at_once)

    def test_however_many_replicates_are_asked_for_in_all(self, made: Design, at_once: SimulatedTrials) -> None:
        assert fingerprint(simulate_trials(replace(made, replicates=5), 0, 7)) == fingerprint(at_once)

    def test_another_seed_has_other_people(self, made: Design, at_once: SimulatedTrials) -> None:
        other = simulate_trials(replace(made, seed=1), 0, 1)
        assert not np.isclose(other.baseline, at_once.baseline[:1]).any()

    def test_replicates_have_other_people(self, at_once: SimulatedTrials) -> None:
        assert len(np.unique(at_once.baseline)) == at_once.baseline.size

    def test_a_larger_trial_has_the_same_people_and_more(self) -> None:
        small, larger = (simulate_trials(design(people=people), 2, 2) for people in (20, 33))
        assert (larger.arm[:20] == small.arm).all()
        assert (larger.baseline[:, :20] == small.baseline).all()
        assert (larger.complete[:, :20] == small.complete).all()

    def test_the_largest_size_that_may_be_asked_for_is_simulated(self) -> None:
        assert simulate_trials(design(people=20, people_curve=(30, 40)), 0, 1).complete.shape == (1, 40, 3)

    def test_people_beyond_their_places_in_the_streams_are_refused(self) -> None:
        with pytest.raises(InputError, match=r"^people 131073: a trial has at most 131072$"):
            simulate_trials(design(people=131_073), 0, 1)

    def test_a_span_of_draws_is_part_of_all_draws(self) -> None:
        parameters = load_parameters()
        every, some = population_draws(parameters, 11, 5), population_draws(parameters, 3, 5, first=6)
        assert every.keys() == some.keys()
        assert all((every[name][6:9] == some[name]).all() for name in every)

    @pytest.mark.parametrize("first", [0, 3, 8])
    def test_spaced_rows_are_spans_of_the_same_stream(self, first: int) -> None:
        every = stream_uniforms("a name", 60, 9)
        rows = spaced_uniforms("a name", 9, first, (3, 13), 16)
        for row in range(3):
            assert (rows[row] == every[first + 16 * row : first + 16 * row + 13]).all()
        assert (stream_uniforms("a name", 13, 9, first) == rows[0]).all()
        assert not np.isin(rows, stream_uniforms("another name", 60, 9)).any()


class TestRandomisation:
    @pytest.mark.parametrize(("shares", "block"), [((1, 1), 2), ((2, 1), 3), ((4, 2, 2), 4), ((3, 1, 1), 5)])
    def test_any_first_people_are_balanced(self, shares: tuple[int, ...], block: int) -> None:
        made = design(people=101, **arms(*(Arm(f"arm {i}", KETAMINE, share) for i, share in enumerate(shares))))
        given = allocation(made)
        assert len(given) == 101
        wanted = np.array(shares) / sum(shares)
        for first in range(1, 102):
            counts = np.bincount(given[:first], minlength=len(shares))
            assert (
                (counts == first * wanted).all()
                if first % block == 0
                else np.abs(counts - first * wanted).max() < block
            )

    def test_the_order_is_by_chance_and_by_the_seed(self) -> None:
        orders = {tuple(allocation(design(people=40, seed=seed)).tolist()) for seed in range(5)}
        assert len(orders) == 5
        firsts = [
            allocation(design(people=4, seed=seed, **arms(Arm("a", KETAMINE), PLACEBO)))[0] for seed in range(400)
        ]
        assert abs(np.mean(firsts) - 0.5) < SIZES_OF_ERRORS * 0.5 / math.sqrt(400)


class TestMeans:
    """Against the integral over patients that `compare` uses, at the central values."""

    @staticmethod
    def expected(made: Design, active: bool, first: int = 0, count: int = 1) -> np.ndarray:
        """Mean change at the visits, (replicates, visits), from the mean states of the first arm's people."""
        indication, model = load_indication(made.indication), choose_model()
        plan, members = arm_plans(made)[0], allocation(made) == 0
        normals = person_normals(made.seed, first, count, made.people)[:, members]
        draws = trial_draws(made, indication, model, True, first, count)
        of_replicate = np.repeat(np.arange(count), members.sum())
        people = normals.reshape(-1, normals.shape[-1])
        states = arm_states(made, plan, people, draws.values, of_replicate, 1).values
        means = {name: values.reshape(count, -1, len(made.visits_h)).mean(axis=1) for name, values in states.items()}
        course = StateCourse(
            times_h=np.asarray(made.visits_h),
            fast=means["fast"],
            slow=means["plasticity"],
            unblinding=means["unblinding"],
            ssri=np.zeros((1, len(made.visits_h))),
            visits=plan.lifts,
        )
        return population_means(indication, model.parameters, draws.effects, course, active).change

    def test_the_same_people_with_and_without_the_drug_differ_as_compare_says(self, large: Any) -> None:
        made, drug, null = large
        own = (drug.complete - null.complete)[0, drug.arm == 0]
        expected = (self.expected(made, True) - self.expected(made, False))[0]
        errors = own.std(axis=0) / math.sqrt(len(own))
        assert (errors < 0.012 * np.abs(expected) + 0.004).all()
        assert (np.abs(own.mean(axis=0) - expected) < SIZES_OF_ERRORS * errors).all()

    def test_every_replicate_has_the_means_of_its_own_draw_and_its_own_trial(self) -> None:
        made = design(people=1500)
        drug, null = simulate_trials(made, 3, 4), simulate_trials(replace(made, is_null=True), 3, 4)
        expected = self.expected(made, True, 3, 4) - self.expected(made, False, 3, 4)
        own = (drug.complete - null.complete)[:, drug.arm == 0]
        errors = own.std(axis=1) / math.sqrt(own.shape[1])
        assert (np.abs(own.mean(axis=1) - expected) < SIZES_OF_ERRORS * errors).all()
        assert np.ptp(expected, axis=0).min() > 1.0
        control = (drug.complete - drug.baseline[:, :, None])[:, drug.arm == 1]
        errors = control.std(axis=1) / math.sqrt(control.shape[1])
        assert (np.abs(control.mean(axis=1) - self.expected(made, False, 3, 4)) < SIZES_OF_ERRORS * errors).all()

    def test_a_replayed_trial_spreads_as_the_calibration_predicts_it(self) -> None:
        """Feder 2021 among new trials: two ways from the posterior to the same figures, people here and means there."""
        from ketascope.evidence.symptom_trials.posterior import load_record

        rows = [row for row in load_record()["posterior_predictive"] if row["trial"] == "feder2021"]
        difference, control = (
            next(row for row in rows if row["kind"] == kind) for kind in ("difference", "responders")
        )
        trials = simulate_trials(read_design("feder2021"), 0, 1200)
        change = trials.complete[:, :, 0] - trials.baseline
        found = change[:, trials.arm == 0].mean(axis=1) - change[:, trials.arm == 1].mean(axis=1)
        low, median, high = np.quantile(found, (0.025, 0.5, 0.975))
        # Patients' changes here spread by 12.5 points, the trial's by 10.8: intervals are a little wider.
        assert median == pytest.approx(difference["median"], abs=1.2)
        assert (high - low) / (difference["high_95"] - difference["low_95"]) == pytest.approx(1.05, abs=0.12)
        responds = trials.complete[:, :, 0] <= 0.7 * trials.baseline
        percent = 100.0 * responds[:, trials.arm == 1].mean(axis=1)
        assert np.median(percent) == pytest.approx(control["median"], abs=7.0)
        assert np.quantile(percent, (0.025, 0.975)) == pytest.approx([control["low_95"], control["high_95"]], abs=7.0)

    def test_the_coarser_grid_changes_no_rating_by_a_hundredth_of_a_point(self, monkeypatch: Any) -> None:
        made = design(
            people=200, **arms(Arm("bolus", "ketamine 0.3 mg/kg IV"), Arm("oral", "ketamine 1 mg/kg oral"), PILL)
        )
        coarse = simulate_trials(made, 0, 4).complete
        arm_courses._plan.cache_clear()
        monkeypatch.setattr(arm_courses, "COARSEST", DEFAULT_RULE.refined())
        fine = simulate_trials(made, 0, 4).complete
        arm_courses._plan.cache_clear()
        assert 0.0 < np.abs(coarse - fine).max() < 0.01

    def test_the_control_arm_falls_as_the_placebo_response_says(self, large: Any) -> None:
        made, drug, _ = large
        change = (drug.complete - drug.baseline[:, :, None])[0, drug.arm == 1]
        errors = change.std(axis=0) / math.sqrt(len(change))
        assert (np.abs(change.mean(axis=0) - self.expected(made, False)[0]) < SIZES_OF_ERRORS * errors).all()

    def test_ratings_stay_on_the_scale(self, large: Any) -> None:
        _, drug, _ = large
        assert drug.complete.min() >= 0.0
        assert drug.complete.max() <= 56.0

    def test_rated_baselines_have_the_spread_of_people_and_of_the_rating(self, large: Any) -> None:
        _, drug, _ = large
        indication = load_indication("gad")
        spread = math.hypot(indication.baseline_sd, 2.5)
        assert drug.baseline.mean() == pytest.approx(
            indication.baseline, abs=SIZES_OF_ERRORS * spread / math.sqrt(PEOPLE)
        )
        assert drug.baseline.std() == pytest.approx(spread, rel=SIZES_OF_ERRORS / math.sqrt(2 * PEOPLE))

    def test_every_rating_has_an_error_of_its_own(self) -> None:
        errors = np.stack([rating_errors(visit, 2.5, 3, 0, 2, 4000).ravel() for visit in range(4)])
        assert errors.std(axis=1) == pytest.approx(2.5, rel=SIZES_OF_ERRORS / math.sqrt(2 * 8000))
        assert np.abs(np.corrcoef(errors) - np.eye(4)).max() < SIZES_OF_ERRORS / math.sqrt(8000)


class TestWhatAnArmBrings:
    def test_under_the_null_nothing_depends_on_the_arm(self) -> None:
        """Arms in another order change who is in which, and no rating."""
        made = design(is_null=True, people=24)
        turned = replace(made, arms=made.arms[::-1])
        assert (allocation(made) != allocation(turned)).any()
        first, second = simulate_trials(made, 0, 4), simulate_trials(turned, 0, 4)
        assert (first.complete == second.complete).all()

    def test_the_control_arm_is_the_same_under_the_null(self) -> None:
        made = design(people=24)
        drug, null = simulate_trials(made, 0, 4), simulate_trials(replace(made, is_null=True), 0, 4)
        assert (drug.complete[:, drug.arm == 1] == null.complete[:, drug.arm == 1]).all()
        assert (drug.complete[:, drug.arm == 0] != null.complete[:, drug.arm == 0]).mean() > 0.9

    def test_placebo_has_the_visits_of_its_arm_and_a_pill_has_none(self) -> None:
        with_visits = design(parameters="fixed", people=40)
        pill = replace(with_visits, arms=(with_visits.arms[0], PILL))
        ketamine, placebo = arm_plans(with_visits)
        assert (ketamine.lifts == placebo.lifts).all()
        assert ketamine.lifts[0] > 0.3
        assert not arm_plans(pill)[1].lifts.any()
        attended, alone = simulate_trials(with_visits, 0, 3), simulate_trials(pill, 0, 3)
        control = attended.arm == 1
        day_one = (attended.complete - alone.complete)[:, control, 0]
        assert day_one.mean() < -1.0
        assert (attended.complete[:, ~control] == alone.complete[:, ~control]).all()

    def test_a_home_dose_is_no_visit(self) -> None:
        made = design(**arms(Arm("ketamine", "ketamine 100 mg SL"), PLACEBO))
        assert not any(plan.lifts.any() for plan in arm_plans(made))

    def test_what_patients_feel_counts_by_the_control(self) -> None:
        made = design(parameters="fixed", people=40, visits_h=(2.0, 168.0), primary_visit_h=168.0)
        inert, active, masked = (
            simulate_trials(replace(made, control_type=control), 0, 2).complete
            for control in ("inert", "active", "masked")
        )
        ketamine = allocation(made) == 0
        for more, less in ((inert, active), (active, masked)):
            lower, higher = more[:, ketamine, 0], less[:, ketamine, 0]
            assert ((lower < higher) | (higher == 0.0)).all()
            assert (higher > 0.0).mean() > 0.9
        assert (inert[:, ~ketamine] == masked[:, ~ketamine]).all()

    def test_an_antidepressant_lowers_scores_late(self) -> None:
        made = design(parameters="fixed", people=60, **arms(Arm("ssri", SSRI), PILL))
        drug, null = simulate_trials(made, 0, 2), simulate_trials(replace(made, is_null=True), 0, 2)
        own = (drug.complete - null.complete)[:, drug.arm == 0].mean(axis=(0, 1))
        assert own[0] > own[1] > own[2]
        assert own[2] < -0.8
        assert drug.redone == drug.doubtful == 0


class TestTrialsDiffer:
    def test_fixed_parameters_are_the_same_in_every_replicate(self) -> None:
        made = design(parameters="fixed")
        draws = trial_draws(made, load_indication("gad"), choose_model(), True, 3, 5)
        assert draws.values is None
        assert len(draws.effects.fast) == 1
        assert draws.effects.placebo == load_parameters().value("trials.placebo_log_fall_gad")
        assert not draws.effects.trial_benefit.any()
        assert not draws.effects.trial_placebo.any()

    @pytest.mark.parametrize(("row", "has_ketamine"), [("trial_sd", True), ("ssri_trial_sd", False)])
    def test_own_effects_have_the_spread_that_the_calibration_found(self, row: str, has_ketamine: bool) -> None:
        """SD of a normal whose SD is itself a draw: the root of the mean square of the draws."""
        indication, count = load_indication("ptsd"), 1500
        made = design(indication="ptsd", visits_h=(168.0,), primary_visit_h=168.0)
        effects = trial_draws(made, indication, choose_model(), has_ketamine, 0, count).effects
        names, table = load_joint_draws("trials")
        per_smd = indication.endpoint_sd / (indication.baseline - indication.minimum)
        for found, name, unit in (
            (effects.trial_benefit, row, per_smd),
            (effects.trial_placebo, "placebo_trial_sd", 1.0),
        ):
            sd = unit * np.sqrt(np.mean(table[:, names.index(name)] ** 2))
            assert abs(found.mean()) < SIZES_OF_ERRORS * sd / math.sqrt(count)
            assert found.std() == pytest.approx(sd, rel=0.12)
        together = np.corrcoef(effects.trial_benefit, effects.trial_placebo)[0, 1]
        assert abs(together) < SIZES_OF_ERRORS / math.sqrt(count)

    def test_nearly_every_packaged_draw_is_used(self) -> None:
        drawn = trial_draws(design(), load_indication("gad"), choose_model(), False, 0, 5000)
        assert drawn.values is not None
        names, table = load_joint_draws("trials")
        column = table[:, names.index("fast_log_fall")]
        assert len(np.unique(drawn.values["trials.fast_log_fall"])) > 0.98 * len(np.unique(column))

    def test_benefit_varies_between_replicates_far_more_than_chance_allows(self) -> None:
        """The same people with and without the drug: what is left is the trial, and little chance."""

        def effects(parameters: str) -> np.ndarray:
            made = design(people=30, parameters=parameters)
            drug, null = simulate_trials(made, 0, 40), simulate_trials(replace(made, is_null=True), 0, 40)
            return (drug.complete - null.complete)[:, drug.arm == 0, 2].mean(axis=1)

        assert effects("posterior").std() > 8.0 * effects("fixed").std()

    def test_a_trials_own_benefit_belongs_to_ketamine_wherever_it_is_tested(self, monkeypatch: Any) -> None:
        three = design(people=30, **arms(Arm("ketamine", KETAMINE), Arm("ssri", SSRI), PILL))
        two = design(people=30, **arms(Arm("ssri", SSRI), PILL))
        before = {made.arms: simulate_trials(made, 0, 2) for made in (three, two)}
        monkeypatch.setattr(draws_of_trials, "BENEFIT_STREAM", "another stream")
        for made, moved in ((three, {"ketamine"}), (two, {"ssri"})):
            after, old = simulate_trials(made, 0, 2), before[made.arms]
            changed = {
                arm.name
                for index, arm in enumerate(made.arms)
                if (after.complete[:, old.arm == index] != old.complete[:, old.arm == index]).any()
            }
            assert changed == moved


class TestInclusion:
    def test_rated_baselines_follow_the_truncated_normal_and_true_ones_lie_nearer_the_mean(self) -> None:
        indication, residual, least, most = load_indication("gad"), 2.5, 27.0, 33.0
        place, z = np.random.default_rng(3).standard_normal((2, 40_000))
        true, rated = baselines(indication, residual, least, most, place, z)
        assert rated.min() >= least
        assert rated.max() <= most
        sd = rated_baseline_sd(indication, residual)
        limits = [(limit - indication.baseline) / sd for limit in (least, most)]
        expected = truncnorm(*limits, loc=indication.baseline, scale=sd)
        assert rated.mean() == pytest.approx(expected.mean(), abs=SIZES_OF_ERRORS * expected.std() / 200.0)
        assert rated.std() == pytest.approx(expected.std(), rel=0.02)
        reliability = indication.baseline_sd**2 / sd**2
        back = indication.baseline + reliability * (expected.mean() - indication.baseline)
        assert true.mean() == pytest.approx(back, abs=SIZES_OF_ERRORS * true.std() / 200.0)

    def test_without_limits_true_scores_have_the_spread_of_the_indication(self) -> None:
        indication = load_indication("gad")
        place, z = np.random.default_rng(4).standard_normal((2, 40_000))
        true, rated = baselines(indication, 2.5, None, None, place, z)
        assert true.std() == pytest.approx(indication.baseline_sd, rel=0.015)
        assert np.std(rated - true) == pytest.approx(2.5, rel=0.015)
        assert abs(np.corrcoef(rated - true, true)[0, 1]) < 0.02

    def test_people_let_in_for_a_high_rating_fall_back_without_any_treatment(self) -> None:
        """Two hours after the baseline the placebo response has hardly begun: nearly all of the fall is regression."""
        made = design(
            people=3000, is_null=True, parameters="fixed", visits_h=(2.0,), primary_visit_h=2.0,
            arms=(Arm("ketamine", KETAMINE), PILL),
        )  # fmt: skip
        everybody, high = simulate_trials(made, 0, 1), simulate_trials(replace(made, baseline_least=28.0), 0, 1)
        assert high.baseline.min() >= 28.0
        fall = {
            made: (trial.baseline - trial.complete[:, :, 0]).mean()
            for made, trial in (("all", everybody), ("high", high))
        }
        indication = load_indication("gad")
        unreliable = 2.5**2 / (indication.baseline_sd**2 + 2.5**2)
        expected = unreliable * (high.baseline.mean() - indication.baseline)
        assert expected > 1.3
        assert fall["high"] - fall["all"] == pytest.approx(expected, abs=0.35)


def ratings(people: int, visits: int, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Baselines and complete ratings of two replicates, as any numbers."""
    rng = np.random.default_rng(seed)
    return rng.normal(25.0, 4.0, (2, people)), rng.normal(18.0, 6.0, (2, people, visits))


class TestLeaving:
    VISITS = (168.0, 336.0, 504.0, 672.0)

    def made(self, drop_out: DropOut, **changes: Any) -> Design:
        return design(people=9000, visits_h=self.VISITS, primary_visit_h=672.0, drop_out=drop_out, **changes)

    def leave(self, made: Design) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        arm = allocation(made)
        baseline, complete = ratings(made.people, 4)
        observed, _ = remaining_ratings(made, load_indication("gad"), arm, baseline, complete, 0)
        return arm, baseline, complete, observed

    @pytest.mark.parametrize("more", [0.0, 15.0, -10.0])
    def test_the_wanted_percent_is_gone_at_the_last_visit_at_a_constant_rate(self, more: float) -> None:
        made = self.made(DropOut(30.0, more, {"placebo": 10.0}))
        arm, _, complete, observed = self.leave(made)
        there = ~np.isnan(observed)
        assert (observed[there] == complete[there]).all()
        assert (there[:, :, 1:] <= there[:, :, :-1]).all()
        for index, share in ((0, 0.3), (1, 0.1)):
            own = there[:, arm == index]
            count = own.shape[0] * own.shape[1]
            for visit, time_h in enumerate(self.VISITS):
                gone = 1.0 - (1.0 - share) ** (time_h / 672.0)
                error = math.sqrt(gone * (1.0 - gone) / count)
                assert 1.0 - own[:, :, visit].mean() == pytest.approx(gone, abs=SIZES_OF_ERRORS * error)

    @pytest.mark.parametrize(("more", "sign"), [(15.0, 1.0), (-15.0, -1.0)])
    def test_who_leaves_was_worse_at_the_visit_before_or_better(self, more: float, sign: float) -> None:
        arm, baseline, complete, observed = self.leave(self.made(DropOut(30.0, more)))
        previous = np.concatenate([baseline[:, :, None], complete[:, :, :-1]], axis=2)
        there = ~np.isnan(observed)
        before = np.concatenate([np.ones_like(there[:, :, :1]), there[:, :, :-1]], axis=2)
        own = arm == 0
        for visit in range(4):
            candidates = before[:, own, visit]
            left = candidates & ~there[:, own, visit]
            values = previous[:, own, visit]
            shift = (values[left].mean() - values[candidates].mean()) / values[candidates].std()
            # One SD worse means half as much again: those who leave stand so much above the others.
            assert shift == pytest.approx(sign * 0.5, abs=SIZES_OF_ERRORS / math.sqrt(left.sum()))

    def test_without_a_percent_nobody_leaves(self) -> None:
        _, _, complete, observed = self.leave(self.made(DropOut()))
        assert (observed == complete).all()

    def test_leaving_does_not_look_ahead(self) -> None:
        """Later ratings change nothing about who is there now."""
        made = self.made(DropOut(30.0, 15.0))
        arm, (baseline, complete) = allocation(made), ratings(made.people, 4)
        changed = complete.copy()
        changed[:, :, 2:] += 10.0
        first, second = (
            remaining_ratings(made, load_indication("gad"), arm, baseline, table, 0)[0] for table in (complete, changed)
        )
        assert (np.isnan(first[:, :, :3]) == np.isnan(second[:, :, :3])).all()


class TestRescue:
    RESCUE = Rescue(336.0, 25.0, 0.5)

    def observe(self, estimand: str = "treatment policy", **changes: Any) -> Any:
        made = design(
            people=300,
            visits_h=TestLeaving.VISITS,
            primary_visit_h=672.0,
            rescue=self.RESCUE,
            estimand=estimand,
            **changes,
        )
        baseline, complete = ratings(300, 4)
        observed, rescued_h = remaining_ratings(made, load_indication("gad"), allocation(made), baseline, complete, 0)
        return baseline, complete, observed, rescued_h

    def test_those_who_have_not_improved_are_rescued_from_the_named_visit_on(self) -> None:
        baseline, complete, _, rescued_h = self.observe()
        too_high = complete > 0.75 * baseline[:, :, None]
        assert set(np.unique(rescued_h)) == {336.0, 504.0, 672.0, math.inf}
        assert ((rescued_h == 336.0) == too_high[:, :, 1]).all()
        assert ((rescued_h == 504.0) == (too_high[:, :, 2] & ~too_high[:, :, 1])).all()
        assert (np.isinf(rescued_h) == ~too_high[:, :, 1:].any(axis=2)).all()

    def test_later_ratings_are_lower_by_the_effect_and_earlier_ones_are_as_they_were(self) -> None:
        _, complete, observed, rescued_h = self.observe()
        times = np.array(TestLeaving.VISITS)
        after = times > rescued_h[:, :, None]
        points = 0.5 * load_indication("gad").endpoint_sd
        assert after.any()
        assert (observed[~after] == complete[~after]).all()
        assert observed[after] == pytest.approx(np.maximum(complete[after] - points, 0.0), abs=1e-12)

    def test_the_hypothetical_estimand_leaves_ratings_after_rescue_out(self) -> None:
        _, complete, observed, rescued_h = self.observe("hypothetical")
        after = np.array(TestLeaving.VISITS) > rescued_h[:, :, None]
        assert (np.isnan(observed) == after).all()
        assert (observed[~after] == complete[~after]).all()

    def test_who_has_left_is_not_rescued(self) -> None:
        _, _, observed, rescued_h = self.observe(drop_out=DropOut(60.0))
        gone = np.isnan(observed)
        for visit, time_h in enumerate(TestLeaving.VISITS):
            assert not gone[:, :, visit][rescued_h == time_h].any()
        assert (rescued_h == 336.0).any()

    def test_complete_ratings_know_no_rescue_and_no_leaving(self) -> None:
        plain = design(people=20)
        with_both = replace(plain, drop_out=DropOut(50.0), rescue=Rescue(24.0, 50.0, 1.0))
        first, second = simulate_trials(plain, 0, 3), simulate_trials(with_both, 0, 3)
        assert (first.complete == second.complete).all()
        assert (first.observed == first.complete).all()
        assert np.isnan(second.observed).any()
        assert np.isfinite(second.rescued_h).any()


def test_people_without_finite_numbers_have_no_ratings_and_change_nothing_for_the_others(monkeypatch: Any) -> None:
    made = design(people=30, drop_out=DropOut(30.0, 10.0), rescue=Rescue(24.0, 50.0, 1.0))
    whole = simulate_trials(made, 0, 2)
    assert whole.failed == 0
    run_patients = arm_courses.run_patients

    def failing(*arguments: Any, **named: Any) -> Any:
        run = run_patients(*arguments, **named)
        outputs, failed = run.outputs.copy(), np.arange(len(run.failed)) == 4
        outputs[1:, :, failed] = np.inf
        return replace(run, outputs=outputs, failed=failed)

    monkeypatch.setattr(arm_courses, "run_patients", failing)
    some = simulate_trials(made, 0, 2)
    lost = (0, np.flatnonzero(some.arm == 0)[4])
    assert some.failed == 1
    assert np.isnan(some.complete[lost]).all()
    assert np.isnan(some.observed[lost]).all()
    assert math.isinf(some.rescued_h[lost])
    assert np.isnan(some.complete).sum() == len(made.visits_h)
    others = np.isfinite(some.complete)
    assert (some.complete[others] == whole.complete[others]).all()
    assert np.isfinite(some.observed[1]).any(axis=0).all()


def test_the_shapes_and_counts_of_what_comes_back() -> None:
    made = design(people=9, visits_h=(24.0, 168.0), primary_visit_h=168.0)
    trials = simulate_trials(made, 4, 3)
    assert (trials.first_replicate, trials.arm.shape, trials.baseline.shape) == (4, (9,), (3, 9))
    assert trials.complete.shape == trials.observed.shape == (3, 9, 2)
    assert trials.rescued_h.shape == (3, 9)
    assert np.isinf(trials.rescued_h).all()
    assert trials.doubtful == 0
