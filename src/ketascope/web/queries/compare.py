"""What the comparison page reads from its query string."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from ketascope.errors import InputError, did_you_mean
from ketascope.web.queries.fields import FieldError, Problem, number, problem_of, single_values, span_h, whole_number

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from ketascope.comparison import Comparison
    from ketascope.regimen import Option
    from ketascope.web.settings import Settings

PATIENTS = 500
"""Virtual patients where none are asked for: enough for the width of a band, quick enough to wait for."""
INDICATION = "gad"
AT = "28d"
READINGS = {"trials": "as trials report it", "expectancy": "if the fast part is expectancy"}
_SCENARIOS = {"trials": (), "expectancy": ("expectancy",)}
FIRST_OPTIONS = ("iv-single", "iv-six", "nasal-84", "sl", "oral", "ssri", "placebo", "none")
"""Presets that are compared where nothing is chosen: a single and a repeated course, each kind of route, references."""
_OF_PERSON = ("weight_kg", "age_years", "hepatic", "interactions")
_SEVERAL = ("option", "sentence", "interaction")


class CompareQuery(BaseModel):
    """Options side by side for one kind of person; what is left empty has the library's default."""

    model_config = ConfigDict(frozen=True)

    indication: str = Field("", description="gad, sad, ptsd, ocd or mdd")
    weight: str = Field("", description="body weight in kg, 20 to 300")
    age: str = Field("", description="age in years, 18 or over")
    hepatic: str = Field("", description="liver function: normal, mild or moderate (impairment)")
    interaction: tuple[str, ...] = Field((), description="another medicine that changes exposure; several times")
    option: tuple[str, ...] = Field((), description="a preset by its id, such as iv-single; several times")
    sentence: tuple[str, ...] = Field((), description="a dose sentence of your own; several times")
    until: str = Field("", description="simulated time, such as 8wk")
    reading: str = Field("", description="trials (benefit as they report it) or expectancy (without the fast part)")
    patients: str = Field("", description="virtual patients; 0 is the typical one")
    seed: str = Field("", description="same seed, same numbers")
    at: str = Field("", description="time of the natural frequencies: 2h, 24h, 7d, 28d or 56d")

    @property
    def canonical(self) -> str:
        """The query string that means the same: what was given, in the order of the fields."""
        return self._encoded(exclude=set())

    @property
    def computed(self) -> str:
        """The same without what changes the page alone, not the numbers."""
        return self._encoded(exclude={"at"})

    @property
    def chosen_options(self) -> tuple[str, ...]:
        """Ids of the presets in the comparison."""
        return self.option if self.option or self.sentence else FIRST_OPTIONS

    def changed(self, **values: Any) -> str:
        """The query string with some fields changed and the rest kept."""
        return self.model_copy(update=values).canonical

    def _encoded(self, exclude: set[str]) -> str:
        return urlencode(self.model_dump(exclude_defaults=True, exclude=exclude), doseq=True)


class Refused(InputError):
    """A query that cannot be used, with a problem for each field that is wrong."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems; the message is the first of them."""
        self.problems = problems
        super().__init__(problems[0].line)


def read_compare(query: QueryParams) -> CompareQuery:
    """The query as it was given. Raises InputError for an unknown parameter or one that stands twice."""
    given: dict[str, Any] = single_values(query, tuple(CompareQuery.model_fields), several=_SEVERAL)
    for name in _SEVERAL:
        given[name] = tuple(dict.fromkeys(text for each in query.getlist(name) if (text := each.strip())))
    return CompareQuery(**given)


def check_compare(query: CompareQuery, settings: Settings) -> None:
    """Check what can be told without computing. Raises Refused with everything that is wrong."""
    problems = [_problem(check, query, settings) for check in (_check_choices, _check_numbers, _check_count)]
    found = [each for each in problems if each] + _sentence_problems(query, settings)
    if found:
        raise Refused(tuple(found))


def comparison_of(query: CompareQuery) -> Comparison:
    """The comparison that a checked query asks for. Raises Refused for what the library cannot use."""
    from ketascope.comparison import compare

    presets = {option.id: option for option in presets_of(query)}
    try:
        return compare([*(presets[name] for name in query.chosen_options), *query.sentence], **choices(query))
    except InputError as error:
        raise Refused((problem_of(error, tuple(CompareQuery.model_fields)),)) from None


def choices(query: CompareQuery) -> dict[str, Any]:
    """The arguments of `compare` and of `simulate` besides what is given."""
    return {
        "indication": query.indication or None,
        "weight_kg": number("weight", query.weight, "70") if query.weight else None,
        "age_years": number("age", query.age, "40") if query.age else None,
        "hepatic": query.hepatic or "normal",
        "interactions": query.interaction,
        "until_h": span_h("until", query.until) if query.until else None,
        "patients": whole_number("patients", query.patients, "500") if query.patients else PATIENTS,
        "seed": whole_number("seed", query.seed, "0") if query.seed else None,
        "scenarios": _SCENARIOS.get(query.reading or "trials", ()),
    }


def presets_of(query: CompareQuery) -> tuple[Option, ...]:
    """The presets to choose from; those of the default where the indication is none."""
    from ketascope.model.symptoms import load_indication
    from ketascope.regimen import load_presets

    try:
        return load_presets(load_indication(query.indication or INDICATION).name)
    except InputError:
        return load_presets(INDICATION)


def _problem(check: Any, query: CompareQuery, settings: Settings) -> Problem | None:
    try:
        check(query, settings)
    except InputError as error:
        return problem_of(error, tuple(CompareQuery.model_fields))
    return None


def _check_choices(query: CompareQuery, settings: Settings) -> None:
    from ketascope.model.symptoms import load_indication
    from ketascope.report.one_time import visit_names

    load_indication(query.indication or INDICATION)
    known = {
        "option": (query.option, tuple(option.id for option in presets_of(query))),
        "reading": ((query.reading or "trials",), tuple(READINGS)),
        "at": ((query.at or AT,), visit_names()),
    }
    for field, (given, names) in known.items():
        for name in given:
            if name not in names:
                hint = did_you_mean(name, names)
                raise FieldError(field, f"'{name[:40]}' is unknown{hint} Known: {', '.join(names)}")


def _check_numbers(query: CompareQuery, settings: Settings) -> None:
    from ketascope.people import Person

    given = choices(query)
    Person(**{name: given[name] for name in _OF_PERSON if given[name] is not None})
    if given["patients"] > settings.patients_most:
        raise FieldError("patients", f"at most {settings.patients_most} here; the command line takes more")


def _check_count(query: CompareQuery, settings: Settings) -> None:
    count = len(query.chosen_options) + len(query.sentence)
    if count > settings.options_most:
        raise FieldError("option", f"{count} options are chosen; at most {settings.options_most} fit side by side here")


def _sentence_problems(query: CompareQuery, settings: Settings) -> list[Problem]:
    """One problem a sentence, at `sentence-1` and so on, with the text around the wrong word."""
    return [
        found
        for place, sentence in enumerate(query.sentence, start=1)
        if (found := _sentence_problem(f"sentence-{place}", sentence, query, settings))
    ]


def _sentence_problem(field: str, sentence: str, query: CompareQuery, settings: Settings) -> Problem | None:
    from ketascope.one_regimen import doses_in_time
    from ketascope.regimen import parse

    if len(sentence) > settings.sentence_characters_most:
        most = settings.sentence_characters_most
        return Problem(f"it has {len(sentence)} characters; the limit here is {most}", field)
    try:
        regimen = parse(sentence)
    except InputError as error:
        found = problem_of(error, (), sentence)
        return Problem(found.line, field, found.before, found.word, found.after)
    try:
        # Some limits are per kg; a wrong weight or time has a line of its own.
        given = choices(query)
    except InputError:
        return None
    try:
        doses_in_time(regimen, given["weight_kg"], given["until_h"])
    except InputError as error:
        return Problem(str(error), field)
    return None
