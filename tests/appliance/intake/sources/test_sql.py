"""Databases: any table or query is read in order of time; odd rows and trouble do no harm."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from appliance.core.clock import now
from appliance.core.errors import SourceError
from appliance.intake.sources.sql import SqlSource
from appliance.pipelines.sources import look
from appliance.schemas.source import Sql
from tests.appliance.intake.sources.conftest import Plant
from tests.appliance.intake.sources.kinds import SqlKind, readings

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgresql")]


def test_large_tables_are_read_in_parts(plant: Plant, sql: SqlKind):
    plant.add({**sql.origin(), "rows": 100, "late": 0})
    frame = readings(0, 200)
    sql.put(frame)
    with plant.open() as live:
        looks, more = 0, True
        while more:
            _, more = look(plant.site, plant.held(), live)
            looks += 1
    assert looks > 3
    assert plant.same(frame)


def test_more_rows_of_one_moment_than_are_read_at_once(plant: Plant, sql: SqlKind):
    plant.add({**sql.origin(), "rows": 100, "late": 0})
    many = readings(0, 3, [f"P-{n}" for n in range(250)])
    sql.put(many)
    with plant.open() as live:
        plant.drain(live)
    assert plant.same(many)


def test_a_query_with_colons_percents_and_odd_columns(plant: Plant, sql: SqlKind):
    sql.put(readings(0, 5))
    query = (
        "SELECT time, machine AS pump, flow::numeric(9,2) AS flow, 'a:b%c' AS word, "
        "'\\x00ff'::bytea AS raw, ARRAY[1,2] AS many, '{}'::jsonb AS more, "
        "gen_random_uuid() AS id, 'NaN'::float AS nothing FROM line2 WHERE flow % 1 = 0;"
    )
    plant.add({**sql.origin(), "table": "", "query": query}, asset="pump")
    with plant.open() as live:
        plant.drain(live)
    assert plant.count() == 10
    assert plant.readings()["flow"].to_list() == [0.0, 1, 2, 3, 4] * 2
    assert plant.readings()["asset"].unique().sort().to_list() == ["P-1", "P-2"]


def test_a_clock_that_runs_ahead_hides_nothing(plant: Plant, sql: SqlKind):
    plant.add(sql.origin())
    ahead = now() + timedelta(days=400)
    row = {"time": ahead, "machine": "P-1", "flow": 1.0, "heat": 1.0}
    insert = "INSERT INTO line2 VALUES (:time, :machine, :flow, :heat)"
    sql.run(insert, rows=[row])
    with plant.open() as live:
        with pytest.raises(SourceError, match="more than two days ahead"):
            plant.drain(live)
        sql.put(readings(0, 5))
        plant.drain(live)
        sql.put(readings(5, 5))
        plant.drain(live)
    assert plant.same(readings(0, 10))


def test_the_few_rows_of_a_later_look_are_understood_as_the_first(plant: Plant, sql: SqlKind):
    sql.put(readings(0, 30))
    plant.add({**sql.origin(), "late": 0})
    with plant.open() as live:
        plant.drain(live)
        for number in range(30, 33):
            sql.put(readings(number, 1))
            plant.drain(live)
        sql.put(readings(33, 1, ["P-9"]))
        plant.drain(live)
    assert plant.readings()["asset"].unique().sort().to_list() == ["P-1", "P-2", "P-9"]


def test_times_may_be_days_or_numbers(plant: Plant, sql: SqlKind):
    sql.run(
        "CREATE TABLE counted (ts bigint, machine text, flow float)",
        "INSERT INTO counted SELECT 1772323200 + n, 'P-' || n % 2, n FROM "
        "generate_series(0, 99) n",
        "INSERT INTO counted VALUES (9772323200, 'P-1', 1)",
    )
    plant.add({**sql.origin(), "table": "public.counted", "time": "ts"})
    with plant.open() as live:
        plant.drain(live)
        assert plant.count() == 100
        sql.run("INSERT INTO counted VALUES (1772323400, 'P-1', 1)")
        plant.drain(live)
    assert plant.count() == 101


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"table": "nowhere"}, "does not exist"),
        ({"time": "when"}, "when"),
        ({"database": "nowhere"}, "nowhere"),
        ({"host": "127.0.0.1", "port": 1}, "did not answer"),
        ({"host": "nowhere.invalid"}, "'nowhere.invalid': [A-Z]"),
        ({"table": "", "query": "DROP TABLE line2"}, "did not answer"),
        (
            {"table": "", "query": "SELECT 1 FROM pg_sleep(1)) x; DROP TABLE line2; --"},
            "answer",
        ),
        ({"dialect": "oracle", "host": "db"}, "driver of oracle is not installed"),
    ],
)
def test_what_is_wrong_is_told(plant: Plant, sql: SqlKind, change: dict[str, Any], said: str):
    sql.put(readings(0, 1))
    folder = plant.site.settings.home / "x"
    with pytest.raises(SourceError, match=said):
        SqlSource(Sql.model_validate({**sql.origin(), **change}), folder).pull({})
    assert SqlSource(Sql.model_validate(sql.origin()), folder).pull({}) is not None


def test_nothing_is_ever_written(plant: Plant, sql: SqlKind):
    sql.run("CREATE FUNCTION w() RETURNS int LANGUAGE sql AS 'DELETE FROM line2 RETURNING 1'")
    query = {"table": "", "query": "SELECT time, w() FROM line2"}
    sql.put(readings(0, 1))
    with pytest.raises(SourceError, match="read-only"):
        SqlSource(
            Sql.model_validate({**sql.origin(), **query}), plant.site.settings.home / "x"
        ).pull({})


def test_either_a_table_or_a_query_is_named(sql: SqlKind):
    for change in ({"table": ""}, {"query": "SELECT 1"}, {"table": 'x"; DROP TABLE y'}):
        with pytest.raises(ValidationError):
            Sql.model_validate({**sql.origin(), **change})
