"""A question and its yes or no are one statement: judged as such, or listed as not assessed."""

from __future__ import annotations

import pytest

import ketascope
from ketascope.claims.matching.answers import answered


@pytest.mark.parametrize(
    ("text", "claim_id", "form", "verdict"),
    [
        ("Is ketamine addictive? No.", "not-addictive", "asserted", "wrong"),
        ("Is ketamine addictive? Yes, it can be.", "not-addictive", "negated", "supported"),
        ("Is ketamine FDA-approved for anxiety? Yes!", "ketamine-approved-anxiety", "asserted", "wrong"),
        ("Is ketamine FDA-approved for anxiety? No, it is not.", "ketamine-approved-anxiety", "negated", "supported"),
        ("Is ketamine safe in pregnancy? Yes, it is completely safe.", "pregnancy-safe", "asserted", "wrong"),
        ("Q: Does insurance cover ketamine infusions? A: Not really.", "insurance-covers-ketamine", "negated", None),
        ("Does ketamine have side effects? It does not.", "no-side-effects", "asserted", None),
    ],
)
def test_question_and_answer_are_judged_together(text, claim_id, form, verdict):
    document = ketascope.audit_text(text, live=False)
    (row,) = document["claims"]
    assert (row["claim_id"], row["form"]) == (claim_id, form)
    assert verdict in (None, row["verdict"])
    assert row["sentence"] == document["article"]["text"][row["start"] : row["end"]]
    assert row["sentence"].startswith(text[:12])


def test_an_answer_goes_on_and_what_it_adds_is_read():
    text = "Is ketamine FDA-approved for anxiety? No. Spravato is approved for treatment-resistant depression."
    rows = ketascope.audit_text(text, live=False)["claims"]
    assert [row["claim_id"] for row in rows] == ["ketamine-approved-anxiety", "esketamine-approved-trd"]


def test_a_statement_that_no_claim_covers_is_listed():
    document = ketascope.audit_text("Does ketamine taste of strawberries and fresh cream? Yes, it does.", live=False)
    assert document["claims"] == []
    assert [row["sentence"] for row in document["not_assessed"]] == [
        "Does ketamine taste of strawberries and fresh cream? Yes, it does."
    ]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Is ketamine addictive?", "That depends on many things."),
        ("Is ketamine addictive?", "No one knows."),
        ("What does ketamine cost?", "Yes, that is asked often."),
        ("Is ketamine or lithium addictive?", "Yes."),
        ("Ketamine is addictive.", "No."),
    ],
)
def test_other_answers_make_no_statement(question, answer):
    assert answered(question, answer) == ""
