"""The command line: thin shells, one library call each."""

from ketascope.cli.group import main

__all__ = ["main"]
