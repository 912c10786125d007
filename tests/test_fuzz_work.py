"""What a reader lets through must also be worked with: odd but readable tables, to the last figure."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import cases, numbers, result_or_line
from ketascope import nca
from ketascope.evidence.studies.importing import COLUMNS
from ketascope.evidence.summary import pooled_evidence
from ketascope.noncompartmental.areas import area_between
from ketascope.noncompartmental.occasion import STEEPEST_BACK
from ketascope.noncompartmental.options import MEASURED
from ketascope.regimen.catalogue import input_limit
from ketascope.virtual_trials.planning import plan
from test_trial_planning import _assess, _one_visit

LEAST, MOST = "1e-15", "1e15"


def assert_finite(document: Any) -> None:
    json.dumps(document, allow_nan=False)
    assert all(math.isfinite(value) for _, value in numbers(document))


# Measured profiles ------------------------------------------------------------------------------------------------

LEVELS = st.sampled_from(["0", "-0", LEAST, "1e-12", "0.1", "7", "20", "50", "100", "1e12", MOST, "<1", "BLQ", "."])
TIMES = ("0", LEAST, "1e-9", "2e-9", "1e-6", "0.5", "1", "1.0000000000000002", "2", "4", "8", "24", "1e3", "1e6", MOST)
PROFILES = st.lists(st.sampled_from(TIMES), min_size=2, max_size=8, unique=True).flatmap(
    lambda times: st.tuples(st.just(sorted(times, key=float)), st.lists(LEVELS, min_size=8, max_size=8))
)
DOSES = st.tuples(
    st.sampled_from([LEAST, "35", MOST]),
    st.sampled_from(["0", LEAST, "50", MOST]),
    st.sampled_from(["0", "1", "999"]),
    st.sampled_from([LEAST, "24", MOST]),
    st.sampled_from(["IV", "oral", "."]),
)


@cases(120)
@given(
    profile=PROFILES,
    dose=st.none() | DOSES,
    area=st.sampled_from(["linear", "linear-up/log-down"]),
    until_h=st.sampled_from([24.0, 1e300, 1e-9]),
)
def test_a_profile_of_odd_times_and_levels_is_analysed_or_refused(tmp_path, profile, dose, area, until_h):
    times, levels = profile
    lines = ["ID,TIME,DV,AMT,RATE,ADDL,II,EVID,ROUTE"]
    if dose is not None:
        amount, rate, more, interval, route = dose
        lines.append(f"1,{times[0]},.,{amount},{rate},{more},{interval if more != '0' else 0},1,{route}")
    lines += [f"1,{time},{level},.,.,.,.,0,." for time, level in zip(times, levels, strict=False)]
    file = tmp_path / "a.csv"
    file.write_text("\n".join(lines) + "\n")
    found = result_or_line(lambda: nca(file, options=replace(MEASURED, area_rule=area, intervals_h=((0.0, until_h),))))
    if not isinstance(found, str):
        assert_finite(found.document())
        assert "nan" not in found.csv()
        assert ",inf" not in found.csv()


@pytest.mark.parametrize("column", ["TIME", "DV", "AMT"])
@pytest.mark.parametrize("size", ["5e-324", "1e-16", "1e16", "1.7e308"])
def test_a_size_that_cannot_be_meant_is_refused_with_its_row_and_column(tmp_path, column, size):
    cells = {"TIME": "1", "DV": "5", "AMT": "."} | {column: size}
    evid = "1" if column == "AMT" else "0"
    cells |= {"DV": "."} if column == "AMT" else {}
    (tmp_path / "a.csv").write_text(f"ID,TIME,DV,AMT,EVID\n1,{cells['TIME']},{cells['DV']},{cells['AMT']},{evid}\n")
    line = result_or_line(lambda: nca(tmp_path / "a.csv"))
    assert isinstance(line, str)
    assert f"row 2, column {column}: '{size}' cannot be meant" in line


def test_a_fall_too_steep_to_look_back_along_takes_the_first_sample(tmp_path):
    """Two samples seconds apart, ten hours after a bolus: their line would put e^800 times the sample at 0 h."""
    (tmp_path / "a.csv").write_text(
        "ID,TIME,DV,AMT,EVID,ROUTE\n1,0,.,35,1,IV\n1,10,100,.,0,.\n1,10.02,20,.,0,.\n1,12,9,.,0,.\n1,14,4,.,0,.\n"
    )
    document = nca(tmp_path / "a.csv").document()
    assert_finite(document)
    assert document["profiles"][0]["c0_ng_per_ml"] == 100.0
    assert math.exp(STEEPEST_BACK) == pytest.approx(1e12)


@pytest.mark.parametrize("rule", ["linear", "linear-up/log-down"])
@pytest.mark.parametrize("end_h", [5.0, 12.0, 200.0, 1e4, 1e300])
def test_an_area_beyond_the_last_sample_is_that_of_the_exponential_however_far_it_goes(rule, end_h):
    times, levels, rate = np.array([0.0, 1.0, 4.0]), np.array([40.0, 20.0, 10.0]), 1.5
    known = area_between(times, levels, 0.0, 4.0, rate, rule)
    found = area_between(times, levels, 0.0, end_h, rate, rule)
    assert known is not None
    assert found == pytest.approx(known + 10.0 * -math.expm1(-rate * (end_h - 4.0)) / rate, rel=1e-12)
    beyond = area_between(times, levels, 4.5, end_h, rate, rule)
    assert beyond == pytest.approx(10.0 * (math.exp(-0.5 * rate) - math.exp(-rate * (end_h - 4.0))) / rate, rel=1e-12)


# Studies of one's own ---------------------------------------------------------------------------------------------

SCORES = st.sampled_from(["0", "20", "30", "40", "-10", "1e-12", "60"])
SPREADS = st.sampled_from(["10", "1e-300", "1e-5", "0.001", "5", "20"])
SIZES = st.sampled_from(["1", "2", "30", "1000000", "1000001", "9" * 30, "1_0"])
PERIODS = st.sampled_from(["0", "24", "672", "1e-320", "1e5", "1e308"])


@cases(15)
@given(data=st.data(), time=PERIODS, estimator=st.sampled_from(["REML", "DL", "PM", "ML", "FE"]), counts=st.booleans())
def test_a_study_of_odd_figures_is_pooled_or_refused(tmp_path, data, time, estimator, counts):
    row = dict.fromkeys(COLUMNS, "") | {
        "study": "mine",
        "indication": "ptsd",
        "outcome": "response" if counts else "symptoms",
        "scale": "CAPS-5",
        "time_h": time,
        "treatment": "ketamine",
        "control": "active",
        "verified": "text",
        "unit": "people" if counts else data.draw(st.sampled_from(["points", "points of change", "sd units"])),
        "n_treatment": data.draw(SIZES),
        "n_control": data.draw(SIZES),
    }
    if counts:
        row |= {f"events_{side}": data.draw(st.sampled_from(["0", "1", "30"])) for side in ("treatment", "control")}
    elif data.draw(st.booleans()):
        row |= {f"mean_{side}": data.draw(SCORES) for side in ("treatment", "control")}
        row |= {f"sd_{side}": data.draw(SPREADS) for side in ("treatment", "control")}
    else:
        row |= {"difference": data.draw(st.sampled_from(["-5", "-0.5", "1e-12"])), "standard_error": data.draw(SPREADS)}
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    (tmp_path / "s.csv").write_text(text.getvalue())
    found = result_or_line(
        lambda: pooled_evidence(
            indication="ptsd", outcome=row["outcome"], estimator=estimator, studies_file=tmp_path / "s.csv"
        )
    )
    if not isinstance(found, str):
        assert_finite(found)


# Plans ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("replicates", [1, 2])
def test_a_plan_of_hardly_any_trials_has_numbers_or_none(replicates):
    design = _one_visit(people=40, replicates=replicates, parameters="posterior")
    document = plan(design, 0.8, _assess(-5.0, parameter_sd=1.0), people_most=60)
    assert_finite(document)
    assert (document["ceiling"] is None) == (replicates == 1)


def test_a_plan_of_trials_that_cannot_be_analysed_is_refused():
    def nobody_left(design):
        for table in _assess(-5.0)(design):
            yield {
                name: np.full(len(values), np.nan) if name == "estimate" else values for name, values in table.items()
            }

    line = result_or_line(lambda: plan(_one_visit(people=40, replicates=3), 0.8, nobody_left, people_most=100))
    assert isinstance(line, str)
    assert "not one of 3 trials" in line


def test_the_sizes_allowed_in_tables_leave_room_for_every_dose_of_a_sentence():
    assert input_limit("table_number_least") < input_limit("smallest_amount_mg") / input_limit("horizon_h")
