"""Long series for a chart of a width: fewer rows that look the same, spikes and gaps kept.

Plain functions on the rows of one asset, sorted by time.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Method: TypeAlias = Literal["minmax", "lttb", "none"]
Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
_GAP_INTERVALS = 5
"""Rows farther apart than so many usual distances have a gap between them."""


def downsample(frame: pl.DataFrame, width: int, method: Method) -> pl.DataFrame:
    """Return rows that look like all of them in a chart of `width` points.

    Parameters
    ----------
    frame
        ``time``, rising, and columns of numbers; null where there is no value.
    method
        ``minmax``: two rows for each of `width` stretches of equal length, at its first and
        last reading, holding for each column the least and the greatest value of the stretch
        in the order in which they came.  No spike is ever lost.
        ``lttb``: at most `width` of the rows themselves, chosen by the largest triangle with
        what was chosen before and the mean of what comes after; of several columns by the sum
        of their triangles, each in units of its range.
        ``none``: all rows.

    Returns
    -------
    DataFrame
        The columns of `frame`.  Where readings lack for longer than usual and longer than a
        point is wide, a row without values stands in between: a line breaks there.
    """
    if method == "none" or frame.is_empty():
        return frame
    times = frame["time"].to_physical().to_numpy()
    names = [name for name in frame.columns if name != "time"]
    columns = [frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in names]
    values = np.array(columns, dtype=np.float64).reshape(len(names), len(times))
    broken = gaps(times, width)
    most = 2 * width if method == "minmax" else width
    if len(times) > most:
        if method == "minmax":
            times, values = _minmax(times, values, width)
        else:
            chosen = _lttb(times, values, width)
            times, values = times[chosen], values[:, chosen]
    at = np.searchsorted(times, broken)
    times, values = np.insert(times, at, broken), np.insert(values, at, np.nan, axis=1)
    made = {"time": pl.Series(times, dtype=pl.Int64).cast(frame.schema["time"])}
    made |= {
        name: pl.Series(one, nan_to_null=True) for name, one in zip(names, values, strict=True)
    }
    return pl.DataFrame(made).select(frame.columns)


def extremes(frame: pl.DataFrame, by: str, width: int) -> pl.DataFrame:
    """Return the rows at which a column is least and greatest in each of `width` stretches.

    A stretch without any value keeps its first row.  What stands beside the column stays
    true: these are rows of the frame.
    """
    if frame.height <= 2 * width:
        return frame
    starts = _starts(frame["time"].to_physical().to_numpy(), width)
    values = frame[by].cast(pl.Float64).fill_null(np.nan).to_numpy()
    shown: pl.DataFrame = frame[np.unique(np.concatenate(_places(values, starts))).tolist()]
    return shown


def gaps(times: Ints, width: int) -> Ints:
    """Return a moment within each stretch without readings, in a chart of a width.

    Parameters
    ----------
    times
        Rising.
    """
    if len(times) < 2:
        return np.empty(0, np.int64)
    apart = np.diff(times)
    usual = max(int(np.median(apart)), 1)
    point = (times[-1] - times[0]) / width
    found = np.flatnonzero(apart > max(_GAP_INTERVALS * usual, point))
    moments: Ints = times[found] + usual
    return moments


def _starts(times: Ints, width: int) -> Ints:
    """Return the first row of each stretch of equal length that has rows at all."""
    span = int(times[-1]) - int(times[0])
    # In whole numbers, as times lose their last digits in floats.
    edges = int(times[0]) + (np.arange(width, dtype=np.int64) * (span // width + 1))
    return np.unique(np.searchsorted(times, edges[edges <= times[-1]]))


def _places(values: Floats, starts: Ints) -> tuple[Ints, Ints]:
    """Return where each stretch is least and greatest; its first row if it has no value."""
    empty = np.isnan(values)
    low, high = np.where(empty, np.inf, values), np.where(empty, -np.inf, values)
    number = np.repeat(np.arange(len(starts)), np.diff([*starts, len(values)]))
    places = []
    for filled, of in ((low, np.minimum), (high, np.maximum)):
        best = of.reduceat(filled, starts)
        hits = np.flatnonzero(filled == best[number])
        # The first hit of each stretch; every stretch has one.
        places.append(hits[np.searchsorted(number[hits], np.arange(len(starts)))])
    return places[0], places[1]


def _minmax(times: Ints, values: Floats, width: int) -> tuple[Ints, Floats]:
    starts = _starts(times, width)
    lasts = np.append(starts[1:], len(times)) - 1
    out = np.empty((len(values), 2 * len(starts)))
    for row, one in zip(out, values, strict=True):
        low, high = _places(one, starts)
        row[0::2] = one[np.minimum(low, high)]
        row[1::2] = one[np.maximum(low, high)]
    moments = np.column_stack([times[starts], times[lasts]]).ravel()
    # A stretch of one reading has one row.
    kept = np.ones(len(moments), bool)
    kept[1::2] = lasts > starts
    return moments[kept], out[:, kept]


def _lttb(times: Ints, values: Floats, width: int) -> Ints:
    if width < 3:
        return np.unique(np.array([0, len(times) - 1]))[: max(width, 1)]
    x = (times - times[0]) / max(int(times[-1]) - int(times[0]), 1)
    y = _scaled(values)
    edges = np.linspace(1, len(times) - 1, width - 1).astype(np.int64)
    known = np.nan_to_num(y)
    counts = np.maximum(np.add.reduceat(~np.isnan(y), edges[:-1], axis=1), 1)
    means = np.add.reduceat(known, edges[:-1], axis=1) / counts
    means = np.column_stack([means[:, 1:], known[:, -1]])
    middles = np.append(np.add.reduceat(x, edges[:-1]) / np.diff([*edges[:-1], len(x)]), 1.0)
    chosen, last = [0], 0
    for number, (low, high) in enumerate(pairwise(edges)):
        ahead = middles[number + 1]
        triangles = np.abs(
            (x[last] - ahead) * (y[:, low:high] - known[:, last, None])
            - (x[last] - x[low:high]) * (means[:, number, None] - known[:, last, None])
        )
        last = int(low) + int(np.nansum(triangles, axis=0).argmax())
        chosen.append(last)
    return np.array([*chosen, len(times) - 1], np.int64)


def _scaled(values: Floats) -> Floats:
    """Return values in units of each column's range."""
    empty = np.isnan(values)
    low = np.where(empty, np.inf, values).min(axis=1, keepdims=True)
    span = np.where(empty, -np.inf, values).max(axis=1, keepdims=True) - low
    usable = np.isfinite(span) & (span > 0)
    out: Floats = (values - np.where(usable, low, 0.0)) / np.where(usable, span, 1.0)
    return out
