"""Heat says what the scores say, by day, whatever a run was cut off at."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from appliance.core.settings import Settings
from appliance.heat import Calendar, HeatStore, summarise
from appliance.pipelines import heat
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.calendar import WindowDraft, WindowKind
from tests.appliance.pipelines.sites import (
    DAY,
    FLEET,
    LEARNED,
    bring,
    moment,
    next_day,
    scores_of,
)

ALL = (0, 40_000)


def kept(site, version=1):
    """Return what is kept, by asset and day."""
    found = site.heat.read(FLEET, version, ALL, 1)
    return sorted(
        (s.asset, s.bucket, s.rows, s.judged, s.alarms, s.masked, s.peak) for s in found
    )


def wanted(site, version=1, timezone="UTC"):
    """Return what the scores say, by asset and day."""
    told = summarise(scores_of(site, version), Calendar(timezone))
    columns = ("asset", "day", "rows", "judged", "alarms", "masked", "peak")
    return sorted(told.select(columns).iter_rows())


@pytest.mark.slow
def test_it_follows_the_scores(learned):
    assert kept(learned) == wanted(learned)
    bring(learned, next_day(), "day")
    score(learned, FLEET)
    assert kept(learned) == wanted(learned)
    assert any(alarms for *_, alarms, _, _ in kept(learned))


@pytest.mark.slow
def test_it_follows_what_comes_late(learned):
    day = next_day()
    late = (pl.col("asset") == "P-2") & pl.col("time").is_between(
        moment(LEARNED + 60), moment(LEARNED + 90)
    )
    bring(learned, day.filter(~late), "day")
    score(learned, FLEET)
    bring(learned, day.filter(late), "late")
    score(learned, FLEET)
    assert kept(learned) == wanted(learned)


@pytest.mark.slow
def test_it_follows_the_calendar_there_and_back(learned):
    bring(learned, next_day(), "day")
    score(learned, FLEET)
    before = kept(learned)
    draft = WindowDraft(
        fleet=FLEET,
        asset="P-2",
        kind=WindowKind.MAINTENANCE,
        start=moment(LEARNED),
        end=moment(LEARNED + DAY),
        title="overhaul",
    )
    window = learned.calendar.add(draft, "erika")
    score(learned, FLEET)
    assert kept(learned) == wanted(learned) != before
    assert any(masked for *_, masked, _ in kept(learned))
    learned.calendar.remove(window.id, "erika")
    score(learned, FLEET)
    assert kept(learned) == wanted(learned)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["replace", "whole"])
def test_a_run_cut_off_before_it_is_made_good_by_the_next(learned, monkeypatch, place):
    bring(learned, next_day(), "day")
    with monkeypatch.context() as patch:
        patch.setattr(HeatStore, place, _cut)
        with pytest.raises(KeyboardInterrupt):
            score(learned, FLEET)
    assert kept(learned) != wanted(learned)
    score(learned, FLEET)
    assert kept(learned) == wanted(learned)


def _cut(*_):
    raise KeyboardInterrupt


@pytest.mark.slow
def test_where_it_is_missing_it_is_made_from_the_scores(learned):
    learned.heat.forget(FLEET, 1)
    assert kept(learned) == []
    assert heat.ready(learned, FLEET, 1)
    assert kept(learned) == wanted(learned)
    learned.heat.forget(FLEET, 1)
    score(learned, FLEET)
    assert kept(learned) == wanted(learned)


def test_while_scores_change_it_is_not_made(learned):
    learned.heat.forget(FLEET, 1)
    with learned.alone("score", FLEET):
        assert not heat.ready(learned, FLEET, 1)
    assert kept(learned) == []


def test_another_time_zone_has_other_days(learned):
    moved = Site(Settings(home=learned.settings.home, engine="local", timezone="Asia/Kolkata"))
    assert heat.ready(moved, FLEET, 1)
    assert kept(moved) == wanted(moved, timezone="Asia/Kolkata")
    moved.close()


@pytest.mark.slow
def test_versions_have_their_own_and_those_deleted_are_forgotten(learned):
    train(learned, FLEET, TrainOptions(recipe="pca"))
    score(learned, FLEET, version=2)
    assert kept(learned, 2) == wanted(learned, 2)
    learned.heat.settle(FLEET, 9, "UTC")
    learned.heat.forget(FLEET, 2)
    score(learned, FLEET, version=2)
    assert not learned.heat.whole(FLEET, 9, "UTC")


@pytest.mark.slow
def test_days_together_and_parts_of_days_have_the_same_peaks(learned):
    bring(learned, next_day(), "day")
    score(learned, FLEET)
    span = scores_of(learned).filter(pl.col("state") < 10)
    first = Calendar("UTC").day_of(moment(0))
    days = (first, first + 6)
    [week] = [s for s in learned.heat.read(FLEET, 1, days, 7) if s.asset == "P-2"]
    own = span.filter(pl.col("asset") == "P-2")
    assert week.peak == pytest.approx(own["surprise"].max(), abs=1e-3)
    assert week.judged == own.height
    parts = [peaks for a, _, peaks in learned.heat.quarters(FLEET, 1, days) if a == "P-2"]
    assert max(p for peaks in parts for p in peaks if p is not None) == week.peak


def test_a_day_begins_at_the_sites_midnight():
    there = Calendar("Asia/Tokyo")
    start = there.start(there.day_of(moment(0)))
    assert start == moment(0) - timedelta(hours=9)
    assert there.day_of(moment(0) + timedelta(hours=14, minutes=59)) == there.day_of(moment(0))
    assert there.day_of(moment(0) + timedelta(hours=15)) == there.day_of(moment(0)) + 1
    assert there.start(3, 1) - there.start(3) == timedelta(hours=6)
