"""`ketascope evidence` from the outside: what it prints and writes, and one line for everything that is wrong."""

from __future__ import annotations

import csv
import json

import click
import pytest
from click.testing import CliRunner

from data_lookups import INDICATIONS as MODELLED
from evidence_today import PTSD_TRIALS
from fresh_process import python
from ketascope.cli import main
from ketascope.report.evidence import drawn, evidence_csv
from ketascope.report.format import MINUS, NOT_SHOWN

TABLES = f"{MODELLED}, anxiety_mixed, cancer, panic, other"
INDICATIONS = f"{TABLES}, all"
OPTIONS = "--indication, --outcome, --treatment, --time, --measure, --estimator, --test, --studies, --json, --csv, "
OPTIONS += "--png, --svg, --help"
HEADER = "study,indication,outcome,scale,time_h,treatment,control,verified,unit,n_treatment,n_control,"
SYMPTOMS = HEADER + "difference,standard_error\n"
COUNTS = HEADER + "events_treatment,events_control\n"
OWN = SYMPTOMS + "own2025,ptsd,symptoms,CAPS-5,336,ketamine,active,text,points,40,41,-6,3\n"
FILES = {
    "own.csv": OWN,
    "twice.csv": OWN + OWN.splitlines()[1] + "\n",
    "events.csv": COUNTS + "own2025,ptsd,response,CAPS-5,336,ketamine,active,text,people,20,20,25,3\n",
    "unit.csv": OWN.replace(",points,", ",mg,"),
    "scale.csv": OWN.replace("CAPS-5", "CAPS-7"),
    "known.csv": OWN.replace("own2025", "feder2021"),
    "other.csv": OWN.replace("ptsd", "ocd").replace("CAPS-5", "Y-BOCS"),
    "empty.csv": "",
}
# What is typed after `evidence` -> what is said.
BAD: dict[tuple[str, ...], str] = {
    ("--indication", "ptds"): f"indication 'ptds' is unknown; did you mean 'ptsd'? Known: {INDICATIONS}",
    ("--indication", "xyz"): f"indication 'xyz' is unknown. Known: {INDICATIONS}",
    ("--outcome", "symptom"): (
        "outcome 'symptom' is unknown; did you mean 'symptoms'? Known: symptoms, response, remission"
    ),
    ("--outcome", "sleep", "--json"): "outcome 'sleep' is unknown. Known: symptoms, response, remission",
    ("--treatment", "ketamin"): (
        "treatment 'ketamin' is unknown; did you mean 'ketamine'? Known: ketamine, esketamine, ssri, snri"
    ),
    ("--indication", "ptsd", "--time", "weeks"): (
        "time 'weeks' is unknown; did you mean 'week'? Known: primary, hours, day, week, month, quarter, longer"
    ),
    ("--estimator", "REMLL"): "estimator 'REMLL' is unknown; did you mean 'REML'? Known: REML, DL, PM, ML, FE",
    ("--test", "t"): "test 't' is unknown. Known: KH, z",
    ("--measure", "g"): "measure 'g' is unknown. Known: smd, md, or, rr",
    ("--indication", "ptsd", "--measure", "or"): "measure 'or' does not fit symptoms; use one of smd, md",
    ("--indication", "ptsd", "--outcome", "response", "--measure", "smd"): (
        "measure 'smd' does not fit response; use one of or, rr"
    ),
    ("--indication", "ptsd", "--measure", "md"): (
        "measure 'md': Feder 2021 is on CAPS-5 and Feder 2014 on IES-R; "
        "raw points are pooled on one scale only, use smd"
    ),
    ("--indicaton", "ptsd"): f"unknown option '--indicaton'; did you mean '--indication'? Options: {OPTIONS}",
    ("--indication",): "--indication: its value is missing; write one after it, or leave the option out",
    ("--json=yes",): "--json: takes no value; write it alone",
    ("ptsd",): (
        "unknown word 'ptsd' after evidence; an indication is written --indication NAME. It takes: check, list, show"
    ),
    ("shwo",): "unknown word 'shwo' after evidence; did you mean 'show'? It takes: check, list, show",
    ("show",): "Missing argument 'STUDY'.",
    ("show", "feder202"): "unknown study 'feder202'; did you mean 'feder2021'?",
    ("show", "qqqqqq"): "unknown study 'qqqqqq'; 'ketascope evidence list' shows all of them",
    ("show", "feder2021", "feder2014"): "unexpected 'feder2014' after what show takes",
    ("list", "--indication", "pstd"): f"indication 'pstd' is unknown; did you mean 'ptsd'? Known: {TABLES}",
    ("--indication", "ptsd", "show", "feder2021"): (
        "--indication: stands before show; write options of it after the word"
    ),
    ("--json", "list"): "--json: stands before list; write options of it after the word",
    ("--png", "x.png"): "--png: a forest plot needs one indication; write --indication NAME with it",
    ("--indication", "ptsd", "--svg", "no/x.svg"): (
        "--svg: cannot write x.svg: the folder no does not exist; create it first"
    ),
    ("--indication", "ptsd", "--csv", ""): "--csv: the name of a file is missing; write one such as evidence.csv",
    ("--studies", "own.csv"): "studies: your own rows need one indication; give indication with them",
    ("--indication", "ptsd", "--studies", "none.csv"): "cannot read 'none.csv': No such file or directory",
    ("--indication", "ptsd", "--studies", "empty.csv"): (
        "empty.csv holds no comparison; its first row names columns, each row below is one"
    ),
    ("--indication", "ptsd", "--studies", "twice.csv"): (
        "twice.csv row 3, outcome: the same comparison stands in row 2; keep one of the two"
    ),
    ("--indication", "ptsd", "--outcome", "response", "--studies", "events.csv"): (
        "events.csv row 2, events_treatment: 25 events are more than the 20 people; at most 20"
    ),
    ("--indication", "ptsd", "--studies", "unit.csv"): (
        "unit.csv row 2, unit: 'mg' is wrong for symptoms; it is one of points, points of change, sd units"
    ),
    ("--indication", "ptsd", "--studies", "scale.csv"): (
        "scale.csv row 2, scale: unknown scale 'CAPS-7'; did you mean 'CAPS-5'?"
    ),
    ("--indication", "ptsd", "--studies", "known.csv"): (
        "known.csv row 2, study: 'feder2021' is in the package's tables; a trial counts once, so leave it out"
    ),
    ("--indication", "ptsd", "--studies", "other.csv"): (
        "other.csv: no row fits ptsd ketamine symptoms; it must hold one, it has ocd ketamine symptoms"
    ),
}

# Runs each case in one fresh process and reports the heavy modules that it loaded.
EACH_CASE = """
import json, sys
from click.testing import CliRunner
from ketascope.cli import main
heavy, cases = json.loads(sys.stdin.read())
found = []
for arguments in cases:
    result = CliRunner().invoke(main, ["evidence", *arguments])
    found.append([arguments, result.exit_code, sorted(set(heavy) & set(sys.modules))])
print(json.dumps(found))
"""
HEAVY = ("jax", "jaxlib", "numpyro", "altair", "polars", "pandera", "xarray", "pint", "pydantic", "vl_convert")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files of the table, entered."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, ["evidence", *arguments])


def read(*arguments):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


# Bad input


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_bad_input_gives_one_line_and_exit_code_2(arguments, folder):
    before = sorted(folder.iterdir())
    result = run(*arguments)
    assert result.stderr == f"ketascope: {BAD[arguments]}\n"
    assert (result.stdout, result.exit_code) == ("", 2)
    assert isinstance(result.exception, SystemExit)
    assert sorted(folder.iterdir()) == before


def test_help_and_errors_import_nothing_heavy(folder):
    wanted = [list(arguments) for arguments in BAD]
    wanted += [["--help"], ["show", "--help"], ["list", "--help"], ["show", "feder2021"], ["--indication", "ptsd"]]
    result = python("-c", EACH_CASE, input=json.dumps([HEAVY, wanted]), cwd=folder)
    assert result.returncode == 0, result.stderr
    codes = [2] * len(BAD) + [0] * 5
    assert json.loads(result.stdout) == [[case, code, []] for case, code in zip(wanted, codes, strict=True)]


# What is printed


def test_the_page_of_ptsd_prints_all_that_must_be_printed():
    text = run("--indication", "ptsd").stdout
    flat = " ".join(text.split())
    for said in (
        "Ketamine may reduce symptoms in post-traumatic stress disorder",
        "estimator REML (converged",
        "test Knapp-Hartung",
        "Prediction interval for a new study, by rule: z:",
        "KH t(k-1), drawn:",
        "standardised, as scales differ",
        "Without the bound of Abdallah 2022",
        "Feder 2014: a crossover whose sequence sizes were not read",
        "Sensitivity set",
        "leave one out: lowest",
        "As the trials came in, year by year",
        f"Small-study effects: not tested ({PTSD_TRIALS} studies: tests for small-study effects need at least 10",
        "Dose: no meta-regression (moderator 'dose' is 0.5 in every study",
        "Certainty: low",
        "Published pooled estimates beside ours (checks, never data)",
        "Studies without usable numbers, and why",
        "This is not medical advice",
        "call or text 988",
    ):
        assert said in flat, said


def test_a_single_study_is_shown_with_the_refusal_in_one_line_and_no_error():
    result = run("--indication", "ocd", "--outcome", "response")
    assert result.exit_code == 0
    assert "Not pooled: pooling needs at least two studies; one is shown as it is." in result.stdout
    assert "Rodriguez 2013" in result.stdout


def test_no_study_at_all_is_a_page_and_no_error():
    result = run("--indication", "panic")
    assert result.exit_code == 0
    assert "Not pooled: no trial has figures that can be pooled." in result.stdout
    assert "ray2016" in result.stdout


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_terminal(width):
    for arguments in (["--indication", "ptsd"], []):
        result = CliRunner().invoke(main, ["evidence", *arguments], env={"COLUMNS": str(width)})
        assert max(len(line) for line in result.stdout.splitlines()) <= width


def test_nothing_is_cut_off_in_the_tables():
    document = read("--indication", "mdd", "--treatment", "esketamine")
    flat = " ".join(run("--indication", "mdd", "--treatment", "esketamine").stdout.split())
    for row in document["sensitivity"]:
        assert set(row["name"].split()) <= set(flat.split())
    assert "\N{HORIZONTAL ELLIPSIS}" not in flat


def test_without_an_indication_there_is_an_overview():
    text = run().stdout
    assert text.startswith("Evidence by indication: symptoms")
    for name in ("gad", "sad", "ptsd", "ocd", "mdd", "Esketamine", "SSRIs", "SNRIs"):
        assert name in text
    assert {row["treatment"] for row in read("--treatment", "ssri")["overview"]} == {"ssri"}


def test_the_json_is_the_library_call():
    from ketascope import pooled_evidence

    assert read("--indication", "ptsd", "--time", "month") == json.loads(
        json.dumps(pooled_evidence("ptsd", window="month"))
    )


def test_options_reach_the_pool():
    document = read(
        "--indication", "sad", "--treatment", "ssri", "--outcome", "response", "--estimator", "PM", "--test", "z"
    )
    assert (document["pooled"]["estimator"], document["pooled"]["test"], document["measure"]) == ("PM", "z", "log OR")


# Own rows


def test_own_rows_are_pooled_beside_ours_and_say_so(folder):
    ours, both = read("--indication", "ptsd"), read("--indication", "ptsd", "--studies", "own.csv")
    assert both["pooled"]["k"] == ours["pooled"]["k"] + 1
    row = next(study for study in both["studies"] if study["is_user"])
    assert (row["study"], row["in_pooling"], row["scale"]) == ("own2025", True, "CAPS-5")
    assert row["estimate"] == pytest.approx(-0.44, abs=0.01)
    assert any(flag["code"] == "own_rows" and "own2025" in flag["message"] for flag in both["flags"])
    assert "own2025 (your file)" in run("--indication", "ptsd", "--studies", "own.csv").stdout


def test_own_rows_from_memory_are_shown_and_not_pooled(folder):
    (folder / "memory.csv").write_text(OWN.replace(",text,", ",recall,"), encoding="utf-8")
    document = read("--indication", "ptsd", "--studies", "memory.csv")
    row = next(study for study in document["studies"] if study["is_user"])
    assert (row["in_pooling"], row["why_not"], document["pooled"]["k"]) == (False, "from recall", PTSD_TRIALS)


# Files


def test_files_are_written_and_named(folder):
    result = run("--indication", "ptsd", "--csv", "t.csv", "--png", "p.png", "--svg", "s.svg")
    assert result.exit_code == 0
    assert result.stderr.splitlines() == ["written: t.csv", "written: p.png", "written: s.svg"]
    assert (folder / "p.png").read_bytes().startswith(b"\x89PNG")
    svg = (folder / "s.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert "Abdallah 2022" in svg
    with (folder / "t.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {"Feder 2014", "Pooled estimate", "Without the bound", "Pradhan 2018"} <= {row["study"] for row in rows}


def test_the_overview_can_be_a_table_too(folder):
    assert run("--csv", "t.csv").exit_code == 0
    with (folder / "t.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["indication"] for row in rows} == {"gad", "sad", "ptsd", "ocd", "mdd"}


def test_numbers_in_the_table_are_not_rounded():
    document = read("--indication", "ptsd")
    row = next(csv.DictReader(evidence_csv(document).splitlines()))
    assert float(row["estimate (SD units)"]) == document["studies"][0]["estimate"]


# Studies


def test_a_study_is_shown_in_full():
    text = " ".join(run("show", "feder2021").stdout.split())
    for said in (
        "Feder 2021",
        "feder2021",
        "midazolam",
        "risk of bias: some",
        "SE 3.96",
        "10 of 15",
        "CAPS-5: 0 to 80",
    ):
        assert said in text, said
    page = json.loads(run("show", "feder2021", "--json").stdout)
    assert page["study"]["study"] == "feder2021"
    assert len(page["arms"]) == 2
    assert {row["in_fit"] for row in page["outcomes"]} == {"fit", "check", None}


def test_a_study_that_repeats_another_names_it():
    assert "KET_Lii2023" in run("show", "lii2023").stdout
    assert "ESK_Popova2019" in run("show", "daly2021").stdout


def test_every_study_has_a_page_and_stands_in_the_list():
    listed = json.loads(run("list", "--json").stdout)["studies"]
    assert len(listed) > 150
    text = run("list").stdout
    for row in listed:
        assert row["study"] in text
    # Every page has a test of its own beside the tables; here one of each kind reaches the command line.
    for row in {each["kind"]: each for each in listed}.values():
        assert run("show", row["study"]).exit_code == 0, row["study"]


def test_the_list_of_one_indication_has_that_one_only():
    found = json.loads(run("list", "--indication", "OCD", "--json").stdout)["studies"]
    assert {row["indication"] for row in found} == {"ocd"}
    assert f"{len(found)} studies" in run("list", "--indication", "ocd").stdout


def test_every_option_has_a_help_text_and_tells_its_default():
    group = main.get_command(click.Context(main), "evidence")
    assert isinstance(group, click.Group)
    for command in (group, *group.commands.values()):
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, parameter.name
    text = " ".join(run("--help").stdout.split())
    for default in ("symptoms", "ketamine", "primary", "REML", "KH"):
        assert f"[default: {default}]" in text


# Lines of characters


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"estimate": 0.0, "low": -1.0, "high": 1.0}, "  ──■──  "),
        ({"estimate": 0.0, "low": -1.0, "high": 1.0, "is_bound": True}, "  ──□──  "),
        ({"estimate": 1.0, "low": 0.5, "high": 9.0}, "    │─■─→"),
        ({"estimate": -1.0, "low": -9.0, "high": 1.0}, "←─■─┼──  "),
        ({"estimate": 1.0, "low": 0.5, "high": 1.5, "k": 3}, "    │─◆─ "),
        ({"estimate": None, "low": None, "high": None}, "    │    "),
    ],
)
def test_an_interval_is_drawn_with_characters(values, line):
    assert drawn(values, (-2.0, 2.0), 9) == line


def test_numbers_have_a_true_minus_and_gaps_a_dash():
    text = run("--indication", "ptsd").stdout
    assert f"{MINUS}1.07" in text
    assert NOT_SHOWN in text
