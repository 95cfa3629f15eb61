"""``online``: one reading a request, its surprise in the answer; against MLflow and Ray Serve.

All have the same fleet model of a forest an asset.  MLflow's scoring server has it as a
pyfunc and two worker processes, plain Ray Serve two replicas; each judges a reading by its
asset's model alone.  Ours judges it with what came before it, keeps that, and asks who sends
it: in one process, and, as a cluster does, by replicas on Ray Serve behind that process, which
are held against the one process and against plain Ray Serve of as many replicas.  Clients run
on the same machine.
"""

from __future__ import annotations

import argparse
import itertools
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.harness import options
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.load import Loaded, LoadFailed, body, each, post
from benchmarks.harness.plant import Size, scratch
from benchmarks.harness.processes import run
from benchmarks.harness.servers import Server, free_port, ours, serving
from benchmarks.sides import online as side

GOAL = 10.0
GOAL_P99_MS = 10.0
_CLIENTS = 16
_TICK_MS = 1e-3
_PATIENCE = 240.0
_PATHS = {"ours": f"/api/v1/fleets/{side.FLEET}/online", "mlflow": "/invocations", "serve": "/"}
_CALLED = {"mlflow": "MLflow", "serve": "plain Ray Serve"}
_REPLICAS = 2
_REPLICA = ":Keeper"
"""In the titles of our replicas."""
_CROWD = 24
"""Clients a replica, from which more than one replica comes."""
_GROWN = 180.0
"""Seconds of load in which replicas come as many as are asked for."""


@dataclass(frozen=True)
class _Measured:
    """What a server did: as much as it could, and half of that.

    Attributes
    ----------
    cpu_ms
        Processor time a request, of all its processes, under the most load.
    """

    most: Loaded
    half: Loaded
    cpu_ms: float
    peak_mb: float


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = options.parser("online", __doc__ or "", "100")
    parser.add_argument("--clients", type=int, default=_CLIENTS)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load")
    parser.add_argument("--rivals", default="mlflow,serve", help="mlflow, serve, or both")
    parser.add_argument("--recipe", default="forest")
    parser.add_argument("--workers", type=int, default=2, help="of MLflow")
    parser.add_argument("--replicas", help="of ours on Ray Serve: 1,2; none with --quick")
    given = parser.parse_args(argv)
    if given.quick:
        given.clients, given.seconds, given.workers = 2, 0.3, 1
    if given.replicas is None:
        given.replicas = "" if given.quick else "1,2"
    (size,) = options.sizes(given)
    printer = Printer(as_json=given.json)
    with scratch(given.scratch) as folder:
        home = folder / "home"
        facts = side.make(home, size, given.recipe)
        own = _measured("ours", ours(home), size, given, facts["token"])
        for rival in filter(None, given.rivals.split(",")):
            server = _mlflow if rival == "mlflow" else _serve
            theirs = _measured(rival, server(folder, facts["model"], given), size, given)
            printer.show(_line(size, f"requests, {_CALLED[rival]}", own, theirs, given))
        printer.show(_latency(size, own, given))
        for replicas in map(int, filter(None, given.replicas.split(","))):
            for line in _served(home, facts, own, replicas, size, given):
                printer.show(line)
    return 0


def _served(
    home: Path,
    facts: Mapping[str, str],
    own: _Measured,
    replicas: int,
    size: Size,
    given: argparse.Namespace,
) -> Iterator[Line]:
    """Yield ours on Ray Serve against ours in one process, and against plain Ray Serve."""
    crowd = given.clients if replicas == 1 else max(given.clients, replicas * _CROWD)
    asked = argparse.Namespace(**{**vars(given), "clients": crowd})
    _, port, environment = ours(home)
    made = ("benchmarks.sides.online_ours", str(home), str(replicas)), port, environment
    served = _measured("ours", made, size, asked, facts["token"], replicas)
    told = f"requests, by {replicas} replica{'s' * (replicas > 1)} of Ray Serve"
    yield replace(_line(size, f"{told}, ours in one process", served, own, asked), goal=None)
    plain = _serve(home, facts["model"], asked, replicas)
    theirs = _measured("serve", plain, size, asked)
    yield replace(_line(size, f"{told}, plain Ray Serve", served, theirs, asked), goal=None)


# ---------------------------------------------------------------- servers
_Server = tuple[tuple[str, ...], int, Mapping[str, str]]


def _mlflow(folder: Path, model: str, given: argparse.Namespace) -> _Server:
    """Return MLflow's scoring server, as its own command starts it."""
    out, port = folder / "pyfunc", free_port()
    run("online_mlflow:make", model=model, out=str(out))
    command: tuple[str, ...] = (
        "uvicorn",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--log-level",
        "warning",
    )
    command += ("--workers", str(given.workers), "mlflow.pyfunc.scoring_server.app:app")
    return command, port, {"__pyfunc_model_path__": str(out)}


def _serve(
    _: Path,
    model: str,
    given: argparse.Namespace,  # noqa: ARG001
    replicas: int = _REPLICAS,
) -> _Server:
    port = free_port()
    token = {
        "RAY_AUTH_TOKEN": secrets.token_hex(32)
    }  # or else it leaves one in the user's home
    return ("benchmarks.sides.online_serve", model, str(port), str(replicas)), port, token


# ---------------------------------------------------------------- load
def _measured(
    kind: str,
    made: _Server,
    size: Size,
    given: argparse.Namespace,
    token: str | None = None,
    replicas: int = 0,
) -> _Measured:
    module, port, environment = made
    clients = clients_of(kind, size, given.clients, token)
    with serving(*module, port=port, environment=environment) as server:
        awake(port, clients)
        _grow(server, clients, replicas)
        each(port, clients, given.seconds / 4)
        before = server.tree_cpu_seconds()
        most = each(port, clients, given.seconds)
        cpu_ms = (server.tree_cpu_seconds() - before) / most.requests * 1e3
        half = each(port, clients, given.seconds, most.per_second / 2)
        return _Measured(most, half, cpu_ms, server.memory_mb())


def _requests(kind: str, size: Size, assets: list[int], token: str | None) -> Iterator[bytes]:
    for text in side.bodies(kind, size, assets):
        yield post(_PATHS[kind], text.encode(), token)


def clients_of(kind: str, size: Size, number: int, token: str | None) -> list[Iterator[bytes]]:
    """Return of each of some clients its requests, minute after minute of its own assets."""
    number = min(number, size.assets)
    return [
        _requests(kind, size, list(range(first, size.assets, number)), token)
        for first in range(number)
    ]


def awake(port: int, clients: Sequence[Iterator[bytes]]) -> None:
    """Send until the first answer, and then a reading of every asset."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            body(port, next(clients[0]))
        except (LoadFailed, OSError):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            break
    for requests in clients:
        for request in itertools.islice(requests, 8):
            body(port, request)


def _grow(server: Server, clients: Sequence[Iterator[bytes]], replicas: int) -> None:
    """Keep a server under load until as many replicas of ours are there.

    Raises
    ------
    LoadFailed
        They did not come.
    """
    until = time.monotonic() + _GROWN
    while (there := server.titled(_REPLICA)) < replicas:
        if time.monotonic() > until:
            raise LoadFailed(f"{there} of {replicas} replicas came: more clients are wanted.")
        each(server.port, clients, 1.0)


# ---------------------------------------------------------------- lines
def _line(
    size: Size, case: str, own: _Measured, theirs: _Measured, given: argparse.Namespace
) -> Line:
    return Line(
        name="online",
        case=f"{size.assets} assets x {size.sensors} sensors, {given.recipe}, {case}",
        ours=own.most.per_second,
        rival=theirs.most.per_second,
        unit="req/s",
        ratio=own.most.per_second / theirs.most.per_second,
        goal=GOAL,
        peak_mb=own.peak_mb,
        rival_peak_mb=theirs.peak_mb,
        more={
            "clients": given.clients,
            "cpu_ratio": theirs.cpu_ms / max(own.cpu_ms, _TICK_MS),
            **_times("", own),
            **_times("rival_", theirs),
        },
    )


def _times(whose: str, found: _Measured) -> dict[str, float]:
    return {
        f"{whose}cpu_ms": found.cpu_ms,
        f"{whose}p50_ms": found.most.p50_ms,
        f"{whose}p99_ms": found.most.p99_ms,
        f"{whose}half_per_second": found.half.per_second,
        f"{whose}half_p50_ms": found.half.p50_ms,
        f"{whose}half_p99_ms": found.half.p99_ms,
    }


def _latency(size: Size, own: _Measured, given: argparse.Namespace) -> Line:
    """Return how long the slowest hundredth takes at half load, beside what it may."""
    return Line(
        name="online",
        case=f"{size.assets} assets x {size.sensors} sensors, {given.recipe}, p99 at half load",
        ours=own.half.p99_ms,
        rival=GOAL_P99_MS,
        unit="ms",
        ratio=GOAL_P99_MS / own.half.p99_ms,
        goal=1.0,
        peak_mb=own.peak_mb,
        rival_peak_mb=own.peak_mb,
        more={"clients": given.clients, **_times("", own)},
    )
