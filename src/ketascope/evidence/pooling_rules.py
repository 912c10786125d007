"""The file of rules that pools and their words follow: `data/pooling_rules.toml`."""

from __future__ import annotations

from functools import cache
from typing import Any

from ketascope.files import packaged_toml


@cache
def rules() -> dict[str, Any]:
    """Windows of time, words, labels, groups and the diagnoses that only the tables know."""
    return packaged_toml("evidence/data/pooling_rules.toml")
