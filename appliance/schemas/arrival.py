"""What came: batches, what was refused of them, and how good the data were by day."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from appliance.schemas.base import Schema
from appliance.schemas.ingest import Refused
from appliance.schemas.manifest import TimeKind

_MOMENT = "2026-03-01T08:00:00Z"
_SHARES = [[0.998, None]]


class Arrival(Schema):
    """One batch that was brought in.

    Attributes
    ----------
    file
        What its file is called.
    way
        ``sent``: over the API or the pages; ``file``: from a folder of the site; ``source``: by
        itself.
    by
        Who brought it in; empty where nobody noted it down.
    rows, corrected
        Readings that were new, and that replaced older values.
    quarantined
        Rows and cells refused.
    start, end
        Its first and last reading that changed anything; None if none did.
    """

    batch: str
    file: str = Field(examples=["november.csv"])
    way: Literal["sent", "file", "source"] = Field("sent", examples=["sent"])
    by: str = Field("", examples=["erika"])
    finished: AwareDatetime = Field(examples=[_MOMENT])
    rows: int = Field(examples=[525_600])
    corrected: int = Field(examples=[0])
    quarantined: int = Field(examples=[3])
    assets: int = Field(examples=[12])
    start: AwareDatetime | None = Field(None, examples=["2025-03-01T00:00:00Z"])
    end: AwareDatetime | None = Field(None, examples=[_MOMENT])


class RefusedFor(Schema):
    """What was refused for one reason in one column.

    Attributes
    ----------
    column
        Empty where whole rows or files were refused.
    files
        In how many files.
    latest
        When the last of it came.
    samples
        The first few.
    """

    reason: str = Field(examples=["not a finite number"])
    column: str = Field(examples=["flow"])
    count: int = Field(examples=[3])
    files: int = Field(examples=[1])
    latest: AwareDatetime = Field(examples=[_MOMENT])
    samples: tuple[Refused, ...]


class Refusals(Schema):
    """What was refused of a fleet's files, the most frequent reasons first.

    Attributes
    ----------
    total
        Rows and cells, for these reasons and others.
    """

    total: int = Field(examples=[3])
    reasons: tuple[RefusedFor, ...]


class SensorDays(Schema):
    """The data of one sensor by day, as shares of one; None where there is nothing to share.

    Attributes
    ----------
    coverage
        Of the readings that were to be expected, those that came with a value.
    missing
        Of the readings that came, those without a value.
    frozen
        Those in a long run of the very same value.
    out_of_limits
        Those outside of the physical limits.
    """

    sensor: str = Field(examples=["flow"])
    coverage: tuple[float | None, ...] = Field(examples=_SHARES)
    missing: tuple[float | None, ...] = Field(examples=_SHARES)
    frozen: tuple[float | None, ...] = Field(examples=_SHARES)
    out_of_limits: tuple[float | None, ...] = Field(examples=_SHARES)


class QualityDays(Schema):
    """The data of a fleet, or of one of its assets, by sensor and day.

    Attributes
    ----------
    kind
        ``cycle``: its times are counters, and 24 of them are a day.
    starts
        The first moment of each day.
    end
        The moment after the last.
    """

    kind: TimeKind = "time"
    timezone: str = Field(examples=["Asia/Tokyo"])
    starts: tuple[AwareDatetime, ...] = Field(examples=[[_MOMENT]])
    end: AwareDatetime = Field(examples=["2026-03-02T08:00:00Z"])
    sensors: tuple[SensorDays, ...]
