"""Concepts and the words that stand for them, read from data/lexicon/*.toml, and where a sentence has them.

A phrase is words between spaces. `a|b` is either word, `word?` may be missing, `=word` must be spelled so (else the
stem decides), `..` skips up to four words but no pause, and `...` up to nine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from ketascope.claims.matching.tokens import Token, is_pause, stem
from ketascope.errors import InputError
from ketascope.files import packaged_toml

Span = tuple[int, int]
_GAPS = {"..": 4, "...": 9}
MASK = "masked"
"""The concept whose words no other concept may use."""
UNLESS = {"ssri": "antidepressant_as_adjective"}
"""A concept and the one whose words it may not use, while others may."""


class Phrase:
    """One phrase of the lexicon, ready to be looked for."""

    __slots__ = ("elements",)

    def __init__(self, text: str) -> None:
        self.elements: list[tuple[frozenset[str], bool, int]] = []
        for part in text.split():
            gap = _GAPS.get(part, 0)
            optional = part.endswith("?")
            words = part.rstrip("?").split("|") if not gap else []
            keys = frozenset(word if word.startswith("=") else stem(word) for word in words)
            self.elements.append((keys, optional, gap))

    def first_keys(self) -> Iterator[str]:
        """Keys that may begin the phrase."""
        for keys, optional, _ in self.elements:
            yield from keys
            if not optional:
                return

    def end(self, tokens: list[Token], at: int, element: int = 0) -> int:
        """Index after the phrase when it begins at token `at`, or -1."""
        while element < len(self.elements):
            keys, optional, gap = self.elements[element]
            if gap:
                for skip in range(gap + 1):
                    found = self.end(tokens, at + skip, element + 1)
                    if found >= 0:
                        return found
                    if at + skip >= len(tokens) or is_pause(tokens[at + skip]):
                        return -1
                return -1
            fits = at < len(tokens) and (tokens[at].stem in keys or "=" + tokens[at].word in keys)
            if fits:
                at += 1
            elif not optional:
                return -1
            element += 1
        return at


class Lexicon:
    """All concepts, looked up by the first word of their phrases."""

    def __init__(self, concepts: Mapping[str, list[str]]) -> None:
        self.names = frozenset(concepts)
        self._by_key: dict[str, list[tuple[Phrase, str]]] = {}
        for name, phrases in concepts.items():
            for text in phrases:
                phrase = Phrase(text)
                for key in set(phrase.first_keys()):
                    self._by_key.setdefault(key, []).append((phrase, name))

    def find(self, tokens: list[Token]) -> dict[str, list[Span]]:
        """Each concept with the token spans at which it stands."""
        found: dict[str, list[Span]] = {}
        by_key = self._by_key
        for at, token in enumerate(tokens):
            for key in (token.stem, "=" + token.word):
                for phrase, name in by_key.get(key, ()):
                    end = phrase.end(tokens, at)
                    if end > at:
                        spans = found.setdefault(name, [])
                        if (at, end) not in spans:
                            spans.append((at, end))
        masked = found.pop(MASK, None)
        if masked:
            found = {
                name: kept
                for name, spans in found.items()
                if (kept := [(a, b) for a, b in spans if not any(c <= a and b <= d for c, d in masked)])
            }
        for name, other in UNLESS.items():
            spared = found.pop(other, [])
            kept = [(a, b) for a, b in found.get(name, ()) if not any(c <= a and b <= d for c, d in spared)]
            if name in found and not kept:
                del found[name]
            elif kept:
                found[name] = kept
        return found


def data_files(folder: str) -> list[str]:
    """The names of the TOML files in a data folder of the claims package."""
    entries = files("ketascope.claims").joinpath("data", folder).iterdir()
    return sorted(entry.name for entry in entries if entry.name.endswith(".toml"))


def read_toml(*path: str) -> dict[str, object]:
    """A data file of the claims package."""
    return packaged_toml("/".join(("claims", "data", *path)))


@cache
def lexicon() -> Lexicon:
    """The lexicon of the package."""
    concepts: dict[str, list[str]] = {}
    for file in data_files("lexicon"):
        for name, phrases in read_toml("lexicon", file).items():
            if not isinstance(phrases, list):
                raise InputError(f"claims/data/lexicon/{file}: {name} is no list of phrases")
            concepts.setdefault(name, []).extend(str(phrase) for phrase in phrases)
    return Lexicon(concepts)
