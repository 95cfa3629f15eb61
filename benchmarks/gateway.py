"""``gateway``: what a gateway adds to a site's answers, and how long many sites' answers take.

A real gateway process before simulated sites in another: the real line over a websocket, and
sites that answer at once with documents of a real site's size (see
``benchmarks.sides.many_sites``).  ``rival`` is such a site asked directly.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path

from appliance.access import shell
from appliance.core.settings import Settings
from appliance.gateway.gateway import Gateway
from appliance.gateway.routes import invitation, told
from appliance.pipelines.site import Site
from appliance.schemas.access import Right
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.load import LoadFailed, body, get, load
from benchmarks.harness.plant import scratch
from benchmarks.harness.servers import Server, ours, serving
from benchmarks.harness.servers import free_port as port_of

GOAL_MS = 5.0
GOAL_OVERVIEW_MS = 1_000.0
_ME = shell("benchmark")
_PREFIX = "/api/v1"
_PATIENCE = 60.0
_CALLS = {
    "one fleet": ("/fleets/fleet-01@site-01", "/fleets/fleet-01"),
    "50 events of one site": ("/events?site=site-01", "/events"),
}
_OVERVIEW = {
    "figures": "/overview",
    "counts": "/events/counts",
    "lanes of machines": "/overview/lane",
    "fleets": "/fleets?limit=100",
    "the 50 most urgent events": "/events?limit=50",
}


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks gateway", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--sites", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load")
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    parser.add_argument("--scratch", help="folder for data; the system's temporary folder")
    given = parser.parse_args(argv)
    if given.quick:
        given.sites, given.seconds = 3, 0.3
    printer = Printer(as_json=given.json)
    with scratch(given.scratch) as folder, _plant(folder, given.sites) as (own, direct, token):
        for line in _calls(own, direct, token, given):
            printer.show(line)
        for line in _overview(own, direct, token, given):
            printer.show(line)
    return 0


@contextmanager
def _plant(folder: Path, sites: int) -> Iterator[tuple[Server, Server, str]]:
    """Serve a gateway and its sites; yield both, and a token that may read everything."""
    module, port, environment = ours(folder / "gateway")
    url = f"http://127.0.0.1:{port}"
    token = _invited(folder, sites, url)
    direct = port_of()
    many = ("benchmarks.sides.many_sites", str(folder / "sites.json"), str(direct))
    gateway = {**environment, "KIZASHI_GATEWAY": "true"}
    with (
        serving(*module, port=port, environment=gateway) as own,
        serving(*many, port=direct, environment={}) as rival,
    ):
        until = time.monotonic() + _PATIENCE
        while _here(own, token) < sites:
            if time.monotonic() > until:
                raise LoadFailed("not all sites called the gateway in time")
            time.sleep(0.1)
        yield own, rival, token


def _invited(folder: Path, sites: int, url: str) -> str:
    site = Site(Settings(home=folder / "gateway", engine="local", name="benchmark"))
    gateway = Gateway(site)
    names = [f"site-{number:02d}" for number in range(sites)]
    invited = [invitation(gateway, gateway.sites.invite(_ME, name), name) for name in names]
    written = {"url": url, "sites": [json.loads(told(one)) for one in invited]}
    (folder / "sites.json").write_text(json.dumps(written), "utf-8")
    site.access.users.add(_ME, "reader", None, admin=True)
    made = site.access.tokens.create(_ME, "reader", "benchmark", [Right.READ])
    site.close()
    return made.secret


def _here(own: Server, token: str) -> int:
    found = json.loads(body(own.port, get(f"{_PREFIX}/sites", token)))
    return sum(one["state"] == "here" for one in found["items"])


def _calls(
    own: Server, direct: Server, token: str, given: argparse.Namespace
) -> Iterator[Line]:
    """Ask for the same through the gateway and directly, one call after the other."""
    for name, (path, there) in _CALLS.items():
        theirs = load(direct.port, repeat(get(_PREFIX + there)), 1, given.seconds)
        mine = load(own.port, repeat(get(_PREFIX + path, token)), 1, given.seconds)
        added = mine.p50_ms - theirs.p50_ms
        yield Line(
            name="gateway",
            case=f"{name}, added to a call",
            ours=added,
            rival=theirs.p50_ms,
            unit="ms",
            ratio=GOAL_MS / max(added, 1e-6),
            goal=1.0,
            peak_mb=own.memory_mb(),
            rival_peak_mb=direct.memory_mb(),
            more={"p50_ms": mine.p50_ms, "p99_ms": mine.p99_ms, "requests": mine.requests},
        )


def _overview(
    own: Server, direct: Server, token: str, given: argparse.Namespace
) -> Iterator[Line]:
    """Ask all sites at once for what the overview shows, one question after the other."""
    total = 0.0
    for name, path in _OVERVIEW.items():
        begun = own.cpu_seconds()
        found = load(own.port, repeat(get(_PREFIX + path, token)), 1, given.seconds)
        cpu_ms = (own.cpu_seconds() - begun) / found.requests * 1e3
        total += found.p50_ms
        case = f"{name} of {given.sites} sites"
        yield _shown(case, found.p50_ms, own, direct, cpu_ms=cpu_ms)
    yield _shown(f"whole overview of {given.sites} sites × 1,000 machines", total, own, direct)


def _shown(case: str, ms: float, own: Server, direct: Server, **more: float) -> Line:
    return Line(
        name="gateway",
        case=case,
        ours=ms,
        rival=GOAL_OVERVIEW_MS,
        unit="ms",
        ratio=GOAL_OVERVIEW_MS / max(ms, 1e-6),
        goal=1.0,
        peak_mb=own.memory_mb(),
        rival_peak_mb=direct.memory_mb(),
        more=more,
    )
