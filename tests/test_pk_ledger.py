"""The observed table keeps its contract; the ledger holds the model against it by the stated arithmetic."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys
from collections import Counter
from importlib import resources
from typing import Any

import numpy as np
import pytest

from ketascope.errors import InputError
from ketascope.evidence import pk_ledger, pk_observed
from ketascope.evidence.pk_observed import ANALYTES, FOLD_ERROR_KINDS, load, parse_table

MG_PER_MG_SALT = 0.867
GRAMS_PER_MOL = {"hydroxynorketamine": 239.70, "dehydronorketamine": 221.69, "norketamine": 223.70, "ketamine": 237.73}


def packaged_text() -> str:
    return (resources.files("ketascope.evidence") / "data" / "pk_observed.csv").read_text(encoding="utf-8")


def table_with(row_id: str, changes: dict[str, str]) -> str:
    """The packaged table with some cells of one row replaced."""
    rows = list(csv.DictReader(io.StringIO(packaged_text())))
    for row in rows:
        if row["row_id"] == row_id:
            row.update(changes)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def study_of(row_id: str) -> str:
    return row_id.split("-")[0]


# --- the table ------------------------------------------------------------------------------------


def test_no_row_of_the_facts_is_lost_or_used_by_accident() -> None:
    rows = load()
    assert len(rows) == 435
    assert len({row.row_id for row in rows}) == 435
    assert len({row.study for row in rows}) == 33
    assert sum(row.used for row in rows) == 184
    assert sum(row.compared and not row.used for row in rows) == 52
    assert Counter(row.verified for row in rows) == {"secondary": 272, "text": 162, "recall": 1}


def test_used_rows_by_study_and_kind_are_the_ones_counted_by_hand() -> None:
    used = [row for row in load() if row.used]
    assert Counter(study_of(row.row_id) for row in used) == {
        "kamp2020": 103,
        "hasan2021": 23,
        "otto2021": 16,
        "simons2022": 14,
        "chong2006": 8,
        "traumaiv": 8,
        "singh2022": 6,
        "yanagihara2003": 2,
        "traumaim": 2,
        "zarate2006": 1,
        "grant1981": 1,
    }
    assert Counter(row.statistic_kind for row in used) == {"concentration": 141, "cmax": 26, "auc": 17}
    assert {row.statistic_kind for row in used} <= set(FOLD_ERROR_KINDS)


def test_every_row_that_is_not_used_says_why_and_no_used_row_does() -> None:
    for row in load():
        assert bool(row.why_not) != row.used, row.row_id
    reasons = Counter(row.why_not for row in load() if not row.used)
    assert reasons.total() == 251
    assert reasons.total() / len(reasons) >= 134 / 20, "a reason is a category, so that a reader can count"


@pytest.mark.parametrize(
    ("reason", "rows"),
    [
        ("output of a published model", 72),
        ("children", 21),
        ("hydroxynorketamine is not in the model", 0),
        ("dehydronorketamine is not in the model", 39),
        ("conflicts fivefold", 9),
        ("infusion time of the IV dose is not given", 5),
        ("bioavailability: compared apart", 18),
        ("time of the peak: compared", 21),
        ("ratio of areas: compared apart", 7),
        ("clearance is derived", 8),
        ("inhaled", 5),
        ("the window of the area is not given", 7),
        ("recall", 1),
    ],
)
def test_reasons_cover_the_rows_they_should(reason: str, rows: int) -> None:
    assert sum(reason in row.why_not for row in load()) == rows


def test_figures_from_recall_and_from_models_are_never_compared() -> None:
    barred = [row for row in load() if row.verified == "recall" or row.statistic.startswith("model-based")]
    assert len(barred) == 73
    assert {row.study for row in barred if row.verified != "recall"} == {"Perez-Ruixo 2021"}
    assert not any(row.compared or row.used for row in barred)


def test_every_row_keeps_a_source_and_a_check_grade() -> None:
    for row in load():
        assert row.source
        assert row.verified in pk_observed.CHECK_GRADES


def expected_norm(row: pk_observed.ObservedRow) -> float:
    """The conversion of the README, written a second time."""
    value = float(row.value)
    mass = next(grams for name, grams in GRAMS_PER_MOL.items() if name in row.analyte)
    factor = {
        "ng/mL": 1.0,
        "ug/L": 1.0,
        "nmol/mL": mass,
        "umol/L": mass,
        "min": 1 / 60,
        "h": 1.0,
        "ng*min/mL": 1 / 60,
        "ng*h/mL": 1.0,
        "percent": 0.01,
        "%": 0.01,
        "fraction": 1.0,
        "mg/L": 1000.0,
        "ug/mL": 1000.0,
        "ug*h/L": 1.0,
        "mL/min": 60 / 1000,
        "mL/min/kg": 60 / 1000 * 70,
        "L/min/kg": 60 * 70,
        "L/h": 1.0,
        "L": 1.0,
        "ratio": 1.0,
        "ug*h/L/mg": float(row.dose) if row.unit.endswith("/mg") else math.nan,
    }[row.unit]
    return value * factor * (2.0 if "each enantiomer" in row.analyte else 1.0)


def test_every_single_figure_is_converted_and_the_conversion_holds_within_rounding() -> None:
    converted = [row for row in load() if row.value_norm is not None]
    assert len(converted) == 426
    for row in converted:
        assert row.value_norm == pytest.approx(expected_norm(row), rel=5e-3), row.row_id
    for row in load():
        if row.value_norm is None:
            assert not row.compared
            if "misprint" not in row.why_not:
                with pytest.raises(ValueError, match="could not convert"):
                    float(row.value)


def test_salt_is_turned_into_base() -> None:
    persson = next(row for row in load() if row.row_id == "persson2002-01")
    lapidus = next(row for row in load() if row.row_id == "lapidus2014-01")
    for row, salt_mg in ((persson, 7.0), (lapidus, 50.0)):
        assert "hydrochloride" in row.conversion_note
        assert float(row.sentence.split()[1]) == pytest.approx(salt_mg * MG_PER_MG_SALT, rel=2e-3)


def test_sampling_sites_are_the_stated_ones_and_unstated_ones_are_said_aloud() -> None:
    for row in load():
        if row.sampling_used == "arterial":
            assert row.sampling == "arterial"
        elif row.sampling_used == "venous":
            assert row.sampling in ("venous", "venous serum", "central venous")
        elif row.compared and row.statistic_kind != "cl":
            # A clearance has no site: the whole area is the same in either plasma (test_pk_ledger_models.py).
            assert "predicted as venous" in row.conversion_note, row.row_id


def test_every_compared_row_has_a_sentence_that_says_what_the_columns_say() -> None:
    from ketascope.regimen import parse

    for row in load():
        if not row.sentence:
            assert not row.compared
            continue
        regimen = parse(row.sentence)
        doses = regimen.doses(row.weight_kg or 70.0)
        assert str(parse(str(regimen))) == str(regimen)
        assert row.route_key in {dose.route for dose in doses}
        main = [dose for dose in doses if dose.route == row.route_key]
        if row.infusion_min == "0.17":
            assert all(dose.duration_h == 0 for dose in main), "ten seconds are a push"
        elif row.infusion_min not in ("", "0"):
            assert sum(dose.duration_h * 60 for dose in main) == pytest.approx(float(row.infusion_min))
        stated = row.dose if row.dose_unit in ("mg", "mg base", "mg racemate") else ""
        if stated and "-" not in stated:
            assert sum(dose.amount_mg for dose in main) == pytest.approx(float(stated))
        drugs = {"esketamine": "esketamine", "S-ketamine": "esketamine"}
        assert {dose.drug for dose in doses} == {drugs.get(row.drug, "ketamine")}


def test_the_kamp_infusion_is_three_steps_of_an_hour() -> None:
    from ketascope.regimen import parse

    row = next(row for row in load() if row.row_id == "kamp2020-01")
    doses = parse(row.sentence).doses(70.0)
    assert [(dose.time_h, dose.duration_h) for dose in doses] == [(0, 1), (1, 1), (2, 1)]
    assert [dose.amount_mg for dose in doses] == pytest.approx([0.14 * 70, 0.28 * 70, 0.57 * 70])


# --- the contract ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row_id", "changes", "words"),
    [
        ("kamp2020-02", {"row_id": "kamp2020-01"}, ["row 3", "kamp2020-01", "row 2"]),
        ("kamp2020-01", {"row_id": ""}, ["row 2", "row_id"]),
        ("kamp2020-01", {"source": ""}, ["row 2", "source"]),
        ("kamp2020-01", {"verified": "rumour"}, ["row 2", "verified", "rumour", "secondary"]),
        ("kamp2020-01", {"statistic_kind": "peak"}, ["row 2", "statistic_kind", "peak", "cmax"]),
        ("kamp2020-01", {"unit_norm": "mg/L"}, ["row 2", "unit_norm", "mg/L", "ng/mL"]),
        ("kamp2020-01", {"sampling_used": "capillary"}, ["row 2", "sampling_used", "venous"]),
        ("kamp2020-01", {"route_key": "inhaled"}, ["row 2", "route_key", "inhaled", "nasal"]),
        ("kamp2020-01", {"value_norm": "-3"}, ["row 2", "value_norm", "-3", "positive"]),
        ("kamp2020-01", {"value_norm": "0"}, ["row 2", "value_norm", "positive"]),
        ("kamp2020-01", {"value_norm": "nan"}, ["row 2", "value_norm", "positive"]),
        ("kamp2020-01", {"value_norm": "many"}, ["row 2", "value_norm", "many"]),
        ("kamp2020-01", {"value_norm": ""}, ["row 2", "value_norm", "empty"]),
        ("kamp2020-01", {"weight_kg": "inf"}, ["row 2", "weight_kg", "inf"]),
        ("kamp2020-01", {"sentence": ""}, ["row 2", "sentence"]),
        ("kamp2020-01", {"sample_time_h": ""}, ["row 2", "sample_time_h"]),
        ("kamp2020-01", {"analyte_key": "dehydronorketamine"}, ["row 2", "analyte_key"]),
        ("kamp2020-01", {"used": "maybe"}, ["row 2", "used", "maybe", "yes"]),
        ("kamp2020-01", {"used": "no"}, ["row 2", "why_not"]),
        ("kamp2020-01", {"why_not": "dislike"}, ["row 2", "why_not"]),
        ("kamp2020-01", {"compared": "no"}, ["row 2", "compared"]),
        ("kamp2020-01", {"verified": "recall"}, ["row 2", "recall"]),
        ("kamp2020-01", {"statistic_kind": "tmax", "unit_norm": "h"}, ["row 2", "statistic_kind", "tmax"]),
    ],
)
def test_a_broken_row_is_refused_in_one_line_with_its_number(
    row_id: str, changes: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(InputError) as refused:
        parse_table(table_with(row_id, changes))
    message = str(refused.value)
    assert "\n" not in message
    for word in ("pk_observed.csv", *words):
        assert word in message


def test_an_area_without_its_end_is_refused() -> None:
    row = next(row for row in load() if row.used and row.statistic_kind == "auc")
    with pytest.raises(InputError, match="auc_to_h"):
        parse_table(table_with(row.row_id, {"auc_to_h": ""}))


def test_missing_and_unknown_columns_and_short_rows_are_refused() -> None:
    text = packaged_text()
    with pytest.raises(InputError, match="column 'why_not' is missing"):
        parse_table(text.replace("why_not", "whynot", 1))
    with pytest.raises(InputError, match="column 'extra' is unknown"):
        parse_table(text.replace("conversion_note\n", "conversion_note,extra\n", 1))
    with pytest.raises(InputError, match=r"row 2.*number of cells"):
        parse_table("\n".join([text.splitlines()[0], "kamp2020-01,only two"]))


def test_a_caller_cannot_change_the_shared_table() -> None:
    rows = load()
    rows.clear()
    assert len(load()) == 435


def test_reading_the_table_starts_neither_jax_nor_numpy() -> None:
    code = (
        "import sys; from ketascope.evidence.pk_observed import load; load();"
        "print([name for name in ('jax', 'numpy', 'scipy', 'polars', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- the arithmetic -------------------------------------------------------------------------------


def synthetic(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "row_id": "x-1",
        "study": "x",
        "route": "IV",
        "analyte": "ketamine",
        "analyte_measured": "ketamine",
        "sampling": "venous",
        "statistic_kind": "cmax",
        "unit": "ng/mL",
        "observed": 100.0,
        "predicted": 100.0,
        "fold_error": 1.0,
        "in_sample": False,
        "used": True,
        "part": "training",
    }
    row |= changes
    if row["predicted"] is not None and row["fold_error"] is not None:
        row["predicted"] = row["observed"] * row["fold_error"]
    return {"predicted_by": {"pooled": row["predicted"]}} | row


def test_fold_error_is_predicted_over_observed() -> None:
    assert pk_ledger.fold_error(50.0, 100.0) == 0.5
    assert pk_ledger.fold_error(200.0, 100.0) == 2.0


def test_errors_up_and_down_add_up_in_the_fold_error_and_cancel_in_the_bias() -> None:
    assert pk_ledger.geometric_mean_fold_error([2.0, 0.5]) == pytest.approx(2.0)
    assert pk_ledger.geometric_bias([2.0, 0.5]) == pytest.approx(1.0)
    assert pk_ledger.geometric_mean_fold_error([1.0, 4.0]) == pytest.approx(2.0)
    assert pk_ledger.geometric_bias([1.0, 0.25]) == pytest.approx(0.5)


def test_limits_of_a_fold_are_within_it() -> None:
    assert pk_ledger.fraction_within([1.25, 0.8, 1.26, 0.79], 1.25) == 0.5
    assert pk_ledger.fraction_within([2.0, 0.5, 2.1, 0.4], 2.0) == 0.5


def test_the_summary_weighs_rows_equally_and_groups_by_route_analyte_site_and_part() -> None:
    summary = pk_ledger.summarise(
        [
            synthetic(fold_error=2.0, study="x"),
            synthetic(fold_error=0.5, study="y"),
            synthetic(fold_error=1.1, study="y", in_sample=True),
            synthetic(fold_error=5.0, study="z", part="test"),
            synthetic(fold_error=3.0, sampling="arterial"),
            synthetic(fold_error=4.0, analyte="norketamine"),
            synthetic(fold_error=1.5, analyte="hydroxynorketamine"),
            synthetic(fold_error=9.0, used=False, statistic_kind="tmax"),
            synthetic(fold_error=8.0, used=False, statistic_kind="f", route="IM"),
            synthetic(fold_error=None, predicted=None, used=False, statistic_kind="cl"),
        ],
        ["IV", "IM"],
    )
    keys = ("route", "analyte", "sampling", "part")
    by_group = {tuple(group[key] for key in keys): group for group in summary["groups"]}
    venous = by_group["IV", "ketamine", "venous", "training"]
    assert (venous["rows"], venous["studies"]) == (3, 2)
    figures = venous["models"]["pooled"]
    assert figures["rows"] == 3
    assert figures["gmfe"] == pytest.approx(math.exp((2 * math.log(2) + math.log(1.1)) / 3))
    assert figures["bias"] == pytest.approx(1.1 ** (1 / 3))
    assert figures["within_1_25_fold"] == pytest.approx(1 / 3)
    assert figures["within_1_5_fold"] == pytest.approx(1 / 3)
    assert figures["within_2_fold"] == 1.0
    for key, gmfe in (
        (("IV", "ketamine", "venous", "test"), 5.0),
        (("IV", "ketamine", "arterial", "training"), 3.0),
        (("IV", "norketamine", "venous", "training"), 4.0),
        (("IV", "hydroxynorketamine", "venous", "training"), 1.5),
    ):
        assert by_group[key]["models"]["pooled"]["gmfe"] == pytest.approx(gmfe)
    assert (summary["rows"], summary["used"], summary["not_used"]) == (10, 7, 3)
    assert sum(group["rows"] for group in summary["groups"]) == 7
    assert [(row["statistic_kind"], row["fold_error"]) for row in summary["beside"]] == [("tmax", 9.0), ("f", 8.0)]


def test_totals_pool_routes_and_sites_but_never_training_with_test() -> None:
    summary = pk_ledger.summarise(
        [
            synthetic(fold_error=2.0, study="x"),
            synthetic(fold_error=0.5, study="y", route="oral"),
            synthetic(fold_error=1.0, study="y", sampling="arterial"),
            synthetic(fold_error=3.0, study="z", part="test"),
            synthetic(fold_error=4.0, study="z", part="test", analyte="norketamine"),
        ]
    )
    totals = {(total["analyte"], total["part"]): total for total in summary["totals"]}
    assert set(totals) == {("ketamine", "training"), ("ketamine", "test"), ("norketamine", "test")}
    pooled = totals["ketamine", "training"]
    assert (pooled["rows"], pooled["studies"]) == (3, 2)
    assert pooled["models"]["pooled"]["gmfe"] == pytest.approx(2.0 ** (2 / 3))
    assert totals["ketamine", "test"]["models"]["pooled"]["gmfe"] == pytest.approx(3.0)


def test_a_model_that_lacks_an_analyte_is_held_to_the_rows_that_it_predicts() -> None:
    summary = pk_ledger.summarise(
        [
            synthetic(predicted_by={"pooled": 200.0, "simons": 50.0}, predicted=200.0, fold_error=2.0),
            synthetic(predicted_by={"pooled": 300.0, "simons": None}, predicted=300.0, fold_error=3.0),
        ],
        models=("pooled", "simons"),
    )
    (group,) = summary["groups"][:1]
    assert group["rows"] == 2
    assert (group["models"]["pooled"]["rows"], group["models"]["simons"]["rows"]) == (2, 1)
    assert group["models"]["simons"]["gmfe"] == pytest.approx(2.0)
    assert group["models"]["simons"]["bias"] == pytest.approx(0.5)
    lacking = pk_ledger.summarise(
        [synthetic(predicted_by={"pooled": 1.0, "simons": None})], models=("pooled", "simons")
    )
    assert lacking["groups"][0]["models"]["simons"] == {
        "rows": 0,
        "gmfe": None,
        "bias": None,
        "within_1_25_fold": None,
        "within_1_5_fold": None,
        "within_2_fold": None,
    }


def test_a_route_without_observations_is_listed_without_a_figure() -> None:
    groups = pk_ledger.summarise([synthetic()], ["IV", "SC"])["groups"]
    empty = [group for group in groups if group["route"] == "SC"]
    assert [group["analyte"] for group in empty] == ["ketamine", "norketamine"]
    for group in empty:
        assert (group["rows"], group["studies"], group["sampling"], group["part"]) == (0, 0, None, None)
        assert set(group["models"]) == set(pk_ledger.MODELS)
        for figures in group["models"].values():
            assert figures["gmfe"] is None
            assert figures["bias"] is None


@pytest.mark.parametrize("lead_h", [0.0, 6.0])
@pytest.mark.parametrize(("ka", "ke"), [(2.9, 0.1), (0.97, 0.3), (20.0, 0.05), (60.0, 5.0)])
def test_peaks_and_areas_on_the_grid_are_right_within_a_thousandth(ka: float, ke: float, lead_h: float) -> None:
    end_h = lead_h + 24.0
    times_h = pk_ledger.time_grid([lead_h], end_h, [lead_h + 8.0])
    after_h = np.maximum(times_h - lead_h, 0.0)
    conc = np.exp(-ke * after_h) - np.exp(-ka * after_h)
    peak_h = math.log(ka / ke) / (ka - ke)
    exact = (1 - math.exp(-8 * ke)) / ke - (1 - math.exp(-8 * ka)) / ka
    assert float(conc.max()) == pytest.approx(math.exp(-ke * peak_h) - math.exp(-ka * peak_h), rel=1e-3)
    assert pk_ledger.area(times_h, conc, lead_h + 8.0) == pytest.approx(exact, rel=1e-3)


def test_the_grid_holds_every_dose_and_every_sampling_time_once() -> None:
    times_h = pk_ledger.time_grid([0.0, 0.5, 1.0], 24.0, [0.33, 8.0])
    assert np.all(np.diff(times_h) > 0)
    assert times_h[0] == 0.0
    assert times_h[-1] == 24.0
    assert {0.33, 0.5, 1.0, 8.0} <= set(times_h.tolist())


# --- the ledger, with a model that is easy to check -----------------------------------------------


def flat(doses: Any, person: Any, sampling: str, times_h: np.ndarray) -> dict[str, np.ndarray]:
    """10 ng/mL of each enantiomer venous, 20 arterial; norketamine a tenth, hydroxynorketamine half of it."""
    level = 20.0 if sampling == "arterial" else 10.0
    shape = np.ones_like(times_h)
    return {
        "s_ketamine": level * shape,
        "r_ketamine": level * shape,
        "s_norketamine": level / 10 * shape,
        "r_norketamine": level / 10 * shape,
        "s_hydroxynorketamine": level / 20 * shape,
        "r_hydroxynorketamine": level / 20 * shape,
    }


OWN_SITES = {"venous": "venous", "arterial": "arterial"}


def one_model(function: Any) -> dict[str, Any]:
    """`function` as the only model, asked for the plasma where each row was sampled."""
    return {"pooled": (function, OWN_SITES)}


@pytest.fixture(scope="module")
def flat_document() -> dict[str, Any]:
    return pk_ledger.validate(models=one_model(flat))


def test_each_row_is_predicted_for_its_own_analyte_statistic_and_site(flat_document: dict[str, Any]) -> None:
    observed = {row.row_id: row for row in load()}
    checked = 0
    for row in flat_document["rows"]:
        source = observed[row["row_id"]]
        if not source.used:
            continue
        level = 20.0 if row["sampling"] == "arterial" else 10.0
        share = {"ketamine": 1.0, "norketamine": 0.1, "hydroxynorketamine": 0.05}[row["analyte"]]
        level *= len(ANALYTES[source.analyte_key]) * share
        hours = source.auc_to_h if source.statistic_kind == "auc" else 1.0
        assert hours is not None
        assert row["predicted"] == pytest.approx(level * hours)
        assert row["predicted_by"] == {"pooled": row["predicted"]}
        assert row["fold_error"] == pytest.approx(row["predicted"] / row["observed"])
        assert (row["sampling"] == "arterial") == (source.sampling == "arterial")
        checked += 1
    assert checked == 184


def test_the_model_is_asked_with_the_doses_weight_and_site_of_the_row() -> None:
    calls: list[tuple[float, str, float]] = []

    def recording(doses: Any, person: Any, sampling: str, times_h: np.ndarray) -> dict[str, np.ndarray]:
        calls.append((person.weight_kg, sampling, round(sum(dose.amount_mg for dose in doses), 6)))
        return flat(doses, person, sampling, times_h)

    pk_ledger.validate(models=one_model(recording))
    assert (68.0, "venous", 10.0) in calls, "Otto: 10 mg at 68 kg"
    assert (73.0, "arterial", 100.0) in calls, "Simons: the film of 100 mg at 73 kg"
    assert (73.0, "arterial", 120.0) in calls, "Simons: the film stays in the sentence of the infusion"
    assert (70.0, "arterial", round(0.99 * 70, 6)) in calls, "Kamp: 0.14 + 0.28 + 0.57 mg/kg"
    assert (70.0, "arterial", round(1.99 * 70, 6)) in calls, "Kamp: 0.28 + 0.57 + 1.14 mg/kg of the racemate"
    assert (77.0, "venous", round(0.25 * 77, 6)) in calls, "Fanta: 0.25 mg/kg at 77 kg"
    asked = {(row.sentence, row.weight_kg, pk_ledger.site_of(row)) for row in load() if row.compared}
    whole = {
        (row.sentence, row.weight_kg, pk_ledger.site_of(row)) for row in load() if row.statistic_kind in ("f", "cl")
    }
    assert len(calls) <= len(asked) + 2 * len(whole), "each curve is computed once"


def test_the_document_keeps_the_contract_and_is_plain_json(flat_document: dict[str, Any]) -> None:
    assert {"rows", "summary", "verification"} <= set(flat_document)
    contract = {
        "study",
        "route",
        "analyte",
        "sampling",
        "observed",
        "predicted",
        "fold_error",
        "used",
        "why_not",
        "part",
        "predicted_by",
    }
    extra = {"row_id", "sentence", "statistic", "time_h", "unit", "source", "verified"}
    assert len(flat_document["rows"]) == 435
    for row in flat_document["rows"]:
        assert contract | extra <= set(row)
        assert row["used"] or row["why_not"]
        assert (row["predicted"] is None) == (row["fold_error"] is None)
    again = json.loads(json.dumps(flat_document, allow_nan=False))
    assert again["summary"]["used"] == 184


def test_every_route_of_the_grammar_stands_in_the_summary(flat_document: dict[str, Any]) -> None:
    routes = {group["route"] for group in flat_document["summary"]["groups"]}
    assert routes == {"IV", "IM", "SC", "nasal", "SL", "buccal", "oral", "oral-ER", "rectal"}
    empty = {
        group["route"]
        for group in flat_document["summary"]["groups"]
        if group["analyte"] == "ketamine" and not group["rows"]
    }
    assert empty == {"SC", "buccal", "rectal"}


def test_other_kinds_stand_beside_the_fold_error(flat_document: dict[str, Any]) -> None:
    summary = flat_document["summary"]
    kinds = Counter((row["statistic_kind"], row["part"]) for row in summary["beside"])
    assert kinds == {
        ("f", "training"): 8,
        ("f", "test"): 10,
        ("tmax", "training"): 7,
        ("tmax", "test"): 14,
        ("auc_ratio", "test"): 7,
        ("cl", "training"): 6,
    }
    assert sum(group["rows"] for group in summary["groups"]) == 184
    assert sum(total["rows"] for total in summary["totals"]) == 184


def test_verification_is_no_part_of_the_fold_error(flat_document: dict[str, Any]) -> None:
    assert len(flat_document["verification"]) == 72
    model_made = {row["row_id"] for row in flat_document["verification"]}
    for row in flat_document["rows"]:
        if row["row_id"] in model_made:
            assert not row["used"]
            assert row["predicted"] is None
            assert "not an observation" in row["why_not"]


def test_one_sampling_site_can_be_asked_for_and_an_unknown_one_is_refused() -> None:
    arterial = pk_ledger.validate("arterial", models=one_model(flat))
    venous = pk_ledger.validate("venous", models=one_model(flat))
    assert arterial["summary"]["used"] == 117
    assert arterial["summary"]["used"] + venous["summary"]["used"] == 184
    assert {row["sampling"] for row in arterial["rows"]} == {"arterial"}
    with pytest.raises(InputError, match=r"^sampling 'capillary' is unknown; use venous or arterial"):
        pk_ledger.validate("capillary")
