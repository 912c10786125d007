"""Help, errors and light commands stay light: they never import what only the simulation needs."""

from __future__ import annotations

import json
import statistics
import time

import pytest

import ketascope
from fresh_process import python
from import_graph import groups_that_import_each_other, modules
from test_bad_input import BAD, write_files

HEAVY = ("jax", "jaxlib", "altair", "polars", "xarray", "pint", "vl_convert")

# Runs the command line in one fresh process, case after case, and reports the first heavy module of each.
EACH_CASE = """
import json, sys
from click.testing import CliRunner
from ketascope.cli import main
heavy, cases = json.loads(sys.stdin.read())
found = []
for arguments in cases:
    result = CliRunner().invoke(main, arguments)
    loaded = sorted(set(heavy) & set(sys.modules))
    found.append([arguments, result.exit_code, loaded])
    if loaded:
        break
print(json.dumps(found))
"""


def cases(folder, arguments):
    result = python("-c", EACH_CASE, cwd=folder, input=json.dumps([HEAVY, arguments]))
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["-h"],
        ["--version"],
        ["compare", "--help"],
        ["simulate", "--help"],
        ["parameters", "--help"],
        ["validate", "--help"],
    ],
    ids=" ".join,
)
def test_help_imports_nothing_heavy(arguments, tmp_path):
    assert cases(tmp_path, [arguments]) == [[arguments, 0, []]]


def test_the_help_of_every_command_loads_nothing_but_click(tmp_path):
    code = """
import sys
at_start = set(sys.modules)
import click
from click.testing import CliRunner
from ketascope.cli import main
def words(command, *before):
    yield [*before, "--help"]
    for name in command.list_commands(click.Context(command)) if isinstance(command, click.Group) else []:
        yield from words(command.get_command(click.Context(command), name), *before, name)
asked = list(words(main))
for each in asked:
    assert CliRunner().invoke(main, each).exit_code == 0, each
loaded = {name.partition(".")[0] for name in set(sys.modules) - at_start} - set(sys.stdlib_module_names)
print(len(asked), *sorted(loaded))
"""
    result = python("-c", code, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    count, *loaded = result.stdout.split()
    assert int(count) > 10
    assert [name for name in loaded if name != "colorama"] == ["click", "ketascope"]


def test_no_bad_input_imports_anything_heavy(tmp_path):
    write_files(tmp_path)
    wanted = [list(arguments) for arguments in BAD]
    assert cases(tmp_path, wanted) == [[arguments, 2, []] for arguments in wanted]


def test_each_kind_of_bad_input_is_light_in_a_process_of_its_own(tmp_path):
    """The cases above share a process; here the first error of a process is light too."""
    for arguments in (["compare", "ketamin 35 mg IV"], ["compare", "--weight", "10"], ["frobnicate"]):
        assert cases(tmp_path, [arguments]) == [[arguments, 2, []]]


@pytest.mark.parametrize("arguments", [["parameters"], ["parameters", "pooled", "--json"]], ids=" ".join)
def test_parameters_needs_neither_the_heavy_ones_nor_numpy(arguments, tmp_path):
    code = (
        "import sys; from click.testing import CliRunner; from ketascope.cli import main; "
        f"r = CliRunner().invoke(main, {arguments!r}); "
        f"sys.exit(r.exit_code or bool({set(HEAVY) | {'numpy', 'scipy'}!r} & set(sys.modules)))"
    )
    assert python("-c", code, cwd=tmp_path).returncode == 0


def test_validate_does_not_import_the_simulation(tmp_path):
    assert cases(tmp_path, [["validate", "--json"]]) == [[["validate", "--json"], 0, []]]


def test_importing_the_package_loads_neither_numpy_nor_click():
    code = "import sys, ketascope; print(sorted({'numpy', 'scipy', 'click', 'rich', 'pydantic'} & set(sys.modules)))"
    result = python("-c", code)
    assert result.stdout.strip() == "[]", result.stderr


def test_importing_the_package_takes_next_to_no_time():
    code = "import time; t = time.perf_counter(); import ketascope; print(time.perf_counter() - t)"
    seconds = [float(python("-c", code).stdout) for _ in range(3)]
    assert statistics.median(seconds) < 0.1


def test_help_comes_at_once():
    def seconds():
        start = time.perf_counter()
        assert python("-m", "ketascope", "--help").returncode == 0
        return time.perf_counter() - start

    assert statistics.median(seconds() for _ in range(3)) < 2.0


def test_checking_the_inputs_of_the_library_is_light_too():
    """A wrong sentence, dose, person or time is refused before the solver is loaded, not only on the command line."""
    code = """
import sys
from ketascope import InputError, compare, simulate
calls = [
    lambda: compare(["ketamin 35 mg IV"]),
    lambda: compare(["ketamine 900 mg IV"]),
    lambda: compare(["ketamine 35 mg IM after 70 d"]),
    lambda: compare(["ketamine 35 mg IM"] * 2),
    lambda: compare(weight_kg=10),
    lambda: compare(indication="gda"),
    lambda: compare(until_h=0.0),
    lambda: compare(patients=-1),
    lambda: simulate("ketamine 900 mg IV"),
    lambda: simulate("ketamine 35 mg IM", times_h=[1e6]),
    lambda: simulate("ketamine 35 mg IM", scenarios=["none"]),
]
for number, call in enumerate(calls):
    try:
        call()
    except InputError:
        pass
    else:
        sys.exit(f"call {number} was accepted")
    if "jax" in sys.modules:
        sys.exit(f"call {number} imported jax")
"""
    result = python("-c", code)
    assert result.returncode == 0, result.stderr


def test_all_names_of_the_package_exist_and_are_listed():
    assert sorted(ketascope.__all__) == ketascope.__all__
    assert dir(ketascope) == ketascope.__all__
    for name in ketascope.__all__:
        assert getattr(ketascope, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'compair'"):
        _ = ketascope.compair


def test_every_module_can_be_imported_first(root):
    """No import works only because another came before it; only circles of imports can fail in that way."""
    known = modules(root / "src")
    circles = groups_that_import_each_other(known)
    assert any({"ketascope.regimen", "ketascope.regimen.catalogue"} <= set(circle) for circle in circles)
    code = (
        "import importlib, sys\n"
        "for name in sys.stdin.read().split():\n"
        "    for loaded in [each for each in sys.modules if each.split('.')[0] == 'ketascope']:\n"
        "        del sys.modules[loaded]\n"
        "    importlib.import_module(name)\n"
    )
    names = [name for circle in circles for name in circle]
    result = python("-c", code, input="\n".join(names))
    assert result.returncode == 0, result.stderr


def test_every_module_can_be_imported(root):
    names = [name for name in modules(root / "src") if not name.endswith("__main__")]
    result = python("-c", f"import importlib\nfor name in {names!r}: importlib.import_module(name)")
    assert result.returncode == 0, result.stderr


def test_circles_of_imports_are_found(tmp_path):
    texts = {
        "__init__": "",
        "a": "from ketascope import b",
        "b": "def later():\n    import ketascope.a",
        "c": "if True:\n    import ketascope.d",
        "d": "import typing\nif typing.TYPE_CHECKING:\n    import ketascope.a\nfrom ketascope.c import x",
    }
    (tmp_path / "ketascope").mkdir()
    for name, text in texts.items():
        (tmp_path / "ketascope" / f"{name}.py").write_text(text, encoding="utf-8")
    assert groups_that_import_each_other(modules(tmp_path)) == [["ketascope.c", "ketascope.d"]]
