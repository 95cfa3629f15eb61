"""A machine's past: its health by what its champion scored, and stretches that look alike."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from appliance.core.errors import InvalidRequest, NotFound
from appliance.pipelines.health import health
from appliance.pipelines.remaining import remaining_life
from appliance.pipelines.similar import Stretch, similar
from appliance.schemas.calendar import WindowDraft
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


@pytest.mark.slow
def test_health_is_told_by_day_up_to_the_newest(learned):
    from appliance.pipelines.score import score

    bring(learned, next_day(faults={"P-2": (1, 10, 140)}), "day")
    score(learned, FLEET)
    sick, well = (health(learned, FLEET, name, None) for name in ("P-2", "P-1"))
    assert len(sick.starts) == len(sick.values) == 7
    assert (sick.version, sick.days, sick.time_kind) == (1, 1, "time")
    assert sick.now == sick.values[-1] < 20
    assert well.now > 80
    assert sick.trend == "unknown"
    assert sick.coverage == 1.0
    assert health(learned, FLEET, "P-2", 2).values == sick.values[-2:]
    assert sick.starts[-1] == moment(LEARNED).replace(hour=0, minute=0)


@pytest.mark.slow
def test_wear_is_carried_on_to_its_limit(learned):
    from appliance.pipelines.score import score

    days = 12
    worn = plant(days * DAY, first=LEARNED, seed=3)
    ramp = (pl.col("time").rank("dense") / (days * DAY)) * worn["s1"].std() * 6
    wears = pl.when(pl.col("asset") == "P-3").then(ramp).otherwise(0.0)
    bring(learned, worn.with_columns(s1=pl.col("s1") + wears), "worn")
    score(learned, FLEET)
    told = remaining_life(learned, FLEET, "P-3", 0.0)
    assert told.trend == health(learned, FLEET, "P-3", None).trend == "falling"
    assert told.days is not None
    assert health(learned, FLEET, "P-3", None).changed_from is None
    assert 0 <= told.low <= told.days
    assert told.since == moment(LEARNED + days * DAY).replace(hour=0, minute=0)
    well = remaining_life(learned, FLEET, "P-1", 0.0)
    assert (well.days, well.low, well.high, well.since) == (None, None, None, None)
    assert well.trend != "falling"


@pytest.mark.slow
def test_a_change_that_stays_is_told_from_wear(learned):
    from appliance.pipelines.score import score

    days = 12
    later = plant(days * DAY, first=LEARNED, seed=4)
    moved = pl.when(pl.col("asset") == "P-2").then(6 * later["s1"].std()).otherwise(0.0)
    bring(learned, later.with_columns(s1=pl.col("s1") + moved), "moved")
    score(learned, FLEET)
    told = health(learned, FLEET, "P-2", None)
    assert told.changed_from == told.trend_from
    assert abs(told.changed_from - moment(LEARNED)) < timedelta(days=1)
    assert (told.trend, remaining_life(learned, FLEET, "P-2", 0.0).days) == ("steady", None)
    well = health(learned, FLEET, "P-1", None)
    assert well.changed_from is None
    # What lies before is not asked for: nothing to have changed from.
    assert health(learned, FLEET, "P-2", 10).changed_from is None

    assert told.changed_after is None
    stop = WindowDraft(fleet=FLEET, start=moment(LEARNED - 6), end=moment(LEARNED - 3))
    others = {"rule": "FREQ=DAILY", "title": "night stop"}, {"asset": "P-1", "title": "other"}
    for one in others:
        learned.calendar.add(stop.model_copy(update=one), "mori")
    assert health(learned, FLEET, "P-2", None).changed_after is None
    learned.calendar.add(stop.model_copy(update={"title": "bearing replaced"}), "mori")
    assert health(learned, FLEET, "P-2", None).changed_after == "bearing replaced"


def test_without_a_model_there_is_no_health(tmp_path):
    site = open_site(tmp_path / "home")
    bring(site, plant(30), "some")
    told = health(site, FLEET, "P-1", None)
    assert (told.version, told.now, told.values) == (None, None, ())
    with pytest.raises(NotFound, match="P-9"):
        health(site, FLEET, "P-9", None)
    with pytest.raises(NotFound):
        health(site, "nowhere", "P-1", None)
    site.close()


@pytest.fixture(scope="module")
def repeated(tmp_path_factory):
    """Make a site in which a course of P-1 comes again: on P-1 and, a day later, on P-3."""
    site = open_site(tmp_path_factory.mktemp("alike") / "home")
    frame = plant(LEARNED)
    sensors = [name for name in frame.columns if name not in ("asset", "time")]
    first = frame.filter(pl.col("asset") == "P-1")[100:160]
    again = [("P-1", 400, 5.0), ("P-3", 400 + DAY, -2.0)]
    for asset, row, level in again:
        copied = first.with_columns(
            pl.lit(asset).alias("asset"),
            pl.Series("time", [moment(row + n) for n in range(60)]).cast(frame.schema["time"]),
            *(pl.col(name) * 2 + level for name in sensors),
        )
        frame = pl.concat([frame.join(copied, on=["asset", "time"], how="anti"), copied])
    bring(site, frame.sort("asset", "time"), "readings")
    yield site
    site.close()


ASKED = Stretch("P-1", moment(100), moment(160))


def test_what_comes_again_is_found(repeated):
    told = similar(repeated, FLEET, ASKED)
    best = told.found[0]
    assert (best.asset, best.start, best.end) == ("P-1", moment(400), moment(460))
    assert best.likeness > 0.99
    assert best.event is None
    assert told.searched == ("P-1",)
    assert told.step_seconds == STEP.total_seconds()
    assert [one.likeness for one in told.found] == sorted(
        (one.likeness for one in told.found), reverse=True
    )
    assert all(one.end <= ASKED.start or one.start >= ASKED.end for one in told.found)


def test_sisters_are_searched_if_asked(repeated):
    told = similar(repeated, FLEET, ASKED, sisters=True)
    assert {(one.asset, one.start) for one in told.found[:2]} == {
        ("P-1", moment(400)),
        ("P-3", moment(400 + DAY)),
    }
    assert told.searched == ("P-1", "P-2", "P-3", "P-4")


def test_what_is_compared_may_be_chosen(repeated):
    assert similar(repeated, FLEET, ASKED, sensors=["s1"]).sensors == ("s1",)
    with pytest.raises(InvalidRequest, match="no sensor 's77'"):
        similar(repeated, FLEET, ASKED, sensors=["s77"])


WRONG = [
    (moment(100), moment(103), "fewer than"),
    (moment(100), moment(100), "fewer than"),
    (moment(160), moment(100), "fewer than"),
    (moment(0), moment(800), "half"),
    (moment(5000), moment(5050), "no readings"),
]


@pytest.mark.parametrize(("start", "end", "why"), WRONG)
def test_a_stretch_must_have_a_course(repeated, start, end, why):
    with pytest.raises(InvalidRequest, match=why):
        similar(repeated, FLEET, Stretch("P-1", start, end))


def test_only_what_is_there_is_asked_about(repeated):
    with pytest.raises(NotFound, match="P-9"):
        similar(repeated, FLEET, Stretch("P-9", moment(100), moment(160)))


@pytest.mark.slow
def test_what_was_found_then_comes_along(learned):
    from appliance.pipelines.score import score

    bring(learned, next_day(faults={"P-2": (1, 40, 80)}), "day")
    score(learned, FLEET)
    (event,) = learned.events.list(FLEET)
    room = timedelta(hours=3)
    asked = Stretch("P-1", event.start - room, event.end + room)
    told = similar(learned, FLEET, asked, sisters=True)
    there = [one for one in told.found if one.asset == "P-2" and one.event]
    assert all(one.event.id == event.id for one in there)
    assert all(one.start < event.end and one.end > event.start for one in there)
