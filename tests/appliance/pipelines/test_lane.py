"""The swim lane and the figures beside it: where to look first, what stopped, what is new."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from appliance.access.seen import EVERYTHING, Seen
from appliance.core.errors import NotFound
from appliance.intake import IngestOptions
from appliance.pipelines import overview as overviews
from appliance.pipelines.glance import changes, overview, patience_for
from appliance.pipelines.ingest import ingest
from appliance.pipelines.lane import lane
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.calendar import WindowDraft, WindowKind
from tests.appliance.fleet.plants import SENSORS
from tests.appliance.pipelines.sites import (
    DAY,
    FLEET,
    LEARNED,
    bring,
    moment,
    next_day,
    plant,
)

NOW = moment(LEARNED + DAY - 1) + timedelta(minutes=5)


@pytest.fixture
def busy(grown):
    """Return a site whose P-2 had a fault on its last day."""
    return grown(day=next_day())


def shown(site, **asked):
    return lane(site, EVERYTHING, **{"days": 30, "limit": 100} | asked)


def test_the_machine_with_the_worst_event_is_on_top_and_coloured_as_its_event(busy):
    told = shown(busy)
    [event] = busy.events.list(FLEET, assets=["P-2"])
    first = told.rows[0]
    assert (first.asset, first.urgency, first.events) == ("P-2", event.severity, 1)
    assert len(told.starts) == len(first.cells) == len(first.peaks) == 30
    assert first.cells[-1] == {"watch": "2", "plan": "3", "act": "4"}[event.severity.value]
    assert first.peaks[-1] == round(event.peak / event.threshold * 100)
    assert told.starts[-1] <= event.start < event.end < told.end
    assert first.cells[:23] == "." * 23
    assert {row.urgency for row in told.rows[1:]} == {None}
    lately = [max(peak or 0 for peak in row.peaks[-3:]) for row in told.rows[1:]]
    assert lately == sorted(lately, reverse=True)
    assert told.coverage == 1.0


def test_few_days_are_cut_into_parts_and_many_put_together(busy):
    short, whole = shown(busy, days=2), shown(busy, days=None)
    assert len(short.starts) == 8
    assert short.starts[1] - short.starts[0] == timedelta(hours=6)
    [row] = [row for row in short.rows if row.asset == "P-2"]
    assert row.cells[4:6].strip("01") != ""
    assert len(whole.starts) == 7 * 4
    long = shown(busy, days=365)
    assert len(long.starts) <= 92
    assert long.rows[0].peaks[-1] == shown(busy).rows[0].peaks[-1]


@pytest.mark.slow
def test_what_was_not_judged_is_said(busy):
    draft = WindowDraft(
        fleet=FLEET,
        asset="P-1",
        kind=WindowKind.MAINTENANCE,
        start=moment(LEARNED),
        end=moment(LEARNED + DAY),
        title="overhaul",
    )
    busy.calendar.add(draft, "erika")
    new = plant(DAY, first=LEARNED, assets=["new"])
    dead = new.with_columns(pl.lit(1.0, pl.Float32).alias(name) for name in SENSORS)
    bring(busy, dead, "new")
    score(busy, FLEET)
    told = {row.asset: row for row in shown(busy).rows}
    assert told["P-1"].cells[-1] == "m"
    assert told["P-1"].peaks[-1] is None
    assert told["new"].cells[-1] == "u"


@pytest.mark.slow
def test_gaps_are_not_covered(busy):
    bring(busy, plant(1, first=LEARNED + 3 * DAY, assets=["P-1"]), "later")
    score(busy, FLEET)
    assert shown(busy, days=4).coverage == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.slow
def test_only_so_many_and_only_what_may_be_seen(busy):
    told = shown(busy, limit=2)
    assert (len(told.rows), told.total) == (2, 4)
    assert told.rows[0].asset == "P-2"
    nothing = lane(busy, Seen(only=frozenset()), days=30, limit=10)
    assert (nothing.rows, nothing.total, nothing.coverage) == ((), 0, None)
    with pytest.raises(NotFound):
        shown(busy, fleet="fans")


def test_a_fleet_without_a_model_has_rows_without_cells(site):
    bring(site, plant(20), "some")
    told = shown(site)
    assert {row.cells.strip(".") for row in told.rows} == {""}
    assert overview(site, EVERYTHING, moment(20)).watched == 0


def test_a_damaged_champion_hides_no_machine(busy):
    folder = Path(busy.registry.champion(FLEET).path)
    moved = folder.rename(folder.with_name("moved"))
    overviews._manifest.cache_clear()
    try:
        told = shown(busy)
    finally:
        moved.rename(folder)
    assert told.rows[0].asset == "P-2"


def test_cycles_are_a_lane_of_their_own(busy, tmp_path):
    path = tmp_path / "engines.csv"
    rows = pl.DataFrame({"engine": ["e1"] * 50, "cycle": list(range(50)), "t": [1.0] * 50})
    rows.write_csv(path)
    ingest(busy, [path], "engines", IngestOptions(asset="engine", time="cycle"))
    assert busy.intake.time_kind("engines") == "cycle"
    assert {row.fleet for row in shown(busy).rows} == {FLEET}
    own = shown(busy, fleet="engines", days=None)
    assert (own.kind, own.timezone, len(own.starts)) == ("cycle", "UTC", 12)
    told = overview(busy, EVERYTHING, NOW)
    assert (told.fleets, told.assets, told.stopped) == (2, 5, ())


# ---------------------------------------------------------------- figures
def test_figures(busy):
    told = overview(busy, EVERYTHING, NOW)
    assert (told.fleets, told.assets, told.watched) == (1, 4, 4)
    assert told.waiting.act + told.waiting.plan + told.waiting.watch == 1
    assert told.last == moment(LEARNED + DAY - 1)
    assert overview(busy, Seen(only=frozenset()), NOW).assets == 0


def test_a_machine_that_stopped_alone_is_told_and_all_together_are_one_line(busy):
    later = plant(DAY, first=LEARNED + DAY, seed=3, assets=["P-1", "P-2", "P-3"])
    bring(busy, later, "later")
    told = overview(busy, EVERYTHING, moment(LEARNED + 2 * DAY))
    assert [(one.asset, one.assets, one.last) for one in told.stopped] == [
        ("P-4", 1, moment(LEARNED + DAY - 1))
    ]
    told = overview(busy, EVERYTHING, moment(LEARNED + 4 * DAY))
    assert [(one.asset, one.assets) for one in told.stopped] == [("P-4", 1), (None, 3)]


def test_files_that_come_once_a_day_are_not_late_at_noon():
    days = [moment(0) - timedelta(days=n, minutes=n % 3) for n in range(6)]
    assert timedelta(days=1.9) < patience_for(days) < timedelta(days=2.1)
    assert patience_for(days[:1]) == patience_for([]) == timedelta()


@pytest.mark.slow
def test_what_is_new_since(learned):
    since = learned.registry.promotions(FLEET)[-1].at
    assert changes(learned, EVERYTHING, None, since).promotions == ()
    bring(learned, next_day(), "day")
    score(learned, FLEET)
    train(learned, FLEET, TrainOptions(recipe="pca"))
    learned.registry.promote(FLEET, 2, "erika", show=False)
    [event] = learned.events.list(FLEET, assets=["P-2"])
    learned.events.close(event.id, "erika", "true")
    told = changes(learned, EVERYTHING, None, since)
    assert told.opened >= 1
    assert told.closed == 1
    assert [(one.version, one.by) for one in told.promotions] == [(2, "erika")]
    assert told.failed == ()
    late = changes(learned, EVERYTHING, None, told.promotions[0].at + timedelta(minutes=1))
    assert (late.opened, late.closed, late.promotions) == (0, 0, ())
    unseen = changes(learned, Seen(but=frozenset({FLEET})), [], since)
    assert (unseen.opened, unseen.closed, unseen.promotions) == (0, 0, ())
