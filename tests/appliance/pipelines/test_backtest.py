"""A backtest says what a model would have told, and leaves live scores and events alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from appliance.core.errors import InvalidRequest, NotFound
from appliance.pipelines.backtest import BacktestOptions, backtest
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.backtest import Side, Worth
from appliance.schemas.calendar import WindowDraft, WindowKind
from appliance.schemas.event import EventKind, EventState
from tests.appliance.pipelines.sites import (
    DAY,
    FLEET,
    LEARNED,
    bring,
    facts,
    moment,
    next_day,
    plant,
)

PERIOD = {"start": moment(LEARNED), "end": moment(LEARNED + DAY)}


def window(first: int, last: int, **more) -> WindowDraft:
    return WindowDraft(**{"fleet": FLEET, "start": moment(first), "end": moment(last)} | more)


@pytest.fixture
def faulty(grown):
    """Open a site with a day after training that nobody has scored; P-2 has a fault in it."""
    return grown(scored=False, day=next_day())


def state(site):
    version = site.lake.scores(FLEET).version()
    return (
        version,
        site.events.list(FLEET, states=list(EventState)),
        site.registry.versions(FLEET),
    )


class Recorder:
    """Steps that keep their outputs, as a durable job does, and may be cut off after some."""

    def __init__(self, after: int | None = None) -> None:
        self.kept: dict[str, str] = {}
        self.ran: list[str] = []
        self._after = after

    def run(self, name, kind, work):
        form = TypeAdapter(kind)
        if name not in self.kept:
            if self._after is not None and len(self.ran) == self._after:
                raise KeyboardInterrupt
            self.ran.append(name)
            self.kept[name] = form.dump_json(work()).decode()
        return form.validate_json(self.kept[name])

    def resumed(self) -> Recorder:
        other = Recorder()
        other.kept = dict(self.kept)
        return other


@pytest.mark.slow
def test_the_champion_over_time_that_it_has_not_scored_tells_what_scoring_then_tells(faulty):
    before = state(faulty)
    made = backtest(faulty, FLEET, BacktestOptions(**PERIOD), by="mori")
    assert state(faulty) == before
    score(faulty, FLEET)
    [event] = faulty.events.list(FLEET, kind=EventKind.ANOMALY)
    [told] = made.events
    assert facts(event) == facts(event.model_copy(update=dict(told.facts)))
    assert (told.side, told.worth, told.known) == (Side.CANDIDATE, Worth.UNKNOWN, None)
    assert (made.champion, made.candidate.model_version, made.by) == (None, 1, "mori")
    own = made.candidate.figures
    assert own.asset_months == pytest.approx(4 * DAY / (30 * DAY), rel=0.02)
    assert (own.events, own.unknown, own.false_alarms.value) == (1, 1, 1 / own.asset_months)
    assert made.candidate.seen == 0.0
    assert faulty.backtests.get(made.id) == made
    [listed] = faulty.backtests.list(FLEET)
    assert listed == made.model_copy(update={"events": (), "others": ()})


@pytest.mark.slow
def test_failures_and_verdicts_say_what_events_were_worth(faulty):
    score(faulty, FLEET)
    failure = window(LEARNED + 100, LEARNED + 110, kind=WindowKind.FAILURE, asset="P-2")
    faulty.calendar.add(failure, "mori")
    missed = failure.model_copy(update={"asset": "P-3", "title": "seal"})
    faulty.calendar.add(missed, "mori")
    [event] = faulty.events.list(FLEET, kind=EventKind.ANOMALY)
    made = backtest(faulty, FLEET, BacktestOptions(**PERIOD))
    own = made.candidate.figures
    assert (made.events[0].worth, made.events[0].known) == (Worth.FAILURE, event.id)
    assert (own.right, own.false_alarms.value) == (1, 0.0)
    assert (own.failures, own.missed, own.caught.value) == (2, 1, 0.5)
    lead = (moment(LEARNED + 100) - event.start) / timedelta(hours=1)
    assert own.lead_hours.median == pytest.approx(lead)
    assert [(one.asset, one.title) for one in made.candidate.missed] == [("P-3", "seal")]

    faulty.events.close(event.id, "mori", "false")
    after = backtest(faulty, FLEET, BacktestOptions(**PERIOD)).candidate
    assert (after.figures.false, after.figures.missed, after.figures.right) == (1, 2, 0)
    faulty.events.reopen(event.id, "mori")
    faulty.events.close(event.id, "mori", "true")
    after = backtest(faulty, FLEET, BacktestOptions(**PERIOD)).candidate
    assert (after.figures.right, after.confirmed, after.lost) == (1, 1, ())


@pytest.mark.slow
def test_the_calendar_holds(faulty):
    faulty.calendar.add(window(LEARNED + 30, LEARNED + 90), "mori")
    made = backtest(faulty, FLEET, BacktestOptions(**PERIOD))
    assert made.events == ()
    assert made.candidate.figures.asset_months == pytest.approx(
        4 * (DAY - 60) / (30 * DAY), rel=0.05
    )


@pytest.mark.slow
def test_a_challenger_stands_beside_the_champion(faulty):
    bring(faulty, plant(DAY, first=LEARNED + DAY, seed=4, faults={"P-3": (2, 20, 60)}), "more")
    train(faulty, FLEET, TrainOptions(recipe="pca", end=moment(LEARNED), budget=0.1))
    made = backtest(
        faulty, FLEET, BacktestOptions(start=moment(LEARNED), budgets=(0.1, 1.0, 20.0))
    )
    assert (made.candidate.model_version, made.champion.model_version) == (2, 1)
    assert made.candidate.recipe == "pca"
    assert made.sides[Side.BOTH] + made.sides[Side.CHAMPION] == made.champion.figures.events
    assert made.sides[Side.BOTH] + made.sides[Side.CANDIDATE] == made.candidate.figures.events
    assert [one.budget for one in made.champion.budgets] == [0.1, 1.0, 20.0]
    events = [one.events for one in made.champion.budgets]
    assert events == sorted(events)
    assert events[1] == made.champion.figures.events
    others = [(one.budget, len(one.events)) for one in made.others]
    assert others == [(one.budget, one.events) for one in made.candidate.budgets]
    assert others[0][1] == made.candidate.figures.events
    assert {one.worth for one in made.others[-1].events} == {Worth.UNKNOWN}
    assert made.candidate.budgets[0].events == made.candidate.figures.events


@pytest.mark.slow
def test_a_recipe_is_learned_from_what_lies_before(faulty):
    before = state(faulty)
    options = BacktestOptions(recipe="mahalanobis", start=moment(LEARNED - DAY))
    made = backtest(faulty, FLEET, options)
    assert state(faulty) == before
    side = made.candidate
    assert (side.model_version, side.recipe, side.seen) == (None, "mahalanobis", 0.0)
    assert (side.learned_from, side.learned_until) == (moment(0), moment(LEARNED - DAY - 1))
    assert made.champion.seen == pytest.approx(0.5, abs=0.02)
    assert made.events[0].facts.asset == "P-2"
    assert not list((faulty.settings.home / "models" / ".trials").iterdir())
    halves = backtest(faulty, FLEET, BacktestOptions(recipe="mahalanobis"))
    assert halves.start - moment(0) == pytest.approx(
        halves.end - halves.start, abs=timedelta(seconds=1)
    )


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_killed_in_any_step_it_goes_on_there_with_the_same_result(faulty, after):
    options = BacktestOptions(recipe="mahalanobis", start=moment(LEARNED))
    steps = Recorder(after)
    with pytest.raises(KeyboardInterrupt):
        backtest(faulty, FLEET, options, steps=steps)
    again = steps.resumed()
    made = backtest(faulty, FLEET, options, steps=again)
    assert steps.ran + again.ran == [
        "begin",
        "learn",
        "replay candidate",
        "replay champion",
        "compare",
    ]
    assert [one.id for one in faulty.backtests.list(FLEET)] == [made.id]


def test_what_cannot_be_asked_is_said(faulty, make_site):
    with pytest.raises(NotFound, match="no model version 7"):
        backtest(faulty, FLEET, BacktestOptions(version=7))
    with pytest.raises(InvalidRequest, match="not of both"):
        backtest(faulty, FLEET, BacktestOptions(version=1, recipe="auto"))
    with pytest.raises(InvalidRequest, match="no readings in that time"):
        backtest(faulty, FLEET, BacktestOptions(start=moment(LEARNED + 10 * DAY)))
    with pytest.raises(InvalidRequest, match="no readings before"):
        backtest(faulty, FLEET, BacktestOptions(recipe="auto", start=moment(0)))
    with pytest.raises(NotFound, match="no backtest"):
        faulty.backtests.get("btt_none")
    bare = make_site("bare")
    bring(bare, plant(DAY), "few")
    with pytest.raises(NotFound, match="no model yet"):
        backtest(bare, FLEET)
