"""Sentences of an article, with where each stands in its text.

A full stop ends a sentence unless the word before it is an abbreviation, an initial or a number that goes on. Which
words those are is data. A sentence never runs from one passage into the next; the time grows with the length alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ketascope.claims.reading.limits import reading_limit
from ketascope.claims.reading.lines import is_heading, word_set
from ketascope.claims.reading.passages import Block, Kind

if TYPE_CHECKING:
    from ketascope.claims.article import Article

# A mark that may end a sentence, what closes after it (quotes, brackets, numbers of references), and the gap.
_END = re.compile(
    r"(?<![.!?…])(?P<mark>[.!?…]++|[。！？])(?P<close>[\"'”’»)\]]{0,5}(?:\[[\d,;\s–-]{1,30}\]){0,5})"
    r"(?P<gap>\s+|(?<=[a-z)%]\.)(?=[A-Z][a-z]+[ ,]))"
)
_WORD_BEFORE = re.compile(r"[^\s(\[\"“‘'—–/]*$")
_WORD_AFTER = re.compile(r"[\"'“‘«(\[]{0,3}([\w’'-]{0,40})")
_HAS_WORD = re.compile(r"[^\W_]")


@dataclass(frozen=True)
class Sentence:
    """A unit to be matched: `text` is exactly article.text[start:end]. A heading is one unit."""

    text: str
    start: int
    end: int
    kind: Kind


def split_sentences(article: Article) -> tuple[Sentence, ...]:
    """All sentences of an article in order. Pieces without a letter or digit are no sentences."""
    text = article.text
    found: list[Sentence] = []
    for block in article.blocks or _line_blocks(text):
        for start, end in _spans(text, block):
            piece = text[start:end]
            if _HAS_WORD.search(piece):
                found.append(Sentence(piece, start, end, block.kind))
    return tuple(found)


def _line_blocks(text: str) -> Iterator[Block]:
    """Blocks of a text that came without any: each line is one."""
    position = 0
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            kind: Kind = "heading" if number < len(lines) and is_heading(line.strip()) else "sentence"
            yield Block(position, position + len(line), kind)
        position += len(line) + 1


def _spans(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence in a block, without the white space around it."""
    most = int(reading_limit("sentence_characters"))
    ends = [] if block.kind == "heading" else list(_ends(text, block))
    start = block.start
    for end in (*ends, block.end):
        while end - start > most:
            cut = _cut(text, start, start + most)
            yield from _trimmed(text, start, cut)
            start = cut
        yield from _trimmed(text, start, end)
        start = end


def _cut(text: str, start: int, latest: int) -> int:
    """Where to cut what is too long for a sentence: after a semicolon, comma or space of its second half."""
    for mark in ("; ", ", ", " "):
        place = text.rfind(mark, start + (latest - start) // 2, latest)
        if place >= 0:
            return place + len(mark)
    return latest


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end


def _ends(text: str, block: Block) -> Iterator[int]:
    for found in _END.finditer(text, block.start, block.end):
        if found.end() < block.end and _is_end(text, found, block):
            yield found.end("close")


def _is_end(text: str, found: re.Match[str], block: Block) -> bool:
    after = _WORD_AFTER.match(text, found.end())
    following = after[1] if after else ""
    lower = following[:1].islower()
    if text.startswith("| ", found.end()):
        return True
    if found["mark"] != ".":
        # "Really?" he asked. And so on ... and on.
        return not lower
    if not found["gap"]:
        return True
    before = _WORD_BEFORE.search(text, max(block.start, found.start() - 40), found.start())
    word = before[0] if before else ""
    bare = word.lower().strip(".,;:*_")
    # "Dr." stands before a name; "ED." is a department and may end a sentence.
    if bare in word_set("never") and not (len(word) > 1 and word.isupper()):
        return False
    if word.isdigit() and before and before.start() == block.start:
        return False
    if bare in word_set("before_number") and following[:1].isdigit():
        return False
    starts = following.lower() in word_set("starters") and not lower
    if len(word) == 1 and word.isupper() and not found["close"]:
        return starts and following not in ("A", "I")
    if bare in word_set("units"):
        return not lower and not following[:1].isdigit()
    if bare in word_set("maybe") or re.fullmatch(r"(?:[A-Za-z]\.)+[A-Za-z]", word):
        return starts or (not lower and bool(found["close"]))
    # Careless writing begins sentences with a small letter; a short word before the stop may be an abbreviation.
    return not lower or len(bare) > 3
