"""Folders that go with the process that made them; if it is killed, the next one sweeps."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]

SHORT = Path("/tmp")  # noqa: S108 - mkdtemp makes folders 0700
"""Where sockets may stand: the path of one has 107 characters at most."""


def new_scratch(prefix: str, root: Path | None = None) -> Path:
    """Make a folder closed to other users, and sweep what processes that are gone left.

    Parameters
    ----------
    prefix
        Says what it is for, in letters.
    root
        Where it stands; the system's temporary folder if None.
    """
    root = root or Path(tempfile.gettempdir())
    for left in root.glob(f"{prefix}-*-*"):
        process = left.name.removeprefix(f"{prefix}-").partition("-")[0]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}-{os.getpid()}-", dir=root))


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """Give a folder for as long as something is done; see `new_scratch`."""
    made = new_scratch(prefix)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
