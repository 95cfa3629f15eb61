"""What there is to know of a process that is supervised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

READY = frozenset({"ready", "asleep", "waking"})
"""States of a process that does its work, or does it as soon as there is some."""


@dataclass(frozen=True)
class Process:
    """One process that runs for as long as the appliance does.

    Attributes
    ----------
    role
        What it is called in status, logs and settings.
    command
        Program and arguments.
    folder
        Where it is started.
    ready
        Whether the process with some number does its work by now.
    stop_seconds
        How long it may take to end, before it is killed.
    word
        What it is called while it is ready; one of `READY`.
    """

    role: str
    command: tuple[str, ...]
    folder: Path
    ready: Callable[[int], bool]
    stop_seconds: int = 15
    word: Callable[[], str] = lambda: "ready"
