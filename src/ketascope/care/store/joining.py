"""When two sources speak of the same site: exact equality after normalising, never likeness.

A near miss would put one clinic's services on another's door, so two rows join only where name, street, city and
state are equal once legal forms, punctuation and the usual abbreviations of streets are evened out.
"""

from __future__ import annotations

import re
from functools import cache

from ketascope.care.facility import Facility
from ketascope.files import packaged_toml

_WORD = re.compile(r"[a-z0-9]+")


@cache
def _words() -> dict[str, dict[str, str]]:
    return packaged_toml("care/data/address_words.toml")


def normal_text(text: str, table: str) -> str:
    """Lower-case words with one blank between them, each as `table` of address_words.toml writes it ("" drops it)."""
    replacements = _words()[table]
    plain = text.lower().replace("&", " and ").replace("'", "").replace(".", "")
    words = (replacements.get(word, word) for word in _WORD.findall(plain))
    return " ".join(word for word in words if word)


def site_key(facility: Facility) -> str:
    """The text by which rows of two sources are the same site; "" where name or street is missing."""
    name = normal_text(facility.name, "name")
    street = normal_text(facility.street, "street")
    if not name or not street:
        return ""
    return "|".join((name, street, normal_text(facility.city, "street"), facility.state))
