"""The verb `export`: a regimen and the model behind it in the formats of other tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ketascope.errors import InputError, unknown
from ketascope.exchange.event_tables import TABLES, event_table

if TYPE_CHECKING:
    from ketascope.regimen import Regimen

SBML = "sbml"
FORMATS = {SBML: "the whole model of the regimen, from doses to the score (SBML Level 3)"} | {
    name: table.label for name, table in TABLES.items()
}


def export(
    regimen: str | Regimen,
    format: str = SBML,  # noqa: A002 - the word that users of the command write
    *,
    indication: str | None = None,
    weight_kg: float | None = None,
    age_years: float | None = None,
    sex: str | None = None,
    hepatic: str = "normal",
    interactions: Sequence[str] = (),
    sampling: str | None = None,
    scenarios: Sequence[str] = (),
) -> str:
    """A regimen in a format of `FORMATS`, as text.

    sbml: the model of the typical patient with these covariates (arguments as for `simulate`), doses as events, every
    parameter with value, unit, population, source and grade. An event table depends on the weight alone, so it refuses
    the other arguments. Raises InputError for input that cannot be used, and where SBML is asked for without Antimony.
    """
    from ketascope.comparing.setting import DEFAULTS, make_setting
    from ketascope.one_regimen import doses_in_time
    from ketascope.regimen import parse

    check_format(format)
    given = {"indication": indication, "weight_kg": weight_kg, "age_years": age_years, "sampling": sampling}
    chosen = parse(regimen) if isinstance(regimen, str) else regimen
    doses_in_time(chosen, weight_kg, None)
    if format != SBML:
        others: dict[str, object] = {name: value for name, value in given.items() if name != "weight_kg"}
        others |= {"sex": sex, "hepatic": None if hepatic == "normal" else hepatic}
        others |= {"interaction": tuple(interactions) or None, "scenario": tuple(scenarios) or None}
        for name, value in others.items():
            if value is not None:
                plain = name.removesuffix("_years")
                raise InputError(f"{plain} changes nothing in an event table; leave it out, or write the format sbml")
        return event_table(chosen, float(DEFAULTS["weight_kg"] if weight_kg is None else weight_kg), format)
    from ketascope.exchange.sbml import check_antimony, sbml_model

    check_antimony()  # told before the reference states are solved
    setting = make_setting(given | {"patients": 0}, sex, hepatic, interactions, scenarios)
    return sbml_model(chosen, setting)


def check_format(name: str) -> None:
    """Raise InputError for an unknown format, with the nearest one."""
    if name not in FORMATS:
        raise InputError(unknown("format", name, FORMATS))
