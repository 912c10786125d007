"""The JSON contract: schema, finite and ordered quantities, and a flag beside every null that says why."""

from __future__ import annotations

import functools
import json
import math
from fnmatch import fnmatchcase

import jsonschema
import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from ketascope import compare, contract
from ketascope.cli import main
from ketascope.comparing.flags import flag_messages
from ketascope.regimen import load_presets

INDICATIONS = ("gad", "sad", "ptsd", "ocd", "mdd")
TIMES = ("2h", "24h", "7d", "28d", "56d")
ENDS = {"2h": 2.0, "24h": 24.0, "7d": 168.0, "28d": 672.0, "56d": 1344.0}

# Why a part of an option may be null: the flags of which at least one must stand in that option.
NO_SYMPTOMS = {"above_studied_dose", "no_studied_dose", "no_untreated_evidence"}
NOT_AT_THAT_TIME = {"beyond_horizon", "scale_recall_longer"} | NO_SYMPTOMS
WHY_NULL = {
    "sentence": {"not_a_treatment"},
    "drug": {"not_a_treatment"},
    "route": {"not_a_treatment"},
    "pk.*": {"not_ketamine"},
    "pk_typical.*": {"not_ketamine"},
    "receptor.*": {"not_ketamine"},
    "glutamate.*": {"not_ketamine"},
    "plasticity.*": {"not_ketamine"},
    "acute.sedation_percent": {"sedation_unknown", "not_ketamine"},
    "acute.dissociation_over_h": {"acute_not_over", "not_ketamine"},
    "acute.systolic_rise_mmhg": {"pressure_not_extrapolated", "not_ketamine"},
    "acute.diastolic_rise_mmhg": {"pressure_not_extrapolated", "not_ketamine"},
    "acute.*": {"not_ketamine"},
    "symptoms*.onset_h": {"onset_unclear", "onset_before_recall", "is_reference"} | NO_SYMPTOMS,
    "symptoms*.ssri_catches_up_h": {"no_catch_up", "is_the_ssri", "is_reference"} | NO_SYMPTOMS,
    "symptoms*.change.*": NOT_AT_THAT_TIME,
    "symptoms*.response_rate.*": NOT_AT_THAT_TIME,
    "symptoms*.versus_placebo.*": {"is_reference"} | NOT_AT_THAT_TIME,
    "symptoms*.response_on_placebo.*": {"is_reference"} | NOT_AT_THAT_TIME,
    "symptoms*.response_versus_placebo.*": {"is_reference"} | NOT_AT_THAT_TIME,
    "symptoms*.number_needed_to_treat.*": {"is_reference", "too_few_more_respond"} | NOT_AT_THAT_TIME,
    "practical.setting": {"setting_unknown", "not_a_treatment"},
    "practical.approval": {"setting_unknown", "not_a_treatment"},
    "practical.observation_min": {
        "no_observation_time",
        "observation_not_in_minutes",
        "setting_unknown",
        "not_a_treatment",
    },
    "practical.cost_usd*": {"cost_unknown", "not_a_treatment"},
    "evidence.*": {"not_a_treatment"},
}

OWN = {
    "anaesthetic dose": (("ketamine 5 mg/kg IV",), {}),
    "rectal": (("ketamine 100 mg rectal",), {}),
    "arterial sampling": (("ketamine 0.5 mg/kg IV over 40 min",), {"sampling": "arterial"}),
    "until three days": (("ketamine 0.5 mg/kg IV over 40 min", "escitalopram 10 mg oral q 1 d x 3"), {"until_h": 72.0}),
    "until one day": (("ketamine 0.5 mg/kg IM",), {"until_h": 24.0}),
    "a loading dose": (("ketamine 0.1 mg/kg IV & ketamine 0.4 mg/kg IV over 40 min",), {}),
    "three routes within minutes": (
        ("ketamine 10 mg IV over 40 min & ketamine 10 mg IM after 1 min & ketamine 10 mg SC after 2 min",),
        {},
    ),
    "six infusions in five hours": (("ketamine 0.1 mg/kg IV over 40 min q 50 min x 6",), {}),
    "a scale that asks about a week, until three days": (
        ("ketamine 0.5 mg/kg IV over 40 min",),
        {"indication": "ptsd", "until_h": 72.0},
    ),
    "mixed routes": (("ketamine 0.5 mg/kg IV over 40 min & esketamine 84 mg nasal after 3 h",), {}),
    "one route then another": (("ketamine 35 mg IM then ketamine 100 mg oral q 7 d x 4 after 7 d",), {}),
    "SSRI with ketamine": (("escitalopram 10 mg oral q 1 d x 56 & ketamine 0.5 mg/kg IV over 40 min after 2 h",), {}),
    "ketamine with SSRI at the same moment": (("ketamine 35 mg IM & escitalopram 10 mg oral q 1 d x 56",), {}),
    "ketamine long after the SSRI": (
        ("escitalopram 10 mg oral q 1 d x 56 & ketamine 35 mg IM q 7 d x 4 after 2 wk",),
        {},
    ),
    "depression": (("esketamine 84 mg nasal q 3.5 d x 8",), {"indication": "mdd"}),
    "another SSRI": (("sertraline 100 mg oral q 1 d x 56",), {"indication": "gad"}),
    "SNRI": (("venlafaxine 75 mg oral q 1 d x 56",), {"indication": "sad"}),
    "few SSRI doses": (("paroxetine 20 mg oral",), {"indication": "ptsd"}),
    "twenty kilograms": (("ketamine 0.5 mg/kg IV over 40 min",), {"weight_kg": 20.0}),
    "three hundred kilograms": (("ketamine 0.5 mg/kg SC",), {"weight_kg": 300.0}),
    "old, ill and with medicines": (
        ("ketamine 100 mg oral",),
        {"age_years": 85.0, "hepatic": "moderate", "interactions": ("rifampicin", "grapefruit")},
    ),
    "esketamine by routes that borrow": (
        ("esketamine 20 mg IV over 40 min", "esketamine 50 mg SL", "esketamine 30 mg oral", "esketamine 20 mg SC"),
        {},
    ),
    "buccal": (("ketamine 100 mg buccal",), {}),
    "racemic nasal": (("ketamine 50 mg nasal",), {"indication": "ocd"}),
    "starts later": (("ketamine 0.5 mg/kg IM after 2 d",), {}),
    "every scenario": (
        ("ketamine 0.5 mg/kg IV over 40 min",),
        {"scenarios": ("expectancy", "active-control", "hnk", "opioid-blocked", "r-potency", "cyp2b6-star6")},
    ),
    "typical patient alone": (("ketamine 0.5 mg/kg IV over 40 min",), {"patients": 0}),
}


@functools.cache
def presets_of(indication, patients=100):
    """The comparison of an indication's presets, computed once for all test files."""
    return compare(indication=indication, patients=patients)


@functools.cache
def own(name):
    """The document of one row of OWN."""
    sentences, choices = OWN[name]
    return compare(sentences, **{"patients": 30, **choices}).document()


def parts(value, path=()):
    """Every quantity, null and plain value of an option with its dotted name; a quantity is one part."""
    if isinstance(value, dict) and set(value) != {"median", "low", "high", "interval_of"}:
        for name, inner in value.items():
            yield from parts(inner, (*path, name))
    else:
        yield ".".join(path), value


def options_of(document):
    return {option["id"]: option for option in document["options"]}


def quantities(option):
    return {name: value for name, value in parts(option) if isinstance(value, dict)}


def reasons(name):
    """The flags that explain a null of that name, by the most specific pattern."""
    for pattern, codes in WHY_NULL.items():
        if fnmatchcase(name, pattern):
            return codes
    raise AssertionError(f"{name} must never be null")


def unexplained(option):
    codes = {flag["code"] for flag in option["flags"]}
    return [name for name, value in parts(option) if value is None and not codes & reasons(name)]


def check_quantities(option):
    found = quantities(option)
    for name, quantity in found.items():
        low, median, high = quantity["low"], quantity["median"], quantity["high"]
        if high is None:
            # The one quantity without an upper end: where the difference in responders may be none.
            place, time = name.rsplit(".", 1)
            assert place.endswith("number_needed_to_treat"), name
            assert found[f"{place.removesuffix('number_needed_to_treat')}response_versus_placebo.{time}"]["low"] < 0.1
            assert math.isfinite(low)
            assert low <= median
            continue
        assert all(math.isfinite(value) for value in (low, median, high)), (option["id"], name, quantity)
        assert low <= median <= high, (option["id"], name, quantity)
        assert quantity["interval_of"] in ("patients", "typical patient", "population mean")
    return len(found)


def check_document(document):
    jsonschema.Draft202012Validator(contract.document_schema("comparison")).validate(document)
    contract.check_document("comparison", document)
    for option in document["options"]:
        check_quantities(option)
        assert unexplained(option) == [], option["id"]


@pytest.mark.parametrize("indication", INDICATIONS)
def test_the_presets_of_every_indication_keep_the_contract(indication):
    document = presets_of(indication).document()
    check_document(document)
    assert [option["id"] for option in document["options"]] == [preset.id for preset in load_presets(indication)]
    # Eleven presets simulate ketamine or an SSRI: most quantities are numbers, not nulls.
    assert sum(len(quantities(option)) for option in document["options"]) > 180


def test_the_command_prints_the_contract_with_a_thousand_patients():
    result = CliRunner().invoke(main, ["compare", "--indication", "gad", "--json"])
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    check_document(document)
    assert document["patients"] == 1000
    assert document["defaulted"].count("patients") == 1


@pytest.mark.parametrize("indication", INDICATIONS)
def test_the_command_prints_what_the_library_returns(indication):
    result = CliRunner().invoke(main, ["compare", "--indication", indication, "--patients", "100", "--json"])
    assert json.loads(result.stdout) == json.loads(json.dumps(presets_of(indication).document()))


@pytest.mark.parametrize("name", OWN)
def test_own_sentences_keep_the_contract(name):
    document = own(name)
    check_document(document)
    assert [option["sentence"] for option in document["options"]] == [option["id"] for option in document["options"]]
    assert all(option["drug"] and option["route"] for option in document["options"])


@pytest.mark.parametrize("indication", INDICATIONS)
def test_what_is_ketamine_has_every_exposure_and_what_is_not_has_none(indication):
    for option in presets_of(indication).document()["options"]:
        numbers = [*option["pk"].values(), *option["receptor"].values(), *option["plasticity"].values()]
        given = option["drug"] in ("ketamine", "esketamine")
        assert all((number is not None) == given for number in numbers), option["id"]


@pytest.mark.parametrize("indication", INDICATIONS)
@pytest.mark.parametrize("time", TIMES)
def test_a_scale_that_asks_about_a_week_has_no_value_before_it(indication, time):
    asks_about_a_week = indication in ("sad", "ptsd", "ocd")
    for option in presets_of(indication).document()["options"]:
        codes = {flag["code"] for flag in option["flags"]}
        if option["symptoms"]["change"]["56d"] is None:
            assert codes & NO_SYMPTOMS, option["id"]
            continue
        is_shown = option["symptoms"]["change"][time] is not None
        assert is_shown == (not asks_about_a_week or ENDS[time] >= 168.0), option["id"]
        assert ("scale_recall_longer" in codes) == asks_about_a_week


def test_no_fraction_leaves_its_range():
    """Block, bioavailability, plasticity and percentages are shares: nothing outside 0 to 1 or 0 to 100."""
    documents = [presets_of(indication).document() for indication in INDICATIONS] + [own(name) for name in OWN]
    checked = 0
    for option in (option for document in documents for option in document["options"]):
        shares = {
            "receptor.peak_block": 1.0,
            "pk.bioavailability": 1.0,
            "plasticity.peak": 1.0,
            "acute.sedation_percent": 100.0,
            **{f"symptoms.response_rate.{time}": 100.0 for time in TIMES},
        }
        found = quantities(option)
        for name, most in shares.items():
            if name in found:
                assert found[name]["low"] >= 0.0, (option["id"], name)
                assert found[name]["high"] <= most, (option["id"], name, found[name])
                checked += 1
    assert checked > 300


def test_above_the_studied_dose_exposure_stands_and_symptoms_do_not():
    (option,) = own("anaesthetic dose")["options"]
    assert option["pk"]["ketamine_cmax_ng_per_ml"]["median"] > 1000.0
    assert all(value is None for name, value in parts(option["symptoms"]) if name != "scale")
    (flag,) = [flag for flag in option["flags"] if flag["code"] == "above_studied_dose"]
    assert "5 mg/kg" in flag["message"]
    assert "exposure is shown, symptoms are not" in flag["message"]


def test_every_flag_that_is_raised_has_a_message_without_holes():
    documents = [presets_of(indication).document() for indication in INDICATIONS] + [own(name) for name in OWN]
    seen = {}
    for option in (option for document in documents for option in document["options"]):
        assert len({flag["code"] for flag in option["flags"]}) == len(option["flags"])
        for flag in option["flags"]:
            seen[flag["code"]] = flag["message"]
    assert seen.keys() <= flag_messages().keys()
    assert all(message and "{" not in message and "None" not in message for message in seen.values())
    # The table above speaks only of flags that exist.
    assert set().union(*WHY_NULL.values()) <= flag_messages().keys()


def test_unknown_frequency_is_said_and_never_left_out():
    for option in presets_of("gad").document()["options"]:
        for harm in option["harms"]:
            assert harm["frequency"] is not None or harm["harm"].startswith("do not use: "), harm
            assert harm["source"] is not None or harm["frequency"].startswith("unknown"), harm


def broken(change):
    document = json.loads(json.dumps(own("until three days")))
    change(document, document["options"][0])
    return document


BREAKS = {
    "a missing part": lambda document, option: option.pop("pk"),
    "a missing key of a part": lambda document, option: option["pk"].pop("bioavailability"),
    "an unknown key at the top": lambda document, option: document.update(extra=1),
    "an unknown key in an option": lambda document, option: option.update(extra=1),
    "an unknown horizon": lambda document, option: option["symptoms"]["change"].update({"14d": None}),
    "a quantity without an interval": lambda document, option: option["receptor"].update(peak_block={"median": 0.2}),
    "an unknown interval": lambda document, option: option["receptor"]["peak_block"].update(interval_of="people"),
    "a text for a number": lambda document, option: option["receptor"]["peak_block"].update(median="0.2 of all"),
    "a flag without a message": lambda document, option: option["flags"][0].pop("message"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_schema_and_the_models_both_refuse(name):
    document = broken(BREAKS[name])
    with pytest.raises(ValidationError):
        contract.check_document("comparison", document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(contract.document_schema("comparison")).validate(document)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(value):
    document = broken(lambda document, option: option["pk"]["ketamine_cmax_ng_per_ml"].update(high=value))
    with pytest.raises(ValidationError):
        contract.check_document("comparison", document)


def test_an_interval_that_does_not_hold_its_median_is_refused():
    document = broken(lambda document, option: option["pk"]["ketamine_cmax_ng_per_ml"].update(low=1e9))
    with pytest.raises(ValidationError, match="does not hold"):
        contract.check_document("comparison", document)
