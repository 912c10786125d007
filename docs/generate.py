"""Write the pages that follow from the code: commands, parameters, functions, JSON Schema; and output shown on pages.

`python docs/generate.py` writes them, `python docs/generate.py --check` only says which are out of date.
"""

from __future__ import annotations

import functools
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
# A command with what it prints; of a long output only some lines are shown, counted from 1.
OUTPUT_BLOCK = re.compile(
    r"<!-- output:[a-z-]+ columns=(?P<columns>\d+)(?: lines=(?P<lines>[\d,-]+))? -->\n"
    r"```console\n\$ (?P<command>ketascope (?:[^\n]*\\\n)*[^\n]*)\n(?P<output>.*?)```\n<!-- /output -->",
    re.DOTALL,
)
# A Python block with what it prints.
PRINTED_BLOCK = re.compile(
    r"```python\n(?P<code>[^`]*?)```\n\n<!-- printed -->\n```text\n(?P<output>.*?)```\n<!-- /printed -->", re.DOTALL
)
LEFT_OUT = "[...]"
SCHEMAS = ("comparison", "trial", "fit", "nca", "import")
WITH_OUTPUT = (
    "README.md",
    "docs/tutorials/psychiatrist.md",
    "docs/tutorials/considering-treatment.md",
    "docs/tutorials/trial-designer.md",
)
# Figures of the ledger in the model card.
FIGURES_BLOCK = re.compile(r"<!-- figures -->\n(?P<output>.*?)<!-- /figures -->", re.DOTALL)
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


def dependencies_page() -> str:
    """Return every locked package with its licence as a Markdown page."""
    sys.path.insert(0, str(ROOT))
    from supply.page import dependencies_page as page

    return page()


def schema_file(document: str) -> str:
    """Return the JSON Schema of a document by the name of its schema."""
    from ketascope.contract import document_schema

    return json.dumps(document_schema(document), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


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


def shown_lines(output: str, wanted: str | None) -> str:
    """The lines of an output that a page shows, such as "1-4,20-31"; marks stand where others are left out."""
    if wanted is None:
        return output
    lines = output.splitlines()
    shown: list[str] = []
    last = 0
    for span in wanted.split(","):
        first, _, end = span.partition("-")
        start, stop = int(first), min(int(end or first), len(lines))
        shown += [LEFT_OUT] * (start > last + 1) + lines[start - 1 : stop]
        last = stop
    return "\n".join([*shown, *[LEFT_OUT] * (last < len(lines))]) + "\n"


def printed(code: str) -> str:
    """What a Python block prints, run in a folder of its own."""
    import contextlib
    import io

    out = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), contextlib.redirect_stdout(out):
        exec(compile(code, "page", "exec"), {"__name__": "snippet"})
    return "\n".join(line.rstrip() for line in out.getvalue().strip("\n").splitlines()) + "\n"


def with_output(name: str) -> str:
    """A page with what its commands and Python blocks print put in again."""
    text = (ROOT / name).read_text(encoding="utf-8")
    if not OUTPUT_BLOCK.search(text) and not PRINTED_BLOCK.search(text):
        raise SystemExit(f"{name} has lost its '<!-- output:NAME columns=N -->' blocks")

    def run(block: re.Match[str]) -> str:
        command = block["command"].replace("\\\n", " ")
        output = shown_lines(command_output(command, int(block["columns"])), block["lines"])
        return _filled(block, output)

    text = OUTPUT_BLOCK.sub(run, text)
    return PRINTED_BLOCK.sub(lambda block: _filled(block, printed(block["code"])), text)


def _filled(block: re.Match[str], output: str) -> str:
    """The text of a block with another output."""
    whole, start = block[0], block.start()
    return whole[: block.start("output") - start] + output + whole[block.end("output") - start :]


def model_card() -> str:
    """The model card with the ledger's headline figures as they are now."""
    text = (ROOT / "docs/model-card.md").read_text(encoding="utf-8")
    if not FIGURES_BLOCK.search(text):
        raise SystemExit("docs/model-card.md has lost its '<!-- figures -->' block")
    figures = headline_figures()
    return FIGURES_BLOCK.sub(lambda block: _filled(block, figures), text)


def headline_figures() -> str:
    """Fold errors of concentrations, coverage and scores of trials left out, and the sentence on dose and route."""
    import ketascope
    from ketascope.report.ledger import TOTALS_HEAD, markdown_table, totals_rows
    from ketascope.report.trial_ledger import COVERAGE_HEAD, SCORE_HEAD, coverage_rows, score_rows, summary_rows
    from ketascope.report.trial_ledger import SUMMARY_HEAD as FIGURES_HEAD

    ledger = ketascope.validate()
    trials = ledger["trials"]
    summary = ledger["summary"]
    parts = [
        f"Of ketascope v{ketascope.__version__}.",
        "",
        f"**Concentrations.** {summary['used']} of {summary['rows']} published figures are compared (the others say "
        "why not). Under each model stands its gmfe, the geometric mean of the fold error: 1 is perfect. Set A and "
        "Set B are the published models that the pooled one is set beside. Of the pooled model, bias is the geometric "
        "mean of predicted over observed, and 1.25 and 1.5 the shares of rows within that factor. Training rows "
        "informed the pooled model; test rows were set aside before its first fit.",
        "",
        *markdown_table(TOTALS_HEAD, totals_rows(ledger)),
        "",
        "**Trials in the fit.** Figures inside their predictive intervals.",
        "",
        *markdown_table(FIGURES_HEAD, summary_rows(trials)),
        "",
        "**Trials left out one by one**, each predicted from all the others. So few trials can show little: a share "
        "within chance is no proof that the intervals are right. CRPS (continuous ranked probability score) is how "
        "far a predicted distribution lies from the figure observed: smaller is better.",
        "",
        *markdown_table(COVERAGE_HEAD, coverage_rows(trials)),
        "",
        *markdown_table(SCORE_HEAD, score_rows(trials)),
        "",
        trials["dose_support"],
        "",
        f"**Known misfits**: {len(trials['known_misfits'])}, each named in the [ledger](validation-ledger.md).",
        "",
    ]
    return "\n".join(parts)


def functions_page() -> str:
    """Return signature and docstring of every public name of the package as a Markdown page."""
    import inspect

    import ketascope

    lines = [
        "# Functions",
        "",
        "Written by `docs/generate.py` from the code: everything in `ketascope.__all__`. Commands are thin: each calls",
        "the function of its name, `evidence` calls `pooled_evidence`, `providers` the three on places. Wrong input",
        "raises `InputError`.",
    ]
    for name in ketascope.__all__:
        found = getattr(ketascope, name)
        if inspect.isclass(found):
            lines += ["", f"## {name}", "", *_docstring(found)]
            for part, member in vars(found).items():
                if not part.startswith("_") and inspect.isfunction(member):
                    lines += [
                        "",
                        f"### {name}.{part}",
                        "",
                        "```text",
                        _signature(part, member),
                        "```",
                        "",
                        *_docstring(member),
                    ]
        elif callable(found):
            lines += [
                "",
                f"## {name}",
                "",
                "```text",
                _signature(f"ketascope.{name}", found),
                "```",
                "",
                *_docstring(found),
            ]
        else:
            lines += ["", f"## {name}", "", "The version of the package, a string."]
    return "\n".join(lines) + "\n"


def _signature(name: str, function: Callable[..., object]) -> str:
    """A call with one parameter a line, types and defaults as they are written."""
    import inspect

    signature = inspect.signature(function)
    parts = []
    starred = False
    for parameter in signature.parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not starred:
            starred = True
            parts.append("*")
        star = "**" if parameter.kind is inspect.Parameter.VAR_KEYWORD else ""
        # A function as default has a name that changes from run to run.
        value = "..." if callable(parameter.default) else repr(parameter.default)
        default = "" if parameter.default is inspect.Parameter.empty else f" = {value}"
        parts.append(f"{star}{parameter.name}: {parameter.annotation}{default}")
    inside = "".join(f"\n    {part}," for part in parts)
    return f"{name}({inside}{chr(10) if inside else ''}) -> {signature.return_annotation}"


def _docstring(found: object) -> list[str]:
    """A docstring as Markdown paragraphs; what Markdown would take for marks is escaped."""
    import inspect

    text = inspect.getdoc(found) or ""
    return re.sub(r"(?<!\\)([*<$])", r"\\\1", text).splitlines()


def structure(text: str) -> list[str]:
    """Return the words of each line without numbers and rules, which may differ a little between machines."""
    lines = (" ".join(NOT_A_DIFFERENCE.sub(" ", line).split()) for line in text.splitlines())
    return [line for line in lines if line]


PAGES: dict[str, Callable[[], str]] = {
    "docs/commands.md": commands_page,
    "docs/parameters.md": parameters_page,
    "docs/functions.md": functions_page,
    "docs/dependencies.md": dependencies_page,
    **{f"docs/schema/{name}.schema.json": functools.partial(schema_file, name) for name in SCHEMAS},
    "docs/model-card.md": model_card,
    **{name: functools.partial(with_output, name) for name in WITH_OUTPUT},
}


# Pages with figures that were computed: their words have to agree, and the last digits may not.
NEARLY = {*WITH_OUTPUT, "docs/model-card.md"}


def is_fresh(name: str) -> bool:
    """Say whether the page on disk is what the code would write now."""
    path = ROOT / name
    if not path.exists():
        return False
    written, wanted = path.read_text(encoding="utf-8"), PAGES[name]()
    return structure(written) == structure(wanted) if name in NEARLY else written == wanted


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
