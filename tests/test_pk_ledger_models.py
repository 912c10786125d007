"""The ledger of the real models: three predict the same rows, and the published ones are as good as they were."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from ketascope.evidence import pk_ledger
from ketascope.evidence.pk_ledger import geometric_mean_fold_error
from ketascope.evidence.pk_observed import load
from ketascope.model.exposure import typical_concentrations
from ketascope.people import Person
from ketascope.regimen import parse


def numbered(study: str, first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{study}-{number:02d}" for number in range(first, last + 1))


# The rows that the published sets were held to before any were added.
VENOUS_ROWS = (*numbered("hasan2021", 1, 14), *numbered("otto2021", 1, 8), "zarate2006-01")
ARTERIAL_ROWS = (*numbered("kamp2020", 1, 10), *numbered("simons2022", 10, 11))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return pk_ledger.validate()


def rows_by_id(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["row_id"]: row for row in document["rows"]}


def ratios(document: dict[str, Any], model: str, row_ids: Iterable[str]) -> list[float]:
    rows = rows_by_id(document)
    return [rows[row_id]["predicted_by"][model] / rows[row_id]["observed"] for row_id in row_ids]


# --- the published sets, on the rows that they were held to before ---------------------------------


def test_venous_iv_ketamine_of_otto_hasan_and_zarate_within_1_20_fold_by_set_a(document: dict[str, Any]) -> None:
    rows = [rows_by_id(document)[row_id] for row_id in VENOUS_ROWS]
    assert (len(rows), len({row["study"] for row in rows})) == (23, 3)
    assert {(row["route"], row["analyte"], row["sampling"]) for row in rows} == {("IV", "ketamine", "venous")}
    assert all(row["used"] and not row["in_sample"] for row in rows)
    assert geometric_mean_fold_error(ratios(document, "fanta_otto", VENOUS_ROWS)) <= 1.20


def test_arterial_iv_ketamine_of_kamp_and_simons_within_1_20_fold_by_set_b(document: dict[str, Any]) -> None:
    rows = [rows_by_id(document)[row_id] for row_id in ARTERIAL_ROWS]
    assert (len(rows), len({row["study"] for row in rows})) == (12, 2)
    assert {(row["route"], row["analyte"], row["sampling"]) for row in rows} == {("IV", "ketamine", "arterial")}
    assert geometric_mean_fold_error(ratios(document, "simons", ARTERIAL_ROWS)) <= 1.20
    outside = [row["row_id"] for row in rows if not row["in_sample"]]
    assert len(outside) == 10
    assert geometric_mean_fold_error(ratios(document, "simons", outside)) <= 1.20


def test_the_venous_set_would_not_pass_for_arterial_samples(document: dict[str, Any]) -> None:
    peaks = ratios(document, "fanta_otto", numbered("simons2022", 10, 11))
    assert all(ratio < 0.6 for ratio in peaks), "Simons: 112 predicted venous against 260-273 arterial"


def test_each_published_set_predicts_all_rows_at_the_one_site_that_it_knows(document: dict[str, Any]) -> None:
    assert {model: set(places.values()) for model, places in pk_ledger.MODELS.items()} == {
        "pooled": {"venous", "arterial"},
        "fanta_otto": {"venous-published"},
        "simons": {"arterial-published"},
    }
    row = rows_by_id(document)["kamp2020-04"]
    doses = parse(row["sentence"]).doses(row["weight_kg"])
    for model, place in (("pooled", "arterial"), ("fanta_otto", "venous-published"), ("simons", "arterial-published")):
        curve = typical_concentrations(
            doses, Person(weight_kg=row["weight_kg"]), place, np.asarray([0.0, row["time_h"]])
        )
        assert row["predicted_by"][model] == pytest.approx(curve["s_ketamine"][1], rel=1e-9), model


# --- every model on every row ----------------------------------------------------------------------


def test_every_compared_row_gets_a_positive_finite_prediction_of_the_default_model(document: dict[str, Any]) -> None:
    predicted = [row["predicted"] for row in document["rows"] if row["predicted"] is not None]
    assert len(predicted) == 236
    assert all(math.isfinite(value) and value > 0 for value in predicted)
    for row in document["rows"]:
        assert set(row["predicted_by"]) in (set(), set(pk_ledger.MODELS))
        assert row["predicted"] == row["predicted_by"].get(pk_ledger.DEFAULT_MODEL)


def test_only_hydroxynorketamine_is_beyond_the_published_sets(document: dict[str, Any]) -> None:
    without = [
        row
        for row in document["rows"]
        if row["predicted"] is not None and None in (row["predicted_by"]["fanta_otto"], row["predicted_by"]["simons"])
    ]
    assert {row["analyte"] for row in without} == {"hydroxynorketamine"}
    assert len(without) == sum(row["analyte"] == "hydroxynorketamine" for row in document["rows"] if row["predicted"])
    assert all(row["predicted_by"]["fanta_otto"] is None and row["predicted_by"]["simons"] is None for row in without)


def test_hydroxynorketamine_stands_in_the_summary_with_no_figure_for_the_published_sets(
    document: dict[str, Any],
) -> None:
    groups = [group for group in document["summary"]["groups"] if group["analyte"] == "hydroxynorketamine"]
    assert {(group["route"], group["sampling"], group["rows"]) for group in groups} == {
        ("IV", "arterial", 13),
        ("SL", "arterial", 4),
    }
    for group in groups:
        assert group["models"]["pooled"]["rows"] == group["rows"]
        for model in ("fanta_otto", "simons"):
            assert (group["models"][model]["rows"], group["models"][model]["gmfe"]) == (0, None)


def test_groups_and_totals_are_the_fold_errors_of_their_own_rows(document: dict[str, Any]) -> None:
    summary = document["summary"]
    used = [row for row in document["rows"] if row["used"]]
    keys = ("route", "analyte", "sampling", "part")
    for table, names in ((summary["groups"], keys), (summary["totals"], ("analyte", "part"))):
        for group in table:
            rows = [row for row in used if all(row[name] == group[name] for name in names)]
            assert group["rows"] == len(rows)
            assert group["studies"] == len({row["study"] for row in rows})
            for model, figures in group["models"].items():
                known = [row["row_id"] for row in rows if row["predicted_by"][model] is not None]
                assert figures["rows"] == len(known)
                if known:
                    errors = ratios(document, model, known)
                    assert figures["gmfe"] == pytest.approx(math.exp(np.mean(np.abs(np.log(errors)))))
                    assert figures["bias"] == pytest.approx(math.exp(np.mean(np.log(errors))))
    assert sum(group["rows"] for group in summary["groups"]) == len(used) == summary["used"]


def test_training_and_test_rows_are_the_ones_of_the_studies_file(document: dict[str, Any]) -> None:
    from ketascope.evidence.pharmacokinetics.observations import part_of

    parts = {row.row_id: part_of(row) for row in load()}
    assert {row["row_id"]: row["part"] for row in document["rows"]} == parts
    assert all(row["part"] in ("training", "test") for row in document["rows"] if row["predicted"] is not None)


# --- whole areas -----------------------------------------------------------------------------------


def test_the_whole_curve_is_long_enough_for_bioavailability_and_clearance(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pk_ledger, "WHOLE_CURVE_H", 2 * pk_ledger.WHOLE_CURVE_H)
    short = {row["row_id"]: row for row in document["summary"]["beside"] if row["statistic_kind"] in ("f", "cl")}
    longer = {row["row_id"]: row for row in pk_ledger.validate()["summary"]["beside"]}
    assert len(short) == 24
    for row_id, row in short.items():
        assert longer[row_id]["predicted"] == pytest.approx(row["predicted"], rel=1e-3)


def test_bioavailability_of_a_route_lies_between_nothing_and_all(document: dict[str, Any]) -> None:
    predicted = [
        value
        for row in document["rows"]
        if row["statistic_kind"] == "f"
        for value in row["predicted_by"].values()
        if value is not None
    ]
    assert len(predicted) == 3 * 18
    assert all(0.0 < value <= 1.0 for value in predicted)


def test_a_clearance_is_the_parameter_whatever_the_dose_and_the_site(document: dict[str, Any]) -> None:
    from ketascope.model.parameter_store import load_parameters

    parameters = load_parameters()
    clearances = [row for row in document["rows"] if row["statistic_kind"] == "cl" and row["predicted"] is not None]
    assert len(clearances) == 6
    for row in clearances:
        for model, predicted in row["predicted_by"].items():
            expected = parameters.value(f"{model}.clearance_s_ketamine_l_per_h")
            if row["analyte_measured"].startswith("R"):
                expected *= parameters.value(f"{model}.clearance_ratio_r_to_s")
            assert predicted == pytest.approx(expected, rel=1e-3), (row["row_id"], model)


def test_a_ratio_of_areas_is_that_of_its_two_analytes(document: dict[str, Any]) -> None:
    row = next(row for row in document["rows"] if row["row_id"] == "chong2009-02")
    observed = next(item for item in load() if item.row_id == "chong2009-02")
    assert (observed.analyte_key, observed.auc_to_h) == ("norketamine:ketamine", 8.0)
    times = np.linspace(0.0, 8.0, 20001)
    doses = parse(row["sentence"]).doses(70.0)
    for model, place in (("pooled", "venous"), ("fanta_otto", "venous-published"), ("simons", "arterial-published")):
        curves = typical_concentrations(doses, Person(weight_kg=70.0), place, times)
        above, below = (
            float(np.trapezoid(curves[f"s_{name}"] + curves[f"r_{name}"], times))
            for name in ("norketamine", "ketamine")
        )
        assert row["predicted_by"][model] == pytest.approx(above / below, rel=1e-3), model
