"""Sentences, spans and names made up by a machine: each is used, or refused in one line that names what is wrong."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fuzzing import cases, check_line, result_or_line
from ketascope.errors import InputError
from ketascope.model.parameter_store import parameters
from ketascope.model.plasma import plasma
from ketascope.model.scenario import choose_model
from ketascope.model.symptoms import load_indication
from ketascope.people import Person, load_interactions
from ketascope.regimen import Regimen, parse, read_span

DIGITS = ["0", "-1", "+5", "1e308", "1e309", "-0", ".5", "5.", "1,5", "0x1f", "1_000", "٣", "½", "²", "∞", "NaN", "inf"]
SOUP = [
    *("ketamine", "esketamine", "KETAMINE", "ketamın", "сertraline", "mg", "mg/kg", "µg", "μg/kg", "g", "mcg", "kg"),
    *(
        "IV",
        "i.v.",
        "nasal",
        "oral-ER",
        "oral",
        "ER",
        "rectal",
        "over",
        "q",
        "x",
        "then",
        "after",
        "&",
        "&&",
        "then then",
    ),
    *("min", "h", "d", "wk", "s", "6", "40", "0.5", "84", "\u202e", "\u200b", "\x00", "\ufeff", "\U0001f48a", "'", '"'),
    *("q3.5d", "x6", "40min", "0.5mg/kg", "1" * 400, "9" * 30, "e" * 50, "1e-320", *DIGITS),
]
NEAR_MISSES = [
    "ketamine {n} mg/kg IV over {n} min q {n} d x {n}",
    "esketamine {n} mg nasal q {n} d x {n} then ketamine {n} mg SL after {n} h",
    "ketamine {n} mg IM & sertraline {n} mg oral q {n} d x {n}",
    "ketamine {n} g rectal x {n}",
]
NUMBERS = st.one_of(
    st.sampled_from(DIGITS),
    st.integers(-3, 10**12).map(str),
    st.floats().map(repr),
    st.floats(1e-9, 1e9).map(lambda value: f"{value:.17g}"),
    st.integers(1, 400).map(lambda length: "9" * length),
)
# Most numbers of a sentence have to be possible, or none of the others is ever looked at.
MOSTLY_GOOD = st.integers(0, 5).flatmap(lambda n: st.sampled_from(["1", "2", "3", "0.5"]) if n else NUMBERS)
TEXT = st.text(max_size=60)


def doses_of(sentence: str, weight_kg: float = 70.0) -> Regimen | str:
    """A sentence is read, its doses are made, and its own text means the same."""
    regimen = result_or_line(lambda: parse(sentence))
    if isinstance(regimen, str):
        return regimen
    doses = result_or_line(lambda: regimen.doses(weight_kg))
    if not isinstance(doses, str):
        assert 1 <= len(doses) <= 1000
        assert all(0.0 <= dose.time_h <= 17520.0 and dose.amount_mg > 0.0 and dose.duration_h >= 0.0 for dose in doses)
    assert parse(str(regimen)) == regimen
    return regimen


@cases(250)
@given(
    st.lists(st.one_of(st.sampled_from(SOUP), NUMBERS, st.text(max_size=6)), max_size=16),
    st.sampled_from([" ", "", "\n", "\t"]),
)
def test_a_soup_of_words(words, gap):
    doses_of(gap.join(words))


@cases(250)
@given(st.sampled_from(NEAR_MISSES), st.lists(MOSTLY_GOOD, min_size=6, max_size=6), st.floats(20.0, 300.0))
def test_a_sentence_with_other_numbers(template, replacements, weight_kg):
    left = iter(replacements)
    doses_of("".join(next(left) if part == "{n}" else part for part in _pieces(template)), weight_kg)


@cases(150)
@given(st.sampled_from(NEAR_MISSES), st.integers(0, 200), st.characters(), st.booleans())
def test_a_good_sentence_with_one_character_changed(template, place, character, keeps):
    sentence = template.format(n="2")
    at = place % len(sentence)
    doses_of(sentence[:at] + character + sentence[at + (0 if keeps else 1) :])


@cases(100)
@given(st.integers(0, 120), st.integers(0, 300), st.sampled_from([" then ", " & ", " then & ", " "]))
def test_very_many_phases(phases, count, joint):
    doses_of(joint.join([f"ketamine 20 mg SL q 1 d x {count}"] * phases))


@cases(200)
@given(
    st.one_of(TEXT, NUMBERS, st.tuples(NUMBERS, st.sampled_from(["min", "h", "d", "wk", "mo", " h", "H"])).map("".join))
)
def test_a_span_of_time(text):
    hours = result_or_line(lambda: read_span(text))
    assert isinstance(hours, str) or 0.0 <= hours < float("inf")


@cases(100)
@given(
    st.one_of(
        TEXT,
        st.sampled_from([*load_interactions(), "gad", "hnk", "venous", "pooled"]).flatmap(
            lambda name: st.integers(0, len(name)).map(lambda at: name[:at] + "\u0301x" + name[at:])
        ),
    )
)
def test_a_name_that_nobody_knows(name):
    for ask in (
        lambda: load_indication(name),
        lambda: choose_model([name]),
        lambda: plasma(name),
        lambda: parameters(name),
        lambda: parameters(grade=name),
        lambda: Person(interactions=(name,)),
        lambda: Person(hepatic=name),
        lambda: Person(sex=name),
    ):
        result_or_line(ask)


@cases(200)
@given(st.floats(), st.floats())
def test_any_weight_and_age(weight_kg, age_years):
    person = result_or_line(lambda: Person(weight_kg, age_years))
    assert isinstance(person, str) or (20.0 <= person.weight_kg <= 300.0 and 18.0 <= person.age_years <= 120.0)


@cases(200)
@given(st.text(max_size=3000))
def test_a_refusal_is_one_printable_line_whatever_it_echoes(text):
    line = str(InputError(f"the word {text} is not known"))
    check_line(line)
    assert line.startswith("the word ")
    assert line.endswith(" is not known")


def _pieces(template: str) -> list[str]:
    parts: list[str] = []
    for index, piece in enumerate(template.split("{n}")):
        parts += ["{n}"] * bool(index) + [piece]
    return parts
