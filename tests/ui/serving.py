"""Real processes on a home: the web server, and a worker for jobs."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.appliance.api.ports import free_port
from tests.forked import Begun, begun
from tests.ui.homes import ZONE

ROOT = Path(__file__).resolve().parents[2]
_POLLS = 600
_BETWEEN = 0.05
HOMES: dict[str, Path] = {}
"""Which home is served, by address."""
_PORTS: list[int] = []


@contextmanager
def serving(home: Path, *, alone: bool = False) -> Iterator[str]:
    """Serve a home's pages and API; give its address once it answers.

    Parameters
    ----------
    alone
        By a process that begins from nothing, as on a plant, and is called as there.
    """
    port = _port()
    HOMES[_address(port)] = home
    try:
        with served(home, port, alone=alone) as (url, _):
            yield url
    finally:
        del HOMES[_address(port)]


def _port() -> int:
    """Return a port of an earlier server that is free again, or one that none had yet.

    What a browser keeps of the scripts of an address then is good for the next server too.
    """
    for port in _PORTS:
        if _address(port) not in HOMES and _is_free(port):
            return port
    _PORTS.append(free_port())
    return _PORTS[-1]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


@contextmanager
def served(home: Path, port: int, *, alone: bool = False) -> Iterator[tuple[str, Begun]]:
    """Serve a home on a port; give its address, once it answers, and its process."""
    with running("appliance.web", home, alone=alone, KIZASHI_PORT=str(port)) as (process, log):
        url = _address(port)
        for _ in range(_POLLS):
            if process.poll() is not None:
                break
            try:
                with urlopen(f"{url}/healthz", timeout=1):
                    yield url, process
                    return
            except (URLError, TimeoutError, ConnectionError):
                time.sleep(_BETWEEN)
        pytest.fail(f"the server never answered:\n{log.read_text()[-4000:]}")


@contextmanager
def working(home: Path) -> Iterator[None]:
    """Let a worker run the home's jobs."""
    with running("appliance.worker", home):
        yield


@contextmanager
def running(
    module: str, home: Path, *, alone: bool = False, **settings: str
) -> Iterator[tuple[Begun, Path]]:
    """Run a module of the platform on a home; give its process and the file of its log."""
    own = {"KIZASHI_ENGINE": "local", "KIZASHI_WORKERS": "2", "KIZASHI_TIMEZONE": ZONE}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **own, **settings}
    log = home.parent / f"{module}.log"
    with log.open("ab") as out:
        words = ["-m", module, "--home", home]
        process = begun(words, f"{module}.__main__", environment, out, alone=alone)
        try:
            yield process, log
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
