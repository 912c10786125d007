"""`ketascope fit`."""

from __future__ import annotations

import click

from ketascope.cli.options import FileName, WholeNumber


@click.command("fit")
@click.argument("data", type=FileName("data.csv"), metavar="DATA.csv")
@click.option(
    "--method",
    default="map",
    show_default=True,
    metavar="NAME",
    help="map: most probable values with 90% intervals; nuts: draws of the posterior beside them.",
)
@click.option("--population", is_flag=True, help="First estimate the population from all people in the data.")
@click.option("--next", "next_dose", metavar="SENTENCE", help="A regimen whose exposure is predicted for each person.")
@click.option(
    "--sampling",
    metavar="SITE",
    help="venous or arterial plasma; with -published the earlier models of each.  [default: venous]",
)
@click.option("--indication", metavar="NAME", help="The scale of score rows: gad, sad, ptsd, ocd or mdd.")
@click.option("--seed", type=WholeNumber("0"), default="0", metavar="N", help="Same seed, same numbers.  [default: 0]")
@click.option("--workers", type=WholeNumber("2"), metavar="N", help="Processes; changes no number.")
@click.option("--json", "as_json", is_flag=True, help="Print the fit as JSON.")
@click.option("--html", "html_file", type=FileName("fit.html"), metavar="FILE", help="Write a page with charts.")
@click.option("--csv", "csv_file", type=FileName("fit.csv"), metavar="FILE", help="Write the estimates as a table.")
@click.option(
    "--values",
    "values_file",
    type=FileName("population.json"),
    metavar="FILE",
    help="Write the population's values, prior and posterior, as JSON (with --population).",
)
def command(
    data: str,
    method: str,
    population: bool,
    next_dose: str | None,
    sampling: str | None,
    indication: str | None,
    seed: int,
    workers: int | None,
    as_json: bool,
    html_file: str | None,
    csv_file: str | None,
    values_file: str | None,
) -> None:
    """Fit people's own pharmacokinetics to their concentrations: for research use, not for dosing.

    DATA.csv is a NONMEM-style data set with ANALYTE, DRUG and ROUTE. Example: ketascope fit data.csv --next "ketamine
    0.5 mg/kg IV over 40 min"
    """
    from ketascope.cli.output import check_writable, print_json, progress_bar
    from ketascope.errors import InputError

    check_writable(data, html=html_file, csv=csv_file, values=values_file)
    if values_file and not population:
        raise InputError("--values: holds the population's values, so it must come with --population")
    from ketascope.fitting.data_fit import fit

    with progress_bar() as progress:
        document = fit(
            data,
            method=method,
            population=population,
            next_dose=next_dose,
            sampling=sampling,
            indication=indication,
            seed=seed,
            workers=workers,
            progress=progress,
        ).document()
    if html_file:
        from ketascope.report.fit_page import write_fit_html

        write_fit_html(html_file, document)
    if csv_file:
        from ketascope.report.fit_report import write_fit_csv

        write_fit_csv(csv_file, document)
    if values_file:
        from ketascope.report.fit_report import write_population_values

        write_population_values(values_file, document)
    if as_json:
        print_json(document)
    else:
        from ketascope.report.fit_report import print_fit

        print_fit(document)
