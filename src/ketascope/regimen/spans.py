"""Numbers, amounts and durations as text: what is written can be read back to the very same float."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

from ketascope.errors import InputError, did_you_mean

__all__ = [
    "AMOUNT_UNITS",
    "amount_in_canonical_unit",
    "hours_from",
    "name_time_unit",
    "number_text",
    "read_span",
    "span_text",
    "unknown_amount_unit",
    "unknown_time_unit",
]

_LONGEST_PLAIN_NUMBER = 6

# Multipliers and divisors are exact integers, so that text to float has one rounding and never two.
_HOURS_PER = MappingProxyType({"h": 1.0, "d": 24.0, "wk": 168.0})
_MINUTES_PER_HOUR = 60.0

_TIME_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("min", "mins", "minute", "minutes"), "min"),
        **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
        **dict.fromkeys(("d", "day", "days"), "d"),
        **dict.fromkeys(("wk", "wks", "w", "week", "weeks"), "wk"),
    }
)

#: Written unit -> canonical unit, multiplier, divisor. Casefolding makes the micro sign the Greek letter.
AMOUNT_UNITS: Mapping[str, tuple[str, float, float]] = MappingProxyType(
    {
        "mg": ("mg", 1.0, 1.0),
        "mg/kg": ("mg/kg", 1.0, 1.0),
        "g": ("mg", 1000.0, 1.0),
        "mcg": ("mg", 1.0, 1000.0),
        "ug": ("mg", 1.0, 1000.0),
        "\N{GREEK SMALL LETTER MU}g": ("mg", 1.0, 1000.0),
        "mcg/kg": ("mg/kg", 1.0, 1000.0),
        "ug/kg": ("mg/kg", 1.0, 1000.0),
        "\N{GREEK SMALL LETTER MU}g/kg": ("mg/kg", 1.0, 1000.0),
    }
)


def number_text(value: float) -> str:
    """The shortest text that reads back as exactly this float, without a trailing '.0'."""
    text = repr(float(value))
    return text.removesuffix(".0")


def name_time_unit(text: str) -> str | None:
    """The canonical time unit (min, h, d, wk) for a written one, or None."""
    return _TIME_WORDS.get(text.casefold())


def hours_from(value: float, unit: str) -> float:
    """Hours in `value` canonical time units."""
    return value / _MINUTES_PER_HOUR if unit == "min" else value * _HOURS_PER[unit]


def read_span(text: str) -> float:
    """Hours of a time such as '40min', '3.5 d' or '8wk'. Raises InputError that names the text and what would be
    right.
    """
    match = re.fullmatch(r"\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*([a-z]+)\s*", text, flags=re.IGNORECASE)
    if match is None:
        raise InputError(f"'{text}' is not a time; write a number and min, h, d or wk, such as 40min or 8wk")
    unit = name_time_unit(match[2])
    if unit is None:
        raise InputError(f"'{text}': {unknown_time_unit(match[2])}")
    try:
        value = float(match[1])
    except ValueError:
        raise InputError(f"'{text}': '{match[1]}' is not a number") from None
    hours = hours_from(value, unit)
    if not math.isfinite(hours):
        raise InputError(f"'{text}': the number is too large")
    return hours


def amount_in_canonical_unit(value: float, unit: str) -> tuple[float, str] | None:
    """Amount and canonical unit (mg or mg/kg) for a written unit, or None for an unknown unit."""
    row = AMOUNT_UNITS.get(unit.casefold())
    if row is None:
        return None
    canonical, multiplier, divisor = row
    return value * multiplier / divisor, canonical


def span_text(hours: float) -> str:
    """A duration as 'NUMBER UNIT' that reads back as exactly the same number of hours.

    Hours themselves always qualify (their text is read with no arithmetic), so an exact text always exists.
    Another unit is used only where it is exact too: the one that fits the size if its number is short, else
    the shortest.
    """
    natural = "d" if hours >= _HOURS_PER["d"] else "h" if hours >= 1.0 else "min"
    exact: dict[str, str] = {}
    for unit in (natural, "h", "min", "d"):
        value = hours * _MINUTES_PER_HOUR if unit == "min" else hours / _HOURS_PER[unit]
        for candidate in (float(round(value)) if math.isfinite(value) else value, value):
            if hours_from(candidate, unit) == hours:
                exact[unit] = number_text(candidate)
                break
    if natural in exact and len(exact[natural]) <= _LONGEST_PLAIN_NUMBER:
        return f"{exact[natural]} {natural}"
    unit = min(exact, key=lambda each: len(exact[each]))
    return f"{exact[unit]} {unit}"


def unknown_time_unit(text: str) -> str:
    """Say that a time unit is unknown, with the nearest known one."""
    return f"unknown time unit{did_you_mean(text, _TIME_WORDS, stands_for=_TIME_WORDS)} Time units: min, h, d, wk"


def unknown_amount_unit(text: str) -> str:
    """Say that a unit of amount is unknown, with the nearest known one."""
    return f"unknown unit{did_you_mean(text, AMOUNT_UNITS)} Units: mg, mg/kg, g, mcg, mcg/kg"
