"""`ketascope simulate`."""

from __future__ import annotations

from typing import Any

import click

from ketascope.cli.options import FileName, Times, person_and_model


@click.command("simulate")
@click.argument("sentence", required=False)
@person_and_model
@click.option(
    "--events",
    "events",
    type=FileName("doses.csv"),
    metavar="FILE",
    help="A NONMEM-style event table instead of a sentence.",
)
@click.option("--times", "times_h", type=Times(), metavar="TIMES", help="Output times, such as 40min,24h,7d.")
@click.option("--json", "as_json", is_flag=True, help="Print the simulation as JSON.")
@click.option(
    "--png",
    "png_file",
    type=FileName("cascade.png"),
    metavar="FILE",
    help="Write the cascade (plasma to score) as a picture.",
)
def command(sentence: str | None, events: str | None, as_json: bool, png_file: str | None, **choices: Any) -> None:
    """Simulate one regimen in full: events, courses, non-compartmental analysis.

    Example: ketascope simulate "ketamine 0.5 mg/kg IM" --patients 0 --times 30min,2h,24h
    """
    from ketascope.cli.output import check_writable, print_json
    from ketascope.cli.regimens import regimens_from
    from ketascope.errors import InputError

    check_writable(events, png=png_file)
    if (sentence is None) == (events is None):
        raise InputError(
            "simulate needs one dose sentence or one --events FILE, such as 'ketamine 35 mg IV over 40 min'"
        )
    (regimen,) = regimens_from(
        () if sentence is None else (sentence,), events, choices["weight_kg"], choices["until_h"]
    )
    from ketascope.one_regimen import simulate

    document = simulate(regimen, **choices).document()
    if png_file:
        from ketascope.charts.mechanism import cascade
        from ketascope.report.picture import write_png

        write_png(png_file, cascade(document))
    if as_json:
        print_json(document)
    else:
        from ketascope.report.terminal import print_simulation

        print_simulation(document)
