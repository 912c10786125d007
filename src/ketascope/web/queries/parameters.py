"""What the page of parameters reads from its query string."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from ketascope.web.queries.fields import single_values

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from ketascope.model.parameter_store import Parameter


class ParametersQuery(BaseModel):
    """Which rows to list."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(default="", description="a full name or a table: pooled, absorption.oral_rate_per_h")
    grade: str = Field(default="", description="established, plausible, assumed, estimated or not informed by trials")

    @property
    def canonical(self) -> str:
        """The query string that means the same."""
        return urlencode(self.model_dump(exclude_defaults=True))

    def rows(self) -> list[Parameter]:
        """The rows that are asked for. Raises InputError for an unknown name or grade."""
        from ketascope.model.parameter_store import parameters

        return parameters(self.name or None, self.grade or None)


def read_parameters(query: QueryParams) -> ParametersQuery:
    """The query of the page of parameters. Raises InputError for a name that the page does not take."""
    return ParametersQuery(**single_values(query, tuple(ParametersQuery.model_fields)))
