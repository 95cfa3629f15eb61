"""Marks of a time axis: few, in order, at whole hours and days of the site."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.components.timeline.ticks import ticks

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")
EARLY, LATE = (datetime(year, 1, 1) for year in (1990, 2080))  # noqa: DTZ001 - given UTC below
START = datetime(2026, 1, 7, 15, 20, tzinfo=UTC)


@given(
    start=st.datetimes(min_value=EARLY, max_value=LATE, timezones=st.just(UTC)),
    length=st.timedeltas(timedelta(minutes=1), timedelta(days=20_000)),
)
def test_marks_are_few_and_in_order(start: datetime, length: timedelta):
    found = [tick.at for tick in ticks(start, start + length, BERLIN, "en")]
    assert len(found) <= 14
    assert found == sorted(set(found))
    assert all(start <= at <= start + length for at in found)


@pytest.mark.parametrize(
    ("length", "language", "texts"),
    [
        (timedelta(hours=4), "en", ["00:30", "01:00", "01:30"]),
        (timedelta(hours=30), "en", ["03:00", "06:00", "09:00"]),
        (timedelta(days=2), "ja", ["06:00", "12:00", "18:00", "1月9日"]),
        (timedelta(days=8), "en", ["9 Jan", "10 Jan"]),
        (timedelta(days=80), "ja", ["1月12日", "1月19日"]),
        (timedelta(days=300), "en", ["Feb", "Mar"]),
        (timedelta(days=900), "ja", ["4月", "7月", "10月", "2027年"]),
    ],
)
def test_marks_are_whole_hours_and_days_of_the_site(
    length: timedelta, language: str, texts: list[str]
):
    told = [tick.text for tick in ticks(START, START + length, TOKYO, language)]
    assert told[: len(texts)] == texts


def test_no_time_has_no_marks():
    assert ticks(START, START, TOKYO, "en") == []
