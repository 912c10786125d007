"""Questions that are answered by yes or no: together they state what neither states alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ketascope.claims.matching.unsaid import Line

_QUESTION = re.compile(
    r"^(?:\W*q(?:uestion)?\s*[.:)]\s*)?(?:so |but |and )?"
    r"(?:is|are|was|were|does|do|did|can|could|will|would|should|has|have)\s+(?P<rest>.+?)\s*\?\W*$",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"^(?:\W*a(?:nswer)?\s*[.:)]\s*)?"
    # "it is not" begins like "it is", so denials are looked for first.
    r"(?:(?P<no>no(?! one\b)|nope|never|not at all|not really|it is not|it does not|they do not)"
    r"|(?P<yes>yes|yep|absolutely|certainly|definitely|of course|it is|it does|they do))\b",
    re.IGNORECASE,
)
# Said of the reader, so that a question in the first person is no anecdote.
_READER = {"i": "you", "my": "your", "me": "you", "we": "you", "our": "your"}


def answered(question: str, answer: str) -> str:
    """The statement that a question and a yes or no make, "" where they make none.

    "Is ketamine addictive?" and "No." give "It is not true that ketamine addictive.": grammar is left as it stands, for
    concepts and denials are read and not the order of words.
    """
    asked, said = _QUESTION.match(question.strip()), _ANSWER.match(answer.strip())
    if asked is None or said is None or " or " in asked["rest"].lower():
        return ""
    words = [_READER.get(word.lower(), word) for word in asked["rest"].split()]
    return f"It is {'not ' if said['no'] else ''}true that {' '.join(words)}."


def statements(lines: Sequence[Line]) -> dict[int, str]:
    """Index of each question with its answer in the next line -> the statement that the two make."""
    found = {at: answered(line.text, following.text) for at, (line, following) in enumerate(pairwise(lines))}
    return {at: statement for at, statement in found.items() if statement}
