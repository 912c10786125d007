"""`ketascope serve`."""

from __future__ import annotations

import click

from ketascope.cli.options import WholeNumber


@click.command("serve")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen; the default is reached from this machine only.",
)
@click.option(
    "--port",
    type=WholeNumber("8000"),
    default=8000,
    show_default=True,
    metavar="N",
    help="0 takes a port that is free.",
)
@click.option("--no-warm", is_flag=True, help="Begin at once; the first page then takes longer.")
def command(host: str, port: int, no_warm: bool) -> None:
    """Serve the web app: compare, how it works, evidence, audit and care, as pages and as JSON.

    It prints its address when the first page is ready. Nothing about a visitor is stored and no request is logged.
    """
    from ketascope.web.serving import serve

    serve(host, port, warm=not no_warm, report=lambda line: click.echo(line, err=True))
