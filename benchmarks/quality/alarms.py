"""What alarms are worth at the level that the product sets: no threshold that labels chose.

Events are made of scores as the product makes them, under the default promise of one false
event a month.  Lead is that of scores that were known when a row arrived, where there are such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from appliance.schemas.recipe import Threshold
from benchmarks.quality import figures
from detectors import metrics
from detectors.thresholds import SurpriseScale, alarm_threshold, find_stretches
from detectors.thresholds.budget import LOWEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detectors.validation import FloatVector

RULE = Threshold()
"""What makes an event, and how many false ones a month are promised, by default."""
ONCE = Threshold(minimum_rows=1)
"""The same for a detector that says what is new in a single row."""
_SECONDS_AN_HOUR = 3600
_SECONDS_A_MONTH = 720 * _SECONDS_AN_HOUR
_A_MINUTE = 60.0
_NEXT_LEVEL = 1.02
_SECONDS = {"3w": 10.0, "asd": 300.0, "nab": 300.0, "skab": 1.0, "tep": 180.0}


class Judged(NamedTuple):
    """Left-out scores of the training rows, scores of the test rows, and what they are."""

    known: FloatVector
    scores: FloatVector
    logarithmic: bool = False

    def scale(self) -> SurpriseScale:
        """Return what tells surprise, learned from the training rows."""
        return SurpriseScale(logarithmic=self.logarithmic).fit(self.known)


class Alarms(NamedTuple):
    """What events of one series are worth.

    Attributes
    ----------
    affiliation, events
        F1 by distance, and of whole events.
    near
        F1 of whole events, if one that is not farther off than the widest edge that VUS-PR
        grants counts as touching.
    faults
        Labelled stretches.
    leads
        Hours from the first live alarm within a stretch to its end, of the stretches that have
        one.
    false
        Events that touch no labelled stretch.
    months
        Length of the rows that are not labelled.
    """

    affiliation: float
    events: float
    near: float
    faults: int
    leads: tuple[float, ...]
    false: float
    months: float


def seconds_a_row(name: str) -> float:
    """Return what is between two rows of a set; a minute where it does not say.

    Files of NAB differ; most have a row every 5 minutes.
    """
    return _SECONDS.get(name, _A_MINUTE)


def judge_alarms(
    labels: np.ndarray, final: Judged, live: Judged | None, seconds: float, window: int
) -> Alarms:
    """Set alarm levels by the training rows, make events of the test rows and judge them.

    Parameters
    ----------
    labels
        One flag per test row.
    final, live
        Scores by all rows, and by those until each; None where there is no live form.
    seconds
        From row to row.
    window
        Widest buffer of VUS-PR in rows: half lies on each side of a stretch.
    """
    later = told(final, seconds)
    early = later if live is None else told(live, seconds)
    return _judged(labels, later, early, seconds, window // 2)


def silence(labels: np.ndarray, seconds: float) -> Alarms:
    """Return what it is worth to raise no alarm."""
    none = np.zeros(len(labels), bool)
    return _judged(labels, none, none, seconds, 0)


def _judged(
    labels: np.ndarray, final: np.ndarray, early: np.ndarray, seconds: float, tolerance: int
) -> Alarms:
    rows = _SECONDS_A_MONTH / seconds
    months = float((~labels).sum() / rows)
    leads = metrics.lead_rows(labels, early)
    found = leads[np.isfinite(leads)] * seconds / _SECONDS_AN_HOUR
    return Alarms(
        metrics.affiliation(labels, final).f1,
        metrics.event_f1(labels, final).f1,
        metrics.event_f1(labels, final, tolerance).f1,
        len(leads),
        tuple(found.tolist()),
        months * metrics.false_alarms_per_month(labels, final, rows),
        months,
    )


def told(judged: Judged, seconds: float, rule: Threshold = RULE) -> np.ndarray:
    """Tell which test rows lie within events."""
    scale = judged.scale()
    surprise = scale.surprise(judged.known)
    rows = _SECONDS_A_MONTH / seconds
    level = alarm_threshold(surprise, rows, rule.false_alarms_per_month, rule).level
    flags = np.zeros(len(judged.scores), bool)
    for start, stop in find_stretches(
        scale.surprise(judged.scores), level, rule.release, rule.merge_rows, rule.minimum_rows
    ):
        flags[start:stop] = True
    return flags


def begun(judged: Judged, rule: Threshold = RULE) -> FloatVector:
    """Return the highest alarm level at which an event begins in each test row, or 0.

    Levels rise from `LOWEST` by a fiftieth each, whatever was promised.
    """
    scale = judged.scale()
    surprise = scale.surprise(judged.scores)
    out = np.zeros(len(surprise))
    level = LOWEST
    while level <= surprise.max(initial=0.0):
        found = find_stretches(
            surprise, level, rule.release, rule.merge_rows, rule.minimum_rows
        )
        out[found[:, 0]] = level
        level *= _NEXT_LEVEL
    return out


def together(found: Sequence[Alarms]) -> dict[str, float]:
    """Return the figures of a set, by the name that they are printed with."""
    leads = [lead for one in found for lead in one.leads]
    return {
        figures.AFFILIATION: float(np.mean([one.affiliation for one in found])),
        figures.EVENTS: float(np.mean([one.events for one in found])),
        figures.EVENTS_NEAR: float(np.mean([one.near for one in found])),
        figures.FOUND: len(leads) / sum(one.faults for one in found),
        figures.LEAD: float(np.median(leads)) if leads else 0.0,
        figures.FALSE: sum(one.false for one in found) / sum(one.months for one in found),
    }
