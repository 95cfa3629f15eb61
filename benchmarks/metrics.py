"""``metrics``: what instruments cost a request of the REST API, in processor time.

The very application is called in this process with and without its instruments, in turn, block
by block: the median of the differences is what they cost, writing down included.  What a whole
request takes is measured over the wire.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count, repeat
from pathlib import Path
from typing import Any

from appliance.core.settings import Settings
from appliance.metrics import kept
from appliance.metrics.book import SETTLED
from appliance.pipelines.exposition import of_role
from appliance.pipelines.site import Site
from appliance.web.app import create_web
from appliance.web.measured import Measured
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.load import get, load
from benchmarks.harness.plant import scratch
from benchmarks.harness.servers import Server, ours, serving
from benchmarks.sides import busy_site

GOAL = 0.99
"""Instruments may cost one part of a hundred."""
_PATH, _QUERY = "/api/v1/events", "limit=50"
_BLOCK = 25
_SCRAPES = 40
_INTERVAL = 15.0


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks metrics", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5.0, help="of the load over the wire")
    parser.add_argument("--pairs", type=int, default=400, help="blocks of each side")
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    parser.add_argument("--scratch", help="folder for data; the system's temporary folder")
    given = parser.parse_args(argv)
    fleets, events = 20, 2_000
    if given.quick:
        given.clients, given.seconds, given.pairs, fleets, events = 2, 0.5, 4, 2, 20
    printer = Printer(as_json=given.json)
    with scratch(given.scratch) as folder:
        home = folder / "home"
        token = busy_site.make(home, fleets, events)
        whole = _over_the_wire(home, token, given)
        unlimited = {"requests_per_second": 1e9, "requests_at_once": 1e9}
        site = Site(Settings(home=home, **unlimited))
        scrape = _scrape(site)
        for anew, (seconds, peak) in whole.items():
            cost = _cost(site, token, given.pairs, anew=anew)
            case = f"events, {'made anew' if anew else 'kept answers'}"
            printer.show(_line(case, cost, seconds, peak, scrape, given))
        site.close()
    return 0


def _over_the_wire(
    home: Path, token: str, given: argparse.Namespace
) -> dict[bool, tuple[float, float]]:
    """Return the processor time of a request in seconds and the peak in MB, by kind."""
    module, port, environment = ours(home)
    with ExitStack() as held:
        server: Server = held.enter_context(
            serving(*module, port=port, environment=environment)
        )
        found = {}
        for anew in (False, True):
            requests = _different(token) if anew else repeat(get(f"{_PATH}?{_QUERY}", token))
            before = server.cpu_seconds()
            loaded = load(server.port, requests, given.clients, given.seconds)
            cpu = server.cpu_seconds() - before
            found[anew] = cpu / loaded.requests, server.memory_mb()
        return found


def _different(token: str) -> Iterator[bytes]:
    """Yield requests for the same that no kept answer fits."""
    path = f"{_PATH}?{_QUERY}"
    return (get(path, token, Accept_Language=f"x-{number}") for number in count())


def _cost(site: Site, token: str, pairs: int, *, anew: bool) -> float:
    """Return what instruments add to a request, in seconds."""
    measured = create_web(site).api
    assert isinstance(measured, Measured)  # noqa: S101 - or else nothing is compared
    numbers = count() if anew else repeat(0)

    async def block(app: Any) -> float:
        scopes = [_scope(token, next(numbers)) for _ in range(_BLOCK)]
        before = time.process_time()
        for scope in scopes:
            await app(scope, _nothing, _nowhere)
        for write in SETTLED:
            write()
        return (time.process_time() - before) / _BLOCK

    async def differences() -> list[float]:
        await block(measured)
        found = []
        for number in range(pairs):
            order = (measured, measured.app) if number % 2 else (measured.app, measured)
            took = {id(app): await block(app) for app in order}
            found.append(took[id(measured)] - took[id(measured.app)])
        return found

    with kept(site.settings.home, "benchmark"):
        return statistics.median(asyncio.run(differences()))


def _scope(token: str, number: int) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": _PATH,
        "raw_path": _PATH.encode(),
        "query_string": _QUERY.encode(),
        "root_path": "",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"authorization", f"Bearer {token}".encode()),
            (b"accept-language", f"x-{number}".encode()),
        ],
    }


async def _nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _nowhere(message: Any) -> None:
    assert message.get("status", 200) == 200  # noqa: S101 - or else nothing is asked


def _scrape(site: Site) -> float:
    """Return the processor time of a scrape every 15 s, in seconds."""
    at = 0.0
    collect = of_role(site, "web", lambda: at)
    collect()
    before = time.process_time()
    for _ in range(_SCRAPES):
        at += _INTERVAL
        collect()
    return (time.process_time() - before) / _SCRAPES


def _line(
    case: str,
    cost: float,
    whole: float,
    peak: float,
    scrape: float,
    given: argparse.Namespace,
) -> Line:
    bare = whole - cost
    return Line(
        name="metrics",
        case=case,
        ours=whole * 1e6,
        rival=bare * 1e6,
        unit="µs cpu",
        ratio=bare / whole,
        goal=GOAL,
        peak_mb=peak,
        rival_peak_mb=peak,
        more={
            "cost_us": cost * 1e6,
            "pairs": given.pairs,
            "scrape_cpu_ms": scrape * 1e3,
            "scrape_share": scrape / _INTERVAL,
        },
    )
