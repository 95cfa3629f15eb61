"""A window holds for training, scores and events; removed, it leaves no trace."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.calendar.store import MarkStore
from appliance.pipelines.score import Revised, score
from appliance.pipelines.train import TrainOptions, train
from appliance.registry import Registry
from appliance.schemas.calendar import WindowDraft, WindowKind
from appliance.schemas.event import EventChange, EventKind, EventState
from appliance.schemas.score import Judgement
from tests.appliance.pipelines.sites import (
    ASSETS,
    DAY,
    FLEET,
    LEARNED,
    STEP,
    bring,
    moment,
    next_day,
    plant,
    same_scores,
    scores_of,
    standing,
    withdrawn,
)

FAULT = LEARNED + 40, LEARNED + 80


def window(first: int, last: int, **more) -> WindowDraft:
    """Return a window over rows, counted from the first of training; the last is outside."""
    given = {"fleet": FLEET, "start": moment(first), "end": moment(last)}
    return WindowDraft(**given | more)


def anomalies(site, asset="P-2"):
    found = site.events.list(FLEET, assets=[asset], kind=EventKind.ANOMALY)
    return sorted(found, key=lambda event: event.start)


def inside(first: int, last: int) -> pl.Expr:
    return pl.col("time").is_between(moment(first), moment(last), closed="left")


@pytest.fixture
def faulty(grown):
    """Open a site whose P-2 has an event."""
    site = grown(day=next_day())
    assert len(anomalies(site)) == 1
    return site


# ---------------------------------------------------------------- scores and events
@pytest.mark.slow
def test_a_window_over_an_event_withdraws_it_and_its_end_brings_it_back(faulty):
    table, events = scores_of(faulty), standing(faulty)
    [event] = anomalies(faulty)
    made = faulty.calendar.add(window(FAULT[0] - 5, FAULT[1] + 5), "mori")
    done = score(faulty, FLEET)
    assert (done.batches, done.masked) == (0, 4 * 50)
    assert done.events == Revised(0, 0, 1)
    masked = scores_of(faulty).filter(inside(FAULT[0] - 5, FAULT[1] + 5))
    assert masked["state"].unique().to_list() == [Judgement.MAINTENANCE]
    assert masked["surprise"].null_count() == masked.height == 4 * 50
    assert not masked["alarm"].any()
    assert [gone.id for gone in withdrawn(faulty)] == [event.id]
    assert score(faulty, FLEET).rows == 0

    faulty.calendar.remove(made.id, "mori")
    assert score(faulty, FLEET).events == Revised(0, 1, 0)
    same_scores(scores_of(faulty), table)
    assert standing(faulty) == events
    changes = [change.change for change in faulty.events.history(event.id)]
    assert changes == [EventChange.OPENED, EventChange.WITHDRAWN, EventChange.RETURNED]
    assert score(faulty, FLEET).rows == 0


@pytest.mark.slow
def test_a_window_within_an_event_cuts_it_in_two(faulty):
    [event] = anomalies(faulty)
    faulty.calendar.add(window(FAULT[0] + 10, FAULT[0] + 15, asset="P-2"), "mori")
    score(faulty, FLEET)
    first, second = anomalies(faulty)
    assert (first.id, first.start) == (event.id, event.start)
    assert first.end < moment(FAULT[0] + 10)
    assert second.start >= moment(FAULT[0] + 15)
    assert not first.ongoing


@pytest.mark.slow
def test_what_a_person_closed_stays_in_sight(faulty):
    [event] = anomalies(faulty)
    faulty.events.close(event.id, "mori", "false")
    faulty.calendar.add(window(FAULT[0], FAULT[1]), "mori")
    score(faulty, FLEET)
    assert faulty.events.get(event.id).state is EventState.CLOSED
    assert faulty.events.history(event.id)[-1].change is EventChange.VANISHED


@pytest.mark.slow
def test_no_event_begins_inside_when_the_readings_come_after_the_window(learned):
    learned.calendar.add(window(FAULT[0] - 1, FAULT[1] + 1, asset="P-2"), "mori")
    bring(learned, next_day(), "day")
    done = score(learned, FLEET)
    assert (done.masked, anomalies(learned)) == (42, [])


def test_a_failure_is_a_label_and_hides_nothing(faulty):
    table, events = scores_of(faulty), standing(faulty)
    faulty.calendar.add(window(*FAULT, kind=WindowKind.FAILURE), "mori")
    assert score(faulty, FLEET).rows == 0
    same_scores(scores_of(faulty), table)
    assert standing(faulty) == events


@pytest.mark.slow
def test_exactly_the_stretches_that_changed_are_judged_anew(faulty):
    table = scores_of(faulty)
    first = faulty.calendar.add(window(300, 310, asset="P-1"), "mori")
    assert score(faulty, FLEET).rows <= 10 + 2 * 60
    score(faulty, FLEET)
    longer = window(300, 312, asset="P-1")
    faulty.calendar.edit(first.id, longer, "mori")
    done = score(faulty, FLEET)
    assert 0 < done.rows <= 10 + 2 * 60
    other = pl.col("asset") != "P-1"
    same_scores(scores_of(faulty).filter(other), table.filter(other))
    faulty.calendar.edit(first.id, longer.model_copy(update={"title": "seals"}), "mori")
    assert score(faulty, FLEET).rows == 0


@pytest.mark.slow
def test_windows_of_another_fleet_or_time_change_nothing(faulty):
    version = faulty.lake.scores(FLEET).version()
    faulty.calendar.add(window(*FAULT, fleet="fans"), "mori")
    faulty.calendar.add(window(LEARNED + 3 * DAY, LEARNED + 4 * DAY), "mori")
    faulty.calendar.add(window(*FAULT, asset="P-9"), "mori")
    assert score(faulty, FLEET).rows == 0
    assert faulty.lake.scores(FLEET).version() == version


@pytest.mark.slow
def test_the_site_s_windows_hold_for_every_fleet(faulty):
    faulty.calendar.add(window(*FAULT, fleet=None), "mori")
    assert score(faulty, FLEET).masked == 4 * 40


@pytest.mark.slow
@pytest.mark.parametrize(
    ("owner", "name"), [(MarkStore, "settle"), (Registry, "record_scores")]
)
def test_cut_off_and_repeated_with_another_calendar_it_ends_as_one_run(
    faulty, monkeypatch, owner, name
):
    table, events = scores_of(faulty), standing(faulty)
    made = faulty.calendar.add(window(*FAULT), "mori")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, killed)
        with pytest.raises(KeyboardInterrupt):
            score(faulty, FLEET)
    assert anomalies(faulty) == []
    faulty.calendar.remove(made.id, "mori")
    score(faulty, FLEET)
    same_scores(scores_of(faulty), table)
    assert standing(faulty) == events
    faulty.calendar.add(window(*FAULT), "mori")
    assert score(faulty, FLEET).masked == 4 * 40
    assert anomalies(faulty) == []


# ---------------------------------------------------------------- leaves no trace
rows = st.integers(LEARNED - 20, LEARNED + DAY)


@pytest.mark.slow
@settings(
    max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(
    st.lists(
        st.tuples(rows, st.integers(1, 60), st.sampled_from([*ASSETS, None])),
        min_size=1,
        max_size=3,
    )
)
def test_adding_then_removing_windows_leaves_everything_as_before(untouched, spans):
    site, table, events = untouched
    made = [
        site.calendar.add(window(first, first + length, asset=asset), "mori")
        for first, length, asset in spans
    ]
    score(site, FLEET)
    masked = scores_of(site).filter(pl.col("state") == Judgement.MAINTENANCE)
    wanted = pl.any_horizontal(
        inside(first, first + length)
        & (pl.lit(value=True) if asset is None else pl.col("asset") == asset)
        for first, length, asset in spans
    )
    assert masked.height == table.filter(wanted).height
    for number, one in enumerate(made):
        site.calendar.remove(one.id, "mori")
        if number == 0:
            score(site, FLEET)
    score(site, FLEET)
    same_scores(scores_of(site), table)
    assert standing(site) == events


@pytest.fixture
def untouched(faulty):
    return faulty, scores_of(faulty), standing(faulty)


@pytest.mark.slow
def test_late_rows_beside_a_window_give_what_one_run_gives(learned, learned_home, make_site):
    import shutil

    home = learned.settings.home.parent / "other"
    shutil.copytree(learned_home, home)
    other, day = make_site("other"), next_day()
    for site in (learned, other):
        site.calendar.add(window(LEARNED + 50, LEARNED + 60), "mori")
        site.calendar.add(window(LEARNED - 10, LEARNED + 3), "mori")
    bring(other, day, "whole")
    score(other, FLEET)
    place = pl.int_range(pl.len()).over("asset")
    for name, part in (("b", place.is_between(55, 99)), ("a", place < 55), ("c", place > 99)):
        bring(learned, day.filter(part), name)
        score(learned, FLEET)
    same_scores(scores_of(learned), scores_of(other))
    assert standing(learned) == standing(other)


# ---------------------------------------------------------------- training
@pytest.mark.slow
def test_training_leaves_windows_out_and_says_so(site):
    odd = plant(faults={"P-2": (1, 100, 300)})
    bring(site, odd, "training")
    made = site.calendar.add(window(90, 310, asset="P-2"), "mori")
    failed = site.calendar.add(window(400, 450, kind=WindowKind.FAILURE), "mori")
    site.calendar.add(window(LEARNED + 1, LEARNED + 9), "mori")
    version = train(site, FLEET, TrainOptions(recipe="mahalanobis"))
    told = version.lineage
    assert {note.window for note in told.windows} == {made.id, failed.id}
    assert told.masked == 220 + 4 * 50
    assert told.rows == 4 * LEARNED - told.masked
    from pathlib import Path

    from appliance.fleet import Artifact

    entry = Artifact(Path(version.path)).manifest.assets["P-2"]
    assert entry.rows == LEARNED - 220 - 50
    assert entry.excluded == ()


@pytest.mark.slow
def test_shutdowns_every_night_are_left_out_by_a_rule(site):
    bring(site, plant(), "training")
    nightly = window(0, 36, rule="FREQ=DAILY")
    site.calendar.add(nightly, "mori")
    told = train(site, FLEET, TrainOptions(recipe="mahalanobis")).lineage
    assert told.masked == 4 * 36 * (LEARNED // DAY)
    assert timedelta(hours=6) == 36 * STEP
