"""A side in a fresh process, and the peak memory of all processes that it started."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[2]
_EVERY_SECONDS = 0.1
_MB = 2**20


class SideFailed(Exception):
    """A side ended with an error; the text is what it said."""


@dataclass(frozen=True)
class Measured:
    """What one run of a side gave.

    Attributes
    ----------
    seconds
        Of the work, without imports and the start of workers.
    start_seconds
        Of importing, starting workers and making them ready.
    cpu_seconds
        Processor time of the work, over all processes: what other users of the machine
        change least.
    peak_mb
        Highest sum over the process and all its descendants.
    facts
        Everything else that the side returned.
    """

    seconds: float
    start_seconds: float
    cpu_seconds: float
    peak_mb: float
    facts: dict[str, Any]


def run(side: str, **given: Any) -> Measured:
    """Run a side, ``MODULE:FUNCTION`` below ``benchmarks.sides``, in a fresh process.

    Raises
    ------
    SideFailed
        It did not come to its end.
    """
    command = [sys.executable, "-m", "benchmarks.harness.side", f"benchmarks.sides.{side}"]
    with subprocess.Popen(
        [*command, json.dumps(given)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        sampler = _Sampler(process.pid)
        sampler.start()
        out, told = process.communicate()
        sampler.stop()
    if process.returncode:
        raise SideFailed(f"{side} failed:\n{told[-4000:]}")
    facts: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    peak = max(sampler.peak_mb, float(facts.pop("own_peak_mb")))
    seconds, started, cpu = (
        float(facts.pop(name, 0.0)) for name in ("seconds", "start_seconds", "cpu_seconds")
    )
    return Measured(seconds, started, cpu, peak, facts)


class _Sampler(threading.Thread):
    """Adds up the memory of a process tree, again and again, and keeps the highest sum."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_mb = 0.0
        self._root = psutil.Process(pid)
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            self.peak_mb = max(self.peak_mb, tree_mb(self._root))

    def stop(self) -> None:
        """End sampling."""
        self._ended.set()
        self.join()


def tree_mb(root: psutil.Process) -> float:
    """Return the memory of a process and its descendants; shared pages count once."""
    try:
        members = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0.0
    return sum(map(process_bytes, members)) / _MB


def process_bytes(process: psutil.Process) -> int:
    """Return the memory of a process; what it shares with others counts in parts."""
    try:
        text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    except OSError:
        return _resident_bytes(process)
    line = next((row for row in text.splitlines() if row.startswith("Pss:")), "")
    return int(line.split()[1]) * 1024 if line else 0


def _resident_bytes(process: psutil.Process) -> int:
    """Where the system tells no proportional share, or the process has just ended."""
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
