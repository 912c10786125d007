"""The matcher by rules on many wordings, on the labelled sentences and on a whole text."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from claim_wordings import WORDINGS
from ketascope.claims.matching import is_factual, rules_matcher

FORMS = {"stated": "asserted", "denied": "negated", "hedged": "hedged"}
LABELLED = Path(__file__).resolve().parent / "fixtures" / "labelled_sentences.csv"


def wordings() -> list[tuple[str, dict[str, str]]]:
    rows = []
    for line in WORDINGS.strip().splitlines():
        label, sentence = line.split(" | ", 1)
        claim_id, _, form = label.partition(" ")
        rows.append((sentence, {} if claim_id == "-" else {claim_id: FORMS[form]}))
    return rows


def labelled(split: str = "") -> list[dict[str, str]]:
    with LABELLED.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if split in ("", row["split"])]


def claims_of(row: dict[str, str]) -> dict[str, str]:
    pairs = ((row["claim_id"], row["form"]), (row["second_claim_id"], row["second_form"]))
    return {claim_id: form for claim_id, form in pairs if claim_id}


def measure(rows: list[tuple[str, dict[str, str]]]) -> tuple[float, float, list[str]]:
    """F1, form accuracy, and the sentences that are not fully right."""
    matcher = rules_matcher()
    found = false = missed = forms = 0
    wrong = []
    for sentence, right in rows:
        given = {match.claim_id: match.form for match in matcher.match(sentence)}
        both = given.keys() & right.keys()
        found, forms = found + len(both), forms + sum(given[key] == right[key] for key in both)
        false, missed = false + len(given.keys() - right.keys()), missed + len(right.keys() - given.keys())
        if given != right:
            wrong.append(f"{sentence} -> {given}")
    return 2 * found / (2 * found + false + missed), forms / found, wrong


def test_wordings_of_other_writers_are_found_in_the_right_form() -> None:
    f1, forms, wrong = measure(wordings())
    assert f1 >= 0.97, wrong
    assert forms >= 0.96, wrong


def test_nothing_is_claimed_where_the_wordings_claim_nothing() -> None:
    quiet = [sentence for sentence, right in wordings() if not right]
    matcher = rules_matcher()
    loud = [sentence for sentence in quiet if matcher.match(sentence)]
    assert len(quiet) >= 50
    assert loud == []


def test_the_wordings_cover_the_library() -> None:
    from ketascope.claims.library import claims

    worded = {claim_id for _, right in wordings() for claim_id in right}
    assert worded == set(claims())


@pytest.mark.parametrize(("split", "sentences"), [("test", 116), ("tune", 464)])
def test_labelled_sentences_reach_the_goal(split: str, sentences: int) -> None:
    rows = labelled(split)
    assert len(rows) == sentences
    f1, forms, wrong = measure([(row["sentence"], claims_of(row)) for row in rows])
    assert f1 >= 0.90, wrong
    assert forms >= 0.95, wrong


def test_factual_sentences_are_told_apart() -> None:
    rows = labelled()
    right = sum(is_factual(row["sentence"]) == (row["factual"] == "yes") for row in rows)
    assert right / len(rows) >= 0.90
