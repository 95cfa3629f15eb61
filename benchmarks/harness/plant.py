"""A plant of any size: modes, days, sensors that move together, a few faults."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

_START = datetime(2026, 1, 1, tzinfo=UTC)
_DAY_ROWS = 1_440
_MODE_ROWS = 500
_FACTORS = 4
_FAULT_EVERY = 10
_FAULT_ROWS = 60


@dataclass(frozen=True)
class Size:
    """How large a plant is: one reading a minute, ``sensors`` float32 values each."""

    assets: int
    rows: int
    sensors: int

    @property
    def cells(self) -> int:
        """Readings × sensors."""
        return self.assets * self.rows * self.sensors

    @property
    def case(self) -> str:
        """The size in words."""
        return f"{self.assets} assets x {self.rows} rows x {self.sensors} sensors"

    def data(self) -> dict[str, Any]:
        """Return the size as JSON."""
        return asdict(self)


def asset_name(number: int) -> str:
    """Return an asset's name."""
    return f"pump-{number:05d}"


def asset_frame(number: int, size: Size) -> pl.DataFrame:
    """Return one asset's readings: asset, time and sensors; the same for the same number."""
    random = np.random.default_rng([number, size.rows, size.sensors])
    rows = np.arange(size.rows)
    levels = random.uniform(0.6, 1.0, 3)
    mode = levels[random.integers(0, 3, size.rows // _MODE_ROWS + 1)][rows // _MODE_ROWS]
    day = np.sin(2 * np.pi * rows / _DAY_ROWS + random.uniform(0, 6))
    slow = np.sin(2 * np.pi * rows / (3.7 * _DAY_ROWS) + random.uniform(0, 6))
    swing = np.sin(2 * np.pi * rows / random.uniform(40, 90))
    factors = np.stack([mode, 0.3 * day, 0.3 * slow, 0.1 * swing]).astype(np.float32)
    weights = random.normal(size=(size.sensors, _FACTORS)).astype(np.float32)
    values = weights @ factors
    values += 0.15 * random.standard_normal(values.shape, np.float32)
    if number % _FAULT_EVERY == 0 and size.rows > 3 * _FAULT_ROWS:
        at = int(random.integers(size.rows // 2, size.rows - _FAULT_ROWS))
        values[: size.sensors // 4 + 1, at : at + _FAULT_ROWS] += 2.0
    values *= random.uniform(1, 50, (size.sensors, 1)).astype(np.float32)
    last = _START + timedelta(minutes=size.rows - 1)
    time = pl.datetime_range(_START, last, "1m", time_unit="us", eager=True).alias("time")
    sensors = [pl.Series(f"s{i:02d}", row) for i, row in enumerate(values)]
    return pl.DataFrame([time, *sensors]).select(
        pl.lit(asset_name(number)).alias("asset"), pl.all()
    )


def fleet_frame(size: Size) -> pl.DataFrame:
    """Return all assets, one after the other."""
    return pl.concat([asset_frame(number, size) for number in range(size.assets)])


def files_of(folder: Path) -> list[Path]:
    """Return the files of a folder and the folders in it."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


@contextmanager
def scratch(folder: str | None) -> Iterator[Path]:
    """Yield a folder that goes when the block ends."""
    base = Path(folder) if folder else Path(tempfile.gettempdir())
    base.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f"kizashi-bench-{os.getpid()}-", dir=base))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
