"""A node of a Ray that several machines make up, as the command that starts it.

Its ports are fixed, so that a policy of the network can name them; it asks for the token; it
tells nobody of its use.  Ray itself is not loaded here: the command is Ray's own.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from appliance.core.limits import memory_limit
from appliance.core.settings import Settings
from appliance.engine import shared

PORT: Final = 6379
"""Of the head; the others are those of every node."""
_PORTS: Final[Mapping[str, int]] = {
    "runtime-env-agent-port": 8075,
    "object-manager-port": 8076,
    "node-manager-port": 8077,
    "dashboard-agent-grpc-port": 8078,
    "metrics-export-port": 8079,
    "dashboard-agent-listen-port": 52_365,
    "min-worker-port": 10_002,
    "max-worker-port": 10_100,
}
_LOOK_SECONDS = 3.0
_MOST_STORE, _LEAST_STORE = 2**30, 80 * 2**20
_SHARE_OF_MEMORY, _SHARE_OF_SHARED = 0.2, 0.9
_SHARED = Path("/dev/shm")  # noqa: S108 - where Ray keeps objects


def head(settings: Settings) -> tuple[str, ...]:
    """Return the command of the head, on which no tasks run: should it go, all stop."""
    return (
        *_start(settings, ""),
        "--head",
        f"--port={PORT}",
        "--num-cpus=0",
        "--no-monitor",  # nothing of Ray's own adds machines; where KubeRay does, by its own
    )


def member(settings: Settings, *, works: bool) -> tuple[str, ...]:
    """Return the command of a node that joins ``settings.ray_address``.

    Parameters
    ----------
    works
        Whether tasks may run on it; otherwise only its own processes use Ray by it.
    """
    cpus = settings.worker_count if works else 0
    return (
        *_start(settings, settings.ray_address),
        f"--address={settings.ray_address}",
        f"--num-cpus={cpus}",
    )


def environment(settings: Settings) -> dict[str, str]:
    """Return what all processes that speak with the Ray of others have to know."""
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(shared.token_file(settings.home)),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "RAY_ROTATION_MAX_BYTES": str(10 * 2**20),
        "RAY_ROTATION_BACKUP_COUNT": "2",
    }


def address(towards: str = "") -> str:
    """Return the address by which the others reach this machine.

    Parameters
    ----------
    towards
        HOST:PORT of one of them; this machine's own name is asked if not given.

    Raises
    ------
    OSError
        It is not known.
    """
    if not towards:
        return socket.gethostbyname(socket.gethostname())
    host, _, port = towards.rpartition(":")
    family, kind, protocol, _, place = socket.getaddrinfo(
        host, int(port), type=socket.SOCK_DGRAM
    )[0]
    with socket.socket(family, kind, protocol) as asked:
        asked.connect(place)  # sends nothing: only the way is looked up
        return str(asked.getsockname()[0])


def answers(towards: str, seconds: float) -> bool:
    """Whether somebody listens at HOST:PORT."""
    host, _, port = towards.rpartition(":")
    try:
        socket.create_connection((host, int(port)), seconds).close()
    except (OSError, ValueError):
        return False
    return True


def head_answers(towards: str, seconds: float) -> bool:
    """Whether the head at HOST:PORT has a node by now, and not only begins.

    A node that begins with the head takes its processors, and Ray gives both up.
    """
    host, _, _ = towards.rpartition(":")
    return answers(f"{host}:{_PORTS['node-manager-port']}", seconds)


def up(settings: Settings) -> bool:
    """Whether the node that was started last is part of the cluster, and is spoken to."""
    here = f"{address(settings.ray_address)}:{_PORTS['node-manager-port']}"
    return _there(settings).exists() and answers(here, _LOOK_SECONDS)


def _there(settings: Settings) -> Path:
    return settings.home / "run" / "ray_node"


def _start(settings: Settings, towards: str) -> tuple[str, ...]:
    _there(settings).parent.mkdir(mode=0o700, exist_ok=True)
    _there(settings).unlink(missing_ok=True)
    return (
        sys.executable,
        *(["-I"] if sys.flags.isolated else []),
        *("-m", "appliance.engine.start"),
        str(_there(settings)),
        "start",
        "--block",
        "--disable-usage-stats",
        "--log-style=record",
        f"--node-ip-address={address(towards)}",
        f"--object-store-memory={_store()}",
        *(f"--{name}={port}" for name, port in _PORTS.items()),
    )


def _store() -> int:
    """Return the bytes for Ray's objects: tasks give back little, so it need not be much."""
    allowed = memory_limit()
    most = float(_MOST_STORE) if allowed is None else _SHARE_OF_MEMORY * allowed
    try:
        found = os.statvfs(_SHARED)
        most = min(most, _SHARE_OF_SHARED * found.f_frsize * found.f_blocks)
    except OSError:
        pass  # Ray takes its own folder then
    return int(max(min(most, _MOST_STORE), _LEAST_STORE))
