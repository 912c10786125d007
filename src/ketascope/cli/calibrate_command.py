"""`ketascope calibrate`."""

from __future__ import annotations

import click

from ketascope.cli.options import FileName, WholeNumber


@click.command("calibrate")
@click.option(
    "--part",
    metavar="PART",
    help="What to estimate: trials (symptoms) or pharmacokinetics.  [default: trials]",
)
@click.option(
    "--output",
    "folder",
    type=FileName("calibration"),
    default="calibration",
    metavar="FOLDER",
    help="Where results are written and finished steps are kept.  [default: calibration]",
)
@click.option("--chains", type=WholeNumber("4"), metavar="N", help="Chains.  [default: 4]")
@click.option(
    "--warm-up",
    type=WholeNumber("700"),
    metavar="N",
    help="Draws of each chain thrown away.  [default: 700; pharmacokinetics 600]",
)
@click.option(
    "--draws",
    type=WholeNumber("1000"),
    metavar="N",
    help="Draws kept of each chain.  [default: 1000; pharmacokinetics 600]",
)
@click.option("--workers", type=WholeNumber("2"), metavar="N", help="Chains at a time.  [default: 2]")
@click.option("--seed", type=WholeNumber("1"), metavar="N", help="Same seed, same numbers.  [default: 1]")
@click.option("--json", "as_json", is_flag=True, help="Print the record of the fit as JSON.")
def command(
    part: str | None,
    folder: str,
    chains: int | None,
    warm_up: int | None,
    draws: int | None,
    workers: int | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Estimate the model again: symptoms from the trials, or concentrations from published figures.

    The trials take about half an hour on two cores, with every trial left out once; pharmacokinetics an hour. Stopped
    and started again it goes on after the last finished step. The packaged model stays as it is; `make calibrate`
    writes into a checkout, unless this ends with code 1: chains that have not converged.
    """
    from ketascope.cli.output import print_json
    from ketascope.estimation.convergence import has_settled
    from ketascope.evidence.calibration import PARTS, calibrate

    chosen = part or PARTS[0]
    given = {"chains": chains, "warm_up": warm_up, "draws": draws, "workers": workers, "seed": seed}
    numbers = {name: value for name, value in given.items() if value is not None}
    try:
        document = calibrate(folder, part=chosen, **numbers, report=lambda line: click.echo(line, err=True))
    except KeyboardInterrupt:
        click.echo(f"ketascope: stopped; finished steps are kept in {folder}, the same command goes on", err=True)
        raise SystemExit(130) from None
    if as_json:
        print_json(document)
    elif chosen == "pharmacokinetics":
        from ketascope.report.estimation import print_estimation

        print_estimation(document)
    else:
        from ketascope.report.trial_estimation import print_trial_estimation

        print_trial_estimation(document)
    if not has_settled(document["unconverged"], document["divergences"]):
        missed, diverged = len(document["unconverged"]), document["divergences"]
        problem = f"numbers that miss a limit: {missed}, divergent transitions: {diverged}"
        click.echo(f"ketascope: the chains have not converged ({problem}): {folder} is no model to use", err=True)
        raise SystemExit(1)
