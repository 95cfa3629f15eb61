"""Snapshots that stay open between reads: a version is opened once for all that look at it.

A page asks for the same few tables many times, and opening one reads its whole log.  What is
held is the newest version as long as the log's folder and last commit are as they were and no
next commit lies beside it: commits are numbered without gaps, so a look at one name tells.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

LOG = "_delta_log"
_MOST = 64
"""Tables that are held open at once."""
_State = tuple[int, int, int] | None


class _Opened(Protocol):
    @property
    def version(self) -> int: ...


_Snapshot = TypeVar("_Snapshot", bound=_Opened)


class _Held(NamedTuple):
    folder: _State
    commit: _State
    snapshot: Any

    def is_newest(self, root: Path, folder: _State) -> bool:
        """Whether the table is as it was when it was opened."""
        after = _commit(root, self.snapshot.version + 1)
        return (
            self.folder == folder
            and self.commit == _state(_commit(root, self.snapshot.version))
            and not after.exists()
        )


_held: OrderedDict[tuple[Path, tuple[str, ...]], _Held] = OrderedDict()
_lock = threading.Lock()


def newest(
    root: Path, partitions: tuple[str, ...], opened: Callable[[], _Snapshot]
) -> _Snapshot:
    """Return a table's newest version, opened anew only if there is a newer one.

    Parameters
    ----------
    root, partitions
        The table's.
    opened
        Opens the newest version.
    """
    key, folder = (root, partitions), _state(root / LOG)
    with _lock:
        found = _held.get(key)
    if found is not None and found.is_newest(root, folder):
        held: _Snapshot = found.snapshot
        return held
    snapshot = opened()
    with _lock:
        _held.pop(key, None)
        # Seen before it was opened: what was committed in between makes it older.
        if folder is not None and snapshot.version >= 0:
            _held[key] = _Held(folder, _state(_commit(root, snapshot.version)), snapshot)
        while len(_held) > _MOST:
            _held.popitem(last=False)
    return snapshot


def _commit(root: Path, version: int) -> Path:
    return root / LOG / f"{version:020}.json"


def _state(path: Path) -> _State:
    """Return what tells one state of a file or folder from another; None if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
