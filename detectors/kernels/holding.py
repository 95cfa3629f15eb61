"""How often columns of readings change, and how long they hold a value.

Rows are looked at some thousand at a time, so that what is told of one column may depend on
what all of them do, without anything being kept for each row.  Missing values equal nothing,
themselves included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import float32, float64, int32, int64, njit, types, void

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Indices, between

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 2_048
_ROOM = 256
_ENDLESS = np.iinfo(np.int64).max

# What is kept of a column from one block of rows to the next.
_RUN, _WITHIN = 0, 1  # rows of the run that goes on, and busy ones of them
_LONG, _BUSY = 2, 3  # how many either may be
_TURNS = 4  # changes in the block
_KNOWN = 5  # different values so far
_STATE = 6

_f2 = types.Array(float32, 2, "C", readonly=True)
_d2 = types.Array(float64, 2, "C", readonly=True)


class Changing(NamedTuple):
    """What `changing` counts.

    Attributes
    ----------
    changes
        Rows of each column whose value is not that of the row before, shape (n_columns,).
    runs
        Runs of one value in each column, missing ones left out, shape (n_columns,).
    together
        Rows, from the second on, in which so many columns change, shape (n_columns + 1,).
    """

    changes: Indices
    runs: Indices
    together: Indices


class Held(NamedTuple):
    """What `held` measures, each of shape (n_columns,).

    Attributes
    ----------
    values
        Different values, counted up to a number.
    longest
        Rows of the longest run of a value, or of one that is so many places behind it; -1
        where there are not so many runs.
    busiest
        The same of the runs' busy rows alone.
    """

    values: Indices
    longest: Indices
    busiest: Indices


# ---------------------------------------------------------------- a block of rows
@njit(cache=True, nogil=True)
def _count(near: Array, moved: Array) -> tuple[int, int]:
    """Count changes, by row too, and those of them that end a run of a known value."""
    changed = ended = 0
    for i in range(len(near) - 1):
        new = near[i + 1] != near[i]
        changed += new
        ended += new & (near[i] == near[i])
        moved[i] += new
    return changed, ended


@njit(cache=True, nogil=True)
def _busy(values: Array, begin: int, size: int, needed: int, busy: Array, state: Array) -> None:
    """Mark rows in which as many columns change as needed; count each column's changes."""
    for i in range(size):
        busy[i] = 0
    for c in range(len(values)):
        state[c, _TURNS], _ = _count(values[c, begin - 1 : begin + size], busy)
    for i in range(size):
        busy[i] = busy[i] >= needed


@njit(cache=True, nogil=True)
def _next(x: Array, begin: int, at: int, stop: int, busy: Array, state: Array) -> int:
    """Go on to the row after a run of a known value that is longer than a limit."""
    length, within, longest, busiest = state[_RUN], state[_WITHIN], state[_LONG], state[_BUSY]
    for i in range(at, stop):
        v = x[begin + i - 1]
        same = x[begin + i] == v
        # Whether a run ends is not to be guessed; whether it is a long one nearly always is.
        if (length > longest) | (within > busiest):
            if not same and v == v:
                state[_RUN], state[_WITHIN] = length, within
                return i
        length = (length & -int64(same)) + 1
        within = (within & -int64(same)) + busy[i]
    state[_RUN], state[_WITHIN] = length, within
    return stop


# ---------------------------------------------------------------- changes
@njit(
    [
        void(_f2, int64[::1], int64[::1], int64[::1], int32[::1]),
        void(_d2, int64[::1], int64[::1], int64[::1], int32[::1]),
    ],
    cache=True,
    nogil=True,
)
def _changing(
    values: Array, changes: Array, runs: Array, together: Array, moved: Array
) -> None:
    rows = values.shape[1]
    for begin in range(1, rows, _BLOCK):
        size = min(_BLOCK, rows - begin)
        for i in range(size):
            moved[i] = 0
        for c in range(len(values)):
            changed, ended = _count(values[c, begin - 1 : begin + size], moved)
            changes[c] += changed
            runs[c] += ended
        for i in range(size):
            together[moved[i]] += 1
    for c in range(len(values)):
        if rows > 0 and values[c, rows - 1] == values[c, rows - 1]:
            runs[c] += 1


def changing(values: NDArray[np.floating[Any]]) -> Changing:
    """Count how often columns change, and how many of them at once.

    Parameters
    ----------
    values
        Shape (n_columns, n_rows).
    """
    columns = _columns(values)
    changes, runs = np.zeros((2, len(columns)), np.int64)
    together = np.zeros(len(columns) + 1, np.int64)
    _changing(columns, changes, runs, together, np.empty(_BLOCK, np.int32))
    return Changing(changes, runs, together)


# ---------------------------------------------------------------- lengths of runs
@njit(cache=True, nogil=True)
def _note(length: int, top: Array) -> None:
    """Put a length among the greatest ones, which fall."""
    k = len(top)
    while k > 0 and top[k - 1] < length:
        if k < len(top):
            top[k] = top[k - 1]
        k -= 1
    if k < len(top):
        top[k] = length


@njit(cache=True, nogil=True)
def _seen(near: Array, seen: Array, count: int) -> int:
    """Add values to those seen before, until there is no room; return how many they are."""
    new = 0
    if count < len(seen):
        for v in near:
            new += v == v
        for k in range(count):
            for v in near:
                new -= v == seen[k]
    if new == 0:
        return count
    for v in near:
        if v != v:
            continue
        k = 0
        while k < count and seen[k] != v:
            k += 1
        if k == count:
            seen[k] = v
            count += 1
            if count == len(seen):
                break
    return count


@njit(
    [
        void(_f2, int64, int64[:, ::1], int64[:, :, ::1], float32[:, ::1], int32[::1]),
        void(_d2, int64, int64[:, ::1], int64[:, :, ::1], float64[:, ::1], int32[::1]),
    ],
    cache=True,
    nogil=True,
)
def _held(
    values: Array, needed: int, state: Array, top: Array, seen: Array, busy: Array
) -> None:
    count, rows = values.shape
    rank = top.shape[2]
    for begin in range(1, rows, _BLOCK):
        size = min(_BLOCK, rows - begin)
        _busy(values, begin, size, needed, busy, state)
        for c in range(count):
            own, tops, at = state[c], top[c], 0
            own[_KNOWN] = _seen(values[c, begin - 1 : begin + size], seen[c], own[_KNOWN])
            # Where every row is another, none but the run before it can be a longer one.
            stop = 1 if own[_TURNS] == size and min(own[_LONG], own[_BUSY]) > 0 else size
            while True:
                at = _next(values[c], begin, at, stop, busy, own)
                if at == stop:
                    break
                _note(own[_RUN], tops[0])
                _note(own[_WITHIN], tops[1])
                own[_LONG], own[_BUSY] = tops[0, rank - 1], tops[1, rank - 1]
                own[_RUN], own[_WITHIN] = 1, busy[at]
                at += 1
            if stop < size:
                own[_RUN], own[_WITHIN] = 1, busy[size - 1]
    for c in range(count):
        if rows > 0 and values[c, rows - 1] == values[c, rows - 1]:
            state[c, _KNOWN] = _seen(values[c, rows - 1 :], seen[c], state[c, _KNOWN])
            _note(state[c, _RUN], top[c, 0])
            _note(state[c, _WITHIN], top[c, 1])


def held(values: NDArray[np.floating[Any]], needed: int, rank: int, most: int) -> Held:
    """Measure how long columns hold a value.

    Parameters
    ----------
    values
        Shape (n_columns, n_rows).
    needed
        Columns that must change from a row to the next for that to be a busy one.
    rank
        Which of the longest runs is told of; 1 is the longest.
    most
        Different values that are counted.
    """
    columns = _columns(values)
    count = len(columns)
    state = _beginning(count, -1, -1)
    top = np.full((count, 2, between(rank, 1, None, "rank")), -1, np.int64)
    seen = np.empty((count, between(most, 1, None, "most")), columns.dtype)
    _held(columns, needed, state, top, seen, np.empty(_BLOCK, np.int32))
    return Held(state[:, _KNOWN], top[:, 0, -1], top[:, 1, -1])


# ---------------------------------------------------------------- runs that are too long
@njit(cache=True, nogil=True)
def _add(found: Array, count: int, column: int, stop: int, length: int) -> int:
    """Put a range among those found where there is room; return how many there are."""
    if count < len(found):
        found[count, 0], found[count, 1], found[count, 2] = column, stop - length, stop
    return count + 1


@njit(
    [
        int64(_f2, int64, int64[:, ::1], int64[:, ::1], int32[::1]),
        int64(_d2, int64, int64[:, ::1], int64[:, ::1], int32[::1]),
    ],
    cache=True,
    nogil=True,
)
def _beyond(values: Array, needed: int, state: Array, found: Array, busy: Array) -> int:
    rows, count = values.shape[1], 0
    for begin in range(1, rows, _BLOCK):
        size = min(_BLOCK, rows - begin)
        _busy(values, begin, size, needed, busy, state)
        for c in range(len(values)):
            own, at = state[c], 0
            # Where every row is another, none but the run before it can be a long one.
            stop = 1 if own[_TURNS] == size else size
            while True:
                at = _next(values[c], begin, at, stop, busy, own)
                if at == stop:
                    break
                count = _add(found, count, c, begin + at, own[_RUN])
                own[_RUN], own[_WITHIN] = 1, busy[at]
                at += 1
            if stop < size:
                own[_RUN], own[_WITHIN] = 1, busy[size - 1]
    for c in range(len(values)):
        own = state[c]
        known = rows > 0 and values[c, rows - 1] == values[c, rows - 1]
        if known and (own[_RUN] > own[_LONG] or own[_WITHIN] > own[_BUSY]):
            count = _add(found, count, c, rows, own[_RUN])
    return count


def beyond(
    values: NDArray[np.floating[Any]], needed: int, longest: Indices, busiest: Indices
) -> Indices:
    """Return runs of one value that are too long, shape (n_found, 3): column, start and stop.

    Parameters
    ----------
    values
        Shape (n_columns, n_rows).
    needed
        Columns that must change from a row to the next for that to be a busy one.
    longest, busiest
        Rows, and busy rows, that a run of a column may have; 0 for any number.

    Returns
    -------
    ndarray
        Half-open ranges, in no order.
    """
    columns = _columns(values)
    limits = [np.where(limit > 0, limit, _ENDLESS) for limit in (longest, busiest)]
    if any(limit.shape != (len(columns),) for limit in limits):
        raise InvalidInput(f"longest and busiest must have {len(columns)} entries each")
    busy, room = np.empty(_BLOCK, np.int32), _ROOM
    while True:
        found = np.empty((room, 3), np.int64)
        count = _beyond(columns, needed, _beginning(len(columns), *limits), found, busy)
        if count <= room:
            return np.asarray(found[:count])
        room = count


def _beginning(count: int, longest: Indices | int, busiest: Indices | int) -> NDArray[np.int64]:
    """Return what is known of each column at its first row."""
    state = np.zeros((count, _STATE), np.int64)
    state[:, _RUN] = 1
    state[:, _LONG], state[:, _BUSY] = longest, busiest
    return state


def _columns(values: NDArray[np.floating[Any]]) -> Array:
    kind = np.float32 if values.dtype == np.float32 else np.float64
    columns = np.ascontiguousarray(values, kind)
    if columns.ndim != 2:
        raise InvalidInput(f"values must have two dimensions, got {columns.ndim}")
    return columns
