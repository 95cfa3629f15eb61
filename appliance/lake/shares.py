"""Shares of the sensors in one column: a list a row, in an order that the column tells.

Nine rows of ten are not unusual and have no shares.  A column for each sensor is then mostly
nothing, and costs as much to write as everything else of a score together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

LISTS = pl.List(pl.Float32)
"""Type of a column of shares."""
SHARES = "shares"
"""The column of shares in a frame of scores."""
_PREFIX = "shares__"


def column_of(sensors: Sequence[str]) -> str:
    """Return the physical name of the column that holds shares of sensors in this order."""
    told = json.dumps(list(sensors), ensure_ascii=False)
    return _PREFIX + hashlib.sha256(told.encode()).hexdigest()[:12]


def pack(values: NDArray[np.float32], at: NDArray[np.int64], rows: int) -> pl.Series:
    """Return shares as lists; a row that is not named has none.

    Parameters
    ----------
    values
        Shape (n_named, n_sensors); NaN where a sensor has no share.
    at
        The rows that have shares, rising.
    rows
        How many there are.
    """
    if not len(at):
        return pl.Series([None], dtype=LISTS).new_from_index(0, rows)
    place = np.full(rows, -1, np.int64)
    place[at] = np.arange(len(at))
    lists = pl.Series(np.ascontiguousarray(values, np.float32)).arr.to_list()
    asked = pl.Series(place)
    return lists.gather(asked.set(asked < 0, None))


def packed(frame: pl.DataFrame, names: Sequence[str]) -> pl.Series:
    """Return some columns of a frame, a share a sensor each, as lists."""
    columns = [frame[name].cast(pl.Float32).to_numpy() for name in names]
    values = np.stack(columns, axis=1)
    at = np.flatnonzero(~np.isnan(values).all(axis=1))
    return pack(values[at], at, frame.height)


def unpack(lists: pl.Series, places: Sequence[int]) -> list[pl.Series]:
    """Return the shares at some places of lists, a column each; null where there is none."""
    out = np.full((len(places), len(lists)), np.nan, np.float32)
    has = lists.is_not_null().to_numpy()
    known = lists.drop_nulls()
    if len(known):
        table = known.explode().to_numpy().reshape(len(known), -1)
        for row, place in zip(out, places, strict=True):
            row[has] = table[:, place]
    return [pl.Series(row, nan_to_null=True) for row in out]


class Packed:
    """The columns of shares that a table has, by their physical names.

    Parameters
    ----------
    sensors
        By physical name, the sensors in the order of its lists.
    """

    def __init__(self, sensors: Mapping[str, Sequence[str]]) -> None:
        self.sensors = dict(sensors)

    @property
    def names(self) -> list[str]:
        """Every sensor that has a share somewhere."""
        return list(dict.fromkeys(name for own in self.sensors.values() for name in own))

    def holding(self, names: Sequence[str]) -> list[str]:
        """Return the columns whose lists hold one of these sensors."""
        wanted = set(names)
        return [column for column, own in self.sensors.items() if wanted & set(own)]

    def spread(self, frame: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
        """Return a frame with a column a sensor in place of the lists.

        Parameters
        ----------
        frame
            With columns of lists; a column of a sensor that is there already counts too.
        names
            Sensors, and what their columns are called.
        """
        found: dict[str, list[pl.Series]] = {}
        for column, own in self.sensors.items():
            if column in frame.columns:
                here = [name for name in own if name in names]
                places = [own.index(name) for name in here]
                for name, series in zip(here, unpack(frame[column], places), strict=True):
                    found.setdefault(names[name], []).append(series)
        columns = []
        for name, parts in found.items():
            known = [frame[name]] if name in frame.columns else []
            whole, *others = [*known, *parts]
            for other in others:
                whole = whole.zip_with(whole.is_not_null(), other)
            columns.append(whole.alias(name))
        return frame.drop(self.sensors, strict=False).with_columns(columns)
