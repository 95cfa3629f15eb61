"""``python -m appliance.worker --home DIR``: run jobs until told to end."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

from appliance import __version__
from appliance.core import log
from appliance.core.errors import KizashiError
from appliance.core.settings import load_settings
from appliance.metrics import instruments, kept
from appliance.metrics.endpoint import Endpoint
from appliance.pipelines.catalog import catalog
from appliance.pipelines.exposition import of_role
from appliance.pipelines.site import Site
from appliance.schemas.job import JobState
from appliance.telemetry import Sampler, probes
from appliance.telemetry.otlp import Tracing
from appliance.worker.naming import named
from appliance.worker.worker import Worker

_log = log.get(__name__)
_LONGEST_END = 10.0


def main(arguments: list[str] | None = None) -> int:
    """Run a worker; 0 if it was told to end, 1 if it could not go on."""
    told = _told(arguments)
    log.set_up("INFO")
    try:
        settings = load_settings(told.home)
        log.set_up(settings.log_level, settings.log_format)
        site = Site(settings)
        name, lock = named(settings, told.name)
        worker = Worker(site, name)
        home = site.settings.home
        with (
            lock,
            kept(home, "worker"),
            Endpoint(site.settings, "worker", of_role(site, "worker"), worker.entered),
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


if __name__ == "__main__":
    run()
