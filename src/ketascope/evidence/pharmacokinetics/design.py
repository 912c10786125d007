"""What has to be computed to predict a set of observed rows: regimens, their inputs, and points in time.

A regimen seen in one plasma at one weight and in one study is a column. A point is a column at a time; a row asks for
one point (a concentration), for the area up to one, for the largest or the time of the largest of several, or for a
ratio of areas.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ketascope.evidence.pk_observed import ANALYTES, ObservedRow
from ketascope.model.absorption import CENTRAL, InputPlan, plan_inputs
from ketascope.model.exposure import enantiomer_composition
from ketascope.model.plasma import plasma
from ketascope.regimen import parse, routes

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.parameter_store import ParameterSet

FOREVER_H = 1e4
"""Long after the last dose: the area to here is the whole area."""
PEAK_POINTS = 32
PEAK_FIRST_H, PEAK_LAST_H = 0.05, 14.0
"""Peaks of absorbed doses are looked for at this many times between these, after the last dose."""


@dataclass(frozen=True)
class Column:
    """One regimen in one study: what is given, to whom, seen where."""

    sentence: str
    weight_kg: float
    site: str
    study: str


@dataclass(frozen=True)
class Task:
    """How one row is predicted: a kind, and its points (numbers in `Design.points`)."""

    kind: str
    analyte: str
    points: tuple[int, ...]
    reference: int = -1
    dose_mg: float = 0.0
    other: str = ""
    corners: int = 0  # leading points that are ends of infusions


@dataclass
class Design:
    """Columns, points and tasks, in the order in which they were asked for."""

    parameters: ParameterSet
    columns: list[Column] = field(default_factory=list)
    points: list[tuple[int, float, bool]] = field(default_factory=list)  # column, time in h, area instead of level
    tasks: list[Task] = field(default_factory=list)
    _column_of: dict[Column, int] = field(default_factory=dict)
    _point_of: dict[tuple[int, float, bool], int] = field(default_factory=dict)

    def column(self, column: Column) -> int:
        """The column's number, added where it is new."""
        if column not in self._column_of:
            self._column_of[column] = len(self.columns)
            self.columns.append(column)
        return self._column_of[column]

    def point(self, column: int, time_h: float, area: bool) -> int:
        """The point's number, added where it is new."""
        key = (column, time_h, area)
        if key not in self._point_of:
            self._point_of[key] = len(self.points)
            self.points.append(key)
        return self._point_of[key]

    def add(self, row: ObservedRow, study: str) -> None:
        """Add one observed row. Raises ValueError for a kind that has no prediction."""
        assert row.weight_kg is not None
        site = "arterial" if row.sampling_used == "arterial" else "venous"
        column = self.column(Column(row.sentence, row.weight_kg, site, study))
        self.tasks.append(self._task(row, column))

    def _task(self, row: ObservedRow, column: int) -> Task:
        kind = row.statistic_kind
        if kind == "concentration" and row.sample_time_h is not None:
            return Task(kind, row.analyte_key, (self.point(column, row.sample_time_h, False),))
        if kind == "auc" and row.auc_to_h is not None:
            return Task(kind, row.analyte_key, (self.point(column, row.auc_to_h, True),))
        if kind in ("cmax", "tmax"):
            ends, after = self.peak_times_h(column)
            points = tuple(self.point(column, time, False) for time in (*ends, *after))
            return Task(kind, row.analyte_key, points, corners=len(ends))
        if kind == "auc_ratio" and row.auc_to_h is not None:
            above, _, below = row.analyte_key.partition(":")
            return Task(kind, above, (self.point(column, row.auc_to_h, True),), other=below)
        if kind in ("f", "cl"):
            return self._whole_area_task(row, column)
        raise ValueError(f"row '{row.row_id}': no prediction for '{kind}'")

    def _whole_area_task(self, row: ObservedRow, column: int) -> Task:
        here = self.columns[column]
        drug = parse(here.sentence).doses(here.weight_kg)[0].drug
        dose_mg = sum(dose.amount_mg for dose in parse(here.sentence).doses(here.weight_kg))
        infusion = Column(f"{drug} {dose_mg:.12g} mg IV over 60 min", here.weight_kg, here.site, here.study)
        reference = self.point(self.column(infusion), FOREVER_H, True)
        own = self.point(column, FOREVER_H, True)
        share = enantiomer_composition()[drug]
        analytes = ANALYTES[row.analyte_key]
        given = sum(dose_mg * share["sr".index(name[0])] for name in analytes)
        return Task(row.statistic_kind, row.analyte_key, (own,), reference, given)

    def peak_times_h(self, column: int) -> tuple[list[float], list[float]]:
        """Times at which a peak is looked for: ends of infusions; series after the last dose and its release."""
        import numpy as np

        here = self.columns[column]
        doses = parse(here.sentence).doses(here.weight_kg)
        last = doses[-1]
        ends = [dose.time_h + dose.duration_h for dose in doses if routes()[dose.route].into_vein and dose.duration_h]
        inputs = [event for event in self.plan(column).events if event.column != CENTRAL and event.duration_h > 0.0]
        released = {event.start_h + event.duration_h for event in inputs if event.start_h >= last.time_h}
        series = [last.time_h + (last.duration_h or 0.0) + np.geomspace(PEAK_FIRST_H, PEAK_LAST_H, PEAK_POINTS)]
        series += [end + np.geomspace(PEAK_FIRST_H, PEAK_LAST_H / 4.0, PEAK_POINTS) for end in released]
        series.append(np.array(sorted(released)))
        return ends, [float(time) for time in np.unique(np.concatenate(series))]

    def plan(self, column: int) -> InputPlan:
        """Depots and inputs of a column."""
        here = self.columns[column]
        doses = parse(here.sentence).doses(here.weight_kg)
        return plan_inputs(doses, enantiomer_composition(), plasma(here.site), self.parameters.value)


def analyte_numbers(analyte: str) -> list[tuple[int, int]]:
    """(enantiomer, series) of each curve that an analyte is the sum of."""
    from ketascope.model.pharmacokinetics import SERIES

    return [("sr".index(name[0]), SERIES.index(name[2:])) for name in ANALYTES[analyte]]


def event_arrays(design: Design) -> dict[str, np.ndarray]:
    """One line for each (point, input that has started): the flat list that a prediction sums over.

    Keys: point, column, depot, elapsed_h, duration_h, mass_s, mass_r, fixed, absorbed, area.
    """
    import numpy as np

    lines: list[tuple[float, ...]] = []
    plans = [design.plan(column) for column in range(len(design.columns))]
    for number, (column, time_h, area) in enumerate(design.points):
        for event in plans[column].events:
            if event.start_h <= time_h:
                lines.append(
                    (number, column, event.column, time_h - event.start_h, event.duration_h)
                    + (*event.enantiomer_mg, event.fixed, event.absorbed, float(area))
                )
    table = np.asarray(lines, dtype=float)
    whole, real = (
        ("point", "column", "depot"),
        ("elapsed_h", "duration_h", "mass_s", "mass_r", "fixed", "absorbed", "area"),
    )
    arrays = {key: table[:, i].astype(int) for i, key in enumerate(whole)}
    return arrays | {key: table[:, len(whole) + i] for i, key in enumerate(real)}
