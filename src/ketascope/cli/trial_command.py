"""`ketascope trial`."""

from __future__ import annotations

import click

from ketascope.cli.options import FileName, Number, WholeNumber


@click.command("trial")
@click.argument("design")
@click.option(
    "--replicates", type=WholeNumber("1000"), metavar="N", help="Replicate trials.  [default: what the design says]"
)
@click.option(
    "--null-replicates",
    type=WholeNumber("1000"),
    metavar="N",
    help="Replicates without any drug effect, for the type I error; 0 is none.  [default: as many]",
)
@click.option("--seed", type=WholeNumber("0"), metavar="N", help="Same seed, same numbers.  [default: the design's]")
@click.option(
    "--engine",
    default="processes",
    metavar="NAME",
    help="processes, serial, dask://HOST:PORT (the scheduler of a cluster) or dask://local.  [default: processes]",
)
@click.option(
    "--workers",
    type=WholeNumber("2"),
    metavar="N",
    help="Workers at a time; they change no number.  [default: all cores]",
)
@click.option(
    "--output",
    type=FileName("trial"),
    metavar="FOLDER",
    help="Keep every simulated visit and every analysis as Parquet; a stopped run goes on there.",
)
@click.option(
    "--plan", type=Number("0.8"), metavar="SHARE", help="Look for the smallest n with this power or assurance."
)
@click.option(
    "--arm", metavar="NAME", help="With --plan: the active arm that has to win.  [default: any, by Holm's correction]"
)
@click.option(
    "--people-most", type=WholeNumber("4000"), metavar="N", help="With --plan: the largest n tried.  [default: 4000]"
)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@click.option(
    "--html", "html_file", type=FileName("trial.html"), metavar="FILE", help="Write a report with charts, one page."
)
def command(
    design: str,
    replicates: int | None,
    null_replicates: int | None,
    seed: int | None,
    engine: str,
    workers: int | None,
    output: str | None,
    plan: float | None,
    arm: str | None,
    people_most: int | None,
    as_json: bool,
    html_file: str | None,
) -> None:
    """Run a virtual trial in many replicates: power or assurance, effect, bias, type I error, over n and dose.

    DESIGN is a TOML file, or the name of a packaged design. Stopped with Control-C or killed, a run with --output goes
    on when the same command is given again.

    Example: ketascope trial feder2021 --replicates 200
    """
    from ketascope.cli.output import check_writable, print_json, progress_bar

    check_writable(design, html=html_file)
    from ketascope.virtual_trials.running import trial

    try:
        with progress_bar() as progress:
            result = trial(
                design,
                replicates=replicates,
                null_replicates=null_replicates,
                seed=seed,
                engine=engine,
                workers=workers,
                output=output,
                plan=plan,
                arm=arm,
                people_most=people_most,
                progress=progress,
            )
    except KeyboardInterrupt as stopped:
        if not str(stopped):
            raise
        click.echo(f"ketascope: {stopped}", err=True)
        raise SystemExit(130) from None
    document = result.document()
    if html_file:
        from ketascope.report.trial_page import write_trial_html

        write_trial_html(html_file, document)
    if as_json:
        print_json(document)
    else:
        from ketascope.report.trial_report import print_trial

        print_trial(document)
        if output:
            click.echo(f"Chunks: {result.found} were there, {result.computed} computed; all are in {output}.")
