"""Which trials inform the symptom model and how: `data/calibration_trials.toml` joined with the outcome rows."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

from ketascope.errors import InputError
from ketascope.evidence.studies.figures import not_significant_bound
from ketascope.evidence.studies.rows import Outcome, Published
from ketascope.evidence.studies.tables import arms, outcomes, published

NOT_TRIALS = ("assumptions", "left_out")
ROW_KINDS = ("change", "followup", "difference", "smd", "responders", "bound", "share")
CONTROLS = ("inert", "active", "masked", "pill", "mixed")
# What a row of the trial file is called in the outcome table.
MEASURES = {
    "change": ("change",),
    "followup": ("mean",),
    "difference": ("difference",),
    "responders": ("responders",),
    "bound": ("difference", "none"),
    "smd": ("smd",),
    "share": ("share", "share_of_endpoint_effect"),
}
Z_95 = 1.959963984540054


@dataclass(frozen=True)
class TrialArm:
    """One arm: sentences (averaged where several; none for a control), visits as in `control_of`, an SSRI or not."""

    name: str
    sentences: tuple[str, ...]
    control_of: str | None
    antidepressant: bool


@dataclass(frozen=True)
class Figure:
    """What a row observed. value in points, standardised differences or events; error its standard error; n people."""

    kind: str
    arm: str
    against: str | None
    time_h: float
    window_h: tuple[float, ...]
    value: float
    error: float
    n: int
    sd: float | None  # printed SD of an arm's change
    imputed: bool  # the spread is the indication's, as the source prints none
    outcomes: tuple[str, ...]  # outcome rows that hold the figures
    of_time_h: float | None = None  # a share's denominator


@dataclass(frozen=True)
class Trial:
    """A trial (or one of the two published pools) as the calibration sees it."""

    key: str
    indication: str
    scale: str
    control: str
    pooled: bool
    check: bool  # only held against the model, never in the fit
    response_fall: float | None
    on_site: bool  # every dose was a visit
    arms: Mapping[str, TrialArm]
    rows: tuple[Figure, ...]
    checks: tuple[Figure, ...]
    baseline: float | None
    note: str = ""
    assumptions: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_ketamine(self) -> bool:
        """Whether any arm was given ketamine or esketamine."""
        return any(arm.sentences for arm in self.arms.values())


@lru_cache(maxsize=1)
def _raw() -> dict[str, Any]:
    path = resources.files("ketascope.evidence") / "data" / "calibration_trials.toml"
    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return table


def assumptions() -> dict[str, float]:
    """The file's own assumptions by name: correlations, and the weight of published pooled estimates."""
    return {name: float(row["value"]) for name, row in _raw()["assumptions"].items()}


def left_out_reasons() -> dict[str, str]:
    """Why figures of controlled trials that could have been used are not, by study."""
    return dict(_raw()["left_out"])


def load_trials(check: bool = False) -> tuple[Trial, ...]:
    """The trials of the fit (or the published pools that are only held against it) with their figures.

    Raises InputError for a row that points at no outcome.
    """
    trials = (_trial(key, raw) for key, raw in _raw().items() if key not in NOT_TRIALS)
    return tuple(trial for trial in trials if trial.check == check)


def _trial(key: str, raw: Mapping[str, Any]) -> Trial:
    if raw["control"] not in CONTROLS:
        raise InputError(f"calibration_trials.toml: {key} has control '{raw['control']}'; known: {', '.join(CONTROLS)}")
    arms = {
        name: TrialArm(name, tuple(arm.get("sentences", ())), arm.get("control_of"), arm.get("with") == "ssri")
        for name, arm in raw["arms"].items()
    }
    rows = tuple(_figure(key, raw, row) for row in raw["rows"])
    return Trial(
        key=key,
        indication=raw["indication"],
        scale=raw["scale"],
        control=raw["control"],
        pooled=bool(raw.get("pooled", False)),
        check=bool(raw.get("check", False)),
        response_fall=raw.get("response_fall"),
        on_site=bool(raw.get("on_site", False)),
        arms=arms,
        rows=rows,
        checks=tuple(_figure(key, raw, row) for row in raw.get("checks", ())),
        baseline=_baseline(raw),
        note=raw.get("note", ""),
        assumptions=assumptions(),
    )


def _figure(key: str, raw: Mapping[str, Any], row: Mapping[str, Any]) -> Figure:
    kind = row["kind"]
    if kind not in ROW_KINDS:
        raise InputError(f"calibration_trials.toml: {key} has a row of kind '{kind}'; known: {', '.join(ROW_KINDS)}")
    read = _READERS[kind](key, raw, row)
    times = tuple(row.get("ever_h", row.get("window_h", (row["time_h"],))))
    of_time = row.get("of_time_h")
    return Figure(kind, row["arm"], row.get("against"), row["time_h"], times, of_time_h=of_time, **read)


def find_outcome(key: str, row: Mapping[str, Any], kind: str, arm: str) -> Outcome:
    """The one outcome row that a row of the trial file names. Raises InputError where there is none, or several."""
    at = row.get("outcome_time_h")
    found = [
        item
        for item in outcomes(row["study"])
        if item.arm == arm
        and item.measure in MEASURES[kind]
        and item.time_h == at
        and item.scale == row.get("outcome_scale", item.scale)
        and item.definition.startswith(row.get("outcome_definition", ""))
        and item.verified != "recall"
    ]
    if len(found) != 1:
        raise InputError(
            f"calibration_trials.toml: {key} names {row['study']} '{arm}' {kind} at {at} h, "
            f"and {len(found)} outcome rows fit; it must be one"
        )
    return found[0]


def _endpoint_sd(raw: Mapping[str, Any]) -> float:
    """The indication's endpoint SD, taken to the trial's scale in proportion to their widths."""
    from ketascope.data import load

    indications, scales = load("indications"), load("scales")
    indication = indications[PLACEBO_OF.get(raw["indication"], raw["indication"])]
    width = scales[raw["scale"]]["maximum"] - scales[raw["scale"]]["minimum"]
    own = scales[indication["scale"]]["maximum"] - scales[indication["scale"]]["minimum"]
    return float(indication["endpoint_sd"]["value"]) * width / own


# The mixed anxiety samples have no baseline and no placebo arms of their own: those of GAD stand in.
PLACEBO_OF = {"anxiety_mixed": "gad"}


def _change(key: str, raw: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    item = find_outcome(key, row, "change", row["outcome_arm"])
    n = int(row.get("n", item.n or 0))
    sd = item.spread_high if item.spread == "sd" else None
    borrowed = _borrowed_sd(key, row) if "sd_like" in row else None
    if item.spread == "se":
        error = _number(key, item, "spread_high")
    else:
        error = (sd or borrowed or _endpoint_sd(raw)) / math.sqrt(_people(key, n))
    imputed = item.spread not in ("sd", "se")
    return _read(_number(key, item), error, n, sd, imputed, item)


def _borrowed_sd(key: str, row: Mapping[str, Any]) -> float:
    """The SD of another trial of the same kind, where a source prints none."""
    item = find_outcome(key, {**row, "study": row["sd_like"]["study"]}, "change", row["sd_like"]["arm"])
    if item.spread != "sd" or item.spread_high is None:
        raise InputError(f"calibration_trials.toml: {key} borrows an SD from {item.outcome_id}, which has none")
    return item.spread_high


def _followup(key: str, raw: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Difference at follow-up adjusted for unequal baselines.

    One slope r SD1/SD0 for both arms; the variance of an arm is (1 - r^2) SD1^2/n.
    """
    r = assumptions()["correlation_with_baseline"]
    after = [find_outcome(key, row, "followup", row[arm]) for arm in ("outcome_arm", "against_outcome_arm")]
    before = [_baseline_row(key, item) for item in after]
    means = [[_number(key, item) for item in items] for items in (after, before)]
    sds = [[_number(key, item, "spread_high") for item in items] for items in (after, before)]
    slope = r * math.sqrt(sum(sd**2 for sd in sds[0]) / sum(sd**2 for sd in sds[1]))
    sizes = [_people(key, item.n or 0) for item in after]
    variance = sum((1.0 - r**2) * sd**2 / n for sd, n in zip(sds[0], sizes, strict=True))
    return {
        "value": means[0][0] - means[0][1] - slope * (means[1][0] - means[1][1]),
        "error": math.sqrt(variance),
        "n": sum(sizes),
        "sd": None,
        "imputed": False,
        "outcomes": tuple(item.outcome_id for item in (*after, *before)),
    }


def _baseline_row(key: str, after: Outcome) -> Outcome:
    own = [x for x in outcomes(after.study) if x.arm == after.arm and x.scale == after.scale]
    found = [item for item in own if item.measure == "baseline" and item.verified != "recall"]
    if not found:
        raise InputError(f"calibration_trials.toml: {key} needs the baseline of {after.outcome_id}, and there is none")
    return found[0]


def _difference(
    key: str, raw: Mapping[str, Any], row: Mapping[str, Any], kind: str = "difference", sd: float | None = None
) -> dict[str, Any]:
    """A printed difference, in points or (with `sd` 1) in standard deviations, with the error that its spread means."""
    item = find_outcome(key, row, kind, row["outcome_arm"])
    imputed = False
    if item.spread == "se":
        error = _number(key, item, "spread_high")
    elif item.spread in ("ci95", "cri95"):
        error = (_number(key, item, "spread_high") - _number(key, item, "spread_low")) / (2.0 * Z_95)
    elif item.p_value is not None or "error_like" in row:
        of = find_outcome(key, row, kind, row.get("error_like", row["outcome_arm"]))
        error = _error_of_p(key, of)
    else:
        sizes = (_people(key, int(row.get("n", 0))), _people(key, int(row.get("n_against", 0))))
        error, imputed = (sd or _endpoint_sd(raw)) * math.sqrt(sum(1.0 / size for size in sizes)), True
    n = int(row["n"]) + int(row["n_against"]) if "n" in row else int(item.n or 0)
    return _read(_number(key, item), error, n, None, imputed, item)


def _error_of_p(key: str, item: Outcome) -> float:
    """Standard error of a difference from its two-sided p value, by the normal distribution."""
    from scipy.special import ndtri

    return abs(_number(key, item)) / float(ndtri(1.0 - _number(key, item, "p_value") / 2.0))


def _smd(key: str, raw: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    if "published" not in row:
        return _difference(key, raw, row, "smd", 1.0)
    item = published_estimate(row["published"])
    sign = -1.0 if item.favours.startswith("positive") else 1.0
    assert item.estimate is not None
    assert item.ci_high is not None
    assert item.ci_low is not None
    error = (item.ci_high - item.ci_low) / (2.0 * Z_95)
    return {
        "value": sign * item.estimate,
        "error": error,
        "n": 0,
        "sd": None,
        "imputed": False,
        "outcomes": (item.meta_id,),
    }


def published_estimate(meta_id: str) -> Published:
    """A published standardised difference. Raises InputError for an id that names none, or one known from memory."""
    rows = {row.meta_id: row for row in published() if row.measure == "smd" and row.verified != "recall"}
    if meta_id not in rows:
        raise InputError(f"calibration_trials.toml: '{meta_id}' is no published pooled standardised difference")
    return rows[meta_id]


def _share(key: str, raw: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    item = find_outcome(key, row, "share", row["outcome_arm"])
    return _read(_number(key, item) / 100.0, math.nan, 0, None, False, item)


def _responders(key: str, raw: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    item = find_outcome(key, row, "responders", row["outcome_arm"])
    n = int(row.get("n", item.n or 0))
    events = item.events if item.events is not None and "n" not in row else None
    if events is None:
        events = round(_number(key, item) / 100.0 * _people(key, n))
    return _read(float(events), math.nan, n, None, False, item)


def _bound(key: str, raw: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """A null without an estimate: |g| below the smallest that would have been significant, with its standard error."""
    item = find_outcome(key, row, "bound", row["outcome_arm"])
    people = {arm.arm: arm.n or 0 for arm in arms(row["study"])}
    sizes = [_people(key, people.get(name, 0)) for name in re.split("-vs-| vs ", row["outcome_arm"])]
    limit, error = not_significant_bound(*sizes)
    return {
        "value": limit,
        "error": error,
        "n": sum(sizes),
        "sd": None,
        "imputed": False,
        "outcomes": (item.outcome_id,),
    }


def _number(key: str, item: Outcome, field: str = "value") -> float:
    """A figure of an outcome row. Raises InputError where the row prints none."""
    value = getattr(item, field)
    if value is None:
        raise InputError(f"calibration_trials.toml: {key} needs the {field} of {item.outcome_id}, which has none")
    return float(value)


def _read(value: float, error: float, n: int, sd: float | None, imputed: bool, item: Outcome) -> dict[str, Any]:
    return {"value": value, "error": error, "n": n, "sd": sd, "imputed": imputed, "outcomes": (item.outcome_id,)}


def _people(key: str, n: int) -> int:
    if n <= 0:
        raise InputError(f"calibration_trials.toml: {key} has a row without people; add n and n_why")
    return n


def _baseline(raw: Mapping[str, Any]) -> float | None:
    """Mean of the baselines that the trial prints on its scale, weighted by people; None where it prints none."""
    from ketascope.data import load

    label = load("scales")[raw["scale"]]["label"]
    named = {row["study"] for row in raw["rows"] if "study" in row}
    rows = [
        item
        for study in sorted(named)
        for item in outcomes(study)
        if item.measure == "baseline"
        and item.value is not None
        and item.verified != "recall"
        and (item.scale_key == raw["scale"] or item.scale == label)
        and item.n
    ]
    total = sum(item.n or 0 for item in rows)
    return sum((item.value or 0.0) * (item.n or 0) for item in rows) / total if total else None


_READERS = {
    "change": _change,
    "followup": _followup,
    "difference": _difference,
    "smd": _smd,
    "responders": _responders,
    "bound": _bound,
    "share": _share,
}
