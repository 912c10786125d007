"""What the live checks of one audit share: settings, and each comparison, simulation and pool computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ketascope.claims.live.result import LackingError
from ketascope.files import packaged_toml

if TYPE_CHECKING:
    from ketascope.one_regimen import Simulation

Quantity = Mapping[str, Any]


@cache
def data_file() -> Mapping[str, Any]:
    """The table of what each check runs."""
    return packaged_toml("claims/data/live_checks.toml")


def of_check(name: str) -> Mapping[str, Any]:
    """What the named check runs."""
    rows: Mapping[str, Any] = data_file()["check"][name]
    return rows


def short_name(key: str) -> str:
    """The option's name in sentences."""
    return next(str(row["short"]) for row in data_file()["option"] if row["key"] == key)


class Bench:
    """Computes with the library's own verbs and keeps the results; the same arguments give the same numbers.

    seed, patients, indication, sampling and scenarios are those of `ketascope.compare`; what is left out comes from
    `data/live_checks.toml`. `runs` counts what was computed, by verb.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        patients: int | None = None,
        indication: str | None = None,
        sampling: str | None = None,
        scenarios: Sequence[str] = (),
    ) -> None:
        settings = data_file()["settings"]
        self.seed = seed
        self.patients = int(settings["patients"]) if patients is None else patients
        self.indication = str(settings["indication"]) if indication is None else indication
        self.sampling = sampling
        self.scenarios = tuple(scenarios)
        self.runs = {"compare": 0, "simulate": 0, "pooled_evidence": 0}
        self._comparison: dict[str, Any] | None = None
        self._simulations: dict[str, Simulation] = {}
        self._evidence: dict[tuple[str, str, str], dict[str, Any]] = {}

    def comparison(self) -> dict[str, Any]:
        """The document of the one comparison of this audit."""
        if self._comparison is None:
            from ketascope import compare

            settings = data_file()["settings"]
            self.runs["compare"] += 1
            self._comparison = compare(
                [str(row["sentence"]) for row in data_file()["option"]],
                indication=self.indication,
                until_h=float(settings["until_h"]),
                patients=self.patients,
                seed=self.seed,
                sampling=self.sampling or str(settings["sampling"]),
                scenarios=self.scenarios,
            ).document()
        return self._comparison

    def option(self, key: str) -> dict[str, Any]:
        """The comparison's row of one option of the data file."""
        keys = [row["key"] for row in data_file()["option"]]
        row: dict[str, Any] = self.comparison()["options"][keys.index(key)]
        return row

    def scale(self) -> str:
        """The rating scale of the comparison, as people write it."""
        return str(self.option(str(data_file()["option"][0]["key"]))["symptoms"]["scale"])

    def simulation(self, sentence: str, *, sampling: str, until_h: float) -> Simulation:
        """One regimen simulated; a bench with a sampling site of its own uses that."""
        if sentence not in self._simulations:
            from ketascope import simulate

            self.runs["simulate"] += 1
            self._simulations[sentence] = simulate(
                sentence,
                indication=self.indication,
                until_h=until_h,
                patients=self.patients,
                seed=self.seed,
                sampling=self.sampling or sampling,
                scenarios=self.scenarios,
            )
        return self._simulations[sentence]

    def evidence(self, indication: str, outcome: str, treatment: str) -> dict[str, Any]:
        """What the trials of an indication, outcome and treatment say."""
        key = (indication, outcome, treatment)
        if key not in self._evidence:
            from ketascope import pooled_evidence

            self.runs["pooled_evidence"] += 1
            self._evidence[key] = pooled_evidence(indication, outcome=outcome, treatment=treatment)
        return self._evidence[key]


def known(quantity: Quantity | None, what: str) -> Quantity:
    """The quantity; LackingError where the model gives none."""
    if quantity is None:
        raise LackingError(f"the model gives no {what} here")
    return quantity


def figures(name: str, quantity: Quantity) -> dict[str, float]:
    """A quantity as three numbers: NAME, NAME_low and NAME_high."""
    return {
        name: float(quantity["median"]),
        f"{name}_low": float(quantity["low"]),
        f"{name}_high": float(quantity["high"]),
    }
