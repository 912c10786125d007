"""From bytes to characters."""

from __future__ import annotations

import codecs
import re

from ketascope.claims.reading.formats import looks_wide

_MARKED = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Where a page names its own encoding; only the first kilobytes count, as in browsers.
_DECLARED = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_\-]{1,40})", re.I)
# Encodings that are characters for bytes and nothing else: no compression, no escapes.
_ALLOWED = re.compile(
    r"utf-?8|ascii|us-ascii|latin-?1|iso-?8859-\d{1,2}|windows-125\d|cp125\d|koi8-[ru]|gb2312|gbk|gb18030|big5|shift_?jis|euc-(?:jp|kr)|macintosh|mac-roman",
    re.I,
)


def decode(content: bytes, charset: str = "") -> tuple[str, tuple[str, ...]]:
    """The text of `content` and notes on what had to be guessed. A mark at the start wins, then UTF-8."""
    for mark, encoding in _MARKED:
        if content.startswith(mark):
            return _lossy(content, encoding)
    wide = looks_wide(content[:100_000])
    if wide:
        return _lossy(content, wide)
    declared = _DECLARED.search(content[:4096])
    named = charset or (declared[1].decode("ascii") if declared else "")
    for encoding in dict.fromkeys(("utf-8", named)):
        if encoding and _ALLOWED.fullmatch(encoding):
            try:
                return content.decode(encoding), ()
            except (UnicodeDecodeError, LookupError):
                continue
    # A file of 10 MB with one broken byte is UTF-8 all the same.
    text = content.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    wide_letters = sum(content.count(bytes([lead])) for lead in range(0xC3, 0xF0))
    if broken * 10 <= wide_letters and broken * 100 <= len(text):
        return text, (f"{broken} characters are not valid UTF-8 and could not be read",)
    return content.decode("cp1252", errors="replace"), ("the text is not UTF-8; it was read as Windows-1252",)


def _lossy(content: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    text = content.decode(encoding, errors="replace").removeprefix("\ufeff")
    broken = text.count("\ufffd")
    return text, ((f"{broken} characters could not be read",) if broken else ())
