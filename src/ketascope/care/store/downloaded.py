"""What the record of a download adds to its file: the day it was fetched, and whether all was asked for and came."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ketascope.care.download.addresses import sources
from ketascope.care.download.records import Download, recorded
from ketascope.care.places.states import states
from ketascope.care.sources.source_file import SourceFile


def dated(source: SourceFile) -> SourceFile:
    """The same file with the date and completeness that its download recorded; unchanged where there is no record.

    Only answers of the locator's interface need it: other files carry their edition themselves.
    """
    record = recorded(source.path)
    if record is None or "asked" not in record.details:
        return source
    source.edition = source.edition_date = record.downloaded_at[:10]
    source.counts.notes = [*record.notes]
    whole = record.details["asked"].get("whole_country") and record.details["rows"] == record.details["record_count"]
    if whole:
        source.complete_states = tuple(code for code, state in states().items() if state.kind != "military")
    return source


def newest_of_each(records: Sequence[Download]) -> list[Path]:
    """The files of a folder of downloads that a build should read: of a full replacement file only the newest.

    An older full file would bring back what the newer one no longer has; weekly files and answers go on top.
    """
    full = re.compile(sources()["nppes"]["release"])
    replaced = sorted(
        (record for record in records if full.match(record.path.name)), key=lambda record: record.downloaded_at
    )[:-1]
    return [record.path for record in records if record not in replaced]
