"""Sentences that claim nothing: questions, headings, wishes, stories of one person, other places and animals."""

from __future__ import annotations

from ketascope.claims.matching.reading import Reading
from ketascope.claims.matching.tokens import words

_CONTEXTS = ("veterinary", "theatre", "pain", "crime")
_SUPPOSING = frozenset({"if", "unless", "should", "provided", "whether", "suppose", "assuming"})
_ASKING = words("how what why who when where which is are does do can should could will would")
_VERBS = words(
    "is are was were be been has have had does do did can could will would may might must should shall not says show "
    "shows cost costs takes works helps causes makes gives brings found"
)
_INVITING = words(
    "report book call click discover sign schedule subscribe read learn share join download explore fill try start let "
    "imagine ask tell check see"
)
_ENDS = ".!;)\"'”’"


def _has_verb(reading: Reading) -> bool:
    """A word that is surely a verb, or one that ends as a verb does after the drug."""
    return any(token.word in _VERBS for token in reading.tokens)


def is_question(reading: Reading) -> bool:
    """Asks instead of stating."""
    return "?" in reading.text


def is_heading(reading: Reading) -> bool:
    """Neither ends as a sentence nor has a verb."""
    text = reading.text.rstrip()
    if not text or text[-1] in _ENDS:
        return False
    first = reading.tokens[0].word if reading.tokens else ""
    if first in _ASKING:
        return True
    written = [word for word in text.split() if word[0].isalpha()]
    titled = sum(word[0].isupper() for word in written)
    return not _has_verb(reading) and (len(written) <= 4 or 2 * titled >= len(written) or not reading.found)


def is_story(reading: Reading) -> bool:
    """One person's story, which claims nothing of others."""
    if reading.has("assures"):
        return False
    told = [a for name in ("first_person", "anecdote") for a, _ in reading.concepts.get(name, ())]
    drugs = [a for name in ("ketamine", "esketamine", "ssri") for a, _ in reading.concepts.get(name, ())]
    return bool(told) and (not drugs or reading.clause_of[min(told)] <= reading.clause_of[min(drugs)])


def is_invitation(reading: Reading) -> bool:
    """Tells the reader to book, call, click or report."""
    first = [token.word for token in reading.tokens[:4] if token.word != "please"][:3]
    return first[0] in _INVITING or first in (["do", "not", "wait"], ["do", "not", "hesitate"], ["do", "not", "miss"])


def makes_no_claim(reading: Reading) -> bool:
    """The sentence states nothing that could be judged."""
    if len(reading.tokens) < 3 or is_question(reading) or is_heading(reading):
        return True
    return is_story(reading) or is_invitation(reading) or reading.has("asks") or _only_if(reading)


def _only_if(reading: Reading) -> bool:
    """A thing that would be, if."""
    return reading.has("if_word", "would") and reading.has("would")


def is_future(reading: Reading) -> bool:
    """Tells what is planned or awaited."""
    return reading.has("future")


def outside(reading: Reading, allow: frozenset[str]) -> bool:
    """Speaks of an animal, an operation or pain, where the claims of this library do not."""
    people = reading.has("humans")
    names = (name for name in _CONTEXTS if name not in allow and not (people and name == "veterinary"))
    return any(name in reading.concepts for name in names)


def supposed(reading: Reading, at: int) -> bool:
    """The token stands in a clause that only supposes: "unless a trial shows that ..."."""
    a, b = reading.clauses[reading.clause_of[at]]
    spoken = [token.word for token in reading.tokens[a:b] if token.word.isalpha()]
    return bool(spoken) and spoken[0] in _SUPPOSING
