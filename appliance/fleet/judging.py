"""Scoring one asset: surprise where a reading can be judged, the reason where it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.core.errors import InvalidRequest
from appliance.fleet.artifact import Arrays, below
from appliance.fleet.cleaning import CellFault, StuckLimits, clean
from appliance.fleet.conditioning import Conditioner
from appliance.fleet.filling import Filler
from appliance.fleet.forms import Form, forms_of
from appliance.fleet.judgements import EXPLAINED_FROM, Judged, SensorFault, alive_only
from appliance.fleet.own_level import offset_of
from appliance.fleet.relations import Expected, Relations, usual
from appliance.fleet.series import (
    MICRO,
    Floats,
    Mask,
    Rows,
    Series,
    Stretch,
    even,
    pieces,
    whole,
)
from appliance.schemas.manifest import AssetManifest
from appliance.schemas.recipe import Limits, Recipe
from appliance.schemas.score import Judgement
from detectors import persistence

_DIRECTION_FROM = 1.0


@dataclass(slots=True)
class _ByCell:
    surprise: NDArray[np.float64]
    state: NDArray[np.int8]
    shares: NDArray[np.float32] | None


class AssetModel:
    """One asset's model, ready to judge.

    Parameters
    ----------
    entry, arrays
        From the artifact.
    recipe
        The fleet's.
    """

    def __init__(self, entry: AssetManifest, arrays: Arrays, recipe: Recipe) -> None:
        self.entry = entry
        self._recipe = recipe
        self._detector = persistence.unpack(below(arrays, "detector/"), entry.detector)
        averages = (
            persistence.unpack(below(arrays, "averages/"), entry.averages)
            if entry.averages
            else None
        )
        self._final, self._live = forms_of(self._detector, averages, arrays)
        plain, busy = arrays["stuck"]
        self.stuck = StuckLimits(plain, busy, int(arrays["busy_changes"]))
        self._filler = (
            Filler(arrays["mean"], arrays["covariance"]) if "mean" in arrays else None
        )
        self._conditioner = (
            Conditioner.rebuilt(entry.context, arrays["weights"]) if entry.context else None
        )
        self._centre = arrays["centre"]
        self._offset = offset_of(arrays)
        self._spread = arrays["spread"]
        self._relations = Relations.of(arrays)
        self._interval = round(entry.interval_seconds * MICRO)
        self._looks_around = entry.reach != (0, 0)

    @property
    def limits(self) -> Mapping[str, Limits]:
        """Physical limits by sensor."""
        return self._recipe.cleaning.limits

    @property
    def has_live_scores(self) -> bool:
        """Whether rows are judged otherwise when they arrive than when they are final."""
        return self._live is not None

    def rows_of(self, rows: Rows, sensors: Sequence[str]) -> Rows:
        """Return rows with the model's sensors alone, from rows with all of these."""
        return rows.of(rows.sensors[[sensors.index(name) for name in self.entry.sensors]])

    # ------------------------------------------------------------------ judging
    def judge(
        self, rows: Rows, *, explain: bool = True, goes_on: bool = False, live: bool = False
    ) -> Judged:
        """Score rows.

        Parameters
        ----------
        rows
            One row of ``rows.sensors`` for each of ``entry.sensors``, in their order; all NaN
            for one that is missing.
        explain
            Also give shares.
        goes_on
            The asset has readings after these rows.
        live
            Judge every row by what is known when it arrives.

        Raises
        ------
        InvalidRequest
            `live` is asked for of a model that has no live scores.
        """
        if live and self._live is None and self._detector.reach()[1]:
            raise InvalidRequest(
                "this model has no live scores.",
                remedy="Train it again, by the recipe auto or one that looks at no later rows.",
            )
        series, cell_faults = self._cleaned(rows)
        coverage = np.ones(series.cells, np.float32)
        gone: Mask | None = None
        if np.isnan(np.add.reduce(series.sensors, axis=None)):
            gone = np.isnan(series.sensors)
            coverage -= gone.mean(axis=0, dtype=np.float32)
        state = self._obstacles(series, coverage)
        values = self._residuals(series)
        shares = np.full(values.shape, np.nan, np.float32) if explain else None
        judged = _ByCell(np.full(series.cells, np.nan), state, shares)
        self._score(series, values, gone, judged, goes_on=goes_on, live=live)
        surprise = series.to_rows(judged.surprise, np.nan)
        return Judged(
            surprise=surprise,
            alarm=surprise >= self.entry.threshold,
            state=series.to_rows(judged.state, np.int8(Judgement.NOT_RUNNING)),
            coverage=series.to_rows(coverage, np.float32(1.0)),
            shares=None if judged.shares is None else series.to_rows(judged.shares, np.nan),
            faults=self._in_time(series, cell_faults),
        )

    @property
    def plain_lead(self) -> int | None:
        """Cells before one that `judge_plain` needs; None where it cannot say the same.

        It cannot for a detector that goes on learning, nor for one that judges by later rows
        and has no live form.
        """
        reach = self._detector.reach()
        if self._detector.tags.partial_fit or (self._live is None and reach[1]):
            return None
        lags = 0 if self._conditioner is None else self._conditioner.warm_cells
        return max((self._live or self._final).before, *reach) + lags

    @property
    def halted_cells(self) -> int:
        """Cells in which a machine was halted that what follows them slowly still shows."""
        conditioner = self._conditioner
        return conditioner.warm_cells if conditioner is not None and conditioner.goes_on else 0

    def judge_plain(
        self, sensors: Floats, context: Floats, count: int, *, explain: bool = True
    ) -> Judged:
        """Judge the last cells of an even series live, where nothing is to be cleaned.

        Parameters
        ----------
        sensors, context
            As in `Rows`: nothing missing, frozen or out of limits, no cell unseen but the
            last ones, and `plain_lead` cells before these.
        count
            Cells to judge.
        """
        conditioner, values = self._conditioner, sensors
        state = np.zeros(count, np.int8)  # Judgement.FINAL
        if conditioner is not None:
            state[conditioner.unseen(context)[-count:]] = Judgement.UNSEEN_MODE
        if conditioner is not None or self._offset is not None:
            values = self._residuals(whole(sensors, context, 0, self._interval))
        form, lead = self._live or self._final, sensors.shape[1] - count
        before = min(lead, form.before)
        found = form.scored(values[:, lead - before :].T, before, explain=explain)
        surprise = found.surprise
        shares = None
        if explain:
            shares = np.full((len(sensors), count), np.nan, np.float32)
            notable = np.flatnonzero(surprise >= EXPLAINED_FROM)
            if len(notable):
                shares[:, notable] = form.shares(found, notable).T
        if conditioner is not None:
            surprise[state != Judgement.FINAL] = np.nan
        if self._live is not None:
            state[state == Judgement.FINAL] = Judgement.PROVISIONAL
        return Judged(
            surprise=surprise,
            alarm=surprise >= self.entry.threshold,
            state=state,
            coverage=np.ones(count, np.float32),
            shares=shares,
            faults=[],
        )

    def plain_cells(self, rows: Rows) -> tuple[Series, Mask]:
        """Return rows as an even series, and which of its cells need no cleaning."""
        series, _ = self._cleaned(rows)
        raw = even(rows, self._interval, self._recipe.cleaning.fill_rows)
        same = np.equal(series.sensors, raw.sensors).all(axis=0)
        seen = self._obstacles(series, np.ones(series.cells, np.float32)) == Judgement.FINAL
        return raw, same & seen

    def faults(self, rows: Rows) -> list[SensorFault]:
        """Return sensor faults within rows, without scoring them."""
        return self._in_time(*self._cleaned(rows))

    def expected(self, rows: Rows, unknown: Mask | None = None) -> Expected:
        """Return what normal would have been, by context and by the other sensors.

        Parameters
        ----------
        rows
            As for `judge`.
        unknown
            Shape (n_sensors, n_rows): readings that are to be explained, and so tell nothing
            of others; those that are missing, frozen or out of limits tell nothing anyway.

        Returns
        -------
        Expected
            By sensor and row; NaN where the machine was not running.  Where neither context
            nor other sensors say anything, the middle of the training data.
        """
        series, _ = self._cleaned(rows)
        values = self._residuals(series).astype(np.float64)
        if self._relations is None:
            found = usual(self._centre, self._spread, series.cells)
        else:
            hidden = np.zeros(values.shape, bool)
            if unknown is not None:
                hidden = series.to_cells(unknown)
            found = self._relations.expected(values, hidden, self._centre)
        middle = found.middle
        if self._offset is not None:
            middle = middle + self._offset[:, None]
        if self._conditioner is not None:
            middle = middle + self._conditioner.expected(
                series.context, series.bounds, series.course
            )
        return Expected(
            np.array(series.to_rows(middle, np.nan)),
            np.array(series.to_rows(found.width, np.nan)),
        )

    def directions(self, rows: Rows) -> NDArray[np.int8]:
        """Return +1 above, −1 below what normal would have been, 0 near it or missing."""
        series, _ = self._cleaned(rows)
        away = self._residuals(series) - self._centre[:, None]
        clear = np.abs(away) > _DIRECTION_FROM * self._spread[:, None]
        by_cell = np.where(clear, np.sign(away), 0).astype(np.int8)
        return np.array(series.to_rows(by_cell, np.int8(0)))

    def _cleaned(self, rows: Rows) -> tuple[Series, list[CellFault]]:
        cleaning = self._recipe.cleaning
        series, faults, _ = clean(
            rows, self._interval, cleaning, self.entry.sensors, self.stuck
        )
        return series, faults

    def _in_time(self, series: Series, faults: Sequence[CellFault]) -> list[SensorFault]:
        names = self.entry.sensors
        return [
            SensorFault(
                names[f.sensor], f.kind, series.time_of(f.start), series.time_of(f.stop - 1)
            )
            for f in faults
        ]

    def offset(self, rows: Rows) -> NDArray[np.float64]:
        """Return how far each sensor's middle lies from what normal would have been."""
        series, _ = self._cleaned(rows)
        left = self._residuals(series)
        known = ~np.isnan(left).all(axis=1)
        out = np.zeros(len(left))
        out[known] = np.nanmedian(left[known], axis=1) - self._centre[known]
        return out

    def _residuals(self, series: Series) -> Floats:
        conditioner, values = self._conditioner, series.sensors
        if conditioner is not None:
            values = conditioner.left(values, series, self._recipe.cleaning.fill_rows)
        if self._offset is not None:
            values = values - self._offset[:, None]
        return values.astype(series.sensors.dtype, copy=False)

    def _obstacles(self, series: Series, coverage: NDArray[np.float32]) -> NDArray[np.int8]:
        """Return by cell why it cannot be judged; final where nothing speaks against it."""
        state = np.zeros(series.cells, np.int8)  # Judgement.FINAL
        if self._conditioner is not None:
            unseen = self._conditioner.unseen(series.context)
            state[unseen] = Judgement.UNSEEN_MODE
        needed = self._recipe.minimum_coverage
        # Without any sensor there is nothing to judge, whatever the recipe asks for.
        state[(coverage < needed) | (coverage <= 0)] = Judgement.TOO_FEW_SENSORS
        return state

    # ------------------------------------------------------------------ the detector's part
    def _score(
        self,
        series: Series,
        values: Floats,
        gone: Mask | None,
        out: _ByCell,
        *,
        goes_on: bool,
        live: bool,
    ) -> None:
        state = out.state
        obstacle = state != Judgement.FINAL
        parts = pieces(series.bounds, obstacle, self._recipe.cleaning.fill_rows)
        before, after = self._detector.reach()
        needed = max(before, after) + 1
        judged = []
        for part in parts:
            if part.stop - part.start >= needed:
                judged.append(part)
                continue
            inside = state[part.start : part.stop]
            reason = Judgement.TOO_YOUNG if part.start == 0 else Judgement.GAP
            inside[inside == Judgement.FINAL] = reason
        if self._filler is not None:
            values = self._filler.fill(values)
        pending = self._pending(judged, series.cells, goes_on=goes_on, live=live)
        if not live or self._live is None or not pending:
            for batch in self._batches(judged, series.cells, windows=self._looks_around):
                self._score_cells(batch, self._final, values, gone, out)
        for part, first in pending:
            if self._live is not None:
                self._score_cells(slice(*part), self._live, values, gone, out, first)
            tail = state[slice(*part)]
            tail[tail == Judgement.FINAL] = Judgement.PROVISIONAL
        out.surprise[obstacle] = np.nan
        if out.shares is not None and obstacle.any():
            out.shares[:, obstacle] = np.nan

    def _pending(
        self, judged: Sequence[Stretch], cells: int, *, goes_on: bool, live: bool
    ) -> list[tuple[Stretch, int]]:
        """Return stretches whose final scores are not known, each with its piece's start."""
        after = self._detector.reach()[1]
        if not after or not judged:
            return []
        if live:
            return [(part, part.start) for part in judged]
        first, stop = judged[-1]
        if goes_on or stop < cells:
            return []
        return [(Stretch(max(first, cells - after), cells), first)]

    @staticmethod
    def _batches(
        parts: Sequence[Stretch], cells: int, *, windows: bool
    ) -> list[slice | NDArray[np.int64]]:
        """Cells to be scored in one call: a piece each with windows, all at once without."""
        if windows or (len(parts) == 1 and parts[0] == (0, cells)):
            return [slice(*part) for part in parts]
        return [np.concatenate([np.arange(*part) for part in parts])] if parts else []

    def _score_cells(
        self,
        cells: slice | NDArray[np.int64],
        form: Form,
        values: Floats,
        gone: Mask | None,
        out: _ByCell,
        first: int | None = None,
    ) -> None:
        """Judge cells; a slice may have more of its piece before it, from cell `first` on."""
        lead = 0
        readings = values[:, cells].T
        if first is not None and isinstance(cells, slice):
            lead = min(cells.start - first, form.before)
            readings = values[:, cells.start - lead : cells.stop].T
        found = form.scored(readings, lead, explain=out.shares is not None)
        out.surprise[cells] = found.surprise
        if out.shares is None:
            return
        notable = np.flatnonzero(found.surprise >= EXPLAINED_FROM)
        if not len(notable):
            return
        at = notable + cells.start if isinstance(cells, slice) else cells[notable]
        shares = form.shares(found, notable).T
        out.shares[:, at] = alive_only(shares, None if gone is None else gone[:, at])
