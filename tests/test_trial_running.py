"""Virtual trials chunk by chunk: the same content everywhere, runs that go on, folders that are not mixed up."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ketascope.errors import InputError
from ketascope.report.trial_report import print_trial
from ketascope.virtual_trials import chunks as chunks_module
from ketascope.virtual_trials import participants, running
from ketascope.virtual_trials.chunks import (
    CHUNK_PEOPLE,
    VISIT_COLUMNS,
    Chunk,
    Part,
    chunks_of,
    compute,
    replicates_in_chunk,
    visits_frame,
)
from ketascope.virtual_trials.design import Design, Observed, Rescue, SimulatedTrials
from ketascope.virtual_trials.design_file import read_design
from ketascope.virtual_trials.output_folder import OutputFolder
from ketascope.virtual_trials.running import TrialResult, data_hash, fingerprint, runs_of, trial
from printed import printed
from trial_stand_ins import made_up_trials, small_design

PEOPLE_OF_A_CHUNK = 60


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of three replicates of the small design."""
    monkeypatch.setattr(chunks_module, "CHUNK_PEOPLE", PEOPLE_OF_A_CHUNK)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, small_chunks: None) -> list[tuple[str, int]]:
    """Made-up ratings; gives the chunks that were computed, as (run, number), in order."""
    done: list[tuple[str, int]] = []

    def noted(chunk: Chunk) -> Part:
        done.append((chunk.run, chunk.number))
        return compute(chunk)

    monkeypatch.setattr(participants, "simulate_trials", made_up_trials)
    monkeypatch.setattr(running, "compute", noted)
    return done


def run(output: Path | None = None, design: Any = None, **given: Any) -> TrialResult:
    return trial(design or small_design(), output=output, **({"engine": "serial"} | given))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


# --- the shape of a chunk ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("people", "expected"), [(150, 67), (30, 333), (10_000, 1), (60_000, 1)])
def test_a_chunk_holds_as_many_replicates_as_make_about_ten_thousand_people(people: int, expected: int) -> None:
    assert CHUNK_PEOPLE == 10_000
    assert replicates_in_chunk(small_design(people=people)) == expected
    assert replicates_in_chunk(small_design(people=20, people_curve=(people,))) == expected, "those simulated count"


def test_chunks_cover_every_replicate_once_whatever_is_asked_for(small_chunks: None) -> None:
    design = small_design()
    for replicates in (1, 2, 3, 4, 9, 10):
        found = chunks_of("design", design, replicates, keeps_visits=True)
        covered = [number for chunk in found for number in range(chunk.first, chunk.first + chunk.count)]
        assert covered == list(range(replicates))
        assert all(chunk.count == 3 for chunk in found[:-1]), "the shape does not depend on how many there are"


def test_runs_are_the_design_the_null_and_each_dose() -> None:
    doses = ("ketamine 0.25 mg/kg IV over 40 min", "ketamine 1 mg/kg IV over 40 min")
    design = small_design(replicates=1200, people_curve=(10, 20), dose_curve=doses)
    own, null, *others = runs_of(design)
    assert (own.name, own.design, own.replicates) == ("design", design, 1200)
    assert (null.name, null.design.is_null, null.replicates) == ("null", True, 1200)
    assert [other.name for other in others] == ["dose-1", "dose-2"]
    assert [other.design.active[0].sentence for other in others] == list(doses)
    assert {other.replicates for other in others} == {500}, "a curve needs fewer"
    assert [other.design.people_curve for other in (null, *others)] == [(), (), ()]
    assert all(chunk.keeps_visits for chunk in own.chunks)
    assert not any(chunk.keeps_visits for other in (null, *others) for chunk in other.chunks)
    assert not any(chunk.keeps_visits for each in runs_of(design, keeps_visits=False) for chunk in each.chunks)
    assert [each.name for each in runs_of(small_design(), 0)] == ["design"]
    assert [each.name for each in runs_of(small_design(is_null=True))] == ["design"], "it is the null itself"


# --- what is written -----------------------------------------------------------------------------------------


def test_every_simulated_visit_stands_in_the_table() -> None:
    design = small_design()
    trials = made_up_trials(design, first=4, count=2)
    frame = visits_frame(design, trials)
    assert frame.columns == list(VISIT_COLUMNS)
    assert len(frame) == 2 * 20 * 2
    assert frame["replicate"].to_list() == [4] * 40 + [5] * 40
    assert frame["person"].to_list()[:4] == [0, 0, 1, 1]
    assert frame["visit_h"].to_list()[:4] == [168.0, 672.0, 168.0, 672.0]
    assert frame["arm"].to_list()[:4] == ["ketamine", "ketamine", "saline", "saline"]
    row = frame.row(2 * 20 + 2 * 3 + 1, named=True)  # replicate 5, person 3, second visit
    assert row["baseline"] == np.float32(trials.baseline[1, 3])
    assert row["score"] == row["complete_score"] == np.float32(trials.complete[1, 3, 1])
    missing = frame.filter(pl.col("is_missing"))
    assert set(missing["person"].to_list()) == {0, 5, 10, 15}
    assert set(missing["visit_h"].to_list()) == {672.0}
    assert missing["score"].null_count() == len(missing) == frame["score"].null_count()
    assert missing["complete_score"].null_count() == 0
    rescued = frame.filter(pl.col("rescued"))
    assert set(rescued["person"].to_list()) == {0, 7, 14}
    assert set(rescued["visit_h"].to_list()) == {672.0}, "the rating at which rescue is decided comes before it"


def test_a_run_leaves_parts_with_checksums_a_manifest_and_the_document(quick: list[Any], tmp_path: Path) -> None:
    result = run(tmp_path / "out", replicates=4)
    assert sorted(contents(tmp_path / "out")) == [
        ".lock",
        "analyses/000000.parquet",
        "analyses/000001.parquet",
        "checksums/000000.json",
        "checksums/000001.json",
        "null/analyses/000000.parquet",
        "null/analyses/000001.parquet",
        "null/checksums/000000.json",
        "null/checksums/000001.json",
        "result.json",
        "trial.json",
        "visits/000000.parquet",
        "visits/000001.parquet",
    ]
    assert json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8")) == result.document()
    visits = pl.read_parquet(tmp_path / "out" / "visits" / "*.parquet")
    assert visits["replicate"].unique().sort().to_list() == [0, 1, 2, 3]
    manifest = json.loads((tmp_path / "out" / "trial.json").read_text(encoding="utf-8"))
    assert manifest["fingerprint"] == result.document()["fingerprint"]
    assert manifest["visits"] == VISIT_COLUMNS
    assert (result.found, result.computed) == (0, 4)


def test_the_document_holds_the_design_what_was_found_and_the_null(quick: list[Any]) -> None:
    document = run(replicates=9).document()
    json.dumps(document, allow_nan=False)
    assert document["replicates"] == 9
    assert [arm["name"] for arm in document["design"]["arms"]] == ["ketamine", "saline"]
    assert document["result"]["quantity"] == "assurance"
    assert document["null"]["result"]["quantity"] == "type I error"
    assert document["null"]["replicates"] == 9
    assert document["solver"] == {"people": 2 * 9 * 20, "redone": 18, "doubtful": 0, "failed": 0}
    assert document["flags"] == [{"code": code, "message": message} for code, message in small_design().flags]
    (predicted,) = document["predicted_effect"]
    assert sum(predicted["bin_counts"]) == predicted["replicates"] == 9
    assert predicted["low_95"] < predicted["low_50"] < predicted["median"] < predicted["high_50"] < predicted["high_95"]
    assert run(replicates=9, null_replicates=0).document()["null"] is None


def test_a_dose_curve_has_a_result_for_each_sentence(quick: list[Any]) -> None:
    doses = ("ketamine 0.25 mg/kg IV over 40 min", "ketamine 1 mg/kg IV over 40 min")
    document = run(design=small_design(dose_curve=doses), replicates=3, null_replicates=0).document()
    assert [dose["sentence"] for dose in document["dose_curve"]] == list(doses)
    assert all(dose["result"]["methods"][0]["contrasts"] for dose in document["dose_curve"])


def test_without_a_folder_nothing_is_left(quick: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[set[str]] = []
    write = OutputFolder.write

    def noted(self: OutputFolder, chunk: Chunk, part: Part) -> None:
        write(self, chunk, part)
        seen.append({file.parent.name for file in tmp_path.rglob("*.parquet")})

    monkeypatch.setattr(OutputFolder, "write", noted)
    document = run(replicates=3).document()
    assert seen == [{"analyses"}, {"analyses"}], "visits are not even made"
    assert document["content"] == "analyses"
    assert document["content_hash"] == run(replicates=3, progress=lambda *_: None).content_hash()
    assert document["content_hash"] != run(replicates=4).content_hash()
    assert list(tmp_path.iterdir()) == []


def test_people_without_numbers_are_missing_counted_and_flagged(
    quick: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_fails(design: Design, first: int, count: int, threads: int | None = 1) -> SimulatedTrials:
        found = made_up_trials(design, first, count)
        for ratings in (found.complete, found.observed):
            ratings[:, 3] = np.nan
        return replace(found, failed=count, doubtful=2 * count)

    monkeypatch.setattr(participants, "simulate_trials", one_fails)
    document = run(tmp_path, replicates=6, null_replicates=0).document()
    assert [flag["message"] for flag in document["flags"][-2:]] == [
        "6 of 120 simulated people have no finite numbers; their ratings count as missing",
        "12 of 120 simulated people have numbers on which no two grids agree",
    ]
    rows = pl.read_parquet(tmp_path / "visits" / "*.parquet").filter(pl.col("person") == 3)
    assert len(rows) == rows["score"].null_count() == rows["complete_score"].null_count() == 12
    assert rows["is_missing"].all()
    assert document["result"]["methods"][0]["contrasts"][0]["analysed"]["value"] == 15.0


# --- a real trial's result ---------------------------------------------------------------------------------


def seen(**given: Any) -> dict[str, Any]:
    design = small_design(observed=Observed(arm="ketamine", label="Trial", source="a source", **given))
    found = run(design=design, replicates=60, null_replicates=0).document()["observed"]
    assert found is not None
    return found


def test_an_observed_estimate_has_its_percentile_among_simulated_trials(quick: list[Any]) -> None:
    middle = seen(estimate=-6.0, standard_error=2.0)
    assert 25.0 < middle["percentile"] < 75.0
    assert middle["inside_95"]
    far = seen(estimate=-60.0)
    assert (far["percentile"], far["as_far_percent"], far["inside_95"]) == (0.0, 0.0, False)
    assert far["within_bound"] is None


def test_an_observed_bound_says_how_many_trials_stay_within_it_and_no_more(quick: list[Any]) -> None:
    found = seen(smd_within=1.0)
    assert found["percentile"] is None
    assert 0.0 < found["within_bound"]["low"] < found["within_bound"]["value"] < found["within_bound"]["high"] < 1.0
    assert seen(smd_within=50.0)["within_bound"]["value"] == 1.0


# --- the same content everywhere --------------------------------------------------------------------------------


def test_one_process_two_processes_and_dask_write_the_same_bytes(
    small_chunks: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the model itself; the null run too."""
    written, hashes = {}, set()
    for name, given in {
        "one": {"workers": 1},
        "two": {"workers": 2},
        "dask": {"engine": "dask://local", "workers": 2},
    }.items():
        result = run(tmp_path / name, replicates=7, **({"engine": "processes"} | given))
        hashes.add(result.content_hash())
        written[name] = contents(tmp_path / name)
        assert result.computed == 6
    assert len(hashes) == 1
    assert written["one"] == written["two"] == written["dask"]


def test_numbers_do_not_depend_on_the_shape_of_chunks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    visits = []
    for people in (40, 100):
        monkeypatch.setattr(chunks_module, "CHUNK_PEOPLE", people)
        run(tmp_path / str(people), replicates=6, null_replicates=0)
        visits.append(pl.read_parquet(tmp_path / str(people) / "visits" / "*.parquet"))
    assert visits[0].equals(visits[1])


# --- runs that go on -----------------------------------------------------------------------------------------------


def interrupted_after(number: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Stops a run as Control-C does, in the middle of chunk `number`; gives what sets things right again."""
    whole, done = running.compute, []

    def stops(chunk: Chunk) -> Part:
        if len(done) == number:
            raise KeyboardInterrupt
        done.append(chunk)
        return whole(chunk)

    monkeypatch.setattr(running, "compute", stops)
    return lambda: monkeypatch.setattr(running, "compute", whole)


def test_a_stopped_run_says_how_to_go_on_and_redoes_only_what_is_unfinished(
    quick: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = interrupted_after(3, monkeypatch)
    with pytest.raises(KeyboardInterrupt) as stopped:
        run(tmp_path / "out")
    kept = f"they are kept in {tmp_path / 'out'}; the same command goes on with the rest"
    assert str(stopped.value) == f"stopped with 3 of 8 chunks finished; {kept}"
    assert not (tmp_path / "out" / "result.json").exists()
    again()
    quick.clear()
    result = run(tmp_path / "out")
    assert (result.found, result.computed) == (3, 5)
    assert quick == [("design", 3), *(("null", number) for number in range(4))]
    whole = run(tmp_path / "in one go")
    assert contents(tmp_path / "out") == contents(tmp_path / "in one go")
    assert result.document() == whole.document()
    quick.clear()
    assert run(tmp_path / "out").found == 8
    assert quick == []


def test_a_run_without_a_folder_says_that_nothing_is_kept(quick: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted_after(1, monkeypatch)
    with pytest.raises(KeyboardInterrupt, match="1 of 8 chunks finished; they are lost, as there is no output folder"):
        run()


@pytest.mark.parametrize(
    ("kind", "number", "change"),
    [
        ("visits", 1, lambda file: file.write_bytes(file.read_bytes()[:-7])),
        ("analyses", 0, lambda file: file.write_bytes(b"")),
        ("visits", 3, lambda file: file.write_bytes(file.read_bytes().replace(b"a", b"b", 1))),
        ("analyses", 2, Path.unlink),
        ("checksums", 2, lambda file: file.write_text("{", encoding="utf-8")),
        ("checksums", 1, Path.unlink),
    ],
    ids=["cut off", "empty", "changed", "gone", "checksums broken", "checksums gone"],
)
def test_a_part_that_is_not_whole_is_made_again(
    quick: list[Any], tmp_path: Path, kind: str, number: int, change: Callable[[Path], None]
) -> None:
    run(tmp_path)
    before = contents(tmp_path)
    change(next((tmp_path / kind).glob(f"00000{number}.*")))
    quick.clear()
    assert run(tmp_path).computed == 1
    assert quick == [("design", number)]
    assert contents(tmp_path) == before


def test_what_a_killed_run_had_begun_to_write_is_cleared_away_and_nothing_else(
    quick: list[Any], tmp_path: Path
) -> None:
    run(tmp_path)
    (tmp_path / "visits" / ".000009.parquet.abcd1234").write_bytes(b"half")
    (tmp_path / ".trial.json.abcd1234").write_bytes(b"half")
    mine = [tmp_path / ".profile.sh", tmp_path / "visits" / ".notes.txt"]
    for file in mine:
        file.write_text("mine", encoding="utf-8")
    run(tmp_path)
    assert not list(tmp_path.rglob("*abcd1234"))
    assert all(file.exists() for file in mine)


# --- folders that are not mixed up -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 5}, "holds a trial with another seed (0, not 5)"),
        ({"replicates": 11}, "holds a trial with another replicates (10, not 11)"),
        ({"title": "Another"}, "holds a trial with another title (Ketamine against saline in generalised anxiety"),
        ({"alpha": 0.01}, "holds a trial of another design, or of another model"),
    ],
)
def test_the_folder_of_another_trial_is_refused_untouched(
    quick: list[Any], tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    run(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(InputError) as refused:
        run(tmp_path, design=small_design(**changes))
    assert str(refused.value).startswith(f"output {tmp_path}: {said}")
    assert str(refused.value).endswith("; use another folder")
    assert contents(tmp_path) == before


def test_a_changed_model_is_another_trial(quick: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path)
    monkeypatch.setattr(running, "data_hash", lambda: "other")
    with pytest.raises(InputError, match="another design, or of another model; use another folder"):
        run(tmp_path)


def test_a_folder_in_which_nothing_was_finished_may_be_taken(
    quick: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = interrupted_after(0, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path)
    again()
    assert run(tmp_path, seed=5).document()["seed"] == 5
    assert json.loads((tmp_path / "trial.json").read_text(encoding="utf-8"))["seed"] == 5


def test_what_changes_no_number_is_not_in_the_fingerprint() -> None:
    design = small_design()
    assert fingerprint(runs_of(design)) == fingerprint(
        runs_of(replace(design, defaulted=("seed",), flags=(("a", "b"),)))
    )
    others = [replace(design, seed=1), replace(design, people=21), replace(design, replicates=11)]
    assert len({fingerprint(runs_of(each)) for each in (design, *others)}) == 4
    assert len(data_hash()) == 64


def test_folders_that_cannot_be_used_are_one_clear_line(quick: list[Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "other" / "visits").mkdir(parents=True)
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "trial.json").write_text("[]", encoding="utf-8")
    for name, said in {
        "file": "it is a file; give the name of a folder",
        "no/such": f"the folder {tmp_path / 'no'} does not exist; create it first",
        "other": "holds 'visits' but no trial.json that says of which trial; use another folder",
        "strange": "trial.json there is no manifest of a trial; use another folder",
    }.items():
        with pytest.raises(InputError) as refused:
            run(tmp_path / name)
        assert str(refused.value) == f"output {tmp_path / name}: {said}"
    assert quick == [], "nothing is computed first"


def test_input_that_proves_wrong_later_leaves_no_folder_behind_that_was_not_there(
    quick: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(chunk: Chunk) -> Part:
        raise InputError("no scheduler answers there")

    whole = running.compute
    (tmp_path / "mine").mkdir()
    monkeypatch.setattr(running, "compute", wrong)
    for name in ("new", "mine"):
        with pytest.raises(InputError, match="no scheduler"):
            run(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    monkeypatch.setattr(running, "compute", whole)
    again = interrupted_after(1, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "new")
    again()
    monkeypatch.setattr(running, "compute", wrong)
    with pytest.raises(InputError):
        run(tmp_path / "new")
    assert (tmp_path / "new" / "checksums" / "000000.json").exists(), "what was finished stays"


def test_two_runs_do_not_write_into_one_folder(quick: list[Any], tmp_path: Path) -> None:
    def inner(done: int, total: int | None, words: str) -> None:
        if done == 1:
            with pytest.raises(InputError, match="another run writes into this folder"):
                run(tmp_path)

    run(tmp_path, progress=inner)


# --- memory, numbers, planning ------------------------------------------------------------------------------


def test_parts_are_written_as_they_come_and_never_held_together(
    quick: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One chunk is in memory at a time: each is on disk before the next is begun."""
    whole = running.compute

    def watched(chunk: Chunk) -> Part:
        assert len(list((tmp_path).rglob("checksums/*.json"))) == len(quick)
        return whole(chunk)

    monkeypatch.setattr(running, "compute", watched)
    run(tmp_path)
    assert len(quick) == 8


def test_progress_counts_chunks_and_begins_with_what_is_there(quick: list[Any], tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    run(tmp_path, replicates=4, progress=lambda done, total, words: told.append((done, total)))
    assert told == [(number, 4) for number in range(5)]
    told.clear()
    run(tmp_path, replicates=4, progress=lambda done, total, words: told.append((done, total)))
    assert told == [(4, 4)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"replicates": 0}, "replicates 0: must be 1 to 1000000"),
        ({"null_replicates": -1}, "null replicates -1: must be 0 to 1000000"),
        ({"seed": -1}, "seed -1: must be a whole number from 0 to 2^63 - 1"),
        ({"plan": 0.01}, "plan 0.01: must be a share above alpha (0.05) and below 1, such as 0.8"),
        ({"plan": 1.0}, "plan 1: must be a share above alpha (0.05) and below 1, such as 0.8"),
        ({"engine": "threads"}, "engine 'threads' is unknown"),
        ({"workers": 0}, "workers 0: must be 1 to 1024"),
    ],
)
def test_numbers_out_of_range_are_refused_before_a_folder_is_made(
    quick: list[Any], tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError) as refused:
        run(tmp_path / "out", **given)
    assert str(refused.value).startswith(said)
    assert not (tmp_path / "out").exists()
    assert quick == []


def test_planning_runs_on_the_same_seam_and_takes_up_what_it_had(quick: list[Any], tmp_path: Path) -> None:
    document = run(tmp_path, plan=0.8, replicates=30, null_replicates=0).document()
    assert document["plan"]["target"] == 0.8
    assert document["plan"]["answer"]["value"] < 100
    tried = [chunk for chunk in quick if chunk[0].startswith("plan-")]
    assert tried
    quick.clear()
    assert run(tmp_path, plan=0.8, replicates=30, null_replicates=0).document() == document
    assert quick == []


def test_a_plan_that_cannot_be_made_is_refused_before_any_work(quick: list[Any], tmp_path: Path) -> None:
    wide = small_design()
    wide = replace(wide, arms=(replace(wide.arms[0], share=900), *wide.arms[1:]))
    for design, said in (
        (small_design(is_null=True), "null = true in the design: a trial without an effect has no size to plan"),
        (
            wide,
            "arms: shares that add up to 901 need 5406 people to plan, and sizes are tried up to 4000; give smaller",
        ),
    ):
        with pytest.raises(InputError) as refused:
            run(tmp_path / "out", design=design, plan=0.8)
        assert str(refused.value).startswith(said)
    assert not (tmp_path / "out").exists()
    assert quick == []


def test_people_of_planning_are_counted_and_flagged_but_not_hashed(
    quick: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def some_fail(design: Design, first: int, count: int, threads: int | None = 1) -> SimulatedTrials:
        # Of the design itself, which asks for no curve, all are well.
        return replace(made_up_trials(design, first, count), failed=count if design.people_curve else 0)

    monkeypatch.setattr(participants, "simulate_trials", some_fail)
    plain = run(replicates=30, null_replicates=0).document()
    planned = run(replicates=30, null_replicates=0, plan=0.8).document()
    assert plain["solver"]["people"] == 30 * 20
    assert planned["solver"]["people"] > plain["solver"]["people"]
    assert plain["solver"]["failed"] == 0 < planned["solver"]["failed"]
    assert planned["solver"]["redone"] == 30 + planned["solver"]["failed"]
    assert [flag["code"] for flag in plain["flags"] if flag["code"] == "people_failed"] == []
    assert [flag["code"] for flag in planned["flags"] if flag["code"] == "people_failed"] == ["people_failed"]
    assert planned["content_hash"] == plain["content_hash"]


def test_the_report_names_the_composite_estimand_of_responders(quick: list[Any]) -> None:
    design = small_design(rescue=Rescue(from_visit_h=168.0, percent_fall=10.0, smd=0.5), estimand="hypothetical")
    composite = "composite: who was rescued or left counts as no response"
    assert composite in printed(print_trial, run(design=design, replicates=3, null_replicates=0).document(), 400)
    kept = printed(print_trial, run(design=replace(design, estimand="treatment policy"), replicates=3).document(), 400)
    assert "composite" not in kept
    assert "the difference includes the effect of rescue" in kept


def test_a_packaged_design_runs_by_its_name_with_the_model(tmp_path: Path) -> None:
    document = trial("feder2021", replicates=8, null_replicates=0, engine="serial").document()
    assert document["title"] == read_design("feder2021").title
    assert document["observed"]["estimate"] == -11.88
    assert os.listdir(tmp_path) == []
