"""What is bad is refused with its place and reason; what is good goes in."""

from __future__ import annotations

import gzip
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import zstandard

from appliance.core.errors import InvalidRequest, NotFound, StorageFull
from appliance.lake import Readings
from appliance.schemas.ingest import FileStatus

GOOD = "time,a,b\n" + "".join(f"2026-01-05 08:{i:02}:00,{i},{i / 4}\n" for i in range(20))
ZST = zstandard.compress(GOOD.encode() * 3)


def parquet_bytes(tmp_path) -> bytes:
    path = tmp_path / "made.parquet"
    pl.DataFrame({"time": [datetime(2026, 1, 5, tzinfo=UTC)], "a": [1.0]}).write_parquet(path)
    return path.read_bytes()


BAD = {
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\n\n  \n", "no rows"),
    "header.csv": (b"time,a,b\n", "header but no rows"),
    "units.csv": (b"time,a,b\n,bar,degC\n", "no rows of data"),
    "garbage.csv": (random.Random(1).randbytes(20_000), "not text"),
    "zeros.csv": (b"\0" * 5_000, "not text"),
    "empty.csv.gz": (b"", "is empty"),
    "nothing.csv.gz": (gzip.compress(b""), "is empty"),
    "cut.csv.gz": (gzip.compress(GOOD.encode())[:-9], "cut off|unpacked"),
    "flipped.csv.gz": (
        gzip.compress(GOOD.encode())[:40] + b"\xff" + gzip.compress(GOOD.encode())[41:],
        "cut off|unpacked",
    ),
    "cut.csv.zst": (ZST[:-5], "cut off|unpacked"),
    "junk.csv.zst": (ZST[:4] + b"\xff" * 50, "unpacked"),
    "book.csv": (b"PK\x03\x04" + b"\0" * 100, "zip archive or a workbook"),
    "old.csv": (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "workbook"),
    "wrong.parquet": (b"PAR2" + b"\0" * 100, "is not Parquet"),
    "cut.parquet": (b"PAR1" + b"\0" * 100, "is damaged"),
    "words.csv": (b"hello\nworld\nfoo\n", "neither numbers nor times"),
    "all-bad.csv": (b"time,a\n2026-13-40 99:00:00,x\n2026-01-05 08:00:00 maybe,y\n", "format"),
}


@pytest.mark.slow
def test_bad_files_are_rejected_and_the_others_go_on(plant, tmp_path):
    for name, (content, _) in BAD.items():
        plant.file(name, content)
    plant.file("good.csv", GOOD)
    report = plant.take(plant.folder)
    by_name = {Path(f.path).name: f for f in report.files}
    assert by_name.pop("good.csv").status is FileStatus.ADDED
    assert set(by_name) == set(BAD)
    for name, file in by_name.items():
        assert file.status is FileStatus.REJECTED, name
        assert re.search(BAD[name][1], file.reason), (name, file.reason)
        assert "\n" not in file.reason
        assert re.search(r"\. [A-Z][^.]+.*\.$", file.reason), (name, "what to do", file.reason)
    assert (report.rows, report.quarantined) == (20, 0)
    told = plant.lake.quarantine("pumps").read(limit=100)
    assert {Path(f).name for f in told["file"]} == set(BAD)
    plant.take(plant.folder)
    assert plant.lake.quarantine("pumps").count() == len(BAD)


def test_ragged_rows_below_the_header_leave_it_and_are_refused(plant):
    rows = [f"2026-01-05 08:{n:02}:00,{n},{n / 4}" for n in range(20)]
    rows[0] += ",9"
    rows[4] = "2026-01-05 08:04:00,4"
    report = plant.text("p1.csv", "time,a,b\n" + "\n".join(rows) + "\n")
    assert (report.rows, report.quarantined) == (18, 2)
    assert plant.readings().columns[2:] == ["a", "b"]


def test_cut_off_parquet(plant, tmp_path):
    whole = parquet_bytes(tmp_path)
    assert "is damaged" in plant.text("x.parquet", whole[:-20]).reason


def test_nothing_to_read(plant):
    with pytest.raises(NotFound, match="no file there"):
        plant.take(plant.folder / "nowhere.csv")
    with pytest.raises(NotFound):
        plant.take(plant.folder)
    with pytest.raises(InvalidRequest, match="no name for a fleet"):
        plant.take(plant.folder, fleet="../x")


@pytest.mark.slow
def test_folders_patterns_and_hidden_files(plant):
    for name in (
        "a/one.csv",
        "a/b/two.tsv",
        ".hidden.csv",
        ".git/x.csv",
        "notes.md",
        "a/three.txt",
    ):
        plant.file(name, GOOD if not name.endswith("tsv") else GOOD.replace(",", "\t"))
    report = plant.take(plant.folder)
    assert {Path(f.path).name for f in report.files} == {
        "one.csv",
        "two.tsv",
        "three.txt",
    }
    report = plant.take(str(plant.folder / "*" / "*.csv"), str(plant.folder / "a" / "one.csv"))
    assert [Path(f.path).name for f in report.files] == ["one.csv"]
    assert report.files[0].status is FileStatus.ALREADY_THERE
    odd = plant.file("export.log", GOOD)
    assert plant.take(odd).files[0].status is FileStatus.ADDED


def test_bad_cells_leave_the_row(plant):
    lines = GOOD.splitlines()
    lines[3] = "2026-01-05 08:02:00,abc,0.5"
    lines[5] = "2026-01-05 08:04:00,4,inf"
    lines[6] = "2026-01-05 08:05:00,-Infinity,1.25"
    lines[7] = "2026-01-05 08:06:00,NaN,1.5"
    lines[8] = "2026-01-05 08:07:00,1e999,0x1F"
    report = plant.text("p1.csv", "\n".join(lines) + "\n")
    assert (report.rows, report.quarantined) == (20, 5)
    assert sorted(plant.refused()) == [
        (4, "a", "abc", "not a finite number"),
        (6, "b", "inf", "not a finite number"),
        (7, "a", "-Infinity", "not a finite number"),
        (9, "a", "1e999", "not a finite number"),
        (9, "b", "0x1F", "not a finite number"),
    ]
    assert plant.column("a")[:8] == [0.0, 1.0, None, 3.0, 4.0, None, None, None]


@pytest.mark.parametrize(
    "word",
    ["", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "-", "--", "Bad", "bad", "No Data",
     "No data", " ", '""', "  NA ", "I/O Timeout", "None"],
)  # fmt: skip
def test_missing_cells_are_not_bad(plant, word):
    text = GOOD.replace(",3,0.75", f",{word},0.75").replace(",5,1.25", f",5,{word}")
    report = plant.text("p1.csv", text)
    assert (report.rows, report.quarantined) == (20, 0)
    assert plant.column("a")[3] is None
    assert plant.column("b")[5] is None
    assert plant.readings().null_count().sum_horizontal().item() == 2


def test_wrong_widths(plant):
    lines = GOOD.splitlines()
    lines[2] = "2026-01-05 08:01:00,1"
    lines[4] = "2026-01-05 08:03:00,3,0.75,9,9"
    lines[6] = '2026-01-05 08:05:00,"5,1.25'
    lines[8] = "junk"
    report = plant.text("p1.csv", "\r\n".join(lines) + "\r\n")
    assert (report.rows, report.quarantined) == (16, 4)
    assert [(r[0], r[3]) for r in plant.refused()] == [
        (3, "2 columns where 3 are due"),
        (5, "5 columns where 3 are due"),
        (7, "a quote that is not closed"),
        (9, "1 columns where 3 are due"),
    ]
    assert plant.column("a") == [float(i) for i in range(20) if i not in (1, 3, 5, 7)]


def test_short_lines_whose_cells_were_missing_anyway(plant):
    text = GOOD.replace(",3,0.75\n", ",3,\n").replace(",5,1.25\n", ",5\n")
    plant.text("p1.csv", text)
    assert [(r[0], r[3]) for r in plant.refused()] == [(7, "2 columns where 3 are due")]
    assert plant.column("b")[3] is None


def test_invalid_utf8_in_the_middle(plant):
    lines = [
        f"2026-01-05 {h:02}:{m:02}:{s:02},1,2\n".encode()
        for h in range(8)
        for m in range(60)
        for s in range(60)
    ]
    lines[25_000] = b"2026-01-05 06:56:40,\xff\xfe,2\n"
    report = plant.text("p1.csv", b"time,a,b\n" + b"".join(lines))
    assert (report.rows, report.quarantined) == (28_800, 1)
    assert plant.refused()[0][:2] == (25_002, "a")


def test_repeated_columns(plant):
    report = plant.text("p1.csv", "time,a,b,a\n2026-01-05,1,2,3\n2026-01-06,2,3,4\n")
    assert plant.readings().columns == ["asset", "time", "a", "b"]
    assert plant.column("a") == [1.0, 2.0]
    assert report.quarantined == 1
    assert plant.refused() == [
        (0, "a", "", "a column of this name stands before it: it was left out")
    ]


@pytest.mark.slow
def test_too_many_columns(make_plant):
    plant = make_plant(max_columns=50)
    wide = (
        "time,"
        + ",".join(f"s{i}" for i in range(10_000))
        + "\n2026-01-05"
        + ",1" * 10_000
        + "\n"
    )
    report = plant.text("wide.csv", wide)
    assert report.status is FileStatus.REJECTED
    assert "10,001 columns, 50 are allowed" in report.reason
    tags = "time,tag,value\n" + "".join(f"2026-01-05 00:00:00,t{i},1\n" for i in range(60)) * 2
    assert "names 60 sensors" in plant.text("long.csv", tags).reason
    plant.text(
        "a.csv", "time," + ",".join(f"a{i}" for i in range(30)) + "\n2026-01-05" + ",1" * 30
    )
    report = plant.text(
        "b.csv", "time," + ",".join(f"b{i}" for i in range(30)) + "\n2026-01-05" + ",1" * 30
    )
    assert "the fleet would have 60 sensors" in report.reason


@pytest.mark.slow
def test_a_wide_file_within_the_limit(plant):
    wide = "time," + ",".join(f"s{i}" for i in range(300)) + "\n2026-01-05" + ",1" * 300 + "\n"
    assert plant.text("wide.csv", wide).rows == 1
    assert len(plant.intake.sensors("pumps")) == 300


def test_one_reading(plant):
    assert plant.text("p1.csv", "time,a\n2026-01-05 08:00:00,1\n").rows == 1
    assert plant.text("p2.csv", "time;a\n2026-01-05 08:00:00;1,5").rows == 1
    assert plant.column("a") == [1.0, 1.5]


def test_disk_full(plant, monkeypatch):
    path = plant.file("p1.csv", GOOD)

    def full(self, *args, **kwargs):
        raise StorageFull("no space left.")

    with monkeypatch.context() as patched:
        patched.setattr(Readings, "write", full)
        with pytest.raises(StorageFull):
            plant.take(path)
    assert plant.intake.batches("pumps") == []
    report = plant.take(path).files[0]
    assert (report.status, report.rows) == (FileStatus.ADDED, 20)


# ---------------------------------------------------------------- Parquet
def times(unit: str = "us", zone: str | None = "UTC") -> pl.Series:
    start = datetime(2026, 1, 5, 8, tzinfo=UTC)
    values = [start + timedelta(minutes=i) for i in range(4)]
    naive = pl.Series("t", values, pl.Datetime(unit, "UTC")).dt.replace_time_zone(None)
    return naive.dt.replace_time_zone(zone)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_parquet_of_all_types(plant, unit, zone):
    path = plant.folder / "x.parquet"
    pl.DataFrame(
        {
            "when": times(unit, zone),
            "machine": pl.Series(["A", "A", "B", "B"], dtype=pl.Categorical),
            "on": [True, False, None, True],
            "small": pl.Series([1, 2, None, 4], dtype=pl.UInt8),
            "big": pl.Series([2**40, 1, 2, 3], dtype=pl.Int64),
            "f32": pl.Series([0.1, None, 1.0, float("nan")], dtype=pl.Float32),
            "f64": [1.0, float("inf"), None, 4.0],
            "decimal": pl.Series(["1.5", "2.5", None, "3.5"]).str.to_decimal(scale=1),
            "text": ["x", "y", "z", "u"],
            "list": [[1], [2], [3], [4]],
        }
    ).write_parquet(path)
    report = plant.take(path, timezone="Asia/Tokyo").files[0]
    hour = "08" if zone == "UTC" else "23"
    assert plant.times()[0][11:13] == hour
    frame = plant.readings()
    assert frame.columns[2:] == ["on", "small", "big", "f32", "f64", "decimal"]
    assert frame["on"].to_list() == [1.0, 0.0, None, 1.0]
    assert frame["big"].to_list() == [2.0**40, 1.0, 2.0, 3.0]
    assert frame["f32"].dtype == pl.Float32()
    assert frame["f32"].to_list()[1:] == [None, 1.0, None]
    assert frame["f64"].to_list() == [1.0, None, None, 4.0]
    assert plant.refused() == [(2, "f64", "inf", "not a finite number")]
    assert any("ignored" in g and "list" in g for g in report.guesses)
    assert set(frame["asset"]) == {"A", "B"}


def test_parquet_with_pandas_index(plant):
    pandas = pytest.importorskip("pandas")
    index = pandas.date_range("2026-01-05 08:00", periods=3, freq="min", name=None)
    pandas.DataFrame({"a": [1, 2, 3]}, index=index).to_parquet(plant.folder / "p1.parquet")
    frame = pandas.DataFrame({"time": index, "a": [1, 2, 3]}, index=[5, 7, 9])
    frame.to_parquet(plant.folder / "p2.parquet")
    report = plant.take(plant.folder)
    assert report.rows == 6
    assert plant.readings().columns == ["asset", "time", "a"]
    assert plant.times()[:2] == ["2026-01-05 08:00:00", "2026-01-05 08:01:00"]


def test_parquet_numbers_as_text(plant):
    frame = pl.DataFrame(
        {"time": times(), "a": ["1.5", "2.5", "oops", "NA"], "b": [1, 2, 3, 4]}
    )
    frame.write_parquet(plant.folder / "p1.parquet")
    plant.take(plant.folder)
    assert plant.column("a") == [1.5, 2.5, None, None]
    assert plant.refused() == [(3, "a", "oops", "not a finite number")]
