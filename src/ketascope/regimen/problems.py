"""Errors of this room: each is one line that points at a word, a field or a row."""

from __future__ import annotations

from ketascope.errors import InputError

__all__ = ["CourseError", "SentenceError", "shown"]

_LONGEST_ECHO = 40


class CourseError(InputError):
    """A field of a course is wrong; the parser turns it into a word, the event reader into a column."""

    def __init__(self, field: str, problem: str, *, course: int | None = None, subject: str = "") -> None:
        """Keep the field, what is wrong with it, and the index of its course where that is known."""
        self.field = field
        self.problem = problem
        self.course = course
        place = f"phase {course + 1} ({subject}), " if course is not None else ""
        super().__init__(f"{place}{field}: {problem}")


class SentenceError(InputError):
    """A word of a dose sentence is wrong; `position` and `length` say where it stands in the text."""

    def __init__(self, problem: str, *, word: int = 0, text: str = "", position: int = 0) -> None:
        """Keep the word's number (1-based, 0 for the whole sentence), its text and where it starts."""
        self.problem = problem
        self.word = word
        self.position = position
        self.length = max(1, len(text))
        super().__init__(f"word {word} {shown(text)}: {problem}" if word else problem)


def shown(text: str) -> str:
    """Quote the user's own text for a message: one line, printable, not too long."""
    clean = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    if len(clean) > _LONGEST_ECHO:
        clean = clean[: _LONGEST_ECHO - 3] + "..."
    return f"'{clean}'"
