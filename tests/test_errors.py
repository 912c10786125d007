"""What is offered in the place of an unknown word, in whatever room it is found."""

from __future__ import annotations

import difflib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketascope.errors import LONGEST_WORD, did_you_mean, nearest, unknown

NAMES = ("gad", "sad", "ptsd", "REML", "CAPS-5")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("ptds", "; did you mean 'ptsd'?"),
        ("PTSD", "; did you mean 'ptsd'?"),
        ("reml", "; did you mean 'REML'?"),
        ("caps5", "; did you mean 'CAPS-5'?"),
        ("bipolar", "."),
        ("", "."),
    ],
)
def test_the_nearest_name_is_offered_as_it_is_spelt_whatever_the_case(word, hint):
    assert did_you_mean(word, NAMES) == hint


def test_where_nothing_is_near_something_else_may_be_said():
    assert did_you_mean("bipolar", NAMES, otherwise="; 'ketascope list' shows all") == "; 'ketascope list' shows all"
    assert did_you_mean("gda", NAMES, otherwise="; 'ketascope list' shows all") == "; did you mean 'gad'?"


def test_of_several_ways_to_write_a_name_the_name_itself_is_offered():
    written = {"hour": "h", "hours": "h", "week": "wk"}

    assert did_you_mean("houre", written, stands_for=written) == "; did you mean 'h'?"
    assert did_you_mean("x", written, stands_for=written) == "."


def test_how_like_a_name_must_be_can_be_chosen():
    assert did_you_mean("pt", NAMES, cutoff=0.9) == "."
    assert did_you_mean("pt", NAMES, cutoff=0.3) == "; did you mean 'ptsd'?"


def test_the_sentence_names_the_word_the_nearest_and_all_that_are_known():
    assert unknown("indication", "gda", ("gad", "sad")) == (
        "indication 'gda' is unknown; did you mean 'gad'? Known: gad, sad"
    )
    assert unknown("indication", "gda", iter(("gad", "sad"))) == unknown("indication", "gda", ("gad", "sad"))
    assert unknown("parameter", "x", ()) == "parameter 'x' is unknown. Known: none"


def test_names_come_best_first_and_no_more_than_asked_for():
    assert nearest("sad", ("sadly", "gad", "SAD"), count=2) == ["SAD", "sadly"]
    assert nearest("sad", ("sadly", "gad", "SAD")) == ["SAD"]


def test_a_text_too_long_for_a_name_is_not_compared_letter_by_letter(monkeypatch):
    def never(*args: object, **more: object) -> list[str]:
        raise AssertionError("compared")

    assert nearest("g" * LONGEST_WORD, ["g" * LONGEST_WORD])
    monkeypatch.setattr(difflib, "get_close_matches", never)
    assert did_you_mean("g" * 1_000_000, NAMES) == "."


@given(st.text(max_size=12), st.lists(st.text(min_size=1, max_size=8), max_size=6))
def test_what_is_offered_is_always_one_of_the_names(word, names):
    hint = did_you_mean(word, names)

    assert hint == "." or hint in {f"; did you mean '{name}'?" for name in names}


def test_nothing_is_loaded_for_it_before_it_is_needed():
    code = "import sys; import ketascope.errors; sys.exit('difflib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
