"""Reads calendar files (iCalendar, RFC 5545): every entry becomes a window.

An entry that returns stays one window with its rule.  One of its times that was moved is taken
out of the rule and becomes a window of its own; one that was cancelled is only taken out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from icalendar import Calendar, Event
from icalendar.error import InvalidCalendar
from icalendar.timezone import tzp

from appliance.calendar.rules import checked, ending, instant, zone_of
from appliance.core.errors import BadFile, InvalidRequest
from appliance.schemas.calendar import CalendarFile, Occurrence, WindowDraft, WindowKind

MOST_BYTES = 4 * 2**20
MOST_ENTRIES = 5_000
_MOST_ZONES = 100
_COMPARED_DAYS = 800
_ENTRY = "BEGIN:VEVENT"
_READING = threading.Lock()
_BROKEN = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    InvalidCalendar,
)
"""What the library raises on a broken file: many types, one meaning."""


def read_calendar(
    data: bytes, zone: ZoneInfo, kind: WindowKind = WindowKind.MAINTENANCE
) -> CalendarFile:
    """Read a calendar file.

    Parameters
    ----------
    data
        The file.
    zone
        Of times that are written without one.
    kind
        Of the windows.

    Raises
    ------
    BadFile
        It is no calendar, too large, or an entry of it cannot be used.
    """
    if len(data) > MOST_BYTES:
        raise BadFile(
            f"the calendar has {len(data):,} bytes, more than {MOST_BYTES:,}.",
            remedy="Export a shorter time range.",
        )
    with _READING:
        # The library keeps zones that files define, by their names, for all later files.
        tzp.use_zoneinfo()
        calendar = _parsed(data)
        own = calendar.get("X-WR-TIMEZONE")
        reader = _Reader(zone_of(str(own)) if own else zone, kind)
        return reader.read(calendar.walk("VEVENT"))


def _parsed(data: bytes) -> Any:
    entries = data.upper().count(_ENTRY.encode())
    if entries > MOST_ENTRIES:
        raise BadFile(
            f"the calendar has {entries:,} entries, more than {MOST_ENTRIES:,}.",
            remedy="Export a shorter time range.",
        )
    try:
        data.decode("utf-8")
        calendar = Calendar.from_ical(data)
        zones = calendar.walk("VTIMEZONE")
        observances = [part for found in zones for part in found.subcomponents]
        if len(observances) > _MOST_ZONES or not all(map(_yearly, observances)):
            raise BadFile("the calendar defines time zones that are no time zones.")
    except _BROKEN as error:
        raise BadFile(
            f"it is no calendar file: {_short(error)}.",
            remedy="Export it as iCalendar (.ics).",
        ) from error
    return calendar


def _yearly(observance: Any) -> bool:
    # A rule that changes the clock every second would be followed for centuries.
    rule = observance.get("RRULE")
    return rule is None or (not isinstance(rule, list) and rule.get("FREQ") == ["YEARLY"])


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    return (text[:157] + " …" if len(text) > 160 else text).rstrip(".")


class _Reader:
    """Turns entries into windows.

    Parameters
    ----------
    zone
        Of times that are written without one.
    """

    def __init__(self, zone: ZoneInfo, kind: WindowKind) -> None:
        self._zone = zone
        self._kind = kind
        self._known: dict[str, ZoneInfo] = {}

    def read(self, entries: Sequence[Any]) -> CalendarFile:
        """Read all entries; those of one UID are one series and its exceptions."""
        series: dict[str, list[Any]] = {}
        for number, entry in enumerate(entries):
            series.setdefault(str(entry.get("UID") or f"entry {number + 1}"), []).append(entry)
        drafts: list[WindowDraft] = []
        whole: list[str] = []
        exceptions: dict[str, tuple[datetime, ...]] = {}
        notes: list[str] = []
        for uid, own in series.items():
            try:
                moved, excluded = self._moved(uid, own)
                masters = [entry for entry in own if "RECURRENCE-ID" not in entry]
                if masters:
                    whole.append(_source(uid))
                    moved += self._master(uid, masters[-1], excluded, notes)
                else:
                    exceptions[_source(uid)] = excluded
                drafts += map(checked, moved)
            except InvalidRequest as error:
                raise BadFile(f"entry {_named(own[0], uid)}: {error.message}") from error
            except _BROKEN as error:
                raise BadFile(f"entry {_named(own[0], uid)}: {_short(error)}.") from error
        return CalendarFile(
            drafts=tuple(drafts),
            series=tuple(whole),
            exceptions=exceptions,
            notes=tuple(notes),
        )

    def _moved(
        self, uid: str, entries: Sequence[Any]
    ) -> tuple[list[WindowDraft], tuple[datetime, ...]]:
        """Return windows of times of a series that were moved, and what the rule lacks now."""
        drafts, excluded = [], []
        for entry in entries:
            if "RECURRENCE-ID" not in entry:
                continue
            if entry["RECURRENCE-ID"].params.get("RANGE"):
                raise InvalidRequest("it moves a time and all that follow, which is not read")
            at = self._instant(entry["RECURRENCE-ID"].dt)
            excluded.append(at)
            draft = None if _is_cancelled(entry) else self._draft(entry, _source(uid, at))
            if draft is not None:
                drafts.append(draft)
        return drafts, tuple(excluded)

    def _master(
        self, uid: str, entry: Any, excluded: Sequence[datetime], notes: list[str]
    ) -> Iterator[WindowDraft]:
        """Yield the window of a series, if it holds."""
        if _is_cancelled(entry):
            notes.append(f"{_named(entry, uid)}: it is cancelled")
            return
        draft = self._draft(entry, _source(uid))
        if draft is None:
            notes.append(f"{_named(entry, uid)}: it has no length")
            return
        both = dict.fromkeys((*draft.excluded, *excluded))
        yield draft.model_copy(update={"excluded": tuple(both)})

    def _draft(self, entry: Any, source: str) -> WindowDraft | None:
        """Return the window of one entry; None if it has no length."""
        first = entry.DTSTART
        if first is None:
            raise InvalidRequest("it has no DTSTART")
        zone, wall = self._zone_of(entry["DTSTART"]), _wall(first)
        length = _length(entry, first)
        if length <= timedelta():
            return None
        rules = entry.get("RRULE", [])
        if (isinstance(rules, list) and rules) or "EXRULE" in entry:
            raise InvalidRequest("it has several rules, which is not read")
        rule = "" if isinstance(rules, list) else rules.to_ical().decode()
        if "RRULE" in entry and not rule:
            raise InvalidRequest("its rule cannot be read")
        return WindowDraft(
            kind=self._kind,
            title=str(entry.get("SUMMARY", ""))[:200],
            start=instant(wall, zone),
            end=ending(wall, length, zone),
            zone=zone.key,
            rule=rule,
            excluded=tuple(self._excluded(entry, wall)),
            added=tuple(self._added(entry, length)),
            source=source,
        )

    def _excluded(self, entry: Any, first: datetime) -> Iterator[datetime]:
        for value in _values(entry, "EXDATE"):
            if isinstance(value, datetime):
                yield self._instant(value)
            else:
                # A day stands for the time that falls on it.
                wall = datetime.combine(value, first.time())
                yield instant(wall, self._zone_of(entry["DTSTART"]))

    def _added(self, entry: Any, length: timedelta) -> Iterator[Occurrence]:
        for value in _values(entry, "RDATE"):
            if isinstance(value, tuple):
                start, until = value
                end = start + until if isinstance(until, timedelta) else until
                yield Occurrence(start=self._instant(start), end=self._instant(end))
                continue
            zone = self._zone
            if isinstance(value, datetime) and value.tzinfo is not None:
                zone = self._named_zone(value)
            wall = _wall(value)
            yield Occurrence(start=instant(wall, zone), end=ending(wall, length, zone))

    # ------------------------------------------------------------------ zones
    def _instant(self, value: date | datetime) -> datetime:
        if isinstance(value, datetime) and value.tzinfo is not None:
            return instant(_wall(value), self._named_zone(value))
        return instant(_wall(value), self._zone)

    def _zone_of(self, given: Any) -> ZoneInfo:
        if isinstance(given.dt, datetime) and given.dt.tzinfo is not None:
            return self._named_zone(given.dt)
        name = given.params.get("TZID")
        if name:
            raise InvalidRequest(f"time zone {str(name)!r} is not known and not defined")
        return self._zone

    def _named_zone(self, value: datetime) -> ZoneInfo:
        """Return the zone of the world that is a time's zone, or shows the same as it."""
        given = value.tzinfo
        if isinstance(given, ZoneInfo) and given.key:
            return given
        if given is UTC:
            return ZoneInfo("UTC")
        name = str(given)
        if given is not None and name not in self._known:
            self._known[name] = self._alike(given, value)
        return self._known[name]

    def _alike(self, given: tzinfo, value: datetime) -> ZoneInfo:
        first = datetime.combine(value.date(), time(12))
        days = [first + timedelta(days=number) for number in range(_COMPARED_DAYS)]
        wanted = [given.utcoffset(day) for day in days]
        for name in (self._zone.key, *sorted(available_timezones())):
            zone = ZoneInfo(name)
            # Most zones differ on one of a few days already.
            if all(
                zone.utcoffset(day) == offset
                for some in (slice(None, None, 90), slice(None))
                for day, offset in zip(days[some], wanted[some], strict=True)
            ):
                return zone
        raise InvalidRequest("its time zone shows the time of no place")


def _wall(value: date | datetime) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None, fold=0)
    return datetime.combine(value, time())


def _length(entry: Any, first: date | datetime) -> timedelta:
    """Return how long an entry lasts on the wall."""
    if "DURATION" in entry:
        found: timedelta = entry.DURATION
        return found
    last = entry.DTEND
    if last is None:
        return timedelta() if isinstance(first, datetime) else timedelta(days=1)
    if isinstance(last, datetime) and isinstance(first, datetime):
        if last.tzinfo != first.tzinfo and last.tzinfo and first.tzinfo:
            last = last.astimezone(first.tzinfo)
    elif isinstance(last, datetime) or isinstance(first, datetime):
        raise InvalidRequest("one of DTSTART and DTEND is a day, the other a time")
    return _wall(last) - _wall(first)


def _values(entry: Any, name: str) -> Iterator[Any]:
    given = entry.get(name, [])
    for some in given if isinstance(given, list) else [given]:
        for one in some.dts:
            yield one.dt


def _is_cancelled(entry: Event) -> bool:
    return str(entry.get("STATUS", "")).upper() == "CANCELLED"


def _source(uid: str, at: datetime | None = None) -> str:
    return f"{uid[:250]} {at:%Y%m%dT%H%M%SZ}" if at else uid[:250]


def _named(entry: Any, uid: str) -> str:
    return repr((str(entry.get("SUMMARY") or "") or uid)[:80])
