"""The history of all figures, in the home."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from appliance.core.errors import StorageError
from appliance.schemas.platform import Metric, MetricHistory, PlatformHistory
from appliance.telemetry.ring import Ring
from appliance.telemetry.rollup import (
    RESOLUTIONS,
    Summary,
    coarser,
    factor_for,
    resolution_for,
)

FOLDER = "telemetry"


class History:
    """Keeps figures: 15 s for 6 hours, 5 minutes for 7 days, 1 hour for a year.

    Parameters
    ----------
    home
        Folder of the installation.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER

    def add(self, at: datetime, values: Mapping[Metric, float]) -> None:
        """Keep what was measured now.

        Raises
        ------
        StorageFull, StorageError
            It cannot be kept.
        """
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{self._folder} cannot be made: {error}.") from error
        seconds = at.timestamp()
        for metric, value in values.items():
            if math.isfinite(value):
                self._ring(metric).add(seconds, value)

    def latest(self, metric: Metric, now: datetime, within: float = 60.0) -> float | None:
        """Return what was measured last; None if that is longer ago than `within` seconds."""
        finest, at = RESOLUTIONS[0], now.timestamp()
        first, last = int((at - within) // finest.step), int(at // finest.step)
        found = self._ring(metric).read(finest, first, last)
        return found[max(found)].mean if found else None

    def read(
        self,
        metrics: Sequence[Metric],
        start: datetime,
        end: datetime,
        *,
        width: int,
        now: datetime,
    ) -> PlatformHistory:
        """Return figures over a time, in at most `width` stretches of the same length.

        Parameters
        ----------
        start, end
            Half-open; what lies before the oldest that is kept is empty.
        """
        low = max(start.timestamp(), now.timestamp() - RESOLUTIONS[-1].keep)
        high = max(min(end.timestamp(), now.timestamp() + RESOLUTIONS[-1].step), low)
        # The moment before the end: a stretch that begins there is none of it.
        high = max(low, math.nextafter(high, low))
        resolution = resolution_for(low, high, now.timestamp(), width)
        factor = factor_for(resolution, low, high, width)
        step = resolution.step * factor
        numbers = range(int(low // step), int(high // step) + 1)
        first, last = numbers[0] * factor, (numbers[-1] + 1) * factor - 1
        kept = [self._ring(metric).read(resolution, first, last) for metric in metrics]
        return PlatformHistory(
            step_seconds=step,
            times=tuple(datetime.fromtimestamp(number * step, UTC) for number in numbers),
            metrics=tuple(
                _told(metric, coarser(found, factor), numbers)
                for metric, found in zip(metrics, kept, strict=True)
            ),
        )

    def _ring(self, metric: Metric) -> Ring:
        return Ring(self._folder / f"{metric.value}.ring")


def _told(metric: Metric, found: Mapping[int, Summary], numbers: range) -> MetricHistory:
    summaries = [found.get(number) for number in numbers]
    return MetricHistory(
        metric=metric,
        mean=tuple(None if one is None else one.mean for one in summaries),
        least=tuple(None if one is None else one.least for one in summaries),
        most=tuple(None if one is None else one.most for one in summaries),
    )
