"""Words of a sentence: lower case, stemmed, with their places. Stems are kept, since articles repeat their words."""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?|[^\s\w]")
_SPLIT = {"cannot": ("can", "not"), "can't": ("can", "not"), "won't": ("will", "not"), "shan't": ("shall", "not")}
_PAUSES = frozenset(",;:().!?—–-…")
_LONGEST_WORD = 40
_MOST_TOKENS = 600


def words(text: str) -> frozenset[str]:
    """A set of words written as a line."""
    return frozenset(text.split())


class Token(NamedTuple):
    """One word, number or mark, with its place in the sentence."""

    word: str
    stem: str
    start: int
    end: int


@cache
def _stemmer() -> Any:
    import snowballstemmer  # type: ignore[import-untyped]

    return snowballstemmer.stemmer("english")


_stems: dict[str, str] = {}


def stem(word: str) -> str:
    """The stem of a lower-case word."""
    found = _stems.get(word)
    if found is None:
        long = len(word) > _LONGEST_WORD or not word.isalpha()
        found = word if long else _stemmer().stemWord(word)
        if len(_stems) < 100_000:
            _stems[word] = found
    return found


def is_pause(token: Token) -> bool:
    """A mark at which a phrase ends."""
    return token.word in _PAUSES


def tokenise(sentence: str) -> list[Token]:
    """The words of a sentence. A hyphen inside a word parts it in two; "isn't" reads "is not".

    What follows after 600 words is left out: nothing that long is a sentence.
    """
    out: list[Token] = []
    end = len(sentence)
    for found in islice(_TOKEN.finditer(sentence), _MOST_TOKENS):
        word, start, stop = found.group().lower().replace("’", "'"), found.start(), found.end()
        if word in "-‐‑" and start > 0 and stop < end:
            before, after = sentence[start - 1], sentence[stop]
            if before.isalnum() and after.isalnum() and not (before.isdigit() and after.isdigit()):
                continue
        parts: tuple[str, ...] = (word,)
        if word in _SPLIT:
            parts = _SPLIT[word]
        elif "'" in word and len(word) > 1:
            head, tail = word.split("'", 1)
            if word.endswith("n't"):
                parts = (word[:-3], "not")
            elif tail in {"s", "d"}:
                parts = (head, "is") if head in {"it", "that", "there", "what", "how", "here"} else (head,)
            else:
                parts = (head, {"re": "are", "ve": "have", "ll": "will", "m": "am"}.get(tail, tail))
        out += [Token(part, stem(part), start, stop) for part in parts if part]
    return out
