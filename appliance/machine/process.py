"""What there is to know of a process that is supervised."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import appliance

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


def program(home: Path, module: str) -> tuple[tuple[str, ...], Path]:
    """Return the command that runs a module of ours for a home, and where it is started."""
    root = Path(appliance.__file__).parents[1]
    if root.name == "site-packages":
        # Isolated: deaf to the variables by which another Python of the user would leak in.
        command, folder = [sys.executable, "-I"], home
    else:
        command, folder = [sys.executable], root
    return (*command, "-m", module, "--home", str(home)), folder
