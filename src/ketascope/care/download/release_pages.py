"""Which files a publisher's page offers, read from its links."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from ketascope.care.download.connection import (
    AddressFault,
    Patience,
    Progress,
    default_patience,
    open_client,
    read_whole,
)

if TYPE_CHECKING:
    import httpx

LARGEST_PAGE_BYTES = 20_000_000
"""No page of links is larger; a file behind the page's address would be."""


@dataclass(frozen=True)
class Release:
    """A file that a page links to. `last_day` is the last day it covers; of a month only its first day is known."""

    name: str
    url: str
    last_day: date
    version: int


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value.strip() for name, value in attrs if name == "href" and value]


def releases(page: str, page_url: str, pattern: str) -> list[Release]:
    """Files linked from the HTML of `page` whose name fits `pattern`, oldest first; of one period the highest version.

    `pattern` has the groups `month` and `year`, or `first` and `last` (MMDDYY), and may have `version`. A name whose
    date cannot be is passed over.
    """
    links = _Links()
    links.feed(page)
    links.close()
    newest: dict[date, Release] = {}
    for link in links.found:
        try:
            url = urljoin(page_url, link)
            name = unquote(urlsplit(url).path.rpartition("/")[2])
        except ValueError:
            continue
        fits = re.match(pattern, name, re.IGNORECASE)
        last_day = _last_day(fits.groupdict()) if fits else None
        if fits is None or last_day is None:
            continue
        if page_url.startswith("https:") and url.startswith("http:"):
            url = "https:" + url.removeprefix("http:")
        found = Release(name, url, last_day, int(fits.groupdict().get("version") or 1))
        if last_day not in newest or newest[last_day].version < found.version:
            newest[last_day] = found
    return sorted(newest.values(), key=lambda release: release.last_day)


def fetch_releases(
    page_url: str,
    pattern: str,
    *,
    client: httpx.Client | None = None,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> list[Release]:
    """`releases` of a page on the net. Raises AddressFault with the page's address where no link fits."""
    patience = patience or default_patience()
    with nullcontext(client) if client is not None else open_client(page_url, patience) as open_one:
        assert open_one is not None
        body, _ = patience.retried(
            lambda: read_whole(open_one, page_url, patience, LARGEST_PAGE_BYTES), page_url, progress
        )
    found = releases(body.decode("utf-8", errors="replace"), page_url, pattern)
    if not found:
        raise AddressFault(f"no link to a file of the expected name stands on {page_url}; the page has changed")
    return found


def _last_day(parts: dict[str, str | None]) -> date | None:
    month, year, last = parts.get("month"), parts.get("year"), parts.get("last")
    try:
        if last is not None:
            return datetime.strptime(last, "%m%d%y").date()
        # English whatever the language of this computer, so not by strptime.
        return date(int(year or ""), _MONTHS[(month or "")[:3].lower()], 1)
    except (ValueError, KeyError):
        return None


_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
