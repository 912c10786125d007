"""What `ketascope import --json` prints."""

from __future__ import annotations

from ketascope.contract.parts import DoseEvent, Part


class ImportedPerson(Part):
    """One person of the table: the dose sentence that their rows make, and its doses.

    weight_kg: null where the table has none; doses per kg are then of 70 kg. rows_left_out: counts of rows that are no
    doses, by what they are.
    """

    id: str
    sentence: str
    weight_kg: float | None
    events: list[DoseEvent]
    rows_left_out: dict[str, int]


class ImportDocument(Part):
    """Regimens of an event table; source is the file's name. columns_left_out: those that say nothing of doses."""

    version: str
    source: str
    subjects: list[ImportedPerson]
    columns_left_out: list[str]
