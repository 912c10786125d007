"""One sentence read for matching: words, concepts, quantities, clauses, what is denied and what is hedged."""

from __future__ import annotations

from dataclasses import dataclass, field

from ketascope.claims.matching.lexicon import Span, lexicon
from ketascope.claims.matching.quantities import Found, quantities
from ketascope.claims.matching.tokens import Token, is_pause, tokenise, words

_MARKS = frozenset({";", ":", "—", "(", ")", "…"})
_JOINTS = frozenset({"but", "although", "though", "whereas", "while", "however", "because", "nevertheless", "despite"})
_OPENERS = _JOINTS | {"if", "unless", "whether", "unlike", "contrary", "when", "since", "as", "which", "who"}
_AFTER_COMMA = frozenset({"and", "so", "which", "who", "yet", "or", "nor", "not", "they", "it", "you", "we"})
_VERB_LIKE = words(
    "is are was were has have had does do did can could will would may might must should it they he she we you there "
    "no not never cannot this these that"
)
_TO_COMMA = frozenset({"without", "free", "absence", "rather", "instead", "contrary", "against", "devoid", "short"})
_DRUGS = ("ketamine", "esketamine", "ssri", "other_drug")
_COMPARING = frozenset({"unlike", "than", "versus", "vs"})
_TREATMENTS = ("psychotherapy", "ect", "tms")


@dataclass
class Reading:
    """What is known of a sentence before any claim is looked for."""

    text: str
    tokens: list[Token]
    concepts: dict[str, list[Span]]
    found: list[Found]
    clause_of: list[int]
    clauses: list[Span]
    denials: list[tuple[int, int, int, int]] = field(default_factory=list)
    hedges: list[Span] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        """Any of these concepts is there."""
        return any(name in self.concepts for name in names)


def read(sentence: str) -> Reading:
    """Reads one sentence."""
    tokens = tokenise(sentence)
    concepts = lexicon().find(tokens)
    clause_of, clauses = _clauses(tokens)
    reading = Reading(sentence, tokens, concepts, quantities(tokens), clause_of, clauses)
    if reading.found:
        concepts["number"] = [(item.start, item.end) for item in reading.found]
    _denials(reading)
    reading.hedges = [span for span in concepts.get("hedge", ()) if not _other_may(tokens, span)]
    return reading


def _other_may(tokens: list[Token], span: Span) -> bool:
    """The month May, or what the law allows: no hedge."""
    a, b = span
    if tokens[a].word != "may" or b >= len(tokens):
        return False
    return tokens[b].word[0].isdigit() or tokens[b].word in {"lawfully", "legally"}


def _clauses(tokens: list[Token]) -> tuple[list[int], list[Span]]:
    """The clause of each token, and each clause's tokens."""
    if not tokens:
        return [], []
    starts = [0]
    opened = False
    for at, token in enumerate(tokens):
        before = tokens[at - 1].word if at else ""
        after = tokens[at + 1].word if at + 1 < len(tokens) else ""
        word = token.word
        dash = word in "–-" and after and not after[0].isdigit() and (not at or tokens[at - 1].end < token.start)
        cut = word in _MARKS or dash
        cut = cut or (word in _JOINTS and at > 0 and before not in {"anything", "nothing", "all"})
        cut = cut or (word in _AFTER_COMMA and before == "," and (word not in {"and", "or"} or after in _VERB_LIKE))
        cut = cut or (word in {"and", "or"} and before == "," and _goes_on(tokens, at))
        cut = cut or (word in {"and", "nor"} and at > 0 and after in _VERB_LIKE and after not in {"that", "not", "no"})
        if cut and at > starts[-1]:
            starts.append(at)
        # "Although A, B": the comma ends the clause that the first word opened
        opened = opened or (word in _OPENERS and starts[-1] in (at, at - 1))
        if word == "," and opened:
            starts.append(at + 1)
            opened = False
    starts = [start for start in starts if start < len(tokens)]
    spans = [(a, b) for a, b in zip(starts, [*starts[1:], len(tokens)], strict=True) if b > a]
    clause_of = [0] * len(tokens)
    for number, (a, b) in enumerate(spans):
        clause_of[a:b] = [number] * (b - a)
    return clause_of, spans


def _goes_on(tokens: list[Token], at: int) -> bool:
    """At least six words follow without a pause: no item of a list."""
    return len(tokens) > at + 6 and not any(is_pause(token) for token in tokens[at : at + 6])


def _denials(reading: Reading) -> None:
    """Each denial with the tokens that it covers."""
    tokens, concepts = reading.tokens, reading.concepts
    spared = list(concepts.get("no_denial", []))

    def kept(name: str) -> list[Span]:
        # of phrases that share words the longest counts, and only once
        out: list[Span] = []
        for a, b in sorted(concepts.get(name, ()), key=lambda s: s[0] - s[1]):
            if not any(c < b and a < d for c, d in spared):
                out.append((a, b))
                spared.append((a, b))
        return out

    for a, b in kept("deny_around"):
        first, last = 0, len(tokens)
        if tokens[a].word == "contrary":
            first, last = b, next((at for at in range(b, last) if tokens[at].word == ","), last)
        else:
            for at, token in enumerate(tokens):
                if token.word in {";", "but"}:
                    first, last = (at, last) if at < a else (first, min(last, at))
        reading.denials.append((a, b, first, last))
    neither = any(token.word == "neither" for token in tokens)
    for a, b in kept("deny_after"):
        if neither and tokens[a].word == "nor":
            continue
        last = reading.clauses[reading.clause_of[a]][1]
        if tokens[a].word in _TO_COMMA:
            last = next((at for at in range(b, last) if tokens[at].word == ","), last)
        reading.denials.append((a, b, b, last))


def drug_of(reading: Reading, window: Span, anchor: int, previous: Reading | None) -> str:
    """Which drug the words at `anchor` speak of: ketamine, esketamine, ssri, other_drug, or "" where none is named."""
    mentions = sorted((a, b, name) for name in _DRUGS for a, b in reading.concepts.get(name, ()))
    if tokens_start(reading, window) in {"which", "who"}:
        owner = [m for m in mentions if m[0] < anchor]
        if owner:
            return owner[-1][2]
    subjects = [m for m in mentions if not (m[0] and _compared(reading.tokens, m[0]))]
    implied = bool(mentions) and not subjects and reading.has("implied_drug")
    for group in (subjects, () if implied else mentions):
        here = [m for m in group if window[0] <= m[0] < window[1]]
        before = [m for m in here if m[0] <= anchor]
        if before:
            return before[-1][2]
        if here:
            return here[0][2]
    if subjects:
        earlier = [m for m in subjects if m[0] < anchor]
        return earlier[-1][2] if earlier else subjects[0][2]
    if not mentions and reading.has(*_TREATMENTS):
        return "other_drug"
    if previous is not None and reading.has("implied_drug"):
        named = [(a, name) for name in _DRUGS for a, _ in previous.concepts.get(name, ())]
        if named:
            return min(named)[1]
    if reading.has("implied_drug"):
        return "implied"
    return ""


def tokens_start(reading: Reading, window: Span) -> str:
    """The first word of a window that is no mark."""
    return next((token.word for token in reading.tokens[slice(*window)] if token.word.isalnum()), "")


def _compared(tokens: list[Token], at: int) -> bool:
    """The drug at `at` is what something is compared with, and not what is spoken of."""
    return not _COMPARING.isdisjoint(token.word for token in tokens[max(0, at - 3) : at])
