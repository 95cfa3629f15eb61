"""Digests of files, each made while the file before it is brought in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from appliance.intake.sources.files.stream import digest


def digests(paths: Sequence[Path]) -> Iterator[Callable[[], str]]:
    """Yield for each file in turn what returns its digest.

    It is made anew where the file was changed since: what is read next decides, not what
    stood there a file ago.  What asks may raise OSError.
    """
    with ThreadPoolExecutor(1, "kizashi-digest") as beside:
        following = [beside.submit(_stamped, path) for path in paths[:1]]
        for number, path in enumerate(paths):
            made = following.pop()
            following = [beside.submit(_stamped, after) for after in paths[number + 1 :][:1]]

            def ask(path: Path = path, made: Future[tuple[_Stamp, str]] = made) -> str:
                stamp, found = made.result()
                return found if stamp == _stamp(path) else digest(path)

            yield ask


_Stamp = tuple[int, int, int]


def _stamped(path: Path) -> tuple[_Stamp, str]:
    return _stamp(path), digest(path)


def _stamp(path: Path) -> _Stamp:
    state = path.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns
