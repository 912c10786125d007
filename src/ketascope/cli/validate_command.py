"""`ketascope validate`."""

from __future__ import annotations

import click

from ketascope.cli.options import FileName
from ketascope.errors import InputError


@click.command("validate")
@click.option("--sampling", metavar="SITE", help="Only concentrations sampled here, venous or arterial, and no trials.")
@click.option("--json", "as_json", is_flag=True, help="Print the ledger as JSON.")
@click.option(
    "--markdown",
    "markdown_file",
    type=FileName("ledger.md"),
    metavar="FILE",
    help="Write the ledger as a Markdown page.",
)
@click.option(
    "--estimation",
    "estimation_file",
    type=FileName("estimation.md"),
    metavar="FILE",
    help="Write the page on the fit of the pooled model, with its figures in a folder beside it.",
)
@click.option(
    "--trial-estimation",
    "trial_estimation_file",
    type=FileName("trial-estimation.md"),
    metavar="FILE",
    help="Write the page on the fit to the trials, with its figures in a folder beside it.",
)
def command(
    sampling: str | None,
    as_json: bool,
    markdown_file: str | None,
    estimation_file: str | None,
    trial_estimation_file: str | None,
) -> None:
    """Hold the model against published concentrations and trials: predicted against observed, row by row."""
    from ketascope.cli.output import check_writable, print_json
    from ketascope.evidence.pk_ledger import validate

    pages = {"markdown": markdown_file, "estimation": estimation_file, "trial-estimation": trial_estimation_file}
    check_writable(**pages)
    if estimation_file and sampling:
        raise InputError("--estimation: its page holds both sites; write it without --sampling")
    if trial_estimation_file and sampling:
        raise InputError("--trial-estimation: trials have no sampling site; write its page without --sampling")
    document = validate(sampling)
    if markdown_file:
        from ketascope.report.ledger import write_markdown

        write_markdown(markdown_file, document)
    if estimation_file:
        from ketascope.report.estimation import write_estimation

        write_estimation(estimation_file, document)
    if trial_estimation_file:
        from ketascope.evidence.symptom_trials.posterior import load_record
        from ketascope.report.trial_estimation import write_trial_estimation

        write_trial_estimation(trial_estimation_file, load_record())
    if as_json:
        print_json(document)
        return
    from ketascope.report.ledger import print_ledger

    print_ledger(document)
