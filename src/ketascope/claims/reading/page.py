"""HTML as text. The page is only read: nothing of it runs, nothing it names is fetched, no tree is built.

Tags are taken one by one, so the time grows with the length of the page and not with how deep it is nested. What a
reader of the page never sees as prose (scripts, styles, comments, navigation, form controls, drawings) is left out.
Rules of HTML syntax: WHATWG HTML, section 13.2.5 (tokenization), as far as text needs them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ketascope.claims.reading.entities import unescape
from ketascope.claims.reading.lines import to_passages
from ketascope.claims.reading.passages import Kind, Passage

# Content that is no markup: it ends at its own end tag, or with the page.
_RAW = frozenset(("script", "style", "textarea", "title", "noscript", "iframe", "noembed", "noframes", "xmp"))
# Elements that hold other elements and are left out whole.
_DROPPED = frozenset(
    (
        "nav",
        "svg",
        "math",
        "template",
        "select",
        "button",
        "object",
        "video",
        "audio",
        "canvas",
        "datalist",
        "applet",
        "map",
    )
)
# fmt: off
_BLOCKS = frozenset(
    (
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog",
        "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "frameset", "h1", "h2",
        "h3", "h4", "h5", "h6", "header", "hgroup", "head", "hr", "html", "legend", "li", "main", "menu", "ol",
        "optgroup", "option", "p", "pre", "search", "section", "summary", "table", "tbody", "tfoot", "thead",
        "tr", "ul",
    )
)
# fmt: on
_LISTS = frozenset(("ul", "ol", "dl", "menu", "dir"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))

# One tag, comment or declaration. Every part is possessive: nothing is read twice, whatever the input.
_MARKUP = re.compile(
    r"""<(?:
        !--(?:-?>|.*?(?:--!?>|\Z))
      | [!?][^>]*+(?:>|\Z)
      | (?P<end>/)?(?P<name>[a-zA-Z][^\s/>]*+)
        (?:[^>=]++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?+)*+
        (?:>|\Z)
    )""",
    re.S | re.X,
)
_WHITE = re.compile(r"[ \t\n\r\f]+")
_NOTE_MARK = re.compile(r"\s*\[?(?:\d{1,3}|[a-z*†‡§])(?:\s*[,–-]\s*(?:\d{1,3}|[a-z]))*\]?\s*$")


def read_page(text: str) -> tuple[str, list[Passage]]:
    """The title (of the page, or its first main heading) and the passages of an HTML page."""
    unclosed: frozenset[str] = frozenset()
    while True:
        reader = _Reader(text.replace("\x00", ""), _DROPPED - unclosed)
        reader.read()
        if not reader.skipping:
            return reader.title or reader.main_heading, reader.passages
        # An element to leave out that never ends would swallow the article: such names are read as text instead.
        unclosed |= {reader.skipping}


@dataclass
class _Reader:
    text: str
    dropped: frozenset[str]
    passages: list[Passage] = field(default_factory=list)
    title: str = ""
    main_heading: str = ""
    skipping: str = ""
    depth: int = 0
    pieces: list[str] = field(default_factory=list)
    lists: int = 0
    preformatted: int = 0
    cells: int = 0
    heading: str = ""
    raised_at: int | None = None

    def read(self) -> None:
        position = 0
        search = _MARKUP.search
        while found := search(self.text, position):
            if not self.skipping and found.start() > position:
                self.words(self.text[position : found.start()])
            position = found.end()
            name = (found["name"] or "").lower()
            if not name:
                continue
            ends = found["end"] is not None
            if name in _RAW and not ends:
                position = self.raw(name, position)
            elif name == "plaintext" and not ends:
                break
            elif self.skipping:
                self.skip(name, ends, found[0])
            elif name in self.dropped:
                if not ends and not found[0].endswith("/>"):
                    self.skipping, self.depth = name, 1
            else:
                self.tag(name, ends)
        if not self.skipping:
            self.words(self.text[position:])
        self.flush()

    def raw(self, name: str, position: int) -> int:
        """Where the content of a raw element ends; only the title of the page is kept."""
        end = _raw_end(name).search(self.text, position)
        if name == "title" and not self.title and not self.skipping:
            stop = end.start() if end else min(position + 500, len(self.text))
            self.title = " ".join(unescape(self.text[position : min(stop, position + 2000)]).split())
        return end.end() if end else len(self.text)

    def skip(self, name: str, ends: bool, tag: str) -> None:
        if name == self.skipping and not (tag.endswith("/>") and name in ("svg", "math")):
            self.depth += -1 if ends else 1
            if self.depth == 0:
                self.skipping = ""

    def words(self, raw: str) -> None:
        text = unescape(raw)
        if not self.preformatted:
            text = _WHITE.sub(" ", text)
        self.pieces.append(text)

    def tag(self, name: str, ends: bool) -> None:
        if name == "br":
            self.pieces.append("\n")
        elif name in ("td", "th"):
            if not ends and "".join(self.pieces[-3:]).strip():
                self.pieces.append(" | ")
                self.cells += 1
        elif name in ("sup", "sub"):
            self.raised(name, ends)
        elif name in _BLOCKS or "-" in name:
            self.block(name, ends)

    def raised(self, name: str, ends: bool) -> None:
        """A raised number after a word is a mark of a note; after a number or a short unit it is a power."""
        if not ends:
            self.raised_at = len(self.pieces) if name == "sup" else None
        elif self.raised_at is not None:
            mark = "".join(self.pieces[self.raised_at :])[:40]
            before = self.pieces[self.raised_at - 1] if self.raised_at else ""
            word = re.search(r"(\w*)[\"'”’)\].,;:]*$", before[-40:])
            if (
                _NOTE_MARK.fullmatch(mark)
                and word
                and (len(word[1]) > 2 or word[0] != word[1])
                and not word[1].isdigit()
            ):
                del self.pieces[self.raised_at :]
            elif mark.strip().isdigit() and before[-1:].isdigit():
                self.pieces.insert(self.raised_at, "^")
            self.raised_at = None

    def block(self, name: str, ends: bool) -> None:
        self.flush()
        if name in _LISTS:
            self.lists = max(0, self.lists + (-1 if ends else 1))
        elif name in _HEADINGS:
            self.heading = "" if ends else name
            self.lists = 0
        elif name == "pre":
            self.preformatted = max(0, self.preformatted + (-1 if ends else 1))

    def flush(self) -> None:
        text, cells, heading = "".join(self.pieces), self.cells, self.heading
        self.pieces, self.cells, self.raised_at, self.heading = [], 0, None, ""
        if not text.strip(" \t\r\n\f\xa0|"):
            self.heading = heading
            return
        kind: Kind = "heading" if heading else "item" if self.lists or cells else "sentence"
        lines = text.split("\n")
        if len(lines) == 1 or kind == "heading":
            self.passages.append(Passage(" ".join(lines), kind))
        else:
            # Headings are marked as such on a page; a short line is none.
            self.passages.extend(Passage(each.text, kind) for each in to_passages(lines))
        if heading == "h1" and not self.main_heading:
            self.main_heading = " ".join(text.split())


_RAW_ENDS: dict[str, re.Pattern[str]] = {}


def _raw_end(name: str) -> re.Pattern[str]:
    if name not in _RAW_ENDS:
        _RAW_ENDS[name] = re.compile(rf"</{name}(?=[\s/>])[^>]*+(?:>|\Z)", re.I)
    return _RAW_ENDS[name]
