"""What decides a demo plant: the same configuration gives the same plant, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np

from appliance.core.errors import InvalidRequest

ZONE = "Asia/Tokyo"
"""The plant's clock."""
START = datetime(2026, 1, 5, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
"""Monday, 5 January 2026, midnight at the plant."""


@dataclass(frozen=True)
class PlantConfig:
    """Parameters of a demo plant.

    Attributes
    ----------
    seed
        Everything random derives from it.
    days
        Length of the recording.
    interval_seconds
        Between two readings.
    training_days
        Days before the injected faults begin; None takes two thirds of `days`.
    scale
        Factor on the number of machines of each fleet; at least two remain.

    Raises
    ------
    InvalidRequest
        A parameter is out of its range.
    """

    seed: int = 7
    days: int = 60
    interval_seconds: int = 60
    training_days: int | None = None
    scale: float = 1.0

    def __post_init__(self) -> None:
        checks = (
            (self.seed >= 0, "seed is 0 or more"),
            (3 <= self.days <= 730, "days is from 3 to 730"),
            (1 <= self.interval_seconds <= 3_600, "interval_seconds is from 1 to 3600"),
            (0 < self.scale <= 100, "scale is above 0 and at most 100"),
            (1 <= self.training < self.days, "training_days is from 1 to days - 1"),
        )
        wrong = [text for holds, text in checks if not holds]
        if wrong:
            raise InvalidRequest(f"no demo plant can be made so: {'; '.join(wrong)}.")

    @property
    def training(self) -> int:
        """Days before the injected faults begin."""
        if self.training_days is None:
            return max(round(self.days * 2 / 3), 1)
        return self.training_days

    @property
    def rows(self) -> int:
        """Readings of one machine before any is lost."""
        return self.days * 86_400 // self.interval_seconds

    @property
    def end(self) -> datetime:
        """First moment after the recording, UTC."""
        return START + timedelta(days=self.days)

    @property
    def training_end(self) -> datetime:
        """First moment after the training days, UTC."""
        return START + timedelta(days=self.training)

    def row(self, moment: datetime) -> int:
        """Return the first row at or after a moment."""
        seconds = (moment - START).total_seconds()
        return min(max(-int(-seconds // self.interval_seconds), 0), self.rows)

    def rng(self, stream: str) -> np.random.Generator:
        """Return the random numbers of one purpose, independent of all other purposes."""
        return np.random.default_rng([self.seed, crc32(stream.encode())])
