"""The lake's readings of lives: read piece by piece, thinned to what a life needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median_high

import polars as pl

from appliance.core.errors import LimitExceeded
from appliance.fleet import Layout
from appliance.fleet.life_rows import Usable
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, layout_of, left_out, recipe_for
from appliance.schemas.life import Life

_ROWS = 2_000
"""Readings of a usual life that are looked at: ten for each step that it is cut into."""
_AT_ONCE = 4_000_000
"""Cells that are read at once."""
_INSTANT = timedelta(microseconds=1)


class LifeReadings:
    """Readings of a fleet by life.

    Parameters
    ----------
    asset
        The only machine that is asked about; any if not given.
    version
        Of the lake's table; the newest if not given.

    Attributes
    ----------
    layout
        Which columns are judged and which explain them.
    """

    def __init__(
        self, site: Site, fleet: str, asset: str | None = None, version: int | None = None
    ) -> None:
        sensors = site.intake.sensors(fleet)
        cleaning = recipe_for(site, fleet, TrainOptions(), sensors).cleaning
        # The lake holds numbers for words already.
        made = layout_of(site, fleet, sensors)
        self.layout = Layout(made.asset, made.time, made.time_kind, made.sensors, made.context)
        self._version = version
        self._readings = site.lake.readings(fleet)
        self._usable = Usable(left_out(site, fleet)[0], cleaning.run_state, cleaning.limits)
        machines = site.intake.assets
        found = machines.list(fleet) if asset is None else machines.named(fleet, [asset])
        self._assets = {one.name: one for one in found}
        state = [cleaning.run_state.column] if cleaning.run_state else []
        wanted = {*self.layout.sensors, *self.layout.context, *state}
        self._columns = [name for name in self._readings.columns() if name in wanted]

    def spacing(self, lives: Sequence[Life]) -> int:
        """Return microseconds of which one reading is enough; 0 where all are to be read."""
        usual = median_high([one.end - one.start for one in lives])
        rows = median_high([(one.end - one.start) / self._interval(one.asset) for one in lives])
        return 0 if rows <= _ROWS else (usual / _ROWS) // _INSTANT

    def of(self, life: Life, every: int, most: int | None = None) -> pl.DataFrame:
        """Return what tells of wear in one life: asset, time, sensors and contexts.

        Parameters
        ----------
        every
            As `spacing` says.
        most
            Cells that may be read.

        Raises
        ------
        LimitExceeded
            There are more.
        """
        until = life.end if life.failed else life.end + _INSTANT
        width = max(len(self._columns), 1)
        if most is not None:
            rows = self._readings.count([life.asset], life.start, until, most // width)
            if rows > most // width:
                raise LimitExceeded(
                    f"{life.asset} has more than {most // width:,} readings since it was new "
                    "or repaired: too many for one request."
                )
        length = self._interval(life.asset) * max(_AT_ONCE // width, 1)
        parts: list[pl.DataFrame] = []
        start = life.start
        while start < until or not parts:
            end = min(start + length, until)
            parts.append(self._usable.of(self._read(life.asset, start, end), every))
            start = end
        return pl.concat(parts)

    def _read(self, asset: str, start: datetime, end: datetime) -> pl.DataFrame:
        return self._readings.read([asset], start, end, self._columns, self._version)

    def _interval(self, asset: str) -> timedelta:
        """Return how far apart a machine's readings are on average."""
        own = self._assets[asset]
        return max((own.end - own.start) / max(own.rows - 1, 1), _INSTANT)
