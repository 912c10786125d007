"""`ketascope import`."""

from __future__ import annotations

import click


@click.command("import")
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print the regimens as JSON.")
def command(file: str, as_json: bool) -> None:
    """Read a NONMEM-style event table: each person's dose sentence and doses.

    FILE is a CSV file with TIME (h), AMT (mg), DRUG and ROUTE, and where there are several people ID; ADDL and II make
    repeated doses, RATE infusions. Columns and rows that say nothing of doses are named.

    Example: ketascope import doses.csv
    """
    from ketascope.exchange.importing import import_events

    document = import_events(file).document()
    if as_json:
        from ketascope.cli.output import print_json

        print_json(document)
        return
    from ketascope.report.import_report import print_import

    print_import(document)
