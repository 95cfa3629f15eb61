"""Runs of high surprise: hysteresis, merging, minimum length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

HOLD = 4
"""Rows that are not judged hold a stretch for this many times as long as calm rows do."""


class Rule(Protocol):
    """What turns rows of high surprise into stretches."""

    @property
    def release(self) -> float:
        """Share of the threshold below which a row is calm."""

    @property
    def merge_rows(self) -> int:
        """Calm rows that do not yet end a stretch."""

    @property
    def minimum_rows(self) -> int:
        """Fewest rows at or above the release that make a stretch."""


def find_stretches(
    surprise: ArrayLike,
    threshold: float,
    release: float,
    merge_rows: int,
    minimum_rows: int,
    *,
    positions: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Find the stretches in which surprise is high.

    A stretch begins with a row at or above `threshold` and goes on while rows are at or above
    ``release * threshold``.  Up to `merge_rows` calm rows in a row do not end it.  A row that
    is not judged (NaN) neither begins nor ends a stretch: up to ``HOLD * merge_rows`` of them
    between two high rows are bridged, longer silence ends it.  The last row of a stretch is
    its last one at or above the release; calm rows within do not count for `minimum_rows`.

    Parameters
    ----------
    surprise
        One asset's surprise in time order, shape (n_rows,); NaN where not judged.
    threshold
        Surprise at which a stretch begins; above 0.
    release
        Share of the threshold at which it is still held; in (0, 1].
    merge_rows, minimum_rows
        In rows.
    positions
        Rising numbers of the rows on an even grid, shape (n_rows,); numbers that are left out
        are rows that are not judged.

    Returns
    -------
    ndarray of shape (n_stretches, 2)
        First row and one past the last row of each, in order.

    Raises
    ------
    InvalidInput
        A parameter is out of its range.
    """
    check_rule(threshold, release, merge_rows)
    values = np.asarray(surprise, dtype=np.float64)
    high = np.flatnonzero(values >= release * threshold)
    calm, silent = _between(values, high, positions)
    ends = (calm > merge_rows) | (silent > HOLD * merge_rows)
    first, last = group_stretches(values[high] >= threshold, ends, minimum_rows)
    return np.stack([high[first], high[last] + 1], axis=1)


def check_rule(threshold: float, release: float, merge_rows: int) -> None:
    """Raise `InvalidInput` where a parameter of `find_stretches` is out of its range."""
    if not (threshold > 0 and 0 < release <= 1 and merge_rows >= 0):
        raise InvalidInput(
            "stretches need a threshold above 0, a release in (0, 1] and merge_rows from 0; "
            f"got {threshold}, {release}, {merge_rows}"
        )


def group_stretches(
    begins: NDArray[np.bool_], ends: NDArray[np.bool_], minimum_rows: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Group the rows at or above the release into stretches.

    Parameters
    ----------
    begins
        Which of them reach the threshold, shape (n_high,).
    ends
        Between which neighbours no stretch lasts, shape (n_high - 1,).
    minimum_rows
        Fewest of these rows in a stretch.

    Returns
    -------
    first, last
        Which of these rows are the first and the last of a stretch.
    """
    hot = np.flatnonzero(begins)
    if not len(hot):
        return hot, hot
    border = np.flatnonzero(ends)
    # A hot row begins a stretch if no hot row precedes it since the last border.
    group = np.searchsorted(border, hot)
    opens = np.empty(len(hot), bool)
    opens[0] = True
    np.not_equal(group[1:], group[:-1], out=opens[1:])
    first = hot[opens]
    last = np.append(border, len(begins) - 1)[group[opens]]
    kept = last - first + 1 >= minimum_rows
    return first[kept], last[kept]


def _between(
    values: NDArray[np.float64],
    high: NDArray[np.int64],
    positions: NDArray[np.int64] | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many rows between neighbouring high rows are calm, and how many not judged."""
    calm = np.diff(high) - 1
    silent = np.zeros(len(calm), np.int64)
    unjudged = np.isnan(values)
    if unjudged.any():
        silent = np.diff(np.cumsum(unjudged)[high])
        calm = calm - silent
    if positions is not None:
        silent = silent + np.diff(positions[high]) - np.diff(high)
    return calm, silent
