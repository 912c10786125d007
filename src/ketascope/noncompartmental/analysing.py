"""The verb `nca`: figures of every person, analyte and occasion, and their summaries."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ketascope._version import __version__
from ketascope.errors import InputError
from ketascope.files import csv_text
from ketascope.noncompartmental.crosswalk import TOOLS, name_in, names
from ketascope.noncompartmental.options import (
    AREA_RULES,
    BELOW_LIMIT_RULES,
    DEFAULT_OPTIONS,
    FLAG_MEANINGS,
    MEASURED,
    OCCASION_FLAG_MEANINGS,
    NcaOptions,
)

if TYPE_CHECKING:
    from ketascope.noncompartmental.samples import Series
    from ketascope.one_regimen import Simulation

CSV_COLUMNS = ("id", "analyte", "occasion", "quantity", "label", "unit", "value", *TOOLS, "flags")
NOT_SUMMARISED = ("occasion", "dose_time_h", "intravenous", "infusion_h", "samples", "auc_method", "flags")


@dataclass(frozen=True)
class Analysis:
    """The result: `document()` is what `ketascope nca --json` prints; `csv()` one row a figure with its other names."""

    contract: dict[str, Any]

    def document(self) -> dict[str, Any]:
        """The analysis as plain data."""
        return self.contract

    def csv(self) -> str:
        """One row for every person, analyte, occasion and figure; an empty value where there is none, flags say why."""
        rows = []
        for profile in self.contract["profiles"]:
            who = {key: profile[key] for key in ("id", "analyte", "occasion")}
            for quantity in quantities(self.contract["profiles"]):
                row = names().get(quantity, {"label": quantity, "unit": _unit(quantity)})
                other = {tool: name_in(tool, quantity, profile["intravenous"]) for tool in TOOLS}
                figures = {"quantity": quantity, "label": row["label"], "unit": row["unit"], **other}
                rows.append({**who, **figures, "value": profile.get(quantity), "flags": ";".join(profile["flags"])})
        return csv_text(CSV_COLUMNS, rows)


def _unit(quantity: str) -> str:
    return "mg" if quantity == "dose_mg" else "ng h/mL" if quantity.endswith("ng_h_per_ml") else "h"


def nca(
    data: str | os.PathLike[str] | Simulation,
    *,
    options: NcaOptions | None = None,
    unit: str | None = None,
    dose_mg: float | None = None,
    intravenous: bool = False,
    by: Sequence[str] = (),
) -> Analysis:
    """Non-compartmental analysis of a table of samples and doses, or of a simulation.

    data: a CSV file (see `samples`), or what `simulate` returned. unit: of DV where the table has no UNIT
    (default ng/mL); a UNIT that says otherwise is an error. dose_mg: one dose given to everybody at 0 h, for a table
    without dose rows. intravenous: doses whose rows give no ROUTE went into a vein. by: columns of the table that make
    groups for the summaries, beside analyte and occasion. Figures are in ng/mL, h, L and L/h; each occasion lists the
    flags it raised. Raises InputError with the row and column of what cannot be used.
    """
    from ketascope.noncompartmental.samples import Choices, read_series, simulated_series
    from ketascope.one_regimen import Simulation
    from ketascope.regimen.catalogue import input_limit
    from ketascope.regimen.records import NG_PER_ML, UNITS

    if unit is not None and unit.casefold() not in NG_PER_ML:
        raise InputError(f"unit '{unit}' is unknown; write {UNITS}")
    most_mg = input_limit("table_number_most")
    if dose_mg is not None and not input_limit("table_number_least") <= dose_mg <= most_mg:
        raise InputError(f"dose {dose_mg:g} mg: must be above 0, and at most {most_mg:g}")
    columns = tuple(column.upper() for column in by)
    defaulted: list[str] = []
    if isinstance(data, Simulation):
        if unit is not None or dose_mg is not None or columns or intravenous:
            raise InputError("a simulation has its unit, doses and routes; leave unit, dose, intravenous and by out")
        series = simulated_series(data)
        chosen = options or DEFAULT_OPTIONS
        source = data.document()["sentence"]
    else:
        series = read_series(data, Choices(unit, dose_mg, intravenous, columns))
        chosen = options or MEASURED
        source = os.path.basename(os.fspath(data))
        defaulted = ["unit"] if unit is None and any(one.lacks_unit for one in series) else []
    profiles = [row for one in series for row in _profiles(one, chosen)]
    return Analysis(_document(profiles, chosen, columns, source, defaulted))


def _profiles(series: Series, options: NcaOptions) -> list[dict[str, Any]]:
    from ketascope.model.pharmacokinetics import METABOLITES
    from ketascope.noncompartmental.occasion import analyse_occasion, occasions_of

    is_metabolite = series.analyte.lower().removeprefix("s_").removeprefix("r_") in METABOLITES
    rows, end = [], None
    for occasion in occasions_of(series):
        if not occasion.samples:
            continue
        figures, end = analyse_occasion(occasion, options, end, is_metabolite)
        rows.append({"id": series.id, "analyte": series.analyte, **series.columns, **figures})
    return rows


def quantities(profiles: Sequence[dict[str, Any]]) -> list[str]:
    """Names of the figures in these profiles, in the order of names.toml, those without a row there at the end."""
    present = {key for profile in profiles for key, value in profile.items() if isinstance(value, int | float)}
    present -= {*NOT_SUMMARISED}
    ordered = [name for name in names() if name in present]
    return ordered + sorted(present - set(ordered))


def _document(
    profiles: Sequence[dict[str, Any]], options: NcaOptions, by: Sequence[str], source: str, defaulted: Sequence[str]
) -> dict[str, Any]:
    from ketascope.noncompartmental.summaries import group_summaries

    meanings = FLAG_MEANINGS | OCCASION_FLAG_MEANINGS
    raised = [code for code in meanings if any(code in profile["flags"] for profile in profiles)]
    figures = [name for name in quantities(profiles) if name != "dose_mg"]
    chosen = asdict(options)
    return {
        "version": __version__,
        "source": source,
        "options": chosen | {"intervals_h": [list(pair) for pair in options.intervals_h]},
        "rules": {
            "areas": AREA_RULES[options.area_rule],
            "below_limit": BELOW_LIMIT_RULES[options.below_limit_rule],
            "terminal": f"log-linear fit of the last {options.fewest_terminal_points} or more points after the peak "
            "with the best adjusted R2",
        },
        "defaulted": list(defaulted),
        "groups": ["analyte", "occasion", *by],
        "profiles": list(profiles),
        "summary": group_summaries(profiles, ["analyte", "occasion", *by], figures),
        "flags": [
            {"code": code, "message": meanings[code], "profiles": sum(code in row["flags"] for row in profiles)}
            for code in raised
        ],
        "names": {name: names()[name] for name in quantities(profiles) if name in names()},
    }
