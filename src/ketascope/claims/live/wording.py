"""How numbers stand in the sentences of live checks: by the rules of the reports, so that both read the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.report import format as report_format
from ketascope.report.format import counted, number, plain, with_interval

__all__ = [
    "between",
    "capital",
    "duration",
    "joined",
    "kind_of",
    "number",
    "percent",
    "plain",
    "sized",
    "trials_text",
]

KIND_OF_INTERVAL = {
    "patients": "middle 95% of virtual patients",
    "typical patient": "95% interval for the typical person",
    "population mean": "95% interval of the average",
}
UNIT_WORDS = {"min": "minute", "h": "hour", "d": "day", "wk": "week"}


def joined(parts: Sequence[str], last: str = "and") -> str:
    """`a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def spelled(text: str) -> str:
    """Times with their units as words: `26 min` becomes `26 minutes`."""

    def word(found: re.Match[str]) -> str:
        return f"{found[1]} {UNIT_WORDS[found[2]]}{'' if found[1] == '1' else 's'}"

    return re.sub(r"([0-9.,]+) (min|h|d|wk)\b", word, text)


def duration(time_h: float) -> str:
    """`40 minutes`, `2 hours`, `3.5 days`."""
    return spelled(report_format.duration(time_h))


def sized(quantity: Mapping[str, Any], kind: str, unit: str = "") -> str:
    """`12.0 mmHg (3.0 to 22.2)`; a time brings its own unit."""
    text, _, ends = with_interval(quantity, kind).partition(" (")
    whole = f"{text} {unit}".rstrip() if unit != "%" else f"{text}%"
    whole = f"{whole} ({ends}" if ends else whole
    return spelled(whole) if kind == "time" else whole


def kind_of(quantity: Mapping[str, Any]) -> str:
    """What the interval of a quantity is over."""
    return KIND_OF_INTERVAL[str(quantity["interval_of"])]


def between(low: float, high: float, decimals: int) -> str:
    """`−1.92 to 0.85`."""
    return f"{plain(low, decimals)} to {plain(high, decimals)}"


def percent(share: float) -> str:
    """A share of one as a percentage: never 0 for what is more than none."""
    if 0.0 < share < 0.005:
        return "under 1%"
    return f"{100.0 * share:.0f}%"


def trials_text(count: float) -> str:
    """`1 trial`, `2 trials`."""
    return counted(count, "trial")


def capital(text: str) -> str:
    """A text that begins a sentence."""
    return text[:1].upper() + text[1:]
