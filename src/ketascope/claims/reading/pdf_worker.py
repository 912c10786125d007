"""Runs by itself: a PDF on standard input, its pages as JSON on standard output.

A process of its own, because only a process can be stopped when a document takes too long or unpacks without end.
"""

from __future__ import annotations

import io
import json
import logging
import sys
import time
from typing import Any


def extract(content: bytes, most_pages: int, seconds: float) -> dict[str, Any]:
    """The pages' text and what went wrong. Raises whatever the library raises on a broken file."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    end = time.monotonic() + seconds
    reader = PdfReader(io.BytesIO(content), root_object_recovery_limit=1000)
    if reader.is_encrypted:
        try:
            opened = bool(reader.decrypt(""))
        except (DependencyError, NotImplementedError):
            opened = False
        if not opened:
            return {"encrypted": True}
    count = len(reader.pages)
    if count > most_pages:
        return {"count": count, "too_long": True}
    pages: list[str] = []
    failed = 0
    for number in range(count):
        if time.monotonic() > end:
            return {"count": count, "slow": True}
        try:
            pages.append(reader.pages[number].extract_text() or "")
        except (MemoryError, KeyboardInterrupt):
            raise
        except Exception:  # one broken page must not hide the others
            pages.append("")
            failed += 1
    title = ""
    try:
        title = str((reader.metadata and reader.metadata.title) or "")
    except Exception:  # a title is worth no error
        title = ""
    return {"count": count, "pages": pages, "title": title[:500], "failed": failed}


def _limit_memory(most: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    try:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (ValueError, OSError):
        return


def main() -> int:
    """Exit code 0 with a document, or 1 with {"broken": why}."""
    most_pages, seconds, memory = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    logging.disable(logging.CRITICAL)
    content = sys.stdin.buffer.read()
    _limit_memory(memory)
    answer: dict[str, Any]
    try:
        answer = extract(content, most_pages, seconds)
    except MemoryError:
        answer = {"memory": True}
    except Exception as error:  # whatever a hostile file brings about is one thing to the caller
        answer = {"broken": type(error).__name__}
    # Lone surrogates would not survive the way back.
    sys.stdout.buffer.write(json.dumps(answer).encode("ascii"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
