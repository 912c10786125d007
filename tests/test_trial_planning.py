"""Planning a size: the formula, and the smallest trial found from simulated ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.power import TTestIndPower

from ketascope.errors import InputError
from ketascope.virtual_trials.analysing import analyse
from ketascope.virtual_trials.analytic_power import ancova_people, ancova_power
from ketascope.virtual_trials.design import Adaptation, Arm
from ketascope.virtual_trials.monte_carlo import monotone
from ketascope.virtual_trials.planning import plan
from virtual_trials_by_hand import ACTIVE, PLACEBO, SD_POINTS, SECOND, make_design, make_trials, quick_trials


def _assess(effect: float, *, parameter_sd: float = 0.0, missing: float = 0.0, asked: list | None = None):
    """What simulates and analyses a design, from ratings made by hand, in two parts."""

    def assess(design):
        if asked is not None:
            asked.append(design)
        half = design.replicates // 2
        for first, count in ((0, half), (half, design.replicates - half)):
            made = {"effects": effect, "parameter_sd": parameter_sd, "missing": missing}
            yield analyse(design, make_trials(design, count, first=first, seed=5, **made))

    return assess


def _one_visit(**changes):
    return make_design(visits_h=(24.0,), primary_visit_h=24.0, **changes)


def test_the_power_formula_is_that_of_a_t_test_where_the_baseline_says_nothing() -> None:
    # One degree of freedom and a chance imbalance apart, which matter little with many people.
    expected = TTestIndPower().power(0.4, 100, 0.05)
    assert ancova_power(100, 100, 0.4, 1.0) == pytest.approx(expected, abs=0.004)
    assert ancova_power(100, 100, 0.4, 1.0) < expected
    assert ancova_power(5, 5, 0.0, 1.0) == pytest.approx(0.05, abs=1e-9)
    assert ancova_power(100, 100, -0.4, 1.0) == ancova_power(100, 100, 0.4, 1.0)


def test_a_baseline_that_says_something_counts_as_a_smaller_spread() -> None:
    plain = ancova_power(40, 40, 4.0, 8.0 * math.sqrt(1.0 - 0.6**2))
    assert ancova_power(40, 40, 4.0, 8.0, correlation=0.6) == pytest.approx(plain, rel=1e-12)
    assert plain > ancova_power(40, 40, 4.0, 8.0)


def test_the_power_formula_agrees_with_simulated_trials_of_unequal_arms() -> None:
    arms = (PLACEBO, Arm("ketamine", ACTIVE.sentence, share=3))
    design = _one_visit(arms=arms, people=24)
    replicates = 10_000
    share = analyse(design, quick_trials(design, replicates, effect=-8.0, seed=3))["is_significant"].mean()
    expected = ancova_power(18, 6, -8.0, SD_POINTS, correlation=0.6)
    assert abs(share - expected) < 2.5 * math.sqrt(expected * (1.0 - expected) / replicates)


def test_the_formula_gives_the_smallest_number_of_whole_blocks() -> None:
    people = ancova_people(0.8, 4.0, 8.0, correlation=0.5, shares=(2, 1))
    assert people % 3 == 0
    blocks = people // 3
    assert ancova_power(2 * blocks, blocks, 4.0, 8.0, correlation=0.5) >= 0.8
    assert ancova_power(2 * blocks - 2, blocks - 1, 4.0, 8.0, correlation=0.5) < 0.8
    with pytest.raises(InputError, match="needs more than 1,000,000 people"):
        ancova_people(0.8, 1e-9, 8.0)
    with pytest.raises(InputError, match="between 0 and 1"):
        ancova_people(1.0, 4.0, 8.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 10, 1.0, 1.0), "at least 4"),
        ((1, 2, 1.0, 1.0), "at least 4"),
        ((9, 9, 1.0, 0.0), "standard deviation above 0"),
    ],
)
def test_power_of_an_impossible_trial_is_refused(arguments, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ancova_power(*arguments)


def test_the_smallest_size_found_agrees_with_the_formula() -> None:
    expected = ancova_people(0.8, 5.0, SD_POINTS, correlation=0.6)
    found = plan(_one_visit(people=40, replicates=1200), 0.8, _assess(-5.0), people_most=400)
    assert found["reached"]
    assert found["quantity"] == "power"
    answer = found["answer"]
    assert answer["low"] <= expected <= answer["high"]
    assert answer["low"] < answer["value"] < answer["high"]
    assert abs(answer["value"] - expected) <= 0.1 * expected
    assert answer["value"] % found["block"] == 0
    assert "people in all arms together give power of 80% or more" in found["sentences"][0]
    formula = found["formula"]
    assert formula["difference"] == pytest.approx(5.0, abs=0.2)
    assert formula["standard_deviation"] == pytest.approx(SD_POINTS, rel=0.03)
    assert formula["correlation"] == pytest.approx(0.6, abs=0.03)
    assert formula["analysed_share"] == 1.0
    assert abs(formula["people"] - expected) <= 0.1 * expected


def test_a_plan_for_assurance_names_the_smaller_number_of_the_formula() -> None:
    found = plan(_one_visit(people=60, replicates=200, parameters="posterior"), 0.7, _assess(-5.0, parameter_sd=3.0))
    # Assurance pays for what is not known of the effect; the formula takes its mean for certain and says so.
    assert found["answer"]["value"] > 1.3 * found["formula"]["people"]
    assert found["sentences"][-1].startswith("A formula that takes the mean effect of these trials for certain (")
    assert found["sentences"][-1].endswith(f"gives {found['formula']['people']} people for a power of 70%.")


def test_people_who_leave_count_in_what_the_formula_gives() -> None:
    found = plan(_one_visit(people=40, replicates=200), 0.8, _assess(-5.0, missing=0.25), people_most=200)
    expected = ancova_people(0.8, 5.0, SD_POINTS, correlation=0.6) / 0.75
    assert found["formula"]["analysed_share"] == pytest.approx(0.75, abs=0.01)
    assert found["formula"]["people"] == pytest.approx(expected, rel=0.15)
    assert found["answer"]["value"] == pytest.approx(expected, rel=0.3)


def test_there_is_no_formula_for_an_arm_that_does_not_help_or_more_than_two_arms() -> None:
    assert plan(_one_visit(people=40, replicates=60), 0.8, _assess(2.0), people_most=60)["formula"] is None
    three = _one_visit(arms=(PLACEBO, ACTIVE, SECOND), people=60, replicates=60)

    def assess(asked):
        yield analyse(asked, make_trials(asked, asked.replicates, effects=(-3.0, -9.0), seed=5))

    assert plan(three, 0.8, assess, people_most=120)["formula"] is None


def test_every_size_is_read_from_the_same_simulated_trials_and_they_grow_until_they_do() -> None:
    asked: list = []
    found = plan(
        _one_visit(people=12, replicates=300, adaptation=Adaptation(information=(0.5, 1.0)), seed=3),
        0.9,
        _assess(-6.0, asked=asked),
    )
    assert found["reached"]
    sizes = [design.people for design in asked]
    assert sizes == sorted(sizes)
    assert sizes[0] == 12
    assert sizes[-1] > sizes[0]
    assert [design.replicates for design in asked][0] == 200
    assert asked[-1].replicates == 300
    assert all(design.adaptation == Adaptation() and design.analyses == ("ancova",) for design in asked)
    assert all(max(design.people_curve) == design.people for design in asked)
    curve = found["curve"]
    smoothed = [point["smoothed"] for point in curve]
    assert smoothed == sorted(smoothed)
    assert all(point["low"] <= point["value"] <= point["high"] for point in curve)
    again = plan(_one_visit(people=12, replicates=300), 0.9, _assess(-6.0))
    assert again["answer"] == found["answer"]


def test_a_design_that_is_too_large_is_planned_downwards() -> None:
    found = plan(_one_visit(people=320, replicates=200), 0.8, _assess(-9.0))
    expected = ancova_people(0.8, 9.0, SD_POINTS, correlation=0.6)
    assert found["answer"]["low"] <= expected <= found["answer"]["high"]


def test_a_target_above_the_ceiling_of_assurance_is_said_to_be_out_of_reach() -> None:
    # True effects are normal with mean -3 and SD 4: a quarter of them favour the control.
    ceiling = 0.5 * (1.0 + math.erf(3.0 / 4.0 / math.sqrt(2.0)))
    design = _one_visit(people=60, replicates=600, parameters="posterior")
    found = plan(design, 0.9, _assess(-3.0, parameter_sd=4.0), people_most=300)
    assert not found["reached"]
    assert found["quantity"] == "assurance"
    assert found["answer"]["value"] is None
    assert found["answer"]["high"] is None
    assert found["people_tried"] == 300
    assert found["ceiling"]["low"] < ceiling < found["ceiling"]["high"]
    assert found["at_most"]["value"] < found["ceiling"]["value"] < 0.9
    assert "is not reached with 300 people" in found["sentences"][0]
    assert "it stays below about" in found["sentences"][1]


def test_an_arm_may_be_named_and_otherwise_any_arm_counts() -> None:
    design = _one_visit(arms=(PLACEBO, ACTIVE, SECOND), people=60, replicates=200)

    def assess(asked):
        yield analyse(asked, make_trials(asked, asked.replicates, effects=(-3.0, -9.0), seed=5))

    any_arm = plan(design, 0.8, assess, people_most=300)
    strong = plan(design, 0.8, assess, people_most=300, arm="low dose")
    weak = plan(design, 0.8, assess, people_most=300, arm="ketamine")
    assert any_arm["arm"] == "any arm"
    assert strong["answer"]["value"] <= any_arm["answer"]["value"] < weak["answer"]["value"]
    with pytest.raises(InputError, match="did you mean 'ketamine'"):
        plan(design, 0.8, assess, arm="ketamin")


@pytest.mark.parametrize(
    ("target", "changes", "most", "message"),
    [
        (0.0, {}, 100, "must be between 0 and 1"),
        (1.2, {}, 100, "must be between 0 and 1"),
        (math.nan, {}, 100, "must be between 0 and 1"),
        (0.8, {"is_null": True}, 100, "null = true in the design: a trial without an effect has no size to plan"),
        (0.8, {}, 4, "arms: shares that add up to 2 need 12 people to plan, and sizes are tried up to 4; give smaller"),
    ],
)
def test_a_plan_that_cannot_be_made_is_refused_before_any_work(target, changes, most, message) -> None:
    def assess(design):
        raise AssertionError("work was started")

    with pytest.raises(InputError, match=message):
        plan(_one_visit(**changes), target, assess, people_most=most)


def test_smoothing_pools_what_falls() -> None:
    assert monotone([0.1, 0.3, 0.2, 0.5, 0.4, 0.3]).tolist() == pytest.approx([0.1, 0.25, 0.25, 0.4, 0.4, 0.4])
    rising = np.array([0.0, 0.2, 0.9])
    np.testing.assert_array_equal(monotone(rising), rising)
    assert len(monotone([])) == 0
