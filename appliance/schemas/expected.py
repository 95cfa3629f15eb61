"""What would have been normal, as it goes out."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from appliance.schemas.base import FleetName, Schema
from appliance.schemas.manifest import TimeKind


class ExpectedCourse(Schema):
    """What would have been normal for one sensor, one value a time.

    Attributes
    ----------
    expected
        Null where the machine was not running.
    low, high
        95 of 100 readings of normal running lie between them.
    """

    expected: tuple[float | None, ...] = Field(examples=[[64.0, None]])
    low: tuple[float | None, ...] = Field(examples=[[61.9, None]])
    high: tuple[float | None, ...] = Field(examples=[[66.1, None]])


class ExpectedTold(Schema):
    """What would have been normal for some sensors of an asset.

    Attributes
    ----------
    version
        Model version that says so; null if nothing was trained yet.
    width
        For how wide a chart stretches were averaged; null: every reading has its own.
    sensors
        By sensor; those that the version does not know are left out.
    """

    fleet: FleetName = Field(examples=["pumps"])
    asset: str = Field(examples=["P-101"])
    time_kind: TimeKind = "time"
    version: int | None = Field(examples=[3])
    width: int | None = Field(examples=[800])
    times: tuple[datetime, ...] = Field((), examples=[["2026-03-01T08:00:00Z"] * 2])
    sensors: dict[str, ExpectedCourse] = Field({}, examples=[{}])


class SensorExpected(Schema):
    """What one sensor showed, and what would have been normal.

    Attributes
    ----------
    measured
        None if there was no reading.
    low, high
        95 of 100 readings of normal running lie between them.
    words
        The same as a plain sentence.
    """

    sensor: str = Field(examples=["bearing_temp"])
    unit: str = Field("", examples=["°C"])
    measured: float | None = Field(examples=[81.2])
    expected: float = Field(examples=[64.0])
    low: float = Field(examples=[61.9])
    high: float = Field(examples=[66.1])
    words: str = Field(examples=["bearing_temp 81.2 °C; normal would have been 64.0 ± 2.1 °C."])


class EventExpected(Schema):
    """What would have been normal for the sensors that an event is about.

    Attributes
    ----------
    version
        Model version that says so: the one that showed the event; None if it is gone.
    at
        The moment that is looked at: the event's peak.
    sensors
        Those whose share of the surprise is large, the largest first.
    """

    event: str
    version: int | None = Field(examples=[3])
    at: datetime = Field(examples=["2026-03-01T08:00:00Z"])
    sensors: tuple[SensorExpected, ...] = ()
