"""The home's Ray as a process of its own: ``python -m appliance.engine.head --home DIR``.

It sleeps while nobody wants Ray, as a small program that has not even loaded it; for work it
goes on as a program that has Ray, and after some minutes without work as a small one again.
Each of these begins anew in the same process: what it had in memory is gone, its number and its
claim to be the home's head stay.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]

from appliance.core import log
from appliance.core.clock import monotonic
from appliance.core.errors import EngineError, KizashiError
from appliance.core.settings import Settings, load_settings
from appliance.engine import shared
from appliance.engine.figures import ray_families
from appliance.metrics import exposition, of_processes
from appliance.metrics.endpoint import Endpoint

if TYPE_CHECKING:
    from appliance.engine.ray import Head

_log = log.get(__name__)
_MODULE = "appliance.engine.head"
_LOOK = 1.0
_LOOK_ASLEEP = 0.25
_TELL = 10.0
"""Seconds between two times at which the machines of Ray are told of."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_OWN = 3
"""The first handle that is not one of those that every program has."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to end, or until a part of Ray dies; return the exit status."""
    parser = argparse.ArgumentParser(prog=_MODULE)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--claim", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--awake", action="store_true", help=argparse.SUPPRESS)
    given, ended = parser.parse_args(arguments), threading.Event()
    environment = dict(os.environ)  # noqa: TID251 - what the next program begins with as well
    log.set_up("INFO")
    try:
        settings = load_settings(given.home)
        log.set_up(settings.log_level, settings.log_format)
        awake = given.awake or not settings.ray_idle_minutes
        work = _serve if awake else _sleep
        with shared.claimed(settings.home, given.claim) as claim:
            with Endpoint(settings, "ray", partial(_metrics, settings)):
                goes_on = work(claim, settings, ended)
            if goes_on:
                options = [] if awake else ["--awake"]
                _become(claim, ended, environment, ["--home", str(settings.home), *options])
    except KizashiError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _metrics(settings: Settings) -> bytes:
    own = psutil.Process()
    return exposition([*of_processes("ray", [own]), *ray_families(settings, [own])])


def _listen(ended: threading.Event) -> None:
    for number in _SIGNALS:
        signal.signal(number, lambda _number, _frame: ended.set())


def _sleep(claim: shared.Claim, _settings: Settings, ended: threading.Event) -> bool:
    """Wait until somebody wants Ray; False if this is to end before."""
    _listen(ended)
    claim.tell(shared.ASLEEP)
    while not claim.wanted():
        if ended.wait(_LOOK_ASLEEP):
            return False
    claim.tell(shared.WAKING)
    return True


def _serve(claim: shared.Claim, settings: Settings, ended: threading.Event) -> bool:
    """Have Ray running until this is to end, or nobody has wanted it for long; whether that."""
    from appliance.engine.ray import Head

    _log.info("Ray starts")
    head = Head(settings)
    try:
        _listen(ended)  # Ray has a way of its own to end
        claim.tell(head.address)
        return _attend(head, claim, settings, ended)
    finally:
        head.close()


def _attend(
    head: Head, claim: shared.Claim, settings: Settings, ended: threading.Event
) -> bool:
    """Look after Ray, and tell meanwhile which machines there are; see `_serve`.

    Raises
    ------
    EngineError
        A part of Ray died: whoever started this process starts it anew, whole.
    """
    due = used = monotonic()
    while not ended.wait(_LOOK):
        if dead := head.dead():
            raise EngineError(f"a part of Ray died: {', '.join(dead)}.")
        at = monotonic()
        if at >= due:
            due = at + _TELL
            with suppress(OSError):  # a full disk: it is told again later
                shared.tell_cluster(settings.home, head.cluster())
        if not settings.ray_idle_minutes or claim.wanted():
            used = at
        elif at - used >= 60 * settings.ray_idle_minutes and claim.shut():
            _log.info("Ray leaves: it had no work for %g minutes", settings.ray_idle_minutes)
            claim.tell(shared.ASLEEP)
            return True
    return False


def _become(
    claim: shared.Claim,
    ended: threading.Event,
    environment: dict[str, str],
    options: list[str],
) -> None:
    """Go on as this program begun anew, with the claim; return if it is to end instead."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    if ended.is_set():
        return
    for handle in (int(one.name) for one in Path("/dev/fd").iterdir()):
        with suppress(OSError):  # the one of the listing itself
            os.set_inheritable(handle, handle < _OWN or handle == claim.handle)
    begun = sys.orig_argv[1 : sys.orig_argv.index(_MODULE) + 1]
    command = [sys.executable, *begun, *options, "--claim", str(claim.handle)]
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own command


if __name__ == "__main__":
    sys.exit(main())
