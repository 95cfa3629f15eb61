"""Quarantine: what was refused is kept once, in the order of the files."""

from __future__ import annotations

import polars as pl
import pytest

from appliance.lake import Quarantine
from appliance.lake.quarantine import COLUMNS, VALUE_LENGTH
from tests.appliance.lake.conftest import BOTH

REFUSED = {name: kind for name, kind in COLUMNS.items() if name != "batch"}


def refused(file: str, *rows: int, value: str = "x") -> pl.DataFrame:
    told = [(file, row, "temp", value, "not a number") for row in rows]
    return pl.DataFrame(told, schema=REFUSED, orient="row")


@pytest.fixture
def quarantine(lake) -> Quarantine:
    return lake.quarantine("pumps")


def test_nothing_was_refused_yet(quarantine):
    assert quarantine.count() == 0
    assert quarantine.read().schema == COLUMNS
    quarantine.write(refused("a.csv"), batch="a")
    assert quarantine.count() == 0


@BOTH
def test_refused_rows_come_back_by_file_and_row(quarantine):
    quarantine.write(pl.concat([refused("b.csv", 9, 2), refused("a.csv", 5)]), batch="one")
    quarantine.write(refused("a.csv", 1), batch="two")
    got = quarantine.read()
    assert got.schema == COLUMNS
    assert got.select("batch", "file", "row").rows() == [
        ("one", "a.csv", 5),
        ("one", "b.csv", 2),
        ("one", "b.csv", 9),
        ("two", "a.csv", 1),
    ]
    assert got.row(0)[3:] == ("temp", "x", "not a number")


@BOTH
def test_a_batch_and_part_are_kept_once(quarantine):
    for _ in range(2):
        quarantine.write(refused("a.csv", 1, 2), batch="one", part=0)
        quarantine.write(refused("a.csv", 7), batch="one", part=1)
    assert quarantine.count() == 3
    assert quarantine.read()["row"].to_list() == [1, 2, 7]


def test_one_batch_is_read_alone(quarantine):
    quarantine.write(refused("a.csv", 1, 2), batch="one")
    quarantine.write(refused("b.csv", 3), batch="two")
    assert (quarantine.count("one"), quarantine.count("two"), quarantine.count("no")) == (
        2,
        1,
        0,
    )
    assert quarantine.read("two")["file"].to_list() == ["b.csv"]
    assert quarantine.read("no").is_empty()


@pytest.mark.slow
def test_the_first_rows_of_many(quarantine):
    for i in range(5):
        quarantine.write(refused("a.csv", *range(10 * i, 10 * i + 10)), batch=f"b{i}")
    assert quarantine.read(limit=25)["row"].to_list() == list(range(25))


def test_long_values_are_cut(quarantine):
    quarantine.write(refused("a.csv", 1, value="ü" * 5_000), batch="one")
    assert quarantine.read()["value"].to_list() == ["ü" * VALUE_LENGTH]


def test_a_cell_may_have_neither_column_nor_value(quarantine):
    whole = refused("a.csv", 0).with_columns(
        column=pl.lit(None, pl.String), value=pl.lit(None, pl.String)
    )
    quarantine.write(whole, batch="one")
    assert quarantine.read().row(0) == ("one", "a.csv", 0, None, None, "not a number")
