"""Readings one by one: the same answer as a whole series gives, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import appliance as kizashi
from appliance.calendar.masks import Masks
from appliance.core.errors import Conflict, InvalidRequest
from appliance.engine.local import LocalEngine
from appliance.fleet.chunks import FrameChunk
from appliance.fleet.frames import Layout
from appliance.fleet.model import FleetModel
from appliance.fleet.online import Online, OnlineScore, Reading
from appliance.fleet.recipe import resolve
from appliance.fleet.scoring import score_frame
from appliance.fleet.streams import History
from appliance.fleet.training import fit_fleet
from appliance.schemas.score import Judgement, share_column
from tests.appliance.fleet.plants import SENSORS, START, readings

LATER = START + timedelta(days=20)
MINUTE = timedelta(minutes=1)


@cache
def fitted(recipe: str) -> FleetModel:
    return kizashi.fit(readings(("a", "b"), 1_500), recipe=recipe, engine="local")


@cache
def dirty(asset: str = "a", seed: int = 3) -> pl.DataFrame:
    """A missing value, a frozen sensor, an outlier, short and long gaps, late seconds."""
    new = readings((asset,), 260, seed=seed, start=LATER, faults={asset: (2, 100, 110)})
    values = new["s1"].to_numpy().copy()
    values[60] = np.nan
    values[150:190] = values[150]
    jitter = pl.Series(np.random.default_rng(seed).integers(-9_000_000, 9_000_000, 260))
    moved = (new["time"].to_physical() + jitter).cast(new.schema["time"])
    kept = [n for n in range(260) if n not in {70, 71, 72} and not 210 <= n < 225]
    return new.with_columns(pl.Series("s1", values, nan_to_null=True), moved.alias("time"))[
        kept
    ]


def given(frame: pl.DataFrame, names: Sequence[str] = SENSORS) -> list[Reading]:
    return [
        Reading(row["asset"], row["time"], {name: row[name] for name in names})
        for row in frame.iter_rows(named=True)
    ]


def remembered(frame: pl.DataFrame) -> History:
    def history(
        assets: Sequence[str], start: datetime, end: datetime, columns: Sequence[str]
    ) -> pl.DataFrame:
        return frame.select("asset", "time", *columns).filter(
            pl.col("asset").is_in(list(assets)), pl.col("time") >= start, pl.col("time") < end
        )

    return history


NOTHING = remembered(readings(("a",), 1).clear())


def alike(found: OnlineScore, scores: pl.DataFrame, names: Sequence[str] = SENSORS) -> None:
    """An online score is that of the last row, to the last bit that is stored."""
    row = scores.row(-1, named=True)
    assert found.state == row["state"]
    assert found.alarm == row["alarm"]
    surprise = None if found.surprise is None else float(np.float32(found.surprise))
    assert surprise == row["surprise"]
    shares = {n: row[share_column(n)] for n in names if row[share_column(n)] is not None}
    assert {n: float(np.float32(share)) for n, share in found.contributions.items()} == shares


# ---------------------------------------------------------------- the same answer
@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["forest", "forecast"])
def test_a_reading_is_judged_as_the_last_row_of_all_so_far(recipe: str) -> None:
    model, new = fitted(recipe), dirty()
    online = Online(model._models, NOTHING)
    found = [online.push(*reading) for reading in given(new)]
    assert {one.state for one in found} >= {Judgement.FINAL}
    assert max(one.surprise or 0.0 for one in found) > 1
    for rows in [
        *range(1, 20),
        *range(56, 80, 2),
        *range(96, 112, 4),
        *range(175, len(new), 5),
    ]:
        scores, _ = score_frame(model._models, new.head(rows), live=True)
        alike(found[rows - 1], scores)


@pytest.mark.slow
def test_how_readings_are_gathered_changes_nothing() -> None:
    model = fitted("mahalanobis")
    mixed = pl.concat([dirty("a"), dirty("b", seed=4)]).sort("time")
    one, many = Online(model._models, NOTHING), Online(model._models, NOTHING)
    readings_ = given(mixed)
    alone = [one.push(*reading) for reading in readings_]
    together = [
        score
        for n in range(0, len(readings_), 37)
        for score in many.push_many(readings_[n : n + 37])
    ]
    assert together == alone


def test_machines_that_share_a_model_are_judged_in_one_call_as_they_are_alone(
    tmp_path: Path,
) -> None:
    made = fit_fleet(
        [FrameChunk(readings(("a", "b", "c"), 1_500))],
        resolve("forest"),
        Layout(asset="asset", time="time", time_kind="time", sensors=SENSORS),
        tmp_path / "shared.kz",
        LocalEngine(1),
        donors=frozenset("abc"),
    )
    model = FleetModel(made.folder)
    assert model.manifest.shared is not None
    names = [f"new-{n}" for n in range(6)]
    new = readings(names, 12, seed=9, start=LATER).sort("time")
    one, many = Online(model._models, NOTHING), Online(model._models, NOTHING)
    alone = [one.push(*reading) for reading in given(new)]
    assert many.push_many(given(new)) == alone
    assert {score.state for score in alone} == {Judgement.FINAL}


@cache
def loaded(rows: int, seed: int, start: datetime) -> pl.DataFrame:
    """Sensors that follow a load with a lag, and a mode that is told by a word."""
    rng = np.random.default_rng(seed)
    load = 50 + 10 * np.cumsum(rng.normal(size=rows)) / np.sqrt(np.arange(1, rows + 1))
    slow = np.convolve(load, np.ones(20) / 20)[:rows]
    mode = np.where(np.arange(rows) // 200 % 2, "fast", "slow")
    times = pl.datetime_range(
        start, start + (rows - 1) * MINUTE, "1m", eager=True, time_unit="us"
    )
    return pl.DataFrame(
        {
            "asset": ["a"] * rows,
            "time": times,
            "t": load + rng.normal(size=rows),
            "u": slow + (mode == "fast") * 5 + rng.normal(size=rows),
            "v": rng.normal(size=rows),
            "load": load,
            "mode": mode,
        }
    )


def test_contexts_and_their_words_explain_a_reading_as_they_explain_a_row() -> None:
    names = ("t", "u", "v", "load", "mode")
    model = kizashi.fit(
        loaded(2_000, 0, START), context=("load", "mode"), recipe="mahalanobis", engine="local"
    )
    assert model.manifest.assets["a"].conditioned
    new = loaded(700, 1, LATER)
    codes = pl.col("mode").replace_strict(
        model.manifest.levels["mode"], return_dtype=pl.Float64
    )
    stored = new.with_columns(codes)
    online = Online(model._models, remembered(stored.head(600)))
    for rows, reading in enumerate(given(new[600:], names), 601):
        found = online.push(*reading)
        if rows % 9 == 0:
            scores, _ = score_frame(model._models, stored.head(rows), live=True)
            assert found.state == scores["state"][-1]
            assert found.surprise == pytest.approx(scores["surprise"][-1], abs=0.02)
    strange = online.push(
        "a", LATER + 800 * MINUTE, {**given(new, names)[0].values, "mode": "?"}
    )
    assert strange.state is Judgement.UNSEEN_MODE


def test_the_calendar_takes_readings_out() -> None:
    model, new = fitted("mahalanobis"), readings(("a",), 60, seed=3, start=LATER)
    masks = Masks(((LATER + 20 * MINUTE, LATER + 40 * MINUTE),))
    online = Online(model._models, NOTHING, masks=masks)
    found = [online.push(*reading) for reading in given(new)]
    scores, _ = score_frame(model._models, new, masks=masks)
    assert [one.state for one in found] == scores["state"].to_list()
    online.mask(Masks())
    assert online.push("a", LATER + 60 * MINUTE, given(new)[0].values).state is Judgement.FINAL


# ---------------------------------------------------------------- what came before
def test_the_first_reading_and_one_after_a_gap_go_on_from_what_is_remembered() -> None:
    model, new = fitted("forecast"), readings(("a",), 400, seed=3, start=LATER)
    online = Online(model._models, remembered(new))
    for rows in (200, 201, 202, 330, 331):
        scores, _ = score_frame(model._models, new.head(rows), live=True)
        alike(online.push(*given(new[rows - 1 : rows])[0]), scores)


def test_another_model_goes_on_without_a_break() -> None:
    first, second = fitted("mahalanobis"), fitted("forecast")
    new = readings(("a",), 200, seed=3, start=LATER)
    online = Online(first._models, NOTHING)
    for reading in given(new[:150]):
        online.push(*reading)
    online.swap(second._models)
    for rows, reading in enumerate(given(new[150:]), 151):
        found = online.push(*reading)
        if rows < 156 or rows % 20 == 0:
            # As far as the first model kept them, rows before the change are known.
            reach = first.manifest.assets["a"].warm_rows + 1
            scores, _ = score_frame(second._models, new[150 - reach : rows], live=True)
            alike(found, scores)
    with pytest.raises(Conflict):
        online.push(*given(new[10:11])[0])
    online.swap(first._models)
    with pytest.raises(Conflict, match="not later"):
        online.push(*given(new[10:11])[0])


def test_what_the_model_before_kept_is_not_asked_for_again() -> None:
    model, new = fitted("mahalanobis"), readings(("a",), 80, seed=3, start=LATER)
    asked: list[Sequence[str]] = []

    def history(assets: Sequence[str], *span: Any) -> pl.DataFrame:
        asked.append(assets)
        return NOTHING(assets, *span)

    online = Online(model._models, history)
    for reading in given(new[:70]):
        online.push(*reading)
    online.swap(model._models)
    for rows, reading in enumerate(given(new[70:]), 71):
        alike(online.push(*reading), score_frame(model._models, new.head(rows), live=True)[0])
    assert asked == [["a"]]


# ---------------------------------------------------------------- hostile
def test_a_reading_that_is_not_later_is_refused_and_nothing_of_its_call_is_taken() -> None:
    model, new = fitted("mahalanobis"), given(readings(("a",), 10, start=LATER))
    online = Online(model._models, NOTHING)
    online.push_many(new[:5])
    for wrong in (new[4:6], [new[5], new[5]], [new[6], new[5]]):
        with pytest.raises(Conflict, match="not later than"):
            online.push_many(wrong)
    assert len(online.push_many(new[5:])) == 5


@pytest.mark.parametrize(
    ("asset", "time", "values"),
    [
        ("", LATER, {"s0": 1.0}),
        ("a" * 401, LATER, {"s0": 1.0}),
        ("a", LATER.replace(year=2300), {"s0": 1.0}),
        ("a", LATER, {"s0": "1.0"}),
        ("a", LATER, {"s0": [1.0]}),
        ("a", LATER, {"s0": 10**400}),
    ],
)
def test_what_is_no_reading_is_refused(
    asset: str, time: datetime, values: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest):
        Online(fitted("mahalanobis")._models).push(asset, time, values)


def test_values_that_no_sensor_measures_harm_no_later_reading() -> None:
    model = fitted("mahalanobis")
    online = Online(model._models, NOTHING)
    new = given(readings(("a",), 30, seed=3, start=LATER))
    for number, bad in enumerate((np.inf, -np.inf, np.nan, 1e300, None)):
        values = dict.fromkeys(SENSORS, bad)
        found = online.push("a", LATER - (5 - number) * MINUTE, values)
        assert found.state in (Judgement.TOO_FEW_SENSORS, Judgement.FINAL)
        assert found.surprise is None
    assert online.push("b", LATER, {}).state is Judgement.TOO_FEW_SENSORS
    clean = Online(model._models, NOTHING)
    after, expected = ([own.push(*r).surprise for r in new] for own in (online, clean))
    assert after[5:] == expected[5:]


def test_assets_without_a_model_keep_nothing_and_the_longest_silent_is_forgotten() -> None:
    model = fitted("mahalanobis")
    online = Online(model._models, NOTHING, most_bytes=1)
    values = given(readings(("a",), 1))[0].values
    unknown = [Reading(f"x-{n}", LATER, values) for n in range(300)]
    assert {one.state for one in online.push_many(unknown)} == {Judgement.NO_MODEL}
    assert (len(online), online.bytes) == (0, 0)
    online.push("a", LATER, values)
    kept = online.bytes
    assert kept > 0
    online.push("b", LATER, values)
    assert len(online) == 1
    assert online.bytes < 1.5 * kept
    assert online.push("a", LATER, values).state is Judgement.FINAL  # forgotten: taken as new
