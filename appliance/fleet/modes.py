"""Operating modes of an asset: learned beside its model and kept among its arrays."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from appliance.fleet.artifact import Arrays, Artifact, below
from appliance.fleet.chunks import AssetRows, Columns, assets_of
from appliance.fleet.series import MICRO, Floats, Ints, Mask, moment
from appliance.schemas.manifest import AssetManifest
from appliance.schemas.mode import Level, ModeTrait
from appliance.schemas.recipe import RunState
from detectors.modes import STOPPED, UNKNOWN, OperatingModes, settled

_PREFIX = "modes/"
_COARSE_ROWS = 3
_GAP_STEPS = 3
_SEEN_FIRST = 3
"""Sensors that tell whether there are readings at all, where nothing tells modes apart."""


class Spell(NamedTuple):
    """A stretch in which a mode was on."""

    mode: int
    start: datetime
    end: datetime


def learn_modes(found: AssetRows, entry: AssetManifest, columns: Columns) -> tuple[Arrays, int]:
    """Return the arrays of an asset's modes, and how many there are without standstill.

    The arrays are those of its sensors, then of the contexts.

    Parameters
    ----------
    found
        The rows that its model was learned from.
    entry
        What the model says of itself: which sensors it judges, what it left out.
    """
    rows = found.rows
    place = {name: number for number, name in enumerate(columns.sensors)}
    used = [place[name] for name in entry.sensors]
    sensors = rows.sensors if len(used) == len(rows.sensors) else rows.sensors[used]
    values = np.vstack([sensors, rows.context]) if len(rows.context) else sensors
    kept, stopped = _kept(found, entry, columns.run_state)
    if not kept.all():
        values, stopped = values[:, kept], stopped[kept]
    contexts = range(len(used), len(values))
    modes = OperatingModes.learn(values.T, contexts=contexts, stopped=stopped)
    arrays = {f"{_PREFIX}{name}": array for name, array in modes.state().items()}
    return arrays, modes.count


def _kept(
    found: AssetRows, entry: AssetManifest, run_state: RunState | None
) -> tuple[Mask, Mask]:
    """Return which rows are looked at, and in which the machine did not run."""
    times, running = found.rows.times, found.rows.running
    kept = np.ones(len(times), bool) if running is None else running.copy()
    for stretch in entry.excluded:
        start, end = (round(at.timestamp() * MICRO) for at in (stretch.start, stretch.end))
        kept[np.searchsorted(times, start) : np.searchsorted(times, end, side="right")] = False
    stopped = np.zeros(len(times), bool)
    if run_state is not None and running is not None:
        stopped = ~running if found.masked is None else ~running & ~found.masked
    return kept | stopped, stopped


# ---------------------------------------------------------------- told
@dataclass(frozen=True)
class AssetModes:
    """The modes of one asset, with the names of their columns.

    Attributes
    ----------
    names
        Sensors, then contexts.
    words
        What the numbers of contexts stand for, by column.
    interval_seconds
        From row to row.
    fill_rows
        A gap of more rows ends a stretch.
    """

    modes: OperatingModes
    names: tuple[str, ...]
    words: dict[str, dict[str, int]]
    run_state: RunState | None
    interval_seconds: float
    fill_rows: int

    @property
    def numbers(self) -> list[int]:
        """Modes that the machine was seen in; 0 if it also stood still."""
        running = list(range(1, self.modes.count + 1))
        return [STOPPED, *running] if self.modes.share[STOPPED] > 0 else running

    @property
    def telling(self) -> list[str]:
        """Columns to be read to tell the mode."""
        told = [self.names[column] for column in self.modes.columns]
        state = [self.run_state.column] if self.run_state else []
        return list(dict.fromkeys((*(told or self.names[:_SEEN_FIRST]), *state)))

    def traits(self, mode: int) -> tuple[ModeTrait, ...]:
        """Return what tells a mode from the others; nothing for the only one."""
        if mode == STOPPED:
            return ()
        found = []
        for place, column in enumerate(self.modes.columns[: self.modes.needed]):
            name, value = self.names[column], float(self.modes.bands[mode, 1, column])
            known = {number: word for word, number in self.words.get(name, {}).items()}
            word = known.get(round(value), "")
            level: Level = "is" if word else self._level(mode, place)
            value = significant(value)
            found.append(ModeTrait(sensor=name, level=level, value=value, word=word))
        return tuple(found)

    def _level(self, mode: int, place: int) -> Level:
        codes = self.modes.codes[:, place]
        ranks = np.unique(codes)
        rank = int(np.searchsorted(ranks, codes[mode - 1]))
        middles = self.modes.bands[1:, 1, self.modes.columns[place]]
        if len(ranks) == 2 and set(middles.tolist()) == {0.0, 1.0}:
            return "on" if rank else "off"
        if rank == 0:
            return "low"
        return "high" if rank == len(ranks) - 1 else "medium"

    # ------------------------------------------------------------------ when
    def by_row(self, frame: pl.DataFrame, step: int = 1) -> NDArray[np.int8]:
        """Return the mode of each row of one asset.

        Parameters
        ----------
        frame
            Time and the columns of `telling`, in time order.
        step
            Every how many rows were read.
        """
        values, stopped = self._values(frame)
        return self.modes.assign(values, stopped=stopped, dwell=self._dwell(step))

    def _dwell(self, step: int) -> int:
        rows = -(-self.modes.dwell // step)
        return rows if step == 1 else max(rows, _COARSE_ROWS)

    def _values(self, frame: pl.DataFrame) -> tuple[Floats, Mask | None]:
        columns = Columns(self.names, (), self.run_state)
        named = frame.select(pl.lit("").alias("asset"), pl.exclude("asset"))
        rows = next(assets_of(named, columns)).rows
        return rows.sensors.T, None if rows.running is None else ~rows.running

    def spells(self, frame: pl.DataFrame, step: int, most: int) -> tuple[list[Spell], float]:
        """Return when each mode was on, and the seconds below which that is not told.

        Parameters
        ----------
        frame, step
            As `by_row` takes them.
        most
            Stretches.
        """
        if not frame.height:
            return [], self._dwell(step) * step * self.interval_seconds
        modes, dwell = self.by_row(frame, step), self._dwell(step)
        times = frame["time"].to_physical().to_numpy()
        longest = max(_GAP_STEPS * step, self.fill_rows + 1.5) * self.interval_seconds * MICRO
        found = _spells(modes, times, longest)
        while len(found) > most and dwell < 2 * len(modes):
            dwell *= 2
            modes = settled(modes, dwell)
            found = _spells(modes, times, longest)
        # Gaps alone may make more of them: the longest are told.
        kept = sorted(found, key=lambda one: one.start - one.end)[:most]
        return sorted(kept, key=lambda one: one.start), dwell * step * self.interval_seconds


def _spells(modes: NDArray[np.int8], times: Ints, longest: float) -> list[Spell]:
    """Return runs of one mode; each ends where the next begins, or where a gap does."""
    gap = np.diff(times) > longest
    edges = np.flatnonzero(np.r_[True, (modes[1:] != modes[:-1]) | gap, True])
    out = []
    for first, stop in itertools.pairwise(edges.tolist()):
        if modes[first] == UNKNOWN:
            continue
        last = stop if stop < len(times) and not gap[stop - 1] else stop - 1
        out.append(Spell(int(modes[first]), moment(times[first]), moment(times[last])))
    return out


def modes_of(artifact: Artifact, asset: str) -> AssetModes | None:
    """Return the modes that a version knows of an asset; None if it knows none.

    Raises
    ------
    ArtifactCorrupt
        Bytes of the version were changed.
    """
    manifest = artifact.manifest
    entry = manifest.of(asset)
    state = {} if entry is None else below(artifact.arrays(asset), _PREFIX)
    if entry is None or not state:
        return None
    cleaning = manifest.recipe.cleaning
    return AssetModes(
        modes=OperatingModes.from_state(state),
        names=(*entry.sensors, *manifest.context),
        words=manifest.levels,
        run_state=cleaning.run_state,
        interval_seconds=entry.interval_seconds,
        fill_rows=cleaning.fill_rows,
    )


def significant(value: float) -> float:
    """Return a number of as many digits as a person may read."""
    return float(f"{value:.6g}")
