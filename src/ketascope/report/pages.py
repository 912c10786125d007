"""What every page shares: one place that finds templates and escapes what is put into them."""

from __future__ import annotations

from typing import Any


def environment() -> Any:
    """The Jinja environment of all pages: everything is escaped, a name that is not given is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("ketascope.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
