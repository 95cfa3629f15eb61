"""When windows hold, against a look at every minute of the clock on the wall."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from appliance.calendar.expand import expand
from appliance.calendar.rules import checked, occurrences
from appliance.core.errors import InvalidRequest, LimitExceeded
from appliance.schemas.calendar import Occurrence, WindowDraft, WindowKind

MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def window(start: str, end: str, rule: str = "", zone: str = "UTC", **more) -> WindowDraft:
    return WindowDraft(
        start=at(start, zone), end=at(end, zone), rule=rule, zone=zone, **{"fleet": "f"} | more
    )


def told(draft: WindowDraft, horizon=YEAR) -> list[str]:
    """Return when a window begins and ends, in UTC."""
    return [f"{a:%m-%d %H:%M}/{b:%m-%d %H:%M}" for a, b in occurrences(draft, horizon)]


# ---------------------------------------------------------------- every minute
@st.composite
def drafts(draw) -> WindowDraft:
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]))
    first = date(2026, 3, 1) + timedelta(days=draw(st.integers(0, 25)))
    wall = datetime.combine(first, time()) + draw(st.integers(0, 1439)) * MINUTE
    length = draw(st.sampled_from([1, 30, 59, 60, 480, 1440, 2000])) * MINUTE
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]))
    parts = {"FREQ": frequency, "INTERVAL": draw(st.integers(1, 3))}
    if frequency == "WEEKLY" or draw(st.booleans()):
        days = draw(st.sets(st.sampled_from(DAYS), min_size=1, max_size=4))
        parts["BYDAY"] = ",".join(sorted(days, key=DAYS.index))
    elif frequency == "MONTHLY":
        parts["BYMONTHDAY"] = draw(st.sampled_from([1, 15, 28, 31, -1]))
    end = draw(st.sampled_from(["", "COUNT", "UNTIL"]))
    if end == "COUNT":
        parts["COUNT"] = draw(st.integers(1, 12))
    elif end == "UNTIL":
        until = wall + draw(st.integers(0, 60 * 1440)) * MINUTE
        parts["UNTIL"] = f"{until:%Y%m%dT%H%M%S}"
    start = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    # Where the clock leaps, a wall time and its length are not what they seem.
    return WindowDraft(
        fleet="f",
        start=start,
        end=max((wall + length).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC), start + MINUTE),
        zone=zone,
        rule=";".join(f"{name}={value}" for name, value in parts.items()),
    )


def by_the_minute(draft: WindowDraft, low: datetime, high: datetime) -> set[datetime]:
    """Look at each day whether the rule takes it, and at each minute whether it is covered."""
    zone = ZoneInfo(draft.zone)
    parts = dict(part.split("=") for part in draft.rule.split(";"))
    first = draft.start.astimezone(zone).replace(tzinfo=None, fold=0)
    length = draft.end.astimezone(zone).replace(tzinfo=None, fold=0) - first
    if length <= timedelta():
        length = draft.end - draft.start
    until = parts.get("UNTIL")
    last = datetime.fromisoformat(until or "29991231T000000")
    left = int(parts.get("COUNT", 10_000))
    covered: set[datetime] = set()
    wall = first
    while left and wall <= last and wall - timedelta(days=3) < high.replace(tzinfo=None):
        if _taken(wall.date(), first.date(), parts):
            left -= 1
            start = wall.replace(tzinfo=zone).astimezone(UTC)
            end = (wall + length).replace(tzinfo=zone).astimezone(UTC)
            end = end if end > start else start + length
            moment = start
            while moment < end:
                covered.add(moment)
                moment += MINUTE
        wall += timedelta(days=1)
    return {moment for moment in covered if low <= moment < high}


def _taken(day: date, first: date, parts: dict[str, str]) -> bool:
    interval, named = int(parts["INTERVAL"]), parts.get("BYDAY", "").split(",")
    if "BYDAY" in parts and DAYS[day.weekday()] not in named:
        return False
    if parts["FREQ"] == "DAILY":
        return (day - first).days % interval == 0
    if parts["FREQ"] == "WEEKLY":
        monday = first - timedelta(days=first.weekday())
        return (day - monday).days // 7 % interval == 0
    if ((day.year - first.year) * 12 + day.month - first.month) % interval:
        return False
    if "BYMONTHDAY" in parts:
        wanted = int(parts["BYMONTHDAY"])
        longest = calendar.monthrange(day.year, day.month)[1]
        return day.day == (longest if wanted == -1 else wanted)
    return "BYDAY" in parts or day.day == first.day


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(drafts(), st.integers(0, 30), st.integers(1, 60))
def test_expansion_is_what_a_look_at_every_minute_gives(draft, first, length):
    low = datetime(2026, 3, 10, tzinfo=UTC) + timedelta(days=first)
    high = low + timedelta(days=length)
    try:
        tidy = checked(draft)
    except InvalidRequest:
        reject()
    spans = expand([tidy], "f", (low, high)).of("any")
    found = set()
    for start, end in spans:
        moment = max(start, low)
        while moment < min(end, high):
            found.add(moment)
            moment += MINUTE
    assert found == by_the_minute(tidy, low, high)
    assert all(a[1] < b[0] for a, b in pairwise(spans))


# ---------------------------------------------------------------- summer time
def test_when_summer_time_begins_a_night_is_an_hour_shorter():
    nightly = window("2026-03-28 22:00", "2026-03-29 06:00", "FREQ=DAILY;COUNT=2", BERLIN.key)
    assert told(nightly) == ["03-28 21:00/03-29 04:00", "03-29 20:00/03-30 04:00"]


def test_when_it_ends_a_night_is_an_hour_longer():
    nightly = window("2026-10-24 22:00", "2026-10-25 06:00", "FREQ=DAILY;COUNT=2", BERLIN.key)
    assert told(nightly) == ["10-24 20:00/10-25 05:00", "10-25 21:00/10-26 05:00"]


def test_a_time_that_the_clock_leaps_over_comes_as_much_after_the_leap():
    daily = window("2026-03-28 02:30", "2026-03-28 02:45", "FREQ=DAILY;COUNT=3", BERLIN.key)
    assert told(daily) == [
        "03-28 01:30/03-28 01:45",
        "03-29 01:30/03-29 01:45",
        "03-30 00:30/03-30 00:45",
    ]
    across = window("2026-03-28 02:30", "2026-03-28 03:15", "FREQ=DAILY;COUNT=2", BERLIN.key)
    assert told(across)[1] == "03-29 01:30/03-29 02:15"


def test_of_a_time_that_comes_twice_the_first_is_meant():
    daily = window("2026-10-24 02:30", "2026-10-24 03:30", "FREQ=DAILY;COUNT=2", BERLIN.key)
    assert told(daily)[1] == "10-25 00:30/10-25 02:30"


def test_a_window_that_holds_once_has_the_length_it_says():
    once = window("2026-10-25 00:00", "2026-10-26 00:00", zone=BERLIN.key)
    assert [end - start for start, end in occurrences(once, YEAR)] == [timedelta(hours=25)]


# ---------------------------------------------------------------- exceptions
def test_times_are_taken_out_and_added():
    weekly = window(
        "2026-01-05 08:00",
        "2026-01-05 10:00",
        "FREQ=WEEKLY;COUNT=3",
        excluded=(at("2026-01-12 08:00"),),
        added=(Occurrence(start=at("2026-01-14 08:00"), end=at("2026-01-14 09:00")),),
    )
    assert told(weekly) == [
        "01-14 08:00/01-14 09:00",
        "01-05 08:00/01-05 10:00",
        "01-19 08:00/01-19 10:00",
    ]


@pytest.mark.parametrize(
    ("until", "count"),
    [
        ("20260107", 3),
        ("20260107T080000", 3),
        ("20260107T075959", 2),
        ("20260107T130000Z", 3),
        ("20260107T125959Z", 2),
    ],
)
def test_until_is_a_day_a_time_on_the_wall_or_a_moment(until, count):
    zone = "America/New_York"
    daily = window("2026-01-05 08:00", "2026-01-05 09:00", f"FREQ=DAILY;UNTIL={until}", zone)
    assert len(told(daily)) == count


def test_windows_hold_for_the_site_a_fleet_or_an_asset():
    windows = [
        window("2026-01-01 00:00", "2026-01-01 02:00", fleet=None),
        window("2026-01-01 01:00", "2026-01-01 03:00"),
        window("2026-01-01 04:00", "2026-01-01 05:00", asset="a"),
        window("2026-01-01 07:00", "2026-01-01 08:00", fleet="g"),
        window("2026-01-01 09:00", "2026-01-01 10:00", kind=WindowKind.FAILURE),
    ]
    masks = expand(windows, "f", YEAR)
    assert masks.of("b") == ((at("2026-01-01 00:00"), at("2026-01-01 03:00")),)
    assert masks.of("a")[1:] == ((at("2026-01-01 04:00"), at("2026-01-01 05:00")),)
    assert len(expand(windows, "f", YEAR, labels=True).of("b")) == 2


# ---------------------------------------------------------------- what cannot be used
@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MINUTELY",
        "FREQ=SECONDLY;INTERVAL=1",
        "BYDAY=MO",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;COUNT=2;UNTIL=20270101",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;UNTIL=20261332",
        "FREQ=DAILY;X-SELF=1",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=DAILY;BYSETPOS=2",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=YEARLY;BYDAY=60MO",
        "FREQ=DAILY;BYMINUTE=77",
        "FREQ=DAILY\nEXDATE:20260101",
        "FREQ=DAILY;BYHOUR=" + ",".join(["1"] * 200),
        "every Saturday",
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_with_an_example(rule):
    with pytest.raises(InvalidRequest, match="FREQ=WEEKLY"):
        checked(window("2026-01-01 08:00", "2026-01-01 09:00", rule))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"end": at("2026-01-01 08:00")}, "before it begins"),
        ({"zone": "Mars/Olympus"}, "not a time zone"),
        ({"zone": "../../etc/passwd"}, "not a time zone"),
        ({"fleet": None, "asset": "a"}, "name of its fleet"),
        ({"start": at("1812-01-01 08:00")}, "1970"),
        ({"excluded": (at("2026-01-01 08:00"),) * 10_001}, "at most"),
    ],
)
def test_a_window_that_cannot_be_used_is_refused(change, says):
    draft = window("2026-01-01 08:00", "2026-01-01 09:00").model_copy(update=change)
    with pytest.raises(InvalidRequest, match=says):
        checked(draft)


def test_words_are_tidied():
    tidy = checked(
        window(
            "2026-01-01 08:00", "2026-01-01 09:00", " rrule:freq=daily; ", title="a\n\x00 b "
        )
    )
    assert (tidy.rule, tidy.title) == ("FREQ=DAILY", "a b")


@pytest.mark.slow
def test_too_many_occurrences_are_refused():
    hourly = checked(window("1970-01-01 08:00", "1970-01-01 08:10", "FREQ=HOURLY"))
    assert len(told(hourly)) == 365 * 24
    with pytest.raises(LimitExceeded, match="100,000"):
        told(hourly, (datetime(1970, 1, 1, tzinfo=UTC), YEAR[1]))
