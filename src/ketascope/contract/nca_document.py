"""What `ketascope nca --json` prints."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from ketascope.contract.parts import Part


class Options(Part):
    """Every rule and threshold of the analysis."""

    fewest_terminal_points: int
    adjusted_r2_tolerance: float
    largest_extrapolated_percent: float
    shortest_span_half_lives: float
    lowest_share_of_peak: float
    area_rule: str
    below_limit_rule: str
    peak_in_terminal_fit: bool
    lowest_adjusted_r2: float
    largest_residual_share: float
    intervals_h: list[tuple[float, float]]


class Rules(Part):
    """The rules in words."""

    areas: str
    below_limit: str
    terminal: str


class _Open(BaseModel):
    """Named fields, and others of the kind that the class says."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)


class Profile(_Open):
    """One analyte of one person on one occasion, times from its dose.

    Further fields: figures by the names of `names` (null where there is none; `flags` say why), areas over intervals
    that were asked for, and the columns that make groups.
    """

    __pydantic_extra__: dict[str, float | str | None]
    id: str
    analyte: str
    occasion: int
    dose_time_h: float
    dose_mg: float | None
    intravenous: bool
    infusion_h: float
    samples: int
    flags: list[str]


class GroupSummary(_Open):
    """One figure in one group, over the people in it; further fields are the group's columns. low and high: its range.

    left_out: values that are zero or missing, which no geometric mean holds; it is null where all are, and the CV of
    one value is null.
    """

    __pydantic_extra__: dict[str, str]
    analyte: str
    occasion: int
    quantity: str
    n: int
    left_out: int
    geometric_mean: float | None
    geometric_cv_percent: float | None
    median: float
    low: float
    high: float


class ProfileFlag(Part):
    """A flag with the number of profiles that raised it."""

    code: str
    message: str
    profiles: int


class FigureName(Part):
    """A figure's label, its unit (empty where it has none), and what other tools call it."""

    label: str
    unit: str
    cdisc: str
    pknca: str
    winnonlin: str


class NcaDocument(Part):
    """Figures of every person, analyte and occasion; concentrations in ng/mL, times in h, volumes in L.

    source: the file's name, or the sentence that was simulated. defaulted: what nobody said. groups: the columns that
    summaries go by.
    """

    version: str
    source: str
    options: Options
    rules: Rules
    defaulted: list[Literal["unit"]]
    groups: list[str]
    profiles: list[Profile]
    summary: list[GroupSummary]
    flags: list[ProfileFlag]
    names: dict[str, FigureName]
