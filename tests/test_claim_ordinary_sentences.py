"""Ordinary sentences that a hurried reader of phrases gets wrong: each has the claims that it makes and no other."""

from __future__ import annotations

import pytest

from ketascope.claims.library import claim
from ketascope.claims.matching import is_factual, rules_matcher
from ketascope.claims.verdicts import verdict_of


def verdicts(sentence: str, previous: str = "") -> dict[str, tuple[str, str]]:
    found = rules_matcher().match(sentence, previous)
    return {match.claim_id: (match.form, verdict_of(claim(match.claim_id), match)) for match in found}


@pytest.mark.parametrize(
    "sentence",
    [
        # right or undecided, and once given a verdict that belongs to another sentence
        "SSRIs can take up to 12 weeks to reach full effect.",
        "Weeks of SSRIs had not helped, so ketamine was tried.",
        "Patients stopped taking their antidepressants two weeks before the ketamine trial.",
        "Ketamine has been used as an anesthetic since 1970.",
        "Ketamine is a dissociative anesthetic first synthesized in 1962.",
        "Serious side effects of ketamine are rare.",
        "Ketamine has a low risk of addiction.",
        "Benzodiazepines are addictive, but ketamine works differently.",
        "Ketamine plus CBT works better than ketamine alone.",
        "At low doses, ketamine rarely causes hallucinations.",
        "A dose of 1 to 2 mg/kg of ketamine works within a minute and lasts 10 to 20 minutes.",
        "The spray, derived from the anesthetic ketamine, was first approved in 2019.",
        "After six infusions, the effects of ketamine lasted a median of 41 days.",
        "Patients with liver disease should be monitored while taking ketamine.",
        "Ketamine has no side effects that last.",
        "The FDA approved a form of ketamine for depression in 2019.",
        "Ketamine does not interact with SSRIs.",
        "It can take months to find the right SSRI.",
    ],
)
def test_no_verdict_is_lent_from_another_claim(sentence: str) -> None:
    assert verdicts(sentence) == {}
    assert is_factual(sentence), "without a verdict it is listed as not assessed"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Esketamine is derived from ketamine and is approved for treatment-resistant depression.",
            {"esketamine-approved-trd": ("asserted", "supported")},
        ),
        (
            "The effect of ketamine did not last beyond two weeks.",
            {"lasts-days-to-weeks": ("asserted", "supported")},
        ),
        (
            "There is no cure for PTSD, but ketamine may help.",
            {"cures": ("negated", "supported"), "ptsd-effective": ("hedged", "partly")},
        ),
        (
            "Claims that ketamine is non-addictive are nonsense: it is a Schedule III controlled substance.",
            {"not-addictive": ("negated", "supported"), "ketamine-schedule-three": ("asserted", "supported")},
        ),
        (
            "Myth 4: One infusion of ketamine will cure depression. Reality: Relief fades within two weeks".replace(
                ".", " -"
            ),
            {"cures": ("negated", "supported"), "lasts-days-to-weeks": ("asserted", "supported")},
        ),
        (
            "Ketamine is a fast, safe and effective treatment for depression, anxiety, PTSD and OCD.",
            {
                "depression-effective": ("asserted", "partly"),
                "anxiety-effective": ("asserted", "overstated"),
                "ptsd-effective": ("asserted", "overstated"),
                "ocd-effective": ("asserted", "overstated"),
                "safe": ("asserted", "overstated"),
            },
        ),
        (
            "The antidepressant effect of ketamine appears within hours and lasts about a week.",
            {"lasts-days-to-weeks": ("asserted", "supported")},
        ),
        ("Ketamine's side effects usually pass within two hours.", {"no-side-effects": ("negated", "supported")}),
        ("Repeated misuse, not ketamine as such, harms the bladder.", {"bladder-damage": ("asserted", "supported")}),
        (
            "Our patients report a response rate of 75% to ketamine.",
            {"response-rate-seventy": ("asserted", "overstated")},
        ),
        ("Our at-home troches are FDA-approved.", {"compounded-approved": ("asserted", "wrong")}),
        (
            "Oral ketamine is less well absorbed than IV ketamine.",
            {"oral-low-bioavailability": ("asserted", "supported")},
        ),
        ("Ketamine is covered by some insurance plans.", {"insurance-covers-ketamine": ("hedged", "partly")}),
        (
            "Esketamine has not been shown to prevent suicide or to reduce suicidal thoughts.",
            {"prevents-suicide": ("negated", "supported")},
        ),
    ],
)
def test_each_gets_what_it_says(sentence: str, expected: dict[str, tuple[str, str]]) -> None:
    assert verdicts(sentence) == expected


def test_what_ketamine_is_compared_with_is_not_what_it_means() -> None:
    assert verdicts("Unlike ketamine, its effects last for months.", "Psilocybin is taken once.") == {}
    assert verdicts("Unlike ketamine, its effects last for months.", "It differs from ketamine.") == {}
    assert "ketamine-faster-hours" in verdicts("Unlike SSRIs, it works within hours.")


def test_a_drug_given_by_route_is_no_tablet_of_the_sentence_before() -> None:
    troches = "Our troches are just as effective as infusions."
    assert set(verdicts(troches, "It was tried with an oral antidepressant.")) == {"home-ketamine-as-effective"}
