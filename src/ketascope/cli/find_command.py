"""`ketascope find`."""

from __future__ import annotations

import re

import click

from ketascope.cli.options import FileName, WholeNumber
from ketascope.errors import InputError

_COORDINATES = re.compile(r"-[0-9.]+\s*[,;]")


class FindCommand(click.Command):
    """Takes coordinates that begin with a minus as the place: American Samoa lies south of the equator."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with such coordinates after all options."""
        southern = [text for text in args if _COORDINATES.match(text)]
        if southern and "--" not in args:
            args = [*(text for text in args if text not in southern), "--", *southern]
        return super().parse_args(ctx, args)


@click.command("find", cls=FindCommand)
@click.argument("place", metavar="PLACE", required=False)
@click.option("--within", metavar="DISTANCE", help="Only places nearer than this, such as 50mi or 80km.")
@click.option(
    "--offers",
    multiple=True,
    metavar="SERVICE",
    help="ketamine-infusion, tms, ect, emdr, cbt and others; a comma between two means either.",
)
@click.option(
    "--payment", multiple=True, metavar="NAME", help="medicaid, medicare, private-insurance, self-pay and others."
)
@click.option("--age-group", multiple=True, metavar="NAME", help="adults, seniors, young-adults or children.")
@click.option("--language", multiple=True, metavar="NAME", help="spanish, sign-language and others.")
@click.option("--telehealth", is_flag=True, help="Only places that list telehealth.")
@click.option("--limit", type=WholeNumber("10"), default=10, show_default=True, metavar="N", help="Places to show.")
@click.option("--guide", "with_guide", is_flag=True, help="Print what to ask a provider and the warning signs as well.")
@click.option("--json", "as_json", is_flag=True, help="Print the places as JSON.")
@click.option("--csv", "csv_file", type=FileName("places.csv"), metavar="FILE", help="Write the places as CSV.")
@click.option(
    "--html", "html_file", type=FileName("places.html"), metavar="FILE", help="Write a page with list and map."
)
def command(
    place: str | None,
    within: str | None,
    offers: tuple[str, ...],
    payment: tuple[str, ...],
    age_group: tuple[str, ...],
    language: tuple[str, ...],
    telehealth: bool,
    limit: int,
    with_guide: bool,
    as_json: bool,
    csv_file: str | None,
    html_file: str | None,
) -> None:
    """List places near PLACE (a ZIP, "Town, ST" or latitude,longitude), nearest first, across state lines.

    Words within one filter are alternatives, filters must all be met. What the data cannot tell is said.
    Nothing is sent anywhere: the data lies on this machine.

    Example: ketascope find 07030 --offers ketamine-infusion --within 50mi
    """
    from ketascope.cli.output import check_writable, print_json

    if place is None:
        if not with_guide or as_json or csv_file or html_file:
            raise InputError("find needs a place, such as 07030, 'Princeton, NJ' or 40.7,-74.0")
        from ketascope.report.care import print_guide

        print_guide()
        return
    check_writable(csv=csv_file, html=html_file)
    from ketascope.care.finding import find

    document = find(
        place,
        within=within,
        limit=limit,
        offers=offers,
        payment=payment,
        age_group=age_group,
        language=language,
        telehealth=telehealth,
    )
    if csv_file:
        from ketascope.report.care import write_places_csv

        write_places_csv(csv_file, document)
    if html_file:
        from ketascope.report.care_page import write_places_html

        write_places_html(html_file, document)
    if as_json:
        print_json(document)
        return
    from ketascope.report.care import print_guide, print_places

    print_places(document)
    if with_guide:
        print_guide()
    for file in (csv_file, html_file):
        if file:
            click.echo(f"written: {file}", err=True)
