"""What ingesting files found, guessed, took and refused."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from appliance.schemas.base import Schema


class FileStatus(StrEnum):
    """What became of a file."""

    ADDED = "added"
    ALREADY_THERE = "already there"
    REJECTED = "rejected"


class SensorQuality(Schema):
    """Data quality of one sensor over the rows of one or more batches.

    Attributes
    ----------
    longest_stuck
        Most rows in sequence with the very same value on one asset.
    distinct
        Different values, approximately; of several batches, those of the richest one.
    median
        Of one batch exactly; of several, the median of their medians weighted by rows.
    """

    sensor: str
    rows: int
    missing: int
    longest_stuck: int
    out_of_limits: int
    distinct: int = 0
    minimum: float | None = None
    median: float | None = None
    maximum: float | None = None

    @property
    def missing_share(self) -> float:
        """Share of the rows without a value."""
        return self.missing / self.rows if self.rows else 0.0


class AssetQuality(Schema):
    """Sampling of one asset in one or more batches.

    Attributes
    ----------
    interval_seconds
        Median distance of consecutive readings.
    gaps
        Distances of more than five intervals.
    jumps_back
        Rows whose time was earlier than that of the row before in the file.
    duplicates
        Rows whose time stood in the file already.
    clock_changes
        Hours that daylight saving time repeated or left out, met in the file.
    """

    asset: str
    rows: int
    interval_seconds: float | None
    gaps: int
    longest_gap_seconds: float
    jumps_back: int
    duplicates: int
    clock_changes: int


class FileReport(Schema):
    """One file's way into the lake."""

    path: str
    status: FileStatus
    batch: str = ""
    rows: int = 0
    corrected: int = 0
    quarantined: int = 0
    reason: str = ""
    guesses: tuple[str, ...] = ()


class IngestReport(Schema):
    """What one `kizashi ingest` did.

    Attributes
    ----------
    rows
        Rows added to the lake or corrected in it.
    quarantined
        Rows or cells refused.
    assets, sensors
        Assets and sensors met in the files that were read.
    """

    fleet: str
    rows: int
    quarantined: int
    assets: int
    sensors: int
    files: tuple[FileReport, ...]
    quality: tuple[SensorQuality, ...]
    sampling: tuple[AssetQuality, ...]


class Batch(Schema):
    """One ingested file: the first noun of the lineage."""

    id: str
    fleet: str
    path: str
    rows: int
    quarantined: int
    finished: datetime


class FleetQuality(Schema):
    """Data quality of a fleet.

    Attributes
    ----------
    batches, of
        How many of its batches, the latest, it is told of, and how many there are.
    """

    sensors: tuple[SensorQuality, ...]
    assets: tuple[AssetQuality, ...]
    batches: int = Field(examples=[12])
    of: int = Field(examples=[12])


class Refused(Schema):
    """One row or cell that was refused.

    Attributes
    ----------
    file, row
        Where it stood; row 0 is the whole file or column.
    """

    batch: str
    at: datetime
    file: str = Field(examples=["november.csv"])
    row: int = Field(examples=[17])
    column: str = Field(examples=["flow"])
    value: str = Field(examples=["n/a?"])
    reason: str = Field(examples=["not a number"])
