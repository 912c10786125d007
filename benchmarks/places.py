"""The store of places at full size: a build from a registry-shaped file, then random questions to it.

    python benchmarks/places.py [--rows 8000000] [--questions 1000] [--folder FOLDER] [--keep]

`make bench-places` runs it and writes docs/places-benchmark.md. The page holds ratios measured side by side in this
run; the figures of this machine are printed.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ketascope.care.places.great_circle import EARTH_RADIUS_KM

ROOT = Path(__file__).resolve().parent.parent
SHAPED = ROOT / "benchmarks" / "nppes_shaped.py"
MOST_MEMORY_GIB = 2.0

BUILD = """
import json, resource, sys, time
from pathlib import Path
from ketascope.care.store.building import build_store
start = time.perf_counter()
report = build_store([sys.argv[1]], store=Path(sys.argv[2]), quarantine=Path(sys.argv[3]))
used = resource.getrusage(resource.RUSAGE_SELF)
files = [{"file": f.file, "read": f.read, "places": f.places, "rejected": f.rejected} for f in report.files]
print(json.dumps({"seconds": time.perf_counter() - start, "peak_kib": used.ru_maxrss, "places": report.places,
                  "processor_seconds": used.ru_utime + used.ru_stime, "files": files}))
"""


def main() -> None:
    """Make the file, build, ask, print, write the page."""
    parser = argparse.ArgumentParser(description="Build and ask a store of full size.")
    parser.add_argument("--rows", type=int, default=8_000_000)
    parser.add_argument("--questions", type=int, default=1_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--keep", action="store_true", help="leave the generated file for the next run")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "places-benchmark.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        archive = folder / f"shaped_{chosen.rows}.zip"
        if not archive.exists():
            subprocess.run([sys.executable, str(SHAPED), str(chosen.rows), str(archive)], check=True)
        store = folder / "places.duckdb"
        built = build(archive, store, folder / "quarantine.csv")
        unpacked_s = timed(lambda: unpack(archive))
        asked = ask(store, chosen.questions)
        if not chosen.keep:
            archive.unlink()
    figures = {"rows": chosen.rows, "built": built, "unpacked_s": unpacked_s, "asked": asked}
    print(json.dumps(figures, indent=2))
    chosen.page.write_text(page(figures), encoding="utf-8")


def timed(work: Callable[[], object]) -> float:
    """Seconds that a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def build(archive: Path, store: Path, quarantine: Path) -> dict[str, object]:
    """A build in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, "-c", BUILD, str(archive), str(store), str(quarantine)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, object] = json.loads(result.stdout)
    return figures


def unpack(archive: Path) -> int:
    """Bytes of the archive's file, read through and thrown away: the least that any reader must do."""
    total = 0
    with zipfile.ZipFile(archive) as packed, packed.open(packed.namelist()[0]) as stream:
        while block := stream.read(1 << 24):
            total += len(block)
    return total


def ask(store: Path, questions: int) -> dict[str, float]:
    """Random questions: the whole `find`, and the same search with and without the latitude box."""
    from ketascope.care.finding import find
    from ketascope.care.places.zip_points import census_points
    from ketascope.care.store import search
    from ketascope.care.store.reading import opened

    random = np.random.default_rng(20261123)
    points = list(census_points())
    zips = [points[index] for index in random.integers(0, len(points), questions)]
    services = [(), ("ketamine-infusion",), ("tms", "ect"), ("cbt",)]
    taken: list[float] = []
    for number, zip_code in enumerate(zips):
        start = time.perf_counter()
        find(zip_code, offers=services[number % len(services)], within="50mi" if number % 2 else None, store=store)
        taken.append(time.perf_counter() - start)
    boxed, scanned = [], []
    with opened(store) as connection:
        for zip_code in zips:
            latitude, longitude = census_points()[zip_code]
            boxed.append(timed(lambda at=(latitude, longitude): near(connection, search.nearest, at)))
            scanned.append(timed(lambda at=(latitude, longitude): near(connection, plain_scan, at)))
    return {
        "find_p50_ms": 1e3 * statistics.median(taken),
        "find_p99_ms": 1e3 * float(np.quantile(taken, 0.99)),
        "box_p50_ms": 1e3 * statistics.median(boxed),
        "box_p99_ms": 1e3 * float(np.quantile(boxed, 0.99)),
        "scan_p50_ms": 1e3 * statistics.median(scanned),
        "scan_p99_ms": 1e3 * float(np.quantile(scanned, 0.99)),
        "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def near(connection: object, search: Callable[..., object], at: tuple[float, float]) -> object:
    """The ten nearest within 50 miles, whatever they offer."""
    return search(connection, *at, [], within_km=80.5, limit=10)


def plain_scan(
    connection: Any, latitude: float, longitude: float, filters: object, *, within_km: float, limit: int
) -> object:
    """The same question as one would first write it in SQL: the distance to every place, then the nearest."""
    query = f"""
        SELECT *, 2 * {EARTH_RADIUS_KM} * asin(sqrt(
            pow(sin(radians(latitude - ?) / 2), 2)
            + cos(radians(?)) * cos(radians(latitude)) * pow(sin(radians(longitude - ?) / 2), 2))) AS distance_km
        FROM place WHERE distance_km <= ? ORDER BY distance_km LIMIT ?
    """
    return connection.execute(query, [latitude, latitude, longitude, within_km, limit]).fetchall()


def page(figures: dict[str, Any]) -> str:
    """The page of results: ratios of things measured side by side, never seconds."""
    built, asked = figures["built"], figures["asked"]
    memory_gib = built["peak_kib"] / 2**20
    within = "within" if memory_gib <= MOST_MEMORY_GIB else "OVER"
    return f"""# Places: benchmark

`make bench-places` writes this page. A file in the shape of the NPPES registry ({figures["rows"]:,} rows, 330 columns,
synthetic names) is built into a store beside the packaged directory, then asked
from random ZIP codes: half within 50 miles, half for the nearest anywhere, with and without a service.

| what | figure |
|---|---|
| places kept | {built["places"]:,} of {figures["rows"]:,} rows |
| build, against only unpacking the archive | {built["seconds"] / figures["unpacked_s"]:.1f} times |
| peak memory of the build | {memory_gib:.2f} GiB ({within} the limit of {MOST_MEMORY_GIB:.0f} GiB) |
| plain scan against search with the latitude box, median | {asked["scan_p50_ms"] / asked["box_p50_ms"]:.1f} times |
| the same, 99th percentile | {asked["scan_p99_ms"] / asked["box_p99_ms"]:.1f} times |
| whole `find` against its search alone, median | {asked["find_p50_ms"] / asked["box_p50_ms"]:.1f} times |
| `find`, 99th percentile against median | {asked["find_p99_ms"] / asked["find_p50_ms"]:.1f} times |

The box is an ordinary condition on latitude and longitude; it pays because the places lie in the order of their
latitude, so most blocks of the file are never read.
"""


if __name__ == "__main__":
    main()
