"""One table of a design file: its values by key, each checked, and what was left out noted down.

Every problem is one line: FILE: [table] key: what is there, and what would be right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from ketascope.errors import InputError, did_you_mean
from ketascope.regimen.problems import shown
from ketascope.regimen.spans import read_span


class Table:
    """A table of the file. name: as in the file, with dots, empty for the top; defaulted: keys that were left out and
    for which something else stands in, which is not so of the keys `none`: without them there is simply none."""

    def __init__(
        self,
        raw: Any,
        name: str,
        source: str,
        keys: Sequence[str],
        defaulted: list[str],
        none: Sequence[str] = (),
    ) -> None:
        """Refuse what is no table, and unknown keys; `keys` are those that are known."""
        self.name, self.source, self.defaulted, self.none = name, source, defaulted, none
        if not isinstance(raw, Mapping):
            parent, _, key = name.rpartition(".")
            place = f"[{parent}] {key}" if parent else key
            raise InputError(f"{source}: {place}: must be a table; write it under [{name}]")
        self.raw: Mapping[str, Any] = raw
        for key in raw:
            if key not in keys:
                self.fail(key, f"is unknown{did_you_mean(key, keys)} Known: {', '.join(keys)}")

    def fail(self, key: str, problem: str) -> NoReturn:
        """Raise the error of one key, or of the whole table where the key is empty."""
        place = f"[{self.name}] {key}".rstrip() if self.name else key
        raise InputError(f"{self.source}: {place}: {problem}")

    def has(self, key: str) -> bool:
        """Whether the file gives it."""
        return key in self.raw

    def table(self, key: str, keys: Sequence[str], none: Sequence[str] = ()) -> Table | None:
        """A table within this one; None where the file has none."""
        if not self._given(key):
            return None
        name = f"{self.name}.{key}" if self.name else key
        return Table(self.raw[key], name, self.source, keys, self.defaulted, none)

    def number(self, key: str, low: float, high: float, example: str) -> float | None:
        """A number from low to high, None where it is left out."""
        return self._number(key, self.raw[key], low, high, example) if self._given(key) else None

    def whole(self, key: str, low: int, high: int, example: str) -> int | None:
        """A whole number from low to high, None where it is left out."""
        return self._whole(key, self.raw[key], low, high, example) if self._given(key) else None

    def text(self, key: str, example: str) -> str | None:
        """A text that is not empty, None where it is left out."""
        return self._text(key, self.raw[key], example) if self._given(key) else None

    def flag(self, key: str) -> bool:
        """True or false; false where it is left out."""
        if not self._given(key):
            return False
        value = self.raw[key]
        if not isinstance(value, bool):
            self.fail(key, f"{_written(value)} must be true or false")
        return value

    def choice(self, key: str, known: Sequence[str]) -> str | None:
        """One of the known words, None where it is left out."""
        return self._choice(key, self.raw[key], known) if self._given(key) else None

    def choices(self, key: str, known: Sequence[str]) -> tuple[str, ...] | None:
        """Some of the known words, each once, None where they are left out."""
        if not self._given(key):
            return None
        found = tuple(self._choice(key, value, known) for value in self._list(key, f'["{known[0]}"]'))
        if not found:
            self.fail(key, f"is empty; choose from {', '.join(known)}")
        self._once(key, found)
        return found

    def texts(self, key: str, example: str) -> tuple[str, ...] | None:
        """Texts, none of them empty, None where they are left out."""
        if not self._given(key):
            return None
        found = tuple(self._text(key, value, example) for value in self._list(key, f'["{example}"]'))
        self._once(key, found)
        return found

    def wholes(self, key: str, low: int, high: int, example: str) -> tuple[int, ...] | None:
        """Ascending whole numbers from low to high, None where they are left out."""
        if not self._given(key):
            return None
        found = tuple(self._whole(key, value, low, high, "100") for value in self._list(key, example))
        self._ascending(key, found, [str(value) for value in found])
        return found

    def numbers(self, key: str, low: float, high: float, example: str) -> tuple[float, ...] | None:
        """Ascending numbers from low to high, None where they are left out."""
        if not self._given(key):
            return None
        found = tuple(self._number(key, value, low, high, "0.5") for value in self._list(key, example))
        self._ascending(key, found, [f"{value:g}" for value in found])
        return found

    def span(self, key: str, example: str) -> float | None:
        """A time in hours, None where it is left out."""
        return self._span(key, self.raw[key], example) if self._given(key) else None

    def spans(self, key: str, example: str) -> tuple[float, ...] | None:
        """Ascending times in hours, None where they are left out."""
        if not self._given(key):
            return None
        written = self._list(key, example)
        found = tuple(self._span(key, value, "7d") for value in written)
        self._ascending(key, found, [str(value) for value in written])
        return found

    def required(self, key: str, example: str) -> None:
        """Raise where the file does not give it."""
        if key not in self.raw:
            self.fail(key, f"is missing; write {key} = {example}")

    def _given(self, key: str) -> bool:
        if key not in self.raw and key not in self.none:
            self.defaulted.append(f"{self.name}.{key}" if self.name else key)
        return key in self.raw

    def _list(self, key: str, example: str) -> list[Any]:
        value = self.raw[key]
        if not isinstance(value, list):
            self.fail(key, f"{_written(value)} must be a list such as {example}")
        return value

    def _number(self, key: str, value: Any, low: float, high: float, example: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.fail(key, f"{_written(value)} must be a number such as {example}")
        if not low <= value <= high:
            self.fail(key, f"{value:g} must be {low:g} to {high:g}")
        return float(value)

    def _whole(self, key: str, value: Any, low: int, high: int, example: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail(key, f"{_written(value)} must be a whole number such as {example}")
        if not low <= value <= high:
            self.fail(key, f"{value} must be {low} to {high}")
        return value

    def _text(self, key: str, value: Any, example: str) -> str:
        if not isinstance(value, str) or not value.strip():
            self.fail(key, f'{_written(value)} must be a text such as "{example}"')
        return value.strip()

    def _choice(self, key: str, value: Any, known: Sequence[str]) -> str:
        if not isinstance(value, str) or value not in known:
            self.fail(key, f"{_written(value)} is unknown{did_you_mean(str(value), known)} Known: {', '.join(known)}")
        return value

    def _span(self, key: str, value: Any, example: str) -> float:
        if not isinstance(value, str):
            self.fail(key, f'{_written(value)} must be a time with its unit in quotes, such as "{example}"')
        if value.strip().startswith("-"):
            self.fail(key, f"{shown(value)} is before the first dose; times count from it and are above 0")
        try:
            return read_span(value)
        except InputError as error:
            self.fail(key, str(error))

    def _once(self, key: str, found: Sequence[str]) -> None:
        for value in found:
            if found.count(value) > 1:
                self.fail(key, f"{shown(value)} stands {found.count(value)} times; write it once")

    def _ascending(self, key: str, found: Sequence[float], written: Sequence[str]) -> None:
        for place in range(1, len(found)):
            if found[place] <= found[place - 1]:
                self.fail(key, f"{written[place]} must come after {written[place - 1]}; write them in ascending order")


def _written(value: Any) -> str:
    """The value as it may stand in the file, in one short line."""
    if isinstance(value, bool):
        return str(value).lower()
    return shown(value) if isinstance(value, str) else shown(str(value)).strip("'")
