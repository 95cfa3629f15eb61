"""One recipe on one labelled series: scores of the test part, and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from detectors import catalog, metrics
from detectors.errors import InvalidInput
from detectors.kernels.recursive import peak_hold
from detectors.spans import fading_rows, span_scores
from detectors.thresholds import SurpriseScale, alarm_threshold

if TYPE_CHECKING:
    from benchmarks.quality.loaders import Matrix, Series
    from detectors.base import Detector
    from detectors.validation import FloatVector

_FLAGGED_QUANTILE = 0.99
_ROWS_AN_HOUR = 3600
_HOURS_A_MONTH = 720
_WIDTH, _LONGEST = 16, 256

QUANTILE, HOURLY = "99 %", "1/h"

Confusion: TypeAlias = tuple[int, int, int, int]
"""Rows that are (true positive, false positive, false negative, true negative)."""


@dataclass(frozen=True)
class EventRule:
    """What makes an event, as recipes have it by default."""

    release: float = 0.7
    merge_rows: int = 30
    minimum_rows: int = 3


@dataclass(frozen=True)
class Outcome:
    """What a recipe makes of one series.

    Attributes
    ----------
    vus_pr
        Volume under the range-aware precision-recall surface, of stretches: the score is held
        around its peaks (`detectors.spans`).
    vus_pr_rows
        The same of the score as it is.
    vus_pr_live, vus_pr_half
        Of stretches, by scores as they are known when a row arrives, and half a window later;
        None where the recipe has no live form.
    hit
        Whether the highest score lies within 100 rows of a labelled stretch.
    flagged
        Counts of rows by way of flagging them: `QUANTILE`, above the 99 % quantile of the
        training rows' left-out scores; `HOURLY`, at or above the alarm level for a budget of
        one false alarm an hour, as the product sets it.
    refused
        Whether the recipe found nothing it could learn from.  All rows then count as equally
        unusual and none is flagged: that is what its user has to go by.
    """

    vus_pr: float
    vus_pr_rows: float
    vus_pr_live: float | None
    vus_pr_half: float | None
    hit: bool
    flagged: Mapping[str, Confusion] = field(default_factory=dict)
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
        Also flag rows; for readings of one a second.
    """
    detector = catalog.make(recipe)
    train, test = series.train, series.test
    if not detector.tags.handles_missing:
        train, test = complete(train, series.train), complete(test, series.train)
    first = complete(series.test[:, :1], series.train[:, :1])[:, 0]
    window = metrics.dominant_period(first)
    try:
        detector.fit(train)
    except InvalidInput:
        return _refusal(series.labels, window)
    scores = detector.score(test)
    fading = detector.fading_rows() or _fading(series.train)
    live = half = None
    if detector.has_live_form():
        # Twice a window reaches ahead: a quarter of that is half a window.
        later = (detector.reach()[1] + 1) // 4
        known = [_from_zero(detector.score_live(test, rows)) for rows in (0, later)]
        live, half = (
            metrics.vus_pr(series.labels, peak_hold(some, fading), window) for some in known
        )
    return Outcome(
        metrics.vus_pr(series.labels, span_scores(_from_zero(scores), fading), window),
        metrics.vus_pr(series.labels, scores, window),
        live,
        half,
        metrics.peak_hits(series.labels, scores),
        _flagged(detector, train, series.labels, scores) if flags else {},
    )


def _from_zero(scores: FloatVector) -> FloatVector:
    return np.asarray(scores - min(scores.min(), 0.0))


def _fading(train: Matrix) -> float:
    """Return how scores of a recipe that knows of no stretches are held: as those of `auto`.

    Otherwise a rival would be behind for want of what any score can be given.
    """
    sensors = sum(not np.isin(x[~np.isnan(x)], (0, 1)).all() for x in train.T)
    if sensors > 1:
        return fading_rows(_WIDTH, sensors)
    period = metrics.dominant_period(complete(train[:, :1], train[:, :1])[:, 0])
    return fading_rows(int(np.clip(period, _WIDTH, _LONGEST)), 1)


def _flagged(
    detector: Detector, train: Matrix, labels: np.ndarray, scores: FloatVector
) -> dict[str, Confusion]:
    known = detector.calibration_scores(train)
    limit = np.quantile(known[np.isfinite(known)], _FLAGGED_QUANTILE)
    scale = SurpriseScale().fit(known)
    rows_a_month = _HOURS_A_MONTH * _ROWS_AN_HOUR
    alarm = alarm_threshold(scale.surprise(known), rows_a_month, _HOURS_A_MONTH, EventRule())
    return {
        QUANTILE: _confusion(labels, scores > limit),
        HOURLY: _confusion(labels, scale.surprise(scores) >= alarm.level),
    }


def _refusal(labels: np.ndarray, window: int) -> Outcome:
    alike, none = np.zeros(len(labels)), np.zeros(len(labels), bool)
    chance = metrics.vus_pr(labels, alike, window)
    return Outcome(
        chance,
        chance,
        chance,
        chance,
        hit=False,
        flagged=dict.fromkeys((QUANTILE, HOURLY), _confusion(labels, none)),
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


def _confusion(labels: np.ndarray, flags: np.ndarray) -> Confusion:
    cells = (labels & flags, ~labels & flags, labels & ~flags, ~labels & ~flags)
    found = [int(cell.sum()) for cell in cells]
    return found[0], found[1], found[2], found[3]
