"""One recipe on one labelled series: scores of the test part, and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detectors import catalog, metrics
from detectors.errors import TooLittleData

if TYPE_CHECKING:
    from benchmarks.quality.loaders import Matrix, Series

_FLAGGED_QUANTILE = 0.99


@dataclass(frozen=True)
class Outcome:
    """What a recipe makes of one series.

    Attributes
    ----------
    vus_pr
        Volume under the range-aware precision-recall surface.
    hit
        Whether the highest score lies within 100 rows of a labelled stretch.
    confusion
        Counts of (true positive, false positive, false negative, true negative) rows.
    refused
        Whether the recipe found too little to learn from.  All rows then count as equally
        unusual and none is flagged: that is what its user has to go by.
    """

    vus_pr: float
    hit: bool
    confusion: tuple[int, int, int, int]
    refused: bool = False


def judge(recipe: str, series: Series, *, flags: bool = False) -> Outcome:
    """Learn from the training part, score the test part, and compare with the labels.

    Parameters
    ----------
    recipe
        Name in the catalog.
    series
        Labelled readings.
    flags
        Also flag rows above the 99 % quantile of the training rows' left-out scores.
    """
    detector = catalog.make(recipe)
    train, test = series.train, series.test
    if not detector.tags.handles_missing:
        train, test = complete(train, series.train), complete(test, series.train)
    first = complete(series.test[:, :1], series.train[:, :1])[:, 0]
    window = metrics.dominant_period(first)
    try:
        detector.fit(train)
    except TooLittleData:
        return _refusal(series.labels, window)
    scores = detector.score(test)
    confusion = (0, 0, 0, 0)
    if flags:
        known = detector.calibration_scores(train)
        limit = np.quantile(known[np.isfinite(known)], _FLAGGED_QUANTILE)
        confusion = _confusion(series.labels, scores > limit)
    return Outcome(
        metrics.vus_pr(series.labels, scores, window),
        metrics.peak_hits(series.labels, scores),
        confusion,
    )


def _refusal(labels: np.ndarray, window: int) -> Outcome:
    alike, none = np.zeros(len(labels)), np.zeros(len(labels), bool)
    return Outcome(
        metrics.vus_pr(labels, alike, window),
        hit=False,
        confusion=_confusion(labels, none),
        refused=True,
    )


def complete(values: Matrix, train: Matrix) -> Matrix:
    """Carry readings forward over gaps, and put the training median where there is none."""
    out = values.copy()
    rows = np.arange(len(values))
    for j in range(values.shape[1]):
        there = ~np.isnan(values[:, j])
        last = np.maximum.accumulate(np.where(there, rows, -1))
        known = train[~np.isnan(train[:, j]), j]
        usual = float(np.median(known)) if len(known) else 0.0
        out[:, j] = np.where(last >= 0, values[np.maximum(last, 0), j], usual)
    return out


def _confusion(labels: np.ndarray, flags: np.ndarray) -> tuple[int, int, int, int]:
    cells = (labels & flags, ~labels & flags, labels & ~flags, ~labels & ~flags)
    found = [int(cell.sum()) for cell in cells]
    return found[0], found[1], found[2], found[3]
