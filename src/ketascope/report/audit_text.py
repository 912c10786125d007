"""The text of an article cut where claims begin and end, so that a page can mark them: paragraphs of pieces."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Span = tuple[int, int]


@dataclass(frozen=True)
class Piece:
    """Text in which the same things hold.

    claims: those that cover it, the shortest first. ending: those of them whose part ends with it. in_claimed and
    in_unassessed: whether it belongs to a sentence with a claim, or to one that was not assessed. ends_unassessed:
    whether such a sentence ends with it.
    """

    text: str
    claims: tuple[int, ...] = ()
    ending: tuple[int, ...] = ()
    in_claimed: bool = False
    in_unassessed: bool = False
    ends_unassessed: bool = False


@dataclass
class Paragraph:
    """One paragraph: its pieces, and the numbers of the claims that end in it."""

    pieces: list[Piece] = field(default_factory=list)
    claims: list[int] = field(default_factory=list)
    is_heading: bool = False


@dataclass(frozen=True)
class MarkedText:
    """Paragraphs with marks, and the numbers of the claims that have no place in the text."""

    paragraphs: list[Paragraph]
    unplaced: list[int]


def marked_text(
    text: str,
    rows: Sequence[Mapping[str, Any]],
    unassessed: Sequence[Mapping[str, Any]],
    headings: Sequence[Mapping[str, Any]] = (),
) -> MarkedText:
    """The pieces of `text` for claims numbered from 1 in the order of `rows`; no character is lost but line ends."""
    tops = [(row["start"], row["end"]) for row in headings]
    lines = [(found.start(), found.end()) for found in re.finditer(r"[^\n]+", text) if found[0].strip()]
    parts: dict[int, Span] = {}
    sentences: dict[int, Span] = {}
    for number, row in enumerate(rows, 1):
        sentence = _clipped(text, row["start"], row["end"])
        part = _clipped(text, row["part_start"], row["part_end"]) or sentence
        if part is not None:
            parts[number] = part
            sentences[number] = sentence or part
    gaps = [span for row in unassessed if (span := _clipped(text, row["start"], row["end"])) is not None]
    by_part = _by_line(lines, list(parts.items()))
    by_sentence = _by_line(lines, list(sentences.items()))
    by_gap = _by_line(lines, list(enumerate(gaps)))
    paragraphs = []
    for index, line in enumerate(lines):
        here = by_part.get(index, [])
        ending = sorted(number for number, span in here if span[1] <= line[1])
        gap_spans = [span for _, span in by_gap.get(index, [])]
        pieces = _pieces(text, line, here, [span for _, span in by_sentence.get(index, [])], gap_spans)
        is_heading = any(line[0] <= start and end <= line[1] for start, end in tops)
        paragraphs.append(Paragraph(pieces, ending, is_heading))
    return MarkedText(paragraphs, [number for number in range(1, len(rows) + 1) if number not in parts])


def _clipped(text: str, start: int, end: int) -> Span | None:
    """The span inside of the text and without spaces around it, None where nothing is left."""
    start, end = (min(max(place, 0), len(text)) for place in (start, end))
    inside = text[start:end]
    if not inside.strip():
        return None
    return start + len(inside) - len(inside.lstrip()), end - (len(inside) - len(inside.rstrip()))


def _by_line(lines: Sequence[Span], spans: Sequence[tuple[int, Span]]) -> dict[int, list[tuple[int, Span]]]:
    """The spans that each line holds, or holds a part of."""
    starts = [start for start, _ in lines]
    found: dict[int, list[tuple[int, Span]]] = {}
    for key, (start, end) in spans:
        index = max(bisect_right(starts, start) - 1, 0)
        while index < len(lines) and lines[index][0] < end:
            if lines[index][1] > start:
                found.setdefault(index, []).append((key, (start, end)))
            index += 1
    return found


def _pieces(
    text: str, line: Span, parts: Sequence[tuple[int, Span]], sentences: Sequence[Span], gaps: Sequence[Span]
) -> list[Piece]:
    cuts = {line[0], line[1]}
    for start, end in [*(span for _, span in parts), *sentences, *gaps]:
        cuts |= {min(max(start, line[0]), line[1]), min(max(end, line[0]), line[1])}
    places = sorted(cuts)
    by_length = sorted(parts, key=lambda part: part[1][1] - part[1][0])
    pieces = []
    for start, end in zip(places, places[1:], strict=False):
        covering = tuple(number for number, span in by_length if span[0] <= start and end <= span[1])
        pieces.append(
            Piece(
                text[start:end],
                covering,
                tuple(number for number in sorted(covering) if dict(parts)[number][1] == end),
                any(span[0] <= start and end <= span[1] for span in sentences),
                any(span[0] <= start and end <= span[1] for span in gaps),
                any(span[1] == end for span in gaps),
            )
        )
    return pieces
