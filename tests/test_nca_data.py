"""Tables of samples and doses: what is read, and what a malformed table is told."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest

from ketascope import InputError
from ketascope.noncompartmental.analysing import nca, quantities
from ketascope.noncompartmental.options import FLAG_MEANINGS, OCCASION_FLAG_MEANINGS
from ketascope.noncompartmental.samples import Choices, read_series
from ketascope.noncompartmental.summaries import group_summaries

PROFILE = ("1,0,0", "1,1,10", "1,2,8", "1,4,4", "1,8,1")


def write(tmp_path, *rows, header="ID,TIME,DV"):
    path = tmp_path / "data.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def read(tmp_path, *rows, header="ID,TIME,DV", **choices):
    return read_series(write(tmp_path, *rows, header=header), Choices(**choices))


class TestWhatIsRead:
    def test_samples_in_ng_per_ml_whatever_the_unit(self, tmp_path):
        (series,) = read(tmp_path, "1,0,0.5,mg/L", header="ID,TIME,DV,UNIT")
        assert series.samples[0].value_ng_per_ml == 500.0
        (series,) = read(tmp_path, "1,0,0.5", unit="ug/mL")
        assert series.samples[0].value_ng_per_ml == 500.0
        (series,) = read(tmp_path, "1,0,0.5")
        assert series.samples[0].value_ng_per_ml == 0.5

    def test_each_analyte_is_a_series_of_its_own(self, tmp_path):
        rows = ("1,1,5,ketamine", "1,1,7,norketamine", "1,2,4,ketamine", "1,2,8,norketamine")
        found = read(tmp_path, *rows, header="ID,TIME,DV,ANALYTE")
        assert [(one.analyte, len(one.samples)) for one in found] == [("ketamine", 2), ("norketamine", 2)]

    def test_doses_of_any_drug_with_repeats_and_infusions(self, tmp_path):
        header = "ID,TIME,DV,AMT,EVID,ADDL,II,RATE,DRUG"
        rows = ("1,0,.,100,1,2,12,50,theophylline", "1,1,5,.,0,.,.,.,.")
        (series,) = read(tmp_path, *rows, header=header)
        assert [(d.time_h, d.amount_mg, d.duration_h, d.intravenous) for d in series.doses] == [
            (t, 100.0, 2.0, True) for t in (0.0, 12.0, 24.0)
        ]

    def test_a_row_without_evid_may_hold_a_dose_and_the_sample_at_it(self, tmp_path):
        (series,) = read(tmp_path, "1,0,0.7,320", "1,1,9,.", header="ID,TIME,DV,AMT")
        assert len(series.doses) == 1
        assert [sample.value_ng_per_ml for sample in series.samples] == [0.7, 9.0]

    @pytest.mark.parametrize(("value", "route"), [("12", "oral"), ("0", "IV"), ("<1", "IV"), (".", "IV")])
    def test_the_row_of_a_bolus_holds_a_sample_only_if_it_shows_nothing(self, value, route, tmp_path):
        header = "ID,TIME,DV,AMT,ROUTE"
        (series,) = read(tmp_path, "1,0,.,10,IV", "1,1,9,.,.", f"1,12,{value},10,{route}", "1,13,9,.,.", header=header)
        assert len(series.doses) == 2
        with pytest.raises(InputError) as refused:
            read(tmp_path, "1,0,.,10,IV", "1,1,9,.,.", "1,12,3.5,10,IV", "1,13,9,.,.", header=header)
        assert str(refused.value) == (
            "row 4, column DV: '3.5' stands in the row of a bolus; give it its own row, above it if drawn before the "
            "dose, below it if after"
        )

    def test_the_route_by_any_of_its_names(self, tmp_path):
        header = "ID,TIME,DV,AMT,ROUTE"
        (series,) = read(tmp_path, "1,0,.,10,intravenous", "1,1,5,.,.", header=header)
        assert series.doses[0].intravenous
        (series,) = read(tmp_path, "1,0,.,10,oral", "1,1,5,.,.", header=header, intravenous=True)
        assert not series.doses[0].intravenous

    @pytest.mark.parametrize("text", ["BLQ", "bql", "<0.5", "BLOQ"])
    def test_values_below_the_limit_as_they_are_written(self, text, tmp_path):
        (series,) = read(tmp_path, f"1,0,{text}", "1,1,5")
        assert series.samples[0].value_ng_per_ml is None

    def test_values_below_the_limit_by_their_mark(self, tmp_path):
        for column in ("BLQ", "CENS"):
            (series,) = read(tmp_path, "1,0,0.5,1", "1,1,5,0", header=f"ID,TIME,DV,{column}")
            assert [sample.value_ng_per_ml for sample in series.samples] == [None, 5.0]

    def test_a_mark_without_a_value_is_below_the_limit(self, tmp_path):
        for column in ("BLQ", "CENS"):
            header = f"ID,TIME,DV,AMT,EVID,{column}"
            rows = ("1,0,.,100,1,1", "1,1,.,.,0,1", "1,2,5,.,0,0", "1,3,4,.,0,0", "1,4,.,.,0,1", "1,5,.,.,0,0")
            (series,) = read(tmp_path, *rows, header=header)
            found = [(sample.time_h, sample.value_ng_per_ml) for sample in series.samples]
            assert found == [(1.0, None), (2.0, 5.0), (3.0, 4.0), (4.0, None)]
            (profile,) = nca(write(tmp_path, *rows, header=header)).document()["profiles"]
            assert "below_limit" in profile["flags"]
            assert profile["tlag_h"] == 1.0

    def test_a_mark_in_a_row_of_no_value_is_left(self, tmp_path):
        (series,) = read(tmp_path, "1,0,.,1,1", "1,1,5,0,0", header="ID,TIME,DV,BLQ,MDV")
        assert [sample.time_h for sample in series.samples] == [1.0]

    def test_rows_that_are_no_samples_are_left(self, tmp_path):
        rows = ("1,0,.,0,0", "1,1,5,0,0", "1,2,4,0,1", "1,3,3,2,0")
        (series,) = read(tmp_path, *rows, header="ID,TIME,DV,EVID,MDV")
        assert [sample.time_h for sample in series.samples] == [1.0]

    def test_columns_to_group_by(self, tmp_path):
        rows = ("1,0,5,.", "1,1,5,fed", "2,0,5,fasted")
        found = read(tmp_path, *rows, header="ID,TIME,DV,FOOD", by=("FOOD",))
        assert [one.columns for one in found] == [{"FOOD": "fed"}, {"FOOD": "fasted"}]


BAD = {
    ("ID,TIME,DV", ("1,0,5", "1,0,6")): "row 3, column TIME: 0 h stands twice for concentration (row 2 too)",
    ("ID,TIME,DV", ("1,2,5", "1,1,6")): "row 3, column TIME: 1 is before the row above (2); sort the rows by time",
    ("ID,TIME,DV", ("1,-1,5",)): "row 2, column TIME: -1 is before the start (0)",
    ("ID,TIME,DV", ("1,0,high",)): "row 2, column DV: 'high' is not a number",
    ("ID,TIME,DV", ("1,0,-5",)): "row 2, column DV: -5 is below 0; no concentration is",
    ("ID,TIME,DV", (".,0,5",)): "row 2, column ID: is missing; every row names its person",
    ("ID,TIME,DV", ("1,0,5", "2,0,5", "1,1,5")): (
        "row 4, column ID: '1' comes back after '2'; keep the rows of a person together"
    ),
    ("ID,TIME,DV", ("1,0,BLQ", "1,1,BLQ")): "row 2, column DV: every concentration of '1' is below the limit",
    ("ID,TIME,DV", ("1,0,.",)): "row 2, column DV: no concentration of '1'",
    ("ID,TIME,DV", ()): "has no rows below its header",
    ("ID,TIME", ("1,0",)): "has no column DV; needed are ID TIME DV",
    ("ID,TIM,DV", ("1,0,5",)): "row 1, column 'TIM': unknown column; did you mean 'TIME'",
    ("ID,TIME,DV,AMT,EVID", ("1,0,.,.,1",)): "row 2, column AMT: is missing; a dose needs mg above 0",
    ("ID,TIME,DV,AMT,EVID", ("1,0,.,-5,1",)): "row 2, column AMT: must be above 0",
    ("ID,TIME,DV,AMT,EVID", ("1,0,.,5,0",)): "row 2, column EVID: 0 is no dose, but AMT is 5",
    ("ID,TIME,DV,AMT,EVID", ("1,0,7,5,1",)): "row 2, column DV: '7' stands in a dose row (EVID 1)",
    ("ID,TIME,DV,AMT,SS", ("1,0,.,5,1",)): "row 2, column SS: steady state is not supported",
    ("ID,TIME,DV,AMT,ADDL", ("1,0,.,5,2",)): "row 2, column II: ",
    ("ID,TIME,DV,AMT,RATE", ("1,0,.,5,-2",)): "row 2, column RATE: -2 must be mg/h above 0",
    ("ID,TIME,DV,AMT,RATE", ("1,0,.,5,1e-9",)): "row 2, column RATE: 5 mg at so low a rate take longer than 17520 h",
    ("ID,TIME,DV,UNIT", ("1,0,5,mg",)): "row 2, column UNIT: 'mg' is unknown; write ng/mL, ug/L, ug/mL or mg/L",
    ("ID,TIME,DV,UNIT", ("1,0,5,mg/L", "1,1,5,ng/mL")): "row 3, column UNIT: 'ng/mL' for concentration after 'mg/l'",
    ("ID,TIME,DV,BLQ", ("1,0,5,2",)): "row 2, column BLQ: 2 is unknown; 1 is below the limit, 0 a value",
    ("ID,TIME,DV,BLQ", ("1,0,.,2",)): "row 2, column BLQ: 2 is unknown; 1 is below the limit, 0 a value",
    ("ID,TIME,DV,BLQ,CENS", ("1,0,5,0,0",)): "has both BLQ and CENS; write one of them",
    ("ID,TIME,DV,LLOQ", ("1,0,0.2,0.5",)): "row 2, column DV: 0.2 is below the limit in LLOQ; write BLQ 1",
}


@pytest.mark.parametrize(("header", "rows"), BAD, ids=[str(number) for number in range(len(BAD))])
def test_bad_tables_are_told_by_row_and_column_in_one_line(header, rows, tmp_path):
    with pytest.raises(InputError) as caught:
        read(tmp_path, *rows, header=header)
    assert BAD[header, rows] in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"unit": "mg"}, "unit 'mg' is unknown; write ng/mL"),
        ({"dose_mg": 0.0}, "dose 0 mg: must be above 0"),
        ({"by": ("sex",)}, "has no column SEX to group by; it has ID TIME DV"),
    ],
)
def test_bad_choices_are_one_line_too(choices, message, tmp_path):
    with pytest.raises(InputError) as caught:
        nca(write(tmp_path, *PROFILE), **choices)
    assert message in str(caught.value)


def test_the_unit_is_defaulted_only_where_a_sample_has_none(tmp_path):
    header, rows = "ID,TIME,DV,UNIT", ("1,0,5,ng/mL", "1,1,4,ng/mL")
    assert nca(write(tmp_path, *rows, header=header)).document()["defaulted"] == []
    assert nca(write(tmp_path, *rows, "1,2,3,.", header=header)).document()["defaulted"] == ["unit"]
    doses = ("1,0,.,100,.", "1,1,5,.,ng/mL", "1,2,4,.,ng/mL")
    assert nca(write(tmp_path, *doses, header="ID,TIME,DV,AMT,UNIT")).document()["defaulted"] == []


def test_a_unit_given_that_contradicts_a_cell_is_refused(tmp_path):
    path = write(tmp_path, "1,0,5,.", "1,1,4,ng/mL", header="ID,TIME,DV,UNIT")
    with pytest.raises(InputError) as caught:
        nca(path, unit="mg/L")
    assert str(caught.value) == "row 3, column UNIT: 'ng/mL' contradicts the unit given, mg/L; leave that out"
    same = nca(write(tmp_path, "1,0,5,ug/L", "1,1,4,ug/L", header="ID,TIME,DV,UNIT"), unit="ng/mL").document()
    assert same["profiles"][0]["cmax_ng_per_ml"] == 5.0


def test_a_dose_beside_dose_rows_is_refused(tmp_path):
    path = write(tmp_path, "1,0,.,320", "1,1,5,.", header="ID,TIME,DV,AMT")
    with pytest.raises(InputError, match="has doses of its own; leave the dose out"):
        nca(path, dose_mg=320.0)


class TestTheDocument:
    def test_says_by_which_rules_it_was_made(self, tmp_path):
        document = nca(write(tmp_path, *PROFILE), dose_mg=100.0).document()
        assert document["options"]["area_rule"] == "linear-up/log-down"
        assert document["defaulted"] == ["unit"]
        assert nca(write(tmp_path, *PROFILE), dose_mg=100.0, unit="ng/mL").document()["defaulted"] == []
        assert json.loads(json.dumps(document, allow_nan=False)) == document

    def test_every_flag_raised_is_explained(self, tmp_path):
        document = nca(write(tmp_path, *PROFILE)).document()
        meanings = FLAG_MEANINGS | OCCASION_FLAG_MEANINGS
        raised = {code for profile in document["profiles"] for code in profile["flags"]}
        assert raised == {flag["code"] for flag in document["flags"]}
        assert all(flag["message"] == meanings[flag["code"]] for flag in document["flags"])

    def test_summaries_are_by_group_with_geometric_mean_and_cv(self, tmp_path):
        rows = [
            f"{i},{t},{level * scale},{sex}"
            for i, scale, sex in ((1, 1, "f"), (2, 2, "f"), (3, 3, "m"))
            for t, level in ((0, 0), (1, 10), (2, 8), (4, 4), (8, 1))
        ]
        document = nca(write(tmp_path, *rows, header="ID,TIME,DV,SEX"), by=["sex"]).document()
        found = {row["SEX"]: row for row in document["summary"] if row["quantity"] == "cmax_ng_per_ml"}
        assert found["f"]["geometric_mean"] == pytest.approx(10.0 * math.sqrt(2.0))
        spread = np.var(np.log([10.0, 20.0]), ddof=1)
        assert found["f"]["geometric_cv_percent"] == pytest.approx(100.0 * math.sqrt(math.expm1(spread)))
        assert (found["f"]["n"], found["m"]["n"]) == (2, 1)
        assert found["m"]["geometric_cv_percent"] is None

    def test_the_csv_has_one_row_a_figure_with_its_names_elsewhere(self, tmp_path):
        analysis = nca(write(tmp_path, *PROFILE), dose_mg=100.0)
        rows = list(csv.DictReader(io.StringIO(analysis.csv())))
        assert len(rows) == len(quantities(analysis.document()["profiles"]))
        clearance = next(row for row in rows if row["quantity"] == "apparent_clearance_l_per_h")
        assert (clearance["cdisc"], clearance["pknca"], clearance["winnonlin"]) == ("CLFO", "cl.obs", "Cl_F_obs")
        assert float(clearance["value"]) == analysis.document()["profiles"][0]["apparent_clearance_l_per_h"]


def test_a_summary_leaves_out_what_has_no_logarithm_and_counts_it():
    rows = [{"group": "a", "lag": 0.0}, {"group": "a", "lag": 1.0}, {"group": "a", "lag": None}]
    (found,) = group_summaries(rows, ["group"], ["lag"])
    assert (found["n"], found["left_out"]) == (2, 2)
    assert found["geometric_mean"] == 1.0
    assert (found["median"], found["low"], found["high"]) == (0.5, 0.0, 1.0)


def test_a_metabolite_has_no_clearance_since_nobody_knows_how_much_of_it_was_formed(tmp_path: Path) -> None:
    lines = ["ID,TIME,AMT,EVID,DV,DRUG,ROUTE,ANALYTE", "1,0,35,1,.,ketamine,IM,."]
    for analyte in ("ketamine", "norketamine"):
        lines += [f"1,{time},.,0,{100.0 * 0.8**time:.4f},.,.,{analyte}" for time in (1, 2, 4, 6, 8)]
    path = tmp_path / "two.csv"
    path.write_text("\n".join([lines[0], *sorted(lines[1:], key=lambda line: float(line.split(",")[1]))]) + "\n")
    parent, metabolite = nca(path).document()["profiles"]
    assert parent["apparent_clearance_l_per_h"] > 0.0
    assert metabolite["auc_inf_ng_h_per_ml"] == pytest.approx(parent["auc_inf_ng_h_per_ml"])
    assert metabolite["apparent_clearance_l_per_h"] is None
    assert metabolite["dose_mg"] is None
    assert "metabolite" in metabolite["flags"]
    assert "metabolite" not in parent["flags"]
