"""Dosing occasions: what counts as one session."""

from __future__ import annotations

import pytest

from ketascope.comparison import compare
from ketascope.model.occasions import first_occasion_end_h, given_on_site, occasion_starts
from ketascope.model.parameter_store import load_parameters
from ketascope.regimen import parse

ROWS = load_parameters()


def starts(sentence: str) -> tuple[float, ...]:
    return occasion_starts(parse(sentence).doses(70.0), ROWS)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("ketamine 35 mg IV over 40 min", (0.0,)),
        ("ketamine 7 mg IV & ketamine 28 mg IV over 40 min", (0.0,)),
        ("esketamine 84 mg nasal", (0.0,)),
        ("ketamine 35 mg IM q 3.5 d x 3", (0.0, 84.0, 168.0)),
        ("ketamine 10 mg IV over 40 min q 50 min x 4", (0.0,)),
        ("ketamine 35 mg IM q 24 h x 3", (0.0, 24.0, 48.0)),
        ("ketamine 35 mg IM after 5 h", (5.0,)),
        ("ketamine 10 mg SC over 6 h & ketamine 10 mg IM after 7 h", (0.0,)),
        # A dose in between ends before the long infusion does.
        ("ketamine 10 mg SC over 6 h & ketamine 10 mg IM after 3 h & ketamine 10 mg nasal after 7 h", (0.0,)),
        ("ketamine 10 mg IM & ketamine 10 mg SC after 2 h", (0.0,)),
        ("ketamine 10 mg IM & ketamine 10 mg SC after 3 h", (0.0, 3.0)),
    ],
)
def test_doses_close_together_are_one_session(sentence: str, expected: tuple[float, ...]) -> None:
    assert starts(sentence) == pytest.approx(expected)


def test_the_first_session_ends_with_the_second_or_the_horizon() -> None:
    doses = parse("ketamine 35 mg IM q 3.5 d x 3").doses(70.0)
    assert first_occasion_end_h(doses, ROWS, 1344.0) == 84.0
    assert first_occasion_end_h(doses, ROWS, 48.0) == 48.0
    assert first_occasion_end_h(doses[:1], ROWS, 48.0) == 48.0


def test_a_split_dose_has_the_exposure_of_the_whole() -> None:
    split = "ketamine 17.5 mg IV over 40 min & ketamine 17.5 mg SL after 1 min"
    whole = compare(["ketamine 17.5 mg IV over 40 min"], patients=0).document()["options"][0]["pk"]
    both = compare([split], patients=0).document()["options"][0]["pk"]
    assert both["ketamine_cmax_ng_per_ml"]["median"] > whole["ketamine_cmax_ng_per_ml"]["median"]
    assert both["ketamine_auc_ng_h_per_ml"]["median"] > whole["ketamine_auc_ng_h_per_ml"]["median"]


@pytest.mark.parametrize(
    ("sentence", "procedures"),
    [
        ("ketamine 35 mg IV over 40 min & escitalopram 10 mg oral q 1 d x 56", 1),
        ("ketamine 35 mg IV over 40 min q 1 d x 3", 3),
        ("esketamine 56 mg nasal", 2),  # two devices, both under observation
        ("ketamine 100 mg oral", 0),
        ("escitalopram 10 mg oral q 36 h x 4", 0),
    ],
)
def test_a_procedure_is_what_is_given_under_observation(sentence: str, procedures: int) -> None:
    assert len(given_on_site(parse(sentence).doses(70.0))) == procedures


def test_an_ssri_beside_ketamine_takes_nothing_from_its_early_effect() -> None:
    alone, both = compare(
        ["ketamine 35 mg IV over 40 min", "ketamine 35 mg IV over 40 min & escitalopram 10 mg oral q 1 d x 56"],
        patients=0,
        indication="mdd",
    ).document()["options"]
    change = [option["symptoms"]["change"]["24h"]["median"] for option in (alone, both)]
    assert change[1] <= change[0]
    assert change[1] == pytest.approx(change[0], abs=1.0)


def test_harms_of_a_combination_are_those_of_both() -> None:
    (option,) = compare(["escitalopram 10 mg oral q 1 d x 56 & ketamine 35 mg IV over 40 min"], patients=0).document()[
        "options"
    ]
    harms = {row["harm"] for row in option["harms"]}
    assert any("dissociation" in harm for harm in harms)
    assert any("sexual" in harm for harm in harms)
    assert option["drug"] == "ketamine"
    assert option["practical"]["observation_min"] == 120


def test_a_scenario_about_the_patient_does_not_cancel_itself() -> None:
    usual, slow = (
        compare(["ketamine 35 mg IV over 40 min"], patients=0, scenarios=names).document()["options"][0]
        for names in ((), ("cyp2b6-star6",))
    )
    assert slow["acute"]["dissociation_peak"]["median"] > 1.05 * usual["acute"]["dissociation_peak"]["median"]
    assert slow["symptoms"]["versus_placebo"]["24h"]["median"] < usual["symptoms"]["versus_placebo"]["24h"]["median"]


def test_splitting_a_dose_over_a_day_does_not_hide_that_it_is_above_the_studied_one() -> None:
    (option,) = compare(["ketamine 0.5 mg/kg IV over 40 min q 50 min x 6"], patients=0, indication="mdd").document()[
        "options"
    ]
    assert option["symptoms"]["change"]["24h"] is None
    assert "above_studied_dose" in {flag["code"] for flag in option["flags"]}


def test_pressure_is_not_extrapolated_to_anaesthesia() -> None:
    (option,) = compare(["ketamine 5 mg/kg IV"], patients=0).document()["options"]
    assert option["acute"]["systolic_rise_mmhg"] is None
    assert "pressure_not_extrapolated" in {flag["code"] for flag in option["flags"]}


def test_the_reference_ssri_is_taken_until_the_horizon() -> None:
    (option,) = compare(["ketamine 35 mg IV over 40 min"], patients=0, until_h=26 * 168.0).document()["options"]
    assert option["symptoms"]["ssri_catches_up_h"]["median"] < 60 * 24.0
