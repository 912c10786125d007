"""The command group and its way with errors: one line, exit code 2, no traceback."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import sys
from typing import Any

import click

from ketascope._version import __version__
from ketascope.errors import InputError, did_you_mean, one_line

COMMANDS = {
    "audit": "ketascope.cli.audit_command",
    "calibrate": "ketascope.cli.calibrate_command",
    "compare": "ketascope.cli.compare_command",
    "evidence": "ketascope.cli.evidence_command",
    "export": "ketascope.cli.export_command",
    "find": "ketascope.cli.find_command",
    "fit": "ketascope.cli.fit_command",
    "import": "ketascope.cli.import_command",
    "nca": "ketascope.cli.nca_command",
    "parameters": "ketascope.cli.parameters_command",
    "providers": "ketascope.cli.providers_command",
    "serve": "ketascope.cli.serve_command",
    "simulate": "ketascope.cli.simulate_command",
    "trial": "ketascope.cli.trial_command",
    "validate": "ketascope.cli.validate_command",
}


class LineError(click.ClickException):
    """An input error as one line on standard error."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the line."""
        click.echo(f"ketascope: {one_line(self.format_message())}", file=file, err=True)


def usage_problem(error: click.UsageError) -> str:
    """One line on how the command line was written: the word at fault and what would be right."""
    command = error.ctx.command if error.ctx is not None else None
    if isinstance(error, click.NoSuchOption) and command is not None and error.ctx is not None:
        names = option_names(command, error.ctx)
        hint = did_you_mean(error.option_name, names)
        return f"unknown option '{error.option_name}'{hint} Options: {', '.join(names)}"
    if isinstance(error, click.BadOptionUsage):
        if "does not take" in error.message:
            return f"{error.option_name}: takes no value; write it alone"
        return f"{error.option_name}: its value is missing; write one after it, or leave the option out"
    text = " ".join(error.format_message().split())
    extra = re.fullmatch(r"Got unexpected extra arguments? \((.*)\)", text)
    if extra is None or error.ctx is None:
        return text
    spaced = {"simulate": "a dose sentence", "export": "a dose sentence", "find": "a place"}.get(
        str(error.ctx.info_name)
    )
    quotes = f"; {spaced} with spaces needs quotes around it" if spaced else ""
    return f"unexpected '{extra[1]}' after what {error.ctx.info_name} takes{quotes}"


def option_names(command: click.Command, ctx: click.Context) -> list[str]:
    """Long names of all options of a command."""
    return [name for parameter in command.get_params(ctx) for name in parameter.opts if name.startswith("--")]


def machine_problem(error: MemoryError | OSError) -> str:
    """One line on what the machine refused: memory, a file by its name, or the output, which has none."""
    if isinstance(error, MemoryError):
        return "not enough memory for this; take fewer --patients or options, a shorter --until, or a larger machine"
    about = error.strerror or str(error)
    return f"cannot use {error.filename}: {about}" if error.filename else f"cannot write the answer: {about}"


def say_what_the_locale_can() -> None:
    """Let a stream of few characters show '?' for others (a minus sign, a dash) rather than fail midway.

    In UTF-8 only what is no character is left, such as a byte in the name of a file; it gets an escape, which JSON has
    too.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            is_wide = stream.encoding.lower().startswith("utf")
            stream.reconfigure(errors="backslashreplace" if is_wide else "replace")


def drop_unwritten_output() -> None:
    """Send what is left in the buffer of the output nowhere, so that Python does not fail on it again as it ends."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())


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
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            hint = did_you_mean(args[0], COMMANDS)
            raise LineError(f"unknown command '{args[0]}'{hint} Commands: {', '.join(sorted(COMMANDS))}")
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **extra: Any) -> Any:
        """As click does, for any locale; a full disk or a file that the machine refuses is one line."""
        say_what_the_locale_can()
        try:
            return super().main(*args, **extra)
        except (MemoryError, OSError) as error:
            if not extra.get("standalone_mode", True):
                raise
            drop_unwritten_output()
            with contextlib.suppress(OSError):
                LineError(machine_problem(error)).show()
            sys.exit(LineError.exit_code)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except InputError as error:
            raise LineError(str(error)) from None
        except click.UsageError as error:
            raise LineError(usage_problem(error)) from None

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """As click does; a wrong option before the command is one line like every other problem."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise LineError(usage_problem(error)) from None


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ketascope")
def main() -> None:
    """What a ketamine, esketamine or SSRI regimen would do, compared, with its uncertainty and sources.

    Not medical advice: no dosing advice and no prediction for a person.
    """
