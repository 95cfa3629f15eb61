"""Cron expressions on clocks that are put forward and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.errors import InvalidRequest
from appliance.jobs import cron as clock
from appliance.jobs.cron import checked_cron, checked_zone, following, latest, passed

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def coming(cron: str, moment: datetime, count: int, zone: ZoneInfo = BERLIN) -> list[str]:
    found = []
    for _ in range(count):
        moment = following(cron, zone, moment)
        found.append(f"{moment:%m-%d %H:%M}")
    return found


def test_the_clock_hangs_in_its_zone():
    assert coming("30 6 * * *", at("2026-01-01 00:00"), 2) == ["01-01 05:30", "01-02 05:30"]
    assert coming("30 6 * * *", at("2026-07-01 00:00"), 1) == ["07-01 04:30"]
    assert coming("0 0 1 1 *", at("2026-07-01 00:00"), 1) == ["12-31 23:00"]


def test_an_hour_left_out_moves_what_was_due_in_it():
    # On 29 March 2026 the clock goes from 2:00 to 3:00, which is 1:00 UTC.
    assert coming("30 2 * * *", at("2026-03-28 00:00"), 3) == [
        "03-28 01:30",
        "03-29 01:30",
        "03-30 00:30",
    ]
    every = coming("*/30 * * * *", at("2026-03-28 23:59"), 5)
    assert every == ["03-29 00:00", "03-29 00:30", "03-29 01:00", "03-29 01:30", "03-29 02:00"]


def test_an_hour_shown_twice_counts_once_for_what_is_due_at_certain_hours():
    # On 25 October 2026 the clock goes from 3:00 back to 2:00, which is 1:00 UTC.
    assert coming("30 2 * * *", at("2026-10-24 00:00"), 3) == [
        "10-24 00:30",
        "10-25 00:30",
        "10-26 01:30",
    ]
    hourly = coming("30 * * * *", at("2026-10-24 23:59"), 3)
    assert hourly == ["10-25 00:30", "10-25 01:30", "10-25 02:30"]


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(
        ["* * * * *", "7 */3 * * *", "30 2 * * *", "0 0 * * 0", "15 1-4 29 3,10 *"]
    ),
    st.integers(0, 390 * 24 * 60),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_times_after_and_before_are_the_same_times(cron, minutes, name):
    zone, moment = ZoneInfo(name), at("2025-12-01 00:00") + timedelta(minutes=minutes)
    due = following(cron, zone, moment)
    assert due > moment
    assert latest(cron, zone, due) == due
    before = latest(cron, zone, due - timedelta(microseconds=1))
    assert before <= moment
    assert following(cron, zone, before) == due


@pytest.mark.slow
def test_times_that_passed_are_found_from_the_last_one_back():
    found = passed("0 * * * *", BERLIN, at("2026-03-01 00:00"), at("2026-03-01 03:30"))
    assert [f"{due:%H}" for due in found] == ["03", "02", "01", "00"]
    endless = passed("* * * * *", BERLIN, at("1990-01-01 00:00"), at("2026-03-01 03:30"))
    assert len(list(islice(endless, 100))) == 100


@pytest.mark.parametrize(
    "text", ["", "* * * *", "0 0 * * * *", "61 * * * *", "0 0 31 2 *", "x"]
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(InvalidRequest, match="no time that comes"):
        checked_cron(text)


def test_a_zone_that_is_none_is_refused():
    assert checked_zone("Asia/Tokyo") == "Asia/Tokyo"
    for name in ("Mars/Olympus", "../etc/passwd", ""):
        with pytest.raises(InvalidRequest):
            checked_zone(name)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["*/20 * * * *", "30 2 * * *", "15 */3 * * sun"]), st.integers(0, 2_000))
def test_times_that_come_are_those_that_follow_each_other(cron, hours):
    zone = ZoneInfo("Europe/Berlin")
    at = datetime(2026, 3, 27, tzinfo=UTC) + timedelta(hours=hours * 3)
    one, found = at, []
    for _ in range(30):
        one = following(cron, zone, one)
        found.append(one)
    assert list(islice(clock.coming(cron, zone, at), 30)) == found
