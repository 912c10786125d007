"""What the evidence pages read from their query strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from ketascope.web.queries.fields import single_values

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams


class EvidenceQuery(BaseModel):
    """One pool; without an indication an overview of all."""

    model_config = ConfigDict(frozen=True)

    indication: str = Field(default="", description="gad, sad, ptsd, ocd, mdd, all, and others of the study tables")
    outcome: str = Field(default="symptoms", description="symptoms, response or remission")
    treatment: str = Field(default="", description="ketamine (default with an indication), esketamine, ssri or snri")
    time: str = Field(default="primary", description="primary, hours, day, week, month, quarter or longer")
    measure: str = Field(default="", description="smd or md for symptoms; or, rr for counts")
    estimator: str = Field(default="REML", description="of tau squared: REML, DL, PM, ML; FE for none")
    test: str = Field(default="KH", description="KH (Knapp-Hartung) or z")

    @property
    def canonical(self) -> str:
        """The query string that means the same, defaults left out."""
        return urlencode(self.model_dump(exclude_defaults=True))

    def work(self) -> dict[str, Any]:
        """The library's document of this query."""
        from ketascope.evidence.summary import pooled_evidence

        chosen = {("window" if name == "time" else name): text for name, text in self.model_dump().items() if text}
        return pooled_evidence(**chosen)


class StudiesQuery(BaseModel):
    """Which studies to list."""

    model_config = ConfigDict(frozen=True)

    indication: str = Field(default="", description="only studies of this indication")


class LedgerQuery(BaseModel):
    """Which rows of the ledger to show."""

    model_config = ConfigDict(frozen=True)

    sampling: str = Field(default="", description="venous or arterial: only concentrations from there")

    @property
    def canonical(self) -> str:
        """The query string that means the same."""
        return urlencode(self.model_dump(exclude_defaults=True))


def read_evidence(query: QueryParams) -> EvidenceQuery:
    """The checked query of the evidence page. Raises InputError for an unknown parameter or name."""
    from ketascope.evidence.summaries.choices import (
        ESTIMATORS,
        MEASURES,
        TESTS,
        check_choices,
        indications,
        known,
        rules,
    )

    given = single_values(query, tuple(EvidenceQuery.model_fields))
    names = {
        "indication": indications(),
        "outcome": rules()["outcome"],
        "treatment": rules()["treatment"],
        "time": rules()["window"],
        "measure": MEASURES,
        "estimator": ESTIMATORS,
        "test": TESTS,
    }
    chosen = EvidenceQuery(**{name: known(name, text, names[name]) for name, text in given.items()})
    # A measure that does not fit the outcome is told before anything is computed.
    check_choices(chosen.indication or "gad", outcome=chosen.outcome, measure=chosen.measure or None)
    return chosen


def read_studies(query: QueryParams) -> StudiesQuery:
    """The checked query of the list of studies. Raises InputError for an unknown parameter or indication."""
    from ketascope.evidence.studies.tables import INDICATIONS
    from ketascope.evidence.summaries.choices import known

    given = single_values(query, tuple(StudiesQuery.model_fields))
    return StudiesQuery(**{name: known(name, text, INDICATIONS) for name, text in given.items()})


def read_ledger(query: QueryParams) -> LedgerQuery:
    """The checked query of the ledger. Raises InputError for an unknown parameter or site."""
    from ketascope.evidence.pk_ledger import SITES
    from ketascope.evidence.summaries.choices import known

    given = single_values(query, tuple(LedgerQuery.model_fields))
    return LedgerQuery(**{name: known(name, text, SITES) for name, text in given.items()})


def read_none(query: QueryParams) -> None:
    """Nothing may be given. Raises InputError for a parameter."""
    single_values(query, ())
