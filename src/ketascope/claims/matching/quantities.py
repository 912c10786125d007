"""Numbers of a sentence with their units: "two to three-fold", "70-83%", "doubles or triples", "0.5 mg/kg"."""

from __future__ import annotations

from typing import NamedTuple

from ketascope.claims.matching.tokens import Token
from ketascope.claims.matching.types import Quantity

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_TENS_TEXT = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS: dict[str, float] = {word: float(value) for value, word in enumerate(_ONES.split())}
_WORDS |= {"seventeen": 17, "eighteen": 18, "nineteen": 19, "a": 1, "an": 1, "single": 1, "couple": 2, "dozen": 12}
_WORDS |= {w: 10.0 * v for v, w in enumerate(_TENS_TEXT.split(), 2)}
_TENS = {w: v for w, v in _WORDS.items() if v >= 20 and w != "a"}
_SCALES = {"hundred": 100.0, "thousand": 1000.0, "k": 1000.0}
_UNITS = {
    "fold": "fold", "times": "fold", "time": "fold", "x": "fold", "%": "percent", "percent": "percent",
    "percentage": "percent", "pc": "percent", "minute": "minutes", "minutes": "minutes", "min": "minutes",
    "mins": "minutes", "hour": "hours", "hours": "hours", "hr": "hours", "hrs": "hours", "h": "hours", "day": "days",
    "days": "days", "week": "weeks", "weeks": "weeks", "wk": "weeks", "month": "months", "months": "months",
    "year": "years", "years": "years", "decade": "decades", "decades": "decades", "infusion": "sessions",
    "infusions": "sessions", "session": "sessions", "sessions": "sessions", "treatments": "sessions",
    "doses": "sessions", "drips": "sessions", "visits": "sessions", "people": "people", "patients": "people",
    "participants": "people", "adults": "people", "volunteers": "people", "subjects": "people", "persons": "people",
    "dollar": "usd", "dollars": "usd", "usd": "usd", "bucks": "usd",
}  # fmt: skip
_FOLDS = {"double": 2.0, "doubles": 2.0, "doubled": 2.0, "doubling": 2.0, "twice": 2.0, "twofold": 2.0}
_FOLDS |= {"triple": 3.0, "triples": 3.0, "tripled": 3.0, "tripling": 3.0, "threefold": 3.0, "thrice": 3.0}
_FOLDS |= {"quadruple": 4.0, "quadruples": 4.0, "quadrupled": 4.0, "fourfold": 4.0, "tenfold": 10.0, "fivefold": 5.0}
_RANGE_WORDS = frozenset({"to", "or", "and", "-", "–", "—", "through"})


class Found(NamedTuple):
    """A quantity and its tokens."""

    quantity: Quantity
    start: int
    end: int


def _number(tokens: list[Token], at: int) -> tuple[float, int] | None:
    """A number that begins at `at`, and the index after it."""
    if at >= len(tokens):
        return None
    word = tokens[at].word
    if word[0].isdecimal():
        text = word.replace(",", "")
        value = float(text) if text.count(".") <= 1 and len(text) < 16 else None
        if value is None:
            return None
        at += 1
    elif word in _WORDS:
        value = float(_WORDS[word])
        at += 1
        if word in _TENS and at < len(tokens) and 0 < _WORDS.get(tokens[at].word, 0) < 10 and tokens[at].word != "a":
            value += _WORDS[tokens[at].word]
            at += 1
    else:
        return None
    while at < len(tokens) and tokens[at].word in _SCALES:
        value *= _SCALES[tokens[at].word]
        at += 1
    return value, at


def _unit(tokens: list[Token], at: int) -> tuple[str, int]:
    """The unit at `at`, and the index after it."""
    words = [token.word for token in tokens[at : at + 4]]
    if not words:
        return "", at
    if words[0] in {"mg", "milligram", "milligrams"}:
        per = len(words) > 2 and words[1] in {"/", "per", "a"} and words[2] in {"kg", "kilogram", "kilo", "kilos"}
        return ("mg_per_kg", at + 3) if per else ("mg", at + 1)
    if words[0] in {"us", "u"} and "dollars" in words:
        return "usd", at + words.index("dollars") + 1
    if words[:2] == ["per", "cent"]:
        return "percent", at + 2
    if words[0] in _UNITS:
        return _UNITS[words[0]], at + 1
    # "six ketamine infusions", "15 unmedicated adults", "two full hours"
    for skip in (1, 2):
        if len(words) > skip and all(word.isalpha() for word in words[:skip]):
            unit = _UNITS.get(words[skip], "")
            if unit in {"sessions", "people", "hours"} and not set(words[:skip]) & _RANGE_WORDS | {"of"} & set(words):
                return unit, at + skip + 1
    return "", at


def quantities(tokens: list[Token]) -> list[Found]:
    """All quantities with a unit; a range keeps both ends."""
    out: list[Found] = []
    at = 0
    while at < len(tokens):
        word, start = tokens[at].word, at
        if word in _FOLDS:
            low = high = _FOLDS[word]
            at += 1
            if at + 1 < len(tokens) and tokens[at].word in _RANGE_WORDS and tokens[at + 1].word in _FOLDS:
                high, at = _FOLDS[tokens[at + 1].word], at + 2
            out.append(Found((low, high, "fold"), start, at))
            continue
        dollars = word == "$"
        first = _number(tokens, at + 1 if dollars else at)
        if first is None:
            at += 1
            continue
        low, at = first
        high = low
        unit, after = _unit(tokens, at)
        if after < len(tokens) and tokens[after].word in _RANGE_WORDS:
            again = after + 1 if after + 1 >= len(tokens) or tokens[after + 1].word != "$" else after + 2
            second = _number(tokens, again)
            joined = tokens[after].word != "and" or tokens[max(0, start - 1)].word == "between"
            if second is not None and joined and tokens[again].word not in {"a", "an"}:
                other, end = _unit(tokens, second[1])
                if other == unit or not unit or (dollars and not other):
                    high, unit, after = second[0], other or unit, end
        if dollars:
            unit = "usd"
        if unit:
            at = max(at, after)
            out.append(Found((min(low, high), max(low, high), unit), start, at))
    return out
