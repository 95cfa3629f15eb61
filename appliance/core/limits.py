"""What this process may use: the share of the machine that its container was given."""

from __future__ import annotations

import math
import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def cores(root: Path = ROOT) -> int:
    """Return how many threads can run at once here, at least one.

    Parameters
    ----------
    root
        Where control groups are mounted.
    """
    try:
        known = len(os.sched_getaffinity(0))
    except AttributeError:  # no Linux
        known = os.cpu_count() or 1
    given = _quota(root)
    return known if given is None else max(min(known, math.ceil(given)), 1)


def memory_limit(root: Path = ROOT) -> int | None:
    """Return the bytes that this container may use; None where nobody set a limit."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        found = _number(root / name)
        if found is not None and found < 2**60:
            return int(found)
    return None


def _quota(root: Path) -> float | None:
    """Return the processors that a container may use, in whole and parts; None for all."""
    try:
        quota, period = (root / "cpu.max").read_text("ascii").split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        pass  # control groups of version 1, or none
    found = _number(root / "cpu" / "cpu.cfs_quota_us")
    period_us = _number(root / "cpu" / "cpu.cfs_period_us")
    return found / period_us if found and period_us and found > 0 else None


def _number(path: Path) -> float | None:
    try:
        return float(path.read_text("ascii"))
    except (OSError, ValueError):
        return None
