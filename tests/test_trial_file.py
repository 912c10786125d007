"""Which trials are fitted, and that every figure of the fit is one outcome row and nothing that was typed in."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from scipy import stats

from ketascope.data import load
from ketascope.errors import InputError
from ketascope.evidence.studies import tables
from ketascope.evidence.studies.tables import outcome, studies
from ketascope.evidence.symptom_trials import trial_file
from ketascope.evidence.symptom_trials.trial_file import (
    MEASURES,
    PLACEBO_OF,
    Figure,
    Trial,
    assumptions,
    find_outcome,
    left_out_reasons,
    load_trials,
    published_estimate,
)
from ketascope.regimen import parse
from trial_fixtures import change_file, change_outcomes, figures, trial

FITTED = load_trials()
HELD = load_trials(check=True)
ALL = (*FITTED, *HELD)


def rows_of(item: Trial) -> tuple[Figure, ...]:
    return (*item.rows, *item.checks)


def from_a_table(name: str) -> bool:
    return ":" in name


def typed_rows(key: str) -> list[dict[str, Any]]:
    raw = trial_file._raw()[key]
    return [*raw["rows"], *raw.get("checks", ())]


# --- which trials, and that each counts once -----------------------------------------------------------


def test_fit_and_checks_have_names_of_their_own_and_what_they_need() -> None:
    names = [item.key for item in ALL]
    assert len(names) == len(set(names))
    assert len(FITTED) >= 25
    for item in ALL:
        assert item.scale in load("scales"), item.key
        assert PLACEBO_OF.get(item.indication, item.indication) in load("indications"), item.key
        assert item.rows, item.key
        assert item.check == (item in HELD)
        for arm in item.arms.values():
            for sentence in arm.sentences:
                assert parse(sentence).doses(70.0), (item.key, sentence)
            assert arm.control_of is None or item.arms[arm.control_of].sentences, (item.key, arm.name)
            assert not (arm.sentences and arm.control_of), "an arm is treated or a control"


def test_every_row_is_of_arms_that_the_trial_has() -> None:
    for item in ALL:
        for row in rows_of(item):
            assert row.arm in item.arms, (item.key, row)
            assert row.against is None or row.against in item.arms, (item.key, row)
            assert row.against != row.arm
            needs_two = row.kind in ("followup", "difference", "smd", "bound", "share")
            assert (row.against is not None) == needs_two, (item.key, row)


def test_a_trial_counts_once_in_the_fit_under_whatever_name_it_stands_in_the_tables() -> None:
    owner: dict[str, str] = {}
    for item in FITTED:
        found = {outcome(name).study for row in item.rows for name in row.outcomes if from_a_table(name)}
        for key in {studies()[study].trial_key for study in found}:
            assert owner.setdefault(key, item.key) == item.key, f"{key} counts in {owner[key]} and {item.key}"
    assert len(owner) >= 25


def test_what_a_pool_of_trials_holds_is_not_in_the_fit_again() -> None:
    keys = {
        studies()[outcome(row.outcomes[0]).study].trial_key for item in FITTED for row in item.rows if not item.pooled
    }
    for item in FITTED:
        for row in (row for row in item.rows if not item.pooled):
            held = set(studies()[outcome(row.outcomes[0]).study].within)
            if item.key == "transform12":  # its rows are of TRANSFORM-1 and -2; the third has rows of its own
                assert "T3" not in outcome(row.outcomes[0]).arm
                held -= {"ESK_OchsRoss2020"}
            assert not held & keys, (item.key, held & keys)


def test_no_outcome_row_counts_twice_in_the_fit() -> None:
    counted = Counter(name for item in FITTED for row in item.rows for name in row.outcomes)
    baselines = {name for name in counted if from_a_table(name) and outcome(name).measure == "baseline"}
    assert [name for name, times in counted.items() if times > 1 and name not in baselines] == []


def test_a_trial_left_out_of_the_fit_is_known_says_why_and_is_in_no_row() -> None:
    used = {outcome(name).study for item in ALL for row in rows_of(item) for name in row.outcomes if from_a_table(name)}
    assert left_out_reasons()
    for study, why in left_out_reasons().items():
        assert studies()[study].kind in ("controlled", "crossover"), study
        assert study not in used, study
        assert len(why) > 20, study


def test_only_two_published_pools_count_and_their_trials_left_their_node() -> None:
    pools = [item for item in FITTED if item.pooled]
    assert [item.key for item in pools] == ["hartland2023", "borgogna2024"]
    assert {item.indication for item in pools} == {"anxiety_mixed"}
    assert [item.key for item in FITTED if item.indication == "anxiety_mixed"] == [item.key for item in pools]
    for item in FITTED:
        assert item.pooled == all(not from_a_table(name) for row in item.rows for name in row.outcomes), item.key


def test_checks_of_a_fitted_trial_are_other_figures_than_the_fitted_ones() -> None:
    for item in FITTED:
        fitted = {name for row in item.rows for name in row.outcomes}
        assert not fitted & {name for row in item.checks for name in row.outcomes}, item.key
    assert sum(bool(item.checks) for item in FITTED) == 3
    assert not any(item.checks for item in HELD)


# --- one outcome row for each figure -------------------------------------------------------------------


def test_every_figure_is_one_outcome_row_of_the_right_kind_and_none_is_from_memory() -> None:
    for item in ALL:
        for row in rows_of(item):
            expected = 4 if row.kind == "followup" else 1
            assert len(row.outcomes) == expected, (item.key, row)
            for name in row.outcomes:
                if not from_a_table(name):
                    assert published_estimate(name).verified in ("text", "secondary"), name
                    continue
                found = outcome(name)
                assert found.verified in ("text", "secondary"), name
                wanted = ("baseline",) if found.measure == "baseline" else MEASURES[row.kind]
                assert found.measure in wanted, name
                assert row.kind == "followup" or found.measure != "baseline", name


def test_every_figure_is_what_its_row_prints() -> None:
    for item in ALL:
        for row in rows_of(item):
            if row.kind in ("followup", "bound") or not from_a_table(row.outcomes[0]):
                continue
            printed = outcome(row.outcomes[0])
            assert printed.value is not None
            if row.kind == "responders":
                assert row.value == round(row.value)
                assert 0 <= row.value <= row.n
                assert 100.0 * row.value / row.n == pytest.approx(printed.value, abs=max(0.5, 50.0 / row.n)), row
            else:
                assert row.value == (printed.value / 100.0 if row.kind == "share" else printed.value)
            assert printed.n is None or row.kind == "share" or row.n == printed.n, row


def test_errors_are_positive_numbers_where_a_figure_needs_one() -> None:
    for item in ALL:
        for row in rows_of(item):
            if row.kind in ("responders", "share"):
                assert math.isnan(row.error)
            else:
                assert 0.0 < row.error < 10.0, (item.key, row)
            assert row.kind == "change" or row.sd is None


def test_a_typed_number_of_people_says_why() -> None:
    for item in ALL:
        for row in typed_rows(item.key):
            assert ("n_why" in row) == ("n" in row), (item.key, row)
            assert "n_against" not in row or "n" in row


def changed_value(kind: str, name: str) -> dict[str, float]:
    row = outcome(name)
    assert row.value is not None
    if kind == "responders" and row.events is not None:
        return {"events": row.events + 1}
    return {"value": row.value + (5.0 if kind == "responders" else 1.0)}


@pytest.mark.parametrize("item", ALL, ids=lambda item: item.key)
def test_a_changed_outcome_row_changes_its_figure_and_no_other(item: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = trial_file._raw()[item.key]
    before = rows_of(item)
    names = {name: row.kind for row in before for name in row.outcomes if from_a_table(name) and row.kind != "bound"}
    for name, kind in names.items():
        with monkeypatch.context() as patch:
            change_outcomes(patch, {name: changed_value(kind, name)})
            after = rows_of(trial_file._trial(item.key, raw))
        assert len(after) == len(before)
        for old, new in zip(before, after, strict=True):
            assert (old.value != new.value) == (name in old.outcomes), (name, old)


@pytest.mark.parametrize(
    ("key", "index", "cells", "factor"),
    [
        ("singh2016", 0, {"spread_high": 24.0}, 2.0),  # an SD: 12.0
        ("daly2018", 0, {"spread_high": 3.52}, 2.0),  # a standard error: 1.76
        ("murrough2013", 0, {"n": 188}, 0.5),  # no spread: the indication's SD over the root of 47 people
        ("feder2021", 0, {"spread_high": 7.92}, 2.0),  # a difference with a standard error: 3.96
        ("lapidus2014", 0, {"spread_low": -15.0, "spread_high": -0.2}, 2.0),  # with an interval: -11.3 to -3.9
        ("slee_and_firstline", 0, {"spread_low": -5.2, "spread_high": -1.2}, 2.0),  # credible: -4.2 to -2.2
        ("kishimoto2016", 0, {"spread_low": -1.55, "spread_high": -0.45}, 2.0),  # standardised: -1.28 to -0.73
    ],
)
def test_a_changed_spread_changes_the_error(
    key: str, index: int, cells: dict[str, float], factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = trial(key).rows[index]
    change_outcomes(monkeypatch, {before.outcomes[0]: cells})
    after = trial(key).rows[index]
    assert after.error == pytest.approx(factor * before.error)
    assert after.value == before.value


def test_a_changed_published_pool_changes_its_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tuple(
        replace(row, estimate=0.5, ci_low=0.3, ci_high=0.7) if row.meta_id == "borgogna2024_24h" else row
        for row in tables.published()
    )
    monkeypatch.setattr(trial_file, "published", lambda: changed)
    (row,) = trial("borgogna2024").rows
    assert row.value == -0.5, "printed with positive favouring ketamine; here a fall is negative"
    assert row.error == pytest.approx(0.4 / (2.0 * 1.959964), rel=1e-6)
    assert trial("hartland2023").rows[0].value == -1.17


# --- how a figure follows ------------------------------------------------------------------------------


def test_difference_at_follow_up_is_adjusted_for_unequal_baselines_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """SDs 8 and 6 after, 3 and 4 before: slope 0.5 sqrt(100/25) = 1; variance 0.75 (64/25 + 36/16)."""
    row = figures("lii2023", "followup")[0]
    cells = [(12.0, 8.0, 25), (15.0, 6.0, 16), (30.0, 3.0, 20), (28.0, 4.0, 19)]
    changes = {
        name: {"value": mean, "spread_high": sd, "n": n}
        for name, (mean, sd, n) in zip(row.outcomes, cells, strict=True)
    }
    change_outcomes(monkeypatch, changes)
    assert assumptions()["correlation_with_baseline"] == 0.5
    adjusted = figures("lii2023", "followup")[0]
    assert adjusted.value == pytest.approx((12.0 - 15.0) - 1.0 * (30.0 - 28.0))
    assert adjusted.error == pytest.approx(math.sqrt(0.75 * (64.0 / 25 + 36.0 / 16)))
    assert adjusted.n == 41


def test_follow_up_figures_take_the_baseline_of_their_own_arm_and_scale() -> None:
    for row in figures("lii2023", "followup"):
        after, control, before, control_before = (outcome(name) for name in row.outcomes)
        assert (after.arm, control.arm) == ("ketamine", "placebo")
        for late, early in ((after, before), (control, control_before)):
            assert (late.measure, early.measure) == ("mean", "baseline")
            assert (late.arm, late.scale) == (early.arm, early.scale) == (late.arm, "MADRS")
            assert (late.time_h, early.time_h) == (row.time_h, 0.0)


@pytest.mark.parametrize(("key", "sizes"), [("abdallah2022", (51, 54)), ("friedman2007", (86, 83))])
def test_a_null_trial_is_bounded_by_what_its_t_test_would_just_not_have_called_significant(
    key: str, sizes: tuple[int, int]
) -> None:
    (row,) = figures(key, "bound")
    test = stats.ttest_ind_from_stats(row.value, 1.0, sizes[0], 0.0, 1.0, sizes[1])
    assert test.pvalue == pytest.approx(0.05, abs=1e-9)
    assert row.error == pytest.approx(math.sqrt(1.0 / sizes[0] + 1.0 / sizes[1]))
    assert row.n == sum(sizes)


def test_a_bound_follows_from_the_people_of_its_arms(monkeypatch: pytest.MonkeyPatch) -> None:
    (before,) = figures("abdallah2022", "bound")
    assert before.value == pytest.approx(0.39, abs=0.005)
    whole = trial_file.arms
    monkeypatch.setattr(trial_file, "arms", lambda name: tuple(replace(arm, n=4 * (arm.n or 0)) for arm in whole(name)))
    (after,) = figures("abdallah2022", "bound")
    assert after.error == pytest.approx(before.error / 2.0)
    assert after.value < 0.51 * before.value


def test_an_error_from_a_p_value_gives_that_p_value_back() -> None:
    for key, index in (("asakura2016", 0), ("fava2020", 0)):
        row = trial(key).rows[index]
        p = outcome(row.outcomes[0]).p_value
        assert 2.0 * stats.norm.sf(abs(row.value) / row.error) == pytest.approx(p, rel=1e-6)


def test_the_dose_without_a_p_value_takes_the_error_of_the_one_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ten, twenty = trial("asakura2016").rows
    assert outcome(twenty.outcomes[0]).p_value is None
    assert ten.error == twenty.error
    change_outcomes(monkeypatch, {ten.outcomes[0]: {"p_value": 0.0455003}})
    ten, twenty = trial("asakura2016").rows
    assert ten.error == twenty.error == pytest.approx(abs(ten.value) / 2.0, rel=1e-4)


def test_an_arm_without_a_spread_borrows_the_sd_of_a_trial_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    row = trial("takahashi2021").rows[0]
    women = next(item for item in tables.outcomes("ESK_Sex2022") if item.arm == "T1/2 women: esketamine + AD")
    lender = next(
        item
        for item in tables.outcomes("ESK_Sex2022")
        if (item.arm, item.measure, item.time_h) == (women.arm, "change", row.time_h)
    )
    assert row.error == pytest.approx(13.19 / math.sqrt(41))
    assert row.imputed
    assert row.sd is None, "a borrowed SD says nothing of this trial's own spread"
    change_outcomes(monkeypatch, {lender.outcome_id: {"spread_high": 26.38}})
    assert trial("takahashi2021").rows[0].error == pytest.approx(2.0 * row.error)


def test_an_arm_without_any_spread_has_its_indications_on_the_scale_of_the_trial() -> None:
    gad = load("indications")["gad"]["endpoint_sd"]["value"]
    row = trial("allgulander2004").rows[0]
    assert row.error == pytest.approx(gad / math.sqrt(182))
    assert row.imputed
    ptsd, scales = load("indications")["ptsd"]["endpoint_sd"]["value"], load("scales")
    assert trial_file._endpoint_sd({"indication": "ptsd", "scale": "caps_2"}) == pytest.approx(
        ptsd * scales["caps_2"]["maximum"] / scales["caps_5"]["maximum"]
    )
    mixed = trial_file._endpoint_sd({"indication": "anxiety_mixed", "scale": "ham_a"})
    assert mixed == gad, "mixed samples stand on the numbers of GAD"


def test_a_difference_without_any_spread_has_that_of_two_groups_of_the_printed_sizes() -> None:
    first, second = trial("janik2025").rows
    mdd = load("indications")["mdd"]["endpoint_sd"]["value"]
    assert first.error == pytest.approx(mdd * math.sqrt(1 / 86 + 1 / 197))
    assert second.error == pytest.approx(mdd * math.sqrt(1 / 95 + 1 / 197))
    assert first.imputed
    assert (first.n, second.n) == (283, 292)


def test_people_typed_for_want_of_print_turn_a_percentage_into_a_count() -> None:
    drug, placebo = figures("brawmanmintzer2006", "responders")
    assert (drug.value, drug.n) == (round(0.592 * 163), 163)
    assert (placebo.value, placebo.n) == (round(0.482 * 163), 163)


def test_baseline_is_the_mean_over_people_of_what_the_trial_prints_on_its_scale() -> None:
    assert trial("lii2023").baseline == pytest.approx((20 * 25.1 + 19 * 29.9) / 39)
    assert trial("allgulander2004").baseline == 25.0
    assert trial("davidson2004").baseline is None, "prints none"
    assert trial("hartland2023").baseline is None, "a pool has none"


def test_windows_are_the_row_s_times_in_order() -> None:
    ever = trial("taylor2018").rows[0]
    assert ever.window_h == (168.0, 240.0, 336.0)
    pooled = trial("hartland2023").rows
    assert [row.time_h for row in pooled] == [2.0, 24.0, 252.0]
    assert pooled[1].window_h == (24.0,)
    for item in ALL:
        for row in rows_of(item):
            assert list(row.window_h) == sorted(set(row.window_h)), item.key
            assert row.window_h[0] <= row.time_h <= row.window_h[-1], item.key
    (share,) = trial("taylor2006").rows
    assert (share.time_h, share.of_time_h, share.value) == (168.0, 1008.0, 0.33)


# --- what is refused -----------------------------------------------------------------------------------


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(InputError) as refused:
        work()
    message = str(refused.value)
    assert "\n" not in message
    assert message.startswith("calibration_trials.toml: ")
    return message.removeprefix("calibration_trials.toml: ")


def test_an_unknown_control_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    change_file(monkeypatch, "feder2021", control="sham")
    assert refusal(load_trials) == "feder2021 has control 'sham'; known: inert, active, masked, pill, mixed"


def test_an_unknown_kind_of_row_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    own = change_file(monkeypatch, "feder2021")
    own["rows"][0]["kind"] = "delta"
    assert refusal(load_trials).startswith("feder2021 has a row of kind 'delta'; known: change, followup, difference")


@pytest.mark.parametrize("cell", ["outcome_arm", "outcome_scale", "outcome_definition"])
def test_a_row_that_names_no_outcome_is_refused(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = change_file(monkeypatch, "feder2021")
    own["rows"][0][cell] = "nothing like it"
    arm = own["rows"][0]["outcome_arm"]
    expected = f"feder2021 names feder2021 '{arm}' difference at 336 h, and 0 outcome rows fit; it must be one"
    assert refusal(load_trials) == expected


def test_a_row_at_a_time_without_outcome_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    own = change_file(monkeypatch, "rodriguez2013")
    own["rows"][0]["outcome_time_h"] = 169
    assert "'ket' responders at 169 h, and 0 outcome rows fit" in refusal(load_trials)


def test_a_row_that_names_two_outcomes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    two = tables.outcomes("rodriguez2013")[0]
    monkeypatch.setattr(trial_file, "outcomes", lambda name=None: (two, replace(two, outcome_id="again")))
    row = typed_rows("rodriguez2013")[0]
    assert "and 2 outcome rows fit; it must be one" in refusal(
        lambda: find_outcome("rodriguez2013", row, "responders", "ket")
    )


def test_a_row_known_from_memory_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    change_outcomes(monkeypatch, {trial("feder2021").rows[0].outcomes[0]: {"verified": "recall"}})
    assert "and 0 outcome rows fit" in refusal(load_trials)


def test_an_unknown_study_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    own = change_file(monkeypatch, "feder2021")
    own["rows"][0]["study"] = "feder2022"
    with pytest.raises(InputError, match="unknown study 'feder2022'; did you mean 'feder2021'"):
        load_trials()


@pytest.mark.parametrize("name", ["hartland2023_soon", "whittaker2021_sad"])
def test_a_pool_that_is_not_there_or_is_no_standardised_difference_is_refused(name: str) -> None:
    assert refusal(lambda: published_estimate(name)) == f"'{name}' is no published pooled standardised difference"


def test_a_pool_known_from_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    remembered = tuple(replace(row, verified="recall") for row in tables.published())
    monkeypatch.setattr(trial_file, "published", lambda: remembered)
    assert refusal(lambda: published_estimate("hartland2023_acute")).startswith("'hartland2023_acute' is no published")


def test_an_sd_borrowed_where_there_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    own = change_file(monkeypatch, "davidson2006")
    lender = trial_file.outcomes("PTSD_Martenyi2007")[2]
    change_outcomes(monkeypatch, {lender.outcome_id: {"spread": "", "spread_high": None}})
    assert own["rows"][0]["sd_like"]["arm"] == lender.arm
    assert refusal(load_trials) == f"davidson2006 borrows an SD from {lender.outcome_id}, which has none"


@pytest.mark.parametrize(
    ("key", "dropped"),
    [("singh2016", ("n",)), ("brawmanmintzer2006", ("n",)), ("janik2025", ("n",)), ("janik2025", ("n", "n_against"))],
)
def test_a_row_without_people_is_refused(key: str, dropped: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    own = change_file(monkeypatch, key)
    for cell in dropped:
        del own["rows"][0][cell]
    assert refusal(load_trials) == f"{key} has a row without people; add n and n_why"


def test_a_bound_of_arms_without_people_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_file, "arms", lambda name: ())
    change_file(monkeypatch, "abdallah2022")
    assert refusal(load_trials) == "abdallah2022 has a row without people; add n and n_why"


@pytest.mark.parametrize(
    ("key", "place", "cell"),
    [
        ("singh2016", 0, "value"),
        ("daly2018", 0, "spread_high"),
        ("lapidus2014", 0, "spread_low"),
        ("lii2023", 0, "value"),
        ("lii2023", 1, "spread_high"),
        ("lii2023", 2, "value"),
        ("brawmanmintzer2006", 0, "value"),
        ("taylor2006", 0, "value"),
        ("asakura2016", 0, "p_value"),
    ],
)
def test_a_figure_that_is_not_printed_is_refused(
    key: str, place: int, cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = trial(key).rows[0]
    name = first.outcomes[place]
    if key == "asakura2016":  # its second dose points at the p value of the first
        change_file(monkeypatch, key, rows=trial_file._raw()[key]["rows"][1:])
    else:
        change_file(monkeypatch, key, check=False)
    change_outcomes(monkeypatch, {name: {cell: None}})
    assert refusal(load_trials) == f"{key} needs the {cell} of {name}, which has none"


def test_a_follow_up_without_baseline_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    row = trial("lii2023").rows[0]
    change_file(monkeypatch, "lii2023")
    remembered = {
        item.outcome_id: {"verified": "recall"} for item in tables.outcomes("KET_Lii2023") if item.measure == "baseline"
    }
    change_outcomes(monkeypatch, remembered)
    assert refusal(load_trials) == f"lii2023 needs the baseline of {row.outcomes[0]}, and there is none"


# --- assumptions ---------------------------------------------------------------------------------------


def test_assumptions_say_unit_source_and_grade() -> None:
    rows = trial_file._raw()["assumptions"]
    expected = {"correlation_between_times", "correlation_with_baseline", "pooled_estimate_weight", "spread_misfit"}
    assert set(rows) == expected
    for name, row in rows.items():
        assert set(row) == {"value", "unit", "source", "grade"}, name
        assert 0.0 < row["value"] < 1.0
        assert row["grade"] == "assumed"
        assert len(row["unit"]) > 5
        assert len(row["source"]) > 10
        assert assumptions()[name] == row["value"]


def test_ketamine_trials_are_those_with_a_dose_of_it() -> None:
    assert trial("daly2018").is_ketamine
    assert trial("transform3").is_ketamine
    assert not trial("stein2007").is_ketamine
    assert {item.control for item in FITTED if not item.is_ketamine} == {"pill"}
    assert all(item.control != "pill" for item in FITTED if item.is_ketamine)
