"""What a machine's course up to each row tells of its wear: windows, slopes, memory, age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.validation import FloatMatrix

    IntVector = NDArray[np.int64]

LIFE_STEPS = 200
"""Steps that lives are cut into; the windows are shares of it."""
_WINDOWS = (5, 10, 20, 40, 60, 100)
_SLOPES = (20, 40)
_FIRST = 20
_MEMORIES = (0.05, 0.1, 0.2)
_HUNDRED = 100.0


def features(indices: FloatMatrix) -> FloatMatrix:
    """Return what is known at each step, from the steps up to it alone.

    Means over windows and over the whole past, the change since the first steps and over the
    last, slopes, three exponential memories, the sum so far, the difference between the last
    and the first third, and the age.

    Parameters
    ----------
    indices
        Steps × wear indices.
    """
    steps = len(indices)
    after = np.arange(1, steps + 1)
    sums = np.vstack([np.zeros(indices.shape[1]), np.cumsum(indices, axis=0)])
    means = {width: _mean(sums, after, width) for width in _WINDOWS}
    first = sums[np.minimum(after, _FIRST)] / np.minimum(after, _FIRST)[:, None]
    third = np.maximum(after // 3, 1)
    late = (sums[after] - sums[after - third]) / third[:, None]
    return np.hstack(
        [
            *means.values(),
            means[10] - first,
            means[10] - means[40],
            sums[1:] / after[:, None],
            sums[1:] / _HUNDRED,
            late - sums[third] / third[:, None],
            *_slopes(indices, sums, after),
            *_memories(indices),
            after[:, None] / _HUNDRED,
        ]
    )


def _mean(sums: FloatMatrix, after: IntVector, width: int) -> FloatMatrix:
    before = np.maximum(after - width, 0)
    return np.asarray((sums[after] - sums[before]) / (after - before)[:, None])


def _slopes(indices: FloatMatrix, sums: FloatMatrix, after: IntVector) -> list[FloatMatrix]:
    """Return least-squares slopes of the last steps, as the change over the whole window."""
    steps = np.arange(len(indices))[:, None]
    moments = np.vstack([np.zeros(indices.shape[1]), np.cumsum(indices * steps, axis=0)])
    found = []
    for width in _SLOPES:
        before = np.maximum(after - width, 0)
        count = (after - before)[:, None].astype(np.float64)
        middle = ((before + after - 1) / 2)[:, None]
        joint = moments[after] - moments[before] - middle * (sums[after] - sums[before])
        power = count * (count**2 - 1) / 12
        found.append(width * joint / np.where(power > 0, power, 1.0))
    return found


def _memories(indices: FloatMatrix) -> list[FloatMatrix]:
    """Return exponentially weighted means that begin as plain means."""
    found = []
    for share in _MEMORIES:
        kept = np.empty_like(indices)
        now = np.zeros(indices.shape[1])
        for step, row in enumerate(indices):
            now = now + max(share, 1.0 / (step + 1)) * (row - now)
            kept[step] = now
        found.append(kept)
    return found
