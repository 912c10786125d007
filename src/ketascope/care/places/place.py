"""Words to a point, without a network: a ZIP, a town with its state, or latitude and longitude."""

from __future__ import annotations

import re

from ketascope.care.places.coordinates import coordinate_place, looks_like_coordinates
from ketascope.care.places.placed import Place
from ketascope.care.places.town_place import town_place
from ketascope.care.places.zip_place import address_place, zip_place
from ketascope.errors import InputError

__all__ = ["Place", "find_place"]

_WAYS = "write a ZIP ('07030'), a town ('Princeton, NJ') or coordinates ('40.7,-74.0')"
_LONGEST = 100
_ZIP = re.compile(r"([0-9]+)(?:-([0-9]{4}))?")
_ADDRESS = re.compile(r"(.*[^\W\d_].*?)[\s,]+([0-9]{5})(?:-?[0-9]{4})?")
# Formats of the two neighbours in language whose codes people type without a country.
_ABROAD = {
    "Canadian": re.compile(r"[ABCEGHJ-NPRSTVXY][0-9][A-Z] ?[0-9][A-Z][0-9]", re.IGNORECASE),
    "British": re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}", re.IGNORECASE),
}


def find_place(text: str) -> Place:
    """The point that a ZIP, a town or "latitude,longitude" stands for.

    Raises InputError with one line that says what is wrong, and the nearest names where a name is not known.
    """
    words = " ".join(text.split()).strip(" ,;")
    if not words:
        raise InputError(f"the place is empty; {_WAYS}")
    if len(words) > _LONGEST:
        raise InputError(f"place '{words[:20]}...': {len(words)} characters are too many; {_WAYS}")
    number = _ZIP.fullmatch(words)
    if number:
        return zip_place(words, number[1] + (number[2] or ""))
    if looks_like_coordinates(words):
        return coordinate_place(words)
    for country, form in _ABROAD.items():
        if form.fullmatch(words):
            raise InputError(
                f"place '{words}': a {country} postcode; only places in the United States can be searched from"
            )
    address = _ADDRESS.fullmatch(words)
    if address:
        return address_place(words, address[1], address[2])
    if re.search(r"[0-9]", words) or not re.search(r"[^\W\d_]", words):
        raise InputError(f"place '{words}': neither a ZIP nor a town; {_WAYS}")
    return town_place(words)
