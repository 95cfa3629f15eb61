"""Whatever happens, the lake is as if each file had been brought in exactly once."""

from __future__ import annotations

import os
import shutil
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from appliance.core.errors import NotFound
from appliance.intake.ledger import joined_spans
from appliance.intake.sources.files import stream
from appliance.lake import Readings
from appliance.schemas.ingest import FileStatus
from appliance.schemas.sensor import Sensor
from tests.forked import Forked


def rows(count: int, start: int = 0, scale: float = 1.0) -> str:
    first, last = datetime(2026, 1, 30, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    stamps = pl.datetime_range(first, last, "1m", eager=True)[
        start : start + count
    ].dt.strftime("%Y-%m-%d %H:%M:%S")
    return "time,a,b\n" + "".join(
        f"{t},{i * scale},{'x' if i % 500 == 7 else i}\n" for i, t in enumerate(stamps, start)
    )


def test_the_same_file_twice_adds_nothing(plant):
    path = plant.file("p1.csv", rows(100))
    first, second = plant.take(path).files[0], plant.take(path).files[0]
    assert (first.status, first.rows, first.quarantined) == (FileStatus.ADDED, 100, 1)
    assert (second.status, second.rows, second.quarantined) == (FileStatus.ALREADY_THERE, 0, 0)
    assert first.batch == second.batch
    assert plant.readings().height == 100
    assert plant.lake.quarantine("pumps").count() == 1
    assert len(plant.intake.batches("pumps")) == 1


def test_a_copy_under_another_name_adds_nothing(plant):
    text = rows(50).replace("time,", "asset,time,").replace("\n2026", "\nP1,2026")
    plant.file("one.csv", text)
    plant.file("two.csv", text)
    report = plant.take(plant.folder)
    assert [f.rows for f in report.files] == [50, 0]
    assert report.assets == 1


@pytest.mark.slow
def test_overlapping_exports(plant):
    plant.text("p1_2026-01-30.csv", rows(100))
    report = plant.text("p1_2026-01-31.csv", rows(100, start=60))
    assert (report.rows, report.corrected) == (60, 0)
    assert plant.column("a") == [float(i) for i in range(160)]
    same = plant.text("p1_2026-02-01.csv", rows(50, start=20) + "\n")
    assert (same.status, same.rows) == (FileStatus.ALREADY_THERE, 0)


@pytest.mark.slow
def test_a_correction_wins_and_names_its_stretch(plant):
    plant.text("p1.csv", rows(100))
    before = {batch.id for batch in plant.intake.batches("pumps")}
    text = rows(100).replace("08,8.0,", "08,8.5,").replace("00:30:00,30.0", "00:30:00,-1")
    report = plant.text("p1_2026-02.csv", text)
    assert (report.rows, report.corrected) == (0, 1)
    assert plant.column("a")[30] == -1.0
    fresh = plant.intake.spans_since("pumps", before)
    moment = datetime(2026, 1, 30, 0, 30, tzinfo=UTC)
    assert fresh.spans == {"p1": [(moment, moment)]}
    assert len(fresh.batches) == 1
    everything = plant.intake.spans_since("pumps", set())
    assert everything.spans["p1"][0][0] == datetime(2026, 1, 30, tzinfo=UTC)


def test_one_file_a_sensor(plant):
    plant.file("p1/temp.csv", "time,temp\n2026-01-05,1\n2026-01-06,2\n")
    plant.file("p1/press.csv", "time,press\n2026-01-06,3\n2026-01-07,4\n")
    plant.take(plant.folder, asset="=p1")
    assert plant.readings("temp", "press").select("temp", "press").rows() == [
        (1.0, None),
        (2.0, 3.0),
        (None, 4.0),
    ]


def test_another_reading_of_the_same_file_is_another_batch(plant):
    path = plant.file("p1.csv", "time,a\n2026-01-05 08:00:00,1\n")
    plant.take(path)
    plant.take(path, timezone="Asia/Tokyo")
    assert plant.times() == ["2026-01-04 23:00:00", "2026-01-05 08:00:00"]
    assert len(plant.intake.batches("pumps")) == 2


def test_fleets_do_not_share(plant):
    path = plant.file("p1.csv", rows(10))
    plant.take(path)
    assert plant.take(path, fleet="fans").files[0].rows == 10
    with pytest.raises(NotFound, match="has no sensor"):
        plant.intake.edit_sensor("fans", Sensor(name="nobody"))


def test_a_lost_lake_is_filled_again(plant, make_plant):
    path = plant.file("p1.csv", rows(30))
    plant.take(path)
    shutil.rmtree(plant.folder.parent / "home" / "lake")
    report = plant.take(path).files[0]
    assert (report.status, report.rows) == (FileStatus.ADDED, 30)
    assert plant.readings().height == 30


@pytest.mark.slow
def test_many_parts_equal_one(make_plant, monkeypatch):
    text = rows(2_000)
    whole = make_plant("whole")
    told = whole.text("p1.csv", text)
    monkeypatch.setattr(stream, "PART_BYTES", 3_000)
    parts = make_plant("parts")
    again = parts.text("p1.csv", text)
    assert again.model_copy(update={"path": ""}) == told.model_copy(update={"path": ""})
    assert parts.readings().equals(whole.readings())
    assert parts.refused() == whole.refused()
    (one,), (other,) = whole.intake.sampling("pumps"), parts.intake.sampling("pumps")
    assert one == other
    for a, b in zip(whole.intake.quality("pumps"), parts.intake.quality("pumps"), strict=True):
        rough = {"median": None, "distinct": 0}
        assert a.model_copy(update=rough) == b.model_copy(update=rough)
        assert b.median == pytest.approx(a.median, abs=60)


def test_stretches_near_each_other_are_joined():
    day = [datetime(2026, 1, d, tzinfo=UTC) for d in range(1, 11)]
    hour = timedelta(hours=1)
    found = [
        ("a", day[6], day[7]),
        ("a", day[0], day[2]),
        ("b", day[1], day[1]),
        ("a", day[1], day[3]),
        ("a", day[3] + hour, day[4]),
    ]
    assert joined_spans(found) == {
        "a": [(day[0], day[4]), (day[6], day[7])],
        "b": [(day[1], day[1])],
    }


# ---------------------------------------------------------------- processes
SCRIPT = """
import os, signal, sys
from pathlib import Path
from appliance.core.db import open_database
from appliance.core.settings import Settings
from appliance.intake import Intake
from appliance.intake.sources.files import stream
from appliance.intake.store import IntakeStore
from appliance.lake import Lake, Quarantine, Readings

home, deadly, *paths = sys.argv[1:]
stream.PART_BYTES = 4_000
where, _, count = deadly.partition(":")
kind = {"quarantine": Quarantine, "lake": Readings}.get(where, IntakeStore if where else None)
if kind:
    name = "write" if where in ("lake", "quarantine") else where
    real = getattr(kind, name)
    calls = []
    def killing(*args, **kwargs):
        calls.append(1)
        result = real(*args, **kwargs)
        if len(calls) == int(count):
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(kind, name, killing)
settings = Settings(home=Path(home))
intake = Intake(Lake(settings.lake_root), open_database(settings.database), settings)
report = intake.ingest(paths, "pumps")
states = [f.status.value.replace(" ", "-") for f in report.files]
print(report.rows, report.quarantined, *states)
"""


def start(home: Path, deadly: str, *paths: Path) -> Forked:
    words = ["-c", SCRIPT, home, deadly, *paths]
    return Forked(words, "appliance.worker.__main__", os.environ)


def finished(process: Forked) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    "deadly", ["intend:2", "quarantine:2", "lake:1", "record:2", "finish:1"]
)
def test_kill_9_then_again(plant, make_plant, deadly):
    text = rows(700)
    whole = make_plant("whole")
    whole.text("p1.csv", text)
    path = plant.file("p1.csv", text)
    home = plant.folder.parent / "home"
    process = start(home, deadly, path)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    out = finished(start(home, "", path))
    assert out == ("0 0 already-there" if deadly == "finish:1" else "700 2 added")
    assert finished(start(home, "", path)) == "0 0 already-there"
    assert plant.readings().equals(whole.readings())
    assert plant.refused() == whole.refused()
    (batch,) = plant.intake.batches("pumps")
    assert (batch.rows, batch.quarantined) == (700, 2)
    first = datetime(2026, 1, 30, tzinfo=UTC)
    span = (first, first + timedelta(minutes=699))
    assert plant.intake.spans_since("pumps", set()).spans == {"p1": [span]}


@pytest.mark.slow
def test_two_processes_at_once(plant):
    same = plant.file("same.csv", rows(600))
    ours = [plant.file(f"ours{i}.csv", rows(300)) for i in range(3)]
    theirs = [plant.file(f"theirs{i}.csv", rows(300).replace(",b", ",c")) for i in range(3)]
    home = plant.folder.parent / "home"
    both = [start(home, "", same, *ours), start(home, "", same, *theirs)]
    counted = [finished(process).split() for process in both]
    assert all(status in ("added", "already-there") for c in counted for status in c[2:])
    frame = plant.readings("a", "b", "c")
    assert frame.height == 600 + 6 * 300
    assert frame.select("asset", "time").is_unique().all()
    totals = {b.path.rsplit("/", 1)[1]: b.rows for b in plant.intake.batches("pumps")}
    assert totals == {"same.csv": 600} | {p.name: 300 for p in (*ours, *theirs)}
    assert plant.lake.quarantine("pumps").count() == 2 + 6
    assert {s.name for s in plant.intake.sensors("pumps")} == {"a", "b", "c"}


def test_the_lake_is_asked_only_once_a_part(plant, monkeypatch):
    written = []
    real = Readings.write

    def counting(self, frame, *, batch, part=0):
        written.append((batch, part))
        return real(self, frame, batch=batch, part=part)

    monkeypatch.setattr(Readings, "write", counting)
    path = plant.file("p1.csv", rows(20))
    plant.take(path)
    plant.take(path)
    assert [part for _, part in written] == [0]
