"""What would have been normal for the sensors of a machine, over time and during an event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from appliance.core.errors import ArtifactError, InvalidRequest, LimitExceeded, NotFound
from appliance.events.expected_words import expected_words
from appliance.fleet.relations import blamed
from appliance.fleet.scoring import (
    EXPECTED,
    EXPECTED_HIGH,
    EXPECTED_LOW,
    Models,
    expected_frame,
    opened,
)
from appliance.lake import Readings
from appliance.pipelines.modes import MOST_NAMED
from appliance.pipelines.site import Site
from appliance.schemas.base import Language
from appliance.schemas.event import Event
from appliance.schemas.expected import (
    EventExpected,
    ExpectedCourse,
    ExpectedTold,
    SensorExpected,
)
from appliance.schemas.manifest import AssetManifest
from appliance.schemas.model import ModelVersion
from appliance.schemas.sensor import Sensor

MOST_EXPLAINED = 8_000_000
"""Readings × sensors that one request may have explained."""
_INSTANT = timedelta(microseconds=1)
_PREFIXES = {"expected": EXPECTED, "low": EXPECTED_LOW, "high": EXPECTED_HIGH}
_DIGITS = 6


def expected(
    site: Site,
    fleet: str,
    asset: str,
    within: tuple[datetime, datetime],
    *,
    sensors: Sequence[str] = (),
    version: int | None = None,
    width: int | None = None,
) -> ExpectedTold:
    """Return what would have been normal for sensors of an asset in a half-open range.

    Parameters
    ----------
    sensors
        Those that are to be explained, by the others; each by all others if none is named.
    version
        Of the model; the champion if not said.
    width
        Points that the chart is wide: stretches are averaged to no more.

    Raises
    ------
    NotFound
        There is no such fleet, asset or version.
    InvalidRequest
        There is no such sensor.
    LimitExceeded
        More would have to be explained than one request may have.
    """
    site.intake.assets.fleet(fleet)
    if not site.intake.assets.named(fleet, [asset]):
        raise NotFound(f"fleet {fleet} has no asset {asset}.")
    known = {one.name for one in site.intake.sensors(fleet)}
    for name in sensors:
        if name not in known:
            raise InvalidRequest(f"there is no sensor {name!r}.", remedy="List its sensors.")
    kind = site.intake.time_kind(fleet)
    told = ExpectedTold(fleet=fleet, asset=asset, time_kind=kind, version=None, width=width)
    chosen = _version(site, fleet, version)
    if chosen is None:
        return told
    told = told.model_copy(update={"version": chosen.version})
    models = opened(chosen.path, chosen.digest)
    entry = models.manifest.of(asset)
    if entry is None:
        return told
    names = [name for name in sensors or entry.sensors if name in entry.sensors]
    start, end = (moment.astimezone(UTC) for moment in within)
    frame = _explained(site.lake.readings(fleet), models, asset, (start, end), sensors)
    frame = _thinned(frame, width)
    return told.model_copy(
        update={
            "times": tuple(frame["time"].to_list()),
            "sensors": {name: _course(frame, name) for name in names},
        }
    )


def _version(site: Site, fleet: str, number: int | None) -> ModelVersion | None:
    if number is not None:
        return site.registry.get(fleet, number)
    try:
        return site.registry.champion(fleet)
    except NotFound:
        return None


def _explained(
    held: Readings,
    models: Models,
    asset: str,
    within: tuple[datetime, datetime],
    unknown: Sequence[str],
) -> pl.DataFrame:
    """Return the readings of an asset beside what would have been normal."""
    start, end = within
    columns = [name for name in models.columns.names if name in held.columns()]
    begun = start - _settling(models.entry(asset))
    most = MOST_EXPLAINED // max(len(columns), 1)
    rows = held.count([asset], begun, end, most)
    if rows > most:
        raise LimitExceeded(
            f"{rows:,} readings of {len(columns):,} columns are more than one request may have "
            "explained.",
            remedy="Ask for a shorter time.",
        )
    frame = held.read([asset], begun, end, columns)
    hidden = np.zeros((len(models.manifest.sensors), frame.height), bool)
    hidden[[name in unknown for name in models.manifest.sensors]] = True
    told = expected_frame(models, frame, hidden, interval=True)
    return frame.hstack(told).filter(pl.col("time") >= start)


def _settling(entry: AssetManifest) -> timedelta:
    """Return how far before a moment readings bear on what is expected at it."""
    rows = entry.warm_rows - entry.reach[0] + 1
    return timedelta(seconds=rows * entry.interval_seconds)


def _thinned(frame: pl.DataFrame, width: int | None) -> pl.DataFrame:
    """Return means of as many stretches as a chart is wide, each at its middle row."""
    size = -(-frame.height // (width or max(frame.height, 1)))
    if size <= 1:
        return frame
    return frame.group_by(pl.int_range(pl.len()) // size, maintain_order=True).agg(
        pl.col("time").get(pl.len() // 2),
        pl.col(f"^({'|'.join(_PREFIXES.values())}).*$").mean(),
    )


def _course(frame: pl.DataFrame, name: str) -> ExpectedCourse:
    return ExpectedCourse(
        **{
            part: tuple(frame[prefix + name].round_sig_figs(_DIGITS).to_list())
            for part, prefix in _PREFIXES.items()
        }
    )


# ---------------------------------------------------------------- events
def expected_at(site: Site, event: str, language: Language) -> EventExpected:
    """Return what would have been normal at the peak of an event; raises `NotFound`.

    Nothing is said where the version that showed it is gone, or does not know the asset.
    """
    found = site.events.get(event)
    told = EventExpected(event=event, version=None, at=found.peak_time)
    try:
        version = site.registry.get(found.fleet, found.model_version)
        models = opened(version.path, version.digest)
    except (NotFound, ArtifactError):  # the page of the fleet's models says so
        return told
    told = told.model_copy(update={"version": version.version})
    held, names = site.lake.readings(found.fleet), _blamed(found, models)
    if not names or not held.exists():
        return told
    at = found.peak_time.astimezone(UTC)
    frame = _explained(held, models, found.asset, (at, at + _INSTANT), names)
    if not frame.height:
        return told
    known = {sensor.name: sensor for sensor in site.intake.sensors(found.fleet)}
    row = frame.row(0, named=True)
    sensors = [
        _sensor(row, known[name], language)
        for name in names
        if name in known and row[EXPECTED + name] is not None
    ]
    return told.model_copy(update={"sensors": tuple(sensors)})


def _blamed(event: Event, models: Models) -> list[str]:
    """Return the sensors that an event is about, as far as the model knows them."""
    entry = models.manifest.of(event.asset)
    if entry is None or not event.sensors:
        return []
    named = blamed(np.array([one.share for one in event.sensors]))
    about = [one.name for one, blame in zip(event.sensors, named, strict=True) if blame]
    return [name for name in about if name in entry.sensors][:MOST_NAMED]


def _sensor(row: dict[str, float | None], sensor: Sensor, language: Language) -> SensorExpected:
    name, unit = sensor.name, sensor.unit
    middle, low, high = (_number(row[prefix + name]) for prefix in _PREFIXES.values())
    measured = row.get(name)
    shown = None if measured is None or not np.isfinite(measured) else _number(measured)
    return SensorExpected(
        sensor=name,
        unit=unit,
        measured=shown,
        expected=middle,
        low=low,
        high=high,
        words=expected_words(
            sensor.label or name, unit, shown, middle, (high - low) / 2, language
        ),
    )


def _number(value: float | None) -> float:
    return float(f"{value:.{_DIGITS}g}")
