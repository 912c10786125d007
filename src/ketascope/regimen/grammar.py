"""From a dose sentence to a Regimen.

    REGIMEN  = GROUP ["then" GROUP]...
    GROUP    = PHASE ["&" PHASE]...
    PHASE    = DRUG AMOUNT UNIT ROUTE [CLAUSE]...      each clause at most once, in any order
    CLAUSE   = "over" DURATION | "q" INTERVAL "x" COUNT | "after" DELAY
    DURATION, INTERVAL, DELAY = NUMBER UNIT_OF_TIME

Case does not matter, a number may touch its unit, and the canonical form is `str(regimen)`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ketascope.errors import did_you_mean
from ketascope.regimen import catalogue, spans
from ketascope.regimen.course import Course
from ketascope.regimen.problems import CourseError, SentenceError
from ketascope.regimen.regimen import Regimen
from ketascope.regimen.tokens import KEYWORDS, NUMBER, Token, tokens_of

__all__ = ["parse"]

_SHAPE = "write DRUG AMOUNT UNIT ROUTE, e.g. 'ketamine 0.5 mg/kg IV over 40 min'"
_NOT_FINITE = ("nan", "inf", "infinity")
# A count of more digits is too many doses in any case, and Python refuses to convert very long ones.
_MOST_COUNT_DIGITS = 9


def parse(sentence: str) -> Regimen:
    """Read a dose sentence; raises SentenceError (an InputError) that points at the word that is wrong."""
    most = int(catalogue.input_limit("sentence_characters"))
    if len(sentence) > most:
        raise SentenceError(f"the sentence has {len(sentence)} characters; the limit is {most}")
    return _Parser(tokens_of(sentence)).regimen()


@dataclass
class _Phase:
    """A course and, for each of its fields, the word it came from."""

    course: Course
    places: dict[str, Token]


@dataclass
class _Clauses:
    """The optional parts of a phase as they are found."""

    duration_h: float | None = None
    interval_h: float | None = None
    count: int = 1
    delay_h: float = 0.0
    seen: set[str] = field(default_factory=set)


class _Parser:
    """Reads tokens from left to right, never back."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def regimen(self) -> Regimen:
        if not self._tokens:
            raise SentenceError(f"the sentence is empty; {_SHAPE}")
        groups = [self._group()]
        while self._take("then"):
            groups.append(self._group())
        phases = [phase for group in groups for phase in group]
        try:
            return Regimen(tuple(tuple(phase.course for phase in group) for group in groups))
        except CourseError as error:
            places = phases[error.course or 0].places
            raise _at(places.get(error.field, places["drug"]), error.problem) from None

    def _group(self) -> list[_Phase]:
        phases = [self._phase()]
        while self._take("&"):
            phases.append(self._phase())
        return phases

    def _phase(self) -> _Phase:
        places = {"drug": self._drug()}
        drug = catalogue.name_drug(places["drug"].text) or ""
        hint = f"an amount must follow {drug}, e.g. '0.5 mg/kg'"
        places["amount"], amount = self._number("the amount", hint)
        places["unit"] = self._need("the unit", "a unit must follow the amount: mg or mg/kg")
        converted = spans.amount_in_canonical_unit(amount, places["unit"].text)
        if converted is None:
            if catalogue.name_route(places["unit"].text):
                raise _at(places["unit"], "the unit is missing before the route; write mg or mg/kg")
            raise _at(places["unit"], spans.unknown_amount_unit(places["unit"].text))
        places["route"] = self._route(drug)
        clauses = self._clauses(places)
        try:
            course = Course(
                drug=drug,
                amount=converted[0],
                unit=converted[1],
                route=catalogue.name_route(places["route"].text) or "",
                duration_h=clauses.duration_h,
                interval_h=clauses.interval_h,
                count=clauses.count,
                delay_h=clauses.delay_h,
            )
        except CourseError as error:
            raise _at(places.get(error.field, places["drug"]), error.problem) from None
        return _Phase(course, places)

    def _drug(self) -> Token:
        token = self._need("the drug", f"a phase must follow; {_SHAPE}")
        if catalogue.name_drug(token.text) is None:
            if NUMBER.fullmatch(token.text) or catalogue.name_route(token.text):
                known = ", ".join(catalogue.drugs())
                raise _at(token, f"the drug is missing; a phase starts with one of {known}")
            raise _at(token, catalogue.unknown_name("drug", token.text))
        return token

    def _route(self, drug: str) -> Token:
        offered = ", ".join(catalogue.drugs()[drug].routes)
        token = self._need("the route", f"a route must follow the unit; routes of {drug}: {offered}")
        if catalogue.name_route(token.text) is None:
            raise _at(token, catalogue.unknown_name("route", token.text))
        return token

    def _clauses(self, places: dict[str, Token]) -> _Clauses:
        found = _Clauses()
        while self._next < len(self._tokens):
            token = self._tokens[self._next]
            word = token.folded
            if word in ("&", "then"):
                break
            if word in found.seen:
                raise _at(token, f"a phase can have only one '{word}'")
            found.seen.add(word)
            self._next += 1
            if word == "over":
                places["duration"], found.duration_h = self._span(word, "40 min")
            elif word == "q":
                places["interval"], found.interval_h = self._span(word, "3.5 d")
                places["count"], found.count = self._count(token)
            elif word == "after":
                places["delay"], found.delay_h = self._span(word, "7 d")
            elif word == "x":
                raise _at(token, "'x' needs an interval before it, e.g. 'q 3.5 d x 6'")
            else:
                raise _at(token, _unexpected(token))
        return found

    def _span(self, keyword: str, example: str) -> tuple[Token, float]:
        place, value = self._number("the time", f"a time must follow '{keyword}', e.g. '{keyword} {example}'")
        unit = self._need("the unit of time", f"a unit of time must follow {place.text}: min, h, d or wk")
        name = spans.name_time_unit(unit.text)
        if name is None:
            raise _at(unit, spans.unknown_time_unit(unit.text))
        return place, spans.hours_from(value, name)

    def _count(self, interval: Token) -> tuple[Token, int]:
        if not self._take("x"):
            raise _at(interval, "an interval needs a number of doses after it, e.g. 'q 3.5 d x 6'")
        place = self._need("the number of doses", "a whole number of doses must follow 'x', e.g. 'x 6'")
        digits = place.text.removeprefix("+").lstrip("0")
        if not (digits.isascii() and digits.isdigit()):
            raise _at(place, "not a whole number of doses; write 1 or more, e.g. 'x 6'")
        return place, int(digits[: _MOST_COUNT_DIGITS + 1])

    def _number(self, what: str, hint: str) -> tuple[Token, float]:
        token = self._need(what, hint)
        if NUMBER.fullmatch(token.text):
            value = float(token.text)
            if math.isfinite(value):
                return token, value
        elif token.folded.lstrip("+-") not in _NOT_FINITE:
            if spans.amount_in_canonical_unit(1.0, token.text) or spans.name_time_unit(token.text):
                raise _at(token, f"{what} is missing before the unit; {hint}")
            decimal_comma = "; write a decimal point, not a comma" if _has_decimal_comma(token.text) else ""
            raise _at(token, f"not a number{decimal_comma}; {hint}")
        raise _at(token, f"not a finite number; {hint}")

    def _need(self, what: str, hint: str) -> Token:
        """The next token; an error about the word before it where the sentence or the phase ends here."""
        if self._next >= len(self._tokens):
            raise _at(self._tokens[-1], f"the sentence ends here; {hint}")
        token = self._tokens[self._next]
        if token.is_keyword:
            raise _at(token, f"{what} is missing here; {hint}")
        self._next += 1
        return token

    def _take(self, keyword: str) -> bool:
        found = self._next < len(self._tokens) and self._tokens[self._next].folded == keyword
        self._next += found
        return found


def _at(token: Token, problem: str) -> SentenceError:
    return SentenceError(problem, word=token.word, text=token.text, position=token.position)


def _unexpected(token: Token) -> str:
    hint = did_you_mean(token.folded, KEYWORDS)
    return f"not understood here{hint} After the route come over, q ... x, after, & or then"


def _has_decimal_comma(text: str) -> bool:
    return NUMBER.fullmatch(text.replace(",", ".", 1)) is not None
