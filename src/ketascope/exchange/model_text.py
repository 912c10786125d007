"""A model under construction as Antimony text, with a note for every quantity in it.

Antimony (Smith 2009, doi:10.1093/bioinformatics/btp401) is a text form of SBML; it has no place for notes, so those are
kept beside the text and set into the SBML afterwards (`sbml_notes`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ketascope.files import packaged_toml
from ketascope.model.parameter_store import Parameter, ParameterSet
from ketascope.regimen.spans import number_text

Facts = Mapping[str, str]  # what a note says: heading -> text

NO_UNIT = "dimensionless"


@dataclass(frozen=True)
class Note:
    """What is said of one element of the model: its name for readers, and facts in order."""

    name: str
    facts: Facts


@lru_cache(maxsize=1)
def sbml_units() -> dict[str, Any]:
    """Units of the exported model (see the head of `sbml_units.toml`)."""
    return packaged_toml("exchange/sbml_units.toml")


def unit_name(text: str) -> str:
    """The model's name of a unit that a data row states in words: the unit comes first, then what it is of."""
    first = re.split(r"[\s,;]", text.strip(), maxsplit=1)[0]
    name: str = sbml_units()["written"].get(first, NO_UNIT)
    return name


class ModelText:
    """Antimony statements in the order they were added; every name is declared once.

    parameters: the rows of the model; individual: each row's value in this person, by full name.
    """

    def __init__(self, parameters: ParameterSet, individual: Mapping[str, float]) -> None:
        self.notes: dict[str, Note] = {}
        self._parameters = parameters
        self._individual = individual
        self._lines: dict[str, list[str]] = {}
        self._section = ""

    def section(self, title: str) -> None:
        """What follows belongs under this heading."""
        self._section = title

    def row(self, name: str) -> str:
        """A parameter row with the person's own value; returns its identifier."""
        return self._row(name, self._individual[name])

    def central(self, name: str) -> str:
        """A parameter row with its central value, for what is said of a population; returns its identifier."""
        return self._row(name, self._parameters.value(name))

    def _row(self, name: str, value: float) -> str:
        row = self._parameters[name]
        identifier = name.replace(".", "_")
        self.number(identifier, value, unit_name(row.unit), Note(name, row_facts(row, value)))
        return identifier

    def number(self, identifier: str, value: float, unit: str, note: Note) -> str:
        """A constant with a number."""
        assert math.isfinite(value), identifier
        return self._declare(identifier, f"const {identifier} = {number_text(value)}", unit, note)

    def conversion(self, identifier: str) -> str:
        """A constant that turns one unit into another."""
        row = sbml_units()["conversion"][identifier]
        note = Note(identifier, {"meaning": "conversion of units"})
        return self.number(identifier, row["value"], row["unit"], note)

    def constant(self, identifier: str, formula: str, unit: str, meaning: str) -> str:
        """A constant that follows from others."""
        note = Note(identifier, {"meaning": meaning, "computed as": formula})
        return self._declare(identifier, f"const {identifier} = {formula}", unit, note)

    def rule(self, identifier: str, formula: str, unit: str, meaning: str) -> str:
        """A quantity that follows from the states at every time."""
        return self._declare(identifier, f"var {identifier} := {formula}", unit, Note(identifier, {"meaning": meaning}))

    def state(self, identifier: str, start: float, rate: str, unit: str, meaning: str) -> str:
        """A quantity with a differential equation of its own."""
        self._declare(
            identifier, f"var {identifier} = {number_text(start)}", unit, Note(identifier, {"meaning": meaning})
        )
        self._add(f"{identifier}' = {rate}")
        return identifier

    def switch(self, identifier: str, unit: str, meaning: str) -> str:
        """A quantity that is 0 until an event changes it."""
        return self._declare(identifier, f"var {identifier} = 0", unit, Note(identifier, {"meaning": meaning}))

    def compartment(self, identifier: str, volume: str, meaning: str) -> str:
        """A place of a volume (the identifier of a parameter in litres)."""
        return self._declare(
            identifier, f"compartment {identifier} = {volume}", None, Note(identifier, {"meaning": meaning})
        )

    def amount(self, identifier: str, compartment: str, meaning: str) -> str:
        """An amount in mg, 0 at the start."""
        line = f"substanceOnly species {identifier} in {compartment} = 0"
        return self._declare(identifier, line, None, Note(identifier, {"meaning": meaning}))

    def flow(self, source: str, target: str, rate_mg_per_h: str) -> None:
        """Amount per hour from one species to another; '' stands for outside."""
        name = f"from_{source or 'outside'}_to_{target or 'outside'}"
        self._add(f"{name}: {source} => {target}; {rate_mg_per_h}")

    def event(self, name: str, trigger: str, changes: Mapping[str, str]) -> None:
        """Once, when `trigger` becomes true (at time 0 too): identifier -> what is added to it.

        Values are taken when the event is executed, not when it was triggered, so that events at one time add up.
        """
        assignments = ", ".join(f"{target} = {target} + {added}" for target, added in changes.items())
        self._add(f"{name}: at ({trigger}), t0=false, fromTrigger=false, persistent=true: {assignments}")

    def _declare(self, identifier: str, line: str, unit: str | None, note: Note) -> str:
        if identifier in self.notes:
            # A row may be read by several equations; it must say the same everywhere.
            assert self.notes[identifier] == note, identifier
            return identifier
        self.notes[identifier] = note
        self._add(line)
        if unit is not None:
            self._add(f"{identifier} has {unit}")
        return identifier

    def _add(self, line: str) -> None:
        self._lines.setdefault(self._section, []).append(line)

    def antimony(self, model: str) -> str:
        """The whole model of that name."""
        units = [f"unit {name} = {definition}" for name, definition in sbml_units()["definition"].items()]
        parts = [f"model *{model}()", *(f"  {line};" for line in units)]
        for title, lines in self._lines.items():
            parts += [f"  // {title}", *(f"  {line};" for line in lines)]
        return "\n".join([*parts, "end", ""])


def row_facts(row: Parameter, value: float) -> dict[str, str]:
    """A parameter row in the words of its note; the person's own value where it is another one."""
    facts = {"value": f"{row.value:.12g}", "unit": row.unit, "population": row.population}
    if value != row.value:
        facts["value in this person"] = f"{value:.12g}"
    facts |= {"source": row.source, "grade": row.grade}
    return facts | ({"note": row.note} if row.note else {})
