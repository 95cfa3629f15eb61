"""Copies of shared files that this machine keeps for a while, in a bounded folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

MOST_BYTES = 4 * 2**30
"""A machine's copies; what is in use stays readable when it goes."""

_own: Path | None = None


class Cache:
    """A folder of copies, those not asked for longest gone first.

    A copy's name must say what it holds (a digest): another content is another name.  Whoever
    reads a copy checks what it holds, and drops one that is not what it should be.

    Parameters
    ----------
    folder
        Made with the first copy; it may go at any time.
    most_bytes
        What all copies may take together.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def file(self, name: str, size: int, fetch: Callable[[Path], None]) -> Path:
        """Return the path of a copy; fetch it if there is none, or one of another size.

        Parameters
        ----------
        name
            With ``/`` between parts.
        size
            Bytes that it has.
        fetch
            Writes the copy to a path, whole or not at all.
        """
        path = self._folder / name
        try:
            if path.stat().st_size == size:
                os.utime(path)
                return path
        except FileNotFoundError:
            pass  # never fetched, or gone since
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fetch(path)
        self._trim(path)
        return path

    def drop(self, name: str) -> None:
        """Let a copy go."""
        (self._folder / name).unlink(missing_ok=True)

    def _trim(self, kept: Path) -> None:
        """Let the oldest copies go until the rest fits; the newest stays in any case."""
        found = []
        for path in self._folder.rglob("*"):
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue
            if not path.is_dir() and path != kept:
                found.append((status.st_mtime_ns, status.st_size, path))
        left = sum(size for _, size, _ in found) + kept.stat().st_size
        for _, size, path in sorted(found):
            if left <= self._most_bytes:
                break
            path.unlink(missing_ok=True)
            left -= size


def cache_in(home: Path) -> None:
    """Say which home this process keeps its copies in."""
    global _own  # noqa: PLW0603 - tasks are handed no settings; a process has one home
    _own = home


def shared_cache() -> Cache:
    """Return the copies of this process's home, or of the one that the environment names."""
    return Cache(own_folder("cache"))


def own_folder(name: str) -> Path:
    """Return a folder of this process's home, made or not, for this machine's own things."""
    from appliance.core.settings import default_home  # slow, and a model in memory has no use

    return (_own or default_home()) / name
