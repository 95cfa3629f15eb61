"""Figures of merit for ranked scores against labelled stretches.

Labels are used here and nowhere else: no detector sees them.
"""

from __future__ import annotations

from detectors.metrics.affiliation import Agreement, affiliation
from detectors.metrics.causes import cause_gain, cause_hit, cause_hit_rate
from detectors.metrics.events import event_f1, false_alarms_per_month, lead_rows
from detectors.metrics.life import life_coverage, life_rmse, life_score
from detectors.metrics.nab import (
    NAB_PROFILES,
    NabProfile,
    NabScore,
    NabSeries,
    nab_best,
    nab_normal,
    nab_score,
    probation_rows,
)
from detectors.metrics.period import dominant_period
from detectors.metrics.ranking import auc_pr, auc_roc, peak_hits
from detectors.metrics.vus import Volume, volume_under_surface, vus_pr, vus_roc

__all__ = [
    "NAB_PROFILES",
    "Agreement",
    "NabProfile",
    "NabScore",
    "NabSeries",
    "Volume",
    "affiliation",
    "auc_pr",
    "auc_roc",
    "cause_gain",
    "cause_hit",
    "cause_hit_rate",
    "dominant_period",
    "event_f1",
    "false_alarms_per_month",
    "lead_rows",
    "life_coverage",
    "life_rmse",
    "life_score",
    "nab_best",
    "nab_normal",
    "nab_score",
    "peak_hits",
    "probation_rows",
    "volume_under_surface",
    "vus_pr",
    "vus_roc",
]
