"""A machine's past that no task could hold: stretches that stand for it, and all the others.

A model is learned from stretches spread over the whole past, and its level from what lies
between them, judged piece by piece, so that memory is that of a piece however long the past
is.  What is between was not learned from, as new readings will not have been (split conformal
prediction, Papadopoulos et al. 2002, doi:10.1007/3-540-36755-1_29).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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


class Around(NamedTuple):
    """How far the rows before and after a piece bear on what is said of it."""

    before: timedelta
    after: timedelta


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
    days
        All of it, in pieces of whole days.
    """

    chunk: Chunk
    learned: tuple[Range, ...]
    beside: tuple[Range, ...]
    days: tuple[Range, ...]

    @property
    def asset(self) -> str:
        """The machine."""
        return str(self.chunk.sole)

    def sample(self, columns: Columns, masks: Masks | None = None) -> AssetRows:
        """Return the rows that are learned from."""
        frames = [self.chunk.between(*one).read(columns.names) for one in self.learned]
        [found] = assets_of(pl.concat(frames), columns, masks)
        return found

    def pieces(
        self, ranges: Sequence[Range], columns: Columns, masks: Masks, around: Around
    ) -> Iterator[Piece]:
        """Yield the rows of one range after the other; only those of one lie in memory."""
        for start, end in ranges:
            low = masks.before(self.asset, start, around.before)
            high = masks.after(self.asset, end - _INSTANT, around.after) + _INSTANT
            frame = self.chunk.between(low, high).read(columns.names)
            for found in assets_of(frame, columns, masks):
                times = found.rows.times
                inside = (times >= micro(start)) & (times < micro(end))
                yield Piece(found, inside, goes_on=high < self.days[-1].end)
            del frame


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
    marks[-1] += _INSTANT
    taken = _spread(len(marks) - 1, rows // every)
    part = min(_MOST_BESIDE / every / max(_between(taken), 1), 1.0)

    def ranges(places: Iterable[tuple[int, int]]) -> tuple[Range, ...]:
        return tuple(Range(marks[start], marks[stop]) for start, stop in places)

    beside = ranges(_cut(taken, part, rows // every))
    return Past(chunk, ranges(taken), beside, tuple(_days(marks, rows // every)))


def learnable(
    chunk: Chunk, columns: Columns, masks: Masks | None = None, past: Past | None = None
) -> Iterator[AssetRows]:
    """Yield the rows of each machine of a chunk that are learned from.

    One bucket of machines lies in memory at a time, or of a long past its stretches.

    Parameters
    ----------
    past
        What `past_of` returned.
    """
    if past is not None:
        yield past.sample(columns, masks)
        return
    for part in chunk.parts(columns.names):
        yield from assets_of(part, columns, masks)
        del part


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


def _days(marks: Sequence[datetime], longest: int) -> Iterator[Range]:
    """Yield ranges of whole days that have so many marks at most, or of one day."""
    borders = [
        number
        for number in range(1, len(marks))
        if marks[number].date() != marks[number - 1].date()
    ]
    first, start = 0, marks[0]
    for border, after in pairwise([*borders, len(marks)]):
        if after - first > longest:
            midnight = marks[border].replace(hour=0, minute=0, second=0, microsecond=0)
            yield Range(start, midnight)
            first, start = border, midnight
    yield Range(start, marks[-1])
