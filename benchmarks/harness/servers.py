"""Web servers in processes of their own, on loopback, ended when no longer needed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from benchmarks.harness.processes import ROOT, SideFailed, tree_mb

_LONGEST_START = 60.0
_EVERY_SECONDS = 0.05


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A server that answers.

    Attributes
    ----------
    port
        On 127.0.0.1.
    """

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self._process = psutil.Process(process.pid)

    def memory_mb(self) -> float:
        """Return what it holds now."""
        return tree_mb(self._process)


@contextmanager
def serving(*module: str, port: int, environment: Mapping[str, str]) -> Iterator[Server]:
    """Run ``python -m MODULE …`` until it answers, and as long as it is needed.

    Raises
    ------
    SideFailed
        It ended, or did not answer in time.
    """
    with subprocess.Popen(
        [sys.executable, "-m", *module],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            _await(port, process, module[0])
            yield Server(port, process)
        finally:
            process.terminate()


def ours(home: Path) -> tuple[tuple[str, ...], int, dict[str, str]]:
    """Return what `serving` is told to serve a home's API, without a limit on the rate."""
    port = free_port()
    unlimited = {
        "KIZASHI_PORT": str(port),
        "KIZASHI_REQUESTS_PER_SECOND": "1e9",
        "KIZASHI_REQUESTS_AT_ONCE": "1e9",
    }
    return ("appliance.api", "--home", str(home)), port, unlimited


def _await(port: int, process: subprocess.Popen[bytes], name: str) -> None:
    until = time.monotonic() + _LONGEST_START
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(_EVERY_SECONDS)
        else:
            return
    raise SideFailed(f"{name} did not answer at port {port}")
