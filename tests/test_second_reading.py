"""Two readings of one comparison: benefit as trials report it, and benefit if the fast part is expectancy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ketascope
from ketascope.comparing.flags import Flags
from ketascope.contract import check_document
from ketascope.evidence.symptom_trials import posterior
from ketascope.model.parameter_store import load_parameters
from ketascope.model.symptoms import Effects, as_expectancy, load_indication

SENTENCES = ["ketamine 0.5 mg/kg IV over 40 min", "sertraline 100 mg oral q 1 d x 56"]
VISITS = ("2h", "24h", "7d", "28d", "56d")


def options(**given: Any) -> dict[str, dict[str, Any]]:
    document = ketascope.compare(SENTENCES, patients=20, seed=3, **given).document()
    check_document("comparison", document)
    return {row["sentence"]: row for row in document["options"]}


@pytest.fixture(scope="module")
def default() -> dict[str, dict[str, Any]]:
    return options(indication="mdd")


@pytest.fixture(scope="module")
def expectancy() -> dict[str, dict[str, Any]]:
    return options(indication="mdd", scenarios=["expectancy"])


def codes(row: dict[str, Any]) -> set[str]:
    return {flag["code"] for flag in row["flags"]}


class TestTheSecondReading:
    def test_it_is_what_the_expectancy_scenario_shows(
        self, default: dict[str, dict[str, Any]], expectancy: dict[str, dict[str, Any]]
    ) -> None:
        first, second = default[SENTENCES[0]], expectancy[SENTENCES[0]]
        for part in ("change", "versus_placebo", "response_rate"):
            for visit in VISITS:
                own, other = first["symptoms_if_expectancy"][part][visit], second["symptoms"][part][visit]
                assert own["interval_of"] == "population mean"
                for end in ("low", "median", "high"):
                    assert own[end] == pytest.approx(other[end], rel=1e-9, abs=1e-12), (part, visit)

    def test_under_the_scenario_both_readings_are_one(self, expectancy: dict[str, dict[str, Any]]) -> None:
        row = expectancy[SENTENCES[0]]
        assert row["symptoms"] == row["symptoms_if_expectancy"]
        assert "reading" not in codes(row)

    def test_it_leaves_less_benefit_while_the_fast_part_lasts_and_the_same_later(
        self, default: dict[str, dict[str, Any]]
    ) -> None:
        row = default[SENTENCES[0]]
        first, second = (row[part]["versus_placebo"] for part in ("symptoms", "symptoms_if_expectancy"))
        assert second["2h"]["median"] > first["2h"]["median"]
        assert second["24h"]["median"] > first["24h"]["median"]
        assert second["28d"]["median"] == pytest.approx(first["28d"]["median"], abs=0.05)

    def test_without_ketamine_there_is_one_reading(self, default: dict[str, dict[str, Any]]) -> None:
        row = default[SENTENCES[1]]
        assert row["symptoms"] == row["symptoms_if_expectancy"]
        assert "reading" not in codes(row)

    def test_a_value_that_only_the_second_reading_lacks_has_its_flag(self) -> None:
        flags, own = Flags(), Flags()
        flags.add("onset_unclear")
        own.add("onset_unclear")
        own.add("no_catch_up", horizon="56 d")
        flags.merge(own, "if the fast part is expectancy: ")
        listed = {flag["code"]: flag["message"] for flag in flags.as_list()}
        assert set(listed) == {"onset_unclear", "no_catch_up"}
        assert "expectancy" not in listed["onset_unclear"], "said once, it holds for both"
        assert listed["no_catch_up"].startswith("if the fast part is expectancy: ")

    def test_only_the_slow_part_is_left(self) -> None:
        ones = np.ones(4)
        given = Effects(**dict.fromkeys(Effects.__dataclass_fields__, ones))
        left = as_expectancy(given)
        assert not left.fast.any()
        assert not left.unblinding.any()
        for name in set(Effects.__dataclass_fields__) - {"fast", "unblinding"}:
            assert getattr(left, name) is ones


class TestWhetherDoseAndRouteAreSupported:
    def test_the_flag_says_what_the_packaged_record_says(self, default: dict[str, dict[str, Any]]) -> None:
        from ketascope.evidence.symptom_trials.posterior import left_out_scores, load_record

        scores = left_out_scores()
        assert scores == load_record()["leave_one_out"]["ketamine"]
        row = default[SENTENCES[0]]
        assert ("dose_not_supported" in codes(row)) is not scores["beats_rivals"]
        message = next(flag["message"] for flag in row["flags"] if flag["code"] == "dose_not_supported")
        assert f"{scores['trials_scored']} trials" in message
        assert f"{scores['crps']:.2f}" in message
        assert "dose_not_supported" not in codes(default[SENTENCES[1]]), "an SSRI has no route to compare"

    def test_what_the_interval_of_a_mean_leaves_out_is_said_in_points(self, default: dict[str, dict[str, Any]]) -> None:
        mdd = load_indication("mdd")
        for sentence, name in zip(SENTENCES, ("trials.trial_sd", "trials.ssri_trial_sd"), strict=True):
            points = load_parameters()[name].value * mdd.endpoint_sd
            message = next(flag["message"] for flag in default[sentence]["flags"] if flag["code"] == "trials_differ")
            assert f"up to {points:.2g} points of {mdd.scale_label}" in message

    def test_a_time_under_observation_from_memory_is_marked(self, default: dict[str, dict[str, Any]]) -> None:
        assert "observation_assumed" in codes(default[SENTENCES[0]])
        assert "observation_assumed" not in codes(default[SENTENCES[1]])

    def test_a_mechanism_that_wins_raises_no_flag(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(posterior, "left_out_scores", lambda: {"beats_rivals": True})
        assert "dose_not_supported" not in codes(options(indication="mdd")[SENTENCES[0]])
