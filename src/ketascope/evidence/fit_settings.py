"""What both fits are asked for, pharmacokinetics and trials: how long to sample, where results go, with which seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ketascope.errors import InputError

FEWEST_DRAWS = 100
SEEDS = 2**31
"""Seeds that the sampler's random numbers know."""


@dataclass(frozen=True)
class Settings:
    """How long to sample and with which seed; `folder` keeps finished steps, so that a stopped run goes on."""

    folder: Path
    chains: int
    warm_up: int
    draws: int
    seed: int
    workers: int

    def check(self, seeds_beyond: int = 0) -> None:
        """Raise InputError for a number that cannot be used; `seeds_beyond` is added to the seed within the run."""
        if not 2 <= self.chains <= 16:
            raise InputError(f"chains {self.chains}: must be 2 to 16")
        for name in ("warm_up", "draws"):
            if not FEWEST_DRAWS <= getattr(self, name) <= 100_000:
                raise InputError(f"{name.replace('_', '-')} {getattr(self, name)}: must be {FEWEST_DRAWS} to 100000")
        if not 1 <= self.workers <= self.chains:
            raise InputError(f"workers {self.workers}: must be 1 to the number of chains, {self.chains}")
        if not 0 <= self.seed < SEEDS - seeds_beyond:
            highest = str(SEEDS - seeds_beyond - 1) if seeds_beyond else "2^31 - 1"
            raise InputError(f"seed {self.seed}: must be a whole number from 0 to {highest}")
