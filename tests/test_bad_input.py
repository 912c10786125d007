"""Bad input through the command line: one line that names what is wrong and what would be right; exit code 2."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from data_lookups import DRUGS, INDICATIONS, ROUTES
from ketascope.cli import main

IV = "ketamine 0.5 mg/kg IV over 40 min"
COMMANDS = (
    "audit, calibrate, compare, evidence, export, find, fit, import, nca, parameters, providers, serve, simulate, "
    "trial, validate"
)
COMMON = "--indication, --weight, --age, --sex, --hepatic, --interaction, --until, --patients, --seed, --sampling"
COMPARE_OPTIONS = f"{COMMON}, --scenario, --events, --show, --json, --csv, --html, --png, --help"
INTERACTIONS = "ticlopidine, itraconazole, clarithromycin, grapefruit, st-johns-wort, rifampicin"
SCENARIOS = "expectancy, active-control, masked, hnk, opioid-blocked, r-potency, cyp2b6-star6"
TABLES = "options, change, versus_placebo, response_rate, response_on_placebo, response_versus_placebo, "
TABLES += "number_needed_to_treat, expectancy, acute, harms, exposure, typical_exposure, "
TABLES += "mechanism, practical, evidence"
SHAPE = "write DRUG AMOUNT UNIT ROUTE, e.g. 'ketamine 0.5 mg/kg IV over 40 min'"
AMOUNT = "an amount must follow ketamine, e.g. '0.5 mg/kg'"
DEVICES = "esketamine nasal comes in whole devices of 28 mg; write 28, 56 or 84 mg"
A_TIME = "is not a time; write a number and min, h, d or wk, such as 40min or 8wk"
ONE_REGIMEN = "simulate needs one dose sentence or one --events FILE, such as 'ketamine 35 mg IV over 40 min'"
MISSING_VALUE = "its value is missing; write one after it, or leave the option out"

HEADER = "ID,TIME,AMT,RATE,EVID,DRUG,ROUTE\n"
FILES = {
    "ok.csv": HEADER + "1,0,35,0,1,ketamine,IM\n",
    "no_route.csv": "ID,TIME,AMT,DRUG\n1,0,35,ketamine\n",
    "misspelt.csv": HEADER.replace("TIME", "TIMES"),
    "not_a_number.csv": HEADER + "1,0,35,0,1,ketamine,IM\n1,24,abc,0,1,ketamine,IM\n",
    "before_start.csv": HEADER + "1,-1,35,0,1,ketamine,IV\n",
    "unknown_drug.csv": HEADER + "1,0,35,0,1,ketamin,IV\n",
    "negative_rate.csv": HEADER + "1,0,35,-1,1,ketamine,IV\n",
    "steady_state.csv": HEADER.replace("EVID", "EVID,SS") + "1,0,35,0,1,1,ketamine,IV\n",
    "two_people.csv": HEADER + "1,0,35,0,1,ketamine,IV\n2,24,35,0,1,ketamine,IV\n",
    "no_dose.csv": HEADER,
    "short_row.csv": HEADER + "1,0,35\n",
    "empty.csv": "",
    "heavy.csv": HEADER + "1,0,900,0,1,ketamine,IV\n",
}

# What is typed -> what is said.
BAD: dict[tuple[str, ...], str] = {
    # Commands and options.
    ("comprae",): f"unknown command 'comprae'; did you mean 'compare'? Commands: {COMMANDS}",
    ("frobnicate",): f"unknown command 'frobnicate'. Commands: {COMMANDS}",
    ("--frob",): "unknown option '--frob'. Options: --version, --help",
    ("compare", "--indicaton", "gad"): (
        f"unknown option '--indicaton'; did you mean '--indication'? Options: {COMPARE_OPTIONS}"
    ),
    ("compare", "--frob"): f"unknown option '--frob'. Options: {COMPARE_OPTIONS}",
    ("parameters", "--jsn"): "unknown option '--jsn'; did you mean '--json'? Options: --grade, --json, --help",
    ("compare", "--patients"): f"--patients: {MISSING_VALUE}",
    ("compare", "--json=yes"): "--json: takes no value; write it alone",
    ("validate", "extra"): "unexpected 'extra' after what validate takes",
    (
        "serve",
        "--prot",
        "80",
    ): "unknown option '--prot'; did you mean '--port'? Options: --host, --port, --no-warm, --help",
    ("serve", "--port", "http"): "--port: 'http' is not a whole number; write one such as 8000",
    ("serve", "--port", "99999"): "--port: 99999 is no port; give a number from 0 to 65535, such as 8000",
    ("serve", "--host", "no host"): "--host: 'no host' is no address of this machine; give one, such as 127.0.0.1",
    ("parameters", "pooled", "simons"): "unexpected 'simons' after what parameters takes",
    ("simulate", "ketamine", "0.5", "mg/kg", "IV"): (
        "unexpected '0.5 mg/kg IV' after what simulate takes; a dose sentence with spaces needs quotes around it"
    ),
    ("simulate",): ONE_REGIMEN,
    ("simulate", IV, "--events", "ok.csv"): ONE_REGIMEN,
    # Trials, fits, other tools.
    ("trial", "two-arm-gda"): (
        "design 'two-arm-gda' is unknown; did you mean 'two-arm-gad'? Give a TOML file, or one of abdallah2022, "
        "feder2021, null, two-arm-gad"
    ),
    ("trial", "two-arm-gad", "--engine", "proceses"): (
        "engine 'proceses' is unknown; did you mean 'processes'? Known: processes, serial, dask://local, "
        "dask://HOST:PORT"
    ),
    ("trial", "two-arm-gad", "--engine", "dask://here"): (
        "engine 'dask://here': needs the host and the port of a scheduler, such as dask://10.0.0.5:8786"
    ),
    ("trial", "two-arm-gad", "--workers", "0"): "workers 0: must be 1 to 1024",
    ("trial", "two-arm-gad", "--replicates", "0"): "replicates 0: must be 1 to 1000000",
    ("trial", "two-arm-gad", "--plan", "3"): ("plan 3: must be a share above alpha (0.05) and below 1, such as 0.8"),
    ("trial", "two-arm-gad", "--arm", "ketamine"): "arm ketamine: belongs to a plan; write a plan too, such as 0.8",
    ("trial", "two-arm-gad", "--output", "no/such"): ("output no/such: the folder no does not exist; create it first"),
    ("fit", "none.csv"): "cannot read 'none.csv': No such file or directory",
    ("fit", "ok.csv", "--method", "nut"): "method 'nut' is unknown; did you mean 'nuts'? Known: map, nuts",
    ("fit", "ok.csv", "--values", "p.json"): (
        "--values: holds the population's values, so it must come with --population"
    ),
    ("export", "ketamine 35 mg IM", "--format", "nomem"): (
        "format 'nomem' is unknown; did you mean 'nonmem'? Known: sbml, nonmem, rxode2, mrgsolve"
    ),
    ("export", "ketamine 35 mg IM", "--format", "nonmem", "--indication", "gad"): (
        "indication changes nothing in an event table; leave it out, or write the format sbml"
    ),
    ("export", "ketamine", "35", "mg", "IM"): (
        "unexpected '35 mg IM' after what export takes; a dose sentence with spaces needs quotes around it"
    ),
    ("import", "none.csv"): "cannot read 'none.csv': No such file or directory",
    ("nca",): "nca needs a data file, such as 'ketascope nca data.csv'",
    ("nca", "none.csv"): "cannot read 'none.csv': No such file or directory",
    ("nca", "ok.csv", "--interval", "6h"): "--interval: 1 times; write two, such as 0h,24h",
    ("nca", "ok.csv", "--area", "linea"): (
        "area-rule 'linea' is unknown; did you mean 'linear'? Known: linear-up/log-down, linear"
    ),
    # Names.
    ("compare", "ketamin 0.5 mg/kg IV"): f"word 1 'ketamin': unknown drug; did you mean 'ketamine'? Drugs: {DRUGS}",
    ("compare", "ketamine 0.5 mg/kg intravenus"): (
        f"word 4 'intravenus': unknown route; did you mean 'IV'? Routes: {ROUTES}"
    ),
    ("simulate", "ketamine 0.5 mgkg IV"): (
        "word 3 'mgkg': unknown unit; did you mean 'mg/kg'? Units: mg, mg/kg, g, mcg, mcg/kg"
    ),
    ("compare", "escitalopram 10 mg IV"): (
        "word 4 'IV': escitalopram by IV is not covered; routes of escitalopram: oral"
    ),
    ("compare", "--indication", "gda"): (f"indication 'gda' is unknown; did you mean 'gad'? Known: {INDICATIONS}"),
    ("simulate", IV, "--indication", "xyz"): f"indication 'xyz' is unknown. Known: {INDICATIONS}",
    ("compare", "--scenario", "expectanc"): (
        f"scenario 'expectanc' is unknown; did you mean 'expectancy'? Known: {SCENARIOS}"
    ),
    ("compare", "--scenario", "zzz"): f"scenario 'zzz' is unknown. Known: {SCENARIOS}",
    ("compare", "--interaction", "rifampicn"): (
        f"interaction 'rifampicn' is unknown; did you mean 'rifampicin'? Known: {INTERACTIONS}"
    ),
    ("compare", "--interaction", "aspirin"): f"interaction 'aspirin' is unknown. Known: {INTERACTIONS}",
    ("compare", "--sampling", "capillary"): (
        "sampling 'capillary': must be one of venous, arterial, venous-published, arterial-published"
    ),
    ("validate", "--sampling", "capillary"): (
        "sampling 'capillary' is unknown; use venous or arterial, or leave it out"
    ),
    ("parameters", "pooled.clearance_s_ketamine"): (
        "parameter 'pooled.clearance_s_ketamine' is unknown; did you mean 'pooled.clearance_s_ketamine_l_per_h'? "
        "('ketascope parameters' lists all)"
    ),
    ("calibrate", "--chains", "1"): "chains 1: must be 2 to 16",
    ("calibrate", "--draws", "10"): "draws 10: must be 100 to 100000",
    ("calibrate", "--warm-up", "0"): "warm-up 0: must be 100 to 100000",
    ("calibrate", "--workers", "9"): "workers 9: must be 1 to the number of chains, 4",
    ("calibrate", "--seed", "-1"): "seed -1: must be a whole number from 0 to 2147482647",
    ("calibrate", "--part", "pharmacokinetics", "--seed", "-1"): "seed -1: must be a whole number from 0 to 2^31 - 1",
    ("calibrate", "--part", "trails"): (
        "part 'trails' is unknown; did you mean 'trials'? Known: trials, pharmacokinetics"
    ),
    ("validate", "--sampling", "venous", "--estimation", "x.md"): (
        "--estimation: its page holds both sites; write it without --sampling"
    ),
    ("validate", "--sampling", "venous", "--trial-estimation", "x.md"): (
        "--trial-estimation: trials have no sampling site; write its page without --sampling"
    ),
    ("parameters", "--grade", "good"): (
        "grade 'good' is unknown; grades: established, plausible, assumed, estimated, not informed by trials"
    ),
    ("parameters", "poled"): (
        "parameter 'poled' is unknown; did you mean 'pooled'? ('ketascope parameters' lists all)"
    ),
    ("compare", "--show", "chnge"): f"--show 'chnge' is unknown; did you mean 'change'? Known: {TABLES}",
    ("compare", "--show", "zzz"): f"--show 'zzz' is unknown. Known: {TABLES}",
    ("compare", "ketamine 35 mg IM", "ketamine 35mg im"): "'ketamine 35 mg IM' is given twice; give each regimen once",
    # What is missing from a sentence.
    ("compare", ""): f"the sentence is empty; {SHAPE}",
    ("compare", "0.5 mg/kg IV"): f"word 1 '0.5': the drug is missing; a phase starts with one of {DRUGS}",
    ("compare", "ketamine 0.5 IV"): "word 3 'IV': the unit is missing before the route; write mg or mg/kg",
    ("compare", "ketamine 0.5 mg/kg"): (
        f"word 3 'mg/kg': the sentence ends here; a route must follow the unit; routes of ketamine: {ROUTES}"
    ),
    ("compare", "ketamine 35 mg IV x 6"): "word 5 'x': 'x' needs an interval before it, e.g. 'q 3.5 d x 6'",
    ("compare", "ketamine 35 mg IV q 3.5 d"): (
        "word 5 'q': an interval needs a number of doses after it, e.g. 'q 3.5 d x 6'"
    ),
    ("compare", "ketamine", "35", "mg", "IV"): (
        f"sentence 1 of 4 (a dose sentence needs quotes around it): word 1 'ketamine': the sentence ends here; {AMOUNT}"
    ),
    ("compare", IV, "ketamine 35 IM"): (
        "sentence 2 of 2: word 3 'IM': the unit is missing before the route; write mg or mg/kg"
    ),
    # Doses.
    ("compare", "ketamine -35 mg IV"): "word 2 '-35': must be more than zero",
    ("compare", "ketamine 0 mg IV"): "word 2 '0': must be more than zero",
    ("compare", "ketamine NaN mg IV"): f"word 2 'NaN': not a finite number; {AMOUNT}",
    ("simulate", "ketamine inf mg IV"): f"word 2 'inf': not a finite number; {AMOUNT}",
    ("compare", "ketamine 11 mg/kg IV"): ("word 2 '11': 11 mg/kg a dose is over the limit of 10 mg/kg for ketamine IV"),
    ("compare", "ketamine 10 mg/kg IV q 8 h x 3"): (
        "word 2 '10': 30 mg/kg within 24 h is over the limit of 20 mg/kg for ketamine IV"
    ),
    ("compare", "ketamine 300 mg IV", "--weight", "25"): (
        "phase 1 (ketamine 300 mg IV), amount: 12 mg/kg a dose at 25 kg is over the limit of 10 mg/kg for ketamine IV"
    ),
    ("compare", "esketamine 50 mg nasal"): f"word 2 '50': {DEVICES}",
    ("compare", "esketamine 112 mg nasal"): f"word 2 '112': {DEVICES}",
    # Schedules.
    ("compare", "ketamine 35 mg IV over 40 min q 30 min x 3"): (
        "word 6 '40': the infusion of 40 min is longer than its interval of 30 min"
    ),
    ("compare", "ketamine 35 mg IV over 40 min & ketamine 35 mg IV over 1 h after 30 min"): (
        "word 9 'ketamine': overlapping phases: this infusion would start at 0.5 h while that of phase 1 runs until "
        "0.6667 h; separate them with 'then' or 'after'"
    ),
    ("compare", "ketamine 35 mg rectal over 10 min"): (
        "word 6 '10': only IV and SC doses can run over a time, not rectal"
    ),
    ("compare", "ketamine 35 mg IM after 10 wk"): (
        "the first dose of ketamine is at 70 d; until must be later than that, not 56 d"
    ),
    ("simulate", "ketamine 35 mg IM after 2 d", "--until", "1d"): (
        "the first dose of ketamine is at 2 d; until must be later than that, not 1 d"
    ),
    # The person.
    ("compare", "--weight", "10"): "weight 10 kg: must be 20 to 300 kg",
    ("compare", "--weight", "400"): "weight 400 kg: must be 20 to 300 kg",
    ("compare", IV, "--weight", "nan"): "weight nan kg: must be 20 to 300 kg",
    ("compare", "--weight", "abc"): "--weight: 'abc' is not a number; write one such as 70",
    ("compare", "--age", "17"): "age 17: ketascope covers adults only, 18 years and over",
    ("compare", "--age", "130"): "age 130: must be 18 to 120 years",
    ("simulate", IV, "--age", "nan"): "age nan: must be 18 to 120 years",
    ("compare", "--age", "forty"): "--age: 'forty' is not a number; write one such as 40",
    ("compare", "--sex", "x"): "sex 'x': must be one of female, male, or left out",
    ("compare", "--hepatic", "severe"): (
        "hepatic 'severe': must be one of normal, mild, moderate (severe impairment has not been studied)"
    ),
    # Patients, seed, time.
    ("compare", "--patients", "-1"): "patients -1: must be 0 (the typical patient) to 20000",
    ("compare", "--patients", "99999999"): "patients 99999999: must be 0 (the typical patient) to 20000",
    ("compare", "--patients", "1.5"): "--patients: '1.5' is not a whole number; write one such as 1000",
    ("compare", "--seed", "-1"): "seed -1: must be a whole number from 0 to 2^63 - 1",
    ("compare", "--seed", "9223372036854775808"): (
        "seed 9223372036854775808: must be a whole number from 0 to 2^63 - 1"
    ),
    ("compare", "--seed", "x"): "--seed: 'x' is not a whole number; write one such as 0",
    ("compare", "--until", "0h"): "until 0 h: must be 24 h to 730 d",
    ("compare", "--until", "5y"): "--until: '5y': unknown time unit. Time units: min, h, d, wk",
    ("compare", "--until", "soon"): f"--until: 'soon' {A_TIME}",
    ("compare", "--until", "8"): f"--until: '8' {A_TIME}",
    ("compare", "--until", "3000d"): "until 72000 h: must be 24 h to 730 d",
    ("simulate", IV, "--times", "2h,9wk"): "times: 1512 h is not within the simulated time, 0 to 1344 h",
    ("simulate", IV, "--times", "48h", "--until", "24h"): "times: 48 h is not within the simulated time, 0 to 24 h",
    ("simulate", IV, "--times", "2h,later"): f"--times: 'later' {A_TIME}",
    ("simulate", IV, "--times", "2h,,3h"): f"--times: '' {A_TIME}",
    # Event files.
    ("simulate", "--events", "absent.csv"): "cannot read 'absent.csv': No such file or directory",
    ("compare", "--events", "folder"): "cannot read 'folder': Is a directory",
    ("compare", "--events", ""): "--events: the name of a file is missing; write one such as doses.csv",
    ("compare", "--events", "no_route.csv"): (
        "row 1: 'no_route.csv' has no column ROUTE; needed are TIME AMT DRUG ROUTE"
    ),
    ("compare", "--events", "misspelt.csv"): "row 1, column 'TIMES': unknown column; did you mean 'TIME'?",
    ("compare", "--events", "not_a_number.csv"): "row 3, column AMT: 'abc' is not a number",
    ("compare", "--events", "before_start.csv"): (
        "row 2, column TIME: -1 is before the start (0); sort the rows by time"
    ),
    ("compare", "--events", "unknown_drug.csv"): (
        f"row 2, column DRUG: 'ketamin' is an unknown drug; did you mean 'ketamine'? Drugs: {DRUGS}"
    ),
    ("simulate", "--events", "negative_rate.csv"): (
        "row 2, column RATE: -1 must be mg/h above 0, or 0 for a dose given at once"
    ),
    ("simulate", "--events", "steady_state.csv"): (
        "row 2, column SS: steady state is not supported; write the doses before it with ADDL and II"
    ),
    ("simulate", "--events", "two_people.csv"): (
        "row 3, column ID: '2' is a second person after '1'; write one file a person"
    ),
    ("simulate", "--events", "no_dose.csv"): (
        "'no_dose.csv' has no dose; a dose is a row with EVID 1 and an AMT above 0"
    ),
    ("simulate", "--events", "short_row.csv"): "row 2: 3 cells, but the header has 7; a comma in a cell needs quotes",
    ("simulate", "--events", "empty.csv"): ("row 1: 'empty.csv' has no column TIME; needed are TIME AMT DRUG ROUTE"),
    ("simulate", "--events", "heavy.csv"): (
        "heavy.csv: phase 1 (ketamine 900 mg IV), amount: "
        "12.8571 mg/kg a dose at 70 kg is over the limit of 10 mg/kg for ketamine IV"
    ),
    # Files that cannot be written.
    ("compare", IV, "--html", "no/page.html"): (
        "--html: cannot write page.html: the folder no does not exist; create it first"
    ),
    ("compare", IV, "--html", "folder"): (
        "--html: cannot write to folder: it is a folder; give the name of a file in it"
    ),
    ("compare", IV, "--html", ""): "--html: the name of a file is missing; write one such as comparison.html",
    ("compare", IV, "--csv", "no/table.csv"): (
        "--csv: cannot write table.csv: the folder no does not exist; create it first"
    ),
    ("compare", IV, "--csv", "folder"): "--csv: cannot write to folder: it is a folder; give the name of a file in it",
    ("compare", IV, "--png", "folder"): "--png: cannot write to folder: it is a folder; give the name of a file in it",
    ("simulate", IV, "--png", "no/chart.png"): (
        "--png: cannot write chart.png: the folder no does not exist; create it first"
    ),
    ("validate", "--trial-estimation", "no/page.md"): (
        "--trial-estimation: cannot write page.md: the folder no does not exist; create it first"
    ),
    ("validate", "--markdown", "no/page.md"): (
        "--markdown: cannot write page.md: the folder no does not exist; create it first"
    ),
    ("compare", IV, "--csv", "out", "--png", "./out"): (
        "--png: ./out is what --csv writes already; give it a file of its own"
    ),
    # Articles.
    ("audit",): "audit needs an article: a file, an address that begins with https://, or - for standard input",
    ("audit", "nofile.txt"): "nofile.txt: no such file",
    ("audit", "folder"): "folder is a folder: give the name of a file in it",
    ("audit", "empty.csv"): "empty.csv is empty: there is nothing to audit",
    (
        "audit",
        "ftp://example.org/a",
    ): "ftp://example.org/a: only http and https addresses are fetched; give a file by its path",
    ("audit", "ok.csv", "--html", "no/audit.html"): (
        "--html: cannot write audit.html: the folder no does not exist; create it first"
    ),
    # Places.
    ("find",): "find needs a place, such as 07030, 'Princeton, NJ' or 40.7,-74.0",
    ("find", "Princton, NJ"): (
        "place 'Princton, NJ': no such town is known in New Jersey; did you mean Princeton, NJ? A ZIP works too"
    ),
    ("find", "Princeton", "NJ"): ("unexpected 'NJ' after what find takes; a place with spaces needs quotes around it"),
    ("find", "7030"): "place '7030': a ZIP has 5 digits; did you mean 07030, with the zero in front?",
    ("find", "07030", "--within", "50"): "--within: '50' has no unit; write 50mi or 50km",
    ("find", "07030", "--within", "9000km"): (
        "--within: '9000km' is wider than the country; write at most 8000km (4971mi), or leave the radius out"
    ),
    ("find", "07030", "--limit", "0"): "--limit: 0 is not between 1 and 500",
    ("find", "07030", "--language", "klingon"): (
        "--language: unknown word 'klingon' for language. Known: spanish, sign-language"
    ),
    ("find", "07030", "--html", "no/places.html"): (
        "--html: cannot write places.html: the folder no does not exist; create it first"
    ),
    ("providers", "statsu"): (
        "unknown word 'statsu' after providers; did you mean 'status'? It takes: build, status, update"
    ),
    ("providers", "build"): ("providers build needs at least one FILE; `ketascope providers update` fetches some"),
    ("providers", "build", "ok.csv"): (
        "ok.csv: not a list of places that is known here; headings found: ID, TIME, AMT, RATE, EVID, DRUG, ROUTE. It "
        "should be the SAMHSA directory (.xlsx or .csv), a FindTreatment.gov export (.csv, .xlsx) or answer (.json, "
        ".jsonl), or NPPES (.zip or .csv)"
    ),
    ("providers", "update", "nppess"): "unknown source 'nppess'; did you mean 'nppes'?",
    ("providers", "update", "--within", "50mi"): "--within: a distance needs a place; write --near PLACE with it",
    # A wrong sentence writes nothing either.
    ("compare", "ketamine 35 ml IV", "--csv", "out.csv", "--html", "out.html", "--png", "out.png"): (
        "word 3 'ml': unknown unit. Units: mg, mg/kg, g, mcg, mcg/kg"
    ),
}


def write_files(folder: Path) -> None:
    """The files that the table speaks of, and a folder where a file is wanted."""
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "folder").mkdir()


def listing(folder: Path) -> list[tuple[str, bytes]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(path), path.read_bytes()) for path in files]


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_bad_input_gives_one_line_and_exit_code_2(arguments, tmp_path, monkeypatch):
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = listing(tmp_path)
    result = CliRunner().invoke(main, arguments)
    assert result.stderr == f"ketascope: {BAD[arguments]}\n"
    assert result.stdout == ""
    assert result.exit_code == 2
    # An exit, not an exception that happened to print.
    assert isinstance(result.exception, SystemExit)
    assert listing(tmp_path) == before


# What a message that helps says: the rule, the choices, or the next step.
HELP = ("must", "write", "Known:", "did you mean", "ptions:", "Commands:", "nits:", "Drugs:", "needed are", "limit of")
HELP += (
    "grades:",
    "Tables:",
    "separate them",
    "is missing",
    "above 0",
    "once",
    "needs",
    "use ",
    "routes of",
    "create it",
    "give it",
    "give the",
    "header has",
    "only",
    "lists all",
    "sort",
    "between",
    "wider than",
    "needs a place",
    "should be",
    "It takes:",
    "give a number",
    "give an address",
    "give one",
)
# These name what is wrong so that nothing but leaving it out or naming another would be right.
SELF_EXPLAINING = ("after what", "cannot read", "nothing to audit", "no such file", "is not a number", "is longer than")
SELF_EXPLAINING += ("is not within the simulated time, 0 to",)


def test_the_table_is_long_and_every_message_says_what_would_be_right():
    assert len(BAD) >= 40
    silent = [message for message in BAD.values() if not any(word in message for word in HELP + SELF_EXPLAINING)]
    assert silent == []


def test_a_folder_that_may_not_be_written_is_told_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    result = CliRunner().invoke(main, ["compare", IV, "--csv", str(tmp_path / "table.csv")])
    expected = f"--csv: cannot write table.csv: the folder {tmp_path} is read-only; choose another"
    assert result.stderr == f"ketascope: {expected}\n"
    assert result.exit_code == 2


def test_an_event_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "picture.csv"
    path.write_bytes(b"\x89PNG\xff\xfe")
    result = CliRunner().invoke(main, ["simulate", "--events", str(path)])
    assert result.stderr.endswith("is not a text file in UTF-8\n")
    assert result.stderr.count("\n") == 1
    assert result.exit_code == 2
