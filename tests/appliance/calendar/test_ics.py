"""Calendar files: what they say becomes windows; what cannot be read is said."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.calendar import ics
from appliance.calendar.ics import read_calendar
from appliance.calendar.rules import occurrences
from appliance.core.errors import BadFile, InvalidRequest
from appliance.schemas.calendar import CalendarFile, WindowKind

TOKYO = ZoneInfo("Asia/Tokyo")
YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
OWN_ZONE = """
BEGIN:VTIMEZONE
TZID:Plant clock
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def file_of(*entries: str, head: str = "") -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{entry.strip()}\nEND:VEVENT\n" for entry in entries)
    text = (
        f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n{head.strip()}\n{body}END:VCALENDAR\n"
    )
    return text.replace("\n\n", "\n").replace("\n", "\r\n").encode()


def read(*entries: str, head: str = "") -> CalendarFile:
    return read_calendar(file_of(*entries, head=head), TOKYO)


def told(found: CalendarFile) -> list[str]:
    """Return every time of every window, in UTC."""
    times = [span for draft in found.drafts for span in occurrences(draft, YEAR)]
    return [f"{a:%m-%d %H:%M}/{b:%m-%d %H:%M}" for a, b in sorted(times)]


# ---------------------------------------------------------------- times
def test_an_entry_becomes_a_window_of_its_zone():
    found = read(
        "UID:1\nSUMMARY:Seals\nDTSTART;TZID=Europe/Berlin:20260105T080000\n"
        "DTEND;TZID=Europe/Berlin:20260105T100000"
    )
    [draft] = found.drafts
    assert (draft.title, draft.zone, draft.source) == ("Seals", "Europe/Berlin", "1")
    assert draft.kind is WindowKind.MAINTENANCE
    assert told(found) == ["01-05 07:00/01-05 09:00"]


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ("DTSTART:20260105T080000Z\nDURATION:PT90M", "01-05 08:00/01-05 09:30"),
        ("DTSTART:20260105T080000\nDTEND:20260105T093000", "01-04 23:00/01-05 00:30"),
        ("DTSTART;VALUE=DATE:20260105", "01-04 15:00/01-05 15:00"),
        ("DTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260108", "01-04 15:00/01-07 15:00"),
        (
            "DTSTART;TZID=W. Europe Standard Time:20260705T080000\nDURATION:PT1H",
            "07-05 06:00/07-05 07:00",
        ),
        (
            "DTSTART;TZID=Europe/Berlin:20260105T080000\nDTEND:20260105T080000Z",
            "01-05 07:00/01-05 08:00",
        ),
    ],
)
def test_times_are_moments_of_the_site_or_whole_days(times, says):
    assert told(read(f"UID:1\n{times}")) == [says]


def test_times_without_a_zone_are_in_the_file_s_before_the_site_s():
    entry = "UID:1\nDTSTART:20260105T080000\nDURATION:PT1H"
    found = read(entry, head="X-WR-TIMEZONE:America/New_York")
    assert told(found) == ["01-05 13:00/01-05 14:00"]


def test_a_zone_that_the_file_defines_is_found_among_those_of_the_world():
    found = read(
        "UID:1\nDTSTART;TZID=Plant clock:20260326T080000\n"
        "DTEND;TZID=Plant clock:20260326T090000\nRRULE:FREQ=DAILY;COUNT=5\n"
        "EXDATE;TZID=Plant clock:20260327T080000",
        head=OWN_ZONE,
    )
    assert told(found) == [
        "03-26 07:00/03-26 08:00",
        "03-28 07:00/03-28 08:00",
        "03-29 06:00/03-29 07:00",
        "03-30 06:00/03-30 07:00",
    ]


# ---------------------------------------------------------------- what returns
WEEKLY = (
    "UID:w\nSUMMARY:Wash\nDTSTART:20260105T080000Z\nDTEND:20260105T090000Z\nRRULE:FREQ=WEEKLY"
)


def test_every_time_of_an_entry_counts():
    found = read(
        f"{WEEKLY};COUNT=4\nEXDATE:20260112T080000Z\n"
        "RDATE:20260114T120000Z\nRDATE;VALUE=PERIOD:20260115T080000Z/PT3H"
    )
    assert told(found) == [
        "01-05 08:00/01-05 09:00",
        "01-14 12:00/01-14 13:00",
        "01-15 08:00/01-15 11:00",
        "01-19 08:00/01-19 09:00",
        "01-26 08:00/01-26 09:00",
    ]
    assert len(told(read(WEEKLY))) == 52


def test_a_time_that_was_moved_or_cancelled_is_taken_out():
    found = read(
        f"{WEEKLY};COUNT=3",
        "UID:w\nRECURRENCE-ID:20260112T080000Z\nDTSTART:20260113T080000Z\nDURATION:PT2H",
        "UID:w\nRECURRENCE-ID:20260119T080000Z\nDTSTART:20260119T080000Z\nDURATION:PT1H\n"
        "STATUS:CANCELLED",
    )
    assert told(found) == ["01-05 08:00/01-05 09:00", "01-13 08:00/01-13 10:00"]
    assert [draft.source for draft in found.drafts] == ["w 20260112T080000Z", "w"]
    assert found.series == ("w",)


def test_entries_that_do_not_take_place_are_noted():
    found = read(
        f"{WEEKLY}\nSTATUS:CANCELLED",
        "UID:2\nSUMMARY:Reminder\nDTSTART:20260105T080000Z",
    )
    assert (found.drafts, found.series) == ((), ("w", "2"))
    assert found.notes == ("'Wash': it is cancelled", "'Reminder': it has no length")


def test_a_message_that_cancels_one_time_speaks_of_that_alone():
    found = read(
        "UID:w\nRECURRENCE-ID:20260119T080000Z\nDTSTART:20260119T080000Z\nSTATUS:CANCELLED"
    )
    assert found.series == ()
    assert found.exceptions == {"w": (datetime(2026, 1, 19, 8, tzinfo=UTC),)}


def test_a_rule_by_days_excludes_by_days():
    found = read(
        "UID:1\nDTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;COUNT=3\n"
        "EXDATE;VALUE=DATE:20260106"
    )
    assert told(found) == ["01-04 15:00/01-05 15:00", "01-06 15:00/01-07 15:00"]


# ---------------------------------------------------------------- bad and hostile files
START = "DTSTART:20260105T080000Z\nDURATION:PT1H\n"


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("UID:1\nDTSTART:yesterday\nDURATION:PT1H", "entry '1'"),
        ("UID:1\nSUMMARY:Seals\nDURATION:PT1H", "entry 'Seals': it has no DTSTART"),
        (f"UID:1\n{START}RRULE:FREQ=MINUTELY", "MINUTELY"),
        (f"UID:1\n{START}RRULE:FREQ=SECONDLY;COUNT=99999999", "cannot be used"),
        (f"UID:1\n{START}RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "several rules"),
        (f"UID:1\n{START}RRULE:nonsense", "entry '1'"),
        (f"UID:1\n{START}EXDATE:garbage", "entry '1'"),
        ("UID:1\nDTSTART;TZID=Foo/Bar:20260105T080000\nDURATION:PT1H", "Foo/Bar"),
        ("UID:1\nDTSTART:00010105T080000Z\nDURATION:PT1H", "1970"),
        ("UID:1\nDTSTART:20260105T080000Z\nDTEND;VALUE=DATE:20260106", "a day, the other"),
        (f"UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260105T080000Z\n{START}", "all that"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named(entry, says):
    with pytest.raises(BadFile, match=says):
        read(entry)


def test_a_zone_of_no_place_is_refused():
    odd = OWN_ZONE.replace("+0100", "+0117")
    with pytest.raises(BadFile, match="the time of no place"):
        read("UID:1\nDTSTART;TZID=Plant clock:20260326T080000\nDURATION:PT1H", head=odd)


def test_a_file_s_zones_are_not_those_of_the_file_before():
    entry = "UID:1\nDTSTART;TZID=Plant clock:20260326T080000\nDURATION:PT1H"
    assert told(read(entry, head=OWN_ZONE)) == ["03-26 07:00/03-26 08:00"]
    other = OWN_ZONE.replace("+0200", "+0300").replace("+0100", "+0200")
    assert told(read(entry, head=other)) == ["03-26 06:00/03-26 07:00"]


def test_a_clock_that_changes_every_second_is_not_followed():
    odd = OWN_ZONE.replace("FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "FREQ=SECONDLY")
    with pytest.raises(BadFile, match="no time zones"):
        read("UID:1\nDTSTART;TZID=Plant clock:20260326T080000\nDURATION:PT1H", head=odd)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"\xff\xfe\x00", b"PK\x03\x04", b"BEGIN:VCALENDAR\r\n", b"\x00" * 99],
)
def test_what_is_no_calendar_is_said(data):
    with pytest.raises(BadFile, match="no calendar file"):
        read_calendar(data, TOKYO)


def test_size_and_number_of_entries_are_bounded(monkeypatch):
    monkeypatch.setattr(ics, "MOST_ENTRIES", 3)
    with pytest.raises(BadFile, match="4 entries, more than 3"):
        read(*[f"UID:{number}\n{START}" for number in range(4)])
    with pytest.raises(BadFile, match="bytes, more than"):
        read_calendar(b"x" * (ics.MOST_BYTES + 1), TOKYO)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_with_changed_bytes_is_read_or_refused_in_words(data):
    good = file_of(f"{WEEKLY};COUNT=3\nEXDATE:20260112T080000Z", head=OWN_ZONE)
    changed = bytearray(good)
    for place in data.draw(st.lists(st.integers(0, len(good) - 1), max_size=8)):
        changed[place] = data.draw(st.integers(1, 255))
    with suppress(BadFile, InvalidRequest):
        read_calendar(bytes(changed), TOKYO)
