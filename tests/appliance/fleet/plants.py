"""Small plants for the tests of this room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

SENSORS = tuple(f"s{i}" for i in range(5))
START = datetime(2026, 1, 1, tzinfo=UTC)


def readings(
    assets: Sequence[str] = ("P-1", "P-2", "P-3"),
    rows: int = 1500,
    *,
    seed: int = 0,
    start: datetime = START,
    faults: Mapping[str, tuple[int, int, int]] | None = None,
    kind: type[np.floating] = np.float32,
) -> pl.DataFrame:
    """Return correlated noise at one minute.

    Parameters
    ----------
    faults
        By asset: sensor, first row and one past the last row of a clear offset.
    """
    rng = np.random.default_rng(seed)
    frames = []
    for asset in assets:
        common = rng.normal(size=rows)
        values = np.stack([common + rng.normal(size=rows) for _ in SENSORS])
        if faults and asset in faults:
            sensor, low, high = faults[asset]
            values[sensor, low:high] += 12.0
        moments = pl.datetime_range(
            start, start + timedelta(minutes=rows - 1), "1m", eager=True, time_unit="us"
        )
        frames.append(
            pl.DataFrame(
                {
                    "asset": [asset] * rows,
                    "time": moments,
                    **{n: v.astype(kind) for n, v in zip(SENSORS, values, strict=True)},
                }
            )
        )
    return pl.concat(frames, rechunk=True)
