"""Documents of the library as they were stored once, so that tests of reports and charts need not compute them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parent / "fixtures"


def stored(name: str) -> dict[str, Any]:
    """A stored document by its file name, read anew each time, so that a test may change it."""
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))
