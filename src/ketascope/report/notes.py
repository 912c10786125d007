"""Flags as numbered footnotes: which cell each one belongs to, and one number for each message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from ketascope.files import packaged_toml

NO_REASON = "No value is given, and the result does not say why."


@cache
def _scopes() -> dict[str, dict[str, list[str]]]:
    return packaged_toml("report/flag_scopes.toml")


def _is_placed(flag: Mapping[str, Any]) -> bool:
    """Whether anybody said what the flag is about."""
    scopes, code = _scopes(), flag["code"]
    placed = code in scopes["gaps"] or code in scopes["caveats"] or code in scopes["general"]["codes"]
    return placed or "applies_to" in flag


def _matches(flag: Mapping[str, Any], name: str, part: str) -> bool:
    own: Sequence[str] | None = flag.get("applies_to")
    patterns = own if own is not None else _scopes()[part].get(flag["code"], [])
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def is_general(flag: Mapping[str, Any]) -> bool:
    """Whether a flag is about the option as a whole, so that it belongs under whatever is shown of it."""
    return flag["code"] in _scopes()["general"]["codes"]


def is_caveat(flag: Mapping[str, Any], name: str) -> bool:
    """Whether a flag is a word of caution on the value of that name."""
    return _matches(flag, name, "caveats")


def reasons_for_gap(option: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The flags that explain why a quantity is null: those that name it, else those that nobody placed."""
    named = [flag for flag in option["flags"] if _matches(flag, name, "gaps")]
    return named or [flag for flag in option["flags"] if not _is_placed(flag)]


class Notes:
    """Footnotes in the order of their first use; the same message has the same number everywhere."""

    def __init__(self) -> None:
        """Start without notes."""
        self._numbers: dict[str, int] = {}

    def mark(self, message: str) -> int:
        """The number of a message, a new one at its first use."""
        return self._numbers.setdefault(message, len(self._numbers) + 1)

    def marks(self, flags: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
        """The numbers of some flags."""
        return tuple(sorted({self.mark(str(flag["message"])) for flag in flags}))

    @property
    def messages(self) -> tuple[tuple[int, str], ...]:
        """All footnotes with their numbers."""
        return tuple((number, message) for message, number in self._numbers.items())
