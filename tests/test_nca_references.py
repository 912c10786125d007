"""Our figures against PKNCA and NonCompart on the theophylline and indomethacin data."""

from __future__ import annotations

from pathlib import Path

import pytest

from ketascope.noncompartmental.analysing import nca
from ketascope.noncompartmental.crosswalk import TOOLS, name_in, names
from nca_references import fixture, in_their_unit, our_figures, our_name, references

# Both sides compute closed forms in double precision; the references carry 15 digits.
TOLERANCE = 1e-12
PAGE = Path(__file__).resolve().parent.parent / "docs" / "nca-validation.md"

FIGURES = [(identity, theirs) for identity, reference in references().items() for theirs in reference["values"]]


@pytest.mark.parametrize(("identity", "theirs"), FIGURES, ids=[" ".join(pair) for pair in FIGURES])
def test_every_person_agrees(identity, theirs):
    reference = references()[identity]
    ours = our_name(reference, theirs)
    found = [in_their_unit(ours, figures[ours]) for figures in our_figures(reference)]
    assert found == pytest.approx(reference["values"][theirs], rel=TOLERANCE)


def test_all_people_of_the_data_are_compared_and_every_reference_names_its_tool():
    people = {name: len(data["people"]) for name, data in fixture()["data"].items()}
    assert people == {"theophylline": 12, "indomethacin": 6}
    for reference in references().values():
        assert all(len(values) == people[reference["data"]] for values in reference["values"].values())
        assert all(reference[said] for said in ("tool", "version", "published_in"))


def test_the_same_figures_come_from_a_file(tmp_path):
    reference = references()["theophylline, linear-up/log-down, PKNCA"]
    data = fixture()["data"]["theophylline"]
    rows = ["ID,TIME,DV,AMT"]
    for identity, person in data["people"].items():
        for index, (time_h, level) in enumerate(zip(person["time_h"], person["conc_mg_per_l"], strict=True)):
            rows.append(f"{identity},{time_h},{level},{data['dose_mg'] if index == 0 else '.'}")
    path = tmp_path / "theophylline.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    profiles = nca(path, unit="mg/L").document()["profiles"]
    clearances = [profile["apparent_clearance_l_per_h"] for profile in profiles]
    assert clearances == pytest.approx(reference["values"]["cl.obs"], rel=TOLERANCE)


def test_doubtful_figures_are_flagged_as_the_data_deserve():
    """Person 1 has 31% extrapolated over a window of 1.07 half-lives, and 0.74 mg/L before the dose."""
    reference = references()["theophylline, linear-up/log-down, PKNCA"]
    flags = [set(figures["flags"]) for figures in our_figures(reference)]
    assert flags[0] == {"extrapolated_over_20_percent", "span_below_2", "residual_before_dose"}
    short = [index for index, span in enumerate(reference["values"]["span.ratio"]) if span < 2.0]
    assert [index for index, raised in enumerate(flags) if "span_below_2" in raised] == short
    assert flags[1] == set()


def test_a_wrong_rule_would_be_noticed():
    reference = dict(references()["theophylline, linear, PKNCA"], area_rule="linear-up/log-down")
    found = [figures["auc_last_ng_h_per_ml"] / 1000.0 for figures in our_figures(reference)]
    assert found != pytest.approx(reference["values"]["auclast"], rel=1e-3)


def test_all_names_in_other_tools_are_told_once():
    for tool in TOOLS:
        for intravenous in (False, True):
            given = [name_in(tool, name, intravenous) for name in names()]
            kept = [name for name in given if name]
            shared = {"cl.obs", "vz.obs"} if tool == "pknca" else set()
            assert {name for name in kept if kept.count(name) > 1} == shared
    assert all(row["label"] and row["winnonlin"] and row["cdisc"] for row in names().values())


def test_the_page_says_how_many_figures_agree():
    """The table of the page is counted from the references, so that neither can change alone."""
    text = PAGE.read_text(encoding="utf-8")
    for reference in references().values():
        count = sum(len(values) for values in reference["values"].values())
        assert f"| {reference['id']} | {reference['tool']} {reference['version']} | {count} | {count} |" in text
