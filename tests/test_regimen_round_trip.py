"""Every regimen prints a sentence that reads back to the same regimen; no text ever breaks the parser."""

import math

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from ketascope.errors import InputError
from ketascope.regimen import Course, Regimen, SentenceError, drugs, parse, routes
from ketascope.regimen.catalogue import device_of, input_limit, limit_of
from ketascope.regimen.spans import hours_from, name_time_unit, number_text, span_text

QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much]}

# Durations as people write them, and floats that no decimal fraction of an hour, minute or day hits.
SPANS_H = st.one_of(
    st.sampled_from([40 / 60, 0.5, 1.0, 0.1 + 0.2, 1 / 3, 3.5 * 24, 24.0, 168.0, 100 / 60, 36.0]),
    st.floats(min_value=1 / 60, max_value=300.0),
)


@st.composite
def courses(draw):
    """A course that is valid by itself, of any drug and route."""
    drug = draw(st.sampled_from(sorted(drugs())))
    route = draw(st.sampled_from(drugs()[drug].routes))
    device = device_of(drug, route)
    limit = limit_of(drug, route)
    unit = limit.per_dose_unit if device or drug == "escitalopram" else draw(st.sampled_from(["mg", "mg/kg"]))
    if device:
        amount = device.strength_mg * draw(st.integers(1, device.most_per_session))
    else:
        # Small enough that a few doses in a day keep the daily limit at any weight.
        # A limit in mg is divided by the heaviest weight for an amount per kg.
        heaviest = input_limit("heaviest_kg") if unit != limit.per_dose_unit == "mg" else 1.0
        amount = draw(st.floats(min_value=1e-6, max_value=limit.per_dose / 50 / heaviest))
    interval_h = draw(st.none() | SPANS_H)
    duration_h = draw(st.none() | SPANS_H) if routes()[route].over_allowed else None
    if duration_h is not None and interval_h is not None:
        duration_h = min(duration_h, interval_h)
    count = 1 if interval_h is None else draw(st.integers(1, 6))
    delay_h = draw(st.just(0.0) | st.floats(min_value=0.0, max_value=1000.0) | SPANS_H)
    return Course(drug, amount, unit, route, duration_h, interval_h, count, delay_h)


@st.composite
def regimens(draw):
    """A valid regimen of up to three groups of up to three courses."""
    groups = draw(st.lists(st.lists(courses(), min_size=1, max_size=3), min_size=1, max_size=3))
    try:
        return Regimen(tuple(tuple(group) for group in groups))
    except InputError:
        assume(False)


@settings(max_examples=300, **QUIET)
@given(regimens())
def test_a_regimen_reads_back_from_its_sentence_exactly(regimen):
    assert parse(str(regimen)) == regimen


@settings(max_examples=100, **QUIET)
@given(regimens())
def test_the_canonical_sentence_is_a_fixed_point(regimen):
    sentence = str(regimen)
    assert str(parse(sentence)) == sentence
    assert str(parse(sentence.upper())) == sentence
    assert str(parse(sentence.replace(" ", "   \n"))) == sentence


@settings(max_examples=300, **QUIET)
@given(st.floats(min_value=5e-324, allow_nan=False, allow_infinity=False))
@example(0.1 + 0.2)
@example(40 / 60)
@example(math.nextafter(1.0, 2.0))
@example(1e308)
def test_any_positive_float_of_hours_reads_back_from_its_text(hours):
    number, unit = span_text(hours).split()
    assert hours_from(float(number), name_time_unit(unit)) == hours


@settings(max_examples=300, **QUIET)
@given(st.floats(allow_nan=False))
def test_any_number_reads_back_from_its_text(value):
    assert float(number_text(value)) == value


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        (40 / 60, "40 min"),
        (100 / 60, "100 min"),
        (0.5, "30 min"),
        (1.0, "1 h"),
        (1.5, "1.5 h"),
        (24.0, "1 d"),
        (84.0, "3.5 d"),
        (168.0, "7 d"),
        (36.0, "1.5 d"),
        (0.1 + 0.2, "18.000000000000004 min"),
        (5.1, "5.1 h"),
    ],
)
def test_durations_are_written_in_the_unit_that_fits(hours, text):
    assert span_text(hours) == text


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("Ketamine 0.5mg/kg intravenous OVER 40minutes", "ketamine 0.5 mg/kg IV over 40 min"),
        ("ketalar 500 mcg/kg i.v. over 0.0666666666666666666 h", "ketamine 0.5 mg/kg IV over 4 min"),
        ("S-ketamine 0.084 g intranasal q3.5d x8", "esketamine 84 mg nasal q 3.5 d x 8"),
        ("spravato 56 mg NASAL q 1 wk \N{MULTIPLICATION SIGN} 4", "esketamine 56 mg nasal q 7 d x 4"),
        ("ketamine 30000 \N{MICRO SIGN}g po", "ketamine 30 mg oral"),
        ("ketamine 30000 \N{GREEK SMALL LETTER MU}g pr", "ketamine 30 mg rectal"),
        ("ketamine 1 mg IM&ketamine 1 mg SC", "ketamine 1 mg IM & ketamine 1 mg SC"),
        ("ketamine 35 mg IV after 7 d q 3.5 d x 6 over 40 min", None),
        ("ketamine +3.50e1 mg IV over 40 min q 3.5 d x 06 after 1 week", None),
        ("ketamine 35. mg IV over 40 min q 84 h x 6 after 168 hours", None),
        ("lexapro 10 mg po q 1 day x 56", "escitalopram 10 mg oral q 1 d x 56"),
        ("ketamine 1 mg IM after 0 h", "ketamine 1 mg IM"),
        ("ketamine 1 mg IM q 7 d x 1", "ketamine 1 mg IM q 7 d x 1"),
    ],
)
def test_people_may_write_as_they_like(written, canonical):
    canonical = canonical or "ketamine 35 mg IV over 40 min q 3.5 d x 6 after 7 d"
    assert str(parse(written)) == canonical


def test_the_sentence_of_the_handbook_is_its_own_canonical_form():
    sentence = "ketamine 0.5 mg/kg IV over 40 min q 3.5 d x 6 then esketamine 84 mg nasal q 7 d x 4"
    assert str(parse(sentence)) == sentence
    assert parse(sentence) == Regimen(
        (
            (Course("ketamine", 0.5, "mg/kg", "IV", 40 / 60, 84.0, 6),),
            (Course("esketamine", 84.0, "mg", "nasal", None, 168.0, 4),),
        )
    )


def test_and_binds_tighter_than_then():
    regimen = parse("ketamine 1 mg IM & ketamine 2 mg SC then ketamine 3 mg IV & ketamine 4 mg SL")
    assert [[course.amount for course in group] for group in regimen.groups] == [[1, 2], [3, 4]]
    assert [course.amount for course in regimen.courses] == [1, 2, 3, 4]


def test_the_longest_regimen_still_reads_back():
    # Every number as long as a float can print, as many courses as are allowed.
    step_h = 1.1234567890123456e-2
    course = Course("ketamine", 1.1234567890123456e-5, "mg/kg", "SC", 1.234567890123456e-1 / 3, 0.9876543210123 / 3, 1)
    many = [course]
    while len(many) < input_limit("courses"):
        many.append(Course(course.drug, course.amount, "mg/kg", "SC", course.duration_h, course.interval_h, 1, step_h))
    regimen = Regimen(tuple((each,) for each in many))
    assert len(str(regimen)) < input_limit("sentence_characters")
    assert parse(str(regimen)) == regimen
    with pytest.raises(InputError, match="too many phases"):
        Regimen((*regimen.groups, (course,)))


WORDS = [
    *drugs(),
    *routes(),
    *["over", "q", "x", "after", "&", "then", "min", "h", "d", "wk", "mg", "mg/kg", "g", "mcg"],
    *["0.5", "40", "84", "3.5", "6", "1e5", "-1", "0", "nan", "inf", "1e999", "9" * 50, "0.5mg/kg", "40min"],
    *[
        "q7d",
        "x6",
        "x-1",
        "",
        "''",
        "\x00",
        "\N{MULTIPLICATION SIGN}2",
        "\N{ARABIC-INDIC DIGIT THREE}",
        "1_000",
    ],
]


def parses_or_says_why(text):
    """Parse; anything but a Regimen or a one-line InputError is a failure."""
    problem = None
    try:
        regimen = parse(text)
    except SentenceError as error:
        problem = error
    if problem is None:
        assert parse(str(regimen)) == regimen
        return
    assert "\n" not in str(problem)
    assert str(problem).isprintable()
    assert 0 <= problem.position <= len(text)


@settings(max_examples=500, **QUIET)
@given(st.text(max_size=200))
@example("\ud800")
@example("ketamine \u0661 mg IV")
@example("ketamine 1 mg IV q 1 d x " + "9" * 5000)
@example("ketamine 1 mg IV over 1 h q 1e308 d x 999")
@example("ketamine 1 mg IV after 1e308 wk")
def test_random_text_never_breaks_the_parser(text):
    parses_or_says_why(text)


@settings(max_examples=500, **QUIET)
@given(st.lists(st.sampled_from(WORDS), max_size=24), st.sampled_from([" ", "  ", "\t", ""]))
def test_shuffled_words_of_the_grammar_never_break_the_parser(words, gap):
    parses_or_says_why(gap.join(words))


@settings(max_examples=300, **QUIET)
@given(regimens(), st.data())
def test_a_good_sentence_with_one_word_changed_never_breaks_the_parser(regimen, data):
    words = str(regimen).split()
    place = data.draw(st.integers(0, len(words) - 1))
    words[place] = data.draw(st.sampled_from(WORDS) | st.text(max_size=8))
    parses_or_says_why(" ".join(words))
