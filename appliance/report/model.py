"""What a report shows, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from appliance.schemas.base import Language as Language
from appliance.schemas.event import Event
from appliance.schemas.manifest import TimeKind


@dataclass(frozen=True)
class HeatRow:
    """One asset's line of the heat map.

    Attributes
    ----------
    peaks
        Highest surprise / threshold in each bin, shape (n_bins,); NaN where nothing was
        judged.
    """

    asset: str
    peaks: NDArray[np.float64]
    events: int


@dataclass(frozen=True)
class Trace:
    """One sensor (or the surprise) over an event's surroundings.

    Attributes
    ----------
    times
        Seconds since 1970, ascending, shape (n,).
    values
        In the sensor's unit, NaN where missing, shape (n,).
    limit
        A line to draw, such as the alarm threshold.
    """

    name: str
    unit: str
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    share: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class EventView:
    """One event with its plot."""

    event: Event
    sentence: str
    traces: tuple[Trace, ...]
    start: datetime
    end: datetime


@dataclass(frozen=True)
class QualityRow:
    """Data quality of one sensor."""

    sensor: str
    unit: str
    role: str
    missing_share: float
    longest_stuck: int
    out_of_limits: int
    minimum: float | None
    median: float | None
    maximum: float | None


@dataclass(frozen=True)
class Report:
    """Everything on the page."""

    fleet: str
    language: Language
    zone: ZoneInfo
    made: datetime
    start: datetime
    end: datetime
    model_version: int
    recipe: str
    trained_from: datetime
    trained_until: datetime
    assets: int
    rows: int
    judged_share: float
    bins: tuple[datetime, ...]
    heat: tuple[HeatRow, ...]
    events: tuple[EventView, ...]
    faults: tuple[EventView, ...]
    quality: tuple[QualityRow, ...]
    failures: dict[str, str] = field(default_factory=dict)
    quarantined: int = 0
    time_kind: TimeKind = "time"

    @property
    def clock(self) -> ZoneInfo | None:
        """Zone that the readings' times are told in; None where cycles are counted."""
        return None if self.time_kind == "cycle" else self.zone
