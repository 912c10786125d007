"""The matcher by sentence embeddings: the claim whose wording is nearest, if it is near enough.

Measured beside the rules (benchmarks/claims.py) it finds fewer claims and more that are not there, so the rules are
the default. Its threshold was chosen on the tuning half of the labelled sentences by cross-validation.
"""

from __future__ import annotations

from typing import Any

from ketascope.claims.matching.discourse import is_heading, is_invitation, is_question
from ketascope.claims.matching.encoder import Encoder
from ketascope.claims.matching.reading import Reading, drug_of, read
from ketascope.claims.matching.types import Form, Match

THRESHOLD = 0.68
_KNOWN = 4096


def _cues(reading: Reading) -> tuple[bool, bool]:
    """Whether the sentence is denied (an odd number of times), and whether it is hedged."""
    return len(reading.denials) % 2 == 1, bool(reading.hedges)


class EmbeddingMatcher:
    """Nearest wording of the claim library; at most one claim a sentence."""

    def __init__(self, encoder: Encoder | None = None, threshold: float = THRESHOLD) -> None:
        from ketascope.claims.library import claims

        self._encoder = encoder or Encoder()
        self._threshold = threshold
        self._forms: list[tuple[str, Form, str]] = []
        for claim in claims().values():
            self._forms.append((claim.id, "asserted", claim.statement))
            self._forms.append((claim.id, "negated", claim.negated))
            self._forms.append((claim.id, "hedged", claim.hedged))
        self._vectors = self._encoder.encode([text for _, _, text in self._forms])
        self._kept: dict[str, Any] = {}

    def prepare(self, sentences: list[str]) -> None:
        """Computes many sentences at once, which is faster than one by one."""
        new = [sentence for sentence in dict.fromkeys(sentences) if sentence not in self._kept][:_KNOWN]
        if new:
            self._kept.update(zip(new, self._encoder.encode(new), strict=True))

    def match(self, sentence: str, previous: str = "") -> tuple[Match, ...]:
        """The nearest claim of `sentence`, or none."""
        reading = read(sentence)
        if len(reading.tokens) < 3 or is_question(reading) or is_heading(reading) or is_invitation(reading):
            return ()
        vector = self._kept.get(sentence)
        if vector is None:
            vector = self._encoder.encode([sentence])[0]
        likeness = self._vectors @ vector
        nearest = int(likeness.argmax())
        if likeness[nearest] < self._threshold:
            return ()
        claim_id, form, wording = self._forms[nearest]
        drug = drug_of(reading, (0, len(reading.tokens)), 0, read(previous) if previous else None)
        return (
            Match(
                claim_id=claim_id,
                form=_form(reading, read(wording), form),
                drug={"implied": "ketamine", "other_drug": ""}.get(drug, drug),
                quantity=reading.found[0].quantity if reading.found else None,
                start=reading.tokens[0].start,
                end=reading.tokens[-1].end,
                score=round(float(likeness[nearest]), 3),
            ),
        )


def _form(reading: Reading, wording: Reading, form: Form) -> Form:
    """The form of the wording, turned round where only one of the two is denied."""
    denied, hedged = _cues(reading)
    contrary = (form == "negated") != (denied != _cues(wording)[0])
    if contrary:
        return "negated"
    return "hedged" if hedged else "asserted"
