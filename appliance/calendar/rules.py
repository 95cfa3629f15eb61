"""When a window holds: once, or again and again by the wall clock of its zone.

A recurring window follows the clock on the wall: it begins and ends at the same times of day
whatever summer time does, so that on two nights a year it is an hour longer or shorter.  A
time that the clock leaps over is taken as long after the leap as it lies behind its
beginning; of a time that comes twice the first is meant (RFC 5545, 3.3.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import DAILY, YEARLY, rrule, rrulestr

from appliance.calendar.masks import Span
from appliance.core.errors import InvalidRequest, LimitExceeded
from appliance.schemas.calendar import WindowDraft

MOST_OCCURRENCES = 100_000
"""A window that holds more often within what is looked at is refused."""
_MOST_COUNTED = 1_000_000
_MOST_NAMED = 10_000
_YEARS = (1970, 2199)
_DAY_LONG = timedelta(days=1)
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY")
_NUMBER = r"[+-]?\d{1,3}"
_DAY = r"(?:[+-]?\d{1,2})?(?:MO|TU|WE|TH|FR|SA|SU)"
_PARTS = {
    "FREQ": "|".join(_FREQUENCIES),
    "INTERVAL": r"[1-9]\d{0,3}",
    "COUNT": r"[1-9]\d{0,4}",
    "UNTIL": r"\d{8}(?:T\d{6}Z?)?",
    "WKST": "MO|TU|WE|TH|FR|SA|SU",
    "BYDAY": rf"{_DAY}(?:,{_DAY}){{0,99}}",
    **dict.fromkeys(
        ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYHOUR", "BYMINUTE"),
        rf"{_NUMBER}(?:,{_NUMBER}){{0,99}}",
    ),
}
_BARRED = {
    "BYSETPOS": ("DAILY", "HOURLY"),
    "BYWEEKNO": ("MONTHLY", "WEEKLY", "DAILY", "HOURLY"),
    "BYYEARDAY": ("MONTHLY", "WEEKLY", "DAILY"),
    "BYMONTHDAY": ("WEEKLY",),
}
_EXAMPLE = "Write it as FREQ=WEEKLY;BYDAY=SA, or FREQ=MONTHLY;BYDAY=1MO;UNTIL=20271231."


def checked(draft: WindowDraft) -> WindowDraft:
    """Return a window whose words are tidy and whose rule is known to hold some time.

    Raises
    ------
    InvalidRequest
        It ends before it begins, its zone is unknown, or its rule cannot be used.
    """
    if draft.asset is not None and draft.fleet is None:
        raise InvalidRequest(f"asset {draft.asset} needs the name of its fleet.")
    if draft.start >= draft.end:
        raise InvalidRequest(
            f"a window cannot end ({draft.end:%Y-%m-%d %H:%M}) before it begins "
            f"({draft.start:%Y-%m-%d %H:%M})."
        )
    named = [draft.start, draft.end, *draft.excluded]
    named += [moment for one in draft.added for moment in (one.start, one.end)]
    if len(named) > _MOST_NAMED:
        raise InvalidRequest(f"a window names at most {_MOST_NAMED:,} times.")
    for moment in named:
        if not _YEARS[0] <= moment.year <= _YEARS[1]:
            raise InvalidRequest(
                f"the year {moment.year} does not lie within {_YEARS[0]}–{_YEARS[1]}."
            )
    zone = zone_of(draft.zone)
    title = " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", draft.title).split())
    rule = _normal(draft.rule)
    tidy = draft.model_copy(
        update={
            "title": title,
            "rule": rule,
            "start": draft.start.astimezone(UTC),
            "end": draft.end.astimezone(UTC),
            "excluded": tuple(moment.astimezone(UTC) for moment in draft.excluded),
        }
    )
    if rule:
        _require_some(tidy, zone)
    return tidy


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name; raises `InvalidRequest` if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidRequest(
            f"{name!r} is not a time zone.", remedy="Name one such as Asia/Tokyo."
        ) from error


def occurrences(draft: WindowDraft, horizon: Span) -> Iterator[Span]:
    """Yield when a window holds, as far as that touches a time range; in UTC, unmerged.

    Raises
    ------
    LimitExceeded
        It holds more than `MOST_OCCURRENCES` times there.
    """
    found = 0
    for start, end in _all(draft, horizon):
        if start < horizon[1] and end > horizon[0]:
            found += 1
            if found > MOST_OCCURRENCES:
                raise _too_often(draft)
            yield start, end


def _all(draft: WindowDraft, horizon: Span) -> Iterator[Span]:
    for one in draft.added:
        yield one.start.astimezone(UTC), one.end.astimezone(UTC)
    if not draft.rule:
        if draft.start not in draft.excluded:
            yield draft.start.astimezone(UTC), draft.end.astimezone(UTC)
        return
    zone = ZoneInfo(draft.zone)
    excluded = {moment.astimezone(UTC) for moment in draft.excluded}
    first, length = _on_the_wall(draft, zone)
    parts = _parts(draft.rule)
    last = _last(parts.get("UNTIL"), zone)
    # The clock on the wall may go back, but never by a day.
    low, high = (moment.astimezone(zone).replace(tzinfo=None) for moment in horizon)
    low, high = low - length - _DAY_LONG, high + _DAY_LONG
    for number, wall in enumerate(_rule(parts, first)):
        if number >= _MOST_COUNTED:
            raise _too_often(draft)
        if wall < low:
            continue
        start = instant(wall, zone)
        if wall > high or (last is not None and start - _DAY_LONG > last):
            return
        if start not in excluded and (last is None or start <= last):
            yield start, ending(wall, length, zone)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment in UTC at which the clock on the wall shows a time."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def ending(wall: datetime, length: timedelta, zone: ZoneInfo) -> datetime:
    """Return the moment in UTC at which a stretch ends that begins at a time on the wall."""
    start, end = instant(wall, zone), instant(wall + length, zone)
    return end if end > start else start + length


def _on_the_wall(draft: WindowDraft, zone: ZoneInfo) -> tuple[datetime, timedelta]:
    first = draft.start.astimezone(zone).replace(tzinfo=None, fold=0)
    length = draft.end.astimezone(zone).replace(tzinfo=None, fold=0) - first
    return first, length if length > timedelta() else draft.end - draft.start


def _too_often(draft: WindowDraft) -> LimitExceeded:
    return LimitExceeded(
        f"window {draft.title or draft.rule!r} holds more than {MOST_OCCURRENCES:,} times.",
        remedy="Give its rule an end (UNTIL), or let it return less often.",
    )


# ---------------------------------------------------------------- the rule
def _normal(rule: str) -> str:
    text = rule.strip().upper().removeprefix("RRULE:").rstrip(";")
    return text if not text else ";".join(f"{k}={v}" for k, v in _parts(text).items())


def _parts(rule: str) -> dict[str, str]:
    """Return the parts of a rule by name.

    Raises
    ------
    InvalidRequest
        A part is unknown, stands twice or does not go with its frequency.
    """
    found: dict[str, str] = {}
    for part in rule.split(";"):
        name, _, value = part.partition("=")
        pattern = _PARTS.get(name)
        if pattern is None or name in found or not re.fullmatch(pattern, value):
            raise InvalidRequest(f"rule {rule}: {part!r} cannot be used.", remedy=_EXAMPLE)
        found[name] = value
    frequency = found.get("FREQ", "")
    barred = [name for name, some in _BARRED.items() if name in found and frequency in some]
    if re.search(r"\d", found.get("BYDAY", "")) and frequency not in ("YEARLY", "MONTHLY"):
        barred.append("BYDAY with numbers")
    if not frequency or barred or {"COUNT", "UNTIL"} <= set(found):
        what = (
            f"{barred[0]} does not go with FREQ={frequency}"
            if barred
            else "COUNT and UNTIL exclude each other"
            if frequency
            else "FREQ is missing"
        )
        raise InvalidRequest(f"rule {rule}: {what}.", remedy=_EXAMPLE)
    return found


def _rule(parts: dict[str, str], first: datetime) -> Any:
    text = ";".join(f"{name}={value}" for name, value in parts.items() if name != "UNTIL")
    return rrulestr(text, dtstart=first)


def _last(until: str | None, zone: ZoneInfo) -> datetime | None:
    """Return the last moment at which a rule may begin an occurrence."""
    if until is None:
        return None
    day = date(int(until[:4]), int(until[4:6]), int(until[6:8]))
    if len(until) == 8:
        return instant(datetime.combine(day, time.max), zone)
    clock = time(int(until[9:11]), int(until[11:13]), int(until[13:15]))
    wall = datetime.combine(day, clock)
    return wall.replace(tzinfo=UTC) if until.endswith("Z") else instant(wall, zone)


def _require_some(draft: WindowDraft, zone: ZoneInfo) -> None:
    """Raise `InvalidRequest` unless a rule holds some time; quick for one that never does."""
    parts, (first, length) = _parts(draft.rule), _on_the_wall(draft, zone)
    try:
        _last(parts.get("UNTIL"), zone)
        rule = _rule(parts, first)
        possible = rule if rule._freq < DAILY else _days_of(rule)
        some = next(iter(possible), None) is not None and next(iter(rule), None) is not None
        after = first + length
    except (ValueError, LookupError, OverflowError, TypeError) as error:
        raise InvalidRequest(
            f"rule {draft.rule} cannot be used: {str(error).rstrip('.')}.", remedy=_EXAMPLE
        ) from error
    if not some or after.year > _YEARS[1]:
        raise InvalidRequest(f"rule {draft.rule} never holds.", remedy=_EXAMPLE)


def _days_of(rule: Any) -> Any:
    """Return a rule for any day that this one might take, year by year: soon looked through."""
    return rrule(
        YEARLY,
        dtstart=rule._dtstart,
        bymonth=rule._bymonth,
        bymonthday=(*rule._bymonthday, *rule._bynmonthday) or None,
        byyearday=rule._byyearday,
        byweekday=rule._byweekday or (None if rule._bymonthday else range(7)),
    )
