"""Small PDF files made by hand, for tests of reading."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from ketascope import InputError


def pdf(pages: Sequence[Sequence[str]], *, title: str = "", extra: bytes = b"", packed: bytes | None = None) -> bytes:
    """A PDF with the lines of each page. `extra` goes into the trailer; `packed` "
    "replaces the first page's content."""
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    kids = []
    for number, lines in enumerate(pages):
        written = b"".join(b"(" + _escaped(line) + b") Tj T*\n" for line in lines)
        shown = b"BT /F1 11 Tf 60 760 Td 14 TL\n" + written + b"ET"
        content = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(shown), shown)
        if packed is not None and number == 0:
            content = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)
        page_at = len(objects) + 1
        kids.append(b"%d 0 R" % page_at)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 "
            b"R >> >> /Contents %d 0 R >>" % (page_at + 1)
        )
        objects.append(content)
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(kids))
    objects.append(b"<< /Title (%s) >>" % _escaped(title))
    body = bytearray(b"%PDF-1.4\n")
    places = []
    for number, each in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % place for place in places)
    body += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R %s>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        len(objects),
        extra,
        start,
    )
    return bytes(body)


def bomb(size: int) -> bytes:
    """A page content that is small packed and `size` bytes unpacked."""
    return zlib.compress(b"0 " * (size // 2), 9)


def _escaped(text: str) -> bytes:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("cp1252")


def one_line(error: InputError) -> None:
    """Fails unless the message is one printable line."""
    assert str(error).isprintable()
