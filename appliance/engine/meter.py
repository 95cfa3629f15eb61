"""What work uses of the machine: processor time, memory, and what is kept free for it.

Three things are measured, each where it can be told whose it is:

- the thread that a piece of work runs in, by its own clock;
- every item that an engine runs for it: by its thread's clock on threads, by its process's on
  Ray, where the process runs nothing else meanwhile and may have grown threads of its own;
- threads that are nobody's, such as those of Polars and of the lake: their time, and the
  memory of the process, are shared evenly by the pieces of work that ran meanwhile.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from appliance.core.clock import monotonic

_KB = 1024
_PEAK = "5"
"""What Linux is told to forget how large a process has been."""
_OFTEN = 1.0
"""Seconds between two looks at the threads that are nobody's."""


@dataclass(frozen=True, slots=True)
class Used:
    """What some work used.

    Attributes
    ----------
    cpu_seconds
        Of processors, all together.
    reserved_seconds
        For which a processor was kept free for it: an item on Ray reserves one.
    core_seconds
        The larger of the two, item by item.
    byte_seconds
        Memory, times how long it was held.
    peak_bytes
        The most memory that it held in one process.
    tasks
        Items that an engine ran for it.
    machines
        How many of them each machine of Ray ran, by its name.
    """

    cpu_seconds: float = 0.0
    reserved_seconds: float = 0.0
    core_seconds: float = 0.0
    byte_seconds: float = 0.0
    peak_bytes: int = 0
    tasks: int = 0
    machines: tuple[tuple[str, int], ...] = ()

    def plus(self, other: Used) -> Used:
        """Return what both used."""
        return Used(
            self.cpu_seconds + other.cpu_seconds,
            self.reserved_seconds + other.reserved_seconds,
            self.core_seconds + other.core_seconds,
            self.byte_seconds + other.byte_seconds,
            max(self.peak_bytes, other.peak_bytes),
            self.tasks + other.tasks,
            _together(self.machines, other.machines),
        )


def _together(
    some: tuple[tuple[str, int], ...], others: tuple[tuple[str, int], ...]
) -> tuple[tuple[str, int], ...]:
    if not some or not others:
        return some or others
    return tuple(sorted((Counter(dict(some)) + Counter(dict(others))).items()))


class Meter:
    """Adds up what one piece of work uses."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._added = Used()
        self._thread: int | None = threading.get_ident()
        self._began = _thread_seconds(self._thread)
        self._own = 0.0

    def add(self, used: Used | None) -> None:
        """Count what was used elsewhere for this."""
        if used is not None:
            with self._lock:
                self._added = self._added.plus(used)

    def used(self) -> Used:
        """Return what was used so far; any thread may ask."""
        with self._lock:
            self._look()
            own = Used(cpu_seconds=self._own, core_seconds=self._own)
            return self._added.plus(own)

    def stop(self) -> None:
        """Count nothing more of the thread that it was made in, which calls this."""
        with self._lock:
            self._look()
            self._thread = None

    def _look(self) -> None:
        if self._thread is not None:
            # A thread that has ended tells no time any more: what was told before stays.
            self._own = max(self._own, _thread_seconds(self._thread) - self._began)


_current: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered(meter: Meter) -> Iterator[None]:
    """Count on a meter what this thread does, and what engines do for it."""
    before = _current.set(meter)
    _shared.enter(meter)
    try:
        yield
    finally:
        _shared.leave(meter)
        meter.stop()
        _current.reset(before)


def count(used: Used | None) -> None:
    """Count what an item used on the meter of this thread's work, if it has one."""
    meter = _current.get()
    if meter is not None:
        meter.add(used)
        _shared.settle(seldom=True)


def settle() -> None:
    """Share out now what threads that are nobody's have used."""
    _shared.settle()


# ---------------------------------------------------------------- what is nobody's alone
class _Shared:
    """Time of threads that Python did not start, and memory: of all that runs here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._meters: list[Meter] = []
        self._threads: dict[int, float] = {}
        self._at = 0.0

    def enter(self, meter: Meter) -> None:
        """Let some work have its share from now on."""
        with self._lock:
            self._share()
            self._meters.append(meter)

    def leave(self, meter: Meter) -> None:
        """Give it its last share."""
        with self._lock:
            self._share()
            self._meters.remove(meter)

    def settle(self, *, seldom: bool = False) -> None:
        """Give everybody their share; `seldom` not again within a second."""
        with self._lock:
            if not seldom or monotonic() - self._at >= _OFTEN:
                self._share()

    def _share(self) -> None:
        at, threads = monotonic(), _nobodys()
        before, self._threads = self._threads, threads
        seconds, self._at = at - self._at, at
        if not self._meters:
            return
        spent = sum(max(told - before.get(one, 0.0), 0.0) for one, told in threads.items())
        resident = _resident()
        among = len(self._meters)
        share = Used(
            cpu_seconds=spent / among,
            core_seconds=spent / among,
            byte_seconds=resident * seconds / among,
            peak_bytes=resident // among,
        )
        for meter in self._meters:
            meter.add(share)


_shared = _Shared()


def _nobodys() -> dict[int, float]:
    """Return the processor time of threads that Python does not know, by their number."""
    own = {thread.native_id for thread in threading.enumerate()}
    try:
        found = psutil.Process().threads()
    except psutil.Error:  # a system that does not tell
        return {}
    return {one.id: one.user_time + one.system_time for one in found if one.id not in own}


def _resident() -> int:
    return int(psutil.Process().memory_info().rss)


def _thread_seconds(thread: int) -> float:
    """Return the processor time of a thread that runs; 0 where the system does not tell."""
    if thread == threading.get_ident():
        return time.thread_time()
    alive = {one.ident for one in threading.enumerate()}
    if thread not in alive or not hasattr(time, "pthread_getcpuclockid"):
        return 0.0
    try:
        return time.clock_gettime(time.pthread_getcpuclockid(thread))
    except OSError:
        return 0.0


# ---------------------------------------------------------------- items
class OnThread:
    """Measures an item that runs in a thread beside others; memory is the process's."""

    def __init__(self) -> None:
        self._cpu = time.thread_time()

    def used(self) -> Used:
        """Return what the item used."""
        spent = time.thread_time() - self._cpu
        return Used(cpu_seconds=spent, core_seconds=spent, tasks=1)


class AloneInProcess:
    """Measures an item that a process runs alone, and that one processor is kept free for."""

    def __init__(self) -> None:
        with suppress(OSError):  # a system where what it was before cannot be forgotten
            Path("/proc/self/clear_refs").write_text(_PEAK, "ascii")
        self._cpu, self._at = _process_seconds(), monotonic()

    def used(self) -> Used:
        """Return what the item used."""
        seconds = monotonic() - self._at
        spent = _process_seconds() - self._cpu
        peak = _peak()
        return Used(
            cpu_seconds=spent,
            reserved_seconds=seconds,
            core_seconds=max(spent, seconds),
            byte_seconds=peak * seconds,
            peak_bytes=peak,
            tasks=1,
            machines=((platform.node(), 1),),
        )


def _process_seconds() -> float:
    """Return the processor time of this process, and of those it started that have ended."""
    told = os.times()
    return told.user + told.system + told.children_user + told.children_system


def _peak() -> int:
    """Return the most memory that this process has held since that was forgotten."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return _resident()
    told = next((line for line in lines if line.startswith("VmHWM:")), "")
    return int(told.split()[1]) * _KB if told else _resident()
