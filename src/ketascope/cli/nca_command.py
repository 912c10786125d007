"""`ketascope nca`."""

from __future__ import annotations

from typing import Any

import click

from ketascope.cli.options import FileName, Number, Times
from ketascope.errors import InputError


@click.command("nca")
@click.argument("file", metavar="DATA.csv", required=False)
@click.option("--unit", metavar="UNIT", help="Of DV without a column UNIT: ng/mL or mg/L.  [default: ng/mL]")
@click.option(
    "--dose", "dose_mg", type=Number("320"), metavar="MG", help="One dose at 0 h for all, where no row is one."
)
@click.option("--iv", "intravenous", is_flag=True, help="Doses without a ROUTE went into a vein.")
@click.option("--by", "by", multiple=True, metavar="COLUMN", help="A column that makes groups; may be repeated.")
@click.option(
    "--area",
    "area_rule",
    metavar="RULE",
    help="linear-up/log-down or linear trapezoids.  [default: linear-up/log-down]",
)
@click.option(
    "--blq",
    "below_limit_rule",
    metavar="RULE",
    help="Values below the limit: zero-then-missing, zero or missing.  [default: zero-then-missing]",
)
@click.option(
    "--interval",
    "intervals",
    multiple=True,
    type=Times(),
    metavar="FROM,TO",
    help="A further area, such as 0h,24h after the dose; may be repeated.",
)
@click.option("--names", "show_names", is_flag=True, help="Print what other tools call each figure, and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print the analysis as JSON.")
@click.option("--csv", "csv_file", type=FileName("nca.csv"), metavar="FILE", help="Write every figure to this file.")
def command(
    file: str | None,
    area_rule: str | None,
    below_limit_rule: str | None,
    intervals: tuple[tuple[float, ...], ...],
    show_names: bool,
    as_json: bool,
    csv_file: str | None,
    **choices: Any,
) -> None:
    """Non-compartmental analysis of measured concentrations.

    DATA.csv is NONMEM-style: ID TIME DV, and AMT with EVID, ADDL, II, RATE, ROUTE for doses. Every occasion (from a
    dose to the next one) is analysed; doubtful figures carry a flag.

    Example: ketascope nca data.csv --unit mg/L --dose 320
    """
    from ketascope.cli.output import check_writable, print_json

    if show_names:
        from ketascope.report.nca_report import print_names

        print_names()
        return
    if file is None:
        raise InputError("nca needs a data file, such as 'ketascope nca data.csv'")
    check_writable(file, csv=csv_file)
    from dataclasses import replace

    from ketascope.noncompartmental.analysing import nca
    from ketascope.noncompartmental.options import MEASURED

    options = replace(
        MEASURED,
        area_rule=area_rule or MEASURED.area_rule,
        below_limit_rule=below_limit_rule or MEASURED.below_limit_rule,
        intervals_h=tuple(_pair(interval) for interval in intervals),
    )
    analysis = nca(file, options=options, **choices)
    document = analysis.document()
    if csv_file is not None:
        from ketascope.files import write_aside

        write_aside(csv_file, analysis.csv())
    if as_json:
        print_json(document)
        return
    from ketascope.report.nca_report import print_analysis

    print_analysis(document)


def _pair(times_h: tuple[float, ...]) -> tuple[float, float]:
    if len(times_h) != 2:
        raise InputError(f"--interval: {len(times_h)} times; write two, such as 0h,24h")
    return times_h[0], times_h[1]
