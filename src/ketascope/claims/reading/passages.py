"""The pieces of an article, before and after they are put into one text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ketascope.claims.reading.cleaning import clean

Kind = Literal["sentence", "heading", "item"]


@dataclass(frozen=True)
class Passage:
    """Text that belongs together: no sentence runs from one passage into the next."""

    text: str
    kind: Kind = "sentence"


@dataclass(frozen=True)
class Block:
    """Where a passage stands in the text of the article: text[start:end]."""

    start: int
    end: int
    kind: Kind


def assemble(passages: Iterable[Passage]) -> tuple[str, tuple[Block, ...]]:
    """One clean text with a passage a line, and where each passage stands in it."""
    lines: list[str] = []
    blocks: list[Block] = []
    position = 0
    for passage in passages:
        line = " ".join(clean(passage.text).split())
        if line:
            lines.append(line)
            blocks.append(Block(position, position + len(line), passage.kind))
            position += len(line) + 1
    return "\n".join(lines), tuple(blocks)
