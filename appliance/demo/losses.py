"""What a recording loses on its way: rows, hours, single values, a sensor for a day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from appliance.demo.config import PlantConfig
from appliance.demo.signals import Flags

_SINGLE_ROWS = 0.0012
_SINGLE_VALUES = 0.0004
_DAYS_BETWEEN_GAPS = 16
_DEAD_SENSOR_SHARE = 0.35
_DEAD_DAYS = 1.0


def kept_rows(config: PlantConfig, asset: str) -> Flags:
    """Return which rows the historian kept: single rows and gaps of hours are missing.

    Losses do not depend on faults.
    """
    rng = config.rng(f"{asset}/gaps")
    kept = rng.uniform(size=config.rows) >= _SINGLE_ROWS
    for _ in range(int(rng.poisson(config.days / _DAYS_BETWEEN_GAPS))):
        first = int(rng.integers(0, config.rows))
        hours = float(rng.uniform(0.5, 7.0))
        kept[first : first + int(hours * 3_600 / config.interval_seconds)] = False
    kept[0] = True
    return kept


def lose_values(
    config: PlantConfig, asset: str, sensors: dict[str, NDArray[np.float32]]
) -> None:
    """Put NaN in place of values that never arrived, in the given arrays.

    Single values are missing everywhere; on some machines of a longer recording, one sensor
    is missing for a day.
    """
    rng = config.rng(f"{asset}/values")
    for values in sensors.values():
        values[rng.uniform(size=values.size) < _SINGLE_VALUES] = np.nan
    dead, name = rng.uniform() < _DEAD_SENSOR_SHARE, rng.choice(sorted(sensors))
    day = int(_DEAD_DAYS * 86_400 / config.interval_seconds)
    first = int(rng.uniform() * (config.rows - day))
    if dead and config.days >= 10:
        sensors[str(name)][first : first + day] = np.nan
