"""What a fleet model's artifact says about itself: the JSON beside the arrays."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from appliance.schemas.base import Schema
from appliance.schemas.choice import Choice
from appliance.schemas.recipe import Recipe

FORMAT = 1
"""Raised when an older version could not read what this one writes."""

TimeKind = Literal["time", "cycle"]


class Stretch(Schema):
    """A closed time range of one asset."""

    start: datetime
    end: datetime


class BudgetNote(Schema):
    """How far the promised number of false alarms rests on observation.

    Attributes
    ----------
    basis
        ``observed``: counted on the training data; ``extrapolated``: training was too short
        for that, the tail was prolonged.
    expected_per_month
        Events a month expected of normal running at the threshold taken.
    months
        Length of the training data.
    """

    basis: str
    expected_per_month: float
    months: float


class Trial(Schema):
    """A young machine's own sub-model beside the fleet's shared one.

    Its own was learned from the first two thirds of its readings; both judged the last third,
    which neither had learned, as it was and with one sensor after the other moved.

    Attributes
    ----------
    days
        Of its own readings.
    moved
        How far sensors were moved, in their deviations.
    own_alarms, shared_alarms
        Share of the readings as they were that alarmed: falsely, if the machine is well.
    own_found, shared_found
        Share of the moved readings that alarmed, the mean over the sensors.
    better
        Its own took over.
    """

    days: float
    moved: float
    own_alarms: float
    shared_alarms: float
    own_found: float
    shared_found: float
    better: bool


class AssetManifest(Schema):
    """One asset's model.

    Attributes
    ----------
    part, index, checksum
        Number of the file, of the asset in it, and SHA-256 over its arrays.
    sensors
        Sensors judged, in the order of the detector's columns.
    left_out
        Why other sensors are not judged.
    conditioned
        Share of the variance that context explained on held-out stretches, by sensor.
    context
        How the conditioner was built; empty without one.
    detector
        What the arrays mean, from ``detectors.persistence``.
    averages
        The same of the detector of shifts that last; empty without one.
    interval_seconds
        Grid of the series.
    reach
        Rows (before, after) a row that its final score depends on.
    warm_rows
        Rows before a stretch that its scores may depend on: reach, lags and frozen checks.
    threshold
        Surprise at which an alarm begins.
    rows
        Grid rows learned from.
    learned
        Stretches that were learned from, where the past is too long to learn from all of it;
        empty where all of it was.
    levelled_rows
        Rows between those, by which the alarm level was learned; None where all were learned
        from, or too few others could be judged.
    excluded
        Stretches of the training data that looked faulty and were not learned as normal.
    choice
        What the detector chose by itself; None for one that chooses nothing.
    modes
        Operating modes that were found, without standstill; None before any were looked for.
    donors
        Machines that the fleet's shared sub-model was learned from; empty for a machine's own.
    levelled_days
        Of a machine's own readings, by which the shared sub-model is calibrated for it; None
        where it judges by the machines that taught it.
    trial
        By which it took over from the shared one; None where there was nothing to take over.
    pooled
        The network that it judges by is the fleet's: its arrays stand once for all.
    """

    part: int
    index: int
    checksum: str
    sensors: tuple[str, ...]
    left_out: dict[str, str] = Field(default_factory=dict)
    conditioned: dict[str, float] = Field(default_factory=dict)
    context: dict[str, Any] = Field(default_factory=dict)
    detector: dict[str, Any]
    averages: dict[str, Any] = Field(default_factory=dict)
    interval_seconds: float
    reach: tuple[int, int]
    warm_rows: int
    threshold: float
    budget: BudgetNote
    rows: int
    data_start: datetime
    data_end: datetime
    excluded: tuple[Stretch, ...] = ()
    learned: tuple[Stretch, ...] = ()
    levelled_rows: int | None = None
    choice: Choice | None = None
    modes: int | None = None
    donors: tuple[str, ...] = ()
    levelled_days: float | None = None
    trial: Trial | None = None
    pooled: bool = False

    @property
    def after_rows(self) -> int:
        """Rows after a stretch that its scores may depend on.

        A value turns out to be frozen, a gap to be a short one, and a series to be long
        enough for its windows only by what follows.
        """
        return self.warm_rows - self.reach[0] + max(self.reach)


class PartFile(Schema):
    """A file of arrays and its size in bytes."""

    name: str
    size: int


class PooledNetwork(Schema):
    """The network that a whole fleet taught.

    Attributes
    ----------
    part, checksum
        Number of the file that holds it alone, and SHA-256 over its arrays.
    stretches
        Of readings without a gap that it was learned from, of all machines.
    epochs, error
        Times that their windows were gone through, and the mean squared error at the last.
    workers
        That learned it together at the end.
    """

    part: int = 0
    checksum: str = ""
    stretches: int
    epochs: int
    error: float
    workers: int


class FleetManifest(Schema):
    """One fleet model.

    Attributes
    ----------
    sensors, context
        Columns that a frame to be scored should have.
    levels
        Numbers that stand for the words of a context column, by column.
    asset_column, time_column
        What the training frame called them.
    time_kind
        ``cycle``: times were counters; cycle n is kept as 2000-01-01 plus n hours.
    failures
        Why an asset has no model of its own.
    shared
        The fleet's sub-model for machines without an own; None where there is none.
    trials
        By which machines without an own stay with the shared one.
    network
        That a whole fleet taught; None where each machine was learned alone.
    """

    format: int = FORMAT
    code_version: str
    recipe: Recipe
    sensors: tuple[str, ...]
    context: tuple[str, ...] = ()
    levels: dict[str, dict[str, int]] = Field(default_factory=dict)
    asset_column: str | None = "asset"
    time_column: str | None = "time"
    time_kind: TimeKind = "time"
    parts: tuple[PartFile, ...]
    assets: dict[str, AssetManifest]
    failures: dict[str, str] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    shared: AssetManifest | None = None
    trials: dict[str, Trial] = Field(default_factory=dict)
    network: PooledNetwork | None = None

    def of(self, asset: str) -> AssetManifest | None:
        """Return what an asset is judged by: its own sub-model, or else the shared one."""
        return self.assets.get(asset, self.shared)
