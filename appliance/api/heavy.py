"""Work that keeps a processor busy for seconds while somebody waits: little of it at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from appliance.core.errors import TryAgain

_AT_ONCE = 2
_PATIENCE = 2.0
"""Seconds that one waits for room: a waiting request holds a thread."""
_room = threading.BoundedSemaphore(_AT_ONCE)


@contextmanager
def heavy() -> Iterator[None]:
    """Do such work.

    Raises
    ------
    TryAgain
        Enough of it is going on.
    """
    if not _room.acquire(timeout=_PATIENCE):
        raise TryAgain(
            "others are having something worked out.", remedy="Ask again in a few seconds."
        )
    try:
        yield
    finally:
        _room.release()
