"""Write the pages that follow from the code: commands, parameters, JSON Schema, and the output in the README.

`python docs/generate.py` writes them, `python docs/generate.py --check` only says which are out of date.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HELP_WIDTH = 96
COLUMNS = ("name", "value", "unit", "spread", "grade", "population", "source", "note")
OUTPUT_BLOCK = re.compile(
    r"<!-- output:compare columns=(?P<columns>\d+) -->\n```console\n\$ (?P<command>ketascope [^\n]*)\n"
    r"(?P<output>.*?)```\n<!-- /output -->",
    re.DOTALL,
)
NOT_A_DIFFERENCE = re.compile(r"[-−+]?\d[\d.,]*|[─-╿═|+=-]+")


def commands_page() -> str:
    """Return the help text of every command as a Markdown page."""
    import click

    from ketascope.cli import main

    def sections(command: click.Command, parent: click.Context | None, name: str) -> Iterator[str]:
        context = click.Context(
            command,
            parent=parent,
            info_name=name,
            terminal_width=HELP_WIDTH,
            max_content_width=HELP_WIDTH,
            help_option_names=main.context_settings["help_option_names"],
        )
        heading = "#" * (2 if parent is None or parent.parent is None else 3)
        yield f"{heading} {context.command_path}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"
        if isinstance(command, click.Group):
            for child_name in command.list_commands(context):
                child = command.get_command(context, child_name)
                if child is not None and not child.hidden:
                    yield from sections(child, context, child_name)

    opening = (
        "# Commands\n\nWritten by `docs/generate.py` from the commands themselves. "
        "Wrong input prints one line and ends with exit code 2.\n"
    )
    return "\n".join([opening, *sections(main, None, "ketascope")])


def parameters_page() -> str:
    """Return every parameter row, file by file, as Markdown tables."""
    from ketascope.model.parameter_store import Parameter, load_parameters

    def cell(text: object) -> str:
        return str(text).replace("|", "\\|").replace("\n", " ").strip()

    def spread(row: Parameter) -> str:
        parts = []
        if row.between_patient is not None:
            parts.append(f"patients: {row.between_patient.kind}, SD {row.between_patient.sd:g}")
        if row.uncertainty is not None:
            parts.append(f"uncertainty: {row.uncertainty.kind}, SD {row.uncertainty.sd:g}")
        if row.range is not None:
            parts.append(f"range {row.range[0]:g} to {row.range[1]:g}")
        return "; ".join(parts)

    lines = [
        "# Parameters",
        "",
        "Written by `docs/generate.py` from `src/ketascope/model/parameters/`.",
        "`ketascope parameters NAME` prints one row.",
        "An SD is on the scale of its distribution: the log for log-normal, the logit for logit-normal.",
    ]
    file = ""
    for name, row in load_parameters().items():
        stem, _, short = name.partition(".")
        if stem != file:
            file = stem
            lines += ["", f"## {stem}", ""]
            lines += [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
        number = (f"`{short}`", f"{row.value:g}", row.unit, spread(row))
        origin = (row.grade, row.population, row.source, row.note)
        lines.append(f"| {' | '.join(cell(field) for field in number + origin)} |")
    return "\n".join(lines) + "\n"


def schema_file() -> str:
    """Return the JSON Schema of a comparison document."""
    from ketascope.contract import comparison_schema

    return json.dumps(comparison_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def command_output(command: str, columns: int) -> str:
    """Run one `ketascope ...` line in this process at a fixed width and return what it prints."""
    import shlex

    from click.testing import CliRunner

    from ketascope.cli import main

    words = shlex.split(command)[1:]
    result = CliRunner().invoke(main, words, prog_name="ketascope", env={"COLUMNS": str(columns)})
    if result.exit_code != 0:
        raise SystemExit(f"'{command}' ended with exit code {result.exit_code}: {result.output.strip()}")
    return "\n".join(line.rstrip() for line in result.stdout.strip("\n").splitlines()) + "\n"


def readme() -> str:
    """Return the README with the output of its compare command put in again."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = OUTPUT_BLOCK.search(text)
    if block is None:
        raise SystemExit("README.md has lost its '<!-- output:compare columns=N -->' block")
    output = command_output(block["command"], int(block["columns"]))
    return text[: block.start("output")] + output + text[block.end("output") :]


def structure(text: str) -> list[str]:
    """Return the words of each line without numbers and rules, which may differ a little between machines."""
    lines = (" ".join(NOT_A_DIFFERENCE.sub(" ", line).split()) for line in text.splitlines())
    return [line for line in lines if line]


PAGES: dict[str, Callable[[], str]] = {
    "docs/commands.md": commands_page,
    "docs/parameters.md": parameters_page,
    "docs/schema/comparison.schema.json": schema_file,
    "README.md": readme,
}


def is_fresh(name: str) -> bool:
    """Say whether the page on disk is what the code would write now."""
    path = ROOT / name
    if not path.exists():
        return False
    written, wanted = path.read_text(encoding="utf-8"), PAGES[name]()
    return structure(written) == structure(wanted) if name == "README.md" else written == wanted


def write(name: str) -> None:
    """Write one page aside and put it in its place when it is complete."""
    path = ROOT / name
    text = PAGES[name]()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent)
    with open(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    os.chmod(aside, path.stat().st_mode if path.exists() else 0o644)
    os.replace(aside, path)


def main() -> int:
    """Write all pages, or with --check list the ones that are out of date."""
    if sys.argv[1:] == ["--check"]:
        stale = [name for name in PAGES if not is_fresh(name)]
        for name in stale:
            print(f"{name} is out of date: run 'make generate'", file=sys.stderr)
        return 1 if stale else 0
    if sys.argv[1:]:
        print("usage: python docs/generate.py [--check]", file=sys.stderr)
        return 2
    for name in PAGES:
        write(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
