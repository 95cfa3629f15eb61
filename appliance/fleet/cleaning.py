"""What is wrong with sensors rather than with the machine: missing, frozen, out of limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from appliance.fleet.series import Floats, Ints, Mask, Rows, Series, even, runs
from appliance.schemas.recipe import Cleaning
from detectors.columns import beyond, changing, held

FaultKind = Literal["missing", "frozen", "out of limits"]

_STUCK_FACTOR = 4
_STUCK_FLOOR = 30
_STUCK_MOST = 20_000
_STUCK_RANK = 3
_FEWEST_RUNS = 20
_FEWEST_VALUES = 10
_BUSY_SHARE = 0.75
_LIMIT_ROWS = 3
_FEWEST_PEERS = 3
_ENDLESS = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class CellFault:
    """A sensor fault in cells, half-open."""

    sensor: int
    kind: FaultKind
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class StuckLimits:
    """Longest constant runs, in cells, that are normal for each sensor; 0: never checked.

    Attributes
    ----------
    plain
        Of all cells, shape (n_sensors,).
    busy
        Of cells in which the other sensors move as usual, shape (n_sensors,): a stopped
        machine makes long constant runs that say nothing of a sensor.
    busy_changes
        Sensors that must change from a cell to the next for it to be busy.
    """

    plain: Ints
    busy: Ints
    busy_changes: int

    @property
    def longest(self) -> int:
        """Cells to look back for the checks to decide as if they had seen everything."""
        return int(max(self.plain.max(initial=0), self.busy.max(initial=0)))


def clean(
    rows: Rows,
    interval: int,
    recipe: Cleaning,
    sensors: Sequence[str],
    stuck: StuckLimits | None = None,
) -> tuple[Series, list[CellFault], StuckLimits]:
    """Turn rows into an even series and mark what sensors could not have measured.

    Parameters
    ----------
    interval
        Microseconds from cell to cell.
    sensors
        Names of the sensors' rows.
    stuck
        Limits learned in training; learned from these rows if not given.

    Returns
    -------
    series
        Missing, frozen and impossible values are NaN, gaps up to ``recipe.fill_rows`` are
        bridged by straight lines.
    faults
        In order of sensor and time.
    stuck
        The limits used.
    """
    limited = _outside(rows.sensors, recipe, sensors)
    if limited is not None:
        values = np.where(limited, np.nan, rows.sensors)
        series = even(replace(rows, sensors=values), interval, recipe.fill_rows)
    else:
        series = even(rows, interval, recipe.fill_rows)
    faults = _limit_faults(limited, series)
    still = _holds_any(series.sensors)
    if stuck is None:
        stuck = _learn_stuck(series.sensors, recipe, still=still)
    frozen = _frozen(series.sensors, stuck) if still else []
    values = series.sensors
    if frozen:
        values = values.copy()
        for fault in frozen:
            values[fault.sensor, fault.start : fault.stop] = np.nan
    faults += frozen
    # One pass over the data tells the usual case, nothing missing, from the others.
    if np.isnan(np.add.reduce(values, axis=None)):
        faults += _missing(series.sensors, faults, recipe.missing_rows)
        values = bridge(values, series.bounds, recipe.fill_rows)
    if values is not series.sensors:
        series = replace(series, sensors=values)
    return series, sorted(faults, key=lambda f: (f.sensor, f.start)), stuck


# ---------------------------------------------------------------- limits
def _outside(values: Floats, recipe: Cleaning, sensors: Sequence[str]) -> Mask | None:
    infinite = np.isinf(values)
    bad = infinite if infinite.any() else None
    for number, name in enumerate(sensors):
        limits = recipe.limits.get(name)
        if limits is None:
            continue
        if bad is None:
            bad = np.zeros(values.shape, bool)
        if limits.lower is not None:
            bad[number] |= values[number] < limits.lower
        if limits.upper is not None:
            bad[number] |= values[number] > limits.upper
    return bad if bad is not None and bad.any() else None


def _limit_faults(limited: Mask | None, series: Series) -> list[CellFault]:
    if limited is None:
        return []
    faults = []
    for sensor in np.flatnonzero(limited.any(axis=1)):
        rows = np.flatnonzero(limited[sensor])
        cells = rows if series.cell_of_row is None else series.cell_of_row[rows]
        bad = np.zeros(series.cells, bool)
        bad[cells[cells >= 0]] = True
        faults += [
            CellFault(int(sensor), "out of limits", int(a), int(b))
            for a, b in runs(bad)
            if b - a >= _LIMIT_ROWS
        ]
    return faults


# ---------------------------------------------------------------- frozen
def _holds_any(values: Floats) -> bool:
    """Whether any sensor ever shows a value twice in sequence; seldom, and soon told."""
    return any((own[1:] == own[:-1]).any() for own in values)


def _learn_stuck(values: Floats, recipe: Cleaning, *, still: bool) -> StuckLimits:
    count = len(values)
    if not still and values.shape[1] > _FEWEST_RUNS:
        every = np.full(count, recipe.stuck_rows or _STUCK_FLOOR, np.int64)
        return StuckLimits(every, every, max(int(np.ceil(_BUSY_SHARE * count)), 1))
    found = changing(values)
    typical = _median(found.together)
    needed = max(int(np.ceil(_BUSY_SHARE * typical)), 1)
    plain, busy = np.zeros(count, np.int64), np.zeros(count, np.int64)
    moves = (found.changes >= _FEWEST_RUNS) & (found.runs >= _FEWEST_RUNS)
    if moves.any():
        # The longest two may be faults within the training data.
        usual = held(values, needed, _STUCK_RANK, _FEWEST_VALUES)
        moves &= usual.values >= _FEWEST_VALUES  # too few do not tell a frozen sensor
        plain[moves] = _stuck_limits(usual.longest[moves], recipe)
        if typical >= _FEWEST_PEERS:
            busy[moves] = _stuck_limits(usual.busiest[moves], recipe)
    return StuckLimits(plain, busy, needed)


def _median(counts: Ints) -> float:
    """Return the median of whole numbers from 0 on, by how often each is there; 0 of none."""
    ends = np.cumsum(counts)
    total = int(ends[-1])
    middle = np.searchsorted(ends, [(total - 1) // 2, total // 2], side="right")
    return float(middle.mean()) if total else 0.0


def _stuck_limits(usual: Ints, recipe: Cleaning) -> Ints:
    if recipe.stuck_rows is not None:
        return np.full(len(usual), recipe.stuck_rows, np.int64)
    limits = np.maximum(_STUCK_FACTOR * usual, _STUCK_FLOOR)
    return np.asarray(np.where(limits <= _STUCK_MOST, limits, 0), np.int64)


def _frozen(values: Floats, stuck: StuckLimits) -> list[CellFault]:
    checked = stuck.plain > 0
    if not checked.any():
        return []
    busy = np.where(checked, stuck.busy, 0)
    found = beyond(values, stuck.busy_changes, stuck.plain, busy)
    return [CellFault(sensor, "frozen", a, b) for sensor, a, b in found.tolist()]


class StuckWatch:
    """Follows constant runs cell by cell, and finds those that a whole series would show.

    Parameters
    ----------
    limits
        Learned in training.
    """

    def __init__(self, limits: StuckLimits) -> None:
        self._limits = limits
        self._longest = np.where(limits.plain > 0, limits.plain, _ENDLESS)
        checked = (limits.plain > 0) & (limits.busy > 0)
        self._longest_busy = np.where(checked, limits.busy, _ENDLESS)
        self._last = np.full(len(limits.plain), np.nan)
        self._run = np.zeros(len(limits.plain), np.int64)
        self._busy = np.zeros(len(limits.plain), np.int64)
        self._moved = -1  # whether the sensors were busy when all of them had just changed

    def begin(self, values: Floats) -> None:
        """Begin with a series of shape (n_sensors, n_cells), at least one cell."""
        changes = np.not_equal(values[:, 1:], values[:, :-1])[:, ::-1]
        busy = np.count_nonzero(changes, axis=0) >= self._limits.busy_changes
        counter = np.concatenate([np.zeros(1, np.int64), np.cumsum(busy), [busy.sum()]])
        self._last = values[:, -1].copy()
        self._run = np.cumprod(~changes, axis=1).sum(axis=1) + 1
        self._busy = counter[self._run]
        self._moved = -1

    def next(self, values: Floats) -> bool:
        """Take the next cell, shape (n_sensors,); tell whether a sensor is frozen by now."""
        same = values == self._last
        self._last = values
        held = int(np.count_nonzero(same))
        busy = len(same) - held >= self._limits.busy_changes
        if not held:
            if self._moved != busy:  # else they are that already
                self._run.fill(1)
                self._busy.fill(busy)
                self._moved = busy
            return False
        self._moved = -1
        self._run = np.where(same, self._run + 1, 1)
        self._busy = np.where(same, self._busy + busy, busy)
        return bool(
            (self._run > self._longest).any() or (self._busy > self._longest_busy).any()
        )


# ---------------------------------------------------------------- missing
def _missing(values: Floats, known: Sequence[CellFault], longest: int) -> list[CellFault]:
    faults = []
    gone = np.isnan(values)
    for fault in known:
        gone[fault.sensor, fault.start : fault.stop] = False
    for sensor in np.flatnonzero(gone.any(axis=1)):
        faults += [
            CellFault(int(sensor), "missing", int(a), int(b))
            for a, b in runs(gone[sensor])
            if b - a > longest
        ]
    return faults


def bridge(values: Floats, bounds: Ints, fill_rows: int) -> Floats:
    """Return a copy with gaps of up to `fill_rows` cells filled by straight lines.

    At the ends of a stretch the nearest value is held.
    """
    out = values.copy()
    cells = np.arange(values.shape[1])
    for row in out:
        gone = np.isnan(row)
        at = np.flatnonzero(gone)
        if not len(at) or len(at) == len(row):
            continue
        stretch = np.searchsorted(bounds, at, side="right") - 1
        low, high = bounds[stretch], bounds[stretch + 1]
        before = np.maximum.accumulate(np.where(gone, -1, cells))[at]
        after = np.minimum.accumulate(np.where(gone, len(row), cells)[::-1])[::-1][at]
        has_before, has_after = before >= low, after < high
        length = np.minimum(after, high) - np.maximum(before, low - 1) - 1
        short = (length <= fill_rows) & (has_before | has_after)
        left = row[np.where(has_before, before, np.minimum(after, len(row) - 1))]
        right = row[np.where(has_after, after, np.maximum(before, 0))]
        share = (at - before) / np.maximum(after - before, 1)
        line = left + (right - left) * np.where(has_before & has_after, share, 0.0)
        row[at[short]] = line[short]
    return out
