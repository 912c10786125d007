"""A fit as one HTML page with its charts that needs nothing but itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ketascope.files import write_aside
from ketascope.report.fit_report import MOST_PEOPLE, fit_report, reading
from ketascope.report.html import report_page


def fit_html(document: Mapping[str, Any]) -> str:
    """The page of a fit; curves of the first people, residuals of all."""
    from ketascope.charts.fit_profiles import individual_profiles, residuals

    charts = []
    if any(subject["courses"] for subject in document["subjects"][:MOST_PEOPLE]):
        charts.append(("estimates", individual_profiles(document["subjects"][:MOST_PEOPLE])))
    if any(subject["observations"] for subject in document["subjects"]):
        charts.append(("people", residuals(document["subjects"])))
    return report_page(fit_report(document), charts, "What was fitted, and how to read it", reading(document))


def write_fit_html(path: str | os.PathLike[str], document: Mapping[str, Any]) -> Path:
    """Write the page; the file appears whole or not at all."""
    return write_aside(path, fit_html(document))
