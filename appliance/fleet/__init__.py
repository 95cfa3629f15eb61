"""The heart: recipe, fit, score, fleet model; plain functions on frames and an engine."""

from appliance.fleet.artifact import Artifact
from appliance.fleet.choice_words import choice_words
from appliance.fleet.chunks import Chunk, FrameChunk
from appliance.fleet.detecting import ScoredFleet, find_fleet_events
from appliance.fleet.findings import drafts_of, fault_drafts, sensor_faults, with_directions
from appliance.fleet.fleet_scores import ScoredChunk, score_fleet
from appliance.fleet.frames import Layout
from appliance.fleet.interface import fit, load
from appliance.fleet.lives import LifeModel, fit_life, load_life
from appliance.fleet.model import FleetModel
from appliance.fleet.previewing import AssetView, Stretch, preview_assets
from appliance.fleet.recipe import resolve
from appliance.fleet.training import FitReport, fit_fleet

__all__ = [
    "Artifact",
    "AssetView",
    "Chunk",
    "FitReport",
    "FleetModel",
    "FrameChunk",
    "Layout",
    "LifeModel",
    "ScoredChunk",
    "ScoredFleet",
    "Stretch",
    "choice_words",
    "drafts_of",
    "fault_drafts",
    "find_fleet_events",
    "fit",
    "fit_fleet",
    "fit_life",
    "load",
    "load_life",
    "preview_assets",
    "resolve",
    "score_fleet",
    "sensor_faults",
    "with_directions",
]
