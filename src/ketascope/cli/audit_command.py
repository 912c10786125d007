"""`ketascope audit`."""

from __future__ import annotations

import sys

import click

from ketascope.cli.options import FileName, WholeNumber
from ketascope.errors import InputError


@click.command("audit")
@click.argument("source", metavar="FILE|ADDRESS|-", required=False)
@click.option("--no-live", is_flag=True, help="Leave out the numbers that have to be computed; takes a second.")
@click.option(
    "--seed", type=WholeNumber("0"), default=0, show_default=True, metavar="N", help="Same seed, same numbers."
)
@click.option("--json", "as_json", is_flag=True, help="Print the audit as JSON.")
@click.option(
    "--html", "html_file", type=FileName("audit.html"), metavar="FILE", help="Write the marked article as a page."
)
def command(source: str | None, no_live: bool, seed: int, as_json: bool, html_file: str | None) -> None:
    """Set each claim of an article beside the evidence and the model.

    FILE is text, Markdown, HTML or PDF; an http(s) address is fetched by this machine; - reads standard input.
    Nothing that the article contains is run, and nothing of it is sent anywhere.

    Example: ketascope audit article.txt --html audit.html
    """
    from ketascope.cli.output import check_writable, print_json, progress_bar

    if source is None:
        raise InputError(
            "audit needs an article: a file, an address that begins with https://, or - for standard input"
        )
    check_writable(None if source == "-" else source, html=html_file)
    from ketascope.claims.auditing import audit

    content = _standard_input() if source == "-" else None
    with progress_bar() as progress:
        document = audit(source, content=content, live=not no_live, seed=seed, progress=progress)
    if html_file:
        from ketascope.report.audit_page import write_audit_html

        write_audit_html(html_file, document)
    if as_json:
        print_json(document)
        return
    from ketascope.report.audit import print_audit

    print_audit(document)
    if html_file:
        click.echo(f"written: {html_file}", err=True)


def _standard_input() -> bytes:
    """The article from a pipe, as far as one may be long; `audit` refuses what is longer."""
    from ketascope.claims.reading.limits import reading_limit

    if sys.stdin is None:
        raise InputError("standard input is closed: give the article as a file, or pipe it in")
    return sys.stdin.buffer.read(int(reading_limit("article_bytes")) + 1)
