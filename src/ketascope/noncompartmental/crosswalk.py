"""Names of the figures here and in other tools (names.toml)."""

from __future__ import annotations

from functools import lru_cache

from ketascope.files import packaged_toml

TOOLS = {"cdisc": "CDISC PPTESTCD", "pknca": "PKNCA", "winnonlin": "Phoenix WinNonlin"}


@lru_cache(maxsize=1)
def names() -> dict[str, dict[str, str]]:
    """Every figure by its name here: label, unit, and its name in each of `TOOLS` ('' where a tool has none)."""
    return packaged_toml("noncompartmental/names.toml")


def name_in(tool: str, quantity: str, intravenous: bool) -> str:
    """The name of a figure in a tool after a dose of that kind, '' where there is none."""
    row = names().get(quantity)
    if row is None:
        return ""
    extravascular, _, into_vein = row[tool].partition(" | ")
    return into_vein if intravenous and into_vein else extravascular
