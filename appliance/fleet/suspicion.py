"""What looks like a fault in the training rows, and what speaks for its being none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.series import Floats, Ints, Mask
from detectors.thresholds import suspicious_stretches
from detectors.thresholds.suspicion import MOST

_MOST_VALUES = 20
_FEWEST_ROWS = 20
_FEWEST_SPELLS = 3
_APART = 0.02
"""Share of the rows within which spells are one, as for what flares up more than once."""


@dataclass(frozen=True)
class Vouched:
    """Rows that are normal, however unusual they look.

    Attributes
    ----------
    called
        A person called them so: a stretch that holds one of them is normal.
    usual
        Explained by the context (`usual_in_context`): so is a stretch of which they are half.
    """

    called: Mask | None = None
    usual: Mask | None = None

    def among(self, cells: Ints) -> Vouched:
        """Return the same of some of the rows."""
        called = None if self.called is None else self.called[cells]
        return Vouched(called, None if self.usual is None else self.usual[cells])

    def speaks_for(self, start: int, stop: int) -> bool:
        """Tell whether a stretch of rows is normal."""
        if self.called is not None and self.called[start:stop].any():
            return True
        return self.usual is not None and bool(2 * self.usual[start:stop].sum() >= stop - start)

    def without(self, stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return the stretches that are not."""
        return [one for one in stretches if not self.speaks_for(*one)]


NOBODY = Vouched()


def suspicious_of(
    scores: NDArray[np.float64], vouched: Vouched = NOBODY
) -> list[tuple[int, int]]:
    """Return the stretches that look like faults and that nothing speaks for."""
    return vouched.without(suspicious_stretches(scores))


def usual_in_context(
    context: Floats, suspicious: Sequence[tuple[int, int]], reach: int
) -> Mask | None:
    """Tell which rows look unusual for what a context is there, and not for a fault.

    A machine that stands still a few times a month is unlike itself each time, and that is how
    it stands still: what is suspicious in at least half of the spells in which a context takes
    a value, three spells or more, belongs to that value.  A fault that comes by chance does not
    wait for it.

    Parameters
    ----------
    context
        The machine's contexts, (n_contexts, n_rows), NaN where not known.
    suspicious
        Stretches of rows that look like faults.
    reach
        Rows around a row that its score depends on.

    Returns
    -------
    ndarray of shape (n_rows,) or None
        The rows in which a context has such a value, and those within reach of them; None if
        there are none.
    """
    if not suspicious:
        return None
    n_rows = context.shape[1]
    looked, usual = np.zeros(n_rows, bool), np.zeros(n_rows, bool)
    for start, stop in suspicious:
        looked[start:stop] = True
    for rows in _values(context):
        apart = np.flatnonzero(np.diff(rows) > max(_APART * n_rows, reach)) + 1
        spells = np.split(rows, apart)
        if len(spells) < _FEWEST_SPELLS:
            continue
        seen = sum(bool(looked[spell].any()) for spell in spells)
        near = _within(rows, reach, n_rows)
        if 2 * seen >= len(spells) and near.sum() <= MOST * n_rows:
            usual |= near
    return usual if usual.any() else None


def _within(rows: Ints, reach: int, n_rows: int) -> Mask:
    """Tell which rows lie at most so far from some."""
    steps = np.zeros(n_rows + 1, np.int64)
    np.add.at(steps, np.maximum(rows - reach, 0), 1)
    np.add.at(steps, np.minimum(rows + reach + 1, n_rows), -1)
    return np.asarray(np.cumsum(steps[:-1]) > 0)


def _values(context: Floats) -> Iterator[Ints]:
    """Yield the rows of each value that a context takes often, but not most of the time."""
    for row in context:
        known = row[~np.isnan(row)]
        values, counts = np.unique(known, return_counts=True)
        often = (counts >= _FEWEST_ROWS) & (counts <= MOST * len(row))
        values, counts = values[often], counts[often]
        for value in values[np.argsort(-counts, kind="stable")[:_MOST_VALUES]]:
            yield np.flatnonzero(row == value)
