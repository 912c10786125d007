"""A virtual trial as one HTML page with its charts that needs nothing but itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ketascope.files import write_aside
from ketascope.report.html import report_page
from ketascope.report.trial_report import charts, reading, trial_report


def trial_html(document: Mapping[str, Any]) -> str:
    """The page of a virtual trial."""
    return report_page(
        trial_report(document), charts(document), "What was simulated, and what was found", reading(document)
    )


def write_trial_html(path: str | os.PathLike[str], document: Mapping[str, Any]) -> Path:
    """Write the page; the file appears whole or not at all."""
    return write_aside(path, trial_html(document))
