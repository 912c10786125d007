"""The command group and its way with errors: one line, exit code 2, no traceback."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import click

from ketascope._version import __version__
from ketascope.errors import InputError

COMMANDS = {
    "compare": "ketascope.cli.compare_command",
    "parameters": "ketascope.cli.parameters_command",
    "simulate": "ketascope.cli.simulate_command",
    "validate": "ketascope.cli.validate_command",
}


class LineError(click.ClickException):
    """An input error as one line on standard error."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the line."""
        click.echo(f"ketascope: {self.format_message()}", file=file, err=True)


class Group(click.Group):
    """Loads a command's module when it is asked for, and turns input errors into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command by name, None where there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name offered for an unknown command."""
        import difflib

        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise LineError(f"unknown command '{args[0]}'{hint} Commands: {', '.join(sorted(COMMANDS))}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except InputError as error:
            raise LineError(str(error)) from None
        except click.UsageError as error:
            raise LineError(" ".join(error.format_message().split())) from None

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Entry point; an interrupted run says so in one line."""
        try:
            return super().main(args, *rest, **options)
        except BrokenPipeError:
            # The reader went away (`| head`): nothing is left to say.
            raise SystemExit(0) from None


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ketascope")
def main() -> None:
    """What a ketamine, esketamine or SSRI regimen would do, compared, with its uncertainty and sources.

    Not medical advice: no dosing advice and no prediction for a person.
    """
