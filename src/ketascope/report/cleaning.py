"""Text from outside made fit to print: it steers no terminal, turns no reading direction and breaks no file."""

from __future__ import annotations

import re
import unicodedata

_DIRECTION_MARKS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Controls, lone halves of a character (they cannot be written as UTF-8), and separators of lines and paragraphs.
_UNPRINTABLE = {"Cc": " ", "Cs": "\N{REPLACEMENT CHARACTER}", "Zl": " ", "Zp": " "}


def printable(text: object) -> str:
    """The text without direction marks, its controls as spaces; all other spaces stay as they are."""
    whole = str(text)
    if whole.isascii() and whole.isprintable():
        return whole
    kept = "".join(_UNPRINTABLE.get(unicodedata.category(letter), letter) for letter in whole)
    return _DIRECTION_MARKS.sub("", kept)


def clean(text: object) -> str:
    """The text without characters that steer a terminal or turn the reading direction, with single spaces."""
    return " ".join(printable(text).split())
