"""Looks that need not be repeated while nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from appliance.core.db import Database

Found = TypeVar("Found")


class Quiet:
    """Repeats a look that found nothing only when something was written since.

    What is looked for must depend on nothing but the database.  A database that cannot tell
    whether anything was written is looked into each time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._nothing_at: int | None = None

    def look(self, find: Callable[[], Found | None]) -> Found | None:
        """Return what there is, if anything."""
        # Asked before the look: what is written meanwhile is seen by the next one.
        stamp = self._database.stamp()
        if stamp is not None and stamp == self._nothing_at:
            return None
        found = find()
        self._nothing_at = stamp if found is None else None
        return found
