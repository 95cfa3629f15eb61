"""Scores by day: the highest surprise, and how many readings were judged, alarmed or masked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from appliance.schemas.manifest import TimeKind
from appliance.schemas.score import Judgement

QUARTERS = 4
"""Parts of a day whose highest surprise is kept as well: six hours by the site's clock."""
_HOURS = 24 // QUARTERS
_PART = _HOURS * 3_600_000_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a day in whatever zone
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """The days of a place: numbers from 1 January 1970 on, by its own clock.

    Parameters
    ----------
    timezone
        Name of its zone.
    """

    timezone: str

    def day_of(self, moment: datetime) -> int:
        """Return the day that a moment is on."""
        there = moment.astimezone(ZoneInfo(self.timezone))
        return (there.replace(tzinfo=None) - _EPOCH) // _DAY

    def start(self, day: int, quarter: int = 0) -> datetime:
        """Return the first moment of a day, or of a part of it."""
        there = _EPOCH + timedelta(days=day, hours=quarter * _HOURS)
        return there.replace(tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)


def calendar_of(kind: TimeKind, timezone: str) -> Calendar:
    """Return the days of a fleet; 24 cycles are one where its times are counters."""
    return Calendar("UTC" if kind == "cycle" else timezone)


def summarise(scores: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return scores by asset and day.

    Parameters
    ----------
    scores
        Asset, time, surprise, alarm and state.

    Returns
    -------
    DataFrame
        Columns ``asset``, ``day``, ``rows``, ``judged``, ``alarms``, ``masked``, ``peak``
        (null where nothing was judged) and ``quarters``, the peaks of the day's parts.
    """
    there = pl.col("time").dt.convert_time_zone(calendar.timezone).dt.replace_time_zone(None)
    judged = pl.col("state") < Judgement.NO_MODEL.value
    # By parts of days first: what is left of millions of rows is then cut into columns.
    parts = (
        scores.select(
            "asset",
            part=there.dt.epoch("us") // _PART,
            judged=judged,
            alarm=judged & pl.col("alarm"),
            masked=pl.col("state") == Judgement.MAINTENANCE.value,
            peak=pl.when(judged).then(pl.col("surprise")),
        )
        .group_by("asset", "part")
        .agg(pl.len().alias("rows"), pl.col("judged", "alarm", "masked").sum(), _peak())
        .with_columns(
            day=(pl.col("part") // QUARTERS).cast(pl.Int32), quarter=pl.col("part") % QUARTERS
        )
    )
    quarter = pl.col("quarter")
    return (
        parts.group_by("asset", "day")
        .agg(
            pl.col("rows", "judged").sum().cast(pl.Int64),
            pl.col("alarm").sum().cast(pl.Int64).alias("alarms"),
            pl.col("masked").sum().cast(pl.Int64),
            _peak().cast(pl.Float64).round(4),
            *(
                pl.col("peak")
                .filter(quarter == part)
                .max()
                .cast(pl.Float64)
                .round(4)
                .alias(f"{part}")
                for part in range(QUARTERS)
            ),
        )
        .with_columns(quarters=pl.concat_list(f"{part}" for part in range(QUARTERS)))
        .drop(f"{part}" for part in range(QUARTERS))
        .sort("asset", "day")
    )


def _peak() -> pl.Expr:
    return pl.col("peak").max()
