"""``metrics``: what instruments cost: the REST API with them, against the same without.

Both servers run at once on the same site and are asked in turn, in short bursts, so that a busy
spell of the machine meets both.  What is compared is the processor time of the server for one
request, which others on the machine change less than the wall's: the median over all pairs.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from itertools import count, repeat
from pathlib import Path
from urllib.request import Request, urlopen

from appliance.core.settings import Settings
from appliance.metrics.endpoint import token_file
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.load import get, load
from benchmarks.harness.plant import scratch
from benchmarks.harness.servers import Server, free_port, ours, serving
from benchmarks.sides import busy_site

GOAL = 0.99
"""Instruments may cost one part of a hundred."""
_PATH = "/api/v1/events?limit=50"
_SCRAPES = 20
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
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each burst")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    parser.add_argument("--scratch", help="folder for data; the system's temporary folder")
    given = parser.parse_args(argv)
    fleets, events = 20, 2_000
    if given.quick:
        given.clients, given.seconds, given.pairs, fleets, events = 2, 0.2, 2, 2, 20
    printer = Printer(as_json=given.json)
    with scratch(given.scratch) as folder, ExitStack() as held:
        home = folder / "home"
        token = busy_site.make(home, fleets, events)
        module, port, environment = ours(home)
        shown = free_port()
        environment |= {"KIZASHI_WEB_METRICS_PORT": str(shown)}
        own = held.enter_context(serving(*module, port=port, environment=environment))
        bare = held.enter_context(_bare(home))
        scrape = _scrape(own, shown, home)
        asked: dict[str, Callable[[], Iterator[bytes]]] = {
            "events, kept answers": lambda: repeat(get(_PATH, token)),
            "events, made anew": lambda: _different(token),
        }
        for case, requests in asked.items():
            pairs = _pairs(own, bare, requests, given)
            printer.show(_line(case, pairs, own, bare, scrape))
    return 0


def _bare(home: Path) -> AbstractContextManager[Server]:
    """Return a server without instruments."""
    _, port, environment = ours(home)
    module = ("benchmarks.sides.unmeasured", str(home))
    return serving(*module, port=port, environment=environment)


def _different(token: str) -> Iterator[bytes]:
    """Yield requests for the same that no kept answer fits."""
    return (get(_PATH, token, Accept_Language=f"x-{number}") for number in count())


def _pairs(
    own: Server,
    bare: Server,
    requests: Callable[[], Iterator[bytes]],
    given: argparse.Namespace,
) -> list[tuple[_Burst, _Burst]]:
    """Ask both servers in turn; which is first changes from pair to pair."""
    found = []
    for number in range(-1, given.pairs):
        order = (own, bare) if number % 2 else (bare, own)
        bursts = {id(one): _burst(one, requests(), given) for one in order}
        if number >= 0:  # the pair before only warms up
            found.append((bursts[id(own)], bursts[id(bare)]))
    return found


def _burst(server: Server, requests: Iterator[bytes], given: argparse.Namespace) -> _Burst:
    before = server.cpu_seconds()
    loaded = load(server.port, requests, given.clients, given.seconds)
    cpu = server.cpu_seconds() - before
    return _Burst(cpu / loaded.requests, loaded.per_second)


def _scrape(server: Server, port: int, home: Path) -> float:
    """Return the processor time of a scrape, in seconds."""
    token = token_file(Settings(home=home).home).read_text("ascii")
    request = Request(
        f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"}
    )
    before = server.cpu_seconds()
    for _ in range(_SCRAPES):
        with urlopen(request, timeout=30) as answer:  # noqa: S310 - ours, on this machine
            answer.read()
    return (server.cpu_seconds() - before) / _SCRAPES


def _line(
    case: str, pairs: list[tuple[_Burst, _Burst]], own: Server, bare: Server, scrape: float
) -> Line:
    ratios = sorted(theirs.cpu / mine.cpu for mine, theirs in pairs)
    mine = statistics.median(one.cpu for one, _ in pairs)
    theirs = statistics.median(one.cpu for _, one in pairs)
    return Line(
        name="metrics",
        case=case,
        ours=mine * 1e6,
        rival=theirs * 1e6,
        unit="µs cpu",
        ratio=statistics.median(ratios),
        goal=GOAL,
        peak_mb=own.memory_mb(),
        rival_peak_mb=bare.memory_mb(),
        more={
            "ratio_quartiles": [
                round(ratios[len(ratios) // 4], 4),
                round(ratios[-1 - len(ratios) // 4], 4),
            ],
            "per_second": statistics.median(one.per_second for one, _ in pairs),
            "rival_per_second": statistics.median(one.per_second for _, one in pairs),
            "pairs": len(pairs),
            "scrape_cpu_ms": scrape * 1e3,
            "scrape_share": scrape / _INTERVAL,
        },
    )
