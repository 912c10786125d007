"""What a file is: first by its content, then by the name it came under."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Literal

from ketascope.claims.reading.limits import reading_data, reading_limit, shown
from ketascope.errors import InputError

Format = Literal["text", "markdown", "html", "pdf"]
SUFFIXES: dict[str, Format] = {
    ".txt": "text",
    ".text": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
}
CONTENT_TYPES: dict[str, Format] = {
    "text/plain": "text",
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/pdf": "pdf",
    "application/x-pdf": "pdf",
}
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_HEAD = 100_000
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.I)
_PROLOGUE = re.compile(r"\s++|<\?xml[^>]*+>|<!--.*?-->", re.S)
_CLOSING = re.compile(r"</(?:p|div|h[1-6]|ul|ol|li|table|body|section|article|script|style|a|span)\s*>", re.I)
_MARKS = (
    re.compile(r"^#{1,6} \S", re.M),
    re.compile(r"^(?:```|~~~)", re.M),
    re.compile(r"\[[^\[\]\n]{1,200}\]\([^()\s]{1,500}\)"),
    re.compile(r"\*\*\S[^*\n]{0,200}\*\*"),
    re.compile(r"^\S[^\n]{0,200}\n(?:={3,}|-{3,})[ ]*$", re.M),
)


def refuse_binary(content: bytes, origin: str) -> None:
    """Raise InputError for what is not text (PDF aside), naming what it looks like."""
    for row in reading_data("file_signatures")["signature"]:
        if content.startswith(bytes.fromhex(row["starts"])):
            raise InputError(f"{origin} is {row['kind']}: {reading_data('file_signatures')[row['advice']]}")
    if content[4:12] in (b"ftypheic", b"ftypavif", b"ftypmp42", b"ftypisom", b"ftypqt  ", b"ftypM4A "):
        advice = reading_data("file_signatures")["transcribe"]
        raise InputError(f"{origin} is a film, sound or HEIC picture: {advice}")
    head = content[:_HEAD]
    if head.startswith(_WIDE_MARKS):
        return
    controls = len(head) - len(head.translate(None, bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))))
    if controls > max(4, reading_limit("control_share") * len(head)) and not looks_wide(head):
        raise InputError(f"{origin} is binary, not text: give plain text, Markdown, HTML or PDF")


def looks_wide(head: bytes) -> str:
    """The UTF-16 encoding that unmarked bytes seem to have, or "": every second byte of Latin letters is zero."""
    half = len(head) // 2
    if half < 4:
        return ""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 0.7 * half and even < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 * half and odd < 0.05 * half else ""


def is_pdf(content: bytes) -> bool:
    """Whether the bytes start as a PDF does; readers allow some bytes before the mark."""
    return content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n\x00").startswith(b"%PDF-")


def text_format(text: str, name: str, content_type: str = "") -> Format:
    """ "text", "markdown" or "html" for decoded text, by content, then by content type, then by name."""
    head = text[:_HEAD]
    position = 0
    while skipped := _PROLOGUE.match(head, position):
        position = skipped.end()
    if _PAGE.match(head, position):
        return "html"
    named = CONTENT_TYPES.get(content_type) or SUFFIXES.get(PurePosixPath(name).suffix.lower())
    if named in ("html", "markdown"):
        return named
    if len(_CLOSING.findall(head)) >= 3 or (named is None and _CLOSING.search(head)):
        return "html"
    headings, *others = (len(mark.findall(head)) for mark in _MARKS)
    found = (headings >= 1) + sum(count > 0 for count in others)
    return "markdown" if found >= 2 or (headings >= 1 and named is None) else "text"


def check_content_type(content_type: str, origin: str) -> None:
    """Raise InputError when a server says that it sends something that is no article."""
    unsaid = ("", "application/octet-stream", "binary/octet-stream", "application/force-download")
    if content_type not in CONTENT_TYPES and content_type not in unsaid:
        raise InputError(f"{origin} is of type '{shown(content_type, 60)}': audit reads text, Markdown, HTML and PDF")
