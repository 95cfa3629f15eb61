"""Areas under curves row by row, and whether the highest score is in the right place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.metrics.labels import labelled, segments

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def auc_roc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the chance that a labelled row outranks an unlabelled one (ties count half)."""
    truth, values = labelled(labels, scores)
    others, own = np.sort(values[~truth]), values[truth]
    below = np.searchsorted(others, own) + np.searchsorted(others, own, "right")
    return float(below.mean()) / 2 / others.size


def auc_pr(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return average precision: precision summed over the steps of recall.

    Rows of equal score fall on one step, so a constant score gives the share of labelled rows.
    """
    truth, values = labelled(labels, scores)
    order = np.argsort(-values, kind="stable")
    hits = np.cumsum(truth[order])
    last_of_tie = np.r_[np.flatnonzero(np.diff(values[order])), truth.size - 1]
    recall = np.r_[0.0, hits[last_of_tie] / truth.sum()]
    precision = hits[last_of_tie] / (last_of_tie + 1)
    return float(np.dot(np.diff(recall), precision))


def peak_hits(labels: ArrayLike, scores: ArrayLike, tolerance: int = 100) -> bool:
    """Tell whether the highest score lies within `tolerance` rows of a labelled stretch.

    The rule of the UCR anomaly archive (Wu & Keogh 2021, doi:10.1109/TKDE.2021.3112126).
    """
    truth, values = labelled(labels, scores)
    starts, ends = segments(truth)
    peak = int(np.argmax(values))
    return bool(((peak >= starts - tolerance) & (peak <= ends + tolerance)).any())
