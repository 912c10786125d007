"""What a report prints, as plain text."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

from ketascope.report.screen import screen


def printed(write: Callable[..., None], document: Mapping[str, Any], width: int = 140) -> str:
    """What `write` prints of a document on a console of that width, without colours and blanks at the ends of lines."""
    stream = io.StringIO()
    write(document, screen(file=stream, width=width, color_system=None, force_terminal=False))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"
