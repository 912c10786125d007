"""What a line of an article leaves unsaid: the medicine that the lines before it, or the whole article, speak of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from ketascope.claims.matching.reading import read
from ketascope.claims.matching.types import Match, Matcher

_TOPICS = ("ketamine", "esketamine", "other_drug")
_OURS = frozenset({"ketamine", "esketamine"})
_NAMED = (*_TOPICS, "ssri")
_TURNING = ("asks", "if_word", "deny_around")
_SUBJECT = "It "
_ENDS = ".!?;:"


class Line(Protocol):
    """A sentence, heading or item of a list, with its place in the article."""

    @property
    def text(self) -> str:
        """Its words."""
        ...

    @property
    def start(self) -> int:
        """Where it begins in the article."""
        ...

    @property
    def end(self) -> int:
        """Where it ends."""
        ...

    @property
    def kind(self) -> str:
        """Sentence, heading or item."""
        ...


def befores(text: str, lines: Sequence[Line]) -> Iterator[str]:
    """For each line of `text` the words that tell which medicine it speaks of where it names none.

    That is the sentence before, or the last one of the paragraph that names a medicine; for an item of a list the
    line that leads into the list; else, in an article on another medicine than ketamine, the last one that names it.
    """
    named = [[name for name in _NAMED if read(line.text).has(name)] for line in lines]
    counts = Counter(name for names in named for name in names if name in _TOPICS)
    topic = max(counts, key=lambda name: counts[name]) if counts else ""
    on_topic = lead = in_paragraph = ""
    for at, line in enumerate(lines):
        last = lines[at - 1].text if at else ""
        if not at or "\n" in text[lines[at - 1].end : line.start]:
            in_paragraph = ""
        if line.kind == "item":
            yield lead or on_topic
        elif at and (named[at - 1] or read(last).has("usual_medication")):
            yield last
        else:
            yield in_paragraph or (on_topic if topic not in ("", "ketamine") else last)
        if topic in named[at]:
            on_topic = line.text
        if line.kind != "item":
            lead = line.text if named[at] else ("" if line.kind == "heading" else lead)
        if set(named[at]) - {"ssri"}:
            in_paragraph = line.text


def on_ketamine(lines: Sequence[Line]) -> bool:
    """Any line names ketamine or esketamine."""
    return any(read(line.text).has(*_OURS) for line in lines)


def with_subject(matcher: Matcher, line: Line, before: str) -> tuple[Match, ...]:
    """The claims of a line; an item of a list gets the subject that the line before the list names."""
    matches = matcher.match(line.text, before)
    whole = completed(line, before)
    if matches or not whole:
        return matches
    shift, length = len(_SUBJECT), len(line.text)
    return tuple(
        replace(match, start=max(0, match.start - shift), end=min(length, match.end - shift))
        for match in matcher.match(whole, before)
    )


def completed(line: Line, before: str) -> str:
    """An item without a subject as a sentence on ketamine or esketamine, or "" where it has one or may mean another.

    Nothing is read into lists under a question, a condition or a denial ("What ketamine is not"), or into table rows.
    """
    if line.kind != "item" or " | " in line.text or len(line.text.split()) < 3 or "?" in line.text:
        return ""
    own, lead = read(line.text), read(before)
    if own.has(*_NAMED, "first_person", "anecdote") or not lead.has(*_OURS):
        return ""
    if lead.has(*_TURNING) or lead.denials:
        return ""
    return _SUBJECT + line.text + ("" if line.text.rstrip()[-1:] in _ENDS else ".")
