"""The data contract of the study tables: pandera on polars frames; `ketascope evidence check` and the tests run it.

Types, vocabularies, ranges and uniqueness stand in the schemas; rules over several cells are the functions of
`row_rules`, each run as one named check; rules over several tables are in `links`. What is wrong comes
back as lines that name table, row, field and what would be right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ketascope.errors import InputError
from ketascope.evidence.studies import tables
from ketascope.evidence.studies.links import cross_table_problems
from ketascope.evidence.studies.row_rules import COUNT_SOURCES, RULES, SPREADS, UNITS_OF_MEASURE, Row, Rule
from ketascope.evidence.studies.rows import DECIMAL_NUMBERS, WHOLE_NUMBERS
from ketascope.evidence.studies.tables import Arm, Contrast, Outcome, Published, Study

if TYPE_CHECKING:
    import pandera.polars as pa
    import polars as pl

TABLES: Mapping[str, type[Study] | type[Arm] | type[Outcome] | type[Contrast] | type[Published]] = {
    "studies.csv": Study,
    "study_arms.csv": Arm,
    "study_outcomes.csv": Outcome,
    "study_contrasts.csv": Contrast,
    "published_pooled.csv": Published,
}
_NOT_EMPTY: Mapping[str, tuple[str, ...]] = {
    "studies.csv": ("study", "trial_key", "condition", "source", "design"),
    "study_arms.csv": ("study", "arm", "treatment", "source"),
    "study_outcomes.csv": ("outcome_id", "study", "arm", "scale", "definition", "source"),
    "study_contrasts.csv": ("contrast_id", "study", "trial_key", "scale", "treatment_arm", "control_arm"),
    "published_pooled.csv": ("meta_id", "citation", "outcome", "source"),
}
_VOCABULARIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "studies.csv": {
        "kind": tables.KINDS,
        "indication": tables.INDICATIONS,
        "risk_of_bias": tables.RISKS_OF_BIAS,
        "verified": tables.CHECK_GRADES,
        "table": ("trials", "comparators"),
    },
    "study_arms.csv": {
        "drug_class": (*tables.TREATMENTS, ""),
        "control": (*tables.CONTROLS, ""),
        "verified": tables.CHECK_GRADES,
    },
    "study_outcomes.csv": {
        "measure": tuple(UNITS_OF_MEASURE),
        "spread": SPREADS,
        "count_from": COUNT_SOURCES,
        "verified": tables.CHECK_GRADES,
    },
    "study_contrasts.csv": {
        "drug": tables.TREATMENTS,
        "indication": tables.INDICATIONS,
        "control": tables.CONTROLS,
        "outcome": tables.POOLED_OUTCOMES,
        "bound": ("yes", "no"),
        "in_pooling": ("yes", "no"),
    },
    "published_pooled.csv": {
        "indication": tables.INDICATIONS,
        "measure": tuple(UNITS_OF_MEASURE),
        "kind": ("between_group", "within_group", "narrative"),
        "verified": tables.CHECK_GRADES,
    },
}
_UNIQUE: Mapping[str, tuple[str, ...]] = {
    "studies.csv": ("study",),
    "study_arms.csv": ("study", "arm"),
    "study_outcomes.csv": ("outcome_id",),
    "study_contrasts.csv": ("contrast_id",),
    "published_pooled.csv": ("meta_id",),
}


def frame(name: str, text: str) -> pl.DataFrame:
    """A table as a collected polars frame: numbers as numbers, empty text as "" and empty numbers as null."""
    import polars as pl

    fields = tuple(TABLES[name].__dataclass_fields__)
    try:
        read = pl.read_csv(text.encode(), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{name}: {str(error).splitlines()[0]}") from None
    if tuple(read.columns) != fields:
        raise InputError(f"{name}: the columns must be {', '.join(fields)}")
    for column in fields:
        if column not in WHOLE_NUMBERS | DECIMAL_NUMBERS:
            read = read.with_columns(pl.col(column).fill_null(""))
            continue
        kind, what = (pl.Int64, "a whole number") if column in WHOLE_NUMBERS else (pl.Float64, "a number")
        cast = read[column].cast(kind, strict=False)
        lost = (cast.is_null() & read[column].is_not_null()).arg_true()
        if len(lost):
            row = int(lost[0])
            raise InputError(f"{name} row {row + 2}, {column}: '{read[column][row]}' must be empty or {what}")
        read = read.with_columns(cast)
    return read


def schema(name: str) -> pa.DataFrameSchema:
    """The contract of one table."""
    import pandera.polars as pa
    import polars as pl

    fields = TABLES[name].__dataclass_fields__
    words, filled = _VOCABULARIES[name], _NOT_EMPTY[name]
    columns: dict[str, pa.Column] = {}
    for column in fields:
        checks: list[pa.Check] = []
        if column in words:
            checks.append(pa.Check.isin(words[column]))
        if column in filled:
            checks.append(pa.Check.str_length(min_value=1))
        if column in ("time_h", "window_start_h", "primary_time_h", "n", "events", "n_randomised", "infusion_min"):
            checks.append(pa.Check.ge(0))
        kind = pl.Int64 if column in WHOLE_NUMBERS else pl.Float64 if column in DECIMAL_NUMBERS else pl.String
        columns[column] = pa.Column(kind, checks, nullable=column in WHOLE_NUMBERS | DECIMAL_NUMBERS)
    frame_checks = [_frame_check(rule) for rule in RULES.get(name, ())]
    return pa.DataFrameSchema(columns, checks=frame_checks, strict=True, ordered=True, unique=list(_UNIQUE[name]))


def _frame_check(rule: Rule) -> pa.Check:
    import pandera.polars as pa
    import polars as pl

    def keeps(data: Any) -> Any:
        rows = pl.struct(pl.all()).map_elements(lambda row: not rule(row), return_dtype=pl.Boolean)
        return data.lazyframe.select(rows.alias("keeps"))

    return pa.Check(keeps, name=rule.__name__.strip("_"), error=rule.__name__.strip("_"))


def problems(name: str, text: str) -> tuple[str, ...]:
    """What breaks the contract of one table, one line each; empty when nothing does."""
    import pandera.errors

    read = frame(name, text)
    try:
        schema(name).validate(read, lazy=True)
    except pandera.errors.SchemaErrors as broken:
        found = list(_by_row(name, read.to_dicts()))
        # Every broken rule has a row that says it in words; the schema's own line stands for the others.
        found += [] if found else [_plain(name, case) for case in broken.failure_cases.to_dicts()]
        return tuple(dict.fromkeys(found))
    return ()


def _by_row(name: str, rows: Iterable[Row]) -> Iterable[str]:
    seen: dict[tuple[Any, ...], int] = {}
    unique = _UNIQUE[name]
    for number, row in enumerate(rows, 2):
        where = f"{name} row {number} ({row[unique[-1]]})"
        for column, allowed in _VOCABULARIES[name].items():
            if row[column] not in allowed:
                yield f"{where}, {column}: '{row[column]}' is none of {', '.join(item or 'empty' for item in allowed)}"
        for column in _NOT_EMPTY[name]:
            if not row[column]:
                yield f"{where}, {column}: is empty; every row needs it"
        for column in ("time_h", "window_start_h", "primary_time_h", "n", "events", "n_randomised", "infusion_min"):
            if row.get(column) is not None and row[column] < 0:
                yield f"{where}, {column}: {row[column]:g} is below 0"
        for rule in RULES.get(name, ()):
            problem = rule(row)
            if problem:
                yield f"{where}, {problem}"
        key = tuple(row[column] for column in unique)
        if key in seen:
            yield f"{where}, {unique[-1]}: the same {' and '.join(unique)} stands in row {seen[key]}"
        seen.setdefault(key, number)


def _plain(name: str, case: Row) -> str:
    where = "" if case.get("index") is None else f" row {case['index'] + 2}"
    return f"{name}{where}, {case.get('column') or 'columns'}: breaks {case['check']}"


def package_problems() -> tuple[str, ...]:
    """What breaks the contract in the packaged tables, one line each: in one table, and if none is, between them."""
    found = [problem for name in TABLES for problem in problems(name, tables.table_text(name))]
    if not found:
        every = {name: tables.arms(name) for name in tables.studies()}
        found += cross_table_problems(tables.studies(), every, tables.outcomes(), tables.contrasts())
    return tuple(found)
