"""Query strings as models: an unknown name is an error that offers the nearest, and each page tells what it takes."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ketascope.errors import InputError, unknown

if TYPE_CHECKING:
    from pydantic import BaseModel


def check_names(given: Collection[str], known: Collection[str]) -> None:
    """Raise InputError for a name in a query that the page does not know, with the nearest one it does."""
    for name in given:
        if name not in known:
            raise InputError(unknown("parameter", name[:60], known))


def parameters(model: type[BaseModel]) -> dict[str, Any]:
    """What a page takes, for `openapi_extra` of its route: the fields of the model as query parameters."""
    schema = model.model_json_schema()
    required = schema.get("required", ())
    return {
        "parameters": [
            {"name": name, "in": "query", "required": name in required, "schema": part}
            | ({"description": part["description"]} if "description" in part else {})
            for name, part in schema["properties"].items()
        ]
    }
