"""The log files of the processes: their last lines, and those that are still to come."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

_BLOCK = 65_536
_LOOK = 0.25
_STAMP = len("2026-03-01 08:00:00,000")


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


def search(paths: Mapping[Path, str], words: Collection[str]) -> list[tuple[str, str]]:
    """Return the lines that hold one of some identifiers, from all files, as they were written.

    Parameters
    ----------
    paths
        Names of the files; what was rotated out of one is read too.

    Returns
    -------
    list of tuple of str and str
        Name of the file and line.
    """
    parts = "|".join(re.escape(word) for word in words)
    wanted = re.compile(rf"(?<![\w.-])(?:{parts})(?![\w.-])")
    found = []
    for path, name in paths.items():
        last = ""
        for line in _whole(path):
            last = _moment(line) or last
            if wanted.search(line):
                found.append((last, name, line))
    return [(name, line) for _, name, line in sorted(found, key=lambda one: one[0])]


def _whole(path: Path) -> Iterator[str]:
    """Yield the lines of a file, what was rotated out of it first."""
    rotated = [one for one in path.parent.glob(f"{path.name}.*") if one.suffix[1:].isdigit()]
    for one in [*sorted(rotated, key=lambda each: -int(each.suffix[1:])), path]:
        try:
            with one.open("r", encoding="utf-8", errors="replace") as file:
                yield from (line.rstrip("\n") for line in file)
        except OSError:
            continue  # it went away meanwhile, or there is none yet


def _moment(line: str) -> str:
    """Return when a line was written, so that texts sort as they passed; empty if unknown."""
    try:
        if line.startswith("{"):
            at = datetime.fromisoformat(str(json.loads(line)["time"]))
        else:
            at = datetime.fromisoformat(line[:_STAMP].replace(",", ".")).astimezone()
    except (ValueError, KeyError, TypeError):
        return ""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


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
