"""``metrics``: what instruments cost: the REST API with them, against the same without.

One process serves the same API on two ports, on one of them without instruments.  Both are
asked in turn, in short bursts, so that a busy spell of the machine meets both.  The processor
time of the process for one request is compared: the mean of each side's calmest quarter.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, repeat

from appliance.core.settings import Settings
from appliance.pipelines.exposition import of_role
from appliance.pipelines.site import Site
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.load import get, load
from benchmarks.harness.plant import scratch
from benchmarks.harness.servers import UNLIMITED, Server, free_port, serving
from benchmarks.sides import busy_site

GOAL = 0.99
"""Instruments may cost one part of a hundred."""
_WARM = 3
"""Pairs before those that count."""
_PATH = "/api/v1/events?limit=50"
_SCRAPES = 40
_INTERVAL = 15.0


@dataclass(frozen=True)
class _Burst:
    """Processor time of a request in seconds, and requests in a second."""

    cpu: float
    per_second: float


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks metrics", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=0.25, help="of each burst")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    parser.add_argument("--scratch", help="folder for data; the system's temporary folder")
    given = parser.parse_args(argv)
    fleets, events = 20, 2_000
    if given.quick:
        given.clients, given.seconds, given.pairs, fleets, events = 2, 0.3, 4, 2, 20
    printer = Printer(as_json=given.json)
    with scratch(given.scratch) as folder, ExitStack() as held:
        home = folder / "home"
        token = busy_site.make(home, fleets, events)
        port, bare = free_port(), free_port()
        module = ("benchmarks.sides.instrumented", str(home), str(port), str(bare))
        server = held.enter_context(serving(*module, port=bare, environment=UNLIMITED))
        scrape = _scrape(Site(Settings(home=home)))
        asked: dict[str, Callable[[], Iterator[bytes]]] = {
            "events, kept answers": lambda: repeat(get(_PATH, token)),
            "events, made anew": lambda: _different(token),
        }
        for case, requests in asked.items():
            pairs = _pairs(server, (port, bare), requests, given)
            printer.show(_line(case, pairs, server, scrape))
    return 0


def _different(token: str) -> Iterator[bytes]:
    """Yield requests for the same that no kept answer fits."""
    return (get(_PATH, token, Accept_Language=f"x-{number}") for number in count())


def _pairs(
    server: Server,
    ports: tuple[int, int],
    requests: Callable[[], Iterator[bytes]],
    given: argparse.Namespace,
) -> list[tuple[_Burst, _Burst]]:
    """Ask both ports in turn; which is first changes from pair to pair."""
    found = []
    for number in range(-_WARM, given.pairs):
        order = ports if number % 2 else ports[::-1]
        bursts = {port: _burst(server, port, requests(), given) for port in order}
        if number >= 0:
            found.append((bursts[ports[0]], bursts[ports[1]]))
    return found


def _burst(
    server: Server, port: int, requests: Iterator[bytes], given: argparse.Namespace
) -> _Burst:
    before = server.cpu_seconds()
    loaded = load(port, requests, given.clients, given.seconds)
    cpu = server.cpu_seconds() - before
    return _Burst(cpu / loaded.requests, loaded.per_second)


def _scrape(site: Site) -> float:
    """Return the processor time of a scrape every 15 s, in seconds."""
    at = 0.0
    collect = of_role(site, "web", lambda: at)
    collect()
    before = time.process_time()
    for _ in range(_SCRAPES):
        at += _INTERVAL
        collect()
    took = (time.process_time() - before) / _SCRAPES
    site.close()
    return took


def _line(case: str, pairs: list[tuple[_Burst, _Burst]], server: Server, scrape: float) -> Line:
    mine = _calm(one.cpu for one, _ in pairs)
    theirs = _calm(one.cpu for _, one in pairs)
    return Line(
        name="metrics",
        case=case,
        ours=mine * 1e6,
        rival=theirs * 1e6,
        unit="µs cpu",
        ratio=theirs / mine,
        goal=GOAL,
        peak_mb=server.memory_mb(),
        rival_peak_mb=server.memory_mb(),
        more={
            "median": statistics.median(one.cpu for one, _ in pairs) * 1e6,
            "rival_median": statistics.median(one.cpu for _, one in pairs) * 1e6,
            "per_second": statistics.median(one.per_second for one, _ in pairs),
            "rival_per_second": statistics.median(one.per_second for _, one in pairs),
            "pairs": len(pairs),
            "scrape_cpu_ms": scrape * 1e3,
            "scrape_share": scrape / _INTERVAL,
        },
    )


def _calm(values: Iterable[float]) -> float:
    """Return the mean of the lowest quarter: what others on the machine changed least."""
    found = sorted(values)
    return statistics.fmean(found[: max(len(found) // 4, 1)])
