"""`ketascope compare`."""

from __future__ import annotations

from typing import Any

import click

from ketascope.cli.options import FileName, person_and_model


@click.command("compare")
@click.argument("sentences", nargs=-1, metavar="[SENTENCE]...")
@person_and_model
@click.option(
    "--events",
    "events",
    type=FileName("doses.csv"),
    metavar="FILE",
    help="A NONMEM-style event table as one more option.",
)
@click.option(
    "--show",
    "shown",
    multiple=True,
    metavar="TABLE",
    help="Print only these tables, such as versus_placebo, acute or harms; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@click.option("--csv", "csv_file", type=FileName("comparison.csv"), metavar="FILE", help="Write all quantities as CSV.")
@click.option(
    "--html",
    "html_file",
    type=FileName("comparison.html"),
    metavar="FILE",
    help="Write one offline page with charts and tables.",
)
@click.option(
    "--png", "png_file", type=FileName("comparison.png"), metavar="FILE", help="Write the symptom chart as a picture."
)
def command(
    sentences: tuple[str, ...],
    events: str | None,
    shown: tuple[str, ...],
    as_json: bool,
    csv_file: str | None,
    html_file: str | None,
    png_file: str | None,
    **choices: Any,
) -> None:
    """Compare treatments side by side: the presets, or your own dose sentences.

    Example: ketascope compare "ketamine 0.5 mg/kg IV over 40 min" "esketamine 84 mg nasal" --indication ptsd
    """
    from ketascope.cli.output import check_writable, print_json, progress_bar
    from ketascope.cli.regimens import regimens_from
    from ketascope.report.layout import check_table_ids

    check_table_ids(shown)
    check_writable(events, csv=csv_file, html=html_file, png=png_file)
    options = regimens_from(sentences, events, choices["weight_kg"], choices["until_h"])
    with progress_bar() as progress:
        from ketascope.comparison import compare

        comparison = compare(options or None, progress=progress, **choices)
    document = comparison.document()
    if csv_file:
        from ketascope.report.table import write_csv

        write_csv(csv_file, document)
    if html_file:
        from ketascope.one_regimen import simulate_first
        from ketascope.report.html import write_html

        write_html(html_file, document, comparison.curves, simulate_first(document, choices))
    if png_file:
        from ketascope.charts.course import symptom_course
        from ketascope.report.picture import write_png

        write_png(png_file, symptom_course(document, comparison.curves))
    if as_json:
        print_json(document)
    else:
        from ketascope.report.terminal import print_comparison

        print_comparison(document, only=shown)
        for file in (csv_file, html_file, png_file):
            if file:
                click.echo(f"written: {file}", err=True)
