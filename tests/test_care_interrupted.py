"""A build that is killed at any moment: the old store still answers, and the next build completes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest

from care_files import BAYONNE, HOBOKEN, directory_file
from ketascope.care.finding import find
from ketascope.care.store.building import build_store
from ketascope.care.store.reading import opened, rows

# Builds one store after the other, with one place and with forty, until it is killed; the first round is timed, so
# that the moments of killing fall into builds however busy the machine is.
BUILDER = """
import sys, time
from pathlib import Path
from ketascope.care.store.building import build_store
store, *files = map(Path, sys.argv[1:])
start = time.perf_counter()
while True:
    for file in files:
        build_store([file], store=store, quarantine=store.with_suffix(".csv"), with_packaged=False)
    if start is not None:
        print(time.perf_counter() - start, flush=True)
        start = None
"""


@pytest.fixture
def files(tmp_path):
    many = [BAYONNE | {"name1": f"Clinic {number}"} for number in range(40)]
    return [directory_file(tmp_path, HOBOKEN, year=2023), directory_file(tmp_path, *many, year=2024)]


@pytest.mark.parametrize("kills", [6, pytest.param(20, marks=pytest.mark.thorough)])
def test_killed_at_random_moments_the_store_answers_each_time_and_a_rerun_completes(tmp_path, files, root, kills):
    store = tmp_path / "places.duckdb"
    build_store([files[0]], store=store, with_packaged=False)
    moments = random.Random(20261123)
    seen = set()
    for _ in range(kills):
        child = subprocess.Popen(
            [sys.executable, "-c", BUILDER, str(store), *map(str, files)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(root / "src")},
        )
        assert child.stdout is not None
        round_s = float(child.stdout.readline())
        time.sleep(moments.uniform(0.0, round_s))
        child.kill()
        child.wait()
        child.stdout.close()
        with opened(store) as connection:
            (counted,) = rows(connection, "SELECT count(*) AS n FROM place")
        # Whole, and one of the two: never a part of either.
        assert counted["n"] in {1, 40}
        seen.add(counted["n"])
        assert len(find("07030", store=store)["results"]) == min(counted["n"], 10)
    assert seen == {1, 40}, "no build came to its end between two kills, so nothing was put to the test"
    report = build_store([files[1]], store=store, with_packaged=False)
    assert report.places == 40
    left = {path.name for path in tmp_path.iterdir()} - {file.name for file in files}
    assert left - {"places.csv"} == {"places.duckdb"}, "what killed builds left behind was not removed"


def test_an_interrupt_leaves_nothing_and_the_old_store(tmp_path, files):
    store = tmp_path / "places.duckdb"
    build_store([files[0]], store=store, with_packaged=False)
    before = store.read_bytes()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_store([files[1]], store=store, with_packaged=False, progress=stop)
    assert store.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"places.duckdb", *(file.name for file in files)}
