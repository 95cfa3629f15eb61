"""Stretches of a machine's past that look like another, and what was found then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from appliance.core.errors import InvalidRequest, NotFound
from appliance.events.store import Search
from appliance.intake.ledger import Asset
from appliance.pipelines.charts import MOST_READ
from appliance.pipelines.site import Site
from appliance.schemas.event import Event
from appliance.schemas.history import Similar, SimilarStretch
from appliance.schemas.sensor import SensorRole
from detectors.similar import alike, likeness

MOST_SISTERS = 5
"""Other machines that are searched as well."""
COUNT = 3
_POINTS = 200
"""Steps that the stretch is cut into at most."""
_FEWEST = 8
_MOST_ROWS = 1 << 19
"""Steps of one machine's past that are searched."""
_MOST_SENSORS = 40
_EVENTS = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROW = "\0row"  # no sensor's name
_MICRO = timedelta(microseconds=1)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Stretch:
    """What is compared: a half-open time range of one machine."""

    asset: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class _Grid:
    """Steps of equal length that readings are averaged over; one begins at the stretch."""

    origin: datetime
    step: timedelta

    def row(self, moment: datetime) -> int:
        return (moment - self.origin) // self.step

    def start(self, row: int) -> datetime:
        return self.origin + row * self.step

    def values(
        self, frame: pl.DataFrame, names: Sequence[str], rows: tuple[int, int]
    ) -> Floats:
        """Return the means of the rows from … to before …, NaN where there are none."""
        first, end = rows
        origin, step = (self.origin - _EPOCH) // _MICRO, self.step // _MICRO
        means = (
            frame.select(
                *names, ((pl.col("time").dt.epoch("us") - origin) // step - first).alias(_ROW)
            )
            .filter(pl.col(_ROW).is_between(0, end - first - 1))
            .group_by(_ROW)
            .agg(pl.col(*names).mean())
        )
        out = np.full((end - first, len(names)), np.nan)
        columns = [means[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in names]
        out[means[_ROW].to_numpy()] = np.column_stack(columns)
        return out


def similar(
    site: Site,
    fleet: str,
    asked: Stretch,
    *,
    sensors: Sequence[str] = (),
    sisters: bool = False,
) -> Similar:
    """Return the stretches that look most like one, none over another nor over itself.

    Parameters
    ----------
    sensors
        Those that are compared; all that are judged if none is named.
    sisters
        Whether other machines of the fleet are searched too, the first five by name.

    Raises
    ------
    NotFound
        There is no such fleet or asset.
    InvalidRequest
        There is no such sensor, or the stretch is too short or too long.
    """
    site.intake.assets.fleet(fleet)
    known = site.intake.assets.named(fleet, [asked.asset])
    if not known:
        raise NotFound(f"fleet {fleet} has no asset {asked.asset}.")
    asked = Stretch(asked.asset, asked.start.astimezone(UTC), asked.end.astimezone(UTC))
    names = _sensors(site, fleet, sensors)
    grid = _grid(known[0], asked)
    length = grid.row(asked.end)
    held = site.lake.readings(fleet)
    pattern = grid.values(
        held.read([asked.asset], asked.start, asked.end, names), names, (0, length)
    )
    if np.isnan(pattern).all():
        raise InvalidRequest(
            "there are no readings in this stretch.", remedy="Ask for another."
        )
    machines = [known[0], *(_sisters(site, fleet, asked.asset) if sisters else ())]
    found: list[tuple[float, str, int]] = []
    earliest = asked.start
    for one in machines:
        start = _searched_from(one, grid, len(names) * len(machines))
        rows = grid.row(start), grid.row(one.end) + 1
        if rows[1] - rows[0] < length:
            continue
        earliest = min(earliest, start)
        past = grid.values(held.read([one.name], start, None, names), names, rows)
        like = likeness(past, pattern)
        taken = [(-rows[0], length - rows[0])] if one.name == asked.asset else []
        found += [
            (float(like[at]), one.name, at + rows[0])
            for at in alike(like, length, COUNT, taken)
        ]
    best = sorted(found, key=lambda one: (-one[0], one[1], one[2]))[:COUNT]
    return Similar(
        fleet=fleet,
        asset=asked.asset,
        sensors=tuple(names),
        step_seconds=grid.step.total_seconds(),
        searched_from=earliest,
        searched=tuple(one.name for one in machines),
        found=tuple(_told(site, fleet, grid, length, one) for one in best),
    )


def _sensors(site: Site, fleet: str, asked: Sequence[str]) -> list[str]:
    """Return the sensors that are compared: judged ones, unless others are named."""
    roles = {one.name: one.role for one in site.intake.sensors(fleet)}
    for name in asked:
        if name not in roles:
            raise InvalidRequest(
                f"there is no sensor {name[:200]!r}.", remedy="List the fleet's sensors."
            )
    held = set(site.lake.readings(fleet).columns())
    wanted = list(dict.fromkeys(asked)) or [
        name for name, role in roles.items() if role is SensorRole.SENSOR
    ]
    return [name for name in wanted if name in held][:_MOST_SENSORS]


def _grid(asset: Asset, asked: Stretch) -> _Grid:
    lasts = asked.end - asked.start
    whole = asset.end - asset.start
    usual = whole / max(asset.rows - 1, 1)
    step = max(lasts / _POINTS, usual, timedelta(milliseconds=1))
    if lasts < _FEWEST * step:
        raise InvalidRequest(
            f"a stretch of fewer than {_FEWEST} readings has no course to compare.",
            remedy="Ask for a longer one.",
        )
    if lasts > whole / 2:
        raise InvalidRequest(
            "the stretch is longer than half of what there is of the machine.",
            remedy="Ask for a shorter one.",
        )
    return _Grid(asked.start, step)


def _sisters(site: Site, fleet: str, asset: str) -> list[Asset]:
    found = site.intake.assets.list(fleet, limit=MOST_SISTERS + 1)
    return [one for one in found if one.name != asset][:MOST_SISTERS]


def _searched_from(asset: Asset, grid: _Grid, columns: int) -> datetime:
    """Return where the search begins: at the first reading, if that is not too much."""
    affordable = MOST_READ / columns / max(asset.rows, 1)
    span = min(asset.end - asset.start, grid.step * _MOST_ROWS)
    if affordable < 1:
        span = min(span, (asset.end - asset.start) * affordable)
    return asset.end.astimezone(UTC) - span


# ---------------------------------------------------------------- what was found then
def _told(
    site: Site, fleet: str, grid: _Grid, length: int, found: tuple[float, str, int]
) -> SimilarStretch:
    value, asset, row = found
    start, end = grid.start(row), grid.start(row + length)
    wanted = Search(fleet=fleet, assets=(asset,), since=start, until=end)
    events = site.events.look(wanted, limit=_EVENTS)

    def shared(event: Event) -> timedelta:
        return min(event.end, end) - max(event.start, start)

    return SimilarStretch(
        asset=asset,
        start=start,
        end=end,
        likeness=round(min(max(value, 0.0), 1.0), 4),
        event=max(events, key=shared, default=None),
    )
