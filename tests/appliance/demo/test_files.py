"""The plant's files: each fleet in its own manner, whole or not at all, read back alike."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from appliance.core.errors import StorageError, StorageFull
from appliance.demo import plant
from appliance.demo.config import ZONE, PlantConfig
from appliance.demo.files import describe, write_plant
from appliance.demo.ledger import NAME, write_whole
from appliance.schemas.progress import Silent

SMALL = PlantConfig(days=3, training_days=2, scale=0.01, interval_seconds=300)


class Stopped(Exception):
    """The run is cut off here."""


class CutOff(Silent):
    """Progress that ends the run after so many files."""

    def __init__(self, after: int) -> None:
        self.left = after

    def advance(self, units: int = 1) -> None:
        self.left -= 1
        if self.left == 0:
            raise Stopped


def _contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != NAME
    }


def _inodes(folder: Path) -> dict[str, int]:
    """Which file it is: writing anew puts another file under the name."""
    return {name: (folder / name).stat().st_ino for name in _contents(folder)}


@pytest.fixture
def folder(tmp_path):
    write_plant(SMALL, tmp_path / "plant")
    return tmp_path / "plant"


# ---------------------------------------------------------------- their shapes
def test_pumps_are_parquet_as_generated(folder):
    frame = pl.read_parquet(folder / "pumps" / "P-101.parquet")
    assert frame.equals(plant.generate_asset(SMALL, "pumps", "P-101"))


def test_fans_are_csv_in_local_time_with_decimal_commas(folder):
    text = (folder / "fans" / "F-201.csv").read_text("utf-8")
    header, first, *_ = text.splitlines()
    assert header.startswith("time;air_flow [m3/h];filter_dp [Pa];")
    assert first.startswith("2026/01/05 00:00;")
    assert "," in first
    assert "." not in first
    frame = pl.read_csv(text.encode(), separator=";", decimal_comma=True)
    wanted = plant.generate_asset(SMALL, "fans", "F-201")
    frame.columns = wanted.columns
    time = pl.col("time").str.to_datetime("%Y/%m/%d %H:%M", time_unit="us")
    frame = frame.with_columns(
        time.dt.replace_time_zone(ZONE).dt.convert_time_zone("UTC"),
        pl.exclude("time").cast(pl.Float32),
    )
    assert_frame_equal(frame, wanted, rel_tol=1e-6)


def test_gearboxes_are_a_row_a_value_with_an_offset(folder):
    packed = (folder / "gearboxes" / "G-301.csv.gz").read_bytes()
    frame = pl.read_csv(gzip.decompress(packed))
    assert frame.columns == ["time", "tag", "value"]
    assert frame["time"].str.ends_with("+09:00").all()
    assert frame["tag"].str.starts_with("G-301.").all()
    wanted = plant.generate_asset(SMALL, "gearboxes", "G-301")
    assert frame.height == sum(wanted[name].count() for name in wanted.columns[1:])
    assert not frame["value"].null_count()


def test_seconds_are_written_where_there_are_any(tmp_path):
    config = PlantConfig(days=3, training_days=2, scale=0.01, interval_seconds=450 * 7 + 13)
    write_plant(config, tmp_path)
    lines = (tmp_path / "fans" / "F-201.csv").read_text().splitlines()
    times = [line.split(";")[0] for line in lines[1:]]
    assert len(set(times)) == len(times) == plant.generate_asset(config, "fans", "F-201").height
    assert times[0] == "2026/01/05 00:00:00"


def test_truth_and_description_lie_beside_them(folder):
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    assert [(f["asset"], f["kind"]) for f in truth] == [
        (fault.asset, fault.kind) for fault in plant.faults(SMALL)
    ]
    assert all(f["start"].endswith("+00:00") and f["sensors"] for f in truth)
    told = json.loads((folder / "plant.json").read_text("utf-8"))
    assert told["training_end"] == SMALL.training_end.isoformat()
    assert list(told["fleets"]) == list(plant.FLEETS)
    for name, fleet in told["fleets"].items():
        assert all((folder / path).is_file() for path in fleet["files"])
        assert fleet["interval_seconds"] == plant.interval_seconds(SMALL, name)
        assert set(fleet["units"]) == {*fleet["sensors"], *fleet["context"]}


def test_the_plant_is_bit_identical_wherever_it_is_written(folder, tmp_path):
    write_plant(SMALL, tmp_path / "again")
    assert _contents(tmp_path / "again") == _contents(folder)


# ---------------------------------------------------------------- again, and cut off
def test_written_again_it_touches_nothing(folder):
    before = _inodes(folder)
    write_plant(SMALL, folder)
    assert _inodes(folder) == before


@pytest.mark.parametrize("damage", ["cut short", "deleted", "a byte changed", "a folder gone"])
def test_a_damaged_file_is_made_anew_and_the_others_kept(folder, damage):
    whole, before = _contents(folder), _inodes(folder)
    victim = folder / "gearboxes" / "G-301.csv.gz"
    content = victim.read_bytes()
    if damage == "cut short":
        victim.write_bytes(content[: len(content) // 2])
    elif damage == "a byte changed":
        victim.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "deleted":
        victim.unlink()
    else:
        for path in victim.parent.iterdir():
            path.unlink()
        victim.parent.rmdir()
    write_plant(SMALL, folder)
    assert _contents(folder) == whole
    kept = {name: node for name, node in before.items() if not name.startswith("gearboxes")}
    assert kept.items() <= _inodes(folder).items()


@pytest.mark.parametrize("after", [1, 3, 6])
def test_cut_off_and_repeated_it_completes_and_keeps_what_stood(folder, tmp_path, after):
    target = tmp_path / "cut"
    with pytest.raises(Stopped):
        write_plant(SMALL, target, CutOff(after))
    stood = _inodes(target)
    assert len(stood) == after
    write_plant(SMALL, target)
    assert _contents(target) == _contents(folder)
    assert stood.items() <= _inodes(target).items()


def test_a_left_over_of_a_killed_run_does_no_harm(folder):
    whole = _contents(folder)
    (folder / "pumps" / "P-101.parquet").unlink()
    (folder / "pumps" / ".P-101.parquet.part").write_bytes(b"half a file")
    write_plant(SMALL, folder)
    assert _contents(folder) == whole


@pytest.mark.parametrize(
    "ledger",
    [
        "", "{", "[]", "null", '{"files": 3}', "\x00\x01",
        '{"purpose":{},"others":[],"files":{"a":1}}',
        '{"purpose":{},"others":["../precious"],"files":{}}',
    ],
)  # fmt: skip
def test_a_ledger_that_cannot_be_read_vouches_for_nothing(folder, ledger):
    whole = _contents(folder)
    precious = folder.parent / "precious"
    precious.write_text("not ours")
    (folder / NAME).write_text(ledger)
    write_plant(SMALL, folder)
    assert _contents(folder) == whole
    assert precious.read_text() == "not ours"


def test_another_plant_replaces_the_files_but_not_those_of_others(tmp_path):
    larger = PlantConfig(days=3, training_days=2, scale=0.2, interval_seconds=300)
    write_plant(larger, tmp_path)
    (tmp_path / "pumps" / "notes.txt").write_text("mine")
    with pytest.raises(Stopped):
        write_plant(SMALL, tmp_path, CutOff(2))
    found = write_plant(SMALL, tmp_path)
    wanted = {path.relative_to(tmp_path).as_posix() for f in found.fleets for path in f.files}
    assert set(_contents(tmp_path)) == wanted | {"pumps/notes.txt", "truth.json", "plant.json"}
    frame = pl.read_parquet(tmp_path / "pumps" / "P-101.parquet")
    assert frame.equals(plant.generate_asset(SMALL, "pumps", "P-101"))


# ---------------------------------------------------------------- trouble
def test_a_full_disk_is_told_and_leaves_no_part(tmp_path):
    def fill(part: Path) -> None:
        part.write_bytes(b"some")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageFull, match="no space is left"):
        write_whole(tmp_path / "x", fill)
    assert not list(tmp_path.iterdir())


def test_an_earlier_file_survives_a_failed_write(tmp_path):
    (tmp_path / "x").write_text("earlier")

    def fail(part: Path) -> None:
        part.write_bytes(b"half")
        raise Stopped

    with pytest.raises(Stopped):
        write_whole(tmp_path / "x", fail)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x", "earlier")]


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "plant").write_text("a file")
    with pytest.raises(StorageError, match="plant"):
        write_plant(SMALL, tmp_path / "plant")


def test_describing_writes_nothing(tmp_path):
    found = describe(SMALL, tmp_path / "plant")
    assert found == write_plant(SMALL, tmp_path / "plant")
    assert not (tmp_path / "elsewhere").exists()
    describe(SMALL, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()
