"""`ketascope parameters`."""

from __future__ import annotations

import click


@click.command("parameters")
@click.argument("name", required=False)
@click.option("--grade", metavar="GRADE", help="Only rows of this grade: established, plausible, assumed, ...")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def command(name: str | None, grade: str | None, as_json: bool) -> None:
    """Show every number of the model with unit, population, source and grade.

    NAME is a full name or the start of one: venous, absorption.oral_rate_per_h.
    """
    from dataclasses import asdict

    from ketascope.cli.output import print_json
    from ketascope.model.parameter_store import parameters

    rows = parameters(name, grade)
    if as_json:
        print_json({"parameters": [asdict(row) for row in rows]})
        return
    from ketascope.report.parameter_table import print_parameters

    print_parameters(rows)
