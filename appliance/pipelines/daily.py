"""How good the data of a fleet were, by sensor and day: read from the lake when asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from appliance.core.errors import LimitExceeded, NotFound
from appliance.heat import Calendar
from appliance.intake.ledger import Asset
from appliance.pipelines.heat import calendar_in
from appliance.pipelines.site import Site
from appliance.schemas.arrival import QualityDays, SensorDays
from appliance.schemas.sensor import Sensor, SensorRole

STUCK_ROWS = 30
"""As many rows of the very same value are a long run."""
_FEWEST_VALUES = 10
"""A sensor of fewer values is a setting or a switch: it may well stay as it is."""
_MOST_CELLS = 300_000_000
_CELLS_AT_ONCE = 20_000_000
_KEYS = ("asset", "time")
_COUNTS = ("values", "frozen", "out")

Counts = dict[str, npt.NDArray[np.int64]]


@dataclass(frozen=True)
class _Window:
    """The days that are told of."""

    calendar: Calendar
    first: int
    count: int

    @property
    def start(self) -> datetime:
        return self.calendar.start(self.first)

    @property
    def end(self) -> datetime:
        return self.calendar.start(self.first + self.count)

    def starts(self) -> list[datetime]:
        """Return the first moment of each day."""
        return [self.calendar.start(self.first + day) for day in range(self.count)]

    def days(self, times: pl.Series) -> npt.NDArray[np.int64]:
        """Return the place of each time's day."""
        there = times.dt.convert_time_zone(self.calendar.timezone).dt.replace_time_zone(None)
        found: npt.NDArray[np.int64] = there.dt.epoch("d").to_numpy().astype(np.int64)
        return found - self.first


def quality_days(site: Site, fleet: str, count: int, asset: str | None = None) -> QualityDays:
    """Return the quality of a fleet's latest days.

    Parameters
    ----------
    count
        Days, up to that of the last reading.
    asset
        Of this asset alone.

    Raises
    ------
    NotFound
        There is no such fleet, or no such asset in it.
    LimitExceeded
        That would be more readings than one request may have read.
    """
    assets = [one for one in site.intake.assets.list(fleet) if asset in (None, one.name)]
    if not assets:
        raise NotFound(
            f"fleet {fleet} has no asset {asset}." if asset else f"no fleet {fleet}."
        )
    calendar = calendar_in(site, fleet)
    last = calendar.day_of(max(one.end for one in assets))
    window = _Window(calendar, last - count + 1, count)
    sensors = site.intake.sensors(fleet)
    names = None if asset is None else [asset]
    _check(site, fleet, names, window, len(sensors))
    counts: dict[str, Counts] = {one.name: _nothing(count) for one in sensors}
    rows, expected = np.zeros(count, np.int64), np.zeros(count)
    by_name = {one.name: one for one in assets}
    for chunk in site.lake.readings(fleet).chunks(
        cells=_CELLS_AT_ONCE, assets=names, start=window.start, end=window.end
    ):
        frame = chunk.read()
        days = window.days(frame["time"])
        rows += np.bincount(days, minlength=count)
        for name, times in _by_asset(frame):
            expected += _expected(by_name[name], times, window)
        for sensor in sensors:
            if sensor.name in frame.columns:
                _count(counts[sensor.name], frame, days, sensor)
    return QualityDays(
        kind=site.intake.time_kind(fleet),
        timezone=calendar.timezone,
        starts=tuple(window.starts()),
        end=window.end,
        sensors=tuple(_told(one.name, counts[one.name], rows, expected) for one in sensors),
    )


def _check(
    site: Site, fleet: str, names: Sequence[str] | None, window: _Window, sensors: int
) -> None:
    most = _MOST_CELLS // max(sensors, 1)
    found = site.lake.readings(fleet).count(names, window.start, window.end, most)
    if found > most:
        raise LimitExceeded(
            f"{window.count} days of {fleet} are more readings than one request may read.",
            remedy="Ask for fewer days, or for one asset.",
        )


def _nothing(count: int) -> Counts:
    return {name: np.zeros(count, np.int64) for name in _COUNTS}


# ---------------------------------------------------------------- counting
def _by_asset(frame: pl.DataFrame) -> list[tuple[str, pl.Series]]:
    return [
        (str(own["asset"][0]), own["time"])
        for own in frame.select(_KEYS).partition_by("asset", maintain_order=True)
    ]


def _expected(asset: Asset, times: pl.Series, window: _Window) -> npt.NDArray[np.float64]:
    """Return how many readings of an asset were to be expected on each day."""
    steps = times.diff().drop_nulls().dt.total_microseconds()
    middle = steps.filter(steps > 0).median()
    found = np.zeros(window.count)
    if not isinstance(middle, int | float):
        return found
    interval = timedelta(microseconds=float(middle))
    after = asset.end + interval
    for place, start in enumerate(window.starts()):
        end = window.calendar.start(window.first + place + 1)
        within = min(end, after) - max(start, asset.start)
        found[place] = max(within / interval, 0.0)
    return found


def _count(
    counts: Counts, frame: pl.DataFrame, days: npt.NDArray[np.int64], sensor: Sensor
) -> None:
    """Add what a frame sorted by asset and time tells of a sensor."""
    values = frame[sensor.name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    known = ~np.isnan(values)
    out = np.zeros(len(values), bool)
    if sensor.lower is not None:
        out |= values < sensor.lower
    if sensor.upper is not None:
        out |= values > sensor.upper
    masks = {"values": known, "out": out}
    if sensor.role is SensorRole.SENSOR and frame[sensor.name].n_unique() >= _FEWEST_VALUES:
        masks["frozen"] = _frozen(values, frame["asset"]) & known
    for name, mask in masks.items():
        counts[name] += np.bincount(days[mask], minlength=len(counts[name]))


def _frozen(values: npt.NDArray[np.float64], assets: pl.Series) -> npt.NDArray[np.bool_]:
    """Return which rows are in a long run of one value on one asset."""
    new = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    new |= (assets != assets.shift()).fill_null(value=True).to_numpy()
    edges = np.append(np.flatnonzero(new), len(values))
    lengths = np.diff(edges)
    return np.repeat(lengths >= STUCK_ROWS, lengths)


# ---------------------------------------------------------------- telling
def _told(
    name: str,
    counts: Mapping[str, npt.NDArray[np.int64]],
    rows: npt.NDArray[np.int64],
    expected: npt.NDArray[np.float64],
) -> SensorDays:
    return SensorDays(
        sensor=name,
        coverage=_shares(counts["values"], np.maximum(expected, rows * (expected > 0))),
        missing=_shares(rows - counts["values"], rows),
        frozen=_shares(counts["frozen"], rows),
        out_of_limits=_shares(counts["out"], rows),
    )


def _shares(
    parts: npt.NDArray[np.int64], wholes: npt.NDArray[np.float64] | npt.NDArray[np.int64]
) -> tuple[float | None, ...]:
    return tuple(
        round(min(int(part) / float(whole), 1.0), 4) if whole >= 1 else None
        for part, whole in zip(parts, wholes, strict=True)
    )
