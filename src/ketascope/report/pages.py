"""What every page shares: one place that finds templates and escapes what is put into them."""

from __future__ import annotations

from typing import Any


def environment(*packages: str) -> Any:
    """The Jinja environment of all pages: everything is escaped, a name that is not given is an error.

    packages: whose templates come before those of the reports.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=ChoiceLoader([PackageLoader(name, "templates") for name in (*packages, "ketascope.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
