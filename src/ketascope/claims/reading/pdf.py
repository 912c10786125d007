"""PDF: the text layer of each page, put back into paragraphs. Pictures of text are not read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from ketascope.claims.reading.cleaning import clean
from ketascope.claims.reading.limits import reading_limit
from ketascope.claims.reading.lines import to_passages
from ketascope.claims.reading.passages import Passage
from ketascope.errors import InputError

_PAGE_NUMBER = re.compile(r"(?:page|p\.)?\s*[-–—]?\s*\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?\s*[-–—]?", re.I)
_DIGITS = re.compile(r"\d+")
_FULL_LINE = 0.8  # share of the usual width at which a line counts as broken to fit


def read_pdf(content: bytes, origin: str) -> tuple[str, list[Passage], tuple[str, ...]]:
    """The title, the passages and notes. Raises InputError for a PDF without text that can be read."""
    answer = _extract(content, origin)
    if answer.get("encrypted"):
        raise InputError(f"{origin} is locked with a password: save a copy without one, or copy its text to a file")
    if answer.get("too_long"):
        most = int(reading_limit("pdf_pages"))
        raise InputError(f"{origin} has {answer['count']} pages; audit reads up to {most}: give the part that matters")
    if "broken" in answer:
        raise InputError(f"{origin} is a broken PDF and cannot be read: save it again, or copy its text to a file")
    pages = [clean(page) for page in answer["pages"]]
    readable = [any(character.isalpha() for character in page) for page in pages]
    if not any(readable):
        raise InputError(
            f"cannot tell: {origin} has no text layer on {len(pages)} pages (a scan?); run OCR (text recognition) first"
        )
    notes = []
    if not all(readable):
        notes.append(f"{readable.count(False)} of {len(pages)} pages hold no text (pictures are not read)")
    return clean(str(answer.get("title", ""))).strip(), page_passages(pages), tuple(notes)


def _extract(content: bytes, origin: str) -> dict[str, Any]:
    seconds = reading_limit("pdf_seconds")
    command = [sys.executable, "-P", "-m", "ketascope.claims.reading.pdf_worker"]
    limits = [str(int(reading_limit("pdf_pages"))), str(seconds), str(int(reading_limit("pdf_memory_bytes")))]
    source = str(Path(__file__).resolve().parents[3])
    paths = [source, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}
    slow = InputError(f"{origin} took longer than {seconds:g} s to unpack: copy its text to a file and give that")
    try:
        # The command is this interpreter and a module of this package; the document goes in as bytes only.
        done = subprocess.run(  # noqa: S603
            command + limits, input=content, capture_output=True, timeout=seconds + 5, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        raise slow from None
    except OSError as error:
        raise InputError(f"{origin} cannot be read: the PDF reader did not start ({error.strerror})") from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        answer = {"memory": True}
    if answer.get("slow"):
        raise slow
    if answer.get("memory"):
        raise InputError(f"{origin} needs too much memory to unpack: copy its text to a file and give that")
    return answer


def page_passages(pages: list[str]) -> list[Passage]:
    """Passages of all pages; running heads and page numbers go, and a sentence may run over the page."""
    lines: list[str] = []
    split = [[line.rstrip() for line in page.split("\n")] for page in pages]
    running = _running(split)
    for page in split:
        kept = [line for line in page if _key(line) not in running and not _PAGE_NUMBER.fullmatch(line.strip()[:40])]
        # Empty lines at the edges of a page end no paragraph.
        lines.extend("\n".join(kept).strip("\n").split("\n"))
    lengths = sorted(len(line) for line in lines if line.strip())
    usual = lengths[int(0.75 * (len(lengths) - 1))] if lengths else 0
    return to_passages(lines, width=_FULL_LINE * usual if usual >= 25 else None)


def _key(line: str) -> str:
    return _DIGITS.sub("#", " ".join(line.split()).lower())


def _running(pages: list[list[str]]) -> set[str]:
    """Lines that stand first or last on at least three pages and on half of them."""
    seen: Counter[str] = Counter()
    for page in pages:
        filled = [line for line in page if line.strip()]
        seen.update({_key(line) for line in (*filled[:2], *filled[-2:])})
    least = max(3, len(pages) / 2)
    return {line for line, count in seen.items() if count >= least}
