"""When a schedule is due: cron expressions on a clock that hangs in a time zone.

An hour that a clock leaves out moves what was due in it to the hour after it.  An hour that a
clock shows twice counts once for what is due at certain hours, and twice for what is due in
every hour.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

from appliance.core.errors import InvalidRequest

_FIELDS = 5
_MARGIN = timedelta(hours=3)
"""Further than any clock is ever put forward or back."""


def checked_cron(text: str) -> str:
    """Return a cron expression in its plain form.

    Raises
    ------
    InvalidRequest
        It is none, or no moment ever fits it.
    """
    fields = text.split()
    if len(fields) != _FIELDS:
        raise _never(text, "it has not five fields")
    try:
        croniter(" ".join(fields), datetime(2024, 1, 1)).get_next(datetime)  # noqa: DTZ001
    except (CroniterError, ValueError, KeyError, TypeError) as error:
        raise _never(text, str(error)) from error
    return " ".join(fields)


def _never(text: str, reason: str) -> InvalidRequest:
    return InvalidRequest(
        f"{text!r} is no time that comes: {reason}.",
        remedy="Minute, hour, day, month and day of the week: `30 6 * * mon`.",
    )


def checked_zone(name: str) -> str:
    """Return the name of a time zone; raises `InvalidRequest` if there is none."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidRequest(f"{name!r} is not a time zone such as Asia/Tokyo.") from error
    return name


def following(cron: str, zone: ZoneInfo, moment: datetime) -> datetime:
    """Return the first time after a moment at which something is due, in UTC."""
    return next(coming(cron, zone, moment))


def coming(cron: str, zone: ZoneInfo, moment: datetime) -> Iterator[datetime]:
    """Yield the times after a moment at which something is due, in UTC and in their order."""
    shown = moment.astimezone(zone).replace(tzinfo=None)
    clock = croniter(cron, shown - _MARGIN)
    held: list[tuple[datetime, datetime]] = []
    last = moment
    while True:
        face: datetime = clock.get_next(datetime)
        # What is shown so much later than the first of them is none that comes before it.
        while held and face > held[0][1] + _MARGIN:
            instant, _ = heapq.heappop(held)
            if instant > last:
                last = instant
                yield instant
        for instant in _instants(face, zone, cron):
            if instant > last:
                heapq.heappush(held, (instant, face))


def latest(cron: str, zone: ZoneInfo, moment: datetime) -> datetime:
    """Return the last time up to a moment at which something was due, in UTC."""
    shown = moment.astimezone(zone).replace(tzinfo=None)
    clock = croniter(cron, shown + _MARGIN)
    best: tuple[datetime, datetime] | None = None
    while True:
        face: datetime = clock.get_prev(datetime)
        if best is not None and face < best[1] - _MARGIN:
            return best[0]
        for instant in _instants(face, zone, cron):
            if instant <= moment and (best is None or instant > best[0]):
                best = instant, face


def passed(cron: str, zone: ZoneInfo, first: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the times within a closed range, the last one first."""
    at = until
    while (found := latest(cron, zone, at)) >= first:
        yield found
        at = found - timedelta(microseconds=1)


def _instants(face: datetime, zone: ZoneInfo, cron: str) -> list[datetime]:
    """Return the moments in UTC at which a clock shows something."""
    early, late = (face.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    every_hour = cron.split()[1].startswith("*")
    # `late` is before `early` where the clock never shows this.
    return [early, late] if every_hour and late > early else [early]
