"""Reports: a comparison or simulation document as terminal tables, one HTML page, CSV or PNG."""

from ketascope.report.html import comparison_html, write_html
from ketascope.report.picture import write_png
from ketascope.report.table import comparison_csv, write_csv
from ketascope.report.terminal import print_comparison, print_simulation

__all__ = [
    "comparison_csv",
    "comparison_html",
    "print_comparison",
    "print_simulation",
    "write_csv",
    "write_html",
    "write_png",
]
