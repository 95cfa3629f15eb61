"""One recipe on one labelled series: scores of the test part, and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import process_time
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from benchmarks.quality import rivals
from benchmarks.quality.alarms import RULE, Alarms, Judged, judge_alarms, silence
from detectors import metrics
from detectors.errors import InvalidInput
from detectors.kernels.recursive import peak_hold
from detectors.spans import fading_rows, span_scores
from detectors.thresholds import alarm_threshold

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
    vus_roc, auc_pr
        As `vus_pr`: volume under the range-aware ROC surface, and average precision of rows.
    alarms
        What events are worth at the level that the product sets; None where that was not asked.
    hit
        Whether the highest score lies within 100 rows of a labelled stretch.
    flagged
        Counts of rows by way of flagging them: `QUANTILE`, above the 99 % quantile of the
        training rows' left-out scores; `HOURLY`, at or above the alarm level for a budget of
        one false alarm an hour, as the product sets it.
    seconds
        Processor time that learning the training part and scoring the test part took.
    refused
        Whether the recipe found nothing it could learn from.  All rows then count as equally
        unusual and none is flagged: that is what its user has to go by.
    """

    vus_pr: float
    vus_pr_rows: float
    vus_pr_live: float | None
    vus_pr_half: float | None
    vus_roc: float
    auc_pr: float
    alarms: Alarms | None
    hit: bool
    flagged: Mapping[str, Confusion] = field(default_factory=dict)
    seconds: float = 0.0
    refused: bool = False


def judge(
    recipe: str,
    series: Series,
    *,
    seconds: float = 60.0,
    flags: bool = False,
    ranking: bool = False,
) -> Outcome:
    """Learn from the training part, score the test part, and compare with the labels.

    Parameters
    ----------
    recipe
        Name that `rivals.make` takes.
    series
        Labelled readings.
    seconds
        From row to row.
    flags
        Also flag rows; for readings of one a second.
    ranking
        Only rank rows, by their final scores: no alarms, nothing live.
    """
    detector = rivals.make(recipe)
    labels = series.labels
    train, test = (
        fit_for(detector, rows, series.train) for rows in (series.train, series.test)
    )
    window = period_of(series.test, series.train)
    began = process_time()
    try:
        detector.fit(train)
    except InvalidInput:
        return _refusal(labels, window, seconds)
    scores = detector.score(test)
    spent = process_time() - began
    fading = detector.fading_rows() or _fading(series.train)
    held = span_scores(from_zero(scores), fading)
    volume = metrics.volume_under_surface(labels, held, window)
    rows, area = metrics.vus_pr(labels, scores, window), metrics.auc_pr(labels, held)
    hit = metrics.peak_hits(labels, scores)
    if ranking:
        return Outcome(volume.pr, rows, None, None, volume.roc, area, None, hit, seconds=spent)
    kind = detector.tags.logarithmic
    final = Judged(detector.calibration_scores(train), scores, kind)
    live, found, half = None, None, None
    if detector.has_live_form():
        live = Judged(detector.live_calibration_scores(train), detector.score_live(test), kind)
        # Twice a window reaches ahead: a quarter of that is half a window.
        later = detector.score_live(test, (detector.reach()[1] + 1) // 4)
        found, half = (
            metrics.vus_pr(labels, peak_hold(from_zero(some), fading), window)
            for some in (live.scores, later)
        )
    return Outcome(
        volume.pr,
        rows,
        found,
        half,
        volume.roc,
        area,
        judge_alarms(labels, final, live, seconds, window),
        hit,
        _flagged(labels, final) if flags else {},
        spent,
    )


def from_zero(scores: FloatVector) -> FloatVector:
    """Return scores moved up so far that none is below 0, as holding them asks for."""
    return np.asarray(scores - min(scores.min(), 0.0))


def _fading(train: Matrix) -> float:
    """Return how scores of a recipe that knows of no stretches are held: as those of `auto`.

    Otherwise a rival would be behind for want of what any score can be given.
    """
    sensors = sum(not np.isin(x[~np.isnan(x)], (0, 1)).all() for x in train.T)
    if sensors > 1:
        return fading_rows(_WIDTH, sensors)
    period = period_of(train, train)
    return fading_rows(int(np.clip(period, _WIDTH, _LONGEST)), 1)


def _flagged(labels: np.ndarray, judged: Judged) -> dict[str, Confusion]:
    known, scores = judged.known, judged.scores
    limit = np.quantile(known[np.isfinite(known)], _FLAGGED_QUANTILE)
    scale = judged.scale()
    rows_a_month = _HOURS_A_MONTH * _ROWS_AN_HOUR
    alarm = alarm_threshold(scale.surprise(known), rows_a_month, _HOURS_A_MONTH, RULE)
    return {
        QUANTILE: _confusion(labels, scores > limit),
        HOURLY: _confusion(labels, scale.surprise(scores) >= alarm.level),
    }


def _refusal(labels: np.ndarray, window: int, seconds: float) -> Outcome:
    alike, none = np.zeros(len(labels)), np.zeros(len(labels), bool)
    chance = metrics.volume_under_surface(labels, alike, window)
    return Outcome(
        chance.pr,
        chance.pr,
        chance.pr,
        chance.pr,
        chance.roc,
        metrics.auc_pr(labels, alike),
        silence(labels, seconds),
        hit=False,
        flagged=dict.fromkeys((QUANTILE, HOURLY), _confusion(labels, none)),
        refused=True,
    )


def period_of(rows: Matrix, learned: Matrix) -> int:
    """Return the period of the first column, by which buffers and windows are set."""
    return metrics.dominant_period(complete(rows[:, :1], learned[:, :1])[:, 0])


def fit_for(detector: Detector, rows: Matrix, learned: Matrix) -> Matrix:
    """Return rows as a detector takes them: without gaps, unless it knows of gaps itself."""
    return rows if detector.tags.handles_missing else complete(rows, learned)


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
