"""Adding a drug, a route or an indication: the pages are followed to the letter in a copy of the package."""

from __future__ import annotations

import pytest

from extending_pages import followed


def test_a_drug_is_added_by_the_files_that_its_page_names(tmp_path):
    copy = followed("drug", tmp_path)

    assert copy.touched == tuple(sorted(copy.guide.paths))
    assert len(copy.touched) == copy.guide.count
    found = copy.run(
        """
import json
sentence = str(ketascope.parse("celexa 40 mg po q 1 d x 56"))
document = ketascope.compare(
    [sentence, "escitalopram 10 mg oral q 1 d x 56"], indication="mdd", patients=8
).document()
print(json.dumps([sentence, document["options"]]))
"""
    )
    sentence, (new, known) = found
    assert sentence == "citalopram 40 mg oral q 1 d x 56"
    assert new["drug"] == "citalopram"
    assert new["symptoms"]["versus_placebo"]["56d"] == known["symptoms"]["versus_placebo"]["56d"]
    assert new["symptoms"]["versus_placebo"]["56d"]["median"] < 0.0
    assert new["practical"]["setting"]
    assert {harm["harm"] for harm in new["harms"]} == {harm["harm"] for harm in known["harms"]}
    assert new["evidence"]["certainty"]
    assert not {"no_studied_dose", "setting_unknown"} & {flag["code"] for flag in new["flags"]}


def test_a_route_is_added_by_the_files_that_its_page_names(tmp_path):
    copy = followed("route", tmp_path)

    assert copy.touched == tuple(sorted(copy.guide.paths))
    assert len(copy.touched) == copy.guide.count
    areas, half_a_day, option = copy.run(
        """
import json
inhaled, vein = (
    ketascope.simulate(sentence, patients=0, until_h=24 * 14, times_h=[12.0])
    for sentence in ("ketamine 35 mg inhaled", "ketamine 35 mg IV")
)
areas = [run.document()["nca"] for run in (inhaled, vein)]
values = [run.document()["series"]["ketamine_ng_per_ml"]["median"][-1] for run in (inhaled, vein)]
option = ketascope.compare(["ketamine 35 mg nebulised"], indication="gad", patients=8).document()["options"][0]
print(json.dumps([areas, values, option]))
"""
    )
    inhaled, vein = (row["ketamine"]["auc_inf_ng_h_per_ml"]["geometric_mean"] for row in areas)
    assert inhaled / vein == pytest.approx(0.70, rel=0.01)
    assert half_a_day[0] > 0.0
    assert (option["drug"], option["route"]) == ("ketamine", "inhaled")
    assert option["pk"]["bioavailability"]["median"] == pytest.approx(0.70, abs=0.15)
    assert option["symptoms"]["versus_placebo"]["24h"] is None
    assert {"no_studied_dose", "setting_unknown"} <= {flag["code"] for flag in option["flags"]}


def test_an_indication_is_added_by_the_files_that_its_page_names(tmp_path):
    copy = followed("indication", tmp_path)

    assert copy.touched == tuple(sorted(copy.guide.paths))
    assert len(copy.touched) == copy.guide.count
    document, overview = copy.run(
        """
import json
from ketascope.evidence.studies.tables import INDICATIONS
document = ketascope.compare(indication="bipolar", patients=8).document()
print(json.dumps([document, ["bipolar" in INDICATIONS, ketascope.pooled_evidence("bipolar")["label"]]]))
"""
    )
    assert document["about_indication"]["label"] == "bipolar depression"
    vein, ssri, placebo = document["options"]
    day, weeks = (vein["symptoms"]["versus_placebo"][at] for at in ("24h", "56d"))
    assert day["low"] < day["median"] < weeks["median"] < 0.1
    # The rows that no trial has informed vary by their own uncertainty.
    late = ssri["symptoms"]["versus_placebo"]["56d"]
    assert late["low"] < late["median"] < late["high"]
    assert placebo["symptoms"]["change"]["56d"]["median"] < 0.0
    assert overview == [True, "bipolar depression"]
