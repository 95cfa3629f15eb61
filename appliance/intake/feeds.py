"""Sources of others: a class that is asked again and again for what came since.

Packages add them by the entry-point group ``kizashi.sources`` (name → subclass of `Feed`).
What every one of them must do is tested by `appliance.intake.checks`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import polars as pl

from appliance.core.errors import KizashiError, SourceError

GROUP = "kizashi.sources"


@dataclass(frozen=True)
class Batch:
    """What came.

    Attributes
    ----------
    frame
        A row a reading: a column of times, one of machines unless there is one alone, one a
        sensor; empty if nothing came.
    cursor
        Where the next look begins once they are in, as plain JSON.
    more
        Whether there may be more already.
    """

    frame: pl.DataFrame
    cursor: Mapping[str, Any]
    more: bool = False


class Feed(ABC):
    """A source of readings.

    Made with the options that were said, by name; a password comes as `password`.  It keeps
    nothing: where it goes on is in the cursor, which is kept when what came is in.  Cut off
    anywhere it is asked again from an earlier cursor; what then comes again adds nothing twice.
    """

    @abstractmethod
    def read(self, cursor: Mapping[str, Any], rows: int) -> Batch:
        """Return what came since a cursor, which is empty at first.

        Parameters
        ----------
        rows
            At most so many.

        Raises
        ------
        SourceError
            The source does not answer, or not as it should.
        """

    def close(self) -> None:
        """Hang up; nothing to do unless a feed says otherwise."""
        return


def feeds() -> dict[str, EntryPoint]:
    """Return the feeds of installed packages, by name."""
    return {one.name: one for one in sorted(entry_points(group=GROUP), key=lambda e: e.name)}


def made(name: str, options: Mapping[str, Any]) -> Feed:
    """Return a feed.

    Raises
    ------
    SourceError
        No installed package has it, or it cannot be made of these options.
    """
    found = feeds().get(name)
    if found is None:
        there = ", ".join(feeds()) or "none"
        raise SourceError(
            f"no installed package has a source {name!r}.", remedy=f"There are: {there}."
        )
    try:
        feed = found.load()(**options)
    except KizashiError:
        raise
    except Exception as error:
        raise SourceError(
            f"the source {name} cannot be made: {type(error).__name__}: {error}.",
            remedy="Look at its options, and at its package.",
        ) from error
    if not isinstance(feed, Feed):
        raise SourceError(f"{found.value} ({name}) is no appliance.intake.feeds.Feed.")
    return feed
