"""What the machine may refuse: a full disk, a closed pipe, an odd locale, a lost folder, an impatient reader."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from fuzzing import check_line
from ketascope import compare, simulate
from ketascope.cli import main
from ketascope.errors import InputError
from ketascope.files import write_aside

IV = "ketamine 0.5 mg/kg IV over 40 min"
QUICK = ["compare", IV, "--patients", "0", "--until", "48h"]
FULL = Path("/dev/full")
INTERRUPTED = (1, 130, -signal.SIGINT)


@pytest.fixture
def command(root: Path, tmp_path: Path):
    """Runs the program in a process of its own; `shell` is what follows it on a line of a shell."""

    def run(*arguments: str, shell: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        quoted = subprocess.list2cmdline([sys.executable, "-m", "ketascope"])
        program = ["bash", "-c", f'set -o pipefail; {quoted} "$@" {shell}', "bash", *arguments]
        settings = {name: value for name, value in os.environ.items() if name not in environment}
        settings |= {"PYTHONPATH": str(root / "src")} | {name: value for name, value in environment.items() if value}
        return subprocess.run(
            program, capture_output=True, text=True, errors="replace", env=settings, cwd=tmp_path, timeout=120
        )

    return run


def said(text: str) -> str:
    """The line after the program's name."""
    assert text.startswith("ketascope: ")
    assert text.endswith("\n")
    return check_line(text.removeprefix("ketascope: ").removesuffix("\n"))


def assert_one_line(run: subprocess.CompletedProcess[str], status: int = 2) -> str:
    assert run.returncode == status, (run.returncode, run.stderr)
    assert len(run.stderr.splitlines()) == 1, run.stderr
    return said(run.stderr)


# A disk or a stream that takes no more ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [QUICK + ["--json"], ["parameters", "pooled"], ["--help"]], ids=["json", "table", "help"]
)
def test_output_onto_a_full_disk_is_one_line(command, arguments):
    assert "No space left" in assert_one_line(command(*arguments, shell="> /dev/full"))


def test_a_file_that_grows_over_the_limit_is_one_line_and_leaves_nothing(tmp_path):
    """The system bounds the size of files, as a quota does, and tells it by an error."""
    (tmp_path / "page.csv").write_text("old")
    limit = (
        "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); sys.argv[0] = 'ketascope'; "
        "runpy.run_module('ketascope', run_name='__main__')"
    )
    run = subprocess.run(
        [sys.executable, "-c", limit, *QUICK, "--csv", "page.csv"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        timeout=120,
    )
    assert "File too large" in assert_one_line(run)
    assert (tmp_path / "page.csv").read_text() == "old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["page.csv"]


@pytest.mark.parametrize("arguments", [QUICK + ["--json"], ["parameters"]], ids=["json", "table"])
def test_a_reader_that_stops_early_sees_no_traceback(command, arguments):
    run = command(*arguments, shell="| head -n 1")
    assert run.stderr == ""
    assert len(run.stdout.splitlines()) == 1


@pytest.mark.parametrize(("arguments", "shell"), [(["pooled"], ">&-"), (["--json"], ">&-"), (["no-such-row"], "2>&-")])
def test_a_closed_stream_is_no_traceback(command, arguments, shell):
    run = command("parameters", *arguments, shell=shell)
    assert run.returncode in (0, 2)
    assert run.stderr == ""


# Files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refused", ["replace", "chmod", "fdopen", "mkstemp"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EDQUOT])
def test_whatever_step_of_writing_is_refused_the_old_file_stands(tmp_path, monkeypatch, refused, number):
    import tempfile

    target = tmp_path / "doses.csv"
    target.write_text("old")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile if refused == "mkstemp" else os, refused, refuse)
    with pytest.raises(InputError) as caught:
        write_aside(target, "new")
    assert os.strerror(number) in check_line(str(caught.value))
    monkeypatch.undo()
    assert target.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["doses.csv"]


def test_a_device_is_written_to_and_never_replaced():
    with pytest.raises(InputError, match="No space left"):
        write_aside(FULL, "text")
    assert FULL.is_char_device()
    write_aside(os.devnull, "text")
    assert Path(os.devnull).is_char_device()


def test_a_pipe_is_written_to_as_it_is(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_aside(pipe, "text")
    assert os.read(reader, 100) == b"text"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "real" / "out.csv")
    for text in ("first", "second"):
        write_aside(link, text)
        assert link.is_symlink()
        assert (tmp_path / "real" / "out.csv").read_text() == text
    assert [file.name for file in (tmp_path / "real").iterdir()] == ["out.csv"]


@pytest.mark.parametrize("name", ["a" * 250, "b" * 300, "no/such/out.csv", ".", "out\n.csv", "ü" * 100])
def test_a_file_of_any_name_is_written_or_refused_in_one_line(tmp_path, name):
    try:
        assert write_aside(tmp_path / name, "text").read_text() == "text"
    except InputError as error:
        check_line(str(error))
        assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


@pytest.mark.parametrize("option", ["--csv", "--html", "--png"])
@pytest.mark.parametrize("place", ["folder", "folder/no/out", "file/out", "a" * 300])
def test_a_place_that_cannot_be_is_told_before_the_work(tmp_path, monkeypatch, option, place):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(main, [*QUICK, option, place])
    assert result.exit_code == 2
    said(result.stderr)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder"]


READ = {
    "doses.csv": "ID,TIME,AMT,RATE,EVID,DRUG,ROUTE\n1,0,35,0,1,ketamine,IM\n",
    "samples.csv": "ID,TIME,DV,AMT,EVID\n1,0,.,35,1\n1,1,100,.,0\n1,2,50,.,0\n1,4,25,.,0\n",
    "article.txt": "Ketamine works within hours.\n",
}


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", "--events", "doses.csv", "--csv", "doses.csv"],
        ["compare", "--events", "doses.csv", "--html", "./doses.csv"],
        ["simulate", "--events", "doses.csv", "--png", "link.csv"],
        ["nca", "samples.csv", "--csv", "samples.csv"],
        ["fit", "samples.csv", "--csv", "../{here}/samples.csv"],
        ["audit", "article.txt", "--no-live", "--html", "article.txt"],
        ["evidence", "--indication", "ptsd", "--studies", "samples.csv", "--svg", "samples.csv"],
        ["trial", "article.txt", "--html", "article.txt"],
    ],
    ids=lambda arguments: " ".join(arguments[:1] + arguments[-2:-1]),
)
def test_the_file_that_is_read_is_never_written_over(tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    for name, text in READ.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "link.csv").symlink_to("doses.csv")
    result = CliRunner().invoke(main, [each.format(here=tmp_path.name) for each in arguments])
    assert result.exit_code == 2
    assert "is the file that is read" in said(result.stderr)
    assert {name: (tmp_path / name).read_text() for name in READ} == READ


@pytest.mark.parametrize(
    "arguments",
    [
        [*QUICK, "--csv", "loop"],
        ["export", IV, "--output", "loop"],
        ["providers", "build", "loop"],
        ["import", "loop"],
        ["audit", "loop"],
        ["trial", "./loop"],
        ["nca", "loop"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_links_that_lead_in_a_circle_are_one_line(tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2, result.exception
    said(result.stderr)
    with pytest.raises(InputError, match="lead in a circle"):
        write_aside(tmp_path / "loop", "text")


@pytest.mark.parametrize("shell", ["<&-", "< /dev/zero"])
def test_standard_input_that_is_closed_or_has_no_end_is_one_line(command, shell):
    assert "standard input" in assert_one_line(command("audit", "-", "--no-live", shell=shell))


@pytest.mark.parametrize("arguments", [["nca"], ["fit"], ["import"], ["evidence", "--indication", "ptsd", "--studies"]])
def test_a_table_with_a_line_without_end_is_refused_before_it_fills_the_memory(arguments):
    result = CliRunner().invoke(main, [*arguments, "/dev/zero"])
    assert result.exit_code == 2, result.exception
    assert "one line has more than" in said(result.stderr)


def test_too_little_memory_is_one_line(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("ketascope.one_regimen.simulate", refuse)
    result = CliRunner().invoke(main, ["simulate", IV])
    assert result.exit_code == 2, result.exception
    assert "not enough memory" in said(result.stderr)


@pytest.mark.parametrize("encoding", ["utf-8:strict", "utf-8:surrogateescape", "ascii"])
def test_a_byte_in_the_name_of_a_file_that_is_no_character_gets_an_escape(command, tmp_path, encoding):
    name = os.fsdecode(b"doses\xff.csv")
    (tmp_path / name).write_text(READ["doses.csv"])
    run = command("import", name, "--json", PYTHONIOENCODING=encoding)
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout)["source"] == name
    assert write_aside(tmp_path / "page.html", f"from {name}").read_bytes() == b"from doses\\udcff.csv"


# Where things are kept --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "environment",
    [{"HOME": "", "XDG_CACHE_HOME": ""}, {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null"}],
    ids=["no home", "no folder"],
)
def test_without_a_folder_of_ones_own_the_answers_are_the_same(command, environment):
    run = command("simulate", IV, "--patients", "0", "--until", "48h", "--json", **environment)
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout) == simulate(IV, patients=0, until_h=48.0).document()


# Terminals and locales --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
    ],
    ids=["C", "ascii"],
)
def test_a_locale_of_few_characters_shows_every_table(command, environment):
    run = command(*QUICK, **environment)
    assert (run.returncode, run.stderr) == (0, "")
    assert len(run.stdout.splitlines()) > 100


def test_json_has_every_character_in_any_locale(command):
    run = command(*QUICK, "--json", PYTHONIOENCODING="ascii")
    assert run.stdout.isascii()
    assert json.loads(run.stdout) == compare([IV], patients=0, until_h=48.0).document()


@pytest.mark.parametrize("columns", ["40", "1000"])
def test_a_terminal_of_any_width(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    result = CliRunner().invoke(main, QUICK)
    assert result.exit_code == 0, result.output
    assert "placebo" in result.output.replace("\n", "")


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31mred", "\u202eabc", "\udcff\udcfe", "x" * 5000])
def test_what_is_typed_is_echoed_as_one_printable_line(text):
    for arguments in (
        [text],
        ["compare", f"--{text}"],
        ["compare", "--indication", text],
        ["compare", "--interaction", text],
        ["compare", "--weight", text],
        ["compare", text],
        ["simulate", IV, text],
        ["find", text],
        ["audit", text],
        ["evidence", text],
        ["parameters", text],
        ["providers", text],
    ):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 2, (arguments[:2], result.output)
        said(result.stderr)


# An interrupt -----------------------------------------------------------------------------------------------------

# The process says when the work has begun, so that the interrupt falls into it however busy the machine is.
BEGUN = """
import os, runpy, sys, threading, time
from ketascope.solver.native import engine
solve = engine.solve
def told(*given, **named):
    print("begun", file=sys.__stdout__, flush=True)
    return solve(*given, **named)
engine.solve = told
sys.argv[0] = "ketascope"
runpy.run_module("ketascope", run_name="__main__")
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", "--patients", "8000", "--csv", "out.csv", "--html", "out.html"],
        ["simulate", f"{IV} q 1 d x 8", "--patients", "8000", "--json"],
    ],
    ids=["compare", "simulate"],
)
@pytest.mark.parametrize("wait_s", [0.0, 0.3])
def test_an_interrupt_in_the_midst_of_solving_ends_in_one_line_with_nothing_half_written(
    tmp_path, root, arguments, wait_s
):
    """Threads still run in compiled code then: what they read must stay where it is until they are done."""
    child = subprocess.Popen(
        [sys.executable, "-c", BEGUN, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root / "src")},
        cwd=tmp_path,
    )
    assert child.stdout is not None
    for _ in range(3):
        assert child.stdout.readline().strip() == "begun"
    time.sleep(wait_s)
    child.send_signal(signal.SIGINT)
    output, said = child.communicate(timeout=60)
    assert child.returncode in INTERRUPTED, (child.returncode, said)
    assert said.split() == ["Aborted!"]
    assert output.replace("begun\n", "") == ""
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_of_the_server_stops_it(tmp_path, root):
    child = subprocess.Popen(
        [sys.executable, "-m", "ketascope", "serve", "--port", "0", "--no-warm"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root / "src"), "PYTHONUNBUFFERED": "1"},
        cwd=tmp_path,
    )
    assert child.stdout is not None
    first = child.stdout.readline()
    assert "http://127.0.0.1:" in first
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    output, _ = child.communicate(timeout=60)
    assert child.returncode in (0, *INTERRUPTED)
    assert "Traceback" not in output
