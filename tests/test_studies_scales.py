"""Rating scales of the trials: direction, range, time window, and important differences that were read somewhere."""

from __future__ import annotations

from typing import Any

import pytest

from ketascope import data

SCALES: dict[str, dict[str, Any]] = data.load("scales")
WITH = {
    name: row["minimal_important_difference"] for name, row in SCALES.items() if "minimal_important_difference" in row
}


class TestScalesOfTheTrials:
    @pytest.mark.parametrize(
        ("name", "low", "high"),
        [
            ("ies_r", 0, 88),
            ("pcl_5", 0, 80),
            ("pcl_c", 17, 85),
            ("top_8", 0, 32),
            ("fq", 0, 120),
            ("hdrs_17", 0, 52),
            ("ham_d_6", 0, 22),
            ("cgi_i", 1, 7),
            ("gad_7", 0, 21),
            ("phq_9", 0, 27),
            ("hads_total", 0, 42),
            ("hads_a", 0, 21),
            ("qids_sr16", 0, 27),
        ],
    )
    def test_limits_are_those_of_the_items(self, name: str, low: float, high: float) -> None:
        assert (SCALES[name]["minimum"], SCALES[name]["maximum"]) == (low, high)

    @pytest.mark.parametrize("name", ["vas_anxiety", "ocd_vas", "hdrs", "hdrs_21"])
    def test_where_forms_differ_the_top_is_open_and_said_to_be(self, name: str) -> None:
        assert "maximum" not in SCALES[name]

    @pytest.mark.parametrize("name", list(SCALES))
    def test_every_scale_has_what_pages_and_pooling_need(self, name: str) -> None:
        row = SCALES[name]
        assert row["direction"] in {"higher is worse", "higher is better"}
        assert row["rated_by"]
        assert row["full_name"]
        assert isinstance(row["short_times_shown"], bool)
        assert row["minimum"] < row.get("maximum", float("inf"))
        assert not (row.get("recall_window_h", 0) > 24 and row["short_times_shown"])

    def test_labels_are_told_apart(self) -> None:
        labels = [row["label"].lower() for row in SCALES.values()]
        assert len(labels) == len(set(labels))

    def test_a_ban_on_pooling_holds_both_ways(self) -> None:
        for name, row in SCALES.items():
            for other in row["never_pool_with"]:
                assert name in SCALES[other]["never_pool_with"]

    def test_depression_scales_of_different_length_and_both_pcls_are_never_pooled_raw(self) -> None:
        assert set(SCALES["hdrs_17"]["never_pool_with"]) == {"hdrs_21", "ham_d_6", "hdrs"}
        assert SCALES["pcl_5"]["never_pool_with"] == ["pcl_c"]


class TestImportantDifferences:
    def test_the_scales_most_used_have_one(self) -> None:
        assert {"madrs", "pcl_5", "y_bocs", "gad_7", "hdrs_17"} <= set(WITH)

    @pytest.mark.parametrize("name", list(WITH))
    def test_each_has_its_source_and_lies_within_the_scale(self, name: str) -> None:
        row = SCALES[name]
        assert row["minimal_important_difference_text"] != "not in our sources"
        for found in WITH[name]:
            assert found["source"]
            assert found["checked"] in {"text", "secondary"}
            assert found["population"]
            ends = [found[key] for key in ("low", "value", "high") if key in found]
            assert ends == sorted(ends)
            if found["unit"].endswith("points"):
                assert found["unit"] == f"{row['label']} points"
                assert 0 < ends[0] <= ends[-1] < row["maximum"] - row["minimum"]

    @pytest.mark.parametrize("name", sorted(set(SCALES) - set(WITH)))
    def test_unknown_is_said_and_never_zero(self, name: str) -> None:
        assert SCALES[name]["minimal_important_difference_text"] == "not in our sources"

    def test_sources_that_disagree_stand_side_by_side(self) -> None:
        assert [(row["low"], row["high"]) for row in WITH["madrs"]] == [(1.6, 1.9), (3.0, 6.0)]
