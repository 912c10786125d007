"""Characters that carry no words, or carry them in disguise, are taken out before anything is matched."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NEWLINES = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# No-break and fixed-width spaces, tabs; the line feed stays.
_SPACES = re.compile("[\t\x1f\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x9f"  # controls
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # soft hyphen, joiners, fillers
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufffb"  # zero width, direction marks
    "\ufdd0-\ufdef\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SOFT_HYPHEN_BREAK = re.compile("\xad[ \t]*\n[ \t]*")
_LONE = re.compile("[\ud800-\udfff]")
_MARK_POSSIBLE = re.compile("[\u0300-\u1fff\u20d0-\u20ff\u2c00-\ud7ff\uf900-\uffff\U00010000-\U0010ffff]")
_SWAPS = {
    "\u2010": "-",  # hyphen
    "\u2011": "-",  # hyphen that does not break
    "\u2212": "-",  # minus
    "\uf0b7": "\u2022",  # the bullet of a symbol font
    "\uf0a7": "\u2022",
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\ufb05": "st",
    "\ufb06": "st",
}
_SWAPPED = re.compile("[" + "".join(_SWAPS) + "]")
_MOST_MARKS = 8  # combining marks on one letter; living scripts need three


@lru_cache(maxsize=1)
def _mark_runs() -> re.Pattern[str]:
    marks = (chr(code) for code in (*range(0x300, 0xD800), *range(0xF900, 0x1F000)) if unicodedata.combining(chr(code)))
    named = "".join(marks)
    return re.compile(f"([{named}]{{{_MOST_MARKS}}})[{named}]+")


def clean(text: str) -> str:
    """`text` without controls, zero-width and direction marks, spaces and line ends made one kind, in form NFC.

    Line feeds stay. Curly quotes and dashes stay. Runs of combining marks are cut, because putting a long run in
    order takes time that grows with its square.
    """
    if "\r" in text or not text.isprintable():
        text = _NEWLINES.sub("\n", text)
        text = _SOFT_HYPHEN_BREAK.sub("", text)
        text = _SPACES.sub(" ", text)
        text = _UNSEEN.sub("", text)
        text = _LONE.sub("\ufffd", text)
    if text.isascii():
        return text
    text = _SPACES.sub(" ", text)
    text = _SWAPPED.sub(lambda found: _SWAPS[found[0]], text)
    text = _UNSEEN.sub("", text)
    if _MARK_POSSIBLE.search(text):
        text = _mark_runs().sub(r"\1", text)
    return unicodedata.normalize("NFC", text)
