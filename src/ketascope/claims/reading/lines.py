"""Lines of plain text put back into paragraphs, list items and headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from ketascope.claims.reading.limits import reading_data
from ketascope.claims.reading.passages import Kind, Passage

BULLET = re.compile(r"(?:[-*+•‣⁃◦▪▫–—●○■□►▶➢➤✓✔✗✘·]|\(?[a-z]\)|\(\d{1,2}\))[ \t]+(?=\S)")
NUMBER = re.compile(r"\d{1,2}[.)][ \t]+(?=[^\W\d_])")
_ENDED = re.compile(r"[.!?:;…][\"'”’»)\]]*(?:\[[\d,–-]{1,20}\])*$")
_RULE = re.compile(r"([-=_*~#.•])(?:[ \t]*\1){2,}\s*$")
_WIDEST_WRAP = 130  # a longer line was not broken to fit a page
_LONGEST_HEADING = 120


@lru_cache(maxsize=8)
def word_set(name: str) -> frozenset[str]:
    """One of the lists on where sentences and lines end."""
    return frozenset(reading_data("sentence_ends")[name])


def to_passages(lines: Sequence[str], *, width: float | None = None) -> list[Passage]:
    """Passages of lines. `width` is where lines were broken; without it, it is read off the lines themselves."""
    if width is None:
        width = _wrap_width(lines)
    found: list[Passage] = []
    parts: list[str] = []
    item = False
    blank_before = True

    def close() -> None:
        if parts:
            text = _joined(parts)
            kind: Kind = "item" if item else "sentence"
            found.append(Passage(text, kind))
            parts.clear()

    for line in lines:
        bare = line.strip()
        if not bare or _RULE.match(bare):
            close()
            blank_before, item = True, False
            continue
        marker = BULLET.match(bare)
        if not marker and (blank_before or item or not parts or _ENDED.search(parts[-1][-200:])):
            marker = NUMBER.match(bare)
        if marker:
            close()
            item = True
            bare = bare[marker.end() :]
        elif parts and not _continues(parts[-1], bare, width):
            close()
            item = False
        parts.append(bare)
        blank_before = False
    close()
    return _with_headings(found)


def _wrap_width(lines: Sequence[str]) -> float:
    """The width that lines were broken at, or infinity when they were not."""
    lengths = [len(line.rstrip()) for line in lines if line.strip()]
    widest = max(lengths, default=0)
    near = sum(length >= 0.8 * widest for length in lengths)
    return widest if 30 <= widest <= _WIDEST_WRAP and near >= 3 else float("inf")


def _continues(line: str, following: str, width: float) -> bool:
    """Whether the sentence of `line` may go on in the line after it."""
    last = line.rsplit(None, 1)[-1].lower().strip("([\"'“‘")
    if last.endswith(".") and last[:-1] in word_set("never"):
        return True
    if _ENDED.search(line[-200:]):
        # The next sentence may well belong to the same paragraph, but nothing is lost by a new passage.
        return False
    first = following.split(None, 1)[0]
    if following[0].islower() or line.endswith((",", "-", "–", "(")) or last in word_set("open_ends"):
        return True
    return len(line) + 1 + len(first) > width


def _joined(parts: Sequence[str]) -> str:
    text = parts[0]
    pieces = [text]
    for part in parts[1:]:
        pieces.append(mend(pieces, part))
    return "".join(pieces)


def mend(pieces: list[str], part: str) -> str:
    """`part` as it goes on after `pieces`, whose last one loses the hyphen of a word broken by the line end."""
    before = pieces[-1]
    if len(before) < 2 or before[-1] not in "-\xad" or not before[-2].isalpha() or not part[0].isalpha():
        return " " + part
    first = re.split(r"[^\w]", before[:-1])[-1]
    second = re.split(r"[^\w]", part, maxsplit=1)[0]
    compound = first.lower() in word_set("hyphen_firsts") or second.lower() in word_set("hyphen_seconds")
    if before[-1] == "-" and (compound or not part[0].islower() or first.isupper() or first[-1:].isdigit()):
        return part
    pieces[-1] = before[:-1]
    return part


def _with_headings(passages: list[Passage]) -> list[Passage]:
    last = len(passages) - 1
    return [
        Passage(each.text, "heading") if each.kind == "sentence" and place < last and is_heading(each.text) else each
        for place, each in enumerate(passages)
    ]


def is_heading(line: str) -> bool:
    """Whether a line that stands alone looks like a heading: short, not ended, and no sentence by its verb."""
    if len(line) > _LONGEST_HEADING or _ENDED.search(line) and not line.endswith("?") or not line[0].isalnum():
        return False
    words = line.split()
    if len(words) > 14:
        return False
    if line.endswith("?"):
        return len(words) <= 8 and len(re.findall(r"[.!?]", line)) == 1
    long_words = [word for word in words if len(word) > 3 and word[0].isalpha()]
    titled = bool(long_words) and all(word[0].isupper() for word in long_words) and len(long_words) > 2
    return titled or not any(word.lower() in word_set("verbs") for word in words)
