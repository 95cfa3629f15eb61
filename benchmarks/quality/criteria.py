"""What can be known of detectors without labels: faults put in, stability, agreement.

The three kinds of surrogates, and adding up their ranks, are those of Goswami, Challu, Callot,
Minorics, Kan (2023), Unsupervised model selection for time-series anomaly detection, ICLR.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from appliance.fleet.probing import SIZES, out_of_step, shifted
from appliance.fleet.series import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchmarks.quality.loaders import Matrix
    from detectors.validation import FloatVector

    Mask = NDArray[np.bool_]

KINDS = (
    "moved",
    "out of step",
    "noisier",
    "stuck",
    "drifting",
    "swinging",
    "spiking",
    "reversed",
)
_LENGTHS = (8, 16, 32, 64)
_MOST_SEGMENTS = 5
_SHARE_OF_SENSORS = 3
_SPIKE = 2
"""Rows."""


class Faulty(NamedTuple):
    """Rows with faults of one kind.

    Attributes
    ----------
    kind
        Name of it.
    rows
        Rows × columns.
    labels
        Where the faults are.
    """

    kind: str
    rows: Matrix
    labels: Mask


def faulty_copies(rows: Matrix, spread: FloatVector, seed: int = 0) -> list[Faulty]:
    """Put faults into normal rows, of each kind into a copy of its own.

    Parameters
    ----------
    rows
        Rows × columns that nothing was learned from.
    spread
        Deviation of each column in normal running; where 0 the column stays as it is.
    seed
        Of the places, columns and sizes.

    Returns
    -------
    list of Faulty
        One of each of `KINDS`; the first two are those by which `kizashi tune` probes machines.
    """
    rng = np.random.default_rng(seed)
    return [_faulty(kind, rows, spread, rng) for kind in KINDS]


def _faulty(kind: str, rows: Matrix, spread: FloatVector, rng: np.random.Generator) -> Faulty:
    segments = _segments(len(rows), rng)
    labels = np.zeros(len(rows), bool)
    out = rows.copy()
    usable = np.flatnonzero(spread > 0)
    count = max(1, len(usable) // _SHARE_OF_SENSORS)
    for low, high in segments:
        own = np.zeros(len(rows), bool)
        own[low:high] = True
        size = float(rng.choice(SIZES)) * float(rng.choice([-1.0, 1.0]))
        for column in rng.choice(usable, min(count, len(usable)), replace=False):
            out[own, column] = _changed(kind, rows, int(column), own, size * spread[column])
        labels |= own
    return Faulty(kind, out, labels)


def _segments(n_rows: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Choose stretches that take at most a sixth of the rows, one in each part of them."""
    fitting = [length for length in _LENGTHS if 6 * length <= n_rows] or [max(1, n_rows // 6)]
    count = int(np.clip(n_rows // (6 * fitting[-1]), 1, _MOST_SEGMENTS))
    edges = np.linspace(0, n_rows, count + 1).astype(int)
    found = []
    for low, high in itertools.pairwise(edges):
        length = int(rng.choice(fitting))
        first = int(rng.integers(low, high - length + 1))
        found.append((first, first + length))
    return found


def _changed(kind: str, rows: Matrix, column: int, own: Mask, by: float) -> FloatVector:
    """Return a column's readings in a stretch after a fault of that kind."""
    whole = Rows(np.arange(len(rows)), rows.T, np.empty((0, len(rows))))
    x = rows[own, column]
    match kind:
        case "moved":
            x = shifted(whole, column, by, own).sensors[column, own]
        case "out of step":
            # Its readings of another time come from all the rows, not only from the stretch.
            everywhere = np.ones(len(rows), bool)
            x = out_of_step(whole, column, everywhere).sensors[column, own]
        case "noisier":
            x = x + by * np.random.default_rng(int(own.argmax())).normal(size=len(x))
        case "stuck":
            x = np.full(len(x), x[0])
        case "drifting":
            x = x + 2 * by * np.linspace(0, 1, len(x))
        case "swinging":
            # Twice as far from its mean, or half as far.
            middle = np.nanmean(x) if np.isfinite(x).any() else 0.0
            x = middle + (x - middle) * (2.0 if by > 0 else 0.5)
        case "spiking":
            middle = len(x) // 2
            x = x + 4 * by * np.isin(np.arange(len(x)), np.arange(middle, middle + _SPIKE))
        case _:  # reversed
            x = x[::-1]
    return np.asarray(x)


def ranks(values: FloatVector) -> FloatVector:
    """Return ranks from 0, those that are equal sharing the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count + 1) / 2)[place])


def rank_correlation(a: FloatVector, b: FloatVector) -> float:
    """Return Spearman's correlation; 0 where one of the two is constant."""
    known = np.isfinite(a) & np.isfinite(b)
    x, y = ranks(a[known]), ranks(b[known])
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size > 0 else 0.0


def centrality(scores: Sequence[FloatVector]) -> FloatVector:
    """Return the mean rank correlation of each candidate's scores with all the others'."""
    found = np.array([[rank_correlation(one, other) for other in scores] for one in scores])
    return np.asarray((found.sum(axis=1) - found.diagonal()) / max(len(scores) - 1, 1))


def borda(criteria: Sequence[FloatVector]) -> FloatVector:
    """Return the mean rank of candidates over criteria; the higher the better."""
    return np.asarray(np.mean([ranks(one) for one in criteria], axis=0))


def chosen(merits: FloatVector, margin: float = 0.0) -> int:
    """Return the candidate of the highest merit; the first if none is better by a margin."""
    best = int(np.argmax(merits))
    return best if merits[best] > merits[0] + margin else 0


def spread_of(rows: Matrix) -> FloatVector:
    """Return each column's deviation; 0 where it holds nothing, or only 0 and 1."""
    out = np.zeros(rows.shape[1])
    for number, column in enumerate(rows.T):
        there = column[np.isfinite(column)]
        if len(there) and not np.isin(there, (0.0, 1.0)).all():
            out[number] = there.std()
    return out
