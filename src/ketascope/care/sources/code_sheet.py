"""SAMHSA's service codes: what each is called and what kind of statement it makes.

The sheet's descriptions are never used: for some codes they are a neighbour's text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from ketascope.care.facility import Service, ServiceKind
from ketascope.care.sources.row_rules import tidy
from ketascope.care.sources.services import kind_of_category
from ketascope.care.sources.source_file import SourceCounts

PACKAGED_SHEET = "samhsa_service_codes_2022.csv"


def normal_name(text: str) -> str:
    """A service name for comparing: lower case, single blanks."""
    return tidy(text).lower()


@dataclass
class CodeSheet:
    """Services by code and by name."""

    by_code: dict[str, Service] = field(default_factory=dict)
    _by_category: dict[tuple[str, str], Service] = field(default_factory=dict)
    _by_name: dict[str, list[Service]] = field(default_factory=dict)

    def add(self, category: str, code: str, name: str) -> None:
        """Add an entry; a later one takes the place of an earlier one with the same code."""
        service = Service(kind_of_category(category), code.strip().upper(), tidy(name))
        earlier = self.by_code.get(service.code)
        if earlier is not None:
            self._by_name[normal_name(earlier.name)].remove(earlier)
        self.by_code[service.code] = service
        self._by_category[category.strip().upper(), normal_name(name)] = service
        self._by_name.setdefault(normal_name(name), []).append(service)

    def service(self, code: str, counts: SourceCounts) -> Service:
        """The service of a code; an unknown one is kept without a name, and counted."""
        found = self.by_code.get(code)
        if found is None:
            counts.unknown_code(code)
            found = Service("service", code, "")
        return found

    def named(self, category: str, name: str, counts: SourceCounts) -> Service:
        """The service of this very name in a category, or of the name where only one has it; else kept, and counted."""
        found = self._by_category.get((category.strip().upper(), normal_name(name)))
        if found is not None:
            return found
        same = self._by_name.get(normal_name(name), [])
        if len(same) == 1:
            return same[0]
        counts.unknown_code(tidy(name))
        return Service(kind_of_category(category), "", tidy(name))

    def extended(self, rows: Iterable[Mapping[str, str]]) -> CodeSheet:
        """A copy with a workbook's own entries, which win over the packaged ones."""
        sheet = CodeSheet()
        for other in (self._entries(), rows):
            for row in other:
                if row["service_code"].strip():
                    sheet.add(row["category_code"], row["service_code"], row["service_name"])
        return sheet

    def _entries(self) -> list[dict[str, str]]:
        return [
            {"category_code": category, "service_code": service.code, "service_name": service.name}
            for (category, _), service in self._by_category.items()
        ]


@cache
def packaged_sheet() -> CodeSheet:
    """The code sheet of the 2022 directory; shared, so treat it as read-only."""
    text = resources.files("ketascope.care").joinpath(f"data/{PACKAGED_SHEET}").read_text(encoding="utf-8")
    sheet = CodeSheet()
    for row in csv.DictReader(io.StringIO(text, newline="")):
        sheet.add(row["category_code"], row["service_code"], row["service_name"])
    return sheet


def one_each(services: Iterable[Service]) -> tuple[Service, ...]:
    """The services without repeats, in their order."""
    return tuple(dict.fromkeys(services))


__all__ = ["CodeSheet", "ServiceKind", "normal_name", "one_each", "packaged_sheet"]
