"""A plant whose readings come a day at a time, and what is asked of its lake after a while."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import polars as pl

from appliance.fleet.frames import Layout
from appliance.fleet.recipe import resolve
from appliance.fleet.training import fit_fleet
from appliance.lake import Lake
from appliance.lake.place import LOG
from benchmarks.harness.plant import asset_name
from benchmarks.harness.watch import Watch
from benchmarks.sides.ours import site_of
from benchmarks.sides.plant import FLEET

START = datetime(2025, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_MONTH = 30 * _DAY
_CLEAN_EVERY = 7
"""Days: what merging leaves is deleted at each training run, and kept a week."""


@dataclass(frozen=True)
class Plant:
    """How large it is: a reading each so many minutes, ``sensors`` float32 values each."""

    assets: int
    days: int
    minutes: int
    sensors: int

    @property
    def rows_a_day(self) -> int:
        """Readings of an asset in a day."""
        return 24 * 60 // self.minutes

    def data(self) -> dict[str, int]:
        """Return the size as JSON."""
        return asdict(self)

    def day(self, number: int) -> pl.DataFrame:
        """Return what all assets measured on a day, one asset after the other."""
        rows, random = self.rows_a_day, np.random.default_rng([number, self.assets])
        begin = START + number * _DAY
        times = pl.datetime_range(
            begin, begin + _DAY, f"{self.minutes}m", closed="left", time_unit="us", eager=True
        )
        swing = np.sin(2 * np.pi * np.arange(rows) / rows).astype(np.float32)
        shape = (self.sensors, self.assets, rows)
        values = random.standard_normal(shape, np.float32) * 0.2 + swing
        names = pl.Series([asset_name(number) for number in range(self.assets)])
        return pl.DataFrame(
            {
                "asset": names.gather(np.repeat(np.arange(self.assets), rows)),
                "time": times.gather(np.tile(np.arange(rows), self.assets)),
                **{f"s{i:02d}": own.ravel() for i, own in enumerate(values)},
            }
        )


# ---------------------------------------------------------------- readings come
def bring(root: str, plant: dict[str, int], first: int, stop: int) -> dict[str, Any]:
    """Commit days ``first`` to ``stop - 1``, a batch each; the last one is today's.

    Returns
    -------
    dict
        Wall and processor seconds by day, of the commits alone.
    """
    watch, given, lake = Watch(), Plant(**plant), Lake(f"{root}/lake")
    readings, log = lake.readings(FLEET), Path(root) / "lake" / "readings" / FLEET / LOG
    walls, cpus = [], []
    watch.ready()
    for number in range(first, stop):
        frame = given.day(number)
        today = datetime.now(UTC) - (stop - 1 - number) * _DAY
        # What is removed from a table is remembered for a week, and its log for a month.
        with mock.patch("appliance.lake.table.now", lambda today=today: today):
            wall, cpu = time.perf_counter(), time.process_time()
            readings.write(frame, batch=f"day-{number}")
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
        _age(log, today)
        if number % _CLEAN_EVERY == 0:
            readings.clean(older_than_hours=0)
    return watch.done(walls=walls, cpus=cpus, **_size(lake, log))


def _age(log: Path, today: datetime) -> None:
    """Let the newest commits seem to be of their day."""
    moment = today.timestamp()
    for path in log.iterdir():
        if path.stat().st_mtime > moment + 1:
            os.utime(path, (moment, moment))


def _size(lake: Lake, log: Path) -> dict[str, int]:
    return {
        "files": len(lake.readings(FLEET).files()),
        "rows": lake.readings(FLEET).row_count(),
        "lake_bytes": lake.size(FLEET),
        "log_files": len(list(log.iterdir())),
        "log_bytes": sum(path.stat().st_size for path in log.iterdir()),
    }


def compact(root: str) -> dict[str, Any]:
    """Put small files together, and delete those that are no longer needed."""
    watch, lake = Watch(), Lake(f"{root}/lake")
    watch.ready()
    readings, _ = lake.compact(FLEET, run="benchmark")
    done = watch.done(before=readings.before, after=readings.after)
    lake.clean(FLEET, older_than_hours=0)
    return done | _size(lake, Path(root) / "lake" / "readings" / FLEET / LOG)


# ---------------------------------------------------------------- what is asked
def ask(root: str, out: str, plant: dict[str, int], days: int, repeat: int) -> dict[str, Any]:
    """Ask of a lake that holds so many days what pages and jobs ask.

    Returns
    -------
    dict
        ``asked``: wall and processor milliseconds by question; what only a new process
        finds out is asked once, of all else the least of ``repeat`` times is told.
    """
    given, watch, site = Plant(**plant), Watch(), site_of(root, out)
    readings, end = site.lake.readings(FLEET), START + days * _DAY
    start, some = end - _MONTH, [asset_name(number) for number in range(given.assets)][::7]
    following = cycle(some)

    with site.engine("local") as engine:
        watch.ready()
        opened = _least(readings.version, 1)
        cells = site.chunk_cells(FLEET, engine.workers, start=start, end=end)

        def fleet() -> int:
            chunks = readings.chunks(cells=cells, start=start, end=end)
            return sum(frame.height for chunk in chunks for frame in chunk.parts())

        def fit(assets: list[str] | None = None) -> None:
            layout = Layout("asset", "time", "time", tuple(readings.columns()))
            chunks = readings.chunks(cells=cells, assets=assets, start=start, end=end)
            fit_fleet(chunks, resolve("forest"), layout, Path(out) / "model.kz", engine)

        asked = {
            "open the table": opened,
            "names of the assets, first time": _least(readings.assets, 1),
            "names of the assets, again": _least(readings.assets, 10 * repeat),
            "one asset, 30 days": _least(
                lambda: readings.read([next(following)], start, end), 4 * repeat
            ),
            "one asset, all its past": _least(
                lambda: readings.read([next(following)]), 2 * repeat
            ),
            "the fleet, 30 days": _least(fleet, repeat),
        }
        fit(some[:40])  # kernels are loaded
        asked["train the fleet on 30 days"] = _least(fit, max(1, repeat // 2))
    return watch.done(asked=asked)


def _least(work: Callable[[], object], times: int) -> tuple[float, float]:
    """Return the least wall and processor milliseconds of a work."""
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(1e3 * (time.perf_counter() - wall))
        cpus.append(1e3 * (time.process_time() - cpu))
    return min(walls), min(cpus)
