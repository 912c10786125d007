"""What the page on how it works reads from its query string."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from ketascope.web.queries.fields import FieldError, number, single_values, span_h, whole_number

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from ketascope.web.settings import Settings

PATIENTS = 200
"""Virtual patients where none are asked for: enough for the width of a band, quick enough to wait for."""
TIME = "24h"
"""Where the cursor stands where no time is asked for."""


class MechanismQuery(BaseModel):
    """One regimen to follow; what is left empty has the library's default."""

    model_config = ConfigDict(frozen=True)

    sentence: str = Field(default="", description="a dose sentence, such as ketamine 0.5 mg/kg IV over 40 min")
    indication: str = Field(default="", description="gad, sad, ptsd, ocd or mdd")
    weight: str = Field(default="", description="body weight in kg, 20 to 300")
    age: str = Field(default="", description="age in years, 18 or over")
    sampling: str = Field(default="", description="venous or arterial plasma; with -published earlier models")
    until: str = Field(default="", description="simulated time, such as 8wk")
    patients: str = Field(default="", description="virtual patients; 0 is the typical one")
    seed: str = Field(default="", description="same seed, same numbers")
    scenario: tuple[str, ...] = Field(default=(), description="where science disagrees; may stand several times")
    at: str = Field(default="", description="time of the cursor, such as 40min or 24h")

    @property
    def canonical(self) -> str:
        """The query string that means the same: what was given, in the order of the fields."""
        return self._encoded(exclude=set())

    @property
    def without_time(self) -> str:
        """The same without the cursor, which changes no result."""
        return self._encoded(exclude={"at"})

    @property
    def without_scenarios(self) -> MechanismQuery:
        """The same regimen in the default model."""
        return self.model_copy(update={"scenario": ()})

    def changed(self, **values: Any) -> str:
        """The query string with some fields changed."""
        return self.model_copy(update=values).canonical

    def toggled(self, scenario: str) -> str:
        """The query string with one scenario switched."""
        others = tuple(name for name in self.scenario if name != scenario)
        return self.changed(scenario=others if scenario in self.scenario else (*self.scenario, scenario))

    def _encoded(self, exclude: set[str]) -> str:
        return urlencode(self.model_dump(exclude_defaults=True, exclude=exclude), doseq=True)


@dataclass(frozen=True)
class Followed:
    """What a query gives: the library's document, and the parameter rows that it rests on."""

    document: dict[str, Any]
    rows: tuple[str, ...]


def read_mechanism(query: QueryParams, settings: Settings) -> MechanismQuery:
    """The query with limits checked; the library checks the rest. Raises InputError for what cannot be used."""
    given: dict[str, Any] = single_values(query, tuple(MechanismQuery.model_fields), several=("scenario",))
    scenarios = tuple(dict.fromkeys(name for text in query.getlist("scenario") if (name := text.strip())))
    chosen = MechanismQuery(**given, scenario=scenarios)
    most = settings.sentence_characters_most
    if len(chosen.sentence) > most:
        raise FieldError("sentence", f"it has {len(chosen.sentence)} characters; the limit here is {most}")
    if chosen.patients and whole_number("patients", chosen.patients, "200") > settings.patients_most:
        raise FieldError("patients", f"at most {settings.patients_most} here; the command line takes more")
    cursor_h(chosen)
    return chosen


def cursor_h(query: MechanismQuery, last_h: float | None = None) -> float:
    """The time of the cursor, h. Raises InputError where it is none, or after the end `last_h`."""
    from ketascope.report.format import duration

    time_h = span_h("at", query.at or TIME)
    if last_h is not None and time_h > last_h:
        raise FieldError("at", f"{duration(time_h)} is after the end of what is simulated, {duration(last_h)}")
    return time_h


def follow(query: MechanismQuery) -> Followed:
    """Simulate what a query asks for. Raises InputError for what cannot be used."""
    from ketascope.one_regimen import simulate

    result = simulate(
        query.sentence or first_sentence(),
        indication=query.indication or None,
        weight_kg=number("weight", query.weight, "70") if query.weight else None,
        age_years=number("age", query.age, "40") if query.age else None,
        until_h=span_h("until", query.until) if query.until else None,
        patients=whole_number("patients", query.patients, "200") if query.patients else PATIENTS,
        seed=whole_number("seed", query.seed, "0") if query.seed else None,
        sampling=query.sampling or None,
        scenarios=query.scenario,
    )
    return Followed(result.document(), result.rows)


def first_sentence() -> str:
    """The dose that is followed where none is given: the first preset that is one."""
    from ketascope.regimen import load_presets

    return next(option.sentence for option in load_presets() if option.sentence)
