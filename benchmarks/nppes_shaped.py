"""A file in the shape of NPPES: the same 330 columns, shares and lengths, synthetic names and numbers, any size.

    python benchmarks/nppes_shaped.py ROWS TARGET(.csv or .zip) [--seed 0]

What the rows look like is held here as shares counted in a published sample of the April 2025 file (1,000 rows); the
sample itself is not read. Two departures: the shares of persons and of kinds of care are set to those of the whole
registry's order of size, because the sample is its oldest end. Every name is a word from the lists below.
"""

from __future__ import annotations

import argparse
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import polars as pl

ROWS_IN_A_BLOCK = 50_000
NAME = "npidata_pfile_20050523-20250413.csv"
SHARE_OF_ORGANISATIONS = 0.22
SHARE_SWITCHED_OFF = 0.035
# Of the organisations; the rest have kinds of care that nobody asks for here.
KINDS_OF_CARE = {
    "2084P0800X": 0.030,
    "261QM0801X": 0.025,
    "261QM0850X": 0.006,
    "363LP0808X": 0.008,
    "283Q00000X": 0.002,
    "261QI0500X": 0.002,
    "207L00000X": 0.008,
    "208VP0014X": 0.004,
    "261QP3300X": 0.003,
    "1041C0700X": 0.015,
}
OTHER_KINDS = ["251E00000X", "332B00000X", "261QM1200X", "3416L0300X", "282N00000X", "314000000X", "332BX2000X"]
PERSONS_KINDS = ["207Q00000X", "207R00000X", "363LF0000X", "1223G0001X", "225100000X", "2084P0800X", "207L00000X"]
SHARE_NAMED_KETAMINE = 0.0006
# Share of rows with a cell in the column, by its number: organisations and persons of the sample.
EXTRAS: dict[str, dict[int, float]] = {
    "organisation": {21: 0.28, 27: 0.89, 35: 0.92, 44: 0.54, 48: 0.58, 107: 0.72, 111: 0.41, 115: 0.28, 119: 0.16},
    "person": {21: 0.35, 27: 0.80, 35: 0.85, 48: 0.996, 52: 0.28, 107: 0.70, 111: 0.37, 115: 0.22, 119: 0.16},
}
FIRST = [
    "ACORN",
    "BAYSIDE",
    "CEDAR",
    "DELTA",
    "EASTGATE",
    "FAIRVIEW",
    "GARDEN",
    "HARBOR",
    "IRON",
    "JUNIPER",
    "KEYSTONE",
]
SECOND = ["VALLEY", "RIVER", "HILL", "PARK", "LAKE", "SHORE", "MEADOW", "FOREST", "SUMMIT", "BRIDGE", "CROSSING"]
THIRD = ["HEALTH LLC", "CLINIC INC", "CARE, PC", "SERVICES", "CENTER", "GROUP LLC", "ASSOCIATES, P.A.", "WELLNESS INC"]
STREETS = ["MAIN ST", "OAK AVE", "2ND ST", "PARK RD", "ELM ST", "W BROADWAY", "STATE ROUTE 9", "COLLEGE BLVD"]


def heading() -> list[str]:
    """The 330 column names, in order (layout V.2)."""
    address = ["First Line Business {}", "Second Line Business {}", "Business {} City Name", "Business {} State Name"]
    names = ["NPI", "Entity Type Code", "Replacement NPI", "Employer Identification Number (EIN)"]
    names += ["Provider Organization Name (Legal Business Name)", "Provider Last Name (Legal Name)"]
    names += ["Provider First Name", "Provider Middle Name", "Provider Name Prefix Text", "Provider Name Suffix Text"]
    names += ["Provider Credential Text", "Provider Other Organization Name"]
    names += ["Provider Other Organization Name Type Code", "Provider Other Last Name", "Provider Other First Name"]
    names += ["Provider Other Middle Name", "Provider Other Name Prefix Text", "Provider Other Name Suffix Text"]
    names += ["Provider Other Credential Text", "Provider Other Last Name Type Code"]
    for place in ("Mailing Address", "Practice Location Address"):
        ends = ("Postal Code", "Country Code (If outside U.S.)", "Telephone Number", "Fax Number")
        names += [f"Provider {part.format(place)}" for part in address]
        names += [f"Provider Business {place} {end}" for end in ends]
    names += ["Provider Enumeration Date", "Last Update Date", "NPI Deactivation Reason Code", "NPI Deactivation Date"]
    names += ["NPI Reactivation Date", "Provider Sex Code", "Authorized Official Last Name"]
    names += ["Authorized Official First Name", "Authorized Official Middle Name"]
    names += ["Authorized Official Title or Position", "Authorized Official Telephone Number"]
    for number in range(1, 16):
        names += [f"Healthcare Provider Taxonomy Code_{number}", f"Provider License Number_{number}"]
        names += [f"Provider License Number State Code_{number}"]
        names += [f"Healthcare Provider Primary Taxonomy Switch_{number}"]
    for number in range(1, 51):
        names += [f"Other Provider Identifier_{number}", f"Other Provider Identifier Type Code_{number}"]
        names += [f"Other Provider Identifier State_{number}", f"Other Provider Identifier Issuer_{number}"]
    names += ["Is Sole Proprietor", "Is Organization Subpart", "Parent Organization LBN", "Parent Organization TIN"]
    names += [f"Authorized Official {part} Text" for part in ("Name Prefix", "Name Suffix", "Credential")]
    names += [f"Healthcare Provider Taxonomy Group_{number}" for number in range(1, 16)]
    return [*names, "Certification Date"]


def npis(count: int, start: int) -> np.ndarray:
    """`count` different ten-digit numbers with a right check digit, from the `start`-th on."""
    # A step that shares no factor with the range visits every number once.
    nine = 100_000_000 + ((start + np.arange(count, dtype=np.int64)) * 104_729_999) % 200_000_000
    digits = nine[:, None] // 10 ** np.arange(9, dtype=np.int64) % 10
    doubled = digits[:, ::2] * 2
    # 24 is what the issuer's prefix 80840 adds to the sum.
    total = 24 + (doubled // 10 + doubled % 10).sum(axis=1) + digits[:, 1::2].sum(axis=1)
    return nine * 10 + (-total) % 10


def zip_codes() -> tuple[list[str], list[str], list[str]]:
    """ZIP codes in use, their towns and states."""
    import zipcodes

    rows = [row for row in zipcodes.list_all() if row["active"] and row["zip_code_type"] == "STANDARD"]
    return tuple([row[key] for row in rows] for key in ("zip_code", "city", "state"))  # type: ignore[return-value]


class Maker:
    """Blocks of lines, each a function of the seed and of the number of its first row."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        zips, cities, states = zip_codes()
        self.zips = pl.Series(zips)
        self.cities = pl.Series([city.upper() for city in cities])
        self.states = pl.Series(states)

    def block(self, start: int, count: int) -> bytes:
        """Lines `start` to `start + count`, each a quoted record of 330 cells."""
        random = np.random.default_rng([self.seed, start])
        kind = random.random(count)
        off = kind < SHARE_SWITCHED_OFF
        organisation = (kind >= SHARE_SWITCHED_OFF) & (kind < SHARE_SWITCHED_OFF + SHARE_OF_ORGANISATIONS)
        number = npis(count, start)
        person = ~off & ~organisation
        lines = pl.concat(
            [
                self._lines(random, number[organisation], "organisation"),
                self._lines(random, number[person], "person"),
                self._switched_off(random, number[off]),
            ]
        )
        order = np.argsort(np.concatenate([np.flatnonzero(rows) for rows in (organisation, person, off)]))
        return ("\n".join(lines.gather(order).to_list()) + "\n").encode()

    def _lines(self, random: np.random.Generator, number: np.ndarray, sort: str) -> pl.Series:
        count = len(number)
        at = random.integers(0, len(self.zips), count)
        cells: dict[int, pl.Series | str] = {0: pl.Series(number).cast(pl.String), 30: self.cities.gather(at)}
        cells |= {31: self.states.gather(at), 22: cells[30], 23: self.states.gather(at), 33: "US", 25: "US"}
        plus4 = pl.Series(random.integers(1, 10_000, count)).cast(pl.String).str.zfill(4)
        cells |= {32: self.zips.gather(at) + plus4, 24: self.zips.gather(at) + plus4}
        street = pl.Series(random.integers(1, 9_999, count)).cast(pl.String) + " " + _pick(random, STREETS, count)
        cells |= {28: street, 20: street, 34: self._phone(random, count), 26: self._phone(random, count)}
        cells |= {36: _day(random, count, 2005, 2024), 37: _day(random, count, 2007, 2025), 50: "Y"}
        name = _pick(random, FIRST, count) + " " + _pick(random, SECOND, count)
        if sort == "organisation":
            named = name + " " + _pick(random, THIRD, count)
            ketamine = random.random(count) < SHARE_NAMED_KETAMINE
            named = pl.select(
                pl.when(pl.Series(ketamine)).then(name + " KETAMINE CENTER LLC").otherwise(named)
            ).to_series()
            cells |= {
                1: "2",
                4: named,
                3: "<UNAVAIL>",
                42: _pick(random, FIRST, count),
                43: _pick(random, SECOND, count),
            }
            cells |= {45: "OWNER", 46: self._phone(random, count), 47: _kinds(random, count), 308: "N"}
        else:
            cells |= {1: "1", 5: _pick(random, SECOND, count), 6: _pick(random, FIRST, count), 10: "M.D.", 41: "F"}
            cells |= {47: _pick(random, PERSONS_KINDS, count), 307: "N", 49: self.states.gather(at)}
        for column, share in EXTRAS[sort].items():
            digits = pl.Series(random.integers(100_000, 9_999_999, count)).cast(pl.String)
            empty = pl.Series(random.random(count) >= share)
            cells[column] = pl.select(pl.when(empty).then(pl.lit("")).otherwise(digits)).to_series()
        return _joined(cells, count)

    def _switched_off(self, random: np.random.Generator, number: np.ndarray) -> pl.Series:
        return _joined({0: pl.Series(number).cast(pl.String), 39: _day(random, len(number), 2006, 2025)}, len(number))

    def _phone(self, random: np.random.Generator, count: int) -> pl.Series:
        return pl.Series(random.integers(2_000_000_000, 9_999_999_999, count)).cast(pl.String)


def _pick(random: np.random.Generator, words: list[str], count: int) -> pl.Series:
    return pl.Series(words).gather(random.integers(0, len(words), count))


def _kinds(random: np.random.Generator, count: int) -> pl.Series:
    listed = list(KINDS_OF_CARE)
    shares = np.array(list(KINDS_OF_CARE.values()))
    words = [*listed, *OTHER_KINDS]
    others = np.full(len(OTHER_KINDS), (1 - shares.sum()) / len(OTHER_KINDS))
    return pl.Series(words).gather(random.choice(len(words), count, p=np.concatenate([shares, others])))


def _day(random: np.random.Generator, count: int, first: int, last: int) -> pl.Series:
    month, day, year = (random.integers(low, high, count) for low, high in ((1, 13), (1, 29), (first, last + 1)))
    parts = [pl.Series(part).cast(pl.String).str.zfill(2) for part in (month, day, year)]
    return parts[0] + "/" + parts[1] + "/" + parts[2]


def _joined(cells: dict[int, pl.Series | str], count: int) -> pl.Series:
    """The records as text; runs of empty cells between the filled ones are one constant."""
    parts: list[pl.Expr] = []
    text = '"'
    for column in range(330):
        cell = cells.get(column, "")
        if isinstance(cell, str):
            text += cell
        else:
            parts += [pl.lit(text), pl.lit(cell)]
            text = ""
        text += '","' if column < 329 else '"'
    return pl.select(pl.concat_str(*parts, pl.lit(text))).to_series().head(count)


def blocks(rows: int, seed: int) -> Iterator[bytes]:
    """The file in pieces: the heading, then the rows."""
    yield (",".join(f'"{name}"' for name in heading()) + "\n").encode()
    maker = Maker(seed)
    for start in range(0, rows, ROWS_IN_A_BLOCK):
        yield maker.block(start, min(ROWS_IN_A_BLOCK, rows - start))


def write(rows: int, target: Path, seed: int, tell: Callable[[str], object] = lambda _: None) -> int:
    """Write the file, packed where its name ends in .zip; returns the bytes before packing."""
    done = 0
    packed = target.suffix.lower() == ".zip"
    archive = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) if packed else nullcontext()
    with archive as opened:
        with opened.open(NAME, "w", force_zip64=True) if opened is not None else target.open("wb") as stream:
            for number, piece in enumerate(blocks(rows, seed)):
                stream.write(piece)
                done += len(piece)
                if number % 20 == 0:
                    tell(f"{min(rows, number * ROWS_IN_A_BLOCK):,} rows")
        if opened is not None:
            # The real archive has a file of headings beside it, which must not be taken for the data.
            opened.writestr(NAME.replace(".csv", "_fileheader.csv"), ",".join(heading()) + "\n")
    return done


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description="Write a synthetic file in the shape of NPPES.")
    parser.add_argument("rows", type=int)
    parser.add_argument("target", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if asked.rows < 1:
        parser.error("ROWS must be 1 or more")
    began = time.perf_counter()
    size = write(asked.rows, asked.target, asked.seed, lambda text: print(text, file=sys.stderr))
    print(f"{asked.rows:,} rows, {size / 1e9:.2f} GB before packing, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
