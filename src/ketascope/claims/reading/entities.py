"""Character references of HTML, such as `&amp;` and `&#8217;`, as the characters they stand for."""

from __future__ import annotations

import html
import re

_PADDED = re.compile(r"&#([xX]?)0++(?=[0-9a-fA-F])")
# No character has a number of eight digits; turning a million digits into a number takes time or fails.
_ENDLESS = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{8,}+);?")


def unescape(text: str) -> str:
    """`text` with its references replaced once; what they make is not read again as markup or as a reference."""
    if "&" not in text:
        return text
    return html.unescape(_ENDLESS.sub("\ufffd", _PADDED.sub(r"&#\1", text)))
