"""The heart: recipe, fit, score, fleet model; plain functions on frames and an engine."""

from appliance.fleet.artifact import Artifact
from appliance.fleet.chunks import Chunk, FrameChunk
from appliance.fleet.detecting import ScoredFleet, find_fleet_events
from appliance.fleet.findings import drafts_of, fault_drafts, sensor_faults, with_directions
from appliance.fleet.frames import Layout
from appliance.fleet.interface import fit, load
from appliance.fleet.model import FleetModel
from appliance.fleet.recipe import resolve
from appliance.fleet.scoring import ScoredChunk, score_fleet
from appliance.fleet.training import FitReport, fit_fleet

__all__ = [
    "Artifact",
    "Chunk",
    "FitReport",
    "FleetModel",
    "FrameChunk",
    "Layout",
    "ScoredChunk",
    "ScoredFleet",
    "drafts_of",
    "fault_drafts",
    "find_fleet_events",
    "fit",
    "fit_fleet",
    "load",
    "resolve",
    "score_fleet",
    "sensor_faults",
    "with_directions",
]
