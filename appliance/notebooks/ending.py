"""Ends processes with all that they started, whatever session those are in."""

from __future__ import annotations

import ctypes
import sys

import psutil  # type: ignore[import-untyped]

_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """Become the parent of what descendants leave behind, so that nothing escapes the end."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end(process: int, seconds: float = 0.0) -> None:
    """End a process and its descendants.

    A kernel has a session of its own: a signal to the group of whoever started it does not
    reach it.

    Parameters
    ----------
    process
        Its number.
    seconds
        How long it may take to end by itself; it is killed after that.
    """
    try:
        root = psutil.Process(process)
        found = [root, *root.children(recursive=True)]
        if seconds > 0:
            root.terminate()
            psutil.wait_procs([root], seconds)
            found += root.children(recursive=True) if root.is_running() else []
    except psutil.NoSuchProcess:
        return
    for one in found:
        _kill(one)
    psutil.wait_procs(found, 5)


def end_children() -> None:
    """Kill every descendant of this process."""
    found = psutil.Process().children(recursive=True)
    for one in found:
        _kill(one)
    psutil.wait_procs(found, 5)


def _kill(one: psutil.Process) -> None:
    try:
        one.kill()
    except psutil.NoSuchProcess:
        return
