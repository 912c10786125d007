"""Damaged files of the package and of the store of places, a wrong clock, two builds at once."""

from __future__ import annotations

import datetime
import os
import random
import subprocess
import sys
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from care_files import BAYONNE, HOBOKEN, directory_file
from fuzzing import cases, check_line, mutated, numbers, result_or_line
from ketascope import data
from ketascope.care import finding, guide
from ketascope.care.finding import find
from ketascope.care.store import current
from ketascope.care.store.building import build_store
from ketascope.care.store.reading import opened, rows
from ketascope.errors import InputError
from ketascope.files import toml_of
from ketascope.model import parameter_store, uncertainty
from ketascope.model.parameter_store import load_parameters

SEEDS = st.integers(0, 2**32 - 1)
MODEL = resources.files("ketascope.model")
PARAMETER_FILES = sorted(file.name for file in (MODEL / "parameters").iterdir() if file.name.endswith(".toml"))


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A folder in place of the package's own `model`; what is not in it is missing."""
    for module in (parameter_store, uncertainty):
        monkeypatch.setattr(module, "resources", SimpleNamespace(files=lambda _: tmp_path))
    (tmp_path / "parameters").mkdir()
    (tmp_path / "posterior").mkdir()
    return tmp_path


# Files of the package --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PARAMETER_FILES)
@cases(25)
@given(seed=SEEDS)
def test_a_damaged_parameter_file_is_named_or_holds_whole_rows(model, name, seed):
    content = (MODEL / "parameters" / name).read_bytes()
    (model / "parameters" / name).write_bytes(mutated(content, seed))
    found = result_or_line(load_parameters.__wrapped__)
    if isinstance(found, str):
        assert name.removesuffix(".toml") in found
        return
    for row in found.values():
        assert np.isfinite(row.value)
        assert row.grade in parameter_store.GRADES


@pytest.mark.parametrize(
    "value", ["1", '"text"', "[1]", "true", "1979-05-27", "{}", "nan", "{ kind = 1 }", "{ sd = 'x' }"]
)
@pytest.mark.parametrize("field", ["", "value", "unit", "grade", "between_patient", "uncertainty", "range", "note"])
def test_a_parameter_row_with_a_field_of_another_kind(model, field, value):
    row = {"value": "1.0", "unit": '"L"', "population": '"p"', "source": '"s"', "grade": '"assumed"'}
    written = (
        f"volume = {value}\n"
        if not field
        else "[volume]\n" + "".join(f"{name} = {text}\n" for name, text in (row | {field: value}).items())
    )
    (model / "parameters" / "own.toml").write_text(written)
    found = result_or_line(load_parameters.__wrapped__)
    assert not isinstance(found, str) or "own" in found


@pytest.mark.parametrize("file", uncertainty.JOINT_FILES)
@cases(30)
@given(seed=SEEDS)
def test_a_damaged_posterior_is_named_or_holds_numbers(model, file, seed):
    content = (MODEL / "posterior" / f"{file}.csv").read_bytes()
    (model / "posterior" / f"{file}.csv").write_bytes(mutated(content, seed))
    found = result_or_line(lambda: uncertainty.load_joint_draws.__wrapped__(file))
    if isinstance(found, str):
        assert f"{file}.csv" in found
        return
    names, table = found
    assert table.shape[1] == len(names) == len(set(names))
    assert np.isfinite(table).all()


@pytest.mark.parametrize(
    "content", [None, b"", b"\n", b"a,b\n", b"a,b\n1,2,3\n", b"a,b\n1,nan\n", b"a,a\n1,2\n", b"\xff\xfe", b"a,b\n1,"]
)
def test_a_posterior_that_is_none_is_named(model, content):
    if content is not None:
        (model / "posterior" / "pooled.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"pooled\.csv.*install ketascope again") as caught:
        uncertainty.load_joint_draws.__wrapped__("pooled")
    check_line(str(caught.value))


@pytest.mark.parametrize("content", [None, b"a = ", b"a = 1\na = 2\n", b"\xff\xfe", b"a = " + b"[" * 100_000])
def test_a_table_of_the_package_that_cannot_be_read_is_named(tmp_path, content):
    file = tmp_path / "own.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(
        InputError, match=r"^the data file model/own\.toml is damaged: .*; install ketascope again$"
    ) as caught:
        toml_of(file, "model/own.toml")
    check_line(str(caught.value))
    assert str(tmp_path) not in str(caught.value)


DATA = Path(data.__file__).parent


@pytest.mark.parametrize("name", sorted(path.relative_to(DATA).as_posix() for path in DATA.rglob("*.toml")))
def test_a_data_file_that_is_cut_off_is_named(tmp_path, monkeypatch, name):
    broken = tmp_path / name
    broken.parent.mkdir(exist_ok=True)
    broken.write_bytes((DATA / name).read_bytes().rstrip()[:-1] + b"\n= broken")
    monkeypatch.setattr(data, "_FOLDER", tmp_path)
    with pytest.raises(InputError, match=f"{name} is damaged") as caught:
        data.load.__wrapped__(Path(name).parts[0].removesuffix(".toml"))
    check_line(str(caught.value))


def test_the_program_says_in_one_line_that_its_posterior_is_damaged(tmp_path, root):
    """A copy of the package, all links but for the one file that is cut off."""
    package = root / "src" / "ketascope"
    copy = tmp_path / "ketascope"
    for folder, _, files in os.walk(package):
        here = copy / Path(folder).relative_to(package)
        here.mkdir()
        for file in files:
            os.symlink(Path(folder) / file, here / file)
    broken = copy / "model" / "posterior" / "trials.csv"
    content = broken.read_text(encoding="utf-8")
    broken.unlink()
    broken.write_text(content[: len(content) // 2], encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "ketascope", "compare", "--patients", "0"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        timeout=120,
    )
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.startswith("ketascope: the posterior table trials.csv is damaged: row ")
    assert len(run.stderr.splitlines()) == 1


def test_draws_far_out_are_finite_or_their_draws_are_named(monkeypatch):
    """Rows of the posterior a tenfold off (fractions in their odds), as a chain that has not settled leaves them."""
    import ketascope

    original = uncertainty.load_joint_draws

    def far_out(file: str):
        names, table = original(file)
        chance = np.random.default_rng(1)
        factor = np.exp(chance.choice([0.0, 0.0, -2.3, 2.3], size=table.shape))
        is_fraction = ((table > 0.0) & (table < 1.0)).all(axis=0)
        odds = np.where(is_fraction, table / np.where(is_fraction, 1.0 - table, 1.0), 1.0) * factor
        return names, np.where(is_fraction, odds / (1.0 + odds), table * factor)

    monkeypatch.setattr(uncertainty, "load_joint_draws", far_out)
    outcome = result_or_line(
        lambda: ketascope.compare(["ketamine 0.5 mg/kg IV over 40 min"], patients=5, until_h=200.0, seed=77).document()
    )
    if not isinstance(outcome, str):
        assert all(np.isfinite(value) for _, value in numbers(outcome))


# The store of places ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    folder = tmp_path_factory.mktemp("store")
    many = [BAYONNE | {"name1": f"Clinic {number}"} for number in range(40)]
    store = folder / "places.duckdb"
    build_store([directory_file(folder, *many)], store=store, with_packaged=False)
    return store.read_bytes()


@pytest.mark.parametrize("seed", range(18))
def test_a_damaged_store_answers_or_is_named(tmp_path, whole, seed):
    chance = random.Random(seed)
    content = bytearray(whole)
    if seed % 3 == 0:
        del content[chance.randrange(len(content)) :]
    else:
        for _ in range(chance.choice((1, 20, 2000))):
            content[chance.randrange(len(content))] = chance.randrange(256)
    store = tmp_path / "places.duckdb"
    store.write_bytes(content)
    answer = result_or_line(lambda: find("07002", store=store))
    if isinstance(answer, str):
        assert (
            "cannot be read" in answer
            or "is not a store" in answer
            or "of version" in answer
            or "of no version" in answer
        )


@pytest.mark.parametrize("content", [b"", b"not a database", b"\x00" * 5000])
def test_a_damaged_store_of_the_cache_is_built_again(tmp_path, monkeypatch, content):
    kept = tmp_path / "packaged.duckdb"
    kept.write_bytes(content)
    built: list[Path] = []

    def build(files: list[str], store: Path) -> None:
        built.append(store)
        build_store([directory_file(tmp_path, HOBOKEN)], store=store, with_packaged=False)

    monkeypatch.setattr(current, "packaged_store_file", lambda: kept)
    monkeypatch.setattr("ketascope.care.store.building.build_store", build)
    assert current._packaged_store.__wrapped__() == kept
    assert built == [kept]
    with opened(kept) as connection:
        assert rows(connection, "SELECT count(*) AS n FROM place") == [{"n": 1}]
    assert current._packaged_store.__wrapped__() == kept
    assert built == [kept]


BUILDER = """
import sys
from pathlib import Path
from ketascope.care.store.building import build_store
print("begun", flush=True)
for _ in range(3):
    build_store([sys.argv[2]], store=Path(sys.argv[1]), with_packaged=False)
"""


def test_processes_that_build_the_store_at_once_leave_one_whole_store(tmp_path, root):
    store = tmp_path / "places.duckdb"
    many = [BAYONNE | {"name1": f"Clinic {number}"} for number in range(30)]
    files = [directory_file(tmp_path, HOBOKEN, year=2023), directory_file(tmp_path, *many, year=2024)]
    children = [
        subprocess.Popen(
            [sys.executable, "-c", BUILDER, str(store), str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(root / "src")},
        )
        for file in files
    ]
    for child in children:
        output, told = child.communicate(timeout=120)
        assert (child.returncode, output, told) == (0, "begun\n", "")
    with opened(store) as connection:
        (counted,) = rows(connection, "SELECT count(*) AS n FROM place")
    assert counted["n"] in (1, 30)
    assert {file.name for file in tmp_path.iterdir()} == {"places.duckdb", *(file.name for file in files)}


# The clock --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "day", ["1970-01-01", "2000-02-29", "2022-01-01", "2026-12-31", "2038-01-19", "2099-12-31", "9999-12-31"]
)
def test_any_day_of_the_clock_gives_ages_and_rules_that_can_be(tmp_path, monkeypatch, whole, day):
    class Clock(datetime.date):
        @classmethod
        def today(cls) -> datetime.date:
            return datetime.date.fromisoformat(day)

    for module in (finding, guide):
        monkeypatch.setattr(module, "date", Clock)
    store = tmp_path / "places.duckdb"
    store.write_bytes(whole)
    document = find("07030", store=store)
    ages = [value for where, value in numbers(document) if where.endswith("age_years")]
    assert ages
    assert all(0.0 <= age < 8100.0 for age in ages)
    old = {flag["code"] for flag in document["flags"]} & {"old_edition"}
    assert bool(old) == (day > "2026")
    assert guide.guide()
