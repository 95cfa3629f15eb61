"""Operating modes of a machine: what tells them apart, and what is normal in each."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from appliance.schemas.base import FleetName, Schema
from appliance.schemas.manifest import TimeKind

Level = Literal["low", "medium", "high", "off", "on", "is"]
"""What a column shows in a mode; ``is``: one of the words that its numbers stand for."""


class ModeTrait(Schema):
    """What a column shows in a mode, and tells it from others by.

    Attributes
    ----------
    value
        Its median in the mode.
    word
        Of a context of words: the one that it shows.
    """

    sensor: str = Field(examples=["speed"])
    level: Level = Field(examples=["high"])
    value: float = Field(examples=[1480.0])
    word: str = ""


class ModeBand(Schema):
    """What a column usually shows in a mode.

    Attributes
    ----------
    low, middle, high
        Quantiles 5, 50 and 95 % of the readings learned from.
    """

    sensor: str = Field(examples=["flow"])
    unit: str = Field("", examples=["m3/h"])
    low: float = Field(examples=[118.2])
    middle: float = Field(examples=[121.0])
    high: float = Field(examples=[124.5])


class Mode(Schema):
    """One mode that a machine runs in.

    Attributes
    ----------
    mode
        From 1 by rising levels of what tells them apart; 0: the machine does not run.
    words
        Which mode it is, for people.
    by
        What tells it from the others; empty for the only mode, and for 0.
    share
        Of the time learned from, 0..1.
    bands
        Of sensors and contexts that had values, in their order.
    """

    mode: int = Field(examples=[2])
    words: str = Field(examples=["mode with high speed"])
    by: tuple[ModeTrait, ...] = ()
    share: float = Field(ge=0, le=1, examples=[0.4])
    bands: tuple[ModeBand, ...] = ()


class ModeStretch(Schema):
    """A closed time range in which a mode was on."""

    mode: int = Field(examples=[2])
    start: datetime
    end: datetime


class ModesTold(Schema):
    """The modes of a machine as its model learned them, and when each was on.

    Attributes
    ----------
    version
        Model version that knows the modes: the champion; None if nothing was trained yet.
    modes
        By number; none if that version keeps none.
    start, end
        Range in which `stretches` were looked for; None if there are no readings in it.
    stretches
        In order of time, none overlapping; where there is none, readings are missing or do
        not tell.
    shortest_seconds
        A mode that was on for less is not told: it grows with the range.
    """

    fleet: FleetName = Field(examples=["pumps"])
    asset: str = Field(examples=["P-101"])
    time_kind: TimeKind = "time"
    version: int | None = Field(examples=[3])
    modes: tuple[Mode, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    stretches: tuple[ModeStretch, ...] = ()
    shortest_seconds: float = Field(0.0, examples=[300.0])


class MeasuredBand(ModeBand):
    """What a sensor usually shows in a mode, and what it showed during an event.

    Attributes
    ----------
    measured
        Median during the event; None if there was no value.
    """

    measured: float | None = Field(examples=[97.4])


class EventMode(Schema):
    """The mode that a machine was in during an event.

    Attributes
    ----------
    share
        Of the event that it was in this mode, 0..1.
    by
        What tells it from the others.
    only
        The machine has but this one mode: there is nothing to say of it.
    sensors
        Of the event, those that contributed most first.
    """

    mode: int = Field(examples=[2])
    words: str = Field(examples=["mode with high speed"])
    share: float = Field(ge=0, le=1, examples=[1.0])
    by: tuple[ModeTrait, ...] = ()
    only: bool = False
    sensors: tuple[MeasuredBand, ...] = ()
