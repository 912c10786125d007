"""A command with words of its own after it, such as `ketascope evidence list`."""

from __future__ import annotations

from typing import Any

import click

from ketascope.errors import InputError, did_you_mean


class Subcommands(click.Group):
    """Says what would be right where a word is none of the subcommands.

    otherwise: what is said instead of the nearest subcommand where none is like the word.
    """

    def __init__(self, *args: Any, otherwise: str = ".", **settings: Any) -> None:
        """As click does."""
        super().__init__(*args, **settings)
        self.otherwise = otherwise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; an unknown word is one line that names the subcommands."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            hint = did_you_mean(args[0], self.commands, otherwise=self.otherwise)
            takes = ", ".join(sorted(self.commands))
            raise InputError(f"unknown word '{args[0]}' after {self.name}{hint} It takes: {takes}")
        return super().resolve_command(ctx, args)
