"""A dose sentence cut into words, with the place of each kept for error messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["KEYWORDS", "NUMBER", "Token", "tokens_of"]

#: Words of the grammar. They never name a drug or a route.
KEYWORDS = ("over", "q", "x", "after", "&", "then")

_NUMBER_TEXT = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
#: A decimal number in ASCII digits; other scripts' digits are refused rather than guessed at.
NUMBER = re.compile(_NUMBER_TEXT)

_WORD = re.compile(r"&|[^\s&]+")
# People write '0.5mg/kg', '40min', 'q3.5d' and 'x6': a number may touch the keyword and the unit beside it.
_GLUED = re.compile(
    rf"(?P<keyword>[qx\N{{MULTIPLICATION SIGN}}]?)(?P<number>{_NUMBER_TEXT})(?P<unit>[^\W\d_].*)?",
    re.IGNORECASE,
)
_SAME = {"\N{MULTIPLICATION SIGN}": "x"}


@dataclass(frozen=True)
class Token:
    """A piece of the sentence: as written, its word number (from 1) and where it starts."""

    text: str
    word: int
    position: int

    @property
    def folded(self) -> str:
        """The text as it is compared: without regard to case."""
        folded = self.text.casefold()
        return _SAME.get(folded, folded)

    @property
    def is_keyword(self) -> bool:
        """Whether this is a word of the grammar rather than a name, number or unit."""
        return self.folded in KEYWORDS


def tokens_of(sentence: str) -> list[Token]:
    """Cut a sentence into tokens; words are counted as a reader sees them, so glued pieces share a number."""
    return [
        token
        for number, match in enumerate(_WORD.finditer(sentence), start=1)
        for token in _pieces(match.group(), number, match.start())
    ]


def _pieces(text: str, word: int, position: int) -> Iterator[Token]:
    glued = _GLUED.fullmatch(text)
    if glued is None:
        yield Token(text, word, position)
        return
    for name in ("keyword", "number", "unit"):
        if glued.group(name):
            yield Token(glued.group(name), word, position + glued.start(name))
