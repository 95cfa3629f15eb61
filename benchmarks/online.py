"""``online``: one reading a request, its surprise in the answer; against MLflow and Ray Serve.

All three have the same fleet model of a forest an asset.  MLflow's scoring server has it as a
pyfunc and two worker processes, plain Ray Serve two replicas; each judges a reading by its
asset's model alone.  Ours, in one process, judges it with what came before it, keeps that, and
asks who sends it.  Clients run on the same machine.
"""

from __future__ import annotations

import argparse
import itertools
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import options
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.load import Loaded, LoadFailed, body, each, post
from benchmarks.harness.plant import Size, scratch
from benchmarks.harness.processes import run
from benchmarks.harness.servers import free_port, ours, serving
from benchmarks.sides import online as side

GOAL = 10.0
GOAL_P99_MS = 10.0
_CLIENTS = 16
_TICK_MS = 1e-3
_PATIENCE = 240.0
_PATHS = {"ours": f"/api/v1/fleets/{side.FLEET}/online", "mlflow": "/invocations", "serve": "/"}
_CALLED = {"mlflow": "MLflow", "serve": "plain Ray Serve"}


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
    given = parser.parse_args(argv)
    if given.quick:
        given.clients, given.seconds, given.workers = 2, 0.3, 1
    (size,) = options.sizes(given)
    printer = Printer(as_json=given.json)
    with scratch(given.scratch) as folder:
        home = folder / "home"
        facts = side.make(home, size, given.recipe)
        own = _measured("ours", *ours(home), size, given, facts["token"])
        for rival in given.rivals.split(","):
            server = _mlflow if rival == "mlflow" else _serve
            theirs = _measured(rival, *server(folder, facts["model"], given), size, given)
            printer.show(_line(size, f"requests, {_CALLED[rival]}", own, theirs, given))
        printer.show(_latency(size, own, given))
    return 0


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


def _serve(_: Path, model: str, given: argparse.Namespace) -> _Server:  # noqa: ARG001
    port = free_port()
    token = {
        "RAY_AUTH_TOKEN": secrets.token_hex(32)
    }  # or else it leaves one in the user's home
    return ("benchmarks.sides.online_serve", model, str(port)), port, token


# ---------------------------------------------------------------- load
def _measured(
    kind: str,
    module: tuple[str, ...],
    port: int,
    environment: Mapping[str, str],
    size: Size,
    given: argparse.Namespace,
    token: str | None = None,
) -> _Measured:
    clients = [
        _requests(kind, size, list(range(number, size.assets, given.clients)), token)
        for number in range(min(given.clients, size.assets))
    ]
    with serving(*module, port=port, environment=environment) as server:
        _await(port, clients)
        each(port, clients, given.seconds / 4)
        before = server.tree_cpu_seconds()
        most = each(port, clients, given.seconds)
        cpu_ms = (server.tree_cpu_seconds() - before) / most.requests * 1e3
        half = each(port, clients, given.seconds, most.per_second / 2)
        return _Measured(most, half, cpu_ms, server.memory_mb())


def _requests(kind: str, size: Size, assets: list[int], token: str | None) -> Iterator[bytes]:
    for text in side.bodies(kind, size, assets):
        yield post(_PATHS[kind], text.encode(), token)


def _await(port: int, clients: Sequence[Iterator[bytes]]) -> None:
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
