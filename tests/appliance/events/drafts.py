"""Drafts and score frames to find and keep events in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from appliance.schemas.event import EventDraft, EventKind, SensorShare, Severity
from appliance.schemas.score import Judgement, share_column

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = {"P-1": (START, START + timedelta(days=1))}
"""The closed range of a day's scores."""


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def span(first: float, last: float, asset: str = "P-1"):
    return {asset: (minute(first), minute(last))}


def draft(first: float, last: float, peak: float = 6.0, **facts) -> EventDraft:
    given = {
        "asset": "P-1",
        "start": minute(first),
        "end": minute(last),
        "peak": peak,
        "peak_time": minute(first),
        "threshold": 4.0,
        "severity": Severity.WATCH,
        "sensors": (SensorShare(name="flow", share=1.0),),
    }
    return EventDraft.model_validate(given | facts)


def fault(first: float, last: float, sensor: str = "flow", note: str = "frozen") -> EventDraft:
    return draft(
        first,
        last,
        0.0,
        threshold=0.0,
        kind=EventKind.SENSOR_FAULT,
        sensors=(SensorShare(name=sensor, share=1.0, note=note),),
    )


def scores(surprise, shares=None, minutes=None) -> pl.DataFrame:
    """Return score rows of one asset, a minute apart unless told otherwise."""
    places = range(len(surprise)) if minutes is None else minutes
    values = pl.Series(surprise, dtype=pl.Float32).fill_nan(None)
    return pl.DataFrame(
        {
            "asset": pl.Series(["P-1"] * len(surprise), dtype=pl.String),
            "time": pl.Series([minute(n) for n in places], dtype=pl.Datetime("us", "UTC")),
            "surprise": values,
            "alarm": (values >= 4.0).fill_null(value=False),
            "state": pl.Series([int(Judgement.FINAL)] * len(surprise), dtype=pl.Int8),
            "coverage": pl.Series([1.0] * len(surprise), dtype=pl.Float32),
            **{
                share_column(name): pl.Series(column, dtype=pl.Float32)
                for name, column in (shares or {}).items()
            },
        }
    )
