"""The course tables of a simulation."""

from __future__ import annotations

from ketascope.report.courses import MOST_TIMES, STANDARD_TIMES_H, course_tables, shown_times


def simulation(times_h: list[float], **series: list[float | None]) -> dict[str, object]:
    bands = {name: {"median": values, "low": values, "high": values} for name, values in series.items()}
    return {"times_h": times_h, "series": bands}


def test_few_times_are_all_shown() -> None:
    assert shown_times([0.0, 0.5, 24.0]) == [0, 1, 2]


def test_of_many_times_those_are_shown_that_readers_ask_for() -> None:
    times = [0.1 * i for i in range(2000)]
    shown = [times[i] for i in shown_times(times)]
    assert len(shown) <= MOST_TIMES
    assert shown == sorted(shown)
    assert all(any(abs(time - asked) <= 0.05 for time in shown) for asked in STANDARD_TIMES_H if asked < 200)


def test_a_table_has_only_the_series_that_exist() -> None:
    ((title, head, rows),) = course_tables(simulation([0.0, 2.0], block=[0.0, 0.25]))
    assert title == "Plasma and receptor"
    assert head == ("time", "NMDA block, %")
    assert rows == [("2 h", "25")]


def test_rows_with_nothing_left_are_left_out() -> None:
    ((_, _, rows),) = course_tables(
        simulation([1.0, 2.0, 3.0], block=[0.3, 0.1, 0.0001], ketamine_ng_per_ml=[9.0, 1.0, 0.001])
    )
    assert [row[0] for row in rows] == ["1 h", "2 h"]


def test_a_course_that_stays_at_nothing_is_shown_as_such() -> None:
    ((_, _, rows),) = course_tables(simulation([1.0, 2.0], dissociation=[0.0, 0.0]))
    assert rows == [("1 h", "0"), ("2 h", "0")]


def test_a_missing_score_is_a_dash_and_never_zero() -> None:
    ((_, _, rows),) = course_tables(simulation([0.0, 2.0], score=[40.0, None]))
    assert rows[0][1] == "40.0"
    assert rows[1][1] == "–"


def test_nothing_to_show_gives_no_table() -> None:
    assert course_tables(simulation([0.0, 1.0])) == []


def test_an_interval_stands_behind_its_median() -> None:
    document = simulation([1.0])
    document["series"] = {"ketamine_ng_per_ml": {"median": [100.0], "low": [80.0], "high": [125.0]}}
    ((_, _, rows),) = course_tables(document)
    assert rows == [("1 h", "100 (80 to 125)")]
