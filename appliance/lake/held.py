"""Snapshots that stay open between reads: a version is opened once for all that look at it.

A page asks for the same few tables many times, and opening one reads its whole log.  What is
held is the newest version as long as the log and its last commit are as they were and no next
commit lies beside it: commits are numbered without gaps, so a look at one name tells.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, Protocol, TypeVar

from appliance.lake.place import Place

_MOST = 64
"""Tables that are held open at once."""


class _Opened(Protocol):
    @property
    def version(self) -> int: ...


_Snapshot = TypeVar("_Snapshot", bound=_Opened)


class _Held(NamedTuple):
    log: Hashable
    commit: Hashable
    snapshot: Any

    def is_newest(self, place: Place, log: Hashable) -> bool:
        """Whether the table is as it was when it was opened."""
        return self.log == log and self.commit == place.commit_mark(self.snapshot.version)


_held: OrderedDict[tuple[Place, tuple[str, ...]], _Held] = OrderedDict()
_lock = threading.Lock()


def newest(
    place: Place, partitions: tuple[str, ...], opened: Callable[[], _Snapshot]
) -> _Snapshot:
    """Return a table's newest version, opened anew only if there is a newer one.

    Parameters
    ----------
    place, partitions
        The table's.
    opened
        Opens the newest version.
    """
    key, log = (place, partitions), place.log_mark()
    with _lock:
        found = _held.get(key)
    if found is not None and found.is_newest(place, log):
        held: _Snapshot = found.snapshot
        return held
    snapshot = opened()
    commit = place.commit_mark(snapshot.version) if snapshot.version >= 0 else None
    with _lock:
        _held.pop(key, None)
        # Seen before it was opened: what was committed in between makes it older.
        if commit is not None:
            _held[key] = _Held(log, commit, snapshot)
        while len(_held) > _MOST:
            _held.popitem(last=False)
    return snapshot
