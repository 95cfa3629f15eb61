"""What a full disk looks like, and how to be sure that something is on one."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_SYNCS = 16
_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WORDS = ("No space left", *(f"(os error {number})" for number in _NUMBERS))
"""Polars hands on the words of the system, not its numbers."""


def is_full(error: Exception) -> bool:
    """Whether a failed write says that there is no more space, or that a limit is reached."""
    if getattr(error, "errno", None) in _NUMBERS:
        return True
    return any(words in str(error) for words in _WORDS)


def to_disk(paths: Iterable[Path]) -> None:
    """Wait until files, and folders' lists of names, have reached the disk.

    Together, because a file system's journal takes many of them in one turn.
    """
    found = list(paths)
    if len(found) == 1:
        _to_disk(found[0])
        return
    with ThreadPoolExecutor(_SYNCS) as pool:
        list(pool.map(_to_disk, found))


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
