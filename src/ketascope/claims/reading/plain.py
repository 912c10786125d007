"""Plain text: paragraphs by blank lines and line widths, list items by their bullets, headings by their looks."""

from __future__ import annotations

from ketascope.claims.reading.cleaning import clean
from ketascope.claims.reading.lines import to_passages
from ketascope.claims.reading.passages import Passage


def read_plain(text: str) -> tuple[str, list[Passage]]:
    """The title (a heading at the top, or nothing) and the passages of a plain text."""
    passages = to_passages(clean(text).split("\n"))
    title = passages[0].text if passages and passages[0].kind == "heading" else ""
    return title, passages
