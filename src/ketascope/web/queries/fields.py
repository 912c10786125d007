"""From the texts of a query to values, with the field named where one cannot be used."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ketascope.errors import InputError
from ketascope.web.queries.reading import check_names

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams


class FieldError(InputError):
    """A field of a form is wrong."""

    def __init__(self, field: str, problem: str, *, candidates: Sequence[str] = ()) -> None:
        """Keep the field's name for the page, which shows the line beside it."""
        self.field = field
        super().__init__(f"{field}: {problem}", candidates=candidates)


@dataclass(frozen=True)
class Problem:
    """One line on what is wrong, the field it is about (empty where it is none), and the text around a wrong word."""

    line: str
    field: str
    before: str = ""
    word: str = ""
    after: str = ""


def single_values(query: QueryParams, known: Collection[str], several: Collection[str] = ()) -> dict[str, str]:
    """What was given, without what was left empty. Raises InputError for an unknown name or one that stands twice."""
    check_names(list(query), known)
    for name in query:
        if name not in several and len(query.getlist(name)) > 1:
            raise FieldError(name, "stands twice in the address; give it once")
    return {name: text for name in query if name not in several and (text := query[name].strip())}


def number(field: str, text: str, example: str) -> float:
    """A number; what is right for it is checked where it is used."""
    try:
        return float(text)
    except ValueError:
        raise FieldError(field, f"'{text[:40]}' is not a number; write one such as {example}") from None


def whole_number(field: str, text: str, example: str) -> int:
    """A whole number; its limits are checked where it is used."""
    try:
        return int(text)
    except ValueError:
        raise FieldError(field, f"'{text[:40]}' is not a whole number; write one such as {example}") from None


def span_h(field: str, text: str) -> float:
    """A length of time such as 40min, 24h or 8wk, in hours."""
    from ketascope.regimen import read_span

    try:
        return float(read_span(text))
    except InputError as error:
        raise FieldError(field, str(error)) from None


def problem_of(error: InputError, fields: Collection[str], sentence: str = "") -> Problem:
    """Where an error belongs on a page: messages start with the name of what they are about."""
    from ketascope.regimen import SentenceError

    line = str(error)
    if isinstance(error, SentenceError):
        start, end = error.position, error.position + error.length
        return Problem(line, "sentence", sentence[:start], sentence[start:end], sentence[end:])
    first = line.partition(" ")[0].rstrip(":").removesuffix("s")
    field = getattr(error, "field", "")
    found = (name for name in fields if name in (field, first) or name.removesuffix("s") == first)
    return Problem(line, next(found, ""))
