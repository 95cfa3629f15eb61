"""Scores: staged unseen, committed once, replaced exactly where asked."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from appliance.core.errors import StorageError
from appliance.lake import Scores
from appliance.lake.drafts import Drafts
from appliance.lake.layout import bucket_of
from appliance.lake.order import arrange, split
from appliance.lake.staged import FIXED
from tests.appliance.lake.conftest import BOTH, data_files

START = datetime(2026, 1, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def scores(lake) -> Scores:
    return lake.scores("pumps")


def put(scores: Scores, frame: pl.DataFrame, run: str, version: int = 1, replace=None) -> bool:
    staged = scores.stage(frame, model_version=version, replace=replace)
    return scores.commit([staged], run=run)


def on_disk(scores: Scores) -> set[str]:
    return data_files(scores.place.url)


@BOTH
def test_nothing_is_seen_before_the_commit(scores, make_scores):
    frame = make_scores(["P-2", "P-1"], 30, temp=0.25)
    staged = scores.stage(frame, model_version=3)
    assert not scores.exists()
    assert scores.version() == -1
    assert scores.read().is_empty()
    assert scores.commit([pickle.loads(pickle.dumps(staged))], run="r")
    assert scores.committed("r", 0)
    assert not scores.committed("r", 1)
    got = scores.read(model_version=3)
    assert got.columns == ["asset", "time", "version", *list(FIXED)[2:], "temp"]
    assert got.schema["temp"] == pl.Float32
    assert got.drop("version").equals(frame.sort("asset", "time").cast({"temp": pl.Float32}))


@BOTH
def test_a_part_is_committed_once(scores, make_scores):
    frame = make_scores(["P-1"], 10)
    assert put(scores, frame, "r")
    before = on_disk(scores)
    assert not put(scores, frame, "r")
    assert scores.read().height == 10
    assert on_disk(scores) == before


def test_versions_stand_side_by_side(scores, make_scores):
    put(scores, make_scores(["P-1", "P-2"], 5, surprise=1.0, temp=0.1), "a", version=1)
    put(scores, make_scores(["P-1"], 5, surprise=2.0, flow=0.2), "b", version=2)
    assert scores.read(model_version=1)["surprise"].unique().to_list() == [1.0]
    both = scores.read(["P-1"])
    assert both["version"].to_list() == [1, 2] * 5
    assert both.select("temp", "flow").null_count().row(0) == (5, 5)
    assert scores.read(model_version=9).schema == both.schema
    assert len(scores.files(model_version=2)) == 1


def test_only_columns_and_times_asked_for(scores, make_scores):
    put(scores, make_scores(["P-1"], 60, temp=0.5), "a")
    start, end = START + 10 * MINUTE, START + 20 * MINUTE
    got = scores.read(["P-1"], start, end, model_version=1, columns=["surprise", "temp", "no"])
    assert got.columns == ["asset", "time", "version", "surprise", "temp", "no"]
    assert (got["time"].min(), got["time"].max()) == (start, end - MINUTE)
    assert got["no"].null_count() == 10


@pytest.mark.slow
@BOTH
def test_a_stretch_gives_way_to_new_scores(scores, make_scores):
    put(scores, make_scores(["P-1", "P-2"], 100), "a")
    put(scores, make_scores(["P-1", "P-2"], 100, surprise=5.0), "other", version=2)
    stretch = {"P-1": (START + 20 * MINUTE, START + 39 * MINUTE)}
    put(scores, make_scores(["P-1"], 15, first=20, surprise=9.0), "b", replace=stretch)
    got = scores.read(["P-1"], model_version=1)
    assert got["surprise"].to_list() == [1.0] * 20 + [9.0] * 15 + [1.0] * 60
    assert scores.read(["P-2"], model_version=1)["surprise"].to_list() == [1.0] * 100
    assert scores.read(model_version=2).height == 200


def test_a_whole_file_gives_way(scores, make_scores):
    put(scores, make_scores(["P-1"], 50), "a")
    (old,) = scores.files()
    span = {"P-1": (START, START + 49 * MINUTE)}
    put(scores, make_scores(["P-1"], 50, surprise=2.0), "b", replace=span)
    (new,) = scores.files()
    assert new != old
    assert scores.read()["surprise"].to_list() == [2.0] * 50


@pytest.mark.slow
def test_two_workers_replace_rows_of_one_file(scores, make_scores):
    bucket = bucket_of("A-0")
    assets = [f"A-{i}" for i in range(500) if bucket_of(f"A-{i}") == bucket][:4]
    put(scores, make_scores(assets, 40), "a")
    assert len(scores.files()) == 1
    span = (START + 10 * MINUTE, START + 19 * MINUTE)
    staged = [
        scores.stage(
            make_scores(pair, 10, first=10, surprise=7.0),
            model_version=1,
            replace=dict.fromkeys(pair, span),
        )
        for pair in (assets[:2], assets[2:])
    ]
    scores.commit(staged[:1], run="b", part=0)
    scores.commit(staged[1:], run="b", part=1)
    got = scores.read()
    assert got.select("asset", "time").is_unique().all()
    for asset in assets:
        own = got.filter(pl.col("asset") == asset)["surprise"].to_list()
        assert own == [1.0] * 10 + [7.0] * 10 + [1.0] * 20


def test_late_scores_replace_over_a_months_border(scores, make_scores):
    minutes = 12 * 24 * 60
    far = make_scores(["P-1"], 3, first=minutes - 2)
    put(scores, far, "a")
    assert len(scores.files()) == 2
    span = {"P-1": (START, START + 2 * minutes * MINUTE)}
    put(scores, make_scores(["P-1"], 3, first=minutes - 2, surprise=4.0), "b", replace=span)
    assert scores.read()["surprise"].to_list() == [4.0] * 3
    assert len(scores.files()) == 2


@pytest.mark.slow
def test_many_small_parts_are_folded(scores, make_scores):
    for i in range(40):
        put(scores, make_scores(["P-1"], 2, first=2 * i, surprise=float(i), temp=0.5), f"r{i}")
    assert len(scores.files()) <= 8
    got = scores.read()
    assert got["surprise"].to_list() == [float(i // 2) for i in range(80)]
    assert got["temp"].null_count() == 0
    scores.clean(older_than_hours=0)
    assert on_disk(scores) == set(scores.files())
    assert scores.read().equals(got)


@BOTH
def test_staged_files_that_are_gone_are_not_committed(scores, make_scores):
    staged = scores.stage(make_scores(["P-1"], 5), model_version=1)
    scores.place.remove(scores.place.parquet())
    with pytest.raises(StorageError, match=r"gone.*Repeat"):
        scores.commit([staged], run="r")
    assert not scores.committed("r", 0)


def test_no_rows_are_no_files(scores, make_scores):
    staged = scores.stage(make_scores(["P-1"], 0), model_version=1)
    assert (staged.adds, staged.rows) == ((), 0)
    assert scores.commit([staged], run="r")
    assert scores.read().is_empty()


def test_a_sensor_with_a_strange_name_has_its_share(scores, make_scores):
    frame = make_scores(["P-1"], 3, x=0.5).rename({"x": "Öl, Druck (bar)"})
    put(scores, frame, "r")
    assert scores.read(columns=["Öl, Druck (bar)"])["Öl, Druck (bar)"].to_list() == [0.5] * 3


@BOTH
def test_what_will_not_be_committed_leaves_no_file(scores, make_scores):
    staged = [scores.stage(make_scores(["P-1"], 5, temp=0.5), model_version=1)]
    assert on_disk(scores)
    scores.unstage(staged)
    assert not on_disk(scores)


# ---------------------------------------------------------------- shares
def _unpacked(table: Scores, frame: pl.DataFrame, run: str) -> None:
    """Commit scores as they were written before shares stood in lists: a column a sensor."""
    own = table._table
    shares = {name: pl.Float32() for name in frame.columns if name not in FIXED}
    snapshot = own.ensure({**FIXED, **shares})
    ordered, found = arrange(frame.cast(shares))
    drafts = Drafts(own)
    adds = [
        drafts.write(part, (("version", "1"), *partition))
        for partition, part in split(ordered, found).items()
    ]
    assert own.commit(run, lambda _: (adds, []), snapshot)


@BOTH
def test_columns_of_single_sensors_stay_readable_beside_lists(scores, make_scores):
    before = make_scores(["P-1"], 5, temp=0.25, flow=0.5)
    after = make_scores(["P-2"], 5, flow=0.75, load=0.125)
    _unpacked(scores, before, "old")
    assert put(scores, after, "new")
    got = scores.read()
    assert got.columns[-3:] == ["temp", "flow", "load"]
    old, new = got.filter(asset="P-1"), got.filter(asset="P-2")
    assert old["temp"].to_list() == before["temp"].to_list()
    assert old["flow"].to_list() == before["flow"].to_list()
    assert new["flow"].to_list() == after["flow"].to_list()
    assert new["load"].to_list() == after["load"].to_list()
    assert new["temp"].null_count() == old["load"].null_count() == 5
    assert scores.read(columns=["load", "surprise"]).columns[-2:] == ["load", "surprise"]
    # Rewritten together they say the same.
    again = make_scores(["P-1"], 2, temp=0.5)
    spans = {"P-1": (again["time"].min(), again["time"].max())}
    assert put(scores, again, "again", replace=spans)
    assert scores.read(["P-1"])["temp"].to_list()[:2] == again["temp"].to_list()
    assert scores.read(["P-1"])["temp"].to_list()[2:] == before["temp"].to_list()[2:]


def test_a_table_says_whose_shares_stand_in_a_list(scores, make_scores):
    assert put(scores, make_scores(["P-1"], 3, temp=0.25, flow=0.5), "one")
    assert put(scores, make_scores(["P-1"], 3, flow=0.5, temp=0.25), "two", version=2)
    lists = scores._table.snapshot().lists
    assert sorted(lists.values()) == [("flow", "temp"), ("temp", "flow")]
    for version in (1, 2):
        got = scores.read(model_version=version)
        assert got["temp"].to_list() == [0.25] * 3
        assert got["flow"].to_list() == [0.5] * 3


def test_a_row_without_shares_has_no_list(scores, make_scores):
    frame = make_scores(["P-1"], 4, temp=0.25, shares=0.5).with_columns(
        pl.when(pl.int_range(4) == 2).then(name).alias(name) for name in ("temp", "shares")
    )
    assert put(scores, frame, "r")
    [path] = scores.files()
    [column] = scores._table.snapshot().lists
    assert pl.read_parquet(path)[column].null_count() == 3
    got = scores.read()
    assert got["temp"].to_list() == [None, None, 0.25, None]
    assert got["shares"].to_list() == [None, None, 0.5, None]
