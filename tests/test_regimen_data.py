"""The data behind dose sentences: every number has a unit, a source and a grade; every gap is said aloud."""

import itertools
import re
import subprocess
import sys

import pytest

from ketascope import data
from ketascope.errors import InputError
from ketascope.regimen import drugs, highest_studied, load_presets, parse, routes
from ketascope.regimen.catalogue import device_of, input_limit, limit_of, name_drug, name_route, studied_doses
from ketascope.regimen.spans import AMOUNT_UNITS, name_time_unit
from ketascope.regimen.tokens import KEYWORDS, NUMBER

GRADES = {"established", "plausible", "assumed", "estimated", "not informed by trials"}
INDICATIONS = ("gad", "sad", "ptsd", "ocd", "mdd")
OFFERED = [(drug, route) for drug in drugs() for route in drugs()[drug].routes]
FILES = ("drugs", "routes", "studied_doses", "input_limits")


def tables_in(node, path=""):
    """Every table of a data file that makes a statement of its own (it has a source or a value)."""
    if isinstance(node, list):
        for index, each in enumerate(node):
            yield from tables_in(each, f"{path}[{index}]")
    elif isinstance(node, dict):
        yield path, node
        for key, each in node.items():
            yield from tables_in(each, f"{path}.{key}")


# Loading.


def test_data_files_are_read_once_and_by_name_only():
    assert data.load("drugs") is data.load("drugs")
    assert set(FILES) <= set(data.names())
    for name in ("drug", "../regimen/presets", "drugs.toml", ""):
        with pytest.raises(InputError, match="data file .* is unknown"):
            data.load(name)


def test_an_unknown_data_file_is_offered_the_nearest():
    with pytest.raises(InputError) as caught:
        data.load("drug")
    assert str(caught.value).startswith("data file 'drug' is unknown; did you mean 'drugs'? Known: ")


# Sources.


@pytest.mark.parametrize("name", FILES)
def test_every_statement_has_a_source_and_a_grade(name):
    statements = [(path, table) for path, table in tables_in(data.load(name)) if "source" in table]
    assert statements
    for path, table in statements:
        assert len(table["source"]) > 10, path
        assert table["grade"] in GRADES, path
    # A number that is not under a sourced table would be a bare number.
    for path, table in tables_in(data.load(name)):
        sourced = any(path.startswith(above) for above, _ in statements)
        if any(isinstance(value, int | float) for value in table.values()):
            assert sourced, path
        if "value" in table:
            assert table["unit"], path


@pytest.mark.parametrize("name", ["drugs", "routes"])
def test_every_statement_about_drugs_names_its_population_and_how_it_was_checked(name):
    for path, table in tables_in(data.load(name)):
        if "source" in table:
            assert table["population"], path
            assert table["checked"], path


def test_only_known_words_say_how_a_studied_dose_was_checked():
    for kind in ("studied", "borrowed", "none"):
        for row in data.load("studied_doses")[kind]:
            assert row["checked"] in {"text", "secondary", "recall"}


# Names.


def test_no_written_name_means_two_things():
    written = [*KEYWORDS, *AMOUNT_UNITS]
    for thing in (*drugs().values(), *routes().values()):
        written += [each.casefold() for each in (thing.name, *thing.aliases)]
    assert len(written) == len(set(written))
    assert not any(NUMBER.match(each) or name_time_unit(each) or " " in each for each in written)


@pytest.mark.parametrize(("drug", "route"), OFFERED)
def test_every_name_and_alias_of_a_drug_and_a_route_can_be_written(drug, route):
    device = device_of(drug, route)
    amount = f"{device.strength_mg} mg" if device else "1 mg"
    canonical = parse(f"{drug} {amount} {route}")
    for one, other in itertools.product(drugs()[drug].aliases, routes()[route].aliases):
        assert parse(f"{one} {amount} {other}") == canonical
        assert parse(f"{one} {amount} {other}".upper()) == canonical


def test_names_are_found_whatever_their_case_and_unknown_ones_are_not():
    assert (name_drug("Ketalar"), name_drug("SPRAVATO"), name_drug("midazolam")) == (
        "ketamine",
        "esketamine",
        None,
    )
    assert (name_route("PO"), name_route("Intranasal"), name_route("in")) == ("oral", "nasal", None)


# Drugs, routes and limits.


def test_the_routes_are_those_of_the_model():
    assert tuple(routes())[:9] == ("IV", "IM", "SC", "nasal", "SL", "buccal", "oral", "oral-ER", "rectal")
    assert set(drugs()["ketamine"].routes) == set(routes())


def test_the_drugs_are_listed_with_the_ketamines_first():
    assert list(drugs())[:3] == ["ketamine", "esketamine", "escitalopram"]
    assert set(drugs()) >= {"sertraline", "paroxetine", "fluoxetine", "venlafaxine"}


def test_a_ketamine_is_all_enantiomers_and_an_ssri_is_none():
    for drug in drugs().values():
        expected = 1.0 if drug.drug_class == "ketamine" else 0.0
        assert drug.fraction_s + drug.fraction_r == expected
    assert drugs()["ketamine"].fraction_s == drugs()["ketamine"].fraction_r
    assert drugs()["esketamine"].fraction_r == 0.0


def test_the_salt_factor_is_the_ratio_of_the_molar_masses():
    for drug in ("ketamine", "esketamine"):
        assert data.load("drugs")[drug]["salt"]["value"] == pytest.approx(237.73 / 274.19, abs=5e-4)


def test_every_drug_taken_daily_has_a_range_and_its_limit_is_not_below_it():
    for drug in drugs().values():
        if drug.drug_class == "ketamine":
            continue
        daily = data.load("drugs")[drug.name]["daily_mg"]
        assert 0 < daily["low"] < daily["high"] <= limit_of(drug.name, "oral").per_day


@pytest.mark.parametrize(("drug", "route"), OFFERED)
def test_every_drug_has_exactly_one_limit_for_each_of_its_routes(drug, route):
    rows = [row for row in data.load("routes")[route]["limits"] if row["drug"] == drug]
    assert len(rows) == 1
    limit = limit_of(drug, route)
    assert 0 < limit.per_dose <= limit.per_day
    assert limit.per_dose_unit == limit.per_day_unit
    assert limit.per_dose_unit in ("mg", "mg/kg")


def test_no_limit_stands_for_a_drug_that_is_not_offered_by_that_route():
    rows = {(row["drug"], route) for route, table in data.load("routes").items() for row in table["limits"]}
    assert rows == set(OFFERED)


def test_the_iv_limit_and_the_nasal_device_are_those_of_the_specification():
    limit = limit_of("ketamine", "IV")
    assert (limit.per_dose, limit.per_dose_unit) == (10.0, "mg/kg")
    device = device_of("esketamine", "nasal")
    assert (device.strength_mg, device.most_per_session) == (28.0, 3)
    assert (device.spacing_h, device.session_window_h) == (5 / 60, 0.5)
    assert device.strength_mg * device.most_per_session == limit_of("esketamine", "nasal").per_day
    assert [pair for pair in OFFERED if device_of(*pair)] == [("esketamine", "nasal")]


def test_input_limits_leave_room_for_any_published_schedule():
    assert input_limit("horizon_h") == 2 * 365 * 24
    assert input_limit("doses") >= input_limit("horizon_h") / 24
    assert (input_limit("lightest_kg"), input_limit("heaviest_kg")) == (20.0, 300.0)


# Studied doses.


@pytest.mark.parametrize(("drug", "route"), OFFERED)
@pytest.mark.parametrize("indication", INDICATIONS)
def test_every_drug_route_and_indication_has_one_answer(drug, route, indication):
    studied = highest_studied(drug, route, indication)
    assert studied is not None
    assert studied.source
    assert studied.grade in GRADES
    table = data.load("studied_doses")
    answers = [
        row
        for kind in ("studied", "borrowed", "none")
        for row in table[kind]
        if (row["drug"], row["route"]) == (drug, route)
        and indication in row.get("indications", [row.get("indication")])
    ]
    assert len(answers) == 1
    if studied.highest is None:
        assert studied.borrowed_from is None
        return
    # Studied doses are amounts that a sentence may hold.
    assert parse(f"{drug} {studied.highest} {studied.unit} {route}").doses(70.0)


@pytest.mark.parametrize(
    ("drug", "route", "indication", "highest", "unit", "borrowed_from"),
    [
        ("ketamine", "IV", "mdd", 1.0, "mg/kg", None),
        ("ketamine", "IV", "sad", 0.5, "mg/kg", None),
        ("ketamine", "IV", "ptsd", 0.5, "mg/kg", None),
        ("ketamine", "IV", "ocd", 0.5, "mg/kg", None),
        ("ketamine", "IV", "gad", 0.5, "mg/kg", "sad"),
        ("ketamine", "SC", "gad", 1.0, "mg/kg", None),
        ("ketamine", "SC", "ptsd", 1.0, "mg/kg", "gad"),
        ("ketamine", "IM", "ocd", 1.0, "mg/kg", None),
        ("ketamine", "oral", "gad", 7.0, "mg/kg", "mdd"),
        ("ketamine", "oral-ER", "mdd", 180.0, "mg", None),
        ("esketamine", "nasal", "mdd", 84.0, "mg", None),
        ("esketamine", "nasal", "gad", 84.0, "mg", "mdd"),
        ("ketamine", "rectal", "gad", None, "", None),
        ("escitalopram", "oral", "gad", 20.0, "mg", None),
        ("sertraline", "oral", "ptsd", 200.0, "mg", None),
    ],
)
def test_the_highest_studied_dose_is_that_of_its_trials(drug, route, indication, highest, unit, borrowed_from):
    studied = highest_studied(drug, route, indication)
    assert (studied.highest, studied.unit, studied.borrowed_from) == (highest, unit, borrowed_from)


def test_a_dose_borrowed_from_another_route_names_that_route():
    studied = highest_studied("ketamine", "buccal", "gad")
    assert (studied.borrowed_from, studied.borrowed_route) == ("mdd", "SL")
    assert studied.highest == highest_studied("ketamine", "SL", "mdd").highest


def test_what_the_file_does_not_cover_is_none_and_not_a_guess():
    assert highest_studied("ketamine", "IV", "panic") is None
    assert highest_studied("sertraline", "IV", "gad") is None


def _borrowed(route, indications, from_route, from_indication):
    return {
        "drug": "ketamine",
        "route": route,
        "indications": indications,
        "from_route": from_route,
        "from_indication": from_indication,
        "source": f"{from_route} stands in",
        "grade": "assumed",
    }


def _studied(route, indication):
    highest = {"value": 100.0, "unit": "mg"}
    return {
        "drug": "ketamine",
        "route": route,
        "indication": indication,
        "highest": highest,
        "design": "controlled",
        "source": "a trial",
        "grade": "established",
    }


def test_a_dose_may_be_borrowed_from_a_row_that_borrows_itself():
    rows = [_borrowed("SL", ["gad"], "SL", "mdd"), _borrowed("buccal", ["gad"], "SL", "gad")]
    found = studied_doses({"studied": [_studied("SL", "mdd")], "borrowed": rows, "none": []})
    dose = found["ketamine", "buccal", "gad"]
    assert (dose.highest, dose.borrowed_route, dose.borrowed_from, dose.source) == (100.0, "SL", "gad", "SL stands in")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [_borrowed("SL", ["mdd"], "SL", "mdd")],
            "studied_doses, [[borrowed]] row ketamine SL mdd: borrows from ketamine SL mdd, which comes back to "
            "where it was; borrow from a drug, route and indication of [[studied]]",
        ),
        (
            [_borrowed("buccal", ["gad"], "SL", "gad"), _borrowed("SL", ["gad"], "buccal", "gad")],
            "row ketamine buccal gad: borrows from ketamine SL gad, then ketamine buccal gad, which comes back",
        ),
        ([_borrowed("SL", ["gad"], "IV", "sad")], "ketamine SL gad: borrows from ketamine IV sad, which has no row"),
    ],
)
def test_a_dose_borrowed_from_itself_or_from_nowhere_is_refused_when_the_file_is_read(rows, message):
    with pytest.raises(InputError, match=re.escape(message)):
        studied_doses({"studied": [], "borrowed": rows, "none": []})


# Presets.

IDS = (
    *("iv-single", "iv-six", "im", "sc", "nasal-56", "nasal-84", "sl", "oral", "oral-er"),
    *("ssri", "placebo", "none"),
)


@pytest.mark.parametrize("indication", [None, *INDICATIONS])
def test_every_indication_has_every_preset_once_and_in_order(indication):
    assert tuple(option.id for option in load_presets(indication)) == IDS


@pytest.mark.parametrize("indication", INDICATIONS)
def test_preset_sentences_are_canonical_and_within_what_was_studied(indication):
    for option in load_presets(indication):
        if option.sentence is None:
            continue
        regimen = parse(option.sentence)
        assert str(regimen) == option.sentence
        for course in regimen.courses:
            studied = highest_studied(course.drug, course.route, indication)
            assert studied.unit == course.unit or course.route in ("oral",)
            amount = course.amount if studied.unit == course.unit else course.amount / 70.0
            assert amount <= studied.highest


def test_preset_sentences_are_those_of_the_specification():
    sentences = {option.id: option.sentence for option in load_presets("gad")}
    assert sentences == {
        "iv-single": "ketamine 0.5 mg/kg IV over 40 min",
        "iv-six": "ketamine 0.5 mg/kg IV over 40 min q 3.5 d x 6",
        "im": "ketamine 0.5 mg/kg IM",
        "sc": "ketamine 0.5 mg/kg SC",
        "nasal-56": "esketamine 56 mg nasal q 3.5 d x 8 then esketamine 56 mg nasal q 7 d x 4",
        "nasal-84": "esketamine 84 mg nasal q 3.5 d x 8 then esketamine 84 mg nasal q 7 d x 4",
        "sl": "ketamine 100 mg SL",
        "oral": "ketamine 100 mg oral",
        "oral-er": "ketamine 120 mg oral-ER",
        "ssri": "escitalopram 10 mg oral q 1 d x 56",
        "placebo": None,
        "none": None,
    }


@pytest.mark.parametrize(
    ("indication", "drug"),
    [
        ("gad", "escitalopram"),
        ("sad", "escitalopram"),
        ("mdd", "escitalopram"),
        ("ptsd", "sertraline"),
        ("ocd", "sertraline"),
    ],
)
def test_the_ssri_is_one_that_was_tried_in_the_indication_at_a_dose_of_its_range(indication, drug):
    (sentence,) = (option.sentence for option in load_presets(indication) if option.id == "ssri")
    (course,) = parse(sentence).courses
    daily = data.load("drugs")[drug]["daily_mg"]
    assert course.drug == drug
    assert daily["low"] <= course.amount <= daily["high"]
    assert parse(sentence).ends_h == 56 * 24


def test_only_active_options_have_a_sentence():
    kinds = {option.id: option.kind for option in load_presets()}
    assert {name: kind for name, kind in kinds.items() if kind != "active"} == {
        "placebo": "placebo",
        "none": "untreated",
    }
    assert all((option.sentence is not None) == (option.kind == "active") for option in load_presets())
    assert all(option.source and option.grade in GRADES for option in load_presets())


def test_an_unknown_indication_is_offered_the_nearest():
    with pytest.raises(InputError) as caught:
        load_presets("ptds")
    assert str(caught.value) == (
        f"indication 'ptds' is unknown; did you mean 'ptsd'? Known: {', '.join(data.load('indications'))}"
    )


# Cost.


def test_sentences_and_their_errors_need_no_heavy_package(root):
    program = (
        "import sys\n"
        "from ketascope.regimen import load_presets, parse\n"
        "from ketascope.errors import InputError\n"
        "parse('ketamine 0.5 mg/kg IV over 40 min').doses(70.0)\n"
        "load_presets('gad')\n"
        "try:\n    parse('ketamine 0.5 mg/kg intravenus')\n"
        "except InputError:\n    pass\n"
        "heavy = {'jax', 'numpy', 'scipy', 'xarray', 'altair', 'polars', 'pydantic', 'pint', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root / "src",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"
