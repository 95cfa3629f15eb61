"""Readings: exactly once, corrections, pruning, chunks, bad disks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.core.errors import InvalidRequest, StorageError
from appliance.lake import Lake, Readings
from appliance.lake.layout import BUCKETS, TIME, bucket_of
from appliance.lake.names import RESERVED, decode, encode
from tests.appliance.lake.conftest import BOTH
from tests.s3 import S3

START = datetime(2026, 1, 20, tzinfo=UTC)


def frame(
    assets: list[str],
    rows: int,
    start: datetime = START,
    step: timedelta = timedelta(minutes=1),
    **sensors: float,
) -> pl.DataFrame:
    parts = [
        pl.DataFrame(
            {
                "asset": [asset] * rows,
                "time": [start + i * step for i in range(rows)],
                **{name: [value + i for i in range(rows)] for name, value in sensors.items()},
            },
            schema_overrides={"time": TIME},
        )
        for asset in assets
    ]
    return pl.concat(parts)


@pytest.fixture
def readings(lake: Lake) -> Readings:
    return lake.readings("pumps")


@BOTH
def test_rows_come_back_sorted_and_whole(readings: Readings) -> None:
    given = frame(["P-2", "P-1"], 50, temp=1.0, flow=9.0)
    result = readings.write(given.sample(fraction=1, shuffle=True, seed=1), batch="a")
    assert (result.added, result.corrected, result.unchanged) == (100, 0, 0)
    assert readings.read().equals(given.sort("asset", "time"))
    assert readings.assets() == ["P-1", "P-2"]
    assert readings.columns() == ["temp", "flow"]
    assert readings.span() == (START, START + timedelta(minutes=49))


@BOTH
def test_the_same_batch_twice_adds_nothing(readings: Readings) -> None:
    given = frame(["P-1"], 10, temp=1.0)
    readings.write(given, batch="a", part=0)
    version = readings.version()
    again = readings.write(given, batch="a", part=0)
    assert again.already_written
    assert readings.version() == version
    other = readings.write(given, batch="b")
    assert (other.added, other.unchanged) == (0, 10)
    assert readings.row_count() == 10


@BOTH
def test_a_correction_wins_cell_by_cell(readings: Readings) -> None:
    readings.write(frame(["P-1"], 4, temp=1.0, flow=5.0), batch="a")
    fix = frame(["P-1"], 6, temp=10.0).with_columns(
        temp=pl.when(pl.col("temp") == 11).then(None).otherwise(pl.col("temp"))
    )
    result = readings.write(fix, batch="b")
    assert (result.added, result.corrected, result.unchanged) == (2, 3, 1)
    assert result.spans == {"P-1": (START, START + timedelta(minutes=5))}
    got = readings.read()
    assert got["temp"].to_list() == [10.0, 2.0, 12.0, 13.0, 14.0, 15.0]
    assert got["flow"].to_list() == [5.0, 6.0, 7.0, 8.0, None, None]


def test_one_file_a_sensor_makes_whole_rows(readings: Readings) -> None:
    readings.write(frame(["P-1"], 3, temp=1.0), batch="a")
    readings.write(frame(["P-1"], 3, flow=7.0), batch="b")
    assert readings.read().select("temp", "flow").rows() == [(1, 7), (2, 8), (3, 9)]


def test_later_rows_of_a_frame_win(readings: Readings) -> None:
    twice = pl.concat([frame(["P-1"], 3, temp=1.0), frame(["P-1"], 2, temp=50.0)])
    assert readings.write(twice, batch="a").added == 3
    assert readings.read()["temp"].to_list() == [50.0, 51.0, 3.0]


@BOTH
def test_late_rows_land_where_they_belong(readings: Readings) -> None:
    readings.write(frame(["P-1"], 5, START + timedelta(hours=1), temp=1.0), batch="new")
    readings.write(frame(["P-1"], 5, START, temp=100.0), batch="late")
    assert readings.read()["temp"].to_list() == [100, 101, 102, 103, 104, 1, 2, 3, 4, 5]


@pytest.mark.slow
def test_one_assets_month_touches_only_its_file(readings: Readings) -> None:
    assets = [f"A-{i:04d}" for i in range(300)]
    daily = frame(assets, 70, datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=1), temp=1.0)
    readings.write(daily, batch="a")
    everything = readings.files()
    assert len(everything) == BUCKETS * 3
    month = (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))
    touched = readings.files(["A-0042"], *month)
    assert len(touched) == 1
    assert f"bucket={bucket_of('A-0042')}/month=2026-02" in touched[0]
    for path in set(everything) - set(touched):
        Path(path).write_bytes(b"never read")
    got = readings.read(["A-0042"], *month)
    assert got.height == 28


@pytest.mark.slow
@BOTH
def test_chunks_hold_whole_assets_and_each_file_once(readings: Readings) -> None:
    assets = [f"A-{i}" for i in range(200)]
    readings.write(frame(assets, 20, START, timedelta(days=1), temp=1.0, flow=2.0), batch="a")
    chunks = readings.chunks(cells=1_500)
    files = [path for chunk in chunks for path in chunk.files]
    assert sorted(files) == sorted(readings.files())
    seen = [asset for c in chunks for asset in c.read()["asset"].unique().to_list()]
    assert sorted(seen) == sorted(assets)
    assert len(chunks) > 3
    assert max(c.rows for c in chunks) <= max(750, 20 * 20)


def test_a_machine_that_has_its_files_alone_is_read_without_looking_for_it(
    readings: Readings,
) -> None:
    readings.write(frame(["A-1"], 50, temp=1.0), batch="a")
    (chunk,) = readings.chunks(cells=10)
    assert chunk.asset_range is None
    assert chunk.read().equals(readings.read())


@pytest.mark.slow
@pytest.mark.parametrize("cells", [45, 1_500])
def test_a_chunk_is_read_bucket_by_bucket(readings: Readings, cells: int) -> None:
    assets = [f"A-{i}" for i in range(200)]
    for month in (START, START + timedelta(days=40)):
        rows = frame(assets, 5, month, timedelta(days=1), temp=1.0)
        readings.write(rows, batch=str(month))
    for chunk in readings.chunks(cells=cells):
        parts = list(chunk.parts(["temp"]))
        assert all(part.equals(part.sort("asset", "time")) for part in parts)
        assert pl.concat(parts).sort("asset", "time").equals(chunk.read(["temp"]))
        found = [{bucket_of(asset) for asset in part["asset"].unique()} for part in parts]
        assert all(len(buckets) == 1 for buckets in found)


@pytest.mark.slow
def test_a_bucket_larger_than_a_chunk_is_cut_between_assets(readings: Readings) -> None:
    assets = [f"A-{i}" for i in range(200)]
    readings.write(frame(assets, 20, temp=1.0), batch="a")
    chunks = readings.chunks(cells=45)
    got = pl.concat([c.read() for c in chunks])
    assert got.sort("asset", "time").equals(readings.read())
    assert all(c.read()["asset"].n_unique() <= 2 for c in chunks)


@BOTH
def test_a_chunk_of_one_asset_is_read_in_parts(readings: Readings) -> None:
    """Of months and late batches, only the files of a range are opened."""
    for number, start in enumerate((START, START + timedelta(days=40))):
        readings.write(frame(["P-1", "P-2"], 300, start, temp=1.0), batch=f"{number}")
    late = frame(["P-1"], 300, START + timedelta(seconds=30), temp=1.0)
    readings.write(late, batch="late")
    own = [one for one in readings.chunks(cells=100) if one.sole == "P-1"]
    (chunk,) = own
    whole = chunk.read()
    assert set(whole["asset"]) == {"P-1"}
    assert chunk.rows == whole.height == 900
    marks = chunk.marks(10)
    assert marks.is_sorted()
    assert set(marks) <= set(whole["time"])
    assert marks[-1] == whole["time"][-1]
    assert len(marks) == pytest.approx(90, abs=3)
    last = late["time"][-1]
    for start, end in ((START, START + timedelta(hours=2)), (last, last + timedelta(days=99))):
        inside = pl.col("time").is_between(start, end, closed="left")
        part = chunk.between(start, end)
        assert part.read(["temp"]).equals(whole.filter(inside))
        assert pl.concat(part.parts(["temp"])).equals(whole.filter(inside))
    assert len(chunk.between(START, START + timedelta(hours=2)).files) < len(chunk.files)
    nothing = chunk.between(START - timedelta(days=90), START.replace(day=1))
    assert nothing.read().is_empty()
    assert nothing.files == ()


def test_a_chunk_is_pinned_while_others_write(readings: Readings) -> None:
    readings.write(frame(["P-1"], 5, temp=1.0), batch="a")
    (chunk,) = readings.chunks(cells=1_000)
    readings.write(frame(["P-1"], 5, temp=99.0), batch="b")
    assert chunk.read()["temp"].to_list() == [1, 2, 3, 4, 5]
    assert readings.read()["temp"].to_list() == [99, 100, 101, 102, 103]


@BOTH
def test_columns_may_come_and_go(readings: Readings) -> None:
    readings.write(frame(["P-1"], 2, temp=1.0), batch="a")
    readings.write(frame(["P-2"], 2, flow=5.0), batch="b")
    (chunk,) = readings.chunks(cells=1_000)
    assert sorted(chunk.read().rows()) == readings.read().rows()
    assert readings.read(columns=["flow"])["flow"].to_list() == [None, None, 5.0, 6.0]


def test_float32_stays_and_the_first_type_holds(readings: Readings) -> None:
    narrow = frame(["P-1"], 2, temp=0.1).with_columns(pl.col("temp").cast(pl.Float32))
    readings.write(narrow, batch="a")
    readings.write(frame(["P-1"], 2, START + timedelta(days=1), temp=0.1, flow=0.1), batch="b")
    schema = readings.read().schema
    assert (schema["temp"], schema["flow"]) == (pl.Float32, pl.Float64)


@pytest.mark.parametrize(
    "name",
    [
        "Volume Flow RateRMS",
        "温度 (℃)",
        "a=b",
        "%20",
        "Bucket",
        "Time",
        "x" * 200,
        "🌡/°C;,{}",
        "t\tn",
    ],
)
def test_sensor_names_survive(readings: Readings, name: str) -> None:
    given = frame(["P-1"], 3, x=1.0).rename({"x": name})
    readings.write(given, batch="a")
    readings.write(given.with_columns(pl.col(name) + 1), batch="b")
    assert readings.columns() == [name]
    assert readings.read()[name].to_list() == [2.0, 3.0, 4.0]


@pytest.mark.slow
@given(st.text(min_size=1, max_size=40))
def test_names_come_back(name: str) -> None:
    column = encode(name)
    assert decode(column) == name
    assert column.lower() not in RESERVED
    assert not set(column) & set(" ,;{}()\n\t=")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (pl.DataFrame({"asset": ["a"], "x": [1.0]}), "column time"),
        (pl.DataFrame({"asset": ["a"], "time": [1]}), "column time"),
        (frame(["a"], 1, x=1.0).with_columns(x=pl.lit("text")), "column x"),
        (frame(["a"], 1, x=1.0).with_columns(asset=pl.lit(None, pl.String)), "every row"),
    ],
)
def test_wrong_frames_are_refused(readings: Readings, broken: pl.DataFrame, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        readings.write(broken, batch="a")
    assert not readings.exists()


@pytest.mark.parametrize("damage", ["truncate", "garbage", "delete"])
def test_a_damaged_file_is_named(readings: Readings, damage: str) -> None:
    readings.write(frame(["P-1"], 50, temp=1.0), batch="a")
    path = Path(readings.files()[0])
    if damage == "truncate":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "garbage":
        path.write_bytes(b"\x00garbage" * 100)
    else:
        path.unlink()
    with pytest.raises(StorageError, match=path.name):
        readings.read()


@pytest.mark.parametrize("name", ["../escape", "UPPER", "", "a/b", ".hidden", "x" * 64])
def test_a_fleets_name_cannot_leave_the_lake(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequest, match="no name for a fleet"):
        Lake(str(tmp_path)).readings(name)


cells = st.one_of(st.none(), st.integers(-5, 5).map(float))
rows = st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 80), cells, cells)


Batches = list[list[tuple[str, int, float | None, float | None]]]
batches_of_rows = st.lists(st.lists(rows, max_size=12), max_size=5)
without_reset = [HealthCheck.function_scoped_fixture]


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=without_reset)
@given(batches_of_rows)
def test_any_sequence_of_writes_equals_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, batches: Batches
) -> None:
    equals_a_dictionary(Lake(str(tmp_path_factory.mktemp("lake"))).readings("pumps"), batches)


@pytest.mark.slow
@pytest.mark.xdist_group("s3")
@settings(max_examples=5, deadline=None, suppress_health_check=without_reset)
@given(batches_of_rows)
def test_any_sequence_of_writes_to_s3_equals_a_dictionary(
    s3: S3, s3_place: str, batches: Batches
) -> None:
    equals_a_dictionary(Lake(s3.place()).readings("pumps"), batches)


def equals_a_dictionary(table: Readings, batches: Batches) -> None:
    model: dict[tuple[str, datetime], list[float | None]] = {}
    for number, batch in enumerate(batches):
        for asset, day, *values in batch:
            row = model.setdefault((asset, START + timedelta(days=day)), [None, None])
            row[:] = [
                new if new is not None else old for new, old in zip(values, row, strict=True)
            ]
        given = pl.DataFrame(
            [(a, START + timedelta(days=d), x, y) for a, d, x, y in batch],
            schema={"asset": pl.String, "time": TIME, "x": pl.Float64, "y": pl.Float64},
            orient="row",
        )
        table.write(given, batch=str(number))
    if not table.exists():
        assert not model
        return
    assert table.read().rows() == [(*key, *model[key]) for key in sorted(model)]
