"""Rows in order: each asset's together, its times rising, without sorting what is sorted.

A frame of a fleet is almost always made of a few sorted pieces: one file an asset, one file a
month.  Cutting it at its *runs* and putting the runs together costs one copy; sorting tens of
columns costs many times that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import polars as pl

from appliance.lake.layout import Partition, bucket_of, month_of, next_month

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ROWS_A_RUN = 16
"""With fewer rows a run than this, sorting is cheaper than putting runs together."""
_FEW = 1_000


class Run(NamedTuple):
    """Rows of one asset that stand together with rising times."""

    asset: str
    first: int
    rows: int


def runs(frame: pl.DataFrame) -> list[Run]:
    """Return the runs that a frame is made of, in its order.

    Parameters
    ----------
    frame
        Columns ``asset`` and ``time``, neither with nulls.
    """
    return _runs(frame, _starts(frame))


def _runs(frame: pl.DataFrame, starts: pl.Series) -> list[Run]:
    names = frame["asset"].gather(starts).to_list()
    borders = pairwise([*starts.to_list(), frame.height])
    return [Run(name, a, b - a) for name, (a, b) in zip(names, borders, strict=True)]


def _starts(frame: pl.DataFrame) -> pl.Series:
    asset, time = pl.col("asset"), pl.col("time")
    breaks = (asset != asset.shift()) | (time <= time.shift())
    firsts = frame.lazy().select(breaks.fill_null(value=True).arg_true().cast(pl.Int64))
    return firsts.collect().to_series()


def _shuffled(frame: pl.DataFrame, starts: pl.Series) -> bool:
    """Whether the runs are so short that sorting costs less than putting them together."""
    return starts.len() > frame.height // _ROWS_A_RUN + _FEW


def distinct(found: Sequence[Run]) -> bool:
    """Whether every asset has one run only, so that no (asset, time) occurs twice."""
    return len({run.asset for run in found}) == len(found)


def arrange(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Run]]:
    """Return a frame's rows so that assets stand together, and its runs.

    A frame whose assets do stand together is returned as it is.  Where an (asset, time) occurs
    more than once, the runs are not `distinct` and its rows keep their order.
    """
    starts = _starts(frame)
    if not _shuffled(frame, starts):
        found = _runs(frame, starts)
        if distinct(found):
            return frame, found
    frame = assemble([frame])
    return frame, runs(frame)


def assemble(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put frames of the same columns together, sorted by asset and time.

    Parameters
    ----------
    frames
        At least one, all with the same columns and types.

    Returns
    -------
    DataFrame
        All rows; those of equal asset and time keep their order.
    """
    whole = frames[0] if len(frames) == 1 else pl.concat(frames)
    starts = _starts(whole)
    if _shuffled(whole, starts):
        return whole.sort("asset", "time", maintain_order=True)
    found = _runs(whole, starts)
    if distinct(found) and found == sorted(found):
        return whole if len(frames) == 1 else whole.rechunk()
    pieces: dict[str, list[pl.DataFrame]] = {}
    for run in found:
        pieces.setdefault(run.asset, []).append(whole.slice(run.first, run.rows))
    return pl.concat(
        [p for name in sorted(pieces) for p in _in_time(pieces[name])], rechunk=True
    )


def _in_time(pieces: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """Return one asset's pieces in time order, sorted row by row only if they overlap."""
    if len(pieces) == 1:
        return pieces
    apart = sorted(
        ((piece.item(0, "time"), piece.item(-1, "time"), i) for i, piece in enumerate(pieces))
    )
    if all(one[1] < other[0] for one, other in pairwise(apart)):
        return [pieces[i] for *_, i in apart]
    return [pl.concat(pieces).sort("time", maintain_order=True)]


def split(frame: pl.DataFrame, found: Sequence[Run]) -> dict[Partition, pl.DataFrame]:
    """Cut a frame into its partitions by bucket and month, each sorted by asset and time.

    Parameters
    ----------
    frame, found
        What `arrange` returned.

    Returns
    -------
    dict
        Slices that share the frame's memory.
    """
    times = frame["time"].to_physical().to_numpy()
    pieces: dict[Partition, list[tuple[int, int]]] = {}
    for asset, first, rows in sorted(found):
        bucket, own = str(bucket_of(asset)), times[first : first + rows]
        low = 0
        while low < rows:
            start = _EPOCH + int(own[low]) * _MICROSECOND
            border = (next_month(start) - _EPOCH) // _MICROSECOND
            high = int(own.searchsorted(border, side="left"))
            partition = (("bucket", bucket), ("month", month_of(start)))
            here = pieces.setdefault(partition, [])
            if here and here[-1][1] == first + low:  # goes on where the asset before ended
                here[-1] = (here[-1][0], first + high)
            else:
                here.append((first + low, first + high))
            low = high
    return {
        key: pl.concat([frame.slice(a, b - a) for a, b in parts], rechunk=False)
        for key, parts in sorted(pieces.items())
    }
