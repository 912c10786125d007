"""One dose followed step by step: what every state is at a time, what each number rests on, where sources disagree."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ketascope.charts.axes import nearest_index
from ketascope.charts.mechanism import cursor_places, drawn_panels
from ketascope.comparing.flags import ASSUMED_GRADES
from ketascope.files import packaged_toml
from ketascope.model.parameter_store import GRADES
from ketascope.report.format import NOT_SHOWN, as_given, duration, interval
from ketascope.report.parameter_table import few_digits, label, spread_text

if TYPE_CHECKING:
    from ketascope.model.parameter_store import Parameter, ParameterSet

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One parameter row as texts. `replaced`: the default where a scenario set another value, else empty."""

    name: str
    words: str
    value: str
    grade: str
    is_assumed: bool
    population: str
    source: str
    spread: str
    note: str
    replaced: str


@dataclass(frozen=True)
class Course:
    """One curve of a step, with its text at every output time."""

    name: str
    label: str
    unit: str
    medians: tuple[str, ...]
    ends: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One step of the chain: its words, its curves, the grade that the chart gives it, and its parameter rows."""

    id: str
    title: str
    words: str
    grade: str
    courses: tuple[Course, ...]
    rows: tuple[Row, ...]

    @property
    def grades(self) -> str:
        """How many rows have which grade: `4 assumed, 2 established`."""
        counts = {grade: sum(row.grade == grade for row in self.rows) for grade in GRADES}
        return ", ".join(f"{count} {grade}" for grade, count in counts.items() if count)

    @property
    def assumed(self) -> int:
        """How many rows were assumed rather than measured or estimated."""
        return sum(row.is_assumed for row in self.rows)


@dataclass(frozen=True)
class Switch:
    """One scenario: what it says, what it replaces, and whether it is on."""

    name: str
    label: str
    source: str
    changes: tuple[str, ...]
    is_on: bool


@cache
def _texts() -> dict[str, Any]:
    return packaged_toml("report/mechanism_steps.toml")


def steps(simulation: Document, names: Collection[str]) -> list[Step]:
    """The steps of a simulation document; names: the parameter rows that it rests on."""
    from ketascope.model.parameter_store import load_parameters
    from ketascope.model.scenario import choose_model

    used, default = choose_model(simulation["scenarios"]).parameters, load_parameters()
    panels = {panel["title"]: panel for panel in drawn_panels(simulation)}
    owners = {prefix: step["id"] for step in _texts()["step"] for prefix in step["parameters"]}
    found = []
    for step in _texts()["step"]:
        panel = panels.get(step.get("panel", ""), {})
        rows = [_row(used, default, name) for name in sorted(names) if _owner(name, owners) == step["id"]]
        # Where each curve has a unit of its own the step lists its curves itself.
        wanted = panel.get("series", step.get("series", ()))
        courses = [_course(simulation, entry, panel) for entry in wanted if entry["name"] in simulation["series"]]
        if courses:
            grade = panel.get("grade", _weakest(rows))
            found.append(Step(step["id"], step["title"], step["words"], grade, tuple(courses), tuple(rows)))
    return found


def _owner(name: str, owners: Mapping[str, str]) -> str | None:
    fitting = [prefix for prefix in owners if name.startswith(prefix)]
    return owners[max(fitting, key=len)] if fitting else None


def _weakest(rows: Sequence[Row]) -> str:
    return max((row.grade for row in rows), key=GRADES.index, default="established")


def _course(simulation: Document, entry: Mapping[str, Any], panel: Mapping[str, Any]) -> Course:
    series, kind = simulation["series"][entry["name"]], entry.get("kind", panel.get("kind"))
    texts = [_text(values, str(kind)) for values in zip(series["median"], series["low"], series["high"], strict=True)]
    unit = entry.get("unit", panel.get("unit"))
    label = str(entry["label"]).partition(" (dashed)")[0]
    return Course(entry["name"], label, str(unit), tuple(text for text, _ in texts), tuple(ends for _, ends in texts))


def _text(values: tuple[float | None, ...], kind: str) -> tuple[str, str]:
    if values[0] is None:
        return NOT_SHOWN, ""
    return interval(dict(zip(("median", "low", "high"), values, strict=True)), kind)


def _row(used: ParameterSet, default: ParameterSet, name: str) -> Row:
    row, was = used[name], default[name].value
    return replace(plain_row(row), replaced="" if row.value == was else few_digits(was))


def plain_row(row: Parameter) -> Row:
    """A parameter row as texts, as it stands without a scenario."""
    return Row(
        name=row.name,
        words=label(row.name),
        value=_value(row),
        grade=row.grade,
        is_assumed=row.grade in ASSUMED_GRADES,
        population=row.population,
        source=row.source,
        spread=spread_text(row),
        note=row.note,
        replaced="",
    )


def cursor_index(simulation: Document, at_h: float) -> int:
    """The output time that is nearest to a time."""
    return nearest_index(simulation["times_h"], at_h)


def courses_beside(simulation: Document, other: Document, found: Sequence[Step]) -> dict[str, Course]:
    """Curves of another simulation by name, with their texts at the output times of the first."""
    places = [cursor_index(other, time_h) for time_h in simulation["times_h"]]
    return {
        course.name: replace(
            course,
            medians=tuple(course.medians[place] for place in places),
            ends=tuple(course.ends[place] for place in places),
        )
        for step in found
        for course in step.courses
    }


def cursor_data(simulation: Document, found: Sequence[Step], plain: Mapping[str, Course]) -> dict[str, Any]:
    """What a script needs to move the cursor: the output times in words and as a query has them, their places, and
    every curve's texts, those of the default model beside them.
    """
    courses = {course.name: course for step in found for course in step.courses}
    return {
        "times": time_labels(simulation),
        "at": [f"{time_h:.4g}h" for time_h in simulation["times_h"]],
        "places": [round(place, 2) for place in cursor_places(simulation)],
        "series": _script_texts(courses),
        "plain": _script_texts(plain),
    }


def _script_texts(courses: Mapping[str, Course]) -> dict[str, Any]:
    return {name: {"median": course.medians, "ends": course.ends} for name, course in courses.items()}


def time_labels(simulation: Document) -> list[str]:
    """Every output time in words."""
    return [duration(time_h) if time_h else "start" for time_h in simulation["times_h"]]


def stations(simulation: Document) -> list[tuple[str, str, int]]:
    """Times to jump to: as it is written in a query, in words, and its index; those labelled on the axis."""
    from ketascope.one_regimen import STANDARD_TIMES_H

    last_h = simulation["times_h"][-1]
    wanted = [time_h for time_h in STANDARD_TIMES_H if time_h <= last_h]
    return [
        (duration(time_h).replace(" ", ""), duration(time_h), cursor_index(simulation, time_h)) for time_h in wanted
    ]


def switches(active: Collection[str]) -> list[Switch]:
    """Every scenario with what it changes."""
    from ketascope.model.parameter_store import load_parameters
    from ketascope.model.scenario import DEFAULT_CONTROL, load_scenarios

    rows = load_parameters()
    found = []
    for name, scenario in load_scenarios().items():
        changes = [
            f"{label(row)}{_table_of(row, scenario['replaces'])}: {few_digits(value)} instead of "
            f"{few_digits(rows[row].value)} {rows[row].unit}"
            for row, value in scenario["replaces"].items()
        ]
        if "control" in scenario:
            changes.append(f"control: {scenario['control']} instead of {DEFAULT_CONTROL}")
        found.append(Switch(name, scenario["label"], scenario["source"], tuple(changes), name in active))
    return found


def _table_of(name: str, beside: Collection[str]) -> str:
    """The table of a row, where rows of several tables read the same."""
    is_alone = sum(label(other) == label(name) for other in beside) == 1
    return "" if is_alone else f" ({name.partition('.')[0].replace('_', ' and ')})"


def disagreeing_rows(names: Collection[str], scenarios: Sequence[str]) -> list[tuple[str, str, str, str, str]]:
    """Rows in use whose sources report a range: name, the same in words, value in use, the range, and the source."""
    from ketascope.model.scenario import choose_model

    used = choose_model(scenarios).parameters
    rows = (used[name] for name in sorted(names))
    return [
        (row.name, label(row.name), _value(row), f"{as_given(row.range[0])} to {as_given(row.range[1])}", row.source)
        for row in rows
        if row.range is not None
    ]


def _value(row: Parameter) -> str:
    return f"{few_digits(row.value)} {row.unit}"


def disagreement_words() -> Mapping[str, str]:
    """Sentences on further places where sources disagree: plasma and reported ranges."""
    words: Mapping[str, str] = _texts()["disagreement"]
    return words
