"""`ketascope evidence`, with `evidence show`, `evidence list` and `evidence check`."""

from __future__ import annotations

from typing import Any

import click

from ketascope.cli.options import FileName
from ketascope.cli.subcommands import Subcommands
from ketascope.errors import InputError


@click.group(
    "evidence",
    cls=Subcommands,
    otherwise="; an indication is written --indication NAME.",
    invoke_without_command=True,
    subcommand_metavar="[show STUDY | list | check]",
)
@click.option("--indication", metavar="NAME", help="gad, sad, ptsd, ocd, mdd, all, and others of the study tables.")
@click.option("--outcome", metavar="NAME", help="symptoms, response or remission.  [default: symptoms]")
@click.option("--treatment", metavar="NAME", help="ketamine, esketamine, ssri or snri.  [default: ketamine]")
@click.option(
    "--time", "window", metavar="NAME", help="primary, hours, day, week, month, quarter or longer.  [default: primary]"
)
@click.option("--measure", metavar="NAME", help="smd or md; or, rr for counts.  [default: as the scales allow]")
@click.option("--estimator", metavar="NAME", help="Of tau squared: REML, DL, PM, ML; FE for none.  [default: REML]")
@click.option("--test", metavar="NAME", help="KH (Knapp-Hartung) or z.  [default: KH]")
@click.option(
    "--studies", "studies_file", type=FileName("studies.csv"), metavar="FILE", help="Your own rows beside ours, as CSV."
)
@click.option("--json", "as_json", is_flag=True, help="Print the evidence as JSON.")
@click.option("--csv", "csv_file", type=FileName("evidence.csv"), metavar="FILE", help="Write the table as CSV.")
@click.option("--png", "png_file", type=FileName("forest.png"), metavar="FILE", help="Write the forest plot as PNG.")
@click.option("--svg", "svg_file", type=FileName("forest.svg"), metavar="FILE", help="Write the forest plot as SVG.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    as_json: bool,
    csv_file: str | None,
    png_file: str | None,
    svg_file: str | None,
    **choices: Any,
) -> None:
    """Show the trials of one indication, their pooled effect and how sure it is; without one, an overview.

    Example: ketascope evidence --indication ptsd --png forest.png
    """
    if ctx.invoked_subcommand is not None:
        given = {"json": as_json, "csv": csv_file, "png": png_file, "svg": svg_file}
        _refuse_options(ctx, {**given, **choices})
        return
    from ketascope.cli.output import check_writable, print_json
    from ketascope.evidence.summary import pooled_evidence

    check_writable(choices["studies_file"], csv=csv_file, png=png_file, svg=svg_file)
    for option, file in (("--png", png_file), ("--svg", svg_file)):
        if file and choices["indication"] is None:
            raise InputError(f"{option}: a forest plot needs one indication; write --indication NAME with it")
    document = pooled_evidence(**{name: value for name, value in choices.items() if value is not None})
    _write_files(document, csv_file, png_file, svg_file)
    if as_json:
        print_json(document)
        return
    from ketascope.report.evidence import print_evidence, print_overview

    (print_overview if "overview" in document else print_evidence)(document)
    for file in (csv_file, png_file, svg_file):
        if file:
            click.echo(f"written: {file}", err=True)


def _refuse_options(ctx: click.Context, values: dict[str, Any]) -> None:
    """Options stand after the subcommand they belong to; before it they would silently do nothing."""
    for name, value in values.items():
        if value:
            option = {"window": "time", "studies_file": "studies"}.get(name, name)
            raise InputError(f"--{option}: stands before {ctx.invoked_subcommand}; write options of it after the word")


def _write_files(document: dict[str, Any], csv_file: str | None, png_file: str | None, svg_file: str | None) -> None:
    if csv_file:
        from ketascope.report.evidence import write_evidence_csv

        write_evidence_csv(csv_file, document)
    if not (png_file or svg_file):
        return
    from ketascope.charts.forest import forest
    from ketascope.charts.render import render_svg
    from ketascope.files import write_aside
    from ketascope.report.picture import write_png

    chart = forest(document)
    if png_file:
        write_png(png_file, chart)
    if svg_file:
        write_aside(svg_file, render_svg(chart.spec))


@command.command("show")
@click.argument("study", metavar="STUDY")
@click.option("--json", "as_json", is_flag=True, help="Print the study as JSON.")
def show(study: str, as_json: bool) -> None:
    """Show one study in full: arms, outcomes, bias, source, what counts."""
    from ketascope.cli.output import print_json
    from ketascope.evidence.studies.page import study_page

    page = study_page(study)
    if as_json:
        print_json(page)
        return
    from ketascope.report.study_page import print_study

    print_study(page)


@command.command("list")
@click.option("--indication", metavar="NAME", help="Only studies of this indication.")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def list_studies(indication: str | None, as_json: bool) -> None:
    """List the studies of the tables, whether their figures count or not."""
    from ketascope.cli.output import print_json
    from ketascope.evidence.studies.page import study_list
    from ketascope.evidence.studies.tables import INDICATIONS
    from ketascope.evidence.summaries.choices import known

    wanted = "" if indication is None else known("indication", indication, INDICATIONS)
    found = study_list(wanted)
    if as_json:
        print_json({"indication": wanted or None, "studies": found})
        return
    from ketascope.report.study_page import print_studies

    print_studies(found)


@command.command("check")
def check() -> None:
    """Hold the tables of studies to their contract: for whoever adds a trial."""
    from ketascope.evidence.studies.contract import TABLES, package_problems

    found = package_problems()
    for problem in found:
        click.echo(problem)
    if found:
        raise InputError(f"{len(found)} rows or fields of the tables are wrong; correct each and check again")
    click.echo(f"{len(TABLES)} tables keep their contract.")
