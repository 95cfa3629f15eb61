"""Readings and scores as they go out: column by column, as many points as a chart is wide."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from appliance.schemas.base import FleetName, Schema
from appliance.schemas.fleet import Standing
from appliance.schemas.manifest import TimeKind

_TIMES = ["2026-03-01T08:00:00Z", "2026-03-01T08:01:00Z"]


class AssetReadings(Schema):
    """Readings of one asset.

    Attributes
    ----------
    values
        By sensor, one value a time; null where there is none, all null where a line breaks.
    """

    asset: str = Field(examples=["P-101"])
    times: tuple[datetime, ...] = Field(examples=[_TIMES])
    values: dict[str, tuple[float | None, ...]] = Field(examples=[{"flow": [7.1, None]}])


class ReadingsTold(Schema):
    """Readings of some assets.

    Attributes
    ----------
    method, width
        How rows were chosen, and for how wide a chart; null: these are all of them.
    """

    fleet: FleetName = Field(examples=["pumps"])
    time_kind: TimeKind = "time"
    method: str = Field(examples=["minmax"])
    width: int | None = Field(examples=[800])
    series: tuple[AssetReadings, ...]


class AssetScores(Schema):
    """Scores of one asset.

    Attributes
    ----------
    threshold
        Surprise at which an alarm begins; null for an asset without a model.
    surprise
        Null where the reading was not judged: `standing` says why.
    contributions
        By sensor, its share of the surprise; null where the surprise is small.
    """

    asset: str = Field(examples=["P-101"])
    threshold: float | None = Field(examples=[3.9])
    times: tuple[datetime, ...] = Field(examples=[_TIMES])
    surprise: tuple[float | None, ...] = Field(examples=[[4.2, None]])
    alarm: tuple[bool | None, ...] = Field(examples=[[True, False]])
    standing: tuple[Standing, ...] = Field(examples=[["final", "not_running"]])
    contributions: dict[str, tuple[float | None, ...]] = Field(examples=[{"flow": [0.8, None]}])


class ScoresTold(Schema):
    """Scores of some assets by one model version.

    Attributes
    ----------
    sensors
        Those with the largest contributions, the largest first.
    """

    fleet: FleetName = Field(examples=["pumps"])
    time_kind: TimeKind = "time"
    version: int = Field(examples=[3])
    champion: bool = Field(examples=[True])
    width: int | None = Field(examples=[800])
    sensors: tuple[str, ...] = Field(examples=[["flow"]])
    series: tuple[AssetScores, ...]
