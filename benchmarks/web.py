"""The web app under use: a warm comparison, the first page, page weight, 50 clients, overload, generated requests.

    python benchmarks/web.py [--part PART ...] [--seconds 60] [--clients 50] [--examples 60] [--page FILE]

`make bench-web` runs all parts and writes docs/web-benchmark.md. The page holds counts, sizes and ratios of times taken
side by side; the times of this machine are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from ketascope.web.rendering import NAVIGATION  # noqa: E402
from ketascope.web.settings import load_settings  # noqa: E402

OPTIONS = ("iv-single", "iv-six", "nasal-84", "sl", "oral", "ssri", "placebo", "none")
CHOSEN = "&".join(f"option={name}" for name in OPTIONS)
COMPARISON = f"/compare.json?indication=gad&patients=500&{CHOSEN}&seed="
SMALL = "/compare.json?option=iv-single&patients=50&seed="
# What visitors of the load test ask for again and again, and how seldom one asks for something new.
MIXED = (
    "/",
    "/compare.json",
    "/how-it-works",
    "/evidence",
    "/evidence?indication=ptsd",
    "/evidence.json?indication=ptsd",
    "/evidence/forest.svg?indication=ptsd",
    "/care",
    "/care?place=07030",
    "/care.json?place=07030",
    "/audit",
    "/about",
    "/health",
)
NEW_ONE_IN = 200
PATIENCE_S = 120.0


@dataclass
class Server:
    """A running `ketascope serve`: its address and process, and when it told its address."""

    address: str
    process: subprocess.Popen[str]

    def memory_mib(self) -> float:
        """Resident memory now."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8").splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    """`ketascope serve` in a process of its own; RuntimeError with its last words where it ended by itself."""
    command = [sys.executable, "-X", "faulthandler", "-m", "ketascope", "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stderr is not None
    said: list[str] = []
    listening: threading.Thread | None = None
    try:
        for line in process.stderr:
            said.append(line)
            if " is at " in line:
                break
        else:
            raise RuntimeError("the server did not start")
        # Read on, as a full pipe would hold the server up.
        listening = threading.Thread(target=lambda lines: said.extend(lines), args=(process.stderr,), daemon=True)
        listening.start()
        yield Server(line.split(" is at ")[1].split()[0], process)
    finally:
        ended = process.poll()
        process.terminate()
        process.wait(30)
        if listening:
            listening.join(5)
        words = "".join(said)
        # A server that was killed on purpose is no news.
        if ended not in (None, -signal.SIGKILL) or "Traceback" in words:
            raise RuntimeError(f"the server ended with {ended} and wrote:\n{words[-20_000:]}")


def timed(client: httpx.Client, address: str) -> float:
    """Seconds of one request that must succeed."""
    start = time.perf_counter()
    client.get(address).raise_for_status()
    return time.perf_counter() - start


def first_page() -> dict[str, float]:
    """The first page, from a server that was warmed and from one that was not."""
    found = {}
    for name, options in (("warmed", ()), ("not_warmed", ("--no-warm",))):
        start = time.perf_counter()
        with serving(*options) as server, httpx.Client(base_url=server.address, timeout=PATIENCE_S) as client:
            found[f"start_{name}_s"] = time.perf_counter() - start
            found[f"first_{name}_s"] = timed(client, "/")
    return found


def warm(requests: int) -> dict[str, float]:
    """New comparisons on a warm server, the same from the cache, and the share of a new one that the solver takes."""
    with serving() as server, httpx.Client(base_url=server.address, timeout=PATIENCE_S) as client:
        timed(client, f"{COMPARISON}1")
        new = [timed(client, f"{COMPARISON}{seed}") for seed in range(2, 2 + requests)]
        cached = [timed(client, f"{COMPARISON}{2 + number % requests}") for number in range(10 * requests)]
        pages = [timed(client, "/") for _ in range(10 * requests)]
    return {
        "new_p50_s": statistics.median(new),
        "new_p95_s": float(np.quantile(new, 0.95)),
        "cached_p95_s": float(np.quantile(cached, 0.95)),
        "page_p50_s": statistics.median(pages),
        "page_p95_s": float(np.quantile(pages, 0.95)),
        **solver_share(requests),
    }


def solver_share(requests: int) -> dict[str, float]:
    """The share of a comparison's time that passes in the solver, in this process through the same app."""
    from ketascope.solver.native import engine
    from ketascope.web.app import create_app

    inside = [0.0]
    solve = engine.solve

    def watched(*given: Any, **named: Any) -> Any:
        start = time.perf_counter()
        result = solve(*given, **named)
        inside[0] += time.perf_counter() - start
        return result

    async def ask() -> list[float]:
        shares = []
        transport = httpx.ASGITransport(create_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=PATIENCE_S) as client:
            for seed in range(requests + 1):
                inside[0], start = 0.0, time.perf_counter()
                (await client.get(f"{COMPARISON}{seed}")).raise_for_status()
                shares.append(inside[0] / (time.perf_counter() - start))
        return shares[1:]

    engine.solve = watched
    try:
        return {"solver_share": statistics.median(asyncio.run(ask()))}
    finally:
        engine.solve = solve


def weights() -> dict[str, dict[str, int]]:
    """Bytes that travel for each page, by type, with an empty browser cache; the live drawings' library apart."""
    from selectolax.lexbor import LexborHTMLParser

    found: dict[str, dict[str, int]] = {}
    with serving() as server, httpx.Client(base_url=server.address, timeout=PATIENCE_S) as client:
        for path, name in (*NAVIGATION, ("/static/vega.js", "live drawings, when asked for")):
            sizes: Counter[str] = Counter()
            text = weigh(client, path, sizes)
            if path.startswith("/static"):
                found[name] = dict(sizes)
                continue
            nodes = LexborHTMLParser(text).css("link[href], script[src], img[src]")
            addresses = {str(node.attributes.get("href") or node.attributes.get("src")) for node in nodes}
            for address in addresses:
                weigh(client, urljoin(path, address), sizes)
            found[name] = dict(sizes)
    return found


def weigh(client: httpx.Client, address: str, sizes: Counter[str]) -> str:
    """Adds what one request carried in its body, as it travelled, and gives its text."""
    with client.stream("GET", address) as response:
        response.raise_for_status()
        text = "".join(response.iter_text())
        kind = response.headers["content-type"].partition(";")[0].rpartition("/")[2].partition("+")[0]
        sizes[kind] += response.num_bytes_downloaded
    return text


def load(clients: int, seconds: float) -> dict[str, Any]:
    """So many clients that ask for mixed pages as fast as they are answered."""
    taken: list[float] = []
    statuses: Counter[int] = Counter()
    memory: list[float] = []

    async def one(client: httpx.AsyncClient, number: int, end: float) -> None:
        dice = random.Random(number)
        while time.perf_counter() < end:
            is_new = dice.randrange(NEW_ONE_IN) == 0
            address = f"{SMALL}{dice.randrange(10**6)}" if is_new else dice.choice(MIXED)
            start = time.perf_counter()
            response = await client.get(address)
            taken.append(time.perf_counter() - start)
            statuses[response.status_code] += 1

    async def watch(server: Server, end: float) -> None:
        while time.perf_counter() < end:
            memory.append(server.memory_mib())
            await asyncio.sleep(1.0)

    async def all_of_them(server: Server) -> None:
        limits = httpx.Limits(max_connections=clients)
        async with httpx.AsyncClient(base_url=server.address, timeout=PATIENCE_S, limits=limits) as client:
            for address in (*MIXED, f"{SMALL}0"):
                await client.get(address)
            end = time.perf_counter() + seconds
            await asyncio.gather(watch(server, end), *(one(client, number, end) for number in range(clients)))

    with serving() as server:
        asyncio.run(all_of_them(server))
    half = len(memory) // 2
    return {
        "clients": clients,
        "seconds": seconds,
        "requests": len(taken),
        "statuses": dict(statuses),
        "p50_s": statistics.median(taken),
        "p99_s": float(np.quantile(taken, 0.99)),
        "memory_first_half_mib": statistics.median(memory[:half]),
        "memory_second_half_mib": statistics.median(memory[half:]),
        "memory_peak_mib": max(memory),
    }


def overload() -> dict[str, Any]:
    """Four times as many new comparisons at once as the pool and its queue hold, and what comes after."""
    settings = load_settings()
    capacity = settings.pool_workers + settings.queue_most
    health: list[float] = []

    async def ask(server: Server) -> tuple[list[httpx.Response], float, httpx.Response]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=server.address, timeout=PATIENCE_S, limits=limits) as client:
            await client.get(f"{COMPARISON}0")
            tasks = [asyncio.create_task(client.get(f"{COMPARISON}{seed}")) for seed in range(1, 4 * capacity + 1)]
            while not all(task.done() for task in tasks):
                start = time.perf_counter()
                (await client.get("/health")).raise_for_status()
                health.append(time.perf_counter() - start)
                await asyncio.sleep(0.05)
            start = time.perf_counter()
            after = await client.get(f"{COMPARISON}{10**6}")
            return [await task for task in tasks], time.perf_counter() - start, after

    with serving() as server:
        answers, after_s, after = asyncio.run(ask(server))
    refused = [answer for answer in answers if answer.status_code == 503]
    return {
        "capacity": capacity,
        "asked": len(answers),
        "statuses": dict(Counter(answer.status_code for answer in answers)),
        "clean": sum("retry-after" in answer.headers and set(answer.json()) == {"error"} for answer in refused),
        "health_asked": len(health),
        "health_p99_s": float(np.quantile(health, 0.99)),
        "after_status": after.status_code,
        "after_s": after_s,
    }


def killed() -> dict[str, int]:
    """A server killed in the midst of a computation, and the status of the same request to the next one."""
    with serving() as server, httpx.Client(base_url=server.address, timeout=0.3) as client:
        try:
            client.get(f"{COMPARISON}77")
        except httpx.TimeoutException:
            server.process.kill()
    with serving() as server, httpx.Client(base_url=server.address, timeout=PATIENCE_S) as client:
        return {"next": client.get(f"{COMPARISON}77").status_code}


def generated(examples: int) -> dict[str, Any]:
    """Requests made up from the OpenAPI description, in this process; every answer is looked at."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given
    from hypothesis import settings as hypothesis_settings

    from ketascope.web.app import create_app

    app = create_app(replace(load_settings(), patients_most=20, options_most=2))
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    statuses: Counter[int] = Counter()
    failures: list[str] = []
    operations = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        operations += 1

        @hypothesis_settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def look(case: Any) -> None:
            answer = case.call()
            statuses[answer.status_code] += 1
            if answer.status_code >= 500 or b"Traceback" in answer.content:
                failures.append(f"{answer.status_code} {case.method} {case.formatted_path} {case.query}")

        look()
    return {"operations": operations, "cases": statuses.total(), "statuses": dict(statuses), "failures": failures}


def page(figures: dict[str, Any]) -> str:
    """The page of results: counts, sizes and ratios, never seconds."""
    first, warmed, mixed = figures["first"], figures["warm"], figures["load"]
    over, made, ended = figures["overload"], figures["generated"], figures["killed"]
    health_s = over["health_p99_s"]
    new_s = warmed["new_p50_s"]
    rows = [
        ("new comparison of 8 options with 500 patients, 95th percentile against median", warmed["new_p95_s"] / new_s),
        (
            "new comparison against the same from the cache (median against 95th percentile)",
            new_s / warmed["cached_p95_s"],
        ),
        ("first page of a server that was not warmed, against a new comparison", first["first_not_warmed_s"] / new_s),
        ("first page of a warmed server, against a new comparison", first["first_warmed_s"] / new_s),
        ("home page from the cache, 95th percentile, against a new comparison", warmed["page_p95_s"] / new_s),
    ]
    ratios = "\n".join(f"| {name} | {value:.2g} times |" for name, value in rows)
    kinds = sorted({kind for sizes in figures["weights"].values() for kind in sizes})
    sizes = "\n".join(
        f"| {name} | " + " | ".join(f"{part[kind] / 1000:.1f}" if kind in part else "" for kind in kinds) + " |"
        for name, part in figures["weights"].items()
    )
    statuses = ", ".join(f"{count:,} with status {status}" for status, count in sorted(made["statuses"].items()))
    errors = mixed["requests"] - mixed["statuses"].get(200, 0)
    drift = mixed["memory_second_half_mib"] / mixed["memory_first_half_mib"]
    return f"""# Web app: benchmark

`make bench-web` writes this page, with `ketascope serve` and its clients on one machine.

## Time

| what | figure |
|---|---|
| share of a new comparison that passes in the solver | {100 * warmed["solver_share"]:.0f}% |
{ratios}

## Weight

Kilobytes that travel for a page by type, packed, with an empty browser cache.

| page | {" | ".join(kinds)} |
|---|{"---|" * len(kinds)}
{sizes}

## {mixed["clients"]} clients

Mixed pages for {mixed["seconds"]:.0f} s, as fast as they are answered; one request in {NEW_ONE_IN} asks for a new
comparison.

| what | figure |
|---|---|
| requests | {mixed["requests"]:,} |
| errors | {errors} |
| 99th percentile against a new comparison alone | {mixed["p99_s"] / new_s:.2g} times |
| memory, second half against first half | {drift:.2f} times |

## Four times what fits

{over["asked"]} new comparisons at once where {over["capacity"]} fit into the pool and its queue.

| what | figure |
|---|---|
| answered | {over["statuses"].get(200, 0)} |
| refused with 503, `Retry-After` and one line | {over["clean"]} of {over["statuses"].get(503, 0)} |
| any other answer | {over["asked"] - over["statuses"].get(200, 0) - over["statuses"].get(503, 0)} |
| health page meanwhile, 99th percentile against a new comparison | {health_s / new_s:.2g} times |
| a new comparison afterwards | status {over["after_status"]}, {over["after_s"] / new_s:.2g} times the usual |

A server that is killed while it computes answers the same request after its next start with status {ended["next"]}.

## Generated requests

schemathesis made {made["cases"]:,} requests to {made["operations"]} operations of the OpenAPI description: {statuses}.
Answers with a status of 500 or more, or with a traceback: {len(made["failures"])}.
"""


def main() -> None:
    """Run the parts, print their figures, and write the page where all parts ran."""
    parser = argparse.ArgumentParser(description="The web app under use.")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the load test")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--requests", type=int, default=20, help="new comparisons that are timed")
    parser.add_argument("--examples", type=int, default=60, help="generated requests for each operation")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "web-benchmark.md")
    parser.add_argument("--part", action="append", help="only this part; may be repeated; writes no page")
    chosen = parser.parse_args()
    parts = {
        "first": first_page,
        "warm": lambda: warm(chosen.requests),
        "weights": weights,
        "load": lambda: load(chosen.clients, chosen.seconds),
        "overload": overload,
        "killed": killed,
        "generated": lambda: generated(chosen.examples),
    }
    figures = {}
    for name in chosen.part or parts:
        figures[name] = parts[name]()
        print(json.dumps({name: figures[name]}, indent=2), flush=True)
    if not chosen.part:
        chosen.page.write_text(page(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
