"""How long a name must wait after failed logins: not at first, then twice as long each time."""

from __future__ import annotations

from datetime import timedelta

FREE = 4
"""Failures in a row that cost nothing."""
FIRST = timedelta(seconds=30)
LONGEST = timedelta(minutes=15)
FORGOTTEN = timedelta(days=1)
"""Failures this old no longer count."""


def delay(failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row."""
    beyond = failures - FREE - 1
    if beyond < 0:
        return timedelta(0)
    doubled: timedelta = FIRST * 2 ** min(beyond, 16)
    return min(doubled, LONGEST)
