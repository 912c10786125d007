"""`ketascope export`."""

from __future__ import annotations

from typing import Any

import click

from ketascope.cli.options import FileName, Number


@click.command("export")
@click.argument("sentence")
@click.option(
    "--format",
    "format",
    default="sbml",
    show_default=True,
    metavar="FORMAT",
    help="sbml (the whole model), nonmem, rxode2 or mrgsolve (event tables).",
)
@click.option(
    "--output", "output", type=FileName("model.xml"), metavar="FILE", help="Write this file.  [default: print]"
)
@click.option("--indication", metavar="NAME", help="gad, sad, ptsd, ocd or mdd.  [default: gad]")
@click.option("--weight", "weight_kg", type=Number("70"), metavar="KG", help="Body weight, 20-300.  [default: 70]")
@click.option("--age", "age_years", type=Number("40"), metavar="YEARS", help="Age, 18 or over.  [default: 40]")
@click.option("--sex", metavar="SEX", help="female or male; changes nothing in the default model.")
@click.option("--hepatic", default="normal", show_default=True, metavar="STATE", help="normal, mild or moderate.")
@click.option(
    "--interaction", "interactions", multiple=True, metavar="NAME", help="Another medicine, such as rifampicin."
)
@click.option(
    "--sampling",
    metavar="SITE",
    help="venous or arterial plasma; with -published the earlier models.  [default: venous]",
)
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME", help="Where science disagrees, such as hnk.")
def command(sentence: str, output: str | None, **choices: Any) -> None:
    """Write a regimen for other tools: the model as SBML, or an event table.

    SBML holds the typical patient from doses to the score, each parameter with unit, source and grade. For research
    use.

    Example: ketascope export "ketamine 0.5 mg/kg IV over 40 min" --format nonmem
    """
    from ketascope.cli.output import check_writable
    from ketascope.exchange.exporting import export

    check_writable(output=output)
    text = export(sentence, **choices)
    if output is None:
        click.echo(text, nl=False)
        return
    from ketascope.files import write_aside

    click.echo(f"wrote {write_aside(output, text)}", err=True)
