"""Web servers in processes of their own, on loopback, ended when no longer needed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil  # type: ignore[import-untyped]

from benchmarks.harness.processes import ROOT, SideFailed, tree_mb

_LONGEST_START = 180.0
_ALL_THREADS = 2
UNLIMITED = {"KIZASHI_REQUESTS_PER_SECOND": "1e9", "KIZASHI_REQUESTS_AT_ONCE": "1e9"}
"""Settings of a site that takes as many requests as come."""
_EVERY_SECONDS = 0.05


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(process: int) -> float:
    """Return the processor time of all threads of a process; see `Child.cpu_seconds`.

    Raises
    ------
    OSError
        There is no such process.
    """
    # The system's clock of another process: its number, and which of its times is meant.
    return time.clock_gettime(~process << 3 | _ALL_THREADS)


class Child:
    """A process of Python that runs as long as it is needed.

    Attributes
    ----------
    pid
        The system's number of it.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._popen = process
        self.pid = process.pid
        self._process = psutil.Process(process.pid)

    def memory_mb(self) -> float:
        """Return what it and its descendants hold now."""
        return tree_mb(self._process)

    def cpu_seconds(self) -> float:
        """Return the processor time of all its threads, to less than a microsecond on Linux."""
        return cpu_seconds(self._popen.pid)

    def tree_cpu_seconds(self) -> float:
        """Return the processor time of it and its descendants, to a hundredth of a second."""
        times = [
            one.cpu_times() for one in (self._process, *self._process.children(recursive=True))
        ]
        return float(sum(one.user + one.system for one in times))

    def titled(self, part: str) -> int:
        """Return how many of its descendants have something in their titles."""
        found = 0
        for one in self._process.children(recursive=True):
            with suppress(psutil.Error):
                found += part in " ".join(one.cmdline())
        return found

    def kill(self) -> None:
        """End it at once, without a chance to clear up."""
        self._popen.kill()
        self._popen.wait()


class Server(Child):
    """A server that answers.

    Attributes
    ----------
    port
        On 127.0.0.1.
    """

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        super().__init__(process)
        self.port = port


@contextmanager
def running(*module: str) -> Iterator[Child]:
    """Run ``python -m MODULE …`` as long as the block does."""
    with _started(module, {}) as (process, _):
        yield Child(process)


@contextmanager
def serving(*module: str, port: int, environment: Mapping[str, str]) -> Iterator[Server]:
    """Run ``python -m MODULE …`` until it answers, and as long as it is needed.

    Raises
    ------
    SideFailed
        It ended, or did not answer in time.
    """
    with _started(module, environment) as (process, said):
        _await(port, process, said)
        yield Server(port, process)


@contextmanager
def _started(
    module: Sequence[str], environment: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """Start a module; what it says goes to a file that is read where it fails."""
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=said,
            stderr=said,
        ) as process,
    ):
        try:
            yield process, said
        finally:
            process.terminate()


def ours(home: Path) -> tuple[tuple[str, ...], int, dict[str, str]]:
    """Return what `serving` is told to serve a home's API, without a limit on the rate."""
    port = free_port()
    environment = {**UNLIMITED, "KIZASHI_PORT": str(port)}
    return ("appliance.web", "--home", str(home)), port, environment


def _await(port: int, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
    until = time.monotonic() + _LONGEST_START
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(_EVERY_SECONDS)
        else:
            return
    said.seek(0)
    told = said.read()[-4000:].decode("utf-8", "replace")
    raise SideFailed(f"nothing answers at port {port}:\n{told}")
