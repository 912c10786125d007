"""No workers at all: chunks one after another in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")


def one_by_one(work: Callable[[Chunk], Result], chunks: Sequence[Chunk]) -> Generator[tuple[int, Result], None, None]:
    """(index, result) of every chunk, in order."""
    for index, chunk in enumerate(chunks):
        yield index, work(chunk)
