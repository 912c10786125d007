"""Adding a drug, a route or an indication: the pages are followed to the letter in a copy of the package."""

from __future__ import annotations

import pytest

from extending_pages import followed, put_in


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


ARKETAMINE = {
    "drugs.toml": """
[arketamine]
label = "Arketamine"
class = "ketamine"
aliases = ["r-ketamine"]
routes = ["IV"]
fraction_s = 0.0
fraction_r = 1.0
population = "not applicable: composition of the product"
source = "R-ketamine, by definition"
grade = "established"
checked = "definition"
""",
    "routes.toml": """
[[IV.limits]]
drug = "arketamine"
per_dose = { value = 5.0, unit = "mg/kg" }
per_day = { value = 10.0, unit = "mg/kg" }
population = "adults"
source = "Example of a test"
grade = "assumed"
checked = "rule"
""",
    "studied_doses/arketamine.toml": """# Example of a test.

[[studied]]
drug = "arketamine"
route = "IV"
indication = "mdd"
highest = { value = 0.5, unit = "mg/kg" }
design = "controlled"
source = "Example of a test"
grade = "assumed"
checked = "recall"
""",
}


def test_acute_effects_of_a_ketamine_without_its_s_form_are_not_known_rather_than_none(tmp_path):
    copy = followed("drug", tmp_path)
    for name, rows in ARKETAMINE.items():
        put_in(copy.folder / "src" / "ketascope" / "data" / name, rows)
    option, series, chart = copy.run(
        """
import json
from ketascope.charts import acute_effects
chosen = {"indication": "mdd", "patients": 8, "until_h": 200.0}
compared = ketascope.compare(["arketamine 0.5 mg/kg IV over 40 min", "ketamine 0.5 mg/kg IV"], **chosen)
simulated = ketascope.simulate("arketamine 0.5 mg/kg IV over 40 min", **chosen).document()["series"]
chart = acute_effects(compared.document(), compared.curves)
print(json.dumps([compared.document()["options"][0], sorted(simulated), [chart.summary, chart.table]]))
"""
    )
    assert option["pk"]["ketamine_cmax_ng_per_ml"]["median"] > 100.0
    assert set(option["acute"].values()) == {None}
    (flag,) = [flag for flag in option["flags"] if flag["code"] == "acute_not_known"]
    assert "not known for this drug" in flag["message"]
    assert "arketamine" in flag["message"]
    assert "ketamine_ng_per_ml" in series
    assert not {"dissociation", "systolic_rise_mmhg"} & set(series)
    summary, table = chart
    assert "Nothing is shown for: arketamine 0.5 mg/kg IV over 40 min." in summary
    assert {row["option"] for row in table} == {"ketamine 0.5 mg/kg IV"}


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
