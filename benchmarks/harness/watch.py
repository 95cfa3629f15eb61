"""The clock that every side uses: wall time, and processor time of all its processes."""

from __future__ import annotations

import time
from typing import Any

import psutil  # type: ignore[import-untyped]


class Watch:
    """Runs from its making; the work is what lies between `ready` and `done`."""

    def __init__(self) -> None:
        self._begun = self._ready = time.perf_counter()
        self._cpu = 0.0

    def ready(self) -> None:
        """Say that everything is imported and started, and the work begins."""
        self._ready, self._cpu = time.perf_counter(), _cpu_seconds()

    def done(self, **facts: Any) -> dict[str, Any]:
        """Return the times of the work, which has just ended, and some facts of it."""
        wall, cpu = time.perf_counter(), _cpu_seconds()
        return {
            "seconds": wall - self._ready,
            "start_seconds": self._ready - self._begun,
            "cpu_seconds": cpu - self._cpu,
            **facts,
        }


def _cpu_seconds() -> float:
    """Return the processor time of this process and its descendants, which must be alive."""
    own = psutil.Process()
    total = 0.0
    for process in [own, *own.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total
