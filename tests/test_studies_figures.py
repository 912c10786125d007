"""Figures of a comparison: gathered from outcome rows, arms taken together, the bound computed."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ketascope.errors import InputError
from ketascope.evidence.studies import Contrast, contrasts, tables
from ketascope.evidence.studies import figures as module
from ketascope.evidence.studies.figures import KEYS, arm_size, figures, not_significant_bound

BY_ID = {row.contrast_id: row for row in contrasts()}


def data(contrast_id: str) -> dict[str, object]:
    return BY_ID[contrast_id].data()


class TestKindsOfFigures:
    def test_every_comparison_has_all_keys(self) -> None:
        for row in contrasts():
            assert tuple(row.data()) == KEYS, row.contrast_id

    def test_responders_stand_as_counts_with_their_people(self) -> None:
        found = data("feder2021/3")
        assert found["measure"] == "counts"
        assert [found[key] for key in ("events_treatment", "n_treatment", "events_control", "n_control")] == [
            10,
            15,
            3,
            15,
        ]

    def test_a_difference_with_its_standard_error(self) -> None:
        found = data("feder2021/1")
        assert (found["measure"], found["difference"], found["standard_error"]) == ("difference", -11.88, 3.96)
        assert (found["n_treatment"], found["n_control"], found["unit"]) == (15, 15, "points")

    def test_the_printed_effect_size_follows_from_the_difference(self) -> None:
        found = data("feder2021/1")
        sd = 3.96 / math.sqrt(1 / 15 + 1 / 15)
        assert found["difference"] / sd == pytest.approx(-1.10, abs=0.005)  # type: ignore[operator]

    def test_a_difference_with_its_interval(self) -> None:
        found = data("lii2023/1")
        assert (found["difference"], found["ci_low"], found["ci_high"], found["ci_level"]) == (-5.82, -13.3, 1.64, 0.95)
        assert found["standard_error"] is None

    def test_a_difference_with_its_p_value_only(self) -> None:
        found = data("feder2014/1")
        assert (found["difference"], found["p_value"], found["standard_error"]) == (-12.7, 0.02, None)

    def test_means_stand_with_their_sds_and_people(self) -> None:
        found = data("KET_Lii2023/1")
        assert (found["measure"], found["of"]) == ("groups", "mean")
        assert (found["mean_treatment"], found["sd_treatment"], found["n_treatment"]) == (12.7, 7.6, 20)

    def test_change_without_spread_has_no_sd(self) -> None:
        row = next(row for row in contrasts() if row.study == "GAD_Davidson2004" and row.outcome == "symptoms")
        found = row.data()
        assert (found["mean_treatment"], found["sd_treatment"]) == (-11.3, None)

    def test_direction_without_a_figure_is_none(self) -> None:
        row = next(row for row in contrasts() if row.study == "beaglehole2025ptsd")
        assert row.data()["measure"] == "none"

    def test_the_worst_check_grade_of_the_rows_stands(self) -> None:
        assert data("feder2014/1")["verified"] == "secondary"
        assert data("feder2014/2")["verified"] == "recall"
        assert data("feder2021/3")["verified"] == "text"

    def test_a_standardised_difference_alone(self) -> None:
        found = data("fava2020/1")
        assert (found["measure"], found["smd"], found["unit"]) == ("smd", -0.82, "sd units")


class TestPeople:
    def test_sizes_from_memory_are_not_used(self) -> None:
        assert arm_size("feder2014", "ket") is None
        found = data("feder2014/1")
        assert found["n_treatment"] == found["n_control"] == 20.5
        assert "half its people" in str(found["assumed"])

    def test_assumed_sizes_are_said(self) -> None:
        assert "shared equally" in str(data("singh2016/1")["assumed"])
        assert data("feder2021/1")["assumed"] == ""

    def test_arms_taken_together_add_up(self) -> None:
        assert arm_size("ESK_Janik2025", "esketamine 56; esketamine 84") == 86 + 95
        assert arm_size("ESK_Janik2025", "esketamine 56; nothing") is None


class TestBound:
    def test_it_follows_from_the_sizes_of_the_arms(self) -> None:
        found = data("abdallah2022/1")
        error = math.sqrt(1 / 51 + 1 / 54)
        assert found["measure"] == "bound"
        assert found["standard_error"] == pytest.approx(error)
        assert found["standard_error"] == pytest.approx(0.195, abs=5e-4)
        assert found["bound"] == pytest.approx(stats.t.ppf(0.975, 103) * error)
        assert found["bound"] == pytest.approx(0.39, abs=0.005)

    @given(st.integers(3, 500), st.integers(3, 500))
    def test_a_difference_at_the_bound_has_p_of_5_percent(self, first: int, second: int) -> None:
        bound, error = not_significant_bound(first, second)
        assert 2 * stats.t.sf(bound / error, first + second - 2) == pytest.approx(0.05)

    @given(st.integers(3, 200), st.integers(3, 200))
    def test_more_people_bound_more_tightly(self, first: int, second: int) -> None:
        assert not_significant_bound(first + 50, second)[0] < not_significant_bound(first, second)[0]


class TestArmsTakenTogether:
    def test_counts_of_the_arms_add_up(self) -> None:
        row = next(row for row in contrasts() if row.study == "ESK_Fedgchin2019" and row.outcome == "response")
        found = row.data()
        assert (found["events_treatment"], found["n_treatment"]) == (62 + 61, 115 + 114)
        assert (found["events_control"], found["n_control"]) == (44, 113)

    def test_means_are_weighted_by_people(self) -> None:
        found = data("ESK_Daly2018/1")
        assert found["mean_treatment"] == pytest.approx((11 * -16.4 + 11 * -14.3 + 12 * -17.6) / 34)
        assert found["n_treatment"] == 34

    def test_one_arm_keeps_its_sd_from_the_standard_error(self) -> None:
        found = data("ESK_Daly2018/1")
        assert found["sd_control"] == pytest.approx(1.76 * math.sqrt(33))
        assert "root of n" in str(found["assumed"])

    def test_doses_with_only_a_difference_and_an_effect_size(self) -> None:
        found = data("ESK_Janik2025/1")
        assert found["difference"] == pytest.approx((86 * -5.1 + 95 * -6.8) / 181)
        sd = found["difference"] / ((86 * -0.48 + 95 * -0.63) / 181)  # type: ignore[operator]
        assert found["standard_error"] == pytest.approx(sd * math.sqrt(1 / 181 + 1 / 197))
        assert "SD taken as" in str(found["assumed"])

    @given(st.lists(st.lists(st.floats(-40, 40), min_size=2, max_size=12), min_size=2, max_size=4))
    def test_joining_groups_gives_the_sd_of_all_people(self, people: list[list[float]]) -> None:
        blank = tables.outcome("singh2016:1")
        rows = [
            dataclasses.replace(blank, value=_mean(scores), spread="sd", spread_high=_sd(scores)) for scores in people
        ]
        mean, sd = module._join(rows, [len(scores) for scores in people])
        everyone = [score for scores in people for score in scores]
        assert mean == pytest.approx(_mean(everyone), abs=1e-9)
        assert sd == pytest.approx(_sd(everyone), abs=1e-6)

    def test_one_group_without_sd_leaves_none(self) -> None:
        row = next(row for row in contrasts() if row.study == "takahashi2021")
        found = row.data()
        assert found["mean_treatment"] == pytest.approx((41 * -15.2 + 40 * -14.5 + 41 * -15.1) / 122)
        assert found["sd_treatment"] is None


class TestBrokenComparisons:
    def test_differences_cannot_be_joined_without_effect_sizes(self) -> None:
        broken = dataclasses.replace(BY_ID["ESK_Janik2025/1"], difference_outcome_id="ESK_Janik2025:1 ESK_Janik2025:3")
        with pytest.raises(InputError, match="each joined arm needs a difference and an SMD"):
            figures(broken)

    def test_rows_and_arms_have_to_match(self) -> None:
        broken = dataclasses.replace(BY_ID["ESK_Daly2018/1"], treatment_arm="esketamine 28; esketamine 56")
        with pytest.raises(InputError, match="3 outcome rows for the arms"):
            figures(broken)

    def test_an_unknown_row_is_named(self) -> None:
        broken = dataclasses.replace(BY_ID["feder2021/1"], difference_outcome_id="feder2021:77")
        with pytest.raises(InputError, match="feder2021:77"):
            figures(broken)


def test_changing_one_outcome_row_changes_the_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    row = BY_ID["feder2021/1"]
    changed = dataclasses.replace(tables.outcome("feder2021:1"), value=-1.0)
    monkeypatch.setattr(module, "outcome", lambda name: changed)
    assert isinstance(row, Contrast)
    assert row.data()["difference"] == -1.0


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _sd(values: list[float]) -> float:
    centre = _mean(values)
    return math.sqrt(sum((value - centre) * (value - centre) for value in values) / (len(values) - 1))
