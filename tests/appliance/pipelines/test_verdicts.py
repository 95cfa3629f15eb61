"""A preview of a verdict says what training by it then does."""

from __future__ import annotations

import pytest

from appliance.core.errors import InvalidRequest, NotFound
from appliance.pipelines.promote import promote
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.pipelines.verdicts import preview
from appliance.schemas.calendar import WindowDraft, WindowKind
from appliance.schemas.event import EventKind, EventState
from tests.appliance.pipelines.sites import DAY, FLEET, LEARNED, bring, moment, next_day, plant


@pytest.fixture
def faulty(grown):
    """Open a site whose P-2 has two anomalies of the same kind, and P-3 another one."""
    return grown(
        day=next_day(faults={"P-2": (1, 40, 80), "P-3": (2, 60, 90)}),
        next=plant(DAY, first=LEARNED + DAY, seed=3, faults={"P-2": (1, 20, 60)}),
    )


def of(site, asset: str):
    found = site.events.list(FLEET, kind=EventKind.ANOMALY, assets=[asset])
    return sorted(found, key=lambda event: event.start)


def state(site):
    return (
        site.lake.scores(FLEET).version(),
        site.events.list(FLEET, states=list(EventState)),
        site.registry.versions(FLEET),
        sorted(path.name for path in (site.settings.home / "models" / FLEET).iterdir()),
    )


@pytest.mark.slow
def test_what_was_foretold_of_a_false_alarm_comes_about(faulty):
    first, second = of(faulty, "P-2")
    faulty.events.close(second.id, "mori", "true")
    before = state(faulty)
    ahead = preview(faulty, [first.id], "false")
    assert state(faulty) == before
    assert (ahead.fleet, ahead.events, ahead.verdict) == (FLEET, (first.id,), "false")
    assert ahead.rows == pytest.approx(40, abs=3)
    assert {event.id for event in ahead.removed} >= {first.id}
    assert {event.id for event in ahead.lost} == {e.id for e in ahead.removed} - {first.id}

    faulty.events.close(first.id, "mori", "false")
    version = train(faulty, FLEET, TrainOptions(recipe="mahalanobis"))
    promote(faulty, FLEET, version.version, "mori")
    score(faulty, FLEET)
    scores = faulty.lake.scores(FLEET).read(["P-2"], model_version=version.version)
    for event in (first, second):
        inside = scores.filter(scores["time"].is_between(event.start, event.end))
        gone = event.id in {one.id for one in ahead.removed}
        assert (inside["alarm"].sum() == 0) is gone


@pytest.mark.slow
def test_repeats_are_asked_about_with_what_they_repeat(faulty):
    first, second = of(faulty, "P-2")
    assert second.repeats == first.id
    ahead = preview(faulty, [first.id], "false")
    assert ahead.events == (first.id, second.id)
    assert ahead.rows == pytest.approx(80, abs=6)
    assert ahead.lost == ()


@pytest.mark.slow
def test_a_true_one_stays_as_it_is(faulty):
    first, _ = of(faulty, "P-2")
    ahead = preview(faulty, [first.id], "true")
    assert (ahead.rows, ahead.removed, ahead.lost, ahead.added) == (0, (), (), ())
    assert first.id in {event.id for event in ahead.kept}


@pytest.mark.slow
def test_signs_of_failures_that_would_be_lost_are_told(faulty):
    first, second = of(faulty, "P-2")
    failed = WindowDraft(
        fleet=FLEET,
        asset="P-2",
        kind=WindowKind.FAILURE,
        start=moment(LEARNED + DAY + 100),
        end=moment(LEARNED + DAY + 120),
    )
    faulty.calendar.add(failed, "mori")
    ahead = preview(faulty, [first.id], "false")
    lost = {event.id for event in ahead.lost}
    assert lost == {event.id for event in ahead.removed} & {second.id}


@pytest.mark.slow
def test_several_events_of_several_machines_are_looked_at_together(faulty):
    asked = [event.id for asset in ("P-2", "P-3") for event in of(faulty, asset)]
    ahead = preview(faulty, asked, "false")
    assert ahead.rows == pytest.approx(110, abs=9)
    assert {event.id for event in (*ahead.removed, *ahead.kept)} == set(asked)
    assert ahead.lost == ()


@pytest.mark.slow
def test_what_cannot_be_previewed_is_said(faulty):
    [event, *_] = of(faulty, "P-2")
    with pytest.raises(InvalidRequest, match="no verdict"):
        preview(faulty, [event.id], "maybe")
    with pytest.raises(NotFound):
        preview(faulty, ["evt_none"], "false")
    with pytest.raises(InvalidRequest, match="one fleet"):
        preview(faulty, [], "false")
    bring(faulty, plant(DAY, first=LEARNED + 2 * DAY, seed=8).drop("s4"), "gone")
    score(faulty, FLEET)
    [fault, *_] = faulty.events.list(FLEET, kind=EventKind.SENSOR_FAULT)
    with pytest.raises(InvalidRequest, match="sensor fault"):
        preview(faulty, [fault.id], "false")
