"""Files written for a commit that has not happened yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

import polars as pl

from appliance.core.errors import StorageError
from appliance.lake import layout
from appliance.lake.layout import DataFile, Partition
from appliance.lake.table import Table

FOLD_CELLS = 4_000_000
"""Files of this many cells stay as they are: 32 MB, read in a fraction of a second."""
_FOLD_FILES = 3
"""Fewer small files than this are left as they are."""


@dataclass(frozen=True)
class Draft:
    """What a commit changes in one partition."""

    adds: tuple[DataFile, ...] = ()
    removes: tuple[DataFile, ...] = ()


D = TypeVar("D", bound=Draft)


class Drafts(Generic[D]):
    """The drafts of one commit; one whose sources still stand is not written again.

    Parameters
    ----------
    table
        Where the files are written.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._drafts: dict[Partition, tuple[tuple[str, ...], D]] = {}
        self._written: dict[str, DataFile] = {}

    def draft(
        self, partition: Partition, sources: Sequence[DataFile], make: Callable[[], D]
    ) -> D:
        """Return a partition's draft, made anew only if it was made from other files.

        Parameters
        ----------
        sources
            The table's files that the draft depends on.
        """
        paths = tuple(file.path for file in sources)
        made = self._drafts.get(partition)
        if made is not None and made[0] == paths:
            return made[1]
        if made is not None:
            # The commit that would have named them did not happen.
            own = [f.path for f in made[1].adds if self._written.pop(f.path, None) is not None]
            self._table.place.remove(own)
        draft = make()
        self._drafts[partition] = (paths, draft)
        return draft

    def all(self) -> list[D]:
        """Return the drafts in force."""
        return [draft for _, draft in self._drafts.values()]

    def write(self, frame: pl.DataFrame, partition: Partition) -> DataFile:
        """Write a file that `discard` will know of."""
        file = layout.write(frame, self._table.place, partition)
        self._written[file.path] = file
        return file

    def read(
        self, files: Sequence[DataFile], columns: dict[str, pl.DataType]
    ) -> list[pl.DataFrame]:
        """Read files of the table."""
        return layout.read([self._table.location(file) for file in files], columns)

    def discard(self) -> None:
        """Delete what was written for a commit that failed or was not needed."""
        with suppress(StorageError):
            # An unreadable table cannot tell what it holds: `clean` finds them some day.
            self._table.discard(list(self._written.values()))


def foldable(files: Sequence[DataFile], rows: int, width: int) -> list[DataFile]:
    """Return the small files to be put together with new rows of the same partition.

    A file is folded once as many rows have gathered beside it, so that a row is written again
    only as often as its file doubles, and a partition keeps a handful of files however small
    the appends are.

    Parameters
    ----------
    files
        The partition's.
    rows, width
        Rows that come, and columns of the table.
    """
    chosen: list[DataFile] = []
    for file in sorted(files, key=lambda file: (file.rows, file.path)):
        if file.rows > rows or (file.rows + rows) * width > FOLD_CELLS:
            break
        chosen.append(file)
        rows += file.rows
    return chosen if len(chosen) >= _FOLD_FILES else []
