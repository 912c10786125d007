"""Numbers as text, in one place: the terminal, the page and the chart summaries all read the same figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MINUS = "\N{MINUS SIGN}"
NOT_SHOWN = "\N{EN DASH}"
NO_LIMIT = "no limit"

_HOURS_PER = {"min": 1 / 60, "h": 1.0, "d": 24.0, "wk": 168.0}
# A unit serves up to its limit in hours: readers take "90 min" and "36 h" as they are, but not "300 h".
_UNIT_UP_TO_H = (("min", 0.9917), ("h", 47.5), ("d", 335.5), ("wk", math.inf))
# Beyond these a ratio says only that nothing is known.
_SMALLEST_RATIO, _LARGEST_RATIO = 0.01, 1000.0
_DIGITS_OF_A_SOURCE = 6  # no source prints more
_MOST_DECIMALS = 15


@dataclass(frozen=True)
class Style:
    """How one kind of quantity is written: a factor on the stored value, then digits.

    On a ratio scale a small value keeps a digit of its own, as 0.02 ng/mL is not none; a difference of 0.02 points
    may read 0.0.
    """

    factor: float = 1.0
    significant: int = 3
    most_decimals: int = 3
    is_ratio: bool = True


STYLES: Mapping[str, Style] = {
    "concentration": Style(significant=3),
    "percent_of_one": Style(factor=100.0, significant=2, most_decimals=1),
    # People out of 100 come whole.
    "people": Style(significant=2, most_decimals=0),
    "more_people": Style(significant=2, most_decimals=1, is_ratio=False),
    "people_treated": Style(significant=2, most_decimals=1),
    "percent": Style(significant=2, most_decimals=1),
    "points": Style(significant=3, most_decimals=1, is_ratio=False),
    "pressure": Style(significant=3, most_decimals=1, is_ratio=False),
    "fold": Style(significant=3, most_decimals=2),
    "fraction": Style(significant=2, most_decimals=3),
    "count": Style(significant=9, most_decimals=0),
    "number": Style(significant=3),
}

# Ends of names in the JSON documents, longest first, and what they say about the number.
_UNIT_SUFFIXES = (
    ("_ng_h_per_ml", "ng·h/mL", "concentration"),
    ("_ng_per_ml", "ng/mL", "concentration"),
    ("_mg_per_kg", "mg/kg", "number"),
    ("_mg_per_h", "mg/h", "number"),
    ("_l_per_h", "L/h", "number"),
    ("_percent", "%", "percent"),
    ("_mmhg", "mmHg", "pressure"),
    ("_years", "years", "count"),
    ("_fold", "fold of baseline", "fold"),
    ("_min", "min", "count"),
    ("_usd", "US$", "count"),
    ("_kg", "kg", "number"),
    ("_mg", "mg", "number"),
    ("_l", "L", "number"),
    ("_h", "time", "time"),
)


def decimals_for(value: float, significant: int, most: int = 3) -> int:
    """Decimals that show `value` with that many significant digits, at most `most`."""
    if value == 0 or not math.isfinite(value):
        return 0
    # Rounded first, so that 9.996 counts as the 10.0 that will be printed.
    rounded = float(f"{abs(value):.{significant - 1}e}")
    return min(most, max(0, significant - 1 - math.floor(math.log10(rounded))))


def plain(value: float, decimals: int) -> str:
    """A number with fixed decimals, thousands separators and a true minus sign; never a negative zero."""
    text = f"{value:,.{decimals}f}"
    if text.startswith("-"):
        digits = text[1:]
        return digits if not digits.strip("0.,") else MINUS + digits
    return text


def signed(value: float, decimals: int) -> str:
    """The same for a change, with a plus sign before what is more than none."""
    text = plain(value, decimals)
    return f"+{text}" if value > 0 and text.strip("0.,") else text


def significant(value: float, digits: int) -> str:
    """A number of any size with that many significant digits and no zeros behind them: 86.9832 -> 86.98, 5.0 -> 5."""
    rounded = float(f"{value:.{digits - 1}e}")
    text = plain(rounded, decimals_for(rounded, digits, most=_MOST_DECIMALS))
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_given(value: float) -> str:
    """A figure of a source with the digits that it has there, and a true minus sign."""
    return significant(value, _DIGITS_OF_A_SOURCE)


def effect_size(value: float, measure: str) -> str:
    """An effect of the evidence tables: the ratio itself where the measure is the logarithm of one."""
    if not measure.startswith("log"):
        return plain(value, 1 if measure == "MD" else 2)
    ratio = math.exp(min(value, math.log(_LARGEST_RATIO) + 1.0))
    if ratio < _SMALLEST_RATIO:
        return f"<{_SMALLEST_RATIO:g}"
    if ratio > _LARGEST_RATIO:
        return f">{plain(_LARGEST_RATIO, 0)}"
    return plain(ratio, 2 if ratio < 10 else 1 if ratio < 100 else 0)


def _one(value: float, decimals: int, style: Style) -> str:
    """A value with at most these decimals: no digit beyond its significant ones, none lost to a false zero."""
    if value != 0 and round(abs(value), decimals) == 0 and style.is_ratio:
        return plain(value, decimals_for(value, 1, most=style.most_decimals + 3))
    if style.is_ratio and round(abs(value), decimals) != 0:
        decimals = min(decimals, decimals_for(value, style.significant, style.most_decimals))
    return plain(value, decimals)


def counted(count: float, one: str, many: str = "") -> str:
    """How many of what there are: `1 dose`, `1,200 doses`. many: the plural where it is not `one` and an s."""
    return f"{count:,.0f} {one if count == 1 else many or f'{one}s'}"


def number(value: float | int | None, kind: str = "number") -> str:
    """A single value without its unit; None is a dash, never a zero."""
    if value is None or not math.isfinite(value):
        return NOT_SHOWN
    if kind == "time":
        return duration(value)
    style = STYLES[kind]
    shown = value * style.factor
    if kind in ("number", "count") and float(shown).is_integer():
        return plain(shown, 0)
    return _one(shown, decimals_for(shown, style.significant, style.most_decimals), style)


def value_rows(rows: Sequence[Mapping[str, str | float | None]]) -> list[list[tuple[str, bool]]]:
    """Each value of a chart's table as text, and whether it is a number."""
    return [[_value(value) for value in row.values()] for row in rows]


def _value(value: str | float | None) -> tuple[str, bool]:
    if value is None:
        return f"{NOT_SHOWN} not shown", False
    return (value, False) if isinstance(value, str) else (number(value), True)


def _unit_for(time_h: float) -> str:
    return next(unit for unit, limit in _UNIT_UP_TO_H if abs(time_h) < limit)


def _in_unit(time_h: float, unit: str, decimals: int) -> str:
    amount = time_h / _HOURS_PER[unit]
    text = plain(amount, decimals)
    if amount != 0 and not text.strip("0.,"):
        return f"<{1 if decimals == 0 else 0.1}"
    return text


def duration(time_h: float) -> str:
    """A time in the unit a reader would say it in: 40 min, 2 h, 3.5 d, 4 wk."""
    unit = _unit_for(time_h)
    decimals = 0 if unit == "min" or time_h / _HOURS_PER[unit] >= 20 else 1
    return f"{_in_unit(time_h, unit, decimals).removesuffix('.0')} {unit}"


def interval(quantity: Mapping[str, Any] | None, kind: str = "number") -> tuple[str, str]:
    """Median and `low to high` as two texts; the second is empty where the interval has no width.

    All three share the decimals of the median, so that columns can be read down. An upper end of None is no limit.
    """
    if quantity is None:
        return NOT_SHOWN, ""
    if quantity["high"] is None:
        return number(quantity["median"], kind), f"{number(quantity['low'], kind)} to {NO_LIMIT}"
    median, low, high = (float(quantity[key]) for key in ("median", "low", "high"))
    if kind == "time":
        return _time_interval(median, low, high)
    style = STYLES[kind]
    shown = [value * style.factor for value in (median, low, high)]
    leading = shown[0] if shown[0] != 0 else max(shown, key=abs)
    decimals = decimals_for(leading, style.significant, style.most_decimals)
    texts = [_one(value, decimals, style) for value in shown]
    return texts[0], "" if low == median == high else f"{texts[1]} to {texts[2]}"


def _time_interval(median_h: float, low_h: float, high_h: float) -> tuple[str, str]:
    unit = _unit_for(median_h)
    if low_h == median_h == high_h:
        return duration(median_h), ""
    ends = [end / _HOURS_PER[unit] for end in (low_h, high_h)]
    if all(end == 0 or 0.3 <= abs(end) <= 240 for end in ends):
        decimals = 0 if unit == "min" or median_h / _HOURS_PER[unit] >= 10 else 1
        median, low, high = (_in_unit(time_h, unit, decimals) for time_h in (median_h, low_h, high_h))
        return f"{median} {unit}", f"{low} to {high}"
    return duration(median_h), f"{duration(low_h)} to {duration(high_h)}"


def with_interval(quantity: Mapping[str, Any] | None, kind: str = "number") -> str:
    """`median (low to high)` on one line."""
    median, ends = interval(quantity, kind)
    return f"{median} ({ends})" if ends else median


def split_unit(name: str) -> tuple[str, str, str]:
    """Words, unit and kind of a document name: `ketamine_cmax_ng_per_ml` -> ketamine cmax, ng/mL, concentration."""
    for suffix, unit, kind in _UNIT_SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix).replace("_", " "), unit, kind
    return name.replace("_", " "), "", "number"


def words(value: Any) -> str:
    """Any plain value of a document as text: lists joined, None as a dash, numbers with few digits."""
    if value is None or value == "":
        return NOT_SHOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, list | tuple):
        return ", ".join(words(item) for item in value) if value else "none"
    return str(value)


def named_value(name: str, value: Any) -> str:
    """`weight_kg`, 70 -> `weight 70 kg`: a field of a document as a phrase with its unit."""
    phrase, unit, kind = split_unit(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        suffix = "" if kind == "time" else f" {unit}".rstrip()
        return f"{phrase} {number(value, kind)}{suffix}"
    return f"{name.replace('_', ' ')} {words(value) if value is not None else 'not given'}"
