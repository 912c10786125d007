"""A chart as a PNG file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ketascope.files import write_aside

if TYPE_CHECKING:
    from ketascope.charts import Chart


def write_png(path: str | os.PathLike[str], chart: Chart, scale: float = 2) -> Path:
    """Write one chart as PNG; the file appears whole or not at all."""
    from ketascope.charts import render_png

    return write_aside(path, render_png(chart.spec, scale))
