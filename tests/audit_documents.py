"""Audits for the tests, in the shape that the audit makes: a small article, none, hostile words, overlapping claims."""

from __future__ import annotations

import copy
from typing import Any

from ketascope._version import __version__

HOSTILE = "<script>alert('x')</script> </style> & \"quoted\" {{ 7*7 }} javascript:alert(1)"
STEERING = "\x1b[31mred\x07 \u202eback\u202c \u2066isolated\u2069 \x00nul"
LONG_WORD = "Hydroxynorketamine" * 30

TEXT = """Ketamine for anxiety
Ketamine is FDA-approved for treatment-resistant depression, and almost half of people with GAD do not respond to \
usual medicines. It works on receptors.
What it does
It boosts glutamate two- to three-fold within minutes. Early work suggests that it may help in social anxiety.
A good provider can guarantee a safe treatment. Our sessions are held on Tuesdays.
Ketamine is FDA-approved for treatment-resistant depression."""

HEADINGS = ("Ketamine for anxiety", "What it does")


def span(text: str, part: str) -> dict[str, int]:
    """Where a part of a text stands."""
    return {"start": text.index(part), "end": text.index(part) + len(part)}


_NICE = {"text": "NICE CG113, Table 69", "checked": "text"}
_LABEL = {"text": "Ketalar US prescribing information", "checked": "text"}
_TAYLOR = {"text": "Taylor 2018, doi 10.1038/npp.2017.194", "checked": "text"}
_MODEL = {"text": "Abdallah 2022, doi 10.1038/s41386-022-01266-9", "checked": "secondary"}
_MEMORY = {"text": "Schedule of controlled substances", "checked": "recall"}

GLUTAMATE_LIVE = {
    "name": "glutamate-fold",
    "words": "In the model glutamate release peaks at 1.9-fold (1.1 to 3.4; middle 95% of virtual patients).",
    "numbers": {"fold": 1.9, "fold_low": 1.1, "fold_high": 3.4},
    "source": "ketascope simulate, 200 virtual patients, seed 0",
    "kind": "model",
    "computed": True,
}
LACKING_LIVE = {
    "name": "response-rates",
    "words": "cannot be computed: the tables hold no trial of this drug in this disorder",
    "numbers": {},
    "source": "the tables of trials",
    "kind": "evidence",
    "computed": False,
}


def claim_row(text: str, sentence: str, part: str, claim_id: str, verdict: str, **fields: Any) -> dict[str, Any]:
    """One claim at the first place of its sentence in the text."""
    start = text.index(sentence)
    inside = sentence.index(part)
    return {
        "claim_id": claim_id,
        "verdict": verdict,
        "sentence": sentence,
        "start": start,
        "end": start + len(sentence),
        "part_start": start + inside,
        "part_end": start + inside + len(part),
        "form": "asserted",
        "drug": "ketamine",
        "statement": f"Statement of {claim_id}.",
        "corrected": f"What is right about {claim_id}.",
        "leaves_out": [],
        "certainty": "moderate",
        "kind": "fact",
        "live": None,
        "sources": [_LABEL],
        "date_checked": "2026-11-23",
        "expired": False,
        "score": 0.9,
        **fields,
    }


_FIRST = TEXT.split("\n")[1].partition(" It works")[0]
_APPROVED = "Ketamine is FDA-approved for treatment-resistant depression"

_ROWS = [
    claim_row(TEXT, _FIRST, _APPROVED, "ketamine-approved-trd", "wrong", certainty="high", leaves_out=["The form."]),
    claim_row(
        TEXT,
        _FIRST,
        "almost half of people with GAD do not respond to usual medicines",
        "gad-half-do-not-respond",
        "partly",
        kind="evidence",
        drug="ssri",
        live=LACKING_LIVE,
        sources=[_NICE, _TAYLOR],
    ),
    claim_row(
        TEXT,
        "It boosts glutamate two- to three-fold within minutes.",
        "boosts glutamate two- to three-fold within minutes",
        "glutamate-two-to-three-fold",
        "overstated",
        kind="model",
        certainty="low",
        live=GLUTAMATE_LIVE,
        sources=[_MODEL],
    ),
    claim_row(
        TEXT,
        "Early work suggests that it may help in social anxiety.",
        "Early work suggests that it may help in social anxiety.",
        "research-supports-gad-sad",
        "supported",
        form="hedged",
        kind="evidence",
        certainty="very low",
        sources=[_TAYLOR],
    ),
    claim_row(
        TEXT,
        "A good provider can guarantee a safe treatment.",
        "guarantee a safe treatment",
        "provider-guarantees",
        "not testable",
        expired=True,
        sources=[_MEMORY],
    ),
    claim_row(TEXT, _FIRST, _APPROVED, "ketamine-approved-trd", "wrong", certainty="high", leaves_out=["The form."]),
]
_AGAIN = TEXT.rindex(_APPROVED)
_ROWS[-1] |= {"sentence": f"{_APPROVED}.", "start": _AGAIN, "end": len(TEXT), "part_start": _AGAIN}
_ROWS[-1]["part_end"] = len(TEXT) - 1

_LEFT_OUT = [
    {
        "id": "risks",
        "label": "side effects and risks",
        "why": "Most people feel side effects, and some are serious.",
        "covered": False,
        "evidence": "",
    },
    {
        "id": "cost",
        "label": "what it costs",
        "why": "Infusions are usually paid by the patient.",
        "covered": False,
        "evidence": "",
    },
    {
        "id": "alternatives",
        "label": "other treatments, and not treating",
        "why": "Other treatments have far more evidence.",
        "covered": True,
        "evidence": "…do not respond to usual medicines. It works…",
    },
]
_QUALITY = [
    {
        "id": "aims-clear",
        "group": "the text itself",
        "label": "Does the text say what it is about and whom it is for?",
        "met": "no",
        "evidence": "",
        "limits": "Cannot tell whether the text then keeps to its aim.",
    },
    {
        "id": "how-it-works",
        "group": "the treatment",
        "label": "Does it explain how the treatment works?",
        "met": "yes",
        "evidence": "It works on receptors. What it does…",
        "limits": "Says nothing on whether the explanation is right.",
    },
    {
        "id": "benefits",
        "group": "the treatment",
        "label": "Does it describe the benefits, in figures if possible?",
        "met": "partly",
        "evidence": "…almost half of people…",
        "limits": "A figure without its comparison group counts too.",
    },
]


def document(
    text: str, rows: list[dict[str, Any]], not_assessed: list[dict[str, Any]], words: str, **article: Any
) -> dict[str, Any]:
    """An audit of `text` with these rows, in the shape of the audit."""
    verdicts = ("supported", "partly", "overstated", "wrong", "not testable")
    return copy.deepcopy(
        {
            "version": __version__,
            "article": {
                "title": "Ketamine for anxiety",
                "origin": "articles/ketamine.txt",
                "format": "text",
                "characters": len(text),
                "sentences": 9,
                "text": text,
                "headings": [span(text, line) for line in HEADINGS if line in text],
                **article,
            },
            "claims": rows,
            "not_assessed": not_assessed,
            "left_out": _LEFT_OUT,
            "discern": {"items": _QUALITY, "words": "Signs are words in the text."},
            "summary": {"counts": {v: sum(row["verdict"] == v for row in rows) for v in verdicts}, "words": words},
            "flags": [],
        }
    )


def _unassessed(text: str, sentence: str) -> dict[str, Any]:
    start = text.index(sentence)
    return {"sentence": sentence, "start": start, "end": start + len(sentence)}


def small_article() -> dict[str, Any]:
    """Six claims with every verdict, two in one sentence, one said twice, one computed, one expired."""
    words = (
        "6 claims found: 1 supported, 1 partly, 1 overstated, 2 wrong, 1 not testable. "
        "1 more statement about these medicines could not be assessed."
    )
    return document(TEXT, _ROWS, [_unassessed(TEXT, "It works on receptors.")], words)


def no_claims() -> dict[str, Any]:
    """An article in which nothing was found, with a note on how it was read."""
    text = "Our clinic has a garden.\nParking is free."
    words = "No claim of the library was found. That does not make the text right: it may claim other things."
    made = document(text, [], [], words, title="", origin="-")
    made["flags"] = [{"code": "reading", "message": "the file was not UTF-8; read as Windows-1252"}]
    return made


def overlapping() -> dict[str, Any]:
    """Three claims in one sentence: one inside of another, and one that overlaps both."""
    sentence = "Ketamine cures anxiety within hours and works for everyone."
    text = f"Before it. {sentence} After it."
    rows = [
        claim_row(text, sentence, "Ketamine cures anxiety within hours", "cures", "wrong"),
        claim_row(text, sentence, "anxiety within hours and works for everyone", "everyone", "overstated"),
        claim_row(text, sentence, "within hours", "hours", "partly"),
    ]
    return document(text, rows, [], "3 claims found: 1 partly, 1 overstated, 1 wrong.")


def hostile() -> dict[str, Any]:
    """Mark-up, steering characters and very long words wherever a document holds words from outside."""
    bad = f"{HOSTILE} {STEERING}"
    sentence = f"Ketamine {bad} cures anxiety."
    text = f"{HOSTILE}\n{sentence} {LONG_WORD} '\"><img src=x onerror=alert(1)>\n{STEERING}"
    live = GLUTAMATE_LIVE | {"words": bad, "source": bad}
    source = {"text": f'{bad} doi 10.1/x"onclick=alert(1)', "checked": "recall"}
    fields = {"statement": bad, "corrected": f"{bad} {LONG_WORD}", "live": live, "sources": [source]}
    row = claim_row(text, sentence, "cures anxiety", "cures", "wrong", leaves_out=[bad], **fields)
    gap = _unassessed(text, LONG_WORD)
    made = document(text, [row], [gap], bad, title=f"{bad} {LONG_WORD}", origin="javascript:alert(1)", format=bad)
    for item in made["left_out"]:
        item |= {"label": bad, "why": bad, "evidence": bad}
    for item in made["discern"]["items"]:
        item |= {"label": bad, "group": bad, "evidence": bad, "limits": bad}
    made["flags"] = [{"code": bad, "message": f"{bad} {LONG_WORD}"}]
    return made
