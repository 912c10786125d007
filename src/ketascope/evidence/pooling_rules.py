"""The file of rules that pools and their words follow: `data/pooling_rules.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def rules() -> dict[str, Any]:
    """Windows of time, words, labels, groups and the diagnoses that only the tables know."""
    text = resources.files("ketascope.evidence").joinpath("data", "pooling_rules.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
