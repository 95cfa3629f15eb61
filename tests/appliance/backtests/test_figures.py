"""What events would have been worth: by verdicts, then by failures; the rest is false."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from appliance.backtests.figures import Known, Subject, judge, make_side, side_by_side
from appliance.events.scorecard import LOOK_BACK, Failure
from appliance.schemas.backtest import Replay, Side, Worth
from appliance.schemas.event import Event, EventDraft, Severity

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def draft(first: float, last: float, asset: str = "P-1", **more) -> EventDraft:
    return EventDraft(
        **{
            "asset": asset,
            "start": START + first * DAY,
            "end": START + last * DAY,
            "peak": 4.0,
            "peak_time": START + first * DAY,
            "threshold": 3.0,
            "severity": Severity.WATCH,
            "sensors": (),
        }
        | more
    )


def event(number: int, first: float, last: float, verdict: str | None, **more) -> Event:
    return Event(
        **draft(first, last, **more).model_dump(),
        id=f"evt_{number}",
        fleet="pumps",
        verdict=verdict,
        model_version=1,
        score_batch="s",
        created=START,
        updated=START,
    )


def known(events=(), failures=()) -> Known:
    told = [Failure(a, START + f * DAY, START + u * DAY, "seized") for a, f, u in failures]
    return Known("pumps", events, told, told, ZoneInfo("UTC"), LOOK_BACK)


def replay(*drafts: EventDraft, asset: str = "P-1", days: float = 60, **more) -> Replay:
    return Replay(
        **{
            "asset": asset,
            "events": drafts,
            "first": START,
            "last": START + days * DAY,
            "seconds": {"2026-03": 30 * 86_400, "2026-04": (days - 30) * 86_400},
            "learned_from": START - 30 * DAY,
            "learned_until": START,
        }
        | more
    )


def subject(*replays: Replay) -> Subject:
    return Subject(2, "auto", 1.0, (START - 30 * DAY, START), replays)


@pytest.mark.parametrize(
    ("verdict", "worth"),
    [("true", Worth.TRUE), ("false", Worth.FALSE), ("planned", Worth.PLANNED)],
)
def test_a_verdict_in_the_same_place_comes_before_a_failure(verdict, worth):
    found = judge([draft(5, 6)], known([event(1, 5.5, 7, verdict)], [("P-1", 10, 11)]))
    assert [(one.worth, one.known) for one in found] == [(worth, "evt_1")]


def test_of_several_verdicts_true_counts_first():
    events = [event(1, 5, 5.2, "false"), event(2, 5.4, 6, "true"), event(3, 5, 6, None)]
    [one] = judge([draft(5, 6)], known(events))
    assert (one.worth, one.known) == (Worth.TRUE, "evt_2")


@pytest.mark.parametrize(
    ("first", "last", "asset", "worth"),
    [
        (5, 6, "P-1", Worth.FAILURE),  # before
        (10.5, 12, "P-1", Worth.FAILURE),  # begins within
        (11.5, 12, "P-1", Worth.UNKNOWN),  # after
        (5, 6, "P-2", Worth.UNKNOWN),  # another machine
        (-25, -21, "P-1", Worth.UNKNOWN),  # ended longer before than the look-back
    ],
)
def test_what_nobody_judged_is_judged_by_the_failure_that_followed(first, last, asset, worth):
    [one] = judge([draft(first, last, asset)], known(failures=[("P-1", 10, 11)]))
    assert (one.worth, one.known) == (worth, None)


def test_figures_of_a_side():
    events = [event(1, 20, 21, "true"), event(2, 40, 41, "true")]
    drafts = [draft(5, 6), draft(20, 21), draft(30, 31), draft(31, 32)]
    facts = known(events, [("P-1", 10, 11), ("P-1", 55, 56), ("P-2", 50, 51)])
    others = ((0.1, (drafts[1],)), (5.0, tuple(drafts)))
    side = make_side(
        subject(
            replay(*drafts, others=others),
            replay(asset="P-2", learned_until=START + 30 * DAY),
            Replay(asset="P-9"),
        ),
        facts,
    )
    own = side.figures
    assert (own.events, own.right, own.unknown, own.asset_months) == (4, 4, 0, 4.0)
    assert (own.failures, own.missed, own.false_alarms.value) == (3, 1, 0.0)
    # Of day 5 for day 10, and of day 30, which no longer lies before the look-back, for day 55.
    assert own.lead_hours.median == pytest.approx((5 + 25) / 2 * 24)
    assert (side.assets, side.unknown, side.seen) == (2, ("P-9",), 0.25)
    assert (side.confirmed, side.lost) == (2, ("evt_2",))
    assert [(one.asset, one.title) for one in side.missed] == [("P-2", "seized")]
    assert [(one.budget, one.events) for one in side.budgets] == [(0.1, 1), (5.0, 4)]


def test_nothing_judged_is_no_rate():
    side = make_side(subject(Replay(asset="P-9")), known())
    assert (side.figures.asset_months, side.figures.false_alarms.value, side.seen) == (
        0,
        None,
        0,
    )


def test_events_that_nearly_touch_are_one_of_both():
    ours = [draft(1, 2), draft(10, 11, severity=Severity.ACT), draft(1, 2, "P-2")]
    theirs = [draft(2.05, 3), draft(20, 21)]
    near = {"P-1": timedelta(hours=2)}
    events, sides = side_by_side(ours, theirs, known(), near, 10)
    assert sides == {Side.BOTH: 1, Side.CANDIDATE: 2, Side.CHAMPION: 1}
    assert events[0].side is Side.CANDIDATE
    assert events[0].facts.severity is Severity.ACT
    few, same = side_by_side(ours, theirs, known(), near, 1)
    assert (few, same) == (events[:1], sides)
    alone, counts = side_by_side(ours, None, known(), {}, 10)
    assert (len(alone), counts[Side.CANDIDATE]) == (3, 3)
