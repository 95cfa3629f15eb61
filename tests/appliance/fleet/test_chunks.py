"""An asset's rows out of a frame, however many pieces the frame's columns are in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from appliance.fleet.chunks import Columns, assets_of

START = datetime(2026, 1, 20, tzinfo=UTC)


def _frame(rows: int, kind: type[pl.DataType]) -> pl.DataFrame:
    numbers = pl.int_range(rows, eager=True)
    return pl.DataFrame(
        {
            "asset": ["A"] * (rows // 3) + ["B"] * (rows - rows // 3),
            "time": [START + timedelta(minutes=i) for i in range(rows)],
            "temp": numbers.cast(kind),
            "flow": pl.select(pl.when(numbers % 4 > 0).then(numbers)).to_series().cast(kind),
        }
    )


@pytest.mark.parametrize("kind", [pl.Float32, pl.Float64, pl.Int64])
@pytest.mark.parametrize("pieces", [[30], [10, 20], [4, 9, 17], [1, 28, 1]])
def test_pieces_make_no_difference(kind, pieces):
    frame = _frame(30, kind)
    ends = np.cumsum([0, *pieces])
    cut = pl.concat(
        [frame.slice(a, b - a) for a, b in pairwise(ends)],
        rechunk=False,
    )
    columns = Columns(("temp", "flow", "gone"), ("temp",))
    found = list(assets_of(cut, columns))
    assert [(one.asset, one.first, len(one.rows.times)) for one in found] == [
        ("A", 0, 10),
        ("B", 10, 20),
    ]
    for one in found:
        numbers = np.arange(30)[one.place]
        temp, flow, gone = one.rows.sensors
        assert np.array_equal(temp, numbers)
        assert np.array_equal(flow, np.where(numbers % 4 > 0, numbers, np.nan), equal_nan=True)
        assert np.isnan(gone).all()
        assert np.array_equal(one.rows.context[0], numbers)
        assert one.rows.sensors.dtype == (np.float32 if kind is pl.Float32 else np.float64)


def test_no_row_is_no_asset():
    assert not list(assets_of(_frame(30, pl.Float32).clear(), Columns(("temp",), ())))
