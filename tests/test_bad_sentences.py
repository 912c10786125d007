"""Bad dose sentences: each gives one line that points at the word and says what would be right."""

import pytest

from data_lookups import DRUGS, ROUTES
from ketascope.errors import InputError
from ketascope.regimen import SentenceError, parse

TIMES = "Time units: min, h, d, wk"
DEVICES = "esketamine nasal comes in whole devices of 28 mg; write 28, 56 or 84 mg"
AMOUNT = "an amount must follow ketamine, e.g. '0.5 mg/kg'"
SHAPE = "write DRUG AMOUNT UNIT ROUTE, e.g. 'ketamine 0.5 mg/kg IV over 40 min'"
AFTER_ROUTE = "After the route come over, q ... x, after, & or then"

BAD = {
    # Names that are unknown or missing.
    "": f"the sentence is empty; {SHAPE}",
    "ketamin 0.5 mg/kg IV": f"word 1 'ketamin': unknown drug; did you mean 'ketamine'? Drugs: {DRUGS}",
    "aspirin 100 mg oral": f"word 1 'aspirin': unknown drug. Drugs: {DRUGS}",
    "0.5 mg/kg IV": f"word 1 '0.5': the drug is missing; a phase starts with one of {DRUGS}",
    "ketamine 0.5 mg/kg intravenus": (f"word 4 'intravenus': unknown route; did you mean 'IV'? Routes: {ROUTES}"),
    "ketamine 0.5 mg/kg in": f"word 4 'in': unknown route. Routes: {ROUTES}",
    "ketamine 0.5 mg/kg": (
        f"word 3 'mg/kg': the sentence ends here; a route must follow the unit; routes of ketamine: {ROUTES}"
    ),
    "ketamine 0.5 mg/kg over 40 min": (
        f"word 4 'over': the route is missing here; a route must follow the unit; routes of ketamine: {ROUTES}"
    ),
    "escitalopram 10 mg IV": ("word 4 'IV': escitalopram by IV is not covered; routes of escitalopram: oral"),
    # Amounts and units.
    "ketamine": f"word 1 'ketamine': the sentence ends here; {AMOUNT}",
    "ketamine mg/kg IV": f"word 2 'mg/kg': the amount is missing before the unit; {AMOUNT}",
    "ketamine half mg/kg IV": f"word 2 'half': not a number; {AMOUNT}",
    "ketamine 0,5 mg/kg IV": (f"word 2 '0,5': not a number; write a decimal point, not a comma; {AMOUNT}"),
    "ketamine NaN mg/kg IV": f"word 2 'NaN': not a finite number; {AMOUNT}",
    "ketamine -inf mg IV": f"word 2 '-inf': not a finite number; {AMOUNT}",
    "ketamine 1e999 mg IV": f"word 2 '1e999': not a finite number; {AMOUNT}",
    "ketamine 0 mg IV": "word 2 '0': must be more than zero",
    "ketamine -35 mg IV": "word 2 '-35': must be more than zero",
    "ketamine 1e-9 mg IV": "word 2 '1e-9': too small; the least amount is 1e-06 mg or mg/kg",
    "ketamine 0.5 IV": "word 3 'IV': the unit is missing before the route; write mg or mg/kg",
    "ketamine 0.5 mgkg IV": ("word 3 'mgkg': unknown unit; did you mean 'mg/kg'? Units: mg, mg/kg, g, mcg, mcg/kg"),
    "ketamine 35 ml IV": "word 3 'ml': unknown unit. Units: mg, mg/kg, g, mcg, mcg/kg",
    # Clauses.
    "ketamine 35 mg oral over 40 min": "word 6 '40': only IV and SC doses can run over a time, not oral",
    "ketamine 35 mg IV over 40": (
        "word 6 '40': the sentence ends here; a unit of time must follow 40: min, h, d or wk"
    ),
    "ketamine 35 mg IV over min": (
        "word 6 'min': the time is missing before the unit; a time must follow 'over', e.g. 'over 40 min'"
    ),
    "ketamine 35 mg IV over 40 minits": f"word 7 'minits': unknown time unit; did you mean 'min'? {TIMES}",
    "ketamine 35 mg IV over 0 min": "word 6 '0': must be more than zero",
    "ketamine 35 mg IV over 2e-3 min": "word 6 '2e-3': too short; the shortest is 1 min",
    "ketamine 35 mg IV over 40 min over 1 h": "word 8 'over': a phase can have only one 'over'",
    "ketamine 35 mg IV over 40 min q 30 min x 3": (
        "word 6 '40': the infusion of 40 min is longer than its interval of 30 min"
    ),
    "ketamine 35 mg IV q 3.5 d": ("word 5 'q': an interval needs a number of doses after it, e.g. 'q 3.5 d x 6'"),
    "ketamine 35 mg IV x 6": "word 5 'x': 'x' needs an interval before it, e.g. 'q 3.5 d x 6'",
    "ketamine 35 mg IV q 3.5 d x": (
        "word 8 'x': the sentence ends here; a whole number of doses must follow 'x', e.g. 'x 6'"
    ),
    "ketamine 35 mg IV q 3.5 d x 2.5": ("word 9 '2.5': not a whole number of doses; write 1 or more, e.g. 'x 6'"),
    "ketamine 35 mg IV q 3.5 d x 0": "word 9 '0': not a whole number of doses; write 1 or more, e.g. 'x 6'",
    "ketamine 35 mg IV q -1 d x 6": "word 6 '-1': must be more than zero",
    "ketamine 35 mg IV after -1 d": "word 6 '-1': must not be negative",
    "ketamine 35 mg IV twice": f"word 5 'twice': not understood here. {AFTER_ROUTE}",
    "ketamine 35 mg IV thn ketamine 35 mg IV": (
        f"word 5 'thn': not understood here; did you mean 'then'? {AFTER_ROUTE}"
    ),
    "ketamine 35 mg IV then": f"word 5 'then': the sentence ends here; a phase must follow; {SHAPE}",
    "ketamine 35 mg IV & & ketamine 35 mg IM": (f"word 6 '&': the drug is missing here; a phase must follow; {SHAPE}"),
    # Limits.
    "ketamine 11 mg/kg IV": "word 2 '11': 11 mg/kg a dose is over the limit of 10 mg/kg for ketamine IV",
    "ketamine 9000 mg IV": (
        "word 2 '9000': 30 mg/kg a dose even at 300 kg is over the limit of 10 mg/kg for ketamine IV"
    ),
    "ketamine 10 mg/kg IV q 8 h x 3": (
        "word 2 '10': 30 mg/kg within 24 h is over the limit of 20 mg/kg for ketamine IV"
    ),
    "escitalopram 40 mg oral": "word 2 '40': 40 mg a dose is over the limit of 20 mg for escitalopram oral",
    "ketamine 35 mg IV q 1 h x 1001": "word 9 '1001': the regimen now has 1001 doses; the limit is 1000",
    "ketamine 35 mg IV q 30 d x 30": "word 6 '30': the schedule would last 870 d; the limit is 730 d",
    "ketamine 35 mg IV after 900 d": "word 6 '900': the schedule would last 900 d; the limit is 730 d",
    # Devices.
    "esketamine 50 mg nasal": f"word 2 '50': {DEVICES}",
    "esketamine 112 mg nasal": f"word 2 '112': {DEVICES}",
    "esketamine 1 mg/kg nasal": f"word 3 'mg/kg': {DEVICES}, not mg/kg",
    "esketamine 56 mg nasal & esketamine 56 mg nasal after 20 min": (
        "word 7 '56': 4 devices in one session (doses within 30 min of each other); the limit is 3"
    ),
    "esketamine 84 mg nasal q 12 h x 2": (
        "word 2 '84': 168 mg within 24 h is over the limit of 84 mg for esketamine nasal"
    ),
    # Phases that overlap.
    "ketamine 35 mg IV over 40 min & ketamine 35 mg IV over 1 h after 30 min": (
        "word 9 'ketamine': overlapping phases: this infusion would start at 0.5 h while that of phase 1 "
        "runs until 0.6667 h; separate them with 'then' or 'after'"
    ),
    "ketamine 35 mg IM then ketamine 35 mg IM": (
        "word 6 'ketamine': overlapping phases: phase 1 gives the same drug by the same route at the same "
        "moment (0 h); separate them with 'after' or give the sum as one dose"
    ),
}


@pytest.mark.parametrize("sentence", BAD)
def test_a_bad_sentence_gives_one_line_that_says_what_would_be_right(sentence):
    with pytest.raises(InputError) as caught:
        parse(sentence)
    assert str(caught.value) == BAD[sentence]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sentence", [each for each in BAD if each])
def test_the_position_of_an_error_is_the_word_that_the_message_quotes(sentence):
    with pytest.raises(SentenceError) as caught:
        parse(sentence)
    error = caught.value
    quoted = str(error).split("'")[1]
    assert sentence[error.position : error.position + error.length] == quoted


def test_a_sentence_without_end_is_refused_before_it_is_read():
    with pytest.raises(InputError, match=r"^the sentence has 20001 characters; the limit is 20000$"):
        parse("k" * 20_001)


def test_too_many_phases_point_at_the_first_one_that_is_too_many():
    with pytest.raises(InputError, match=r"^word 601 'ketamine': too many phases; the limit is 100$"):
        parse(" then ".join(["ketamine 1mg IM after 1d"] * 101))


def test_a_word_that_cannot_be_printed_or_is_very_long_is_shown_safely():
    with pytest.raises(InputError) as caught:
        parse("keta\x07mine 1 mg IV")
    assert str(caught.value).startswith("word 1 'keta\N{REPLACEMENT CHARACTER}mine': unknown drug")
    with pytest.raises(InputError) as caught:
        parse("k" * 5000 + " 1 mg IV")
    assert str(caught.value).startswith(f"word 1 '{'k' * 37}...': unknown drug")
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("sentence", "weight_kg", "message"),
    [
        ("ketamine 35 mg IV", 15.0, "weight 15 kg: must be 20 to 300 kg"),
        ("ketamine 35 mg IV", 301.0, "weight 301 kg: must be 20 to 300 kg"),
        ("ketamine 35 mg IV", float("nan"), "weight nan kg: must be 20 to 300 kg"),
        (
            "ketamine 35 mg IM then ketamine 900 mg IV after 1 d",
            70.0,
            "phase 2 (ketamine 900 mg IV), amount: "
            "12.8571 mg/kg a dose at 70 kg is over the limit of 10 mg/kg for ketamine IV",
        ),
        (
            "ketamine 600 mg IV q 6 h x 4",
            70.0,
            "phase 1 (ketamine 600 mg IV), amount: "
            "25.7143 mg/kg within 24 h at 70 kg is over the limit of 20 mg/kg for ketamine IV",
        ),
        (
            "ketamine 8 mg/kg oral-ER",
            120.0,
            "phase 1 (ketamine 8 mg/kg oral-ER), amount: "
            "960 mg a dose at 120 kg is over the limit of 720 mg for ketamine oral-ER",
        ),
    ],
)
def test_limits_that_need_a_weight_name_the_phase(sentence, weight_kg, message):
    regimen = parse(sentence)
    with pytest.raises(InputError) as caught:
        regimen.doses(weight_kg)
    assert str(caught.value) == message
