"""Versions of fleet models and where they came from."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from appliance.schemas.base import FleetName, Schema
from appliance.schemas.recipe import Recipe

CHAMPION = "champion"
CHALLENGER = "challenger"


class WindowNote(Schema):
    """A window of the calendar, as it was at one of its revisions."""

    window: str
    revision: int


class HeldNote(Schema):
    """Readings that were not learned from because of what stands in the list of events.

    Attributes
    ----------
    reason
        ``open``: an anomaly that nobody closed yet; ``true``, ``planned``: what people
        called it.
    events
        The anomalies.
    rows
        Readings that no reason before this one, nor the calendar, took out.
    """

    reason: Literal["open", "true", "planned"]
    events: tuple[str, ...]
    rows: int


class Lineage(Schema):
    """Everything that a model version was made from.

    Attributes
    ----------
    run
        Identifier of the training run; the artifact's folder carries it as its name.
    data_start, data_end
        First and last reading used.
    rows
        Readings used, over all assets.
    assets
        Number of assets that have a model.
    extrapolated
        Number of assets whose training data are too short to hold one false alarm of the
        budget: their alarm level is prolonged from lower ones.
    failures
        Why the other assets have none, by asset.
    readings_version
        Version of the fleet's readings table that was read.
    batches
        Ingested batches that the table held then.
    windows
        Windows of the calendar that took readings out, as they were then.
    masked
        Readings that they took out.
    held
        Anomalies that took readings out, by reason.
    vouched
        Anomalies that people called false: learned from, however unusual they are.
    kept
        Why assets keep the sub-model that they had, by asset.
    derived_from
        Version that this one is but for its alarm levels or sensors' limits; None for one
        that was learned.
    """

    run: str
    recipe: Recipe
    data_start: datetime
    data_end: datetime
    rows: int
    assets: int
    extrapolated: int = 0
    failures: dict[str, str] = Field(default_factory=dict)
    readings_version: int
    batches: tuple[str, ...] = ()
    windows: tuple[WindowNote, ...] = ()
    masked: int = 0
    held: tuple[HeldNote, ...] = ()
    vouched: tuple[str, ...] = ()
    kept: dict[str, str] = Field(default_factory=dict)
    derived_from: int | None = None
    code_version: str
    seed: int


class ModelVersion(Schema):
    """One version of a fleet's model."""

    fleet: FleetName
    version: int
    path: str
    digest: str
    created: datetime
    aliases: tuple[str, ...] = ()
    lineage: Lineage


class Promotion(Schema):
    """One change of champion."""

    fleet: FleetName
    version: int
    previous: int | None
    by: str
    at: datetime
    kind: str
    """``first``, ``promote`` or ``rollback``."""


class ScoreBatch(Schema):
    """One scoring run: which batches of readings one model version has judged."""

    id: str
    fleet: FleetName
    model_version: int
    readings_version: int
    batches: tuple[str, ...]
    rows: int
    judged: int
    alarms: int
    at: datetime
