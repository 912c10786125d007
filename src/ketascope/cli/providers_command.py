"""`ketascope providers` with build, update and status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ketascope.cli.options import WholeNumber
from ketascope.cli.output import progress_bar
from ketascope.cli.subcommands import Subcommands

if TYPE_CHECKING:
    from ketascope.care.maintenance import Downloaded
    from ketascope.care.store.building import Progress


@click.group("providers", cls=Subcommands, invoke_without_command=True, subcommand_metavar="[build | update | status]")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Keep the store of places that `find` asks: what is in it, how old it is, newer files for it.

    Example: ketascope providers status
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(status)


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON.")
def status(as_json: bool) -> None:
    """Say what the store holds, from which editions, how old they are, and what was left out."""
    from ketascope.care.maintenance import providers_status
    from ketascope.cli.output import print_json

    document = providers_status()
    if as_json:
        print_json(document)
        return
    from ketascope.report.care_store import print_status

    print_status(document)


@command.command("build")
@click.argument("files", nargs=-1, metavar="FILE...", type=click.Path())
@click.option("--only-files", is_flag=True, help="Leave out the directory rows that come with the package.")
@click.option(
    "--every-organisation",
    is_flag=True,
    help="Keep all organisations of NPPES, not only kinds of care that may matter.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the totals as JSON.")
def build(files: tuple[str, ...], only_files: bool, every_organisation: bool, as_json: bool) -> None:
    """Build the store from local files: a SAMHSA directory, a FindTreatment.gov export, an NPPES file.

    The kind of each file is recognised. The old store answers until the new one is whole.

    Example: ketascope providers build National_Directory_MH_Facilities_2024.xlsx
    """
    from ketascope.care.maintenance import build_providers
    from ketascope.cli.output import print_json

    with rows_bar() as progress:
        document = build_providers(
            files, with_packaged=not only_files, every_organisation=every_organisation, progress=progress
        )
    if as_json:
        print_json(document)
        return
    from ketascope.report.care_store import print_build

    print_build(document)


@command.command("update")
@click.argument("names", nargs=-1, metavar="[SOURCE]...")
@click.option("--near", metavar="PLACE", help="Ask FindTreatment.gov only around this place.")
@click.option("--within", metavar="DISTANCE", help="With --near: how far around it, such as 100mi.")
@click.option("--year", type=WholeNumber("2024"), metavar="YEAR", help="Edition of the SAMHSA directory.")
@click.option("--mirror", metavar="ADDRESS", help="Another server that offers the same paths.")
@click.option("--json", "as_json", is_flag=True, help="Print the totals as JSON.")
def update(
    names: tuple[str, ...],
    near: str | None,
    within: str | None,
    year: int | None,
    mirror: str | None,
    as_json: bool,
) -> None:
    """Download newer public files to this machine and build the store from them.

    SOURCE: findtreatment, samhsa-directory, nppes (about 1 GB), nppes-weekly; without one, the first two. What was
    fetched before is used again. A download that was cut off goes on where it stopped.

    Example: ketascope providers update findtreatment --near 07030 --within 100mi
    """
    from ketascope.care.maintenance import update_providers
    from ketascope.cli.output import print_json

    with bytes_bar() as downloaded, rows_bar() as built:
        document = update_providers(
            names, near=near, within=within, year=year, mirror=mirror, downloaded=downloaded, built=built
        )
    if as_json:
        print_json(document)
    else:
        from ketascope.report.care_store import print_build

        print_build(document)
    if document["not_fetched"]:
        raise SystemExit(1)


@contextmanager
def bytes_bar() -> Iterator[Downloaded | None]:
    """A bar of what is fetched on standard error; nothing where that is not a terminal."""
    with progress_bar() as step:
        yield None if step is None else lambda done, total, label: step(done, total or None, label)


@contextmanager
def rows_bar() -> Iterator[Progress | None]:
    """A bar of the rows read on standard error; nothing where that is not a terminal."""
    with progress_bar() as step:
        if step is None:
            yield None
        else:
            yield lambda read, share, name: step(read, round(read / share) if share else None, f"reading {name}")
