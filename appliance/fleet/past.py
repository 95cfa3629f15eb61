"""A machine's past that no task could hold: stretches that stand for it, and all the others.

A model is learned from stretches spread over the whole past, and its level from what lies
between them, judged piece by piece, so that memory is that of a piece however long the past
is.  What is between was not learned from, as new readings will not have been (split conformal
prediction, Papadopoulos et al. 2002, doi:10.1007/3-540-36755-1_29).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import polars as pl

from appliance.calendar.masks import Masks
from appliance.fleet.chunks import AssetRows, Chunk, Columns, assets_of
from appliance.fleet.series import Mask, micro

MOST_CELLS = 12_000_000
"""Readings × columns of one machine up to which all are learned from."""
_LEAST_ROWS = 50_000
"""Learned from however many columns there are."""
_MOST_BESIDE = 4_000_000
"""Rows by which a level is learned: 46 days of seconds."""
_STRETCHES = 16
_MARKS = 65_536
_GOLDEN = 0.6180339887498949
"""Multiples of it, less whole numbers, are spread evenly: no stretch begins at the same time
of day as the others (Weyl, 1916, doi:10.1007/BF01475864)."""
_INSTANT = timedelta(microseconds=1)


class Range(NamedTuple):
    """Half-open time range."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Past:
    """Where a long past lies, and what of it is for what.

    Attributes
    ----------
    chunk
        All of it.
    learned
        Stretches that are learned from, in order.
    beside
        Pieces of what lies between them, in order.
    end
        One microsecond past the last reading.
    """

    chunk: Chunk
    learned: tuple[Range, ...]
    beside: tuple[Range, ...]
    end: datetime

    def sample(self, columns: Columns) -> pl.DataFrame:
        """Return the rows that are learned from."""
        return pl.concat(self.chunk.between(*one).read(columns.names) for one in self.learned)

    def pieces(
        self, columns: Columns, masks: Masks, before: timedelta, after: timedelta
    ) -> Iterator[Piece]:
        """Yield piece after piece of what was not learned from.

        Parameters
        ----------
        masks
            As for `assets_of`.
        before, after
            How far rows around a piece bear on what is said of it.
        """
        asset = str(self.chunk.sole)
        for start, end in self.beside:
            low = masks.before(asset, start, before)
            high = masks.after(asset, end - _INSTANT, after) + _INSTANT
            frame = self.chunk.between(low, high).read(columns.names)
            for found in assets_of(frame, columns, masks):
                times = found.rows.times
                inside = (times >= micro(start)) & (times < micro(end))
                yield Piece(found, inside, goes_on=high < self.end)
            del frame


class Piece(NamedTuple):
    """Rows of a piece and those around it.

    Attributes
    ----------
    inside
        Which of the rows are the piece's.
    goes_on
        There are readings after these.
    """

    found: AssetRows
    inside: Mask
    goes_on: bool


def past_of(chunk: Chunk, columns: Columns, most_cells: int = MOST_CELLS) -> Past | None:
    """Return how a chunk is read piece by piece; None where all of it is learned from.

    Parameters
    ----------
    most_cells
        Readings × columns that are learned from whole.
    """
    rows = max(most_cells // max(len(columns.names), 1) // 2, _LEAST_ROWS)
    if chunk.rows <= 2 * rows or chunk.sole is None:
        return None
    every = max(chunk.rows // _MARKS, 1)
    marks = chunk.marks(every).to_list()
    taken = _spread(len(marks) - 1, rows // every)
    most = min(_MOST_BESIDE / every / max(_between(taken), 1), 1.0)
    beside = _cut(taken, most, rows // every)
    end = marks.pop() + _INSTANT
    marks.append(end)
    return Past(
        chunk,
        tuple(Range(marks[start], marks[stop]) for start, stop in taken),
        tuple(Range(marks[start], marks[stop]) for start, stop in beside),
        end,
    )


def _spread(length: int, size: int) -> list[tuple[int, int]]:
    """Return stretches that have so many marks together, the first and last at the ends."""
    each = max(size // _STRETCHES, 1)
    found = []
    for number in range(_STRETCHES):
        first, stop = (length * edge // _STRETCHES for edge in (number, number + 1))
        room = stop - first - each
        part = (number * _GOLDEN) % 1.0 if number < _STRETCHES - 1 else 1.0
        start = first + int(part * room)
        found.append((start, start + each))
    return found


def _between(taken: Sequence[tuple[int, int]]) -> int:
    return sum(after[0] - before[1] for before, after in pairwise(taken))


def _cut(
    taken: Sequence[tuple[int, int]], part: float, longest: int
) -> Iterator[tuple[int, int]]:
    """Yield pieces of a part of what lies between stretches."""
    for before, after in pairwise(taken):
        length = int((after[0] - before[1]) * part)
        count = max(-(-length // longest), 1)
        edges = [before[1] + length * number // count for number in range(count + 1)]
        yield from ((low, high) for low, high in pairwise(edges) if low < high)
