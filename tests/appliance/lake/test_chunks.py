"""Pieces of readings that come from far away are fetched while others are at work."""

from __future__ import annotations

from threading import Event

import polars as pl
import pytest

from appliance.core.errors import StorageError
from appliance.lake.chunks import ahead


def test_the_next_piece_is_read_while_one_is_at_work_and_no_further() -> None:
    begun = [Event() for _ in range(3)]

    def read(number: int) -> pl.DataFrame:
        begun[number].set()
        return pl.DataFrame({"asset": [f"P-{number}"]})

    frames = ahead([lambda number=number: read(number) for number in range(3)])
    assert next(frames)["asset"].to_list() == ["P-0"]
    assert begun[1].wait(10)
    assert not begun[2].is_set()
    assert [frame["asset"][0] for frame in frames] == ["P-1", "P-2"]


def test_what_cannot_be_read_is_told_where_it_is_wanted() -> None:
    def broken() -> pl.DataFrame:
        raise StorageError("a file is missing.")

    frames = ahead([lambda: pl.DataFrame({"asset": ["P-0"]}), broken])
    assert next(frames).height == 1
    with pytest.raises(StorageError, match="missing"):
        next(frames)
    assert list(ahead([])) == []
