"""``api``: the main reads of the REST API, against a bare FastAPI route with the same bytes.

Each read is asked for by 50 clients at once while somebody writes to the site twice a second,
so that answers kept in memory are made anew as often; and once more with every answer made
anew.  Lists are also asked for at a small and a large site: their latency should be flat.
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count, repeat
from pathlib import Path

from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.load import Loaded, body, get, load
from benchmarks.harness.plant import scratch
from benchmarks.harness.servers import Server, free_port, ours, serving
from benchmarks.sides import busy_site

GOAL = 0.6
FLAT = 0.5
"""A list of a hundred times as many events may take twice as long."""
_WRITE_EVERY = 0.5
_PREFIX = "/api/v1"
_LISTS = ("events", "events of a fleet", "fleets", "jobs")


@dataclass(frozen=True)
class _Site:
    home: Path
    token: str
    event: str

    def reads(self) -> dict[str, str]:
        """Return the main reads: what they are called, and where."""
        return {
            "events": f"{_PREFIX}/events?limit=50",
            "one event": f"{_PREFIX}/events/{self.event}",
            "events of a fleet": f"{_PREFIX}/events?fleet=fleet-0001&limit=50",
            "fleets": f"{_PREFIX}/fleets?limit=50",
            "one fleet": f"{_PREFIX}/fleets/fleet-0001",
            "models": f"{_PREFIX}/fleets/fleet-0001/models",
            "jobs": f"{_PREFIX}/jobs?limit=50",
        }


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks api", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load")
    parser.add_argument("--fleets", type=int, default=1_000)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    parser.add_argument("--scratch", help="folder for data; the system's temporary folder")
    given = parser.parse_args(argv)
    if given.quick:
        given.clients, given.seconds, given.fleets, given.events = 5, 0.3, 4, 200
    printer = Printer(as_json=given.json)
    with scratch(given.scratch) as folder:
        large = _made(folder / "large", given.fleets, given.events)
        small = _made(folder / "small", max(given.fleets // 100, 2), given.events // 100)
        for line in _throughput(large, folder, given):
            printer.show(line)
        for line in _flatness(small, large, given):
            printer.show(line)
    return 0


def _made(home: Path, fleets: int, events: int) -> _Site:
    token = busy_site.make(home, fleets, events)
    return _Site(home, token, busy_site.first_event(home))


def _throughput(site: _Site, folder: Path, given: argparse.Namespace) -> Iterator[Line]:
    with _served(site) as own:
        for name, path in site.reads().items():
            held = folder / "bytes.json"
            held.write_bytes(body(own.port, get(path, site.token)))
            case = f"{name}, {given.clients} clients"
            with _bare(held) as rival:
                theirs = _loaded(rival, repeat(get(path)), given)
                with _writer(site):
                    mine = _loaded(own, repeat(get(path, site.token)), given)
                yield _line(case, mine, theirs, own, rival, GOAL)
                anew = _loaded(own, _different(path, site.token), given)
                yield _line(f"{case}, made anew", anew, theirs, own, rival, None)


def _flatness(small: _Site, large: _Site, given: argparse.Namespace) -> Iterator[Line]:
    """Ask one after the other for lists of both sites, every answer made anew."""
    with _served(small) as few, _served(large) as many:
        given = argparse.Namespace(**{**vars(given), "clients": 1})
        for name, path in large.reads().items():
            if name not in _LISTS:
                continue
            theirs = _loaded(few, _different(path, small.token), given)
            mine = _loaded(many, _different(path, large.token), given)
            yield Line(
                name="api",
                case=f"{name}, latency at a large site against a small one",
                ours=mine.p50_ms,
                rival=theirs.p50_ms,
                unit="ms",
                ratio=theirs.p50_ms / mine.p50_ms,
                goal=FLAT,
                peak_mb=many.memory_mb(),
                rival_peak_mb=few.memory_mb(),
                more={
                    "p99_ms": mine.p99_ms,
                    "rival_p99_ms": theirs.p99_ms,
                    "fleets": given.fleets,
                    "events": given.events,
                },
            )


def _loaded(server: Server, requests: Iterator[bytes], given: argparse.Namespace) -> Loaded:
    return load(server.port, requests, given.clients, given.seconds)


def _different(path: str, token: str) -> Iterator[bytes]:
    """Yield requests for the same that no kept answer fits."""
    return (get(path, token, Accept_Language=f"x-{number}") for number in count())


def _served(site: _Site) -> AbstractContextManager[Server]:
    module, port, environment = ours(site.home)
    return serving(*module, port=port, environment=environment)


def _bare(held: Path) -> AbstractContextManager[Server]:
    port = free_port()
    module = ("benchmarks.sides.bare", str(port), str(held))
    return serving(*module, port=port, environment={})


@contextmanager
def _writer(site: _Site) -> Iterator[None]:
    """Write to the site now and then while the block runs."""
    ended = threading.Event()

    def write() -> None:
        while not ended.wait(_WRITE_EVERY):
            busy_site.touch(site.home, site.event)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _line(
    case: str, mine: Loaded, theirs: Loaded, own: Server, rival: Server, goal: float | None
) -> Line:
    return Line(
        name="api",
        case=case,
        ours=mine.per_second,
        rival=theirs.per_second,
        unit="req/s",
        ratio=mine.per_second / theirs.per_second,
        goal=goal,
        peak_mb=own.memory_mb(),
        rival_peak_mb=rival.memory_mb(),
        more={
            "p50_ms": mine.p50_ms,
            "p99_ms": mine.p99_ms,
            "rival_p50_ms": theirs.p50_ms,
            "rival_p99_ms": theirs.p99_ms,
            "requests": mine.requests,
        },
    )
