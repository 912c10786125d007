"""One sentence read for matching: words, concepts, quantities, clauses, what is denied and what is hedged."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

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
ROUTES = ("compounded", "iv", "nasal_spray")
"""Ways in which ketamine is given and no tablet against depression is."""
_COMPARING = frozenset({"unlike", "than", "versus", "vs"})
_TURNS = frozenset({";", "but"})
_CORRECTING = frozenset({"fact", "facts", "reality", "truth", "answer"})
_LABEL_MARKS = frozenset(":-–—.|")
_WHEN = frozenset({"within", "after", "soon", "quickly", "rapidly", "immediately", "early"})
_ASIDE = 5
"""Words within which a comma ends what a comma began: "misuse, not treatment, harms"."""
_LABEL = 3
"""Words before a denial from which on it is a predicate ("that is nonsense: ...") and no label ("Myth 3: ...")."""
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


@lru_cache(maxsize=64)
def read(sentence: str) -> Reading:
    """Reads one sentence. The reading is shared: nothing may change it."""
    tokens = tokenise(sentence)
    concepts = lexicon().find(tokens)
    clause_of, clauses = _clauses(tokens)
    reading = Reading(sentence, tokens, concepts, quantities(tokens), clause_of, clauses)
    if reading.found:
        concepts["number"] = [(item.start, item.end) for item in reading.found]
    _denials(reading)
    reading.hedges = [span for span in concepts.get("hedge", ()) if not _no_hedge(tokens, span)]
    return reading


def _no_hedge(tokens: list[Token], span: Span) -> bool:
    """The month May, what the law allows, or what appears at some time: no hedge."""
    a, b = span
    if b >= len(tokens):
        return False
    if tokens[a].stem == "appear":
        return tokens[b].word in _WHEN
    if tokens[a].word != "may":
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
            predicate = a - reading.clauses[reading.clause_of[a]][0] >= _LABEL
            for at, token in enumerate(tokens):
                if token.word in _TURNS or (token.word == ":" and at >= b and predicate) or _corrects(tokens, at):
                    first, last = (at, last) if at < a else (first, min(last, at))
        reading.denials.append((a, b, first, last))
    neither = any(token.word == "neither" for token in tokens)
    for a, b in kept("deny_after"):
        if neither and tokens[a].word == "nor":
            continue
        last = reading.clauses[reading.clause_of[a]][1]
        aside = a > 0 and tokens[a - 1].word == "," and any(t.word == "," for t in tokens[b : b + _ASIDE])
        if tokens[a].word in _TO_COMMA or aside:
            last = next((at for at in range(b, last) if tokens[at].word == ","), last)
        reading.denials.append((a, b, b, last))


def _corrects(tokens: list[Token], at: int) -> bool:
    """ "Fact:" or "Reality -": what a myth was set against begins here."""
    after = tokens[at + 1].word if at + 1 < len(tokens) else ""
    return tokens[at].word in _CORRECTING and after in _LABEL_MARKS


def drug_of(reading: Reading, window: Span, anchor: int, previous: Reading | None) -> str:
    """Which drug the words at `anchor` speak of: ketamine, esketamine, ssri, other_drug, or "" where none is named."""
    mentions = sorted((a, b, name) for name in _DRUGS for a, b in reading.concepts.get(name, ()))
    if tokens_start(reading, window) in {"which", "who"}:
        owner = [m for m in mentions if m[0] < anchor]
        if owner:
            return owner[-1][2]
    subjects = [m for m in mentions if not (m[0] and _compared(reading.tokens, m[0]))]
    subjects = [m for m in subjects if not (m[2] == "ketamine" and _origin(reading, m[0]))]
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
        # "unlike ketamine, it": of what the sentence before names, "it" is not what it is compared with
        compared = {name for _, _, name in mentions} | ({"ssri"} if reading.has(*ROUTES) else set())
        named = [(a, n) for n in _DRUGS if n not in compared for a, _ in previous.concepts.get(n, ())]
        if named:
            return min(named)[1]
    if reading.has("implied_drug"):
        # "Unlike ketamine, it lasts": "it" is some other drug, whichever that is
        unlike = any(name in ("ketamine", "esketamine") for _, _, name in mentions) and not reading.has("nasal_spray")
        return "other_drug" if unlike else "implied"
    return ""


def tokens_start(reading: Reading, window: Span) -> str:
    """The first word of a window that is no mark."""
    return next((token.word for token in reading.tokens[slice(*window)] if token.word.isalnum()), "")


def _origin(reading: Reading, at: int) -> bool:
    """Ketamine is named only as what esketamine, named before, comes from: "esketamine is derived from ketamine"."""
    if not any(a < at for a, _ in reading.concepts.get("esketamine", ())):
        return False
    return any(b <= at <= b + 2 for _, b in reading.concepts.get("comes_from", ()))


def _compared(tokens: list[Token], at: int) -> bool:
    """The drug at `at` is what something is compared with, and not what is spoken of."""
    return not _COMPARING.isdisjoint(token.word for token in tokens[max(0, at - 3) : at])
