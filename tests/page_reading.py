"""What tests of pages share: elements with their texts, words without layout, and the contrast of two colours."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "link", "input", "hr", "path", "rect", "line", "circle", "use", "stop"}


class Page(HTMLParser):
    """The elements of a page in their order, the text of each kind of element, and all text outside styles.

    `texts` holds what an element says to the letter; in `text` and `articles` a blank stands where an element ends.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.articles: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag == "article":
            self.articles.append("")
        if tag not in VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        self._shown(" ")
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.texts[tag][-1] += data
        self._shown(data)

    def _shown(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data
        if "article" in self._open:
            self.articles[-1] += data

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def links(self) -> list[str]:
        return [attributes["href"] for attributes in self.of("a")]


def flat(text: str) -> str:
    """A text with one blank between its words, whatever lines it is broken into."""
    return " ".join(text.split())


def without_tags(page: str) -> str:
    """What a piece of a page says, on one line."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page)))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours such as #0072b2, 1 to 21 (WCAG 2.1, 1.4.3)."""
    dark, light = sorted(_luminance(colour) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
