"""Specification of the data files on indications, scales, harms, practice and evidence.

The look-ups written out here (`practical_row`, `evidence_row`, `harm_rows`) are the rules that the files
state in their own headers; code that reads the files has to agree with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data_lookups import class_name, effects, evidence_row, harm_rows, practical_row, ssri
from ketascope import data
from ketascope.errors import InputError

FOLDER = Path(data.__file__).parent
INDICATIONS = tuple(data.load("indications"))
ROUTES = ("IV", "IM", "SC", "nasal", "SL", "buccal", "oral", "oral-ER", "rectal")
KETAMINES = ("ketamine", "esketamine")
ANTIDEPRESSANTS = ("escitalopram", "sertraline", "paroxetine", "fluoxetine", "venlafaxine")
FILES = ("indications", "scales", "harms", "practical", "evidence_summary")
GRADES = {"established", "plausible", "assumed", "estimated", "not informed by trials"}
CHECKS = {"text", "secondary", "recall", "derived", "convention"}
CERTAINTIES = {"very low", "low", "moderate", "high", "no evidence", "not graded"}
EVERY_KETAMINE_KEY = [f"{drug}:{route}" for drug in KETAMINES for route in ROUTES]
EVERY_KEY = EVERY_KETAMINE_KEY + [f"{drug}:oral" for drug in ANTIDEPRESSANTS]
MUST_SHOW = {
    "dissociation",
    "sedation",
    "loss_of_consciousness",
    "blood_pressure_spike",
    "respiratory_depression",
    "nausea_vomiting",
    "bladder",
    "misuse_dependence",
    "psychosis_emergence",
    "pregnancy_fetal",
    "driving",
    "suicidality",
    "cognitive",
}

Path_ = tuple[str, ...]


def tables(node: Any, path: Path_ = ()) -> Iterator[tuple[Path_, dict[str, Any]]]:
    """Every table below `node`, with the keys that lead to it."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from tables(value, (*path, key))
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from tables(value, (*path, str(position)))


def number_rows(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Tables that state a measured number: those with a value, or with a low and a high."""
    every = tables(data.load(name))
    return [(".".join(path), table) for path, table in every if {"value", "low", "high"} & set(table)]


def sourced_rows(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Tables that name how they were checked, whether they hold a number or words."""
    return [(".".join(path), table) for path, table in tables(data.load(name)) if "checked" in table]


class TestEveryNumberCanBeFollowedToItsRow:
    def test_there_are_enough_rows_for_the_rules_below_to_mean_something(self) -> None:
        counts = {name: len(number_rows(name)) for name in FILES}
        assert counts["indications"] > 80
        assert counts["harms"] > 20
        assert counts["practical"] > 15

    @pytest.mark.parametrize("name", FILES)
    def test_row_has_value_or_both_ends_and_unit_population_source_and_grade(self, name: str) -> None:
        for where, row in number_rows(name):
            assert "value" in row or ("low" in row and "high" in row), where
            for field in ("unit", "population", "source"):
                assert str(row.get(field, "")).strip(), f"{where}: {field}"
            assert row["grade"] in GRADES, where
            assert row["checked"] in CHECKS, where

    @pytest.mark.parametrize("name", FILES)
    def test_ends_are_in_order_and_hold_the_value(self, name: str) -> None:
        for where, row in number_rows(name):
            assert ("low" in row) == ("high" in row), where
            if "low" in row:
                assert row["low"] <= row.get("value", row["low"]) <= row["high"], where
            if "comparator_low" in row:
                assert row["comparator_low"] <= row["comparator_high"], where

    @pytest.mark.parametrize("name", FILES)
    def test_memory_is_graded_assumed_and_says_that_it_is_unchecked(self, name: str) -> None:
        for where, row in sourced_rows(name):
            if row["checked"] == "recall":
                assert row["grade"] == "assumed", where
                assert "unchecked" in row["note"].lower(), where

    def test_there_are_rows_from_memory_so_the_rule_above_is_not_empty(self) -> None:
        recalled = [where for name in FILES for where, row in sourced_rows(name) if row["checked"] == "recall"]
        assert len(recalled) >= 8

    @pytest.mark.parametrize("name", FILES)
    def test_a_convention_is_graded_assumed_and_explained(self, name: str) -> None:
        for where, row in sourced_rows(name):
            if row["checked"] == "convention":
                assert row["grade"] == "assumed", where
                assert row["note"].strip(), where

    @pytest.mark.parametrize("name", FILES)
    def test_arithmetic_is_shown_in_the_note(self, name: str) -> None:
        for where, row in sourced_rows(name):
            if row["checked"] == "derived":
                assert re.search(r"\d", row["note"]) or "Log odds ratio" in row["note"], where

    def test_no_number_stands_outside_a_row_except_counts_times_and_scale_limits(self) -> None:
        allowed = {
            "value",
            "low",
            "high",
            "comparator_value",
            "comparator_low",
            "comparator_high",
            "time_h",
            "window_h",
            "week",
            "weeks",
            "events",
            "n",
            "control_events",
            "control_n",
            "minimum",
            "maximum",
            "recall_window_h",
            "trials",
            "participants",
        }
        for name in FILES:
            for path, table in tables(data.load(name)):
                if path and path[-1] in {"counted", "counted_trials"}:
                    continue
                for key, value in table.items():
                    items = value if isinstance(value, list) else [value]
                    if any(isinstance(item, (int, float)) and not isinstance(item, bool) for item in items):
                        assert key in allowed, f"{name}: {'.'.join(path)}.{key}"


class TestFilesAsText:
    @pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.toml")), ids=lambda path: path.stem)
    def test_a_file_stays_readable(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) < 600
        assert text.startswith("#"), "the header states the rules, or where they stand"
        assert path.parent == FOLDER or (path.parent / "README.md").is_file()

    @pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.toml")), ids=lambda path: path.stem)
    def test_a_file_names_no_machine_path(self, path: Path) -> None:
        assert not re.search(r"(^|[\s\"'])/(work|tmp|home|usr)/", path.read_text(encoding="utf-8"))

    def test_a_folder_of_files_is_read_as_one_table_in_the_order_that_the_files_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "kinds").mkdir()
        for name, text in {
            "a": "listed = 2\n[a]\nx = 1\n[[row]]\ny = 1\n",
            "b": "listed = 1\n[b]\nx = 2\n[[row]]\ny = 2\n",
            "c": "[c]\nx = 3\n",
        }.items():
            (tmp_path / "kinds" / f"{name}.toml").write_text(text, encoding="utf-8")
        monkeypatch.setattr(data, "_FOLDER", tmp_path)

        assert data.names() == ("kinds",)
        table = data.load.__wrapped__("kinds")
        assert [name for name in table if name != "row"] == ["b", "a", "c"]
        assert table["row"] == [{"y": 2}, {"y": 1}]

        (tmp_path / "kinds" / "d.toml").write_text("[a]\nx = 4\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"^the data file kinds/d\.toml is damaged: 'a' stands in another"):
            data.load.__wrapped__("kinds")


class TestIndications:
    def test_the_five_indications_are_there_in_the_order_in_which_they_are_listed(self) -> None:
        assert INDICATIONS[:5] == ("gad", "sad", "ptsd", "ocd", "mdd")

    def test_an_indication_stands_in_the_file_of_its_name(self) -> None:
        assert {path.stem for path in (FOLDER / "indications").glob("*.toml")} == set(INDICATIONS)

    @pytest.mark.parametrize("indication", INDICATIONS)
    def test_an_indication_has_what_the_model_needs(self, indication: str) -> None:
        row = data.load("indications")[indication]
        scale = data.load("scales")[row["scale"]]
        assert scale["minimum"] < row["baseline_score"]["value"] < scale["maximum"]
        assert 0 < row["baseline_sd"]["value"] < row["baseline_score"]["value"]
        assert 0 < row["endpoint_sd"]["value"] < row["baseline_score"]["value"]
        assert 0 < row["response"]["value"] < 1
        assert row["response"]["definition"]
        assert row["ssri_drug"] in data.load("drugs")
        assert row["placebo"]["responders"]["unit"] == "% of patients"
        assert row["placebo"]["change"].get("high", row["placebo"]["change"].get("value")) < 0
        assert row["psychotherapy"]["simulated"] is False
        assert row["population_note"]
        assert "populations_differ" in row["flags"]

    def test_diagnoses_stand_in_their_dsm5_chapters(self) -> None:
        table = data.load("indications")
        chapters = {
            "gad": "anxiety disorders",
            "sad": "anxiety disorders",
            "ptsd": "trauma- and stressor-related disorders",
            "ocd": "obsessive-compulsive and related disorders",
            "mdd": "depressive disorders",
        }
        assert {name: table[name]["dsm5_group"] for name in chapters} == chapters
        for row in table.values():
            assert row["is_anxiety_disorder_in_dsm5"] is (row["dsm5_group"] == "anxiety disorders")

    @pytest.mark.parametrize("indication", INDICATIONS)
    def test_one_default_ssri_effect_and_it_favours_the_drug(self, indication: str) -> None:
        rows = data.load("indications")[indication]["ssri_minus_placebo"]
        defaults = [row for row in rows if row["use"] == "default"]
        assert len(defaults) == 1
        assert defaults[0]["high"] < 0
        assert defaults[0]["week"] > 0
        label = data.load("scales")[data.load("indications")[indication]["scale"]]["label"]
        assert defaults[0]["unit"] == f"{label} points"

    @pytest.mark.parametrize("indication", INDICATIONS)
    def test_ketamine_effects_say_control_use_and_whether_they_are_borrowed(self, indication: str) -> None:
        rows = effects(indication)
        assert any(row["use"] == "default" for row in rows)
        for row in rows:
            assert row["use"] in {"default", "alternative", "bound", "check"}
            assert row["measure"] in {"smd", "smd_bound", "mean_difference", "responders"}
            assert row["drug"] in KETAMINES
            assert row.get("route", "IV") in ROUTES
            assert row["control"]
            assert isinstance(row["extrapolated"], bool)
            assert not row["extrapolated"] or row["reason"]
            if "window_h" in row:
                assert row["window_h"][0] <= row["time_h"] <= row["window_h"][1]
            if row["measure"] == "responders" and row["control"] == "none":
                assert row["use"] == "check", "an uncontrolled rate never drives the model"

    @pytest.mark.parametrize("indication", ["gad", "sad", "ocd"])
    def test_default_effects_of_gad_sad_and_ocd_say_that_they_are_extrapolated(self, indication: str) -> None:
        defaults = effects(indication, use="default")
        assert [row["time_h"] for row in defaults] == [6, 24, 252]
        assert all(row["extrapolated"] for row in defaults)
        assert "extrapolated" in data.load("indications")[indication]["flags"]

    def test_the_mixed_sample_node_is_the_same_wherever_it_is_used(self) -> None:
        def figures(indication: str) -> list[tuple[float, ...]]:
            rows = effects(indication, node="mixed_sample_anxiety")
            return [(row["time_h"], row["value"], row["low"], row["high"]) for row in rows]

        assert len(figures("gad")) == 3
        assert figures("gad") == figures("sad") == figures("ocd")

    @pytest.mark.parametrize("indication", INDICATIONS)
    def test_responder_counts_agree_with_the_percentage(self, indication: str) -> None:
        for row in effects(indication, measure="responders"):
            assert row["value"] == pytest.approx(100 * row["events"] / row["n"], abs=0.1)

    def test_derived_standard_deviations_follow_from_the_printed_intervals(self) -> None:
        spread = {name: row["endpoint_sd"]["value"] for name, row in data.load("indications").items()}
        assert spread["gad"] == pytest.approx((3.72 - 0.68) / 3.92 / (2 / 200) ** 0.5, abs=0.1)
        assert spread["ptsd"] == pytest.approx(3.96 / (2 / 15) ** 0.5, abs=0.1)
        assert spread["ocd"] == pytest.approx(0.7 * 127**0.5, abs=0.1)
        assert spread["mdd"] == pytest.approx(6.8 / 0.63, abs=0.1)

    def test_caps_2_figures_are_converted_by_the_ratio_of_the_ranges_and_marked_assumed(self) -> None:
        table = data.load("indications")["ptsd"]
        scales = data.load("scales")
        ratio = scales["caps_5"]["maximum"] / scales["caps_2"]["maximum"]
        assert table["caps_2_to_caps_5"]["value"] == pytest.approx(ratio, abs=1e-4)
        assert ssri("ptsd")["value"] == pytest.approx(-8.01 * ratio, abs=0.01)
        assert ssri("ptsd")["low"] == pytest.approx(-10.55 * ratio, abs=0.01)
        assert table["placebo"]["change"]["low"] == pytest.approx(-36.6 * ratio, abs=0.05)
        assert table["placebo"]["change"]["high"] == pytest.approx(-23.2 * ratio, abs=0.05)
        change = table["placebo"]["change"]
        converted = [table["caps_2_to_caps_5"], change, table["baseline_score"], ssri("ptsd")]
        assert {row["grade"] for row in converted} == {"assumed"}
        assert "scale_converted" in table["flags"]


class TestScales:
    def test_scales_have_their_published_limits(self) -> None:
        limits = {name: (row["minimum"], row.get("maximum")) for name, row in data.load("scales").items()}
        assert (
            limits.items()
            >= {
                "ham_a": (0, 56),
                "lsas": (0, 144),
                "caps_5": (0, 80),
                "caps_2": (0, 136),
                "y_bocs": (0, 40),
                "madrs": (0, 60),
                "cadss": (0, None),
            }.items()
        )

    def test_scales_that_ask_about_a_week_give_no_value_at_2_h_or_24_h(self) -> None:
        weekly = {name for name, row in data.load("scales").items() if row.get("recall_window_h", 0) >= 168}
        assert {"lsas", "caps_5", "caps_2", "y_bocs"} <= weekly
        assert not {"ham_a", "madrs", "cadss"} & weekly
        for name, row in data.load("scales").items():
            assert row["short_times_shown"] is (name not in weekly)

    def test_the_two_caps_are_never_pooled(self) -> None:
        scales = data.load("scales")
        assert scales["caps_2"]["never_pool_with"] == ["caps_5"]
        for name, row in scales.items():
            for other in row["never_pool_with"]:
                assert name in scales[other]["never_pool_with"], "the ban holds both ways"

    def test_no_row_of_ptsd_mixes_the_scales_in_its_unit(self) -> None:
        units = {row["unit"] for where, row in number_rows("indications") if where.startswith("ptsd")}
        assert not units & {"CAPS-2 points", "CAPS points"}

    def test_an_unknown_important_difference_is_absent_and_said_to_be_unknown(self) -> None:
        for row in data.load("scales").values():
            unknown = row["minimal_important_difference_text"] == "not in our sources"
            assert unknown is ("minimal_important_difference" not in row)


class TestPractical:
    @pytest.mark.parametrize("key", EVERY_KEY)
    def test_every_drug_and_route_has_a_practical_row(self, key: str) -> None:
        _, row = practical_row(key)
        for field in ("setting", "monitoring", "approval", "driving", "insurance", "observation_text"):
            assert row[field].strip()
        assert row["sources"]
        assert set(row["approval_us"]) <= set(INDICATIONS)

    def test_fallback_leads_to_rows_and_never_hides_one(self) -> None:
        file = data.load("practical")
        for key, target in file["fallback"].items():
            assert key not in file["practical"], "an own row would never be reached"
            assert target in file["practical"] or target in file["fallback"]
        assert practical_row("esketamine:buccal")[0] == "ketamine:SL"

    @pytest.mark.parametrize("key", EVERY_KETAMINE_KEY)
    @pytest.mark.parametrize("indication", ["gad", "sad", "ptsd", "ocd"])
    def test_no_ketamine_is_approved_for_anxiety_ptsd_or_ocd(self, key: str, indication: str) -> None:
        status = practical_row(key)[1]["approval_us"][indication]
        assert not status.startswith("approved")

    def test_only_the_esketamine_spray_is_approved_in_depression_and_only_in_part(self) -> None:
        for route in ROUTES:
            assert not practical_row(f"ketamine:{route}")[1]["approval_us"]["mdd"].startswith("approved")
        status = practical_row("esketamine:nasal")[1]["approval_us"]["mdd"]
        assert "treatment-resistant" in status
        assert "not for other depression" in status

    def test_observation_time_of_the_spray_is_the_label_s_two_hours(self) -> None:
        row = practical_row("esketamine:nasal")[1]["observation_min"]
        assert (row["value"], row["unit"], row["grade"]) == (120, "min", "established")

    def test_where_nobody_watches_there_is_no_observation_time_but_a_reason(self) -> None:
        for key in ("ketamine:nasal", "ketamine:SL", "ketamine:buccal", "ketamine:oral", "ketamine:rectal"):
            _, row = practical_row(key)
            assert "observation_min" not in row
            assert "not standardised" in row["observation_text"]

    @pytest.mark.parametrize("key", EVERY_KEY)
    def test_a_price_says_for_what_or_the_row_says_that_it_is_unknown(self, key: str) -> None:
        _, row = practical_row(key)
        assert ("cost_usd" in row) != ("cost_text" in row)
        if "cost_usd" in row:
            assert row["cost_usd"]["per"] in {"session", "month"}
            assert row["cost_usd"]["unit"] == "USD"
            assert row["cost_usd"]["date"] == "undated"

    @pytest.mark.parametrize("drug", ANTIDEPRESSANTS)
    def test_the_price_of_an_antidepressant_is_unknown_not_zero(self, drug: str) -> None:
        assert practical_row(f"{drug}:oral")[1]["cost_text"] == "not in our sources"

    def test_ketamine_and_esketamine_are_schedule_three(self) -> None:
        labels = data.load("practical")["label_indications"]
        assert labels["ketamine"]["schedule_us"] == labels["esketamine"]["schedule_us"] == "III"
        assert labels["ketamine"]["approved_for"] == ["general anaesthesia (injection, 1970)"]


class TestHarms:
    @pytest.mark.parametrize("key", EVERY_KETAMINE_KEY)
    def test_every_must_have_harm_is_shown_for_every_route(self, key: str) -> None:
        drug, route = key.split(":")
        must_show = data.load("harms")["must_show"][drug]
        assert set(must_show) == MUST_SHOW
        for harm in must_show:
            rows = harm_rows(harm, drug, route)
            assert rows, harm
            for row in rows:
                assert row["frequency"].strip()
                assert row["source"].strip()

    @pytest.mark.parametrize("drug", ANTIDEPRESSANTS)
    def test_antidepressants_show_their_harms_too(self, drug: str) -> None:
        file = data.load("harms")
        must_show = file["must_show"][class_name(drug)]
        assert {"suicidality", "sexual_dysfunction", "stopping", "serotonin_syndrome"} <= set(must_show)
        for harm in must_show:
            assert harm_rows(harm, drug, "oral"), harm

    def test_a_harm_without_a_figure_says_so_and_is_never_called_absent(self) -> None:
        for harm in data.load("harms")["harm"].values():
            for row in harm["rows"]:
                words = row["frequency"].lower()
                assert words not in {"no", "none", "never", "0"}
                # A statement without any figure and without a count has to own up to it.
                if not re.search(r"\d|everyone|first five|four people", words):
                    owned_up = r"not in our sources|unknown|no figure|no change seen in its trial"
                    assert re.search(owned_up, words), words

    def test_rows_name_known_drugs_and_routes(self) -> None:
        known = set(data.load("drugs")) | {"ssri", "snri"}
        for harm in data.load("harms")["harm"].values():
            assert harm["label"]
            for row in harm["rows"]:
                assert set(row["drugs"]) <= known
                assert row["routes"] == ["*"] or set(row["routes"]) <= set(ROUTES)
                assert row["grade"] in GRADES
                assert row["checked"] in CHECKS
                assert ("comparator" in row) == ("comparator_value" in row or "comparator_low" in row)

    def test_a_route_with_own_rows_does_not_show_the_general_one(self) -> None:
        assert all(row["routes"] != ["*"] for row in harm_rows("dissociation", "esketamine", "nasal"))
        general = harm_rows("dissociation", "esketamine", "IV")
        assert [row["routes"] for row in general] == [["*"]]
        assert "not in our sources" in general[0]["frequency"]

    @pytest.mark.parametrize("drug", [*KETAMINES, "ssri", "snri"])
    def test_contraindications_and_interactions_are_listed_with_sources(self, drug: str) -> None:
        file = data.load("harms")
        assert all(row["text"] and row["source"] for row in file["contraindications"][drug])
        assert all(row["with"] and row["effect"] and row["source"] for row in file["interactions"][drug])

    def test_stop_signs_of_the_esketamine_label_are_listed(self) -> None:
        words = " ".join(row["text"] for row in data.load("harms")["contraindications"]["esketamine"])
        for sign in ("aneurysm", "arteriovenous", "bleeding in the brain", "allergy", "under 18"):
            assert sign in words


class TestEvidence:
    @pytest.mark.parametrize("indication", INDICATIONS)
    @pytest.mark.parametrize("key", EVERY_KEY)
    def test_every_option_has_an_evidence_row(self, indication: str, key: str) -> None:
        _, row = evidence_row(indication, key)
        assert row["certainty"] in CERTAINTIES
        assert row["reasons"]
        assert all(row["reasons"])
        assert set(row["flags"]) <= set(data.load("evidence_summary")["flag"])

    def test_trials_and_people_are_the_sum_of_the_trials_that_are_named(self) -> None:
        file = data.load("evidence_summary")
        groups = file["evidence"].items()
        rows = [(f"{ind}.{key}", row) for ind, group in groups for key, row in group.items()]
        assert len(rows) > 30
        for where, row in rows:
            pooled = row.get("counted_trials", {})
            assert row["trials"] == sum(pooled.get(name, 1) for name in row["counted"]), where
            assert row["participants"] == sum(row["counted"].values()), where
            assert not set(row["counted"]) & set(row.get("not_counted", {})), where
            assert not set(row["counted"]) & set(row.get("open_label", [])), where
            named = set(row.get("key_trials", [])) | set(row.get("comparator_trials", []))
            assert set(row["counted"]) <= named, where

    def test_certainty_and_count_fit_together(self) -> None:
        for group in data.load("evidence_summary")["evidence"].values():
            for key, row in group.items():
                if row["certainty"] == "no evidence":
                    assert row["trials"] == 0, key
                if row["certainty"] in {"low", "moderate", "high"}:
                    assert row["trials"] > 0, key

    @pytest.mark.parametrize("indication", INDICATIONS)
    @pytest.mark.parametrize("key", EVERY_KETAMINE_KEY)
    def test_an_option_without_trials_says_whose_benefit_it_borrows(self, indication: str, key: str) -> None:
        _, row = evidence_row(indication, key)
        if row["trials"] == 0:
            assert row["borrowed_from"]
            assert row["flags"]

    @pytest.mark.parametrize("indication", INDICATIONS)
    @pytest.mark.parametrize("key", EVERY_KETAMINE_KEY)
    def test_the_chain_of_borrowing_ends(self, indication: str, key: str) -> None:
        file = data.load("evidence_summary")
        for _ in range(5):
            _, row = evidence_row(indication, key)
            if not row.get("borrowed_from"):
                assert row["trials"] > 0
                return
            place, target = row["borrowed_from"][0].split("/")
            if place == "node":
                assert target in file["node"]
                return
            indication, key = (indication if place == "same" else place), target
        raise AssertionError(f"{indication} {key} borrows in a circle")

    @pytest.mark.parametrize("indication", ["gad", "sad"])
    def test_the_trial_shared_by_gad_and_sad_is_flagged_in_both(self, indication: str) -> None:
        _, row = evidence_row(indication, "ketamine:SC")
        assert "glue2020" in row["counted"]
        assert "shared_sample" in row["flags"]

    def test_the_null_ptsd_trial_is_counted_and_flagged(self) -> None:
        _, row = evidence_row("ptsd", "ketamine:IV")
        assert row["counted"]["abdallah2022"] == 158
        assert "null_trial" in row["flags"]
        assert row["not_counted"]["pradhan2017"] == "overlaps Pradhan 2018"

    @pytest.mark.parametrize("indication", ["gad", "sad", "ptsd"])
    def test_no_esketamine_trial_stands_under_anxiety_or_ptsd(self, indication: str) -> None:
        for route in ROUTES:
            _, row = evidence_row(indication, f"esketamine:{route}")
            assert row["trials"] == 0
            assert row["participants"] == 0
            assert row["borrowed_from"] == ["mdd/esketamine:nasal"]
            assert "extrapolated_from_depression" in row["flags"]

    @pytest.mark.parametrize("indication", ["gad", "sad", "ptsd", "ocd"])
    def test_ssri_counts_say_that_they_are_a_subset(self, indication: str) -> None:
        key, row = evidence_row(indication, "escitalopram:oral")
        assert key == "ssri:oral"
        assert "subset" in row["flags"]

    def test_rectal_ketamine_has_no_trial_anywhere(self) -> None:
        for indication in INDICATIONS:
            key, row = evidence_row(indication, "ketamine:rectal")
            assert key == "default.ketamine"
            assert row["certainty"] == "no evidence"

    def test_nodes_used_by_the_indications_and_the_summary_have_one_name(self) -> None:
        assert effects("gad", node="mixed_sample_anxiety")
        assert data.load("evidence_summary")["node"]["mixed_sample_anxiety"]["trials"] == 14
