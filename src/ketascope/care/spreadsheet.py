"""Cells of CSV files that people open in a spreadsheet."""

from __future__ import annotations

import re
from typing import TypeVar

_Cell = TypeVar("_Cell")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PLAIN_NUMBER = re.compile(r"[+-]?[\d\s().-]+(x\d+)?")


def spreadsheet_text(value: _Cell) -> _Cell | str:
    """The value; a text that a spreadsheet would run as a formula (it begins with = + - or @) after an apostrophe.

    A telephone number or another plain number that begins with + or - stays as it is.
    """
    if isinstance(value, str) and value.startswith(_FORMULA) and not _PLAIN_NUMBER.fullmatch(value):
        return f"'{value}"
    return value
