"""How good health indices are: rising wear told as such, and one machine's like another's.

The product's `HealthIndex` stands beside two distances that anyone would try first.  Theirs are
put on its scale: 100 as far as the most distant hundredth of a machine's first rows, 0 ten
times further, in between by the logarithm, never rising.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr

from detectors.prognostics import HealthIndex, running_low

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.rul.loaders import Matrix

    Index = Callable[[Sequence[Matrix]], list[Matrix]]

OURS, MEAN_Z, FIRST_AXIS = "HealthIndex", "mean |z|", "first principal component"
SICK = 50.0
"""Health below which a machine is told as sick."""
ROWS = 10
"""Rows that are averaged, and that must agree before health falls."""
_NEW, _WORST = 0.2, 10.0
_LATE = 50
_UPPER = 0.99
_TINY = 1e-12


def health_index(lives: Sequence[Matrix]) -> list[Matrix]:
    """Return the product's health of each row as it stands, which may rise again."""
    index = HealthIndex(_NEW, ROWS, _WORST).fit(lives)
    return [index.points(life) for life in lives]


def mean_z(lives: Sequence[Matrix]) -> list[Matrix]:
    """Mean over sensors of how many of a machine's own first deviations each is off."""
    return [_scaled(np.abs(_own(life)).mean(axis=1)) for life in lives]


def first_axis(lives: Sequence[Matrix]) -> list[Matrix]:
    """Score of the first principal component of all machines' rows, off the machine's first."""
    rows = np.concatenate(lives)
    centre, spread = rows.mean(axis=0), rows.std(axis=0)
    moves = spread > _TINY * (1 + np.abs(centre))
    whole = (rows[:, moves] - centre[moves]) / spread[moves]
    axis = np.linalg.svd(whole, full_matrices=False)[2][0]
    out = []
    for life in lives:
        score = ((life[:, moves] - centre[moves]) / spread[moves]) @ axis
        out.append(_scaled(np.abs(_means(score) - score[: _first(life)].mean()), smooth=False))
    return out


INDICES: dict[str, Index] = {OURS: health_index, MEAN_Z: mean_z, FIRST_AXIS: first_axis}


@dataclass(frozen=True)
class Worth:
    """What an index is worth on machines that all ran to failure.

    Attributes
    ----------
    order
        Spearman's correlation of each machine's health with its age, before it is kept from
        rising; −1 is perfect.
    fall
        Median over the machines of what health falls from its first value to the end, in
        points.
    half, late, end
        Spread of health over the machines (from the lower to the upper quarter) at half their
        lives, 50 rows before their end and at the end, as a share of `fall`.
    prognosability
        exp(−deviation of the healths at the end / mean fall): 1 if all end alike (Coble and
        Hines, 2009).
    leads
        Rows from the first that is told as sick to the end; 0 if none is.
    """

    order: Matrix
    fall: float
    half: float
    late: float
    end: float
    prognosability: float
    leads: Matrix


def worth(points: Sequence[Matrix]) -> Worth:
    """Judge an index by healths of machines that ran to failure, each row's as it stands."""
    order = [_spearman(one) for one in points]
    told = [running_low(one, ROWS) for one in points]
    first = np.array([one[~np.isnan(one)][0] for one in told])
    half = np.array([one[len(one) // 2] for one in told])
    late = np.array([one[-1 - _LATE] for one in told])
    last = np.array([one[-1] for one in told])
    fall = max(float(np.median(first - last)), _TINY)
    spread = max(float(np.mean(np.abs(first - last))), _TINY)
    return Worth(
        order=np.array(order),
        fall=fall,
        half=_quarters(half) / fall,
        late=_quarters(late) / fall,
        end=_quarters(last) / fall,
        prognosability=float(np.exp(-np.std(last) / spread)),
        leads=np.array([lead(one) for one in told]),
    )


def lead(told: Matrix, limit: float = SICK) -> float:
    """Return the rows from the first health below a limit to the end; 0 if there is none."""
    sick = np.flatnonzero(told < limit)
    return float(len(told) - 1 - sick[0]) if len(sick) else 0.0


def _spearman(points: Matrix) -> float:
    known = np.flatnonzero(~np.isnan(points))
    if np.ptp(points[known]) == 0:
        return 0.0
    return float(spearmanr(known, points[known]).statistic)


def _quarters(values: Matrix) -> float:
    low, high = np.quantile(values, [0.25, 0.75])
    return float(high - low)


def _first(life: Matrix) -> int:
    return max(int(_NEW * len(life)), 2 * ROWS)


def _own(life: Matrix) -> Matrix:
    """Return rows in the deviations that the machine's first ones have."""
    new = life[: _first(life)]
    spread = new.std(axis=0)
    moves = spread > _TINY
    return np.asarray((life[:, moves] - new.mean(axis=0)[moves]) / spread[moves])


def _scaled(far: Matrix, *, smooth: bool = True) -> Matrix:
    """Put a distance on the scale of health, of means over ten rows."""
    means = _means(far) if smooth else far
    limit = max(float(np.quantile(means[ROWS - 1 : _first(far)], _UPPER)), _TINY)
    falls = np.log(np.maximum(means / limit, 1.0)) / np.log(_WORST)
    points = 100.0 * (1.0 - np.minimum(falls, 1.0))
    points[: ROWS - 1] = np.nan
    return np.asarray(points)


def _means(values: Matrix) -> Matrix:
    """Return the mean of each value and the nine before it; of fewer at the start."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    after = np.arange(1, len(values) + 1)
    before = np.maximum(after - ROWS, 0)
    return np.asarray((sums[after] - sums[before]) / (after - before))
