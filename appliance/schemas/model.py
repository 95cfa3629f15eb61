"""Versions of fleet models and where they came from."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from appliance.schemas.base import FleetName, Schema
from appliance.schemas.choice import Choice
from appliance.schemas.manifest import Stretch, Trial
from appliance.schemas.recipe import Recipe
from appliance.schemas.scorecard import ScorecardRow

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
        called it; ``drift``: machines that moved away from normal little by little.
    events
        The anomalies.
    rows
        Readings that no reason before this one, nor the calendar, took out.
    """

    reason: Literal["open", "true", "planned", "drift"]
    events: tuple[str, ...]
    rows: int


class DriftedSensor(Schema):
    """How far one sensor of a machine has moved away from what was normal.

    Attributes
    ----------
    wider
        It is its usual range within a day that moved, not its middle.
    moved, per_week
        In the sensor's unit, freed from what contexts explain.
    deviations
        `moved` in deviations of normal running within a day.
    """

    name: str = Field(examples=["bearing_temp"])
    wider: bool = False
    moved: float = Field(examples=[3.2])
    per_week: float = Field(examples=[0.6])
    deviations: float = Field(examples=[2.4])


class DriftNote(Schema):
    """A machine that moved away from normal little by little, and is not learned since.

    Attributes
    ----------
    since, until
        From when on it is not learned; up to when it had been looked at.
    sensors
        Those that moved, the farthest first.
    over
        It is as before again; what lies between is not learned all the same.
    """

    asset: str = Field(examples=["P-101"])
    since: datetime
    until: datetime
    sensors: tuple[DriftedSensor, ...]
    over: bool = False


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
    normal
        By asset, the time that says what its normal is: readings of later versions are
        compared with it.
    drifted
        Machines that went away from it little by little.
    derived_from
        Version that this one is but for its alarm levels or sensors' limits; None for one
        that was learned.
    by
        Who asked for it; empty where nobody noted it down.
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
    normal: dict[str, Stretch] = Field(default_factory=dict)
    drifted: tuple[DriftNote, ...] = ()
    derived_from: int | None = None
    code_version: str
    seed: int
    by: str = ""


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


# ---------------------------------------------------------------- told over REST
class Judged(Schema):
    """What a version has judged so far.

    Attributes
    ----------
    runs
        Scoring runs.
    rows, judged, alarms
        Readings seen, judged, and at or above their threshold.
    last
        When the last run ended.
    """

    runs: int = 0
    rows: int = 0
    judged: int = 0
    alarms: int = 0
    last: datetime | None = None


class ModelTold(ModelVersion):
    """A version with what it has done and what became of it.

    Attributes
    ----------
    promotions
        When it became the champion, and by whom.
    derived
        Versions that are this one but for its alarm levels or sensors' limits.
    events
        Events in sight that its scores last showed.
    card
        What its alarms were worth; only where it is asked for.
    """

    promotions: tuple[Promotion, ...] = ()
    derived: tuple[int, ...] = ()
    scored: Judged = Judged()
    events: int = 0
    card: ScorecardRow | None = None


class ModelAsset(Schema):
    """One machine in a version: what was learned of it, or why nothing was.

    Attributes
    ----------
    problem
        Why it has no model; empty where it has one, and all below stands.
    kept
        Why it keeps the sub-model that it had before; empty for one that was learned anew.
    borrowed
        Why it has no sub-model of its own and the fleet's shared one judges it; else empty.
    trial
        What its own and the shared one found on its latest readings, where both were tried.
    threshold
        Surprise at which an alarm begins.
    expected_per_month
        Events a month that normal running is expected to raise.
    basis
        ``observed``: counted on what was learned from; ``extrapolated``: that was too short,
        the tail was prolonged.
    months
        Length of what was learned from.
    looks_back_seconds, looks_ahead_seconds
        Readings around it that a final score depends on.
    sensors, left_out
        Sensors judged, and why others are not.
    explained
        Share of a sensor's variance that context explains, for those that it does.
    unusual
        Stretches that looked faulty and were not learned as normal.
    learned, levelled_rows
        Of a past that is too long to learn from all of it: the stretches that were, and the
        rows between them by which the alarm level was learned.
    modes
        Operating modes that were found; None before any were looked for.
    drifted
        That it went away from what was normal little by little, and is not learned since.
    choice
        What the default chose by itself; None for another detector.
    reasons
        Why it is judged so, in sentences.
    """

    asset: str = Field(examples=["P-101"])
    problem: str = ""
    kept: str = ""
    borrowed: str = ""
    trial: Trial | None = None
    threshold: float | None = Field(None, examples=[3.9])
    expected_per_month: float | None = Field(None, examples=[1.0])
    basis: Literal["observed", "extrapolated"] | None = None
    months: float | None = Field(None, examples=[6.2])
    rows: int = Field(0, examples=[267_840])
    data_start: datetime | None = None
    data_end: datetime | None = None
    interval_seconds: float | None = Field(None, examples=[60.0])
    looks_back_seconds: float | None = Field(None, examples=[14_340.0])
    looks_ahead_seconds: float | None = Field(None, examples=[1_860.0])
    sensors: tuple[str, ...] = ()
    left_out: dict[str, str] = Field(default_factory=dict)
    explained: dict[str, float] = Field(default_factory=dict)
    unusual: int = 0
    learned: tuple[Stretch, ...] = ()
    levelled_rows: int | None = None
    modes: int | None = Field(None, examples=[3])
    drifted: tuple[DriftNote, ...] = ()
    choice: Choice | None = None
    reasons: tuple[str, ...] = Field((), examples=[["It runs in 3 modes."]])


class Difference(Schema):
    """One setting that two recipes have otherwise.

    Attributes
    ----------
    name
        Path of the setting, such as ``threshold.minimum_rows``.
    """

    name: str = Field(examples=["threshold.minimum_rows"])
    a: Any = Field(examples=[3])
    b: Any = Field(examples=[5])


class ComparedModel(Schema):
    """One of two versions.

    Attributes
    ----------
    judged, alarms
        Of the readings that both have scored: those it judged, and those at or above its
        threshold.
    alarmed_assets
        Machines with any of these.
    card
        What its alarms were worth in the period.
    """

    version: int
    aliases: tuple[str, ...]
    created: datetime
    recipe: str
    data_start: datetime
    data_end: datetime
    rows: int
    assets: int
    failures: int
    derived_from: int | None
    judged: int = 0
    alarms: int = 0
    alarmed_assets: int = 0
    card: ScorecardRow | None = None


class Disagreement(Schema):
    """A stretch of an asset in which only one of two versions alarmed.

    Attributes
    ----------
    alarmed
        The version that did.
    peak, other
        Highest surprise by it, and by the other one.
    """

    asset: str
    start: datetime
    end: datetime
    rows: int
    alarmed: int
    peak: float
    other: float | None


class ModelComparison(Schema):
    """Two versions of a fleet's model, side by side.

    Attributes
    ----------
    start, end
        Period compared; None where no reading was scored by both.
    both
        Readings at or above the threshold of both.
    disagreements
        The longest stretches in which only one alarmed, and how many there are in all.
    """

    fleet: FleetName
    a: ComparedModel
    b: ComparedModel
    differences: tuple[Difference, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    both: int = 0
    disagreements: tuple[Disagreement, ...] = ()
    disagreed: int = 0
