"""From scores to surprise, and from surprise to alarms under a budget of false ones."""

from __future__ import annotations

from detectors.thresholds.budget import AlarmLevel, alarm_levels, alarm_threshold
from detectors.thresholds.scale import SurpriseScale
from detectors.thresholds.stretches import HOLD, Rule, find_stretches
from detectors.thresholds.suspicion import suspicious_stretches

__all__ = [
    "HOLD",
    "AlarmLevel",
    "Rule",
    "SurpriseScale",
    "alarm_levels",
    "alarm_threshold",
    "find_stretches",
    "suspicious_stretches",
]
