"""Remaining life from frames: in their units, kept in a file, and only where there is wear."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

import appliance as kizashi
from appliance.core.errors import ArtifactCorrupt, InvalidRequest, NotFound
from tests.detectors.prognostics.fleets import SHORT, cut, lives

START = datetime(2026, 1, 1, tzinfo=UTC)


def frame(machines, hours=None):
    parts = []
    for number, rows in enumerate(machines):
        count = np.arange(1, len(rows) + 1)
        times = (
            count if hours is None else [START + timedelta(hours=hours * int(n)) for n in count]
        )
        columns = {f"s{k}": rows[:, k] for k in range(rows.shape[1])}
        parts.append(pl.DataFrame({"unit": number, "cycle": times, **columns}))
    return pl.concat(parts)


@pytest.fixture(scope="module")
def life():
    return kizashi.fit_life(frame(lives(12, rows=SHORT)), asset="unit", time="cycle")


@pytest.mark.slow
def test_what_is_left_is_told_of_each_machine(life):
    machines, left = cut(lives(20, seed=3, rows=SHORT), seed=3)
    told = life.prognose(frame(machines)).sort(pl.col("asset").cast(pl.Int64))
    assert told.columns == ["asset", "time", "wear", "rul", "low", "high"]
    assert told["time"].to_list() == [len(one) for one in machines]
    worn = told["wear"].to_numpy()
    assert worn.sum() > 10
    off = told["rul"].to_numpy()[worn] - np.minimum(left, life.cap)[worn]
    assert np.sqrt(np.mean(off**2)) < 20
    assert life.unit == "cycle"


def test_without_a_sign_of_wear_nothing_is_told(life):
    random = np.random.default_rng(2)
    new = [0.15 * random.normal(size=(60, 5)) for _ in range(10)]
    told = life.prognose(frame(new))
    assert told["wear"].sum() <= 2
    assert told.filter(~pl.col("wear"))["rul"].null_count() == 10 - told["wear"].sum()


@pytest.mark.slow
def test_times_give_hours(life):
    machines = lives(12, rows=SHORT)
    timed = kizashi.fit_life(frame(machines, hours=6), asset="unit", time="cycle")
    assert (timed.unit, timed.interval) == ("h", 6.0)
    assert timed.cap == pytest.approx(6 * life.cap)
    some = [one[:-30] for one in lives(4, seed=5)]
    hours, cycles = timed.prognose(frame(some, hours=6)), life.prognose(frame(some))
    assert hours["rul"].to_list() == pytest.approx([6 * n for n in cycles["rul"]])
    assert hours["time"].dtype == pl.Datetime("us", "UTC")


def test_the_file_gives_the_same_model(life, tmp_path):
    some = frame([one[:-30] for one in lives(4, seed=5)])
    again = kizashi.load_life(life.save(tmp_path / "engines.life"))
    assert again.prognose(some).equals(life.prognose(some))
    assert (again.cap, again.error, again.unit) == (life.cap, life.error, life.unit)


def test_a_damaged_file_is_refused(life, tmp_path):
    path = life.save(tmp_path / "engines.life")
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArtifactCorrupt):
        kizashi.load_life(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ArtifactCorrupt):
        kizashi.load_life(path)
    with pytest.raises(NotFound):
        kizashi.load_life(tmp_path / "none")


def test_pandas_stays_pandas_and_a_sensor_may_be_missing(life):
    pandas = pytest.importorskip("pandas")
    some = frame([one[:-30] for one in lives(3, seed=5)])
    told = life.prognose(some.to_pandas())
    assert isinstance(told, pandas.DataFrame)
    assert life.prognose(some.drop("s4")).height == 3


def test_too_few_lives_are_refused():
    with pytest.raises(InvalidRequest, match="too few"):
        kizashi.fit_life(frame(lives(3)), asset="unit", time="cycle")
