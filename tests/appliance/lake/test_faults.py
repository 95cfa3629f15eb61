"""Full disks, killed processes, two writers and damaged files leave the lake whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import polars as pl
import pytest

from appliance.core.errors import InvalidRequest, StorageError, TryAgain
from appliance.lake import Lake
from tests.appliance.lake.conftest import BOTH, data_files

ROOT = Path(__file__).resolve().parents[3]
START = datetime(2026, 1, 20, tzinfo=UTC)

PRELUDE = """
import os, resource, signal, sys
import polars as pl
from datetime import UTC, datetime, timedelta
from appliance.core.errors import StorageFull
from appliance.lake import Lake, layout
from appliance.lake.layout import TIME
from appliance.lake.table import Table

START = datetime(2026, 1, 20, tzinfo=UTC)
def frame(assets, rows, first=0, value=0.0):
    return pl.concat(
        pl.DataFrame({
            "asset": [asset] * rows,
            "time": [START + timedelta(minutes=first + i) for i in range(rows)],
            "x": [value + i for i in range(rows)],
        }, schema_overrides={"time": TIME})
        for asset in assets
    )
def scores(given, surprise):
    return given.select(
        "asset", "time", surprise=pl.lit(surprise, pl.Float32), alarm=pl.lit(False),
        state=pl.lit(0, pl.Int8), coverage=pl.lit(1.0, pl.Float32),
    )
def kill():
    os.kill(os.getpid(), signal.SIGKILL)
lake = Lake(sys.argv[1])
readings, judged = lake.readings("pumps"), lake.scores("pumps")
assets = [f"A-{i}" for i in range(12)]
"""


def start(root: str, script: str, *more: str) -> subprocess.Popen[str]:
    # One thread a process: many start at once.
    environment = {**os.environ, "POLARS_MAX_THREADS": "2"}
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + script, root, *more],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip()


# ---------------------------------------------------------------- no space
@pytest.mark.slow
def test_a_full_disk_writes_nothing(root, lake, make_readings):
    readings = lake.readings("pumps")
    readings.write(make_readings(["B-1"], 10, x=1.0), batch="before")
    before, files = readings.read(), data_files(root)
    told = finished(
        start(
            root,
            """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
large = frame(assets, 4000).with_columns(x=pl.int_range(pl.len()).hash().cast(pl.Float64))
mixed = pl.concat([frame(["A-100"], 3), large])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
try:
    readings.write(mixed, batch="big")
except StorageFull as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(readings.version())
print(readings.write(mixed, batch="big").added)
""",
        )
    ).splitlines()
    assert "no space is left to write" in told[0]
    assert "nothing was half written" in told[0]
    assert told[1:] == [str(readings.version() - 1), "48003"]
    assert readings.row_count() == before.height + 48_003
    assert data_files(root) - files == set(readings.files()) - files


@pytest.mark.slow
def test_no_space_for_the_log_is_no_commit(root, lake, make_readings):
    lake.readings("pumps").write(make_readings(["A-1"], 10, x=1.0), batch="before")
    files = data_files(root)
    told = finished(
        start(
            root,
            """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
real = Table._write_log
def full(self, *args):
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        real(self, *args)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
Table._write_log = full
try:
    readings.write(frame(assets, 5), batch="big")
except StorageFull as error:
    print(error)
Table._write_log = real
print(readings.row_count())
""",
        )
    ).splitlines()
    assert "no space is left" in told[0]
    assert told[1] == "10"
    assert data_files(root) == files


@pytest.mark.slow
def test_no_space_for_scores(root):
    told = finished(
        start(
            root,
            """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (500, resource.RLIM_INFINITY))
try:
    judged.stage(scores(frame(assets, 50), 1.0), model_version=1)
except StorageFull as error:
    print("full")
""",
        )
    )
    assert told == "full"
    assert data_files(root) == set()


# ---------------------------------------------------------------- kill -9
@pytest.mark.slow
@pytest.mark.parametrize(
    ("root", "moment"),
    [
        ("folder", "first file"),
        ("folder", "before the log"),
        ("folder", "after the log"),
        pytest.param("s3", "before the log", marks=pytest.mark.xdist_group("s3")),
    ],
    indirect=["root"],
)
def test_kill_9_then_again(root, lake, moment):
    script = """
moment = sys.argv[2]
if moment == "first file":
    real = layout.write
    layout.write = lambda *args: (real(*args), kill())
elif moment == "before the log":
    Table._write_log = lambda *args: kill()
elif moment == "after the log":
    real = Table._write_log
    Table._write_log = lambda *args: (real(*args), kill())
result = readings.write(frame(assets, 50), batch="a")
staged = judged.stage(scores(frame(assets, 50), 1.0), model_version=1)
print(result.added, result.already_written, judged.commit([staged], run="r"))
"""
    process = start(root, script, moment)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    readings = lake.readings("pumps")
    kept = moment == "after the log"
    assert readings.row_count() == (600 if kept else 0)
    again = finished(start(root, script, "never"))
    assert again == ("0 True True" if kept else "600 False True")
    assert finished(start(root, script, "never")) == "0 True False"
    got = readings.read()
    assert got.height == 600
    assert got.select("asset", "time").is_unique().all()
    assert lake.scores("pumps").read().height == 600
    lake.clean("pumps", older_than_hours=0)
    named = {*readings.files(), *lake.scores("pumps").files()}
    assert data_files(root) == named


@pytest.mark.slow
def test_scores_killed_between_stage_and_commit(root, lake):
    script = """
given = frame(assets, 50)
judged.commit([judged.stage(scores(given, 1.0), model_version=1)], run="first")
spans = {asset: (START, START + timedelta(minutes=9)) for asset in assets}
staged = judged.stage(scores(frame(assets, 10), 7.0), model_version=1, replace=spans)
if sys.argv[2] == "deadly":
    kill()
print(judged.commit([staged], run="second"))
"""
    process = start(root, script, "deadly")
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    scores = lake.scores("pumps")
    assert scores.read()["surprise"].unique().to_list() == [1.0]
    assert finished(start(root, script, "")) == "True"
    assert scores.read().height == 600
    assert (scores.read()["surprise"] == 7.0).sum() == 120
    scores.clean(older_than_hours=0)
    assert data_files(root) == set(scores.files())


# ---------------------------------------------------------------- two writers
@BOTH
@pytest.mark.slow
def test_two_processes_write_one_fleet(root, lake):
    script = """
own = float(sys.argv[2])
for i in range(12):
    readings.write(frame(assets, 20, first=10 * i, value=10.0 * i), batch=f"both{i}")
    mine = frame(["A-1", f"B-{own}"], 30, first=1000 + 30 * i).rename({"x": f"y{own:.0f}"})
    readings.write(mine, batch=f"{own}-{i}")
"""
    both = [start(root, script, str(i)) for i in (1, 2)]
    for process in both:
        finished(process)
    readings = lake.readings("pumps")
    got = readings.read()
    assert got.select("asset", "time").is_unique().all()
    assert got.height == readings.row_count() == 12 * 130 + 360 + 2 * 360
    shared = got.filter(pl.col("x").is_not_null())
    minutes = (shared["time"] - START).dt.total_minutes()
    assert (shared["x"] == minutes).all()
    ours = got.filter(pl.col("asset") == "A-1").drop_nulls(["y1", "y2"])
    assert ours.height == 360
    readings.clean(older_than_hours=0)
    assert data_files(root) == set(readings.files())


@pytest.mark.slow
@BOTH
def test_a_commit_between_plan_and_log_is_seen(lake, make_readings, monkeypatch):
    readings, other = lake.readings("pumps"), lake.readings("pumps")
    readings.write(make_readings(["A-1"], 10, x=1.0), batch="before")
    table = readings._table
    real, calls = table._write_log, []

    def overtaken(*args):
        calls.append(1)
        if len(calls) == 1:
            other.write(make_readings(["A-1"], 10, x=50.0), batch="other")
        real(*args)

    monkeypatch.setattr(table, "_write_log", overtaken)
    result = readings.write(make_readings(["A-1"], 20, x=50.0), batch="mine")
    assert len(calls) == 2
    assert (result.added, result.corrected, result.unchanged) == (10, 0, 10)
    assert readings.read()["x"].to_list() == [50.0 + i for i in range(20)]


@pytest.mark.slow
def test_who_is_always_overtaken_is_told_to_try_again(root, lake, make_readings, monkeypatch):
    readings, other = lake.readings("pumps"), lake.readings("pumps")
    readings.write(make_readings(["A-1"], 1, x=0.0), batch="before")
    table = readings._table
    real, calls = table._write_log, []

    def overtaken(*args):
        calls.append(1)
        other.write(make_readings(["A-1"], 1, len(calls), x=0.0), batch=f"other{len(calls)}")
        real(*args)

    monkeypatch.setattr("appliance.lake.table._ATTEMPTS", 3)
    monkeypatch.setattr(table, "_write_log", overtaken)
    with pytest.raises(TryAgain, match=r"pumps.*Repeat"):
        readings.write(make_readings(["A-2"], 20, x=0.0), batch="mine")
    assert readings.assets() == ["A-1"]
    readings.clean(older_than_hours=0)
    assert data_files(root) == set(readings.files())


@pytest.mark.slow
@BOTH
def test_a_table_made_by_many_at_once_has_what_each_brought(lake, make_readings):
    together = Barrier(4)

    def write(number):
        frame = make_readings([f"A-{number}"], 3, **{f"x{number}": 1.0})
        together.wait(60)
        return lake.readings("pumps").write(frame, batch=f"b{number}").added

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(4))) == [3] * 4
    got = lake.readings("pumps").read()
    assert got.height == 12
    assert sorted(lake.readings("pumps").columns()) == [f"x{number}" for number in range(4)]
    assert [got[f"x{number}"].count() for number in range(4)] == [3] * 4


# ---------------------------------------------------------------- damage
def test_a_damaged_log_names_the_table(lake, make_readings):
    readings = lake.readings("pumps")
    readings.write(make_readings(["A-1"], 10, x=1.0), batch="a")
    folder = Path(readings.files()[0]).parents[2]
    for log in (folder / "_delta_log").glob("*.json"):
        log.write_bytes(b"\x00 no json")
    with pytest.raises(StorageError, match=r"readings/pumps.*backup"):
        readings.read()


def test_a_damaged_file_of_scores_is_named(lake, make_scores):
    scores = lake.scores("pumps")
    scores.commit([scores.stage(make_scores(["A-1"], 50), model_version=1)], run="r")
    (path,) = map(Path, scores.files())
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(StorageError, match=path.name):
        scores.read()


def test_a_damaged_file_does_not_stop_other_assets(lake, make_readings):
    readings = lake.readings("pumps")
    readings.write(make_readings(["A-1", "A-2"], 50, x=1.0), batch="a")
    (damaged,) = readings.files(["A-1"])
    Path(damaged).write_bytes(b"garbage")
    assert readings.read(["A-2"]).height == 50
    with pytest.raises(StorageError, match=Path(damaged).name):
        readings.write(make_readings(["A-1"], 5, x=2.0), batch="b")
    assert readings.write(make_readings(["A-2"], 60, x=1.0), batch="c").added == 10


def test_a_lake_is_a_folder_or_in_s3():
    with pytest.raises(InvalidRequest, match="neither a folder nor in S3"):
        Lake("ftp://bucket/lake")
