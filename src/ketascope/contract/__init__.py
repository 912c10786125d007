"""The JSON contracts of documents, as pydantic models; their JSON Schemas stand in `docs/schema/`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ketascope.contract.comparison_document import ComparisonDocument
from ketascope.contract.fit_document import FitDocument
from ketascope.contract.import_document import ImportDocument
from ketascope.contract.nca_document import NcaDocument
from ketascope.contract.parts import Part
from ketascope.contract.trial_document import TrialDocument

__all__ = ["DOCUMENTS", "check_document", "document_schema"]

DOCUMENTS: Mapping[str, type[Part]] = MappingProxyType(
    {
        "comparison": ComparisonDocument,
        "trial": TrialDocument,
        "fit": FitDocument,
        "nca": NcaDocument,
        "import": ImportDocument,
    }
)
"""Documents by the name of their schema."""


def document_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a document of `DOCUMENTS`."""
    return DOCUMENTS[name].model_json_schema(by_alias=True)


def check_document(name: str, document: Mapping[str, Any]) -> None:
    """Raise pydantic.ValidationError where a document breaks its contract."""
    DOCUMENTS[name].model_validate(document)
