"""A process of its own for code of the site's people: bounded, seen, ended whole."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from appliance.core.clock import monotonic
from appliance.core.errors import Cancelled, LimitExceeded, OperatorError
from appliance.engine.stop import current
from appliance.notebooks import surroundings
from appliance.notebooks.ending import end

MOST_LINES = 200
"""Lines of its output that are told: the last ones."""
_LONGEST = 1_000
_LOOK = 0.05
_KB = 1_024


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes
    ----------
    last
        The last line that it wrote.
    """

    status: int
    last: str


class Watch:
    """What processes wrote, and what they used."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._lock = threading.Lock()
        self._said = 0
        self.cpu_seconds = 0.0
        self.peak_bytes = 0

    def say(self, line: str) -> None:
        """Keep a line."""
        with self._lock:
            self._lines.append(line)
            self._said += 1

    def used(self, told: resource.struct_rusage) -> None:
        """Count what a process used that has ended."""
        self.cpu_seconds += told.ru_utime + told.ru_stime
        self.peak_bytes = max(self.peak_bytes, told.ru_maxrss * _KB)

    @property
    def told(self) -> tuple[int, tuple[str, ...]]:
        """How many lines there were, and the last of them."""
        with self._lock:
            return self._said, tuple(self._lines)


def run(
    command: Sequence[str],
    folder: Path,
    *,
    timeout: float,
    environment: Mapping[str, str],
    watch: Watch,
) -> Ended:
    """Run a program in a folder until it ends, with none of this process's environment.

    Parameters
    ----------
    timeout
        Seconds after which it is ended.
    environment
        Variables beside those that any program needs.
    watch
        Is told what it writes and uses.

    Raises
    ------
    LimitExceeded
        It took too long.
    Cancelled
        Somebody asked for the work's end.
    OperatorError
        It cannot be started.
    """
    around = {**surroundings.plain(folder), **environment}
    try:
        process = subprocess.Popen(  # noqa: S603 - registered by somebody with the right to
            list(command),
            cwd=folder,
            env=around,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OperatorError(
            f"{command[0]} cannot be started: {reason}.", remedy="See that the machine has it."
        ) from error
    lines = _Lines(process.stdout, watch)
    try:
        _wait(process, timeout, watch)
    finally:
        if process.returncode is None:
            end(process.pid)
            _reap(process, watch, os.WNOHANG)
        last = lines.finish()
        if process.stdin is not None:
            process.stdin.close()
    return Ended(process.returncode, last)


def _wait(process: subprocess.Popen[bytes], seconds: float, watch: Watch) -> None:
    until, stop = monotonic() + seconds, current()
    while not _reap(process, watch, os.WNOHANG):
        if stop.asked:
            raise Cancelled(stop.reason)
        if monotonic() > until:
            raise LimitExceeded(
                f"it took longer than {seconds:g} s.", remedy="Raise its timeout."
            )
        stop.wait(_LOOK)


def _reap(process: subprocess.Popen[bytes], watch: Watch, how: int) -> bool:
    """Take note of a process's end, if it has ended, and of what it used."""
    try:
        found, status, used = os.wait4(process.pid, how)
    except ChildProcessError:  # taken note of by whoever killed it
        process.returncode = process.returncode or -9
        return True
    if not found:
        return False
    process.returncode = os.waitstatus_to_exitcode(status)
    watch.used(used)
    return True


class _Lines:
    """Reads what a process writes, in a thread, so that it never waits for a reader."""

    def __init__(self, stream: IO[bytes] | None, watch: Watch) -> None:
        self._stream = stream
        self._watch = watch
        self._last = ""
        self._thread = threading.Thread(target=self._read, name="lines", daemon=True)
        self._thread.start()

    def finish(self) -> str:
        """Wait for the last line, and return it."""
        self._thread.join(10)
        return self._last

    def _read(self) -> None:
        if self._stream is None:
            return
        with self._stream as stream:
            while raw := stream.readline(_LONGEST):
                line = raw.decode("utf-8", "replace").rstrip()
                if line:
                    self._last = line
                    self._watch.say(line)
