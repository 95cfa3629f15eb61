"""What the intake remembers, on every database that the appliance can use."""

from __future__ import annotations

from appliance.schemas.ingest import FileStatus
from appliance.schemas.sensor import Sensor

ROWS = "asset,time,mode,a\nP1,2026-01-30 00:00,red,1\nP1,2026-01-30 00:01,blue,x\n"


def test_a_file_is_remembered(plant_of_each_database):
    plant = plant_of_each_database
    path = plant.file("one.csv", ROWS)
    first, second = plant.take(path).files[0], plant.take(path).files[0]
    assert (first.status, second.status) == (FileStatus.ADDED, FileStatus.ALREADY_THERE)
    assert first.quarantined == 1
    (batch,) = plant.intake.batches("pumps")
    assert batch.rows == 2
    assert plant.lake.quarantine("pumps").count() == 1


def test_sensors_levels_and_edits(plant_of_each_database):
    plant = plant_of_each_database
    plant.text("one.csv", ROWS, context=("mode",))
    plant.text("two.csv", ROWS.replace("00:0", "01:0").replace("blue", "green"))
    found = {sensor.name: sensor for sensor in plant.intake.sensors("pumps")}
    assert found["mode"].role == "context"
    assert found["mode"].levels == ("red", "blue", "green")
    plant.intake.edit_sensor("pumps", Sensor(name="a", unit="bar", lower=0.0, upper=9.0))
    edited = {sensor.name: sensor for sensor in plant.intake.sensors("pumps")}["a"]
    assert (edited.unit, edited.lower, edited.upper) == ("bar", 0.0, 9.0)


def test_the_kind_of_time_is_settled_once(plant_of_each_database):
    plant = plant_of_each_database
    plant.text("one.csv", ROWS)
    report = plant.text("two.csv", "asset,cycle,a\nP1,1,2\nP1,2,3\n")
    assert report.status is FileStatus.REJECTED
    assert "in cycles" in report.reason


def test_quality_is_kept(plant_of_each_database):
    plant = plant_of_each_database
    plant.text("one.csv", ROWS)
    (sensor,) = [row for row in plant.intake.quality("pumps") if row.sensor == "a"]
    assert (sensor.rows, sensor.missing) == (2, 1)
