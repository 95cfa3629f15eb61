"""Figures of merit for ranked scores against labelled stretches.

Labels are used here and nowhere else: no detector sees them.
"""

from __future__ import annotations

from detectors.metrics.life import life_coverage, life_rmse, life_score
from detectors.metrics.period import dominant_period
from detectors.metrics.ranking import auc_pr, auc_roc, peak_hits
from detectors.metrics.vus import Volume, volume_under_surface, vus_pr, vus_roc

__all__ = [
    "Volume",
    "auc_pr",
    "auc_roc",
    "dominant_period",
    "life_coverage",
    "life_rmse",
    "life_score",
    "peak_hits",
    "volume_under_surface",
    "vus_pr",
    "vus_roc",
]
