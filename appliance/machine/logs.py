"""The log files of the processes: their last lines, and those that are still to come."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

_BLOCK = 65_536
_LOOK = 0.25


def tail(path: Path, lines: int) -> list[str]:
    """Return the last lines of a file, however long it is; none of one that is not there."""
    try:
        with path.open("rb") as file:
            left, blocks = file.seek(0, os.SEEK_END), list[bytes]()
            while left > 0 and sum(block.count(b"\n") for block in blocks) <= lines:
                size = min(left, _BLOCK)
                left -= size
                file.seek(left)
                blocks.insert(0, file.read(size))
    except OSError:
        return []
    found = b"".join(blocks).decode("utf-8", "replace").splitlines()
    return found[-lines:] if lines else []


def follow(paths: Sequence[Path], ended: threading.Event) -> Iterator[tuple[Path, str]]:
    """Yield what is added to some files until it is to end; rotation is followed."""
    readers = [_Reader(path) for path in paths]
    while True:
        last = ended.is_set()
        for reader in readers:
            for line in reader.new():
                yield reader.path, line
        if last:
            return
        ended.wait(_LOOK)


class _Reader:
    """Where one is in a file that grows and is at times replaced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rest = b""
        try:
            found = path.stat()
            self._place, self._inode = found.st_size, found.st_ino
        except OSError:
            self._place = self._inode = 0

    def new(self) -> list[str]:
        try:
            with self.path.open("rb") as file:
                found = os.fstat(file.fileno())
                if found.st_ino != self._inode or found.st_size < self._place:
                    self._place, self._inode, self._rest = 0, found.st_ino, b""
                file.seek(self._place)
                text = file.read()
        except OSError:
            return []  # in the moment of a rotation
        self._place += len(text)
        *lines, self._rest = (self._rest + text).split(b"\n")
        return [line.decode("utf-8", "replace") for line in lines]
