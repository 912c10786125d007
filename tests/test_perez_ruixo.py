"""The published nasal model with its own parameters gives the published exposures: it was read right."""

from __future__ import annotations

import tomllib
from importlib import resources
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ketascope.errors import InputError
from ketascope.evidence import perez_ruixo
from ketascope.evidence.perez_ruixo import (
    Stratum,
    exposure,
    parameters,
    stratum_from_population,
    verification,
)
from ketascope.model.parameter_store import GRADES

PUBLISHED_LIMIT = 0.05
STRATA = (
    "18-60 y Caucasian",
    "18-60 y Asian non-Japanese",
    "18-60 y Japanese",
    "over 60 y Caucasian",
    "over 60 y Asian non-Japanese",
    "over 60 y Japanese",
)
CAUCASIAN_TABLE_4 = {
    28.0: (43.8, 147.3, 59.1),
    56.0: (72.5, 254.7, 119.7),
    84.0: (101.0, 362.2, 180.0),
}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return verification()


@pytest.mark.parametrize("dose_mg", list(CAUCASIAN_TABLE_4))
def test_perez_ruixo_2021_table_4_caucasian_exposures_within_5_percent(dose_mg: float) -> None:
    cmax, auc, nor_cmax = CAUCASIAN_TABLE_4[dose_mg]
    session = exposure(dose_mg, Stratum("18-60 y Caucasian", age_years=40))
    assert session.cmax_ng_per_ml == pytest.approx(cmax, rel=PUBLISHED_LIMIT)
    assert session.auc_ng_h_per_ml == pytest.approx(auc, rel=PUBLISHED_LIMIT)
    assert session.nor_cmax_ng_per_ml == pytest.approx(nor_cmax, rel=PUBLISHED_LIMIT)


@pytest.mark.parametrize("stratum", STRATA)
def test_every_stratum_of_table_4_reproduces_but_for_the_noresketamine_area(
    stratum: str, rows: list[dict[str, Any]]
) -> None:
    here = [row for row in rows if row["stratum"] == stratum]
    assert len(here) == 12
    expected = [row for row in here if row["expected"]]
    assert len(expected) == 9
    for row in expected:
        assert row["agrees"]
        assert abs(row["ratio"] - 1.0) <= PUBLISHED_LIMIT


def test_agreement_is_far_inside_the_limit_so_a_wrong_covariate_would_show(
    rows: list[dict[str, Any]],
) -> None:
    worst = max(abs(row["ratio"] - 1.0) for row in rows if row["expected"])
    assert worst <= 0.01


def test_noresketamine_areas_cannot_be_reproduced_and_are_said_to_be_so(rows: list[dict[str, Any]]) -> None:
    areas = [row for row in rows if not row["expected"]]
    assert len(areas) == 18
    assert {row["quantity"] for row in areas} == {"noresketamine AUC0-24h"}
    assert not any(row["agrees"] for row in areas)
    assert min(row["ratio"] for row in areas) == pytest.approx(1.38, abs=0.01)
    assert max(row["ratio"] for row in areas) == pytest.approx(1.56, abs=0.01)


def test_rows_carry_what_a_reader_needs(rows: list[dict[str, Any]]) -> None:
    assert len(rows) == 72
    assert {row["stratum"] for row in rows} == set(STRATA)
    assert {row["dose_mg"] for row in rows} == {28.0, 56.0, 84.0}
    for row in rows:
        assert {
            "stratum",
            "dose_mg",
            "quantity",
            "published",
            "reproduced",
            "ratio",
            "unit",
            "source",
        } <= set(row)
        assert row["ratio"] == pytest.approx(row["reproduced"] / row["published"])
        assert "Table 4" in row["source"]


@pytest.mark.parametrize(
    ("covariate", "stratum"),
    [
        ("Japanese nasal fraction", Stratum("", 40, asian=True)),
        ("Asian losses", Stratum("", 40, japanese=True)),
        ("age", Stratum("", 70, asian=True, japanese=True)),
    ],
)
def test_leaving_out_or_adding_a_covariate_moves_the_japanese_exposures(covariate: str, stratum: Stratum) -> None:
    right = exposure(84.0, Stratum("", 40, asian=True, japanese=True)).auc_ng_h_per_ml
    wrong = exposure(84.0, stratum).auc_ng_h_per_ml
    assert abs(wrong / right - 1.0) > PUBLISHED_LIMIT, covariate


# --- an independent solution, and algebra ---------------------------------------------------------


def by_numerical_integration(dose_mg: float) -> tuple[float, float, float, float]:
    """The equations of the paper written out, solved by LSODA between the device times."""
    devices = round(dose_mg / 28)
    starts = [5 / 60 * k for k in range(devices)]
    fractions = [0.54] + [0.54 * 0.62] * (devices - 1)
    v1, v2, v3, vh, vn, vm = 192.0, 143.0, 417.0, 101.0, 70.0, 115.0
    q1, q2, qh, q3 = 84.3, 37.6, 151.0, 26.1
    ka, ksw, fgut, kel, kmet, cln = 2.93, 1.45, 0.64, 1.11, 2.77, 38.0

    def slope(t: float, a: np.ndarray) -> list[float]:
        nasal, gut, c, p1, p2, h, n, m, _, _ = a
        rate = sum((1 - f) * 28 / 0.53 for s, f in zip(starts, fractions, strict=True) if s <= t < s + 0.53)
        return [
            -ka * nasal,
            rate - ksw * gut,
            ka * nasal + qh * (h / vh - c / v1) + q1 * (p1 / v2 - c / v1) + q2 * (p2 / v3 - c / v1),
            q1 * (c / v1 - p1 / v2),
            q2 * (c / v1 - p2 / v3),
            fgut * ksw * gut + qh * (c / v1 - h / vh) - (kel + kmet) * h,
            kmet * h - cln * n / vn + q3 * (m / vm - n / vn),
            q3 * (n / vn - m / vm),
            c / v1,
            n / vn,
        ]

    state = np.zeros(10)
    peak = nor_peak = 0.0
    edges = sorted({*starts, *(s + 0.53 for s in starts), 24.0})
    for start, end in pairwise(edges):
        if start in starts:
            state[0] += fractions[starts.index(start)] * 28
        # The input rate is constant between edges; half-open intervals end just before the next one.
        inside = np.linspace(start, end, 2001)
        solved = solve_ivp(
            lambda t, a, last=end: slope(min(t, last - 1e-12), a),
            (start, end),
            state,
            method="LSODA",
            t_eval=inside,
            rtol=1e-10,
            atol=1e-12,
        )
        state = solved.y[:, -1]
        peak, nor_peak = max(peak, solved.y[2].max() / v1), max(nor_peak, solved.y[6].max() / vn)
    return 1000 * peak, 1000 * state[8], 1000 * nor_peak, 1000 * state[9]


@pytest.mark.parametrize("dose_mg", [28.0, 84.0])
def test_the_matrix_exponential_agrees_with_numerical_integration(dose_mg: float) -> None:
    session = exposure(dose_mg, Stratum("18-60 y Caucasian", 40))
    cmax, auc, nor_cmax, nor_auc = by_numerical_integration(dose_mg)
    assert session.auc_ng_h_per_ml == pytest.approx(auc, rel=1e-6)
    assert session.nor_auc_ng_h_per_ml == pytest.approx(nor_auc, rel=1e-6)
    assert session.cmax_ng_per_ml == pytest.approx(cmax, rel=1e-4)
    assert session.nor_cmax_ng_per_ml == pytest.approx(nor_cmax, rel=1e-4)


def total_areas(entry: str) -> np.ndarray:
    """Time integrals of every amount after 1 mg into one state, from the rate matrix alone."""
    count = len(perez_ruixo._NAMES)
    system = perez_ruixo._system(Stratum("18-60 y Caucasian", 40))[:count, :count]
    dose = np.zeros(count)
    dose[perez_ruixo._AT[entry]] = 1.0
    return np.linalg.solve(-system, dose)


def test_clearance_follows_from_the_hepatoportal_extraction_as_109_l_per_h() -> None:
    area = total_areas("central")[perez_ruixo._AT["central"]] / 192.0
    extraction = 101 * (1.11 + 2.77) / (151 + 101 * (1.11 + 2.77))
    assert extraction == pytest.approx(0.72, abs=0.005)
    assert 1.0 / area == pytest.approx(151 * extraction, rel=1e-9)
    assert 1.0 / area == pytest.approx(109, abs=0.5)


def test_swallowed_drug_reaches_plasma_to_17_8_percent() -> None:
    central = perez_ruixo._AT["central"]
    fraction = total_areas("swallowed")[central] / total_areas("central")[central]
    assert fraction == pytest.approx(0.178, abs=0.001)


def test_all_drug_leaves_by_the_gut_wall_the_liver_or_as_noresketamine() -> None:
    areas = total_areas("swallowed")
    liver = areas[perez_ruixo._AT["hepatoportal"]]
    assert liver * (1.11 + 2.77) == pytest.approx(0.64), "what passes the gut wall is lost in the liver"
    nor = areas[perez_ruixo._AT["nor_central"]] * 38.0 / 70.0
    assert nor == pytest.approx(0.64 * 2.77 / (1.11 + 2.77)), "what forms noresketamine is cleared as it"


def test_no_rate_makes_drug_out_of_nothing() -> None:
    count = len(perez_ruixo._NAMES)
    system = perez_ruixo._system(Stratum("18-60 y Japanese", 70, asian=True, japanese=True))[:count, :count]
    assert np.all(system.sum(axis=0) <= 1e-12)
    assert np.all(np.linalg.eigvals(system).real < 0)


def test_finer_steps_do_not_move_the_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    coarse = exposure(84.0, Stratum("18-60 y Caucasian", 40))
    monkeypatch.setattr(perez_ruixo, "LONGEST_STEP_H", perez_ruixo.LONGEST_STEP_H / 4)
    fine = exposure(84.0, Stratum("18-60 y Caucasian", 40))
    assert coarse.cmax_ng_per_ml == pytest.approx(fine.cmax_ng_per_ml, rel=1e-4)
    assert coarse.auc_ng_h_per_ml == pytest.approx(fine.auc_ng_h_per_ml, rel=1e-9)


# --- bad input, and the numbers' papers -----------------------------------------------------------


@pytest.mark.parametrize("dose_mg", [0.0, -28.0, 30.0, 14.0])
def test_only_whole_devices_can_be_given(dose_mg: float) -> None:
    with pytest.raises(InputError, match="not a whole number of 28 mg nasal devices"):
        exposure(dose_mg, Stratum("18-60 y Caucasian", 40))


def test_a_population_without_a_covariate_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="'18-60 y Martian' is no stratum"):
        stratum_from_population("18-60 y Martian")


@pytest.mark.parametrize(
    ("population", "stratum"),
    [
        ("18-60 y Caucasian", (40.0, False, False)),
        ("over 60 y Asian non-Japanese", (70.0, True, False)),
        ("over 60 y Japanese", (70.0, True, True)),
    ],
)
def test_populations_become_covariates(population: str, stratum: tuple[float, bool, bool]) -> None:
    found = stratum_from_population(population)
    assert (found.age_years, found.asian, found.japanese) == stratum


def test_every_parameter_has_unit_population_source_and_grade() -> None:
    file = resources.files("ketascope.evidence") / "data" / "perez_ruixo_2021.toml"
    raw = tomllib.loads(file.read_text(encoding="utf-8"))
    assert set(raw) == set(parameters())
    for row in parameters().values():
        assert row.unit
        assert row.population
        assert row.source
        assert row.grade in GRADES


def test_age_matters_only_above_the_limit() -> None:
    young, limit, old = (exposure(28.0, Stratum("", age)) for age in (20, 60, 61))
    assert young == limit
    assert old.auc_ng_h_per_ml > limit.auc_ng_h_per_ml
