"""Wide and long tables, tags, labels, words, and which column is what."""

from __future__ import annotations

import polars as pl
import pytest

from appliance.core.errors import InvalidRequest
from appliance.intake.naming import name_assets
from appliance.schemas.ingest import FileStatus
from appliance.schemas.sensor import Sensor, SensorRole

STAMPS = [f"2026-01-05 08:{i:02}:00" for i in range(30)]


def long_table(head: str, tags: dict[str, float], order: str = "time") -> str:
    rows = [
        (t, tag, f"{value + i}") for i, t in enumerate(STAMPS) for tag, value in tags.items()
    ]
    if order == "tag":
        rows.sort(key=lambda row: row[1])
    return head + "\n" + "".join(f"{t},{tag},{v}\n" for t, tag, v in rows)


@pytest.mark.parametrize("order", ["time", "tag"])
@pytest.mark.parametrize(
    "head", ["time,tag,value", "時刻,タグ名,値", "ts,sensor_name,reading", "t1,t2,value"]
)
def test_long_tables(plant, head, order):
    report = plant.text("p1.csv", long_table(head, {"temp": 20.0, "press": 1.0}, order))
    assert report.status is FileStatus.ADDED, report.reason
    frame = plant.readings()
    assert frame.height == 30
    assert frame["temp"].to_list() == [20.0 + i for i in range(30)]
    assert frame["press"].to_list() == [1.0 + i for i in range(30)]
    assert set(frame["asset"]) == {"p1"}
    assert any(g.startswith("layout: long") for g in report.guesses)
    assert plant.intake.sampling("pumps")[0].jumps_back == 0


@pytest.mark.parametrize("order", ["time", "tag"])
@pytest.mark.parametrize("sign", [".", "/", "|", ":"])
def test_tags_that_hold_the_asset(plant, sign, order):
    tags = {f"P{i}{sign}{s}": i * 10.0 for i in (1, 2) for s in ("temp", "press")}
    plant.text("export.csv", long_table("time,tag,value", tags, order))
    frame = plant.readings("temp", "press")
    assert frame.height == 60
    assert set(frame["asset"]) == {"P1", "P2"}
    assert frame.null_count().sum_horizontal().item() == 0


def test_long_table_with_assets_units_and_words(plant):
    rows = ["time,asset,sensor,value,unit"]
    for i, stamp in enumerate(STAMPS):
        for asset in ("A", "B"):
            rows += [
                f"{stamp},{asset},temp,{i}.5,degC",
                f"{stamp},{asset},pump,{'on' if i % 2 else 'OFF'},",
            ]
    report = plant.text("export.csv", "\n".join(rows))
    assert report.quarantined == 0
    frame = plant.readings()
    assert frame.height == 60
    assert frame.filter(asset="B")["pump"].to_list() == [float(i % 2) for i in range(30)]


def test_long_bad_values_name_their_line(plant):
    text = long_table("time,tag,value", {"a": 1.0, "b": 2.0}).replace(",a,4.0\n", ",a,oops\n")
    text += "2026-01-05 09:00:00,,5\n"
    plant.text("p1.csv", text)
    assert [(r[0], r[1], r[2]) for r in plant.refused()] == [
        (8, "value", "oops"),
        (62, "tag", "5.0"),
    ]


def test_wide_columns_that_hold_the_asset(plant):
    head = "time,P1.temp,P1.press,P2.temp,P2.press\n"
    plant.text("export.csv", head + "".join(f"{t},1,2,3,4\n" for t in STAMPS))
    frame = plant.readings("temp", "press")
    assert frame.height == 60
    assert frame.filter(asset="P2")["temp"].to_list() == [3.0] * 30


def test_points_in_names_of_one_machine_stay(plant):
    plant.text("p1.csv", "time,motor.temp,gear.oil\n" + "".join(f"{t},1,2\n" for t in STAMPS))
    assert plant.readings().columns[2:] == ["motor.temp", "gear.oil"]


@pytest.mark.parametrize("name", ["asset", "Machine ID", "unit_nr", "設備名", "Equipment"])
def test_asset_column_by_name(plant, name):
    text = f"time,{name},a\n" + "".join(f"{t},M{i % 2},{i}\n" for i, t in enumerate(STAMPS))
    plant.text("x.csv", text)
    assert set(plant.column("asset")) == {"M0", "M1"}


def test_asset_column_by_structure(plant):
    text = "time,where,a,b\n" + "".join(f"{t},{w},1,2\n" for t in STAMPS for w in ("x", "y"))
    report = plant.text("x.csv", text)
    assert set(plant.column("asset")) == {"x", "y"}
    assert any("tells apart rows" in g for g in report.guesses)


def test_asset_codes_keep_their_zeros(plant):
    plant.text("x.csv", "time,asset,a\n" + "".join(f"{t},007,1\n" for t in STAMPS))
    assert set(plant.column("asset")) == {"007"}


def test_all_rows_to_one_asset(plant):
    plant.text("x.csv", "time,a\n2026-01-05,1\n2026-01-06,2\n", asset="=Pump 7")
    assert set(plant.column("asset")) == {"Pump 7"}


def test_rows_without_an_asset_are_refused(plant):
    plant.text("x.csv", "time,asset,a\n2026-01-05,A,1\n2026-01-06,,2\n2026-01-07,A,3\n")
    assert plant.refused() == [(3, "asset", "", "no asset")]


# ---------------------------------------------------------------- names of files
def names(tmp_path, *paths: str) -> list[str]:
    return list(name_assets([tmp_path / path for path in paths], "fleet").values())


def test_files_name_their_asset(tmp_path):
    assert names(tmp_path, "pump7.csv") == ["pump7"]
    assert names(tmp_path, "pump7_2026-01.csv.gz", "pump7-20260214.csv") == ["pump7", "pump7"]
    assert names(tmp_path, "WELL-00019_20170301182317.csv.gz") == ["WELL-00019"]
    assert names(tmp_path, "p1/2026-01-05.csv", "p2/2026-01-05.parquet") == ["p1", "p2"]
    assert names(tmp_path, "valve1/0.csv", "valve2/0.csv") == ["valve1/0", "valve2/0"]
    assert names(tmp_path, "a/readings.csv", "b/readings.csv") == ["fleet", "fleet"]
    assert names(tmp_path, "a/x.csv", "b/x.csv", "y.csv") == ["a/x", "b/x", "y"]
    assert names(tmp_path, "machine-1-6.txt.gz", "X2000.csv") == ["machine-1-6", "X2000"]
    assert names(tmp_path, "p.v1.csv") == ["p.v1"]


# ---------------------------------------------------------------- columns that are no sensors
def test_labels_are_kept_but_not_judged(plant):
    text = "datetime;a;anomaly;changepoint\n" + "".join(
        f"{t};{i};0.0;{i % 2}.0\n" for i, t in enumerate(STAMPS)
    )
    report = plant.text("p1.csv", text)
    roles = {s.name: s.role for s in plant.intake.sensors("pumps")}
    assert roles == {
        "a": SensorRole.SENSOR,
        "anomaly": SensorRole.IGNORED,
        "changepoint": SensorRole.IGNORED,
    }
    assert "labels, kept but not judged: anomaly, changepoint" in report.guesses
    assert plant.column("changepoint")[:2] == [0.0, 1.0]


def test_a_label_asked_for_as_context_is_one(plant):
    plant.text("p1.csv", "time,a,class\n2026-01-05,1,0\n2026-01-06,2,1\n", context=("class",))
    assert plant.intake.sensors("pumps")[1].role is SensorRole.CONTEXT


def test_words_for_on_and_off_are_numbers(plant):
    text = (
        "time,a,running,valve\n2026-01-05,1,TRUE,half\n"
        "2026-01-06,2,false,zu\n2026-01-07,3,,auf\n"
    )
    report = plant.text("p1.csv", text)
    assert plant.column("running") == [1.0, 0.0, None]
    assert any("ignored: valve" in g for g in report.guesses)


def test_words_that_are_neither_are_refused(plant):
    text = "time,a,on\n" + "".join(f"{t},1,on\n" for t in STAMPS)
    body = (
        text
        + "".join(f"2026-01-06 {h:02}:{m:02}:00,1,off\n" for h in range(24) for m in range(60))
        * 14
    )
    plant.text("p1.csv", body + "2026-02-01 00:00:00,1,hot\n")
    assert plant.refused() == [
        (body.count("\n") + 1, "on", "hot", "neither a word for off nor one for on")
    ]


def test_context_of_words_gets_lasting_numbers(plant):
    plant.text(
        "p1.csv",
        "time,a,recipe\n2026-01-05,1,X\n2026-01-06,2,Y\n2026-01-07,2,\n",
        context=("recipe",),
    )
    plant.text("p2.csv", "time,a,recipe\n2026-01-05,1,Z\n2026-01-06,2,Y\n", context=("recipe",))
    assert plant.column("recipe") == [0.0, 1.0, None, 2.0, 1.0]
    assert plant.intake.sensors("pumps")[1] == Sensor(
        name="recipe", role=SensorRole.CONTEXT, levels=("X", "Y", "Z")
    )


def test_row_counters_and_other_times_are_ignored(plant):
    text = "Unnamed: 0,time,saved,a\n" + "".join(
        f"{i},{t},{t},5\n" for i, t in enumerate(STAMPS)
    )
    report = plant.text("p1.csv", text)
    assert plant.readings().columns == ["asset", "time", "a"]
    assert {g for g in report.guesses if g.startswith("ignored")} == {
        "ignored: Unnamed: 0, it counts rows",
        f"ignored: saved, text such as '{STAMPS[0]}'",
    }


def test_sensors_called_like_keys(plant):
    text = "timestamp,machine,time,asset,temp\n" + "".join(
        f"{t},M,{i}.5,2.5,1\n" for i, t in enumerate(STAMPS)
    )
    plant.text("p1.csv", text, asset="machine", time="timestamp")
    assert plant.readings().columns == [
        "asset",
        "time",
        "time (sensor)",
        "asset (sensor)",
        "temp",
    ]


def test_strange_names_survive(plant):
    strange = ["a b", "a;b", "%", "T{1}", "=x", "日本語", "bucket", "month", "a.b/c", "A"]
    text = (
        "time\t"
        + "\t".join(strange)
        + "\n"
        + "".join(f"{t}\t" + "\t".join("1" * len(strange)) + "\n" for t in STAMPS)
    )
    plant.text("p1.csv", text)
    assert plant.readings().columns[2:] == strange


@pytest.mark.slow
def test_names_that_differ_by_case_are_one_sensor(plant):
    plant.text("p1.csv", "time,Temp\n2026-01-05,1\n")
    report = plant.text("p1b.csv", "time,TEMP,temp\n2026-01-06,2,3\n", asset="=p1")
    assert plant.readings().columns == ["asset", "time", "Temp"]
    assert plant.column("Temp") == [1.0, 2.0]
    assert report.quarantined == 1
    plant.text("p2.csv", "time,tag,value\n2026-01-05,temp,4\n2026-01-06,tEMP,5\n")
    assert plant.column("Temp") == [1.0, 2.0, 4.0, 5.0]


# ---------------------------------------------------------------- options
def test_unknown_names_are_answered_with_near_ones(plant):
    path = plant.file("p1.csv", "time,Pressure,Load\n2026-01-05,1,2\n")
    for option, name, near in (
        ("context", ("pressure_",), "Pressure"),
        ("time", "tme", "time"),
        ("asset", "Laod", "Load"),
    ):
        with pytest.raises(InvalidRequest, match=f"Did you mean.*{near}"):
            plant.take(path, **{option: name})
    assert not plant.lake.readings("pumps").exists()


def test_context_may_be_in_some_files_only(plant):
    plant.file("a.csv", "time,a,load\n2026-01-05,1,2\n")
    plant.file("b.csv", "time,a\n2026-01-05,1\n")
    report = plant.take(plant.folder, context=("load",))
    assert {f.status for f in report.files} == {FileStatus.ADDED}
    roles = {s.name: s.role for s in plant.intake.sensors("pumps")}
    assert roles == {"a": SensorRole.SENSOR, "load": SensorRole.CONTEXT}


def test_context_of_a_long_table(plant):
    path = plant.file("p1.csv", long_table("time,tag,value", {"a": 1.0, "load": 2.0}))
    plant.take(path, context=("load",))
    assert {s.name: s.role.value for s in plant.intake.sensors("pumps")} == {
        "a": "sensor",
        "load": "context",
    }
    with pytest.raises(InvalidRequest, match="Did you mean load"):
        plant.take(path, context=("laod",))


def test_layouts_asked_for(plant):
    text = "time,name,x\n" + "".join(f"{t},s{i % 2},{i}\n" for i, t in enumerate(STAMPS))
    plant.text("p1.csv", text, layout="long")
    assert plant.readings().columns == ["asset", "time", "s0", "s1"]
    report = plant.text("p2.csv", "time,a,b\n2026-01-05,1,2\n", layout="long")
    assert "a long table needs" in report.reason


def test_people_s_edits_stay(plant):
    plant.text("p1.csv", "time,a,b\n2026-01-05,1,2\n")
    edited = Sensor(name="a", unit="bar", role=SensorRole.IGNORED, lower=0.0, upper=5.0)
    plant.intake.edit_sensor("pumps", edited)
    plant.text(
        "p2.csv", "time,a [K],b [A]\n2026-01-05,7,2\n2026-01-06,-1,2\n", context=("a", "b")
    )
    assert plant.intake.sensors("pumps") == [
        edited.model_copy(update={"revision": 2}),
        Sensor(name="b", unit="A", role=SensorRole.CONTEXT),
    ]
    quality = {q.sensor: q for q in plant.intake.quality("pumps")}
    assert quality["a"].out_of_limits == 2


def test_unknown_zone(plant):
    with pytest.raises(InvalidRequest, match="not a time zone"):
        plant.take(plant.file("p1.csv", "time,a\n2026-01-05,1\n"), timezone="Mars/Base")


def test_numbers_beside_text_only(plant):
    report = plant.text("p1.csv", "time,who\n2026-01-05,me\n2026-01-06,you\n")
    assert "no column of numbers" in report.reason


def test_a_frame_of_one_reading_an_asset(plant):
    plant.text(
        "x.csv", "time,asset,a\n" + "".join(f"2026-01-05 08:00:00,P{i},{i}\n" for i in range(5))
    )
    assert plant.readings().select("asset", "a").rows() == [
        (f"P{i}", float(i)) for i in range(5)
    ]
    assert isinstance(plant.readings(), pl.DataFrame)
