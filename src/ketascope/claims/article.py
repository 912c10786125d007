"""An article as clean text, whatever form it came in. It is only read: nothing in it runs and nothing is rendered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ketascope.claims.reading.decoding import decode
from ketascope.claims.reading.formats import SUFFIXES, Format, is_pdf, refuse_binary, text_format
from ketascope.claims.reading.limits import check_pieces, megabytes, reading_limit, shown
from ketascope.claims.reading.passages import Block, Passage, assemble
from ketascope.errors import InputError

_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]+)://")


@dataclass(frozen=True)
class Article:
    """Clean text and where it came from. Every offset in an audit points into `text`.

    `text` has one passage a line (paragraph, heading, list item, table row); `blocks` says what each is, and may be
    left out for plain text. `notes` are plain sentences on what was guessed or left out while reading.
    """

    text: str
    title: str
    origin: str
    format: Format
    notes: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()


def read_article(source: str | Path, *, content: bytes | None = None) -> Article:
    """Read a file, a web address (http, https), or `content` given under the name `source` ("-": standard input).

    Raises InputError, one line, for what is empty, too long, binary, locked, scanned, unreachable or not English.
    """
    address = _SCHEME.match(source) if isinstance(source, str) else None
    content_type = charset = ""
    if content is not None:
        origin = "standard input" if str(source) == "-" else shown(source, 200)
        name = "" if str(source) == "-" else (urlsplit(str(source)).path if address else str(source))
    elif address and isinstance(source, str):
        from ketascope.claims.reading.address import fetch

        fetched = fetch(source.strip())
        content, origin, content_type, charset = fetched.content, fetched.address, fetched.content_type, fetched.charset
        name = urlsplit(fetched.address).path
    elif str(source) == "-":
        raise InputError("standard input was not read: give its bytes as content")
    else:
        origin, name = shown(source, 200), str(source)
        content = _file_bytes(source, origin)
    return _from_bytes(content, origin, name, content_type, charset)


def _file_bytes(source: str | Path, origin: str) -> bytes:
    most = int(reading_limit("article_bytes"))
    if not str(source).strip():
        raise InputError("no article given: name a file, an address, or - for standard input")
    path = Path(source)
    try:
        if path.is_dir():
            raise InputError(f"{origin} is a folder: give the name of a file in it")
        with path.open("rb") as stream:
            return stream.read(most + 1)
    except InputError:
        raise
    except FileNotFoundError:
        hint = (
            "; for a page on the web, begin with https://"
            if re.match(r"www\.|[\w-]+\.(?:com|org|net)\b", origin)
            else ""
        )
        raise InputError(f"{origin}: no such file{hint}") from None
    except PermissionError:
        raise InputError(f"{origin} may not be read: check its permissions") from None
    except OSError as error:
        raise InputError(f"{origin} cannot be read ({shown(error.strerror or error, 80)})") from None
    except ValueError:
        raise InputError(f"{origin} is not the name of a file") from None


def _from_bytes(content: bytes, origin: str, name: str, content_type: str, charset: str) -> Article:
    most = int(reading_limit("article_bytes"))
    if len(content) > most:
        raise InputError(
            f"{origin} is longer than {megabytes(most)}, the limit for an article: give the part that matters"
        )
    if not content.strip(b" \t\r\n\f\v\x00\xef\xbb\xbf"):
        raise InputError(f"{origin} is empty: there is nothing to audit")
    kind: Format
    if is_pdf(content):
        from ketascope.claims.reading.pdf import read_pdf

        kind = "pdf"
        title, passages, notes = read_pdf(content, origin)
    else:
        refuse_binary(content, origin)
        if SUFFIXES.get(Path(name).suffix.lower()) == "pdf" and content_type in ("", "application/pdf"):
            raise InputError(f"{origin} is named as a PDF but is none: save it again, or give its text")
        text, notes = decode(content, charset)
        kind = text_format(text, name, content_type)
        title, passages = _text_passages(text, kind, origin)
    return _assembled(passages, title, origin, kind, notes)


def _text_passages(text: str, kind: Format, origin: str) -> tuple[str, list[Passage]]:
    if kind == "html":
        from ketascope.claims.reading.page import read_page

        return read_page(text)
    check_pieces(text, origin)
    if kind == "markdown":
        from ketascope.claims.reading.markdown import read_markdown

        return read_markdown(text)
    from ketascope.claims.reading.plain import read_plain

    return read_plain(text)


def _assembled(passages: list[Passage], title: str, origin: str, kind: Format, notes: tuple[str, ...]) -> Article:
    from ketascope.claims.reading.language import refuse_other_language

    text, blocks = assemble(passages)
    check_pieces(text, origin)
    if not any(character.isalnum() for character in text):
        raise InputError(f"{origin} holds no readable text: there is nothing to audit")
    notes += refuse_other_language(text, origin)
    heading, _ = assemble([Passage(title)])
    return Article(text, shown(heading, 200), origin, kind, notes, blocks)
