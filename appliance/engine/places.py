"""Which replicas of a work there are, as Serve's router of this process knows.

Kept apart from the router: Serve copies that one, and all that stands beside it, by value.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

Tell = Callable[[frozenset[str]], None]

WAITING = "waiting"
"""Among a replica's figures: how many are, or wait to be, worked on, on average."""

_lock = threading.Lock()
_known: dict[str, frozenset[str]] = {}
_heard: dict[str, list[Tell]] = {}


def publish(name: str, places: frozenset[str]) -> None:
    """Say which replicas a work has now."""
    with _lock:
        _known[name] = places
        for tell in _heard.get(name, ()):
            tell(places)


def follow(name: str, tell: Tell) -> Callable[[], None]:
    """Be told of the replicas of a work, now and whenever they change.

    Returns
    -------
    Callable
        Ends it.
    """
    with _lock:
        _heard.setdefault(name, []).append(tell)
        tell(_known.get(name, frozenset()))

    def end() -> None:
        with _lock:
            _heard[name].remove(tell)

    return end
