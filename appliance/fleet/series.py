"""One asset's readings, as rows that came and as an even series of cells."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

MICRO = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NEAR = 0.25
_WHOLE = 0.01


def micro(time: datetime) -> int:
    """Return microseconds since 1970; a time without a zone is in UTC, as in frames."""
    return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def moment(time: float | np.integer[Any]) -> datetime:
    """Return a time in microseconds since 1970 as a moment in UTC."""
    return _EPOCH + timedelta(microseconds=int(time))


@dataclass(frozen=True, slots=True)
class Rows:
    """One asset's readings as they came, in time order.

    Attributes
    ----------
    times
        Microseconds since 1970 UTC, shape (n_rows,), never falling.
    sensors, context
        Shapes (n_sensors, n_rows) and (n_context, n_rows); NaN where there is no value.
    running
        Whether the machine counted as running; None if it always does.
    stopped
        Whether it stood still, by its run state; None if that is not declared.  Rows that are
        taken out, but not by the run state, are neither running nor stopped.
    """

    times: Ints
    sensors: Floats
    context: Floats
    running: Mask | None = None
    stopped: Mask | None = None

    def of(self, sensors: Floats) -> Rows:
        """Return the same rows with other values of sensors."""
        return replace(self, sensors=sensors)


@dataclass(frozen=True, slots=True)
class Course:
    """Contexts in time, through stops and gaps: what follows them slowly has them behind it.

    Attributes
    ----------
    context
        Shape (n_context, n_all).
    bounds
        First cell of each stretch without a long gap, and the number of cells at the end.
    gaps
        Cells without a reading before each stretch, shape (n_stretches,); infinite before the
        first.
    resting
        Cells in which the machine stands still, shape (n_all,); None if it always runs.
    cells
        Which of them the cells of the series are; None if they are the same.
    """

    context: Floats
    bounds: Ints
    gaps: NDArray[np.float64]
    resting: Mask | None = None
    cells: Ints | None = None

    @property
    def stops(self) -> Mask | None:
        """Cells of the series in which the machine stands still; None if it always runs."""
        return None if self.resting is None else np.asarray(self.resting[self.cells])


@dataclass(frozen=True, slots=True)
class Series:
    """Cells of an even grid; long gaps are left out, so that memory follows the readings.

    Attributes
    ----------
    sensors, context
        Shapes (n_sensors, n_cells) and (n_context, n_cells); NaN where missing.
    bounds
        First cell of each stretch without a long gap, and the number of cells at the end.
    starts
        Time of the first cell of each stretch, microseconds.
    interval
        Microseconds from cell to cell.
    cell_of_row
        Cell of each row, -1 for rows that have none; None if row *i* is cell *i*.
    course
        Of the contexts.
    """

    sensors: Floats
    context: Floats
    bounds: Ints
    starts: Ints
    interval: int
    cell_of_row: Ints | None
    course: Course

    @property
    def cells(self) -> int:
        """Number of cells."""
        return int(self.sensors.shape[1])

    def times(self) -> Ints:
        """Return the time of each cell in microseconds."""
        begin = np.repeat(self.starts - self.bounds[:-1] * self.interval, np.diff(self.bounds))
        return np.asarray(begin + np.arange(self.cells) * self.interval)

    def cells_at(self, times: Ints) -> Ints:
        """Return the cells nearest to times that lie within the stretches."""
        stretch = np.maximum(np.searchsorted(self.starts, times, side="right") - 1, 0)
        inside = np.rint((times - self.starts[stretch]) / self.interval).astype(np.int64)
        return np.asarray(
            np.minimum(self.bounds[stretch] + inside, self.bounds[stretch + 1] - 1), np.int64
        )

    def time_of(self, cell: int) -> int:
        """Return a cell's time in microseconds."""
        stretch = int(np.searchsorted(self.bounds, cell, side="right")) - 1
        stretch = min(stretch, len(self.starts) - 1)
        return int(self.starts[stretch] + (cell - self.bounds[stretch]) * self.interval)

    def to_rows(self, by_cell: NDArray[Any], absent: object) -> NDArray[Any]:
        """Spread values by cell (last axis) over the rows; `absent` where a row has no cell."""
        if self.cell_of_row is None:
            return by_cell
        if not by_cell.shape[-1]:
            rows = (*by_cell.shape[:-1], len(self.cell_of_row))
            return np.full(rows, absent, by_cell.dtype)
        out = by_cell[..., np.maximum(self.cell_of_row, 0)]
        out[..., self.cell_of_row < 0] = absent
        return out

    def to_cells(self, by_row: Mask) -> Mask:
        """Return which cells (last axis) hold a row of which a mask holds."""
        if self.cell_of_row is None:
            return by_row
        out = np.zeros((*by_row.shape[:-1], self.cells), bool)
        *before, row = np.nonzero(by_row & (self.cell_of_row >= 0))
        out[(*before, self.cell_of_row[row])] = True
        return out


class Stretch(NamedTuple):
    """Half-open range of cells."""

    start: int
    stop: int


def sampling_interval(times: Ints) -> int:
    """Return the usual distance of consecutive rows in microseconds; 0 if there is none.

    The median step, made exact where clocks jitter: the mean of the steps near it, taken as
    whole seconds where it is within a hundredth of that.
    """
    steps = np.diff(times)
    if len(steps) and steps[0] > 0 and (steps == steps[0]).all():
        mean = float(steps[0])
    else:
        steps = steps[steps > 0]
        if not len(steps):
            return 0
        middle = float(np.median(steps))
        near = steps[np.abs(steps - middle) <= _NEAR * middle]
        mean = float(near.mean()) if len(near) else middle
    whole = round(mean / MICRO) * MICRO
    return int(whole if whole and abs(mean - whole) <= _WHOLE * mean else round(mean))


def even(rows: Rows, interval: int, fill_rows: int) -> Series:
    """Place rows on a grid; rows that share a cell are averaged, their contexts' last holds.

    Parameters
    ----------
    interval
        Microseconds from cell to cell.
    fill_rows
        A gap of more cells than this begins a new stretch.
    """
    kept = rows
    if rows.running is not None and not rows.running.all():
        alive = np.flatnonzero(rows.running)
        kept = Rows(rows.times[alive], rows.sensors[:, alive], rows.context[:, alive])
        placed = _place(kept, interval, fill_rows)
        every = _place(rows.of(rows.sensors[:0]), interval, fill_rows)
        cell_of_row = np.full(len(rows.times), -1, np.int64)
        cell_of_row[alive] = (
            np.arange(len(alive)) if placed.cell_of_row is None else placed.cell_of_row
        )
        return Series(
            placed.sensors,
            placed.context,
            placed.bounds,
            placed.starts,
            interval,
            cell_of_row,
            replace(
                every.course,
                resting=None if rows.stopped is None else every.to_cells(rows.stopped),
                cells=every.cells_at(placed.times()),
            ),
        )
    return _place(kept, interval, fill_rows)


def _place(rows: Rows, interval: int, fill_rows: int) -> Series:
    times = rows.times
    steps = np.diff(times)
    if not len(times):
        nothing = np.zeros(1, np.int64)
        course = Course(rows.context, nothing, np.zeros(0))
        return Series(rows.sensors, rows.context, nothing, nothing[:0], interval, None, course)
    if (steps == interval).all():
        return whole(rows.sensors, rows.context, int(times[0]), interval)
    first = np.r_[True, steps > (fill_rows + 1.5) * interval]
    number = np.cumsum(first) - 1
    starts = times[first]
    relative = np.rint((times - starts[number]) / interval).astype(np.int64)
    last = np.r_[np.flatnonzero(first)[1:] - 1, len(times) - 1]
    bounds = np.r_[0, np.cumsum(relative[last] + 1)]
    cell = bounds[number] + relative
    context = _scatter(rows.context, cell, int(bounds[-1]), average=False)
    silent = np.diff(starts) / interval - np.diff(bounds)[:-1]
    return Series(
        _scatter(rows.sensors, cell, int(bounds[-1]), average=True),
        context,
        bounds,
        starts,
        interval,
        cell,
        Course(context, bounds, np.r_[np.inf, silent]),
    )


def whole(sensors: Floats, context: Floats, start: int, interval: int) -> Series:
    """Return cells without a gap as a series that begins at a time in microseconds."""
    bounds = np.array([0, sensors.shape[1]])
    course = Course(context, bounds, np.array([np.inf]))
    return Series(sensors, context, bounds, np.array([start]), interval, None, course)


def _scatter(values: Floats, cell: Ints, cells: int, *, average: bool) -> Floats:
    out = np.full((len(values), cells), np.nan, values.dtype)
    shared = np.r_[False, cell[1:] == cell[:-1]]
    if not (average and shared.any()):
        for source, target in zip(values, out, strict=True):
            known = ~np.isnan(source)
            target[cell[known]] = source[known]
        return out
    for source, target in zip(values, out, strict=True):
        known = ~np.isnan(source)
        count = np.bincount(cell[known], minlength=cells)
        total = np.bincount(cell[known], source[known], minlength=cells)
        np.divide(total, count, out=target, where=count > 0, casting="same_kind")
    return out


def pieces(bounds: Ints, unusable: Mask, bridge: int) -> list[Stretch]:
    """Cut stretches where more than `bridge` cells in sequence are unusable.

    Parameters
    ----------
    bounds
        Of a `Series`.
    unusable
        By cell.
    bridge
        Shorter runs stay inside a piece, so that they do not cost their neighbours' windows;
        at a piece's ends they are trimmed off.
    """
    if not unusable.any():
        return [Stretch(int(a), int(b)) for a, b in itertools.pairwise(bounds)]
    found: list[Stretch] = []
    for a, b in itertools.pairwise(bounds):
        usable = np.flatnonzero(~unusable[a:b]) + a
        if not len(usable):
            continue
        cut = np.flatnonzero(np.diff(usable) > bridge + 1)
        begins = usable[np.r_[0, cut + 1]]
        ends = usable[np.r_[cut, len(usable) - 1]] + 1
        found += [Stretch(int(s), int(e)) for s, e in zip(begins, ends, strict=True)]
    return found


def runs(mask: Mask) -> NDArray[np.int64]:
    """Return the half-open ranges where a mask holds, shape (n_runs, 2)."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False]))
    return edges.reshape(-1, 2)
