"""What an analyst sees of a fleet model: frames of any kind, honest states, events."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

import appliance as kizashi
from appliance.core.errors import InvalidRequest
from appliance.fleet.frames import CYCLE_MICRO
from appliance.schemas.recipe import Cleaning, Recipe, RunState
from tests.appliance.fleet.plants import SENSORS, START, readings

LATER = START + timedelta(days=30)


@pytest.fixture(scope="module")
def model():
    return kizashi.fit(readings(), recipe="mahalanobis", engine="local")


@pytest.fixture(scope="module")
def new():
    return readings(("P-1", "P-2"), 600, seed=1, start=LATER, faults={"P-2": (2, 300, 360)})


# ---------------------------------------------------------------- frames
def test_scores_stand_beside_the_rows_that_came_in(model, new):
    shuffled = new.with_columns(note=pl.lit("kept")).sample(fraction=1, shuffle=True, seed=2)
    scored = model.score(shuffled)
    assert_frame_equal(scored.select(shuffled.columns), shuffled)
    assert scored.columns[len(shuffled.columns) :][:4] == [
        "surprise",
        "alarm",
        "state",
        "coverage",
    ]
    in_order = model.score(new)
    key = ["asset", "time"]
    assert_frame_equal(scored.drop("note").sort(key), in_order.sort(key))


def test_pandas_and_arrow_give_what_polars_gives(model, new):
    expected = model.score(new)
    table = new.to_pandas()
    table.index = np.arange(len(table))[::-1] * 3
    scored = model.score(table)
    assert isinstance(scored, pd.DataFrame)
    assert list(scored.index) == list(table.index)
    np.testing.assert_array_equal(scored["surprise"], expected["surprise"].to_numpy())
    assert list(scored["state"]) == list(expected["state"])
    assert isinstance(model.events(scored), pd.DataFrame)
    arrow = model.score(new.to_arrow())
    assert isinstance(arrow, pa.Table)
    assert arrow["surprise"].null_count == expected["surprise"].null_count()
    assert isinstance(model.events(arrow), pa.Table)


def test_the_frame_is_not_changed(model, new):
    before = new.clone()
    model.score(new)
    assert_frame_equal(new, before)


def test_cycles_are_counted_and_given_back_as_cycles():
    frame = readings(("1", "2"), 300, faults={"2": (1, 200, 260)}).select(
        pl.col("asset").cast(pl.Int64).alias("unit"),
        pl.int_range(pl.len()).over("asset").alias("cycle"),
        *SENSORS,
    )
    model = kizashi.fit(
        frame.filter(pl.col("cycle") < 200), recipe="mahalanobis", engine="local"
    )
    assert model.manifest.time_kind == "cycle"
    assert model.assets == ["1", "2"]
    events = model.events(model.score(frame))
    assert events.schema["start"] == pl.Float64
    assert events.row(0, named=True)["asset"] == "2"
    assert 195 <= events["start"][0] <= 205
    assert CYCLE_MICRO == 3_600_000_000


def test_rows_without_a_time_column_are_counted():
    frame = readings(("a",), 400).select(SENSORS)
    model = kizashi.fit(frame, recipe="forest", engine="local")
    assert model.assets == ["asset"]
    assert model.score(frame)["surprise"].is_not_null().all()


def test_words_may_be_contexts():
    frame = readings(("a",), 2000)
    product = pl.Series("product", (["red"] * 500 + ["blue"] * 500) * 2)
    frame = frame.with_columns(product).with_columns(
        s0=pl.col("s0") + 20 * (pl.col("product") == "red")
    )
    model = kizashi.fit(frame, context=["product"], recipe="forest", engine="local")
    assert model.manifest.assets["a"].conditioned["s0"] > 0.9
    other = frame.with_columns(product=pl.lit("green"))
    assert set(model.score(other)["state"]) == {"unseen_mode"}
    expected = model.expected(frame)
    by_product = expected.group_by("product").agg(pl.col("expected:s0").mean()).sort("product")
    assert by_product["expected:s0"].to_list() == pytest.approx([0, 20], abs=0.5)


@pytest.mark.parametrize(
    ("frame", "arguments", "words"),
    [
        (readings(("a",), 100), {"asset": "machine"}, "machine"),
        (readings(("a",), 100), {"recipe": "forrest"}, "forest"),
        (readings(("a",), 100), {"recipe": "x.toml"}, "x.toml"),
        (readings(("a",), 100), {"engine": "spark"}, "spark"),
        (readings(("a",), 100).select("asset", "time"), {}, "no column of numbers"),
        (readings(("a",), 100).lazy(), {}, "collect"),
        (readings(("a",), 100).with_columns(time=pl.lit(None, pl.Datetime)), {}, "no value"),
        (readings(("a",), 100).with_columns(time=pl.lit("noon")), {"time": "time"}, "times"),
        (readings(("a",), 10), {}, "10 clean rows"),
        (readings(("a",), 100).clear(), {}, "no data"),
    ],
)
def test_wrong_use_is_named(frame, arguments, words):
    with pytest.raises(InvalidRequest, match=words):
        kizashi.fit(frame, **{"recipe": "forest", "engine": "local"} | arguments)


# ---------------------------------------------------------------- honest scores
def test_a_fault_alarms_on_the_right_asset_and_sensor(model, new):
    scored = model.score(new)
    hot = scored.filter(pl.col("asset") == "P-2")[300:360]
    assert hot["alarm"].mean() > 0.9
    assert scored.filter(pl.col("asset") == "P-1")["alarm"].mean() < 0.02
    shares = hot.select(f"contribution:{name}" for name in SENSORS)
    assert shares.sum_horizontal().to_numpy() == pytest.approx(1, abs=1e-5)
    assert shares.mean().row(0).index(max(shares.mean().row(0))) == 2


def test_quiet_rows_have_no_shares_and_contributions_can_be_left_out(model, new):
    scored = model.score(new)
    quiet = scored.filter(pl.col("surprise") < 1)
    assert quiet[f"contribution:{SENSORS[0]}"].null_count() == quiet.height
    plain = model.score(new, contributions=False)
    assert not [name for name in plain.columns if name.startswith("contribution:")]
    assert_frame_equal(plain.select("surprise"), scored.select("surprise"))


def test_an_unknown_asset_is_not_judged(model):
    scored = model.score(readings(("X-9",), 50))
    assert set(scored["state"]) == {"no_model"}
    assert scored["surprise"].null_count() == 50
    assert not scored["alarm"].any()


def test_a_missing_sensor_leaves_the_rest_judged_and_is_reported(model, new):
    scored = model.score(new.drop("s4"))
    assert scored["surprise"].is_not_null().all()
    assert scored["coverage"].to_numpy() == pytest.approx(0.8)
    hot = scored.filter(pl.col("asset") == "P-2")[300:360]
    assert hot["alarm"].mean() > 0.9
    assert hot["contribution:s4"].fill_null(0).to_numpy() == pytest.approx(0)
    faults = model.sensor_faults(new.drop("s4"))
    assert set(faults["asset"]) == {"P-1", "P-2"}
    assert set(faults["sensor"]) == {"s4"}
    assert set(faults["kind"]) == {"missing"}


def test_too_few_sensors_are_no_basis(model, new):
    scored = model.score(new.drop("s0", "s1", "s2"))
    assert set(scored["state"]) == {"too_few_sensors"}
    assert scored["surprise"].null_count() == scored.height
    every = new.with_columns(pl.lit(None, pl.Float32).alias(name) for name in SENSORS)
    assert set(model.score(every)["state"]) == {"too_few_sensors"}


def test_a_frozen_sensor_becomes_an_event_of_its_own(model, new):
    frozen = new.with_columns(
        s1=pl.when(
            (pl.col("asset") == "P-1")
            & pl.int_range(pl.len()).over("asset").is_between(200, 399)
        )
        .then(1.0)
        .otherwise("s1")
        .cast(pl.Float32)
    )
    events = model.events(model.score(frozen))
    own = events.filter(pl.col("kind") == "sensor_fault").row(0, named=True)
    assert own["asset"] == "P-1"
    assert own["sensors"][0]["name"] == "s1"
    assert own["sensors"][0]["note"] == "frozen"
    assert own["end"] - own["start"] == timedelta(minutes=199)


def test_a_stopped_machine_is_not_judged():
    frame = readings(("a",), 1000).with_columns(
        speed=pl.when(pl.int_range(pl.len()) % 200 < 150).then(1500.0).otherwise(0.0)
    )
    recipe = Recipe(
        detector="forest", cleaning=Cleaning(run_state=RunState(column="speed", minimum=100))
    )
    model = kizashi.fit(frame, recipe=recipe, engine="local")
    scored = model.score(frame)
    stopped = scored.filter(pl.col("speed") == 0)
    assert set(stopped["state"]) == {"not_running"}
    assert stopped["surprise"].null_count() == stopped.height
    assert scored.filter(pl.col("speed") > 0)["surprise"].is_not_null().all()


@pytest.mark.slow
def test_windows_need_their_rows():
    model = kizashi.fit(readings(("a",), 1200), recipe="auto", engine="local")
    before, after = model.manifest.assets["a"].reach
    assert before + after > 0
    whole = readings(("a",), 600, seed=4, start=LATER)
    assert set(model.score(whole)["state"]) <= {"final", "provisional"}
    assert model.score(whole)["state"][-1] == ("provisional" if after else "final")
    assert set(model.score(whole.head(max(before, after)))["state"]) == {"too_young"}
    moment = pl.int_range(pl.len())
    holed = whole.filter(~moment.is_between(300, 340) & ~moment.is_between(345, 400))
    states = model.score(holed)["state"].to_list()
    assert set(states[300:304]) == {"gap"}
    assert model.score(holed)["surprise"][:300].is_not_null().all()


def test_an_empty_frame_and_one_row(model, new):
    assert model.score(new.clear()).height == 0
    assert model.events(model.score(new.clear())).height == 0
    assert model.score(new.head(1)).height == 1


# ---------------------------------------------------------------- training
def test_an_asset_that_cannot_be_learned_fails_alone_with_a_reason():
    constant = readings(("flat",), 500).with_columns(pl.lit(1.0).alias(n) for n in SENSORS)
    frame = pl.concat(
        [readings(("good",)), readings(("single",), 1), readings(("short",), 30), constant],
        how="vertical_relaxed",
    )
    model = kizashi.fit(frame, recipe="forest", engine="local")
    assert model.assets == ["good"]
    assert "constant" in model.failures["flat"]
    assert "1 row" in model.failures["single"]
    assert "30" in model.failures["short"]
    assert set(model.score(readings(("flat",), 5))["state"]) == {"no_model"}


def test_a_constant_or_empty_sensor_does_not_stop_the_asset():
    frame = readings(("a",)).with_columns(
        s0=pl.lit(3.0, pl.Float32), s1=pl.lit(None, pl.Float32)
    )
    model = kizashi.fit(frame, recipe="forest", engine="local")
    assert "s1" in model.manifest.assets["a"].left_out
    assert model.score(frame)["surprise"].is_not_null().all()


def test_a_fault_in_training_is_not_learned_as_normal():
    frame = readings(("a",), 3000, faults={"a": (3, 1000, 1100)})
    model = kizashi.fit(frame, recipe="mahalanobis", engine="local")
    entry = model.manifest.assets["a"]
    assert entry.excluded
    assert entry.excluded[0].start >= START + timedelta(minutes=990)
    assert entry.excluded[-1].end <= START + timedelta(minutes=1110)
    again = readings(("a",), 600, seed=5, start=LATER, faults={"a": (3, 300, 400)})
    assert model.score(again)["alarm"][300:400].mean() > 0.9


@pytest.mark.slow
def test_the_seed_decides_everything(new):
    def run(seed):
        model = kizashi.fit(readings(), recipe="forest", engine="local", seed=seed)
        return model._models.artifact.digest

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_a_model_is_kept_and_comes_back(model, new, tmp_path):
    path = model.save(tmp_path / "pumps.kz")
    again = kizashi.load(str(path))
    assert_frame_equal(again.score(new), model.score(new))
    assert again.manifest == model.manifest
    again.save(tmp_path / "pumps.kz")
    assert [p.name for p in tmp_path.iterdir()] == ["pumps.kz"]
    assert "P-1" in again.describe()


def test_events_name_machine_sensor_and_direction(model, new):
    events = model.events(model.score(new))
    first = events.row(0, named=True)
    assert first["asset"] == "P-2"
    assert first["kind"] == "anomaly"
    assert abs(first["start"] - (LATER + timedelta(minutes=300))) < timedelta(minutes=6)
    assert first["sensors"][0]["name"] == "s2"
    assert first["sensors"][0]["direction"] == 1
    with pytest.raises(InvalidRequest, match="no scores"):
        model.events(new)


def test_numbers_of_machines_are_the_same_with_and_without_a_point():
    frame = readings(("1", "2"), 300).with_columns(pl.col("asset").cast(pl.Float64))
    model = kizashi.fit(frame, recipe="forest", engine="local")
    assert model.assets == ["1", "2"]
    whole = frame.with_columns(pl.col("asset").cast(pl.Int64))
    assert model.score(whole)["surprise"].is_not_null().all()


def test_a_context_of_too_many_words_is_refused():
    frame = readings(("a",), 100).with_columns(note=pl.int_range(pl.len()).cast(pl.String))
    with pytest.raises(InvalidRequest, match="100 words"):
        kizashi.fit(frame, context=["note"], recipe="forest", engine="local")
