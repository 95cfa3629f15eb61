"""The readings of one life: those of a machine that ran, and no more than a life needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from appliance.calendar.masks import Masks
from appliance.fleet.chunks import Columns, assets_of
from appliance.schemas.recipe import Limits, RunState


@dataclass(frozen=True)
class Usable:
    """Which readings tell of wear.

    Attributes
    ----------
    masks
        Stretches that the calendar takes out.
    run_state
        When the machine counts as running; always if None.
    limits
        What a sensor cannot have measured, by its name.
    """

    masks: Masks
    run_state: RunState | None = None
    limits: Mapping[str, Limits] = field(default_factory=dict)

    def of(self, readings: pl.DataFrame, every: int) -> pl.DataFrame:
        """Return what is usable of one asset's readings.

        Parameters
        ----------
        readings
            Asset, time and numbers, by time.
        every
            Microseconds of which one row is kept, in each column the first value that there
            is; all rows if 0.  A first value, not a mean: the mean of two operating modes is
            neither.
        """
        columns = Columns((), (), self.run_state)
        running = [own.rows.running for own in assets_of(readings, columns, self.masks)]
        rows = readings
        if running and running[0] is not None:
            rows = rows.filter(pl.Series(running[0]))
        cells = [name for name in rows.columns if name not in ("asset", "time")]
        rows = rows.with_columns(_possible(name, self.limits.get(name)) for name in cells)
        if every <= 0:
            return rows
        bins = (pl.col("time").dt.epoch("us") // every).alias("_bin")
        kept = rows.group_by(bins, maintain_order=True).agg(
            pl.col("asset", "time").first(), pl.col(cells).drop_nulls().first()
        )
        return kept.select(rows.columns)


def _possible(name: str, limits: Limits | None) -> pl.Expr:
    """Return a column without what could not have been measured."""
    value = pl.col(name)
    known = value.is_finite()
    if limits is not None and limits.lower is not None:
        known &= value >= limits.lower
    if limits is not None and limits.upper is not None:
        known &= value <= limits.upper
    return pl.when(known).then(value).alias(name)
