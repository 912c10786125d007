"""The matcher by rules: which claims the concepts of a sentence make, whether it states, denies or hedges them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ketascope.claims.matching.discourse import makes_no_claim, outside, supposed
from ketascope.claims.matching.lexicon import Span
from ketascope.claims.matching.patterns import Element, Pattern, patterns
from ketascope.claims.matching.reading import ROUTES, Reading, drug_of, read
from ketascope.claims.matching.types import Form, Match, Quantity

_CLOSE = 5
_MOST = 5
_ELLIPSIS = frozenset({"not", "nor", "only", "never"})
_BUT = frozenset({"but", "yet", "however"})
_FITTING = {
    "ketamine": {"ketamine"},
    "esketamine": {"esketamine"},
    "either": {"ketamine", "esketamine"},
    "ssri": {"ssri"},
}


@dataclass(frozen=True)
class _Candidate:
    pattern: Pattern
    spans: tuple[Span, ...]
    window: Span
    drug: str
    score: float

    def words(self) -> set[int]:
        """Tokens of what is said, without the drug."""
        pairs = zip(self.pattern.elements, self.spans, strict=True)
        return {at for element, (a, b) in pairs if not element.subject for at in range(a, b)}


class RulesMatcher:
    """Phrase patterns over stemmed words. Concepts and patterns are data."""

    def match(self, sentence: str, previous: str = "") -> tuple[Match, ...]:
        """The claims of `sentence`, in the order in which they stand there."""
        reading = read(sentence)
        if makes_no_claim(reading):
            return ()
        before = read(previous) if previous else None
        best: dict[str, _Candidate] = {}
        open_words = {at for at, token in enumerate(reading.tokens) if not supposed(reading, at)}
        for pattern in patterns():
            candidate = _find(pattern, reading, before)
            if candidate is not None and (candidate.words() & open_words or not candidate.words()):
                held = best.get(pattern.claim_id)
                if held is None or candidate.score > held.score:
                    best[pattern.claim_id] = candidate
        chosen = _choose(best.values(), reading)
        out = [_as_match(candidate, reading) for candidate in chosen]
        return tuple(sorted(out, key=lambda match: (match.start, match.end)))


def _choose(candidates: Iterable[_Candidate], reading: Reading) -> list[_Candidate]:
    """The best candidates that do not share words with a better one."""
    chosen: list[_Candidate] = []
    for candidate in sorted(candidates, key=lambda c: -c.score):
        if not any(_rivals(candidate, other, reading) for other in chosen):
            chosen.append(candidate)
    ids = {candidate.pattern.claim_id for candidate in chosen}
    kept = [candidate for candidate in chosen if not candidate.pattern.yields & ids]
    return [c for c in kept if not c.pattern.weak or all(o.pattern.weak or _kin(c, o) for o in kept)][:_MOST]


def _kin(one: _Candidate, other: _Candidate) -> bool:
    """Two claims of one family."""
    return bool(one.pattern.family) and one.pattern.family == other.pattern.family


def _rivals(one: _Candidate, other: _Candidate, reading: Reading) -> bool:
    """Two claims that rest on the same words."""
    mine, theirs = one.words(), other.words()
    if 2 * len(mine & theirs) < min(len(mine), len(theirs)):
        return False
    own, its = ({reading.clause_of[at] for at in words} for words in (mine - theirs, theirs - mine))
    if own and its and own.isdisjoint(its):
        return False
    return not (_kin(one, other) and mine - theirs and theirs - mine)


def _windows(reading: Reading) -> list[tuple[Span, int]]:
    """Runs of clauses, short ones first, with the number of clauses."""
    spans = reading.clauses
    out = [(span, 1) for span in spans]
    out += [((a[0], b[1]), 2) for a, b in zip(spans, spans[1:], strict=False)]
    if len(spans) > 2:
        out.append(((spans[0][0], spans[-1][1]), len(spans)))
    return out


def _find(pattern: Pattern, reading: Reading, before: Reading | None) -> _Candidate | None:
    """The best place of a pattern in a sentence."""
    concepts = reading.concepts
    for element in pattern.elements:
        if _meant(element, reading, before):
            continue
        if not any(name in concepts for name in element.names) and not (element.amounts and reading.found):
            return None
    if outside(reading, pattern.allow):
        return None
    options = [_meant(element, reading, before) or _occurrences(element, reading) for element in pattern.elements]
    if not all(options):
        return None
    best: _Candidate | None = None
    for window, clauses in _windows(reading):
        if clauses > 1 and (pattern.weak or (pattern.near and not _runs_on(reading, window, clauses))):
            continue
        if any(a >= window[0] and b <= window[1] for name in pattern.spoilers for a, b in concepts.get(name, ())):
            continue
        spans = _place(pattern, options, window)
        if spans is None:
            continue
        anchor = next((s[0] for s, e in zip(spans, pattern.elements, strict=True) if not e.subject), spans[0][0])
        drug = _drug(pattern, reading, window, anchor, before)
        if drug is None:
            continue
        used = {at for a, b in spans for at in range(a, b)}
        gaps = max(used) + 1 - min(used) - len(used)
        weight = sum(0.4 if element.subject else 1.0 for element in pattern.elements)
        score = weight + pattern.bonus - 0.4 * (clauses - 1) - 0.02 * gaps + 0.01 * len(used)
        if best is None or score > best.score:
            best = _Candidate(pattern, spans, window, drug, score)
    return best


def _meant(element: Element, reading: Reading, before: Reading | None) -> list[Span]:
    """Words that stand for the SSRIs of the sentence before: "it", "the medication"."""
    if before is None or not element.subject or "ssri" not in element.names or reading.has(*element.names):
        return []
    if reading.has("ketamine", "esketamine", "other_drug", *ROUTES):
        return []
    if not before.has("ssri", "usual_medication"):
        return []
    return reading.concepts.get("medication", []) + reading.concepts.get("implied_drug", [])


def _occurrences(element: Element, reading: Reading) -> list[Span]:
    """Where an element may stand."""
    out = [span for name in element.names for span in reading.concepts.get(name, ())]
    for amount in element.amounts:
        out += [(item.start, item.end) for item in reading.found if amount.fits(item)]
    return out


def _place(pattern: Pattern, options: list[list[Span]], window: Span) -> tuple[Span, ...] | None:
    """One place for each element within the window, as near to each other as can be."""
    low, high = window
    inside = [[span for span in spans if low <= span[0] and span[1] <= high] for spans in options]
    if not all(inside):
        return None
    best: tuple[int, tuple[Span, ...]] | None = None
    for anchor in inside[0]:
        spans = [anchor]
        for element, choices in zip(pattern.elements[1:], inside[1:], strict=True):
            last = spans[-1]
            free = [s for s in choices if not any(_clash(s, other) for other in spans)]
            if element.link == "<":
                free = [s for s in free if s[0] >= last[1]]
            elif element.link == "~":
                free = [s for s in free if s[0] - last[1] <= _CLOSE and last[0] - s[1] <= _CLOSE]
            if not free:
                break
            spans.append(min(free, key=lambda s: (abs(s[0] - last[0]), s[0] - s[1])))
        else:
            used = {at for a, b in spans for at in range(a, b)}
            cost = 100 * (max(used) + 1 - min(used) - len(used)) - len(used)
            if best is None or cost < best[0]:
                best = (cost, tuple(spans))
    return best[1] if best else None


def _runs_on(reading: Reading, window: Span, clauses: int) -> bool:
    """Two clauses, the second without a verb of its own: "approved for X, but not for Y", "approved: X"."""
    last = reading.clauses[reading.clause_of[window[1] - 1]]
    said = [token.word for token in reading.tokens[slice(*last)] if token.word.isalpha()][:2]
    if clauses == 2 and reading.tokens[last[0]].word == ":":
        return True
    return clauses == 2 and bool(said) and (said[0] in _ELLIPSIS or said in (["but", "not"], ["but", "only"]))


def _clash(one: Span, other: Span) -> bool:
    """Two spans share words, and neither is a part of the other: "less anxiety" may serve for both of its words."""
    (a, b), (c, d) = one, other
    return a < d and c < b and not (one != other and ((a <= c and d <= b) or (c <= a and b <= d)))


def _drug(pattern: Pattern, reading: Reading, window: Span, anchor: int, before: Reading | None) -> str | None:
    """The drug that the match speaks of, or None where it is not the claim's."""
    drug = drug_of(reading, window, anchor, before)
    if pattern.drug == "none":
        return "" if drug in {"implied", "other_drug"} else drug
    if pattern.drug == "unnamed":
        return {"implied": "ketamine", "other_drug": None, "ssri": None}.get(drug, drug)
    if pattern.drug == "ssri":
        return "ssri"
    if drug == "implied":
        drug = "esketamine" if reading.has("nasal_spray") else "ketamine"
    if drug == "ssri" and any(e.subject and "ssri" in e.names for e in pattern.elements):
        named = [d for d in ("ketamine", "esketamine") if d in reading.concepts]
        drug = named[0] if named else drug
    return drug if drug in _FITTING[pattern.drug] else None


def form_of(
    reading: Reading, spans: Iterable[Span], words: set[int], denied: bool, sure: frozenset[str] = frozenset()
) -> Form:
    """Whether what stands at `words` is stated, denied or hedged; `denied` where the words themselves deny."""
    spans = list(spans)

    def free(a: int, b: int) -> bool:
        return not any(c <= a and b <= d for c, d in spans)

    for a, b, low, high in reading.denials:
        near = [at for at in words if reading.clause_of[at] == reading.clause_of[a]]
        near = near or [at for at in words if low <= at < high]
        if _turned(reading, near, words):
            continue
        if free(a, b) and any(low <= at < high for at in words) and 2 * len(near) >= len(words):
            denied = not denied
    if denied:
        return "negated"
    clauses = {reading.clause_of[at] for at in words}
    hedges = [(a, b) for a, b in reading.hedges if reading.tokens[a].word not in sure]
    if any(reading.clause_of[a] in clauses and free(a, b) for a, b in hedges):
        return "hedged"
    return "asserted"


def _turned(reading: Reading, near: list[int], words: set[int]) -> bool:
    """The denial ends at a "but" after which the rest is said: "no cure for PTSD, but it may help"."""
    later = words - set(near)
    if not near or not later or min(later) < max(near):
        return False
    return any(token.word in _BUT for token in reading.tokens[max(near) + 1 : min(later)])


def _as_match(candidate: _Candidate, reading: Reading) -> Match:
    """What the caller gets."""
    words = candidate.words() or {at for a, b in candidate.spans for at in range(a, b)}
    form = form_of(reading, candidate.spans, words, candidate.pattern.denies, candidate.pattern.sure)
    clauses = sorted({reading.clause_of[at] for at in words})
    first, last = reading.clauses[clauses[0]][0], reading.clauses[clauses[-1]][1] - 1
    return Match(
        claim_id=candidate.pattern.claim_id,
        form=form,
        drug=candidate.drug,
        quantity=_quantity(candidate, reading),
        start=reading.tokens[first].start,
        end=reading.tokens[last].end,
        score=round(candidate.score, 3),
    )


def _quantity(candidate: _Candidate, reading: Reading) -> Quantity | None:
    """The number that the match uses, else the first one of its window."""
    for a, b in candidate.spans:
        for item in reading.found:
            if (item.start, item.end) == (a, b):
                return item.quantity
    for item in reading.found:
        if any(item.start < b and a < item.end for a, b in candidate.spans):
            return item.quantity
    low, high = candidate.window
    return next((item.quantity for item in reading.found if low <= item.start and item.end <= high), None)
