"""`ketascope validate`."""

from __future__ import annotations

import click

from ketascope.cli.options import FileName


@click.command("validate")
@click.option("--sampling", metavar="SITE", help="Only rows sampled here: venous, arterial or unknown.")
@click.option("--json", "as_json", is_flag=True, help="Print the ledger as JSON.")
@click.option(
    "--markdown",
    "markdown_file",
    type=FileName("ledger.md"),
    metavar="FILE",
    help="Write the ledger as a Markdown page.",
)
def command(sampling: str | None, as_json: bool, markdown_file: str | None) -> None:
    """Hold the model against published concentrations: predicted against observed, row by row."""
    from ketascope.cli.output import check_writable, print_json
    from ketascope.evidence.pk_ledger import validate

    check_writable(markdown=markdown_file)
    document = validate(sampling)
    if markdown_file:
        from ketascope.report.ledger import write_markdown

        write_markdown(markdown_file, document)
    if as_json:
        print_json(document)
        return
    from ketascope.report.ledger import print_ledger

    print_ledger(document)
