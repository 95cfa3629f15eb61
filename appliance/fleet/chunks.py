"""Pieces of a fleet: where the data is, and an asset's rows out of what was read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import polars as pl

from appliance.calendar.masks import Masks
from appliance.core.errors import InvalidRequest, StorageError
from appliance.fleet.frames import ROW, TIME
from appliance.fleet.series import Floats, Mask, Rows
from appliance.schemas.recipe import Recipe, RunState


class Chunk(Protocol):
    """Some whole assets of a fleet; small enough to be sent, it says where the data is."""

    @property
    def rows(self) -> int:
        """Rows, or a bound on them."""

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return asset, time and columns: each asset's rows together, in time order."""

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """Yield the same as frames of whole assets, no larger than they need be."""

    @property
    def sole(self) -> str | None:
        """Its only asset; None where it may hold several."""

    def marks(self, every: int) -> pl.Series:
        """Return the time of one row of so many, and of the last: rising.

        Each stands for so many rows: where they are dense, so are the times.
        """

    def between(self, start: datetime, end: datetime) -> Chunk:
        """Return the rows of a half-open time range."""


@dataclass(frozen=True)
class FrameChunk:
    """Rows that are in this process already."""

    frame: pl.DataFrame = field(repr=False)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.frame.height

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the rows."""
        return self.frame if columns is None else _selected(self.frame, columns)

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """Yield the rows at once: they are here already."""
        yield self.read(columns)

    @property
    def sole(self) -> str | None:
        """Its only asset; None where it holds several, or nothing."""
        return _sole(self.frame)

    def marks(self, every: int) -> pl.Series:
        """Return the time of one row of so many, and of the last: rising."""
        return thinned(self.frame["time"], every)

    def between(self, start: datetime, end: datetime) -> FrameChunk:
        """Return the rows of a half-open time range."""
        return FrameChunk(self.frame.filter(_within(start, end)))


@dataclass(frozen=True)
class FileChunk:
    """Rows put into a file, for a worker that is another process.

    Attributes
    ----------
    sole
        Its only asset; None where it holds several.
    span
        Half-open time range that is meant; all of it if None.
    """

    path: str
    rows: int
    sole: str | None = None
    span: tuple[datetime, datetime] | None = None

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the rows."""
        frame = self._collected(self._lazy())
        return frame if columns is None else _selected(frame, columns)

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """Yield the rows at once."""
        yield self.read(columns)

    def marks(self, every: int) -> pl.Series:
        """Return the time of one row of so many, and of the last: rising."""
        times = self._collected(self._lazy().select("time"))["time"]
        return thinned(times, every)

    def between(self, start: datetime, end: datetime) -> FileChunk:
        """Return the rows of a half-open time range."""
        low, high = self.span or (start, end)
        return replace(self, span=(max(start, low), min(end, high)))

    def _lazy(self) -> pl.LazyFrame:
        whole = pl.scan_parquet(self.path, glob=False)
        return whole if self.span is None else whole.filter(_within(*self.span))

    def _collected(self, lazy: pl.LazyFrame) -> pl.DataFrame:
        try:
            return lazy.collect()
        except (OSError, pl.exceptions.PolarsError) as error:
            raise StorageError(f"{self.path} cannot be read: {error}.") from error


def thinned(times: pl.Series, every: int) -> pl.Series:
    """Return one time of so many, and the last: rising."""
    return pl.concat([times.gather_every(every), times.tail(1)]).sort()


def _within(start: datetime, end: datetime) -> pl.Expr:
    return (pl.col("time") >= start) & (pl.col("time") < end)


def _sole(frame: pl.DataFrame) -> str | None:
    assets = frame["asset"]
    return str(assets[0]) if len(assets) and assets[0] == assets[-1] else None


def _selected(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    present = [name for name in columns if name in frame.columns]
    kept = [ROW] if ROW in frame.columns else []
    return frame.select(*kept, "asset", "time", *present)


def cut(frame: pl.DataFrame, cells: int) -> list[FrameChunk]:
    """Cut a normalised frame into chunks of whole assets of about `cells` rows × columns."""
    limit = max(cells // max(frame.width - 2, 1), 1)
    chunks: list[FrameChunk] = []
    first = gathered = 0
    for start, length in asset_runs(frame["asset"]):
        if gathered and gathered + length > limit:
            chunks.append(FrameChunk(frame.slice(first, gathered)))
            first, gathered = start, 0
        gathered += length
    if gathered:
        chunks.append(FrameChunk(frame.slice(first, gathered)))
    return chunks


def spill(chunks: Sequence[FrameChunk], folder: Path) -> list[FileChunk]:
    """Write chunks as files."""
    spilled = []
    for number, chunk in enumerate(chunks):
        path = folder / f"chunk-{number:05d}.parquet"
        chunk.frame.write_parquet(path, compression="lz4")
        spilled.append(FileChunk(str(path), chunk.rows, chunk.sole))
    return spilled


def asset_runs(assets: pl.Series) -> list[tuple[int, int]]:
    """Return first row and number of rows of each asset in turn."""
    lengths = assets.rle().struct.field("len").to_numpy().astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    return list(zip(starts.tolist(), lengths.tolist(), strict=True))


@dataclass(frozen=True)
class Columns:
    """Columns that a model reads.

    Attributes
    ----------
    run_state
        When the machine counts as running, by one of the columns.
    """

    sensors: tuple[str, ...]
    context: tuple[str, ...] = ()
    run_state: RunState | None = None

    @classmethod
    def of(cls, recipe: Recipe, sensors: Sequence[str], context: Sequence[str]) -> Columns:
        """Return the columns that a recipe reads."""
        return cls(tuple(sensors), tuple(context), recipe.cleaning.run_state)

    @property
    def names(self) -> list[str]:
        """Every column to be read."""
        state = [self.run_state.column] if self.run_state else []
        return list(dict.fromkeys((*self.sensors, *self.context, *state)))


@dataclass(frozen=True)
class AssetRows:
    """One asset's rows within a chunk.

    Attributes
    ----------
    masked
        Rows that the calendar takes out; None if there are none.
    """

    asset: str
    first: int
    rows: Rows
    masked: Mask | None = None

    @property
    def place(self) -> slice:
        """Where the rows stand in the chunk."""
        return slice(self.first, self.first + len(self.rows.times))


def assets_of(
    frame: pl.DataFrame, columns: Columns, masks: Masks | None = None
) -> Iterator[AssetRows]:
    """Yield each asset's rows; a column that the frame has not is NaN throughout.

    Parameters
    ----------
    masks
        Rows inside are handed on as if the machine were not running: they are no part of its
        series.

    Raises
    ------
    InvalidRequest
        The column that tells whether the machine runs is missing.
    """
    times = frame["time"].cast(TIME).to_physical().to_numpy()
    sensors = [_Column.of(frame, name) for name in columns.sensors]
    context = [_Column.of(frame, name) for name in columns.context]
    kinds = {column.kind for column in sensors if column is not None}
    kind = np.dtype(np.float32) if kinds == {np.dtype(np.float32)} else np.dtype(np.float64)
    running = _running(frame, columns.run_state)
    assets = frame["asset"]
    for first, length in asset_runs(assets):
        place, asset = slice(first, first + length), str(assets[first])
        masked = masks.inside(asset, times[place]) if masks else None
        if masked is not None and not masked.any():
            masked = None
        alive = None if running is None else running[place]
        stopped = None if alive is None or alive.all() else ~alive
        if masked is not None:
            alive = ~masked if alive is None else alive & ~masked
        yield AssetRows(
            asset,
            first,
            Rows(
                times[place],
                _stacked(sensors, place, kind),
                _stacked(context, place, np.dtype(np.float64)),
                alive,
                stopped,
            ),
            masked,
        )


def _numbers(frame: pl.DataFrame, name: str) -> pl.Series | None:
    if name not in frame.columns:
        return None
    column = frame[name]
    if column.dtype not in (pl.Float32, pl.Float64):
        column = column.cast(pl.Float64, strict=False)
    return column


class _Column:
    """A column of numbers where its pieces lie: a file of several row groups has several.

    Parameters
    ----------
    numbers
        Of single or double precision; null where there is none.
    """

    def __init__(self, numbers: pl.Series) -> None:
        self.kind = np.dtype(np.float32 if numbers.dtype == pl.Float32 else np.float64)
        pieces = [chunk.to_numpy() for chunk in numbers.get_chunks()]
        ends = list(accumulate(map(len, pieces), initial=0))
        self._pieces = list(zip(ends[:-1], ends[1:], pieces, strict=True))

    @classmethod
    def of(cls, frame: pl.DataFrame, name: str) -> Self | None:
        """Return a column of a frame; None if it has none of that name."""
        column = _numbers(frame, name)
        return None if column is None else cls(column)

    def copy(self, place: slice, out: Floats) -> None:
        """Write the numbers of some rows."""
        for start, stop, piece in self._pieces:
            first, last = max(place.start, start), min(place.stop, stop)
            if first < last:
                own = piece[first - start : last - start]
                out[first - place.start : last - place.start] = own


def _stacked(
    columns: Sequence[_Column | None], place: slice, kind: np.dtype[np.floating]
) -> Floats:
    out: Floats = np.empty((len(columns), place.stop - place.start), kind)
    for row, column in zip(out, columns, strict=True):
        if column is None:
            row[:] = np.nan
        else:
            column.copy(place, row)
    return out


def _running(frame: pl.DataFrame, state: RunState | None) -> Mask | None:
    if state is None:
        return None
    column = _numbers(frame, state.column)
    if column is None:
        raise InvalidRequest(
            f"there is no column {state.column!r}, which tells whether the machine runs.",
            remedy="Correct the recipe's cleaning.run_state.",
        )
    values = column.to_numpy()
    running = np.zeros(len(values), bool)
    if state.minimum is not None:
        running |= values >= state.minimum
    if state.values:
        running |= np.isin(values, state.values)
    return running
