"""Machines beside what was normal months before, and beside each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from appliance.calendar.masks import Masks
from appliance.core.settings import load_settings
from appliance.engine import make
from appliance.fleet import frames
from appliance.fleet.chunks import Columns, cut
from appliance.fleet.drift_words import drift_words
from appliance.fleet.drifting import find_drifts
from appliance.fleet.recipe import resolve

START = datetime(2026, 1, 1, tzinfo=UTC)
NORMAL, DAYS, HOURS = 20, 50, 24
ROWS = DAYS * HOURS
SINCE = np.maximum(np.arange(ROWS) / HOURS - NORMAL, 0)


def machine(name, *, moves=0.0, width=1.0, seed=0):
    random = np.random.default_rng(seed)
    load = np.sin(np.arange(ROWS) / 5) + 0.5 * random.normal(size=ROWS)
    return pl.DataFrame(
        {
            "asset": [name] * ROWS,
            "time": [START + timedelta(hours=row) for row in range(ROWS)],
            "heat": 60 + 4 * load + random.normal(size=ROWS) + moves,
            "hum": 5 + 0.1 * width * random.normal(size=ROWS),
            "load": load,
        }
    )


@pytest.fixture(scope="module")
def engine():
    with make("local", load_settings()) as made:
        yield made


def found(machines, engine, masks=None, context=("load",)):
    rows = pl.concat(machines)
    layout = frames.guess(rows, "asset", "time", list(context))
    recipe = resolve("mahalanobis")
    return find_drifts(
        cut(frames.normalise(rows, layout), 1),
        recipe,
        Columns.of(recipe, layout.sensors, layout.context),
        dict.fromkeys(rows["asset"].unique(), (START, START + timedelta(days=NORMAL))),
        engine,
        masks,
    )


def sound(count):
    return [machine(f"P-{n}", seed=n) for n in range(count)]


def test_the_machine_that_drifts_is_told_in_its_own_unit(engine):
    [note] = found([*sound(2), machine("P-9", moves=0.1 * SINCE, seed=9)], engine)
    assert (note.asset, note.over) == ("P-9", False)
    assert abs((note.since - START).days - NORMAL) <= 6
    assert note.until == START + timedelta(days=DAYS)
    [sensor] = note.sensors
    assert (sensor.name, sensor.wider) == ("heat", False)
    # The median of the last seven days is three days and a half old.
    assert sensor.moved == pytest.approx(0.1 * (DAYS - NORMAL - 3.5), rel=0.15)
    assert sensor.per_week == pytest.approx(0.7, rel=0.25)


def test_a_sensor_whose_days_grow_wider_is_told(engine):
    [note] = found([machine("P-1", width=1 + 0.1 * SINCE)], engine)
    assert [(one.name, one.wider) for one in note.sensors] == [("hum", True)]
    assert "varies" in drift_words(note)


def test_what_the_load_explains_is_no_drift(engine):
    more = np.where(SINCE > 0, 0.05 * SINCE, 0)
    loaded = machine("P-1", moves=4 * more).with_columns(load=pl.col("load") + more)
    assert not found([loaded], engine)
    assert found([loaded.drop("load")], engine, context=())


def test_what_all_machines_do_alike_is_no_drift_of_one(engine):
    alike = [machine(f"P-{n}", moves=0.1 * SINCE, seed=n) for n in range(4)]
    assert not found(alike, engine)
    worse = machine("P-9", moves=0.3 * SINCE, seed=9)
    assert [note.asset for note in found([*alike, worse], engine)] == ["P-9"]
    assert len(found(alike[:2], engine)) == 2  # two machines say nothing of the weather


def test_a_machine_that_changed_at_once_or_for_a_while_has_not_drifted(engine):
    step = machine("P-1", moves=4.0 * (SINCE > 6))
    while_ = machine("P-2", moves=4.0 * ((SINCE > 6) & (SINCE < 20)), seed=2)
    assert not found([step, while_], engine)


def test_where_the_normal_days_are_gone_the_oldest_that_are_left_serve(engine):
    late = machine("P-1", moves=0.3 * np.maximum(SINCE - 16, 0))
    later = late.filter(pl.col("time") >= START + timedelta(days=NORMAL))
    [note] = found([later], engine)
    assert note.sensors[0].name == "heat"


def test_masked_days_are_not_looked_at(engine):
    lot = machine("P-1", moves=0.1 * SINCE)
    out = ((START + timedelta(days=NORMAL + 5), START + timedelta(days=DAYS + 1)),)
    assert not found([lot], engine, Masks(own={"P-1": out}))


def test_it_is_said_in_both_languages(engine):
    [note] = found([machine("P-1", moves=-0.1 * SINCE)], engine)
    told = drift_words(note)
    assert "heat by -" in told
    assert f"{note.since:%Y-%m-%d}" in told
    assert "heat -" in drift_words(note, "ja")
    over = note.model_copy(update={"over": True})
    assert "as before again" in drift_words(over)
    assert "元に戻って" in drift_words(over, "ja")
