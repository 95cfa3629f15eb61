"""What alarms were worth: counted by hand, and intervals against their definitions."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.events.scorecard import (
    Alarm,
    Failure,
    Watched,
    make_scorecard,
    rate,
    wilson,
)

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
Z = 1.959963984540054


def day(number: float) -> datetime:
    return START + number * DAY


def alarm(first: float, verdict: str | None = None, **more) -> Alarm:
    given_values = {
        "asset": "a",
        "start": day(first),
        "end": day(first) + HOUR,
        "versions": frozenset({1}),
    }
    return Alarm(verdict=verdict, **given_values | more)


def failure(first: float, last: float | None = None, asset: str = "a") -> Failure:
    return Failure(asset, day(first), day(first + 1 if last is None else last), "bearing")


def card(alarms=(), failures=(), *, watch=None, zone="UTC", **more):
    seen = {
        (1, "a"): Watched(day(0), day(90), {"2026-01": 1.0, "2026-02": 0.9, "2026-03": 1.0})
    }
    return make_scorecard(
        "pumps",
        list(alarms),
        list(failures),
        seen if watch is None else watch,
        {1: 1.0, 2: 0.5},
        1,
        ZoneInfo(zone),
        **more,
    )


# ---------------------------------------------------------------- intervals
@given(st.integers(0, 400), st.integers(0, 400))
def test_wilson_s_ends_are_where_the_share_is_as_far_as_its_error(cases, more):
    among = cases + more
    found = wilson(cases, among)
    if not among:
        assert (found.value, found.low, found.high) == (None, 0.0, 1.0)
        return
    assert found.low <= found.value <= found.high
    for end in (found.low, found.high):
        away = abs(cases / among - end)
        assert away == pytest.approx(Z * math.sqrt(end * (1 - end) / among), abs=1e-9)


@given(st.integers(0, 400), st.floats(0.01, 1000))
def test_a_rate_s_ends_are_where_it_is_as_far_as_its_error(cases, length):
    found = rate(cases, length)
    assert found.low <= found.value <= found.high
    for end in (found.low, found.high):
        away = abs(cases - end * length)
        assert away == pytest.approx(Z * math.sqrt(end * length), rel=1e-6, abs=1e-6)


def test_few_cases_say_little():
    assert wilson(1, 1).low == pytest.approx(0.2065, abs=1e-4)
    assert wilson(8, 10).low == pytest.approx(0.4902, abs=1e-4)
    assert rate(0, 1.0).high == pytest.approx(3.8415, abs=1e-4)
    assert (rate(0, 0.0).value, rate(0, 0.0).high) == (None, None)


# ---------------------------------------------------------------- verdicts
def test_verdicts_are_counted_by_month_and_in_all():
    found = card(
        [
            alarm(3, "true"),
            alarm(5, "false"),
            alarm(10, "planned"),
            alarm(33, "false"),
            alarm(34),
            alarm(40, "true", stands=False),
        ]
    )
    total = found.total
    assert (total.events, total.true, total.false, total.planned, total.unreviewed) == (
        5,
        1,
        2,
        1,
        1,
    )
    assert total.precision == wilson(1, 3)
    assert total.false_alarms == rate(2, 2.9)
    assert (total.asset_months, total.budget) == (pytest.approx(2.9), 1.0)
    assert [(m.month, m.false, m.unreviewed) for m in found.months] == [
        ("2026-01", 1, 0),
        ("2026-02", 1, 1),
        ("2026-03", 0, 0),
    ]
    assert found.versions[0].true == 2


def test_a_month_is_one_of_the_site():
    found = card([alarm(30.9, "false")], zone="Asia/Tokyo")
    assert [m.false for m in found.months] == [0, 1, 0]


def test_versions_are_told_apart_and_time_counts_once():
    watch = {
        (1, "a"): Watched(day(0), day(40), {"2026-01": 1.0, "2026-02": 0.3}),
        (2, "a"): Watched(day(0), day(90), {"2026-01": 0.8, "2026-02": 0.9, "2026-03": 1.0}),
        (2, "b"): Watched(day(0), day(90), {"2026-03": 1.0}),
    }
    found = card([alarm(3, "false"), alarm(4, "true", versions=frozenset({1, 2}))], watch=watch)
    one, two = found.versions
    assert (one.false, one.true, one.asset_months) == (1, 1, pytest.approx(1.3))
    assert (two.false, two.true, two.budget) == (0, 1, 0.5)
    assert found.total.asset_months == pytest.approx(1.0 + 0.9 + 1.0 + 1.0)
    assert [(r.model_version, r.month) for r in found.rows] == [
        (1, "2026-01"),
        (1, "2026-02"),
        (2, "2026-01"),
        (2, "2026-02"),
        (2, "2026-03"),
    ]


# ---------------------------------------------------------------- failures
def test_lead_time_is_from_the_first_event_that_preceded():
    found = card(
        [alarm(10), alarm(12, "true"), alarm(50), alarm(70), alarm(71)],
        [failure(13), failure(52), failure(72)],
    ).total
    assert (found.failures, found.missed) == (3, 0)
    hours = sorted([3 * 24, 2 * 24, 2 * 24])
    lead = found.lead_hours
    assert (lead.median, lead.lower_quartile) == (hours[1], hours[0])
    assert lead.upper_quartile == (hours[1] + hours[2]) / 2
    assert found.caught == wilson(3, 3)


@pytest.mark.parametrize(
    "no_sign",
    [
        alarm(13.1),
        alarm(12, "false"),
        alarm(12, "planned"),
        alarm(12, asset="b"),
        alarm(1),
        alarm(12, stands=False),
    ],
)
def test_what_is_no_sign_leaves_a_failure_missed(no_sign):
    found = card([no_sign], [failure(13)], look_back=7 * DAY)
    assert (found.total.failures, found.total.missed, found.total.lead_hours) == (1, 1, None)
    [missed] = found.missed
    assert (missed.asset, missed.start, missed.title) == ("a", day(13), "bearing")
    assert found.look_back_days == 7


def test_an_event_that_goes_on_until_the_failure_counts_however_long():
    found = card([alarm(1, end=day(20))], [failure(19)], look_back=DAY)
    assert found.total.lead_hours.median == 18 * 24


def test_an_event_before_the_last_failure_is_a_sign_of_that_one_alone():
    found = card([alarm(10)], [failure(12), failure(15)])
    assert (found.total.failures, found.total.missed) == (2, 1)
    assert found.missed[0].start == day(15)
    assert [m.missed for m in found.months] == [1, 0, 0]


def test_failures_that_nobody_watched_do_not_count():
    found = card([], [failure(13, asset="z"), failure(-5), failure(200)])
    assert (found.total.failures, found.total.caught.value) == (0, None)


def test_one_failure_has_one_lead_time():
    lead = card([alarm(10)], [failure(11)]).total.lead_hours
    assert (lead.lower_quartile, lead.median, lead.upper_quartile) == (24, 24, 24)
