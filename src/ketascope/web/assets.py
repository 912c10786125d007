"""Style sheets, scripts and the icon: read and packed once, named with their content so that they may be kept."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.metadata import version
from importlib.resources.abc import Traversable
from typing import Any

from ketascope.report.pages import environment

MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
VEGA = "vega.js"
_SHARED = {"app.css": ("base.css", "dark.css"), "audit.css": ("audit.css",), "care.css": ("care.css",)}


@dataclass(frozen=True)
class Asset:
    """One file: what it holds, the same packed, its type and a digest of its content."""

    content: bytes
    packed: bytes
    media_type: str
    digest: str


def asset(name: str) -> Asset | None:
    """A file by its name, None where there is none."""
    return _asset(name) if name in _names() else None


def _folder() -> Traversable:
    return resources.files("ketascope.web").joinpath("static")


@cache
def _names() -> frozenset[str]:
    """What may be asked for; nothing else is looked up, whatever a visitor writes."""
    return frozenset((VEGA, *(file.name for file in _folder().iterdir())))


@cache
def _asset(name: str) -> Asset:
    content = _text(name).encode()
    media_type = MEDIA_TYPES[name[name.rindex(".") :]]
    return Asset(content, gzip.compress(content, mtime=0), media_type, _digest(name, content))


def asset_address(name: str) -> str:
    """The address of a file, which changes with its content."""
    if name == VEGA:
        return f"/static/{name}?v={_digest(name)}"
    found = asset(name)
    if found is None:
        raise LookupError(f"no file '{name}' in web/static")
    return f"/static/{name}?v={found.digest}"


def _digest(name: str, content: bytes = b"") -> str:
    # Making the bundle takes seconds, and its content follows from the version of what makes it.
    told = f"vl-convert {version('vl-convert-python')}".encode() if name == VEGA else content
    return hashlib.sha256(told).hexdigest()[:16]


def _text(name: str) -> str:
    if name == VEGA:
        from ketascope.charts import vega_bundle

        return vega_bundle()
    text = _folder().joinpath(name).read_text(encoding="utf-8")
    # What a page shares with the report of the same kind comes from the report's own style sheet.
    shared = [environment().get_template(part).render(**_looks(part)) for part in _SHARED.get(name, ())]
    return "\n".join([*shared, text])


def _looks(part: str) -> dict[str, Any]:
    if part == "audit.css":
        from ketascope.report.audit_page import audit_looks

        return audit_looks()
    if part == "care.css":
        from ketascope.report.care_page import places_looks

        return places_looks()
    return {}
