"""The readings of one asset as they come: what the next score needs, and no more.

A row is judged as if all that came before it were judged with it.  Most rows need no cleaning:
they are where the grid has its next cell, within limits, complete, and no sensor is frozen.
Such a row is judged with the few rows that its score depends on; any other with all that is
kept, by the very code that judges whole series.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.chunks import Columns
from appliance.fleet.cleaning import StuckWatch
from appliance.fleet.judgements import Judged
from appliance.fleet.judging import AssetModel
from appliance.fleet.series import MICRO, Floats, Mask, Rows
from appliance.schemas.recipe import Limits
from appliance.schemas.score import Judgement
from detectors.windows import RingBuffer

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Places:
    """Where the columns of an asset's model stand in a row, whose first value is its time.

    Attributes
    ----------
    sensors, context
        Positions in the row.
    lower, upper
        Limits of the sensors, shape (n_sensors,); finite.
    kind
        In which readings are judged: that of the lake's.
    most
        The limit of all of them, above and below; None where they differ.
    """

    sensors: slice | NDArray[np.int64]
    context: slice | NDArray[np.int64]
    lower: Floats
    upper: Floats
    kind: np.dtype[np.floating]
    most: float | None

    def hold(self, values: Floats) -> bool:
        """Whether all sensors have values, within their limits."""
        if self.most is not None:
            return bool(np.abs(values).max(initial=0.0) <= self.most)
        return bool(((values >= self.lower) & (values <= self.upper)).all())

    @classmethod
    def of(cls, model: AssetModel, columns: Columns, kind: np.dtype[np.floating]) -> Places:
        """Return the places of a model's columns in rows of a fleet's."""
        limits = [model.limits.get(name, Limits()) for name in model.entry.sensors]
        most = float(np.finfo(kind).max)
        lower = [-most if own.lower is None else own.lower for own in limits]
        upper = [most if own.upper is None else own.upper for own in limits]
        return cls(
            _at(columns.names, model.entry.sensors),
            _at(columns.names, columns.context),
            np.asarray(lower, np.float64),
            np.asarray(upper, np.float64),
            kind,
            most if {*lower} == {-most} and {*upper} == {most} else None,
        )


def _at(names: list[str], wanted: tuple[str, ...]) -> slice | NDArray[np.int64]:
    places = [names.index(name) + 1 for name in wanted]
    if places and places == list(range(places[0], places[0] + len(places))):
        return slice(places[0], places[0] + len(places))
    return np.array(places, np.int64)


class AssetStream:
    """One asset's rows, the newest of them kept.

    Parameters
    ----------
    model
        What judges them.
    places
        Of its columns in a row.
    width
        Values of a row, its time among them.

    Attributes
    ----------
    last
        Time of the newest row, in microseconds; None before the first.
    """

    def __init__(self, model: AssetModel, places: Places, width: int) -> None:
        self.model = model
        self.last: int | None = None
        self._places = places
        self._width = width
        self._interval = round(model.entry.interval_seconds * MICRO)
        self._lead = model.plain_lead
        kept = max(model.entry.warm_rows, self._lead or 0) + 1
        self._rows = RingBuffer(kept, width)
        # Of rows that are no part of the series, and whether the machine stood still in them.
        halted = model.halted_cells
        self._halted = RingBuffer(halted, width + 1) if halted else None
        self._stuck = StuckWatch(model.stuck)
        self._anchor = 0
        self._cell = -1
        self._streak = 0
        self._astray = True

    @property
    def bytes(self) -> int:
        """Memory of the rows kept, once the buffer is full."""
        halted = 0 if self._halted is None else self._halted.capacity * (self._width + 1)
        return 2 * 8 * (self._rows.capacity * self._width + halted)

    @property
    def alone(self) -> bool:
        """Whether a plain row is judged without any other."""
        return self._lead == 0

    def fill(self, rows: Values) -> None:
        """Take rows that came before, in time order, shape (n_rows, width)."""
        if len(rows):
            self._rows.push(rows)
            self._came(rows)
            self._astray = True

    def skip(self, rows: Values, stopped: Mask) -> None:
        """Pass over rows that are no part of the series, and tell in which it stood still."""
        if len(rows):
            if self._halted is not None:
                self._halted.push(np.column_stack([rows, stopped]))
            self._came(rows)

    def _came(self, rows: Values) -> None:
        last = int(rows[-1, 0])
        self.last = last if self.last is None else max(self.last, last)

    @property
    def running_rows(self) -> int:
        """Rows kept that are part of the series."""
        return len(self._rows)

    def kept(self) -> Values:
        """Return the rows kept, the oldest first, shape (n_rows, width)."""
        if self._halted is None or not len(self._halted):
            return self._rows.latest()
        rows = np.concatenate([self._rows.latest(), self._halted.latest()[:, :-1]])
        return np.asarray(rows[np.argsort(rows[:, 0], kind="stable")])

    def follows(self, time: int, fill_rows: int) -> bool:
        """Whether a moment comes no later than a gap that is bridged lets it."""
        return self.last is not None and time - self.last <= (fill_rows + 1.5) * self._interval

    def take(self, row: Values) -> bool:
        """Take the next row, shape (width,); tell whether it can be judged by `plain`."""
        values = row[self._places.sensors]
        whole = self._lead is not None and self._places.hold(values)
        if whole and self._astray:
            self._find_way()
        if whole and not self._astray and self._is_next(int(row[0])):
            frozen = self._stuck.next(values.astype(self._places.kind, copy=False))
            self._streak = 0 if frozen else self._streak + 1
        else:
            self._streak, self._astray = 0, True
        self._rows.push(row[None])
        self.last = int(row[0])
        return self._lead is not None and self._streak > self._lead

    def _is_next(self, time: int) -> bool:
        cell = round((time - self._anchor) / self._interval)
        expected, self._cell = self._cell + 1, cell
        return cell == expected

    def _find_way(self) -> None:
        """Learn from the rows kept where on the grid they end, and how many are plain."""
        if not len(self._rows):
            return
        rows = self._as_rows()
        series, plain = self.model.plain_cells(rows)
        cells = series.cell_of_row
        if cells is None:
            cells = np.arange(series.cells)
        last_stretch = int(series.bounds[-2])
        in_turn = np.r_[False, np.diff(cells) == 1] & plain[cells] & (cells >= last_stretch)
        in_turn[0] = plain[cells[0]] and cells[0] >= last_stretch
        self._streak = int(np.cumprod(in_turn[::-1]).sum())
        self._anchor = int(series.starts[-1])
        self._cell = int(cells[-1]) - last_stretch
        self._stuck.begin(series.sensors)
        self._astray = False

    # ------------------------------------------------------------------ judging
    def newest(self) -> tuple[Floats, Floats]:
        """Return what `AssetModel.judge_plain` takes to judge the newest row."""
        return self._read(self._rows.latest((self._lead or 0) + 1))

    def judge(self, *, plain: bool, explain: bool) -> Judged:
        """Judge the newest row; `plain` as `take` told."""
        if plain:
            return self.model.judge_plain(*self.newest(), 1, explain=explain)
        rows = self._with_halted()
        whole = self.model.judge(rows, explain=explain, live=self.model.has_live_scores)
        last = slice(len(rows.times) - 1, len(rows.times))
        state = whole.state[last]
        if state[0] == Judgement.TOO_YOUNG and self._rows.seen > self._rows.capacity:
            state = np.full(1, Judgement.GAP, np.int8)
        shares = None if whole.shares is None else whole.shares[:, last]
        return Judged(
            whole.surprise[last], whole.alarm[last], state, whole.coverage[last], shares, []
        )

    def _as_rows(self) -> Rows:
        kept = self._rows.latest()
        return Rows(kept[:, 0].astype(np.int64), *self._read(kept))

    def _with_halted(self) -> Rows:
        """Return the rows kept, those with the others among which the machine was halted."""
        if self._halted is None or not len(self._halted):
            return self._as_rows()
        ran, halted = self._rows.latest(), self._halted.latest()
        rows = np.concatenate([ran, halted[:, :-1]])
        running = np.arange(len(rows)) < len(ran)
        stopped = np.r_[np.zeros(len(ran), bool), halted[:, -1] > 0]
        order = np.argsort(rows[:, 0], kind="stable")
        rows = rows[order]
        times = rows[:, 0].astype(np.int64)
        return Rows(times, *self._read(rows), running[order], stopped[order])

    def _read(self, rows: Values) -> tuple[Floats, Floats]:
        columns = rows.T
        with np.errstate(over="ignore"):  # what no number of that kind can be is out of limits
            sensors = columns[self._places.sensors].astype(self._places.kind, copy=False)
        return sensors, columns[self._places.context]
