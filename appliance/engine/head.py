"""The home's Ray as a process of its own: ``python -m appliance.engine.head --home DIR``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from appliance.core import log
from appliance.core.clock import monotonic
from appliance.core.errors import EngineError, KizashiError
from appliance.core.settings import Settings, load_settings
from appliance.engine import shared
from appliance.engine.figures import ray_families
from appliance.engine.ray import Head
from appliance.metrics import exposition, of_processes
from appliance.metrics.endpoint import Endpoint

_LOOK = 1.0
_TELL = 10.0
"""Seconds between two times at which the machines of Ray are told of."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to end, or until a part of Ray dies; return the exit status."""
    parser = argparse.ArgumentParser(prog="appliance.engine.head")
    parser.add_argument("--home", type=Path)
    given = parser.parse_args(arguments)
    log.set_up("INFO")
    try:
        settings = load_settings(given.home)
        log.set_up(settings.log_level, settings.log_format)
        with shared.claimed(settings.home) as tell:
            head = Head(settings)
            try:
                tell(head.address)
                with Endpoint(settings, "ray", partial(_metrics, settings)):
                    _serve(head, settings.home)
            finally:
                head.close()
    except KizashiError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _metrics(settings: Settings) -> bytes:
    own = psutil.Process()
    return exposition([*of_processes("ray", [own]), *ray_families(settings, [own])])


def _serve(head: Head, home: Path) -> None:
    """Wait for the end, and tell meanwhile which machines there are.

    Raises
    ------
    EngineError
        A part of Ray died: whoever started this process starts it anew, whole.
    """
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    due = monotonic()
    while not ended.wait(_LOOK):
        if dead := head.dead():
            raise EngineError(f"a part of Ray died: {', '.join(dead)}.")
        if monotonic() >= due:
            due = monotonic() + _TELL
            with suppress(OSError):  # a full disk: it is told again later
                shared.tell_cluster(home, head.cluster())


if __name__ == "__main__":
    sys.exit(main())
