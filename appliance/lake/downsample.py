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
    if method == "none" or frame.is_empty() or frame.width == 1:
        return frame
    times = frame["time"].to_physical().to_numpy()
    values = frame.drop("time").fill_nan(None)
    broken = gaps(times, width)
    most = 2 * width if method == "minmax" else width
    if len(times) > most:
        if method == "minmax":
            times, values = _minmax(times, values, width)
        else:
            chosen = _lttb(times, _floats(values), width)
            times, values = times[chosen], values[chosen]
    shown = values.select(
        pl.Series(times, dtype=pl.Int64).cast(frame.schema["time"]).alias("time"), pl.all()
    )
    return _broken(shown, times, broken).select(frame.columns)


def _floats(values: pl.DataFrame) -> Floats:
    """Return columns as rows of numbers, not a number where there is no value."""
    columns = [one.cast(pl.Float64).fill_null(np.nan).to_numpy() for one in values]
    return np.array(columns, dtype=np.float64).reshape(values.width, values.height)


def _broken(shown: pl.DataFrame, times: Ints, moments: Ints) -> pl.DataFrame:
    """Return rows with one that has no values at each of some moments."""
    if not len(moments):
        return shown
    kind = shown.schema["time"]
    empty = pl.DataFrame({"time": pl.Series(moments, dtype=pl.Int64).cast(kind)})
    whole = pl.concat([shown, empty], how="diagonal")
    at = np.insert(
        np.arange(len(times)),
        np.searchsorted(times, moments),
        len(times) + np.arange(len(moments)),
    )
    return whole[at]


def extremes(frame: pl.DataFrame, by: str, width: int) -> pl.DataFrame:
    """Return the rows at which a column is least and greatest in each of `width` stretches.

    A stretch without any value keeps its first row.  What stands beside the column stays
    true: these are rows of the frame.
    """
    if frame.height <= 2 * width:
        return frame
    starts = _starts(frame["time"].to_physical().to_numpy(), width)
    ((low, high),) = _places(frame.select(pl.col(by).fill_nan(None)), starts)
    return frame[np.unique(np.concatenate([low, high]))]


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


def _places(values: pl.DataFrame, starts: Ints) -> list[tuple[Ints, Ints]]:
    """Return where each column is least and greatest in each stretch.

    Parameters
    ----------
    values
        Null where there is no value; a stretch without any has its first row twice.
    """
    lengths = np.diff([*starts, values.height])
    stretch = pl.Series("of", np.repeat(np.arange(len(starts), dtype=np.int32), lengths))
    names = [str(number) for number in range(values.width)]
    found = (
        values.rename(dict(zip(values.columns, names, strict=True)))
        .with_columns(stretch.set_sorted())
        .group_by("of", maintain_order=True)
        .agg(
            *(pl.col(name).arg_min().alias(f"low {name}") for name in names),
            *(pl.col(name).arg_max().alias(f"high {name}") for name in names),
        )
        .fill_null(0)
    )
    return [
        (
            starts + found[f"low {name}"].cast(pl.Int64).to_numpy(),
            starts + found[f"high {name}"].cast(pl.Int64).to_numpy(),
        )
        for name in names
    ]


def _minmax(times: Ints, values: pl.DataFrame, width: int) -> tuple[Ints, pl.DataFrame]:
    starts = _starts(times, width)
    lasts = np.append(starts[1:], len(times)) - 1
    # A stretch of one reading has one row.
    kept = np.ones(2 * len(starts), bool)
    kept[1::2] = lasts > starts
    columns = []
    for one, (low, high) in zip(values, _places(values, starts), strict=True):
        first, second = np.minimum(low, high), np.maximum(low, high)
        columns.append(one[np.column_stack([first, second]).ravel()[kept]])
    moments = np.column_stack([times[starts], times[lasts]]).ravel()
    return moments[kept], pl.DataFrame(columns)


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
