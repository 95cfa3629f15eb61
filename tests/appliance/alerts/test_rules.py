"""What a channel tells of, and when."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from appliance.alerts import due, tells
from appliance.events.life import FRESH
from appliance.schemas.alert import Quiet
from appliance.schemas.event import EventKind, EventState, Severity
from tests.appliance.alerts.channels import AT, channel, event

TOKYO = ZoneInfo("Asia/Tokyo")
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("told", "of"),
    [
        ({}, {}),
        ({"fleets": ["pumps"]}, {}),
        ({"severity": "act"}, {"severity": Severity.ACT}),
        ({}, {"state": EventState.ACKNOWLEDGED}),
        ({"faults": True}, {"kind": EventKind.SENSOR_FAULT}),
        ({}, {"end": AT - 9 * DAY, "start": AT - 10 * DAY, "ongoing": True}),
    ],
)
def test_a_channel_tells_of_what_it_is_for(told, of):
    assert tells(channel(**told), event(**of), None, AT)


@pytest.mark.parametrize(
    ("told", "of"),
    [
        ({"paused": True}, {}),
        ({"fleets": ["fans"]}, {}),
        ({"severity": "act"}, {}),
        ({}, {"severity": Severity.WATCH}),
        ({}, {"state": EventState.CLOSED}),
        ({}, {"state": EventState.WITHDRAWN}),
        ({}, {"kind": EventKind.SENSOR_FAULT}),
        ({"since": AT + timedelta(minutes=1)}, {}),
        ({}, {"start": AT - 10 * DAY, "end": AT - FRESH - timedelta(minutes=1)}),
    ],
)
def test_and_of_nothing_else(told, of):
    assert not tells(channel(**told), event(**of), None, AT)


def test_it_tells_again_only_of_what_became_more_severe():
    known = event(severity=Severity.ACT)
    assert not tells(channel(), known, Severity.ACT, AT)
    assert tells(channel(), known, Severity.PLAN, AT)
    assert not tells(channel(), event(), Severity.ACT, AT)


def test_cycles_are_no_times_of_day():
    old = event(start=AT - 9000 * DAY, end=AT - 8999 * DAY)
    assert tells(channel(), old, None, AT, by_time=False)


def test_what_can_wait_waits_for_the_end_of_the_quiet_hours():
    quiet = channel(quiet=Quiet(start=time(22), end=time(6)))
    night = datetime(2026, 3, 2, 23, 30, tzinfo=TOKYO).astimezone(UTC)
    morning = datetime(2026, 3, 3, 6, 0, tzinfo=TOKYO)
    assert due(quiet, Severity.PLAN, night, TOKYO) == morning
    assert due(quiet, Severity.PLAN, night + timedelta(hours=5), TOKYO) == morning
    assert due(quiet, Severity.ACT, night, TOKYO) == night
    noon = datetime(2026, 3, 3, 12, tzinfo=TOKYO).astimezone(UTC)
    assert due(quiet, Severity.PLAN, noon, TOKYO) == noon


@given(
    some.times(),
    some.times(),
    some.integers(0, 5 * 366 * 24 * 60).map(lambda minutes: AT + timedelta(minutes=minutes)),
    some.sampled_from(["Asia/Tokyo", "Europe/Berlin", "America/New_York"]),
)
def test_quiet_hours_never_hold_anything_back_for_longer_than_they_last(start, end, at, zone):
    there = ZoneInfo(zone)
    quiet = channel(quiet=Quiet(start=start, end=end))
    when = due(quiet, Severity.PLAN, at, there)
    # A night in which the clock is set is an hour longer or shorter.
    assert at <= when + timedelta(hours=1)
    assert when <= at + timedelta(hours=25)
    again = due(quiet, Severity.PLAN, when, there)
    assert again == when or when.astimezone(there).fold
