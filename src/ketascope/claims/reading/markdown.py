"""Markdown: the marks go, the words stay. Code, comments, scripts and link addresses are no part of the article."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ketascope.claims.reading.cleaning import clean
from ketascope.claims.reading.entities import unescape
from ketascope.claims.reading.passages import Kind, Passage

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_CODE_BLOCK = "```"
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]+|$)")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*$")
_QUOTE = re.compile(r"[ \t]*(?:>[ \t]?)+")
_DEFINITION = re.compile(r" {0,3}\[[^\[\]\n]{1,200}\]:\s*\S")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$")
_LIST = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\S")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_CODE = re.compile(r"(`{1,3})([^`\n]{1,300})\1")
_IMAGE = re.compile(r"!\[[^\[\]]{0,500}\](?:\([^()\n]{0,2000}\)|\[[^\[\]\n]{0,200}\])?")
_LINK = re.compile(r"\[([^\[\]]{1,500})\](?:\((?:[^()\n]|\([^()\n]{0,300}\)){0,2000}\)|\[[^\[\]\n]{0,200}\])")
_FOOTNOTE = re.compile(r"\[\^[^\[\]\s]{1,40}\]:?")
_ADDRESS = re.compile(r"<((?:https?|mailto):[^<>\s]{1,2000})>")
_STRONG = re.compile(r"(?<![\\*])\*{1,3}(?=[^\s*])|(?<=[^\s*\\])\*{1,3}")
_UNDERSCORED = re.compile(r"(?<![\w\\])_{1,3}(?=[^\s_])|(?<=[^\s_\\])_{1,3}(?!\w)")
_PRODUCT = re.compile(r"(?<=\d)\*(?=\d)")
_STRUCK = re.compile(r"~~")
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|svg|iframe|template|noscript)\b.*?(?:</\1\s*>|\Z)", re.I | re.S)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,2000}>")
_FORCED = re.compile(r"<br\b[^<>]{0,200}>", re.I)
_BREAKING = re.compile(
    r"</?(?:p|div|hr|ul|ol|li|h[1-6]|table|tr|section|details|summary|blockquote)\b[^<>]{0,2000}>", re.I
)


def read_markdown(text: str) -> tuple[str, list[Passage]]:
    """The title (first heading, or `title:` of the header) and the passages of a Markdown text."""
    text = clean(text)
    text = _HIDDEN.sub(" ", text)
    text = _BREAKING.sub("\n\n", text)
    title, lines = _front_matter(text.split("\n"))
    found: list[Passage] = []
    waiting: list[str] = []
    blank = True

    def flush() -> None:
        if waiting:
            found.extend(_paragraphs(waiting))
            waiting.clear()

    for line in _without_code(lines):
        heading = _HEADING.match(line)
        if heading:
            flush()
            found.append(Passage(_inline(line[heading.end() :].rstrip().rstrip("#")), "heading"))
        elif _UNDERLINE.match(line) and len(waiting) == 1 and waiting[0].strip() and not _LIST.match(waiting[0]):
            found.append(Passage(_inline(waiting.pop()), "heading"))
        elif _left_out(line) or not line.strip():
            flush()
        elif blank and not waiting and re.match(r"(?: {4}|\t)", line) and not _LIST.match(line) and not _in_list(found):
            continue
        elif line.strip().startswith("|") and line.strip().endswith("|") and len(line.strip()) > 2:
            flush()
            found.append(_table_row(line))
        else:
            waiting.append(line)
        blank = not line.strip()
    flush()
    if not title:
        title = next(
            (" ".join(each.text.split()) for each in found if each.kind == "heading" and each.text.strip()), ""
        )
    return title, found


def _without_code(lines: Iterable[str]) -> Iterator[str]:
    """Lines without quote marks; a fenced block is one line that is left out and ends a paragraph."""
    fence = ""
    for raw in lines:
        if fence:
            closed = _FENCE.match(raw)
            if closed and closed[1][0] == fence[0] and len(closed[1]) >= len(fence):
                fence = ""
            continue
        line = _QUOTE.sub("", raw, count=1) if raw.lstrip().startswith(">") else raw
        opened = _FENCE.match(line)
        fence = opened[1] if opened else ""
        yield _CODE_BLOCK if opened else line


def _table_row(line: str) -> Passage:
    cells = [cell.strip() for cell in _inline(line.strip()[1:-1]).split("|")]
    return Passage(" | ".join(cell for cell in cells if cell), "item")


def _left_out(line: str) -> bool:
    """Whether a line is a block of code, says where a link goes, or is the rule under the head of a table."""
    if line == _CODE_BLOCK:
        return True
    return bool((_DEFINITION.match(line) and not line.lstrip().startswith("[^")) or _TABLE_RULE.match(line))


def _in_list(found: list[Passage]) -> bool:
    return bool(found) and found[-1].kind == "item"


def _front_matter(lines: list[str]) -> tuple[str, list[str]]:
    if lines and lines[0].strip() == "---":
        for place, line in enumerate(lines[1:60], start=1):
            if line.strip() in ("---", "..."):
                named = (re.match(r"title:\s*(.+)", each, re.I) for each in lines[1:place])
                title = next((each[1].strip().strip("\"'") for each in named if each), "")
                return title, lines[place + 1 :]
    return "", lines


def _paragraphs(lines: list[str]) -> list[Passage]:
    """Lines without a blank one between them: in Markdown they go on, unless a list item begins."""
    found: list[Passage] = []
    parts: list[str] = []
    kind: Kind = "sentence"

    def close() -> None:
        if parts:
            found.append(Passage(_inline("\n".join(parts)), kind))
            parts.clear()

    for line in lines:
        marker = _LIST.match(line)
        if marker:
            close()
            kind = "item"
            line = re.sub(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?", "", line, count=1)
        parts.append(line.strip())
    close()
    return found


def _inline(text: str) -> str:
    """One passage without its marks."""
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(found[found.lastindex or 0])
        return f"\x00{len(held) - 1}\x00"

    text = text.replace("\x00", "")
    text = _CODE.sub(hold, text)
    text = _ESCAPED.sub(hold, text)
    text = _ADDRESS.sub(r"\1", text)
    text = _FOOTNOTE.sub("", text)
    text = _IMAGE.sub("", text)
    text = _LINK.sub(r"\1", text)
    text = _FORCED.sub(" ", text)
    text = _TAG.sub("", text)
    text = _PRODUCT.sub(hold, text)
    text = _STRONG.sub("", text)
    text = _UNDERSCORED.sub("", text)
    text = _STRUCK.sub("", text)
    text = unescape(text)
    return re.sub("\x00(\\d{1,9})\x00", lambda found: held[int(found[1])] if int(found[1]) < len(held) else "", text)
