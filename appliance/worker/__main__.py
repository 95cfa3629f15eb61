"""``python -m appliance.worker --home DIR``: run jobs until told to end."""

from __future__ import annotations

import argparse
import fcntl
import os
import platform
import re
import signal
import sys
import threading
from pathlib import Path
from typing import IO, NoReturn

from appliance import __version__
from appliance.core import log
from appliance.core.errors import Conflict, InvalidRequest, KizashiError
from appliance.core.settings import load_settings
from appliance.metrics import instruments, kept
from appliance.metrics.endpoint import Endpoint
from appliance.pipelines.catalog import catalog
from appliance.pipelines.exposition import of_role
from appliance.pipelines.site import Site
from appliance.schemas.job import JobState
from appliance.telemetry import Sampler, probes
from appliance.telemetry.otlp import Tracing
from appliance.worker.worker import Worker

_log = log.get(__name__)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,60}")
_LONGEST_END = 10.0
_MOST_WORKERS = 64


def main(arguments: list[str] | None = None) -> int:
    """Run a worker; 0 if it was told to end, 1 if it could not go on."""
    told = _told(arguments)
    log.set_up("INFO")
    try:
        settings = load_settings(told.home)
        log.set_up(settings.log_level, settings.log_format)
        site = Site(settings)
        name, lock = _named(site.settings.home, told.name)
        worker = Worker(site, name)
        home = site.settings.home
        with (
            lock,
            kept(home, "worker"),
            Endpoint(site.settings, "worker", of_role(site, "worker")),
            Tracing(site.settings, "worker", __version__),
            Sampler(site.settings, probes(site.settings, lambda: site.database)),
        ):
            instruments.expect(catalog(), [state for state in JobState if state.over])
            return _served(worker)
    except KizashiError as error:
        print(f"kizashi worker: {error}", file=sys.stderr)  # noqa: T201 - as the shell does
        return 1


def run() -> NoReturn:
    """Run a worker as this process; threads of jobs are not waited for when it ends."""
    status = 1
    try:
        status = main()
    except Exception:  # noqa: BLE001 - whatever it is, the process must end for the next one
        _log.exception("the worker cannot go on")
    finally:
        sys.stderr.flush()
        os._exit(status)


def _told(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m appliance.worker", description=main.__doc__)
    parser.add_argument("--home", type=Path, help="the installation's home")
    parser.add_argument(
        "--name", help="of this worker; the machine's and a number if not given"
    )
    return parser.parse_args(arguments)


def _served(worker: Worker) -> int:
    def end(_signal: int, _frame: object) -> None:
        worker.end()
        # Whatever a thread waits for: what runs is as safe as when the process is killed.
        watchdog = threading.Timer(_LONGEST_END, os._exit, [0])
        watchdog.daemon = True
        watchdog.start()

    def listen() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)

    # Again and again: a Ray that ends in this process takes the system's handlers with it.
    return 0 if worker.serve(listen) else 1


def _named(home: Path, name: str | None) -> tuple[str, IO[str]]:
    """Return a name that no other worker of this home and machine has, and its lock.

    The lock dies with the process: the next one gets the same name, and its jobs.

    Raises
    ------
    InvalidRequest
        The name cannot be used.
    Conflict
        A worker of that name is running.
    """
    if name is not None and not _NAME.fullmatch(name):
        raise InvalidRequest(f"{name!r} is no name for a worker.", remedy="Use a-z, 0-9 and -.")
    folder = home / "locks"
    folder.mkdir(mode=0o700, exist_ok=True)
    machine = re.sub(r"[^A-Za-z0-9._-]", "-", platform.node())[:50] or "worker"
    names = [name] if name else [f"{machine}-{n}" for n in range(1, _MOST_WORKERS + 1)]
    for candidate in names:
        handle = (folder / f"worker-{candidate}.lock").open("w")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            continue
        return candidate, handle
    raise Conflict(f"worker {names[-1]} is running already.", remedy="Give it another --name.")


if __name__ == "__main__":
    run()
