"""The seam over chunks: the same results from every engine, workers that die, runs that are stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

import engine_work
from fresh_process import python
from ketascope.engines import check_engine, in_order, map_chunks
from ketascope.engines import processes as processes_module
from ketascope.errors import InputError

LOCAL = "dask://local"


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"


def all_end(pids: Sequence[int], within_s: float = 5.0) -> bool:
    until = time.monotonic() + within_s
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


# --- what is asked for -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("engine", "workers", "said"),
    [
        ("proceses", None, "engine 'proceses' is unknown; did you mean 'processes'? Known: processes, serial, "),
        ("spark", None, "engine 'spark' is unknown. Known: processes, serial, dask://local, dask://HOST:PORT"),
        ("dask://10.0.0.5", None, "engine 'dask://10.0.0.5': needs the host and the port of a scheduler, such as "),
        ("dask://host:99999", None, "engine 'dask://host:99999': needs the host and the port of a scheduler, such as "),
        ("dask://host:8786", 4, "workers 4: the cluster of dask://host:8786 has workers of its own; leave the number "),
        ("processes", 0, "workers 0: must be 1 to 1024"),
        ("serial", 1025, "workers 1025: must be 1 to 1024"),
    ],
)
def test_an_engine_that_cannot_be_is_refused_before_any_work(engine: str, workers: int | None, said: str) -> None:
    with pytest.raises(InputError) as caught:
        map_chunks(engine_work.square, [1], engine=engine, workers=workers)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_a_cluster_without_dask_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketascope.engines.mapping.find_spec", lambda name: None)
    check_engine("processes")
    with pytest.raises(InputError, match="needs Dask: install ketascope with its extra 'cluster'"):
        check_engine(LOCAL)


def test_checking_an_engine_loads_neither_dask_nor_numpy() -> None:
    code = (
        "import sys; from ketascope.engines import check_engine; check_engine('dask://local'); "
        "print(sorted({'dask', 'distributed', 'numpy', 'concurrent.futures.process'} & set(sys.modules)))"
    )
    found = python("-c", code, check=True)
    assert found.stdout.strip() == "[]"


def test_a_scheduler_that_is_not_there_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketascope.engines.cluster.ANSWER_WITHIN_S", 0.5)
    start = time.monotonic()
    with pytest.raises(
        InputError, match=r"^engine dask://127\.0\.0\.1:9: no Dask scheduler answers there within 0.5 s"
    ):
        list(map_chunks(engine_work.square, [1], engine="dask://127.0.0.1:9"))
    assert time.monotonic() - start < 8.0


# --- in this process -----------------------------------------------------------------------------------------


def test_serial_does_chunks_in_order_in_this_process_and_tells_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    found = list(
        map_chunks(engine_work.process_of, [7, 8, 9], engine="serial", progress=lambda *both: told.append(both))
    )
    assert found == [(0, os.getpid()), (1, os.getpid()), (2, os.getpid())]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_serial_begins_a_chunk_only_when_it_is_asked_for(tmp_path: Path) -> None:
    results = map_chunks(engine_work.noted, [(str(tmp_path), number) for number in range(5)], engine="serial")
    assert next(results) == (0, 0)
    results.close()
    assert len(list(tmp_path.iterdir())) == 1


def test_no_chunks_are_no_results_and_start_nothing() -> None:
    for engine in ("serial", "processes", LOCAL):
        assert list(map_chunks(engine_work.square, [], engine=engine)) == []


def test_results_can_be_had_in_the_order_of_the_chunks() -> None:
    def results():
        yield from [(2, "c"), (0, "a"), (3, "d"), (1, "b")]

    assert list(in_order(results())) == ["a", "b", "c", "d"]


# --- processes -----------------------------------------------------------------------------------------------


def test_processes_give_each_result_once_and_as_soon_as_it_is_there() -> None:
    found = list(map_chunks(engine_work.slow_first, range(6), workers=2))
    assert sorted(found) == [(number, number) for number in range(6)]
    assert found[0] != (0, 0), "the slow one does not hold up the others"


def test_a_worker_has_one_thread_and_this_process_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--xla_some=1")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
    names = ["OMP_NUM_THREADS", "POLARS_MAX_THREADS", "XLA_FLAGS"]
    found = dict(map_chunks(engine_work.environment, names, workers=1))
    assert found == {0: "1", 1: "1", 2: "--xla_some=1 --xla_cpu_multi_thread_eigen=false"}
    assert [os.environ.get(name) for name in names] == ["3", None, "--xla_some=1"]


def test_an_error_of_the_work_comes_out_as_it_is() -> None:
    with pytest.raises(ValueError, match="three is too many"):
        list(map_chunks(engine_work.fails_at_three, range(8), workers=1))


def test_a_killed_worker_is_replaced_and_only_unfinished_chunks_are_begun_again(tmp_path: Path) -> None:
    chunks = [(str(tmp_path), number) for number in range(8)]
    found = sorted(map_chunks(engine_work.dies_once, chunks, workers=2))
    assert found == [(number, number) for number in range(8)], "each once, none lost"
    assert (tmp_path / "died").exists()
    times = {number: len((tmp_path / f"{number}.txt").read_text(encoding="utf-8").split()) for number in range(8)}
    assert [times[number] for number in range(5)] == [1] * 5, "finished before the worker died"


def test_work_that_always_kills_its_worker_ends_in_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes_module, "DEATHS_IN_A_ROW", 2)
    results = map_chunks(engine_work.always_dies, range(3), workers=1)
    assert next(results) == (0, 0)
    with pytest.raises(
        InputError, match=r"^worker processes died 2 times in a row, 2 of 3 chunks unfinished: "
    ) as caught:
        next(results)
    assert "try fewer workers" in str(caught.value)


def test_leaving_the_loop_ends_the_workers_in_the_midst_of_their_work(tmp_path: Path) -> None:
    results = map_chunks(engine_work.endless_but_first, [str(tmp_path)] * 3, workers=2)
    start = time.monotonic()

    def stopped() -> None:
        with closing(results):
            next(results)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert time.monotonic() - start < 30.0
    begun = [int(file.stem) for file in tmp_path.glob("*.begun")]
    assert begun
    assert all_end(begun)


def test_workers_end_when_the_process_that_owns_them_is_killed(tmp_path: Path, root: Path) -> None:
    code = (
        "from ketascope.engines import map_chunks\nimport engine_work, sys\n"
        "if __name__ == '__main__':\n    list(map_chunks(engine_work.endless, [sys.argv[1]] * 2, workers=2))\n"
    )
    script = tmp_path / "owner.py"
    script.write_text(code, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root / "src"), str(root / "tests")])}
    with subprocess.Popen([sys.executable, str(script), str(tmp_path)], env=environment) as owner:
        until = time.monotonic() + 30.0
        while len(begun := list(tmp_path.glob("*.begun"))) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        owner.send_signal(signal.SIGKILL)
    assert len(begun) == 2
    assert all_end([int(file.stem) for file in begun])


def test_only_a_few_chunks_are_handed_out_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk's result waits for the caller, so what is under way bounds the memory."""
    from concurrent.futures import Future

    handed_out: list[int] = []

    class Pool:
        def submit(self, work, chunk):
            handed_out.append(chunk)
            future: Future[int] = Future()
            future.set_result(work(chunk))
            return future

    results = processes_module._results(Pool(), engine_work.square, range(100), range(100), most=4)
    taken = 0
    for _ in results:
        taken += 1
        assert len(handed_out) <= taken + 4
    assert taken == 100


def test_what_was_finished_when_a_worker_died_is_taken_before_the_death_is_told() -> None:
    from concurrent.futures import Future
    from concurrent.futures.process import BrokenProcessPool

    class Pool:
        def submit(self, work, chunk):
            future: Future[int] = Future()
            if chunk % 2:
                future.set_result(work(chunk))
            else:
                future.set_exception(BrokenProcessPool("killed"))
            return future

    results = processes_module._results(Pool(), engine_work.square, range(8), range(8), most=8)
    taken = []
    with pytest.raises(BrokenProcessPool):
        taken.extend(results)
    assert sorted(taken) == [(1, 1), (3, 9), (5, 25), (7, 49)]


# --- Dask ------------------------------------------------------------------------------------------------------


def test_a_local_cluster_gives_what_processes_and_this_process_give(tmp_path: Path) -> None:
    chunks = [(str(tmp_path), number) for number in range(12)]
    expected = [(number, number) for number in range(12)]
    for engine in ("serial", "processes", LOCAL):
        assert sorted(map_chunks(engine_work.noted, chunks, engine=engine, workers=2)) == expected
    marks = {file.name: file.read_text(encoding="utf-8").split() for file in tmp_path.iterdir()}
    assert all(len(pids) == 3 for pids in marks.values()), "each engine did each chunk once"
    assert all(pids[0] == str(os.getpid()) not in pids[1:] for pids in marks.values())


def test_errors_and_deaths_of_a_clusters_workers_are_told_as_those_of_processes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="three is too many"):
        list(map_chunks(engine_work.fails_at_three, range(8), engine=LOCAL, workers=1))
