"""A machine's modes as its champion knows them, and the mode that an event happened in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from appliance.core.errors import LimitExceeded, NotFound
from appliance.pipelines import modes as under_test
from appliance.pipelines.events import told
from appliance.pipelines.modes import modes
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.event import EventKind
from tests.appliance.pipelines.sites import (
    DAY,
    FLEET,
    LEARNED,
    STEP,
    bring,
    moment,
    next_day,
    open_site,
    plant,
)

HALF = 72
"""Rows, half a day, that P-2 keeps a speed; the others have but one."""


def _with_speed(frame: pl.DataFrame) -> pl.DataFrame:
    row = (pl.col("time") - moment(0)).dt.total_minutes() // 10
    fast = (row // HALF % 2 == 1) & (pl.col("asset") == "P-2")
    return frame.with_columns(
        (pl.col("s2") + pl.when(fast).then(40.0).otherwise(0.0)).alias("s2"),
        speed=pl.when(fast).then(1480.0).otherwise(900.0),
    )


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Make a site that learned P-2 at two speeds, and found a fault at the higher one."""
    site = open_site(tmp_path_factory.mktemp("modes") / "home")
    bring(site, _with_speed(plant()), "training", context=("speed",))
    train(site, FLEET, TrainOptions(recipe="pca"))
    day = next_day(faults={"P-2": (1, 80, 130)})
    bring(site, _with_speed(day), "day", context=("speed",))
    score(site, FLEET)
    (speed,) = (one for one in site.intake.sensors(FLEET) if one.name == "speed")
    site.intake.edit_sensor(FLEET, speed.model_copy(update={"unit": "rpm"}))
    yield site
    site.close()


@pytest.mark.slow
def test_modes_with_bands_and_when_they_were_on(furnished: Site) -> None:
    answer = modes(furnished, FLEET, "P-2")
    assert (answer.version, answer.time_kind) == (1, "time")
    assert [one.mode for one in answer.modes] == [1, 2]
    assert [one.words for one in answer.modes] == [
        "mode with low speed",
        "mode with high speed",
    ]
    assert sum(one.share for one in answer.modes) == pytest.approx(1, abs=0.01)
    low, high = ({band.sensor: band for band in one.bands} for one in answer.modes)
    assert low["s2"].high < 10 < 30 < high["s2"].low < high["s2"].middle < high["s2"].high
    assert (high["speed"].middle, high["speed"].unit) == (1480, "rpm")
    assert len(answer.stretches) == 2 * (LEARNED + DAY) // DAY
    assert [one.mode for one in answer.stretches[:3]] == [1, 2, 1]
    assert answer.stretches[1].start == moment(HALF)
    assert answer.stretches[1].end == moment(2 * HALF)
    assert answer.start == moment(0)
    assert answer.shortest_seconds == 5 * STEP.total_seconds()


def test_a_part_of_the_time_in_japanese(furnished: Site) -> None:
    answer = modes(furnished, FLEET, "P-2", start=moment(50), end=moment(100), language="ja")
    assert [one.words for one in answer.modes] == ["speed が低い運転", "speed が高い運転"]
    assert [(one.mode, one.start, one.end) for one in answer.stretches] == [
        (1, moment(50), moment(HALF)),
        (2, moment(HALF), moment(99)),
    ]
    later = modes(furnished, FLEET, "P-2", start=moment(9_000))
    assert (later.stretches, later.start, len(later.modes)) == ((), None, 2)


def test_a_machine_with_one_mode(furnished: Site) -> None:
    answer = modes(furnished, FLEET, "P-1")
    (only,) = answer.modes
    assert (only.words, only.by, only.share) == ("normal running", (), 1.0)
    (stretch,) = answer.stretches
    assert (stretch.mode, stretch.start) == (1, moment(0))


def test_long_ranges_are_thinned(furnished: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = modes(furnished, FLEET, "P-2")
    monkeypatch.setattr(under_test, "_MOST_ROWS", 120)
    monkeypatch.setattr(under_test, "_AT_ONCE", 200)
    thinned = modes(furnished, FLEET, "P-2")
    assert [one.mode for one in thinned.stretches] == [one.mode for one in whole.stretches]
    for one, other in zip(thinned.stretches, whole.stretches, strict=True):
        assert abs(one.start - other.start) <= 2 * 9 * STEP
    assert thinned.shortest_seconds == 3 * 9 * STEP.total_seconds()
    monkeypatch.setattr(under_test, "MOST_STRETCHES", 4)
    assert len(modes(furnished, FLEET, "P-2").stretches) <= 4
    monkeypatch.setattr(under_test, "MOST_READ", 100)
    with pytest.raises(LimitExceeded, match="shorter time"):
        modes(furnished, FLEET, "P-2")


def test_without_a_model_or_a_machine(tmp_path: Path) -> None:
    site = open_site(tmp_path / "home")
    bring(site, plant(30), "some")
    answer = modes(site, FLEET, "P-1")
    assert (answer.version, answer.modes, answer.stretches) == (None, (), ())
    with pytest.raises(NotFound, match="P-9"):
        modes(site, FLEET, "P-9")
    with pytest.raises(NotFound):
        modes(site, "nowhere", "P-1")
    site.close()


# ---------------------------------------------------------------- events
def _event(site: Site, asset: str):
    found = site.events.list(FLEET, assets=[asset], kind=EventKind.ANOMALY)
    return max(found, key=lambda event: event.peak)


def test_an_event_tells_the_mode_and_what_is_normal_in_it(furnished: Site) -> None:
    event = _event(furnished, "P-2")
    answer = told(furnished, event.id, "en")
    assert (answer.mode.mode, answer.mode.words) == (2, "mode with high speed")
    assert answer.mode.share == 1
    assert not answer.mode.only
    assert ", in the mode with high speed, mainly because of" in answer.words
    assert "、speed が高い運転中に" in told(furnished, event.id, "ja").words
    names = [share.name for share in event.sensors[:5]]
    assert [one.sensor for one in answer.mode.sensors] == names
    faulty = answer.mode.sensors[0]
    assert faulty.sensor == "s1"
    assert faulty.low < faulty.high < 6 < faulty.measured
    calm = next(one for one in answer.mode.sensors if one.sensor == "s2")
    assert calm.low < calm.measured < calm.high


def test_an_event_of_a_version_that_knows_no_modes(
    furnished: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = _event(furnished, "P-2")
    monkeypatch.setattr(under_test, "modes_of", lambda *_: None)
    answer = told(furnished, event.id, "en")
    assert answer.mode is None
    assert "mode" not in answer.words
    assert modes(furnished, FLEET, "P-2").modes == ()


def test_a_long_event_is_thinned(furnished: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    event = _event(furnished, "P-2")
    whole = told(furnished, event.id, "en").mode
    monkeypatch.setattr(under_test, "_MOST_ROWS", 20)
    thinned = told(furnished, event.id, "en").mode
    assert (thinned.mode, thinned.share) == (whole.mode, whole.share)
    assert np.isclose(thinned.sensors[0].measured, whole.sensors[0].measured, atol=2)
    assert event.end - event.start > timedelta(hours=5)
