"""The first process of a container that runs more than one: starts them, hears, cleans up.

It takes in every process whose parent is gone, as the first process has to, so nothing dead is
left lying.  It ends with the first of its programs that is not to be started again.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from appliance.core.clock import monotonic
from appliance.core.log import get

_log = get(__name__)
_LOOK = 0.5
_TELL = 15.0
_KILLED = 128


@dataclass(frozen=True)
class Program:
    """One of the programs.

    Attributes
    ----------
    name
        What it is called in the log.
    command
        Gives program and arguments when it is started; what it raises of `OSError` counts as
        a wait.
    due
        Whether it makes sense to start it by now.
    again
        Whether it is started again when it ends; otherwise all ends with it.
    stop_seconds
        How long it may take to end, before it is killed.
    """

    name: str
    command: Callable[[], Sequence[str]]
    due: Callable[[], bool] = lambda: True
    again: bool = False
    stop_seconds: float = 20.0


class Keeper:
    """Keeps some programs running until told to end.

    Parameters
    ----------
    programs
        In the order in which they are started; they are ended the other way round.
    environment
        What they are started with.
    """

    def __init__(self, programs: Sequence[Program], environment: Mapping[str, str]) -> None:
        self._programs = programs
        self._environment = dict(environment)
        self._running: dict[int, Program] = {}
        self._told: dict[str, float] = {}
        self._ending = False
        self._wake = threading.Event()

    def running(self, name: str) -> bool:
        """Whether a program runs at this moment."""
        return any(one.name == name for one in list(self._running.values()))

    def serve(self) -> int:
        """Run all until told to end, or one ends that is not to be started again.

        Returns
        -------
        int
            0 if it was told to end; otherwise the status of the program that ended, never 0.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: self._wake.set())
        status = 0
        while not self._ending:
            for one in self._programs:
                if not self.running(one.name):
                    self._start(one)
            self._wake.wait(_LOOK)
            self._wake.clear()
            for one, code in self._reaped():
                if not self._ending and not one.again:
                    _log.error("%s ended with status %d", one.name, code)
                    status, self._ending = code or 1, True
                elif not self._ending:
                    _log.warning("%s ended with status %d: it is started again", one.name, code)
        for one in reversed(self._programs):
            self._stop(one)
        return status

    def _end(self, _number: int, _frame: object) -> None:
        self._ending = True
        self._wake.set()

    def _start(self, one: Program) -> None:
        if not one.due():
            self._tell(one, "what it needs is not there yet")
            return
        try:
            command = list(one.command())
            # A group of its own: what it leaves behind is ended with it.
            process = os.posix_spawn(command[0], command, self._environment, setpgroup=0)
        except OSError as error:
            self._tell(one, str(error))
            return
        self._running[process] = one
        self._told.pop(one.name, None)
        _log.info("%s starts", one.name)

    def _tell(self, one: Program, why: str) -> None:
        at = monotonic()
        if at - self._told.get(one.name, at - _TELL) >= _TELL:
            self._told[one.name] = at
            _log.warning("%s waits: %s", one.name, why)

    def _reaped(self) -> list[tuple[Program, int]]:
        """Take in all processes that have ended; return our programs among them."""
        found = []
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not process:
                break
            one = self._running.pop(process, None)
            if one is not None:
                _signal(process, signal.SIGKILL)  # the rest of its group
                code = os.waitstatus_to_exitcode(status)
                found.append((one, code if code >= 0 else _KILLED - code))
        return found

    def _stop(self, one: Program) -> None:
        numbers = [process for process, each in self._running.items() if each is one]
        for process in numbers:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)
        until = monotonic() + one.stop_seconds
        while self.running(one.name) and monotonic() < until:
            self._wake.wait(_LOOK)
            self._wake.clear()
            self._reaped()
        if self.running(one.name):
            _log.warning("%s did not end in %.0f s: it is killed", one.name, one.stop_seconds)
            for process in numbers:
                _signal(process, signal.SIGKILL)
            while self.running(one.name):
                self._wake.wait(_LOOK)
                self._wake.clear()
                self._reaped()


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
