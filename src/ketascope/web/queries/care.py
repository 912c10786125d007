"""What the page of places reads: where, how far, and which filters; each field is checked by the library's own rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from ketascope.care.finding import LARGEST_LIMIT
from ketascope.care.sources.services import Group, query_word
from ketascope.errors import InputError
from ketascope.web.queries.fields import FieldError, single_values

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

DEFAULT_LIMIT = 10
_GROUPS: dict[str, Group] = {
    "offers": "offers",
    "payment": "payment",
    "age_group": "age-group",
    "language": "language",
}


class CareQuery(BaseModel):
    """The fields of the form, in canonical form: keys of the library's own words, each once."""

    model_config = ConfigDict(frozen=True)

    place: str = Field("", description="A ZIP, a town with its state, or latitude,longitude, such as 07030.")
    within: str = Field("", description="Only places nearer than this, such as 50mi or 80km.")
    offers: tuple[str, ...] = Field((), description="Services such as ketamine-infusion; any of them.")
    payment: tuple[str, ...] = Field((), description="Ways to pay such as medicaid; any of them.")
    age_group: tuple[str, ...] = Field((), description="adults, seniors, young-adults, children; any of them.")
    language: tuple[str, ...] = Field((), description="spanish, sign-language; any of them.")
    telehealth: Literal["no", "yes"] = Field("no", description="yes: only places that list telehealth.")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=LARGEST_LIMIT, description="Places to show.")

    def choices(self) -> dict[str, Any]:
        """The arguments of `ketascope.find`."""
        return {
            "place": self.place,
            "within": self.within or None,
            "limit": self.limit,
            **{name: getattr(self, name) for name in _GROUPS},
            "telehealth": self.telehealth == "yes",
        }

    def text(self, **changes: Any) -> str:
        """The query string that gives this answer again, without what is left at its default; with some changes."""
        told = {**self.model_dump(exclude_defaults=True), **changes}
        return urlencode({name: value for name, value in told.items() if value}, doseq=True)


def read_care(given: QueryParams) -> CareQuery:
    """The query of the page; empty fields count as not given.

    Raises FieldError with the field that is wrong, and InputError for one that the page does not know.
    """
    told = single_values(given, CareQuery.model_fields, _GROUPS)
    fields: dict[str, Any] = {name: told.get(name, "") for name in ("place", "within")}
    if fields["within"]:
        _checked("within", fields["within"])
    for name, group in _GROUPS.items():
        fields[name] = _words(given, name, group)
    telehealth = told.get("telehealth", "no")
    if telehealth not in ("no", "yes"):
        raise FieldError("telehealth", f"'{telehealth[:40]}' is neither yes nor no")
    limit = told.get("limit", str(DEFAULT_LIMIT))
    if not limit.isascii() or not limit.isdigit() or len(limit) > 4 or not 1 <= int(limit) <= LARGEST_LIMIT:
        raise FieldError("limit", f"'{limit[:40]}' is not a whole number from 1 to {LARGEST_LIMIT}")
    if fields["place"]:
        _checked("place", fields["place"])
    return CareQuery(**fields, telehealth="yes" if telehealth == "yes" else "no", limit=int(limit))


def written(given: QueryParams) -> dict[str, Any]:
    """The fields as they were written, right or wrong, so that a form keeps them."""
    one = {name: given.get(name, "").strip() for name in ("place", "within", "telehealth", "limit")}
    return {**one, **{name: _parts(given, name) for name in _GROUPS}, "limit": one["limit"] or str(DEFAULT_LIMIT)}


def _parts(given: QueryParams, name: str) -> list[str]:
    return [part.strip() for text in given.getlist(name) for part in text.split(",") if part.strip()]


def _checked(name: str, text: str) -> None:
    from ketascope.care.places.place import find_place
    from ketascope.care.radius import read_radius

    try:
        if name == "place":
            find_place(text)
        else:
            read_radius(text)
    except InputError as error:
        raise FieldError(name, str(error).removeprefix("place "), candidates=error.candidates) from None


def _words(given: QueryParams, name: str, group: Group) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(query_word(part, group).key for part in _parts(given, name)))
    except InputError as error:
        raise FieldError(name, str(error)) from None
